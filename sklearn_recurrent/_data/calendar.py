"""Steps of time: how long one is, which stamps a series should have, and the stamps some steps before and after."""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import cached_property

import numpy as np

from .stamps import as_numpy, has_pandas, in_largest_unit, is_whole, length_in_words

ALIASES = {"D": "D", "h": "h", "min": "m", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}
"""Names that pandas has for lengths, which are read without pandas, too, and those of NumPy."""

DAY = np.timedelta64(1, "D")

# --- the length of a step, told by the stamps -------------------------------------------------------------------------


def calendar_of(stamps, offsets):
    """The `Calendar` of series, laid end to end: by the frequency of their index, else by the commonest difference.

    None if no series has two stamps, and no index a frequency.
    """
    values = stamps.values
    if stamps.offset is not None:
        return _calendar_of_offset(stamps.offset, stamps)
    is_inner = _inner(offsets, len(values))
    if not is_inner.any():
        return None
    commonest = _commonest(np.diff(values.astype(np.int64))[is_inner])
    if values.dtype.kind != "M":
        return Calendar(FixedStep(commonest, values.dtype), stamps)
    # In a time zone, hours count in UTC and days on the clock there: a day may have 23 hours.
    per_day = _per_day(values.dtype)
    if stamps.zone is not None and commonest >= 23 * per_day // 24:
        days, is_wall = _days_of(stamps)
        length = _commonest(np.diff(days.astype(np.int64))[is_inner])
        if is_wall and length % per_day == 0:
            return Calendar(_step_of_dates(days, length, is_inner), stamps, is_wall)
    return Calendar(_step_of_dates(values, commonest, is_inner), stamps)


def _days_of(stamps):
    """The values whose days are counted, and whether they are those of the clock in a time zone.

    They are, unless steps are of 24 hours each, also where the clock changes.
    """
    if stamps.zone is None:
        return stamps.values, False
    shown = stamps.on_clock(stamps.values)
    if _is_daily(stamps.values) and not _is_daily(shown):
        return stamps.values, False
    return shown, True


def _is_daily(values):
    """Whether all are at one time of day."""
    times = (values - values.astype("M8[D]")).astype(np.int64)
    return bool((times == times[0]).all())


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
        months, at_end, is_monthly = _months_of(values)
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


def _months_of(values):
    """The month of each date; whether each is the last day of its month; and whether all are so, or of the same day."""
    months = values.astype("M8[M]")
    days = (values.astype("M8[D]") - months.astype("M8[D]")).astype(np.int64)
    at_end = bool((days == _last_days(months)).all())
    return months, at_end, at_end or bool((days == days[0]).all())


def _calendar_of_offset(offset, stamps):
    """The `Calendar` of stamps with steps of an offset of pandas."""
    dtype = stamps.values.dtype
    name = type(offset).__name__
    if name in ("Day", "Week"):  # in pandas 3 a day of the calendar, and no length of time any more
        days = offset.n if name == "Day" else 7 * offset.n
        return Calendar(FixedStep(days * _per_day(dtype), dtype, offset), stamps, _days_of(stamps)[1])
    try:
        length = np.timedelta64(offset.nanos, "ns")
    except (AttributeError, ValueError):  # of the calendar
        values, is_wall = _days_of(stamps)
        return Calendar(OffsetStep(offset, values), stamps, is_wall)
    return Calendar(FixedStep(_in_units_of(length, dtype), dtype), stamps)


def _in_units_of(length, dtype):
    return int(length.astype(f"m8[{np.datetime_data(dtype)[0]}]").astype(np.int64))


# --- the length of a step, as the user says it ------------------------------------------------------------------------


def calendar_with(stamps, freq, name):
    """The `Calendar` of stamps of any rows, called `name`, with steps of a length that is said.

    freq : for whole numbers a whole number, or None for 1; for periods the same, or what pandas makes a period of; for
        dates a length of time, or an offset of pandas or its name
    """
    dtype = stamps.values.dtype
    if stamps.period is not None:
        return Calendar(FixedStep(_periods_per_step(stamps, freq), dtype), stamps)
    if dtype.kind == "i":
        step = 1 if freq is None else freq
        if not is_whole(step):
            raise TypeError(f"Expected freq to be an integer, as {name} are integers, got {freq!r}.")
        return Calendar(FixedStep(_positive(step, freq), dtype), stamps)
    if freq is None:
        raise ValueError(
            f"Expected freq, the length of one time step, as {name} are dates, got None. For example freq='D' for a "
            "value per day, 'h' per hour, 'MS' per month, 'B' per business day."
        )
    step = _read_freq(freq)
    if dtype.kind == "m":
        return _calendar_of_durations(stamps, step, freq, name)
    if isinstance(step, np.timedelta64):
        if _is_months(step):
            return _calendar_of_months(stamps, step, freq, name)
        return _calendar_of_length(stamps, step)
    if isinstance(step, str):
        calendar = _calendar_of_business_days(stamps)
    else:
        calendar = _calendar_of_offset(step, stamps)
    _refuse_off_grid(calendar, step, name)
    return calendar


