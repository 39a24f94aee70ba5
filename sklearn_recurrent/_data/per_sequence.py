"""Apply a function or a transformer to each sequence by itself."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, OneToOneFeatureMixin, clone

from .._core.ragged import Ragged
from .._sklearn import HasMethods, SequenceTransformerMixin, _fit_context, _get_output_config, available_if
from . import likely_padding
from .arrays import NUMERIC, array_of
from .columns import as_frame, column_names, is_frame
from .containers import object_array
from .layouts import warn_of_long
from .marks import TOKENS, TRANSFORMED, mark_of, marked, marked_frame
from .missing import locate
from .sequences import as_array, from_arrays
from .steps import (
    FRAMES,
    NUMBERS,
    adopt,
    as_dense,
    check_finite_columns,
    errors_that_help,
    holds_objects,
    holds_zeros,
    in_container,
    is_for_categories,
    name_of_column,
    parse_items,
    preserved_dtypes,
    refuse_times,
    takes_nan,
    two_dimensional,
    warn_of_padding,
)


def _names_columns(estimator):
    """Whether the result has columns to name. Before fit this is unknown; then True."""
    if getattr(estimator, "_fitted_container", None) == "column":
        return True
    return estimator._output_is_2d or not hasattr(estimator, "_fitted_on_sequences")


class PerSequence(SequenceTransformerMixin, MetaEstimatorMixin, BaseEstimator):
    """Apply a function or a transformer to each sequence by itself.

    For what one series must not know of the others: scaling by its own mean and standard deviation, filling gaps
    forward, differences, resampling. The number of time steps and of features may change.

    Parameters
    ----------
    transformer : callable or transformer instance
        A function from a sequence to a sequence. Or a transformer, of which a clone is fitted on each sequence alone,
        by ``fit_transform(sequence)``, also in `transform`.

    Attributes
    ----------
    n_features_in_ : int
        Number of features per time step; of columns if `X` is 2-D.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of `X`, or of the data frames in `X`. Defined only if all of them are strings.

    See Also
    --------
    PerTimestep : Fit one transformer on the time steps of all sequences.
    SequencePadder : Sequences as one 3-D array, and back.

    Notes
    -----
    Nothing is learned in `fit` but the number and the names of features, so `transform` needs no `fit` before.

    A function gets a copy of the sequence as it came: an array ``(T_i, F)`` or ``(T_i,)``, a data frame or Series, a
    list of dicts; from a 3-D array the steps without padding, from a 2-D array a row ``(T,)``. It returns an array or a
    list, ``(T'_i, k)`` or ``(T'_i,)``, with at least one time step and with the same k for all sequences, finite or
    NaN. If sequences are data frames, those that it returns stay such, and keep the names of their columns. A
    transformer gets ``(T_i,)`` as a column ``(T_i, 1)``.

    The container of the result depends only on that of `X`:

    ========================================== ======================================================
    X                                          result
    ========================================== ======================================================
    list, tuple, Series, object array (n,)     object array (n,) of arrays ``(T'_i, k)`` or ``(T'_i,)``
    object array (n, 1), frame of one column   object array (n, 1) of such arrays
    3-D array ``(n, T, F)``                    ``(n, T, k)``, NaN where `X` is padded; if a length
                                               changes, ``(n, max T'_i, k)``, padded by NaN at the end
    numbers ``(n, T)``                         ``(n, T')`` if k = 1, else ``(n, T', k)``
    ========================================== ======================================================

    Inside a ColumnTransformer that returns polars, data frames become arrays: polars has no column of frames.

    A lambda cannot be pickled; a function of a module can. A transformer is fitted once for each sequence, which takes
    about a millisecond each; a function of NumPy takes far less.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_recurrent import PerSequence
    >>> X = [np.array([1.0, 3.0]), np.array([100.0, 300.0])]
    >>> [x.ravel().tolist() for x in PerSequence(StandardScaler()).fit_transform(X)]
    [[-1.0, 1.0], [-1.0, 1.0]]

    A function may change the length:

    >>> [x.tolist() for x in PerSequence(np.diff).fit_transform(X)]
    [[2.0], [200.0]]
    """

    n_features_in_: int
    feature_names_in_: np.ndarray

    _parameter_constraints = {"transformer": [callable, HasMethods(["fit", "transform"])]}

    def __init__(self, transformer: Callable[[Any], Any] | Any) -> None:
        self.transformer = transformer

    @_fit_context(prefer_skip_nested_validation=False)  # the transformer validates its own parameters
    def fit(self, X, y=None) -> Self:
        """Learn the number of features, and their names.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Sequences of shape ``(T_i, F)`` or ``(T_i,)``, or data frames; or a 3-D array ``(n, T, F)``, whose leading
            and trailing steps of NaN are padding; or 2-D numbers ``(n, T)``.
        y : array-like, default=None
            Targets. They are used for warnings only.

        Returns
        -------
        self : PerSequence
            The fitted transformer.

        Raises
        ------
        ValueError
            If a sequence is empty, has another number of features or other columns, or holds infinity.
        """
        draft = copy.copy(self)  # a fit that fails leaves this model as it is
        parsed = parse_items(draft, X, reset=True)
        warn_of_long(X, y)
        draft._fitted_container = parsed.container
        draft._n_columns_out = None
        if parsed.container == "matrix":
            first = self._results(parsed._replace(items=parsed.items[:1]))[0]
            if first.shape[1:] in ((), (1,)):
                draft._n_columns_out = len(first)
        draft._warn_of_padding(parsed)
        adopt(self, draft)
        return self

    def transform(self, X) -> np.ndarray:
        """Transform each sequence.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        X_transformed : ndarray
            The result, in the container given in the Notes.

        Raises
        ------
        ValueError
            If `X` is invalid, as in `fit`; or a result is not a sequence with at least one time step, has another
            number of features than the first one, or holds infinity.
        """
        fitted = hasattr(self, "_fitted_on_sequences")
        parsed = parse_items(self if fitted else copy.copy(self), X, reset=not fitted)
        results = self._results(parsed)
        if parsed.container == "column" and _get_output_config("transform", self)["dense"] == "polars":
            results = _alike([array_of(result) for result in results])  # polars has no column of frames of pandas
        return _in_container(parsed, results)

    @property
    def _output_is_2d(self):
        """Whether a 2-D array stays one. Before fit this is unknown; then False, since `transform` needs no fit."""
        return getattr(self, "_n_columns_out", None) is not None

    @available_if(_names_columns)
    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the columns of a 2-D result.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features_in_,), default=None
            Names of the columns. None means ``feature_names_in_``, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            Those of the columns of `X`, or ``t0``, ``t1``, ... if their number changes. If `X` was one column of
            sequences, as in ColumnTransformer, its name, or ``x0``.
        """
        column = name_of_column(self, ["x0"] if input_features is None else input_features)
        if column is not None:
            return column
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        if self._n_columns_out == self.n_features_in_:
            return names
        return np.array([f"t{t}" for t in range(self._n_columns_out)], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.requires_fit = False
        if isinstance(self.transformer, BaseEstimator):
            tags.input_tags.allow_nan = takes_nan(self.transformer)
            tags.transformer_tags.preserves_dtype = preserved_dtypes(self.transformer)
        else:
            tags.input_tags.string = True
            tags.transformer_tags.preserves_dtype = []
        return tags

    def __sklearn_is_fitted__(self):
        return True

    def _results(self, parsed):
        """What each sequence becomes, checked."""
        if hasattr(self.transformer, "transform") and parsed.kind == FRAMES:
            refuse_times(parsed.items[0], self.transformer, "PerSequence")
        return _alike([self._result(j, x) for j, x in enumerate(parsed.items)])

    def _result(self, j, x):
        call = self._fit_transform if hasattr(self.transformer, "transform") else self._call
        return _checked(j, call(j, _copied(x)), x)

    def _warn_of_padding(self, parsed):
        """Warn of zeros that seem to be padding, unless they are cut off, or are zeros also afterwards.

        The sequence with most of them tells.
        """
        if parsed.kind != NUMBERS or parsed.container == "matrix" or parsed.valid is not None:
            return
        arrays = [two_dimensional(np.asarray(x)) for x in parsed.items]
        found = likely_padding.of_features(from_arrays(arrays))
        if found is None or is_for_categories(self.transformer):
            return
        ends = [x[::-1] if found.side == "end" else x for x in arrays]
        lengths = [int((x != 0).any(axis=1).argmax()) for x in ends]
        j = int(np.argmax(lengths))
        result = as_dense(self._result(j, parsed.items[j]))
        if len(result) <= len(arrays[j]) - lengths[j]:
            return
        padding = result[-lengths[j] :] if found.side == "end" else result[: lengths[j]]
        if not holds_zeros(padding):
            warn_of_padding(found, parsed.container, "PerSequence")

    def _call(self, j, x):
        try:
            return self.transformer(x)
        except Exception as error:
            error.add_note(f"PerSequence called the function with sequence {j}{_of_shape(x)}.")
            raise

    def _fit_transform(self, j, x):
        if isinstance(x, np.ndarray):
            x = two_dimensional(x)
        elif hasattr(x, "to_frame"):
            x = x.to_frame()
        transformer = clone(self.transformer)
        with errors_that_help(transformer, Ragged.from_lengths(x, [len(x)]), "PerSequence", j):
            if hasattr(transformer, "fit_transform"):
                return transformer.fit_transform(x)
            return transformer.fit(x).transform(x)


def _copied(x):
    """A sequence that may be changed in place."""
    if isinstance(x, list):
        return [dict(record) for record in x]
    for name in ("copy", "clone"):  # of numpy and pandas; of polars
        if hasattr(x, name):
            return getattr(x, name)()
    return x  # of pyarrow, which cannot be changed


def _of_shape(x):
    return f", of shape {x.shape}" if hasattr(x, "shape") else f", of {len(x)} time steps"


# --- results ----------------------------------------------------------------------------------------------------------


def _checked(j, result, x):
    """The result for sequence `j`, which is `x`: a frame if `x` is one, too; else an array of one or two dimensions."""
    if is_frame(result) and is_frame(x):
        result = as_frame(result)
        _check_shape(j, result.shape, x)
        check_finite_columns(Ragged.from_lengths(result, [len(result)]), "The result", j)
        return result
    try:
        array = as_dense(result)
    except ValueError as error:  # nested lists whose steps differ in length
        raise ValueError(f"Expected an array as the result for sequence {j}, got steps of unequal length.") from error
    _check_shape(j, array.shape, x)
    if array.dtype.kind == "f":
        infinite = np.isinf(two_dimensional(array))
        if infinite.any():
            raise ValueError(f"The result contains infinity in {locate(infinite, np.array([0, len(array)]), j)}.")
    elif array.dtype.kind not in "iub" and not holds_objects(array):
        try:
            return as_array(j, array)
        except ValueError as error:
            raise ValueError(
                f"Expected numbers or strings as the result for sequence {j}, got {array.dtype}."
            ) from error
    return array


def _check_shape(j, shape, x):
    if len(shape) not in (1, 2):
        raise ValueError(
            f"Expected a result of shape (n_steps, n_features) or (n_steps,) for sequence {j}, got shape {shape}."
        )
    if 0 in shape:
        axis = "feature" if shape[0] else "time step"
        raise ValueError(
            f"Expected a result with at least one {axis} for sequence {j}{_of_shape(x)}, got shape {shape}."
        )


def _alike(results):
    """All frames, of the same columns; or all arrays, of one dtype and one number of features."""
    if all(map(is_frame, results)):
        _check_equal_columns(results)
        return [marked_frame(result, TRANSFORMED) for result in results]
    arrays = [as_dense(result) for result in results]
    if len({array.ndim for array in arrays}) > 1:
        arrays = [two_dimensional(array) for array in arrays]
    widths = [array.shape[1:] for array in arrays]
    for j, width in enumerate(widths):
        if width != widths[0]:
            raise ValueError(
                f"Expected all results to have the same number of features per time step, got {widths[0][0]} for "
                f"sequence 0 and {width[0]} for sequence {j}."
            )
    is_tokens = all(mark_of(array) == TOKENS for array in arrays)
    dtype = _common_dtype({array.dtype for array in arrays})
    return [marked(array.astype(dtype, copy=False), TOKENS if is_tokens else TRANSFORMED) for array in arrays]


def _check_equal_columns(frames):
    first = column_names(frames[0])
    for j, frame in enumerate(frames):
        names = column_names(frame)
        if names != first:
            raise ValueError(
                f"Expected all results to have the same columns in the same order, got {first} for sequence 0 and "
                f"{names} for sequence {j}."
            )


def _common_dtype(dtypes):
    """One dtype for all results: that of a result must not depend on the values of its sequence."""
    kinds = {dtype.kind for dtype in dtypes}
    if kinds <= set(NUMERIC):
        # float32 beside integers: result_type may keep float32, which cannot represent all of them.
        return np.dtype(np.float64) if "f" in kinds and len(kinds) > 1 else np.result_type(*dtypes)
    return np.result_type(*dtypes) if len(kinds) == 1 else np.dtype(object)


def _in_container(parsed, results):
    """The results in a container like that of X."""
    if parsed.container in ("sequences", "column"):
        sequences = object_array(results)
        if all(map(is_frame, results)):  # not all of which can carry a mark
            sequences = marked(sequences, TRANSFORMED)
        return sequences[:, None] if parsed.container == "column" else sequences
    lengths = [len(x) for x in results]
    valid = parsed.valid if lengths == [len(x) for x in parsed.items] else None
    if parsed.container == "matrix" and len(set(lengths)) > 1:
        j = next(j for j, length in enumerate(lengths) if length != lengths[0])
        raise ValueError(
            f"Expected results of equal length for a 2-D X, got {lengths[0]} time steps for row 0 and {lengths[j]} for "
            f"row {j}. For results of unequal length pass as_sequences(X)."
        )
    values = np.concatenate([two_dimensional(x) for x in results])
    array = in_container(parsed.container, Ragged.from_lengths(values, lengths, valid))
    if parsed.container == "matrix" and array.shape[2] == 1:
        array = array[:, :, 0]
    return marked(array, mark_of(results[0]))
