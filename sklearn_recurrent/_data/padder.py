"""Pad sequences of unequal length to one array of numbers, and back."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils.validation import check_array, check_is_fitted

from .._core.ragged import Ragged
from .._sklearn import Interval, SequenceTransformerMixin, StrOptions, _fit_context, available_if
from .arrays import plain
from .columns import is_frame
from .containers import object_array, unwrap
from .layouts import warn_of_long
from .marks import TOKENS, TRANSFORMED, mark_of_input, marked
from .missing import locate, valid_steps
from .sequences import arrays_and_frame, parse_sequences
from .steps import name_of_column


def _output_is_2d(padder):
    """Whether the output has columns to name. Before fit this is unknown; then True."""
    # scikit-learn makes a data frame of the output if get_feature_names_out exists.
    return padder.flatten or not getattr(padder, "_fitted_on_sequences", False)


class SequencePadder(SequenceTransformerMixin, BaseEstimator):
    """Pad sequences of unequal length to one 3-D array, and remove the padding again.

    The estimators of this package need no padding: they take lists of sequences, and their predictions do not depend on
    padding by NaN. This transformer is for other estimators, which need one array.

    Parameters
    ----------
    maxlen : int, default=None
        Number of time steps of the result, at least 1. None means the length of the longest sequence in `fit`.
    padding : {"post", "pre"}, default="post"
        Whether short sequences are padded with `value` at their end or at their beginning.
    truncating : {"post", "pre"}, default="post"
        Whether long sequences lose their end or their beginning. Used only with ``longer="truncate"``.
    value : float, default=nan
        Value of all features in padded steps. The estimators of this package recognize NaN as padding, and another
        value if `pad_value` names it.
    dtype : data-type, default=None
        Data type of the result. None means that of `X`, widened if it cannot hold `value`: integers and NaN become
        float64, integers and 0 stay integers.
    longer : {"error", "truncate"}, default="error"
        What `transform` does with sequences of more than ``length_`` time steps.
    flatten : bool, default=False
        Whether the result of sequences is 2-D, ``(n, length_ * n_features)``, with one time step after the other, for
        estimators that take no 3-D array. The estimators of this package read it with ``input_size=n_features``.

    Attributes
    ----------
    length_ : int
        Number of time steps of the result: `maxlen`, or the length of the longest sequence in `fit`.
    n_features_in_ : int
        Number of features per time step; of columns if `X` is 2-D.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of `X`, or of the data frames in `X`. Defined only if all of them are strings.

    See Also
    --------
    PerTimestep : Apply a transformer to each time step.
    as_sequences : Sequences in a 1-D object array.

    Notes
    -----
    A 2-D `X` of numbers, ``(n, T)``, needs no padding and is returned as it is, unless `maxlen` is another length. The
    result is 2-D then, too.

    NaN inside a sequence is a missing value and is kept. Infinity is an error.

    ``set_output`` and scikit-learn's global ``transform_output`` apply to 2-D results only.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import SequencePadder
    >>> X = [np.array([1.0, 2.0, 3.0]), np.array([4.0])]
    >>> padder = SequencePadder()
    >>> padded = padder.fit_transform(X)
    >>> padded.shape
    (2, 3, 1)
    >>> padded[:, :, 0]
    array([[ 1.,  2.,  3.],
           [ 4., nan, nan]])
    >>> [x.ravel().tolist() for x in padder.inverse_transform(padded)]
    [[1.0, 2.0, 3.0], [4.0]]
    """

    length_: int
    n_features_in_: int
    feature_names_in_: np.ndarray

    _parameter_constraints = {
        "maxlen": [Interval(Integral, 1, None, closed="left"), None],
        "padding": [StrOptions({"post", "pre"})],
        "truncating": [StrOptions({"post", "pre"})],
        "value": [Real],
        "dtype": "no_validation",  # numpy.dtype raises if it is none
        "longer": [StrOptions({"error", "truncate"})],
        "flatten": ["boolean"],
    }

    def __init__(
        self,
        maxlen: int | None = None,
        *,
        padding: Literal["post", "pre"] | str = "post",
        truncating: Literal["post", "pre"] | str = "post",
        value: float = np.nan,
        dtype: Any = None,
        longer: Literal["error", "truncate"] | str = "error",
        flatten: bool = False,
    ) -> None:
        self.maxlen = maxlen
        self.padding = padding
        self.truncating = truncating
        self.value = value
        self.dtype = dtype
        self.longer = longer
        self.flatten = flatten

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None) -> Self:
        """Learn the length to pad to.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Sequences of shape ``(T_i, F)`` or ``(T_i,)``; or a 3-D array ``(n, T, F)``, whose leading and trailing
            steps of NaN are padding; or 2-D numbers ``(n, T)``.
        y : array-like, default=None
            Targets. They are used for warnings only.

        Returns
        -------
        self : SequencePadder
            The fitted transformer.

        Raises
        ------
        ValueError
            If a sequence is empty, has another number of features, or holds infinity or anything but numbers.
        """
        sequences = parse_sequences(self, X, reset=True, missing="keep")
        warn_of_long(X, y)
        self._fitted_container = unwrap(X)[0]
        if self.maxlen is None:
            self.length_ = int(sequences.lengths.max())
        else:
            self.length_ = self.maxlen
        return self

    def transform(self, X) -> np.ndarray:
        """Pad or truncate every sequence to ``length_`` time steps.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        X_padded : ndarray of shape (n, length_, F), (n, length_ * F) or (n, length_)
            3-D for sequences, 2-D with `flatten`, and 2-D for a 2-D `X`.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If a sequence has more than ``length_`` time steps and ``longer="error"``, or `X` is invalid as in `fit`.
        """
        check_is_fitted(self)
        ragged = parse_sequences(self, X, reset=False, missing="keep").joined()
        if self.longer == "error" and ragged.lengths.max() > self.length_:
            j = ragged.lengths.argmax()
            raise ValueError(
                f"Expected at most {self.length_} time steps, got {ragged.lengths[j]} in sequence {j}. "
                "Set longer='truncate' to shorten such sequences, or pad to a larger maxlen."
            )
        ragged = _with_exact_values(X, ragged)
        dtype = self._output_dtype(ragged.values.dtype)
        if dtype.kind in "iu":
            nan = np.isnan(ragged.values)
            if nan.any():
                raise ValueError(
                    f"Expected no NaN within sequences for dtype={dtype}, got NaN in {locate(nan, ragged.offsets)}. "
                    "Set a floating-point dtype."
                )
        padded = _resize(ragged, self.length_, self.padding, self.truncating, self.value, dtype)
        # Ids of tokens stay such, if they stay integers; with NaN beside them, too.
        padded = marked(padded, TOKENS if mark_of_input(X) == TOKENS else TRANSFORMED)
        if self.flatten or not self._fitted_on_sequences:
            return padded.reshape(len(ragged), -1)
        return padded

    def inverse_transform(self, X) -> np.ndarray:
        """Remove the padding.

        Parameters
        ----------
        X : ndarray of shape (n, T, F), (n, T * F) or (n, length_)
            The result of `transform`, or an array like it with any number of time steps.

        Returns
        -------
        sequences : ndarray of shape (n,), dtype object
            Arrays ``(T_i, F)``, without the steps on the side of `padding` that hold `value` in all features. After
            `fit` on a 2-D `X`, an array with the columns of that `X`. Truncated steps are not restored.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If the shape is not one that `transform` returns, or a sequence is only padding.
        """
        check_is_fitted(self)
        mark = TOKENS if mark_of_input(X) == TOKENS else TRANSFORMED
        if not is_frame(X) and (isinstance(X, list | tuple) or hasattr(X, "__array__")):
            X = plain(X)  # check_array would drop a mask
        X = marked(check_array(X, dtype="numeric", ensure_all_finite=False, allow_nd=True, estimator=self), mark)
        if not self._fitted_on_sequences:
            if X.shape[1:] != (self.length_,):
                raise ValueError(f"Expected X to have shape (n_samples, {self.length_}), got {X.shape}.")
            rows = Ragged.from_lengths(X.reshape(-1, 1), np.full(len(X), self.length_))
            # The inverse of padding on a side is to truncate on that side, and vice versa.
            resized = _resize(rows, self.n_features_in_, self.truncating, self.padding, self.value, X.dtype)
            return marked(resized[:, :, 0], mark)
        if X.ndim == 2 and X.shape[1] % self.n_features_in_ == 0:
            X = X.reshape(len(X), -1, self.n_features_in_)
        if X.ndim != 3 or X.shape[2] != self.n_features_in_:
            raise ValueError(
                f"Expected X to have shape (n_samples, n_steps, {self.n_features_in_}) or "
                f"(n_samples, n_steps * {self.n_features_in_}), got {X.shape}."
            )
        valid = valid_steps(X, self.value, sides=[self.padding])
        return object_array([x[steps] for x, steps in zip(X, valid, strict=True)])

    @available_if(_output_is_2d)
    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the columns of a 2-D result.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features_in_,), default=None
            Names of the features. None means ``feature_names_in_``, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            ``t0_x0``, ``t0_x1``, ..., ``t1_x0``, ... for flattened sequences. For a 2-D `X` the names of its columns,
            or ``t0``, ``t1``, ... if `maxlen` changes their number.
        """
        if name_of_column(self, input_features) is not None:
            input_features = None
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        if self._fitted_on_sequences:
            return np.array([f"t{t}_{name}" for t in range(self.length_) for name in names], dtype=object)
        if self.length_ == self.n_features_in_:
            return names
        return np.array([f"t{t}" for t in range(self.length_)], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _output_dtype(self, dtype):
        """The parameter `dtype`, or the dtype of X, extended to one that represents `value`."""
        if self.dtype is not None:
            return np.dtype(self.dtype)
        if not self._fitted_on_sequences and self.length_ == self.n_features_in_:
            # A matrix that keeps its number of columns has no padding: integers can stay integers.
            return dtype
        return np.result_type(dtype, np.min_scalar_type(self.value))


def _with_exact_values(X, ragged):
    """`ragged` in the dtype of `X`: parsing converts to floats, where large integers lose digits."""
    form, X = unwrap(X)
    if form == "numbers":
        arrays = [plain(X)]
    else:
        arrays, _ = arrays_and_frame(X)
    dtype = np.result_type(*{array.dtype for array in arrays})
    if dtype.kind in "iub":
        # Integers cannot be NaN, so there was no padding to remove, and all values of X are valid.
        return ragged.map(lambda values: np.concatenate([array.reshape(-1, values.shape[1]) for array in arrays]))
    if dtype.kind != "f":
        dtype = np.float64
    return ragged.map(lambda values: values.astype(dtype, copy=False))


def _resize(ragged, length, padding, truncating, value, dtype):
    """Every sequence with `length` time steps, in an array (n, length, F)."""
    n_kept = np.minimum(ragged.lengths, length)
    # Which steps of the result are valid (n, length), and which steps of all sequences (S,) go there.
    target = np.arange(length)
    if padding == "pre":
        target = target >= (length - n_kept)[:, None]
    else:
        target = target < n_kept[:, None]
    source = np.arange(len(ragged.values)) - np.repeat(ragged.offsets[:-1], ragged.lengths)
    if truncating == "pre":
        source = source >= np.repeat(ragged.lengths - n_kept, ragged.lengths)
    else:
        source = source < np.repeat(n_kept, ragged.lengths)
    resized = np.empty((len(ragged), length, ragged.n_features), dtype)
    resized[target] = ragged.values[source]
    if not target.all():
        # Not otherwise, since assigning NaN to an integer array raises even if no entry is assigned.
        resized[~target] = value
    return resized
