"""The oracle: a network by its plain equations, one sequence and one step at a time.

Written from the papers, not from the library: no batches, no gradients, no tricks. All of it takes complex numbers, so
that ``f(theta + 1e-30j * direction).imag / 1e-30`` is a derivative without rounding; what is not analytic (relu,
maximum) chooses its branch by the real part.

A cell is ``step(W, phi, x, h, c) -> h, c``. Its weights are the library's arrays, so that both can be given the same
numbers: the columns of an array follow what it is multiplied with, its rows the names on the left.
"""

import numpy as np

ONE = np.ones(1)


def sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2


def relu(a):
    return np.where(a.real > 0, a, 0)


ACTIVATIONS = {"tanh": np.tanh, "relu": relu, "logistic": sigmoid}


def affine(W, n_gates, *blocks):
    """The pre-activations of each of `n_gates` gates."""
    return np.split(W @ np.concatenate(blocks), n_gates)


def elman(W, phi, x, h, c):
    (a,) = affine(W["W"], 1, x, ONE, h)
    return phi(a), c


def lstm(W, phi, x, h, c):
    g, f, i, o = affine(W["W"], 4, x, ONE, h)
    c = sigmoid(f) * c + sigmoid(i) * phi(g)
    return sigmoid(o) * phi(c), c


def lstm_no_forget(W, phi, x, h, c):
    g, i, o = affine(W["W"], 3, x, ONE, h)
    c = c + sigmoid(i) * phi(g)
    return sigmoid(o) * phi(c), c


def lstm_coupled(W, phi, x, h, c):
    g, f, o = affine(W["W"], 3, x, ONE, h)
    c = sigmoid(f) * c + (1 - sigmoid(f)) * phi(g)
    return sigmoid(o) * phi(c), c


def gru(W, phi, x, h, c):
    r, z = affine(W["W_rz"], 2, x, ONE, h)
    (a,) = affine(W["U_a"], 1, ONE, h)
    (n,) = affine(W["W_n"], 1, x, ONE)
    n = phi(n + sigmoid(r) * a)
    return (1 - sigmoid(z)) * n + sigmoid(z) * h, c


def gru_reset_before(W, phi, x, h, c):
    r, z = affine(W["W_rz"], 2, x, ONE, h)
    (n,) = affine(W["W_n"], 1, sigmoid(r) * h, x, ONE)
    return (1 - sigmoid(z)) * phi(n) + sigmoid(z) * h, c


def gru_no_reset(W, phi, x, h, c):
    z, n = affine(W["W"], 2, x, ONE, h)
    return (1 - sigmoid(z)) * phi(n) + sigmoid(z) * h, c


def mgu(W, phi, x, h, c):
    (f,) = affine(W["W_f"], 1, x, ONE, h)
    (n,) = affine(W["W_n"], 1, sigmoid(f) * h, x, ONE)
    return (1 - sigmoid(f)) * h + sigmoid(f) * phi(n), c


CELLS = {
    "elman": elman,
    "lstm": lstm,
    "lstm_no_forget": lstm_no_forget,
    "lstm_coupled": lstm_coupled,
    "gru": gru,
    "gru_reset_before": gru_reset_before,
    "gru_no_reset": gru_no_reset,
    "mgu": mgu,
}


def states(cell, activation, n_units, W, x, reverse=False):
    """The state after each step of one sequence `x` (T, F), in the order of reading: (T, H)."""
    h = c = np.zeros(n_units)
    read = []
    for x_t in x[::-1] if reverse else x:
        h, c = CELLS[cell](W, ACTIVATIONS[activation], x_t, h, c)
        read.append(h)
    return np.array(read)


POOLINGS = {
    "last": lambda h: h[-1],
    "mean": lambda h: h.mean(axis=0),
    "max": lambda h: h[h.real.argmax(axis=0), np.arange(h.shape[1])],
}


def network(W, x, *, cell, activation, n_features, units, bidirectional, pooling, n_outputs):
    """Raw outputs (K,) for one sequence; `W` is name → array for the whole network."""
    directions = ("forward", "backward") if bidirectional else ("forward",)
    for k, n_units in enumerate(units):
        layer = [
            states(cell, activation, n_units, parts(W, f"layer_{k}/{d}/"), x, reverse=d == "backward")
            for d in directions
        ]
        x = np.hstack([h[::-1] if d == "backward" else h for d, h in zip(directions, layer, strict=True)])
    pooled = [POOLINGS[kind](h) for h in layer for kind in pooling]
    return W["head/V"] @ np.concatenate([*pooled, ONE])


def parts(W, prefix):
    return {name[len(prefix) :]: w for name, w in W.items() if name.startswith(prefix)}


def squared_error(raw, y):
    return ((raw - y) ** 2).mean() / 2


def logistic_log_loss(raw, y):
    p = sigmoid(raw)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum()


def softmax_log_loss(raw, y):
    return -(y * np.log(np.exp(raw) / np.exp(raw).sum())).sum()


LOSSES = {"squared_error": squared_error, "logistic": logistic_log_loss, "softmax": softmax_log_loss}


def objective(W, X, Y, weight, loss, penalty, **architecture):
    """The weighted mean loss and the L2 penalty, which spares whatever is multiplied with the constant one."""
    total = sum(w * LOSSES[loss](network(W, x, **architecture), y) for x, y, w in zip(X, Y, weight, strict=True))
    squares = 0
    for name, w in W.items():
        layer, part = name.split("/")[0], name.split("/")[-1]
        n_inputs = X[0].shape[1]
        if layer not in ("head", "layer_0"):
            n_inputs = architecture["units"][int(layer[-1]) - 1] * (1 + architecture["bidirectional"])
        bias = {"W": n_inputs, "W_rz": n_inputs, "W_f": n_inputs, "U_a": 0, "W_n": -1, "V": -1}[part]
        squares += (w**2).sum() - (w[:, bias] ** 2).sum()
    return total / len(X) + penalty * squares / 2


def derivative(f, theta, direction):
    """By complex step."""
    return np.imag(f(theta + 1e-30j * direction)) / 1e-30
