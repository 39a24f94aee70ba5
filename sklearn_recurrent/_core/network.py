"""A whole network: embedding, recurrent layers, a head; its objective on one flat vector, and its predictions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from .cells import CELLS
from .heads import PooledHead, StagedHead, StepHead
from .initial import cell_weights, glorot
from .layers import dropout_mask, embed
from .layout import Layout, Rows
from .runs import WASTE, Plan
from .unroll import Join, unroll

SHARD, HALF = 256, 4096
"""Sequences, about, that are worked on at once; units times sequences with which half a batch keeps a thread busy."""

PREDICTION_BYTES = 1 << 26
"""Bytes of inputs that a prediction holds at once, if a single sequence does not need more."""

PREDICTION_WIDTH, FRAME_BYTES = 512, 1 << 18
"""Sequences that a prediction works on at once; more, for fewer calls, while its one frame is no larger than this."""


class Pass(NamedTuple):
    """raw (K, N), or (K, S) for an output per step; ``back(d_raw, d_values=None) -> grad``, in memory that lasts until
    the next one, which adds the gradient with respect to what the first layer reads to `d_values` (S, F); the head; and
    the state in which the sequences end, by name, (H, N) each: exact if the forward pass was given a `start`."""

    raw: np.ndarray
    back: Callable | None
    head: object
    ends: dict


class Network:
    """What weights mean: it holds none, and nothing in it changes.

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
        self.directions = (False, True) if bidirectional else (False,)  # reverse?
        self.pooling, self.per_step, self.tokens = tuple(pooling), per_step, tokens
        self.dropout, self.recurrent_dropout, self.truncate = dropout, recurrent_dropout, truncate
        widths = [n_features, *(len(self.directions) * n for n in units)]
        self.cells = [CELLS[cell](F, H, activation) for F, H in zip(widths, units, strict=False)]
        names = ["backward" if reverse else "forward" for reverse in self.directions]
        self.keys = [[f"layer_{k}/{name}" for name in names] for k in range(len(units))]
        shapes = {
            f"{key}/{part}": shape
            for cell, keys in zip(self.cells, self.keys, strict=True)
            for key in keys
            for part, shape in cell.shapes().items()
        }
        attentive = "attention" in self.pooling and not per_step
        if attentive:
            queries = max(1, units[-1] // 4)
            shapes |= {"attention/A": (queries, widths[-1] + 1), "attention/v": (1, queries)}
        poolings = 1 if per_step else len(self.pooling)
        shapes["head/V"] = (n_outputs, poolings * widths[-1] + 1)
        self.layout = Layout(shapes, None if tokens is None else ("embedding/E", n_features))
        # relu may grow without bound past the end of a sequence, and 0 · inf is NaN
        self.waste = WASTE if self.cells[0].bounded else 0.0

    def initial(self, rng, memory="auto", longest=2):
        """Initial weights, float64; `memory` and `longest` as `cell_weights` takes them."""
        theta = np.zeros(self.layout.size + (self.tokens or 0) * self.cells[0].F)
        views = self.layout.views(theta)
        for cell, keys in zip(self.cells, self.keys, strict=True):
            for key in keys:
                for part, w in cell_weights(rng, cell, memory, longest).items():
                    views[f"{key}/{part}"][...] = w
        for name in ("head/V", "attention/A"):
            if name in views:
                views[name][:, :-1] = glorot(rng, len(views[name]), views[name].shape[1] - 1)
        if "attention/v" in views:
            views["attention/v"][...] = glorot(rng, *views["attention/v"].shape)
        if self.tokens is not None:
            views["embedding/E"][1:] = rng.standard_normal((self.tokens - 1, self.cells[0].F))  # 0: unknown tokens
        return theta

    def penalised(self):
        """1.0 for each weight that the L2 penalty counts, 0.0 for each bias; without the table, which it spares."""
        mask = np.ones(self.layout.size)
        views = self.layout.views(mask)
        for name in {"head/V", "attention/A"} & views.keys():
            views[name][:, -1] = 0
        for cell, keys in zip(self.cells, self.keys, strict=True):
            for key in keys:
                for part in cell.parts:
                    views[f"{key}/{part.name}"][:, cell.columns(part)["1"]] = 0
        return mask

    def forward(self, theta, batch, scratch, keep=True, *, rng=None, start=None, staged=False, watch=None):
        """Go through a `Ragged` batch, longest first: a `Pass`.

        keep : whether there will be a backward pass
        rng : draws what dropout drops; without it nothing is
        start : the state in which the sequences begin
        staged : an output for each step, as if the sequence ended there
        watch : ``watch(depth, direction, plan)`` gives further readers of each layer
        """
        W, plan = self.layout.views(theta), Plan.of(batch.lengths, self.waste if start is None else 0.0)
        masks = partial(dropout_mask, rng, len(batch), dtype=theta.dtype)
        values, embed_back, layers, ends = batch.values, None, [], {}
        if self.tokens is not None:
            out = scratch("embedded", len(values), self.cells[0].F)
            values, embed_back = embed(W["embedding/E"], values[:, 0], out)
        head = self._head(W, plan, scratch, masks, start, staged)
        for depth, (cell, keys) in enumerate(zip(self.cells, self.keys, strict=True)):
            top = depth + 1 == len(self.cells)
            above = None if top else scratch((depth, "outputs"), len(values), len(keys) * cell.H)
            joins = [] if top else self._joins(above, plan, masks, cell.H)
            begin = None if start is None else (start[f"h_{depth}"], start.get(f"c_{depth}", start[f"h_{depth}"]))
            layer = []
            for k, (key, reverse) in enumerate(zip(keys, self.directions, strict=True)):
                readers = head.readers(k) if top else [joins[k]]
                layer.append(
                    unroll(
                        cell,
                        _parts(W, key, cell),
                        values,
                        plan,
                        scratch,
                        key,
                        reverse=reverse,
                        keep=keep,
                        start=begin,
                        mask=masks(self.recurrent_dropout, cell.H),
                        truncate=self.truncate,
                        readers=readers if watch is None else [*readers, *watch(depth, k, plan)],
                    )
                )
            values = above
            layers.append((layer, joins))
            ends |= {f"h_{depth}": layer[0].h} | ({f"c_{depth}": layer[0].c} if "c" in cell.frame else {})
        raw = head.outputs([one.h for one in layer])

        def back(d_raw, d_values=None):
            grad = scratch("grad", len(theta))
            grad.fill(0)
            dW, d_first = self.layout.views(grad), d_values
            if embed_back is not None:
                d_first = scratch("d_embedded", len(batch.values), self.cells[0].F)
            d_lasts = head.back(dW, d_raw)
            for depth in reversed(range(len(layers))):
                cell, (layer, _) = self.cells[depth], layers[depth]
                d_inputs = d_first
                if depth:
                    d_inputs = scratch((depth, "d_inputs"), len(batch.values), cell.F)
                for k, (key, one, d_last) in enumerate(zip(self.keys[depth], layer, d_lasts, strict=True)):
                    one.back(_parts(dW, key, cell), d_last, d_inputs, add=k > 0 or d_inputs is d_values)
                if depth:
                    joins = layers[depth - 1][1]
                    d_lasts = [None] * len(joins)
                    for join, share in zip(joins, np.split(d_inputs, len(joins), axis=1), strict=True):
                        join.gradient = share
            if embed_back is not None:
                embed_back(dW["embedding/E"], d_first)
                if d_values is not None:
                    d_values += d_first
            return grad

        return Pass(raw, back if keep else None, head, ends | head.ends)

    def _head(self, W, plan, scratch, masks, start, staged):
        H = self.cells[-1].H
        if self.per_step:
            return StepHead(W, self.directions, plan, scratch, H, mask=masks(self.dropout, H * len(self.directions)))
        if staged:
            return StagedHead(W, self.pooling, plan, scratch, H, start=start)
        mask = masks(self.dropout, self.layout.shapes["head/V"][1] - 1)
        return PooledHead(W, self.pooling, self.directions, plan, scratch, H, mask=mask, start=start)

    def _joins(self, above, plan, masks, H):
        """What writes the states of each direction, side by side, one step a row: what the next layer reads."""
        shares = np.split(above, len(self.directions), axis=1)
        return [
            Join(plan, reverse, share, masks(self.dropout, H))
            for reverse, share in zip(self.directions, shares, strict=True)
        ]

    def predict(self, theta, X, crew, *, see=None, **options):
        """Raw outputs for a `Ragged`, a row each: (N, K), or (S, K) if one per step; `options` are of `each_batch`."""
        per_step = self.per_step or options.get("staged", False)
        raw = np.empty((len(X.values) if per_step else len(X), self.layout.shapes["head/V"][0]), theta.dtype)

        def keep_raw(rows, one):
            raw[X.steps(rows) if per_step else rows] = one.raw.T
            if see is not None:
                see(rows, one)

        self.each_batch(theta, X, crew, keep_raw, **options)
        return raw

    def each_batch(self, theta, X, crew, see, *, keep=False, start=None, watch=None, **options):
        """Take all of a `Ragged` forward, sequences of like length together, and call ``see(rows, pass)`` each time.

        ``watch(rows, depth, direction, plan)`` gives further readers of each layer; `options` are those of `forward`.
        """

        def work(rows, scratch):
            begin = None if start is None else {name: state[..., rows] for name, state in start.items()}
            readers = None if watch is None else partial(watch, rows)
            with np.errstate(over="ignore", invalid="ignore"):
                see(rows, self.forward(theta, X.take(rows), scratch, keep, start=begin, watch=readers, **options))

        for _ in crew.each(work, list(self._batches(X.lengths, theta.itemsize))):
            pass

    def _batches(self, lengths, itemsize):
        order, start = np.argsort(-lengths, kind="stable"), 0
        step = itemsize * len(self.directions) * sum(cell.rows for cell in self.cells)
        frame = itemsize * max(max(1, len(cell.frame)) * cell.H for cell in self.cells)
        while start < len(order):
            room = PREDICTION_BYTES // (step * int(lengths[order[start]]))
            stop = start + max(1, min(room, max(PREDICTION_WIDTH, FRAME_BYTES // frame)))
            yield order[start:stop]
            start = stop


class Value(NamedTuple):
    """Of some sequences: the mean loss, the penalty, and the gradient of their sum.

    rows : None if `grad` is for all of theta; else those of the table that it is for, after what comes before the table
    """

    misfit: float
    penalty: float
    grad: np.ndarray
    rows: Rows | None

    def full_gradient(self, size):
        """With respect to all `size` entries of theta."""
        if self.rows is None:
            return self.grad
        full, first = np.zeros(size, self.grad.dtype), self.rows.first
        full[:first], self.rows.table(full)[self.rows.numbers] = self.grad[:first], self.rows.table(self.grad)
        return full


class Objective:
    """The weighted mean loss of some sequences, plus the L2 penalty, and its gradient.

    ``objective(theta, rows) -> Value``: Σ weight · loss(raw, Y) / len(rows), and ½ penalty · ‖weights‖². With a `key`,
    whole numbers that say which step of training this is, dropout drops.

    samples : Samples, Y as `loss` takes it; the weights sum to the number of sequences
    """

    def __init__(self, network, loss, samples, penalty, crew):
        self.network, self.loss, self.crew = network, loss, crew
        self.X, self.Y, self.weight, _ = samples
        self.decay = (penalty * network.penalised()).astype(self.weight.dtype)
        self.lengths, self.n_units = self.X.lengths, max(cell.H for cell in network.cells)
        self._number = None if network.tokens is None else np.empty(network.tokens, np.intp)

    def __call__(self, theta, rows, key=None):
        rows = rows[np.argsort(-self.lengths[rows], kind="stable")]
        table_rows = self._table_rows(rows)
        theta = theta if table_rows is None else table_rows.compact(theta)

        def work(piece, scratch):
            number, shard = piece
            rng = None if key is None else np.random.default_rng((*key, number))
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # divergence is looked for, once a step
                one = self.network.forward(theta, self._batch(shard), scratch, rng=rng)
                targets = self.X.steps(shard) if self.network.per_step else shard
                losses, d_raw = self.loss(one.raw, self.Y[targets].T)
                share = self.weight[targets] / len(rows)
                grad = one.back(d_raw * share)
                return float(np.dot(share, losses)), grad if self.crew.alone else grad.copy()

        weights, grad, misfit = theta[: len(self.decay)], np.zeros_like(theta), 0.0
        np.multiply(self.decay, weights, out=grad[: len(weights)])
        penalty = 0.5 * float(np.dot(grad[: len(weights)], weights))
        for value, share in self.crew.each(work, self._shards(rows)):
            misfit += value
            grad += share
        return Value(misfit, penalty, grad, table_rows)

    def _shards(self, rows):
        """Numbered parts of a batch, longest first, of about as many steps each; whatever the number of threads."""
        n = max(-(-len(rows) // SHARD), 2 if len(rows) * self.n_units >= 2 * HALF and len(rows) > 1 else 1)
        if n == 1:
            return [(0, rows)]
        steps = np.cumsum(self.lengths[rows])
        cuts = np.searchsorted(steps, steps[-1] * np.arange(1, n) / n) + 1
        return [(number, shard) for number, shard in enumerate(np.split(rows, cuts)) if len(shard)]

    def _table_rows(self, rows):
        """The rows of the table that sequences read, so that a step costs what its tokens cost; None without tokens."""
        if self._number is None:
            return None
        tokens = self.X.values[self.X.steps(rows), 0]
        self._number[tokens] = np.arange(len(tokens))
        tokens = tokens[self._number[tokens] == np.arange(len(tokens))]  # each once
        self._number[tokens] = np.arange(len(tokens))
        return Rows(len(self.decay), self.network.cells[0].F, tokens)

    def _batch(self, shard):
        X = self.X.take(shard)
        return X if self._number is None else X.map(lambda tokens: self._number[tokens])

    def null_loss(self):
        """The loss of a network whose outputs are zero."""
        return float(np.dot(self.weight, self.loss(np.zeros_like(self.Y.T), self.Y.T)[0])) / len(self.X)


def _parts(W, key, cell):
    """Name → array, of one direction of one layer."""
    return {part.name: W[f"{key}/{part.name}"] for part in cell.parts}
