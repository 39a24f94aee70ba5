"""Long tables and other orders of axes: refused where the container tells, warned of where values suggest it."""

import re
import sys
import types
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

import sklearn_recurrent
from sklearn_recurrent import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequenceDataWarning,
    SequencePadder,
    as_column,
    as_sequences,
    mean_absolute_scaled_error,
    sequences_from_frame,
    sliding_windows,
)
from sklearn_recurrent._data.layouts import warn_of_long

pandas = pytest.importorskip("pandas")
SMALL = {"max_iter": 1, "random_state": 0}
ESTIMATORS = [
    GRUClassifier(3, **SMALL),
    GRURegressor(3, **SMALL),
    LSTMClassifier(3, **SMALL),
    LSTMRegressor(3, **SMALL),
    RNNClassifier(3, **SMALL),
    RNNRegressor(3, **SMALL),
    Seq2SeqClassifier(3, **SMALL),
    Seq2SeqRegressor(3, **SMALL),
]
TRANSFORMERS = [PerTimestep(StandardScaler()), SequencePadder()]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda model: type(model).__name__)
every_transformer = pytest.mark.parametrize("estimator", TRANSFORMERS, ids=lambda model: type(model).__name__)
rng = np.random.default_rng(0)


# --- a MultiIndex of rows ---------------------------------------------------------------------------------------------


def long_frame(names=("machine", "t"), n=6, length=4):
    levels = [[f"m{i}" for i in range(n)], *([["x"]] * (len(names) - 2)), range(length)]
    index = pandas.MultiIndex.from_product(levels, names=names)
    return pandas.DataFrame(rng.normal(size=(n * length, 2)), index=index, columns=["u", "v"])


def targets_of(estimator, n=6):
    if isinstance(estimator, Seq2SeqClassifier):
        return [np.array(["a", "b"])] * n
    if isinstance(estimator, Seq2SeqRegressor):
        return np.arange(2.0 * n).reshape(n, 2)
    return np.arange(n) % 2


def converted(error, X):
    """X after the line of the message."""
    (line,) = re.findall(r"Convert it first: (X = .*?)\. If", str(error.value))
    names = {"X": X, "sequences_from_frame": sequences_from_frame}
    exec(line, names)
    return names["X"]


@every_estimator
@pytest.mark.parametrize("names", [("machine", "t"), ("site", "line", "t"), (None, "t"), ("t", "t")])
def test_an_estimator_refuses_a_frame_with_a_multi_index_and_the_hint_converts_it(estimator, names):
    X = long_frame(names)
    y = targets_of(estimator)
    with pytest.raises(
        ValueError, match="Expected X to have one row per sequence, got a DataFrame with a Mul"
    ) as error:
        estimator.fit(X, y)
    sequences = converted(error, X)
    estimator.fit(sequences, y)
    for method in ("predict", "predict_proba"):
        if hasattr(estimator, method):
            with pytest.raises(ValueError, match="Convert it first: X = sequences_from_frame"):
                getattr(estimator, method)(X)
    assert len(estimator.predict(sequences)) == 6
    with pytest.raises(ValueError, match="Convert it first: X = sequences_from_frame"):
        estimator.score(X, y)


@every_transformer
def test_a_transformer_refuses_a_frame_with_a_multi_index_and_the_hint_converts_it(estimator):
    X = long_frame()
    with pytest.raises(ValueError, match="Expected X to have one row per sequence") as error:
        estimator.fit(X)
    assert len(estimator.fit_transform(converted(error, X))) == 6
    with pytest.raises(ValueError, match="Expected X to have one row per sequence"):
        estimator.transform(X)


def test_a_series_with_a_multi_index_is_refused_and_the_hint_converts_it():
    X = long_frame()["u"]
    with pytest.raises(ValueError, match="got a Series with a MultiIndex of 'machine', 't'") as error:
        LSTMClassifier(3, **SMALL).fit(X, np.arange(6) % 2)
    assert_array_equal(converted(error, X)[1], X.to_numpy()[4:8, None])


@pytest.mark.parametrize("function", [as_sequences, as_column])
def test_conversions_of_sequences_refuse_a_frame_with_a_multi_index(function):
    with pytest.raises(ValueError, match=r"X = sequences_from_frame\(X, by='machine'\)\.X"):
        function(long_frame())


