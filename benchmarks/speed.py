"""Whole fits and predictions against a plain PyTorch loop: python benchmarks/speed.py [--rounds N] [cell ...]

The same architecture (one direction, last state, dense head, softmax), Adam, batches, shuffling, clipping and float32;
one thread each; both in one run, in turn, after a warm-up; the best of several. A ratio above 1: ours is faster.
PyTorch's loop is what its users write: shuffled indices, `zero_grad`, forward, `backward`, clip, step; ragged batches
by `pack_padded_sequence`. Its predictions take the better of one call for all and a loop over batches.

Where OpenBLAS, NumPy's BLAS, takes AVX2 kernels on a processor with AVX-512, because it does not know it or because
OPENBLAS_CORETYPE says so, all is run twice: so, and with OPENBLAS_CORETYPE=SkylakeX, which gives both sides the same
instructions.
"""

import argparse
import math
import os
import platform
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import sklearn
import threadpoolctl
import torch

from sklearn_recurrent import RNNClassifier
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.dataset import Dataset
from sklearn_recurrent._core.losses import LOSSES
from sklearn_recurrent._core.network import Network
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._core.threads import WorkerPool

SHAPES = (
    (32, 20, 1, 16),
    (32, 50, 8, 32),
    (64, 100, 16, 64),
    (64, 100, 32, 128),
    (128, 100, 64, 256),
    (200, 28, 28, 128),
)
RAGGED = SHAPES[1:4]
AT_ONCE = ((20, 1, 16), (50, 8, 32), (100, 16, 64))
N_CLASSES, EPOCHS = 5, 2
TORCH = {"elman": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


class Plain(torch.nn.Module):
    def __init__(self, cell, n_features, n_units):
        super().__init__()
        self.recurrent = TORCH[cell](n_features, n_units, batch_first=True)
        self.head = torch.nn.Linear(n_units, N_CLASSES)

    def forward(self, x, lengths):
        if lengths is not None:
            x = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        _, h = self.recurrent(x)
        return self.head((h[0] if isinstance(h, tuple) else h)[0])


def fit_torch(net, x, lengths, y, batch):
    optimizer, loss = torch.optim.Adam(net.parameters(), lr=1e-3), torch.nn.CrossEntropyLoss()
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            loss(net(x[rows], None if lengths is None else lengths[rows]), y[rows]).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()


def predict_torch(net, x, lengths, batch):
    with torch.inference_mode():
        for start in range(0, len(x), batch):
            part = slice(start, start + batch)
            net(x[part], None if lengths is None else lengths[part]).softmax(dim=1).numpy()


def best_in_turn(functions, rounds, least_turn=0.05):
    """The least time of a call of each function, in seconds.

    They take turns, so that a slow minute of the machine meets all of them; a turn lasts at least `least_turn` seconds,
    so that short calls are warm, too.
    """
    times = dict.fromkeys(functions, math.inf)
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            spent = 0.0
            while spent < least_turn:
                start = time.perf_counter()
                function()
                elapsed = time.perf_counter() - start
                times[name], spent = min(times[name], elapsed), spent + max(elapsed, 1e-6)
    return times


def sgemm_peak():
    """FLOP/s of NumPy's float32 product, the best of several sizes."""
    rates = []
    for n in (256, 512, 1024, 2048):
        a = np.random.default_rng(0).standard_normal((n, n), dtype=np.float32)
        out = np.empty_like(a)
        rates.append(2 * n**3 / best_in_turn({"dot": lambda: np.dot(a, a, out)}, 10)["dot"])  # noqa: B023
    return max(rates)


def flops(cell, n_features, n_units, steps):
    """Of the products of one pass forward and back: with the weights, for dh, for the gradient of the weights."""
    cell = CELLS[cell](n_features, n_units)
    weights = sum(math.prod(shape) for shape in cell.shapes().values())
    recurrent = sum(len(part.gates) * n_units**2 for part in cell.parts if "h" in part.inputs)
    return 2 * steps * (2 * weights + recurrent)


def training_step(cell, X, y, shape):
    """Forward and back over one batch of 3-D X: what remains of a fit without data handling and optimizer."""
    batch, length, n_features, n_units = shape
    network = Network(
        cell=cell, activation="tanh", n_features=n_features, units=(n_units,), bidirectional=False, pooling=("last",),
        n_outputs=N_CLASSES,
    )  # fmt: skip
    X = Ragged.from_lengths(X.reshape(-1, n_features), np.full(len(X), length))
    Y, weight = y[:, None], np.ones(len(y), np.float32)
    objective = Objective(network, LOSSES["softmax"], Dataset(X, Y, weight), 0.0, WorkerPool(np.float32))
    theta = network.initial(np.random.default_rng(0)).astype(np.float32)
    return lambda: objective(theta, np.arange(batch))


def compare(cell, shape, ragged, peak, rounds):
    batch, length, n_features, n_units = shape
    rng, n = np.random.default_rng(0), batch * (32 if n_units < 64 else 8 if n_units < 128 else 4)
    lengths = rng.integers(length // 10, length + 1, n) if ragged else np.full(n, length)
    padded = rng.standard_normal((n, length, n_features), dtype=np.float32)
    X = [x[:t] for x, t in zip(padded, lengths, strict=True)] if ragged else padded
    y = rng.integers(N_CLASSES, size=n)
    model = RNNClassifier(
        n_units, cell=cell, bidirectional=False, pooling="last", standardize=False, alpha=0, batch_size=batch,
        learning_rate="constant", learning_rate_init=1e-3, tol=0, max_iter=EPOCHS, random_state=0,
    )  # fmt: skip
    net = Plain(cell, n_features, n_units)
    x, t, targets = torch.from_numpy(padded), torch.from_numpy(lengths) if ragged else None, torch.from_numpy(y)
    times = best_in_turn(
        {
            "fit": lambda: model.fit(X, y),
            "torch fit": lambda: fit_torch(net, x, t, targets, batch),
            "predict": lambda: model.predict_proba(X),
            "torch predict": lambda: predict_torch(net, x, t, batch),
            "torch predict all": lambda: predict_torch(net, x, t, n),
            **({} if ragged else {"step": training_step(cell, X, y, shape)}),
        },
        rounds,
    )
    fit, predict = (
        times["torch fit"] / times["fit"],
        min(times["torch predict"], times["torch predict all"]) / times["predict"],
    )
    work = EPOCHS * flops(cell, n_features, n_units, int(lengths.sum()))
    step = "" if ragged else f"{flops(cell, n_features, n_units, batch * length) / times['step'] / peak:.0%}"
    print(
        f"| {cell} | {shape} | {'ragged' if ragged else 'full'} | {fit:.2f} | {predict:.2f} "
        f"| {work / times['fit'] / peak:.0%} | {step} | {times['fit'] / EPOCHS * 1e3:.1f} |",
        flush=True,
    )
    return fit, predict


def compare_256(cell, shape, ragged, rounds):
    """The time of PyTorch over ours for the probabilities of 256 sequences at once."""
    length, n_features, n_units = shape
    rng = np.random.default_rng(0)
    lengths = rng.integers(length // 10, length + 1, 256) if ragged else np.full(256, length)
    padded = rng.standard_normal((256, length, n_features), dtype=np.float32)
    X = [x[:t] for x, t in zip(padded, lengths, strict=True)] if ragged else padded
    y = rng.integers(N_CLASSES, size=256)
    model = RNNClassifier(n_units, cell=cell, bidirectional=False, pooling="last", standardize=False, max_iter=1)
    model.fit(X, y)
    net = Plain(cell, n_features, n_units)
    x = torch.from_numpy(padded)
    t = torch.from_numpy(lengths) if ragged else None
    ours = {"ours": lambda: model.predict_proba(X), "torch": lambda: predict_torch(net, x, t, 256)}
    times = best_in_turn(ours, rounds)
    print(
        f"| {cell} | {shape} | {'ragged' if ragged else 'full'} | {times['torch'] / times['ours']:.2f} "
        f"| {1e3 * times['ours']:.2f} |",
        flush=True,
    )


def report_machine():
    """Print what this is; return whether NumPy's BLAS has taken kernels for a lesser processor."""
    blas = next(
        lib for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas" and "numpy" in lib["filepath"]
    )
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    names = [line.split(": ")[1] for line in text.splitlines() if line.startswith("model name")]
    print(f"{(names or [platform.processor()])[0]}; Python {platform.python_version()}, NumPy {np.__version__}, "
          f"scikit-learn {sklearn.__version__}, PyTorch {torch.__version__}")  # fmt: skip
    print(f"NumPy's BLAS: {blas['internal_api']} {blas['version']}, kernels for {blas.get('architecture')}")
    return "avx512f" in text and blas.get("architecture") == "Haswell"


def run_with_avx512():
    """This command once more, with the kernels for AVX-512."""
    print("\nThe processor has AVX-512, which these kernels do not use. Once more, with those that do:\n", flush=True)
    subprocess.run([sys.executable, *sys.argv], env=os.environ | {"OPENBLAS_CORETYPE": "SkylakeX"}, check=True)


def import_cost():
    """Milliseconds that importing the package takes after MLPClassifier: the median of fresh processes."""
    code = (
        "from time import perf_counter; from sklearn.neural_network import MLPClassifier; start = perf_counter(); "
        "import sklearn_recurrent; print(1e3 * (perf_counter() - start))"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(9)]
    return float(np.median([float(run) for run in runs]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", nargs="*", default=list(TORCH))
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    lesser_kernels = report_machine()
    with threadpoolctl.threadpool_limits(1):
        peak = sgemm_peak()
        print(f"sgemm peak, one thread: {peak / 1e9:.0f} GFLOP/s; import after MLPClassifier: {import_cost():.0f} ms\n")
        print("(batch, steps, features, units); torch's time over ours; the part of the sgemm peak that our fit, and a")
        print("training step, reach; our ms per epoch\n")
        print("| cell | shape | lengths | fit | predict_proba | of peak | step | ms |")
        print("|---|---|---|---|---|---|---|---|")
        means = []
        for cell in arguments.cells:
            for ragged, shapes in ((False, SHAPES), (True, RAGGED)):
                ratios = np.array([compare(cell, shape, ragged, peak, arguments.rounds) for shape in shapes])
                figures = *np.exp(np.log(ratios).mean(axis=0)), *ratios.min(axis=0)
                means.append((cell, "ragged" if ragged else "full", *figures))
        print("\n| cell | lengths | fit, geometric mean | predict_proba | fit, least | predict_proba, least |")
        print("|---|---|---|---|---|---|")
        for cell, lengths, *figures in means:
            print(f"| {cell} | {lengths} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |", flush=True)
        print("\n`predict_proba` of 256 sequences at once; torch's time over ours; our ms\n")
        print("| cell | (steps, features, units) | lengths | predict_proba | ms |")
        print("|---|---|---|---|---|")
        for cell in arguments.cells:
            for ragged in (False, True):
                for shape in AT_ONCE:
                    compare_256(cell, shape, ragged, 3 * arguments.rounds)
    if lesser_kernels:
        run_with_avx512()


if __name__ == "__main__":
    main()
