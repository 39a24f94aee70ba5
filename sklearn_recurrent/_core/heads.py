"""Heads: from the states of the top layer to raw outputs.

A head hands `unroll` a list of observers for each direction, which see the states of every step.
``outputs(lasts)`` makes the raw outputs, one column each, from the states in which the sequences
end. ``back(dW, d_raw)`` gives the gradients with respect to these, one for each direction or None;
after it the observers give those with respect to the states of every step. `ends` is the head's
share of the state of a stream.

Static values (k, N), which belong to a sequence as a whole, act in two ways. They join the states in
front of the dense layer: [states; static; 1]. And they scale the states before (`modulate`): without
that, outputs would be sums of what the states say and what the static values say. Dropout leaves
them alone.
"""

from __future__ import annotations

import numpy as np

from .layers import dense, dropout, equal_parts, modulate
from .unroll import StateObserver

POOLINGS = ("last", "mean", "max", "attention")


class PooledHead:
    """One output per sequence: the states pooled over time, then a dense layer.

    W : weights by name
    kinds : names in `POOLINGS`. Their results are concatenated: last, mean and maximum in the order
        of `kinds`, for one direction after the other; then attention
    initial_state : "total", "top" and "steps" of a `Pool`, if the sequences continue a stream
    static (k, N) : static values; None if there are none
    needs_backward : whether there will be a backward pass

    After ``outputs(lasts)``, `pooled` (P, N) has the results of pooling, before static values and dropout.
    """

    def __init__(
        self,
        W,
        kinds,
        directions,
        packed,
        scratch,
        H,
        *,
        mask=None,
        initial_state=None,
        static=None,
        needs_backward=True,
    ):
        self.W = W
        self.mask = mask
        self.static = static
        plain = tuple(kind for kind in kinds if kind != "attention")
        self.pools = []
        for k in range(len(directions)):
            self.pools.append(Pool(plain, packed, scratch.child(k), H, initial_state, needs_backward))
        self.attention = None
        if "attention" in kinds:
            A = W["attention/A"]
            v = W["attention/v"]
            self.attention = Attention(A, v, directions, packed, scratch)

    @property
    def ends(self):
        return self.pools[0].ends

    def observers(self, direction):
        observers = [self.pools[direction]]
        if self.attention:
            observers.append(self.attention.observers[direction])
        return observers

    def outputs(self, lasts):
        pooled = [pool.outputs(last) for pool, last in zip(self.pools, lasts, strict=True)]
        if self.attention:
            pooled.append(self.attention.outputs())
        self.pooled = np.concatenate(pooled)
        x = self.pooled
        if self.static is not None:
            x, self._modulate_back = modulate(self.W["head/G"], x, self.static)
        x, self._dropout_back = dropout(self.mask, x)
        if self.static is not None:
            x = np.concatenate([x, self.static])
        raw, self._dense_back = dense(self.W["head/V"], x)
        return raw

    def back(self, dW, d_raw):
        d = self._dense_back(dW["head/V"], d_raw)
        if self.static is None:
            d = self._dropout_back(d)
        else:
            d = self._modulate_back(dW["head/G"], self._dropout_back(d[: -len(self.static)]))
        if self.attention:
            width = self.W["attention/A"].shape[1] - 1
            self.attention.back(dW["attention/A"], dW["attention/v"], d[-width:])
            d = d[:-width]
        shares = equal_parts(d, len(self.pools))
        return [pool.back(share) for pool, share in zip(self.pools, shares, strict=True)]


