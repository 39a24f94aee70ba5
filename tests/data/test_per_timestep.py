"""PerTimestep: a transformer of time steps, in every container of sequences."""

import re
import warnings

import numpy as np
import pandas
import polars
import pytest
from checks import MORE_CHECKS, scikit_learns_checks
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.utils import estimator_checks, get_tags

from sklearn_recurrent import (
    GRUClassifier,
    LSTMClassifier,
    PerSequence,
    PerTimestep,
    SequenceDataWarning,
    SequencePadder,
    SequenceTokenizer,
    as_column,
    as_sequences,
)
from sklearn_recurrent._data import steps
from sklearn_recurrent._data.marks import TRANSFORMED, mark_of

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)) * [1.0, 10.0] + 5.0 for n in [3, 1, 4, 4]]
SCALED = [StandardScaler().fit(np.concatenate(X)).transform(x) for x in X]


def padded(sequences, padding="post"):
    return SequencePadder(6, padding=padding).fit_transform(list(sequences))


def assert_sequences(result, expected):
    assert result.dtype == object
    assert result.shape == (len(expected),)
    for x, y in zip(result, expected, strict=True):
        assert_allclose(x, y)


# --- the contract -----------------------------------------------------------------------------------------------------


@scikit_learns_checks(
    [
        PerTimestep(StandardScaler()),
        PerTimestep(MinMaxScaler()),
        PerTimestep(Normalizer()),
        PerTimestep(PCA(1)),
        PerTimestep(PolynomialFeatures()),
        PerTimestep(SelectKBest(k=1)),
        PerTimestep(FunctionTransformer()),
    ]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings(
    "ignore:X (has|does not have valid) feature names"
)  # the checks fit and predict with and without names
@pytest.mark.parametrize("check", MORE_CHECKS)
def test_scikit_learns_further_checks(check):
    if check.endswith(("pandas", "consistency")):
        pytest.importorskip("pandas")
    if check.endswith("polars"):
        pytest.importorskip("polars")
    getattr(estimator_checks, check)("PerTimestep", PerTimestep(StandardScaler()))


# --- the container follows the input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [list, tuple, as_sequences, "Series"])
@pytest.mark.parametrize("rows", [slice(None), slice(1), slice(2, 4)], ids=["ragged", "one", "equal lengths"])
def test_a_ragged_container_gives_an_object_array(form, rows):
    form = pytest.importorskip("pandas").Series if form == "Series" else form
    scaler = PerTimestep(StandardScaler()).fit(form(X))
    assert scaler.n_features_in_ == 2
    assert_sequences(scaler.transform(form(X[rows])), SCALED[rows])


@pytest.mark.parametrize("form", [as_column, "frame"])
def test_a_column_gives_a_column(form):
    column = pytest.importorskip("pandas").DataFrame({"walk": X}) if form == "frame" else form(X)
    scaled = PerTimestep(StandardScaler()).fit_transform(column)
    assert scaled.shape == (4, 1)
    assert_sequences(scaled[:, 0], SCALED)


@pytest.mark.parametrize("padding", ["pre", "post"])
def test_a_3d_array_keeps_its_padding(padding):
    scaled = PerTimestep(StandardScaler()).fit_transform(padded(X, padding))
    assert_allclose(scaled, padded(SCALED, padding))


def test_a_matrix_stays_2d_if_the_transformer_returns_one_feature():
    matrix = np.arange(12.0).reshape(3, 4)
    scaled = PerTimestep(StandardScaler()).fit_transform(matrix)
    assert_allclose(scaled, (matrix - matrix.mean()) / matrix.std())
    powers = PerTimestep(PolynomialFeatures(2)).fit_transform(matrix)
    assert_allclose(powers, np.stack([matrix**0, matrix, matrix**2], axis=2))


@pytest.mark.parametrize("form", [list, padded])
def test_the_number_of_features_may_change(form):
    pca = PerTimestep(PCA(1)).fit(form(X))
    expected = [PCA(1).fit(np.concatenate(X)).transform(x) for x in X]
    result = pca.transform(form(X))
    assert_allclose(result, padded(expected)) if form is padded else assert_sequences(result, expected)


def test_float32_is_preserved():
    for form in [list, padded]:
        scaled = PerTimestep(StandardScaler()).fit_transform(form([x.astype(np.float32) for x in X]))
        assert scaled[0].dtype == np.float32


def test_integers_become_floats_in_a_3d_array():
    to_int = FunctionTransformer(lambda x: x.astype(int))
    assert PerTimestep(to_int).fit_transform(np.ones((2, 3, 1))).dtype == np.float64
    assert PerTimestep(to_int).fit_transform([np.ones(3)])[0].dtype == int


@pytest.mark.parametrize("scaler", [PerTimestep(StandardScaler()), PerSequence(StandardScaler())])
def test_sparse_columns_are_read_as_dense_ones(scaler):
    pandas = pytest.importorskip("pandas")
    frames = [pandas.DataFrame({"a": [1.0, 0.0, 3.0], "b": [0.0, 2.0, 4.0]}), pandas.DataFrame({"a": [5.0], "b": [1]})]
    expected = scaler.fit_transform(frames)
    for fill_value in (0.0, np.nan):
        sparse = [frame.astype(pandas.SparseDtype(float, fill_value)) for frame in frames]
        for x, like in zip(scaler.fit_transform(sparse), expected, strict=True):
            assert_array_equal(x, like)


def test_tensors_that_require_gradients_are_read():
    class Tensor:  # as those of PyTorch are: NumPy reads them after detach alone
        requires_grad = True
        shape = (3,)

        def __len__(self):
            return 3

        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("Call detach() first")

        def detach(self):
            return np.arange(3.0)

    for x in PerTimestep(StandardScaler()).fit_transform([Tensor(), Tensor()]):
        assert_allclose(x.ravel(), [-(1.5**0.5), 0, 1.5**0.5])


def test_sparse_output_becomes_dense():
    encoded = PerTimestep(OneHotEncoder()).fit_transform([np.array([1, 2]), np.array([2])])
    assert_sequences(encoded, [np.eye(2), np.eye(2)[1:]])


def test_X_is_not_changed():
    for form in [list, as_column, padded]:
        before, given = form([x.copy() for x in X]), form([x.copy() for x in X])
        PerTimestep(StandardScaler(copy=False)).fit(given)
        PerTimestep(StandardScaler(copy=True)).fit_transform(given)
        for x, y in zip(before, given, strict=True):
            assert_array_equal(x[0] if form is as_column else x, y[0] if form is as_column else y)


# --- back -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [list, padded, as_column])
@pytest.mark.parametrize("transformer", [StandardScaler(), PCA(2)], ids=repr)
def test_inverse_transform_inverts_transform_in_every_container(form, transformer):
    per_step = PerTimestep(transformer).fit(form(X))
    back = per_step.inverse_transform(per_step.transform(form(X)))
    if form is padded:
        assert_allclose(back, padded(X))
    else:
        assert_sequences(back[:, 0] if form is as_column else back, X)


@pytest.mark.parametrize("transformer", [StandardScaler(), OneHotEncoder()], ids=repr)
def test_inverse_transform_gives_a_matrix_after_a_fit_on_one(transformer):
    matrix = np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
    per_step = PerTimestep(transformer).fit(matrix)
    assert_allclose(per_step.inverse_transform(per_step.transform(matrix)), matrix, atol=1e-15)


def test_inverse_transform_does_not_change_the_estimator_if_features_differ():
    pca = PerTimestep(PCA(1)).fit(X)
    before = dict(vars(pca))
    assert pca.inverse_transform(pca.transform(X))[0].shape == X[0].shape
    assert vars(pca) == before


def test_inverse_transform_exists_if_the_transformer_has_it():
    assert hasattr(PerTimestep(StandardScaler()), "inverse_transform")
    assert not hasattr(PerTimestep(Normalizer()), "inverse_transform")


# --- missing values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [list, padded])
def test_missing_values_reach_a_transformer_that_allows_them_and_padding_does_not(form):
    holes = [np.array([[1.0, 2.0], [np.nan, 4.0], [3.0, 9.0]]), np.array([[5.0, np.nan]])]
    filled = [np.array([[1.0, 2.0], [3.0, 4.0], [3.0, 9.0]]), np.array([[5.0, 5.0]])]
    result = PerTimestep(SimpleImputer()).fit_transform(form(holes))
    assert_array_equal(result, padded(filled)) if form is padded else assert_sequences(result, filled)


def with_nan(form=list):
    holes = [x.copy() for x in X]
    holes[2][1, 1] = np.nan
    return form(holes)


@pytest.mark.parametrize("form", [list, padded, as_column])
def test_a_pipeline_may_impute_before_it_transforms(form):
    steps = np.concatenate(with_nan())
    expected = make_pipeline(SimpleImputer(), StandardScaler()).fit(steps)
    result = PerTimestep(make_pipeline(SimpleImputer(), StandardScaler())).fit_transform(with_nan(form))
    filled = [expected.transform(x) for x in with_nan()]
    assert_array_equal(result, padded(filled)) if form is padded else assert_sequences(result.ravel(), filled)


def test_missing_values_are_kept_where_the_transformer_keeps_them():
    result = PerTimestep(FunctionTransformer(np.abs)).fit_transform(with_nan())
    assert_sequences(result, [np.abs(x) for x in with_nan()])


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_where_a_missing_value_is_that_the_transformer_refuses_is_said(method):
    per_step = PerTimestep(PCA()) if method == "fit" else PerTimestep(PCA()).fit(X)
    with pytest.raises(ValueError, match="Input X contains NaN in sequence 2, step 1, feature 1, and PCA takes no"):
        getattr(per_step, method)(with_nan())


def test_infinity_is_refused_in_every_form():
    frames = pytest.importorskip("pandas").DataFrame({"a": [1.0, np.inf]})
    with pytest.raises(ValueError, match="contains infinity in sequence 1, step 0, feature 0"):
        PerTimestep(FunctionTransformer()).fit([np.ones(2), np.array([np.inf])])
    with pytest.raises(ValueError, match="contains infinity in sequence 0, step 1, column 'a'"):
        PerTimestep(FunctionTransformer()).fit([frames])


# --- as a meta-estimator ----------------------------------------------------------------------------------------------


def test_parameters_are_nested_and_the_transformer_is_cloned():
    inner = StandardScaler()
    scaler = PerTimestep(inner).set_params(transformer__with_mean=False)
    assert clone(scaler).get_params()["transformer__with_mean"] is False
    scaler.fit(X)
    assert not hasattr(inner, "mean_")
    assert scaler.transformer_ is not inner


def test_the_target_of_a_sequence_is_repeated_for_each_step():
    sequences = [np.array([[0.0, 1.0], [0.0, 2.0]]), np.array([[9.0, 2.0], [9.5, 1.0], [9.0, 3.0]])]
    selected = PerTimestep(SelectKBest(k=1)).fit_transform(sequences, ["low", "high"])
    assert_sequences(selected, [x[:, :1] for x in sequences])


def test_ragged_targets_are_not_passed_on():
    y = [np.zeros(len(x)) for x in X]
    assert_sequences(PerTimestep(StandardScaler()).fit_transform(X, y), SCALED)


@pytest.mark.parametrize("routing", [False, True])
def test_sample_weight_reaches_each_step(routing):
    weights = np.array([1.0, 0.0, 2.0, 0.0])
    expected = StandardScaler().fit(np.concatenate([X[0], X[2], X[2]]))
    with config_context(enable_metadata_routing=routing):
        inner = StandardScaler().set_fit_request(sample_weight=True) if routing else StandardScaler()
        scaler = PerTimestep(inner).fit(X, sample_weight=weights)
        assert_allclose(scaler.transformer_.mean_, expected.mean_)
        if routing:
            pipeline = make_pipeline(PerTimestep(inner)).fit(X, sample_weight=weights)
            assert_allclose(pipeline[0].transformer_.mean_, expected.mean_)


def test_parameters_without_an_entry_per_sequence_are_passed_unchanged():
    class Recorder(StandardScaler):
        def fit(self, X, y=None, note=None):
            self.note_ = note
            return super().fit(X)

    for note in ["ab", 3.0, [1, 2], None]:
        assert PerTimestep(Recorder()).fit(X, note=note).transformer_.note_ is note


def test_tags_survive_odd_transformers():
    assert not get_tags(PerTimestep("scale")).input_tags.allow_nan
    assert get_tags(PerTimestep(StandardScaler())).input_tags.allow_nan


def test_a_transformer_must_return_one_row_per_step():
    for function in [lambda x: x[:-1], lambda x: x.ravel()]:
        with pytest.raises(ValueError, match=r"return one row per time step, got shape \(.*\) for an input of shape"):
            PerTimestep(FunctionTransformer(function)).fit(X)


def test_a_transformer_need_not_be_of_a_class_of_scikit_learns():
    class Centered(BaseEstimator):
        def fit(self, X, y=None):
            self.mean_ = X.mean(axis=0)
            return self

        def transform(self, X):
            return X - self.mean_

    result = PerTimestep(Centered()).fit_transform([np.array([1.0, 2.0]), np.array([3.0])])
    assert_sequences(result, [[[-1], [0]], [[1]]])


def test_what_is_no_transformer_is_refused():
    with pytest.raises(ValueError, match="'transformer' parameter of PerTimestep must be an object implementing"):
        PerTimestep("scale").fit(X)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_output_settings_concern_matrices_only(container):
    library = pytest.importorskip(container)
    pytest.importorskip("pandas")
    scaler = PerTimestep(StandardScaler()).set_output(transform=container)
    assert_sequences(scaler.fit_transform(X), SCALED)
    assert_allclose(
        make_pipeline(scaler).fit(padded(X)).set_output(transform=container)[0].transform(padded(X)), padded(SCALED)
    )
    assert isinstance(scaler.fit_transform(np.eye(3)), library.DataFrame)
    with config_context(transform_output=container):
        assert_sequences(PerTimestep(StandardScaler()).fit_transform(X), SCALED)


def test_a_column_passes_through_ColumnTransformer():
    transformer = ColumnTransformer([("walk", PerTimestep(StandardScaler()), [0])])
    scaled = transformer.fit_transform(as_column(X))
    assert_sequences(np.asarray(scaled)[:, 0], SCALED)


@pytest.mark.parametrize("form", [list, as_sequences, as_column, padded])
def test_a_pipeline_of_steps_runs_in_cross_validation(form):
    pipeline = make_pipeline(
        PerTimestep(StandardScaler()), SequencePadder(6, value=0, flatten=True), LinearRegression()
    )
    assert cross_val_predict(pipeline, form(X), np.arange(4.0), cv=2).shape == (4,)


@pytest.mark.parametrize("shape", [(3, 4, 2), (3, 4)], ids=["3-D", "2-D"])
def test_a_transformer_that_works_in_place_does_not_change_X(shape):
    X = np.arange(float(np.prod(shape))).reshape(shape)
    before = X.copy()
    PerTimestep(StandardScaler(copy=False)).fit_transform(X)
    assert_array_equal(X, before)


# --- steps that are not numbers ---------------------------------------------------------------------------------------

WORDS = [["u", "v", "u"], ["vv"], ["v", "u", "vv", "u"], ["u"]]
ENCODED = [OneHotEncoder().fit([[w] for x in WORDS for w in x]).transform([[w] for w in x]).toarray() for x in WORDS]


def arrays_of(dtype):
    return lambda lists: [np.array(x, dtype=dtype) for x in lists]


def series_of(dtype):
    return lambda lists: [pytest.importorskip("pandas").Series(x, dtype=dtype) for x in lists]


@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        arrays_of(str),
        arrays_of(object),
        lambda lists: [np.array(x)[:, None] for x in lists],
        series_of("object"),
        series_of("category"),
        series_of("string"),
        lambda lists: np.fromiter(lists, object, len(lists)),
        lambda lists: pytest.importorskip("pandas").Series(lists),
        lambda lists: pytest.importorskip("polars").Series(lists),
    ],
    ids=[
        "lists",
        "tuple",
        "str",
        "object",
        "2-D",
        "Series",
        "categories",
        "string",
        "object array",
        "pandas",
        "polars",
    ],
)
@pytest.mark.parametrize("rows", [slice(None), slice(1)], ids=["ragged", "one"])
def test_strings_of_every_kind_are_encoded(form, rows):
    per_step = PerTimestep(OneHotEncoder()).fit(form(WORDS))
    assert per_step.n_features_in_ == 1
    assert_sequences(per_step.transform(form(WORDS[rows])), ENCODED[rows])


