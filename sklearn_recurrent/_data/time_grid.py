"""Times as they come, and the steps between them: whole numbers, dates with and without a time zone, periods."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from numbers import Integral
from typing import NamedTuple

import numpy as np

FIXED_ALIASES = {"D": "D", "h": "h", "min": "m", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}
"""Names that pandas has for lengths, which are read without pandas, too, and those of NumPy."""

DAY = np.timedelta64(1, "D")


class Times(NamedTuple):
    """Times of one kind.

    values (n,) : int64, datetime64, timedelta64, or the ordinals of periods. With a time zone, what a clock on the wall
        shows there
    instants (n,) : with a time zone the same times in UTC, else None
    period : the frequency of periods, an offset of pandas; else None
    """

    values: np.ndarray
    instants: np.ndarray | None = None
    period: object = None


# --- times ------------------------------------------------------------------------------------------------------------


def read_times(times, name="groups"):
    """Times in any container as `Times`.

    Raises
    ------
    TypeError
        If they are no times, such as strings and floats, or of several kinds.
    ValueError
        If there is none, or one is missing, or they are in several time zones.
    """
    if np.ma.is_masked(times):
        raise ValueError(f"Expected {name} to have a time for each window, got a masked value.")
    values = _as_array(times)
    if isinstance(values, Times):
        _refuse_missing(np.isnat(values.values), name)
        return values
    if values.ndim != 1:
        raise ValueError(f"Expected {name} to be 1-D, one time for each window, got shape {values.shape}.")
    if not len(values):
        raise ValueError(f"Expected {name} to have a time for each window, got none.")
    kind = values.dtype.kind
    if kind in "iu":
        return Times(values.astype(np.int64))
    if kind in "mM":
        _refuse_missing(np.isnat(values), name)
        return Times(values)
    if kind == "f":
        _refuse_missing(np.isnan(values), name)
    if kind == "O":
        return _of_objects(values.tolist(), name)
    raise TypeError(_no_times(values.tolist()[0], name))


def _as_array(times):
    """An array of the times, or `Times` at once if pandas keeps a time zone beside them."""
    if hasattr(type(times), "to_native"):  # narwhals
        times = times.to_native()
    dtype = getattr(times, "dtype", None)
    if type(times).__module__.startswith("pandas"):
        if hasattr(dtype, "categories"):
            times = times.astype(dtype.categories.dtype)
            dtype = times.dtype
        if getattr(dtype, "tz", None) is not None:
            accessor = getattr(times, "dt", times)  # of a Series
            return Times(np.asarray(accessor.tz_localize(None)), np.asarray(accessor.tz_convert(None)))
    if getattr(dtype, "time_zone", None):  # polars, whose array is in UTC
        return _object_array(times.to_list())
    if hasattr(times, "to_pylist"):  # pyarrow, the same
        return _object_array(times.to_pylist())
    return np.asarray(times)


def _object_array(entries):
    array = np.empty(len(entries), object)
    array[:] = entries
    return array


def _of_objects(entries, name):
    _refuse_missing([_is_missing(entry) for entry in entries], name)
    kinds = [_kind_of(entry) for entry in entries]
    other = next((j for j, kind in enumerate(kinds) if kind != kinds[0]), None)
    if other is not None:
        raise TypeError(
            f"Expected {name} to be times of one kind, got {kinds[0]} for window 0 and {kinds[other]} for window "
            f"{other}."
        )
    kind = kinds[0]
    if kind == "integers":
        return Times(np.array(entries, np.int64))
    if kind == "periods":
        return _of_periods(entries, name)
    if kind == "datetimes with a time zone":
        return _of_zone(entries, name)
    if kind in ("datetimes", "dates", "datetime64", "durations"):
        return Times(np.array([_as_numpy(entry) for entry in entries]))
    raise TypeError(_no_times(entries[0], name))


def _is_missing(entry):
    return entry is None or type(entry).__name__ in ("NAType", "NaTType") or entry != entry


def _refuse_missing(is_missing, name):
    if np.any(is_missing):
        window = np.argmax(is_missing)
        raise ValueError(f"Expected {name} to have a time for each window, got a missing one for window {window}.")


def _kind_of(entry):
    if isinstance(entry, np.datetime64):
        return "datetime64"
    if isinstance(entry, timedelta | np.timedelta64):
        return "durations"
    if isinstance(entry, Integral) and not isinstance(entry, bool):
        return "integers"
    if hasattr(entry, "ordinal") and hasattr(entry, "freq"):  # pandas
        return "periods"
    if isinstance(entry, datetime):
        return "datetimes" if entry.tzinfo is None else "datetimes with a time zone"
    if isinstance(entry, date):
        return "dates"
    return type(entry).__name__


def _of_periods(periods, name):
    lengths = sorted({period.freqstr for period in periods})
    if len(lengths) > 1:
        raise ValueError(f"Expected {name} to be periods of one length, got {lengths}.")
    return Times(np.array([period.ordinal for period in periods], np.int64), period=periods[0].freq)


def _of_zone(times, name):
    zones = sorted({str(time.tzinfo) for time in times})
    if len(zones) > 1:
        raise ValueError(
            f"Expected {name} to be in one time zone, got {zones}. Convert them: pd.to_datetime({name}, utc=True)."
        )
    wall = [time.replace(tzinfo=None) for time in times]
    instants = [time.astimezone(UTC).replace(tzinfo=None) for time in times]
    return Times(np.array(list(map(_as_numpy, wall))), np.array(list(map(_as_numpy, instants))))


def _as_numpy(time):
    """A time or a length of time as datetime64 or timedelta64, to the last bit."""
    for method in ("to_datetime64", "to_timedelta64"):  # pandas
        if hasattr(time, method):
            return getattr(time, method)()
    if isinstance(time, timedelta | np.timedelta64):
        return np.timedelta64(time)
    return np.datetime64(time)


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


# --- steps ------------------------------------------------------------------------------------------------------------


def clock_of(times, freq, name="groups"):
    """What counts steps of length `freq` between `Times`.

    freq : for whole numbers a whole number, or None for 1; for periods the same, or what pandas makes a period of; for
        dates a length of time, or an offset of pandas or its name
    """
    if times.period is not None:
        return PeriodClock(times.values, _periods_per_step(times.period, freq), times.period)
    if times.values.dtype.kind == "i":
        step = 1 if freq is None else freq
        if not _is_whole(step):
            raise TypeError(f"Expected freq to be an integer, as {name} are integers, got {freq!r}.")
        return Clock(times.values, _positive(step, freq))
    if freq is None:
        raise ValueError(
            f"Expected freq, the length of one time step, as {name} are dates, got None. For example freq='D' for a "
            "value per day, 'h' per hour, 'MS' per month, 'B' per business day."
        )
    step = _step_of(freq)
    if not isinstance(step, np.timedelta64):
        if times.values.dtype.kind == "m":
            raise ValueError(f"Expected freq of a fixed length, as {name} are durations, got {freq!r}.")
        return CalendarClock(times.values, step, name)
    if np.datetime_data(step)[0] in "YM" and np.datetime_data(times.values.dtype)[0] not in "YM":
        raise ValueError(
            f"Expected freq of a fixed length or an offset of pandas, such as 'MS', got {freq!r}, as {name} are "
            f"{times.values.dtype}."
        )
    return Clock(_in_steps(times, step), step)


def _is_whole(number):
    return isinstance(number, Integral) and not isinstance(number, bool | np.timedelta64)


def _positive(step, freq):
    if not step > step * 0:
        raise ValueError(f"Expected freq to be a positive length, got {freq!r}.")
    return int(step) if _is_whole(step) else step


def _periods_per_step(period, freq):
    if freq is None:
        return period.n
    if _is_whole(freq):
        return _positive(freq, freq) * period.n
    pandas = sys.modules["pandas"]
    try:
        given = pandas.Period(ordinal=0, freq=freq).freq
    except (TypeError, ValueError):
        given = None
    if given is None or given.base != period.base:
        alias = pandas.Period(ordinal=0, freq=period).freqstr
        raise ValueError(f"Expected freq={alias!r}, or None, for periods of this length, got {freq!r}.")
    return _positive(given.n, freq)


def _step_of(freq):
    """A timedelta64 if a step has a fixed length, else an offset of pandas."""
    step = _offset_of(freq) if isinstance(freq, str) else freq
    if hasattr(step, "is_on_offset"):
        _positive(step.n, freq)
        offsets = sys.modules["pandas"].offsets
        if isinstance(step, offsets.Day):  # in pandas 3 no length any more, but a day of the calendar
            return np.timedelta64(step.n, "D")
        if isinstance(step, offsets.Tick):
            return np.timedelta64(step.nanos, "ns")
        return step
    if not isinstance(step, timedelta | np.timedelta64):
        raise TypeError(
            f"Expected freq to be a length of time, such as 'D' or np.timedelta64(1, 'D'), or an offset of pandas, got "
            f"{freq!r}."
        )
    step = _as_numpy(step)
    if np.datetime_data(step)[0] == "generic":
        raise ValueError(f"Expected freq with a unit, such as np.timedelta64(1, 'D'), got {freq!r}.")
    return _positive(step, freq)


def _offset_of(alias):
    try:
        from pandas.tseries.frequencies import to_offset
    except ImportError:
        if alias in FIXED_ALIASES:
            return np.timedelta64(1, FIXED_ALIASES[alias])
        raise ValueError(
            f"Expected freq to be one of {sorted(FIXED_ALIASES)} or a length of time, as pandas is not installed, got "
            f"{alias!r}."
        ) from None
    try:
        return to_offset(alias)
    except ValueError as error:
        raise ValueError(f"Expected freq to be a name that pandas has, such as 'D' or 'MS', got {alias!r}.") from error


def _in_steps(times, step):
    """The times that steps of fixed length are counted on.

    In a time zone a day may have 23 or 25 hours. Days are those of the clock on the wall, unless the times themselves
    lie whole days of 24 hours apart.
    """
    if times.instants is None:
        return times.values
    is_days = step % DAY == np.timedelta64(0)
    if is_days and np.any((times.instants - times.instants[0]) % DAY != np.timedelta64(0)):
        return times.values
    return times.instants


class Clock:
    """Counts steps of a fixed length.

    times (n,) : what is compared
    step : int or timedelta64
    """

    def __init__(self, times, step):
        self.times = times
        self.step = step

    def shift(self, times, n):
        """The times, or one time, `n` steps later."""
        return times + n * self.step

    def show(self, time):
        """A time in words."""
        if time.dtype.kind == "M":
            return str(time.astype("datetime64[s]")).removesuffix("T00:00:00")
        return str(time)


class PeriodClock(Clock):
    """Counts periods, of which `times` are the ordinals."""

    def __init__(self, times, step, period):
        super().__init__(times, step)
        self.period = period

    def show(self, time):
        return str(sys.modules["pandas"].Period(ordinal=int(time), freq=self.period))


class CalendarClock(Clock):
    """Counts steps of the calendar, such as months and business days; `step` is an offset of pandas."""

    def __init__(self, times, step, name):
        super().__init__(times, step)
        unique, rows = np.unique(times, return_index=True)
        for time, row in zip(unique, rows, strict=True):
            if not step.is_on_offset(_stamp(time)):
                raise ValueError(
                    f"Expected {name} to be times that freq={step.freqstr!r} leads to, got {self.show(time)} for "
                    f"window {row}. Pass the freq of the series; pd.DateOffset(months=1), for example, counts from any "
                    "day."
                )

    def shift(self, times, n):
        if n == 0:
            return times
        unique, inverse = np.unique(times, return_inverse=True)
        offset = self.step * n
        moved = np.array([(_stamp(time) + offset).to_datetime64() for time in unique])
        return moved[inverse].reshape(np.shape(times))[()]


def _stamp(time):
    return sys.modules["pandas"].Timestamp(time)
