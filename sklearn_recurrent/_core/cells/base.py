"""The recurrent cells: their equations, forward and backward, over a chunk of time steps.

Add a cell by adding a class and its entry in `CELLS`: its tests and its estimators follow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..activations import ACTIVATIONS

dot, mul, add, sub = np.dot, np.multiply, np.add, np.subtract


class Part(NamedTuple):
    """A block of weights: the gates it feeds, H rows each, and what it sees, in the order of its columns."""

    name: str
    gates: tuple
    inputs: str  # "x1h" = [x; 1; h], "1h", "x1", or "hx1" = [r ∘ h; x; 1] with the gated state in place of h


class Cell:
    """A recurrence of H units over F features: what every cell promises.

    A *chunk* is m time steps of n sequences that are alive together. All arrays are ``(steps, rows, n)``, C-contiguous:
    a step is one entry of the first axis, a gate is H adjacent rows, a sequence is a column.

    inputs (m + 1, R, n) : what enters each step, ``[x; 1; h]``. The h that leaves step t is written where step t + 1
        reads it, so entry m holds the state that leaves the chunk. A cell that multiplies a gated state (`gated`) has
        H rows more in front, ``[r ∘ h; x; 1; h]``: both products find their operand contiguous. With a `mask` (H, n),
        recurrent dropout, there are H rows more behind, ``[x; 1; mask ∘ h; h]``: products see the first `rows` rows,
        and the last H are the state itself.
    cache (m + 1, blocks · H, n) : what the cell keeps of each step, in the order of its `cache_blocks`. A cell state
        "c" is the first block: frame t holds the c that enters step t. A prediction passes one frame with a stride of
        zero in the place of m + 1, so nothing but c may be read from another step.

    ``forward(weights, inputs, cache, scratch, mask)`` runs the m steps. ``local_jacobian(inputs, cache, coefficients)``
    computes, for many steps in few calls, what the gradients of each step are multiplied with: coefficients (m,
    `n_coefficients` · H, n), a block for each gate in the order of `parts`, others before them. ``back(weights,
    coefficients, cache, dY, dh, dc, scratch, mask)`` then goes back over the same steps. It multiplies the blocks of
    the gates in place, which makes them delta, the gradients with respect to the pre-activations; and it turns dh and
    dc, the gradients with respect to the states that leave the chunk, into those of the states that enter it. ``dY``
    gives what is added to dh at each step.

    A sigmoid costs one tanh, sigmoid(a) = (1 + tanh(a / 2)) / 2, and the inner half is folded into the weights:
    `weights_forward` halves the rows of the gates in `sigmoid`.
    """

    parts: tuple
    cache_blocks: tuple  # names of the blocks of the cache
    n_coefficients: int  # blocks of the coefficients
    sigmoid: frozenset = frozenset("iforz")
    gated = False
    retention_gates = {}  # gate → 1 if it keeps the state when open, -1 if it replaces it
    forget_bias = 0.0  # the usual initial bias of these
    input_gates = ()  # gates that let in what is new

    def __init__(self, n_features, n_units, activation="tanh"):
        self.F, self.H = n_features, n_units
        self.phi, self.derivative = ACTIVATIONS[activation]
        self.bounded = activation != "relu"
        self.rows = n_features + 1 + n_units * (2 if self.gated else 1)  # what products see
        first = n_units if self.gated else 0
        self.x_rows = slice(first, first + n_features)
        self.one_row = first + n_features
        self.gates = tuple(gate for part in self.parts for gate in part.gates)

    def input_rows(self, part):
        """The rows of `inputs` that a part multiplies."""
        x = self.H if self.gated else 0
        one = x + self.F
        return {
            "x1h": slice(x, self.rows),
            "1h": slice(one, self.rows),
            "x1": slice(x, one + 1),
            "hx1": slice(0, one + 1),
        }[part.inputs]

    def columns(self, part):
        """The columns of a part's weights that multiply x, 1 and h: ``{"x": slice, "1": slice, "h": slice}``."""
        width, start, columns = {"x": self.F, "1": 1, "h": self.H}, 0, {}
        for letter in part.inputs:
            columns[letter] = slice(start, start + width[letter])
            start += width[letter]
        return columns

    def shapes(self):
        """The shape of each part, by name."""
        widths = {part.name: self.columns(part)[part.inputs[-1]].stop for part in self.parts}
        return {part.name: (len(part.gates) * self.H, widths[part.name]) for part in self.parts}

    def weights_forward(self, W):
        """The parts as the forward pass multiplies them: sigmoid gates carry their inner half."""
        H, prepared = self.H, []
        for part in self.parts:
            w = W[part.name].copy()
            for k, gate in enumerate(part.gates):
                if gate in self.sigmoid:
                    w[k * H : k * H + H] *= 0.5
            prepared.append(w)
        return prepared

    def weights_back(self, W):
        """The transposed recurrent weights, for the gradient with respect to h: one array, all gates."""
        return [np.concatenate([W[part.name][:, self.columns(part)["h"]] for part in self.parts]).T.copy()]

    def weights_input(self, W):
        """The transposed weights of x (F, gates · H), for the gradient with respect to x; zeros for a gate without."""
        blocks = []
        for part in self.parts:
            w, columns = W[part.name], self.columns(part)
            blocks.append(w[:, columns["x"]] if "x" in columns else np.zeros((len(w), self.F), w.dtype))
        return np.concatenate(blocks).T.copy()

    def entering(self, inputs, mask):
        """What each step multiplies, one after the other; a masked state is made when it is asked for."""
        return inputs if mask is None else self._masked(inputs, mask)

    def _masked(self, inputs, mask):
        for u in inputs:
            mul(u[-self.H :], mask, u[-2 * self.H : -self.H])
            yield u[: -self.H]

    def split(self, arrays, blocks):
        """(m, blocks · H, n) as one view (m, H, n) per block."""
        m, _, n = arrays.shape
        return arrays.reshape(m, blocks, self.H, n).swapaxes(0, 1)


def into_state(mask):
    """``dot(UT, d, out)``, the gradient of a product with respect to h, and then of the mask that h went through."""
    if mask is None:
        return dot

    def masked_dot(UT, d, out):
        dot(UT, d, out)
        mul(out, mask, out)

    return masked_dot
