"""Every form of X in every consumer of scikit-learn: which of them work, and which raise."""

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from checks import PROCESSES
from sklearn import config_context
from sklearn import model_selection as ms
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import permutation_importance
from sklearn.linear_model import RidgeClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils import resample, shuffle

from sklearn_recurrent import (
    GRUClassifier,
    GRURegressor,
    PerTimestep,
    RNNClassifier,
    SequencePadder,
    as_column,
    as_sequences,
)

TINY = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
GRID = {"alpha": [0.0, 0.1]}
MODEL, REGRESSOR = GRUClassifier(**TINY), GRURegressor(**TINY)
N = 40
GROUPS = np.arange(N) % 4


def padded(X):
    return SequencePadder().fit_transform(X)


CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "object array": as_sequences,
    "3-D array": padded,
    "object column": as_column,
    "one-column frame": lambda X: pd.DataFrame({"x": X}, index=range(100, 100 + len(X))),
    "Series": lambda X: pd.Series(X, index=range(100, 100 + len(X))),
    "polars Series": lambda X: pl.Series("x", [x.tolist() for x in X]),
    "list of equal length": lambda X: [x[:3] for x in X],
    "list of equal length and one feature": lambda X: [x[:3, 0] for x in X],
}
COLUMNS = ("object column", "one-column frame")


@pytest.fixture(params=CONTAINERS)
def container(request):
    return request.param


@pytest.fixture
def X(container, ragged):
    return CONTAINERS[container](ragged)


# --- consumers that pass X unchanged ----------------------------------------------------------------------------------


def fitted(model, X, y):
    """The shape of the predictions of `model`, fitted on X."""
    return clone(model).fit(X, y).predict(X).shape


def of_split(parts, y):
    train, test, y_train, _ = parts
    return clone(MODEL).fit(train, y_train).predict(test).shape


def of_search(search, X, y):
    search.fit(X, y)
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()
    return search.predict(X).shape


def in_processes(consume, *args):
    with joblib.parallel_config(**PROCESSES):
        return consume(*args)


def scores(result):
    assert np.isfinite(result).all()
    return np.shape(result)


def two_labels(y):
    return np.column_stack([y, np.arange(len(y)) % 2 == 0]).astype(str)


SCALED = make_pipeline(PerTimestep(StandardScaler()), SequencePadder(), MODEL)
UNION = make_pipeline(
    FeatureUnion([("one", SequencePadder(flatten=True, value=0)), ("two", SequencePadder(flatten=True, value=0))]),
    GRUClassifier(**TINY),
)

