"""PerSequence: a function or a transformer of each sequence by itself, in every container of sequences."""

import pickle
import re
import warnings
from functools import partial

import numpy as np
import pytest
from checks import MORE_CHECKS, scikit_learns_checks
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction import DictVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_recurrent import (
    LSTMClassifier,
    PerSequence,
    PerTimestep,
    SequenceDataWarning,
    SequencePadder,
    SequenceTokenizer,
    as_column,
    as_sequences,
)
from sklearn_recurrent._data.marks import TOKENS, TRANSFORMED, mark_of

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)) * [1.0, 10.0] + 5.0 for n in [3, 2, 4, 4]]
SCALED = [StandardScaler().fit_transform(x) for x in X]


def diff(x):
    return np.diff(x, axis=0)


def twice(x):
    return np.concatenate([x, x])


def ffill(x):
    return x.ffill()


def centered(x):
    return x - x.mean(axis=0)


def padded(sequences, padding="post", maxlen=6):
    return SequencePadder(maxlen, padding=padding).fit_transform(list(sequences))


def assert_sequences(result, expected):
    assert result.dtype == object
    assert result.shape == (len(expected),)
    for x, y in zip(result, expected, strict=True):
        assert x.shape == np.shape(y)
        assert_allclose(x, y, atol=1e-14)


# --- the contract -----------------------------------------------------------------------------------------------------


