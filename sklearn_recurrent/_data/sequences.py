"""The one reader of X: lists, frames, object arrays and padded arrays become `Sequences`.

Everything else in the library sees valid steps only. A form is recognized by what the container *is*, never by the
lengths met in it: a fold of a ragged data set whose sequences happen to be equally long keeps its meaning.
"""

from collections.abc import Iterable
from functools import partial

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from .._core.ragged import Sequences

FLOATS = [np.float64, np.float32]  # in this order: whatever is neither becomes float64
TOKENS = [np.float64, *(f"{kind}{size}" for kind in "iu" for size in (8, 4, 2, 1))]


def read(estimator, X, *, reset, missing="error", input_size=None, tokens=False, pad_token=None):
    """Read any form of `X` as valid steps; remember it on `estimator`, or compare it with what `fit` has seen.

    Parameters
    ----------
    estimator : estimator instance
        Its ``n_features_in_``, ``feature_names_in_`` and ``_fitted_on_sequences`` are set or checked. The features of
        a 2-D `X` are its columns, those of sequences the features of a time step.
    X : list, tuple, array, Series or data frame
        Sequences, ``(T_i, F)`` or ``(T_i,)`` each; or a 3-D array ``(n, T, F)``, in which leading and trailing steps
        with all features NaN are padding; or 2-D numbers ``(n, T)``, one value per time step.
    reset : bool
        True in `fit`: remember; False later: compare.
    missing : {"error", "skip", "keep"}, default="error"
        What a NaN that is not padding means: an error; a time step to pass over, whole if only one of its features is
        NaN (at least one step of each sequence must be left); or a value like others. Infinity is always an error.
    input_size : int, default=None
        Features per time step. A 2-D `X` is then flat, ``(n, T * input_size)`` in C order, and read as the 3-D array
        it stands for, padding included.
    tokens : bool, default=False
        Whether `X` holds whole numbers, none negative, one per time step.
    pad_token : int, default=None
        The token that is padding at the ends of the rows of an array. None: none is.

    Returns
    -------
    Sequences or Ragged
        The valid steps, float32 if all of `X` is, else float64; tokens as int32 if none of `X` is wider, else int64.
        Sequences are in the memory of `X` where they can be.

    Raises
    ------
    ValueError
        If `X` is none of these forms, holds an empty sequence, differing numbers of features, strings, NaN or
        infinity, or is not what `estimator` was fitted on. The message names the sequence and the time step.
    """
    form, X = unwrap(X)
    shape = getattr(X, "shape", (len(X),) if isinstance(X, list | tuple) else ())
    if shape and not shape[0]:
        name = type(estimator).__name__
        raise ValueError(f"Found array with 0 sample(s) (shape={shape}) while a minimum of 1 is required by {name}.")
    sequential = form != "numbers" or _ndim(X) > 2
    if not reset:
        _check_form(estimator, sequential)
    dtypes = TOKENS if tokens else FLOATS
    if tokens and len(shape) == 1 and any(isinstance(x, str) for x in X):
        raise ValueError("X holds texts, but tokens are whole numbers: SequenceTokenizer makes them of texts.")
    if sequential:
        sequences = _read_sequences(estimator, form, X, input_size, dtypes, pad_token)
        validate_data(estimator, sequences.arrays[0], reset=reset, skip_check_array=True)
    else:
        sequences = _read_matrix(estimator, X, reset, input_size, dtypes, pad_token)
    sequences = _treat_missing(estimator, sequences, missing, rectangular=form == "numbers")
    if tokens:
        sequences = as_tokens(sequences.joined())
    if reset:
        estimator._fitted_on_sequences = sequential
    return sequences


def unwrap(X):
    """What `X` is, told by the container alone, and what is in it.

    Returns
    -------
    form : {"sequences", "column", "numbers"}
        A 1-D container of sequences; an (n, 1) one; or numbers in one array, frame or nested list.
    X : iterable of sequences, or the numbers
        As they came, but for arrays of other libraries, which become NumPy's.
    """
    if isinstance(X, list | tuple):
        return ("sequences" if _lists_sequences(X) else "numbers"), X
    if hasattr(X, "__array__") and not hasattr(X, "columns") and not hasattr(X, "to_list"):
        X = np.asarray(X)
        if X.dtype != object or X.ndim > 2:
            return "numbers", X
    elif isinstance(X, Iterable) and not hasattr(X, "shape") and not isinstance(X, str | bytes):
        raise TypeError(
            f"X is a {type(X).__name__}, but a list of arrays or another container of them is wanted: list(X)."
        )
    shape = getattr(X, "shape", ())
    if len(shape) == 1:
        return ("sequences" if any(map(_is_sequence, X)) else "numbers"), X
    cells = _first_column(X) if len(shape) == 2 and shape[1] else ()
    if not any(map(_is_sequence, cells)):
        return "numbers", X
    if shape[1] > 1:
        raise ValueError(f"X has {shape[1]} columns of sequences, but one is wanted: join them to arrays (T_i, F).")
    return "column", cells


