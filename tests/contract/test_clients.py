"""Bands of forecasts, calibrated by mapie and crepes: recipes, and how often the bands hold what will be.

``make clients`` installs both and runs this file; where they are missing, its tests are skipped.

The half width of a conformal band of level 1 - alpha is the residual of rank ``ceil((n + 1) * (1 - alpha))`` of n on a
calibration set. There is none for fewer than ``ceil(1 / alpha) - 1`` residuals: 9 for 90 %. mapie refuses fewer than
``1 / alpha``; crepes gives an infinite band and warns. Each step of a horizon has a calibration of its own.
"""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone

from sklearn_recurrent import (
    GRURegressor,
    PerWindow,
    Seq2SeqRegressor,
    SequencePadder,
    as_sequences,
    coverage_score,
    mean_interval_score,
    sliding_windows,
)

crepes = pytest.importorskip("crepes")
regression = pytest.importorskip("mapie.regression")

ALPHA = 0.1
WINDOW, HORIZON = 24, 3
GAP = WINDOW + HORIZON - 1  # windows that overlap those of training, or of calibration, are in neither part
TRAINING, CALIBRATION, TEST = slice(0, 500), slice(500 + GAP, 1300), slice(1300 + GAP, None)
SMALL = {"max_iter": 8, "random_state": 0}


def series(n=3000):
    """A season of twelve steps and an autoregression."""
    noise = np.random.default_rng(0).normal(scale=0.3, size=n)
    values = np.zeros(n)
    for t in range(1, n):
        values[t] = 0.5 * values[t - 1] + noise[t]
    return values + np.sin(2 * np.pi * np.arange(n) / 12)


X, y, _ = sliding_windows(series(), WINDOW, HORIZON)
FORECASTERS = {
    "GRURegressor": GRURegressor(8, **SMALL),
    "Seq2SeqRegressor": Seq2SeqRegressor(8, **SMALL),
    "PerWindow": PerWindow(GRURegressor(8, **SMALL)),
}


@pytest.fixture(params=FORECASTERS, scope="module")
def forecaster(request):
    return clone(FORECASTERS[request.param]).fit(X[TRAINING], y[TRAINING])


@pytest.fixture(scope="module")
def of_one_step():
    return GRURegressor(8, **SMALL).fit(X[TRAINING], y[TRAINING, 0])


def holds(lower, upper, step=slice(None)):
    assert 0.85 <= coverage_score(y[TEST, step], lower, upper) <= 0.97


class Part(RegressorMixin, BaseEstimator):
    """One step, or one quantile of one step, of what a fitted model forecasts: mapie takes one number per sample."""

    fitted_ = True  # mapie looks for an attribute of this kind

    def __init__(self, model, step, quantile=None):
        self.model = model
        self.step = step
        self.quantile = quantile

    def fit(self, X, y):
        return self

    def predict(self, X):
        predicted = self.model.predict(X)[:, self.step]
        return predicted if self.quantile is None else predicted[:, self.quantile]


# --- mapie ------------------------------------------------------------------------------------------------------------


def conformal_of_mapie(model, X_calibration, y_calibration, **options):
    conformal = regression.SplitConformalRegressor(model, confidence_level=1 - ALPHA, prefit=True, **options)
    return conformal.conformalize(X_calibration, y_calibration)


def test_mapie_calibrates_a_network_of_rows(of_one_step):
    _, band = conformal_of_mapie(of_one_step, X[CALIBRATION], y[CALIBRATION, 0]).predict_interval(X[TEST])
    holds(*band[..., 0].T, 0)


def test_mapie_calibrates_each_step_of_a_horizon(forecaster):
    for step in range(HORIZON):
        conformal = conformal_of_mapie(Part(forecaster, step), X[CALIBRATION], y[CALIBRATION, step])
        _, band = conformal.predict_interval(X[TEST])
        holds(*band[..., 0].T, step)


def test_mapie_refuses_a_network_of_sequences_and_takes_flat_ones():
    """It tries a model with a row of `n_features_in_` numbers; the message says what to do."""
    sequences = np.stack([X, X**2], axis=-1)
    model = GRURegressor(8, **SMALL).fit(sequences[TRAINING], y[TRAINING, 0])
    with pytest.raises(UserWarning, match=r"SequencePadder\(flatten=True\)\.fit_transform\(X\), with input_size=2"):
        conformal_of_mapie(model, sequences[CALIBRATION], y[CALIBRATION, 0])
    flat = SequencePadder(flatten=True).fit_transform(sequences)
    model = GRURegressor(8, input_size=2, **SMALL).fit(flat[TRAINING], y[TRAINING, 0])
    _, band = conformal_of_mapie(model, flat[CALIBRATION], y[CALIBRATION, 0]).predict_interval(flat[TEST])
    holds(*band[..., 0].T, 0)


