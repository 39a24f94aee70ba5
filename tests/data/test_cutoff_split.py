"""CutoffSplit: one moment for all series, in every container of times and wherever scikit-learn takes a splitter."""

import datetime
import pickle
import re
import sys
from copy import deepcopy
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import CutoffSplit, last_windows, sliding_windows

DAY = np.timedelta64(1, "D")


def folds(groups, n_splits=3, **settings):
    return list(CutoffSplit(n_splits, **settings).split(np.zeros(len(groups)), groups=groups))


def assert_same_folds(found, expected):
    for parts, others in zip(found, expected, strict=True):
        for rows, other_rows in zip(parts, others, strict=True):
            assert_array_equal(rows, other_rows)


def panel(seed):
    """Times of the last step seen of the windows of several series, of unequal lengths and starts, in mixed order."""
    rng = np.random.default_rng(seed)
    step = rng.integers(1, 4)
    starts = rng.integers(-20, 20, rng.integers(1, 6))
    times = [np.arange(start, start + rng.integers(20, 90), step) for start in starts]
    return rng.permutation(np.concatenate([*times, np.arange(0, 120, step)]))


def settings_of(seed):
    rng = np.random.default_rng(seed + 1000)
    return {
        "n_splits": int(rng.integers(1, 5)),
        "horizon": int(rng.integers(0, 9)),
        "gap": int(rng.integers(0, 6)),
        "test_size": [3, 4, 9][rng.integers(3)],
        "max_train_size": [None, 25][rng.integers(2)],
    }


SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_folds_are_those_of_their_definition(seed):
    times = panel(seed)
    settings = settings_of(seed)
    n_splits, horizon, gap = settings["n_splits"], settings["horizon"], settings["gap"]
    size = settings["test_size"]
    first_target = times + min(horizon, 1)
    last_target = times + horizon
    found = folds(times, **settings)
    assert len(found) == n_splits
    for k, (train, test) in enumerate(found):
        cutoff = first_target.max() - gap - size * (n_splits - k)
        is_train = last_target <= cutoff
        if settings["max_train_size"]:
            is_train &= last_target > cutoff - settings["max_train_size"]
        is_test = (first_target > cutoff + gap) & (first_target <= cutoff + gap + size)
        assert_array_equal(np.sort(train), np.flatnonzero(is_train))
        assert_array_equal(np.sort(test), np.flatnonzero(is_test))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_target_that_is_tested_is_seen_in_training_in_any_series(seed):
    times = panel(seed)
    settings = settings_of(seed)
    tested = []
    for train, test in folds(times, **settings):
        assert len(train)
        assert len(test)
        assert not set(train) & set(test)
        targets = times[train] + settings["horizon"]
        first = times[test] + min(settings["horizon"], 1)
        assert targets.max() + settings["gap"] < first.min()
        assert np.all(np.diff(times[train]) >= 0)
        assert np.all(np.diff(times[test]) >= 0)
        tested += test.tolist()
    assert len(set(tested)) == len(tested), "no window is tested twice"
    assert times[tested].max() == times.max()


def test_windows_of_one_time_stay_in_the_order_of_the_rows():
    times = np.tile(np.arange(20), 50)
    for parts in folds(times, horizon=2):
        for rows in parts:
            assert_array_equal(rows, sorted(rows, key=lambda row: (times[row], row)))


def test_a_test_set_is_one_horizon_if_nothing_is_said():
    times = panel(0)
    for horizon in (3, 7):
        assert_same_folds(folds(times, horizon=horizon), folds(times, horizon=horizon, test_size=horizon))
    single = np.arange(9)
    assert_same_folds(folds(single, horizon=0), folds(single, horizon=0, test_size=1))


def test_the_gap_is_exact():
    times = np.repeat(np.arange(50), 2)
    for gap in range(4):
        for train, test in folds(times, horizon=3, gap=gap):
            assert (times[train] + 3).max() + gap + 1 == (times[test] + 1).min()


def test_the_folds_of_one_series_are_those_of_TimeSeriesSplit():
    from sklearn.model_selection import TimeSeriesSplit

    expected = list(TimeSeriesSplit(4, test_size=5, gap=2 + 3 - 1, max_train_size=20).split(np.zeros(60)))
    assert_same_folds(folds(np.arange(60), 4, horizon=3, test_size=5, gap=2, max_train_size=20), expected)


