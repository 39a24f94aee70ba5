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
    """Layers of one cell, each reading the states of the layer below; those of two directions lie side by side.

    It holds no weights. Theirs are named after layer, direction and part of the cell, behind `prefix`.

    units : of each layer and direction
    dropout : between layers
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
        self.prefix, self.dropout, self.recurrent_dropout, self.truncate = prefix, dropout, recurrent_dropout, truncate
        widths = [n_features, *(len(self.directions) * n for n in units)]
        self.cells = [CELLS[cell](F, H, activation) for F, H in zip(widths, units, strict=False)]
        names = ["backward" if reverse else "forward" for reverse in self.directions]
        self.keys = [[f"{prefix}layer_{k}/{name}" for name in names] for k in range(len(units))]
        self.width = widths[-1]  # of the states of the top layer
        self.numbers = len(self.directions) * sum(cell.rows for cell in self.cells)  # that go into a step
        # relu may grow without bound past the end of a sequence, and 0 · inf is NaN
        self.max_padding = MAX_PADDING if self.cells[0].bounded else 0.0

    def _each(self):
        """The cell and the key of each direction of each layer."""
        return [(cell, key) for cell, keys in zip(self.cells, self.keys, strict=True) for key in keys]

    def shapes(self):
        return {f"{key}/{part}": shape for cell, key in self._each() for part, shape in cell.shapes().items()}

    def initialize(self, W, rng, forget_bias, longest):
        """Draw weights into the views `W`; `forget_bias` and `longest` as `cell_weights` takes them."""
        for cell, key in self._each():
            for part, w in cell_weights(rng, cell, forget_bias, longest).items():
                W[f"{key}/{part}"][...] = w

    def clear_biases(self, W):
        """Set the columns of the views `W` that multiply 1 to 0."""
        for cell, key in self._each():
            for part in cell.parts:
                W[f"{key}/{part.name}"][:, cell.columns(part)["1"]] = 0

    def parts(self, W, cell, key):
        """Name → array, of one direction of one layer."""
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
        """Go through a batch.

        observers : of the states of the top layer, a list for each direction
        masks : ``masks(p, H)``, what dropout drops; None if nothing
        initial_state : the state in which the sequences begin, names as in `Stacked.ends`
        extra_observers : ``extra_observers(depth, direction, packed)`` gives further observers of each layer
        """
        layers, all_joins = [], []
        for depth, (cell, keys) in enumerate(zip(self.cells, self.keys, strict=True)):
            joins, below = [], values
            if depth + 1 < len(self.cells):
                values = scratch.child(f"{self.prefix}layer_{depth}")("outputs", len(values), len(keys) * cell.H)
                joins = concat_directions(packed, self.directions, values, partial(masks, self.dropout, cell.H))
            begin = (
                None
                if initial_state is None
                else (initial_state[f"h_{depth}"], initial_state.get(f"c_{depth}", initial_state[f"h_{depth}"]))
            )
            layer = []
            for k, (key, reverse) in enumerate(zip(keys, self.directions, strict=True)):
                seeing = [joins[k]] if joins else observers[k]
                layer.append(
                    unroll(
                        cell,
                        self.parts(W, cell, key),
                        below,
                        packed,
                        scratch.child(key),
                        reverse=reverse,
                        needs_backward=needs_backward,
                        initial_state=begin,
                        mask=masks(self.recurrent_dropout, cell.H),
                        truncate=self.truncate,
                        observers=seeing if extra_observers is None else [*seeing, *extra_observers(depth, k, packed)],
                    )
                )
            layers.append(layer)
            all_joins.append(joins)

        def back(dW, d_h, d_values=None, *, add=False):
            d_start, n_steps = {}, packed.offsets[-1]
            for depth in reversed(range(len(layers))):
                cell, layer, d_lasts = self.cells[depth], layers[depth], d_h.get(depth, [None] * len(layers[depth]))
                d_inputs = (
                    scratch.child(f"{self.prefix}layer_{depth}")("d_inputs", n_steps, cell.F) if depth else d_values
                )
                for k, (key, unrolled, d_last) in enumerate(zip(self.keys[depth], layer, d_lasts, strict=True)):
                    adds = k > 0 or (add and not depth)
                    dh, dc = unrolled.back(self.parts(dW, cell, key), d_last, d_inputs, add=adds)
                d_start[f"h_{depth}"], d_start[f"c_{depth}"] = dh, dc
                if depth:
                    split_gradient(all_joins[depth - 1], d_inputs)
            return d_start

        return Stacked([[unrolled.h for unrolled in layer] for layer in layers], self._ends(layers), back)

    def _ends(self, layers):
        ends = {}
        for depth, (cell, layer) in enumerate(zip(self.cells, layers, strict=True)):
            ends[f"h_{depth}"] = layer[0].h
            if "c" in cell.cache_blocks:
                ends[f"c_{depth}"] = layer[0].c
        return ends


class Stacked(NamedTuple):
    """The states of all layers after the last step.

    h : for each layer a list, of the states (H, N) of each direction
    ends : of the first direction, "h_0", "c_0", … → (H, N); c, of cells that have it, as in `Unrolled`
    back : ``back(dW, d_h, d_values, add)``, as of `Unrolled`; d_h is depth → (H, N), or None, for each direction.
        It returns the gradients with respect to `initial_state`, of one direction.
    """

    h: list
    ends: dict
    back: Callable
