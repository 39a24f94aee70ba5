"""Targets with one entry per time step under scikit-learn's scorers: what a metric says of all steps end to end."""

import pickle
import re
from functools import partial

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone, is_classifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate, learning_curve
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_recurrent import as_sequences
from sklearn_recurrent._data.targets import flatten_steps, flatten_weights
from sklearn_recurrent._estimators.scoring import sequence_scorer

Logistic = partial(LogisticRegression, solver="newton-cholesky")
RAGGED, EQUAL = [3, 1, 4, 2, 5, 3, 6, 2, 4], [4] * 9


# --- estimators that see no time: what they say of a step is what `model` says of it ----------------------------------


def offers(method):
    return available_if(lambda self: hasattr(self.model, method))


class PerStep(BaseEstimator):
    def __init__(self, model, scale=1.0):
        self.model = model
        self.scale = scale

    def fit(self, X, y, sample_weight=None):
        weight = None if sample_weight is None else np.repeat(sample_weight, [*map(len, X)])
        steps = np.concatenate([*X]) * self.scale
        self.model_ = clone(self.model).fit(steps, np.concatenate([*y]), weight)
        return self

    def _respond(self, method, X):
        answers = [getattr(self.model_, method)(np.asarray(x) * self.scale) for x in X]
        return np.stack(answers) if isinstance(X, np.ndarray) and X.ndim == 3 else as_objects(answers)

    def predict(self, X):
        return self._respond("predict", X)


class Classifier(ClassifierMixin, PerStep):
    @property
    def classes_(self):
        return self.model_.classes_

    @offers("predict_proba")
    def predict_proba(self, X):
        return self._respond("predict_proba", X)

    @offers("predict_log_proba")
    def predict_log_proba(self, X):
        return self._respond("predict_log_proba", X)

    @offers("decision_function")
    def decision_function(self, X):
        return self._respond("decision_function", X)


class Regressor(RegressorMixin, PerStep):
    pass


def as_objects(arrays):
    return np.fromiter(arrays, dtype=object, count=len(arrays))


