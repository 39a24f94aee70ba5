"""The plain recurrent cell."""

from __future__ import annotations

import numpy as np

from .base import Cell, Part, into_state

dot, mul, add, sub = np.dot, np.multiply, np.add, np.subtract


class Elman(Cell):
    """h' = φ(W x + U h + b).

    References: Elman, J. L. (1990). Finding structure in time. Cognitive Science 14, 179-211.
    """

    parts = (Part("W", ("h",), "x1h"),)
    frame, kept = (), 1

    def forward(self, weights, inputs, frames, scratch, mask=None):
        (W,), phi = weights, self.phi
        for u, h in zip(self.entering(inputs, mask), inputs[1:, -self.H :]):
            dot(W, u, h)
            phi(h, h)

    def slopes(self, inputs, frames, K):
        h = inputs[1:, -self.H :]
        self.slope(h, 1, h, K)

    def back(self, weights, K, frames, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        for d, dy in zip(K[::-1], dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, d, d)
            to_h(UT, d, dh)
