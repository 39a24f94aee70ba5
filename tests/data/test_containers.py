"""Columns in the types of Arrow: tensors keep their shape, and cells are read whichever library holds the column."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import LSTMClassifier, PerTimestep, SequencePadder, as_sequences
from sklearn_recurrent._data.containers import unwrap
from sklearn_recurrent._data.sequences import parse_sequences

pa = pytest.importorskip("pyarrow")

CUBE = np.arange(24.0).reshape(2, 6, 2)


def tensors(cube=CUBE):
    return pa.FixedShapeTensorArray.from_numpy_ndarray(cube)


def of_pandas(array):
    return pd.Series(array, dtype=pd.ArrowDtype(array.type))


def of_polars(array):
    return pytest.importorskip("polars").from_arrow(pa.table({"x": array}))["x"]


COLUMNS = {
    "pyarrow": lambda array: array,
    "chunks": lambda array: pa.chunked_array([array[:1], array[1:]]),
    "table": lambda array: pa.table({"x": array}),
    "batch": lambda array: pa.record_batch({"x": array}),
    "pandas": of_pandas,
    "frame of pandas": lambda array: of_pandas(array).to_frame("x"),
    "polars": of_polars,
    "frame of polars": lambda array: of_polars(array).to_frame("x"),
}
each_column = pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)


def read(X):
    return list(parse_sequences(BaseEstimator(), X, reset=True, missing="keep"))


@each_column
@pytest.mark.parametrize("dtype", ["f8", "f4", "i4"])
def test_a_tensor_keeps_its_shape(column, dtype):
    X = column(tensors(CUBE.astype(dtype)))
    assert_array_equal(read(X), CUBE)
    assert_array_equal(list(as_sequences(X)), CUBE)
    assert LSTMClassifier(2, max_iter=1).fit(X, [0, 1]).n_features_in_ == 2
    assert_array_equal(SequencePadder().fit_transform(X), CUBE)


@each_column
def test_the_axes_of_a_tensor_are_those_that_it_names(column):
    kind = pa.fixed_shape_tensor(pa.float64(), [2, 6], permutation=[1, 0])
    storage = pa.array(CUBE.reshape(2, 12).tolist(), pa.list_(pa.float64(), 12))
    X = column(pa.ExtensionArray.from_storage(kind, storage))
    assert_array_equal(read(X), CUBE.reshape(2, 2, 6).transpose(0, 2, 1))


@each_column
def test_a_tensor_that_is_null_is_no_sequence(column):
    storage = pa.array([list(range(12)), None], pa.list_(pa.float64(), 12))
    X = column(pa.ExtensionArray.from_storage(tensors().type, storage))
    with pytest.raises(ValueError, match=re.escape("Expected sequence 1 to have shape (n_steps, n_features)")):
        read(X)


LISTS = {
    "lists": (pa.array([[1.0, None], [3.0]]), [[1, np.nan], [3]]),
    "whole numbers": (pa.array([[1, None], [3]]), [[1, np.nan], [3]]),
    "booleans": (pa.array([[True, None], [False]]), [[1, np.nan], [0]]),
    "large lists": (pa.array([[1, None], [3]], pa.large_list(pa.int64())), [[1, np.nan], [3]]),
    "lists of one length": (pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float64(), 2)), [[1, 2], [3, 4]]),
    "half precision": (pa.array([[np.float16(1.5)]] * 2, pa.list_(pa.float16())), [[1.5], [1.5]]),
}


@each_column
@pytest.mark.parametrize("case", LISTS)
def test_lists_are_sequences_and_nulls_are_missing(column, case):
    array, values = LISTS[case]
    form, _ = unwrap(column(array))
    assert form in ("sequences", "column")
    for x, expected in zip(read(column(array)), values, strict=True):
        assert_array_equal(x.ravel(), expected)


@each_column
def test_lists_of_lists_are_steps_of_features(column):
    X = column(pa.array([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]]))
    assert [x.tolist() for x in read(X)] == [[[1, 2], [3, 4]], [[5, 6]]]


@each_column
def test_lists_of_structs_are_frames_with_names(column):
    X = column(pa.array([[{"a": 1.0, "b": 2}, {"a": 3.0, "b": None}], [{"a": 5.0, "b": 6}]]))
    estimator = BaseEstimator()
    sequences = list(parse_sequences(estimator, X, reset=True, missing="keep"))
    assert_array_equal(sequences[0], [[1, 2], [3, np.nan]])
    assert estimator.feature_names_in_.tolist() == ["a", "b"]


@each_column
@pytest.mark.parametrize(
    ("values", "what"),
    [
        (pd.Timestamp("2026-01-01"), "times|a time"),
        (pd.Timestamp("2026-01-01").date(), "times|a time"),
        (pd.Timedelta(1, "s"), "durations|a duration"),
        ("a", "strings|the string"),
    ],
)
def test_times_and_strings_in_lists_and_structs_are_refused(column, values, what):
    with pytest.raises(ValueError, match=f"Expected numbers in sequence 0.*, got ({what})"):
        read(column(pa.array([[values], [values]])))
    with pytest.raises(ValueError, match=f"Expected numbers in column 't' of sequence 0.*, got ({what})"):
        read(column(pa.array([[{"v": 1.0, "t": values}]] * 2)))


@each_column
def test_transformers_take_columns_of_arrow(column):
    scaled = PerTimestep(StandardScaler()).fit_transform(column(pa.array([[1.0, 3.0], [2.0]])))
    assert [x.ravel().tolist() for x in scaled.ravel()] == [[-np.sqrt(1.5), np.sqrt(1.5)], [0.0]]


def test_a_column_of_numbers_in_the_types_of_arrow_is_read_by_its_library():
    series = pd.Series([1.0, 2.0], dtype="double[pyarrow]")
    assert unwrap(series)[1] is series