def steps_of(lengths, target):
    """Sequences of two noisy features, and a target for each step: the name of one, or the number of its classes."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in lengths]
    signals = [x @ [1.0, 2.0] + rng.normal(size=len(x)) for x in X]
    if target == "numbers":
        return X, signals
    if target == "outputs":
        return X, [np.stack([s, -2 * s + x[:, 1]], axis=1) for s, x in zip(signals, X, strict=True)]
    labels = np.array(["low", "up", "high"] if target == 3 else [0, 1])
    return X, [labels[np.digitize(s, [0] if target == 2 else [-1, 1])] for s in signals]


def fitted(target, lengths=RAGGED, model=None):
    """A fitted estimator, its data, and the same on flat steps: the oracle."""
    X, y = steps_of(lengths, target)
    if target in ("numbers", "outputs"):
        estimator = Regressor(model or LinearRegression())
    else:
        estimator = Classifier(model or Logistic())
    estimator.fit(X, y)
    return estimator, X, y, estimator.model_, np.concatenate(X), np.concatenate(y)


NAMES = {
    2: ["accuracy", "balanced_accuracy", "f1", "f1_macro", "neg_log_loss", "roc_auc", "average_precision"],
    3: ["accuracy", "f1_macro", "neg_log_loss", "roc_auc_ovr", "roc_auc_ovo_weighted"],
    "numbers": ["r2", "neg_mean_absolute_error", "neg_root_mean_squared_error", "explained_variance"],
    "outputs": ["r2", "neg_mean_squared_error"],
}
CASES = [(target, name) for target, names in NAMES.items() for name in names]
every_case = pytest.mark.parametrize(("target", "name"), CASES)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


# --- the score --------------------------------------------------------------------------------------------------------


@every_case
@pytest.mark.parametrize("lengths", [RAGGED, EQUAL], ids=["ragged", "equal"])
def test_a_score_is_that_of_all_steps_end_to_end(target, name, lengths):
    estimator, X, y, model, flat_X, flat_y = fitted(target, lengths)
    expected = get_scorer(name)(model, flat_X, flat_y)
    assert sequence_scorer(name)(estimator, X, y) == expected
    if lengths is EQUAL:
        assert sequence_scorer(name)(estimator, np.stack(X), np.stack(y)) == expected


def test_a_score_is_the_metric_of_the_concatenated_arrays():
    estimator, X, y, *_ = fitted(2)
    true, p = np.concatenate(y), np.concatenate(estimator.predict_proba(X))
    assert sequence_scorer("neg_log_loss")(estimator, X, y) == -metrics.log_loss(true, p)
    assert sequence_scorer("roc_auc")(estimator, X, y) == pytest.approx(metrics.roc_auc_score(true, p[:, 1]))
    estimator, X, y, *_ = fitted("outputs")
    predicted = np.concatenate(estimator.predict(X))
    assert sequence_scorer("r2")(estimator, X, y) == metrics.r2_score(np.concatenate(y), predicted)


def frames(y):
    return pytest.importorskip("pandas").DataFrame(np.stack(y))


def pandas_series(y):
    return pytest.importorskip("pandas").Series(y, index=np.arange(len(y))[::-1] + 7)


def polars_series(y):
    return pytest.importorskip("polars").Series([row.tolist() for row in y])


FORMS = {
    "list of arrays": list,
    "tuple": tuple,
    "object array": as_objects,
    "object column": lambda y: as_objects(y)[:, None],
    "list of lists": lambda y: [row.tolist() for row in y],
    "object array of lists": lambda y: as_objects([row.tolist() for row in y]),
    "pandas Series": pandas_series,
    "pandas column": lambda y: pandas_series(y).to_frame("labels"),
    "polars Series": polars_series,
    "list of Series": lambda y: [pandas_series(row) for row in y],
    "lists of objects": lambda y: [row.astype(object) for row in y],
}
MATRICES = {
    "matrix": np.stack,
    "collapsed objects": lambda y: np.array(y, dtype=object),
    "pandas frame": frames,
    "polars frame": lambda y: pytest.importorskip("polars").DataFrame(np.stack(y)),
}


@pytest.mark.parametrize("target", [2, 3, "numbers"])
@pytest.mark.parametrize(
    ("form", "lengths"),
    [
        *[pytest.param(form, lengths, id=name) for name, form in FORMS.items() for lengths in (RAGGED, EQUAL)],
        *[pytest.param(form, EQUAL, id=name) for name, form in MATRICES.items()],
    ],
)
def test_every_form_of_y_has_the_same_score(form, lengths, target):
    estimator, X, y, model, flat_X, flat_y = fitted(target, lengths)
    name = "r2" if target == "numbers" else "f1_macro"
    assert sequence_scorer(name)(estimator, X, form(y)) == get_scorer(name)(model, flat_X, flat_y)


@pytest.mark.parametrize("lengths", [[3], [1, 1, 1], [2, 2]])
def test_equal_lengths_in_a_fold_do_not_change_the_meaning(lengths):
    estimator, *_ = fitted(3)
    X, y = steps_of(lengths, 3)
    expected = metrics.accuracy_score(np.concatenate(y), np.concatenate(estimator.predict(X)))
    for form in [*FORMS.values(), *MATRICES.values()]:
        assert sequence_scorer("accuracy")(estimator, X, form(y)) == expected


@pytest.mark.parametrize("form", [list, tuple, lambda rows: np.array(rows, dtype=object)])
def test_predictions_in_other_containers_are_flattened_too(form):
    estimator, X, y, model, flat_X, flat_y = fitted(3, EQUAL)

    class Collapsing(Classifier):
        def _respond(self, method, X):
            return form(list(super()._respond(method, X)))

    collapsing = Collapsing(estimator.model).fit(X, y)
    for name in ["accuracy", "neg_log_loss"]:
        assert sequence_scorer(name)(collapsing, X, y) == get_scorer(name)(model, flat_X, flat_y)


@pytest.mark.parametrize("side", ["post", "pre"])
@pytest.mark.parametrize("padded_predictions", [False, True])
@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss"])
def test_padding_of_a_cube_is_left_out(name, padded_predictions, side):
    estimator, X, y, model, flat_X, flat_y = fitted(2)
    weight = [np.arange(1.0, len(x) + 1) for x in X]

    class Padding(Classifier):
        def _respond(self, method, cube):
            answers = [getattr(self.model_, method)(x[~np.isnan(x[:, 0])]) for x in np.asarray(cube, float)]
            return padded(answers, side, 7.0) if padded_predictions else as_objects(answers)

    estimator = Padding(estimator.model).fit(X, y)
    cube, wide_weight = padded(X, side), padded(weight, side)
    expected = get_scorer(name)(model, flat_X, flat_y, sample_weight=np.concatenate(weight))
    assert sequence_scorer(name)(estimator, cube, padded(y, side, -1), sample_weight=wide_weight) == expected
    assert sequence_scorer(name)(estimator, cube, y, sample_weight=weight) == expected
    expected = get_scorer(name)(model, flat_X, flat_y)
    assert sequence_scorer(name)(estimator, cube.astype(np.float32).astype(object), y) == pytest.approx(expected)


def padded(sequences, side, value=np.nan):
    sequences = [np.asarray(x) for x in sequences]
    cube = np.full((len(sequences), max(map(len, sequences)) + 1, *sequences[0].shape[1:]), value)
    for row, x in zip(cube, sequences, strict=True):
        row[slice(len(x)) if side == "post" else slice(-len(x), None)] = x
    return cube


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
@pytest.mark.parametrize("model", [LinearSVC(), GaussianNB(), Logistic()], ids=str)
def test_a_scorer_finds_the_response_that_the_estimator_has(name, model):
    estimator, X, y, model, flat_X, flat_y = fitted(2, model=model)
    assert sequence_scorer(name)(estimator, X, y) == get_scorer(name)(model, flat_X, flat_y)


def test_a_response_that_is_missing_is_missed_by_the_name_of_the_estimator():
    estimator, X, y, *_ = fitted(2, model=LinearSVC())
    with pytest.raises(AttributeError, match="Classifier has none of the following attributes: predict_proba"):
        sequence_scorer("neg_log_loss")(estimator, X, y)


@pytest.mark.parametrize("pos_label", ["low", "up"])
@pytest.mark.parametrize("response", ["decision_function", "predict_proba", "predict_log_proba"])
def test_the_positive_label_is_the_scorers(response, pos_label):
    X, y = steps_of(RAGGED, 2)
    y = [np.array(["low", "up"])[row] for row in y]
    estimator = Classifier(Logistic()).fit(X, y)
    scorer = make_scorer(metrics.average_precision_score, response_method=[response], pos_label=pos_label)
    expected = scorer(estimator.model_, np.concatenate(X), np.concatenate(y))
    assert sequence_scorer(scorer)(estimator, X, y) == expected


@pytest.mark.parametrize(
    "wrap",
    [
        lambda estimator: make_pipeline(FunctionTransformer(), estimator),
        lambda estimator: GridSearchCV(estimator, {"scale": [1.0]}, cv=2, scoring=sequence_scorer("accuracy")),
        lambda estimator: make_pipeline(FunctionTransformer(as_sequences), GridSearchCV(estimator, {}, scoring=zero)),
    ],
    ids=["pipeline", "search", "search in a pipeline"],
)
@pytest.mark.parametrize("name", NAMES[2])
def test_the_estimator_may_be_wrapped(wrap, name):
    estimator, X, y, model, flat_X, flat_y = fitted(2)
    assert sequence_scorer(name)(wrap(estimator).fit(X, y), X, y) == get_scorer(name)(model, flat_X, flat_y)


def zero(estimator, X, y):
    return 0.0


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "name"), [case for case in CASES if "ovo" not in case[1]])
def test_a_weight_of_a_sequence_is_that_of_its_steps(target, name):
    estimator, X, y, model, flat_X, flat_y = fitted(target)
    weight = np.arange(1.0, 10.0)
    per_step = [np.full(len(x), w) for x, w in zip(X, weight, strict=True)]
    expected = get_scorer(name)(model, flat_X, flat_y, sample_weight=np.concatenate(per_step))
    assert expected != get_scorer(name)(model, flat_X, flat_y)
    for form in [list, as_objects, pandas_series]:
        assert sequence_scorer(name)(estimator, X, y, sample_weight=form(weight)) == expected
        assert sequence_scorer(name)(estimator, X, y, sample_weight=form(per_step)) == expected


def test_weights_may_differ_within_a_sequence():
    estimator, X, y, model, flat_X, flat_y = fitted(3)
    weight = [np.arange(1.0, len(x) + 1) for x in X]
    expected = metrics.accuracy_score(flat_y, model.predict(flat_X), sample_weight=np.concatenate(weight))
    assert sequence_scorer("accuracy")(estimator, X, y, weight) == expected


def test_weights_of_steps_of_equal_lengths_may_be_a_matrix():
    assert_array_equal(flatten_weights(np.array([[1, 2], [3, 4]]), [2, 2]), [1, 2, 3, 4])
    assert_array_equal(flatten_weights(np.array([1, 2]), [2, 3]), [1, 1, 2, 2, 2])


def test_every_sequence_counts_the_same_if_it_is_weighed_by_its_length():
    estimator, X, y, *_ = fitted(3)
    rates = [np.mean(a == b) for a, b in zip(y, estimator.predict(X), strict=True)]
    weight = [1 / len(labels) for labels in y]
    assert_allclose(sequence_scorer("accuracy")(estimator, X, y, sample_weight=weight), np.mean(rates))


# --- other scorers ----------------------------------------------------------------------------------------------------


def test_a_function_meets_flat_steps_and_the_estimator_otherwise_as_it_is():
    estimator, X, y, model, flat_X, flat_y = fitted(2)

    def scorer(copied, X_seen, y_seen, sample_weight=None, extra=None):
        check_is_fitted(copied)
        assert is_classifier(copied)
        assert isinstance(copied, Classifier)
        assert copied.get_params() == estimator.get_params()
        assert X_seen is X
        assert extra == "passed on"
        assert_array_equal(y_seen, flat_y)
        assert_array_equal(copied.predict_proba(X_seen), np.concatenate(estimator.predict_proba(X)))
        return copied.score(X_seen, y_seen, sample_weight)

    assert sequence_scorer(scorer)(estimator, X, y, extra="passed on") == model.score(flat_X, flat_y)


def test_the_estimator_is_left_as_it_is():
    estimator, X, y, *_ = fitted(2)
    before = dict(vars(estimator))
    sequence_scorer("roc_auc")(estimator, X, y)
    assert vars(estimator) == before
    assert estimator.predict(X).shape == (len(X),)


def test_an_estimator_that_is_not_fitted_says_so():
    X, y = steps_of(RAGGED, 2)
    with pytest.raises(NotFittedError):
        sequence_scorer(lambda model, X, y: check_is_fitted(model))(Classifier(GaussianNB()), X, y)


def test_several_metrics_predict_once():
    estimator, X, y, model, flat_X, flat_y = fitted(3)
    calls = []

    class Counting(Classifier):
        def predict(self, X):
            calls.append(len(X))
            return super().predict(X)

    counting = Counting(estimator.model).fit(X, y)
    scores = sequence_scorer(["accuracy", "f1_macro"])(counting, X, y)
    assert scores == {name: get_scorer(name)(model, flat_X, flat_y) for name in ["accuracy", "f1_macro"]}
    assert calls == [len(X)]


# --- tools of scikit-learn --------------------------------------------------------------------------------------------


@pytest.fixture
def folds():
    return KFold(3)


@pytest.mark.parametrize("target", [3, "numbers", "outputs"])
@pytest.mark.parametrize("form", [list, as_objects, pandas_series])
@pytest.mark.parametrize("lengths", [RAGGED, EQUAL], ids=["ragged", "equal"])
def test_cross_validation_scores_the_steps_of_each_fold(target, form, lengths, folds):
    estimator, X, y, model, *_ = fitted(target, lengths)
    names = NAMES[target][:2]
    expected = {f"test_{name}": [] for name in names}
    for train, test in folds.split(X):
        flat = [np.concatenate([part[j] for j in rows]) for rows in (train, test) for part in (X, y)]
        part = clone(model).fit(*flat[:2])
        for name in names:
            expected[f"test_{name}"].append(get_scorer(name)(part, *flat[2:]))
    several = {name: sequence_scorer(name) for name in names}
    for scoring in [several, sequence_scorer(names)]:
        scores = cross_validate(estimator, X, form(y), cv=3, scoring=scoring, error_score="raise")
        for name, values in expected.items():
            assert_array_equal(scores[name], values)


def test_a_list_of_lists_needs_another_container_for_a_classifier():
    estimator, X, y, *_ = fitted(2)
    scoring = sequence_scorer("accuracy")
    lists = [row.tolist() for row in y]
    with pytest.raises(ValueError, match="legacy multi-label data representation"):
        cross_val_score(estimator, X, lists, scoring=scoring, cv=3)
    expected = cross_val_score(estimator, X, y, scoring=scoring, cv=3)
    assert_array_equal(cross_val_score(estimator, X, as_sequences(lists), scoring=scoring, cv=3), expected)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_search_finds_the_parameter_with_the_best_score(n_jobs):
    estimator, X, y, *_ = fitted(2)
    scoring = sequence_scorer("neg_log_loss")
    search = GridSearchCV(estimator, {"model__C": [1e-6, 1.0]}, scoring=scoring, cv=3, n_jobs=n_jobs).fit(X, y)
    assert search.best_params_ == {"model__C": 1.0}
    assert search.best_score_ == np.mean(cross_val_score(estimator, X, y, scoring=scoring, cv=3))
    assert search.score(X, y) == scoring(search, X, y)


def test_a_search_may_score_several_metrics():
    estimator, X, y, *_ = fitted(3)
    scoring = {"f1": sequence_scorer("f1_macro"), "loss": sequence_scorer("neg_log_loss")}
    search = GridSearchCV(estimator, {"model__C": [1e-6, 1.0]}, scoring=scoring, refit="loss", cv=3).fit(X, y)
    assert search.best_params_ == {"model__C": 1.0}
    assert search.score(X, y) == scoring["loss"](search.best_estimator_, X, y)


def test_learning_curve_and_permutation_importance_take_it(folds):
    estimator, X, y, *_ = fitted(2, EQUAL)
    scoring = sequence_scorer("accuracy")
    _, _, scores = learning_curve(estimator, X, y, cv=folds, train_sizes=[1.0], scoring=scoring, error_score="raise")
    assert_array_equal(scores[0], cross_val_score(estimator, X, y, cv=folds, scoring=scoring))

    class OneNumberPerStep(Classifier):  # a matrix: columns are time steps
        def fit(self, X, y):
            return super().fit(X[:, :, None], y)

        def predict(self, X):
            return super().predict(np.asarray(X)[:, :, None])

    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3)) * [1, 1, 0]
    y = (X > 0).astype(int)
    model = OneNumberPerStep(Logistic()).fit(X, y)
    result = permutation_importance(
        model, X, y, scoring=scoring, random_state=0, n_repeats=3, sample_weight=X[:, 0] ** 2
    )
    assert (result.importances_mean[:2] > 0.05).all()
    assert result.importances_mean[2] == 0


@pytest.mark.parametrize("name", ["accuracy", "matthews_corrcoef"])
def test_a_search_passes_weights_on_without_routing_if_scikit_learn_does(name, folds):
    _, X, y, *_ = fitted(2)
    weight = np.arange(1.0, 10.0)
    passes_on = hasattr(get_scorer(name), "_accept_sample_weight")  # from 1.7
    expected = []
    for train, test in folds.split(X):
        model = Classifier(Logistic()).fit([X[j] for j in train], [y[j] for j in train], weight[train])
        weight_of_test = weight[test] if passes_on else None
        expected.append(sequence_scorer(name)(model, [X[j] for j in test], [y[j] for j in test], weight_of_test))
    one, several = sequence_scorer(name), {"one": sequence_scorer(name), "other": sequence_scorer("f1")}
    for scoring, refit in [(one, True), (several, "one")]:
        search = GridSearchCV(Classifier(Logistic()), {}, cv=folds, scoring=scoring, refit=refit)
        assert_allclose(search.fit(X, y, sample_weight=weight).best_score_, np.mean(expected))


@pytest.mark.skipif(
    not hasattr(get_scorer("r2"), "_accept_sample_weight"), reason="nobody asks before scikit-learn 1.7"
)
def test_a_search_keeps_weights_from_a_metric_that_takes_none():
    _, X, y, *_ = fitted("numbers")
    for scoring in ["neg_max_error", zero]:
        search = GridSearchCV(
            Regressor(LinearRegression()), {}, cv=3, scoring=sequence_scorer(scoring), error_score="raise"
        )
        with pytest.warns(UserWarning, match=r"sequence_scorer\(.* does not support sample_weight"):
            search.fit(X, y, sample_weight=np.ones(9))


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("per_step", [False, True])
def test_weights_are_routed_to_a_scorer_that_asks_for_them(per_step, folds):
    estimator, X, y, *_ = fitted(2)
    estimator.set_fit_request(sample_weight=False)
    weight = [np.arange(len(x)) + 1.0 for x in X] if per_step else np.arange(1.0, 10.0)
    asks = sequence_scorer("f1_macro").set_score_request(sample_weight=True)
    ignores = sequence_scorer("f1_macro").set_score_request(sample_weight=False)
    expected = {"asks": [], "ignores": []}
    for train, test in folds.split(X):
        model = clone(estimator).fit([X[j] for j in train], [y[j] for j in train])
        part = model, [X[j] for j in test], [y[j] for j in test]
        expected["asks"].append(sequence_scorer("f1_macro")(*part, sample_weight=[weight[j] for j in test]))
        expected["ignores"].append(sequence_scorer("f1_macro")(*part))
    params = {"sample_weight": weight}
    scores = cross_validate(estimator, X, y, cv=folds, scoring={"asks": asks, "ignores": ignores}, params=params)
    assert_array_equal(scores["test_asks"], expected["asks"])
    assert_array_equal(scores["test_ignores"], expected["ignores"])
    assert_array_equal(cross_val_score(estimator, X, y, cv=folds, scoring=asks, params=params), expected["asks"])
    search = GridSearchCV(estimator, {"scale": [1.0]}, scoring=asks, cv=folds).fit(X, y, **params)
    assert search.best_score_ == np.mean(expected["asks"])
    assert search.score(X, y, **params) == sequence_scorer("f1_macro")(search, X, y, sample_weight=weight)


@pytest.mark.usefixtures("routing")
def test_a_function_is_routed_nothing():
    estimator, X, y, *_ = fitted(2)
    estimator.set_fit_request(sample_weight=True)
    params = {"sample_weight": np.ones(9)}
    assert not cross_val_score(estimator, X, y, cv=3, scoring=sequence_scorer(zero), params=params).any()


@pytest.mark.usefixtures("routing")
def test_a_request_stays_with_the_scorer_and_does_not_reach_the_given_one():
    given = make_scorer(metrics.accuracy_score)
    before = requests_of(given)
    assert requests_of(sequence_scorer(given)) == before
    scorer = sequence_scorer(given).set_score_request(sample_weight="weight")
    search = GridSearchCV(Classifier(Logistic()), {}, scoring=scorer)
    for asking in [scorer, pickle.loads(pickle.dumps(scorer)), clone(search).scoring]:
        assert requests_of(asking) == {"sample_weight": "weight"}
    assert requests_of(given) == before


def requests_of(scorer):
    return scorer.get_metadata_routing().score.requests


# --- the scorer itself ------------------------------------------------------------------------------------------------


def test_a_scorer_is_printed_as_it_is_written():
    assert repr(sequence_scorer("f1_macro")) == "sequence_scorer('f1_macro')"
    assert repr(sequence_scorer(make_scorer(metrics.r2_score))) == f"sequence_scorer({make_scorer(metrics.r2_score)})"


def test_a_scorer_is_the_same_after_pickling_and_cloning():
    estimator, X, y, *_ = fitted(2)
    scorer = sequence_scorer("roc_auc")
    for copied in [pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)]:
        assert copied(estimator, X, y) == scorer(estimator, X, y)
        assert repr(copied) == repr(scorer)


@pytest.mark.parametrize("scoring", ["f2_makro", metrics.f1_score, None, 7])
def test_what_is_no_scorer_has_the_error_of_scikit_learn(scoring):
    with pytest.raises((ValueError, TypeError)) as wanted:
        metrics.check_scoring(scoring=scoring)
    with pytest.raises(wanted.type, match=f"^{re.escape(str(wanted.value))}$"):
        sequence_scorer(scoring)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [[0, 1] * 4 + [0], np.arange(9.0), ["low"] * 9, np.array(["low"] * 9, dtype=object)])
def test_one_label_for_each_sequence_is_refused(y):
    estimator, X, *_ = fitted(2)
    with pytest.raises(
        ValueError, match=r"^Expected y to have one value per time step, got a single value for sequence 0"
    ):
        sequence_scorer("accuracy")(estimator, X, y)


def test_one_prediction_for_each_sequence_is_refused():
    _, X, y, *_ = fitted(2)
    forest = RandomForestClassifier(2, random_state=0).fit(np.stack([x[0] for x in X]), [row[0] for row in y])
    with pytest.raises(
        ValueError, match=r"^Expected RandomForestClassifier\.predict to have one value per time step, got a single"
    ):
        sequence_scorer("accuracy")(forest, np.stack([x[0] for x in X]), y)


@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss"])
def test_other_lengths_are_refused_with_the_sequence(name):
    estimator, X, y, *_ = fitted(2)
    response = "predict" if name == "accuracy" else "predict_proba"
    short = [*y[:4], y[4][:3], *y[5:]]
    message = f"Expected Classifier.{response} to have 3 time steps for sequence 4, as many as y, got 5."
    with pytest.raises(ValueError, match=re.escape(message)):
        sequence_scorer(name)(estimator, X, short)
    weight = [np.ones(len(row)) for row in short]
    with pytest.raises(
        ValueError, match=r"^Expected sample_weight to have 5 time steps for sequence 4, as many as y, got 3\."
    ):
        sequence_scorer(name)(estimator, X, y, sample_weight=weight)


def test_another_number_of_sequences_is_refused():
    estimator, X, y, *_ = fitted(2)
    for arguments in [(X[1:], y), (X, y[1:]), (X, y, np.ones(8)), (X, y, [np.ones(1)] * 8)]:
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[[89], [89]\]"):
            sequence_scorer("accuracy")(estimator, *arguments)


def test_steps_of_another_shape_are_refused_with_the_sequence():
    y = [np.ones((2, 3)), np.ones((4, 3)), np.ones((1, 2))]
    with pytest.raises(
        ValueError,
        match=r"^Expected y to have the same shape at all .*, got \(3,\) in sequence 0 and \(2,\) in sequence 2\.",
    ):
        flatten_steps(y)
    with pytest.raises(
        ValueError, match=r"^Expected y to have the same .*, got \(3,\) in sequence 0 and \(\) in sequence 1\."
    ):
        flatten_steps([y[0], np.ones(2)])


def test_steps_are_flat_and_counted():
    flat, lengths = flatten_steps([["b", "i"], ["o"]])
    assert flat.tolist() == ["b", "i", "o"]
    assert lengths == [2, 1]
    assert flatten_steps(np.zeros((2, 3, 4)))[0].shape == (6, 4)
    with pytest.raises(ValueError, match=r"^Expected y to have 3 time steps for sequence 0, as many as X, got 2\."):
        flatten_steps([["b", "i"], ["o"]], lengths=np.array([3, 1]))