def test_a_validation_set_with_a_multi_index_is_refused():
    X = list(rng.normal(size=(6, 4, 2)))
    with pytest.raises(ValueError, match=r"X_val, y_val: .* got a DataFrame with a MultiIndex"):
        LSTMClassifier(3, **SMALL).fit(X, np.arange(6) % 2, X_val=long_frame(), y_val=np.arange(6) % 2)


def test_rows_that_are_sequences_may_drop_their_multi_index():
    wide = long_frame()
    with pytest.raises(ValueError, match=r"If each row is one sequence, pass X\.reset_index\(drop=True\)\.") as error:
        LSTMClassifier(3, **SMALL).fit(wide, np.arange(24) % 2)
    (hint,) = re.findall(r"pass (X\..*)\.$", str(error.value))
    LSTMClassifier(3, **SMALL).fit(eval(hint, {"X": wide}), np.arange(24) % 2)


def test_sequences_may_have_a_multi_index_of_their_own():
    frame = long_frame(("site", "machine", "t"))
    series = pandas.Series({key: x.to_numpy() for key, x in frame.groupby(["site", "machine"])})
    assert series.index.nlevels == 2
    LSTMClassifier(3, **SMALL).fit(series, np.arange(6) % 2)
    LSTMClassifier(3, **SMALL).fit(series.to_frame(), np.arange(6) % 2)
    LSTMClassifier(3, **SMALL).fit([x for _, x in frame.groupby(["site", "machine"])], np.arange(6) % 2)


# --- a flat frame -----------------------------------------------------------------------------------------------------


def flat(n=6, length=5, start=3):
    """Blocks of rows in the order of ids, and one target for each."""
    ids = np.repeat((np.arange(n) * 7 + start) % 11, length)
    columns = {"u": rng.normal(size=n * length), "id": ids, "v": rng.normal(size=n * length)}
    return columns, np.repeat(np.arange(n) % 2, length)


def polars_frame(columns):
    return pytest.importorskip("polars").DataFrame(columns)


def arrow_table(columns):
    return pytest.importorskip("pyarrow").table(columns)


@pytest.mark.parametrize("make", [pandas.DataFrame, polars_frame, arrow_table])
@pytest.mark.parametrize(
    "target",
    [
        lambda y: y,
        list,
        lambda y: np.where(y, "a", "b"),
        lambda y: np.where(y, "a", "b").tolist(),
        lambda y: np.where(y, "a", "b").astype(object),
        pandas.Series,
        lambda y: np.c_[y, 1 - y],
    ],
)
def test_blocks_of_rows_with_one_id_and_one_target_give_a_warning_whose_line_runs(make, target):
    columns, y = flat()
    X = make(columns)
    y = target(y)
    with pytest.warns(SequenceDataWarning, match="column 'id' has 6 values in contiguous blocks of rows") as caught:
        warn_of_long(X, y)
    if np.ndim(y) == 2:
        return
    (line,) = re.findall(r"as a sequence: (data = .*), then fit\(data\.X, data\.y\)", str(caught[0].message))
    names = {"X": X, "y": np.asarray(y), "sequences_from_frame": sequences_from_frame}
    names["polars"] = sys.modules.get("polars")
    exec(line, names)
    assert [np.shape(x) for x in names["data"].X] == [(5, 2)] * 6
    assert_array_equal(names["data"].y, np.asarray(y)[::5])


@pytest.mark.parametrize("name", ["machine", None])
def test_blocks_in_the_index_give_a_warning_whose_line_runs(name):
    columns, y = flat()
    index = pandas.Index([f"m{i}" for i in columns.pop("id")], name=name)
    X = pandas.DataFrame(columns, index=index)
    with pytest.warns(SequenceDataWarning, match="the index has 6 values in contiguous blocks of rows") as caught:
        LSTMClassifier(3, **SMALL, learning_rate="cosine").fit(X, y)
    assert caught[0].filename == __file__
    (line,) = re.findall(r"as a sequence: (data = .*), then fit\(data\.X, data\.y\)", str(caught[0].message))
    names = {"X": X, "y": y, "sequences_from_frame": sequences_from_frame}
    exec(line, names)
    assert len(names["data"].X) == 6


