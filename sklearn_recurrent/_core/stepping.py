"""One time step at a time, for any number of parallel streams."""

from __future__ import annotations

import numpy as np

from .layers import embed_columns, modulate


class Stepper:
    """A network of one direction with its weights prepared, to be run step by step.

    A state is a dict of arrays with the streams in their last axis, as in `ForwardResult.ends`.
    """

    def __init__(self, network, theta):
        self.theta = theta
        self.dtype = theta.dtype
        W = network.layout.views(theta)
        self.pooling = None if network.per_step else network.pooling
        self.n_features = network.n_features
        self.table = W.get("embedding/E")
        self.tables = [W[name] for name in network.tables]
        self.V = W["head/V"][:, : network.head_width].copy()
        self.V_static = W["head/V"][:, network.head_width : -1].copy()
        self.bias = W["head/V"][:, -1:].copy()
        self.G = W["head/G"].copy() if network.n_static else None
        self.n_weights = len(theta) if self.table is None else network.layout.size
        self.steps = Steps(network.stack, W, self.dtype)

    def initial(self, n):
        """The state in which n streams begin."""
        state = self.steps.initial(n)
        if self.pooling is not None:
            shape = self.V.shape[1] // len(self.pooling), n
            # The sum is float64, the count an integer: in float32 a long stream would outgrow them.
            state["total"] = np.zeros(shape)
            state["top"] = np.full(shape, -np.inf, self.dtype)
            state["steps"] = np.zeros(n, np.int64)
        return state

    def step(self, x, state, static=None):
        """Raw outputs (K, n) after one more step, and the new state; `state` itself is not changed.

        x : network inputs (F, n), or (n,) rows of the embedding table; or numbers, then rows of categories (F, n)
        static (k, n) : static values of the streams; None if the network takes none
        """
        if self.table is not None:
            x = self.table[x].T
        elif self.tables:
            x, _ = embed_columns(self.tables, x.T, np.empty((x.shape[1], self.n_features), self.dtype))
            x = x.T
        h, new_state = self.steps.step(x, state)
        if self.pooling is not None:
            h = self._pooled(h, state, new_state)
        if static is None:
            return self.V.dot(h) + self.bias, new_state
        h, _ = modulate(self.G, h, static)
        return self.V.dot(h) + self.V_static.dot(static) + self.bias, new_state

    def _pooled(self, h, state, new_state):
        steps = state["steps"] + 1
        total = state["total"]
        top = state["top"]
        pooled = []
        for kind in self.pooling:
            if kind == "mean":
                total = total + h
                pooled.append((total / steps).astype(self.dtype))
            elif kind == "max":
                top = np.maximum(top, h)
                pooled.append(top)
            else:
                pooled.append(h)
        new_state |= {"total": total, "top": top, "steps": steps}
        return pooled[0] if len(pooled) == 1 else np.concatenate(pooled)


class Steps:
    """The layers of a stack of one direction with their weights prepared, to be run step by step.

    A state is a dict of arrays with the sequences in their last axis, as in `Stacked.ends`.
    """

    def __init__(self, stack, W, dtype):
        self.dtype = dtype
        self.layers = []
        for cell, key in stack.cells_and_keys():
            self.layers.append((cell, cell.weights_forward(stack.parts(W, cell, key))))

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
        new_state = {}
        n = x.shape[-1]
        for k, (cell, weights) in enumerate(self.layers):
            H = cell.H
            # A chunk of one step, in the arrays that `Cell.forward` expects.
            inputs = np.empty((2, cell.rows, n), self.dtype)
            inputs[0, cell.x_rows] = x
            inputs[0, cell.one_row] = 1
            inputs[0, -H:] = state[f"h_{k}"]
            cache = np.empty((2, max(1, len(cell.cache_blocks)) * H, n), self.dtype)
            if "c" in cell.cache_blocks:
                cache[0, :H] = state[f"c_{k}"]
                new_state[f"c_{k}"] = cache[1, :H]
            cell.forward(weights, inputs, cache, self._scratch)
            x = inputs[1, -H:]
            new_state[f"h_{k}"] = x
        return x, new_state

    def _scratch(self, name, *shape):
        """A new array each time: several threads may use one object."""
        return np.empty(shape, self.dtype)
