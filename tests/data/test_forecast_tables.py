"""Predictions of windows as a long table: each stands beside its series and its time."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_recurrent import last_windows, sliding_windows

pandas = pytest.importorskip("pandas")
DAYS = pandas.date_range("2026-01-01", periods=9)


def table(library="pandas"):
    columns = {
        "store": ["b"] * 9 + ["a"] * 7,
        "day": np.r_[DAYS.to_numpy(), DAYS.to_numpy()[2:]],
        "sold": np.arange(16.0),
    }
    return pytest.importorskip(library).DataFrame(columns | {"lost": np.arange(16.0) / 10})


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_what_is_predicted_right_is_the_table_itself(library):
    frame = table(library)
    windows = sliding_windows(frame, 3, 2, by="store", time="day", target="sold")
    found = windows.to_frame(windows.y)
    assert type(found) is type(frame)
    assert list(found.columns) == ["store", "cutoff", "day", "prediction"]
    sold = dict(zip(zip(frame["store"], frame["day"], strict=True), frame["sold"], strict=True))
    rows = list(zip(found["store"], found["day"], found["cutoff"], found["prediction"], strict=True))
    assert len(rows) == 2 * len(windows.X)
    assert all(sold[store, day] == prediction and day > cutoff for store, day, cutoff, prediction in rows)
    assert found["day"].dtype == frame["day"].dtype


@pytest.mark.parametrize(
    ("target", "horizon", "shape", "names"),
    [
        ("sold", 2, (2,), ["prediction"]),
        (["sold"], 2, (2, 1), ["prediction_sold"]),
        (["lost", "sold"], 2, (2, 2), ["prediction_lost", "prediction_sold"]),
        (None, 2, (2, 2), ["prediction_sold", "prediction_lost"]),
        ("sold", 1, (), ["prediction"]),
        ("sold", 1, (1,), ["prediction"]),
        (None, 1, (2,), ["prediction_sold", "prediction_lost"]),
        (None, 1, (1, 2), ["prediction_sold", "prediction_lost"]),
        (None, 2, (4,), ["prediction_sold", "prediction_lost"]),
    ],
)
@pytest.mark.parametrize("quantile", [None, (0.05, 0.5, 0.95), (0.5,)])
def test_there_is_a_column_for_each_target_and_quantile(quantile, target, horizon, shape, names):
    windows = last_windows(table(), 3, horizon, by="store", time="day", target=target)
    is_flattened = shape == (4,)
    if is_flattened and quantile:
        pytest.skip("a flattened forecast has no quantiles")
    shape = (2, *shape)
    if quantile:
        shape = (*shape, len(quantile))
        names = [f"{name}_{level}" for name in names for level in quantile]
    predictions = np.arange(float(np.prod(shape))).reshape(shape)
    found = windows.to_frame(predictions, quantile=quantile)
    assert list(found.columns) == ["store", "cutoff", "day", *names]
    assert_array_equal(found[names].to_numpy().ravel(), predictions.ravel())
    assert_array_equal(found["store"], np.repeat(windows.series, horizon))
    assert_array_equal(found["day"], windows.forecast_times.ravel())


def test_the_past_of_a_network_with_an_output_per_step_is_left_out():
    windows = sliding_windows(table(), 3, 2, by="store", time="day", target="sold", known="lost")
    per_step = windows.y_per_step
    as_objects = np.fromiter(per_step, dtype=object, count=len(per_step))
    for predictions in (per_step, as_objects, list(per_step), windows.y):
        assert_array_equal(windows.to_frame(predictions)["prediction"], windows.y.ravel())
    quantiles = np.stack([per_step, per_step + 1], axis=-1)
    found = windows.to_frame(quantiles, quantile=[0.1, 0.9])
    assert_array_equal(found["prediction_0.9"], windows.y.ravel() + 1)


@pytest.mark.parametrize("rows", [[3, 1], range(2, 4), np.arange(8) == 5])
def test_windows_of_a_fold_are_chosen_by_rows(rows):
    windows = sliding_windows(table(), 3, 2, by="store", time="day", target="sold")
    found = windows.to_frame(windows.y[rows], rows=rows)
    assert_array_equal(found["day"], windows.forecast_times[rows].ravel())


def test_series_without_names_have_numbers_and_positions():
    found = last_windows([np.arange(9.0), np.arange(5.0)], 3, 2).to_frame([[1, 2], [3, 4]])
    assert found.to_dict("list") == {
        "series": [0, 0, 1, 1],
        "cutoff": [8, 8, 4, 4],
        "time": [9, 10, 5, 6],
        "prediction": [1, 2, 3, 4],
    }


@pytest.mark.parametrize(
    "stamps",
    [
        pandas.period_range("2026-01", periods=9, freq="M"),
        pandas.date_range("2026-03-25", periods=9, tz="Europe/Berlin"),
        pandas.date_range("2026-03-29", periods=9, freq="h", tz="UTC"),
        pandas.timedelta_range("1h", periods=9, freq="h"),
    ],
)
def test_times_are_of_the_kind_that_they_were(stamps):
    found = last_windows(pandas.Series(np.arange(9.0), index=stamps.rename("when")), 3, 2).to_frame([[1, 2]])
    assert found["when"].dtype == stamps.dtype
    assert list(found["when"] - found["cutoff"]) == [stamps[1] - stamps[0], stamps[2] - stamps[0]]


def test_times_of_polars_keep_their_time_zone():
    polars = pytest.importorskip("polars")
    days = polars.datetime_range(
        polars.datetime(2026, 3, 25), polars.datetime(2026, 3, 28), "1d", time_zone="Europe/Berlin", eager=True
    )
    windows = last_windows(polars.DataFrame({"day": days, "v": np.arange(4.0)}), 2, 2, time="day", target="v")
    assert windows.cutoff[0] == days[-1]
    found = windows.to_frame([[1, 2]])
    assert found["day"].dtype == days.dtype
    assert [str(day) for day in found["day"]] == ["2026-03-29 00:00:00+01:00", "2026-03-30 00:00:00+02:00"]


@pytest.mark.parametrize(
    ("predictions", "settings", "message"),
    [
        (
            np.zeros((3, 2)),
            {},
            "Expected predictions of the 2 windows, got shape (3, 2). For predictions of some of them",
        ),
        (np.zeros((2, 3)), {}, "Expected predictions of shape (2, 2), got (2, 3)"),
        (np.zeros(2), {}, "Expected predictions of shape (2, 2), got (2,)"),
        (np.zeros((2, 2, 3)), {}, "Expected quantile, the levels of the 3 quantiles in the last axis of predictions"),
        (np.zeros((2, 2, 3)), {"quantile": 0.5}, "Expected quantile, the levels of the 3 quantiles"),
        (np.zeros((2, 2)), {"quantile": (0.1, 0.9)}, "Expected predictions of shape (2, 2, 2), got (2, 2)"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(predictions, settings, message):
    windows = last_windows(table(), 3, 2, by="store", time="day", target="sold")
    with pytest.raises(ValueError) as caught:
        windows.to_frame(predictions, **settings)
    assert message in str(caught.value)


def test_a_name_that_two_columns_would_have_is_refused():
    frame = table().rename(columns={"store": "cutoff"})
    windows = last_windows(frame, 3, 2, by="cutoff", time="day", target="sold")
    with pytest.raises(ValueError, match="Expected no series, time or target with the name 'cutoff'"):
        windows.to_frame(np.zeros((2, 2)))


@pytest.mark.parametrize("rows", [[], (), np.array([]), np.zeros(8, bool)])
def test_no_rows_are_an_empty_table(rows):
    windows = sliding_windows(table(), 3, 2, by="store", time="day", target="sold")
    found = windows.to_frame(np.empty((0, 2)), rows=rows)
    assert list(found.columns) == ["store", "cutoff", "day", "prediction"]
    assert len(found) == 0
