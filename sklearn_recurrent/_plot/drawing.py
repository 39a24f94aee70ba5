"""What all Displays share: axes, colors and line styles, and one sequence out of many."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from .._data.tokenizer import SequenceTokenizer

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
"""The palette of Okabe and Ito, which those who see red and green alike can tell apart."""
LINES = ("-", "--", "-.", ":")
"""Lines also differ in style, so that they can be told apart in grey."""
MOST_LABELS = 60
"""Of more labels, every second is drawn, or every third, and so on."""
COLORMAP = "cividis"
"""From dark to light, with the same order in grey and for the color-blind."""


def check_matplotlib(caller):
    """Raise an ImportError that says how to install matplotlib, if it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which is not installed. Install it: pip install matplotlib"
        ) from error


def axes_of(display, ax, **figure_settings):
    """The axes to draw on: `ax`, or those of a new figure."""
    check_matplotlib(f"{type(display).__name__}.plot")
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(layout="constrained", **figure_settings)
    display.ax_ = ax
    display.figure_ = ax.figure
    return ax


def panels_of(display, ax, n, n_columns):
    """`n` axes within `ax`, or in a new figure; `ax` may also be `n` axes."""
    check_matplotlib(f"{type(display).__name__}.plot")
    from matplotlib.axes import Axes
    from matplotlib.gridspec import GridSpecFromSubplotSpec

    if ax is not None and not isinstance(ax, Axes):
        panels = np.ravel(np.asarray(ax, dtype=object))
        if len(panels) != n:
            raise ValueError(f"Expected ax to be one axes or {n} axes, one for each panel, got {len(panels)}.")
        display.ax_ = panels[0]
        display.figure_ = panels[0].figure
        return panels
    n_columns = min(n_columns, n)
    n_rows = -(-n // n_columns)
    ax = axes_of(display, ax, figsize=(4.2 * n_columns, 0.8 + 1.7 * n_rows))
    if ax.get_subplotspec() is None:
        raise ValueError("Expected ax to be made by subplots, which can be divided into panels, got axes that are not.")
    ax.set_axis_off()
    grid = GridSpecFromSubplotSpec(n_rows, n_columns, subplot_spec=ax.get_subplotspec())
    return np.array([ax.figure.add_subplot(grid[k]) for k in range(n)], dtype=object)


def style(number):
    """Color and line style of the line of that number."""
    return {"color": COLORS[number % len(COLORS)], "linestyle": LINES[number % len(LINES)]}


def with_defaults(given, artist, **defaults):
    """The settings `given` for an artist of matplotlib, before the defaults, also by their short names."""
    from matplotlib import cbook

    return defaults | cbook.normalize_kwargs(given, artist)


def line_settings(given, **defaults):
    from matplotlib.lines import Line2D

    return with_defaults(given, Line2D, **defaults)


def patch_settings(given, **defaults):
    from matplotlib.patches import Patch

    return with_defaults(given, Patch, **defaults)


def entry(values, row, name="X"):
    """That of one sequence, of values that have an entry for each sequence."""
    n = len(values)
    if not isinstance(row, Integral) or not -n <= row < n:
        raise ValueError(f"Expected row to be the index of one of {n} sequences of {name}, got {row!r}.")
    return values.iloc[row] if hasattr(values, "iloc") else values[row]


def numbers_of(values, name, ndims):
    """A float array; a ValueError if it has another number of axes than one of `ndims`, or is empty."""
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Expected {name} of one sequence as an array of numbers, got {type(values).__name__}.") from (
            error
        )
    if found.ndim not in ndims or not found.size:
        axes = " or ".join(f"{ndim}-D" for ndim in ndims)
        raise ValueError(f"Expected {name} of one sequence, a {axes} array, got shape {found.shape}.")
    return found


def refuse_other_length(values, n, name, reference):
    """Raise a ValueError unless `values` are None or `n` many."""
    if values is not None and len(values) != n:
        raise ValueError(f"Expected {n} {name}, one for each of {reference}, got {len(values)}.")


def texts_of(labels):
    """Labels of any kind as a list of strings; None if there are none."""
    return None if labels is None else [str(label) for label in labels]


def tokens_of(before, network, X, row, n):
    """The tokens of one sequence of `n` steps, as words; None if it holds numbers.

    before : the steps before the network
    X : as the network gets it
    """
    if before and isinstance(before[-1], SequenceTokenizer):
        tokens = list(before[-1].inverse_transform(X)[row])
    elif hasattr(network, "vocabulary_"):
        tokens = list(np.ravel(np.asarray(entry(X, row), dtype=object)))
    else:
        return None
    return [str(token) for token in tokens] if len(tokens) == n else None


def label_ticks(axis, labels, *, rotation=0):
    """Put the list `labels` at the whole numbers of an axis; without labels, ticks are whole numbers."""
    if labels is None:
        from matplotlib.ticker import MaxNLocator

        axis.set_major_locator(MaxNLocator(integer=True))
        return
    every = -(-len(labels) // MOST_LABELS)
    axis.set_ticks(range(0, len(labels), every), labels[::every])
    if rotation:
        for tick in axis.get_ticklabels():
            tick.set(rotation=rotation, ha="right", rotation_mode="anchor")


def label_steps(ax, labels, read="read"):
    """Label the horizontal axis: time steps by their numbers, or by what was `read`."""
    ax.set_xlabel("time step" if labels is None else read)
    label_ticks(ax.xaxis, labels, rotation=rotation_for(labels))


def legend_above(ax, n_columns, **content):
    """A legend over the axes, where it hides nothing."""
    ax.legend(
        fontsize="small", ncols=n_columns, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, **content
    )


def rotation_for(labels):
    """Words are tilted, letters are not."""
    return 45 if labels is not None and max(map(len, labels), default=0) > 2 else 0
