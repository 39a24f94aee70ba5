"""How the time of a fit grows with the data and the net: python benchmarks/scaling.py [--rounds N]

Doubling the sequences or their lengths should double it; doubling the padding of a 3-D array should not change it; a
second direction should cost what the first costs. The two fits of a figure take turns in one run; the best of several.
"""

import argparse
import warnings

import numpy as np
from speed import best_in_turn

from sklearn_recurrent import LSTMClassifier

EPOCHS, N_FEATURES, N_UNITS = 4, 8, 32


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


if __name__ == "__main__":
    main()
