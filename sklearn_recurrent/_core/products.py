"""The product of weights with what enters a step, in blocks of rows where BLAS is faster with less at once."""

from __future__ import annotations

import os
from functools import cache

from .threads import blas_architectures

SMALL = 1_000_000
"""Multiplications of a product for which OpenBLAS takes kernels that do not copy the matrices first."""

WITH_SMALL_KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}
"""Architectures, as OpenBLAS calls them, for which it has such kernels."""

COLUMNS = 16
"""The number of columns must be a multiple of this, or blocks would round otherwise than the whole."""

LONGEST_SUM = 256
"""Numbers that are summed at most, for the same reason: these kernels add longer sums up at once, others in parts."""

FEWEST_ROWS = 64
"""Rows of a block, below which it costs more than it gains."""


def product(W, columns):
    """``product(u, out)``, which writes W · u to `out`, for u with this shape behind its rows: () or (n,).

    The bits are those of ``np.dot``.
    """
    # W.dot costs less than np.dot, which looks for arrays of other libraries first.
    if not columns or W.size * columns[0] <= SMALL:
        return W.dot
    size = _rows_at_once(*W.shape, columns[0], W.itemsize)
    if size >= len(W):
        return W.dot
    blocks = [slice(start, start + size) for start in range(0, len(W), size)]
    blocks = [(rows, W[rows].dot) for rows in blocks]

    def product_in_blocks(u, out):
        for rows, dot in blocks:
            dot(u, out[rows])

    return product_in_blocks


def _rows_at_once(m, k, n, itemsize):
    """Rows of an (m, k) matrix to multiply with n columns at once; m if it gains nothing to divide them."""
    per_row = k * n
    fits = k <= LONGEST_SUM and n % COLUMNS == 0 and itemsize * per_row <= _first_level_cache()
    if not (fits and blas_architectures() <= WITH_SMALL_KERNELS):
        return m
    most = SMALL // per_row
    if most < FEWEST_ROWS:
        return m
    n_blocks = -(-m // most)
    return min(most // 16 * 16, -(-m // (16 * n_blocks)) * 16)  # blocks of about equal size


@cache
def _first_level_cache():
    """Bytes of the processor's first-level cache; 32 KB if the system does not tell."""
    try:
        size = os.sysconf("SC_LEVEL1_DCACHE_SIZE")
    except (AttributeError, OSError, ValueError):
        size = 0
    return size if size > 0 else 1 << 15
