"""sliding_windows: contents, shapes, containers, errors, and folds that do not leak."""

import copy
import pickle
import re
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, TimeSeriesSplit, cross_val_score

import sklearn_recurrent as sr
from sklearn_recurrent import as_column, as_sequences, sliding_windows

NAN = np.nan


def series(T, k=None, start=0):
    """Distinct numbers, so that each shows its position."""
    return start + (np.arange(float(T)) if k is None else np.arange(float(T * k)).reshape(T, k))


def by_hand(many, window, horizon, step=1):
    """The windows of several series, one at a time."""
    X, y, groups = [], [], []
    for j, x in enumerate(many):
        for point in range(window, len(x) - horizon + 1, step):
            X.append(x[point - window : point])
            y.append(x[point : point + horizon])
            groups.append(j)
    return np.array(X), np.array(y), np.array(groups)


def assert_equal(windows, expected):
    for array, expected_array in zip(windows, expected, strict=True):
        assert_array_equal(array, expected_array, strict=True)


def pandas_frame(x):
    return pytest.importorskip("pandas").DataFrame(x, columns=[f"f{i}" for i in range(x.shape[1])])


def polars_frame(x):
    return pytest.importorskip("polars").DataFrame(x, schema=[f"f{i}" for i in range(x.shape[1])])


# --- contents ---------------------------------------------------------------------------------------------------------


def test_a_window_is_followed_by_its_horizon():
    windows = sliding_windows([1, 2, 3, 4, 5, 6], window=3, horizon=2)
    assert windows._fields == ("X", "y", "groups")
    X, y, groups = windows
    assert_array_equal(X, [[1, 2, 3], [2, 3, 4]])
    assert_array_equal(y, [[4, 5], [5, 6]])
    assert_array_equal(groups, [0, 0])
    assert groups.dtype.kind == "i"


def test_the_first_window_begins_at_the_start_and_the_others_are_step_apart():
    X, y, _ = sliding_windows(series(10), window=2, horizon=1, step=3)
    assert_array_equal(X, [[0, 1], [3, 4], [6, 7]])
    assert_array_equal(y, [2, 5, 8])


@pytest.mark.parametrize("k", [None, 1, 2])
@pytest.mark.parametrize(("window", "horizon", "step"), [*product([1, 3], [2, 4], [1, 2, 5])])
def test_windows_are_those_of_a_plain_loop(window, horizon, step, k):
    many = [series(9, k), series(7, k, 100), series(13, k, 200)]
    assert_equal(sliding_windows(many, window, horizon, step=step), by_hand(many, window, horizon, step))


@pytest.mark.parametrize("k", [None, 2])
def test_a_series_of_length_window_plus_horizon_has_one_window(k):
    X, y, groups = sliding_windows(series(5, k), window=3, horizon=2, step=7)
    assert_array_equal(X, series(5, k)[None, :3])
    assert_array_equal(y, series(5, k)[None, 3:])
    assert_array_equal(groups, [0])


def test_the_windows_of_several_series_are_those_of_each():
    many = [series(9, 2), series(6, 2, 100)]
    together, alone = sliding_windows(many, 3, 2), [sliding_windows(x, 3, 2) for x in many]
    assert_array_equal(together.X, np.concatenate([windows.X for windows in alone]))
    assert_array_equal(together.y, np.concatenate([windows.y for windows in alone]))
    assert_array_equal(together.groups, [0] * 5 + [1] * 2)


# --- shapes and targets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "horizon", "target", "shape"),
    [
        (None, 3, None, (6, 3)),
        (None, 1, None, (8,)),
        (None, 3, 0, (6, 3)),
        (None, 3, [0], (6, 3, 1)),
        (1, 3, None, (6, 3, 1)),
        (2, 3, None, (6, 3, 2)),
        (2, 1, None, (8, 2)),
        (2, 3, 1, (6, 3)),
        (2, 1, 1, (8,)),
        (2, 3, [1], (6, 3, 1)),
        (2, 1, [1], (8, 1)),
        (2, 3, (1, 0), (6, 3, 2)),
    ],
)
def test_y_has_an_axis_for_the_horizon_and_one_for_several_targets(k, horizon, target, shape):
    x = series(12, k)
    X, y, _ = sliding_windows(x, 4, horizon, target=target)
    assert X.shape == ((shape[0], 4) if k is None else (shape[0], 4, k))
    assert y.shape == shape
    features = slice(None) if target is None else list(target) if isinstance(target, tuple) else target
    expected = by_hand([x.reshape(12, -1)[:, features]], 4, horizon)[1]
    assert_array_equal(y.ravel(), expected.ravel())


