"""Inspection through a Pipeline: the steps before the network are applied, and its method is called."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import sklearn_recurrent as sr
from sklearn_recurrent._estimators.inspection import Inspection

rng = np.random.default_rng(0)
X = [5 + 3 * rng.normal(size=(length, 2)) for length in (4, 7, 3, 6, 5, 4) * 2]
y = np.array(["a", "b"] * 6)
SMALL = {"hidden_layer_sizes": 3, "max_iter": 1, "random_state": 0}
FUNCTIONS = {
    "attention_weights": {},
    "hidden_states": {"layer": 0},
    "gate_activations": {"layer": 0},
    "input_gradients": {"output": "b"},
    "gradient_flow": {"y": y},
    "feature_importance": {"y": y, "n_repeats": 2, "random_state": 0},
    "staged_predict": {},
    "staged_predict_proba": {},
}


def network(name="hidden_states"):
    if name == "attention_weights":
        return sr.LSTMClassifier(pooling="attention", **SMALL)
    return sr.LSTMClassifier(bidirectional=False, pooling="last", **SMALL)


def wrapped(kind, model):
    scaler = sr.PerTimestep(StandardScaler())
    return {
        "alone": model,
        "Pipeline": make_pipeline(scaler, model),
        "nested": make_pipeline(scaler, make_pipeline("passthrough", sr.PerTimestep(MinMaxScaler()), model)),
        "search": GridSearchCV(make_pipeline(scaler, model), {}, cv=2),
        "Pipeline of a search": make_pipeline(scaler, GridSearchCV(model, {}, cv=2)),
        "threshold": FixedThresholdClassifier(make_pipeline(scaler, model), threshold=0.4, pos_label="b"),
    }[kind]


def values(found):
    """All arrays of a result, in order."""
    if isinstance(found, dict):
        return [array for name in sorted(found) for array in values(found[name])]
    return list(found) if found.dtype == object else [found]


def test_every_method_of_inspection_is_a_function():
    assert {name for name in vars(Inspection) if not name.startswith("_")} <= set(FUNCTIONS)


@pytest.mark.parametrize("kind", ["alone", "Pipeline", "nested", "search", "Pipeline of a search", "threshold"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_does_as_the_method_after_the_steps_before(name, kind):
    model = wrapped(kind, network(name)).fit(X, y)
    inner = model
    before = X
    while not isinstance(inner, sr.LSTMClassifier):
        if hasattr(inner, "steps"):
            before = inner[:-1].transform(before)
            inner = inner[-1]
        else:
            inner = getattr(inner, "best_estimator_", None) or inner.estimator_
    expected = values(getattr(inner, name)(before, **FUNCTIONS[name]))
    found = values(getattr(sr, name)(model, X, **FUNCTIONS[name]))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_not_fitted_says_so(name):
    for kind in ("alone", "Pipeline", "search"):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            getattr(sr, name)(wrapped(kind, network(name)), X, **FUNCTIONS[name])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_estimator_without_the_method_is_refused(name):
    flat = np.zeros((12, 3))
    other = make_pipeline(StandardScaler(), LogisticRegression()).fit(flat, y)
    with pytest.raises(TypeError, match=f"^Expected a network that has {name}, .*, got LogisticRegression"):
        getattr(sr, name)(other, flat, **FUNCTIONS[name])
    ends = make_pipeline(StandardScaler(), "passthrough").fit(flat)
    with pytest.raises(TypeError, match=f"^Expected a network that has {name}, .*, got 'passthrough'"):
        getattr(sr, name)(ends, flat, **FUNCTIONS[name])


def test_a_network_that_cannot_says_why():
    model = make_pipeline(sr.PerTimestep(StandardScaler()), network()).fit(X, y)
    with pytest.raises(AttributeError, match="Set pooling='attention' and fit again"):
        sr.attention_weights(model, X)
    both = sr.LSTMClassifier(bidirectional=True, **SMALL).fit(X, y)
    with pytest.raises(AttributeError, match="bidirectional=False"):
        sr.staged_predict_proba(both, X)


def test_a_search_without_refit_is_refused():
    search = GridSearchCV(network(), {}, cv=2, refit=False).fit(X, y)
    with pytest.raises(ValueError, match="Set refit=True and fit again"):
        sr.hidden_states(search, X)


def test_an_option_that_a_network_does_not_take_is_refused():
    model = network("attention_weights").fit(X, y)
    with pytest.raises(TypeError, match="Expected no horizon for attention_weights of LSTMClassifier"):
        sr.attention_weights(model, X, horizon=3)


def test_attention_of_an_encoder_and_a_decoder():
    words = ["a b", "b c a", "c"] * 3
    labels = [list("xy"), list("yzx"), list("z")] * 3
    model = make_pipeline(sr.SequenceTokenizer(), sr.Seq2SeqClassifier(embedding_dim=2, **SMALL)).fit(words, labels)
    assert [weights.shape for weights in sr.attention_weights(model, words[:3], labels[:3])] == [(2, 2), (3, 3), (1, 1)]
    forecaster = sr.Seq2SeqRegressor(**SMALL, attention="dot").fit(np.zeros((6, 5)) + np.arange(5), np.ones((6, 3)))
    assert {weights.shape for weights in sr.attention_weights(forecaster, np.ones((2, 5)), horizon=4)} == {(4, 5)}
