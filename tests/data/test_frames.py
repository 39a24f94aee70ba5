"""sequences_from_frame: every library, against a plain loop; errors name the sequence, and their hints run."""

import datetime as dt
import pickle
import re
import sys
import warnings

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import (
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
    SequenceDataWarning,
    sequences_from_frame,
    sliding_windows,
)
from sklearn_recurrent._data.frames import FORMATS
from sklearn_recurrent._data.tables import as_table

pandas = pytest.importorskip("pandas")
NAN = np.nan
DAY = dt.datetime(2026, 1, 1)


def rows_of(n=60, n_ids=5, seed=0):
    """Rows of a long table in random order, as columns of lists."""
    rng = np.random.default_rng(seed)
    ids = np.r_[np.arange(n_ids), rng.integers(0, n_ids, n - n_ids)]
    rng.shuffle(ids)
    return {
        "id": [f"m{i}" for i in ids],
        "shift": [int(i % 2) for i in rng.permutation(n)],
        "time": [DAY + dt.timedelta(minutes=int(minute)) for minute in rng.permutation(n)],
        "a": rng.normal(size=n).tolist(),
        "b": rng.normal(size=n).tolist(),
        "label": [["low", "high"][i % 2] for i in ids],
        "level": [float(i) / 4 for i in ids],
        "age": [int(i) * 10 for i in ids],
        "site": [["north", "south", "east"][i % 3] for i in ids],
        "hospital": [int(i) // 2 for i in ids],
        "state": [["on", "off"][i % 2] for i in rng.permutation(n)],
    }


def pandas_frame(columns):
    frame = pandas.DataFrame(columns)
    return frame.set_index(pandas.Index(np.arange(len(frame))[::-1] + 7))


def polars_frame(columns):
    return pytest.importorskip("polars").DataFrame(columns)


def arrow_table(columns):
    return pytest.importorskip("pyarrow").table(columns)


FRAMES = {
    "pandas": pandas_frame,
    "polars": polars_frame,
    "pyarrow": arrow_table,
    "pyarrow batch": lambda columns: arrow_table(columns).to_batches()[0],
    "narwhals": lambda columns: pytest.importorskip("narwhals").from_native(pandas_frame(columns)),
    "pandas of Arrow": lambda columns: pandas_frame(columns).convert_dtypes(
        dtype_backend=pytest.importorskip("pyarrow") and "pyarrow"
    ),
    "pandas, nullable": lambda columns: pandas_frame(columns).convert_dtypes(),
    "pandas, by is a level": lambda columns: pandas_frame(columns).set_index("id"),
}
every_library = pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
three_libraries = pytest.mark.parametrize("make", [pandas_frame, polars_frame, arrow_table])


def by_hand(columns, by, names, sort_by=None):
    """key → rows of `names`, sequence by sequence, with a plain loop."""
    found = {}
    for row in range(len(columns["id"])):
        key = tuple(columns[name][row] for name in by)
        found.setdefault(key if len(by) > 1 else key[0], []).append(row)
    if sort_by is not None:
        found = {key: sorted(rows, key=lambda row: columns[sort_by][row]) for key, rows in found.items()}
    return {key: [[columns[name][row] for name in names] for row in rows] for key, rows in found.items()}


def assert_sequences(X, expected):
    assert len(X) == len(expected)
    for x, rows in zip(X, expected, strict=True):
        assert np.asarray(x).tolist() == rows


# --- what comes out ---------------------------------------------------------------------------------------------------


@every_library
@pytest.mark.parametrize("sort_by", [None, "time"])
def test_sequences_are_those_of_a_plain_loop(make, sort_by):
    columns = rows_of()
    data = sequences_from_frame(make(columns), by="id", columns=["b", "a"], sort_by=sort_by)
    expected = by_hand(columns, ["id"], ["b", "a"], sort_by)
    assert data.index.tolist() == list(expected)
    assert data.X.dtype == object
    assert data.X.shape == (5,)
    assert_sequences(data.X, expected.values())
    assert data.y is None
    assert data.groups is None


@every_library
def test_several_columns_tell_sequences_apart_together(make):
    columns = rows_of()
    data = sequences_from_frame(make(columns), by=["id", "shift"], columns="a", sort_by="time")
    expected = by_hand(columns, ["id", "shift"], ["a"], "time")
    assert data.index.tolist() == list(expected)
    assert_sequences(data.X, expected.values())


@three_libraries
def test_targets_static_values_and_groups_are_those_of_their_sequence(make):
    columns = rows_of()
    names = {"columns": ["a", "b"], "target": ["level", "label"], "static": ["age", "site"], "groups": "hospital"}
    data = sequences_from_frame(make(columns), by="id", sort_by="time", **names)
    number = [int(key[1:]) for key in data.index]
    assert data.y.tolist() == [[i / 4, ["low", "high"][i % 2]] for i in number]
    assert data.groups.tolist() == [i // 2 for i in number]
    X = data.X
    if make is arrow_table:
        assert X.dtype == object
        cells = X.T.tolist()
    else:
        assert type(X) is type(make(columns))
        assert list(X.columns) == ["sequence", "age", "site"]
        cells = [list(X[name]) for name in X.columns]
    assert_sequences(cells[0], by_hand(columns, ["id"], ["a", "b"], "time").values())
    assert cells[1] == [i * 10 for i in number]
    assert cells[2] == [["north", "south", "east"][i % 3] for i in number]


@three_libraries
def test_one_target_is_an_array_and_a_list_of_one_is_a_column(make):
    frame = make(rows_of())
    assert sequences_from_frame(frame, by="id", columns="a", target="label").y.shape == (5,)
    assert sequences_from_frame(frame, by="id", columns="a", target=["label"]).y.shape == (5, 1)
    steps = sequences_from_frame(frame, by="id", columns="a", target=["level"], target_per="step").y
    assert all(y.ndim == 2 for y in steps)


@three_libraries
def test_numbers_beside_strings_are_no_strings_among_targets(make):
    y = sequences_from_frame(make(rows_of()), by="id", columns="a", target=["label", "age"]).y
    assert {type(value) for value in y[:, 1]} == {int}


@every_library
@pytest.mark.parametrize("target", ["state", ["a", "b"]])
def test_targets_of_steps_are_those_of_a_plain_loop(make, target):
    columns = rows_of()
    data = sequences_from_frame(make(columns), by="id", columns=["a"], sort_by="time", target=target, target_per="step")
    names = [target] if isinstance(target, str) else target
    expected = by_hand(columns, ["id"], names, "time").values()
    if isinstance(target, str):
        expected = [[row[0] for row in rows] for rows in expected]
    assert [y.tolist() for y in data.y] == list(expected)


@three_libraries
def test_features_are_all_columns_that_have_no_other_role(make):
    roles = {"sort_by": "time", "target": "label", "static": ["age", "site"], "groups": "hospital"}
    frame = make(rows_of())
    data = sequences_from_frame(frame, by=["id"], **roles)
    sequences = data.X[:, 0] if make is arrow_table else data.X["sequence"]
    first = sequences[0]
    if make is polars_frame:
        first = first.struct.unnest()
    names = first.column_names if make is arrow_table else first.columns
    assert list(names) == ["shift", "a", "b", "level", "state"]


@three_libraries
def test_a_column_may_have_several_roles(make):
    columns = rows_of()
    data = sequences_from_frame(
        make(columns), by=["hospital", "id"], columns=["a", "age"], sort_by="time", target="level", groups="hospital"
    )
    assert data.groups.tolist() == [hospital for hospital, _ in data.index]
    assert all((np.asarray(x)[:, 1] == 40 * level).all() for x, level in zip(data.X, data.y, strict=True))


@three_libraries
def test_the_frame_is_unchanged_and_shares_no_memory(make):
    columns = rows_of(8, 8)
    frame = make(columns)
    sorted_already = sequences_from_frame(frame, by="shift", columns=["a", "b"]).X
    for x in sorted_already:
        array = np.asarray(x)
        if array.flags.writeable:
            array[:] = 0
    again = frame["a"].to_list() if make is not arrow_table else frame["a"].to_pylist()
    assert again == columns["a"]


# --- dtypes -----------------------------------------------------------------------------------------------------------


@three_libraries
@pytest.mark.parametrize(
    ("dtypes", "result"), [("ff", "f"), ("dd", "d"), ("fd", "d"), ("ll", "l"), ("ld", "d"), ("?d", "d"), ("??", "?")]
)
def test_numbers_have_the_dtype_that_they_have_in_common(make, dtypes, result):
    columns = {"id": [1, 2, 1], "a": np.ones(3, dtypes[0]), "b": np.ones(3, dtypes[1])}
    x = sequences_from_frame(make(columns), by="id").X[0]
    assert np.asarray(x).dtype == np.dtype(result)


NOTHING = {
    "pandas": lambda: pandas.DataFrame({"id": [1, 1, 2], "a": [1, None, 3], "b": [True, False, True]}),
    "pandas, nullable": lambda: pandas.DataFrame({"id": [1, 1, 2], "a": [1, None, 3], "b": [True, False, True]}).astype(
        {"a": "Int64", "b": "boolean"}
    ),
    "pandas, sparse": lambda: pandas.DataFrame(
        {"id": [1, 1, 2], "a": pandas.arrays.SparseArray([1, NAN, 3.0]), "b": [1, 0, 1]}
    ),
    "polars": lambda: polars_frame({"id": [1, 1, 2], "a": [1, None, 3], "b": [True, False, True]}),
    "polars, decimal": lambda: polars_frame({"id": [1, 1, 2], "a": [1, None, 3], "b": [1, 0, 1]}).cast(
        {"a": sys.modules["polars"].Decimal(10, 2)}
    ),
    "pyarrow": lambda: arrow_table({"id": [1, 1, 2], "a": [1, None, 3], "b": [True, False, True]}),
}


@pytest.mark.parametrize("make", NOTHING.values(), ids=NOTHING)
def test_a_missing_number_is_nan_in_every_library(make):
    X = sequences_from_frame(make(), by="id").X
    assert_array_equal(np.asarray(X[0]), [[1, 1], [NAN, 0]], strict=True)
    assert_array_equal(np.asarray(X[1]), [[3.0, 1.0]], strict=True)


def test_columns_that_are_no_numbers_keep_their_dtypes():
    frame = pandas_frame(rows_of()).astype({"state": "category", "age": "int16"})
    x = sequences_from_frame(frame, by="id", columns=["a", "state", "age"]).X[0]
    assert list(x.dtypes) == list(frame[["a", "state", "age"]].dtypes)
    x = sequences_from_frame(polars_frame(rows_of()), by="id", columns=["a", "state"]).X[0]
    assert [str(dtype) for dtype in x.schema.values()] == ["Float64", "String"]


@three_libraries
def test_strings_are_those_of_a_plain_loop(make):
    columns = rows_of()
    X = sequences_from_frame(make(columns), by="id", columns=["a", "state"], sort_by="time").X
    expected = by_hand(columns, ["id"], ["a", "state"], "time").values()
    for x, rows in zip(X, expected, strict=True):
        values = zip(x["a"].to_numpy().tolist(), x["state"].to_numpy().tolist(), strict=True)
        assert list(map(list, values)) == rows


@three_libraries
@pytest.mark.parametrize("columns", [["a", "b"], ["a", "state"]])
def test_a_sequence_is_pickled_without_the_others(make, columns):
    X = sequences_from_frame(make(rows_of(20_000, 100)), by="id", columns=columns).X
    assert len(pickle.dumps(X[0])) < 20_000


# --- order of steps ---------------------------------------------------------------------------------------------------

STAMPS = {
    "integers": [3, 1, 2, 11],
    "floats": [0.3, -1.0, 0.2, 11.0],
    "dates": [dt.date(2026, 1, day) for day in (3, 1, 2, 11)],
    "times": [dt.datetime(2026, 1, 1, hour) for hour in (3, 1, 2, 11)],
    "times of a zone": [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in (3, 1, 2, 11)],
    "durations": [dt.timedelta(hours=hour) for hour in (3, 1, 2, 11)],
    "ISO dates": ["2026-01-03", "2026-01-01", "2026-01-02", "2026-01-11"],
    "ISO times": ["2026-01-01 03:00", "2026-01-01 01:00:00", "2026-01-01 01:30:00.5", "2026-01-02 00:00"],
    "years beyond nanoseconds": ["2300-01-01", "1500-01-01", "2026-01-01", "9999-01-01"],
}


@three_libraries
@pytest.mark.parametrize("stamps", STAMPS.values(), ids=STAMPS)
def test_steps_are_in_the_order_of_time(make, stamps):
    data = sequences_from_frame(make({"id": [1] * 4, "t": stamps, "a": [2.0, 0.0, 1.0, 3.0]}), by="id", sort_by="t")
    assert np.asarray(data.X[0]).ravel().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "stamps",
    [
        pandas.PeriodIndex(["2026-03", "2026-01", "2026-02", "2026-11"], freq="M"),
        pandas.Categorical(["c", "a", "b", "d"], categories=["a", "b", "c", "d"], ordered=True),
        pandas.DatetimeIndex(["2026-03", "2026-01", "2026-02", "2026-11"], tz="Europe/Berlin"),
        pandas.Series([3, 1, 2, 11], dtype="Int64").array,
    ],
    ids=["periods", "ordered categories", "a time zone", "nullable"],
)
def test_steps_are_in_the_order_of_the_dtypes_of_pandas(stamps):
    frame = pandas.DataFrame({"id": [1] * 4, "t": stamps, "a": [2.0, 0.0, 1.0, 3.0]})
    x = sequences_from_frame(frame, by="id", sort_by="t").X[0]
    assert x["a"].tolist() == [0, 1, 2, 3]
    assert x.index.tolist() == [stamps[i] for i in (1, 2, 0, 3)]


def test_an_enum_of_polars_has_its_own_order():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"id": [1] * 3, "t": ["c", "a", "b"], "a": [1.0, 2.0, 0.0]})
    frame = frame.cast({"t": polars.Enum(["b", "c", "a"])})
    assert sequences_from_frame(frame, by="id", sort_by="t").X[0]["a"].to_list() == [0, 1, 2]


