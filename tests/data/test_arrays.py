"""Any array-like is read as the numbers it holds; what is no number is refused, with a line of code that mends it."""

import datetime
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from sklearn_recurrent import SequenceTokenizer, as_column, as_sequences
from sklearn_recurrent._data.arrays import array_of, plain
from sklearn_recurrent._data.sequences import as_array, parse_sequences

NAN = np.nan


def read(X, missing="keep", **options):
    """The sequences of X, as an estimator parses them."""
    return list(parse_sequences(BaseEstimator(), X, reset=True, missing=missing, **options))


# --- masks ------------------------------------------------------------------------------------------------------------

VALUES = [[1.0, -99.0, 3.0], [4.0, 5.0, 6.0]]
MASK = [[False, True, False], [False, False, False]]
SEEN = [[1.0, NAN, 3.0], [4.0, 5.0, 6.0]]


def masked(dtype=np.float64):
    return np.ma.array(VALUES, mask=MASK, dtype=dtype)


class Variable:
    """A variable of a file, as netCDF4 has it: no masked array, but its array is one."""

    def __init__(self, values):
        self.values = values
        self.shape = values.shape
        self.dtype = values.dtype
        self.ndim = values.ndim

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, rows):
        return self.values[rows]


def masked_cells(X):
    """An object array of masked arrays, which is a masked array itself: a column of lists in DuckDB."""
    return np.ma.MaskedArray(np.fromiter(X, object, len(X)), mask=np.zeros(len(X), bool))


MASKED = {
    "matrix": lambda X: X,
    "cube": lambda X: X[:, :, None],
    "variable": Variable,
    "variable of three axes": lambda X: Variable(X[:, :, None]),
    "list": list,
    "tuple": tuple,
    "list of (T, 1)": lambda X: [x[:, None] for x in X],
    "lists of steps": lambda X: [list(x[:, None]) for x in X],
    "list of variables": lambda X: [Variable(x) for x in X],
    "object array": as_sequences,
    "column": as_column,
    "masked object array": lambda X: masked_cells(list(X)),
    "Series": lambda X: pd.Series(list(X)),
    "frame": lambda X: pd.DataFrame({"x": list(X)}),
    "polars objects": lambda X: pl.Series(list(X), dtype=pl.Object),
}


@pytest.mark.parametrize("form", MASKED.values(), ids=MASKED)
@pytest.mark.parametrize("dtype", ["f8", "f4", "i4"])
def test_masked_numbers_are_missing_in_every_container(form, dtype):
    X = masked(dtype)
    for x, seen in zip(read(form(X)), SEEN, strict=True):
        assert_array_equal(x.ravel(), seen)
    with pytest.raises(ValueError, match="Input X contains NaN in sequence 0, step 1, feature 0"):
        read(form(X), missing="error")
    assert_array_equal(read(form(X), missing="skip")[0].ravel(), [1, 3])
    assert_array_equal(X.data, np.array(VALUES, dtype))
    assert_array_equal(X.mask, MASK)


@pytest.mark.parametrize("form", MASKED.values(), ids=MASKED)
def test_a_mask_that_hides_nothing_changes_no_dtype(form):
    X = np.ma.array(VALUES, dtype=np.float32)
    assert {x.dtype for x in read(form(X))} == {np.dtype(np.float32)}
    assert {x.dtype for x in as_sequences(form(X))} == {np.dtype(np.float32)}


def test_a_masked_float32_stays_float32():
    assert {x.dtype for x in read(list(masked(np.float32)))} == {np.dtype(np.float32)}


@pytest.mark.parametrize("container", [lambda X: X, Variable])
def test_masked_steps_at_the_ends_of_a_cube_are_padding(container):
    cube = np.ma.array(np.full((2, 4, 2), -999.0), mask=False)
    cube[0, :3] = np.ma.masked
    cube[1, 1:] = np.ma.masked
    assert [len(x) for x in as_sequences(container(cube))] == [1, 1]
    assert [len(x) for x in read(container(cube), missing="error")] == [1, 1]
    cube[0, 1, 0] = 5  # a step inside, of which one feature is missing
    with pytest.raises(ValueError, match="NaN in sequence 0, step 0, feature 1"):
        read(container(cube), missing="error")


