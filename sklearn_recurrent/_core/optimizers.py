"""Optimizers and learning rate schedules on one flat vector of weights.

``optimizer.step(theta, grad, rate, rows)`` updates `theta` in place. The `state` of an optimizer is a dict of arrays
and numbers. A new optimizer that is given this state continues where the old one stopped.
"""

from __future__ import annotations

import math

import numpy as np


class Optimizer:
    """Base class of optimizers, which update each weight by its own gradient.

    A subclass names its running means in `moments`, one array like theta each, and has ``update(theta, grad, rate,
    *moments)``, which changes theta and the moments in place.

    decay : decoupled weight decay of the first entries of theta, which each step multiplies by 1 - rate · decay; None
        for no decay

    References: Loshchilov, I. & Hutter, F. (2019). Decoupled weight decay regularization. ICLR.
    """

    moments = ()

    def __init__(self, theta, state=None, decay=None, **settings):
        self.state = state or {name: np.zeros_like(theta) for name in self.moments} | {"t": 0}  # t: steps taken
        self.decay = decay
        for name, value in settings.items():
            setattr(self, name, value)

    def step(self, theta, grad, rate, rows=None):
        """Take one step.

        rows : None if `grad` is like theta; else the rows of the embedding table that it covers, as in
            `LossAndGradient.rows`. The other rows, and their moments, stay as they are.
        """
        self.state["t"] += 1
        if self.decay is not None:
            theta[: len(self.decay)] *= 1 - rate * self.decay
        arrays = [theta, *(self.state[name] for name in self.moments)]
        if rows is None:
            self._update(grad, rate, arrays)
            return
        self._update(grad[: rows.first], rate, [array[: rows.first] for array in arrays])
        # Indexing by row numbers copies: the rows are updated in the copies and written back.
        tables = [rows.table(array) for array in arrays]
        copies = [table.take(rows.numbers, axis=0) for table in tables]
        self._update(rows.table(grad), rate, copies)
        for table, updated in zip(tables, copies, strict=True):
            table[rows.numbers] = updated

    def _update(self, grad, rate, arrays):
        theta, *moments = arrays
        self.update(theta, grad, rate, *moments)


class Adam(Optimizer):
    """theta -= rate · m̂ / (√v̂ + ε), with bias-corrected running means m of the gradient and v of its square.

    References: Kingma, D. P. & Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.
    """

    moments = ("m", "v")

    def update(self, theta, grad, rate, m, v):
        # One temporary array for all terms: this loop is bound by memory. The bias correction of v is moved into the
        # scalars, √v̂ + ε = (√v + ε · scale) / scale, which saves a pass over the array.
        t = self.state["t"]
        scale = math.sqrt(1 - self.beta_2**t)
        term = np.multiply(grad, 1 - self.beta_1)
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

    def update(self, theta, grad, rate, velocity):
        velocity *= self.momentum
        velocity -= rate * grad
        if self.nesterovs_momentum:
            theta += self.momentum * velocity - rate * grad
        else:
            theta += velocity


class RMSprop(Optimizer):
    """theta -= rate · grad / (√v + ε), with the running mean v of the squared gradient.

    References: Tieleman, T. & Hinton, G. (2012). Lecture 6.5 - rmsprop. Coursera: neural networks for machine learning.
    """

    moments = ("v",)

    def update(self, theta, grad, rate, v):
        v *= self.rho
        v += (1 - self.rho) * grad * grad
        theta -= rate * grad / (np.sqrt(v) + self.epsilon)


OPTIMIZERS = {"adam": Adam, "rmsprop": RMSprop, "sgd": SGD}


def clip_norm(grad, limit):
    """Scale `grad` in place to a Euclidean norm of at most `limit`, unless that is None. Return `grad`.

    References: Pascanu, R., Mikolov, T. & Bengio, Y. (2013). On the difficulty of training recurrent neural networks.
    ICML.
    """
    if limit is not None:
        norm = math.sqrt(np.dot(grad, grad))
        if norm > limit:
            if norm == math.inf:
                # The squares may overflow in float32 where the gradient itself does not.
                norm = float(np.linalg.norm(grad.astype(np.float64)))
            grad *= limit / norm
    return grad


def constant(progress):
    """Always 1."""
    return 1.0


def cosine(progress):
    """From 1 to 0 along half a cosine.

    References: Loshchilov, I. & Hutter, F. (2017). SGDR: stochastic gradient descent with warm restarts. ICLR.
    """
    return (1 + math.cos(math.pi * progress)) / 2


def onecycle(progress):
    """From 1/25 up to 1 in the first three tenths of training, then down to 0, both along half a cosine.

    References: Smith, L. N. & Topin, N. (2019). Super-convergence: very fast training of neural networks using large
    learning rates. SPIE.
    """
    top = 0.3
    if progress < top:
        return 1 - 0.96 * cosine(progress / top)
    return cosine((progress - top) / (1 - top))


SCHEDULES = {"constant": constant, "cosine": cosine, "onecycle": onecycle}
"""Name → factor of the learning rate as a function of progress, from 0 at the start to 1 after max_iter epochs."""

PLANNED = {"cosine", "onecycle"}
"""Schedules that are planned to end at max_iter: reaching it is no failure to converge, and training does not stop
early when the loss stalls."""


class Schedule:
    """The learning rate of each step.

    kind : a name in `SCHEDULES`; "invscaling" for initial / t^power_t after t sequences; or "adaptive" for a fifth of
        the rate each time that training stalls
    warmup : number of first steps in which the rate rises linearly from 0
    seen : sequences seen in former trainings
    """

    def __init__(self, kind, initial, power_t, warmup=0, seen=0):
        self.kind = kind
        self.initial = initial
        self.power_t = power_t
        self.warmup = warmup
        self.seen = seen
        self.planned = kind in PLANNED

    def rate(self, progress, seen, steps):
        """The rate of the next step.

        progress : from 0 to 1, through the epochs of this training
        seen : sequences seen in this training before the current epoch
        steps : steps taken, those of former trainings included
        """
        rate = self.initial
        if self.warmup:
            rate = self.initial * min(1.0, (steps + 1) / self.warmup)
        if self.kind == "invscaling":
            return rate / (self.seen + seen + 1) ** self.power_t
        return rate * SCHEDULES.get(self.kind, constant)(progress)

    def reduce_rate(self):
        """Reduce the rate of an adaptive schedule, since training stalls. Return False if training should end."""
        # As in scikit-learn's SGDOptimizer, a rate of 1e-6 changes nothing any more.
        if self.kind != "adaptive" or self.initial <= 1e-6:
            return False
        self.initial /= 5
        return True
