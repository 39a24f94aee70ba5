"""Vectors that tokens begin with: in every form, with the rows that they belong to, kept to the bit or trained."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from checks import assert_refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import sklearn_recurrent as sr
from sklearn_recurrent import LSTMClassifier, SequenceDataWarning

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")
TINY = {"hidden_layer_sizes": 3, "embedding_dim": 4, "max_iter": 3, "random_state": 0}
FROZEN = {"embedding_trainable": False}
TOKENS = [2, 3, 5, 8, 9]


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    return [rng.choice(TOKENS, length) for length in rng.integers(2, 7, 40)]


@pytest.fixture
def y(X):
    return np.array([int(x[0] > 3) for x in X])


@pytest.fixture
def vectors():
    """Of ids up to 7: tokens 8 and 9 have none."""
    return np.random.default_rng(1).normal(size=(8, 4))


def table_of(model):
    return model.weights_["embedding/E"]


def test_rows_are_the_vectors_of_their_ids_and_others_are_drawn_as_usual(X, y, vectors):
    model = sr.LSTMClassifier(**TINY, embedding_init=vectors, learning_rate_init=1e-300).fit(X, y)
    plain = sr.LSTMClassifier(**TINY, learning_rate_init=1e-300).fit(X, y)
    np.testing.assert_array_equal(table_of(model)[1:4], vectors[[2, 3, 5]])
    np.testing.assert_array_equal(table_of(model)[[0, 4, 5]], table_of(plain)[[0, 4, 5]])
    W = [network.weights_["layer_0/forward/W"] for network in (model, plain)]
    np.testing.assert_allclose(W[0], W[1], atol=1e-200)


def forms_of(vectors, tmp_path):
    path = tmp_path / "vectors.npy"
    np.save(path, vectors)
    with_nan = np.vstack([vectors, np.full((4, 4), np.nan)])
    return {
        "list": vectors.tolist(),
        "dict": dict(enumerate(vectors)),
        "dict of lists": {np.int64(k): vector.tolist() for k, vector in enumerate(vectors)},
        "path": path,
        "string": str(path),
        "rows of NaN": with_nan,
        "more ids": np.vstack([vectors, np.full((2, 4), np.nan), np.ones((0, 4))]),
    }


def test_every_form_gives_the_same_model(X, y, vectors, tmp_path):
    expected = sr.GRUClassifier(**TINY, embedding_init=vectors).fit(X, y)
    for form, init in forms_of(vectors, tmp_path).items():
        model = sr.GRUClassifier(**TINY | {"embedding_dim": "auto"}, embedding_init=init).fit(X, y)
        assert np.array_equal(model.theta_, expected.theta_), form


def test_a_path_is_neither_copied_by_clone_nor_stored(X, y, tmp_path):
    path = tmp_path / "vectors.npy"
    np.save(path, np.random.default_rng(0).normal(size=(50_000, 4)))
    model = sr.GRUClassifier(**TINY, embedding_init=path).fit(X, y)
    assert clone(model).embedding_init == path
    assert len(pickle.dumps(model)) < 20_000
    path.unlink()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.1, "alpha": 10.0},
        {"solver": "sgd", "momentum": 0.9},
        {"solver": "sgd", "nesterovs_momentum": False},
        {"solver": "rmsprop"},
        {"solver": "lbfgs"},
        {"early_stopping": True},
        {"shuffle": False},
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_vectors_that_are_not_trained_stay_to_the_bit_and_drawn_ones_move(X, y, vectors, settings, dtype):
    X = [x.astype(np.int32 if dtype == np.float32 else np.int64) for x in X]
    vectors = vectors.astype(dtype)
    model = sr.LSTMClassifier(**TINY | settings, **FROZEN, embedding_init=vectors).fit(X, y)
    start = sr.LSTMClassifier(**TINY | settings | {"max_iter": 1, "learning_rate_init": 1e-300}, embedding_init=vectors)
    assert model.theta_.dtype == dtype
    assert np.array_equal(table_of(model)[1:4].view(np.uint8), vectors[[2, 3, 5]].view(np.uint8))
    assert not table_of(model)[0].any()
    if settings.get("solver") != "lbfgs":  # which knows no learning rate
        drawn = table_of(start.fit(X, y))[4:]
        assert (table_of(model)[4:] != drawn).all()
    trained = sr.LSTMClassifier(**TINY | settings, embedding_init=vectors).fit(X, y)
    assert (table_of(trained)[1:4] != vectors[[2, 3, 5]]).all()


def test_vectors_stay_in_partial_fit_and_warm_starts_also_from_a_stored_model_whose_file_is_gone(
    X, y, vectors, tmp_path
):
    path = tmp_path / "vectors.npy"
    np.save(path, vectors)
    for warm in (False, True):
        model = sr.LSTMClassifier(**TINY, **FROZEN, embedding_init=path, warm_start=warm)
        train = model.fit if warm else model.partial_fit
        train(X, y)
        model = pickle.loads(pickle.dumps(model))
        moved = path.rename(tmp_path / "gone.npy")
        train = model.fit if warm else model.partial_fit
        train([np.append(x, 77) for x in X], y)
        moved.rename(path)
        np.testing.assert_array_equal(table_of(model)[1:4], vectors[[2, 3, 5]])
        assert table_of(model)[0].any()  # unknown tokens have no vector


def test_vectors_that_were_trained_first_stay_from_then_on(X, y, vectors):
    """Also with the momentum of the training that moved them."""
    for solver in ("adam", "sgd", "rmsprop"):
        model = sr.LSTMClassifier(**TINY, solver=solver, embedding_init=vectors, warm_start=True).fit(X, y)
        before = table_of(model).copy()
        model.set_params(**FROZEN).fit(X, y)
        assert np.array_equal(table_of(model)[1:4], before[1:4])
        assert (table_of(model)[4:] != before[4:]).all()
        model.set_params(embedding_trainable=True).fit(X, y)
        assert (table_of(model)[1:4] != before[1:4]).all()


@pytest.mark.parametrize("name", ["RNNRegressor", "GRURegressor", "Seq2SeqClassifier", "Seq2SeqRegressor"])
def test_other_estimators(name, X, y, vectors):
    target = y
    if name.startswith("Seq2Seq"):
        target = [x.astype(float) if name == "Seq2SeqRegressor" else x.astype(str) for x in X]
    model = getattr(sr, name)(**TINY, **FROZEN, embedding_init=vectors).fit(X, target)
    np.testing.assert_array_equal(table_of(model)[1:4], vectors[[2, 3, 5]])


def test_a_search_and_unknown_tokens(X, y, vectors):
    search = GridSearchCV(
        sr.GRUClassifier(**TINY, embedding_init=vectors), {"embedding_trainable": [True, False]}, cv=2, n_jobs=2
    ).fit(X, y)
    # An unknown token has zeros, also if it has a vector: only tokens of the training set have a row.
    model = search.best_estimator_
    assert np.array_equal(model.predict_proba([np.array([4, 2])]), model.predict_proba([np.array([77, 2])]))


def test_a_fit_without_vectors_forgets_those_of_the_last(X, y, vectors):
    model = sr.GRUClassifier(**TINY, embedding_init=vectors).fit(X, y)
    model.set_params(embedding_init=None).fit(X, y)
    assert "_has_vector" not in vars(model)


def test_vectors_that_no_token_has_are_a_likely_mistake(X, y, vectors):
    with pytest.warns(SequenceDataWarning, match="No token of X has a vector in embedding_init"):
        sr.GRUClassifier(**TINY, embedding_init={100: vectors[0]}).fit(X, y)


def test_the_width_of_auto(X, y):
    assert table_of(sr.GRUClassifier(**TINY | {"embedding_dim": "auto"}).fit(X, y)).shape == (6, 4)  # 1.6 * 5 ** 0.56


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"embedding_init": np.ones((8, 3))}, r"size embedding_dim=4 in embedding_init, got 3\. Set embedding_dim=3\."),
        ({"embedding_init": {2: [1.0, 2.0]}}, "Set embedding_dim=2"),
        (
            {"embedding_init": {2: [1.0] * 4, 3: [1.0]}},
            r"one shape \(embedding_dim,\), got \(4,\) and, for id 3, \(1,\)",
        ),
        ({"embedding_init": {"good": [1.0] * 4}}, "to be ids, which are integers, got 'good'"),
        ({"embedding_init": {}}, "an empty dict"),
        ({"embedding_init": np.ones(4)}, r"\(n_ids, embedding_dim\), whose row is the id, got float64 of shape \(4,\)"),
        ({"embedding_init": np.full((8, 4), np.inf)}, "finite numbers in embedding_init, got NaN or infinity for id 2"),
        ({"embedding_init": np.array([["a"] * 4])}, "array of numbers"),
        ({"embedding_init": np.ones((8, 4)), "embedding_dim": None}, "Set embedding_dim='auto'"),
        ({"embedding_init": np.ones((8, 4)), "categorical_features": [0]}, "Expected categorical_features=None with"),
        ({"embedding_trainable": False}, "Expected embedding_init, the vectors to keep"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(X, y, settings, message):
    assert_refused(sr.GRUClassifier(**TINY | settings), X, y, message)


def test_other_files_are_refused(X, y, tmp_path):
    np.savez(tmp_path / "vectors.npz", np.ones((8, 4)))
    assert_refused(sr.GRUClassifier(**TINY, embedding_init=tmp_path / "vectors.npz"), X, y, "a .npy file of one array")
    with pytest.raises(FileNotFoundError):
        sr.GRUClassifier(**TINY, embedding_init="nowhere.npy").fit(X, y)


def test_a_warm_start_cannot_begin_with_vectors(X, y, vectors):
    model = sr.GRUClassifier(**TINY, warm_start=True).fit(X, y)
    assert_refused(model.set_params(embedding_init=vectors), X, y, "fit with warm_start=False")


@pytest.mark.parametrize("kind", [np.asarray, lambda V: dict(enumerate(V))])
@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_a_masked_vector_is_none(kind, dtype):
    V = np.ma.array(np.arange(15).reshape(5, 3).astype(dtype))
    V[3] = np.ma.masked
    V.data[3] = -999
    init = V if kind is np.asarray else kind(V)
    ids = [np.array([2, 3]), np.array([3, 4])] * 4
    model = LSTMClassifier(3, embedding_dim="auto", embedding_init=init, embedding_trainable=False, max_iter=1)
    E = model.fit(ids, [0, 1] * 4).weights_["embedding/E"][1:]
    assert np.array_equal(E[model.vocabulary_ == 2], [[6, 7, 8]])
    assert np.abs(E[model.vocabulary_ == 3]).max() < 900  # drawn
    V[4, 1] = np.ma.masked
    init = V if kind is np.asarray else kind(V)
    with pytest.raises(ValueError, match="Expected finite numbers in embedding_init, got NaN or infinity for id 4"):
        model.set_params(embedding_init=init).fit(ids, [0, 1] * 4)


def test_a_frame_of_vectors_has_the_numbers_of_its_rows_as_its_index():
    V = np.arange(15.0).reshape(5, 3)
    ids = [np.array([2, 3]), np.array([3, 4])] * 4
    model = LSTMClassifier(3, embedding_dim="auto", max_iter=1, random_state=0)
    wanted = model.set_params(embedding_init=V).fit(ids, [0, 1] * 4).theta_
    for frame in (pd.DataFrame(V), pd.DataFrame(V, index=[0, 1, 2, 3, 4]), pl.DataFrame(V)):
        assert np.array_equal(model.set_params(embedding_init=frame).fit(ids, [0, 1] * 4).theta_, wanted)
    frame = pd.DataFrame(V[[4, 3, 2]], index=[4, 3, 2])
    with pytest.raises(
        ValueError, match=r"index 0, 1, 2, .*, got \[4, 3, 2\]\. If the index holds the ids: embedding_"
    ):
        model.set_params(embedding_init=frame).fit(ids, [0, 1] * 4)
    by_id = dict(zip(frame.index, frame.to_numpy(), strict=True))
    assert np.array_equal(model.set_params(embedding_init=by_id).fit(ids, [0, 1] * 4).theta_, wanted)
    for index, line in (("abc", "For vectors by word: {tokenizer"), ([1, 1, 2], "Give the frame that index")):
        with pytest.raises(ValueError, match=f"Expected embedding_init as a data frame to have the index.*{line}"):
            model.set_params(embedding_init=frame.set_axis(list(index))).fit(ids, [0, 1] * 4)
