"""Cut time series into windows: the values before a point in time, and those after it."""

from __future__ import annotations

from numbers import Integral
from typing import Literal, NamedTuple

import numpy as np
from sklearn.utils import check_scalar

from .columns import positions_of
from .containers import object_array
from .frames import names_of, shown
from .known_future import known_values
from .panels import panel_of, with_regular_steps
from .tables import SEQUENCE, PandasTable
from .window_labels import RULES, labels_of_steps, labels_of_windows
from .windows import Windows

MISSING = {"raise": "error", "nan": "keep"}
"""Whether NaN is an error, for each value of `gaps`."""


def sliding_windows(
    series,
    window: int,
    horizon: int,
    *,
    step: int = 1,
    target=None,
    known=None,
    static=None,
    time=None,
    by=None,
    short: Literal["raise", "skip"] = "raise",
    gaps: Literal["raise", "nan"] = "raise",
    labels=None,
    label_rule: Literal["last", "majority", "any"] = "last",
) -> Windows:
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
        of its rows is a series, pass ``as_sequences(series)``. Or a long table of several series: a frame of pandas or
        polars, or a Table of pyarrow, with `by`; or a frame of pandas with a MultiIndex, whose last level is time.
    window : int
        Number of time steps in a row of `X`, at least 1.
    horizon : int
        Number of time steps in a row of `y`, at least 1. With `labels` it is 0.
    step : int, default=1
        Number of time steps from one window to the next, at least 1. From ``window + horizon`` on, windows share no
        value.
    target : int, str or list of these, default=None
        Features in `y`, by position, or by column name if `series` is a data frame or several. None means all but
        `known`. `X` always has all features.
    known : int, str or list of these, default=None
        Features whose values are known ahead, such as prices and holidays. `X` then has the steps of the horizon, too.
    static : str or list of str, default=None
        Columns of a table with one value per series, which become columns of `X` beside the sequences.
    time : str, default=None
        The column of times, by which the rows of a series are sorted: dates, periods or whole numbers. None means the
        index of a frame of pandas, if it is one of dates, periods or durations; otherwise there are no times.
    by : str or list of str, default=None
        The column that tells the series of a long table apart, or the columns that do so together.
    short : {"raise", "skip"}, default="raise"
        Whether a series shorter than ``window + horizon`` is an error, or is left out.
    gaps : {"raise", "nan"}, default="raise"
        Whether a time without a row, or a missing value, is an error, or NaN in `X` and `y`.
    labels : str or array-like, default=None
        Labels of the time steps of a recording, numbers or strings: a column of the table, an array, or a list with an
        array for each series. `y` then has the label of each window.
    label_rule : {"last", "majority", "any"}, default="last"
        The label of a window: that of its last step; the commonest of its steps, of equally common ones the first in
        sorted order; or whether any step has the label True or 1.

    Returns
    -------
    X : ndarray of shape (n_windows, window) or (n_windows, window, k)
        2-D for series ``(T,)``, as any regressor takes it; 3-D for series ``(T, k)``, even if k is 1. Float32 if all of
        `series` is, else float64. Features are in the order of the columns, without those of `time`, `by`, `static` and
        `labels`, and have no names. With `known` it has the shape (n_windows, window + horizon, k + 1): the last column
        is 1 in the future and 0 in the past, and features that are not known are 0 in the future. With `static` it is a
        frame of pandas with these sequences in the column "sequence" and the static columns, or for other libraries an
        object array of shape (n_windows, 1 + n_static).
    y : ndarray of shape (n_windows, horizon) or (n_windows, horizon, n_targets)
        3-D if `target` is a list, or if it is None and `X` is 3-D. With ``horizon=1`` without the axis of time:
        ``(n_windows,)`` or ``(n_windows, n_targets)``. With `labels` (n_windows,).
    groups : ndarray of shape (n_windows,), dtype int
        Index of the series of each window. Series of a table are numbered in the order in which they first appear.

    Raises
    ------
    TypeError
        If `window`, `horizon` or `step` is not an integer, or `target` is neither integers nor names.
    ValueError
        If `window`, `horizon` or `step` is less than 1; if there is no such `target`; if a series is shorter than
        ``window + horizon``, differs from the others in its features or column names, or holds anything but finite
        numbers; if times do not increase, are there twice, or have a gap. The message names the series (as a sequence)
        and the time step.

    See Also
    --------
    last_windows : The last window of each series, for the true future.
    sequences_from_frame : Whole sequences of a table with one row per time step.
    as_sequences : The rows of a 2-D array as series.
    CutoffSplit : Folds by time.
    sklearn.model_selection.TimeSeriesSplit : Folds of the rows of a single series.
    sklearn.model_selection.GroupKFold : Folds of whole series, by `groups`.

    Notes
    -----
    The result is a named tuple, `Windows`, of new arrays. Windows are in the order of time, series after series. It has
    more attributes: the `cutoff` of each window and its `forecast_times`, the `series` it is of, `y_per_step` for
    networks with an output per step, and `to_frame`, which makes a long table of predictions.

    The length of a time step is the `freq` of the index, if it has one, else the commonest difference of all series:
    one number or length of time, months (the same day of each, or the last), or business days, if there is no Saturday
    and no Sunday. In a time zone, days are those of the clock there, unless all steps are of 24 hours across a change
    of the clock. Other calendars are read from the index: ``pandas.DatetimeIndex(times, freq="W-FRI")``.

    Neighboring windows overlap, so that shuffled folds leak. ``windows.cutoff_split(n_splits)`` makes folds by time, of
    one or several series; pass ``groups=windows.cutoff``. Of a single series, window i has the time steps from ``i *
    step`` to ``i * step + window + horizon - 1``, and ``TimeSeriesSplit(gap=g)`` leaves out ``g`` windows between
    training and testing. Of several it trains on the first series and tests on the last. With

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

    Windows of a recording with a label per step:

    >>> activity = ["rest"] * 5 + ["walk"] * 4
    >>> windows = sliding_windows(np.arange(9), window=3, horizon=0, step=3, labels=activity, label_rule="majority")
    >>> windows.y.tolist()
    ['rest', 'rest', 'walk']
    >>> windows.labels_per_step(windows.y).tolist()
    ['rest', 'rest', 'rest', 'rest', 'rest', 'rest', 'walk', 'walk', 'walk']
    """
    window, horizon, step = _checked_sizes(window=window, horizon=horizon, step=step)
    _check_options(short=(short, ("raise", "skip")), gaps=(gaps, ("raise", "nan")), label_rule=(label_rule, RULES))
    _check_labels(horizon, labels, target=target, known=known, gaps=None if gaps == "raise" else gaps)
    column = labels if isinstance(labels, str) else None
    panel = panel_of(series, time=time, by=by, static=static, labels=column, missing=MISSING[gaps])
    panel, calendar = with_regular_steps(panel, gaps)
    groups, starts = _starts_of_windows(panel, window, horizon, step, short)
    roles = _roles_of_features(panel, target, known)
    X = _past(panel, starts, window)
    if roles.known:
        future = _cut(panel.ragged.values[:, roles.known], starts + window, horizon)
        X = _with_future(X, future, roles.known)
    if labels is None:
        y = _targets(panel, roles, starts + window, horizon)
    else:
        y = labels_of_windows(labels_of_steps(labels, panel), starts, window, label_rule)
    about = _about(panel, calendar, roles, window, horizon, starts + window - 1)
    return Windows._with(_with_static(X, panel, groups, static), y, groups, about)


def last_windows(
    series,
    window: int,
    horizon: int,
    *,
    known=None,
    known_future=None,
    static=None,
    time=None,
    by=None,
    target=None,
    short: Literal["raise", "skip"] = "raise",
    gaps: Literal["raise", "nan"] = "raise",
) -> Windows:
    """Cut the last window of each series, to forecast what comes after its end.

    Each series ends at its own time, and is forecast from there. `X` has the layout of `sliding_windows` with the same
    parameters.

    Parameters
    ----------
    series : array, list, tuple, Series or data frame
        One or several series, as in `sliding_windows`.
    window : int
        Number of time steps in a row of `X`, at least 1.
    horizon : int
        Number of time steps to forecast, at least 1.
    known : int, str or list of these, default=None
        Features whose values are known ahead, as in `sliding_windows`.
    known_future : array, list, tuple or data frame, default=None
        The values of these features in the steps after the end of each series, in the container that `series` has.
        Their rows are found by series and time; further rows, series and columns may be there, also without values. If
        series have no times, it has `horizon` rows for each series, and as an array the features in the order of
        `known`.
    static : str or list of str, default=None
        Columns of a table with one value per series, as in `sliding_windows`.
    time : str, default=None
        The column of times, as in `sliding_windows`.
    by : str or list of str, default=None
        The columns that tell the series of a long table apart.
    target : int, str or list of these, default=None
        Features that are forecast, as in `sliding_windows`.
    short : {"raise", "skip"}, default="raise"
        Whether a series shorter than `window` is an error, or is left out.
    gaps : {"raise", "nan"}, default="raise"
        Whether a time without a row, or a missing value, is an error, or NaN in `X`.

    Returns
    -------
    windows : Windows
        One window for each series. `y` is NaN. `cutoff`, `series` and `forecast_times` say what is forecast, and
        ``to_frame(predictions)`` makes a long table of it.

    Raises
    ------
    TypeError
        If `window` or `horizon` is not an integer.
    ValueError
        If a series is shorter than `window`, or is refused by `sliding_windows`, too; if `known_future` has no row for
        a series and a time: the message lists these.

    See Also
    --------
    sliding_windows : All windows, to fit and to test on.

    Examples
    --------
    Sales of two shops, with prices that are known ahead. The second shop ends a day earlier:

    >>> import pandas as pd
    >>> from sklearn_recurrent import last_windows
    >>> days = pd.date_range("2026-01-01", periods=8)
    >>> table = pd.DataFrame({"shop": "a", "day": days, "price": 2.0, "sales": range(8)})
    >>> table = pd.concat([table, table[:7].assign(shop="b")])
    >>> prices = pd.DataFrame({"shop": ["a", "a", "b", "b"], "day": days[[7, 7, 7, 7]], "price": 3.0})
    >>> prices["day"] += pd.to_timedelta([1, 2, 0, 1], unit="D")
    >>> windows = last_windows(
    ...     table, window=3, horizon=2, by="shop", time="day", target="sales", known="price", known_future=prices
    ... )
    >>> windows.X[0]
    array([[2., 5., 0.],
           [2., 6., 0.],
           [2., 7., 0.],
           [3., 0., 1.],
           [3., 0., 1.]])
    >>> windows.to_frame([[8, 9], [7, 8]])
      shop     cutoff        day  prediction
    0    a 2026-01-08 2026-01-09           8
    1    a 2026-01-08 2026-01-10           9
    2    b 2026-01-07 2026-01-08           7
    3    b 2026-01-07 2026-01-09           8
    """
    window, horizon = _checked_sizes(window=window, horizon=horizon)
    if not horizon:
        raise ValueError("horizon == 0, must be >= 1.")
    _check_options(short=(short, ("raise", "skip")), gaps=(gaps, ("raise", "nan")))
    if (known is None) != (known_future is None):
        given, other = ("known", "known_future") if known_future is None else ("known_future", "known")
        raise ValueError(f"Expected {given} together with {other}, got {other}=None.")
    panel = panel_of(series, time=time, by=by, static=static, missing=MISSING[gaps])
    panel, calendar = with_regular_steps(panel, gaps)
    groups = np.flatnonzero(_long_enough(panel, window, 0, short))
    ends = panel.ragged.offsets[groups + 1] - 1
    stamps = _stamps_after(panel, calendar, ends, horizon)
    roles = _roles_of_features(panel, target, known)
    X = _past(panel, ends - window + 1, window)
    if roles.known:
        of_them = panel._replace(keys=panel.keys[groups])
        future = known_values(known_future, of_them, roles.known, stamps, horizon, MISSING[gaps])
        X = _with_future(X, future, roles.known)
    shape = (len(groups), horizon, *roles.shape)
    if horizon == 1:
        shape = (len(groups), *roles.shape)
    about = _about(panel, calendar, roles, window, horizon, ends)
    about["_future"] = stamps
    return Windows._with(_with_static(X, panel, groups, static), np.full(shape, np.nan, X.dtype), groups, about)


# --- parameters -------------------------------------------------------------------------------------------------------


def _checked_sizes(**sizes):
    """Sizes as integers of Python, since sums of small integers of NumPy would overflow."""
    for name, size in sizes.items():
        if name == "horizon" and isinstance(size, Integral) and size == 0:
            continue  # which windows with labels have
        check_scalar(size, name, Integral, min_val=1)
    return [int(size) for size in sizes.values()]


def _check_options(**options):
    for name, (value, allowed) in options.items():
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"Expected {name} to be {' or '.join(map(repr, allowed))}, got {value!r}.")


def _check_labels(horizon, labels, **others):
    if labels is None:
        if not horizon:
            raise ValueError(
                "horizon == 0, must be >= 1. Only windows of a labelled recording have a horizon of 0: pass labels, "
                "one for each time step."
            )
        return
    if horizon:
        raise ValueError(f"Expected horizon=0 with labels, which are those of the windows themselves, got {horizon}.")
    for name, value in others.items():
        if value is not None:
            hint = " Pass a series for each part without gaps." if name == "gaps" else ""
            raise ValueError(f"Expected no {name} with labels, got {name}={value!r}.{hint}")


def _long_enough(panel, window, horizon, short):
    """Of which series there are windows; an error if that is none, or with short="raise" not all."""
    lengths = panel.ragged.lengths
    needed = window + horizon
    is_short = lengths < needed
    if not is_short.any() or (short == "skip" and not is_short.all()):
        return ~is_short
    j = int(is_short.argmax())
    n_features = panel.ragged.n_features
    hint = ""
    if panel.origin.is_one and panel.origin.table is None and not panel.is_flat and n_features >= needed:
        hint = " The rows of a 2-D array are time steps; if each row is a series, pass as_sequences(series)."
    elif len(lengths) == 1 and horizon and lengths[0] >= window:
        hint = " For what comes after its end: last_windows(series, window, horizon)."
    elif len(lengths) > 1 and not is_short.all():
        hint = f" short='skip' leaves out series that are shorter, here {is_short.sum()}."
    sizes = f"window={window} plus horizon={horizon}" if horizon else f"window={window}"
    raise ValueError(
        f"Expected at least {needed} time steps, {sizes}, got {lengths[j]} in sequence {shown(panel.keys[j])}.{hint}"
    )


# --- features ---------------------------------------------------------------------------------------------------------


class _Roles(NamedTuple):
    """What features are for, by their positions.

    shape : (k,) if targets have an axis, else ()
    """

    targets: list
    known: list
    shape: tuple


def _roles_of_features(panel, target, known):
    n_features = panel.ragged.n_features
    found = [] if known is None else positions_of("known", known, n_features, panel.names, "series")
    if target is None:
        targets = [j for j in range(n_features) if j not in found]
        if not targets:
            raise ValueError("Expected a feature that is not known ahead, as target, got none.")
        return _Roles(targets, found, () if panel.is_flat else (len(targets),))
    targets = positions_of("target", target, n_features, panel.names, "series")
    both = [j for j in targets if j in found]
    if both:
        name = panel.names[both[0]] if panel.names else both[0]
        raise ValueError(f"Expected known to be features that are known ahead, got the target, {name!r}.")
    return _Roles(targets, found, (len(targets),) if np.ndim(target) else ())


# --- what windows hold ------------------------------------------------------------------------------------------------


def _starts_of_windows(panel, window, horizon, step, short):
    """For each window the series that it comes from, and its first row in the values."""
    ragged = panel.ragged
    is_long_enough = _long_enough(panel, window, horizon, short)
    counts = np.where(is_long_enough, (ragged.lengths - window - horizon) // step + 1, 0)
    groups = np.repeat(np.arange(len(ragged)), counts)
    number = np.arange(len(groups)) - np.repeat(np.cumsum(counts) - counts, counts)  # within its series
    return groups, ragged.offsets[groups] + step * number


def _past(panel, starts, window):
    """The values of each window, (n, window) or (n, window, F)."""
    values = panel.ragged.values
    return _cut(values[:, 0] if panel.is_flat else values, starts, window)


def _targets(panel, roles, starts, horizon):
    """The values of the targets from each start on; for a horizon of 1 without the axis of time."""
    values = panel.ragged.values
    if not roles.shape:
        values = values[:, roles.targets[0]]
    elif roles.targets != list(range(panel.ragged.n_features)):
        values = values[:, roles.targets]
    y = _cut(values, starts, horizon)
    return y[:, 0] if horizon == 1 else y


def _cut(values, starts, length):
    """The `length` time steps from each start on, (n, length) or (n, length, k), copied."""
    if not length:
        return np.empty((len(starts), 0, *values.shape[1:]), values.dtype)
    views = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)
    # The view has the time of a window as its last axis.
    views = np.moveaxis(views, -1, 1)
    if values.ndim == 1 and len(starts) > 1:
        step = int(starts[1] - starts[0])
        if step > 0 and (np.diff(starts) == step).all():  # then a slice is copied faster
            return np.array(views[starts[0] : starts[-1] + 1 : step], order="C")
    return np.ascontiguousarray(views[starts])


def _with_future(past, known, positions):
    """Windows (n, window, F) and what is known of the steps that follow, (n, horizon, k), in one array.

    The last feature is 1 in the future.
    """
    past = past.reshape(*past.shape[:2], -1)
    n, window, n_features = past.shape
    X = np.zeros((n, window + known.shape[1], n_features + 1), past.dtype)
    X[:, :window, :n_features] = past
    X[:, window:, positions] = known
    X[:, window:, n_features] = 1
    return X


def _with_static(X, panel, groups, static):
    """Windows with the static values of their series beside them; unchanged without these."""
    if static is None:
        return X
    table = panel.origin.table
    names = names_of(table, "static", static)
    if SEQUENCE in names:
        raise ValueError(
            f"Expected no static column with the name {SEQUENCE!r}, which the column of sequences has, got one. "
            "Rename it."
        )
    rows = panel.origin.rows.first[groups]
    if isinstance(table, PandasTable):
        return table.with_static(list(X), names, rows)
    columns = [object_array(list(X)), *(table.values(name)[rows].astype(object) for name in names)]
    return np.stack(columns, axis=1)


def _stamps_after(panel, calendar, ends, horizon):
    """The times of the steps after the rows `ends`, (n, horizon); None without times."""
    if panel.stamps is None:
        return None
    if calendar is None:
        raise ValueError(
            "Expected a series of at least two time steps, from which the length of a step is told, got one step in "
            "each. Pass more steps, or leave the times out."
        )
    numbers, phases = calendar.numbers(panel.stamps.values[ends])
    numbers = numbers[:, None] + np.arange(1, horizon + 1)
    stamps = calendar.values(numbers.ravel(), np.repeat(phases, horizon))
    return stamps.reshape(numbers.shape)


def _about(panel, calendar, roles, window, horizon, ends):
    """What `Windows` know of themselves."""
    origin = panel.origin
    targets = None
    if roles.shape:
        targets = [panel.names[j] if panel.names else j for j in roles.targets]
    freq = 1
    if panel.stamps is not None:
        freq = None if calendar is None else calendar.freq
    library = "pandas"
    if origin.table is not None:
        library = origin.table.library
    return {
        "_window": window,
        "_horizon": horizon,
        "_freq": freq,
        "_has_future": bool(roles.known),
        "_feature_names": list(panel.names) or None,
        "_known_positions": roles.known,
        "_target_positions": roles.targets if horizon else [],  # else y has labels
        "_targets": targets,
        "_target_shape": roles.shape,
        "_keys": panel.keys,
        "_offsets": panel.ragged.offsets,
        "_ends": ends,
        "_stamps": None if panel.stamps is None else tuple(panel.stamps),
        "_future": None,
        "_by": list(origin.by),
        "_time": origin.time,
        "_library": library,
        "_is_in_one": origin.is_one or origin.table is not None,
        "_order": origin.order,
    }