@scikit_learns_checks(
    [
        PerSequence(StandardScaler()),
        PerSequence(np.tanh),  # whose repr, unlike that of a function, holds no address
    ]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
@pytest.mark.parametrize(
    "check",
    [check for check in MORE_CHECKS if check != "check_get_feature_names_out_error"],  # there are no names before fit
)
@pytest.mark.parametrize("transformer", [StandardScaler(), centered], ids=["transformer", "function"])
def test_scikit_learns_further_checks(check, transformer):
    for library in ("pandas", "polars"):
        if library in check or (check.endswith("consistency") and library == "pandas"):
            pytest.importorskip(library)
    getattr(estimator_checks, check)("PerSequence", PerSequence(transformer))


def test_it_needs_no_fit():
    assert_sequences(PerSequence(StandardScaler()).transform(X), SCALED)
    per_sequence = PerSequence(diff)
    check_is_fitted(per_sequence)
    assert not get_tags(per_sequence).requires_fit
    per_sequence.transform(X)
    assert vars(per_sequence) == {"transformer": diff}


def test_parameters_are_nested_and_the_transformer_stays_unfitted():
    inner = StandardScaler()
    per_sequence = PerSequence(inner).set_params(transformer__with_mean=False)
    assert clone(per_sequence).get_params()["transformer__with_mean"] is False
    per_sequence.fit_transform(X)
    assert not hasattr(inner, "scale_")


def test_what_is_neither_function_nor_transformer_is_refused():
    with pytest.raises(ValueError, match="'transformer' parameter of PerSequence must be a callable or an object"):
        PerSequence(3).fit(X)
    with pytest.raises(TypeError, match="provide an instance of scikit-learn estimator instead of a class"):
        PerSequence(StandardScaler).fit_transform(X)


# --- each sequence by itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [list, tuple, as_sequences, "Series"])
@pytest.mark.parametrize("rows", [slice(None), slice(1), slice(2, 4)], ids=["ragged", "one", "equal lengths"])
def test_a_clone_is_fitted_on_each_sequence_alone(form, rows):
    form = pytest.importorskip("pandas").Series if form == "Series" else form
    scaler = PerSequence(StandardScaler()).fit(form(X))
    assert scaler.n_features_in_ == 2
    assert_sequences(scaler.transform(form(X[rows])), SCALED[rows])


@pytest.mark.parametrize("form", [as_column, "frame"])
def test_a_column_gives_a_column(form):
    column = pytest.importorskip("pandas").DataFrame({"walk": X}) if form == "frame" else form(X)
    scaled = PerSequence(StandardScaler()).fit_transform(column)
    assert scaled.shape == (4, 1)
    assert_sequences(scaled[:, 0], SCALED)


@pytest.mark.parametrize("padding", ["pre", "post"])
def test_a_3d_array_hands_over_its_steps_and_keeps_its_padding(padding):
    scaled = PerSequence(StandardScaler()).fit_transform(padded(X, padding))
    assert_allclose(scaled, padded(SCALED, padding))


@pytest.mark.parametrize("padding", ["pre", "post"])
def test_results_of_another_length_are_padded_at_the_end(padding):
    assert_array_equal(
        PerSequence(diff).fit_transform(padded(X, padding)), padded([diff(x) for x in X], "post", maxlen=3)
    )
    assert_array_equal(
        PerSequence(twice).fit_transform(padded(X, padding)), padded([twice(x) for x in X], "post", maxlen=8)
    )


def test_a_row_of_a_matrix_is_a_sequence():
    matrix = np.array([[0.0, 2.0, 4.0], [1.0, 1.0, 4.0]])
    assert_array_equal(PerSequence(np.diff).fit_transform(matrix), [[2, 2], [0, 3]])
    assert_array_equal(PerSequence(MinMaxScaler()).fit_transform(matrix), [[0, 0.5, 1], [0, 0, 1]])
    pairs = PerSequence(lambda x: np.column_stack([x, x * 2])).fit_transform(matrix)
    assert_array_equal(pairs, np.stack([matrix, matrix * 2], axis=2))
    with pytest.raises(
        ValueError, match=r"equal length for a 2-D X, got 2 time steps for row 0 and 1 for row 1. .*as_s"
    ):
        PerSequence(lambda x: x[x > 1]).fit(matrix).transform(matrix)


@pytest.mark.parametrize("shape", ["1-D", "2-D"])
def test_a_function_gets_what_came_and_gives_what_it_returns(shape):
    given = [np.arange(3), np.arange(4)]
    if shape == "2-D":
        given = [x[:, None] for x in given]
    seen = []
    result = PerSequence(lambda x: seen.append(x) or x * 2).fit_transform(given)
    assert_sequences(result, [x * 2 for x in given])
    for x, y in zip(seen, given, strict=True):
        assert x.dtype == y.dtype
        assert_array_equal(x, y)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_stay_frames(library):
    module = pytest.importorskip(library)
    frames = [module.DataFrame({"v": [1.0, None], "k": ["x", None]}), module.DataFrame({"v": [3.0], "k": ["y"]})]
    fill = ffill if library == "pandas" else partial(module.DataFrame.fill_null, strategy="forward")
    per_sequence = PerSequence(fill).fit(frames)
    if not hasattr(MinMaxScaler().fit(frames[1][["v"]]), "feature_names_in_"):
        pytest.skip("this scikit-learn finds no names in frames of this library")
    assert per_sequence.feature_names_in_.tolist() == ["v", "k"]
    filled = per_sequence.transform(frames)
    assert all(isinstance(frame, module.DataFrame) for frame in filled)
    assert [list(frame.columns) for frame in filled] == [["v", "k"]] * 2
    columns = ColumnTransformer([("v", MinMaxScaler(), ["v"]), ("k", OneHotEncoder(), ["k"])])
    assert_sequences(PerTimestep(columns).fit_transform(filled), [[[0, 1, 0], [0, 1, 0]], [[1, 0, 1]]])
    with pytest.raises(ValueError, match="Feature names unseen at fit time"):
        per_sequence.transform([module.DataFrame({"w": [1.0], "k": ["x"]})])


def test_a_transformer_may_keep_the_names_of_columns():
    pandas = pytest.importorskip("pandas")
    frames = [pandas.DataFrame(x, columns=["a", "b"]) for x in X]
    assert_sequences(PerSequence(StandardScaler()).fit_transform(frames), SCALED)
    scaled = PerSequence(StandardScaler().set_output(transform="pandas")).fit_transform(frames)
    assert list(scaled[0].columns) == ["a", "b"]
    assert_sequences(scaled, SCALED)


def test_a_frame_may_become_an_array():
    pandas = pytest.importorskip("pandas")
    frames = [pandas.DataFrame(x, columns=["a", "b"]) for x in X]
    assert_sequences(PerSequence(lambda frame: frame["a"]).fit_transform(frames), [x[:, 0] for x in X])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_series_are_sequences(library):
    Series = pytest.importorskip(library).Series
    assert_sequences(PerSequence(lambda x: x * 2).fit_transform([Series([1.0, 2.0]), Series([3.0])]), [[2, 4], [6]])
    assert_sequences(
        PerSequence(MinMaxScaler()).fit_transform([Series([1.0, 2.0]), Series([3.0])]), [[[0], [1]], [[0]]]
    )


def test_a_series_of_lists_is_an_array():
    polars = pytest.importorskip("polars")
    column = polars.Series("x", [x.tolist() for x in X])
    assert_sequences(PerSequence(StandardScaler()).fit_transform(column), SCALED)
    found = PerSequence(StandardScaler()).fit_transform(polars.DataFrame([column]))
    assert found.shape == (len(X), 1)
    assert_sequences(found[:, 0], SCALED)
    assert_sequences(PerSequence(diff).fit_transform(column), [diff(x) for x in X])


def test_strings_and_records_are_sequences():
    words = PerSequence(lambda x: x[x != "the"]).fit_transform([["the", "cat"], ["a"]])
    assert [x.tolist() for x in words] == [["cat"], ["a"]]
    assert SequenceTokenizer().fit(words).tokens_.tolist()[2:] == ["a", "cat"]
    binned = PerSequence(lambda x: np.where(x > 0, "up", "down")).fit_transform([np.array([1, -1]), np.array([2])])
    assert [x.tolist() for x in binned] == [["up", "down"], ["up"]]
    vectors = PerSequence(DictVectorizer()).fit_transform([[{"a": 1.0}], [{"a": 2.0}, {"a": 3.0}]])
    assert_sequences(vectors, [[[1]], [[2], [3]]])


def test_a_transformer_without_fit_transform_is_fitted_and_asked():
    class Largest(BaseEstimator):
        def fit(self, X, y=None):
            self.largest_ = X.max()
            return self

        def transform(self, X):
            return X / self.largest_

    assert_sequences(PerSequence(Largest()).fit_transform([np.array([1.0, 2.0])]), [[[0.5], [1.0]]])


# --- dtypes, missing values, copies, marks ----------------------------------------------------------------------------


def test_float32_is_preserved():
    for form in [list, padded]:
        assert PerSequence(StandardScaler()).fit_transform(form([x.astype(np.float32) for x in X]))[0].dtype == "f4"


def test_all_results_have_one_dtype():
    result = PerSequence(lambda x: x.astype(np.float32) if len(x) > 2 else x.astype(int)).fit_transform(X)
    assert {x.dtype.str for x in result} == {"<f8"}


def test_missing_values_are_handed_over_and_may_be_returned():
    holes = [np.array([[1.0], [np.nan], [3.0]]), np.array([[np.nan], [2.0]])]
    shifted = PerSequence(lambda x: np.concatenate([[[np.nan]], x[:-1]])).fit_transform(holes)
    assert_sequences(shifted, [[[np.nan], [1], [np.nan]], [[np.nan], [np.nan]]])
    with pytest.raises(ValueError, match="NaN in sequence 1, step 0, feature 0, and PCA takes no missing values"):
        PerSequence(PCA(1)).fit_transform([np.array([[1.0], [2.0]]), holes[1]])


@pytest.mark.parametrize("form", [list, padded, "frames", "records"])
def test_what_works_in_place_does_not_change_X(form):
    if form == "records":
        given = [[{"a": 1.0}]]
        PerSequence(lambda x: [record.clear() or [0.0] for record in x]).fit_transform(given)
        assert given == [[{"a": 1.0}]]
        return
    if form == "frames":
        pandas = pytest.importorskip("pandas")
        given = [pandas.DataFrame(x, columns=["a", "b"]) for x in X]
    else:
        given = form([x.copy() for x in X])
    before = pickle.dumps(given)

    def in_place(x):
        x[:] = 0.0
        return x

    PerSequence(in_place).fit_transform(given)
    PerSequence(StandardScaler(copy=False)).fit_transform(given)
    assert pickle.dumps(given) == before


@pytest.mark.parametrize("form", [list, as_column, padded])
def test_a_result_is_marked_as_transformed(form):
    result = PerSequence(StandardScaler()).fit_transform(form(X))
    for array in [result] if form is padded else result.ravel():
        assert mark_of(array) == TRANSFORMED
    assert mark_of(PerSequence(np.diff).fit_transform(np.eye(3))) == TRANSFORMED


def test_tokens_that_are_cut_are_tokens_still():
    ids = SequenceTokenizer().fit_transform(["a b c", "b c"])
    cut = PerSequence(lambda x: x[:2]).fit_transform(ids)
    assert {mark_of(x) for x in cut} == {TOKENS}
    assert {x.dtype for x in cut} == {np.dtype(np.int32)}
    assert mark_of(PerSequence(lambda x: x[:2]).fit_transform(SequencePadder(value=0).fit_transform(ids))) == TOKENS
    assert {mark_of(x) for x in PerSequence(lambda x: x / 2).fit_transform(ids)} == {TRANSFORMED}


# --- what a function may not return -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (diff, r"at least one time step for sequence 1, of shape \(1, 2\), got shape \(0, 2\)"),
        (lambda x: x[:, :0], r"at least one feature for sequence 0, of shape \(3, 2\), got shape \(3, 0\)"),
        (np.mean, r"shape \(n_steps, n_features\) or \(n_steps,\) for sequence 0, got shape \(\)"),
        (lambda x: None, r"for sequence 0, got shape \(\)"),
        (lambda x: x[None], r"for sequence 0, got shape \(1, 3, 2\)"),
        (lambda x: x[: len(x) - 1 or 1, : len(x)], "got 2 for sequence 0 and 1 for sequence 1"),
        (lambda x: x / (len(x) - 1), "The result contains infinity in sequence 1, step 0, feature 0"),
        (lambda x: [[1], [1, 2]], "Expected an array as the result for sequence 0, got steps of unequal length"),
        (lambda x: x.astype("M8[s]"), "Expected numbers or strings as the result for sequence 0, got datetime64"),
        (lambda x: x + 1j, "Expected numbers or strings as the result for sequence 0, got complex128"),
        (lambda x: np.array([object()] * 3), "Expected numbers or strings as the result for sequence 0, got object"),
    ],
)
def test_every_result_is_checked(function, message):
    given = [np.ones((3, 2)), np.ones((1, 2))]
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=message):
        PerSequence(function).fit(given).transform(given)


