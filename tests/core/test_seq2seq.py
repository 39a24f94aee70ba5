"""Encoder and decoder, the attention between them, decoding and scheduled sampling, against their equations."""

from dataclasses import replace
from functools import partial
from itertools import product

import networks
import numpy as np
import oracle
import pytest
from networks import (
    LENGTHS_IN,
    LENGTHS_OUT,
    TRANSLATOR,
    assert_every_coordinate,
    assert_objectives_agree,
    longest_output_first,
    masks_of_translation,
    sequences,
    translation,
    translations,
    value_and_gradient,
    weights,
)
from numpy.testing import assert_allclose, assert_array_equal

import sklearn_recurrent._core.attention as attention_module
import sklearn_recurrent._core.decoding as decoding_module
import sklearn_recurrent._core.network as network_module
import sklearn_recurrent._core.objective as objective_module
import sklearn_recurrent._core.packing as packing_module
import sklearn_recurrent._core.unroll as unroll_module
from sklearn_recurrent._core.activations import ACTIVATIONS
from sklearn_recurrent._core.arithmetic import quiet_arithmetic
from sklearn_recurrent._core.attention import SCORES, Group, attend, padded_groups
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.decoding import beam_search, free_run
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.packing import MAX_PADDING, PackedBatch, pack
from sklearn_recurrent._core.scheduled_sampling import SampledObjective, sample_decoder_inputs
from sklearn_recurrent._core.seq2seq import EncoderDecoder
from sklearn_recurrent._core.threads import WorkerPool
from sklearn_recurrent._core.unroll import StateCollector, unroll
from sklearn_recurrent._core.workspace import Workspace

ATTENTIONS = [*SCORES, None]
KEY = 5, 1, 0

every_cell = pytest.mark.parametrize("cell", CELLS)
every_attention = pytest.mark.parametrize("attention", ATTENTIONS)
every_score = pytest.mark.parametrize("score", SCORES)
both_directions = pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "bidirectional"])
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])

NETS = {
    "numbers": {},
    "stacked": {"units": (3, 4, 2)},
    "tokens out": {"target_tokens": 3, "units": (3, 2)},
    "tokens in": {"tokens": 7, "n_features": 3},
    "tokens in and out": {"tokens": 7, "target_tokens": 3, "units": (2, 3), "bidirectional": False},
    "dot": {"attention": "dot", "target_tokens": 3},
    "without attention": {"attention": None, "target_tokens": 3, "tokens": 7, "units": (2, 3)},
    "static values": {"n_static": 2, "target_tokens": 3, "units": (3, 2)},
    "categories": {"tables": ((4, 2), (3, 1)), "n_features": 5, "target_tokens": 3},
    "future": {"future": (1,), "units": (3, 2)},
    "future and static": {"future": (0, 1), "n_static": 2, "bidirectional": False},
    "future categories": {"future": (1, 2, 3), "tables": ((4, 2), (3, 1)), "n_features": 5, "attention": "dot"},
    "quantiles": {"n_outputs": 6, "n_quantiles": 3, "median": 1},
    "future quantiles": {"n_outputs": 3, "n_quantiles": 3, "median": 2, "future": (0,), "attention": None},
}
OF_NUMBERS = {name: net for name, net in NETS.items() if net.get("target_tokens") is None}
every_net = pytest.mark.parametrize("architecture", NETS.values(), ids=NETS)


def translator(**architecture):
    return EncoderDecoder(**TRANSLATOR | architecture)


def forward(network, theta, dataset, **options):
    return networks.forward(network, theta, network.network_inputs(dataset), **options)


def static_of(X):
    """The static values of each sequence, as the oracle takes them."""
    return [oracle.NOTHING] * len(X) if X.static is None else X.static


def by_the_oracle(network, theta, dataset, **architecture):
    """Raw outputs of all sequences, concatenated; and the attention weights of each sequence."""
    batch, W = network.network_inputs(dataset), network.layout.views(theta)
    pairs = zip(batch.X, batch.decoder_inputs, static_of(batch.X), strict=True)
    both = [oracle.encoder_decoder(W, x, z, static=s, **TRANSLATOR | architecture) for x, z, s in pairs]
    return np.concatenate([raw for raw, _ in both]), [a for _, a in both]


def in_chunks_of(size, monkeypatch):
    monkeypatch.setattr(packing_module, "pack", partial(pack, size=size))
    monkeypatch.setattr(
        packing_module, "_packed_of_one_length", lambda n, length: PackedBatch(np.full(n, length))
    )  # not kept


# --- forward ----------------------------------------------------------------------------------------------------------


@every_net
@every_cell
def test_an_encoder_and_a_decoder_follow_their_equations(cell, architecture):
    network = translator(cell=cell, **architecture)
    dataset, theta = longest_output_first(translations(network)), weights(network)
    result = forward(network, theta, dataset)
    raw, weights_of = by_the_oracle(network, theta, dataset, cell=cell, **architecture)
    assert_allclose(result.raw.T, raw, rtol=1e-12, atol=1e-13)
    if network.score is None:
        assert result.head is None
        return
    groups, found = result.head
    found = [a for group in found for a in group]
    assert len(found) == sum(len(group.rows_in) for group in groups) == len(dataset.X)
    n_read = dataset.X.lengths - (dataset.counts if network.future else 0)
    lengths = zip(n_read, dataset.counts, strict=True)
    for a, true, (n_in, n_out) in zip(found, weights_of, lengths, strict=True):
        assert_allclose(a[:n_out, :n_in], true, rtol=1e-11, atol=1e-15)
        assert not a[:, n_in:].any()


@every_net
def test_the_decoder_reads_the_targets_one_step_later(architecture):
    network = translator(**architecture)
    dataset = translations(network)
    batch = network.network_inputs(dataset)
    assert batch.X is dataset.X
    assert batch.decoder_inputs.values.dtype == dataset.y.dtype
    for z, y in zip(batch.decoder_inputs, np.split(dataset.y, dataset.offsets[1:-1]), strict=True):
        assert (z[0] == (0 if network.target_tokens is None else network.end_token)).all()
        assert z.shape == y.shape
        assert_array_equal(z[1:], y[:-1])


@every_net
def test_a_prediction_is_the_forward_pass_in_batches_of_any_size(architecture, monkeypatch):
    network = translator(**architecture)
    dataset, theta = translations(network), weights(network)
    batch = network.network_inputs(dataset)
    raw, weights_of = by_the_oracle(network, theta, dataset, **architecture)
    for width in (1, 2, 512):
        monkeypatch.setattr(network_module, "PREDICTION_WIDTH", width)
        monkeypatch.setattr(network_module, "FRAME_BYTES", 1)
        seen = {}

        def on_batch(rows, result, seen=seen):
            assert result.back is None
            if result.head is not None:
                seen |= dict(zip(rows, (a for group in result.head.weights for a in group), strict=True))

        assert_allclose(
            network.predict(theta, batch, WorkerPool(float), on_batch=on_batch), raw, rtol=1e-11, atol=1e-13
        )
        for j, a in seen.items():
            true = weights_of[j]
            assert_allclose(a[: len(true), : true.shape[1]], true, rtol=1e-11)
        assert len(seen) == (0 if network.score is None else len(dataset.X))


@every_attention
@every_cell
def test_a_sequence_has_the_same_outputs_alone_as_in_a_batch(cell, attention):
    network = translator(cell=cell, attention=attention, units=(3, 2))
    dataset, theta = translations(network, (17, 3, 1, 9, 9, 30), (2, 14, 1, 8, 9, 1)), weights(network)
    raw = network.predict(theta, network.network_inputs(dataset), WorkerPool(float))
    for j in range(len(dataset.X)):
        row = np.array([j])
        alone = forward(network, theta, dataset.take(row)).raw.T
        assert_allclose(raw[dataset.targets(row)], alone, rtol=1e-12, atol=1e-14)


