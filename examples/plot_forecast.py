"""
Forecasts of 24 steps
=====================

One series, tested on what comes later; then many series, tested on series that were not trained on. `sliding_windows`
cuts both into windows and what follows them; an encoder reads a window, a decoder writes the next 24 values, each from
the one before. A ridge regression on the same windows, 24 linear formulas, is there to compare with.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GroupKFold, TimeSeriesSplit

from sklearn_recurrent import ForecastDisplay, Seq2SeqRegressor, sliding_windows

OUTPUT = Path(sys.argv[0]).parent / "output"
OUTPUT.mkdir(exist_ok=True)
HORIZON = 24
rng = np.random.default_rng(0)


def compare(X, y, folds, limit):
    """Print the error of both on each fold; what is forecast from, the truth and the forecasts of the last.

    The mean error of the network must be below `limit` times that of the ridge regression.
    """
    errors = []
    for k, (train, test) in enumerate(folds):
        models = {
            "seq2seq": Seq2SeqRegressor(32, max_iter=30, random_state=0),
            "ridge": RidgeCV(np.logspace(-3, 5, 17)),
        }
        forecasts = {name: model.fit(X[train], y[train]).predict(X[test]) for name, model in models.items()}
        errors.append([root_mean_squared_error(y[test], forecast) for forecast in forecasts.values()])
        shown = ", ".join(f"{name} {error:.3f}" for name, error in zip(forecasts, errors[-1], strict=True))
        print(f"  fold {k}, {len(train)} windows to learn from: RMSE {shown}")
    network, ridge = np.mean(errors, axis=0)
    print(f"  mean: {network / ridge:.2f} of the error of the ridge regression")
    if network > limit * ridge:
        sys.exit(f"it should be less than {limit}")
    return X[test], y[test], forecasts


# %%
# One series: the equation of Mackey and Glass, which is chaotic (https://doi.org/10.1126/science.267326), every second
# time unit, and a little noise. Each fold is tested on what comes later; the gap keeps windows that overlap apart.
delay, per_unit = 17, 10
x = np.full(36_000, 1.2)
for t in range(delay * per_unit, len(x) - 1):
    late = x[t - delay * per_unit]
    x[t + 1] = x[t] + (0.2 * late / (1 + late**10) - 0.1 * x[t]) / per_unit
series = x[6000 :: 2 * per_unit]
series = (series + 0.02 * rng.standard_normal(len(series))).astype(np.float32)

window, step = 40, 2
X, y, _ = sliding_windows(series, window, HORIZON, step=step)
print(f"one series of {len(series)} steps, standard deviation {series.std():.3f}")
chaos = compare(X, y, TimeSeriesSplit(3, gap=(window + HORIZON - 1) // step).split(X), limit=0.5)

# %%
# Many series, each of two or three waves of periods of its own, and noise. To continue one, its periods must be found.
# Each fold is tested on series that were not trained on.
waves = []
for _ in range(200):
    n = rng.integers(2, 4)
    period, phase, height = rng.uniform(8, 32, n), rng.uniform(0, 2 * np.pi, n), rng.uniform(0.5, 1.5, n)
    t = np.arange(160)[:, None]
    clean = (height * np.sin(2 * np.pi * t / period + phase)).sum(axis=1)
    waves.append((clean + 0.1 * rng.standard_normal(160)).astype(np.float32))

X, y, groups = sliding_windows(waves, 64, HORIZON, step=12)
print(f"{len(waves)} series of 160 steps, standard deviation {np.std(waves):.3f}")
unseen = compare(X, y, GroupKFold(3).split(X, y, groups), limit=0.9)

# %%
# The picture: the last window of the series, and three of other series.
chosen = [(chaos, -1), (unseen, 0), (unseen, 100), (unseen, 200)]
figure, axes = plt.subplots(2, 2, figsize=(11, 5), layout="constrained")
names = ["Mackey-Glass, later", *["waves, other series"] * 3]
for ax, name, ((windows, truth, forecasts), i) in zip(axes.flat, names, chosen, strict=True):
    ForecastDisplay.from_forecast(
        forecasts["seq2seq"][i], windows[i], truth[i], value_name=name, ax=ax, line_kw={"label": "seq2seq"}
    )
    ax.plot(range(1, HORIZON + 1), forecasts["ridge"][i], "-.", color="#D55E00", label="ridge")
    ax.get_legend().remove()
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
figure.savefig(OUTPUT / "forecast.png", dpi=120)
print(f"picture: {OUTPUT / 'forecast.png'}")