def test_a_masked_cell_is_no_sequence():
    X = masked_cells([np.ones(2), np.ones(3)])
    X[1] = np.ma.masked
    with pytest.raises(ValueError, match=re.escape("Expected sequence 1 to have shape (n_steps, n_features)")):
        read(X)


def test_masked_constants_among_numbers_are_missing():
    x = [1.0, np.ma.masked, 3.0]
    assert_array_equal(plain(x), SEEN[0])
    assert_array_equal(as_array(0, np.array(x, dtype=object)), SEEN[0])


@pytest.mark.parametrize("dtype", ["M8[D]", "M8[ns]", "m8[s]"])
def test_masked_times_are_no_numbers_either(dtype):
    times = np.ma.array(np.arange(3).astype(dtype), mask=[0, 1, 0])
    with pytest.raises(ValueError, match=r"Expected numbers in sequence 0, got (times|durations)"):
        read([times])
    assert np.isnat(plain(times)).tolist() == [False, True, False]


def test_masked_tokens_are_missing_tokens():
    X = [np.ma.array([3, 4], mask=[0, 0]), np.ma.array([3, 9, 5], mask=[0, 1, 0])]
    with pytest.raises(ValueError, match="NaN in sequence 1, step 1"):
        read(X, missing="error", tokens=True)
    assert [x.ravel().tolist() for x in read(X, missing="skip", tokens=True)] == [[3, 4], [3, 5]]


# --- numbers of other libraries ---------------------------------------------------------------------------------------


class Bfloat16Tensor:
    """A tensor of PyTorch's whose type NumPy does not have."""

    dtype = "torch.bfloat16"

    def __init__(self, values):
        self.array = np.array(values, dtype=np.float32)
        self.shape = self.array.shape

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Got unsupported ScalarType BFloat16")

    def float(self):
        return self.array


def test_bfloat16_of_pytorch_is_read_as_float32():
    values = [[1.5, 2.0], [0.25, -1.0]]
    for X in ([Bfloat16Tensor(x) for x in values], [[Bfloat16Tensor([x]) for x in row] for row in values]):
        assert {x.dtype for x in read(X)} == {np.dtype(np.float32)}
        assert_array_equal([x.ravel() for x in read(X)], values)
    assert_array_equal(read(Bfloat16Tensor([values]))[0], values)


def test_a_tensor_that_cannot_be_converted_says_so_itself():
    class Tensor(Bfloat16Tensor):
        dtype = "torch.float32"

    with pytest.raises(TypeError, match="unsupported ScalarType"):
        read([Tensor([1.0])])


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e5m2", "int4"])
def test_dtypes_of_ml_dtypes_are_read_as_floats(dtype):
    kind = getattr(pytest.importorskip("ml_dtypes"), dtype)
    values = np.array([[1, 2], [3, 4]]).astype(kind)
    for X in ([values, values], np.stack([values, values]), as_sequences([values, values])):
        assert_array_equal(read(X)[1], [[1, 2], [3, 4]])
    assert array_of(np.ones(2, "V2")).dtype.kind == "V"


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (np.array([True, False]), [1, 0]),
        ([True, False], [1, 0]),
        (np.array([Decimal("1.5"), Decimal("0")]), [1.5, 0]),
        ([1, None], [1, NAN]),
        ([1.0, pd.NA], [1, NAN]),
        (np.array([True, None]), [1, NAN]),
        ([np.float32(1), 2**70], [1, 2.0**70]),
    ],
)
def test_booleans_and_decimals_are_numbers_and_missing_objects_are_missing(x, expected):
    assert_array_equal(read([x])[0].ravel(), expected)
    assert_array_equal(read([[x], [x]])[1], [expected])


