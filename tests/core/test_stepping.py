"""States that go in and out: sequences in pieces, one step at a time; and the gradients that flow through them."""

import numpy as np
import oracle
import pytest
from networks import assert_every_coordinate, forward, net, predict, sequences, sequences_for, weights
from numpy.testing import assert_allclose, assert_array_equal

import sklearn_recurrent._core.unroll as unroll_module
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.packing import PackedBatch
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._core.stepping import Stepper
from sklearn_recurrent._core.threads import WorkerPool
from sklearn_recurrent._core.unroll import StateCollector, StateObserver, unroll
from sklearn_recurrent._core.workspace import Workspace

LENGTHS = [9, 9, 7, 4, 2]
PLAIN = [("last",), ("mean",), ("max",), ("max", "last", "mean")]
FORMS = {"+".join(kinds): {"pooling": kinds} for kinds in PLAIN} | {
    "per step": {"per_step": True},
    "tokens": {"tokens": 12, "pooling": ("last", "mean")},
    "tokens per step": {"tokens": 12, "per_step": True},
    "categories": {"tables": ((4, 2), (3, 1)), "n_features": 5, "pooling": ("last",)},
}

every_cell = pytest.mark.parametrize("cell", CELLS)
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def stream(cell, form, activation="tanh"):
    """A network of one direction and two layers, its weights, and sequences."""
    network = net(cell, activation, bidirectional=False, **form)
    return network, weights(network), sequences_for(network, LENGTHS)


def split(X, at):
    """The steps of each sequence before `at` and from there on, of those that have both."""
    rows = np.flatnonzero(X.lengths > at)
    pieces = [[x[:at] for x in X], [x[at:] for x in X.take(rows)]]
    return *(Ragged.from_lengths(np.concatenate(piece), list(map(len, piece))) for piece in pieces), rows


def columns(state, rows):
    return {name: a[..., rows] for name, a in state.items()}


