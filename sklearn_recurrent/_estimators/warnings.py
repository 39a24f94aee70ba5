"""Warnings that name the line of the user's that called fit."""

from __future__ import annotations

import sys
import warnings

from sklearn.exceptions import ConvergenceWarning

from .._core.optimizers import PLANNED

INNER = ("sklearn_recurrent", "sklearn.base", "sklearn.callback", "contextlib")
"""Modules between fit and the line that called it."""


def warn_user(message, category=UserWarning):
    """Warn, with the place where this package was called from."""
    frame = sys._getframe(1)
    stacklevel = 2  # that of `frame`, as `warnings` counts
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(INNER):
        frame = frame.f_back
        stacklevel += 1
    warnings.warn(message, category, stacklevel=stacklevel)


def warn_of_training(model, history, n_epochs, *, one_epoch):
    """Say what a user would not expect of how the training ended."""
    if model.early_stopping and history.scores and history.best_epoch is None:
        warn_user(f"No score of scoring={model.scoring!r} was a number: the weights are those of the last epoch.")
    planned = one_epoch or (model.solver != "lbfgs" and model.learning_rate in PLANNED)
    if history.ended == "interrupted":
        warn_user(f"Training interrupted: the model is that of epoch {n_epochs}.")
    elif history.ended == "max_iter" and not planned:
        warn_user(
            f"Maximum iterations ({model.max_iter}) reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
        )
