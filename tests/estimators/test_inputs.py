"""Fit, predict, streams, validation and gradients read X alike: how values become network inputs has one place."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sklearn_recurrent as sr
from sklearn_recurrent._core.preprocessing import Standardizer, Vocabulary

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