def test_the_names_of_encoded_strings_are_those_of_the_categories():
    assert PerTimestep(OneHotEncoder()).fit(WORDS).get_feature_names_out().tolist() == ["x0_u", "x0_v", "x0_vv"]


@pytest.mark.parametrize("library", ["numpy", "pandas", "polars"])
def test_a_column_of_strings_gives_a_column(library):
    column = np.fromiter(WORDS, object, 4)[:, None]
    if library != "numpy":
        column = pytest.importorskip(library).DataFrame({"word": WORDS})
    encoded = PerTimestep(OneHotEncoder()).fit_transform(column)
    assert encoded.shape == (4, 1)
    assert_sequences(encoded[:, 0], ENCODED)


def test_the_lengths_of_lists_of_strings_do_not_say_what_they_are():
    encoded = PerTimestep(OneHotEncoder()).fit_transform([["u", "v"], ["v", "v"]])
    assert_sequences(encoded, [np.eye(2), np.eye(2)[[1, 1]]])


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_cube_of_objects_is_padded_by_steps_that_hold_nothing(missing):
    cube = np.full((2, 4, 2), missing, dtype=object)
    cube[0, 1:3] = [["a", 1], ["b", 2]]
    cube[1, :1] = [["b", 3]]
    columns = ColumnTransformer([("kind", OneHotEncoder(), [0]), ("value", MinMaxScaler(), [1])])
    encoded = PerTimestep(columns).fit_transform(cube)
    assert encoded.shape == (2, 4, 3)
    assert_array_equal(encoded[0, 1:3], [[1, 0, 0], [0, 1, 0.5]])
    assert_array_equal(encoded[1, :1], [[0, 1, 1]])
    assert np.isnan(encoded).sum() == 5 * 3


