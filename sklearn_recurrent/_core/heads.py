"""What stands on the recurrent layers: from the states of the top layer to raw outputs.

A head hands one observer per direction to `unroll`. Then ``outputs(lasts)`` makes the raw outputs, one column each, of
the states that leave the sequences; and ``back(dW, d_raw)`` the gradients with respect to these, one or None for each
direction, while the observers give those with respect to the states of every step. `ends` is the part of the state of a
stream that is the head's.
"""

from __future__ import annotations

import numpy as np

from .layers import dense, dropout
from .unroll import StateObserver

POOLINGS = ("last", "mean", "max", "attention")


class PooledHead:
    """One output per sequence: states pooled over the steps, then a dense layer.

    W : weights by name
    kinds : of `POOLINGS`, concatenated: for each direction the last state, the mean, the maximum; then attention
    initial_state : what `Pool` has seen before, by name, if these sequences go on
    """

    def __init__(self, W, kinds, directions, packed, scratch, H, *, mask=None, initial_state=None):
        self.W, self.mask, self.attention = W, mask, None
        plain = tuple(kind for kind in kinds if kind != "attention")
        self.pools = [Pool(plain, packed, scratch.child(("pool", k)), H, initial_state) for k in range(len(directions))]
        if "attention" in kinds:
            self.attention = Attention(
                W["attention/A"], W["attention/v"], directions, packed, scratch.child("attention")
            )

    @property
    def ends(self):
        return self.pools[0].ends

    def observers(self, direction):
        return [self.pools[direction], *([self.attention.observers[direction]] if self.attention else [])]

    def outputs(self, lasts):
        pooled = [pool.outputs(last) for pool, last in zip(self.pools, lasts, strict=True)]
        if self.attention:
            pooled.append(self.attention.outputs())
        x, self._dropout_back = dropout(self.mask, np.concatenate(pooled))
        raw, self._dense_back = dense(self.W["head/V"], x)
        return raw

    def back(self, dW, d_raw):
        d = self._dropout_back(self._dense_back(dW["head/V"], d_raw))
        if self.attention:
            width = self.W["attention/A"].shape[1] - 1
            d, d_summary = d[:-width], d[-width:]
            self.attention.back(dW["attention/A"], dW["attention/v"], d_summary)
        return [pool.back(share) for pool, share in zip(self.pools, np.split(d, len(self.pools)), strict=True)]


class Pool(StateObserver):
    """Summarizes the states of each sequence by its last, its mean, its maximum over the steps it lives.

    Where several steps share a maximum, they share its gradient.
    """

    def __init__(self, kinds, packed, scratch, H, initial_state=None):
        self.kinds, self.packed, self.scratch, n = kinds, packed, scratch, len(packed.lengths)
        self.total = (
            np.zeros((H, n)) if initial_state is None else initial_state["total"].copy()
        )  # float64: a stream may be long
        self.top = np.full((H, n), -np.inf, scratch.dtype) if initial_state is None else initial_state["top"].copy()
        self.steps = packed.lengths + (0 if initial_state is None else initial_state["steps"])
        self.ties = np.zeros((H, n), scratch.dtype)

    def on_states(self, chunk, h, frames):
        n, valid_mask = chunk.width, self._where_valid(chunk, 0, 1)
        if "mean" in self.kinds:
            valid = h if valid_mask is None else np.multiply(h, valid_mask, self.scratch("pooled", *h.shape))
            self.total[:, :n] += valid.sum(axis=0)
        if "max" in self.kinds:
            h = (
                h
                if valid_mask is None
                else np.add(h, self._where_valid(chunk, -np.inf, 0), self.scratch("pooled", *h.shape))
            )
            highest, top, ties = h.max(axis=0), self.top[:, :n], self.ties[:, :n]
            count = (h == highest).sum(axis=0, dtype=ties.dtype)
            ties[...] = np.where(highest > top, count, ties + (highest == top) * count)
            np.maximum(top, highest, out=top)

    def _where_valid(self, chunk, at_padding, at_valid):
        """(steps, 1, width), one or the other; None if it is not needed."""
        valid_mask = self.packed.valid(chunk) if set(self.kinds) & {"mean", "max"} else None
        return (
            None
            if valid_mask is None
            else np.where(valid_mask[:, None], at_valid, at_padding).astype(self.scratch.dtype)
        )

    @property
    def ends(self):
        return {"total": self.total, "top": self.top, "steps": self.steps}

    def outputs(self, last):
        pooled = {"last": last, "mean": (self.total / self.steps).astype(last.dtype), "max": self.top}
        return np.concatenate([pooled[kind] for kind in self.kinds]) if self.kinds else last[:0]

    def back(self, d):
        shares = np.split(d, len(self.kinds)) if self.kinds else []
        self.d = dict(zip(self.kinds, shares, strict=True))
        return self.d.get("last")

    def grad_h(self, chunk, h):
        if not self.d.keys() & {"mean", "max"}:
            return None
        n, valid_mask = chunk.width, self._where_valid(chunk, 0, 1)
        dY = self.scratch("d", *h.shape)
        dY[...] = (self.d["mean"] / self.steps.astype(h.dtype))[:, :n] if "mean" in self.d else 0
        if "max" in self.d:
            share = (self.d["max"] / self.ties)[:, :n]
            dY += np.multiply(share, h == self.top[:, :n], self.scratch("pooled", *h.shape))
        return dY if valid_mask is None else np.multiply(dY, valid_mask, dY)


