"""Optimizers and schedules on one flat vector.

An optimizer moves `theta` in place by ``step(theta, grad, rate, rows)``. Its `state` is a dict of plain arrays and
numbers; given back to a new one, the new one goes on where the old one stopped.
"""

from __future__ import annotations

import math

import numpy as np


class Optimizer:
    """Moves weights against their gradient, entry by entry.

    A subclass names the running means it keeps of each entry, its `moments`, and has ``move(theta, grad, rate,
    *moments)``, which changes all of them in place.

    decay : of the first entries of theta, which each step also multiplies with 1 - rate · decay; None: of none

    References: Loshchilov, I. & Hutter, F. (2019). Decoupled weight decay regularization. ICLR.
    """

    moments = ()

    def __init__(self, theta, state=None, decay=None, **settings):
        self.state = state or {name: np.zeros_like(theta) for name in self.moments} | {"t": 0}
        self.decay = decay
        for name, value in settings.items():
            setattr(self, name, value)

    def step(self, theta, grad, rate, rows=None):
        """`rows` as in the objective's `Value`: other rows of the table, and their moments, stay as they are."""
        self.state["t"] += 1
        if self.decay is not None:
            theta[: len(self.decay)] *= 1 - rate * self.decay
        arrays = [theta, *(self.state[name] for name in self.moments)]
        if rows is None:
            self._move(grad, rate, arrays)
            return
        self._move(grad[: rows.first], rate, [array[: rows.first] for array in arrays])
        tables = [rows.table(array) for array in arrays]
        some = [table.take(rows.numbers, axis=0) for table in tables]
        self._move(rows.table(grad), rate, some)
        for table, moved in zip(tables, some, strict=True):
            table[rows.numbers] = moved

    def _move(self, grad, rate, arrays):
        theta, *moments = arrays
        self.move(theta, grad, rate, *moments)


class Adam(Optimizer):
    """theta -= rate · m̂ / (√v̂ + ε), with bias-corrected running means m of the gradient and v of its square.

    References: Kingma, D. P. & Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.
    """

    moments = ("m", "v")

    def move(self, theta, grad, rate, m, v):
        t, term = self.state["t"], np.multiply(grad, 1 - self.beta_1)
        scale = math.sqrt(1 - self.beta_2**t)
        m *= self.beta_1
        m += term
        v *= self.beta_2
        np.multiply(grad, grad, term)
        v += np.multiply(term, 1 - self.beta_2, term)
        np.sqrt(v, term)
        term += self.epsilon * scale
        np.divide(m, term, term)
        theta -= np.multiply(term, rate * scale / (1 - self.beta_1**t), term)


class SGD(Optimizer):
    """velocity = momentum · velocity - rate · grad;  theta += velocity, or with Nesterov momentum one step ahead of it.

    References: Sutskever, I., Martens, J., Dahl, G. & Hinton, G. (2013). On the importance of initialization and
    momentum in deep learning. ICML.
    """

    moments = ("velocity",)

    def move(self, theta, grad, rate, velocity):
        velocity *= self.momentum
        velocity -= rate * grad
        theta += self.momentum * velocity - rate * grad if self.nesterovs_momentum else velocity


class RMSprop(Optimizer):
    """theta -= rate · grad / (√v + ε), with the running mean v of the squared gradient.

    References: Tieleman, T. & Hinton, G. (2012). Lecture 6.5 - rmsprop. Coursera: neural networks for machine learning.
    """

    moments = ("v",)

    def move(self, theta, grad, rate, v):
        v *= self.rho
        v += (1 - self.rho) * grad * grad
        theta -= rate * grad / (np.sqrt(v) + self.epsilon)


OPTIMIZERS = {"adam": Adam, "rmsprop": RMSprop, "sgd": SGD}


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


def constant(progress):
    return 1.0


def cosine(progress):
    """From 1 to 0.

    References: Loshchilov, I. & Hutter, F. (2017). SGDR: stochastic gradient descent with warm restarts. ICLR.
    """
    return (1 + math.cos(math.pi * progress)) / 2


def onecycle(progress):
    """From 1/25 up to 1, for three tenths of the way, and down to 0, both along a cosine.

    References: Smith, L. N. & Topin, N. (2019). Super-convergence: very fast training of neural networks using large
    learning rates. SPIE.
    """
    top = 0.3
    return 1 - 0.96 * cosine(progress / top) if progress < top else cosine((progress - top) / (1 - top))


SCHEDULES = {"constant": constant, "cosine": cosine, "onecycle": onecycle}
"""Name → factor of the learning rate at a progress from 0 to 1, through max_iter epochs."""

PLANNED = {"cosine", "onecycle"}
"""Those that end with max_iter: to reach that is the packed."""


class Schedule:
    """The learning rate of each step.

    kind : a name in `SCHEDULES`, or invscaling (initial / t^power_t at t sequences seen), or adaptive (initial, a fifth
        of it each time that training stalls)
    warmup : in so many first steps the rate rises from 0 in a straight line
    seen : sequences seen before
    """

    def __init__(self, kind, initial, power_t, warmup=0, seen=0):
        self.kind, self.initial, self.power_t, self.warmup, self.seen = kind, initial, power_t, warmup, seen
        self.planned = kind in PLANNED

    def rate(self, progress, seen, steps):
        """At `progress` through the epochs of this training, which has seen so many sequences in epochs before this
        one; `steps` were taken, those of former trainings included."""
        rate = self.initial * min(1.0, (steps + 1) / self.warmup) if self.warmup else self.initial
        if self.kind == "invscaling":
            return rate / (self.seen + seen + 1) ** self.power_t
        return rate * SCHEDULES.get(self.kind, constant)(progress)

    def go_on(self):
        """Training has stalled: True if a smaller rate may help."""
        if self.kind != "adaptive" or self.initial <= 1e-6:
            return False
        self.initial /= 5
        return True
