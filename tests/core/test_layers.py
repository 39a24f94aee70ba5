"""The blocks beside the recurrence: the table of tokens, attention, dropout; and the heads."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import oracle
import pytest
from networks import (
    assert_every_coordinate,
    assert_objectives_agree,
    forward,
    masks_of,
    net,
    objective_of,
    predict,
    problem,
    sequences,
    value_and_gradient,
    weights,
)
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.heads import Attention, PooledHead, StagedHead, StepHead
from sklearn_recurrent._core.layers import dropout, dropout_mask, embed, embed_columns
from sklearn_recurrent._core.optimizers import OPTIMIZERS
from sklearn_recurrent._core.packing import MAX_PADDING, PackedBatch
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._core.threads import WorkerPool
from sklearn_recurrent._core.workspace import Workspace

LENGTHS = [3, 17, 1, 1, 9, 16, 17, 5]
KEY = 5, 1, 0

every_cell = pytest.mark.parametrize("cell", CELLS)
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])

# --- the table of tokens ----------------------------------------------------------------------------------------------


@dtypes
def test_embedding_reads_rows_and_adds_to_the_rows_that_were_read(dtype):
    rng = np.random.default_rng(0)
    E, before = rng.standard_normal((2, 6, 3)).astype(dtype)
    tokens, d = np.array([4, 0, 4, 1, 5, 4]), rng.standard_normal((6, 3)).astype(dtype)
    x, back = embed(E, tokens, np.empty((6, 3), dtype))
    assert_array_equal(x, E[tokens])
    dE, expected = before.copy(), before.copy()
    back(dE, d)
    np.add.at(expected, tokens, d)
    assert dE.dtype == dtype
    assert_allclose(dE, expected, rtol=1e-6 if dtype == np.float32 else 1e-13)
    assert_array_equal(dE[[2, 3]], before[[2, 3]])


@pytest.mark.parametrize("architecture", [{}, {"per_step": True}, {"pooling": ("attention",), "bidirectional": False}])
@every_cell
def test_loss_and_gradient_of_a_network_of_tokens_are_those_of_its_equations(cell, architecture):
    objective, theta, true = problem("softmax", cell=cell, tokens=9, units=(3, 2), **architecture)
    assert_objectives_agree(objective, theta, true)


def test_every_coordinate_of_the_gradient_of_a_table_is_right():
    objective, theta, true = problem(cell="gru", tokens=7, units=(2,), lengths=(3, 1, 4), pooling=("last", "mean"))
    assert_every_coordinate(value_and_gradient(objective, theta, np.arange(3))[1], true, theta)


TABLES = {
    "two tables": {"tables": ((4, 2), (3, 1)), "n_features": 5},
    "no numbers": {"tables": ((4, 2), (3, 3)), "n_features": 5},
    "per step": {"tables": ((4, 2),), "n_features": 3, "per_step": True},
    "one direction": {"tables": ((4, 2),), "n_features": 3, "bidirectional": False, "pooling": ("attention",)},
    "static values": {"tables": ((4, 2),), "n_features": 3, "n_static": 2},
}
with_tables = pytest.mark.parametrize("architecture", TABLES.values(), ids=TABLES)


@dtypes
def test_columns_are_numbers_and_then_the_vectors_of_their_categories(dtype):
    rng = np.random.default_rng(0)
    tables = [rng.standard_normal(shape).astype(dtype) for shape in ((4, 2), (3, 1))]
    values = np.array([[0.5, 3, 0], [-2.0, 0, 2], [1.5, 3, 2]], dtype)
    x, back = embed_columns(tables, values, np.empty((3, 4), dtype))
    assert_array_equal(x, np.column_stack([values[:, 0], tables[0][[3, 0, 3]], tables[1][[0, 2, 2]]]))
    found = [np.ones_like(E) for E in tables]
    expected = [np.ones_like(E) for E in tables]
    d = rng.standard_normal((3, 4)).astype(dtype)
    back(found, d)
    np.add.at(expected[0], [3, 0, 3], d[:, 1:3])
    np.add.at(expected[1], [0, 2, 2], d[:, 3:])
    for dE, true in zip(found, expected, strict=True):
        assert dE.dtype == dtype
        assert_allclose(dE, true, rtol=1e-6 if dtype == np.float32 else 1e-13)


@with_tables
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_loss_and_gradient_of_a_network_of_categories_are_those_of_its_equations(cell, architecture):
    objective, theta, true = problem("softmax", cell=cell, units=(3, 2), **architecture)
    assert_objectives_agree(objective, theta, true)


@with_tables
def test_the_gradient_of_the_tables_of_categories_is_the_finite_difference_of_the_loss(architecture):
    objective, theta, _ = problem(units=(2,), **architecture)
    rows = np.arange(len(objective))
    grad = value_and_gradient(objective, theta, rows)[1].copy()
    for place in objective.network.layout.views(np.arange(len(theta)))["embedding_0/E"].ravel():
        step = np.zeros_like(theta)
        step[place] = 1e-6
        higher = value_and_gradient(objective, theta + step, rows)[0]
        lower = value_and_gradient(objective, theta - step, rows)[0]
        assert_allclose(grad[place], (higher - lower) / 2e-6, rtol=1e-6, atol=1e-9)


def test_unknown_categories_begin_with_zeros_and_known_ones_do_not():
    network = net(tables=((4, 2), (3, 1)), n_features=5)
    W = network.layout.views(network.initial(np.random.default_rng(0)))
    for name in ("embedding_0/E", "embedding_1/E"):
        assert not W[name][0].any()
        assert W[name][1:].all()
        assert not network.layout.views(network.penalized() * network.initial(np.random.default_rng(0)))[name].any()


def tokens_and_their_objective(n_threads=1):
    network, X = net("gru", tokens=30, n_features=4), sequences([6, 2, 3, 6, 4], tokens=30)
    return network, X, objective_of(network, X, workers=WorkerPool(float, n_threads)), weights(network)


def test_the_gradient_of_the_rows_that_were_read_is_that_of_the_whole_table():
    network, X, objective, theta = tokens_and_their_objective()
    rows = np.array([3, 2, 1])  # longest first
    value, whole = objective(theta, rows[[1, 2, 0]]), forward(network, theta, X.take(rows))
    _, d_raw = objective.loss(whole.raw, objective.dataset.y[rows].T)
    true = whole.back(d_raw * objective.dataset.weight[rows] / 3)
    size = network.layout.size
    true[:size] += objective.decay * theta[:size]
    full = value.full_gradient(len(theta))
    assert_allclose(full, true, rtol=1e-11, atol=1e-15)
    read, table = np.unique(X.take(rows).values), network.layout.views(full)["embedding/E"]
    assert len(read) < 12
    assert len(value.grad) == size + 4 * len(read)
    assert_array_equal(np.flatnonzero(table.any(axis=1)), read)


def test_rows_of_the_table_are_numbered_anew_for_each_batch():
    _, _, objective, theta = tokens_and_their_objective()
    first = value_and_gradient(objective, theta, np.array([0, 1]))
    value_and_gradient(objective, theta, np.array([2, 3, 4]))
    again = value_and_gradient(objective, theta, np.array([0, 1]))
    assert again[0] == first[0]
    assert_array_equal(again[1], first[1])


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("adam", {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}),
        ("sgd", {"momentum": 0.9, "nesterovs_momentum": True}),
        ("sgd", {"momentum": 0.9, "nesterovs_momentum": False}),
    ],
)
def test_a_step_moves_the_rows_that_were_read_as_a_dense_step_does_and_no_others(name, settings):
    _, _, objective, theta = tokens_and_their_objective()
    sparse, dense = theta.copy(), theta.copy()
    few, all_ = OPTIMIZERS[name](sparse, **settings), OPTIMIZERS[name](dense, **settings)
    for rows in (np.array([0, 1]), np.array([2, 3])):
        value = objective(sparse, rows)
        before = {"theta": sparse.copy()} | {moment: few.state[moment].copy() for moment in few.moments}
        dense[...] = sparse
        for moment in few.moments:
            all_.state[moment][...] = few.state[moment]
        all_.step(dense, value.full_gradient(len(theta)), 0.1)
        few.step(sparse, value.grad, 0.1, value.rows)
        read = value.rows._replace(numbers=np.unique(value.rows.numbers))
        unread = np.setdiff1d(np.arange(30), read.numbers)
        pairs = [(sparse, dense, before["theta"])]
        pairs += [(few.state[moment], all_.state[moment], before[moment]) for moment in few.moments]
        for moved, by_dense, old in pairs:
            assert_array_equal(read.compact(moved), read.compact(by_dense))
            assert_array_equal(read.table(moved)[unread], read.table(old)[unread])
            assert not (read.compact(moved) == read.compact(old)).all()
        assert few.state["t"] == all_.state["t"]


# --- attention --------------------------------------------------------------------------------------------------------


def attention_problem(dtype=float, lengths=(4, 3, 1), P=5, Q=2, seed=0):
    rng, S = np.random.default_rng(seed), sum(lengths)
    arrays = (rng.standard_normal(shape).astype(dtype) for shape in [(Q, P + 1), (1, Q), (S, P)])
    return (*arrays, np.concatenate([[0], np.cumsum(lengths)]))


def summarized(A, v, states, offsets):
    """The summaries; ``back(dA, dv, d) -> d_states``; the weights."""
    packed = PackedBatch(np.diff(offsets))
    attention = Attention(A, v, (False,), packed, Workspace(states.dtype))
    (observer,) = attention.observers
    for chunk in packed.chunks:
        observer.on_states(chunk, packed.gather(states, chunk, False), None)

    def back(dA, dv, d):
        attention.back(dA, dv, d)
        d_states = np.zeros_like(states)
        for chunk in packed.chunks:
            packed.put(observer.grad_h(chunk, packed.gather(states, chunk, False)), chunk, False, d_states)
        return d_states

    return attention.outputs(), back, attention.weights


def by_the_oracle(A, v, states, offsets):
    W = {"attention/A": A, "attention/v": v}
    weights, summaries = zip(*(oracle.attention(W, h) for h in np.split(states, offsets[1:-1])))
    return np.concatenate(weights), np.array(summaries).T


def test_attention_is_its_equations():
    problem = attention_problem()
    summary, _, a = summarized(*problem)
    true_a, true_summary = by_the_oracle(*problem)
    assert_allclose(a, true_a, rtol=1e-12)
    assert_allclose(summary, true_summary, rtol=1e-12)


def test_every_coordinate_of_the_gradient_of_attention_is_right():
    A, v, states, offsets = attention_problem()
    summary, back, _ = summarized(A, v, states, offsets)
    d = np.random.default_rng(1).standard_normal(summary.shape)
    dA, dv = np.ones_like(A), np.ones_like(v)
    d_states = back(dA, dv, d)
    for gradient, k in ((dA - 1, 0), (dv - 1, 1), (d_states, 2)):
        given = [A, v, states, offsets]

        def function(x, k=k, given=given):
            return (d * by_the_oracle(*given[:k], x, *given[k + 1 :])[1]).sum()

        assert_every_coordinate(gradient, function, given[k])


def test_attention_weights_of_a_sequence_sum_to_one_and_its_steps_alone_count():
    A, v, states, offsets = attention_problem(lengths=(9, 6, 1, 1))
    summary, _, a = summarized(A, v, states, offsets)
    assert_allclose(np.add.reduceat(a, offsets[:-1]), 1, rtol=1e-14)
    for j, (start, stop) in enumerate(pairwise(offsets)):
        alone, _, weights = summarized(A, v, states[start:stop], np.array([0, stop - start]))
        assert_allclose(summary[:, [j]], alone, rtol=1e-13)
        assert_allclose(a[start:stop], weights, rtol=1e-13)


@pytest.mark.parametrize("shift", [-1e4, 3.0, 1e4])
def test_attention_does_not_change_by_a_number_added_to_all_scores(shift):
    A, v, states, offsets = attention_problem()
    always_one = np.zeros((1, A.shape[1]))
    always_one[0, -1] = 50  # tanh(50) is 1
    a = summarized(A, v, states, offsets)[2]
    shifted = summarized(np.vstack([A, always_one]), np.append(v, [[shift]], axis=1), states, offsets)[2]
    assert_allclose(shifted, a, rtol=1e-11)


@dtypes
def test_attention_with_huge_scores_takes_the_highest(dtype):
    A, v, states, offsets = attention_problem(dtype)
    e = (np.tanh(states @ A[:, :-1].T + A[:, -1]) @ v[0]).astype(float)
    summary, back, a = summarized(A, v * dtype(1e30), states, offsets)
    dA, dv = np.zeros_like(A), np.zeros_like(v)
    d_states = back(dA, dv, np.ones_like(summary))
    for start, stop in pairwise(offsets):
        assert a[start + e[start:stop].argmax()] == a[start:stop].sum() == 1
    assert all(np.isfinite(x).all() for x in (summary, d_states, dA, dv))
    assert {x.dtype for x in (summary, d_states, dA, dv, a)} == {np.dtype(dtype)}


@every_cell
def test_attention_in_a_network_does_not_depend_on_the_company(cell):
    network, X = net(cell, pooling=("attention",)), sequences(LENGTHS)
    theta = weights(network)
    apart = np.concatenate([predict(network, theta, X.take(np.array([j]))) for j in range(len(X))])
    assert_allclose(predict(network, theta, X), apart, rtol=1e-12, atol=1e-14)


def test_the_place_of_attention_among_the_poolings_is_of_no_influence():
    first, last = (net(pooling=kinds) for kinds in (("attention", "last", "mean"), ("last", "mean", "attention")))
    X, theta = sequences(LENGTHS), weights(first)
    assert_array_equal(predict(first, theta, X), predict(last, theta, X))


# --- dropout ----------------------------------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_a_mask_drops_so_many_and_keeps_the_mean(p, dtype):
    mask = dropout_mask(np.random.default_rng(0), 300, p, 100, dtype=dtype)
    assert mask.shape == (100, 300)
    assert mask.dtype == dtype
    assert_allclose(np.unique(mask), [0, 1 / (1 - p)], rtol=1e-6)
    assert abs((mask == 0).mean() - p) < 5 * np.sqrt(p * (1 - p) / mask.size)
    assert abs(mask.mean() - 1) < 5 * np.sqrt(p / (1 - p) / mask.size)
    assert len(np.unique(mask, axis=1).T) == 300  # each sequence its own


def test_there_is_no_mask_where_nothing_is_dropped():
    assert dropout_mask(np.random.default_rng(0), 3, 0.0, 4, dtype=float) is None
    assert dropout_mask(None, 3, 0.5, 4, dtype=float) is None
    x = np.ones((4, 3))
    y, back = dropout(None, x)
    assert y is x
    assert back(x) is x


def test_dropout_multiplies_forwards_and_backwards():
    x, mask, dy = np.random.default_rng(0).standard_normal((3, 4, 5))
    y, back = dropout(mask, x)
    assert_array_equal(y, x * mask)
    assert_array_equal(back(dy), dy * mask)


DROPPING = {"dropout": 0.3, "recurrent_dropout": 0.4}


@pytest.mark.parametrize("per_step", [False, True])
def test_nothing_is_dropped_but_in_training(per_step):
    dropping, plain, X = net(**DROPPING, per_step=per_step), net(per_step=per_step), sequences(LENGTHS)
    theta, rows = weights(plain), np.arange(len(X))
    assert_array_equal(predict(dropping, theta, X), predict(plain, theta, X))
    value, grad = value_and_gradient(objective_of(dropping, X), theta, rows)
    plain_value, plain_grad = value_and_gradient(objective_of(plain, X), theta, rows)
    assert value == plain_value
    assert_array_equal(grad, plain_grad)


@pytest.mark.parametrize("p", [{"dropout": 0.4}, {"recurrent_dropout": 0.4}], ids=lambda p: next(iter(p)))
@pytest.mark.parametrize("per_step", [False, True])
def test_a_key_gives_the_same_masks_each_time_and_another_key_others(p, per_step):
    network, X = net("gru", **p, per_step=per_step), sequences(LENGTHS)
    objective, theta, rows = objective_of(network, X), weights(network), np.arange(len(X))
    value, grad = value_and_gradient(objective, theta, rows, KEY)
    others = [value_and_gradient(objective, theta, rows, key)[0] for key in [(5, 1, 1), (5, 2, 0), (6, 1, 0), None]]
    again = value_and_gradient(objective, theta, rows, KEY)
    assert len({value, *others}) == 5
    assert again[0] == value
    assert_array_equal(again[1], grad)


def test_what_is_dropped_before_the_last_layer_leaves_the_mean_of_the_outputs():
    network, X = net(units=(3,), pooling=("last",), dropout=0.2), sequences([4, 4])
    theta, rng = weights(network), np.random.default_rng(0)
    raw = np.mean([forward(network, theta, X, rng=rng).raw for _ in range(2000)], axis=0)
    assert_allclose(raw, forward(network, theta, X).raw, atol=0.03)


# --- heads ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bidirectional", [False, True])
@every_cell
def test_an_output_per_step_is_the_dense_layer_on_its_states(cell, bidirectional):
    network, X = net(cell, bidirectional=bidirectional, units=(3,), per_step=True), sequences(LENGTHS)
    theta = weights(network)
    W = network.layout.views(theta)
    architecture = {"cell": cell, "activation": "tanh", "units": (3,), "bidirectional": bidirectional}
    expected = np.concatenate([oracle.network(W, x, pooling=(), per_step=True, **architecture) for x in X])
    raw = predict(network, theta, X)
    assert raw.shape == (sum(LENGTHS), 3)
    assert_allclose(raw, expected, rtol=1e-11, atol=1e-14)


def test_outputs_per_step_need_no_pooling():
    shapes = net(per_step=True, units=(4,)).layout.shapes
    assert not any(name.startswith("attention") for name in shapes)
    assert shapes["head/V"] == (3, 2 * 4 + 1)


PLAIN = [("last",), ("mean",), ("max",), ("max", "last", "mean")]


@pytest.mark.parametrize("max_padding", [0, MAX_PADDING, 10])
@pytest.mark.parametrize("pooling", PLAIN, ids="+".join)
@every_cell
def test_a_staged_output_is_the_prediction_of_what_came_so_far(cell, pooling, max_padding):
    network, X = net(cell, pooling=pooling, bidirectional=False), sequences([7, 7, 5, 2, 1])
    network.max_padding, theta = max_padding, weights(network)
    staged = predict(network, theta, X, staged=True)
    prefixes = [x[: t + 1] for x in X for t in range(len(x))]
    alone = [sequences([len(x)]).map(lambda _, x=x: x) for x in prefixes]
    expected = np.concatenate([predict(network, theta, x) for x in alone])
    assert_allclose(staged, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("reverse", [False, True])
def test_every_coordinate_of_the_gradient_of_a_step_head_is_right(reverse):
    rng, packed = np.random.default_rng(0), PackedBatch(np.array([4, 2, 1]), 10)
    V, states, d_raw, mask = (rng.standard_normal(shape) for shape in [(2, 4), (7, 3), (2, 7), (3, 3)])
    masks = np.repeat(mask.T, packed.lengths, axis=0)  # one a sequence, for all of its steps
    head = StepHead({"head/V": V}, (reverse,), packed, Workspace(float), 3, mask=mask)
    (observer,) = head.observers(0)
    outputs = [(chunk, packed.gather(states, chunk, reverse)) for chunk in packed.chunks]
    for chunk, h in outputs:
        observer.on_states(chunk, h, None)
    assert_allclose(head.outputs(None), V[:, :-1] @ (masks * states).T + V[:, -1:], rtol=1e-13)
    dV, d_states = {"head/V": np.ones_like(V)}, np.full_like(states, np.nan)
    assert head.back(dV, d_raw) == [None]
    for chunk, h in outputs:
        packed.put(observer.grad_h(chunk, h), chunk, reverse, d_states)
    assert_allclose(d_states, masks * (d_raw.T @ V[:, :-1]), rtol=1e-13)
    expected = np.column_stack([d_raw @ (masks * states), d_raw.sum(axis=1)])
    assert_allclose(dV["head/V"] - 1, expected, rtol=1e-12)


@pytest.mark.parametrize("head", [PooledHead, StepHead, StagedHead])
def test_a_head_that_predicts_keeps_no_gradient(head):
    options = {PooledHead: {}, StepHead: {"per_step": True}, StagedHead: {}}[head]
    network, X = net(bidirectional=False, pooling=("last", "mean"), **options), sequences([4, 4, 2])
    result = forward(network, weights(network), X, needs_backward=False, staged=head is StagedHead)
    assert isinstance(result.head, head)
    assert result.back is None


@pytest.mark.parametrize("per_step", [False, True])
@every_cell
def test_the_gradient_with_respect_to_what_the_first_layer_reads_is_added(cell, per_step):
    network, X = net(cell, units=(3, 2), per_step=per_step), sequences([5, 3, 3, 1])
    theta = weights(network)
    result = forward(network, theta, X)
    d_raw = np.random.default_rng(3).standard_normal(result.raw.shape)
    d_values = np.ones_like(X.values)
    result.back(d_raw, d_values)
    W = network.layout.views(theta)
    architecture = {"cell": cell, "activation": "tanh", "units": (3, 2), "bidirectional": True}
    architecture |= {"pooling": network.pooling, "per_step": per_step}

    def function(values):
        raw = [oracle.network(W, x, **architecture).T for x in np.split(values, X.offsets[1:-1])]
        return (d_raw * (np.hstack(raw) if per_step else np.array(raw).T)).sum()

    assert_every_coordinate(d_values - 1, function, X.values)


# --- static values ----------------------------------------------------------------------------------------------------

WITH_STATIC = {
    "pooled": {"pooling": ("last", "mean", "max")},
    "attention": {"pooling": ("attention", "last")},
    "per step": {"per_step": True},
    "one direction per step": {"per_step": True, "bidirectional": False},
    "tokens": {"tokens": 9, "pooling": ("mean",)},
}
with_static = pytest.mark.parametrize("architecture", WITH_STATIC.values(), ids=WITH_STATIC)


@with_static
@pytest.mark.parametrize("p", [{}, {"dropout": 0.3, "recurrent_dropout": 0.2}], ids=["plain", "dropping"])
def test_loss_and_gradient_with_static_values_are_those_of_the_equations(architecture, p):
    lengths = (3, 6, 1, 4, 4)
    objective, theta, true = problem("softmax", n_static=2, units=(3, 2), lengths=lengths, **architecture, **p)
    masks = masks_of(objective.network, lengths, np.random.default_rng((*KEY, 0)))
    assert_objectives_agree(objective, theta, partial(true, masks=masks), KEY)


@pytest.mark.parametrize("per_step", [False, True])
def test_every_coordinate_of_the_gradient_with_static_values_is_right(per_step):
    objective, theta, true = problem(cell="gru", units=(2,), lengths=(3, 1, 4), n_static=3, per_step=per_step)
    assert_every_coordinate(value_and_gradient(objective, theta, np.arange(3))[1], true, theta)


@pytest.mark.parametrize("per_step", [False, True])
def test_the_gradient_with_static_values_is_the_finite_difference_of_the_loss(per_step):
    objective, theta, _ = problem(n_static=2, per_step=per_step)
    _, grad = value_and_gradient(objective, theta, np.arange(5))
    places = objective.network.layout.views(np.arange(len(theta)))
    for place in [*places["head/V"][:, -3:-1].ravel(), *places["head/G"][::4].ravel()]:
        step = np.zeros(len(theta))
        step[place] = 1e-5
        ends = [value_and_gradient(objective, theta + sign * step, np.arange(5))[0] for sign in (-1, 1)]
        assert_allclose(grad[place], (ends[1] - ends[0]) / 2e-5, rtol=1e-7)


@with_static
def test_predictions_with_static_values_do_not_depend_on_the_company(architecture):
    network = net(n_static=2, **architecture)
    X, theta = sequences(LENGTHS, tokens=network.tokens, n_static=2), weights(network)
    alone = [predict(network, theta, X.select(np.array([j]))) for j in range(len(X))]
    assert_allclose(predict(network, theta, X), np.concatenate(alone), rtol=1e-12, atol=1e-14)
    others = replace(X, static=X.static[::-1])
    assert not np.isclose(predict(network, theta, others), np.concatenate(alone)).any()


@pytest.mark.parametrize("pooling", PLAIN, ids="+".join)
def test_a_staged_output_with_static_values_is_the_prediction_of_what_came_so_far(pooling):
    network, X = net(pooling=pooling, bidirectional=False, n_static=2), sequences([7, 7, 5, 2, 1], n_static=2)
    theta = weights(network)
    staged = np.split(predict(network, theta, X, staged=True), X.offsets[1:-1])
    for t in range(7):
        rows = np.flatnonzero(X.lengths > t)
        so_far = [x[: t + 1] for x in X.take(rows)]
        so_far = Ragged.from_lengths(np.concatenate(so_far), np.full(len(rows), t + 1), static=X.static[rows])
        assert_allclose([staged[j][t] for j in rows], predict(network, theta, so_far), rtol=1e-12, atol=1e-14)


def test_dropout_leaves_static_values_alone():
    network, X = net(n_static=2, pooling=("last",), dropout=0.5), sequences([4] * 50, n_static=2)
    theta = weights(network)
    W = network.layout.views(theta)
    W["head/V"][:, :-3] = 0  # nothing of the states
    W["head/G"][...] = 0
    raw = forward(network, theta, X, rng=np.random.default_rng(0)).raw
    assert_allclose(raw, W["head/V"][:, -3:-1] @ X.static.T + W["head/V"][:, -1:], rtol=1e-12)


def test_static_values_have_columns_of_their_own_between_states_and_bias():
    shapes = net(units=(4,), n_static=5, pooling=("last", "mean")).layout.shapes
    assert shapes["head/V"] == (3, 2 * 2 * 4 + 5 + 1)
    assert shapes["head/G"] == (2 * 2 * 4, 5)
    assert net(units=(4,), n_static=5, per_step=True).layout.shapes["head/V"] == (3, 2 * 4 + 5 + 1)
    assert "head/G" not in net().layout.shapes


def test_before_training_static_values_do_not_scale_states():
    network = net(n_static=2)
    W = network.layout.views(network.initial(np.random.default_rng(0)))
    assert not W["head/G"].any()
    assert W["head/V"][:, :-1].all()
    assert network.layout.views(network.penalized())["head/G"].all()
