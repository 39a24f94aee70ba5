"""Attention between two sequences: at each step of one, a weighted mean of the states of the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .layers import project

ROOM = 1 << 18
"""Numbers of an array over (sequences, output steps, input steps, units) that are worked on at once."""


class Additive:
    """e_tj = v · tanh(Q [h_t; 1] + K s_j).

    References: Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly learning to align and
    translate. ICLR.
    """

    @staticmethod
    def shapes(H, P):
        """Name → shape: of arrays whose last column multiplies 1, and of others."""
        return {"attention/Q": (H, H + 1)}, {"attention/K": (H, P), "attention/v": (1, H)}

    @staticmethod
    def keys(W, S):
        """What the states S (S_in, P) are to the queries."""
        K = W["attention/K"]

        def back(dW, dk):
            dW["attention/K"] += dk.T @ S
            return dk @ K

        return S @ K.T, back

    @staticmethod
    def energies(W, q, k, scratch):
        """(g, T, J) for queries (g, T, A) and keys (g, J, A)."""
        e = np.empty((*q.shape[:2], k.shape[1]), q.dtype)
        for steps, u in Additive._tanh(q, k, scratch):
            e[:, steps] = u @ W["attention/v"][0]
        return e

    @staticmethod
    def back(W, dW, q, k, de, scratch):
        """The gradients with respect to q and k; `de` sums to 0 over J, as behind a softmax."""
        v, dq, dk = W["attention/v"][0], np.empty_like(q), de.sum(axis=1)[..., None] * np.ones_like(k)
        for steps, u in Additive._tanh(q, k, scratch):
            d = de[:, steps]
            dW["attention/v"] += d.ravel() @ u.reshape(-1, len(v))
            np.multiply(u, u, u)  # what is summed is (1 - u²) de, of which Σ_j de is 0
            dq[:, steps] = -(d[:, :, None] @ u)[:, :, 0]
            dk -= (d.swapaxes(1, 2)[:, :, None] @ u.swapaxes(1, 2))[:, :, 0]
        return dq * v, dk * v

    @staticmethod
    def _tanh(q, k, scratch):
        """tanh(q_t + k_j), (g, t, J, A), for as many steps t at once as there is `ROOM` for: the steps, and that."""
        (g, T, _), (_, J, A) = q.shape, k.shape
        n = max(1, ROOM // (g * J * A))
        for t in range(0, T, n):
            steps = slice(t, min(t + n, T))
            u = scratch("energies", g, steps.stop - t, J, A)
            np.add(q[:, steps, None], k[:, None], u)
            yield steps, np.tanh(u, u)


class Dot:
    """e_tj = (Q [h_t; 1]) · s_j.

    References: Luong, M.-T., Pham, H. & Manning, C. D. (2015). Effective approaches to attention-based neural machine
    translation. EMNLP; their score "general", since an encoder of two directions has other states than its decoder.
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
    """Some sequences: which rows of the states (g, J) and of the queries (g, T) are theirs.

    Where one has ended, its last row comes once more, and `padding_in`, `padding_out` are True; None if all are as
    long: as `padded` has it.
    """

    rows_in: np.ndarray
    padding_in: np.ndarray | None
    rows_out: np.ndarray
    padding_out: np.ndarray | None

    @classmethod
    def of(cls, starts_in, lengths_in, starts_out, lengths_out):
        return cls(*padded(starts_in, lengths_in), *padded(starts_out, lengths_out))


def padded(starts, lengths):
    """Which rows belong to each sequence (g, T), and where they are its last one once more."""
    t, longest = np.arange(lengths.max()), lengths[:, None] - 1
    return starts[:, None] + np.minimum(t, longest), None if (lengths == len(t)).all() else t > longest


def groups(starts_in, lengths_in, starts_out, lengths_out, units):
    """Neighbouring sequences, as many at once as there is `ROOM` for."""
    first, n = 0, len(lengths_in)
    while first < n:
        sizes = np.maximum.accumulate(lengths_in[first:]) * np.maximum.accumulate(lengths_out[first:])
        fit = np.arange(1, n - first + 1) * sizes * units <= ROOM
        stop = n if fit.all() else first + max(1, int(fit.argmin()))
        here = slice(first, stop)
        yield Group.of(starts_in[here], lengths_in[here], starts_out[here], lengths_out[here])
        first = stop


def look(score, W, q, k, s, padding, scratch):
    """The weights (g, T, J) with which queries look at keys, 0 where `padding` (g, J); and the means of s (g, J, P)."""
    a = softmax(score.energies(W, q, k, scratch), padding)
    return a, a @ s


def softmax(e, padding):
    """Over the last axis of e (g, T, J), in place; 0 where `padding` (g, J)."""
    if padding is not None:
        e += np.where(padding, -np.inf, 0)[:, None].astype(e.dtype)
    e -= e.max(axis=2, keepdims=True)
    np.exp(e, e)
    e /= e.sum(axis=2, keepdims=True)
    return e


def attend(score, W, S, H, pairs, scratch):
    """A mean of the states S (S_in, P) for each of the queries H (S_out, H), over the sequence that is its own.

    Returns the means (S_out, P); for each `Group` of `pairs` the weights (g, T, J); and ``back(dW, d) -> dS, dH``.
    """
    keys, keys_back = score.keys(W, S)
    queries, queries_back = project(W["attention/Q"], H)
    means, weights = np.empty((len(H), S.shape[1]), S.dtype), []
    for group in pairs:
        q, k, s = queries[group.rows_out], keys[group.rows_in], S[group.rows_in]
        a, means[group.rows_out] = look(
            score, W, q, k, s, group.padding_in, scratch
        )  # the padding write the same again
        weights.append(a)

    def back(dW, d):
        dS, dkeys, dqueries = np.zeros_like(S), np.zeros_like(keys), np.zeros_like(queries)
        for group, a in zip(pairs, weights, strict=True):
            q, k, dm = queries[group.rows_out], keys[group.rows_in], d[group.rows_out]
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

    return means, weights, back


def _add(total, d, rows, padding):
    """Add (g, T, P) to the rows of `total`, which are each once among the valid."""
    if padding is None:
        total[rows] += d
    else:
        valid = ~padding
        total[rows[valid]] += d[valid]