def test_one_moment_holds_for_all_series():
    """Of series after series TimeSeriesSplit makes the last ones the future of the first ones."""
    times = np.tile(np.arange(8, 39), 3)
    series = np.repeat([0, 1, 2], 31)
    for train, test in folds(times, horizon=2):
        assert set(series[train]) == set(series[test]) == {0, 1, 2}
        assert (times[train] + 2).max() < (times[test] + 1).min()


def test_a_series_that_begins_late_is_tested_before_it_is_trained_on():
    times = np.concatenate([np.arange(30), np.arange(25, 30)])
    (train, test), (last_train, _) = folds(times, 2, horizon=2, test_size=3)
    assert train.max() < 30 <= test.max()
    assert set(last_train) == {*range(26), 30}


# --- times ------------------------------------------------------------------------------------------------------------

INTEGERS = np.concatenate([np.arange(40), np.arange(12, 40), np.arange(5, 30)])
ZONE = ZoneInfo("Europe/Berlin")


def daily(unit):
    return np.datetime64("2024-01-01", unit) + INTEGERS * np.timedelta64(1, "D")


def pandas_of(make):
    def form():
        return make(pytest.importorskip("pandas"))

    return form


def polars_of(make):
    def form():
        return make(pytest.importorskip("polars"))

    return form


def days_of(zone=None):
    first = datetime.datetime(2024, 3, 1, tzinfo=zone)
    return [first + datetime.timedelta(days=int(n)) for n in INTEGERS]  # by the clock on the wall


def pyarrow_dates():
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.chunked_array([pyarrow.array(daily("D"))])


FORMS = {
    "datetime64[D]": lambda: daily("D"),
    "datetime64[s]": lambda: daily("s"),
    "datetime64[ns]": lambda: daily("ns"),
    "objects of datetime64": lambda: daily("s").astype(object),
    "dates": lambda: [day.date() for day in days_of()],
    "datetimes": days_of,
    "datetimes in a zone": lambda: days_of(ZONE),
    "durations": lambda: INTEGERS * np.timedelta64(86400, "s"),
    "pandas Series": pandas_of(lambda pd: pd.Series(daily("ns"), index=INTEGERS[::-1])),
    "DatetimeIndex": pandas_of(lambda pd: pd.DatetimeIndex(daily("ns"))),
    "Timestamps": pandas_of(lambda pd: list(pd.DatetimeIndex(daily("ns")))),
    "Series in a zone": pandas_of(lambda pd: pd.Series(days_of(ZONE))),
    "index in a zone": pandas_of(lambda pd: pd.DatetimeIndex(days_of(ZONE))),
    "Timestamps in a zone": pandas_of(lambda pd: np.array([pd.Timestamp(day) for day in days_of(ZONE)])),
    "categories": pandas_of(lambda pd: pd.Series(daily("ns")).astype("category")),
    "categories in a zone": pandas_of(lambda pd: pd.Series(pd.DatetimeIndex(days_of(ZONE))).astype("category")),
    "polars dates": polars_of(lambda pl: pl.Series(daily("D"))),
    "polars datetimes": polars_of(lambda pl: pl.Series(daily("us"))),
    "polars in a zone": polars_of(lambda pl: pl.Series(days_of(ZONE))),
    "pyarrow dates": pyarrow_dates,
}
FREQS = {
    "timedelta": lambda: datetime.timedelta(days=1),
    "timedelta64": lambda: DAY,
    "hours": lambda: np.timedelta64(24, "h"),
    "alias": lambda: "D",
    "offset": pandas_of(lambda pd: pd.offsets.Day()),
    "Timedelta": pandas_of(lambda pd: pd.Timedelta(days=1)),
}


SETTINGS = {"horizon": 3, "gap": 2, "max_train_size": 20}
EXPECTED = folds(INTEGERS, **SETTINGS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("freq", FREQS)
def test_days_in_every_container_have_the_folds_of_whole_numbers(form, freq):
    assert_same_folds(folds(FORMS[form](), **SETTINGS, freq=FREQS[freq]()), EXPECTED)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, object])
