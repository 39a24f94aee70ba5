"""PerTimestep: a transformer of time steps, in every container of sequences."""

import numpy as np
import pytest
from checks import MORE_CHECKS, scikit_learns_checks
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.utils import estimator_checks, get_tags

from sklearn_recurrent import PerTimestep, SequencePadder, as_column, as_sequences

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


def test_missing_values_are_an_error_for_a_transformer_that_does_not_allow_them():
    with pytest.raises(ValueError, match="Input X contains NaN in sequence 1, step 1, feature 0"):
        PerTimestep(PCA()).fit([np.ones(2), np.array([1.0, np.nan])])


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