@pytest.mark.parametrize("estimator", [*ESTIMATORS[:6], *TRANSFORMERS], ids=lambda model: type(model).__name__)
def test_every_fit_that_gets_targets_warns(estimator):
    columns, y = flat()
    with pytest.warns(SequenceDataWarning, match="X seems to have one row per time step") as caught:
        estimator.fit(pandas.DataFrame(columns), y)
    assert len(caught) == 1


def test_a_target_of_each_id_that_is_a_number_gives_a_warning():
    columns, _ = flat()
    with pytest.warns(SequenceDataWarning, match="column 'id'"):
        warn_of_long(pandas.DataFrame(columns), np.repeat([3.5, 1.2, 0.4, 9.1, 2.0, 7.7], 5))


DATA_SETS = ["iris", "digits", "wine", "diabetes", "breast_cancer", "linnerud"]


@pytest.mark.parametrize("order", ["as it is", "by y", "by each column"])
@pytest.mark.parametrize("name", DATA_SETS)
def test_there_is_no_warning_on_data_sets_of_scikit_learn(name, order):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True, as_frame=True)
    orders = [np.arange(len(X))]
    if order == "by y":
        orders = [np.lexsort(np.atleast_2d(y.T.to_numpy())[::-1])]
    if order == "by each column":
        orders = [np.argsort(X[column].to_numpy(), kind="stable") for column in X]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rows in orders:
            warn_of_long(X.iloc[rows], y.iloc[rows])
            warn_of_long(X.iloc[rows].reset_index(drop=True), y.iloc[rows].to_numpy())


def ordinary(**columns):
    n = len(next(iter(columns.values())))
    return pandas.DataFrame({"u": rng.normal(size=n), **columns})


QUIET = {
    "a binary column, sorted by it": lambda: (ordinary(sex=np.repeat([0, 1], 20)), np.repeat([0, 1], 20)),
    "a column that is y": lambda: (ordinary(kind=np.repeat([2, 0, 1], 10)), np.repeat([2, 0, 1], 10)),
    "classes as the index": lambda: (
        ordinary(v=rng.normal(size=30)).set_index(np.repeat(["a", "b", "c"], 10)),
        np.repeat([0, 1, 2], 10),
    ),
    "y in ascending order, among the columns": lambda: (
        ordinary(v=np.repeat(np.arange(8), 5)),
        np.repeat(np.arange(8) / 2.3, 5),
    ),
    "a value comes in two blocks": lambda: (ordinary(v=np.repeat([1, 2, 1, 3, 4], 5)), np.repeat([0, 1, 0, 1, 0], 5)),
    "y changes within a block": lambda: (
        ordinary(v=np.repeat([1, 2, 3, 4, 5], 5)),
        np.r_[0, 0, np.repeat([1, 0, 1], 6), [0] * 5],
    ),
    "numbers that are not whole": lambda: (ordinary(v=np.repeat([0.5, 1.5, 0.1, 9.5], 5)), np.repeat([0, 1, 0, 1], 5)),
    "many values": lambda: (ordinary(v=np.arange(40)), np.repeat([0, 1], 20)),
    "a constant": lambda: (ordinary(v=np.ones(40)), np.repeat([0, 1], 20)),
    "concatenated frames": lambda: (
        ordinary(v=rng.normal(size=40)).set_index(np.tile(np.arange(20), 2)),
        np.repeat([0, 1], 20),
    ),
    "an array": lambda: (np.c_[rng.normal(size=30), flat()[0]["id"]], flat()[1]),
    "a list of frames": lambda: ([pandas.DataFrame({"v": [1.0, 2.0]})] * 12, np.repeat([0, 1, 0, 1], 3)),
    "a column of sequences": lambda: (pandas.DataFrame({"v": [np.ones(3)] * 12}), np.repeat([0, 1, 0, 1], 3)),
    "no y": lambda: (pandas.DataFrame(flat()[0]), None),
    "lists of targets of steps": lambda: (pandas.DataFrame(flat()[0]), [np.ones(n % 3 + 1) for n in range(30)]),
    "targets of steps": lambda: (pandas.DataFrame(flat()[0]), as_sequences([[1, 2, 3]] * 30)),
    "targets of steps in a column": lambda: (pandas.DataFrame(flat()[0]), as_column([[1, 2, 3]] * 30)),
    "targets of steps in a frame": lambda: (pandas.DataFrame(flat()[0]), pandas.DataFrame({"y": [[1, 2]] * 30})),
    "no targets at all": lambda: (pandas.DataFrame(flat()[0]), []),
    "another number of targets": lambda: (pandas.DataFrame(flat()[0]), np.zeros(7)),
}


