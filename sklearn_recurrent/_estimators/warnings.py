"""Warnings of what a user would not expect: of data that looks like a mistake, and of how a training ended."""

from __future__ import annotations

from sklearn.exceptions import ConvergenceWarning

from .._core.optimizers import PLANNED
from .._data.likely_mistakes import lookahead
from .._data.warnings import warn_of_data, warn_user


def warn_of_lookahead(given, codes):
    """Say that the backward direction sees what is to be predicted, if y is X moved by some steps.

    given : a `Dataset` with a target for each step, as it came
    codes : of its labels; None if it has numbers, or an indicator
    """
    found = lookahead(given.X, given.y, given.weight, codes)
    if found is not None:
        warn_of_data(
            f"y at step t is {found}, and with bidirectional=True the backward direction reads that step before it "
            "predicts: scores are too good, and new data ends at step t. Set bidirectional=False, or 'auto'."
        )


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
