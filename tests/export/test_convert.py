"""Exported models in onnx.reference and, with `make exchange`, in onnxruntime and OpenVINO, beside the models."""

import json
import re
import sys
import warnings
from itertools import product

import numpy as np
import pytest
from exported import (
    LENGTHS,
    RUNTIMES,
    assert_equal_predictions,
    by_reference,
    every_runtime,
    fitted,
    inputs_of,
    padded,
    sequences,
)
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqRegressor,
    to_onnx,
)
from sklearn_recurrent._core.cells.registry import CELLS

onnx = pytest.importorskip("onnx")


def binary(rng):
    return RNNClassifier, np.array(["no", "yes"])[np.arange(len(LENGTHS)) % 2], {}


def multiclass(rng):
    return RNNClassifier, np.arange(len(LENGTHS)) % 3 + 5, {}


def multilabel(rng):
    y = np.stack([np.arange(len(LENGTHS)) % 2, np.arange(len(LENGTHS)) % 3 > 0], axis=1).astype(int)
    return RNNClassifier, y, {}


def number(rng):
    return RNNRegressor, rng.normal(size=len(LENGTHS)), {}


def numbers(rng):
    return RNNRegressor, rng.normal(size=(len(LENGTHS), 2)), {}


def counts(rng):
    return RNNRegressor, rng.poisson(3, size=len(LENGTHS)).astype(float), {"loss": "poisson"}


def quantiles(rng):
    return RNNRegressor, rng.normal(size=len(LENGTHS)), {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}


def quantiles_of_two(rng):
    return RNNRegressor, rng.normal(size=(len(LENGTHS), 2)), {"loss": "quantile", "quantile": [0.1, 0.9]}


def labels_of_steps(rng):
    return RNNClassifier, [np.arange(n) % 3 for n in LENGTHS], {"return_sequences": True}


def numbers_of_each_step(rng):
    return RNNRegressor, [rng.normal(size=(n, 2)) for n in LENGTHS], {"return_sequences": True}


TASKS = {
    task.__name__: task
    for task in (
        binary,
        multiclass,
        multilabel,
        number,
        numbers,
        counts,
        quantiles,
        quantiles_of_two,
        labels_of_steps,
        numbers_of_each_step,
    )
}
PRECISIONS = {"float32": (np.float32, False), "float64": (np.float64, False), "exact": (np.float64, True)}
POOLINGS = ["last", "mean", "max", "attention", ("last", "max", "attention", "mean")]


def assert_exported_as_it_is(runtime, task, precision, **parameters):
    dtype, exact = PRECISIONS[precision]
    cls, y, further = TASKS[task](np.random.default_rng(0))
    X = sequences(dtype)
    model = fitted(cls(dtype=dtype.__name__).set_params(**parameters | further), X, y)
    outputs = RUNTIMES[runtime](to_onnx(model, exact=exact), inputs_of(X))
    assert_equal_predictions(model, X, outputs)


@pytest.mark.parametrize("units", [3, (3, 2)], ids=["one layer", "two layers"])
@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
@pytest.mark.parametrize("cell", CELLS)
@every_runtime
def test_an_exported_network_computes_what_the_network_does(runtime, cell, activation, bidirectional, pooling, units):
    assert_exported_as_it_is(
        runtime,
        "multiclass",
        "float64",
        cell=cell,
        activation=activation,
        bidirectional=bidirectional,
        pooling=pooling,
        hidden_layer_sizes=units,
    )


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("task", TASKS)
@every_runtime
def test_an_exported_model_predicts_as_the_model_does(runtime, task, precision, bidirectional, cell):
    assert_exported_as_it_is(
        runtime, task, precision, bidirectional=bidirectional, cell=cell, hidden_layer_sizes=3, pooling=("mean", "last")
    )


