"""One time step as an ONNX model, beside the method `step`."""

import numpy as np
import pytest
from exported import every_runtime, fitted, runner, sequences
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
    RNNClassifier,
    RNNRegressor,
    to_onnx,
)
from sklearn_recurrent._core.cells.registry import CELLS

onnx = pytest.importorskip("onnx")
N = 8
ONE_WAY = {"bidirectional": False}


def zeros(exported, n):
    """The states in which streams begin, as the documentation says."""
    state = {}
    for value in exported.graph.input:
        if value.name in ("x", "static"):
            continue
        dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        width = value.type.tensor_type.shape.dim[1].dim_value
        state[value.name] = np.full((n, width), np.nan if value.name == "last" else 0, dtype)
    return state


def assert_equal_steps(runtime, model, steps, *, read=lambda x: x, static=None, pipeline=None, tolerance=None):
    """After each of `steps`, outputs of the runtime are those of `step`.

    read : what the graph takes in the place of a step
    pipeline : what is exported in the place of the model; its transformers come first
    """
    exported = to_onnx(pipeline or model, step=True)
    run = runner(runtime, exported)
    names = [output.name for output in exported.graph.output]
    state = zeros(exported, len(steps[0]))
    ours = model.initial_state(len(steps[0]), static=static)
    tolerance = tolerance or {"float32": 1e-5, "float64": 1e-12}[str(model.theta_.dtype)]
    if runtime == "openvino":  # it computes in float32
        tolerance = 1e-5
    method = "predict_proba" if hasattr(model, "classes_") else "predict"
    for x in steps:
        inputs = {"x": read(x)} | state
        if static is not None:
            inputs["static"] = static.astype(model.theta_.dtype)
        outputs = dict(zip(names, run(inputs), strict=True))
        if pipeline is not None:
            x = pipeline[0].transformer_.transform(x)
        expected, after = model.step(x, ours, method=method)
        if method == "predict_proba":
            label, _ = model.step(x, ours)
            assert (np.asarray(outputs["label"]) == label).all()
        found = outputs["probabilities" if method == "predict_proba" else "variable"]
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max()))
        ours = after
        state = {name: np.asarray(outputs[f"next_{name}"]) for name in state}


def steps_of(dtype=np.float64, T=5, n_features=2):
    return list(np.random.default_rng(3).normal(size=(T, N, n_features)).astype(dtype))


@pytest.mark.parametrize("units", [3, (3, 2)], ids=["one layer", "two layers"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", ("max", "last", "mean")], ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
@pytest.mark.parametrize("cell", CELLS)
@every_runtime
@pytest.mark.each_choice(times=3)
def test_an_exported_step_is_the_step_of_the_model(runtime, cell, activation, pooling, dtype, units):
    X = sequences(np.dtype(dtype))
    model = RNNClassifier(units, cell=cell, activation=activation, pooling=pooling, dtype=dtype, **ONE_WAY)
    model = fitted(model, X, np.arange(N) % 3)
    assert_equal_steps(runtime, model, steps_of(dtype))


def binary(y):
    return LSTMClassifier, y > 0, {}


def multilabel(y):
    return GRUClassifier, np.stack([y > 0, y > 0.5], axis=1).astype(int), {}


def numbers(y):
    return LSTMRegressor, np.stack([y, -y], axis=1), {}


def counts(y):
    return GRURegressor, np.abs(y), {"loss": "poisson"}


def quantiles(y):
    return GRURegressor, y, {"loss": "quantile", "quantile": [0.1, 0.9]}


def each_step(y):
    return (
        LSTMRegressor,
        [np.full(len(x), value) for x, value in zip(sequences(), y, strict=True)],
        {"return_sequences": True},
    )


TASKS = {task.__name__: task for task in (binary, multilabel, numbers, counts, quantiles, each_step)}


@pytest.mark.parametrize("task", TASKS)
@every_runtime
def test_a_step_of_every_task(runtime, task):
    cls, y, parameters = TASKS[task](np.random.default_rng(0).normal(size=N))
    model = fitted(cls(3, **ONE_WAY, **parameters), sequences(), y)
    assert_equal_steps(runtime, model, steps_of())


@every_runtime
def test_a_step_may_be_a_token(runtime):
    rng = np.random.default_rng(0)
    X = [rng.integers(3, 9, size=n) for n in range(2, 2 + N)]
    model = fitted(LSTMClassifier(3, embedding_dim=2, **ONE_WAY), X, np.arange(N) % 2)
    assert_equal_steps(runtime, model, list(rng.integers(0, 12, size=(4, N))))


@every_runtime
def test_a_step_of_streams_with_static_values(runtime):
    import pandas as pd

    rng = np.random.default_rng(0)
    static = rng.normal(5, 3, size=(N, 2))
    frame = pd.DataFrame({"x": sequences(), "a": static[:, 0], "b": static[:, 1]})
    model = fitted(LSTMRegressor(3, **ONE_WAY), frame, rng.normal(size=N))
    assert_equal_steps(runtime, model, steps_of(), static=static)


@every_runtime
def test_a_step_carries_missing_numbers_forward(runtime):
    rng = np.random.default_rng(0)
    X = sequences()
    for x in X[1:]:
        x[rng.random(len(x)) < 0.3, 0] = np.nan
    model = fitted(GRURegressor(3, missing="forward", **ONE_WAY), X, rng.normal(size=N))
    steps = steps_of()
    for x in steps:
        x[rng.random(N) < 0.5, 0] = np.nan
    assert_equal_steps(runtime, model, steps)


@every_runtime
def test_a_step_of_a_pipeline_passes_its_transformers_first(runtime):
    pytest.importorskip("skl2onnx")
    X = [x * 3 + 7 for x in sequences()]
    pipeline = make_pipeline(PerTimestep(StandardScaler()), GRURegressor(3, **ONE_WAY))
    pipeline = fitted(pipeline, X, [x.sum() for x in X])
    assert_equal_steps(runtime, pipeline[-1], steps_of(), pipeline=pipeline)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"bidirectional": True}, "bidirectional=False for streaming"), ({"pooling": "attention"}, "got .'attention'.")],
    ids=["two directions", "attention"],
)
def test_a_model_without_step_has_no_graph_of_one(parameters, message):
    model = fitted(RNNRegressor(2, **ONE_WAY | parameters), sequences(), np.arange(N) / 7)
    with pytest.raises(AttributeError, match=message):
        to_onnx(model, step=True)


def test_a_long_stream_of_float32_does_not_outgrow_its_mean():
    """The sum is float64, as in `step`: in float32, of sums beyond 2²⁴ small addends would be lost."""
    model = fitted(RNNRegressor(2, pooling="mean", dtype="float32", **ONE_WAY), sequences(np.float32), np.arange(N) / 7)
    exported = to_onnx(model, step=True)
    (total,) = [value for value in exported.graph.input if value.name == "total"]
    assert total.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE
