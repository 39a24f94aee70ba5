"""Any array-like as a NumPy array of numbers; and what to say of values that are no numbers."""

from __future__ import annotations

import array as buffers
import datetime
import re
from collections.abc import Callable
from functools import cache
from itertools import filterfalse
from numbers import Number
from reprlib import repr as short_repr
from typing import NamedTuple

import numpy as np

from . import hints

NUMERIC = "fiub"
"""Kinds of dtypes whose values are numbers."""

TIMES = (datetime.date, datetime.time, np.datetime64)
DURATIONS = (datetime.timedelta, np.timedelta64)
STRINGS = (str, bytes)
MASKED = type(np.ma.masked)
ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?")
WIDE = ("Int128", "UInt128")
"""Dtypes of polars that NumPy does not have."""
ROWS = (list, tuple, memoryview, buffers.array)
"""Types of rows of nested numbers that NumPy reads as one array if they are equally long."""
UNMASKED = {list, float, int, np.ndarray}
"""Types of entries of a list that np.asarray reads right, without a second look."""


# --- from an array-like to an array -----------------------------------------------------------------------------------


def plain(x):
    """Any array-like as a NumPy array, in which masked numbers are NaN.

    Raises
    ------
    ValueError
        If `x` is a nested list of unequal lengths.
    """
    return unmasked(array_of(x))


def array_of(x):
    """Any array-like as a NumPy array, or as a masked array if it has a mask."""
    if type(x) is np.ndarray:
        array = x
    elif isinstance(x, list | tuple):
        array = _array_of_list(x)
    else:
        array = _array_of_other(x)
    if array.dtype.kind == "V" and _holds_foreign_numbers(array.dtype):
        array = array.astype(np.float32)
    return array


def unmasked(array):
    """`array` without a mask: masked numbers are NaN, masked times NaT, and other masked values None."""
    if not isinstance(array, np.ma.MaskedArray):
        return array
    values = np.asarray(array.data)
    if values.dtype.names or not np.ma.getmaskarray(array).any():
        return values
    if values.dtype.kind in "iub":
        values = values.astype(np.float64)
    elif values.dtype.kind not in "fcmM":
        values = values.astype(object)
    missing = {"f": np.nan, "c": np.nan, "m": "NaT", "M": "NaT"}.get(values.dtype.kind)
    return np.where(array.mask, np.array(missing, values.dtype), values)


def is_array_like(cell):
    """Whether `cell` is a list or an array, and not a single value."""
    if isinstance(cell, list | tuple):
        return True
    # Scalars of NumPy have __array__, too; those of other libraries are arrays without axes.
    return _has_array(type(cell)) and getattr(cell, "shape", None) != ()


@cache
def _has_array(kind):
    return hasattr(kind, "__array__") and not issubclass(kind, np.generic)


def of_scalar(x):
    """A scalar of pyarrow as a value of Python, or as an array if it is a list; anything else unchanged."""
    if not _is_scalar_type(type(x)):
        return x
    values = getattr(x, "values", None)  # of a list
    return x.as_py() if values is None or callable(values) else values


def of_scalars(values):
    """A list or tuple with values of Python in the place of scalars of pyarrow."""
    if any(map(_is_scalar_type, set(map(type, values)))):
        return [value.as_py() if _is_scalar_type(type(value)) else value for value in values]
    return values


@cache
def _is_scalar_type(kind):
    return hasattr(kind, "as_py")


def _array_of_list(x):
    kinds = set(map(type, x))
    if not kinds <= UNMASKED and any(map(_is_scalar_type, kinds)):
        x = [of_scalar(entry) for entry in x]
        kinds = set(map(type, x))
    if not kinds <= UNMASKED and any(map(_has_array, kinds)):
        x = [array_of(entry) if _has_array(type(entry)) else entry for entry in x]
        if any(isinstance(entry, np.ma.MaskedArray) for entry in x):
            return np.ma.stack(x)
    try:
        return np.asarray(x)
    except TypeError:  # of entries that have a length and no numbers inside, such as relations of DuckDB
        return np.fromiter(x, dtype=object, count=len(x))


