"""Time steps: their length from stamps alone, the stamps that follow, and the grid of pandas where it has one."""

import datetime

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_recurrent import last_windows, sliding_windows

pandas = pytest.importorskip("pandas")

OFFSETS = {  # aliases differ between versions of pandas
    "month": pandas.offsets.MonthBegin(),
    "month end": pandas.offsets.MonthEnd(),
    "quarter": pandas.offsets.QuarterBegin(startingMonth=2),
    "quarter end": pandas.offsets.QuarterEnd(startingMonth=12),
    "year end": pandas.offsets.YearEnd(),
    "two months": pandas.offsets.MonthBegin(2),
    "business day": pandas.offsets.BusinessDay(),
    "day": pandas.offsets.Day(),
    "two days": pandas.offsets.Day(2),
    "week": pandas.offsets.Week(weekday=2),
    "hour": pandas.offsets.Hour(),
    "quarter of an hour": pandas.offsets.Minute(15),
    "second": pandas.offsets.Second(),
}
OF_INDEX_ALONE = {
    "half month": pandas.offsets.SemiMonthEnd(),
    "business month": pandas.offsets.BusinessMonthEnd(),
    "business hour": pandas.offsets.BusinessHour(),
    "two weeks": pandas.offsets.Week(2, weekday=6),
    "three business days": pandas.offsets.BusinessDay(3),
    "second Friday": pandas.offsets.WeekOfMonth(week=1, weekday=4),
}


def values_at(stamps):
    return pandas.Series(np.arange(float(len(stamps))), index=stamps)


def stamps_of(freq, n=40, **settings):
    freq = (OFFSETS | OF_INDEX_ALONE)[freq]
    return pandas.date_range("2026-01-10", periods=n, freq=freq, **settings)


def without_freq(stamps):
    return pandas.DatetimeIndex(stamps, freq=None)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("freq", OFFSETS)
def test_the_stamps_that_follow_are_those_of_pandas_whether_the_index_has_a_freq_or_not(freq, zone):
    stamps = stamps_of(freq, 45, tz=zone)
    for known in (stamps[:40], without_freq(stamps[:40])):
        windows = last_windows(values_at(known), 3, 5)
        assert_array_equal(pandas.DatetimeIndex(windows.forecast_times[0]), stamps[40:])
        assert windows.cutoff[0] == stamps[39]


@pytest.mark.parametrize("freq", OF_INDEX_ALONE)
def test_other_calendars_are_read_from_the_freq_of_an_index(freq):
    stamps = stamps_of(freq, 45)
    assert_array_equal(last_windows(values_at(stamps[:40]), 3, 5).forecast_times[0], stamps[40:])


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("freq", OFFSETS)
def test_one_hole_is_found_in_every_calendar(freq, zone):
    stamps = without_freq(stamps_of(freq, tz=zone))
    with pytest.raises(ValueError, match=r"got none at .* in sequence 0, between .*; 1 is missing in all") as caught:
        sliding_windows(values_at(stamps.delete(7)), 3, 2)
    assert str(stamps[7].date()) in str(caught.value)
    windows = sliding_windows(values_at(stamps.delete(7)), 3, 2, gaps="nan")
    expected = values_at(stamps).where(stamps != stamps[7]).to_numpy()
    assert_array_equal(np.isnan(windows.X), np.isnan(sliding_windows(expected, 3, 2, gaps="nan").X))
    assert_array_equal(pandas.DatetimeIndex(windows.forecast_times[:, 0]), stamps[3:-1])


def test_business_days_are_told_by_two_weekends_and_not_by_fewer():
    monday = pandas.date_range("2026-01-05", periods=3)
    assert str(last_windows(values_at(without_freq(monday)), 2, 1).forecast_times[0, 0])[:10] == "2026-01-08"
    two_weekends = without_freq(pandas.bdate_range("2026-01-05", periods=15))
    assert str(last_windows(values_at(two_weekends), 2, 1).forecast_times[0, 0])[:10] == "2026-01-26"
    with pytest.raises(
        ValueError, match=r"every 1 day, got none at 2026-01-10 .* told from two weekends on, or by freq"
    ):
        sliding_windows(values_at(two_weekends[:10]), 3, 2)
    with_freq = pandas.bdate_range("2026-01-05", periods=10)
    assert str(last_windows(values_at(with_freq), 2, 1).forecast_times[0, 0])[:10] == "2026-01-19"


def test_a_holiday_is_a_hole_among_business_days():
    days = pandas.bdate_range("2026-04-20", periods=15).drop(pandas.Timestamp("2026-05-01"))
    with pytest.raises(
        ValueError, match=r"every 1 business day, got none at 2026-05-01 in sequence 0, between 2026-04"
    ):
        sliding_windows(values_at(without_freq(days)), 3, 2)


def test_a_clock_that_shows_an_hour_twice_makes_no_hole_in_its_time_zone():
    hours = without_freq(pandas.date_range("2026-10-24", periods=60, freq="h", tz="Europe/Berlin"))
    windows = sliding_windows(values_at(hours), 3, 2)
    assert list(windows.cutoff) == list(hours[2:-2])
    assert windows.freq == np.timedelta64(1, "h")
    with pytest.raises(ValueError, match=r"got two for 2026-10-25 02:00:00 in sequence 0"):
        sliding_windows(values_at(hours.tz_localize(None).sort_values()), 3, 2)


