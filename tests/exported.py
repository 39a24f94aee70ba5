"""Exported models, run in every runtime that is installed, beside the models themselves."""

import io
import warnings
from importlib.util import find_spec

import numpy as np
import pytest

LENGTHS = np.array([5, 1, 3, 7, 2, 7, 4, 6])
TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-6}
ONE_EPOCH = {"max_iter": 1, "random_state": 0, "learning_rate_init": 1e-3}


def in_reference(exported):
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(exported)

    def run(inputs):
        with np.errstate(all="ignore"):  # NumPy warns of what transformers make of the zeros in padding
            return evaluator.run(None, inputs)

    return run


def in_onnxruntime(exported):
    import onnxruntime

    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, inputs)


def in_openvino(exported):
    import openvino

    core = openvino.Core()
    model = core.read_model(io.BytesIO(exported.SerializeToString()))
    # By default it may compute in less than float32.
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outputs = [output.name for output in exported.graph.output]

    def run(inputs):
        result = compiled(inputs)
        return [result[name] for name in outputs]

    return run


RUNNERS = {"reference": in_reference}
RUNNERS |= {
    name: runner
    for name, runner in {"onnxruntime": in_onnxruntime, "openvino": in_openvino}.items()
    if find_spec(name) is not None
}


def runner(runtime, exported):
    """A function of inputs, by name, that returns the list of outputs of an exported model."""
    run = RUNNERS[runtime](exported)

    def checked(inputs):
        assert all(len(array) for array in inputs.values())  # onnxruntime ends the process for an empty batch
        return run(inputs)

    return checked


RUNTIMES = {name: lambda exported, inputs, name=name: runner(name, exported)(inputs) for name in RUNNERS}
by_reference = RUNTIMES["reference"]
every_runtime = pytest.mark.parametrize("runtime", RUNTIMES)


def sequences(dtype=np.float64, n_features=2, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, n_features)).astype(dtype) for n in LENGTHS]


def padded(X, value=0.0, n_more=0):
    """(N, T, F), with `value` behind each sequence."""
    X = [np.asarray(x) for x in X]
    out = np.full((len(X), max(map(len, X)) + n_more, *X[0].shape[1:]), value, X[0].dtype)
    for row, x in zip(out, X, strict=True):
        row[: len(x)] = x
    return out


def inputs_of(X, value=0.0, **further):
    return {"X": padded(X, value), "lengths": np.array([len(x) for x in X]), **further}


def with_random_weights(model, scale=0.5):
    """Of a network that is hardly trained, many weights are 0, and may be anywhere."""
    theta = np.random.default_rng(1).normal(size=model.theta_.shape, scale=scale)
    model.theta_ = theta.astype(model.theta_.dtype)
    return model


def fitted(estimator, X, y, **fit):
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    last.set_params(**ONE_EPOCH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one epoch does not converge, and such small sets have likely mistakes
        estimator.fit(X, y, **fit)
    with_random_weights(last)
    return estimator


def numbers_of_steps(outputs, lengths):
    """What stands at the steps of the sequences; and that there is NaN at no other step than padding."""
    for row, n in zip(outputs, lengths, strict=True):
        assert not np.isfinite(row[n:]).any()
    return [row[:n] for row, n in zip(outputs, lengths, strict=True)]


def assert_equal_predictions(model, X, outputs, lengths=LENGTHS):
    """Outputs of a runtime are the predictions of the model."""
    last = model[-1] if hasattr(model, "steps") else model
    tolerance = TOLERANCE[last.theta_.dtype]
    per_step = last.return_sequences
    if hasattr(model, "classes_"):
        label, probabilities = outputs
        expected = model.predict(X)
        proba = model.predict_proba(X)
        if per_step:
            assert all((row[: len(e)] == e).all() for row, e in zip(np.asarray(label), expected, strict=True))
            probabilities = np.concatenate(numbers_of_steps(probabilities, lengths))
            proba = np.concatenate(list(proba))
        else:
            assert (np.asarray(label) == expected).all()
            assert np.shape(label) == expected.shape
        assert probabilities.shape == proba.shape
        np.testing.assert_allclose(probabilities, proba, atol=tolerance, rtol=0)
        return
    (variable,) = outputs
    expected = model.predict(X)
    if per_step:
        variable = np.concatenate(numbers_of_steps(variable, lengths))
        expected = np.concatenate(list(expected))
    assert variable.shape == expected.shape
    np.testing.assert_allclose(variable, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max()))
