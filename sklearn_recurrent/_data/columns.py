"""Data frames of any library: their columns, as numbers, and the names of these.

Libraries are told by what their objects can do. None is imported.
"""

from __future__ import annotations

import sys
from functools import cache, partial
from numbers import Integral
from reprlib import repr as short_repr

import numpy as np

from .arrays import NUMERIC, holds_dates, is_array_like, may_be_rounded, numbers, plain


@cache
def is_frame_type(kind):
    """Whether objects of this type are data frames: of pandas, polars, pyarrow, narwhals, or of a library like them."""
    return hasattr(kind, "columns") and (hasattr(kind, "to_numpy") or hasattr(kind, "column_names"))


@cache
def is_pandas_type(kind):
    """Whether objects of this type are data frames of pandas, or of a library like it."""
    return is_frame_type(kind) and hasattr(kind, "iloc")


@cache
def stand_in(kind):
    """What objects of this type may stand for a frame as; None if they do not."""
    if hasattr(kind, "to_native"):
        return "narwhals"
    name = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    return name if name in ("polars.Series", "pyarrow.RecordBatch", "pyarrow.StructArray") else None


def is_frame(x):
    """Whether `x` is a data frame, or stands for one."""
    kind = type(x)
    return is_frame_type(kind) or (stand_in(kind) is not None and is_frame_type(type(as_frame(x))))


def as_frame(x):
    """The data frame that `x` is, or stands for, since it holds records of named fields; otherwise `x` itself."""
    if stand_in(type(x)) == "narwhals":
        x = x.to_native()
    kind = stand_in(type(x))
    if kind == "polars.Series" and str(x.dtype).startswith("Struct("):
        return x.struct.unnest()
    if kind == "pyarrow.RecordBatch":
        return sys.modules["pyarrow"].Table.from_batches([x])
    if kind == "pyarrow.StructArray":
        return sys.modules["pyarrow"].Table.from_struct_array(x)
    return x


def column_names(frame):
    """The labels of the columns, a list."""
    if hasattr(type(frame), "column_names"):  # pyarrow, whose columns are arrays
        return frame.column_names
    columns = frame.columns
    return columns if type(columns) is list else columns.tolist()


def column(frame, j):
    """Column number `j` of a frame, as a series or an array of its library."""
    if is_pandas_type(type(frame)):
        return frame.iloc[:, j]
    if is_polars_type(type(frame)):
        return frame.to_series(j)
    return frame.column(j)


def select(frame, columns):
    """The frame of some columns, by their numbers."""
    if is_pandas_type(type(frame)):
        return frame.iloc[:, columns]
    if is_polars_type(type(frame)):
        return frame[:, columns]
    return frame.select(columns)


def frame_of_names(names, like):
    """A frame without rows whose columns have these names, of the library of the frame `like`."""
    kind = type(like)
    if is_pandas_type(kind):
        return kind(columns=names)
    if is_polars_type(kind):
        return kind(schema=names)
    return kind.from_pydict({name: [] for name in names})


def values_of_column(frame, j):
    """The values of a column as an array in their own dtype. A missing number is NaN.

    Integers beside missing ones are floats, or objects if floats would not hold them.
    """
    values = column(frame, j)
    array = _values_of_series(values) if is_pandas_type(type(frame)) else plain(values)
    if may_be_rounded(array) and is_integer_dtype(getattr(values, "type", None) or values.dtype):
        return np.array(values.to_pylist() if hasattr(values, "to_pylist") else values.to_list(), dtype=object)
    return array


def dtypes_of(frame):
    """The dtype of each column, of its library."""
    return frame.schema.types if hasattr(type(frame), "column_names") else frame.dtypes


def is_number_dtype(dtype):
    """Whether a column of this dtype, of any library, holds numbers or times; False may mean that it is not known."""
    if hasattr(dtype, "is_numeric"):  # polars
        return dtype.is_numeric() or dtype.is_temporal()
    return getattr(dtype, "kind", "O") in f"{NUMERIC}cmM"


def is_integer_dtype(dtype):
    """Whether a dtype, of any library, is one of integers."""
    return str(dtype).lower().startswith(("int", "uint"))


@cache
def is_polars_type(kind):
    """Whether objects of this type are data frames of polars."""
    return hasattr(kind, "get_columns")


