"""Every form that X can have, and the errors for those that it cannot."""

import array
import re
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import PerTimestep, as_column, as_sequences
from sklearn_recurrent._data.sequences import parse_sequences
from sklearn_recurrent._data.targets import flatten_numbers

LENGTHS = [3, 1, 4]


class Parser(BaseEstimator):
    """The smallest estimator: it parses X and does nothing else."""

    def __init__(self, missing="error", input_size=None):
        self.missing = missing
        self.input_size = input_size

    def fit(self, X):
        self.parsed_ = parse_sequences(self, X, reset=True, missing=self.missing, input_size=self.input_size)
        return self

    def predict(self, X):
        return parse_sequences(self, X, reset=False, missing=self.missing, input_size=self.input_size)


def ragged(lengths=LENGTHS, n_features=2, dtype=np.float64):
    rng = np.random.default_rng(0)
    shapes = [(n,) if n_features is None else (n, n_features) for n in lengths]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def padded(sequences, side="post"):
    length = max(map(len, sequences)) + 1
    cube = np.full((len(sequences), length, sequences[0].shape[1]), np.nan, sequences[0].dtype)
    for row, x in zip(cube, sequences, strict=True):
        row[slice(len(x)) if side == "post" else slice(-len(x), None)] = x
    return cube


def pandas_series(X):
    return pytest.importorskip("pandas").Series(X, index=np.arange(len(X))[::-1] + 7)


def polars_series(X):
    return pytest.importorskip("polars").Series([x.tolist() for x in X])


FORMS = {
    "list": list,
    "tuple": tuple,
    "object array": as_sequences,
    "object column": as_column,
    "pandas Series": pandas_series,
    "pandas frame": lambda X: pandas_series(X).to_frame("walk"),
    "polars Series": polars_series,
    "polars frame": lambda X: polars_series(X).to_frame("walk"),
    "polars objects": lambda X: pytest.importorskip("polars").Series(X, dtype=pytest.importorskip("polars").Object),
    "object array of lists": lambda X: np.fromiter((x.tolist() for x in X), dtype=object, count=len(X)),
    "pandas frames": lambda X: [pytest.importorskip("pandas").DataFrame(x) for x in X],
    "polars frames": lambda X: [pytest.importorskip("polars").DataFrame(x) for x in X],
    "masked arrays": lambda X: [np.ma.array(x) for x in X],
    "pyarrow lists": lambda X: pytest.importorskip("pyarrow").array([x.tolist() for x in X]),
    "pyarrow table": lambda X: pytest.importorskip("pyarrow").table({"walk": [x.tolist() for x in X]}),
    "Fortran order": lambda X: [np.asfortranarray(x) for x in X],
}
CUBES = {
    "nested lists": lambda X: [x.tolist() for x in X],
    "lists of steps": lambda X: [list(x) for x in X],
    "3-D, padded behind": padded,
    "3-D, padded before": lambda X: padded(X, "pre"),
    "3-D, of objects": lambda X: padded(X).astype(object),
    "3-D, Fortran order": lambda X: np.asfortranarray(padded(X)),
}


def assert_parsed(result, sequences):
    joined = result.joined()
    assert_array_equal(joined.values, np.concatenate(sequences).reshape(sum(map(len, sequences)), -1))
    assert_array_equal(result.lengths, [len(x) for x in sequences])
    assert_array_equal(joined.offsets, result.offsets)
    assert joined.values.flags.c_contiguous
    assert joined.dtype == result.dtype
    assert result.offsets.dtype == joined.offsets.dtype == np.int64


# --- forms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [*FORMS.values(), *CUBES.values()], ids=[*FORMS, *CUBES])
def test_every_form_of_sequences_is_parsed_to_the_same_steps(form):
    X = ragged()
    parser = Parser().fit(form(X))
    assert_parsed(parser.parsed_, X)
    assert parser.n_features_in_ == 2
    assert_parsed(parser.predict(form(X[:1])), X[:1])


@pytest.mark.parametrize("form", [form for name, form in FORMS.items() if not name.endswith("frames")])
def test_every_container_can_hold_univariate_sequences(form):
    X = ragged(n_features=None)
    parser = Parser().fit(form(X))
    assert_parsed(parser.parsed_, X)
    assert parser.n_features_in_ == 1


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("lengths", [[3, 3, 3], [5]])
def test_sequences_of_equal_length_are_still_sequences(form, lengths):
    X = ragged(lengths)
    assert_parsed(Parser().fit(form(ragged())).predict(form(X)), X)


