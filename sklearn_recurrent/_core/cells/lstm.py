"""Long short-term memory: with the forget gate, without it, and with one that is coupled to the input gate."""

from __future__ import annotations

import numpy as np

from ..activations import gates_
from .base import Cell, Part, into_state

dot, mul, add, sub = np.dot, np.multiply, np.add, np.subtract


class LSTM(Cell):
    """i, f, o = σ(W x + U h + b);  g = φ(W x + U h + b);  c' = f ∘ c + i ∘ g;  h' = o ∘ φ(c').

    φ is tanh; with the logistic function h' = o ∘ σ(c'), the textbook form. No peepholes. Rows of W: g, f, i, o.

    References: Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9, 1735-1780.
    Gers, F. A., Schmidhuber, J. & Cummins, F. (2000). Learning to forget. Neural Computation 12, 2451-2471.
    """

    parts = (Part("W", ("g", "f", "i", "o"), "x1h"),)
    cache_blocks, n_coefficients = ("c", "g", "f", "i", "o", "q"), 5  # q = φ(c')
    retention_gates, forget_bias, input_gates = {"f": 1}, 1.0, ("i",)

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W,), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W.dtype)
        terms = scratch("terms", 2 * H, inputs.shape[2])
        fc, ig = terms[:H], terms[H:]
        a, g, s = cache[:, H : 5 * H], cache[:, H : 2 * H], cache[:, 2 * H : 5 * H]
        cg, fi, o, q = cache[:, : 2 * H], cache[:, 2 * H : 4 * H], cache[:, 4 * H : 5 * H], cache[:, 5 * H :]
        for u, a, g, s, cg, fi, o, q, c, h in zip(
            self.entering(inputs, mask), a, g, s, cg, fi, o, q, cache[1:, :H], inputs[1:, -H:]
        ):
            dot(W, u, a)
            gates_(a, g, s, phi, half)
            mul(cg, fi, terms)
            add(fc, ig, c)
            phi(c, q)
            mul(o, q, h)

    def local_jacobian(self, inputs, cache, coefficients):
        """K: dc per dh; d(g, f, i) per dc; do per dh.  f' c = (1 - f) (f c), and likewise for i and o."""
        c, g, f, i, o, q = self.split(cache[:-1], 6)
        kc, kg, kf, ki, ko = self.split(coefficients, 5)
        h = inputs[1:, -self.H :]
        mul(c, f, kf)
        mul(g, i, ki)
        self.derivative(q, o, h, kc)
        self.derivative(g, i, ki, kg)
        sub(1, f, c)  # c, i and o have served
        sub(1, i, i)
        sub(1, o, o)
        mul(kf, c, kf)
        mul(ki, i, ki)
        mul(h, o, ko)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        f = self.split(cache[-2::-1], 6)[2]
        for kc, dg, df, di, do, d, f, dy in zip(
            *self.split(coefficients[::-1], 5), coefficients[::-1, self.H :], f, dY
        ):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, kc, part)
            add(dc, part, dc)
            mul(dc, dg, dg)
            mul(dc, df, df)
            mul(dc, di, di)
            mul(dh, do, do)
            mul(dc, f, dc)
            to_h(UT, d, dh)


class LSTMNoForget(Cell):
    """i, o = σ(W x + U h + b);  g = φ(W x + U h + b);  c' = c + i ∘ g;  h' = o ∘ φ(c').

    The memory cell of 1997, before the forget gate: what is stored stays. Its gradient here is the full one, where the
    paper truncates it at the gates. Rows of W: g, i, o.

    References: Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9, 1735-1780.
    """

    parts = (Part("W", ("g", "i", "o"), "x1h"),)
    cache_blocks, n_coefficients = ("c", "g", "i", "o", "q"), 4

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W,), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W.dtype)
        ig = scratch("terms", H, inputs.shape[2])
        a, s = cache[:, H : 4 * H], cache[:, 2 * H : 4 * H]
        c, g, i, o, q = (cache[:, k * H : k * H + H] for k in range(5))
        for u, a, s, c, g, i, o, q, c_next, h in zip(
            self.entering(inputs, mask), a, s, c, g, i, o, q, c[1:], inputs[1:, -H:]
        ):
            dot(W, u, a)
            gates_(a, g, s, phi, half)
            mul(i, g, ig)
            add(c, ig, c_next)
            phi(c_next, q)
            mul(o, q, h)

    def local_jacobian(self, inputs, cache, coefficients):
        """K: dc per dh; d(g, i) per dc; do per dh."""
        _, g, i, o, q = self.split(cache[:-1], 5)
        kc, kg, ki, ko = self.split(coefficients, 4)
        h = inputs[1:, -self.H :]
        mul(g, i, ki)
        self.derivative(q, o, h, kc)
        self.derivative(g, i, ki, kg)
        sub(1, i, i)
        sub(1, o, o)
        mul(ki, i, ki)
        mul(h, o, ko)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        for kc, dg, di, do, d, dy in zip(*self.split(coefficients[::-1], 4), coefficients[::-1, self.H :], dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, kc, part)
            add(dc, part, dc)
            mul(dc, dg, dg)
            mul(dc, di, di)
            mul(dh, do, do)
            to_h(UT, d, dh)


class LSTMCoupled(Cell):
    """f, o = σ(W x + U h + b);  g = φ(W x + U h + b);  c' = f ∘ c + (1 - f) ∘ g;  h' = o ∘ φ(c').

    Input and forget gate are one, i = 1 - f: what comes in replaces what is forgotten. Rows of W: g, f, o.

    References: Greff, K. et al. (2017). LSTM: a search space odyssey. IEEE TNNLS 28, 2222-2232 (variant CIFG).
    """

    parts = (Part("W", ("g", "f", "o"), "x1h"),)
    cache_blocks, n_coefficients = ("c", "g", "f", "o", "q"), 4
    retention_gates, forget_bias = {"f": 1}, 1.0

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W,), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W.dtype)
        t = scratch("terms", H, inputs.shape[2])
        a, s = cache[:, H : 4 * H], cache[:, 2 * H : 4 * H]
        c, g, f, o, q = (cache[:, k * H : k * H + H] for k in range(5))
        for u, a, s, c, g, f, o, q, c_next, h in zip(
            self.entering(inputs, mask), a, s, c, g, f, o, q, c[1:], inputs[1:, -H:]
        ):
            dot(W, u, a)
            gates_(a, g, s, phi, half)
            sub(c, g, t)
            mul(f, t, t)
            add(g, t, c_next)
            phi(c_next, q)
            mul(o, q, h)

    def local_jacobian(self, inputs, cache, coefficients):
        """K: dc per dh; d(g, f) per dc; do per dh."""
        c, g, f, o, q = self.split(cache[:-1], 5)
        kc, kg, kf, ko = self.split(coefficients, 4)
        h = inputs[1:, -self.H :]
        self.derivative(q, o, h, kc)
        self.derivative(g, 1, g, kg)
        sub(c, g, c)
        sub(1, f, kf)
        mul(kg, kf, kg)
        mul(kf, f, kf)
        mul(kf, c, kf)
        sub(1, o, o)
        mul(h, o, ko)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        f = self.split(cache[-2::-1], 5)[2]
        for kc, dg, df, do, d, f, dy in zip(*self.split(coefficients[::-1], 4), coefficients[::-1, self.H :], f, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, kc, part)
            add(dc, part, dc)
            mul(dc, dg, dg)
            mul(dc, df, df)
            mul(dh, do, do)
            mul(dc, f, dc)
            to_h(UT, d, dh)
