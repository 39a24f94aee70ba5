"""Long short-term memory: with a forget gate, without it, and with one coupled to the input gate."""

from __future__ import annotations

from itertools import repeat

import numpy as np
from numpy import add
from numpy import multiply as mul
from numpy import subtract as sub

from ..activations import gates_
from ..products import product
from .base import Cell, Part, product_to_h


class LSTMFamily(Cell):
    """Cells with h' = o ∘ φ(c'), where c' = f ∘ c + …, or c + … without a forget gate.

    The blocks of the cache are c, the gates in the order of the rows of W, and q = φ(c'). The
    blocks of the coefficients are kc, dc per dh, and one for each gate: do per dh, the others per
    dc.
    """

    def _output_coefficients(self, inputs, q, o, kc, ko):
        """kc = o φ'(c') and ko = o (1 - o) φ(c'); destroys o."""
        h = inputs[1:, -self.H :]
        self.derivative(q, o, h, kc)  # o q is h'
        sub(1, o, o)
        mul(h, o, ko)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        (UT,) = weights
        to_h = product_to_h(UT, mask)
        part = scratch("part", *dh.shape)
        blocks = coefficients.reshape(len(coefficients), self.n_coefficients, *dh.shape)[::-1]
        kc = blocks[:, 0]
        d_by_c = blocks[:, 1:-1]  # the gates that act through c', all but o: one call for all
        do = blocks[:, -1]
        d = coefficients[::-1, self.H :]
        f = repeat(None)
        if "f" in self.cache_blocks:
            f = self.block(cache[-2::-1], "f")  # the last entry belongs to the step after these
        for kc, d_by_c, do, d, f, dy in zip(kc, d_by_c, do, d, f, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, kc, part)
            add(dc, part, dc)
            mul(d_by_c, dc, d_by_c)
            mul(dh, do, do)
            if f is not None:
                mul(dc, f, dc)
            to_h(d, dh)


class LSTM(LSTMFamily):
    """i, f, o = σ(W x + U h + b);  g = φ(W x + U h + b);  c' = f ∘ c + i ∘ g;  h' = o ∘ φ(c').

    φ is tanh; with the logistic function h' = o ∘ σ(c'), the textbook form. No peepholes. Rows of
    W: g, f, i, o.

    References: Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation
    9, 1735-1780. Gers, F. A., Schmidhuber, J. & Cummins, F. (2000). Learning to forget. Neural
    Computation 12, 2451-2471.
    """

    parts = (Part("W", ("g", "f", "i", "o"), "x1h"),)
    cache_blocks = ("c", "g", "f", "i", "o", "q")
    n_coefficients = 5
    retention_gates = {"f": 1}
    forget_bias = 1.0
    input_gates = ("i",)

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W,) = weights
        H = self.H
        phi = self.phi
        half = np.array(0.5, W.dtype)
        # The order of the blocks lets one call serve several: [g; f; i; o] is what W gives, the
        # sigmoids f, i, o are adjacent, and [c; g] ∘ [f; i] has both terms of c'.
        a = self.block(cache, "g", "o")
        g = self.block(cache, "g")
        s = self.block(cache, "f", "o")
        cg = self.block(cache, "c", "g")
        fi = self.block(cache, "f", "i")
        o = self.block(cache, "o")
        q = self.block(cache, "q")
        c = self.block(cache, "c")[1:]
        h = inputs[1:, -H:]
        terms = scratch("terms", 2 * H, *inputs.shape[2:])
        fc = terms[:H]
        ig = terms[H:]
        W_dot = product(W, inputs.shape[2:])
        for u, a, g, s, cg, fi, o, q, c, h in zip(self.step_inputs(inputs, mask), a, g, s, cg, fi, o, q, c, h):
            W_dot(u, a)
            gates_(a, g, s, phi, half)
            mul(cg, fi, terms)
            add(fc, ig, c)
            phi(c, q)
            mul(o, q, h)

    def local_jacobian(self, inputs, cache, coefficients):
        c, g, f, i, o, q = self.split(cache[:-1])
        kc, kg, kf, ki, ko = self.split(coefficients)
        mul(c, f, kf)
        mul(g, i, ki)
        self.derivative(g, i, ki, kg)
        # kf = f (1 - f) c and ki = i (1 - i) g. Nothing needs c and i any more; `back` needs f.
        sub(1, f, c)
        mul(kf, c, kf)
        sub(1, i, i)
        mul(ki, i, ki)
        self._output_coefficients(inputs, q, o, kc, ko)


