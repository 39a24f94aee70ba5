"""What stands on the recurrent layers: from the states of the top layer to raw outputs.

A head hands one reader per direction to `unroll`. Then ``outputs(lasts)`` makes the raw outputs, one column each, of
the states that leave the sequences; and ``back(dW, d_raw)`` the gradients with respect to these, one or None for each
direction, while the readers give those with respect to the states of every step. `ends` is the part of the state of a
stream that is the head's.
"""

from __future__ import annotations

import numpy as np

from .layers import attend, dense, dropout
from .unroll import Join, Reader

POOLINGS = ("last", "mean", "max", "attention")


class PooledHead:
    """One output per sequence: states pooled over the steps, then a dense layer.

    W : weights by name
    kinds : of `POOLINGS`, concatenated: for each direction the last state, the mean, the maximum; then attention
    start : what `Pool` has seen before, by name, if these sequences go on
    """

    def __init__(self, W, kinds, directions, plan, scratch, H, *, mask=None, start=None):
        self.W, self.plan, self.scratch, self.mask = W, plan, scratch, mask
        plain = tuple(kind for kind in kinds if kind != "attention")
        self.pools = [Pool(plain, plan, H, scratch.dtype, start) for _ in directions]
        self.attention = self.joins = None
        if "attention" in kinds:
            self.states = scratch("states", plan.offsets[-1], H * len(directions))
            shares = np.split(self.states, len(directions), axis=1)
            self.joins = [Join(plan, reverse, share) for reverse, share in zip(directions, shares, strict=True)]

    @property
    def ends(self):
        return self.pools[0].ends

    def readers(self, direction):
        return [self.pools[direction], *([self.joins[direction]] if self.joins else [])]

    def outputs(self, lasts):
        pooled = [pool.outputs(last) for pool, last in zip(self.pools, lasts, strict=True)]
        if self.joins:
            summary, self._attend_back, self.attention = attend(
                self.W["attention/A"], self.W["attention/v"], self.states, self.plan.offsets, self.scratch
            )
            pooled.append(summary)
        x, self._dropout_back = dropout(self.mask, np.concatenate(pooled))
        raw, self._dense_back = dense(self.W["head/V"], x)
        return raw

    def back(self, dW, d_raw):
        d = self._dropout_back(self._dense_back(dW["head/V"], d_raw))
        if self.joins:
            width = self.states.shape[1]
            d, d_summary = d[:-width], d[-width:]
            d_states = self._attend_back(dW["attention/A"], dW["attention/v"], d_summary)
            for join, share in zip(self.joins, np.split(d_states, len(self.joins), axis=1), strict=True):
                join.gradient = share
        return [pool.back(share) for pool, share in zip(self.pools, np.split(d, len(self.pools)), strict=True)]


class Pool(Reader):
    """Summarises the states of each sequence by its last, its mean, its maximum over the steps it lives.

    Where several steps share a maximum, they share its gradient.
    """

    def __init__(self, kinds, plan, H, dtype, start=None):
        self.kinds, self.plan, n = kinds, plan, len(plan.lengths)
        self.total = np.zeros((H, n), dtype) if start is None else start["total"].copy()
        self.top = np.full((H, n), -np.inf, dtype) if start is None else start["top"].copy()
        self.steps = plan.lengths.astype(dtype) + (0 if start is None else start["steps"])
        self.ties = np.zeros((H, n), dtype)

    def see(self, run, h, frames):
        n, alive = run.width, self.plan.living(run) if set(self.kinds) & {"mean", "max"} else None
        if "mean" in self.kinds:
            self.total[:, :n] += (h if alive is None else h * alive[:, None]).sum(axis=0)
        if "max" in self.kinds:
            h = h if alive is None else np.where(alive[:, None], h, -np.inf)
            highest, top, ties = h.max(axis=0), self.top[:, :n], self.ties[:, :n]
            count = (h == highest).sum(axis=0, dtype=ties.dtype)
            ties[...] = np.where(highest > top, count, ties + (highest == top) * count)
            np.maximum(top, highest, out=top)

    @property
    def ends(self):
        return {"total": self.total, "top": self.top, "steps": self.steps}

    def outputs(self, last):
        pooled = {"last": last, "mean": self.total / self.steps, "max": self.top}
        return np.concatenate([pooled[kind] for kind in self.kinds]) if self.kinds else last[:0]

    def back(self, d):
        shares = np.split(d, len(self.kinds)) if self.kinds else []
        self.d = dict(zip(self.kinds, shares, strict=True))
        return self.d.get("last")

    def slope(self, run, h):
        if not self.d.keys() & {"mean", "max"}:
            return None
        n, alive = run.width, self.plan.living(run)
        dY = np.zeros(h.shape, h.dtype)
        if "mean" in self.d:
            dY += (self.d["mean"] / self.steps)[:, :n]
        if "max" in self.d:
            dY += (self.d["max"] / self.ties)[:, :n] * (h == self.top[:, :n])
        return dY if alive is None else dY * alive[:, None]