def test_whole_numbers_of_any_dtype_are_times(dtype):
    assert_same_folds(folds(INTEGERS.astype(dtype), **SETTINGS), EXPECTED)
    assert_same_folds(folds(INTEGERS.tolist(), **SETTINGS), EXPECTED)
    assert_same_folds(folds(7 * INTEGERS, **SETTINGS, freq=7), EXPECTED)


@pytest.mark.parametrize("freq", ["h", "15min", "W-WED", "MS", "ME", "QS", "YS-JUL", "B", "2D", "SMS"])
def test_steps_of_the_calendar_have_the_folds_of_whole_numbers(freq):
    pd = pytest.importorskip("pandas")
    for zone in (None, "Europe/Berlin"):
        times = pd.date_range("2023-01-04", periods=40, freq=freq, tz=zone)[INTEGERS]
        assert_same_folds(folds(times, **SETTINGS, freq=freq), EXPECTED)
        assert_same_folds(folds(pd.Series(times), **SETTINGS, freq=pd.tseries.frequencies.to_offset(freq)), EXPECTED)


def test_months_from_any_day_are_counted_by_DateOffset():
    pd = pytest.importorskip("pandas")
    times = pd.DatetimeIndex([pd.Timestamp("2023-01-15") + pd.DateOffset(months=int(n)) for n in INTEGERS])
    assert_same_folds(folds(times, **SETTINGS, freq=pd.DateOffset(months=1)), EXPECTED)


@pytest.mark.parametrize("freq", [None, 1, "M"])
def test_periods_have_a_length_of_their_own(freq):
    pd = pytest.importorskip("pandas")
    times = pd.period_range("2023-01", periods=40, freq="M")[INTEGERS]
    for form in (times, pd.Series(times), list(times)):
        assert_same_folds(folds(form, **SETTINGS, freq=freq), EXPECTED)


def test_months_of_numpy_need_no_pandas():
    times = np.datetime64("2023-01", "M") + INTEGERS
    assert_same_folds(folds(times, **SETTINGS, freq=np.timedelta64(1, "M")), EXPECTED)


def test_without_pandas_lengths_and_names_of_lengths_are_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas.tseries.frequencies", None)
    for freq in ("D", DAY, datetime.timedelta(days=1)):
        assert_same_folds(folds(daily("s"), **SETTINGS, freq=freq), EXPECTED)
    with pytest.raises(ValueError, match=r"Expected freq to be one of .* as pandas is not installed, got 'MS'"):
        folds(daily("s"), **SETTINGS, freq="MS")


def test_days_in_a_zone_may_have_23_hours_and_hours_are_hours():
    """The last Sunday of March lies between: steps of 24 hours would miss a day by an hour."""
    assert_same_folds(folds(days_of(ZONE), **SETTINGS, freq=datetime.timedelta(days=1)), EXPECTED)
    utc = datetime.datetime(2024, 3, 1, tzinfo=datetime.UTC)
    by_24_hours = [(utc + datetime.timedelta(days=int(n))).astimezone(ZONE) for n in INTEGERS]
    hourly = [(utc + datetime.timedelta(days=29, hours=int(n))).astimezone(ZONE) for n in INTEGERS]
    assert_same_folds(folds(by_24_hours, **SETTINGS, freq=DAY), EXPECTED)
    assert_same_folds(folds(hourly, **SETTINGS, freq=np.timedelta64(1, "h")), EXPECTED)


# --- windows and splitter agree ---------------------------------------------------------------------------------------


def in_library(library, times):
    """Two series with the same times, of which the second one starts later."""
    of_one = [times, times[7:]]
    names = np.repeat(["a", "b"], list(map(len, of_one)))
    stamps = [stamp for one in of_one for stamp in one]
    if library == "pandas":
        pandas = pytest.importorskip("pandas")
        return pandas.DataFrame({"name": names, "t": pandas.DatetimeIndex(stamps), "v": np.arange(float(len(names)))})
    stamps = [stamp.to_pydatetime() for stamp in stamps]
    zone = None if times.tz is None else str(times.tz)
    if library == "pyarrow":
        pyarrow = pytest.importorskip("pyarrow")
        stamps = pyarrow.array(stamps, pyarrow.timestamp("us", zone))
        return pyarrow.table({"name": names, "t": stamps, "v": np.arange(float(len(names)))})
    polars = pytest.importorskip("polars")
    stamps = polars.Series(stamps)
    if zone is not None:
        stamps = stamps.dt.convert_time_zone(zone)
    return polars.DataFrame({"name": names, "t": stamps, "v": np.arange(float(len(names)))})


