"""Step by step, in chunks, after each prefix: always what `predict` says of the sequence so far."""

import pickle
from contextlib import contextmanager

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError

from sklearn_recurrent import (
    GRUClassifier,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
    as_column,
    as_sequences,
)
from sklearn_recurrent._core.cells.registry import CELLS

TINY = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0, "bidirectional": False}
CLOSE = {"rtol": 1e-12, "atol": 1e-12}
POOLINGS = ["last", "mean", "max", ("max", "last"), ("last", "mean", "max")]
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


@pytest.fixture(params=[LSTMClassifier, LSTMRegressor], ids=["LSTMClassifier", "LSTMRegressor"])
def estimator(request):
    """One class for each kind of target: all share what is tested here."""
    return request.param


@pytest.fixture
def data(request, estimator, ragged):
    return ragged, request.getfixturevalue("labels" if is_classifier(estimator()) else "numbers")


@pytest.fixture
def model(estimator, data):
    return estimator(**TINY).fit(*data)


@pytest.fixture
def cube(ragged):
    """9 streams of 6 steps."""
    return np.array([x[:6] for x in ragged if len(x) >= 6][:9])


def assert_equal(one, other, **close):
    if np.asarray(other).dtype.kind == "f":
        np.testing.assert_allclose(one, other, **close or CLOSE)
        assert np.asarray(one).dtype == np.asarray(other).dtype
    else:
        assert np.array_equal(one, other)


def outputs_of(model, X, method, state=None):
    """What `step` returns at each of the steps of parallel streams, (n, T, ...); and the last state."""
    state, outputs = model.initial_state(len(X)) if state is None else state, []
    for t in range(X.shape[1]):
        y, state = model.step(X[:, t], state, method=method)
        outputs.append(y)
    return np.stack(outputs, axis=1), state


def by_prefixes(model, X, method):
    """(n, T, ...)"""
    return np.stack([getattr(model, method)(X[:, : t + 1]) for t in range(X.shape[1])], axis=1)


def methods_of(model):
    return [method for method in METHODS if hasattr(model, method)]


# --- a step -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
@pytest.mark.parametrize("sizes", [4, (4, 3, 2)], ids=str)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.each_choice(times=3)
def test_a_step_gives_what_predict_says_of_all_steps_so_far(cell, sizes, pooling, ragged, numbers, cube):
    settings = TINY | {"cell": cell, "hidden_layer_sizes": sizes, "pooling": pooling}
    model = RNNRegressor(**settings).fit([10 + 3 * x for x in ragged], numbers)
    X = 10 + 3 * cube
    outputs, _ = outputs_of(model, X, "predict")
    assert np.ptp(outputs) > 0
    assert_equal(outputs, by_prefixes(model, X, "predict"))


@pytest.mark.parametrize("settings", [{}, {"activation": "relu"}, {"activation": "logistic"}, {"standardize": False}])
@pytest.mark.parametrize("kind", ["two classes", "three classes", "one class", "labels", "number", "numbers"])
def test_a_step_gives_the_result_of_every_method_for_every_target(
    kind, settings, ragged, labels, three_labels, numbers, cube
):
    y = {
        "two classes": labels,
        "three classes": three_labels,
        "one class": np.full(40, "only"),
        "labels": np.column_stack([labels == "low", three_labels == "a", three_labels == "b"]).astype(int),
        "number": numbers,
        "numbers": np.column_stack([numbers, -(numbers**2)]),
    }[kind]
    model = (RNNRegressor if "number" in kind else RNNClassifier)(cell="lstm", **TINY, **settings).fit(ragged, y)
    for method in methods_of(model):
        assert_equal(outputs_of(model, cube, method)[0], by_prefixes(model, cube, method))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("sizes", [4, (4, 3)], ids=str)