def test_the_activations_that_a_prediction_holds_are_counted_for_each_sequence():
    network = translator(units=(3,), bidirectional=True, cell="elman")
    batch = network.network_inputs(translations(network))
    x, z = np.array(LENGTHS_IN), np.array(LENGTHS_OUT)
    assert_array_equal(network.sizes(batch), x * 2 * (2 + 1 + 3) + z * (3 + 1 + 3) + x * z)
    assert_array_equal(translator(attention=None, cell="elman").sizes(batch), x * 12 + z * 7)
    ahead = translator(cell="elman", bidirectional=False, future=(0,))  # of which the encoder reads nothing
    assert_array_equal(ahead.sizes(ahead.network_inputs(translations(ahead))), x * 6 + z * (3 + 1 + 1 + 3) + x * z)


# --- the objective and its gradient -----------------------------------------------------------------------------------


@both_directions
@every_attention
@every_cell
def test_loss_and_gradient_are_those_of_the_equations(cell, attention, bidirectional):
    architecture = {"cell": cell, "attention": attention, "bidirectional": bidirectional}
    assert_objectives_agree(*translation(units=(3, 2), target_tokens=3, **architecture))


@every_net
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_loss_and_gradient_are_those_of_the_equations_for_every_activation(cell, activation, architecture):
    assert_objectives_agree(*translation(cell=cell, activation=activation, **architecture))


LENGTHS = {
    "of one length": ((4, 4, 4), (3, 3, 3)),
    "in of one length": ((4, 4, 4), (1, 3, 2)),
    "out of one length": ((2, 5, 1), (3, 3, 3)),
    "one sequence": ((4,), (3,)),
    "single steps": ((1, 1, 1), (1, 1, 1)),
    "opposite orders": ((1, 3, 5, 7), (7, 5, 3, 1)),
    "many": ((3, 14, 5, 1, 8, 8, 2, 5), (9, 1, 5, 6, 2, 9, 3, 4)),
}


@every_attention
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_loss_and_gradient_are_those_of_the_equations_for_all_lengths(lengths, attention):
    assert_objectives_agree(*translation(*lengths, attention=attention, cell="gru"))


@every_attention
@pytest.mark.parametrize("target_tokens", [None, 3], ids=["numbers", "tokens"])
def test_every_coordinate_of_the_gradient_is_right(target_tokens, attention):
    architecture = {"cell": "lstm", "units": (2,), "tokens": 4, "target_tokens": target_tokens, "attention": attention}
    objective, theta, true = translation((2, 3, 1), (3, 1, 2), **architecture)
    assert_every_coordinate(value_and_gradient(objective, theta, np.arange(3))[1], true, theta)


@every_attention
def test_the_gradient_is_the_finite_difference_of_the_value(attention):
    objective, theta, _ = translation(attention=attention, units=(3, 2), target_tokens=3)
    rows = np.arange(len(objective))
    grad = value_and_gradient(objective, theta, rows)[1].copy()
    for direction in (*np.random.default_rng(0).standard_normal((3, len(theta))), grad):
        step = 1e-5 * direction / np.linalg.norm(direction)
        change = (
            value_and_gradient(objective, theta + step, rows)[0] - value_and_gradient(objective, theta - step, rows)[0]
        )
        assert_allclose(2 * grad @ step, change, rtol=1e-6, atol=1e-13)


@every_net
@pytest.mark.parametrize("truncate", [1, 2, 3])
def test_a_truncated_gradient_is_that_of_the_equations(truncate, architecture):
    assert_objectives_agree(*translation((3, 7, 1, 6), (6, 2, 4, 5), truncate=truncate, cell="lstm", **architecture))


DROPPING = {"dropout": {"dropout": 0.4}, "recurrent": {"recurrent_dropout": 0.4}}
DROPPING |= {"both": {"dropout": 0.3, "recurrent_dropout": 0.3, "truncate": 2}}


@every_net
@pytest.mark.parametrize("p", DROPPING.values(), ids=DROPPING)
@pytest.mark.parametrize("cell", ["lstm", "gru", "mgu"])
def test_loss_and_gradient_under_dropout_are_those_of_the_equations_with_the_same_masks(cell, p, architecture):
    objective, theta, true = translation(cell=cell, **p, **architecture)
    masks = masks_of_translation(objective.network, LENGTHS_IN, LENGTHS_OUT, np.random.default_rng((*KEY, 0)))
    assert_objectives_agree(objective, theta, partial(true, masks=masks), KEY)


def test_dropout_is_active_in_training_alone():
    dropping, plain = translator(dropout=0.4, recurrent_dropout=0.4), translator()
    dataset, theta = translations(plain), weights(plain)
    raws = [network.predict(theta, network.network_inputs(dataset), WorkerPool(float)) for network in (dropping, plain)]
    assert_array_equal(*raws)
    objective, _, true = translation(dropout=0.4, recurrent_dropout=0.4)
    assert_objectives_agree(objective, theta, true)


@every_cell
def test_the_penalty_excludes_biases_and_embedding_tables_alone(cell):
    network = translator(cell=cell, units=(3, 2), tokens=5, target_tokens=4, n_outputs=4)
    mask = network.penalized()
    assert len(mask) == network.layout.size
    spared = network.layout.views(np.concatenate([mask, np.zeros(5 * 2)]))
    assert not spared.pop("embedding/E").any()
    assert not spared.pop("words/E").any()
    assert spared.pop("attention/K").all()
    assert spared.pop("attention/v").all()
    for name in ("bridge/layer_0/B", "bridge/layer_1/B", "attention/Q", "attention/C", "head/V"):
        w = spared.pop(name)
        assert w[:, :-1].all()
        assert not w[:, -1].any()
    assert {name.split("/")[0] for name in spared} == {"encoder", "decoder"}
    for name, w in spared.items():
        assert (w == 0).all(axis=0).sum() == 1, name  # the column that multiplies 1
        assert np.isin(w.mean(axis=0), [0, 1]).all()


def test_the_weight_of_a_step_multiplies_its_loss():
    objective, theta, _ = translation(target_tokens=3)
    rows, dataset = np.arange(len(objective)), objective.dataset
    whole = objective(theta, rows)
    parts = np.zeros_like(theta)
    for t in range(len(dataset.y)):
        weight = np.where(np.arange(len(dataset.y)) == t, dataset.weight, 0)
        part = Objective(objective.network, objective.loss, dataset._replace(weight=weight), 0.0, WorkerPool(float))
        parts += part(theta, rows).grad
    mask = objective.network.penalized()
    assert_allclose(parts + 0.1 * mask * theta, whole.grad, rtol=1e-10, atol=1e-14)


def test_the_objective_of_some_rows_does_not_depend_on_their_order():
    objective, theta, _ = translation(target_tokens=3, tokens=6)
    for rows in ([2], [4, 0], [1, 3, 2]):
        some = objective.dataset.take(np.array(rows))
        alone = Objective(objective.network, objective.loss, some, 0.1, WorkerPool(float))
        value, grad = value_and_gradient(alone, theta, np.arange(len(rows)))
        for order in (rows, rows[::-1]):
            other_value, other_grad = value_and_gradient(objective, theta, np.array(order))
            assert_allclose(other_value, value, rtol=1e-12)
            assert_allclose(other_grad, grad, rtol=1e-10, atol=1e-14)


