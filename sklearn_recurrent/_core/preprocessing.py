"""From the features that came to what a network reads: scaled values, or rows of its table of vectors."""

from __future__ import annotations

import numpy as np


def mean_and_scale(X, weight):
    """The mean and standard deviation of each feature over all steps of sequences that weigh `weight` (N,), float64.

    Each step weighs what its sequence does. A constant feature has scale 1, also if its values differ by rounding. What
    is summed are sums over sequences, in the order of `X`: so it plays no part in which order they lie.
    """
    weight = np.ldexp(weight, -np.frexp(weight.max())[1])  # by a power of two, which is exact, lest sums overflow
    share = weight / np.dot(weight, X.lengths)
    sums = np.empty((len(X), X.n_features))
    lowest, highest = np.inf, -np.inf
    for rows, block in X.blocks():
        sums[rows] = np.add.reduceat(block.values, block.offsets[:-1], dtype=np.float64)
        lowest, highest = np.minimum(lowest, block.values.min(axis=0)), np.maximum(highest, block.values.max(axis=0))
    mean = share @ sums
    size = np.maximum(highest - mean, mean - lowest)
    size[size == 0] = 1  # squares are taken of numbers up to 1, lest they overflow
    for rows, block in X.blocks():
        sums[rows] = np.add.reduceat(((block.values - mean) / size) ** 2, block.offsets[:-1])
    scale = size * np.sqrt(share @ sums)
    precision = np.finfo(X.dtype if X.dtype.kind == "f" else np.float64)
    of_sums = X.offsets[-1] * np.finfo(np.float64).eps
    rounding = (of_sums + 2 * precision.eps) * np.abs(mean) + precision.tiny  # by which a constant may seem to vary
    return mean, np.where(scale <= rounding, 1.0, scale)


def scaled(values, mean, scale, dtype):
    """(values - mean) / scale, computed in `dtype`; an error if that cannot hold it."""
    mean, scale = mean.astype(dtype), scale.astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.subtract(values, mean, dtype=dtype, casting="same_kind")
        values /= scale
    if not np.isfinite(values).all():
        raise ValueError(f"X holds values too large for {dtype}, in which this model computes.")
    return values


def rows_of(tokens, vocabulary):
    """Which row of the table is for each token, in the dtype of the tokens: 0 for the unknown."""
    rows = np.searchsorted(vocabulary, tokens).clip(max=len(vocabulary) - 1)
    return np.where(vocabulary[rows] == tokens, rows + 1, 0).astype(tokens.dtype)
