"""Blocks beside the recurrence: ``y, back = block(…)``; ``back`` adds to the gradients of the weights it is given."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array


def dense(V, x):
    """V · [x; 1] for columns x (P, N), V (K, P + 1)."""

    def back(dV, dy):
        dV[:, :-1] += dy @ x.T
        dV[:, -1] += dy.sum(axis=1)
        return V[:, :-1].T @ dy

    return V[:, :-1] @ x + V[:, -1:], back


def project(V, x):
    """[x 1] · Vᵀ: what `dense` is for columns, for rows x (S, P)."""

    def back(dV, dy):
        dV[:, :-1] += dy.T @ x
        dV[:, -1] += dy.sum(axis=0)
        return dy @ V[:, :-1]

    return x @ V[:, :-1].T + V[:, -1], back


def embed(E, tokens, out):
    """The rows of the table E (V, k) that `tokens` (S,) name, in `out` (S, k).

    The gradient of the table is a product with the sparse matrix of who is where: it costs what the tokens cost.
    """
    np.take(E, tokens, axis=0, out=out, mode="clip")  # the mode that needs no second buffer

    def back(dE, d):
        dE += csc_array((np.ones(len(tokens), d.dtype), tokens, np.arange(len(tokens) + 1)), (len(E), len(tokens))) @ d

    return out, back


def dropout_mask(rng, n, p, H, *, dtype):
    """(H, n): 0 with probability p, else 1 / (1 - p), so that the mean is 1; None where there is nothing to drop.

    A sequence has the same mask at each of its steps, as Gal & Ghahramani have it.

    References: Srivastava, N. et al. (2014). Dropout: a simple way to prevent neural networks from overfitting. JMLR.
    Gal, Y. & Ghahramani, Z. (2016). A theoretically grounded application of dropout in recurrent neural networks. NIPS.
    """
    if rng is None or not p:
        return None
    return (rng.random((H, n), np.float32) >= p).astype(dtype) / np.array(1 - p, dtype)


def dropout(mask, x):
    """``mask * x``; x itself if there is no mask."""
    return (x, lambda dy: dy) if mask is None else (x * mask, lambda dy: dy * mask)
