"""Packing, the loop over time, blocks beside it, and what must not matter: batch, order, padding, buffers."""

import time
from functools import partial

import numpy as np
import pytest
from networks import forward, net, objective_of, predict, samples_of, sequences, value_and_gradient, weights
from numpy.testing import assert_allclose, assert_array_equal

import sklearn_recurrent._core.network as network_module
import sklearn_recurrent._core.objective as objective_module
import sklearn_recurrent._core.packing as packing_module
import sklearn_recurrent._core.unroll as unroll_module
from sklearn_recurrent import GRURegressor, SequencePadder
from sklearn_recurrent._core.activations import ACTIVATIONS
from sklearn_recurrent._core.cells.base import Cell, Part
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.heads import POOLINGS, Pool
from sklearn_recurrent._core.layers import dense
from sklearn_recurrent._core.layout import Layout, Rows
from sklearn_recurrent._core.losses import LOSSES
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.packing import MAX_PADDING, PackedBatch, pack
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._core.threads import WorkerPool
from sklearn_recurrent._core.unroll import StateCollector, unroll
from sklearn_recurrent._core.workspace import Workspace

LENGTHS = [[5, 5, 5], [1], [9, 8, 8, 5, 2, 1, 1], [20, 19, 18, 17], [30, 1, 1], [3, 2, 1]]


def descending(rng, n=12, longest=40):
    return np.sort(rng.integers(1, longest + 1, n))[::-1]


# --- chunks and packed batches ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 50, 1 << 14])
@pytest.mark.parametrize("max_padding", [0, MAX_PADDING, 0.5, 10])
@pytest.mark.parametrize("seed", range(5))
def test_chunks_cover_every_valid_step_once_and_keep_to_max_padding_and_to_their_size(max_padding, size, seed):
    lengths = descending(np.random.default_rng(seed))
    covered, t = np.zeros(len(lengths), int), 0
    for chunk in pack(lengths.tolist(), max_padding, size):
        assert chunk.first_step == t
        assert chunk.width == (lengths > chunk.first_step).sum()
        assert chunk.steps == 1 or chunk.steps * chunk.width <= size
        columns = []
        for e, lo, hi in chunk.ends:
            covered[lo:hi] += e
            columns = [*range(lo, hi), *columns]
        survivors = chunk.ends[-1][1] if chunk.ends else chunk.width
        assert columns == list(range(survivors, chunk.width))
        assert [e for e, _, _ in chunk.ends] == sorted({e for e, _, _ in chunk.ends})
        assert all(e <= chunk.steps for e, _, _ in chunk.ends)
        covered[:survivors] += chunk.steps
        lost = chunk.width * chunk.steps - np.minimum(lengths[: chunk.width] - chunk.first_step, chunk.steps).sum()
        assert lost <= max_padding * chunk.width * chunk.steps
        t += chunk.steps
    assert_array_equal(covered, lengths)


def test_without_padding_there_is_a_chunk_for_each_length():
    assert [(chunk.first_step, chunk.steps, chunk.width) for chunk in pack([7, 4, 4, 1], 0)] == [
        (0, 1, 4),
        (1, 3, 3),
        (4, 3, 1),
    ]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("max_padding", [0, 10])
def test_a_column_reads_its_own_sequence_and_repeats_the_last_step_after_its_end(max_padding, reverse):
    packed = PackedBatch(np.array([4, 2, 1]), max_padding)
    sequences = [[0, 1, 2, 3], [4, 5], [6]]
    for chunk in packed.chunks:
        for j, sequence in enumerate(sequences[: chunk.width]):
            read = sequence[::-1] if reverse else sequence
            read = read + 4 * [read[-1]]
            assert packed.rows(chunk, reverse)[:, j].tolist() == read[chunk.first_step : chunk.first_step + chunk.steps]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("max_padding", [0, MAX_PADDING, 10])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_valid_steps_are_gathered_once_and_put_where_they_came_from(lengths, max_padding, reverse):
    rng, packed = np.random.default_rng(0), PackedBatch(np.array(lengths), max_padding)
    values, back, added = (
        rng.standard_normal((sum(lengths), 2)),
        np.zeros((sum(lengths), 2)),
        np.ones((sum(lengths), 2)),
    )
    for chunk in packed.chunks:
        x = packed.gather(values, chunk, reverse)
        assert x.shape == (chunk.steps, 2, chunk.width)
        assert_array_equal(x, values[packed.rows(chunk, reverse)].swapaxes(1, 2))
        valid = packed.valid(chunk)
        valid = np.ones((chunk.steps, chunk.width), bool) if valid is None else valid
        assert_array_equal(valid.sum(axis=0), np.minimum(packed.lengths[: chunk.width] - chunk.first_step, chunk.steps))
        x = np.where(valid[:, None], x, np.nan)  # padding must not be looked at
        packed.put(x, chunk, reverse, back)
        packed.put(x, chunk, reverse, added, add=True)
    assert_array_equal(back, values)
    assert_array_equal(added, 1 + values)


def test_the_packed_batch_of_one_length_is_kept_and_that_of_several_is_not():
    assert PackedBatch.of(np.array([4, 4])) is PackedBatch.of(np.array([4, 4]))
    assert PackedBatch.of(np.array([4, 4])) is not PackedBatch.of(np.array([4, 4, 4]))
    assert PackedBatch.of(np.array([4, 4])).chunks == PackedBatch(np.array([4, 4])).chunks
    assert PackedBatch.of(np.array([4, 3])) is not PackedBatch.of(np.array([4, 3]))
    assert PackedBatch.of(np.array([20, 19]), 0).chunks != PackedBatch.of(np.array([20, 19]), 1).chunks