def assert_folds_are_those_of_whole_numbers(frame):
    windows = sliding_windows(frame, 4, 3, by="name", time="t")
    numbers = np.arange(len(windows.groups)) - 27 * windows.groups  # of 34 windows the second series lacks the first 7
    found = windows.cutoff_split(3).split(windows.X, groups=windows.cutoff)
    assert_same_folds(found, CutoffSplit(3, horizon=3).split(windows.X, groups=numbers))
    return windows


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("freq", ["D", "24h", "36h", "h", "W-WED", "MS", "ME"])
@pytest.mark.parametrize("start", ["2026-03-08", "2026-10-04"])
def test_windows_and_folds_count_the_same_days_where_the_clock_changes(library, freq, start):
    pandas = pytest.importorskip("pandas")
    times = pandas.date_range(start, periods=40, freq=freq, tz="Europe/Berlin")
    windows = assert_folds_are_those_of_whole_numbers(in_library(library, times))
    assert list(windows.cutoff[:34]) == list(times[3:-3])
    expected = pandas.date_range(times[-1], periods=4, freq=freq)[1:]
    found = last_windows(in_library(library, times), 4, 3, by="name", time="t").forecast_times
    assert list(found[0]) == list(found[1]) == list(expected)


def test_a_column_of_cutoffs_in_a_zone_makes_the_folds_of_windows():
    pandas = pytest.importorskip("pandas")
    times = pandas.date_range("2026-03-08", periods=40, tz="Europe/Berlin")
    for library in ("pandas", "polars", "pyarrow"):
        if library != "pandas" and library not in sys.modules:
            continue
        column = in_library(library, times)["t"][:40]
        assert_same_folds(folds(column, **SETTINGS, freq="D"), folds(np.arange(40), **SETTINGS))
        assert_same_folds(folds(column, **SETTINGS, freq=pandas.offsets.Day()), folds(np.arange(40), **SETTINGS))


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("freq", ["MS", "ME", "QS", "QE", "YS", "B", "D", "h", "W-WED"])
@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_without_pandas_windows_have_a_freq_that_makes_folds(library, freq, zone, monkeypatch):
    pandas = pytest.importorskip("pandas")
    frame = in_library(library, pandas.date_range("2026-01-07", periods=40, freq=freq, tz=zone))
    monkeypatch.setattr("sklearn_recurrent._data.stamps.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "pandas.tseries.frequencies", None)
    windows = assert_folds_are_those_of_whole_numbers(frame)
    assert not hasattr(windows.freq, "is_on_offset")


def test_months_of_numpy_are_months_of_dates_of_one_day():
    for day in ("01", "31"):
        times = np.datetime64("2023-01", "M") + INTEGERS + (day == "31")
        times = times.astype("M8[D]") - (day == "31")
        assert_same_folds(folds(times.astype("M8[s]"), **SETTINGS, freq=np.timedelta64(1, "M")), EXPECTED)
    years = (np.datetime64("1990", "Y") + INTEGERS).astype("M8[ns]")
    assert_same_folds(folds(years, **SETTINGS, freq=np.timedelta64(1, "Y")), EXPECTED)
    assert_same_folds(folds(years, **SETTINGS, freq=np.timedelta64(12, "M")), EXPECTED)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "error", "match"),
    [
        (["10.1.2024", "9.1.2024"], TypeError, r"strings such as '10.1.2024'.*np.asarray\(groups, \"datetime64"),
        (np.array(["2024-01-01", "2024-01-02"], object), TypeError, "strings"),
        ([0.0, 1.0], TypeError, "floats such as 0.0"),
        ([0.0, np.nan], ValueError, "missing one for window 1"),
        ([True, False], TypeError, "got bool"),
        (np.array([True, False], object), TypeError, "got bool"),
        ([[0, 1], [1, 2]], ValueError, r"1-D, one time for each window, got shape \(2, 2\)"),
        ([np.datetime64("2024-01-01"), np.datetime64("NaT")], ValueError, "missing one for window 1"),
        ([np.timedelta64("NaT", "s"), np.timedelta64(1, "s")], ValueError, "missing one for window 0"),
        ([1, None], ValueError, "missing one for window 1"),
        ([datetime.date(2024, 1, 1), None], ValueError, "missing one for window 1"),
        ([datetime.date(2024, 1, 1), 7], TypeError, "one kind, got dates for window 0 and integers for window 1"),
        (
            [datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 1, tzinfo=ZONE)],
            TypeError,
            "datetimes for window 0 and datetimes with a time zone for window 1",
        ),
        (
            [datetime.datetime(2024, 1, 1, tzinfo=zone) for zone in (datetime.UTC, ZONE)],
            ValueError,
            r"in one time zone, got \['Europe/Berlin', 'UTC'\].*pd.to_datetime\(groups, utc=True\)",
        ),
        (np.ma.masked_array([1, 2], [False, True]), ValueError, "masked"),
        ([object(), object()], TypeError, "got object"),
    ],
)
def test_what_is_no_time_is_refused(groups, error, match):
    with pytest.raises(error, match=f"(?s)Expected groups.*{match}"):
        folds(groups, horizon=1, freq=DAY)


