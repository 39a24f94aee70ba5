"""Sequences that are data frames, of any library: their values, and the names of their features."""

import datetime
import re
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import (
    PerTimestep,
    SequencePadder,
    as_column,
    as_sequences,
    sequences_from_frame,
    sliding_windows,
)
from sklearn_recurrent._data.columns import is_category_dtype, values_of_column
from sklearn_recurrent._data.sequences import parse_sequences
from sklearn_recurrent._data.targets import flatten_steps

NAN = np.nan


def polars():
    return pytest.importorskip("polars")


def pyarrow():
    return pytest.importorskip("pyarrow")


def narwhals():
    return pytest.importorskip("narwhals")


def arrow_typed(columns):
    """A frame of pandas with the types of Arrow."""
    pyarrow()
    return pd.DataFrame({name: pd.Series(values, dtype=arrow_dtype(values)) for name, values in columns.items()})


def arrow_dtype(values):
    return pd.ArrowDtype(pyarrow().array(values).type)


LIBRARIES = {
    "pandas": pd.DataFrame,
    "polars": lambda columns: polars().DataFrame(columns),
    "pyarrow": lambda columns: pyarrow().table(columns),
    "batches of pyarrow": lambda columns: pyarrow().record_batch(columns),
    "pandas with types of Arrow": arrow_typed,
    "narwhals of pandas": lambda columns: narwhals().from_native(pd.DataFrame(columns)),
    "narwhals of polars": lambda columns: narwhals().from_native(polars().DataFrame(columns)),
    "structs of polars": lambda columns: polars().DataFrame(columns).to_struct("s"),
    "structs of pyarrow": lambda columns: pyarrow().table(columns).to_struct_array().combine_chunks(),
}
each_library = pytest.mark.parametrize("frame", LIBRARIES.values(), ids=LIBRARIES)

A = {"temp": [20.5, 21.0, 19.0], "hPa": [1000, 1005, 998]}
B = {"temp": [18.0], "hPa": [1010]}
VALUES = [[[20.5, 1000], [21, 1005], [19, 998]], [[18, 1010]]]


def swapped(columns):
    return dict(reversed(columns.items()))


def renamed(columns):
    return {f"{name}_x": values for name, values in columns.items()}


def parsed(X, missing="keep"):
    """An estimator that has parsed X, and the sequences."""
    estimator = BaseEstimator()
    return estimator, list(parse_sequences(estimator, X, reset=True, missing=missing))


# --- values -----------------------------------------------------------------------------------------------------------


@each_library
def test_frames_are_read_with_their_names(frame):
    X = [frame(A), frame(B)]
    for form in (list, as_object_array, lambda X: as_object_array(X)[:, None], pd.Series):
        estimator, sequences = parsed(form(X))
        for x, values in zip(sequences, VALUES, strict=True):
            assert_array_equal(x, values)
        assert estimator.feature_names_in_.tolist() == ["temp", "hPa"]
        assert estimator.n_features_in_ == 2


def as_object_array(X):
    return np.fromiter(X, object, len(X))


@each_library
def test_a_missing_value_of_a_frame_is_nan(frame):
    X = [frame({"a": [1.5, None], "b": [1, None], "c": [True, None]})]
    assert_array_equal(parsed(X)[1][0], [[1.5, 1, 1], [NAN, NAN, NAN]])
    assert_array_equal(parsed(X, missing="skip")[1][0], [[1.5, 1, 1]])
    with pytest.raises(ValueError, match="NaN in sequence 0, step 1, feature 0"):
        parsed(X, missing="error")


@pytest.mark.parametrize("dtype", ["Int64", "UInt8", "Float32", "Float64", "boolean"])
@pytest.mark.parametrize("beside", [{}, {"b": [1.0, 2.0]}])
def test_nullable_columns_of_pandas_are_read(dtype, beside):
    for values in ([1, None], [1, 0]):
        X = [pd.DataFrame({"a": pd.array(values, dtype=dtype)} | beside)]
        assert_array_equal(parsed(X)[1][0][:, 0], [1, NAN if values[1] is None else 0])
    if dtype == "Float32" and not beside:
        assert parsed(X)[1][0].dtype == np.float32


