"""Categories beside numbers: `categorical_features` against what can be done without it.

    python benchmarks/categories.py [--seeds 5]

Generated data, seeds fixed. In each task a number has another meaning, or another weight, for each category:

- *few*: 5 machines, each with its own gain; the target is the mean of the true values.
- *many*: 40 machines, 300 sequences: each category is met about 75 times.
- *very many*: 200 machines of 6 hidden types, 800 sequences.
- *events*: amounts of 30 kinds of events, which come in or go out; the class is the sign of the balance at the end.

The work-arounds: categories as numbers 0, 1, …; and `PerTimestep(OneHotEncoder())` on the column of categories, joined
with the numbers, both standardized like any feature and left as they are. The table has the mean of the score on 500
new sequences (R², or accuracy), its standard deviation over seeds, and the time of a fit.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import OneHotEncoder

from sklearn_recurrent import GRUClassifier, GRURegressor, PerTimestep

warnings.simplefilter("ignore", ConvergenceWarning)


def gains(n_categories, n_types, seed=0):
    rng = np.random.default_rng((n_categories, seed))
    if n_types is None:
        return rng.normal(size=n_categories)
    return rng.normal(size=n_types)[rng.integers(0, n_types, n_categories)]


def readings(n, n_categories, n_types, seed):
    """Sequences of [number, category]; the target is a mean that each category enters with its own gain."""
    rng = np.random.default_rng(seed)
    gain = gains(n_categories, n_types)
    X = []
    y = []
    for length in rng.integers(6, 15, n):
        number = rng.normal(size=length)
        category = rng.integers(0, n_categories, length)
        X.append(np.column_stack([number, category]))
        y.append(np.sqrt(length) * np.mean(gain[category] * number) + 0.2 * rng.normal())
    return X, np.array(y)


def events(n, seed, n_categories=30):
    rng = np.random.default_rng(seed)
    sign = np.random.default_rng(1).choice([-1, 1], n_categories)
    X = []
    y = []
    for length in rng.integers(6, 15, n):
        amount = rng.gamma(2, 1, length)
        category = rng.integers(0, n_categories, length)
        X.append(np.column_stack([amount, category]))
        y.append(int(amount @ sign[category] > 0))
    return X, np.array(y)


TASKS = {
    "few": (GRURegressor, lambda n, seed: readings(n, 5, None, seed), 300),
    "many": (GRURegressor, lambda n, seed: readings(n, 40, None, seed), 300),
    "very many": (GRURegressor, lambda n, seed: readings(n, 200, 6, seed), 800),
    "events": (GRUClassifier, events, 300),
}


def one_hot(X, encoder=None):
    categories = [x[:, 1:] for x in X]
    if encoder is None:
        encoder = PerTimestep(OneHotEncoder(sparse_output=False, handle_unknown="ignore")).fit(categories)
    parts = zip(X, encoder.transform(categories), strict=True)
    return [np.column_stack([x[:, :1], part]) for x, part in parts], encoder


def scores(task, seed):
    """Name of a way → (score, seconds)."""
    cls, data, n = TASKS[task]
    X, y = data(n, seed)
    X_test, y_test = data(500, seed + 1000)
    coded, encoder = one_hot(X)
    coded_test, _ = one_hot(X_test, encoder)
    ways = {
        "ids as numbers": ({}, X, X_test),
        "one-hot, standardized": ({}, coded, coded_test),
        "one-hot, as it is": ({"standardize": False}, coded, coded_test),
        "categorical_features": ({"categorical_features": [1]}, X, X_test),
        "… embedding_dim=4": ({"categorical_features": [1], "embedding_dim": 4}, X, X_test),
    }
    found = {}
    for name, (settings, train, test) in ways.items():
        model = cls(24, bidirectional=False, max_iter=40, random_state=seed, **settings)
        start = time.perf_counter()
        model.fit(train, y)
        seconds = time.perf_counter() - start
        found[name] = (model.score(test, y_test), seconds)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    n_seeds = parser.parse_args().seeds
    print("| task | way | score | ± | seconds |")
    print("|---|---|---|---|---|")
    for task in TASKS:
        of_seeds = [scores(task, seed) for seed in range(n_seeds)]
        for way in of_seeds[0]:
            values = np.array([found[way] for found in of_seeds])
            mean = values.mean(axis=0)
            print(f"| {task} | {way} | {mean[0]:.3f} | {values[:, 0].std():.3f} | {mean[1]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