class StepHead:
    """One output per step: the same dense layer on the states of each."""

    ends = {}

    def __init__(self, W, directions, packed, scratch, H, *, mask=None):
        masks = [None] * len(directions) if mask is None else np.split(mask, len(directions))
        self.W, self.raw = W["head/V"], np.empty((packed.offsets[-1], len(W["head/V"])), scratch.dtype)
        self.raw[...] = self.W[:, -1]
        self.parts = [
            _StepPart(self.W[:, k * H : k * H + H], self.raw, packed, reverse, masks[k])
            for k, reverse in enumerate(directions)
        ]
        self.H = H

    def observers(self, direction):
        return [self.parts[direction]]

    def outputs(self, lasts):
        return self.raw.T

    def back(self, dW, d_raw):
        dV = dW["head/V"]
        dV[:, -1] += d_raw.sum(axis=1)
        for k, part in enumerate(self.parts):
            part.d_raw, part.dV = np.ascontiguousarray(d_raw.T), dV[:, k * self.H : k * self.H + self.H]
        return [None] * len(self.parts)


class _StepPart(StateObserver):
    """The share of one direction."""

    def __init__(self, V, raw, packed, reverse, mask):
        self.V, self.raw, self.packed, self.reverse, self.mask = V, raw, packed, reverse, mask

    def on_states(self, chunk, h, frames):
        h = h if self.mask is None else h * self.mask[:, : chunk.width]
        self.packed.put(self.V @ h, chunk, self.reverse, self.raw, add=True)

    def grad_h(self, chunk, h):
        d = self.packed.gather_valid(self.d_raw, chunk, self.reverse)
        mask = None if self.mask is None else self.mask[:, : chunk.width]
        h = h if mask is None else h * mask
        self.dV += np.einsum("tkn,thn->kh", d, h, optimize=True)
        dY = self.V.T @ d
        return dY if mask is None else dY * mask


class StagedHead(StateObserver):
    """The output of a `PooledHead` after each step, as if its sequence ended there. One direction, no attention."""

    def __init__(self, W, kinds, packed, scratch, H, *, initial_state=None):
        self.V, self.kinds, self.packed = W["head/V"], kinds, packed
        self.pool = Pool(kinds, packed, scratch, H, initial_state)
        self.before = self.pool.steps - packed.lengths
        self.raw = np.empty((packed.offsets[-1], len(self.V)), scratch.dtype)

    @property
    def ends(self):
        return self.pool.ends

    def observers(self, direction):
        return [self]

    def on_states(self, chunk, h, frames):
        n, pool = chunk.width, self.pool
        steps = self.before[:n] + np.arange(chunk.first_step + 1, chunk.first_step + chunk.steps + 1)[:, None]
        total = np.cumsum(h, axis=0, dtype=np.float64) + pool.total[:, :n]
        top = np.maximum(np.maximum.accumulate(h, axis=0), pool.top[:, :n])
        pool.total[:, :n], pool.top[:, :n] = total[-1], top[-1]
        pooled = {"last": h, "mean": (total / steps[:, None]).astype(h.dtype), "max": top}
        pooled = np.concatenate([pooled[kind] for kind in self.kinds], axis=1)
        self.packed.put(self.V[:, :-1] @ pooled + self.V[:, -1:], chunk, False, self.raw)

    def outputs(self, lasts):
        return self.raw.T


