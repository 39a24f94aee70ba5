"""Gated recurrent units: the reset gate behind the product, before it, none; and the minimal gated unit."""

from __future__ import annotations

import numpy as np

from ..activations import gates_, sigmoid_
from .base import Cell, Part, into_state

dot, mul, add, sub = np.dot, np.multiply, np.add, np.subtract


class GRU(Cell):
    """r, z = σ(W x + U h + b);  a = U h + b;  n = φ(W x + b + r ∘ a);  h' = (1 - z) ∘ n + z ∘ h.

    The reset gate acts after the product, as in cuDNN, PyTorch and Keras (`reset_after=True`), with a bias on either
    side of it. Rows: W_rz r, z; U_a a; W_n n.

    References: Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder. EMNLP; in the first
    version of that paper (arXiv:1406.1078v1) the reset gate stands after the product.
    """

    parts = (Part("W_rz", ("r", "z"), "x1h"), Part("U_a", ("a",), "1h"), Part("W_n", ("n",), "x1"))
    cache_blocks, n_coefficients = ("r", "z", "a", "n"), 4
    retention_gates = {"z": 1}

    def weights_back(self, W):
        return [np.concatenate([W["W_rz"][:, self.F + 1 :], W["U_a"][:, 1:]]).T.copy()]

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W_rz, U_a, W_n), phi, F, H = weights, self.phi, self.F, self.H
        half = np.array(0.5, W_n.dtype)
        t = scratch("terms", H, inputs.shape[2])
        r, z, a, n = (cache[:, k * H : k * H + H] for k in range(4))
        u1h, x1, h, rz = inputs[:, F : self.rows], inputs[:, : F + 1], inputs[:, -H:], cache[:, : 2 * H]
        for u, u1h, x1, rz, r, z, a, n, h, h_next in zip(
            self.entering(inputs, mask), u1h, x1, rz, r, z, a, n, h, h[1:]
        ):
            dot(W_rz, u, rz)
            sigmoid_(rz, half)
            dot(U_a, u1h, a)
            dot(W_n, x1, n)
            mul(r, a, t)
            add(n, t, n)
            phi(n, n)
            sub(h, n, t)
            mul(z, t, t)
            add(n, t, h_next)

    def local_jacobian(self, inputs, cache, coefficients):
        """K: d(r, z, a, n) per dh."""
        r, z, a, n = self.split(cache[:-1], 4)
        kr, kz, ka, kn = self.split(coefficients, 4)
        sub(1, z, kz)
        self.derivative(n, 1, n, kn)
        mul(kn, kz, kn)
        mul(kn, r, ka)
        mul(kz, z, kz)
        sub(inputs[:-1, -self.H :], n, n)  # n, a and r have served
        mul(kz, n, kz)
        sub(1, r, r)
        mul(a, r, a)
        mul(ka, a, kr)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        (UT,), H, to_h = weights, self.H, into_state(mask)
        part = scratch("part", *dh.shape)
        z = self.split(cache[-2::-1], 4)[1]
        for d, d_rza, z, dy in zip(
            self.split(coefficients[::-1], 4).swapaxes(0, 1), coefficients[::-1, : 3 * H], z, dY
        ):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, d, d)
            mul(dh, z, dh)
            to_h(UT, d_rza, part)
            add(dh, part, dh)


class GRUResetBefore(Cell):
    """r, z = σ(W x + U h + b);  n = φ(W x + U (r ∘ h) + b);  h' = (1 - z) ∘ n + z ∘ h.

    The reset gate acts before the product. Rows: W_rz r, z; W_n n, which sees [r ∘ h; x; 1].

    References: Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical
    machine translation. EMNLP, 1724-1734.
    """

    parts = (Part("W_rz", ("r", "z"), "x1h"), Part("W_n", ("n",), "hx1"))
    cache_blocks, n_coefficients, gated = ("r", "z", "n"), 3, True
    retention_gates = {"z": 1}

    def weights_back(self, W):
        return [W["W_rz"][:, self.F + 1 :].T.copy(), W["W_n"][:, : self.H].T.copy()]

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W_rz, W_n), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W_n.dtype)
        t = scratch("terms", H, inputs.shape[2])
        r, z, n = (cache[:, k * H : k * H + H] for k in range(3))
        u, hm = inputs[:, : self.rows], inputs[:, self.rows - H : self.rows]
        rh, rhx1, x1h, rz, h = u[:, :H], u[:, :-H], u[:, H:], cache[:, : 2 * H], inputs[:, -H:]
        for _, x1h, rhx1, rh, hm, rz, r, z, n, h, h_next in zip(
            self.entering(inputs, mask), x1h, rhx1, rh, hm, rz, r, z, n, h, h[1:]
        ):
            dot(W_rz, x1h, rz)
            sigmoid_(rz, half)
            mul(r, hm, rh)
            dot(W_n, rhx1, n)
            phi(n, n)
            sub(h, n, t)
            mul(z, t, t)
            add(n, t, h_next)

    def local_jacobian(self, inputs, cache, coefficients):
        """K: dr per d(r ∘ h); d(z, n) per dh."""
        r, z, n = self.split(cache[:-1], 3)
        kr, kz, kn = self.split(coefficients, 3)
        sub(1, z, kz)
        self.derivative(n, 1, n, kn)
        mul(kn, kz, kn)
        mul(kz, z, kz)
        sub(inputs[:-1, -self.H :], n, n)
        mul(kz, n, kz)
        sub(1, r, kr)
        mul(kr, inputs[:-1, : self.H], kr)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        (UT, VT), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        r, z, _ = self.split(cache[-2::-1], 3)
        if mask is not None:
            mul(r, mask, r)
        for dr, dz, dn, d_rz, r, z, dy in zip(
            *self.split(coefficients[::-1], 3), coefficients[::-1, : 2 * self.H], r, z, dY
        ):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, dz, dz)
            mul(dh, dn, dn)
            mul(dh, z, dh)
            dot(VT, dn, part)
            mul(part, dr, dr)
            mul(part, r, part)
            add(dh, part, dh)
            to_h(UT, d_rz, part)
            add(dh, part, dh)