def as_array(j, x):
    """Sequence number `j` as an array of numbers, (T, F) or (T,), in the dtype it has."""
    try:
        array = np.asarray(x)
    except ValueError as error:  # steps of unequal width
        raise ValueError(f"Sequence {j} is not an array (time steps, features): {error}") from error
    if array.dtype.kind not in "fiub":
        array = _as_numbers(array, f"Sequence {j}")
    if array.ndim not in (1, 2):
        raise ValueError(
            f"Sequence {j} is {type(x).__name__} with {array.ndim} dimensions, "
            "but an array (time steps, features) or (time steps,) is wanted."
        )
    if not array.size:
        wanted = "at least one time step" if not len(array) else "at least one feature"
        raise ValueError(f"Sequence {j} is empty, its shape is {array.shape}: {wanted} is wanted.")
    return array


def valid_steps(X, value=np.nan, sides=("pre", "post")):
    """Where the 3-D array `X` is not padding: time steps that hold `value` in all features, at the given ends.

    Returns
    -------
    valid : ndarray of shape (n, T), dtype bool
        One unbroken run in every row.

    Raises
    ------
    ValueError
        If a sequence is nothing but padding.
    """
    holds = np.isnan if np.isnan(value) else partial(np.equal, value)
    padding = holds(X[:, :, 0])
    if not padding.any():
        return ~padding
    suspects = np.nonzero(padding)
    padding[suspects] = holds(X[suspects]).all(axis=1)
    valid = np.ones_like(padding)
    if "pre" in sides:
        valid &= np.logical_or.accumulate(~padding, axis=1)
    if "post" in sides:
        valid &= np.logical_or.accumulate(~padding[:, ::-1], axis=1)[:, ::-1]
    empty = ~valid.any(axis=1)
    if empty.any():
        raise ValueError(f"Sequence {empty.argmax()} is empty: all {X.shape[1]} time steps are {value}.")
    return valid


def as_sequences(X) -> np.ndarray:
    """Put sequences into a 1-D object array, whatever their lengths.

    ``np.array(list_of_arrays, dtype=object)`` becomes a 3-D array of numbers if all lengths are equal. This never does.

    Parameters
    ----------
    X : list, tuple, array, Series or data frame
        Sequences of shape ``(T_i, F)`` or ``(T_i,)``, as arrays or nested lists; a 3-D array ``(n, T, F)``, whose
        padding (leading and trailing steps of NaN) is removed; or 2-D numbers, with a sequence in each row.

    Returns
    -------
    sequences : ndarray of shape (n,), dtype object
        Arrays of shape ``(T_i, F)`` or ``(T_i,)``, with the dtype of `X`. They share memory with `X` where possible.

    Raises
    ------
    ValueError
        If a sequence is empty, holds anything but numbers, or has neither one nor two dimensions.

    See Also
    --------
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
    """
    form, X = unwrap(X)
    if form == "numbers" and not isinstance(X, list | tuple):
        X = check_array(X, dtype="numeric", ensure_all_finite=False, allow_nd=True)
        if X.ndim == 3 and X.size:
            X = [x[valid] for x, valid in zip(X, valid_steps(X), strict=True)]
    return object_array([as_array(j, x) for j, x in enumerate(X)])


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


def object_array(sequences):
    """A 1-D object array of `sequences`, which unlike ``np.array(sequences, dtype=object)`` never collapses."""
    return np.fromiter(sequences, dtype=object, count=len(sequences))


# --- what a container is ----------------------------------------------------------------------------------------------


def _is_sequence(cell):
    return isinstance(cell, list | tuple) or (hasattr(cell, "__array__") and not isinstance(cell, np.generic))


def _lists_sequences(X):
    """Whether a list holds arrays, or lists of lists; a list of lists of numbers is a matrix."""
    rows = [x for x in X if isinstance(x, list | tuple)]
    if len(rows) < len(X):
        return any(map(_is_sequence, X))
    return any(_is_sequence(row[0]) for row in rows if row)


