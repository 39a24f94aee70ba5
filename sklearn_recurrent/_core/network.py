"""Whole networks: an optional embedding, recurrent layers and a head."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from .arithmetic import quiet_arithmetic
from .heads import PooledHead, StagedHead, StepHead
from .initialization import glorot
from .layers import dropout_mask, embed, embed_columns
from .layout import Layout
from .packing import PackedBatch
from .ragged import length_buckets, take_in_fixed_order
from .stack import Stack

PREDICTION_BYTES = 1 << 26
"""Maximum size of the activations of a batch in prediction, unless a single sequence needs more."""

PREDICTION_WIDTH = 512
"""Maximum number of sequences of a batch in prediction, unless the layers are narrow."""

FRAME_BYTES = 1 << 18
"""In prediction, narrow layers take more sequences at once, as many as fit in a cache of this size for one step."""


CATEGORY_SCALE = 0.05
"""Standard deviation of the first vectors of categories beside numbers."""
# With 1, as for tokens, many random vectors would hide what they stand for where data is scarce: of 40 categories in
# 300 sequences, R² was 0 in place of 0.7 on the test set.


class ForwardResult(NamedTuple):
    """The result of a forward pass.

    raw (K, N), or (K, S) with an output per step : raw outputs
    back : ``back(d_raw, d_values=None) -> grad``, or None without a backward pass. `grad` lies in a buffer that the
        next call overwrites. The gradient with respect to the inputs of the first layer is added to `d_values` (S, F).
    head : the head, which has further results; what it is depends on the network
    ends : name → (H, N), the states after the last step of each sequence. They are exact only if the forward pass was
        given an `initial_state`.
    """

    raw: np.ndarray
    back: Callable | None
    head: object
    ends: dict


class Model:
    """Base class of networks: what the entries of theta mean. It holds no weights and does not change.

    A subclass has

    ``forward(theta, batch, scratch, needs_backward, **options) -> ForwardResult``
    ``network_inputs(dataset)`` : what `forward` takes, for all sequences of a `Dataset`
    ``lengths(dataset)`` : by which the sequences of a batch must be sorted, longest first
    ``sizes(batch)`` (N,) : the number of activations that a prediction holds for each sequence
    `n_outputs` : outputs per sequence, or per step
    `per_step` : whether there is an output for each step

    stacks : the stacks of recurrent layers
    dense : name → shape of further arrays whose last column is a bias
    plain : name → shape of further arrays without a bias
    zeros : name → shape of further arrays without a bias, which are 0 at first
    embeddings : name → shape of embedding tables that are updated as a whole; they are not penalized
    tokens : number of rows of the embedding table of the inputs, with `n_features` columns; None for inputs of numbers
    tables : numbers of rows and columns of an embedding table for each category of the inputs
    """

    def __init__(self, stacks, n_features, tokens, dense, plain=None, zeros=None, embeddings=None, tables=()):
        self.stacks = stacks
        self.n_features = n_features
        self.tokens = tokens
        self.tables = {f"embedding_{k}/E": tuple(shape) for k, shape in enumerate(tables)}
        self._dense = dense
        self._plain = plain or {}
        self._embeddings = (embeddings or {}) | self.tables
        self.widest = max(cell.H for stack in stacks for cell in stack.cells)
        shapes = {name: shape for stack in stacks for name, shape in stack.shapes().items()}
        shapes |= self._dense | self._plain | (zeros or {}) | self._embeddings
        # The table of the inputs is last: a compact theta differs from theta in its end alone.
        table = None if tokens is None else ("embedding/E", n_features)
        self.layout = Layout(shapes, table)

    @property
    def n_weights(self):
        """How long theta is."""
        return self.layout.size + (self.tokens or 0) * (self.layout.table_width or 0)

    def initial(self, rng, forget_bias="auto", longest=2):
        """Draw initial weights, in float64. `forget_bias` and `longest` are arguments of `cell_weights`."""
        theta = np.zeros(self.n_weights)
        W = self.layout.views(theta)
        for stack in self.stacks:
            stack.initialize(W, rng, forget_bias, longest)
        for name in self._dense:
            w = W[name][:, :-1]  # biases stay zero
            w[...] = glorot(rng, *w.shape)
        for name in self._plain:
            W[name][...] = glorot(rng, *W[name].shape)
        for name in self._embeddings:
            W[name][...] = rng.standard_normal(W[name].shape)
        for name in self.tables:
            W[name][...] *= CATEGORY_SCALE
            W[name][0] = 0  # for unknown categories
        if self.tokens is not None:
            # Row 0 stays zero. It is for unknown tokens, which training never meets.
            table = W["embedding/E"][1:]
            table[...] = rng.standard_normal(table.shape)
        return theta

    def penalized(self):
        """A mask over theta without the embedding table of the inputs: 1.0 where the L2 penalty applies, else 0.0."""
        mask = np.ones(self.layout.size)
        views = self.layout.views(mask)
        for stack in self.stacks:
            stack.clear_biases(views)
        for name in self._dense:
            views[name][:, -1] = 0
        for name in self._embeddings:
            views[name][...] = 0
        return mask

    def embed_inputs(self, W, values, scratch):
        """What the first layer reads of network inputs (S, …), and ``back(dW, d)``; None if it reads them as they are.

        values : numbers; rows of the embedding table (S, 1); or numbers, then the rows of categories in their tables
        """
        if self.tokens is None and not self.tables:
            return values, None
        embedded = scratch("embedded", len(values), self.n_features)
        if self.tables:
            _, back = embed_columns([W[name] for name in self.tables], values, embedded)
            return embedded, lambda dW, d: back([dW[name] for name in self.tables], d)
        _, back = embed(W["embedding/E"], values[:, 0], embedded)
        return embedded, lambda dW, d: back(dW["embedding/E"], d)

    def predict(self, theta, X, workers, *, on_batch=None, **options):
        """Raw outputs (N, K) of `Sequences`, or (S, K) with an output per step.

        on_batch, options : as in `for_each_batch`
        """
        per_step = self.per_step or options.get("staged", False)
        n_rows = X.offsets[-1] if per_step else len(X)
        raw = np.empty((n_rows, self.n_outputs), theta.dtype)

        def store(rows, result):
            at = X.steps(rows) if per_step else rows
            raw[at] = result.raw.T
            if on_batch is not None:
                on_batch(rows, result)

        self.for_each_batch(theta, X, workers, store, **options)
        return raw

    def for_each_batch(
        self, theta, X, workers, on_batch, *, needs_backward=False, initial_state=None, extra_observers=None, **options
    ):
        """Run the forward pass over all `Sequences` in batches of similar length.

        on_batch : ``on_batch(rows, result)``, called with each `ForwardResult`, possibly in several threads
        initial_state : name → (…, N), the states in which the sequences begin
        extra_observers : ``extra_observers(rows, depth, direction, packed)``, further observers of a layer
        options : of `forward`
        """

        def forward_batch(rows, scratch):
            rows, batch = take_in_fixed_order(X, rows, theta.dtype)
            arguments = dict(options)
            if initial_state is not None:
                arguments["initial_state"] = {name: state[..., rows] for name, state in initial_state.items()}
            if extra_observers is not None:
                arguments["extra_observers"] = partial(extra_observers, rows)
            # Overflow is no warning: weights may have diverged, or be on the way to it in validation.
            with quiet_arithmetic():
                # `on_batch` belongs inside: the result lies in `scratch`, which the next batch may take.
                on_batch(rows, self.forward(theta, batch, scratch, needs_backward, **arguments))

        for _ in workers.map(forward_batch, list(self._batches(X, theta.itemsize))):
            pass

    def _batches(self, X, itemsize):
        cells = [cell for stack in self.stacks for cell in stack.cells]
        # Without a backward pass, all steps of a layer share the memory of one, which should stay in the CPU cache.
        frame_size = max(max(1, len(cell.cache_blocks)) * cell.H for cell in cells)
        width = max(PREDICTION_WIDTH, FRAME_BYTES // (itemsize * frame_size))
        return length_buckets(X.lengths, itemsize * self.sizes(X), PREDICTION_BYTES, width)


class Network(Model):
    """Recurrent layers and a head with one output per sequence, or per step.

    cell : a name in `CELLS`
    n_features : what the first layer reads per step: features, or a vector, or numbers and vectors of categories
    units : units of each layer, in each direction
    pooling : names in `POOLINGS`, whose results are concatenated
    n_outputs : outputs per sequence, or per step
    per_step : whether there is an output for each step; `pooling` is then ignored
    n_static : static values of each sequence, which scale and join the states in front of the head
    tokens : number of rows of the embedding table; the inputs are then row numbers. None for inputs of numbers
    tables : (rows, columns) of the embedding table of each category; the inputs are numbers, then a row number each
    dropout, recurrent_dropout, truncate : settings of training
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
        n_static=0,
        tokens=None,
        tables=(),
        dropout=0.0,
        recurrent_dropout=0.0,
        truncate=None,
    ):
        self.pooling = tuple(pooling)
        self.per_step = per_step
        self.n_static = n_static
        self.dropout = dropout
        self.n_outputs = n_outputs
        self.stack = Stack(
            cell,
            activation,
            n_features,
            units,
            bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            truncate=truncate,
        )
        self.directions = self.stack.directions
        self.cells = self.stack.cells
        self.keys = self.stack.keys
        self.max_padding = self.stack.max_padding
        width = self.stack.width
        n_pooled = 1 if per_step else len(self.pooling)
        self.head_width = n_pooled * width  # of the states that the head takes
        dense = {"head/V": (n_outputs, self.head_width + n_static + 1)}
        plain = {}
        if "attention" in self.pooling and not per_step:
            n_hidden = max(1, units[-1] // 4)
            dense["attention/A"] = (n_hidden, width + 1)
            plain["attention/v"] = (1, n_hidden)
        zeros = {"head/G": (self.head_width, n_static)} if n_static else {}
        super().__init__([self.stack], n_features, tokens, dense, plain, zeros, tables=tables)

    def lengths(self, dataset):
        return dataset.X.lengths

    def network_inputs(self, dataset):
        return dataset.X

    def sizes(self, X):
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
        """Run the forward pass over a `Ragged` batch, longest sequence first: a `ForwardResult`.

        needs_backward : whether the result needs a `back`
        rng : draws the dropout masks; None for no dropout
        initial_state : name → (…, N), the states in which the sequences begin; None for zero
        staged : whether to return an output for each step, as if the sequence ended there
        extra_observers : ``extra_observers(depth, direction, packed)``, further observers of a layer
        """
        W = self.layout.views(theta)
        max_padding = self.max_padding
        if initial_state is not None:
            # A stream continues from the cell state at the end of its sequence. With padding, a prediction would return
            # the one at the end of the chunk.
            max_padding = 0.0
        packed = PackedBatch.of(batch.lengths, max_padding)
        masks = partial(dropout_mask, rng, len(batch), dtype=theta.dtype)
        values, embed_back = self.embed_inputs(W, batch.values, scratch)
        static = None if batch.static is None else batch.static.T
        head = self._head(W, packed, scratch.child("head"), masks, initial_state, staged, static, needs_backward)
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
        ends = layers.ends | head.ends
        if not needs_backward:
            return ForwardResult(raw, None, head, ends)

        def back(d_raw, d_values=None):
            grad = scratch("grad", len(theta))
            grad.fill(0)
            dW = self.layout.views(grad)
            d_h = {len(self.cells) - 1: head.back(dW, d_raw)}
            if embed_back is None:
                layers.back(dW, d_h, d_values, add=True)
                return grad
            d_embedded = scratch("d_embedded", *values.shape)
            layers.back(dW, d_h, d_embedded)
            embed_back(dW, d_embedded)
            if d_values is not None:
                d_values += d_embedded
            return grad

        return ForwardResult(raw, back, head, ends)

    def pooled_states(self, theta, X, workers):
        """(N, P): the pooled states of the network inputs X; for a network with one output per sequence."""
        states = np.empty((len(X), len(self.pooling) * self.stack.width), theta.dtype)

        def store(rows, result):
            states[rows] = result.head.pooled.T

        self.for_each_batch(theta, X, workers, store)
        return states

    def _head(self, W, packed, scratch, masks, initial_state, staged, static, needs_backward):
        H = self.cells[-1].H
        if staged and not self.per_step:
            return StagedHead(W, self.pooling, packed, scratch, H, initial_state=initial_state, static=static)
        mask = masks(self.dropout, self.head_width)
        if self.per_step:
            return StepHead(W, self.directions, packed, scratch, H, mask=mask, static=static)
        return PooledHead(
            W,
            self.pooling,
            self.directions,
            packed,
            scratch,
            H,
            mask=mask,
            initial_state=initial_state,
            static=static,
            needs_backward=needs_backward,
        )
