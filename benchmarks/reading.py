"""The time that reading X takes, against an earlier build: python benchmarks/reading.py REVISION [--rounds N]

What is timed is `SequencePadder().fit(X)`, which reads X and does nothing else. "before / now" compares the earlier
build with this one for a list of arrays; above 1: this build is faster. The other columns compare containers of the
same sequences with the list of arrays, in this build: how many times as long they take. All are medians of the ratios
of neighboring runs.
"""

import argparse
import tempfile
import warnings

import numpy as np
import pandas as pd
import threadpoolctl
from before import build_of, ratio_and_time

import sklearn_recurrent

N = 20_000
SHAPES = ((5, 30, 2), (5, 60, 4), (20, 100, 8))
"""The steps of the shortest and of the longest sequence, and the number of features."""


def frames(X):
    names = [f"feature_{k}" for k in range(X[0].shape[1])]
    return [pd.DataFrame(x, columns=names) for x in X]


def groups(X):
    """The frames of a long table, one for each group."""
    table = pd.concat(frames(X), ignore_index=True)
    return [frame for _, frame in table.groupby(np.repeat(np.arange(len(X)), [len(x) for x in X]))]


CONTAINERS = {
    "pandas frames": frames,
    "groups of a table": groups,
    "object array": sklearn_recurrent.as_sequences,
    "masked arrays": lambda X: [np.ma.array(x) for x in X],
    "nested lists": lambda X: [x.tolist() for x in X],
}


def reading(package, X):
    return lambda: package.SequencePadder().fit(X)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, threadpoolctl.threadpool_limits(1):
        earlier = build_of(arguments.revision, folder)
        print(f"{N:,} sequences; the earlier build is {arguments.revision}\n")
        print("| steps, features | ms | before / now | " + " | ".join(CONTAINERS) + " |")
        print("|---|" + "---|" * (2 + len(CONTAINERS)))
        for shortest, longest, n_features in SHAPES:
            X = [rng.normal(size=(length, n_features)) for length in rng.integers(shortest, longest + 1, N)]
            now = reading(sklearn_recurrent, X)
            ratio, seconds = ratio_and_time(now, reading(earlier, X), arguments.rounds)
            figures = [f"{shortest}-{longest}, {n_features}", f"{1e3 * seconds:.1f}", f"{ratio:.2f}"]
            for convert in CONTAINERS.values():
                ratio, _ = ratio_and_time(now, reading(sklearn_recurrent, convert(X)), arguments.rounds)
                figures.append(f"{ratio:.2f}")
            print("| " + " | ".join(figures) + " |", flush=True)


if __name__ == "__main__":
    main()