@pytest.mark.matrix
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
@pytest.mark.parametrize("cell", CELLS)
@every_runtime
def test_the_full_product(runtime, cell, activation):
    """In one test for each cell and activation: to collect 7,200 tests takes longer than to run them."""
    for number, (task, bidirectional, pooling) in enumerate(product(TASKS, [False, True], POOLINGS)):
        assert_exported_as_it_is(
            runtime,
            task,
            list(PRECISIONS)[number % 3],
            cell=cell,
            activation=activation,
            bidirectional=bidirectional,
            pooling=pooling,
            hidden_layer_sizes=[3, (3, 2)][number // 3 % 2],
        )


@every_runtime
@pytest.mark.parametrize("padding", ["lengths", "nan"])
@pytest.mark.parametrize("per_step", [False, True], ids=["sequences", "steps"])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_what_stands_in_the_padding_changes_no_bit(runtime, padding, per_step, cell):
    X = sequences(np.float32)
    y = [x[:, 0] for x in X] if per_step else [x.sum() for x in X]
    model = RNNRegressor((3, 2), cell=cell, bidirectional=True, return_sequences=per_step, dtype="float32")
    model = fitted(model, X, y)
    exported = to_onnx(model, padding=padding)
    if padding == "nan":
        (out,) = RUNTIMES[runtime](exported, {"X": padded(X, np.nan)})
        (longer,) = RUNTIMES[runtime](exported, {"X": padded(X, np.nan, n_more=2)})
        assert_equal_predictions(model, X, [out])
        assert_equal_predictions(model, X, [longer])
        return
    found = [RUNTIMES[runtime](exported, inputs_of(X, value))[0] for value in (0, 1e30, np.inf, np.nan)]
    assert all(np.array_equal(found[0], other, equal_nan=True) for other in found[1:])
    assert_equal_predictions(model, X, found[:1])


@every_runtime
@pytest.mark.parametrize("cls", [LSTMClassifier, GRURegressor], ids=lambda cls: cls.__name__)
def test_a_sequence_alone_is_as_in_a_batch(runtime, cls):
    X = sequences()
    y = np.arange(len(X)) % 2
    model = fitted(cls(4, pooling=("last", "attention")), X, y)
    exported = to_onnx(model)
    batch = RUNTIMES[runtime](exported, inputs_of(X))[-1]
    alone = np.concatenate([RUNTIMES[runtime](exported, inputs_of([x]))[-1] for x in X])
    np.testing.assert_allclose(alone, batch, atol=1e-6)


TOKENS = {
    "dense": np.arange(3, 9),
    "sparse": np.array([0, 5, 7, 10**6, 2**24 - 2]),
    "sparse in int64": np.array([0, 5, 7, 10**6, 2**63 - 1]),
}


@every_runtime
@pytest.mark.parametrize("vocabulary", TOKENS)
def test_tokens_have_their_vectors_and_an_unknown_one_has_row_0(runtime, vocabulary):
    if runtime == "openvino" and vocabulary == "sparse in int64":
        pytest.skip("OpenVINO cannot tell integers beyond 2**24 apart")
    tokens = TOKENS[vocabulary]
    rng = np.random.default_rng(0)
    X = [rng.choice(tokens, size=n) for n in LENGTHS]
    model = fitted(LSTMClassifier(3, embedding_dim=2), X, np.arange(len(X)) % 2)
    X[0][1] = 2**62 if tokens[-1] > 2**31 else 2**24 - 1
    X[3][2] = 1
    X[4][0] = 10**6 + 1
    X[5][1] = max(tokens[-1], 2**24)
    assert_equal_predictions(model, X, RUNTIMES[runtime](to_onnx(model), inputs_of(X, 99)))


@every_runtime
@pytest.mark.parametrize("alone", [False, True], ids=["beside numbers", "alone"])
def test_categories_are_given_by_number(runtime, alone):
    rng = np.random.default_rng(0)
    colors = np.array(["blue", "green", "red"])
    X = []
    for n in LENGTHS:
        columns = [rng.choice(colors, size=n).astype(object)]
        if not alone:
            columns = [rng.normal(3, 2, size=n), *columns, rng.normal(size=n)]
        X.append(np.stack(columns, axis=1).astype(object))
    model = fitted(GRURegressor(3, categorical_features=[0 if alone else 1]), X, rng.normal(size=len(X)))
    at = 0 if alone else 1
    X[0][1, at] = "unheard of"
    known = list(model.categories_[0])
    numbered = []
    for x in X:
        x = x.copy()
        x[:, at] = [known.index(color) + 1 if color in known else 0 for color in x[:, at]]
        numbered.append(x.astype(model.theta_.dtype))
    assert_equal_predictions(model, X, RUNTIMES[runtime](to_onnx(model), inputs_of(numbered)))


@every_runtime
@pytest.mark.parametrize("padding", ["lengths", "nan"])
@pytest.mark.parametrize("with_categories", [False, True], ids=["numbers", "categories"])
def test_missing_numbers_are_carried_forward(runtime, padding, with_categories):
    rng = np.random.default_rng(0)
    X = sequences(n_features=3)
    settings = {"missing": "forward", "bidirectional": True}
    if with_categories:
        settings["categorical_features"] = [1]
        for x in X:
            x[:, 1] = rng.integers(2, size=len(x))
    for x in X[1:]:
        x[rng.random(len(x)) < 0.5, 0] = np.nan
        x[rng.random(len(x)) < 0.5, 2] = np.nan
    X[3][:, 0] = np.nan  # nothing to carry
    for x in X:
        x[-1, 2] = 1.0  # in the last step, something is there
    model = fitted(GRURegressor(3, **settings), X, rng.normal(size=len(X)))
    numbered = [x.copy() for x in X]
    if with_categories:
        for x in numbered:
            x[:, 1] += 1
    exported = to_onnx(model, padding=padding)
    inputs = {"X": padded(numbered, np.nan)} if padding == "nan" else inputs_of(numbered, 5.0)
    assert_equal_predictions(model, X, RUNTIMES[runtime](exported, inputs))


@every_runtime
@pytest.mark.parametrize("per_step", [False, True], ids=["sequences", "steps"])
def test_static_values_are_a_third_input(runtime, per_step):
    import pandas as pd

    rng = np.random.default_rng(0)
    X = sequences()
    static = rng.normal(5, 3, size=(len(X), 2))
    frame = pd.DataFrame({"x": X, "a": static[:, 0], "b": static[:, 1]})
    y = [x[:, 0] for x in X] if per_step else rng.normal(size=len(X))
    model = fitted(LSTMRegressor(3, bidirectional=True, return_sequences=per_step), frame, y)
    assert_equal_predictions(model, frame, RUNTIMES[runtime](to_onnx(model), inputs_of(X, static=static)))


@pytest.mark.parametrize("runtime", sorted({*RUNTIMES} - {"openvino"}))  # that computes in float32 throughout
def test_an_offset_of_the_data_costs_no_precision_in_double(runtime):
    X = [x + 1e6 for x in sequences()]
    y = np.array([x.mean() for x in X])
    model = fitted(LSTMRegressor(4), X, y)
    (out,) = RUNTIMES[runtime](to_onnx(model), inputs_of(X))
    np.testing.assert_allclose(out, model.predict(X), rtol=0, atol=1e-6 * max(1, model.y_scale_.max()))


@pytest.mark.parametrize("runtime", sorted({*RUNTIMES} - {"openvino"}))  # that computes in float32 throughout
@pytest.mark.parametrize("cell", CELLS)
def test_exact_is_equal_to_rounding(runtime, cell):
    X = sequences()
    model = fitted(RNNRegressor(4, cell=cell, bidirectional=True), X, [x.sum() for x in X])
    (out,) = RUNTIMES[runtime](to_onnx(model, exact=True), inputs_of(X))
    np.testing.assert_allclose(out, model.predict(X), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "classes", [[False, True], [1.0, 2.0], [3, 7], ["a", "ß"]], ids=["bool", "float", "int", "str"]
)
def test_labels_have_the_type_of_the_classes(classes):
    X = sequences()
    y = np.array(classes)[np.arange(len(X)) % 2]
    model = fitted(LSTMClassifier(2), X, y)
    exported = to_onnx(model)
    label, _ = by_reference(exported, inputs_of(X))
    assert (np.asarray(label) == model.predict(X)).all()
    metadata = {prop.key: prop.value for prop in exported.metadata_props}
    assert json.loads(metadata["classes"]) == classes
    assert metadata["padding"] == "lengths"
    assert metadata["sklearn_recurrent_version"]


@pytest.mark.parametrize("opset", [18, 21])
def test_the_file_is_one_that_old_runtimes_read(opset):
    X = sequences()
    model = fitted(LSTMClassifier(2), X, np.arange(len(X)) % 2)
    exported = to_onnx(model, target_opset=opset)
    onnx.checker.check_model(exported, full_check=True)
    assert exported.ir_version == 8
    assert [(found.domain, found.version) for found in exported.opset_import] == [("", opset)]
    assert not any(node.op_type in ("LSTM", "GRU", "RNN") and len(node.input) > 4 for node in exported.graph.node)
    assert_equal_predictions(model, X, by_reference(exported, inputs_of(X)))


def test_a_float32_graph_has_no_cast_to_float():
    X = sequences(np.float32)
    model = fitted(GRUClassifier(2, bidirectional=True, pooling=("mean", "attention")), X, np.arange(len(X)) % 2)
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)
    casts = [node for node in to_onnx(model).graph.node if node.op_type == "Cast"]
    assert not any(node.attribute[0].i in floats for node in casts)