@three_libraries
def test_several_columns_sort_one_after_the_other(make):
    frame = make({"id": [1] * 4, "day": [2, 1, 2, 1], "hour": [5, 7, 3, 6], "a": [3.0, 1.0, 2.0, 0.0]})
    data = sequences_from_frame(frame, by="id", sort_by=["day", "hour"])
    assert np.asarray(data.X[0]).ravel().tolist() == [0, 1, 2, 3]


def test_in_pandas_what_sorts_becomes_the_index():
    frame = pandas_frame(rows_of())
    x = sequences_from_frame(frame, by="id", columns="a", sort_by="time").X[0]
    assert isinstance(x.index, pandas.DatetimeIndex)
    assert x.index.name == "time"
    assert len(x.resample("1h").mean()) == 1
    x = sequences_from_frame(frame, by="id", columns="a").X[0]
    assert_array_equal(frame.loc[x.index, "a"], x["a"])
    x = sequences_from_frame(frame, by="id", columns="a", sort_by=["shift", "time"]).X[0]
    assert list(x.index.names) == ["shift", "time"]


# --- MultiIndex -------------------------------------------------------------------------------------------------------


def multi_index_frame(levels=("id", "time")):
    return pandas_frame(rows_of())[[*levels, "a", "b", "label"]].set_index(list(levels))


