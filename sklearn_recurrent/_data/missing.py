"""Steps that are padding or missing; tokens; and the words for where a value is."""

from functools import partial

import numpy as np

from .._core.ragged import Sequences


def valid_steps(X, *values, sides=("pre", "post")):
    """Where the 3-D array `X` is not padding: padding is one of `values` in all features, at the given ends.

    Parameters
    ----------
    X : ndarray of shape (n, T, F)
    *values : float
        By default NaN.
    sides : list of {"pre", "post"}

    Returns
    -------
    valid : ndarray of shape (n, T), dtype bool
        One contiguous run in every row.

    Raises
    ------
    ValueError
        If a sequence consists of padding only.
    """
    values = values or [np.nan]
    padding = _holds_only(values[0], X)
    for value in values[1:]:
        padding |= _holds_only(value, X)
    if not padding.any():
        return ~padding
    valid = ~at_the_ends(padding, sides)
    empty = ~valid.any(axis=1)
    if empty.any():
        raise ValueError(
            f"Expected sequence {empty.argmax()} to have at least one time step, "
            f"got padding only: all {X.shape[1]} time steps are {' or '.join(map(str, values))}."
        )
    return valid


def at_the_ends(found, sides=("pre", "post")):
    """(n, T): of the steps that are `found` (n, T), those in an unbroken run at the given ends of a row."""
    ends = np.zeros_like(found)
    if "pre" in sides:
        ends |= np.logical_and.accumulate(found, axis=1)
    if "post" in sides:
        ends |= np.logical_and.accumulate(found[:, ::-1], axis=1)[:, ::-1]
    return ends


def _holds_only(value, X):
    """(n, T): whether all features of a step have this value."""
    equals_value = np.isnan if np.isnan(value) else partial(np.equal, value)
    found = equals_value(X[:, :, 0])
    if found.any() and X.shape[2] > 1:
        # The other features are compared only where the first one matches: that is cheap even for wide arrays.
        candidates = np.nonzero(found)
        found[candidates] = equals_value(X[candidates]).all(axis=1)
    return found


def handle_missing(estimator, sequences, missing, rectangular):
    """Refuse, skip or keep steps with NaN, as `parse_sequences` says of `missing`; refuse infinity.

    rectangular : whether the sequences come from one array, in which steps have places
    """
    if sequences.dtype.kind != "f":
        return sequences
    valid = np.ones(sequences.offsets[-1], bool)
    for rows, block in sequences.blocks():
        if all_finite(block.values):
            continue
        infinite = np.isinf(block.values)
        if infinite.any():
            raise ValueError(f"Input X contains infinity in {locate(infinite, block.offsets, rows.start)}.")
        nan = np.isnan(block.values)
        if nan.any() and missing == "error":
            place = locate(nan, block.offsets, rows.start)
            raise ValueError(f"Input X contains NaN in {place}.{_missing_hint(estimator)}")
        valid[sequences.offsets[rows.start] : sequences.offsets[rows.stop]] = ~nan.any(axis=1)
    if missing == "keep" or valid.all():
        return sequences
    return _drop_steps(sequences, valid, rectangular)


def in_dtype(sequences, dtype):
    """The sequences in a dtype of floats; an error with the position of a value that is too large for it."""
    if dtype is None or sequences.dtype == dtype:
        return sequences
    if np.dtype(dtype).itemsize < sequences.dtype.itemsize:
        for rows, block in sequences.blocks():
            too_large = np.abs(block.values) > np.finfo(dtype).max
            if too_large.any():
                place = locate(too_large, block.offsets, rows.start)
                raise ValueError(
                    f"Input X contains a value too large for dtype={dtype!r} in {place}. Scale X, or set "
                    "dtype='float64'."
                )
    return sequences.as_dtype(dtype)


def _missing_hint(estimator):
    if not hasattr(estimator, "missing"):
        return ""
    if getattr(estimator, "return_sequences", False):  # with a target for each time step no step may be dropped
        return " Set missing='forward' to carry the last values forward."
    if getattr(estimator, "future_features", None) is not None:
        return (
            " In the steps to predict, features that are not in future_features are not read: put 0 there. Or set "
            "missing='forward' to carry the last values forward."
        )
    hint = " Set missing='skip' to ignore time steps with NaN"
    if getattr(estimator, "embedding_dim", None) is not None and estimator.categorical_features is None:
        return f"{hint}."  # a token is not carried
    return f"{hint}, or missing='forward' to carry the last values forward."


def _drop_steps(sequences, valid, rectangular):
    """Only the steps that are `valid` (S,). Sequences that lose none are not copied."""
    offsets = sequences.offsets
    lengths = np.add.reduceat(valid, offsets[:-1], dtype=np.int64)
    if not lengths.all():
        raise ValueError(
            f"Input X contains NaN in every time step of sequence {lengths.argmin()}: missing='skip' leaves none. "
            "Remove this sequence or impute its values."
        )
    arrays = list(sequences.arrays)
    for j in np.flatnonzero(lengths < sequences.lengths).tolist():
        arrays[j] = arrays[j][valid[offsets[j] : offsets[j + 1]]]
    if not rectangular:
        return Sequences(arrays, lengths, sequences.dtype)
    # Where the remaining steps were in the array: targets with one entry per step are selected by this mask.
    if sequences.valid is None:
        mask = np.ones((len(arrays), sequences.lengths[0]), bool)
    else:
        mask = sequences.valid.copy()
    mask[mask] = valid
    return Sequences(arrays, lengths, sequences.dtype, mask)


def as_tokens(ragged, place=None):
    """Values as int32 or int64, if they are whole numbers and not negative; otherwise an error with the position.

    place(wrong, offsets) : the position of the first True in `wrong` as words, as in `locate`, which is the default
    """
    place = place or locate
    values = ragged.values
    if ragged.n_features != 1:
        raise ValueError(
            f"Expected one token per time step, got {ragged.n_features} features. "
            "For numeric features set embedding_dim=None."
        )
    checks = [(values < 0, "non-negative")]
    if values.dtype.kind == "f":
        checks.insert(0, (values != np.rint(values), "whole numbers"))
    for wrong, expected in checks:
        if wrong.any():
            value = values.flat[wrong.argmax()]
            raise ValueError(f"Expected tokens to be {expected}, got {value:g} in {place(wrong, ragged.offsets)}.")
    _check_tokens_are_exact(values, ragged.offsets, place)
    return ragged.map(lambda tokens: tokens.astype(_token_dtype(tokens.dtype), copy=False))


def _check_tokens_are_exact(values, offsets, place):
    # float64 represents all whole numbers below 2**53; the tokens become int64, which ends below 2**63.
    exponent = 53 if values.dtype.kind == "f" else 63
    largest = values.max()
    if largest >= 2**exponent:
        raise ValueError(
            f"Expected tokens less than 2**{exponent} in an array of {values.dtype}, "
            f"got {largest} in {place(values == largest, offsets)}."
        )


def _token_dtype(dtype):
    if dtype.itemsize < 4 or dtype == np.int32:
        return np.int32
    return np.int64


def all_finite(values):
    """A fast check: True is certain, but False may also mean that the sum of finite values overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.isfinite(values.sum())


def locate(bad, offsets, first=0):
    """The position of the first True in `bad` (S, F), as words; `first` is the number of the first sequence."""
    row, feature = divmod(bad.argmax(), bad.shape[1])
    j = np.searchsorted(offsets, row, side="right") - 1
    return f"sequence {first + j}, step {row - offsets[j]}, feature {feature}"