class Pool(StateObserver):
    """The last, the mean and the maximum of the states of each sequence.

    Steps that share a maximum share its gradient equally.
    """

    def __init__(self, kinds, packed, scratch, H, initial_state=None, needs_backward=True):
        self.kinds = kinds
        self.packed = packed
        self.scratch = scratch.child("pool")
        n = len(packed.lengths)
        if initial_state is None:
            self.total = np.zeros((H, n))  # float64: a stream may be long
            self.top = np.full((H, n), -np.inf, scratch.dtype)
            self.steps = packed.lengths
        else:
            self.total = initial_state["total"].copy()
            self.top = initial_state["top"].copy()
            self.steps = packed.lengths + initial_state["steps"]
        self.ties = np.zeros((H, n), scratch.dtype) if needs_backward else None  # how many steps reach the maximum

    def on_states(self, chunk, h, cache):
        n = chunk.width
        if "mean" in self.kinds:
            factor = self._for_padding(chunk, 0, 1)
            valid = h
            if factor is not None:
                valid = np.multiply(h, factor, self.scratch("pooled", *h.shape))
            self.total[:, :n] += valid.sum(axis=0)
        if "max" in self.kinds:
            addend = self._for_padding(chunk, -np.inf, 0)
            if addend is not None:
                h = np.add(h, addend, self.scratch("pooled", *h.shape))
            highest = h.max(axis=0)
            top = self.top[:, :n]
            if self.ties is not None:
                self._count_ties(h, highest, top, self.ties[:, :n])
            np.maximum(top, highest, out=top)

    @staticmethod
    def _count_ties(h, highest, top, ties):
        is_highest = (h == highest).view(np.uint8)
        # Bytes are added without a cast, if their sum is one.
        count = is_highest.sum(axis=0, dtype=np.uint8 if len(h) < 256 else np.intp).astype(ties.dtype)
        # A higher maximum starts the count anew, an equal one adds to it.
        ties[...] = np.where(highest > top, count, ties + (highest == top) * count)

    def _for_padding(self, chunk, at_padding, at_valid):
        """(steps, 1, width) of two numbers; None if the chunk has no padding."""
        valid = self.packed.valid(chunk)
        if valid is None:
            return None
        number = self.scratch.dtype.type
        return np.where(valid[:, None], number(at_valid), number(at_padding))

    @property
    def ends(self):
        return {"total": self.total, "top": self.top, "steps": self.steps}

    def outputs(self, last):
        if not self.kinds:  # attention alone
            return last[:0]
        return np.concatenate([self._output(kind, last) for kind in self.kinds])

    def _output(self, kind, last):
        if kind == "mean":
            return (self.total / self.steps).astype(last.dtype)
        return last if kind == "last" else self.top

    def back(self, d):
        """Keep the gradients of mean and maximum for `grad_h`; return that of the last states."""
        shares = equal_parts(d, len(self.kinds)) if self.kinds else []
        self.d = dict(zip(self.kinds, shares, strict=True))
        return self.d.get("last")

    def grad_h(self, chunk, h):
        if not self.d.keys() & {"mean", "max"}:
            return None
        n = chunk.width
        dY = self.scratch("grad_h", *h.shape)
        if "mean" in self.d:
            dY[...] = (self.d["mean"] / self.steps.astype(h.dtype))[:, :n]
        else:
            dY.fill(0)
        if "max" in self.d:
            share = (self.d["max"] / self.ties)[:, :n]
            dY += np.multiply(share, h == self.top[:, :n], self.scratch("pooled", *h.shape))
        factor = self._for_padding(chunk, 0, 1)
        if factor is not None:
            np.multiply(dY, factor, dY)
        return dY


class StepHead:
    """One output per time step: the same dense layer on the states of each step."""

    ends = {}

    def __init__(self, W, directions, packed, scratch, H, *, mask=None, static=None):
        self.V = W["head/V"]
        self.H = H
        self.packed = packed
        self.static = static
        n = len(directions)
        masks = [None] * n if mask is None else equal_parts(mask, n)
        G = [None] * n if static is None else equal_parts(W["head/G"], n)
        # The outputs grow as the directions are read: first what a sequence has at all of its steps,
        # then the product of each direction with its own columns of V. So the states of both never
        # lie side by side.
        self.raw = np.empty((packed.offsets[-1], len(self.V)), scratch.dtype)
        if static is None:
            self.raw[...] = self.V[:, -1]
        else:
            V = self.V[:, n * H :]
            self.raw[...] = np.repeat(dense(V, static)[0].T, packed.lengths, axis=0)
        self.parts = []
        for k, reverse in enumerate(directions):
            V = self.V[:, k * H : k * H + H]
            self.parts.append(_DirectionOfStepHead(V, self.raw, packed, reverse, masks[k], G[k], static))

    def observers(self, direction):
        return [self.parts[direction]]

    def outputs(self, lasts):
        return self.raw.T

    def back(self, dW, d_raw):
        dV = dW["head/V"]
        dV[:, -1] += d_raw.sum(axis=1)
        if self.static is not None:
            of_sequences = np.add.reduceat(d_raw, self.packed.offsets[:-1], axis=1)
            dV[:, len(self.parts) * self.H : -1] += of_sequences @ self.static.T
            for part, dG in zip(self.parts, equal_parts(dW["head/G"], len(self.parts)), strict=True):
                part.dG = dG
        for k, part in enumerate(self.parts):
            part.d_raw = np.ascontiguousarray(d_raw.T)
            part.dV = dV[:, k * self.H : k * self.H + self.H]
        return [None] * len(self.parts)