def test_the_other_levels_of_a_multi_index_sort():
    columns = rows_of()
    data = sequences_from_frame(multi_index_frame(), by="id", target="label")
    assert_sequences(data.X, by_hand(columns, ["id"], ["a", "b"], "time").values())
    assert data.X[0].index.name == "time"
    data = sequences_from_frame(multi_index_frame(("id", "shift", "time")), by=["id", "shift"], columns=["a", "b"])
    assert_sequences(data.X, by_hand(columns, ["id", "shift"], ["a", "b"], "time").values())


def test_sort_by_goes_before_the_levels():
    frame = multi_index_frame()
    data = sequences_from_frame(frame, by="id", sort_by="b", columns=["a", "b"])
    assert_sequences(data.X, by_hand(rows_of(), ["id"], ["a", "b"], "b").values())


def test_levels_may_be_features_static_values_and_groups():
    frame = pandas_frame(rows_of()).set_index(["id", "hospital", "time"])
    data = sequences_from_frame(
        frame, by="id", sort_by="time", columns=["a", "hospital"], static=["hospital"], groups="hospital"
    )
    assert data.X["hospital"].tolist() == data.groups.tolist()
    assert list(data.X["sequence"][0].columns) == ["a", "hospital"]


def test_a_series_with_a_multi_index_is_a_frame_of_one_column():
    frame = multi_index_frame()
    data = sequences_from_frame(frame["a"], by="id")
    assert_sequences(data.X, by_hand(rows_of(), ["id"], ["a"], "time").values())


def test_a_tuple_is_one_name_in_a_frame_that_has_it():
    frame = pandas.DataFrame({("x", "id"): [1, 2, 1], ("x", "a"): [1.0, 2.0, 3.0]})
    data = sequences_from_frame(frame, by=("x", "id"))
    assert [np.asarray(x).ravel().tolist() for x in data.X] == [[1, 3], [2]]


# --- with estimators --------------------------------------------------------------------------------------------------


@three_libraries
def test_estimators_take_what_comes_out(make):
    frame = make(rows_of(120, 12))
    data = sequences_from_frame(frame, by="id", columns=["a", "b"], sort_by="time", target="label", groups="hospital")
    model = make_pipeline(PerTimestep(StandardScaler()), LSTMClassifier(3, max_iter=1, random_state=0))
    scores = cross_val_score(model, data.X, data.y, groups=data.groups, cv=GroupKFold(2))
    assert np.isfinite(scores).all()
    X_train, X_test, y_train, _ = train_test_split(data.X, data.y, random_state=0)
    assert len(model.fit(X_train, y_train).predict(X_test)) == 3
    arrays = [np.asarray(x) for x in data.X]
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        of_arrays = model.predict_proba(arrays)
    assert_array_equal(model.predict_proba(data.X), of_arrays)


