"""Sequences of labels: flattened to one array, their classes, their codes."""

from numbers import Number

import numpy as np

from .arrays import array_of, is_no_value, of_scalar, of_scalars, plain, words_of
from .columns import is_frame
from .containers import object_array
from .targets import as_rows, infer_dtype, position

NEVER_MISSING = {str, int, bool}
"""Types of labels none of which stands for a missing one."""


def flatten_labels(y):
    """Concatenate the labels of all sequences; a label may be any hashable object.

    Parameters
    ----------
    y : list, tuple, array or Series of sequences of labels, or array of shape (n, T)
        A sequence may be empty.

    Returns
    -------
    flat : ndarray of shape (S,)
        In the dtype that all labels have in common, if it represents them exactly; otherwise objects.
    lengths : ndarray of shape (n,)
        The number of labels of each sequence.

    Raises
    ------
    ValueError
        If an entry is a string or is not a sequence, or if a label is None, NaN, masked, or not hashable. The message
        names the sequence.
    """
    rows = []
    for j, row in enumerate(as_rows(y)):
        rows.append(_labels_of(row, j))
        for t, label in enumerate(rows[-1]):
            _check_label(label, j, t)
    labels = [label for row in rows for label in row]
    return _exact_array(labels), np.array([len(row) for row in rows])


def plain_labels(y):
    """Labels of whole sequences, in which none is lost on the way to NumPy; most containers are returned unchanged."""
    if isinstance(y, list | tuple):
        y = of_scalars(y)
        kinds = set(map(type, y))
        if any(issubclass(kind, str) for kind in kinds) and any(issubclass(kind, float) for kind in kinds):
            refuse_missing_labels(object_array(y))  # NumPy would make the string "nan" of it
        return y
    return plain(y) if hasattr(y, "to_pylist") and hasattr(y, "__array__") and not is_frame(y) else y


def refuse_missing_labels(y, lengths=None, ignored=None):
    """Raise if a label is None, NaN, NaT or NA. The message names the place.

    Parameters
    ----------
    y : ndarray of shape (S,) or (S, k)
        The label of each sequence, or of each of their steps, end to end.
    lengths : list of int, default=None
        The number of time steps of each sequence. None: `y` has one label for each sequence.
    ignored : ndarray of shape (S,), dtype bool, default=None
        The steps whose labels do not matter.
    """
    if y.dtype.kind in "fcmM":
        missing = np.isnan(y)
    elif y.dtype == object and not set(map(type, y.flat)) <= NEVER_MISSING:
        missing = np.fromiter(map(is_no_value, y.flat), bool, y.size)
    else:
        return
    missing = missing.reshape(len(y), -1)
    if ignored is not None:
        missing[ignored] = False
    if missing.any():
        row = int(missing.any(axis=1).argmax())
        place = f"for sequence {row}"
        if lengths is not None:
            place = "in sequence {}, step {}".format(*position(row, lengths))
        label = y.reshape(missing.shape)[row, missing[row].argmax()]
        raise ValueError(f"Input y contains {words_of(label)} {place}.")


def _labels_of(row, j):
    """The labels of sequence `j` as a list."""
    row = of_scalar(row)
    expected = f"Expected sequence {j} of y to be a sequence of labels"
    if isinstance(row, str | bytes):
        raise ValueError(
            f"{expected}, got a string. Split strings into labels first, into words by "
            "[text.split() for text in y], or into characters by [list(text) for text in y]."
        )
    if isinstance(row, set | frozenset | dict):
        raise ValueError(f"{expected}, got a {type(row).__name__}, which has no order.")
    if not np.iterable(row):
        raise ValueError(f"{expected}, got a single value. For sequences of one label pass [[label] for label in y].")
    if hasattr(row, "to_pylist"):  # of pyarrow
        return row.to_pylist()
    if hasattr(row, "dtype"):
        row = array_of(row)
        is_masked = np.ma.getmaskarray(row)
        if is_masked.any():
            step = np.argwhere(is_masked)[0][0]
            raise ValueError(f"Input y contains a masked label in sequence {j}, step {step}.")
        # tolist() turns NumPy scalars into Python objects, but dates in nanoseconds into integers.
        if row.dtype.kind not in "mM":
            return row.tolist()
    return of_scalars(list(row))


def _check_label(label, j, t):
    if type(label) in NEVER_MISSING:
        return
    if is_no_value(label):
        raise ValueError(f"Input y contains {words_of(label)} in sequence {j}, step {t}.")
    try:
        hash(label)
    except TypeError as error:
        raise ValueError(
            f"Expected y to contain hashable labels, got a {type(label).__name__} in sequence {j}, step {t}. "
            "Convert it to a tuple, for example."
        ) from error


def _exact_array(labels):
    """An array in the dtype that labels have in common, if that changes none of them; otherwise an object array."""
    if labels and all(isinstance(label, str | Number | np.datetime64 | np.timedelta64) for label in labels):
        array = infer_dtype(object_array(labels))
        # Not exact: 2**53 + 1 as a float; a string that ends with a null character, which NumPy strips.
        if array.dtype.kind in "mM" or array.tolist() == labels:
            return array
    return object_array(labels)


def classes_of(labels):
    """The distinct labels in ascending order; labels that cannot be compared are sorted by type and repr."""
    if labels.dtype != object:
        return np.unique(labels)
    distinct = set(labels)
    # For frozensets < means "is a subset of", which sorts nothing and raises nothing.
    if not any(isinstance(label, frozenset) for label in distinct):
        try:
            return object_array(sorted(distinct))
        except TypeError:  # labels of several types
            pass
    return object_array(sorted(distinct, key=lambda label: (type(label).__name__, _stable_repr(label))))


def _stable_repr(label):
    # The repr of a set of strings differs between processes, since string hashes do.
    if isinstance(label, frozenset):
        return repr(sorted(map(repr, label)))
    return repr(label)


def codes_of(labels, classes):
    """The index of each label in `classes`; -1 for a label that is not among them."""
    index = {label: code for code, label in enumerate(classes.tolist())}
    if labels.dtype.kind in "mM" and labels.dtype.kind == classes.dtype.kind:
        labels = labels.astype(classes.dtype)  # the same date is another integer in another unit
    return np.array([index.get(label, -1) for label in labels.tolist()], np.int64)