@pytest.mark.parametrize(
    ("stamps", "freq"),
    [
        (stamps_of("day"), OFFSETS["day"]),
        (stamps_of("quarter of an hour"), np.timedelta64(15, "m")),
        (without_freq(stamps_of("day")), np.timedelta64(1, "D")),
        (without_freq(stamps_of("month")), pandas.DateOffset(months=1)),
        (without_freq(stamps_of("quarter end")), pandas.offsets.MonthEnd(3)),
        (without_freq(stamps_of("business day")), OFFSETS["business day"]),
        (without_freq(stamps_of("day", tz="Europe/Berlin")), OFFSETS["day"]),
        (pandas.period_range("2026-01", periods=20, freq="M"), 1),
        (pandas.period_range("2026-01", periods=20, freq="Q"), 1),
        (pandas.timedelta_range("1h", periods=20, freq="10s"), np.timedelta64(10, "s")),
        (pandas.RangeIndex(20), 1),
    ],
)
def test_freq_is_what_leads_from_one_cutoff_to_the_next(stamps, freq):
    windows = sliding_windows(values_at(stamps), 3, 2)
    assert windows.freq == freq
    first, second = windows.cutoff[:2]
    if hasattr(freq, "is_on_offset"):
        first = pandas.Timestamp(first)
    assert first + windows.freq == second


def test_periods_are_what_they_were():
    months = pandas.period_range("2026-01", periods=9, freq="M")
    windows = sliding_windows(values_at(months), 3, 2)
    assert list(windows.cutoff) == list(months[2:-2])
    assert list(last_windows(values_at(months), 3, 2).forecast_times[0]) == [months[-1] + 1, months[-1] + 2]
    with pytest.raises(ValueError, match="every 1 period, got none at 2026-05 in sequence 0"):
        sliding_windows(values_at(months.delete(4)), 3, 2)


@pytest.mark.parametrize(
    ("times", "step"),
    [(np.arange(1950, 2010, 5), 5), (np.arange(9), 1), (np.arange(9.0), 1), (np.arange(9, dtype="i2"), 1)],
)
def test_whole_numbers_are_times_in_steps_of_their_commonest_difference(times, step):
    windows = sliding_windows(pandas.DataFrame({"t": times, "v": 1.0}), 3, 2, time="t")
    assert_array_equal(windows.cutoff, times[2:-2])
    assert windows.freq == step


@pytest.mark.parametrize(
    "days",
    [
        [datetime.date(2026, 1, day) for day in range(1, 9)],
        [datetime.datetime(2026, 1, day) for day in range(1, 9)],
        [f"2026-01-0{day}" for day in range(1, 9)],
        np.arange("2026-01-01", "2026-01-09", dtype="M8[D]"),
    ],
)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_dates_are_read_from_objects_and_iso_strings(library, days):
    frame = pytest.importorskip(library).DataFrame({"day": days, "v": np.arange(8.0)})
    windows = sliding_windows(frame, 3, 2, time="day")
    assert_array_equal(windows.cutoff.astype("M8[D]"), np.arange("2026-01-03", "2026-01-07", dtype="M8[D]"))
    assert windows.freq == np.timedelta64(1, "D")


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.arange(9) / 10, "'t' to hold whole numbers, dates or periods, got 0.1. Steps between"),
        (np.arange(9) > 3, "got two for t=False"),
        ([f"{day}.1.2026" for day in range(1, 10)], "got strings such as '1.1.2026', whose alphabetical order"),
        ([1, 2, 3, 3, 4, 5, 6, 7, 8], "got two for t=3 in sequence 0, rows 2 and 3"),
        ([0, 2, 4, 6, 7, 8, 10, 12, 14], "every 2, got 7 in sequence 0, which is between two steps"),
    ],
)
def test_other_times_are_refused(times, message):
    with pytest.raises(ValueError) as caught:
        sliding_windows(pandas.DataFrame({"t": times, "v": 1.0}), 3, 2, time="t")
    assert message in str(caught.value)


def test_the_end_of_a_single_step_says_nothing_of_the_next():
    with pytest.raises(ValueError, match="at least two time steps, from which the length of a step is told"):
        last_windows(values_at(without_freq(stamps_of("day", 1))), 1, 2)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_time_that_the_clock_skips_is_the_next_one(library):
    """On 2026-03-29 the clock goes from 2 to 3."""
    days = pandas.date_range("2026-03-20 02:30", periods=9, tz="Europe/Berlin")
    times = days
    if library == "polars":
        polars = pytest.importorskip("polars")
        times = polars.Series(days.to_pydatetime().tolist()).dt.convert_time_zone("Europe/Berlin")
    frame = pytest.importorskip(library).DataFrame({"t": times, "v": np.arange(9.0)})
    found = last_windows(frame, 3, 2, time="t").forecast_times[0]
    assert [str(time) for time in found] == ["2026-03-29 03:00:00+02:00", "2026-03-30 02:30:00+02:00"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_message_names_a_time_as_the_clock_of_its_zone_shows_it(library):
    days = pandas.date_range("2026-03-20", periods=9, tz="Europe/Berlin").delete(3)
    times = days
    if library == "polars":
        polars = pytest.importorskip("polars")
        times = polars.Series(days.to_pydatetime().tolist()).dt.convert_time_zone("Europe/Berlin")
    frame = pytest.importorskip(library).DataFrame({"t": times, "v": np.arange(8.0)})
    with pytest.raises(ValueError, match=r"got none at 2026-03-23 00:00:00\+01:00 in sequence 0"):
        sliding_windows(frame, 3, 2, time="t")
