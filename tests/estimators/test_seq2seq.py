"""Sequences of labels and of numbers from sequences: every form of y, weights, scores, attention, folds, copies."""

import copy
import io
import itertools
import pickle
import re

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.model_selection as ms
from checks import assert_attributes_are_those_documented, assert_refused, same_bits
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import (
    LSTMRegressor,
    PerTimestep,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequenceTokenizer,
    as_column,
    sequence_scorer,
    sliding_windows,
)
from sklearn_recurrent._core import decoding, objective, scheduled_sampling
from sklearn_recurrent._core.cells.registry import CELLS

TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "batch_size": 20, "random_state": 0}
STEADY = {"learning_rate": "constant", "tol": 0, "n_iter_no_change": 1000}  # always to max_iter
FROZEN = {"hidden_layer_sizes": 4, "max_iter": 1, "solver": "sgd", "learning_rate_init": 1e-300, "batch_size": 1000}
FROZEN |= {"alpha": 0.0, "random_state": 0}  # a fit that only reports the loss of the initial weights
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


def objects(y):
    """A 1-D object array, of arrays of equal length too."""
    return np.fromiter(y, dtype=object, count=len(y))


def assert_same_rows(one, other):
    assert all(np.array_equal(*rows) for rows in zip(one, other, strict=True))


@pytest.fixture(params=[Seq2SeqClassifier, Seq2SeqRegressor], ids=lambda cls: cls.__name__)
def estimator(request):
    """Both classes."""
    return request.param


@pytest.fixture
def words(ragged):
    """For each sequence 0 to 3 labels."""
    return [np.array(["a", "b", "c"])[np.digitize(x[3::2, 0], [-0.5, 0.5])] for x in ragged]


@pytest.fixture
def courses(ragged):
    """For each sequence 1 to 4 numbers, in a unit of their own."""
    return [500 + 10 * x[:8:2, 0].cumsum() for x in ragged]


@pytest.fixture
def pair(request, ragged):
    """Sequences, and sequences that belong to them, for the class in the fixture `estimator`."""
    labels = request.getfixturevalue("estimator") is Seq2SeqClassifier
    return ragged, request.getfixturevalue("words" if labels else "courses")


@pytest.fixture
def dyadic():
    """Weights whose sums are exact in any order, some of them 0."""
    return np.random.default_rng(1).integers(0, 5, 40) / 2


@pytest.fixture(scope="module")
def reversing():
    """A model that has learned to write tokens from their end, and sequences that it has not seen."""
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 4, rng.integers(1, 5), dtype=np.int32) for _ in range(360)]
    y = [np.array(list("abcd"))[x[::-1]] for x in X]
    model = Seq2SeqClassifier(hidden_layer_sizes=16, embedding_dim=4, max_iter=14, random_state=0)
    model.set_params(learning_rate_init=0.03).fit(X[:300], y[:300])
    return model, X[300:], y[300:]


@pytest.fixture(scope="module")
def hesitant():
    """A model that has learned little, so that the likeliest beginning is often not that of the likeliest whole."""
    rng = np.random.default_rng(3)
    X = [rng.normal(size=(length, 1)) for length in rng.integers(2, 6, 60)]
    y = [np.array(["a", "b"])[rng.integers(0, 2, rng.integers(0, 4))] for _ in X]
    return Seq2SeqClassifier(6, cell="gru", max_iter=15, learning_rate_init=0.05, random_state=0).fit(X, y), X


# --- the estimators themselves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", ["additive", "dot", None])
@pytest.mark.each_choice(times=2)
def test_every_cell_with_every_attention_fits_and_predicts(estimator, pair, cell, attention):
    X, y = pair
    settings = TINY | {"hidden_layer_sizes": (4, 3), "cell": cell, "attention": attention}
    model = estimator(**settings).fit(X, y)
    assert np.isfinite(model.theta_).all()
    assert any("attention" in name for name in model.weights_) == (attention is not None)
    predicted = model.predict(X)
    assert (predicted.shape, predicted.dtype) == ((40,), object)
    assert np.isfinite(model.score(X, y))
    model.set_params(bidirectional=False).fit(X, y)
    assert not any("encoder" in name and "backward" in name for name in model.weights_)


def test_labels_are_learned_with_their_number(reversing):
    model, X, y = reversing
    assert model.score(X, y) > 0.9
    assert model.token_score(X, y) > 0.95
    assert model.max_length_ == 4
    assert model.classes_.tolist() == list("abcd")
    assert model.n_outputs_ == 5


def test_numbers_are_learned_in_their_unit(ragged, courses):
    model = Seq2SeqRegressor(8, max_iter=40, learning_rate_init=0.03, batch_size=8, random_state=0)
    assert model.fit(ragged, courses).score(ragged, courses) > 0.8
    assert_allclose(model.y_mean_, np.concatenate(courses).mean())
    assert_allclose(model.y_scale_, np.concatenate(courses).std())
    assert (model.horizon_, model.n_outputs_) == (4, 1)


def test_documented_attributes_are_those_that_fit_sets(estimator, pair):
    X, y = pd.DataFrame([x[:3, 0] for x in pair[0]], columns=["a", "b", "c"]), pair[1]
    assert_attributes_are_those_documented(estimator(**TINY), X, y)


def test_parameters_are_those_of_a_recurrent_network_and_of_a_decoder(estimator):
    model = estimator(7, attention="dot", teacher_forcing=(1, 0.5))
    assert model.get_params()["hidden_layer_sizes"] == 7
    assert {"cell", "attention", "teacher_forcing", "dropout", "embedding_dim"} <= set(model.get_params())
    assert not {"pooling", "return_sequences"} & set(model.get_params())
    assert clone(model).get_params() == model.get_params()
    shown = re.sub(r"\s+", " ", repr(model))
    assert shown == (f"{estimator.__name__}(attention='dot', hidden_layer_sizes=7, teacher_forcing=(1, 0.5))")
    with pytest.raises(ValueError, match="Invalid parameter 'pooling'"):
        model.set_params(pooling="max")


def test_a_fit_is_reproducible_and_depends_on_the_seed(estimator, pair):
    model = estimator(**TINY).fit(*pair)
    assert same_bits(clone(model).fit(*pair), model)
    assert same_bits(model, model.fit(*pair))
    assert not same_bits(estimator(**TINY | {"random_state": 1}).fit(*pair), model)


def test_float32_stays_float32(estimator, pair):
    X, y = pair
    for kind in ("f4", "f8"):
        model = estimator(**TINY).fit([x.astype(kind) for x in X], y)
        assert model.theta_.dtype == kind
        tokens = [np.abs(x[:, 0]).astype(f"i{kind[1]}") for x in X]
        assert estimator(**TINY, embedding_dim=2).fit(tokens, y).theta_.dtype == kind
        if estimator is Seq2SeqRegressor:
            assert model.predict([x.astype(kind) for x in X])[0].dtype == np.float64
            assert model.y_mean_.dtype == np.float64


def test_a_change_of_parameters_after_fit_changes_no_prediction(estimator, pair):
    X, y = pair
    model = estimator(**TINY).fit(X, y)
    expected, attention = model.predict(X), model.attention_weights(X)
    model.set_params(cell="gru", attention=None, hidden_layer_sizes=9, bidirectional=False, teacher_forcing=0.5)
    assert_same_rows(model.predict(X), expected)
    assert_same_rows(model.attention_weights(X), attention)


def test_nothing_that_is_passed_is_changed_and_no_prediction_changes_the_model(estimator, pair, dyadic):
    X, y = pair
    for array in (*X, *y, dyadic):
        array.flags.writeable = False
    model = estimator(**TINY)
    before = joblib.hash([X, y, dyadic])
    model.fit(X, y, dyadic)
    fitted = joblib.hash(vars(model))
    model.predict(X), model.score(X, y, dyadic), model.attention_weights(X)
    if estimator is Seq2SeqClassifier:
        model.token_score(X, y), model.teacher_forced_proba(X, y), model.attention_weights(X, y)
    assert joblib.hash(vars(model)) == fitted
    assert joblib.hash([X, y, dyadic]) == before


def test_the_number_of_threads_changes_no_bit(estimator, pair, monkeypatch):
    X, y = pair
    for module, name, size in ((objective, "HALF", 1), (decoding, "WIDTH", 7)):
        monkeypatch.setattr(module, name, size)  # or batches so small would not be divided
    settings = TINY | {"teacher_forcing": 0.5, "dropout": 0.2, "early_stopping": True}
    models = [estimator(**settings, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2, 3)]
    for model in models[1:]:
        assert same_bits(model, models[0])
        assert model.validation_scores_ == models[0].validation_scores_
        assert_same_rows(model.predict(X), models[0].predict(X))
        assert_same_rows(model.attention_weights(X), models[0].attention_weights(X))


def test_every_form_of_X_gives_one_model(estimator, pair, cube):
    X, y = pair
    expected = estimator(**TINY).fit(X, y)
    forms = {
        "tuple": tuple(X),
        "object array": objects(X),
        "object column": as_column(X),
        "Series": pd.Series(X, index=range(100, 140)),
        "nested lists": [x.tolist() for x in X],
        "padded": cube(X, width=12, before=2),
    }
    for name, form in forms.items():
        model = estimator(**TINY).fit(form, y)
        assert same_bits(model, expected), name
        assert_same_rows(model.predict(form), expected.predict(X))


# --- sequences of labels ----------------------------------------------------------------------------------------------

OF_LABELS = {
    "tuple": tuple,
    "lists": lambda y: [row.tolist() for row in y],
    "tuples": lambda y: tuple(tuple(row.tolist()) for row in y),
    "arrays of objects": lambda y: [row.astype(object) for row in y],
    "object array": objects,
    "object array of lists": lambda y: objects([row.tolist() for row in y]),
    "object column": lambda y: objects(y)[:, None],
    "Series of lists": lambda y: pd.Series([row.tolist() for row in y], index=range(100, 100 + len(y))),
    "frame": lambda y: pd.DataFrame({"y": list(y)}, index=range(100, 100 + len(y))),
    "polars Series": lambda y: pl.Series("y", [row.tolist() for row in y]),
}
OF_EQUALLY_MANY = OF_LABELS | {
    "array": np.array,
    "array in Fortran order": lambda y: np.asfortranarray(np.array(y)),
    "array of objects": lambda y: np.array(y, dtype=object),  # each label an object
    "frame of columns": lambda y: pd.DataFrame(np.array(y)),
}


@pytest.mark.parametrize("form", OF_LABELS)
def test_labels_in_every_container_give_one_model(ragged, words, form):
    expected, y = Seq2SeqClassifier(**TINY).fit(ragged, words), OF_LABELS[form](words)
    model = Seq2SeqClassifier(**TINY).fit(ragged, y)
    assert same_bits(model, expected)
    assert model.classes_.dtype == expected.classes_.dtype
    assert model.score(ragged, y) == expected.score(ragged, words)
    assert model.token_score(ragged, y) == expected.token_score(ragged, words)
    assert_same_rows(model.teacher_forced_proba(ragged, y), expected.teacher_forced_proba(ragged, words))
    assert_same_rows(model.attention_weights(ragged, y), expected.attention_weights(ragged, words))


@pytest.mark.parametrize("kind", [str, int])
@pytest.mark.parametrize("form", OF_EQUALLY_MANY)
@pytest.mark.each_choice
def test_equally_many_labels_in_every_container_give_one_model(ragged, form, kind):
    y = [np.digitize(x[:3, 0], [-0.5, 0.5]).astype(kind) for x in ragged]
    expected = Seq2SeqClassifier(**TINY).fit(ragged, y)
    model = Seq2SeqClassifier(**TINY).fit(ragged, OF_EQUALLY_MANY[form](y))
    assert same_bits(model, expected)
    predicted = model.predict(ragged)
    assert (predicted.shape, predicted.dtype) == ((40,), object)
    assert all(row.dtype.kind == y[0].dtype.kind for row in predicted)


