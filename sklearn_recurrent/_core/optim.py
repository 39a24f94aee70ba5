"""Optimisers and schedules on one flat vector.

An optimiser moves `theta` in place by ``step(theta, grad, rate)``. Its `state` is a dict of plain arrays and numbers;
given back to a new one, the new one goes on where the old one stopped.
"""

from __future__ import annotations

import math

import numpy as np


class Adam:
    """theta -= rate · m̂ / (√v̂ + ε), with bias-corrected running means m of the gradient and v of its square.

    References: Kingma, D. P. & Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.
    """

    def __init__(self, theta, *, beta_1, beta_2, epsilon, state=None, **_):
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.state = state or {"m": np.zeros_like(theta), "v": np.zeros_like(theta), "t": 0}
        self._term = np.empty_like(theta)

    def step(self, theta, grad, rate):
        m, v, term = self.state["m"], self.state["v"], self._term
        self.state["t"] = t = self.state["t"] + 1
        scale = math.sqrt(1 - self.beta_2**t)
        m *= self.beta_1
        m += np.multiply(grad, 1 - self.beta_1, term)
        v *= self.beta_2
        np.multiply(grad, grad, term)
        v += np.multiply(term, 1 - self.beta_2, term)
        np.sqrt(v, term)
        term += self.epsilon * scale
        np.divide(m, term, term)
        theta -= np.multiply(term, rate * scale / (1 - self.beta_1**t), term)


class SGD:
    """velocity = momentum · velocity - rate · grad;  theta += velocity, or with Nesterov momentum one step ahead of it.

    References: Sutskever, I., Martens, J., Dahl, G. & Hinton, G. (2013). On the importance of initialization and
    momentum in deep learning. ICML.
    """

    def __init__(self, theta, *, momentum, nesterovs_momentum, state=None, **_):
        self.momentum, self.nesterov = momentum, nesterovs_momentum
        self.state = state or {"velocity": np.zeros_like(theta)}

    def step(self, theta, grad, rate):
        velocity = self.state["velocity"]
        velocity *= self.momentum
        velocity -= rate * grad
        theta += self.momentum * velocity - rate * grad if self.nesterov else velocity


OPTIMISERS = {"adam": Adam, "sgd": SGD}


def clip_norm(grad, limit):
    """Scale `grad` in place to a Euclidean norm of at most `limit`; None: leave it.

    References: Pascanu, R., Mikolov, T. & Bengio, Y. (2013). On the difficulty of training recurrent neural networks.
    ICML.
    """
    if limit is not None:
        norm = math.sqrt(np.dot(grad, grad))
        if norm > limit:
            if norm == math.inf:  # the squares overflow, the gradient need not
                norm = float(np.linalg.norm(grad.astype(np.float64)))
            grad *= limit / norm
    return grad


class Schedule:
    """The learning rate of each step.

    constant, cosine (rate₀ · (1 + cos π p) / 2 at progress p through max_iter epochs), invscaling (rate₀ / t^power_t at
    t sequences seen) or adaptive (rate₀, a fifth of it each time that training stalls).

    References: Loshchilov, I. & Hutter, F. (2017). SGDR: stochastic gradient descent with warm restarts. ICLR.
    """

    def __init__(self, kind, initial, power_t, seen=0):
        self.kind, self.initial, self.power_t, self.seen = kind, initial, power_t, seen  # seen: before
        self.planned = kind == "cosine"  # it ends with max_iter: to reach that is the plan

    def rate(self, progress, seen):
        if self.kind == "cosine":
            return self.initial * (1 + math.cos(math.pi * progress)) / 2
        if self.kind == "invscaling":
            return self.initial / (self.seen + seen + 1) ** self.power_t
        return self.initial

    def go_on(self):
        """Training has stalled: True if a smaller rate may help."""
        if self.kind != "adaptive" or self.initial <= 1e-6:
            return False
        self.initial /= 5
        return True
