"""What fits and predictions must not depend on: weights or copies, order, batches, padding, containers, n_jobs."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV

from sklearn_recurrent import LSTMClassifier, RNNClassifier, RNNRegressor, as_column, as_sequences
from sklearn_recurrent._core import network
from sklearn_recurrent._core.cells.registry import CELLS

TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "batch_size": 11, "random_state": 0}
PATHS = {  # the ways through a fit
    "adam": {"solver": "adam"},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "lbfgs": {"solver": "lbfgs", "tol": 0.05, "max_iter": 200},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "balanced classes": {"class_weight": "balanced"},
    "two layers": {"hidden_layer_sizes": (4, 3)},
    "one direction": {"bidirectional": False, "pooling": "max"},
    "attention": {"pooling": ("attention", "last")},
    "dropout": {"dropout": 0.2, "recurrent_dropout": 0.2},
    "truncated": {"bptt_steps": 2, "forget_bias": "chrono"},
    "one batch": {"batch_size": 1000, "standardize": False, "alpha": 0.1},
}


def make(cls, path="adam", **settings):
    settings = TINY | PATHS[path] | settings
    return cls(**{name: value for name, value in settings.items() if name in cls().get_params()})


def assert_same_model(one, other, X):
    """Bit for bit."""
    assert one.theta_.dtype == other.theta_.dtype
    assert one.theta_.tobytes() == other.theta_.tobytes()
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_scores_ == other.validation_scores_
    assert np.array_equal(one.predict(X), other.predict(X))
    if isinstance(one, ClassifierMixin):
        assert np.array_equal(one.classes_, other.classes_)
        assert np.array_equal(one.predict_proba(X), other.predict_proba(X))


# --- weights and order ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.each_choice
def test_weight_0_is_a_sequence_left_out_and_weight_2_one_given_twice(estimator, data, path):
    X, y = data
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 4, len(X))
    rows = rng.permutation(np.repeat(np.arange(len(X)), weight))
    weighted = make(estimator, path).fit(X, y, sample_weight=weight)
    repeated = make(estimator, path).fit([X[j] for j in rows], y[rows])
    assert_same_model(weighted, repeated, X)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.each_choice
def test_weights_are_exact_for_every_cell(cell, dtype, ragged, three_labels):
    X, weight = [x.astype(dtype) for x in ragged], np.arange(40) % 3
    rows = np.repeat(np.arange(40), weight)[::-1]
    weighted = make(RNNClassifier, cell=cell).fit(X, three_labels, sample_weight=weight)
    repeated = make(RNNClassifier, cell=cell).fit([X[j] for j in rows], three_labels[rows])
    assert_same_model(weighted, repeated, X)


def test_weights_are_exact_in_partial_fit(estimator, data):
    X, y = data
    weight = 1 + np.arange(len(X)) % 3
    rows = np.repeat(np.arange(len(X)), weight)
    weighted, repeated = make(estimator), make(estimator)
    for _ in range(3):
        weighted.partial_fit(X, y, sample_weight=weight)
        repeated.partial_fit([X[j] for j in rows], y[rows])
    assert_same_model(weighted, repeated, X)


def test_a_class_without_weight_is_no_class(classifier, ragged, three_labels):
    model = make(classifier).fit(ragged, three_labels, sample_weight=(three_labels != "b").astype(float))
    assert model.classes_.tolist() == ["a", "c"]
    kept = [j for j in range(40) if three_labels[j] != "b"]
    assert_same_model(model, make(classifier).fit([ragged[j] for j in kept], three_labels[kept]), ragged)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.each_choice
def test_the_order_of_the_sequences_has_no_influence(estimator, data, path):
    X, y = data
    order = np.random.default_rng(2).permutation(len(X))
    assert_same_model(make(estimator, path).fit(X, y), make(estimator, path).fit([X[j] for j in order], y[order]), X)


def test_without_shuffle_the_order_is_that_of_the_user(estimator, data):
    X, y = data
    model = make(estimator, shuffle=False).fit(X, y)
    assert model.theta_.tobytes() != make(estimator, shuffle=False).fit(X[::-1], y[::-1]).theta_.tobytes()
    assert model.theta_.tobytes() != make(estimator, shuffle=True).fit(X, y).theta_.tobytes()
    weight = np.r_[np.ones(30), np.zeros(10)]
    assert_same_model(
        make(estimator, shuffle=False).fit(X, y, sample_weight=weight),
        make(estimator, shuffle=False).fit(X[:30], y[:30]),
        X,
    )


def test_negative_zero_is_zero(estimator, data):
    X, y = data
    zero = [np.where(np.abs(x) < 0.5, 0.0, x) for x in X]
    negative = [np.where(x == 0, -0.0, x) for x in zero]
    assert_same_model(make(estimator).fit(zero, y), make(estimator).fit(negative, y), X)


# --- the same data in another form ------------------------------------------------------------------------------------


def forms_of(X, cube):
    width = max(map(len, X)) + 3
    ahead = cube(X, width=width)
    behind = np.array([np.roll(row, np.isnan(row[:, 0]).sum(), axis=0) for row in ahead])
    return {
        "tuple": tuple(X),
        "object array": as_sequences(X),
        "object column": as_column(X),
        "Series": pd.Series(X, index=range(100, 100 + len(X))),
        "frame": pd.DataFrame({"x": X}, index=range(100, 100 + len(X))),
        "nested lists": [x.tolist() for x in X],
        "Fortran order": [np.asfortranarray(x) for x in X],
        "strided": [np.repeat(x, 2, axis=0)[::2] for x in X],
        "padded behind": ahead,
        "padded in front": behind,
        "padded, Fortran order": np.asfortranarray(ahead),
    }


def test_the_container_and_the_padding_have_no_influence(estimator, data, cube):
    X, y = data
    model = make(estimator).fit(X, y)
    for name, form in forms_of(X, cube).items():
        assert_same_model(make(estimator).fit(form, y), model, X)
        assert np.array_equal(model.predict(form), model.predict(X)), name


def test_flat_columns_with_input_size_are_the_padded_array(estimator, data, cube):
    X, y = data
    flat = cube(X).reshape(len(X), -1)
    model = make(estimator, input_size=2).fit(flat, y)
    ragged_model = make(estimator).fit(X, y)
    assert model.theta_.tobytes() == ragged_model.theta_.tobytes()
    assert np.array_equal(model.predict(flat), ragged_model.predict(X))
    assert model.n_features_in_ == flat.shape[1]


def test_a_matrix_is_one_value_a_step(estimator, data):
    X, y = np.array([x[:3, 0] for x in data[0]]), data[1]
    matrix, sequences = make(estimator).fit(X, y), make(estimator).fit(list(X), y)
    assert matrix.theta_.tobytes() == sequences.theta_.tobytes()
    assert (matrix.n_features_in_, sequences.n_features_in_) == (3, 1)
    assert np.array_equal(matrix.predict(X), sequences.predict(X[:, :, None]))
    named = make(estimator).fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
    assert named.feature_names_in_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("convert", [np.asarray, list, pd.Series, lambda y: np.asarray(y)[:, None][:, 0]])
def test_the_container_of_y_has_no_influence(estimator, data, convert):
    X, y = data
    assert_same_model(make(estimator).fit(X, convert(y)), make(estimator).fit(X, y), X)


# --- predictions ------------------------------------------------------------------------------------------------------


def raw_of(model, X):
    return model.decision_function(X) if isinstance(model, ClassifierMixin) else model.predict(X)


SHAPES = [
    {},
    {"bidirectional": False, "pooling": "last"},
    {"hidden_layer_sizes": (4, 3), "pooling": ("max", "mean")},
    {"activation": "relu", "pooling": "mean"},
    {"pooling": "attention"},
    {"bidirectional": False, "hidden_layer_sizes": (4, 3), "pooling": ("attention", "max")},
]


@pytest.mark.parametrize("settings", SHAPES, ids=str)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.each_choice(times=2)
def test_a_prediction_does_not_depend_on_the_others_their_order_or_padding(cell, settings, ragged, numbers, cube):
    model = make(RNNRegressor, cell=cell, **settings).fit(ragged, numbers)
    together = model.predict(ragged)
    assert np.ptp(together) > 0
    one_by_one = np.concatenate([model.predict([x]) for x in ragged])
    order = np.random.default_rng(3).permutation(len(ragged))
    close = {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(one_by_one, together, **close)
    np.testing.assert_allclose(model.predict([ragged[j] for j in order]), together[order], **close)
    np.testing.assert_allclose(model.predict(cube(ragged, width=50)), together, **close)
    np.testing.assert_allclose(model.predict(cube(ragged, before=30)), together, **close)


def test_predictions_in_many_batches_equal_those_in_one(estimator, data, monkeypatch):
    X, y = data
    model = make(estimator).fit(X, y)
    many = X * 20  # more than are worked on at once
    expected = np.tile(raw_of(model, X), 20)
    np.testing.assert_allclose(raw_of(model, many), expected, rtol=1e-12, atol=1e-12)
    monkeypatch.setattr(network, "PREDICTION_BYTES", 1)
    np.testing.assert_allclose(raw_of(model, many), expected, rtol=1e-12, atol=1e-12)


def test_a_prediction_changes_neither_the_model_nor_the_data(estimator, data):
    X, y = data
    for x in X:
        x.flags.writeable = False
    y.flags.writeable = False
    model = make(estimator).fit(X, y)
    model.theta_.flags.writeable = False
    before = dict(vars(model))
    model.predict(X)
    model.score(X, y)
    assert vars(model) == before


# --- seeds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.each_choice
def test_the_same_seed_gives_the_same_bits(estimator, data, path):
    X, y = data
    model = make(estimator, path).fit(X, y)
    first = clone(model).fit(X, y)
    assert_same_model(model, first, X)
    assert_same_model(model.fit(X, y), first, X)  # nothing of the first fit is left
    assert_same_model(make(estimator, path, random_state=np.random.RandomState(0)).fit(X, y), first, X)
    assert make(estimator, path, random_state=1).fit(X, y).theta_.tobytes() != first.theta_.tobytes()


def test_a_generator_as_seed_goes_on_from_fit_to_fit(estimator, data):
    X, y = data
    model = make(estimator, random_state=np.random.RandomState(0)).fit(X, y)
    first = model.theta_.tobytes()
    assert model.fit(X, y).theta_.tobytes() != first


def test_the_global_generator_is_used_only_without_a_seed(estimator, data):
    X, y = data
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    make(estimator).fit(X, y).predict(X)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    one = make(estimator, random_state=None).fit(X, y)
    np.random.seed(0)  # noqa: NPY002
    assert_same_model(make(estimator, random_state=None).fit(X, y), one, X)


def test_the_number_of_jobs_around_a_fit_changes_no_bit(ragged, labels):
    """Of threads; with processes, test_scale_out has it."""
    grid = {"hidden_layer_sizes": [3, 4], "alpha": [0, 0.1]}
    search = GridSearchCV(LSTMClassifier(max_iter=3, random_state=0), grid, cv=2, scoring="neg_log_loss")
    one = clone(search).fit(ragged, labels)
    with joblib.parallel_config(backend="threading"):
        two = search.set_params(n_jobs=2).fit(ragged, labels)
    for split in range(2):
        key = f"split{split}_test_score"
        assert one.cv_results_[key].tolist() == two.cv_results_[key].tolist()
    assert_same_model(one.best_estimator_, two.best_estimator_, ragged)


# --- dtype ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.each_choice
def test_the_computation_is_in_float32_exactly_if_X_is(estimator, data, path):
    X, y = data
    for dtype, expected in [
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.float16, np.float64),
        (np.int64, np.float64),
    ]:
        cast = [(10 * x).astype(dtype) for x in X]
        model = make(estimator, path).fit(cast, y)
        assert model.theta_.dtype == expected
        for method in ("predict_proba", "predict_log_proba", "decision_function"):
            if hasattr(model, method):
                assert getattr(model, method)(cast).dtype == expected
    mixed = [x.astype(np.float32) for x in X[:-1]] + X[-1:]
    assert make(estimator, path).fit(mixed, y).theta_.dtype == np.float64


def test_float32_gives_about_the_model_of_float64(estimator, data):
    X, y = data
    double = make(estimator, batch_size=40).fit(X, y)
    single = make(estimator, batch_size=40).fit([x.astype(np.float32) for x in X], y)
    np.testing.assert_allclose(single.loss_curve_, double.loss_curve_, rtol=1e-4)
