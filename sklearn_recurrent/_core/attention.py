"""Attention pooling: a mean of the states of a sequence, with weights that depend on them."""

from __future__ import annotations

import numpy as np

from .unroll import Reader


class Attention:
    """Additive attention with a learned query: Σ a_t h_t, a being the softmax of v · tanh(A [h_t; 1]) over a sequence.

    A (Q, P + 1), v (1, Q), where h is the states of all `directions` side by side, P in all. Its `readers`, one for
    each direction, see these; ``outputs()`` (P, N) then, and `weights` (S,), the a of each step; and after ``back(dA,
    dv, d)`` the readers give the gradient with respect to the states.

    References: Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly learning to align and
    translate. ICLR; here with one query, which is part of A and v, in place of the decoder's state.
    """

    def __init__(self, A, v, directions, plan, scratch):
        self.v, self.plan = v, plan
        self.u = scratch("attention", plan.offsets[-1], len(v[0]))
        self.u[...] = A[:, -1]
        parts = np.split(A[:, :-1], len(directions), axis=1)
        self.readers = [
            _Attended(part, self.u, plan, reverse, scratch, k)
            for k, (part, reverse) in enumerate(zip(parts, directions, strict=True))
        ]

    def outputs(self):
        starts, lengths = self.plan.offsets[:-1], self.plan.lengths
        np.tanh(self.u, self.u)
        a = self.u @ self.v[0]
        a -= np.repeat(np.maximum.reduceat(a, starts), lengths)
        np.exp(a, a)
        a /= np.repeat(np.add.reduceat(a, starts), lengths)
        self.weights = a
        return np.concatenate([reader.summary(a) for reader in self.readers])

    def back(self, dA, dv, d):
        shares, a, u = np.split(d, len(self.readers)), self.weights, self.u
        da = np.zeros_like(a)
        for reader, share in zip(self.readers, shares, strict=True):
            reader.back_to_weights(share, da)
        starts, lengths = self.plan.offsets[:-1], self.plan.lengths
        da -= np.repeat(np.add.reduceat(a * da, starts), lengths)
        da *= a
        dv += da @ u
        du = np.multiply(u, u, u)
        np.subtract(1, du, du)
        du *= da[:, None]
        du *= self.v
        dA[:, -1] += du.sum(axis=0)
        for reader, part in zip(self.readers, np.split(dA[:, :-1], len(self.readers), axis=1), strict=True):
            reader.du, reader.dA = du, part


class _Attended(Reader):
    """The share of one direction: it keeps the states, since their weights are known only after the last."""

    def __init__(self, A, u, plan, reverse, scratch, key):
        self.A, self.u, self.plan, self.reverse, self.scratch, self.key = A, u, plan, reverse, scratch, key
        self.states, self.du = {}, None

    def see(self, run, h, frames):
        states = self.states[run.start] = self.scratch(("attended", self.key, run.start), *h.shape)
        np.copyto(states, h)
        self.plan.put(self.A @ states, run, self.reverse, self.u, add=True)

    def summary(self, a):
        self.a = a
        pooled = np.zeros((self.A.shape[1], len(self.plan.lengths)), a.dtype)
        for run in self.plan.runs:
            pooled[:, : run.width] += np.einsum("thn,tn->hn", self.states[run.start], self._of(a[:, None], run)[:, 0])
        return pooled

    def back_to_weights(self, d, da):
        self.d = d
        for run in self.plan.runs:
            share = np.einsum("thn,hn->tn", self.states[run.start], d[:, : run.width])
            self.plan.put(share[:, None], run, self.reverse, da[:, None], add=True)

    def slope(self, run, h):
        du, a = self._of(self.du, run), self._of(self.a[:, None], run)
        self.dA += np.matmul(du, h.swapaxes(1, 2)).sum(axis=0)
        dY = np.matmul(self.A.T, du, out=self.scratch("d_attended", *h.shape))
        dY += np.multiply(a, self.d[:, : run.width], self.scratch("pooled", *h.shape))
        return dY

    def _of(self, values, run):
        """Of each step and sequence of a run; C-contiguous, or einsum takes ten times as long."""
        return np.ascontiguousarray(self.plan.gather_living(values, run, self.reverse))
