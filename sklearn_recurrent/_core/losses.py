"""Losses of raw network outputs, and the links that turn these into predictions.

Each loss is ``loss(raw, y) -> (values, gradient)``: raw and y (K, N), outputs down and sequences across, or for classes
that exclude each other y (1, N), which of them it is; values (N,), the loss of each sequence; gradient (K, N) of each
value with respect to its column of raw.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit


def squared_error(raw, y):
    """½ (raw - y)², the mean over outputs."""
    difference = raw - y
    return 0.5 * (difference**2).mean(axis=0), difference / len(raw)


def logistic_log_loss(raw, y):
    """-[y log p + (1 - y) log(1 - p)] with p = σ(raw), the sum over outputs, in nats."""
    return (np.logaddexp(0, raw) - y * raw).sum(axis=0), expit(raw) - y


def softmax_log_loss(raw, y):
    """-log p_y with p = softmax(raw), in nats."""
    here = y[0], np.arange(len(y[0]))
    log_p = log_softmax(raw)
    values, gradient = -log_p[here], np.exp(log_p, log_p)
    gradient[here] -= 1
    return values, gradient


def identity(raw):
    return raw


def softmax(raw):
    e = np.exp(raw - raw.max(axis=0))
    return e / e.sum(axis=0)


def log_softmax(raw):
    shifted = raw - raw.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


LOSSES = {"squared_error": squared_error, "logistic": logistic_log_loss, "softmax": softmax_log_loss}
LINKS = {"identity": identity, "logistic": expit, "softmax": softmax}
LOSS_OF = {"identity": "squared_error", "logistic": "logistic", "softmax": "softmax"}  # link → loss
