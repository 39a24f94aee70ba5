"""Every cell, by itself and inside a network, against its plain equations: values and gradients."""

import numpy as np
import oracle
import pytest
from networks import assert_every_coordinate, assert_objectives_agree, masks_of, problem, value_and_gradient
from numpy.testing import assert_allclose, assert_array_equal

import sklearn_recurrent._core.objective as objective_module
import sklearn_recurrent._core.unroll as unroll_module
from sklearn_recurrent._core.activations import ACTIVATIONS
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.heads import POOLINGS
from sklearn_recurrent._core.losses import LOSSES
from sklearn_recurrent._core.packing import PackedBatch
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._core.unroll import StateCollector, unroll
from sklearn_recurrent._core.workspace import Workspace

F, H = 3, 4
BATCHES = {"full": [5, 5, 5], "ragged": [7, 6, 6, 4, 4, 1, 1], "one step": [1, 1], "one sequence": [6]}
POOLED = [(("last",), "squared_error"), (("mean",), "logistic"), (("max",), "softmax"), (("attention",), "logistic")]
POOLED += [(POOLINGS, "softmax"), (("mean", "attention"), "squared_error")]


def test_the_oracle_knows_every_entry_of_the_registries():
    assert set(oracle.CELLS) == set(CELLS)
    assert set(oracle.ACTIVATIONS) == set(ACTIVATIONS)
    assert set(oracle.LOSSES) == set(LOSSES)
    assert {*oracle.POOLINGS, "attention"} == set(POOLINGS)


# --- a cell by itself -------------------------------------------------------------------------------------------------


def draw(cell, lengths, seed=0):
    rng = np.random.default_rng(seed)
    W = {name: 0.7 * rng.standard_normal(shape) for name, shape in cell.shapes().items()}
    return W, Ragged.from_lengths(rng.standard_normal((sum(lengths), cell.F)), np.array(lengths))


def run(cell, W, X, *, reverse=False, max_padding=0.1, **options):
    """Last states (H, N), the states of every step in the order of X (S, H), and ``back(dW, d_last, d_states, dx)``."""
    packed, scratch = PackedBatch.of(X.lengths, max_padding), Workspace(X.values.dtype)
    collector = StateCollector(packed, reverse, np.full((len(X.values), cell.H), np.nan, X.values.dtype))
    unrolled = unroll(cell, W, X.values, packed, scratch, reverse=reverse, observers=[collector], **options)

    def back_from_states(dW, d_last, d_states, dx):
        collector.gradient = d_states
        unrolled.back(dW, d_last, dx)

    return unrolled.h, collector.values, back_from_states


def by_the_oracle(name, activation, W, X, *, reverse=False, n_units=H, masks=None, truncate=None):
    """The same two, step by step; `masks` (H, N)."""
    masks = [1] * len(X) if masks is None else masks.T
    read = [
        oracle.states(name, activation, n_units, W, x, reverse, mask, truncate)
        for x, mask in zip(X, masks, strict=True)
    ]
    return np.array([h[-1] for h in read]).T, np.concatenate([h[::-1] if reverse else h for h in read])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", CELLS)
