"""Cut time series into windows: the values before a point in time, and those after it."""

from __future__ import annotations

from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar

from .columns import column_names
from .containers import unwrap
from .frames import instances_of
from .layouts import is_long, refuse_other_axes
from .sequences import arrays_and_frame, as_sequences, parse_sequences


class Windows(NamedTuple):
    """Windows of time series and what follows them, as a named tuple.

    `sliding_windows` returns it.

    Parameters
    ----------
    X : ndarray of shape (n_windows, window) or (n_windows, window, n_features)
        The windows, the oldest time step first.
    y : ndarray of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        The values after each window. For a horizon of 1, without the axis of time.
    groups : ndarray of shape (n_windows,)
        Index of the series of each window.

    See Also
    --------
    sliding_windows : Cut time series into windows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import sliding_windows
    >>> windows = sliding_windows(np.arange(6), window=3, horizon=1)
    >>> windows.X.tolist(), windows.y.tolist()
    ([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0]], [3.0, 4.0, 5.0])
    >>> X, y, groups = windows
    """

    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray


def sliding_windows(series, window: int, horizon: int, step: int = 1, target=None) -> Windows:
    """Cut time series into windows and the values that follow them.

    `X` has the `window` values before a point in time, the oldest first, and `y` has the `horizon` values from that
    point on. The first point of a series is `window` steps after its start, and the others follow every `step` steps,
    while `horizon` values are left. No window crosses the end of a series.

    Parameters
    ----------
    series : array, list, tuple, Series or data frame
        One series: numbers ``(T,)``, or ``(T, k)`` for k features, as array, nested list, Series or data frame, whose
        rows are the time steps. Or several series of any lengths: a list, tuple, Series or object array of them, or a
        3-D array ``(n, T, k)``, whose leading and trailing steps of NaN are padding. A 2-D array is one series; if each
        of its rows is a series, pass ``as_sequences(series)``. The last level of a row MultiIndex of pandas is time, by
        which the rows are sorted; the other levels tell the series apart.
    window : int
        Number of time steps in a row of `X`, at least 1.
    horizon : int
        Number of time steps in a row of `y`, at least 1.
    step : int, default=1
        Number of time steps from one window to the next, at least 1. From ``window + horizon`` on, windows share no
        value.
    target : int, str or list of these, default=None
        Features in `y`, by position, or by column name if `series` is a data frame or several. None means all. `X`
        always has all features.

    Returns
    -------
    X : ndarray of shape (n_windows, window) or (n_windows, window, k)
        2-D for series ``(T,)``, as any regressor takes it; 3-D for series ``(T, k)``, even if k is 1. Float32 if all of
        `series` is, else float64.
    y : ndarray of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        3-D if `target` is a list, or if it is None and `X` is 3-D. With ``horizon=1`` without the axis of time:
        ``(n_windows,)`` or ``(n_windows, n_targets)``.
    groups : ndarray of shape (n_windows,), dtype int
        Index of the series of each window. Series of a MultiIndex are numbered in the order in which they first appear.

    Raises
    ------
    TypeError
        If `window`, `horizon` or `step` is not an integer, or `target` is neither integers nor names.
    ValueError
        If `window`, `horizon` or `step` is less than 1; if there is no such `target`; if a series is shorter than
        ``window + horizon``, differs from the others in its features or column names, or holds anything but finite
        numbers. The message names the series (as a sequence) and the time step. Also if a time is there twice in a
        series of a MultiIndex.

    See Also
    --------
    sequences_from_frame : Whole sequences of a table with one row per time step.
    as_sequences : The rows of a 2-D array as series.
    sklearn.model_selection.TimeSeriesSplit : Folds in which training precedes testing.
    sklearn.model_selection.GroupKFold : Folds of whole series, by `groups`.

    Notes
    -----
    The result is a named tuple, `Windows`, of new arrays. Windows are in the order of time, series after series.

    Neighboring windows overlap, so that shuffled folds leak. Window i has the time steps from ``i * step`` to ``i *
    step + window + horizon - 1``. For a single series, ``TimeSeriesSplit(gap=g)`` leaves out ``g`` windows between
    training and testing. With

    - ``g = (horizon - 1) // step``, all training data is known when the first test forecast is made;
    - ``g = (window + horizon - 1) // step``, training and testing share no value of `X` or `y`. With ``step=1`` these
      are ``window + horizon - 1`` windows.

    Regressors with several outputs take ``y.reshape(len(y), -1)`` if `y` is 3-D.

    sktime's ``make_reduction`` cuts the same windows from one series. skforecast, and sktime with ``pooling="global"``,
    put the newest value first: ``make_pipeline(FunctionTransformer(np.fliplr), regressor)`` reads it last.

    Examples
    --------
    Forecast five values of a sine wave from the twenty before them, and test on what comes later:

    >>> import numpy as np
    >>> from sklearn.model_selection import TimeSeriesSplit, cross_val_score
    >>> from sklearn_recurrent import RNNRegressor, sliding_windows
    >>> wave = np.sin(0.3 * np.arange(200))
    >>> X, y, groups = sliding_windows(wave, window=20, horizon=5)
    >>> X.shape, y.shape
    ((176, 20), (176, 5))
    >>> model = RNNRegressor(16, max_iter=30, random_state=0)
    >>> scores = cross_val_score(model, X, y, cv=TimeSeriesSplit(3, gap=24))
    >>> bool(scores.min() > 0.9)
    True

    What comes after the end of the series:

    >>> forecast = model.fit(X, y).predict(wave[None, -20:])
    >>> bool(np.abs(forecast - np.sin(0.3 * np.arange(200, 205))).max() < 0.1)
    True

    Two series of two features, with the first feature as the target:

    >>> X, y, groups = sliding_windows([np.ones((7, 2)), np.ones((6, 2))], window=4, horizon=2, target=0)
    >>> X.shape, y.shape, groups
    ((3, 4, 2), (3, 2), array([0, 0, 1]))
    """
    for name, number in [("window", window), ("horizon", horizon), ("step", step)]:
        check_scalar(number, name, Integral, min_val=1)
    # The sums below would overflow in a small integer dtype of NumPy.
    window = int(window)
    horizon = int(horizon)
    step = int(step)
    arrays, names = _arrays_and_names(series)
    # Parsing stores the form of X on an estimator; here nothing uses it.
    ragged = parse_sequences(BaseEstimator(), arrays, reset=True).joined()
    _check_long_enough(ragged.lengths, arrays, window, horizon)
    # For each window: the series that it comes from, its number within that series, and its first row in the values.
    counts = (ragged.lengths - window - horizon) // step + 1
    groups = np.repeat(np.arange(len(ragged)), counts)
    number = np.arange(len(groups)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = ragged.offsets[groups] + step * number
    values = ragged.values
    if all(x.ndim == 1 for x in arrays):
        values = values[:, 0]
    targets = values
    if target is not None:
        targets = ragged.values[:, _positions(target, names, ragged.n_features)]
    X = _cut(values, starts, window)
    y = _cut(targets, starts + window, horizon)
    if horizon == 1:
        y = y[:, 0]
    return Windows(X, y, groups)


def _arrays_and_names(series):
    """The series as a list of arrays, and the names of their features, if they are data frames."""
    refuse_other_axes(series, "series", one_sequence=True)
    form, found = unwrap(series, "series")
    if form == "numbers" and is_long(found):
        found = instances_of(found)
        form = "sequences"
    if form == "numbers" and len(getattr(found, "shape", ())) > 2:
        return list(as_sequences(found)), []
    if form == "numbers":
        _check_rows_of_equal_length(found)
        found = [found]
    arrays, frame = arrays_and_frame(found, "series")
    return arrays, [] if frame is None else column_names(frame)


def _check_rows_of_equal_length(series):
    if not isinstance(series, list | tuple):
        return
    lengths = {len(row) for row in series if isinstance(row, list | tuple)}
    if len(lengths) > 1:
        raise ValueError(
            "Expected series as a nested list of numbers, which is one series with time steps as rows, to have rows of "
            f"equal length, got {min(lengths)} to {max(lengths)} values per row. "
            "If each row is a series, pass as_sequences(series)."
        )


def _check_long_enough(lengths, arrays, window, horizon):
    needed = window + horizon
    short = lengths < needed
    if not short.any():
        return
    j = short.argmax()
    hint = ""
    if len(arrays) == 1 and arrays[0].ndim == 2 and arrays[0].shape[1] >= needed:
        hint = " The rows of a 2-D array are time steps; if each row is a series, pass as_sequences(series)."
    raise ValueError(
        f"Expected at least {needed} time steps, window={window} plus horizon={horizon}, "
        f"got {lengths[j]} in sequence {j}.{hint}"
    )


def _positions(target, names, n_features):
    """`target` as the position of a feature, or a list of positions."""
    if not isinstance(target, list | tuple | np.ndarray):
        return _position(target, names, n_features)
    if not len(target):
        raise ValueError(f"Expected target to contain at least one feature, got {target!r}.")
    return [_position(feature, names, n_features) for feature in target]


def _position(feature, names, n_features):
    if isinstance(feature, str):
        if not names:
            raise ValueError(
                f"Expected target to be a position, since series has no column names, got {feature!r}. "
                f"Pass an integer from 0 to {n_features - 1}."
            )
        if feature not in names:
            raise ValueError(f"Expected target to be one of the columns {names}, got {feature!r}.")
        return names.index(feature)
    if not isinstance(feature, Integral) or isinstance(feature, bool):
        raise TypeError(f"Expected target to be an integer, a column name or a list of these, got {feature!r}.")
    if not -n_features <= feature < n_features:
        raise ValueError(
            f"Expected target to be from {-n_features} to {n_features - 1}, "
            f"since series has {n_features} features, got {feature}."
        )
    return int(feature)


def _cut(values, starts, length):
    """The `length` time steps from each start on, (n, length) or (n, length, k), copied."""
    views = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)
    # The view has the time of a window as its last axis.
    return np.ascontiguousarray(np.moveaxis(views, -1, 1)[starts])
