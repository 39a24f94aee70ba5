"""Attention of a decoder to the states of an encoder: at each step of one sequence, a weighted mean over another.

The weights are a softmax over energies, one for each state of the encoder. A class in `SCORES` computes the energies
from queries, which are linear in the states of the decoder, and from keys, which are linear in those of the encoder.
The weighted mean is called the context.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .layers import project

ROOM = 1 << 18
"""Maximum number of values of an array over (sequences, output steps, input steps, units)."""
# Such an array is the product of four sizes and may not fit in memory. Pieces of this size stay in the CPU cache.


class Additive:
    """e_tj = v · tanh(Q [h_t; 1] + K s_j).

    References: Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly learning to align and
    translate. ICLR.
    """

    @staticmethod
    def shapes(H, P):
        """Name → shape of the weights with a bias column, and of those without; H and P are sizes of states."""
        return {"attention/Q": (H, H + 1)}, {"attention/K": (H, P), "attention/v": (1, H)}

    @staticmethod
    def keys(W, S):
        """The keys of the states S (S_in, P), and ``back(dW, dk) -> dS``."""
        K = W["attention/K"]

        def back(dW, dk):
            dW["attention/K"] += dk.T @ S
            return dk @ K

        return S @ K.T, back

    @staticmethod
    def energies(W, q, k, scratch):
        """(g, T, J), of queries (g, T, A) and keys (g, J, A)."""
        e = np.empty((*q.shape[:2], k.shape[1]), q.dtype)
        for steps, u in Additive._tanh(q, k, scratch):
            e[:, steps] = u @ W["attention/v"][0]
        return e

    @staticmethod
    def back(W, dW, q, k, de, scratch):
        """The gradients with respect to q and k. `de` must sum to 0 over J, as the gradient of a softmax does."""
        # The gradient is Σ (1 - u²) de = Σ de - Σ u² de. The first term is 0 in the sum over J, for dq, and a sum
        # without tanh in the one over T, for dk: only u² is needed, which takes no further array.
        v = W["attention/v"][0]
        dq = np.empty_like(q)
        dk = de.sum(axis=1)[..., None] * np.ones_like(k)
        for steps, u in Additive._tanh(q, k, scratch):
            d = de[:, steps]
            dW["attention/v"] += d.ravel() @ u.reshape(-1, len(v))
            np.multiply(u, u, u)
            dq[:, steps] = -(d[:, :, None] @ u)[:, :, 0]
            dk -= (d.swapaxes(1, 2)[:, :, None] @ u.swapaxes(1, 2))[:, :, 0]
        return dq * v, dk * v

    @staticmethod
    def _tanh(q, k, scratch):
        """Yield slices of the output steps t, and u = tanh(q_t + k_j), (g, t, J, A), of at most `ROOM` values."""
        g, T, _ = q.shape
        _, J, A = k.shape
        n = max(1, ROOM // (g * J * A))
        for t in range(0, T, n):
            steps = slice(t, min(t + n, T))
            u = scratch("energies", g, steps.stop - t, J, A)
            np.add(q[:, steps, None], k[:, None], u)
            yield steps, np.tanh(u, u)


class Dot:
    """e_tj = (Q [h_t; 1]) · s_j.

    This is the score "general" of the paper: its "dot", without Q, requires states of one size, but an encoder of two
    directions has wider states than its decoder.

    References: Luong, M.-T., Pham, H. & Manning, C. D. (2015). Effective approaches to attention-based neural machine
    translation. EMNLP.
    """

    @staticmethod
    def shapes(H, P):
        return {"attention/Q": (P, H + 1)}, {}

    @staticmethod
    def keys(W, S):
        return S, lambda dW, dk: dk

    @staticmethod
    def energies(W, q, k, scratch):
        return q @ k.swapaxes(1, 2)

    @staticmethod
    def back(W, dW, q, k, de, scratch):
        return de @ k, de.swapaxes(1, 2) @ q


SCORES = {"additive": Additive, "dot": Dot}


class Group(NamedTuple):
    """Sequences whose attention is computed together, as padded arrays.

    rows_in (g, J), rows_out (g, T) : rows of the states of the encoder, and of the decoder, that belong to them
    padding_in, padding_out : True where a sequence has ended; None if all have one length
    """

    rows_in: np.ndarray
    padding_in: np.ndarray | None
    rows_out: np.ndarray
    padding_out: np.ndarray | None

    @classmethod
    def of(cls, starts_in, lengths_in, starts_out, lengths_out):
        return cls(*padded_rows(starts_in, lengths_in), *padded_rows(starts_out, lengths_out))


def padded_rows(starts, lengths):
    """The rows of each sequence (g, T), and where they are padding, which repeats its last row; None for no padding."""
    t = np.arange(lengths.max())
    last = lengths[:, None] - 1
    padding = None if (lengths == len(t)).all() else t > last
    return starts[:, None] + np.minimum(t, last), padding


def padded_groups(starts_in, lengths_in, starts_out, lengths_out, units):
    """Yield a `Group` for as many sequences in a row as there is `ROOM` for, and so on."""
    first = 0
    n = len(lengths_in)
    while first < n:
        longest_in = np.maximum.accumulate(lengths_in[first:])
        longest_out = np.maximum.accumulate(lengths_out[first:])
        fits = np.arange(1, n - first + 1) * (longest_in * longest_out) * units <= ROOM
        stop = n
        if not fits.all():
            stop = first + max(1, int(fits.argmin()))
        rows = slice(first, stop)
        yield Group.of(starts_in[rows], lengths_in[rows], starts_out[rows], lengths_out[rows])
        first = stop


def weights_and_context(score, W, q, k, s, padding, scratch):
    """The weights (g, T, J) of queries for keys, 0 where `padding` (g, J); and the weighted means of s, (g, T, P)."""
    a = softmax(score.energies(W, q, k, scratch), padding)
    return a, a @ s


def softmax(e, padding):
    """The softmax over the last axis of e (g, T, J), in place. It is 0 where `padding` (g, J)."""
    if padding is not None:
        e += np.where(padding, -np.inf, 0)[:, None].astype(e.dtype)
    # The maximum cancels out, and without it the exponential may overflow.
    e -= e.max(axis=2, keepdims=True)
    np.exp(e, e)
    e /= e.sum(axis=2, keepdims=True)
    return e


def attend(score, W, S, H, groups, scratch):
    """Attend from each state of the decoder, H (S_out, H), to the states S (S_in, P) of its own sequence.

    Return the contexts (S_out, P); the weights (g, T, J) of each `Group` in `groups`; and ``back(dW, d) -> dS, dH``.
    """
    keys, keys_back = score.keys(W, S)
    queries, queries_back = project(W["attention/Q"], H)
    contexts = np.empty((len(H), S.shape[1]), S.dtype)
    weights = []
    for group in groups:
        q = queries[group.rows_out]
        k = keys[group.rows_in]
        s = S[group.rows_in]
        # Padding repeats the last row of a sequence, to which it writes the same values again.
        a, contexts[group.rows_out] = weights_and_context(score, W, q, k, s, group.padding_in, scratch)
        weights.append(a)

    def back(dW, d):
        dS = np.zeros_like(S)
        dkeys = np.zeros_like(keys)
        dqueries = np.zeros_like(queries)
        for group, a in zip(groups, weights, strict=True):
            q = queries[group.rows_out]
            k = keys[group.rows_in]
            dm = d[group.rows_out]
            if group.padding_out is not None:
                dm[group.padding_out] = 0
            da = dm @ S[group.rows_in].swapaxes(1, 2)
            de = a * (da - (a * da).sum(axis=2, keepdims=True))
            dq, dk = score.back(W, dW, q, k, de, scratch)
            _add(dqueries, dq, group.rows_out, group.padding_out)
            _add(dkeys, dk, group.rows_in, group.padding_in)
            _add(dS, a.swapaxes(1, 2) @ dm, group.rows_in, group.padding_in)
        dS += keys_back(dW, dkeys)
        return dS, queries_back(dW["attention/Q"], dqueries)

    return contexts, weights, back


def _add(total, d, rows, padding):
    """Add d (g, T, P) to the rows of `total`."""
    if padding is None:
        total[rows] += d
    else:
        # Without padding each row occurs once. An indexed += adds to a repeated row only once.
        valid = ~padding
        total[rows[valid]] += d[valid]
