"""Sequences of unequal length in one flat array."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Ragged:
    """N sequences end to end.

    Sequence ``j`` is ``values[offsets[j] : offsets[j + 1]]``.

    values (S, F) : every living step of every sequence, C-contiguous, finite
    owned : whether nobody else has these values: they may be written to
    offsets (N + 1,) : int64, from 0 to S, strictly increasing
    living (N, T) : True where the steps stood in a padded array; None if they come from no such array
    """

    values: np.ndarray
    offsets: np.ndarray
    living: np.ndarray | None = None
    owned: bool = False

    @classmethod
    def from_lengths(cls, values, lengths, living=None, owned=False):
        return cls(values, offsets_of(lengths), living, owned)

    def __len__(self):
        return len(self.offsets) - 1

    def __iter__(self):
        return (self.values[a:b] for a, b in zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True))

    @cached_property
    def lengths(self):
        return np.diff(self.offsets)

    @cached_property
    def length(self):
        """The length of all sequences, if it is one; else None."""
        lengths = self.lengths
        return int(lengths[0]) if (lengths == lengths[0]).all() else None

    @property
    def n_features(self):
        return self.values.shape[1]

    def take(self, rows):
        """The sequences `rows`, in that order, in an array of their own."""
        if self.length is not None:
            values = self.values.reshape(len(self), self.length, -1)[rows].reshape(-1, self.n_features)
            return Ragged.from_lengths(values, np.full(len(rows), self.length))
        starts, stops = self.offsets[rows], self.offsets[rows + 1]
        pieces = [self.values[a:b] for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]
        return Ragged.from_lengths(np.concatenate(pieces), stops - starts)

    def steps(self, rows):
        """Which rows of the values belong to the sequences `rows`, in that order."""
        return steps_of(self.offsets, rows)

    def map(self, function):
        """``function`` applied to all steps at once; the lengths stay."""
        return Ragged(function(self.values), self.offsets, self.living, self.owned)

    def select(self, rows):
        """The sequences `rows`, in that order, where they are."""
        return Selection(self, rows)


@dataclass(frozen=True, eq=False)
class Selection:
    """The sequences `rows` of a `Ragged`, in that order, without a copy of them: a training set may be large."""

    whole: Ragged
    rows: np.ndarray

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return (self.whole.values[a:b] for a, b in zip(*self._bounds(self.rows), strict=True))

    def _bounds(self, rows):
        return self.whole.offsets[rows].tolist(), self.whole.offsets[rows + 1].tolist()

    @property
    def values(self):
        """Of the whole."""
        return self.whole.values

    @property
    def owned(self):
        return self.whole.owned

    @cached_property
    def lengths(self):
        return self.whole.lengths[self.rows]

    @property
    def n_features(self):
        return self.whole.n_features

    def take(self, rows):
        """The sequences `rows`, in that order, in an array of their own."""
        return self.whole.take(self.rows[rows])

    def steps(self, rows):
        """Which rows of the values belong to the sequences `rows`, in that order."""
        return self.whole.steps(self.rows[rows])

    def map(self, function):
        return Selection(self.whole.map(function), self.rows)

    def select(self, rows):
        return Selection(self.whole, self.rows[rows])


def offsets_of(lengths):
    """Where sequences of these lengths lie, end to end: (N + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def of_like_length(lengths, sizes, room, width):
    """Rows, longest first, in pieces of up to `width`, whose sequences are no larger than `room` together."""
    order, start = np.argsort(-lengths, kind="stable"), 0
    sizes = sizes[order]
    while start < len(order):
        fit = room // max(1, int(sizes[start : start + width].max()))
        stop = start + max(1, min(fit, width))
        yield order[start:stop]
        start = stop


def steps_of(offsets, rows):
    """Which rows belong to the sequences `rows`, in that order, of what lies end to end at `offsets`."""
    lengths = offsets[rows + 1] - offsets[rows]
    return np.arange(lengths.sum()) + np.repeat(offsets[rows] - np.cumsum(lengths) + lengths, lengths)