@pytest.mark.parametrize("frame", [pandas_frame, polars_frame])
@pytest.mark.parametrize(
    ("target", "positions"), [("f2", 2), (["f2", "f0"], [2, 0]), (["f1", -1], [1, 2]), (-1, 2), (np.int64(1), 1)]
)
def test_targets_are_positions_or_names_of_columns(frame, target, positions):
    x = series(8, 3)
    expected = sliding_windows(x, 3, 2).y[..., positions]
    for form in (frame(x), [frame(x)]):
        assert_array_equal(sliding_windows(form, 3, 2, target=target).y, expected)


def test_an_integer_is_a_position_even_if_columns_have_numbers_for_names():
    frame = pytest.importorskip("pandas").DataFrame(series(8, 2), columns=[1, 0])
    assert_array_equal(sliding_windows(frame, 3, 1, target=1).y, [7, 9, 11, 13, 15])


# --- containers -------------------------------------------------------------------------------------------------------

ONE = {
    "array": (lambda x: x, (None, 2)),
    "Fortran order": (np.asfortranarray, (2,)),
    "backwards": (lambda x: x[::-1].copy()[::-1], (None, 2)),
    "objects": (lambda x: x.astype(object), (None, 2)),
    "nested list": (lambda x: x.tolist(), (None, 2)),
    "tuple": (lambda x: tuple(x.tolist()), (None, 2)),
    "list of numbers": (list, (None,)),
    "pandas Series": (lambda x: pytest.importorskip("pandas").Series(x, index=x[::-1]), (None,)),
    "pandas Float64": (lambda x: pytest.importorskip("pandas").Series(x, dtype="Float64"), (None,)),
    "pandas frame": (pandas_frame, (1, 2)),
    "polars Series": (lambda x: pytest.importorskip("polars").Series(x), (None,)),
    "polars frame": (polars_frame, (1, 2)),
}
SEVERAL = {
    "list": (list, (None, 2)),
    "tuple": (tuple, (None, 2)),
    "object array": (as_sequences, (None, 2)),
    "object column": (as_column, (None, 2)),
    "lists of lists": (lambda X: [x.tolist() for x in X], (2,)),
    "arrays and lists": (lambda X: [X[0], X[1].tolist()], (None, 2)),
    "pandas Series": (lambda X: pytest.importorskip("pandas").Series(X, index=[7, 3]), (None, 2)),
    "pandas frames": (lambda X: [pandas_frame(x) for x in X], (2,)),
    "list of pandas Series": (lambda X: [pytest.importorskip("pandas").Series(x) for x in X], (None,)),
    "polars Series": (lambda X: pytest.importorskip("polars").Series([x.tolist() for x in X]), (None, 2)),
    "polars frames": (lambda X: [polars_frame(x) for x in X], (2,)),
}


@pytest.mark.parametrize(("form", "k"), [(form, k) for form, (_, ks) in ONE.items() for k in ks])
def test_every_form_of_one_series_gives_the_same_windows(form, k):
    assert_equal(sliding_windows(ONE[form][0](series(8, k)), 3, 2), by_hand([series(8, k)], 3, 2))


@pytest.mark.parametrize(("form", "k"), [(form, k) for form, (_, ks) in SEVERAL.items() for k in ks])
@pytest.mark.parametrize("lengths", [(8, 6), (7, 7)])
def test_every_form_of_several_series_gives_the_same_windows(form, k, lengths):
    many = [series(lengths[0], k), series(lengths[1], k, 100)]
    assert_equal(sliding_windows(SEVERAL[form][0](many), 3, 2), by_hand(many, 3, 2))


@pytest.mark.parametrize("side", ["post", "pre"])
def test_the_padding_of_a_3d_array_is_removed(side):
    many = [series(8, 2), series(6, 2, 100)]
    cube = np.full((2, 9, 2), NAN)
    for row, x in zip(cube, many, strict=True):
        row[slice(len(x)) if side == "post" else slice(-len(x), None)] = x
    assert_equal(sliding_windows(cube, 3, 2), by_hand(many, 3, 2))


def test_a_matrix_is_one_series_and_as_sequences_makes_each_row_one():
    matrix = series(6, 8)
    assert_array_equal(sliding_windows(matrix, 3, 2).X, by_hand([matrix], 3, 2)[0])
    assert_array_equal(sliding_windows(as_sequences(matrix), 3, 2).X, by_hand(matrix, 3, 2)[0])


