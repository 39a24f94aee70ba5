"""Scorers of predicted quantiles, against scikit-learn's pinball loss and the interval score by hand."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import QuantileRegressor, Ridge
from sklearn.metrics import get_scorer, make_scorer, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import sklearn_recurrent as sr
from sklearn_recurrent import interval_scorer, pinball_scorer, sequence_scorer, sliding_windows

SMALL = {"max_iter": 1, "random_state": 0}
QUANTILES = (0.05, 0.5, 0.95)
WAVE = np.sin(0.3 * np.arange(60)) + np.random.default_rng(0).normal(scale=0.1, size=60)
X, y, _ = sliding_windows(WAVE, window=8, horizon=3)
SEVERAL = sr.GRURegressor(4, loss="quantile", quantile=QUANTILES, **SMALL)


class Bands(RegressorMixin, BaseEstimator):
    """The last value of each window, and as many quantiles of each step around it."""

    def __init__(self, quantile=QUANTILES, n_steps=3):
        self.quantile = quantile
        self.n_steps = n_steps

    def fit(self, X, y, sample_weight=None):
        self.width_ = np.std(y)
        return self

    def predict(self, X):
        last = np.repeat(np.asarray(X)[:, -1:], self.n_steps, axis=1)
        if np.ndim(self.quantile) == 0:
            return last + self.quantile
        return last[..., None] + self.width_ * np.arange(len(self.quantile))


def pinball(y, predicted, quantile, weight=None):
    n = len(y)
    return -mean_pinball_loss(y.reshape(n, -1), predicted.reshape(n, -1), alpha=quantile, sample_weight=weight)


def interval(y, lower, upper, alpha):
    penalty = np.maximum(lower - y, 0) + np.maximum(y - upper, 0)
    return -np.mean(upper - lower + 2 / alpha * penalty)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


# --- what is scored ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("Y", [y[:, 0], y, y[..., None] * [1, 2]], ids=["one step", "horizon", "outputs"])
def test_a_quantile_is_found_in_the_last_axis(Y):
    if Y.ndim == 3:
        model = SEVERAL.fit(X, Y.reshape(len(Y), -1))
        Y = Y.reshape(len(Y), -1)
    else:
        model = SEVERAL.fit(X, Y)
    predicted = model.predict(X)
    for k, quantile in enumerate(QUANTILES):
        assert_allclose(pinball_scorer(quantile)(model, X, Y), pinball(Y, predicted[..., k], quantile))
    mean = np.mean([pinball(Y, predicted[..., k], q) for k, q in enumerate(QUANTILES)])
    assert_allclose(pinball_scorer(QUANTILES)(model, X, Y), mean)
    assert_allclose(interval_scorer(0.1)(model, X, Y), interval(Y, predicted[..., 0], predicted[..., 2], 0.1))


def test_quantiles_are_found_ascending_as_they_are_predicted():
    model = clone(SEVERAL).set_params(quantile=(0.95, 0.05, 0.5)).fit(X, y)
    predicted = model.predict(X)
    assert_allclose(pinball_scorer(0.95)(model, X, y), pinball(y, predicted[..., 2], 0.95))


def test_the_quantiles_of_a_model_are_those_of_its_fit():
    model = clone(SEVERAL).fit(X, y)
    expected = pinball_scorer(0.05)(model, X, y)
    assert pinball_scorer(0.05)(model.set_params(quantile=(0.3, 0.4, 0.6)), X, y) == expected


@pytest.mark.parametrize("Y", [y[:, 0], y], ids=["one step", "horizon"])
def test_a_single_quantile_has_no_axis(Y):
    model = clone(SEVERAL).set_params(quantile=0.9).fit(X, Y)
    assert_allclose(pinball_scorer(0.9)(model, X, Y), pinball(Y, model.predict(X), 0.9))
    model.set_params(quantile=(0.9,)).fit(X, Y)
    assert_allclose(pinball_scorer(0.9)(model, X, Y), pinball(Y, model.predict(X)[..., 0], 0.9))


@pytest.mark.parametrize(
    ("model", "quantile"),
    [
        (HistGradientBoostingRegressor(loss="quantile", quantile=0.2, max_iter=2), 0.2),
        (GradientBoostingRegressor(loss="quantile", alpha=0.7, n_estimators=2), 0.7),
        (QuantileRegressor(quantile=0.3, alpha=0), 0.3),
        (GradientBoostingRegressor(loss="absolute_error", n_estimators=2), 0.5),
        (sr.GRURegressor(4, loss="absolute_error", **SMALL), 0.5),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_models_of_one_quantile_are_scored_by_it_alone(model, quantile):
    model = model.fit(X, y[:, 0])
    expected = pinball(y[:, 0], model.predict(X), quantile)
    assert_allclose(pinball_scorer(quantile)(model, X, y[:, 0]), expected)
    with pytest.raises(ValueError, match=rf"quantiles 0\.1, got {type(model).__name__}, which predicts {quantile}\."):
        pinball_scorer(0.1)(model, X, y[:, 0])


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(FunctionTransformer(), SEVERAL),
        sr.PerWindow(SEVERAL),
        make_pipeline(FunctionTransformer(), sr.PerWindow(make_pipeline(FunctionTransformer(), SEVERAL))),
        GridSearchCV(SEVERAL, {"alpha": [0.1, 1.0]}, cv=2, scoring=pinball_scorer(0.5)),
    ],
    ids=["Pipeline", "PerWindow", "both", "GridSearchCV"],
)
def test_quantiles_are_found_within_other_estimators(model):
    model = clone(model).fit(X, y)
    predicted = model.predict(X)
    assert_allclose(pinball_scorer(0.95)(model, X, y), pinball(y, predicted[..., 2], 0.95))
    assert_allclose(interval_scorer(0.1)(model, X, y), interval(y, predicted[..., 0], predicted[..., 2], 0.1))


def test_quantiles_are_found_within_regressors_of_several_outputs_and_of_transformed_ones():
    of_boosting = HistGradientBoostingRegressor(loss="quantile", quantile=0.2, max_iter=2)
    of_steps = MultiOutputRegressor(of_boosting).fit(X, y)
    assert_allclose(pinball_scorer(0.2)(of_steps, X, y), pinball(y, of_steps.predict(X), 0.2))
    scaled = TransformedTargetRegressor(of_boosting, transformer=StandardScaler()).fit(X, y[:, 0])
    assert_allclose(pinball_scorer(0.2)(scaled, X, y[:, 0]), pinball(y[:, 0], scaled.predict(X), 0.2))


def test_any_model_that_tells_its_quantiles_is_scored():
    model = Bands().fit(X, y)
    assert_allclose(pinball_scorer(0.5)(model, X, y), pinball(y, model.predict(X)[..., 1], 0.5))
    assert_allclose(pinball_scorer(0.4)(Bands(0.4).fit(X, y), X, y), pinball(y, Bands(0.4).predict(X), 0.4))


def test_a_missing_target_is_none():
    model = clone(SEVERAL).fit(X, y)
    missing = y.copy()
    missing[::2, 1] = np.nan
    predicted = model.predict(X)[..., 0]
    there = ~np.isnan(missing)
    expected = -mean_pinball_loss(missing[there], predicted[there], alpha=0.05)
    assert_allclose(pinball_scorer(0.05)(model, X, missing), expected)


# --- a target per time step, and any horizon --------------------------------------------------------------------------


def per_step(padded=False):
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, 2)) for length in (3, 5, 4, 6, 2, 5)]
    targets = [x.sum(axis=1) for x in sequences]
    model = sr.GRURegressor(4, return_sequences=True, loss="quantile", quantile=QUANTILES, **SMALL)
    return model.fit(sequences, targets), sequences, targets


@pytest.mark.parametrize("form", ["list", "padded", "frames"])
def test_all_steps_of_all_sequences_count_alike(form):
    model, sequences, targets = per_step()
    predicted = np.concatenate(list(model.predict(sequences)))
    expected = pinball(np.concatenate(targets), predicted[:, 2], 0.95)
    if form == "padded":
        sequences = sr.SequencePadder().fit_transform(sequences)
        model.fit(sequences, targets)
        predicted = np.concatenate(list(model.predict(sequences)))
        expected = pinball(np.concatenate(targets), predicted[:, 2], 0.95)
        padded = np.zeros(sequences.shape[:2])
        for row, target in zip(padded, targets, strict=True):
            row[: len(target)] = target
        assert_allclose(pinball_scorer(0.95)(model, sequences, padded), expected)
    if form == "frames":
        pandas = pytest.importorskip("pandas")
        targets = [pandas.Series(target) for target in targets]
    assert_allclose(pinball_scorer(0.95)(model, sequences, targets), expected)
    pipeline = make_pipeline(FunctionTransformer(), model)
    assert_allclose(pinball_scorer(0.95)(pipeline, sequences, targets), expected)


def test_a_scorer_of_sequences_gives_the_same():
    model, sequences, targets = per_step()
    for scorer in (pinball_scorer(0.95), interval_scorer(0.1)):
        assert_allclose(sequence_scorer(scorer)(model, sequences, targets), scorer(model, sequences, targets))


def test_steps_have_weights_and_may_have_no_target():
    model, sequences, targets = per_step()
    weight = [np.arange(len(target)) + 1.0 for target in targets]
    predicted = np.concatenate(list(model.predict(sequences)))[:, 2]
    flat = np.concatenate(targets)
    expected = -mean_pinball_loss(flat, predicted, alpha=0.95, sample_weight=np.concatenate(weight))
    assert_allclose(pinball_scorer(0.95)(model, sequences, targets, sample_weight=weight), expected)
    targets[1] = np.r_[np.nan, targets[1][1:]]
    there = np.arange(len(flat)) != len(targets[0])
    expected = -mean_pinball_loss(flat[there], predicted[there], alpha=0.95)
    assert_allclose(pinball_scorer(0.95)(model, sequences, targets), expected)


def test_as_many_steps_are_predicted_as_there_are_targets():
    model = sr.Seq2SeqRegressor(4, loss="absolute_error", **SMALL).fit(X, y)
    expected = pinball(y, model.predict(X), 0.5)
    assert_allclose(pinball_scorer(0.5)(model, X, y), expected)
    assert_allclose(pinball_scorer(0.5)(model, X, list(y)), expected)
    assert_allclose(pinball_scorer(0.5)(model, X, y[:, :2]), pinball(y[:, :2], model.predict(X, horizon=2), 0.5))
    ragged = [row[: 1 + j % 3] for j, row in enumerate(y)]
    predicted = model.predict(X, horizon=[len(row) for row in ragged])
    expected = -mean_pinball_loss(np.concatenate(ragged), np.concatenate(list(predicted)), alpha=0.5)
    assert_allclose(pinball_scorer(0.5)(model, X, ragged), expected)


def test_a_decoder_of_several_quantiles_is_scored_at_any_horizon():
    model = sr.Seq2SeqRegressor(4, loss="quantile", quantile=QUANTILES, **SMALL)
    for Y in (y, y[..., None] * [1, 2]):
        model.fit(X, Y)
        assert_allclose(pinball_scorer(0.95)(model, X, Y), pinball(Y, model.predict(X)[..., 2], 0.95))
        ragged = [row[: 1 + j % 3] for j, row in enumerate(Y)]
        predicted = np.concatenate(list(model.predict(X, horizon=[len(row) for row in ragged])))
        flat = np.concatenate(ragged)
        assert_allclose(pinball_scorer(0.95)(model, X, ragged), pinball(flat, predicted[..., 2], 0.95))
        band = interval(flat, predicted[..., 0], predicted[..., 2], 0.1)
        assert_allclose(interval_scorer(0.1)(model, X, ragged), band)


# --- in scikit-learn --------------------------------------------------------------------------------------------------


def test_searches_and_cross_validation_score_models_of_several_quantiles():
    scoring = {"low": pinball_scorer(0.05), "band": interval_scorer(0.1)}
    folds = KFold(2)
    scores = cross_validate(SEVERAL, X, y, cv=folds, scoring=scoring, error_score="raise")
    expected = {"low": [], "band": []}
    for train, test in folds.split(X):
        predicted = clone(SEVERAL).fit(X[train], y[train]).predict(X[test])
        expected["low"].append(pinball(y[test], predicted[..., 0], 0.05))
        expected["band"].append(interval(y[test], predicted[..., 0], predicted[..., 2], 0.1))
    for name, values in expected.items():
        assert_allclose(scores[f"test_{name}"], values)
    grid = {"alpha": [0.1, 1e4]}
    search = GridSearchCV(SEVERAL, grid, cv=folds, scoring=scoring, refit="band", error_score="raise")
    search.fit(X, y)
    assert_allclose(search.cv_results_["mean_test_low"][0], np.mean(expected["low"]))
    assert search.score(X, y) == interval_scorer(0.1)(search, X, y)


def test_early_stopping_watches_a_quantile():
    for Y in (y[:, 0], y):
        model = clone(SEVERAL).set_params(early_stopping=True, scoring=pinball_scorer(0.95), max_iter=3)
        model.set_params(validation_split=TimeSeriesSplit(2))
        assert np.isfinite(model.fit(X, Y).validation_scores_).all()
    model, sequences, targets = per_step()
    weight = [np.ones(len(target)) for target in targets]
    weight[0][1] = 3
    for scorer in (pinball_scorer(0.95), interval_scorer(0.1)):
        model.set_params(early_stopping=True, scoring=scorer, max_iter=3, validation_fraction=0.5)
        assert np.isfinite(model.fit(sequences, targets, sample_weight=weight).validation_scores_).all()


@pytest.mark.parametrize("scorer", [pinball_scorer(0.5), pinball_scorer(QUANTILES), interval_scorer(0.1)], ids=repr)
def test_a_scorer_is_copied_stored_and_printed(scorer):
    model = clone(SEVERAL).fit(X, y)
    for copied in (pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False), deepcopy(scorer)):
        assert repr(copied) == repr(scorer)
        assert copied(model, X, y) == scorer(model, X, y)
    assert b"quantile_scoring" not in pickle.dumps(scorer)  # what is stored names no private module
    assert eval(repr(scorer)).__class__ is scorer.__class__


def test_weights_of_samples():
    model = clone(SEVERAL).fit(X, y)
    weight = np.arange(len(y)) + 1.0
    expected = pinball(y, model.predict(X)[..., 0], 0.05, weight)
    assert_allclose(pinball_scorer(0.05)(model, X, y, sample_weight=weight), expected)


@pytest.mark.skipif(
    not hasattr(get_scorer("r2"), "_accept_sample_weight"), reason="nobody asks before scikit-learn 1.7"
)
def test_a_search_passes_weights_on():
    weight = np.arange(len(y)) + 1.0
    search = GridSearchCV(SEVERAL, {}, cv=KFold(2), scoring=pinball_scorer(0.05)).fit(X, y, sample_weight=weight)
    expected = []
    for train, test in KFold(2).split(X):
        model = clone(SEVERAL).fit(X[train], y[train], sample_weight=weight[train])
        expected.append(pinball(y[test], model.predict(X[test])[..., 0], 0.05, weight[test]))
    assert_allclose(search.best_score_, np.mean(expected))


@pytest.mark.usefixtures("routing")
def test_weights_are_routed_to_a_scorer_that_asks_for_them():
    weight = np.arange(len(y)) + 1.0
    model = clone(SEVERAL).set_fit_request(sample_weight=False)
    scoring = {
        "asks": pinball_scorer(0.05).set_score_request(sample_weight=True),
        "ignores": pickle.loads(pickle.dumps(pinball_scorer(0.05).set_score_request(sample_weight=False))),
    }
    scores = cross_validate(model, X, y, cv=KFold(2), scoring=scoring, params={"sample_weight": weight})
    for fold, (train, test) in enumerate(KFold(2).split(X)):
        predicted = clone(SEVERAL).fit(X[train], y[train]).predict(X[test])[..., 0]
        assert_allclose(scores["test_asks"][fold], pinball(y[test], predicted, 0.05, weight[test]))
        assert_allclose(scores["test_ignores"][fold], pinball(y[test], predicted, 0.05))
    refused = []
    for scorer in (make_scorer(mean_pinball_loss), pinball_scorer(0.05)):
        with pytest.raises((TypeError, ValueError), match="sample_weight") as error:
            cross_validate(model, X, y, cv=2, scoring=scorer, params={"sample_weight": weight})
        refused.append(error.type)
    assert refused[0] is refused[1]


# --- errors -----------------------------------------------------------------------------------------------------------


def test_a_quantile_that_is_not_predicted_is_refused_with_those_that_are():
    model = sr.PerWindow(SEVERAL).fit(X, y)
    message = (
        r"^Expected a model that predicts the quantiles 0\.9, got GRURegressor, which predicts 0\.05, 0\.5, 0\.95\. "
        r"Networks predict several: quantile=\(0\.05, 0\.5, 0\.9, 0\.95\)\."
    )
    with pytest.raises(ValueError, match=message):
        pinball_scorer(0.9)(model, X, y)
    with pytest.raises(ValueError, match=r"quantiles 0\.1, 0\.9, got GRURegressor"):
        interval_scorer(0.2)(model, X, y)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Ridge(), "Ridge"),
        (make_pipeline(Ridge()), "Ridge"),
        (sr.LSTMRegressor(4, quantile=0.9, **SMALL), "LSTMRegressor"),
        (HistGradientBoostingRegressor(quantile=0.9, max_iter=2), "HistGradientBoostingRegressor"),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_model_without_quantiles_is_refused(model, name):
    message = rf'^Expected a model that predicts the quantiles 0\.9, got {name}, .* loss="quantile", quantile=\(0\.9,\)'
    with pytest.raises(ValueError, match=message):
        pinball_scorer(0.9)(model.fit(X, y[:, 0]), X, y[:, 0])


def test_predictions_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"^Expected y_\w+ of shape \(50, 3, 1\), that of y_true"):
        pinball_scorer(0.5)(Bands(n_steps=2).fit(X, y), X, y)
    model, sequences, targets = per_step()
    with pytest.raises(ValueError, match=r"^Expected y to have 5 time steps for sequence 1, as many as"):
        pinball_scorer(0.5)(model, sequences, [targets[0], targets[1][:2], *targets[2:]])


@pytest.mark.parametrize("quantile", [0, 1, 95, "0.5", (), (0.5, 0.5), None])
def test_what_is_no_quantile_is_refused(quantile):
    with pytest.raises(ValueError, match=r"^quantile must be"):
        pinball_scorer(quantile)


@pytest.mark.parametrize("alpha", [0, 1, 90, "0.1", None])
def test_what_is_no_part_is_refused(alpha):
    with pytest.raises((ValueError, TypeError), match=r"^alpha"):
        interval_scorer(alpha)