class Attention:
    """Additive attention with a learned query: Σ a_t h_t, a being the softmax of v · tanh(A [h_t; 1]) over a sequence.

    A (Q, P + 1), v (1, Q), where h is the states of all `directions` side by side, P in all. Its `observers`, one for
    each direction, see these; ``outputs()`` (P, N) then, and `weights` (S,), the a of each step; and after ``back(dA,
    dv, d)`` the observers give the gradient with respect to the states.

    References: Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly learning to align and
    translate. ICLR; here with one query, which is part of A and v, in place of the decoder's state.
    """

    def __init__(self, A, v, directions, packed, scratch):
        self.v, self.packed = v, packed
        self.u = scratch("u", packed.offsets[-1], len(v[0]))
        self.u[...] = A[:, -1]
        parts = np.split(A[:, :-1], len(directions), axis=1)
        self.observers = [
            _Attended(part, self.u, packed, reverse, scratch.child(k))
            for k, (part, reverse) in enumerate(zip(parts, directions, strict=True))
        ]

    def outputs(self):
        starts, lengths = self.packed.offsets[:-1], self.packed.lengths
        np.tanh(self.u, self.u)
        a = self.u @ self.v[0]
        a -= np.repeat(np.maximum.reduceat(a, starts), lengths)
        np.exp(a, a)
        a /= np.repeat(np.add.reduceat(a, starts), lengths)
        self.weights = a
        return np.concatenate([observer.summary(a) for observer in self.observers])

    def back(self, dA, dv, d):
        shares, a, u = np.split(d, len(self.observers)), self.weights, self.u
        da = np.zeros_like(a)
        for observer, share in zip(self.observers, shares, strict=True):
            observer.back_to_weights(share, da)
        starts, lengths = self.packed.offsets[:-1], self.packed.lengths
        da -= np.repeat(np.add.reduceat(a * da, starts), lengths)
        da *= a
        dv += da @ u
        du = np.multiply(u, u, u)
        np.subtract(1, du, du)
        du *= da[:, None]
        du *= self.v
        dA[:, -1] += du.sum(axis=0)
        for observer, part in zip(self.observers, np.split(dA[:, :-1], len(self.observers), axis=1), strict=True):
            observer.du, observer.dA = du, part


class _Attended(StateObserver):
    """The share of one direction: it keeps the states, since their weights are known only after the last."""

    def __init__(self, A, u, packed, reverse, scratch):
        self.A, self.u, self.packed, self.reverse, self.scratch = A, u, packed, reverse, scratch
        self.states, self.du = {}, None

    def on_states(self, chunk, h, frames):
        states = self.states[chunk.first_step] = self.scratch(("states", chunk.first_step), *h.shape)
        np.copyto(states, h)
        self.packed.put(self.A @ states, chunk, self.reverse, self.u, add=True)

    def summary(self, a):
        self.a = a
        pooled = np.zeros((self.A.shape[1], len(self.packed.lengths)), a.dtype)
        for chunk in self.packed.chunks:
            pooled[:, : chunk.width] += np.einsum(
                "thn,tn->hn", self.states[chunk.first_step], self._of(a[:, None], chunk)[:, 0]
            )
        return pooled

    def back_to_weights(self, d, da):
        self.d = d
        for chunk in self.packed.chunks:
            share = np.einsum("thn,hn->tn", self.states[chunk.first_step], d[:, : chunk.width])
            self.packed.put(share[:, None], chunk, self.reverse, da[:, None], add=True)

    def grad_h(self, chunk, h):
        du, a = self._of(self.du, chunk), self._of(self.a[:, None], chunk)
        self.dA += np.matmul(du, h.swapaxes(1, 2)).sum(axis=0)
        dY = np.matmul(self.A.T, du, out=self.scratch("d", *h.shape))
        dY += np.multiply(a, self.d[:, : chunk.width], self.scratch("pooled", *h.shape))
        return dY

    def _of(self, values, chunk):
        """Of each step and sequence of a chunk; C-contiguous, or einsum takes ten times as long."""
        return np.ascontiguousarray(self.packed.gather_valid(values, chunk, self.reverse))