CLASSIFIER_CONSUMERS = {
    "the estimator itself": lambda X, y: fitted(MODEL, X, y),
    "train_test_split": lambda X, y: of_split(ms.train_test_split(X, y, random_state=0, stratify=y), y),
    "shuffle": lambda X, y: fitted(MODEL, *shuffle(X, y, random_state=0)),
    "resample": lambda X, y: fitted(MODEL, *resample(X, y, random_state=0, stratify=y)),
    "cross_val_score": lambda X, y: scores(ms.cross_val_score(MODEL, X, y, cv=2)),
    "cross_validate": lambda X, y: scores(ms.cross_validate(MODEL, X, y, cv=2, scoring=["roc_auc"])["test_roc_auc"]),
    "GroupKFold": lambda X, y: scores(ms.cross_val_score(MODEL, X, y, cv=ms.GroupKFold(2), groups=GROUPS)),
    "TimeSeriesSplit": lambda X, y: scores(ms.cross_val_score(MODEL, X, y, cv=ms.TimeSeriesSplit(2))),
    "cross_val_predict": lambda X, y: ms.cross_val_predict(MODEL, X, y, cv=2).shape,
    "probabilities by cross_val_predict": lambda X, y: (
        ms.cross_val_predict(MODEL, X, y, cv=2, method="predict_proba").shape
    ),
    "GridSearchCV": lambda X, y: of_search(ms.GridSearchCV(MODEL, GRID, cv=2), X, y),
    "GridSearchCV in two processes": lambda X, y: in_processes(of_search, ms.GridSearchCV(MODEL, GRID, cv=2), X, y),
    "HalvingGridSearchCV": lambda X, y: of_search(
        ms.HalvingGridSearchCV(MODEL, GRID, cv=2, min_resources=20, random_state=0), X, y
    ),
    "RandomizedSearchCV": lambda X, y: of_search(
        ms.RandomizedSearchCV(MODEL, GRID, n_iter=2, cv=2, random_state=0), X, y
    ),
    "learning_curve": lambda X, y: scores(
        ms.learning_curve(MODEL, X, y, cv=2, train_sizes=[0.5, 1.0], shuffle=True, random_state=0)[2]
    ),
    "validation_curve": lambda X, y: scores(
        ms.validation_curve(MODEL, X, y, cv=2, param_name="alpha", param_range=[0, 1])[1]
    ),
    "permutation_test_score": lambda X, y: scores(
        ms.permutation_test_score(MODEL, X, y, cv=2, n_permutations=2, random_state=0)[1]
    ),
    "Pipeline": lambda X, y: fitted(SCALED, X, y),
    "FeatureUnion": lambda X, y: fitted(UNION, X, y),
    "CalibratedClassifierCV": lambda X, y: CalibratedClassifierCV(MODEL, cv=2).fit(X, y).predict_proba(X).shape,
    "CalibratedClassifierCV with one fit": lambda X, y: fitted(
        CalibratedClassifierCV(MODEL, cv=2, ensemble=False), X, y
    ),
    "VotingClassifier": lambda X, y: fitted(VotingClassifier([("a", MODEL), ("b", SCALED)], voting="soft"), X, y),
    "StackingClassifier": lambda X, y: fitted(
        StackingClassifier([("a", MODEL), ("b", SCALED)], RidgeClassifier(), cv=2), X, y
    ),
    "OneVsRestClassifier": lambda X, y: fitted(OneVsRestClassifier(MODEL), X, y),
    "MultiOutputClassifier": lambda X, y: fitted(MultiOutputClassifier(MODEL), X, two_labels(y)),
    "TunedThresholdClassifierCV": lambda X, y: fitted(ms.TunedThresholdClassifierCV(MODEL, cv=2), X, y),
    "FixedThresholdClassifier": lambda X, y: fitted(ms.FixedThresholdClassifier(MODEL), X, y),
    "DummyClassifier": lambda X, y: fitted(DummyClassifier(), X, y),
}
SHAPES = {
    "train_test_split": (10,),
    "cross_val_score": (2,),
    "cross_validate": (2,),
    "GroupKFold": (2,),
    "TimeSeriesSplit": (2,),
    "probabilities by cross_val_predict": (N, 2),
    "learning_curve": (2, 2),
    "validation_curve": (2, 2),
    "permutation_test_score": (2,),
    "CalibratedClassifierCV": (N, 2),
    "MultiOutputClassifier": (N, 2),
}


@pytest.mark.parametrize("consumer", CLASSIFIER_CONSUMERS)
@pytest.mark.each_choice(times=2)
def test_classifiers_work_in_every_consumer_with_every_container(X, labels, consumer):
    assert CLASSIFIER_CONSUMERS[consumer](X, labels) == SHAPES.get(consumer, (N,))


REGRESSOR_CONSUMERS = {
    "the estimator itself": lambda X, y: fitted(REGRESSOR, X, y),
    "several outputs": lambda X, y: fitted(REGRESSOR, X, np.column_stack([y, -y])),
    "cross_val_predict": lambda X, y: ms.cross_val_predict(REGRESSOR, X, y, cv=2).shape,
    "cross_val_score": lambda X, y: scores(ms.cross_val_score(REGRESSOR, X, y, cv=2)),
    "GridSearchCV": lambda X, y: of_search(ms.GridSearchCV(REGRESSOR, GRID, cv=2), X, y),
    "Pipeline": lambda X, y: fitted(make_pipeline(PerTimestep(StandardScaler()), SequencePadder(), REGRESSOR), X, y),
    "VotingRegressor": lambda X, y: fitted(VotingRegressor([("a", REGRESSOR)]), X, y),
    "StackingRegressor": lambda X, y: fitted(StackingRegressor([("a", REGRESSOR)], cv=2), X, y),
    "MultiOutputRegressor": lambda X, y: fitted(MultiOutputRegressor(REGRESSOR), X, np.column_stack([y, -y])),
    "TransformedTargetRegressor": lambda X, y: fitted(
        TransformedTargetRegressor(REGRESSOR, func=np.log, inverse_func=np.exp), X, y
    ),
}