KINDS = {  # labels, and how they are ordered
    "ints": ([3, -1, 20], [-1, 3, 20]),
    "strings": (["b", "a", "ab"], ["a", "ab", "b"]),
    "booleans": ([True, False, True], [False, True]),
    "floats": ([1.5, 0.25, -2.0], [-2.0, 0.25, 1.5]),
    "ints and strings": (["b", 2, 10], [10, 2, "b"]),  # not comparable: by type and text
    "tuples": ([(2, 1), (1,), (1, 5)], [(1,), (1, 5), (2, 1)]),
    "tuples and strings": ([(2, 1), "a", (1,)], ["a", (1,), (2, 1)]),
    "frozensets": ([frozenset("b"), frozenset("a"), "a"], [frozenset("a"), frozenset("b"), "a"]),
}
OBJECTS = ("ints and strings", "tuples", "tuples and strings", "frozensets")


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_every_kind_come_back_as_they_were(ragged, kind):
    labels, ordered = KINDS[kind]
    codes = [np.digitize(x[3::2, 0], [-0.5, 0.5]) for x in ragged]
    y = [[labels[code] for code in row] for row in codes]
    model = Seq2SeqClassifier(**TINY | {"max_iter": 12, "learning_rate_init": 0.05}).fit(ragged, y)
    assert model.classes_.tolist() == ordered
    assert model.classes_.dtype == (object if kind in OBJECTS else np.array(ordered).dtype)
    assert [type(label) for label in model.classes_.tolist()] == [type(label) for label in ordered]
    predicted = model.predict(ragged)
    assert all(row.dtype == model.classes_.dtype for row in predicted)
    assert {label for row in predicted for label in row.tolist()} <= set(ordered)
    assert max(map(len, predicted)) > 0
    as_objects = [objects(row) for row in y]
    assert same_bits(Seq2SeqClassifier(**TINY).fit(ragged, as_objects), Seq2SeqClassifier(**TINY).fit(ragged, y))
    assert model.score(ragged, as_objects) == model.score(ragged, y)
    assert model.score(ragged, predicted) == model.token_score(ragged, predicted) == 1
    weighted = Seq2SeqClassifier(**TINY, class_weight={ordered[0]: 2.0})
    assert not same_bits(weighted.fit(ragged, y), Seq2SeqClassifier(**TINY).fit(ragged, y))


def test_targets_may_be_empty_and_then_nothing_but_the_end_is_learned(ragged):
    y = [["a"] if j == 7 else [] for j in range(40)]
    model = Seq2SeqClassifier(**TINY | {"max_iter": 30, "learning_rate_init": 0.05}).fit(ragged, y)
    predicted = model.predict(ragged)
    assert all(row.shape == (0,) and row.dtype == "<U1" for row in predicted)
    assert model.score(ragged, y) == 39 / 40
    assert model.token_score(ragged, y) == 0
    assert model.token_score(ragged[:7], y[:7]) == 1  # there is nothing to be wrong about
    p = model.teacher_forced_proba(ragged, y)
    assert {row.shape for row in p} == {(1, 2), (2, 2)}
    attention = model.attention_weights(ragged)
    assert [row.shape for row in attention] == [(0, len(x)) for x in ragged]


