"""Minimisers of ``objective(theta, rows, key) -> Value``, and when they stop."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

from .optim import clip_norm

DIVERGED = 1e4
"""A loss, less the penalty, that many times that of predicting nothing is no longer training."""


@dataclass
class Course:
    """What training did, epoch by epoch, and why it ended."""

    losses: list = field(default_factory=list)
    scores: list = field(default_factory=list)  # of validation, if any
    seen: int = 0  # sequences
    ended: str = "max_iter"  # or "stalled", "converged", "interrupted"


class Patience:
    """Stalls after more than `epochs` epochs in a row that improve the best value by less than `tol`."""

    def __init__(self, tol, epochs):
        self.tol, self.epochs, self.best, self.waited = tol, epochs, math.inf, 0

    def see(self, value):
        """Lower is better. True if it is the best so far."""
        self.waited = self.waited + 1 if value > self.best - self.tol else 0
        improved = value < self.best
        self.best = min(self.best, value)
        return improved

    @property
    def stalled(self):
        return self.waited > self.epochs


class Batches:
    """Each epoch, the rows 0 … n - 1 in batches; shuffled by a generator that depends on seed and epoch alone."""

    def __init__(self, n, size, seed, *, shuffle=True, first_epoch=0):
        self.n, self.size, self.seed, self.shuffle, self.epochs = n, min(size, n), seed, shuffle, first_epoch

    def __len__(self):
        return -(-self.n // self.size)

    def epoch(self):
        """Yield the rows of each batch, and its key: three numbers that no other batch has."""
        self.epochs += 1
        rows = np.arange(self.n)
        if self.shuffle:
            rows = np.random.default_rng((self.seed, self.epochs)).permutation(self.n)
        for start in range(0, self.n, self.size):
            yield rows[start : start + self.size], (self.seed, self.epochs, start)


def descend(objective, theta, optimiser, schedule, batches, *, max_iter, max_norm, patience, score=None, report=None):
    """Minimise by mini-batches; move `theta` in place.

    schedule : gives the rate of each step
    patience : ends it when the loss, or with `score` the score, stalls; None: max_iter alone does
    score : ``score(theta)`` of each epoch, higher is better; the weights of the best epoch are restored
    report : ``report(course)`` after each epoch
    """
    course, best, total, steps, seen_before = Course(), None, 0.0, 0, 0
    limit = DIVERGED * max(objective.null_loss(), 1e-3)
    try:
        for epoch in range(max_iter):
            total, misfit, steps, seen_before = 0.0, 0.0, 0, course.seen
            for rows, key in batches.epoch():
                value = objective(theta, rows, key)
                loss = value.misfit + value.penalty
                _refuse_divergence(loss, math.inf, epoch)
                rate = schedule.rate((epoch + steps / len(batches)) / max_iter, seen_before)
                optimiser.step(theta, clip_norm(value.grad, max_norm), rate, value.rows)
                total, misfit = total + loss * len(rows), misfit + value.misfit * len(rows)
                steps, course.seen = steps + 1, course.seen + len(rows)
            misfit = misfit / batches.n if np.isfinite(theta).all() else math.nan
            _refuse_divergence(misfit, limit, epoch)
            course.losses.append(total / batches.n)
            if score is not None:
                course.scores.append(score(theta))
                if best is None or course.scores[-1] > max(course.scores[:-1]):
                    best = theta.copy()
            if report is not None:
                report(course)
            if patience is not None:
                patience.see(course.losses[-1] if score is None else -course.scores[-1])
                if patience.stalled:
                    if not schedule.go_on():
                        course.ended = "stalled"
                        break
                    patience.waited = 0
    except KeyboardInterrupt:
        if not course.losses:
            if not steps:
                raise
            course.losses.append(total / (course.seen - seen_before))
        course.ended = "interrupted"
    if best is not None:
        theta[...] = best
    return course


def minimise_lbfgs(objective, theta, rows, *, max_iter, max_fun, tol, report=None):
    """Minimise over all `rows` at once by L-BFGS; move `theta` in place.

    References: Liu, D. C. & Nocedal, J. (1989). On the limited memory BFGS method for large scale optimization.
    Mathematical Programming 45, 503-528.
    """
    course, latest = Course(), [math.nan, theta.copy()]

    def value_and_gradient(x):
        value = objective(x.astype(theta.dtype), rows)
        latest[0] = value.misfit + value.penalty
        _refuse_divergence(latest[0], math.inf, len(course.losses))
        return latest[0], value.full_gradient(len(theta)).astype(np.float64)

    def callback(x):
        latest[1][...] = x
        course.losses.append(latest[0])
        course.seen += len(rows)
        if report is not None:
            report(course)

    options = {"maxiter": max_iter, "maxfun": max_fun, "gtol": tol}
    try:
        result = minimize(
            value_and_gradient,
            theta.astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            options=options,
            callback=callback,
        )
        latest[1][...] = result.x
        course.ended = "max_iter" if result.status == 1 else "converged"
        if not course.losses:
            callback(result.x)
        course.losses[-1] = float(result.fun)
    except KeyboardInterrupt:
        if not course.losses:
            raise
        course.ended = "interrupted"
    theta[...] = latest[1]
    return course


def _refuse_divergence(loss, limit, epoch):
    if not loss < limit:
        raise ValueError(
            f"Training diverged in epoch {epoch + 1}: the loss is {loss:.3g}. Lower learning_rate_init or set "
            "max_grad_norm (adam, sgd), scale the data (standardize=True), and look for extreme values in y and in the "
            "weights."
        )
