"""How the time of a fit grows with the data and the net: python benchmarks/scaling.py [--rounds N]

Doubling the sequences or their lengths should double it; doubling the padding of a 3-D array should not change it; a
second direction should cost what the first costs. The two fits of a figure take turns in one run; the best of several.

Then what batches of like length save: the part of the steps that is computed for sequences that have ended, and the
time of a fit whose batches are of any lengths over that of a fit as it is.
"""

import argparse
import warnings

import numpy as np
from speed import best_in_turn

from sklearn_recurrent import LSTMClassifier
from sklearn_recurrent._core import training
from sklearn_recurrent._core.packing import pack

EPOCHS, N_FEATURES, N_UNITS, BATCH = 4, 8, 32, 64
POOLS = {"any": 1, "like": training.POOL}
DRAWS = {
    "10 to 100, uniform": lambda rng, n: rng.integers(10, 101, n),
    "5 to 200, log-uniform": lambda rng, n: np.exp(rng.uniform(np.log(5), np.log(200), n)).astype(int),
    "gamma, mean 50, shape 2": lambda rng, n: rng.gamma(2, 25, n).astype(int) + 1,
}


def data(n, length, padding=0):
    """Sequences of `length` steps in a 3-D array with as many steps of NaN after them as `padding` says."""
    rng = np.random.default_rng(0)
    X = np.full((n, length + padding, N_FEATURES), np.nan, np.float32)
    X[:, :length] = rng.standard_normal((n, length, N_FEATURES), dtype=np.float32)
    return X, rng.integers(3, size=n)


def ratio(small, large, rounds, **changes):
    """The time of a fit to `large`, with a model of these `changes`, over that of a fit to `small`."""
    model, changed = (LSTMClassifier(N_UNITS, max_iter=EPOCHS, random_state=0).set_params(**c) for c in ({}, changes))
    times = best_in_turn({"small": lambda: model.fit(*small), "large": lambda: changed.fit(*large)}, rounds)
    return times["large"] / times["small"]


def waste(lengths, pool):
    """Which part of the steps of three epochs is computed for sequences that have ended."""
    training.POOL, computed = pool, 0
    batches = training.Batches(len(lengths), BATCH, 0, lengths=lengths)
    for _ in range(3):
        for rows, _ in batches.epoch():
            computed += sum(chunk.steps * chunk.width for chunk in pack(sorted(lengths[rows].tolist(), reverse=True)))
    return 1 - 3 * lengths.sum() / computed


def time_without_buckets(lengths, rounds):
    """The time of a fit with batches of any lengths over that of one with batches of like lengths."""
    rng = np.random.default_rng(1)
    X = [rng.standard_normal((length, N_FEATURES), dtype=np.float32) for length in lengths]
    y, model = rng.integers(3, size=len(X)), LSTMClassifier(N_UNITS, batch_size=BATCH, max_iter=EPOCHS, random_state=0)

    def fit(pool):
        training.POOL = pool
        model.fit(X, y)

    times = best_in_turn({name: lambda pool=pool: fit(pool) for name, pool in POOLS.items()}, rounds)
    return times["any"] / times["like"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    print("| living steps | sequences × 2 | lengths × 2 | padding × 2 | two directions in place of one |")
    print("|---|---|---|---|---|")
    for n in (128, 1280, 6400):
        base = data(n, 80)
        twice = ratio(base, data(2 * n, 80), rounds), ratio(base, data(n, 160), rounds)
        padded = ratio(data(n, 80, 80), data(n, 80, 160), rounds)
        directions = 1 / ratio(base, base, rounds, bidirectional=False)
        figures = " | ".join(f"{figure:.2f}" for figure in (*twice, padded, directions))
        print(f"| {n * 80:,} → {2 * n * 80:,} | {figures} |", flush=True)
    print("\n| lengths | sequences | wasted steps, batches of any lengths | of like lengths | time, any / like |")
    print("|---|---|---|---|---|")
    for name, draw in DRAWS.items():
        for n in (640, 6400):
            lengths = draw(np.random.default_rng(0), n)
            wasted = " | ".join(f"{100 * waste(lengths, pool):.1f} %" for pool in POOLS.values())
            print(f"| {name} | {n:,} | {wasted} | {time_without_buckets(lengths, rounds):.2f} |", flush=True)


if __name__ == "__main__":
    main()
