"""Activations φ, in place, and their derivatives, computed from their values."""

from __future__ import annotations

import numpy as np


def sigmoid_(a, half):
    """The sigmoid in place, of `a` that holds half the pre-activation: σ(2a) = (1 + tanh a) / 2.

    half : 0.5 as a 0-d array of a's dtype
    """
    # NumPy's tanh is vectorized; its exp and scipy's expit are not: in float32 they take ten times
    # as long.
    np.tanh(a, a)
    np.multiply(a, half, a)
    np.add(a, half, a)


def gates_(a, g, s, phi, half):
    """φ of the candidate `g` and `sigmoid_` of the gates `s`, in place; `a` is both, adjacent."""
    if phi is np.tanh:
        np.tanh(a, a)  # one call for both: the sigmoids begin with a tanh too
    else:
        phi(g, g)
        np.tanh(s, s)
    np.multiply(s, half, s)
    np.add(s, half, s)


def logistic(a, out):
    half = np.array(0.5, a.dtype)
    np.multiply(a, half, out)
    sigmoid_(out, half)


def relu(a, out):
    np.maximum(a, np.array(0, a.dtype), out=out)


def tanh_derivative(y, s, sy, out):
    np.multiply(y, sy, out)
    np.subtract(s, out, out)


def logistic_derivative(y, s, sy, out):
    np.multiply(y, sy, out)
    np.subtract(sy, out, out)


def relu_derivative(y, s, sy, out):
    np.multiply(s, y > 0, out)


ACTIVATIONS = {
    "tanh": (np.tanh, tanh_derivative),
    "relu": (relu, relu_derivative),
    "logistic": (logistic, logistic_derivative),
}
"""Name → φ(a, out) and derivative(y, s, sy, out), which writes s · φ'(a) to `out`.

y = φ(a), and sy = s · y: the cells have that product at hand, so the derivative of tanh, s (1 - y²)
= s - y · sy, costs two operations.
"""
