"""One sequence by itself: the way of a service, which predicts for each record as it comes.

A batch is sorted, packed into chunks, and its states are handed to observers chunk by chunk. One
sequence needs none of this: a layer is one loop over its steps. The equations are those of a batch,
`Cell.forward` and the blocks of `layers` and `heads`, and sums run in the same order. So the
outputs are, to the bit, those of a batch that holds this sequence alone.
"""

from __future__ import annotations

import numpy as np

from .cells.base import SharedCache
from .heads import Attention, StepHead
from .layers import dense, modulate
from .packing import CHUNK_SIZE, PackedBatch
from .threads import single_blas_thread, single_blas_thread_for
from .workspace import Workspace


class OneSequence:
    """A `Network` with its weights, to be called with one sequence after the other.

    It is made once and holds views of theta, so weights that are changed in place count. It does
    not change, and every call works in new arrays: threads may share it.
    """

    def __init__(self, network, theta):
        self.network = network
        self.dtype = theta.dtype
        self.W = network.layout.views(theta)
        stack = network.stack
        self.layers = []
        for cell, keys in zip(stack.cells, stack.keys, strict=True):
            self.layers.append([(cell, stack.parts(self.W, cell, key)) for key in keys])

    @staticmethod
    def takes(n_steps):
        """Whether a sequence of so many steps is short enough for one chunk, as which it is computed."""
        return n_steps <= CHUNK_SIZE

    def limited_blas(self):
        """A context manager for calls, in which BLAS takes one thread."""
        if "attention" in self.network.pooling:  # its products grow with the length
            return single_blas_thread()
        return single_blas_thread_for(self.network.layout.size)

    def __call__(self, values, static=None):
        """Raw outputs (1, K), or (T, K) with an output per step.

        values (T, F) : network inputs of each step, in the dtype of theta, or rows of the embedding table
        static (1, k) : preprocessed static values; None if the network takes none
        """
        network = self.network
        if static is not None:
            static = static.T
        # Overflow is no warning: weights may have diverged.
        with np.errstate(over="ignore", invalid="ignore"):
            x, _ = network.embed_inputs(self.W, values, self._new)
            for layer in self.layers[:-1]:
                x = self._side_by_side(self._states(layer, x))
            states = self._states(self.layers[-1], x)
            if network.per_step:
                return self._output_of_steps(states, static)
            return self._output(self._pooled(states), static)

    def _states(self, layer, x):
        """The states (T, H) of each direction of a layer, in the order in which it reads the steps."""
        directions = zip(layer, self.network.directions, strict=True)
        return [self._direction(cell, W, x[::-1] if reverse else x) for (cell, W), reverse in directions]

    def _direction(self, cell, W, x):
        T = len(x)
        H = cell.H
        inputs = np.empty((T + 1, cell.rows), self.dtype)
        inputs[:T, cell.x_rows] = x
        inputs[:T, cell.one_row] = 1
        inputs[0, -H:] = 0
        cache = SharedCache(np.empty(max(1, len(cell.cache_blocks)) * H, self.dtype))
        cache[0][:H] = 0
        cell.forward(cell.weights_forward(W), inputs, cache, self._new)
        return inputs[1:, -H:]

    def _side_by_side(self, states):
        """The states of all directions (T, D · H) in the order of time, which the next layer reads."""
        if len(states) == 1:
            return states[0]
        forward, backward = states
        return np.concatenate([forward, backward[::-1]], axis=1)

    def _pooled(self, states):
        """The states of all steps as one vector (P,), as `PooledHead` has it."""
        kinds = self.network.pooling
        pooled = [self._pool(kind, h) for h in states for kind in kinds if kind != "attention"]
        if "attention" in kinds:
            pooled.append(self._attended(states))
        return np.concatenate(pooled)

    @staticmethod
    def _pool(kind, h):
        if kind == "last":
            return h[-1]
        if kind == "max":
            return h.max(axis=0)
        return h.sum(axis=0) / len(h)  # `Pool` divides in float64, which rounds to the same float32

    def _attended(self, states):
        packed = _packed(states)
        A = self.W["attention/A"]
        v = self.W["attention/v"]
        attention = Attention(A, v, self.network.directions, packed, Workspace(self.dtype))
        _show(states, packed, attention.observers)
        return attention.outputs()[:, 0]

    def _output(self, pooled, static):
        x = pooled[:, None]
        if static is not None:
            x, _ = modulate(self.W["head/G"], x, static)
            x = np.concatenate([x, static])
        raw, _ = dense(self.W["head/V"], x)
        return raw.T

    def _output_of_steps(self, states, static):
        network = self.network
        packed = _packed(states)
        H = network.cells[-1].H
        head = StepHead(self.W, network.directions, packed, Workspace(self.dtype), H, static=static)
        _show(states, packed, head.parts)
        return head.raw

    def _new(self, name, *shape):
        """A new array each time, in the place of a `Workspace`."""
        return np.empty(shape, self.dtype)


def _packed(states):
    """The batch that holds this sequence alone, in one chunk."""
    return PackedBatch.of(np.array([len(states[0])]))


def _show(states, packed, observers):
    """Show an observer of each direction the states of all steps."""
    (chunk,) = packed.chunks
    for h, observer in zip(states, observers, strict=True):
        observer.on_states(chunk, h[:, :, None], None)