def test_frames_of_several_columns_are_refused():
    pandas = pytest.importorskip("pandas")
    frames = [pandas.DataFrame({"a": [1.0, 2.0]}), pandas.DataFrame({"a": [1.0]})]
    with pytest.raises(ValueError, match=r"Expected all results to have the same columns .* for sequence 1"):
        PerSequence(lambda frame: frame.rename(columns={"a": f"a{len(frame)}"})).fit_transform(frames)
    with pytest.raises(ValueError, match="The result contains infinity in sequence 0, step 1, column 'a'"):
        PerSequence(lambda frame: frame.replace(2.0, np.inf)).fit_transform(frames)


def test_an_error_of_the_function_says_which_sequence_it_was_called_with():
    def fails(x):
        return x["a"] if len(x) == 2 else x

    with pytest.raises(IndexError) as caught:
        PerSequence(fails).fit_transform(X)
    assert caught.value.__notes__ == ["PerSequence called the function with sequence 1, of shape (2, 2)."]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([np.ones((2, 2)), np.ones((2, 3))], "got 2 in sequence 0 and 3 in sequence 1"),
        ([np.ones(2), np.ones(0)], "Expected sequence 1 to have at least one time step"),
        ([np.array([1.0, np.inf])], "infinity in sequence 0, step 1"),
    ],
)
def test_X_is_checked_as_everywhere(given, message):
    for method in ("fit", "transform"):
        with pytest.raises(ValueError, match=message):
            getattr(PerSequence(twice), method)(given)


