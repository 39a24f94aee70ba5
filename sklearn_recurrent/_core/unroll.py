"""The loop over time: one cell, one direction, one batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import NamedTuple

import numpy as np

from .cells.base import SharedCache
from .layers import equal_parts

COEFFICIENT_BYTES = 1 << 20
"""Bytes of coefficients to compute at once: they should stay in the second-level cache."""

TAPE_BYTES = 1 << 27
"""Bytes that one direction of one layer may save for its backward pass; beyond, it recomputes."""


class StateObserver:
    """What uses the states of a layer, chunk by chunk: a head, a collector, a recorder."""

    def on_states(self, chunk, h, cache):
        """Use the states h (steps, H, n) of a chunk and the `cache` of the cell.

        Both are valid until the next chunk.
        Columns of sequences that have ended hold unspecified states.
        """

    def grad_h(self, chunk, h):
        """The gradient of the loss with respect to h, zero where a sequence has ended; or None.

        It is used before any other method of an observer is called, so it may lie in a buffer.
        """

    def on_gradient(self, chunk, t, dh):
        """Use the total gradient dh with respect to the state after step t of a chunk."""

    wants_gradient = False  # whether to call `on_gradient`, which takes a call of `back` per step


class StateCollector(StateObserver):
    """Writes the states to the rows of `values` (S, H), one time step a row.

    The gradient with respect to these rows must be assigned to `gradient` before the backward pass.
    """

    def __init__(self, packed, reverse, values, mask=None):
        self.packed = packed
        self.reverse = reverse
        self.values = values
        self.mask = mask
        self.gradient = None

    def on_states(self, chunk, h, cache):
        self.packed.put(self._masked(h, chunk), chunk, self.reverse, self.values)

    def grad_h(self, chunk, h):
        dY = self.packed.gather_valid(self.gradient, chunk, self.reverse)
        return self._masked(dY, chunk)

    def _masked(self, h, chunk):
        if self.mask is None:
            return h
        return h * self.mask[:, : chunk.width]


def concat_directions(packed, directions, values, mask=lambda: None):
    """A collector for each direction; they share the columns of `values`."""
    shares = equal_parts(values, len(directions), axis=1)
    return [StateCollector(packed, reverse, share, mask()) for reverse, share in zip(directions, shares, strict=True)]


def split_gradient(collectors, d):
    """Assign to each collector of `concat_directions` its columns of the gradient `d`."""
    for collector, share in zip(collectors, equal_parts(d, len(collectors), axis=1), strict=True):
        collector.gradient = share


class Unrolled(NamedTuple):
    """The states in which the sequences end, and the backward pass.

    h (H, N) : the hidden state after the last step of each sequence
    c (H, N) : the cell state there; of a cell without c, unspecified numbers
    back : ``back(dW, d_h, d_values, add)`` adds the gradient with respect to the weights to `dW`,
        and writes the one with respect to the values to `d_values`, or adds it. `d_h` is the
        gradient with respect to `h`; it and `d_values` may be None. Returns the gradients with
        respect to the initial h and c, (H, N) each. It works in the arrays that the forward pass
        filled, so it may be called once.
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
    *,
    reverse=False,
    needs_backward=True,
    initial_state=None,
    mask=None,
    truncate=None,
    observers=(),
):
    """Run `cell` with the weights `W` over a batch.

    values (S, F) : one time step a row; `packed` tells which step is where
    scratch : the workspace of this layer and direction
    needs_backward : whether there will be a backward pass
    initial_state : the states (h, c), each (H, N), in which the sequences begin; zero if None
    mask (H, N) : factors of h on its way into the products (recurrent dropout)
    truncate : the gradient is cut every so many steps, counted from the beginning (truncated
        backpropagation)
    observers : `StateObserver`s of the states of every chunk

    The tape holds, for each chunk, what the backward pass needs: inputs and cache of all steps. If
    they would exceed `TAPE_BYTES`, it holds the states between chunks only, and the backward pass
    recomputes one chunk at a time: the same operations on the same numbers, so the gradient is the
    same to the bit.
    """
    F = cell.F
    H = cell.H
    N = len(packed.lengths)
    scratch = scratch.child("unroll")
    check_buffers = scratch.claim()
    dtype = scratch.dtype
    weights = cell.weights_forward(W)
    input_rows = cell.rows if mask is None else cell.rows + H
    cache_rows = max(1, len(cell.cache_blocks)) * H  # with a place for c in every cell: see below
    n_floats = sum(chunk.steps * (input_rows + cache_rows) * chunk.width for chunk in packed.chunks)
    recompute = needs_backward and dtype.itemsize * n_floats > TAPE_BYTES
    one_place = recompute or not needs_backward  # for all chunks: each overwrites the one before

    def forward_chunk(number, h, c, buffers):
        """Run the cell over a chunk that begins in the states h and c: its inputs and cache."""
        chunk = packed.chunks[number]
        m = chunk.steps
        n = chunk.width
        place = 0 if one_place else number
        inputs = scratch(("inputs", place), m + 1, input_rows, n)
        inputs[:m, cell.x_rows] = packed.gather(values, chunk, reverse)
        inputs[:m, cell.one_row] = 1
        inputs[0, -H:] = h[:, :n]
        if needs_backward:
            cache = scratch(("cache", place), m + 1, cache_rows, n)
        else:
            # The c that leaves a step is written where the next step reads it; the other blocks are
            # used within their own step only.
            cache = SharedCache(scratch("frame", cache_rows, n))
        cache[0][:H] = c[:, :n]  # a cell without c overwrites these rows: one path for all cells
        cell.forward(weights, inputs, cache, buffers.child("cell"), _columns(mask, n))
        return inputs, cache

    last_h = np.empty((H, N), dtype)
    last_c = np.empty((H, N), dtype)
    if initial_state is None:
        initial_state = np.zeros((2, H, N), dtype)
    h, c = initial_state
    tape = []
    with scratch.temporary() as buffers:
        for number, chunk in enumerate(packed.chunks):
            if one_place:  # h and c lie in the buffers that this chunk will overwrite
                h = h.copy()
                c = c.copy()
            inputs, cache = forward_chunk(number, h, c, buffers)
            tape.append((h, c) if recompute else (inputs, cache))
            h = inputs[chunk.steps, -H:]
            c = cache[chunk.steps][:H]
            for e, lo, hi in chunk.ends:
                last_h[:, lo:hi] = inputs[e, -H:, lo:hi]
                last_c[:, lo:hi] = cache[e][:H, lo:hi]
            for observer in observers:
                observer.on_states(chunk, inputs[1:, -H:], cache)
    if not needs_backward:
        return Unrolled(last_h, last_c, None)

    def back(dW, d_h=None, d_values=None, *, add=True):
        check_buffers()
        weights = cell.weights_back(W)
        WT = None if d_values is None else cell.weights_input(W)
        gradient_observers = [observer for observer in observers if observer.wants_gradient]
        dh = np.zeros((H, 0), dtype)
        dc = np.zeros((H, 0), dtype)

        def back_block(chunk, a, b, inputs, cache, dY, dX, buffers):
            """Go back over the steps a:b of a chunk; dh and dc change in place."""
            n = chunk.width
            # For many steps at once: a few calls on large arrays, where the loop over steps has
            # many on small ones.
            coefficients = buffers("coefficients", b - a, cell.n_coefficients * H, n)
            cell.local_jacobian(inputs[a : b + 1], cache[a : b + 1], coefficients)
            ranges = _step_ranges(chunk, a, b, d_h, truncate, dh, dc, every_step=bool(gradient_observers))
            for lo, hi in ranges:
                for observer in gradient_observers:
                    observer.on_gradient(chunk, lo, dh if dY is None else dh + dY[lo])
                dy = repeat(None) if dY is None else dY[lo:hi][::-1]
                steps = coefficients[lo - a : hi - a]
                cell.back(weights, steps, cache[lo : hi + 1], dy, dh, dc, buffers.child("cell"), _columns(mask, n))
            # `back` has turned the blocks of the gates, the last ones, into delta.
            delta = _rows_first(coefficients[:, -len(cell.gates) * H :], buffers, "delta")
            operands = _rows_first(inputs[a:b, : cell.rows], buffers, "operands")
            _add_weight_gradients(cell, delta, operands, dW, buffers)
            if dX is not None:
                rows = np.dot(WT, delta, buffers("dX", F, delta.shape[1]))
                dX[a:b] = rows.reshape(F, b - a, n).swapaxes(0, 1)

        with scratch.temporary() as buffers:
            for number in reversed(range(len(packed.chunks))):
                chunk = packed.chunks[number]
                if recompute:
                    h, c = tape[number]
                    inputs, cache = forward_chunk(number, h, c, buffers)
                else:
                    inputs, cache = tape[number]
                # Columns that go on into the next chunk bring their gradient, the others begin with
                # zero.
                dh = _widen(dh, chunk.width, scratch, ("dh", number % 2))
                dc = _widen(dc, chunk.width, scratch, ("dc", number % 2))
                dY = _sum_grad_h(observers, chunk, inputs[1:, -H:], scratch)
                dX = None if d_values is None else scratch("dX", chunk.steps, F, chunk.width)
                for a, b in _coefficient_blocks(chunk.steps, cell.n_coefficients * dh.nbytes):
                    back_block(chunk, a, b, inputs, cache, dY, dX, buffers)
                if dX is not None:
                    packed.put(dX, chunk, reverse, d_values, add=add)
        return dh, dc

    return Unrolled(last_h, last_c, back)