def test_one_class_is_enough(ragged):
    model = Seq2SeqClassifier(**TINY).fit(ragged, [["only"] * (len(x) // 2) for x in ragged])
    assert model.classes_.tolist() == ["only"]
    assert {label for row in model.predict(ragged) for label in row} <= {"only"}


def in_third(row):
    return lambda y: [*y[:3], row, *y[4:]]


BAD_LABELS = {
    "None": (in_third(["a", None]), "None in sequence 3, step 1"),
    "NaN": (in_third(["a", "b", float("nan")]), "NaN in sequence 3, step 2"),
    "NaN in an array": (in_third(np.array([1, np.nan])), "NaN in sequence 3, step 1"),
    "NaT": (in_third([pd.NaT]), "NaT in sequence 3, step 0"),
    "NA": (in_third(["a", pd.NA]), "<NA> in sequence 3, step 1"),
    "text": (lambda y: ["".join(row) for row in y], r"Expected sequence 0 .* got a string.*\[list\(text\)"),
    "an array of texts": (lambda y: np.array(["ab"] * len(y)), r"Expected sequence 0 .* got a string.*\[list\(text\)"),
    "a Series of texts": (lambda y: pd.Series(["ab"] * len(y)), r"Expected sequence 0 .* got a string.*\[list\(text\)"),
    "one text": (in_third("ab"), r"Expected sequence 3 .* got a string.*\[list\(text\)"),
    "bytes": (in_third(b"ab"), r"Expected sequence 3 .* got a string"),
    "one label for each": (
        lambda y: np.arange(len(y)),
        "Expected sequence 0 .* sequence of labels, got a single value",
    ),
    "a list of labels": (
        lambda y: list(range(len(y))),
        "Expected sequence 0 .* sequence of labels, got a single value",
    ),
    "a single label": (in_third(1), "Expected sequence 3 .* got a single value"),
    "a list as label": (in_third(["a", ["b"]]), "hashable labels, got a list in sequence 3, step 1"),
    "an array as label": (in_third([np.zeros(2)]), "hashable labels, got a ndarray in sequence 3, step 0"),
    "several for each step": (
        lambda y: np.zeros((len(y), 4, 2), int),
        "hashable labels, got a list in sequence 0, step 0",
    ),
    "no label at all": (lambda y: [[] for _ in y], "Expected y with at least one label, got empty sequences only"),
    "too few": (lambda y: y[:-1], r"inconsistent numbers of samples: \[40, 39\]"),
    "nothing": (lambda y: None, "requires y to be passed"),
}


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("case", BAD_LABELS)
def test_bad_labels_are_refused_with_what_and_where(ragged, words, case, fitted):
    model, (spoil, match) = Seq2SeqClassifier(**TINY), BAD_LABELS[case]
    if fitted:
        model.fit(ragged, words)
    assert_refused(model, ragged, spoil(words), match)


# --- sequences of numbers ---------------------------------------------------------------------------------------------

RNG = np.random.default_rng(5)
LONG = [1 + j % 4 for j in range(40)]
OF_NUMBERS = {  # y; the shape of a prediction by default, of one step, and of six
    "(n,)": (RNG.normal(size=40), (40,), (40,), (40, 6)),
    "(n, 1)": (RNG.normal(size=(40, 1)), (40, 1), (40, 1), (40, 6)),
    "(n, h)": (RNG.normal(size=(40, 3)), (40, 3), (40, 1), (40, 6)),
    "(n, 1, 1)": (RNG.normal(size=(40, 1, 1)), (40, 1, 1), (40, 1, 1), (40, 6, 1)),
    "(n, h, 1)": (RNG.normal(size=(40, 3, 1)), (40, 3, 1), (40, 1, 1), (40, 6, 1)),
    "(n, h, k)": (RNG.normal(size=(40, 3, 2)), (40, 3, 2), (40, 1, 2), (40, 6, 2)),
    "(n, 1, k)": (RNG.normal(size=(40, 1, 2)), (40, 1, 2), (40, 1, 2), (40, 6, 2)),
    "nested list": (RNG.normal(size=(40, 3)).tolist(), (40, 3), (40, 1), (40, 6)),
    "Series": (pd.Series(RNG.normal(size=40), index=range(100, 140)), (40,), (40,), (40, 6)),
    "frame": (pd.DataFrame(RNG.normal(size=(40, 3)), index=range(100, 140)), (40, 3), (40, 1), (40, 6)),
    "polars frame": (pl.DataFrame(RNG.normal(size=(40, 3))), (40, 3), (40, 1), (40, 6)),
    "(h_i,)": ([RNG.normal(size=h) for h in LONG], [(4,)], [(1,)], [(6,)]),
    "(h_i, k)": ([RNG.normal(size=(h, 2)) for h in LONG], [(4, 2)], [(1, 2)], [(6, 2)]),
    "(h_i, 1)": ([RNG.normal(size=(h, 1)) for h in LONG], [(4, 1)], [(1, 1)], [(6, 1)]),
    "list of arrays of one length": (list(RNG.normal(size=(40, 3))), [(3,)], [(1,)], [(6,)]),
    "list of matrices of one length": (list(RNG.normal(size=(40, 3, 2))), [(3, 2)], [(1, 2)], [(6, 2)]),
}


@pytest.mark.parametrize("form", OF_NUMBERS)
def test_the_form_of_a_forecast_follows_from_that_of_y(ragged, form):
    y, *shapes = OF_NUMBERS[form]
    model = Seq2SeqRegressor(**TINY).fit(ragged, y)
    default, six = model.predict(ragged), model.predict(ragged, horizon=6)
    for predicted, shape in zip((default, model.predict(ragged, horizon=1), six), shapes, strict=True):
        if isinstance(shape, list):
            assert (predicted.shape, predicted.dtype) == ((40,), object)
            assert {row.shape for row in predicted} == set(shape)
        else:
            assert (predicted.shape, predicted.dtype) == (shape, np.float64)
    assert model.predict(ragged[:1]).shape == (1, *np.shape(default)[1:])
    each = model.predict(ragged, horizon=LONG)
    assert (each.shape, each.dtype) == ((40,), object)
    for row, all_six, h in zip(each, six, LONG, strict=True):  # a longer forecast begins as a shorter one
        assert row.dtype == np.float64
        assert_allclose(row, all_six[:h], rtol=1e-12)
    assert model.n_outputs_ == np.shape(default[0])[-1] if np.ndim(default[0]) == 2 else 1
    assert np.isfinite(model.score(ragged, y))
    assert model.predict(ragged[:5], horizon=[2] * 5).dtype == object


NUMBERS_IN = {
    "lists of lists of numbers": ("(h_i, k)", lambda y: [row.tolist() for row in y]),
    "tuple": ("(h_i,)", tuple),
    "object array": ("(h_i,)", objects),
    "object column": ("(h_i, k)", lambda y: objects(y)[:, None]),
    "object array of lists": ("(h_i,)", lambda y: objects([row.tolist() for row in y])),
    "Series": ("(h_i,)", lambda y: pd.Series(y, index=range(100, 140))),
    "frame": ("(h_i,)", lambda y: pd.DataFrame({"y": y}, index=range(100, 140))),
    "polars Series": ("(h_i,)", lambda y: pl.Series("y", [row.tolist() for row in y])),
    "columns": ("(h_i,)", lambda y: [row[:, None] for row in y]),
    "nested list": ("(n, h)", lambda y: y.tolist()),
    "frame of columns": ("(n, h)", pd.DataFrame),
    "arrays": ("(n, h, k)", list),
    "array in Fortran order": ("(n, h, k)", np.asfortranarray),
}


@pytest.mark.parametrize("form", NUMBERS_IN)
def test_numbers_in_every_container_give_one_model(ragged, form):
    of, convert = NUMBERS_IN[form]
    y = OF_NUMBERS[of][0]
    expected, model = (Seq2SeqRegressor(**TINY).fit(ragged, target) for target in (y, convert(y)))
    assert same_bits(model, expected)
    assert_allclose(
        np.concatenate(list(model.predict(ragged))).ravel(), np.concatenate(expected.predict(ragged)).ravel()
    )


def test_folds_of_one_length_keep_the_form_of_ragged_targets(ragged, courses):
    rows = [j for j in range(40) if len(courses[j]) == 3]
    X, y = [ragged[j] for j in rows], [courses[j] for j in rows]
    for form in (y, objects(y), pd.Series(y)):
        assert Seq2SeqRegressor(**TINY).fit(X, form).predict(X).dtype == object


BAD_NUMBERS = {
    "NaN alone": (lambda y: [np.full(2, np.nan)] * 40, "at least one number"),
    "infinity": (in_third(np.array([np.inf, 1])), "infinity in sequence 3, step 0"),
    "infinity beside NaN": (in_third(np.array([np.nan, -np.inf])), "infinity in sequence 3, step 1"),
    "no steps": (in_third(np.array([])), "at least one time step for sequence 3, got none"),
    "a single number": (in_third(1.0), "single value for sequence 3"),
    "unequal outputs": (in_third(np.zeros((2, 2))), r"same shape .* got \(\) in sequence 0 and \(2,\) in sequence 3"),
    "nested lists of unequal length": (
        lambda y: [row.tolist() for row in y],
        "got 2 to 4 values per row.*as_sequences",
    ),
    "four dimensions": (lambda y: np.zeros((40, 2, 2, 2)), r"horizon, n_outputs\), got \(40, 2, 2, 2\)"),
    "no columns": (lambda y: np.zeros((40, 0)), "0 feature|horizon"),
    "texts": (lambda y: ["a"] * 40, "Expected numbers in y, got strings"),
    "complex": (lambda y: np.zeros((40, 2), complex), "Complex"),
    "too few": (lambda y: y[:-1], r"inconsistent numbers of samples: \[40, 39\]"),
    "nothing": (lambda y: None, "requires y to be passed"),
}


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("case", BAD_NUMBERS)
def test_bad_numbers_are_refused_with_what_and_where(ragged, courses, case, fitted):
    model, (spoil, match) = Seq2SeqRegressor(**TINY), BAD_NUMBERS[case]
    if fitted:
        model.fit(ragged, courses)
    assert_refused(model, ragged, spoil(courses), match)


@pytest.mark.parametrize("horizon", [0, -1, 2.5, True, "3", [0] * 40, [1.0] * 40, [True] * 40, np.ones((40, 1), int)])
@pytest.mark.parametrize("method", ["predict", "attention_weights"])
def test_a_horizon_is_a_whole_number_of_at_least_1(ragged, courses, horizon, method):
    model = Seq2SeqRegressor(**TINY).fit(ragged, courses)
    with pytest.raises(ValueError, match="horizon must be an integer of at least 1"):
        getattr(model, method)(ragged, horizon=horizon)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[40, 39\]"):
        getattr(model, method)(ragged, horizon=[1] * 39)


def test_another_number_of_outputs_is_refused_when_training_goes_on(ragged):
    y = OF_NUMBERS["(n, h, k)"][0]
    model = Seq2SeqRegressor(**TINY, warm_start=True).fit(ragged, y)
    for method in ("fit", "partial_fit"):
        assert_refused(model, ragged, y[:, :, 0], "Expected y with 2 outputs per step, as in fit, got 1", method=method)
    assert model.partial_fit(ragged, np.tile(y, (1, 2, 1))).horizon_ == 6
    assert model.partial_fit(ragged, y).horizon_ == 6


# --- features that are known ahead ------------------------------------------------------------------------------------


@pytest.fixture
def ahead():
    """Sequences of 3 features, of which the second is known ahead, and how many of their last steps are to come; the
    targets of these, which follow the second feature."""
    rng = np.random.default_rng(4)
    horizons = rng.integers(1, 4, 40)
    X = [rng.normal(size=(rng.integers(2, 6) + h, 3)) for h in horizons]
    return X, [10 * x[-h:, 1] + x[-h - 1, 0] for x, h in zip(X, horizons, strict=True)], horizons


KNOWN = TINY | {"future_features": [1]}


def test_features_known_ahead_are_read_by_the_decoder(ahead):
    X, y, horizons = ahead
    settings = {"hidden_layer_sizes": 8, "max_iter": 60, "learning_rate_init": 0.03, "batch_size": 8, "random_state": 0}
    model = Seq2SeqRegressor(**settings, future_features=[1]).fit(X, y)
    assert model.score(X, y) > 0.9
    assert_allclose(model.score(X, y), r2_score(np.concatenate(y), np.concatenate(model.predict(X, horizon=horizons))))
    assert Seq2SeqRegressor(**settings).fit([x[:-h] for x, h in zip(X, horizons, strict=True)], y).score(X, y) < 0.8


def test_a_load_that_follows_a_temperature_known_ahead_is_forecast():
    rng = np.random.default_rng(0)
    temperature = rng.normal(size=600)
    load = 3 * temperature + 0.3 * np.sin(np.arange(600) / 5) + 100
    windows = sliding_windows(np.column_stack([load, temperature]), window=12, horizon=4, target=0, known=[1])
    X = windows.X.astype(np.float32)
    settings = {"max_iter": 15, "random_state": 0}
    model = Seq2SeqRegressor(16, attention=None, future_features=[1], **settings).fit(X[:400], windows.y[:400])
    assert model.score(X[420:], windows.y[420:]) >= 0.98
    y = windows.y_per_step
    model = LSTMRegressor(16, return_sequences=True, **settings).fit(X[:400], y[:400])
    assert model.score(X[420:], y[420:]) >= 0.98


def test_the_encoder_reads_the_steps_before_and_the_decoder_the_known_features_alone(ahead):
    X, y, horizons = ahead
    model = Seq2SeqRegressor(**KNOWN).fit(X, y)
    expected = model.predict(X, horizon=horizons)
    others = [x.copy() for x in X]
    for x, h in zip(others, horizons, strict=True):
        x[-h:, [0, 2]] = 1e6
    assert_same_rows(model.predict(others, horizon=horizons), expected)
    assert same_bits(Seq2SeqRegressor(**KNOWN).fit(others, y), model)
    shapes = [(h, len(x) - h) for x, h in zip(X, horizons, strict=True)]
    assert [a.shape for a in model.attention_weights(X, horizon=horizons)] == shapes
    for x, h in zip(others, horizons, strict=True):
        x[-h:, 1] += 1
    assert not any(np.allclose(a, b) for a, b in zip(model.predict(others, horizon=horizons), expected, strict=True))


def test_future_features_are_scaled_over_all_steps_and_others_over_those_before(ahead):
    X, y, horizons = ahead
    weight = np.arange(40) % 3 + 1.0
    model = Seq2SeqRegressor(**KNOWN).fit(X, y, weight)
    past = np.concatenate([x[:-h] for x, h in zip(X, horizons, strict=True)])
    of_steps = np.repeat(weight, [len(x) - h for x, h in zip(X, horizons, strict=True)])
    everywhere = np.average(np.concatenate(X), axis=0, weights=np.repeat(weight, list(map(len, X))))
    assert_allclose(model.x_mean_, np.where([0, 1, 0], everywhere, np.average(past, axis=0, weights=of_steps)))
    plain = Seq2SeqRegressor(**KNOWN, standardize=False).fit(X, y)
    assert_allclose([*plain.x_mean_, *plain.x_scale_], [0, 0, 0, 1, 1, 1])


def test_future_features_are_told_by_index_name_or_mask(ahead):
    X, y, horizons = ahead
    expected = Seq2SeqRegressor(**KNOWN).fit(X, y)
    frames = [pd.DataFrame(x, columns=["load", "temperature", "wind"]) for x in X]
    for given, future in ((X, [False, True, False]), (X, np.array([1])), (frames, ["temperature"]), (frames, [1])):
        model = Seq2SeqRegressor(**TINY, future_features=future).fit(given, y)
        assert same_bits(model, expected)
        assert_same_rows(model.predict(given, horizon=horizons), expected.predict(X, horizon=horizons))
    with pytest.raises(ValueError, match="feature names"):
        model.predict([frame[["wind", "load", "temperature"]] for frame in frames], horizon=horizons)
    for names, match in ((["rain"], "'rain' which is not a valid feature name"), ([], "at least one feature, got")):
        assert_refused(Seq2SeqRegressor(**TINY, future_features=names), frames, y, match)
    two = [Seq2SeqRegressor(**TINY, future_features=names).fit(frames, y) for names in (["wind", "load"], [0, 2])]
    assert same_bits(*two)


def test_future_features_may_be_categories_beside_static_values(ahead):
    X, y, horizons = ahead
    table = np.empty((40, 2), object)
    for j, x in enumerate(X):
        day = np.where(x[:, 1] > 0, "open", "closed")
        table[j, 0] = pd.DataFrame({"load": x[:, 0], "day": day, "wind": x[:, 2]})
        table[j, 1] = j % 3
    settings = TINY | {"categorical_features": ["day"], "future_features": ["wind", "day"], "embedding_dim": 3}
    model = Seq2SeqRegressor(**settings).fit(table, y)
    assert model.weights_["decoder/layer_0/forward/W"].shape == (16, 1 + 1 + 3 + 1 + 4)
    closed = table.copy()
    for j, h in enumerate(horizons):
        closed[j, 0] = table[j, 0].copy()
        closed[j, 0].loc[len(X[j]) - h :, "day"] = "closed"
    one, other = (model.predict(given, horizon=horizons) for given in (table, closed))
    for x, h, a, b in zip(X, horizons, one, other, strict=True):
        assert np.array_equal(a, b) == (x[-h:, 1] <= 0).all()
    copied = pickle.loads(pickle.dumps(model))
    assert_same_rows(copied.predict(closed, horizon=horizons), other)
    assert same_bits(Seq2SeqRegressor(**settings | {"future_features": [1, 2]}).fit(table, y), model)


@pytest.mark.parametrize("settings", [{}, {"categorical_features": [2]}], ids=str)
def test_missing_values_are_carried_forward_into_the_steps_to_predict(ahead, settings):
    X, y, horizons = ahead
    X = [np.column_stack([x[:, :2], x[:, 2] > 0]) for x in X]
    rng = np.random.default_rng(0)
    gappy = [np.where((rng.random(x.shape) < 0.3) & [True, True, False], np.nan, x) for x in X]
    settings = TINY | settings | {"future_features": [1, 2], "missing": "forward"}
    model = Seq2SeqRegressor(**settings).fit(gappy, y)
    expected = model.predict(gappy, horizon=horizons)
    width = 3 if "categorical_features" not in settings else 2  # numbers, each with an indicator
    assert model.weights_["encoder/layer_0/forward/W"].shape[1] > 2 * width
    assert len(model._network_arguments["future"]) == (4 if width == 3 else 3)
    unread, changed = ([x.copy() for x in gappy] for _ in range(2))
    for x, other, h in zip(unread, changed, horizons, strict=True):
        x[-h:, 0] = np.nan  # not read
        other[-h, 1] = 7.0 if np.isnan(other[-h, 1]) else np.nan
    assert_same_rows(model.predict(unread, horizon=horizons), expected)
    assert same_bits(Seq2SeqRegressor(**settings).fit(unread, y), model)
    assert not any(np.allclose(a, b) for a, b in zip(model.predict(changed, horizon=horizons), expected, strict=True))
    past = np.concatenate([x[:-h, 0] for x, h in zip(gappy, horizons, strict=True)])
    assert_allclose(model.x_mean_[:2], [np.nanmean(past), np.nanmean(np.concatenate(gappy)[:, 1])])
    loaded = pickle.loads(pickle.dumps(model))
    assert_same_rows(loaded.predict(gappy, horizon=horizons), expected)


BAD_AHEAD = {
    "short": ({}, lambda X, y: ([*X[:3], X[3][: len(y[3])], *X[4:]], y), "sequence 3 of X to have more than"),
    "tokens": (
        {"embedding_dim": 2},
        lambda X, y: ([np.ones(9, int)] * 40, y),
        "future_features=None with embedding_dim",
    ),
    "skipped steps": ({"missing": "skip"}, lambda X, y: (X, y), "missing='error' or 'forward' with future_features"),
    "NaN": ({}, lambda X, y: ([np.where(np.arange(3), x, np.nan) for x in X], y), "not in future_features .* put 0"),
}


@pytest.mark.parametrize("case", BAD_AHEAD)
def test_what_cannot_go_with_features_known_ahead_is_refused(ahead, case):
    settings, spoil, match = BAD_AHEAD[case]
    X, y, _ = ahead
    assert_refused(Seq2SeqRegressor(**KNOWN | settings), *spoil(X, y), match)


def test_every_method_refuses_a_sequence_without_steps_before_those_to_predict(ahead):
    X, y, horizons = ahead
    model = Seq2SeqRegressor(**KNOWN).fit(X, y)
    short = [*X[:5], X[5][: horizons[5]], *X[6:]]
    for ask in (
        lambda: model.predict(short, horizon=horizons),
        lambda: model.attention_weights(short, horizon=horizons),
        lambda: model.score(short, y),
        lambda: model.fit(X, y, X_val=short, y_val=y),
    ):
        with pytest.raises(ValueError, match=f"sequence 5 of X to have more than {horizons[5]} steps"):
            ask()
    for ask in (model.predict, model.attention_weights):  # which steps are to be predicted is not guessed
        with pytest.raises(ValueError, match=r"Expected horizon, .* had different lengths"):
            ask(X)
    long = [x[:5] for x in X if len(x) > 4]
    equal = Seq2SeqRegressor(**KNOWN).fit(long, [x[3:5, 1] for x in long])
    assert {row.shape for row in equal.predict(X)} == {(2,)}


def test_a_model_with_future_features_goes_on_where_it_was(ahead):
    X, y, horizons = ahead
    settings = KNOWN | STEADY
    whole = Seq2SeqRegressor(**settings).fit(X, y)
    parts = Seq2SeqRegressor(**settings | {"max_iter": 1})
    for _ in range(2):
        parts.partial_fit(X, y)
    assert same_bits(parts, whole)
    copied = pickle.loads(pickle.dumps(parts)).set_params(future_features=[0])
    assert_same_rows(copied.predict(X, horizon=horizons), whole.predict(X, horizon=horizons))
    for other in ([0], [0, 1], None):
        parts.set_params(future_features=other)
        assert_refused(parts, X, y, "future_features .* changed from", method="partial_fit")


def test_future_values_are_part_of_a_sequence(ahead):
    X, y, _ = ahead
    settings = KNOWN | {"early_stopping": True, "scoring": None}
    expected = Seq2SeqRegressor(**settings).fit(X, y, sample_weight=np.full(40, 2.0))
    order = np.random.default_rng(0).permutation(80) % 40
    twice = Seq2SeqRegressor(**settings).fit([X[j] for j in order], [y[j] for j in order])
    assert same_bits(twice, expected)
    assert twice.validation_scores_ == expected.validation_scores_
    other = [x.copy() for x in X]
    for x in other:
        x[-1, 1] += 1
    both = Seq2SeqRegressor(**settings | {"max_iter": 1}).fit(X + other, y + y)
    assert both.t_ > 40  # they are not merged


def test_arrays_with_future_features_go_through_a_search():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 7, 2)).astype(np.float32)
    y = X[:, 4:, 1]
    search = ms.GridSearchCV(Seq2SeqRegressor(**TINY), {"future_features": [[1], [0, 1]]}, cv=2, n_jobs=2)
    search.fit(X, y)
    model = search.best_estimator_
    assert model.theta_.dtype == np.float32
    assert model.predict(X).shape == (40, 3)
    assert model.predict(X, horizon=2).shape == (40, 2)
    pipe = make_pipeline(PerTimestep(StandardScaler()), Seq2SeqRegressor(**KNOWN)).fit(X, y)
    assert np.isfinite(ms.cross_val_score(pipe, X, y, cv=2)).all()
    flat = Seq2SeqRegressor(**TINY, future_features=[1], input_size=2).fit(X.reshape(40, -1), y)
    assert same_bits(flat, Seq2SeqRegressor(**KNOWN).fit(X, y))


# --- quantiles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", OF_NUMBERS)
def test_several_quantiles_are_a_last_axis_of_a_forecast(ragged, form):
    y = OF_NUMBERS[form][0]
    one = Seq2SeqRegressor(**TINY, loss="quantile", quantile=0.3).fit(ragged, y)
    model = Seq2SeqRegressor(**TINY, loss="quantile", quantile=(0.9, 0.1, 0.6)).fit(ragged, y)
    assert model.n_outputs_ == 3 * one.n_outputs_
    assert model.y_mean_.shape == one.y_mean_.shape == (one.n_outputs_,)
    for options in ({}, {"horizon": 1}, {"horizon": LONG}):
        several, single = model.predict(ragged, **options), one.predict(ragged, **options)
        assert several.dtype == single.dtype
        for a, b in zip(several, single, strict=True):
            assert np.shape(a) == (*np.shape(b), 3)
            assert (np.diff(a) >= 0).all()
    loaded = pickle.loads(pickle.dumps(model))
    assert_same_rows(loaded.predict(ragged), model.predict(ragged))
    assert np.isfinite([model.score(ragged, y), one.score(ragged, y)]).all()


def test_the_score_of_quantiles_is_D2_averaged_over_them(ragged):
    y, weight = OF_NUMBERS["(n, h, k)"][0], np.arange(40) % 3 + 0.5
    model = Seq2SeqRegressor(**TINY, loss="quantile", quantile=(0.2, 0.5)).fit(ragged, y)
    predicted = model.predict(ragged)
    scores = [
        d2_pinball_score(y.reshape(40, -1), predicted[..., k].reshape(40, -1), alpha=q, sample_weight=weight)
        for k, q in enumerate((0.2, 0.5))
    ]
    assert_allclose(model.score(ragged, y, weight), np.mean(scores))
    several = OF_NUMBERS["(h_i, k)"][0]
    model.fit(ragged, several)
    true, predicted = np.concatenate(several), np.concatenate(model.predict(ragged, horizon=LONG))
    ones = np.ones(len(true))  # before 1.9, scikit-learn's score without weights is another
    scores = [d2_pinball_score(true, predicted[..., k], alpha=q, sample_weight=ones) for k, q in enumerate((0.2, 0.5))]
    assert_allclose(model.score(ragged, several), np.mean(scores))


def test_quantiles_cover_what_they_say_and_the_median_is_what_the_decoder_reads():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4))
    y = X[:, -1:] + rng.normal(size=(400, 3))
    settings = {"hidden_layer_sizes": 8, "max_iter": 30, "random_state": 0, "loss": "quantile"}
    model = Seq2SeqRegressor(**settings, quantile=(0.1, 0.45, 0.9)).fit(X, y)
    low, _, high = np.moveaxis(model.predict(X), -1, 0)
    assert 0.7 < np.mean((low <= y) & (y <= high)) < 0.9
    assert model._network_arguments["median"] == 1
    assert (model.n_outputs_, model.weights_["decoder/layer_0/forward/W"].shape) == (3, (32, 1 + 1 + 8))
    extremes = Seq2SeqRegressor(**settings | {"max_iter": 1}, quantile=(0.9, 0.4, 0.8)).fit(X, y)
    assert extremes._network_arguments["median"] == 0