@pytest.mark.parametrize("case", QUIET)
def test_there_is_no_warning_where_nothing_is_told(case):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_long(*QUIET[case]())


# --- channels first ---------------------------------------------------------------------------------------------------


def test_a_cube_with_channels_first_is_transposed():
    cube = np.arange(24.0).reshape(2, 3, 4)
    X = as_sequences(cube, channels_first=True)
    assert X.shape == (2,)
    assert_array_equal(np.stack(list(X)), cube.transpose(0, 2, 1), strict=True)


def test_its_padding_in_time_is_removed():
    cube = np.arange(48.0).reshape(2, 3, 8)
    cube[0, :, 5:] = np.nan
    cube[1, :, :2] = np.nan
    cube[1, 0, 4] = np.nan  # a missing value
    X = as_sequences(cube, channels_first=True)
    assert_array_equal(X[0], cube[0, :, :5].T)
    assert_array_equal(X[1], cube[1, :, 2:].T)


@pytest.mark.parametrize(
    "container", [list, tuple, as_sequences, as_column, pandas.Series, lambda X: [x.tolist() for x in X]]
)
@pytest.mark.parametrize("lengths", [(3, 1, 4), (4, 4, 4)])
def test_sequences_with_channels_first_are_transposed(container, lengths):
    sequences = [rng.normal(size=(2, length)) for length in lengths]
    X = as_sequences(container(sequences), channels_first=True)
    assert X.shape == (3,)
    for x, sequence in zip(X, sequences, strict=True):
        assert_array_equal(x, sequence.T)


def test_a_single_channel_may_go_without_its_axis():
    for X in (np.arange(6.0).reshape(2, 3), [np.arange(3.0), np.arange(4.0)], [[1, 2, 3], [4, 5]]):
        for x, expected in zip(as_sequences(X, channels_first=True), as_sequences(X), strict=True):
            assert_array_equal(x, expected, strict=True)


def test_integers_stay_integers_with_channels_first():
    assert as_sequences(np.ones((2, 3, 4), "i2"), channels_first=True)[0].dtype == np.int16


@pytest.mark.parametrize("X", [pandas.DataFrame(np.ones((3, 4))), [pandas.DataFrame(np.ones((3, 4)))]])
def test_frames_are_refused_with_channels_first_and_the_hint_reads_them(X):
    with pytest.raises(ValueError, match=r"got a DataFrame, whose columns are channels\. Pass as_seq") as error:
        as_sequences(X, channels_first=True)
    (hint,) = re.findall(r"Pass (.*)\.$", str(error.value))
    assert len(eval(hint, {"as_sequences": as_sequences, "X": X})) == len(X)


# --- named dimensions -------------------------------------------------------------------------------------------------


class Labeled:
    """As much of xarray.DataArray as is read."""

    coords = dims = ()

    def __init__(self, values, dims):
        self.values = values
        self.dims = tuple(dims)

    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)
    T = property(lambda self: self.transpose(*self.dims[::-1]))

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)

    def transpose(self, *dims):
        return Labeled(self.values.transpose([self.dims.index(dim) for dim in dims]), dims)


@pytest.fixture(params=["xarray", "stand-in"])
def labeled(request, monkeypatch):
    if request.param == "xarray":
        return pytest.importorskip("xarray").DataArray
    if "xarray" not in sys.modules:
        monkeypatch.setitem(sys.modules, "xarray", types.ModuleType("xarray"))
    return Labeled


