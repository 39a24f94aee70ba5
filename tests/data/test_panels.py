"""Time series in any container: the order of their times, and columns that are no features."""

import re
from decimal import Decimal

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_recurrent import last_windows, sliding_windows

pandas = pytest.importorskip("pandas")
DAYS = pandas.date_range("2026-01-01", periods=8)


def sales(library="pandas"):
    """Two stores of 8 and 6 days; rows in random order."""
    frame = pandas.DataFrame(
        {
            "store": ["b"] * 8 + ["a"] * 6,
            "day": [*DAYS, *DAYS[2:]],
            "price": np.arange(14.0),
            "sold": 100 + np.arange(14.0),
            "size": [5] * 8 + [3] * 6,
            "kind": ["x"] * 8 + ["y"] * 6,
        }
    ).sample(frac=1, random_state=0)
    return in_library(frame, library)


def in_library(frame, library):
    if library == "pandas":
        return frame
    columns = {name: frame[name].tolist() if name in ("store", "kind") else frame[name].to_numpy() for name in frame}
    if library == "polars":
        return pytest.importorskip("polars").DataFrame(columns)
    return pytest.importorskip("pyarrow").table(columns)


def whole(frame, library):
    """The same in another library, with the time zones of its columns."""
    if library == "polars":
        days = frame["day"].dt
        table = in_library(frame.assign(day=days.tz_convert(None)), library)
        day = table["day"].dt.replace_time_zone("UTC").dt.convert_time_zone(str(days.tz))
        return table.with_columns(day)
    return frame if library == "pandas" else pytest.importorskip("pyarrow").Table.from_pandas(frame)


LIBRARIES = ["pandas", "polars", "pyarrow"]
NUMBERS = ["store", "day", "price", "sold"]


def only(frame, names):
    return frame[names] if hasattr(frame, "shape") and not hasattr(frame, "column_names") else frame.select(names)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_long_table_is_cut_into_the_windows_of_its_series(library):
    windows = sliding_windows(only(sales(library), NUMBERS), 3, 2, by="store", time="day", target="sold")
    keys = list(dict.fromkeys(sales()["store"]))
    tables = sales().sort_values("day").groupby("store")
    separate = [tables.get_group(key)[["price", "sold"]].to_numpy() for key in keys]
    for found, expected in zip(windows, sliding_windows(separate, 3, 2, target=1), strict=True):
        assert_array_equal(found, expected)
    assert_array_equal(windows.series, np.array(keys)[windows.groups])
    ends = {key: tables.get_group(key)["day"].to_numpy() for key in keys}
    cutoffs = np.concatenate([ends[key][2:-2] for key in keys])
    assert_array_equal(windows.cutoff, cutoffs)
    assert_array_equal(windows.forecast_times, cutoffs[:, None] + np.arange(1, 3) * np.timedelta64(1, "D"))


@pytest.mark.parametrize("library", LIBRARIES)
def test_static_values_stand_beside_the_windows_of_their_series(library):
    names = [*NUMBERS, "size", "kind"]
    windows = sliding_windows(
        only(sales(library), names), 3, 2, by="store", time="day", target="sold", static=["size", "kind"]
    )
    plain = sliding_windows(only(sales(library), NUMBERS), 3, 2, by="store", time="day", target="sold")
    rows = np.asarray(windows.X)
    assert rows.shape == (len(plain.X), 3)
    assert_array_equal(np.stack(rows[:, 0]), plain.X)
    assert [tuple(row) for row in rows[:, 1:]] == [(5, "x") if key == "b" else (3, "y") for key in windows.series]
    if library == "pandas":
        assert list(windows.X.columns) == ["sequence", "size", "kind"]


def test_a_long_table_may_have_its_times_in_the_index():
    indexed = sales()[NUMBERS].set_index("day")
    expected = sliding_windows(sales()[NUMBERS], 3, 2, by="store", time="day")
    for found in (indexed, indexed.rename_axis(None)):
        windows = sliding_windows(found, 3, 2, by="store")
        assert_array_equal(windows.X, expected.X)
        assert_array_equal(windows.cutoff, expected.cutoff)