class GRUNoReset(Cell):
    """z = σ(W x + U h + b);  n = φ(W x + U h + b);  h' = (1 - z) ∘ n + z ∘ h.

    The update gate alone: a leaky unit whose leak is learned and depends on the data. Rows of W: z, n.

    References: Ravanelli, M. et al. (2018). Light gated recurrent units for speech recognition. IEEE TETCI 2, 92-102.
    """

    parts = (Part("W", ("z", "n"), "x1h"),)
    cache_blocks, n_coefficients = ("z", "n"), 2
    retention_gates = {"z": 1}

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W,), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W.dtype)
        t = scratch("terms", H, inputs.shape[2])
        z, n, h = cache[:, :H], cache[:, H:], inputs[:, -H:]
        for u, a, z, n, h, h_next in zip(self.entering(inputs, mask), cache, z, n, h, h[1:]):
            dot(W, u, a)
            gates_(a, n, z, phi, half)
            sub(h, n, t)
            mul(z, t, t)
            add(n, t, h_next)

    def local_jacobian(self, inputs, cache, coefficients):
        """K: d(z, n) per dh."""
        z, n = self.split(cache[:-1], 2)
        kz, kn = self.split(coefficients, 2)
        sub(1, z, kz)
        self.derivative(n, 1, n, kn)
        mul(kn, kz, kn)
        mul(kz, z, kz)
        sub(inputs[:-1, -self.H :], n, n)
        mul(kz, n, kz)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        z, _ = self.split(cache[-2::-1], 2)
        for dz, dn, d, z, dy in zip(*self.split(coefficients[::-1], 2), coefficients[::-1], z, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, dz, dz)
            mul(dh, dn, dn)
            mul(dh, z, dh)
            to_h(UT, d, part)
            add(dh, part, dh)


class MGU(Cell):
    """f = σ(W x + U h + b);  n = φ(W x + U (f ∘ h) + b);  h' = (1 - f) ∘ h + f ∘ n.

    The minimal gated unit: one gate forgets and updates. Rows: W_f f; W_n n, which sees [f ∘ h; x; 1].

    References: Zhou, G.-B. et al. (2016). Minimal gated unit for recurrent neural networks. IJAC 13, 226-234.
    """

    parts = (Part("W_f", ("f",), "x1h"), Part("W_n", ("n",), "hx1"))
    cache_blocks, n_coefficients, gated = ("f", "n"), 3, True
    retention_gates = {"f": -1}

    def weights_back(self, W):
        return [W["W_f"][:, self.F + 1 :].T.copy(), W["W_n"][:, : self.H].T.copy()]

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W_f, W_n), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W_n.dtype)
        t = scratch("terms", H, inputs.shape[2])
        u, hm = inputs[:, : self.rows], inputs[:, self.rows - H : self.rows]
        fh, fhx1, x1h, f, n, h = u[:, :H], u[:, :-H], u[:, H:], cache[:, :H], cache[:, H:], inputs[:, -H:]
        for _, x1h, fhx1, fh, hm, f, n, h, h_next in zip(
            self.entering(inputs, mask), x1h, fhx1, fh, hm, f, n, h, h[1:]
        ):
            dot(W_f, x1h, f)
            sigmoid_(f, half)
            mul(f, hm, fh)
            dot(W_n, fhx1, n)
            phi(n, n)
            sub(n, h, t)
            mul(f, t, t)
            add(h, t, h_next)

    def local_jacobian(self, inputs, cache, coefficients):
        """K: df per d(f ∘ h); d(f, n) per dh.  1 - f takes the place of n in the frame."""
        f, n = self.split(cache[:-1], 2)
        kg, kf, kn = self.split(coefficients, 3)
        self.derivative(n, 1, n, kn)
        mul(kn, f, kn)
        sub(n, inputs[:-1, -self.H :], kf)
        sub(1, f, n)
        mul(n, inputs[:-1, : self.H], kg)
        mul(kf, f, kf)
        mul(kf, n, kf)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        (UT, VT), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        f, one_minus_f = self.split(cache[-2::-1], 2)
        if mask is not None:
            mul(f, mask, f)
        for kg, df, dn, f, one_minus_f, dy in zip(*self.split(coefficients[::-1], 3), f, one_minus_f, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, dn, dn)
            mul(dh, df, df)
            mul(dh, one_minus_f, dh)
            dot(VT, dn, part)
            mul(part, kg, kg)
            add(df, kg, df)
            mul(part, f, part)
            add(dh, part, dh)
            to_h(UT, df, part)
            add(dh, part, dh)
