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
    inputs in that shape. It has `n_features`, the values of a step of X; `n_numbers`, what the network reads per step
    beside categories or tokens; `is_number` (F,), which values that is made of; `n_rows`, the rows of the embedding
    table, None if there is no table; and ``gradient(d, X)``, which turns gradients with respect to network inputs into
    gradients with respect to the values of the sequences X.
    """

    def has_arrays_of(self, other):
        """Whether it consists of the very arrays that `other` consists of."""
        if type(self) is not type(other):
            return False
        return all(getattr(self, f.name) is getattr(other, f.name) for f in fields(self))

    def network_inputs(self, X, dtype):
        """Sequences as the network reads them."""
        return X.map(lambda values: self(values, dtype))

    def of_one_sequence(self, values, dtype):
        """Network inputs of the values (T, F) of one sequence."""
        return self(values, dtype)

    def columns_of(self, features):
        """Which columns of the network inputs, numbers and then categories, some features of X become."""
        is_number = self.is_number
        of_numbers = np.cumsum(is_number) - 1
        of_categories = self.n_numbers + np.cumsum(~is_number) - 1
        return np.where(is_number, of_numbers, of_categories)[features]


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
    def fit_present(cls, X, weight):
        """The same over the values that are not NaN."""
        return cls(*mean_and_scale_of_present(X, weight))

    @classmethod
    def identity(cls, n_features):
        """Features stay as they are."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @property
    def n_features(self):
        return len(self.mean)

    @property
    def n_numbers(self):
        return len(self.mean)

    @property
    def is_number(self):
        return np.ones(len(self.mean), bool)

    def __call__(self, values, dtype):
        mean = self.mean.astype(dtype)
        scale = self.scale.astype(dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.subtract(values, mean, dtype=dtype, casting="same_kind")
            values /= scale
        if not np.isfinite(values).all():
            raise ValueError(
                f"Input X contains values too large for {dtype}, the dtype of this model. Scale X, or fit with "
                "dtype='float64'."
            )
        return values

    def gradient(self, d, X):
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
    def n_features(self):
        return len(self.mean)

    @property
    def is_number(self):
        return ~self.is_categorical

    @property
    def n_numbers(self):
        """How many of the columns are numbers."""
        return int(self.is_number.sum())

    def __call__(self, values, dtype):
        values = Standardizer(self.mean, self.scale)(values, dtype)
        return np.concatenate([values[:, self.is_number], values[:, self.is_categorical]], axis=1)

    def gradient(self, d, X):
        d = d.copy()
        d[:, : self.n_numbers] /= self.scale[self.is_number]
        return d  # with respect to numbers, then to the vectors of the categories


@dataclass(frozen=True, eq=False)
class Vocabulary(InputPreprocessor):
    """Each token becomes the number of its row in the embedding table, in the dtype of the tokens; an unknown one 0.

    tokens (V,) : ascending
    """

    tokens: np.ndarray

    n_features = 1
    n_numbers = 0

    @classmethod
    def fit(cls, X):
        """All tokens of `X`."""
        tokens = np.unique(np.concatenate([np.unique(block.values) for _, block in X.blocks()]))
        return cls(tokens.view(tokens.dtype.str))  # without metadata of the dtype, which files of arrays cannot hold

    @property
    def n_rows(self):
        return len(self.tokens) + 1  # and one for unknown tokens

    def __call__(self, values, dtype=None):
        rows = np.searchsorted(self.tokens, values).clip(max=len(self.tokens) - 1)
        return np.where(self.tokens[rows] == values, rows + 1, 0).astype(values.dtype)

    def gradient(self, d, X):
        return d  # with respect to the vectors of the tokens


@dataclass(frozen=True, eq=False)
class ForwardFill(InputPreprocessor):
    """A missing number is the last one before it in its sequence, or else the mean; and which numbers were missing.

    The network reads the numbers, then for each of them 1 where it was missing and else 0, then the categories.

    scaling : a `Standardizer` or `Columns`, for the numbers that are there
    """

    scaling: InputPreprocessor

    n_rows = None

    def has_arrays_of(self, other):
        return type(self) is type(other) and self.scaling.has_arrays_of(other.scaling)

    @property
    def mean(self):
        return self.scaling.mean

    @property
    def scale(self):
        return self.scaling.scale

    @property
    def is_number(self):
        return self.scaling.is_number

    @property
    def n_features(self):
        return self.scaling.n_features

    @property
    def n_numbers(self):
        return 2 * self.scaling.n_numbers

    def columns_of(self, features):
        columns = super().columns_of(features)
        indicators = columns[self.is_number[features]] + self.scaling.n_numbers
        return np.concatenate([columns, indicators])

    def network_inputs(self, X, dtype):
        width = self.n_features + self.scaling.n_numbers
        return X.map_sequences(lambda values, offsets: self._inputs(*carried(values, offsets), dtype), width)

    def of_one_sequence(self, values, dtype):
        return self._inputs(*carried(values, np.array([0, len(values)])), dtype)

    def continued(self, X, before, dtype):
        """Network inputs of sequences that go on from `before` (N, F), the last values of their earlier steps.

        Returns
        -------
        inputs : Ragged
        last (N, F) : the last values of all steps so far, NaN where there was none
        """
        X = X.joined()
        values, missing = carried(X.values, X.offsets, before)
        last = values[X.offsets[1:] - 1].astype(before.dtype)
        return X.map(lambda _: self._inputs(values, missing, dtype)), last

    def step(self, x, before, dtype):
        """The same for one step of each sequence, x (N, F): the inputs (N, …) and the last values."""
        missing = np.isnan(x)
        values = np.where(missing, before, x)
        return self._inputs(values, missing, dtype), values

    def _inputs(self, values, missing, dtype):
        """Network inputs of values that are `carried`; `missing` (S, F) says which."""
        unknown = np.isnan(values)
        if unknown.any():
            values = np.where(unknown, self.mean, values)  # of which scaling makes 0, in either precision
        inputs = self.scaling(values, dtype)
        n = self.scaling.n_numbers
        return np.concatenate([inputs[:, :n], missing[:, self.is_number], inputs[:, n:]], axis=1, dtype=dtype)

    def gradient(self, d, X):
        n = self.scaling.n_numbers
        d = self.scaling.gradient(np.delete(d, np.s_[n : 2 * n], axis=1), X)
        X = X.joined()
        missing = np.isnan(X.values[:, self.is_number])
        # A value acts wherever it is carried to.
        at = sources(missing, X.offsets) * n + np.arange(n)
        sums = np.bincount(at.ravel(), weights=d[:, :n].ravel(), minlength=missing.size).reshape(missing.shape)
        d[:, :n] = np.where(missing, 0, sums)
        return d


def told_apart(X):
    """Sequences of finite numbers that differ where the sequences X, with NaN where values are missing, do."""
    return ForwardFill(Standardizer.identity(X.n_features)).network_inputs(X, X.dtype)


def carried(values, offsets, before=None):
    """Put the last value before it in the place of each missing one.

    values (S, F), offsets (N + 1,) : sequences, as in `Ragged`, with NaN where a value is missing
    before (N, F) : the last values of earlier steps of these sequences; None if there are none

    Returns
    -------
    values (S, F) : NaN where there is no value before
    missing (S, F) : which values were missing
    """
    missing = np.isnan(values)
    if before is not None:
        values = values.astype(np.result_type(values, before))
        first = offsets[:-1]
        values[first] = np.where(missing[first], before, values[first])
    if missing.any():
        values = np.take_along_axis(values, sources(missing, offsets), axis=0)
    return values, missing


def sources(missing, offsets):
    """(S, F): the step that each value is taken from: its own, or, if it is missing, the last step before it in its
    sequence that has one; the first step if none has."""
    steps = np.arange(len(missing))[:, None]
    found = np.where(missing, 0, steps)
    found[offsets[:-1]] = steps[offsets[:-1]]
    return np.maximum.accumulate(found, axis=0)


def network_inputs(X, preprocessor, static_preprocessor, dtype):
    """What a network reads of the sequences `X`: their values, and their static values, preprocessed.

    static_preprocessor : Standardizer of the static values; None if there are none
    """
    return with_static_inputs(preprocessor.network_inputs(X, dtype), static_preprocessor, dtype)


def with_static_inputs(X, static_preprocessor, dtype):
    """Sequences with their static values preprocessed, if they have some."""
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
    return mean, _without_rounding(size * np.sqrt(share @ sums), mean, X)


def mean_and_scale_of_present(X, weight):
    """The same over the values that are not NaN. A feature that has none has mean 0 and scale 1."""
    counts = counts_of_present(X)
    if (counts == X.lengths[:, None]).all():
        return mean_and_scale(X, weight)
    weight = np.ldexp(weight, -np.frexp(weight.max())[1])
    totals = weight @ counts
    is_there = totals > 0
    share = weight[:, None] / np.where(is_there, totals, 1)
    sums = np.empty((len(X), X.n_features))
    lowest = np.full(X.n_features, np.inf)
    highest = np.full(X.n_features, -np.inf)
    for rows, block in X.blocks():
        sums[rows] = np.add.reduceat(_zero_if_missing(block.values), block.offsets[:-1], dtype=np.float64)
        lowest = np.fmin(lowest, np.fmin.reduce(block.values, axis=0))
        highest = np.fmax(highest, np.fmax.reduce(block.values, axis=0))
    mean = (share * sums).sum(axis=0)
    size = np.where(is_there, np.maximum(highest - mean, mean - lowest), 1)
    size[size == 0] = 1
    for rows, block in X.blocks():
        parts = _zero_if_missing((block.values - mean) / size)
        sums[rows] = np.add.reduceat(parts**2, block.offsets[:-1])
    return mean, _without_rounding(size * np.sqrt((share * sums).sum(axis=0)), mean, X)


def counts_of_present(X):
    """(N, F): how many values of each sequence are not NaN."""
    counts = np.empty((len(X), X.n_features))
    for rows, block in X.blocks():
        counts[rows] = np.add.reduceat(~np.isnan(block.values), block.offsets[:-1], dtype=np.float64)
    return counts


def _zero_if_missing(values):
    return np.where(np.isnan(values), 0, values)


def _without_rounding(scale, mean, X):
    """Scales of features of `X`, 1 for those that are constant but for rounding."""
    precision = np.finfo(X.dtype if X.dtype.kind == "f" else np.float64)
    of_sums = X.offsets[-1] * np.finfo(np.float64).eps
    rounding = (of_sums + 2 * precision.eps) * np.abs(mean) + precision.tiny  # by which a constant may seem to vary
    return np.where(scale <= rounding, 1.0, scale)
