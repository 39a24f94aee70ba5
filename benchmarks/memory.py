"""Peak memory of a fit against the size of its data and PyTorch: python benchmarks/memory.py [--sequences N]

One epoch on ragged sequences, 8 features, 10 to 190 steps, 100 in the mean; LSTM of 32 units, one direction, last
state, batches of 64. Each figure is of a process of its own: the peak of its resident memory, minus what was resident
after the imports and a fit to one batch. So the list of arrays, made in the process, is in it: a fit without a copy
has 1.0 times the data. PyTorch's loop is what its users write: each batch is padded from the list, `nn.LSTM`, Adam.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
import warnings

import numpy as np

N_FEATURES, N_UNITS, BATCH, N_CLASSES = 8, 32, 64, 3
MB = 1 << 20
ALLOWED = 1.3, 200
"""Times the data, and MB more."""


def sequences(n, dtype):
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((length, N_FEATURES), dtype=dtype) for length in rng.integers(10, 191, n)]
    return X, rng.integers(N_CLASSES, size=n)


def resident():
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def nothing():
    """What data alone take."""
    return lambda X, y: None


def ours():
    from sklearn_recurrent import LSTMClassifier

    warnings.simplefilter("ignore")
    settings = {"bidirectional": False, "pooling": "last", "batch_size": BATCH, "max_iter": 1, "random_state": 0}
    return LSTMClassifier(N_UNITS, **settings).fit


def pytorch():
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

    torch.set_num_threads(1)

    def fit(X, y):
        dtype = torch.from_numpy(X[0]).dtype
        recurrent = torch.nn.LSTM(N_FEATURES, N_UNITS, batch_first=True, dtype=dtype)
        head = torch.nn.Linear(N_UNITS, N_CLASSES, dtype=dtype)
        weights = [*recurrent.parameters(), *head.parameters()]
        optimizer, loss = torch.optim.Adam(weights, lr=1e-3), torch.nn.CrossEntropyLoss()
        targets = torch.from_numpy(y)
        for rows in torch.randperm(len(X)).split(BATCH):
            batch = [torch.from_numpy(X[row]) for row in rows.tolist()]
            padded = pad_sequence(batch, batch_first=True)
            packed = pack_padded_sequence(padded, list(map(len, batch)), batch_first=True, enforce_sorted=False)
            optimizer.zero_grad()
            loss(head(recurrent(packed)[1][0][0]), targets[rows]).backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()

    return fit


SIDES = {"data": nothing, "ours": ours, "PyTorch": pytorch}


def measure(side, dtype, n):
    """Print bytes of the data, and bytes and seconds of the fit, of this process."""
    fit = SIDES[side]()
    fit(*sequences(BATCH, dtype))  # what is imported and reserved at first use is no part of it
    before = resident()
    X, y = sequences(n, dtype)
    start = time.perf_counter()
    fit(X, y)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(sum(x.nbytes for x in X), peak - before, seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=20_000)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        return measure(*arguments.measure, arguments.sequences)
    times, more = ALLOWED
    print(f"MB; in brackets, times the data; allowed are {times} times the data + {more} MB")
    print("| dtype | data | allowed | data alone | ours | PyTorch | seconds: ours, PyTorch |")
    print("|---|---|---|---|---|---|---|")
    for dtype in ("float32", "float64"):
        results = {}
        for side in SIDES:
            command = [sys.executable, __file__, "--sequences", str(arguments.sequences), "--measure", side, dtype]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            size, *results[side] = map(float, output.split())
        peaks = " | ".join(f"{peak / MB:.0f} ({peak / size:.2f})" for peak, _ in results.values())
        seconds = ", ".join(f"{results[side][1]:.1f}" for side in ("ours", "PyTorch"))
        print(f"| {dtype} | {size / MB:.0f} | {times * size / MB + more:.0f} | {peaks} | {seconds} |", flush=True)


if __name__ == "__main__":
    main()
