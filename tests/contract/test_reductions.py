"""Networks in the reductions of sktime, skforecast and mlforecast, against the same by hand with `sliding_windows`.

Also metrics of forecasts against those of utilsforecast and scoringrules.

``make reductions`` installs them and runs this file; where they are missing, its tests are skipped.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sklearn_recurrent as sr
from sklearn_recurrent import sliding_windows

pytestmark = pytest.mark.filterwarnings("ignore:The default of config ``remember_data``:FutureWarning")  # sktime 1.2

SMALL = {"max_iter": 5, "random_state": 0}
ESTIMATORS = {
    "RNNRegressor": sr.RNNRegressor(8, **SMALL),
    "LSTMRegressor": sr.LSTMRegressor(8, **SMALL),
    "GRURegressor": sr.GRURegressor(8, **SMALL),
    "Seq2SeqRegressor": sr.Seq2SeqRegressor(8, **SMALL),
}
WINDOW, HORIZON = 10, 3
TIME = np.arange(80)
WAVE = np.sin(0.3 * TIME) + 0.01 * TIME
WAVES = [WAVE, np.cos(0.2 * TIME)]
PULSE = np.cos(0.5 * np.arange(len(TIME) + HORIZON))  # known beyond the end of the series


@pytest.fixture(params=ESTIMATORS.values(), ids=ESTIMATORS)
def model(request):
    return request.param


def from_the_right(model):
    """`model`, reading the columns from the last to the first."""
    return make_pipeline(FunctionTransformer(np.fliplr), model)


# --- by hand ----------------------------------------------------------------------------------------------------------


def recursive(model, series, window=WINDOW, horizon=HORIZON):
    """One model of the next value; what it forecasts, it reads as if it had been seen."""
    several = series if isinstance(series, list) else [series]
    X, y, _ = sliding_windows(several, window, 1)
    fitted, known = clone(model).fit(X, y), [[*x] for x in several]
    for _ in range(horizon):
        for x, value in zip(known, fitted.predict(np.array([x[-window:] for x in known])), strict=True):
            x.append(value)
    forecasts = [x[-horizon:] for x in known]
    return forecasts if isinstance(series, list) else forecasts[0]


def direct(model, series, window=WINDOW, horizon=HORIZON):
    """A model for each value ahead, all from the same windows."""
    X, y, _ = sliding_windows(series, window, horizon)
    return [clone(model).fit(X, values).predict(series[None, -window:])[0] for values in y.reshape(len(y), -1).T]


def direct_from_all_windows(model, series):
    """A model for each value ahead, each from all windows that are followed by it."""
    return [direct(model, series, horizon=h)[-1] for h in range(1, HORIZON + 1)]


def multioutput(model, series):
    """One model of all values ahead."""
    X, y, _ = sliding_windows(series, WINDOW, HORIZON)
    return clone(model).fit(X, y).predict(series[None, -WINDOW:])[0]


def dirrec(model, series):
    """A model for each value ahead, which reads those before it too: in training the true ones."""
    X, y, _ = sliding_windows(series, WINDOW, HORIZON)
    known = [*series[-WINDOW:]]
    for h in range(HORIZON):
        known += [*clone(model).fit(np.c_[X, y[:, :h]], y[:, h]).predict([known])]
    return known[-HORIZON:]


# --- sktime -----------------------------------------------------------------------------------------------------------


def forecast_of_sktime(model, series, exogenous=None, **options):
    pandas = pytest.importorskip("pandas")
    make_reduction = pytest.importorskip("sktime.forecasting.compose").make_reduction
    past = None if exogenous is None else pandas.DataFrame({"pulse": exogenous[: len(series)]})
    future = None if exogenous is None else pandas.DataFrame({"pulse": exogenous}).iloc[len(series) :]
    forecaster = make_reduction(model, window_length=WINDOW, **options)
    return forecaster.fit(pandas.Series(series), X=past, fh=[*range(1, HORIZON + 1)]).predict(X=future).to_numpy()


@pytest.mark.parametrize(
    ("by_hand", "options"),
    [
        (recursive, {"strategy": "recursive"}),
        (direct, {"strategy": "direct"}),
        (direct_from_all_windows, {"strategy": "direct", "windows_identical": False}),
        (multioutput, {"strategy": "multioutput"}),
        (dirrec, {"strategy": "dirrec"}),
    ],
    ids=["recursive", "direct", "direct from all windows", "multioutput", "dirrec"],
)
def test_the_reductions_of_sktime_forecast_what_windows_do_by_hand(model, by_hand, options):
    forecast = forecast_of_sktime(model, WAVE, **options)
    assert_allclose(forecast, by_hand(model, WAVE), rtol=1e-6)


def test_exogenous_features_of_sktime_are_sequences_once_their_axes_are_exchanged(model):
    """Its columns are all steps of the first feature, then all of the next."""
    to_steps = FunctionTransformer(lambda X: X.reshape(len(X), -1, WINDOW).swapaxes(1, 2))
    forecast = forecast_of_sktime(make_pipeline(to_steps, model), WAVE, PULSE, strategy="multioutput")
    series = np.c_[WAVE, PULSE[: len(WAVE)]]
    X, y, _ = sliding_windows(series, WINDOW, HORIZON, target=0)
    assert_allclose(forecast, clone(model).fit(X, y).predict(series[None, -WINDOW:])[0], rtol=1e-6)


def test_the_pooled_reduction_of_sktime_puts_the_newest_value_first(model):
    pandas = pytest.importorskip("pandas")
    make_reduction = pytest.importorskip("sktime.forecasting.compose").make_reduction
    index = pandas.MultiIndex.from_product([range(len(WAVES)), TIME], names=["series", "time"])
    forecaster = make_reduction(from_the_right(model), "recursive", WINDOW, pooling="global")
    forecaster.fit(pandas.DataFrame({"wave": np.concatenate(WAVES)}, index))
    forecast = forecaster.predict(fh=[*range(1, HORIZON + 1)])
    assert_allclose(forecast["wave"], np.ravel(recursive(model, WAVES)), rtol=1e-6)


# --- skforecast -------------------------------------------------------------------------------------------------------


def forecast_of_skforecast(module, name, model, series, **options):
    pandas = pytest.importorskip("pandas")
    forecaster = getattr(pytest.importorskip(f"skforecast.{module}"), name)(model, lags=WINDOW, **options)
    several = isinstance(series, list)
    forecaster.fit({str(j): pandas.Series(x) for j, x in enumerate(series)} if several else pandas.Series(series))
    return forecaster.predict(steps=HORIZON)


SKFORECAST = [
    (recursive, "recursive", "ForecasterRecursive", {}),
    (direct, "direct", "ForecasterDirect", {"steps": HORIZON}),
]


@pytest.mark.parametrize(("by_hand", "module", "name", "options"), SKFORECAST, ids=["recursive", "direct"])
def test_skforecast_puts_the_newest_value_first(model, by_hand, module, name, options):
    """Its columns are lag_1, lag_2, ...; a network reads on in time if they are reversed."""
    forecast = forecast_of_skforecast(module, name, from_the_right(model), WAVE, **options)
    assert_allclose(forecast, by_hand(model, WAVE), rtol=1e-6)


@pytest.mark.parametrize(("by_hand", "module", "name", "options"), SKFORECAST, ids=["recursive", "direct"])
def test_skforecast_takes_a_network_that_reads_back_in_time_too(model, by_hand, module, name, options):
    forecast = forecast_of_skforecast(module, name, model, WAVE, **options)
    assert_allclose(forecast, by_hand(from_the_right(model), WAVE), rtol=1e-6)


def test_several_series_of_skforecast_are_windows_of_several_series(model):
    options = {"encoding": None}  # no column that numbers the series
    forecast = forecast_of_skforecast(
        "recursive", "ForecasterRecursiveMultiSeries", from_the_right(model), WAVES, **options
    )
    by_series = [rows["pred"] for _, rows in forecast.groupby("level")]
    assert_allclose(by_series, recursive(model, WAVES), rtol=1e-6)


# --- mlforecast -------------------------------------------------------------------------------------------------------


def forecast_of_mlforecast(model, series, **options):
    pandas = pytest.importorskip("pandas")
    mlforecast = pytest.importorskip("mlforecast")
    table = pandas.concat(pandas.DataFrame({"unique_id": j, "ds": TIME, "y": x}) for j, x in enumerate(series))
    forecaster = mlforecast.MLForecast(models={"net": model}, freq=1, lags=range(1, WINDOW + 1))
    forecaster.fit(table, static_features=[], **options)
    return forecaster.predict(HORIZON)["net"].to_numpy().reshape(len(series), HORIZON)


def test_mlforecast_puts_the_newest_value_first(model):
    """Its columns are lag1, lag2, ...; a network reads on in time if they are reversed."""
    forecast = forecast_of_mlforecast(from_the_right(model), WAVES)
    assert_allclose(forecast, recursive(model, WAVES), rtol=1e-6)


def test_mlforecast_takes_a_network_that_reads_back_in_time_too(model):
    forecast = forecast_of_mlforecast(model, WAVES)
    assert_allclose(forecast, recursive(from_the_right(model), WAVES), rtol=1e-6)


def test_mlforecast_fits_a_network_for_each_value_ahead(model):
    forecast = forecast_of_mlforecast(from_the_right(model), [WAVE], max_horizon=HORIZON)
    assert_allclose(forecast[0], direct_from_all_windows(model, WAVE), rtol=1e-6)


# --- metrics ----------------------------------------------------------------------------------------------------------

QUANTILES = (0.05, 0.3, 0.5, 0.95)
LENGTHS = (30, 40, 26)


@pytest.fixture(scope="module")
def forecasts():
    """Histories of three series, and what follows each of them: targets, and quantiles of a forecast."""
    rng = np.random.default_rng(0)
    histories = [10.0**j * rng.normal(size=length) for j, length in enumerate(LENGTHS)]
    y = [10.0**j * rng.normal(size=4 + j) for j in range(len(LENGTHS))]
    predicted = [np.sort(row[:, None] + 10.0**j * rng.normal(size=(len(row), 4)), axis=1) for j, row in enumerate(y)]
    return histories, y, predicted


def tables_of(forecasts):
    """As utilsforecast reads them: the table of forecasts, and that of histories."""
    pandas = pytest.importorskip("pandas")
    histories, y, predicted = forecasts
    columns = ["lower", "low", "m", "upper"]
    test = pandas.concat(
        pandas.DataFrame(rows, columns=columns).assign(unique_id=str(j), ds=len(history) + np.arange(len(row)), y=row)
        for j, (history, row, rows) in enumerate(zip(histories, y, predicted, strict=True))
    )
    train = pandas.concat(
        pandas.DataFrame({"unique_id": str(j), "ds": np.arange(len(history)), "y": history})
        for j, history in enumerate(histories)
    )
    return test.assign(**{"m-lo-90": test["lower"], "m-hi-90": test["upper"]}), train


def of_each_series(metric, *arguments):
    return [metric(*rows) for rows in zip(*arguments, strict=True)]


def test_metrics_are_those_of_utilsforecast_for_each_series(forecasts):
    losses = pytest.importorskip("utilsforecast.losses")
    test, train = tables_of(forecasts)
    histories, y, predicted = forecasts
    lower, _, median, upper = zip(*(np.moveaxis(rows, -1, 0) for rows in predicted), strict=True)

    for m in (1, 7):
        mase = of_each_series(
            lambda *rows, m=m: sr.mean_absolute_scaled_error(*rows[:2], y_train=rows[2], m=m), y, median, histories
        )
        assert_allclose(mase, losses.mase(test, ["m"], seasonality=m, train_df=train)["m"])
        # Its mean over series counts them alike; here all targets count alike.
        weight = [1 / len(row) for row in y]
        together = sr.mean_absolute_scaled_error(y, list(median), y_train=histories, m=m, sample_weight=weight)
        assert_allclose(together, np.mean(mase))

    coverage = of_each_series(sr.coverage_score, y, lower, upper)
    assert_allclose(coverage, losses.coverage(test, ["m"], level=90)["m"])
    interval = of_each_series(lambda *rows: sr.mean_interval_score(*rows, alpha=0.1), y, lower, upper)
    assert_allclose(interval, losses.winkler_score(test, ["m"], level=90)["m"])

    models = {"model": ["lower", "low", "m", "upper"]}
    options = {"models": models, "quantiles": np.array(QUANTILES)}
    crps = of_each_series(lambda *rows: sr.crps_from_quantiles(*rows, quantile=QUANTILES), y, predicted)
    assert_allclose(crps, 2 * losses.mqloss(test, **options)["model"])
    wql = of_each_series(lambda *rows: sr.weighted_quantile_loss(*rows, quantile=QUANTILES), y, predicted)
    assert_allclose(wql, losses.scaled_crps(test, **options)["model"])


def test_metrics_are_the_means_of_scoringrules(forecasts):
    scoringrules = pytest.importorskip("scoringrules")
    _, y, predicted = forecasts
    flat, forecast = np.concatenate(y), np.concatenate(predicted)
    crps = scoringrules.crps_quantile(flat, forecast, np.array(QUANTILES), backend="numpy")
    assert_allclose(sr.crps_from_quantiles(y, predicted, quantile=QUANTILES), np.mean(crps))
    lower, upper = forecast[:, 0], forecast[:, 3]
    score = scoringrules.interval_score(flat, lower, upper, 0.1, backend="numpy")
    ends = [[rows[:, k] for rows in predicted] for k in (0, 3)]
    assert_allclose(sr.mean_interval_score(y, *ends, alpha=0.1), np.mean(score))
