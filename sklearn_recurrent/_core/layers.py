"""Blocks beside the recurrence: ``y, back = block(…)``."""

from __future__ import annotations

import numpy as np

POOLINGS = ("last", "mean", "max")


def pool(kinds, last, outputs, plan):
    """Summarise the states of each sequence by its last, its mean, its maximum over the steps it lives.

    last (H, N), outputs: what `unroll` returns. Returns (len(kinds) · H, N) and ``back(d) -> d_last, d_outputs``,
    as `unroll` takes them back. Where several steps share a maximum, they share its gradient.
    """
    pooled = {"last": last}
    dtype, lengths = last.dtype, plan.lengths.astype(last.dtype)
    living = [plan.living(run) if len(kinds) > 1 or kinds[0] != "last" else None for run in plan.runs]
    if "mean" in kinds:
        total = np.zeros_like(last)
        for h, alive in zip(outputs, living, strict=True):
            total[:, : h.shape[2]] += (h if alive is None else h * alive[:, None]).sum(axis=0)
        pooled["mean"] = total / lengths
    if "max" in kinds:
        pooled["max"] = np.full_like(last, -np.inf)
        for h, alive in zip(outputs, living, strict=True):
            top = pooled["max"][:, : h.shape[2]]
            np.maximum(top, (h if alive is None else np.where(alive[:, None], h, -np.inf)).max(axis=0), out=top)

    def back(d):
        d = dict(zip(kinds, np.split(d, len(kinds)), strict=True))
        if set(kinds) == {"last"}:
            return d["last"], None
        d_outputs = [np.zeros(h.shape, dtype) for h in outputs]
        if "mean" in d:
            share = d["mean"] / lengths
            for dY, alive in zip(d_outputs, living, strict=True):
                dY += share[:, : dY.shape[2]] if alive is None else share[:, : dY.shape[2]] * alive[:, None]
        if "max" in d:
            at_top, ties = [], np.zeros_like(last)
            for h, alive in zip(outputs, living, strict=True):
                at_top.append(h == pooled["max"][:, : h.shape[2]])
                if alive is not None:
                    at_top[-1] &= alive[:, None]
                ties[:, : h.shape[2]] += at_top[-1].sum(axis=0)
            share = d["max"] / ties
            for dY, top in zip(d_outputs, at_top, strict=True):
                dY += share[:, : dY.shape[2]] * top
        return d.get("last"), d_outputs

    return np.concatenate([pooled[kind] for kind in kinds]), back


def flatten(outputs, plan, reverse, values):
    """Write the states of every step (list of (steps, H, width)) to the rows of `values` (S, H)."""
    values.fill(0)
    for h, run in zip(outputs, plan.runs, strict=True):
        plan.scatter(h, run, reverse, values)


def unflatten(d_values, plan, reverse):
    """The gradient of `flatten`: (S, H) → list of (steps, H, width), zero where a sequence has ended."""
    d_outputs = []
    for run in plan.runs:
        dY, alive = plan.gather(d_values, run, reverse), plan.living(run)
        d_outputs.append(dY if alive is None else dY * alive[:, None])
    return d_outputs


def dense(V, x):
    """V · [x; 1] for columns x (P, N), V (K, P + 1)."""

    def back(dV, dy):
        dV[:, :-1] += dy @ x.T
        dV[:, -1] += dy.sum(axis=1)
        return V[:, :-1].T @ dy

    return V[:, :-1] @ x + V[:, -1:], back