def is_category_dtype(dtype):
    """Whether a dtype is one of categories: of pandas, polars or pyarrow."""
    name = getattr(dtype, "__name__", type(dtype).__name__)  # that of polars may be a class
    return name in ("CategoricalDtype", "Categorical", "Enum", "DictionaryType")


# --- values -----------------------------------------------------------------------------------------------------------


def arrays_of_pandas(frames):
    """The values of each frame, whatever they are: a fast way for a long list."""
    if all(hasattr(kind, "_values") for kind in set(map(type, frames))):
        return [frame._values for frame in frames]  # what to_numpy returns, which takes three times as long
    return [frame.to_numpy() for frame in frames]


def numbers_of_frame(x, place):
    """The values of a frame, (n_rows, n_columns). A missing value is NaN.

    Parameters
    ----------
    x : data frame, or what `as_frame` takes
    place : function
        It returns the `Place` of the frame, which is called for in an error alone.

    Raises
    ------
    ValueError
        If a column holds anything but numbers. The message names it.
    """
    frame = as_frame(x)
    if is_pandas_type(type(frame)):
        array = frame.to_numpy()
        if array.dtype.kind in NUMERIC:  # otherwise pandas makes objects of all columns
            return array
    columns = []
    for name, values in _columns(frame):
        if values.dtype == object and len(values) and is_array_like(values[0]):
            raise ValueError(f"Expected numbers in column {name!r} of {place().words}, got sequences.")
        if values.dtype.kind not in NUMERIC:
            values = numbers(values, place_of_column(name, frame, x, place()))
        columns.append(values)
    return np.column_stack(columns) if columns else np.empty(frame.shape)


def _columns(frame):
    """Pairs of the name and the values of each column. Values of one column keep their type."""
    if is_pandas_type(type(frame)):
        return [(name, _values_of_series(series)) for name, series in frame.items()]
    if is_polars_type(type(frame)):
        return [(series.name, plain(series)) for series in frame.get_columns()]
    return [(name, plain(column)) for name, column in zip(frame.column_names, frame.columns, strict=True)]


