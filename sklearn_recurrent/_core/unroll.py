"""The loop over time: one cell, one direction, one batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

COEFFICIENT_BYTES = 1 << 20
"""Bytes of slopes that the backward pass takes together: they should stay in the second-level cache."""

TAPE_BYTES = 1 << 27
"""Bytes that one direction of one layer keeps for its backward pass; beyond them it computes each chunk once more."""


class StateObserver:
    """What reads the states of a layer, chunk by chunk."""

    def on_states(self, chunk, h, cache):
        """Take the states h (steps, H, n) of a chunk, and the cell's `cache`; both last until the next chunk."""

    def grad_h(self, chunk, h):
        """The gradient with respect to h, zero where a sequence has ended; None if there is none."""

    def on_gradient(self, chunk, t, dh):
        """Take the whole gradient with respect to the state after step t of a chunk, if `wants_gradient`."""

    wants_gradient = False


class StateCollector(StateObserver):
    """Writes the states to the rows of `values` (S, H), one step a row; gives back the rows of `gradient`."""

    def __init__(self, packed, reverse, values, mask=None):
        self.packed, self.reverse, self.values, self.mask, self.gradient = packed, reverse, values, mask, None

    def on_states(self, chunk, h, cache):
        h = h if self.mask is None else h * self.mask[:, : chunk.width]
        self.packed.put(h, chunk, self.reverse, self.values)

    def grad_h(self, chunk, h):
        dY = self.packed.gather_valid(self.gradient, chunk, self.reverse)
        return dY if self.mask is None else dY * self.mask[:, : chunk.width]


def concat_directions(packed, directions, values, mask=lambda: None):
    """What writes the states of each direction to its share of the columns of `values`."""
    shares = np.split(values, len(directions), axis=1)
    return [StateCollector(packed, reverse, share, mask()) for reverse, share in zip(directions, shares, strict=True)]


def split_gradient(joins, d):
    """The gradient with respect to these values, each direction its share."""
    for join, share in zip(joins, np.split(d, len(joins), axis=1), strict=True):
        join.gradient = share


class Unrolled(NamedTuple):
    """h, c (H, N) : the states that leave each sequence; c is that of the last step of the chunk in which it ends.

    ``back(dW, d_h, d_values, add)`` adds the gradients with respect to the weights to `dW` and writes those with
    respect to the values to `d_values`, or adds them; `d_h`, that with respect to `h`, and `d_values` may be None. It
    returns the gradients with respect to the `initial_state`, (H, N) each. It may be called once: it works in the
    arrays that the forward pass filled.
    """

    h: np.ndarray
    c: np.ndarray
    back: Callable | None


