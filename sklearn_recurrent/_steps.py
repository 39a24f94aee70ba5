"""What belongs to the time steps of sequences: laid end to end, as the core wants it, and back in a container."""

from numbers import Number

import numpy as np
from sklearn.utils import check_consistent_length

from ._sequences import object_array, unwrap


def flatten_steps(y, lengths=None, name="y", of="X", living=None):
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
    living : ndarray of shape (n, T), dtype bool, default=None
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
    steps = [np.asarray(row) for row in _rows(y)]
    if lengths is not None:
        check_consistent_length(steps, lengths)
    if living is not None:
        steps = [row[alive] if row.shape[:1] == alive.shape else row for row, alive in zip(steps, living, strict=True)]
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


def flatten_labels(y):
    """Lay the labels of all sequences end to end, where a label may be anything hashable.

    Parameters
    ----------
    y : list, tuple, array or Series of sequences of labels, or array of shape (n, T)
        A sequence may be empty.

    Returns
    -------
    flat : ndarray of shape (S,)
        Of the type that all labels have in common, or of objects.
    lengths : ndarray of shape (n,)
        How many labels each sequence has.

    Raises
    ------
    ValueError
        If an entry is no sequence, or text, which is to be taken apart before; if a label is None or NaN, or no single
        one. The message names the sequence.
    """
    rows = []
    for j, row in enumerate(_rows(y)):
        if isinstance(row, str | bytes):
            raise ValueError(
                f"y holds text for sequence {j}, but a list of labels is wanted: list(text), text.split()."
            )
        if not np.iterable(row):
            raise ValueError(f"y has a single value for sequence {j}, but a sequence of labels is wanted.")
        rows.append(row.tolist() if hasattr(row, "tolist") else list(row))
        for t, label in enumerate(rows[-1]):
            if label is None or label != label:
                raise ValueError(f"Input y contains {label}, for sequence {j}, step {t}.")
            if isinstance(label, list | dict | set):
                raise ValueError(f"y has {label!r} for sequence {j}, step {t}, but one hashable label is wanted.")
    flat = object_array([label for row in rows for label in row])
    simple = all(isinstance(label, str | Number) for label in flat)
    return typed(flat) if simple and len(flat) else flat, np.array([len(row) for row in rows])


def classes_of(labels):
    """Each label once, in ascending order; if they cannot be compared, by their types and texts."""
    if labels.dtype != object:
        return np.unique(labels)
    different = set(labels)
    try:
        return object_array(sorted(different))
    except TypeError:
        return object_array(sorted(different, key=lambda label: (type(label).__name__, str(label))))


def codes_of(labels, classes):
    """The index of each label among the classes; -1 if it is none of them."""
    index = {label: code for code, label in enumerate(classes.tolist())}
    return np.array([index.get(label, -1) for label in labels.tolist()], np.int64)


def flatten_weights(sample_weight, lengths, of="X", living=None):
    """Weights of all time steps, end to end, from one number for each sequence, or one for each of its steps.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), or sequences as in `flatten_steps`
        A number is the weight of all steps of its sequence.
    lengths : sequence of int
        The number of time steps of each sequence.
    of, living
        As in `flatten_steps`.

    Returns
    -------
    flat : ndarray of shape (S,)
        One weight for each time step.
    """
    rows = _rows(sample_weight)
    if any(map(np.ndim, rows)):
        return flatten_steps(rows, lengths, "sample_weight", of, living)[0]
    check_consistent_length(rows, lengths)
    return np.repeat(np.asarray(rows, dtype=np.float64), lengths)


def like_steps(values, X, ragged, *, padded=False):
    """Values (S, ...), one per time step, in a container that follows from that of `X`.

    Returns
    -------
    ndarray
        ``(n, T, ...)`` if `X` is an array of numbers without padding, and none is expected (`padded`); else a 1-D
        object array of ``(T_i, ...)``.
    """
    if unwrap(X)[0] == "numbers" and ragged.living is None and not padded:
        return values.reshape(len(ragged), -1, *values.shape[1:])
    return object_array([values[a:b] for a, b in zip(ragged.offsets[:-1], ragged.offsets[1:], strict=True)])


def _rows(y):
    """One entry for each sequence, whatever the container."""
    form, rows = unwrap(y)
    return np.asarray(rows) if form == "numbers" and not isinstance(rows, list | tuple) else rows
