"""One form for all training sets that mean the same."""

from __future__ import annotations

import hashlib

import numpy as np


def canonical(X, y, weight):
    """Merge equal sequences with equal targets, adding their weights, and sort the rest; so that weight 2 is a sequence
    given twice, and the order of the sequences is none, down to the last bit.

    Training amplifies the rounding of one sum in another order to any size, so this comes before all arithmetic.

    X : Ragged; y (N, …), C-contiguous; weight (N,), all positive
    Returns the rows to keep, sorted by a 128-bit hash of (X, y), and their weights.
    """
    values, targets = X.map(lambda v: v + 0.0), y + 0  # -0.0 and 0.0 are one
    keys = np.empty((len(X), 2), np.uint64)
    for key, x, target in zip(keys, values, targets, strict=True):
        digest = hashlib.blake2b(x.tobytes(), digest_size=16)
        digest.update(target.tobytes())
        key[:] = np.frombuffer(digest.digest(), np.uint64)
    order = np.lexsort((weight, keys[:, 1], keys[:, 0]))  # by weight last: the sum of equals has one order, too
    new = np.ones(len(order), bool)
    new[1:] = (keys[order[1:]] != keys[order[:-1]]).any(axis=1)
    starts = np.flatnonzero(new)
    return order[starts], np.add.reduceat(weight[order], starts)