def test_the_gradient_covers_the_rows_of_the_table_that_the_batch_uses():
    objective, theta, true = translation(tokens=30, target_tokens=3)
    rows, network = np.array([2, 3]), objective.network
    value = objective(theta, rows)
    read = np.unique(objective.dataset.X.take(rows).values)
    assert_array_equal(np.sort(value.rows.numbers), read)
    assert len(value.grad) == network.layout.size + 2 * len(read)
    full = network.layout.views(value.full_gradient(len(theta)))
    assert_array_equal(np.flatnonzero(full["embedding/E"].any(axis=1)), read)
    assert_objectives_agree(objective, theta, true)  # all rows, numbered anew


SHARED = {
    "tokens out": {"target_tokens": 3},
    "tokens in and out": {"tokens": 7, "target_tokens": 3, "attention": "dot"},
    "dropping": {"dropout": 0.3, "recurrent_dropout": 0.3},
    "without attention": {"attention": None},
}
every_shared = pytest.mark.parametrize("architecture", SHARED.values(), ids=SHARED)


@every_shared
@pytest.mark.parametrize("cell", ["lstm", "mgu"])
def test_shards_and_threads_do_not_change_the_objective(cell, architecture, monkeypatch):
    objective, theta, true = translation(cell=cell, **architecture)
    rows, results = np.arange(len(objective)), []
    for half, shard, n_shards in ((1, 256, 2), (4096, 2, 3)):
        monkeypatch.setattr(objective_module, "HALF", half)
        monkeypatch.setattr(objective_module, "SHARD", shard)
        assert len(objective._shards(rows)) == n_shards
        assert_objectives_agree(objective, theta, true)
        for n_threads in (1, 2):
            with WorkerPool(float, n_threads) as workers:
                divided = translation(cell=cell, workers=workers, **architecture)[0]
                results.append([value_and_gradient(divided, theta, rows, key) for key in (KEY, None)])
        for (value, grad), (other_value, other_grad) in zip(*results[-2:], strict=True):
            assert other_value == value
            assert_array_equal(other_grad, grad)


@every_net
@every_cell
@pytest.mark.each_choice
def test_a_chunk_that_is_recomputed_gives_the_same_bits(cell, architecture, monkeypatch):
    in_chunks_of(12, monkeypatch)
    lengths = (12, 3, 9, 1, 12, 7), (5, 11, 1, 8, 11, 2)
    dropping = {"dropout": 0.3, "recurrent_dropout": 0.3}
    objective, theta, true = translation(*lengths, cell=cell, **architecture)
    for stack in (objective.network.encoder, objective.network.decoder):
        assert len(PackedBatch.of(np.array([12, 12, 9, 7, 3, 1]), stack.max_padding).chunks) > 3
    assert_objectives_agree(objective, theta, true)
    rows, results = np.arange(len(objective)), []
    for tape in (1 << 27, 0):
        monkeypatch.setattr(unroll_module, "TAPE_BYTES", tape)
        for options, key in (({}, None), (dropping, KEY), ({"truncate": 3}, None)):
            other = translation(*lengths, cell=cell, **architecture, **options)[0]
            results.append(value_and_gradient(other, theta, rows, key))
    for (value, grad), (other_value, other_grad) in zip(results[:3], results[3:], strict=True):
        assert other_value == value
        assert_array_equal(other_grad, grad)


@every_net
def test_earlier_contents_of_buffers_do_not_change_the_result(architecture):
    objective, theta, _ = translation(**architecture)
    rows = np.arange(len(objective))
    value, grad = value_and_gradient(objective, theta, rows)
    grad = grad.copy()
    value_and_gradient(objective, theta + 1, rows[:2])
    scratch = objective.workers._workspace
    for held in scratch._held.values():
        held.fill(np.nan)
    again, grad_again = value_and_gradient(objective, theta, rows)
    assert again == value
    assert_array_equal(grad_again, grad)


@every_net
def test_neither_prediction_nor_objective_writes_to_its_arguments(architecture):
    objective, theta, _ = translation(kind=SampledObjective, options={"forcing": lambda epoch: 0.5}, **architecture)
    dataset, rows = objective.dataset, np.arange(len(objective))
    for array in (theta, rows, dataset.X.values, dataset.X.offsets, dataset.y, dataset.weight, dataset.offsets):
        array.flags.writeable = False
    assert np.isfinite(value_and_gradient(objective, theta, rows, KEY)[1]).all()
    network, workers = objective.network, WorkerPool(float)
    network.predict(theta, network.network_inputs(dataset), workers)
    if network.target_tokens is None:
        free_run(network, theta, dataset.X, workers, np.array(LENGTHS_OUT))
    else:
        beam_search(network, theta, dataset.X, workers, width=2, max_length=3, length_penalty=1)


# --- the initial state of a layer -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tape", [0, 1 << 27], ids=["recomputed", "kept"])
@pytest.mark.parametrize("truncate", [None, 2])
@pytest.mark.parametrize("waste", [0, MAX_PADDING, 10])
@pytest.mark.parametrize("reverse", [False, True])
@every_cell
def test_the_gradient_with_respect_to_the_initial_state_is_that_of_the_equations(
    cell, reverse, waste, truncate, tape, monkeypatch
):
    in_chunks_of(4, monkeypatch)
    monkeypatch.setattr(unroll_module, "TAPE_BYTES", tape)
    rng, X, layer = np.random.default_rng(0), sequences([5, 3, 3, 1]), CELLS[cell](2, 2)
    W = {name: rng.standard_normal(shape) for name, shape in layer.shapes().items()}
    start, d_h, d_states = rng.standard_normal((2, 2, 4)), rng.standard_normal((2, 4)), rng.standard_normal((12, 2))
    packed, mask = PackedBatch(X.lengths, waste), rng.uniform(0.5, 1.5, (2, 4))
    join, dW = StateCollector(packed, reverse, np.empty((12, 2))), {name: np.zeros_like(w) for name, w in W.items()}
    options = {"reverse": reverse, "truncate": truncate}
    unrolled = unroll(
        layer,
        W,
        X.values,
        packed,
        Workspace(float),
        initial_state=tuple(start),
        mask=mask,
        observers=[join],
        **options,
    )
    join.gradient = d_states
    d_start = np.array(unrolled.back(dW, d_h))
    given = start.copy()

    def function(start):
        total = 0
        for j, (x, d) in enumerate(zip(X, np.split(d_states, X.offsets[1:-1]), strict=True)):
            h = oracle.states(cell, "tanh", 2, W, x, mask=mask[:, j], start=start[:, :, j], **options)
            total += d_h[:, j] @ h[-1] + (d[:: -1 if reverse else 1] * h).sum()
        return total

    n = 2 if "c" in layer.cache_blocks else 1  # without c nothing depends on it
    assert_every_coordinate(d_start[:n], lambda part: function(np.concatenate([part, start[n:]])), start[:n])
    assert_array_equal(start, given)


# --- attention between two sequences ----------------------------------------------------------------------------------

ALIGNED_IN, ALIGNED_OUT = (2, 5, 1, 4, 4), (3, 1, 4, 2, 4)


