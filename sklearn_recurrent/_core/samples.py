"""A training set: sequences, their targets and their weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .ragged import Sequences, offsets_of, steps_of


class Samples(NamedTuple):
    """N sequences with targets `Y` and weights, a row of both for each target.

    offsets (N + 1,) : where the targets of each sequence lie, as in `Ragged`; None if it has one
    groups (N,) : whole numbers; those of one number stay together in a split
    """

    X: Sequences
    Y: np.ndarray
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
        return Samples(X, self.Y[at], self.weight[at], offsets, groups)

    def sequence_weights(self):
        """(N,): the total weight of each sequence."""
        return self.weight if self.offsets is None else np.add.reduceat(self.weight, self.offsets[:-1])

    def weighted(self):
        """Without the sequences of weight 0."""
        weight = self.sequence_weights()
        return self if weight.all() else self.select(np.flatnonzero(weight))
