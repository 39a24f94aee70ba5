"""When training goes on, and when it stops: warm_start, partial_fit, tol, early_stopping."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score
from sklearn.neural_network import MLPClassifier

from sklearn_recurrent import RNNClassifier, RNNRegressor

TINY = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0}
STEADY = {"learning_rate": "constant", "tol": 0, "n_iter_no_change": 1000}  # always to max_iter
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


def same_bits(one, other):
    return one.theta_.tobytes() == other.theta_.tobytes()


# --- going on ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_warm_start_goes_on_as_if_there_had_been_no_break(estimator, data, solver):
    X, y = data
    settings = TINY | STEADY | {"solver": solver, "batch_size": 7}
    whole = estimator(**settings | {"max_iter": 6}).fit(X, y)
    parts = estimator(**settings | {"max_iter": 3}, warm_start=True).fit(X, y)
    assert (parts.n_iter_, parts.t_) == (3, 120)
    parts.fit(X, y)
    assert (parts.n_iter_, parts.t_) == (6, 240)
    assert same_bits(whole, parts)
    assert parts.loss_curve_ == whole.loss_curve_


def test_partial_fit_is_an_epoch_of_fit_with_the_moments_kept(estimator, data):
    X, y = data
    whole = estimator(**TINY | STEADY, batch_size=7).fit(X, y)
    parts = estimator(**TINY, batch_size=7)
    for _ in range(4):
        parts.partial_fit(X, y)
    assert same_bits(whole, parts)
    assert (parts.n_iter_, parts.t_, parts.loss_curve_) == (whole.n_iter_, whole.t_, whole.loss_curve_)


def test_without_warm_start_every_fit_begins_anew(estimator, data):
    X, y = data
    once = estimator(**TINY).fit(X, y)
    assert same_bits(estimator(**TINY).partial_fit(X[:9], y[:9]).fit(X, y).fit(X, y), once)


def test_a_warm_start_keeps_the_scaling_of_the_first_fit(estimator, data):
    X, y = data
    model = estimator(**TINY, warm_start=True).fit(X, y)
    scaling = model.x_mean_.copy(), model.x_scale_.copy()
    model.fit([3 * x + 1 for x in X], y).partial_fit([5 * x for x in X], y)
    assert np.array_equal(scaling, (model.x_mean_, model.x_scale_))


def test_a_warm_start_of_lbfgs_goes_on_downhill(estimator, data):
    model = estimator(**TINY, solver="lbfgs", warm_start=True).fit(*data)
    first = model.loss_
    model.fit(*data)
    assert model.loss_ < first
    assert model.n_iter_ == len(model.loss_curve_) == 8


def test_a_warm_start_may_change_the_solver(estimator, data):
    model = estimator(**TINY, warm_start=True).fit(*data).set_params(solver="sgd").fit(*data)
    assert model.n_iter_ == 8
    model.set_params(solver="lbfgs").fit(*data)
    model.set_params(solver="adam").fit(*data)
    assert np.isfinite(model.theta_).all()


def test_partial_fit_knows_classes_that_come_later(classifier, ragged, three_labels):
    a = [j for j in range(40) if three_labels[j] == "a"]
    model = classifier(**TINY).partial_fit([ragged[j] for j in a], three_labels[a], classes=["c", "a", "b"])
    assert model.classes_.tolist() == ["a", "b", "c"]
    model.partial_fit(ragged, three_labels).partial_fit(ragged, three_labels, classes=["a", "b", "c"])
    assert model.predict_proba(ragged).shape == (40, 3)
    assert classifier(**TINY).fit(ragged, three_labels).partial_fit([ragged[0]], three_labels[:1]).n_iter_ == 5


# --- stopping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("patience", [1, 3])
def test_a_stalled_fit_ends_when_that_of_MLPClassifier_would(ragged, labels, early_stopping, patience):
    settings = {"tol": 1e6, "n_iter_no_change": patience, "early_stopping": early_stopping, "random_state": 0}
    ours = RNNClassifier(4, learning_rate="constant", **settings).fit(ragged, labels)
    theirs = MLPClassifier(4, **settings).fit(np.array([x[:3, 0] for x in ragged]), labels == "low")
    # the first score of theirs has to beat minus infinity by tol, too
    assert ours.n_iter_ == theirs.n_iter_ == patience + 2


def test_early_stopping_keeps_the_weights_of_its_best_epoch(estimator, data):
    X, y = data
    settings = {"hidden_layer_sizes": 4, "early_stopping": True, "validation_fraction": 0.3, "random_state": 0}
    settings |= {"learning_rate": "constant", "learning_rate_init": 0.03, "batch_size": 8, "n_iter_no_change": 5}
    model = estimator(**settings, max_iter=100).fit(X, y)
    best = int(np.argmax(model.validation_scores_)) + 1
    assert best < model.n_iter_ < 100
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None
    assert model.t_ == model.n_iter_ * 28
    until_then = estimator(**settings, max_iter=best).fit(X, y)
    assert same_bits(model, until_then)
    assert until_then.validation_scores_ == model.validation_scores_[:best]


def test_the_validation_score_is_accuracy_or_r2(ragged, labels, numbers):
    """On all but one sequence, the scores are those of a model asked by hand."""
    for cls, y, metric in ((RNNClassifier, labels, accuracy_score), (RNNRegressor, numbers, r2_score)):
        model = cls(**TINY | {"max_iter": 1}, early_stopping=True, validation_fraction=0.97).fit(ragged, y)
        assert model.t_ == 1
        scores = [metric(np.delete(y, j), np.delete(model.predict(ragged), j)) for j in range(40)]
        assert np.isclose(scores, model.best_validation_score_).any()


def test_without_early_stopping_there_are_no_validation_scores(estimator, data):
    model = estimator(**TINY).fit(*data)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None


@pytest.mark.parametrize("n", [1, 2, 3])
def test_early_stopping_does_with_very_few_sequences(estimator, data, n):
    X, y = data[0][:n], data[1][:n]
    model = estimator(**TINY, early_stopping=True).fit(X, y)
    assert (model.validation_scores_ is None) == (n == 1)
    assert model.predict(X).shape == (n,)


def test_the_loss_is_that_of_the_last_epoch_and_the_best_loss_the_smallest(estimator, data):
    X, y = data
    model = estimator(8, max_iter=30, batch_size=8, random_state=0).fit(X, y)
    model.partial_fit(X, y[::-1])  # what was learned is wrong now
    assert model.loss_ == model.loss_curve_[-1] > model.best_loss_ == min(model.loss_curve_)
