"""Columns of categories become numbers: what a category is, in every container, and what is refused."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_recurrent import LSTMClassifier
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._data.categories import (
    cells_of,
    chosen_columns,
    columns_of,
    decode,
    encode,
    encode_rows,
    seen_categories,
)

ROWS = [
    [[0.5, "b", 3], [1.5, "a", 1], [2.5, None, 1]],
    [[3.5, "c", 2], [4.5, "b", 3]],
]
NAMES = ["x", "site", "kind"]
NUMBERS = [[[0.5, 2, 3], [1.5, 1, 1], [2.5, 4, 1]], [[3.5, 3, 2], [4.5, 2, 3]]]
IS_CATEGORICAL = np.array([False, True, True])


def objects(rows):
    return np.array(rows, dtype=object)


def pandas_frame(rows):
    return pd.DataFrame(rows, columns=NAMES)


def polars_frame(rows):
    return pl.DataFrame(rows, schema={"x": pl.Float64, "site": pl.String, "kind": pl.Int64}, orient="row")


def column(cells):
    array = np.empty((len(cells), 1), dtype=object)
    array[:, 0] = cells
    return array


CONTAINERS = {
    "lists": ROWS,
    "arrays of objects": list(map(objects, ROWS)),
    "column of arrays": column(list(map(objects, ROWS))),
    "series of frames": pd.Series(list(map(pandas_frame, ROWS))),
    "pandas": list(map(pandas_frame, ROWS)),
    "pandas categorical": [
        pandas_frame(rows).astype({"site": pd.CategoricalDtype(["c", "b", "a"]), "kind": "category"}) for rows in ROWS
    ],
    "pandas nullable": [pandas_frame(rows).astype({"site": "string", "kind": "Int64"}) for rows in ROWS],
    "pandas with NaN": [pandas_frame(rows).fillna(np.nan) for rows in ROWS],
    "polars": list(map(polars_frame, ROWS)),
    "polars categorical": [polars_frame(rows).cast({"site": pl.Categorical, "kind": pl.UInt8}) for rows in ROWS],
    "polars enum": [polars_frame(rows).cast({"site": pl.Enum(["c", "a", "b"])}) for rows in ROWS],
}


@pytest.mark.parametrize("X", CONTAINERS.values(), ids=CONTAINERS)
def test_every_container_gives_the_same_numbers_and_categories(X):
    values, categories = encode(columns_of(X), IS_CATEGORICAL)
    assert [x.tolist() for x in values] == NUMBERS
    assert [known.tolist() for known in categories] == [["a", "b", "c", None], [1, 2, 3]]
    again, same = encode(columns_of(X[:1]), IS_CATEGORICAL, categories)
    assert [x.tolist() for x in again] == NUMBERS[:1]
    assert all(one is other for one, other in zip(same, categories, strict=True))


def nested(rows, container):
    """Sequences in a container whose cells are nested, such as that of a Parquet file."""
    if container == "polars":
        return pl.Series(rows)
    pyarrow = pytest.importorskip("pyarrow")
    if container == "pyarrow":
        return pyarrow.array(rows)
    return pyarrow.table({"x": rows}).to_pandas()


@pytest.mark.parametrize("container", ["polars", "pyarrow", "pandas"])
def test_nested_lists_are_read_in_columns_of_every_library(container):
    for rows in ([[[0.5, 7.0], [1.5, 8.0]], [[2.5, 7.0]]], [[["p", "b"], ["q", "a"]], [["p", "b"]]]):
        values, categories = encode(columns_of(nested(rows, container)), np.array([True, True]))
        expected, known = encode(columns_of(rows), np.array([True, True]))
        assert [x.tolist() for x in values] == [x.tolist() for x in expected]
        assert [found.tolist() for found in categories] == [found.tolist() for found in known]
    with pytest.raises(ValueError, match=r"Expected sequence 1 to be an array .* got steps of unequal length"):
        columns_of(nested([[[0.5, 7.0], [1.5, 8.0]], [[2.5, 7.0], [1.0]]], container))


@pytest.mark.filterwarnings("error")
def test_frames_whose_columns_have_other_dtypes_are_read_alike():
    frames = [pandas_frame(ROWS[0]), pandas_frame(ROWS[1]).astype({"kind": float, "site": "category"})]
    frames.append(pandas_frame([[1.0, None, 1]]))  # a column of missing values alone
    values, categories = encode(columns_of(frames), IS_CATEGORICAL)
    assert [x.tolist() for x in values] == [*NUMBERS, [[1, 4, 1]]]
    assert categories[1].tolist() == [1, 2, 3]


def test_a_missing_value_in_a_dictionary_of_pyarrow_stays_missing():
    pyarrow = pytest.importorskip("pyarrow")
    sites = pyarrow.array(["b", "a", None]).dictionary_encode()
    X = [pyarrow.table({"x": [0.5, 1.5, 2.5], "site": sites, "kind": [3, 1, 1]})]
    values, categories = encode(columns_of(X), IS_CATEGORICAL)
    assert values[0].tolist() == [[0.5, 2, 2], [1.5, 1, 1], [2.5, 3, 1]]
    assert categories[0].tolist() == ["a", "b", None]
    assert chosen_columns("from_dtype", columns_of(X)).tolist() == [1]


def test_a_cube_of_objects_gives_a_cube_and_its_padding_stays():
    cube = np.full((2, 3, 3), None, dtype=object)
    cube[0] = ROWS[0]
    cube[1, :2] = ROWS[1]
    values, _ = encode(columns_of(cube), IS_CATEGORICAL)
    assert values.shape == (2, 3, 3)
    assert values[0].tolist() == NUMBERS[0]
    assert values[1, :2].tolist() == NUMBERS[1]
    assert np.isnan(values[1, 2]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_categories_in_an_array_of_numbers(dtype):
    X = [np.array([[7, 40], [8, 20]], dtype), np.array([[9, 40]], dtype)]
    values, categories = encode(columns_of(X), np.array([False, True]))
    assert [x.tolist() for x in values] == [[[7, 2], [8, 1]], [[9, 2]]]
    assert values[0].dtype == (np.float32 if dtype is np.float32 else np.float64)
    assert categories[0].tolist() == [20, 40]
    assert categories[0].dtype == dtype


def test_rows_of_strings_are_one_category_per_step():
    values, categories = encode(columns_of([["b", "a"], ["b", "c"]]), np.array([True]))
    assert values.tolist() == [[2, 1], [2, 3]]
    assert categories[0].tolist() == ["a", "b", "c"]
    values, _ = encode(columns_of(pd.DataFrame({"t0": ["b", "b"], "t1": ["a", "c"]})), np.array([True]))
    assert values.tolist() == [[2, 1], [2, 3]]


def test_a_flat_matrix_has_features_in_turn():
    X = objects([[0.5, "b", 1.5, "a"], [2.5, "a", None, None]])
    values, _ = encode(columns_of(X, input_size=2), np.array([False, True]))
    np.testing.assert_array_equal(values, [[0.5, 2, 1.5, 1], [2.5, 1, np.nan, np.nan]])


def numbers_of(entries, known=None, dtype=object):
    x = np.empty((len(entries), 1), dtype)
    x[:, 0] = entries
    values, categories = encode(columns_of([x]), np.array([True]), None if known is None else [known])
    return values[0][:, 0].tolist(), categories[0]


def test_unknown_categories_have_number_zero():
    for fitted, later in ((["b", "a"], ["z", "b", None]), ([2, 1], [9, 2, None]), ([2.5, 1], [1.7, 2.5, np.nan])):
        _, known = numbers_of(fitted)
        assert known.dtype.kind in "Uif"
        assert numbers_of(later, known)[0] == [0, 2, 0]


def test_missing_values_are_a_category_and_the_last():
    nan32 = np.float32(np.nan)
    for missing in (None, np.nan, nan32, pd.NA, pd.NaT):
        numbers, known = numbers_of(["b", missing, "a"])
        assert numbers == [2, 3, 1]
        assert known.tolist() == ["a", "b", None]
        assert numbers_of([missing, "c"], known)[0] == [3, 0]
    numbers, known = numbers_of([2.5, None, 1.5])
    assert numbers == [2, 3, 1]
    np.testing.assert_array_equal(known, [1.5, 2.5, np.nan])
    numbers, known = numbers_of([2**60 + 1, None, 2**60])
    assert numbers == [2, 3, 1]
    assert known.tolist() == [2**60, 2**60 + 1, None]
    numbers, known = numbers_of([None, None])
    assert numbers == [1, 1]
    assert numbers_of(["a", None], known)[0] == [0, 1]


def test_numbers_are_categories_by_their_value():
    _, known = numbers_of([True, False])
    assert known.dtype == bool
    assert numbers_of([1, 0, 2], known)[0] == [2, 1, 0]
    _, known = numbers_of(np.array([3, 5]), dtype=np.int64)
    assert numbers_of([5.0, np.int8(3), Decimal(5)], known)[0] == [2, 1, 2]


def test_masked_values_are_missing():
    x = np.ma.masked_array([[1.0, 5], [2, 6]], mask=[[0, 1], [1, 0]])
    values, categories = encode(columns_of([x]), np.array([False, True]))
    np.testing.assert_array_equal(values[0], [[1, 2], [np.nan, 1]])
    assert categories[0].tolist()[0] == 6


def test_categories_that_no_sequence_holds_are_forgotten():
    values, categories = encode(columns_of(list(map(objects, ROWS))), IS_CATEGORICAL)
    X = Ragged.from_lengths(values[1], [2])
    X, seen = seen_categories(X, IS_CATEGORICAL, categories)
    assert [known.tolist() for known in seen] == [["b", "c"], [2, 3]]
    assert seen[0].dtype.kind == "U"
    assert X.values.tolist() == [[3.5, 2, 1], [4.5, 1, 2]]
    assert decode(X.values, IS_CATEGORICAL, seen).tolist() == ROWS[1]
    same, _ = seen_categories(X, IS_CATEGORICAL, seen)
    assert same is X


def test_one_time_step_of_several_streams():
    _, categories = encode(columns_of(list(map(objects, ROWS))), IS_CATEGORICAL)
    for x in ([[1, "c", 9], [2, None, 1]], pandas_frame([[1, "c", 9], [2, None, 1]])):
        assert encode_rows(cells_of(x), IS_CATEGORICAL, categories).tolist() == [[1, 3, 0], [2, 4, 1]]


# --- which columns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "expected"),
    [([2, 1], [2, 1]), (["kind", "site"], [2, 1]), ([False, True, True], [1, 2]), ("from_dtype", [1, 2]), ([], [])],
)
def test_columns_are_named_in_every_way_that_scikit_learn_knows(named, expected):
    columns = columns_of(CONTAINERS["pandas categorical"])
    assert chosen_columns(named, columns).tolist() == expected
    if named:
        assert chosen_columns(np.array(named) if named != "from_dtype" else named, columns).tolist() == expected


def test_from_dtype_is_none_of_a_frame_without_categorical_dtypes():
    for name in ("pandas", "polars", "lists"):
        assert chosen_columns("from_dtype", columns_of(CONTAINERS[name])).tolist() == []
    assert chosen_columns("from_dtype", columns_of(CONTAINERS["polars enum"])).tolist() == [1]


@pytest.mark.parametrize(
    ("named", "container", "message"),
    [
        ([3], "pandas", r"integer indices must be in \[0, n_features - 1\], n_features = 3, got \[3\]"),
        ([-1], "pandas", "integer indices must be in"),
        ([True], "pandas", r"boolean mask must have shape \(3,\).*got shape \(1,\)"),
        (["day"], "pandas", "'day' which is not a valid feature name.*Observed feature names: "),
        (["site"], "lists", "integers or as a boolean mask when the model is fitted on data without feature names"),
        ([1.5], "lists", "array-like of bool, int or str"),
        (["site", 1], "pandas", "array-like of bool, int or str|not a valid feature name"),
        ([1, 1], "lists", "different features"),
        ([[1]], "lists", "one-dimensional"),
    ],
)
def test_columns_that_are_not_there_are_refused(named, container, message):
    with pytest.raises(ValueError, match=message):
        chosen_columns(named, columns_of(CONTAINERS[container]))


def test_one_dtype_in_all_sequences():
    with pytest.raises(ValueError, match="in sequence 0 and one of another kind in sequence 1, feature 'site'"):
        chosen_columns("from_dtype", columns_of([CONTAINERS["pandas categorical"][0], CONTAINERS["pandas"][1]]))


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (7, ValueError, r"strings or numbers alone, got strings and, in sequence 1, step 1, feature 1, 7\."),
        (b"a", TypeError, "got bytes in sequence 1, step 1, feature 1: a category argument must be a string or a nu"),
        ({"a": 1}, TypeError, "got dict in sequence 1, step 1, feature 1"),
        (datetime.date(2020, 1, 1), TypeError, "got date in sequence 1, step 1, feature 1"),
    ],
)
def test_what_is_no_category_is_refused(value, error, message):
    X = [objects(ROWS[0]), objects(ROWS[1])]
    X[1][1, 1] = value
    with pytest.raises(error, match=message):
        encode(columns_of(X), IS_CATEGORICAL)


def test_infinity_and_times_are_no_categories():
    with pytest.raises(ValueError, match="infinity in sequence 0, step 1, feature 0"):
        encode(columns_of([np.array([[1.0], [np.inf]])]), np.array([True]))
    frame = pd.DataFrame({"day": pd.to_datetime(["2020-01-01"])})
    with pytest.raises(ValueError, match=r"got datetime64\[.*\] in feature 'day'") as refusal:
        encode(columns_of([frame]), np.array([True]))
    X = [frame]
    X = eval(str(refusal.value).partition("X = ")[2].rstrip("."))
    assert encode(columns_of(X), np.array([True]))[1][0].tolist() == ["2020-01-01"]


def test_strings_in_a_column_of_numbers_are_refused_with_the_parameter_that_reads_them():
    for X in (CONTAINERS["pandas"], CONTAINERS["polars"], CONTAINERS["arrays of objects"]):
        name = 1 if isinstance(X[0], np.ndarray) else "site"
        with pytest.raises(ValueError, match=f"got the string 'b'.*categorical_features: .*{name!r}"):
            encode(columns_of(X), np.array([False, False, True]))
    with pytest.raises(ValueError, match="An array of strings and numbers needs dtype=object"):
        encode(columns_of([np.array([[1.5, "a"]])]), np.array([False, True]))


@pytest.mark.parametrize(("fitted", "later"), [(["a"], [1]), ([1], ["a"]), ([1.5, None], ["a"]), (["a", None], [2.5])])
def test_other_kinds_of_categories_than_in_fit_are_refused(fitted, later):
    _, known = numbers_of(fitted)
    with pytest.raises(ValueError, match=r"as in fit, got .* in sequence 0, step 0, feature 0"):
        numbers_of(later, known)


def test_frames_with_other_names_are_refused():
    frames = CONTAINERS["pandas"]
    with pytest.raises(ValueError, match="sequence 1 should match those of sequence 0"):
        columns_of([frames[0], frames[1][["site", "x", "kind"]]])
    with pytest.raises(ValueError, match="same number of features per time step, got 3 in sequence 0 and 2"):
        columns_of([ROWS[0], [[1, 2]]])
    with pytest.raises(ValueError, match=r"sequence 0.*structured array"):
        columns_of([np.array([(1.0, "a")], dtype=[("x", float), ("site", "U1")])])


BIG = 2**60


@pytest.mark.parametrize(
    "x",
    [
        [[0.5, BIG], [1.5, BIG + 1]],
        [(0.5, BIG), (np.float32(1.5), np.int64(BIG + 1))],
        np.array([[0.5, BIG], [1.5, BIG + 1]], dtype=object),
        pd.DataFrame({"a": [0.5, 1.5], "b": [BIG, BIG + 1]}),
    ],
)
@pytest.mark.parametrize("missing", [None, np.nan])
def test_large_integers_stay_apart(x, missing):
    (found,) = categories_of([x] * 2, [1])
    assert found.tolist() == [BIG, BIG + 1]
    other = [[2.5, missing], [3.5, 7]]
    if isinstance(x, pd.DataFrame):
        other = pd.DataFrame(other, columns=["a", "b"])
    (found,) = categories_of([x, other], [1])
    assert found.tolist() == [7, BIG, BIG + 1, None]


def test_large_integers_stay_apart_in_arrays_of_several_dtypes():
    arrays = [np.array([[BIG], [BIG + 1]]), np.array([[1.0], [2.0]])]
    (found,) = categories_of(arrays, [0])
    assert found.tolist() == [1, 2, BIG, BIG + 1]
    (found,) = categories_of([[[BIG, 0.5, BIG + 1, 0.5]] * 2], [0], input_size=2, rows=True)
    assert found.tolist() == [BIG, BIG + 1]


@pytest.mark.parametrize("entries", [[BIG + 1, 0.5], [2**70, 2**70 + 1]])
def test_integers_that_no_dtype_tells_apart_are_refused(entries):
    X = [np.array([[entry] for entry in entries], dtype=object)] * 2
    with pytest.raises(ValueError, match=rf"fit into 64 bits.*got {max(entries[0], entries[-1])} in sequence 0, step "):
        categories_of(X, [0])


def categories_of(X, chosen, input_size=None, rows=False):
    model = LSTMClassifier(3, max_iter=1, categorical_features=chosen, random_state=0, input_size=input_size)
    X = X[0] if rows else X
    return model.fit(X, np.arange(len(X)) % 2).categories_