# --- the libraries themselves, where they are there -------------------------------------------------------------------


def test_null_in_a_list_of_duckdb_is_missing():
    duckdb = pytest.importorskip("duckdb")
    query = (
        "select list(case when t = 1 then null else t + 0.5 end order by t) x "
        "from range(3) i(i), range(3) t(t) group by i order by i"
    )
    for X in (duckdb.sql(query).fetchnumpy()["x"], duckdb.sql(query).df()["x"], duckdb.sql(query).df()):
        assert_array_equal(read(X)[1].ravel(), [0.5, NAN, 2.5])
    X = duckdb.sql("select * from (values ([1.0, 2.0]), (null)) v(x)").fetchnumpy()["x"]
    with pytest.raises(ValueError, match="Expected sequence 1 to have shape"):
        read(X)


def test_a_variable_of_netcdf_keeps_its_mask(tmp_path):
    netcdf = pytest.importorskip("netCDF4")
    with netcdf.Dataset(tmp_path / "x.nc", "w") as file:
        for name, size in [("n", 2), ("t", 3), ("f", 1)]:
            file.createDimension(name, size)
        cube = file.createVariable("cube", "f4", ("n", "t", "f"))
        cube[:] = masked()[:, :, None]
        for X in (cube, cube[:], list(cube[:]), [cube[0], cube[1]]):
            assert_array_equal([x.ravel() for x in read(X)], SEEN)
        cube[0] = np.ma.array(VALUES[0], mask=[0, 1, 1])[:, None]
        assert [len(x) for x in as_sequences(cube)] == [1, 3]


@pytest.mark.parametrize("library", ["torch", "jax.numpy"])
def test_tensors_of_bfloat16_are_read_as_float32(library):
    module = pytest.importorskip(library)
    make = {"torch": "tensor", "jax.numpy": "asarray"}[library]
    x = getattr(module, make)([[1.5, 2.0], [0.25, -1.0]], dtype=module.bfloat16)
    for X in ([x, x], x[None], as_sequences([x, x]), [list(x), list(x)]):
        assert_array_equal(read(X)[0], [[1.5, 2.0], [0.25, -1.0]])
        assert read(X)[0].dtype == np.float32


# --- what is no number ------------------------------------------------------------------------------------------------

TIME = np.array(["2026-01-01", "2026-01-02", "NaT"], "M8[D]")
BAD = {  # values of one sequence; what the message says
    "times": (TIME, "times (datetime64[D])"),
    "durations": (TIME - TIME[0], "durations (timedelta64[D])"),
    "datetimes": (np.array(TIME[:2].tolist(), object), "a time, datetime.date(2026, 1, 1)"),
    "timestamps": (np.array([pd.Timestamp("2026-01-01")] * 2, object), "a time, Timestamp('2026-01-01 00:00:00')"),
    "timedeltas": (np.array([datetime.timedelta(1)] * 2, object), "a duration, datetime.timedelta(days=1)"),
    "a time among numbers": (np.array([1.0, np.datetime64("2026")], object), "a time, np.datetime64('2026')"),
    "strings": (np.array(["to", "be"]), "strings (<U2)"),
    "string objects": (np.array(["to", "be"], object), "the string 'to'"),
    "spelled numbers": (np.array(["1.5", "2"]), "strings (<U3)"),
    "a spelled number": (np.array([1.5, "2"], object), "the string '2'"),
    "bytes": (np.array([b"to"]), "strings (|S2)"),
    "complex": (np.array([1j, 2]), "complex128"),
    "complex objects": (np.array([1j, 2.0], object), "complex"),
    "records": (np.array([(1.0, 2.0)], [("a", float), ("b", float)]), "a structured array"),
    "dicts": (np.array([{"a": 1.0}, {"a": 2.0}], object), "another object"),
}
HOLDERS = {
    "list of arrays": lambda x: [x, x],
    "list of (T, 1)": lambda x: [x[:, None], x[:, None]],
    "list of lists": lambda x: [x.tolist(), x.tolist()],
    "list of lists of steps": lambda x: [x[:, None].tolist(), x[:, None].tolist()],
    "object array": lambda x: np.fromiter([x, x], object),
    "column": lambda x: np.fromiter([x, x], object)[:, None],
    "Series": lambda x: pd.Series([x, x]),
    "matrix": lambda x: np.stack([x, x]),
    "cube": lambda x: np.stack([x, x])[:, :, None],
    "frames": lambda x: [pd.DataFrame({"c": x})] * 2,
    "frames with a number": lambda x: [pd.DataFrame({"v": np.ones(len(x)), "c": x})] * 2,
    "flat frame": lambda x: pd.DataFrame({"v": np.ones(len(x)), "c": x}),
}


