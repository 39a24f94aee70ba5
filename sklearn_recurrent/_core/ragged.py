"""Sequences of unequal length: end to end in one array, `Ragged`, or where they are, `Sequences`.

Both have the same methods; only of what lies end to end there are values of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

BLOCK = 1 << 16
"""Numbers, about, that are looked at together when all sequences are."""


@dataclass(frozen=True, eq=False)
class Ragged:
    """N sequences end to end.

    Sequence ``j`` is ``values[offsets[j] : offsets[j + 1]]``.

    values (S, F) : every valid step of every sequence, C-contiguous, finite
    offsets (N + 1,) : int64, from 0 to S, strictly increasing
    valid (N, T) : True where the steps stood in a padded array; None if they come from no such array
    """

    values: np.ndarray
    offsets: np.ndarray
    valid: np.ndarray | None = None

    @classmethod
    def from_lengths(cls, values, lengths, valid=None):
        return cls(values, offsets_of(lengths), valid)

    @classmethod
    def of_rows(cls, values):
        """Each row as a sequence of one step."""
        return cls(values, np.arange(len(values) + 1))

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

    @property
    def dtype(self):
        return self.values.dtype

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
        return replace(self, values=function(self.values))

    def select(self, rows):
        """The sequences `rows`, in that order, where they are."""
        return Sequences(list(self), self.lengths, self.dtype).select(rows)

    def blocks(self):
        """All of them together."""
        yield slice(None), self

    def joined(self):
        """Itself, which is end to end."""
        return self


@dataclass(frozen=True, eq=False)
class Sequences:
    """N sequences where they are, in memory that may be somebody else's: a large training set is not copied.

    arrays (M) : list of arrays (T_j, F), or one array (M, T, F)
    lengths (N,) : of the sequences
    dtype : that they have when they are taken, before `function`
    valid : as of `Ragged`
    rows (N,) : which of the arrays are the sequences, in their order; None: all
    function : applied to all steps of what is taken
    """

    arrays: list | np.ndarray
    lengths: np.ndarray
    dtype: np.dtype
    valid: np.ndarray | None = None
    rows: np.ndarray | None = None
    function: Callable | None = None

    def __len__(self):
        return len(self.lengths)

    def __iter__(self):
        return (x for _, block in self.blocks() for x in block)

    @cached_property
    def offsets(self):
        """Where they would lie, end to end: (N + 1,)."""
        return offsets_of(self.lengths)

    @property
    def n_features(self):
        return self.arrays[0].shape[1]

    def take(self, rows):
        """The sequences `rows`, in that order: a `Ragged`, in an array of its own unless `rows` is a slice."""
        lengths, rows = self.lengths[rows], rows if self.rows is None else self.rows[rows]
        if isinstance(self.arrays, np.ndarray):
            values = self.arrays[rows].reshape(-1, self.n_features)
        else:
            pieces = self.arrays[rows] if isinstance(rows, slice) else [self.arrays[row] for row in rows.tolist()]
            out = np.empty((lengths.sum(), self.n_features), self.dtype)
            values = np.concatenate(pieces, out=out)  # without out it is F-ordered if all of its parts are
        return Ragged.from_lengths(values if self.function is None else self.function(values), lengths)

    def steps(self, rows):
        """Which steps of all, end to end, belong to the sequences `rows`, in that order."""
        return steps_of(self.offsets, rows)

    def map(self, function):
        """``function``, which works step by step, is applied to whatever is taken; the lengths stay."""
        then = function if self.function is None else lambda values: function(self.function(values))
        return replace(self, function=then)

    def select(self, rows):
        """The sequences `rows`, in that order."""
        chosen = rows if self.rows is None else self.rows[rows]
        return replace(self, lengths=self.lengths[rows], valid=None, rows=chosen)

    def blocks(self):
        """All, in their order, some together: yield their slice and a `Ragged`."""
        ends = self.offsets[1:] * self.n_features
        start = 0
        while start < len(self):
            room = BLOCK + (ends[start - 1] if start else 0)
            stop = max(start + 1, int(np.searchsorted(ends, room, side="right")))
            yield (rows := slice(start, stop)), self.take(rows)
            start = stop

    def joined(self):
        """All of them end to end: a `Ragged`."""
        values = None
        for rows, block in self.blocks():
            if values is None:
                values = np.empty((self.offsets[-1], block.n_features), block.dtype)
            values[self.offsets[rows.start] : self.offsets[rows.stop]] = block.values
        return Ragged(values, self.offsets, self.valid)


def offsets_of(lengths):
    """Where sequences of these lengths lie, end to end: (N + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def length_buckets(lengths, sizes, room, width):
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
