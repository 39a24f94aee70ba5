"""Long tables, of one row per time step: the sequences, targets and groups in them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
from sklearn.utils import Bunch

from .arrays import NUMERIC, has_exact_dtype, holds_dates, is_date, is_no_value
from .containers import object_array
from .layouts import level_names
from .tables import SEQUENCE, as_table
from .warnings import warn_of_data


def sequences_from_frame(
    frame,
    *,
    by,
    columns=None,
    sort_by=None,
    target=None,
    static=None,
    groups=None,
    target_per: Literal["sequence", "step"] | str = "sequence",
) -> Bunch:
    """Make sequences from a long table, which has one row per time step.

    Parameters
    ----------
    frame : DataFrame of pandas or polars, or Table of pyarrow
        The rows of a sequence may be anywhere. In a pandas frame, the levels of the index can be named like columns.
    by : str or list of str
        The column that tells the sequences apart, or the columns that do so together.
    columns : str or list of str, default=None
        The features. None means all columns that no other parameter names.
    sort_by : str or list of str, default=None
        The columns that order the steps within a sequence: numbers, dates or times. None keeps the order of the rows.
        If `by` names levels of a MultiIndex, its other levels are the default.
    target : str or list of str, default=None
        The column of targets, or several.
    static : str or list of str, default=None
        Columns with one value per sequence, which become columns of `X` beside the sequences.
    groups : str, default=None
        The column with the group of each sequence, for splitters such as GroupKFold.
    target_per : {"sequence", "step"}, default="sequence"
        Whether a sequence has one target, which its rows repeat, or each time step has its own, for
        ``return_sequences=True``.

    Returns
    -------
    data : Bunch
        A dictionary with attributes:

        X : ndarray of shape (n,), dtype object; or frame of shape (n, 1 + n_static)
            A frame for each sequence, of the library of `frame`, with the columns of features. With `static`, a frame
            with these in the column "sequence", followed by the static columns. See the Notes.
        y : ndarray of shape (n,) or (n, n_targets), or None
            Targets. With ``target_per="step"`` an object array of arrays ``(T_i,)`` or ``(T_i, n_targets)``.
        groups : ndarray of shape (n,), or None
            Groups.
        index : ndarray of shape (n,)
            Which sequence is which: the value of `by`, or a tuple of the values of several columns.

    Raises
    ------
    TypeError
        If `frame` is of another kind.
    ValueError
        If a name is unknown; if `by`, `sort_by`, `groups` or a target per sequence has missing values; if a value of
        `sort_by` is there twice in a sequence; if a target per sequence, a static value or a group changes within a
        sequence; if features are dates or times; or if a target per sequence is also a feature, or a target or `by`
        also static. The message names the sequence.

    See Also
    --------
    as_sequences : Sequences from lists of arrays and from padded arrays.
    sliding_windows : Windows of time series; it also takes a frame with a MultiIndex.

    Notes
    -----
    Sequences are in the order in which they first appear in `frame`.

    Features that are all numbers get one dtype, and missing numbers become NaN. If others are among them, such as
    strings or categories, or integers that this dtype would round, all columns keep their dtypes. The sequences are
    frames, so that estimators know the names of the features and refuse others. In pandas, `sort_by` becomes their
    index.

    With `static`, `X` is of the library of `frame`. In a frame of polars, each sequence is a list of structs. For a
    Table of pyarrow, `X` is an object array of shape (n, 1 + n_static), which has no names.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_recurrent import sequences_from_frame
    >>> table = pd.DataFrame({
    ...     "pump": ["a", "b", "a", "b", "b"],
    ...     "hour": [2, 1, 1, 3, 2],
    ...     "flow": [0.5, 0.1, 0.4, 0.3, 0.2],
    ...     "failed": [True, False, True, False, False],
    ... })
    >>> data = sequences_from_frame(table, by="pump", sort_by="hour", target="failed")
    >>> data.index, data.y
    (array(['a', 'b'], dtype=object), array([ True, False]))
    >>> data.X[0]["flow"].to_dict()
    {1: 0.4, 2: 0.5}

    Then ``LSTMClassifier().fit(data.X, data.y)``.
    """
    if target_per not in ("sequence", "step"):
        raise ValueError(f"Expected target_per to be 'sequence' or 'step', got {target_per!r}.")
    table = as_table(frame)
    roles = _roles(table, by=by, columns=columns, sort_by=sort_by, target=target, static=static, groups=groups)
    _refuse_giveaways(roles, target_per)
    rows = sorted_rows(table, roles.by, roles.sort_by)
    _warn_of_single_steps(rows, by)
    X = table.sequences(_features(table, roles), rows.order, rows.ends, roles.sort_by)
    if roles.static:
        for name in roles.static:
            refuse_changes(table, rows, roles.by, name, "static column", "Name values that change in columns.")
        X = table.with_static(X, roles.static, rows.first)
    else:
        X = object_array(X)
    y = None
    if roles.target:
        y = _targets(table, rows, roles, target_per)
        if _is_one(table, target):
            y = y[:, 0]
        if target_per == "step":
            y = object_array(np.split(y, rows.ends[:-1]))
    found_groups = None
    for name in roles.groups:
        _refuse_missing(table, rows, roles, name, "group")
        refuse_changes(table, rows, roles.by, name, "column of groups", "")
        found_groups = table.values(name)[rows.first]
    return Bunch(X=X, y=y, groups=found_groups, index=rows.keys)


def instances_of(X):
    """The instances of a frame or Series with a MultiIndex, each in the order of time.

    The last level is time; the others say which instance a row belongs to.

    Returns
    -------
    instances : list of frames; of 1-D arrays if `X` is a Series
        In the order in which they first appear.
    """
    if level_names(X.index) is None:
        X = X.rename_axis([f"level_{number}" for number in range(X.index.nlevels)])
    table = as_table(X)
    *by, time = table.levels
    rows = sorted_rows(table, by, [time])
    if not hasattr(X, "columns"):
        return np.split(table.values(table.columns[0])[rows.order], rows.ends[:-1])
    return table.sequences(table.columns, rows.order, rows.ends, [time])


# --- what columns are for ---------------------------------------------------------------------------------------------


TELLING = 10
"""Sequences of a single step that make a warning; fewer may be the first steps of a stream."""


class _Roles(NamedTuple):
    """Lists of names; empty for what was not asked for."""

    by: list
    columns: list
    sort_by: list
    target: list
    static: list
    groups: list


def _roles(table, **given):
    roles = {role: names_of(table, role, names) for role, names in given.items()}
    if not roles["by"]:
        raise ValueError("Expected by to name at least one column, got none.")
    if len(roles["groups"]) > 1:
        raise ValueError(f"Expected groups to name one column, got {given['groups']!r}.")
    if SEQUENCE in roles["static"]:
        raise ValueError(
            f"Expected no static column with the name {SEQUENCE!r}, which the column of sequences has, got one. "
            "Rename it."
        )
    if given["sort_by"] is None and set(roles["by"]) < set(table.levels):
        roles["sort_by"] = [level for level in table.levels if level not in roles["by"]]
    return _Roles(**roles)


def _refuse_giveaways(roles, target_per):
    """Raise if the network would read what it is to predict, or which sequence is which.

    A target of each step may be a feature: it may be moved by some steps later, for a forecast.
    """
    giveaways = [("target", "static", "what it is to predict"), ("by", "static", "which sequence is which")]
    if target_per == "sequence":
        giveaways.append(("target", "columns", "what it is to predict"))
    for role, other, what in giveaways:
        repeated = [name for name in getattr(roles, role) if name in getattr(roles, other)]
        if repeated:
            raise ValueError(
                f"Expected {role} to name no column of {other}, got {repeated[0]!r} in both: the network would read "
                f"{what}. Leave it out of {other}."
            )


def names_of(table, role, names):
    """What plays a role, as a list of names, each of which `table` has once."""
    if names is None:
        return []
    names = [names] if _is_one(table, names) else list(names)
    for name in names:
        count = table.names.count(name)
        if not count:
            raise ValueError(f"Expected {role} to name columns of frame, which are {table.names}, got {name!r}.")
        if count > 1:
            raise ValueError(f"Expected one column or level with the name {name!r}, got {count}. Rename the others.")
    return names


def _is_one(table, names):
    """Whether `names` is a single name; in pandas it may be a tuple."""
    if isinstance(names, tuple):
        return names in table.names
    return isinstance(names, str) or not np.iterable(names)


def _features(table, roles):
    if roles.columns:
        names = roles.columns
    else:
        named = {name for names in roles for name in names}
        names = [name for name in table.columns if name not in named]
        repeated = [name for name in names if table.names.count(name) > 1]
        if repeated:
            raise ValueError(f"Expected columns to have names of their own, got {repeated[0]!r} twice.")
    if not names:
        raise ValueError("Expected at least one column of features, got none beside those that are named otherwise.")
    _refuse_times(table, roles, names)
    return names


def _refuse_times(table, roles, names):
    """Raise if features are times; also if they are strings of these, unless the steps have an order already."""
    times = {name: str(table.dtype(name)) for name in names if table.kind(name) == "times"}
    if not roles.sort_by:
        others = [name for name in names if table.kind(name) == "others"]
        times |= {name: "times as strings" for name in others if holds_dates(table.values(name))}
    if not times:
        return
    name = next(iter(times))
    others = [name for name in names if name not in times]
    hint = f"Pass columns={others!r}, or convert it to numbers."
    if not roles.sort_by:
        hint = f"If it orders the steps, pass sort_by={name!r}; otherwise columns={others!r}."
    raise ValueError(f"Expected features to be numbers or categories, got {times[name]} in column {name!r}. {hint}")


# --- which rows are a sequence ----------------------------------------------------------------------------------------


class Rows(NamedTuple):
    """Rows of a table, sequence by sequence.

    order : the numbers of the rows, in the order of the steps
    ends : where each sequence ends in `order`
    first : the number of the first row of each sequence
    keys : the value of `by` of each sequence, or a tuple of several
    """

    order: np.ndarray
    ends: np.ndarray
    first: np.ndarray
    keys: np.ndarray

    def key(self, position):
        """The key of the sequence that a position of `order` belongs to, for a message."""
        return shown(self.keys[np.searchsorted(self.ends, position, side="right")])

    def inner(self, changes):
        """Where values change from one row of `order` to the next, but for the start of a sequence."""
        changes[self.ends[:-1] - 1] = False
        return changes


def sorted_rows(table, by, sort_by, role="sort_by"):
    """The rows of each sequence in the order of `sort_by`, whose role a message names.

    Without `by` all rows are one sequence, with the key 0.
    """
    values = [table.values(name) for name in by]
    n_rows = len(values[0] if by else table)
    if not n_rows:
        raise ValueError("Expected frame to have at least one row, got none.")
    codes = np.zeros(n_rows, np.int64)
    for name, column in zip(by, values, strict=True):
        found, n_codes = _codes(column, name)
        missing = found < 0
        if missing.any():
            row = int(missing.argmax())
            raise ValueError(
                f"Expected a value of {name!r} in each row, got {shown(column[row])} in row {row}."
                f"{_hint('Leave such rows out', table.dropped(name))}"
            )
        codes, _ = _codes(codes * n_codes + found, name)
    first = np.unique(codes, return_index=True)[1]
    if not by:
        keys = np.zeros(1, np.int64)
    elif len(by) == 1:
        keys = values[0][first]
    else:
        keys = object_array(list(zip(*(_entries(column[first]) for column in values), strict=True)))
    ends = np.cumsum(np.bincount(codes))
    if not sort_by:
        return Rows(np.argsort(codes, kind="stable"), ends, first, keys)
    ranks = [_ranks(table, name, codes, keys) for name in sort_by]
    order = np.lexsort((*ranks[::-1], codes))
    rows = Rows(order, ends, order[ends - np.bincount(codes)], keys)
    _refuse_equal_steps(table, rows, by, sort_by, ranks, role)
    return rows


def _warn_of_single_steps(rows, by):
    if TELLING <= len(rows.order) == len(rows.ends):
        warn_of_data(
            f"Each sequence has a single time step, since no two rows share a value of by={by!r}. Name the column that "
            "tells sequences apart in by, and the one that orders their steps in sort_by."
        )


def _codes(values, name):
    """A number for each distinct value, by first appearance, and -1 for missing ones; how many numbers there are."""
    if values.dtype.kind in "biufmM":
        _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
        code_of = np.empty(len(first), np.int64)
        code_of[np.argsort(first)] = np.arange(len(first))
        codes = code_of[inverse.reshape(-1)]
        n_codes = len(first)
        if values.dtype.kind in "fmM":
            codes[np.isnan(values)] = -1
        return codes, n_codes
    found = {}
    try:
        codes = np.fromiter((found.setdefault(value, len(found)) for value in values.tolist()), np.int64, len(values))
    except TypeError as error:
        raise ValueError(f"Expected {name!r} to hold single values, got others: {error}.") from error
    missing = [code for value, code in found.items() if is_no_value(value)]
    codes[np.isin(codes, missing)] = -1
    return codes, len(found)


def _entries(values):
    """The values as Python objects; dates stay what they are."""
    return list(values) if values.dtype.kind in "mM" else values.tolist()


def shown(value):
    """A value for a message, without NumPy's types."""
    if isinstance(value, np.generic):
        if value.dtype.kind in "mM":
            return str(value)
        value = value.item()
    return repr(value) if isinstance(value, str | tuple) else str(value)