def test_a_warm_start_with_other_quantiles_goes_on_if_they_are_as_many(ragged):
    y = OF_NUMBERS["(n, h)"][0]
    model = Seq2SeqRegressor(**TINY, loss="quantile", quantile=(0.1, 0.5), warm_start=True).fit(ragged, y)
    assert model.set_params(quantile=(0.2, 0.5)).fit(ragged, y).n_iter_ == 4
    model.set_params(quantile=(0.2, 0.5, 0.7))
    assert_refused(model, ragged, y, "n_outputs changed from 2 to 3")


# --- targets that are missing -----------------------------------------------------------------------------------------


@pytest.fixture
def gappy(courses):
    """The targets in `courses`, of which some are NaN, and those of sequence 7 all."""
    rng = np.random.default_rng(6)
    y = [np.where(rng.random(len(row)) < 0.3, np.nan, row) for row in courses]
    y[7] = np.full(len(courses[7]), np.nan)
    return y


GAPPY = [{}, {"teacher_forcing": 0.5}, {"early_stopping": True, "scoring": None}, {"shuffle": False}, {"loss": "huber"}]


@pytest.mark.parametrize("settings", GAPPY, ids=str)
def test_NaN_is_a_target_of_weight_0_whatever_that_holds(ragged, gappy, settings):
    settings = TINY | settings
    model = Seq2SeqRegressor(**settings).fit(ragged, gappy)
    assert np.isfinite(model.theta_).all()
    known = [~np.isnan(row) for row in gappy]
    for value in (0.0, 1e6):
        y = [np.where(k, row, value) for k, row in zip(known, gappy, strict=True)]
        if "scoring" not in settings:  # whose y holds what was given
            assert same_bits(Seq2SeqRegressor(**settings).fit(ragged, y, known), model)
    without = [j for j in range(40) if known[j].any()]
    left = [ragged[j] for j in without], [gappy[j] for j in without]
    assert same_bits(Seq2SeqRegressor(**settings).fit(*left), model)
    true = np.concatenate(gappy)
    assert_allclose(model.y_mean_, np.nanmean(true))
    assert_allclose(model.y_scale_, np.nanstd(true))


def test_a_forecast_of_targets_with_gaps_is_learned(ragged, courses, gappy):
    model = Seq2SeqRegressor(8, max_iter=40, learning_rate_init=0.03, batch_size=8, random_state=0).fit(ragged, gappy)
    assert model.score(ragged, courses) > 0.6
    known = np.concatenate([~np.isnan(row) for row in gappy])
    lengths = [len(row) for row in gappy]
    predicted = np.concatenate(model.predict(ragged, horizon=lengths))
    expected = r2_score(np.concatenate(gappy)[known], predicted[known])
    assert_allclose(model.score(ragged, gappy), expected)
    weight = np.arange(40) % 3 + 1.0
    expected = r2_score(np.concatenate(gappy)[known], predicted[known], sample_weight=np.repeat(weight, lengths)[known])
    assert_allclose(model.score(ragged, gappy, weight), expected)


@pytest.mark.parametrize("settings", [{}, {"loss": "quantile", "quantile": (0.21, 0.63)}], ids=str)
def test_single_outputs_of_a_step_may_be_missing(ragged, settings):
    rng = np.random.default_rng(0)
    y = OF_NUMBERS["(n, h, k)"][0].copy()
    y[rng.random(y.shape) < 0.3] = np.nan
    model = Seq2SeqRegressor(**TINY | settings).fit(ragged, y)
    assert_allclose(model.y_mean_, np.nanmean(y, axis=(0, 1)))
    assert_allclose(model.y_scale_, np.nanstd(y, axis=(0, 1)))
    predicted, flat = model.predict(ragged).reshape(40, 6, -1), y.reshape(40, 6)
    scores = []
    for k, known in enumerate(~np.isnan(flat.T)):
        if settings:
            # Where q times the number of values is an integer, the quantile of weighted values hangs on rounding.
            ones = np.ones(known.sum())
            scores += [
                d2_pinball_score(flat[known, k], predicted[known, k, i], alpha=q, sample_weight=ones)
                for i, q in enumerate((0.21, 0.63))
            ]
        else:
            scores.append(r2_score(flat[known, k], predicted[known, k, 0]))
    assert_allclose(model.score(ragged, y), np.mean(scores))
    order = rng.permutation(40)
    assert same_bits(Seq2SeqRegressor(**TINY | settings).fit([ragged[j] for j in order], y[order]), model)
    twice = Seq2SeqRegressor(**TINY | settings).fit([*ragged, *ragged], np.concatenate([y, y]))
    assert same_bits(twice, Seq2SeqRegressor(**TINY | settings).fit(ragged, y, np.full(40, 2.0)))