def test_a_step_with_a_target_for_each_is_that_step_of_predict(cell, sizes, ragged, cube):
    y = [x[:, 0].cumsum() for x in ragged]
    settings = TINY | {"cell": cell, "hidden_layer_sizes": sizes, "return_sequences": True}
    model = RNNRegressor(**settings).fit(ragged, y)
    assert_equal(outputs_of(model, cube, "predict")[0], model.predict(cube))
    classifier = RNNClassifier(**settings).fit(ragged, [np.digitize(row, [-1, 1]) for row in y])
    for method in METHODS:
        assert_equal(outputs_of(classifier, cube, method)[0], getattr(classifier, method)(cube))


@pytest.mark.parametrize("settings", [{}, {"return_sequences": True}, {"hidden_layer_sizes": (4, 3)}], ids=str)
def test_tokens_are_stepped_through(settings, cube):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 5, (40, 6))
    y = X.cumsum(axis=1) if "return_sequences" in settings else X.sum(axis=1)
    model = RNNRegressor(**TINY | settings, cell="gru", embedding_dim=3).fit([3 * x for x in X], list(y))
    new = rng.integers(0, 15, (7, 6))  # of which most are unknown
    outputs, _ = outputs_of(model, new, "predict")
    per_step = "return_sequences" in settings
    assert_equal(outputs, model.predict(as_cube(new)) if per_step else by_prefixes(model, as_cube(new), "predict"))
    columns, _ = outputs_of(model, as_cube(new), "predict")
    assert np.array_equal(columns, outputs)


def as_cube(X):
    return X[:, :, None]


def test_a_model_of_columns_is_stepped_through_as_one_of_sequences(estimator, data, cube):
    X, y = np.array([x[:3, 0] for x in data[0]]), data[1]
    for form in (X, pd.DataFrame(X, columns=["a", "b", "c"])):
        model = estimator(**TINY).fit(form, y)
        for method in methods_of(model):
            outputs, _ = outputs_of(model, X, method)
            assert_equal(outputs[:, -1], getattr(model, method)(form))
    flat = np.array([x[:3] for x in data[0]])
    model = estimator(**TINY, input_size=2).fit(flat.reshape(40, -1), y)
    outputs, _ = outputs_of(model, flat, "predict")
    assert_equal(outputs[:, -1], model.predict(flat.reshape(40, -1)))


@pytest.mark.parametrize("n", [1, 2, 33, 1000])
def test_any_number_of_streams_go_side_by_side(model, n):
    X = np.random.default_rng(0).normal(size=(n, 4, 2))
    for method in methods_of(model):
        outputs, state = outputs_of(model, X, method)
        assert len(state) == state.n_streams == n
        assert_equal(outputs[:, -1], getattr(model, method)(X))
    one_by_one = np.concatenate([outputs_of(model, x[None], "predict")[0] for x in X[:20]])
    assert_equal(one_by_one, outputs_of(model, X, "predict")[0][:20])


def test_a_single_stream_may_be_given_without_its_axis(model):
    state = model.initial_state()
    assert len(state) == 1
    one, other = model.step([0.5, -1], state), model.step([[0.5, -1]], state)
    assert np.array_equal(one[0], other[0])
    assert one[0].shape == (1,)


def test_a_single_feature_may_be_given_without_its_axis(estimator, data):
    model = estimator(**TINY).fit([x[:, 0] for x in data[0]], data[1])
    state = model.initial_state(3)
    assert np.array_equal(model.step([1, 2, 3], state)[0], model.step([[1], [2], [3]], state)[0])
    assert np.array_equal(model.step(pd.Series([1, 2, 3]), state)[0], model.step([1, 2, 3], state)[0])


def test_float32_stays_float32(estimator, data, cube):
    X, y = [x.astype(np.float32) for x in data[0]], data[1]
    model = estimator(**TINY).fit(X, y)
    for method in methods_of(model):
        for streams in (cube, cube.astype(np.float32)):
            outputs, state = outputs_of(model, streams, method)
            assert_equal(outputs[:, -1], getattr(model, method)(streams), rtol=1e-5, atol=1e-5)
            assert outputs.dtype != np.float64 or not is_classifier(model)
        assert {array.dtype for name, array in state._arrays.items() if name[:2] in ("h_", "c_")} == {
            np.dtype(np.float32)
        }


