"""Sequences of labels, flattened: the targets of `Seq2SeqClassifier`, their classes and codes."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_recurrent._data.labels import classes_of, codes_of, flatten_labels


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
def test_labels_of_any_container_are_concatenated(y):
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
        ([[2**53, 2**53 + 1, 0.5]], "O"),  # a float cannot represent both
        ([[2**63 + 1, 2**63 + 2, -1]], "O"),
        ([["a", "a\0"]], "O"),  # NumPy strips trailing null characters
        ([np.array(["2020-01-01"], "M8[ns]")], "M"),
    ],
)
def test_labels_get_a_dtype_that_represents_each_of_them(y, kind):
    labels = flat(y)
    assert labels.dtype.kind == kind
    assert len(classes_of(labels)) == len({*labels.tolist()}) == sum(map(len, y))


@pytest.mark.parametrize(
    "labels", [["b", 1, "a", 0], [(2,), (1, 5), (1,)], [frozenset("ab"), frozenset("c")], [(1,), "a", 2.5]]
)
def test_classes_are_in_the_same_order_whatever_the_order_of_the_labels(labels):
    classes = classes_of(flat([labels])).tolist()
    assert len(classes) == len(labels)
    assert classes_of(flat([labels[::-1], labels])).tolist() == classes
    assert codes_of(flat([classes]), classes_of(flat([labels]))).tolist() == list(range(len(labels)))


def test_the_order_of_sets_is_the_same_in_every_process():
    code = """
from sklearn_recurrent._data.labels import classes_of, flatten_labels
print([sorted(c) for c in classes_of(flatten_labels([[frozenset(c) for c in ("ab", "cd", "a", "bc", "d")]])[0])])
"""
    environment = os.environ | {"PYTHONHASHSEED": "2"}  # in which the text of the set of a and b begins with b
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    here = classes_of(flat([[frozenset(c) for c in ("ab", "cd", "a", "bc", "d")]]))
    assert found.stdout == "[['a', 'b'], ['a'], ['b', 'c'], ['c', 'd'], ['d']]\n" == f"{[sorted(c) for c in here]}\n"


def test_a_label_that_is_not_among_the_classes_has_the_code_minus_one():
    assert codes_of(flat([["b", "x"], ["a"]]), np.array(["a", "b"])).tolist() == [1, -1, 0]


def test_dates_of_another_unit_are_the_same_dates():
    days = flat([np.array(["2020-01-01", "2020-01-02"], "M8[D]")])
    nanoseconds = flat([pd.Series(pd.to_datetime(["2020-01-02", "2020-01-01"]))])
    assert codes_of(nanoseconds, classes_of(days)).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["abc"], r"Expected sequence 0 of y to be a sequence of labels, got a string.*\[list\(text\) for text in y\]"),
        ([["a"], 3], "sequence 1 of y to be a sequence of labels, got a single value"),
        ([["a"], {"b", "c"}], "sequence 1 of y to be a sequence of labels, got a set, which has no order"),
        ([{"a": 1}], "sequence 0 of y to be a sequence of labels, got a dict, which has no order"),
        ([["a", None]], "contains None in sequence 0, step 1"),
        ([["a"], [float("nan")]], "contains NaN in sequence 1, step 0"),
        ([[pd.NA]], "contains <NA> in sequence 0, step 0"),
        ([[np.datetime64("NaT", "ns")]], "contains NaT in sequence 0, step 0"),
        ([["a"], np.ma.array(["b", "c"], mask=[0, 1])], "contains a masked label in sequence 1, step 1"),
        (np.ma.array([[1, 2], [3, 4]], mask=[[0, 0], [1, 0]]), "contains a masked label in sequence 1, step 0"),
        ([["a", ["b"]]], "contain hashable labels, got a list in sequence 0, step 1"),
        ([[bytearray(b"x")]], "contain hashable labels, got a bytearray in sequence 0, step 0"),
    ],
)
def test_anything_but_a_sequence_of_labels_is_an_error_that_says_where(y, message):
    with pytest.raises(ValueError, match=message):
        flatten_labels(y)


ROWS_OF_ARROW = {
    "integers": [0, 1, 0],
    "strings": ["a", "b", "a"],
    "booleans": [True, False, True],
}


@pytest.mark.parametrize("name", ROWS_OF_ARROW)
@pytest.mark.parametrize("form", ["array", "chunked", "dictionary", "scalars", "list of lists", "scalars of lists"])
def test_labels_of_pyarrow_are_values_of_python(name, form):
    pyarrow = pytest.importorskip("pyarrow")
    row = ROWS_OF_ARROW[name]
    y = {
        "array": lambda: [pyarrow.array(row)] * 2,
        "chunked": lambda: [pyarrow.chunked_array([row[:1], row[1:]])] * 2,
        "dictionary": lambda: [pyarrow.array(row).dictionary_encode()] * 2,
        "scalars": lambda: [list(pyarrow.array(row))] * 2,
        "list of lists": lambda: pyarrow.array([row] * 2),
        "scalars of lists": lambda: list(pyarrow.array([row] * 2)),
    }[form]()
    flat, lengths = flatten_labels(y)
    assert flat.tolist() == row * 2
    assert flat.dtype == np.array(row).dtype
    assert lengths.tolist() == [3, 3]


@pytest.mark.parametrize("row", [[0, None], ["a", None], [True, None]])
def test_a_null_is_no_label(row):
    pyarrow = pytest.importorskip("pyarrow")
    array = pyarrow.array(row)
    for last in (array, array.dictionary_encode(), list(array), pyarrow.chunked_array([array])):
        with pytest.raises(ValueError, match="Input y contains None in sequence 1, step 1"):
            flatten_labels([row[:1], last])


def test_a_masked_label_among_others_is_told_as_such():
    with pytest.raises(ValueError, match="Input y contains a masked one in sequence 0, step 1"):
        flatten_labels([["a", np.ma.masked]])
