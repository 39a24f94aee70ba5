"""Weights of samples and of classes."""

from __future__ import annotations

import numpy as np

from .._data.targets import numbers_of_weights, refuse_masked
from .._sklearn import _check_sample_weight


def positive_weight(sample_weight, n, of):
    """Weights of `n` sequences or steps (`of`), none of them negative, not all 0."""
    refuse_masked(sample_weight, "sample_weight")
    sample_weight = numbers_of_weights(sample_weight, of)
    weight = _check_sample_weight(sample_weight, np.empty((n, 1)), dtype=np.float64)
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"Negative values in data passed to `sample_weight`: {weight[row]:g} for {of} {row}.")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    refuse_extreme_weights(weight)
    return weight


def refuse_extreme_weights(weight):
    """An error if weights have a sum that a float cannot hold, or that is so small that it has lost digits."""
    with np.errstate(over="ignore"):
        total = weight.sum(dtype=np.float64)
    smallest = np.finfo(np.float64).tiny
    if np.isfinite(total) and total >= smallest:
        return
    wanted = "a finite sum" if total > 1 else f"a sum of at least {smallest:.3g}"
    raise ValueError(
        f"Expected weights (sample_weight, times class_weight if it is set) with {wanted}, got {total:.3g}, from "
        f"weights up to {weight.max():.3g}. Divide the weights by the largest of them."
    )


def balanced(codes, weight, n):
    """What to multiply the weights of `n` classes with, so that all have the same total."""
    refuse_extreme_weights(weight)
    totals = np.bincount(codes, weights=weight, minlength=n)
    if not totals.all():
        raise ValueError(
            "Expected every class in each call for class_weight='balanced', got fewer. Set class_weight to a dict."
        )
    exponent = -np.frexp(totals.max())[1]  # by a power of two, which is exact, lest n * totals overflow
    with np.errstate(over="ignore", divide="ignore"):
        by_class = np.ldexp(weight.sum(), exponent) / (n * np.ldexp(totals, exponent))
    if not np.isfinite(by_class).all():
        raise ValueError(
            f"Expected classes whose weights are comparable for class_weight='balanced', got totals from "
            f"{totals.min():.3g} to {totals.max():.3g}. Choose sample weights that differ less."
        )
    return by_class


def refuse_class_weights(class_weight, weight, factors):
    """An error if `weight` times `factors`, the class weights of the targets, is negative, all 0, or extreme."""
    with np.errstate(over="ignore"):
        weight = weight * factors
    if not (weight >= 0).all() or not weight.any():
        raise ValueError(f"class_weight must be at least 0, and above 0 for at least one class, got {class_weight!r}.")
    refuse_extreme_weights(weight)


def class_codes(Y):
    """(N,): the number of each class, from the targets of the network."""
    return Y[:, 0].astype(np.intp)