class _DirectionOfStepHead(StateObserver):
    """The share of one direction: its columns V of the weights, added to the rows of `raw`.

    mask (H, N) : of dropout; None for none
    G (H, k), static (k, N) : as in `modulate`; None without static values
    """

    def __init__(self, V, raw, packed, reverse, mask, G, static):
        self.V = V
        self.raw = raw
        self.packed = packed
        self.reverse = reverse
        self.mask = mask
        self.static = static
        self.factor = mask  # of the states of each sequence, the same at all of its steps
        if static is not None:
            self.factor = 1 + G @ static if mask is None else mask * (1 + G @ static)

    def on_states(self, chunk, h, cache):
        self.packed.put(self.V @ self._scaled(h, chunk), chunk, self.reverse, self.raw, add=True)

    def grad_h(self, chunk, h):
        d = self.packed.gather_valid(self.d_raw, chunk, self.reverse)
        self.dV += np.einsum("tkn,thn->kh", d, self._scaled(h, chunk), optimize=True)
        d = self.V.T @ d
        if self.static is not None:
            d_factor = np.einsum("thn,thn->hn", d, h)
            if self.mask is not None:
                d_factor *= self.mask[:, : chunk.width]
            self.dG += d_factor @ self.static[:, : chunk.width].T
        return self._scaled(d, chunk)

    def _scaled(self, h, chunk):
        if self.factor is None:
            return h
        return h * self.factor[:, : chunk.width]


class StagedHead(StateObserver):
    """The output of a `PooledHead` after each step, as if the sequence ended there.

    For one direction, without attention.
    """

    def __init__(self, W, kinds, packed, scratch, H, *, initial_state=None, static=None):
        V = W["head/V"]
        width = len(kinds) * H
        self.V = V[:, :width]
        self.constant = V[:, -1:]  # what a sequence has at all of its steps, (K, 1) or (K, N)
        self.factor = None
        if static is not None:
            self.constant, _ = dense(V[:, width:], static)
            self.factor = 1 + W["head/G"] @ static
        self.kinds = kinds
        self.packed = packed
        self.pool = Pool(kinds, packed, scratch, H, initial_state)
        self.before = self.pool.steps - packed.lengths  # steps of the stream before these sequences
        self.raw = np.empty((packed.offsets[-1], len(V)), scratch.dtype)

    @property
    def ends(self):
        return self.pool.ends

    def observers(self, direction):
        return [self]

    def on_states(self, chunk, h, cache):
        n = chunk.width
        pool = self.pool
        t = np.arange(chunk.first_step + 1, chunk.first_step + chunk.steps + 1)[:, None]
        steps = self.before[:n] + t
        # Running sums and maxima go through padding, which `put` leaves out. `ends` is therefore
        # exact in a batch without padding only, such as one that begins in a state.
        total = np.cumsum(h, axis=0, dtype=np.float64) + pool.total[:, :n]
        top = np.maximum(np.maximum.accumulate(h, axis=0), pool.top[:, :n])
        pool.total[:, :n] = total[-1]
        pool.top[:, :n] = top[-1]
        pooled = {"last": h, "mean": (total / steps[:, None]).astype(h.dtype), "max": top}
        pooled = np.concatenate([pooled[kind] for kind in self.kinds], axis=1)
        if self.factor is not None:
            pooled *= self.factor[:, :n]
        self.packed.put(self.V @ pooled + self.constant[:, :n], chunk, False, self.raw)

    def outputs(self, lasts):
        return self.raw.T


