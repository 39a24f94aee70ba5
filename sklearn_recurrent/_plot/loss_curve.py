"""How the loss fell during training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from sklearn.base import is_classifier

from .._estimators.through_pipeline import has_method, steps_and_network
from .drawing import COLORS, LINES, axes_of, label_ticks, line_settings, numbers_of


class LossCurveDisplay:
    """The loss of each epoch of training, and that of the validation set.

    Make one with `from_estimator` or `from_curves`. Several models may share a picture.

    Parameters
    ----------
    training : dict of str to array of shape (n_epochs,)
        Training loss after each epoch, by the name of the model.
    validation : dict of str to array of shape (n_epochs,), default=None
        Validation loss after each epoch, of those models that have one.
    best_iter : dict of str to int, default=None
        Number of the epoch whose weights are kept, from 1 on, of those models that have one.
    unit : str, default=None
        Unit of the loss. None: it is not named.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure of the axes.
    lines_ : dict of str to Line2D
        The lines of the training loss, by the name of the model.
    validation_lines_ : dict of str to Line2D
        The lines of the validation loss.
    best_ : dict of str to Line2D
        The markers of the epochs that are kept.
    line_ : Line2D
        The line of the training loss of the first model.

    See Also
    --------
    GradientFlowDisplay : How far back in time a network can learn.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GRUClassifier, LossCurveDisplay
    >>> X = np.random.default_rng(0).normal(size=(40, 6, 2))
    >>> model = GRUClassifier(4, early_stopping=True, max_iter=5, random_state=0).fit(X, X[:, :, 0].sum(axis=1) > 0)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('epoch', 'loss (nats)')
    """

    def __init__(self, training: Any, validation: Any = None, best_iter: Any = None, unit: str | None = None) -> None:
        self.training = {name: numbers_of(curve, "the training loss", {1}) for name, curve in training.items()}
        self.validation = {
            name: numbers_of(curve, "the validation loss", {1}) for name, curve in (validation or {}).items()
        }
        self.best_iter = dict(best_iter or {})
        self.unit = unit
        for name in [*self.validation, *self.best_iter]:
            if name not in self.training:
                raise ValueError(f"Expected curves of the models {list(self.training)}, got one of {name!r}.")
        for name, epoch in self.best_iter.items():
            if not 1 <= epoch <= len(self.training[name]):
                n = len(self.training[name])
                raise ValueError(f"Expected best_iter from 1 to {n}, the epochs of the training loss, got {epoch!r}.")

    @classmethod
    def from_estimator(cls, estimator: Any, *, name: str | None = None, ax: Any = None, **plot_kw: Any) -> Self:
        """Draw the loss curves of fitted models.

        Parameters
        ----------
        estimator : estimator, Pipeline, search, or dict of str to such
            A fitted network, alone or as the last step of a Pipeline; or several by name, whose losses must be in the
            same unit to be compared.
        name : str, default=None
            Name of a single model in the legend. None: the name of its class.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.
        """
        networks = {}
        if isinstance(estimator, Mapping):
            networks = {key: steps_and_network(model)[1] for key, model in estimator.items()}
        else:
            network = steps_and_network(estimator)[1]
            networks[name or type(network).__name__] = network
        if not networks:
            raise ValueError("Expected one fitted model or more, got an empty dict.")
        for network in networks.values():
            has_method(network, "partial_fit")
            if not hasattr(network, "loss_curve_"):
                raise TypeError(f"Expected a network that has loss_curve_, got {type(network).__name__}.")
        units = {"nats" if is_classifier(network) else "of scaled y" for network in networks.values()}
        return cls(
            {key: network.loss_curve_ for key, network in networks.items()},
            {key: network.validation_loss_curve_ for key, network in networks.items() if _validated(network)},
            {key: network.best_iter_ for key, network in networks.items() if _validated(network)},
            unit=units.pop() if len(units) == 1 else None,
        ).plot(ax, **plot_kw)

    @classmethod
    def from_curves(
        cls,
        training: Any,
        validation: Any = None,
        *,
        best_iter: int | None = None,
        name: str = "model",
        unit: str | None = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw the losses of one model.

        Parameters
        ----------
        training : array-like of shape (n_epochs,)
            Training loss after each epoch.
        validation : array-like of shape (n_epochs,), default=None
            Validation loss after each epoch.
        best_iter : int, default=None
            Number of the epoch whose weights are kept, from 1 on.
        name : str, default="model"
            Name of the model in the legend.
        unit : str, default=None
            Unit of the loss.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.
        """
        curves = {} if validation is None else {name: validation}
        epochs = {} if best_iter is None else {name: best_iter}
        return cls({name: training}, curves, epochs, unit).plot(ax, **plot_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        log: bool = False,
        line_kw: dict[str, Any] | None = None,
        validation_kw: dict[str, Any] | None = None,
        best_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the curves: a solid line for training, a dashed one for validation, a ring at the epoch that is kept.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        log : bool, default=False
            Whether the axis of the loss is logarithmic.
        line_kw : dict, default=None
            Settings of the lines of training.
        validation_kw : dict, default=None
            Settings of the lines of validation.
        best_kw : dict, default=None
            Settings of the markers.

        Returns
        -------
        display : LossCurveDisplay
            The display.
        """
        ax = axes_of(self, ax, figsize=(6.4, 3.8))
        self.lines_ = {}
        self.validation_lines_ = {}
        self.best_ = {}
        several = len(self.training) > 1
        for number, (name, training) in enumerate(self.training.items()):
            color = COLORS[number % len(COLORS)]
            prefix = f"{name}, " if several else ""
            # Several models differ by the width of their lines, too: dashes say which set it is.
            width = 1.2 + 0.6 * (number % len(LINES))
            settings = line_settings(line_kw, color=color, linewidth=width, label=f"{prefix}training")
            (self.lines_[name],) = ax.plot(range(1, len(training) + 1), training, **settings)
            kept_on = training
            if name in self.validation:
                kept_on = self.validation[name]
                settings = line_settings(
                    validation_kw, color=color, linestyle="--", linewidth=width, label=f"{prefix}validation"
                )
                epochs = range(1, len(kept_on) + 1)
                (self.validation_lines_[name],) = ax.plot(epochs, kept_on, **settings)
            if name in self.best_iter:
                epoch = self.best_iter[name]
                settings = line_settings(
                    best_kw,
                    color=color,
                    linestyle="none",
                    marker="o",
                    markersize=9,
                    markerfacecolor="none",
                    label=f"{prefix}kept: epoch {epoch}",
                )
                (self.best_[name],) = ax.plot(epoch, kept_on[epoch - 1], **settings)
        self.line_ = next(iter(self.lines_.values()))
        ax.set(xlabel="epoch", ylabel=f"loss ({self.unit})" if self.unit else "loss")
        if log:
            ax.set_yscale("log")
        label_ticks(ax.xaxis, None)
        ax.legend(ncols=len(self.training) if several else 1, fontsize="small")
        return self


def _validated(network):
    return network.validation_loss_curve_ is not None
