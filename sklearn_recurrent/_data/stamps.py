"""Stamps: when time steps are, read from dates, periods, durations and whole numbers in any container."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from numbers import Integral
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from .arrays import is_no_value
from .containers import object_array

UNITS = {"D": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond", "us": "microsecond"}
"""Units of lengths of time, the largest first."""


class Stamps(NamedTuple):
    """When time steps are, and in which kind of a column that stood. Only builtins and objects of pandas: it is stored.

    values (S,) : int64, also the ordinals of periods; or datetime64, in a time zone those in UTC; or timedelta64
    zone : the time zone, None without one
    period : the name of the length of periods, None if they are none
    offset : the length of a time step, an offset of pandas, if an index has one
    library : "pandas", "polars" or "pyarrow"
    """

    values: np.ndarray
    zone: Any = None
    period: str | None = None
    offset: Any = None
    library: str = "pandas"

    @property
    def kind(self):
        """What stamps must share to be compared."""
        return ("int" if self.values.dtype.kind == "i" else self.values.dtype.kind, self.zone is None, self.period)

    def take(self, rows):
        return self._replace(values=self.values[rows])

    def joined_with(self, others):
        """The stamps of several series in one."""
        every = [self, *others]
        offset = self.offset if all(stamps.offset == self.offset for stamps in every) else None
        return self._replace(values=np.concatenate([stamps.values for stamps in every]), offset=offset)

    def described(self):
        """What kind of stamps they are, in words."""
        words = {"i": "whole numbers", "m": "durations"}.get(self.values.dtype.kind, "dates")
        if self.period is not None:
            return f"periods ({self.period})"
        return words if self.zone is None else f"{words} in the time zone {self.zone}"

    def shown(self, value):
        """A single value, for a message."""
        if self.period is not None or self.zone is not None:
            return str(self.as_array(np.array([value]))[0])
        if self.values.dtype.kind == "i":
            return str(value)
        if self.values.dtype.kind == "m":
            return length_in_words(value)
        day, _, time = str(value).partition("T")
        if "." in time:
            time = time.rstrip("0").rstrip(".")
        return f"{day} {time}" if time.strip("0:") else day

    def as_index(self, values):
        """Values of these stamps as an index of pandas."""
        import pandas

        if self.period is not None:
            if hasattr(pandas.PeriodIndex, "from_ordinals"):
                return pandas.PeriodIndex.from_ordinals(values, freq=self.period)
            return pandas.PeriodIndex(ordinal=values, freq=self.period)
        index = pandas.Index(values)
        if self.zone is not None:
            index = index.tz_localize("UTC").tz_convert(self.zone)
        return index

    def as_array(self, values):
        """The same as an array of any shape. Periods, and times of a time zone, are objects."""
        if self.period is None and self.zone is None:
            return values
        flat = values.ravel()
        if self.library == "polars":
            found = object_array(self.as_polars(flat, "").to_list())
        elif has_pandas():
            found = self.as_index(flat).to_numpy(dtype=object)
        else:
            found = object_array(self._as_datetimes(flat))
        return found.reshape(values.shape)

    def as_polars(self, values, name):
        """The same as a series of polars."""
        import polars

        series = polars.Series(name, values)
        if self.zone is not None:
            series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(str(self.zone))
        return series

    def _as_datetimes(self, values):
        """Instants in UTC as datetimes of the time zone."""
        zone = _zone_info(self.zone)
        return [time.replace(tzinfo=UTC).astimezone(zone) for time in values.astype("M8[us]").tolist()]

    def on_clock(self, values):
        """What a clock in the time zone shows at these values, datetime64."""
        if self.library == "polars":
            shown = self.as_polars(values, "").dt.replace_time_zone(None).to_numpy()
        elif has_pandas():
            shown = self.as_index(values).tz_localize(None).to_numpy()
        else:
            shown = np.array([time.replace(tzinfo=None) for time in self._as_datetimes(values)], dtype="M8[us]")
        return shown.astype(values.dtype)

    def of_clock(self, shown):
        """The reverse. A time that the clock skips becomes the next; of one that it shows twice, the first is meant."""
        if self.library == "polars":
            import polars

            zone = str(self.zone)
            series = polars.Series(shown).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
            utc = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy().astype(self.values.dtype)
            is_skipped = np.isnat(utc)
            utc[is_skipped] = self._instants(shown[is_skipped])
            return utc
        if not has_pandas():
            return self._instants(shown)
        import pandas

        is_summer = np.ones(len(shown), bool)
        index = pandas.DatetimeIndex(shown).tz_localize(self.zone, ambiguous=is_summer, nonexistent="shift_forward")
        return index.tz_convert(None).to_numpy().astype(self.values.dtype)

    def _instants(self, shown):
        zone = _zone_info(self.zone)
        return np.array([_instant(time, zone) for time in shown.astype("M8[us]").tolist()], dtype=self.values.dtype)


def _zone_info(zone):
    return ZoneInfo(zone) if isinstance(zone, str) else zone


def _instant(time, zone):
    """The moment in UTC at which a clock in the time zone shows a datetime first, or the next one."""
    first = time.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == time:
        return first.replace(tzinfo=None)
    # The clock skips it: it was not yet set forward one second before the moment that is searched.
    before = time.replace(tzinfo=zone, fold=1, microsecond=0).astimezone(UTC)
    after = first.replace(microsecond=0)
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(tzinfo=None)


def has_pandas():
    """Whether pandas is installed, imported or not."""
    return find_spec("pandas") is not None


def length_in_words(length):
    """A timedelta64 in words."""
    length = in_largest_unit(length)
    number = int(length.astype(np.int64))
    names = UNITS | {"Y": "year", "M": "month"}
    word = names.get(np.datetime_data(length.dtype)[0], "nanosecond")
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def in_largest_unit(length):
    """A timedelta64 in the largest unit of `UNITS` that it is a whole number of."""
    if np.datetime_data(length.dtype)[0] in "YM":
        return length
    for unit in UNITS:
        number, rest = divmod(length, np.timedelta64(1, unit))
        if not rest:
            return np.timedelta64(number, unit)
    return length


# --- any container ----------------------------------------------------------------------------------------------------


def read_stamps(times, name):
    """A time for each window, in any container. Strings and floats are refused, since their order may be no time.

    Raises
    ------
    TypeError
        If they are no times, or of several kinds.
    ValueError
        If there is none, or one is missing, or they are in several time zones.
    """
    if np.ma.is_masked(times):
        raise ValueError(f"Expected {name} to have a time for each window, got a masked value.")
    found = _plain(times, name)
    values = found.values if isinstance(found, Stamps) else found
    if values.ndim != 1:
        raise ValueError(f"Expected {name} to be 1-D, one time for each window, got shape {values.shape}.")
    if not len(values):
        raise ValueError(f"Expected {name} to have a time for each window, got none.")
    if not isinstance(found, Stamps):
        found = _stamps_of_values(values, name)
    if found.values.dtype.kind in "mM":
        _refuse_missing(np.isnat(found.values), name)
    return found


def _plain(times, name):
    """An array of the times, or `Stamps` if a library keeps more of them than an array has."""
    if hasattr(type(times), "to_native"):  # narwhals
        times = times.to_native()
    dtype = getattr(times, "dtype", None)
    if type(times).__module__.startswith("pandas") and dtype is not None:
        if hasattr(dtype, "categories"):
            times = times.astype(dtype.categories.dtype)
        if hasattr(times, "isna"):
            _refuse_missing(np.asarray(times.isna()), name)
        found = stamps_of_series(times) if hasattr(times, "dt") else stamps_of_index(times)
        return np.asarray(times) if found is None else found
    if getattr(dtype, "time_zone", None):
        return stamps_of_array(times.to_numpy(), name, dtype.time_zone, "polars")
    if getattr(getattr(times, "type", None), "tz", None):
        return stamps_of_array(np.asarray(times), name, times.type.tz, "pyarrow")
    if hasattr(times, "to_pylist"):  # pyarrow
        return object_array(times.to_pylist())
    return np.asarray(times)


def _stamps_of_values(values, name):
    kind = values.dtype.kind
    if kind in "iu":
        return Stamps(values.astype(np.int64))
    if kind in "mM":
        return Stamps(_in_plain_unit(values))
    if kind == "f":
        _refuse_missing(np.isnan(values), name)
    if kind != "O":
        raise TypeError(_no_times(values.tolist()[0], name))
    entries = values.tolist()
    _refuse_missing([is_no_value(entry) for entry in entries], name)
    kinds = [_kind_of(entry) for entry in entries]
    other = next((j for j, kind in enumerate(kinds) if kind != kinds[0]), None)
    if other is not None:
        raise TypeError(
            f"Expected {name} to be times of one kind, got {kinds[0]} for window 0 and {kinds[other]} for window "
            f"{other}."
        )
    found = _stamps_of_objects(entries, kinds[0], name)
    if found is None:
        raise TypeError(_no_times(entries[0], name))
    return found


def _refuse_missing(is_missing, name):
    if np.any(is_missing):
        window = np.argmax(is_missing)
        raise ValueError(f"Expected {name} to have a time for each window, got a missing one for window {window}.")


def _no_times(value, name):
    expected = f"Expected {name} to be times (integers, datetime64, dates, timestamps or periods), got "
    if isinstance(value, str):
        return (
            f"{expected}strings such as {value!r}, whose order need not be that of time. Convert ISO dates by "
            f'np.asarray({name}, "datetime64[s]"), others by pd.to_datetime({name}, format=...).'
        )
    if isinstance(value, float):
        return f"{expected}floats such as {value!r}. Convert whole numbers by np.asarray({name}).astype(np.int64)."
    return f"{expected}{type(value).__name__}."


# --- pandas -----------------------------------------------------------------------------------------------------------


def stamps_of_index(index):
    """The stamps of an index of pandas, if it is one of times; otherwise None, as of numbers, which may be any rows."""
    kind = type(index).__name__
    if kind == "PeriodIndex":
        ordinals = index.astype(np.int64).to_numpy()
        return Stamps(ordinals, period=index.freqstr)
    if kind == "TimedeltaIndex":
        return Stamps(_in_plain_unit(index.to_numpy()), offset=index.freq)
    if kind == "DatetimeIndex":
        zone = index.tz
        if zone is not None:
            return Stamps(_in_plain_unit(index.tz_convert(None).to_numpy()), zone, offset=index.freq)
        return Stamps(_in_plain_unit(index.to_numpy()), offset=index.freq)
    return None


def stamps_of_series(series):
    """The stamps in a column of pandas, if its dtype is one of dates or periods; otherwise None."""
    pandas = sys.modules["pandas"]
    if getattr(series.dtype, "kind", "O") == "M" or str(series.dtype).startswith("period"):
        index = pandas.Index(series)
        if str(series.dtype).startswith("timestamp"):  # of pyarrow
            index = pandas.DatetimeIndex(series)
        return stamps_of_index(index)._replace(offset=None)
    return None


# --- columns of tables ------------------------------------------------------------------------------------------------


def stamps_of_array(values, name, zone=None, library="pandas"):
    """The stamps in a column, as an array of whole numbers, times, or objects that are dates or ISO strings.

    Raises
    ------
    ValueError
        If there are others.
    """
    if values.dtype.kind in "iu":
        return Stamps(values.astype(np.int64), library=library)
    if values.dtype.kind == "f":
        return Stamps(_whole(values, name), library=library)
    if values.dtype.kind in "OU":
        return _stamps_of_column(values.tolist(), name, library)
    if values.dtype.kind in "mM":
        return Stamps(_in_plain_unit(values), zone, library=library)
    raise ValueError(f"Expected {name!r} to hold whole numbers, dates or periods, got {values.dtype}.")


def _whole(values, name):
    if not np.array_equal(values, np.rint(values)):
        value = values[values != np.rint(values)][0]
        raise ValueError(
            f"Expected {name!r} to hold whole numbers, dates or periods, got {value}. Steps between such numbers are "
            "not equal to the last bit. Round them to whole units, such as milliseconds: "
            f"frame[{name!r}] = (1000 * frame[{name!r}]).round().astype('int64')."
        )
    return values.astype(np.int64)


def _stamps_of_column(entries, name, library):
    kinds = {_kind_of(entry) for entry in entries}
    found = None
    if kinds <= {"str", "dates", "datetimes"}:
        found = Stamps(_in_plain_unit(np.array(entries, dtype="M8")))
    elif len(kinds) == 1:
        found = _stamps_of_objects(entries, kinds.pop(), repr(name))
    if found is None:
        types = ", ".join(sorted({type(entry).__name__ for entry in entries}))
        raise ValueError(f"Expected {name!r} to hold whole numbers, dates or periods, got {types}.")
    return found._replace(library=library)


# --- objects ----------------------------------------------------------------------------------------------------------


def _stamps_of_objects(entries, kind, name):
    """The stamps that objects of one kind are; None if they are no times."""
    if kind == "integers":
        return Stamps(np.array(entries, np.int64))
    if kind == "periods":
        return _stamps_of_periods(entries, name)
    if kind == "datetimes with a time zone":
        return _stamps_of_zone(entries, name)
    if kind in ("datetimes", "dates", "datetime64", "durations"):
        return Stamps(_in_plain_unit(np.array([as_numpy(entry) for entry in entries])))
    return None


def _kind_of(entry):
    if isinstance(entry, np.datetime64):
        return "datetime64"
    if isinstance(entry, timedelta | np.timedelta64):
        return "durations"
    if is_whole(entry):
        return "integers"
    if hasattr(entry, "ordinal") and hasattr(entry, "freq"):  # pandas
        return "periods"
    if isinstance(entry, datetime):
        return "datetimes" if entry.tzinfo is None else "datetimes with a time zone"
    if isinstance(entry, date):
        return "dates"
    return "str" if isinstance(entry, str) else type(entry).__name__


def is_whole(number):
    """Whether it is an integer, and no bool."""
    return isinstance(number, Integral) and not isinstance(number, bool | np.timedelta64)


def _stamps_of_periods(periods, name):
    lengths = sorted({period.freqstr for period in periods})
    if len(lengths) > 1:
        raise ValueError(f"Expected {name} to be periods of one length, got {lengths}.")
    return Stamps(np.array([period.ordinal for period in periods], np.int64), period=lengths[0])


def _stamps_of_zone(times, name):
    zones = sorted({str(time.tzinfo) for time in times})
    if len(zones) > 1:
        line = f"pd.to_datetime({name}, utc=True)."
        if not str(name).isidentifier():  # a column
            line = (
                f"frame[{name}] = pd.to_datetime(frame[{name}], utc=True). If days are those of each clock: "
                f"frame[{name}] = [time.replace(tzinfo=None) for time in frame[{name}]]"
            )
        raise ValueError(f"Expected {name} to be in one time zone, got {zones}. Convert them: {line}")
    instants = [as_numpy(time.astimezone(UTC).replace(tzinfo=None)) for time in times]
    return Stamps(_in_plain_unit(np.array(instants)), times[0].tzinfo)


def as_numpy(time):
    """A time or a length of time as datetime64 or timedelta64, to the last bit."""
    for method in ("to_datetime64", "to_timedelta64"):  # pandas
        if hasattr(time, method):
            return getattr(time, method)()
    if isinstance(time, timedelta | np.timedelta64):
        return np.timedelta64(time)
    return np.datetime64(time)


def _in_plain_unit(values):
    """datetime64 or timedelta64 in a unit of one, of days or less; but durations of months have no other unit."""
    unit, count = np.datetime_data(values.dtype)
    if unit == "W" or (unit in "YM" and values.dtype.kind == "M"):
        return values.astype(f"{values.dtype.kind}8[D]")
    return values if count == 1 else values.astype(f"{values.dtype.kind}8[{unit}]")