class Aligned:
    """States of some sequences and queries of others, in shuffled places, weights, and what attention makes of them."""

    def __init__(self, score, lengths_in=ALIGNED_IN, lengths_out=ALIGNED_OUT, dtype=float, scale=1.0, seed=0):
        rng, self.score, self.name, n = np.random.default_rng(seed), SCORES[score], score, len(lengths_in)
        queries, others = self.score.shapes(2, 3)
        self.W = {name: rng.standard_normal(shape).astype(dtype) for name, shape in (queries | others).items()}
        last = "attention/v" if score == "additive" else "attention/Q"
        self.W[last] *= dtype(scale)
        self.S, self.H = (
            rng.standard_normal((sum(a), k)).astype(dtype) for a, k in ((lengths_in, 3), (lengths_out, 2))
        )
        self.lengths_in, self.lengths_out, order = np.array(lengths_in), np.array(lengths_out), rng.permutation(n)
        self.starts_in = np.empty(n, int)
        self.starts_in[order] = np.cumsum(self.lengths_in[order]) - self.lengths_in[order]
        self.starts_out = np.cumsum(self.lengths_out) - self.lengths_out

    def __call__(self, units=2):
        self.groups = list(padded_groups(self.starts_in, self.lengths_in, self.starts_out, self.lengths_out, units))
        return attend(self.score, self.W, self.S, self.H, self.groups, Workspace(self.S.dtype))

    def gradients(self, back, d):
        """dS, dH, dW; the last from ones."""
        dW = {name: np.ones_like(w) for name, w in self.W.items()}
        dS, dH = back(dW, d)
        return {"S": dS, "H": dH} | {name: dw - 1 for name, dw in dW.items()}

    def slices(self, j):
        starts = self.starts_in[j], self.starts_out[j]
        return (slice(a, a + n) for a, n in zip(starts, (self.lengths_in[j], self.lengths_out[j]), strict=True))

    def means(self, W, S, H):
        """By the equations; and the weights of each step."""
        means, found = [], []
        for j in range(len(self.lengths_in)):
            s, h = (a[part] for a, part in zip((S, H), self.slices(j), strict=True))
            for q in np.column_stack([h, np.ones(len(h))]) @ W["attention/Q"].T:
                e = np.tanh(q + s @ W["attention/K"].T) @ W["attention/v"][0] if self.name == "additive" else s @ q
                found.append(np.exp(e) / np.exp(e).sum())
                means.append(found[-1] @ s)
        return np.array(means), found


@every_score
def test_attention_and_every_coordinate_of_its_gradient_follow_the_equations(score):
    aligned = Aligned(score)
    means, found, back = aligned()
    true, weights_of = aligned.means(aligned.W, aligned.S, aligned.H)
    assert_allclose(means, true, rtol=1e-12)
    steps = (a[t, :n] for group in found for a, n, T in zip(group, ALIGNED_IN, ALIGNED_OUT) for t in range(T))
    for a, w in zip(steps, weights_of, strict=True):
        assert_allclose(a, w, rtol=1e-12)
    d = np.random.default_rng(1).standard_normal(means.shape)
    given = {"S": aligned.S, "H": aligned.H} | aligned.W
    for name, gradient in aligned.gradients(back, d).items():

        def function(x, name=name):
            arrays = given | {name: x}
            return (d * aligned.means(arrays, arrays["S"], arrays["H"])[0]).sum()

        assert_every_coordinate(gradient, function, given[name])


@every_score
def test_weights_sum_to_one_and_are_zero_where_a_sequence_has_ended(score):
    aligned = Aligned(score)
    (a,) = aligned()[1]
    (group,) = aligned.groups
    assert a.shape == (5, 4, 5)
    assert_allclose(a.sum(axis=2), 1, rtol=1e-14)
    assert (a >= 0).all()
    padding = np.arange(5) >= np.array(ALIGNED_IN)[:, None]
    assert_array_equal(group.padding_in, padding)
    assert_array_equal(a == 0, np.broadcast_to(padding[:, None], a.shape))
    assert_array_equal(group.padding_out, np.arange(4) >= np.array(ALIGNED_OUT)[:, None])


@pytest.mark.parametrize("lengths", [((4, 4, 4), (2, 2, 2)), ((3,), (5,))], ids=["of one length", "one sequence"])
def test_sequences_of_one_length_have_no_padding(lengths):
    starts = np.cumsum(lengths, axis=1) - lengths
    group = Group.of(starts[0], np.array(lengths[0]), starts[1], np.array(lengths[1]))
    assert group.padding_in is group.padding_out is None
    assert_array_equal(np.sort(group.rows_in.ravel()), np.arange(sum(lengths[0])))
    assert_array_equal(np.sort(group.rows_out.ravel()), np.arange(sum(lengths[1])))


