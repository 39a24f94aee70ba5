"""The contract of a recurrent cell, and what all cells have in common.

To add a cell, write a class and enter it in `CELLS`; CONTRIBUTING lists what else belongs to it.
"""

from __future__ import annotations

from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy import multiply as mul

from ..activations import ACTIVATIONS


class Part(NamedTuple):
    """One matrix of weights.

    name : its key among the weights of the cell
    gates : the gates that it computes, H rows each, in this order
    inputs : what it multiplies, in the order of its columns: "x1h" is [x; 1; h], "1h" and "x1"
        leave one out, "hx1" is [r ∘ h; x; 1], with the gated state in place of h
    """

    name: str
    gates: tuple
    inputs: str


class Cell:
    """A recurrence of H units over F features. This is the contract of every cell.

    **Letters.** x is the input of a step, h the hidden state that enters it, c the cell state; h'
    and c' leave it. W, U and b are the weights of x, of h and of 1. An LSTM has the candidate g and
    the forget, input and output gates f, i, o; q is φ(c'). A GRU has the reset and update gates r,
    z and the candidate n; a is U h + b. ∘ is the product entry by entry, σ the sigmoid, φ the
    activation. In a loop over steps a letter is one step of the array of that letter; u is what a
    product multiplies, a the pre-activations. A d in front is the gradient of the loss: dh with
    respect to h, dg with respect to the pre-activation of g. A k in front is a coefficient, see
    below.

    **Arrays.** A chunk is m time steps of n sequences. All arrays are (steps, rows, n) and
    C-contiguous: a step is one block of memory, a gate is H adjacent rows, a sequence is a column.

    inputs (m + 1, R, n) : what enters each step, [x; 1; h], so that one product does W x + U h + b.
        The h that leaves step t is written where step t + 1 reads it; entry m holds the state that
        leaves the chunk. A cell with `gated` has H rows more in front, [r ∘ h; x; 1; h]: the
        operands [x; 1; h] and [r ∘ h; x; 1] are both contiguous. With a `mask` (H, n), for
        recurrent dropout, there are H rows more behind, [x; 1; mask ∘ h; h]: products read the
        first `rows` rows, and the last H are the state itself.
    cache (m + 1, blocks · H, n) : what the cell computes in each step, in the order of
        `cache_blocks`. A cell state is the first block, "c": entry t holds the c that enters step
        t. In a prediction it is a `SharedCache`: all steps have one entry, so a step may read
        nothing of another step but c.
    coefficients (m, n_coefficients · H, n) : what the gradients of each step are multiplied with.
        The last blocks are those of the gates, in the order of `parts`.

    In a prediction for one sequence the last axis may be missing.

    **Methods.** ``forward(weights, inputs, cache, scratch, mask)`` runs the m steps. `weights` is
    what `weights_forward` returns; `scratch` is a `Workspace` for arrays of one call. A loop over
    steps zips arrays of m + 1 and of m entries; h, the shortest, ends it after m steps.

    ``local_jacobian(inputs, cache, coefficients)`` computes the coefficients of many steps in few
    calls. It may destroy blocks of the cache that `back` does not read.

    ``back(weights, coefficients, cache, dY, dh, dc, scratch, mask)`` goes back over the same steps.
    `weights` is what `weights_back` returns. It turns dh and dc, the gradients with respect to the
    states that leave the chunk, into those with respect to the states that enter it; dY is an
    iterable of arrays, what is added to dh at each step, the last step first, or of None where
    nothing is added. It may be endless. And it turns the blocks of the gates into delta, the
    gradients with respect to the pre-activations. All of this is in place.

    **Helpers.** `gates_` and `sigmoid_` (in `activations`) apply the nonlinearities in `forward`,
    to pre-activations of sigmoids that `weights_forward` has halved. A gate whose letter is not in
    `sigmoid` counts as a candidate: its rows are not halved; override `sigmoid` for other letters.
    Loops over steps bind their products once: `product` (in `products`) gives those of `forward`,
    `product_to_h` gives `back` the product that leads to dh, with or without a mask.

    The tests hold every cell against its plain equations: values, gradients, and bugs planted in
    these methods.
    """

    parts: tuple
    cache_blocks: tuple
    n_coefficients: int

    gated = False  # whether a gate multiplies h before a product does
    sigmoid = frozenset("iforz")  # the gates that are sigmoids

    retention_gates = {}  # gate → 1 if the state is kept where it is open, -1 if where it is closed
    forget_bias = 0.0  # the usual initial bias of the retention gates
    input_gates = ()  # the gates that let in what is new, where others keep the state

    def __init__(self, n_features, n_units, activation="tanh"):
        self.F = n_features
        self.H = n_units
        self.phi, self.derivative = ACTIVATIONS[activation]
        self.bounded = activation != "relu"
        self.gates = tuple(gate for part in self.parts for gate in part.gates)
        first = n_units if self.gated else 0
        self.x_rows = slice(first, first + n_features)
        self.one_row = first + n_features
        self.rows = self.one_row + 1 + n_units  # of the inputs that products read
        self._block_rows = {}  # names of the first and the last of adjacent blocks of the cache → their rows
        for j, last in enumerate(self.cache_blocks):
            for i, first in enumerate(self.cache_blocks[: j + 1]):
                self._block_rows[first, last] = slice(i * n_units, (j + 1) * n_units)

    def input_rows(self, part):
        """The rows of `inputs` that a part multiplies."""
        x = self.x_rows.start
        one = self.one_row
        return {
            "x1h": slice(x, self.rows),
            "1h": slice(one, self.rows),
            "x1": slice(x, one + 1),
            "hx1": slice(0, one + 1),
        }[part.inputs]

    def columns(self, part):
        """The columns of a part that multiply x, 1 and h: ``{"x": slice, "1": slice, "h": slice}``."""
        width = {"x": self.F, "1": 1, "h": self.H}
        columns = {}
        start = 0
        for letter in part.inputs:
            columns[letter] = slice(start, start + width[letter])
            start += width[letter]
        return columns

    def shapes(self):
        """Name → shape of each part."""
        shapes = {}
        for part in self.parts:
            last = self.columns(part)[part.inputs[-1]]
            shapes[part.name] = (len(part.gates) * self.H, last.stop)
        return shapes

    def weights_forward(self, W):
        """Copies of the parts for `forward`, with the rows of the sigmoid gates halved.

        A sigmoid is computed as σ(a) = (1 + tanh(a / 2)) / 2. Halving the weights once spares
        halving a at each step.
        """
        H = self.H
        prepared = []
        for part in self.parts:
            w = W[part.name].copy()
            for k, gate in enumerate(part.gates):
                if gate in self.sigmoid:
                    w[k * H : k * H + H] *= 0.5
            prepared.append(w)
        return prepared

    def weights_back(self, W):
        """The transposed weights of h for `back`: one matrix; of a `gated` cell one for each part."""
        U = [W[part.name][:, self.columns(part)["h"]] for part in self.parts if "h" in part.inputs]
        if self.gated:
            return [u.T.copy() for u in U]
        return [np.concatenate(U).T.copy()]

    def weights_input(self, W):
        """The transposed weights of x (F, gates · H), 0 for gates that do not read x."""
        blocks = []
        for part in self.parts:
            w = W[part.name]
            if "x" in part.inputs:
                blocks.append(w[:, self.columns(part)["x"]])
            else:
                blocks.append(np.zeros((len(w), self.F), w.dtype))
        return np.concatenate(blocks).T.copy()

    def step_inputs(self, inputs, mask):
        """The inputs of one step after the other, as products read them.

        A masked state is computed when its step is reached: the step before must have written h.
        """
        if mask is None:
            return inputs
        return self._masked_inputs(inputs, mask)

    def _masked_inputs(self, inputs, mask):
        for u in inputs:
            mul(u[-self.H :], mask, u[-2 * self.H : -self.H])
            yield u[: -self.H]

    def block(self, cache, first, last=None):
        """A view of the rows of one block of the cache, or of those from `first` to `last`."""
        return cache[:, self._block_rows[first, last or first]]

    def split(self, arrays):
        """(m, blocks · H, n) as one view (m, H, n) for each block."""
        if isinstance(arrays, SharedCache):
            return arrays.split(self.H)
        m, rows, n = arrays.shape
        return arrays.reshape(m, rows // self.H, self.H, n).swapaxes(0, 1)


class SharedCache:
    """A cache of which all steps have the same entry (rows, n), which stays in the processor's cache.

    It is indexed and iterated like an array (m + 1, rows, n): ``cache[t]`` is an entry, and
    ``cache[1:]`` and ``cache[:, rows]`` are caches. An array with a stride of zero would make a new
    view for each step.
    """

    __slots__ = ("entry",)

    def __init__(self, entry):
        self.entry = entry

    def __getitem__(self, key):
        if type(key) is tuple:
            return SharedCache(self.entry[key[1]])
        return self if type(key) is slice else self.entry

    def __iter__(self):
        return repeat(self.entry)

    def split(self, H):
        """A `SharedCache` for each block of H rows."""
        blocks = self.entry.reshape(-1, H, *self.entry.shape[1:])
        return [SharedCache(block) for block in blocks]


def product_to_h(UT, mask):
    """``to_h(d, out)``: the gradient through a product, and through the mask of h before it."""
    if mask is None:
        return UT.dot

    def masked_product(d, out):
        UT.dot(d, out)
        mul(out, mask, out)

    return masked_product