def test_a_list_of_equal_length_1d_arrays_is_parsed_as_sequences():
    parser = Parser().fit([np.arange(3.0), np.arange(3.0)])
    assert parser.n_features_in_ == 1
    assert parser._fitted_on_sequences


@pytest.mark.parametrize("form", [list, np.array, pytest.param("frame", id="frame")])
def test_a_matrix_has_one_value_per_step_and_columns_as_features(form):
    X = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    if form == "frame":
        form = pytest.importorskip("pandas").DataFrame
    parser = Parser().fit(form(X))
    assert_parsed(parser.parsed_, [np.array(row) for row in X])
    assert parser.n_features_in_ == 3
    assert not parser._fitted_on_sequences


def test_flat_rows_are_parsed_as_the_3d_array_that_was_flattened():
    cube = np.arange(24.0).reshape(2, 4, 3)
    parser = Parser(input_size=3).fit(cube.reshape(2, 12))
    assert_parsed(parser.parsed_, list(cube))
    assert parser.n_features_in_ == 12
    assert_parsed(Parser(input_size=2).fit(padded(ragged()).reshape(3, -1)).parsed_, ragged())


def test_feature_names_are_those_of_a_frame_and_a_fit_without_them_removes_them():
    pandas = pytest.importorskip("pandas")
    parser = Parser().fit(pandas.DataFrame([[1.0, 2.0]], columns=["a", "b"]))
    assert_array_equal(parser.feature_names_in_, ["a", "b"])
    assert not hasattr(parser.fit(ragged()), "feature_names_in_")


@pytest.mark.parametrize("splitter", [KFold(2), KFold(3)])
@pytest.mark.parametrize(
    "form",
    # scikit-learn before 1.9 splits no arrays of pyarrow
    [*(form for name, form in FORMS.items() if "pyarrow" not in name), padded],
    ids=[*(name for name in FORMS if "pyarrow" not in name), "3-D"],
)
def test_splits_of_scikit_learn_can_be_parsed_in_every_form(form, splitter):
    X = ragged([2, 2, 5, 3, 3, 3])
    for train, test in splitter.split(np.empty(len(X))):
        parts = train_test_split(form(X), train_size=len(train), test_size=len(test), shuffle=False)
        n = len(train)
        assert_parsed(Parser().fit(parts[0]).parsed_, X[:n])
        assert_parsed(Parser().fit(parts[0]).predict(parts[1]), X[n:])


# --- dtype and memory -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (["f4", "f4"], "f4"),
        (["f4", "f8"], "f8"),
        (["f8", "f8"], "f8"),
        (["i4", "i8"], "f8"),
        (["i2", "f4"], "f8"),
        (["?", "?"], "f8"),
        (["f2", "f2"], "f8"),
        (["u8", "u8"], "f8"),
        ([">f8", ">f8"], "f8"),
        (["O", "f4"], "f8"),
    ],
)
def test_float32_stays_and_everything_else_is_float64(dtypes, expected):
    X = [np.ones((2, 3), dtype) for dtype in dtypes]
    assert Parser().fit(X).parsed_.joined().dtype == expected
    if dtypes[0] == dtypes[1]:
        assert Parser().fit(np.stack(X)).parsed_.joined().dtype == expected
        assert Parser().fit(X[0]).parsed_.joined().dtype == expected


@pytest.mark.parametrize("missing", ["error", "skip", "keep"])
@pytest.mark.parametrize("form", [list, as_column, padded])
def test_X_is_not_changed(form, missing):
    X = ragged()
    if missing != "error":
        X[0][1, 0] = np.nan
    X = form(X)
    before = (
        np.copy(X) if form is padded else [np.copy(x) for x in np.ravel(X)] if form is as_column else [*map(np.copy, X)]
    )
    for x in [X] if form is padded else np.ravel(X) if form is as_column else X:
        x.flags.writeable = False
    Parser(missing).fit(X)
    for x, y in zip(before, np.ravel(X) if form is as_column else X, strict=True):
        assert_array_equal(x, y)


def test_twenty_thousand_sequences_are_parsed_fast():
    X = ragged(np.random.default_rng(0).integers(5, 30, 20_000))
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        Parser().fit(X)
        best = min(best, time.perf_counter() - start)
    assert best < 0.3  # it takes 0.02 s on a free machine; check_array for each sequence would take 0.9 s


# --- missing values and padding ---------------------------------------------------------------------------------------


def test_padding_is_removed_only_at_the_ends():
    cube = np.full((1, 6, 2), np.nan)
    cube[0, 1], cube[0, 2, 1], cube[0, 4] = 1, 2, 3
    skipped, kept = Parser("skip").fit(cube).parsed_, Parser("keep").fit(cube).parsed_
    assert_parsed(skipped, [np.array([[1.0, 1.0], [3.0, 3.0]])])
    assert_array_equal(kept.joined().values, [[1, 1], [np.nan, 2], [np.nan, np.nan], [3, 3]])


