"""From the features that came to what a network reads: scaled values, or rows of its table of vectors."""

from __future__ import annotations

import numpy as np


def mean_and_scale(values, weight):
    """The weighted mean and standard deviation of each column, float64; a constant column has scale 1."""
    mean = np.average(values, axis=0, weights=weight)
    deviation = values - mean
    size = np.abs(deviation).max(axis=0)
    size[size == 0] = 1  # squares are taken of numbers up to 1, lest they overflow
    return mean, _or_1(size * np.sqrt(np.average((deviation / size) ** 2, axis=0, weights=weight)), mean, len(values))


def _or_1(scale, mean, n):
    """A constant column has scale 1; to the rounding of a sum of `n` it may seem to vary."""
    return np.where(scale <= n * np.finfo(np.float64).eps * np.abs(mean), 1.0, scale)


def mean_and_scale_of_steps(X, weight):
    """`mean_and_scale` of the features over all steps of sequences that weigh `weight` (N,), and their steps as much.

    What is summed are sums over sequences, in the order of `X`: so it plays no part in which order they lie.
    """
    share, sums = weight / np.dot(weight, X.lengths), np.empty((len(X), X.n_features))
    lowest, highest = np.inf, -np.inf
    for rows, block in X.blocks():
        sums[rows] = np.add.reduceat(block.values, block.offsets[:-1], dtype=np.float64)
        lowest, highest = np.minimum(lowest, block.values.min(axis=0)), np.maximum(highest, block.values.max(axis=0))
    mean = share @ sums
    size = np.maximum(highest - mean, mean - lowest)
    size[size == 0] = 1  # squares are taken of numbers up to 1, lest they overflow
    for rows, block in X.blocks():
        sums[rows] = np.add.reduceat(((block.values - mean) / size) ** 2, block.offsets[:-1])
    return mean, _or_1(size * np.sqrt(share @ sums), mean, X.offsets[-1])


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
