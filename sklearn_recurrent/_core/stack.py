"""Recurrent layers on top of each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from .cells.registry import CELLS
from .initialization import cell_weights
from .packing import MAX_PADDING
from .unroll import concat_directions, split_gradient, unroll


class Stack:
    """Layers of one kind of cell. Each reads the states of both directions of the layer below.

    A stack holds no weights. They are in dicts of arrays, named after prefix, layer, direction and
    part of the cell.

    units : the number of units of each layer, in each direction
    dropout : of the states between layers
    recurrent_dropout : of the states within a layer
    truncate : as in `unroll`
    """

    def __init__(
        self,
        cell,
        activation,
        n_features,
        units,
        bidirectional,
        *,
        prefix="",
        dropout=0.0,
        recurrent_dropout=0.0,
        truncate=None,
    ):
        self.directions = (False, True) if bidirectional else (False,)  # reverse?
        self.prefix = prefix
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.truncate = truncate
        widths = [n_features, *(len(self.directions) * n for n in units)]
        self.width = widths[-1]  # of the states of the top layer
        self.cells = [CELLS[cell](F, H, activation) for F, H in zip(widths, units, strict=False)]
        names = ["backward" if reverse else "forward" for reverse in self.directions]
        self.keys = [[f"{prefix}layer_{depth}/{name}" for name in names] for depth in range(len(units))]
        # How many numbers all layers together read in one step: what a prediction holds of it.
        self.numbers = len(self.directions) * sum(cell.rows for cell in self.cells)
        # relu may grow without bound through padding, and 0 · inf is NaN in the products of the
        # backward pass.
        self.max_padding = MAX_PADDING if self.cells[0].bounded else 0.0

    def cells_and_keys(self):
        """The cell and the key of each layer and direction."""
        return [(cell, key) for cell, keys in zip(self.cells, self.keys, strict=True) for key in keys]

    def shapes(self):
        """Name → shape of all weights."""
        return {f"{key}/{part}": shape for cell, key in self.cells_and_keys() for part, shape in cell.shapes().items()}

    def initialize(self, W, rng, forget_bias, longest):
        """Draw weights into the views `W`; `forget_bias` and `longest` as in `cell_weights`."""
        for cell, key in self.cells_and_keys():
            for part, w in cell_weights(rng, cell, forget_bias, longest).items():
                W[f"{key}/{part}"][...] = w

    def clear_biases(self, W):
        """Set the biases among the views `W` to 0."""
        for cell, key in self.cells_and_keys():
            for part in cell.parts:
                W[f"{key}/{part.name}"][:, cell.columns(part)["1"]] = 0

    def parts(self, W, cell, key):
        """Name of the part → array, for one layer and direction."""
        return {part.name: W[f"{key}/{part.name}"] for part in cell.parts}

    def forward(
        self,
        W,
        values,
        packed,
        scratch,
        observers,
        masks,
        *,
        needs_backward=True,
        initial_state=None,
        extra_observers=None,
    ):
        """Run all layers over a batch: a `Stacked`.

        observers : of the states of the top layer, a list for each direction
        masks : ``masks(p, H)`` draws the mask of dropout; None if nothing is dropped
        initial_state : the state in which the sequences begin, with the names of `Stacked.ends`
        extra_observers : ``extra_observers(depth, direction, packed)`` gives further observers of
            each layer
        """
        layers = []  # of each layer an `Unrolled` for each direction
        all_collectors = []  # of each layer but the top one a collector for each direction
        for depth, (cell, keys) in enumerate(zip(self.cells, self.keys, strict=True)):
            inputs = values
            collectors = []
            if depth + 1 < len(self.cells):
                values = self._scratch(scratch, depth)("outputs", len(inputs), len(keys) * cell.H)
                draw_mask = partial(masks, self.dropout, cell.H)
                collectors = concat_directions(packed, self.directions, values, draw_mask)
            layer = []
            for k, (key, reverse) in enumerate(zip(keys, self.directions, strict=True)):
                layer_observers = [collectors[k]] if collectors else observers[k]
                if extra_observers is not None:
                    layer_observers = [*layer_observers, *extra_observers(depth, k, packed)]
                unrolled = unroll(
                    cell,
                    self.parts(W, cell, key),
                    inputs,
                    packed,
                    scratch.child(key),
                    reverse=reverse,
                    needs_backward=needs_backward,
                    initial_state=_state_of_layer(initial_state, depth),
                    mask=masks(self.recurrent_dropout, cell.H),
                    truncate=self.truncate,
                    observers=layer_observers,
                )
                layer.append(unrolled)
            layers.append(layer)
            all_collectors.append(collectors)

        def back(dW, d_h, d_values=None, *, add=False):
            d_initial = {}
            n_steps = packed.offsets[-1]
            for depth in reversed(range(len(layers))):
                cell = self.cells[depth]
                d_last = d_h.get(depth, [None] * len(layers[depth]))
                d_inputs = d_values
                if depth:
                    d_inputs = self._scratch(scratch, depth)("d_inputs", n_steps, cell.F)
                for k, (key, unrolled) in enumerate(zip(self.keys[depth], layers[depth], strict=True)):
                    # The first direction writes the gradient of what both read, the second adds to
                    # it.
                    adds = k > 0 or (add and not depth)
                    dh, dc = unrolled.back(self.parts(dW, cell, key), d_last[k], d_inputs, add=adds)
                d_initial[f"h_{depth}"] = dh
                d_initial[f"c_{depth}"] = dc
                if depth:
                    split_gradient(all_collectors[depth - 1], d_inputs)
            return d_initial

        h = [[unrolled.h for unrolled in layer] for layer in layers]
        return Stacked(h, self._ends(layers), back)

    def _scratch(self, scratch, depth):
        """The workspace of what a layer reads and writes, apart from those of its directions."""
        return scratch.child(f"{self.prefix}layer_{depth}")

    def _ends(self, layers):
        ends = {}
        for depth, (cell, layer) in enumerate(zip(self.cells, layers, strict=True)):
            ends[f"h_{depth}"] = layer[0].h
            if "c" in cell.cache_blocks:
                ends[f"c_{depth}"] = layer[0].c
        return ends


def _state_of_layer(state, depth):
    """(h, c) of one layer, or None; a cell without c takes anything of that shape."""
    if state is None:
        return None
    h = state[f"h_{depth}"]
    return h, state.get(f"c_{depth}", h)


class Stacked(NamedTuple):
    """The states of all layers after the last step of each sequence, and the backward pass.

    h : of each layer a list, the states (H, N) of each direction
    ends : "h_0", "c_0", … → (H, N) for the first direction; c for cells that have it, as in
        `Unrolled`
    back : ``back(dW, d_h, d_values, add)`` as in `Unrolled`; d_h is depth → (H, N), or None, for
        each direction. In a stack of one direction it returns the gradients with respect to
        `initial_state`.
    """

    h: list
    ends: dict
    back: Callable
