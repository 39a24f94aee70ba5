"""Encoder and decoder: from a sequence to another one, of another length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from .attention import SCORES, attend, groups
from .layers import dense, dropout_mask, embed, project
from .network import ForwardResult, Model
from .packing import PackedBatch
from .ragged import Ragged, Sequences
from .stack import Stack
from .unroll import StateCollector, concat_directions, split_gradient


@dataclass(frozen=True, eq=False)
class Seq2SeqBatch:
    """Sequences X, and for each of them decoder_inputs, what the decoder reads before each of its steps."""

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

    def steps(self, rows):
        """Which of all outputs belong to the sequences `rows`, in that order."""
        return self.decoder_inputs.steps(rows)


class EncoderDecoder(Model):
    """A network that reads a sequence, and writes another step by step.

    The states S of the encoder's top layer are kept. The decoder begins, in each layer, where the encoder's has ended,
    h = tanh(B [h; 1]), of an LSTM also c = B' [h; 1]; h being the last states of both directions. At each step it reads
    what it has written last. With `attention`, h̃ = tanh(C [h; Σ a s; 1]) of its state and a weighted mean of S; the
    outputs are V [h̃; 1], without attention V [h; 1].

    The mean plays no part in the next state (there is no input feeding): so all steps of a given output are computed
    together.

    n_features, n_outputs : of the input sequences, of each step that is written
    words : how many different words the decoder reads, which are rows of a table of vectors, `units[0]` entries each;
        None if it reads numbers, the outputs themselves
    attention : a name in `SCORES`, or None
    tokens, dropout, recurrent_dropout, truncate : as of `Network`

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
        words=None,
        tokens=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        truncate=None,
    ):
        self.n_outputs, self.words, self.dropout = n_outputs, words, dropout
        reads = n_outputs if words is None else units[0]
        training = {"dropout": dropout, "recurrent_dropout": recurrent_dropout, "truncate": truncate}
        self.encoder = Stack(cell, activation, n_features, units, bidirectional, prefix="encoder/", **training)
        self.decoder = Stack(cell, activation, reads, units, False, prefix="decoder/", **training)
        self.score = None if attention is None else SCORES[attention]
        n, H, P, affine, plain = len(self.encoder.directions), units[-1], self.encoder.width, {}, {}
        for k, cell in enumerate(self.decoder.cells):
            affine[f"bridge/layer_{k}/B"] = (cell.H * (1 + ("c" in cell.cache_blocks)), n * cell.H + 1)
        if self.score is not None:
            queries, plain = self.score.shapes(H, P)
            affine |= queries | {"attention/C": (H, H + P + 1)}
        affine["head/V"] = (n_outputs, H + 1)
        vectors = {} if words is None else {"words/E": (words, reads)}
        super().__init__([self.encoder, self.decoder], n_features, tokens, affine, plain, vectors)

    def lengths(self, dataset):
        """By what the sequences of a batch are sorted."""
        return dataset.counts

    def sizes(self, X):
        """(N,): how many numbers a prediction holds for each sequence."""
        scores = 0 if self.score is None else X.X.lengths * X.decoder_inputs.lengths
        return X.X.lengths * self.encoder.numbers + X.decoder_inputs.lengths * self.decoder.numbers + scores

    def network_inputs(self, dataset):
        """What `forward` takes: the decoder reads the targets, each one step later (teacher forcing)."""
        decoder_inputs = np.empty_like(dataset.y)
        decoder_inputs[1:] = dataset.y[:-1]
        decoder_inputs[dataset.offsets[:-1]] = self.first
        return Seq2SeqBatch(dataset.X, Ragged(decoder_inputs, dataset.offsets))

    @property
    def first(self):
        """What the decoder reads before its first step: the last word, which also ends a sequence; or the number 0."""
        return 0 if self.words is None else self.words - 1

    def forward(self, theta, batch, scratch, needs_backward=True, *, rng=None):
        """Go through a `Seq2SeqBatch`, longest output first: a `ForwardResult`, raw outputs for each step that is
        written.

        needs_backward, rng : as of `Network.forward`; the `head` is an `Alignment`, or None without attention
        """
        W, decoder_inputs = self.layout.views(theta), batch.decoder_inputs
        masks = partial(dropout_mask, rng, len(decoder_inputs), dtype=theta.dtype)
        encoded = self.encode(W, batch.X, scratch, masks, needs_backward)
        x, words_back = decoder_inputs.values, None
        if self.words is not None:
            x, words_back = embed(W["words/E"], x[:, 0], scratch("words", len(x), W["words/E"].shape[1]))
        packed, h = (
            PackedBatch.of(decoder_inputs.lengths, self.decoder.max_padding),
            scratch("decoder/outputs", len(x), self.decoder.cells[-1].H),
        )
        join, alignment = StateCollector(packed, False, h), None
        decoded = self.decoder.forward(
            W, x, packed, scratch, [[join]], masks, needs_backward=needs_backward, initial_state=encoded.state
        )
        y = h
        if self.score is not None:
            units = len(W["attention/Q"])
            pairs = list(
                groups(encoded.starts, batch.X.lengths, decoder_inputs.offsets[:-1], decoder_inputs.lengths, units)
            )
            means, weights, attend_back = attend(self.score, W, encoded.S, h, pairs, scratch)
            alignment = Alignment(pairs, weights)
            y, combine_back = self.combine(W, h, means)
        mask = masks(self.dropout, y.shape[1])
        mask = None if mask is None else np.repeat(mask.T, decoder_inputs.lengths, axis=0)
        raw, head_back = project(W["head/V"], y if mask is None else y * mask)

        def back(d_raw):
            grad = scratch("grad", len(theta))
            grad.fill(0)
            dW, dS = self.layout.views(grad), None
            dh = head_back(dW["head/V"], d_raw.T)
            dh = dh if mask is None else dh * mask
            if self.score is not None:
                dh, d_means = np.split(combine_back(dW["attention/C"], dh), [h.shape[1]], axis=1)
                dS, dH = attend_back(dW, np.ascontiguousarray(d_means))
                dh = dh + dH
            join.gradient = dh
            d_x = None if words_back is None else scratch("d_words", *x.shape)
            d_state = decoded.back(dW, {}, d_x)
            if words_back is not None:
                words_back(dW["words/E"], d_x)
            encoded.back(dW, dS, d_state)
            return grad

        return ForwardResult(raw.T, back if needs_backward else None, alignment, {})

    def combine(self, W, h, means):
        """h̃ = tanh(C [h; means; 1]), a row for each step; and its ``back(dC, d)``."""
        y, project_back = project(W["attention/C"], np.concatenate([h, means], axis=1))
        np.tanh(y, y)
        return y, lambda dC, d: project_back(dC, d * (1 - y * y))

    def encode(self, W, X, scratch, masks=lambda p, H: None, needs_backward=False):
        """Read the sequences X: `Encoded`."""
        order = np.argsort(-X.lengths, kind="stable")
        place = np.argsort(order)  # of each sequence, in that order
        X = X.take(order) if (order[1:] < order[:-1]).any() else X
        values, embed_back = X.values, None
        if self.tokens is not None:
            out = scratch("embedded", len(values), self.encoder.cells[0].F)
            values, embed_back = embed(W["embedding/E"], values[:, 0], out)
        packed, directions = PackedBatch.of(X.lengths, self.encoder.max_padding), self.encoder.directions
        S, joins, observers = None, [], [[] for _ in directions]
        if self.score is not None:
            S = scratch("encoder/outputs", len(values), self.encoder.width)
            joins = concat_directions(packed, directions, S)
            observers = [[join] for join in joins]
        layers = self.encoder.forward(W, values, packed, scratch, observers, masks, needs_backward=needs_backward)
        state, bridges = {}, []
        for k, (cell, h) in enumerate(zip(self.decoder.cells, layers.h, strict=True)):
            y, bridge_back = dense(W[f"bridge/layer_{k}/B"], np.concatenate(h))
            state[f"h_{k}"] = np.tanh(y[: cell.H])[:, place]
            if "c" in cell.cache_blocks:
                state[f"c_{k}"] = y[cell.H :][:, place]
            bridges.append(bridge_back)

        def back(dW, dS, d_state):
            d_h = {}
            for k, bridge_back in enumerate(bridges):
                h = state[f"h_{k}"]
                d = [d_state[f"h_{k}"] * (1 - h * h)]
                if f"c_{k}" in state:
                    d.append(d_state[f"c_{k}"])
                dy = bridge_back(dW[f"bridge/layer_{k}/B"], np.concatenate(d)[:, order])
                d_h[k] = np.split(dy, len(directions))
            if dS is not None:
                split_gradient(joins, dS)
            d_values = None if embed_back is None else scratch("d_embedded", *values.shape)
            layers.back(dW, d_h, d_values)
            if embed_back is not None:
                embed_back(dW["embedding/E"], d_values)

        return Encoded(S, X.offsets[:-1][place], state, back if needs_backward else None)


class Alignment(NamedTuple):
    """The groups of sequences that attention went through, and the weights (g, T, J) of each."""

    groups: list
    weights: list


class Encoded(NamedTuple):
    """S (S_in, P), the states of the top layer, if there is attention; `starts` (N,), from which row on those of a
    sequence are; the `state` in which the decoder begins; and ``back(dW, dS, d_state)``."""

    S: np.ndarray | None
    starts: np.ndarray
    state: dict
    back: object