def _array_of_other(x):
    if getattr(x, "requires_grad", False) is True:  # of PyTorch
        x = x.detach()
    x = of_scalar(x)
    if type(getattr(x, "type", None)).__name__ == "DictionaryType":
        x = x.cast(x.type.value_type)  # NumPy would read the last category in the place of a missing one
    if str(getattr(x, "dtype", "")) in WIDE:
        return np.array(x.to_list(), dtype=object)
    try:
        array = np.asanyarray(x)  # which keeps the mask of a netCDF variable
    except TypeError:
        if not str(getattr(x, "dtype", "")).endswith("bfloat16"):
            raise
        array = np.asanyarray(x.float())  # PyTorch's tensors refuse to convert to a type that NumPy does not have
    return array if isinstance(array, np.ma.MaskedArray) else np.asarray(array)


def _holds_foreign_numbers(dtype):
    """Whether a dtype of another library, such as bfloat16, has values that float32 represents."""
    return dtype.type is not np.void and np.can_cast(dtype, np.float32)


# --- integers that floats may not hold --------------------------------------------------------------------------------

EXACT = 2**53
"""float64 holds all integers up to this one."""


def has_exact_dtype(arrays):
    """Whether the dtype that arrays of numbers have in common holds the integers among them."""
    dtypes = {array.dtype for array in arrays}
    if len(dtypes) == 1 or np.result_type(*dtypes).kind != "f":
        return True
    return not any(array.dtype.kind in "iu" and array.dtype.itemsize == 8 and _is_beyond(array) for array in arrays)


def _is_beyond(array):
    return bool(array.size) and bool(array.max() > EXACT or array.min() < -EXACT)


def may_be_rounded(array):
    """Whether floats that were made of integers may be others than these."""
    return array.dtype.kind == "f" and bool((np.abs(array) >= EXACT).any())


