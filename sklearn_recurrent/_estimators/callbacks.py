"""What happens around a fit and its epochs: scikit-learn's callbacks, a line of text."""

from __future__ import annotations

import time

from .._core.training import EpochCallback
from .._sklearn import fit_context


class FitCallbacks:
    """scikit-learn's callbacks of one fit; nothing happens where there are none.

    silent : whether none shall be called
    """

    def __init__(self, model, X, y, sample_weight, *, silent):
        self.model = model
        self.data = {"X": X, "y": y, "metadata": {}}
        if sample_weight is not None:
            self.data["metadata"] = {"sample_weight": sample_weight}
        self.context = None if silent else fit_context(model, model.max_iter)

    def on_fit_begin(self):
        if self.context is not None:
            self.context.call_on_fit_task_begin(estimator=self.model, **self.data)

    def on_fit_end(self):
        if self.context is not None:
            self.context.call_on_fit_task_end(estimator=self.model, **self.data)

    def of_epochs(self, fitted, n_before, n_planned):
        """An `Epochs` of this fit."""
        return Epochs(self.model, self.context, self.data, fitted, n_before, n_planned)


class Epochs(EpochCallback):
    """Calls scikit-learn's callbacks, and prints a line, for each epoch.

    context : that of the fit; None if there are no callbacks
    data : what callbacks may ask for, X, y, metadata
    fitted : ``fitted(history, theta)``, the attributes of the model if training ended here
    n_before, n_planned : epochs trained before, and those to come at most
    """

    def __init__(self, model, context, data, fitted, n_before, n_planned):
        self.model = model
        self.context = context
        self.data = data
        self.fitted = fitted
        self.n_before = n_before
        self.n_planned = n_planned
        self.started = time.perf_counter()

    def on_epoch_begin(self):
        if self.context is not None:
            self.epoch = self.context.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(estimator=self.model, **self.data)

    def on_epoch_end(self, history, theta):
        if self.model.verbose:
            print(self._line(history))
        if self.context is None:
            return False
        return self.epoch.call_on_fit_task_end(
            estimator=self.model,
            reconstruction_attributes=lambda: self.fitted(history, theta.copy()),
            **self.data,
        )

    def _line(self, history):
        """Loss, validation score, seconds: those gone, those left if all planned epochs are trained."""
        n = len(history.losses)
        seconds = time.perf_counter() - self.started
        left = seconds / n * (self.n_planned - n)
        score = f", validation score {history.scores[-1]:.4f}" if history.scores else ""
        return (
            f"[{type(self.model).__name__}] epoch {self.n_before + n}, loss {history.losses[-1]:.6f}{score}, "
            f"{seconds:.1f} s, at most {left:.1f} s left"
        )