def _periods_per_step(stamps, freq):
    period = stamps.as_index(np.zeros(1, np.int64)).freq
    if freq is None:
        return period.n
    if is_whole(freq):
        return _positive(freq, freq) * period.n
    pandas = sys.modules["pandas"]
    try:
        given = pandas.Period(ordinal=0, freq=freq).freq
    except (TypeError, ValueError):
        given = None
    if given is None or given.base != period.base:
        raise ValueError(f"Expected freq={stamps.period!r}, or None, for periods of this length, got {freq!r}.")
    return _positive(given.n, freq)


def _positive(step, freq):
    if not step > step * 0:
        raise ValueError(f"Expected freq to be a positive length, got {freq!r}.")
    return int(step) if is_whole(step) else step


def _read_freq(freq):
    """A timedelta64 if a step has a fixed length, or is some months; else an offset of pandas, or "B" without it."""
    step = _offset_of(freq) if isinstance(freq, str) else freq
    if isinstance(step, str):
        return step
    if hasattr(step, "is_on_offset"):
        _positive(step.n, freq)
        offsets = sys.modules["pandas"].offsets
        if isinstance(step, offsets.Day):
            return np.timedelta64(step.n, "D")
        if isinstance(step, offsets.Tick):
            return np.timedelta64(step.nanos, "ns")
        return step
    if not isinstance(step, timedelta | np.timedelta64):
        raise TypeError(
            f"Expected freq to be a length of time, such as 'D' or np.timedelta64(1, 'D'), or an offset of pandas, got "
            f"{freq!r}."
        )
    step = as_numpy(step)
    unit = np.datetime_data(step)[0]
    if unit == "generic":
        raise ValueError(f"Expected freq with a unit, such as np.timedelta64(1, 'D'), got {freq!r}.")
    return _positive(step.astype(f"m8[{unit}]"), freq)


def _offset_of(alias):
    try:
        from pandas.tseries.frequencies import to_offset
    except ImportError:
        if alias == "B":
            return alias
        if alias in ALIASES:
            return np.timedelta64(1, ALIASES[alias])
        raise ValueError(
            f"Expected freq to be one of {sorted([*ALIASES, 'B'])} or a length of time, as pandas is not installed, "
            f"got {alias!r}."
        ) from None
    try:
        return to_offset(alias)
    except ValueError as error:
        raise ValueError(f"Expected freq to be a name that pandas has, such as 'D' or 'MS', got {alias!r}.") from error


def _is_months(length):
    """Whether a timedelta64, or a dtype of these, counts months or years, which have no fixed length."""
    return np.datetime_data(length)[0] in "YM"


def _calendar_of_durations(stamps, step, freq, name):
    if not isinstance(step, np.timedelta64) or _is_months(step) != _is_months(stamps.values.dtype):
        raise ValueError(f"Expected freq of a fixed length, as {name} are durations, got {freq!r}.")
    return _calendar_of_length(stamps, step)


def _calendar_of_length(stamps, step):
    values = stamps.values
    stamps = stamps._replace(values=values.astype((values[:1] + step).dtype))  # the finer of both units
    dtype = stamps.values.dtype
    is_days = not _is_months(step) and step % DAY == np.timedelta64(0)
    is_wall = is_days and _days_of(stamps)[1]
    return Calendar(FixedStep(_in_units_of(step, dtype), dtype), stamps, is_wall)


def _calendar_of_months(stamps, step, freq, name):
    values, is_wall = _days_of(stamps)
    _, at_end, is_monthly = _months_of(values)
    if not is_monthly:
        raise ValueError(
            f"Expected freq of a fixed length or an offset of pandas, such as 'MS', got {freq!r}, as {name} are of "
            "several days of the month."
        )
    length = int(step.astype("m8[M]").astype(np.int64))
    return Calendar(MonthStep(length, values.dtype, at_end), stamps, is_wall)


def _calendar_of_business_days(stamps):
    values, is_wall = _days_of(stamps)
    return Calendar(BusinessStep(values.dtype), stamps, is_wall)


def _refuse_off_grid(calendar, freq, name):
    """Raise for stamps that no step of the calendar leads to."""
    unique, rows = np.unique(calendar.times, return_index=True)
    is_on = calendar.step.is_on(unique)
    if not is_on.all():
        first = int(is_on.argmin())
        freq = getattr(freq, "freqstr", freq)
        raise ValueError(
            f"Expected {name} to be times that freq={freq!r} leads to, got {calendar.shown(unique[first])} for window "
            f"{rows[first]}. Pass the freq of the series; pd.DateOffset(months=1), for example, counts from any day."
        )


# --- counting ---------------------------------------------------------------------------------------------------------