# --- where values are -------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where values are, for the message of an error.

    words : such as "sequence 3"
    axes : the names of the axes of the values
    line : of code that replaces the values; {} stands for the expression of the new ones
    variable : the name of the values in that expression
    each : an expression that gives the sequences one by one; None inside a sequence, or for targets
    drop : a line of code that drops the values
    is_matrix : whether scikit-learn's rules for X as a matrix hold
    long : a function that returns a line of code that makes sequences of a frame whose rows may be time steps, or ""
    """

    words: str
    axes: tuple[str, ...] = ()
    line: str | None = None
    variable: str = "X"
    each: str | None = None
    drop: str | None = None
    is_matrix: bool = False
    long: Callable[[], str] | None = None

    def at(self, index):
        """The words for the value with this index."""
        return ", ".join([self.words, *(f"{axis} {i}" for axis, i in zip(self.axes, index, strict=False))])

    def inside(self, i):
        """The place of entry `i`, if it is an array itself."""
        return self._replace(words=self.at([i]), axes=self.axes[1:], each=None)

    def by(self, expression):
        """The line of code that replaces the values by `expression`, in which {x} stands for them."""
        return self.line.format(expression.format(x=self.variable))

    def n_axes_of_each(self, array):
        """How many axes each sequence has, if `array` is here."""
        return array.ndim if self.variable == "x" else array.ndim - 1


def place_of_sequence(j, source="X"):
    """The place of sequence number `j` among those of `source`, an expression; None: there is no code for a message."""
    if source is None:
        return Place(f"sequence {j}", ("step", "feature"))
    variable = source if source.isidentifier() else "X"
    line = f"{variable} = [{{}} for x in {source}]"
    return Place(f"sequence {j}", ("step", "feature"), line, "x", source)


def place_of_array(X, name="X"):
    """The place of the values of an array or a nested list that holds all sequences."""
    each = name if isinstance(X, list | tuple) else f"list({name})"
    return Place(name, ("sequence", "step", "feature"), f"{name} = {{}}", name, each)


# --- from an array to numbers -----------------------------------------------------------------------------------------


def numbers(array, place):
    """The same array if it holds numbers; objects as float64, if they are numbers or missing.

    Raises
    ------
    ValueError
        If there are other values, such as strings or times. The message says where, what came, and what to do.
    TypeError
        If an object in a matrix is neither, as scikit-learn has it.
    """
    if array.dtype.kind in NUMERIC:
        return array
    if array.dtype.kind == "O":
        return _numbers_of_objects(array, place)
    raise _refusal_of_array(array, place)


def _numbers_of_objects(array, place):
    entries = array.ravel().tolist()
    kinds = set(map(type, entries))
    may_be_nested = array.ndim == 1 and len(place.axes) > 1
    if may_be_nested and any(issubclass(kind, list | tuple) or _has_array(kind) for kind in kinds):
        return _stacked([numbers(plain(entry), place.inside(i)) for i, entry in enumerate(entries)], place)
    missing = {kind for kind in kinds if kind is type(None) or kind is MASKED or kind.__name__ == "NAType"}
    others = {kind for kind in kinds - missing if not is_number_type(kind)}
    if others:
        i = next(i for i, entry in enumerate(entries) if type(entry) in others)
        raise refusal_of_object(entries[i], np.unravel_index(i, array.shape), array, place)
    if missing:
        entries = [np.nan if type(entry) in missing else entry for entry in entries]
    try:
        values = np.array(entries, dtype=np.float64)
    except OverflowError:  # a whole number beyond all floats
        values = np.array([_float_or_infinity(entry) for entry in entries])
    return values.reshape(array.shape)


def _float_or_infinity(entry):
    try:
        return float(entry)
    except OverflowError:
        return np.inf if entry > 0 else -np.inf


def _stacked(steps, place):
    try:
        return np.array(steps)
    except ValueError as error:
        raise unequal_steps(place, error) from error


def unequal_steps(place, error):
    """The error for a sequence whose steps differ in length."""
    return ValueError(
        f"Expected {place.words} to be an array of shape (n_steps, n_features), got steps of unequal length: {error}"
    )


def is_missing(value):
    """Whether a single value stands for none: None, NaN, pandas.NA, or a masked one among objects."""
    if isinstance(value, float | np.floating):
        return value != value
    return value is None or value is np.ma.masked or type(value).__name__ == "NAType"


def is_date(value):
    """Whether a value is a string that says a date, or a time of a day, in the form that has one meaning."""
    return isinstance(value, str) and ISO.fullmatch(value) is not None


def holds_dates(values):
    """Whether an array holds such strings, and nothing else but missing values."""
    if values.dtype.kind not in "OUT":
        return False
    values = values.ravel().tolist()
    first = next(filterfalse(is_missing, values), None)
    return is_date(first) and all(is_date(value) or is_missing(value) for value in values)


def is_no_value(value):
    """Whether a value of any type stands for none: also NaT, and a masked one."""
    if is_missing(value):
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # an array, which cannot say
        return False


def words_of(value):
    """A value that stands for none, in a message."""
    if value is np.ma.masked:
        return "a masked one"
    return "NaN" if isinstance(value, float | np.floating) else str(value)


def is_number_type(kind):
    """Whether values of this type are numbers."""
    if issubclass(kind, (*STRINGS, *TIMES, *DURATIONS, complex, np.complexfloating, np.void, np.ndarray)):
        return False
    return issubclass(kind, Number) or hasattr(kind, "__float__")


# --- what to say of other values --------------------------------------------------------------------------------------


def refusal(words, got, instead):
    """The error for values that are no numbers."""
    return ValueError(f"Expected numbers in {words}, got {got}. {instead}".rstrip())


def _refusal_of_array(array, place):
    kind = array.dtype.kind
    if kind == "c":
        return _refusal_of_complex(array.dtype, array, place.words, place)
    if kind == "M":
        return refusal(place.words, f"times ({array.dtype})", instead_of_times(place))
    if kind == "m":
        return refusal(place.words, f"durations ({array.dtype})", _instead_of_durations(place))
    if kind in "UST":
        return refusal(place.words, f"strings ({array.dtype})", _instead_of_strings(array, place))
    if array.dtype.names and place.line and place.n_axes_of_each(array) == 1:
        fields = "np.stack([{x}[name] for name in {x}.dtype.names], axis=-1)"
        return refusal(place.words, "a structured array", f"Stack its fields: {place.by(fields)}")
    return refusal(place.words, str(array.dtype), "")


def refusal_of_object(value, index, array, place):
    """The error for a single value among others."""
    words = place.at(index)
    if isinstance(value, complex | np.complexfloating):
        return _refusal_of_complex(type(value).__name__, array, words, place)
    if isinstance(value, DURATIONS):
        if not _converts(array, "m8[us]"):
            place = place._replace(line=None)
        return refusal(words, f"a duration, {value!r}", _instead_of_durations(place))
    if isinstance(value, TIMES):
        if not _converts(array, "M8[us]"):
            place = place._replace(line=None)
        return refusal(words, f"a time, {value!r}", instead_of_times(place))
    if isinstance(value, STRINGS):
        return refusal(words, f"the string {short_repr(value)}", _instead_of_strings(array, place))
    instead = f"Drop the column: {place.drop}" if place.drop else ""
    if not place.drop:
        instead = _instead_of_objects(value, array, place)
    error = refusal(words, f"another object: {_reason(value)}", instead)
    return TypeError(*error.args) if place.is_matrix else error


def _instead_of_objects(value, array, place):
    is_sequence = place.variable == "x"
    name = place.variable
    if is_sequence and place.line:
        name = place.line.partition(" ")[0]
    each = place.each
    if is_sequence and place.line and place.axes[:1] == ("step",):  # a whole sequence, and no column or step of it
        each = each or name
    if not each:
        return ""
    n_features = array.shape[-1] if array.ndim + is_sequence > 2 else None
    return hints.of_entries(value, array.ndim + is_sequence, each, name, n_features)


def _reason(value):
    """Why a value is no number."""
    if is_array_like(value):
        return f"an array or a list ({type(value).__name__})"
    try:
        float(value)
    except (TypeError, ValueError) as error:
        return str(error)
    return type(value).__name__


def _refusal_of_complex(dtype, array, words, place):
    instead = ""
    if place.drop:
        instead = f" Drop the column: {place.drop}"
    elif place.line:
        function = "stack" if place.n_axes_of_each(array) == 1 else "concatenate"
        parts = f"np.{function}([part(np.asarray({{x}}, complex)) for part in (np.real, np.imag)], axis=-1)"
        instead = f" For real and imaginary parts as features: {place.by(parts)}"
    return ValueError(f"Complex data not supported\nExpected real numbers in {words}, got {dtype}.{instead}")


def instead_of_times(place):
    if place.drop:
        instead = f"Drop the column, or convert it to numbers, such as seconds: {place.drop}"
        return instead + _instead_of_long(place, "orders time steps")
    if not place.line:
        return "Leave times out, or convert them to numbers, such as seconds."
    seconds = "(np.asarray({x}, 'M8[us]') - np.datetime64(0, 'us')) / np.timedelta64(1, 's')"
    return f"Leave times out, or convert them, here to seconds: {place.by(seconds)}"


def _instead_of_durations(place):
    if place.drop:
        return f"Drop the column, or convert it to numbers, such as seconds: {place.drop}"
    if not place.line:
        return "Convert durations to numbers, such as seconds."
    seconds = "np.asarray({x}, 'm8[us]') / np.timedelta64(1, 's')"
    return f"Convert durations, here to seconds: {place.by(seconds)}"


def _instead_of_strings(array, place):
    if place.each and array.size and array.ndim - (place.variable != "x") < 2:
        written = hints.of_written(array.ravel()[0], place.each)
        if written:
            return written
    if place.drop:
        instead = f"Drop the column, or encode it as numbers: {place.drop}"
        return instead + _instead_of_long(place, "tells sequences apart")
    if place.line and _converts(array, np.float64):
        return f"Convert numbers that are written as strings: {place.by('np.asarray({x}, float)')}"
    each = place.each
    if place.n_axes_of_each(array) > 1:
        each = f"[np.ravel(x) for x in {each}]" if each and array.shape[-1] == 1 else None
    if not each:
        return "Encode strings as numbers first, for example by sklearn.preprocessing.OrdinalEncoder."
    return (
        f"Texts and tokens become numbers by X = SequenceTokenizer().fit_transform({each}). "
        "Networks read these with embedding_dim."
    )


def _instead_of_long(place, does):
    line = place.long() if place.long else ""
    return f". If each row is a time step, and the column {does}: {line}" if line else ""


def _converts(array, dtype):
    """Whether all values can be converted to `dtype`."""
    try:
        array.astype(dtype)
    except (TypeError, ValueError):
        return False
    return True
