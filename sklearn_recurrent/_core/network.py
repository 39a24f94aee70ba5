"""A whole network: recurrent layers, pooling, a dense head; its objective on one flat vector, and its predictions."""

from __future__ import annotations

import numpy as np

from .cells import CELLS
from .initial import cell_weights, glorot
from .layers import dense, flatten, pool, unflatten
from .layout import Layout
from .runs import WASTE, Plan, Workspace
from .unroll import unroll

SHARD = 256
"""Sequences at most that are worked on at once; more are summed shard by shard, in order."""

PREDICTION_BYTES = 1 << 26
"""Bytes of inputs that a prediction holds at once, if a single sequence does not need more."""

PREDICTION_WIDTH, FRAME_BYTES = 512, 1 << 18
"""Sequences that a prediction works on at once; more, for fewer calls, while its one frame is no larger than this."""


class Network:
    """What weights mean: it holds none, and nothing in it changes.

    cell : a name in `CELLS`
    n_features, units (one number a layer), n_outputs : sizes
    pooling : names in `POOLINGS`, concatenated
    """

    def __init__(self, *, cell, activation, n_features, units, bidirectional, pooling, n_outputs):
        self.directions = (False, True) if bidirectional else (False,)  # reverse?
        self.pooling = tuple(pooling)
        widths = [n_features, *(len(self.directions) * n for n in units)]
        self.cells = [CELLS[cell](F, H, activation) for F, H in zip(widths, units, strict=False)]
        names = ["backward" if reverse else "forward" for reverse in self.directions]
        self.keys = [[f"layer_{k}/{name}" for name in names] for k in range(len(units))]
        self.head = (n_outputs, len(self.pooling) * widths[-1] + 1)
        shapes = {
            f"{key}/{part}": shape
            for cell, keys in zip(self.cells, self.keys, strict=True)
            for key in keys
            for part, shape in cell.shapes().items()
        }
        self.layout = Layout(shapes | {"head/V": self.head})
        # relu may grow without bound past the end of a sequence, and 0 · inf is NaN
        self.waste = WASTE if self.cells[0].bounded else 0.0

    def initial(self, rng):
        """Initial weights, float64."""
        theta = np.zeros(self.layout.size)
        views = self.layout.views(theta)
        for cell, keys in zip(self.cells, self.keys, strict=True):
            for key in keys:
                for part, w in cell_weights(rng, cell).items():
                    views[f"{key}/{part}"][...] = w
        n_outputs, width = self.head
        views["head/V"][:, :-1] = glorot(rng, n_outputs, width - 1)
        return theta

    def penalised(self):
        """1.0 for each weight that the L2 penalty counts, 0.0 for each bias."""
        mask = np.ones(self.layout.size)
        views = self.layout.views(mask)
        for cell, keys in zip(self.cells, self.keys, strict=True):
            for key in keys:
                for part in cell.parts:
                    views[f"{key}/{part.name}"][:, cell.columns(part)["1"]] = 0
        views["head/V"][:, -1] = 0
        return mask

    def forward(self, theta, batch, scratch, keep=True):
        """Raw outputs (K, N) of a `Ragged` batch, longest first; and ``back(d_raw) -> grad``, or None if not `keep`."""
        W, plan, values = self.layout.views(theta), Plan.of(batch.lengths, self.waste), batch.values
        tape, layer = [], None
        for depth, (cell, keys) in enumerate(zip(self.cells, self.keys, strict=True)):
            if depth:
                values = self._join(layer, plan, scratch((depth, "values"), len(values), cell.F))
            layer = [
                unroll(cell, _parts(W, key, cell), values, plan, scratch, key, reverse=reverse, keep=keep)
                for key, reverse in zip(keys, self.directions, strict=True)
            ]
            tape.append(layer)
        pooled, pool_backs = zip(*(pool(self.pooling, last, outputs, plan) for last, outputs, _ in layer), strict=True)
        raw, dense_back = dense(W["head/V"], np.concatenate(pooled))

        def back(d_raw):
            grad = scratch("grad", self.layout.size)
            grad.fill(0)
            dW = self.layout.views(grad)
            d_pooled = np.split(dense_back(dW["head/V"], d_raw), len(self.directions))
            given = [pool_back(d) for pool_back, d in zip(pool_backs, d_pooled, strict=True)]
            for depth in reversed(range(len(tape))):
                d_values = scratch((depth, "d_values"), len(batch.values), self.cells[depth].F) if depth else None
                if depth:
                    d_values.fill(0)
                for key, (_, _, unroll_back), (d_last, d_outputs) in zip(
                    self.keys[depth], tape[depth], given, strict=True
                ):
                    unroll_back(_parts(dW, key, self.cells[depth]), d_last, d_outputs, d_values)
                if depth:
                    shares = np.split(d_values, len(self.directions), axis=1)
                    given = [(None, unflatten(d, plan, r)) for d, r in zip(shares, self.directions, strict=True)]
            return grad

        return raw, back if keep else None

    def _join(self, layer, plan, values):
        """The states of both directions, side by side, one step a row: what the next layer reads."""
        shares = np.split(values, len(self.directions), axis=1)
        for (_, outputs, _), reverse, share in zip(layer, self.directions, shares, strict=True):
            flatten(outputs, plan, reverse, share)
        return values

    def predict(self, theta, X):
        """Raw outputs (N, K) for a `Ragged`; sequences of like length are worked on together."""
        raw = np.empty((len(X), self.head[0]), theta.dtype)
        scratch = Workspace(theta.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for rows in self._prediction_batches(X.lengths, theta.itemsize):
                raw[rows] = self.forward(theta, X.take(rows), scratch, keep=False)[0].T
        return raw

    def _prediction_batches(self, lengths, itemsize):
        order, start = np.argsort(-lengths, kind="stable"), 0
        step = itemsize * len(self.directions) * sum(cell.rows for cell in self.cells)
        frame = itemsize * max(max(1, len(cell.frame)) * cell.H for cell in self.cells)
        while start < len(order):
            room = PREDICTION_BYTES // (step * int(lengths[order[start]]))
            stop = start + max(1, min(room, max(PREDICTION_WIDTH, FRAME_BYTES // frame)))
            yield order[start:stop]
            start = stop


class Objective:
    """The weighted mean loss of some sequences, plus the L2 penalty, and its gradient.

    ``objective(theta, rows) -> (loss, grad)``: Σ weight · loss(raw, Y) / len(rows) + ½ penalty · ‖weights‖².

    X : Ragged of N sequences
    Y (N, K) : targets as `loss` takes them
    weight (N,) : mean 1
    """

    def __init__(self, network, loss, X, Y, weight, penalty):
        self.network, self.loss, self.X, self.Y, self.weight = network, loss, X, Y, weight
        self.decay = (penalty * network.penalised()).astype(X.values.dtype)
        self.lengths, self.scratch = X.lengths, Workspace(X.values.dtype)

    def __call__(self, theta, rows):
        rows = rows[np.argsort(-self.lengths[rows], kind="stable")]
        grad = self.decay * theta
        value = 0.5 * float(np.dot(grad, theta))
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is looked for, once a step
            for start in range(0, len(rows), SHARD):
                shard = rows[start : start + SHARD]
                raw, back = self.network.forward(theta, self.X.take(shard), self.scratch)
                losses, d_raw = self.loss(raw, self.Y[shard].T)
                share = self.weight[shard] / len(rows)
                value += float(np.dot(share, losses))
                grad += back(d_raw * share)
        return value, grad

    def penalty(self, theta):
        return 0.5 * float(np.dot(self.decay * theta, theta))

    def null_loss(self):
        """The loss of a network whose outputs are zero."""
        return float(np.dot(self.weight, self.loss(np.zeros_like(self.Y.T), self.Y.T)[0])) / len(self.Y)


def _parts(W, key, cell):
    """Name → array, of one direction of one layer."""
    return {part.name: W[f"{key}/{part.name}"] for part in cell.parts}