def test_a_ragged_set_gives_and_takes_its_sequences():
    X = Ragged.from_lengths(np.arange(6.0)[:, None], [3, 1, 2])
    assert len(X) == 3
    assert X.n_features == 1
    assert [x[:, 0].tolist() for x in X] == [[0, 1, 2], [3], [4, 5]]
    taken = X.take(np.array([2, 0, 2]))
    assert [x[:, 0].tolist() for x in taken] == [[4, 5], [0, 1, 2], [4, 5]]
    assert not np.shares_memory(taken.values, X.values)
    assert X.length is None
    equal = Ragged.from_lengths(np.arange(12.0).reshape(6, 2), [2, 2, 2])
    assert equal.length == 2
    assert_array_equal(equal.take(np.array([2, 0])).values, [[8, 9], [10, 11], [0, 1], [2, 3]])
    assert equal.take(np.array([1])).offsets.tolist() == [0, 2]
    assert X.take(np.array([1, 1])).length == 1
    assert X.map(np.negative).values[:, 0].tolist() == [0, -1, -2, -3, -4, -5]


def test_each_value_of_a_ragged_set_is_found_by_its_sequence():
    X = Ragged.from_lengths(np.arange(6.0)[:, None], [3, 1, 2])
    rows = np.array([2, 0, 2])
    assert_array_equal(X.values[X.steps(rows)], X.take(rows).values)
    assert X.steps(np.array([1])).tolist() == [3]


# --- the loop ---------------------------------------------------------------------------------------------------------


class Counter(Cell):
    """h' = h + 1"""

    parts, cache_blocks, n_coefficients = (Part("W", ("h",), "x1h"),), (), 1

    def forward(self, weights, inputs, cache, scratch, mask=None):
        for h, h_next in zip(inputs[:, -self.H :], inputs[1:, -self.H :]):
            np.add(h, 1, h_next)


class Digits(Counter):
    """h' = 10 h + x: the digits of a sequence in the order in which they were read."""

    def forward(self, weights, inputs, cache, scratch, mask=None):
        for u, h_next in zip(inputs, inputs[1:, -1:]):
            np.add(10 * u[-1:], u[:1], h_next)


class LongMemory(Counter):
    """c' = c + 1; h' = c' in blocks of the cache."""

    cache_blocks = ("c", "other")

    def forward(self, weights, inputs, cache, scratch, mask=None):
        for c, c_next, other, h_next in zip(cache, cache[1:, :1], cache[:, 1:], inputs[1:, -1:]):
            np.add(c[:1], 1, c_next)
            other.fill(-1)
            np.copyto(h_next, c_next)


def loop(cell, lengths, values=None, *, max_padding=MAX_PADDING, reverse=False, needs_backward=True):
    values = np.zeros((sum(lengths), 1)) if values is None else values
    packed, W = PackedBatch(np.array(lengths), max_padding), {"W": np.zeros((1, 3))}
    collector = StateCollector(packed, reverse, np.full((sum(lengths), 1), np.nan))
    unrolled = unroll(
        cell(1, 1),
        W,
        values,
        packed,
        Workspace(float),
        reverse=reverse,
        needs_backward=needs_backward,
        observers=[collector],
    )
    return unrolled.h[0], collector.values[:, 0], unrolled.back


@pytest.mark.parametrize("needs_backward", [False, True])
@pytest.mark.parametrize("max_padding", [0, MAX_PADDING, 10])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("cell", [Counter, LongMemory])
def test_each_sequence_stops_at_its_own_length(cell, lengths, max_padding, needs_backward):
    last, states, back = loop(cell, lengths, max_padding=max_padding, needs_backward=needs_backward)
    assert last.tolist() == lengths
    assert states.tolist() == [t + 1 for length in lengths for t in range(length)]
    assert (back is not None) == needs_backward


@pytest.mark.parametrize("max_padding", [0, 10])
def test_the_reverse_direction_begins_at_the_last_valid_step(max_padding):
    values = np.array([[1.0, 2, 3, 4, 5, 6]]).T
    last, states, _ = loop(Digits, [3, 2, 1], values, max_padding=max_padding)
    assert last.tolist() == [123, 45, 6]
    assert states.tolist() == [1, 12, 123, 4, 45, 6]
    last, states, _ = loop(Digits, [3, 2, 1], values, max_padding=max_padding, reverse=True)
    assert last.tolist() == [321, 54, 6]
    assert states.tolist() == [321, 32, 3, 54, 5, 6]


# --- pooling, collectors, dense ---------------------------------------------------------------------------------------


def random_states(lengths, max_padding, n_units=3, seed=0):
    """Sequences of states (S, H), a packed batch, and the states of each of its chunks; 1000 in padding."""
    packed = PackedBatch(np.array(lengths), max_padding)
    states = np.random.default_rng(seed).standard_normal((sum(lengths), n_units))
    return states, packed, by_chunk(states, packed)


def by_chunk(states, packed):
    outputs = []
    for chunk in packed.chunks:
        h, valid = packed.gather(states, chunk, False).copy(), packed.valid(chunk)
        if valid is not None:
            h.swapaxes(1, 2)[~valid] = 1e3
        outputs.append((chunk, h))
    return outputs


def pool(kinds, states, packed, outputs):
    """A `Pool` that has seen all, and what it makes of it."""
    observer = Pool(kinds, packed, Workspace(float), states.shape[1])
    for chunk, h in outputs:
        observer.on_states(chunk, h, None)
    return observer, observer.outputs(states[packed.offsets[1:] - 1].T)


