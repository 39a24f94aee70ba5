"""Sequences of unequal length: concatenated in one array (`Ragged`) or in separate arrays (`Sequences`).

The two classes have the same methods. A `Ragged` also has the values of all sequences in one array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

BLOCK = 1 << 16
"""Approximate number of values in a block, when all sequences are processed block by block."""


LONG = 256
"""Sequences of fewer steps, on average, are copied faster by an index of their steps than piece by piece."""


@dataclass(frozen=True, eq=False)
class Ragged:
    """N sequences, concatenated. Sequence j is ``values[offsets[j] : offsets[j + 1]]``.

    values (S, F) : all time steps of all sequences, C-contiguous and finite
    offsets (N + 1,) : int64, strictly increasing from 0 to S
    valid (N, T) : if the sequences come from a padded array, True where that array held a time step and not padding;
        else None
    static (N, k) : numbers that belong to a sequence as a whole; None if there are none
    """

    values: np.ndarray
    offsets: np.ndarray
    valid: np.ndarray | None = None
    static: np.ndarray | None = None

    @classmethod
    def from_lengths(cls, values, lengths, valid=None, static=None):
        """Sequences of the given lengths."""
        return cls(values, offsets_of(lengths), valid, static)

    @classmethod
    def of_rows(cls, values):
        """Each row of `values` as a sequence of one step."""
        return cls(values, np.arange(len(values) + 1))

    def __len__(self):
        return len(self.offsets) - 1

    def __iter__(self):
        return (self.values[a:b] for a, b in zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True))

    @cached_property
    def lengths(self):
        """(N,): number of steps of each sequence."""
        return np.diff(self.offsets)

    @cached_property
    def length(self):
        """The common length of all sequences, or None if they differ."""
        lengths = self.lengths
        if (lengths == lengths[0]).all():
            return int(lengths[0])
        return None

    @property
    def n_features(self):
        return self.values.shape[1]

    @property
    def dtype(self):
        return self.values.dtype

    def as_dtype(self, dtype):
        """The same values in another dtype, without a copy if they have it."""
        return self.map(lambda values: values.astype(dtype, copy=False))

    def take(self, rows):
        """Copy the sequences `rows`, in that order: a `Ragged`."""
        if self.length is not None:
            # Sequences of one length are rows of a 3-D array, which NumPy copies without a loop in Python.
            values = self.values.reshape(len(self), self.length, -1)[rows].reshape(-1, self.n_features)
            return Ragged.from_lengths(values, np.full(len(rows), self.length), static=rows_of(self.static, rows))
        lengths = self.lengths[rows]
        static = rows_of(self.static, rows)
        if self.offsets[-1] < LONG * len(self):
            return Ragged.from_lengths(self.values.take(self.steps(rows), axis=0), lengths, static=static)
        pieces = [self.values[a : a + n] for a, n in zip(self.offsets[rows].tolist(), lengths.tolist(), strict=True)]
        return Ragged.from_lengths(np.concatenate(pieces), lengths, static=static)

    def steps(self, rows):
        """Indices into `values` of the sequences `rows`, in that order."""
        return steps_of(self.offsets, rows)

    def excerpt(self, row, steps):
        """Some `steps`, a slice, of a single sequence, (n, F)."""
        return self.values[self.offsets[row] : self.offsets[row + 1]][steps]

    def without_last(self, counts):
        """All but the last `counts` (N,) steps of each sequence: a `Ragged`, with the same static values."""
        values = self.values[~self._is_among_last(counts)]
        return Ragged.from_lengths(values, self.lengths - counts, static=self.static)

    def last(self, counts, columns):
        """Some `columns` of the last `counts` (N,) steps of each sequence, end to end."""
        return self.values[self._is_among_last(counts)][:, columns]

    def _is_among_last(self, counts):
        """(S,): whether a step is one of the last `counts` (N,) of its sequence."""
        if self.length is not None and (counts == counts[0]).all():
            of_each = np.arange(self.length) >= self.length - counts[0]
            return np.tile(of_each, len(self))
        firsts = np.repeat(self.offsets[1:] - counts, self.lengths)
        return np.arange(self.offsets[-1]) >= firsts

    def order_by_values(self):
        """An order, longest first, that is the same wherever the sequences lie, unless some are equal."""
        if self.length is not None:
            return np.argsort(self.projections(), kind="stable")
        return np.lexsort((self.projections(), -self.lengths))

    def projections(self):
        """(N,): a sum of all values of a sequence, with the same random coefficients each time."""
        if self.length is not None:
            return self.values.reshape(len(self), -1) @ _coefficients(self.length * self.n_features)
        of_steps = _coefficients(int(self.lengths.max()))[step_numbers(self)]
        products = (self.values @ _coefficients(self.n_features)) * of_steps
        return np.add.reduceat(products, self.offsets[:-1])

    def map(self, function):
        """Apply `function` to all steps at once; it must not change their number. Static values stay."""
        return replace(self, values=function(self.values))

    def map_sequences(self, function, width):
        """Apply ``function(values, offsets)`` to all sequences, as `Sequences.map_sequences` does."""
        return replace(self, values=function(self.values, self.offsets))

    def select(self, rows):
        """The sequences `rows`, in that order, without a copy: a `Sequences`."""
        return Sequences(list(self), self.lengths, self.dtype, static=self.static).select(rows)

    def blocks(self):
        """Yield all sequences as one block, as `Sequences.blocks` yields several."""
        yield slice(None), self

    def joined(self):
        """Itself, since its sequences are concatenated already."""
        return self


@dataclass(frozen=True, eq=False)
class Sequences:
    """N sequences in arrays that may belong to the user: a large training set is not copied.

    arrays (M) : list of arrays (T_j, F), or one array (M, T, F)
    lengths (N,) : number of steps of each sequence
    dtype : of the values that `take` returns, before `function`, whatever that of the arrays is
    valid, static : as in `Ragged`
    rows (N,) : the arrays that hold the sequences, in their order; None if M = N and in the order of `arrays`
    function : ``function(values, offsets)``, applied to the sequences that `take` copies; None for none
    width : number of features that `function` returns; None if it changes none
    """

    arrays: list | np.ndarray
    lengths: np.ndarray
    dtype: np.dtype
    valid: np.ndarray | None = None
    rows: np.ndarray | None = None
    function: Callable | None = None
    static: np.ndarray | None = None
    width: int | None = None

    def __len__(self):
        return len(self.lengths)

    def __iter__(self):
        return (x for _, block in self.blocks() for x in block)

    @cached_property
    def offsets(self):
        """(N + 1,): where each sequence would begin if all were concatenated."""
        return offsets_of(self.lengths)

    @property
    def n_features(self):
        return self.arrays[0].shape[1] if self.width is None else self.width

    def as_dtype(self, dtype):
        """The same sequences, of which `take` returns the values in another dtype."""
        return replace(self, dtype=np.dtype(dtype))

    def take(self, rows):
        """The sequences `rows`, in that order: a `Ragged`. It is a copy, unless `rows` is a slice."""
        lengths = self.lengths[rows]
        offsets = offsets_of(lengths)
        static = rows_of(self.static, rows)
        if self.rows is not None:
            rows = self.rows[rows]
        if isinstance(self.arrays, np.ndarray):
            values = self.arrays[rows].reshape(-1, self.arrays.shape[2]).astype(self.dtype, copy=False)
        else:
            pieces = self.arrays[rows] if isinstance(rows, slice) else [self.arrays[row] for row in rows.tolist()]
            # Without `out`, NumPy returns an F-ordered array if all pieces are F-ordered.
            out = np.empty((lengths.sum(), self.arrays[0].shape[1]), self.dtype)
            values = np.concatenate(pieces, out=out)
        if self.function is not None:
            values = self.function(values, offsets)
        return Ragged(values, offsets, static=static)

    def steps(self, rows):
        """Indices of the steps of the sequences `rows`, in that order, if all sequences were concatenated."""
        return steps_of(self.offsets, rows)

    def excerpt(self, row, steps):
        """Some `steps`, a slice, of a single sequence, (n, F); of a long one no others are read, nor mapped."""
        values = self.arrays[row if self.rows is None else self.rows[row]][steps].astype(self.dtype, copy=False)
        return values if self.function is None else self.function(values, np.array([0, len(values)]))

    def without_last(self, counts):
        """All but the last `counts` (N,) steps of each sequence, without a copy."""
        rows = range(len(self)) if self.rows is None else self.rows.tolist()
        lengths = self.lengths - counts
        arrays = [self.arrays[row][:n] for row, n in zip(rows, lengths.tolist(), strict=True)]
        return replace(self, arrays=arrays, lengths=lengths, valid=None, rows=None)

    def map(self, function):
        """Apply `function` to the values of every later `take`.

        It must treat each step by itself, since it is called with the steps of whichever sequences are taken. Static
        values stay as they are.
        """
        return self.map_sequences(lambda values, offsets: function(values), self.width)

    def map_sequences(self, function, width):
        """Apply ``function(values, offsets)`` to the sequences of every later `take`, which may look at several steps.

        width : number of features that it returns
        """
        if self.function is None:
            return replace(self, function=function, width=width)
        before = self.function
        return replace(self, function=lambda values, offsets: function(before(values, offsets), offsets), width=width)

    def select(self, rows):
        """The sequences `rows`, in that order, without a copy."""
        selected = rows if self.rows is None else self.rows[rows]
        static = rows_of(self.static, rows)
        return replace(self, lengths=self.lengths[rows], valid=None, rows=selected, static=static)

    def blocks(self):
        """Yield all sequences in their order, block by block: a slice of the rows and the `Ragged` of these."""
        # One sequence at a time would spend most of the time on calls, and all at once would copy the whole set.
        ends = self.offsets[1:] * self.n_features
        start = 0
        while start < len(self):
            n_before = ends[start - 1] if start else 0
            # A sequence larger than a block is a block of its own.
            stop = max(start + 1, int(np.searchsorted(ends, n_before + BLOCK, side="right")))
            rows = slice(start, stop)
            yield rows, self.take(rows)
            start = stop

    def joined(self):
        """Copy all sequences into one array: a `Ragged`."""
        values = None
        for rows, block in self.blocks():
            if values is None:
                # `function` decides the dtype and the number of features.
                values = np.empty((self.offsets[-1], block.n_features), block.dtype)
            values[self.offsets[rows.start] : self.offsets[rows.stop]] = block.values
        return Ragged(values, self.offsets, self.valid, self.static)


@lru_cache(maxsize=32)
def _coefficients(n):
    """The same n random numbers each time."""
    return np.random.default_rng(0).standard_normal(n, np.float32)


def rows_of(static, rows):
    """The static values of the sequences `rows`, or None if there are none."""
    return None if static is None else static[rows]


def offsets_of(lengths):
    """(N + 1,): where sequences of these lengths begin and end when they are concatenated."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def step_numbers(X):
    """(S,): the number of each step of `Ragged` or `Sequences` within its sequence."""
    return np.arange(X.offsets[-1]) - np.repeat(X.offsets[:-1], X.lengths)


