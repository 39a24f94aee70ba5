"""Which time steps an output depends on."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._estimators.through_pipeline import input_gradients, network_and_input
from .drawing import (
    COLORS,
    axes_of,
    entry,
    label_steps,
    legend_above,
    line_settings,
    numbers_of,
    patch_settings,
    refuse_other_length,
    texts_of,
    tokens_of,
)


class SaliencyDisplay:
    """The gradient of an output with respect to a signal, as bars along the signal.

    Make one with `from_estimator` or `from_gradients`.

    Parameters
    ----------
    gradients : array of shape (n_steps,)
        Gradient with respect to the value at each step; of tokens, its length.
    signal : array of shape (n_steps,), default=None
        The values. None, as of tokens: bars alone.
    step_labels : list of str of length n_steps, default=None
        What was read, such as words. None: the numbers of the time steps.
    feature_name : str, default=None
        Name of the feature. None: "value".
    output_name : str, default=None
        Name of the output. None: "the output".

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the signal; of the bars if there is none.
    gradient_ax_ : matplotlib Axes
        The axes of the bars, on the right of those of the signal.
    figure_ : matplotlib Figure
        The figure of the axes.
    line_ : Line2D or None
        The signal.
    bars_ : BarContainer
        The gradients.

    See Also
    --------
    input_gradients : The gradients that are drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import LSTMRegressor, SaliencyDisplay
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> model = LSTMRegressor(4, max_iter=2, random_state=0).fit(X, X[:, :, 0].mean(axis=1))
    >>> display = SaliencyDisplay.from_estimator(model, X, feature=1)
    >>> np.array_equal(display.line_.get_ydata(), X[0, :, 1])
    True
    """

    def __init__(
        self,
        gradients: Any,
        signal: Any = None,
        step_labels: Any = None,
        feature_name: str | None = None,
        output_name: str | None = None,
    ) -> None:
        self.gradients = numbers_of(gradients, "gradients", {1})
        self.signal = None if signal is None else numbers_of(signal, "signal", {1})
        refuse_other_length(self.signal, len(self.gradients), "values of signal", "the gradients")
        refuse_other_length(step_labels, len(self.gradients), "step_labels", "the time steps")
        self.step_labels = texts_of(step_labels)
        self.feature_name = feature_name
        self.output_name = output_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        row: int = 0,
        feature: int | str | None = None,
        output: Any = None,
        step_labels: Any = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw the gradients of a fitted model along one sequence.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted network, alone or as the last step of a Pipeline.
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `predict` of the estimator takes. Of a Pipeline, the signal is what the steps
            before the network make of X.
        row : int, default=0
            Index of the sequence.
        feature : int or str, default=None
            Index or name of the feature. None: the only one. Of tokens there is none.
        output : class label or int, default=None
            The output. None: the class of the highest score, or the only output.
        step_labels : list of str, default=None
            Labels of the time steps. None: the tokens, or the numbers of the steps.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : SaliencyDisplay
            The display, drawn.
        """
        before, network, X = network_and_input(estimator, "input_gradients", X)
        gradients = entry(input_gradients(network, X, output), row)
        name = f"output {output!r}" if output is not None else None
        if network.embedding_dim is not None and not hasattr(network, "categories_"):
            lengths = np.linalg.norm(gradients, axis=1)
            if step_labels is None:
                step_labels = tokens_of(before, network, X, row, len(lengths))
            return cls(lengths, None, step_labels, None, name).plot(ax, **plot_kw)
        values = list(network._parse_fitted(X)[1])[row]
        if gradients.shape != values.shape:
            raise ValueError(
                f"Expected a gradient for each value, got {gradients.shape} for {values.shape} of X. "
                "Categories have none: pass arrays to from_gradients."
            )
        column = _column(feature, network, values.shape[1])
        names = getattr(network, "feature_names_in_", None)
        if names is not None and len(names) != values.shape[1]:
            names = None
        feature_name = str(names[column]) if names is not None else None
        if feature_name is None and values.shape[1] > 1:
            feature_name = f"feature {column}"
        return cls(gradients[:, column], values[:, column], step_labels, feature_name, name).plot(ax, **plot_kw)

    @classmethod
    def from_gradients(
        cls,
        gradients: Any,
        signal: Any = None,
        *,
        step_labels: Any = None,
        feature_name: str | None = None,
        output_name: str | None = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw gradients along a signal.

        Parameters
        ----------
        gradients : array-like of shape (n_steps,)
            Gradient with respect to the value at each step.
        signal : array-like of shape (n_steps,), default=None
            The values.
        step_labels : list of str of length n_steps, default=None
            Labels of the time steps.
        feature_name : str, default=None
            Name of the feature.
        output_name : str, default=None
            Name of the output.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : SaliencyDisplay
            The display, drawn.
        """
        return cls(gradients, signal, step_labels, feature_name, output_name).plot(ax, **plot_kw)

    def plot(
        self, ax: Any = None, *, line_kw: dict[str, Any] | None = None, bar_kw: dict[str, Any] | None = None
    ) -> Self:
        """Draw the signal as a line, on the axis at the left, and the gradients as bars, on that at the right.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        line_kw : dict, default=None
            Settings of the signal.
        bar_kw : dict, default=None
            Settings of the bars.

        Returns
        -------
        display : SaliencyDisplay
            The display.
        """
        n_steps = len(self.gradients)
        ax = axes_of(self, ax, figsize=(8, 3.2))
        self.gradient_ax_ = ax
        self.line_ = None
        output = self.output_name or "the output"
        feature = self.feature_name or "value"
        label = f"gradient of {output}"
        if self.signal is not None:
            self.gradient_ax_ = ax.twinx()
            # The line stands before the bars: its axes are drawn later, without a background.
            ax.set_zorder(self.gradient_ax_.get_zorder() + 1)
            ax.patch.set_visible(False)
            settings = line_settings(line_kw, color="black", linewidth=1.2, label=feature)
            (self.line_,) = ax.plot(range(n_steps), self.signal, **settings)
            ax.set(ylabel=feature)
            bar_label = f"{label}\nper unit of {feature}"
        else:
            bar_label = f"size of the {label}"
        settings = patch_settings(bar_kw, color=COLORS[5], width=0.9, label=label)
        self.bars_ = self.gradient_ax_.bar(range(n_steps), self.gradients, **settings)
        self.gradient_ax_.set_ylabel(bar_label)
        if self.signal is not None:
            limit = 1.1 * np.abs(self.gradients).max() or 1.0
            self.gradient_ax_.set_ylim(-limit, limit)
            legend_above(ax, 2, handles=[self.line_, self.bars_])
        label_steps(ax, self.step_labels)
        return self


def _column(feature, network, n):
    """The index of a feature that is given by its index, by its name, or not at all if there is one."""
    names = list(getattr(network, "feature_names_in_", ()))
    if feature is None:
        if n > 1:
            raise ValueError(f"Expected feature, the index or the name of one of {n} features, got None.")
        return 0
    if isinstance(feature, str):
        if feature not in names:
            raise ValueError(f"Expected feature to be one of {names}, got {feature!r}.")
        return names.index(feature)
    if feature not in range(n):
        raise ValueError(f"Expected feature to be the index of one of {n} features, got {feature!r}.")
    return int(feature)
