"""Categories beside numbers: each column of categories has an embedding table of its own."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from checks import assert_refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sklearn_recurrent as sr

TINY = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
MIXED = TINY | {"categorical_features": ["site", "kind"]}
STREAMING = MIXED | {"bidirectional": False}
CLASSES = [
    getattr(sr, f"{kind}{task}") for kind in ("RNN", "LSTM", "GRU", "Seq2Seq") for task in ("Classifier", "Regressor")
]
every_class = pytest.mark.parametrize("cls", CLASSES)


@pytest.fixture
def X():
    """Frames of a number, strings with missing ones, and integers."""
    rng = np.random.default_rng(0)
    frames = []
    for length in rng.integers(2, 7, 40):
        site = rng.choice(np.array(["a", "b", "c", None], dtype=object), length)
        frames.append(pd.DataFrame({"x": rng.normal(5, 2, length), "site": site, "kind": rng.integers(0, 4, length)}))
    return frames


@pytest.fixture
def y(X):
    return np.array([int((x["site"] == "a").sum() > 0) for x in X])


def target_of(cls, X, y):
    if cls is sr.Seq2SeqClassifier:
        return [np.where(x["kind"] > 1, "u", "v") for x in X]
    if cls is sr.Seq2SeqRegressor:
        return [x["x"].to_numpy() for x in X]
    return y


def objects(X):
    return [x.to_numpy(dtype=object) for x in X]


def renamed(X):
    """Other names of the categories, in the same order."""
    sites = [["site " + site if isinstance(site, str) else None for site in x["site"]] for x in X]
    return [x.assign(site=site, kind=10 * x["kind"] - 7) for x, site in zip(X, sites, strict=True)]


def response(model, X):
    return getattr(model, "predict_proba" if hasattr(model, "predict_proba") else "predict")(X)


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


# --- the model --------------------------------------------------------------------------------------------------------


@every_class
def test_every_estimator_reads_categories_and_answers_the_same_after_a_pickle(cls, X, y):
    model = cls(**MIXED).fit(X, target_of(cls, X, y))
    expected = response(model, X)
    assert_same(response(pickle.loads(pickle.dumps(model)), X), expected)
    assert_same(
        response(cls(**MIXED | {"categorical_features": [1, 2]}).fit(objects(X), target_of(cls, X, y)), objects(X)),
        expected,
    )
    assert [known.tolist() for known in model.categories_] == [["a", "b", "c", None], [0, 1, 2, 3]]
    assert model.is_categorical_.tolist() == [False, True, True]
    assert model.feature_names_in_.tolist() == ["x", "site", "kind"]
    assert model.n_features_in_ == 3
    values = np.concatenate([x["x"] for x in X])
    np.testing.assert_allclose(model.x_mean_, [values.mean(), 0, 0])
    np.testing.assert_allclose(model.x_scale_, [values.std(), 1, 1])
    assert model.weights_["embedding_0/E"].shape == (5, 3)
    assert not model.weights_["embedding_0/E"][0].any()


@every_class
def test_names_of_categories_play_no_part(cls, X, y):
    target = target_of(cls, X, y)
    model = cls(**MIXED).fit(X, target)
    others = cls(**MIXED).fit(renamed(X), target)
    assert np.array_equal(model.theta_, others.theta_)
    assert_same(response(others, renamed(X)), response(model, X))


def test_the_network_reads_numbers_and_then_the_vectors_of_the_categories(X, y):
    model = sr.GRURegressor(**MIXED, embedding_dim=[2, 3]).fit(X, y)
    tables = [model.weights_[f"embedding_{k}/E"] for k in range(2)]
    vectors = []
    for x in X:
        rows = [{"a": 1, "b": 2, "c": 3}.get(site, 4) for site in x["site"]]
        scaled = (x[["x"]].to_numpy() - model.x_mean_[0]) / model.x_scale_[0]
        vectors.append(np.column_stack([scaled, tables[0][rows], tables[1][x["kind"] + 1]]))
    plain = sr.GRURegressor(**TINY, standardize=False).fit(vectors, y)
    cut = plain.theta_.size
    plain.theta_ = model.theta_[:cut].copy()
    plain.y_mean_ = model.y_mean_
    plain.y_scale_ = model.y_scale_
    np.testing.assert_allclose(plain.predict(vectors), model.predict(X), rtol=1e-10)


def test_the_number_of_columns_of_a_table(X, y):
    def widths(**settings):
        model = sr.RNNClassifier(**MIXED | settings).fit(X, y)
        return [model.weights_[f"embedding_{k}/E"].shape[1] for k in range(2)]

    assert widths() == widths(embedding_dim="auto") == [3, 3]  # round(1.6 * 4 ** 0.56)
    assert widths(embedding_dim=5) == [5, 5]
    assert widths(embedding_dim=(2, 7)) == [2, 7]
    # In the order in which the columns are named.
    assert widths(embedding_dim=(2, 7), categorical_features=["kind", "site"]) == [7, 2]
    assert widths(embedding_dim=(2, 7), categorical_features=[False, True, True]) == [2, 7]


@pytest.mark.parametrize("form", ["pandas", "polars", "cube", "objects"])
def test_categories_alone_without_numbers(form):
    rng = np.random.default_rng(0)
    values = rng.choice(["a", "b"], (30, 4, 1))
    y = (values[:, 0, 0] == "a").astype(int)
    X = {
        "pandas": [pd.DataFrame({"site": x[:, 0]}) for x in values],
        "polars": [pl.DataFrame({"site": x[:, 0]}) for x in values],
        "cube": values,
        "objects": [x.astype(object) for x in values],
    }[form]
    model = sr.GRUClassifier(8, categorical_features=[0], max_iter=60, learning_rate_init=0.03, random_state=0).fit(
        X, y
    )
    assert model.score(X, y) == 1
    assert model.weights_["embedding_0/E"].shape == (3, 2)


def test_float32_numbers_are_computed_in_float32(X, y):
    frames = [x.astype({"x": np.float32}) for x in X]
    single = sr.LSTMClassifier(**MIXED).fit(frames, y)
    assert single.theta_.dtype == np.float32
    np.testing.assert_allclose(
        single.predict_proba(frames), sr.LSTMClassifier(**MIXED).fit(X, y).predict_proba(X), atol=1e-4
    )
    assert (
        sr.LSTMClassifier(**MIXED | {"categorical_features": [0]})
        .fit([np.zeros((2, 2), np.float32)] * 40, y)
        .theta_.dtype
        == np.float32
    )


def test_a_network_learns_what_categories_mean():
    rng = np.random.default_rng(0)
    X = [pd.DataFrame({"value": rng.normal(size=6), "sign": rng.choice(["plus", "minus"], 6)}) for _ in range(200)]
    y = np.array([(x["value"] * np.where(x["sign"] == "plus", 1, -1)).sum() for x in X])
    model = sr.GRURegressor(16, categorical_features=["sign"], max_iter=60, random_state=0).fit(X[:150], y[:150])
    assert model.score(X[150:], y[150:]) > 0.85


# --- unknown and missing categories -----------------------------------------------------------------------------------


def test_unknown_categories_have_zeros(X, y):
    model = sr.LSTMClassifier(**MIXED).fit(X, y)
    one = model.predict_proba([x.assign(site="new", kind=99) for x in X])
    assert np.array_equal(one, model.predict_proba([x.assign(site="other", kind=-1) for x in X]))
    model.weights_["embedding_0/E"][0] = 1
    assert not np.array_equal(one, model.predict_proba([x.assign(site="new", kind=99) for x in X]))


def test_partial_fit_trains_the_vector_of_unknown_categories(X, y):
    model = sr.LSTMClassifier(**MIXED).partial_fit(X, y, classes=[0, 1])
    model.partial_fit([x.assign(site="new") for x in X], y)
    assert model.weights_["embedding_0/E"][0].any()
    assert not model.weights_["embedding_1/E"][0].any()
    assert model.categories_[0].tolist() == ["a", "b", "c", None]


def test_a_category_of_weight_zero_is_not_seen(X, y):
    weight = np.ones(len(X))
    weight[:2] = 0
    others = [x.assign(site="rare") if j < 2 else x for j, x in enumerate(X)]
    model = sr.LSTMClassifier(**MIXED).fit(others, y, sample_weight=weight)
    without = sr.LSTMClassifier(**MIXED).fit(X[2:], y[2:])
    assert model.categories_[0].tolist() == ["a", "b", "c", None]
    assert np.array_equal(model.theta_, without.theta_)
    np.testing.assert_array_equal(model.predict_proba(X), without.predict_proba(X))


def test_missing_numbers_may_be_skipped_and_missing_categories_stay(X, y):
    with_gap = [x.copy() for x in X]
    with_gap[0].loc[0, "x"] = np.nan
    model = sr.LSTMClassifier(**MIXED, missing="skip").fit(with_gap, y)
    shorter = sr.LSTMClassifier(**MIXED).fit([with_gap[0].iloc[1:], *X[1:]], y)
    assert np.array_equal(model.theta_, shorter.theta_)
    assert_refused(sr.LSTMClassifier(**MIXED), with_gap, y, "NaN in sequence 0, step 0, feature 0")


# --- everywhere where X goes ------------------------------------------------------------------------------------------


def test_step_by_step_as_predict(X, y):
    for frames in (X, objects(X)):
        features = ["site", "kind"] if frames is X else [1, 2]
        model = sr.LSTMClassifier(**STREAMING | {"categorical_features": features}, pooling="last").fit(frames, y)
        state = model.initial_state(1)
        for t in range(len(frames[0])):
            row = frames[0].iloc[[t]] if frames is X else frames[0][t]
            output, state = model.step(row, state, method="predict_proba")
        np.testing.assert_allclose(output, model.predict_proba(frames[:1]), rtol=1e-10)
        first = np.array([x[0] for x in objects(X)], dtype=object)
        output, _ = model.step(first, model.initial_state(40), method="predict_proba")
        np.testing.assert_allclose(output, model.predict_proba([x[:1] for x in frames]), rtol=1e-10)
        output, _ = model.step([1.0, "new", 99], model.initial_state(1), method="predict_proba")
        assert output.shape == (1, 2)
    with pytest.raises(ValueError, match=r"Expected x with shape \(1, 3\)"):
        model.step([1.0, "new"], model.initial_state(1))
    with pytest.raises(ValueError, match="Expected a number in sequence 0, step 0, feature 0"):
        model.step(["new", 1.0, 2], model.initial_state(1))
    out, _ = model.predict(frames, return_state=True)
    assert len(out) == 40


def test_validation_sets_and_scorers_read_the_same_categories(X, y):
    seen = []

    def scorer(model, given, target):
        seen.append(given[0])
        half = [given[j] for j in range(len(given) // 2)]  # not the X that is known already
        np.testing.assert_allclose(model.predict_proba(half), model.predict_proba(given)[: len(half)])
        return model.score(given, target)

    settings = MIXED | {"early_stopping": True, "validation_fraction": 0.5, "scoring": scorer}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an X of arrays has no feature names
        model = sr.GRUClassifier(**settings).fit(X, y)
    assert {type(value) for value in seen[0][:, 1]} <= {str, type(None)}
    assert len(model.validation_scores_) == 2
    model = sr.GRUClassifier(**settings | {"scoring": "accuracy"}).fit(X, y, X_val=X[:10], y_val=y[:10])
    assert model.best_validation_score_ == model.score(X[:10], y[:10])


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_a_validation_set_of_few_categories_is_no_likely_mistake():
    rng = np.random.default_rng(0)
    X, X_val = ([np.column_stack([rng.normal(size=8), rng.integers(0, n, 8)]) for _ in range(60)] for n in (200, 2))
    settings = TINY | {"early_stopping": True, "max_iter": 1, "learning_rate": "constant"}
    with pytest.warns(sr.SequenceDataWarning, match="X_val lies far from X: feature 1"):
        sr.GRUClassifier(**settings).fit(X, np.arange(60) % 2, X_val=X_val, y_val=np.arange(60) % 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", sr.SequenceDataWarning)
        model = sr.GRUClassifier(**settings, categorical_features=[1])
        model.fit(X, np.arange(60) % 2, X_val=X_val, y_val=np.arange(60) % 2)


def test_gradients_are_those_of_numbers_and_then_of_vectors(X, y):
    model = sr.GRURegressor(**MIXED, embedding_dim=(2, 3)).fit(X, y.astype(float))
    gradients = model.input_gradients(X)
    assert gradients[0].shape == (len(X[0]), 1 + 2 + 3)
    for sign in (-1, 1):
        moved = [x.assign(x=x["x"] + sign * 1e-5) for x in X]
        change = model.predict(moved) - model.predict(X)
        np.testing.assert_allclose(change, [sign * 1e-5 * g[:, 0].sum() for g in gradients], rtol=1e-3, atol=1e-9)
    found = gradients[3][:, 1:3]
    table = model.weights_["embedding_0/E"]
    row = {"a": 1, "b": 2, "c": 3}.get(X[3]["site"][0], 4)
    before = model.predict(X[3:4])
    table[row] += 1e-6 * np.array([1, 2])
    steps = [t for t, site in enumerate(X[3]["site"]) if site == X[3]["site"][0]]
    np.testing.assert_allclose((model.predict(X[3:4]) - before)[0] / 1e-6, (found[steps] @ [1, 2]).sum(), rtol=1e-3)


def test_importance_is_that_of_the_features_of_x(X, y):
    settings = {"max_iter": 60, "learning_rate_init": 0.03, "alpha": 5.0, "random_state": 0}
    model = sr.LSTMClassifier(8, categorical_features=["site", "kind"], **settings).fit(X, y)
    importance = model.feature_importance(X, y, random_state=0)
    assert importance.importances_mean.shape == (3,)
    assert importance.importances_mean.argmax() == 1


def test_per_step_targets(X):
    y = [(x["kind"] > 1).astype(int).to_numpy() for x in X]
    model = sr.LSTMClassifier(**MIXED, return_sequences=True).fit(X, y)
    assert [len(labels) for labels in model.predict(X)] == [len(x) for x in X]
    assert 0 < model.score(X, y) <= 1
    cube = np.array([x.iloc[[0, 0, 1]].to_numpy(dtype=object) for x in X])
    labels = np.array([labels[[0, 0, 1]] for labels in y])
    model = sr.LSTMClassifier(**MIXED | {"categorical_features": [1, 2]}, return_sequences=True).fit(cube, labels)
    assert model.predict(cube).shape == (40, 3)
    assert sr.sequence_scorer("accuracy")(model, cube, labels) == model.score(cube, labels)


def test_padding_of_a_cube_is_no_category(X, y):
    cube = np.full((40, 7, 3), None, dtype=object)
    for row, x in zip(cube, objects(X), strict=True):
        row[: len(x)] = x
    model = sr.LSTMClassifier(**MIXED | {"categorical_features": [1, 2]}).fit(cube, y)
    expected = sr.LSTMClassifier(**MIXED).fit(X, y)
    assert np.array_equal(model.theta_, expected.theta_)
    numbers = np.full((40, 7, 2), np.nan)
    for row, x in zip(numbers, X, strict=True):
        row[: len(x)] = x[["x", "kind"]]
    model = sr.LSTMClassifier(**TINY, categorical_features=[1]).fit(numbers, y)
    assert model.categories_[0].tolist() == [0, 1, 2, 3]


def padded_with(value, X, n_features, dtype, padding="post"):
    cube = np.full((len(X), 8, n_features), value, dtype=dtype)
    for row, x in zip(cube, X, strict=True):
        row[slice(len(x)) if padding == "post" else slice(-len(x), None)] = x
    return cube


@every_class
@pytest.mark.parametrize("padding", ["post", "pre"])
@pytest.mark.each_choice
def test_pad_value_is_padding_beside_categories(cls, padding, X, y):
    if issubclass(cls, sr.Seq2SeqClassifier):
        y = [["u"], ["v"]] * 20
    kinds = [x[["x", "kind"]].to_numpy() for x in X]  # 0 is a kind, too
    for settings in ({"categorical_features": [1]}, {"categorical_features": [0, 1], "embedding_dim": 2}):
        expected = cls(**TINY, **settings).fit(kinds, y)
        for value in (0.0, -7.0):
            cube = padded_with(value, kinds, 2, float, padding)
            model = cls(**TINY, **settings, pad_value=value).fit(cube, y)
            assert np.array_equal(model.theta_, expected.theta_)
            assert [known.tolist() for known in model.categories_] == [known.tolist() for known in expected.categories_]
            assert_same(response(model, cube), response(expected, kinds))
            flat = cls(**TINY, **settings, pad_value=value, input_size=2).fit(cube.reshape(40, -1), y)
            assert np.array_equal(flat.theta_, expected.theta_)


def test_pad_value_is_padding_beside_strings(X, y):
    settings = TINY | {"categorical_features": [1, 2]}
    expected = sr.GRUClassifier(**settings).fit(objects(X), y)
    cube = padded_with(0, objects(X), 3, object)
    model = sr.GRUClassifier(**settings, pad_value=0).fit(cube, y)
    assert np.array_equal(model.theta_, expected.theta_)
    assert model.categories_[0].tolist() == ["a", "b", "c", None]
    assert_same(model.predict_proba(cube), expected.predict_proba(objects(X)))
    kinds = padded_with(-1, [x["kind"].to_numpy()[:, None] for x in X], 1, int)[:, :, 0]
    model = sr.GRUClassifier(**TINY, categorical_features=[0], pad_value=-1).fit(kinds, y)
    assert model.categories_[0].tolist() == [0, 1, 2, 3]
    cube[0, 0] = 0
    cube[0, 1:] = objects(X)[-1][0]
    cube[0, 4, 1] = 0  # not at an end
    assert_refused(sr.GRUClassifier(**settings, pad_value=0), cube, y, "strings and, in sequence 0, step 4")
    cube[0] = 0
    assert_refused(sr.GRUClassifier(**settings, pad_value=0), cube, y, "sequence 0 to have at least one time step")


@pytest.mark.parametrize("settings", [{}, {"embedding_dim": 3}])
def test_zero_padding_is_warned_of_beside_categories(settings, y):
    rng = np.random.default_rng(0)
    rows = [np.column_stack([rng.normal(3, 1, n), rng.integers(1, 4, n)]) for n in rng.integers(2, 8, 40)]
    cube = padded_with(0.0, rows, 2, float)
    model = sr.GRUClassifier(**TINY, **settings, categorical_features=[1])
    with pytest.warns(sr.SequenceDataWarning, match=r"X seems to be padded: .* of zeros alone.* set pad_value=0\.0\."):
        model.fit(cube, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", sr.SequenceDataWarning)
        model.set_params(pad_value=0.0).fit(cube, y)
        assert model.categories_[0].tolist() == [1, 2, 3]
        model.set_params(pad_value=None).fit(cube + np.array([0, 1]), y)  # the category of these steps is 1
        weight = np.arange(40) > 0
        cube[0, :, 1] = 99  # a category that weighs nothing
        model.set_params(pad_value=0.0).fit(cube, y, sample_weight=weight)
    with pytest.warns(sr.SequenceDataWarning, match="X seems to be padded"):
        model.set_params(pad_value=None).fit(cube, y, sample_weight=weight)


def test_a_pad_token_is_refused_beside_categories(X, y):
    assert_refused(sr.GRUClassifier(**MIXED, pad_token=0), X, y, "Set pad_value=0, which")


def test_static_values_beside_sequences_of_categories(X, y):
    table = pd.DataFrame({"seq": X, "age": np.linspace(18, 90, 40)})
    model = sr.LSTMClassifier(**MIXED).fit(table, y)
    assert model.n_static_features_in_ == 1
    assert len(model.categories_) == 2
    assert model.predict(table).shape == (40,)


def test_columns_of_series_with_categories_by_name(y):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({name: list(rng.integers(0, 3, (40, 5))) for name in ("flow", "state")})
    model = sr.LSTMClassifier(**TINY, categorical_features=["state"]).fit(table, y)
    assert model.is_categorical_.tolist() == [False, True]
    assert model.feature_names_in_.tolist() == ["flow", "state"]


def test_searches_clone_and_pipelines(X, y):
    search = GridSearchCV(
        sr.GRUClassifier(**MIXED), {"embedding_dim": [2, "auto", None]}, cv=2, error_score="raise", n_jobs=2
    )
    search.fit(X, y)
    assert search.predict(X).shape == (40,)
    assert clone(sr.GRUClassifier(**MIXED)).categorical_features == MIXED["categorical_features"]
    pipeline = make_pipeline(FunctionTransformer(), sr.GRUClassifier(**MIXED))
    assert cross_val_score(pipeline, X, y, cv=2, error_score="raise").shape == (2,)


def test_stored_categories_are_arrays(X, y):
    model = sr.GRUClassifier(**MIXED).fit([x.dropna() if len(x.dropna()) else x.fillna("a") for x in X], y)
    assert model.categories_[0].dtype.kind == "U"
    state = model.__getstate__()
    state["categories_"] = state["categories_"][:1]
    with pytest.raises(ValueError, match="categories_: expected a list of 2 arrays"):
        sr.GRUClassifier().__setstate__(state)
    state = model.__getstate__()
    state["is_categorical_"] = np.array([True, True, True])
    with pytest.raises(ValueError, match="is_categorical_: expected 2 times True, got 3"):
        sr.GRUClassifier().__setstate__(state)


def test_nothing_of_categories_is_left_after_a_fit_without(X, y):
    model = sr.GRUClassifier(**MIXED).fit(X, y)
    model.set_params(categorical_features=None).fit([x[["x"]] for x in X], y)
    assert not {"categories_", "is_categorical_"} & set(vars(model))
    assert model.predict([x[["x"]] for x in X]).shape == (40,)


def test_x_is_unchanged(X, y):
    before = pickle.dumps(X)
    model = sr.GRUClassifier(**MIXED).fit(X, y)
    model.predict(X)
    assert pickle.dumps(X) == before


def test_weight_two_is_the_sequence_given_twice(X, y):
    weighted = sr.GRUClassifier(**MIXED).fit(X, y, sample_weight=np.arange(40) % 3)
    rows = np.repeat(np.arange(40), np.arange(40) % 3)[::-1]
    repeated = sr.GRUClassifier(**MIXED).fit([X[row] for row in rows], y[rows])
    assert np.array_equal(weighted.theta_, repeated.theta_)


def test_warm_start_goes_on_with_the_same_categories(X, y):
    model = sr.GRUClassifier(**MIXED, warm_start=True).fit(X, y)
    model.fit([x.assign(site="new") for x in X], y)
    assert model.n_iter_ == 4
    assert model.weights_["embedding_0/E"][0].any()
    for change in ({"categorical_features": ["site"]}, {"embedding_dim": 7}, {"categorical_features": None}):
        with pytest.raises(ValueError, match=next(iter(change))):
            clone(model).set_params(**MIXED).fit(X, y).set_params(**change).fit(X, y)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_x_that_is_not_like_that_of_fit_is_refused(X, y):
    model = sr.GRUClassifier(**MIXED).fit(X, y)
    assert_refused(
        model, [x[["site", "x", "kind"]] for x in X], None, "Feature names must be in the same order", method="predict"
    )
    assert_refused(model, [x[["x", "site"]] for x in X], None, "yet now missing:\n- kind", method="predict")
    assert_refused(
        model, [x.assign(site=1) for x in X], None, "Expected categories to be strings, as in fit", method="predict"
    )
    model = sr.GRUClassifier(**MIXED | {"categorical_features": [1, 2]}).fit(objects(X), y)
    assert_refused(
        model,
        [x[:, :2] for x in objects(X)],
        None,
        "X has 2 features, but GRUClassifier is expecting 3",
        method="predict",
    )
    assert_refused(
        model, np.zeros((4, 3)), None, "Expected sequences with 3 features per time step, got a 2-D", method="predict"
    )


def test_embedding_dim_for_several_columns_is_refused_where_it_has_no_meaning(X, y):
    assert_refused(sr.GRUClassifier(**MIXED, embedding_dim=(2, 3, 4)), X, y, "2 entries, one for each column")
    assert_refused(sr.GRUClassifier(**MIXED, embedding_dim=(2, 0)), X, y, "embedding_dim must be an int of at least 1")
    assert_refused(
        sr.GRUClassifier(**TINY, embedding_dim=(2,)), [x["kind"] for x in X], y, "is for categorical_features"
    )


def test_a_failed_fit_leaves_the_model_as_it_was(X, y):
    model = sr.GRUClassifier(**MIXED).fit(X, y)
    expected = model.predict_proba(X)
    assert_refused(model, [x.assign(x="?") for x in X], y, "Expected a number in sequence 0, step 0, feature 'x'")
    assert np.array_equal(model.predict_proba(X), expected)


def test_ids_of_a_tokenizer_may_be_categories_but_not_numbers(y):
    ids = sr.SequenceTokenizer().fit_transform(["good bad", "bad", "good"] * 13 + ["bad"])
    model = sr.GRUClassifier(**TINY, categorical_features=[0]).fit(ids, y)
    assert model.categories_[0].tolist() == [2, 3]
    assert_refused(
        sr.GRUClassifier(**TINY, categorical_features=[]), ids, y, "ids of tokens, made by SequenceTokenizer"
    )


# --- strings without categorical_features -----------------------------------------------------------------------------

NAMES_CATEGORIES = r"To read strings as categories: (\w+\(categorical_features=.*\))\.$"


@every_class
@pytest.mark.parametrize("of_frames", [True, False])
def test_strings_beside_numbers_are_refused_with_the_parameter_that_reads_them(cls, X, y, of_frames):
    given = X if of_frames else objects(X)
    target = target_of(cls, X, y)
    with pytest.raises(ValueError, match=NAMES_CATEGORIES) as error:
        cls(**TINY).fit(given, target)
    (line,) = re.findall(NAMES_CATEGORIES, str(error.value))
    assert line == f"{cls.__name__}(categorical_features={['site'] if of_frames else [1]})"
    eval(line, vars(sr)).set_params(**TINY).fit(given, target)


def test_strings_beside_static_values_and_in_an_array_of_objects_are_refused_with_the_parameter(X, y):
    table = pd.DataFrame({"sequence": pd.Series(X), "age": np.arange(40.0) / 3})
    cube = np.stack([x.iloc[:2].to_numpy(dtype=object) for x in X])
    for given, names in ((table, ["site"]), (cube, [1])):
        with pytest.raises(ValueError, match=NAMES_CATEGORIES):
            sr.GRUClassifier(**TINY).fit(given, y)
        sr.GRUClassifier(**TINY, categorical_features=names).fit(given, y)


def test_tokens_and_numbers_that_are_written_as_strings_are_no_categories(X, y):
    numbers = [x[["x"]].assign(written=x["kind"].astype(str)) for x in X]
    tokens = [x["site"].fillna("d").to_numpy() for x in X]
    flat = pd.DataFrame([[1.5, "a"]] * 40)
    for given in (numbers, [x.to_numpy(dtype=object) for x in numbers], tokens, flat):
        with pytest.raises((ValueError, TypeError)) as error:
            sr.GRUClassifier(**TINY).fit(given, y)
        assert "categorical_features" not in str(error.value)


def test_predict_names_no_parameter_of_fit(X, y):
    model = sr.GRUClassifier(**TINY).fit([x[["x", "kind"]] for x in X], y)
    with pytest.raises(ValueError, match="got the string") as error:
        model.predict([x[["x", "site"]].rename(columns={"site": "kind"}) for x in X])
    assert "categorical_features" not in str(error.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_categories_alone_are_computed_in_the_precision_of_X(dtype):
    X = np.random.default_rng(0).integers(0, 4, (40, 5, 1)).astype(dtype)
    model = sr.GRUClassifier(**TINY, categorical_features=[0]).fit(X, np.arange(40) % 2)
    assert model.theta_.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert model.transform(X).dtype == model.theta_.dtype