def _first_column(X):
    if isinstance(X, np.ndarray):
        return X[:, 0] if X.dtype == object else ()
    if hasattr(X, "iloc"):  # pandas
        return X.iloc[:, 0]
    return X.to_series(0) if hasattr(X, "to_series") else ()  # polars


def _ndim(X):
    return len(X.shape) if hasattr(X, "shape") else 2


def _check_form(estimator, sequential):
    """Refuse sequences after a fit on columns, and the other way round: ``n_features_in_`` counts different things."""
    fitted, name = getattr(estimator, "_fitted_on_sequences", sequential), type(estimator).__name__
    if sequential and not fitted:
        raise ValueError(
            f"X holds sequences, but {name} was fitted on a 2-D array with {estimator.n_features_in_} columns. "
            "Pass the same form to both, for example as_sequences(X)."
        )
    if fitted and not sequential:
        raise ValueError(
            f"X is a 2-D array, but {name} was fitted on sequences with {estimator.n_features_in_} features per time "
            "step. Pass a list of arrays; a single sequence x is [x], the rows of a 2-D array are as_sequences(X)."
        )


# --- from a form to valid steps --------------------------------------------------------------------------------------


def _read_sequences(estimator, form, X, input_size, dtypes, pad_token):
    if form == "numbers":
        if X.ndim > 3:
            name = type(estimator).__name__
            raise ValueError(f"Found array with dim {X.ndim}, while dim <= 3 is required by {name}.")
        X = check_array(X, dtype=dtypes, order="C", ensure_all_finite=False, allow_nd=True, estimator=estimator)
        sequences = _from_cube(X, pad_token)
    else:
        sequences = _from_arrays([as_array(j, x) for j, x in enumerate(X)], dtypes)
    if input_size not in (None, sequences.n_features):
        raise ValueError(f"X has {sequences.n_features} features per time step, but input_size={input_size}.")
    return sequences


def _read_matrix(estimator, X, reset, input_size, dtypes, pad_token):
    if isinstance(X, list | tuple):
        _check_nested_list(X)
    # NaN and infinity are looked for later, where their place is known.
    X = validate_data(estimator, X, reset=reset, dtype=dtypes, order="C", ensure_all_finite=False)
    if input_size is None and pad_token is None:
        return Sequences(X[:, :, None], np.full(len(X), X.shape[1]), X.dtype)
    input_size = input_size or 1
    if X.shape[1] % input_size:
        raise ValueError(
            f"X has {X.shape[1]} columns, which is no multiple of input_size={input_size}: "
            "wanted is the flat form (n, T * input_size) in C order."
        )
    return _from_cube(X.reshape(len(X), -1, input_size), pad_token)


def _check_nested_list(X):
    lengths = [len(row) if isinstance(row, list | tuple) else None for row in X]
    if None not in lengths and len(set(lengths)) > 1:
        j = next(j for j, length in enumerate(lengths) if length != lengths[0])
        raise ValueError(
            f"X is a nested list of numbers, which is read as a matrix, but row 0 has {lengths[0]} values and row {j} "
            f"has {lengths[j]}. For sequences of unequal length pass a list of arrays, or as_sequences(X)."
        )


def _from_cube(X, pad_token=None):
    n, length = X.shape[:2]
    if not X.size:
        raise ValueError(
            f"Found array with 0 sample(s), time step(s) or feature(s) (shape={X.shape}) while a minimum of 1 of each "
            "is required."
        )
    valid = valid_steps(X) if pad_token is None else valid_steps(X, pad_token)
    if valid.all():
        return Sequences(X, np.full(n, length), X.dtype)
    lengths, starts = valid.sum(axis=1), valid.argmax(axis=1)
    arrays = [x[a:b] for x, a, b in zip(X, starts.tolist(), (starts + lengths).tolist(), strict=True)]
    return Sequences(arrays, lengths, X.dtype, valid)


def _from_arrays(arrays, dtypes=FLOATS):
    arrays = [x if x.ndim == 2 else x[:, None] for x in arrays]
    n_features = arrays[0].shape[1]
    for j, x in enumerate(arrays):
        if x.shape[1] != n_features:
            raise ValueError(f"Sequence {j} has {x.shape[1]} features per time step, but sequence 0 has {n_features}.")
    lengths = np.fromiter(map(len, arrays), np.int64, len(arrays))
    dtype = np.result_type(*{x.dtype for x in arrays})
    if dtype not in dtypes or len({x.dtype.kind for x in arrays}) > 1:
        dtype = dtypes[0]
    return Sequences(arrays, lengths, np.dtype(dtype))


