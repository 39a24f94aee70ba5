"""The loop over time: one cell, one direction, one batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

CHUNK = 1 << 20
"""Bytes of slopes that the backward pass takes together: they should stay in the second-level cache."""

TAPE = 1 << 27
"""Bytes that one direction of one layer keeps for its backward pass; beyond them it computes each run once more."""


class Reader:
    """What reads the states of a layer, run by run."""

    def see(self, run, h, frames):
        """Take the states h (steps, H, n) of a run, and the cell's `frames`; both last until the next run."""

    def slope(self, run, h):
        """The gradient with respect to h, zero where a sequence has ended; None if there is none."""

    def flow(self, run, t, dh):
        """Take the whole gradient with respect to the state after step t of a run, if `traces`."""

    traces = False


class Join(Reader):
    """Writes the states to the rows of `values` (S, H), one step a row; gives back the rows of `gradient`."""

    def __init__(self, plan, reverse, values, mask=None):
        self.plan, self.reverse, self.values, self.mask, self.gradient = plan, reverse, values, mask, None

    def see(self, run, h, frames):
        h = h if self.mask is None else h * self.mask[:, : run.width]
        self.plan.put(h, run, self.reverse, self.values)

    def slope(self, run, h):
        dY = self.plan.gather_living(self.gradient, run, self.reverse)
        return dY if self.mask is None else dY * self.mask[:, : run.width]


def side_by_side(plan, directions, values, mask=lambda: None):
    """What writes the states of each direction to its share of the columns of `values`."""
    shares = np.split(values, len(directions), axis=1)
    return [Join(plan, reverse, share, mask()) for reverse, share in zip(directions, shares, strict=True)]


def give_back(joins, d):
    """The gradient with respect to these values, each direction its share."""
    for join, share in zip(joins, np.split(d, len(joins), axis=1), strict=True):
        join.gradient = share


class Unrolled(NamedTuple):
    """h, c (H, N) : the states that leave each sequence; c is that of the last step of the run in which it ends.

    ``back(dW, d_h, d_values, add)`` adds the gradients with respect to the weights to `dW` and writes those with
    respect to the values to `d_values`, or adds them; `d_h`, that with respect to `h`, and `d_values` may be None. It
    returns the gradients with respect to the `start`, (H, N) each. It may be called once: it works in the arrays that
    the forward pass filled.
    """

    h: np.ndarray
    c: np.ndarray
    back: Callable | None