@pytest.mark.parametrize("consumer", REGRESSOR_CONSUMERS)
@pytest.mark.each_choice(times=3)
def test_regressors_work_in_every_consumer_with_every_container(X, numbers, consumer):
    shape = REGRESSOR_CONSUMERS[consumer](X, numbers)
    assert shape == {"several outputs": (N, 2), "MultiOutputRegressor": (N, 2), "cross_val_score": (2,)}.get(
        consumer, (N,)
    )


def test_folds_give_the_predictions_of_separate_fits(X, labels, ragged, container):
    by_folds = ms.cross_val_predict(MODEL, X, labels, cv=ms.KFold(2), method="decision_function")
    plain = list(ragged) if "equal" not in container else X
    by_hand = [
        clone(MODEL).fit([plain[j] for j in train], labels[train]).decision_function([plain[j] for j in test])
        for train, test in (np.split(np.arange(N), 2)[::-1], np.split(np.arange(N), 2))
    ]
    assert np.array_equal(by_folds, np.concatenate(by_hand))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (list, list),
        (tuple, list),
        (as_sequences, np.ndarray),
        (padded, np.ndarray),
        (CONTAINERS["Series"], pd.Series),
        (CONTAINERS["one-column frame"], pd.DataFrame),
    ],
)
def test_a_split_keeps_the_container_and_the_model_accepts_it(ragged, labels, before, after):
    train, test, y_train, _ = ms.train_test_split(before(ragged), labels, stratify=labels, random_state=0)
    assert isinstance(train, after)
    assert isinstance(test, after)
    assert clone(MODEL).fit(train, y_train).predict(test).shape == (10,)


def test_sample_weights_reach_every_fold_and_step(X, labels):
    weight = np.arange(N) % 3 + 0.5
    expected = clone(MODEL).set_params(alpha=0.1).fit(X, labels, sample_weight=weight)
    search = ms.GridSearchCV(MODEL, {"alpha": [0.1]}, cv=2).fit(X, labels, sample_weight=weight)
    assert np.array_equal(search.best_estimator_.theta_, expected.theta_)
    pipeline = make_pipeline(PerTimestep(StandardScaler()), clone(MODEL))
    by_name = clone(pipeline).fit(X, labels, gruclassifier__sample_weight=weight)
    assert not np.array_equal(by_name[-1].theta_, clone(pipeline).fit(X, labels)[-1].theta_)
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        routed = make_pipeline(PerTimestep(scaler), clone(MODEL).set_fit_request(sample_weight=True))
        routed.fit(X, labels, sample_weight=weight)
    assert np.array_equal(routed[-1].theta_, by_name[-1].theta_)


# --- consumers that require a matrix: only columns of sequences work --------------------------------------------------

MATRIX_CONSUMERS = {
    "BaggingClassifier": lambda X, y: BaggingClassifier(MODEL, n_estimators=2, random_state=0).fit(X, y).predict(X),
    "permutation_importance": lambda X, y: permutation_importance(
        clone(MODEL).fit(X, y), X, y, n_repeats=2, random_state=0
    ),
}
NOT_A_MATRIX = r"inhomogeneous|setting an array element|dim 3|3D array|dimension|1D array|NaN|ambiguous|index out"


RAGGED_CONTAINERS = [name for name in CONTAINERS if "equal" not in name]


@pytest.mark.parametrize("consumer", MATRIX_CONSUMERS)
@pytest.mark.parametrize("container", RAGGED_CONTAINERS, indirect=True)
def test_consumers_of_matrices_accept_columns_of_sequences_and_no_other_container(X, labels, container, consumer):
    if container in COLUMNS:
        MATRIX_CONSUMERS[consumer](X, labels)
    else:
        with pytest.raises((ValueError, TypeError, IndexError), match=NOT_A_MATRIX):
            MATRIX_CONSUMERS[consumer](X, labels)


NUMERIC_CONSUMERS = {
    "StandardScaler": lambda X, y: StandardScaler().fit(X, y),
    "AdaBoostClassifier": lambda X, y: AdaBoostClassifier(MODEL, n_estimators=2).fit(X, y),
    "SelfTrainingClassifier": lambda X, y: SelfTrainingClassifier(MODEL).fit(X, np.where(y == "low", 0, -1)),
}