def test_missing_times_of_tables_are_refused():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    days = [datetime.datetime(2024, 1, 1), None]
    zoned = pd.Series(pd.DatetimeIndex(days).tz_localize("UTC"))
    forms = [pd.Series(days), zoned, list(zoned), pd.Series([1, None], dtype="Int64"), pl.Series(days)]
    forms += [pl.Series(days).dt.replace_time_zone("UTC"), pd.PeriodIndex(["2024-01", None], freq="M")]
    for form in forms:
        with pytest.raises(ValueError, match="missing one for window 1"):
            folds(form, horizon=1, freq=None)
    with pytest.raises(TypeError, match="strings such as 'a'"):
        folds(pl.Series(["a", "b"]), horizon=1)


@pytest.mark.parametrize(
    ("groups", "freq", "error", "match"),
    [
        (daily("s"), None, ValueError, "Expected freq, the length of one time step, as groups are dates"),
        (daily("s"), 1, TypeError, "Expected freq to be a length of time"),
        (daily("s"), -DAY, ValueError, "positive"),
        (daily("s"), np.timedelta64("NaT", "s"), ValueError, "positive"),
        (daily("s"), np.timedelta64(1), ValueError, "with a unit"),
        (daily("s"), np.timedelta64(1, "M"), ValueError, "such as 'MS'"),
        (daily("s"), "fortnight", ValueError, "Expected freq to be a name that pandas has"),
        (daily("s"), "MS", ValueError, "times that freq='MS' leads to, got 2024-01-02 for window 1"),
        (INTEGERS, DAY, TypeError, "Expected freq to be an integer"),
        (INTEGERS, "D", TypeError, "Expected freq to be an integer"),
        (INTEGERS, 0, ValueError, "positive"),
        (INTEGERS * DAY, "MS", ValueError, "fixed length"),
    ],
    ids=repr,
)
def test_a_freq_that_does_not_fit_is_refused(groups, freq, error, match):
    if isinstance(freq, str):
        pytest.importorskip("pandas")
    with pytest.raises(error, match=match):
        folds(groups, horizon=1, freq=freq)


def test_periods_of_another_length_are_refused():
    pd = pytest.importorskip("pandas")
    months = pd.period_range("2023-01", periods=40, freq="M")
    with pytest.raises(ValueError, match="Expected freq='M', or None, for periods of this length, got 'D'"):
        folds(months, horizon=1, freq="D")
    mixed = np.array([pd.Period("2024-01", "M"), pd.Period("2024-01-01", "D")])
    with pytest.raises(ValueError, match=r"periods of one length, got \['D', 'M'\]"):
        folds(mixed, horizon=1)