@pytest.mark.parametrize("dtype", [str, object])
def test_strings_in_one_array_are_a_step_each_like_numbers(dtype):
    matrix = np.array([["a", "b"], ["b", "c"]], dtype=dtype)
    assert_array_equal(PerTimestep(OneHotEncoder()).fit_transform(matrix), np.eye(3)[[[0, 1], [1, 2]]])
    assert_array_equal(PerTimestep(OrdinalEncoder()).fit_transform(matrix), [[0, 1], [1, 2]])
    assert_array_equal(PerTimestep(OneHotEncoder()).fit_transform(matrix[:, :, None]), np.eye(3)[[[0, 1], [1, 2]]])


def test_numbers_beside_strings_stay_numbers():
    steps = [[("u", 1.0), ("v", 3.0)], [("u", 2.0)]]
    columns = ColumnTransformer([("kind", OneHotEncoder(), [0]), ("value", MinMaxScaler(), [1])])
    assert_sequences(PerTimestep(columns).fit_transform(steps), [[[1, 0, 0], [0, 1, 1]], [[1, 0, 0.5]]])
    mixed = [np.array(["u", "v"]), np.array([1.0])]
    seen = []
    PerTimestep(FunctionTransformer(lambda x: seen.append(x) or np.zeros((len(x), 1)))).fit_transform(mixed)
    assert seen[-1].ravel().tolist() == ["u", "v", 1.0]


