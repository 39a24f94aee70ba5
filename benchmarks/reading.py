"""The time that X takes to be read, against an earlier build: python benchmarks/reading.py REVISION [--rounds N]

What is timed is `SequencePadder().fit(X)`, which reads X and does nothing else. The list of arrays is read by both
builds, which take turns, in one process; a ratio above 1: this build is faster. Other containers of the same 20,000
sequences are compared with the list of arrays in this build: how many times as long they take.
"""

import argparse
import tempfile
import warnings

import numpy as np
import pandas as pd
import threadpoolctl
from before import best_in_turn, build_of

import sklearn_recurrent

N = 20_000
SHAPES = ((5, 30, 2), (5, 60, 4), (20, 100, 8))
"""The shortest and the longest sequence, and the number of features."""


def names(n):
    return [f"feature_{k}" for k in range(n)]


CONTAINERS = {
    "list of pandas frames": lambda X: [pd.DataFrame(x, columns=names(x.shape[1])) for x in X],
    "pandas frames by groupby": lambda X: [
        frame
        for _, frame in pd.DataFrame(np.concatenate(X), columns=names(X[0].shape[1])).groupby(
            np.repeat(range(len(X)), [len(x) for x in X])
        )
    ],
    "object array": sklearn_recurrent.as_sequences,
    "masked arrays": lambda X: [np.ma.array(x) for x in X],
    "lists of lists": lambda X: [x.tolist() for x in X],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, threadpoolctl.threadpool_limits(1):
        earlier = build_of(arguments.revision, folder)
        print(f"{N:,} sequences; {arguments.revision} is the earlier build\n")
        print("| steps, features | list of arrays, ms | before / now | " + " | ".join(CONTAINERS) + " |")
        print("|---|" + "---|" * (2 + len(CONTAINERS)))
        for shortest, longest, n_features in SHAPES:
            X = [rng.normal(size=(length, n_features)) for length in rng.integers(shortest, longest + 1, N)]
            functions = {
                "now": lambda X=X: sklearn_recurrent.SequencePadder().fit(X),
                "before": lambda X=X: earlier.SequencePadder().fit(X),
            }
            for name, convert in CONTAINERS.items():
                functions[name] = lambda X=convert(X): sklearn_recurrent.SequencePadder().fit(X)
            times = best_in_turn(functions, arguments.rounds)
            figures = [f"{times[name] / times['now']:.2f}" for name in CONTAINERS]
            row = [f"{shortest}-{longest}, {n_features}", f"{1e3 * times['now']:.1f}"]
            row.append(f"{times['before'] / times['now']:.2f}")
            print("| " + " | ".join([*row, *figures]) + " |", flush=True)


if __name__ == "__main__":
    main()
