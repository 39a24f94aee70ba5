"""A target for each time step: every form of X and y, labels and numbers of every kind, weights, scores, folds."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.model_selection as ms
from checks import every_pair, same_bits
from sklearn.base import clone, is_classifier
from sklearn.metrics import accuracy_score, f1_score, log_loss, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from sklearn_recurrent import (
    GRUClassifier,
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
    RNNClassifier,
    RNNRegressor,
    SequenceDataWarning,
    as_column,
    as_sequences,
    sequence_scorer,
)
from sklearn_recurrent._core.cells.registry import CELLS

TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "batch_size": 11, "random_state": 0, "return_sequences": True}
STEADY = {"learning_rate": "constant", "tol": 0, "n_iter_no_change": 1000}  # always to max_iter
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(params=[GRUClassifier, LSTMRegressor], ids=["GRUClassifier", "LSTMRegressor"])
def estimator(request):
    """One class for each kind of target: all share what is tested here."""
    return request.param


def flat(y):
    return np.concatenate(list(y))


def objects(y):
    """A 1-D object array, of labels too."""
    return np.fromiter(y, dtype=object, count=len(y))


@pytest.fixture
def sums(ragged):
    """The sum of the first feature so far."""
    return [x[:, 0].cumsum() for x in ragged]


@pytest.fixture
def step_labels(sums):
    return [np.array(["low", "high"])[(s > 0).astype(int)] for s in sums]


@pytest.fixture
def three_step_labels(sums):
    return [np.array(["a", "b", "c"])[np.digitize(s, [-1, 1])] for s in sums]


@pytest.fixture
def step_numbers(sums):
    return [500 + 10 * s for s in sums]


@pytest.fixture
def steps(request, ragged):
    """Sequences, and a target for each of their steps, for the class in the fixture `estimator`."""
    kind = "step_labels" if is_classifier(request.getfixturevalue("estimator")()) else "step_numbers"
    return ragged, request.getfixturevalue(kind)


def responses(model, X):
    methods = ("predict", "predict_proba", "predict_log_proba", "decision_function")
    return {name: getattr(model, name)(X) for name in methods if hasattr(model, name)}


# --- every container of X with every container of y -------------------------------------------------------------------

RAGGED_X = {
    "list": list,
    "tuple": tuple,
    "object array": as_sequences,
    "object column": as_column,
    "Series": lambda X: pd.Series(X, index=range(100, 100 + len(X))),
    "frame": lambda X: pd.DataFrame({"x": X}, index=range(100, 100 + len(X))),
    "nested lists": lambda X: [x.tolist() for x in X],
}
RAGGED_Y = {
    "list": list,
    "tuple": tuple,
    "lists": lambda y: [row.tolist() for row in y],
    "tuples": lambda y: tuple(tuple(row.tolist()) for row in y),
    "object array": objects,
    "object array of lists": lambda y: objects([row.tolist() for row in y]),
    "object column": lambda y: objects(y)[:, None],
    "Series": lambda y: pd.Series(list(y), index=range(100, 100 + len(y))),
    "frame": lambda y: pd.DataFrame({"y": list(y)}, index=range(100, 100 + len(y))),
}


def padded_y(y, before=0, width=12):
    """One row for each sequence; in the padding stand targets that come elsewhere, too."""
    padded = np.empty((len(y), width, *y[0].shape[1:]), y[0].dtype)
    padded[...] = y[0][0]
    for row, values in zip(padded, y, strict=True):
        row[before : before + len(values)] = values
    return padded


@pytest.mark.parametrize(("x_form", "y_form"), every_pair(RAGGED_X, RAGGED_Y))
@pytest.mark.parametrize("cls", [RNNClassifier, RNNRegressor])
@pytest.mark.each_choice
def test_containers_of_ragged_sequences_and_targets_give_one_model(
    cls, x_form, y_form, ragged, step_labels, step_numbers
):
    y = step_labels if cls is RNNClassifier else step_numbers
    expected = cls(**TINY).fit(ragged, y)
    X, Y = RAGGED_X[x_form](ragged), RAGGED_Y[y_form](y)
    model = cls(**TINY).fit(X, Y)
    assert same_bits(model, expected)
    assert model.score(X, Y) == expected.score(ragged, y)
    for name, out in responses(model, X).items():
        assert out.shape == (len(ragged),)
        assert out.dtype == object
        for row, wanted in zip(out, getattr(expected, name)(ragged), strict=True):
            assert np.array_equal(row, wanted)


@pytest.mark.parametrize("before", [0, 2])
def test_padding_with_targets_ragged_or_padded_gives_the_model_of_ragged_sequences(estimator, steps, cube, before):
    X, y = steps
    expected = estimator(**TINY).fit(X, y)
    padded = cube(X, width=12, before=before)
    weight = [np.arange(len(x)) % 3 + 0.5 for x in X]
    for form in (list(y), objects(y), padded_y(y, before), padded_y(y, before).tolist()):
        model = estimator(**TINY).fit(padded, form)
        assert same_bits(model, expected)
        assert model.score(padded, form) == expected.score(X, y)
        weighted = model.score(padded, form, sample_weight=padded_y(weight, before))
        assert weighted == expected.score(X, y, sample_weight=weight)
    for name, out in responses(expected, padded).items():
        assert (out.shape, out.dtype) == ((len(X),), object)
        assert all(np.array_equal(*rows) for rows in zip(out, getattr(expected, name)(X), strict=True))


def test_flat_padded_columns_give_the_model_of_ragged_sequences(estimator, steps, cube):
    X, y = steps
    expected = estimator(**TINY).fit(X, y)
    columns = cube(X, width=12).reshape(len(X), -1)
    for form in (y, padded_y(y)):
        model = estimator(**TINY, input_size=2).fit(columns, form)
        assert same_bits(model, expected)
        assert model.score(columns, form) == expected.score(X, y)
    out = model.predict(columns)
    assert out.dtype == object
    assert all(np.array_equal(*rows) for rows in zip(out, expected.predict(X), strict=True))


EQUAL_Y = RAGGED_Y | {
    "array": np.array,
    "array in Fortran order": lambda y: np.asfortranarray(np.array(y)),
    "frame of columns": lambda y: pd.DataFrame(np.array(y)),
}
EQUAL_Y_OF_SEVERAL = {name: form for name, form in EQUAL_Y.items() if name != "frame of columns"}


@pytest.mark.parametrize("y_form", EQUAL_Y)
@pytest.mark.each_choice
def test_equally_long_sequences_in_every_container_give_one_model(estimator, steps, y_form):
    X, y = [x[:3, :1] for x in steps[0]], [row[:3] for row in steps[1]]
    expected = estimator(**TINY).fit(X, y)
    cube = np.array(X)
    forms = {"3-D": cube, "2-D": cube[:, :, 0], "frame": pd.DataFrame(cube[:, :, 0]), "list": X, "object": objects(X)}
    expected_responses = responses(expected, X).values()
    for name, form in forms.items():
        Y = EQUAL_Y[y_form](y)
        model = estimator(**TINY).fit(form, Y)
        assert same_bits(model, expected)
        for out, wanted in zip(responses(model, form).values(), expected_responses, strict=True):
            assert np.array_equal(np.stack(list(out)), np.stack(list(wanted)))
            assert (out.dtype == object) == (name in ("list", "object"))
        assert model.score(form, Y) == expected.score(X, y)


def test_the_container_of_a_prediction_follows_from_that_of_X_and_never_from_the_lengths(ragged, three_step_labels):
    X, y = [x[:, :1] for x in ragged], three_step_labels
    model = RNNClassifier(**TINY).fit(X, y)
    long = [x for x in X if len(x) == 5]
    for form in (long, tuple(long), objects(long), as_column(long), long[:1], objects(long[:1])):
        for name, width in (("predict", ()), ("predict_proba", (3,)), ("decision_function", (3,))):
            out = getattr(model, name)(form)
            assert out.shape == (len(form),)
            assert out.dtype == object
            assert all(row.shape == (5, *width) for row in out)
    cube = np.array(long)
    for width, part in ((len(long), cube), (1, cube[:1])):
        assert model.predict(part).shape == (width, 5)
        assert model.predict_proba(part).shape == (width, 5, 3)
        assert model.decision_function(part).shape == (width, 5, 3)
    one_row = cube.copy()
    one_row[0, -1] = np.nan
    assert model.predict(one_row).dtype == object
    columns = RNNClassifier(**TINY).fit(cube[:, :, 0], [row[:5] for row in y if len(row) == 5])
    assert columns.predict(cube[:, :, 0]).shape == (len(long), 5)
    assert columns.predict_proba(cube[:, :, 0]).shape == (len(long), 5, len(columns.classes_))


def test_two_classes_have_one_score_a_step(ragged, step_labels):
    model = RNNClassifier(**TINY).fit(ragged, step_labels)
    cube = np.array([x[:3] for x in ragged])
    assert model.decision_function(cube).shape == (40, 3)
    assert model.predict_proba(cube).shape == (40, 3, 2)
    assert model.decision_function(ragged)[0].shape == (len(ragged[0]),)


def test_several_targets_a_step_in_every_container_give_one_model(ragged, step_numbers):
    y = [np.column_stack([row, -(row**2)]) for row in step_numbers]
    expected = RNNRegressor(**TINY).fit(ragged, y)
    for name, form in RAGGED_Y.items():
        model = RNNRegressor(**TINY).fit(ragged, form(y))
        assert same_bits(model, expected), name
    short = [x[:3] for x in ragged]
    expected = RNNRegressor(**TINY).fit(short, [row[:3] for row in y])
    for name, form in EQUAL_Y_OF_SEVERAL.items():
        model = RNNRegressor(**TINY).fit(np.array(short), form([row[:3] for row in y]))
        assert same_bits(model, expected), name
    assert model.predict(np.array(short)).shape == (40, 3, 2)
    assert [row.shape for row in model.predict(ragged)] == [row.shape for row in y]


def test_a_column_for_each_step_is_one_target(estimator, steps):
    X, y = steps
    with pytest.warns(UserWarning, match="column-vector y was passed"):
        column = estimator(**TINY).fit(X, [row[:, None] for row in y])
    assert same_bits(column, estimator(**TINY).fit(X, y))
    assert column.predict(X)[0].shape == (len(X[0]),)


# --- targets of every kind --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", [[1, 0], [-1, 1], [True, False], ["b", "a"], [1.0, 2.0], [np.int8(3), np.int8(7)]], ids=str
)
def test_labels_of_every_type_come_back_as_they_were(classifier, ragged, sums, names):
    y = [np.array(names)[(s > 0).astype(int)] for s in sums]
    model = classifier(**TINY).fit(ragged, y)
    assert np.array_equal(model.classes_, np.unique(flat(y)))
    predicted = flat(model.predict(ragged))
    assert predicted.dtype == flat(y).dtype
    assert set(predicted.tolist()) <= set(flat(y).tolist())
    assert np.array_equal(model.score(ragged, y), accuracy_score(flat(y), predicted))


def test_labels_as_objects_are_taken(ragged, step_labels):
    model = RNNClassifier(**TINY).fit(ragged, [row.astype(object) for row in step_labels])
    assert same_bits(model, RNNClassifier(**TINY).fit(ragged, step_labels))
    assert set(flat(model.predict(ragged)).tolist()) <= {"high", "low"}


def test_probabilities_go_with_the_decisions(ragged, step_labels, three_step_labels):
    for y, k in ((step_labels, 2), (three_step_labels, 3)):
        model = RNNClassifier(**TINY).fit(ragged, y)
        out = {name: flat(values) for name, values in responses(model, ragged).items()}
        p = out["predict_proba"]
        assert p.shape == (len(flat(y)), k)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        np.testing.assert_allclose(np.log(p), out["predict_log_proba"])
        assert np.array_equal(model.classes_[p.argmax(axis=1)], out["predict"])
        assert model.out_activation_ == ("logistic" if k == 2 else "softmax")


def test_one_class_at_all_steps_is_predicted_with_certainty(ragged):
    model = RNNClassifier(**TINY).fit(ragged, [["only"] * len(x) for x in ragged])
    assert set(flat(model.predict(ragged))) == {"only"}
    assert (flat(model.predict_proba(ragged)) == 1).all()


def test_multilabel_targets_have_an_output_each(ragged, sums):
    Y = [np.column_stack([s > 0, s > 1, x[:, 1] > 0]).astype(int) for s, x in zip(sums, ragged, strict=True)]
    model = RNNClassifier(**TINY | {"max_iter": 30, "learning_rate_init": 0.05}).fit(ragged, Y)
    assert (model.n_outputs_, model.out_activation_) == (3, "logistic")
    predicted, p = model.predict(ragged), model.predict_proba(ragged)
    assert [row.shape for row in predicted] == [row.shape for row in p] == [row.shape for row in Y]
    assert np.array_equal(flat(predicted), flat(p) > 0.5)
    assert model.score(ragged, Y) == accuracy_score(flat(Y), flat(predicted)) > 0.7
    assert model.predict(np.array([x[:3] for x in ragged])).shape == (40, 3, 3)
    expected = RNNClassifier(**TINY).fit(ragged, Y)
    for name, form in RAGGED_Y.items():
        assert same_bits(RNNClassifier(**TINY).fit(ragged, form(Y)), expected), name


def test_numbers_come_back_in_their_unit(regressor, ragged, step_numbers):
    model = regressor(**TINY | {"max_iter": 30, "learning_rate_init": 0.05}).fit(ragged, step_numbers)
    np.testing.assert_allclose(model.y_mean_, flat(step_numbers).mean())
    np.testing.assert_allclose(model.y_scale_, flat(step_numbers).std())
    assert model.score(ragged, step_numbers) > 0.8
    assert all(row.dtype == np.float64 for row in model.predict(ragged))
    several = [np.column_stack([row, 1e-6 * row]) for row in step_numbers]
    model.fit(ragged, several)
    assert model.n_outputs_ == 2
    assert [row.shape for row in model.predict(ragged)] == [row.shape for row in several]
    assert model.score(ragged, several) > 0.8


@pytest.mark.parametrize("dtype", [np.int32, np.float32, bool, object])
def test_numbers_of_every_type_are_float64_inside(ragged, sums, dtype):
    y = [(s > 0).astype(dtype) for s in sums]
    expected = RNNRegressor(**TINY).fit(ragged, [row.astype(float) for row in y])
    assert same_bits(RNNRegressor(**TINY).fit(ragged, y), expected)


# --- what a step sees, and what is minimized --------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_learns_what_each_step_is(cell, ragged, step_labels, step_numbers):
    settings = {"cell": cell, "return_sequences": True, "max_iter": 10, "batch_size": 8, "random_state": 0}
    settings["learning_rate_init"] = 0.06
    assert RNNClassifier(8, **settings).fit(ragged, step_labels).score(ragged, step_labels) > 0.9
    assert RNNRegressor(8, **settings).fit(ragged, step_numbers).score(ragged, step_numbers) > 0.75


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("sizes", [4, (4, 3)])
def test_only_a_bidirectional_net_knows_what_is_to_come(estimator, steps, sizes, bidirectional):
    X, y = steps
    model = estimator(**TINY | {"hidden_layer_sizes": sizes}, bidirectional=bidirectional).fit(X, y)
    method = "decision_function" if is_classifier(model) else "predict"
    whole, start = getattr(model, method)(X), getattr(model, method)([x[:3] for x in X])
    same = [np.allclose(a[:3], b, rtol=1e-12, atol=1e-12) for a, b in zip(whole, start, strict=True) if len(a) > 3]
    assert any(same) != bidirectional
    assert all(same) != bidirectional


MOVED = [x[:-1] for x in np.random.default_rng(0).integers(0, 3, (40, 12))]
NEXT = [x[1:] for x in np.random.default_rng(0).integers(0, 3, (40, 12))]
IN_TWO_DIRECTIONS = {  # a model, X, y that is X one step later
    "tokens": (RNNClassifier(embedding_dim=2), MOVED, NEXT),
    "words for tokens": (RNNClassifier(embedding_dim=2), MOVED, [np.array(["a", "b", "c"])[y] for y in NEXT]),
    "a table of tokens": (RNNClassifier(embedding_dim=2), np.array(MOVED), np.array(NEXT)),
    "labels": (RNNClassifier(), MOVED, NEXT),
    "numbers": (RNNRegressor(), [np.c_[x, x**2] for x in MOVED], [np.c_[y**2, y] for y in NEXT]),
    "one of several numbers, scaled": (LSTMRegressor(), [np.c_[x % 2, x] / 9 for x in MOVED], NEXT),
    "an indicator": (GRUClassifier(), [np.eye(3)[x] for x in MOVED], [np.eye(3, dtype=int)[y] for y in NEXT]),
    "a cube": (RNNRegressor(), np.array(MOVED, np.float32)[:, :, None], np.array(NEXT)),
}


@pytest.mark.parametrize("case", IN_TWO_DIRECTIONS)
def test_whoever_lets_the_backward_direction_read_the_answer_is_warned(case):
    model, X, y = IN_TWO_DIRECTIONS[case]
    model = clone(model).set_params(**TINY | {"max_iter": 1}, bidirectional=True)
    with pytest.warns(SequenceDataWarning, match=r"y at step t is .* at step t \+ 1.*bidirectional=False") as caught:
        model.fit(X, y)
    assert caught[0].filename == __file__
    with pytest.warns(SequenceDataWarning, match="bidirectional=False"):
        clone(model).partial_fit(X, y)
    model.set_params(warm_start=True).fit(X, y)  # a second warning would be an error here
    for mended in ("auto", False):
        clone(model).set_params(bidirectional=mended).fit(X, y)


def test_in_two_directions_other_targets_cause_no_warning(estimator, steps):
    X, y = steps
    estimator(**TINY, bidirectional=True).fit(X, y)  # a warning would be an error here
    weight = [np.r_[np.zeros(len(x) - 1), 1.0] for x in MOVED]
    RNNClassifier(**TINY, bidirectional=True).fit(MOVED, NEXT, sample_weight=weight)


def test_sequences_of_one_step_are_those_of_a_net_with_a_target_each(estimator, steps):
    X, y = [x[:1] for x in steps[0]], [row[:1] for row in steps[1]]
    model = estimator(**TINY).fit(X, y)
    single = estimator(**TINY | {"return_sequences": False}, bidirectional=False, pooling="last").fit(X, flat(y))
    np.testing.assert_allclose(model.theta_, single.theta_, rtol=1e-9, atol=1e-12)
    assert np.array_equal(flat(model.predict(X)).tolist(), single.predict(X).tolist()) or not is_classifier(model)


def test_the_pooling_plays_no_part(estimator, steps):
    X, y = steps
    for directions in (1, 2):
        settings = TINY | {"bidirectional": directions == 2}
        models = [estimator(**settings, pooling=kind).fit(X, y) for kind in ("last", ("mean", "max"), "attention")]
        assert all(same_bits(models[0], other) for other in models[1:])
        assert models[0].weights_["head/V"].shape == (1, directions * 4 + 1)


def test_the_loss_is_the_documented_one(ragged, step_labels, three_step_labels, step_numbers):
    """Of one step, before which the weights are the initial ones: the weighted mean over all time steps."""
    weight = [np.arange(len(x)) % 3 + 0.5 for x in ragged]
    settings = TINY | {"max_iter": 1, "batch_size": 40, "solver": "sgd", "learning_rate_init": 1e-300, "alpha": 0.0}
    for y in (step_labels, three_step_labels):
        model = RNNClassifier(**settings).fit(ragged, y, sample_weight=weight)
        expected = log_loss(flat(y), flat(model.predict_proba(ragged)), sample_weight=flat(weight))
        np.testing.assert_allclose(model.loss_, expected)
    model = RNNRegressor(**settings).fit(ragged, step_numbers, sample_weight=weight)
    z = (flat(model.predict(ragged)) - flat(step_numbers)) / model.y_scale_
    np.testing.assert_allclose(model.loss_, np.average(z**2 / 2, weights=flat(weight)))
    penalized = RNNRegressor(**settings | {"alpha": 0.3}).fit(ragged, step_numbers, sample_weight=weight)
    squares = sum((w**2).sum() for w in penalized.weights_.values())
    np.testing.assert_allclose(penalized.loss_ - model.loss_, 0.15 * squares / flat(weight).sum())


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.each_choice
def test_every_solver_learns(estimator, steps, solver):
    X, y = steps
    rate = {"adam": 0.03, "sgd": 0.1, "lbfgs": 0.01}[solver]
    model = estimator(8, max_iter=20, batch_size=8, solver=solver, return_sequences=True, random_state=0)
    model.set_params(learning_rate_init=rate)
    assert model.fit(X, y).score(X, y) > 0.8
    assert model.loss_ < 0.5 * model.loss_curve_[0]


def test_float32_stays_float32(estimator, steps):
    X, y = [x.astype(np.float32) for x in steps[0]], steps[1]
    model = estimator(**TINY).fit(X, y)
    assert model.theta_.dtype == np.float32
    for name, out in responses(model, X).items():
        assert name == "predict" or all(row.dtype == np.float32 for row in out)


# --- scores -----------------------------------------------------------------------------------------------------------


def test_the_score_is_accuracy_or_r2_over_all_steps(estimator, steps):
    X, y = steps
    model = estimator(**TINY).fit(X, y)
    metric = accuracy_score if is_classifier(model) else r2_score
    predicted = flat(model.predict(X))
    assert model.score(X, y) == metric(flat(y), predicted)
    weight = np.arange(len(X)) % 3 + 0.5
    lengths = [len(x) for x in X]
    by_sequence = metric(flat(y), predicted, sample_weight=np.repeat(weight, lengths))
    assert model.score(X, y, sample_weight=weight) == by_sequence
    by_step = [np.arange(length) % 2 + 0.5 for length in lengths]
    assert model.score(X, y, sample_weight=by_step) == metric(flat(y), predicted, sample_weight=flat(by_step))
    assert model.score(X, y) == sequence_scorer("accuracy" if is_classifier(model) else "r2")(model, X, y)


def test_several_outputs_are_scored_by_their_mean_r2(ragged, step_numbers):
    y = [np.column_stack([row, np.sin(row)]) for row in step_numbers]
    model = RNNRegressor(**TINY).fit(ragged, y)
    assert model.score(ragged, y) == r2_score(flat(y), flat(model.predict(ragged)))


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def dyadic(ragged):
    """A weight for each step: sums of such are exact."""
    rng = np.random.default_rng(5)
    return [rng.integers(1, 8, len(x)) / 4 for x in ragged]


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}, {"early_stopping": True}, {"shuffle": False}], ids=str)
def test_the_weight_of_a_sequence_is_that_of_its_steps(estimator, steps, settings):
    X, y = steps
    weight = np.arange(len(X)) % 4 * 1.5
    by_sequence = estimator(**TINY, **settings).fit(X, y, sample_weight=weight)
    by_step = [np.full(len(x), w) for x, w in zip(X, weight, strict=True)]
    for form in (by_step, objects(by_step), [row.tolist() for row in by_step], pd.Series(by_step)):
        assert same_bits(estimator(**TINY, **settings).fit(X, y, sample_weight=form), by_sequence)
    assert not same_bits(estimator(**TINY, **settings).fit(X, y), by_sequence)


def test_weights_of_steps_in_every_container_give_one_model(estimator, steps, dyadic, cube):
    X, y = steps
    expected = estimator(**TINY).fit(X, y, sample_weight=dyadic)
    assert not same_bits(expected, estimator(**TINY).fit(X, y))
    for name, form in RAGGED_Y.items():
        assert same_bits(estimator(**TINY).fit(X, y, sample_weight=form(dyadic)), expected), name
    for weight in (dyadic, padded_y(dyadic)):
        assert same_bits(estimator(**TINY).fit(cube(X, width=12), padded_y(y), sample_weight=weight), expected)
    X, y, weight = [x[:3] for x in X], [row[:3] for row in y], [row[:3] for row in dyadic]
    expected = estimator(**TINY).fit(X, y, sample_weight=weight)
    assert same_bits(estimator(**TINY).fit(np.array(X), np.array(y), sample_weight=np.array(weight)), expected)


def test_a_number_as_weight_is_that_of_all(estimator, steps):
    X, y = steps
    expected = estimator(**TINY).fit(X, y, sample_weight=np.full(len(X), 2))
    assert same_bits(estimator(**TINY).fit(X, y, sample_weight=2), expected)


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}, {"early_stopping": True}, {"class_weight": "balanced"}])
def test_weight_0_is_a_sequence_left_out_and_weight_2_one_given_twice(estimator, steps, settings):
    X, y = steps
    if not is_classifier(estimator()):
        settings = {name: value for name, value in settings.items() if name != "class_weight"}
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 4, len(X))
    rows = rng.permutation(np.repeat(np.arange(len(X)), weight))
    weighted = estimator(**TINY, **settings).fit(X, y, sample_weight=weight)
    repeated = estimator(**TINY, **settings).fit([X[j] for j in rows], [y[j] for j in rows])
    assert same_bits(weighted, repeated)
    assert weighted.loss_curve_ == repeated.loss_curve_


def test_a_sequence_given_twice_with_weights_of_steps_has_their_sums(estimator, steps, dyadic):
    X, y = steps
    other = [row[::-1] * 2 for row in dyadic]
    once = estimator(**TINY).fit(X, y, sample_weight=[a + b for a, b in zip(dyadic, other, strict=True)])
    assert same_bits(estimator(**TINY).fit(X + X, y + y, sample_weight=dyadic + other), once)
    assert same_bits(estimator(**TINY).fit(X + X, y + y, sample_weight=other + dyadic), once)


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd"}, {"early_stopping": True}, {"dropout": 0.3}], ids=str)
def test_the_order_of_the_sequences_has_no_influence(estimator, steps, dyadic, settings):
    X, y = steps
    order = np.random.default_rng(2).permutation(len(X))
    model = estimator(**TINY, **settings).fit(X, y, sample_weight=dyadic)
    other = estimator(**TINY, **settings).fit(
        [X[j] for j in order], [y[j] for j in order], sample_weight=[dyadic[j] for j in order]
    )
    assert same_bits(model, other)
    shuffled = [estimator(**TINY, shuffle=False).fit(X[::k], y[::k]) for k in (1, -1)]
    assert not same_bits(*shuffled)


def test_the_target_of_a_step_of_weight_0_plays_no_part(estimator, steps):
    X, y = steps
    rng = np.random.default_rng(3)
    weight = [(rng.random(len(x)) < 0.7).astype(float) for x in X]
    others = flat(y)[rng.permutation(len(flat(y)))]
    cuts = np.cumsum([len(x) for x in X])[:-1]
    spoilt = [np.where(w > 0, a, b) for w, a, b in zip(weight, y, np.split(others, cuts), strict=True)]
    assert any((a != b).any() for a, b in zip(y, spoilt, strict=True))
    in_order = TINY | {"shuffle": False}
    model = estimator(**in_order).fit(X, y, sample_weight=weight)
    assert same_bits(model, estimator(**in_order).fit(X, spoilt, sample_weight=weight))
    assert not same_bits(model, estimator(**in_order).fit(X, y))
    whole = TINY | {"batch_size": 40}
    model, other = (estimator(**whole).fit(X, targets, sample_weight=weight) for targets in (y, spoilt))
    np.testing.assert_allclose(model.theta_, other.theta_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("value", [1e6, -1e100, 1e300])
def test_a_step_of_weight_0_may_have_a_number_of_any_size(ragged, step_numbers, value):
    weight = [np.ones(len(x)) for x in ragged]
    weight[3][1] = 0
    spoilt = [row.copy() for row in step_numbers]
    spoilt[3][1] = value
    model, other = (
        RNNRegressor(**TINY, shuffle=False).fit(ragged, y, sample_weight=weight) for y in (step_numbers, spoilt)
    )
    np.testing.assert_allclose(other.theta_, model.theta_, rtol=1e-9, atol=1e-12)


def test_a_label_that_only_steps_of_weight_0_have_is_no_class(ragged, step_labels):
    weight = [np.ones(len(x)) for x in ragged]
    spoilt = [row.astype("U6") for row in step_labels]
    for w, row in zip(weight[::2], spoilt[::2], strict=True):
        w[0], row[0] = 0, "ignore"
    model = RNNClassifier(**TINY, shuffle=False).fit(ragged, spoilt, sample_weight=weight)
    assert model.classes_.tolist() == ["high", "low"]
    assert same_bits(model, RNNClassifier(**TINY, shuffle=False).fit(ragged, step_labels, sample_weight=weight))


def test_a_class_without_weight_is_no_class(ragged, three_step_labels):
    weight = np.array([float("c" not in row) for row in three_step_labels])
    model = RNNClassifier(**TINY).fit(ragged, three_step_labels, sample_weight=weight)
    assert model.classes_.tolist() == ["a", "b"]


def test_class_weights_are_weights_of_steps(classifier, ragged, three_step_labels):
    by_class = {"a": 2.0, "b": 0.5, "c": 3.0}
    weight = [np.array([by_class[label] for label in row]) for row in three_step_labels]
    settings = TINY | {"standardize": False, "alpha": 0.0}  # sample weights count in mean, variance and penalty, too
    expected = classifier(**settings).fit(ragged, three_step_labels, sample_weight=weight)
    model = classifier(**settings, class_weight=by_class)
    assert same_bits(model.fit(ragged, three_step_labels), expected)
    both = clone(model).fit(ragged, three_step_labels, sample_weight=weight)
    squared = classifier(**settings).fit(ragged, three_step_labels, sample_weight=[row**2 for row in weight])
    assert same_bits(both, squared)


def test_balanced_classes_have_the_same_total_over_steps(classifier, ragged, three_step_labels):
    steps, classes = flat(three_step_labels), np.array(["a", "b", "c"])
    by_class = dict(zip(classes, compute_class_weight("balanced", classes=classes, y=steps), strict=True))
    balanced = classifier(**TINY, class_weight="balanced").fit(ragged, three_step_labels)
    by_hand = classifier(**TINY, class_weight=by_class).fit(ragged, three_step_labels)
    np.testing.assert_allclose(balanced.theta_, by_hand.theta_, rtol=1e-6, atol=1e-9)


def test_features_are_scaled_by_the_weights_of_their_sequences(estimator, steps, dyadic):
    X, y = steps
    model = estimator(**TINY).fit(X, y, sample_weight=dyadic)
    weight = np.concatenate([np.full(len(w), w.mean()) for w in dyadic])
    np.testing.assert_allclose(model.x_mean_, np.average(flat(X), axis=0, weights=weight))


# --- folds, searches, pipelines, copies -------------------------------------------------------------------------------


def test_predictions_by_folds_are_those_of_fits_by_hand(estimator, steps):
    X, y = steps
    model, cv = estimator(**TINY), ms.KFold(4)
    for form in (list, as_sequences):
        predicted = ms.cross_val_predict(model, form(X), y, cv=cv)
        assert (predicted.shape, predicted.dtype) == ((40,), object)
        for train, test in cv.split(X):
            by_hand = clone(model).fit([X[j] for j in train], [y[j] for j in train]).predict([X[j] for j in test])
            assert all(np.array_equal(*rows) for rows in zip(predicted[test], by_hand, strict=True))


def test_folds_whose_sequences_happen_to_be_equally_long_keep_their_form(estimator, steps):
    order = np.argsort([len(x) for x in steps[0]], kind="stable")
    X, y = [steps[0][j] for j in order], [steps[1][j] for j in order]
    lengths = np.array([len(x) for x in X])
    folds = [(np.flatnonzero(lengths != length), np.flatnonzero(lengths == length)) for length in np.unique(lengths)]
    predicted = ms.cross_val_predict(estimator(**TINY), X, y, cv=folds)
    assert [len(row) for row in predicted] == lengths.tolist()


@pytest.mark.parametrize("form", [list, as_sequences, "cube"])
def test_a_search_over_parameters_scores_all_steps(estimator, steps, cube, form):
    X, y = (cube if form == "cube" else form)(steps[0]), steps[1]
    name = "f1_macro" if is_classifier(estimator()) else "neg_mean_squared_error"
    for scoring in (None, sequence_scorer(name)):
        search = ms.GridSearchCV(estimator(**TINY), {"bidirectional": [True, False]}, cv=2)
        search.set_params(scoring=scoring, error_score="raise").fit(X, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert len(search.predict(X)) == 40
        assert np.isfinite(search.score(X, y))


def test_cross_validation_gives_the_scores_of_fits_by_hand(ragged, three_step_labels):
    y, cv = three_step_labels, ms.KFold(2)
    model = GRUClassifier(**TINY)
    scores = ms.cross_validate(model, ragged, y, cv=cv, scoring=sequence_scorer(["f1_macro", "accuracy"]))
    for (train, test), f1, accuracy in zip(
        cv.split(ragged), scores["test_f1_macro"], scores["test_accuracy"], strict=True
    ):
        fitted = clone(model).fit([ragged[j] for j in train], [y[j] for j in train])
        predicted, true = flat(fitted.predict([ragged[j] for j in test])), flat([y[j] for j in test])
        assert f1 == f1_score(true, predicted, average="macro")
        assert accuracy == accuracy_score(true, predicted)


def test_weights_of_steps_reach_every_fold(ragged, step_labels, dyadic):
    search = ms.GridSearchCV(RNNClassifier(**TINY), {"alpha": [0.1]}, cv=2, error_score="raise")
    search.fit(ragged, step_labels, sample_weight=dyadic)
    assert same_bits(search.best_estimator_, RNNClassifier(**TINY).fit(ragged, step_labels, sample_weight=dyadic))


def test_a_pipeline_scales_each_step_and_keeps_their_number(estimator, steps):
    X, y = steps
    model = make_pipeline(PerTimestep(StandardScaler()), estimator(**TINY)).fit(X, y)
    assert [len(row) for row in model.predict(X)] == [len(x) for x in X]
    scaled = PerTimestep(StandardScaler()).fit_transform(X)
    assert same_bits(model[-1], estimator(**TINY).fit(scaled, y))
    assert model.score(X, y) == model[-1].score(scaled, y)
    assert len(ms.cross_val_score(model, X, y, cv=3, error_score="raise")) == 3


def test_a_split_and_a_shuffle_keep_targets_with_their_sequences(estimator, steps):
    X, y = steps
    train, test, y_train, y_test = ms.train_test_split(X, y, random_state=0)
    assert [len(row) for row in y_train] == [len(x) for x in train]
    assert np.isfinite(estimator(**TINY).fit(train, y_train).score(test, y_test))


def test_a_pickle_predicts_and_learns_on(estimator, steps):
    X, y = steps
    model = estimator(**TINY).fit(X, y)
    copied = pickle.loads(pickle.dumps(model))
    for one, other in zip(responses(model, X).values(), responses(copied, X).values(), strict=True):
        assert all(np.array_equal(*rows) for rows in zip(one, other, strict=True))
    assert same_bits(model.partial_fit(X, y), copied.partial_fit(X, y))


def test_a_change_of_return_sequences_after_fit_changes_no_prediction(estimator, steps):
    X, y = steps
    model = estimator(**TINY).fit(X, y)
    expected = responses(model, X)
    model.set_params(return_sequences=False)
    for name, out in responses(model, X).items():
        assert all(np.array_equal(*rows) for rows in zip(out, expected[name], strict=True))
    assert np.isfinite(model.score(X, y))
    last = [row[-1] for row in y]
    single = model.fit(X, last)
    assert single.predict(X).shape == (40,)
    single.set_params(return_sequences=True)
    assert single.predict(X).shape == (40,)


# --- training that goes on, and that stops ----------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_warm_start_and_partial_fit_go_on_as_if_there_had_been_no_break(estimator, steps, solver):
    X, y = steps
    settings = TINY | STEADY | {"solver": solver}
    whole = estimator(**settings).fit(X, y)
    warm = estimator(**settings | {"max_iter": 1}, warm_start=True).fit(X, y).fit(X, y)
    assert same_bits(whole, warm)
    parts = estimator(**settings)
    for _ in range(2):
        parts.partial_fit(X, y)
    assert same_bits(whole, parts)
    assert parts.loss_curve_ == whole.loss_curve_


def test_partial_fit_knows_classes_that_come_later(ragged, three_step_labels):
    some = [j for j in range(40) if "c" not in three_step_labels[j]]
    model = RNNClassifier(**TINY)
    model.partial_fit([ragged[j] for j in some], [three_step_labels[j] for j in some], classes=["c", "a", "b"])
    model.partial_fit(ragged, three_step_labels)
    assert model.predict_proba(ragged)[0].shape == (len(ragged[0]), 3)
    with pytest.raises(ValueError, match=r"labels \['new'\]"):
        model.partial_fit(ragged, [["new"] * len(x) for x in ragged])


def test_early_stopping_scores_all_steps_of_the_sequences_set_aside(estimator, steps):
    X, y = steps
    settings = TINY | {"early_stopping": True, "learning_rate": "constant", "n_iter_no_change": 3, "max_iter": 20}
    settings |= {"learning_rate_init": 0.03, "batch_size": 8, "validation_fraction": 0.3, "scoring": None}
    model = estimator(**settings).fit(X, y)
    assert len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_) > 0.5
    assert model.t_ == model.n_iter_ * 28
    until_then = estimator(**settings | {"max_iter": int(np.argmax(model.validation_scores_)) + 1}).fit(X, y)
    assert same_bits(model, until_then)


def test_the_validation_score_is_that_of_the_steps_of_one_sequence_by_hand(ragged, step_labels, step_numbers):
    for cls, y, metric in ((RNNClassifier, step_labels, accuracy_score), (RNNRegressor, step_numbers, r2_score)):
        settings = TINY | {"max_iter": 1, "early_stopping": True, "validation_fraction": 0.97, "scoring": None}
        model = cls(**settings).fit(ragged, y)
        predicted = model.predict(ragged)
        scores = [
            metric(flat([row for k, row in enumerate(y) if k != j]), flat(np.delete(predicted, j))) for j in range(40)
        ]
        assert np.isclose(scores, model.best_validation_score_).any()


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 5])
def test_early_stopping_does_with_very_few_and_short_sequences(estimator, steps, n, length):
    X, y = [x[:length] for x in steps[0][:n]], [row[:length] for row in steps[1][:n]]
    model = estimator(**TINY, early_stopping=True).fit(X, y)
    assert (model.validation_scores_ is None) == (n == 1)
    assert [len(row) for row in model.predict(X)] == [len(x) for x in X]


def test_lengths_of_1_and_1000_go_together(estimator):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in [1, 1000] * 5]
    y = [(x[:, 0] > 0).astype(int) for x in X]
    model = estimator(**TINY | {"max_iter": 1}).fit(X, y)
    assert [len(row) for row in model.predict(X)] == [1, 1000] * 5
    one_by_one = [model.predict([x])[0] for x in X]
    np.testing.assert_allclose(flat(one_by_one), flat(model.predict(X)), rtol=1e-9)


# --- nothing changes, and what is wrong is named ----------------------------------------------------------------------


def test_neither_X_nor_y_nor_weights_are_changed(estimator, steps, dyadic):
    X, y = steps
    for array in (*X, *y, *dyadic):
        array.flags.writeable = False
    before = joblib.hash([X, y, dyadic])
    model = estimator(**TINY).fit(X, y, sample_weight=dyadic)
    state = joblib.hash(vars(model))
    responses(model, X)
    model.score(X, y, sample_weight=dyadic)
    assert joblib.hash([X, y, dyadic]) == before
    assert joblib.hash(vars(model)) == state


def replaced(y, j, row):
    return [row if k == j else old for k, old in enumerate(y)]


BAD_Y = {
    "too short": (
        lambda y: replaced(y, 6, y[6][:-1]),
        "Expected y to have {length} time steps for sequence 6, as many as X, got {less}",
    ),
    "too long": (
        lambda y: replaced(y, 6, np.append(y[6], y[6][:1])),
        "Expected y to have {length} time steps for sequence 6, as many as X, got {more}",
    ),
    "empty": (lambda y: replaced(y, 6, y[6][:0]), "y to have {length} time steps for sequence 6, as many as X, got 0"),
    "one label a sequence": (lambda y: np.array([row[0] for row in y]), "single value for sequence 0"),
    "one label for one of them": (lambda y: replaced(y, 6, y[6][0]), "single value for sequence 6"),
    "of unequal width": (
        lambda y: replaced(y, 6, np.array([y[6], y[6]]).T),
        r"same shape at all time steps, got \(\) in sequence 0 and \(2,\) in sequence 6",
    ),
    "too few": (lambda y: y[:-1], r"inconsistent numbers of samples: \[39, 40\]|\[40, 39\]"),
    "none": (lambda y: None, "requires y"),
    "no sequences": (lambda y: [], "inconsistent numbers of samples|0 sample"),
}


@pytest.mark.parametrize("fitted", [False, True], ids=["new", "fitted"])
@pytest.mark.parametrize("case", BAD_Y)
def test_a_bad_y_is_refused_with_what_and_where(estimator, steps, case, fitted):
    X, y = steps
    model = estimator(**TINY)
    if fitted:
        model.fit(X, y)
    spoil, message = BAD_Y[case]
    length = len(X[6])
    bad = spoil(list(y))
    before = joblib.hash(vars(model)), joblib.hash([X, bad])
    with pytest.raises(ValueError, match=message.format(less=length - 1, more=length + 1, length=length)):
        model.fit(X, bad)
    assert (joblib.hash(vars(model)), joblib.hash([X, bad])) == before
    if fitted and case != "none":
        with pytest.raises(ValueError, match=message.format(less=length - 1, more=length + 1, length=length)):
            model.score(X, bad)


def test_targets_for_padding_alone_are_not_taken_for_those_of_steps(estimator, steps, cube):
    X, y = steps
    with pytest.raises(ValueError, match=r"Expected y to have \d+ time steps for sequence 0, as many as X, got 11"):
        estimator(**TINY).fit(cube(X, width=12), padded_y(y, width=11))


def test_targets_of_the_wrong_kind_are_refused(ragged, step_numbers, step_labels):
    with pytest.raises(ValueError, match="continuous"):
        RNNClassifier(**TINY).fit(ragged, step_numbers)
    with pytest.raises(ValueError, match="Expected numbers in sequence 0 of y, got strings"):
        RNNRegressor(**TINY).fit(ragged, step_labels)
    with pytest.raises(ValueError, match="multiclass-multioutput"):
        RNNClassifier(**TINY).fit(ragged, [np.column_stack([np.arange(len(x)), np.ones(len(x))]) for x in ragged])
    with pytest.raises(ValueError, match="y contains infinity"):
        RNNRegressor(**TINY).fit(ragged, replaced(step_numbers, 6, np.full(len(ragged[6]), np.inf)))
    with pytest.raises(ValueError, match="y contains NaN"):
        RNNClassifier(**TINY).fit(ragged, replaced([row > 500.0 for row in step_numbers], 6, ragged[6][:, 0] * np.nan))
    with pytest.raises(ValueError, match="class_weight=None for a multilabel indicator y, got 'balanced'"):
        RNNClassifier(**TINY, class_weight="balanced").fit(
            ragged, [np.arange(2 * len(x)).reshape(-1, 2) % 2 for x in ragged]
        )


BAD_WEIGHT = {
    "too short": (lambda w: replaced(w, 6, w[6][:-1]), "Expected sample_weight to have .* time steps for sequence 6"),
    "too few": (lambda w: w[:-1], "inconsistent numbers of samples"),
    "a number among rows": (
        lambda w: replaced(w, 6, 1.0),
        "sample_weight to have one value per time step, got a single value for sequence 6",
    ),
    "negative": (lambda w: replaced(w, 0, -w[0]), "Negative values in data passed to `sample_weight`: .* for step 0"),
    "zero": (lambda w: [0 * row for row in w], "at least one non-zero"),
    "NaN": (lambda w: replaced(w, 0, w[0] * np.nan), "sample_weight.* NaN"),
    "infinite": (lambda w: replaced(w, 0, w[0] * np.inf), "sample_weight.* infinity"),
    "two a step": (lambda w: [np.column_stack([row, row]) for row in w], "1D"),
    "one a sequence, too few": (lambda w: np.ones(39), "inconsistent numbers of samples|shape"),
    "one a sequence, negative": (lambda w: -np.ones(40), "Negative values"),
}


@pytest.mark.parametrize("case", BAD_WEIGHT)
def test_bad_weights_of_steps_are_refused(estimator, steps, dyadic, case):
    spoil, message = BAD_WEIGHT[case]
    model = estimator(**TINY)
    before = joblib.hash(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(*steps, sample_weight=spoil(list(dyadic)))
    assert joblib.hash(vars(model)) == before


def test_steps_to_pass_over_and_a_target_for_each_step_are_a_contradiction(estimator, steps):
    with pytest.raises(ValueError, match=r"return_sequences=True cannot be combined with missing='skip'"):
        estimator(**TINY, missing="skip").fit(*steps)


def test_targets_for_each_step_need_return_sequences(ragged, step_labels, step_numbers):
    for cls, y in ((RNNClassifier, step_labels), (RNNRegressor, step_numbers)):
        with pytest.raises(ValueError):
            cls(**TINY | {"return_sequences": False}).fit(ragged, y)


def test_a_warm_start_from_one_target_a_sequence_is_refused(estimator, steps):
    X, y = steps
    model = estimator(**TINY, warm_start=True).fit(X, y).set_params(return_sequences=False)
    with pytest.raises(ValueError, match=r"per_step|return_sequences"):
        model.fit(X, [row[0] for row in y])


def test_an_LSTM_tells_at_each_step_what_the_first_said():
    rng = np.random.default_rng(0)
    X = [np.r_[sign, rng.normal(size=rng.integers(10, 20))] for sign in [-3, 3] * 40]
    y = [np.full(len(x), x[0]) for x in X]
    model = LSTMRegressor(8, bidirectional=False, return_sequences=True, max_iter=40, learning_rate_init=0.02)
    assert model.set_params(random_state=0).fit(X[:60], y[:60]).score(X[60:], y[60:]) > 0.9


@pytest.mark.parametrize("nothing", [-100, np.nan, None])
def test_targets_of_steps_of_weight_0_are_no_part_of_a_score(nothing):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(5, 1)) for _ in range(12)]
    y = [np.array([1, 0, 1, 0, nothing], dtype=object if nothing is None else None) for _ in X]
    weight = [np.array([1.0, 1, 1, 1, 0])] * 12
    model = RNNClassifier(**TINY).fit(X, y, sample_weight=weight)
    assert model.classes_.tolist() == [0, 1]
    predicted = np.concatenate([p[:4] for p in model.predict(X)])
    truth = np.tile([1, 0, 1, 0], 12)
    assert model.score(X, y, sample_weight=weight) == accuracy_score(truth, predicted)
    scorer = sequence_scorer("f1_macro")
    assert scorer(model, X, y, sample_weight=weight) == f1_score(truth, predicted, average="macro")
    assert 0 <= sequence_scorer("roc_auc")(model, X, y, sample_weight=weight) <= 1


# --- a NaN among numbers is no target ---------------------------------------------------------------------------------


@pytest.fixture
def gaps(ragged, step_numbers):
    """Numbers of which some are NaN; all of sequence 3; and the weights that say the same."""
    y = [np.where(x[:, 1] > 0.5, np.nan, row) for x, row in zip(ragged, step_numbers, strict=True)]
    y[3] = np.full(len(y[3]), np.nan)
    return y, [(~np.isnan(row)).astype(float) for row in y]


def as_scorer_without_weights(estimator, X, y):
    """As a user may write it: NaN stands where there is no target."""
    truth = flat(y)
    assert np.isnan(truth).any()
    return -np.nanmax(np.abs(truth - flat(estimator.predict(X))))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True, "scoring": None},
        {"early_stopping": True, "validation_fraction": 0.5, "scoring": "r2"},
        {"early_stopping": True, "validation_fraction": 0.5, "scoring": "neg_max_error"},
        {"early_stopping": True, "validation_fraction": 0.5, "scoring": as_scorer_without_weights},
        {"loss": "quantile", "quantile": (0.1, 0.5)},
        {"solver": "lbfgs", "loss": "poisson"},
        {"shuffle": False, "bidirectional": True},
    ],
)
def test_a_step_of_NaN_is_one_of_weight_0(ragged, step_numbers, gaps, settings):
    y, weight = gaps
    model = RNNRegressor(**TINY | settings).fit(ragged, y)
    weighted = RNNRegressor(**TINY | settings).fit(ragged, step_numbers, sample_weight=weight)
    assert same_bits(model, weighted)
    assert model.validation_scores_ == weighted.validation_scores_
    assert model.y_mean_.tolist() == weighted.y_mean_.tolist()
    if "quantile" not in settings:
        assert model.score(ragged, y) == weighted.score(ragged, step_numbers, sample_weight=weight)
        is_there = flat(weight) > 0
        truth = flat(step_numbers)[is_there]
        assert model.score(ragged, y) == r2_score(truth, flat(model.predict(ragged))[is_there])


def test_a_step_of_NaN_is_one_of_weight_0_in_partial_fit_and_beside_other_weights(ragged, step_numbers, gaps, dyadic):
    y, weight = gaps
    both = [w * v for w, v in zip(weight, dyadic, strict=True)]
    model = RNNRegressor(**TINY)
    weighted = RNNRegressor(**TINY)
    for _ in range(2):
        model.partial_fit(ragged, y, sample_weight=dyadic)
        weighted.partial_fit(ragged, step_numbers, sample_weight=both)
    assert same_bits(model, weighted)
    assert model.score(ragged, y, dyadic) == model.score(ragged, step_numbers, both)
    X_val = {"X_val": ragged, "y_val": y}
    early = RNNRegressor(**TINY, early_stopping=True).fit(ragged, step_numbers, **X_val)
    raw = (flat(early.predict(ragged)) - flat(y)) / early.y_scale_
    assert early.validation_loss_curve_[early.best_iter_ - 1] == pytest.approx(np.nanmean(raw**2) / 2)


@pytest.mark.parametrize("form", RAGGED_Y)
def test_a_NaN_is_no_target_in_every_container(ragged, gaps, form):
    y, _ = gaps
    model = RNNRegressor(**TINY).fit(ragged, y)
    given = RAGGED_Y[form](y)
    other = RNNRegressor(**TINY).fit(ragged, given)
    assert same_bits(model, other)
    assert model.score(ragged, given) == model.score(ragged, y)
    if form == "lists":
        nones = [[None if value != value else value for value in row] for row in given]
        assert same_bits(model, RNNRegressor(**TINY).fit(ragged, nones))
        assert model.score(ragged, nones) == model.score(ragged, y)


def test_a_masked_number_is_no_target(ragged, gaps):
    y, _ = gaps
    model = RNNRegressor(**TINY).fit(ragged, y)
    hidden = [np.ma.array(np.where(np.isnan(row), -999, row), mask=np.isnan(row)) for row in y]
    whole = [np.ma.array(np.where(np.isnan(row), -999, row).round().astype(int), mask=np.isnan(row)) for row in y]
    assert same_bits(model, RNNRegressor(**TINY).fit(ragged, hidden))
    assert model.score(ragged, hidden) == model.score(ragged, y)
    assert same_bits(
        RNNRegressor(**TINY).fit(ragged, [row.round() for row in y]), RNNRegressor(**TINY).fit(ragged, whole)
    )
    labels = [np.ma.array(row > 0, mask=np.isnan(row)) for row in y]
    with pytest.raises(ValueError, match="Input y contains a masked value in sequence"):
        RNNClassifier(**TINY).fit(ragged, labels)


def test_a_step_with_one_NaN_among_its_numbers_has_no_target(ragged, step_numbers, gaps):
    y, weight = gaps
    pairs = [np.column_stack([row, -row]) for row in step_numbers]
    holes = [np.column_stack([-row, other]) for row, other in zip(step_numbers, y, strict=True)]
    complete = [np.column_stack([-row, row]) for row in step_numbers]
    model = RNNRegressor(**TINY).fit(ragged, holes)
    assert same_bits(model, RNNRegressor(**TINY).fit(ragged, complete, sample_weight=weight))
    assert model.score(ragged, holes) == model.score(ragged, complete, sample_weight=weight)
    assert not same_bits(model, RNNRegressor(**TINY).fit(ragged, pairs))


def test_nothing_but_NaN_is_an_error_and_y_is_not_changed(ragged, gaps):
    nothing = [np.full(len(x), np.nan) for x in ragged]
    model = RNNRegressor(**TINY).fit(ragged, gaps[0])
    before = joblib.hash(vars(model)), joblib.hash(gaps)
    for call in (model.fit, model.score, lambda X, y: model.fit(X, gaps[0], X_val=X, y_val=y)):
        with pytest.raises(ValueError, match="Expected y to have a target"):
            call(ragged, nothing)
    weight = [(row != row).astype(float) for row in gaps[0]]
    with pytest.raises(ValueError, match="Expected y to have a target at one time step at least, got NaN alone"):
        model.fit(ragged, gaps[0], sample_weight=weight)
    assert (joblib.hash(vars(model)), joblib.hash(gaps)) == before


def test_windows_with_NaN_in_the_past_go_through_pipelines_folds_and_searches():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24, 6, 2))
    y = X.cumsum(axis=1)[:, :, 0]
    y[:, :4] = np.nan
    pipe = make_pipeline(PerTimestep(StandardScaler()), LSTMRegressor(**TINY))
    scores = ms.cross_val_score(pipe, X, y, cv=3, error_score="raise")
    assert np.isfinite(scores).all()
    predicted = ms.cross_val_predict(pipe, X, y, cv=3)
    assert predicted.shape == y.shape
    for scoring in (None, sequence_scorer("neg_mean_absolute_error"), sequence_scorer(["r2", "neg_max_error"])):
        grid = {"lstmregressor__hidden_layer_sizes": [2, 3]}
        search = ms.GridSearchCV(pipe, grid, scoring=scoring, cv=2, refit=False, error_score="raise")
        search.fit(X, y)
        assert all(np.isfinite(values).all() for name, values in search.cv_results_.items() if "score" in name)
    model = pipe.fit(X, y)
    mae = sequence_scorer("neg_mean_absolute_error")(model, X, y)
    assert mae == pytest.approx(-np.nanmean(np.abs(model.predict(X) - y)))


def test_gradients_flow_from_targets_alone(ragged, step_numbers, gaps):
    y, _ = gaps
    x = [np.resize(ragged[0], (6, 2))]
    model = RNNRegressor(**TINY).fit(ragged, y)
    target = [np.array([np.nan, np.nan, 500.0, np.nan, np.nan, np.nan])]
    flow = model.gradient_flow(x, target)["layer_0/forward"]
    assert not flow[:3].any()  # the last three steps have none
    assert flow[3:].all()


def test_folds_of_a_padded_array_predict_in_one_form():
    X = np.random.default_rng(0).normal(size=(12, 5, 2))
    X[0, 4] = np.nan  # one sequence alone is shorter: some folds have no padding
    y = [np.zeros(5 - (j == 0), int) + np.arange(5 - (j == 0)) % 2 for j in range(12)]
    predicted = ms.cross_val_predict(RNNClassifier(**TINY), X, as_sequences(y), cv=ms.KFold(3))
    assert [len(p) for p in predicted] == [4] + [5] * 11


def test_ragged_targets_without_return_sequences_name_it():
    X = [np.zeros((3, 1)), np.zeros((2, 1))]
    for y in ([np.zeros(3), np.zeros(2)], [[0, 1, 0], [0, 1]]):
        with pytest.raises(ValueError, match=r"got 2 to 3 values per sequence.*return_sequences=True"):
            RNNRegressor(hidden_layer_sizes=3).fit(X, y)


def missing_labels():
    """Labels of three steps, of which the last is missing."""
    return {
        "None": [0, 1, None],
        "None beside strings": ["a", "b", None],
        "NaN": [0, 1, np.nan],
        "NaN beside strings": ["a", "b", np.nan],
        "NaN in an array": np.array([0, 1, np.nan]),
        "NA": np.array([0, 1, pd.NA], object),
        "NaT": np.array([0, 1, pd.NaT], object),
        "a series": pd.Series(["a", "b", None]),
        "categories": pd.Series(["a", "b", None], dtype="category"),
        "nullable": pd.Series([0, 1, None], dtype="Int64"),
        "polars": pl.Series([0, 1, None]),
        "a multilabel indicator": np.array([[0, 1], [1, 0], [np.nan, 0]]),
    }


@pytest.mark.parametrize("name", missing_labels())
def test_a_missing_label_of_a_step_is_an_error_that_says_where(name):
    missing = missing_labels()[name]
    whole = [missing[1], missing[0], missing[1]]
    if name == "a multilabel indicator":
        whole = np.array(whole)
    X = [np.ones((3, 2))] * 5
    model = LSTMClassifier(3, max_iter=1, return_sequences=True, random_state=0, bidirectional=False)
    where = r"Input y contains (None|NaN|<NA>|NaT) in sequence 4, step 2\."
    with pytest.raises(ValueError, match=where):
        model.fit(X, [whole] * 4 + [missing])
    model.fit(X, [whole] * 5)
    with pytest.raises(ValueError, match=where):
        model.score(X, [whole] * 4 + [missing])


def test_a_missing_label_of_weight_0_is_not_looked_at():
    X = [np.ones((3, 2))] * 5
    model = LSTMClassifier(3, max_iter=1, return_sequences=True, random_state=0, bidirectional=False)
    for row in (["a", "b", None], ["a", "b", np.nan]):
        assert model.fit(X, [row] * 5, [[1, 1, 0]] * 5).classes_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="Input y contains None in sequence 0, step 1"):
        model.fit(X, [["a", None, "b"]] * 5, [[0, 1, 1]] * 5)


@pytest.mark.parametrize(
    "y",
    [
        pd.Series(["a", "b", "a", None], dtype="category"),
        pd.Series([0, 1, 0, None], dtype="Int64"),
        pd.DataFrame({"y": ["a", "b", "a", None]}),
        ["a", "b", "a", np.nan],
        np.array([0, 1, 0, pd.NA], object),
        pl.Series(["a", "b", "a", None]),
    ],
)
def test_a_missing_label_of_a_sequence_is_an_error_that_says_where(y):
    with pytest.raises(ValueError, match=r"Input y contains (None|NaN|<NA>) for sequence 3\."):
        LSTMClassifier(3, max_iter=1).fit([np.ones((3, 2))] * 4, y)


def test_a_null_among_categories_of_pyarrow_is_no_label():
    pyarrow = pytest.importorskip("pyarrow")
    X = [np.ones((3, 2))] * 4
    model = LSTMClassifier(3, max_iter=1, random_state=0, bidirectional=False)
    with pytest.raises(ValueError, match="Input y contains None for sequence 3"):
        model.fit(X, pyarrow.array(["a", "b", "a", None]).dictionary_encode())
    row = pyarrow.array(["a", "b", None]).dictionary_encode()
    with pytest.raises(ValueError, match="Input y contains None in sequence 0, step 2"):
        model.set_params(return_sequences=True).fit(X, [row] * 4)