def test_strings_come_back_from_the_inverse():
    per_step = PerTimestep(OneHotEncoder()).fit(WORDS)
    back = per_step.inverse_transform(per_step.transform(WORDS))
    assert [x.ravel().tolist() for x in back] == WORDS


def test_what_was_fitted_on_strings_reads_numbers_as_objects():
    per_step = PerTimestep(OneHotEncoder(handle_unknown="ignore")).fit([["u", "v"], ["u"]])
    for other in ([[1, 2], [3]], [np.array([1, 2]), np.array([3])]):
        assert_sequences(per_step.transform(other), [np.zeros((2, 2)), np.zeros((1, 2))])


# --- frames -----------------------------------------------------------------------------------------------------------

COLUMNS = ColumnTransformer(
    [("number", MinMaxScaler(), ["v"]), ("kind", OneHotEncoder(), ["k"]), ("whole", MaxAbsScaler(), ["i"])]
)
TABLE = {"i": [3, 1, 2, 5], "v": [0.0, 2.0, 1.0, 4.0], "k": ["x", "y", "x", "x"]}
CUTS = [(0, 2), (2, 3), (3, 4)]


def frames(library, table=TABLE, cuts=CUTS):
    if library == "narwhals":
        nw = pytest.importorskip("narwhals")
        return [nw.from_native(frame) for frame in frames("polars", table, cuts)]
    if library == "pyarrow":
        make = pytest.importorskip("pyarrow").table
    elif library == "categories":
        pandas = pytest.importorskip("pandas")

        def make(table):
            return pandas.DataFrame(table).astype({"k": "category"})
    else:
        make = pytest.importorskip(library).DataFrame
    skip_without_names(make)
    return [make({name: column[a:b] for name, column in table.items()}) for a, b in cuts]


def skip_without_names(make):
    """scikit-learn before 1.9 finds the names of columns by a protocol that polars has left in its version 2."""
    frame = make({"k": [1.0, 2.0]})
    try:
        ColumnTransformer([("k", StandardScaler(), ["k"])]).fit(frame)
    except Exception:  # of a different class in each version
        pytest.skip(f"this scikit-learn finds no names in a {type(frame)}")


FRAMES = ["pandas", "categories", "polars", "narwhals", "pyarrow"]


@pytest.mark.parametrize("library", FRAMES)
def test_columns_are_transformed_by_name(library):
    per_step = PerTimestep(COLUMNS).fit(frames(library))
    expected = [[[0, 1, 0, 0.6], [0.5, 0, 1, 0.2]], [[0.25, 1, 0, 0.4]], [[1, 1, 0, 1]]]
    assert_sequences(per_step.transform(frames(library)), expected)
    assert per_step.n_features_in_ == 3
    assert per_step.feature_names_in_.tolist() == ["i", "v", "k"]
    assert per_step.get_feature_names_out().tolist() == ["number__v", "kind__k_x", "kind__k_y", "whole__i"]


@pytest.mark.parametrize("library", FRAMES)
def test_the_transformer_gets_one_frame_of_the_same_library_and_its_columns_keep_their_types(library):
    seen = []
    PerTimestep(FunctionTransformer(lambda frame: seen.append(frame) or np.zeros((len(frame), 1)))).fit_transform(
        frames(library)
    )
    frame = seen[-1]
    expected = frames("polars" if library == "narwhals" else library, cuts=[(0, 4)])[0]
    assert type(frame) is type(expected)
    assert frame.equals(expected)


