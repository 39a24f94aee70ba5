"""Metrics of forecasts, against loops over single targets and against scikit-learn."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from sklearn_recurrent import (
    as_sequences,
    coverage_score,
    crps_from_quantiles,
    mean_absolute_scaled_error,
    mean_interval_score,
    sliding_windows,
    weighted_quantile_loss,
)

QUANTILES = (0.1, 0.5, 0.8)
ALPHA = 0.2
rng = np.random.default_rng(0)
Y = {"n": rng.normal(size=9), "horizon": rng.normal(size=(9, 4)), "outputs": rng.normal(size=(9, 4, 2))}
RAGGED = [rng.normal(size=length) for length in (3, 1, 5)]
OUTPUTS = [rng.normal(size=(length, 2)) for length in (3, 1, 5)]


def moved(y, by):
    """`y` and a number, in the container of `y`."""
    return [row + by for row in y] if isinstance(y, list) else y + by


def with_quantiles(y):
    """Forecasts of `QUANTILES` of each target."""
    if isinstance(y, list):
        return [with_quantiles(row) for row in y]
    return y[..., None] + np.array([-1.0, 0.1, 0.7]) + 0.1 * np.arange(y.size).reshape(y.shape)[..., None]


METRICS = {
    "coverage": lambda y, f, **o: coverage_score(y, moved(f, -1), moved(f, 0.5), **o),
    "interval": lambda y, f, **o: mean_interval_score(y, moved(f, -1), moved(f, 0.5), alpha=ALPHA, **o),
    "mase": lambda y, f, **o: mean_absolute_scaled_error(y, f, y_train=[1, 3, 2, 6], m=1, **o),
    "wql": lambda y, f, **o: weighted_quantile_loss(y, with_quantiles(f), quantile=QUANTILES, **o),
    "crps": lambda y, f, **o: crps_from_quantiles(y, with_quantiles(f), quantile=QUANTILES, **o),
}
every_metric = pytest.mark.parametrize("name", METRICS)


# --- what they are ----------------------------------------------------------------------------------------------------


def test_coverage_counts_targets_within_the_band_ends_included():
    y = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    assert coverage_score(y, np.ones(5), np.full(5, 3.0)) == 3 / 5
    assert coverage_score(y, np.full(5, -np.inf), np.full(5, np.inf)) == 1


def test_the_interval_score_is_the_width_and_a_penalty_for_each_miss():
    expected = []
    lower, upper = -0.5, 0.3
    for y in Y["n"]:
        score = upper - lower
        if y < lower:
            score += 2 / ALPHA * (lower - y)
        if y > upper:
            score += 2 / ALPHA * (y - upper)
        expected.append(score)
    bounds = np.full(9, lower), np.full(9, upper)
    assert_allclose(mean_interval_score(Y["n"], *bounds, alpha=ALPHA), np.mean(expected))
    assert mean_interval_score([0.0], [-np.inf], [1.0], alpha=ALPHA) == np.inf


def test_the_true_quantiles_have_the_best_interval_score():
    y = np.random.default_rng(1).uniform(size=20_000)

    def score(lower, upper):
        return mean_interval_score(y, np.full_like(y, lower), np.full_like(y, upper), alpha=ALPHA)

    best = score(0.1, 0.9)
    assert all(score(0.1 + a, 0.9 + b) > best for a, b in [(0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05)])


@pytest.mark.parametrize("y", Y.values(), ids=Y)
@pytest.mark.parametrize("weight", [None, np.arange(1.0, 10.0)], ids=["alike", "weights"])
def test_crps_is_twice_the_mean_pinball_loss_of_scikit_learn(y, weight):
    predicted = with_quantiles(y + rng.normal(size=y.shape))
    losses = [
        mean_pinball_loss(y.reshape(9, -1), predicted[..., k].reshape(9, -1), alpha=q, sample_weight=weight)
        for k, q in enumerate(QUANTILES)
    ]
    options = {"quantile": QUANTILES, "sample_weight": weight}
    assert_allclose(crps_from_quantiles(y, predicted, **options), 2 * np.mean(losses))
    size = mean_absolute_error(y.reshape(9, -1), np.zeros_like(y).reshape(9, -1), sample_weight=weight)
    assert_allclose(weighted_quantile_loss(y, predicted, **options), 2 * np.mean(losses) / size)


def test_a_single_quantile_has_no_axis():
    y, predicted = Y["horizon"], Y["horizon"] + rng.normal(size=(9, 4))
    assert_allclose(crps_from_quantiles(y, predicted, quantile=0.3), 2 * mean_pinball_loss(y, predicted, alpha=0.3))
    with_axis = crps_from_quantiles(y, predicted[..., None], quantile=[0.3])
    assert with_axis == crps_from_quantiles(y, predicted, quantile=0.3)


def test_a_weighted_quantile_loss_has_no_unit():
    y = Y["horizon"]
    predicted = with_quantiles(y + 1)
    score = weighted_quantile_loss(y, predicted, quantile=QUANTILES)
    assert_allclose(weighted_quantile_loss(1000 * y, 1000 * predicted, quantile=QUANTILES), score)


def test_the_scale_of_an_error_is_the_mean_change_over_a_season():
    y, forecast, history = Y["horizon"], Y["horizon"] + rng.normal(size=(9, 4)), rng.normal(size=30)
    for m in (1, 7, 29):
        changes = [abs(history[t] - history[t - m]) for t in range(m, 30)]
        score = mean_absolute_scaled_error(y, forecast, y_train=history, m=m)
        assert_allclose(score, mean_absolute_error(y, forecast) / np.mean(changes))


def by_loop(y, forecast, histories, m):
    errors = []
    for true, predicted, history in zip(y, forecast, histories, strict=True):
        scale = np.mean([abs(history[t] - history[t - m]) for t in range(m, len(history))], axis=0)
        errors.append(np.ravel(np.abs(np.asarray(true) - predicted) / scale))
    return np.mean(np.concatenate(errors))


def test_each_series_has_a_scale_of_its_own():
    histories = [scale * rng.normal(size=length) for scale, length in [(1, 8), (100, 12), (1e-3, 9)]]
    groups = np.array([0, 2, 1, 0, 1, 1, 2, 2, 0])
    y, forecast = Y["horizon"], Y["horizon"] + rng.normal(size=(9, 4))
    of_each = [histories[j] for j in groups]
    expected = by_loop(y, forecast, of_each, 2)
    score = mean_absolute_scaled_error
    assert_allclose(score(y, forecast, y_train=of_each, m=2), expected)
    assert_allclose(score(y, forecast, y_train=histories, groups=groups, m=2), expected)
    keys = np.array(["a", "b", "c"])
    assert_allclose(
        score(y, forecast, y_train=dict(zip(keys, histories, strict=True)), groups=keys[groups], m=2), expected
    )
    assert_allclose(
        score(list(y), list(forecast), y_train=[list(row) for row in histories], groups=groups, m=2), expected
    )


def test_windows_are_the_histories_of_what_follows_them():
    X, y, _ = sliding_windows([rng.normal(size=20), 50 * rng.normal(size=25)], window=8, horizon=3)
    forecast = y + rng.normal(size=y.shape)
    assert_allclose(mean_absolute_scaled_error(y, forecast, y_train=X, m=4), by_loop(y, forecast, X, 4))


@pytest.mark.parametrize("y", [Y["outputs"], OUTPUTS], ids=["array", "ragged"])
def test_each_output_has_a_scale_of_its_own(y):
    history = rng.normal(size=(12, 2)) * [1, 100]
    forecast = moved(y, 1)
    expected = by_loop(y, forecast, [history] * len(y), 3)
    options = {"y_train": [history], "groups": [0] * len(y), "m": 3}
    assert_allclose(mean_absolute_scaled_error(y, forecast, **options), expected)


def test_missing_values_of_a_history_are_left_out():
    history = np.array([1.0, 2.0, np.nan, 4.0, 6.0, 5.0])
    assert mean_absolute_scaled_error([3.0], [0.0], y_train=history, m=1) == 3 / np.mean([1, 2, 1])
    assert mean_absolute_scaled_error([3.0], [0.0], y_train=np.r_[np.nan, np.nan, history], m=1) == 3 / np.mean(
        [1, 2, 1]
    )


# --- weights, missing targets, containers -----------------------------------------------------------------------------


@every_metric
@pytest.mark.parametrize("y", Y.values(), ids=Y)
def test_a_missing_target_has_the_weight_0(name, y):
    forecast = y + 0.1
    missing = y.copy()
    missing[2] = np.nan
    rest = np.delete(np.arange(9), 2)
    expected = METRICS[name](y[rest], y[rest] + 0.1) if name not in ("wql", "crps") else None
    weight = np.ones(9)
    weight[2] = 0
    score = METRICS[name](missing, forecast)
    assert_allclose(score, METRICS[name](y, forecast, sample_weight=weight))
    if expected is not None:
        assert_allclose(score, expected)


@every_metric
def test_a_weight_of_2_is_a_sample_twice(name):
    y = Y["horizon"]
    twice = np.r_[y, y[3:5]]
    weight = np.ones(9)
    weight[3:5] = 2
    forecast = np.zeros_like(y)
    if name in ("wql", "crps"):
        predicted = with_quantiles(forecast)
        metric = {"wql": weighted_quantile_loss, "crps": crps_from_quantiles}[name]
        score = metric(y, predicted, quantile=QUANTILES, sample_weight=weight)
        expected = metric(twice, np.r_[predicted, predicted[3:5]], quantile=QUANTILES)
    else:
        score = METRICS[name](y, forecast, sample_weight=weight)
        expected = METRICS[name](twice, np.r_[forecast, forecast[3:5]])
    assert_allclose(score, expected)
    weight = np.repeat(weight[:, None], 4, axis=1)
    assert_allclose(METRICS[name](y, forecast, sample_weight=weight), score)


@every_metric
@pytest.mark.parametrize("y", [Y["horizon"], Y["outputs"]], ids=["horizon", "outputs"])
def test_raw_values_are_the_scores_of_each_step_and_output(name, y):
    forecast = 0.3 * y
    y = y.copy()
    y[1, 2] = np.nan
    raw = METRICS[name](y, forecast, multioutput="raw_values")
    assert raw.shape == y.shape[1:]
    if name in ("wql", "crps"):
        metric = {"wql": weighted_quantile_loss, "crps": crps_from_quantiles}[name]
        predicted = with_quantiles(forecast)
        expected = [metric(y[:, h], predicted[:, h], quantile=QUANTILES) for h in range(4)]
    else:
        expected = [METRICS[name](y[:, h], forecast[:, h]) for h in range(4)]
    if name != "wql":
        assert_allclose(raw.reshape(4, -1).mean(axis=1), expected)
    elif y.ndim == 2:
        assert_allclose(raw, expected)


@every_metric
def test_raw_values_of_sequences_are_those_of_each_output(name):
    assert METRICS[name](RAGGED, moved(RAGGED, 0.1), multioutput="raw_values").shape == (1,)
    assert METRICS[name](OUTPUTS, moved(OUTPUTS, 0.1), multioutput="raw_values").shape == (2,)
    y = Y["horizon"].copy()
    y[:, 1] = np.nan
    raw = METRICS[name](y, moved(Y["horizon"], 0.1), multioutput="raw_values")
    assert np.isnan(raw).tolist() == [False, True, False, False]


@every_metric
@pytest.mark.parametrize("y", [RAGGED, OUTPUTS], ids=["values", "outputs"])
def test_sequences_of_unequal_length_are_their_steps_end_to_end(name, y):
    flat = np.concatenate(y)
    forecast = moved(y, 0)
    if name in ("wql", "crps"):
        metric = {"wql": weighted_quantile_loss, "crps": crps_from_quantiles}[name]
        predicted = with_quantiles(forecast)
        score = metric(y, predicted, quantile=QUANTILES)
        expected = metric(flat, np.concatenate(predicted), quantile=QUANTILES)
    else:
        forecast = moved(y, 0.6)
        score = METRICS[name](y, forecast)
        expected = METRICS[name](flat, np.concatenate(forecast))
        weight = [1.0, 5.0, 2.0]
        assert_allclose(
            METRICS[name](y, forecast, sample_weight=weight),
            METRICS[name](flat, np.concatenate(forecast), sample_weight=np.repeat(weight, [3, 1, 5])),
        )
        assert METRICS[name](as_sequences(y), as_sequences(forecast)) == score
    assert_allclose(score, expected)


@every_metric
def test_lists_frames_and_float32_are_read_as_arrays(name):
    pandas = pytest.importorskip("pandas")
    y = Y["horizon"].astype(np.float32)
    forecast = (y + np.float32(0.2)).astype(np.float64)
    expected = METRICS[name](y.astype(np.float64), forecast)
    assert METRICS[name](y, forecast) == expected
    assert METRICS[name](y.tolist(), forecast) == expected
    assert METRICS[name](pandas.DataFrame(y), forecast) == expected
    assert METRICS[name](list(y), forecast) == expected
    expected = METRICS[name](y[:, 0], forecast[:, 0])
    assert METRICS[name](pandas.Series(y[:, 0]), forecast[:, 0]) == expected
    assert METRICS[name](tuple(y[:, 0].tolist()), forecast[:, 0]) == expected


@every_metric
def test_what_is_given_stays_unchanged(name):
    y = Y["horizon"].copy()
    y[0, 0] = np.nan
    forecast = np.zeros_like(y)
    weight = np.ones(9)
    before = y.copy()
    METRICS[name](y, forecast, sample_weight=weight)
    assert_array_equal(y, before)
    assert not forecast.any()
    assert weight.all()


# --- errors -----------------------------------------------------------------------------------------------------------


@every_metric
def test_a_missing_forecast_is_refused_with_its_place(name):
    for y, where in [(Y["n"], "sample 1."), (Y["horizon"], "sample 1, step 0."), (RAGGED, "sequence 1, step 0.")]:
        forecast = moved(y, 0)
        forecast[1] = np.full_like(forecast[1], np.nan)
        with pytest.raises(ValueError, match=rf"^Input y_\w+ contains NaN in {re.escape(where)}"):
            METRICS[name](y, forecast)


@every_metric
def test_other_shapes_are_refused(name):
    y = Y["horizon"]
    with pytest.raises(ValueError, match=r"^Expected y_\w+ of shape \(9, 4(, 3)?\), that of y_true"):
        METRICS[name](y, y[:, :3])
    with pytest.raises(ValueError, match=r"^Expected y_\w+ to have 3 time steps for sequence 0, as many as y_true"):
        METRICS[name](RAGGED, [*RAGGED[:0], RAGGED[0][:2], *RAGGED[1:]])
    with pytest.raises(ValueError, match=r"^Expected sample_weight of shape \(9,\)"):
        METRICS[name](y, y, sample_weight=np.ones(4))
    with pytest.raises(ValueError, match=r"^Expected sample_weight to be finite and at least 0"):
        METRICS[name](y, y, sample_weight=-np.ones(9))


@every_metric
def test_what_cannot_be_scored_is_refused(name):
    y = Y["horizon"]
    with pytest.raises(ValueError, match=r"^Expected y_true to have a target of positive weight"):
        METRICS[name](np.full_like(y, np.nan), y)
    infinite = y.copy()
    infinite[3, 2] = np.inf
    with pytest.raises(ValueError, match=r"^Input y_true contains infinity in sample 3, step 2\."):
        METRICS[name](infinite, y)
    with pytest.raises(ValueError, match=r"^Expected multioutput to be"):
        METRICS[name](y, y, multioutput="variance_weighted")
    with pytest.raises(ValueError, match=r"^Expected y_true to be array-like|^Expected y to be|scalar|single number"):
        METRICS[name](np.float64(3), np.float64(3))
    with pytest.raises((ValueError, TypeError), match=r"y_true"):
        METRICS[name](np.full((9, 4), "3"), y)


def test_an_infinite_forecast_is_no_forecast_but_an_infinite_band_is_one():
    forecast = Y["horizon"].copy()
    forecast[2, 1] = np.inf
    for name in ("mase", "wql", "crps"):
        with pytest.raises(ValueError, match=r"^Input y_pred contains infinity in sample 2, step 1\."):
            METRICS[name](Y["horizon"], forecast)


def test_a_band_whose_ends_have_crossed_is_refused():
    for metric in (coverage_score, lambda *bands: mean_interval_score(*bands, alpha=0.1)):
        with pytest.raises(ValueError, match=r"^Expected y_lower to be at most y_upper, .* in sample 1\."):
            metric([1.0, 2.0], [0.0, 3.0], [0.0, 2.0])
        with pytest.raises(ValueError, match=r"in sequence 0, step 1\."):
            metric([[1.0, 2.0], [1.0]], [[0.0, 3.0], [0.0]], [[0.0, 2.0], [0.0]])


@pytest.mark.parametrize("alpha", [0, 1, 90, -0.1, "0.1"])
def test_alpha_is_between_0_and_1(alpha):
    with pytest.raises((ValueError, TypeError), match=r"^alpha"):
        mean_interval_score([1.0], [0.0], [2.0], alpha=alpha)


def test_quantiles_are_ascending_as_networks_predict_them():
    for quantile in [(0.9, 0.1), (0.5, 0.5), ()]:
        with pytest.raises(ValueError, match=r"^Expected quantile to be ascending"):
            crps_from_quantiles([1.0], [[0.0, 2.0]], quantile=quantile)
    with pytest.raises(ValueError, match=r"^quantile == 10"):
        crps_from_quantiles([1.0], [[0.0, 2.0]], quantile=(10, 90))


def test_zeros_alone_have_no_size():
    with pytest.raises(ValueError, match=r"^Expected y_true with targets other than 0"):
        weighted_quantile_loss([0.0, 0.0], [1.0, 1.0], quantile=0.5)


def test_a_history_is_longer_than_a_season():
    for history in (np.arange(12.0), np.arange(11.0)):
        with pytest.raises(
            ValueError, match=rf"^Expected y_train to have more than m=12 values, got {len(history)}\.$"
        ):
            mean_absolute_scaled_error([1.0], [1.0], y_train=history, m=12)
    assert mean_absolute_scaled_error([1.0], [7.0], y_train=np.arange(13.0), m=12) == 0.5
    with pytest.raises(ValueError, match=r"got 2 in series 1\.$"):
        mean_absolute_scaled_error([1.0, 1.0], [1.0, 1.0], y_train=[[1, 2, 3], [1, 2]], m=2)
    with pytest.raises((ValueError, TypeError), match=r"^m "):
        mean_absolute_scaled_error([1.0], [1.0], y_train=np.arange(12.0), m=0)


def test_a_history_without_change_has_no_scale():
    histories = [[1, 2, 3], [5, 5, 5]]
    y, forecast = [1.0, 1.0], [0.0, 0.0]
    with pytest.raises(ValueError, match=r"^Expected y_train to change over m=1 steps.* in series 1\..* weight 0"):
        mean_absolute_scaled_error(y, forecast, y_train=histories, m=1)
    assert mean_absolute_scaled_error(y, forecast, y_train=histories, m=1, sample_weight=[1, 0]) == 1


def test_histories_that_are_not_those_of_the_samples_are_refused():
    y = Y["horizon"]

    def score(**options):
        return mean_absolute_scaled_error(y, y, m=1, **options)

    with pytest.raises(ValueError, match=r"^Expected y_train to be one series .* for each of 9 samples, got 2\."):
        score(y_train=[[1, 2], [1, 2]])
    with pytest.raises(ValueError, match=r"^Expected groups, the key in y_train"):
        score(y_train={"a": [1, 2]})
    with pytest.raises(ValueError, match=r"got none for 7\."):
        score(y_train=[[1, 2]], groups=[0] * 8 + [7])
    with pytest.raises(ValueError, match=r"^Expected y_train to have a history for each of the groups, got one series"):
        score(y_train=[1, 2, 3], groups=[0] * 9)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples"):
        score(y_train=[[1, 2]], groups=[0] * 8)
    with pytest.raises(ValueError, match=r"^Expected histories in y_train with the outputs of y_true"):
        score(y_train=[np.ones((5, 3)).cumsum(axis=0)], groups=[0] * 9)
    with pytest.raises(ValueError, match=r"^Expected all histories in y_train to have as many outputs"):
        score(y_train=[[1, 2, 3], [[1, 2], [3, 4]]], groups=[0, 1] * 4 + [0])
