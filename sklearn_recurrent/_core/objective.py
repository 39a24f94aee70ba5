"""The objective of training, on one flat vector of weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .layout import Rows

SHARD, HALF = 256, 4096
"""Sequences, about, that are worked on at once; units times sequences with which half a batch keeps a thread busy."""

NULL = 1024
"""Targets whose loss without a network is computed at once."""


class LossAndGradient(NamedTuple):
    """Of some sequences: the mean loss, the penalty, and the gradient of their sum.

    rows : None if `grad` is for all of theta; else those of the table that it is for, after what comes before the table
    """

    data_loss: float
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


class EntryGenerator:
    """Draws what a generator draws, once for each entry of a batch: its members have the same.

    entries (n,) : the entry of each sequence of the batch, numbers without gaps
    """

    def __init__(self, rng, entries):
        self.rng, self.entries = rng, entries
        self.n_entries = int(entries.max()) + 1

    def random(self, size, *dtype):
        """Random numbers, (H, n); of another size as they come."""
        if np.ndim(size) == 0 or size[-1] != len(self.entries):
            return self.rng.random(size, *dtype)
        return self.rng.random((*size[:-1], self.n_entries), *dtype)[..., self.entries]


class Objective:
    """The weighted mean loss of some entries of a training set, plus the L2 penalty, and its gradient.

    ``objective(theta, rows) -> LossAndGradient``: Σ weight · loss(raw, Y) / len(rows), and ½ penalty · ‖weights‖². With
    a `key`, whole numbers that say which step of training this is, dropout drops. `rows` are numbers of entries: those
    of the sequences, but where several sequences are one entry.

    dataset : Dataset, Y as `loss` takes it; the weights sum to the number of entries
    """

    def __init__(self, network, loss, dataset, penalty, workers):
        self.network, self.loss, self.dataset, self.workers = network, loss, dataset, workers
        self.decay = (penalty * network.penalized()).astype(dataset.weight.dtype)
        self.lengths = network.lengths(dataset)[dataset.first_members()]
        self._number = None if network.tokens is None else np.empty(network.tokens, np.intp)

    def __len__(self):
        return len(self.lengths)

    def __call__(self, theta, rows, key=None):
        rows = rows[np.argsort(-self.lengths[rows], kind="stable")]
        table_rows = self._table_rows(rows)
        theta = theta if table_rows is None else table_rows.compact(theta)

        def work(piece, scratch):
            number, shard = piece
            rng = None if key is None else self._generator((*key, number), shard)
            batch = self._batch(shard)
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # divergence is looked for, once a step
                result = self.network.forward(
                    theta, self._network_inputs(theta, batch, scratch, rng, key), scratch, rng=rng
                )
                losses, d_raw = self.loss(result.raw, batch.y.T)
                share = batch.weight / len(rows)
                grad = result.back(d_raw * share)
                return float(np.dot(share, losses)), grad if self.workers.is_serial else grad.copy()

        weights, grad, data_loss = theta[: len(self.decay)], np.zeros_like(theta), 0.0
        np.multiply(self.decay, weights, out=grad[: len(weights)])
        penalty = 0.5 * float(np.dot(grad[: len(weights)], weights))
        for value, share in self.workers.map(work, self._shards(rows)):
            data_loss += value
            grad += share
        return LossAndGradient(data_loss, penalty, grad, table_rows)

    def _shards(self, rows):
        """Numbered parts of a batch, longest first, of about as many steps each; whatever the number of threads."""
        n = max(-(-len(rows) // SHARD), 2 if len(rows) * self.network.widest >= 2 * HALF and len(rows) > 1 else 1)
        if n == 1:
            return [(0, rows)]
        steps = np.cumsum(self.lengths[rows])
        cuts = np.searchsorted(steps, steps[-1] * np.arange(1, n) / n) + 1
        return [(number, shard) for number, shard in enumerate(np.split(rows, cuts)) if len(shard)]

    def _table_rows(self, rows):
        """The rows of the table that sequences read, so that a step costs what its tokens cost; None without tokens."""
        if self._number is None:
            return None
        tokens = self.dataset.X.take(self.dataset.members(rows)).values[:, 0]
        self._number[tokens] = np.arange(len(tokens))
        tokens = tokens[self._number[tokens] == np.arange(len(tokens))]  # each once
        self._number[tokens] = np.arange(len(tokens))
        return Rows(len(self.decay), self.network.layout.table_width, tokens)

    def _generator(self, seed, shard):
        rng = np.random.default_rng(seed)
        if self.dataset.entries is None:
            return rng
        entries = self.dataset.entries[self.dataset.members(shard)]
        return EntryGenerator(rng, np.concatenate([[0], np.cumsum(np.diff(entries) != 0)]))

    def _batch(self, shard):
        batch = self.dataset.take(self.dataset.members(shard))
        return batch if self._number is None else batch._replace(X=batch.X.map(lambda tokens: self._number[tokens]))

    def _network_inputs(self, theta, batch, scratch, rng, key):
        """What the network reads of a batch."""
        return self.network.network_inputs(batch)

    def null_loss(self):
        """The loss of a network whose outputs are zero."""
        Y, weight, loss = self.dataset.y, self.dataset.weight, 0.0
        for start in range(0, len(Y), NULL):
            y, w = Y[start : start + NULL].T, weight[start : start + NULL]
            loss += float(np.dot(w, self.loss(np.zeros((self.network.n_outputs, len(w)), w.dtype), y)[0]))
        return loss / len(self)