@pytest.mark.parametrize("container", [as_column, "frame", "Series"])
def test_frames_may_come_in_any_container(container):
    given = np.fromiter(frames("pandas"), object, 3)
    if container == "Series":
        given = pytest.importorskip("pandas").Series(given)
    elif container == "frame":
        given = pytest.importorskip("pandas").DataFrame({"series": given})
    else:
        given = given[:, None]
    result = PerTimestep(COLUMNS).fit_transform(given)
    assert result.shape == (3,) if container == "Series" else (3, 1)
    assert_sequences(result.ravel(), PerTimestep(COLUMNS).fit_transform(frames("pandas")))


@pytest.mark.parametrize("library", FRAMES)
def test_names_are_checked_as_scikit_learn_checks_them(library):
    per_step = PerTimestep(COLUMNS).fit(frames(library))
    other_order = frames(library, {name: TABLE[name] for name in ("v", "i", "k")})
    other_names = frames(library, {"i": TABLE["i"], "w": TABLE["v"], "k": TABLE["k"]})
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        per_step.transform(other_order)
    with pytest.raises(ValueError, match="Feature names unseen at fit time:\n- w"):
        per_step.transform(other_names)
    for others in (other_order, other_names):
        with pytest.raises(ValueError, match=r"feature names of sequence 1 should match those of sequence 0"):
            PerTimestep(COLUMNS).fit([frames(library)[0], others[1]])


def test_frames_of_numbers_are_scaled_like_their_arrays():
    pandas = pytest.importorskip("pandas")
    scaler = PerTimestep(StandardScaler()).fit([pandas.DataFrame(x, columns=["a", "b"]) for x in X])
    assert_sequences(scaler.transform([pandas.DataFrame(x, columns=["a", "b"]) for x in X]), SCALED)
    assert scaler.transformer_.feature_names_in_.tolist() == ["a", "b"]
    with pytest.warns(UserWarning, match="X does not have valid feature names") as caught:
        assert_sequences(scaler.transform(X), SCALED)
    assert "but PerTimestep was fitted with feature names" in str(caught[0].message)


def test_a_frame_with_missing_values_is_imputed_by_column():
    pandas = pytest.importorskip("pandas")
    holes = [pandas.DataFrame({"v": [1.0, None], "k": ["x", None]}), pandas.DataFrame({"v": [3.0], "k": ["x"]})]
    columns = ColumnTransformer(
        [("v", SimpleImputer(), ["v"]), ("k", SimpleImputer(strategy="most_frequent"), make_column_selector("k"))]
    )
    result = PerTimestep(columns).fit_transform(holes)
    assert [x.tolist() for x in result] == [[[1.0, "x"], [2.0, "x"]], [[3.0, "x"]]]


def test_nullable_columns_become_numbers():
    pandas = pytest.importorskip("pandas")
    holes = [
        pandas.DataFrame({"v": pandas.array([1, None], "Int64")}),
        pandas.DataFrame({"v": pandas.array([3], "Int64")}),
    ]
    assert_sequences(PerTimestep(FunctionTransformer()).fit_transform(holes), [[[1], [np.nan]], [[3]]])
    assert_sequences(PerTimestep(SimpleImputer()).fit_transform(holes), [[[1], [2]], [[3]]])


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_a_transformer_may_return_frames(output):
    skip_without_names(pytest.importorskip(output).DataFrame)
    columns = clone(COLUMNS).set_params(kind__sparse_output=False).set_output(transform=output)
    assert_sequences(
        PerTimestep(columns).fit_transform(frames("pandas")), PerTimestep(COLUMNS).fit_transform(frames("pandas"))
    )


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_times_are_no_numbers(library):
    times = np.array(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"], "M8[ns]")
    X = frames(library, {"t": times, "v": TABLE["v"]})
    for transformer in (StandardScaler(), make_pipeline("passthrough", StandardScaler())):
        with pytest.raises(ValueError, match="in the column 't': StandardScaler would read times as numbers"):
            PerTimestep(transformer).fit(X)
    with pytest.raises(ValueError, match="in the column 't'"):
        PerTimestep(StandardScaler()).fit(frames(library, {"t": times}))
    named = PerTimestep(ColumnTransformer([("v", MinMaxScaler(), ["v"])])).fit_transform(X)
    assert_sequences(named, [[[0], [0.5]], [[0.25]], [[1]]])
    with pytest.raises(ValueError, match=r"Expected numbers in sequence 0, got times \(datetime64"):
        PerTimestep(StandardScaler()).fit([times])


def test_times_reach_a_transformer_of_times():
    pytest.importorskip("pandas")
    times = np.array(["2026-01-01T05", "2026-01-02T06", "2026-01-03T07", "2026-01-04T08"], "M8[ns]")
    hours = FunctionTransformer(lambda frame: frame.apply(lambda column: column.dt.hour))
    assert_sequences(PerTimestep(hours).fit_transform(frames("pandas", {"t": times})), [[[5], [6]], [[7]], [[8]]])


# --- records ----------------------------------------------------------------------------------------------------------

RECORDS = [[{"a": 1.0, "b": 2.0}, {"a": 3.0}], [{"b": 4.0, "c": "x"}]]
VECTORS = [[[1, 2, 0], [3, 0, 0]], [[0, 4, 1]]]


@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        lambda X: [tuple(x) for x in X],
        lambda X: [np.array(x) for x in X],
        lambda X: np.fromiter(X, object, len(X)),
        lambda X: pytest.importorskip("pandas").Series(X),
    ],
)
def test_records_become_vectors(form):
    per_step = PerTimestep(DictVectorizer()).fit(form(RECORDS))
    assert_sequences(per_step.transform(form(RECORDS)), VECTORS)
    assert_sequences(per_step.transform(form(RECORDS[:1])), VECTORS[:1])
    assert per_step.get_feature_names_out().tolist() == ["a", "b", "c=x"]