def test_an_export_changes_no_weight():
    X = sequences()
    model = fitted(GRURegressor(2), X, np.arange(len(X)) / 7)
    before = model.theta_.copy()
    to_onnx(model)
    assert (model.theta_ == before).all()


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    X = sequences()
    return fitted(LSTMClassifier(2), X, np.arange(len(X)) % 2)


def test_an_unfitted_model_is_refused():
    with pytest.raises(NotFittedError, match="LSTMClassifier"):
        to_onnx(LSTMClassifier())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target_opset": 17}, "integer from 18 to 21, got 17"),
        ({"target_opset": 22}, "got 22"),
        ({"target_opset": "18"}, "got '18'"),
        ({"target_opset": True}, "got True"),
        ({"padding": "zeros"}, "Expected padding to be one of"),
    ],
    ids=["too old", "too new", "a string", "a bool", "padding"],
)
def test_a_wrong_argument_is_refused(model, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        to_onnx(model, **arguments)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Seq2SeqRegressor(), "got Seq2SeqRegressor: how a decoder"),
        (StandardScaler(), "RNN, LSTM or GRU classifier or regressor, got StandardScaler"),
        (None, "got NoneType"),
    ],
    ids=["Seq2Seq", "another", "None"],
)
def test_what_is_no_estimator_with_one_output_per_sequence_or_step_is_refused(other, message):
    with pytest.raises(TypeError, match=message):
        to_onnx(other)


