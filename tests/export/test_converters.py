"""skl2onnx converts Pipelines with our estimators, once they are registered."""

import sys

import numpy as np
import pytest
from exported import RUNTIMES, assert_equal_predictions, every_runtime, fitted, padded, sequences
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_recurrent import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
    RNNClassifier,
    RNNRegressor,
    register_skl2onnx,
)

pytest.importorskip("onnx")
skl2onnx = pytest.importorskip("skl2onnx")
data_types = pytest.importorskip("skl2onnx.common.data_types")
N = 8


@pytest.fixture(autouse=True, scope="module")
def registered():
    register_skl2onnx()


def converted(model, F, double=True, **options):
    kind = data_types.DoubleTensorType if double else data_types.FloatTensorType
    options = {"target_opset": 18} | options
    return skl2onnx.convert_sklearn(model, initial_types=[("X", kind([None, None, F]))], **options)


TARGETS = {
    "strings": np.array(["no", "yes", "may"])[np.arange(N) % 3],
    "numbers": np.arange(N) % 2,
    "multilabel": np.stack([np.arange(N) % 2, np.arange(N) % 3 > 0], axis=1).astype(int),
}


@every_runtime
@pytest.mark.parametrize("y", TARGETS)
@pytest.mark.parametrize("cls", [RNNClassifier, LSTMClassifier, GRUClassifier])
@pytest.mark.each_choice(times=2)
def test_a_classifier_behind_transformers(runtime, cls, y):
    X = [x * 3 + 7 for x in sequences(n_features=3)]
    model = make_pipeline(PerTimestep(StandardScaler()), PerTimestep(PCA(2)), cls(3, bidirectional=True))
    model = fitted(model, X, TARGETS[y])
    assert_equal_predictions(model, X, RUNTIMES[runtime](converted(model, 3), {"X": padded(X, np.nan)}))


@every_runtime
@pytest.mark.parametrize("per_step", [False, True], ids=["sequences", "steps"])
@pytest.mark.parametrize("cls", [RNNRegressor, LSTMRegressor, GRURegressor])
@pytest.mark.each_choice(times=2)
def test_a_regressor_alone_and_of_steps(runtime, cls, per_step):
    X = sequences(np.float32)
    y = [x[:, :2] for x in X] if per_step else [x.sum() for x in X]
    model = fitted(cls(3, return_sequences=per_step, dtype="float32"), X, y)
    assert_equal_predictions(model, X, RUNTIMES[runtime](converted(model, 2, False), {"X": padded(X, np.nan)}))


def test_float32_input_of_a_float64_model_is_cast():
    X = sequences(np.float32)
    model = fitted(GRURegressor(3, dtype="float64"), X, [x.sum() for x in X])
    assert_equal_predictions(model, X, RUNTIMES["reference"](converted(model, 2, False), {"X": padded(X, np.nan)}))


def test_an_imputer_leaves_padding_what_it_is():
    X = sequences(np.float32)
    for x in X[2:]:
        x[0, 0] = np.nan
    model = fitted(make_pipeline(PerTimestep(SimpleImputer()), GRURegressor(3, dtype="float32")), X, np.arange(N) / 7)
    assert_equal_predictions(model, X, RUNTIMES["reference"](converted(model, 2, False), {"X": padded(X, np.nan)}))


def test_a_transformer_before_in_three_axes_is_met():
    X = padded(sequences(n_features=3))
    model = make_pipeline(PerTimestep(MinMaxScaler()), GRURegressor(3))
    model = fitted(model, X, np.arange(N) / 7)
    found = RUNTIMES["reference"](converted(model, 3, target_opset=21), {"X": X})
    np.testing.assert_allclose(found[0].ravel(), model.predict(X), atol=1e-6)


@pytest.mark.parametrize(
    "types",
    [
        [("X", data_types.StringTensorType([None, None, 2]))],
        [("X", data_types.FloatTensorType([None, 2]))],
        [("a", data_types.FloatTensorType([None, None, 1])), ("b", data_types.FloatTensorType([None, None, 1]))],
    ],
    ids=["strings", "two axes", "two inputs"],
)
def test_other_inputs_are_refused(types):
    model = fitted(GRURegressor(2), sequences(), np.arange(N) / 7)
    message = (
        r"Expected one input of sequences of numbers for GRURegressor, FloatTensorType\(\[None, None, n_features\]\)"
    )
    with pytest.raises(TypeError, match=message):
        skl2onnx.convert_sklearn(model, initial_types=types, target_opset=18)


def test_without_skl2onnx_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="pip install"):
        register_skl2onnx()
