"""What happens around an epoch: scikit-learn's callbacks, a line of text."""

import time

from .._core.training import EpochCallback


class Epochs(EpochCallback):
    """Looks on at the training of `model`.

    context : that of its fit, for callbacks; None if there are none
    data : what callbacks may ask for, X, y, metadata
    fitted : ``fitted(history, theta)``, the attributes of the model if training ended here
    before, planned : epochs trained before, and those to come at most
    """

    def __init__(self, model, context, data, fitted, before, planned):
        self.model, self.context, self.data, self.fitted = model, context, data, fitted
        self.before, self.planned, self.start = before, planned, time.perf_counter()

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
        n, seconds = len(history.losses), time.perf_counter() - self.start
        score = f", validation score {history.scores[-1]:.4f}" if history.scores else ""
        return (
            f"[{type(self.model).__name__}] epoch {self.before + n}, loss {history.losses[-1]:.6f}{score}, "
            f"{seconds:.1f} s, at most {seconds / n * (self.planned - n):.1f} s left"
        )
