"""Marks on arrays: what a transformer of this package made says so, wherever it goes.

A mark is metadata of the dtype. It changes no value, no operation and no comparison of dtypes. It survives slices,
copies, `np.asarray`, pickles, scikit-learn's splitters and other processes. What makes values of another kind, such as
`astype`, `np.concatenate` or a division, drops it: then an array is like any other.
"""

from __future__ import annotations

import numpy as np

KEY = "sklearn_recurrent"
TOKENS = "tokens"
"""The mark of ids that `SequenceTokenizer` made."""
TRANSFORMED = "transformed"
"""The mark of what another transformer of this package returned."""


def marked(array, mark):
    """A view of `array` that carries `mark`."""
    dtype = array.dtype
    if dtype.metadata:
        dtype = np.dtype(dtype.str)  # or an earlier mark would stay
    return array.view(np.dtype(dtype, metadata={KEY: mark}))


def marked_frame(frame, mark):
    """A frame of pandas with the same values that carries `mark`; frames of other libraries, unchanged, cannot."""
    if not hasattr(frame, "attrs"):
        return frame
    frame = frame.copy(deep=False)
    frame.attrs = {**frame.attrs, KEY: mark}
    return frame


def mark_of(x):
    """The mark of an array or a frame; None if it has none, or is neither."""
    metadata = getattr(getattr(x, "dtype", None), "metadata", None)
    if metadata:
        return metadata.get(KEY)
    attrs = getattr(x, "attrs", None)
    return attrs.get(KEY) if isinstance(attrs, dict) else None


def mark_of_input(X):
    """The mark of an array, of a container, or of the first sequence in it, in whatever column; None if there is none.

    If columns differ, tokens count: whoever reads these as quantities reads them wrongly beside whatever else.
    """
    if isinstance(X, np.ndarray) and (X.dtype != object or mark_of(X) is not None):
        return mark_of(X)
    marks = [mark for mark in map(mark_of, _first_sequences(X)) if mark is not None]
    return TOKENS if TOKENS in marks else next(iter(marks), None)


def _first_sequences(X):
    """The first sequence in each column that may hold some."""
    if isinstance(X, list | tuple):
        return X[:1]
    if isinstance(X, np.ndarray):
        return X[:1].ravel()
    if not hasattr(X, "iloc") or not hasattr(X, "to_numpy") or 0 in X.shape:  # no pandas; the shape of Dask is lazy
        return []
    if len(X.shape) == 1:
        return [X.iloc[0]]
    return [X.iloc[0, j] for j, dtype in enumerate(X.dtypes) if getattr(dtype, "kind", "O") == "O"]
