"""Static values against what could be done without them: python benchmarks/static_values.py [--seeds N] [TASK ...]

The score on 500 new sequences, accuracy or R², mean and standard deviation over seeds. Data is generated; the
network is the same for all ways, with the default parameters but for its size. The ways:

sequences : static values are left out
repeated : each time step has the static values of its sequence as further features
stacked : a network reads the sequences; its out-of-fold predictions, the static values and all products of two of these
    go into a linear model. Not possible with a target per step.
static : static values stand beside the sequences, as in the guide
both : beside the sequences and at each step

The tasks say how static values matter:

level : five of eight values add to what the sequence says (two classes)
effect : they change how much the sequence counts, and add to it
site : a category, whose site decides which feature counts (one-hot encoded by ColumnTransformer)
step : the same as effect, with a target for each time step
forecast : a damping rate of its own for each series (Seq2SeqRegressor)
threshold : they change what a single step means, namely whether it lies above a threshold of the sequence
"""

import argparse
import warnings

import numpy as np
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from sklearn_recurrent import GRUClassifier, GRURegressor, Seq2SeqRegressor, as_column, as_sequences

N_TRAIN, N_TEST = 200, 500


def noise(rng, n, shape=()):
    return [rng.normal(size=(length, *shape)) for length in rng.integers(8, 16, n)]


def signal(X):
    """What a sequence says: how its two features go together, and how it ends."""
    return np.array([2 * np.tanh(x[:, 0] * x[:, 1]).mean() + x[-5:, 0].mean() for x in X])


def level(rng, n):
    X, static = noise(rng, n, (2,)), rng.normal(size=(n, 8))
    score = signal(X) + static @ [0.6, -0.6, 0.3, -0.3, 0.2, 0, 0, 0]
    return X, static, score + rng.logistic(scale=0.1, size=n) > 0


def effect(rng, n):
    X, static = noise(rng, n, (2,)), rng.normal(size=(n, 2))
    y = signal(X) * (1 + 0.5 * static[:, 0]) + 0.3 * static[:, 1]
    return X, static, y + 0.1 * rng.normal(size=n)


def site(rng, n):
    X, sites = noise(rng, n, (2,)), rng.integers(0, 3, n)
    means = np.array([4 * x.mean(axis=0) for x in X])
    y = np.choose(sites, [means[:, 0], means[:, 1], -means[:, 0]])
    return X, np.array(["Lima", "Oslo", "Rome"], object)[sites][:, None], y + 0.1 * rng.normal(size=n)


def step(rng, n):
    X, static = noise(rng, n, (2,)), rng.normal(size=(n, 2))
    y = [np.tanh(x[:, 0].cumsum()) * (1 + 0.5 * s[0]) + 0.3 * s[1] for x, s in zip(X, static, strict=True)]
    return X, static, [steps + 0.1 * rng.normal(size=len(steps)) for steps in y]


def forecast(rng, n):
    X, static, t = [], rng.normal(size=(n, 2)), np.arange(1, 9)
    y = np.empty((n, 8))
    for row, s in zip(y, static, strict=True):
        x = np.sin(rng.uniform(0.2, 0.6) * np.arange(rng.integers(20, 31)) + rng.uniform(0, 6))
        X.append((x + 0.05 * rng.normal(size=len(x)))[:, None])
        row[:] = 2 * x[-5:].mean() * np.exp(-np.exp(s[0] - 1) * t)
    return X, static, y


def threshold(rng, n):
    X, static = noise(rng, n, (2,)), rng.normal(size=(n, 2))
    y = np.array([(x[:, 0] > s[0]).mean() for x, s in zip(X, static, strict=True)])
    return X, static, 4 * y + 0.1 * rng.normal(size=n)


TASKS = {
    level: GRUClassifier(16),
    effect: GRURegressor(16),
    site: GRURegressor(16),
    step: GRURegressor(16, return_sequences=True),
    forecast: Seq2SeqRegressor(16),
    threshold: GRURegressor(16),
}


def encoded(static, train):
    """Static values as numbers."""
    if static.dtype != object:
        return static
    return OneHotEncoder(sparse_output=False).fit(static[train]).transform(static)


def repeated(X, static, train):
    values = encoded(static, train)
    return as_sequences([np.hstack([x, np.tile(s, (len(x), 1))]) for x, s in zip(X, values, strict=True)])


def beside(X, static):
    return np.hstack([as_column(X), static.astype(object)])


def with_categories(model, static):
    if static.dtype != object:
        return model
    columns = ColumnTransformer([("site", OneHotEncoder(), [1])], remainder="passthrough")
    return make_pipeline(columns, model)


def fit_and_score(model, X, y, train, test):
    return model.fit(X[train], rows_of(y, train)).score(X[test], rows_of(y, test))


def rows_of(y, rows):
    return y[rows] if isinstance(y, np.ndarray) else [y[row] for row in rows]


def stacked(model, X, static, y, train, test):
    if isinstance(y, list) or np.ndim(y) > 1:
        return np.nan
    method = "decision_function" if is_classifier(model) else "predict"
    of_train = cross_val_predict(model, X[train], y[train], cv=3, method=method)
    of_test = getattr(model.fit(X[train], y[train]), method)(X[test])
    values = encoded(static, train)
    linear = LogisticRegressionCV(max_iter=1000) if is_classifier(model) else RidgeCV(np.logspace(-3, 3, 13))
    linear = make_pipeline(StandardScaler(), PolynomialFeatures(2), linear)
    linear.fit(np.column_stack([of_train, values[train]]), y[train])
    return linear.score(np.column_stack([of_test, values[test]]), y[test])


def scores(task, seed):
    rng = np.random.default_rng(seed)
    X, static, y = task(rng, N_TRAIN + N_TEST)
    X = as_sequences(X)
    train, test = np.split(np.arange(N_TRAIN + N_TEST), [N_TRAIN])
    model = TASKS[task].set_params(random_state=seed)
    at_each_step = repeated(X, static, train)
    return {
        "sequences": fit_and_score(model, X, y, train, test),
        "repeated": fit_and_score(model, at_each_step, y, train, test),
        "stacked": stacked(model, X, static, y, train, test),
        "static": fit_and_score(with_categories(model, static), beside(X, static), y, train, test),
        "both": fit_and_score(with_categories(model, static), beside(at_each_step, static), y, train, test),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(task.__name__ for task in TASKS))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    header = ["task", "sequences", "repeated", "stacked", "static", "both"]
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for task in TASKS:
        if arguments.tasks and task.__name__ not in arguments.tasks:
            continue
        found = [scores(task, seed) for seed in range(arguments.seeds)]
        cells = []
        for way in header[1:]:
            values = np.array([one[way] for one in found])
            cells.append("" if np.isnan(values).any() else f"{values.mean():.3f} ± {values.std():.3f}")
        print(f"| {task.__name__} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
