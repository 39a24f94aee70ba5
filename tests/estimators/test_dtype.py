"""The precision of the computation: that of X, or what `dtype` says."""

import pickle

import numpy as np
import pandas as pd
import pytest
from checks import same_bits
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import sklearn_recurrent as sr

TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "batch_size": 7, "random_state": 0}


def cube_of(X, dtype):
    cube = np.full((len(X), max(map(len, X)), X[0].shape[1]), np.nan, dtype)
    for row, x in zip(cube, X, strict=True):
        row[: len(x)] = x
    return cube


def column_of(X, dtype):
    return sr.as_column([x.astype(dtype) for x in X])


FORMS = {
    "list": lambda X, dtype: [x.astype(dtype) for x in X],
    "array": cube_of,
    "column": column_of,
    "frames": lambda X, dtype: [pd.DataFrame(x.astype(dtype), columns=["a", "b"]) for x in X],
    "matrix": lambda X, dtype: np.array([x[:3, 0] for x in X], dtype),
    "static": lambda X, dtype: np.hstack([column_of(X, dtype), np.array([[x.sum(), 1.0] for x in X], object)]),
    "Fortran order": lambda X, dtype: [np.asfortranarray(x.astype(dtype)) for x in X],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_fit_in_float32_is_that_on_float32_data_to_the_bit(task, form):
    estimator, X, y = task
    double = FORMS[form](X, np.float64)
    single = FORMS[form](X, np.float32)
    model = estimator(**TINY, dtype="float32").fit(double, y)
    expected = estimator(**TINY).fit(single, y)
    assert model.theta_.dtype == np.float32
    assert same_bits(model, expected)
    assert model.x_mean_.tolist() == expected.x_mean_.tolist()
    for given in (single, double):
        same = [np.array_equal(p, q) for p, q in zip(model.predict(given), expected.predict(single), strict=True)]
        assert all(same)


SETTINGS = {
    "in the order of X": {"shuffle": False},
    "in two directions": {"bidirectional": True, "pooling": ("attention", "max")},
    "not scaled": {"standardize": False},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3, "scoring": None},
    "whole training set": {"solver": "lbfgs"},
    "steps left out": {"missing": "skip"},
    "carried forward": {"missing": "forward"},
    "categories": {"categorical_features": [1]},
    "padding by a value": {"pad_value": -7.0},
}


@pytest.mark.filterwarnings("ignore:Maximum iterations")
@pytest.mark.parametrize("name", SETTINGS)
def test_so_it_is_with_every_way_to_read_and_to_train(name, ragged, labels):
    settings = TINY | SETTINGS[name]
    X = [x.copy() for x in ragged]
    if "missing" in settings:
        for x in X[::3]:
            x[1, 0] = np.nan
    if "categorical_features" in settings:
        X = [np.column_stack([x[:, 0], np.sign(x[:, 1])]) for x in X]
    double = FORMS["array"](X, np.float64) if "pad_value" in settings else X
    if "pad_value" in settings:
        double[np.isnan(double)] = -7
    single = [x.astype(np.float32) for x in double] if isinstance(double, list) else double.astype(np.float32)
    model = sr.GRUClassifier(**settings, dtype="float32").fit(double, labels)
    expected = sr.GRUClassifier(**settings).fit(single, labels)
    assert same_bits(model, expected)
    assert model.validation_scores_ == expected.validation_scores_
    assert np.array_equal(model.predict_proba(double), expected.predict_proba(single))


def test_so_it_is_when_sequences_are_read_where_they_are(monkeypatch, ragged, labels):
    monkeypatch.setattr("sklearn_recurrent._estimators.base.COPIED", 0)
    for form in ("list", "array"):
        model = sr.LSTMClassifier(**TINY, dtype="float32").fit(FORMS[form](ragged, np.float64), labels)
        assert same_bits(model, sr.LSTMClassifier(**TINY).fit(FORMS[form](ragged, np.float32), labels))


def test_partial_fit_and_a_warm_start_go_on_in_it(ragged, labels):
    single = [x.astype(np.float32) for x in ragged]
    model = sr.RNNClassifier(**TINY, dtype="float32", warm_start=True)
    expected = sr.RNNClassifier(**TINY, warm_start=True)
    for _ in range(2):
        model.partial_fit(ragged, labels, classes=["high", "low"])
        expected.partial_fit(single, labels, classes=["high", "low"])
    assert same_bits(model, expected)
    assert same_bits(model.fit(ragged, labels), expected.fit(single, labels))
    model.set_params(dtype="float64")
    with pytest.raises(ValueError, match=r"dtype changed from 'float32' to 'float64'\. Call fit with warm_start=F"):
        model.fit(ragged, labels)
    with pytest.raises(ValueError, match="dtype changed from 'float32' to 'float64'"):
        model.partial_fit(ragged, labels)


