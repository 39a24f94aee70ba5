"""Tokens: every form of X, the vocabulary, unknown tokens, padding, and the table of vectors."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from checks import same_bits
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_recurrent import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqRegressor,
    SequenceTokenizer,
    as_column,
    as_sequences,
)
from sklearn_recurrent._core.cells.registry import CELLS

TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "batch_size": 11, "random_state": 0, "embedding_dim": 3}
STEADY = {"learning_rate": "constant", "tol": 0, "n_iter_no_change": 1000}  # always to max_iter
FROZEN = {"learning_rate_init": 1e-300, "max_iter": 1, "solver": "sgd", "batch_size": 40}  # the initial weights
N_TOKENS = 9
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(params=[GRUClassifier, LSTMRegressor], ids=["GRUClassifier", "LSTMRegressor"])
def estimator(request):
    """One class for each kind of target: all share what is tested here."""
    return request.param


@pytest.fixture
def tokens():
    """40 sequences of 3 to 9 tokens from 1 to 9, each of which comes."""
    rng = np.random.default_rng(0)
    X = [rng.integers(1, N_TOKENS + 1, length) for length in rng.integers(3, 10, 40)]
    assert set(np.concatenate(X)) == set(range(1, N_TOKENS + 1))
    return X


@pytest.fixture
def data(estimator, tokens):
    """Is there more of 7 than of 2? and by how many?"""
    counts = np.array([(x == 7).sum() - (x == 2).sum() for x in tokens], float)
    return tokens, np.where(counts > 0, "more", "less") if is_classifier(estimator()) else 500 + 10 * counts


def raw(model, X):
    return model.decision_function(X) if is_classifier(model) else model.predict(X)


def table(model):
    return model.weights_["embedding/E"]


def padded(X, value=0, width=12, before=0, dtype=np.int64):
    rows = np.full((len(X), width), value, dtype)
    for row, x in zip(rows, X, strict=True):
        row[before : before + len(x)] = x
    return rows


# --- forms of X -------------------------------------------------------------------------------------------------------

RAGGED = {
    "tuple": tuple,
    "object array": as_sequences,
    "object column": as_column,
    "Series": lambda X: pd.Series(X, index=range(100, 100 + len(X))),
    "frame": lambda X: pd.DataFrame({"x": X}, index=range(100, 100 + len(X))),
    "polars Series": lambda X: pl.Series("x", [x.tolist() for x in X]),
    "columns": lambda X: [x[:, None] for x in X],
    "lists of columns": lambda X: [x[:, None].tolist() for x in X],
    "object array of lists": lambda X: np.fromiter((x.tolist() for x in X), dtype=object, count=len(X)),
    "floats": lambda X: [x.astype(float) for x in X],
    "single floats": lambda X: [x.astype(np.float32) for x in X],
    "some of them narrow": lambda X: [x.astype(np.int8) for x in X[:-1]] + X[-1:],
    "unsigned": lambda X: [x.astype(np.uint64) for x in X],
    "unsigned of 32 bits": lambda X: [x.astype(np.uint32) for x in X],
    "strided": lambda X: [np.repeat(x, 2)[::2] for x in X],
    "objects": lambda X: [x.astype(object) for x in X],
}


@pytest.mark.parametrize("form", RAGGED)
@pytest.mark.each_choice
def test_every_form_of_ragged_tokens_gives_one_model(data, estimator, form):
    X, y = data
    expected = estimator(**TINY).fit(X, y)
    model = estimator(**TINY).fit(RAGGED[form](X), y)
    assert same_bits(model, expected)
    assert np.array_equal(model.vocabulary_, expected.vocabulary_)
    assert np.array_equal(raw(model, RAGGED[form](X)), raw(expected, X))


RECTANGLES = {
    "2-D": lambda X: X,
    "Fortran order": np.asfortranarray,
    "3-D": lambda X: X[:, :, None],
    "nested lists": lambda X: X.tolist(),
    "frame": lambda X: pd.DataFrame(X, columns=[f"t{t}" for t in range(X.shape[1])]),
    "polars frame": lambda X: pl.DataFrame(X, schema=[f"t{t}" for t in range(X.shape[1])]),
    "floats": lambda X: X.astype(float),
    "list of rows": list,
}


@pytest.mark.parametrize("form", RECTANGLES)
def test_every_form_of_equally_long_tokens_gives_one_model(data, estimator, form):
    X, y = np.array([x[:3] for x in data[0]]), data[1]
    expected = estimator(**TINY).fit(list(X), y)
    model = estimator(**TINY).fit(RECTANGLES[form](X), y)
    assert same_bits(model, expected)
    assert np.array_equal(raw(model, RECTANGLES[form](X)), raw(expected, list(X)))
    assert model.n_features_in_ == (1 if form in ("3-D", "list of rows") else 3)
    if form != "polars frame":  # whose names scikit-learn knows from 1.7 on
        assert hasattr(model, "feature_names_in_") == ("frame" in form)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32])
@pytest.mark.each_choice
def test_tokens_of_up_to_32_bits_compute_in_float32(data, estimator, dtype):
    X, y = [x.astype(dtype) for x in data[0]], data[1]
    model = estimator(**TINY).fit(X, y)
    assert model.theta_.dtype == np.float32
    assert same_bits(model, estimator(**TINY).fit([x.astype(np.int32) for x in data[0]], y))
    matrix = np.array([x[:3] for x in X])
    assert estimator(**TINY).fit(matrix, y).theta_.dtype == np.float32
    assert estimator(**TINY).fit(matrix[:, :, None], y).theta_.dtype == np.float32
    if is_classifier(model):
        assert model.predict_proba(X).dtype == np.float32
    wide = estimator(**TINY | {"batch_size": 40}).fit(data[0], y)
    assert wide.theta_.dtype == np.float64
    narrow = estimator(**TINY | {"batch_size": 40}).fit(X, y)
    np.testing.assert_allclose(narrow.loss_curve_, wide.loss_curve_, rtol=1e-4)


# --- the vocabulary ---------------------------------------------------------------------------------------------------


def test_the_vocabulary_is_what_came_in_fit_in_order(data, estimator):
    X, y = data
    model = estimator(**TINY).fit([x**3 for x in X], y)
    assert model.vocabulary_.tolist() == [k**3 for k in range(1, N_TOKENS + 1)]
    assert table(model).shape == (N_TOKENS + 1, 3)
    assert not hasattr(model, "x_mean_")


RENAMED = {
    "with gaps": np.arange(N_TOKENS) ** 5 + 3,
    "0 and huge": np.array([0, 1, 5, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**62]),
}


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"shuffle": False}], ids=str)
@pytest.mark.parametrize("names", RENAMED)
@pytest.mark.each_choice(times=2)
def test_tokens_by_other_names_in_the_same_order_give_the_same_model(data, estimator, names, settings):
    X, y = data
    renamed = [RENAMED[names][x - 1] for x in X]
    model = estimator(**TINY, **settings).fit(X, y)
    other = estimator(**TINY, **settings).fit(renamed, y)
    assert other.vocabulary_.tolist() == RENAMED[names].tolist()
    assert same_bits(model, other)
    assert np.array_equal(raw(model, X), raw(other, renamed))


def test_an_unknown_token_has_a_vector_of_zeros(data, estimator):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    assert not table(model)[0].any()
    unknown = [np.where(x == 5, 0, x) for x in X]
    expected = raw(model, unknown)
    assert not np.array_equal(expected, raw(model, X))
    for other in (10, 10**6, 2**31, 2**62):
        assert np.array_equal(raw(model, [np.where(x == 5, other, x) for x in X]), expected)
    without = pickle.loads(pickle.dumps(model))
    table(without)[5] = 0
    assert np.array_equal(raw(without, X), expected)
    assert np.isfinite(raw(model, [np.array([10**9])])).all()


def test_unknown_tokens_between_and_beyond_known_ones_are_unknown(data, estimator):
    X, y = data
    model = estimator(**TINY).fit([10 * x for x in X], y)
    outputs = [raw(model, [np.array([token])])[0] for token in (0, 9, 11, 55, 89, 91, 2**40)]
    assert len(set(outputs)) == 1
    assert raw(model, [np.array([50])])[0] != outputs[0]


def test_partial_fit_learns_one_vector_for_all_tokens_it_did_not_know(data, estimator):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    vocabulary, before = model.vocabulary_.copy(), table(model).copy()
    model.partial_fit([x + 100 for x in X], y)
    assert np.array_equal(model.vocabulary_, vocabulary)
    assert table(model)[0].all()
    assert np.array_equal(table(model)[1:], before[1:])
    assert raw(model, [np.array([101])]) == raw(model, [np.array([200])]) != raw(model, [np.array([1])])


def test_a_warm_start_keeps_the_vocabulary(data, estimator):
    X, y = data
    model = estimator(**TINY, warm_start=True).fit(X, y)
    model.fit([x + 3 for x in X], y)
    assert model.vocabulary_.tolist() == list(range(1, N_TOKENS + 1))
    assert table(model)[0].all()


def test_only_the_vectors_of_tokens_that_come_are_trained(data, estimator):
    X, y = data
    for solver in ("adam", "sgd"):
        model = estimator(**TINY, solver=solver).fit(X, y)
        before = table(model).copy()
        few = [np.where(x > 4, 2, x) for x in X]
        for _ in range(3):
            model.partial_fit(few, y)
        changed = (table(model) != before).any(axis=1)
        assert changed.tolist() == [False] + [True] * 4 + [False] * 5


def test_a_token_without_weight_is_unknown(data, estimator):
    X, y = data
    more = [*X, np.array([77, 78])]
    y_more = np.append(y, y[:1])
    weight = np.append(np.ones(len(X)), 0)
    model = estimator(**TINY).fit(more, y_more, sample_weight=weight)
    assert same_bits(model, estimator(**TINY).fit(X, y))
    assert 77 not in model.vocabulary_
    assert raw(model, [np.array([77, 78])]) == raw(model, [np.array([10**5, 10**6])])


def test_tokens_with_several_fits_leave_nothing_behind(data, estimator):
    X, y = data
    numbers = [x.astype(float)[:, None] * [0.1, 0.2] for x in X]
    plain = {name: value for name, value in TINY.items() if name != "embedding_dim"}
    expected = estimator(**plain).fit(numbers, y)
    model = estimator(**TINY).fit(X, y)
    attributes = set(vars(model))
    model.set_params(embedding_dim=None).fit(numbers, y)
    assert same_bits(model, expected)
    assert not hasattr(model, "vocabulary_")
    assert set(vars(model)) == set(vars(expected))
    model.set_params(embedding_dim=3).fit(X, y)
    assert set(vars(model)) == attributes
    assert not hasattr(model, "x_mean_")
    assert same_bits(model, estimator(**TINY).fit(X, y))


def test_a_change_of_parameters_after_fit_changes_no_prediction(data, estimator):
    X, y = data
    model = estimator(**TINY, pad_token=0).fit(padded(X), y)
    expected = raw(model, padded(X))
    for change in ({"embedding_dim": 7}, {"embedding_dim": None}, {"pad_token": 3}, {"pad_token": None}):
        assert np.array_equal(raw(clone_with_state(model).set_params(**change), padded(X)), expected)
    plain = estimator(hidden_layer_sizes=4, max_iter=2, random_state=0).fit(X, y)
    expected = raw(plain, X)
    assert np.array_equal(raw(plain.set_params(embedding_dim=2, pad_token=0), X), expected)


def clone_with_state(model):
    return pickle.loads(pickle.dumps(model))


# --- padding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pad", [0, 99])
@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("form", [lambda X: X, lambda X: X[:, :, None], pd.DataFrame], ids=["2-D", "3-D", "frame"])
@pytest.mark.each_choice(times=2)
def test_padding_by_a_token_gives_the_model_of_ragged_tokens(data, estimator, pad, before, form):
    X, y = data
    expected = estimator(**TINY).fit(X, y)
    rows = form(padded(X, pad, before=before))
    model = estimator(**TINY, pad_token=pad).fit(rows, y)
    assert same_bits(model, expected)
    assert pad not in model.vocabulary_
    assert np.array_equal(raw(model, rows), raw(expected, X))


def test_the_pad_token_inside_a_sequence_is_a_token(data, estimator):
    X, y = data
    inside = [np.insert(x, 1, 0) for x in X]
    model = estimator(**TINY, pad_token=0).fit(padded(inside), y)
    assert same_bits(model, estimator(**TINY).fit(inside, y))
    assert model.vocabulary_[0] == 0


@pytest.mark.filterwarnings("ignore:X seems to be padded:sklearn_recurrent.SequenceDataWarning")
def test_without_a_pad_token_every_token_counts(data, estimator):
    X, y = padded(data[0]), data[1]
    model = estimator(**TINY).fit(X, y)
    assert model.vocabulary_.tolist() == list(range(N_TOKENS + 1))
    assert same_bits(model, estimator(**TINY).fit(list(X), y))


def test_a_row_of_padding_alone_is_refused(data, estimator):
    X, y = padded(data[0]), data[1]
    X[5] = 0
    with pytest.raises(ValueError, match="Expected sequence 5 to have at least one time step"):
        estimator(**TINY, pad_token=0).fit(X, y)


def test_NaN_pads_a_3D_array_of_tokens_too(data, estimator):
    X, y = data
    cube = padded(X, np.nan, dtype=float)[:, :, None]
    assert same_bits(estimator(**TINY).fit(cube, y), estimator(**TINY).fit(X, y))


def test_missing_tokens_can_be_passed_over(data, estimator):
    X, y = data
    holes = [np.insert(x.astype(float), 1, np.nan) for x in X]
    model = estimator(**TINY, missing="skip").fit(holes, y)
    assert same_bits(model, estimator(**TINY).fit(X, y))


# --- the network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"bidirectional": False, "pooling": "attention"}, {"return_sequences": True}])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.each_choice(times=2)
def test_a_net_of_tokens_is_one_of_numbers_that_reads_their_vectors(tokens, cell, settings):
    rng = np.random.default_rng(1)
    y = [rng.normal(size=len(x)) for x in tokens] if settings.get("return_sequences") else rng.normal(size=40)
    settings = TINY | settings | {"cell": cell, "hidden_layer_sizes": (4, 3)}
    model = RNNRegressor(**settings).fit(tokens, y)
    vectors = [table(model)[x] for x in tokens]
    copied = RNNRegressor(**settings | {"embedding_dim": None, "standardize": False, "max_iter": 1}).fit(vectors, y)
    copied.theta_[...] = model.theta_[: len(copied.theta_)]
    for one, other in zip(model.predict(tokens), copied.predict(vectors), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


def test_the_first_vectors_are_random_and_the_unknown_zero(data, estimator):
    X, y = data
    model = estimator(**TINY | FROZEN | {"embedding_dim": 200}).fit(X, y)
    assert not table(model)[0].any()
    np.testing.assert_allclose(table(model)[1:].std(), 1, atol=0.05)
    other = estimator(**TINY | FROZEN | {"embedding_dim": 200, "random_state": 1}).fit(X, y)
    assert not np.isclose(table(model)[1:], table(other)[1:]).any()


def test_vectors_are_not_penalized(data, estimator):
    X, y = data
    settings = TINY | FROZEN | {"forget_bias": 1.0}
    free, penalized = (estimator(**settings, alpha=alpha).fit(X, y) for alpha in (0.0, 0.3))
    weights = {name: w for name, w in penalized.weights_.items() if not name.startswith("embedding")}
    squares = sum((w**2).sum() for w in weights.values()) - 2 * 4  # the biases of gates that keep the state
    np.testing.assert_allclose(penalized.loss_ - free.loss_, 0.15 * squares / 40)


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd", "learning_rate_init": 0.1}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.each_choice
def test_every_solver_learns_what_tokens_mean(data, estimator, settings):
    X, y = data
    learning = {"hidden_layer_sizes": 8, "max_iter": 30, "batch_size": 8, "learning_rate_init": 0.04}
    model = estimator(**TINY | learning | settings)
    assert model.fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_training_goes_on_as_if_there_had_been_no_break(data, estimator, solver):
    X, y = data
    settings = TINY | STEADY | {"solver": solver}
    whole = estimator(**settings).fit(X, y)
    assert same_bits(whole, estimator(**settings | {"max_iter": 1}, warm_start=True).fit(X, y).fit(X, y))
    parts = estimator(**settings)
    for _ in range(2):
        parts.partial_fit(X, y)
    assert same_bits(whole, parts)


def test_a_target_for_each_token(tokens, data, estimator):
    """Has a 7 come?"""
    y = [np.maximum.accumulate(x == 7).astype(int) for x in tokens]
    model = estimator(**TINY | {"max_iter": 20, "batch_size": 8, "learning_rate_init": 0.06}, return_sequences=True)
    assert model.fit(tokens, y).score(tokens, y) > 0.9
    rows = padded(tokens)
    by_rows = clone(model).set_params(pad_token=0).fit(rows, padded(y))
    assert same_bits(by_rows, model)
    assert by_rows.score(rows, padded(y)) == by_rows.score(rows, y) == model.score(tokens, y)
    assert [len(row) for row in by_rows.predict(rows)] == [len(x) for x in tokens]
    short = np.array([x[:3] for x in tokens])
    matrix = estimator(**TINY, return_sequences=True).fit(short, [row[:3] for row in y])
    assert matrix.predict(short).shape == (40, 3)


# --- what must not matter ---------------------------------------------------------------------------------------------

PATHS = [{}, {"solver": "sgd"}, {"solver": "lbfgs"}, {"early_stopping": True}, {"dropout": 0.3}]


@pytest.mark.parametrize("settings", PATHS, ids=str)
def test_weight_0_is_a_sequence_left_out_and_weight_2_one_given_twice(data, estimator, settings):
    X, y = data
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 4, len(X))
    rows = rng.permutation(np.repeat(np.arange(len(X)), weight))
    weighted = estimator(**TINY, **settings).fit(X, y, sample_weight=weight)
    assert same_bits(weighted, estimator(**TINY, **settings).fit([X[j] for j in rows], y[rows]))


def test_a_prediction_does_not_depend_on_the_others(data, estimator):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    one_by_one = np.concatenate([raw(model, [x]) for x in X])
    np.testing.assert_allclose(one_by_one, raw(model, X), rtol=1e-12, atol=1e-12)


def test_neither_tokens_nor_the_model_are_changed(data, estimator):
    X, y = data
    for x in X:
        x.flags.writeable = False
    before = joblib.hash(X)
    model = estimator(**TINY, pad_token=0).fit(X, y)
    rows = padded(X)
    rows.flags.writeable = False
    state = joblib.hash(vars(model))
    raw(model, X)
    model.score(X, y)
    assert joblib.hash(X) == before
    assert joblib.hash(vars(model)) == state
    estimator(**TINY, pad_token=0).fit(rows, y).predict(rows)


def test_searches_folds_and_copies_take_tokens(data, estimator):
    X, y = data
    search = GridSearchCV(estimator(**TINY), {"embedding_dim": [1, 5]}, cv=2, error_score="raise")
    for form in (X, as_sequences(X), as_column(X)):
        search.fit(form, y)
        assert search.predict(form).shape == (40,)
        assert cross_val_predict(estimator(**TINY), form, y, cv=2).shape == (40,)
    rows = padded(X)
    assert cross_val_predict(estimator(**TINY, pad_token=0), rows, y, cv=2).shape == (40,)
    model = estimator(**TINY).fit(X, y)
    copied = pickle.loads(pickle.dumps(model))
    assert np.array_equal(raw(copied, X), raw(model, X))
    assert np.array_equal(copied.vocabulary_, model.vocabulary_)
    assert same_bits(copied.partial_fit(X, y), model.partial_fit(X, y))


def test_a_tokenizer_in_front_makes_a_classifier_of_texts():
    texts = ["the film is good", "the film is not good", "good", "not good", "it is good", "it is not good"] * 5
    y = ["no" if "not" in text else "yes" for text in texts]
    model = make_pipeline(SequenceTokenizer(), GRUClassifier(8, embedding_dim=4, max_iter=30, random_state=0))
    search = GridSearchCV(model, {"gruclassifier__embedding_dim": [2, 4]}, cv=2, error_score="raise").fit(texts, y)
    assert search.score(texts, y) == 1
    assert search.predict(["never seen words", "not"]).shape == (2,)


# --- what is wrong is named -------------------------------------------------------------------------------------------


def with_value(value):
    def spoil(X):
        row = X[3].astype(float)
        row[2] = value
        return [*X[:3], row, *X[4:]]

    return spoil


BAD = {
    "a fraction": (with_value(1.5), "tokens to be whole numbers, got 1.5 in sequence 3, step 2"),
    "negative": (with_value(-1), "tokens to be non-negative, got -1 in sequence 3, step 2"),
    "NaN": (with_value(np.nan), "NaN in sequence 3, step 2"),
    "infinity": (with_value(np.inf), "infinity in sequence 3, step 2"),
    "too large for a float": (with_value(2.0**60), r"tokens less than 2\*\*53 .* in sequence 3, step 2"),
    "two features a step": (lambda X: [np.column_stack([x, x]) for x in X], "2 features"),
    "strings": (lambda X: [x.astype(str) for x in X], "Expected numbers in sequence 0"),
    "an empty sequence": (lambda X: [*X[:5], X[5][:0], *X[6:]], "Expected sequence 5 to have at least one time step"),
    "negative integers": (lambda X: [-x for x in X], "non-negative"),
    "a negative integer of 8 bits": (lambda X: [(-x).astype(np.int8) for x in X], "non-negative"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tokens_are_refused_with_what_and_where(data, estimator, case):
    X, y = data
    spoil, message = BAD[case]
    model = estimator(**TINY)
    with pytest.raises(ValueError, match=message):
        model.fit(spoil(list(X)), y)
    assert not hasattr(model, "theta_")
    model.fit(X, y)
    before = joblib.hash(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(spoil(list(X)), y)
    with pytest.raises(ValueError, match=message):
        model.predict(spoil(list(X)))
    assert joblib.hash(vars(model)) == before


def test_bad_tokens_in_a_matrix_are_refused(data, estimator):
    X, y = np.array([x[:3] for x in data[0]]), data[1]
    for value, message in ((1.5, "whole numbers"), (-1, "non-negative"), (np.nan, "NaN"), (np.inf, "infinity")):
        spoilt = X.astype(float)
        spoilt[3, 2] = value
        with pytest.raises(ValueError, match=f"{message}.* in sequence 3, step 2"):
            estimator(**TINY).fit(spoilt, y)
    with pytest.raises(ValueError, match="2 features"):
        estimator(**TINY).fit(np.stack([X, X], axis=2), y)


def test_large_unsigned_tokens_are_kept_apart(data, estimator):
    X, y = data
    renamed = [(x + 2**60).astype(np.uint64) for x in X]
    model = estimator(**TINY).fit(renamed, y)
    assert model.vocabulary_.tolist() == [2**60 + k for k in range(1, N_TOKENS + 1)]


@pytest.mark.parametrize("change", [{"embedding_dim": 5}, {"embedding_dim": None}])
def test_a_warm_start_with_another_embedding_is_refused(data, estimator, change):
    X, y = data
    model = estimator(**TINY, warm_start=True).fit(X, y).set_params(**change)
    before = joblib.hash(vars(model))
    with pytest.raises(ValueError, match="Training cannot continue"):
        model.fit(X, y)
    assert joblib.hash(vars(model)) == before
    plain = RNNClassifier(4, max_iter=2, warm_start=True).fit(X, y.astype(str)).set_params(embedding_dim=3)
    with pytest.raises(ValueError, match="Training cannot continue"):
        plain.fit(X, y.astype(str))


def test_a_fit_to_tokens_predicts_tokens_only(data, estimator):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    with pytest.raises(ValueError, match="2 features"):
        model.predict([np.zeros((4, 2))])
    with pytest.raises(ValueError, match=r"got a 2-D array: .* was fitted on sequences"):
        model.predict(padded(X))


def test_texts_are_refused_with_the_name_of_what_makes_tokens_of_them():
    with pytest.raises(ValueError, match="SequenceTokenizer"):
        RNNClassifier(**TINY).fit(["a b", "c"] * 5, [0, 1] * 5)


@pytest.mark.parametrize(
    "model", [GRURegressor(return_sequences=True, max_iter=1), Seq2SeqRegressor(max_iter=1)], ids=["steps", "seq2seq"]
)
def test_ids_of_tokens_are_no_targets_of_a_regressor(model):
    y = SequenceTokenizer().fit_transform(["a b", "b a", "a a"])
    with pytest.raises(ValueError, match=r"made by SequenceTokenizer: .* would learn them as quantities.*Classifier"):
        model.fit(np.zeros((3, 2, 1)), y)
    assert not hasattr(model, "theta_")
    model.fit(np.zeros((3, 2, 1)), [np.array(x.tolist()) for x in y])  # numbers that the user has made of them
