"""Windows of time series, and where each of them comes from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .containers import object_array
from .forecast_tables import CUTOFF, SERIES, TIME, as_steps, levels_of, names_of_predictions, table_of
from .frames import shown
from .stamps import Stamps
from .window_labels import nearest_code, vote, with_fill


class _Arrays(NamedTuple):
    X: Any
    y: np.ndarray
    groups: np.ndarray


class Windows(_Arrays):
    """Windows of time series and what follows them, as a named tuple that knows the times.

    `sliding_windows` and `last_windows` return it. It unpacks to `X`, `y` and `groups`.

    Parameters
    ----------
    X : ndarray of shape (n_windows, window) or (n_windows, window, n_features)
        The windows, the oldest time step first. With `known`, the steps that follow are there, too; with `static`, it
        is a table of sequences and static values.
    y : ndarray of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        The values after each window. For a horizon of 1, without the axis of time. Of `last_windows` NaN.
    groups : ndarray of shape (n_windows,)
        Index of the series of each window.

    Attributes
    ----------
    cutoff : ndarray of shape (n_windows,)
        Time of the last step seen: datetime64, timedelta64 or integers; times of a time zone, and periods, as objects.
        Without times, the position in the series.
    forecast_times : ndarray of shape (n_windows, horizon)
        The times of the targets.
    series : ndarray of shape (n_windows,)
        Which series it is: the value of `by` or of the levels of a MultiIndex, a tuple of several, or its number.
    y_per_step : ndarray of shape (n_windows, window + horizon) or (n_windows, window + horizon, n_targets), or None
        With `known`, a target for each step of `X`, NaN in the past: for networks with ``return_sequences=True``.
    feature_names : list of str, or None
        Names of the features in the last axis of `X`, or in its sequences; None if the series have none. With `known`,
        `X` has one feature more, which is 1 in the future and has no name.
    known_positions, target_positions : list of int
        Which of the features are those of `known`, in its order, and of `target`: for ``future_features=`` of
        `Seq2SeqRegressor`, and ``known=`` and ``target=`` of `PerWindow`.
    horizon : int
        Number of time steps after a window.
    freq : int, timedelta64, or offset of pandas, or None
        The length of a time step, as `CutoffSplit` takes it; for business days without pandas "B". None if it is not
        known.

    See Also
    --------
    sliding_windows : Cut time series into windows.
    last_windows : The last window of each series.

    Notes
    -----
    Windows that are made by hand, of `X`, `y` and `groups` alone, have none of the attributes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import sliding_windows
    >>> windows = sliding_windows(np.arange(6), window=3, horizon=1)
    >>> windows.X.tolist(), windows.y.tolist()
    ([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0]], [3.0, 4.0, 5.0])
    >>> X, y, groups = windows
    >>> windows.cutoff
    array([2, 3, 4])
    """

    def __new__(cls, X, y, groups):
        """Windows by hand."""
        return super().__new__(cls, X, y, groups)

    @classmethod
    def _with(cls, X, y, groups, about):
        """Windows that know where they come from, which is a dictionary of builtins, arrays and objects of pandas."""
        windows = cls(X, y, groups)
        windows.__dict__.update(about)
        return windows

    def _replace(self, /, **changes):
        replaced = super()._replace(**changes)
        replaced.__dict__.update(self.__dict__)
        return replaced

    __replace__ = _replace

    def _known(self, name):
        if name not in self.__dict__:
            raise AttributeError(
                "Windows of X, y and groups alone do not know their times: sliding_windows makes those that do."
            )
        return self.__dict__[name]

    @property
    def feature_names(self) -> list[str] | None:
        """Names of the features of `X`."""
        names = self._known("_feature_names")
        return None if names is None else list(names)

    @property
    def known_positions(self) -> list[int]:
        """Which features are known ahead."""
        return list(self._known("_known_positions"))

    @property
    def target_positions(self) -> list[int]:
        """Which features are forecast."""
        return list(self._known("_target_positions"))

    @property
    def horizon(self) -> int:
        """Number of time steps after a window."""
        return self._known("_horizon")

    @property
    def freq(self) -> Any:
        """The length of a time step."""
        return self._known("_freq")

    @property
    def series(self) -> np.ndarray:
        """Which series each window is of."""
        return self._known("_keys")[self.groups]

    @property
    def cutoff(self) -> np.ndarray:
        """Time of the last step seen of each window."""
        return self._as_array(self._cutoff())

    @property
    def forecast_times(self) -> np.ndarray:
        """The times of the targets of each window."""
        return self._as_array(self._forecast_times())

    @property
    def y_per_step(self) -> np.ndarray | None:
        """A target for each step of `X`, if it holds those that follow the window, NaN in the past."""
        if not self._known("_has_future"):
            return None
        y = self.y.reshape(len(self.y), self.horizon, *self._known("_target_shape"))
        past = np.full((len(y), self._known("_window"), *y.shape[2:]), np.nan, y.dtype)
        return np.concatenate([past, y], axis=1)

    def _cutoff(self):
        ends = self._known("_ends")
        stamps = self._known("_stamps")
        if stamps is None:
            return ends - self._known("_offsets")[self.groups]
        return stamps[0][ends]

    def _forecast_times(self):
        future = self._known("_future")
        if future is not None:
            return future
        ahead = np.arange(1, self.horizon + 1)
        stamps = self._known("_stamps")
        if stamps is None:
            return self._cutoff()[:, None] + ahead
        return stamps[0][self._known("_ends")[:, None] + ahead]

    def _times_until_cutoff(self, row, n):
        """The times of the last `n` steps seen of a window."""
        back = np.arange(1 - n, 1)
        stamps = self._known("_stamps")
        if stamps is None:
            return self._cutoff()[row] + back
        return self._as_array(stamps[0][self._known("_ends")[row] + back])

    def _as_array(self, values):
        stamps = self._known("_stamps")
        return values if stamps is None else Stamps(*stamps).as_array(values)

    def cutoff_split(self, n_splits: int = 5, **settings):
        """Make folds by time that fit these windows; pass ``groups=windows.cutoff`` where they are used.

        Parameters
        ----------
        n_splits : int, default=5
            Number of folds.
        **settings : dict
            Other parameters of `CutoffSplit`.

        Returns
        -------
        cv : CutoffSplit
            With the horizon and the length of the time step of these windows.
        """
        from .cutoff_split import CutoffSplit

        return CutoffSplit(n_splits, **{"horizon": self.horizon, "freq": self.freq} | settings)

    def to_frame(self, predictions, rows=None, *, quantile=None) -> Any:
        """Put predictions into a long table, with one row for each window and each step of its horizon.

        Parameters
        ----------
        predictions : array-like of shape (n_windows, horizon)
            Or (n_windows, horizon, n_targets), and with an axis of quantiles after these. For a horizon of 1 also
            without the axis of time. Of a network with an output per step, those of the past are left out.
        rows : array-like of int or bool, default=None
            Which windows were predicted, such as those of a test fold. None means all.
        quantile : float or tuple of float, default=None
            Levels of the quantiles, if predictions have an axis of these, as the network has them in `quantile`.

        Returns
        -------
        frame : DataFrame
            Of polars if the series came from a frame of polars, else of pandas. Its columns are those of `by` (without
            names "series"), "cutoff", the name of the time (without one "time"), and "prediction". If the targets have
            an axis, it is one for each target, such as "prediction_sales"; for quantiles "prediction_0.05" or
            "prediction_sales_0.05".
        """
        if not self.horizon:
            raise ValueError(
                "Expected windows with a horizon, got horizon=0. Use windows.labels_per_step(predictions)."
            )
        chosen = _chosen(np.arange(len(self.groups)), rows)
        levels = levels_of(quantile)
        steps = as_steps(
            predictions,
            len(chosen),
            self._known("_window"),
            self.horizon,
            self._known("_target_shape"),
            levels,
            self._known("_has_future"),
        )
        names = names_of_predictions(self._known("_targets"), levels)
        flat = steps.reshape(len(chosen) * self.horizon, steps.shape[2])
        columns = self._columns_of_times(chosen) + [(name, flat[:, j]) for j, name in enumerate(names)]
        stamps = self._known("_stamps")
        return table_of(columns, None if stamps is None else Stamps(*stamps), self._known("_library"))

    def _columns_of_times(self, rows):
        """Series, cutoff and time of each step of the horizon: names and values, those of stamps in a tuple."""
        keys = self.series[rows].repeat(self.horizon)
        by = self._known("_by") or [SERIES]
        columns = [(by[0], keys)]
        if len(by) > 1:
            columns = [(name, np.array([key[k] for key in keys.tolist()])) for k, name in enumerate(by)]
        times = [self._cutoff()[rows].repeat(self.horizon), self._forecast_times()[rows].ravel()]
        if self._known("_stamps") is not None:
            times = [(of_one,) for of_one in times]
        time = self._known("_time")
        return [*columns, (CUTOFF, times[0]), (TIME if time is None else time, times[1])]

    def labels_per_step(self, predictions, rows=None, *, fill=None) -> np.ndarray:
        """Label time steps by the labels of windows, by vote.

        Each window votes for its label in all of its steps. Of labels with equally many votes, a step gets that of the
        latest window.

        Parameters
        ----------
        predictions : array-like of shape (n_windows,)
            A label for each window.
        rows : array-like of int or bool, default=None
            Which windows were predicted. None means all.
        fill : label, default=None
            Label of steps in no window, such as those after the last one. None: that of the nearest step that is in a
            window, of two equally near ones the earlier.

        Returns
        -------
        labels : ndarray of shape (n_steps,)
            For a single series. For a table, of its rows as they came. Otherwise an object array with an array for each
            series.

        Raises
        ------
        ValueError
            If predictions are not one label for each window, or a series has no window, and `fill` is None.
        """
        predictions = np.asarray(predictions)
        starts = _chosen(self._known("_ends") - self._known("_window") + 1, rows)
        if predictions.shape != starts.shape:
            raise ValueError(
                f"Expected predictions to be one label for each of the {len(starts)} windows, got shape "
                f"{predictions.shape}."
            )
        offsets = self._known("_offsets")
        classes, codes = vote(predictions, starts, self._known("_window"), int(offsets[-1]))
        if fill is None:
            keys = self._known("_keys")
            labels = classes[nearest_code(codes, offsets, lambda j: shown(keys[j]))]
        else:
            labels = with_fill(classes, codes, fill)
        return self._in_container(labels)

    def _in_container(self, labels):
        """Labels of all steps, series after series, as the series came."""
        order = self._known("_order")
        offsets = self._known("_offsets")
        if order is not None:
            came = order >= 0  # and was not filled in
            labels = labels[came][np.argsort(order[came])]
            offsets = np.append(0, np.cumsum(came))[offsets]
        if self._known("_is_in_one"):
            return labels
        return object_array(np.split(labels, offsets[1:-1]))


def _chosen(values, rows):
    """The values of the windows that `rows` names; of all if it is None."""
    if rows is None:
        return values
    rows = np.asarray(rows)
    if not rows.size:
        rows = rows.astype(np.intp)  # of an empty list NumPy makes floats
    return values[rows]
