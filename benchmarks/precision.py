"""What `dtype="float32"` costs and saves: python benchmarks/precision.py

The same fits (two epochs) and predictions of 256 sequences, on one thread, take turns; the figures are medians of the
ratios of neighboring runs. *cast*: the time on float64 data with ``dtype="float32"``, over that on float32 data.
*gain*: the time on float64 data as it is, over that with ``dtype="float32"``.
"""

import warnings
from functools import partial

import numpy as np
import threadpoolctl
from before import ratio_and_time

from sklearn_recurrent import GRUClassifier, LSTMClassifier

SHAPES = ((20, 1, 16), (50, 8, 32), (100, 16, 64))  # steps, features, units
N = 256
ROUNDS = 15


def sequences(steps, n_features, ragged):
    rng = np.random.default_rng(0)
    if not ragged:
        return rng.normal(size=(N, steps, n_features))
    return [rng.normal(size=(length, n_features)) for length in rng.integers(steps // 10, steps + 1, N)]


def in_single_precision(X):
    return X.astype(np.float32) if isinstance(X, np.ndarray) else [x.astype(np.float32) for x in X]


def ratios(estimator, units, X):
    """Of fit and of predict_proba: what the cast costs, and what single precision gains."""
    y = np.arange(N) % 2
    settings = {"hidden_layer_sizes": units, "max_iter": 2, "random_state": 0}
    ways = {
        "cast": (estimator(**settings, dtype="float32"), X),
        "single": (estimator(**settings), in_single_precision(X)),
        "double": (estimator(**settings), X),
    }
    for model, given in ways.values():
        model.fit(given, y)
    for method in ("fit", "predict_proba"):
        arguments = (y,) if method == "fit" else ()
        calls = {name: partial(getattr(model, method), given, *arguments) for name, (model, given) in ways.items()}
        cost, _ = ratio_and_time(calls["single"], calls["cast"], ROUNDS)
        gain, _ = ratio_and_time(calls["cast"], calls["double"], ROUNDS)
        yield cost
        yield gain


def main():
    warnings.simplefilter("ignore")
    print("| network | steps, features, units | lengths | fit: cast | gain | predict_proba: cast | gain |")
    print("|---" * 7 + "|")
    with threadpoolctl.threadpool_limits(1):
        for estimator in (LSTMClassifier, GRUClassifier):
            for steps, n_features, units in SHAPES:
                for ragged in (False, True):
                    found = ratios(estimator, units, sequences(steps, n_features, ragged))
                    cells = [estimator.__name__, (steps, n_features, units), "ragged" if ragged else "full"]
                    print("|", " | ".join([*map(str, cells), *(f"{ratio:.2f}" for ratio in found)]), "|", flush=True)


if __name__ == "__main__":
    main()
