"""Blocks beside the recurrence: ``y, back = block(…)``; `back` adds to the gradients of weights."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array


def equal_parts(array, n, axis=0):
    """Views of `n` equally large parts along an axis, as of `numpy.split`, which takes ten times as long."""
    size = array.shape[axis] // n
    parts = [slice(k * size, k * size + size) for k in range(n)]
    return [array[part] if axis == 0 else array[:, part] for part in parts]


def dense(V, x):
    """V · [x; 1] for columns x (P, N), V (K, P + 1)."""

    def back(dV, dy):
        dV[:, :-1] += dy @ x.T
        dV[:, -1] += dy.sum(axis=1)
        return V[:, :-1].T @ dy

    return V[:, :-1] @ x + V[:, -1:], back


def project(V, x):
    """[x 1] · Vᵀ for rows x (S, P): `dense`, transposed."""

    def back(dV, dy):
        dV[:, :-1] += dy.T @ x
        dV[:, -1] += dy.sum(axis=0)
        return dy @ V[:, :-1]

    return x @ V[:, :-1].T + V[:, -1], back


def modulate(G, x, static):
    """x * (1 + G · static) for columns x (P, N), G (P, k), static (k, N).

    How much a unit counts depends on the static values of the sequence, as in feature-wise linear
    modulation. With G = 0 all count as they are.

    References: Perez, E., Strub, F., de Vries, H., Dumoulin, V. & Courville, A. (2018). FiLM: visual
    reasoning with a general conditioning layer. AAAI.
    """
    factor = 1 + G @ static

    def back(dG, dy):
        dG += (dy * x) @ static.T
        return dy * factor

    return x * factor, back


def embed(E, tokens, out):
    """The rows of the table E (V, k) for `tokens` (S,), written to `out` (S, k)."""
    # Tokens are in range, so "clip" changes none; the default mode would take a second buffer.
    np.take(E, tokens, axis=0, out=out, mode="clip")

    def back(dE, d):
        # The gradients of equal tokens add up, so this is a product with a sparse matrix of ones.
        n = len(tokens)
        one_hot = csc_array((np.ones(n, d.dtype), tokens, np.arange(n + 1)), (len(E), n))
        dE += one_hot @ d

    return out, back


def embed_columns(tables, values, out):
    """Numbers, and beside them the vector of each category, written to `out`.

    tables : embedding tables (V, k)
    values (S, F) : numbers, then for each table the number of a row
    """
    n_numbers = values.shape[1] - len(tables)
    out[:, :n_numbers] = values[:, :n_numbers]
    numbers = [column.astype(np.intp) for column in values[:, n_numbers:].T]
    parts = []
    start = n_numbers
    for E, rows in zip(tables, numbers, strict=True):
        part = slice(start, start + E.shape[1])
        out[:, part] = E[rows]
        parts.append(part)
        start = part.stop

    def back(d_tables, d):
        for dE, rows, part in zip(d_tables, numbers, parts, strict=True):
            n = len(rows)
            one_hot = csc_array((np.ones(n, d.dtype), rows, np.arange(n + 1)), (len(dE), n))
            dE += one_hot @ d[:, part]

    return out, back


def dropout_mask(rng, n, p, H, *, dtype):
    """(H, n): 0 with probability p, else 1 / (1 - p), so that the mean is 1.

    None if there is nothing to drop.
    A sequence has the same mask at all of its steps, as Gal & Ghahramani have it.

    References: Srivastava, N. et al. (2014). Dropout: a simple way to prevent neural networks from
    overfitting. JMLR. Gal, Y. & Ghahramani, Z. (2016). A theoretically grounded application of
    dropout in recurrent neural networks. NIPS.
    """
    if rng is None or not p:
        return None
    # float32 in any case: a network draws the same masks in both precisions.
    return (rng.random((H, n), np.float32) >= p).astype(dtype) / np.array(1 - p, dtype)


def dropout(mask, x):
    """``mask * x``; x itself if there is no mask."""
    if mask is None:
        return x, lambda dy: dy
    return x * mask, lambda dy: dy * mask