# --- dtype and memory -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtypes", "result"),
    [
        ("f", "f"), ("d", "d"), ("e", "d"), ("i", "d"), ("?", "d"), ("O", "d"),
        ("ff", "f"), ("fd", "d"), ("fi", "d"), ("fh", "d"),
    ],
)  # fmt: skip
def test_float32_is_preserved_and_all_else_is_float64(dtypes, result):
    X, y, _ = sliding_windows([np.ones((6, 2), dtype) for dtype in dtypes], 3, 2)
    assert X.dtype == y.dtype == np.dtype(result)


@pytest.mark.parametrize("k", [None, 1, 2])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("target", [None, 0, [0]])
def test_the_windows_share_no_memory(k, horizon, target):
    x = series(9, k)
    before = x.copy()
    X, y, _ = sliding_windows(x, 3, horizon, target=target)
    assert X.flags.c_contiguous
    assert y.flags.c_contiguous
    assert not np.shares_memory(X, y)
    untouched = X[1:].copy(), y.copy()
    X[0] = -1
    assert_array_equal(X[1:], untouched[0])  # overlapping windows share no memory
    assert_array_equal(y, untouched[1])
    y[0] = -1
    assert_array_equal(y[1:], untouched[1][1:])
    assert_array_equal(x, before)


def test_windows_can_be_pickled():
    windows = sliding_windows(series(9), 3, 2)
    assert_equal(pickle.loads(pickle.dumps(windows)), windows)


def test_windows_know_more_than_the_tuple_and_keep_it():
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2026-01-01", periods=9, tz="Europe/Berlin")
    windows = sliding_windows(pandas.DataFrame({"v": series(9), "k": 1.0}, index=days), 3, 2, known="k")
    for again in (pickle.loads(pickle.dumps(windows)), copy.deepcopy(windows), windows._replace(y=windows.y * 1)):
        assert_equal(again, windows)
        assert list(again.cutoff) == list(windows.cutoff) == list(days[2:-2])
        assert_array_equal(again.y_per_step, windows.y_per_step)
        assert (again.horizon, again.freq) == (2, windows.freq)
        assert again.to_frame(again.y).equals(windows.to_frame(windows.y))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_windows_know_which_feature_of_x_is_which(library):
    columns = {"by": ["a"] * 9, "sold": series(9), "size": [3] * 9, "promo": series(9, start=100), "price": series(9)}
    frame = pytest.importorskip(library).DataFrame(columns)
    settings = {"by": "by", "static": "size", "target": "sold", "known": ["price", "promo"]}
    windows = sliding_windows(frame, 3, 2, **settings)
    last = sr.last_windows(frame, 3, 2, known_future=frame[:2], **settings)
    for each in (windows, last, pickle.loads(pickle.dumps(windows))):
        assert each.feature_names == ["sold", "promo", "price"]
        assert each.known_positions == [2, 1]
        assert each.target_positions == [0]
    x = windows.X["sequence"].iloc[0] if library == "pandas" else windows.X[0, 0]
    assert_array_equal(x[:, 1], series(5, start=100))


def test_features_without_names_have_positions_alone():
    windows = sliding_windows(series(9, 3), 3, 2, known=-1)
    assert windows.feature_names is None
    assert windows.known_positions == [2]
    assert windows.target_positions == [0, 1]
    one = sliding_windows(series(9), 3, 2)
    assert (one.feature_names, one.known_positions, one.target_positions) == (None, [], [0])
    recording = sliding_windows(series(9, 3), 3, 0, labels=[0] * 9)
    assert recording.target_positions == []


def test_positions_are_a_copy():
    windows = sliding_windows(series(9, 3), 3, 2, known=2)
    windows.known_positions.append(0)
    assert windows.known_positions == [2]


def test_positions_of_windows_suit_the_estimators():
    windows = sliding_windows(series(14, 3), 3, 2, known=1, target=[2])
    net = sr.Seq2SeqRegressor(2, future_features=windows.known_positions, max_iter=1, random_state=0)
    model = sr.PerWindow(net, target=windows.target_positions, known=windows.known_positions)
    assert model.fit(windows.X, windows.y).predict(windows.X).shape == windows.y.shape