def _as_numbers(array, what):
    """Objects as float64, if they are numbers or None; an error that names the culprit otherwise."""
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{what} holds {array.dtype}.")
    if array.dtype.kind != "O":
        raise ValueError(f"{what} holds {array.dtype}, but numbers are wanted.")
    try:
        if array.ndim == 0:
            return array.astype(np.float64)
        steps = [np.asarray(x) for x in array.tolist()]
        return np.array(
            [x if x.dtype.kind in "fiub" else _as_numbers(x, f"{what}, step {t}") for t, x in enumerate(steps)],
            dtype=np.float64,
        )
    except TypeError as error:
        raise ValueError(f"{what} holds something other than numbers: {error}") from error


def _treat_missing(estimator, sequences, missing, rectangular):
    if sequences.dtype.kind != "f":
        return sequences
    valid = np.ones(sequences.offsets[-1], bool)
    for rows, block in sequences.blocks():
        if _all_finite(block.values):
            continue
        infinite, nan = np.isinf(block.values), np.isnan(block.values)
        if infinite.any():
            raise ValueError(f"Input X contains infinity in {_place(infinite, block.offsets, rows.start)}.")
        if nan.any() and missing == "error":
            hint = " With missing='skip' such a time step is passed over." if hasattr(estimator, "missing") else ""
            raise ValueError(f"Input X contains NaN in {_place(nan, block.offsets, rows.start)}.{hint}")
        valid[sequences.offsets[rows.start] : sequences.offsets[rows.stop]] = ~nan.any(axis=1)
    return sequences if missing == "keep" or valid.all() else _skip(sequences, valid, rectangular)


def _skip(sequences, valid, rectangular):
    """The steps that are `valid` (S,); a copy of those sequences alone that have others."""
    offsets = sequences.offsets
    lengths = np.add.reduceat(valid, offsets[:-1], dtype=np.int64)
    if not lengths.all():
        raise ValueError(
            f"Input X contains NaN in every time step of sequence {lengths.argmin()}: missing='skip' leaves none."
        )
    arrays, stood = list(sequences.arrays), None
    for j in np.flatnonzero(lengths < sequences.lengths).tolist():
        arrays[j] = arrays[j][valid[offsets[j] : offsets[j + 1]]]
    if rectangular:
        stood = sequences.valid
        stood = np.ones((len(arrays), sequences.lengths[0]), bool) if stood is None else stood.copy()
        stood[stood] = valid
    return Sequences(arrays, lengths, sequences.dtype, stood)


def as_tokens(ragged):
    """Values as int32 or int64, if they are whole numbers and not negative; else an error that names the culprit."""
    values, dtype = ragged.values, ragged.values.dtype
    if ragged.n_features != 1:
        raise ValueError(f"X has {ragged.n_features} features per time step, but tokens are one number each.")
    checks = [(values < 0, "not negative")]
    if dtype.kind == "f":
        checks.insert(0, (values != np.rint(values), "whole numbers"))
    for wrong, wanted in checks:
        if wrong.any():
            value = values.flat[wrong.argmax()]
            raise ValueError(f"Tokens are {wanted}, but X holds {value:g} in {_place(wrong, ragged.offsets)}.")
    if values.max() >= (2**53 if dtype.kind == "f" else 2**63):  # floats and int64 hold these exactly
        limit = "2**53, in an array of floats" if dtype.kind == "f" else "2**63"
        raise ValueError(f"Tokens are less than {limit}, but X holds {values.max()}.")
    return ragged.map(
        lambda v: v.astype(np.int32 if v.dtype.itemsize < 4 or v.dtype == np.int32 else np.int64, copy=False)
    )


def _all_finite(values):
    """True if no value is NaN or infinite; False also when only their sum overflows, so the slow check must follow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.isfinite(values.sum())


def _place(bad, offsets, first=0):
    """Where the first one is, in sequences of which the first is number `first`."""
    row, feature = divmod(bad.argmax(), bad.shape[1])
    j = np.searchsorted(offsets, row, side="right") - 1
    return f"sequence {first + j}, step {row - offsets[j]}, feature {feature}"