def values_of(kind, holder):
    x = BAD[kind][0]
    lists = "lists" in holder or "frame" in holder
    if lists and kind in ("times", "durations", "records"):
        pytest.skip("a list of these, or a frame, holds other objects")
    return HOLDERS[holder](x)


def has_no_line(kind, holder):
    if holder == "frames":  # with a single column, nothing would be left
        return True
    if kind == "a time among numbers":
        return "frame" not in holder
    return kind == "records" and holder in ("list of (T, 1)", "list of lists of steps", "cube")


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_number_is_refused_in_every_container_with_a_line_that_mends_it(kind, holder):
    X = values_of(kind, holder)
    with pytest.raises((ValueError, TypeError), match="numbers in ") as error:
        read(X)
    message = str(error.value)
    words = message.partition("numbers in ")[2].partition(", got ")[0]
    assert words.startswith(("column 'c' of ", "sequence ", "X"))
    assert not re.search(r"(step|feature|sequence) \d+, \1", message), message
    line = re.search(r"(X = .+?)(?:\. Networks|$)", message)
    assert (line is None) == has_no_line(kind, holder), message
    if line is None:
        return
    names = {"X": X, "np": np, "pandas": pd, "SequenceTokenizer": SequenceTokenizer}
    exec(line[1], names)
    assert len(read(names["X"])) == len(X)


@pytest.mark.parametrize("kind", BAD)
def test_the_message_says_what_came(kind):
    values, what = BAD[kind]
    with pytest.raises(ValueError, match=re.escape(f", got {what}")):
        read([np.ones(2), values] if values.ndim == 1 else [values])


def test_seconds_made_of_times_are_right_and_missing_ones_are_missing():
    with pytest.raises(ValueError, match="Leave times out") as error:
        read([TIME])
    names = {"X": [TIME], "np": np}
    exec(re.search("X = .+", str(error.value))[0], names)
    assert_array_equal(names["X"][0], [1767225600, 1767225600 + 86400, NAN])


@pytest.mark.parametrize("X", [[["a", "b"], ["c"]], [["a", "b"], ["c", "d"]], ["a b", "c"], np.array([["a"], ["b"]])])
@pytest.mark.parametrize("tokens", [False, True])
def test_tokens_and_texts_are_refused_by_naming_the_tokenizer(X, tokens):
    with pytest.raises(ValueError, match="SequenceTokenizer") as error:
        read(X, tokens=tokens)
    line = re.search(r"(X = .+?)\. Networks", str(error.value))[1]
    names = {"X": X, "SequenceTokenizer": SequenceTokenizer}
    exec(line, names)
    assert len(read(names["X"], tokens=True)) == len(X)


def test_whole_numbers_beyond_all_floats_are_infinite_and_masked_objects_are_missing():
    assert_array_equal(as_array(0, [[10**400, 1.0], [-(10**400), 2.0]], "X"), [[np.inf, 1.0], [-np.inf, 2.0]])
    with pytest.raises(ValueError, match="contains infinity in sequence 0, step 1"):
        read([[[1, 1.0], [10**400, 2.0]]], missing="error")
    assert_array_equal(read([np.array([[np.ma.masked, 1.0], [2.0, None]], object)])[0], [[NAN, 1.0], [2.0, NAN]])
