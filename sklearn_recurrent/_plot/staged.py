"""When could it have known?"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._estimators.through_pipeline import network_and_input, staged_predict_proba
from .drawing import (
    axes_of,
    entry,
    label_steps,
    legend_above,
    line_settings,
    numbers_of,
    refuse_other_length,
    style,
    texts_of,
    tokens_of,
)


class SequenceClassificationDisplay:
    """The probabilities of the classes along one sequence: when could the classifier have known.

    Make one with `from_estimator` or `from_probabilities`.

    Parameters
    ----------
    probabilities : array of shape (n_steps, n_classes)
        Probability of each class after each time step.
    classes : list of length n_classes, default=None
        The labels of the classes. None: their numbers.
    true_class : label, default=None
        The true class. None: it is not known.
    step_labels : list of str of length n_steps, default=None
        What was read, such as words. None: the numbers of the time steps.

    Attributes
    ----------
    decided_ : int
        Index of the time step from which on the most probable class is the one at the end.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure of the axes.
    lines_ : list of Line2D
        The probabilities, in the order of `classes`.
    line_ : Line2D
        That of the class at the end.
    decided_line_ : Line2D
        The vertical line at `decided_`.

    See Also
    --------
    staged_predict_proba : The probabilities that are drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GRUClassifier, SequenceClassificationDisplay
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> model = GRUClassifier(4, bidirectional=False, max_iter=2, random_state=0).fit(X, ["a", "b"] * 10)
    >>> display = SequenceClassificationDisplay.from_estimator(model, X, row=3)
    >>> [line.get_label() for line in display.lines_]
    ['a', 'b']
    """

    def __init__(
        self, probabilities: Any, classes: Any = None, true_class: Any = None, step_labels: Any = None
    ) -> None:
        self.probabilities = numbers_of(probabilities, "probabilities", {2})
        n_steps, n_classes = self.probabilities.shape
        refuse_other_length(classes, n_classes, "classes", "the columns of probabilities")
        refuse_other_length(step_labels, n_steps, "step_labels", "the time steps")
        self.classes = list(range(n_classes)) if classes is None else np.asarray(classes).tolist()
        if true_class is not None and true_class not in self.classes:
            raise ValueError(f"Expected true_class to be one of {self.classes}, got {true_class!r}.")
        self.true_class = true_class
        self.step_labels = texts_of(step_labels)
        best = self.probabilities.argmax(axis=1)
        others = np.flatnonzero(best != best[-1])
        self.decided_ = int(others[-1]) + 1 if len(others) else 0

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        row: int = 0,
        step_labels: Any = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw the probabilities of a fitted classifier along one sequence.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted classifier of one direction without attention, alone or as the last step of a Pipeline. A step
            before it that looks at whole sequences, such as `PerSequence`, looks ahead.
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `predict` of the estimator takes.
        y : array-like of shape (n_samples,), default=None
            True classes.
        row : int, default=0
            Index of the sequence.
        step_labels : list of str, default=None
            Labels of the time steps. None: the tokens, or the numbers of the steps.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : SequenceClassificationDisplay
            The display, drawn.
        """
        before, network, X = network_and_input(estimator, "staged_predict_proba", X)
        probabilities = entry(staged_predict_proba(network, X), row)
        if step_labels is None:
            step_labels = tokens_of(before, network, X, row, len(probabilities))
        true_class = None if y is None else entry(y, row, "y")
        if np.ndim(true_class):
            raise ValueError("Expected y with one class for each sequence, got several for one.")
        if isinstance(true_class, np.generic):
            true_class = true_class.item()
        return cls(probabilities, network.classes_, true_class, step_labels).plot(ax, **plot_kw)

    @classmethod
    def from_probabilities(
        cls,
        probabilities: Any,
        *,
        classes: Any = None,
        true_class: Any = None,
        step_labels: Any = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw probabilities along one sequence.

        Parameters
        ----------
        probabilities : array-like of shape (n_steps, n_classes)
            Probability of each class after each time step.
        classes : list of length n_classes, default=None
            The labels of the classes.
        true_class : label, default=None
            The true class.
        step_labels : list of str of length n_steps, default=None
            Labels of the time steps.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : SequenceClassificationDisplay
            The display, drawn.
        """
        return cls(probabilities, classes, true_class, step_labels).plot(ax, **plot_kw)

    def plot(
        self, ax: Any = None, *, line_kw: dict[str, Any] | None = None, decided_kw: dict[str, Any] | None = None
    ) -> Self:
        """Draw a line for each class, and where the most probable class is the last time another one.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        line_kw : dict, default=None
            Settings of the probabilities.
        decided_kw : dict, default=None
            Settings of the vertical line.

        Returns
        -------
        display : SequenceClassificationDisplay
            The display.
        """
        ax = axes_of(self, ax, figsize=(8, 3.4))
        n_steps = len(self.probabilities)
        self.lines_ = []
        for number, label in enumerate(self.classes):
            text = f"{label} (true)" if label == self.true_class else str(label)
            settings = line_settings(line_kw, **style(number), linewidth=1.8, label=text)
            if n_steps == 1:
                settings = {"marker": "o"} | settings
            self.lines_ += ax.plot(range(n_steps), self.probabilities[:, number], **settings)
        self.line_ = self.lines_[int(self.probabilities[-1].argmax())]
        settings = line_settings(decided_kw, color="gray", linestyle=":", linewidth=1.5, label="decided")
        self.decided_line_ = ax.axvline(self.decided_, **settings)
        ax.set(ylim=(-0.02, 1.02), ylabel="probability so far")
        label_steps(ax, self.step_labels, "read so far")
        legend_above(ax, 5)
        return self