def test_a_cell_computes_its_equations(name, activation, lengths, reverse):
    cell = CELLS[name](F, H, activation)
    W, X = draw(cell, lengths)
    last, states, _ = run(cell, W, X, reverse=reverse)
    true_last, true_states = by_the_oracle(name, activation, W, X, reverse=reverse)
    assert_allclose(last, true_last, rtol=1e-12, atol=1e-14)
    assert_allclose(states, true_states, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", CELLS)
def test_float32_is_accurate_to_float32_and_stays_float32(name, activation):
    cell = CELLS[name](F, H, activation)
    W, X = draw(cell, BATCHES["ragged"])
    W, X = {part: w.astype(np.float32) for part, w in W.items()}, X.map(lambda values: values.astype(np.float32))
    dW, dx = {part: np.zeros_like(w) for part, w in W.items()}, np.zeros_like(X.values)
    last, states, back = run(cell, W, X)
    back(dW, np.ones_like(last), np.ones_like(states), dx)
    assert {a.dtype for a in (last, states, dx, *dW.values())} == {np.dtype(np.float32)}

    W, X = {part: w.astype(np.float64) for part, w in W.items()}, X.map(lambda values: values.astype(np.float64))
    true_dW, true_dx = {part: np.zeros_like(w) for part, w in W.items()}, np.zeros_like(X.values)
    true_last, true_states, back = run(cell, W, X)
    back(true_dW, np.ones_like(true_last), np.ones_like(true_states), true_dx)
    pairs = [(last, true_last), (states, true_states), (dx, true_dx), *((dW[part], true_dW[part]) for part in W)]
    for single, double in pairs:
        assert_allclose(single, double, rtol=1e-5, atol=3e-6 * np.abs(double).max())


def assert_gradients_agree(
    name, cell, activation, lengths, *, reverse=False, max_padding=0.1, mask=None, truncate=None
):
    """All gradients of a random linear function of all states, coordinate by coordinate, against complex steps."""
    W, X = draw(cell, lengths)
    rng = np.random.default_rng(1)
    d_last, d_states = rng.standard_normal((cell.H, len(lengths))), rng.standard_normal((sum(lengths), cell.H))
    dW, dx = {part: np.zeros_like(w) for part, w in W.items()}, np.zeros_like(X.values)
    last, states, back = run(cell, W, X, reverse=reverse, max_padding=max_padding, mask=mask, truncate=truncate)
    options = {"reverse": reverse, "n_units": cell.H, "masks": mask, "truncate": truncate}
    true_last, true_states = by_the_oracle(name, activation, W, X, **options)
    assert_allclose(last, true_last, rtol=1e-12, atol=1e-14)
    assert_allclose(states, true_states, rtol=1e-12, atol=1e-14)
    back(dW, d_last, d_states, dx)

    def function(W, values):
        last, states = by_the_oracle(name, activation, W, X.map(lambda _: values), **options)
        return (d_last * last).sum() + (d_states * states).sum()

    for part, w in W.items():
        assert_every_coordinate(dW[part], lambda w, part=part: function(W | {part: w}, X.values), w)
    assert_every_coordinate(dx, lambda values: function(W, values), X.values)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", CELLS)
def test_every_coordinate_of_the_gradient_of_a_cell_is_right(name, activation, reverse):
    cell = CELLS[name](2, 3, activation)
    assert_gradients_agree(name, cell, activation, [5, 4, 4, 1], reverse=reverse)


@pytest.mark.parametrize(("max_padding", "n_chunks"), [(0, 3), (0.1, 2), (0.9, 1)])  # 3: no padding
@pytest.mark.parametrize("name", CELLS)
def test_columns_that_have_ended_give_no_gradient(name, max_padding, n_chunks):
    assert len(PackedBatch(np.array([9, 8, 1]), max_padding).chunks) == n_chunks
    assert_gradients_agree(name, CELLS[name](1, 2), "tanh", [9, 8, 1], max_padding=max_padding)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("name", CELLS)
def test_every_coordinate_of_the_gradient_of_a_cell_with_a_masked_state_is_right(name, activation, reverse):
    mask = np.array([[0, 2, 1.5, 0], [2, 0, 1.5, 2], [2, 0, 0.5, 0]])
    assert_gradients_agree(name, CELLS[name](2, 3, activation), activation, [5, 4, 4, 1], reverse=reverse, mask=mask)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("truncate", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.each_choice(times=2)
def test_a_truncated_gradient_takes_the_state_every_so_many_steps_as_a_constant(name, truncate, reverse):
    for max_padding in (0, 10):
        assert_gradients_agree(
            name, CELLS[name](1, 2), "tanh", [7, 6, 3, 1], reverse=reverse, max_padding=max_padding, truncate=truncate
        )


@pytest.mark.parametrize("name", CELLS)
def test_a_masked_state_and_truncation_go_together(name):
    mask = np.array([[0, 2, 1.5], [2, 0, 1.5]])
    assert_gradients_agree(name, CELLS[name](1, 2), "tanh", [7, 5, 2], mask=mask, truncate=3)


@pytest.mark.parametrize("n_bytes", [1, 300])
@pytest.mark.parametrize("name", CELLS)
def test_a_gradient_is_truncated_wherever_the_backward_pass_is_cut(name, n_bytes, monkeypatch):
    monkeypatch.setattr(unroll_module, "COEFFICIENT_BYTES", n_bytes)
    for truncate in (1, 2, 4):
        assert_gradients_agree(name, CELLS[name](1, 2), "tanh", [7, 6, 3, 1], truncate=truncate)


@pytest.mark.parametrize("name", CELLS)
def test_truncation_at_the_length_of_the_longest_is_none(name):
    cell, lengths = CELLS[name](2, 3), [6, 4]
    W, X = draw(cell, lengths)
    gradients = []
    for truncate in (None, 6, 5):
        dW = {part: np.zeros_like(w) for part, w in W.items()}
        run(cell, W, X, truncate=truncate)[2](dW, np.ones((3, 2)), np.ones((10, 3)), None)
        gradients.append(np.concatenate([d.ravel() for d in dW.values()]))
    assert_array_equal(gradients[1], gradients[0])
    assert np.abs(gradients[2] - gradients[0]).max() > 1e-3


# --- a cell with a planted bug ----------------------------------------------------------------------------------------


def without_the_recurrent_gradient(cell):
    class Planted(cell):
        def weights_back(self, W):
            return [np.zeros_like(w) for w in super().weights_back(W)]

    return Planted


def with_the_new_state_for_the_old_in_the_weight_gradient(cell):
    class Planted(cell):
        def local_jacobian(self, inputs, cache, coefficients):
            super().local_jacobian(inputs, cache, coefficients)
            inputs[:-1, -self.H :] = inputs[1:, -self.H :].copy()  # only the product with delta is still to come

    return Planted


def with_the_new_state_for_the_old_in_the_coefficients(cell):
    class Planted(cell):
        def local_jacobian(self, inputs, cache, coefficients):
            inputs = inputs.copy()
            inputs[:-1, -self.H :] = inputs[1:, -self.H :].copy()
            super().local_jacobian(inputs, cache, coefficients)

    return Planted


def without_the_gradient_through_the_cell_state(cell, share=0):
    class Planted(cell):
        def back(self, weights, coefficients, cache, dY, dh, dc, *rest):
            for t, dy in zip(reversed(range(len(coefficients))), dY):
                np.multiply(dc, share, dc)
                super().back(weights, coefficients[t : t + 1], cache[t : t + 2], [dy], dh, dc, *rest)

    return Planted


def without_the_gradient_along_the_direct_path(cell):
    class Planted(cell):
        def back(self, weights, coefficients, cache, *rest):
            super().back(weights, coefficients, np.zeros_like(cache), *rest)  # z of h' = (1 - z) ∘ n + z ∘ h

    return Planted


def with_a_wrong_derivative_of_tanh(cell):
    class Planted(cell):
        def __init__(self, *args):
            super().__init__(*args)
            self.derivative = lambda y, s, sy, out: np.subtract(s, sy, out)  # 1 - y for 1 - y²

    return Planted


def has_cell_state(cell):
    return "c" in cell.cache_blocks


def mixes_old_and_new(cell):
    return cell.cache_blocks != () and not has_cell_state(cell)


BUGS = {
    without_the_recurrent_gradient: lambda cell: True,
    with_the_new_state_for_the_old_in_the_weight_gradient: lambda cell: True,
    with_the_new_state_for_the_old_in_the_coefficients: mixes_old_and_new,
    without_the_gradient_through_the_cell_state: has_cell_state,
    without_the_gradient_along_the_direct_path: mixes_old_and_new,
    with_a_wrong_derivative_of_tanh: lambda cell: True,
}
PLANTED = [(plant, name) for plant, applies in BUGS.items() for name, cell in CELLS.items() if applies(cell)]


@pytest.mark.parametrize(("plant", "name"), PLANTED, ids=[f"{name}-{plant.__name__}" for plant, name in PLANTED])
def test_a_planted_bug_fails_the_gradient_test(plant, name):
    planted = plant(CELLS[name])(2, 3, "tanh")
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_gradients_agree(name, planted, "tanh", [5, 4, 4, 1])


@pytest.mark.parametrize(("plant", "name"), PLANTED, ids=[f"{name}-{plant.__name__}" for plant, name in PLANTED])
def test_a_planted_bug_leaves_the_values_right(plant, name):
    planted = plant(CELLS[name])(F, H, "tanh")
    W, X = draw(planted, BATCHES["ragged"])
    assert_allclose(run(planted, W, X)[1], by_the_oracle(name, "tanh", W, X)[1], rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in CELLS if has_cell_state(CELLS[name])])
def test_what_plants_a_bug_plants_no_other(name):
    cell = without_the_gradient_through_the_cell_state(CELLS[name], share=1)(2, 3, "tanh")
    assert_gradients_agree(name, cell, "tanh", [5, 4, 4, 1])


# --- a whole network --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pooling", "loss"), POOLED, ids=["+".join(kinds) for kinds, _ in POOLED])
@pytest.mark.parametrize("units", [(3,), (3, 2)], ids=["one layer", "two layers"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", CELLS)
def test_loss_and_gradient_of_a_network_are_those_of_its_equations(
    name, activation, bidirectional, units, pooling, loss
):
    objective, theta, true = problem(
        loss, cell=name, activation=activation, bidirectional=bidirectional, units=units, pooling=pooling
    )
    assert_objectives_agree(objective, theta, true)


@pytest.mark.parametrize("name", CELLS)
def test_every_coordinate_of_the_gradient_of_a_network_is_right(name):
    objective, theta, true = problem("softmax", cell=name, units=(2, 2), lengths=(3, 1, 2), n_features=1, n_outputs=2)
    _, grad = value_and_gradient(objective, theta, np.arange(3))
    assert_every_coordinate(grad, true, theta)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", CELLS)
def test_the_gradient_is_what_the_value_changes_by(name, activation, loss):
    objective, theta, _ = problem(loss, cell=name, activation=activation, units=(3, 2))
    direction = np.random.default_rng(2).standard_normal(len(theta))
    direction /= np.linalg.norm(direction)
    _, grad = value_and_gradient(objective, theta, np.arange(5))
    ahead, behind = (value_and_gradient(objective, theta + e * direction, np.arange(5))[0] for e in (1e-5, -1e-5))
    change = (ahead - behind) / 2e-5
    assert_allclose(grad @ direction, change, rtol=1e-6, atol=1e-8 * np.linalg.norm(grad))


ROUND = [
    ("squared_error", False, (3,)),
    ("logistic", True, (2, 3)),
    ("softmax", True, (2,)),
    ("softmax", False, (2, 2)),
]


@pytest.mark.parametrize(("loss", "bidirectional", "units"), ROUND)
@pytest.mark.parametrize("name", CELLS)
def test_with_an_output_per_step_loss_and_gradient_are_those_of_the_equations(name, loss, bidirectional, units):
    objective, theta, true = problem(loss, cell=name, bidirectional=bidirectional, units=units, per_step=True)
    assert_objectives_agree(objective, theta, true)


@pytest.mark.parametrize("per_step", [False, True], ids=["per sequence", "per step"])
@pytest.mark.parametrize("truncate", [1, 2, 3])
@pytest.mark.parametrize("name", CELLS)
def test_a_truncated_gradient_of_a_network_is_that_of_its_equations(name, truncate, per_step):
    objective, theta, true = problem(
        cell=name, units=(2, 3), lengths=(3, 7, 1, 6, 6), truncate=truncate, per_step=per_step
    )
    assert_objectives_agree(objective, theta, true)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("per_step", [False, True], ids=["per sequence", "per step"])
@pytest.mark.parametrize(("dropout", "recurrent_dropout"), [(0.4, 0), (0, 0.4), (0.3, 0.5)])
@pytest.mark.parametrize("name", CELLS)
def test_with_dropout_loss_and_gradient_are_those_of_the_equations_with_the_same_masks(
    name, dropout, recurrent_dropout, per_step, bidirectional
):
    lengths, key = (3, 6, 1, 4, 4), (7, 1, 0)
    architecture = {"cell": name, "units": (4, 3), "bidirectional": bidirectional, "per_step": per_step}
    objective, theta, true = problem(
        lengths=lengths, dropout=dropout, recurrent_dropout=recurrent_dropout, **architecture
    )
    masks = masks_of(objective.network, lengths, np.random.default_rng((*key, 0)))
    assert_objectives_agree(objective, theta, lambda theta: true(theta, masks), key)


def test_each_shard_of_a_batch_draws_masks_of_its_own(monkeypatch):
    monkeypatch.setattr(objective_module, "SHARD", 2)
    lengths, key = np.array([4, 4, 4, 4, 2]), (7, 1, 0)
    objective, theta, true = problem(lengths=lengths, dropout=0.4, recurrent_dropout=0.4)
    masks, shards = [None] * 5, objective._shards(np.arange(5))
    assert len(shards) == 3
    for number, rows in shards:
        shard_masks = masks_of(objective.network, lengths[rows], np.random.default_rng((*key, number)))
        for j, mask in zip(rows, shard_masks, strict=True):
            masks[j] = mask
    assert_objectives_agree(objective, theta, lambda theta: true(theta, masks), key)


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_fails_the_gradient_test_of_a_network(plant, monkeypatch):
    name = next(name for name in ("lstm", "gru") if BUGS[plant](CELLS[name]))
    monkeypatch.setitem(CELLS, name, plant(CELLS[name]))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        test_loss_and_gradient_of_a_network_are_those_of_its_equations(
            name, "tanh", False, (3,), tuple(POOLINGS), "softmax"
        )