@pytest.mark.parametrize("feature", [0, 1])
@pytest.mark.parametrize("step", [0, -1])
def test_an_outer_step_is_padding_only_if_all_of_its_features_are_nan(step, feature):
    cube = np.ones((2, 3, 2))
    cube[1, step, feature] = np.nan
    assert_parsed(Parser("keep").fit(cube).parsed_, list(cube))
    with pytest.raises(ValueError, match=f"NaN in sequence 1, step {step % 3}, feature {feature}"):
        Parser().fit(cube)


@pytest.mark.parametrize("form", [list, padded])
def test_a_step_with_any_missing_feature_is_skipped(form):
    X = ragged()
    X[2][1, 0] = np.nan
    assert_parsed(Parser("skip").fit(form(X)).parsed_, [X[0], X[1], X[2][[0, 2, 3]]])


def test_missing_values_of_a_matrix_are_skipped():
    X = np.array([[np.nan, 1.0, 2.0], [3.0, np.nan, np.nan]])
    assert_parsed(Parser("skip").fit(X).parsed_, [np.array([1.0, 2.0]), np.array([3.0])])


def test_None_in_an_object_sequence_is_missing():
    X = [np.array([1.0, None, 3.0], dtype=object)]
    assert_parsed(Parser("skip").fit(X).parsed_, [np.array([1.0, 3.0])])


def test_values_too_large_to_sum_are_finite():
    X = [np.full((4, 1), 1e308), np.full((3, 1), 1e308)]
    assert_parsed(Parser().fit(X).parsed_, X)


def with_value(value, form=list):
    X = ragged([5, 4, 3, 9])
    X[3][7, 1] = value
    return form(X)


