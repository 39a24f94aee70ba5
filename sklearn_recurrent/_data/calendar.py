"""Time: stamps in the kinds that tables have, how long a time step is, and which stamps a series should have."""

from __future__ import annotations

import datetime
import sys
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

# --- stamps -----------------------------------------------------------------------------------------------------------


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
        if self.values.dtype.kind == "i" and self.period is None:
            return str(value)
        if self.period is not None or (self.zone is not None and self.library == "pandas"):
            return str(self.as_index(np.array([value]))[0])
        if self.values.dtype.kind == "m":
            return _length(value)
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
        if self.library == "polars":
            entries = self.as_polars(values.ravel(), "").to_list()
            return np.fromiter(entries, object, len(entries)).reshape(values.shape)
        return self.as_index(values.ravel()).to_numpy(dtype=object).reshape(values.shape)

    def as_polars(self, values, name):
        """The same as a series of polars."""
        import polars

        series = polars.Series(name, values)
        if self.zone is not None:
            series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(str(self.zone))
        return series


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
    """The stamps in a column of pandas."""
    pandas = sys.modules["pandas"]
    if getattr(series.dtype, "kind", "O") == "M" or str(series.dtype).startswith("period"):
        index = pandas.Index(series)
        if str(series.dtype).startswith("timestamp"):  # of pyarrow
            index = pandas.DatetimeIndex(series)
        return stamps_of_index(index)._replace(offset=None)
    return None


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
        return _stamps_of_objects(values.tolist(), name, library)
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


def _stamps_of_objects(values, name, library):
    if all(isinstance(value, str | datetime.date) for value in values):
        zones = [value for value in values if getattr(value, "tzinfo", None) is not None]
        if zones and "pandas" in sys.modules:
            return stamps_of_index(sys.modules["pandas"].DatetimeIndex(values))._replace(offset=None)
        if not zones:
            found = np.array(values, dtype="M8")
            return Stamps(_in_plain_unit(found), library=library)
    kinds = sorted({type(value).__name__ for value in values})
    raise ValueError(f"Expected {name!r} to hold whole numbers, dates or periods, got {', '.join(kinds)}.")


def _in_plain_unit(values):
    """datetime64 or timedelta64 in a unit of days or less; months and years have no fixed length."""
    unit, count = np.datetime_data(values.dtype)
    if unit in "YMW":
        return values.astype(f"{values.dtype.kind}8[D]")
    return values if count == 1 else values.astype(f"{values.dtype.kind}8[{unit}]")


# --- the time step ----------------------------------------------------------------------------------------------------


def calendar_of(stamps, offsets):
    """The `Calendar` of series, laid end to end: by the frequency of their index, else by the commonest difference.

    None if no series has two stamps.
    """
    values = stamps.values
    is_inner = _inner(offsets, len(values))
    if not is_inner.any():
        return None
    if stamps.offset is not None:
        return _calendar_of_offset(stamps)
    commonest = _commonest(np.diff(values.astype(np.int64))[is_inner])
    if values.dtype.kind != "M":
        return Calendar(FixedStep(commonest, values.dtype), stamps)
    # In a time zone, hours count in UTC and days on the clock there: a day may have 23 hours.
    is_wall = stamps.zone is not None and commonest >= 23 * _per_day(values.dtype) // 24
    if is_wall:
        values = _to_wall(stamps)
        commonest = _commonest(np.diff(values.astype(np.int64))[is_inner])
    return Calendar(_step_of_dates(values, commonest, is_inner), stamps, is_wall)


def _inner(offsets, n):
    """Where a difference of neighbors is one within a series."""
    is_inner = np.ones(max(n - 1, 0), bool)
    is_inner[offsets[1:-1] - 1] = False
    return is_inner


def _commonest(differences):
    """The commonest difference, of equally common ones the least."""
    if (differences == differences[0]).all():
        return int(differences[0])
    lengths, counts = np.unique(differences, return_counts=True)
    return int(lengths[counts.argmax()])


