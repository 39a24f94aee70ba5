"""Windows with what is known ahead, and the last windows of series: aligned by series and time, never by position."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_recurrent import LSTMRegressor, SequenceDataWarning, last_windows, sliding_windows

pandas = pytest.importorskip("pandas")
DAYS = pandas.date_range("2026-01-01", periods=12)
rng = np.random.default_rng(0)
SETTINGS = {"by": "store", "time": "day", "target": "sold", "known": "price"}


def frame_of(library, columns):
    if library == "pandas":
        return pandas.DataFrame(columns)
    if library == "polars":
        return pytest.importorskip("polars").DataFrame(columns)
    return pytest.importorskip("pyarrow").table(columns)


def rows_of(*parts):
    """Rows in random order; a price tells its store and its day."""
    rows = [(store, day) for store, days in parts for day in days]
    rows = [rows[j] for j in rng.permutation(len(rows))]
    days = np.array([DAYS.to_numpy()[day] for _, day in rows])
    price = np.array([{"a": 100.0, "b": 200.0}.get(store, 0.0) + day for store, day in rows])
    return {"store": [store for store, _ in rows], "day": days, "price": price}


def sales(library="pandas"):
    columns = rows_of(("a", range(9)), ("b", range(2, 7)))
    return frame_of(library, columns | {"sold": -columns["price"]})


def prices(library="pandas", *parts):
    return frame_of(library, rows_of(*(parts or (("b", range(12)), ("a", range(5, 12)), ("c", range(3))))))


LIBRARIES = ["pandas", "polars", "pyarrow"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_step_of_the_horizon_has_the_known_value_of_its_own_time(library):
    X, y, _ = windows = sliding_windows(sales(library), 3, 2, **SETTINGS)
    assert X.shape == (len(y), 5, 3)
    assert_array_equal(X[:, :, 2], np.tile([0, 0, 0, 1, 1], (len(y), 1)))
    assert_array_equal(X[:, :3, 1], -X[:, :3, 0])
    assert_array_equal(X[:, 3:, 1], 0)
    assert_array_equal(X[:, 3:, 0], -y)
    assert_array_equal(windows.y_per_step, np.c_[np.full((len(y), 3), np.nan), y])


def test_what_is_missing_in_rows_that_are_not_looked_up_is_no_matter():
    series = sales()  # whose rows are shuffled anew in each call
    future = pandas.concat([prices(), prices("pandas", ("a", [1, 2, 3])).assign(price=np.nan)])
    future.loc[(future["store"] == "b") & (future["day"] >= DAYS[9]), "price"] = np.nan
    found = last_windows(series, 3, 2, known_future=future, **SETTINGS)
    assert_array_equal(found.X, last_windows(series, 3, 2, known_future=prices(), **SETTINGS).X)
    future.loc[(future["store"] == "b") & (future["day"] == DAYS[8]), "price"] = np.nan
    with pytest.raises(ValueError, match="known_future contains NaN in sequence 'b', step 1, 2026-01-09, feature 'pri"):
        last_windows(series, 3, 2, known_future=future, **SETTINGS)
    kept = last_windows(series, 3, 2, known_future=future, gaps="nan", **SETTINGS)
    assert np.isnan(kept.X).sum() == 1


@pytest.mark.parametrize("form", ["table", "index", "levels"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_known_future_is_found_by_series_and_time(library, form):
    series, future = sales(library), prices(library)
    settings = dict(SETTINGS)
    if form != "table":
        if library != "pandas":
            pytest.skip("has no index")
        names = ["day"] if form == "index" else ["store", "day"]
        series, future = series.set_index(names), future.set_index(names)
        settings.pop("time")
        if form == "levels":
            settings.pop("by")
    windows = last_windows(series, 3, 2, known_future=future, **settings)
    end = {"a": 8, "b": 6}
    assert sorted(windows.series) == ["a", "b"]
    for store, X, cutoff, times in zip(windows.series, windows.X, windows.cutoff, windows.forecast_times, strict=True):
        base = {"a": 100, "b": 200}[store]
        assert X[:, 0].tolist() == [base + end[store] + k for k in range(-2, 3)]
        assert X[:, 2].tolist() == [0, 0, 0, 1, 1]
        assert cutoff == DAYS[end[store]]
        assert_array_equal(times, DAYS[end[store] + 1 : end[store] + 3])
    assert np.isnan(windows.y).all()
    assert windows.y.shape == (2, 2)


def test_the_last_windows_continue_those_of_sliding_windows():
    cut = sliding_windows(sales(), 3, 2, **SETTINGS)
    before = sales()[lambda frame: frame["day"] < frame["store"].map({"a": DAYS[7], "b": DAYS[5]})]
    last = last_windows(before, 3, 2, known_future=sales(), **SETTINGS)
    for store, X in zip(last.series, last.X, strict=True):
        assert_array_equal(X, cut.X[cut.series == store][-1])


@pytest.mark.parametrize("library", LIBRARIES)
def test_stamps_that_are_missing_are_listed(library):
    future = prices(library, ("b", [7]), ("a", range(10, 12)))
    with pytest.raises(ValueError) as caught:
        last_windows(sales(library), 3, 3, known_future=future, **SETTINGS)
    assert "of the 3 time steps after the end of each series, got none for" in str(caught.value)
    assert "sequence 'a' at 2026-01-10" in str(caught.value)
    assert "sequence 'b' at 2026-01-09, 2026-01-10" in str(caught.value)


def test_a_series_that_ends_before_others_is_left_out_or_goes_on_to_their_end():
    series, future = sales(), prices("pandas", ("a", range(9, 11)), ("b", range(9, 11)))
    with pytest.raises(ValueError, match=r"2026-01-08, 2026-01-09\. Some of these series end before others"):
        last_windows(series, 3, 2, known_future=future, **SETTINGS)
    left = series[series["store"] != "b"]
    assert last_windows(left, 3, 2, known_future=future, **SETTINGS).series.tolist() == ["a"]
    more = pandas.concat([series, pandas.DataFrame({"store": ["b"], "day": [DAYS[8]]})])
    windows = last_windows(more, 3, 2, known_future=future, gaps="nan", **SETTINGS)
    assert (windows.cutoff == DAYS[8]).all()
    with pytest.raises(ValueError) as caught:  # none ends before another
        last_windows(left, 3, 5, known_future=future, **SETTINGS)
    assert "Some of these" not in str(caught.value)


def test_a_long_list_of_missing_stamps_is_cut():
    with pytest.raises(ValueError, match=r"at 2026-01-\d\d, .*; and 6 more\. Some"):
        last_windows(sales(), 3, 8, known_future=prices("pandas", ("c", range(12))), **SETTINGS)


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda f: f.drop(columns="price"), {}, "Expected known to name columns of frame, which are ['store', 'day']"),
        (lambda f: f.drop(columns="day"), {}, "Expected time to name columns of frame"),
        (
            lambda f: f.assign(day=f["day"].dt.tz_localize("UTC")),
            {},
            "times as series has, dates, got dates in the time",
        ),
        (lambda f: f.assign(day=range(len(f))), {}, "times as series has, dates, got whole numbers"),
        (lambda f: f.assign(price=np.nan), {}, "Input known_future contains NaN in sequence"),
        (lambda f: pandas.concat([f, f[:1]]), {}, "Expected one step for each value of time, got two for day="),
        (lambda f: None, {}, "Expected known together with known_future, got known_future=None"),
        (lambda f: f, {"known": None}, "Expected known_future together with known, got known=None"),
        (
            lambda f: f,
            {"known": ["price", "sold"]},
            "known to be features that are known ahead, got the target, 'sold'",
        ),
        (lambda f: f, {"known": "prize"}, "Expected known to be one of the columns ['price', 'sold'], got 'prize'."),
        (lambda f: f, {"known": [0, 1], "target": None}, "Expected a feature that is not known ahead, as target"),
    ],
)
def test_a_known_future_that_does_not_fit_is_refused(change, settings, message):
    with pytest.raises(ValueError) as caught:
        last_windows(sales(), 3, 2, known_future=change(prices()), **SETTINGS | settings)
    assert message in str(caught.value)


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("target", [0, [0], None, "v", ["w", "v"]])
def test_targets_are_all_features_that_are_not_known(target, horizon):
    series = np.c_[np.arange(9.0), 10 + np.arange(9.0), 20 + np.arange(9.0)]
    if isinstance(target, str) or (isinstance(target, list) and isinstance(target[0], str)):
        series = pandas.DataFrame(series, columns=["v", "w", "k"])
    windows = sliding_windows(series, 3, horizon, known=2, target=target)
    plain = sliding_windows(series, 3, horizon, target=[0, 1] if target is None else target)
    assert_array_equal(windows.y, plain.y)
    assert_array_equal(windows.X[:, :3, :3], plain.X)
    per_step = windows.y_per_step
    assert per_step.shape[:2] == (len(plain.y), 3 + horizon)
    assert np.isnan(per_step[:, :3]).all()
    assert_array_equal(per_step[:, 3:].ravel(), plain.y.ravel())
    assert plain.y_per_step is None


@pytest.mark.parametrize("many", [False, True])
def test_without_times_the_future_has_as_many_rows_as_the_horizon(many):
    def cut(future):
        series = np.c_[np.arange(6.0), 10 + np.arange(6.0)]
        return last_windows(
            [series, series[:4]] if many else series, 3, 2, known=1, known_future=[future, future] if many else future
        ).X

    for future in (np.array([7.0, 8.0]), np.array([[7.0], [8.0]])):
        assert cut(future)[0].tolist() == [[3, 13, 0], [4, 14, 0], [5, 15, 0], [0, 7, 1], [0, 8, 1]]
    with pytest.raises(
        ValueError, match="2 rows, horizon=2, after the end of each series, as these have no times, got 3"
    ):
        cut(np.array([7.0, 8.0, 9.0]))
    with pytest.raises(ValueError, match="known_future to have 1 features, those of known, got 2"):
        cut(np.zeros((2, 2)))


def test_frames_in_a_list_have_a_future_each():
    frames = [pandas.DataFrame({"v": np.arange(6.0), "k": np.arange(6.0)}, index=DAYS[j : j + 6]) for j in (0, 3)]
    future = [pandas.DataFrame({"k": np.arange(12.0)}, index=DAYS)] * 2
    windows = last_windows(frames, 3, 2, known="k", known_future=future, target="v")
    assert windows.X[:, 3:, 1].tolist() == [[6, 7], [9, 10]]


def test_dates_may_be_in_another_unit():
    series = pandas.Series(np.arange(6.0), index=DAYS[:6]).to_frame("k").assign(v=0.0)
    future = pandas.DataFrame({"k": [7.0, 8.0]}, index=DAYS[6:8].as_unit("ns"))
    assert last_windows(series, 3, 2, known="k", known_future=future).X[0, 3:, 0].tolist() == [7, 8]


@pytest.mark.parametrize("k", [None, 2])
def test_each_series_ends_where_it_ends(k):
    shape = () if k is None else (k,)
    many = [rng.normal(size=(length, *shape)) for length in (9, 3, 5)]
    windows = last_windows(many, 3, 2)
    assert_array_equal(windows.X, np.stack([x[-3:] for x in many]))
    assert windows.cutoff.tolist() == [8, 2, 4]
    assert windows.forecast_times.tolist() == [[9, 10], [3, 4], [5, 6]]
    assert windows.y.shape == (3, 2, *shape)
    assert last_windows(many, 3, 1).y.shape == (3, *shape)


def test_a_series_shorter_than_the_window_is_named_or_skipped():
    many = [np.arange(9.0), np.arange(2.0), np.arange(5.0)]
    with pytest.raises(
        ValueError, match=r"at least 3 time steps, window=3, got 2 in sequence 1\. short='skip' leaves out"
    ):
        last_windows(many, 3, 2)
    assert last_windows(many, 3, 2, short="skip").series.tolist() == [0, 2]
    with pytest.raises(ValueError, match="got 2 in sequence 'b'"):
        last_windows(sales()[lambda f: (f["store"] == "a") | (f["day"] < DAYS[4])], 3, 2, by="store", time="day")


def test_values_that_are_known_ahead_are_used():
    temperature = rng.normal(size=300)
    load = 3 * temperature + 0.3 * np.sin(np.arange(300) / 5) + 100
    windows = sliding_windows(np.c_[load, temperature], 12, 4, known=1, target=0)
    weight = np.zeros((len(windows.X), 16))
    weight[:, 12:] = 1
    model = LSTMRegressor(16, return_sequences=True, max_iter=12, learning_rate_init=0.01, random_state=0)
    y = np.nan_to_num(windows.y_per_step)
    forecast = model.fit(windows.X[:200], y[:200], sample_weight=weight[:200]).predict(windows.X[220:])
    table = windows.to_frame(forecast, rows=range(220, len(windows.X)))
    truth = load[table["time"]]
    assert 1 - np.var(truth - table["prediction"]) / np.var(truth) > 0.9


@pytest.mark.parametrize("freq", ["D", "MS", "B"])
def test_one_step_is_enough_if_the_index_says_how_long_it_is(freq):
    days = pandas.date_range("2026-01-01", periods=3, freq=freq)
    last = last_windows(pandas.Series([1.0], days[:1]), window=1, horizon=2)
    assert list(last.forecast_times[0]) == list(days[1:])
    with pytest.raises(ValueError, match="Expected a series of at least two time steps"):
        last_windows(pandas.Series([1.0], pandas.DatetimeIndex(list(days[:1]))), window=1, horizon=2)


def test_a_feature_without_a_value_in_the_whole_future_gives_a_warning():
    series = np.random.default_rng(0).normal(size=(20, 3))
    settings = {"target": 0, "known": [1, 2], "gaps": "nan"}
    future = np.ones((2, 2))
    future[:, 1] = np.nan
    with pytest.warns(SequenceDataWarning, match="NaN at all steps of feature 2, so nothing of it is known ahead"):
        last_windows(series, 5, 2, known_future=future, **settings)
    future[1, 1] = 0
    assert np.isnan(last_windows(series, 5, 2, known_future=future, **settings).X[0, -2, 2])
