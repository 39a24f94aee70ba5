"""The loop over time: one cell, one direction, one batch."""

from __future__ import annotations

from itertools import repeat

import numpy as np
from numpy.lib.stride_tricks import as_strided

CHUNK = 1 << 20
"""Bytes of slopes that the backward pass takes together: they should stay in the second-level cache."""


def unroll(cell, W, values, plan, scratch, key, *, reverse=False, keep=True):
    """Run `cell` with the weights `W` over a batch.

    values (S, F), one step a row, where `plan` says. Returns ``last`` (H, N), the state that leaves each sequence;
    ``outputs``, the states of every step as one (steps, H, width) view per run; and ``back``, or None if not `keep`.

    ``back(dW, d_last, d_outputs, d_values)`` adds the gradients with respect to the weights to `dW` and those with
    respect to the values to `d_values`. `d_last`, `d_outputs` (zero where a sequence has ended) and `d_values` may be
    None. It may be called once: it works in the arrays that the forward pass filled.

    `key` names the buffers in `scratch`. Outputs are views of these: they last until the next batch.
    """
    F, H, dtype = cell.F, cell.H, scratch.dtype
    x_at = H if cell.gated else 0
    last = np.empty((H, len(plan.lengths)), dtype)
    h = c = np.zeros((H, len(plan.lengths)), dtype)
    weights, tape, outputs = cell.weights_forward(W), [], []
    for number, run in enumerate(plan.runs):
        m, n = run.steps, run.width
        inputs = scratch((key, "inputs", number), m + 1, cell.rows, n)
        inputs[:m, x_at : x_at + F] = plan.gather(values, run, reverse)
        inputs[:m, x_at + F] = 1
        inputs[0, -H:] = h[:, :n]
        frames = _frames(cell, scratch, (key, "frames", number), m, n, keep)
        frames[0, :H] = c[:, :n]  # a cell without c overwrites it
        cell.forward(weights, inputs, frames, scratch)
        h, c = inputs[m, -H:], frames[m, :H]
        for e, lo, hi in run.ends:
            last[:, lo:hi] = inputs[e, -H:, lo:hi]
        outputs.append(inputs[1:, -H:])
        tape.append((run, inputs, frames))
    if not keep:
        return last, outputs, None

    def back(dW, d_last=None, d_outputs=None, d_values=None):
        weights, WT = cell.weights_back(W), None if d_values is None else cell.weights_input(W)
        dh = dc = np.zeros((H, 0), dtype)
        for number in reversed(range(len(tape))):
            run, inputs, frames = tape[number]
            dh, dc = _widen(dh, run.width), _widen(dc, run.width)
            dY = None if d_outputs is None else d_outputs[number]
            ends = () if d_last is None else run.ends
            for a, b in _chunks(run.steps, cell.kept * dh.nbytes):
                D = _back_through(cell, weights, inputs, frames, a, b, dY, ends, d_last, dh, dc, scratch)
                _add_weight_gradients(cell, D, inputs[a:b], dW, scratch)
                if WT is not None:
                    dX = scratch((key, "dX", number), run.steps, F, run.width)
                    np.matmul(WT, D, out=dX[a:b])
            if WT is not None:
                plan.scatter(dX, run, reverse, d_values)

    return last, outputs, back


def _frames(cell, scratch, key, m, n, keep):
    """(m + 1, blocks · H, n); for a prediction all entries are the same memory, which stays in the cache."""
    blocks = max(1, len(cell.frame)) * cell.H
    if keep:
        return scratch(key, m + 1, blocks, n)
    one = scratch("frame", blocks, n)
    return as_strided(one, (m + 1, blocks, n), (0, *one.strides))


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


def _back_through(cell, weights, inputs, frames, a, b, dY, ends, d_last, dh, dc, scratch):
    """The gradients D of the steps a:b; where a sequence ends, the gradient of its last state is put in."""
    K = scratch("K", b - a, cell.kept * cell.H, dh.shape[1])
    cell.slopes(inputs[a : b + 1], frames[a : b + 1], K)

    def steps(lo, hi):
        if hi > lo:
            dy = repeat(None) if dY is None else dY[lo:hi][::-1]
            cell.back(weights, K[lo - a : hi - a], frames[lo : hi + 1], dy, dh, dc, scratch)

    hi = b
    for e, left, right in reversed(ends):
        if a < e <= b:
            steps(e, hi)
            dh[:, left:right] += d_last[:, left:right]
            hi = e
    steps(a, hi)
    return K[:, -len(cell.gates) * cell.H :]


def _add_weight_gradients(cell, D, inputs, dW, scratch):
    """dW += D · inputsᵀ, each part with what it sees; one product over all steps and sequences."""
    steps, _, n = inputs.shape
    d = scratch("D by row", D.shape[1], steps, n)
    u = scratch("inputs by row", cell.rows, steps, n)
    np.copyto(d, D.swapaxes(0, 1))
    np.copyto(u, inputs.swapaxes(0, 1))
    d, u, row = d.reshape(len(d), -1), u.reshape(len(u), -1), 0
    for part in cell.parts:
        w = dW[part.name]
        w += np.dot(d[row : row + len(w)], u[cell.seen(part)].T, scratch("dW", *w.shape))
        row += len(w)
