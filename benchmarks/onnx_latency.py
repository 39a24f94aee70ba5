"""This library and onnxruntime, side by side in one run: python benchmarks/onnx_latency.py [--rounds N]

The same fitted networks, on one thread: `predict_proba` for one sequence of 40 steps, `step`, and `predict_proba` for
512 sequences of 10 to 100 steps. All take turns; a time is the median of the rounds, in time of the processor. Then the
sizes of files.

It needs onnxruntime: pip install onnxruntime -e ".[onnx]"
"""

import argparse
import pickle
import time
import warnings
from importlib.metadata import version

import numpy as np
import onnxruntime
import threadpoolctl

from sklearn_recurrent import GRUClassifier, LSTMClassifier, to_onnx

N_FEATURES = 6
NETWORKS = {
    "GRU, 16 units, both directions": GRUClassifier(16, bidirectional=True),
    "GRU, 16 units, one direction": GRUClassifier(16, bidirectional=False),
    "LSTM, 64 units, both directions": LSTMClassifier(64, bidirectional=True),
    "LSTM, 64 units, one direction": LSTMClassifier(64, bidirectional=False),
}


def sequences(rng, lengths, dtype):
    return [rng.standard_normal((n, N_FEATURES)).astype(dtype) for n in lengths]


def session_of(onnx_model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    content = onnx_model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def padded(X):
    """What the graph takes of a list of sequences."""
    lengths = np.array([len(x) for x in X])
    out = np.zeros((len(X), lengths.max(), N_FEATURES), X[0].dtype)
    for row, x in zip(out, X, strict=True):
        row[: len(x)] = x
    return {"X": out, "lengths": lengths}


def in_chunks(session, X, size=64):
    """Outputs for sequences that are sorted by length and run in chunks, of which none has much padding."""
    lengths = np.array([len(x) for x in X])
    order = np.argsort(lengths)
    probabilities = np.empty((len(X), len(session.get_outputs())))
    for start in range(0, len(X), size):
        rows = order[start : start + size]
        _, found = session.run(None, padded([X[row] for row in rows]))
        probabilities[rows] = found
    return probabilities


def medians(calls, rounds, least_turn=0.02):
    """Median seconds of each call; they take turns, and short ones are repeated."""
    repeats = []
    for call in calls:
        call()
        repeats.append(max(1, round(least_turn / seconds(call, 1))))
    times = [[seconds(call, n) for call, n in zip(calls, repeats, strict=True)] for _ in range(rounds)]
    return np.median(times, axis=0)


def seconds(call, repeats):
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def states_of(session):
    """Zeros for the states of one stream."""
    types = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
    return {
        value.name: np.zeros((1, value.shape[1]), types[value.type])
        for value in session.get_inputs()
        if value.name != "x"
    }


def compared(name, model, dtype, rounds):
    rng = np.random.default_rng(1)
    session = session_of(to_onnx(model))
    one = sequences(rng, [40], dtype)
    inputs = padded(one)
    rows = [("one sequence", [lambda: model.predict_proba(one), lambda: session.run(None, inputs)])]
    if hasattr(model, "step"):
        stepper = session_of(to_onnx(model, step=True))
        x = one[0][:1]
        state = model.initial_state()
        feeds = {"x": x} | states_of(stepper)
        rows.append(("one step", [lambda: model.step(x, state), lambda: stepper.run(None, feeds)]))
    many = sequences(rng, rng.integers(10, 101, 512), dtype)
    ours = model.predict_proba(many)
    assert np.allclose(ours, in_chunks(session, many), atol=1e-5)
    calls = [
        lambda: model.predict_proba(many),
        lambda: session.run(None, padded(many)),
        lambda: in_chunks(session, many),
    ]
    rows.append(("512 sequences", calls))
    for label, calls in rows:
        found = [f"{1e6 * value:,.0f}" for value in medians(calls, rounds)]
        print(f"| {name}, {dtype} | {label} | {' | '.join(found + ['–'] * (3 - len(found)))} |", flush=True)


def sizes(name, model, dtype):
    stored = [
        len(pickle.dumps(model)),
        len(pickle.dumps(model.for_deployment())),
        len(to_onnx(model).SerializeToString()),
        len(to_onnx(model, exact=True).SerializeToString()),
        model.theta_.nbytes,
    ]
    print(f"| {name}, {dtype} | {' | '.join(f'{size / 1024:,.1f}' for size in stored)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(*(f"{package} {version(package)}" for package in ("numpy", "scikit-learn", "onnx", "onnxruntime")), sep=", ")
    rng = np.random.default_rng(0)
    models = []
    for dtype in ("float32", "float64"):
        X = sequences(rng, rng.integers(10, 60, 60), dtype)
        y = rng.integers(2, size=len(X))
        for name, estimator in NETWORKS.items():
            estimator.set_params(max_iter=2, random_state=0, dtype=dtype)
            models.append((name, pickle.loads(pickle.dumps(estimator.fit(X, y))), dtype))
    print("\n| network | call | here, µs | onnxruntime, µs | the same, in chunks of like length, µs |")
    print("|---|---|---|---|---|")
    with threadpoolctl.threadpool_limits(1):
        for name, model, dtype in models:
            compared(name, model, dtype, arguments.rounds)
    print("\n| network | pickle, KiB | of for_deployment() | ONNX | ONNX, exact | weights alone |")
    print("|---|---|---|---|---|---|")
    for name, model, dtype in models:
        sizes(name, model, dtype)


if __name__ == "__main__":
    main()
