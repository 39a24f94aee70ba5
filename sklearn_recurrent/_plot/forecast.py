"""A forecast beside what came before and what came."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._data.forecast_tables import as_steps, levels_of
from .._data.windows import Windows
from .._estimators.through_pipeline import steps_and_network
from .drawing import (
    COLORS,
    axes_of,
    entry,
    label_ticks,
    legend_above,
    line_settings,
    numbers_of,
    patch_settings,
    refuse_other_length,
)


class ForecastDisplay:
    """A forecast of one series, with its history, the truth, and bands of quantiles.

    Make one with `from_estimator` or `from_forecast`.

    Parameters
    ----------
    forecast : array of shape (horizon,) or (horizon, n_quantiles)
        The forecast.
    history : array of shape (n_steps,), default=None
        The values before it.
    truth : array of shape (horizon,), default=None
        The values that came; NaN where it is not known.
    quantile : list of float, default=None
        The levels of the quantiles, ascending, if `forecast` has an axis of them.
    times : array of shape (horizon,), default=None
        The times of the forecast. None: steps, of which 1 is the first after the history.
    history_times : array of shape (n_steps,), default=None
        The times of the history; needed if there are `times` and a history.
    value_name : str, default=None
        Name and unit of the values. None: "value".

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure of the axes.
    line_ : Line2D or None
        The forecast, of quantiles the middle one; None if their number is even.
    bands_ : list of PolyCollection
        The bands between the outer quantiles, the widest one first.
    history_line_ : Line2D or None
        The history.
    truth_line_ : Line2D or None
        What came.

    See Also
    --------
    sliding_windows : Cut series into windows and what follows them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import ForecastDisplay, Seq2SeqRegressor, sliding_windows
    >>> windows = sliding_windows(np.sin(np.arange(60.0)), window=12, horizon=4)
    >>> model = Seq2SeqRegressor(4, max_iter=2, random_state=0).fit(windows.X, windows.y)
    >>> display = ForecastDisplay.from_estimator(model, windows, row=-1)
    >>> display.line_.get_xdata().tolist()
    [56, 57, 58, 59]
    """

    def __init__(
        self,
        forecast: Any,
        history: Any = None,
        truth: Any = None,
        quantile: Any = None,
        times: Any = None,
        history_times: Any = None,
        value_name: str | None = None,
    ) -> None:
        quantile = levels_of(quantile)
        self.forecast = numbers_of(forecast, "forecast", {1, 2})
        self.quantile = quantile
        if (quantile is None) != (self.forecast.ndim == 1) or (
            quantile is not None and self.forecast.shape[1] != len(quantile)
        ):
            raise ValueError(
                "Expected forecast of shape (horizon,), or (horizon, n_quantiles) with as many levels as quantile, got "
                f"shape {self.forecast.shape} and quantile={quantile}."
            )
        if quantile is not None and sorted(quantile) != quantile:
            raise ValueError(f"Expected the levels of quantile in ascending order, got {quantile}.")
        self.history = None if history is None else numbers_of(history, "history", {1})
        self.truth = None if truth is None else numbers_of(truth, "truth", {1})
        horizon = len(self.forecast)
        refuse_other_length(self.truth, horizon, "values of truth", "the steps of the forecast")
        refuse_other_length(times, horizon, "times", "the steps of the forecast")
        if self.history is not None:
            if (times is None) != (history_times is None):
                raise ValueError("Expected times and history_times together, or neither, got one of the two.")
            refuse_other_length(history_times, len(self.history), "history_times", "the values of the history")
        self.times = times
        self.history_times = history_times
        self.value_name = value_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        row: int = 0,
        feature: int | None = None,
        target: int = 0,
        n_history: int | None = None,
        value_name: str | None = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw the forecast of a fitted model for one window.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Anything fitted whose `predict` gives the values of the steps after a window. The levels of quantiles are
            those of its network with loss='quantile'.
        X : Windows, or array-like of shape (n_windows, window) or (n_windows, window, n_features)
            The windows. Those of `sliding_windows` and `last_windows` bring the truth and the times.
        y : array-like of shape (n_windows, horizon) or (n_windows, horizon, n_targets), default=None
            The values that came.
        row : int, default=0
            Index of the window.
        feature : int, default=None
            Index of the feature of X that is drawn as the history. None: the only one; of several none is drawn.
        target : int, default=0
            Index of the target, if there are several.
        n_history : int, default=None
            Number of steps of the history that are drawn. None: all of the window.
        value_name : str, default=None
            Name and unit of the values.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : ForecastDisplay
            The display, drawn.
        """
        windows = X if isinstance(X, Windows) else None
        if windows is not None:
            X = windows.X
            y = windows.y if y is None else y
        network = steps_and_network(estimator)[1]
        levels = None
        if getattr(network, "loss", None) == "quantile":
            levels = levels_of(network.quantile)
        predicted = np.asarray(entry(estimator.predict(X), row), dtype=np.float64)
        window = _values_of(X, row)
        has_future = windows is not None and windows.y_per_step is not None
        if windows is not None:
            predicted = _in_steps(predicted, windows, levels)
        forecast = _of_target(predicted, target, levels)
        history = _history(window, feature, len(forecast) if has_future else 0, n_history)
        truth = None
        if y is not None:
            truth = np.asarray(entry(y, row, "y"), dtype=np.float64)
            if windows is not None:
                truth = truth.reshape(len(forecast), -1)
            truth = np.atleast_1d(_of_target(truth, target, None))
            truth = None if np.isnan(truth).all() else truth
        times = None
        history_times = None
        if windows is not None:
            times = windows.forecast_times[row]
            if history is not None:
                history_times = windows._times_until_cutoff(row, len(history))
        return cls(forecast, history, truth, levels, times, history_times, value_name).plot(ax, **plot_kw)

    @classmethod
    def from_forecast(
        cls,
        forecast: Any,
        history: Any = None,
        truth: Any = None,
        *,
        quantile: Any = None,
        times: Any = None,
        history_times: Any = None,
        value_name: str | None = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw a forecast.

        Parameters
        ----------
        forecast : array-like of shape (horizon,) or (horizon, n_quantiles)
            The forecast.
        history : array-like of shape (n_steps,), default=None
            The values before it.
        truth : array-like of shape (horizon,), default=None
            The values that came.
        quantile : list of float, default=None
            The levels of the quantiles, ascending.
        times : array-like of shape (horizon,), default=None
            The times of the forecast.
        history_times : array-like of shape (n_steps,), default=None
            The times of the history.
        value_name : str, default=None
            Name and unit of the values.
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        **plot_kw : Any
            Further arguments of `plot`.

        Returns
        -------
        display : ForecastDisplay
            The display, drawn.
        """
        return cls(forecast, history, truth, quantile, times, history_times, value_name).plot(ax, **plot_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        line_kw: dict[str, Any] | None = None,
        band_kw: dict[str, Any] | None = None,
        history_kw: dict[str, Any] | None = None,
        truth_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the history and the truth in black, the forecast as a dashed line, quantiles as bands.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on. None: a new figure.
        line_kw : dict, default=None
            Settings of the forecast.
        band_kw : dict, default=None
            Settings of the bands.
        history_kw : dict, default=None
            Settings of the history.
        truth_kw : dict, default=None
            Settings of the truth.

        Returns
        -------
        display : ForecastDisplay
            The display.
        """
        ax = axes_of(self, ax, figsize=(8, 3.6))
        steps = np.arange(1, len(self.forecast) + 1) if self.times is None else np.asarray(self.times)
        self.line_ = None
        self.history_line_ = None
        self.truth_line_ = None
        self.bands_ = []
        if self.history is not None:
            before = self.history_times
            if before is None:
                before = np.arange(1 - len(self.history), 1)
            settings = line_settings(history_kw, color="black", linewidth=1.2, label="history")
            (self.history_line_,) = ax.plot(np.asarray(before), self.history, **settings)
        middle = self.forecast
        label = "forecast"
        if self.quantile is not None:
            middle = None
            n = len(self.quantile)
            for k in range(n // 2):
                low = self.quantile[k]
                high = self.quantile[n - 1 - k]
                settings = patch_settings(
                    band_kw,
                    facecolor=COLORS[0],
                    alpha=min(0.18 + 0.15 * k, 0.6),
                    linewidth=0,
                    label=f"{100 * low:g} % to {100 * high:g} %",
                )
                self.bands_.append(ax.fill_between(steps, self.forecast[:, k], self.forecast[:, n - 1 - k], **settings))
            if n % 2:
                middle = self.forecast[:, n // 2]
                label = f"{100 * self.quantile[n // 2]:g} %"
                if self.quantile[n // 2] == 0.5:
                    label = "median"
        if middle is not None:
            settings = line_settings(line_kw, color=COLORS[0], linestyle="--", linewidth=1.8, label=label)
            if len(middle) == 1:
                settings = {"marker": "s"} | settings
            (self.line_,) = ax.plot(steps, middle, **settings)
        if self.truth is not None:
            settings = line_settings(
                truth_kw, color="black", linestyle="none", marker="o", markersize=4, label="what came"
            )
            (self.truth_line_,) = ax.plot(steps, self.truth, **settings)
        ax.set(xlabel="time step" if self.times is None else "time", ylabel=self.value_name or "value")
        if np.issubdtype(steps.dtype, np.integer):
            ax.set_xlabel("time step")
            label_ticks(ax.xaxis, None)
        elif np.issubdtype(steps.dtype, np.datetime64):
            from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

            locator = AutoDateLocator()
            ax.xaxis.set_major_locator(locator)
            ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        legend_above(ax, 6)
        return self


def _values_of(X, row):
    """The sequence of a window, of any array or table, with its features side by side."""
    found = entry(X, row)
    if isinstance(getattr(found, "dtype", None), np.dtype) and found.dtype == object and np.ndim(found) == 1:
        first = np.asarray(found, dtype=object)[0]
        if np.ndim(first):
            found = first  # of a table: the sequence stands before the static values
    return np.asarray(found, dtype=np.float64).reshape(len(found), -1)


def _in_steps(predicted, windows, levels):
    """The predictions of one window, (horizon, n_targets) or with an axis of quantiles after it."""
    n_window = windows._known("_window")
    shape = windows._known("_target_shape")
    steps = as_steps(predicted[None], 1, n_window, windows.horizon, shape, levels, windows._known("_has_future"))[0]
    n_levels = () if levels is None else (len(levels),)
    return steps.reshape(windows.horizon, -1, *n_levels)


def _of_target(values, target, levels):
    """One target of values (horizon, n_targets, n_quantiles), of which each axis but the first may be absent."""
    plain = 1 + (levels is not None)
    if values.ndim == plain - 1:
        values = values[None]  # a horizon of one step
    if values.ndim == plain:
        values = values[:, None]
    if target not in range(values.shape[1]):
        raise ValueError(f"Expected target to be the index of one of {values.shape[1]} targets, got {target!r}.")
    return values[:, target]


def _history(window, feature, n_future, n_history):
    """The feature of a window that is drawn, or None."""
    n_features = window.shape[1]
    if feature is None:
        if n_features > 1:
            return None
        feature = 0
    if feature not in range(n_features):
        raise ValueError(f"Expected feature to be the index of one of {n_features} features, got {feature!r}.")
    values = window[: len(window) - n_future, feature]
    if n_history is None:
        return values
    if n_history < 1:
        raise ValueError(f"Expected n_history of at least 1, got {n_history!r}.")
    return values[-n_history:]