def _columns(mask, n):
    if mask is None:
        return None
    return mask[:, :n]


def _sum_grad_h(observers, chunk, h, scratch):
    """The sum of the gradients that the observers give; None if none gives any."""
    if len(observers) == 1:
        return observers[0].grad_h(chunk, h)
    total = None
    for observer in observers:
        d = observer.grad_h(chunk, h)
        if d is None:
            continue
        if total is None:
            # A copy: the next observer may return the same buffer, if both have one workspace.
            total = scratch("grad_h", *h.shape)
            np.copyto(total, d)
        else:
            np.add(total, d, total)
    return total


def _widen(d, width, scratch, name):
    """`d` with columns of zeros behind it, `width` in all, in a buffer that is not that of `d`."""
    wide = scratch(name, len(d), width)
    wide[:, : d.shape[1]] = d
    wide[:, d.shape[1] :] = 0
    return wide


def _coefficient_blocks(steps, bytes_per_step):
    """Divide the steps of a chunk, from its end, into blocks (a, b), a < b, of about equal size."""
    most = max(1, COEFFICIENT_BYTES // bytes_per_step)
    n_blocks = -(-steps // most)
    size = -(-steps // n_blocks)  # rather two halves than one full block and a rest
    return [(max(0, b - size), b) for b in range(steps, 0, -size)]


def _step_ranges(chunk, a, b, d_h, truncate, dh, dc, *, every_step):
    """Yield ranges (lo, hi) for `Cell.back`: together the steps a:b of a chunk, the last ones first.

    Between two ranges dh and dc change, in place: where a sequence ends, the gradient with respect
    to its last state is added; where backpropagation is truncated, they become zero.
    """
    ends = {}
    if d_h is not None:
        ends = {e: slice(left, right) for e, left, right in chunk.ends if a < e <= b}
    truncations = ()
    if truncate is not None:
        # The multiples of `truncate` among the steps of the sequences, as steps of this chunk.
        first_multiple = -(-(chunk.first_step + a + 1) // truncate) * truncate
        truncations = range(first_multiple - chunk.first_step, b + 1, truncate)
    single_steps = range(a + 1, b) if every_step else ()
    hi = b
    for e in sorted({*ends, *truncations, *single_steps}, reverse=True):
        if e < hi:
            yield e, hi
        if e in truncations:
            dh.fill(0)
            dc.fill(0)
        if e in ends:
            dh[:, ends[e]] += d_h[:, ends[e]]
        hi = e
    yield a, hi


def _rows_first(x, buffers, name):
    """(steps, rows, n) → (rows, steps · n): then one product sums over all steps and sequences."""
    steps, rows, n = x.shape
    out = buffers(name, rows, steps, n)
    np.copyto(out, x.swapaxes(0, 1))
    return out.reshape(rows, -1)


def _add_weight_gradients(cell, delta, operands, dW, buffers):
    """dW += delta · inputsᵀ, for each part the rows of its gates and of what it reads."""
    row = 0
    for part in cell.parts:
        w = dW[part.name]
        gates = delta[row : row + len(w)]
        w += np.dot(gates, operands[cell.input_rows(part)].T, buffers("dW", *w.shape))
        row += len(w)