def pooled_one_by_one(kinds, states, lengths):
    summary = {"last": lambda h: h[-1], "mean": lambda h: h.mean(axis=0), "max": lambda h: h.max(axis=0)}
    sequences = np.split(states, np.cumsum(lengths)[:-1])
    return np.array([np.concatenate([summary[kind](h) for kind in kinds]) for h in sequences]).T


KINDS = [("last",), ("mean",), ("max",), ("last", "mean", "max"), ("max", "last")]


@pytest.mark.parametrize("max_padding", [0, 10])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("kinds", KINDS, ids="+".join)
def test_pooling_leaves_padding_out(kinds, lengths, max_padding):
    assert set(POOLINGS) == {"attention", *(kind for kinds in KINDS for kind in kinds)}
    states, packed, outputs = random_states(lengths, max_padding)
    _, pooled = pool(kinds, states, packed, outputs)
    assert_allclose(pooled, pooled_one_by_one(kinds, states, lengths), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("max_padding", [0, 10])
@pytest.mark.parametrize("kinds", KINDS, ids="+".join)
def test_the_gradient_of_pooling_is_what_its_value_changes_by(kinds, max_padding):
    lengths, rng = [6, 5, 2, 1], np.random.default_rng(1)
    states, packed, outputs = random_states(lengths, max_padding)
    observer, pooled = pool(kinds, states, packed, outputs)
    d, direction = rng.standard_normal(pooled.shape), rng.standard_normal(states.shape)
    d_last = observer.back(d)
    slope = 0 if d_last is None else (d_last.T * direction[packed.offsets[1:] - 1]).sum()
    for chunk, h in outputs:
        dY, valid = observer.grad_h(chunk, h), packed.valid(chunk)
        assert (dY is None) == (kinds == ("last",))
        if dY is not None:
            assert valid is None or not dY.swapaxes(1, 2)[~valid].any()
            slope += (dY * packed.gather(direction, chunk, False)).sum()
    ahead, behind = (pooled_one_by_one(kinds, states + e * direction, lengths) for e in (1e-6, -1e-6))
    assert_allclose(slope, (d * (ahead - behind)).sum() / 2e-6, rtol=1e-8)


@pytest.mark.parametrize("max_padding", [0, 10])
def test_the_gradient_of_a_maximum_is_shared_by_the_steps_that_reach_it(max_padding):
    packed, states = PackedBatch(np.array([4, 2]), max_padding), np.array([[2.0, 7, 7, 1, 7, 7]]).T
    outputs = by_chunk(states, packed)
    observer, _ = pool(("max",), states, packed, outputs)
    assert observer.back(np.array([[3.0, 5]])) is None
    d_states = np.full((6, 1), np.nan)
    for chunk, h in outputs:
        packed.put(observer.grad_h(chunk, h), chunk, False, d_states)
    assert_array_equal(d_states[:, 0], [0, 1.5, 1.5, 0, 2.5, 2.5])


def test_pooling_the_last_state_alone_gives_no_gradient_to_other_steps():
    states, packed, outputs = random_states([3, 2], 0)
    observer, _ = pool(("last",), states, packed, outputs)
    d = np.ones((3, 2))
    assert_array_equal(observer.back(d), d)
    assert [observer.grad_h(chunk, h) for chunk, h in outputs] == [None] * len(outputs)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("max_padding", [0, 10])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_the_gradient_of_a_collector_is_that_of_what_it_writes(lengths, max_padding, reverse, masked):
    rng, packed = np.random.default_rng(0), PackedBatch(np.array(lengths), max_padding)
    outputs = [rng.standard_normal((chunk.steps, 3, chunk.width)) for chunk in packed.chunks]
    mask = rng.standard_normal((3, len(lengths))) if masked else None
    collector = StateCollector(packed, reverse, np.full((sum(lengths), 3), np.nan), mask)
    for chunk, h in zip(packed.chunks, outputs, strict=True):
        collector.on_states(chunk, h, None)
    assert np.isfinite(collector.values).all()
    collector.gradient = rng.standard_normal((sum(lengths), 3))
    inner = sum((collector.grad_h(chunk, h) * h).sum() for chunk, h in zip(packed.chunks, outputs, strict=True))
    assert_allclose((collector.gradient * collector.values).sum(), inner, rtol=1e-12)


def test_dense_is_a_product_with_a_bias_and_adds_to_its_gradient():
    rng = np.random.default_rng(0)
    V, x, dy, e = (rng.standard_normal(shape) for shape in [(2, 4), (3, 5), (2, 5), (2, 4)])
    with_one = np.vstack([x, np.ones(5)])
    y, back = dense(V, x)
    assert_allclose(y, V @ with_one, rtol=1e-13)
    dV = e.copy()
    assert_allclose(back(dV, dy), V[:, :-1].T @ dy, rtol=1e-13)
    assert_allclose(dV, e + dy @ with_one.T, rtol=1e-13)


# --- layout and workspace ---------------------------------------------------------------------------------------------


def test_views_of_a_layout_cover_the_vector_once_and_write_to_it():
    layout = Layout({"a": (2, 3), "b": (4,), "c": (1, 1, 2)})
    theta = np.zeros(layout.size)
    for name, view in layout.views(theta).items():
        assert view.shape == layout.shapes[name]
        view += 1
    assert_array_equal(theta, np.ones(12))


def test_a_table_at_the_end_has_the_rows_there_is_room_for_and_gives_some_of_them():
    layout = Layout({"a": (2, 3), "b": (1, 2)}, ("E", 4))
    assert layout.size == 8
    assert layout.views(np.zeros(8))["E"].shape == (0, 4)
    theta = np.arange(8 + 5 * 4)
    table, some = layout.views(theta)["E"], Rows(8, 4, np.array([4, 0]))
    assert_array_equal(table, np.arange(8, 28).reshape(5, 4))
    assert_array_equal(some.table(theta), table)
    assert_array_equal(some.compact(theta), [*range(8), *range(24, 28), *range(8, 12)])
    some.table(theta)[0] = -1
    assert theta[8:12].tolist() == [-1] * 4


def test_a_workspace_hands_out_the_same_memory_until_it_is_too_small():
    scratch = Workspace(np.float32)
    first = scratch("a", 2, 3)
    assert first.dtype == np.float32
    assert first.flags.c_contiguous
    assert scratch("a", 2, 3) is first
    assert np.shares_memory(scratch("a", 5), first)
    assert scratch("a", 2, 2).shape == (2, 2)
    assert not np.shares_memory(scratch("a", 7), first)
    assert not np.shares_memory(scratch("b", 7), scratch("a", 7))
    assert np.shares_memory(scratch("a", 2, 3), scratch("a", 7))


def test_two_owners_share_no_buffer_whatever_they_call_it():
    scratch = Workspace(np.float32)
    owners = [scratch, scratch.child("a"), scratch.child("b"), scratch.child("a").child("b")]
    owners += [scratch.child("b").child("a"), scratch.child(("a", "b"))]
    for number, owner in enumerate(owners):
        owner("a", 3).fill(number)
        owner("b", 2, 2).fill(10 * number)
    for number, owner in enumerate(owners):
        assert owner.dtype == np.float32
        assert_array_equal(owner("a", 3), np.full(3, number))
        assert_array_equal(owner("b", 2, 2), np.full((2, 2), 10 * number))
    assert scratch.child("a") is scratch.child("a")
    assert len(scratch._held) == 2 * len(owners)


def test_temporary_buffers_take_turns_in_the_same_memory_and_open_blocks_share_none():
    scratch = Workspace(np.float32)
    with scratch.temporary() as first:
        outer = first("a", 4)
        assert outer.dtype == np.float32
        with scratch.child("a").temporary() as second:
            assert not np.shares_memory(second("a", 4), outer)
            assert not np.shares_memory(second("a", 4), scratch("a", 4))
    with pytest.raises(KeyError), scratch.child("b").temporary() as third:
        assert third is first
        raise KeyError
    with scratch.child("b").child("c").temporary() as fourth:
        assert np.shares_memory(fourth("a", 4), outer)


def test_a_backward_pass_whose_buffers_were_overwritten_is_an_error():
    network, X = net(pooling=("last", "attention")), sequences([4, 3])
    theta, scratch, d = weights(network), Workspace(float), np.ones((3, 2))
    first = network.forward(theta, X, scratch)
    second = network.forward(theta, X, scratch)
    with pytest.raises(RuntimeError, match="got those of a later one"):
        first.back(d)
    assert np.isfinite(second.back(d)).all()


def test_two_directions_with_one_workspace_are_an_error():
    X, cell = sequences([4, 3]), CELLS["gru"](2, 3)
    W, packed, scratch = (
        {part: np.ones(s) for part, s in cell.shapes().items()},
        PackedBatch(X.lengths),
        Workspace(float),
    )
    first, _ = (unroll(cell, W, X.values, packed, scratch, reverse=reverse) for reverse in (False, True))
    with pytest.raises(RuntimeError, match="use another workspace"):
        first.back({part: np.zeros_like(w) for part, w in W.items()}, np.ones((3, 2)))


def test_a_second_batch_allocates_no_buffer():
    network, X = net(units=(4, 3)), sequences([9, 8, 8, 5, 2])
    theta, scratch = weights(network), Workspace(float)
    network.forward(theta, X, scratch).back(np.ones((3, 5)))
    before = dict(scratch._held)
    network.forward(theta, X, scratch).back(np.ones((3, 5)))
    assert scratch._held.keys() == before.keys()
    assert all(held is before[path] for path, held in scratch._held.items())


@pytest.mark.parametrize("max_padding", [0, 10])
@pytest.mark.parametrize("kinds", [("mean",), ("max",), ("mean", "max")], ids="+".join)
@pytest.mark.parametrize("number", [2, 3])
def test_several_poolings_of_one_layer_give_the_sum_of_their_gradients(kinds, number, max_padding):
    rng, X, cell = np.random.default_rng(0), sequences([6, 5, 2, 1]), CELLS["lstm"](2, 3)
    W = {name: rng.standard_normal(shape) for name, shape in cell.shapes().items()}
    packed, d = PackedBatch(X.lengths, max_padding), rng.standard_normal((number, 3 * len(kinds), 4))

    def weight_gradient(d_pooled):
        scratch, dW = Workspace(float), {name: np.zeros_like(w) for name, w in W.items()}
        pools = [Pool(kinds, packed, scratch, 3) for _ in d_pooled]
        unrolled = unroll(cell, W, X.values, packed, scratch, observers=pools)
        for pool, d_one in zip(pools, d_pooled, strict=True):
            pool.outputs(unrolled.h)
            pool.back(d_one)
        unrolled.back(dW)
        return dW["W"]

    expected = sum(weight_gradient(d[k : k + 1]) for k in range(number))
    assert_allclose(weight_gradient(d), expected, rtol=1e-10, atol=1e-12)


# --- what must not matter ---------------------------------------------------------------------------------------------


SOME = [3, 17, 1, 1, 9, 16, 17, 5]

every_cell = pytest.mark.parametrize("cell", CELLS)
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


@every_cell
@every_activation
def test_a_batch_equals_its_sequences_one_by_one(cell, activation):
    network, X = net(cell, activation), sequences(SOME)
    theta = weights(network)
    together = predict(network, theta, X)
    apart = np.concatenate([predict(network, theta, X.take(np.array([j]))) for j in range(len(X))])
    assert_allclose(together, apart, rtol=1e-12, atol=1e-14)


@every_cell
@every_activation
def test_the_gradient_of_a_batch_is_the_mean_of_those_of_its_sequences(cell, activation):
    network, X = net(cell, activation), sequences(SOME)
    objective, theta = objective_of(network, X), weights(network)
    value, grad = value_and_gradient(objective, theta, np.arange(len(X)))
    grad = grad.copy()
    apart = [value_and_gradient(objective, theta, np.array([j])) for j in range(len(X))]
    assert_allclose(value, np.mean([value for value, _ in apart]), rtol=1e-12)
    assert_allclose(grad, np.mean([grad for _, grad in apart], axis=0), rtol=1e-9, atol=1e-13 * np.abs(grad).max())


@every_cell
def test_order_and_company_do_not_change_a_prediction(cell):
    network, X = net(cell), sequences(SOME)
    theta, order = weights(network), np.random.default_rng(5).permutation(len(SOME))
    alone = predict(network, theta, X)
    assert_allclose(predict(network, theta, X.take(order)), alone[order], rtol=1e-12, atol=1e-14)
    long = sequences([40, 2], seed=7)
    crowd = Ragged.from_lengths(np.concatenate([long.values, X.values, long.values]), [40, 2, *SOME, 40, 2])
    assert_allclose(predict(network, theta, crowd)[2:-2], alone, rtol=1e-12, atol=1e-14)


@every_cell
def test_predictions_in_small_batches_are_those_of_one_batch(cell, monkeypatch):
    network, X, widths = net(cell), sequences(SOME), []
    theta, forward = weights(network), network.forward
    monkeypatch.setattr(
        network, "forward", lambda theta, X, *args, **kw: widths.append(len(X)) or forward(theta, X, *args, **kw)
    )
    whole = predict(network, theta, X)
    assert widths == [8]
    monkeypatch.setattr(network_module, "PREDICTION_WIDTH", 3)
    monkeypatch.setattr(network_module, "FRAME_BYTES", 1)
    assert_allclose(predict(network, theta, X), whole, rtol=1e-12, atol=1e-14)
    assert widths == [8, 3, 3, 2]
    monkeypatch.setattr(network_module, "PREDICTION_BYTES", 1)
    assert_allclose(predict(network, theta, X), whole, rtol=1e-12, atol=1e-14)
    assert widths == [8, 3, 3, 2, *[1] * 8]


@pytest.mark.parametrize("side", ["post", "pre"])
@pytest.mark.parametrize("width", [17, 18, 60])
def test_padding_does_not_change_a_prediction(width, side):
    X = list(sequences(SOME))
    model = GRURegressor(4, max_iter=2, random_state=0).fit(X, np.arange(len(X)))
    padded = SequencePadder(maxlen=width, padding=side).fit_transform(X)
    assert padded.shape == (len(X), width, 2)
    assert_allclose(model.predict(padded), model.predict(X), rtol=1e-12)


@every_cell
@pytest.mark.parametrize("units", [(4,), (4, 3)], ids=["one layer", "two layers"])
def test_max_padding_does_not_change_loss_or_gradient(cell, units):
    network, X = net(cell, units=units), sequences(SOME)
    objective, theta, rows = objective_of(network, X), weights(network), np.arange(len(SOME))
    assert len(PackedBatch.of(np.sort(X.lengths)[::-1], 0).chunks) > len(
        PackedBatch.of(np.sort(X.lengths)[::-1], MAX_PADDING).chunks
    )
    network.max_padding = 0
    value, grad = value_and_gradient(objective, theta, rows)
    for max_padding in (MAX_PADDING, 10):
        network.max_padding = max_padding
        other_value, other_grad = value_and_gradient(objective, theta, rows)
        assert_allclose(other_value, value, rtol=1e-12)
        assert_allclose(other_grad, grad, rtol=1e-9, atol=1e-13 * np.abs(grad).max())


def test_growth_past_the_end_of_a_sequence_does_not_spoil_the_gradient():
    network = net("elman", "relu", units=(1,), bidirectional=False, n_features=1, n_outputs=1)
    theta = np.ones(network.layout.size)
    network.layout.views(theta)["layer_0/forward/W"][...] = [[1, 0, 1e10]]  # h' = relu(x + 1e10 h)
    values = np.zeros((400 + 360, 1))
    values[-1] = 1  # the last input of the shorter one: repeated at each step, it would reach 1e400
    objective = objective_of(network, Ragged.from_lengths(values, [400, 360]))
    value, grad = value_and_gradient(objective, theta, np.arange(2))
    assert np.isfinite(value)
    assert np.isfinite(grad).all()
    network.max_padding = MAX_PADDING  # what it must not be
    assert not np.isfinite(value_and_gradient(objective, theta, np.arange(2))[1]).all()


@every_cell
def test_only_an_unbounded_activation_forbids_padding(cell):
    assert {activation: net(cell, activation).max_padding for activation in ACTIVATIONS} == {
        "tanh": MAX_PADDING,
        "relu": 0,
        "logistic": MAX_PADDING,
    }


@every_cell
@pytest.mark.parametrize("n_bytes", [1, 1000])
def test_coefficient_blocks_do_not_change_the_gradient(cell, n_bytes, monkeypatch):
    network, X, rows = net(cell), sequences([40, 5, 40, 23]), np.arange(4)
    theta, numbers, blocks = weights(network), [], unroll_module._coefficient_blocks
    value, grad = value_and_gradient(objective_of(network, X), theta, rows)
    monkeypatch.setattr(unroll_module, "COEFFICIENT_BYTES", n_bytes)
    monkeypatch.setattr(
        unroll_module, "_coefficient_blocks", lambda *args: numbers.append(len(blocks(*args))) or blocks(*args)
    )
    value_in_blocks, grad_in_blocks = value_and_gradient(objective_of(network, X), theta, rows)
    assert max(numbers) > 1
    assert value_in_blocks == value
    assert_allclose(grad_in_blocks, grad, rtol=1e-9, atol=1e-13 * np.abs(grad).max())


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
@pytest.mark.parametrize("bytes_per_step", [1, 1 << 16, 1 << 18, 1 << 30])
def test_coefficient_blocks_cover_a_chunk_from_its_end_without_gap(steps, bytes_per_step):
    blocks = unroll_module._coefficient_blocks(steps, bytes_per_step)
    assert [t for a, b in blocks for t in reversed(range(a, b))] == list(reversed(range(steps)))
    assert all(b - a == 1 or (b - a) * bytes_per_step <= unroll_module.COEFFICIENT_BYTES for a, b in blocks)


@every_cell
@pytest.mark.parametrize("loss", LOSSES)
def test_shards_do_not_change_the_objective_beyond_rounding(cell, loss, monkeypatch):
    network, X = net(cell), sequences(SOME)
    theta, rows = weights(network), np.array([7, 0, 2, 1, 5])
    value, grad = value_and_gradient(objective_of(network, X, loss), theta, rows)
    monkeypatch.setattr(objective_module, "SHARD", 2)
    sharded_value, sharded_grad = value_and_gradient(objective_of(network, X, loss), theta, rows)
    assert_allclose(sharded_value, value, rtol=1e-13)
    assert_allclose(sharded_grad, grad, rtol=1e-9, atol=1e-13 * np.abs(grad).max())


def test_the_order_of_the_rows_does_not_change_the_objective_beyond_rounding():
    network, X = net(), sequences(SOME)
    objective, theta = objective_of(network, X), weights(network)
    value, grad = value_and_gradient(objective, theta, np.arange(8))
    other_value, other_grad = value_and_gradient(objective, theta, np.arange(8)[::-1])
    assert_allclose(other_value, value, rtol=1e-13)
    assert_allclose(other_grad, grad, rtol=1e-9, atol=1e-13 * np.abs(grad).max())


@every_cell
@every_activation
@pytest.mark.parametrize("lengths", [[6, 6, 6], [17, 16, 9, 3, 3, 1]], ids=["full", "ragged"])
def test_a_prediction_is_the_forward_pass_of_training(cell, activation, lengths):
    network, X = net(cell, activation), sequences(lengths)
    theta = weights(network)
    trained, predicted = forward(network, theta, X), forward(network, theta, X, needs_backward=False)
    assert trained.back is not None
    assert predicted.back is None
    assert_array_equal(predicted.raw, trained.raw)
    assert_allclose(predict(network, theta, X), trained.raw.T, rtol=1e-13)


@every_cell
@every_activation
def test_what_buffers_held_before_is_of_no_influence(cell, activation):
    network, X = net(cell, activation), sequences(SOME)
    objective, theta = objective_of(network, X), weights(network)
    batches = [np.array([0, 1, 4]), np.arange(8), np.array([2, 3]), np.array([1, 6, 5, 7])]
    value, grad = value_and_gradient(objective, theta, batches[0])
    grad = grad.copy()
    for rows in batches[1:]:
        value_and_gradient(objective, theta + 1, rows)
        again, grad_again = value_and_gradient(objective, theta, batches[0])
        assert again == value
        assert_array_equal(grad_again, grad)
    scratch = objective.workers._workspace
    for held in scratch._held.values():
        held.fill(np.nan)
    again, grad_again = value_and_gradient(objective, theta, batches[0])
    assert again == value
    assert_array_equal(grad_again, grad)


@every_cell
def test_a_gradient_outlives_the_next_batch(cell):
    network, X = net(cell), sequences(SOME)
    objective, theta = objective_of(network, X), weights(network)
    _, grad = value_and_gradient(objective, theta, np.arange(4))
    kept = grad.copy()
    value_and_gradient(objective, theta, np.arange(4, 8))
    assert_array_equal(grad, kept)


@every_cell
def test_neither_prediction_nor_objective_writes_to_its_arguments(cell):
    network, X = net(cell), sequences(SOME)
    theta, rows = weights(network), np.arange(8)
    expected = predict(network, theta, X)
    for array in (theta, rows, X.values, X.offsets):
        array.flags.writeable = False
    assert_array_equal(predict(network, theta, X), expected)
    objective = objective_of(network, X)
    objective.dataset.y.flags.writeable = objective.dataset.weight.flags.writeable = False
    assert np.isfinite(value_and_gradient(objective, theta, rows)[1]).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_the_null_loss_is_that_of_a_network_without_weights(loss):
    network, X = net(), sequences(SOME)
    objective = objective_of(network, X, loss)
    assert_allclose(
        objective.null_loss(), value_and_gradient(objective, np.zeros(network.layout.size), np.arange(8))[0], rtol=1e-13
    )


@every_cell
def test_the_penalty_spares_the_biases_alone(cell):
    network = net(cell, units=(4, 3), bidirectional=True)
    mask = network.layout.views(network.penalized())
    assert_array_equal(np.unique(network.penalized()), [0, 1])
    inputs = {"layer_0": 2, "layer_1": 8}
    for key, width in inputs.items():
        n_units = {"layer_0": 4, "layer_1": 3}[key]
        for direction in ("forward", "backward"):
            for part in network.cells[int(key[-1])].parts:
                w = mask[f"{key}/{direction}/{part.name}"]
                bias = {"x1h": width, "1h": 0, "x1": width, "hx1": n_units + width}[part.inputs]
                assert_array_equal((w == 0).all(axis=0), np.arange(w.shape[1]) == bias)
    assert_array_equal((mask["head/V"] == 0).all(axis=0), np.arange(4 * 6 + 1) == 24)
    assert_array_equal((mask["attention/A"] == 0).all(axis=0), np.arange(6 + 1) == 6)
    assert mask["attention/v"].all()


# --- a tape that is too long ------------------------------------------------------------------------------------------


def in_chunks_of(size, monkeypatch):
    monkeypatch.setattr(packing_module, "pack", partial(pack, size=size))
    monkeypatch.setattr(
        packing_module, "_packed_of_one_length", lambda n, length: PackedBatch(np.full(n, length))
    )  # not kept


LONG = [[40, 40, 37, 23, 11, 2], [30, 30, 30]]
ARCHITECTURES = {
    "attention and all": {},
    "masks": {"dropout": 0.3, "recurrent_dropout": 0.4},
    "per step": {"per_step": True, "dropout": 0.3},
    "truncated": {"truncate": 7, "pooling": ("last", "max")},
    "tokens": {"tokens": 9, "pooling": ("last",), "bidirectional": False},
}


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
@pytest.mark.parametrize("lengths", LONG, ids=["ragged", "equal"])
@every_cell
def test_a_recomputed_chunk_gives_the_same_bits(cell, lengths, architecture, monkeypatch):
    in_chunks_of(25, monkeypatch)
    network, X = net(cell, **architecture), sequences(lengths, tokens=architecture.get("tokens"))
    theta, rows, key = weights(network), np.arange(len(X)), (1, 1, 0)
    assert len(PackedBatch.of(X.lengths, network.max_padding).chunks) > 3
    value, grad = value_and_gradient(objective_of(network, X), theta, rows, key)
    seen, forward = [], network.cells[0].forward
    monkeypatch.setattr(network.cells[0], "forward", lambda *args: seen.append(len(args[1])) or forward(*args))
    monkeypatch.setattr(unroll_module, "TAPE_BYTES", 0)
    again, grad_again = value_and_gradient(objective_of(network, X), theta, rows, key)
    assert len(seen) == 2 * len(network.directions) * len(PackedBatch.of(X.lengths, network.max_padding).chunks)
    assert again == value
    assert_array_equal(grad_again, grad)


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
@every_cell
def test_the_size_of_the_chunks_does_not_change_loss_or_gradient(cell, architecture, monkeypatch):
    network, X = net(cell, **architecture), sequences(LONG[0], tokens=architecture.get("tokens"))
    theta, rows, key = weights(network), np.arange(len(X)), (1, 1, 0)
    value, grad = value_and_gradient(objective_of(network, X), theta, rows, key)
    for size in (1, 25, 60):
        in_chunks_of(size, monkeypatch)
        other_value, other_grad = value_and_gradient(objective_of(network, X), theta, rows, key)
        assert_allclose(other_value, value, rtol=1e-12)
        assert_allclose(other_grad, grad, rtol=1e-9, atol=1e-13 * np.abs(grad).max())


@every_cell
def test_of_a_long_sequence_that_is_recomputed_one_chunk_is_held(cell, monkeypatch):
    in_chunks_of(20, monkeypatch)
    network, X = net(cell, units=(5, 3), pooling=("mean",)), sequences([1000])
    theta, kept, held = weights(network), Workspace(float), Workspace(float)
    grad = network.forward(theta, X, kept).back(np.ones((3, 1)))
    monkeypatch.setattr(unroll_module, "TAPE_BYTES", 0)
    assert_array_equal(network.forward(theta, X, held).back(np.ones((3, 1))), grad)
    sizes = tape_sizes(held)
    assert {place for *_, (_, place) in sizes} == {0}
    assert len(sizes) == 2 * 2 * 2  # layers, directions, inputs and cache
    widest = max(cell.rows + max(1, len(cell.cache_blocks)) * cell.H for cell in network.cells)
    assert sum(sizes.values()) <= 4 * (20 + 1) * widest
    assert sum(tape_sizes(kept).values()) > 40 * sum(sizes.values())


def tape_sizes(scratch):
    """The sizes of what the backward pass reads: (key, "unroll", ("inputs" or "cache", place)) → numbers held."""
    return {path: held.size for path, held in scratch._held.items() if path[-1][0] in ("inputs", "cache")}


def test_the_size_of_the_tape_decides_whether_chunks_are_recomputed(monkeypatch):
    in_chunks_of(10, monkeypatch)
    network, X = net("elman", units=(4,), bidirectional=False, pooling=("last",)), sequences([30])
    size = 8 * 30 * (2 + 1 + 4 + 4)  # bytes of [x; 1; h], and of the place of a cell state
    for limit, places in ((size, {0, 1, 2}), (size - 1, {0})):
        scratch = Workspace(float)
        monkeypatch.setattr(unroll_module, "TAPE_BYTES", limit)
        network.forward(weights(network), X, scratch)
        assert {place for *_, (_, place) in tape_sizes(scratch)} == places


# --- precision --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tape", [0, 1 << 27], ids=["recomputed", "kept"])
@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
@every_cell
def test_a_network_computes_in_the_precision_of_its_weights(cell, architecture, tape, monkeypatch):
    monkeypatch.setattr(unroll_module, "TAPE_BYTES", tape)
    network, X = net(cell, **architecture), sequences(SOME, tokens=architecture.get("tokens"))
    theta, rows, dataset = weights(network), np.arange(8), samples_of(network, X)
    value, grad = value_and_gradient(objective_of(network, X), theta, rows, (1, 1, 0))
    single = dataset._replace(
        X=X if network.tokens else X.map(np.float32), y=np.float32(dataset.y), weight=np.float32(dataset.weight)
    )
    objective = Objective(network, LOSSES["squared_error"], single, 0.1, WorkerPool(np.float32))
    single_value, single_grad = value_and_gradient(objective, np.float32(theta), rows, (1, 1, 0))
    assert single_grad.dtype == np.float32
    assert_allclose(single_value, value, rtol=1e-5)
    assert_allclose(single_grad, grad, rtol=1e-4, atol=1e-5 * np.abs(grad).max())
    result = forward(network, np.float32(theta), single.X.take(np.array([1, 6, 5])))
    assert result.raw.dtype == np.float32
    assert {a.dtype for name, a in result.ends.items() if name[1] == "_"} == {np.dtype(np.float32)}
    assert {a.dtype for a in objective.workers._workspace._held.values()} == {np.dtype(np.float32)}


# --- several threads --------------------------------------------------------------------------------------------------

MANY = np.random.default_rng(0).integers(2, 6, 130).tolist()  # times 64 units: enough to be halved
SPREAD = {
    "plain": {},
    "dropping": {"dropout": 0.3, "recurrent_dropout": 0.3},
    "per step": {"per_step": True, "dropout": 0.2},
    "tokens": {"tokens": 50, "pooling": ("last", "max")},
}


@pytest.mark.parametrize("architecture", SPREAD.values(), ids=SPREAD)
@pytest.mark.parametrize("cell", ["lstm", "mgu"])
def test_the_number_of_threads_does_not_change_a_bit(cell, architecture, monkeypatch):
    monkeypatch.setattr(network_module, "PREDICTION_WIDTH", 20)
    monkeypatch.setattr(network_module, "FRAME_BYTES", 1)
    network, X = net(cell, units=(64,), **architecture), sequences(MANY, tokens=architecture.get("tokens"))
    theta, rows, results = weights(network, scale=0.1), np.arange(len(X)), []
    for n_threads in (1, 2, 3):
        with WorkerPool(float, n_threads) as workers:
            objective = objective_of(network, X, workers=workers)
            assert len(objective._shards(rows)) == 2
            first = value_and_gradient(objective, theta, rows, (1, 1, 0))
            second = value_and_gradient(objective, theta, rows[:100], (1, 1, 100))
            results.append([*first, *second, predict(network, theta, X, workers)])
    for others in results[1:]:
        for other, one in zip(others, results[0], strict=True):
            assert_array_equal(other, one)


@pytest.mark.parametrize("n", [1, 127, 128, 130, 257, 600])
def test_shards_hold_each_row_once_longest_first_and_about_as_many_steps_each(n):
    lengths = np.random.default_rng(1).integers(1, 40, n)
    objective = objective_of(net("elman", units=(64,), n_outputs=1), sequences(lengths.tolist()))
    rows = np.argsort(-lengths, kind="stable")
    shards = [shard for _, shard in objective._shards(rows)]
    assert len(shards) == (1 if n < 128 else 2 if n <= 512 else 3)
    assert_array_equal(np.concatenate(shards), rows)
    steps = np.array([lengths[shard].sum() for shard in shards])
    assert np.abs(steps - steps.mean()).max() <= lengths.max()


def test_one_sequence_that_is_longer_than_all_others_together_leaves_no_shard_empty():
    objective = objective_of(net("elman", units=(64,), n_outputs=1), sequences([5000, *[1] * 140]))
    assert [len(shard) for _, shard in objective._shards(np.arange(141))] == [1, 140]


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_a_worker_pool_gives_results_in_order_with_a_workspace_that_no_other_piece_has_meanwhile(n_threads):
    taken = set()

    def work(piece, scratch):
        assert id(scratch) not in taken
        taken.add(id(scratch))
        time.sleep(0.002 * (7 - piece))  # the first takes the longest
        taken.remove(id(scratch))
        return piece, scratch

    with WorkerPool(np.float32, n_threads) as workers:
        results = list(workers.map(work, list(range(6))))
        results += list(workers.map(work, [7]))
    assert [piece for piece, _ in results] == [*range(6), 7]
    assert len({id(scratch) for _, scratch in results}) <= n_threads
    assert {scratch.dtype for _, scratch in results} == {np.dtype(np.float32)}


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_in_a_thread_is_raised_and_the_pool_goes_on(n_threads):
    def work(piece, scratch):
        if piece == 1:
            raise KeyError("piece 1")
        return piece

    with WorkerPool(float, n_threads) as workers:
        with pytest.raises(KeyError, match="piece 1"):
            list(workers.map(work, [0, 1, 2]))
        assert list(workers.map(work, [3, 4])) == [3, 4]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_divergence_warns_in_no_thread(n_threads):
    network, X = net("elman", "relu", units=(64,), pooling=("last",)), sequences([20] * 130)
    theta = 1e60 * weights(network)
    with WorkerPool(float, n_threads) as workers:
        value = objective_of(network, X, workers=workers)(theta, np.arange(130))
        raw = predict(network, theta, X, workers)
    assert not np.isfinite(value.data_loss)
    assert not np.isfinite(raw).all()
