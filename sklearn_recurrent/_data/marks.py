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


def mark_of(array):
    """The mark of an array; None if it has none, or is no array."""
    metadata = getattr(getattr(array, "dtype", None), "metadata", None)
    return metadata.get(KEY) if metadata else None


def mark_of_input(X):
    """The mark of an array, or of the first sequence in a container; None if there is none."""
    if isinstance(X, np.ndarray) and X.dtype != object:
        return mark_of(X)
    if isinstance(X, list | tuple):
        first = X[0] if X else None
    elif isinstance(X, np.ndarray):
        first = X.flat[0] if X.size else None
    elif hasattr(X, "iloc") and hasattr(X, "to_numpy") and 0 not in X.shape:  # pandas; the shape of Dask is lazy
        first = X.iloc[0] if len(X.shape) == 1 else X.iloc[0, 0]
    else:
        first = None
    return mark_of(first)