# --- a state ----------------------------------------------------------------------------------------------------------


def test_a_step_changes_neither_the_state_nor_the_model_nor_the_data(model, cube):
    state = model.initial_state(len(cube))
    for t in range(3):
        before = joblib.hash(state._arrays), joblib.hash(vars(model)), joblib.hash(cube)
        _, after = model.step(cube[:, t], state)
        assert (joblib.hash(state._arrays), joblib.hash(vars(model)), joblib.hash(cube)) == before
        state = after


def test_a_stream_may_go_on_in_several_ways(model, cube):
    _, fork = outputs_of(model, cube[:, :3], "predict")
    left, _ = outputs_of(model, cube[:, 3:], "predict", fork)
    other = cube.copy()
    other[:, 3:] *= -1
    right, _ = outputs_of(model, other[:, 3:], "predict", fork)
    assert_equal(left[:, -1], model.predict(cube))
    assert_equal(right[:, -1], model.predict(other))
    again, _ = outputs_of(model, cube[:, 3:], "predict", fork)
    assert np.array_equal(left, again)


@pytest.mark.parametrize(
    "streams",
    [0, -1, np.int64(2), [0, 3], [3, 0, 3], slice(1, None), slice(None, None, -2), np.arange(9) % 2 == 0, [5]],
    ids=str,
)
def test_a_state_is_indexed_by_streams(model, cube, streams):
    rows = np.atleast_1d(np.arange(9)[streams])
    _, state = outputs_of(model, cube[:, :3], "predict")
    part = state[streams]
    assert len(part) == part.n_streams == len(rows)
    outputs, after = outputs_of(model, cube[rows, 3:], "predict", part)
    assert_equal(outputs[:, -1], model.predict(cube[rows]))
    assert len(after) == len(rows)
    assert_equal(model.predict(cube[rows, 3:], initial_state=part), model.predict(cube[rows]))


def test_a_state_out_of_range_is_an_error_and_so_states_are_iterable(model):
    state = model.initial_state(3)
    with pytest.raises(IndexError):
        state[3]
    assert [len(one) for one in state] == [1, 1, 1]
    assert "3 streams" in repr(state)


@pytest.mark.parametrize("go_on", ["step", "predict", "predict, then step"])
@pytest.mark.parametrize("copies", ["state", "model", "both", "both in one"])
def test_a_pickled_state_goes_on(model, cube, copies, go_on):
    _, state = outputs_of(model, cube[:, :2], "predict")
    expected = model.predict(cube)
    if copies == "both in one":
        model, state = pickle.loads(pickle.dumps((model, state)))
    if copies in ("state", "both"):
        state = pickle.loads(pickle.dumps(state))
    if copies in ("model", "both"):
        model = pickle.loads(pickle.dumps(model))
    assert len(state) == 9
    if go_on == "step":
        outputs, state = outputs_of(model, cube[:, 2:], "predict", state)
        assert_equal(outputs[:, -1], expected)
    elif go_on == "predict":
        assert_equal(model.predict(cube[:, 2:], initial_state=state), expected)
    else:
        _, state = model.predict(cube[:, 2:4], initial_state=state, return_state=True)
        outputs, state = outputs_of(model, cube[:, 4:], "predict", state[:])
        assert_equal(outputs[:, -1], expected)


def test_a_pickled_state_holds_no_weights(ragged, labels):
    model = LSTMClassifier(64, bidirectional=False, max_iter=1, random_state=0).fit(ragged, labels)
    assert len(pickle.dumps(model.initial_state())) < 10_000 < model.theta_.nbytes