def run_hints(error, X):
    """What each line of a message makes of X."""
    hints = str(error.value).rpartition("Pass ")[2].removesuffix(".")
    hints = [hint.partition(" if ")[0] for hint in re.split(r" or (?=\[|as_|X)|, or ", hints)]
    return [eval(hint, {"X": X, "as_sequences": as_sequences}) for hint in hints]


CUBE = rng.normal(size=(6, 2, 5))  # cases, channels, steps


@every_estimator
def test_an_estimator_refuses_time_in_the_last_axis_and_the_hints_mend_it(estimator, labeled):
    X = labeled(CUBE, dims=("case", "channel", "time"))
    y = targets_of(estimator)
    message = (
        r"dimensions \(sequences, time, features\), got \('case', 'channel', 'time'\)\. Pass as_sequences\(X, chan"
    )
    with pytest.raises(ValueError, match=message) as error:
        estimator.fit(X, y)
    for mended in run_hints(error, X):
        assert estimator.fit(mended, y).n_features_in_ == 2
        assert_array_equal(np.asarray(np.asarray(mended)[1]), CUBE[1].T)
    with pytest.raises(ValueError, match="Pass as_sequences"):
        estimator.predict(X)


@every_transformer
def test_a_transformer_refuses_time_in_the_last_axis(estimator, labeled):
    with pytest.raises(ValueError, match="Pass as_sequences"):
        estimator.fit(labeled(CUBE, dims=("case", "channel", "time")))


@pytest.mark.parametrize(
    "dims",
    [
        ("trial", "Channels", "TIME"),
        ("case", "feature", "time_step"),
        ("case", "variable", "t"),
        ("case", "x", "timepoints"),
        ("case", "variables", "x"),
    ],
)
def test_names_are_known_in_several_spellings(labeled, dims):
    with pytest.raises(ValueError, match=r"Pass as_sequences\(X, channels_first=True\) or X\.transpose") as error:
        as_sequences(labeled(CUBE, dims=dims))
    for mended in run_hints(error, labeled(CUBE, dims=dims)):
        assert_array_equal(np.asarray(np.asarray(mended)[2]), CUBE[2].T)


def test_time_in_the_first_axis_is_refused_and_the_hint_mends_it(labeled):
    X = labeled(CUBE.transpose(2, 0, 1), dims=("time", "case", "channel"))
    with pytest.raises(ValueError, match=r"Pass X\.transpose\('case', 'time', 'channel'\)\.") as error:
        as_sequences(X)
    (mended,) = run_hints(error, X)
    assert_array_equal(np.asarray(mended), CUBE.transpose(0, 2, 1))


@pytest.mark.parametrize(
    "dims",
    [("case", "time", "channel"), ("a", "b", "c"), ("case", "time", "x"), ("time_0", "x", "y"), ("time", "step", "t")],
)
def test_the_right_order_and_unknown_names_are_read_as_positions(labeled, dims):
    X = labeled(CUBE, dims=dims)
    assert_array_equal(np.stack(list(as_sequences(X))), CUBE)
    assert LSTMClassifier(3, **SMALL).fit(X, np.arange(6) % 2).n_features_in_ == 5


def test_a_matrix_with_time_in_rows_is_refused_and_the_hints_mend_it(labeled):
    X = labeled(CUBE[0].T, dims=("time", "channel"))
    with pytest.raises(ValueError, match=r"dimensions \(sequences, time\), got \('time', 'channel'\)") as error:
        as_sequences(X)
    transposed, one = run_hints(error, X)
    assert_array_equal(np.asarray(transposed), CUBE[0])
    assert_array_equal(as_sequences(one)[0], CUBE[0].T)
    assert_array_equal(as_sequences(labeled(CUBE[0], dims=("case", "time")))[1], CUBE[0, 1])


def test_sequences_with_time_in_the_last_axis_are_refused_and_the_hint_mends_them(labeled):
    X = [labeled(x, dims=("channel", "time")) for x in CUBE]
    with pytest.raises(ValueError, match=r"sequence 0 to have the dimensions \(time, features\)") as error:
        LSTMClassifier(3, **SMALL).fit(X, np.arange(6) % 2)
    (mended,) = run_hints(error, X)
    assert_array_equal(mended[3], CUBE[3].T)