def test_without_groups_the_error_says_how_to_pass_them():
    cv = CutoffSplit(horizon=2)
    search = GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=cv)
    known = {"X": X, "y": Y, "cv": cv, "search": search, "model": Ridge(), "cross_val_score": cross_val_score}
    for call in ("cv.split(X)", "cross_val_score(model, X, y, cv=cv)", "search.fit(X, y)"):
        with pytest.raises(ValueError, match="Expected groups, the time of the last step seen of each") as caught:
            eval(call, known)
    lines = re.findall(r"(?:search\.fit|cross_val_score)\(.+?\)", str(caught.value))
    assert len(lines) == 3
    for line in lines:
        with config_context(enable_metadata_routing="params" in line):
            eval(line, known | {"windows": SimpleNamespace(cutoff=INTEGERS)})


def test_what_is_no_time_becomes_one_by_the_line_of_the_message():
    pd = pytest.importorskip("pandas")
    zoned = [day.astimezone(datetime.timezone(datetime.timedelta(hours=j % 2))) for j, day in enumerate(days_of(ZONE))]
    first = datetime.datetime(2024, 1, 15)
    for groups, freq, pattern in (
        (daily("D").astype(str), "D", r"np\.asarray\(groups, .+?\)"),
        (pd.Series(daily("D").astype(str)), "D", r"np\.asarray\(groups, .+?\)"),
        (INTEGERS.astype(float), None, r"np\.asarray\(groups\)\.astype\(np\.int64\)"),
        (zoned, "24h", r"pd\.to_datetime\(groups, utc=True\)"),
        ([first + pd.DateOffset(months=int(n)) for n in INTEGERS], "MS", r"pd\.DateOffset\(months=1\)"),
    ):
        with pytest.raises((TypeError, ValueError)) as caught:
            folds(groups, **SETTINGS, freq=freq)
        found = eval(re.search(pattern, str(caught.value))[0], {"np": np, "pd": pd, "groups": groups})
        if "DateOffset" in pattern:
            assert_same_folds(folds(groups, **SETTINGS, freq=found), EXPECTED)
        elif "utc" not in pattern:  # there a day of 23 hours is none
            assert_same_folds(folds(found, **SETTINGS, freq=freq), EXPECTED)
        else:
            assert len(folds(found, **SETTINGS, freq=freq)) == 3


def test_groups_of_another_length_are_refused():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        CutoffSplit(horizon=1).split(np.zeros(3), groups=np.arange(4))


def test_an_empty_fold_is_named_before_anything_is_fitted():
    with pytest.raises(ValueError, match=r"Fold 0 of 5 .* to train on.* 0 or before.*n_splits=4 or less") as caught:
        CutoffSplit(5, horizon=10).split(np.zeros(50), groups=np.arange(50))
    n_good = int(re.search(r"n_splits=(\d+)", str(caught.value))[1])
    assert len(folds(np.arange(50), n_good, horizon=10)) == n_good
    with pytest.raises(ValueError, match=r"Fold 0 of 1 .* to train on.*smaller test_size, gap or horizon"):
        folds(np.arange(5), 1, horizon=5)
    with pytest.raises(ValueError, match=r"Fold 1 of 3 .* to test on.* from 28 to before 30.*larger test_size"):
        folds(np.r_[np.arange(28), 30, 31], horizon=2)
    with pytest.raises(ValueError, match="larger max_train_size"):
        folds(np.r_[np.arange(10), np.arange(30, 33)], 1, horizon=2, test_size=2, max_train_size=5)
    with pytest.raises(ValueError, match=r"cutoff 2024-01-01 or before. The last steps seen go from 2024-01-01 to "):
        folds(daily("ns"), 5, horizon=8, freq=DAY)
    with pytest.raises(ValueError, match=r"Fold 6 of 9 .*n_splits=2 or less"):  # the first ones lie before all windows
        folds(np.arange(40), 9, horizon=13)


@pytest.mark.parametrize(
    "settings",
    [{"n_splits": 0}, {"horizon": -1}, {"gap": -1}, {"test_size": 0}, {"max_train_size": 0}, {"horizon": 1.5}],
    ids=str,
)
def test_invalid_settings_are_refused_at_once(settings):
    with pytest.raises((TypeError, ValueError), match=next(iter(settings))):
        CutoffSplit(**{"horizon": 1} | settings)


