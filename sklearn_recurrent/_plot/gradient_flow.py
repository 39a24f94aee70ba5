"""How far back in time a network can learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._estimators.through_pipeline import gradient_flow
from .drawing import axes_of, label_ticks, line_settings, numbers_of, style


class GradientFlowDisplay:
    """The norm of the gradient of the loss by the distance in time, a line for each layer and direction.

    Make one with `from_estimator` or `from_flow`. A second one drawn on the same axes goes on with other colors.

    Parameters
    ----------
    flow : dict of str to array of shape (n_steps,)
        Norms by the distance from the last step, by layer and direction, as `gradient_flow` returns them.
    name : str, default=None
        Name of the model in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure of the axes.
    lines_ : dict of str to Line2D
        The lines, by layer and direction.
    line_ : Line2D
        The first of them.

    See Also
    --------
    gradient_flow : The norms that are drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GradientFlowDisplay, GRUClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> y = [0, 1] * 10
    >>> model = GRUClassifier(4, bidirectional=False, max_iter=2, random_state=0).fit(X, y)
    >>> display = GradientFlowDisplay.from_estimator(model, X, y)
    >>> display.line_.get_ydata()[0].item()
    1.0
    """

    def __init__(self, flow: Any, name: str | None = None) -> None:
        if not isinstance(flow, dict) or not flow:
            raise ValueError(f"Expected flow as gradient_flow returns it, a dict of arrays, got {flow!r}.")
        self.flow = {key: numbers_of(norms, f"flow[{key!r}]", {1}) for key, norms in flow.items()}
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, name: str | None = None, ax: Any = None, **plot_kw: Any
    ) -> Self:
        """Draw how far the gradient reaches in a fitted model.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted network, alone or as the last step of a Pipeline.
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `predict` of the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`.
        name : str, default=None
            Name of the model in the legend.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : GradientFlowDisplay
            The display, drawn.
        """
        return cls(gradient_flow(estimator, X, y), name).plot(ax, **plot_kw)

    @classmethod
    def from_flow(cls, flow: Any, *, name: str | None = None, ax: Any = None, **plot_kw: Any) -> Self:
        """Draw norms by distance.

        Parameters
        ----------
        flow : dict of str to array of shape (n_steps,)
            Norms by the distance from the last step, by layer and direction.
        name : str, default=None
            Name of the model in the legend.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : GradientFlowDisplay
            The display, drawn.
        """
        return cls(flow, name).plot(ax, **plot_kw)

    def plot(self, ax: Any = None, *, relative: bool = True, line_kw: dict[str, Any] | None = None) -> Self:
        """Draw the norms on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        relative : bool, default=True
            Whether norms are divided by that of the last step, or by the largest one if that of the last step is 0.
        line_kw : dict, default=None
            Settings of the lines.

        Returns
        -------
        display : GradientFlowDisplay
            The display.
        """
        ax = axes_of(self, ax, figsize=(6.4, 3.8))
        begun = len(ax.lines)
        self.lines_ = {}
        for number, (key, norms) in enumerate(self.flow.items()):
            shown = norms
            if relative:
                unit = norms[0] or np.nanmax(norms)
                shown = norms / unit if unit else norms
            label = ", ".join(filter(None, [self.name, key if len(self.flow) > 1 or not self.name else None]))
            settings = line_settings(line_kw, **style(begun + number), label=label)
            (self.lines_[key],) = ax.plot(range(len(shown)), shown, **settings)
        self.line_ = next(iter(self.lines_.values()))
        ax.set_yscale("log")
        measure = ", relative to the last step" if relative else " (unit of the loss)"
        ax.set(xlabel="time steps before the last one", ylabel=f"norm of dLoss / dh{measure}")
        label_ticks(ax.xaxis, None)
        ax.legend(fontsize="small")
        return self