def unroll(
    cell, W, values, plan, scratch, key, *, reverse=False, keep=True, start=None, mask=None, truncate=None, readers=()
):
    """Run `cell` with the weights `W` over a batch.

    values (S, F), one step a row, where `plan` says; `readers` see the states of every run.

    key : names the buffers in `scratch`
    keep : whether there will be a backward pass
    start : the states (h, c), each (H, N), in which the sequences begin; zero if None
    mask (H, N) : what h is multiplied with on its way into the products
    truncate : after so many steps from its beginning, each time, the gradient ends (truncated backpropagation)

    If the tape is longer than `TAPE`, only the states between runs are kept, and the backward pass computes each run
    once more: the same operations on the same numbers, so the gradient is the same to the bit.
    """
    F, H, dtype = cell.F, cell.H, scratch.dtype
    x_at, rows = H if cell.gated else 0, cell.rows + (0 if mask is None else H)
    weights, blocks = cell.weights_forward(W), max(1, len(cell.frame)) * H
    recompute = keep and dtype.itemsize * sum(r.steps * (rows + blocks) * r.width for r in plan.runs) > TAPE

    def advance(number, h, c):
        """Go through a run that begins in h and c; what the cell keeps of it."""
        run, place = plan.runs[number], 0 if recompute or not keep else number
        m, n = run.steps, run.width
        inputs = scratch((key, "inputs", place), m + 1, rows, n)
        inputs[:m, x_at : x_at + F] = plan.gather(values, run, reverse)
        inputs[:m, x_at + F] = 1
        inputs[0, -H:] = h[:, :n]
        if keep:
            frames = scratch((key, "frames", place), m + 1, blocks, n)
        else:  # all steps in the same memory, which stays in the cache
            one = scratch("frame", blocks, n)
            frames = as_strided(one, (m + 1, blocks, n), (0, *one.strides))
        frames[0, :H] = c[:, :n]  # a cell without c overwrites it
        cell.forward(weights, inputs, frames, scratch, _columns(mask, n))
        return inputs, frames

    last_h, last_c = np.empty((2, H, len(plan.lengths)), dtype)
    h, c = np.zeros((2, H, len(plan.lengths)), dtype) if start is None else start
    tape = []
    for number, run in enumerate(plan.runs):
        if recompute or not keep:
            h, c = h.copy(), c.copy()  # the next run takes the place of this one
        m, before = run.steps, (h, c)
        inputs, frames = advance(number, h, c)
        tape.append(before if recompute else (inputs, frames))
        h, c = inputs[m, -H:], frames[m, :H]
        for e, lo, hi in run.ends:
            last_h[:, lo:hi], last_c[:, lo:hi] = inputs[e, -H:, lo:hi], frames[e, :H, lo:hi]
        for reader in readers:
            reader.see(run, inputs[1:, -H:], frames)
    if not keep:
        return Unrolled(last_h, last_c, None)

    def back(dW, d_h=None, d_values=None, *, add=True):
        weights, WT = cell.weights_back(W), None if d_values is None else cell.weights_input(W)
        traces = [reader for reader in readers if reader.traces]
        dh = dc = np.zeros((H, 0), dtype)
        for number in reversed(range(len(plan.runs))):
            run = plan.runs[number]
            inputs, frames = advance(number, *tape[number]) if recompute else tape[number]
            dh, dc, columns = _widen(dh, run.width), _widen(dc, run.width), _columns(mask, run.width)
            dY = _sum([reader.slope(run, inputs[1:, -H:]) for reader in readers])
            for a, b in _chunks(run.steps, cell.kept * dh.nbytes):
                K = scratch("K", b - a, cell.kept * H, run.width)
                cell.slopes(inputs[a : b + 1], frames[a : b + 1], K)
                for lo, hi in _stretches(run, a, b, d_h, truncate, dh, dc, one_by_one=bool(traces)):
                    for reader in traces:
                        reader.flow(run, lo, dh if dY is None else dh + dY[lo])
                    dy = repeat(None) if dY is None else dY[lo:hi][::-1]
                    cell.back(weights, K[lo - a : hi - a], frames[lo : hi + 1], dy, dh, dc, scratch, columns)
                D = _by_row(K[:, -len(cell.gates) * H :], scratch, "D by row")
                _add_weight_gradients(cell, D, _by_row(inputs[a:b, : cell.rows], scratch, "inputs by row"), dW, scratch)
                if WT is not None:
                    dX = scratch((key, "dX"), run.steps, F, run.width)
                    by_row = np.dot(WT, D, scratch("dX by row", F, D.shape[1]))
                    dX[a:b] = by_row.reshape(F, b - a, run.width).swapaxes(0, 1)
            if WT is not None:
                plan.put(dX, run, reverse, d_values, add=add)
        return dh, dc

    return Unrolled(last_h, last_c, back)


def _columns(mask, n):
    return None if mask is None else mask[:, :n]


def _sum(slopes):
    """Of those that are there; None if none is."""
    slopes = [dY for dY in slopes if dY is not None]
    return sum(slopes[1:], slopes[0]) if slopes else None


def _widen(d, width):
    """The gradient at the end of a run: columns that live on bring theirs, the others begin at zero."""
    wide = np.zeros((len(d), width), d.dtype)
    wide[:, : d.shape[1]] = d
    return wide


def _chunks(steps, bytes_per_step):
    """Cut a run, from its end, into chunks of about equal size: (a, b) with a < b."""
    size = max(1, CHUNK // bytes_per_step)
    size = -(-steps // -(-steps // size))
    return [(max(0, b - size), b) for b in range(steps, 0, -size)]


def _stretches(run, a, b, d_h, truncate, dh, dc, *, one_by_one):
    """The steps a:b of a run from the last to the first, in stretches (lo, hi).

    Between them dh and dc change: the gradient of its last state is put in where a sequence ends, and all of it is
    taken away where it is truncated.
    """
    ends = {} if d_h is None else {e: slice(left, right) for e, left, right in run.ends if a < e <= b}
    first = run.start + a + 1
    cuts = () if truncate is None else range(-(-first // truncate) * truncate - run.start, b + 1, truncate)
    hi = b
    for e in sorted({*ends, *cuts, *(range(a + 1, b) if one_by_one else ())}, reverse=True):
        if e < hi:
            yield e, hi
        if e in cuts:
            dh.fill(0)
            dc.fill(0)
        if e in ends:
            dh[:, ends[e]] += d_h[:, ends[e]]
        hi = e
    yield a, hi


def _by_row(x, scratch, name):
    """(steps, rows, n) → (rows, steps · n): all steps and sequences of a row together, for one product over them."""
    steps, rows, n = x.shape
    out = scratch(name, rows, steps, n)
    np.copyto(out, x.swapaxes(0, 1))
    return out.reshape(rows, -1)


def _add_weight_gradients(cell, D, inputs, dW, scratch):
    """dW += D · inputsᵀ, each part with what it sees."""
    row = 0
    for part in cell.parts:
        w = dW[part.name]
        w += np.dot(D[row : row + len(w)], inputs[cell.seen(part)].T, scratch("dW", *w.shape))
        row += len(w)