@pytest.mark.parametrize("consumer", NUMERIC_CONSUMERS)
@pytest.mark.parametrize("container", RAGGED_CONTAINERS, indirect=True)
def test_consumers_of_numbers_raise_for_sequences_in_every_container(X, labels, consumer):
    with pytest.raises((ValueError, TypeError), match=NOT_A_MATRIX + "|float"):
        NUMERIC_CONSUMERS[consumer](X, labels)


# --- as_column --------------------------------------------------------------------------------------------------------


def test_a_column_works_in_bagging(ragged, labels, numbers):
    X = as_column(ragged)
    bags = BaggingClassifier(MODEL, n_estimators=3, random_state=0).fit(X, labels)
    assert bags.predict_proba(X).shape == (N, 2)
    assert len({model.theta_.tobytes() for model in bags.estimators_}) == 3
    assert BaggingRegressor(REGRESSOR, n_estimators=2, random_state=0).fit(X, numbers).predict(X).shape == (N,)


def test_a_column_works_in_feature_union_and_column_transformer(ragged, labels):
    X = as_column(ragged)
    flat = SequencePadder(flatten=True, value=0)
    width = max(map(len, ragged)) * 2
    union = FeatureUnion([("early", flat), ("late", clone(flat).set_params(padding="pre"))])
    assert union.fit_transform(X).shape == (N, 2 * width)
    table = np.empty((N, 2), dtype=object)
    table[:, :1], table[:, 1] = X, np.arange(N)
    columns = ColumnTransformer([("sequences", flat, [0]), ("number", StandardScaler(), [1])])
    assert columns.fit_transform(table).shape == (N, width + 1)
    inner = ColumnTransformer([("sequences", PerTimestep(StandardScaler()), [0])])
    model = make_pipeline(inner, clone(MODEL)).fit(X, labels)
    assert model.predict(X).shape == (N,)


def test_permutation_importance_permutes_the_sequences_of_a_column(ragged, labels):
    X = as_column(ragged)
    model = RNNClassifier(8, max_iter=30, random_state=0).fit(X, labels)
    importance = permutation_importance(model, X, labels, n_repeats=5, random_state=0)
    assert importance.importances.shape == (1, 5)
    assert importance.importances_mean[0] > 0.2


# --- flat columns with input_size -------------------------------------------------------------------------------------

FLAT = GRUClassifier(8, max_iter=20, learning_rate_init=0.02, random_state=0, input_size=2, pad_value=0)


def few_labelled(y):
    return np.where(np.arange(N) % 4 == 0, -1, np.unique(y, return_inverse=True)[1])


FLAT_CONSUMERS = {
    "OneVsOneClassifier": lambda X, y: fitted(OneVsOneClassifier(FLAT), X, y),
    "SelfTrainingClassifier": lambda X, y: fitted(SelfTrainingClassifier(FLAT, max_iter=1), X, few_labelled(y)),
    "AdaBoostClassifier": lambda X, y: fitted(AdaBoostClassifier(FLAT, n_estimators=2), X, y),
    "BaggingClassifier": lambda X, y: fitted(BaggingClassifier(FLAT, n_estimators=2), X, y),
    "StandardScaler": lambda X, y: fitted(make_pipeline(StandardScaler(), FLAT), X, y),
    "OneVsRestClassifier": lambda X, y: fitted(OneVsRestClassifier(FLAT), X, y),
}


@pytest.mark.parametrize("frame", [False, True], ids=["array", "frame"])
@pytest.mark.parametrize("consumer", FLAT_CONSUMERS)
def test_flat_columns_work_in_consumers_that_require_numbers(ragged, three_labels, consumer, frame):
    padder = SequencePadder(flatten=True, value=0)
    X = padder.fit_transform(ragged)
    if frame:
        X = pd.DataFrame(X, columns=padder.get_feature_names_out())
    assert FLAT_CONSUMERS[consumer](X, three_labels) == (N,)


def test_flat_columns_work_in_feature_selection_and_permutation_importance(ragged, labels):
    X = np.array([x[:3, 0] for x in ragged])
    selector = SequentialFeatureSelector(RNNClassifier(**TINY), n_features_to_select=2, cv=2)
    assert selector.fit_transform(X, labels).shape == (N, 2)
    model = RNNClassifier(8, max_iter=20, random_state=0).fit(X, labels)
    importance = permutation_importance(model, X, labels, n_repeats=3, random_state=0)
    assert (importance.importances_mean > 0).all()