def test_frames_with_missing_values_can_be_fitted_if_their_steps_are_skipped():
    X = [pd.DataFrame(values, columns=["a", "b"]).convert_dtypes() for values in VALUES]
    X[0].iloc[1, 0] = pd.NA
    assert_array_equal(parsed(X, missing="skip")[1][0], [[20.5, 1000], [19, 998]])


@each_library
@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([datetime.datetime(2026, 1, 1)], "times|a time"),
        ([datetime.date(2026, 1, 1)], "times|a time"),
        ([datetime.time(1)], "a time"),
        ([datetime.timedelta(1)], "durations|a duration"),
        (["a"], "strings|the string"),
    ],
    ids=["datetime", "date", "time", "timedelta", "string"],
)
def test_a_column_that_holds_no_numbers_is_refused_and_can_be_dropped(frame, values, what):
    x = frame({"v": [1.5], "c": values})
    for X in ([x, x], as_object_array([x, x]), as_object_array([x, x])[:, None], x):
        with pytest.raises(
            ValueError, match=f"Expected numbers in column 'c' of (sequence 0|X).*, got ({what})"
        ) as error:
            parsed(X)
        line = re.search(r"(X = .+)$", str(error.value))
        assert (line is None) == (frame is LIBRARIES["structs of pyarrow"])
        if line is None:
            continue
        names = {"X": X, "np": np}
        exec(line[1], names)
        assert_array_equal(parsed(names["X"])[1][0], [[1.5]])


@each_library
def test_decimals_and_booleans_in_a_frame_are_numbers(frame):
    X = [frame({"a": [Decimal("1.5"), Decimal("2.5")], "b": [True, False]})]
    assert_array_equal(parsed(X)[1][0], [[1.5, 1], [2.5, 0]])


@pytest.mark.parametrize("values", [pd.Categorical([3, 5]), pd.arrays.SparseArray([3.0, 5.0])])
def test_categories_that_are_numbers_and_sparse_columns_are_numbers(values):
    assert_array_equal(parsed([pd.DataFrame({"a": values, "b": [1.0, 2.0]})])[1][0], [[3, 1], [5, 2]])


def test_a_frame_of_lists_is_no_sequence():
    with pytest.raises(ValueError, match="Expected numbers in column 'a' of sequence 0, got sequences"):
        parsed([pd.DataFrame({"a": [[1.0, 2.0], [3.0, 4.0]], "b": [1.0, 2.0]})])


def test_the_values_of_a_frame_of_pandas_cannot_be_changed_through_its_sequence():
    frame = pd.DataFrame(VALUES[0])
    for x in as_sequences([frame, frame]):
        with pytest.raises(ValueError, match="read-only"):
            x[0] = 5
    frame.iloc[0, 0] = 7  # the frame itself can be
    assert as_sequences([frame])[0][0, 0] == 7


# --- names within one X -----------------------------------------------------------------------------------------------

READERS = {
    "an estimator": lambda X: parsed(X),
    "SequencePadder": lambda X: SequencePadder().fit(X),
    "PerTimestep": lambda X: PerTimestep(StandardScaler()).fit(X),
    "as_sequences": as_sequences,
    "as_column": as_column,
    "sliding_windows": lambda X: sliding_windows(X, 1, 0 + 1),
    "targets": flatten_steps,
}
each_reader = pytest.mark.parametrize("read", READERS.values(), ids=READERS)


@each_reader
@each_library
def test_two_orders_in_one_X_are_refused_with_the_line_that_makes_one(frame, read):
    X = [frame(A), frame(A), frame(swapped(A))]
    with pytest.raises(ValueError, match=r"of sequence 2( of \w+)? should match those of sequence 0") as error:
        read(X)
    assert "Feature names must be in the same order as they were in sequence 0.\n" in str(error.value)
    line = re.search(r"one order: \w+ = (.+)$", str(error.value))
    if frame is LIBRARIES["structs of pyarrow"]:  # how a struct is reached depends on the container
        assert line is None
        return
    assert_array_equal(as_sequences(eval(line[1], {"X": X, "y": X, "series": X}))[2], VALUES[0])