@pytest.mark.parametrize("go_on", ["step", "predict", "predict, then step"])
def test_a_state_older_than_the_fit_goes_on_with_the_new_weights(estimator, data, cube, go_on):
    model = estimator(**TINY, pooling="last").fit(*data)
    _, state = outputs_of(model, cube[:, :2], "predict")
    model.partial_fit(*data)
    method = methods_of(model)[-1]
    expected, _ = outputs_of(model, cube[:, 2:], method, pickle.loads(pickle.dumps(state)))
    if go_on == "step":
        outputs, _ = outputs_of(model, cube[:, 2:], method, state)
    elif go_on == "predict":
        outputs = np.stack([model.predict(cube[:, 2:], initial_state=state)])
        expected = np.stack([outputs_of(model, cube[:, 2:], "predict", state)[0][:, -1]])
    else:
        _, state = model.predict(cube[:, 2:4], initial_state=state, return_state=True)
        outputs, _ = outputs_of(model, cube[:, 4:], method, state)
        expected = expected[:, 2:]
    assert_equal(outputs, expected)


OTHERS = [
    {"hidden_layer_sizes": 5},
    {"hidden_layer_sizes": (4, 4)},
    {"cell": "gru"},
    {"return_sequences": True},
]


@pytest.mark.parametrize("settings", OTHERS, ids=str)
def test_a_state_of_another_model_is_refused(settings, ragged, numbers, cube):
    model = RNNRegressor(**TINY, cell="lstm").fit(ragged, numbers)
    y = [np.full(len(x), 1.0) for x in ragged] if "return_sequences" in settings else numbers
    other = RNNRegressor(**{"cell": "lstm"} | TINY | settings).fit(ragged, y)
    for one, two in ((model, other), (other, model)):
        with pytest.raises(ValueError, match="Expected a state of this model, got one for other layers"):
            one.step(cube[:, 0], two.initial_state(9))
        with pytest.raises(ValueError, match="Expected a state of this model, got one for other layers"):
            one.predict(cube, initial_state=two.initial_state(9))
        with pytest.raises(ValueError, match="Expected a state of this model, got one for other layers"):
            one.predict(cube, initial_state=pickle.loads(pickle.dumps(two.initial_state(9))), return_state=True)


# --- chunks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
@pytest.mark.parametrize("sizes", [4, (4, 3)], ids=str)
def test_chunks_give_what_predict_says_of_all_steps_so_far(cell, sizes, pooling, ragged, numbers):
    settings = TINY | {"cell": cell, "hidden_layer_sizes": sizes, "pooling": pooling}
    model = RNNRegressor(**settings).fit(ragged, numbers)
    rng = np.random.default_rng(0)
    chunks = [[rng.normal(size=(length, 2)) for length in rng.integers(1, 8, 30)] for _ in range(3)]
    state, seen = None, [np.empty((0, 2))] * 30
    for chunk in chunks:
        seen = [np.concatenate(parts) for parts in zip(seen, chunk, strict=True)]
        y, state = model.predict(chunk, initial_state=state, return_state=True)
        assert_equal(y, model.predict(seen))
        assert len(state) == 30
    last = rng.normal(size=(30, 2))
    y, _ = model.step(last, state)
    assert_equal(y, model.predict([np.vstack([x, row]) for x, row in zip(seen, last, strict=True)]))


def test_chunks_of_a_net_with_a_target_for_each_step_are_the_parts_of_the_whole(ragged, cube):
    y = [x[:, 0].cumsum() > 0 for x in ragged]
    model = LSTMClassifier(**TINY, return_sequences=True).fit(ragged, y)
    whole = model.predict_proba(cube)
    first, state = model.predict_proba(cube[:, :2], return_state=True)
    second, state = model.predict_proba(cube[:, 2:], initial_state=state, return_state=True)
    assert_equal(np.concatenate([first, second], axis=1), whole)
    starts, state = model.predict_proba([x[:2] for x in ragged], return_state=True)
    ends = model.predict_proba([x[2:] for x in ragged], initial_state=state)
    for a, b, wanted in zip(starts, ends, model.predict_proba(ragged), strict=True):
        assert_equal(np.concatenate([a, b]), wanted)