def test_records_come_back_from_the_inverse():
    numbers = [[{"a": 1.0, "b": 2.0}, {"a": 3.0}], [{"b": 4.0}]]
    per_step = PerTimestep(DictVectorizer()).fit(numbers)
    assert per_step.inverse_transform(per_step.transform(numbers)).tolist() == numbers


def test_records_have_no_number_of_features_and_leave_none_of_an_earlier_fit():
    per_step = PerTimestep(StandardScaler()).fit(X)
    per_step.set_params(transformer=DictVectorizer()).fit(RECORDS)
    assert not hasattr(per_step, "n_features_in_")
    with pytest.raises(ValueError, match=r"Expected X to hold records, a dict for each time step, .* got numbers"):
        per_step.transform(X)
    for other, what in ((RECORDS, "records"), (WORDS, "strings")):
        with pytest.raises(ValueError, match=rf"Expected X to hold numbers, since .* got {what}"):
            PerTimestep(StandardScaler()).fit(X).transform(other)
    with pytest.raises(ValueError, match="Expected numbers in sequence 0, got strings"):
        PerTimestep(StandardScaler()).fit([np.ones(2)]).transform([np.array(x) for x in WORDS])


# --- errors and copies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([["u"], []], "Expected sequence 1 to have at least one time step, got shape"),
        ([np.array([["u", "v"]]), np.array(["u"])], "got 2 in sequence 0 and 1 in sequence 1"),
        ([[["u", "v"], ["u"]]], "Expected sequence 0 to have shape .* with steps of equal length"),
        (["u", "v"], r"Expected a sequence of time steps, got 'u' in place of sequence 0. Pass \[X\]"),
        ([{"a": 1}], r"Expected a sequence of time steps, got \{'a': 1\} in place of sequence 0. Pass \[X\]"),
        (np.full((2, 3, 1), None), "Expected sequence 0 to have at least one time step, got padding only"),
        ([["u", np.datetime64("2026")]], None),
    ],
)
def test_steps_that_cannot_be_joined_are_refused(given, message):
    if message is None:  # an object like any other
        assert PerTimestep(FunctionTransformer()).fit_transform(given)[0].shape == (2, 1)
        return
    with pytest.raises(ValueError, match=message):
        PerTimestep(FunctionTransformer()).fit(given)


def test_strings_in_some_frames_beside_lists_are_refused():
    with pytest.raises(ValueError, match="data frames, or none, got one as sequence 1 and list as sequence 0"):
        PerTimestep(OneHotEncoder()).fit([[["x", "y", "z"]], frames("pandas")[0]])


def test_numbers_that_a_transformer_wants_and_does_not_get_are_named():
    with pytest.raises(ValueError, match="got another object in sequence 1, step 0, feature 0: could not convert"):
        PerTimestep(StandardScaler()).fit([[("1", 2.0)], [("u", 3.0)]])
    with pytest.raises(ValueError, match="got others in the column 'k': could not convert string"):
        PerTimestep(StandardScaler()).fit(frames("pandas"))
    with pytest.raises(TypeError, match="got a dict for each time step"):
        PerTimestep(StandardScaler()).fit(RECORDS)


def test_a_fit_that_fails_changes_nothing():
    per_step = PerTimestep(StandardScaler()).fit(X)
    before = dict(vars(per_step))
    for wrong in ([np.full((2, 3), np.inf)], frames("pandas"), [["u"]], RECORDS):
        with pytest.raises((TypeError, ValueError)):
            per_step.fit(wrong)
        assert vars(per_step) == before


def test_what_is_not_numbers_is_not_changed_either():
    class InPlace(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            if isinstance(X, list):
                for record in X:
                    record.clear()
            elif hasattr(X, "iloc"):
                X["v"] = 0.0
                X.loc[:, "i"] = 0
            else:
                X[:] = "changed"
            return np.zeros((len(X), 1))

    given = frames("pandas")
    one = frames("pandas")[:1]
    strings = [np.array(["u", "v"], object)]
    records = [[{"a": 1.0}]]
    for X in (given, one, strings, records):
        PerTimestep(InPlace()).fit_transform(X)
    assert all(frame.equals(was) for frame, was in zip(given, frames("pandas"), strict=True))
    assert one[0].equals(frames("pandas")[0])
    assert strings[0].tolist() == ["u", "v"]
    assert records == [[{"a": 1.0}]]


# --- marks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [list, as_column, padded])
def test_a_result_is_marked_as_transformed(form):
    result = PerTimestep(StandardScaler()).fit_transform(form(X))
    for array in [result] if form is padded else result.ravel():
        assert mark_of(array) == TRANSFORMED
    assert mark_of(PerTimestep(StandardScaler()).fit_transform(np.eye(3))) == TRANSFORMED


def test_tokens_that_are_transformed_are_no_tokens_any_more():
    ids = SequenceTokenizer().fit_transform(["a b", "b c c"])
    assert {mark_of(x) for x in PerTimestep(FunctionTransformer()).fit_transform(ids)} == {TRANSFORMED}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_pipeline_from_frames_to_classes_is_searched(library):
    rng = np.random.default_rng(0)
    table = {"v": rng.normal(size=80), "k": rng.choice(["x", "y"], 80), "i": np.arange(80)}
    X = frames(library, table, [(4 * j, 4 * j + 4 - j % 3) for j in range(20)])
    net = GRUClassifier(2, max_iter=1, random_state=0)
    columns = ColumnTransformer([("v", StandardScaler(), ["v"]), ("k", OneHotEncoder(), ["k"])])
    search = GridSearchCV(
        make_pipeline(PerTimestep(columns), net),
        {"pertimestep__transformer__v__with_mean": [True, False]},
        cv=2,
        error_score="raise",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert search.fit(X, [0, 1] * 10).predict(X).shape == (20,)


# --- zeros that pad ---------------------------------------------------------------------------------------------------

LONG = [RNG.normal(size=(n, 2)) + 5.0 for n in RNG.integers(4, 12, 30)]


def zero_padded(padding="post"):
    return SequencePadder(value=0.0, padding=padding).fit_transform(LONG)


@pytest.mark.parametrize("padding", ["post", "pre"])
@pytest.mark.parametrize("as_container", [np.asarray, list, as_sequences, as_column])
def test_zero_padding_that_is_scaled_is_warned_of_and_the_line_cuts_it_off(padding, as_container):
    padded = as_container(zero_padded(padding))
    with pytest.warns(SequenceDataWarning, match="of zeros alone, which PerTimestep transforms like data") as caught:
        PerTimestep(StandardScaler()).fit(padded)
    (line,) = re.findall(r"first: (X = .*?)\. To", str(caught[0].message))
    names = {"SequencePadder": SequencePadder, "np": np, "X": padded}
    exec(line, names)
    per_step = PerTimestep(StandardScaler()).fit(names["X"])
    assert_allclose(per_step.transformer_.mean_, np.concatenate(LONG).mean(axis=0))


@pytest.mark.parametrize(
    "transformer",
    [
        OneHotEncoder(handle_unknown="ignore"),
        make_pipeline(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), StandardScaler()),
        ColumnTransformer([("one", OneHotEncoder(), [0])], remainder="passthrough"),
        MaxAbsScaler(),  # zeros stay zeros, which a network warns of, or reads with pad_value
        FunctionTransformer(),
    ],
)
def test_zero_padding_that_becomes_categories_or_stays_is_not_warned_of(transformer):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceDataWarning)
        PerTimestep(transformer).fit(zero_padded().round())