# --- the order of steps -----------------------------------------------------------------------------------------------


def _ranks(table, name, codes, keys):
    """Numbers in the order of a column of stamps."""
    values = table.sortable(name)
    missing = _codes(values, name)[0] < 0
    if missing.any():
        row = int(missing.argmax())
        raise ValueError(
            f"Expected a value of {name!r} at each step, got {shown(values[row])} in row {row}, "
            f"sequence {shown(keys[codes[row]])}.{_hint('Leave such rows out', table.dropped(name))}"
        )
    if values.dtype.kind in "mM":
        return values.view(np.int64)
    if values.dtype.kind in "biuf":
        return values
    stamps = list(dict.fromkeys(values.tolist()))
    if all(isinstance(stamp, str) for stamp in stamps):
        return _dates(table, name, values, stamps)
    try:
        rank_of = {stamp: rank for rank, stamp in enumerate(sorted(stamps))}
    except TypeError as error:
        raise ValueError(f"Expected values of {name!r} that can be ordered, got others: {error}.") from error
    return np.array([rank_of[stamp] for stamp in values.tolist()])


def _dates(table, name, values, stamps):
    """Strings as dates. They are read only in the form that has one meaning; sorted as strings, most go wrong."""
    odd = [stamp for stamp in stamps if not is_date(stamp)]
    if not odd:
        try:
            return np.array(values.tolist(), dtype="M8").view(np.int64)  # in the finest unit that one of them has
        except ValueError as error:
            odd = [str(error)]
    raise ValueError(
        f"Expected {name!r} to hold numbers, dates or times, got strings such as {odd[0]!r}, whose alphabetical order "
        f"may be another. Convert them first{_conversion(table, name, stamps)}."
    )


_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DAYS = (
    *("%d.%m.%Y", "%d.%m.%y", "%Y.%m.%d"),
    *("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%Y/%m/%d"),
    *("%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d"),
    *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
)
_TIMES = ("", *(f"{gap}{time}" for gap in (" ", "T") for time in ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")))
_TIMES_OF_DAY = (" %I:%M %p", " %I:%M:%S %p")
FORMATS = tuple(f"{date}{time}" for date in _DAYS for time in (*_TIMES, *_TIMES_OF_DAY))
"""Formats of dates that a message may propose."""


def _conversion(table, name, stamps):
    """How to convert strings: code that makes numbers of them, or times if all have one format; else words alone."""
    if all(_NUMBER.fullmatch(stamp) for stamp in stamps):
        return f", to numbers: {table.as_numbers(name, whole=not any('.' in stamp for stamp in stamps))}"
    lines = {form: table.as_times(name, form) for form in _formats(stamps)}
    if not lines or None in lines.values():
        return " to numbers or times"
    if len(lines) == 1:
        return f", dates by their format: {', '.join(lines.values())}"
    return f", dates by their format: {', or '.join(f'{line}, if it is {form!r}' for form, line in lines.items())}"


def _formats(stamps):
    """The formats that all stamps have; one of those that read them alike."""
    found = {}
    for form in FORMATS:
        try:
            times = tuple(datetime.strptime(stamp, form) for stamp in stamps)
        except ValueError:
            continue
        found.setdefault(times, form)
    return list(found.values())


def _refuse_equal_steps(table, rows, by, sort_by, ranks, role):
    equal = np.ones(len(rows.order) - 1, bool)
    for rank in ranks:
        equal &= rank[rows.order][1:] == rank[rows.order][:-1]
    equal = rows.inner(equal)
    if not equal.any():
        return
    position = int(equal.argmax())
    row = rows.order[position]
    other = rows.order[position + 1]
    stamp = ", ".join(f"{name}={shown(table.values(name)[row])}" for name in sort_by)
    raise ValueError(
        f"Expected one step for each value of {role}, got two for {stamp} in sequence {rows.key(position)}, rows "
        f"{row} and {other}. If they belong to two sequences, add the column that tells these apart to by."
        f"{_hint('If they are copies, drop them', table.dropped_duplicates([*by, *sort_by]))}"
    )


def _hint(words, code):
    return f" {words}: {code}." if code else ""


# --- what a sequence has once -----------------------------------------------------------------------------------------


def _targets(table, rows, roles, target_per):
    """Targets (n, k), of sequences or of steps."""
    chosen = rows.order
    if target_per == "sequence":
        chosen = rows.first
        for name in roles.target:
            _refuse_missing(table, rows, roles, name, "target")
            hint = "For a target for each time step pass target_per='step'."
            refuse_changes(table, rows, roles.by, name, "target", hint)
    columns = [table.values(name)[chosen] for name in roles.target]
    are_numbers = all(column.dtype.kind in NUMERIC for column in columns)
    if not (are_numbers and has_exact_dtype(columns)) and len({column.dtype for column in columns}) > 1:
        columns = [column.astype(object) for column in columns]
    return np.column_stack(columns)


def refuse_changes(table, rows, by, name, what, hint):
    codes, _ = _codes(table.values(name), name)
    codes = codes[rows.order]
    changes = rows.inner(codes[1:] != codes[:-1])
    if not changes.any():
        return
    position = int(changes.argmax())
    if -1 in codes[position : position + 2]:
        missing = position + int(codes[position] >= 0)
        filled = table.filled(name, by) if by else None
        raise ValueError(
            f"Expected {what} {name!r} in each row of a sequence, or in none, got "
            f"{shown(table.values(name)[rows.order[missing]])} in sequence {rows.key(position)}, which has a value in "
            f"other rows.{_hint('Fill the rows without it', filled)}"
        )
    before, after = table.values(name)[rows.order[position : position + 2]]
    raise ValueError(
        f"Expected {what} {name!r} to have one value in each sequence, got {shown(before)} and {shown(after)} in "
        f"sequence {rows.key(position)}. {hint}".rstrip()
    )


def _refuse_missing(table, rows, roles, name, what):
    values = table.values(name)
    missing = (_codes(values, name)[0] < 0)[rows.order]
    if not missing.any():
        return
    position = int(missing.argmax())
    sequence = int(np.searchsorted(rows.ends, position, side="right"))
    start = rows.ends[sequence - 1] if sequence else 0
    if missing[start : rows.ends[sequence]].all():
        hint = _hint("Leave out the rows of such sequences", table.dropped(name))
    else:
        hint = _hint("If some rows of a sequence have it, fill the others", table.filled(name, roles.by))
    raise ValueError(
        f"Expected a {what} {name!r} in each row, got {shown(values[rows.order[position]])} in sequence "
        f"{rows.key(position)}.{hint}"
    )
