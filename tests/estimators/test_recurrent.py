"""Targets of every kind, and what the estimators give for them."""

import inspect

import numpy as np
import pandas as pd
import pytest
from checks import assert_attributes_are_those_documented
from sklearn.base import clone, is_classifier
from sklearn.exceptions import DataConversionWarning
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.utils import get_tags

import sklearn_recurrent
from sklearn_recurrent import RNNClassifier, RNNRegressor
from sklearn_recurrent._core.cells.registry import CELLS

NAMES = [f"{kind}{task}" for kind in ("RNN", "LSTM", "GRU") for task in ("Classifier", "Regressor")]
TINY = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0}


@pytest.fixture(params=[getattr(sklearn_recurrent, name) for name in NAMES], ids=NAMES)
def estimator(request):
    """All six, in `make test` too: what a class declares is tested here."""
    return request.param


# --- the estimators themselves ----------------------------------------------------------------------------------------


def test_documented_attributes_are_those_that_fit_sets(estimator, data):
    X = pd.DataFrame([x[:3, 0] for x in data[0]], columns=["a", "b", "c"])
    assert_attributes_are_those_documented(estimator(**TINY), X, data[1])


def test_the_named_forms_are_the_general_one_with_a_cell(ragged, labels, numbers):
    for general, y in ((RNNClassifier, labels), (RNNRegressor, numbers)):
        for cell in ("lstm", "gru"):
            named = getattr(sklearn_recurrent, general.__name__.replace("RNN", cell.upper()))
            assert "cell" not in named().get_params()
            expected = general(cell=cell, **TINY).fit(ragged, y)
            assert np.array_equal(named(**TINY).fit(ragged, y).theta_, expected.theta_)


@pytest.mark.parametrize("cls", [RNNClassifier, RNNRegressor])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.each_choice
def test_every_cell_learns(cls, cell, ragged, labels, numbers):
    y = labels if cls is RNNClassifier else numbers
    model = cls(8, cell=cell, max_iter=12, learning_rate_init=0.06, batch_size=8, random_state=0).fit(ragged, y)
    assert model.score(ragged, y) > 0.85


def test_a_fit_returns_the_estimator_and_leaves_its_parameters(estimator, data):
    model = estimator(**TINY)
    parameters = model.get_params()
    assert model.fit(*data) is model
    assert model.partial_fit(*data) is model
    assert model.get_params() == parameters == clone(model).get_params()
    assert repr(model) == f"{estimator.__name__}(hidden_layer_sizes=4, max_iter=4, random_state=0)"


def test_the_signature_is_that_of_the_parameters(estimator):
    signature = inspect.signature(estimator)
    assert set(signature.parameters) == set(estimator().get_params())
    positional = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == ["hidden_layer_sizes"]


def test_tags_say_what_the_estimators_take(estimator):
    tags = get_tags(estimator())
    assert tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert not tags.input_tags.allow_nan
    assert get_tags(estimator(missing="skip")).input_tags.allow_nan
    assert tags.target_tags.required
    if is_classifier(estimator()):
        assert tags.classifier_tags.multi_class
        assert tags.classifier_tags.multi_label
    else:
        assert tags.target_tags.multi_output


# --- classes ----------------------------------------------------------------------------------------------------------


def softmax(raw):
    e = np.exp(raw - raw.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def logistic(raw):
    return 1 / (1 + np.exp(-raw))


def test_two_classes_have_one_output_and_log_odds(classifier, ragged, labels):
    model = classifier(**TINY).fit(ragged, labels)
    raw, p = model.decision_function(ragged), model.predict_proba(ragged)
    assert (model.n_outputs_, model.out_activation_, raw.shape, p.shape) == (1, "logistic", (40,), (40, 2))
    assert model.classes_.tolist() == ["high", "low"]
    np.testing.assert_allclose(p[:, 1], logistic(raw))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(ragged)), p)
    assert np.array_equal(model.predict(ragged), np.where(raw > 0, "low", "high"))


def test_three_classes_have_three_outputs_and_a_softmax(classifier, ragged, three_labels):
    model = classifier(**TINY).fit(ragged, three_labels)
    raw, p = model.decision_function(ragged), model.predict_proba(ragged)
    assert (model.n_outputs_, model.out_activation_, raw.shape, p.shape) == (3, "softmax", (40, 3), (40, 3))
    np.testing.assert_allclose(p, softmax(raw))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(ragged)), p)
    assert np.array_equal(model.predict(ragged), model.classes_[p.argmax(axis=1)])


