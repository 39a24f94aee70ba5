"""What belongs to the time steps of sequences: laid end to end, as the core wants it, and back in a container."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from .sequences import object_array, unwrap


def flatten_steps(y, lengths=None, name="y", of="X", valid=None):
    """Lay what belongs to the time steps of all sequences end to end.

    Parameters
    ----------
    y : list, tuple, array, Series or data frame
        Labels, numbers or predictions, ``(T_i,)`` or ``(T_i, k)`` for each sequence: a container of arrays or lists, or
        one array ``(n, T)`` or ``(n, T, k)``.
    lengths : sequence of int, default=None
        How many time steps each sequence must have; None takes them as they are.
    name, of : str
        What `y` and `lengths` are called in an error.
    valid : ndarray of shape (n, T), dtype bool, default=None
        Where a padded array has steps. What `y` holds elsewhere, if it has T steps, is cut off.

    Returns
    -------
    flat : ndarray of shape (S,) or (S, k)
        S is the number of all time steps.
    lengths : list of int
        The number of time steps of each sequence.

    Raises
    ------
    ValueError
        If a sequence has a single value in place of time steps, another number of them than wanted, or entries of
        another shape than sequence 0. The message names the sequence.
    """
    steps = [np.asarray(row) for row in each_row(y)]
    if lengths is not None:
        check_consistent_length(steps, lengths)
    if valid is not None:
        steps = [
            row[is_valid] if row.shape[:1] == is_valid.shape else row
            for row, is_valid in zip(steps, valid, strict=True)
        ]
    for j, row in enumerate(steps):
        step, first = row.shape[1:], steps[0].shape[1:]
        if not row.ndim:
            raise ValueError(f"{name} has a single value for sequence {j}, but one for each time step is wanted.")
        if lengths is not None and len(row) != lengths[j]:
            raise ValueError(f"{name} has {len(row)} time steps for sequence {j}, but {of} has {lengths[j]}.")
        if step != first:
            raise ValueError(f"{name} has time steps of shape {step} in sequence {j}, but {first} in sequence 0.")
    flat = np.concatenate(steps)
    return typed(flat), [len(row) for row in steps]


def typed(values):
    """Objects as an array of their type, if they have one.

    ``np.array(sequences, dtype=object)`` makes every label an object if the lengths are equal.
    """
    if values.dtype != object:
        return values
    entries = values.tolist()
    array = np.array(entries)
    return values if array.dtype.kind in "US" and not all(isinstance(entry, str) for entry in entries) else array


def flatten_numbers(y):
    """Lay the numbers of all sequences end to end.

    Parameters
    ----------
    y : array-like of shape (n,), (n, T) or (n, T, k), or sequences of shape (T_i,) or (T_i, k)

    Returns
    -------
    flat : ndarray of shape (S, k)
        float64
    lengths : ndarray of shape (n,)
        How many steps each sequence has, 1 at least.
    form : tuple
        "array" or "sequences"; and the dimensions of such an array, 1 to 3.

    Raises
    ------
    ValueError
        If `y` has another shape, a sequence is empty, or something is no finite number. The message names the place.
    """
    form, rows = unwrap(y)
    if form != "numbers":
        flat, lengths = flatten_steps(rows)
        lengths, form = np.array(lengths), ("sequences", flat.ndim + 1)
        if not lengths.all():
            raise ValueError(f"y has no time steps for sequence {lengths.argmin()}: at least one is wanted.")
        flat = check_array(flat, ensure_2d=False, allow_nd=True, dtype=np.float64, ensure_all_finite=False)
    else:
        _check_equal_length(rows)
        y = check_array(rows, ensure_2d=False, allow_nd=True, dtype=np.float64, ensure_all_finite=False, input_name="y")
        if y.ndim > 3 or not y.size:
            raise ValueError(
                f"y has shape {y.shape}, but (n_samples, horizon) or (n_samples, horizon, n_outputs) is wanted."
            )
        lengths, form = np.full(len(y), y.shape[1] if y.ndim > 1 else 1), ("array", y.ndim)
        flat = y
    flat = flat.reshape(lengths.sum(), -1)
    _check_finite(flat, lengths)
    return flat, lengths, form


def _check_equal_length(rows):
    sizes = {len(row) for row in rows if isinstance(row, list | tuple)} if isinstance(rows, list | tuple) else ()
    if len(sizes) > 1:
        raise ValueError(
            f"y is a nested list of numbers, which is read as an array, but its rows have {min(sizes)} to "
            f"{max(sizes)} values. For targets of unequal length pass a list of arrays, or as_sequences(y)."
        )


def _check_finite(flat, lengths):
    wrong = ~np.isfinite(flat).all(axis=1)
    if wrong.any():
        ends, row = np.cumsum(lengths), int(wrong.argmax())
        j = int(np.searchsorted(ends, row, "right"))
        what = "NaN" if np.isnan(flat[row]).any() else "infinity"
        raise ValueError(f"Input y contains {what} for sequence {j}, step {row - (ends[j] - lengths[j])}.")


def flatten_weights(sample_weight, lengths, of="X", valid=None):
    """Weights of all time steps, end to end, from one number for each sequence, or one for each of its steps.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), or sequences as in `flatten_steps`
        A number is the weight of all steps of its sequence.
    lengths : sequence of int
        The number of time steps of each sequence.
    of, valid
        As in `flatten_steps`.

    Returns
    -------
    flat : ndarray of shape (S,)
        One weight for each time step.
    """
    rows = each_row(sample_weight)
    if any(map(np.ndim, rows)):
        return flatten_steps(rows, lengths, "sample_weight", of, valid)[0]
    check_consistent_length(rows, lengths)
    return np.repeat(np.asarray(rows, dtype=np.float64), lengths)


def like_steps(values, X, sequences, *, padded=False):
    """Values (S, ...), one per time step, in a container that follows from that of `X`.

    Returns
    -------
    ndarray
        ``(n, T, ...)`` if `X` is an array of numbers without padding, and none is expected (`padded`); else a 1-D
        object array of ``(T_i, ...)``.
    """
    if unwrap(X)[0] == "numbers" and sequences.valid is None and not padded:
        return values.reshape(len(sequences), -1, *values.shape[1:])
    return object_array([values[a:b] for a, b in zip(sequences.offsets[:-1], sequences.offsets[1:], strict=True)])


def each_row(y):
    """One entry for each sequence, whatever the container."""
    form, rows = unwrap(y)
    return np.asarray(rows) if form == "numbers" and not isinstance(rows, list | tuple) else rows
