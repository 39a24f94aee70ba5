"""A training set: sequences, their targets and their weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .ragged import Ragged


class Samples(NamedTuple):
    """N sequences with targets `Y` and weights: one for each of them, or, if `per_step`, for each of their S steps."""

    X: Ragged
    Y: np.ndarray
    weight: np.ndarray
    per_step: bool = False

    def take(self, rows):
        """The sequences `rows`, in that order."""
        at = self.X.steps(rows) if self.per_step else rows
        return self._replace(X=self.X.take(rows), Y=self.Y[at], weight=self.weight[at])

    def sequence_weights(self):
        """(N,): the total weight of each sequence."""
        return np.add.reduceat(self.weight, self.X.offsets[:-1]) if self.per_step else self.weight

    def step_weights(self):
        """(S,): what a sequence weighs, on each of its steps; with weights per step their mean over the sequence."""
        weight = self.sequence_weights()
        return np.repeat(weight / self.X.lengths if self.per_step else weight, self.X.lengths)

    def weighted(self):
        """Without the sequences of weight 0."""
        weight = self.sequence_weights()
        return self if weight.all() else self.take(np.flatnonzero(weight))
