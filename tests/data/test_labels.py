"""Sequences of labels and of numbers laid end to end: what `Seq2SeqClassifier` and `Seq2SeqRegressor` take for y."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_recurrent._data.labels import classes_of, codes_of, flatten_labels
from sklearn_recurrent._data.targets import flatten_numbers


def flat(y):
    return flatten_labels(y)[0]


@pytest.mark.parametrize(
    "y",
    [
        [["b", "a"], [], ["c"]],
        [("b", "a"), (), ("c",)],
        [np.array(["b", "a"]), np.array([]), np.array(["c"])],
        pd.Series([["b", "a"], [], ["c"]]),
        [pd.Series(["b", "a"]), [], ["c"]],
    ],
)
def test_labels_of_any_container_lie_end_to_end(y):
    labels, lengths = flatten_labels(y)
    assert labels.tolist() == ["b", "a", "c"]
    assert lengths.tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        ([[1, 2], [3]], "i"),
        ([[1.5], [2]], "f"),
        ([[True], [False]], "b"),
        ([["x"], ["yy"]], "U"),
        ([[1, "a"]], "O"),
        ([[(1, 2)], [(3,)]], "O"),
        ([[2**53, 2**53 + 1, 0.5]], "O"),  # a float holds only one of them
        ([[2**63 + 1, 2**63 + 2, -1]], "O"),
        ([["a", "a\0"]], "O"),  # NumPy strips what is behind the last letter
        ([np.array(["2020-01-01"], "M8[ns]")], "M"),
    ],
)
def test_labels_have_a_type_if_it_holds_each_of_them(y, kind):
    labels = flat(y)
    assert labels.dtype.kind == kind
    assert len(classes_of(labels)) == len({*labels.tolist()}) == sum(map(len, y))


@pytest.mark.parametrize(
    "labels", [["b", 1, "a", 0], [(2,), (1, 5), (1,)], [frozenset("ab"), frozenset("c")], [(1,), "a", 2.5]]
)
def test_classes_are_in_one_order_however_they_come(labels):
    classes = classes_of(flat([labels])).tolist()
    assert len(classes) == len(labels)
    assert classes_of(flat([labels[::-1], labels])).tolist() == classes
    assert codes_of(flat([classes]), classes_of(flat([labels]))).tolist() == list(range(len(labels)))


def test_the_order_of_sets_is_the_same_in_every_process():
    code = """
from sklearn_recurrent._data.labels import classes_of, flatten_labels
print([sorted(c) for c in classes_of(flatten_labels([[frozenset(c) for c in ("ab", "cd", "a", "bc", "d")]])[0])])
"""
    orders = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "01"
    }
    assert len(orders) == 1


def test_what_is_no_class_has_the_code_minus_one():
    assert codes_of(flat([["b", "x"], ["a"]]), np.array(["a", "b"])).tolist() == [1, -1, 0]


def test_dates_of_another_unit_are_the_same_dates():
    days = flat([np.array(["2020-01-01", "2020-01-02"], "M8[D]")])
    nanoseconds = flat([pd.Series(pd.to_datetime(["2020-01-02", "2020-01-01"]))])
    assert codes_of(nanoseconds, classes_of(days)).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["abc"], r"text for sequence 0.*list\(text\)"),
        ([["a"], 3], "single value for sequence 1"),
        ([["a"], {"b", "c"}], "a set, which has no order, for sequence 1"),
        ([{"a": 1}], "a dict, which has no order, for sequence 0"),
        ([["a", None]], "contains None, for sequence 0, step 1"),
        ([["a"], [float("nan")]], "contains nan, for sequence 1, step 0"),
        ([[pd.NA]], "contains <NA>, for sequence 0, step 0"),
        ([[np.datetime64("NaT", "ns")]], "contains NaT, for sequence 0, step 0"),
        ([["a", ["b"]]], "a list for sequence 0, step 1, but one hashable label"),
        ([[bytearray(b"x")]], "a bytearray for sequence 0, step 0"),
    ],
)
def test_what_is_no_sequence_of_labels_is_an_error_that_says_where(y, message):
    with pytest.raises(ValueError, match=message):
        flatten_labels(y)


@pytest.mark.parametrize(
    ("y", "values", "lengths", "form"),
    [
        ([1, 2], [[1], [2]], [1, 1], ("array", 1)),
        (np.array([[1, 2], [3, 4]]), [[1], [2], [3], [4]], [2, 2], ("array", 2)),
        (pd.DataFrame([[1, 2], [3, 4]]), [[1], [2], [3], [4]], [2, 2], ("array", 2)),
        (np.array([[[1, 2]], [[3, 4]]]), [[1, 2], [3, 4]], [1, 1], ("array", 3)),
        ([np.array([1, 2]), np.array([3])], [[1], [2], [3]], [2, 1], ("sequences", 2)),
        ([np.array([[1, 2]]), np.array([[3, 4]])], [[1, 2], [3, 4]], [1, 1], ("sequences", 3)),
    ],
)
def test_numbers_of_any_container_lie_end_to_end(y, values, lengths, form):
    found = flatten_numbers(y)
    assert found[0].tolist() == values
    assert found[0].dtype == np.float64
    assert found[1].tolist() == lengths
    assert found[2] == form


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([np.array([1.0, 2]), np.array([np.nan])], "contains NaN for sequence 1, step 0"),
        ([[1, 2], [np.inf, 4]], "contains infinity for sequence 1, step 0"),
        ([np.array([1.0]), np.array([])], "no time steps for sequence 1"),
        ([[1, 2], [3]], "its rows have 1 to 2 values.*list of arrays"),
        (np.zeros((2, 2, 2, 2)), r"shape \(2, 2, 2, 2\)"),
    ],
)
def test_what_is_no_sequence_of_numbers_is_an_error_that_says_where(y, message):
    with pytest.raises(ValueError, match=message):
        flatten_numbers(y)