@every_score
@pytest.mark.parametrize("room", [1, 40, 130, 1 << 40])
def test_room_does_not_change_attention(score, room, monkeypatch):
    aligned = Aligned(score)
    d = np.random.default_rng(1).standard_normal((sum(ALIGNED_OUT), 3))
    means, _, back = aligned()
    gradients = aligned.gradients(back, d)
    monkeypatch.setattr(attention_module, "ROOM", room)
    other, _, back = aligned()
    assert_allclose(other, means, rtol=1e-13)
    for name, gradient in aligned.gradients(back, d).items():
        assert_allclose(gradient, gradients[name], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("units", [0, 1, 7])
@pytest.mark.parametrize("room", [1, 30, 60, 100, 1000, 1 << 40])
def test_groups_hold_each_sequence_once_in_order_and_keep_to_the_room(room, units, monkeypatch):
    monkeypatch.setattr(attention_module, "ROOM", room)
    aligned = Aligned("dot", (2, 5, 1, 4, 4, 9, 1), (3, 1, 4, 2, 4, 1, 1))
    aligned(units)
    assert_array_equal(np.concatenate([group.rows_in[:, 0] for group in aligned.groups]), aligned.starts_in)
    assert_array_equal(np.concatenate([group.rows_out[:, 0] for group in aligned.groups]), aligned.starts_out)
    sizes = [(len(g.rows_in), g.rows_in.shape[1] * g.rows_out.shape[1] * units) for g in aligned.groups]
    assert all(n == 1 or n * size <= room for n, size in sizes)
    assert len(sizes) == {1: 7, 1 << 40: 1}.get(room, len(sizes)) or not units


@every_score
def test_a_sequence_has_the_same_attention_alone_as_in_a_batch(score):
    aligned = Aligned(score)
    means, _, back = aligned()
    d = np.random.default_rng(1).standard_normal(means.shape)
    total = {name: np.zeros_like(a) for name, a in aligned.gradients(back, d).items()}
    for j in range(len(ALIGNED_IN)):
        rows_in, rows_out = aligned.slices(j)
        alone = Aligned(score, ALIGNED_IN[j : j + 1], ALIGNED_OUT[j : j + 1])
        alone.W, alone.S, alone.H = aligned.W, aligned.S[rows_in], aligned.H[rows_out]
        of_one, _, back_alone = alone()
        assert_allclose(of_one, means[rows_out], rtol=1e-12)
        for name, gradient in alone.gradients(back_alone, d[rows_out]).items():
            total[name][{"S": rows_in, "H": rows_out}.get(name, ...)] += gradient
    for name, gradient in aligned.gradients(back, d).items():
        assert_allclose(gradient, total[name], rtol=1e-11, atol=1e-14)


@every_score
def test_other_sequences_may_hold_anything(score):
    aligned = Aligned(score)
    means = aligned()[0]
    for j in range(len(ALIGNED_IN)):
        rows_in, rows_out = aligned.slices(j)
        other = Aligned(score)
        others = np.ones(len(other.S), bool)
        others[rows_in] = False
        other.S[others] = np.nan
        with np.errstate(invalid="ignore"):
            assert_array_equal(other()[0][rows_out], means[rows_out])


@dtypes
@every_score
def test_huge_energies_choose_the_highest_and_overflow_nowhere(score, dtype):
    aligned, small = Aligned(score, dtype=dtype, scale=1e30), Aligned(score)
    means, (a,), back = aligned()
    steps = ((j, t) for j, T in enumerate(ALIGNED_OUT) for t in range(T))
    for (j, t), w in zip(steps, small.means(small.W, small.S, small.H)[1], strict=True):
        assert a[j, t, w.argmax()] == a[j, t].sum() == 1
    gradients = aligned.gradients(back, np.ones_like(means))
    assert all(np.isfinite(g).all() for g in (means, *gradients.values()))
    assert {g.dtype for g in (means, a, *gradients.values())} == {np.dtype(dtype)}


# --- writing tokens ---------------------------------------------------------------------------------------------------

TOKEN_NETWORK = {"target_tokens": 3, "n_outputs": 3, "units": (6, 6), "tokens": 5}
INPUTS = (4, 1, 6, 3, 3, 2, 5)


def speaker(seed=0, scale=1.5, inputs=INPUTS, **architecture):
    """A network that writes tokens, its weights, input sequences, and ``log_p(j, tokens)`` (K,), by the equations: the
    log probability of each token that may follow these. On average, no token is likelier than another."""
    architecture = TOKEN_NETWORK | architecture
    network = translator(**architecture)
    X = sequences(inputs, seed, tokens=network.tokens, n_static=network.n_static)
    theta, known, static = weights(network, seed + 1, scale), {}, static_of(X)
    W, read = network.layout.views(theta), list(X)
    usual = network.network_inputs(translations(network, (5,) * 50, (4,) * 50))
    W["head/V"][:, -1] -= network.predict(theta, usual, WorkerPool(float)).mean(axis=0)

    def log_p(j, tokens):
        if (j, tokens) not in known:
            z = np.array([network.end_token, *tokens])[:, None]
            raw = oracle.encoder_decoder(W, read[j], z, static=static[j], **TRANSLATOR | architecture)[0][-1]
            known[j, tokens] = raw - np.log(np.exp(raw).sum())
        return known[j, tokens]

    return network, theta, X, log_p


def search(network, theta, X, workers=None, *, width=1, max_length=3, length_penalty=1.0):
    options = {"width": width, "max_length": max_length, "length_penalty": length_penalty}
    found = beam_search(network, theta, X, workers or WorkerPool(theta.dtype), **options)
    return [tuple(tokens.tolist()) for tokens in found]


def greedily(log_p, j, max_length):
    tokens = ()
    while len(tokens) < max_length:
        best = int(log_p(j, tokens).argmax())
        if best == len(log_p(j, tokens)) - 1:
            break
        tokens += (best,)
    return tokens


def score_of(log_p, j, tokens, length_penalty):
    """Of a complete output."""
    total = sum(log_p(j, tokens[:t])[token] for t, token in enumerate(tokens)) + log_p(j, tokens)[-1]
    return total / (len(tokens) + 1) ** length_penalty


def with_a_beam(log_p, j, width, max_length, length_penalty):
    """Beam search for one sequence, with lists."""
    hypotheses, complete = [((), 0.0)], []
    for t in range(max_length + 1):
        longer = []
        for tokens, total in hypotheses:
            for token, p in enumerate(log_p(j, tokens)):
                if t < max_length or token == len(log_p(j, tokens)) - 1:
                    longer.append(((*tokens, token), total + p))
        longer = sorted(longer, key=lambda hypothesis: -hypothesis[1])
        end = len(log_p(j, ())) - 1
        complete += [
            (total / (t + 1) ** length_penalty, tokens[:-1]) for tokens, total in longer[:width] if tokens[-1] == end
        ]
        hypotheses = [(tokens, total) for tokens, total in longer if tokens[-1] != end][:width]
        hope = max((total for _, total in hypotheses), default=-np.inf) / (max_length + 1) ** length_penalty
        if complete and (width == 1 or max(complete)[0] >= hope):
            break
    return max(complete)[1]


@every_attention
@every_cell
def test_a_beam_of_one_takes_the_likeliest_token_at_each_step(cell, attention):
    network, theta, X, log_p = speaker(cell=cell, attention=attention)
    found = search(network, theta, X, max_length=4)
    assert found == [greedily(log_p, j, 4) for j in range(len(X))]


def test_the_lengths_of_outputs_differ():
    lengths = {len(tokens) for seed in range(4) for tokens in search(*speaker(seed)[:3], max_length=4)}
    assert lengths == {0, 1, 2, 3, 4}  # or the tests here would prove little


@pytest.mark.parametrize("length_penalty", [0, 0.5, 1])
@pytest.mark.parametrize("width", [2, 3, 4, 7])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.each_choice(times=3)
def test_a_beam_keeps_the_likeliest_hypotheses(seed, width, length_penalty):
    attention, bidirectional = ATTENTIONS[seed % 3], seed % 2 == 0
    cell = list(CELLS)[seed]
    network, theta, X, log_p = speaker(
        seed, cell=cell, attention=attention, bidirectional=bidirectional, target_tokens=4, n_outputs=4
    )
    found = search(network, theta, X, width=width, max_length=4, length_penalty=length_penalty)
    assert found == [with_a_beam(log_p, j, width, 4, length_penalty) for j in range(len(X))]


@pytest.mark.parametrize("width", [1, 3])
@every_attention
def test_the_decoder_knows_the_static_values_of_each_hypothesis(attention, width):
    network, theta, X, log_p = speaker(seed=2, attention=attention, n_static=3)
    found = search(network, theta, X, width=width, max_length=4)
    expected = [with_a_beam(log_p, j, width, 4, 1.0) if width > 1 else greedily(log_p, j, 4) for j in range(len(X))]
    assert found == expected
    others = X.take(np.arange(len(X)))
    others.static[...] = X.static[::-1]
    assert search(network, theta, others, width=width, max_length=4) != found


@pytest.mark.parametrize("length_penalty", [0, 0.5, 1])
@every_attention
def test_a_beam_that_holds_all_hypotheses_finds_the_best_of_all_outputs(attention, length_penalty):
    network, theta, X, log_p = speaker(2, attention=attention)
    everything = [tokens for length in range(4) for tokens in product(range(2), repeat=length)]
    found = search(network, theta, X, width=12, length_penalty=length_penalty)  # 2² hypotheses, 3 tokens
    best = []
    for j, tokens in enumerate(found):
        scores = {tokens: score_of(log_p, j, tokens, length_penalty) for tokens in everything}
        assert tokens == max(scores, key=scores.get)
        best.append(scores[tokens])
    for width in range(1, 12):
        narrow = search(network, theta, X, width=width, length_penalty=length_penalty)
        assert all(score_of(log_p, j, tokens, length_penalty) <= best[j] + 1e-12 for j, tokens in enumerate(narrow))
    assert found != search(network, theta, X, length_penalty=length_penalty)


@pytest.mark.parametrize("width", [1, 3])
@every_attention
def test_an_output_does_not_depend_on_the_other_sequences(attention, width, monkeypatch):
    inputs = np.random.default_rng(0).integers(1, 9, 24)
    network, theta, X, _ = speaker(attention=attention, inputs=inputs)
    found = search(network, theta, X, width=width, max_length=5)
    assert len(set(map(len, found))) > 2
    order = np.random.default_rng(1).permutation(24)
    assert search(network, theta, X.take(order), width=width, max_length=5) == [found[j] for j in order]
    assert [search(network, theta, X.take(np.array([j])), width=width, max_length=5)[0] for j in range(24)] == found
    for room, at_once in ((1, 512), (200, 512), (1 << 40, 7), (1 << 18, 1)):
        monkeypatch.setattr(decoding_module, "ROOM", room)
        monkeypatch.setattr(decoding_module, "WIDTH", at_once)
        sizes = list(map(len, decoding_module.batches(network, X, width)))
        assert sum(sizes) == 24
        assert max(sizes) <= at_once
        with WorkerPool(float, 2) as workers:
            assert search(network, theta, X, workers, width=width, max_length=5) == found


def test_sequences_that_are_decoded_together_have_similar_lengths_and_fit_in_the_room(monkeypatch):
    monkeypatch.setattr(decoding_module, "ROOM", 100)
    monkeypatch.setattr(decoding_module, "WIDTH", 4)
    network, _, X, _ = speaker(inputs=(3, 1, 9, 2, 2, 1, 1, 1, 1, 30))
    rows = list(decoding_module.batches(network, X, 3))
    assert_array_equal(np.concatenate(rows), np.argsort(-X.lengths, kind="stable"))
    assert all(len(r) == 1 or len(r) * 3 * network.widest * X.lengths[r].max() <= 100 for r in rows)
    assert max(map(len, rows)) == 4
    without, _, X, _ = speaker(inputs=(3, 1, 9, 2, 2), attention=None)
    assert [len(r) for r in decoding_module.batches(without, X, 3)] == [4, 1]


def steps_of_the_decoder(monkeypatch):
    """A list that grows by one with each step of a decoder."""
    seen, step = [], decoding_module.IncrementalDecoder.step
    monkeypatch.setattr(decoding_module.IncrementalDecoder, "step", lambda *args: seen.append(1) or step(*args))
    return seen


@pytest.mark.parametrize("max_length", [1, 2, 6])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_network_that_never_ends_stops_at_the_maximum_length(width, max_length, monkeypatch):
    network, theta, X, log_p = speaker(target_tokens=5, n_outputs=5, scale=0.5)
    network.layout.views(theta)["head/V"][-1, -1] = -100
    steps = steps_of_the_decoder(monkeypatch)
    found = search(network, theta, X, width=width, max_length=max_length)
    assert len(steps) == max_length + (width > 1)  # a beam takes one more step, in which each hypothesis ends
    assert [len(tokens) for tokens in found] == [max_length] * len(X)
    assert all(0 <= token < 4 for tokens in found for token in tokens)
    if width == 1:
        assert found == [greedily(log_p, j, max_length) for j in range(len(X))]


@pytest.mark.parametrize("width", [1, 2, 3, 20])
def test_a_network_that_ends_at_once_has_empty_outputs(width, monkeypatch):
    network, theta, X, _ = speaker(scale=0.5)
    network.layout.views(theta)["head/V"][-1, -1] = 100
    steps = steps_of_the_decoder(monkeypatch)
    found = beam_search(network, theta, X, WorkerPool(float), width=width, max_length=4, length_penalty=1)
    assert [len(tokens) for tokens in found] == [0] * len(X)
    assert all(tokens.dtype.kind == "i" for tokens in found)
    assert len(steps) == 1


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "name", ["head/V", "decoder/layer_1/forward/W", "attention/C", "encoder/layer_0/forward/W", "all"]
)
def test_a_network_that_has_diverged_writes_tokens_up_to_the_maximum_length(name, value, width):
    network, theta, X, _ = speaker()
    (theta if name == "all" else network.layout.views(theta)[name])[...] = value
    found = search(network, theta, X, width=width, max_length=4)
    assert all(len(tokens) <= 4 and 0 <= token < 2 for tokens in found for token in tokens)
    if name == "all" or name == "head/V" or np.isnan(value):
        assert [len(tokens) for tokens in found] == [4] * len(X)


