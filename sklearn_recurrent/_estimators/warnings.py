"""Warnings of how a training ended."""

from __future__ import annotations

from sklearn.exceptions import ConvergenceWarning

from .._core.optimizers import PLANNED
from .._data.warnings import warn_user


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