def test_another_number_of_features_than_in_fit_is_refused():
    with pytest.raises(ValueError, match="X has 3 features, but PerSequence is expecting 2 features"):
        PerSequence(twice).fit(X).transform([np.ones((2, 3))])
    with pytest.raises(ValueError, match="fitted on sequences"):
        PerSequence(twice).fit(X).transform(np.eye(2))


# --- with others ------------------------------------------------------------------------------------------------------


def test_the_names_of_a_matrix_are_those_of_its_columns_or_numbered():
    matrix = np.arange(8.0).reshape(2, 4)
    assert PerSequence(np.cumsum).fit(matrix).get_feature_names_out(list("abcd")).tolist() == list("abcd")
    assert PerSequence(np.diff).fit(matrix).get_feature_names_out().tolist() == ["t0", "t1", "t2"]
    assert not hasattr(PerSequence(diff).fit(X), "get_feature_names_out")


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_output_settings_concern_matrices_only(container):
    library = pytest.importorskip(container)
    pytest.importorskip("pandas")
    scaler = PerSequence(StandardScaler()).set_output(transform=container)
    assert_sequences(scaler.fit_transform(X), SCALED)
    assert_allclose(scaler.fit_transform(padded(X)), padded(SCALED))
    assert isinstance(scaler.fit_transform(np.eye(3)), library.DataFrame)
    with config_context(transform_output=container):
        assert_sequences(PerSequence(StandardScaler()).transform(X), SCALED)


