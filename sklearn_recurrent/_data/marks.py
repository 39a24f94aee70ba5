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
    return array.view(np.dtype(array.dtype, metadata={KEY: mark}))


def mark_of(array):
    """The mark of an array; None if it has none, or is no array."""
    metadata = getattr(getattr(array, "dtype", None), "metadata", None)
    return metadata.get(KEY) if metadata else None