def test_a_tuple_by_hand_and_one_that_was_stored_before_have_the_three_alone():
    cut = sliding_windows(series(9), 3, 2)
    stored = pickle.dumps(sr.Windows(*cut))
    assert b"horizon" not in stored
    for windows in (sr.Windows(*cut), pickle.loads(stored)):
        X, _, _ = windows
        assert_array_equal(X, cut.X)
        with pytest.raises(
            AttributeError, match="X, y and groups alone do not know their times: sliding_windows makes"
        ):
            windows.cutoff  # noqa: B018
        assert not hasattr(windows, "freq")


@pytest.mark.parametrize("step", [1, 3])
def test_without_times_positions_are_times(step):
    windows = sliding_windows([series(9), series(7, start=100)], 3, 2, step=step)
    assert_array_equal(windows.cutoff, windows.X[:, -1] % 100)
    assert_array_equal(windows.forecast_times, windows.y % 100)
    assert_array_equal(windows.series, windows.groups)
    assert windows.freq == 1


def test_folds_by_time_have_the_horizon_and_the_time_step_of_the_windows():
    pytest.importorskip("sklearn_recurrent._data.cutoff_split")
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2026-01-01", periods=40)
    windows = sliding_windows([pandas.Series(series(n), index=days[-n:]) for n in (40, 30, 25)], 4, 3)
    cv = windows.cutoff_split(3, gap=1)
    assert (cv.n_splits, cv.horizon, cv.freq, cv.gap) == (3, 3, windows.freq, 1)
    for train, test in cv.split(windows.X, groups=windows.cutoff):
        assert windows.forecast_times[train].max() < windows.forecast_times[test].min()
        assert set(windows.groups[test]) == {0, 1, 2}


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["window", "horizon", "step"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (2.0, TypeError, "{} must be an instance of int, not float"),
        ("2", TypeError, "{} must be an instance of int, not str"),
        (None, TypeError, "{} must be an instance of int, not NoneType"),
        (0, ValueError, "{} == 0, must be >= 1"),
        (-3, ValueError, "{} == -3, must be >= 1"),
    ],
)
def test_window_horizon_and_step_must_be_integers_of_at_least_1(name, value, error, message):
    with pytest.raises(error, match=message.format(name)):
        sliding_windows(series(9), **{"window": 3, "horizon": 2, name: value})


def test_small_integers_of_numpy_do_not_overflow():
    assert sliding_windows(series(300), np.int8(100), np.int8(100), step=np.int8(127)).X.shape == (1, 100)


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (2, ValueError, "target to be from -2 to 1, since series has 2 features, got 2."),
        (-3, ValueError, "target to be from -2 to 1, since series has 2 features, got -3."),
        ([0, 5], ValueError, "target to be from -2 to 1, since series has 2 features, got 5."),
        ("f9", ValueError, "Expected target to be one of the columns ['f0', 'f1'], got 'f9'."),
        ([], ValueError, "Expected target to contain at least one feature, got []."),
        (0.0, TypeError, "target to be an integer, a column name or a list of these, got 0.0."),
        ([[0]], TypeError, "target to be an integer, a column name or a list of these, got [0]."),
        (True, TypeError, "target to be an integer, a column name or a list of these, got True."),
    ],
)
def test_target_must_be_a_feature_of_the_series(target, error, message):
    with pytest.raises(error, match=re.escape(message)):
        sliding_windows(pandas_frame(series(9, 2)), 3, 2, target=target)


def test_names_need_a_data_frame():
    with pytest.raises(ValueError, match=r"since series has no column names, got 'f0'\. Pass an integer from 0 to 1"):
        sliding_windows(series(9, 2), 3, 2, target="f0")


def test_data_frames_of_several_series_must_have_the_same_columns_in_the_same_order():
    frame = pandas_frame(series(9, 2))
    with pytest.raises(ValueError, match=r"of sequence 1 of series should match those .*\nFeature names must be"):
        sliding_windows([frame, frame[["f1", "f0"]]], 3, 2)