def test_multilabel_targets_have_an_output_each(classifier, ragged, labels, three_labels):
    Y = np.column_stack([labels == "low", three_labels == "a", three_labels != "b"]).astype(int)
    model = classifier(**TINY | {"max_iter": 60, "learning_rate_init": 0.02}).fit(ragged, Y)
    raw, p = model.decision_function(ragged), model.predict_proba(ragged)
    assert (model.n_outputs_, model.out_activation_, raw.shape, p.shape) == (3, "logistic", (40, 3), (40, 3))
    assert model.classes_.tolist() == [0, 1, 2]
    np.testing.assert_allclose(p, logistic(raw))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(ragged)), p)
    assert np.array_equal(model.predict(ragged), p > 0.5)
    assert (model.predict(ragged) == Y).mean() > 0.9
    assert 0 < model.score(ragged, Y) <= 1
    stopped = classifier(**TINY, early_stopping=True).fit(ragged, Y)
    assert len(stopped.validation_scores_) == 4


def test_two_columns_of_labels_are_not_two_classes(classifier, ragged, labels):
    Y = MultiLabelBinarizer().fit_transform([["x", "y"] if label == "low" else ["y"] for label in labels])
    model = classifier(**TINY).fit(ragged, Y)
    assert model.decision_function(ragged).shape == model.predict_proba(ragged).shape == (40, 2)
    assert model.predict(ragged).shape == (40, 2)


def test_one_class_is_predicted_with_certainty(classifier, ragged):
    model = classifier(**TINY).fit(ragged, ["only"] * 40)
    assert model.predict(ragged).tolist() == ["only"] * 40
    assert model.predict_proba(ragged).tolist() == [[1.0]] * 40
    assert model.predict_log_proba(ragged).tolist() == [[0.0]] * 40


def test_log_probabilities_are_right_where_probabilities_vanish(classifier, ragged, labels, three_labels):
    for y in (labels, three_labels):
        model = classifier(**TINY).fit(ragged, y)
        model.weights_["head/V"][...] *= 1e3
        p, log_p = model.predict_proba(ragged), model.predict_log_proba(ragged)
        assert np.isfinite(log_p).all()
        assert (log_p < -50).any()
        seen = p > 1e-300
        np.testing.assert_allclose(log_p[seen], np.log(p[seen]), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    "names",
    [[1, 0], [-1, 1], [7, 3], [True, False], ["b", "a"], [1.0, 2.0], [np.float32(3), np.float32(2)]],
    ids=str,
)
def test_labels_of_every_type_come_back_as_they_were(classifier, ragged, labels, names):
    y = np.array(names)[(labels == "low").astype(int)]
    model = classifier(**TINY).fit(ragged, y)
    assert np.array_equal(model.classes_, np.unique(y))
    assert model.predict(ragged).dtype == y.dtype
    assert set(model.predict(ragged).tolist()) <= set(y.tolist())
    assert np.array_equal(model.theta_, classifier(**TINY).fit(ragged, list(y)).theta_)


@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_labels_of_pandas_are_taken(classifier, ragged, labels, dtype):
    model = classifier(**TINY).fit(ragged, pd.Series(labels, dtype=dtype))
    assert model.classes_.tolist() == ["high", "low"]
    assert np.array_equal(model.predict_proba(ragged), classifier(**TINY).fit(ragged, labels).predict_proba(ragged))


def test_a_column_of_labels_or_numbers_is_taken_with_a_warning(estimator, data):
    X, y = data
    with pytest.warns(DataConversionWarning):
        column = estimator(**TINY).fit(X, y[:, None])
    assert np.array_equal(column.theta_, estimator(**TINY).fit(X, y).theta_)
    assert column.predict(X).shape == (40,)


def test_class_weight_is_refused_for_multilabel_targets_and_documented_so(ragged, labels, three_labels):
    Y = np.column_stack([labels == "low", three_labels == "a"]).astype(int)
    for class_weight in ({0: 2, 1: 1}, "balanced"):
        with pytest.raises(ValueError, match="Expected class_weight=None for a multilabel indicator y, got"):
            RNNClassifier(**TINY, class_weight=class_weight).fit(ragged, Y)
    assert "sum of its labels' weights" not in " ".join(inspect.getdoc(RNNClassifier).split())


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_predictions_are_in_the_unit_of_y(regressor, ragged, numbers):
    model = regressor(**TINY, batch_size=40).fit(ragged, numbers)
    np.testing.assert_allclose((model.y_mean_, model.y_scale_), ([numbers.mean()], [numbers.std()]))
    scaled = regressor(**TINY, batch_size=40).fit(ragged, 1e6 * numbers - 3)
    np.testing.assert_allclose(scaled.predict(ragged), 1e6 * model.predict(ragged) - 3, rtol=1e-9)
    np.testing.assert_allclose(scaled.loss_curve_, model.loss_curve_, rtol=1e-9)
    assert model.predict(ragged).dtype == np.float64