# --- writing numbers --------------------------------------------------------------------------------------------------

HORIZONS = (3, 1, 5, 2, 2, 4, 1)


def numbers_by_the_oracle(network, theta, X, horizons, **architecture):
    """Outputs of a decoder that reads its own outputs."""
    W, written = network.layout.views(theta), []
    for x, horizon, s in zip(X, horizons, static_of(X), strict=True):
        z = np.zeros((1, network.n_read))
        for _ in range(horizon):
            raw = oracle.encoder_decoder(W, x, z, static=s, n_ahead=horizon, **TRANSLATOR | architecture)[0]
            z = np.concatenate([z, read_by_the_oracle(network, raw[-1])[None]])
        written.append(raw)
    return np.concatenate(written)


def read_by_the_oracle(network, raw):
    """What the decoder reads of raw outputs (K · Q,): of each output the median of the quantiles."""
    if network.n_quantiles == 1:
        return raw
    return np.array([sorted(quantiles)[network.median] for quantiles in np.split(raw, network.n_read)])


@every_attention
@every_cell
def test_a_free_run_reads_its_own_outputs(cell, attention):
    architecture = {"cell": cell, "attention": attention, "units": (3, 2)}
    network = translator(**architecture)
    X, theta = sequences(INPUTS), weights(network)
    numbers = free_run(network, theta, X, WorkerPool(float), np.array(HORIZONS))
    assert numbers.shape == (sum(HORIZONS), 3)
    assert_allclose(numbers, numbers_by_the_oracle(network, theta, X, HORIZONS, **architecture), rtol=1e-11, atol=1e-13)


@every_attention
def test_a_free_run_knows_the_static_values_of_each_sequence(attention):
    architecture = {"attention": attention, "n_static": 2}
    network, X = translator(**architecture), sequences(INPUTS, n_static=2)
    theta = weights(network)
    numbers = free_run(network, theta, X, WorkerPool(float), np.array(HORIZONS))
    assert_allclose(numbers, numbers_by_the_oracle(network, theta, X, HORIZONS, **architecture), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("horizons", [[1] * 7, [4] * 7, [1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1]], ids=str)
def test_a_free_run_has_the_horizon_of_each_sequence_whatever_the_others(horizons, monkeypatch):
    network, horizons = translator(activation="relu", cell="elman"), np.array(horizons)
    X, theta = sequences(INPUTS), weights(network)
    expected = numbers_by_the_oracle(network, theta, X, horizons, activation="relu", cell="elman")
    for room, at_once in ((1 << 18, 512), (1, 512), (100, 512), (1 << 18, 3)):
        monkeypatch.setattr(decoding_module, "ROOM", room)
        monkeypatch.setattr(decoding_module, "WIDTH", at_once)
        for n_threads in (1, 2):
            with WorkerPool(float, n_threads) as workers:
                assert_allclose(free_run(network, theta, X, workers, horizons), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("architecture", OF_NUMBERS.values(), ids=OF_NUMBERS)
def test_teacher_forcing_on_the_outputs_of_a_free_run_gives_the_same_outputs(architecture):
    network = translator(**architecture)
    dataset, theta = translations(network), weights(network)
    numbers = free_run(network, theta, dataset.X, WorkerPool(float), dataset.counts)
    true = numbers_by_the_oracle(network, theta, dataset.X, dataset.counts, **architecture)
    assert_allclose(numbers, true, rtol=1e-11, atol=1e-13)
    dataset = dataset._replace(y=network.next_inputs(numbers))
    raw = network.predict(theta, network.network_inputs(dataset), WorkerPool(float))
    assert_allclose(raw, numbers, rtol=1e-11, atol=1e-13)


# --- targets that are not known ---------------------------------------------------------------------------------------

GAPS = {  # indices of the targets of sequences of (2, 4, 5, 1, 4) steps
    "one step": 3,
    "first steps": [0, 2, 6],
    "last steps": [1, 5, 10],
    "several": [0, 3, 4, 6, 7, 8, 13],
    "a sequence": [11],
    "one output": ([3, 7, 9], 0),
}


def filled_by_the_oracle(network, theta, dataset, **architecture):
    """The inputs of the decoder with its own outputs where they are not known."""
    batch, W, Z = network.network_inputs(dataset), network.layout.views(theta), []
    for x, z, s in zip(batch.X, batch.decoder_inputs, static_of(batch.X), strict=True):
        z = z.copy()
        for t in range(1, len(z)):
            raw = oracle.encoder_decoder(W, x, z[:t], static=s, n_ahead=len(z), **TRANSLATOR | architecture)[0][-1]
            z[t] = np.where(np.isnan(z[t]), read_by_the_oracle(network, raw), z[t])
        Z.append(z)
    return Z


@pytest.mark.parametrize("architecture", OF_NUMBERS.values(), ids=OF_NUMBERS)
@pytest.mark.parametrize("gaps", GAPS.values(), ids=GAPS)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.each_choice(times=3)
def test_a_target_that_is_not_known_has_no_loss_and_the_decoder_reads_its_own_output(cell, gaps, architecture):
    objective, theta, true = translation(cell=cell, gaps=gaps, **architecture)
    Z = filled_by_the_oracle(objective.network, theta, objective.dataset, cell=cell, **architecture)
    assert_objectives_agree(objective, theta, partial(true, Z=Z))  # no gradient flows through what it reads
    raw = objective.network.predict(theta, objective.network.network_inputs(objective.dataset), WorkerPool(float))
    assert np.isfinite(raw).all()


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "pinball"])
def test_every_loss_leaves_out_what_is_not_known(loss):
    quantiles = {"n_quantiles": 3, "median": 0, "n_outputs": 6} if loss == "pinball" else {}
    architecture = quantiles | {"future": (1,)}
    objective, theta, true = translation(gaps=([2, 3, 3, 8], [0, 0, 1, 1]), loss=loss, **architecture)
    Z = filled_by_the_oracle(objective.network, theta, objective.dataset, **architecture)
    assert_objectives_agree(objective, theta, partial(true, Z=Z))
    assert np.isfinite(objective.null_loss())