@three_libraries
def test_models_know_the_names_of_the_features_and_refuse_another_order(make):
    frame = make(rows_of())
    data = sequences_from_frame(frame, by="id", columns=["a", "b"], target="label")
    model = LSTMClassifier(3, max_iter=1, random_state=0).fit(data.X, data.y)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="names should match those that were passed during fit"):
        model.predict(sequences_from_frame(frame, by="id", columns=["b", "a"]).X)


def test_a_search_in_two_processes_takes_what_comes_out():
    data = sequences_from_frame(polars_frame(rows_of()), by="id", columns=["a", "b"], target="level")
    search = GridSearchCV(GRURegressor(3, max_iter=1), {"alpha": [0.1, 1]}, cv=2, n_jobs=2).fit(data.X, data.y)
    assert len(search.predict(data.X)) == 5


@three_libraries
def test_targets_of_steps_are_learned(make):
    data = sequences_from_frame(
        make(rows_of()), by="id", columns=["a", "b"], sort_by="time", target="state", target_per="step"
    )
    model = LSTMClassifier(3, max_iter=1, return_sequences=True, bidirectional=False).fit(data.X, data.y)
    assert [len(y) for y in model.predict(data.X)] == [len(y) for y in data.y]


@three_libraries
def test_static_values_are_split_with_their_sequences(make):
    data = sequences_from_frame(make(rows_of()), by="id", columns=["a", "b"], static=["age"], target="level")
    X_train, X_test, y_train, y_test = train_test_split(data.X, data.y, random_state=0)
    for X, y in ((X_train, y_train), (X_test, y_test)):
        ages = X[:, 1] if make is arrow_table else X["age"]
        assert [age / 40 for age in ages] == y.tolist()


@three_libraries
def test_static_columns_reach_the_network(make):
    data = sequences_from_frame(make(rows_of()), by="id", columns=["a", "b"], static=["age", "level"], target="label")
    model = LSTMClassifier(3, max_iter=1, random_state=0).fit(data.X, data.y)
    sequences = sequences_from_frame(make(rows_of()), by="id", columns=["a", "b"]).X
    table = np.empty((5, 3), dtype=object)
    table[:, 0] = [np.asarray(x) for x in sequences]
    table[:, 1:] = [(int(key[1:]) * 10, int(key[1:]) / 4) for key in data.index]
    again = LSTMClassifier(3, max_iter=1, random_state=0).fit(table, data.y)
    assert model.n_static_features_in_ == 2
    assert_array_equal(model.predict_proba(data.X), again.predict_proba(table))


# --- errors -----------------------------------------------------------------------------------------------------------


def run_hint(error, start, frame):
    """The frame, after the line of code in a message that begins with `start`."""
    (line,) = re.findall(rf"(?:^|[ :])({re.escape(start)}.*?)\.(?: |$)", str(error.value))
    names = {"frame": frame, "pandas": pandas, **{name: sys.modules.get(name) for name in ("polars", "pyarrow")}}
    if names["pyarrow"]:
        import pyarrow.compute  # noqa: F401
    exec(line, names)
    return names["frame"]