@pytest.mark.parametrize(
    ("unfit", "message"),
    [
        (series(4), "Expected at least 5 time steps, window=3 plus horizon=2, got 4 in sequence 0."),
        (
            [series(9), series(4)],
            "Expected at least 5 time steps, window=3 plus horizon=2, got 4 in sequence 1. short='s",
        ),
        (series(4), "got 4 in sequence 0. For what comes after its end: last_windows(series, window, horizon)."),
        (
            series(2, 9),
            "got 2 in sequence 0. The rows of a 2-D array are time steps; if each row is a series, pass as_seq",
        ),
        ([series(9, 2), series(9, 3)], "number of features per time step, got 2 in sequence 0 and 3 in sequence 1."),
        ([1, 2, NAN, 4, 5, 6], "contains NaN in sequence 0, step 2, feature 0"),
        ([series(9), np.r_[series(9), NAN]], "contains NaN in sequence 1, step 9, feature 0"),
        ([series(9, 2), np.c_[series(9), np.r_[series(8), np.inf]]], "contains infinity in sequence 1, step 8, featu"),
        (np.r_[series(9, 2), [[NAN, 1]], [[NAN, NAN]]][None], "contains NaN in sequence 0, step 9, feature 0"),
        ([[1, 2, 3], [4, 5]], "got 2 to 3 values per row. If each row is a series, pass as_sequences(series)."),
        ([], "Expected sequence 0 to have at least one time step"),
        ([series(9), []], "Expected sequence 1 to have at least one time step"),
        (np.empty((0, 5, 2)), "0 sample(s)"),
        (np.zeros((2, 9, 2, 1)), "or (n_steps,), got 3 dimensions (ndarray)"),
        (5.0, "or (n_steps,), got 0 dimensions (float)"),
        (["a", "b", "c"], "Expected numbers in sequence 0, got strings (<U1)"),
        ([series(9), np.array(["a"] * 9)], "Expected numbers in sequence 1, got strings (<U1)"),
    ],
)
def test_an_error_names_the_series_and_the_step(unfit, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        sliding_windows(unfit, 3, 2)


def test_a_dict_of_series_is_an_error():
    with pytest.raises(TypeError, match=r"Expected series to be a list .* got dict. Pass list\(series.values\(\)\)"):
        sliding_windows({"a": series(9)}, 3, 2)


# --- folds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("window", "horizon", "step"), [*product([1, 4, 5], [1, 3], [1, 2, 3, 4, 20])])
def test_the_documented_gap_is_the_least_that_keeps_training_and_testing_apart(window, horizon, step):
    x = series(400)
    X, y, _ = sliding_windows(x, window, horizon, step=step)
    y = y.reshape(len(y), -1)

    def shared(gap, before, after):
        return any(
            before(train).intersection(after(test)) for train, test in TimeSeriesSplit(3, gap=gap, test_size=2).split(X)
        )

    def all_of(rows):
        return {*X[rows].ravel(), *y[rows].ravel()}

    def from_the_first_forecast_on(rows):
        return set(np.arange(y[rows].min(), len(x)))

    def targets(rows):
        return set(y[rows].ravel())

    gap = (window + horizon - 1) // step
    assert not shared(gap, all_of, all_of)
    assert gap == 0 or shared(gap - 1, all_of, all_of)
    gap = (horizon - 1) // step
    assert not shared(gap, targets, from_the_first_forecast_on)
    assert gap == 0 or shared(gap - 1, targets, from_the_first_forecast_on)


def test_windows_share_no_value_if_step_is_window_plus_horizon():
    X, y, _ = sliding_windows(series(50), 4, 3, step=7)
    assert len({*X.ravel(), *y.ravel()}) == X.size + y.size


def test_group_folds_keep_series_together():
    X, y, groups = sliding_windows([series(9, start=100 * j) for j in range(6)], 3, 2)
    for train, test in GroupKFold(3).split(X, y, groups):
        assert not {*X[train].ravel(), *y[train].ravel()} & {*X[test].ravel(), *y[test].ravel()}


MODELS = {
    "Ridge": Ridge(1e-3),
    "RNNRegressor": sr.RNNRegressor(16, max_iter=40, random_state=0),
    "GRURegressor": sr.GRURegressor(16, max_iter=40, random_state=0),
}


@pytest.mark.parametrize("horizon", [1, 5])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.each_choice
def test_a_series_is_forecast_in_folds_of_time(name, horizon):
    X, y, _ = sliding_windows(np.sin(0.3 * np.arange(200)), 20, horizon)
    scores = cross_val_score(MODELS[name], X, y, cv=TimeSeriesSplit(3, gap=19 + horizon))
    assert scores.shape == (3,)
    assert scores[-1] > 0.95


def test_several_series_of_several_features_are_forecast_in_folds_of_series():
    def waves(phase):
        t = phase + 0.3 * np.arange(60)
        return np.c_[np.sin(t), np.cos(t)]

    X, y, groups = sliding_windows([waves(phase) for phase in range(6)], 8, 3, step=2, target=1)
    model = sr.RNNRegressor(16, max_iter=20, random_state=0)
    scores = cross_val_score(model, X, y, groups=groups, cv=GroupKFold(3))
    assert scores.min() > 0.95