# --- sequences in pieces ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("needs_backward", [False, True])
@pytest.mark.parametrize("at", [1, 3, 5])
@every_form
@every_cell
def test_a_sequence_that_goes_on_from_its_state_is_the_whole(cell, form, at, needs_backward):
    network, theta, X = stream(cell, form)
    first, second, rows = split(X, at)
    begin = Stepper(network, theta).initial(len(X))
    half = forward(network, theta, first, initial_state=begin, needs_backward=needs_backward)
    rest = forward(network, theta, second, initial_state=columns(half.ends, rows), needs_backward=needs_backward)
    whole = forward(network, theta, X, initial_state=begin, needs_backward=needs_backward)
    if network.per_step:
        expected = np.split(whole.raw, X.offsets[1:-1], axis=1)
        assert_allclose(half.raw, np.hstack([raw[:, :at] for raw in expected]), rtol=1e-12, atol=1e-14)
        assert_allclose(rest.raw, np.hstack([expected[j][:, at:] for j in rows]), rtol=1e-12, atol=1e-14)
    else:
        assert_allclose(rest.raw, whole.raw[:, rows], rtol=1e-12, atol=1e-14)
    assert rest.ends.keys() == whole.ends.keys() == begin.keys()
    for name, end in rest.ends.items():
        assert end.shape == (*begin[name].shape[:-1], len(rows))
        assert_allclose(end, whole.ends[name][..., rows], rtol=1e-12, atol=1e-14)
    assert_allclose(whole.raw, forward(network, theta, X).raw, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n_threads", [1, 2])
@every_cell
def test_predictions_go_on_from_states_in_any_order_of_lengths(cell, n_threads):
    network, theta, X = stream(cell, {"pooling": ("last", "mean", "max")})
    X = X.take(np.array([3, 0, 4, 2, 1]))
    first, second, _ = split(X, 1)
    ends = Stepper(network, theta).initial(5)

    def on_batch(rows, result):
        for name, end in result.ends.items():
            ends[name][..., rows] = end

    with WorkerPool(float, n_threads) as workers:
        predict(network, theta, first, workers, initial_state=Stepper(network, theta).initial(5), on_batch=on_batch)
        raw = predict(network, theta, second, workers, initial_state=ends)
    assert_allclose(raw, predict(network, theta, X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("pooling", PLAIN, ids="+".join)
@every_cell
def test_staged_outputs_go_on_from_a_state(cell, pooling):
    network, theta, X = stream(cell, {"pooling": pooling})
    first, second, rows = split(X, 3)
    begin = Stepper(network, theta).initial(len(X))
    half = forward(network, theta, first, initial_state=begin, staged=True, needs_backward=False)
    rest = forward(network, theta, second, initial_state=columns(half.ends, rows), staged=True, needs_backward=False)
    whole = np.split(forward(network, theta, X, staged=True, needs_backward=False).raw, X.offsets[1:-1], axis=1)
    assert_allclose(half.raw, np.hstack([raw[:, :3] for raw in whole]), rtol=1e-12, atol=1e-14)
    assert_allclose(rest.raw, np.hstack([whole[j][:, 3:] for j in rows]), rtol=1e-12, atol=1e-14)


@every_cell
def test_the_state_in_which_a_sequence_begins_is_not_written_to(cell):
    network, theta, X = stream(cell, {"pooling": ("last", "mean", "max")})
    begin = forward(network, theta, X, initial_state=Stepper(network, theta).initial(len(X))).ends
    before = {name: a.copy() for name, a in begin.items()}
    forward(network, theta, X, initial_state=begin, needs_backward=False)
    for name, a in begin.items():
        assert_array_equal(a, before[name])


# --- step by step -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@every_form
@every_cell
def test_step_by_step_a_network_gives_what_it_gives_for_the_whole(cell, form, activation):
    network, theta, X = stream(cell, form, activation)
    X = X.take(np.array([0, 1]))  # of one length
    steps = X.values.reshape(2, 9, -1)
    stepper = Stepper(network, theta)
    state = stepper.initial(2)
    expected = predict(network, theta, X, **({} if network.per_step else {"staged": True})).reshape(2, 9, 3)
    for t in range(9):
        x = steps[:, t, 0] if network.tokens else steps[:, t].T
        raw, after = stepper.step(x, state)
        assert raw.shape == (3, 2)
        assert_allclose(raw.T, expected[:, t], rtol=1e-12, atol=1e-14)
        state = after
    ends = forward(network, theta, X, initial_state=stepper.initial(2)).ends
    assert state.keys() >= ends.keys()
    for name, end in ends.items():
        assert_allclose(state[name], end, rtol=1e-12, atol=1e-14)


@every_cell
def test_a_step_leaves_the_state_before_it_as_it_was(cell):
    network, theta, X = stream(cell, {"pooling": ("last", "mean", "max")})
    stepper = Stepper(network, theta)
    _, state = stepper.step(X.values[:3].T, stepper.initial(3))
    before = {name: a.copy() for name, a in state.items()}
    first, after = stepper.step(X.values[3:6].T, state)
    kept = {name: a.copy() for name, a in after.items()}
    stepper.step(X.values[6:9].T, after)
    again, _ = stepper.step(X.values[3:6].T, state)
    assert_array_equal(again, first)
    for name in state:
        assert_array_equal(state[name], before[name])
        assert_array_equal(after[name], kept[name])


@every_cell
def test_steps_alternate_with_pieces(cell):
    network, theta, X = stream(cell, {"pooling": ("last", "mean", "max")})
    first, second, _ = split(X.take(np.array([0, 1])), 4)
    stepper = Stepper(network, theta)
    state = forward(network, theta, first, initial_state=stepper.initial(2), needs_backward=False).ends
    for t in range(5):
        raw, state = stepper.step(second.values.reshape(2, 5, 2)[:, t].T, state)
    assert_allclose(raw.T, predict(network, theta, X)[:2], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("form", [{"pooling": ("last", "mean", "max")}, {"per_step": True}], ids=["pooled", "per step"])
def test_a_stream_keeps_its_static_values(form):
    network, X = net(bidirectional=False, n_static=2, **form), sequences([6, 6, 6], n_static=2)
    theta = weights(network)
    stepper = Stepper(network, theta)
    state = stepper.initial(3)
    expected = predict(network, theta, X, **({} if network.per_step else {"staged": True})).reshape(3, 6, 3)
    for t in range(6):
        raw, state = stepper.step(X.values.reshape(3, 6, 2)[:, t].T, state, X.static.T)
        assert_allclose(raw.T, expected[:, t], rtol=1e-12, atol=1e-14)


@every_form
@every_cell
def test_a_stepper_keeps_float32(cell, form):
    network, theta, X = stream(cell, form)
    stepper, x = Stepper(network, theta.astype(np.float32)), X.values[:4].T
    raw, state = stepper.step(x[0] if network.tokens else x.astype(np.float32), stepper.initial(4))
    counters = {"total": np.float64, "steps": np.int64}  # of a stream that may be longer than 2 ** 24 steps
    assert raw.dtype == np.float32
    assert all(array.dtype == counters.get(name, np.float32) for name, array in state.items())


def test_streams_do_not_know_of_each_other():
    network, theta, X = stream("gru", {"pooling": ("last", "mean", "max")})
    stepper = Stepper(network, theta)
    _, state = stepper.step(X.values[:6].T, stepper.initial(6))
    together, _ = stepper.step(X.values[6:12].T, state)
    for j in range(6):
        alone, _ = stepper.step(X.values[6 + j, :, None], columns(state, [j]))
        assert_allclose(alone, together[:, [j]], rtol=1e-13)


# --- the gradient with respect to each state --------------------------------------------------------------------------


class Flow(StateObserver):
    """Keeps the gradient with respect to the state after each step, (S, H)."""

    wants_gradient = True

    def __init__(self, packed, reverse, H):
        self.packed, self.reverse, self.gradients = packed, reverse, np.full((packed.offsets[-1], H), np.nan)

    def on_gradient(self, chunk, t, dh):
        valid = chunk.first_step + t < self.packed.lengths[: chunk.width]
        rows = self.packed.rows(chunk, self.reverse)[t, valid]
        assert np.isnan(self.gradients[rows]).all()  # each comes once
        self.gradients[rows] = dh.T[valid]


MASK = np.array([[0, 2, 1.5], [2, 0, 1.5]])


@pytest.mark.parametrize("tape", [0, 1 << 27], ids=["recomputed", "kept"])
@pytest.mark.parametrize(
    "options", [{}, {"truncate": 2}, {"mask": MASK}], ids=lambda options: next(iter(options), "plain")
)
@pytest.mark.parametrize("reverse", [False, True])
@every_cell
def test_the_gradient_that_flows_through_each_state_is_that_of_the_equations(cell, reverse, options, tape, monkeypatch):
    monkeypatch.setattr(unroll_module, "TAPE_BYTES", tape)
    rng, X, one_cell = np.random.default_rng(0), sequences([6, 3, 1]), CELLS[cell](2, 2)
    W = {name: rng.standard_normal(shape) for name, shape in one_cell.shapes().items()}
    d_h, d_states, packed = rng.standard_normal((2, 3)), rng.standard_normal((10, 2)), PackedBatch(X.lengths, 10)

    def weight_gradients(*observers):
        collector, dW = (
            StateCollector(packed, reverse, np.empty((10, 2))),
            {name: np.zeros_like(w) for name, w in W.items()},
        )
        observers = [collector, *observers]
        unrolled = unroll(
            one_cell, W, X.values, packed, Workspace(float), reverse=reverse, observers=observers, **options
        )
        collector.gradient = d_states
        unrolled.back(dW, d_h)
        return dW

    flow = Flow(packed, reverse, 2)
    observed, plain = weight_gradients(flow), weight_gradients()
    for name in W:
        assert_allclose(observed[name], plain[name], rtol=1e-12, atol=1e-14)
    for j, x in enumerate(X):
        order = slice(None, None, -1 if reverse else 1)
        at = slice(*X.offsets[j : j + 2])
        d, mask = d_states[at][order], options["mask"][:, j] if "mask" in options else 1

        def function(nudge, x=x, d=d, mask=mask, j=j):
            h = oracle.states(cell, "tanh", 2, W, x, reverse, mask, options.get("truncate"), nudge)
            return (d * h).sum() + d_h[:, j] @ h[-1]

        assert_every_coordinate(flow.gradients[at][order], function, np.zeros_like(d))


@pytest.mark.parametrize("per_step", [False, True], ids=["per sequence", "per step"])
@every_cell
def test_an_extra_observer_sees_the_gradient_through_each_layer_and_direction(cell, per_step):
    network, X, flows = net(cell, units=(3, 2), per_step=per_step), sequences([5, 4, 1]), {}
    theta = weights(network)

    def extra_observers(depth, k, packed):
        flows[network.keys[depth][k]] = Flow(packed, network.directions[k], network.cells[depth].H)
        return [flows[network.keys[depth][k]]]

    result = forward(network, theta, X, extra_observers=extra_observers)
    d_raw = np.random.default_rng(3).standard_normal(result.raw.shape)
    result.back(d_raw)
    architecture = {"cell": cell, "activation": "tanh", "units": (3, 2), "bidirectional": True}
    architecture |= {"pooling": network.pooling, "per_step": per_step}
    assert flows.keys() == {"layer_0/forward", "layer_0/backward", "layer_1/forward", "layer_1/backward"}
    W, x = network.layout.views(theta), X.values[:5]  # of the first sequence
    d = d_raw[:, :5].T if per_step else d_raw[:, 0]
    for key, flow in flows.items():
        got = flow.gradients[:5]
        got = got[::-1] if key.endswith("backward") else got

        def function(nudge, key=key):
            return (d * oracle.network(W, x, nudges={key: nudge}, **architecture)).sum()

        assert_every_coordinate(got, function, np.zeros_like(got))
