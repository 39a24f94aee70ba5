"""A whole network: embedding, recurrent layers, a head."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from .heads import PooledHead, StagedHead, StepHead
from .initialization import glorot
from .layers import dropout_mask, embed
from .layout import Layout
from .packing import PackedBatch
from .ragged import length_buckets
from .stack import Stack

PREDICTION_BYTES = 1 << 26
"""Bytes of inputs that a prediction holds at once, if a single sequence does not need more."""

PREDICTION_WIDTH, FRAME_BYTES = 512, 1 << 18
"""Sequences that a prediction works on at once; more, for fewer calls, while its one frame is no larger than this."""


class ForwardResult(NamedTuple):
    """raw (K, N), or (K, S) for an output per step; ``back(d_raw, d_values=None) -> grad``, in forget_bias that lasts
    until
    the next one, which adds the gradient with respect to what the first layer reads to `d_values` (S, F); the head; and
    the state in which the sequences end, by name, (H, N) each: exact if the forward pass was given a
    `initial_state`."""

    raw: np.ndarray
    back: Callable | None
    head: object
    ends: dict


class Model:
    """What weights mean: it holds none, and nothing in it changes.

    A subclass has ``forward(theta, batch, scratch, needs_backward, **options) -> ForwardResult``;
    ``network_inputs(samples)``, what of them is a batch; ``lengths(samples)``, by which the sequences of a batch
    descend; ``sizes(batch)``, how many numbers a prediction holds for each of its sequences; `n_outputs`; and
    `per_step`, whether there is an output for each step.

    stacks : of recurrent layers
    dense, plain, vectors : shapes of other arrays, by name; of the dense ones the last column multiplies 1; vectors, a
        row for each of some words, are not penalized
    tokens : None, or how many rows the table has, a vector of `n_features` for each token
    """

    def __init__(self, stacks, n_features, tokens, dense, plain=None, vectors=None):
        self.stacks, self.tokens = stacks, tokens
        self._dense, self._plain, self._vectors = dense, plain or {}, vectors or {}
        self.widest = max(cell.H for stack in stacks for cell in stack.cells)
        shapes = {name: shape for stack in stacks for name, shape in stack.shapes().items()}
        shapes |= self._dense | self._plain | self._vectors
        self.layout = Layout(shapes, None if tokens is None else ("embedding/E", n_features))

    def initial(self, rng, forget_bias="auto", longest=2):
        """Initial weights, float64; `forget_bias` and `longest` as `cell_weights` takes them."""
        theta = np.zeros(self.layout.size + (self.tokens or 0) * (self.layout.table_width or 0))
        views = self.layout.views(theta)
        for stack in self.stacks:
            stack.initialize(views, rng, forget_bias, longest)
        for w in [*(views[name][:, :-1] for name in self._dense), *(views[name] for name in self._plain)]:
            w[...] = glorot(rng, *w.shape)
        for name in self._vectors:
            views[name][...] = rng.standard_normal(views[name].shape)
        if self.tokens is not None:
            views["embedding/E"][1:] = rng.standard_normal(views["embedding/E"][1:].shape)  # 0: unknown tokens
        return theta

    def penalized(self):
        """1.0 for each weight that the L2 penalty counts, 0.0 for each bias; without the table, which it spares."""
        mask = np.ones(self.layout.size)
        views = self.layout.views(mask)
        for stack in self.stacks:
            stack.clear_biases(views)
        for name in self._dense:
            views[name][:, -1] = 0
        for name in self._vectors:
            views[name][...] = 0
        return mask

    def predict(self, theta, X, workers, *, on_batch=None, **options):
        """Raw outputs for `Sequences`, a row each: (N, K), or (S, K) if one per step; `options` are of
        `for_each_batch`."""
        per_step = self.per_step or options.get("staged", False)
        raw = np.empty((X.offsets[-1] if per_step else len(X), self.n_outputs), theta.dtype)

        def keep_raw(rows, result):
            raw[X.steps(rows) if per_step else rows] = result.raw.T
            if on_batch is not None:
                on_batch(rows, result)

        self.for_each_batch(theta, X, workers, keep_raw, **options)
        return raw

    def for_each_batch(
        self, theta, X, workers, on_batch, *, needs_backward=False, initial_state=None, extra_observers=None, **options
    ):
        """Take all of `Sequences` forward, sequences of like length together, and call ``on_batch(rows, pass)`` each
        time.

        ``extra_observers(rows, depth, direction, packed)`` gives further observers of each layer; `options` are those
        of `forward`.
        """

        def work(rows, scratch):
            given = dict(options)
            if initial_state is not None:
                given["initial_state"] = {name: state[..., rows] for name, state in initial_state.items()}
            if extra_observers is not None:
                given["extra_observers"] = partial(extra_observers, rows)
            with np.errstate(over="ignore", invalid="ignore"):
                on_batch(rows, self.forward(theta, X.take(rows), scratch, needs_backward, **given))

        for _ in workers.map(work, list(self._batches(X, theta.itemsize))):
            pass

    def _batches(self, X, itemsize):
        cells = [cell for stack in self.stacks for cell in stack.cells]
        width = max(PREDICTION_WIDTH, FRAME_BYTES // (itemsize * max(max(1, len(c.cache_blocks)) * c.H for c in cells)))
        return length_buckets(X.lengths, itemsize * self.sizes(X), PREDICTION_BYTES, width)


class Network(Model):
    """Recurrent layers and a head with one output per sequence, or per step.

    cell : a name in `CELLS`
    n_features, units (one number a layer), n_outputs : sizes
    pooling : names in `POOLINGS`, concatenated
    per_step : an output for each step instead; `pooling` then plays no part
    tokens : None, or the size of the vocabulary: values are then row numbers of a table of vectors, n_features each
    dropout, recurrent_dropout, truncate : of training
    """

    def __init__(
        self,
        *,
        cell,
        activation,
        n_features,
        units,
        bidirectional,
        pooling,
        n_outputs,
        per_step=False,
        tokens=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        truncate=None,
    ):
        self.pooling, self.per_step, self.dropout, self.n_outputs = tuple(pooling), per_step, dropout, n_outputs
        dropouts = {"dropout": dropout, "recurrent_dropout": recurrent_dropout}
        self.stack = Stack(cell, activation, n_features, units, bidirectional, **dropouts, truncate=truncate)
        self.directions, self.cells, self.keys = self.stack.directions, self.stack.cells, self.stack.keys
        self.max_padding, width = self.stack.max_padding, self.stack.width
        dense, plain = {"head/V": (n_outputs, (1 if per_step else len(self.pooling)) * width + 1)}, {}
        if "attention" in self.pooling and not per_step:
            queries = max(1, units[-1] // 4)
            dense["attention/A"], plain["attention/v"] = (queries, width + 1), (1, queries)
        super().__init__([self.stack], n_features, tokens, dense, plain)

    def lengths(self, dataset):
        """By what the sequences of a batch are sorted."""
        return dataset.X.lengths

    def network_inputs(self, dataset):
        """What `forward` takes."""
        return dataset.X

    def sizes(self, X):
        """(N,): how many numbers a prediction holds for each sequence."""
        return X.lengths * self.stack.numbers

    def forward(
        self,
        theta,
        batch,
        scratch,
        needs_backward=True,
        *,
        rng=None,
        initial_state=None,
        staged=False,
        extra_observers=None,
    ):
        """Go through a `Ragged` batch, longest first: a `ForwardResult`.

        needs_backward : whether there will be a backward pass
        rng : draws what dropout drops; without it nothing is
        initial_state : the state in which the sequences begin
        staged : an output for each step, as if the sequence ended there
        extra_observers : ``extra_observers(depth, direction, packed)`` gives further observers of each layer
        """
        W, packed = (
            self.layout.views(theta),
            PackedBatch.of(batch.lengths, self.max_padding if initial_state is None else 0.0),
        )
        masks = partial(dropout_mask, rng, len(batch), dtype=theta.dtype)
        values, embed_back = batch.values, None
        if self.tokens is not None:
            out = scratch("embedded", len(values), self.cells[0].F)
            values, embed_back = embed(W["embedding/E"], values[:, 0], out)
        head = self._head(W, packed, scratch.child("head"), masks, initial_state, staged)
        observers = [head.observers(k) for k in range(len(self.directions))]
        layers = self.stack.forward(
            W,
            values,
            packed,
            scratch,
            observers,
            masks,
            needs_backward=needs_backward,
            initial_state=initial_state,
            extra_observers=extra_observers,
        )
        raw = head.outputs(layers.h[-1])

        def back(d_raw, d_values=None):
            grad = scratch("grad", len(theta))
            grad.fill(0)
            dW = self.layout.views(grad)
            d_h = {len(self.cells) - 1: head.back(dW, d_raw)}
            if embed_back is None:
                layers.back(dW, d_h, d_values, add=True)
                return grad
            d_vectors = scratch("d_embedded", len(batch.values), self.cells[0].F)
            layers.back(dW, d_h, d_vectors)
            embed_back(dW["embedding/E"], d_vectors)
            if d_values is not None:
                d_values += d_vectors
            return grad

        return ForwardResult(raw, back if needs_backward else None, head, layers.ends | head.ends)

    def _head(self, W, packed, scratch, masks, initial_state, staged):
        H = self.cells[-1].H
        if self.per_step:
            return StepHead(W, self.directions, packed, scratch, H, mask=masks(self.dropout, H * len(self.directions)))
        if staged:
            return StagedHead(W, self.pooling, packed, scratch, H, initial_state=initial_state)
        mask = masks(self.dropout, self.layout.shapes["head/V"][1] - 1)
        return PooledHead(W, self.pooling, self.directions, packed, scratch, H, mask=mask, initial_state=initial_state)
