"""Parse X: lists, data frames, object arrays and padded arrays become `Sequences`.

Everything else in the library works on valid steps only. A form is recognized by the type of the container, never by
the lengths of its sequences: a fold of a ragged data set in which all lengths happen to be equal keeps its meaning.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from .._core.ragged import Sequences
from .._sklearn import check_columns
from . import hints
from .arrays import NUMERIC, ROWS, numbers, place_of_array, place_of_sequence, plain, refusal_of_object, unequal_steps
from .columns import arrays_of_pandas, as_frame, is_frame, is_pandas_type, named_frame, numbers_of_frame
from .containers import object_array, refusal, shape_of
from .layouts import contents_of
from .marks import mark_of_input
from .missing import all_finite, as_tokens, handle_missing, locate, valid_steps  # noqa: F401 - imported from here, too

FLOATS = [np.float64, np.float32]  # check_array converts every other dtype to the first one
_FLOAT_DTYPES = set(map(np.dtype, FLOATS))
TOKENS = [np.float64, *(f"{kind}{size}" for kind in "iu" for size in (8, 4, 2, 1))]


def parse_sequences(
    estimator,
    X,
    *,
    reset,
    missing="error",
    input_size=None,
    tokens=False,
    pad_token=None,
    pad_value=None,
    in_table=False,
):
    """Parse any form of `X` into valid steps; store its form on `estimator`, or compare it with the form in `fit`.

    Parameters
    ----------
    estimator : estimator instance
        Its ``n_features_in_``, ``feature_names_in_`` and ``_fitted_on_sequences`` are set or checked. The features of
        a 2-D `X` are its columns, those of sequences the features of a time step.
    X : list, tuple, array, Series or data frame
        Sequences, ``(T_i, F)`` or ``(T_i,)`` each; or a 3-D array ``(n, T, F)``, in which leading and trailing steps
        with all features NaN are padding; or 2-D numbers ``(n, T)``, one value per time step.
    reset : bool
        True in `fit`: store the form. False later: compare.
    missing : {"error", "skip", "keep"}, default="error"
        What to do with a NaN that is not padding. "error" raises. "skip" drops the time step if any of its features is
        NaN; at least one step of each sequence must remain. "keep" treats NaN like any other value. Infinity always
        raises.
    input_size : int, default=None
        Features per time step. A 2-D `X` is then flat, ``(n, T * input_size)`` in C order, and parsed as the 3-D array
        that it was flattened from, padding included.
    tokens : bool, default=False
        Whether `X` contains tokens: non-negative whole numbers, one per time step.
    pad_token : int, default=None
        The token that is padding at the ends of the rows of an array. None: no token is padding.
    pad_value : float, default=None
        The value that all features have in steps of padding at the ends of the rows of an array, if these are not NaN.
        An array ``(n, T)`` is then parsed as the 3-D array with one feature.
    in_table : bool, default=False
        Whether `X` is a column of a table. Messages then have no code, which would lose the other columns.

    Returns
    -------
    Sequences or Ragged
        The valid steps, float32 if all of `X` is, else float64; tokens as int32 if none of `X` is wider, else int64.
        Sequences share memory with `X` where possible.

    Raises
    ------
    ValueError
        If `X` has none of these forms, contains an empty sequence, differing numbers of features, strings, NaN or
        infinity, or does not match what `estimator` was fitted on. The message names the sequence and the time step.
    """
    if not reset:
        X = rows_of_matrix(estimator, X)
    form, X = contents_of(X, in_table=in_table)
    shape = shape_of(X)
    if shape and not shape[0]:
        name = type(estimator).__name__
        raise ValueError(f"Found array with 0 sample(s) (shape={shape}) while a minimum of 1 is required by {name}.")
    sequential = form != "numbers" or len(shape) > 2
    if not reset:
        if not sequential and getattr(estimator, "_fitted_on_sequences", False):
            _numbers_of_all(X)  # what is no matrix either is refused in other words
        check_form(estimator, sequential)
    dtypes = TOKENS if tokens else FLOATS
    padding = _Padding(pad_token, pad_value)
    if sequential:
        source = None if in_table else source_of(form)
        sequences, frame = _parse_ragged(estimator, form, X, input_size, dtypes, padding, source)
        # One sequence has the shape of a matrix, so scikit-learn counts its features; X itself has none it could count.
        one = sequences.arrays[0] if frame is None else frame
        check_columns(estimator, one, reset=reset)
    else:
        sequences = _parse_matrix(estimator, X, reset, input_size, dtypes, padding)
    sequences = handle_missing(estimator, sequences, missing, rectangular=form == "numbers")
    if tokens:
        sequences = as_tokens(sequences.joined())
    if reset:
        estimator._fitted_on_sequences = sequential
    return sequences


def single_sequence(X, n_features):
    """The array (T, F) of an X of one sequence that needs no more than a look; None for any other X.

    It is for services, which ask for one record after the other. It knows a list, or a 1-D object array, of one array
    of finite floats (T, n_features). What it does not know may still be valid: `parse_sequences` converts, refuses and
    warns.
    """
    if not _is_plain_container(X) or len(X) != 1:
        return None
    x = X[0]
    if type(x) is not np.ndarray or x.ndim != 2 or x.dtype not in _FLOAT_DTYPES:
        return None
    if x.shape[1] != n_features or not x.size or not np.isfinite(x).all():
        return None
    return x


def plain_sequences(X, n_features):
    """The `Sequences` of an X that needs no more than a look; None for any other X.

    It knows a 3-D array of finite floats, for which padding is NaN alone; and a list, or a 1-D object array, of arrays
    of finite floats (T_i, n_features) of one dtype. All else is left to `parse_sequences`, as by `single_sequence`.
    """
    if type(X) is np.ndarray and X.ndim == 3:
        is_plain = X.dtype in _FLOAT_DTYPES and X.flags.c_contiguous and X.shape[2] == n_features and X.size
        if not is_plain or not all_finite(X):
            return None
        return Sequences(X, np.full(len(X), X.shape[1]), X.dtype)
    if not _is_plain_container(X) or set(map(type, X)) != {np.ndarray}:
        return None
    dtypes = {x.dtype for x in X}
    if len(dtypes) > 1 or not dtypes <= _FLOAT_DTYPES or {x.shape[1:] for x in X} != {(n_features,)}:
        return None
    lengths = np.fromiter(map(len, X), np.int64, len(X))
    if not lengths.all():
        return None
    sequences = Sequences(list(X), lengths, dtypes.pop())
    if not all(all_finite(block.values) for _, block in sequences.blocks()):
        return None
    return sequences


def _is_plain_container(X):
    return type(X) is list or (type(X) is np.ndarray and X.dtype == object and X.ndim == 1)


def arrays_and_frame(sequences, source="X"):
    """Read sequences as arrays of numbers, (T, F) or (T,), in their own dtypes.

    Parameters
    ----------
    sequences : iterable of arrays, lists or data frames
    source : str, default="X"
        An expression that gives them, for the code in messages.

    Returns
    -------
    arrays : list of ndarray
    frame : data frame or None
        One of the sequences, with the names of the features, if they are data frames.

    Raises
    ------
    ValueError
        If a sequence is invalid, as in `as_array`, or if names of features differ. The message names the sequence.
    """
    if not isinstance(sequences, list):
        sequences = list(sequences)
    kinds = set(map(type, sequences))
    if kinds == {np.ndarray}:
        if _are_ready(sequences):
            return sequences, None
    elif all(map(is_pandas_type, kinds)):
        arrays = arrays_of_pandas(sequences)
        if set(map(type, arrays)) == {np.ndarray} and _are_ready(arrays):
            return arrays, named_frame(sequences, source)
    arrays = [as_array(j, x, source) for j, x in enumerate(sequences)]
    return arrays, named_frame(sequences, source)


def _are_ready(arrays):
    """Whether `as_array` would change none of these, and refuse none: a fast check of a long list."""
    dtypes = {x.dtype for x in arrays}
    n_axes = {x.ndim for x in arrays}
    sizes = {x.size for x in arrays}
    return all(dtype.kind in NUMERIC for dtype in dtypes) and n_axes <= {1, 2} and 0 not in sizes


def as_array(j, x, source="X"):
    """Sequence number `j` of `source`, an expression, as an array of numbers, (T, F) or (T,), in its own dtype."""
    if is_frame(x):
        array = numbers_of_frame(x, partial(place_of_sequence, j, source))
    else:
        try:
            array = plain(x)
        except ValueError as error:  # nested lists whose steps differ in length
            raise unequal_steps(place_of_sequence(j, source), error) from error
        except (RuntimeError, TypeError) as error:  # of other libraries, which say themselves what to do
            hint = hints.of_entries(x, 1, source)
            raise TypeError(f"Expected sequence {j} to be an array: {error} {hint}".rstrip()) from error
        if array.dtype.kind not in NUMERIC and array.ndim:
            array = numbers(array, place_of_sequence(j, source))
    if array.ndim not in (1, 2):
        raise ValueError(
            f"Expected sequence {j} to have shape (n_steps, n_features) or (n_steps,), "
            f"got {array.ndim} dimensions ({type(x).__name__}).{_axes_hint(array, source)}"
        )
    if not array.size:
        axis = "feature" if len(array) else "time step"
        raise ValueError(f"Expected sequence {j} to have at least one {axis}, got shape {array.shape}.")
    return array


def _axes_hint(array, source):
    if array.ndim < 3:
        return ""
    return (
        f" If each of {source} is a batch of sequences, pass [x for batch in {source} for x in batch]. If steps have "
        f"several axes, join them: [np.reshape(x, (len(x), -1)) for x in {source}]."
    )


class _Padding(NamedTuple):
    """What padding is in an array of all sequences. Without either it is NaN.

    token : the token; NaN is none then
    value : the value, besides NaN
    """

    token: int | None
    value: float | None

    def values(self):
        if self.token is not None:
            return [self.token]
        if self.value is not None and not np.isnan(self.value):
            return [np.nan, float(self.value)]
        return [np.nan]


def as_sequences(X, *, channels_first: bool = False) -> np.ndarray:
    """Put sequences into a 1-D object array, whatever their lengths.

    ``np.array(list_of_arrays, dtype=object)`` becomes a 3-D array of numbers if all lengths are equal. This never does.

    Parameters
    ----------
    X : list, tuple, array, Series or data frame
        Sequences of shape ``(T_i, F)`` or ``(T_i,)``, as arrays or nested lists; a 3-D array ``(n, T, F)``, whose
        padding (leading and trailing steps of NaN) is removed; or 2-D numbers, with a sequence in each row.
    channels_first : bool, default=False
        Whether time is the last axis, as in aeon, sktime and convolutions of PyTorch: sequences of shape ``(F, T_i)``,
        or a 3-D array ``(n, F, T)``.

    Returns
    -------
    sequences : ndarray of shape (n,), dtype object
        Arrays of shape ``(T_i, F)`` or ``(T_i,)``, with the dtype of `X`. They share memory with `X` where possible;
        those of frames of pandas are read-only.

    Raises
    ------
    ValueError
        If a sequence is empty, holds anything but numbers, or has neither one nor two dimensions. With
        `channels_first`, also if it is a data frame, whose rows are time steps.

    See Also
    --------
    sequences_from_frame : Sequences from a table of one row per time step.
    as_column : The (n, 1) form, which more of scikit-learn's meta-estimators accept.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import as_sequences
    >>> X = as_sequences([np.zeros((3, 2)), np.ones((3, 2))])
    >>> X.shape, X[0].shape
    ((2,), (3, 2))
    >>> [x.tolist() for x in as_sequences([[1, 2, 3], [4, 5]])]
    [[1, 2, 3], [4, 5]]

    Four sequences of two channels and nine time steps:

    >>> as_sequences(np.zeros((4, 2, 9)), channels_first=True)[0].shape
    (9, 2)
    """
    form, X = contents_of(X, channels_first=channels_first)
    if form == "numbers" and not isinstance(X, list | tuple):
        if channels_first:
            _refuse_frame(X, "X")
        X = check_array(_numbers_of_all(X), dtype="numeric", ensure_all_finite=False, allow_nd=True)
        if X.ndim == 3 and X.size:
            if channels_first:
                X = X.swapaxes(1, 2)
            X = [x[valid] for x, valid in zip(X, valid_steps(X), strict=True)]
    elif channels_first:
        X = [_time_first(j, x) for j, x in enumerate(X)]
    arrays, frame = arrays_and_frame(X, source_of(form))
    if frame is not None and is_pandas_type(type(frame)):
        for array in arrays:
            array.flags.writeable = False  # frames may share their values with others
    return object_array(arrays)


def as_column(X) -> np.ndarray:
    """Put sequences into an object array of one column.

    scikit-learn takes it for a matrix, and accepts it where it refuses a 1-D container: in BaggingClassifier,
    FeatureUnion, ColumnTransformer and permutation_importance.

    Parameters
    ----------
    X : list, tuple, array, Series or data frame
        Sequences in any of the forms that `as_sequences` takes.

    Returns
    -------
    column : ndarray of shape (n, 1), dtype object
        Each cell is an array of shape ``(T_i, F)`` or ``(T_i,)``.

    Raises
    ------
    ValueError
        If a sequence is invalid, as in `as_sequences`.

    See Also
    --------
    as_sequences : The 1-D form.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import as_column
    >>> as_column([np.zeros((3, 2)), np.ones((5, 2))]).shape
    (2, 1)
    """
    return as_sequences(X)[:, None]


def _time_first(j, x):
    """A sequence (F, T) as (T, F)."""
    _refuse_frame(x, f"sequence {j}")
    return as_array(j, x).T


def _refuse_frame(x, place):
    if hasattr(x, "columns"):
        raise ValueError(
            f"Expected {place} to be an array with channels_first=True, got a {type(x).__name__}, whose columns are "
            "channels. Pass as_sequences(X)."
        )


# --- what an estimator was fitted on ----------------------------------------------------------------------------------


def rows_of_matrix(estimator, X):
    """A list of 1-D arrays as a matrix with these rows, if `estimator` was fitted on one of as many columns.

    So scikit-learn reads it everywhere, and ``[series[-20:]]`` is what users write for one window. Anything else is
    returned unchanged.
    """
    if getattr(estimator, "_fitted_on_sequences", True) or not isinstance(X, list | tuple) or not len(X):
        return X
    row = (getattr(estimator, "n_features_in_", None),)
    if any(getattr(x, "shape", None) != row for x in X) or mark_of_input(X) is not None:
        return X
    return np.stack([plain(x) for x in X])


def check_form(estimator, sequential):
    """Raise for sequences after a fit on columns, and vice versa: ``n_features_in_`` counts different things."""
    fitted = getattr(estimator, "_fitted_on_sequences", sequential)
    name = type(estimator).__name__
    if sequential and not fitted:
        raise ValueError(
            f"Expected X to be a 2-D array with {estimator.n_features_in_} columns, got sequences: {name} was fitted "
            "on a 2-D array. To pass sequences, fit on sequences, too: fit(as_sequences(X), y)."
        )
    if fitted and not sequential:
        raise ValueError(
            f"Expected sequences with {estimator.n_features_in_} features per time step, got a 2-D array: {name} was "
            "fitted on sequences. Pass [X] if X is one sequence, or as_sequences(X) if each row of X is one."
            f"{_flat_hint(estimator)}"
        )


def _flat_hint(estimator):
    """How to fit a network for a library that passes arrays of n_features_in_ columns, as mapie does."""
    if getattr(estimator, "embedding_dim", 0) is not None:  # a transformer, or tokens, which need a pad_token, too
        return ""
    return (
        " If a library passed it, fit on flat sequences: X = SequencePadder(flatten=True).fit_transform(X), with "
        f"input_size={estimator.n_features_in_}."
    )


# --- from a form to valid steps ---------------------------------------------------------------------------------------


def _parse_ragged(estimator, form, X, input_size, dtypes, padding, source):
    frame = None
    if form == "numbers":
        if X.ndim > 3:
            name = type(estimator).__name__
            raise ValueError(
                f"Found array with dim {X.ndim}, while dim <= 3 is required by {name}. If steps have several axes, "
                "join them: X.reshape(*X.shape[:2], -1)."
            )
        X = _numbers_of_all(X)
        X = check_array(X, dtype=dtypes, order="C", ensure_all_finite=False, allow_nd=True, estimator=estimator)
        sequences = _from_3d_array(X, padding)
    else:
        arrays, frame = arrays_and_frame(X, source)
        sequences = from_arrays(arrays, dtypes)
    if input_size not in (None, sequences.n_features):
        raise ValueError(
            f"Expected {input_size} features per time step, since input_size={input_size}, got {sequences.n_features}. "
            "input_size is for a flat 2-D X; for other forms of X set input_size=None."
        )
    return sequences, frame


def source_of(form):
    """An expression that gives the sequences of an X of this form."""
    return "np.ravel(X)" if form == "column" else "X"


def _parse_matrix(estimator, X, reset, input_size, dtypes, padding):
    values = _numbers_of_all(X)
    if is_frame(X):
        check_columns(estimator, as_frame(X), reset=reset)
    if isinstance(values, np.ndarray) and values.ndim == 1:
        raise ValueError(
            "Expected 2D array, got 1D array instead. Reshape your data: pass [X] if X is one sequence, or "
            "np.reshape(X, (-1, 1)) if each value is a sequence of one step."
        )
    # NaN and infinity are checked later, where sequence and step are known for the message.
    options = {"dtype": dtypes, "order": "C", "ensure_all_finite": False}
    if is_frame(X):
        X = check_array(values, estimator=estimator, **options)
    else:
        X = validate_data(estimator, values, reset=reset, **options)
    if input_size is None and padding == (None, None):
        return Sequences(X[:, :, None], np.full(len(X), X.shape[1]), X.dtype)
    input_size = input_size or 1
    if X.shape[1] % input_size:
        raise ValueError(
            f"Expected the number of columns of X to be a multiple of input_size={input_size}, got {X.shape[1]} "
            "columns. A flat X has the shape (n_samples, n_steps * input_size), in C order."
        )
    return _from_3d_array(X.reshape(len(X), -1, input_size), padding)


def _numbers_of_all(X):
    """An array, frame or nested list of all values of X as an array of numbers."""
    if is_frame(X):
        return numbers_of_frame(X, partial(place_of_array, X))
    if not isinstance(X, list | tuple) and not hasattr(X, "__array__"):
        if hasattr(X, "shape"):
            return X  # scikit-learn refuses what is sparse
        raise refusal(X)
    if isinstance(X, list | tuple):
        _check_nested_list(X)
    place = place_of_array(X)
    array = plain(X)
    if array.ndim < 3:
        place = place._replace(is_matrix=True)
    return numbers(array, place)


def _check_nested_list(X):
    lengths = [len(row) if isinstance(row, ROWS) else None for row in X]
    if None not in lengths and len(set(lengths)) > 1:
        _refuse_tokens_and_records(X)
        j = next(j for j, length in enumerate(lengths) if length != lengths[0])
        raise ValueError(
            f"Expected a nested list of numbers to have rows of equal length, got {lengths[0]} values in row 0 and "
            f"{lengths[j]} in row {j}. For sequences of unequal length pass as_sequences(X)."
        )


def _refuse_tokens_and_records(X):
    for j, row in enumerate(X):
        for step, value in enumerate(row if isinstance(row, list | tuple) else ()):
            if isinstance(value, str | bytes | Mapping):
                raise refusal_of_object(value, (j, step), np.array([[value]], object), place_of_array(X))


def _from_3d_array(X, padding):
    n, length = X.shape[:2]
    if not X.size:
        raise ValueError(
            f"Found array with 0 sample(s), time step(s) or feature(s) (shape={X.shape}) while a minimum of 1 of each "
            "is required."
        )
    valid = valid_steps(X, *padding.values())
    if valid.all():
        return Sequences(X, np.full(n, length), X.dtype)
    lengths = valid.sum(axis=1)
    starts = valid.argmax(axis=1)
    arrays = [x[a:b] for x, a, b in zip(X, starts.tolist(), (starts + lengths).tolist(), strict=True)]
    return Sequences(arrays, lengths, X.dtype, valid)


def from_arrays(arrays, dtypes=FLOATS):
    arrays = [x if x.ndim == 2 else x[:, None] for x in arrays]
    n_features = arrays[0].shape[1]
    for j, x in enumerate(arrays):
        if x.shape[1] != n_features:
            raise ValueError(
                "Expected all sequences to have the same number of features per time step, "
                f"got {n_features} in sequence 0 and {x.shape[1]} in sequence {j}.{_swapped_hint(arrays)}"
            )
    lengths = np.fromiter(map(len, arrays), np.int64, len(arrays))
    dtype = np.result_type(*{x.dtype for x in arrays})
    # float32 beside integers: result_type may keep float32, which cannot represent all of them.
    if dtype not in dtypes or len({x.dtype.kind for x in arrays}) > 1:
        dtype = dtypes[0]
    return Sequences(arrays, lengths, np.dtype(dtype))


def _swapped_hint(arrays):
    n_rows = {len(x) for x in arrays}
    if len(n_rows) > 1:
        return ""
    return f" All have {n_rows.pop()} rows: if time is the second axis, pass as_sequences(X, channels_first=True)."