class Attention:
    """Additive attention with a learned query.

    The sum Σ a_t h_t, where a is the softmax of v · tanh(A [h_t; 1]) over time.

    h is the states of all `directions` side by side, P in all; A (Q, P + 1), v (1, Q). `observers`
    has one observer for each direction. After the forward pass, ``outputs()`` gives the sums (P,
    N), and `weights` (S,) is a of every step. After ``back(dA, dv, d)`` the observers give the
    gradient with respect to the states.

    References: Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly
    learning to align and translate. ICLR; here with one query, which is part of A and v, in place
    of the decoder's state.
    """

    def __init__(self, A, v, directions, packed, scratch):
        self.v = v
        self.packed = packed
        scratch = scratch.child("attention")
        self.check_buffers = scratch.claim()
        # u begins with the bias; each direction adds its share of A h as its states are read.
        self.u = scratch("u", packed.offsets[-1], len(v[0]))
        self.u[...] = A[:, -1]
        parts = equal_parts(A[:, :-1], len(directions), axis=1)
        self.observers = [
            _DirectionOfAttention(part, self.u, packed, reverse, scratch.child(k))
            for k, (part, reverse) in enumerate(zip(parts, directions, strict=True))
        ]

    def outputs(self):
        self.check_buffers()
        np.tanh(self.u, self.u)
        a = self.u @ self.v[0]
        a -= self._of_sequence(np.maximum, a)  # no exponent overflows
        np.exp(a, a)
        a /= self._of_sequence(np.add, a)
        self.weights = a
        return np.concatenate([observer.weighted_sum(a) for observer in self.observers])

    def back(self, dA, dv, d):
        self.check_buffers()
        a = self.weights
        u = self.u
        da = np.zeros_like(a)
        for observer, share in zip(self.observers, equal_parts(d, len(self.observers)), strict=True):
            observer.back_to_weights(share, da)
        da -= self._of_sequence(np.add, a * da)
        da *= a  # from here on with respect to v · u, the input of the softmax
        dv += da @ u
        du = np.multiply(u, u, u)
        np.subtract(1, du, du)
        du *= da[:, None]
        du *= self.v
        dA[:, -1] += du.sum(axis=0)
        parts = equal_parts(dA[:, :-1], len(self.observers), axis=1)
        for observer, part in zip(self.observers, parts, strict=True):
            observer.du = du
            observer.dA = part

    def _of_sequence(self, ufunc, a):
        """(S,): sum or maximum of `a` over the sequence of each step."""
        return np.repeat(ufunc.reduceat(a, self.packed.offsets[:-1]), self.packed.lengths)


class _DirectionOfAttention(StateObserver):
    """The share of one direction. It copies the states: their weights come after the last step."""

    def __init__(self, A, u, packed, reverse, scratch):
        self.A = A
        self.u = u
        self.packed = packed
        self.reverse = reverse
        self.scratch = scratch
        self.states = {}  # first step of a chunk → its states

    def on_states(self, chunk, h, cache):
        states = self.scratch(("states", chunk.first_step), *h.shape)
        np.copyto(states, h)
        self.states[chunk.first_step] = states
        self.packed.put(self.A @ states, chunk, self.reverse, self.u, add=True)

    def weighted_sum(self, a):
        self.a = a
        total = np.zeros((self.A.shape[1], len(self.packed.lengths)), a.dtype)
        for chunk in self.packed.chunks:
            weights = self._of_chunk(a[:, None], chunk)[:, 0]
            total[:, : chunk.width] += np.einsum("thn,tn->hn", self.states[chunk.first_step], weights)
        return total

    def back_to_weights(self, d, da):
        self.d = d
        for chunk in self.packed.chunks:
            share = np.einsum("thn,hn->tn", self.states[chunk.first_step], d[:, : chunk.width])
            self.packed.put(share[:, None], chunk, self.reverse, da[:, None], add=True)

    def grad_h(self, chunk, h):
        """h acts in two ways: through its weight a, by u = tanh(A h), and through the sum itself."""
        du = self._of_chunk(self.du, chunk)
        a = self._of_chunk(self.a[:, None], chunk)
        self.dA += np.matmul(du, h.swapaxes(1, 2)).sum(axis=0)
        dY = np.matmul(self.A.T, du, out=self.scratch("grad_h", *h.shape))
        dY += np.multiply(a, self.d[:, : chunk.width], self.scratch("weighted", *h.shape))
        return dY

    def _of_chunk(self, values, chunk):
        """`values` as (steps, F, width); C-contiguous, or einsum takes ten times as long."""
        return np.ascontiguousarray(self.packed.gather_valid(values, chunk, self.reverse))
