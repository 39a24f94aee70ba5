"""From the values that came to what a network reads: standardized features, or rows of its embedding tables.

Fit, predict, streams, validation and gradients with respect to X all go through an `InputPreprocessor`. No other place
knows how values become network inputs, so a change here reaches all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np


class InputPreprocessor:
    """How values of X become network inputs.

    A subclass is called with values (S, F), one step a row, and the dtype of the computation, and returns network
    inputs in that shape. It has `n_inputs`, the numbers that the network reads per step, None if that is not known
    here; `n_rows`, the rows of the embedding table, None if there is no table; and ``gradient(d)``, which turns
    gradients with respect to network inputs (S, F) into gradients with respect to the values.
    """

    def has_arrays_of(self, other):
        """Whether it consists of the very arrays that `other` consists of."""
        if type(self) is not type(other):
            return False
        return all(getattr(self, f.name) is getattr(other, f.name) for f in fields(self))


@dataclass(frozen=True, eq=False)
class Standardizer(InputPreprocessor):
    """(value - mean) / scale.

    mean, scale (F,) : float64
    """

    mean: np.ndarray
    scale: np.ndarray

    n_rows = None

    @classmethod
    def fit(cls, X, weight):
        """Mean and standard deviation of each feature over all steps of `X`; `weight` as in `mean_and_scale`."""
        return cls(*mean_and_scale(X, weight))

    @classmethod
    def identity(cls, n_features):
        """Features stay as they are."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @property
    def n_inputs(self):
        return len(self.mean)

    def __call__(self, values, dtype):
        mean = self.mean.astype(dtype)
        scale = self.scale.astype(dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.subtract(values, mean, dtype=dtype, casting="same_kind")
            values /= scale
        if not np.isfinite(values).all():
            raise ValueError(
                f"Input X contains values too large for {dtype}, the dtype of this model. Scale X, or fit on float64."
            )
        return values

    def gradient(self, d):
        return d / self.scale


@dataclass(frozen=True, eq=False)
class Columns(InputPreprocessor):
    """Numbers are standardized, and put before the categories, which are rows of their embedding tables already.

    mean, scale (F,) : float64; of categories 0 and 1
    is_categorical (F,) : which columns are categories
    """

    mean: np.ndarray
    scale: np.ndarray
    is_categorical: np.ndarray

    n_rows = None

    @classmethod
    def of(cls, standardizer, is_categorical):
        """What standardizes numbers as `standardizer` does, and leaves categories as they are."""
        mean = np.where(is_categorical, 0.0, standardizer.mean)
        scale = np.where(is_categorical, 1.0, standardizer.scale)
        return cls(mean, scale, is_categorical)

    @property
    def n_inputs(self):
        return len(self.mean)

    @property
    def n_numbers(self):
        """How many of the columns are numbers."""
        return len(self.mean) - int(self.is_categorical.sum())

    def __call__(self, values, dtype):
        values = Standardizer(self.mean, self.scale)(values, dtype)
        return np.concatenate([values[:, ~self.is_categorical], values[:, self.is_categorical]], axis=1)

    def gradient(self, d):
        d = d.copy()
        d[:, : self.n_numbers] /= self.scale[~self.is_categorical]
        return d  # with respect to numbers, then to the vectors of the categories


@dataclass(frozen=True, eq=False)
class Vocabulary(InputPreprocessor):
    """Each token becomes the number of its row in the embedding table, in the dtype of the tokens; an unknown one 0.

    tokens (V,) : ascending
    """

    tokens: np.ndarray

    n_inputs = None

    @classmethod
    def fit(cls, X):
        """All tokens of `X`."""
        return cls(np.unique(np.concatenate([np.unique(block.values) for _, block in X.blocks()])))

    @property
    def n_rows(self):
        return len(self.tokens) + 1  # and one for unknown tokens

    def __call__(self, values, dtype=None):
        rows = np.searchsorted(self.tokens, values).clip(max=len(self.tokens) - 1)
        return np.where(self.tokens[rows] == values, rows + 1, 0).astype(values.dtype)

    def gradient(self, d):
        return d  # with respect to the vectors of the tokens


def network_inputs(X, preprocessor, static_preprocessor, dtype):
    """What a network reads of the sequences `X`: their values, and their static values, preprocessed.

    static_preprocessor : Standardizer of the static values; None if there are none
    """
    X = X.map(lambda values: preprocessor(values, dtype))
    if static_preprocessor is None:
        return X
    return replace(X, static=static_preprocessor(X.static, dtype))


def mean_and_scale(X, weight):
    """The mean and standard deviation of each feature over all steps of sequences that weigh `weight` (N,), float64.

    Each step weighs what its sequence does. A constant feature has scale 1, also if its values differ by rounding. What
    is summed are sums over sequences, in the order of `X`: so it plays no part in which order they lie.
    """
    weight = np.ldexp(weight, -np.frexp(weight.max())[1])  # by a power of two, which is exact, lest sums overflow
    share = weight / np.dot(weight, X.lengths)
    sums = np.empty((len(X), X.n_features))
    lowest = np.inf
    highest = -np.inf
    for rows, block in X.blocks():
        sums[rows] = np.add.reduceat(block.values, block.offsets[:-1], dtype=np.float64)
        lowest = np.minimum(lowest, block.values.min(axis=0))
        highest = np.maximum(highest, block.values.max(axis=0))
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
