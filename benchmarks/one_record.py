"""One record at a time, this build against an earlier one: python benchmarks/one_record.py REVISION [--rounds N]

A service predicts for one sequence of 6 features, in float64, as soon as it comes: `predict_proba([x])`, or `step`
where the steps of the sequence come one by one. Both builds, in one process, take turns on one thread; the figure is
the median of the ratios of neighboring runs. A ratio above 1: this build is faster. The last column is the time of
this build as a multiple of that of `MLPClassifier.predict_proba` for one row of 6 features and 32 hidden units.
"""

import argparse
import sys
import tempfile
import warnings

import numpy as np
import threadpoolctl
from before import build_of, ratio_and_time
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_recurrent

N_FEATURES = 6
LENGTHS = (1, 50, 500)
NETWORKS = {  # the class, its parameters, whether a PerTimestep comes first
    "LSTM, 32 units, one direction": ("LSTMClassifier", {"hidden_layer_sizes": 32, "bidirectional": False}, False),
    "GRU, 32 units, one direction": ("GRUClassifier", {"hidden_layer_sizes": 32, "bidirectional": False}, False),
    "LSTM, the defaults": ("LSTMClassifier", {}, False),
    "GRU, the defaults": ("GRUClassifier", {}, False),
    "LSTM, 32 units, one direction, in a Pipeline behind PerTimestep(StandardScaler())": (
        "LSTMClassifier",
        {"hidden_layer_sizes": 32, "bidirectional": False},
        True,
    ),
    "LSTM, the defaults, in that Pipeline": ("LSTMClassifier", {}, True),
}


def training_set():
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((t, N_FEATURES)) for t in rng.integers(5, 60, 100)]
    return X, rng.integers(3, size=100)


def fitted(package, estimator, parameters, in_pipeline):
    """A model of one of the builds."""
    model = getattr(package, estimator)(max_iter=2, random_state=0, **parameters)
    if in_pipeline:
        model = make_pipeline(package.PerTimestep(StandardScaler()), model)
    return model.fit(*training_set())


def calls(model):
    """What a service calls, by name: the method for sequences of several lengths, or `step`."""
    rng = np.random.default_rng(1)
    for length in LENGTHS:
        x = rng.standard_normal((length, N_FEATURES))
        yield f"predict_proba, {length} steps", lambda x=x: model.predict_proba([x])
    if hasattr(model, "step"):
        state = model.initial_state(1)
        yield "step", lambda x=x[:1]: model.step(x, state, method="predict_proba")


def time_of_mlp(rounds):
    """The time that MLPClassifier takes for one row, in seconds."""
    X, y = training_set()
    X = np.stack([x[0] for x in X])
    mlp = MLPClassifier(32, max_iter=2, random_state=0).fit(X, y)
    _, seconds = ratio_and_time(lambda: mlp.predict_proba(X[:1]), lambda: mlp.predict_proba(X[:1]), rounds)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="networks whose name contains this")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, threadpoolctl.threadpool_limits(1):
        earlier = build_of(arguments.revision, folder)
        print("| network | call | faster than before | µs | of MLPClassifier's time |")
        print("|---|---|---|---|---|")
        for name, settings in NETWORKS.items():
            if arguments.only not in name:
                continue
            pairs = zip(calls(fitted(sklearn_recurrent, *settings)), calls(fitted(earlier, *settings)), strict=True)
            for (call, now), (_, before) in pairs:
                ratio, seconds = ratio_and_time(now, before, arguments.rounds)
                of_mlp = seconds / time_of_mlp(5)
                print(f"| {name} | {call} | {ratio:.2f} | {1e6 * seconds:.0f} | {of_mlp:.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
