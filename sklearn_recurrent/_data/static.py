"""Static values: numbers of a table that stand beside its sequences, and belong to a sequence as a whole."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

import numpy as np

from .arrays import DURATIONS, NUMERIC, STRINGS, TIMES, is_missing, is_number_type, plain, refusal
from .categories import Columns, columns_of
from .columns import (
    as_frame,
    column_names,
    dtypes_of,
    frame_of_names,
    is_category_dtype,
    is_frame,
    is_pandas_type,
    is_polars_type,
    named_frame,
    values_of_column,
)
from .containers import columns_of_sequences, label_of, object_array, select_columns, shape_of
from .layouts import contents_of
from .sequences import as_array


class Table(NamedTuple):
    """What the columns of an X are.

    sequences : a container of sequences; or their `Columns`, if several columns hold them and these are asked for
    static (n, k) : static values, float64; None if there are none
    static_columns : the columns of static values as they came, for their names
    columns, labels : their numbers, and what ColumnTransformer calls them
    features : a frame whose columns have the names of the features that stand in several columns; None if there is none
    """

    sequences: Any
    static: np.ndarray | None = None
    static_columns: Any = None
    columns: tuple = ()
    labels: tuple = ()
    features: Any = None


def split_table(X, *, as_columns=False):
    """The columns of a table apart: a `Table`. Any other X is a container of sequences itself.

    as_columns : whether several columns of sequences become `Columns`, of any dtype, and not sequences of numbers

    Raises
    ------
    ValueError
        If a static value is no finite number; or if several columns hold sequences of unequal length, or a column holds
        frames of other columns. The message names the column and the sequence.
    """
    columns, others = columns_of_table(X)
    if not columns:
        return Table(X)
    if len(columns) == 1:
        found = Table(select_columns(X, columns))
    else:
        found = _columns_side_by_side(X, columns) if as_columns else _side_by_side(X, columns)
    if not others:
        return found
    return found._replace(
        static=np.column_stack([_numbers(Column(X, j)) for j in others]),
        static_columns=select_columns(X, others),
        columns=tuple(others),
        labels=tuple(label_of(X, j) for j in others),
    )


def columns_of_table(X):
    """The numbers of the columns that hold sequences, and of those beside them; both are empty if X is no table."""
    may_be_table = isinstance(X, np.ndarray) or is_frame(X)  # the shape of others may be lazy, or an error
    shape = shape_of(X) if may_be_table else ()
    columns = columns_of_sequences(X) if len(shape) == 2 and shape[1] > 1 else ()
    return columns, [j for j in range(shape[1]) if j not in columns] if columns else []


def without_columns(X, columns):
    """Code for a table without some of its columns."""
    if isinstance(X, np.ndarray):
        return f"np.delete(X, {list(columns)}, axis=1)"
    labels = [label_of(X, j) for j in columns]
    kind = type(as_frame(X))
    if is_pandas_type(kind):
        are_names = all(isinstance(label, str) for label in labels)
        return f"X.drop(columns={labels if are_names else f'X.columns[{labels}]'})"
    return f"X.drop({labels})" if is_polars_type(kind) else f"X.drop_columns({labels})"


def numbers_of_streams(static):
    """Static values that come by themselves, a frame or an array, as float64, (n, k) or (k,)."""
    if not is_frame(static):
        static = plain(static)
    shape = shape_of(static)
    if len(shape) != 2:
        return _numbers(Column(static.reshape(-1, 1), 0, "static", "number")).reshape(shape)
    if not shape[1]:
        return np.empty(shape)
    return np.column_stack([_numbers(Column(static, j, "static", "stream")) for j in range(shape[1])])


# --- numbers ----------------------------------------------------------------------------------------------------------


class Column(NamedTuple):
    """A column of a table, and what to say of its values.

    X : frame or array
    j : its number
    name : of X in the message of an error
    row : what a row stands for
    """

    X: Any
    j: int
    name: str = "X"
    row: str = "sequence"

    @property
    def label(self):
        return label_of(self.X, self.j)

    def values(self):
        """An array in its own dtype. A missing number is NaN."""
        if not isinstance(self.X, np.ndarray):
            return values_of_column(as_frame(self.X), self.j)
        return plain(self.X[:, self.j])

    def holds_categories(self):
        return not isinstance(self.X, np.ndarray) and is_category_dtype(list(dtypes_of(as_frame(self.X)))[self.j])

    def at(self, row):
        return f"column {self.label!r} of {self.name}, {self.row} {row}"

    def by(self, what, transformer):
        """How a transformer makes numbers of the column, in words and code."""
        if self.name != "X":
            return ""
        columns = f"ColumnTransformer([('static', {transformer}, [{self.label!r}])], remainder='passthrough')"
        return f"Drop the column, or {what} it, best in a Pipeline: X = {columns}.fit_transform(X)"

    def of_times(self, cell):
        """The same for times and durations, by their own methods."""
        if self.name != "X":
            return ""
        method = "timestamp()"
        if isinstance(cell, DURATIONS):
            method = "total_seconds()"
        elif isinstance(cell, datetime.time):
            method = "hour"
        elif isinstance(cell, datetime.date) and not isinstance(cell, datetime.datetime):
            method = "toordinal()"
        kind = type(as_frame(self.X))
        if is_polars_type(kind):
            method = {"total_seconds()": "total_seconds()", "hour": "hour()"}.get(method, "epoch('s')")
            return f"Convert them: X = X.with_columns(X[{self.label!r}].dt.{method})"
        if is_pandas_type(kind):
            function = f"lambda t: t.{method} if t == t else float('nan')"
            return f"Convert them: X[{self.label!r}] = X[{self.label!r}].map({function})"
        if isinstance(self.X, np.ndarray):
            return f"Convert them: X[:, {self.j}] = [t.{method} for t in X[:, {self.j}]]"
        return "Convert them to numbers, such as seconds."


def _numbers(column):
    """The values of a `Column`, if they are finite numbers, as float64; otherwise an error."""
    values = column.values()
    if column.holds_categories():  # which are no quantities, not even numbers
        raise refusal(column.at(0), f"the category {values.tolist()[0]!r}", column.by("encode", ENCODER))
    if values.ndim != 1:
        raise refusal(column.at(0), "a structure of several", "")
    if values.dtype.kind not in NUMERIC:
        values = _numbers_of_objects(list(values) if values.dtype.kind in "mM" else values.tolist(), column)
    values = values.astype(np.float64)
    finite = np.isfinite(values)
    if finite.all():
        return values
    row = int(finite.argmin())
    what = "infinity"
    mend = ""
    if np.isnan(values[row]):
        what = "NaN"
        mend = column.by("impute", "SimpleImputer()")
    place = f"column {column.label!r}, {column.row} {row}"
    raise ValueError(f"Input {column.name} contains {what} in {place}. {mend}".rstrip())


ENCODER = "OneHotEncoder(sparse_output=False)"  # a sparse result may make ColumnTransformer refuse the sequences


def _numbers_of_objects(cells, column):
    kinds = set(map(type, cells))
    if not kinds <= {float, int, bool}:  # else there is nothing to look for
        for row, cell in enumerate(cells):
            if not is_number_type(type(cell)) and not is_missing(cell):
                _refuse(cell, row, cells, column)
    return np.fromiter(map(_as_float, cells), np.float64, len(cells))


def _as_float(cell):
    if cell is np.ma.masked:
        return np.nan
    try:
        return float(cell)
    except OverflowError:  # a whole number beyond all floats
        return np.inf
    except TypeError:  # None, or pandas.NA
        return np.nan


def _refuse(cell, row, cells, column):
    """Raise an error for a cell that is no number, with what makes numbers of the column if all are of its kind."""
    found = type(cell).__name__
    mend = ""
    for kind, words in ((STRINGS, f"the string {cell!r}"), (DURATIONS, "a duration"), (TIMES, "a time")):
        if isinstance(cell, kind):
            found = words
            if all(isinstance(other, kind) or is_missing(other) for other in cells):
                mend = column.by("encode", ENCODER) if kind is STRINGS else column.of_times(cell)
    raise refusal(column.at(row), found, mend)


# --- several columns of sequences -------------------------------------------------------------------------------------


def _side_by_side(X, columns):
    """Columns of sequences, equally long within a row, as the features of one sequence each: a `Table` of arrays."""
    parts = [_cells(X, j) for j in columns]
    frames = [_named_frame(X, j, part) for j, part in zip(columns, parts, strict=True)]
    sequences = []
    for row, cells in enumerate(zip(*parts, strict=True)):
        arrays = [as_array(row, cell, None) for cell in cells]
        _check_equal_lengths(X, columns, row, [len(array) for array in arrays])
        sequences.append(np.column_stack(arrays))
    widths = [1 if array.ndim == 1 else array.shape[1] for array in arrays]
    return Table(object_array(sequences), features=_names_of_features(X, columns, frames, widths))


def _columns_side_by_side(X, columns):
    """The same as a `Table` of `Columns`."""
    frames = [_named_frame(X, j, _cells(X, j)) for j in columns]
    parts = [columns_of(select_columns(X, [j]), in_table=True) for j in columns]
    lengths = np.stack([np.diff(part.offsets) for part in parts], axis=1)
    for row in np.flatnonzero((lengths != lengths[:, :1]).any(axis=1))[:1].tolist():
        _check_equal_lengths(X, columns, row, lengths[row].tolist())
    features = _names_of_features(X, columns, frames, [part.n_features for part in parts])
    joined = Columns(
        [values for part in parts for values in part.values],
        parts[0].offsets,
        lambda: [is_one for part in parts for is_one in part.of_category_dtype()],
        frame=features,
    )
    return Table(joined, features=features)


def _cells(X, j):
    """The sequences in a column, a list."""
    return list(contents_of(select_columns(X, [j]), in_table=True)[1])


def _named_frame(X, j, cells):
    try:
        return named_frame(cells, None)
    except ValueError as error:
        raise ValueError(f"Column {label_of(X, j)!r} of X: {error}") from error


def _check_equal_lengths(X, columns, row, lengths):
    for j, length in zip(columns, lengths, strict=True):
        if length != lengths[0]:
            raise ValueError(
                "Expected several columns of sequences, which are features of one, to be equally long within a row, "
                f"got {lengths[0]} steps in column {label_of(X, columns[0])!r} and {length} in column "
                f"{label_of(X, j)!r} for sequence {row}."
            )


def _names_of_features(X, columns, frames, widths):
    """A frame whose columns have the names of the features that stand in some columns; None if not all have a name.

    frames : a frame with the names of the features in each column; None if they have none there
    widths : how many features each column holds
    """
    if set(widths) == {1}:
        return select_columns(X, columns) if is_frame(X) else None
    names = []
    for j, frame, width in zip(columns, frames, widths, strict=True):
        if frame is None and width > 1:
            return None
        names.append([label_of(X, j)] if frame is None else column_names(frame))
    flat = [name for some in names for name in some]
    if not all(isinstance(name, str) for name in flat):
        return None
    if len(set(flat)) < len(flat):
        flat = [f"{label_of(X, j)}__{name}" for j, some in zip(columns, names, strict=True) for name in some]
    return frame_of_names(flat, next(frame for frame in frames if frame is not None))
