"""Frames bring the names of features to fit, predict and streams, in every estimator; and no mask is overlooked."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_recurrent as sr

TINY = {"hidden_layer_sizes": 2, "max_iter": 1, "random_state": 0}
NAMES = ["temp", "hPa"]
ESTIMATORS = [
    sr.RNNClassifier,
    sr.RNNRegressor,
    sr.LSTMClassifier,
    sr.LSTMRegressor,
    sr.GRUClassifier,
    sr.GRURegressor,
    sr.Seq2SeqClassifier,
    sr.Seq2SeqRegressor,
]
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS)
ARRAYS = [np.random.default_rng(j).normal(size=(length, 2)) for j, length in enumerate([3, 5, 4, 2] * 3)]
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


def frames(names=NAMES, arrays=ARRAYS):
    return [pd.DataFrame(x, columns=names) for x in arrays]


def swapped(X):
    return [x[NAMES[::-1]] for x in X]


def renamed(X):
    return [x.add_suffix("_x") for x in X]


def targets(estimator):
    if estimator is sr.Seq2SeqClassifier:
        return [["a", "b"], ["b"]] * 6
    if estimator is sr.Seq2SeqRegressor:
        return np.arange(24.0).reshape(12, 2)
    return [0, 1] * 6


def fitted(estimator, X=None, **settings):
    return estimator(**TINY | settings).fit(frames() if X is None else X, targets(estimator))


@each_estimator
@pytest.mark.parametrize("change", [swapped, renamed])
def test_other_names_or_another_order_are_refused_as_scikit_learn_refuses_them(estimator, change):
    model = fitted(estimator)
    assert model.feature_names_in_.tolist() == NAMES
    assert model.n_features_in_ == 2
    X = frames()
    with pytest.raises(ValueError, match="feature names should match") as expected:
        StandardScaler().fit(X[0]).transform(change(X)[0])
    for method, arguments in [
        ("predict", ()),
        ("score", (targets(estimator),)),
        ("partial_fit", (targets(estimator),)),
    ]:
        with pytest.raises(ValueError, match="feature names should match") as error:
            getattr(model, method)(change(X), *arguments)
        assert str(error.value) == str(expected.value)


@each_estimator
def test_two_orders_in_one_X_are_refused_and_leave_the_model_as_it_was(estimator):
    model = fitted(estimator)
    before = pickle.dumps(model)
    X = frames()
    X[2] = swapped(X)[2]
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match="The feature names of sequence 2 should match those of sequence 0"):
            getattr(model, method)(X, targets(estimator))
    with pytest.raises(ValueError, match="The feature names of sequence 2 should match those of sequence 0"):
        model.predict(X)
    assert pickle.dumps(model) == before


@each_estimator
def test_names_on_one_side_alone_are_warned_of_once_in_a_call(estimator):
    with pytest.warns(UserWarning, match=f"not have valid feature names, but {estimator.__name__} was") as warned:
        by_position = fitted(estimator).predict(ARRAYS)
    assert len(warned) == 1
    assert str(by_position) == str(fitted(estimator).predict(frames()))
    with pytest.warns(UserWarning, match=f"X has feature names, but {estimator.__name__} was fitted without") as warned:
        fitted(estimator, ARRAYS).predict(frames())
    assert len(warned) == 1


@each_estimator
def test_a_fit_on_arrays_forgets_the_names(estimator):
    model = fitted(estimator)
    model.fit(ARRAYS, targets(estimator))
    assert not hasattr(model, "feature_names_in_")


@each_estimator
def test_a_stored_model_knows_the_names(estimator):
    model = pickle.loads(pickle.dumps(fitted(estimator)))
    with pytest.raises(ValueError, match="same order as they were in fit"):
        model.predict(swapped(frames()))


@pytest.mark.parametrize("early_stopping", [{"early_stopping": True}, {"early_stopping": True, "scoring": "accuracy"}])
def test_frames_are_fitted_without_a_warning_of_names(early_stopping):
    X = frames()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", "Maximum iterations")
        model = fitted(sr.LSTMClassifier, X, **early_stopping)
        model.feature_importance(X, targets(sr.LSTMClassifier), n_repeats=1)
        model.partial_fit(X, targets(sr.LSTMClassifier))
        pipeline = make_pipeline(sr.PerTimestep(StandardScaler()), clone(model)).fit(X, targets(sr.LSTMClassifier))
        pipeline.predict(X)
        search = GridSearchCV(sr.LSTMClassifier(**TINY), {"alpha": [0.1]}, cv=2, n_jobs=2)
        search.fit(X, targets(sr.LSTMClassifier)).predict(X)
    assert search.feature_names_in_.tolist() == NAMES
    with pytest.raises(ValueError, match="same order as they were in fit"):
        pipeline.predict(swapped(X))


def test_a_validation_set_must_have_the_names_of_X():
    X = frames()
    model = sr.GRUClassifier(**TINY)
    with pytest.raises(ValueError, match="X_val, y_val: The feature names should match those that were passed during"):
        model.fit(X, [0, 1] * 6, X_val=swapped(X), y_val=[0, 1] * 6)


# --- a step of a stream -----------------------------------------------------------------------------------------------


def test_the_names_of_a_step_are_checked_if_it_has_any():
    model = fitted(sr.GRURegressor, bidirectional=False)
    x = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=NAMES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected, _ = model.step(x.to_numpy(), model.initial_state(2))
        output, _ = model.step(x, model.initial_state(2))
        of_row, _ = model.step(x.iloc[1], model.initial_state())
    np.testing.assert_array_equal(output, expected)
    np.testing.assert_allclose(of_row, expected[1:], rtol=1e-12)
    for other in (x[NAMES[::-1]], x[NAMES[::-1]].iloc[[1]], x[NAMES[::-1]].iloc[1], x.add_suffix("_x").iloc[1]):
        n = 2 if other is not None and np.shape(other) == (2, 2) else 1
        with pytest.raises(ValueError, match="feature names should match those that were passed during fit"):
            model.step(other, model.initial_state(n))
    with pytest.warns(UserWarning, match="X has feature names, but GRURegressor was fitted without"):
        unnamed = fitted(sr.GRURegressor, ARRAYS, bidirectional=False)
        unnamed.step(x, unnamed.initial_state(2))


def test_the_index_of_several_streams_is_no_name_of_a_feature():
    model = fitted(sr.GRURegressor, [x[["temp"]] for x in frames()], bidirectional=False)
    readings = pd.Series([1.0, 2.0], index=["pump", "valve"])
    expected, _ = model.step(readings.to_numpy(), model.initial_state(2))
    np.testing.assert_array_equal(model.step(readings, model.initial_state(2))[0], expected)


BAD_STEPS = {
    "masked": (np.ma.array([[1.0, 2.0]], mask=[[0, 1]]), "Expected x to be finite, got NaN in stream 0"),
    "masked in a list": ([np.ma.array([1.0, 2.0], mask=[0, 1])], "Expected x to be finite, got NaN in stream 0"),
    "times": (np.zeros((1, 2), "M8[s]"), "Expected numbers in x, got times"),
    "spelled": ([["1", "2"]], "Expected numbers in x, got strings"),
    "an object": (np.array([[1.0, "a"]], object), "Expected numbers in x, stream 0, feature 1, got the string 'a'"),
    "a missing column": (pd.DataFrame({"temp": [1.0]}), "feature names should match"),
    "a time in a frame": (
        pd.DataFrame({"temp": [1.0], "hPa": [pd.Timestamp("2026-01-01")]}),
        "Expected numbers in column 'hPa' of x, got times",
    ),
}


@pytest.mark.parametrize("case", BAD_STEPS)
def test_a_step_that_holds_no_numbers_is_refused(case):
    x, message = BAD_STEPS[case]
    model = fitted(sr.GRURegressor, bidirectional=False)
    with pytest.raises(ValueError, match=message):
        model.step(x, model.initial_state())


def test_a_bad_token_of_a_step_names_the_stream():
    X = [np.array([1, 2, 3]), np.array([2, 1])] * 6
    model = fitted(sr.GRUClassifier, X, bidirectional=False, embedding_dim=2)
    for x, message in [([1, -1], "non-negative, got -1 in stream 1"), ([1.5, 1], "whole numbers, got 1.5 in stream 0")]:
        with pytest.raises(ValueError, match=message) as error:
            model.step(x, model.initial_state(2))
        assert "step" not in str(error.value)


# --- masks ------------------------------------------------------------------------------------------------------------

MASK = np.arange(12) == 7


@pytest.mark.parametrize("estimator", ESTIMATORS[:6])
@pytest.mark.parametrize("form", [lambda y: y, list])
def test_a_masked_target_or_weight_is_an_error_that_names_the_sequence(estimator, form):
    two = np.ma.array(np.arange(24).reshape(12, 2) % 2, mask=np.column_stack([MASK, ~MASK & False]))
    one = np.ma.array([0, 1] * 6, mask=MASK)
    model = estimator(**TINY)
    for y in (one, form(two)):
        with pytest.raises(ValueError, match="Input y contains a masked value for sequence 7"):
            model.fit(ARRAYS, y)
    with pytest.raises(ValueError, match="Input sample_weight contains a masked value for sequence 7"):
        model.fit(ARRAYS, one.data, sample_weight=np.ma.array(np.ones(12), mask=MASK))
    with pytest.raises(ValueError, match="Input groups contains a masked value for sequence 7"):
        model.fit(ARRAYS, one.data, groups=one)
    model.fit(ARRAYS, one.data)
    with pytest.raises(ValueError, match="Input y contains a masked value for sequence 7"):
        model.score(ARRAYS, one)
    with pytest.raises(ValueError, match="Input sample_weight contains a masked value for sequence 7"):
        model.score(ARRAYS, one.data, sample_weight=np.ma.array(np.ones(12), mask=MASK))


@pytest.mark.parametrize("estimator", [sr.LSTMClassifier, sr.GRURegressor])
def test_a_masked_target_of_a_step_is_an_error_unless_its_weight_is_0_or_it_may_be_missing(estimator):
    y = [np.ma.array(np.arange(len(x)) % 2, mask=np.zeros(len(x))) for x in ARRAYS]
    y[4][1] = np.ma.masked
    model = estimator(**TINY, return_sequences=True)
    if estimator is sr.LSTMClassifier:
        with pytest.raises(ValueError, match="Input y contains a masked value in sequence 4, step 1"):
            model.fit(ARRAYS, y)
    weight = [np.ones(len(x)) for x in ARRAYS]
    weight[4][1] = 0
    plain = [row.data for row in y]
    expected = estimator(**TINY, return_sequences=True).fit(ARRAYS, plain, sample_weight=weight)
    model.fit(ARRAYS, y, sample_weight=weight)
    np.testing.assert_array_equal(model.theta_, expected.theta_)
    assert model.score(ARRAYS, y, weight) == expected.score(ARRAYS, plain, weight)
    if estimator is sr.GRURegressor:  # a number that is masked is NaN, which is no target
        np.testing.assert_array_equal(model.fit(ARRAYS, y).theta_, expected.theta_)
        assert model.score(ARRAYS, y) == expected.score(ARRAYS, plain, weight)
        return
    assert model.classes_.dtype.kind == "i"
    with pytest.raises(ValueError, match="Input y contains a masked value in sequence 4, step 1"):
        model.score(ARRAYS, y)


def test_a_masked_label_of_a_sequence_that_is_written_names_sequence_and_step():
    y = np.ma.array(np.arange(24).reshape(12, 2) % 3, mask=False)
    y[7, 1] = np.ma.masked
    for form in (lambda y: y, list):
        with pytest.raises(ValueError, match="Input y contains a masked label in sequence 7, step 1"):
            sr.Seq2SeqClassifier(**TINY).fit(ARRAYS, form(y))


@each_estimator
def test_masked_values_of_X_are_skipped_like_NaN(estimator):
    X = [np.ma.array(x, mask=False) for x in ARRAYS]
    X[3][1, 0] = np.ma.masked
    with pytest.raises(ValueError, match="Input X contains NaN in sequence 3, step 1, feature 0"):
        fitted(estimator, X)
    model = fitted(estimator, X, missing="skip")
    without = [*ARRAYS[:3], ARRAYS[3][:1], *ARRAYS[4:]]
    np.testing.assert_array_equal(model.theta_, fitted(estimator, without, missing="skip").theta_)


def test_transformers_pass_no_masked_target_on():
    with pytest.raises(ValueError, match="Input y contains a masked value for sequence 7"):
        sr.PerTimestep(StandardScaler()).fit(ARRAYS, np.ma.array(np.ones(12), mask=MASK))


@pytest.mark.parametrize("n_streams", [1, 2])
def test_records_of_a_step_are_refused_with_the_line_that_compares_their_names(n_streams):
    frames = [pd.DataFrame(rng.normal(size=(5, 2)), columns=["a", "b"]) for rng in map(np.random.default_rng, range(6))]
    model = sr.LSTMRegressor(3, bidirectional=False, max_iter=1, random_state=0).fit(frames, np.arange(6.0))
    record = {"a": 0.5, "b": -1.0}
    x = record if n_streams == 1 else [record] * n_streams
    state = model.initial_state(n_streams)
    with pytest.raises(ValueError, match="Pass a frame, whose names are compared") as caught:
        model.step(x, state)
    line = str(caught.value).partition("compared: ")[2].rstrip(".")
    output, _ = model.step(eval(line, {"pandas": pd, "x": x}), state)
    np.testing.assert_allclose(output, model.step(np.array([[0.5, -1.0]] * n_streams), state)[0])
    swapped = eval(line, {"pandas": pd, "x": {"b": -1.0, "a": 0.5} if n_streams == 1 else [{"b": 1, "a": 2}] * 2})
    with pytest.raises(ValueError, match="same order"):
        model.step(swapped, state)
