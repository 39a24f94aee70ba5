"""Forecasts of several steps on nine sets of series, as they would have been made at four times.

``make backtest``, or ``python benchmarks/backtest.py airline co2`` for some of the sets. At each of the last four times
that are one horizon apart, each method learns from what came before and forecasts the next horizon. Prints a row of a
Markdown table per set: MASE (the mean absolute error, divided by that of the seasonal naive forecast within the series
up to the cutoff; mean over series and cutoffs), the share of values within the bands of 90 %, and the seconds of all
fits of the recipe.

The recipe, `forecast`, is one, unchanged for all sets. The README of this folder says what it was chosen on.
Boosting and the recipe get the same windows.
"""

import sys
import time
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.multioutput import MultiOutputRegressor

from sklearn_recurrent import (
    GRURegressor,
    PerWindow,
    coverage_score,
    last_windows,
    mean_absolute_scaled_error,
    sliding_windows,
)

# --- the recipe -------------------------------------------------------------------------------------------------------

QUANTILES = (0.05, 0.5, 0.95)
NETWORK = GRURegressor(hidden_layer_sizes=32, loss="quantile", quantile=QUANTILES)
N_BLOCKS = 5


class Combination(NamedTuple):
    """The mean of networks that differ by their seeds, and two linear models, which make half of the forecast."""

    networks: list
    linear: list

    @classmethod
    def of(cls, X, y, seeds, **wrap):
        """Fit to windows; `wrap` says to PerWindow which columns are what."""
        epochs = max(30, 16_000 // len(X))  # few windows need more passes: 500 batches at least
        network = clone(NETWORK).set_params(max_iter=epochs)
        networks = [PerWindow(clone(network).set_params(random_state=seed), **wrap).fit(X, y) for seed in seeds]
        linear = [PerWindow(Ridge(), keep_level=keep, **wrap).fit(X, y) for keep in (False, True)]
        return cls(networks, linear)

    def predict(self, X):
        """Lower end, median and upper end (n, horizon, 3): the band of the networks around the forecast of all."""
        band = np.mean([model.predict(X) for model in self.networks], axis=0)
        line = np.mean([model.predict(X) for model in self.linear], axis=0)
        return band + (line - band[..., 1])[..., np.newaxis] / 2


def time_blocks(cutoff, horizon):
    """Windows to learn from and windows to calibrate on, for each of some blocks of time. No target is in both.

    In short series a block may leave fewer windows than it has itself, or none. It then calibrates nothing.
    """
    for block in np.array_split(np.unique(cutoff), N_BLOCKS):
        held_out = np.isin(cutoff, block)
        learned = (cutoff + horizon <= block[0]) | (cutoff >= block[-1] + horizon)
        if learned.sum() >= held_out.sum():
            yield learned, held_out


def relative_misses(windows, horizon, **wrap):
    """How far targets lie outside of bands of models that have not seen them, in widths of the band."""
    X, y, _ = windows
    misses = []
    for learned, held_out in time_blocks(windows.cutoff, horizon):
        model = Combination.of(X[learned], y[learned], seeds=[0], **wrap)
        lower, _, upper = np.moveaxis(model.predict(X[held_out]), -1, 0)
        misses.append(np.maximum(lower - y[held_out], y[held_out] - upper) / (upper - lower))
    return np.concatenate(misses)


def forecast(windows, last, horizon, alpha=0.1, **wrap):
    """Lower end, median and upper end (n, horizon, 3) for the last window of each series.

    The bands are widened, or narrowed, in parts of their width, until they cover 1 - alpha of the targets in blocks of
    time that models had not seen (Romano et al. 2019, Barber et al. 2021).
    """
    X, y, _ = windows
    misses = relative_misses(windows, horizon, **wrap)
    rank = min(len(misses), int(np.ceil((len(misses) + 1) * (1 - alpha))))
    widening = np.sort(misses, axis=0)[rank - 1]  # of each step
    found = Combination.of(X, y, seeds=range(3), **wrap).predict(last.X)
    width = found[..., 2] - found[..., 0]
    found[..., 0] -= widening * width
    found[..., 2] += widening * width
    return found


# --- the others -------------------------------------------------------------------------------------------------------


def seasonal_naive(history, season, horizon):
    return np.array([np.resize(y[-season:], horizon) for y in history])


def auto_ets(history, season, horizon):
    from statsforecast.models import AutoETS

    return np.array([AutoETS(season_length=season).forecast(y=y, h=horizon)["mean"] for y in history])


def boosting(windows, last):
    model = MultiOutputRegressor(HistGradientBoostingRegressor(random_state=0))
    return model.fit(windows.X.reshape(len(windows.X), -1), windows.y).predict(last.X.reshape(len(last.X), -1))


# --- the data ---------------------------------------------------------------------------------------------------------


def long_table(series):
    frames = [pd.DataFrame({"series": name, "t": np.arange(len(y)), "y": np.asarray(y, float)}) for name, y in series]
    return pd.concat(frames, ignore_index=True)


def airline():
    from statsforecast.utils import AirPassengersDF

    return long_table([("airline", AirPassengersDF["y"])])


def statsmodels_data(name):
    from importlib import import_module

    return import_module(f"statsmodels.datasets.{name}").load_pandas().data


def co2():
    return long_table([("co2", statsmodels_data("co2")["co2"].resample("MS").mean().interpolate())])


def macro():
    data = statsmodels_data("macrodata")
    names = ["realgdp", "realcons", "realinv", "realgovt", "realdpi", "cpi", "m1", "pop"]
    return long_table([(name, data[name]) for name in names])


def elnino():
    return long_table([("elnino", statsmodels_data("elnino").drop(columns="YEAR").to_numpy().ravel())])


def sunspots():
    return long_table([("sunspots", statsmodels_data("sunspots")["SUNACTIVITY"])])


def holidays():
    """Four shops whose sales fall on holidays and rise with discounts, both known ahead."""
    rng = np.random.default_rng(1)
    n = 360
    t = np.arange(n)
    holiday = (rng.random(n) < 0.06).astype(float)
    shops = []
    for shop in range(4):
        discount = 0.3 * (rng.random(n) < 0.15)
        y = rng.uniform(40, 90) + 8 * rng.normal(size=7)[t % 7] - rng.uniform(15, 30) * holiday + 60 * discount
        y += 0.5 * np.cumsum(rng.normal(size=n)) + 3 * rng.normal(size=n)
        shops.append(pd.DataFrame({"series": shop, "t": t, "y": y, "holiday": holiday, "discount": discount}))
    return pd.concat(shops, ignore_index=True)


def magnitudes():
    """Six series with a weekly season and a drifting level, in units, in thousands and in millions."""
    rng = np.random.default_rng(2)
    n = 300
    t = np.arange(n)
    series = []
    for k in range(6):
        level = np.exp(np.cumsum(0.01 * rng.normal(size=n)) + rng.uniform(-0.001, 0.002) * t)
        week = 1 + 0.25 * rng.normal(size=7)
        y = 1000.0 ** (k % 3) * rng.uniform(1, 5) * level * week[t % 7] * (1 + 0.05 * rng.normal(size=n))
        series.append((k, y))
    return long_table(series)


def elec_equip():
    return long_table([("elec_equip", statsmodels_data("elec_equip").iloc[:, 0])])


def employment():
    from vega_datasets import local_data

    data = local_data.us_employment().select_dtypes("number").drop(columns="nonfarm_change")
    return long_table(list(data.items()))


SETS = {  # season, horizon, window, columns known ahead
    airline: (12, 12, 36, []),
    co2: (12, 12, 36, []),
    macro: (4, 8, 20, []),
    elnino: (12, 12, 36, []),
    sunspots: (11, 11, 33, []),
    holidays: (7, 14, 42, ["holiday", "discount"]),
    magnitudes: (7, 14, 42, []),
    elec_equip: (12, 12, 36, []),  # nothing was ever tried on this one and the next
    employment: (12, 12, 36, []),
}
N_CUTOFFS = 4


def backtest(table, season, horizon, window, known):
    """Name of a method → its errors at the cutoffs; the coverage of the bands; seconds of the recipe."""
    errors = {}
    covered = []
    seconds = 0.0
    length = table.groupby("series")["t"].transform("size")
    options = {"time": "t", "by": "series", "target": "y", "known": known or None}
    wrap = {"target": 0, "known": list(range(1, 1 + len(known))) or None}
    for number in range(N_CUTOFFS, 0, -1):
        end = length - number * horizon
        past = table[table["t"] < end]
        future = table[(table["t"] >= end) & (table["t"] < end + horizon)]
        history = [y.to_numpy() for _, y in past.groupby("series", sort=False)["y"]]
        true = np.array([y.to_numpy() for _, y in future.groupby("series", sort=False)["y"]])
        windows = sliding_windows(past, window, horizon, **options)
        known_future = future.drop(columns="y") if known else None
        last = last_windows(past, window, horizon, known_future=known_future, **options)
        found = {
            "seasonal naive": seasonal_naive(history, season, horizon),
            "AutoETS": auto_ets(history, season, horizon),
            "boosting": boosting(windows, last),
            "boosting, scaled": PerWindow(MultiOutputRegressor(HistGradientBoostingRegressor(random_state=0)), **wrap)
            .fit(windows.X, windows.y)
            .predict(last.X),
        }
        start = time.perf_counter()
        windows = windows._replace(X=windows.X.astype(np.float32))
        bands = forecast(windows, last, horizon, **wrap)
        seconds += time.perf_counter() - start
        found["recipe"] = bands[..., 1]
        covered.append(coverage_score(true, bands[..., 0], bands[..., 2]))
        for name, y in found.items():
            error = mean_absolute_scaled_error(true, y, y_train=history, m=season)
            errors.setdefault(name, []).append(error)
    return {name: np.mean(e) for name, e in errors.items()}, np.mean(covered), seconds


def main(names):
    warnings.simplefilter("ignore")
    header = None
    for load, settings in SETS.items():
        if names and load.__name__ not in names:
            continue
        errors, coverage, seconds = backtest(load(), *settings)
        if header is None:
            header = ["set", *errors, "coverage", "seconds"]
            print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|", flush=True)
        cells = [load.__name__, *(f"{e:.2f}" for e in errors.values()), f"{coverage:.2f}", f"{seconds:.0f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