def _step_of_dates(values, commonest, is_inner):
    per_day = _per_day(values.dtype)
    if commonest >= 28 * per_day:
        months = values.astype("M8[M]")
        days = (values.astype("M8[D]") - months.astype("M8[D]")).astype(np.int64)
        at_end = bool((days == _last_days(months)).all())
        is_monthly = at_end or (days == days[0]).all()
        if is_monthly:
            return MonthStep(_commonest(np.diff(months.astype(np.int64))[is_inner]), values.dtype, at_end)
    if commonest == per_day:
        days = values.astype("M8[D]")
        has_weekends = not np.is_busday(days).all()
        weeks = (days.astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday
        # One weekend without rows may be a gap.
        if not has_weekends and len(np.unique(weeks[1:][is_inner & (np.diff(weeks) > 0)])) > 1:
            return BusinessStep(values.dtype)
    return FixedStep(commonest, values.dtype)


def _calendar_of_offset(stamps):
    offset = stamps.offset
    name = type(offset).__name__
    if name in ("Day", "Week"):  # in pandas 3 a day of the calendar, and no length of time any more
        days = offset.n if name == "Day" else 7 * offset.n
        step = FixedStep(days * _per_day(stamps.values.dtype), stamps.values.dtype, offset)
        return Calendar(step, stamps, stamps.zone is not None)
    try:
        length = np.timedelta64(offset.nanos, "ns")
    except (AttributeError, ValueError):  # of the calendar
        values = stamps.values if stamps.zone is None else _to_wall(stamps)
        return Calendar(OffsetStep(offset, values), stamps, stamps.zone is not None)
    unit = np.datetime_data(stamps.values.dtype)[0]
    return Calendar(FixedStep(int(length.astype(f"m8[{unit}]").astype(np.int64)), stamps.values.dtype), stamps)


class Calendar:
    """Which time step a stamp is, and which stamp a time step has.

    step : one of the steps below
    stamps : stamps of the kind that is read and returned
    is_wall : whether steps are counted on the clock of a time zone
    """

    def __init__(self, step, stamps, is_wall=False):
        self.step = step
        self._stamps = stamps
        self._is_wall = is_wall

    @property
    def freq(self):
        """The length of a step, as CutoffSplit takes it."""
        if self._stamps.period is not None:
            return self.step.length // self._stamps.as_index(np.zeros(1, np.int64)).freq.n
        if self._is_wall and isinstance(self.step.freq, np.timedelta64) and find_spec("pandas") is not None:
            import pandas

            return pandas.offsets.Day(int(self.step.freq // np.timedelta64(1, "D")))  # which may have 23 hours
        return self.step.freq

    @property
    def words(self):
        """The length of a step, for a message."""
        if self._stamps.period is not None:
            return f"{self.freq} period" if self.freq == 1 else f"{self.freq} periods"
        return self.step.words

    def numbers(self, values):
        """Number and phase of each stamp: in a series numbers rise by 1, and the phase is the same. Both (S,), int64"""
        if self._is_wall:
            values = _to_wall(self._stamps._replace(values=values))
        return self.step.split(values)

    def values(self, numbers, phases):
        """The stamps with these numbers and phases."""
        values = self.step.join(numbers, phases)
        if self._is_wall:
            return _from_wall(self._stamps, values)
        return values


class FixedStep:
    """Steps of one length: of numbers, ordinals of periods, dates or durations.

    length : a number of units of `dtype`
    """

    def __init__(self, length, dtype, freq=None):
        self.length = length
        self._dtype = dtype
        self.freq = freq
        if freq is None:
            self.freq = length if dtype.kind == "i" else _in_largest_unit(self._as_timedelta())

    @property
    def words(self):
        if self._dtype.kind == "i":
            return str(self.length)
        return _length(self._as_timedelta())

    def _as_timedelta(self):
        return np.timedelta64(self.length, np.datetime_data(self._dtype)[0])

    def split(self, values):
        return np.divmod(values.astype(np.int64), self.length)

    def join(self, numbers, phases):
        return (numbers * self.length + phases).astype(self._dtype)


class MonthStep:
    """Steps of months, quarters or years: the same day of each month, or the last day of each.

    length : a number of months
    """

    def __init__(self, length, dtype, at_end):
        self.length = length
        self._dtype = dtype
        self._at_end = at_end
        self._per_day = _per_day(dtype)

    @property
    def words(self):
        return "1 month" if self.length == 1 else f"{self.length} months"

    @property
    def freq(self):
        if find_spec("pandas") is None:
            return np.timedelta64(self.length, "M")
        import pandas

        if self._at_end:
            return pandas.offsets.MonthEnd(self.length)
        return pandas.DateOffset(months=self.length)

    def split(self, values):
        months = values.astype("M8[M]")
        dates = values.astype("M8[D]")
        days = (dates - months.astype("M8[D]")).astype(np.int64)
        if self._at_end:
            days = np.where(days == _last_days(months), 31, days)
        numbers, phases = np.divmod(months.astype(np.int64), self.length)
        return numbers, (phases * 32 + days) * self._per_day + (values - dates).astype(np.int64)

    def join(self, numbers, phases):
        phases, times = np.divmod(phases, self._per_day)
        phases, days = np.divmod(phases, 32)
        months = (numbers * self.length + phases).astype("M8[M]")
        days = np.minimum(days, _last_days(months))
        dates = months.astype("M8[D]") + days
        return (dates.astype(self._dtype).astype(np.int64) + times).astype(self._dtype)


class BusinessStep:
    """Steps from a day to the next, but for Saturdays and Sundays."""

    words = "1 business day"
    length = 1

    def __init__(self, dtype):
        self._dtype = dtype

    @property
    def freq(self):
        if find_spec("pandas") is None:
            return None
        import pandas

        return pandas.offsets.BusinessDay()

    def split(self, values):
        dates = values.astype("M8[D]")
        times = (values - dates).astype(np.int64)
        return np.busday_count("1970-01-05", dates), np.where(np.is_busday(dates), times, -1)

    def join(self, numbers, phases):
        dates = np.busday_offset("1970-01-05", numbers)
        return (dates.astype(self._dtype).astype(np.int64) + phases).astype(self._dtype)


class OffsetStep:
    """Steps of an offset of pandas, such as the last Friday of a month."""

    def __init__(self, offset, values):
        self.length = offset.n
        self.freq = offset
        self.words = f"freq={offset.freqstr!r}"
        self._dtype = values.dtype
        self._start = values.min()
        self._grid = self._dates(end=values.max())

    def _dates(self, **extent):
        dates = sys.modules["pandas"].date_range(self._start, freq=self.freq.base, **extent)
        return dates.to_numpy().astype(self._dtype)

    def split(self, values):
        places = np.minimum(np.searchsorted(self._grid, values), len(self._grid) - 1)
        numbers, phases = np.divmod(places, self.length)
        return numbers, np.where(self._grid[places] == values, phases, -1)

    def join(self, numbers, phases):
        places = numbers * self.length + phases
        grid = self._grid
        if places.size and places.max() >= len(grid):
            grid = self._dates(periods=int(places.max()) + 1)
        return grid[places]


def _per_day(dtype):
    """The number of units of a datetime64 in a day."""
    return int(np.timedelta64(1, "D") // np.timedelta64(1, np.datetime_data(dtype)[0]))


def _last_days(months):
    """The number of the last day of each month, of which the first has the number 0."""
    return ((months + 1).astype("M8[D]") - months.astype("M8[D]")).astype(np.int64) - 1


UNITS = {"D": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond", "us": "microsecond"}


def _in_largest_unit(length):
    """A timedelta64 in the largest unit of these that it is a whole number of."""
    for unit in UNITS:
        number, rest = divmod(length, np.timedelta64(1, unit))
        if not rest:
            return np.timedelta64(number, unit)
    return length


def _length(length):
    """A timedelta64 in words."""
    length = _in_largest_unit(length)
    number = int(length.astype(np.int64))
    word = UNITS.get(np.datetime_data(length.dtype)[0], "nanosecond")
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _to_wall(stamps):
    """What a clock in the time zone of stamps shows, datetime64."""
    if stamps.library == "polars":
        wall = stamps.as_polars(stamps.values, "").dt.replace_time_zone(None).to_numpy()
    else:
        wall = stamps.as_index(stamps.values).tz_localize(None).to_numpy()
    return wall.astype(stamps.values.dtype)


def _from_wall(stamps, values):
    """The reverse. A time that the clock skips becomes the next; of one that it shows twice, the first is meant."""
    if stamps.library == "polars":
        import polars

        series = polars.Series(values).dt.replace_time_zone(str(stamps.zone), ambiguous="earliest", non_existent="null")
        utc = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()
    else:
        import pandas

        is_summer = np.ones(len(values), bool)
        index = pandas.DatetimeIndex(values).tz_localize(stamps.zone, ambiguous=is_summer, nonexistent="shift_forward")
        utc = index.tz_convert(None).to_numpy()
    return utc.astype(stamps.values.dtype)
