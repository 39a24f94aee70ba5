"""Checks of a stored model: what was edited by hand, or copied in part, is refused by name."""

from __future__ import annotations

import numpy as np

ADVICE = "The state of this model is damaged: fit it again, or load it again."


def expect(attributes, name):
    """The attribute `name`, or an error if it is missing."""
    if name not in attributes:
        raise ValueError(f"{name}: expected this attribute, got none. {ADVICE}")
    return attributes[name]


def expect_shape(attributes, name, shape, kinds=None):
    """The array `name`; an error if it is none, has another shape, or another kind of dtype than one of `kinds`."""
    array = attributes.get(name)
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        found = f"{type(array).__name__}" if name in attributes else "no such attribute"
        raise ValueError(f"{name}: expected an array of shape {shape}, got {found}. {ADVICE}")
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}. {ADVICE}")
    if kinds is not None and array.dtype.kind not in kinds:
        raise ValueError(f"{name}: expected numbers, got {array.dtype}. {ADVICE}")
    return array


def expect_numbers(attributes, name, shape):
    """The array `name` of finite numbers of that shape, or an error."""
    array = expect_shape(attributes, name, shape, kinds="fiu")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers, got {array[~np.isfinite(array)][0]}. {ADVICE}")
    return array


def expect_scales(attributes, name, shape):
    """The array `name` of positive numbers of that shape, or an error."""
    array = expect_numbers(attributes, name, shape)
    if (array <= 0).any():
        raise ValueError(f"{name}: expected numbers above 0, got {array.min():g}. {ADVICE}")
    return array
