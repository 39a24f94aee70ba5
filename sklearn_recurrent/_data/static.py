"""Static values: numbers of a table that stand beside its sequences, and belong to a sequence as a whole."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

import numpy as np

from .arrays import DURATIONS, NUMERIC, STRINGS, TIMES, is_missing, is_number_type, plain, refusal
from .columns import as_frame, dtypes_of, is_category_dtype, is_frame, is_pandas_type, is_polars_type, values_of_column
from .containers import cells_of, columns_of_sequences, label_of, object_array, select_columns, shape_of
from .sequences import as_array


class Table(NamedTuple):
    """What the columns of an X are.

    sequences : a container of sequences
    static (n, k) : static values, float64; None if there are none
    static_columns : the columns of static values as they came, for their names
    columns, labels : their numbers, and what ColumnTransformer calls them
    features : if each of several columns of sequences is a feature, these columns as they came, for their names
    """

    sequences: Any
    static: np.ndarray | None = None
    static_columns: Any = None
    columns: tuple = ()
    labels: tuple = ()
    features: Any = None


def split_table(X):
    """The columns of a table apart: a `Table`. Any other X is a container of sequences itself.

    Raises
    ------
    ValueError
        If a static value is no finite number, or if several columns hold sequences of unequal length. The message names
        the column and the sequence.
    """
    may_be_table = isinstance(X, np.ndarray) or is_frame(X)  # the shape of others may be lazy, or an error
    shape = shape_of(X) if may_be_table else ()
    columns = columns_of_sequences(X) if len(shape) == 2 and shape[1] > 1 else ()
    if not columns:
        return Table(X)
    found = Table(select_columns(X, columns))
    if len(columns) > 1:
        stacked = _side_by_side(X, columns)
        is_series = stacked[0].shape[1] == len(columns)
        found = Table(stacked, features=found.sequences if is_series else None)
    others = [j for j in range(shape[1]) if j not in columns]
    if not others:
        return found
    return found._replace(
        static=np.column_stack([_numbers(Column(X, j)) for j in others]),
        static_columns=select_columns(X, others),
        columns=tuple(others),
        labels=tuple(label_of(X, j) for j in others),
    )


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
    """Columns of sequences, equally long within a row, as the features of one sequence each: a 1-D object array."""
    sequences = []
    for row, cells in enumerate(zip(*(cells_of(X, j) for j in columns), strict=True)):
        arrays = [as_array(row, cell, None) for cell in cells]
        for j, array in zip(columns, arrays, strict=True):
            if len(array) != len(arrays[0]):
                raise ValueError(
                    "Expected several columns of sequences, which are features of one, to be equally long within a "
                    f"row, got {len(arrays[0])} steps in column {label_of(X, columns[0])!r} and {len(array)} in "
                    f"column {label_of(X, j)!r} for sequence {row}."
                )
        sequences.append(np.column_stack(arrays))
    return object_array(sequences)
