"""A batch of sequences, longest first, cut into runs of steps; and the buffers that it is worked in."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

WASTE = 0.05
"""The part of a run that may be spent on columns that have ended: cutting at every end costs more in calls."""

SIZE = 1 << 14
"""Steps times sequences of a run at most: what the backward pass of a long sequence holds at once."""


class Run(NamedTuple):
    """The steps ``start : start + steps`` of the first `width` sequences."""

    start: int
    steps: int
    width: int
    ends: list  # (e, lo, hi), e ascending: columns lo:hi live for e steps of this run


def cut(lengths, waste=WASTE, size=SIZE):
    """Cut a batch whose `lengths` (list of int) descend into runs.

    Each wastes at most the part `waste` of its work, and has no more than `size` columns of steps, or one step.
    """
    runs, start, width = [], 0, len(lengths)
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
            if lost > waste * width * (longer - start):
                break
            stop = lengths[hi - 1]
        stop = min(stop, horizon)
        runs.append(Run(start, stop - start, width, ends))
        start, width = stop, hi
    return runs


class Plan:
    """Where each step of a batch is: which run and column works on which row of its flat values.

    lengths (N,) : descending
    """

    def __init__(self, lengths, waste=WASTE):
        self.lengths = lengths
        self.offsets = np.concatenate([[0], np.cumsum(lengths)])
        self.runs = cut(lengths.tolist(), waste)
        self.length = int(lengths[0]) if lengths[0] == lengths[-1] else None  # of all sequences, if it is one
        self._rows = {}

    def rows(self, run, reverse):
        """(steps, width): the row of the flat values for each step and sequence of a run.

        Column j reads its sequence forwards or from its end. Where it has ended, it reads its last step once more.
        """
        if (run.start, run.steps, reverse) in self._rows:
            return self._rows[run.start, run.steps, reverse]
        first, last = self.offsets[: run.width], self.offsets[1 : run.width + 1] - 1
        t = np.arange(run.start, run.start + run.steps)[:, None]
        rows = np.maximum(last - t, first) if reverse else np.minimum(first + t, last)
        if self.length is None:  # a plan of one length outlives its batch
            self._rows[run.start, run.steps, reverse] = rows
        return rows

    def living(self, run):
        """(steps, width): True where a sequence has not ended; None if all of them live through the run."""
        if not run.ends or run.ends[0][0] == run.steps:
            return None
        return np.arange(run.start, run.start + run.steps)[:, None] < self.lengths[: run.width]

    def gather(self, values, run, reverse):
        """(S, F) → (steps, F, width), what each step of a run reads."""
        if self.length is not None:
            return self._by_step(values, run, reverse)
        return values.take(self.rows(run, reverse), axis=0).swapaxes(1, 2)

    def gather_living(self, values, run, reverse):
        """What `gather` reads, 0 where a sequence has ended: gradients, and what is summed over the steps."""
        x, living = self.gather(values, run, reverse), self.living(run)
        return x if living is None else x * living[:, None]

    def put(self, x, run, reverse, values, *, add=False):
        """Write (steps, F, width) to the rows of `values` (S, F) that `gather` reads, or add it to them.

        Where a sequence has ended, x is not looked at.
        """
        if self.length is not None:
            here = self._by_step(values, run, reverse)
            np.add(here, x, out=here) if add else np.copyto(here, x)
            return
        rows, living, x = self.rows(run, reverse), self.living(run), x.swapaxes(1, 2)
        if living is not None:
            rows, x = rows[living], x[living]
        values[rows] = values[rows] + x if add else x  # no row comes twice

    def _by_step(self, values, run, reverse):
        """A view (steps, F, width) of the values of sequences of one length."""
        x = values.reshape(len(self.lengths), self.length, -1).transpose(1, 2, 0)
        return (x[::-1] if reverse else x)[run.start : run.start + run.steps]

    @classmethod
    def of(cls, lengths, waste=WASTE):
        """The plan for `lengths`; that of sequences of one length is kept."""
        if lengths[0] == lengths[-1]:
            return _plan_of_one_length(len(lengths), int(lengths[0]))
        return cls(lengths, waste)


@lru_cache(maxsize=8)
def _plan_of_one_length(n, length):
    return Plan(np.full(n, length))