def test_masked_targets_are_missing_in_every_container(ragged):
    y = OF_NUMBERS["(n, h)"][0].copy()
    y[::3, 1] = np.nan
    expected = Seq2SeqRegressor(**TINY).fit(ragged, y)
    masked = np.ma.masked_invalid(y)
    for form in (masked, pd.DataFrame(y), y.astype(object), np.where(np.isnan(y), None, y), y.tolist()):
        assert same_bits(Seq2SeqRegressor(**TINY).fit(ragged, form), expected)


def test_LBFGS_refuses_gaps_that_the_decoder_would_read(ragged):
    y = OF_NUMBERS["(n, h)"][0].copy()
    settings = TINY | {"solver": "lbfgs"}
    for column, value in ((2, np.nan), (1, 0)):
        spoiled = y.copy()
        spoiled[5, column] = np.nan
        if value == 0:
            match = r"target of some weight at each step .* none in sequence 5, step 1.*Set solver='adam'"
            assert_refused(Seq2SeqRegressor(**settings), ragged, spoiled, match)
            weight = [np.where(np.isnan(row), 0, 1) for row in spoiled]
            assert_refused(Seq2SeqRegressor(**settings), ragged, y, match, sample_weight=weight)
        else:  # nothing is read after the last step
            assert np.isfinite(Seq2SeqRegressor(**settings).fit(ragged, spoiled).loss_)


def test_a_score_needs_targets(ragged, courses):
    model = Seq2SeqRegressor(**TINY).fit(ragged, courses)
    with pytest.raises(ValueError, match="at least two numbers in a column"):
        model.score(ragged, [np.full(2, np.nan)] * 40)
    y = np.full((40, 2, 2), 1.0)
    y[:, :, 1] = np.nan
    assert_refused(Seq2SeqRegressor(**TINY), ragged, y, "at least one number for output 1")


def test_validation_sets_may_have_gaps(ragged, gappy):
    model = Seq2SeqRegressor(**TINY | {"scoring": None}).fit(
        ragged[:30], gappy[:30], X_val=ragged[30:], y_val=gappy[30:]
    )
    assert_allclose(model.validation_scores_[-1], model.score(ragged[30:], gappy[30:]))


# --- X, and models that are not fitted --------------------------------------------------------------------------------

BAD_X = {
    "no sequences": ([], "0 sample"),
    "an empty sequence": ([np.zeros((3, 2)), np.zeros((0, 2))], "Expected sequence 1 to have at least one time step"),
    "another number of features": ([np.zeros((3, 3))] * 2, "X has 3 features, but .* is expecting 2"),
    "an array": (np.zeros((2, 3)), "was fitted on sequences"),
    "NaN": ([np.zeros((3, 2)), np.full((3, 2), np.nan)], "NaN in sequence 1, step 0"),
}


@pytest.mark.parametrize("case", BAD_X)
def test_bad_X_is_refused_by_every_method(estimator, pair, case):
    X, match = BAD_X[case]
    y = [row for row in pair[1] if len(row)][: len(X)]
    model = estimator(**TINY).fit(*pair)
    for method in ("predict", "attention_weights", "score", "token_score", "teacher_forced_proba", "partial_fit"):
        if hasattr(model, method):
            with pytest.raises(ValueError, match=match):
                getattr(model, method)(X, *() if method in ("predict", "attention_weights") else (y,))
    if case not in ("another number of features", "an array"):
        assert_refused(estimator(**TINY), X, y, match)


def test_an_unfitted_model_says_so(estimator, pair):
    X, y = pair
    model = estimator()
    for method in ("predict", "attention_weights", "score", "token_score", "teacher_forced_proba"):
        if hasattr(model, method):
            with pytest.raises(NotFittedError):
                getattr(model, method)(X, *() if method in ("predict", "attention_weights") else (y,))


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}, {"attention": None}], ids=str)
def test_weight_0_is_a_sequence_left_out_and_weight_2_one_given_twice(estimator, pair, settings):
    X, y = pair
    times = np.random.default_rng(1).integers(0, 3, 40)
    rows = np.random.default_rng(2).permutation(np.repeat(np.arange(40), times))
    repeated = estimator(**TINY | settings).fit([X[j] for j in rows], [y[j] for j in rows])
    weighted = estimator(**TINY | settings).fit(X, y, sample_weight=times)
    assert same_bits(weighted, repeated)
    assert_allclose(
        weighted.score(X, y, sample_weight=times), repeated.score([X[j] for j in rows], [y[j] for j in rows])
    )


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"teacher_forcing": 0.5}], ids=str)
def test_the_order_of_the_sequences_has_no_influence(estimator, pair, dyadic, settings):
    X, y = pair
    order = np.random.default_rng(2).permutation(40)
    expected = estimator(**TINY | settings).fit(X, y, dyadic)
    shuffled = estimator(**TINY | settings).fit([X[j] for j in order], [y[j] for j in order], dyadic[order])
    assert same_bits(shuffled, expected)
    unshuffled = TINY | settings | {"shuffle": False}
    one, other = (
        estimator(**unshuffled).fit([X[j] for j in rows], [y[j] for j in rows], dyadic[rows])
        for rows in (np.arange(40), order)
    )
    assert not same_bits(one, other)


def test_what_a_sequence_of_weight_0_holds_plays_no_part(ragged, words, courses, dyadic):
    dyadic[5] = 0
    for cls, y, row in ((Seq2SeqClassifier, words, ["new"] * 9), (Seq2SeqRegressor, courses, np.full(9, 1e9))):
        expected, model = (cls(**TINY).fit(ragged, target, dyadic) for target in (y, [*y[:5], row, *y[6:]]))
        assert same_bits(model, expected)
        if cls is Seq2SeqClassifier:
            assert model.classes_.tolist() == ["a", "b", "c"]
            assert model.max_length_ == 3
        else:
            assert model.horizon_ == 4


def test_the_weight_of_a_sequence_is_that_of_its_steps(estimator, pair, dyadic):
    X, y = pair
    filled = [j for j in range(40) if len(y[j])]  # an empty target has no steps to weigh
    X, y, weight = [X[j] for j in filled], [y[j] for j in filled], dyadic[filled]
    steps = [np.full(len(row), w) for row, w in zip(y, weight, strict=True)]
    expected = estimator(**TINY).fit(X, y, weight)
    for form in (steps, objects(steps), [w.tolist() for w in steps]):
        assert same_bits(estimator(**TINY).fit(X, y, form), expected)
    assert same_bits(estimator(**TINY).fit(X, y, 2.0), estimator(**TINY).fit(X, y, np.full(len(X), 2.0)))


def test_a_sequence_given_twice_with_weights_of_steps_has_their_sums(estimator, pair):
    filled = [j for j in range(40) if len(pair[1][j])]  # the end of an empty target weighs 1 each time
    X, y = [pair[0][j] for j in filled], [pair[1][j] for j in filled]
    rng = np.random.default_rng(3)
    one, other = ([rng.integers(1, 9) / 4 * np.exp2(rng.integers(0, 2, len(row))) for row in y] for _ in range(2))
    settings = TINY | {"standardize": False}
    twice = estimator(**settings).fit([*X, *X], [*y, *y], [*one, *other])
    sums = estimator(**settings).fit(X, y, [a + b for a, b in zip(one, other, strict=True)])
    assert_allclose(twice.theta_, sums.theta_, rtol=1e-6, atol=1e-9)


def test_weights_of_labels_are_those_of_the_loss_and_the_end_weighs_their_mean(ragged, words):
    rng = np.random.default_rng(3)
    weight = [rng.integers(0, 9, len(row)) / 4 for row in words]
    ends = [w.mean() if len(w) else 1.0 for w in weight]
    model = Seq2SeqClassifier(**FROZEN).fit(ragged, words, weight)
    with_ends = [np.append(w, end) for w, end in zip(weight, ends, strict=True)]
    assert_allclose(model.loss_, log_loss_of(model, ragged, words, with_ends), rtol=1e-9)