def _values_of_series(series):
    """The values of a series of pandas; pandas.NA as NaN."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype) or dtype.kind not in NUMERIC:
        return plain(series)
    if hasattr(dtype, "itemsize") and dtype.kind != "f" and not series.hasnans:
        return series.to_numpy(dtype=f"{dtype.kind}{dtype.itemsize}")
    is_float32 = dtype.kind == "f" and getattr(dtype, "itemsize", 8) == 4
    return series.to_numpy(dtype="f4" if is_float32 else "f8", na_value=np.nan)


def place_of_column(name, frame, x, place):
    """The place of a column of `frame`, which is `as_frame(x)`."""
    is_arrow = hasattr(type(frame), "column_names")
    each = None
    if frame.shape[1] == 1 and place.axes[0] == "sequence" and not is_arrow:
        each = f"{place.variable}[{name!r}]"
    place = place._replace(words=f"column {name!r} of {place.words}", axes=place.axes[:1], each=each)
    expression = _in_code(x, "{x}")
    if expression is None or place.line is None or frame.shape[1] == 1:
        return place._replace(line=None)
    if is_pandas_type(type(frame)):
        method = f"drop(columns={name!r})"
    elif is_polars_type(type(frame)):
        method = f"drop({name!r})"
    else:
        method = f"drop_columns({name!r})"
    long = None
    if place.variable == "X" and place.axes[:1] == ("sequence",):
        long = partial(_from_long, name, frame, expression.format(x="X"))
    return place._replace(drop=place.by(f"{expression}.{method}"), long=long)


def _from_long(name, frame, expression):
    """The line that makes sequences of a frame of one row per time step, if its column `name` may be for that, or "".

    A column that is no number tells sequences apart if it repeats values. Times order steps.
    """
    values = dict(_columns(frame))
    others = [label for label, column in values.items() if column.dtype.kind not in NUMERIC]
    ids = [label for label in others if values[label].dtype.kind not in "mM" and _repeats(values[label])]
    times = [label for label in others if values[label].dtype.kind in "mM" or holds_dates(values[label])]
    ids = [label for label in ids if label not in times]
    if name in times:
        times = [name]
    if name in ids:
        ids = [name]
    if not ids or name not in (*ids, *times):
        return ""
    sort_by = f", sort_by={times[0]!r}" if times else ""
    return f"X = sequences_from_frame({expression}, by={ids[0]!r}{sort_by}).X"


def _repeats(values):
    """Whether there are several values, and one of them twice."""
    try:
        return 1 < len(set(values.tolist())) < len(values)
    except TypeError:  # of lists
        return False


def _in_code(x, variable):
    """An expression of ``as_frame(x)``; None if it depends on the container that `x` is in."""
    kind = stand_in(type(x))
    if kind == "narwhals":
        return f"{variable}.to_native()"
    if kind == "polars.Series":
        return f"{variable}.struct.unnest()"
    return None if kind == "pyarrow.StructArray" else variable


# --- the names of features --------------------------------------------------------------------------------------------


def positions_of(parameter, features, n, names, source="X", hint=""):
    """The numbers of the features that a parameter says by position, from either end, or by name, in its order.

    Parameters
    ----------
    parameter : str
        Its name, for messages.
    features : int, str or array-like of these
        Its value.
    n : int
        How many features there are.
    names : list of str
        Of all features; empty or None if they have none.
    source : str
        What has the features, for messages.
    hint : str
        What to say if they have no names.

    Returns
    -------
    positions : list of int

    Raises
    ------
    TypeError
        If an entry is neither an integer nor a name.
    ValueError
        If there is no such feature, or none is named.
    """
    if isinstance(features, str) or not np.iterable(features):
        features = [features]
    if not len(features):
        raise ValueError(f"Expected {parameter} to contain at least one feature, got {features!r}.")
    return [_position(parameter, feature, n, names, source, hint) for feature in features]


def _position(parameter, feature, n, names, source, hint):
    if isinstance(feature, str):
        if not names:
            raise ValueError(
                f"Expected {parameter} to be a position, since {source} has no column names, got {feature!r}. "
                f"Pass an integer from 0 to {n - 1}.{hint}"
            )
        if feature not in names:
            raise ValueError(f"Expected {parameter} to be one of the columns {names}, got {feature!r}.")
        return names.index(feature)
    if not isinstance(feature, Integral) or isinstance(feature, bool):
        raise TypeError(f"Expected {parameter} to be an integer, a column name or a list of these, got {feature!r}.")
    if not -n <= feature < n:
        raise ValueError(
            f"Expected {parameter} to be from {-n} to {n - 1}, since {source} has {n} features, got {feature}."
        )
    return int(feature) % n


def chosen_features(parameter, chosen, n, names):
    """The numbers of the features that a parameter says by index, name or mask, by the rules of scikit-learn.

    Parameters
    ----------
    parameter : str
        Its name, for messages.
    chosen : array-like of int, str or bool
        Its value.
    n : int
        How many features there are.
    names : list of str
        Of all features; None if they have none.

    Returns
    -------
    features : ndarray of int

    Raises
    ------
    ValueError
        If it names none of the features, or one twice.
    """
    entries = np.asarray(chosen)
    if entries.ndim != 1:
        raise ValueError(f"{parameter} must be one-dimensional, got shape {entries.shape}.")
    entries = entries.tolist()
    if not entries:
        return np.empty(0, np.intp)
    kinds = {str if isinstance(entry, str) else type(entry) for entry in entries}
    if len(kinds) > 1 or not issubclass(next(iter(kinds)), bool | int | str):
        raise ValueError(
            f"{parameter} must be an array-like of bool, int or str, all of one type, got {short_repr(entries)}."
        )
    if kinds == {bool}:
        if len(entries) != n:
            raise ValueError(
                f"{parameter} set as a boolean mask must have shape ({n},), one entry per feature, got shape "
                f"({len(entries)},)."
            )
        return np.flatnonzero(entries)
    if kinds == {str}:
        _check_names(parameter, entries, names)
    elif min(entries) < 0 or max(entries) >= n:
        raise ValueError(
            f"{parameter} set as integer indices must be in [0, n_features - 1], n_features = {n}, got {entries}."
        )
    features = np.asarray(positions_of(parameter, entries, n, names), np.intp)
    if len(set(features.tolist())) < len(features):
        raise ValueError(f"{parameter} must name different features, got {list(chosen)}.")
    return features


def _check_names(parameter, chosen, names):
    if names is None:
        raise ValueError(
            f"{parameter} should be passed as an array of integers or as a boolean mask when the model is fitted on "
            "data without feature names, such as those that PerTimestep returns: its get_feature_names_out() says "
            "their order. Sequences have names if they are data frames: "
            "X = [pandas.DataFrame(x, columns=names) for x in X]."
        )
    for name in chosen:
        if name not in names:
            raise ValueError(
                f"{parameter} has a item value {name!r} which is not a valid feature name of the training data. "
                f"Observed feature names: {names}."
            )


def named_frame(sequences, source="X"):
    """A frame with the names of the features of all `sequences`; None if they are no frames.

    Only names that are all strings count, as in scikit-learn.

    Raises
    ------
    ValueError
        If a sequence has other names than the first one, or the same in another order, or if only some have names. The
        message names the sequence.
    """
    kinds = set(map(type, sequences))
    if not any(is_frame_type(kind) or stand_in(kind) for kind in kinds):
        return None
    first = as_frame(sequences[0])
    expected = _labels(first)
    others = _other_labels_in_pandas if all(map(is_pandas_type, kinds)) else _other_labels
    for j, labels in others(sequences, expected):
        if _strings_only(labels) != _strings_only(expected):
            raise ValueError(_difference(_strings_only(expected), _strings_only(labels), sequences, j, source))
    return first if expected else None


def _labels(x):
    return column_names(x) if is_frame_type(type(x)) else None


def _other_labels(sequences, expected):
    """Pairs of the number and the labels of the columns of each sequence that has not the labels `expected`."""
    for j, x in enumerate(sequences):
        labels = _labels(as_frame(x))
        if labels != expected:
            yield j, labels


def _other_labels_in_pandas(frames, expected):
    """The same for a long list of frames of pandas, fast."""
    first = frames[0].columns
    if first.nlevels > 1:  # whose labels are in no single array
        yield from _other_labels(frames, expected)
        return
    is_shared = True
    of_arrow = type(first.array) if type(first.array).__name__.startswith("Arrow") else None
    for j, frame in enumerate(frames):
        columns = frame.columns
        if is_shared and columns.is_(first):  # so have the groups of one table
            continue
        is_shared = False
        # tolist takes twice as long for strings, and four times for those of Arrow.
        if of_arrow is not None and columns.nlevels == 1 and type(columns.array) is of_arrow:
            labels = columns.array.__arrow_array__().to_pylist()
        else:
            labels = columns.__array__().tolist()
        if labels != expected:
            yield j, labels


def _strings_only(labels):
    return labels if labels and all(isinstance(label, str) for label in labels) else None


def _difference(expected, names, sequences, j, source):
    variable = source if source is not None and source.isidentifier() else "X"
    of_variable = "" if variable == "X" else f" of {variable}"
    if expected is None or names is None:
        words = [_described(names, x) for names, x in ((expected, sequences[0]), (names, sequences[j]))]
        line = (
            ""
            if source is None
            else f" To read all columns by position: {variable} = [np.asarray(x) for x in {source}]"
        )
        return (
            f"Expected all sequences{of_variable} to have feature names, or none, got {words[0]} in sequence 0 "
            f"and {words[1]} in sequence {j}.{line}"
        )
    message = f"The feature names of sequence {j}{of_variable} should match those of sequence 0.\n"
    unexpected = sorted(set(names) - set(expected))
    missing = sorted(set(expected) - set(names))
    if unexpected:
        message += f"Feature names unseen in sequence 0:\n{_listed(unexpected)}"
    if missing:
        message += f"Feature names seen in sequence 0, yet now missing:\n{_listed(missing)}"
    if not unexpected and not missing:
        message += "Feature names must be in the same order as they were in sequence 0.\n"
        x = _in_code(sequences[j], "x")
        if x is not None and source is not None:
            is_arrow = hasattr(type(as_frame(sequences[j])), "column_names")
            columns = f".select({expected})" if is_arrow else f"[{expected}]"
            message += f"Put them in one order: {variable} = [{x}{columns} for x in {source}]"
    return message


def _described(names, x):
    if names:
        return f"the columns {names}"
    if is_frame(x):
        return "columns without names"
    return f"no columns ({type(x).__name__})"


def _listed(names, at_most=5):
    lines = [f"- {name}\n" for name in names[:at_most]]
    return "".join([*lines, "- ...\n"] if len(names) > at_most else lines)