def test_levels_of_a_multi_index_are_series_and_time():
    frame = sales()[NUMBERS].set_index(["store", "day"])
    expected = sliding_windows(sales()[NUMBERS], 3, 2, by="store", time="day")
    for settings in ({}, {"by": "store"}, {"time": "day"}, {"by": "store", "time": "day"}):
        windows = sliding_windows(frame, 3, 2, **settings)
        assert_array_equal(windows.X, expected.X)
        assert_array_equal(windows.cutoff, expected.cutoff)
        assert_array_equal(windows.series, expected.series)


def test_several_columns_tell_series_apart_together():
    frame = sales()[[*NUMBERS, "kind"]]
    windows = sliding_windows(frame, 3, 2, by=["store", "kind"], time="day")
    assert set(windows.series) == {("b", "x"), ("a", "y")}
    table = windows.to_frame(windows.y)
    assert list(table.columns)[:4] == ["store", "kind", "cutoff", "day"]


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("column", [False, True])
def test_a_reversed_doubled_or_broken_index_names_the_series_and_the_stamp(column, as_list):
    def cut(values):
        values = values.to_frame("v") if column else values
        return sliding_windows([pandas.Series(range(8), DAYS), values.squeeze()] if as_list else values, 3, 2)

    s = pandas.Series(np.arange(8.0), index=DAYS)
    where = f"sequence {int(as_list)}"
    with pytest.raises(ValueError, match=f"times that increase, got 2026-01-07 after 2026-01-08 in {where}. Sort"):
        cut(s[::-1])
    with pytest.raises(ValueError, match=f"one step for each time, got two for 2026-01-03 in {where}"):
        cut(pandas.concat([s[:3], s[2:]]))
    with pytest.raises(
        ValueError, match=f"got none at 2026-01-03 in {where}, between 2026-01-02 and 2026-01-06; 3 are"
    ):
        cut(s.drop(DAYS[2:5]))


def test_the_line_that_sorts_and_the_line_that_drops_times_can_be_pasted():
    series = pandas.Series(np.arange(8.0), index=DAYS)[::-1]
    for many in (False, True):
        namespace = {"series": [series] if many else series}
        with pytest.raises(ValueError, match="Sort the steps first") as caught:
            sliding_windows(namespace["series"], 3, 2)
        exec(str(caught.value).partition("first: ")[2], namespace)
        assert sliding_windows(namespace["series"], 3, 2).X[0].tolist() == [0, 1, 2]
        namespace["series"] = [series[::-1].drop(DAYS[3])] if many else series[::-1].drop(DAYS[3])
        with pytest.raises(ValueError, match="drop the times") as caught:
            sliding_windows(namespace["series"], 3, 2)
        exec(str(caught.value).partition("drop the times: ")[2], namespace)
        assert sliding_windows(namespace["series"], 3, 2).X[1].tolist() == [1, 2, 4]


@pytest.mark.parametrize("library", LIBRARIES)
def test_gaps_are_named_or_filled_in_a_long_table(library):
    frame = sales()[NUMBERS]
    frame = frame[~((frame["store"] == "a") & (frame["day"] == DAYS[5]))]
    frame = in_library(frame, library)
    with pytest.raises(ValueError, match="got none at 2026-01-06 in sequence 'a', between 2026-01-05 and 2026-01-07"):
        sliding_windows(frame, 3, 2, by="store", time="day")
    windows = sliding_windows(frame, 3, 2, by="store", time="day", gaps="nan")
    whole = sliding_windows(sales()[NUMBERS], 3, 2, by="store", time="day")
    assert_array_equal(windows.cutoff, whole.cutoff)
    is_gap = (windows.series == "a")[:, None] & (windows.forecast_times == DAYS[5].to_datetime64())
    assert_array_equal(np.isnan(windows.y).all(axis=2), is_gap)
    assert_array_equal(np.where(np.isnan(windows.X), whole.X, windows.X), whole.X)


