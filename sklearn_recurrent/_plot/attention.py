"""Where a network looks."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._estimators.through_pipeline import attention_weights, network_and_input
from .drawing import (
    COLORS,
    axes_of,
    entry,
    label_steps,
    label_ticks,
    numbers_of,
    patch_settings,
    refuse_other_length,
    texts_of,
    tokens_of,
)


class AttentionDisplay:
    """The weights of attention of one sequence: bars of pooling, or the matrix of an encoder-decoder network.

    Make one with `from_estimator` or `from_weights`.

    Parameters
    ----------
    weights : array of shape (n_steps,) or (n_outputs, n_steps)
        Weight of each step; in a matrix a row for each step that was written.
    input_labels : list of str of length n_steps, default=None
        What was read, such as words. None: the numbers of the time steps.
    output_labels : list of str of length n_outputs, default=None
        What was written. None: the numbers of the steps.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure of the axes.
    bars_ : BarContainer or None
        The bars of a weight for each step.
    im_ : AxesImage or None
        The picture of a matrix.
    colorbar_ : Colorbar or None
        The scale of a matrix.

    See Also
    --------
    attention_weights : The weights that are drawn.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_recurrent import AttentionDisplay, LSTMClassifier, SequenceTokenizer
    >>> texts = ["good film", "a bad film", "very good", "bad"] * 5
    >>> network = LSTMClassifier(4, embedding_dim=4, pooling="attention", max_iter=2, random_state=0)
    >>> model = make_pipeline(SequenceTokenizer(), network).fit(texts, [1, 0, 1, 0] * 5)
    >>> display = AttentionDisplay.from_estimator(model, ["a good film"])
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['a', 'good', 'film']
    """

    def __init__(self, weights: Any, input_labels: Any = None, output_labels: Any = None) -> None:
        self.weights = numbers_of(weights, "weights", {1, 2})
        refuse_other_length(input_labels, self.weights.shape[-1], "input_labels", "the steps that are read")
        if self.weights.ndim == 1 and output_labels is not None:
            raise ValueError("Expected no output_labels for a weight of each time step: nothing is written.")
        refuse_other_length(output_labels, len(self.weights), "output_labels", "the rows of weights")
        self.input_labels = texts_of(input_labels)
        self.output_labels = texts_of(output_labels)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        row: int = 0,
        horizon: Any = None,
        input_labels: Any = None,
        output_labels: Any = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw the attention of a fitted model over one sequence.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted network that has attention, alone or as the last step of a Pipeline.
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `predict` of the estimator takes.
        y : list of sequences of labels, default=None
            For `Seq2SeqClassifier`, what is written. None: what it predicts.
        row : int, default=0
            Index of the sequence.
        horizon : int, default=None
            For `Seq2SeqRegressor`, the number of steps that are written.
        input_labels : list of str, default=None
            Labels of the steps that are read. None: the tokens, or the numbers of the steps.
        output_labels : list of str, default=None
            Labels of the steps that are written. None: the labels, or the numbers of the steps.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : AttentionDisplay
            The display, drawn.
        """
        before, network, X = network_and_input(estimator, "attention_weights", X)
        weights = entry(attention_weights(network, X, y, horizon=horizon), row)
        if input_labels is None:
            input_labels = tokens_of(before, network, X, row, weights.shape[-1])
        if output_labels is None and hasattr(network, "beam_width"):
            written = entry(y, row, "y") if y is not None else entry(network.predict(X), row)
            output_labels = [str(label) for label in np.ravel(np.asarray(written, dtype=object))]
        if weights.ndim == 2 and not len(weights):
            raise ValueError(f"Expected a sequence for which something is written, got none for row {row}.")
        return cls(weights, input_labels, output_labels).plot(ax, **plot_kw)

    @classmethod
    def from_weights(
        cls, weights: Any, *, input_labels: Any = None, output_labels: Any = None, ax: Any = None, **plot_kw: Any
    ) -> Self:
        """Draw weights of one sequence.

        Parameters
        ----------
        weights : array-like of shape (n_steps,) or (n_outputs, n_steps)
            Weight of each step; in a matrix a row for each step that was written.
        input_labels : list of str of length n_steps, default=None
            What was read.
        output_labels : list of str of length n_outputs, default=None
            What was written.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : AttentionDisplay
            The display, drawn.
        """
        return cls(weights, input_labels, output_labels).plot(ax, **plot_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        colorbar: bool = True,
        bar_kw: dict[str, Any] | None = None,
        im_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        colorbar : bool, default=True
            Whether a matrix has a scale beside it. The sum of a row is 1.
        bar_kw : dict, default=None
            Settings of the bars of a weight for each step.
        im_kw : dict, default=None
            Settings of the picture of a matrix.

        Returns
        -------
        display : AttentionDisplay
            The display.
        """
        self.bars_ = None
        self.im_ = None
        self.colorbar_ = None
        n_steps = self.weights.shape[-1]
        if self.weights.ndim == 1:
            ax = axes_of(self, ax, figsize=(min(max(5.0, 0.45 * n_steps), 12.0), 3.2))
            self.bars_ = ax.bar(range(n_steps), self.weights, **patch_settings(bar_kw, color=COLORS[0]))
            ax.set_ylabel("attention weight (sum: 1)")
        else:
            n_rows = len(self.weights)
            size = (min(max(4.5, 2.2 + 0.4 * n_steps), 12.0), min(max(3.2, 1.4 + 0.35 * n_rows), 9.0))
            ax = axes_of(self, ax, figsize=size)
            settings = {"cmap": "gray_r", "vmin": 0, "vmax": 1, "aspect": "auto"} | (im_kw or {})
            self.im_ = ax.imshow(self.weights, **settings)
            ax.set_ylabel("output step" if self.output_labels is None else "written")
            label_ticks(ax.yaxis, self.output_labels)
            if colorbar:
                self.colorbar_ = self.figure_.colorbar(self.im_, ax=ax, label="attention weight")
        label_steps(ax, self.input_labels)
        return self