@pytest.mark.parametrize("X", [zero_padded().reshape(30, -1), load_digits().images, LONG], ids=["table", "images", "X"])
def test_zeros_that_are_data_are_not_warned_of(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceDataWarning)
        PerTimestep(StandardScaler()).fit(X)


def test_a_network_that_reads_what_stays_padding_is_right_behind_a_transformer_that_keeps_zeros():
    scaled = PerTimestep(MaxAbsScaler()).fit_transform(zero_padded())
    y = [0, 1] * 15
    settings = {"hidden_layer_sizes": 2, "max_iter": 1, "random_state": 0}
    model = GRUClassifier(**settings, pad_value=0.0).fit(scaled, y)
    expected = GRUClassifier(**settings).fit(PerTimestep(MaxAbsScaler()).fit_transform(LONG), y)
    assert_array_equal(model.theta_, expected.theta_)


# --- strings where a transformer takes numbers ------------------------------------------------------------------------


@pytest.mark.parametrize("of_frames", [True, False])
def test_strings_beside_numbers_are_refused_with_the_transformer_that_encodes_them(of_frames):
    X = [np.array([[1.5, "on"], [2.5, "off"]], dtype=object), np.array([[0.5, "on"]], dtype=object)]
    if of_frames:
        pandas = pytest.importorskip("pandas")
        X = [pandas.DataFrame({"load": x[:, 0].astype(float), "state": x[:, 1]}) for x in X]
    with pytest.raises((TypeError, ValueError), match=r"\('categories', OneHotEncoder\(\), \[") as error:
        PerTimestep(StandardScaler()).fit(X)
    (line,) = re.findall(r"categories: (PerTimestep\(.*\))\.$", str(error.value))
    assert PerTimestep.fit_transform(eval(line), X)[0].shape == (2, 3)


def test_numbers_of_numpy_beside_strings_are_single_values():
    X = [np.array([[np.float64(1.5), "on"], [np.float32(2.5), "off"]], dtype=object), [[np.int64(3), "on"]]]
    columns = ColumnTransformer([("scale", StandardScaler(), [0]), ("one", OneHotEncoder(), [1])])
    assert [x.shape for x in PerTimestep(columns).fit_transform(X)] == [(2, 3), (1, 3)]


def test_times_are_no_categories():
    pandas = pytest.importorskip("pandas")
    X = [pandas.DataFrame({"a": [1.0], "k": "u", "t": pandas.Timestamp("2026-01-01")})]
    with pytest.raises(ValueError, match=r"To transform the columns of numbers alone: [^:]*\.$"):
        PerTimestep(StandardScaler()).fit(X)


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_masked_numbers_of_a_result_are_nan(dtype):
    hide = PerTimestep(FunctionTransformer(lambda values: np.ma.masked_equal(values, -9)))
    x, _ = hide.fit_transform([np.array([1, -9], dtype), np.array([2], dtype)])
    assert np.array_equal(x.ravel(), [1, np.nan], equal_nan=True)


# --- inside a ColumnTransformer ---------------------------------------------------------------------------------------

NAMED = [pandas.DataFrame({"u": np.arange(3.0) + j, "v": np.arange(3.0) ** 2 - j}) for j in range(6)]