def test_mapie_calibrates_a_network_of_sequences_as_a_part():
    sequences = as_sequences(X)
    model = GRURegressor(8, **SMALL).fit(sequences[TRAINING], y[TRAINING])
    conformal = conformal_of_mapie(Part(model, 0), sequences[CALIBRATION], y[CALIBRATION, 0])
    _, band = conformal.predict_interval(sequences[TEST])
    holds(*band[..., 0].T, 0)


def test_mapie_calibrates_the_band_of_predicted_quantiles():
    """mapie takes three models: of the lower quantile, of the upper one, and of the median."""
    quantiles = (ALPHA / 2, 0.5, 1 - ALPHA / 2)
    model = GRURegressor(8, loss="quantile", quantile=quantiles, **SMALL).fit(X[TRAINING], y[TRAINING])
    for step in range(HORIZON):
        parts = [Part(model, step, k) for k in (0, 2, 1)]
        conformal = regression.ConformalizedQuantileRegressor(parts, confidence_level=1 - ALPHA, prefit=True)
        conformal.conformalize(X[CALIBRATION], y[CALIBRATION, step])
        _, band = conformal.predict_interval(X[TEST])
        holds(*band[..., 0].T, step)


def test_mapie_refuses_too_few_residuals(of_one_step):
    for n, is_enough in [(9, False), (10, True)]:
        conformal = conformal_of_mapie(of_one_step, X[CALIBRATION][:n], y[CALIBRATION, 0][:n])
        if is_enough:
            assert np.isfinite(conformal.predict_interval(X[TEST])[1]).all()
        else:
            with pytest.raises(ValueError, match="Number of samples of the score is too low"):
                conformal.predict_interval(X[TEST])


# --- crepes -----------------------------------------------------------------------------------------------------------


def band_of_crepes(residuals, predicted, confidence=1 - ALPHA):
    conformal = crepes.ConformalRegressor().fit(residuals)
    return conformal.predict_int(predicted, confidence=confidence).T


def test_crepes_calibrates_each_step_of_a_horizon(forecaster):
    residuals = y[CALIBRATION] - forecaster.predict(X[CALIBRATION])
    predicted = forecaster.predict(X[TEST])
    for step in range(HORIZON):
        holds(*band_of_crepes(residuals[:, step], predicted[:, step]), step)


def test_crepes_wraps_a_network_of_sequences():
    sequences = as_sequences(X)
    wrapped = crepes.WrapRegressor(GRURegressor(8, **SMALL))
    wrapped.fit(sequences[TRAINING], y[TRAINING, 0])
    wrapped.calibrate(sequences[CALIBRATION], y[CALIBRATION, 0])
    holds(*wrapped.predict_int(sequences[TEST], confidence=1 - ALPHA).T, 0)


def test_crepes_and_mapie_give_the_same_band(of_one_step):
    _, band = conformal_of_mapie(of_one_step, X[CALIBRATION], y[CALIBRATION, 0]).predict_interval(X[TEST])
    residuals = y[CALIBRATION, 0] - of_one_step.predict(X[CALIBRATION])
    lower, upper = band_of_crepes(residuals, of_one_step.predict(X[TEST]))
    of_mapie, of_crepes = (
        mean_interval_score(y[TEST, 0], *ends, alpha=ALPHA) for ends in (band[..., 0].T, (lower, upper))
    )
    assert abs(of_mapie / of_crepes - 1) < 0.02


@pytest.mark.parametrize(("confidence", "enough"), [(0.75, 3), (0.9, 10)])  # 1 - 0.9 is rounded to less than 0.1
def test_crepes_gives_an_infinite_band_for_too_few_residuals(confidence, enough):
    residuals = np.random.default_rng(0).normal(size=enough)
    assert np.isfinite(band_of_crepes(residuals, np.zeros(1), confidence)).all()
    with pytest.warns(UserWarning, match="calibration examples is too small"):
        lower, upper = band_of_crepes(residuals[1:], np.zeros(1), confidence)
    assert (lower, upper) == (-np.inf, np.inf)
    assert coverage_score([5.0], lower, upper) == 1
