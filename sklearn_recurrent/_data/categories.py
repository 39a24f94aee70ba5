"""Sequences of numbers and categories: which columns are categories, and the number of each of them.

A category is a string, a number or a boolean. Missing values (None, NaN, NA) are a category of their own. The known
categories of a column are numbered from 1 on, in ascending order, a missing value last; all others have number 0. With
these numbers in place of the categories, sequences are numbers alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from numbers import Number
from reprlib import repr as short_repr
from typing import Any, NamedTuple

import numpy as np

from .._core.ragged import offsets_of
from .arrays import (
    DURATIONS,
    EXACT,
    NUMERIC,
    TIMES,
    Place,
    array_of,
    has_exact_dtype,
    instead_of_times,
    is_array_like,
    may_be_rounded,
    numbers,
    place_of_sequence,
    unequal_steps,
)
from .columns import (
    as_frame,
    chosen_features,
    column_names,
    dtypes_of,
    is_category_dtype,
    is_frame,
    is_pandas_type,
    named_frame,
    place_of_column,
    values_of_column,
)
from .layouts import contents_of
from .missing import at_the_ends, locate
from .sequences import as_array, source_of


class Columns(NamedTuple):
    """The columns of all sequences, end to end.

    values : an array (S,) for each column, of any dtype
    offsets (N + 1,) : where sequences begin
    of_category_dtype : a function of no arguments: whether the dtype of each column is one of categories, a list
    shape : of the array or frame that held all sequences, (n, T, F) or (n, T · F); None for a container of sequences
    is_padded : whether steps without any value at the ends of that array are padding
    padding (S,) : which steps are padding; None if `is_padded` says all
    frame : a frame whose columns have the names of the features; None if there is none
    flat : the frame that held all sequences; None if there is none
    source : an expression that gives the sequences, for the code in messages; None if there is none
    """

    values: list
    offsets: np.ndarray
    of_category_dtype: Callable
    shape: tuple | None = None
    is_padded: bool = False
    padding: np.ndarray | None = None
    frame: Any = None
    flat: Any = None
    source: str | None = None

    @property
    def n_features(self):
        return len(self.values)

    @property
    def names(self):
        """The names of the columns; None if not all of them are strings."""
        if self.frame is None:
            return None
        names = column_names(self.frame)
        return names if all(isinstance(name, str) for name in names) else None

    def label(self, k):
        """What to call column `k` in a message, and in a line of code."""
        return k if self.names is None else self.names[k]

    def place(self, k, step):
        """The words for a value of column `k`."""
        here = np.zeros((self.offsets[-1], 1), bool)
        here[step] = True
        where, _, _ = locate(here, self.offsets).rpartition(", feature")
        return f"{where}, feature {self.label(k)!r}"

    def place_of_column(self, k):
        """The `Place` of the values of column `k`, with a line that drops the column, if sequences are frames."""
        name = self.label(k)
        if self.frame is None or self.source is None:
            return Place(f"feature {name!r}")
        return place_of_column(name, self.frame, self.frame, place_of_sequence(0, self.source))

    def refilled(self, values):
        """Numbers (S, F) in a container like the one that the columns come from."""
        if self.shape is not None:
            return values.reshape(self.shape)
        pieces = zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True)
        return [values[a:b] for a, b in pieces]


def strings_as_categories(X, name, *, input_size=None, named=None):
    """The line that makes an estimator read the strings of an X as categories, as a sentence; "" if they may be others.

    Columns of strings beside columns of numbers may be categories. Tokens, and numbers that are written as strings, are
    none.
    """
    try:
        columns = columns_of(X, input_size=input_size)
    except (TypeError, ValueError):
        return ""
    if columns is None or (columns.shape is not None and columns.n_features == 1):
        return ""
    if named is not None:
        columns = columns._replace(frame=named)
    chosen = [k for k, values in enumerate(columns.values) if _holds_strings(values)]
    are_tokens = columns.frame is None and len(chosen) == columns.n_features
    if not chosen or are_tokens or any(_are_written_numbers(columns.values[k]) for k in chosen):
        return ""
    labels = [columns.label(k) for k in chosen]
    return f"To read strings as categories: {name}(categorical_features={labels!r})."


def _holds_strings(values):
    return values.dtype.kind in "UT" or (values.dtype == object and any(isinstance(value, str) for value in values))


def _are_written_numbers(values):
    try:
        values.astype(np.float64)
    except (TypeError, ValueError):
        return False
    return True


# --- from X to numbers ------------------------------------------------------------------------------------------------


def columns_of(X, *, input_size=None, pad_value=None, in_table=False):
    """The columns of sequences in any form that `parse_sequences` takes.

    Parameters
    ----------
    X : list, tuple, array, Series or data frame
    input_size : int, default=None
        Features per time step of a 2-D `X`. None: one.
    pad_value : float, default=None
        The number that all features have in steps of padding at the ends of the rows of an array, if these are not
        missing. They become missing, and a 2-D `X` is padded, too.
    in_table : bool, default=False
        Whether `X` is a column of a table. Messages then have no code, which would lose the other columns.

    Returns
    -------
    columns : Columns
        None if `X` has no such form.
    """
    form, contents = contents_of(X, in_table=in_table)
    if form == "numbers":
        columns = _columns_of_array_of_all(contents, input_size)
        if columns is None or pad_value is None:
            return columns
        return _with_padding(columns, pad_value)
    source = None if in_table else source_of(form)
    return _columns_of_sequences(list(contents), source)._replace(source=source)


def encode(columns, is_categorical, categories=None):
    """Put numbers in the place of categories.

    Parameters
    ----------
    columns : Columns
    is_categorical : ndarray of shape (F,), dtype bool
        Which columns are categories; others are numbers.
    categories : list of ndarray, default=None
        The known categories of each of these columns. None: those that it holds.

    Returns
    -------
    X : list of arrays, or array
        Sequences of numbers, in a container like the one that the columns come from.
    categories : list of ndarray

    Raises
    ------
    ValueError, TypeError
        If a value is no category or, in another column, no number; if a column holds strings and the known categories
        are numbers, or the other way round. The message names the place.
    """
    values, missing, categories = _numbered(columns, is_categorical, categories)
    if columns.padding is not None:
        values[columns.padding] = np.nan
    elif columns.is_padded:
        # A step without any value is padding at the ends of a row: a missing category is none there.
        values[_at_the_ends(missing.all(axis=1), columns)] = np.nan
    return columns.refilled(values), categories


def _at_the_ends(found, columns):
    """(S,): of the steps that are `found`, those in an unbroken run at the ends of a row."""
    return at_the_ends(found.reshape(len(columns.offsets) - 1, -1)).ravel()


def _with_padding(columns, pad_value):
    """Columns of an array whose rows begin or end with missing values, or with `pad_value` in all columns."""
    is_missing = np.logical_and.reduce([_is_missing(raw) for raw in columns.values])
    is_value = np.logical_and.reduce([_equals(raw, pad_value) for raw in columns.values])
    padding = _at_the_ends(is_missing | is_value, columns)
    values = columns.values
    if is_value.any():
        # Among strings a number would be an error. Among numbers it may stay: no category is kept that no step has.
        values = [np.where(padding, None, raw) if raw.dtype == object else raw for raw in values]
    return columns._replace(values=values, padding=padding)


def _is_missing(raw):
    if raw.dtype.kind == "f":
        return np.isnan(raw)
    if raw.dtype != object:
        return np.zeros(len(raw), bool)
    entries = raw.tolist()
    return _missing(entries, set(map(type, entries)))


def _equals(raw, number):
    """Where a column of any dtype holds this number."""
    if raw.dtype.kind in NUMERIC:
        return raw == number
    if raw.dtype != object:
        return np.zeros(len(raw), bool)
    return np.fromiter((_is_number(type(entry)) and entry == number for entry in raw.tolist()), bool, len(raw))


def encode_rows(x, is_categorical, categories):
    """The same for one time step of several streams, an array (n, F)."""
    columns = Columns(list(x.T), np.arange(len(x) + 1), partial(_none, len(is_categorical)))
    return _numbered(columns, is_categorical, categories)[0]


def cells_of(x, *, exact=True):
    """Any array-like or data frame as an array of its values, objects if they are not all numbers.

    exact : whether numbers in lists are objects, too, if floats would not hold the integers among them
    """
    if is_frame(x):
        columns = columns_of_frame(x)
        return _stacked(columns) if columns else np.empty(x.shape)
    array = array_of(x)
    if array.dtype == object and array.ndim == 1 and any(map(is_array_like, array)):
        return _stacked_steps([cells_of(step) for step in array])
    is_masked = isinstance(array, np.ma.MaskedArray)
    is_list = isinstance(x, list | tuple) and not is_masked
    if is_list and (array.dtype.kind not in NUMERIC or (exact and may_be_rounded(array))):
        array = np.asarray(x, dtype=object)  # NumPy makes strings, or floats, of numbers beside such
    if is_masked:
        masked = np.ma.getmaskarray(array)
        array = np.asarray(array.data)
        if masked.any():
            array = array.astype(object)
            array[masked] = None
    return array


def _stacked_steps(steps):
    """Arrays, one for each step, as one array; objects if not all of them hold numbers, or all strings."""
    kinds = {step.dtype.kind for step in steps}
    if len(kinds) > 1 and not (kinds <= set(NUMERIC) and has_exact_dtype(steps)):
        steps = [step.astype(object) for step in steps]
    return np.stack(steps)


def _numbered(columns, is_categorical, categories):
    """The values (S, F) with numbers for categories; which are missing; and the categories of each column."""
    known = [] if categories is None else list(categories)
    found = []
    missing = []
    k = 0
    for j, raw in enumerate(columns.values):
        if is_categorical[j]:
            column = as_categories(raw, columns, j)
            if categories is None:
                known.append(column.unique())
            found.append(column.numbers(known[k], columns, j))
            missing.append(column.missing)
            k += 1
        else:
            found.append(as_numbers(raw, columns, j))
            missing.append(np.isnan(found[-1]) if found[-1].dtype.kind == "f" else np.zeros(len(raw), bool))
    numbers = {values.dtype for values, is_one in zip(found, is_categorical, strict=True) if not is_one}
    if not numbers:  # categories alone: as they came, since the network computes in this precision
        numbers = {raw.dtype for raw in columns.values}
    dtype = np.float32 if numbers == {np.dtype(np.float32)} else np.float64
    values = np.empty((columns.offsets[-1], len(found)), dtype)
    for j, column in enumerate(found):
        values[:, j] = column
    return values, np.column_stack(missing), known


def decode(values, is_categorical, categories):
    """Numbers of categories (T, F) as the categories themselves, in an array of objects; unknown ones as None."""
    cells = values.astype(object)
    for j, known in zip(np.flatnonzero(is_categorical), categories, strict=True):
        by_number = np.array([None, *known.tolist()], dtype=object)
        cells[:, j] = by_number[values[:, j].astype(np.intp)]
    return cells


def as_values(codes, is_categorical, categories):
    """Numbers of categories (T, F) as the categories themselves, if they are numbers; others stay, and are not 0."""
    values = codes.astype(np.float64)
    for j, known in zip(np.flatnonzero(is_categorical), categories, strict=True):
        numbers, _ = _split(known)
        if numbers.dtype.kind in NUMERIC:
            by_number = np.arange(len(known) + 1.0)
            by_number[1 : len(numbers) + 1] = numbers
            values[:, j] = by_number[codes[:, j].astype(np.intp)]
    return values


def seen_categories(X, is_categorical, categories):
    """The categories that sequences of numbers of categories contain, and these sequences with their new numbers."""
    at = np.flatnonzero(is_categorical)
    is_seen = [np.zeros(len(known) + 1, bool) for known in categories]
    for _, block in X.blocks():
        for j, seen in zip(at, is_seen, strict=True):
            seen[block.values[:, j].astype(np.intp)] = True
    if all(seen[1:].all() for seen in is_seen):
        return X, categories
    number = [np.where(seen, np.cumsum(seen) - seen[0], 0) for seen in is_seen]

    def renumber(values):
        values = values.copy()
        for j, new in zip(at, number, strict=True):
            values[:, j] = new[values[:, j].astype(np.intp)]
        return values

    return X.map(renumber), [_without_unseen(known, seen[1:]) for known, seen in zip(categories, is_seen, strict=True)]


def _without_unseen(known, seen):
    if known.dtype == object and not seen[-1]:  # the missing value, for whose sake it is an array of objects
        return np.array(known[seen].tolist())
    return known[seen]


# --- categories and numbers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Category:
    """A column of categories.

    values (S,) : numbers, or a list of strings and None
    missing (S,) : which are missing
    """

    values: Any
    missing: np.ndarray

    @property
    def is_text(self):
        return isinstance(self.values, list)

    def unique(self):
        """Each category once, ascending. A missing one is last: NaN among floats, else None in an array of objects."""
        if self.is_text:
            known = np.array(sorted({value for value in self.values if value is not None}))
        else:
            known = np.unique(self.values[~self.missing])
        if not self.missing.any():
            return known
        if known.dtype.kind == "f" and len(known):
            return np.append(known, np.array(np.nan, known.dtype))
        return np.array([*known.tolist(), None], dtype=object)

    def numbers(self, categories, columns, k):
        """The number of each value among `categories`, (S,) integers: from 1 on, 0 if it is not there."""
        known, has_missing = _split(categories)
        of_missing = len(known) + 1 if has_missing else 0
        if len(known) and not self.missing.all() and self.is_text != (known.dtype.kind == "U"):
            step = int((~self.missing).argmax())
            value = self.values[step] if self.is_text else self.values[step].item()
            expected, got = ("numbers", "strings") if self.is_text else ("strings", "numbers")
            raise ValueError(
                f"Expected categories to be {expected}, as in fit, got {got}: {short_repr(value)} in "
                f"{columns.place(k, step)}."
            )
        if self.is_text:
            number = {value: i for i, value in enumerate(known.tolist(), start=1)}
            number[None] = of_missing
            return np.fromiter((number.get(value, 0) for value in self.values), np.intp, len(self.values))
        if not len(known):
            return np.where(self.missing, of_missing, 0)
        rows = np.searchsorted(known, self.values).clip(max=len(known) - 1)
        numbers = np.where(known[rows] == self.values, rows + 1, 0)
        numbers[self.missing] = of_missing
        return numbers


def _split(categories):
    """Categories without the missing one, and whether that is among them."""
    if categories.dtype == object:
        return np.array(categories[:-1].tolist()), True
    if categories.dtype.kind == "f" and len(categories) and np.isnan(categories[-1]):
        return categories[:-1], True
    return categories, False


def as_categories(raw, columns, k):
    """A column of any dtype as a `Category`."""
    kind = raw.dtype.kind
    if kind in "biu":
        return Category(raw, np.zeros(len(raw), bool))
    if kind == "f":
        return _finite_categories(raw, columns, k)
    if kind == "U":
        return Category(raw.tolist(), np.zeros(len(raw), bool))
    if kind not in "OT":
        hint = _as_strings(columns, k)
        raise ValueError(f"Expected categories to be strings or numbers, got {raw.dtype} in {_of(columns, k)}.{hint}")
    entries = raw.tolist()
    kinds = set(map(type, entries))
    is_text = any(issubclass(kind, str) for kind in kinds)
    missing = _missing(entries, kinds)
    for step in _strangers(entries, kinds, missing, _is_text if is_text else _is_number):
        place = columns.place(k, step)
        if is_text and _is_number(type(entries[step])):
            raise ValueError(
                f"Expected categories to be strings or numbers alone, got strings and, in {place}, {entries[step]!r}."
                f"{_as_strings(columns, k)}"
            )
        raise TypeError(
            f"Expected categories to be strings or numbers, got {type(entries[step]).__name__} in {place}: a category "
            f"argument must be a string or a number.{_as_strings(columns, k)}"
        )
    if is_text:
        if missing.any():
            entries = [None if gone else entry for entry, gone in zip(entries, missing.tolist(), strict=True)]
        return Category(entries, missing)
    if missing.any():
        entries = [0 if gone else entry for entry, gone in zip(entries, missing.tolist(), strict=True)]
    values = _exact_numbers(entries, columns, k)
    if values.dtype.kind == "f" and not missing.all():
        values[missing] = np.nan
        return _finite_categories(values, columns, k)
    return Category(values, missing)


def _exact_numbers(entries, columns, k):
    """Numbers of several types in one dtype, in which different ones stay different."""
    values = np.array(entries)
    if values.dtype.kind not in NUMERIC:
        values = values.astype(np.float64)
    if not may_be_rounded(values):
        return values
    # NumPy would round an integer before it compares it with a float.
    entries = [entry.item() if isinstance(entry, np.generic) else entry for entry in entries]
    floats = values.tolist()
    rounded = [i for i in np.flatnonzero(np.abs(values) >= EXACT).tolist() if entries[i] != floats[i]]
    if not rounded:
        return values
    try:
        exact = np.array([int(entry) for entry in entries])
    except (OverflowError, ValueError):  # of infinity and NaN
        exact = values
    if exact.dtype.kind in "iu" and exact.tolist() == entries:
        return exact
    place = columns.place(k, rounded[0])
    raise ValueError(
        f"Expected categories that are integers to fit into 64 bits, and beside fractions to be at most 2**53, got "
        f"{entries[rounded[0]]} in {place}.{_as_strings(columns, k)}"
    )


def as_numbers(raw, columns, k):
    """A column of any dtype as floats, NaN if missing; float32 stays."""
    kind = raw.dtype.kind
    if kind in NUMERIC:
        return raw
    if kind not in "OT":
        _refuse_other_dtype(raw, columns, k)
    entries = raw.tolist()
    kinds = set(map(type, entries))
    missing = _missing(entries, kinds)
    for step in _strangers(entries, kinds, missing, _is_number):
        place = columns.place(k, step)
        if isinstance(entries[step], str | bytes):
            raise ValueError(
                f"Expected a number in {place}, got the string {short_repr(entries[step])}. If the feature holds "
                f"categories, name it, too, in categorical_features: [..., {columns.label(k)!r}]."
            )
        instead = ""
        if isinstance(entries[step], TIMES + DURATIONS):
            instead = f" {instead_of_times(columns.place_of_column(k))}"
        raise ValueError(f"Expected a number in {place}, got {type(entries[step]).__name__}.{instead}")
    if missing.any():
        entries = [np.nan if gone else entry for entry, gone in zip(entries, missing.tolist(), strict=True)]
    return np.array(entries, dtype=np.float64)


def _missing(entries, kinds):
    """Which entries are None, NaN, pandas.NA or NaT, (S,)."""
    if kinds <= {str, int, bool}:
        return np.zeros(len(entries), bool)
    always = {kind for kind in kinds if kind is type(None) or kind.__name__ in ("NAType", "NaTType")}
    floats = {kind for kind in kinds if issubclass(kind, float | np.floating)}
    of_entries = (type(e) in always or (type(e) in floats and e != e) for e in entries)
    return np.fromiter(of_entries, bool, len(entries))


def _strangers(entries, kinds, missing, is_expected):
    """The first entry that is not missing and of no type that is expected, as an iterable of at most one number."""
    strange = {kind for kind in kinds if not is_expected(kind)}
    if not strange:
        return []
    of_entries = (i for i, entry in enumerate(entries) if type(entry) in strange and not missing[i])
    return [first for first in [next(of_entries, None)] if first is not None]


def _is_text(kind):
    return issubclass(kind, str)


def _is_number(kind):
    if issubclass(kind, complex | np.complexfloating | np.timedelta64):
        return False
    return issubclass(kind, Number | np.bool_ | Decimal)


def _finite_categories(values, columns, k):
    missing = np.isnan(values)
    infinite = np.isinf(values)
    if infinite.any():
        raise ValueError(f"Input X contains infinity in {columns.place(k, int(infinite.argmax()))}.")
    return Category(values, missing)


def _refuse_other_dtype(raw, columns, k):
    name = columns.label(k)
    if raw.dtype.kind not in "US":
        numbers(raw, columns.place_of_column(k))  # which refuses it
    message = (
        f"Expected numbers in {_of(columns, k)}, got strings ({raw.dtype}). If the feature holds categories, name it, "
        f"too, in categorical_features: [..., {name!r}]."
    )
    if columns.frame is None:
        message += " An array of strings and numbers needs dtype=object: NumPy makes strings of its numbers otherwise."
    raise ValueError(message)


def _of(columns, k):
    return f"feature {columns.label(k)!r}"


def _as_strings(columns, k):
    """A line that makes strings of other categories, if they are in frames of pandas."""
    if columns.source is None or columns.frame is None or not hasattr(columns.frame, "iloc"):
        return ""
    return f" Make strings of them: X = [x.astype({{{columns.label(k)!r}: str}}) for x in {columns.source}]."


# --- which columns ----------------------------------------------------------------------------------------------------


def chosen_columns(categorical_features, columns):
    """The columns that `categorical_features` names, in its order."""
    if isinstance(categorical_features, str):  # "from_dtype"
        return np.flatnonzero(columns.of_category_dtype())
    return chosen_features("categorical_features", categorical_features, columns.n_features, columns.names)


def normalized(categorical_features):
    """`categorical_features` in builtins, which can be stored and compared."""
    if isinstance(categorical_features, str):
        return categorical_features
    return np.asarray(categorical_features).tolist()


# --- from containers to columns ---------------------------------------------------------------------------------------


def _columns_of_array_of_all(X, input_size):
    """Of an array, frame or nested list of all values; None if it is none of these."""
    if not (isinstance(X, list | tuple | np.ndarray) or is_frame(X)):
        return None
    try:
        array = cells_of(X)
    except ValueError:  # rows of unequal length
        return None
    n_features = array.shape[2] if array.ndim == 3 else input_size or 1
    if array.ndim not in (2, 3) or array.dtype.kind == "c" or not array.size or array.shape[-1] % n_features:
        return None
    n_steps = array.size // (len(array) * n_features)
    of_category_dtype = partial(_none, n_features)
    if is_frame(X):
        of_category_dtype = partial(_category_dtypes_of_flat, X, n_features)
    return Columns(
        list(array.reshape(-1, n_features).T),
        n_steps * np.arange(len(array) + 1),
        of_category_dtype,
        shape=array.shape,
        is_padded=array.ndim == 3 or input_size is not None,
        flat=as_frame(X) if is_frame(X) else None,
    )


def _columns_of_sequences(cells, source):
    """Of sequences of any kind; `source`: an expression that gives them, for the code in messages."""
    if len(cells) > 1 and _are_alike(cells):
        return _columns_of_pandas(cells, source)
    are_ready = all(type(x) is np.ndarray and x.dtype.kind in NUMERIC and x.ndim == 2 for x in cells)
    if are_ready and has_exact_dtype(cells):
        pieces = None
        shapes = [x.shape for x in cells]
    else:
        pieces = _pieces(cells, source)
        shapes = [(len(columns[0]) if columns else 0, len(columns)) for columns in pieces]
    _check_shapes(shapes)
    n_features = shapes[0][1]
    offsets = offsets_of([n_steps for n_steps, _ in shapes])
    if pieces is None:
        return Columns(list(np.concatenate(cells).T), offsets, partial(_none, n_features))
    values = [_joined(column) for column in zip(*pieces, strict=True)]
    of_lists = [columns for columns, x in zip(pieces, cells, strict=True) if isinstance(x, list | tuple)]
    if any(may_be_rounded(np.concatenate(column)) for column in _floats(of_lists)):
        values = [_joined(column) for column in zip(*_pieces(cells, source, exact=True), strict=True)]
    return Columns(values, offsets, partial(_category_dtypes, cells, n_features), frame=named_frame(cells, source))


def _floats(pieces):
    """For each column, the pieces that are floats, if there are any."""
    columns = [[piece for piece in column if piece.dtype.kind == "f"] for column in zip(*pieces, strict=True)]
    return [column for column in columns if column]


def _pieces(cells, source, *, exact=False):
    """The columns of each sequence. One look at all of them is faster than one at each: see `exact` of `cells_of`."""
    return [columns_of_frame(x) if is_frame(x) else _columns_of_array(j, x, source, exact) for j, x in enumerate(cells)]


def _are_alike(frames):
    """Whether sequences are frames of pandas with the same columns of the same dtypes."""
    if not all(map(is_pandas_type, set(map(type, frames)))) or not frames[0].columns.is_unique:
        return False
    columns = frames[0].columns
    dtypes = frames[0].dtypes.tolist()
    return all(x.columns.equals(columns) and x.dtypes.tolist() == dtypes for x in frames)


def _columns_of_pandas(frames, source):
    """Of frames that are alike: pandas joins them faster than their columns could be taken one by one."""
    shapes = [x.shape for x in frames]
    _check_shapes(shapes)
    joined = sys.modules["pandas"].concat(frames, ignore_index=True)
    of_category_dtype = partial(_category_dtypes, frames[:1], shapes[0][1])
    offsets = offsets_of([n_steps for n_steps, _ in shapes])
    return Columns(columns_of_frame(joined), offsets, of_category_dtype, frame=named_frame(frames, source))


def _none(n_features):
    return [False] * n_features


def _category_dtypes_of_flat(X, n_features):
    holds_categories = _hold_categories(X, X.shape[1])
    return [all(holds_categories[k::n_features]) for k in range(n_features)]


def _check_shapes(shapes):
    n_features = shapes[0][1]
    for j, shape in enumerate(shapes):
        if 0 in shape:
            as_array(j, np.empty(shape))  # which refuses it
        if shape[1] != n_features:
            raise ValueError(
                "Expected all sequences to have the same number of features per time step, "
                f"got {n_features} in sequence 0 and {shape[1]} in sequence {j}."
            )


def _joined(pieces):
    """Arrays end to end, as objects if not all of them hold numbers, or all strings."""
    kinds = {piece.dtype.kind for piece in pieces}
    if len(kinds) > 1 and not (kinds <= set(NUMERIC) and has_exact_dtype(pieces)):
        pieces = [piece.astype(object) for piece in pieces]
    return np.concatenate(pieces)


def _stacked(columns):
    """Arrays side by side, as `_joined`."""
    return _joined(columns).reshape(len(columns), -1).T


def _columns_of_array(j, x, source, exact):
    try:
        array = cells_of(x, exact=exact)
    except ValueError as error:  # nested lists whose steps differ in length
        raise unequal_steps(place_of_sequence(j, source), error) from error
    if array.ndim not in (1, 2):
        raise ValueError(
            f"Expected sequence {j} to have shape (n_steps, n_features) or (n_steps,), "
            f"got {array.ndim} dimensions ({type(x).__name__})."
        )
    if array.dtype.names:
        raise ValueError(
            f"Expected sequence {j} to be an array of shape (n_steps, n_features), got a structured array. Make data "
            "frames of them: X = [pandas.DataFrame(x) for x in X]."
        )
    if array.ndim == 1:
        array = array[:, None]
    return list(array.T)


# --- data frames ------------------------------------------------------------------------------------------------------


def columns_of_frame(x):
    """The values of each column of a data frame, an array each."""
    frame = as_frame(x)
    return [values_of_column(frame, j) for j in range(frame.shape[1])]


def _hold_categories(x, n):
    """Whether the dtype of each of the `n` columns of a sequence is one of categories: of pandas, polars or pyarrow."""
    dtypes = dtypes_of(as_frame(x)) if is_frame(x) else [getattr(x, "dtype", None)] * n
    return [is_category_dtype(dtype) for dtype in dtypes]


def _category_dtypes(cells, n):
    """Whether the dtype of each column is one of categories, in all sequences."""
    found = None
    for j, x in enumerate(cells):
        here = _hold_categories(x, n)
        if found is None:
            found = here
        if here != found:
            k = next(k for k in range(n) if here[k] != found[k])
            kinds = ["of categories" if is_one else "of another kind" for is_one in (found[k], here[k])]
            name = column_names(as_frame(x))[k] if is_frame(x) else k
            raise ValueError(
                f"Expected the dtype of a feature to be the same in all sequences, got one {kinds[0]} in sequence 0 "
                f"and one {kinds[1]} in sequence {j}, feature {name!r}."
            )
    return found
