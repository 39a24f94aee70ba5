"""Tables of pandas, polars and pyarrow behind one interface; each makes sequences in its own kind of frame."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np

from .arrays import NUMERIC, WIDE, has_exact_dtype, may_be_rounded
from .columns import is_integer_dtype
from .containers import object_array
from .layouts import level_names
from .stamps import stamps_of_array, stamps_of_series

SEQUENCE = "sequence"
"""The column of sequences, beside columns of static values."""


def as_table(frame):
    """The table of a data frame, which is not changed.

    Every table has a length, and

    library : the name of its library
    columns : what features are taken from by default
    levels : names of the levels of a MultiIndex of the rows; empty without one
    names : everything that can be named
    values(name) : a NumPy array; missing numbers are NaN
    sortable(name) : an array whose order is that of time, if the column has one
    stamps(name) : the times in a column, `Stamps`
    kind(name) : "numbers", "times" or "others"
    sequences(columns, order, ends, stamps) : a frame for each run of rows in `order`, of which each ends in `ends`
    with_static(sequences, static, rows) : sequences beside static values, which stand in `rows`
    dropped(name), dropped_duplicates(names), filled(name, by), dummies(name, source) : code that mends a frame; None if
        it is no single line
    as_times(name, form), as_numbers(name, whole) : code that converts strings, by the format of dates

    Raises
    ------
    TypeError
        If `frame` is of no library that is known. The message says how to convert it.
    """
    if hasattr(frame, "to_native"):  # narwhals
        frame = frame.to_native()
    if _is_a(frame, "pandas", "Series"):
        frame = frame.to_frame("value" if frame.name is None else frame.name)
    if _is_a(frame, "pandas", "DataFrame"):
        return PandasTable(frame)
    if _is_a(frame, "polars", "DataFrame"):
        return PolarsTable(frame)
    if _is_a(frame, "pyarrow", "RecordBatch"):
        frame = sys.modules["pyarrow"].Table.from_batches([frame])
    if _is_a(frame, "pyarrow", "Table"):
        return ArrowTable(frame)
    raise TypeError(
        "Expected frame to be a DataFrame of pandas or polars, or a Table of pyarrow, "
        f"got {type(frame).__name__}.{_conversion(frame)}"
    )


def _is_a(frame, library, name):
    # An object of a library exists only if the library has been imported.
    return library in sys.modules and isinstance(frame, getattr(sys.modules[library], name))


def _conversion(frame):
    for method in ("collect", "compute", "to_pandas", "df", "read_all"):  # ibis, modin and cudf have to_pandas
        if hasattr(frame, method):
            return f" Pass frame.{method}()."
    is_matrix = len(getattr(frame, "shape", ())) == 2
    if isinstance(frame, Mapping | list) or is_matrix or getattr(getattr(frame, "dtype", None), "names", None):
        return " Pass pandas.DataFrame(frame)."
    return ""


def block_of(columns, order):
    """Columns of numbers as one array (n, F), in the dtype that they have in common."""
    # Integers beside missing values that floats do not hold are objects.
    columns = [column if column.dtype.kind in NUMERIC else column.astype(np.float64) for column in columns]
    block = np.empty((len(order), len(columns)), np.result_type(*{column.dtype for column in columns}))
    for k, column in enumerate(columns):
        block[:, k] = column[order]
    return block


def _have_one_dtype(columns):
    """Whether columns of numbers can be in one array without being rounded."""
    return all(column.dtype.kind in NUMERIC for column in columns) and has_exact_dtype(columns)


class PandasTable:
    """A DataFrame. The levels of its index can be named like columns."""

    library = "pandas"

    def __init__(self, frame):
        self._frame = frame
        self.columns = list(frame.columns)
        index_names = [name for name in frame.index.names if name is not None]
        self.names = [*self.columns, *index_names]
        self.levels = []
        if frame.index.nlevels > 1:
            self.levels = level_names(frame.index) or []

    def __len__(self):
        return len(self._frame)

    def values(self, name):
        series = self._series(name)
        dtype = series.dtype
        if isinstance(dtype, np.dtype) or dtype.kind not in "biuf":
            return series.to_numpy()
        # Nullable numbers, of pandas or pyarrow, and sparse ones.
        exact = np.dtype(getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", np.float64)))
        if exact.kind != "f" and series.isna().any():
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
            if not may_be_rounded(values):
                return values
            exact = np.dtype(object)
        return series.to_numpy(dtype=exact, na_value=np.nan)

    def sortable(self, name):
        series = self._series(name)
        if hasattr(series, "cat"):
            if not series.cat.ordered:
                return series.astype(object).to_numpy()
            codes = series.cat.codes.to_numpy()
            return np.where(codes < 0, np.nan, codes)
        if str(series.dtype).startswith("period"):
            series = series.dt.to_timestamp()
        if getattr(series.dtype, "tz", None) is not None:
            series = series.dt.tz_convert(None)
            return series.to_numpy()
        return self.values(name)

    def stamps(self, name):
        series = self._series(name)
        found = stamps_of_series(series)
        return stamps_of_array(self.values(name), name) if found is None else found

    def kind(self, name):
        dtype = self._series(name).dtype
        if dtype.kind in "biuf":
            return "numbers"
        if dtype.kind in "mM" or str(dtype).startswith("period"):
            return "times"
        return "others"

    def dtype(self, name):
        return self._series(name).dtype

    def sequences(self, columns, order, ends, stamps):
        pandas = sys.modules["pandas"]
        values = []
        if all(self.kind(name) == "numbers" for name in columns):
            values = [self.values(name) for name in columns]
        if values and _have_one_dtype(values):
            block = block_of(values, order)
            rows = pandas.DataFrame(block, columns=self._select(columns).columns, copy=False)
        else:
            rows = self._select(columns).take(order)
        # What orders the steps labels them: pandas resamples by it.
        rows.index = self._labels(stamps).take(order)
        return [rows.iloc[start:end] for start, end in _runs(ends)]

    def with_static(self, sequences, static, rows):
        X = self._select(static).take(rows).reset_index(drop=True)
        X.insert(0, SEQUENCE, object_array(sequences))
        return X

    def dropped(self, name):
        if name in self.columns:
            return f"frame = frame.dropna(subset=[{name!r}])"
        return f"frame = frame[frame.index.get_level_values({name!r}).notna()]"

    def dummies(self, name, source):
        return f"{source} = pandas.get_dummies({source}, columns=[{name!r}], dtype=float)"

    def dropped_duplicates(self, names):
        if set(names) <= set(self.columns):
            return f"frame = frame.drop_duplicates({names!r})"
        return f"frame = frame[~frame.reset_index()[{names!r}].duplicated().to_numpy()]"

    def filled(self, name, by):
        if name not in self.columns:
            return None
        return f"frame[{name!r}] = frame.groupby({by!r})[{name!r}].transform('first')"

    def as_times(self, name, form):
        if name in self.columns:
            return f"frame[{name!r}] = pandas.to_datetime(frame[{name!r}], format={form!r})"
        to_date = f"lambda text: pandas.to_datetime(text, format={form!r})"
        return f"frame = frame.rename(index={to_date}, level={name!r})"

    def as_numbers(self, name, whole):
        kind = "int" if whole else "float"
        if name in self.columns:
            return f"frame[{name!r}] = frame[{name!r}].astype({kind})"
        return f"frame = frame.rename(index={kind}, level={name!r})"

    def _series(self, name):
        if name in self.columns:
            return self._frame[name]
        return self._frame.index.get_level_values(name).to_series(index=range(len(self._frame)))

    def _select(self, names):
        frame = self._frame
        levels = [name for name in names if name not in self.columns]
        if levels:
            frame = frame.reset_index(level=levels)
        return frame[names]

    def _labels(self, names):
        pandas = sys.modules["pandas"]
        if not names:
            return self._frame.index
        if len(names) == 1:
            return pandas.Index(self._series(names[0]), name=names[0])
        return pandas.MultiIndex.from_arrays([self._series(name) for name in names], names=names)


class PolarsTable:
    """A DataFrame of polars."""

    library = "polars"
    levels = ()

    def __init__(self, frame):
        self._frame = frame
        self._polars = sys.modules["polars"]
        self.columns = frame.columns
        self.names = frame.columns

    def __len__(self):
        return len(self._frame)

    def values(self, name):
        column = self._frame[name]
        if self.kind(name) == "numbers":
            column = self._exact(column)
        if str(column.dtype) in WIDE or (column.dtype.is_integer() and column.null_count()):
            return np.array(column.to_list(), dtype=object)
        return column.to_numpy()

    def sortable(self, name):
        column = self._frame[name]
        if column.dtype == self._polars.Enum:
            return column.to_physical().to_numpy()
        return self.values(name) if column.dtype.is_integer() else column.to_numpy()

    def stamps(self, name):
        zone = getattr(self._frame.schema[name], "time_zone", None)
        return stamps_of_array(self.values(name), name, zone, "polars")

    def kind(self, name):
        dtype = self._frame.schema[name]
        if dtype.is_numeric() or dtype == self._polars.Boolean:
            return "numbers"
        if dtype.is_temporal():
            return "times"
        return "others"

    def dtype(self, name):
        return self._frame.schema[name]

    def sequences(self, columns, order, ends, stamps):
        rows = self._frame.select(columns)
        if all(self.kind(name) == "numbers" for name in columns):
            rows = rows.with_columns(self._exact(column) for column in rows)
        rows = rows[order]
        return [rows.slice(start, end - start) for start, end in _runs(ends)]

    def with_static(self, sequences, static, rows):
        polars = self._polars
        # Lists of structs keep names and dtypes, and can be pickled, unlike a column of objects.
        steps = polars.concat(sequences).to_struct(SEQUENCE)
        number = np.repeat(np.arange(len(sequences)), [len(sequence) for sequence in sequences])
        numbered = polars.DataFrame({"number": number, SEQUENCE: steps})
        lists = numbered.group_by("number", maintain_order=True).agg(SEQUENCE)
        return polars.DataFrame([lists[SEQUENCE], *self._frame.select(static)[rows]])

    def dropped(self, name):
        column = self._frame[name]
        test = "is_not_nan" if column.dtype.is_float() and not column.null_count() else "is_not_null"
        return f"frame = frame.filter(frame[{name!r}].{test}())"

    def dummies(self, name, source):
        return f"{source} = {source}.to_dummies({name!r})"

    def dropped_duplicates(self, names):
        return f"frame = frame.unique({names!r}, keep='first', maintain_order=True)"

    def filled(self, name, by):
        return f"frame = frame.with_columns(polars.col({name!r}).drop_nulls().first().over({by!r}))"

    def as_times(self, name, form):
        form = form.replace(".%f", "%.f")  # %f alone would be nanoseconds
        return f"frame = frame.with_columns(frame[{name!r}].str.to_datetime({form!r}))"

    def as_numbers(self, name, whole):
        return f"frame = frame.with_columns(frame[{name!r}].cast(polars.{'Int64' if whole else 'Float64'}))"

    def _exact(self, column):
        """A column of numbers without what NumPy has no dtype for."""
        nothing = column.dtype.is_integer() or column.dtype == self._polars.Boolean
        if column.dtype.is_decimal() or (nothing and column.null_count()):
            floats = column.cast(self._polars.Float64)
            return column if nothing and may_be_rounded(floats.to_numpy()) else floats
        return column


class ArrowTable:
    """A Table of pyarrow."""

    library = "pyarrow"
    levels = ()

    def __init__(self, frame):
        self._frame = frame
        self._pyarrow = sys.modules["pyarrow"]
        self.columns = list(frame.column_names)
        self.names = self.columns

    def __len__(self):
        return self._frame.num_rows

    def values(self, name):
        column = self._frame[name]
        types = self._pyarrow.types
        if types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if types.is_decimal(column.type) or (types.is_boolean(column.type) and column.null_count):
            column = column.cast(self._pyarrow.float64())
        values = column.to_numpy()
        if may_be_rounded(values) and is_integer_dtype(column.type):
            return np.array(column.to_pylist(), dtype=object)
        return values

    sortable = values

    def stamps(self, name):
        zone = getattr(self._frame.schema.field(name).type, "tz", None)
        return stamps_of_array(self.values(name), name, zone, "pyarrow")

    def kind(self, name):
        types = self._pyarrow.types
        kind = self._frame.schema.field(name).type
        if any(test(kind) for test in (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)):
            return "numbers"
        return "times" if types.is_temporal(kind) else "others"

    def dtype(self, name):
        return self._frame.schema.field(name).type

    def sequences(self, columns, order, ends, stamps):
        # Copies: a pickle of a slice of a table would hold all of its rows.
        ordered = []
        if all(self.kind(name) == "numbers" for name in columns):
            ordered = [self.values(name)[order] for name in columns]
        if not ordered or any(column.dtype == object for column in ordered):
            rows = self._frame.select(columns)
            return [rows.take(order[start:end]) for start, end in _runs(ends)]
        return [
            self._pyarrow.table([column[start:end] for column in ordered], names=columns) for start, end in _runs(ends)
        ]

    def with_static(self, sequences, static, rows):
        # scikit-learn before 1.9 could not split a table with such columns.
        X = np.empty((len(sequences), 1 + len(static)), dtype=object)
        X[:, 0] = object_array(sequences)
        for k, name in enumerate(static, start=1):
            X[:, k] = self.values(name)[rows]
        return X

    def dropped(self, name):
        return f"frame = frame.filter(frame[{name!r}].is_valid())"

    def dummies(self, name, source):
        return None

    def dropped_duplicates(self, names):
        return None

    def filled(self, name, by):
        return None

    def as_times(self, name, form):
        if "%f" in form:  # unknown there
            return None
        return self._replaced(name, f"pyarrow.compute.strptime(frame[{name!r}], {form!r}, 'us')")

    def as_numbers(self, name, whole):
        return self._replaced(name, f"frame[{name!r}].cast({'int64' if whole else 'float64'!r})")

    def _replaced(self, name, column):
        return f"frame = frame.set_column(frame.column_names.index({name!r}), {name!r}, {column})"


def _runs(ends):
    ends = ends.tolist()
    return zip([0, *ends[:-1]], ends, strict=True)
