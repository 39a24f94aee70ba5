"""A batch of sequences, longest first, cut into chunks of steps; and the buffers that it is worked in."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

MAX_PADDING = 0.05
"""The part of a chunk that may be spent on columns that have ended: cutting at every end costs more in calls."""

CHUNK_SIZE = 1 << 14
"""Steps times sequences of a chunk at most: what the backward pass of a long sequence holds at once."""


class PackedChunk(NamedTuple):
    """The steps ``start : start + steps`` of the first `width` sequences."""

    first_step: int
    steps: int
    width: int
    ends: list  # (e, lo, hi), e ascending: columns lo:hi live for e steps of this chunk


def pack(lengths, max_padding=MAX_PADDING, size=CHUNK_SIZE):
    """Cut a batch whose `lengths` (list of int) descend into chunks.

    Each wastes at most the part `max_padding` of its work, and has no more than `size` columns of steps, or one step.
    """
    chunks, start, width = [], 0, len(lengths)
    while width:
        horizon = start + max(1, size // width)
        ends, lost, stop, hi = [], 0, lengths[width - 1], width
        while stop <= horizon:
            lo = hi - 1
            while lo and lengths[lo - 1] == stop:
                lo -= 1
            ends.append((stop - start, lo, hi))
            hi = lo
            if not hi:
                break
            longer = min(lengths[hi - 1], horizon)
            lost += (width - hi) * (longer - stop)
            if lost > max_padding * width * (longer - start):
                break
            stop = lengths[hi - 1]
        stop = min(stop, horizon)
        chunks.append(PackedChunk(start, stop - start, width, ends))
        start, width = stop, hi
    return chunks


class PackedBatch:
    """Where each step of a batch is: which chunk and column works on which row of its flat values.

    lengths (N,) : descending
    """

    def __init__(self, lengths, max_padding=MAX_PADDING):
        self.lengths = lengths
        self.offsets = np.concatenate([[0], np.cumsum(lengths)])
        self.chunks = pack(lengths.tolist(), max_padding)
        self.length = int(lengths[0]) if lengths[0] == lengths[-1] else None  # of all sequences, if it is one
        self._rows = {}

    def rows(self, chunk, reverse):
        """(steps, width): the row of the flat values for each step and sequence of a chunk.

        Column j reads its sequence forwards or from its end. Where it has ended, it reads its last step once more.
        """
        if (chunk.first_step, chunk.steps, reverse) in self._rows:
            return self._rows[chunk.first_step, chunk.steps, reverse]
        first, last = self.offsets[: chunk.width], self.offsets[1 : chunk.width + 1] - 1
        t = np.arange(chunk.first_step, chunk.first_step + chunk.steps)[:, None]
        rows = np.maximum(last - t, first) if reverse else np.minimum(first + t, last)
        if self.length is None:  # a plan of one length outlives its batch
            self._rows[chunk.first_step, chunk.steps, reverse] = rows
        return rows

    def valid(self, chunk):
        """(steps, width): True where a sequence has not ended; None if all of them live through the chunk."""
        if not chunk.ends or chunk.ends[0][0] == chunk.steps:
            return None
        return np.arange(chunk.first_step, chunk.first_step + chunk.steps)[:, None] < self.lengths[: chunk.width]

    def gather(self, values, chunk, reverse):
        """(S, F) → (steps, F, width), what each step of a chunk reads."""
        if self.length is not None:
            return self._by_step(values, chunk, reverse)
        return values.take(self.rows(chunk, reverse), axis=0).swapaxes(1, 2)

    def gather_valid(self, values, chunk, reverse):
        """What `gather` reads, 0 where a sequence has ended: gradients, and what is summed over the steps."""
        x, valid = self.gather(values, chunk, reverse), self.valid(chunk)
        return x if valid is None else x * valid[:, None]

    def put(self, x, chunk, reverse, values, *, add=False):
        """Write (steps, F, width) to the rows of `values` (S, F) that `gather` reads, or add it to them.

        Where a sequence has ended, x is not looked at.
        """
        if self.length is not None:
            here = self._by_step(values, chunk, reverse)
            np.add(here, x, out=here) if add else np.copyto(here, x)
            return
        rows, valid, x = self.rows(chunk, reverse), self.valid(chunk), x.swapaxes(1, 2)
        if valid is not None:
            rows, x = rows[valid], x[valid]
        values[rows] = values[rows] + x if add else x  # no row comes twice

    def _by_step(self, values, chunk, reverse):
        """A view (steps, F, width) of the values of sequences of one length."""
        x = values.reshape(len(self.lengths), self.length, -1).transpose(1, 2, 0)
        return (x[::-1] if reverse else x)[chunk.first_step : chunk.first_step + chunk.steps]

    @classmethod
    def of(cls, lengths, max_padding=MAX_PADDING):
        """The packed for `lengths`; that of sequences of one length is kept."""
        if lengths[0] == lengths[-1]:
            return _packed_of_one_length(len(lengths), int(lengths[0]))
        return cls(lengths, max_padding)


@lru_cache(maxsize=8)
def _packed_of_one_length(n, length):
    return PackedBatch(np.full(n, length))