@each_reader
def test_other_names_in_one_X_are_refused_with_all_names(read):
    with pytest.raises(ValueError, match=r"of sequence 1( of \w+)? should match those of sequence 0") as error:
        read([pd.DataFrame(A), pd.DataFrame(renamed(A))])
    assert "Feature names unseen in sequence 0:\n- hPa_x\n- temp_x\n" in str(error.value)
    assert "Feature names seen in sequence 0, yet now missing:\n- hPa\n- temp\n" in str(error.value)


@pytest.mark.parametrize(
    ("X", "found"),
    [
        ([pd.DataFrame(A), np.ones((2, 2))], r"the columns \['temp', 'hPa'\] in sequence 0 and no columns \(ndarray\)"),
        ([np.ones((2, 2)), pd.DataFrame(A)], r"no columns \(ndarray\) in sequence 0 and the columns \['temp', 'hPa'\]"),
        ([pd.DataFrame(A), pd.DataFrame(np.ones((2, 2)))], "and columns without names in sequence 1"),
    ],
)
def test_some_sequences_with_names_and_some_without_are_refused(X, found):
    with pytest.raises(ValueError, match=found) as error:
        parsed(X)
    line = re.search(r"by position: (X = .+)$", str(error.value))[1]
    names = {"X": X, "np": np}
    exec(line, names)
    assert len(parsed(names["X"])[1]) == 2


def test_frames_without_names_are_read_by_position_beside_arrays():
    X = [pd.DataFrame(VALUES[0]), np.array(VALUES[1]), pd.DataFrame(VALUES[0], columns=[1, 0])]
    estimator, sequences = parsed(X)
    assert_array_equal(sequences[2], VALUES[0])
    assert not hasattr(estimator, "feature_names_in_")


def test_names_that_are_strings_in_part_get_the_error_of_scikit_learn():
    with pytest.raises(TypeError, match="Feature names are only supported if all input features have string names"):
        parsed([pd.DataFrame({"a": [1.0], 2: [1.0]})] * 2)


def test_frames_of_several_libraries_have_names_in_common():
    X = [pd.DataFrame(A), polars().DataFrame(B)]
    assert parsed(X)[0].feature_names_in_.tolist() == ["temp", "hPa"]
    with pytest.raises(ValueError, match="same order"):
        parsed([pd.DataFrame(A), polars().DataFrame(swapped(B))])


# --- names in fit and later -------------------------------------------------------------------------------------------

TRANSFORMERS = [SequencePadder(maxlen=5), PerTimestep(StandardScaler())]


@pytest.mark.parametrize("transformer", TRANSFORMERS)
@pytest.mark.parametrize("change", [swapped, renamed])
def test_other_names_than_in_fit_get_the_error_of_scikit_learn(transformer, change):
    X = [pd.DataFrame(A), pd.DataFrame(B)]
    changed = [pd.DataFrame(change(A)), pd.DataFrame(change(B))]
    with pytest.raises(ValueError, match="names should match") as expected:
        StandardScaler().fit(X[0]).transform(changed[0])
    with pytest.raises(ValueError, match="names should match") as error:
        transformer.fit(X).transform(changed)
    assert str(error.value) == str(expected.value)


@pytest.mark.parametrize("transformer", TRANSFORMERS)
def test_names_on_one_side_alone_are_warned_of_once(transformer):
    frames = [pd.DataFrame(A), pd.DataFrame(B), pd.DataFrame(A)]
    arrays = [x.to_numpy() for x in frames]
    with pytest.warns(UserWarning, match="does not have valid feature names, but") as warned:
        transformer.fit(frames).transform(arrays)
    assert len(warned) == 1
    with pytest.warns(UserWarning, match="X has feature names, but .* was fitted without") as warned:
        transformer.fit(arrays).transform(frames)
    assert len(warned) == 1


def test_names_are_those_of_the_features_that_come_out():
    X = [pd.DataFrame(A), pd.DataFrame(B)]
    padder = SequencePadder(2, longer="truncate", flatten=True).fit(X)
    assert padder.get_feature_names_out().tolist() == ["t0_temp", "t0_hPa", "t1_temp", "t1_hPa"]
    assert (
        padder.set_output(transform="pandas").transform(X).columns.tolist() == padder.get_feature_names_out().tolist()
    )
    assert PerTimestep(StandardScaler()).fit(X).get_feature_names_out().tolist() == ["temp", "hPa"]


