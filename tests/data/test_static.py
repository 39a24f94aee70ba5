"""Tables of sequences and numbers: which columns are which, in every container; and what is refused."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from packaging.version import parse as parse_version
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from sklearn_recurrent import as_column, as_sequences
from sklearn_recurrent._data.containers import sequences_of
from sklearn_recurrent._data.static import numbers_of_streams, split_table

SEQUENCES = [np.arange(length * 2.0).reshape(length, 2) for length in (3, 4, 2)]
AGES = [63.0, 48.0, 71.5]


def objects(columns):
    """A 2-D object array; NumPy would look into the cells."""
    table = np.empty((3, len(columns)), object)
    for j, column in enumerate(columns.values()):
        for row, cell in enumerate(column):
            table[row, j] = cell
    return table


def polars(columns):
    return pl.DataFrame({name: [c.tolist() if name == "seq" else c for c in cells] for name, cells in columns.items()})


TABLES = {
    "object array": objects,
    "pandas": lambda columns: pd.DataFrame(columns, index=[7, 5, 6]),
    "polars": polars,
    "narwhals": lambda columns: pytest.importorskip("narwhals").from_native(polars(columns)),
}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


# --- which columns are which ------------------------------------------------------------------------------------------


@every_table
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_column_of_sequences_may_stand_anywhere(table, place):
    columns = [("age", AGES), ("n", [1, 0, 2])]
    columns.insert(place, ("seq", SEQUENCES))
    found = split_table(table(dict(columns)))
    assert found.static.dtype == np.float64
    assert found.static.tolist() == [[63, 1], [48, 0], [71.5, 2]]
    assert found.sequences.shape == (3, 1)
    assert [x.tolist() for x in as_sequences(found.sequences)] == [x.tolist() for x in SEQUENCES]
    assert found.features is None


KINDS = {
    "whole numbers": [1, 0, 2],
    "truth values": [True, False, True],
    "float32": np.array([1, 0.5, 2], np.float32),
    "uint8": np.array([1, 0, 2], np.uint8),
    "numbers of pandas": pd.Series([1, 0, 2], dtype="Int64"),
    "truth values of pandas": pd.Series([True, False, True], dtype="boolean"),
    "objects": np.array([1, 0.5, np.float32(2)], object),
    "truth values of NumPy": [np.True_, np.False_, np.True_],
    "Decimal": [Decimal("1.5"), Decimal(0), Decimal(2)],
}


@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("table", [pd.DataFrame, objects], ids=["pandas", "object array"])
def test_static_values_are_numbers_of_any_type(table, values):
    found = split_table(table({"seq": SEQUENCES, "v": values}))
    assert found.static[:, 0].tolist() == [float(v) for v in values]


def test_names_are_those_of_the_static_columns_alone():
    found = split_table(pd.DataFrame({"age": AGES, "seq": SEQUENCES, "n": [1, 0, 2]}))
    assert list(found.static_columns.columns) == ["age", "n"]
    assert found.labels == ("age", "n")
    assert split_table(objects({"a": AGES, "seq": SEQUENCES, "n": [1, 0, 2]})).labels == (0, 2)


NO_TABLES = {
    "list": SEQUENCES,
    "object array": as_column(SEQUENCES)[:, 0],
    "object column": as_column(SEQUENCES),
    "one-column frame": pd.DataFrame({"seq": SEQUENCES}),
    "Series": pd.Series(SEQUENCES),
    "cube": np.ones((3, 4, 2)),
    "matrix": np.ones((3, 4)),
    "matrix of objects": np.ones((3, 4), object),
    "frame of numbers": pd.DataFrame(np.ones((3, 4))),
    "frame of objects": pd.DataFrame(np.ones((3, 4), object)),
    "polars frame of numbers": pl.DataFrame(np.ones((3, 4))),
    "frame of strings": pd.DataFrame({"a": ["x", "y"], "b": ["to be", "or not"]}),
    "no rows": pd.DataFrame({"seq": [], "age": []}),
    "list of rows": [[1.0, 2.0]] * 3,
}


@pytest.mark.parametrize("X", NO_TABLES.values(), ids=NO_TABLES)
def test_what_is_no_table_stays_what_it_is(X):
    found = split_table(X)
    assert found.sequences is X
    assert found.static is None
    assert sequences_of(X) is X


def test_a_missing_sequence_does_not_make_a_column_of_numbers():
    table = objects({"seq": [None, *SEQUENCES[1:]], "age": AGES})
    assert split_table(table).sequences[0, 0] is None
    assert split_table(table).static[:, 0].tolist() == AGES


# --- what is refused --------------------------------------------------------------------------------------------------

START = datetime.datetime(2024, 5, 17, 12)
REFUSED = {
    "strings": (["a", "b", "a"], "Expected numbers in {place} 0, got the string 'a'. Drop .* encode"),
    "missing strings": (["a", None, "b"], "Expected numbers in {place} 0, got the string 'a'. Drop .* encode"),
    "NaN": ([1.0, 2.0, np.nan], "Input X contains NaN in column {label}, sequence 2. Drop .* impute"),
    "None": ([1.0, None, 2.0], "Input X contains NaN in column {label}, sequence 1. Drop .* impute"),
    "infinity": ([1.0, -np.inf, 2.0], "Input X contains infinity in column {label}, sequence 1."),
    "datetimes": ([START] * 3, "Expected numbers in {place} 0, got a time. Convert them: X"),
    "dates": ([START.date()] * 3, "Expected numbers in {place} 0, got a time. Convert them: X"),
    "times of day": ([START.time()] * 3, "Expected numbers in {place} 0, got a time. Convert them: X"),
    "durations": ([datetime.timedelta(hours=1)] * 3, "Expected numbers in {place} 0, got a duration. Convert them: X"),
    "structures": ([{"a": 1}] * 3, "Expected numbers in {place} 0, got (dict|a structure)"),
}
OF_OBJECTS = {
    "complex": (np.array([1.0, 2.0, 1j], object), "Expected numbers in {place} 2, got complex."),
    "short complex": ([np.complex64(1)] * 3, "Expected numbers in {place} 0, got complex"),
    "a string among numbers": ([1.0, 2.0, "3"], "Expected numbers in {place} 2, got the string '3'."),
    "a sequence among numbers": ([1.0, np.ones(3), 2.0], "Expected numbers in {place} 1, got ndarray."),
    "too large": ([1, 10**400, 2], "Input X contains infinity in column {label}, sequence 1."),
    "no time": ([pd.NaT, 1.0, 2.0], "Expected numbers in {place} 0, got a time."),
}
OF_PANDAS = {
    "categories": (pd.Categorical([3, 1, 3]), "Expected numbers in {place} 0, got the category 3. Drop .* encode"),
    "NA": (pd.array([1, None, 2], "Int64"), "Input X contains NaN in column {label}, sequence 1. Drop .* impute"),
    "times with a zone": (pd.DatetimeIndex([START] * 3, tz="Europe/Rome"), "{place} 0, got a time. Convert them: X"),
    "missing times": (pd.to_datetime([START, None, START]), "{place} 0, got a time. Convert them: X"),
}
CASES = (
    [(name, kind) for name in REFUSED for kind in ("object array", "pandas", "polars")]
    + [(name, kind) for name in OF_OBJECTS for kind in ("object array", "pandas")]
    + [(name, "pandas") for name in OF_PANDAS]
)


TAKES_POLARS = parse_version(sklearn.__version__) >= parse_version("1.9")


def line_of(message):
    """The line of an error message that mends X, if there is one."""
    for beginning in ("in a Pipeline: X = ", "Convert them: X = ", "Convert them: X["):
        if beginning in message:
            return message[message.index(beginning) + beginning.index("X") :]
    return None


@pytest.mark.parametrize(("name", "kind"), CASES, ids=lambda value: value)
def test_what_is_no_finite_number_is_refused_with_the_line_that_mends_it(name, kind):
    values, words = (REFUSED | OF_OBJECTS | OF_PANDAS)[name]
    X = TABLES[kind]({"seq": SEQUENCES, "some value": values})
    label = "1" if kind == "object array" else "'some value'"
    words = words.format(label=label, place=f"column {label} of X, sequence")
    with pytest.raises(ValueError, match=words) as error:
        split_table(X)
    line = line_of(str(error.value))
    assert (line is None) == ("Drop" not in words and "Convert" not in words)
    if line and kind == "polars" and "Transformer" in line and not TAKES_POLARS:
        pytest.skip("ColumnTransformer takes no frames of polars before scikit-learn 1.9")
    if line:
        names = {"X": X} | {tool.__name__: tool for tool in (ColumnTransformer, OneHotEncoder, SimpleImputer)}
        exec(line, names)
        if name == "missing times":  # they are missing numbers now
            with pytest.raises(ValueError, match="contains NaN") as error:
                split_table(names["X"])
            exec(line_of(str(error.value)), names)
        assert np.isfinite(split_table(names["X"]).static).all()


def test_a_masked_value_is_a_missing_one():
    table = np.ma.array(objects({"seq": SEQUENCES, "age": AGES}), mask=[[0, 0], [0, 1], [0, 0]])
    with pytest.raises(ValueError, match="contains NaN in column 1, sequence 1"):
        split_table(table)
    among_objects = objects({"seq": SEQUENCES, "age": [63, np.ma.masked, 48]})
    with pytest.raises(ValueError, match="contains NaN in column 1, sequence 1"):
        split_table(among_objects)


# --- several columns of sequences -------------------------------------------------------------------------------------

SERIES = {"temp": [[1.0, 2], [3.0, 4, 5]], "rain": [[0, 1], [0, 0, 7]]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_several_columns_of_series_are_the_features_of_one_sequence(frame):
    found = split_table(frame(SERIES | {"age": [63, 48]}))
    assert [x.tolist() for x in found.sequences] == [[[1, 0], [2, 1]], [[3, 0], [4, 0], [5, 7]]]
    assert list(found.features.columns) == ["temp", "rain"]
    assert found.static.tolist() == [[63], [48]]
    alone = split_table(frame(SERIES))
    assert alone.static is None
    assert [x.shape for x in alone.sequences] == [(2, 2), (3, 2)]


def test_several_columns_of_an_array_are_features_too_and_keep_their_dtype():
    one = as_column([np.ones((2, 1), np.float32), np.zeros((3, 1), np.float32)])
    found = split_table(np.hstack([one, one]))
    assert [x.dtype for x in found.sequences] == [np.float32] * 2
    assert [x.tolist() for x in found.sequences] == [[[1, 1]] * 2, [[0, 0]] * 3]


def test_series_of_a_row_must_be_equally_long():
    with pytest.raises(ValueError, match="got 3 steps in column 'temp' and 2 in column 'rain' for sequence 1"):
        split_table(pd.DataFrame(SERIES | {"rain": [[0, 1], [0, 7]]}))


def test_columns_of_several_features_have_no_names_for_them():
    other = [x[:, :1] for x in SEQUENCES]
    found = split_table(pd.DataFrame({"seq": SEQUENCES, "other": other}))
    assert [x.tolist() for x in found.sequences] == [x[:, [0, 1, 0]].tolist() for x in SEQUENCES]
    assert found.features is None


# --- static values by themselves --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "static",
    [
        [[63, 1], [48, 0]],
        np.array([[63, 1], [48, 0]], np.float32),
        np.array([[63.0, True], [48, False]], object),
        pd.DataFrame({"age": [63, 48], "smokes": [True, False]}),
        pl.DataFrame({"age": [63, 48], "smokes": [True, False]}),
    ],
    ids=["lists", "array", "objects", "pandas", "polars"],
)
def test_static_values_come_in_any_container(static):
    values = numbers_of_streams(static)
    assert values.dtype == np.float64
    assert values.tolist() == [[63, 1], [48, 0]]


@pytest.mark.parametrize(
    ("static", "words"),
    [
        ([[1.0, np.nan]], "Input static contains NaN in column 1, stream 0"),
        ([1.0, np.inf], "Input static contains infinity in column 0, number 1"),
        (["a"], "Expected numbers in column 0 of static, number 0, got the string 'a'"),
        (pd.DataFrame({"site": ["a"]}), "Expected numbers in column 'site' of static, stream 0, got the string 'a'"),
    ],
)
def test_static_values_by_themselves_must_be_finite_numbers(static, words):
    with pytest.raises(ValueError, match=words):
        numbers_of_streams(static)