@pytest.mark.parametrize("form", ["list", "matrix"])
@pytest.mark.parametrize("estimator", [sr.LSTMClassifier, sr.GRURegressor, sr.Seq2SeqRegressor])
def test_the_order_of_sequences_changes_no_bit_of_a_prediction_in_it(estimator, form):
    """Rounding shows in float32, and BLAS rounds the last columns of a product in another way."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in rng.integers(3, 6, 37)]
    y = rng.normal(size=(37, 3)) if estimator is sr.Seq2SeqRegressor else np.arange(37) % 2
    model = estimator(40, max_iter=1, random_state=0, dtype="float32").fit(FORMS[form](X, np.float64), y)
    outputs = model.predict_proba if estimator is sr.LSTMClassifier else model.predict
    together = outputs(FORMS[form](X, np.float64))
    for _ in range(5):
        order = rng.permutation(37)
        assert np.array_equal(outputs(FORMS[form]([X[j] for j in order], np.float64)), together[order])


def test_streams_compute_in_it(ragged, labels):
    model = sr.LSTMClassifier(**TINY, bidirectional=False, dtype="float32").fit(ragged, labels)
    single = [x.astype(np.float32) for x in ragged]
    state = model.initial_state(1)
    for step in ragged[0]:
        p, state = model.step(step[None], state, method="predict_proba")
    expected = sr.LSTMClassifier(**TINY, bidirectional=False).fit(single, labels)
    assert np.array_equal(p, expected.predict_proba(single[:1]))


def test_float64_computes_float32_data_in_double_precision(task):
    estimator, X, y = task
    single = [x.astype(np.float32) for x in X]
    model = estimator(**TINY, dtype="float64").fit(single, y)
    assert model.theta_.dtype == np.float64
    assert same_bits(model, estimator(**TINY).fit([x.astype(np.float64) for x in single], y))


@pytest.mark.parametrize("of_tokens", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tokens_of_any_width_compute_in_it(of_tokens, dtype):
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 5, 4) for _ in range(20)]
    y = [int(x.sum() > 8) for x in X]
    model = sr.LSTMClassifier(**TINY, embedding_dim=3, dtype=dtype).fit([x.astype(of_tokens) for x in X], y)
    assert model.theta_.dtype == dtype
    of_that_width = np.int32 if dtype == "float32" else np.int64
    assert same_bits(model, sr.LSTMClassifier(**TINY, embedding_dim=3).fit([x.astype(of_that_width) for x in X], y))


@pytest.mark.parametrize("form", ["list", "array"])
def test_a_value_too_large_for_float32_is_refused_with_its_place_and_the_hint_works(form, ragged, labels):
    X = [x.copy() for x in ragged]
    X[5][2, 1] = 1e39
    before = [x.copy() for x in X]
    model = sr.RNNClassifier(**TINY, dtype="float32")
    message = "too large for dtype='float32' in sequence 5, step 2, feature 1. Scale X, or set dtype='float64'."
    with pytest.raises(ValueError, match=message):
        model.fit(FORMS[form](X, np.float64), labels)
    assert not hasattr(model, "theta_")
    assert model.set_params(dtype="float64").fit(FORMS[form](X, np.float64), labels).theta_.dtype == np.float64
    assert all(map(np.array_equal, X, before))


def test_it_is_searched_cloned_and_stored(ragged, labels):
    search = GridSearchCV(sr.RNNClassifier(**TINY), {"dtype": [None, "float32"]}, cv=2).fit(ragged, labels)
    assert search.best_params_["dtype"] in (None, "float32")
    model = sr.RNNClassifier(**TINY, dtype="float32").fit(ragged, labels)
    assert clone(model).dtype == "float32"
    stored = pickle.loads(pickle.dumps(model))
    assert same_bits(stored, model)
    assert np.array_equal(stored.predict_proba(ragged), model.predict_proba(ragged))
    assert model.predict_proba(ragged).dtype == np.float32
    assert model.transform(ragged).dtype == np.float32