def test_a_fit_without_names_forgets_those_of_an_earlier_one():
    padder = SequencePadder().fit([pd.DataFrame(A)])
    assert not hasattr(padder.fit([np.ones((2, 2))]), "feature_names_in_")


def test_no_warning_comes_where_names_agree():
    X = [pd.DataFrame(A), pd.DataFrame(B)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PerTimestep(StandardScaler()).fit(X).transform(X)
        SequencePadder(flatten=True).fit(X).transform(X)


def test_a_missing_value_in_a_dictionary_of_pyarrow_is_none_of_its_categories():
    column = pyarrow().array(["b", "a", None]).dictionary_encode()
    assert values_of_column(pyarrow().table({"site": column}), 0).tolist() == ["b", "a", None]


def test_categories_are_told_by_the_dtype_of_any_library():
    for dtype in (polars().Categorical, polars().Enum(["a"]), pd.CategoricalDtype()):
        assert is_category_dtype(dtype)
    assert not is_category_dtype(polars().String)
    assert not is_category_dtype(np.dtype(float))


# --- a frame of one row per time step ---------------------------------------------------------------------------------


def long_frame(library, times):
    """Two machines, one row per time step."""
    columns = {"flow": [1.0, 2.0, 3.0], "machine": ["b", "a", "b"], "time": times}
    if library == "pandas":
        return pd.DataFrame(columns)
    return polars().DataFrame(columns) if library == "polars" else pyarrow().table(columns)


TIMES = [datetime.datetime(2026, 1, day) for day in (2, 1, 1)]
AS_STRINGS = [str(time) for time in TIMES]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("times", [TIMES, AS_STRINGS, [2, 1, 1]], ids=["times", "strings", "numbers"])
@pytest.mark.parametrize("first", ["machine", "time"])
def test_ids_and_times_in_a_flat_frame_are_refused_with_the_line_that_makes_sequences(library, times, first):
    X = long_frame(library, times)
    X = X[["flow", first, "time" if first == "machine" else "machine"]] if library != "pyarrow" else X
    with pytest.raises(ValueError, match="If each row is a time step, and the column") as error:
        SequencePadder().fit(X)
    (line,) = re.findall(r"(X = sequences_from_frame.*)$", str(error.value))
    names = {"X": X, "sequences_from_frame": sequences_from_frame}
    exec(line, names)
    found = [np.asarray(x).tolist() for x in names["X"]]
    expected = [[[1.0], [3.0]], [[2.0]]] if times == [2, 1, 1] else [[[3.0], [1.0]], [[2.0]]]
    assert [[step[:1] for step in x] for x in found] == expected


@pytest.mark.parametrize("values", [["a", "b", "c"], ["a", "a", "a"]])
def test_strings_that_tell_no_sequences_apart_are_to_be_dropped_alone(values):
    X = pd.DataFrame({"flow": [1.0, 2.0, 3.0], "k": values})
    with pytest.raises(ValueError, match=r"X = X\.drop\(columns='k'\)$"):
        SequencePadder().fit(X)
    with pytest.raises(ValueError, match=r"X = X\.drop\(columns='t'\)$"):
        SequencePadder().fit(X[["flow"]].assign(t=TIMES))


def test_frames_whose_columns_have_levels_are_read_without_names():
    levels = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])
    X = [np.arange(4.0).reshape(2, 2), np.arange(6.0).reshape(3, 2)]
    padder = SequencePadder().fit([pd.DataFrame(x, columns=levels) for x in X])
    assert not hasattr(padder, "feature_names_in_")
    assert_array_equal(padder.transform([pd.DataFrame(x, columns=levels) for x in X]), padder.transform(X))
    with pytest.raises(ValueError, match="all sequences to have feature names, or none"):
        padder.fit([pd.DataFrame(X[0], columns=["a", "b"]), pd.DataFrame(X[1], columns=levels)])
