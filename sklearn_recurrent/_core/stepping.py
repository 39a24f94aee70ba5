"""One time step at a time, for any number of parallel streams."""

from __future__ import annotations

import numpy as np


class Stepper:
    """A network of one direction, ready to go step by step: its weights prepared once.

    A state is a dict of arrays with the streams in their last axis, as `ForwardResult.ends` has it.
    """

    def __init__(self, network, theta):
        self.theta = theta
        W = network.layout.views(theta)
        self.kinds, self.table = None if network.per_step else network.pooling, W.get("embedding/E")
        self.V, self.bias, self.dtype = W["head/V"][:, :-1].copy(), W["head/V"][:, -1:].copy(), theta.dtype
        self.n_weights = len(theta) if self.table is None else network.layout.size
        self.steps = Steps(network.stack, W, theta.dtype)

    def initial(self, n):
        """The state in which n streams begin."""
        state = self.steps.initial(n)
        if self.kinds is not None:
            shape = self.V.shape[1] // len(self.kinds), n
            state |= {"total": np.zeros(shape), "top": np.full(shape, -np.inf, self.dtype)}
            state["steps"] = np.zeros(n, np.int64)
        return state

    def step(self, x, state):
        """Raw outputs (K, n) after one more step, x (F, n), or (n,) rows of the table; and the new state."""
        if self.table is not None:
            x = self.table[x].T
        x, after = self.steps.step(x, state)
        if self.kinds is not None:
            x = self._pooled(x, state, after)
        return self.V.dot(x) + self.bias, after

    def _pooled(self, h, state, after):
        after["total"], after["top"], after["steps"] = state["total"], state["top"], state["steps"] + 1
        pooled = []
        for kind in self.kinds:
            if kind == "mean":
                after["total"] = total = state["total"] + h
                h_kind = (total / after["steps"]).astype(self.dtype)
            elif kind == "max":
                after["top"] = h_kind = np.maximum(state["top"], h)
            else:
                h_kind = h
            pooled.append(h_kind)
        return pooled[0] if len(pooled) == 1 else np.concatenate(pooled)


class Steps:
    """The layers of a stack of one direction, ready to go step by step: their weights prepared once.

    A state is a dict of arrays with the sequences in their last axis, as `Stacked.ends` has it.
    """

    def __init__(self, stack, W, dtype):
        self.dtype = dtype
        self.layers = [(cell, cell.weights_forward(stack.parts(W, cell, key))) for cell, key in stack._each()]

    def initial(self, n):
        """The state in which n sequences begin."""
        state = {}
        for k, (cell, _) in enumerate(self.layers):
            state[f"h_{k}"] = np.zeros((cell.H, n), self.dtype)
            if "c" in cell.cache_blocks:
                state[f"c_{k}"] = np.zeros((cell.H, n), self.dtype)
        return state

    def step(self, x, state):
        """The states (H, n) of the top layer after one more step, x (F, n); and the new state."""
        after, n = {}, x.shape[-1]
        for k, (cell, weights) in enumerate(self.layers):
            H, start = cell.H, cell.H if cell.gated else 0
            inputs = np.empty((2, cell.rows, n), self.dtype)
            first = inputs[0]
            first[start : start + cell.F], first[start + cell.F], first[-H:] = x, 1, state[f"h_{k}"]
            cache = np.empty((2, max(1, len(cell.cache_blocks)) * H, n), self.dtype)
            if "c" in cell.cache_blocks:
                cache[0, :H] = state[f"c_{k}"]
                after[f"c_{k}"] = cache[1, :H]
            cell.forward(weights, inputs, cache, self._scratch)
            x = after[f"h_{k}"] = inputs[1, -H:]
        return x, after

    def _scratch(self, name, *shape):
        return np.empty(shape, self.dtype)
