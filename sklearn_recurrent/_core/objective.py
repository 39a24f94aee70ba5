"""The objective of training as a function of one flat vector of weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .arithmetic import quiet_arithmetic
from .layout import Rows

SHARD = 256
"""Approximate number of sequences in a shard, the part of a batch that is computed at once."""
# The activations of a shard are kept for its backward pass. A batch of all sequences, as for L-BFGS, needs no more
# memory for them than a single shard.

HALF = 4096
"""A batch of twice this many units times sequences is split in two shards, so that two threads can share it."""
# With less work per shard, the calls take longer than the loops inside NumPy, and only these run in parallel.

NULL = 1024
"""Number of targets whose null loss is computed at once."""


class LossAndGradient(NamedTuple):
    """The objective of some sequences: mean loss, penalty, and the gradient of their sum.

    rows : None if `grad` is like theta; else `grad` covers what precedes the embedding table, and then these rows of
        the table
    """

    data_loss: float
    penalty: float
    grad: np.ndarray
    rows: Rows | None

    def full_gradient(self, size):
        """The gradient with respect to all `size` entries of theta."""
        if self.rows is None:
            return self.grad
        full = np.zeros(size, self.grad.dtype)
        full[: self.rows.first] = self.grad[: self.rows.first]
        self.rows.table(full)[self.rows.numbers] = self.rows.table(self.grad)
        return full


class EntryGenerator:
    """Draws what a generator draws, once for each entry of a batch: its members have the same.

    entries (n,) : the entry of each sequence of the batch, numbers without gaps
    """

    def __init__(self, rng, entries):
        self.rng = rng
        self.entries = entries
        self.n_entries = int(entries.max()) + 1

    def random(self, size, *dtype):
        """Random numbers, (H, n); of another size as they come."""
        if np.ndim(size) == 0 or size[-1] != len(self.entries):
            return self.rng.random(size, *dtype)
        return self.rng.random((*size[:-1], self.n_entries), *dtype)[..., self.entries]


class Objective:
    """The weighted mean loss of some entries of a training set plus the L2 penalty, and its gradient.

    ``objective(theta, rows) -> LossAndGradient`` of Σ weight · loss(raw, y) / len(rows) + ½ penalty · ‖weights‖². Given
    a `key`, integers that identify the training step, dropout is active and seeded by them. `rows` are numbers of
    entries: those of the sequences, but where several sequences are one entry.

    dataset : Dataset whose y has the form that `loss` takes, and whose weights sum to the number of entries
    frozen (V,) : which rows of the embedding table have no gradient; None if all have one
    """

    def __init__(self, network, loss, dataset, penalty, workers, frozen=None):
        self.network = network
        self.loss = loss
        self.dataset = dataset
        self.workers = workers
        self.frozen = frozen
        self.decay = (penalty * network.penalized()).astype(dataset.weight.dtype)
        self.lengths = network.lengths(dataset)[dataset.first_members()]
        # token → row of the compact table, filled anew for each batch
        self._compact_row = None if network.tokens is None else np.empty(network.tokens, np.intp)

    def __len__(self):
        return len(self.lengths)

    def __call__(self, theta, rows, key=None):
        rows = rows[np.argsort(-self.lengths[rows], kind="stable")]
        table_rows = self._table_rows(rows)
        if table_rows is not None:
            theta = table_rows.compact(theta)

        def forward_and_backward(numbered_shard, scratch):
            number, shard = numbered_shard
            # Seeded by the shard and not by the thread: masks do not depend on the number of threads.
            rng = None if key is None else self._generator((*key, number), shard)
            batch = self._batch(shard)
            # Overflow is no warning here: training looks for divergence once in each step.
            with quiet_arithmetic(divide="ignore"):
                inputs = self._network_inputs(theta, batch, scratch, rng, key)
                result = self.network.forward(theta, inputs, scratch, rng=rng)
                losses, d_raw = self.loss(result.raw, batch.y.T)
                share = batch.weight / len(rows)
                grad = result.back(d_raw * share)
            # The gradient lies in a buffer, which another shard may overwrite before it has been added.
            if not self.workers.is_serial:
                grad = grad.copy()
            return float(np.dot(share, losses)), grad

        weights = theta[: len(self.decay)]
        grad = np.zeros_like(theta)
        np.multiply(self.decay, weights, out=grad[: len(weights)])
        penalty = 0.5 * float(np.dot(grad[: len(weights)], weights))
        data_loss = 0.0
        # Shards are added in their order, whichever thread ends first: the sum is the same to the bit.
        for shard_loss, shard_grad in self.workers.map(forward_and_backward, self._shards(rows)):
            data_loss += shard_loss
            grad += shard_grad
        if self.frozen is not None:
            table_rows.table(grad)[self.frozen[table_rows.numbers]] = 0
        return LossAndGradient(data_loss, penalty, grad, table_rows)

    def _shards(self, rows):
        """Split a batch, longest first, into numbered shards with about the same number of steps."""
        # The number of threads plays no part, so that it does not change the result.
        n_shards = max(1, -(-len(rows) // SHARD))
        if n_shards == 1 and len(rows) > 1 and len(rows) * self.network.widest >= 2 * HALF:
            n_shards = 2
        if n_shards == 1:
            return [(0, rows)]
        steps = np.cumsum(self.lengths[rows])
        cuts = np.searchsorted(steps, steps[-1] * np.arange(1, n_shards) / n_shards) + 1
        # A very long sequence may take the steps of several shards, which leaves some of them empty.
        return [(number, shard) for number, shard in enumerate(np.split(rows, cuts)) if len(shard)]

    def _table_rows(self, rows):
        """The rows of the embedding table that the sequences use; None if there is no table."""
        # Gradient and optimizer then work on a compact table of these rows: the cost of a step grows with the tokens
        # of the batch and not with the vocabulary.
        if self._compact_row is None:
            return None
        tokens = self.dataset.X.take(self.dataset.members(rows)).values[:, 0]
        # Of several steps with the same token, the last one to be written wins, and it alone passes the filter: this
        # is np.unique without a sort.
        self._compact_row[tokens] = np.arange(len(tokens))
        tokens = tokens[self._compact_row[tokens] == np.arange(len(tokens))]
        self._compact_row[tokens] = np.arange(len(tokens))
        return Rows(len(self.decay), self.network.layout.table_width, tokens)

    def _generator(self, seed, shard):
        rng = np.random.default_rng(seed)
        if self.dataset.entries is None:
            return rng
        entries = self.dataset.entries[self.dataset.members(shard)]
        return EntryGenerator(rng, np.concatenate([[0], np.cumsum(np.diff(entries) != 0)]))

    def _batch(self, shard):
        batch = self.dataset.take(self.dataset.members(shard))
        if self._compact_row is None:
            return batch
        return batch._replace(X=batch.X.map(lambda tokens: self._compact_row[tokens]))

    def _network_inputs(self, theta, batch, scratch, rng, key):
        """What the network takes of a batch. A subclass may change it."""
        return self.network.network_inputs(batch)

    def null_loss(self):
        """The loss of a null network, whose raw outputs are all zero."""
        y = self.dataset.y
        weight = self.dataset.weight
        loss = 0.0
        for start in range(0, len(y), NULL):
            w = weight[start : start + NULL]
            raw = np.zeros((self.network.n_outputs, len(w)), w.dtype)
            values, _ = self.loss(raw, y[start : start + NULL].T)
            loss += float(np.dot(w, values))
        return loss / len(self)