def test_channels_first_is_refused_where_the_names_say_that_they_are_not(labeled):
    X = labeled(CUBE, dims=("case", "time", "channel"))
    with pytest.raises(ValueError, match=r"dimensions \(sequences, features, time\), got \('case', 'time', 'chan"):
        as_sequences(X, channels_first=True)
    X = [labeled(x, dims=("time", "channel")) for x in CUBE]
    with pytest.raises(ValueError, match=r"sequence 0 to have the dimensions \(features, time\)") as error:
        as_sequences(X, channels_first=True)
    assert_array_equal(run_hints(error, X)[0][3], CUBE[3])


def test_windows_refuse_time_in_columns_and_the_hint_mends_it(labeled):
    series = labeled(CUBE[0], dims=("channel", "time"))
    with pytest.raises(ValueError, match=r"Expected series to have the dimensions \(time, features\), got .* Pass ser"):
        sliding_windows(series, window=3, horizon=1)
    assert sliding_windows(series.T, window=3, horizon=1).X.shape == (2, 3, 2)
    with pytest.raises(ValueError, match=r"Pass as_sequences\(series, channels_first=True\)"):
        sliding_windows(labeled(CUBE, dims=("case", "channel", "time")), window=3, horizon=1)


def in_objects(cells):
    array = np.empty(len(cells), object)
    array[:] = cells
    return array


HOLDERS = {
    "list": list,
    "object array": in_objects,
    "column": lambda cells: in_objects(cells)[:, None],
    "Series": lambda cells: pandas.Series(in_objects(cells)),
    "frame": lambda cells: pandas.DataFrame({"s": in_objects(cells)}),
}
TABLES = {
    "frame": lambda cells: pandas.DataFrame({"a": np.arange(6) / 3, "s": in_objects(cells)}),
    "array": lambda cells: np.column_stack([in_objects(cells), np.arange(6) / 3]),
    "columns": lambda cells: pandas.DataFrame({"s": in_objects(cells), "u": [np.zeros(2)] * 6}),
}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize(
    "estimator",
    [*ESTIMATORS[:1], *ESTIMATORS[-1:], *TRANSFORMERS, GRUClassifier(3, **SMALL, categorical_features=[0])],
    ids=["network", "seq2seq", "per step", "padder", "categories"],
)
def test_sequences_with_time_in_the_last_axis_are_refused_in_every_container(holder, estimator, labeled):
    X = HOLDERS[holder]([labeled(np.rint(x), dims=("channel", "time")) for x in CUBE])
    with pytest.raises(ValueError, match=r"sequence 0 to have the dimensions \(time, features\)") as error:
        estimator.fit(X, targets_of(estimator))
    (mended,) = run_hints(error, X)
    assert_array_equal(mended[3], np.rint(CUBE[3].T))
    right = HOLDERS[holder]([labeled(np.rint(x.T), dims=("time", "channel")) for x in CUBE])
    assert estimator.fit(right, targets_of(estimator)).n_features_in_ == 2


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("categories", [None, [0]])
def test_sequences_of_a_table_with_time_in_the_last_axis_are_refused(table, categories, labeled):
    model = GRUClassifier(3, **SMALL, categorical_features=categories)
    wrong, right = (
        TABLES[table]([labeled(x, dims=dims) for x in cube])
        for cube, dims in ((np.rint(CUBE), ("channel", "time")), (np.rint(CUBE[:, :, :2]), ("time", "channel")))
    )
    with pytest.raises(ValueError, match=r"sequence 0 to have the dimensions \(time, features\)"):
        model.fit(wrong, np.arange(6) % 2)
    model.fit(right, np.arange(6) % 2)
    with pytest.raises(ValueError, match=r"sequence 0 to have the dimensions \(time, features\)"):
        model.predict(wrong)


