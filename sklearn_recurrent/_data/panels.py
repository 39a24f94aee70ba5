"""Time series of any container, with their times: what windows are cut from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from .._core.ragged import Ragged, offsets_of
from .arrays import is_missing, is_number_type
from .calendar import calendar_of
from .columns import column_names, is_frame
from .frames import Rows, names_of, refuse_changes, shown, sorted_rows
from .layouts import contents_of, is_long, level_names
from .sequences import FLOATS, arrays_and_frame, as_sequences, parse_sequences
from .stamps import Stamps, stamps_of_index
from .tables import as_table, block_of


class Origin(NamedTuple):
    """The container that series came from.

    is_one : whether it is a single series
    time : the name of the time; None if it has none
    table, rows, by : the long table, its rows sequence by sequence, and the names that tell sequences apart
    order (S,) : which step of those that came, end to end, each step is, -1 for one that was filled in; None if all are
        where they were
    """

    is_one: bool
    time: Any = None
    table: Any = None
    rows: Rows | None = None
    by: tuple = ()
    order: np.ndarray | None = None


class Panel(NamedTuple):
    """Time series, laid end to end.

    ragged : their values
    names : names of the features; empty without any
    is_flat : whether all series came without an axis of features
    keys (N,) : which series is which
    origin : where they came from
    stamps : of S steps, None without time
    labels (S,) : labels of steps that stand beside the values
    other_clock : the number of a series in a time zone where the clock shows other times than in that of the first, and
        code that takes the zone of a series x away; None if there is none
    """

    ragged: Ragged
    names: list
    is_flat: bool
    keys: np.ndarray
    origin: Origin
    stamps: Stamps | None = None
    labels: np.ndarray | None = None
    other_clock: tuple | None = None

    def at(self, row):
        """In which series row number `row` of all is, in words."""
        j = int(np.searchsorted(self.ragged.offsets, row, side="right")) - 1
        return f"sequence {shown(self.keys[j])}"

    def shown_stamp(self, row):
        return self.stamps.shown(self.stamps.values[row])


def panel_of(series, name="series", *, time=None, by=None, static=None, labels=None, columns=None, missing="error"):
    """Read time series.

    Parameters
    ----------
    series : array, list, tuple, Series or data frame
        As in `sliding_windows`.
    name : str
        What messages call it.
    time, by, static, labels : str or list of str
        Columns of a table, as in `sliding_windows`.
    columns : list of str
        Columns of features; None means all that are not named otherwise.
    missing : {"error", "keep"}
        Whether NaN is an error.
    """
    form, found = contents_of(series, name, one_sequence=True)
    is_named = any(role is not None for role in (time, by, static, labels, columns))
    if form == "numbers" and _is_tabular(found):
        if hasattr(found, "to_native"):
            found = found.to_native()
        if is_named or is_long(found) or _times_of(found) is not None:
            panel = _of_table(found, name, time, by, static, labels, columns)
            _check_finite(panel, name, missing)
            return panel
        _refuse_times(found, name)
    _refuse_roles_of_tables(found, name, by=by, static=static)
    if form == "sequences":
        found = list(found)
        if any(map(_is_tabular, found)) and (is_named or any(_times_of(x) is not None for x in found)):
            return _of_frames(found, name, time, labels, columns, missing)
    for role, value in (("time", time), ("labels", labels)):
        if value is not None:
            raise ValueError(
                f"Expected {role}={value!r} to name a column of {name}, got a {type(series).__name__} without names. "
                f"Pass a data frame, or leave {role} out."
            )
    return _of_arrays(form, found, name, missing)


def _is_tabular(x):
    """Whether it is a data frame, or a column of pandas."""
    return is_frame(x) or hasattr(x, "iloc")


def _times_of(x):
    """The times in the index of a frame or column of pandas; None if there are none."""
    return stamps_of_index(x.index) if hasattr(x, "iloc") else None


def _refuse_roles_of_tables(found, name, **roles):
    for role, value in roles.items():
        if value is not None:
            raise ValueError(
                f"Expected {name} to be one table, since {role}={value!r} names columns of it, got a "
                f"{type(found).__name__}."
            )


# --- containers -------------------------------------------------------------------------------------------------------


def _of_arrays(form, found, name, missing):
    is_one = False
    if form == "numbers" and len(getattr(found, "shape", ())) > 2:
        arrays = list(as_sequences(found))
        names = []
    else:
        if form == "numbers":
            is_one = True
            _check_rows_of_equal_length(found, name)
            found = [found]
        arrays, frame = arrays_and_frame(found, name)
        names = [] if frame is None else column_names(frame)
    return _joined(arrays, names, Origin(is_one), missing)


def _joined(arrays, names, origin, missing):
    # Parsing stores the form of X on an estimator; here nothing uses it.
    ragged = parse_sequences(BaseEstimator(), arrays, reset=True, missing=missing).joined()
    is_flat = all(x.ndim == 1 for x in arrays)
    return Panel(ragged, names, is_flat, np.arange(len(ragged)), origin)


def _check_rows_of_equal_length(series, name):
    if not isinstance(series, list | tuple):
        return
    lengths = {len(row) for row in series if isinstance(row, list | tuple)}
    if len(lengths) > 1:
        raise ValueError(
            f"Expected {name} as a nested list of numbers, which is one series with time steps as rows, to have rows "
            f"of equal length, got {min(lengths)} to {max(lengths)} values per row. "
            f"If each row is a series, pass as_sequences({name})."
        )


def _of_frames(frames, name, time, labels, columns, missing):
    """A list of data frames, one for each series."""
    features = []
    stamps = []
    found_labels = []
    orders = []
    for j, frame in enumerate(frames):
        if not _is_tabular(frame):
            raise ValueError(
                f"Expected all series to be data frames with times, or none, got a {type(frame).__name__} for "
                f"sequence {j}."
            )
        panel_labels, panel_stamps, values, order = _of_one_frame(frame, j, time, labels, columns)
        features.append(values)
        orders.append(order)
        stamps.append(panel_stamps)
        found_labels.append(panel_labels)
    kinds = {None if one is None else one.kind for one in stamps}
    if len(kinds) > 1:
        described = sorted({"no times" if one is None else one.described() for one in stamps})
        raise ValueError(f"Expected all series to have times of one kind, got {' and '.join(described)}.")
    arrays, first = arrays_and_frame(features, name)
    names = [] if first is None else column_names(first)
    origin = Origin(False, _name_of_time(frames[0], time), order=_end_to_end(orders))
    panel = _joined(arrays, names, origin, missing)
    if stamps[0] is not None:
        panel = panel._replace(stamps=stamps[0].joined_with(stamps[1:]), other_clock=_other_clock(stamps, time))
    if labels is not None:
        panel = panel._replace(labels=np.concatenate(found_labels))
    return panel


def _other_clock(stamps, time):
    """`other_clock` of a `Panel`, by the stamps of each series and the name of their column, None for an index."""
    code = "x.tz_localize(None)"
    if time is not None:
        code = {
            "pandas": f"x.assign(**{{{time!r}: x[{time!r}].dt.tz_localize(None)}})",
            "polars": f"x.with_columns(x[{time!r}].dt.replace_time_zone(None))",
            "pyarrow": f"x.set_column(x.column_names.index({time!r}), {time!r}, pc.local_timestamp(x[{time!r}]))",
        }[stamps[0].library]
    first = stamps[0]
    for j, others in enumerate(stamps):
        if str(others.zone) == str(first.zone):
            continue
        if not np.array_equal(others.on_clock(others.values), first.on_clock(others.values)):
            return j, code
    return None


def _end_to_end(orders):
    """The orders of the steps of all series in one; None if no series was sorted."""
    if any(order is None for order in orders):
        return None
    starts = offsets_of(np.array([len(order) for order in orders]))[:-1]
    return np.concatenate([start + order for start, order in zip(starts.tolist(), orders, strict=True)])


def _of_one_frame(frame, j, time, labels, columns):
    """Labels, stamps, features and order of the steps of one series of a list; features as a frame, or as they came."""
    if time is None and labels is None and columns is None:
        return None, _times_of(frame), frame, None
    table = as_table(frame)
    time = names_of(table, "time", time)
    labels = names_of(table, "labels", labels)
    rows = sorted_rows(table, [], time, "time")
    stamps = None
    if time:
        stamps = table.stamps(time[0]).take(rows.order)
    elif hasattr(frame, "index"):
        stamps = _times_of(frame)
    found = table.values(labels[0])[rows.order] if labels else None
    features = columns or _features(table, {*time, *labels}, f"sequence {j}")
    return found, stamps, table.sequences(features, rows.order, rows.ends, [])[0], rows.order


def _name_of_time(frame, time):
    if time is not None:
        return time
    return getattr(getattr(frame, "index", None), "name", None)


def _of_table(frame, name, time, by, static, labels, columns):
    """One table: a single series, or several."""
    if is_long(frame) and level_names(frame.index) is None:
        frame = frame.rename_axis([f"level_{number}" for number in range(frame.index.nlevels)])
    table = as_table(frame)
    by = names_of(table, "by", by)
    time = names_of(table, "time", time)
    if len(time) > 1:
        raise ValueError(f"Expected time to name one column, got {time!r}.")
    if table.levels:
        by, time = _levels(table, by, time)
    stamps = None
    name_of_time = time[0] if time else None
    if not time and not table.levels:
        stamps = _times_of(frame)
        name_of_time = _name_of_time(frame, None)
    if stamps is not None and by:
        # Times in the index of a long table are a column like any other.
        frame = frame.rename_axis(name_of_time or "time")
        table = as_table(frame)
        time = names_of(table, "time", frame.index.name)
        stamps = None
    static = names_of(table, "static", static)
    labels = names_of(table, "labels", labels)
    features = columns
    if columns is None:
        features = _features(table, {*by, *time, *static, *labels}, name)
    else:
        names_of(table, "known", columns)
        _refuse_names(table, columns, name)
    rows = sorted_rows(table, by, time, "time")
    if time:
        stamps = table.stamps(time[0]).take(rows.order)
        name_of_time = time[0]
    for column in static:
        refuse_changes(table, rows, by, column, "static column", "Leave it out of static, if it is a feature.")
    values = block_of([table.values(column) for column in features], rows.order)
    if values.dtype not in FLOATS:
        values = values.astype(np.float64)
    ragged = Ragged(values, np.concatenate([[0], rows.ends]))
    is_flat = not is_frame(frame)
    return Panel(
        ragged,
        [] if is_flat and frame.name is None else features,
        is_flat,
        rows.keys,
        Origin(not by, name_of_time, table, rows, tuple(by), rows.order),
        stamps,
        table.values(labels[0])[rows.order] if labels else None,
    )


def _levels(table, by, time):
    """Which levels of a MultiIndex tell series apart, and which is the time."""
    if not by:
        by = [level for level in table.levels if level not in time]
        if not time:
            by = by[:-1]
    if not time:
        time = [level for level in table.levels if level not in by]
        if len(time) > 1:
            raise ValueError(f"Expected time to name one level of the index, since by leaves {time!r}, got None.")
    return by, time


def _features(table, named, place):
    """The columns that are no other thing; an error if one is no number."""
    features = [column for column in table.columns if column not in named]
    if not features:
        raise ValueError(f"Expected at least one column of features in {place}, got none beside {list(named)!r}.")
    for column in features:
        if table.names.count(column) > 1:
            raise ValueError(f"Expected columns to have names of their own, got {column!r} twice.")
        if table.kind(column) == "times":
            raise _refusal_of_times(table, column)
        if not _is_of_numbers(table, column):
            encoding = _encoding(table, column, place)
            raise ValueError(
                f"Expected features to be numbers, got {table.dtype(column)} in column {column!r} of {place}. If it "
                f"tells series apart, pass by={column!r}; if it has one value per series, static=[{column!r}]; if it "
                f"labels steps, labels={column!r}. Otherwise drop it, or encode it as numbers{encoding}"
            )
    return features


def _refuse_names(table, columns, place):
    """An error if one of the columns that are read, which other places have told, is no number."""
    for column in columns:
        if not _is_of_numbers(table, column):
            raise ValueError(
                f"Expected features to be numbers, got {table.dtype(column)} in column {column!r} of {place}. Encode "
                f"it as in series{_encoding(table, column, place)}"
            )


def _is_of_numbers(table, column):
    return table.kind(column) == "numbers" or _holds_numbers(table.values(column))


def _encoding(table, column, place):
    """How a message ends: the line that makes a column of zeros and ones for each name, if `place` is a whole table."""
    line = table.dummies(column, place) if place.isidentifier() else None
    return "." if line is None else f": {line}. Where known names it, name the new columns."


def _holds_numbers(values):
    return values.dtype == object and all(is_number_type(type(value)) or is_missing(value) for value in values.tolist())


def _refusal_of_times(table, column):
    return ValueError(
        f"Expected features to be numbers, got {table.dtype(column)} in column {column!r}. If it is the time of the "
        f"steps, pass time={column!r}; otherwise drop it, or convert it to numbers."
    )


def _refuse_times(frame, name):
    """Raise for a column of times, which is no feature; of other columns parsing tells."""
    try:
        table = as_table(frame)
    except TypeError:  # of a library that is read as numbers alone
        return
    for column in table.columns:
        if table.names.count(column) == 1 and table.kind(column) == "times":
            raise _refusal_of_times(table, column)


def _check_finite(panel, name, missing):
    values = panel.ragged.values
    for what, is_bad in (("infinity", np.isinf), ("NaN", np.isnan)):
        bad = is_bad(values)
        if not bad.any() or (what == "NaN" and missing == "keep"):
            continue
        row, feature = divmod(int(bad.argmax()), values.shape[1])
        step = row - panel.ragged.offsets[np.searchsorted(panel.ragged.offsets, row, side="right") - 1]
        stamp = "" if panel.stamps is None else f", {panel.shown_stamp(row)}"
        hint = ""
        if what == "NaN":
            hint = " gaps='nan' keeps missing values; fill them otherwise."
        raise ValueError(
            f"Input {name} contains {what} in {panel.at(row)}, step {step}{stamp}, feature "
            f"{shown(panel.names[feature]) if panel.names else feature}.{hint}"
        )


# --- the order of time ------------------------------------------------------------------------------------------------


def with_regular_steps(panel, gaps, name="series"):
    """The same series, with a row for each time step; and their `Calendar`, None if they have no times.

    gaps : "raise": a step without a row is an error; "nan": it gets a row of NaN

    Raises
    ------
    ValueError
        If times do not increase, or are not on a grid of equal steps. The message names the series and the stamp.
    """
    if panel.stamps is None:
        return panel, None
    check_order(panel, name)
    offsets = panel.ragged.offsets
    calendar = calendar_of(panel.stamps, offsets)
    if calendar is None:
        return panel, None
    if calendar.is_wall and panel.other_clock is not None:
        raise ValueError(
            f"Expected all series to be in one time zone, since a step is {calendar.words} of the clock there, got "
            f"another zone in sequence {panel.other_clock[0]}. To count by the clock of each: "
            f"{name} = [{panel.other_clock[1]} for x in {name}]"
        )
    numbers, phases = calendar.numbers(panel.stamps.values)
    lengths = panel.ragged.lengths
    off_grid = phases != np.repeat(phases[offsets[:-1]], lengths)
    off_grid |= phases < 0
    if off_grid.any():
        row = int(off_grid.argmax())
        raise ValueError(
            f"Expected a time step every {calendar.words}, got {panel.shown_stamp(row)} in {panel.at(row)}, which is "
            f"between two steps.{_hint_of_calendar(panel)} {_without_times(panel, name)}"
        )
    is_hole = numbers[1:] - numbers[:-1] != 1
    is_hole[offsets[1:-1] - 1] = False
    if not is_hole.any():
        return panel, calendar
    if gaps == "raise":
        row = int(is_hole.argmax())
        missing = calendar.values(numbers[row : row + 1] + 1, phases[row : row + 1])[0]
        n_missing = int((numbers[1:] - numbers[:-1])[is_hole].sum() - is_hole.sum())
        raise ValueError(
            f"Expected a time step every {calendar.words}, got none at {panel.stamps.shown(missing)} in "
            f"{panel.at(row)}, between {panel.shown_stamp(row)} and {panel.shown_stamp(row + 1)}; {n_missing} "
            f"{'is' if n_missing == 1 else 'are'} missing in all. gaps='nan' puts rows of NaN there."
            f"{_hint_of_weekends(panel, missing)} {_without_times(panel, name)}"
        )
    return _filled(panel, calendar, numbers, phases), calendar


def check_order(panel, name="series"):
    """Raise for times that do not increase within a series, or are missing."""
    values = panel.stamps.values
    if values.dtype.kind in "mM" and np.isnat(values).any():
        row = int(np.isnat(values).argmax())
        raise ValueError(f"Expected a time at each step, got NaT in row {row} of {panel.at(row)}.")
    wrong = values[1:] <= values[:-1]
    wrong[panel.ragged.offsets[1:-1] - 1] = False
    if not wrong.any():
        return
    row = int(wrong.argmax())
    stamp = panel.shown_stamp(row + 1)
    if values[row] == values[row + 1]:
        raise ValueError(f"Expected one step for each time, got two for {stamp} in {panel.at(row)}.")
    line = f"{name} = {name}.sort_index()"
    if not panel.origin.is_one:
        line = f"{name} = [x.sort_index() for x in {name}]"
    raise ValueError(
        f"Expected times that increase, got {stamp} after {panel.shown_stamp(row)} in {panel.at(row)}. "
        f"Sort the steps first: {line}"
    )


def _without_times(panel, name):
    """How series are read by position alone."""
    words = "If only the order of the steps counts, "
    if panel.origin.table is not None and panel.origin.by:
        return f"{words}sort the rows, drop the column of times, and leave time out."
    if panel.origin.table is not None and panel.origin.time in panel.origin.table.columns:
        return f"{words}sort the rows, drop the column {panel.origin.time!r}, and leave time out."
    if panel.origin.is_one:
        return f"{words}drop the times: {name} = {name}.reset_index(drop=True)"
    return f"{words}drop the times: {name} = [x.reset_index(drop=True) for x in {name}]"


def _hint_of_calendar(panel):
    if panel.stamps.library != "pandas" or panel.stamps.values.dtype.kind != "M":
        return ""
    return " A step that differences do not tell is read from the freq of a DatetimeIndex, such as 'BME'."


def _hint_of_weekends(panel, missing):
    if panel.stamps.values.dtype.kind != "M" or np.is_busday(missing.astype("M8[D]")):
        return ""
    return " Business days are told from two weekends on, or by freq='B' of a DatetimeIndex."


def _filled(panel, calendar, numbers, phases):
    """The series with a row of NaN in each hole."""
    ragged = panel.ragged
    first = numbers[ragged.offsets[:-1]]
    last = numbers[ragged.offsets[1:] - 1]
    lengths = last - first + 1
    offsets = offsets_of(lengths)
    starts = offsets[:-1] - first
    rows = numbers + np.repeat(starts, ragged.lengths)
    values = np.full((offsets[-1], ragged.n_features), np.nan, ragged.dtype)
    values[rows] = ragged.values
    every_number = np.arange(offsets[-1]) - np.repeat(starts, lengths)
    every_phase = np.repeat(phases[ragged.offsets[:-1]], lengths)
    stamps = calendar.values(every_number, every_phase)
    stamps[rows] = panel.stamps.values
    origin = panel.origin
    if origin.order is not None:
        order = np.full(offsets[-1], -1)
        order[rows] = origin.order
        origin = origin._replace(order=order)
    return panel._replace(ragged=Ragged(values, offsets), stamps=panel.stamps._replace(values=stamps), origin=origin)