def test_of_a_search_its_best_estimator_is_exported():
    X = sequences()
    search = GridSearchCV(LSTMRegressor(2, max_iter=1, random_state=0), {}, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, np.arange(len(X)) / 7)
    with pytest.raises(TypeError, match=r"got GridSearchCV\. Export its best_estimator_\."):
        to_onnx(search)
    assert_equal_predictions(search.best_estimator_, X, by_reference(to_onnx(search.best_estimator_), inputs_of(X)))


def test_steps_that_are_skipped_are_not_exported_and_the_line_of_the_error_exports_the_rest():
    X = sequences()
    model = fitted(LSTMClassifier(2, missing="skip"), X, np.arange(len(X)) % 2)
    line = "to_onnx(model.set_params(missing='error'))"
    with pytest.raises(ValueError, match=rf"missing='skip' is not exported.*{re.escape(line)}"):
        to_onnx(model)
    assert_equal_predictions(model, X, by_reference(to_onnx(model.set_params(missing="error")), inputs_of(X)))


def test_tokens_cannot_be_padded_with_nan():
    X = [np.arange(n) for n in LENGTHS]
    model = fitted(LSTMClassifier(2, embedding_dim=2), X, np.arange(len(X)) % 2)
    with pytest.raises(ValueError, match=r"Expected padding='lengths' .* an integer cannot be NaN"):
        to_onnx(model, padding="nan")
    assert_equal_predictions(model, X, by_reference(to_onnx(model, padding="lengths"), inputs_of(X)))


def test_classes_of_another_kind_are_refused():
    X = sequences()
    y = np.array([None, "a"], object)
    model = fitted(LSTMClassifier(2), X, np.arange(len(X)) % 2)
    model.classes_ = y
    with pytest.raises(ValueError, match="Expected classes that are strings or numbers for to_onnx, got NoneType, str"):
        to_onnx(model)


def test_without_onnx_the_error_says_how_to_install_it(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=re.escape('pip install "sklearn-recurrent[onnx]"')):
        to_onnx(model)
