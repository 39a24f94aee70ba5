"""What the gates of a layer do along a sequence."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._estimators.through_pipeline import gate_activations, hidden_states, network_and_input
from .drawing import (
    COLORMAP,
    entry,
    label_steps,
    label_ticks,
    numbers_of,
    panels_of,
    refuse_other_length,
    texts_of,
    tokens_of,
)

TITLES = {
    "i": "input gate i (write)",
    "f": "forget gate f (1: keep)",
    "o": "output gate o (read)",
    "r": "reset gate r",
    "z": "update gate z",
    "g": "candidate g",
    "n": "candidate n",
    "c": "cell state c",
    "h": "hidden state h",
}
"""Letter → title, in the order of the panels."""
GATES = set("iforz")
"""Between 0 and 1; the others have a sign."""


class GateDisplay:
    """Gates and states of one sequence over time, a panel for each.

    Make one with `from_estimator` or `from_activations`.

    Parameters
    ----------
    activations : dict of str to array of shape (n_steps, n_units)
        Gates and states by their letters, as `gate_activations` names them; "h" is the hidden state.
    step_labels : list of str of length n_steps, default=None
        What was read, such as words. None: the numbers of the time steps.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes that the panels divide; the first panel if several axes are given.
    axes_ : dict of str to Axes
        The panels, by letter.
    figure_ : matplotlib Figure
        The figure of the axes.
    ims_ : dict of str to AxesImage
        The pictures, by letter: a row for each unit, a column for each time step.

    See Also
    --------
    gate_activations : The gates that are drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GateDisplay, GRUClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> model = GRUClassifier(4, bidirectional=False, max_iter=2, random_state=0).fit(X, [0, 1] * 10)
    >>> display = GateDisplay.from_estimator(model, X)
    >>> [ax.get_title() for ax in display.axes_.values()]
    ['reset gate r', 'update gate z', 'candidate n', 'hidden state h']
    """

    def __init__(self, activations: Any, step_labels: Any = None) -> None:
        if not activations:
            raise ValueError("Expected activations of one gate or more, got an empty dict.")
        found = {name: numbers_of(values, f"activations[{name!r}]", {2}) for name, values in activations.items()}
        order = list(TITLES)
        names = sorted(found, key=lambda name: order.index(name) if name in TITLES else len(order))
        self.activations = {name: found[name] for name in names}
        lengths = {len(values) for values in found.values()}
        if len(lengths) > 1:
            raise ValueError(f"Expected activations of the same time steps, got {sorted(lengths)} time steps.")
        refuse_other_length(step_labels, lengths.pop(), "step_labels", "the time steps")
        self.step_labels = texts_of(step_labels)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        row: int = 0,
        layer: int = -1,
        step_labels: Any = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw gates and states of a fitted model along one sequence.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted network, alone or as the last step of a Pipeline.
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `predict` of the estimator takes.
        row : int, default=0
            Index of the sequence.
        layer : int, default=-1
            Index of the layer: 0 reads the sequences, -1 is the top layer.
        step_labels : list of str, default=None
            Labels of the time steps. None: the tokens, or the numbers of the steps.
        ax : matplotlib Axes or array of Axes, default=None
            The axes to divide into panels, or one for each. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : GateDisplay
            The display, drawn.
        """
        before, network, X = network_and_input(estimator, "gate_activations", X)
        activations = {name: entry(values, row) for name, values in gate_activations(network, X, layer).items()}
        activations["h"] = entry(hidden_states(network, X, layer), row)
        if step_labels is None:
            step_labels = tokens_of(before, network, X, row, len(activations["h"]))
        return cls(activations, step_labels).plot(ax, **plot_kw)

    @classmethod
    def from_activations(cls, activations: Any, *, step_labels: Any = None, ax: Any = None, **plot_kw: Any) -> Self:
        """Draw gates and states of one sequence.

        Parameters
        ----------
        activations : dict of str to array of shape (n_steps, n_units)
            Gates and states by their letters.
        step_labels : list of str of length n_steps, default=None
            Labels of the time steps.
        ax : matplotlib Axes or array of Axes, default=None
            The axes to divide into panels, or one for each. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : GateDisplay
            The display, drawn.
        """
        return cls(activations, step_labels).plot(ax, **plot_kw)

    def plot(
        self, ax: Any = None, *, n_columns: int = 2, colorbar: bool = True, im_kw: dict[str, Any] | None = None
    ) -> Self:
        """Draw the panels. Gates share a scale from 0, closed, to 1, open; other values have one around 0.

        Parameters
        ----------
        ax : matplotlib Axes or array of Axes, default=None
            The axes to divide into panels, or one for each. None: a new figure.
        n_columns : int, default=2
            Number of panels beside each other.
        colorbar : bool, default=True
            Whether each panel has its scale beside it.
        im_kw : dict, default=None
            Settings of the pictures.

        Returns
        -------
        display : GateDisplay
            The display.
        """
        panels = panels_of(self, ax, len(self.activations), n_columns)
        self.axes_ = dict(zip(self.activations, panels, strict=True))
        self.ims_ = {}
        last_row = len(panels) - n_columns
        for number, (name, values) in enumerate(self.activations.items()):
            panel = self.axes_[name]
            low = 0.0
            high = 1.0
            if name not in GATES:
                high = max(1.0, float(np.abs(values).max()))
                low = -high
            settings = {"cmap": COLORMAP, "vmin": low, "vmax": high, "aspect": "auto", "interpolation": "nearest"}
            self.ims_[name] = panel.imshow(values.T, **settings | (im_kw or {}))
            panel.set(title=TITLES.get(name, name), ylabel="unit")
            panel.title.set_size("medium")
            label_ticks(panel.yaxis, None)
            label_steps(panel, self.step_labels)
            if number < last_row:
                panel.set_xlabel("")
                panel.tick_params(labelbottom=False)
            if colorbar:
                self.figure_.colorbar(self.ims_[name], ax=panel, label="0 closed, 1 open" if name in GATES else "value")
        return self
