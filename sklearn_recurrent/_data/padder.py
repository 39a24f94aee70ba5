"""Pad sequences of unequal length to one array of numbers, and back."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted

from .._core.ragged import Ragged
from .._sklearn import Interval, SequenceTransformerMixin, StrOptions, _fit_context
from .sequences import as_array, locate, object_array, parse_sequences, unwrap, valid_steps


def _output_is_2d(padder):
    """Whether the output has columns to name. Before fit this is unknown; then True."""
    # scikit-learn makes a data frame of the output if get_feature_names_out exists.
    return padder.flatten or not getattr(padder, "_fitted_on_sequences", False)


class SequencePadder(SequenceTransformerMixin, BaseEstimator):
    """Pad sequences of unequal length to one 3-D array, and cut the padding off again.

    The estimators of this library need no padding: they take lists of sequences as they are, and predict the same
    whether or not a sequence was padded with NaN. This transformer serves the others, which want one array.

    Parameters
    ----------
    maxlen : int, default=None
        Time steps of the result, at least 1. None takes the longest sequence met in `fit`.
    padding : {"post", "pre"}, default="post"
        Whether `value` fills up the end or the beginning of a short sequence.
    truncating : {"post", "pre"}, default="post"
        Whether a sequence that is too long loses its end or its beginning. Used only with ``longer="truncate"``.
    value : float, default=nan
        What padded steps hold, in all features. The estimators of this library know only NaN as padding.
    dtype : data-type, default=None
        Type of the result. None keeps the type of `X`, widened if it cannot hold `value`: integers and NaN make
        float64, integers and 0 stay integers.
    longer : {"error", "truncate"}, default="error"
        What happens to a sequence of more than ``length_`` time steps in `transform`.
    flatten : bool, default=False
        Whether sequences become ``(n, length_ * n_features)``, the steps one after the other, for consumers that take
        no 3-D array. An estimator of this library reads it with ``input_size=n_features``.

    Attributes
    ----------
    length_ : int
        Time steps of the result: `maxlen`, or the length of the longest sequence in `fit`.
    n_features_in_ : int
        Features per time step; for a 2-D `X` its number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if `X` was a 2-D data frame whose column names are all strings.

    See Also
    --------
    PerTimestep : Apply a transformer to each time step.
    as_sequences : Sequences in a 1-D object array.

    Notes
    -----
    A 2-D `X`, numbers of shape ``(n, T)``, is a batch of one length already and comes back as it is, unless `maxlen`
    says otherwise; the result is 2-D then too.

    NaN inside a sequence is a missing value and stays where it is. Infinity is an error.

    ``set_output`` and scikit-learn's global ``transform_output`` apply to 2-D results; 3-D arrays pass as they are.

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
        maxlen=None,
        *,
        padding="post",
        truncating="post",
        value=np.nan,
        dtype=None,
        longer="error",
        flatten=False,
    ):
        self.maxlen = maxlen
        self.padding = padding
        self.truncating = truncating
        self.value = value
        self.dtype = dtype
        self.longer = longer
        self.flatten = flatten

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the length to pad to.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Sequences, ``(T_i, F)`` or ``(T_i,)`` each; or a 3-D array ``(n, T, F)``, in which leading and trailing
            steps with all features NaN are padding; or 2-D numbers ``(n, T)``.
        y : None
            Ignored.

        Returns
        -------
        self : SequencePadder
            The fitted transformer.

        Raises
        ------
        ValueError
            If a sequence is empty, differs in its number of features, or holds infinity or something other than
            numbers.
        """
        sequences = parse_sequences(self, X, reset=True, missing="keep")
        if self.maxlen is None:
            self.length_ = int(sequences.lengths.max())
        else:
            self.length_ = self.maxlen
        return self

    def transform(self, X):
        """Pad, and if need be cut, every sequence to ``length_`` time steps.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            As in `fit`.

        Returns
        -------
        X_padded : ndarray of shape (n, length_, F), (n, length_ * F) or (n, length_)
            3-D from sequences, flat if `flatten`; 2-D from a 2-D `X`.

        Raises
        ------
        ValueError
            If a sequence has more than ``length_`` time steps and ``longer="error"``, or for what is an error in `fit`.
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
        if self.flatten or not self._fitted_on_sequences:
            return padded.reshape(len(ragged), -1)
        return padded

    def inverse_transform(self, X):
        """Cut the padding off.

        Parameters
        ----------
        X : ndarray of shape (n, T, F), (n, T * F) or (n, length_)
            What `transform` returns, or an array like it of any number of time steps.

        Returns
        -------
        sequences : ndarray of shape (n,), dtype object
            Arrays ``(T_i, F)``; steps that hold `value` in all features are cut off on the side of `padding`. After
            `fit` on a 2-D `X` an array of that many columns. What `transform` has cut does not come back.

        Raises
        ------
        ValueError
            If the shape is not one that `transform` returns, or a sequence is nothing but padding.
        """
        check_is_fitted(self)
        X = check_array(X, dtype="numeric", ensure_all_finite=False, allow_nd=True, estimator=self)
        if not self._fitted_on_sequences:
            if X.shape[1:] != (self.length_,):
                raise ValueError(f"Expected X to have shape (n_samples, {self.length_}), got {X.shape}.")
            rows = Ragged.from_lengths(X.reshape(-1, 1), np.full(len(X), self.length_))
            # The inverse of padding on a side is to truncate on that side, and vice versa.
            return _resize(rows, self.n_features_in_, self.truncating, self.padding, self.value, X.dtype)[:, :, 0]
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
    def get_feature_names_out(self, input_features=None):
        """Name the columns of a 2-D result.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features_in_,), default=None
            Names of the features. None takes ``feature_names_in_``, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            ``t0_x0``, ``t0_x1``, ..., ``t1_x0``, ... for flattened sequences; for a 2-D `X` the names of its columns,
            or ``t0``, ``t1``, ... if `maxlen` changes their number.
        """
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
        arrays = [np.asarray(X)]
    else:
        arrays = [as_array(j, x) for j, x in enumerate(X)]
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