class Calendar:
    """Which time step a stamp is, and which stamp a time step has.

    step : one of the steps below
    stamps : stamps of the kind that is read and returned
    is_wall : whether steps are counted on the clock of a time zone
    """

    def __init__(self, step, stamps, is_wall=False):
        self.step = step
        self._stamps = stamps
        self.is_wall = is_wall

    @property
    def freq(self):
        """The length of a step, as CutoffSplit takes it."""
        if self._stamps.period is not None:
            return self.step.length // self._stamps.as_index(np.zeros(1, np.int64)).freq.n
        if self.is_wall and isinstance(self.step.freq, np.timedelta64) and has_pandas():
            import pandas

            return pandas.offsets.Day(int(self.step.freq // DAY))  # which may have 23 hours
        return self.step.freq

    @property
    def words(self):
        """The length of a step, for a message."""
        if self._stamps.period is not None:
            return f"{self.freq} period" if self.freq == 1 else f"{self.freq} periods"
        return self.step.words

    @property
    def times(self):
        """What steps are counted on: the values of the stamps, or what the clock of their time zone shows."""
        return self._counted(self._stamps.values)

    def numbers(self, values):
        """Number and phase of each stamp: in a series numbers rise by 1, and the phase is the same. Both (S,), int64"""
        return self.step.split(self._counted(values))

    def values(self, numbers, phases):
        """The stamps with these numbers and phases."""
        values = self.step.join(numbers, phases)
        return self._stamps.of_clock(values) if self.is_wall else values

    def shift(self, times, n):
        """The `times`, or one of them, `n` steps later."""
        return self.step.shift(times, n)

    def shown(self, time):
        """One of the `times`, for a message."""
        stamps = self._stamps._replace(zone=None) if self.is_wall else self._stamps
        return stamps.shown(time)

    def _counted(self, values):
        return self._stamps.on_clock(values) if self.is_wall else values


class _Step:
    """What steps are counted by: `split` and `join` are each other's reverse."""

    def shift(self, times, n):
        """The times, or one time, `n` steps later."""
        numbers, phases = self.split(times)
        return self.join(numbers + n, phases)

    def is_on(self, times):
        """Whether steps lead to each time."""
        return self.split(times)[1] >= 0


class FixedStep(_Step):
    """Steps of one length: of numbers, ordinals of periods, dates or durations.

    length : a number of units of `dtype`
    """

    def __init__(self, length, dtype, freq=None):
        self.length = length
        self._dtype = dtype
        self.freq = freq
        if freq is None:
            self.freq = length if dtype.kind == "i" else in_largest_unit(self._as_timedelta())

    @property
    def words(self):
        if self._dtype.kind == "i":
            return str(self.length)
        return length_in_words(self._as_timedelta())

    def _as_timedelta(self):
        return np.timedelta64(self.length, np.datetime_data(self._dtype)[0])

    def split(self, values):
        return np.divmod(values.astype(np.int64), self.length)

    def join(self, numbers, phases):
        return (numbers * self.length + phases).astype(self._dtype)

    def shift(self, times, n):
        return times + n * (self.length if self._dtype.kind == "i" else self._as_timedelta())

    def is_on(self, times):
        """Whether steps lead to each time: to any, but for weeks of a weekday."""
        return _is_on_offset(self.freq, times)


class MonthStep(_Step):
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
        if not has_pandas():
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


class BusinessStep(_Step):
    """Steps from a day to the next, but for Saturdays and Sundays."""

    words = "1 business day"
    length = 1

    def __init__(self, dtype):
        self._dtype = dtype

    @property
    def freq(self):
        if not has_pandas():
            return "B"
        import pandas

        return pandas.offsets.BusinessDay()

    def split(self, values):
        dates = values.astype("M8[D]")
        times = (values - dates).astype(np.int64)
        return np.busday_count("1970-01-05", dates), np.where(np.is_busday(dates), times, -1)

    def join(self, numbers, phases):
        dates = np.busday_offset("1970-01-05", numbers)
        return (dates.astype(self._dtype).astype(np.int64) + phases).astype(self._dtype)


class OffsetStep(_Step):
    """Steps of an offset of pandas, such as the last Friday of a month."""

    def __init__(self, offset, values):
        self.length = offset.n
        self.freq = offset
        self.words = f"freq={offset.freqstr!r}"
        self._dtype = values.dtype
        self._start = values.min()
        self._end = values.max()

    @cached_property
    def _grid(self):
        return self._dates(end=self._end)

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

    def shift(self, times, n):
        """By pandas, time by time: also before the first one, and of times of several phases."""
        if n == 0:
            return times
        unique, inverse = np.unique(times, return_inverse=True)
        length = n * self.freq
        moved = np.array([(_timestamp(time) + length).to_datetime64() for time in unique])
        return moved[inverse].reshape(np.shape(times))[()]

    def is_on(self, times):
        return _is_on_offset(self.freq, times)


def _is_on_offset(offset, times):
    return np.array([offset.is_on_offset(_timestamp(time)) for time in times])


def _timestamp(time):
    return sys.modules["pandas"].Timestamp(time)


def _per_day(dtype):
    """The number of units of a datetime64 in a day."""
    return int(np.timedelta64(1, "D") // np.timedelta64(1, np.datetime_data(dtype)[0]))


def _last_days(months):
    """The number of the last day of each month, of which the first has the number 0."""
    return ((months + 1).astype("M8[D]") - months.astype("M8[D]")).astype(np.int64) - 1
