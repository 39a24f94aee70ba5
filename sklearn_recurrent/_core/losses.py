"""Losses of raw network outputs, and the links that turn these into predictions.

Each loss is ``loss(raw, y) -> (values, gradient)``: raw and y (K, N), outputs down and sequences across, or for classes
that exclude each other y (1, N), which of them it is; values (N,), the loss of each sequence; gradient (K, N) of each
value with respect to its column of raw.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, xlogy


def squared_error(raw, y):
    """½ (raw - y)², the mean over outputs."""
    difference = raw - y
    return 0.5 * (difference**2).mean(axis=0), difference / len(raw)


def absolute_error(raw, y):
    """|raw - y|, the mean over outputs."""
    difference = raw - y
    return np.abs(difference).mean(axis=0), np.sign(difference) / len(raw)


def huber(raw, y, *, delta):
    """½ d² for d = |raw - y| up to `delta`, beyond it delta (d - delta / 2), the mean over outputs.

    References: Huber, P. J. (1964). Robust estimation of a location parameter. Annals of Mathematical Statistics 35.
    """
    difference = raw - y
    clipped = np.clip(difference, -delta, delta)
    return (clipped * (difference - clipped / 2)).mean(axis=0), clipped / len(raw)


def poisson(raw, y):
    """Half the Poisson deviance, exp(raw) - y raw + y log y - y, the mean over outputs; exp(raw) is the mean of y."""
    mean = np.exp(raw)
    return (mean - y * raw + xlogy(y, y) - y).mean(axis=0), (mean - y) / len(raw)


def pinball(raw, y, *, quantiles):
    """q d for d = y - raw above 0, (q - 1) d below, the mean over outputs and `quantiles`.

    raw (K · Q, N) : for each output all quantiles

    References: Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica 46, 33-50.
    """
    q = np.asarray(quantiles, raw.dtype)[:, None]
    difference = y[:, None] - raw.reshape(len(y), len(q), -1)
    slope = np.where(difference > 0, q, q - (difference < 0))
    slope[difference == 0] = 0
    return (slope * difference).mean(axis=(0, 1)), -slope.reshape(raw.shape) / len(raw)


def logistic_log_loss(raw, y, *, smoothing=0.0):
    """-[y log p + (1 - y) log(1 - p)] with p = σ(raw), the sum over outputs, in nats.

    smoothing : y is taken for (1 - smoothing) y + smoothing / 2
    """
    y = y if not smoothing else (1 - smoothing) * y + smoothing / 2
    return (np.logaddexp(0, raw) - y * raw).sum(axis=0), expit(raw) - y


def softmax_log_loss(raw, y, *, smoothing=0.0):
    """-log p_y with p = softmax(raw), in nats.

    smoothing : the part of the weight that all classes share instead

    References: Szegedy, C. et al. (2016). Rethinking the inception architecture for computer vision. CVPR.
    """
    here = y[0], np.arange(len(y[0]))
    log_p = log_softmax(raw)
    values = -log_p[here] if not smoothing else -(1 - smoothing) * log_p[here] - smoothing * log_p.mean(axis=0)
    gradient = np.exp(log_p, log_p)
    if smoothing:
        gradient -= smoothing / len(raw)
    gradient[here] -= 1 - smoothing
    return values, gradient


def identity(raw):
    return raw


def softmax(raw):
    e = np.exp(raw - raw.max(axis=0))
    return e / e.sum(axis=0)


def log_softmax(raw):
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