def take_in_fixed_order(X, rows, dtype):
    """The sequences `rows` in an order that does not depend on where they lie in X, and their rows in this order.

    BLAS rounds the last columns of a product in another way than the others. In float64 that is no more than rounding;
    in float32 it shows. There the place of a sequence in a batch follows from its values. In float64 nothing moves.

    dtype : that of the computation
    """
    batch = X.take(rows)
    if dtype == np.float64 or len(rows) == 1:
        return rows, batch
    order = batch.order_by_values()
    return rows[order], batch.take(order)


def length_buckets(lengths, sizes, max_size, max_rows):
    """Yield all rows, longest first, in buckets of at most `max_rows` rows.

    The largest of the `sizes` of a bucket, times its rows, is at most `max_size`, unless it is a single row.
    """
    order = np.argsort(-lengths, kind="stable")
    sizes = sizes[order]
    start = 0
    while start < len(order):
        # Sizes need not descend with the lengths: a bucket is as large as its largest row, times its rows.
        n_fitting = max_size // max(1, int(sizes[start : start + max_rows].max()))
        stop = start + max(1, min(n_fitting, max_rows))
        yield order[start:stop]
        start = stop


def steps_of(offsets, rows):
    """Indices of the steps of the sequences `rows`, in that order, in an array with sequences at `offsets`."""
    lengths = offsets[rows + 1] - offsets[rows]
    # arange counts through all steps; what repeat adds makes each sequence begin at its own offset
    return np.arange(lengths.sum()) + np.repeat(offsets[rows] - np.cumsum(lengths) + lengths, lengths)