@pytest.mark.parametrize("name", ["numbers", "future categories", "future quantiles"])
def test_scheduled_sampling_reads_own_outputs_where_targets_are_not_known(name):
    architecture, lengths = OF_NUMBERS[name], ((3, 6, 2, 4, 4), (4, 6, 5, 3, 4))
    options = {"kind": SampledObjective, "options": {"forcing": lambda epoch: 0.5}, "gaps": [1, 6, 7, 12]}
    objective, theta, true = translation(*lengths, **options, **architecture)
    network, order = objective.network, np.argsort(-np.array(lengths[1]), kind="stable")
    kept = np.random.default_rng((*KEY, 0)).random(sum(lengths[1])) < 0.5
    Z = [None] * 5
    in_order = sampled_by_the_oracle(network, theta, objective.dataset.take(order), kept, **architecture)
    for j, z in zip(order, in_order, strict=True):
        Z[j] = z
    assert_objectives_agree(objective, theta, partial(true, Z=Z), KEY)


@pytest.mark.parametrize("architecture", [{}, {"future": (0,)}], ids=str)
def test_only_sequences_with_gaps_go_through_the_decoder_step_by_step(architecture, monkeypatch):
    seen = []
    plain = decoding_module.IncrementalDecoder.__init__

    def watched(self, network, theta, X, *arguments, **options):
        seen.append(len(X))
        plain(self, network, theta, X, *arguments, **options)

    monkeypatch.setattr(decoding_module.IncrementalDecoder, "__init__", watched)
    for gaps, expected in ((None, []), ([3], [1]), ([3, 8], [2])):
        objective, theta, _ = translation(gaps=gaps, **architecture)
        value_and_gradient(objective, theta, np.arange(5))
        assert seen == expected
        seen.clear()


def test_the_gradient_with_future_features_is_the_finite_difference_of_the_value():
    architecture = OF_NUMBERS["future categories"] | {"n_static": 2, "n_outputs": 6, "n_quantiles": 3, "median": 1}
    objective, theta, _ = translation(gaps=[1, 5, 9, 10], **architecture)  # the last steps, which no step reads
    rows = np.arange(len(objective))
    grad = value_and_gradient(objective, theta, rows)[1].copy()
    for direction in (*np.random.default_rng(0).standard_normal((3, len(theta))), grad):
        step = 1e-6 * direction / np.linalg.norm(direction)
        values = [value_and_gradient(objective, theta + s, rows)[0] for s in (step, -step)]
        assert_allclose(2 * grad @ step, values[0] - values[1], rtol=1e-5, atol=1e-13)


# --- scheduled sampling -----------------------------------------------------------------------------------------------


def sampled_by_the_oracle(network, theta, dataset, kept, **architecture):
    """The inputs of the decoder, if it reads its own outputs at the steps that are not `kept`."""
    batch, W, Z = network.network_inputs(dataset), network.layout.views(theta), []
    kept = np.split(kept, dataset.offsets[1:-1])
    for x, z, kept_here, s in zip(batch.X, batch.decoder_inputs, kept, static_of(batch.X), strict=True):
        z = z.copy()
        for t in range(1, len(z)):
            if not kept_here[t] or np.isnan(z[t]).any():
                options = TRANSLATOR | architecture | {"n_ahead": len(z)}
                raw = oracle.encoder_decoder(W, x, z[:t], static=s, **options)[0][-1]
                read = read_by_the_oracle(network, raw) if network.target_tokens is None else raw[:-1].argmax()
                z[t] = np.where(kept_here[t] & ~np.isnan(z[t]), z[t], read)
        Z.append(z)
    return Z


@every_net
def test_inputs_are_replaced_where_the_generator_says(architecture):
    network = translator(**architecture)
    dataset, theta = longest_output_first(translations(network)), weights(network, scale=1.5)
    batch = network.network_inputs(dataset)
    before = batch.decoder_inputs.values.copy()
    batch.decoder_inputs.values.flags.writeable = False
    for ratio in (0, 0.3, 0.7):
        for seed in range(3):
            sampled = sample_decoder_inputs(network, theta, batch, Workspace(float), np.random.default_rng(seed), ratio)
            kept = np.random.default_rng(seed).random(len(before)) < ratio
            true = sampled_by_the_oracle(network, theta, dataset, kept, **architecture)
            assert_allclose(sampled.decoder_inputs.values, np.concatenate(true), rtol=1e-11, atol=1e-13)
            assert sampled.decoder_inputs.values.dtype == before.dtype
            assert sampled.X is batch.X
            assert_array_equal(sampled.decoder_inputs.offsets, batch.decoder_inputs.offsets)
    assert_array_equal(batch.decoder_inputs.values, before)
    assert sample_decoder_inputs(network, theta, batch, Workspace(float), np.random.default_rng(0), 1) is batch
    short = network.network_inputs(translations(network, (4, 2), (1, 1)))  # no output precedes the first step
    assert sample_decoder_inputs(network, theta, short, Workspace(float), np.random.default_rng(0), 0) is short


def test_the_end_token_is_read_at_the_start_alone():
    network = translator(target_tokens=3)
    dataset, theta = longest_output_first(translations(network)), weights(network)
    network.layout.views(theta)["head/V"][-1, -1] = 100
    read = sample_decoder_inputs(
        network, theta, network.network_inputs(dataset), Workspace(float), np.random.default_rng(0), 0
    ).decoder_inputs
    assert (read.values[read.offsets[:-1]] == 2).all()
    assert (np.delete(read.values, read.offsets[:-1]) < 2).all()


@every_net
@pytest.mark.parametrize("p", [{}, {"dropout": 0.3, "recurrent_dropout": 0.3}], ids=["plain", "dropping"])
@pytest.mark.parametrize("cell", ["lstm", "gru_reset_before"])
def test_the_gradient_does_not_flow_through_sampled_inputs(cell, p, architecture):
    asked, lengths = [], ((3, 6, 2, 4, 4), (4, 6, 5, 3, 4))
    options = {"forcing": lambda epoch: asked.append(epoch) or 0.5}
    architecture = {"cell": cell} | architecture
    objective, theta, true = translation(*lengths, kind=SampledObjective, options=options, **p, **architecture)
    network = objective.network
    order = np.argsort(-np.array(lengths[1]), kind="stable")
    rng = np.random.default_rng((*KEY, 0))
    kept = rng.random(sum(lengths[1])) < 0.5
    Z = [None] * 5
    in_order = sampled_by_the_oracle(network, theta, objective.dataset.take(order), kept, **architecture)
    for j, z in zip(order, in_order, strict=True):
        Z[j] = z
    masks = masks_of_translation(network, *lengths, rng)
    assert_objectives_agree(objective, theta, partial(true, Z=Z, masks=masks), KEY)
    assert asked == [1]


