"""A training set: sequences, their targets and their weights."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from .ragged import Sequences, offsets_of, steps_of


class Dataset(NamedTuple):
    """N sequences with targets `Y` and weights, a row of both for each target.

    offsets (N + 1,) : where the targets of each sequence lie, as in `Ragged`; None if it has one
    groups (N,) : whole numbers; those of one number stay together in a split
    """

    X: Sequences
    y: np.ndarray
    weight: np.ndarray
    offsets: np.ndarray | None = None
    groups: np.ndarray | None = None

    @property
    def counts(self):
        """How many targets each sequence has, (N,), or the number itself if it is one for all."""
        return 1 if self.offsets is None else np.diff(self.offsets)

    def targets(self, rows):
        """Which rows of `Y` belong to the sequences `rows`, in that order."""
        return rows if self.offsets is None else steps_of(self.offsets, rows)

    def take(self, rows):
        """The sequences `rows`, in that order, in an array of their own."""
        return self._with(self.X.take(rows), rows)

    def select(self, rows):
        """The sequences `rows`, in that order, where they are."""
        return self._with(self.X.select(rows), rows)

    def _with(self, X, rows):
        at, offsets = self.targets(rows), self.offsets
        if offsets is not None:
            offsets = offsets_of(self.counts[rows])
        groups = None if self.groups is None else self.groups[rows]
        return Dataset(X, self.y[at], self.weight[at], offsets, groups)

    def sequence_weights(self):
        """(N,): the total weight of each sequence."""
        return self.weight if self.offsets is None else np.add.reduceat(self.weight, self.offsets[:-1])

    def weighted(self):
        """Without the sequences of weight 0."""
        weight = self.sequence_weights()
        return self if weight.all() else self.select(np.flatnonzero(weight))


def canonical(dataset, keyed):
    """Merge equal sequences with equal targets, of one group, adding their weights, and sort the rest; so that weight 2
    is a sequence given twice, and the order of the sequences is none, down to the last bit.

    Training amplifies the rounding of one sum in another order to any size, so this comes before all arithmetic. Sorted
    is by a 128-bit hash.

    dataset : Dataset, all of whose sequences have some weight
    keyed : the same, with values and targets as they are told apart: numbers, targets C-contiguous
    """
    X, weight = keyed.X, dataset.weight
    targets = keyed.y + 0  # -0.0 and 0.0 are one
    if dataset.offsets is not None:
        targets = np.split(targets, dataset.offsets[1:-1])
    keys, groups = np.empty((len(X), 2), np.uint64), np.zeros(len(X)) if dataset.groups is None else dataset.groups
    for key, x, target, group in zip(keys, X, targets, groups, strict=True):
        digest = hashlib.blake2b((x + 0).tobytes(), digest_size=16)
        digest.update(target.tobytes())
        if dataset.groups is not None:
            digest.update(group.tobytes())
        key[:] = np.frombuffer(digest.digest(), np.uint64)
    order = np.lexsort((dataset.sequence_weights(), keys[:, 1], keys[:, 0]))  # by weight last: equals add in one order
    new = np.ones(len(order), bool)
    new[1:] = (keys[order[1:]] != keys[order[:-1]]).any(axis=1)
    starts = np.flatnonzero(new)
    merged = dataset.select(order[starts])
    if dataset.offsets is None:
        return merged._replace(weight=np.add.reduceat(weight[order], starts))
    for at, group in zip(merged.offsets, np.split(order, starts[1:]), strict=False):
        if len(group) > 1:
            weights = np.sort(weight[dataset.targets(group)].reshape(len(group), -1), axis=0)
            merged.weight[at : at + weights.shape[1]] = weights.sum(axis=0)
    return merged
