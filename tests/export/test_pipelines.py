"""Pipelines of transformers of time steps and a model, as one ONNX model."""

import re
import sys

import numpy as np
import pytest
from exported import (
    RUNTIMES,
    assert_equal_predictions,
    by_reference,
    every_runtime,
    fitted,
    inputs_of,
    padded,
    sequences,
)
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, PowerTransformer, StandardScaler

from sklearn_recurrent import GRUClassifier, GRURegressor, LSTMRegressor, PerTimestep, SequencePadder, to_onnx

onnx = pytest.importorskip("onnx")
skl2onnx = pytest.importorskip("skl2onnx")
TRANSFORMERS = {
    "StandardScaler": [StandardScaler()],
    "two": [MinMaxScaler(), PCA(1)],
    "columns": [make_column_transformer((StandardScaler(), [0]), (MinMaxScaler(), [1, 2]))],
    "a pipeline": [make_pipeline(StandardScaler(), PCA(2))],
    "none": [],
}


def shifted(dtype=np.float64):
    return [x * np.array([3, 1, 0.1], dtype) + np.array([7, 0, 1], dtype) for x in sequences(dtype, n_features=3)]


@every_runtime
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("padding", ["lengths", "nan"])
@pytest.mark.parametrize("transformers", TRANSFORMERS)
def test_a_pipeline_is_one_graph(runtime, transformers, padding, dtype):
    if runtime == "openvino" and transformers == "columns":
        pytest.skip("OpenVINO has no operators of ai.onnx.ml")
    X = shifted(np.dtype(dtype))
    steps = [PerTimestep(transformer) for transformer in TRANSFORMERS[transformers]]
    pipeline = make_pipeline(*steps, GRUClassifier(3, bidirectional=True, dtype=dtype))
    pipeline = fitted(pipeline, X, np.arange(len(X)) % 3)
    inputs = inputs_of(X, np.inf) if padding == "lengths" else {"X": padded(X, np.nan)}
    outputs = RUNTIMES[runtime](to_onnx(pipeline, padding=padding), inputs)
    assert_equal_predictions(pipeline, X, outputs)


@every_runtime
def test_steps_with_a_target_each_and_an_imputer_in_float32(runtime):
    if runtime == "openvino":
        pytest.skip("OpenVINO has no operators of ai.onnx.ml")
    X = shifted(np.float32)
    for x in X[2:]:
        x[1, 0] = np.nan
    model = LSTMRegressor(3, return_sequences=True, dtype="float32")
    pipeline = fitted(make_pipeline(PerTimestep(SimpleImputer()), model), X, [x[:, 1] for x in X])
    assert_equal_predictions(pipeline, X, RUNTIMES[runtime](to_onnx(pipeline), inputs_of(X, np.nan)))


@every_runtime
def test_one_value_per_step_in_a_matrix(runtime):
    X = np.random.default_rng(0).normal(5, 2, size=(8, 6))
    pipeline = fitted(make_pipeline(PerTimestep(StandardScaler()), GRURegressor(3)), X, X[:, 0])
    inputs = {"X": X[:, :, None], "lengths": np.full(8, 6)}
    assert_equal_predictions(pipeline, X, RUNTIMES[runtime](to_onnx(pipeline), inputs))


@pytest.mark.parametrize("transformer", [SimpleImputer(), PowerTransformer()], ids=["no operator", "types differ"])
def test_a_transformer_that_has_no_float64_version_is_refused_and_float32_exports_it(transformer):
    X = shifted()
    y = [x.sum() for x in X]
    pipeline = make_pipeline(PerTimestep(transformer), GRURegressor(2))
    fitted(pipeline, X, y)
    message = f"got {type(transformer).__name__}, .* no float64 version .*; or fit the model with dtype='float32'"
    with pytest.raises(ValueError, match=message):
        to_onnx(pipeline)
    X = shifted(np.float32)
    pipeline = fitted(make_pipeline(PerTimestep(transformer), GRURegressor(2, dtype="float32")), X, y)
    assert_equal_predictions(pipeline, X, by_reference(to_onnx(pipeline), inputs_of(X)))


def test_a_transformer_that_skl2onnx_does_not_know_is_refused_and_the_last_step_can_be_exported():
    X = [np.abs(x) for x in shifted()]
    pipeline = make_pipeline(PerTimestep(FunctionTransformer(np.log1p)), GRURegressor(2))
    fitted(pipeline, X, [x.sum() for x in X])
    message = r"got FunctionTransformer, .* Export the last step, to_onnx\(pipeline\[-1\]\)"
    with pytest.raises(ValueError, match=message):
        to_onnx(pipeline)
    transformed = list(pipeline[:-1].transform(X))
    exported = to_onnx(pipeline[-1])
    assert_equal_predictions(pipeline[-1], transformed, by_reference(exported, inputs_of(transformed)))


def test_a_step_that_is_no_PerTimestep_is_refused():
    X = shifted()
    pipeline = fitted(make_pipeline(SequencePadder(), GRURegressor(2)), X, [x.sum() for x in X])
    message = "Expected a Pipeline of PerTimestep(...) and an estimator, got SequencePadder in step 'sequencepadder'"
    with pytest.raises(TypeError, match=re.escape(message)):
        to_onnx(pipeline)


def test_columns_with_names_are_refused():
    import pandas as pd

    X = [pd.DataFrame(x, columns=["a", "b", "c"]) for x in shifted()]
    columns = make_column_transformer((StandardScaler(), ["a"]), (MinMaxScaler(), ["b", "c"]))
    pipeline = fitted(make_pipeline(PerTimestep(columns), GRURegressor(2)), X, np.arange(len(X)) / 7)
    with pytest.raises(ValueError, match=r"arrays of numbers, got another kind of X in step 'pertimestep'"):
        to_onnx(pipeline)


def test_an_unfitted_pipeline_is_refused():
    with pytest.raises(NotFittedError):
        to_onnx(make_pipeline(PerTimestep(StandardScaler()), GRURegressor()))


def test_without_skl2onnx_the_error_says_how_to_install_it(monkeypatch):
    X = shifted()
    pipeline = fitted(make_pipeline(PerTimestep(StandardScaler()), GRURegressor(2)), X, np.arange(len(X)) / 7)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=re.escape('pip install "sklearn-recurrent[onnx]"')):
        to_onnx(pipeline)


def test_the_file_of_a_pipeline_is_checked_and_has_the_versions_that_runtimes_know():
    X = shifted()
    pipeline = fitted(make_pipeline(PerTimestep(StandardScaler()), GRURegressor(2)), X, np.arange(len(X)) / 7)
    exported = to_onnx(pipeline)
    onnx.checker.check_model(exported, full_check=True)
    assert exported.ir_version == 8
    assert {(found.domain, found.version) for found in exported.opset_import} == {("", 18), ("ai.onnx.ml", 3)}