def test_missing_values_are_kept_with_gaps_nan_alone():
    s = pandas.Series([0, 1, np.nan, 3, 4, 5, 6, 7], index=DAYS)
    with pytest.raises(ValueError, match=r"NaN in sequence 0, step 2, 2026-01-03, feature 0. gaps='nan' keeps"):
        sliding_windows(s, 3, 2)
    assert np.isnan(sliding_windows(s, 3, 2, gaps="nan").X[0, 2])
    assert np.isnan(sliding_windows(s.to_numpy(), 3, 2, gaps="nan").X[0, 2])
    for gaps in ("raise", "nan"):
        with pytest.raises(ValueError, match="contains infinity in sequence 0, step 2"):
            sliding_windows(s.fillna(np.inf), 3, 2, gaps=gaps)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "column 'day'. If it is the time of the steps, pass time='day'"),
        ({"time": "day", "by": "store"}, "in column 'kind' of series. If it tells series apart, pass by='kind'; if it"),
        ({"time": "date", "by": "store"}, "Expected time to name columns of frame, which are ['store', 'day', 'price'"),
        (
            {"time": "day", "by": "store", "static": ["kind", "price"]},
            "static column 'price' to have one value in each",
        ),
        ({"time": ["day", "price"], "by": "store"}, "Expected time to name one column, got ['day', 'price']"),
    ],
)
def test_a_column_that_is_no_feature_is_refused_with_the_parameter_that_takes_it(settings, message):
    with pytest.raises(ValueError) as caught:
        sliding_windows(sales(), 3, 2, **settings)
    assert message in str(caught.value)


