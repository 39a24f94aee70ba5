"""Losses, initial weights, optimisers, schedules, and the two loops that minimise."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import oracle
import pytest
from networks import net, objective_of, sequences
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from scipy.special import softmax as scipy_softmax
from sklearn.metrics import log_loss, mean_squared_error
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_recurrent._core.blas import single_blas_thread
from sklearn_recurrent._core.canonical import canonical
from sklearn_recurrent._core.cells import CELLS
from sklearn_recurrent._core.initial import cell_weights, glorot, orthogonal
from sklearn_recurrent._core.losses import LINKS, LOSSES
from sklearn_recurrent._core.objective import Value
from sklearn_recurrent._core.optim import OPTIMISERS, Schedule, clip_norm
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._core.samples import Samples
from sklearn_recurrent._core.train import Batches, Course, Patience, descend, minimise_lbfgs

every_loss = pytest.mark.parametrize("loss", LOSSES)
every_optimiser = pytest.mark.parametrize("name", OPTIMISERS)

# --- losses -----------------------------------------------------------------------------------------------------------


def targets(loss, rng, K=3, N=6):
    return {
        "squared_error": rng.standard_normal((K, N)),
        "logistic": rng.integers(0, 2, (K, N)).astype(float),
        "softmax": rng.integers(0, K, (1, N)),
    }[loss]


BY_SCIKIT_LEARN = {
    "squared_error": lambda raw, y: mean_squared_error(y, raw) / 2,
    "logistic": lambda raw, y: sum(log_loss(y_k, expit(raw_k), labels=[0, 1]) for raw_k, y_k in zip(raw, y)),
    "softmax": lambda raw, y: log_loss(y[0], scipy_softmax(raw, axis=0).T, labels=range(len(raw))),
}


@every_loss
def test_the_mean_loss_is_scikit_learns(loss):
    rng = np.random.default_rng(0)
    raw, y = 3 * rng.standard_normal((3, 6)), targets(loss, rng)
    values, gradient = LOSSES[loss](raw, y)
    assert values.shape == (6,)
    assert gradient.shape == (3, 6)
    assert_allclose(values.mean(), BY_SCIKIT_LEARN[loss](raw, y), rtol=1e-12)


@every_loss
def test_the_gradient_of_a_loss_is_that_of_its_formula(loss):
    rng = np.random.default_rng(1)
    raw, y = 2 * rng.standard_normal((3, 6)), targets(loss, rng)
    values, gradient = LOSSES[loss](raw, y)
    for n in range(6):
        assert_allclose(values[n], oracle.LOSSES[loss](raw[:, n], y[:, n]), rtol=1e-12)
        for k, direction in enumerate(np.eye(3)):
            slope = oracle.derivative(lambda raw, n=n: oracle.LOSSES[loss](raw, y[:, n]), raw[:, n], direction)
            assert_allclose(gradient[k, n], slope, rtol=1e-10, atol=1e-14)


@every_loss
def test_the_gradient_of_a_loss_is_what_its_value_changes_by(loss):
    rng = np.random.default_rng(2)
    raw, y = rng.standard_normal((3, 6)), targets(loss, rng)
    gradient = LOSSES[loss](raw, y)[1]
    for k in range(3):
        step = 1e-5 * np.eye(3)[:, [k]]
        change = (LOSSES[loss](raw + step, y)[0] - LOSSES[loss](raw - step, y)[0]) / 2e-5
        assert_allclose(gradient[k], change, rtol=1e-7, atol=1e-9)


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loss_of_huge_outputs_is_finite_and_keeps_the_dtype(loss, dtype):
    raw, y = np.array([[1e4, -1e4, 1e4], [-1e4, 1e4, 1e4]], dtype), np.array([[1, 1, 0], [0, 0, 1]], dtype)
    values, gradient = LOSSES[loss](raw, y if loss != "softmax" else y[1:].astype(int))
    assert values.dtype == gradient.dtype == dtype
    assert np.isfinite(values).all()
    assert np.isfinite(gradient).all()


def test_log_losses_of_certain_and_wrong_outputs_are_exact():
    assert_allclose(LOSSES["logistic"](np.array([[1e4, -1e4, 1e4]]), np.array([[1.0, 1, 0]]))[0], [0, 1e4, 1e4])
    assert_allclose(LOSSES["softmax"](np.array([[1e4, -1e4], [0, 0]]), np.array([[0, 0]]))[0], [0, 1e4])


@pytest.mark.parametrize("shift", [0, 800, -800])
def test_links_are_scipys_functions(shift):
    raw = 5 * np.random.default_rng(0).standard_normal((3, 8)) + shift
    expected = {"identity": raw, "logistic": expit(raw), "softmax": scipy_softmax(raw, axis=0)}
    assert expected.keys() == LINKS.keys()
    for name, link in LINKS.items():
        assert_allclose(link(raw), expected[name], rtol=1e-10, atol=1e-15)


# --- canonical order --------------------------------------------------------------------------------------------------


def brought_into_order(X, y, weight):
    X = Ragged.from_lengths(np.concatenate(X)[:, None], list(map(len, X)))
    samples = canonical(Samples(X, np.array(y), np.array(weight, float)), np.array(y))
    return [(tuple(x[:, 0]), y, w) for x, y, w in zip(samples.X, samples.Y.tolist(), samples.weight, strict=True)]


def test_weight_two_is_the_sequence_given_twice():
    X = [[1.0, 2], [3.0], [1.0, 2, 3]]
    twice = brought_into_order([*X, X[0]], [0, 1, 1, 0], [1, 1, 1, 1])
    assert twice == brought_into_order(X, [0, 1, 1], [2, 1, 1])
    assert sorted(twice) == [((1, 2), 0, 2), ((1, 2, 3), 1, 1), ((3,), 1, 1)]


def test_the_order_of_the_sequences_is_of_no_influence_to_the_last_bit():
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 2, rng.integers(1, 4)).astype(float) for _ in range(60)]
    y, weight = rng.integers(0, 2, 60), rng.uniform(0.1, 1, 60)
    expected = brought_into_order(X, y, weight)
    assert len(expected) < 60
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(60)
        assert brought_into_order([X[j] for j in order], y[order], weight[order]) == expected


def test_sequences_that_differ_in_anything_stay_apart():
    assert len(brought_into_order([[1.0], [1.0]], [0, 1], [1, 1])) == 2
    assert len(brought_into_order([[1.0], [1.0, 1]], [0, 0], [1, 1])) == 2
    assert len(brought_into_order([[1.0, 2], [2.0, 1]], [0, 0], [1, 1])) == 2
    assert len(brought_into_order([[1.0, 2], [1.0]], [3.0, 2.0], [1, 1])) == 2


def test_minus_zero_is_zero():
    assert len(brought_into_order([[-0.0], [0.0]], [0.0, -0.0], [1, 1])) == 1


def test_targets_of_several_numbers_keep_sequences_apart():
    X = Ragged.from_lengths(np.ones((3, 1)), [1, 1, 1])
    Y = np.array([[0.0, 1], [0, 2], [0, 1]])
    samples = canonical(Samples(X, Y, np.array([1.0, 1, 4])), Y)
    assert sorted(zip(samples.Y[:, 1].tolist(), samples.weight.tolist(), strict=True)) == [(1, 5), (2, 1)]


def per_step(X, Y, weight):
    """Samples with a target and a weight for each step, from lists of lists."""
    values = np.concatenate([np.array(x, float) for x in X])[:, None]
    X = Ragged.from_lengths(values, list(map(len, X)))
    return Samples(X, np.concatenate(Y), np.concatenate(weight), X.offsets)


def in_order_per_step(*lists):
    samples = canonical(per_step(*lists), per_step(*lists).Y)
    at = samples.X.offsets[1:-1]
    columns = [samples.X.values[:, 0], samples.Y, samples.weight]
    return [tuple(map(tuple, row)) for row in zip(*(np.split(c, at) for c in columns), strict=True)]


def test_weights_per_step_add_where_sequences_merge():
    X, Y = [[1, 2], [3], [1, 2]], [[0, 1], [1], [0, 1]]
    merged = in_order_per_step(X, Y, [[1.0, 0.25], [3.0], [0.5, 2.0]])
    assert sorted(merged) == [((1, 2), (0, 1), (1.5, 2.25)), ((3,), (1,), (3,))]


def test_sequences_whose_targets_differ_at_one_step_stay_apart():
    assert len(in_order_per_step([[1, 2], [1, 2]], [[0, 1], [0, 0]], [[1.0, 1], [1.0, 1]])) == 2


def test_weight_two_on_each_step_is_the_sequence_given_twice():
    X, Y, ones = [[1, 2], [3], [1, 2, 3]], [[0, 1], [1], [1, 1, 0]], [[1.0, 1], [1.0], [1.0, 1, 1]]
    twice = in_order_per_step([*X, X[0]], [*Y, Y[0]], [*ones, ones[0]])
    assert twice == in_order_per_step(X, Y, [[2.0, 2], *ones[1:]])


def test_with_weights_per_step_the_order_of_the_sequences_is_of_no_influence_to_the_last_bit():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 3, 60)
    X, Y = ([rng.integers(0, 2, length) for length in lengths] for _ in range(2))
    weight = [rng.uniform(0.1, 1, length) for length in lengths]
    expected = in_order_per_step(X, Y, weight)
    assert len(expected) == len({(x, y) for x, y, _ in expected}) < 60
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(60)
        assert in_order_per_step(*([a[j] for j in order] for a in (X, Y, weight))) == expected


def test_weights_per_step_add_in_one_order_where_those_of_the_sequences_are_equal():
    pairs = np.random.default_rng(1).uniform(0.1, 1, (8, 2))
    weight = np.concatenate([pairs, pairs[:, ::-1]])  # a + b is b + a

    def merged(order):
        ((_, _, weights),) = in_order_per_step([[1, 2]] * 16, [[0, 1]] * 16, weight[order])
        return weights

    assert len({merged(np.random.default_rng(seed).permutation(16)) for seed in range(9)}) == 1


def test_canonical_leaves_its_argument_as_it_was():
    samples = per_step([[1, 2], [1, 2]], [[0, 1], [0, 1]], [[1.0, 2], [3.0, 4]])
    merged = canonical(samples, samples.Y)
    assert merged.weight.tolist() == [4, 6]
    assert samples.weight.tolist() == [1, 2, 3, 4]


# --- samples ----------------------------------------------------------------------------------------------------------


def test_samples_take_sequences_with_their_targets_and_weights():
    X = Ragged.from_lengths(np.arange(6.0)[:, None], [3, 1, 2])
    taken = Samples(X, np.array([[7], [8], [9]]), np.array([0.1, 0.2, 0.3])).take(np.array([2, 0]))
    assert [x[:, 0].tolist() for x in taken.X] == [[4, 5], [0, 1, 2]]
    assert taken.Y[:, 0].tolist() == [9, 7]
    assert taken.weight.tolist() == [0.3, 0.1]
    taken = Samples(X, np.arange(6)[:, None] + 10, np.arange(6.0), X.offsets).take(np.array([2, 0]))
    assert taken.Y[:, 0].tolist() == [14, 15, 10, 11, 12]
    assert taken.weight.tolist() == [4, 5, 0, 1, 2]
    assert taken.offsets.tolist() == [0, 2, 5]


def test_weights_of_sequences_and_of_steps_follow_from_each_other():
    X = Ragged.from_lengths(np.zeros((6, 1)), [3, 1, 2])
    one = Samples(X, np.zeros((3, 1)), np.array([2.0, 0, 5]))
    assert one.sequence_weights().tolist() == [2, 0, 5]
    assert one.step_weights().tolist() == [2, 2, 2, 0, 5, 5]
    each = Samples(X, np.zeros((6, 1)), np.array([1.0, 2, 3, 0, 0, 7]), X.offsets)
    assert each.sequence_weights().tolist() == [6, 0, 7]
    assert each.step_weights().tolist() == [2, 2, 2, 0, 3.5, 3.5]


def test_sequences_without_weight_are_left_out_and_steps_without_weight_stay():
    X = Ragged.from_lengths(np.arange(6.0)[:, None], [3, 1, 2])
    one = Samples(X, np.array([[7], [8], [9]]), np.array([2.0, 0, 5])).weighted()
    assert one.Y[:, 0].tolist() == [7, 9]
    assert one.X.lengths.tolist() == [3, 2]
    each = Samples(X, np.arange(6)[:, None], np.array([1.0, 0, 3, 0, 0, 7]), X.offsets).weighted()
    assert each.Y[:, 0].tolist() == [0, 1, 2, 4, 5]
    assert each.weight.tolist() == [1, 0, 3, 0, 7]
    whole = Samples(X, np.zeros((3, 1)), np.ones(3))
    assert whole.weighted() is whole


# --- initial weights --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 7])
def test_recurrent_weights_are_orthogonal_and_differ(n):
    rng = np.random.default_rng(0)
    Q = orthogonal(rng, n)
    assert_allclose(Q @ Q.T, np.eye(n), atol=1e-13)
    assert n == 1 or np.abs(Q - orthogonal(rng, n)).max() > 0.1


def test_orthogonal_matrices_are_of_no_preferred_direction():
    rng = np.random.default_rng(0)
    mean = np.mean([orthogonal(rng, 3) for _ in range(4000)], axis=0)
    assert np.abs(mean).max() < 5 / np.sqrt(3 * 4000)  # without the signs of R its diagonal would be far from zero


def test_glorot_weights_have_the_variance_of_the_paper():
    w = glorot(np.random.default_rng(0), 300, 100)
    assert w.shape == (300, 100)
    assert_allclose(w.var(), 2 / 400, rtol=0.03)
    assert np.abs(w).max() <= math.sqrt(6 / 400)


def gates_of(network, theta):
    """cell, gate, its weights, columns of these: of each gate of each direction of each layer."""
    views = network.layout.views(theta)
    for cell, keys in zip(network.cells, network.keys, strict=True):
        for key in keys:
            for part in cell.parts:
                for gate, w in zip(part.gates, np.split(views[f"{key}/{part.name}"], len(part.gates)), strict=True):
                    yield cell, gate, w, cell.columns(part)


@pytest.mark.parametrize("memory", [1.0, 0.0, 2.5])
@pytest.mark.parametrize("name", CELLS)
def test_each_gate_starts_orthogonal_in_the_state_and_with_the_bias_of_its_cell(name, memory):
    network = net(name, units=(3, 4))
    theta = network.initial(np.random.default_rng(0), memory)
    assert theta.shape == (network.layout.size,)
    assert_array_equal(theta, network.initial(np.random.default_rng(0), memory, longest=99))
    for cell, gate, w, columns in gates_of(network, theta):
        keeps = {"lstm": "f", "lstm_coupled": "f", "gru": "z", "gru_reset_before": "z", "gru_no_reset": "z"}
        sign = -1 if (name, gate) == ("mgu", "f") else int(keeps.get(name) == gate)
        assert_array_equal(w[:, columns["1"]], sign * memory)
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
def test_by_default_the_forget_gates_of_an_lstm_begin_open_and_all_others_undecided(name):
    network = net(name)
    for _, gate, w, columns in gates_of(network, network.initial(np.random.default_rng(0))):
        assert_array_equal(w[:, columns["1"]], 1 if (gate, "lstm" in name) == ("f", True) else 0)


@pytest.mark.parametrize("name", [name for name, cell in CELLS.items() if cell.keeps])
def test_units_with_a_high_bias_remember(name):
    cell = CELLS[name](1, 2)
    W = cell_weights(np.random.default_rng(0), cell, 50.0, 2)
    h, c = np.array([0.3, -0.2]), np.array([0.7, 0.1])
    h_next, c_next = oracle.CELLS[name](W, np.tanh, np.zeros(1), h, c, 0)
    if "c" in cell.frame:
        assert_allclose(c_next, c, rtol=1e-12)
    else:
        assert_allclose(h_next, h, rtol=1e-12)


@pytest.mark.parametrize("longest", [2, 3, 100])
@pytest.mark.parametrize("name", CELLS)
def test_chrono_spreads_the_memory_of_the_units_up_to_the_longest_sequence(name, longest):
    network = net(name, units=(50, 40))
    biases = {}
    for cell, gate, w, columns in gates_of(network, network.initial(np.random.default_rng(0), "chrono", longest)):
        bias = w[:, columns["1"]]
        keeps = cell.keeps.get(gate, 0)
        if keeps:
            assert (keeps * bias >= 0).all()
            assert (keeps * bias <= np.log(longest - 1)).all()
            steps = np.exp(keeps * bias)  # what a unit shall remember: uniform
            assert abs(steps.mean() - longest / 2) <= 0.15 * (longest - 2)
            biases["keeps"] = bias
        elif gate in cell.admits:
            assert name == "lstm"
            biases["admits"] = bias
        else:
            assert_array_equal(bias, 0)
        if gate == "i" and name == "lstm":
            assert_array_equal(biases["admits"], -biases["keeps"])  # f stands before i
    assert ("admits" in biases) == (name == "lstm")


def test_the_vectors_of_tokens_start_normal_and_that_of_unknown_ones_at_zero():
    network = net(tokens=2000, n_features=5)
    theta = network.initial(np.random.default_rng(0))
    E = network.layout.views(theta)["embedding/E"]
    assert E.shape == (2000, 5)
    assert len(theta) == network.layout.size + 2000 * 5
    assert_array_equal(E[0], 0)
    assert (E[1:] != 0).all()
    assert_allclose([E[1:].mean(), E[1:].std()], [0, 1], atol=0.04)


# --- optimisers and schedules -----------------------------------------------------------------------------------------


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


FORMULAS = {"adam": adam, "sgd": sgd}
SETTINGS = [
    ("adam", {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}),
    ("adam", {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 0.1}),
    ("adam", {"beta_1": 0.0, "beta_2": 0.0, "epsilon": 1e-3}),
    ("sgd", {"momentum": 0.0, "nesterovs_momentum": True}),
    ("sgd", {"momentum": 0.9, "nesterovs_momentum": True}),
    ("sgd", {"momentum": 0.9, "nesterovs_momentum": False}),
]
SOME = dict(SETTINGS)


def test_every_optimiser_has_its_formula_here():
    assert FORMULAS.keys() == SOME.keys() == OPTIMISERS.keys()


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_an_optimiser_follows_its_formula(name, settings):
    rng = np.random.default_rng(0)
    theta, gradients = rng.standard_normal(5), rng.standard_normal((8, 5))
    optimiser, moved = OPTIMISERS[name](theta, **settings, unused=None), theta.copy()
    for g, expected in zip(gradients, FORMULAS[name](theta, gradients, 0.03, **settings), strict=True):
        before = g.copy()
        optimiser.step(moved, g, 0.03)
        assert_allclose(moved, expected, rtol=1e-12)
        assert_array_equal(g, before)


@every_optimiser
def test_an_optimiser_goes_on_from_its_state(name):
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(5), rng.standard_normal((6, 5))
    straight, broken = start.copy(), start.copy()
    optimiser = OPTIMISERS[name](straight, **SOME[name])
    for g in gradients:
        optimiser.step(straight, g, 0.1)
    first = OPTIMISERS[name](broken, **SOME[name])
    for g in gradients[:3]:
        first.step(broken, g, 0.1)
    second = OPTIMISERS[name](broken, state=first.state, **SOME[name])
    for g in gradients[3:]:
        second.step(broken, g, 0.1)
    assert_array_equal(broken, straight)


@every_optimiser
def test_an_optimiser_keeps_float32(name):
    theta = np.ones(3, np.float32)
    optimiser = OPTIMISERS[name](theta, **SOME[name])
    optimiser.step(theta, np.ones(3, np.float32), 0.1)
    assert {v.dtype for v in optimiser.state.values() if isinstance(v, np.ndarray)} == {np.dtype(np.float32)}
    assert (theta < 1).all()


def test_clipping_shortens_a_long_gradient_in_place_and_leaves_others():
    grad = np.array([3.0, 4.0])
    assert clip_norm(grad, None) is grad
    assert clip_norm(grad, 5.0).tolist() == [3, 4]
    assert clip_norm(grad, 1.0) is grad
    assert_allclose(grad, [0.6, 0.8])
    assert clip_norm(np.zeros(2), 1.0).tolist() == [0, 0]


def test_schedules_follow_their_formulas():
    assert [Schedule("constant", 0.1, 0.5).rate(p, 99) for p in (0, 0.5, 0.9)] == [0.1] * 3
    assert_allclose([Schedule("cosine", 0.1, 0.5).rate(p, 99) for p in (0, 1 / 3, 0.5, 1)], [0.1, 0.075, 0.05, 0])
    assert_allclose([Schedule("invscaling", 0.1, 0.5).rate(0.5, seen) for seen in (0, 3, 99)], [0.1, 0.05, 0.01])
    assert [Schedule(kind, 0.1, 0.5).planned for kind in ("constant", "cosine", "invscaling", "adaptive")] == [
        False,
        True,
        False,
        False,
    ]


def test_only_an_adaptive_schedule_goes_on_when_training_stalls():
    assert not any(Schedule(kind, 0.1, 0.5).go_on() for kind in ("constant", "cosine", "invscaling"))
    schedule, rates = Schedule("adaptive", 0.1, 0.5), []
    while schedule.go_on():
        rates.append(schedule.rate(0, 0))
    assert_allclose(rates, 0.1 / 5.0 ** np.arange(1, len(rates) + 1))
    assert rates[-1] <= 1e-6 < rates[-2]


def test_patience_ends_after_more_than_so_many_epochs_without_improvement():
    patience, stalled, improved = Patience(0.1, 2), [], []
    for value in (1.0, 0.5, 0.45, 0.44, 0.3, 0.3, 0.25, 0.29):
        improved.append(patience.see(value))
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


def test_batches_are_shuffled_by_seed_and_epoch_alone():
    def epochs(seed, first, n, shuffle=True):
        batches = Batches(50, 20, seed, shuffle=shuffle, first_epoch=first)
        return [np.concatenate([rows for rows, _ in batches.epoch()]).tolist() for _ in range(n)]

    assert epochs(0, 0, 4) == epochs(0, 0, 4)
    assert epochs(0, 0, 4)[2:] == epochs(0, 2, 2)
    assert len({tuple(rows) for rows in epochs(0, 0, 4) + epochs(1, 0, 4)}) == 8
    assert epochs(0, 0, 2, shuffle=False) == [list(range(50))] * 2


@pytest.mark.parametrize("shuffle", [False, True])
def test_no_two_batches_have_the_same_key_and_a_later_start_goes_on_with_the_keys(shuffle):
    def keys(seed, first, n):
        batches = Batches(50, 20, seed, shuffle=shuffle, first_epoch=first)
        return [key for _ in range(n) for _, key in batches.epoch()]

    assert len(set(keys(0, 0, 4) + keys(1, 0, 4))) == 2 * 4 * 3
    assert keys(0, 0, 4)[6:] == keys(0, 2, 2)


# --- descend ----------------------------------------------------------------------------------------------------------


class Quadratic:
    """The mean over the rows of ½ ‖theta - centre‖²; its minimum is the mean of the centres."""

    def __init__(self, centres):
        self.centres, self.calls = np.array(centres, float), 0

    def __call__(self, theta, rows, key=None):
        self.calls += 1
        difference = theta - self.centres[rows]
        misfit = 0.5 * float((difference**2).sum(axis=1).mean())
        return Value(misfit, 0.0, difference.mean(axis=0).astype(theta.dtype), None)

    def null_loss(self):
        return 1.0


def gradient_descent(theta, objective, *, size=10, rate=0.5, kind="constant", max_norm=None, epochs=3, **options):
    optimiser = OPTIMISERS["sgd"](theta, momentum=0.0, nesterovs_momentum=False)
    options = {"patience": None, "max_iter": epochs, "max_norm": max_norm} | options
    batches = Batches(len(objective.centres), size, 0)
    return descend(objective, theta, optimiser, Schedule(kind, rate, 0.5), batches, **options)


def test_descent_takes_the_steps_of_gradient_descent_and_reports_the_loss_before_each():
    theta, objective = np.array([8.0, 0.0]), Quadratic([[0, 0], [0, 0]])
    course = gradient_descent(theta, objective)
    assert_allclose(theta, [1, 0])
    assert_allclose(course.losses, [32, 8, 2])
    assert course.seen == 6
    assert course.scores == []
    assert course.ended == "max_iter"


def test_the_loss_of_an_epoch_is_the_mean_over_its_sequences():
    theta, objective = np.zeros(1), Quadratic([[1], [1], [4]])
    course = gradient_descent(theta, objective, size=2, rate=1e-12, epochs=1)
    assert_allclose(course.losses, [(0.5 + 0.5 + 8) / 3], rtol=1e-9)


def test_descent_clips_each_gradient():
    theta = np.array([8.0])
    gradient_descent(theta, Quadratic([[0]]), rate=1.0, max_norm=0.25, epochs=3)
    assert_allclose(theta, [7.25])


def test_a_cosine_schedule_runs_through_all_steps_of_all_epochs():
    theta, steps = np.array([0.0]), []

    class Rates:
        def step(self, theta, grad, rate, where):
            steps.append(rate)

    course = descend(
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
    assert course.seen == 8


def test_descent_stops_when_the_loss_stalls():
    theta = np.array([1.0])
    course = gradient_descent(theta, Quadratic([[0]]), rate=1.0, epochs=50, patience=Patience(1e-9, 3))
    assert course.ended == "stalled"
    assert len(course.losses) == 6  # 0.5, 0, then 4 without improvement


def test_an_adaptive_schedule_gets_smaller_rates_before_the_end():
    theta, schedule, objective = np.array([1.0]), Schedule("adaptive", 1e-3, 0), Quadratic([[0]])
    optimiser = OPTIMISERS["sgd"](theta, momentum=0.0, nesterovs_momentum=False)
    course = descend(
        objective, theta, optimiser, schedule, Batches(1, 1, 0), max_iter=500, max_norm=None, patience=Patience(1.0, 2)
    )
    assert course.ended == "stalled"
    assert schedule.initial <= 1e-6
    assert len(course.losses) == 1 + 3 * 6  # 1e-3 / 5^5 < 1e-6: five smaller rates, three epochs each


def test_with_a_score_the_weights_of_the_best_epoch_are_kept():
    theta, seen, scores = np.array([8.0]), [], iter([0.1, 0.7, 0.7, 0.3, 0.2, 0.1])

    def score(theta):
        seen.append(theta.copy())
        return next(scores)

    course = gradient_descent(theta, Quadratic([[0]]), epochs=50, score=score, patience=Patience(1e-9, 2))
    assert course.scores == [0.1, 0.7, 0.7, 0.3, 0.2]  # the first 0.7 is the best, three epochs are no better
    assert course.ended == "stalled"
    assert theta == seen[1] == 2


def test_a_report_follows_each_epoch():
    reported = []
    gradient_descent(np.ones(1), Quadratic([[0]]), report=lambda course: reported.append(len(course.losses)))
    assert reported == [1, 2, 3]


def interrupting(objective, calls):
    def interrupted(theta, rows, key=None):
        if objective.calls == calls:
            raise KeyboardInterrupt
        return objective(theta, rows)

    interrupted.null_loss, interrupted.centres = objective.null_loss, objective.centres
    return interrupted


@pytest.mark.parametrize(("calls", "n_losses", "value"), [(3, 2, 1 / 8), (1, 1, 1 / 2)])
def test_an_interrupt_keeps_the_model_so_far(calls, n_losses, value):
    theta = np.ones(1)
    course = gradient_descent(theta, interrupting(Quadratic([[0], [0]]), calls), size=1, epochs=9)
    assert course.ended == "interrupted"
    assert len(course.losses) == max(1, n_losses - 1)
    assert_allclose(theta, value)


def test_an_interrupt_before_the_first_step_is_raised():
    with pytest.raises(KeyboardInterrupt):
        gradient_descent(np.ones(1), interrupting(Quadratic([[0]]), 0))


def test_an_interrupt_restores_the_best_weights():
    theta, scores = np.array([8.0]), iter([0.9, 0.1])
    course = gradient_descent(
        theta, interrupting(Quadratic([[0]]), 2), epochs=9, score=lambda theta: next(scores), patience=Patience(0, 9)
    )
    assert course.ended == "interrupted"
    assert theta == 4


@pytest.mark.parametrize("rate", [3.0, 1e200])
def test_divergence_is_an_error_that_says_what_to_change(rate):
    theta = np.array([1.0, 0.0])
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"diverged in epoch \d+.*learning_rate_init"):
        gradient_descent(theta, Quadratic([[1, 2]]), rate=rate, epochs=100)


def test_a_loss_that_is_not_a_number_is_a_divergence():
    with pytest.raises(ValueError, match="diverged in epoch 1: the loss is nan"):
        gradient_descent(np.zeros(1), Quadratic([[math.nan]]))


def words():
    """An objective over sequences of tokens from the first half of a vocabulary; weights; which of them are unread."""
    network, X = net(tokens=20, n_features=4, units=(3,)), sequences([4, 2, 5, 1], tokens=10)
    theta, unread = network.initial(np.random.default_rng(0)), np.ones(20, bool)
    unread[X.values] = False
    return objective_of(network, X), theta, unread


@every_optimiser
def test_descent_moves_the_vectors_of_the_tokens_that_come_and_no_others(name):
    objective, theta, unread = words()
    table = objective.network.layout.views(theta)["embedding/E"]
    before = table.copy()
    optimiser, batches = OPTIMISERS[name](theta, **SOME[name]), Batches(4, 2, 0)
    schedule = Schedule("constant", 0.01, 0.5)
    course = descend(objective, theta, optimiser, schedule, batches, max_iter=5, max_norm=1.0, patience=None)
    assert course.losses[-1] < course.losses[0]
    assert_array_equal((table == before).all(axis=1), unread)


def test_lbfgs_moves_the_vectors_of_the_tokens_that_come_and_no_others():
    objective, theta, unread = words()
    table = objective.network.layout.views(theta)["embedding/E"]
    before = table.copy()
    course = minimise_lbfgs(objective, theta, np.arange(4), max_iter=5, max_fun=50, tol=1e-8)
    assert course.losses[-1] < course.losses[0]
    assert_array_equal((table == before).all(axis=1), unread)


# --- L-BFGS -----------------------------------------------------------------------------------------------------------


class Valley(Quadratic):
    """A quadratic with curvatures from 1 to 100."""

    def __call__(self, theta, rows, key=None):
        self.calls += 1
        curvature, difference = np.array([1, 10, 100.0]), theta - self.centres[0]
        misfit = 0.5 * float((curvature * difference**2).sum())
        return Value(misfit, 0.0, (curvature * difference).astype(theta.dtype), None)


def lbfgs(theta, objective, **options):
    options = {"max_iter": 100, "max_fun": 1000, "tol": 1e-8} | options
    return minimise_lbfgs(objective, theta, np.arange(2), **options)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-7), (np.float32, 1e-4)])
def test_lbfgs_finds_the_minimum_of_a_quadratic(dtype, rtol):
    theta, reported = np.zeros(3, dtype), []
    course = lbfgs(theta, Valley([[1, -2, 3]]), report=lambda course: reported.append(course.losses[-1]))
    assert theta.dtype == dtype
    assert_allclose(theta, [1, -2, 3], rtol=rtol)
    assert course.ended == "converged"
    assert course.losses[-1] < 1e-8
    assert course.seen == 2 * len(course.losses)
    assert len(reported) == len(course.losses)
    assert course.losses == sorted(course.losses, reverse=True)


@pytest.mark.parametrize("limit", ["max_iter", "max_fun"])
def test_lbfgs_says_when_it_reached_its_limit(limit):
    theta, objective = np.zeros(3), Valley([[1, -2, 3]])
    course = lbfgs(theta, objective, **{limit: 3})
    assert course.ended == "max_iter"
    assert len(course.losses) <= 3
    assert_allclose(course.losses[-1], objective(theta, None).misfit)


def test_lbfgs_at_the_minimum_stays_there():
    theta = np.array([1.0, -2, 3])
    course = lbfgs(theta, Valley([[1, -2, 3]]))
    assert theta.tolist() == [1, -2, 3]
    assert course.losses == [0]
    assert course.ended == "converged"


def test_lbfgs_interrupted_keeps_the_last_iterate():
    objective, reported = Valley([[1, -2, 3]]), []

    def report(course):
        reported.append(course.losses[-1])
        if len(reported) == 3:
            raise KeyboardInterrupt

    theta = np.zeros(3)
    course = lbfgs(theta, objective, report=report)
    assert course.ended == "interrupted"
    assert course.losses == reported
    assert_allclose(objective(theta, None).misfit, reported[-1])


def test_lbfgs_interrupted_before_its_first_iterate_raises():
    theta = np.zeros(3)
    with pytest.raises(KeyboardInterrupt):
        lbfgs(theta, interrupting(Valley([[1, -2, 3]]), 1))
    assert theta.tolist() == [0, 0, 0]


def test_lbfgs_refuses_what_is_not_a_number():
    with pytest.raises(ValueError, match="diverged in epoch 1: the loss is nan"):
        lbfgs(np.zeros(3), Valley([[math.nan, 0, 0]]))


def test_a_course_begins_empty():
    assert Course() == Course(losses=[], scores=[], seen=0, ended="max_iter")
    assert Course().losses is not Course().losses


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
