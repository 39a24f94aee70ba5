"""Encoder and decoder: from sequences to sequences of another length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from .attention import SCORES, attend, padded_groups
from .decoding import with_own_outputs
from .layers import dense, dropout_mask, embed, embed_columns, project
from .network import ForwardResult, Model
from .packing import PackedBatch
from .ragged import Ragged, Sequences
from .stack import Stack
from .unroll import StateCollector, concat_directions, split_gradient


@dataclass(frozen=True, eq=False)
class Seq2SeqBatch:
    """Input sequences X, and for each of them the inputs of the decoder, one for each step of its output.

    A NaN among the inputs of the decoder is not known: the decoder reads its own output there. If it reads future
    features, these are not among its inputs here: they are in the last steps of X, as many as the sequence has inputs
    of the decoder.
    """

    X: Sequences
    decoder_inputs: Ragged

    @property
    def offsets(self):
        return self.decoder_inputs.offsets

    @property
    def lengths(self):
        return self.decoder_inputs.lengths

    def take(self, rows):
        return Seq2SeqBatch(self.X.take(rows), self.decoder_inputs.take(rows))

    def order_by_values(self):
        """As of `Ragged`, by the values of the input sequences."""
        return np.lexsort((self.X.projections(), -self.lengths))

    def steps(self, rows):
        """Indices of the output steps of the sequences `rows`, in that order."""
        return self.decoder_inputs.steps(rows)


class EncoderDecoder(Model):
    """A network that encodes a sequence and decodes another one from it, step by step.

    S are the states of the top layer of the encoder. Each layer of the decoder starts from the last states h of the
    encoder's layer, of both directions: h_0 = tanh(B [h; 1]), and of an LSTM c_0 = B' [h; 1]. At each step the decoder
    reads its output of the step before. With `attention`, h̃ = tanh(C [h; Σ a s; 1]) of its state and of the context, a
    weighted mean of S. The raw outputs are V [h̃; 1], or V [h; 1] without attention.

    Static values of a sequence join the last states of the encoder, B [h; static; 1], and the states of the decoder at
    each step, V [h̃; static; 1].

    Future features are known for the steps that are written: the last steps of a sequence, as many as it has outputs,
    are these steps, and the encoder reads the steps before them. At each step the decoder reads [outputs of the step
    before; future features of this step]. Those that are categories have the vectors of the encoder's tables. `split`
    alone says which steps are which.

    There is no input feeding: the context of a step is no input of the next one. The states of the decoder therefore
    need no attention, and that of all steps is computed together.

    n_features : of the input sequences, or columns of their embedding table
    n_outputs : outputs per step
    target_tokens : number of tokens that the decoder reads, the end token included, which is the last. They are rows of
        a table with ``units[0]`` columns. None if the decoder reads numbers, its own outputs.
    attention : a name in `SCORES`, or None
    n_static : static values of each sequence
    future : the columns of X, ascending, that are future features of a decoder that reads numbers; empty if it has
        none, and the encoder reads all steps
    n_quantiles, median : how many outputs estimate one number, and which of them, in ascending order, the decoder reads
        of the step before
    tokens, tables, dropout, recurrent_dropout, truncate : as in `Network`

    References: Sutskever, I., Vinyals, O. & Le, Q. V. (2014). Sequence to sequence learning with neural networks. NIPS.
    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder. EMNLP. Luong, M.-T., Pham, H. &
    Manning, C. D. (2015). Effective approaches to attention-based neural machine translation. EMNLP.
    """

    per_step = True

    def __init__(
        self,
        *,
        cell,
        activation,
        n_features,
        units,
        bidirectional,
        attention,
        n_outputs,
        target_tokens=None,
        n_static=0,
        future=(),
        n_quantiles=1,
        median=0,
        tokens=None,
        tables=(),
        dropout=0.0,
        recurrent_dropout=0.0,
        truncate=None,
    ):
        self.n_outputs = n_outputs
        self.target_tokens = target_tokens
        self.n_static = n_static
        self.dropout = dropout
        self.n_quantiles = n_quantiles
        self.median = median
        self.n_read = n_outputs // n_quantiles  # outputs of the step before that the decoder reads, if it reads numbers
        self.future = list(future)
        n_numbers = n_features - sum(width for _, width in tables)
        self.future_tables = [f"embedding_{column - n_numbers}/E" for column in future if column >= n_numbers]
        of_tables = sum(tables[column - n_numbers][1] for column in future if column >= n_numbers)
        self.future_width = len(future) - len(self.future_tables) + of_tables
        settings = {"dropout": dropout, "recurrent_dropout": recurrent_dropout, "truncate": truncate}
        n_inputs = units[0]
        if target_tokens is None:
            n_inputs = self.n_read + self.future_width
        self.encoder = Stack(cell, activation, n_features, units, bidirectional, prefix="encoder/", **settings)
        # The decoder has one direction: when it predicts, later inputs are not known yet.
        self.decoder = Stack(cell, activation, n_inputs, units, False, prefix="decoder/", **settings)
        self.score = None if attention is None else SCORES[attention]
        H = units[-1]
        P = self.encoder.width
        dense = {}
        plain = {}
        embeddings = {}
        for k, cell in enumerate(self.decoder.cells):
            n_states = 2 if "c" in cell.cache_blocks else 1
            n_lasts = len(self.encoder.directions) * cell.H
            dense[f"bridge/layer_{k}/B"] = (n_states * cell.H, n_lasts + n_static + 1)
        if self.score is not None:
            queries, plain = self.score.shapes(H, P)
            dense |= queries | {"attention/C": (H, H + P + 1)}
        dense["head/V"] = (n_outputs, H + n_static + 1)
        if target_tokens is not None:
            embeddings["words/E"] = (target_tokens, n_inputs)
        stacks = [self.encoder, self.decoder]
        super().__init__(stacks, n_features, tokens, dense, plain, embeddings=embeddings, tables=tables)

    def lengths(self, dataset):
        # The inputs have another order, which `encode` restores.
        return dataset.counts

    def sizes(self, X):
        n_read = X.X.lengths
        if self.future:
            n_read = n_read - X.lengths
        sizes = n_read * self.encoder.numbers + X.lengths * self.decoder.numbers
        if self.score is not None:
            sizes += n_read * X.lengths
        return sizes

    def network_inputs(self, dataset):
        """What `forward` takes. The decoder reads the targets, each one step later (teacher forcing)."""
        decoder_inputs = np.empty_like(dataset.y)
        decoder_inputs[1:] = dataset.y[:-1]
        decoder_inputs[dataset.offsets[:-1]] = self.start_input
        return Seq2SeqBatch(dataset.X, Ragged(decoder_inputs, dataset.offsets))

    @property
    def start_input(self):
        """The first input of the decoder: the end token, or the number 0."""
        # The end token is never read but here, so that it can be the start token, too.
        return 0 if self.target_tokens is None else self.end_token

    @property
    def end_token(self):
        return self.target_tokens - 1

    def split(self, X, n_steps):
        """What the encoder reads of `X`, a `Ragged`; and the future features of the steps that are written, end to end.

        n_steps (N,) : how many steps are written. Without future features the encoder reads all of X, and the second
            result is None.
        """
        if not self.future:
            return X, None
        return X.without_last(n_steps), X.last(n_steps, self.future)

    def embed_future(self, W, future):
        """Future features (S, k) as the decoder reads them, and ``back(dW, d)``."""
        out = np.empty((len(future), self.future_width), future.dtype)
        _, back = embed_columns([W[name] for name in self.future_tables], future, out)
        return out, lambda dW, d: back([dW[name] for name in self.future_tables], d)

    def next_inputs(self, raw):
        """What the decoder reads at a step, numbers, of its raw outputs (n, n_outputs) of the step before."""
        if self.n_quantiles == 1:
            return raw
        return np.sort(raw.reshape(len(raw), -1, self.n_quantiles), axis=2)[:, :, self.median]

    def forward(self, theta, batch, scratch, needs_backward=True, *, rng=None):
        """Run the forward pass over a `Seq2SeqBatch`, longest output first: a `ForwardResult` with an output per step.

        Its `head` is an `Alignment`, or None without attention.

        needs_backward, rng : as in `Network.forward`
        """
        W = self.layout.views(theta)
        batch = self._without_gaps(theta, batch, scratch)
        inputs = batch.decoder_inputs
        X, future = self.split(batch.X, inputs.lengths)
        masks = partial(dropout_mask, rng, len(inputs), dtype=theta.dtype)
        encoded = self.encode(W, X, scratch, masks, needs_backward)
        x, inputs_back = self._embed_decoder_inputs(W, inputs.values, future, scratch)
        packed = PackedBatch.of(inputs.lengths, self.decoder.max_padding)
        h = scratch("decoder/outputs", len(x), self.decoder.cells[-1].H)
        collector = StateCollector(packed, False, h)
        decoded = self.decoder.forward(
            W, x, packed, scratch, [[collector]], masks, needs_backward=needs_backward, initial_state=encoded.state
        )
        y = h
        alignment = None
        if self.score is not None:
            units = len(W["attention/Q"])
            groups = list(padded_groups(encoded.starts, X.lengths, inputs.offsets[:-1], inputs.lengths, units))
            contexts, weights, attend_back = attend(self.score, W, encoded.S, h, groups, scratch)
            alignment = Alignment(groups, weights)
            y, combine_back = self.combine(W, h, contexts)
        mask = masks(self.dropout, y.shape[1])
        if mask is not None:
            # As in the layers, a sequence has one mask for all of its steps.
            mask = np.repeat(mask.T, inputs.lengths, axis=0)
            y = y * mask
        if X.static is not None:
            y = np.concatenate([y, np.repeat(X.static, inputs.lengths, axis=0)], axis=1)
        raw, head_back = project(W["head/V"], y)
        if not needs_backward:
            return ForwardResult(raw.T, None, alignment, {})

        def back(d_raw):
            grad = scratch("grad", len(theta))
            grad.fill(0)
            dW = self.layout.views(grad)
            dS = None
            dh = head_back(dW["head/V"], d_raw.T)[:, : h.shape[1]]
            if mask is not None:
                dh = dh * mask
            if self.score is not None:
                dh, d_contexts = np.split(combine_back(dW["attention/C"], dh), [h.shape[1]], axis=1)
                dS, dH = attend_back(dW, np.ascontiguousarray(d_contexts))
                dh = dh + dH
            # The decoder has no gradient for its last states but that of the outputs at all steps: d_h is empty.
            collector.gradient = dh
            if inputs_back is None:
                d_state = decoded.back(dW, {}, None)
            else:
                d_x = scratch("decoder/d_embedded", *x.shape)
                d_state = decoded.back(dW, {}, d_x)
                inputs_back(dW, d_x)
            encoded.back(dW, dS, d_state)
            return grad

        return ForwardResult(raw.T, back, alignment, {})

    def _without_gaps(self, theta, batch, scratch):
        """The same batch with the decoder's own outputs in the place of inputs that are not known."""
        inputs = batch.decoder_inputs
        gaps = np.isnan(inputs.values)
        if not gaps.any():
            return batch
        rows = np.flatnonzero(np.logical_or.reduceat(gaps.any(axis=1), inputs.offsets[:-1]))
        steps = inputs.steps(rows)
        values = inputs.values.copy()
        # A pass through the decoder step by step, of the sequences alone that have gaps.
        own = with_own_outputs(self, theta, batch.X.take(rows), inputs.take(rows), gaps[steps], scratch)
        values[steps] = own.values
        return replace(batch, decoder_inputs=Ragged(values, inputs.offsets))

    def _embed_decoder_inputs(self, W, inputs, future, scratch):
        """What the first layer of the decoder reads, and ``back(dW, d)``; None if nothing of it has a gradient."""
        if self.target_tokens is not None:
            out = scratch("decoder/embedded", len(inputs), W["words/E"].shape[1])
            x, embed_back = embed(W["words/E"], inputs[:, 0], out)
            return x, lambda dW, d: embed_back(dW["words/E"], d)
        if future is None:
            return inputs, None
        future, future_back = self.embed_future(W, future)
        x = np.concatenate([inputs, future], axis=1)
        if not self.future_tables:
            return x, None
        return x, lambda dW, d: future_back(dW, d[:, self.n_read :])

    def combine(self, W, h, contexts):
        """h̃ = tanh(C [h; contexts; 1]), a row for each step; and ``back(dC, d)``."""
        y, project_back = project(W["attention/C"], np.concatenate([h, contexts], axis=1))
        np.tanh(y, y)
        return y, lambda dC, d: project_back(dC, d * (1 - y * y))

    def encode(self, W, X, scratch, masks=lambda p, H: None, needs_backward=False):
        """Run the encoder over the sequences X, in any order: `Encoded`, in the order of X."""
        # A batch is sorted by its outputs. The encoder needs its longest input first.
        order = np.argsort(-X.lengths, kind="stable")
        inverse = np.argsort(order)
        is_sorted = (order[1:] > order[:-1]).all()
        if not is_sorted:
            X = X.take(order)
        values, embed_back = self.embed_inputs(W, X.values, scratch)
        packed = PackedBatch.of(X.lengths, self.encoder.max_padding)
        directions = self.encoder.directions
        S = None
        observers = [[] for _ in directions]
        if self.score is not None:
            S = scratch("encoder/outputs", len(values), self.encoder.width)
            collectors = concat_directions(packed, directions, S)
            observers = [[collector] for collector in collectors]
        layers = self.encoder.forward(W, values, packed, scratch, observers, masks, needs_backward=needs_backward)
        state = {}
        bridges = []
        # X, in the order of the encoder
        static = [] if X.static is None else [X.static.T]
        for k, (cell, h) in enumerate(zip(self.decoder.cells, layers.h, strict=True)):
            y, bridge_back = dense(W[f"bridge/layer_{k}/B"], np.concatenate([*h, *static]))
            state[f"h_{k}"] = np.tanh(y[: cell.H])[:, inverse]
            if "c" in cell.cache_blocks:
                # Unlike h, a cell state is not bounded by 1, and so it has no tanh.
                state[f"c_{k}"] = y[cell.H :][:, inverse]
            bridges.append(bridge_back)
        starts = X.offsets[:-1][inverse]
        if not needs_backward:
            return Encoded(S, starts, state, None)

        def back(dW, dS, d_state):
            d_h = {}
            for k, bridge_back in enumerate(bridges):
                h = state[f"h_{k}"]
                d = [d_state[f"h_{k}"] * (1 - h * h)]
                if f"c_{k}" in state:
                    d.append(d_state[f"c_{k}"])
                d_lasts = bridge_back(dW[f"bridge/layer_{k}/B"], np.concatenate(d)[:, order])
                d_h[k] = np.split(d_lasts[: len(directions) * self.encoder.cells[k].H], len(directions))
            if dS is not None:
                split_gradient(collectors, dS)
            if embed_back is None:
                layers.back(dW, d_h, None)
            else:
                d_values = scratch("d_embedded", *values.shape)
                layers.back(dW, d_h, d_values)
                embed_back(dW, d_values)

        return Encoded(S, starts, state, back)


class Alignment(NamedTuple):
    """The groups of sequences whose attention was computed together, and the weights (g, T, J) of each group."""

    groups: list
    weights: list


class Encoded(NamedTuple):
    """What the decoder takes from the encoder.

    S (S_in, P) : states of the top layer, longest sequence first; None without attention
    starts (N,) : the first row of each sequence in S
    state : name → (H, N), in which the decoder starts
    back : ``back(dW, dS, d_state)``, or None without a backward pass
    """

    S: np.ndarray | None
    starts: np.ndarray
    state: dict
    back: Callable | None
