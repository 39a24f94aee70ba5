"""A grid search of two processes: python benchmarks/grid_search.py REVISION [--rounds N]

Twelve candidates in three folds, an LSTM of 16 or 32 units on 300 ragged sequences, `n_jobs=2`: by this build, by that
of the git revision, and by skorch with the same networks, epochs and batches, on padded arrays with their lengths. Each
searches in a process of its own with workers of its own, of one thread each, all in turn, after a warm-up; the median
of several. What skorch cannot do without, a network and a splitting of X into arrays and lengths, is not counted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from before import ROOT, unpack

HERE = Path(__file__).parent
GRID = {"units": [16, 32], "learning_rate": [1e-3, 3e-3, 1e-2], "alpha": [1e-4, 1e-2]}
N_FEATURES = 6
N_CLASSES = 3
EPOCHS = 20
BATCH = 32


def data():
    """Sequences of 10 to 60 steps, and which of three features has the highest mean."""
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((t, N_FEATURES), dtype=np.float32) for t in rng.integers(10, 61, 300)]
    return X, np.array([x[:, :N_CLASSES].mean(axis=0).argmax() for x in X])


def search_here():
    """A search by the package that PYTHONPATH names first, ready to run."""
    from sklearn.model_selection import GridSearchCV

    import sklearn_recurrent
    from sklearn_recurrent import LSTMClassifier

    folder = os.environ["PYTHONPATH"].split(os.pathsep)[0]
    if not Path(sklearn_recurrent.__file__).is_relative_to(folder):
        raise ImportError(f"Expected the package in {folder}, got {sklearn_recurrent.__file__}.")
    X, y = data()
    model = LSTMClassifier(batch_size=BATCH, max_iter=EPOCHS, n_iter_no_change=EPOCHS, random_state=0)
    grid = {
        "hidden_layer_sizes": GRID["units"],
        "learning_rate_init": GRID["learning_rate"],
        "alpha": GRID["alpha"],
    }
    search = GridSearchCV(model, grid, cv=3, n_jobs=2)
    return lambda: search.fit(X, y)


def search_skorch():
    """The same by skorch, ready to run: arrays padded with zeros, and their lengths."""
    import torch
    from peers import PaddedLSTM
    from sklearn.model_selection import GridSearchCV
    from skorch import NeuralNetClassifier
    from skorch.callbacks import GradientNormClipping

    torch.set_num_threads(1)
    X, y = data()
    lengths = np.array([len(x) for x in X])
    padded = np.zeros((len(X), lengths.max(), N_FEATURES), np.float32)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    # The length of a sequence is the last column of its first step: GridSearchCV slices arrays, and skorch dicts alone.
    with_lengths = np.concatenate([padded, np.repeat(lengths[:, None, None], padded.shape[1], axis=1)], axis=2)
    net = NeuralNetClassifier(
        PaddedLSTM,
        module__n_features=N_FEATURES,
        module__n_classes=N_CLASSES,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=EPOCHS,
        batch_size=BATCH,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks=[("clip", GradientNormClipping(1.0))],
        verbose=0,
    )
    grid = {
        "module__n_units": GRID["units"],
        "lr": GRID["learning_rate"],
        "optimizer__weight_decay": [alpha / len(X) for alpha in GRID["alpha"]],
    }
    search = GridSearchCV(net, grid, cv=3, n_jobs=2)
    with_lengths = with_lengths.astype(np.float32)
    return lambda: search.fit(with_lengths, y.astype(np.int64))


def serve(kind):
    """Run a search for each line that comes, and answer with its seconds."""
    warnings.simplefilter("ignore")
    search = search_skorch() if kind == "skorch" else search_here()
    for _ in sys.stdin:
        start = time.perf_counter()
        search()
        print(time.perf_counter() - start, flush=True)


class Searcher:
    """A process that searches when it is asked, with the package in a folder."""

    def __init__(self, kind, folder):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(HERE)]), "PYTHONWARNINGS": "ignore"}
        environment |= {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def seconds(self):
        """Of one search."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def end(self):
        """Let the process end."""
        self._process.stdin.close()
        self._process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", nargs="?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", choices=["here", "skorch"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    with tempfile.TemporaryDirectory() as folder:
        unpack(arguments.revision, folder)
        searchers = {
            "this build": Searcher("here", ROOT),
            arguments.revision: Searcher("here", folder),
            "skorch": Searcher("skorch", ROOT),
        }
        for searcher in searchers.values():
            searcher.seconds()
        seconds = {name: [] for name in searchers}
        for _ in range(arguments.rounds):
            for name, searcher in searchers.items():
                seconds[name].append(searcher.seconds())
        for searcher in searchers.values():
            searcher.end()
    ours = np.array(seconds["this build"])
    print("12 candidates × 3 folds, two processes: seconds, and this build's time over it\n")
    print("| search | s | ours / it |")
    print("|---|---|---|")
    for name, of_each in seconds.items():
        print(f"| {name} | {np.median(of_each):.2f} | {np.median(ours / of_each):.2f} |")


if __name__ == "__main__":
    main()
