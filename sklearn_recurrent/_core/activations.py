"""Nonlinearities φ, in place, and their slopes, from their values."""

from __future__ import annotations

import numpy as np


def sigmoid_(a, half):
    """In place, of ``a`` = half the pre-activation: σ(2a) = (1 + tanh a) / 2. `half` is a 0-d array of a's dtype.

    NumPy's tanh is vectorized, its exp-based sigmoids and scipy's expit are not: ten times faster in float32.
    """
    np.tanh(a, a)
    np.multiply(a, half, a)
    np.add(a, half, a)


def gates_(a, g, s, phi, half):
    """In place: φ of the candidate `g`, sigmoid_ of the gates `s`; `a` is both, adjacent. One tanh serves for all."""
    if phi is np.tanh:
        np.tanh(a, a)
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
"""Name → φ(a, out), and slope(y, s, sy, out): s φ'(a), with y = φ(a), for callers that have s y at hand."""
