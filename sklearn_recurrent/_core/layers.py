"""Blocks beside the recurrence: ``y, back = block(…)``; ``back`` adds to the gradients of the weights it is given."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array, csr_array


def dense(V, x):
    """V · [x; 1] for columns x (P, N), V (K, P + 1)."""

    def back(dV, dy):
        dV[:, :-1] += dy @ x.T
        dV[:, -1] += dy.sum(axis=1)
        return V[:, :-1].T @ dy

    return V[:, :-1] @ x + V[:, -1:], back


def embed(E, tokens, out):
    """The rows of the table E (V, k) that `tokens` (S,) name, in `out` (S, k).

    The gradient of the table is a product with the sparse matrix of who is where: it costs what the tokens cost.
    """
    np.take(E, tokens, axis=0, out=out, mode="clip")  # the mode that needs no second buffer

    def back(dE, d):
        dE += csc_array((np.ones(len(tokens), d.dtype), tokens, np.arange(len(tokens) + 1)), (len(E), len(tokens))) @ d

    return out, back


def attend(A, v, states, offsets, scratch):
    """Additive attention with a learned query: Σ a_t h_t, a being the softmax of v · tanh(A [h_t; 1]) over a sequence.

    A (Q, P + 1), v (1, Q), states h (S, P), `offsets` where each of N sequences begins and ends in them. Returns
    (P, N), ``back(dA, dv, d) -> d_states`` and the attention a (S,).

    References: Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly learning to align and
    translate. ICLR; here with one query, which is part of v and A, in place of the decoder's state.
    """
    starts, lengths = offsets[:-1], np.diff(offsets)
    u = states @ A[:, :-1].T
    u += A[:, -1]
    np.tanh(u, u)
    a = u @ v[0]
    a -= np.repeat(np.maximum.reduceat(a, starts), lengths)
    np.exp(a, a)
    a /= np.repeat(np.add.reduceat(a, starts), lengths)
    pool = csr_array((a, np.arange(len(a)), offsets), (len(lengths), len(a)))

    def back(dA, dv, d):
        of = np.repeat(np.arange(len(lengths)), lengths)
        d_states = np.take(np.ascontiguousarray(d.T), of, axis=0, out=scratch("d_states", *states.shape), mode="clip")
        da = np.einsum("sp,sp->s", states, d_states)
        d_states *= a[:, None]
        da -= np.add.reduceat(a * da, starts)[of]
        da *= a
        dv += da @ u
        du = np.multiply(u, u, u)
        np.subtract(1, du, du)
        du *= da[:, None]
        du *= v
        dA[:, :-1] += du.T @ states
        dA[:, -1] += du.sum(axis=0)
        d_states += np.matmul(du, A[:, :-1], out=scratch("d_scores", *states.shape))
        return d_states

    return (pool @ states).T, back, a


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