# --- in scikit-learn --------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
X = RNG.normal(size=(len(INTEGERS), 3))
Y = X @ [1.0, 2, 3] + RNG.normal(size=len(X))
CV = CutoffSplit(3, horizon=2)
FOLDS = list(CV.split(X, groups=INTEGERS))
GRID = {"alpha": [0.1, 10.0]}


def scores_by_hand(**parameters):
    return [Ridge(**parameters).fit(X[train], Y[train]).score(X[test], Y[test]) for train, test in FOLDS]


@pytest.mark.parametrize("search", [GridSearchCV, RandomizedSearchCV], ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("routing", [False, True])
def test_a_search_gives_groups_to_the_splitter(search, routing):
    options = {"n_iter": 2, "random_state": 0} if search is RandomizedSearchCV else {}
    with config_context(enable_metadata_routing=routing):
        found = search(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1e-9, 1.0]}, cv=CV, **options)
        found.fit(X, Y, groups=INTEGERS)
    which = found.cv_results_["params"].index({"ridge__alpha": 1e-9})
    for k, score in enumerate(scores_by_hand(alpha=1e-9)):
        np.testing.assert_allclose(found.cv_results_[f"split{k}_test_score"][which], score)


def test_halving_works():
    search = HalvingGridSearchCV(Ridge(), GRID, cv=CV, resource="n_samples", min_resources=60)
    assert search.fit(X, Y, groups=INTEGERS).n_splits_ == 3


def test_the_functions_of_model_selection_give_groups_to_the_splitter():
    expected = scores_by_hand()
    np.testing.assert_allclose(cross_val_score(Ridge(), X, Y, groups=INTEGERS, cv=CV), expected)
    np.testing.assert_allclose(cross_validate(Ridge(), X, Y, groups=INTEGERS, cv=CV)["test_score"], expected)
    _, scores = validation_curve(Ridge(), X, Y, param_name="alpha", param_range=[1.0], groups=INTEGERS, cv=CV)
    np.testing.assert_allclose(scores[0], expected)
    score, _, _ = permutation_test_score(Ridge(), X, Y, groups=None, cv=FOLDS, n_permutations=2)
    np.testing.assert_allclose(score, np.mean(expected))


def test_with_routing_the_functions_take_groups_in_params():
    with config_context(enable_metadata_routing=True):
        scores = cross_val_score(Ridge(), X, Y, params={"groups": INTEGERS}, cv=CV)
        curve = learning_curve(Ridge(), X, Y, params={"groups": INTEGERS}, cv=CV, train_sizes=[1.0])[2]
    np.testing.assert_allclose(scores, scores_by_hand())
    np.testing.assert_allclose(curve[0][0], scores_by_hand()[0])  # of the others it takes as many rows


def test_learning_curves_train_on_the_oldest_windows():
    class Spy(Ridge):
        newest = []

        def fit(self, X, y):
            self.newest.append(int(X[:, 0].max()))
            return super().fit(X, y)

    times = np.random.default_rng(0).permutation(INTEGERS)
    X = times[:, None].astype(float)
    learning_curve(Spy(), X, X[:, 0], groups=times, cv=CutoffSplit(1, horizon=2), train_sizes=[0.5, 1.0])
    (train, _) = folds(times, 1, horizon=2)[0]
    assert Spy.newest == [times[train][: len(train) // 2].max(), times[train].max()]
    assert Spy.newest[0] < Spy.newest[1]


def test_a_splitter_is_shown_copied_and_stored():
    cv = CutoffSplit(3, horizon=2, gap=1, freq="D")
    assert repr(cv) == "CutoffSplit(freq='D', gap=1, horizon=2, max_train_size=None, n_splits=3,\n      test_size=None)"
    assert cv.get_n_splits() == 3
    search = clone(GridSearchCV(Ridge(), GRID, cv=cv))
    for copy in (search.cv, deepcopy(cv), pickle.loads(pickle.dumps(cv)), clone(cv, safe=False)):
        assert vars(copy) == vars(cv)
