"""Gated recurrent units: reset after the product, before it, none; and the minimal gated unit."""

from __future__ import annotations

import numpy as np
from numpy import add
from numpy import multiply as mul
from numpy import subtract as sub

from ..activations import gates_, sigmoid_
from ..products import product
from .base import Cell, Part, product_to_h


class GRUFamily(Cell):
    """Cells with h' = (1 - z) ∘ n + z ∘ h.

    `forward` computes it as n + z ∘ (h - n): one product instead of two.
    """

    retention_gates = {"z": 1}

    def _update_coefficients(self, inputs, z, n, kz, kn):
        """kn = (1 - z) φ' and kz = z (1 - z) (h - n), per dh; destroys n."""
        h = inputs[:-1, -self.H :]
        sub(1, z, kz)
        self.derivative(n, 1, n, kn)
        mul(kn, kz, kn)
        mul(kz, z, kz)
        sub(h, n, n)
        mul(kz, n, kz)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        """Of cells whose coefficients are all per dh, and whose products read h itself."""
        (UT,) = weights
        to_h = product_to_h(UT, mask)
        part = scratch("part", *dh.shape)
        blocks = coefficients.reshape(len(coefficients), self.n_coefficients, *dh.shape)[::-1]
        z = self.block(cache[-2::-1], "z")  # the last entry belongs to the step after these
        # Only the gates that read h, which come first: the n of a GRU reads x alone.
        d_from_h = coefficients[::-1, : UT.shape[1]]
        for d, d_from_h, z, dy in zip(blocks, d_from_h, z, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(d, dh, d)  # all gates at once
            mul(dh, z, dh)
            to_h(d_from_h, part)
            add(dh, part, dh)


class GRU(GRUFamily):
    """r, z = σ(W x + U h + b);  a = U h + b;  n = φ(W x + b + r ∘ a);  h' = (1 - z) ∘ n + z ∘ h.

    The reset gate acts after the product, as in cuDNN, PyTorch and Keras (`reset_after=True`), with
    a bias on either side of it. Rows: W_rz r, z; U_a a; W_n n.

    References: Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder.
    EMNLP; in the first version of that paper (arXiv:1406.1078v1) the reset gate stands after the
    product.
    """

    parts = (Part("W_rz", ("r", "z"), "x1h"), Part("U_a", ("a",), "1h"), Part("W_n", ("n",), "x1"))
    cache_blocks = ("r", "z", "a", "n")
    n_coefficients = 4

    def forward(self, weights, inputs, cache, scratch, mask=None):
        W_rz, U_a, W_n = weights
        phi = self.phi
        half = np.array(0.5, W_n.dtype)
        u1h = inputs[:, self.one_row : self.rows]
        x1 = inputs[:, : self.one_row + 1]
        h = inputs[:, -self.H :]
        rz = self.block(cache, "r", "z")
        r, z, a, n = self.split(cache)
        t = scratch("terms", self.H, *inputs.shape[2:])
        W_rz_dot = product(W_rz, inputs.shape[2:])
        U_a_dot = product(U_a, inputs.shape[2:])
        W_n_dot = product(W_n, inputs.shape[2:])
        for u, u1h, x1, rz, r, z, a, n, h, h_next in zip(
            self.step_inputs(inputs, mask), u1h, x1, rz, r, z, a, n, h, h[1:]
        ):
            W_rz_dot(u, rz)
            sigmoid_(rz, half)
            U_a_dot(u1h, a)
            W_n_dot(x1, n)
            mul(r, a, t)
            add(n, t, n)
            phi(n, n)
            sub(h, n, t)
            mul(z, t, t)
            add(n, t, h_next)

    def local_jacobian(self, inputs, cache, coefficients):
        r, z, a, n = self.split(cache[:-1])
        kr, kz, ka, kn = self.split(coefficients)
        self._update_coefficients(inputs, z, n, kz, kn)
        mul(kn, r, ka)
        sub(1, r, r)
        mul(a, r, a)
        mul(ka, a, kr)  # kr = kn r (1 - r) a


class GRUResetBefore(GRUFamily):
    """r, z = σ(W x + U h + b);  n = φ(W x + U (r ∘ h) + b);  h' = (1 - z) ∘ n + z ∘ h.

    The reset gate acts before the product. Rows: W_rz r, z; W_n n, which reads [r ∘ h; x; 1].

    References: Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP, 1724-1734.
    """

    parts = (Part("W_rz", ("r", "z"), "x1h"), Part("W_n", ("n",), "hx1"))
    cache_blocks = ("r", "z", "n")
    n_coefficients = 3
    gated = True

    def forward(self, weights, inputs, cache, scratch, mask=None):
        W_rz, W_n = weights
        H = self.H
        phi = self.phi
        half = np.array(0.5, W_n.dtype)
        rh = inputs[:, :H]
        rhx1 = inputs[:, : self.one_row + 1]
        x1h = inputs[:, H : self.rows]
        hm = inputs[:, self.rows - H : self.rows]  # h behind the mask, if there is one; else h
        h = inputs[:, -H:]
        rz = self.block(cache, "r", "z")
        r, z, n = self.split(cache)
        t = scratch("terms", H, *inputs.shape[2:])
        W_rz_dot = product(W_rz, inputs.shape[2:])
        W_n_dot = product(W_n, inputs.shape[2:])
        for _, x1h, rhx1, rh, hm, rz, r, z, n, h, h_next in zip(
            self.step_inputs(inputs, mask), x1h, rhx1, rh, hm, rz, r, z, n, h, h[1:]
        ):
            W_rz_dot(x1h, rz)
            sigmoid_(rz, half)
            mul(r, hm, rh)
            W_n_dot(rhx1, n)
            phi(n, n)
            sub(h, n, t)
            mul(z, t, t)
            add(n, t, h_next)

    def local_jacobian(self, inputs, cache, coefficients):
        """kr is per d(r ∘ h)."""
        r, z, n = self.split(cache[:-1])
        kr, kz, kn = self.split(coefficients)
        self._update_coefficients(inputs, z, n, kz, kn)
        sub(1, r, kr)
        mul(kr, inputs[:-1, : self.H], kr)  # kr = (1 - r) (r h)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        UT_rz, UT_n = weights
        to_h = product_to_h(UT_rz, mask)
        to_gated_h = UT_n.dot
        part = scratch("part", *dh.shape)
        dr, dz, dn = self.split(coefficients[::-1])
        d_rz = coefficients[::-1, : 2 * self.H]
        r, z, _ = self.split(cache[-2::-1])
        if mask is not None:
            mul(r, mask, r)
        for dr, dz, dn, d_rz, r, z, dy in zip(dr, dz, dn, d_rz, r, z, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, dz, dz)
            mul(dh, dn, dn)
            mul(dh, z, dh)
            to_gated_h(dn, part)  # d(r ∘ h)
            mul(part, dr, dr)
            mul(part, r, part)
            add(dh, part, dh)
            to_h(d_rz, part)
            add(dh, part, dh)


class GRUNoReset(GRUFamily):
    """z = σ(W x + U h + b);  n = φ(W x + U h + b);  h' = (1 - z) ∘ n + z ∘ h.

    The update gate alone: a leaky unit whose leak is learned and depends on the data. Rows of W: z,
    n.

    References: Ravanelli, M. et al. (2018). Light gated recurrent units for speech recognition.
    IEEE TETCI 2, 92-102.
    """

    parts = (Part("W", ("z", "n"), "x1h"),)
    cache_blocks = ("z", "n")
    n_coefficients = 2

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W,) = weights
        phi = self.phi
        half = np.array(0.5, W.dtype)
        h = inputs[:, -self.H :]
        z, n = self.split(cache)
        t = scratch("terms", self.H, *inputs.shape[2:])
        W_dot = product(W, inputs.shape[2:])
        for u, a, z, n, h, h_next in zip(self.step_inputs(inputs, mask), cache, z, n, h, h[1:]):
            W_dot(u, a)
            gates_(a, n, z, phi, half)
            sub(h, n, t)
            mul(z, t, t)
            add(n, t, h_next)

    def local_jacobian(self, inputs, cache, coefficients):
        z, n = self.split(cache[:-1])
        kz, kn = self.split(coefficients)
        self._update_coefficients(inputs, z, n, kz, kn)