class LSTMNoForget(LSTMFamily):
    """i, o = σ(W x + U h + b);  g = φ(W x + U h + b);  c' = c + i ∘ g;  h' = o ∘ φ(c').

    The memory cell of 1997, before the forget gate: what is stored stays. Its gradient here is the
    full one, where the paper truncates it at the gates. Rows of W: g, i, o.

    References: Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation
    9, 1735-1780.
    """

    parts = (Part("W", ("g", "i", "o"), "x1h"),)
    cache_blocks = ("c", "g", "i", "o", "q")
    n_coefficients = 4

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W,) = weights
        phi = self.phi
        half = np.array(0.5, W.dtype)
        a = self.block(cache, "g", "o")
        s = self.block(cache, "i", "o")
        c, g, i, o, q = self.split(cache)
        h = inputs[1:, -self.H :]
        ig = scratch("terms", self.H, *inputs.shape[2:])
        W_dot = product(W, inputs.shape[2:])
        for u, a, s, c, g, i, o, q, c_next, h in zip(self.step_inputs(inputs, mask), a, s, c, g, i, o, q, c[1:], h):
            W_dot(u, a)
            gates_(a, g, s, phi, half)
            mul(i, g, ig)
            add(c, ig, c_next)
            phi(c_next, q)
            mul(o, q, h)

    def local_jacobian(self, inputs, cache, coefficients):
        _, g, i, o, q = self.split(cache[:-1])
        kc, kg, ki, ko = self.split(coefficients)
        mul(g, i, ki)
        self.derivative(g, i, ki, kg)
        sub(1, i, i)
        mul(ki, i, ki)
        self._output_coefficients(inputs, q, o, kc, ko)


class LSTMCoupled(LSTMFamily):
    """f, o = σ(W x + U h + b);  g = φ(W x + U h + b);  c' = f ∘ c + (1 - f) ∘ g;  h' = o ∘ φ(c').

    Input and forget gate are one, i = 1 - f: what comes in replaces what is forgotten. Rows of W:
    g, f, o.

    References: Greff, K. et al. (2017). LSTM: a search space odyssey. IEEE TNNLS 28, 2222-2232
    (variant CIFG).
    """

    parts = (Part("W", ("g", "f", "o"), "x1h"),)
    cache_blocks = ("c", "g", "f", "o", "q")
    n_coefficients = 4
    retention_gates = {"f": 1}
    forget_bias = 1.0

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W,) = weights
        phi = self.phi
        half = np.array(0.5, W.dtype)
        a = self.block(cache, "g", "o")
        s = self.block(cache, "f", "o")
        c, g, f, o, q = self.split(cache)
        h = inputs[1:, -self.H :]
        t = scratch("terms", self.H, *inputs.shape[2:])
        W_dot = product(W, inputs.shape[2:])
        for u, a, s, c, g, f, o, q, c_next, h in zip(self.step_inputs(inputs, mask), a, s, c, g, f, o, q, c[1:], h):
            W_dot(u, a)
            gates_(a, g, s, phi, half)
            sub(c, g, t)  # c' = g + f ∘ (c - g): one product instead of two
            mul(f, t, t)
            add(g, t, c_next)
            phi(c_next, q)
            mul(o, q, h)

    def local_jacobian(self, inputs, cache, coefficients):
        c, g, f, o, q = self.split(cache[:-1])
        kc, kg, kf, ko = self.split(coefficients)
        self.derivative(g, 1, g, kg)
        sub(c, g, c)
        sub(1, f, kf)
        mul(kg, kf, kg)  # kg = (1 - f) φ'
        mul(kf, f, kf)
        mul(kf, c, kf)  # kf = f (1 - f) (c - g)
        self._output_coefficients(inputs, q, o, kc, ko)
