"""This build against an earlier one, in one process: python benchmarks/before.py REVISION [--rounds N]

The package of the git revision is imported under another name. The same fits and predictions of both take turns, after
a warm-up, on one thread; the figure is the median of the ratios of neighboring runs. A ratio above 1: this build is
faster. Batches of both builds may hold other sequences, so a ratio of ragged fits compares equal numbers of sequences,
not equal bits.
"""

import argparse
import importlib
import io
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import threadpoolctl

import sklearn_recurrent

ROOT = Path(__file__).parents[1]
SHAPES = ((32, 20, 1, 16), (32, 50, 8, 32), (64, 100, 16, 64), (64, 100, 32, 128))
CELLS = ("elman", "gru", "lstm")


def build_of(revision, folder):
    """The package of a git revision, imported under another name."""
    archive = subprocess.run(
        ["git", "archive", revision, "sklearn_recurrent"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    package = Path(folder) / "sklearn_recurrent"
    package.rename(Path(folder) / "sklearn_recurrent_before")
    sys.path.insert(0, str(folder))
    return importlib.import_module("sklearn_recurrent_before")


def ratio_and_time(now, before, rounds, least_turn=0.02):
    """The median ratio of a call of `before` to one of `now`, and the median time of the latter, in seconds.

    In each round the two run one right after the other, in alternating order: what slows the machine down for a while
    slows both. Short calls are repeated until they take `least_turn` seconds.
    """
    repeats = max(1, round(least_turn / timed(now, 1)))
    ratios = []
    times = []
    for number in range(rounds):
        if number % 2:
            of_before = timed(before, repeats)
            of_now = timed(now, repeats)
        else:
            of_now = timed(now, repeats)
            of_before = timed(before, repeats)
        ratios.append(of_before / of_now)
        times.append(of_now / repeats)
    return np.median(ratios), np.median(times)


def timed(function, repeats):
    """The time that so many calls take, in seconds."""
    start = time.perf_counter()
    for _ in range(repeats):
        function()
    return time.perf_counter() - start


def compare(make_now, make_before, X, y, rounds):
    """How many times as fast this build fits, predicts, and predicts one sequence; how long its fit takes, in s."""
    now = make_now().fit(X, y)
    before = make_before().fit(X, y)
    fit, seconds = ratio_and_time(lambda: now.fit(X, y), lambda: before.fit(X, y), rounds)
    predict, _ = ratio_and_time(lambda: now.predict(X), lambda: before.predict(X), rounds)
    one, _ = ratio_and_time(lambda: now.predict(X[:1]), lambda: before.predict(X[:1]), rounds)
    return [fit, predict, one], seconds


def tasks():
    """Name, estimator, parameters, X, y."""
    rng = np.random.default_rng(0)
    for cell in CELLS:
        for ragged in (False, True):
            for batch, length, n_features, n_units in SHAPES:
                n = batch * (16 if n_units < 64 else 6)
                lengths = rng.integers(length // 10, length + 1, n) if ragged else np.full(n, length)
                X = [rng.standard_normal((t, n_features), dtype=np.float32) for t in lengths]
                if not ragged:
                    X = np.stack(X)
                parameters = {"cell": cell, "hidden_layer_sizes": n_units, "batch_size": batch, "bidirectional": False}
                name = f"{cell} {(batch, length, n_features, n_units)} {'ragged' if ragged else 'full'}"
                yield name, "RNNClassifier", parameters, X, rng.integers(5, size=n)
    X = [rng.standard_normal((t, 6)) for t in rng.integers(5, 60, 400)]
    yield "the defaults, ragged", "LSTMClassifier", {}, X, rng.integers(3, size=400)
    tokens = [rng.integers(0, 500, t, dtype=np.int32) for t in rng.integers(5, 60, 600)]
    yield "tokens", "GRUClassifier", {"embedding_dim": 16}, tokens, rng.integers(2, size=600)
    windows = rng.standard_normal((500, 30))
    yield "encoder and decoder", "Seq2SeqRegressor", {"hidden_layer_sizes": 32}, windows, windows[:, :6]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, threadpoolctl.threadpool_limits(1):
        earlier = build_of(arguments.revision, folder)
        print(f"This build against {arguments.revision}: its time over ours, and our fit in ms\n")
        print("| task | fit | predict | predict one | ms |")
        print("|---|---|---|---|---|")
        found = []
        for name, estimator, parameters, X, y in tasks():
            parameters = {"max_iter": 2, "random_state": 0} | parameters
            makers = [
                lambda package=package, parameters=parameters, estimator=estimator: getattr(package, estimator)(
                    **parameters
                )
                for package in (sklearn_recurrent, earlier)
            ]
            figures, seconds = compare(*makers, X, y, arguments.rounds)
            found.append(figures)
            print(f"| {name} | " + " | ".join(f"{f:.2f}" for f in figures) + f" | {1e3 * seconds:.1f} |", flush=True)
        means = np.exp(np.log(found).mean(axis=0))
        print("| geometric mean | " + " | ".join(f"{f:.2f}" for f in means) + " | |")
        print("| least | " + " | ".join(f"{f:.2f}" for f in np.min(found, axis=0)) + " | |")


if __name__ == "__main__":
    main()
