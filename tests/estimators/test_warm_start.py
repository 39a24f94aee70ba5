"""When training goes on, and when it stops: warm_start, partial_fit, tol, early_stopping."""

import numpy as np
import pytest
from checks import same_bits
from sklearn.metrics import accuracy_score, r2_score
from sklearn.neural_network import MLPClassifier

from sklearn_recurrent import RNNClassifier, RNNRegressor, Seq2SeqRegressor
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.optimizers import OPTIMIZERS

TINY = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0}
STEADY = {"learning_rate": "constant", "tol": 0, "n_iter_no_change": 1000}  # always to max_iter
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


# --- going on ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_a_warm_start_goes_on_as_if_there_had_been_no_break(estimator, data, solver):
    X, y = data
    settings = TINY | STEADY | {"solver": solver, "batch_size": 15}
    whole = estimator(**settings | {"max_iter": 4}).fit(X, y)
    parts = estimator(**settings | {"max_iter": 2}, warm_start=True).fit(X, y)
    assert (parts.n_iter_, parts.t_) == (2, 80)
    parts.fit(X, y)
    assert (parts.n_iter_, parts.t_) == (4, 160)
    assert same_bits(whole, parts)
    assert parts.loss_curve_ == whole.loss_curve_


@pytest.fixture(scope="module")
def many():
    """Enough sequences of all lengths for batches of like length; numbers that belong to them."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in np.maximum(1, rng.gamma(2, 5, 150).astype(int))]
    return X, np.array([x.mean() + x[-1, 0] for x in X])


NOISY = {"dropout": 0.3, "recurrent_dropout": 0.2, "batch_size": 15, "weight_decay": 0.1, "warmup_steps": 30}


@pytest.mark.parametrize("solver", OPTIMIZERS)
@pytest.mark.parametrize("cls", [RNNClassifier, RNNRegressor, Seq2SeqRegressor])
@pytest.mark.each_choice
def test_twice_so_many_epochs_are_a_fit_and_a_warm_start(cls, solver, many):
    X, y = many
    y = {RNNClassifier: y > 0, Seq2SeqRegressor: [x[:3, 0] for x in X]}.get(cls, y)
    settings = TINY | STEADY | NOISY | {"solver": solver}
    whole = cls(**settings).fit(X, y)
    parts = cls(**settings | {"max_iter": 2}, warm_start=True).fit(X, y).fit(X, y)
    assert same_bits(whole, parts)
    assert (parts.loss_curve_, parts.n_iter_, parts.t_) == (whole.loss_curve_, 4, 600)
    calls = cls(**settings)
    for _ in range(4):
        calls.partial_fit(X, y)
    assert same_bits(whole, calls)


def test_a_batch_holds_sequences_of_like_length(many, monkeypatch):
    spreads, evaluate = [], Objective.__call__

    def watched(self, theta, rows, key=None):
        spreads.append(np.ptp(self.lengths[rows]))
        return evaluate(self, theta, rows, key)

    monkeypatch.setattr(Objective, "__call__", watched)
    RNNRegressor(**TINY, batch_size=7).fit(*many)
    by_length = np.mean(spreads)
    spreads.clear()
    RNNRegressor(**TINY, batch_size=7, shuffle=False).fit(*many)
    assert by_length < 0.7 * np.mean(spreads)


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
    settings |= {"learning_rate": "constant", "learning_rate_init": 0.1, "batch_size": 8, "n_iter_no_change": 5}
    model = estimator(**settings, max_iter=100).fit(X, y)
    best = int(np.argmax(model.validation_scores_)) + 1
    assert best < model.n_iter_ < 100
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None
    assert model.t_ == model.n_iter_ * 28
    until_then = estimator(**settings, max_iter=best).fit(X, y)
    assert same_bits(model, until_then)
    assert until_then.validation_scores_ == model.validation_scores_[:best]


@pytest.mark.parametrize("by_name", [False, True])
def test_the_validation_score_is_accuracy_or_r2_if_they_are_asked_for(ragged, labels, numbers, by_name):
    """On all but one sequence, the scores are those of a model asked by hand."""
    settings = TINY | {"max_iter": 1, "early_stopping": True, "validation_fraction": 0.97}
    for cls, y, metric in ((RNNClassifier, labels, accuracy_score), (RNNRegressor, numbers, r2_score)):
        name = {accuracy_score: "accuracy", r2_score: "r2"}[metric] if by_name else None
        model = cls(**settings, scoring=name).fit(ragged, y)
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
