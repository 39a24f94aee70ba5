"""This build against an earlier one, in one process: python benchmarks/before.py REVISION [--rounds N]

The package of the git revision is imported under another name. The same fits and predictions of both take turns, after
a warm-up, on one thread; the figure is the median of the ratios of neighboring runs, in time of the processor. A ratio
above 1: this build is faster. "Step" is a training step, forward and back over one batch of full sequences. Batches of
both builds may hold other sequences, so a ratio of ragged fits compares equal numbers of sequences, not equal bits.
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
CORE = ("dataset", "objective", "ragged", "threads")


def unpack(revision, folder):
    """Put the package of a git revision into a folder."""
    archive = subprocess.run(
        ["git", "archive", revision, "sklearn_recurrent"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


def build_of(revision, folder):
    """The package of a git revision, imported under another name."""
    unpack(revision, folder)
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
    """The time of the processor that so many calls take, in seconds: other processes of the machine disturb it less."""
    start = time.thread_time()
    for _ in range(repeats):
        function()
    return time.thread_time() - start


def compare(make_now, make_before, X, y, rounds):
    """How many times as fast this build is in a fit, a prediction, and one for a single sequence; its fit in s."""
    now = make_now().fit(X, y)
    before = make_before().fit(X, y)
    fit, seconds = ratio_and_time(lambda: now.fit(X, y), lambda: before.fit(X, y), rounds)
    predict, _ = ratio_and_time(lambda: now.predict(X), lambda: before.predict(X), rounds)
    one, _ = ratio_and_time(lambda: now.predict(X[:1]), lambda: before.predict(X[:1]), rounds)
    return [fit, predict, one], seconds


def training_step(package, model, X, y):
    """Forward and back over one batch of 3-D X, with the network and the loss of a fitted classifier."""
    core = {name: importlib.import_module(f"{package.__name__}._core.{name}") for name in CORE}
    n = model.batch_size
    state = model._fitted_state()
    batch = core["ragged"].Ragged.from_lengths(X[:n].reshape(-1, X.shape[2]), np.full(n, X.shape[1]))
    dataset = core["dataset"].Dataset(batch, y[:n, None], np.ones(n, X.dtype))
    workers = core["threads"].WorkerPool(X.dtype)
    objective = core["objective"].Objective(state.network, state.loss_function(), dataset, 0.0, workers)
    return lambda: objective(state.theta, np.arange(n))


def has_these_rooms(package):
    """Whether the modules of `CORE` are there: builds before the present layout have others."""
    folder = Path(package.__file__).parent / "_core"
    return all((folder / f"{name}.py").is_file() for name in CORE)


def compare_steps(make_now, make_before, packages, X, y, rounds):
    """How many times as fast this build takes a training step; None of ragged sequences or between unlike layouts."""
    if not isinstance(X, np.ndarray) or X.ndim != 3 or not all(map(has_these_rooms, packages)):
        return None
    models = [make().fit(X, y) for make in (make_now, make_before)]
    steps = [training_step(package, model, X, y) for package, model in zip(packages, models, strict=True)]
    return ratio_and_time(*steps, rounds)[0]


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
    parser.add_argument("--only", default="", help="tasks whose name contains this")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, threadpoolctl.threadpool_limits(1):
        earlier = build_of(arguments.revision, folder)
        print(f"This build against {arguments.revision}: its time over ours, and our fit in ms\n")
        print("| task | fit | predict | predict one | step | ms |")
        print("|---|---|---|---|---|---|")
        found = []
        of_steps = []
        for name, estimator, parameters, X, y in tasks():
            if arguments.only not in name:
                continue
            parameters = {"max_iter": 2, "random_state": 0} | parameters
            makers = [
                lambda package=package, parameters=parameters, estimator=estimator: getattr(package, estimator)(
                    **parameters
                )
                for package in (sklearn_recurrent, earlier)
            ]
            figures, seconds = compare(*makers, X, y, arguments.rounds)
            found.append(figures)
            step = compare_steps(*makers, (sklearn_recurrent, earlier), X, y, arguments.rounds)
            of_steps += [] if step is None else [step]
            cells = [*(f"{f:.2f}" for f in figures), "" if step is None else f"{step:.2f}", f"{1e3 * seconds:.1f}"]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
        of_steps = of_steps or [np.nan]
        means = np.exp(np.log(found).mean(axis=0))
        means = [*means, np.exp(np.log(of_steps).mean())]
        least = [*np.min(found, axis=0), min(of_steps)]
        print("| geometric mean | " + " | ".join(f"{f:.2f}" for f in means) + " | |")
        print("| least | " + " | ".join(f"{f:.2f}" for f in least) + " | |")


if __name__ == "__main__":
    main()