class StepHead:
    """One output per step: the same dense layer on the states of each."""

    ends = {}

    def __init__(self, W, directions, plan, scratch, H, *, mask=None):
        self.W, self.raw = W["head/V"], np.empty((plan.offsets[-1], len(W["head/V"])), scratch.dtype)
        self.raw[...] = self.W[:, -1]
        self.parts = [
            _StepPart(self.W[:, k * H : k * H + H], self.raw, plan, reverse, mask)
            for k, reverse in enumerate(directions)
        ]
        self.H = H

    def readers(self, direction):
        return [self.parts[direction]]

    def outputs(self, lasts):
        return self.raw.T

    def back(self, dW, d_raw):
        dV = dW["head/V"]
        dV[:, -1] += d_raw.sum(axis=1)
        for k, part in enumerate(self.parts):
            part.d_raw, part.dV = np.ascontiguousarray(d_raw.T), dV[:, k * self.H : k * self.H + self.H]
        return [None] * len(self.parts)


class _StepPart(Reader):
    """The share of one direction."""

    def __init__(self, V, raw, plan, reverse, mask):
        self.V, self.raw, self.plan, self.reverse, self.mask = V, raw, plan, reverse, mask

    def see(self, run, h, frames):
        h = h if self.mask is None else h * self.mask[:, : run.width]
        self.plan.put(self.V @ h, run, self.reverse, self.raw, add=True)

    def slope(self, run, h):
        d, alive = self.plan.gather(self.d_raw, run, self.reverse), self.plan.living(run)
        d = d if alive is None else d * alive[:, None]
        mask = None if self.mask is None else self.mask[:, : run.width]
        h = h if mask is None else h * mask
        self.dV += np.einsum("tkn,thn->kh", d, h, optimize=True)
        dY = self.V.T @ d
        return dY if mask is None else dY * mask


class StagedHead(Reader):
    """The output of a `PooledHead` after each step, as if its sequence ended there. One direction, no attention."""

    def __init__(self, W, kinds, plan, scratch, H, *, start=None):
        self.V, self.kinds, self.plan = W["head/V"], kinds, plan
        self.pool = Pool(kinds, plan, H, scratch.dtype, start)
        self.before = self.pool.steps - plan.lengths.astype(scratch.dtype)
        self.raw = np.empty((plan.offsets[-1], len(self.V)), scratch.dtype)

    @property
    def ends(self):
        return self.pool.ends

    def readers(self, direction):
        return [self]

    def see(self, run, h, frames):
        n, pool = run.width, self.pool
        steps = self.before[:n] + np.arange(run.start + 1, run.start + run.steps + 1, dtype=h.dtype)[:, None]
        total = np.cumsum(h, axis=0) + pool.total[:, :n]
        top = np.maximum(np.maximum.accumulate(h, axis=0), pool.top[:, :n])
        pool.total[:, :n], pool.top[:, :n] = total[-1], top[-1]
        pooled = {"last": h, "mean": total / steps[:, None], "max": top}
        pooled = np.concatenate([pooled[kind] for kind in self.kinds], axis=1)
        self.plan.put(self.V[:, :-1] @ pooled + self.V[:, -1:], run, False, self.raw)

    def outputs(self, lasts):
        return self.raw.T