def test_a_cube_with_time_in_the_last_axis_is_refused_beside_categories(labeled):
    X = labeled(np.rint(CUBE), dims=("case", "channel", "time"))
    model = GRUClassifier(3, **SMALL, categorical_features=[0])
    for wrong in (X, np.rint(CUBE).transpose(0, 2, 1)):
        if wrong is X:
            with pytest.raises(ValueError, match="Pass as_sequences"):
                model.fit(wrong, np.arange(6) % 2)
        else:
            model.fit(wrong, np.arange(6) % 2)
    with pytest.raises(ValueError, match="Pass as_sequences"):
        model.predict(X)
    with pytest.raises(ValueError, match=r"X_val, y_val: .* Pass as_sequences"):
        model.fit(wrong, np.arange(6) % 2, X_val=X, y_val=np.arange(6) % 2)


@pytest.mark.parametrize("settings", [{}, {"input_size": 2}])
def test_a_frame_with_a_multi_index_is_refused_beside_categories(settings):
    X = long_frame().round()
    for features in ([1], ["v"], "from_dtype"):
        model = GRUClassifier(3, **SMALL, **settings, categorical_features=features)
        with pytest.raises(ValueError, match="Expected X to have one row per sequence") as error:
            model.fit(X, np.arange(24) % 2)
        model.set_params(input_size=None).fit(converted(error, X), np.arange(6) % 2)
    with pytest.raises(ValueError, match="Expected X to have one row per sequence"):
        model.predict(X)


def test_targets_with_time_in_the_last_axis_are_refused_and_the_hint_mends_them(labeled):
    X = CUBE.transpose(0, 2, 1)[:, :2]
    square = CUBE[:, :, :2]  # as many outputs as steps: nothing else would tell
    per_step = GRURegressor(3, **SMALL, return_sequences=True)
    for model in (per_step, Seq2SeqRegressor(3, **SMALL)):
        y = labeled(square, dims=("case", "channel", "time"))
        with pytest.raises(ValueError, match=r"y to have the dimensions \(sequences, time, outputs\), got") as error:
            model.fit(X, y)
        mended = eval(re.findall(r"Pass (.*)\.$", str(error.value))[0], {"y": y})
        assert_array_equal(np.asarray(mended), square.transpose(0, 2, 1))
        model.fit(X, mended)
        y = pandas.Series(in_objects([labeled(row, dims=("channel", "time")) for row in square]))
        with pytest.raises(ValueError, match=r"sequence 0 of y to have the dimensions \(time") as error:
            model.fit(X, y)
        model.fit(X, eval(re.findall(r"Pass (.*)\.$", str(error.value))[0], {"y": y}))
        with pytest.raises(ValueError, match=r"sequence 0 of y to have the dimensions \(time"):
            model.score(X, y)
    weights = labeled(np.ones((2, 6)), dims=("time", "case"))
    with pytest.raises(ValueError, match=r"sample_weight to have the dimensions \(sequences, time\)"):
        per_step.fit(X, square.transpose(0, 2, 1), sample_weight=weights)


def test_a_dataset_of_xarray_is_refused_and_the_hint_makes_an_array():
    xarray = pytest.importorskip("xarray")
    X = xarray.Dataset({"u": (("case", "time"), CUBE[:, 0]), "v": (("case", "time"), CUBE[:, 1])})
    with pytest.raises(ValueError, match="Expected X to be one array, got a Dataset") as error:
        LSTMClassifier(3, **SMALL).fit(X, np.arange(6) % 2)
    (hint,) = re.findall(r"as features: (.*)\.$", str(error.value))
    assert_array_equal(np.asarray(eval(hint, {"X": X})), CUBE.transpose(0, 2, 1))


def test_the_message_of_every_layout_names_a_public_function():
    assert {"as_sequences", "sequences_from_frame"} <= set(sklearn_recurrent.__all__)


def test_targets_and_forecasts_whose_time_is_the_first_axis_are_refused_by_metrics_and_the_hint_mends_them(labeled):
    y = np.abs(rng.normal(size=(3, 2)))  # three steps of two series
    wrong = labeled(y, dims=("time", "series"))
    message = r"Expected y_pred to have the dimensions \(sequences, time\), got \('time', 'series'\)\. Pass y_pred\.T"
    with pytest.raises(ValueError, match=message):
        mean_absolute_scaled_error(y.T, wrong, y_train=[[1, 2], [1, 2]], m=1)
    assert mean_absolute_scaled_error(wrong.T, y.T, y_train=[[1, 2], [1, 2]], m=1) == 0
