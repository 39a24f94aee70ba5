"""Scaling of each sequence by itself, where each sensor has a unit of its own: ``python benchmarks/per_sequence.py``.

The data is drawn: a series rises slowly and falls fast, or the other way round; noise is as large as a third of the
signal. Each comes from a sensor with an offset and a scale of its own, over some orders of magnitude, which tell
nothing of the class. Prints a row of a Markdown table per way of scaling: the accuracy on sequences that were not
trained on, mean and worst of the seeds. Nothing is chosen by these scores. Then: what a sequence costs.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, RobustScaler, StandardScaler

from sklearn_recurrent import GRUClassifier, PerSequence, PerTimestep


def draw(rng, n):
    y = rng.integers(0, 2, n)
    X = []
    for kind in y:
        length = rng.integers(30, 70)
        phase = rng.uniform(0, 1) + np.arange(length) / rng.uniform(10, 18)
        signal = phase % 1 - 0.5
        if kind:
            signal = -signal
        signal = signal + rng.normal(0, 0.1, length)
        X.append((rng.normal(0, 10) + signal) * np.exp(rng.normal(0, 2)))
    return X, y


def scaled(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def scaled_all(X):
    return [scaled(x) for x in X]


def net(seed, units=16, max_iter=40, **settings):
    return GRUClassifier(units, max_iter=max_iter, random_state=seed, **settings)


WAYS = {
    "standardize of the network, all sequences alike": lambda seed: net(seed),
    "the same, 64 units": lambda seed: net(seed, units=64),
    "the same, 160 epochs": lambda seed: net(seed, max_iter=160),
    "PerTimestep(StandardScaler())": lambda seed: make_pipeline(PerTimestep(StandardScaler()), net(seed)),
    "PerTimestep(RobustScaler())": lambda seed: make_pipeline(
        PerTimestep(RobustScaler()), net(seed, standardize=False)
    ),
    "PerTimestep(QuantileTransformer())": lambda seed: make_pipeline(
        PerTimestep(QuantileTransformer(output_distribution="normal")), net(seed)
    ),
    "the same, 64 units, 160 epochs": lambda seed: make_pipeline(
        PerTimestep(QuantileTransformer(output_distribution="normal")), net(seed, units=64, max_iter=160)
    ),
    "a loop by hand, in FunctionTransformer": lambda seed: make_pipeline(FunctionTransformer(scaled_all), net(seed)),
    "PerSequence(function)": lambda seed: make_pipeline(PerSequence(scaled), net(seed)),
    "PerSequence(StandardScaler())": lambda seed: make_pipeline(PerSequence(StandardScaler()), net(seed)),
}


def accuracies(make, seeds):
    scores = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        X, y = draw(rng, 300)
        X_test, y_test = draw(rng, 300)
        scores.append(make(seed).fit(X, y).score(X_test, y_test))
    return scores


def cost(n=2000):
    X, _ = draw(np.random.default_rng(0), n)
    for name, way in (
        ("a loop by hand", FunctionTransformer(scaled_all)),
        ("PerSequence(function)", PerSequence(scaled)),
        ("PerSequence(StandardScaler())", PerSequence(StandardScaler())),
        ("PerTimestep(StandardScaler())", PerTimestep(StandardScaler()).fit(X)),
    ):
        best = np.inf
        for _ in range(3):
            start = time.process_time()
            way.transform(X)
            best = min(best, time.process_time() - start)
        print(f"| {name} | {best / n * 1e6:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| way | accuracy, mean | worst | s of CPU |\n|---|---|---|---|")
    for name, make in WAYS.items():
        start = time.process_time()
        scores = accuracies(make, seeds)
        took = (time.process_time() - start) / seeds
        print(f"| {name} | {np.mean(scores):.3f} | {np.min(scores):.3f} | {took:.1f} |", flush=True)
    print("\n| transform of 2,000 sequences | µs of CPU a sequence |\n|---|---|")
    cost()


if __name__ == "__main__":
    main()
