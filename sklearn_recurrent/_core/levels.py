"""Level and scale of each of many windows."""

from __future__ import annotations

import numpy as np

EPS = np.finfo(np.float64).eps


def level(values, there, offsets, center):
    """The level of each window, (n, F): its last value, its mean, or 0; 0 where nothing is there.

    values (S, F) : of all windows, end to end
    there (S, F) : which of them count
    center : "last", "mean" or None
    """
    starts = offsets[:-1]
    if center is None:
        return np.zeros((len(starts), values.shape[1]))
    if center == "mean":
        return _mean(values, there, starts)
    row = np.where(there, np.arange(len(values))[:, None], -1)
    last = np.maximum.reduceat(row, starts)
    return np.where(last < 0, 0, np.take_along_axis(values, np.maximum(last, 0), axis=0))


def spread(values, there, offsets, scale, eps=EPS):
    """The scale of each window, (n, F); 1 where it does not change.

    scale : "diff", the standard deviation of the differences of neighbors; "std", that of the values; "mean", the mean
        of their absolute values; or None
    eps : of the dtype that the values came in
    """
    starts = offsets[:-1]
    n = len(starts)
    if scale is None:
        return np.ones((n, values.shape[1]))
    largest = np.maximum.reduceat(np.where(there, np.abs(values), 0), starts)
    if scale == "mean":
        found = _mean(np.abs(values), there, starts)
    else:
        if scale == "diff":
            changes = np.zeros_like(values)
            changes[1:] = values[1:] - values[:-1]
            both = there.copy()
            both[1:] &= there[:-1]
            both[starts] = False
            values = changes
            there = both
        window = np.repeat(np.arange(n), np.diff(offsets))
        centered = values - _mean(values, there, starts)[window]
        found = np.sqrt(_mean(centered**2, there, starts))
    # What rounding leaves of a window that does not change is no scale: of steps that are equal in float32 an ulp.
    constant = found <= max(10 * EPS, eps) * largest
    return np.where(constant, 1, found)


def _mean(values, there, starts):
    """(n, F): the mean of what is there; 0 where nothing is."""
    count = np.add.reduceat(there.astype(np.intp), starts)
    return np.add.reduceat(np.where(there, values, 0), starts) / np.maximum(count, 1)