BAD_WEIGHTS = {
    "too few": (lambda y: [1] * 39, r"shape == \(39,\)"),
    "negative": (lambda y: [-1] + [1] * 39, "Negative values.* for sequence 0"),
    "none above 0": (lambda y: [0] * 40, "at least one non-zero"),
    "NaN": (lambda y: [np.nan] + [1] * 39, "NaN"),
    "too few sequences": (lambda y: [np.ones(len(row)) for row in y[:-1]], "inconsistent numbers"),
    "too many steps": (
        lambda y: [np.ones(len(row) + 1) for row in y],
        "Expected sample_weight to have .* time steps for sequence 0, as many as y",
    ),
    "negative steps": (lambda y: [-np.ones(len(row)) for row in y], "Negative values"),
    "no step above 0": (lambda y: [np.zeros(len(row)) for row in y], "at least one non-zero"),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
def test_bad_weights_are_refused(estimator, pair, case):
    make, match = BAD_WEIGHTS[case]
    assert_refused(estimator(**TINY), *pair, match, sample_weight=make(pair[1]))


def log_loss_of(model, X, y, weight=None):
    """The documented loss: of labels and ends, the mean of -log p of each if those before it are given."""
    codes = [np.append(np.searchsorted(model.classes_, row), len(model.classes_)) for row in y]
    nats = [-np.log(p[np.arange(len(p)), c]) for p, c in zip(model.teacher_forced_proba(X, y), codes, strict=True)]
    return np.average(np.concatenate(nats), weights=None if weight is None else np.concatenate(weight))


def test_the_loss_is_the_documented_one(ragged, words, dyadic):
    model = Seq2SeqClassifier(**FROZEN).fit(ragged, words)
    assert_allclose(model.loss_, log_loss_of(model, ragged, words), rtol=1e-9)
    model.fit(ragged, words, dyadic)
    weight = [np.full(len(row) + 1, w) for row, w in zip(words, dyadic, strict=True)]
    assert_allclose(model.loss_, log_loss_of(model, ragged, words, weight), rtol=1e-9)


def test_class_weights_are_weights_of_labels_and_the_end_has_1(ragged, words, dyadic):
    by_class = {"a": 2.0, "b": 0.5, "c": 0.0}
    weight = [np.array([*(by_class[label] for label in row), 1.0]) for row in words]
    model = Seq2SeqClassifier(**FROZEN, class_weight=by_class).fit(ragged, words)
    assert_allclose(model.loss_, log_loss_of(model, ragged, words, weight), rtol=1e-9)
    model.fit(ragged, words, dyadic)
    weight = [w * of_sequence for w, of_sequence in zip(weight, dyadic, strict=True)]
    assert_allclose(model.loss_, log_loss_of(model, ragged, words, weight), rtol=1e-9)
    one, other = (Seq2SeqClassifier(**TINY, class_weight=w) for w in ({"b": 3.0}, {"a": 1, "b": 3.0, "c": 1}))
    assert same_bits(one.fit(ragged, words), other.fit(ragged, words))  # of a class that is not named it is 1


def test_balanced_labels_have_the_same_total_as_the_end(ragged, words):
    totals = {label: np.sum([(row == label).sum() for row in words]) for label in "abc"}
    by_class = {label: 40 / total for label, total in totals.items()}
    balanced = Seq2SeqClassifier(**FROZEN, class_weight="balanced").fit(ragged, words)
    assert_allclose(balanced.loss_, Seq2SeqClassifier(**FROZEN, class_weight=by_class).fit(ragged, words).loss_)
    assert balanced.loss_ != Seq2SeqClassifier(**FROZEN).fit(ragged, words).loss_


@pytest.mark.parametrize("value", [{"a": -1}, {"new": 2}, {"a": 1, "new": 2}], ids=str)
def test_odd_class_weights_are_refused(ragged, words, value):
    assert_refused(Seq2SeqClassifier(**TINY, class_weight=value), ragged, words, "class_weight")


def test_balanced_labels_must_all_be_there(ragged, words):
    model = Seq2SeqClassifier(**TINY, class_weight="balanced")
    assert_refused(model, ragged, words, "every class in each call", method="partial_fit", classes=list("abcd"))


# --- scores and probabilities -----------------------------------------------------------------------------------------


def test_scores_are_the_parts_of_right_sequences_and_of_right_labels(reversing, ragged, words):
    for model, X, y in (reversing, (Seq2SeqClassifier(**TINY | {"max_iter": 15}).fit(ragged, words), ragged, words)):
        predicted, weight = model.predict(X), np.arange(len(X)) % 3 + 0.5
        right = np.array([len(a) == len(b) and (a == b).all() for a, b in zip(predicted, y, strict=True)])
        assert model.score(X, y) == right.mean()
        assert_allclose(model.score(X, y, sample_weight=weight), np.average(right, weights=weight))
        hits = [sum(a == b for a, b in zip(*rows, strict=False)) for rows in zip(predicted, y, strict=True)]
        places = [max(len(a), len(b)) for a, b in zip(predicted, y, strict=True)]
        assert_allclose(model.token_score(X, y), sum(hits) / sum(places))
        assert_allclose(model.token_score(X, y, sample_weight=weight), weight @ hits / (weight @ places))
        assert model.score(X, predicted) == model.token_score(X, predicted) == 1
        longer, shorter = [np.append(row, row[:1]) for row in predicted], [row[:-1] for row in predicted]
        assert model.score(X, shorter) == np.mean([not len(row) for row in predicted])
        assert model.token_score(X, longer) < 1 or not any(map(len, predicted))
        unknown = [np.array([label + "?" for label in row]) for row in predicted]
        assert model.token_score(X, unknown) == 0 or not any(map(len, predicted))


def test_a_score_may_be_of_labels_that_are_no_class(reversing):
    model, X, _ = reversing
    assert model.score(X, [["new"]] * len(X)) == model.token_score(X, [["new"]] * len(X)) == 0


def test_bad_targets_of_a_score_are_refused(estimator, pair):
    X, y = pair
    model = estimator(**TINY).fit(X, y)
    for method in ("score", "token_score", "teacher_forced_proba"):
        if hasattr(model, method):
            with pytest.raises(ValueError, match="inconsistent numbers"):
                getattr(model, method)(X, y[:-1])
            with pytest.raises(ValueError, match="sequence 3"):
                getattr(model, method)(X, [*y[:3], None, *y[4:]])


def test_the_score_of_numbers_is_R2_of_all_that_is_predicted(ragged, courses):
    model = Seq2SeqRegressor(**TINY | {"max_iter": 10}).fit(ragged, courses)
    weight, lengths = np.arange(40) % 3 + 0.5, [len(row) for row in courses]
    true, predicted = np.concatenate(courses), np.concatenate(model.predict(ragged, horizon=lengths))
    assert_allclose(model.score(ragged, courses), r2_score(true, predicted))
    expected = r2_score(true, predicted, sample_weight=np.repeat(weight, lengths))
    assert_allclose(model.score(ragged, courses, sample_weight=weight), expected)
    steps = [np.arange(h) + 1.0 for h in lengths]
    expected = r2_score(true, predicted, sample_weight=np.concatenate(steps))
    assert_allclose(model.score(ragged, courses, sample_weight=steps), expected)
    for form in ("(n,)", "(n, h)", "(n, h, k)"):
        y = OF_NUMBERS[form][0]
        model = Seq2SeqRegressor(**TINY).fit(ragged, y)
        flat, predicted = y.reshape(40, -1), model.predict(ragged).reshape(40, -1)
        assert_allclose(model.score(ragged, y, weight), r2_score(flat, predicted, sample_weight=weight))
    y = np.tile(y, (1, 2, 1))  # more steps than trained
    assert_allclose(model.score(ragged, y), r2_score(y.reshape(40, -1), model.predict(ragged, 6).reshape(40, -1)))
    several = OF_NUMBERS["(h_i, k)"][0]
    model = Seq2SeqRegressor(**TINY).fit(ragged, several)
    expected = r2_score(np.concatenate(several), np.concatenate(model.predict(ragged, horizon=LONG)))
    assert_allclose(model.score(ragged, several), expected)


def test_probabilities_are_of_all_labels_and_the_end(ragged, words):
    model = Seq2SeqClassifier(**TINY).fit(ragged, words)
    p = model.teacher_forced_proba(ragged, words)
    assert (p.shape, p.dtype) == ((40,), object)
    for row, labels in zip(p, words, strict=True):
        assert row.shape == (len(labels) + 1, 4)
        assert (row > 0).all()
        assert_allclose(row.sum(axis=1), 1)


def test_probabilities_do_not_know_the_labels_to_come(ragged, words):
    model = Seq2SeqClassifier(**TINY).fit(ragged, words)
    p = model.teacher_forced_proba(ragged, words)
    longer = model.teacher_forced_proba(ragged, [[*row, "c", "a"] for row in words])
    for short, long in zip(p, longer, strict=True):
        assert_allclose(long[: len(short)], short, rtol=1e-9)
    for beginning in ("a", "b"):
        other = model.teacher_forced_proba(ragged, [[beginning, *row[1:]] for row in words])
        filled = [j for j in range(40) if len(words[j]) and words[j][0] != beginning]
        assert filled
        assert all(not np.allclose(other[j][1], p[j][1], rtol=1e-9) for j in filled)


def test_greedy_predictions_are_the_likeliest_label_each_time_and_then_the_end(reversing, hesitant):
    for model, X in (reversing[:2], hesitant):
        predicted = model.predict(X)
        finished = 0
        for labels, p in zip(predicted, model.teacher_forced_proba(X, predicted), strict=True):
            best = p.argmax(axis=1)
            assert np.array_equal(model.classes_[best[:-1]], labels)
            if len(labels) < model.max_length_:
                assert best[-1] == len(model.classes_)
                finished += 1
        assert finished > 0


def test_labels_that_are_no_class_have_no_probability(ragged, words):
    model = Seq2SeqClassifier(**TINY).fit(ragged, words)
    for method in ("teacher_forced_proba", "attention_weights"):
        with pytest.raises(ValueError, match=r"the classes \['a', 'b', 'c'\], got the label 'new'"):
            getattr(model, method)(ragged, [*words[:5], ["a", "new"], *words[6:]])


# --- the search -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length_penalty", [0.0, 0.5, 1.0, 2.0])
def test_a_wide_beam_finds_the_best_of_all_sequences(hesitant, length_penalty):
    model, X = clone(hesitant[0]), hesitant[1]
    vars(model).update(vars(hesitant[0]))
    every = [list(labels) for length in range(4) for labels in itertools.product("ab", repeat=length)]
    found = model.set_params(beam_width=16, max_length=3, length_penalty=length_penalty).predict(X)
    greedy = model.set_params(beam_width=1).predict(X)
    for x, labels in zip(X[:20], found, strict=False):
        worth = []
        for row, p in zip(every, model.teacher_forced_proba([x] * len(every), every), strict=True):
            codes = np.append(np.searchsorted(model.classes_, row), 2)
            worth.append(np.log(p[np.arange(len(p)), codes]).sum() / (len(row) + 1) ** length_penalty)
        assert labels.tolist() == every[int(np.argmax(worth))]
    assert any(not np.array_equal(*rows) for rows in zip(found, greedy, strict=True))


def test_max_length_beam_width_and_length_penalty_count_after_fit(hesitant):
    model, X = clone(hesitant[0]), hesitant[1]
    vars(model).update(vars(hesitant[0]))
    free = model.predict(X)
    assert max(map(len, free)) <= model.max_length_ == 3
    for length in (1, 2):
        assert_same_rows(model.set_params(max_length=length).predict(X), [row[:length] for row in free])
    assert max(map(len, model.set_params(max_length=9, beam_width=4).predict(X))) <= 9
    short, long = (
        sum(map(len, model.set_params(beam_width=4, length_penalty=penalty).predict(X))) for penalty in (0.0, 3.0)
    )
    assert short < long


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("max_length", value) for value in (0, -1, 2.5)),
        *(("beam_width", value) for value in (0, 1.5, None)),
        *(("length_penalty", value) for value in (-1, "1", float("nan"))),
    ],
)
def test_odd_values_of_what_counts_after_fit_are_refused_after_fit(ragged, words, name, value):
    model = Seq2SeqClassifier(**TINY).fit(ragged, words).set_params(**{name: value})
    for method in ("predict", "score", "token_score", "attention_weights"):
        with pytest.raises(ValueError, match=name):
            getattr(model, method)(ragged, *(words,) if "score" in method else ())


def test_a_model_that_never_ends_stops_at_the_longest_target_or_at_max_length(ragged):
    y = [["a"] * (20 if j == 3 else 9) for j in range(40)]
    model = Seq2SeqClassifier(**FROZEN).fit(ragged, y)
    model.weights_["head/V"][-1, -1] = -50  # the bias of the end
    assert {len(row) for row in model.predict(ragged)} == {20}
    assert {len(row) for row in model.set_params(max_length=31).predict(ragged)} == {31}
    model.weights_["head/V"][-1, -1] = 50
    assert {len(row) for row in model.predict(ragged)} == {0}


# --- attention --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attention", ["additive", "dot"])
def test_attention_is_a_mean_over_the_steps_of_the_input_for_each_that_is_written(estimator, pair, attention):
    X, y = pair
    model = estimator(**TINY, attention=attention).fit(X, y)
    lengths = [len(row) for row in y]
    asked = (
        model.attention_weights(X, y) if estimator is Seq2SeqClassifier else model.attention_weights(X, horizon=lengths)
    )
    by_default = model.attention_weights(X)
    for found, rows in ((asked, lengths), (by_default, [len(row) for row in model.predict(X)])):
        assert (found.shape, found.dtype) == ((40,), object)
        assert [a.shape for a in found] == [(n, len(x)) for n, x in zip(rows, X, strict=True)]
        for a in found:
            assert (a > 0).all()
            assert_allclose(a.sum(axis=1), 1)
    shape = [a.shape for a in model.attention_weights(X[:1])]
    assert shape == [by_default[0].shape]


def test_attention_of_equally_long_sequences_is_still_one_array_for_each(estimator, pair):
    X = [x[:3] for x in pair[0]]
    y = [["a"] * 2] * 40 if estimator is Seq2SeqClassifier else np.ones((40, 2))
    model = estimator(**TINY).fit(X, y)
    a = model.attention_weights(X, y) if estimator is Seq2SeqClassifier else model.attention_weights(X)
    assert (a.shape, a.dtype, a[0].shape) == ((40,), object, (2, 3))


def test_attention_looks_where_the_answer_is(reversing):
    model, X, y = reversing
    looks = [a.argmax(axis=1) for a in model.attention_weights(X, y)]
    right = np.concatenate([look == np.arange(len(look))[::-1] for look in looks])
    assert right.mean() > 0.6
    assert_same_rows(model.attention_weights(X), model.attention_weights(X, model.predict(X)))