def unroll(
    cell,
    W,
    values,
    packed,
    scratch,
    key,
    *,
    reverse=False,
    needs_backward=True,
    initial_state=None,
    mask=None,
    truncate=None,
    observers=(),
):
    """Run `cell` with the weights `W` over a batch.

    values (S, F), one step a row, where `packed` says; `observers` see the states of every chunk.

    key : names the buffers in `scratch`
    needs_backward : whether there will be a backward pass
    initial_state : the states (h, c), each (H, N), in which the sequences begin; zero if None
    mask (H, N) : what h is multiplied with on its way into the products
    truncate : after so many steps from its beginning, each time, the gradient ends (truncated backpropagation)

    If the tape is longer than `TAPE_BYTES`, only the states between chunks are kept, and the backward pass
    computes each chunk once more: the same operations on the same numbers, so the gradient is the same to the bit.
    """
    F, H, dtype = cell.F, cell.H, scratch.dtype
    x_at, rows = H if cell.gated else 0, cell.rows + (0 if mask is None else H)
    weights, blocks = cell.weights_forward(W), max(1, len(cell.cache_blocks)) * H
    recompute = (
        needs_backward and dtype.itemsize * sum(r.steps * (rows + blocks) * r.width for r in packed.chunks) > TAPE_BYTES
    )

    def advance(number, h, c):
        """Go through a chunk that begins in h and c; what the cell keeps of it."""
        chunk, place = packed.chunks[number], 0 if recompute or not needs_backward else number
        m, n = chunk.steps, chunk.width
        inputs = scratch((key, "inputs", place), m + 1, rows, n)
        inputs[:m, x_at : x_at + F] = packed.gather(values, chunk, reverse)
        inputs[:m, x_at + F] = 1
        inputs[0, -H:] = h[:, :n]
        if needs_backward:
            cache = scratch((key, "cache", place), m + 1, blocks, n)
        else:  # all steps in the same memory, which stays in the cache
            one = scratch("frame", blocks, n)
            cache = as_strided(one, (m + 1, blocks, n), (0, *one.strides))
        cache[0, :H] = c[:, :n]  # a cell without c overwrites it
        cell.forward(weights, inputs, cache, scratch, _columns(mask, n))
        return inputs, cache

    last_h, last_c = np.empty((2, H, len(packed.lengths)), dtype)
    h, c = np.zeros((2, H, len(packed.lengths)), dtype) if initial_state is None else initial_state
    tape = []
    for number, chunk in enumerate(packed.chunks):
        if recompute or not needs_backward:
            h, c = h.copy(), c.copy()  # the next chunk takes the place of this one
        m, before = chunk.steps, (h, c)
        inputs, cache = advance(number, h, c)
        tape.append(before if recompute else (inputs, cache))
        h, c = inputs[m, -H:], cache[m, :H]
        for e, lo, hi in chunk.ends:
            last_h[:, lo:hi], last_c[:, lo:hi] = inputs[e, -H:, lo:hi], cache[e, :H, lo:hi]
        for observer in observers:
            observer.on_states(chunk, inputs[1:, -H:], cache)
    if not needs_backward:
        return Unrolled(last_h, last_c, None)

    def back(dW, d_h=None, d_values=None, *, add=True):
        weights, WT = cell.weights_back(W), None if d_values is None else cell.weights_input(W)
        gradient_observers = [observer for observer in observers if observer.wants_gradient]
        dh = dc = np.zeros((H, 0), dtype)
        for number in reversed(range(len(packed.chunks))):
            chunk = packed.chunks[number]
            inputs, cache = advance(number, *tape[number]) if recompute else tape[number]
            dh, dc, columns = _widen(dh, chunk.width), _widen(dc, chunk.width), _columns(mask, chunk.width)
            dY = _sum([observer.grad_h(chunk, inputs[1:, -H:]) for observer in observers])
            for a, b in _coefficient_blocks(chunk.steps, cell.n_coefficients * dh.nbytes):
                coefficients = scratch("K", b - a, cell.n_coefficients * H, chunk.width)
                cell.local_jacobian(inputs[a : b + 1], cache[a : b + 1], coefficients)
                for lo, hi in _stretches(chunk, a, b, d_h, truncate, dh, dc, one_by_one=bool(gradient_observers)):
                    for observer in gradient_observers:
                        observer.on_gradient(chunk, lo, dh if dY is None else dh + dY[lo])
                    dy = repeat(None) if dY is None else dY[lo:hi][::-1]
                    cell.back(weights, coefficients[lo - a : hi - a], cache[lo : hi + 1], dy, dh, dc, scratch, columns)
                delta = _by_row(coefficients[:, -len(cell.gates) * H :], scratch, "delta by row")
                _add_weight_gradients(
                    cell, delta, _by_row(inputs[a:b, : cell.rows], scratch, "inputs by row"), dW, scratch
                )
                if WT is not None:
                    dX = scratch((key, "dX"), chunk.steps, F, chunk.width)
                    by_row = np.dot(WT, delta, scratch("dX by row", F, delta.shape[1]))
                    dX[a:b] = by_row.reshape(F, b - a, chunk.width).swapaxes(0, 1)
            if WT is not None:
                packed.put(dX, chunk, reverse, d_values, add=add)
        return dh, dc

    return Unrolled(last_h, last_c, back)


def _columns(mask, n):
    return None if mask is None else mask[:, :n]


def _sum(gradients):
    """Of those that are there; None if none is."""
    gradients = [dY for dY in gradients if dY is not None]
    return sum(gradients[1:], gradients[0]) if gradients else None


def _widen(d, width):
    """The gradient at the end of a chunk: columns that live on bring theirs, the others begin at zero."""
    wide = np.zeros((len(d), width), d.dtype)
    wide[:, : d.shape[1]] = d
    return wide


def _coefficient_blocks(steps, bytes_per_step):
    """Cut a chunk, from its end, into chunks of about equal size: (a, b) with a < b."""
    size = max(1, COEFFICIENT_BYTES // bytes_per_step)
    size = -(-steps // -(-steps // size))
    return [(max(0, b - size), b) for b in range(steps, 0, -size)]


def _stretches(chunk, a, b, d_h, truncate, dh, dc, *, one_by_one):
    """The steps a:b of a chunk from the last to the first, in stretches (lo, hi).

    Between them dh and dc change: the gradient of its last state is put in where a sequence ends, and all of it is
    taken away where it is truncated.
    """
    ends = {} if d_h is None else {e: slice(left, right) for e, left, right in chunk.ends if a < e <= b}
    first = chunk.first_step + a + 1
    cuts = () if truncate is None else range(-(-first // truncate) * truncate - chunk.first_step, b + 1, truncate)
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


def _add_weight_gradients(cell, delta, inputs, dW, scratch):
    """dW += delta · inputsᵀ, each part with what it sees."""
    row = 0
    for part in cell.parts:
        w = dW[part.name]
        w += np.dot(delta[row : row + len(w)], inputs[cell.input_rows(part)].T, scratch("dW", *w.shape))
        row += len(w)
