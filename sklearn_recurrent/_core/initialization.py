"""Initial weights."""

from __future__ import annotations

import numpy as np


def glorot(rng, n_out, n_in):
    """Uniform, variance 2 / (n_in + n_out).

    References: Glorot, X. & Bengio, Y. (2010). Understanding the difficulty of training deep
    feedforward neural networks. AISTATS.
    """
    bound = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-bound, bound, (n_out, n_in))


def orthogonal(rng, n):
    """A random orthogonal matrix, uniform over all of them: a gradient keeps its norm through it.

    References: Saxe, A. M., McClelland, J. L. & Ganguli, S. (2014). Exact solutions to the
    nonlinear dynamics of learning in deep linear neural networks. ICLR.
    """
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))  # without the signs, the q of LAPACK is not uniform


def cell_weights(rng, cell, forget_bias, longest):
    """Part → weights. Each gate is Glorot in x and orthogonal in h; its bias is 0.

    Retention gates have a bias of their own.

    forget_bias : the bias of the retention gates; "auto": the usual one of the cell; "chrono": log
        U(1, longest - 1), where the uniform number is how many steps a unit shall remember, and
        minus that for the input gates
    longest : the length of the longest sequence

    References: Jozefowicz, R., Zaremba, W. & Sutskever, I. (2015). An empirical exploration of
    recurrent network architectures. ICML. Tallec, C. & Ollivier, Y. (2018). Can recurrent neural
    networks warp time? ICLR.
    """
    biases = {}
    if forget_bias == "auto":
        forget_bias = cell.forget_bias
    elif forget_bias == "chrono" and cell.retention_gates:
        forget_bias = np.log(rng.uniform(1, max(longest - 1, 1), (cell.H, 1)))
        biases = dict.fromkeys(cell.input_gates, -forget_bias)
    for gate, sign in cell.retention_gates.items():
        biases[gate] = sign * forget_bias
    W = {}
    for part in cell.parts:
        w = np.zeros(cell.shapes()[part.name])
        columns = cell.columns(part)
        # Gate by gate: fan-in and orthogonality are those of one gate, not of the H · gates rows of
        # the part.
        for gate, rows in zip(part.gates, np.split(w, len(part.gates)), strict=True):
            if "x" in columns:
                rows[:, columns["x"]] = glorot(rng, cell.H, cell.F)
            if "h" in columns:
                rows[:, columns["h"]] = orthogonal(rng, cell.H)
            rows[:, columns["1"]] = biases.get(gate, 0)
        W[part.name] = w
    return W
