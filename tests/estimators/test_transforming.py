"""`transform`: the pooled states of a network, which its output layer reads."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils import get_tags

from sklearn_recurrent import LSTMClassifier, RNNClassifier, RNNRegressor, Seq2SeqRegressor, as_column
from sklearn_recurrent._core import network

TINY = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
POOLINGS = ["last", ("max", "mean"), ("mean", "last", "max"), "attention", ("attention", "max", "last")]


def raw(model, X):
    """The raw outputs, (n, n_outputs)."""
    if is_classifier(model):
        return model.decision_function(X).reshape(len(X), -1)
    return (model.predict(X).reshape(len(X), -1) - model.y_mean_) / model.y_scale_


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
@pytest.mark.parametrize("sizes", [3, (4, 2)])
def test_the_states_are_what_the_output_layer_reads(estimator, data, sizes, pooling, bidirectional):
    X, y = data
    settings = TINY | {"hidden_layer_sizes": sizes, "dropout": 0.5}
    model = estimator(**settings, pooling=pooling, bidirectional=bidirectional).fit(X, y)
    states = model.transform(X)
    V = model.weights_["head/V"]
    assert states.shape == (len(X), V.shape[1] - 1)
    assert_allclose(states @ V[:, :-1].T + V[:, -1], raw(model, X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
def test_a_column_is_what_its_name_says(ragged, labels, pooling, bidirectional):
    model = LSTMClassifier(**TINY, pooling=pooling, bidirectional=bidirectional).fit(ragged, labels)
    frame = pd.DataFrame(model.transform(ragged), columns=model.get_feature_names_out())
    hidden = model.hidden_states(ragged)
    for name, column in frame.items():
        direction, kind = name.removeprefix("lstmclassifier_").split("_")
        unit = int(kind[-1]) + 3 * (direction == "backward")
        h = [states[:, unit] for states in hidden]
        if kind[:-1] == "attention":
            expected = [w @ s for w, s in zip(model.attention_weights(ragged), h, strict=True)]
        else:
            end = 0 if direction == "backward" else -1
            expected = [{"last": s[end], "mean": s.mean(), "max": s.max()}[kind[:-1]] for s in h]
        assert_allclose(column, expected, rtol=1e-12, atol=1e-12)


def test_the_names_are_in_the_order_of_directions_poolings_and_units(ragged, numbers):
    model = RNNRegressor(**TINY | {"hidden_layer_sizes": (5, 2)}, pooling=("attention", "max", "last"))
    names = model.fit(ragged, numbers).get_feature_names_out().tolist()
    parts = ["forward_max", "forward_last", "backward_max", "backward_last", "forward_attention", "backward_attention"]
    assert names == [f"rnnregressor_{part}{unit}" for part in parts for unit in (0, 1)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_states_have_the_dtype_of_the_computation(estimator, data, dtype):
    X, y = [x.astype(dtype) for x in data[0]], data[1]
    model = estimator(**TINY, pooling=("last", "mean", "max", "attention")).fit(X, y)
    assert model.transform(X).dtype == dtype
    assert model.transform(data[0]).dtype == dtype


def test_batch_order_and_padding_have_no_influence(estimator, data, cube, monkeypatch):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    states = model.transform(X)
    order = np.random.default_rng(0).permutation(len(X))
    assert_array_equal(model.transform(cube(X, width=12, before=2)), states)
    assert_allclose(model.transform([X[j] for j in order]), states[order], rtol=1e-12, atol=1e-12)
    assert_allclose(np.concatenate([model.transform([x]) for x in X]), states, rtol=1e-12, atol=1e-12)
    monkeypatch.setattr(network, "PREDICTION_WIDTH", 3)
    monkeypatch.setattr(network, "FRAME_BYTES", 0)
    assert_allclose(clone(model).set_params(n_jobs=2).fit(X, y).transform(X), states, rtol=1e-12, atol=1e-12)


def test_tokens_and_a_table_have_states_too(labels):
    tokens = np.random.default_rng(0).integers(0, 5, (40, 6))
    for settings in ({"embedding_dim": 2}, {"input_size": 3}, {}):
        model = RNNClassifier(**TINY, **settings).fit(tokens, labels)
        assert model.transform(tokens).shape == (40, 18)


def test_what_was_fitted_decides_and_not_the_parameters_since(estimator, data, steps_of_data):
    model = estimator(**TINY).fit(*data)
    expected = model.transform(data[0])
    names = model.get_feature_names_out()
    model.set_params(return_sequences=True, pooling="last", hidden_layer_sizes=7, bidirectional=False)
    assert_array_equal(model.transform(data[0]), expected)
    assert_array_equal(model.get_feature_names_out(), names)
    model = estimator(**TINY, return_sequences=True).fit(data[0], steps_of_data).set_params(return_sequences=False)
    assert not hasattr(model, "transform")


@pytest.fixture
def steps_of_data(data):
    return [np.repeat(y, len(x)) for x, y in zip(*data, strict=True)]


# --- a transformer of scikit-learn ------------------------------------------------------------------------------------

METHODS = ("transform", "fit_transform", "get_feature_names_out", "set_output")


def test_a_network_with_a_target_for_each_step_is_no_transformer(estimator):
    model = estimator(return_sequences=True)
    for name in METHODS:
        assert hasattr(estimator(), name)
        assert not hasattr(model, name)
        with pytest.raises(AttributeError, match=r"Expected return_sequences=False .*hidden_states\(X\)"):
            getattr(model, name)
    assert get_tags(model).transformer_tags is None
    assert get_tags(estimator()).transformer_tags.preserves_dtype == ["float64", "float32"]
    assert not hasattr(Seq2SeqRegressor(), "transform")


def test_it_stays_a_classifier_or_a_regressor(estimator):
    assert is_classifier(estimator()) != is_regressor(estimator())


def test_before_fit_there_are_no_states(estimator, ragged):
    for ask in (lambda: estimator().transform(ragged), lambda: estimator().get_feature_names_out()):
        with pytest.raises(NotFittedError):
            ask()


def test_fit_transform_passes_what_fit_takes(estimator, data):
    X, y = data
    weight = np.arange(len(X)) % 3
    expected = estimator(**TINY).fit(X, y, sample_weight=weight).transform(X)
    assert_array_equal(estimator(**TINY).fit_transform(X, y, sample_weight=weight), expected)


@pytest.mark.parametrize(("container", "cls"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_set_output_and_the_global_setting_give_a_frame(estimator, data, container, cls):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    expected = model.transform(X)
    with config_context(transform_output=container):
        by_setting = model.transform(X)
    for stored in (model.set_output(transform=container), pickle.loads(pickle.dumps(model)), clone(model).fit(X, y)):
        for frame in (stored.transform(X), stored.fit_transform(X, y), by_setting):
            assert isinstance(frame, cls)
            assert list(frame.columns) == model.get_feature_names_out().tolist()
            assert_array_equal(frame.to_numpy(), expected)
    assert isinstance(model.set_output(transform="default").transform(X), np.ndarray)


def test_a_frame_of_pandas_has_the_index_of_X(ragged, labels):
    X = pd.DataFrame({"x": ragged}, index=range(100, 140))
    states = LSTMClassifier(**TINY).set_output(transform="pandas").fit_transform(X, labels)
    assert states.index.tolist() == X.index.tolist()


def test_names_of_the_columns_of_a_table_are_checked_as_scikit_learn_does(labels):
    model = LSTMClassifier(**TINY).fit(np.arange(80.0).reshape(40, 2), labels)
    assert_array_equal(model.get_feature_names_out(["a", "b"]), model.get_feature_names_out())
    with pytest.raises(ValueError, match="input_features should have length equal"):
        model.get_feature_names_out(["a"])


def test_it_is_a_step_of_pipelines_searches_unions_and_column_transformers(ragged, labels):
    network = LSTMClassifier(**TINY)
    pipeline = make_pipeline(network, KNeighborsClassifier())
    search = GridSearchCV(pipeline, {"lstmclassifier__hidden_layer_sizes": [2, 3]}, cv=2, n_jobs=2).fit(ragged, labels)
    assert search.predict(ragged).shape == (40,)
    assert pipeline.fit(ragged, labels)[:-1].get_feature_names_out().shape == (18,)
    assert make_pipeline(network).fit(ragged, labels).transform(ragged).shape == (40, 18)
    column = as_column(ragged)
    assert make_union(network, RNNClassifier(**TINY)).fit_transform(column, labels).shape == (40, 36)
    parts = ColumnTransformer([("states", network, [0])]).set_output(transform="pandas")
    assert parts.fit_transform(column, labels).columns[0] == "states__lstmclassifier_forward_last0"


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_a_pipeline_that_ends_in_a_network_can_set_its_output(ragged, labels, container):
    steps = [np.repeat(label, len(x)) for x, label in zip(ragged, labels, strict=True)]
    for model, y in ((LSTMClassifier(**TINY), labels), (LSTMClassifier(**TINY, return_sequences=True), steps)):
        pipeline = make_pipeline(model).set_output(transform=container).fit(ragged, y)
        assert len(pipeline.predict(ragged)) == 40


def test_a_subclass_with_its_own_transform_is_wrapped_as_usual(ragged, labels):
    class Rounded(LSTMClassifier):
        def transform(self, X):
            return np.asarray(super().transform(X)).round(2)

    frame = Rounded(**TINY).set_output(transform="pandas").fit(ragged, labels).transform(ragged)
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns[0] == "rounded_forward_last0"


def test_static_values_are_none_of_the_states(estimator, data):
    X = np.array([[x, float(x[0, 0])] for x in data[0]], object)
    model = estimator(**TINY).fit(X, data[1])
    states = model.transform(X)
    assert states.shape == (40, len(model.get_feature_names_out())) == (40, 18)
    other = X.copy()
    other[:, 1] = 7.0
    assert_array_equal(model.transform(other), states)