@pytest.mark.parametrize("library", LIBRARIES)
def test_who_follows_the_messages_gets_to_the_windows(library):
    settings = {}
    for pattern in (r"pass (time='day')", r"pass (by='store')", r"(static=\['kind'\])"):
        with pytest.raises(ValueError, match=pattern) as caught:
            sliding_windows(sales(library), 3, 2, **settings)
        settings |= eval(f"dict({re.search(pattern, str(caught.value))[1]})")
    assert len(sliding_windows(sales(library), 3, 2, **settings).y) == 6


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_holidays_become_numbers_by_the_lines_of_the_messages(library):
    frame = pytest.importorskip(library).DataFrame

    def plan(first, n):
        return {"day": pandas.date_range(first, periods=n).to_numpy(), "holiday": ["", "Carnival"] * (n // 2)}

    def run_line_of_error(function, **arguments):
        with pytest.raises(ValueError, match=r"in column 'holiday' of (series|known_future)\.") as caught:
            function(arguments.pop("series"), 5, 2, time="day", target="sold", known=["holiday"], **arguments)
        exec(re.search(r": (\w+ = .+?\))\. Where known names it", str(caught.value))[1], names)

    sold = {"sold": np.arange(20.0)}
    names = {
        "pandas": pandas,
        "series": frame(plan("2026-01-01", 20) | sold),
        "known_future": frame(plan("2026-01-21", 2)),
    }
    numbers = frame(plan("2026-01-01", 20) | sold | {"holiday": np.zeros(20)})
    run_line_of_error(sliding_windows, series=names["series"])
    run_line_of_error(last_windows, series=numbers, known_future=names["known_future"])
    settings = {"time": "day", "target": "sold", "known": ["holiday_", "holiday_Carnival"]}
    assert sliding_windows(names["series"], 5, 2, **settings).X.shape == (14, 7, 4)
    X = last_windows(names["series"], 5, 2, known_future=names["known_future"], **settings).X
    assert sorted(X[0, -2:].sum(axis=0).tolist()) == [0, 1, 1, 2]  # sold, two days, and the future


@pytest.mark.parametrize("series", [np.zeros((9, 2)), [np.zeros((9, 2))] * 2, np.zeros((2, 9, 2))])
@pytest.mark.parametrize("role", ["time", "by", "static", "labels"])
def test_arrays_have_no_columns_to_name(series, role):
    horizon = 0 if role == "labels" else 2
    with pytest.raises(ValueError, match=f"{role}='day'"):
        sliding_windows(series, 3, horizon, **{role: "day"})


def test_times_of_several_series_must_be_of_one_kind():
    s = pandas.Series(np.arange(8.0), index=DAYS)
    with pytest.raises(ValueError, match="times of one kind, got dates and no times"):
        sliding_windows([s, s.reset_index(drop=True)], 3, 2)
    with pytest.raises(ValueError, match="or none, got a ndarray for sequence 1"):
        sliding_windows([s, s.to_numpy()], 3, 2)


def test_a_list_of_frames_has_its_times_in_a_column():
    frame = pandas.DataFrame({"day": DAYS, "v": np.arange(8.0)})
    windows = sliding_windows([frame, frame[::-1]], 3, 2, time="day")
    assert_array_equal(windows.X[windows.groups == 0], windows.X[windows.groups == 1])
    assert_array_equal(windows.cutoff[windows.groups == 1], DAYS[2:-2])


def test_numbers_in_the_index_of_a_frame_are_no_times():
    s = pandas.Series(np.arange(8.0), index=[9, 3, 3, 1, 0, 5, 6, 8])
    assert_array_equal(sliding_windows(s, 3, 2).cutoff, np.arange(2, 6))
    assert_array_equal(last_windows(s, 3, 2).forecast_times, [[8, 9]])


def test_decimals_and_missing_numbers_among_objects_are_numbers():
    frame = sales()[NUMBERS].assign(sold=[Decimal(k) / 4 for k in range(13)] + [None])
    windows = sliding_windows(frame, 3, 2, by="store", time="day", target="sold", gaps="nan")
    assert windows.y.dtype == np.float64
    assert np.nanmax(windows.X[:, :, 1]) <= 3


def test_float32_stays_and_the_table_of_the_user_too():
    frame = sales()[NUMBERS].astype({"price": "f4", "sold": "f4"})
    before = frame.copy()
    windows = sliding_windows(frame, 3, 2, by="store", time="day", known="price", gaps="nan")
    assert windows.X.dtype == windows.y.dtype == np.float32
    windows.X[:] = -1
    pandas.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("library", LIBRARIES)
def test_days_of_two_clocks_are_refused_with_the_line_that_counts_by_the_clock_of_each(library):
    zones = ["Europe/Berlin", "US/Eastern"]
    days = [pandas.date_range("2026-03-01", periods=40, tz=zone) for zone in zones]  # the clocks change, on two days
    frames = [pandas.DataFrame({"day": index, "v": np.arange(40.0)}) for index in days]
    namespace = {"series": [whole(frame, library) for frame in frames]}
    if library == "pyarrow":
        namespace["pc"] = pytest.importorskip("pyarrow.compute")
    with pytest.raises(ValueError, match=r"in one time zone, since a step is 1 day .* sequence 1") as caught:
        sliding_windows(namespace["series"], 3, 2, time="day")
    exec(str(caught.value).partition("clock of each: ")[2], namespace)
    windows = sliding_windows(namespace["series"], 3, 2, time="day")
    assert_array_equal(windows.X[windows.groups == 0], windows.X[windows.groups == 1])


def test_hours_of_two_zones_and_days_of_one_clock_may_stand_side_by_side():
    def series(freq, zone):
        return pandas.Series(np.arange(60.0), index=pandas.date_range("2026-03-06", periods=60, freq=freq, tz=zone))

    for freq, zones in (("h", ["Europe/Berlin", "US/Eastern"]), ("D", ["Europe/Berlin", "Europe/Paris"])):
        windows = sliding_windows([series(freq, zone) for zone in zones], 3, 2)
        assert_array_equal(windows.X[windows.groups == 0], windows.X[windows.groups == 1])
    two = [series("D", zone) for zone in ("Europe/Berlin", "US/Eastern")]
    with pytest.raises(ValueError, match=r"clock of each: series = \[x.tz_localize\(None\) for x in series\]"):
        last_windows(two, 3, 2)
    assert len(sliding_windows([x.tz_localize(None) for x in two], 3, 2).X) == 112


def test_times_of_two_zones_in_a_column_are_refused_with_lines_that_work():
    days = [
        day for zone in ("Europe/Berlin", "US/Eastern") for day in pandas.date_range("2026-03-01", periods=9, tz=zone)
    ]
    frame = pandas.DataFrame(
        {"id": np.repeat([0, 1], 9), "day": pandas.Series(days, dtype=object), "v": np.arange(18.0)}
    )
    for start in ("Convert them: ", "each clock: "):
        namespace = {"frame": frame.copy(), "pd": pandas}
        with pytest.raises(ValueError, match="'day' to be in one time zone") as caught:
            sliding_windows(namespace["frame"], 3, 2, by="id", time="day")
        exec(str(caught.value).partition(start)[2].partition(". If")[0], namespace)
        if start == "Convert them: ":
            assert str(namespace["frame"]["day"].dtype).endswith("UTC]")
        else:
            assert len(sliding_windows(namespace["frame"], 3, 2, by="id", time="day").X) == 10