@pytest.mark.parametrize("form", [list, padded])
@pytest.mark.parametrize(
    ("value", "missing", "message"),
    [
        (np.nan, "error", "Input X contains NaN in sequence 3, step 7, feature 1. Set missing='skip' to ignore"),
        (np.inf, "error", "Input X contains infinity in sequence 3, step 7, feature 1"),
        (-np.inf, "skip", "Input X contains infinity in sequence 3, step 7, feature 1"),
        (np.inf, "keep", "Input X contains infinity in sequence 3, step 7, feature 1"),
    ],
)
def test_an_error_gives_the_position_of_a_value_that_is_not_finite(form, value, missing, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Parser(missing).fit(with_value(value, form))


BLOCK = "sklearn_recurrent._core.ragged.BLOCK"
each_layout = pytest.mark.parametrize("form", [list, padded, np.stack])


@each_layout
@pytest.mark.parametrize(
    ("value", "missing", "word"),
    [
        (np.nan, "error", "NaN"),
        (np.inf, "error", "infinity"),
        (-np.inf, "skip", "infinity"),
        (np.inf, "keep", "infinity"),
    ],
)
def test_a_value_that_is_not_finite_is_found_in_any_block(form, value, missing, word, monkeypatch):
    monkeypatch.setattr(BLOCK, 1)
    X = ragged([4, 4, 4, 4])
    X[1][1, 0] = 0 if missing == "error" else np.nan
    X[2][3, 1] = X[3][1, 0] = value
    with pytest.raises(ValueError, match=f"contains {word} in sequence 2, step 3, feature 1"):
        Parser(missing).fit(form(X))


@each_layout
def test_missing_steps_are_skipped_in_every_block(form, monkeypatch):
    monkeypatch.setattr(BLOCK, 1)
    X = ragged([4, 4, 4, 4])
    X[1][1, 0] = X[2][0, 1] = X[2][3, 0] = X[3][2] = np.nan
    assert_parsed(Parser("skip").fit(form(X)).parsed_, [x[~np.isnan(x).any(axis=1)] for x in X])


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_a_matrix_that_is_not_finite_gets_the_message_of_scikit_learn(value, word):
    with pytest.raises(ValueError, match=f"Input X contains {word}"):
        Parser().fit(np.array([[1.0, 2.0], [3.0, value]]))


# --- errors -----------------------------------------------------------------------------------------------------------

A = np.zeros((3, 2))
ERRORS = {
    "empty sequence": ([A, A[:0]], "Expected sequence 1 to have at least one time step, got shape (0, 2)"),
    "no features": ([A, A[:, :0]], "Expected sequence 1 to have at least one feature, got shape (3, 0)"),
    "another width": ([A, A, A[:, :1]], "number of features per time step, got 2 in sequence 0 and 1 in sequence 2"),
    "1-D among 2-D": ([A, np.zeros(3)], "number of features per time step, got 2 in sequence 0 and 1 in sequence 1"),
    "strings": ([A, np.array([["a", "b"]])], "Expected numbers in sequence 1, got strings (<U1)"),
    "a string": ([A[:, 0], np.array([1.0, "2"], object)], "Expected numbers in sequence 1, step 1, got the string '2'"),
    "a dict as feature": (
        [np.array([[1.0, 2.0], [3.0, {}]], object)],
        "Expected numbers in sequence 0, step 1, feature 1, got another object: float() argument",
    ),
    "a dict": (
        [np.array([1.0, {}], object)],
        "Expected numbers in sequence 0, step 1, got another object: float() arg",
    ),
    "dates": ([np.array(["2020-01-01"], "M8[D]")], "Expected numbers in sequence 0, got times (datetime64[D])"),
    "complex": ([A, A * 1j], "Complex data not supported\nExpected real numbers in sequence 1, got complex128"),
    "None": (
        [A, None],
        "Expected sequence 1 to have shape (n_steps, n_features) or (n_steps,), got 0 dimensions (NoneType)",
    ),
    "a scalar": (
        [A, 3.0],
        "Expected sequence 1 to have shape (n_steps, n_features) or (n_steps,), got 0 dimensions (float)",
    ),
    "a cube": (
        [A, A[None]],
        "Expected sequence 1 to have shape (n_steps, n_features) or (n_steps,), got 3 dimensions (ndarray)",
    ),
    "uneven steps": (
        [[[1.0, 2.0], [3.0]]],
        "Expected sequence 0 to be an array of shape (n_steps, n_features), got steps of unequal length",
    ),
    "all missing": (
        np.array([A, A * np.nan]),
        "Expected sequence 1 to have at least one time step, got padding only: all 3 time steps are nan",
    ),
    "4-D": (A[None, None], "Found array with dim 4, while dim <= 3 is required by Parser"),
    "complex 3-D": (A[None] * 1j, "Complex data not supported"),
    "no sequences": ([], "Found array with 0 sample(s) (shape=(0,)) while a minimum of 1 is required by Parser"),
    "no objects": (np.empty(0, object), "Found array with 0 sample(s) (shape=(0,)) while a minimum of 1 is required"),
    "no samples": (np.empty((0, 3)), "0 sample(s) (shape=(0, 3)) while a minimum of 1 is required"),
    "no columns": (np.empty((3, 0)), "0 feature(s) (shape=(3, 0)) while a minimum of 1 is required"),
    "no samples, 3-D": (np.empty((0, 3, 2)), "0 sample(s) (shape=(0, 3, 2)) while a minimum of 1 is required"),
    "no steps, 3-D": (np.empty((3, 0, 2)), "(shape=(3, 0, 2)) while a minimum of 1"),
    "1-D": (A[:, 0], "Expected 2D array, got 1D array instead"),
    "list of numbers": ([1.0, 2.0], "Expected 2D array, got 1D array instead"),
    "list of NumPy scalars": ([np.float64(1), np.float64(2)], "Expected 2D array, got 1D array instead"),
    "list of strings": (["to", "be"], "Expected numbers in X, got strings (<U2)"),
    "uneven rows": (
        [[1, 2], [3]],
        "to have rows of equal length, got 2 values in row 0 and 1 in row 1. For sequences of unequal length pass",
    ),
    "two columns": (np.hstack([as_column([A])] * 2), "Expected one column of sequences, got X with 2 columns"),
}


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("container", ["pandas", "object array"])
def test_a_table_of_sequences_and_numbers_is_for_networks_alone(container, place):
    X = np.empty((3, 2), object)
    X[:, place], X[:, 1 - place] = as_sequences(ragged()), [1.0, 2.0, 3.0]
    if container == "pandas":
        X = pytest.importorskip("pandas").DataFrame(X, columns=["a", "b"])
    label = "ab"[place] if container == "pandas" else place
    words = f"Expected one column of sequences, got X with 2 columns, of which {label!r} hold sequences."
    with pytest.raises(ValueError, match=re.escape(words)) as error:
        PerTimestep(StandardScaler()).fit(X)
    line = str(error.value).partition("alone: ")[2].removesuffix(".")
    columns = eval(line, {"ColumnTransformer": ColumnTransformer, "transformer": PerTimestep(StandardScaler())})
    assert columns.fit_transform(X).shape == (3, 2)


@pytest.mark.parametrize(("X", "message"), ERRORS.values(), ids=ERRORS)
def test_an_X_of_no_known_form_is_an_error_that_says_what_and_where(X, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Parser().fit(X)


def test_a_sparse_matrix_is_refused():
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        Parser().fit(sparse.csr_array(np.eye(3)))


@pytest.mark.parametrize("block", [1, 1 << 16])
def test_skipping_all_steps_of_a_sequence_is_an_error(block, monkeypatch):
    monkeypatch.setattr(BLOCK, block)
    with pytest.raises(ValueError, match="NaN in every time step of sequence 1: missing='skip' leaves none"):
        Parser("skip").fit([np.ones(2), np.array([np.nan])])


@pytest.mark.parametrize("form", [list, as_column, padded])
def test_another_number_of_features_is_an_error(form):
    with pytest.raises(ValueError, match="X has 3 features, but Parser is expecting 2 features as input"):
        Parser().fit(ragged()).predict(form(ragged(n_features=3)))


def test_another_number_of_columns_is_an_error():
    with pytest.raises(ValueError, match="X has 3 features, but Parser is expecting 2 features as input"):
        Parser().fit(np.ones((4, 2))).predict(np.ones((4, 3)))


def test_another_number_of_time_steps_is_no_error():
    assert_parsed(Parser().fit(np.ones((4, 5, 2))).predict(np.ones((1, 7, 2))), [np.ones((7, 2))])


def test_sequences_after_columns_and_columns_after_sequences_are_refused():
    with pytest.raises(ValueError, match="2-D array with 2 columns, got sequences: Parser was fitted on a 2-D"):
        Parser().fit(np.ones((4, 2))).predict(ragged())
    with pytest.raises(ValueError, match="with 2 features per time step, got a 2-D array: Parser was fitted on seq"):
        Parser().fit(ragged()).predict(np.ones((4, 2)))


def test_input_size_must_divide_the_columns_and_equal_the_features_of_sequences():
    with pytest.raises(ValueError, match="columns of X to be a multiple of input_size=2, got 7 columns"):
        Parser(input_size=2).fit(np.ones((3, 7)))
    with pytest.raises(ValueError, match="Expected 3 features per time step, since input_size=3, got 2"):
        Parser(input_size=3).fit(ragged())


# --- as_sequences, as_column ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [LENGTHS, [3, 3, 3], [2]])
@pytest.mark.parametrize("form", [*FORMS.values(), *CUBES.values()], ids=[*FORMS, *CUBES])
def test_as_sequences_is_1d_for_equal_lengths_too(form, lengths):
    X = ragged(lengths)
    sequences = as_sequences(form(X))
    assert sequences.shape == (len(X),)
    assert sequences.dtype == object
    for x, expected in zip(sequences, X, strict=True):
        assert_array_equal(x, expected)
    assert as_column(form(X)).shape == (len(X), 1)


@pytest.mark.parametrize("X", [[[1, 2], [3, 4]], [[1, 2, 3], [4]], np.array([[1, 2], [3, 4]])])
def test_as_sequences_takes_rows_as_sequences_and_keeps_integers(X):
    sequences = as_sequences(X)
    assert [x.tolist() for x in sequences] == [list(row) for row in X]
    assert {x.dtype.kind for x in sequences} == {"i"}


def test_as_sequences_leaves_its_own_result_unchanged():
    X = as_sequences(ragged())
    assert all(x is y for x, y in zip(X, as_sequences(X), strict=True))
    assert all(x is y for x, y in zip(X, as_sequences(as_column(X)), strict=True))


@pytest.mark.parametrize("case", ["empty sequence", "strings", "None", "a cube", "all missing", "1-D"])
def test_as_sequences_raises_the_same_errors_as_estimators(case):
    X, message = ERRORS[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        as_sequences(X)


@pytest.mark.parametrize(
    "kind", [lambda x: array.array("d", x), lambda x: memoryview(np.array(x))], ids=["array", "view"]
)
def test_buffers_of_unequal_length_are_refused_with_what_reads_them(kind):
    X = [kind([1.0, 2.0]), kind([3.0, 4.0, 5.0])]
    with pytest.raises(ValueError, match=r"2 values in row 0 and 3 in row 1.*pass as_sequences\(X\)"):
        parse_sequences(BaseEstimator(), X, reset=True)
    with pytest.raises(ValueError, match=r"2 to 3 values per row.*pass as_sequences\(y\)"):
        flatten_numbers(X)
    assert [x.tolist() for x in as_sequences(X)] == [[1.0, 2.0], [3.0, 4.0, 5.0]]
