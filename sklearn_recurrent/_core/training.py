"""Minimizers of ``objective(theta, rows, key) -> LossAndGradient``, and when they stop."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

from .optimizers import clip_norm

DIVERGED = 1e4
"""A loss, less the penalty, that many times that of predicting nothing is no longer training."""

POOL, POOLS = 50, 4
"""Batches whose sequences are sorted by length together, at most; pools of them that there are at least."""


@dataclass
class History:
    """What training did, epoch by epoch, and why it ended."""

    losses: list = field(default_factory=list)
    validation_losses: list = field(default_factory=list)  # if any
    scores: list = field(default_factory=list)  # of validation, if any
    best_epoch: int | None = None  # the best epoch, if its weights are kept; the first is 1, 0 is before it
    best_score: float = -math.inf  # its score
    n_seen: int = 0  # sequences
    ended: str = "max_iter"  # or "stalled", "converged", "stopped", "interrupted"


class EpochCallback:
    """What looks on at training."""

    def on_epoch_begin(self):
        """An epoch begins."""

    def on_epoch_end(self, history, theta):
        """An epoch is over; `theta` are the weights if training ends here. True: it shall."""


class Patience:
    """Stalls after more than `epochs` epochs in a row that improve the best value by less than `tol`."""

    def __init__(self, tol, epochs):
        self.tol, self.epochs, self.best, self.waited = tol, epochs, math.inf, 0

    def update(self, value):
        """Lower is better. True if it is the best so far."""
        self.waited = self.waited + 1 if value == math.inf or value > self.best - self.tol else 0
        improved = value < self.best
        self.best = min(self.best, value)
        return improved

    @property
    def stalled(self):
        return self.waited > self.epochs


class Batches:
    """Each epoch, the rows 0 … n - 1 in batches; shuffled by a generator that depends on seed and epoch alone.

    lengths (n,) : if given, a batch holds sequences of like length. The shuffled rows are cut into pools, each pool is
        sorted by length and cut into batches, and these are shuffled: which sequences meet changes from epoch to epoch.
        A pool has up to `POOL` batches, but there are `POOLS` of them.
    """

    def __init__(self, n, size, seed, *, shuffle=True, first_epoch=0, lengths=None):
        self.n, self.size, self.seed, self.shuffle, self.epochs = n, min(size, n), seed, shuffle, first_epoch
        self.pool = min(POOL, n // (POOLS * self.size)) * self.size
        self.lengths = lengths if lengths is not None and self.pool > self.size and np.ptp(lengths) else None

    def __len__(self):
        return -(-self.n // self.size)

    def epoch(self):
        """Yield the rows of each batch, and its key: three numbers that no other batch has."""
        self.epochs += 1
        rows, starts = np.arange(self.n), np.arange(0, self.n, self.size)
        if self.shuffle:
            rng = np.random.default_rng((self.seed, self.epochs))
            rows = rng.permutation(self.n)
            if self.lengths is not None:
                pools = np.arange(self.n) // self.pool
                pools[self.n - self.n % self.size :] = self.n  # a short batch is of any lengths: its rows weigh more
                rows = rows[np.lexsort((self.lengths[rows], pools))]
                rng.shuffle(starts)
        for start in starts.tolist():
            yield rows[start : start + self.size], (self.seed, self.epochs, start)


def descend(
    objective,
    theta,
    optimizer,
    schedule,
    batches,
    *,
    max_iter,
    max_norm,
    patience,
    validate=None,
    restore_best=True,
    resume=False,
    epoch_callback=None,
):
    """Minimize by mini-batches; move `theta` in place.

    schedule : gives the rate of each step
    patience : ends it when the loss, or with `validate` and `restore_best` the score, stalls; None: max_iter alone does
    validate : ``validate(theta) -> (loss, score)`` after each epoch, a higher score being better
    restore_best : whether the weights of the best epoch are restored: of the highest score that is above -inf
    resume : whether `theta` is trained already, and may be the best
    epoch_callback : a `EpochCallback`
    """
    history, best, total, steps, seen_before, epoch_callback = (
        History(),
        None,
        0.0,
        0,
        0,
        epoch_callback or EpochCallback(),
    )
    limit, restore_best = DIVERGED * max(objective.null_loss(), 1e-3), restore_best and validate is not None
    if restore_best and resume:
        _, history.best_score = validate(theta)
        best, history.best_epoch = theta.copy(), 0
        if patience is not None:
            patience.update(-history.best_score)
    try:
        for epoch in range(max_iter):
            epoch_callback.on_epoch_begin()
            total, data_loss, steps, seen_before = 0.0, 0.0, 0, history.n_seen
            for rows, key in batches.epoch():
                value = objective(theta, rows, key)
                loss = value.data_loss + value.penalty
                _refuse_divergence(loss, math.inf, epoch)
                progress = (epoch + steps / len(batches)) / max_iter
                rate = schedule.rate(progress, seen_before, optimizer.state["t"])
                optimizer.step(theta, clip_norm(value.grad, max_norm), rate, value.rows)
                total, data_loss = total + loss * len(rows), data_loss + value.data_loss * len(rows)
                steps, history.n_seen = steps + 1, history.n_seen + len(rows)
            data_loss = data_loss / batches.n if np.isfinite(theta).all() else math.nan
            _refuse_divergence(data_loss, limit, epoch)
            history.losses.append(total / batches.n)
            if validate is not None:
                loss, score = validate(theta)
                if restore_best and score > history.best_score:
                    best, history.best_score, history.best_epoch = theta.copy(), score, len(history.losses)
                history.validation_losses.append(loss)
                history.scores.append(score)
            if epoch_callback.on_epoch_end(history, theta if best is None else best):
                history.ended = "stopped"
                break
            if patience is not None:
                patience.update(-history.scores[-1] if restore_best else history.losses[-1])
                if patience.stalled:
                    if not schedule.go_on():
                        history.ended = "stalled"
                        break
                    patience.waited = 0
    except KeyboardInterrupt:
        if not history.losses:
            if not steps:
                raise
            history.losses.append(total / (history.n_seen - seen_before))
        history.ended = "interrupted"
    if best is not None:
        theta[...] = best
    return history


def minimize_lbfgs(objective, theta, rows, *, max_iter, max_fun, tol, epoch_callback=None):
    """Minimize over all `rows` at once by L-BFGS; move `theta` in place. To the `epoch_callback` an iteration is an
    epoch.

    References: Liu, D. C. & Nocedal, J. (1989). On the limited memory BFGS method for large scale optimization.
    Mathematical Programming 45, 503-528.
    """
    history, latest, begun, epoch_callback = History(), [math.nan, theta.copy()], 0, epoch_callback or EpochCallback()

    def value_and_gradient(x):
        nonlocal begun
        if begun == len(history.losses):
            begun += 1
            epoch_callback.on_epoch_begin()
        value = objective(x.astype(theta.dtype), rows)
        latest[0] = value.data_loss + value.penalty
        _refuse_divergence(latest[0], math.inf, len(history.losses))
        return latest[0], value.full_gradient(len(theta)).astype(np.float64)

    def end(x):
        latest[1][...] = x
        history.losses.append(latest[0])
        history.n_seen += len(rows)
        if epoch_callback.on_epoch_end(history, latest[1]):
            history.ended = "stopped"

    def callback(x):
        end(x)
        if history.ended == "stopped":
            raise StopIteration

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
        if history.ended != "stopped":
            history.ended = "max_iter" if result.status == 1 else "converged"
            if not history.losses:
                end(result.x)
        history.losses[-1] = float(result.fun)
    except KeyboardInterrupt:
        if not history.losses:
            raise
        history.ended = "interrupted"
    theta[...] = latest[1]
    return history


def _refuse_divergence(loss, limit, epoch):
    if not loss < limit:
        raise ValueError(
            f"Training diverged in epoch {epoch + 1}: the loss is {loss:.3g}. Lower learning_rate_init or set "
            "max_grad_norm (lbfgs uses neither), scale the data (standardize=True), or check y and the weights for "
            "extreme values."
        )
