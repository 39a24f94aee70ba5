"""Sequences of labels: laid end to end, their classes, their codes."""

from numbers import Number

import numpy as np

from .sequences import object_array
from .targets import each_row, typed


def flatten_labels(y):
    """Lay the labels of all sequences end to end, where a label may be anything hashable.

    Parameters
    ----------
    y : list, tuple, array or Series of sequences of labels, or array of shape (n, T)
        A sequence may be empty.

    Returns
    -------
    flat : ndarray of shape (S,)
        Of the type that all labels have in common, if it holds them exactly; or of objects.
    lengths : ndarray of shape (n,)
        How many labels each sequence has.

    Raises
    ------
    ValueError
        If an entry is no sequence, or text, which is to be taken apart before; if a label is None, NaN, or not
        hashable. The message names the sequence.
    """
    rows = []
    for j, row in enumerate(each_row(y)):
        if isinstance(row, str | bytes):
            raise ValueError(
                f"y holds text for sequence {j}, but a list of labels is wanted: list(text), text.split()."
            )
        if isinstance(row, set | frozenset | dict) or not np.iterable(row):
            what = f"a {type(row).__name__}, which has no order," if np.iterable(row) else "a single value"
            raise ValueError(f"y has {what} for sequence {j}, but a sequence of labels is wanted.")
        row = np.asarray(row) if hasattr(row, "dtype") else row
        rows.append(row.tolist() if isinstance(row, np.ndarray) and row.dtype.kind not in "mM" else list(row))
        for t, label in enumerate(rows[-1]):
            _check_label(label, j, t)
    labels = [label for row in rows for label in row]
    return _typed_exactly(labels), np.array([len(row) for row in rows])


def _check_label(label, j, t):
    try:
        hash(label)
    except TypeError as error:
        what = f"a {type(label).__name__}"
        raise ValueError(f"y has {what} for sequence {j}, step {t}, but one hashable label is wanted.") from error
    same = label == label  # of NaN and NaT False; of pandas.NA neither that nor True
    if label is None or not isinstance(same, bool | np.bool_) or not same:
        raise ValueError(f"Input y contains {label}, for sequence {j}, step {t}.")


def _typed_exactly(labels):
    """An array of the type that labels have in common, if each is found again in it; else of objects."""
    if labels and all(isinstance(label, str | Number | np.datetime64 | np.timedelta64) for label in labels):
        array = typed(object_array(labels))
        if array.dtype.kind in "mM" or array.tolist() == labels:
            return array
    return object_array(labels)


def classes_of(labels):
    """Each label once, in ascending order; if they have none, by their types and texts."""
    if labels.dtype != object:
        return np.unique(labels)
    different = set(labels)
    try:
        if not any(isinstance(label, frozenset) for label in different):  # whose < is no order
            return object_array(sorted(different))
    except TypeError:
        pass
    return object_array(sorted(different, key=lambda label: (type(label).__name__, _text(label))))


def _text(label):
    """The same in every process: a set has no order of its own."""
    return repr(sorted(map(repr, label)) if isinstance(label, frozenset) else label)


def codes_of(labels, classes):
    """The index of each label among the classes; -1 if it is none of them."""
    index = {label: code for code, label in enumerate(classes.tolist())}
    if labels.dtype.kind in "mM" and labels.dtype.kind == classes.dtype.kind:
        labels = labels.astype(classes.dtype)  # of one unit
    return np.array([index.get(label, -1) for label in labels.tolist()], np.int64)
