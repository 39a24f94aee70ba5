"""A network as a graph of ONNX operators, which gives the same raw outputs in every runtime.

Padding comes last. The reverse direction is a forward operator on reversed sequences.
"""

from __future__ import annotations

import numpy as np

from .cells import add_cell, add_step, standard_cell


class NetworkGraph:
    """Adds a `Network` to a graph.

    W : the weights by name, in the precision in which the graph computes
    cell, activation : their names
    as_loop : whether to write all cells out, step by step
    """

    def __init__(self, graph, network, W, cell, activation, *, as_loop):
        self.graph = graph
        self.network = network
        self.W = W
        self.cell = cell
        self.activation = activation
        self.as_loop = as_loop or activation != "tanh"
        self.dtype = W["head/V"].dtype

    def raw_outputs(self, values, steps, static):
        """Raw outputs (N, K), or (T, N, K) with an output per step.

        values (T, N, F) : what the first layer reads
        steps : a `Steps`
        static (N, k) : None if there are no static values
        """
        stack = self.network.stack
        for cell, keys in zip(stack.cells[:-1], stack.keys[:-1], strict=True):
            values = self._in_order(self._layer(cell, keys, values, steps), steps)
        top = self._layer(stack.cells[-1], stack.keys[-1], values, steps)
        if self.network.per_step:
            pooled = self._in_order(top, steps)
        else:
            pooled = self._pooled(top, steps)
        return self.outputs(pooled, static)

    def step(self, x, states):
        """The states of the top layer after one more step x (N, F), and the next states: name → what is carried on."""
        new = {}
        stack = self.network.stack
        for k, (cell, key) in enumerate(stack.cells_and_keys()):
            standard = standard_cell(self.cell, cell, stack.parts(self.W, cell, key))
            names = [f"{letter}_{k}" for letter in standard.states]
            values = add_step(self.graph, x, [states[name] for name in names], standard, cell.H, self.activation)
            new |= dict(zip(names, values, strict=True))
            x = values[0]
        return x, new

    def states(self):
        """Name → units, of all that `step` carries on."""
        letters = ("h", "c") if self.cell.startswith("lstm") else ("h",)
        return {f"{letter}_{k}": cell.H for k, cell in enumerate(self.network.cells) for letter in letters}

    def _layer(self, cell, keys, values, steps):
        """The states of each direction, in the order in which it reads the steps."""
        states = []
        for key, reverse in zip(keys, self.network.directions, strict=True):
            weights = self.network.stack.parts(self.W, cell, key)
            standard = standard_cell(self.cell, cell, weights)
            read = steps.reverse(values) if reverse else values
            states.append(add_cell(self.graph, read, standard, cell.H, self.activation, as_loop=self.as_loop))
        return states

    def _in_order(self, states, steps):
        """The states of all directions side by side, each step where it belongs."""
        ordered = []
        for h, reverse in zip(states, self.network.directions, strict=True):
            ordered.append(steps.reverse(h) if reverse else h)
        return self.graph.concat(ordered, 2)

    def _pooled(self, states, steps):
        # Last, mean and maximum do not ask in which order a direction reads: nothing is reversed for them.
        pools = {"last": steps.last, "mean": steps.mean, "max": steps.max}
        plain = [kind for kind in self.network.pooling if kind != "attention"]
        pooled = [pools[kind](h, self.dtype) for h in states for kind in plain]
        if "attention" in self.network.pooling:
            pooled.append(self._attention(self._in_order(states, steps), steps))
        return self.graph.concat(pooled, 1)

    def _attention(self, h, steps):
        graph = self.graph
        A = self.W["attention/A"]
        u = graph.add("Tanh", graph.add("Add", graph.linear(h, A[:, :-1]), A[:, -1]))
        energies = steps.where_valid(
            graph.linear(u, self.W["attention/v"]), np.array(np.finfo(self.dtype).min, self.dtype)
        )
        weights = graph.add("Softmax", energies, axis=0)
        valid = steps.where_valid(h, np.zeros((), self.dtype))
        return graph.total(graph.add("Mul", weights, valid), 0)

    def outputs(self, x, static):
        """Raw outputs of states that are pooled, or of one step."""
        graph = self.graph
        V = self.W["head/V"]
        width = self.network.head_width
        constant = V[:, -1]
        if static is not None:
            scale = graph.add("Add", graph.linear(static, self.W["head/G"]), np.ones((), self.dtype))
            x = graph.add("Mul", x, scale)
            constant = graph.add("Add", graph.linear(static, V[:, width:-1]), constant)
        return graph.add("Add", graph.linear(x, V[:, :width]), constant)