@pytest.mark.parametrize("forcing", [0.5, 1])
def test_the_decoder_reads_the_targets_without_a_key_and_with_full_forcing(forcing):
    sampled, theta, true = translation(
        kind=SampledObjective, options={"forcing": lambda epoch: forcing}, target_tokens=3
    )
    assert_objectives_agree(sampled, theta, true)
    rows = np.arange(len(sampled))
    value, truth = value_and_gradient(sampled, theta, rows, KEY)[0], value_and_gradient(sampled, theta, rows)[0]
    assert (value == truth) == (forcing == 1)


@every_net
def test_scheduled_sampling_gives_the_same_bits_with_any_number_of_threads(architecture, monkeypatch):
    monkeypatch.setattr(objective_module, "HALF", 1)
    results = []
    for n_threads in (1, 2):
        with WorkerPool(float, n_threads) as workers:
            options = {"kind": SampledObjective, "options": {"forcing": lambda epoch: 0.5}, "workers": workers}
            objective, theta, _ = translation(**options, **architecture)
            results.append(value_and_gradient(objective, theta, np.arange(len(objective)), KEY))
    assert results[0][0] == results[1][0]
    assert_array_equal(results[0][1], results[1][1])


# --- precision and initial weights ------------------------------------------------------------------------------------


@every_net
@every_cell
@pytest.mark.each_choice(times=2)
def test_a_network_computes_in_the_precision_of_its_weights(cell, architecture):
    options = {"kind": SampledObjective, "options": {"forcing": lambda epoch: 0.5}}
    architecture = {"cell": cell, "dropout": 0.3, "recurrent_dropout": 0.3} | architecture
    objective, theta, _ = translation(**options, **architecture)
    network, dataset, rows = objective.network, objective.dataset, np.arange(len(objective))
    value, grad = value_and_gradient(objective, theta, rows, KEY)
    X = dataset.X if network.tokens else dataset.X.map(np.float32)
    X = X if X.static is None else replace(X, static=np.float32(X.static))
    Y = dataset.y if network.target_tokens else np.float32(dataset.y)
    single, theta32 = dataset._replace(X=X, y=Y, weight=np.float32(dataset.weight)), np.float32(theta)
    in_float32 = SampledObjective(
        network, objective.loss, single, 0.1, WorkerPool(np.float32), forcing=lambda epoch: 0.5
    )
    single_value, single_grad = value_and_gradient(in_float32, theta32, rows, KEY)
    assert single_grad.dtype == np.float32
    assert_allclose(single_value, value, rtol=1e-5)
    assert_allclose(single_grad, grad, rtol=1e-4, atol=1e-5 * np.abs(grad).max())
    assert {a.dtype for a in in_float32.workers._workspace._held.values()} == {np.dtype(np.float32)}
    first = forward(network, theta32, longest_output_first(single))
    assert first.raw.dtype == np.float32
    if network.score is not None:
        assert {a.dtype for a in first.head[1]} == {np.dtype(np.float32)}
    workers = WorkerPool(np.float32)
    if network.target_tokens is None:
        numbers = free_run(network, theta32, X, workers, dataset.counts)
        assert numbers.dtype == np.float32
        assert_allclose(
            numbers, free_run(network, theta, dataset.X, WorkerPool(float), dataset.counts), rtol=1e-3, atol=1e-5
        )
    else:
        beam_search(network, theta32, X, workers, width=2, max_length=3, length_penalty=1)
    assert {a.dtype for a in workers._workspace._held.values()} == {np.dtype(np.float32)}
    B = 1 if network.future else 2
    written = np.zeros(5 * B, int) if network.target_tokens else np.zeros((5 * B, network.n_read), np.float32)
    with quiet_arithmetic():
        decoder = decoding_module.IncrementalDecoder(
            network, theta32, X, Workspace(np.float32), B, n_steps=dataset.counts
        )
        assert decoder.step(written).dtype == np.float32
    assert {a.dtype for a in decoder.state.values()} == {np.dtype(np.float32)}


def test_shapes_of_the_weights():
    network = translator(units=(4, 3), tokens=6, n_features=5, target_tokens=7, n_outputs=7)
    shapes = {
        "encoder/layer_0/forward/W": (16, 5 + 1 + 4),
        "encoder/layer_0/backward/W": (16, 5 + 1 + 4),
        "encoder/layer_1/forward/W": (12, 8 + 1 + 3),
        "encoder/layer_1/backward/W": (12, 8 + 1 + 3),
        "decoder/layer_0/forward/W": (16, 4 + 1 + 4),
        "decoder/layer_1/forward/W": (12, 4 + 1 + 3),
        "bridge/layer_0/B": (8, 8 + 1),
        "bridge/layer_1/B": (6, 6 + 1),
        "attention/Q": (3, 3 + 1),
        "attention/C": (3, 3 + 6 + 1),
        "head/V": (7, 3 + 1),
        "attention/K": (3, 6),
        "attention/v": (1, 3),
        "words/E": (7, 4),
        "embedding/E": (-1, 5),
    }
    assert network.layout.shapes == shapes
    sizes = sum(np.prod(shape) for name, shape in shapes.items() if name != "embedding/E")
    assert len(network.initial(np.random.default_rng(0))) == sizes + 6 * 5
    dot = translator(units=(4, 3), attention="dot", cell="gru").layout.shapes
    assert dot["attention/Q"] == (6, 3 + 1)
    assert dot["bridge/layer_0/B"] == (4, 8 + 1)  # no cell state
    assert dot["decoder/layer_0/forward/W_rz"] == (8, 3 + 1 + 4)  # reads the three outputs
    assert not {"attention/K", "attention/v", "words/E", "embedding/E"} & dot.keys()
    static = translator(units=(4, 3), n_static=2).layout.shapes
    assert static["bridge/layer_1/B"] == (6, 6 + 2 + 1)
    assert static["head/V"] == (3, 3 + 2 + 1)
    assert static["attention/C"] == (3, 3 + 6 + 1)
    plain = translator(attention=None, bidirectional=False).layout.shapes
    assert not any(name.startswith("attention") or "backward" in name for name in plain)
    assert plain["bridge/layer_0/B"] == (6, 3 + 1)


@every_cell
@every_net
def test_initial_weights_depend_on_the_seed_alone(architecture, cell):
    network = translator(cell=cell, **architecture)
    theta, again, other = (network.initial(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert_array_equal(theta, again)
    assert theta.dtype == float
    assert np.isfinite(theta).all()
    W, of_other = network.layout.views(theta), network.layout.views(other)
    for name, w in W.items():
        assert not (w == of_other[name]).all(), name
        if name.startswith(("bridge", "head", "attention/Q", "attention/C")):
            assert not w[:, -1].any()
            w = w[:, :-1]
        if name.startswith(("bridge", "head", "attention")):
            assert w.all()
            assert np.abs(w).max() <= np.sqrt(6 / sum(w.shape))
    if network.target_tokens is not None:
        assert W["words/E"].all()
    if network.tokens is not None:
        assert not W["embedding/E"][0].any()  # unknown tokens
        assert W["embedding/E"][1:].all()