@pytest.mark.parametrize("output", ["default", "pandas"])
@pytest.mark.parametrize("sequences", [NAMED, [x.to_numpy() for x in NAMED], [x[["u"]].to_numpy() for x in NAMED]])
@pytest.mark.parametrize(
    "per_step",
    [
        PerTimestep(StandardScaler()),
        PerTimestep(KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform")),
        PerSequence(StandardScaler()),
        make_pipeline(PerTimestep(StandardScaler()), PerSequence(StandardScaler())),
    ],
)
def test_a_column_of_sequences_keeps_its_name_beside_static_values(output, sequences, per_step):
    table = pandas.DataFrame({"seq": sequences, "age": np.arange(6) ** 1.5})
    columns = ColumnTransformer([("s", per_step, ["seq"]), ("n", StandardScaler(), ["age"])])
    X = columns.set_output(transform=output).fit_transform(table)
    assert columns.get_feature_names_out().tolist() == ["s__seq", "n__age"]
    plain = clone(columns).set_output(transform="default").fit_transform(table)
    for x, expected in zip(np.asarray(X)[:, 0], plain[:, 0], strict=True):
        assert_array_equal(x, expected)
    network = LSTMClassifier(3, max_iter=1, random_state=0).fit(X, [0, 1] * 3)
    assert network.n_static_features_in_ == 1
    if output == "pandas":
        assert X.columns.tolist() == ["s__seq", "n__age"]
    with config_context(transform_output=output):
        make_pipeline(clone(columns), LSTMClassifier(3, max_iter=1)).fit(table, [0, 1] * 3).predict(table)


def test_a_padded_column_of_sequences_has_names_of_its_own_inside_a_column_transformer():
    for sequences, names in ((NAMED, "uv"), ([x["u"].to_numpy() for x in NAMED], ["x0"])):
        table = pandas.DataFrame({"seq": sequences})
        columns = ColumnTransformer([("s", SequencePadder(flatten=True), ["seq"])]).set_output(transform="pandas")
        expected = [f"s__t{t}_{name}" for t in range(3) for name in names]
        assert columns.fit_transform(table).columns.tolist() == expected


TIMED = pandas.DataFrame({"t": pandas.date_range("2026", periods=3), "v": [1.0, 2.0, 3.0], "s": list("aba")})


@pytest.mark.parametrize("form", [pandas.DataFrame, lambda frame: polars.DataFrame(frame.to_dict("list"))])
@pytest.mark.parametrize(
    "transformer",
    [
        ColumnTransformer([("p", StandardScaler(), ["t"])]),
        ColumnTransformer([("p", StandardScaler(), ["t", "v"])]),
        ColumnTransformer([("p", StandardScaler(), [0])]),
        ColumnTransformer([("p", StandardScaler(), slice(0, 2))]),
        ColumnTransformer([("p", StandardScaler(), slice("t", "v"))]),
        ColumnTransformer([("p", StandardScaler(), [True, False, False])]),
        ColumnTransformer([("p", StandardScaler(), lambda frame: ["t"])]),
        ColumnTransformer([("p", "passthrough", ["v"]), ("q", "drop", ["s"])], remainder=StandardScaler()),
        make_pipeline(ColumnTransformer([("p", make_pipeline(StandardScaler()), ["t"])])),
        FeatureUnion([("a", ColumnTransformer([("p", StandardScaler(), ["t"])]))]),
    ],
)
@pytest.mark.parametrize("each", [PerTimestep, PerSequence])
def test_times_are_refused_wherever_scikit_learn_would_read_them_as_numbers(form, transformer, each):
    with pytest.raises(
        ValueError, match=r"got datetime64.* in the column 't': StandardScaler would read times as numb"
    ):
        each(transformer).fit_transform([form(TIMED)] * 2)


@pytest.mark.parametrize(
    "transformer",
    [
        ColumnTransformer([("p", StandardScaler(), ["v"])]),
        ColumnTransformer([("p", OneHotEncoder(sparse_output=False), ["t", "s"])]),
        ColumnTransformer([("p", FunctionTransformer(lambda frame: np.zeros((len(frame), 1))), ["t"])]),
        ColumnTransformer([("p", "drop", ["t", "s"])], remainder=StandardScaler()),
    ],
)
def test_times_that_are_not_read_as_numbers_are_no_error(transformer):
    assert len(PerTimestep(transformer).fit_transform([TIMED] * 2)[0]) == 3


@pytest.mark.parametrize("convert", [list, as_sequences, lambda X: [np.asfortranarray(x) for x in X]])
@pytest.mark.parametrize("transformer", [StandardScaler(), PolynomialFeatures(), FunctionTransformer()])
def test_one_sequence_is_transformed_as_among_others(ragged, convert, transformer, monkeypatch):
    per_step = PerTimestep(transformer).fit(ragged)
    X = convert(ragged[:1])
    kept = X[0].copy()
    found = per_step.transform(X)
    found[0][:] += 1  # it shares no memory with X
    assert_array_equal(X[0], kept)
    found = per_step.transform(X)
    with monkeypatch.context() as patch:
        patch.setattr(steps, "_single_sequence", lambda estimator, X: None)
        expected = per_step.transform(X)
    assert found.shape == expected.shape == (1,)
    assert found[0].dtype == expected[0].dtype
    assert mark_of(found[0]) == mark_of(expected[0])
    assert_array_equal(found[0], expected[0])


def test_one_sequence_is_refused_in_the_words_for_several(ragged):
    scaler = PerTimestep(StandardScaler()).fit(ragged)
    x = ragged[0]
    for X, words in [
        ([np.c_[x, x]], "X has 4 features"),
        ([np.full_like(x, np.inf)], "infinity in sequence 0, step 0"),
        ([x[:0]], "at least one time step"),
        ([x.astype(str)], "strings"),
        ([x[None]], "3 dimensions"),
    ]:
        with pytest.raises(ValueError, match=words):
            scaler.transform(X)
    missing = np.vstack([x, np.full((1, 2), np.nan)])
    assert np.isnan(scaler.transform([missing])[0][-1]).all()
    with pytest.raises(NotFittedError):
        PerTimestep(StandardScaler()).transform([x])
    named = PerTimestep(StandardScaler()).fit([pandas.DataFrame(x, columns=["a", "b"]) for x in ragged])
    with pytest.warns(UserWarning, match="valid feature names"):
        named.transform([x])


@pytest.mark.parametrize("library", [pandas, polars])
def test_inverse_transform_refuses_the_features_in_another_order(library):
    values = [dict(zip("ab", x.T, strict=True)) for x in X]
    per_step = PerTimestep(StandardScaler()).fit([library.DataFrame(x) for x in values])
    given = [library.DataFrame(x) for x in values]
    assert_sequences(per_step.inverse_transform(given), per_step.inverse_transform(X))
    with pytest.raises(ValueError, match=r"Expected the features \['a', 'b'\] in this order.*got \['b', 'a'\]"):
        per_step.inverse_transform([x[["b", "a"]] for x in given])
