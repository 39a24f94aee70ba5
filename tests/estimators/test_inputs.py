"""Fit, predict, streams, validation and gradients read X alike: how values become network inputs has one place."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sklearn_recurrent as sr
from sklearn_recurrent._core.one_sequence import OneSequence
from sklearn_recurrent._core.preprocessing import Standardizer, Vocabulary
from sklearn_recurrent._data.marks import TOKENS, marked
from sklearn_recurrent._data.sequences import plain_sequences
from sklearn_recurrent._estimators import inputs
from sklearn_recurrent._estimators.inputs import parse, parse_one

TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0, "bidirectional": False, "shuffle": False}


@pytest.fixture
def wide(ragged):
    """Sequences whose features have units of their own."""
    return [x * [100, 1e-3] + [5000, -7] for x in ragged]


def test_a_change_of_the_preprocessing_reaches_all_that_read_X(wide, numbers, monkeypatch):
    scaled = Standardizer.__call__
    monkeypatch.setattr(Standardizer, "__call__", lambda self, X, dtype: np.clip(scaled(self, X, dtype), -0.5, 0.5))
    monkeypatch.setattr(Standardizer, "gradient", lambda self, d, X: d * 0 + 3.0)
    model = sr.GRURegressor(**TINY, pooling="last").fit(wide, numbers, X_val=wide, y_val=numbers)

    clipped = [np.clip((x - model.x_mean_) / model.x_scale_, -0.5, 0.5) for x in wide]
    monkeypatch.undo()
    plain = sr.GRURegressor(**TINY, pooling="last", standardize=False).fit(
        clipped, numbers, X_val=clipped, y_val=numbers
    )
    # Features that are scaled in fit, and those that come scaled, are the same numbers up to the last place.
    np.testing.assert_allclose(model.theta_, plain.theta_, rtol=1e-6)
    np.testing.assert_allclose(model.validation_loss_curve_, plain.validation_loss_curve_, rtol=1e-9)

    monkeypatch.setattr(Standardizer, "__call__", lambda self, X, dtype: np.clip(scaled(self, X, dtype), -0.5, 0.5))
    monkeypatch.setattr(Standardizer, "gradient", lambda self, d, X: d * 0 + 3.0)
    np.testing.assert_allclose(model.predict(wide), plain.predict(clipped), rtol=1e-9)
    x = wide[0]
    state = model.initial_state()
    for step in x:
        output, state = model.step(step[None], state)
    np.testing.assert_allclose(output, model.predict([x]), rtol=1e-12)
    np.testing.assert_allclose(model.input_gradients([x])[0], 3.0 * model.y_scale_[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_of_a_stream_is_scaled_as_in_predict_to_the_bit(wide, numbers, dtype):
    X = [x.astype(dtype) for x in wide]
    model = sr.LSTMRegressor(**TINY, pooling="last").fit(X, numbers)
    for x in X:
        output, _ = model.step(x[:1], model.initial_state(1))
        assert np.array_equal(output, model.predict([x[:1]]))


def test_a_standardizer_has_mean_0_and_scale_1_on_what_it_was_fitted_on(ragged):
    sequences = sr.as_sequences(ragged)
    model = sr.GRURegressor(**TINY).fit(sequences, np.arange(len(ragged)))
    values = Standardizer(model.x_mean_, model.x_scale_)(np.concatenate(ragged), np.float64)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(values.std(axis=0), 1)


def test_values_too_large_for_the_dtype_are_refused():
    with pytest.raises(ValueError, match="too large for float32"):
        Standardizer.identity(1)(np.array([[1e300]]), np.dtype(np.float32))


def test_an_unknown_token_has_row_0_whether_it_lies_below_between_or_above():
    vocabulary = Vocabulary(np.array([3, 5, 9], np.int32))
    rows = vocabulary(np.array([[3], [5], [9], [0], [4], [7], [10**6]], np.int32))
    assert rows.ravel().tolist() == [1, 2, 3, 0, 0, 0, 0]
    assert rows.dtype == np.int32
    assert vocabulary.n_rows == 4


# --- tokens that would be read as quantities --------------------------------------------------------------------------

TEXTS = ["a b c", "c b", "b a a c", "c", "a c b", "b b"]
REFUSED = (
    r"got ids of tokens, made by SequenceTokenizer: (\w+) would read them as quantities. .*: \1\(embedding_dim=16\)"
)


def tokens_in(form):
    ids = sr.SequenceTokenizer().fit_transform(TEXTS)
    if form == "Series":
        return pytest.importorskip("pandas").Series(ids)
    if form == "frame":
        return pytest.importorskip("pandas").DataFrame({"ids": ids})
    return {
        "list": list,
        "tuple": tuple,
        "object array": sr.as_sequences,
        "column": sr.as_column,
        "cube": sr.SequencePadder(value=0).fit_transform,
        "NaN": sr.SequencePadder().fit_transform,
        "flat": sr.SequencePadder(value=0, flatten=True).fit_transform,
        "cut": sr.PerSequence(lambda x: x[:2]).fit_transform,
    }[form](ids)


FORMS = ["list", "tuple", "object array", "column", "Series", "frame", "cube", "NaN", "flat", "cut"]


@pytest.mark.parametrize("form", FORMS)
def test_tokens_are_not_read_as_quantities_in_any_container(form):
    X = tokens_in(form)
    with pytest.raises(ValueError, match=REFUSED):
        sr.GRUClassifier(**TINY).fit(X, [0, 1] * 3)
    pad_token = None if form == "NaN" else 0
    sr.GRUClassifier(**TINY, embedding_dim=16, pad_token=pad_token).fit(X, [0, 1] * 3)


def unmarked(X):
    """Whole numbers that nobody says are tokens."""
    return [x.astype(np.int64).astype(np.int32) for x in X]


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_no_estimator_reads_tokens_as_quantities(task):
    cls, _, y = task
    X = tokens_in("list")
    counts = unmarked(X)
    y = y[:6]
    settings = {"hidden_layer_sizes": 3, "max_iter": 1, "random_state": 0}
    with pytest.raises(ValueError, match=REFUSED):
        cls(**settings).fit(X, y)
    model = cls(**settings).fit(counts, y)
    assert cls(**settings, embedding_dim=16).fit(X, y).predict(X[:2]) is not None
    before = model.theta_.copy()
    calls = [
        lambda: model.predict(X),
        lambda: model.score(X, y),
        lambda: model.fit(counts, y, X_val=X, y_val=y),
        lambda: cls(**settings, warm_start=True).fit(counts, y).fit(X, y),
    ]
    if hasattr(model, "partial_fit"):
        calls.append(lambda: model.partial_fit(X, y))
    for call in calls:
        with pytest.raises(ValueError, match=REFUSED):
            call()
    assert np.array_equal(model.theta_, before)


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_a_fold_of_tokens_is_refused_in_a_search():
    search = GridSearchCV(sr.GRUClassifier(**TINY), {"alpha": [0.1, 0.2]}, cv=2, error_score="raise")
    with pytest.raises(ValueError, match=REFUSED):
        search.fit(tokens_in("list") * 2, [0, 1] * 6)
    search.set_params(estimator=sr.GRUClassifier(**TINY, embedding_dim=2)).fit(tokens_in("list") * 2, [0, 1] * 6)


@pytest.mark.parametrize("form", ["list", "cube"])
def test_tokens_that_are_scaled_or_encoded_are_numbers(form):
    X = tokens_in(form)
    for transformer in (StandardScaler(), OneHotEncoder()):
        make_pipeline(sr.PerTimestep(transformer), sr.GRUClassifier(**TINY)).fit(X, [0, 1] * 3)


# --- rows in a list, after a fit on a matrix --------------------------------------------------------------------------

WAVE = np.sin(np.arange(60.0) / 5)
ROWS, _, _ = sr.sliding_windows(WAVE, window=8, horizon=2)
ESTIMATORS = [getattr(sr, name) for name in sr.__all__ if name.endswith(("Classifier", "Regressor"))]


def fitted_on_rows(cls, X=ROWS, **settings):
    y = (ROWS[:, -2:] > 0).astype(int) if "Classifier" in cls.__name__ else ROWS[:, -2:]
    if "Seq2Seq" not in cls.__name__:
        y = y[:, 0]
    return cls(4, max_iter=1, random_state=0, **settings).fit(X, y)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_after_a_fit_on_a_matrix_a_list_of_rows_is_the_matrix_of_these(cls):
    model = fitted_on_rows(cls)
    pandas = pytest.importorskip("pandas")
    for window in (WAVE[-8:], pandas.Series(WAVE)[-8:], np.ma.array(WAVE)[-8:]):
        assert all(map(np.array_equal, model.predict([window]), model.predict(WAVE[None, -8:])))
    expected = model.predict(ROWS)
    for rows in (list(ROWS), tuple(ROWS)):
        assert all(map(np.array_equal, model.predict(rows), expected))


def test_so_it_is_in_a_pipeline_a_search_and_with_flat_steps():
    for transformer in (StandardScaler(), sr.PerTimestep(StandardScaler()), sr.PerSequence(StandardScaler())):
        pipeline = make_pipeline(transformer, sr.GRURegressor(4, max_iter=1, random_state=0)).fit(ROWS, ROWS[:, 0])
        assert np.array_equal(pipeline.predict([WAVE[-8:]]), pipeline.predict(WAVE[None, -8:]))
    search = GridSearchCV(sr.GRURegressor(4, max_iter=1, random_state=0), {}, cv=2).fit(ROWS, ROWS[:, 0])
    assert np.array_equal(search.predict([WAVE[-8:]]), search.predict(WAVE[None, -8:]))
    flat = fitted_on_rows(sr.LSTMRegressor, input_size=2)
    assert np.array_equal(flat.predict([WAVE[-8:]]), flat.predict(WAVE[None, -8:]))
    padded = sr.SequencePadder(maxlen=10).fit(ROWS).transform([WAVE[-8:]])
    assert np.array_equal(padded, sr.SequencePadder(maxlen=10).fit(ROWS).transform(WAVE[None, -8:]), equal_nan=True)


@pytest.mark.parametrize("X", [[WAVE], [WAVE[-8:, None]], [WAVE[-8:], WAVE[-7:]], sr.as_sequences([WAVE[-8:]])])
def test_other_sequences_are_still_none_of_the_rows(X):
    with pytest.raises(ValueError, match="Expected X to be a 2-D array with 8 columns, got sequences"):
        fitted_on_rows(sr.LSTMRegressor).predict(X)


def test_tokens_in_a_list_keep_their_mark():
    ids = sr.SequenceTokenizer().fit_transform(["a b c", "c b a"])
    model = sr.LSTMRegressor(4, max_iter=1, random_state=0).fit(np.zeros((4, 3)), np.arange(4.0))
    with pytest.raises(ValueError, match="got ids of tokens"):
        model.predict(list(ids))


# --- one sequence by itself -------------------------------------------------------------------------------------------


def reads_by_itself(model, X):
    """Whether the X of a prediction goes the way of one sequence without being parsed."""
    return parse_one(model, X, model._fitted_state()) is not None


def assert_answers_as_in_a_batch(model, X, monkeypatch):
    """Every method, to the bit, in the same container."""
    methods = [name for name in model._fitted_state().encoder.responses if hasattr(model, name)]
    found = [getattr(model, method)(X) for method in methods]
    with monkeypatch.context() as patch:
        patch.setattr(OneSequence, "takes", staticmethod(lambda n_steps: False))
        expected = [getattr(model, method)(X) for method in methods]
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        if one.dtype == object:
            assert [x.dtype for x in one] == [x.dtype for x in other]
            assert [x.tobytes() for x in one] == [x.tobytes() for x in other]
        else:
            assert one.tobytes() == other.tobytes()


FORMS_OF_ONE = {
    "list": lambda x: [x],
    "object array": lambda x: sr.as_sequences([x]),
    "Fortran order": lambda x: [np.asfortranarray(x)],
    "strided": lambda x: [np.repeat(x, 2, axis=0)[::2]],
    "float32": lambda x: [x.astype(np.float32)],
    "large": lambda x: [np.full_like(x, 1e200)],
}
OTHER_FORMS_OF_ONE = {
    "tuple": lambda x: (x,),
    "column": lambda x: sr.as_column([x]),
    "cube": lambda x: x[None],
    "nested list": lambda x: [x.tolist()],
    "integers": lambda x: [x.astype(int)],
    "float16": lambda x: [x.astype(np.float16)],
    "other byte order": lambda x: [x.astype(">f8")],
    "frame": lambda x: [pd.DataFrame(x)],
    "masked array": lambda x: [np.ma.array(x)],
    "padded": lambda x: np.vstack([x, np.full((2, x.shape[1]), np.nan)])[None],
}
MODELS_OF_ONE = {
    "classifier": (sr.GRUClassifier, {}),
    "multilabel": (sr.LSTMClassifier, {"pooling": "attention"}),
    "regressor": (sr.LSTMRegressor, {"missing": "forward", "hidden_layer_sizes": (3, 2)}),
    "quantiles": (sr.GRURegressor, {"loss": "quantile", "quantile": (0.1, 0.9), "bidirectional": True}),
    "several outputs": (sr.RNNRegressor, {"cell": "mgu", "standardize": False, "missing": "skip"}),
    "labels of steps": (sr.LSTMClassifier, {"return_sequences": True, "n_jobs": 2}),
}


def fitted_for_one(kind, X, dtype=float):
    cls, settings = MODELS_OF_ONE[kind]
    sums = np.array([x.sum() for x in X])
    y = {
        "classifier": np.digitize(sums, [-1, 1]),
        "multilabel": np.c_[sums > 0, sums > 1].astype(int),
        "several outputs": np.c_[sums, -sums],
        "labels of steps": [(x[:, 0] > 0).astype(int) for x in X],
    }.get(kind, sums)
    return cls(**TINY | settings).fit([x.astype(dtype) for x in X], y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS_OF_ONE)
@pytest.mark.parametrize("kind", MODELS_OF_ONE)
@pytest.mark.each_choice(times=2)
def test_one_sequence_that_needs_no_parsing_has_the_same_answers(kind, form, dtype, ragged, monkeypatch):
    model = fitted_for_one(kind, ragged, dtype)
    X = FORMS_OF_ONE[form](ragged[0])
    if form == "large" and dtype == np.float32:
        with pytest.raises(ValueError, match="too large for float32"):
            model.predict(X)
        return
    assert reads_by_itself(model, X)
    assert_answers_as_in_a_batch(model, X, monkeypatch)


@pytest.mark.parametrize("form", OTHER_FORMS_OF_ONE)
@pytest.mark.parametrize("kind", MODELS_OF_ONE)
@pytest.mark.each_choice(times=2)
def test_one_sequence_in_any_other_form_is_parsed(kind, form, ragged, monkeypatch):
    model = fitted_for_one(kind, ragged)
    X = OTHER_FORMS_OF_ONE[form](ragged[0])
    assert not reads_by_itself(model, X)
    assert_answers_as_in_a_batch(model, X, monkeypatch)


def test_one_sequence_of_tokens_categories_or_with_static_values_has_the_same_answers(ragged, labels, monkeypatch):
    tokens = [np.arange(len(x)) % 5 for x in ragged]
    model = sr.GRUClassifier(**TINY, embedding_dim=3).fit(tokens, labels)
    assert_answers_as_in_a_batch(model, tokens[:1], monkeypatch)
    mixed = [np.c_[x, np.arange(len(x)) % 3] for x in ragged]
    model = sr.GRUClassifier(**TINY, categorical_features=[2]).fit(mixed, labels)
    assert not reads_by_itself(model, mixed[:1])
    assert_answers_as_in_a_batch(model, mixed[:1], monkeypatch)
    table = np.column_stack([sr.as_column(ragged), [x.sum() for x in ragged]])
    model = sr.GRUClassifier(**TINY).fit(table, labels)
    assert_answers_as_in_a_batch(model, table[:1], monkeypatch)
    with pytest.raises(ValueError, match="static values beside each sequence"):
        model.predict(ragged[:1])


WRONG_ONES = {
    "NaN": (lambda x: [np.where(np.arange(len(x))[:, None] == 1, np.nan, x)], "contains NaN in sequence 0, step 1"),
    "infinity": (lambda x: [np.where(np.arange(len(x))[:, None] == 2, np.inf, x)], "infinity in sequence 0, step 2"),
    "a feature more": (lambda x: [np.c_[x, x]], "X has 4 features"),
    "no step": (lambda x: [x[:0]], "at least one time step"),
    "no sequence": (lambda x: [], "0 sample"),
    "one axis": (lambda x: [x[:, 0]], "X has 1 features"),
    "three axes": (lambda x: [x[None]], "got 3 dimensions"),
    "not in a list": (lambda x: x, "Pass \\[X\\] if X is one sequence"),
    "strings": (lambda x: [x.astype(str)], "numbers"),
    "complex numbers": (lambda x: [x.astype(complex)], "numbers"),
    "ids": (lambda x: [marked(x, TOKENS)], "ids of tokens"),
    "too large": (lambda x: [x + 1e300], "too large for float32"),
}


@pytest.mark.parametrize("wrong", WRONG_ONES)
def test_one_sequence_is_refused_in_the_words_for_several(wrong, ragged, numbers):
    model = sr.LSTMRegressor(**TINY).fit([x.astype(np.float32) for x in ragged], numbers)
    change, words = WRONG_ONES[wrong]
    with pytest.raises((TypeError, ValueError), match=words):
        model.predict(change(ragged[0]))


def test_one_sequence_is_parsed_if_a_parameter_or_the_fit_asks_for_more(ragged, numbers):
    model = sr.LSTMRegressor(**TINY).fit(ragged, numbers)
    assert reads_by_itself(model, ragged[:1])
    with pytest.raises(ValueError, match="missing='error' or 'skip'"):
        model.set_params(missing="forward").predict(ragged[:1])
    model.set_params(missing="error")
    for n_jobs in (0, "two"):
        with pytest.raises((TypeError, ValueError)):
            model.set_params(n_jobs=n_jobs).predict(ragged[:1])
    named = sr.LSTMRegressor(**TINY).fit([pd.DataFrame(x, columns=["a", "b"]) for x in ragged], numbers)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        named.predict(ragged[:1])
    flat = np.array([x[:3].ravel() for x in ragged])
    matrix = sr.LSTMRegressor(**TINY, input_size=2).fit(flat, numbers)
    with pytest.raises(ValueError, match="Expected X to be a 2-D array with 6 columns"):
        matrix.predict([ragged[0]])


def test_a_model_whose_attributes_change_answers_anew_for_one_sequence(ragged, numbers):
    model = sr.LSTMRegressor(**TINY).fit(ragged, numbers)
    before = model.predict(ragged[:1])
    model.partial_fit(ragged, numbers)
    after = model.predict(ragged[:1])
    assert after != before
    np.testing.assert_allclose(after, model.predict(ragged)[:1], rtol=1e-12)
    model.weights_["head/V"][:, -1] += 1
    np.testing.assert_allclose(model.predict(ragged[:1]), after + model.y_scale_, rtol=1e-9)


# --- several sequences ------------------------------------------------------------------------------------------------


def assert_same_sequences(found, expected):
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    assert found.lengths.tolist() == expected.lengths.tolist()
    assert found.valid is expected.valid is None
    for x, other in zip(found, expected, strict=True):
        assert x.dtype == other.dtype
        np.testing.assert_array_equal(x, other)


PLAIN_FORMS = {
    "list": list,
    "object array": sr.as_sequences,
    "float32": lambda X: [x.astype(np.float32) for x in X],
    "Fortran order": lambda X: [np.asfortranarray(x) for x in X],
    "cube": lambda X: np.array([x[:3] for x in X]),
    "cube of float32": lambda X: np.array([x[:3] for x in X], np.float32),
}
OTHER_FORMS = {
    "padded cube": lambda X: np.array([np.vstack([x[:3], [[np.nan] * 2]]) for x in X]),
    "cube of integers": lambda X: np.array([x[:3] for x in X]).astype(int),
    "cube in Fortran order": lambda X: np.asfortranarray(np.array([x[:3] for x in X])),
    "two dtypes": lambda X: [X[0].astype(np.float32), *X[1:]],
    "large": lambda X: [x * 0 + 1e308 for x in X],  # their sum is no number
    "tuple": tuple,
    "frames": lambda X: [pd.DataFrame(x) for x in X],
}


@pytest.mark.parametrize("form", PLAIN_FORMS | OTHER_FORMS)
@pytest.mark.parametrize("missing", ["error", "forward"])
def test_sequences_that_need_no_parsing_are_what_parsing_makes_of_them(form, missing, ragged, numbers, monkeypatch):
    model = sr.LSTMRegressor(**TINY, missing=missing).fit(ragged, numbers)
    state = model._fitted_state()
    X = (PLAIN_FORMS | OTHER_FORMS)[form](ragged)
    n_features = model.n_features_in_
    assert (plain_sequences(X, n_features) is not None) == (form in PLAIN_FORMS)
    found = parse(model, X, state)
    monkeypatch.setattr(inputs, "plain_sequences", lambda X, n_features: None)
    expected = parse(model, X, state)
    if form in PLAIN_FORMS:
        assert_same_sequences(found, expected)
    else:
        assert [x.tolist() for x in found] == [x.tolist() for x in expected]


def test_padding_of_a_cube_by_a_value_is_no_plain_cube(ragged, numbers):
    cube = np.array([np.vstack([x[:3], [[-1.0] * 2]]) for x in ragged])
    model = sr.LSTMRegressor(**TINY, pad_value=-1).fit(cube, numbers)
    assert parse(model, cube, model._fitted_state()).lengths.tolist() == [3] * len(cube)
    assert parse(model, list(cube), model._fitted_state()).lengths.tolist() == [4] * len(cube)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X: [*X[:5], np.full_like(X[5], np.nan), *X[6:]], "contains NaN in sequence 5, step 0"),
        (lambda X: [*X[:5], np.full_like(X[5], np.inf), *X[6:]], "infinity in sequence 5, step 0"),
        (lambda X: [*X[:5], X[5][:0], *X[6:]], "Expected sequence 5 to have at least one time step"),
        (lambda X: [*X[:5], X[5][:, :1], *X[6:]], "got 2 in sequence 0 and 1 in sequence 5"),
        (lambda X: [x[:, :1] for x in X], "X has 1 features"),
        (lambda X: np.array([x[:3, :1] for x in X]), "X has 1 features"),
        (lambda X: np.full((4, 3, 2), np.inf), "infinity in sequence 0, step 0"),
        (lambda X: np.zeros((0, 3, 2)), "0 sample"),
        (lambda X: marked(np.zeros((4, 3, 2)), TOKENS), "ids of tokens"),
        (lambda X: [], "0 sample"),
    ],
)
def test_several_sequences_are_refused_in_the_same_words(change, words, ragged, numbers):
    model = sr.LSTMRegressor(**TINY).fit(ragged, numbers)
    with pytest.raises(ValueError, match=words):
        model.predict(change(ragged))
