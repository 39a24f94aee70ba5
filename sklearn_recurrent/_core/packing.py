"""A batch of sequences, longest first, packed into chunks of time steps."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

MAX_PADDING = 0.05
"""The share of a chunk that may be padding, steps of sequences that have ended.

Without padding, a chunk would end wherever a sequence ends: many short chunks, whose calls cost
more than this does.
"""

CHUNK_SIZE = 1 << 14
"""Steps times sequences of a chunk at most: the backward pass of a long sequence holds one chunk."""


class PackedChunk(NamedTuple):
    """The steps ``first_step : first_step + steps`` of the first `width` sequences.

    ends : (e, lo, hi), e ascending: the sequences lo:hi end after e steps of this chunk
    """

    first_step: int
    steps: int
    width: int
    ends: list


def pack(lengths, max_padding=MAX_PADDING, size=CHUNK_SIZE):
    """Divide a batch into `PackedChunk`s; `lengths` is a list of int, descending.

    At most the share `max_padding` of a chunk is padding. Steps times sequences of a chunk are at
    most `size`, or it has one step.
    """
    chunks = []
    first_step = 0
    width = len(lengths)
    while width:
        horizon = first_step + max(1, size // width)
        ends = []
        padding = 0
        stop = lengths[width - 1]  # the chunk goes at least to the end of its shortest sequence
        hi = width  # the sequences from here on have ended
        while stop <= horizon:
            lo = hi - 1
            while lo and lengths[lo - 1] == stop:
                lo -= 1
            ends.append((stop - first_step, lo, hi))
            hi = lo
            if not hi:
                break
            # May the chunk go on to the next end? Then all that have ended so far are padding until
            # there.
            next_stop = min(lengths[hi - 1], horizon)
            padding += (width - hi) * (next_stop - stop)
            if padding > max_padding * width * (next_stop - first_step):
                break
            stop = lengths[hi - 1]
        stop = min(stop, horizon)
        chunks.append(PackedChunk(first_step, stop - first_step, width, ends))
        first_step = stop
        width = hi
    return chunks


class PackedBatch:
    """Where each step of a batch is: which chunk and column, and which row of the flat values.

    lengths (N,) : descending
    """

    def __init__(self, lengths, max_padding=MAX_PADDING):
        self.lengths = lengths
        self.offsets = np.concatenate([[0], np.cumsum(lengths)])
        self.chunks = pack(lengths.tolist(), max_padding)
        self.length = None  # of all sequences, if they have one length
        if lengths[0] == lengths[-1]:
            self.length = int(lengths[0])
        self._rows = {}
        self._valid = {}

    def rows(self, chunk, reverse):
        """(steps, width): the row of the flat values for each step and sequence of a chunk.

        With `reverse` a sequence is read from its end. After its end comes its last step again: any
        row would do, as nothing uses the result, but this one is there for every sequence, and what
        is read is in the range of the data.
        """
        key = chunk.first_step, chunk.steps, reverse
        if key in self._rows:
            return self._rows[key]
        first = self.offsets[: chunk.width]
        last = self.offsets[1 : chunk.width + 1] - 1
        t = np.arange(chunk.first_step, chunk.first_step + chunk.steps)[:, None]
        rows = np.maximum(last - t, first) if reverse else np.minimum(first + t, last)
        if self.length is None:  # `of` keeps a batch of one length: it must not grow
            self._rows[key] = rows
        return rows

    def valid(self, chunk):
        """(steps, width): False for padding; None if there is none in this chunk."""
        if not chunk.ends or chunk.ends[0][0] == chunk.steps:
            return None
        if chunk.first_step not in self._valid:
            t = np.arange(chunk.first_step, chunk.first_step + chunk.steps)[:, None]
            self._valid[chunk.first_step] = t < self.lengths[: chunk.width]
        return self._valid[chunk.first_step]

    def gather(self, values, chunk, reverse):
        """(S, F) → (steps, F, width), the values of each step of a chunk."""
        if self.length is not None:
            return self._by_step(values, chunk, reverse)
        return values.take(self.rows(chunk, reverse), axis=0).swapaxes(1, 2)

    def gather_valid(self, values, chunk, reverse):
        """As `gather`, with 0 for padding: for gradients, and for what is summed over the steps."""
        x = self.gather(values, chunk, reverse)
        valid = self.valid(chunk)
        if valid is None:
            return x
        return x * valid[:, None]

    def put(self, x, chunk, reverse, values, *, add=False):
        """Write x (steps, F, width) to the rows of `values` (S, F) that `gather` reads.

        With `add`, add it to them. Padding is left out: it may be NaN.
        """
        if self.length is not None:
            target = self._by_step(values, chunk, reverse)
            if add:
                np.add(target, x, out=target)
            else:
                np.copyto(target, x)
            return
        rows = self.rows(chunk, reverse)
        x = x.swapaxes(1, 2)
        valid = self.valid(chunk)
        if valid is not None:
            rows = rows[valid]
            x = x[valid]
        if add:
            values[rows] += x  # no row comes twice, so none is lost
        else:
            values[rows] = x

    def _by_step(self, values, chunk, reverse):
        """A view (steps, F, width) of the values of sequences of one length: no index, no copy."""
        x = values.reshape(len(self.lengths), self.length, -1).transpose(1, 2, 0)
        if reverse:
            x = x[::-1]
        return x[chunk.first_step : chunk.first_step + chunk.steps]

    @classmethod
    def of(cls, lengths, max_padding=MAX_PADDING):
        """The packed batch of these lengths; one of equal lengths is kept for the next call."""
        if lengths[0] == lengths[-1]:
            return _packed_of_one_length(len(lengths), int(lengths[0]))
        return cls(lengths, max_padding)


@lru_cache(maxsize=8)
def _packed_of_one_length(n, length):
    return PackedBatch(np.full(n, length))
