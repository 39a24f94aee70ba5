"""Networks in the reductions of sktime and skforecast, against the same done by hand with `sliding_windows`.

``make reductions`` installs both and runs this file; where they are missing, its tests are skipped.
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