def test_without_attention_there_are_no_weights_of_it(estimator, pair):
    X, y = pair
    assert not hasattr(estimator(attention=None), "attention_weights")
    model = estimator(**TINY, attention=None).fit(X, y)
    assert not hasattr(model, "attention_weights")
    assert not hasattr(model.set_params(attention="dot"), "attention_weights")  # as it was fitted
    with pytest.raises(AttributeError) as error:
        model.attention_weights(X)
    assert "Expected attention='additive' or 'dot' for attention_weights, got None" in str(error.value.__cause__)
    assert hasattr(estimator(**TINY).fit(X, y).set_params(attention=None), "attention_weights")


# --- what the decoder reads in training -------------------------------------------------------------------------------


def test_the_part_of_true_outputs_changes_linearly_from_the_first_epoch_to_the_last(estimator, pair, monkeypatch):
    seen = []

    def mixed(network, theta, pair, scratch, rng, ratio):
        seen.append(ratio)
        return pair

    monkeypatch.setattr(scheduled_sampling, "sample_decoder_inputs", mixed)
    settings = TINY | {"batch_size": 40, "max_iter": 5}
    plain = estimator(**settings).fit(*pair)
    assert not seen
    assert same_bits(estimator(**settings, teacher_forcing=(1, 0)).fit(*pair), plain)
    assert_allclose(seen, [0.75, 0.5, 0.25, 0])  # in the first epoch all are given
    seen.clear()
    estimator(**settings, teacher_forcing=np.array([0.25, 0.75])).fit(*pair)
    assert_allclose(seen, [0.25, 0.375, 0.5, 0.625, 0.75])
    seen.clear()
    model = estimator(**settings | {"max_iter": 2}, teacher_forcing=(1, 0), warm_start=True)
    model.fit(*pair).fit(*pair).partial_fit(*pair)  # each fit begins anew; a single epoch is as the first
    assert_allclose(seen, [0, 0])


def test_reading_its_own_outputs_changes_the_model_by_the_seed_alone(estimator, pair):
    models = {
        forcing: estimator(**TINY, teacher_forcing=forcing).fit(*pair) for forcing in (1.0, (1, 0), 0.5, (0.5, 0.5), 0)
    }
    assert same_bits(models[0.5], models[0.5, 0.5])
    assert len({model.theta_.tobytes() for model in models.values()}) == 4
    for forcing, model in models.items():
        assert same_bits(clone(model).fit(*pair), model)
        assert np.isfinite(model.theta_).all()
        if forcing == (1, 0):
            short = TINY | {"max_iter": 1}
            assert same_bits(estimator(**short, teacher_forcing=forcing).fit(*pair), estimator(**short).fit(*pair))
    frozen = FROZEN | {"solver": "adam", "max_iter": 3, "teacher_forcing": 0.5}
    losses = estimator(**frozen).fit(*pair).loss_curve_
    assert len(set(losses)) == 3  # the weights stay, the draws do not


def test_a_decoder_that_never_reads_the_truth_is_trained_on_what_it_predicts(ragged, courses):
    model = Seq2SeqRegressor(**FROZEN, teacher_forcing=0).fit(ragged, courses)
    predicted = np.concatenate(model.predict(ragged, horizon=[len(row) for row in courses]))
    errors = (predicted - np.concatenate(courses)) / model.y_scale_
    assert_allclose(model.loss_, (errors**2).mean() / 2, rtol=1e-9)
    one = [row[:1] for row in courses]  # of one step, both are the same
    model.fit(ragged, one)
    assert_allclose(model.loss_, Seq2SeqRegressor(**FROZEN).fit(ragged, one).loss_, rtol=1e-12)
    errors = (np.concatenate(model.predict(ragged)) - np.concatenate(one)) / model.y_scale_
    assert_allclose(model.loss_, (errors**2).mean() / 2, rtol=1e-9)


@pytest.mark.parametrize("forcing", [0.5, (1, 0), (0, 1)])
def test_LBFGS_cannot_take_the_noise_of_the_decoders_own_outputs(estimator, pair, forcing):
    model = estimator(**TINY, solver="lbfgs", teacher_forcing=forcing)
    assert_refused(model, *pair, "Expected teacher_forcing=1 for solver='lbfgs'")
    assert same_bits(model.set_params(teacher_forcing=(1, 1)).fit(*pair), clone(model).fit(*pair))


# --- training that goes on, stops and fails ---------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_warm_start_and_partial_fit_go_on_as_if_there_had_been_no_break(estimator, pair, solver):
    settings = TINY | STEADY | {"solver": solver}
    whole = estimator(**settings | {"max_iter": 4}).fit(*pair)
    warm = estimator(**settings | {"max_iter": 2}, warm_start=True).fit(*pair).fit(*pair)
    parts = estimator(**settings)
    for _ in range(4):
        parts.partial_fit(*pair)
    for model in (warm, parts):
        assert same_bits(model, whole)
        assert (model.n_iter_, model.t_, model.loss_curve_) == (4, 160, whole.loss_curve_)
    assert same_bits(parts.fit(*pair), estimator(**settings).fit(*pair))


def test_partial_fit_is_there_only_with_mini_batches(estimator):
    assert hasattr(estimator(solver="sgd"), "partial_fit")
    assert not hasattr(estimator(solver="lbfgs"), "partial_fit")


def test_partial_fit_knows_classes_that_come_later(ragged, words):
    model = Seq2SeqClassifier(**TINY).partial_fit(ragged[:3], [["b"], [], ["b"]], classes=["c", "a", "b"])
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.max_length_ == 1
    model.partial_fit(ragged, words).partial_fit(ragged, words, classes=["b", "a", "c"])
    assert model.max_length_ == 3
    assert model.partial_fit(ragged[:1], [["a"]]).max_length_ == 3
    assert Seq2SeqClassifier(**TINY).partial_fit(ragged, words).classes_.tolist() == ["a", "b", "c"]
    mixed = Seq2SeqClassifier(**TINY).partial_fit(ragged[:2], [[1], [1]], classes=["b", 1, (2, 3)])
    assert set(mixed.partial_fit(ragged[:2], [["b"], [(2, 3)]]).classes_) == {"b", 1, (2, 3)}