def test_chunks_come_in_every_container(model, ragged):
    starts, ends = [x[:2] for x in ragged], [x[2:] for x in ragged]
    width = max(map(len, ends))
    padded = np.array([np.vstack([x, np.full((width - len(x), 2), np.nan)]) for x in ends])
    _, state = model.predict(np.array(starts), return_state=True)
    expected = model.predict(ragged)
    for form in (ends, tuple(ends), as_sequences(ends), as_column(ends), padded):
        assert_equal(model.predict(form, initial_state=state), expected)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_a_state_of_predict_and_one_of_steps_are_the_same(ragged, three_labels, cube, method):
    model = GRUClassifier(**TINY).fit(ragged, three_labels)
    y, of_predict = getattr(model, method)(cube, return_state=True)
    _, of_steps = outputs_of(model, cube, method)
    assert_equal(y, getattr(model, method)(cube))
    assert of_predict._arrays.keys() == of_steps._arrays.keys()
    for name, array in of_predict._arrays.items():
        np.testing.assert_allclose(array, of_steps._arrays[name], **CLOSE)


def test_many_streams_go_on_in_chunks_of_any_size(model):
    """More than are worked on at once."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in rng.integers(2, 20, 1500)]
    _, state = model.predict([x[: len(x) // 2] for x in X], return_state=True)
    assert_equal(model.predict([x[len(x) // 2 :] for x in X], initial_state=state), model.predict(X))


def test_chunks_of_tokens_and_of_float32(estimator, data):
    X, y = [np.abs(np.rint(3 * x[:, 0])).astype(np.int32) for x in data[0]], data[1]
    model = estimator(**TINY, embedding_dim=3).fit(X, y)
    respond = model.predict_proba if is_classifier(model) else model.predict
    _, state = respond([x[:2] for x in X], return_state=True)
    np.testing.assert_allclose(respond([x[2:] for x in X], initial_state=state), respond(X), rtol=1e-5)
    assert {array.dtype for name, array in state._arrays.items() if name[:2] in ("h_", "c_")} == {np.dtype(np.float32)}


# --- after each prefix ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.each_choice(times=2)
def test_a_stage_is_the_prediction_for_a_prefix(cell, pooling, ragged, three_labels, numbers):
    settings = TINY | {"cell": cell, "pooling": pooling}
    classifier = RNNClassifier(**settings).fit(ragged, three_labels)
    regressor = RNNRegressor(**settings | {"hidden_layer_sizes": (4, 3)}).fit(ragged, numbers)
    for staged, whole in (
        (classifier.staged_predict_proba(ragged), classifier.predict_proba),
        (classifier.staged_predict(ragged), classifier.predict),
        (regressor.staged_predict(ragged), regressor.predict),
    ):
        assert (staged.shape, staged.dtype) == ((40,), object)
        assert [len(row) for row in staged] == [len(x) for x in ragged]
        for t in range(max(map(len, ragged))):
            long = [j for j, x in enumerate(ragged) if len(x) > t]
            assert_equal(np.stack([staged[j][t] for j in long]), whole([ragged[j][: t + 1] for j in long]))


def test_stages_are_what_steps_give(model, cube):
    assert_equal(model.staged_predict(cube), outputs_of(model, cube, "predict")[0])
    if is_classifier(model):
        assert_equal(model.staged_predict_proba(cube), outputs_of(model, cube, "predict_proba")[0])


def test_the_container_of_stages_follows_from_that_of_X(ragged, labels, numbers, cube):
    model = LSTMClassifier(**TINY).fit(ragged, labels)
    assert model.staged_predict(cube).shape == (9, 6)
    assert model.staged_predict_proba(cube).shape == (9, 6, 2)
    for form in (list(cube), as_sequences(cube), as_column(cube)):
        assert model.staged_predict(form).shape == (9,)
        assert all(row.shape == (6, 2) for row in model.staged_predict_proba(form))
    padded = cube.copy()
    padded[0, 4:] = np.nan
    assert [len(row) for row in model.staged_predict(padded)] == [4] + [6] * 8
    columns = LSTMClassifier(**TINY).fit(cube[:, :, 0], labels[:9])
    assert columns.staged_predict_proba(cube[:, :, 0]).shape == (9, 6, 2)
    several = LSTMRegressor(**TINY).fit(ragged, np.column_stack([numbers, numbers]))
    assert several.staged_predict(cube).shape == (9, 6, 2)
    multilabel = LSTMClassifier(**TINY).fit(ragged, np.column_stack([labels == "low"] * 3).astype(int))
    assert multilabel.staged_predict(cube).shape == multilabel.staged_predict_proba(cube).shape == (9, 6, 3)


def test_the_stages_of_a_net_with_a_target_for_each_step_are_its_predictions(ragged):
    y = [x[:, 0].cumsum() > 0 for x in ragged]
    model = LSTMClassifier(**TINY, return_sequences=True).fit(ragged, y)
    for one, other in zip(model.staged_predict_proba(ragged), model.predict_proba(ragged), strict=True):
        assert_equal(one, other)


@pytest.mark.parametrize("form", ["list", "3-D", "2-D"])
@pytest.mark.parametrize("unequal", [False, True])
def test_stages_count_the_steps_that_are_not_passed_over(estimator, data, form, unequal):
    X = np.array([x[:3, 0] for x in data[0]])
    X[:, 1] = np.nan
    if unequal:
        X[20:, 0] = np.nan
    rows = [row[np.isfinite(row)] for row in X]
    form = {"list": list, "3-D": as_cube, "2-D": lambda X: X}[form](X)
    model, copied = (
        estimator(**TINY, missing="skip").fit(form, data[1]),
        estimator(**TINY).fit(rows, data[1]),
    )
    staged = model.staged_predict(form)
    assert [len(row) for row in staged] == [len(row) for row in rows]
    for one, other in zip(staged, copied.staged_predict(rows), strict=True):
        assert_equal(one, other)


# --- where it cannot be -----------------------------------------------------------------------------------------------

CANNOT = [
    ({"bidirectional": True}, "bidirectional=False"),
    ({"pooling": "attention"}, "pooling"),
    ({"pooling": ("last", "attention")}, "pooling"),
    ({"pooling": "attention", "hidden_layer_sizes": (4, 3)}, "pooling"),
]
STREAMING = ("initial_state", "step", "staged_predict", "staged_predict_proba")


@pytest.mark.parametrize("fitted", [False, True], ids=["new", "fitted"])
@pytest.mark.parametrize(("settings", "message"), CANNOT, ids=str)
def test_a_net_that_depends_on_what_is_to_come_cannot_stream(estimator, data, settings, message, fitted):
    model = estimator(**TINY | settings)
    if fitted:
        model.fit(*data)
    names = STREAMING if is_classifier(model) else STREAMING[:-1]
    for name in names:
        assert not hasattr(model, name)
        with pytest.raises(AttributeError) as error:
            getattr(model, name)
        assert message in str(error.value)
    if fitted:
        with pytest.raises(AttributeError, match=message):
            model.predict(data[0], return_state=True)
        state = estimator(**TINY).fit(*data).initial_state(40)
        with pytest.raises(AttributeError, match=message):
            model.predict(data[0], initial_state=state)


def test_what_was_fitted_decides_and_not_the_parameters_since(estimator, data):
    model = estimator(**TINY).fit(*data).set_params(bidirectional=True, pooling="attention")
    assert hasattr(model, "step")
    model = estimator(**TINY | {"bidirectional": True}).fit(*data).set_params(bidirectional=False)
    assert not hasattr(model, "step")


def test_attention_does_not_hinder_a_net_with_a_target_for_each_step(ragged):
    model = LSTMRegressor(**TINY, pooling="attention", return_sequences=True)
    assert hasattr(model, "step")
    model.fit(ragged, [x[:, 0] for x in ragged])
    assert model.step(np.zeros((2, 2)), model.initial_state(2))[0].shape == (2,)


@pytest.mark.parametrize("pooling", [1, None, "sum", ()])
def test_odd_parameters_are_no_error_before_fit(estimator, pooling):
    assert hasattr(estimator(**TINY, pooling=pooling), "step") in (True, False)


def test_before_fit_there_is_nothing_to_stream_with(estimator, ragged):
    for call in (
        lambda model: model.initial_state(),
        lambda model: model.staged_predict(ragged),
        lambda model: model.predict(ragged, return_state=True),
    ):
        with pytest.raises(NotFittedError):
            call(estimator(**TINY))


# --- what is wrong is named -------------------------------------------------------------------------------------------

BAD_X = {
    "NaN": ([[0, 1], [0, 1], [np.nan, 1]], "stream 2"),
    "infinity": ([[0, 1], [0, np.inf], [0, 1]], "stream 1"),
    "another number of streams": ([[0, 1], [0, 1]], r"\(3, 2\), one time step of 3 streams, got \(2, 2\)"),
    "another number of features": ([[0], [0], [0]], r"\(3, 2\).* got \(3, 1\)"),
    "the axes exchanged": ([[0, 1, 2], [0, 1, 2]], r"\(3, 2\).* got \(2, 3\)"),
    "time steps": (np.zeros((3, 1, 2)), r"\(3, 2\).* got \(3, 1, 2\)"),
    "one axis": ([0, 1, 2, 3, 4, 5], r"\(3, 2\).* got \(6,\)"),
    "a number": (0.0, r"got \(\)"),
    "strings": ([["a", "b"]] * 3, "could not convert|numbers"),
    "complex numbers": (np.ones((3, 2), complex), "[Cc]omplex"),
    "rows of unequal length": ([[0, 1], [0], [0, 1]], "inhomogeneous|shape"),
}


@pytest.mark.parametrize("case", BAD_X)
def test_a_bad_step_is_refused(model, case):
    x, message = BAD_X[case]
    state = model.initial_state(3)
    with pytest.raises(ValueError, match=message):
        model.step(x, state)


def test_a_step_too_large_for_the_dtype_is_refused(estimator, data):
    model = estimator(**TINY).fit([x.astype(np.float32) for x in data[0]], data[1])
    with pytest.raises(ValueError, match="stream 0"):
        model.step([[1e300, 0]], model.initial_state())


@pytest.mark.parametrize("token", [1.5, -1, np.nan, np.inf, "a"], ids=str)
def test_what_is_no_token_is_refused_by_step_as_by_predict(estimator, data, token):
    X = [np.abs(np.rint(x[:, 0])).astype(int) for x in data[0]]
    model = estimator(**TINY, embedding_dim=3).fit(X, data[1])
    with pytest.raises(ValueError):
        model.predict([np.array([token])])
    with pytest.raises(ValueError):
        model.step([1, token], model.initial_state(2))
    assert model.step([1, 10**9], model.initial_state(2))[0].shape == (2,)


@pytest.mark.parametrize("n", [0, -1])
def test_there_is_at_least_one_stream(model, n):
    with pytest.raises(ValueError, match=f"n_streams must be an integer of at least 1, got {n}"):
        model.initial_state(n)


def test_as_many_sequences_as_streams_are_wanted(model, ragged):
    with pytest.raises(ValueError, match="Expected 3 sequences, one per stream of initial_state, got 40"):
        model.predict(ragged, initial_state=model.initial_state(3))


def test_a_method_that_is_none_is_refused_by_name(model):
    for method in ("fit", "score", "predict_everything"):
        with pytest.raises((ValueError, AttributeError), match=method):
            model.step([0, 1], model.initial_state(), method=method)


def test_a_state_is_wanted_not_something_else(model, ragged):
    for state in ("state", None, {}):
        with pytest.raises(TypeError, match="Expected a StreamState, got "):
            model.step([0, 1], state)
    with pytest.raises(TypeError, match="got str"):
        model.predict(ragged, initial_state="state")


@pytest.mark.parametrize("n", [1, 1000])
def test_large_steps_limit_blas_to_one_thread_and_small_ones_do_not_care(n, ragged, numbers, monkeypatch):
    limited = []

    @contextmanager
    def watched():
        limited.append(True)
        yield

    model = RNNRegressor(**TINY | {"hidden_layer_sizes": 32}).fit(ragged, numbers)
    monkeypatch.setattr("sklearn_recurrent._core.threads.single_blas_thread", watched)
    model.step(np.zeros((n, 2)), model.initial_state(n))
    assert limited == ([] if n == 1 else [True])