@three_libraries
@pytest.mark.parametrize("of_strings", [True, False])
def test_a_missing_id_is_refused_and_the_hint_leaves_its_rows_out(make, of_strings):
    frame = make({"id": ["x", None, "y"] if of_strings else [1.5, None, 2.5], "a": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match=r"Expected a value of 'id' in each row, got (nan|None) in row 1\.") as error:
        sequences_from_frame(frame, by="id")
    data = sequences_from_frame(run_hint(error, "frame = ", frame), by="id")
    assert [np.asarray(x).ravel().tolist() for x in data.X] == [[1], [3]]


def test_a_missing_id_in_a_level_is_refused():
    frame = pandas.DataFrame({"a": [1.0, 2.0]}, index=pandas.Index(["x", None], name="id"))
    with pytest.raises(ValueError, match=r"got (nan|None) in row 1") as error:
        sequences_from_frame(frame, by="id")
    assert len(sequences_from_frame(run_hint(error, "frame = ", frame), by="id").X) == 1


def test_nan_of_polars_is_a_missing_id_too():
    frame = polars_frame({"id": [1.5, NAN, 2.5], "a": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="got nan in row 1") as error:
        sequences_from_frame(frame, by="id")
    assert len(sequences_from_frame(run_hint(error, "frame = ", frame), by="id").X) == 2


@three_libraries
def test_a_missing_stamp_is_refused_with_its_sequence(make):
    frame = make({"id": ["x", "y", "x"], "t": [DAY, DAY, None], "a": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match=r"value of 't' at each step, got NaT in row 2, sequence 'x'\.") as error:
        sequences_from_frame(frame, by="id", sort_by="t")
    data = sequences_from_frame(run_hint(error, "frame = ", frame), by="id", sort_by="t")
    assert [len(x) for x in data.X] == [1, 1]


@pytest.mark.parametrize("make", [pandas_frame, polars_frame])
def test_a_stamp_that_comes_twice_is_refused_and_the_hint_drops_the_copy(make):
    frame = make({"id": ["x", "y", "x", "y"], "t": [2, 1, 2, 3], "a": [1.0, 2.0, 1.0, 3.0]})
    with pytest.raises(ValueError, match="got two for t=2 in sequence 'x', rows 0 and 2") as error:
        sequences_from_frame(frame, by="id", sort_by="t")
    data = sequences_from_frame(run_hint(error, "frame = ", frame), by="id", sort_by="t")
    assert [len(x) for x in data.X] == [1, 2]


def test_a_stamp_that_comes_twice_in_a_multi_index_is_refused_and_the_hint_drops_the_copy():
    index = pandas.MultiIndex.from_tuples([("x", DAY), ("x", DAY), ("y", DAY)], names=["id", "t"])
    frame = pandas.DataFrame({"a": [1.0, 1.0, 2.0]}, index=index)
    with pytest.raises(ValueError, match=r"got two for t=2026-01-01T00:00:00.* in sequence 'x', rows 0 and 1") as error:
        sequences_from_frame(frame, by="id")
    assert len(sequences_from_frame(run_hint(error, "frame = ", frame), by="id").X) == 2


@three_libraries
def test_the_same_stamp_in_two_sequences_is_right(make):
    frame = make({"id": ["x", "y"] * 2, "t": [1, 1, 2, 2], "a": [1.0, 2.0, 3.0, 4.0]})
    assert len(sequences_from_frame(frame, by="id", sort_by="t").X) == 2


@three_libraries
def test_strings_whose_order_may_not_be_that_of_time_are_refused_and_the_hint_converts_them(make):
    frame = make({"id": [1, 1], "t": ["9.2.2026", "10.1.2026"], "a": [1.0, 0.0]})
    with pytest.raises(ValueError, match=r"Expected 't' to hold numbers, dates or times, .* '9.2.2026'") as error:
        sequences_from_frame(frame, by="id", sort_by="t")
    code = str(error.value).partition("by their format: ")[2].removesuffix(".")
    names = {"frame": frame, "pandas": pandas, "polars": sys.modules.get("polars")}
    if make is arrow_table:
        import pyarrow.compute

        names["pyarrow"] = pyarrow
    exec(code, names)
    data = sequences_from_frame(names["frame"], by="id", sort_by="t")
    assert np.asarray(data.X[0]).ravel().tolist() == [0, 1]


def test_strings_in_a_level_are_converted_by_the_hint():
    index = pandas.MultiIndex.from_tuples([("x", "9.2.2026"), ("x", "10.1.2026")], names=["id", "t"])
    frame = pandas.DataFrame({"a": [1.0, 0.0]}, index=index)
    with pytest.raises(ValueError, match="by their format: ") as error:
        sequences_from_frame(frame, by="id")
    names = {"frame": frame, "pandas": pandas}
    exec(str(error.value).partition("by their format: ")[2].removesuffix("."), names)
    assert sequences_from_frame(names["frame"], by="id").X[0]["a"].tolist() == [0, 1]


TIME = dt.datetime(2026, 3, 1, 9, 20, 5, 250000)


@three_libraries
def test_every_format_of_dates_runs_in_the_hint(make):
    make({"t": []})
    names = {"pandas": pandas, "polars": sys.modules.get("polars")}
    if make is arrow_table:
        import pyarrow.compute

        names["pyarrow"] = pyarrow
    for form in FORMATS:
        text = TIME.strftime(form)
        names["frame"] = make({"t": [text]})
        line = as_table(names["frame"]).as_times("t", form)
        if line is None:
            assert make is arrow_table
            assert "%f" in form
            continue
        exec(line, names)
        (time,) = as_table(names["frame"]).values("t").astype("M8[us]").tolist()
        assert time == dt.datetime.strptime(text, form)


@pytest.mark.parametrize("make", [pandas_frame, polars_frame])
@pytest.mark.parametrize(
    "stamps", [["01.03.2026 9:20", "02.03.2026 10:05"], ["2/28/2026 9:20:05 PM", "3/1/2026 8:00:00 AM"], ["9", "10"]]
)
def test_the_hint_has_the_format_of_the_strings(make, stamps):
    frame = make({"id": [1, 1], "t": stamps[::-1], "a": [1.0, 0.0]})
    with pytest.raises(ValueError, match="Convert them first, ") as error:
        sequences_from_frame(frame, by="id", sort_by="t")
    names = {"frame": frame, "pandas": pandas, "polars": sys.modules.get("polars")}
    exec(re.findall(r"(?:numbers|format): (.*)\.$", str(error.value))[0], names)
    data = sequences_from_frame(names["frame"], by="id", sort_by="t")
    assert np.asarray(data.X[0]).ravel().tolist() == [0, 1]


def test_two_formats_are_told_apart_and_none_is_not_invented():
    frame = pandas.DataFrame({"id": [1, 1], "t": ["2/1/2026", "3/1/2026"], "a": [1.0, 0.0]})
    with pytest.raises(ValueError, match=r"format='%d/%m/%Y'\), if it is '%d/%m/%Y', or .*, if it is '%m/%d/%Y'\.$"):
        sequences_from_frame(frame, by="id", sort_by="t")
    with pytest.raises(ValueError, match=r"Convert them first to numbers or times\.$"):
        sequences_from_frame(frame.assign(t=["t1", "t2"]), by="id", sort_by="t")


@pytest.mark.parametrize("stamp", ["2026-13-01", "2026-01-01T25:00", "2026-1-1", "2026-01-01 10:00+01:00", "t1"])
def test_what_is_no_date_is_refused(stamp):
    frame = pandas.DataFrame({"id": [1, 1], "t": ["2026-01-01", stamp], "a": [1.0, 0.0]})
    with pytest.raises(ValueError, match="Expected 't' to hold numbers, dates or times, got strings"):
        sequences_from_frame(frame, by="id", sort_by="t")


def test_stamps_of_several_kinds_are_refused():
    frame = pandas.DataFrame({"id": [1, 1], "t": pandas.Series([1, DAY], dtype=object), "a": [1.0, 0.0]})
    with pytest.raises(ValueError, match="Expected values of 't' that can be ordered, got others: '<' not supported"):
        sequences_from_frame(frame, by="id", sort_by="t")


@three_libraries
def test_a_target_that_changes_is_refused_and_the_hint_makes_it_one_of_steps(make):
    frame = make({"id": ["x", "y", "x"], "a": [1.0, 2.0, 3.0], "label": ["u", "u", "v"]})
    message = r"Expected target 'label' to have one value in each sequence, got 'u' and 'v' in sequence 'x'\. For a"
    with pytest.raises(ValueError, match=message) as error:
        sequences_from_frame(frame, by="id", target="label")
    (option,) = re.findall(r"pass (target_per='step')", str(error.value))
    data = eval(f"sequences_from_frame(frame, by='id', target='label', {option})", globals(), {"frame": frame})
    assert [y.tolist() for y in data.y] == [["u", "v"], ["u"]]


@three_libraries
def test_a_group_or_static_value_that_changes_is_refused(make):
    frame = make({"id": ["x", "y", "x"], "a": [1.0, 2.0, 3.0], "g": [1.5, 1.5, None]})
    message = r"Expected static column 'g' in each row of a sequence, or in none, got (nan|None) in sequence 'x', which"
    with pytest.raises(ValueError, match=message) as error:
        sequences_from_frame(frame, by="id", static="g")
    if make is not arrow_table:
        (line,) = re.findall(r"Fill the rows without it: (.*)\.$", str(error.value))
        names = {"frame": frame, "polars": sys.modules.get("polars")}
        exec(line, names)
        assert list(sequences_from_frame(names["frame"], by="id", static="g").X["g"]) == [1.5, 1.5]
    frame = make({"id": ["x", "y", "x"], "a": [1.0, 2.0, 3.0], "g": [None, 1.5, 1.5]})
    with pytest.raises(ValueError, match=message):
        sequences_from_frame(frame, by="id", static="g")
    frame = make({"id": ["x", "y", "x"], "a": [1.0, 2.0, 3.0], "g": [1, 1, 2]})
    with pytest.raises(ValueError, match=r"Expected column of groups 'g' .* got 1 and 2 in sequence 'x'\.$"):
        sequences_from_frame(frame, by="id", groups="g")


@three_libraries
def test_a_missing_static_value_is_kept(make):
    frame = make({"id": ["x", "y", "x"], "a": [1.0, 2.0, 3.0], "g": [None, 1.5, None], "s": [None, "u", None]})
    X = sequences_from_frame(frame, by="id", static=["g", "s"]).X
    column = X[:, 1] if make is arrow_table else np.asarray(X["g"])
    assert_array_equal(column.astype(float), [NAN, 1.5])


@pytest.mark.parametrize("make", [pandas_frame, polars_frame])
def test_a_target_in_some_rows_only_is_refused_and_the_hint_fills_the_others(make):
    frame = make({"id": ["x", "y", "x", "y"], "a": [1.0, 2.0, 3.0, 4.0], "label": [None, "v", "u", None]})
    with pytest.raises(ValueError, match=r"Expected a target 'label' in each row, got (nan|None) in sequence") as error:
        sequences_from_frame(frame, by="id", target="label")
    start = "frame['label'] = " if make is pandas_frame else "frame = "
    (line,) = re.findall(r"fill the others: (.*)\.$", str(error.value))
    assert line.startswith(start)
    names = {"frame": frame, "polars": sys.modules.get("polars")}
    exec(line, names)
    assert sequences_from_frame(names["frame"], by="id", target="label").y.tolist() == ["u", "v"]


@three_libraries
@pytest.mark.parametrize("target", [[1.0, None, 1.0], ["u", None, "u"]])
def test_a_sequence_without_target_is_refused_and_the_hint_leaves_it_out(make, target):
    frame = make({"id": ["x", "y", "x"], "a": [1.0, 2.0, 3.0], "label": target})
    with pytest.raises(ValueError, match=r"got (nan|None) in sequence 'y'\. Leave out the rows of such") as error:
        sequences_from_frame(frame, by="id", target="label")
    data = sequences_from_frame(run_hint(error, "frame = ", frame), by="id", target="label")
    assert data.index.tolist() == ["x"]


@three_libraries
def test_a_missing_group_is_refused(make):
    frame = make({"id": ["x", "y", "x"], "a": [1.0, 2.0, 3.0], "g": ["u", None, "u"]})
    with pytest.raises(ValueError, match=r"Expected a group 'g' in each row, got (nan|None) in sequence 'y'"):
        sequences_from_frame(frame, by="id", groups="g")


@three_libraries
def test_times_among_features_are_refused_and_the_hint_runs(make):
    frame = make({"id": [1, 1], "t": [DAY + dt.timedelta(1), DAY], "a": [1.0, 0.0]})
    with pytest.raises(ValueError, match=r"numbers or categories, got .* in column 't'\. If it orders") as error:
        sequences_from_frame(frame, by="id")
    for option, steps in zip(
        re.findall(r"(?:sort_by|columns)=[^;. ]+", str(error.value)), ([0, 1], [1, 0]), strict=True
    ):
        data = eval(f"sequences_from_frame(frame, by='id', {option})", globals(), {"frame": frame})
        assert np.asarray(data.X[0]).ravel().tolist() == steps
    frame = make({"id": [1, 1], "t": [1, 2], "end": [DAY] * 2, "a": [1.0, 0.0]})
    with pytest.raises(ValueError, match=r"in column 'end'\. Pass columns=\['a'\], or convert it"):
        sequences_from_frame(frame, by="id", sort_by="t")


@three_libraries
def test_times_as_strings_among_features_are_refused_if_nothing_orders_the_steps(make):
    frame = make({"id": [1, 1], "t": ["2026-01-02 10:00", "2026-01-01 11:00"], "a": [1.0, 0.0]})
    with pytest.raises(
        ValueError, match=r"got times as strings in column 't'\. If it orders .* sort_by='t'; otherwise"
    ):
        sequences_from_frame(frame, by="id")
    frame = make({"id": [1, 1, 1], "t": ["2026-01-02", None, "yesterday"], "d": ["2026-01-02", None, "2026-01-03"]})
    with pytest.raises(ValueError, match=r"column 'd'\. If it orders the steps, .* otherwise columns=\['t'\]"):
        sequences_from_frame(frame, by="id")
    assert len(sequences_from_frame(frame, by="id", columns="t").X) == 1


@three_libraries
@pytest.mark.parametrize("role", ["columns", "static"])
def test_a_target_among_what_the_network_reads_is_refused(make, role):
    names = {"columns": ["a"]} | {role: ["a", "level"] if role == "columns" else ["level"]}
    message = f"Expected target to name no column of {role}, got 'level' in both: the network would read what it is to"
    with pytest.raises(ValueError, match=message):
        sequences_from_frame(make(rows_of()), by="id", target=["label", "level"], **names)


def test_a_static_column_that_says_which_sequence_is_which_is_refused():
    with pytest.raises(ValueError, match=r"Expected by to name no column of static, got 'id' in both: .* is which"):
        sequences_from_frame(pandas_frame(rows_of()), by="id", columns="a", static=["age", "id"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "idd"}, "Expected by to name columns of frame, which are ['id', 'shift', "),
        ({"by": ["id", "x"]}, "got 'x'."),
        ({"by": []}, "Expected by to name at least one column, got none."),
        ({"by": None}, "Expected by to name at least one column, got none."),
        ({"columns": "x"}, "Expected columns to name columns of frame"),
        ({"sort_by": ["time", "x"]}, "Expected sort_by to name columns of frame"),
        ({"target": 0}, "Expected target to name columns of frame"),
        ({"static": ["x"]}, "Expected static to name columns of frame"),
        ({"groups": "x"}, "Expected groups to name columns of frame"),
        ({"groups": ["age", "site"]}, "Expected groups to name one column, got ['age', 'site']."),
        ({"target_per": "row"}, "Expected target_per to be 'sequence' or 'step', got 'row'."),
    ],
)
@three_libraries
def test_names_that_the_frame_has_not_are_refused(make, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        sequences_from_frame(make(rows_of()), **({"by": "id", "columns": "a"} | arguments))


def test_a_name_that_is_there_twice_is_refused():
    frame = pandas.DataFrame([[1, 2.0, 3.0]], columns=["id", "a", "a"])
    with pytest.raises(ValueError, match="names of their own, got 'a' twice"):
        sequences_from_frame(frame, by="id")
    with pytest.raises(ValueError, match="Expected one column or level with the name 'a', got 2"):
        sequences_from_frame(frame, by="id", columns=["a"])
    frame = pandas.DataFrame({"id": [1, 2], "a": [1.0, 2.0]}).set_index("id", drop=False)
    with pytest.raises(ValueError, match="Expected one column or level with the name 'id', got 2"):
        sequences_from_frame(frame, by="id")


@three_libraries
def test_a_frame_without_rows_or_features_is_refused(make):
    with pytest.raises(ValueError, match="Expected frame to have at least one row, got none"):
        sequences_from_frame(make({"id": [], "a": []}), by="id")
    with pytest.raises(ValueError, match="Expected at least one column of features, got none"):
        sequences_from_frame(make({"id": [1, 1]}), by="id")


@three_libraries
def test_the_name_of_the_column_of_sequences_is_taken(make):
    with pytest.raises(ValueError, match="Expected no static column with the name 'sequence'"):
        sequences_from_frame(make({"id": [1], "a": [1.0], "sequence": [2]}), by="id", static="sequence")


@three_libraries
def test_a_warning_says_that_by_names_the_column_of_times(make):
    with pytest.warns(SequenceDataWarning, match="no two rows share a value of by='time'") as caught:
        sequences_from_frame(make(rows_of()), by="time", columns="a")
    assert caught[0].filename == __file__


def test_a_lazy_frame_is_refused_and_the_hint_collects_it():
    frame = polars_frame(rows_of()).lazy()
    with pytest.raises(TypeError, match=r"got LazyFrame\. Pass frame\.collect\(\)\.") as error:
        sequences_from_frame(frame, by="id", columns="a")
    (hint,) = re.findall(r"Pass (.*)\.$", str(error.value))
    assert len(sequences_from_frame(eval(hint), by="id", columns="a").X) == 5


@pytest.mark.parametrize(
    "frame",
    [
        {"id": [1, 1, 2], "a": [1.0, 2.0, 3.0]},
        [{"id": 1, "a": 1.0}, {"id": 1, "a": 2.0}, {"id": 2, "a": 3.0}],
        np.array([(1, 1.0), (1, 2.0), (2, 3.0)], dtype=[("id", int), ("a", float)]),
    ],
)
def test_what_is_no_frame_is_refused_and_the_hint_makes_one(frame):
    with pytest.raises(TypeError, match="Expected frame to be a DataFrame of pandas or polars, or a Table") as error:
        sequences_from_frame(frame, by="id")
    (hint,) = re.findall(r"Pass (.*)\.$", str(error.value))
    data = sequences_from_frame(eval(hint), by="id")
    assert [np.asarray(x).ravel().tolist() for x in data.X] == [[1, 2], [3]]


# --- sliding_windows --------------------------------------------------------------------------------------------------


def walks(names=("machine", "t")):
    """Two instances of four steps, rows in random order."""
    index = pandas.MultiIndex.from_tuples([(m, t) for m in "BA" for t in range(4)], names=names)
    frame = pandas.DataFrame({"v": [100, 101, 102, 103, 0, 1, 2, 3.0], "u": 1.0}, index=index)
    return frame.iloc[[1, 5, 0, 7, 3, 4, 2, 6]]


@pytest.mark.parametrize("names", [("machine", "t"), (None, None), ("t", "t")])
def test_windows_of_a_frame_with_a_multi_index_stay_within_an_instance(names):
    frame = walks(names)
    X, y, groups = sliding_windows(frame, window=3, horizon=1, target="v")
    assert_array_equal(X[:, :, 0], [[100, 101, 102], [0, 1, 2]])
    assert_array_equal(y, [103, 3])
    assert_array_equal(groups, [0, 1])
    separate = [frame[frame.index.get_level_values(0) == m].droplevel(0).sort_index() for m in "BA"]
    for found, expected in zip((X, y, groups), sliding_windows(separate, 3, 1, target="v"), strict=True):
        assert_array_equal(found, expected)


def test_windows_of_a_series_with_a_multi_index_have_no_axis_of_features():
    X, y, groups = sliding_windows(walks()["v"], window=2, horizon=1)
    assert_array_equal(X, [[100, 101], [101, 102], [0, 1], [1, 2]])
    assert_array_equal(y, [102, 103, 2, 3])
    assert_array_equal(groups, [0, 0, 1, 1])


def test_all_levels_but_the_last_tell_instances_apart():
    index = pandas.MultiIndex.from_product([["x", "y"], ["p", "q"], range(3)], names=["site", "machine", "t"])
    groups = sliding_windows(pandas.Series(np.arange(12.0), index=index), window=2, horizon=1).groups
    assert_array_equal(groups, [0, 1, 2, 3])


def test_windows_of_an_instance_with_a_time_twice_are_refused():
    frame = pandas.concat([walks(), walks().iloc[:1]])
    with pytest.raises(ValueError, match="got two for t=1 in sequence 'B', rows 0 and 8"):
        sliding_windows(frame, window=3, horizon=1)


def test_no_warning_is_given_for_sequences_of_a_frame():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = sequences_from_frame(pandas_frame(rows_of()), by="id", columns=["a", "b"], target="label")
        LSTMClassifier(3, max_iter=1, learning_rate="cosine").fit(data.X, data.y)


# --- integers that floats do not hold ---------------------------------------------------------------------------------

BIG = 2**60


def with_large_ids(library, missing=False):
    """Two sequences of two steps, whose ids differ by one."""
    ids = [BIG, BIG + 1, BIG + 2, None if missing else BIG]
    table = pandas.DataFrame({"id": [0, 0, 1, 1], "v": [0.5, 1.0, 2.0, 3.0], "k": pandas.array(ids, dtype="Int64")})
    if library == "pandas":
        return table if missing else table.astype({"k": "int64"})
    if library == "polars":
        return pl.DataFrame({"id": table["id"], "v": table["v"], "k": ids})
    return pytest.importorskip("pyarrow").table({"id": table["id"], "v": table["v"], "k": ids})


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("missing", [False, True])
def test_large_integers_stay_apart(library, missing):
    frame = with_large_ids(library, missing)
    X = sequences_from_frame(frame, by="id").X
    model = LSTMClassifier(3, max_iter=1, categorical_features=["k"], random_state=0, bidirectional=False)
    (found,) = model.fit(X, [0, 1]).categories_
    assert found.tolist() == [BIG, BIG + 1, BIG + 2] + [None] * missing
    y = sequences_from_frame(frame, by="id", columns="v", target=["k", "v"], target_per="step").y
    assert [int(k) for k in y[0][:, 0]] == [BIG, BIG + 1]
    y = sequences_from_frame(frame, by="id", columns="v", target="k", target_per="step").y
    assert [int(k) for k in y[0]] == [BIG, BIG + 1]
    if not missing:
        assert sequences_from_frame(frame, by="k", columns="v").index.tolist() == [BIG, BIG + 1, BIG + 2]
    assert model.set_params(categorical_features=None, missing="skip").fit(X, [0, 1]).n_features_in_ == 2


def test_unsigned_integers_beside_signed_ones_stay_apart():
    frame = with_large_ids("pandas").assign(u=np.array([2**63, 2**63 + 1, 2**63 + 2, 1], np.uint64)).drop(columns="v")
    x = sequences_from_frame(frame, by="id").X[0]
    assert [[int(entry) for entry in x[name]] for name in ("k", "u")] == [[BIG, BIG + 1], [2**63, 2**63 + 1]]


def test_ordinary_numbers_still_get_one_dtype():
    frame = with_large_ids("pandas").assign(k=[1, 2**53, 3, -(2**53)])
    assert set(sequences_from_frame(frame, by="id").X[0].dtypes) == {np.dtype(np.float64)}
    y = sequences_from_frame(frame, by="id", columns="v", target=["k", "v"], target_per="step").y
    assert y[0].dtype == np.float64


def test_targets_of_several_types_keep_them():
    frame = with_large_ids("pandas").assign(k=[1, 2, 3, 4], w=list("abcd"))
    y = sequences_from_frame(frame, by="id", columns="v", target=["k", "w"], target_per="step").y
    assert y[0].tolist() == [[1, "a"], [2, "b"]]


def test_integers_of_128_bits_in_polars_are_read():
    if not hasattr(pl, "Int128"):
        pytest.skip("this polars has none")
    frame = with_large_ids("polars").with_columns(w=pl.Series([2**70, 2**70, 2**70 + 1, 5], dtype=pl.Int128))
    assert sequences_from_frame(frame, by="w", columns="v").index.tolist() == [2**70, 2**70 + 1, 5]
    assert len(sequences_from_frame(frame, by=["id", "k"], sort_by="w", columns="v").X) == 4
    X = sequences_from_frame(frame, by="id", columns=["v", "w"]).X
    assert LSTMRegressor(3, max_iter=1).fit(X, [0, 1]).n_features_in_ == 2
    missing = frame.with_columns(w=pl.Series([2**70, None, 1, 5], dtype=pl.Int128))
    with pytest.raises(ValueError, match="Expected a value of 'w' in each row, got None in row 1"):
        sequences_from_frame(missing, by="w", columns="v")


def test_a_reader_of_batches_is_refused_with_a_hint():
    pyarrow = pytest.importorskip("pyarrow")
    table = with_large_ids("pyarrow")
    reader = pyarrow.RecordBatchReader.from_batches(table.schema, table.to_batches())
    with pytest.raises(TypeError, match=r"got RecordBatchReader\. Pass frame\.read_all\(\)\."):
        sequences_from_frame(reader, by="id")
    assert len(sequences_from_frame(reader.read_all(), by="id").X) == 2


def test_a_matrix_is_refused_with_the_line_that_makes_a_frame_of_it():
    pandas = pytest.importorskip("pandas")
    names = {"frame": np.array([[0.0, 5.0], [0.0, 6.0], [1.0, 7.0]]), "pandas": pandas}
    with pytest.raises(TypeError, match=r"got ndarray\. Pass pandas\.DataFrame\(frame\)\.") as error:
        sequences_from_frame(names["frame"], by=0)
    frame = eval(str(error.value).partition("Pass ")[2].rstrip("."), names)
    assert [np.asarray(x).ravel().tolist() for x in sequences_from_frame(frame, by=0).X] == [[5.0, 6.0], [7.0]]