def test_it_is_searched_in_two_processes_and_pickled():
    y = [0, 1] * 10
    sequences = [RNG.normal(size=(4 + j % 3, 2)) for j in range(20)]
    pipeline = make_pipeline(PerSequence(StandardScaler()), LSTMClassifier(2, max_iter=1, random_state=0))
    grid = {"persequence__transformer": [StandardScaler(), FunctionTransformer(), diff]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise").fit(sequences, y)
    stored = pickle.loads(pickle.dumps(search))
    assert_array_equal(stored.predict_proba(sequences), search.predict_proba(sequences))


def test_a_fit_that_fails_changes_nothing():
    per_sequence = PerSequence(twice).fit(X)
    before = dict(vars(per_sequence))
    with pytest.raises(ValueError, match="infinity"):
        per_sequence.fit([np.full((2, 3), np.inf)])
    assert vars(per_sequence) == before


class Recorder(TransformerMixin, BaseEstimator):
    """Keeps what it is given."""

    seen = []

    def fit(self, X, y=None):
        Recorder.seen.append(X)
        return self

    def transform(self, X):
        return X


def test_a_transformer_gets_a_matrix():
    Recorder.seen.clear()
    PerSequence(Recorder()).fit_transform([np.arange(3), np.arange(2)])
    assert [x.shape for x in Recorder.seen] == [(3, 1), (2, 1)]


# --- zeros that pad ---------------------------------------------------------------------------------------------------

LONG = [RNG.normal(size=(n, 2)) + 5.0 for n in RNG.integers(4, 12, 30)]


def zero_padded(padding="post"):
    return SequencePadder(value=0.0, padding=padding).fit_transform(LONG)


def without_zeros(x):
    return x[x.any(axis=1)]


def doubled(x):
    return 2 * x


def above(x):
    return x + 1


@pytest.mark.parametrize("padding", ["post", "pre"])
@pytest.mark.parametrize("as_container", [np.asarray, list, as_column])
@pytest.mark.parametrize("transformer", [StandardScaler(), above, diff])
def test_zero_padding_that_is_transformed_is_warned_of_and_the_line_cuts_it_off(padding, as_container, transformer):
    padded = as_container(zero_padded(padding))
    with pytest.warns(SequenceDataWarning, match="of zeros alone, which PerSequence transforms like data") as caught:
        PerSequence(transformer).fit(padded)
    (line,) = re.findall(r"first: (X = .*?)\. To", str(caught[0].message))
    names = {"SequencePadder": SequencePadder, "np": np, "X": padded}
    exec(line, names)
    for x, expected in zip(names["X"], LONG, strict=True):
        assert_array_equal(x, expected)
    PerSequence(transformer).fit(names["X"])


@pytest.mark.parametrize("transformer", [without_zeros, doubled, OneHotEncoder(sparse_output=False)])
def test_zero_padding_that_is_cut_off_or_stays_is_not_warned_of(transformer):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceDataWarning)
        PerSequence(transformer).fit(zero_padded())
        PerSequence(StandardScaler()).fit(zero_padded().reshape(30, -1))


def test_a_function_that_fails_on_padding_names_the_sequence():
    def failing(x):
        raise KeyError("x")

    longest = int(np.argmin([len(x) for x in LONG]))
    with pytest.raises(KeyError) as error:
        PerSequence(failing).fit(zero_padded())
    assert f"with sequence {longest}," in error.value.__notes__[0]


def test_masked_numbers_of_a_result_are_nan():
    X = [np.array([1.0, -9.0, 3.0]), np.array([-9, 2])]
    for hide in (partial(np.ma.masked_equal, value=-9), lambda x: list(np.ma.masked_equal(x[:, None], -9))):
        first, second = PerSequence(hide).fit_transform(X)
        assert np.array_equal(np.ravel(first), [1, np.nan, 3], equal_nan=True)
        assert np.array_equal(np.ravel(second), [np.nan, 2], equal_nan=True)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_frames_of_a_column_can_be_put_into_every_output_of_a_column_transformer(library, container):
    library = pytest.importorskip(library)
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("polars")
    cells = [library.DataFrame({"a": x[:, 0], "b": x[:, 1]}) for x in X]
    table = pandas.DataFrame({"x": pandas.Series(cells, dtype=object), "age": [1.0, 2.0, 3.0, 4.0]})
    columns = ColumnTransformer([("x", PerSequence(diff_of_frame), ["x"])], remainder="passthrough")
    result = columns.set_output(transform=container).fit_transform(table)
    cells = result[:, 0] if container == "default" else list(result[result.columns[0]])
    for cell, x in zip(cells, X, strict=True):
        assert_allclose(np.asarray(cell), np.diff(x, axis=0))
    assert_allclose(table["x"][0], X[0])


def diff_of_frame(x):
    if hasattr(x, "iloc"):
        return x.diff().iloc[1:]
    return x.select([x[name].diff() for name in x.columns])[1:]