class MGU(Cell):
    """f = σ(W x + U h + b);  n = φ(W x + U (f ∘ h) + b);  h' = (1 - f) ∘ h + f ∘ n.

    The minimal gated unit: one gate forgets and updates. Rows: W_f f; W_n n, which reads [f ∘ h; x;
    1].

    References: Zhou, G.-B. et al. (2016). Minimal gated unit for recurrent neural networks. IJAC
    13, 226-234.
    """

    parts = (Part("W_f", ("f",), "x1h"), Part("W_n", ("n",), "hx1"))
    cache_blocks = ("f", "n")
    n_coefficients = 3
    gated = True
    retention_gates = {"f": -1}

    def forward(self, weights, inputs, cache, scratch, mask=None):
        W_f, W_n = weights
        H = self.H
        phi = self.phi
        half = np.array(0.5, W_n.dtype)
        fh = inputs[:, :H]
        fhx1 = inputs[:, : self.one_row + 1]
        x1h = inputs[:, H : self.rows]
        hm = inputs[:, self.rows - H : self.rows]  # h behind the mask, if there is one; else h
        h = inputs[:, -H:]
        f, n = self.split(cache)
        t = scratch("terms", H, *inputs.shape[2:])
        W_f_dot = product(W_f, inputs.shape[2:])
        W_n_dot = product(W_n, inputs.shape[2:])
        for _, x1h, fhx1, fh, hm, f, n, h, h_next in zip(
            self.step_inputs(inputs, mask), x1h, fhx1, fh, hm, f, n, h, h[1:]
        ):
            W_f_dot(x1h, f)
            sigmoid_(f, half)
            mul(f, hm, fh)
            W_n_dot(fhx1, n)
            phi(n, n)
            sub(n, h, t)
            mul(f, t, t)
            add(h, t, h_next)

    def local_jacobian(self, inputs, cache, coefficients):
        """Blocks: kg, df per d(f ∘ h); kf and kn, per dh. 1 - f takes the place of n in the cache."""
        h = inputs[:-1, -self.H :]
        fh = inputs[:-1, : self.H]
        f, n = self.split(cache[:-1])
        kg, kf, kn = self.split(coefficients)
        self.derivative(n, 1, n, kn)
        mul(kn, f, kn)
        sub(n, h, kf)
        sub(1, f, n)
        mul(n, fh, kg)  # kg = (1 - f) (f h)
        mul(kf, f, kf)
        mul(kf, n, kf)  # kf = f (1 - f) (n - h)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        UT_f, UT_n = weights
        to_h = product_to_h(UT_f, mask)
        to_gated_h = UT_n.dot
        part = scratch("part", *dh.shape)
        kg, df, dn = self.split(coefficients[::-1])
        f, one_minus_f = self.split(cache[-2::-1])
        if mask is not None:
            mul(f, mask, f)
        for kg, df, dn, f, one_minus_f, dy in zip(kg, df, dn, f, one_minus_f, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, dn, dn)
            mul(dh, df, df)
            mul(dh, one_minus_f, dh)
            to_gated_h(dn, part)  # d(f ∘ h)
            mul(part, kg, kg)
            add(df, kg, df)
            mul(part, f, part)
            add(dh, part, dh)
            to_h(df, part)
            add(dh, part, dh)
