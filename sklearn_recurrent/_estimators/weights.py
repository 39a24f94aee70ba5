"""Weights of samples and of classes."""

from __future__ import annotations

import numpy as np

from .._sklearn import _check_sample_weight


def positive_weight(sample_weight, n, of):
    """Weights of `n` sequences or steps (`of`), none of them negative, not all 0."""
    weight = _check_sample_weight(sample_weight, np.empty((n, 1)), dtype=np.float64)
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"Negative values in data passed to `sample_weight`: {weight[row]:g} for {of} {row}.")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight


def balanced(codes, weight, n):
    """What to multiply the weights of `n` classes with, so that all have the same total."""
    totals = np.bincount(codes, weights=weight, minlength=n)
    if not totals.all():
        raise ValueError(
            "Expected every class in each call for class_weight='balanced', got fewer. Set class_weight to a dict."
        )
    return weight.sum() / (n * totals)


def refuse_class_weights(class_weight, weight):
    """An error if a target has a negative `weight`, or all have none."""
    if not (weight >= 0).all() or not weight.any():
        raise ValueError(f"class_weight must be at least 0, and above 0 for at least one class, got {class_weight!r}.")


def class_codes(Y):
    """(N,): the number of each class, from the targets of the network."""
    return Y[:, 0].astype(np.intp)
