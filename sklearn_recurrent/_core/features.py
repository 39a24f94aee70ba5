"""From the features that came to what a network reads: scaled values, or rows of its table of vectors."""

from __future__ import annotations

import numpy as np


def mean_and_scale(values, weight):
    """The weighted mean and standard deviation of each column, float64; a constant column has scale 1."""
    mean = np.average(values, axis=0, weights=weight)
    deviation = values - mean
    size = np.abs(deviation).max(axis=0)
    size[size == 0] = 1  # squares are taken of numbers up to 1, lest they overflow
    scale = size * np.sqrt(np.average((deviation / size) ** 2, axis=0, weights=weight))
    rounding = len(values) * np.finfo(np.float64).eps  # relative, of a sum of that many: a constant may seem to vary
    return mean, np.where(scale <= rounding * np.abs(mean), 1.0, scale)


def scaled(values, mean, scale, dtype):
    """(values - mean) / scale, computed in `dtype`; an error if that cannot hold it."""
    mean, scale = mean.astype(dtype), scale.astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        values = (values.astype(dtype, copy=False) - mean) / scale
    if not np.isfinite(values).all():
        raise ValueError(f"X holds values too large for {dtype}, in which this model computes.")
    return values


def rows_of(tokens, vocabulary):
    """Which row of the table is for each token, in the dtype of the tokens: 0 for the unknown."""
    rows = np.searchsorted(vocabulary, tokens).clip(max=len(vocabulary) - 1)
    return np.where(vocabulary[rows] == tokens, rows + 1, 0).astype(tokens.dtype)
