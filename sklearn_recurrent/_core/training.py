"""Minimizers of an objective, ``objective(theta, rows, key) -> LossAndGradient``, and their stopping rules."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

from .optimizers import clip_norm

DIVERGENCE_FACTOR = 1e4
"""Training has diverged when the loss, without the penalty, is this many times that of a null network."""

POOL = 50
"""Maximum number of batches in a pool. The sequences of a pool are sorted by length before they become batches."""

POOLS = 4
"""Minimum number of pools in an epoch."""
# The fewer pools, the less padding, but also the less randomness: sequences of one length meet again and again. With
# three pools, two of eight seeds no longer learned Reber's grammar.


@dataclass
class History:
    """What happened during training, epoch by epoch, and why training ended."""

    losses: list = field(default_factory=list)
    validation_losses: list = field(default_factory=list)  # empty without validation
    scores: list = field(default_factory=list)  # validation scores; empty without validation
    best_epoch: int | None = None  # counted from 1; 0 means the weights at the start; None if no weights were kept
    best_score: float = -math.inf  # validation score of the best epoch
    n_seen: int = 0  # sequences
    ended: str = "max_iter"  # or "stalled", "converged", "stopped", "interrupted"


class EpochCallback:
    """Base class of callbacks: called at the beginning and at the end of each epoch."""

    def on_epoch_begin(self):
        """Called before the first batch."""

    def on_epoch_end(self, history, theta):
        """Called after validation. `theta` is what training would return now. Return True to stop training."""


class Patience:
    """Detects a plateau: more than `epochs` epochs in a row without an improvement of at least `tol`."""

    def __init__(self, tol, epochs):
        self.tol = tol
        self.epochs = epochs
        self.best = math.inf
        self.n_no_improvement = 0

    def update(self, value):
        """Record the value of an epoch, lower is better. Return True if it is the best so far."""
        # inf > inf - tol is False, but an infinite value is no improvement
        if value == math.inf or value > self.best - self.tol:
            self.n_no_improvement += 1
        else:
            self.n_no_improvement = 0
        improved = value < self.best
        self.best = min(self.best, value)
        return improved

    def restart(self):
        """Wait for as many epochs again. The best value stays."""
        self.n_no_improvement = 0

    @property
    def stalled(self):
        return self.n_no_improvement > self.epochs


class Batches:
    """Mini-batches of the rows 0 … n - 1, reshuffled in each epoch.

    The shuffle depends on the seed and on the number of the epoch alone, so that a warm start continues as one long
    training would.

    lengths (n,) : if given, the sequences of a batch have similar lengths. The shuffled rows are split into pools. Each
        pool is sorted by length and cut into batches, and the batches of all pools are shuffled. A pool has at most
        `POOL` batches, and there are at least `POOLS` pools.
    """

    def __init__(self, n, size, seed, *, shuffle=True, first_epoch=0, lengths=None):
        self.n = n
        self.size = min(size, n)
        self.seed = seed
        self.shuffle = shuffle
        self.epochs = first_epoch
        self.pool_size = min(POOL, n // (POOLS * self.size)) * self.size
        # Sorting does nothing if a pool is a single batch, or if all lengths are equal.
        by_length = lengths is not None and self.pool_size > self.size and np.ptp(lengths)
        self.lengths = lengths if by_length else None

    def __len__(self):
        return -(-self.n // self.size)

    def epoch(self):
        """Yield the rows of each batch and its key: three integers that no other batch has."""
        self.epochs += 1
        rows = np.arange(self.n)
        starts = np.arange(0, self.n, self.size)
        if self.shuffle:
            rng = np.random.default_rng((self.seed, self.epochs))
            rows = rng.permutation(self.n)
            if self.lengths is not None:
                rows = self._sort_within_pools(rows)
                # Otherwise each pool would run from its shortest to its longest sequences.
                rng.shuffle(starts)
        for start in starts.tolist():
            yield rows[start : start + self.size], (self.seed, self.epochs, start)

    def _sort_within_pools(self, rows):
        # Pools rather than all rows: if all rows were sorted, the same sequences would meet in every epoch.
        pools = np.arange(self.n) // self.pool_size
        # A sequence of the last, smaller batch has a larger share in its step. That batch is a random sample, not
        # sorted by length, so that no length counts more than another.
        pools[self.n - self.n % self.size :] = self.n
        return rows[np.lexsort((self.lengths[rows], pools))]


class RunningLoss:
    """Mean losses over the sequences of an epoch so far."""

    def __init__(self):
        self.n_batches = 0
        self.n_sequences = 0
        self._loss = 0.0
        self._data_loss = 0.0

    def update(self, result, n):
        """Add the `LossAndGradient` of a batch of n sequences."""
        self.n_batches += 1
        self.n_sequences += n
        self._loss += (result.data_loss + result.penalty) * n
        self._data_loss += result.data_loss * n

    @property
    def loss(self):
        return self._loss / self.n_sequences

    @property
    def data_loss(self):
        """The loss without the penalty."""
        return self._data_loss / self.n_sequences


def minimize_minibatch(
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
    """Minimize by mini-batches. Update `theta` in place and return a `History`.

    schedule : `Schedule` of the learning rate
    patience : `Patience` that stops training when the loss stalls, or the score with `validate` and `restore_best`;
        None to train for `max_iter` epochs
    validate : ``validate(theta) -> (loss, score)``, called after each epoch; a higher score is better
    restore_best : whether to return the weights of the epoch with the highest score above -inf
    resume : whether `theta` has been trained before, so that it may turn out the best
    epoch_callback : `EpochCallback`
    """
    history = History()
    epoch_callback = epoch_callback or EpochCallback()
    max_loss = _max_loss(objective)
    restore_best = restore_best and validate is not None
    best_theta = None
    if restore_best and resume:
        _, history.best_score = validate(theta)
        history.best_epoch = 0
        best_theta = theta.copy()
        if patience is not None:
            patience.update(-history.best_score)
    running = RunningLoss()
    try:
        for epoch in range(max_iter):
            epoch_callback.on_epoch_begin()
            running = RunningLoss()
            n_seen = history.n_seen
            for rows, key in batches.epoch():
                result = objective(theta, rows, key)
                _refuse_divergence(result.data_loss + result.penalty, math.inf, epoch)
                progress = (epoch + running.n_batches / len(batches)) / max_iter
                rate = schedule.rate(progress, n_seen, optimizer.state["t"])
                optimizer.step(theta, clip_norm(result.grad, max_norm), rate, result.rows)
                running.update(result, len(rows))
                history.n_seen += len(rows)
            # The losses above are those before each step: the last step may still have overflowed.
            data_loss = running.data_loss if np.isfinite(theta).all() else math.nan
            _refuse_divergence(data_loss, max_loss, epoch)
            history.losses.append(running.loss)
            if validate is not None:
                loss, score = validate(theta)
                history.validation_losses.append(loss)
                history.scores.append(score)
                if restore_best and score > history.best_score:
                    history.best_score = score
                    history.best_epoch = len(history.losses)
                    best_theta = theta.copy()
            if epoch_callback.on_epoch_end(history, theta if best_theta is None else best_theta):
                history.ended = "stopped"
                break
            value = -history.scores[-1] if restore_best else history.losses[-1]
            if _stalls(patience, value, schedule):
                history.ended = "stalled"
                break
    except KeyboardInterrupt:
        if not history.losses:
            if not running.n_batches:
                raise
            # A model needs a loss: it is that of the batches before the interrupt.
            history.losses.append(running.loss)
        history.ended = "interrupted"
    if best_theta is not None:
        theta[...] = best_theta
    return history


def minimize_lbfgs(objective, theta, rows, *, max_iter, max_fun, tol, epoch_callback=None):
    """Minimize over all `rows` at once by L-BFGS. Update `theta` in place and return a `History`.

    An iteration counts as an epoch for `History` and `epoch_callback`.

    References: Liu, D. C. & Nocedal, J. (1989). On the limited memory BFGS method for large scale optimization.
    Mathematical Programming 45, 503-528.
    """
    history = History()
    epoch_callback = epoch_callback or EpochCallback()
    last_loss = math.nan
    last_theta = theta.copy()
    n_begun = 0

    def loss_and_gradient(x):
        nonlocal last_loss, n_begun
        # An iteration evaluates the objective several times, in its line search.
        if n_begun == len(history.losses):
            n_begun += 1
            epoch_callback.on_epoch_begin()
        result = objective(x.astype(theta.dtype), rows)
        last_loss = result.data_loss + result.penalty
        _refuse_divergence(last_loss, math.inf, len(history.losses))
        # SciPy iterates in float64, whatever the dtype of theta.
        return last_loss, result.full_gradient(len(theta)).astype(np.float64)

    def end_iteration(x):
        last_theta[...] = x
        history.losses.append(last_loss)
        history.n_seen += len(rows)
        if epoch_callback.on_epoch_end(history, last_theta):
            history.ended = "stopped"

    def callback(x):
        end_iteration(x)
        if history.ended == "stopped":
            raise StopIteration

    try:
        result = minimize(
            loss_and_gradient,
            theta.astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol},
            callback=callback,
        )
        last_theta[...] = result.x
        if history.ended != "stopped":
            history.ended = "max_iter" if result.status == 1 else "converged"
            if not history.losses:
                # SciPy has found the start to be a minimum, without an iteration.
                end_iteration(result.x)
        # The last evaluation of the line search need not be the one that was accepted.
        history.losses[-1] = float(result.fun)
    except KeyboardInterrupt:
        if not history.losses:
            raise
        history.ended = "interrupted"
    theta[...] = last_theta
    return history


def _max_loss(objective):
    """The loss above which training has diverged."""
    # A null network predicts the same for every sequence. A useful one is better, and a loss that is larger by orders
    # of magnitude comes from weights that have blown up. The floor is for targets that are all near zero.
    return DIVERGENCE_FACTOR * max(objective.null_loss(), 1e-3)


def _stalls(patience, value, schedule):
    """Whether `value`, of the epoch that has ended, leaves no hope: not even a smaller learning rate may help."""
    if patience is None:
        return False
    patience.update(value)
    if not patience.stalled:
        return False
    if not schedule.reduce_rate():
        return True
    patience.restart()
    return False


def _refuse_divergence(loss, limit, epoch):
    # `not <` and not `>=`: a loss of NaN is refused too
    if not loss < limit:
        raise ValueError(
            f"Training diverged in epoch {epoch + 1}: the loss is {loss:.3g}. Lower learning_rate_init or set "
            "max_grad_norm (lbfgs uses neither), scale the data (standardize=True), or check y and the weights for "
            "extreme values."
        )
