"""Losses of raw network outputs, and the inverse links that turn raw outputs into predictions.

A loss is a function ``loss(raw, y) -> (values, gradient)`` of

raw (K, N) : K raw outputs of N sequences
y (K, N) : targets; for the softmax loss (1, N), the codes of the classes

values (N,) : the loss of each sequence
gradient (K, N) : the derivative of each value with respect to its column of raw

Both have the dtype of raw, float32 or float64. A constant is therefore a Python number, math.log(2):
np.log(2) is a float64, which makes a float64 array of a float32 one.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, xlogy


def squared_error(raw, y):
    """½ (raw - y)², averaged over outputs."""
    difference = raw - y
    return 0.5 * (difference**2).mean(axis=0), difference / len(raw)


def absolute_error(raw, y):
    """|raw - y|, averaged over outputs."""
    difference = raw - y
    return np.abs(difference).mean(axis=0), np.sign(difference) / len(raw)


def huber(raw, y, *, delta):
    """½ d² if d = |raw - y| is at most `delta`, else delta (d - delta / 2), averaged over outputs.

    References: Huber, P. J. (1964). Robust estimation of a location parameter. Annals of Mathematical Statistics 35.
    """
    difference = raw - y
    clipped = np.clip(difference, -delta, delta)
    # clipped (d - clipped / 2) is both cases at once
    return (clipped * (difference - clipped / 2)).mean(axis=0), clipped / len(raw)


def poisson(raw, y):
    """Half the Poisson deviance, exp(raw) - y raw + y log y - y, averaged over outputs.

    The predicted mean is exp(raw).
    """
    mean = np.exp(raw)
    return (mean - y * raw + xlogy(y, y) - y).mean(axis=0), (mean - y) / len(raw)


def pinball(raw, y, *, quantiles):
    """q d if d = y - raw is positive, else (q - 1) d, averaged over outputs and `quantiles`.

    raw (K · Q, N) : Q quantiles of the first output, then those of the second, and so on

    References: Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica 46, 33-50.
    """
    q = np.asarray(quantiles, raw.dtype)[:, None]
    difference = y[:, None] - raw.reshape(len(y), len(q), -1)
    derivative = np.where(difference > 0, q, q - (difference < 0))
    # The derivative jumps at 0. It is set to 0 there, as in `absolute_error`: an exact output has no gradient.
    derivative[difference == 0] = 0
    return (derivative * difference).mean(axis=(0, 1)), -derivative.reshape(raw.shape) / len(raw)


def of_known_targets(loss):
    """A loss of regression in which a target that is NaN is none: its loss and its gradient are 0."""

    def of_known(raw, y):
        known = ~np.isnan(y)
        if known.all():
            return loss(raw, y)
        values = np.zeros(raw.shape[1], raw.dtype)
        gradients = []
        # The loss is a mean over outputs, so it is that of each output by itself, in equal shares.
        for known_k, y_k, raw_k in zip(known, y, np.split(raw, len(y)), strict=True):
            values_k, gradient_k = loss(raw_k, np.where(known_k, y_k, 0)[None])
            values += np.where(known_k, values_k, 0)
            gradients.append(np.where(known_k, gradient_k, 0))
        return values / len(y), np.concatenate(gradients) / len(y)

    return of_known


def logistic_log_loss(raw, y, *, smoothing=0.0):
    """-[y log p + (1 - y) log(1 - p)] with p = σ(raw), summed over outputs, in nats.

    smoothing : y is replaced by (1 - smoothing) y + smoothing / 2
    """
    if smoothing:
        y = (1 - smoothing) * y + smoothing / 2
    # log(1 + exp(raw)) - y raw: neither σ nor its logarithm, which would be 0 and -inf for large outputs
    return (np.logaddexp(0, raw) - y * raw).sum(axis=0), expit(raw) - y


def softmax_log_loss(raw, y, *, smoothing=0.0):
    """-log p_y with p = softmax(raw), in nats.

    smoothing : the share of the target probability that is spread evenly over all classes

    References: Szegedy, C. et al. (2016). Rethinking the inception architecture for computer vision. CVPR.
    """
    true_class = (y[0], np.arange(len(y[0])))
    log_p = log_softmax(raw)
    values = -log_p[true_class]
    if smoothing:
        values = (1 - smoothing) * values - smoothing * log_p.mean(axis=0)
    # The gradient is p minus the target distribution, in the memory of log_p.
    gradient = np.exp(log_p, log_p)
    if smoothing:
        gradient -= smoothing / len(raw)
    gradient[true_class] -= 1 - smoothing
    return values, gradient


def identity(raw):
    """The raw outputs themselves."""
    return raw


def softmax(raw):
    """exp(raw), divided by its sum over the outputs."""
    # Subtracting the maximum changes nothing but keeps the exponential from overflowing.
    e = np.exp(raw - raw.max(axis=0))
    return e / e.sum(axis=0)


def log_softmax(raw):
    """The logarithm of `softmax`. It stays finite where a probability is rounded to 0."""
    shifted = raw - raw.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


LOSSES = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "poisson": poisson,
    "pinball": pinball,
    "logistic": logistic_log_loss,
    "softmax": softmax_log_loss,
}
LINKS = {"identity": identity, "exponential": np.exp, "logistic": expit, "softmax": softmax}
