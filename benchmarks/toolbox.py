"""What the parts beside the plain network cost: python benchmarks/toolbox.py [part ...]

Each figure is a ratio of whole calls, in one process, in turn, after a warm-up, the best of several; float32, one
thread unless said otherwise. Parts: blocks (attention, embedding, dropout, targets per step), vocabulary, step (against
PyTorch), threads, memory.
"""

import argparse
import os
import resource
import subprocess
import sys
import warnings

import numpy as np
from speed import best_in_turn, report_machine

from sklearn_recurrent import LSTMClassifier, LSTMRegressor, RNNClassifier

EPOCHS = {"max_iter": 2, "random_state": 0}


def sequences(n, n_steps, n_features, ragged):
    rng = np.random.default_rng(0)
    lengths = rng.integers(n_steps // 10, n_steps + 1, n) if ragged else np.full(n, n_steps)
    X = [rng.standard_normal((length, n_features), dtype=np.float32) for length in lengths]
    tokens = [rng.integers(0, 1000, length).astype(np.int32) for length in lengths]
    labels, steps = rng.integers(5, size=n), [rng.integers(5, size=length) for length in lengths]
    return (X, tokens) if ragged else (np.stack(X), np.stack(tokens)), labels, steps


def blocks(rounds):
    """Whole fits with a part over whole fits without it, 64 units."""
    print("| cell | batch, steps, features | lengths | net | attention | embedding | dropout 0.2 | targets per step |")
    print("|---|---|---|---|---|---|---|---|")
    for cell in ("lstm", "gru"):
        for ragged in (False, True):
            for bidirectional in (True, False):
                batch, n_steps, k = 64, 100, 16
                (X, tokens), y, y_steps = sequences(4 * batch, n_steps, k, ragged)
                base = {"cell": cell, "bidirectional": bidirectional, "batch_size": batch} | EPOCHS

                def fit(X, y, base=base, **settings):
                    return lambda: RNNClassifier(64, **base | settings).fit(X, y)

                times = best_in_turn(
                    {
                        "plain": fit(X, y),
                        "attention": fit(X, y, pooling="attention"),
                        "embedding": fit(tokens, y, embedding_dim=k),
                        "dropout": fit(X, y, dropout=0.2, recurrent_dropout=0.2),
                        "steps": fit(X, y_steps, return_sequences=True),
                    },
                    rounds,
                )
                shown = " | ".join(f"{times[name] / times['plain']:.2f}" for name in list(times)[1:])
                net = "two directions" if bidirectional else "one direction"
                print(
                    f"| {cell} | {batch, n_steps, k} | {'ragged' if ragged else 'full'} | {net} | {shown} |", flush=True
                )


def vocabulary(rounds):
    """A batch at a vocabulary of 100,000 over one at 1,000: fits of as many batches, the table made before."""
    rng, times = np.random.default_rng(0), {}
    for cell in ("elman", "lstm"):
        calls = {}
        for size in (1_000, 100_000):
            every = np.arange(size, dtype=np.int32)
            X = [rng.integers(0, size, 50).astype(np.int32) for _ in range(640)]
            y = np.arange(640) % 2
            model = RNNClassifier(64, cell=cell, embedding_dim=16, bidirectional=False, batch_size=32, **EPOCHS)
            model.fit([*X, *np.split(every, size // 50)], np.arange(640 + size // 50) % 2)
            calls[size] = lambda model=model, X=X, y=y: model.partial_fit(X, y)
        times = best_in_turn(calls, rounds)
        print(
            f"vocabulary, {cell}: a batch at 100,000 tokens takes {times[100_000] / times[1_000]:.2f} of one at 1,000"
        )


def step(rounds):
    """Steps of streams against torch.nn.LSTMCell with a Linear head, as users call them."""
    import torch

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 10, 8), dtype=np.float32)
    cell, head = torch.nn.LSTMCell(8, 32), torch.nn.Linear(32, 1)
    for pooling in ("last", ("last", "mean", "max")):
        model = LSTMRegressor(32, bidirectional=False, pooling=pooling, **EPOCHS).fit(X, X[:, :, 0].sum(axis=1))
        for n in (1, 1000):
            x, state = rng.standard_normal((n, 8), dtype=np.float32), model.initial_state(n)
            tensor, h, c = torch.from_numpy(x), torch.zeros(n, 32), torch.zeros(n, 32)

            def theirs(tensor=tensor, h=h, c=c):
                with torch.inference_mode():
                    return head(cell(tensor, (h, c))[0]).numpy()

            def ours(model=model, x=x, state=state):
                return model.step(x, state)

            times = best_in_turn({"ours": ours, "torch": theirs}, rounds)
            ratio = times["torch"] / times["ours"]
            print(f"step of {n} streams, 32 units, pooling {pooling}: {ratio:.2f} times torch's speed")


def threads(rounds):
    """Fits and predictions with n_jobs=2 over n_jobs=1."""
    for cell in ("lstm", "gru"):
        for batch, n_units, bidirectional in ((64, 128, False), (64, 128, True), (128, 64, False), (128, 256, False)):
            (X, _), y, _ = sequences(4 * batch, 100, 32, False)
            models = {
                n: RNNClassifier(
                    n_units,
                    cell=cell,
                    bidirectional=bidirectional,
                    pooling="last",
                    batch_size=batch,
                    n_jobs=n,
                    **EPOCHS,
                )
                for n in (1, 2)
            }
            fits = best_in_turn({n: lambda m=m: m.fit(X, y) for n, m in models.items()}, rounds)  # noqa: B023
            X = np.concatenate([X] * (4096 // len(X)))
            predictions = best_in_turn({n: lambda m=m: m.predict(X) for n, m in models.items()}, rounds)  # noqa: B023
            print(f"two threads, {cell}, batch {batch}, {n_units} units, {1 + bidirectional} direction(s): "
                  f"fit {fits[1] / fits[2]:.2f}, predict {predictions[1] / predictions[2]:.2f} times one")  # fmt: skip


def memory(_):
    """The peak of a process that fits sequences of 100,000 steps."""
    if "MEMORY" not in os.environ:
        subprocess.run([sys.executable, __file__, "memory"], env=os.environ | {"MEMORY": "1"}, check=True)
        return
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((100_000, 4), dtype=np.float32) for _ in range(16)]
    LSTMClassifier(32, max_iter=1, random_state=0).fit(X, np.arange(16) % 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # of KiB
    print(f"16 sequences of 100,000 steps, 4 features, LSTM 32, two directions: a peak of {peak:.2f} GiB")


PARTS = {part.__name__: part for part in (blocks, vocabulary, step, threads, memory)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if "MEMORY" not in os.environ:
        report_machine()
    for part in arguments.parts:
        PARTS[part](arguments.rounds)


if __name__ == "__main__":
    main()