def test_unknown_classes_are_refused(ragged, words):
    refused = [*words[:5], ["a", "new"], *words[6:]]
    for first in ({"classes": ["a", "b", "c"]}, {}):
        model = Seq2SeqClassifier(**TINY, warm_start=True)
        if first:
            assert_refused(model, ragged, refused, r"labels \['new'\]", method="partial_fit", **first)
        model.partial_fit(ragged, words, **first)
        for method in ("fit", "partial_fit"):
            assert_refused(
                model, ragged, refused, r"among the classes \['a', 'b', 'c'\], got labels \['new'\]", method=method
            )
    match = "Expected classes=.*, as in the last call, got"
    assert_refused(model, ragged, words, match, method="partial_fit", classes=["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("name", "value"), [("hidden_layer_sizes", 5), ("attention", "dot"), ("attention", None), ("cell", "gru")]
)
def test_a_warm_start_with_another_network_is_refused(estimator, pair, name, value):
    model = estimator(**TINY, warm_start=True).fit(*pair).set_params(**{name: value})
    assert_refused(model, *pair, f"Training cannot continue.*{name} changed")


def test_early_stopping_keeps_the_weights_of_its_best_epoch(estimator, pair):
    settings = {"hidden_layer_sizes": 6, "early_stopping": True, "validation_fraction": 0.3, "random_state": 0}
    settings |= {"learning_rate": "constant", "learning_rate_init": 0.03, "batch_size": 8, "n_iter_no_change": 5}
    model = estimator(**settings, max_iter=100).fit(*pair)
    best = int(np.argmax(model.validation_scores_)) + 1
    assert best < model.n_iter_ < 100
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None
    assert model.t_ == model.n_iter_ * 28
    until_then = estimator(**settings, max_iter=best).fit(*pair)
    assert same_bits(model, until_then)
    assert until_then.validation_scores_ == model.validation_scores_[:best]


def by_token(model, X, y, sample_weight=None):
    return model.token_score(X, y, sample_weight)


def test_the_validation_score_is_that_of_labels_or_R2_of_a_forecast(estimator, pair):
    """On all but one sequence, the scores are those of a model asked by hand; which one it is the seed says."""
    X, y = pair
    settings = TINY | {"early_stopping": True, "validation_fraction": 0.97, "max_iter": 2, "learning_rate": "constant"}
    settings["scoring"] = by_token if estimator is Seq2SeqClassifier else None
    model = estimator(**settings).fit(X, y)
    assert model.t_ == 2
    score = model.token_score if estimator is Seq2SeqClassifier else model.score
    if estimator is Seq2SeqClassifier:
        model.set_params(beam_width=1)
    by_hand = [score(X[:j] + X[j + 1 :], y[:j] + y[j + 1 :]) for j in range(40)]
    assert np.isclose(by_hand, model.best_validation_score_, rtol=1e-9).any()
    weight = np.arange(40) % 3 + 1.0
    model.fit(X, y, weight)
    by_hand = [score(X[:j] + X[j + 1 :], y[:j] + y[j + 1 :], np.delete(weight, j)) for j in range(40)]
    assert np.isclose(by_hand, model.best_validation_score_, rtol=1e-9).any()


def test_the_loss_on_what_is_set_aside_is_the_same_whatever_the_beam(ragged, words):
    settings = TINY | {"early_stopping": True, "max_iter": 10, "learning_rate_init": 0.05}
    scores = [Seq2SeqClassifier(**settings, beam_width=width).fit(ragged, words).validation_scores_ for width in (1, 3)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("n", [1, 2])
def test_early_stopping_does_with_very_few_sequences(estimator, pair, n):
    X, y = pair[0][:n], [row if len(row) else np.array(["a"]) for row in pair[1][:n]]
    model = estimator(**TINY, early_stopping=True).fit(X, y)
    assert (model.validation_scores_ is None) == (n == 1)
    assert model.predict(X).shape == (n,)


@pytest.mark.parametrize("settings", [{}, {"max_grad_norm": None}], ids=str)
def test_a_diverging_fit_is_an_error_and_leaves_the_model_as_it_was(estimator, pair, settings):
    X, y = pair
    model = estimator(**TINY).fit(X, y)
    expected = model.predict(X)
    for warm_start in (False, True):
        model.set_params(learning_rate_init=1e6, warm_start=warm_start, max_iter=20, **settings)
        assert_refused(model, X, y, "Training diverged in epoch .*learning_rate_init")
    assert_refused(clone(model), X, y, "Training diverged")
    assert_same_rows(model.predict(X), expected)


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd", "learning_rate_init": 0.1}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.each_choice
def test_every_solver_learns(estimator, pair, settings):
    X, y = pair
    model = estimator(**TINY | {"max_iter": 20, "learning_rate_init": 0.05, "batch_size": 7} | settings)
    model.fit(X, y)
    assert model.loss_ < 0.85 * model.loss_curve_[0]
    assert model.loss_ == model.loss_curve_[-1]


# --- folds, searches, pipelines, copies -------------------------------------------------------------------------------

FORMS = {
    "list": list,
    "object array": objects,
    "Series": lambda y: pd.Series(list(y), index=range(100, 100 + len(y))),
}
BY_HAND = ms.KFold(2)


@pytest.mark.parametrize("form", FORMS)
def test_predictions_by_folds_are_those_of_fits_by_hand(estimator, pair, form):
    X, y = pair
    found = ms.cross_val_predict(estimator(**TINY), X, FORMS[form](y), cv=2)
    assert (found.shape, found.dtype) == ((40,), object)
    for train, test in BY_HAND.split(X):
        model = estimator(**TINY).fit([X[j] for j in train], [y[j] for j in train])
        assert_same_rows(found[test], model.predict([X[j] for j in test]))


@pytest.mark.parametrize("equal", [False, True])
def test_lists_of_labels_go_through_folds(ragged, words, equal):
    """To scikit-learn the model is no classifier: its splitters would refuse lists of lists, and cut up strata."""
    y = [np.resize(row, 2) if len(row) else np.array(["a", "b"]) for row in words] if equal else words
    lists = [row.tolist() for row in y]
    found = ms.cross_val_predict(Seq2SeqClassifier(**TINY), ragged, lists, cv=2)
    assert_same_rows(found, ms.cross_val_predict(Seq2SeqClassifier(**TINY), ragged, y, cv=BY_HAND))
    assert np.isfinite(ms.cross_val_score(Seq2SeqClassifier(**TINY), ragged, lists, cv=2)).all()


@pytest.mark.parametrize("equal", ["in all folds", "in one fold"])
def test_folds_whose_targets_happen_to_be_equally_long_keep_their_form(estimator, pair, equal):
    X, y = pair
    short = 40 if equal == "in all folds" else 20
    y = [np.resize(row if len(row) else ["a"], 2) if j < short else row for j, row in enumerate(y)]
    for form in (list(y), objects(y)):
        found = ms.cross_val_predict(estimator(**TINY), X, form, cv=BY_HAND)
        assert (found.shape, found.dtype) == ((40,), object)
        assert all(isinstance(row, np.ndarray) and row.ndim == 1 for row in found)
        scores = ms.cross_val_score(estimator(**TINY), X, form, cv=2)
        assert np.isfinite(scores).all()


def test_cross_validation_gives_the_scores_of_fits_by_hand(estimator, pair):
    X, y = pair
    groups = np.arange(40) % 4
    for cv, kwargs in ((2, {}), (ms.TimeSeriesSplit(2), {}), (ms.GroupKFold(2), {"groups": groups})):
        result = ms.cross_validate(estimator(**TINY), X, y, cv=cv, return_train_score=True, **kwargs)
        assert np.isfinite(result["train_score"]).all()
        splits = ms.KFold(2).split(X) if cv == 2 else cv.split(X, **kwargs)
        for score, (train, test) in zip(result["test_score"], splits, strict=True):
            model = estimator(**TINY).fit([X[j] for j in train], [y[j] for j in train])
            assert score == model.score([X[j] for j in test], [y[j] for j in test])


GRID = {"cell": ["elman", "gru"], "attention": ["dot", None]}


def test_a_search_over_cells_and_attention_goes_through_a_pipeline(estimator, pair):
    X, y = pair
    n_jobs = 2 if estimator is Seq2SeqClassifier else None  # processes take seconds to start
    pipeline = make_pipeline(PerTimestep(StandardScaler()), estimator(**TINY))
    grid = {f"{estimator.__name__.lower()}__{name}": values for name, values in GRID.items()}
    search = ms.GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(X, y)
    assert len(search.cv_results_["mean_test_score"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X).shape == (40,)
    best = search.best_params_
    scaled = PerTimestep(StandardScaler()).fit_transform(X)
    by_hand = estimator(**TINY).set_params(**{name.split("__")[1]: value for name, value in best.items()})
    assert same_bits(search.best_estimator_[-1], by_hand.fit(scaled, y))


def test_texts_go_through_a_tokenizer_and_a_search(ragged, words, courses):
    texts = ["".join("xyz"[code] for code in np.digitize(x[:, 0], [-0.5, 0.5])) for x in ragged]
    for cls, y in ((Seq2SeqClassifier, words), (Seq2SeqRegressor, courses)):
        pipeline = make_pipeline(SequenceTokenizer(level="char"), cls(**TINY, embedding_dim=3))
        grid = {f"{cls.__name__.lower()}__{name}": values for name, values in GRID.items()}
        search = ms.GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(texts, y)
        assert search.predict(texts).shape == (40,)
        assert search.best_estimator_[-1].theta_.dtype == (np.float32)


def test_weights_reach_every_fold(estimator, pair, dyadic):
    X, y = pair
    search = ms.GridSearchCV(estimator(**TINY), {"cell": ["gru"]}, cv=2).fit(X, y, sample_weight=dyadic + 0.5)
    assert same_bits(search.best_estimator_, estimator(**TINY, cell="gru").fit(X, y, dyadic + 0.5))


def test_a_split_keeps_targets_with_their_sequences(estimator, pair):
    X, y = pair
    train, test, y_train, y_test = ms.train_test_split(X, y, random_state=0)
    model = estimator(**TINY).fit(train, y_train)
    assert model.predict(test).shape == (10,)
    assert all(
        any(x is other and row is target for other, target in zip(X, y, strict=True)) for x, row in zip(test, y_test)
    )


def by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    return joblib.load(io.BytesIO(file.getvalue()))


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "oldest pickle": lambda model: pickle.loads(pickle.dumps(model, protocol=2)),
    "joblib": by_joblib,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("settings", [{}, {"attention": None, "cell": "gru", "teacher_forcing": (1, 0.5)}], ids=str)
def test_a_copy_predicts_and_learns_on(estimator, pair, way, settings):
    X, y = pair
    model = estimator(**TINY | settings).fit(X, y)
    copied = COPIES[way](model)
    assert copied.get_params() == model.get_params()
    assert_same_rows(copied.predict(X), model.predict(X))
    assert copied.score(X, y) == model.score(X, y)
    if estimator is Seq2SeqClassifier:
        assert_same_rows(copied.teacher_forced_proba(X, y), model.teacher_forced_proba(X, y))
        assert np.array_equal(copied.classes_, model.classes_)
    before = model.theta_.copy()
    copied.partial_fit(X, y)
    assert np.array_equal(model.theta_, before), "the copy shares weights with the original"
    assert same_bits(model.partial_fit(X, y), copied)


def test_mixed_labels_survive_a_pickle(ragged):
    y = [[1, "a", (2, 3)][: len(x) % 4] for x in ragged]
    model = Seq2SeqClassifier(**TINY | {"max_iter": 20, "learning_rate_init": 0.05}).fit(ragged, y)
    assert_same_rows(pickle.loads(pickle.dumps(model)).predict(ragged), model.predict(ragged))


def test_read_only_weights_on_disk_predict_and_learn_on(estimator, pair, tmp_path):
    X, y = pair
    model = estimator(**TINY).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    copied = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert not copied.theta_.flags.writeable
    assert_same_rows(copied.predict(X), model.predict(X))
    assert same_bits(copied.partial_fit(X, y), model.partial_fit(X, y))


def test_several_processes_predict_the_same(estimator, pair):
    X, y = pair
    model = estimator(**TINY).fit(X, y)
    expected = model.predict(X)
    for found in joblib.Parallel(n_jobs=2)(joblib.delayed(model.predict)(X) for _ in range(2)):
        assert_same_rows(found, expected)


# --- what a first reader stumbled on ----------------------------------------------------------------------------------


def test_lists_of_lists_go_through_searches():
    X, y = [np.arange(1.0 + k % 4) for k in range(12)], [list("ab")[: 1 + k % 2] for k in range(12)]
    search = ms.GridSearchCV(Seq2SeqClassifier(**TINY), {"attention": ["dot", None]}, cv=2, error_score="raise").fit(
        X, y
    )
    assert len(ms.cross_val_predict(search, X, y, cv=2)) == 12


def test_a_length_penalty_of_any_size_is_safe():
    X, y = [np.arange(1.0 + k % 4) for k in range(12)], [list("ab")[: 1 + k % 2] for k in range(12)]
    model = Seq2SeqClassifier(**TINY, beam_width=2, max_length=300, length_penalty=1e4).fit(X, y)
    assert max(map(len, model.predict(X))) <= 300


@pytest.mark.parametrize("dtype", ["u1", "u8", "i4"])
def test_horizons_may_be_of_any_whole_type(dtype):
    X = np.random.default_rng(0).normal(size=(8, 5))
    model = Seq2SeqRegressor(**TINY).fit(X, X[:, :3])
    horizon = np.array([1, 2, 3, 1, 2, 3, 1, 2], dtype)
    assert [len(row) for row in model.predict(X, horizon=horizon)] == horizon.tolist()


def test_scorers_of_steps_take_sequences_that_were_written():
    X = np.random.default_rng(0).normal(size=(12, 5))
    model = Seq2SeqRegressor(**TINY).fit(X, X[:, :3])
    expected = r2_score(X[:, :3].ravel(), model.predict(X).ravel())
    assert np.isclose(sequence_scorer("r2")(model, X, X[:, :3]), expected)


def test_the_tokens_of_an_empty_output_are_none():
    tokenizer = SequenceTokenizer().fit(["a b"])
    assert tokenizer.inverse_transform(objects([np.array(ids, int) for ids in ([2], [], [3, 2])])) == [
        ["a"],
        [],
        ["b", "a"],
    ]


def test_scores_refuse_weights_that_they_cannot_use():
    X = np.random.default_rng(0).normal(size=(8, 5))
    regressor = Seq2SeqRegressor(**TINY).fit(X, X[:, :3])
    with pytest.raises(ValueError, match="Negative values"):
        regressor.score(X, X[:, :3], sample_weight=-np.ones((8, 3)))
    classifier = Seq2SeqClassifier(**TINY).fit(X, [["a", "b"]] * 8)
    with pytest.raises(ValueError, match="Expected sample_weight with one weight per sequence for a score"):
        classifier.score(X, [["a", "b"]] * 8, sample_weight=[np.ones(2)] * 8)


def test_a_schedule_of_teacher_forcing_begins_anew_with_a_warm_start():
    X = np.random.default_rng(0).normal(size=(40, 5))
    asked = []

    class Listening(Seq2SeqRegressor):
        def _objective(self, *arguments, **options):
            objective = super()._objective(*arguments, **options)
            forcing = objective.forcing
            objective.forcing = lambda epoch: asked.append(forcing(epoch)) or asked[-1]
            return objective

    model = Listening(**TINY | {"max_iter": 3, "batch_size": 40, "teacher_forcing": (1, 0.5), "warm_start": True})
    model.fit(X, X[:, :3]).fit(X, X[:, :3])
    model.partial_fit(X, X[:, :3])
    assert asked == [1, 0.75, 0.5, 1, 0.75, 0.5, 1]


def test_the_container_of_predictions_is_that_of_the_first_targets():
    X = np.random.default_rng(0).normal(size=(8, 5))
    model = Seq2SeqRegressor(**TINY).partial_fit(X, X[:, :3])
    model.partial_fit(X, list(X[:, :3]))
    assert model.predict(X).shape == (8, 3)


@pytest.mark.parametrize("parts", [(1, 0.5, 0), (), [[1, 0]], 2, (1, -1)])
def test_teacher_forcing_is_one_part_or_two(parts):
    X = np.random.default_rng(0).normal(size=(8, 5))
    with pytest.raises(ValueError, match="teacher_forcing"):
        Seq2SeqRegressor(**TINY, teacher_forcing=parts).fit(X, X[:, :3])


def test_a_wider_beam_finds_no_worse_output_where_ends_are_unlikely():
    X = [np.arange(1.0 + k % 4) for k in range(12)]
    model = Seq2SeqClassifier(**TINY).fit(X, [["a"] * 20] * 12)
    model.weights_["head/V"][-1, -1] = -50
    assert {len(written) for width in (1, 3) for written in model.set_params(beam_width=width).predict(X)} == {20}
