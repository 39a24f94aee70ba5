"""The plain recurrent cell."""

from __future__ import annotations

from numpy import add
from numpy import multiply as mul

from ..products import product
from .base import Cell, Part, product_to_h


class Elman(Cell):
    """h' = φ(W x + U h + b).

    References: Elman, J. L. (1990). Finding structure in time. Cognitive Science 14, 179-211.
    """

    parts = (Part("W", ("h",), "x1h"),)
    cache_blocks = ()  # the derivative of φ follows from h', which the inputs hold
    n_coefficients = 1

    def forward(self, weights, inputs, cache, scratch, mask=None):
        (W,) = weights
        phi = self.phi
        W_dot = product(W, inputs.shape[2:])
        for u, h in zip(self.step_inputs(inputs, mask), inputs[1:, -self.H :]):
            W_dot(u, h)
            phi(h, h)

    def local_jacobian(self, inputs, cache, coefficients):
        h = inputs[1:, -self.H :]
        self.derivative(h, 1, h, coefficients)

    def back(self, weights, coefficients, cache, dY, dh, dc, scratch, mask=None):
        (UT,) = weights
        to_h = product_to_h(UT, mask)
        for d, dy in zip(coefficients[::-1], dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, d, d)
            to_h(d, dh)
