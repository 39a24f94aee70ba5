"""Datasets, initial weights, optimizers, schedules, batches and the two minimizers."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import ClassVar

import numpy as np
import oracle
import pytest
from networks import net, objective_of, sequences
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_recurrent._core import ragged
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.dataset import Dataset, canonical
from sklearn_recurrent._core.initialization import cell_weights, glorot, orthogonal
from sklearn_recurrent._core.objective import LossAndGradient
from sklearn_recurrent._core.optimizers import OPTIMIZERS, PLANNED, SCHEDULES, Schedule, clip_norm
from sklearn_recurrent._core.packing import pack
from sklearn_recurrent._core.preprocessing import mean_and_scale
from sklearn_recurrent._core.ragged import Ragged, Sequences
from sklearn_recurrent._core.threads import single_blas_thread
from sklearn_recurrent._core.training import (
    Batches,
    EpochCallback,
    History,
    Patience,
    minimize_lbfgs,
    minimize_minibatch,
)

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)

# --- canonical order --------------------------------------------------------------------------------------------------


def canonical_rows(X, y, weight):
    X = Ragged.from_lengths(np.concatenate(X)[:, None], list(map(len, X)))
    dataset = canonical(Dataset(X, np.array(y), np.array(weight, float)), np.array(y))
    return [(tuple(x[:, 0]), y, w) for x, y, w in zip(dataset.X, dataset.y.tolist(), dataset.weight, strict=True)]


def test_a_weight_of_two_is_the_same_as_giving_a_sequence_twice():
    X = [[1.0, 2], [3.0], [1.0, 2, 3]]
    twice = canonical_rows([*X, X[0]], [0, 1, 1, 0], [1, 1, 1, 1])
    assert twice == canonical_rows(X, [0, 1, 1], [2, 1, 1])
    assert sorted(twice) == [((1, 2), 0, 2), ((1, 2, 3), 1, 1), ((3,), 1, 1)]


def test_the_order_of_the_sequences_does_not_change_a_bit():
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 2, rng.integers(1, 4)).astype(float) for _ in range(60)]
    y, weight = rng.integers(0, 2, 60), rng.uniform(0.1, 1, 60)
    expected = canonical_rows(X, y, weight)
    assert len(expected) < 60
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(60)
        assert canonical_rows([X[j] for j in order], y[order], weight[order]) == expected


def test_sequences_that_differ_in_anything_stay_apart():
    assert len(canonical_rows([[1.0], [1.0]], [0, 1], [1, 1])) == 2
    assert len(canonical_rows([[1.0], [1.0, 1]], [0, 0], [1, 1])) == 2
    assert len(canonical_rows([[1.0, 2], [2.0, 1]], [0, 0], [1, 1])) == 2
    assert len(canonical_rows([[1.0, 2], [1.0]], [3.0, 2.0], [1, 1])) == 2


def test_minus_zero_equals_zero():
    assert len(canonical_rows([[-0.0], [0.0]], [0.0, -0.0], [1, 1])) == 1


def test_targets_of_several_numbers_keep_sequences_apart():
    X = Ragged.from_lengths(np.ones((3, 1)), [1, 1, 1])
    Y = np.array([[0.0, 1], [0, 2], [0, 1]])
    dataset = canonical(Dataset(X, Y, np.array([1.0, 1, 4])), Y)
    assert sorted(zip(dataset.y[:, 1].tolist(), dataset.weight.tolist(), strict=True)) == [(1, 5), (2, 1)]


def per_step(X, Y, weight):
    """Dataset with a target and a weight for each step, from lists of lists."""
    values = np.concatenate([np.array(x, float) for x in X])[:, None]
    X = Ragged.from_lengths(values, list(map(len, X)))
    return Dataset(X, np.concatenate(Y), np.concatenate(weight), X.offsets)


def canonical_rows_per_step(*lists):
    dataset = canonical(per_step(*lists), per_step(*lists).y)
    at = dataset.offsets[1:-1]
    columns = [np.concatenate(list(dataset.X))[:, 0], dataset.y, dataset.weight]
    return [tuple(map(tuple, row)) for row in zip(*(np.split(c, at) for c in columns), strict=True)]


def test_weights_per_step_add_where_sequences_merge():
    X, Y = [[1, 2], [3], [1, 2]], [[0, 1], [1], [0, 1]]
    merged = canonical_rows_per_step(X, Y, [[1.0, 0.25], [3.0], [0.5, 2.0]])
    assert sorted(merged) == [((1, 2), (0, 1), (1.5, 2.25)), ((3,), (1,), (3,))]


def test_sequences_whose_targets_differ_at_one_step_stay_apart():
    assert len(canonical_rows_per_step([[1, 2], [1, 2]], [[0, 1], [0, 0]], [[1.0, 1], [1.0, 1]])) == 2


def test_a_weight_of_two_on_each_step_is_the_same_as_giving_a_sequence_twice():
    X, Y, ones = [[1, 2], [3], [1, 2, 3]], [[0, 1], [1], [1, 1, 0]], [[1.0, 1], [1.0], [1.0, 1, 1]]
    twice = canonical_rows_per_step([*X, X[0]], [*Y, Y[0]], [*ones, ones[0]])
    assert twice == canonical_rows_per_step(X, Y, [[2.0, 2], *ones[1:]])


def test_with_weights_per_step_the_order_of_the_sequences_does_not_change_a_bit():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 3, 60)
    X, Y = ([rng.integers(0, 2, length) for length in lengths] for _ in range(2))
    weight = [rng.uniform(0.1, 1, length) for length in lengths]
    expected = canonical_rows_per_step(X, Y, weight)
    assert len(expected) == len({(x, y) for x, y, _ in expected}) < 60
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(60)
        assert canonical_rows_per_step(*([a[j] for j in order] for a in (X, Y, weight))) == expected


def test_weights_per_step_add_in_a_fixed_order_if_the_weights_of_the_sequences_are_equal():
    pairs = np.random.default_rng(1).uniform(0.1, 1, (8, 2))
    weight = np.concatenate([pairs, pairs[:, ::-1]])  # a + b is b + a

    def merged(order):
        ((_, _, weights),) = canonical_rows_per_step([[1, 2]] * 16, [[0, 1]] * 16, weight[order])
        return weights

    assert len({merged(np.random.default_rng(seed).permutation(16)) for seed in range(9)}) == 1


def test_canonical_does_not_change_its_argument():
    dataset = per_step([[1, 2], [1, 2]], [[0, 1], [0, 1]], [[1.0, 2], [3.0, 4]])
    merged = canonical(dataset, dataset.y)
    assert merged.weight.tolist() == [4, 6]
    assert dataset.weight.tolist() == [1, 2, 3, 4]


# --- datasets ---------------------------------------------------------------------------------------------------------


def test_taking_sequences_takes_their_targets_and_weights():
    X = Ragged.from_lengths(np.arange(6.0)[:, None], [3, 1, 2])
    taken = Dataset(X, np.array([[7], [8], [9]]), np.array([0.1, 0.2, 0.3])).take(np.array([2, 0]))
    assert [x[:, 0].tolist() for x in taken.X] == [[4, 5], [0, 1, 2]]
    assert taken.y[:, 0].tolist() == [9, 7]
    assert taken.weight.tolist() == [0.3, 0.1]
    taken = Dataset(X, np.arange(6)[:, None] + 10, np.arange(6.0), X.offsets).take(np.array([2, 0]))
    assert taken.y[:, 0].tolist() == [14, 15, 10, 11, 12]
    assert taken.weight.tolist() == [4, 5, 0, 1, 2]
    assert taken.offsets.tolist() == [0, 2, 5]


def test_the_weight_of_a_sequence_is_the_sum_of_those_of_its_targets():
    X = Ragged.from_lengths(np.zeros((6, 1)), [3, 1, 2])
    one = Dataset(X, np.zeros((3, 1)), np.array([2.0, 0, 5]))
    assert one.sequence_weights().tolist() == [2, 0, 5]
    each = Dataset(X, np.zeros((6, 1)), np.array([1.0, 2, 3, 0, 0, 7]), X.offsets)
    assert each.sequence_weights().tolist() == [6, 0, 7]
    assert each.counts.tolist() == [3, 1, 2]


CONTAINERS = {
    "concatenated": lambda X: Ragged.from_lengths(np.concatenate(X), list(map(len, X))),
    "separate arrays": lambda X: Sequences(list(X), np.array(list(map(len, X))), np.dtype(float)),
}
every_container = pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)


@every_container
def test_a_selection_holds_the_selected_sequences_in_their_order(container):
    X = container(np.split(np.arange(6.0)[:, None], [3, 4]))
    chosen = X.select(np.array([2, 0]))
    assert [x[:, 0].tolist() for x in chosen] == [[4, 5], [0, 1, 2]]
    assert (len(chosen), chosen.lengths.tolist(), chosen.offsets.tolist(), chosen.n_features) == (
        2,
        [2, 3],
        [0, 2, 5],
        1,
    )
    assert chosen.steps(np.array([1])).tolist() == [2, 3, 4]
    assert chosen.take(np.array([1, 0])).values[:, 0].tolist() == [0, 1, 2, 4, 5]
    assert [x[:, 0].tolist() for x in chosen.select(np.array([1]))] == [[0, 1, 2]]
    twice = chosen.map(lambda values: -values).map(lambda values: values + 1)
    assert [x[:, 0].tolist() for x in twice] == [[-3, -4], [1, 0, -1]]
    assert twice.joined().values[:, 0].tolist() == [-3, -4, 1, 0, -1]


def test_sequences_of_one_array_are_selected_without_a_copy():
    cube = np.arange(12.0).reshape(3, 2, 2)
    chosen = Sequences(cube, np.full(3, 2), cube.dtype).select(np.array([2, 0]))
    assert chosen.arrays is cube
    assert [x.tolist() for x in chosen] == cube[[2, 0]].tolist()
    assert chosen.take(np.array([1])).values.tolist() == cube[0].tolist()


def test_taken_values_have_one_dtype_and_are_a_copy():
    arrays = [np.ones((2, 1), np.float32), np.arange(3)[:, None], np.asfortranarray(np.ones((4, 2)))[:, :1]]
    X = Sequences(arrays, np.array([2, 3, 4]), np.dtype(float))
    for rows in ([0], [1], [2], [2, 0, 1]):
        values = X.take(np.array(rows)).values
        assert values.dtype == float
        assert values.flags.c_contiguous
        assert not any(np.shares_memory(values, array) for array in arrays)


@pytest.mark.parametrize("block", [1, 7, 8, 1 << 20])
def test_blocks_hold_each_sequence_once_and_are_no_larger_than_necessary(block, monkeypatch):
    monkeypatch.setattr(ragged, "BLOCK", block)
    lengths = [3, 1, 5, 2, 4, 1, 1]
    X = CONTAINERS["separate arrays"](np.split(np.arange(17.0)[:, None], np.cumsum(lengths)[:-1]))
    blocks = [(range(*rows.indices(len(X))), part) for rows, part in X.blocks()]
    assert [j for rows, _ in blocks for j in rows] == list(range(7))
    assert np.concatenate([part.values[:, 0] for _, part in blocks]).tolist() == list(range(17))
    for rows, part in blocks:
        assert part.lengths.tolist() == lengths[rows.start : rows.stop]
        assert len(part.values) <= block or len(part) == 1
    for (_, part), (_, after) in pairwise(blocks):
        assert len(part.values) + after.lengths[0] > block


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean_and_scale_are_weighted_over_the_steps_of_the_selection_alone(dtype, block, monkeypatch):
    monkeypatch.setattr(ragged, "BLOCK", block)
    rng, lengths = np.random.default_rng(0), [3, 1, 5, 2, 4]
    X = Ragged.from_lengths((1e3 + rng.normal(size=(15, 2)) * [1, 1e-3]).astype(dtype), lengths)
    X.values[:3] = 1e30  # a sequence that is not selected
    rows, weight = np.array([4, 1, 3]), np.array([1.0, 3, 2])
    mean, scale = mean_and_scale(X.select(rows), weight)
    flat, by_step = np.concatenate([list(X)[j] for j in rows]), np.repeat(weight, [4, 1, 2])
    expected = np.average(flat.astype(float), axis=0, weights=by_step)
    variance = np.average((flat - expected) ** 2, axis=0, weights=by_step)
    assert mean.dtype == scale.dtype == np.float64
    assert_allclose(mean, expected, rtol=1e-14)
    assert_allclose(scale, np.sqrt(variance), rtol=1e-9)
    order = np.array([0, 4, 3, 2, 1])  # the same sequences in another order
    moved = Ragged.from_lengths(X.take(order).values, np.array(lengths)[order])
    again = mean_and_scale(moved.select(np.argsort(order)[rows]), weight)
    assert np.array_equal(again, (mean, scale))


def test_a_constant_feature_has_scale_one_over_steps_too():
    X = Ragged.from_lengths(np.full((6, 1), 0.1), [3, 1, 2])
    mean, scale = mean_and_scale(X.select(np.arange(3)), np.ones(3))
    assert_allclose(mean, 0.1)
    assert scale == 1


def test_sequences_of_weight_zero_are_dropped_and_steps_of_weight_zero_stay():
    X = Ragged.from_lengths(np.arange(6.0)[:, None], [3, 1, 2])
    one = Dataset(X, np.array([[7], [8], [9]]), np.array([2.0, 0, 5])).without_weight_zero()
    assert one.y[:, 0].tolist() == [7, 9]
    assert one.X.lengths.tolist() == [3, 2]
    each = Dataset(X, np.arange(6)[:, None], np.array([1.0, 0, 3, 0, 0, 7]), X.offsets).without_weight_zero()
    assert each.y[:, 0].tolist() == [0, 1, 2, 4, 5]
    assert each.weight.tolist() == [1, 0, 3, 0, 7]
    whole = Dataset(X, np.zeros((3, 1)), np.ones(3))
    assert whole.without_weight_zero() is whole


# --- initial weights --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 7])
def test_recurrent_weights_are_orthogonal_and_differ(n):
    rng = np.random.default_rng(0)
    Q = orthogonal(rng, n)
    assert_allclose(Q @ Q.T, np.eye(n), atol=1e-13)
    assert n == 1 or np.abs(Q - orthogonal(rng, n)).max() > 0.1


def test_orthogonal_matrices_have_no_preferred_direction():
    rng = np.random.default_rng(0)
    mean = np.mean([orthogonal(rng, 3) for _ in range(4000)], axis=0)
    assert np.abs(mean).max() < 5 / np.sqrt(3 * 4000)  # without the signs of R its diagonal would be far from zero


def test_glorot_weights_have_the_variance_of_the_paper():
    w = glorot(np.random.default_rng(0), 300, 100)
    assert w.shape == (300, 100)
    assert_allclose(w.var(), 2 / 400, rtol=0.03)
    assert np.abs(w).max() <= math.sqrt(6 / 400)


def gates_of(network, theta):
    """Yield the cell, the gate, its weights and their columns, for each gate of each direction of each layer."""
    views = network.layout.views(theta)
    for cell, keys in zip(network.cells, network.keys, strict=True):
        for key in keys:
            for part in cell.parts:
                for gate, w in zip(part.gates, np.split(views[f"{key}/{part.name}"], len(part.gates)), strict=True):
                    yield cell, gate, w, cell.columns(part)


@pytest.mark.parametrize("forget_bias", [1.0, 0.0, 2.5])
@pytest.mark.parametrize("name", CELLS)
def test_each_gate_has_orthogonal_recurrent_weights_and_the_bias_of_its_cell(name, forget_bias):
    network = net(name, units=(3, 4))
    theta = network.initial(np.random.default_rng(0), forget_bias)
    assert theta.shape == (network.layout.size,)
    assert_array_equal(theta, network.initial(np.random.default_rng(0), forget_bias, longest=99))
    keeping, sign = oracle.RETENTION.get(name, ("", 0))
    for cell, gate, w, columns in gates_of(network, theta):
        assert_array_equal(w[:, columns["1"]], sign * forget_bias if gate == keeping else 0)
        if "h" in columns:
            assert_allclose(w[:, columns["h"]] @ w[:, columns["h"]].T, np.eye(cell.H), atol=1e-13)
        if "x" in columns:
            assert 0 < np.abs(w[:, columns["x"]]).max() <= math.sqrt(6 / (cell.F + cell.H))
    views = network.layout.views(theta)
    for array in ("head/V", "attention/A"):
        assert_array_equal(views[array][:, -1], 0)
        assert 0 < np.abs(views[array]).max() <= math.sqrt(6 / (views[array].shape[0] + views[array].shape[1] - 1))
    assert views["attention/v"].any()


@pytest.mark.parametrize("name", CELLS)
def test_by_default_the_forget_gates_of_an_lstm_start_open_and_all_other_biases_at_zero(name):
    network = net(name)
    for _, gate, w, columns in gates_of(network, network.initial(np.random.default_rng(0))):
        assert_array_equal(w[:, columns["1"]], 1 if (gate, "lstm" in name) == ("f", True) else 0)


@pytest.mark.parametrize("name", [name for name, cell in CELLS.items() if cell.retention_gates])
def test_units_with_a_high_forget_bias_keep_their_state(name):
    cell = CELLS[name](1, 2)
    W = cell_weights(np.random.default_rng(0), cell, 50.0, 2)
    h, c = np.array([0.3, -0.2]), np.array([0.7, 0.1])
    h_next, c_next = oracle.CELLS[name](W, np.tanh, np.zeros(1), h, c, 0)
    if "c" in cell.cache_blocks:
        assert_allclose(c_next, c, rtol=1e-12)
    else:
        assert_allclose(h_next, h, rtol=1e-12)


@pytest.mark.parametrize("longest", [2, 3, 100])
@pytest.mark.parametrize("name", CELLS)
def test_chrono_spreads_the_time_scales_of_the_units_up_to_the_longest_sequence(name, longest):
    network = net(name, units=(50, 40))
    biases = {}
    for cell, gate, w, columns in gates_of(network, network.initial(np.random.default_rng(0), "chrono", longest)):
        bias = w[:, columns["1"]]
        sign = cell.retention_gates.get(gate, 0)
        if sign:
            assert (sign * bias >= 0).all()
            assert (sign * bias <= np.log(longest - 1)).all()
            time_scales = np.exp(sign * bias)  # uniform
            assert abs(time_scales.mean() - longest / 2) <= 0.15 * (longest - 2)
            biases["retention"] = bias
        elif gate in cell.input_gates:
            assert name == "lstm"
            biases["input"] = bias
        else:
            assert_array_equal(bias, 0)
        if gate == "i" and name == "lstm":
            assert_array_equal(biases["input"], -biases["retention"])  # f stands before i
    assert ("input" in biases) == (name == "lstm")


def test_the_embeddings_of_tokens_start_normal_and_that_of_unknown_tokens_at_zero():
    network = net(tokens=2000, n_features=5)
    theta = network.initial(np.random.default_rng(0))
    E = network.layout.views(theta)["embedding/E"]
    assert E.shape == (2000, 5)
    assert len(theta) == network.layout.size + 2000 * 5
    assert_array_equal(E[0], 0)
    assert (E[1:] != 0).all()
    assert_allclose([E[1:].mean(), E[1:].std()], [0, 1], atol=0.04)


# --- optimizers and schedules -----------------------------------------------------------------------------------------


def adam(theta, gradients, rate, beta_1, beta_2, epsilon):
    m = v = np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        theta = theta - rate * (m / (1 - beta_1**t)) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
        yield theta


def sgd(theta, gradients, rate, momentum, nesterovs_momentum):
    velocity = np.zeros_like(theta)
    for g in gradients:
        velocity = momentum * velocity - rate * g
        theta = theta + (momentum * velocity - rate * g if nesterovs_momentum else velocity)
        yield theta


def rmsprop(theta, gradients, rate, rho, epsilon):
    v = np.zeros_like(theta)
    for g in gradients:
        v = rho * v + (1 - rho) * g**2
        theta = theta - rate * g / (np.sqrt(v) + epsilon)
        yield theta


FORMULAS = {"adam": adam, "rmsprop": rmsprop, "sgd": sgd}
SETTINGS = [
    ("adam", {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}),
    ("adam", {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 0.1}),
    ("adam", {"beta_1": 0.0, "beta_2": 0.0, "epsilon": 1e-3}),
    ("rmsprop", {"rho": 0.9, "epsilon": 1e-8}),
    ("rmsprop", {"rho": 0.99, "epsilon": 0.1}),
    ("rmsprop", {"rho": 0.0, "epsilon": 1e-3}),
    ("sgd", {"momentum": 0.0, "nesterovs_momentum": True}),
    ("sgd", {"momentum": 0.9, "nesterovs_momentum": True}),
    ("sgd", {"momentum": 0.9, "nesterovs_momentum": False}),
]
SOME = dict(SETTINGS)


def test_every_optimizer_has_its_formula_here():
    assert FORMULAS.keys() == SOME.keys() == OPTIMIZERS.keys()


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_an_optimizer_follows_its_formula(name, settings):
    rng = np.random.default_rng(0)
    theta, gradients = rng.standard_normal(5), rng.standard_normal((8, 5))
    optimizer, moved = OPTIMIZERS[name](theta, **settings, unused=None), theta.copy()
    for g, expected in zip(gradients, FORMULAS[name](theta, gradients, 0.03, **settings), strict=True):
        before = g.copy()
        optimizer.step(moved, g, 0.03)
        assert_allclose(moved, expected, rtol=1e-12)
        assert_array_equal(g, before)


@every_optimizer
def test_decay_scales_the_first_weights_before_each_step_and_does_not_enter_the_moments(name):
    rng = np.random.default_rng(0)
    theta, gradients, decay = rng.standard_normal(5), rng.standard_normal((8, 5)), np.array([0.5, 0, 2])
    plain, decayed = OPTIMIZERS[name](theta, **SOME[name]), OPTIMIZERS[name](theta, decay=decay, **SOME[name])
    expected, moved = theta.copy(), theta.copy()
    for g in gradients:
        expected[:3] *= 1 - 0.03 * decay
        plain.step(expected, g, 0.03)
        decayed.step(moved, g, 0.03)
        assert_array_equal(moved, expected)
    for name in plain.moments:
        assert_array_equal(decayed.state[name], plain.state[name])


def test_adam_with_decay_is_adamw():
    rng = np.random.default_rng(0)
    theta, gradients = rng.standard_normal(5), rng.standard_normal((8, 5))
    optimizer = OPTIMIZERS["adam"](theta, decay=np.full(5, 0.1), beta_1=0.9, beta_2=0.99, epsilon=1e-3)
    moved, m, v = theta.copy(), 0, 0
    for t, g in enumerate(gradients, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-3)
        theta = theta - 0.03 * (step + 0.1 * theta)  # both of the weights before the step
        optimizer.step(moved, g, 0.03)
        assert_allclose(moved, theta, rtol=1e-12)


BY_TORCH = {  # torch 2: theta = [1, -2, 0.5] after gradients [1, 2, -3], [0.5, -1, 0], at rate 0.1
    "rmsprop": [0.5363302921760905, -2.168785807035854, 0.8162277626835047],  # RMSprop(alpha=0.9, eps=1e-8)
    "adam": [
        0.769182038278161,
        -2.0454337033075687,
        0.6452058247710397,
    ],  # AdamW(betas=(0.9, 0.999), eps=1e-8, weight_decay=0.2)
}


@pytest.mark.parametrize("name", BY_TORCH)
def test_an_optimizer_takes_the_steps_of_pytorchs(name):
    theta = np.array([1, -2, 0.5])
    settings = {"rho": 0.9, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
    optimizer = OPTIMIZERS[name](theta, decay=np.full(3, 0.2) if name == "adam" else None, **settings)
    for g in ([1.0, 2, -3], [0.5, -1, 0]):
        optimizer.step(theta, np.array(g), 0.1)
    assert_allclose(theta, BY_TORCH[name], rtol=1e-12)


@every_optimizer
def test_an_optimizer_continues_from_its_state(name):
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(5), rng.standard_normal((6, 5))
    straight, broken = start.copy(), start.copy()
    optimizer = OPTIMIZERS[name](straight, **SOME[name])
    for g in gradients:
        optimizer.step(straight, g, 0.1)
    first = OPTIMIZERS[name](broken, **SOME[name])
    for g in gradients[:3]:
        first.step(broken, g, 0.1)
    second = OPTIMIZERS[name](broken, state=first.state, **SOME[name])
    for g in gradients[3:]:
        second.step(broken, g, 0.1)
    assert_array_equal(broken, straight)


@every_optimizer
def test_an_optimizer_keeps_float32(name):
    theta = np.ones(3, np.float32)
    optimizer = OPTIMIZERS[name](theta, **SOME[name])
    optimizer.step(theta, np.ones(3, np.float32), 0.1)
    assert {v.dtype for v in optimizer.state.values() if isinstance(v, np.ndarray)} == {np.dtype(np.float32)}
    assert (theta < 1).all()


def test_clipping_shortens_a_long_gradient_in_place_and_leaves_a_short_one():
    grad = np.array([3.0, 4.0])
    assert clip_norm(grad, None) is grad
    assert clip_norm(grad, 5.0).tolist() == [3, 4]
    assert clip_norm(grad, 1.0) is grad
    assert_allclose(grad, [0.6, 0.8])
    assert clip_norm(np.zeros(2), 1.0).tolist() == [0, 0]


def test_schedules_follow_their_formulas():
    def rates(kind, places):
        return [Schedule(kind, 0.1, 0.5).rate(place, 99, 7) for place in places]

    assert rates("constant", (0, 0.5, 0.9)) == rates("adaptive", (0, 0.5, 0.9)) == [0.1] * 3
    assert_allclose(rates("cosine", (0, 1 / 3, 0.5, 1)), [0.1, 0.075, 0.05, 0], atol=1e-15)
    assert_allclose(rates("onecycle", (0, 0.15, 0.3, 0.65, 1)), [0.004, 0.052, 0.1, 0.05, 0], atol=1e-15)
    assert_allclose([Schedule("invscaling", 0.1, 0.5).rate(0.5, seen, 7) for seen in (0, 3, 99)], [0.1, 0.05, 0.01])
    assert SCHEDULES.keys() == {"constant", "cosine", "onecycle"}


def test_onecycle_rises_to_its_maximum_and_falls_to_zero_without_a_jump():
    progress = np.linspace(0, 1, 2001)
    factors = np.array([SCHEDULES["onecycle"](p) for p in progress])
    rising, falling = factors[:601], factors[600:]
    assert (np.diff(rising) > 0).all()
    assert (np.diff(falling) < 0).all()
    assert np.abs(np.diff(factors)).max() < 0.01
    assert progress[factors.argmax()] == 0.3
    assert factors.max() == 1


def test_cosine_and_onecycle_are_planned_to_end_at_max_iter():
    kinds = [*SCHEDULES, "invscaling", "adaptive"]
    assert {kind for kind in kinds if Schedule(kind, 0.1, 0.5).planned} == PLANNED == {"cosine", "onecycle"}


@pytest.mark.parametrize("kind", ["constant", "cosine", "onecycle", "invscaling", "adaptive"])
def test_warmup_scales_the_first_rates_of_any_schedule_linearly(kind):
    cold, warm = Schedule(kind, 0.1, 0.5), Schedule(kind, 0.1, 0.5, warmup=4)
    factors = [warm.rate(0.2, 9, steps) / cold.rate(0.2, 9, steps) for steps in range(7)]
    assert_allclose(factors, [0.25, 0.5, 0.75, 1, 1, 1, 1])


def test_only_an_adaptive_schedule_reduces_the_rate_when_training_stalls():
    assert not any(Schedule(kind, 0.1, 0.5).reduce_rate() for kind in (*SCHEDULES, "invscaling"))
    schedule, rates = Schedule("adaptive", 0.1, 0.5), []
    while schedule.reduce_rate():
        rates.append(schedule.rate(0, 0, 0))
    assert_allclose(rates, 0.1 / 5.0 ** np.arange(1, len(rates) + 1))
    assert rates[-1] <= 1e-6 < rates[-2]


def test_patience_ends_after_more_than_n_epochs_without_improvement():
    patience, stalled, improved = Patience(0.1, 2), [], []
    for value in (1.0, 0.5, 0.45, 0.44, 0.3, 0.3, 0.25, 0.29):
        improved.append(patience.update(value))
        stalled.append(patience.stalled)
    assert improved == [True, True, True, True, True, False, True, False]
    assert patience.best == 0.25
    assert stalled == [False] * 7 + [True]


# --- batches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("n", "size", "sizes"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (4, 200, [4]), (1, 1, [1])])
def test_batches_hold_each_row_once_an_epoch(n, size, sizes, shuffle):
    batches = Batches(n, size, 3, shuffle=shuffle)
    for _ in range(3):
        epoch = [rows for rows, _ in batches.epoch()]
        assert [len(rows) for rows in epoch] == sizes
        assert len(batches) == len(sizes)
        assert sorted(np.concatenate(epoch)) == list(range(n))


def test_the_shuffle_depends_on_seed_and_epoch_alone():
    def epochs(seed, first, n, shuffle=True):
        batches = Batches(50, 20, seed, shuffle=shuffle, first_epoch=first)
        return [np.concatenate([rows for rows, _ in batches.epoch()]).tolist() for _ in range(n)]

    assert epochs(0, 0, 4) == epochs(0, 0, 4)
    assert epochs(0, 0, 4)[2:] == epochs(0, 2, 2)
    assert len({tuple(rows) for rows in epochs(0, 0, 4) + epochs(1, 0, 4)}) == 8
    assert epochs(0, 0, 2, shuffle=False) == [list(range(50))] * 2


@pytest.mark.parametrize("shuffle", [False, True])
def test_no_two_batches_have_the_same_key_and_a_warm_start_continues_the_keys(shuffle):
    def keys(seed, first, n):
        batches = Batches(50, 20, seed, shuffle=shuffle, first_epoch=first)
        return [key for _ in range(n) for _, key in batches.epoch()]

    assert len(set(keys(0, 0, 4) + keys(1, 0, 4))) == 2 * 4 * 3
    assert keys(0, 0, 4)[6:] == keys(0, 2, 2)


# --- batches by length ------------------------------------------------------------------------------------------------


def lengths_of(n, seed=0):
    """Most of them short, some of them long."""
    return np.maximum(1, np.random.default_rng(seed).gamma(2, 30, n).astype(int))


def epochs_of(n_epochs, n, size, lengths, seed=0, **options):
    batches = Batches(n, size, seed, lengths=lengths, **options)
    return [[rows.tolist() for rows, _ in batches.epoch()] for _ in range(n_epochs)]


@pytest.mark.parametrize(("n", "size"), [(320, 8), (323, 8), (100, 24), (6407, 32)])
def test_batches_by_length_hold_each_row_once_an_epoch(n, size):
    for epoch in epochs_of(3, n, size, lengths_of(n)):
        assert sorted(j for rows in epoch for j in rows) == list(range(n))
        assert sorted(map(len, epoch)) == sorted([size] * (n // size) + [n % size] * (n % size > 0))


def test_batches_by_length_depend_on_seed_and_epoch_alone():
    lengths = lengths_of(200)
    assert epochs_of(4, 200, 8, lengths) == epochs_of(4, 200, 8, lengths)
    assert epochs_of(4, 200, 8, lengths)[2:] == epochs_of(2, 200, 8, lengths, first_epoch=2)
    seen = [tuple(rows) for seed in (0, 1) for epoch in epochs_of(4, 200, 8, lengths, seed) for rows in epoch]
    assert len(set(map(frozenset, seen))) == len(seen)


def test_batches_by_length_have_little_padding_in_few_chunks():
    lengths = lengths_of(6400)

    def n_chunks(known):
        (epoch,) = epochs_of(1, 6400, 32, known)
        chunks = [chunk for rows in epoch for chunk in pack(sorted(lengths[rows], reverse=True))]
        assert 1 - lengths.sum() / sum(chunk.steps * chunk.width for chunk in chunks) < 0.05
        return len(chunks)

    assert n_chunks(lengths) < n_chunks(None) / 4
    spread, mixed = (
        np.mean([np.ptp(lengths[rows]) for rows in epochs_of(1, 6400, 32, known)[0]]) for known in (lengths, None)
    )
    assert spread < 0.15 * mixed


def test_any_two_sequences_of_one_length_are_equally_often_in_one_batch():
    lengths, meetings = np.repeat([3, 9], 40), np.zeros((80, 80))
    for epoch in epochs_of(2000, 80, 5, lengths):
        for rows in epoch:
            meetings[np.ix_(rows, rows)] += 1
    for part in (slice(0, 40), slice(40, 80)):
        counts = meetings[part, part][np.triu_indices(40, 1)]
        assert np.abs(counts - counts.mean()).max() < 5 * np.sqrt(counts.mean())
        assert 0.8 < counts.var() / counts.mean() < 1.2
    assert meetings[:40, 40:].min() > 0


@pytest.mark.parametrize("n", [1000, 1023])
def test_the_share_of_a_sequence_in_training_does_not_depend_on_its_length(n):
    """In a batch of half the size, a sequence has twice the share in a step."""
    lengths, share = lengths_of(n), np.zeros(n)
    for epoch in epochs_of(400, n, 32, lengths):
        for rows in epoch:
            share[rows] += 32 / len(rows) / 400
    by_length = share[np.argsort(lengths, kind="stable")]
    tenth = n // 10
    assert_allclose(by_length[:tenth].mean(), by_length[-tenth:].mean(), rtol=0.03)
    assert_allclose(by_length[-10:].mean(), share.mean(), rtol=0.06)


def test_small_batches_and_long_sequences_come_at_any_time_of_an_epoch():
    lengths, places, longest = lengths_of(100), [], []
    for epoch in epochs_of(2600, 100, 8, lengths):
        places.append(list(map(len, epoch)).index(4))
        longest.append([lengths[rows].mean() for rows in epoch])
    counts = np.bincount(places, minlength=13)
    assert ((counts - 200) ** 2 / 200).sum() < 35  # chi-squared with 12 degrees of freedom, once in 2,000
    assert_allclose(np.mean(longest, axis=0), np.mean(longest), rtol=0.05)


@pytest.mark.parametrize(
    ("n", "options", "lengths"),
    [
        (200, {"shuffle": False}, lengths_of(200)),
        (200, {}, np.full(200, 7)),
        (63, {}, lengths_of(63)),  # fewer than eight batches: a pool would be one
    ],
    ids=["not shuffled", "of one length", "few"],
)
def test_without_shuffle_or_with_equal_lengths_batches_are_not_sorted_by_length(n, options, lengths):
    assert epochs_of(3, n, 8, lengths, **options) == epochs_of(3, n, 8, None, **options)


# --- mini-batches -----------------------------------------------------------------------------------------------------


class Quadratic:
    """The mean over the rows of ½ ‖theta - center‖²; its minimum is the mean of the centers."""

    def __init__(self, centers):
        self.centers, self.calls = np.array(centers, float), 0

    def __call__(self, theta, rows, key=None):
        self.calls += 1
        difference = theta - self.centers[rows]
        data_loss = 0.5 * float((difference**2).sum(axis=1).mean())
        return LossAndGradient(data_loss, 0.0, difference.mean(axis=0).astype(theta.dtype), None)

    def null_loss(self):
        return 1.0


def gradient_descent(theta, objective, *, size=10, rate=0.5, kind="constant", max_norm=None, epochs=3, **options):
    optimizer = OPTIMIZERS["sgd"](theta, momentum=0.0, nesterovs_momentum=False)
    options = {"patience": None, "max_iter": epochs, "max_norm": max_norm} | options
    batches = Batches(len(objective.centers), size, 0)
    return minimize_minibatch(objective, theta, optimizer, Schedule(kind, rate, 0.5), batches, **options)


def test_training_takes_the_steps_of_gradient_descent_and_reports_the_loss_before_each():
    theta, objective = np.array([8.0, 0.0]), Quadratic([[0, 0], [0, 0]])
    history = gradient_descent(theta, objective)
    assert_allclose(theta, [1, 0])
    assert_allclose(history.losses, [32, 8, 2])
    assert history.n_seen == 6
    assert history.scores == []
    assert history.ended == "max_iter"


def test_the_loss_of_an_epoch_is_the_mean_over_its_sequences():
    theta, objective = np.zeros(1), Quadratic([[1], [1], [4]])
    history = gradient_descent(theta, objective, size=2, rate=1e-12, epochs=1)
    assert_allclose(history.losses, [(0.5 + 0.5 + 8) / 3], rtol=1e-9)


def test_each_gradient_is_clipped():
    theta = np.array([8.0])
    gradient_descent(theta, Quadratic([[0]]), rate=1.0, max_norm=0.25, epochs=3)
    assert_allclose(theta, [7.25])


def test_a_cosine_schedule_covers_all_steps_of_all_epochs():
    theta, steps = np.array([0.0]), []

    class Rates:
        state: ClassVar = {"t": 0}

        def step(self, theta, grad, rate, rows):
            steps.append(rate)

    history = minimize_minibatch(
        Quadratic([[1]] * 4),
        theta,
        Rates(),
        Schedule("cosine", 1.0, 0),
        Batches(4, 2, 0),
        max_iter=2,
        max_norm=None,
        patience=None,
    )
    assert_allclose(steps, [(1 + math.cos(math.pi * p)) / 2 for p in (0, 0.25, 0.5, 0.75)])
    assert history.n_seen == 8


def test_training_stops_when_the_loss_stalls():
    theta = np.array([1.0])
    history = gradient_descent(theta, Quadratic([[0]]), rate=1.0, epochs=50, patience=Patience(1e-9, 3))
    assert history.ended == "stalled"
    assert len(history.losses) == 6  # 0.5, 0, then 4 without improvement


def test_an_adaptive_schedule_reduces_the_rate_before_training_stops():
    theta, schedule, objective = np.array([1.0]), Schedule("adaptive", 1e-3, 0), Quadratic([[0]])
    optimizer = OPTIMIZERS["sgd"](theta, momentum=0.0, nesterovs_momentum=False)
    history = minimize_minibatch(
        objective, theta, optimizer, schedule, Batches(1, 1, 0), max_iter=500, max_norm=None, patience=Patience(1.0, 2)
    )
    assert history.ended == "stalled"
    assert schedule.initial <= 1e-6
    assert len(history.losses) == 1 + 3 * 6  # 1e-3 / 5^5 < 1e-6: five smaller rates, three epochs each


def test_with_a_score_the_weights_of_the_best_epoch_are_restored():
    theta, seen, scores = np.array([8.0]), [], iter([0.1, 0.7, 0.7, 0.3, 0.2, 0.1])

    def validate(theta):
        seen.append(theta.copy())
        return float(len(seen)), next(scores)

    history = gradient_descent(theta, Quadratic([[0]]), epochs=50, validate=validate, patience=Patience(1e-9, 2))
    assert history.scores == [0.1, 0.7, 0.7, 0.3, 0.2]  # the first 0.7 is the best, three epochs are no better
    assert history.validation_losses == [1, 2, 3, 4, 5]
    assert history.best_epoch == 2
    assert history.ended == "stalled"
    assert theta == seen[1] == 2


class Recorder(EpochCallback):
    """Records its calls and stops training after epoch `stop`."""

    def __init__(self, stop=None):
        self.calls = []
        self.stop = stop

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self, history, theta):
        self.calls.append((len(history.losses), theta.tolist()))
        return len(history.losses) == self.stop


def test_a_callback_is_called_at_the_beginning_and_at_the_end_of_each_epoch():
    recorder = Recorder()
    gradient_descent(np.array([8.0]), Quadratic([[0]]), epoch_callback=recorder)
    assert recorder.calls == ["begin", (1, [4.0]), "begin", (2, [2.0]), "begin", (3, [1.0])]


def test_a_callback_gets_the_weights_that_training_would_return():
    recorder, scores = Recorder(), iter([0.5, 0.4, 0.6])
    gradient_descent(
        np.array([8.0]), Quadratic([[0]]), validate=lambda theta: (0.0, next(scores)), epoch_callback=recorder
    )
    assert recorder.calls[1::2] == [(1, [4.0]), (2, [4.0]), (3, [1.0])]


def test_without_restore_best_the_weights_of_the_last_epoch_are_returned():
    theta, scores = np.array([8.0]), iter([0.5, 0.4, 0.3])
    history = gradient_descent(theta, Quadratic([[0]]), validate=lambda theta: (0.0, next(scores)), restore_best=False)
    assert (history.best_epoch, theta.tolist()) == (None, [1.0])


def test_a_callback_can_stop_training():
    theta = np.array([8.0])
    history = gradient_descent(theta, Quadratic([[0]]), epoch_callback=Recorder(stop=2))
    assert (history.ended, len(history.losses), theta.tolist()) == ("stopped", 2, [2.0])


def interrupting(objective, calls):
    def interrupted(theta, rows, key=None):
        if objective.calls == calls:
            raise KeyboardInterrupt
        return objective(theta, rows)

    interrupted.null_loss, interrupted.centers = objective.null_loss, objective.centers
    return interrupted


@pytest.mark.parametrize(("calls", "n_losses", "value"), [(3, 2, 1 / 8), (1, 1, 1 / 2)])
def test_an_interrupt_returns_the_weights_so_far(calls, n_losses, value):
    theta = np.ones(1)
    history = gradient_descent(theta, interrupting(Quadratic([[0], [0]]), calls), size=1, epochs=9)
    assert history.ended == "interrupted"
    assert len(history.losses) == max(1, n_losses - 1)
    assert_allclose(theta, value)


def test_an_interrupt_before_the_first_step_is_raised():
    with pytest.raises(KeyboardInterrupt):
        gradient_descent(np.ones(1), interrupting(Quadratic([[0]]), 0))


def test_an_interrupt_restores_the_best_weights():
    theta, scores = np.array([8.0]), iter([0.9, 0.1])
    history = gradient_descent(
        theta,
        interrupting(Quadratic([[0]]), 2),
        epochs=9,
        validate=lambda theta: (0.0, next(scores)),
        patience=Patience(0, 9),
    )
    assert history.ended == "interrupted"
    assert theta == 4


@pytest.mark.parametrize("rate", [3.0, 1e200])
def test_divergence_is_an_error_that_says_what_to_change(rate):
    theta = np.array([1.0, 0.0])
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"diverged in epoch \d+.*learning_rate_init"):
        gradient_descent(theta, Quadratic([[1, 2]]), rate=rate, epochs=100)


def test_a_loss_that_is_not_a_number_is_a_divergence():
    with pytest.raises(ValueError, match="diverged in epoch 1: the loss is nan"):
        gradient_descent(np.zeros(1), Quadratic([[math.nan]]))


def token_problem():
    """An objective over tokens from the first half of a vocabulary, weights, and which rows of the table are unused."""
    network, X = net(tokens=20, n_features=4, units=(3,)), sequences([4, 2, 5, 1], tokens=10)
    theta, unused = network.initial(np.random.default_rng(0)), np.ones(20, bool)
    unused[X.values] = False
    return objective_of(network, X), theta, unused


@every_optimizer
def test_mini_batches_update_the_embeddings_of_the_tokens_that_occur_and_no_others(name):
    objective, theta, unused = token_problem()
    table = objective.network.layout.views(theta)["embedding/E"]
    before = table.copy()
    optimizer, batches = OPTIMIZERS[name](theta, **SOME[name]), Batches(4, 2, 0)
    schedule = Schedule("constant", 0.01, 0.5)
    history = minimize_minibatch(
        objective, theta, optimizer, schedule, batches, max_iter=5, max_norm=1.0, patience=None
    )
    assert history.losses[-1] < history.losses[0]
    assert_array_equal((table == before).all(axis=1), unused)


def test_lbfgs_updates_the_embeddings_of_the_tokens_that_occur_and_no_others():
    objective, theta, unused = token_problem()
    table = objective.network.layout.views(theta)["embedding/E"]
    before = table.copy()
    history = minimize_lbfgs(objective, theta, np.arange(4), max_iter=5, max_fun=50, tol=1e-8)
    assert history.losses[-1] < history.losses[0]
    assert_array_equal((table == before).all(axis=1), unused)


# --- L-BFGS -----------------------------------------------------------------------------------------------------------


class Valley(Quadratic):
    """A quadratic with curvatures from 1 to 100."""

    def __call__(self, theta, rows, key=None):
        self.calls += 1
        curvature, difference = np.array([1, 10, 100.0]), theta - self.centers[0]
        data_loss = 0.5 * float((curvature * difference**2).sum())
        return LossAndGradient(data_loss, 0.0, (curvature * difference).astype(theta.dtype), None)


def lbfgs(theta, objective, **options):
    options = {"max_iter": 100, "max_fun": 1000, "tol": 1e-8} | options
    return minimize_lbfgs(objective, theta, np.arange(2), **options)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-7), (np.float32, 1e-4)])
def test_lbfgs_finds_the_minimum_of_a_quadratic(dtype, rtol):
    theta, recorder = np.zeros(3, dtype), Recorder()
    history = lbfgs(theta, Valley([[1, -2, 3]]), epoch_callback=recorder)
    assert theta.dtype == dtype
    assert_allclose(theta, [1, -2, 3], rtol=rtol)
    assert history.ended == "converged"
    assert history.losses[-1] < 1e-8
    assert history.n_seen == 2 * len(history.losses)
    assert recorder.calls[::2] == ["begin"] * len(history.losses)
    assert [n for n, _ in recorder.calls[1::2]] == list(range(1, len(history.losses) + 1))
    assert history.losses == sorted(history.losses, reverse=True)


@pytest.mark.parametrize("limit", ["max_iter", "max_fun"])
def test_lbfgs_reports_that_it_reached_its_limit(limit):
    theta, objective = np.zeros(3), Valley([[1, -2, 3]])
    history = lbfgs(theta, objective, **{limit: 3})
    assert history.ended == "max_iter"
    assert len(history.losses) <= 3
    assert_allclose(history.losses[-1], objective(theta, None).data_loss)


def test_lbfgs_that_starts_at_the_minimum_stays_there():
    theta = np.array([1.0, -2, 3])
    history = lbfgs(theta, Valley([[1, -2, 3]]))
    assert theta.tolist() == [1, -2, 3]
    assert history.losses == [0]
    assert history.ended == "converged"


def test_lbfgs_interrupted_returns_the_last_iterate():
    class Interrupting(EpochCallback):
        def on_epoch_end(self, history, theta):
            if len(history.losses) == 3:
                raise KeyboardInterrupt

    objective, theta = Valley([[1, -2, 3]]), np.zeros(3)
    history = lbfgs(theta, objective, epoch_callback=Interrupting())
    assert history.ended == "interrupted"
    assert len(history.losses) == 3
    assert_allclose(objective(theta, None).data_loss, history.losses[-1])


def test_a_callback_can_stop_lbfgs():
    objective, theta = Valley([[1, -2, 3]]), np.zeros(3)
    history = lbfgs(theta, objective, epoch_callback=Recorder(stop=2))
    assert (history.ended, len(history.losses)) == ("stopped", 2)
    assert_allclose(objective(theta, None).data_loss, history.losses[-1])


def test_lbfgs_interrupted_before_its_first_iterate_raises():
    theta = np.zeros(3)
    with pytest.raises(KeyboardInterrupt):
        lbfgs(theta, interrupting(Valley([[1, -2, 3]]), 1))
    assert theta.tolist() == [0, 0, 0]


def test_a_loss_of_nan_is_a_divergence_in_lbfgs():
    with pytest.raises(ValueError, match="diverged in epoch 1: the loss is nan"):
        lbfgs(np.zeros(3), Valley([[math.nan, 0, 0]]))


def test_a_history_begins_empty():
    assert History() == History(losses=[], validation_losses=[], scores=[], best_epoch=None, n_seen=0, ended="max_iter")
    assert History().losses is not History().losses


# --- BLAS -------------------------------------------------------------------------------------------------------------


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def in_a_thread(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


@pytest.fixture
def two_blas_threads():
    limit = threadpool_limits(2, user_api="blas")
    with threadpool_limits():  # on its way out it lets other Python threads set limits, which threadpoolctl 3.8 forbids
        pass
    assert blas_threads() == {2}
    yield
    limit.restore_original_limits()
    with threadpool_limits():
        pass


@pytest.mark.usefixtures("two_blas_threads")
def test_blas_has_one_thread_inside_and_as_many_as_before_after_the_last_has_left():
    inside, leave = threading.Event(), threading.Event()

    def other():
        with single_blas_thread():
            inside.set()
            assert leave.wait(10)

    thread = threading.Thread(target=other)
    with single_blas_thread():
        assert blas_threads() == {1}
        thread.start()
        assert inside.wait(10)
    assert blas_threads() == {1}
    leave.set()
    thread.join()
    assert blas_threads() == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_every_python_thread_can_limit_blas_one_after_the_other():
    def limited():
        with single_blas_thread():
            return blas_threads()

    assert [limited(), in_a_thread(limited), limited(), in_a_thread(limited)] == [{1}] * 4
    assert blas_threads() == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_blas_gets_its_threads_back_after_an_error():
    with pytest.raises(RuntimeError, match="inside"), single_blas_thread():
        raise RuntimeError("inside")
    assert blas_threads() == {2}