def test_several_outputs_each_in_its_own_unit(regressor, ragged, numbers):
    Y = np.column_stack([numbers, 1e-6 * numbers, np.arange(40)])
    model = regressor(**TINY).fit(ragged, Y)
    assert model.n_outputs_ == 3
    assert model.predict(ragged).shape == (40, 3)
    np.testing.assert_allclose(model.predict(ragged)[:, 1], 1e-6 * numbers, atol=1e-4)
    assert model.score(ragged, Y) > -1
    weight = np.arange(40) % 2 + 1.0
    model.fit(ragged, Y, sample_weight=weight)
    np.testing.assert_allclose(model.y_mean_, np.average(Y, axis=0, weights=weight))


def test_a_constant_y_is_predicted(regressor, ragged):
    model = regressor(**TINY | {"max_iter": 100, "learning_rate_init": 0.05}).fit(ragged, np.full(40, 7.1))
    assert model.y_scale_ == [1]
    np.testing.assert_allclose(model.predict(ragged), 7.1, atol=0.1)


@pytest.mark.parametrize("dtype", [np.int32, np.float32, bool, object])
def test_numbers_of_every_type_are_float64_inside(regressor, ragged, labels, dtype):
    y = (labels == "low").astype(dtype)
    model, expected = (regressor(**TINY).fit(ragged, values) for values in (y, y.astype(float)))
    assert np.array_equal(model.theta_, expected.theta_)


def test_the_loss_is_the_documented_one(regressor, ragged, numbers):
    """Of one step, before which the weights are the initial ones."""
    weight = np.arange(40) % 3 + 1.0
    settings = TINY | {"max_iter": 1, "batch_size": 40, "solver": "sgd", "learning_rate_init": 1e-300}
    settings["forget_bias"] = 1.0
    model = regressor(**settings, alpha=0.0).fit(ragged, numbers, sample_weight=weight)
    z = (model.predict(ragged) - numbers) / model.y_scale_
    np.testing.assert_allclose(model.loss_, np.average(z**2 / 2, weights=weight))
    penalized = regressor(**settings, alpha=0.3).fit(ragged, numbers, sample_weight=weight)
    squares = sum((w**2).sum() for w in penalized.weights_.values())
    if regressor.__name__ != "RNNRegressor":
        squares -= 2 * 4  # biases are no weights: all are 0 at the start but those of gates that keep the state, 1
    np.testing.assert_allclose(penalized.loss_ - model.loss_, 0.15 * squares / weight.sum())


# --- small data -------------------------------------------------------------------------------------------------------


def test_a_single_sequence_of_a_single_step_can_be_fitted(estimator):
    X, y = [np.array([[0.5]])], [1]
    model = estimator(**TINY).fit(X, y)
    np.testing.assert_allclose(model.predict(X), 1, atol=0.5)


def test_lengths_of_1_and_1000_go_together(estimator, data):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in [1, 1000] * 20]
    model = estimator(**TINY | {"max_iter": 1}).fit(X, data[1])
    np.testing.assert_allclose(model.predict(X)[:1] == model.predict(X[:1]), True)


def test_a_frame_names_the_features_and_other_names_are_refused(estimator, data):
    X = pd.DataFrame([x[:3, 0] for x in data[0]], columns=["a", "b", "c"])
    model = estimator(**TINY).fit(X, data[1])
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X.rename(columns={"a": "z"}))
    model.fit(data[0], data[1])
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize(
    ("before", "after"),
    [({"input_size": 2}, {"input_size": None}), ({"embedding_dim": 2, "pad_token": 0}, {"pad_token": 1})],
)
def test_training_does_not_go_on_if_X_is_to_be_read_otherwise(before, after):
    X, y = np.random.default_rng(0).integers(0, 5, (20, 6)), [0, 1] * 10
    X[:, 2] = 3  # no row is all padding
    model = RNNClassifier(**TINY | before, warm_start=True).fit(X, y)
    expected = model.predict_proba(X)
    model.set_params(**after)
    for again in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"{next(iter(after))} changed from"):
            again(X, y)
    assert np.array_equal(model.predict_proba(X), expected)
