"""Static values: numbers that belong to a sequence as a whole join its states in front of the head."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from checks import assert_refused
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sklearn_recurrent as sr
from sklearn_recurrent._sklearn import CALLBACK_FRAMES

TINY = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
STREAMING = TINY | {"bidirectional": False}


@pytest.fixture
def static():
    """Two numbers for each of 40 sequences, in units of their own."""
    rng = np.random.default_rng(1)
    return np.column_stack([rng.normal(60, 10, 40), rng.integers(0, 2, 40)])


def table(X, static):
    """An object array: sequences in the first column, static values in the others."""
    return np.hstack([sr.as_column(X), static.astype(object)])


def frame(X, static, names=("age", "smokes")):
    return pd.DataFrame({names[0]: static[:, 0], "seq": list(X), names[1]: static[:, 1]})


@pytest.fixture
def X(ragged, static):
    return table(ragged, static)


def per_step(ragged):
    return [(x[:, 0] > 0).astype(int) for x in ragged]


# --- the model --------------------------------------------------------------------------------------------------------


def test_a_model_of_static_values_is_that_of_its_equations(ragged, numbers, static):
    X = table(ragged, static)
    model = sr.GRURegressor(**TINY, pooling=("last", "mean"), bidirectional=False).fit(X, numbers)
    assert model.n_features_in_ == 2
    assert model.n_static_features_in_ == 2
    np.testing.assert_allclose(model.static_mean_, static.mean(axis=0))
    np.testing.assert_allclose(model.static_scale_, static.std(axis=0))
    states = np.array([np.concatenate([h[-1], h.mean(axis=0)]) for h in model.hidden_states(X)])
    scaled = (static - static.mean(axis=0)) / static.std(axis=0)
    assert model.weights_["head/G"].all()
    inputs = np.column_stack([states * (1 + scaled @ model.weights_["head/G"].T), scaled, np.ones(40)])
    raw = inputs @ model.weights_["head/V"].T
    np.testing.assert_allclose(raw[:, 0] * model.y_scale_ + model.y_mean_, model.predict(X))


def test_each_step_has_the_static_values_of_its_sequence(ragged, static):
    X = table(ragged, static)
    model = sr.LSTMClassifier(**TINY, return_sequences=True).fit(X, per_step(ragged))
    scaled = (static - model.static_mean_) / model.static_scale_
    for states, s, found in zip(model.hidden_states(X), scaled, model.decision_function(X), strict=True):
        states = states * (1 + model.weights_["head/G"] @ s)
        inputs = np.column_stack([states, np.tile(s, (len(states), 1)), np.ones(len(states))])
        np.testing.assert_allclose(inputs @ model.weights_["head/V"][0], found)


def test_without_static_values_nothing_of_them_is_there(task):
    estimator, X, y = task
    model = estimator(**TINY).fit(X, y)
    assert model.n_static_features_in_ == 0
    assert not {"static_mean_", "static_scale_", "static_feature_names_in_"} & vars(model).keys()


@pytest.mark.parametrize("per_step", [False, True], ids=["per sequence", "per step"])
def test_the_effect_of_a_sequence_may_depend_on_its_static_values(ragged, per_step):
    """No sum of what the sequence says and what the static values say is right for more than half of them."""
    sign = np.where(np.arange(40) % 2, 1.0, -1.0)
    X = table([np.sign(x) for x in ragged], sign[:, None])
    y = [(np.sign(x[:, 0]) == s).astype(int) for x, s in zip(ragged, sign, strict=True)]
    if not per_step:
        y = [steps[-1] for steps in y]
    model = sr.GRUClassifier(4, max_iter=40, learning_rate_init=0.05, random_state=0, return_sequences=per_step)
    assert model.fit(X, y).score(X, y) > 0.95


def test_static_values_decide_where_sequences_tell_nothing(ragged, static):
    """In every kind of network."""
    sites = static[:, 1].astype(int)
    X = table(ragged, static)
    settings = {"hidden_layer_sizes": 3, "max_iter": 25, "learning_rate_init": 0.1, "random_state": 0}
    assert sr.LSTMClassifier(**settings).fit(X, sites).score(X, sites) == 1
    y = [np.full(len(x), site) for x, site in zip(ragged, sites, strict=True)]
    assert sr.GRUClassifier(**settings, return_sequences=True).fit(X, y).score(X, y) == 1
    y = [["no", "yes"][site : site + 1] * 2 for site in sites]
    assert sr.Seq2SeqClassifier(**settings).fit(X, y).score(X, y) == 1
    y = np.column_stack([sites, 1 - sites])
    assert sr.Seq2SeqRegressor(**settings).fit(X, y).score(X, y) > 0.9


def test_a_model_is_stored_copied_and_cloned_with_its_static_values(task, static):
    estimator, ragged, y = task
    X = frame(ragged, static)
    model = estimator(**TINY).fit(X, y)
    for other in (pickle.loads(pickle.dumps(model)), clone(model).fit(X, y)):
        np.testing.assert_equal(list(other.predict(X)), list(model.predict(X)))
        assert other.static_feature_names_in_.tolist() == ["age", "smokes"]


@pytest.mark.filterwarnings("ignore:Maximum iterations")
@pytest.mark.parametrize("solver", ["adam", "rmsprop", "sgd", "lbfgs"])
def test_every_solver_moves_the_weights_of_static_values(X, labels, solver):
    model = sr.GRUClassifier(**TINY, solver=solver, learning_rate_init=0.1).fit(X, labels)
    start = sr.GRUClassifier(**TINY, learning_rate_init=1e-9).fit(X, labels)
    assert (np.abs(model.weights_["head/V"] - start.weights_["head/V"])[:, -3:-1] > 1e-4).all()
    assert np.abs(model.weights_["head/G"]).max() > 1e-4


def test_features_in_float32_are_computed_in_float32(ragged, labels, static):
    X = table([x.astype(np.float32) for x in ragged], static)
    model = sr.LSTMClassifier(**TINY).fit(X, labels)
    assert model.theta_.dtype == np.float32
    assert model.static_mean_.dtype == np.float64
    with pytest.raises(ValueError, match="too large for float32"):
        model.predict(table(X[:, 0], np.full((40, 2), 1e300)))


def test_tokens_have_static_values_too(ragged, labels, static):
    tokens = [np.abs(x[:, 0] * 3).astype(np.int32) for x in ragged]
    X = table(tokens, static)
    model = sr.LSTMClassifier(**TINY, embedding_dim=2).fit(X, labels)
    assert model.n_static_features_in_ == 2
    others = table(tokens, static + 1)
    assert not np.isclose(model.predict_proba(X), model.predict_proba(others)).any()
    assert sr.LSTMClassifier(**TINY, embedding_dim=2, standardize=False).fit(X, labels).static_scale_.tolist() == [1, 1]


# --- weights, order, validation ---------------------------------------------------------------------------------------


def test_weights_are_exact_to_the_bit(task, static):
    estimator, ragged, y = task
    X = table(ragged, static)
    y = np.array([*y, None], object)[:-1]
    weight = np.arange(40) % 3
    repeated = np.repeat(np.arange(40), weight)[::-1]
    model = estimator(**TINY).fit(X, list(y), sample_weight=weight)
    other = estimator(**TINY).fit(X[repeated], list(y[repeated]))
    assert model.theta_.tobytes() == other.theta_.tobytes()
    assert model.static_mean_.tobytes() == other.static_mean_.tobytes()
    np.testing.assert_allclose(model.static_mean_, np.average(static, axis=0, weights=weight))


def test_a_change_of_static_values_in_their_last_place_changes_predictions_as_little(ragged, numbers, static):
    X = table(ragged, static)
    moved = table(ragged, np.nextafter(static, np.inf))
    models = [sr.GRURegressor(**TINY, batch_size=8).fit(one, numbers) for one in (X, moved)]
    np.testing.assert_allclose(models[0].predict(X), models[1].predict(X), rtol=1e-9)


def test_the_number_of_threads_changes_no_bit(ragged, labels, static, monkeypatch):
    monkeypatch.setattr("sklearn_recurrent._core.objective.HALF", 1)
    X = table(ragged, static)
    models = [sr.LSTMClassifier(**TINY, n_jobs=n).fit(X, labels) for n in (1, 2)]
    assert models[0].theta_.tobytes() == models[1].theta_.tobytes()
    assert models[0].predict_proba(X).tobytes() == models[1].predict_proba(X).tobytes()


@pytest.mark.parametrize("copied", [0, 1 << 22], ids=["in place", "copied"])
def test_large_training_sets_are_read_in_place(ragged, labels, static, copied, monkeypatch):
    monkeypatch.setattr("sklearn_recurrent._estimators.base.COPIED", copied)
    X = table(ragged, static)
    model = sr.GRUClassifier(**TINY).fit(X, labels)
    monkeypatch.undo()
    assert model.theta_.tobytes() == sr.GRUClassifier(**TINY).fit(X, labels).theta_.tobytes()


@pytest.mark.parametrize("scoring", ["loss", "accuracy", None])
def test_early_stopping_validates_with_static_values(ragged, labels, static, scoring):
    X = frame(ragged, static)
    model = sr.GRUClassifier(**TINY, early_stopping=True, scoring=scoring)
    by_split = clone(model).fit(X, labels)
    assert len(by_split.validation_scores_) == 2
    on_others = clone(model).fit(X, labels, X_val=X[:9], y_val=labels[:9])
    if scoring != "loss":
        assert on_others.best_validation_score_ == on_others.score(X[:9], labels[:9])


def test_a_scorer_that_predicts_parts_of_the_validation_set_is_served(ragged, labels, static):
    def scorer(model, X, y):
        whole = model.predict_proba(X)
        parts = np.concatenate([model.predict_proba(X[:2]), model.predict_proba(X[2:])])
        return -np.abs(whole - parts).max()

    X = table(ragged, static)
    model = sr.GRUClassifier(**TINY, early_stopping=True, scoring=scorer).fit(X, labels)
    assert model.best_validation_score_ > -1e-12


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_training_goes_on_with_the_scaling_of_the_first_static_values(ragged, labels, static, method):
    X = frame(ragged, static)
    model = sr.GRUClassifier(**TINY, warm_start=True).fit(X, labels)
    mean = model.static_mean_.copy()
    getattr(model, method)(frame(ragged, static + 5), labels)
    assert model.static_mean_.tolist() == mean.tolist()
    assert_refused(model, ragged, labels, "Expected X with 2 static values .* got sequences alone", method=method)


def test_a_fit_without_static_values_after_one_with_leaves_nothing_of_them(ragged, labels, static):
    model = sr.GRUClassifier(**TINY).fit(frame(ragged, static), labels)
    assert model.static_feature_names_in_.tolist() == ["age", "smokes"]
    model.fit(ragged, labels)
    assert model.n_static_features_in_ == 0
    assert not {"static_mean_", "static_scale_", "static_feature_names_in_"} & vars(model).keys()
    model.fit(table(ragged, static), labels)
    assert "static_feature_names_in_" not in vars(model)


@pytest.mark.skipif(not CALLBACK_FRAMES, reason="scikit-learn has callbacks from 1.9 on")
def test_a_callback_can_ask_the_model_of_each_epoch(ragged, labels, static):
    X = table(ragged, static)
    scores = []

    class Asking:
        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, **others):
            if context.task_name == "epoch":
                scores.append(fitted_estimator.score(X, labels))

    model = sr.GRUClassifier(**TINY).set_callbacks(Asking()).fit(X, labels)
    assert scores[-1] == model.score(X, labels)


def test_static_values_that_lie_in_blocks_are_no_long_table(ragged):
    sites = np.repeat([3, 1, 2, 4], 10)
    X = pd.DataFrame({"seq": ragged, "site": sites})
    sr.GRUClassifier(**TINY).fit(X, sites > 2)  # without a warning


# --- what is compared with fit ----------------------------------------------------------------------------------------


def test_other_static_values_than_in_fit_are_refused(task, static):
    estimator, ragged, y = task
    model = estimator(**TINY).fit(frame(ragged, static), y)
    with pytest.raises(
        ValueError, match=r"2 static values beside each sequence \('age', 'smokes'\), as in fit, got seq"
    ):
        model.predict(ragged)
    with pytest.raises(ValueError, match=r"as in fit, got 1 \('age'\)"):
        model.predict(frame(ragged, static)[["seq", "age"]])


@pytest.mark.parametrize("kind", ["pandas", "pandas, numbered", "polars", "array"])
def test_static_values_that_fit_did_not_have_are_refused_with_the_line_that_drops_them(ragged, labels, static, kind):
    model = sr.GRUClassifier(**TINY).fit(ragged, labels)
    X = frame(ragged, static)
    if kind == "polars":
        X = pl.DataFrame({"age": static[:, 0], "seq": [x.tolist() for x in ragged], "smokes": static[:, 1]})
    elif kind != "pandas":
        X = pd.DataFrame(np.asarray(X), columns=[5, 6, 7]) if "numbered" in kind else np.asarray(X)
    with pytest.raises(ValueError, match="Expected X with sequences alone, as in fit, got further columns, 2") as error:
        model.predict(X)
    names = {"np": np, "X": X}
    exec(str(error.value).partition("or drop them: ")[2], names)
    assert model.predict(names["X"]).tolist() == model.predict(ragged).tolist()


def test_sequences_alone_are_refused_with_the_line_that_joins_static_values(ragged, labels, static):
    model = sr.GRUClassifier(**TINY).fit(table(ragged, static), labels)
    with pytest.raises(ValueError, match=r"Put them there: X = np\.hstack") as error:
        model.predict(ragged)
    line = str(error.value).partition("Put them there: ")[2].partition(", with static of shape")[0]
    names = {"np": np, "as_column": sr.as_column, "X": ragged, "static": static}
    exec(line, names)
    assert model.predict(names["X"]).tolist() == model.predict(table(ragged, static)).tolist()


def test_names_of_static_values_are_compared_as_scikit_learn_compares_those_of_features(ragged, labels, static):
    X = frame(ragged, static)
    model = sr.GRUClassifier(**TINY).fit(X, labels)
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit") as error:
        model.predict(frame(ragged, static, ("years", "smokes")))
    assert "Feature names unseen at fit time:\n- years" in str(error.value)
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        model.predict(X[["smokes", "seq", "age"]])
    with pytest.warns(UserWarning, match="X does not have valid feature names, but GRUClassifier was fitted with"):
        model.predict(table(ragged, static))
    plain = sr.GRUClassifier(**TINY).fit(table(ragged, static), labels)
    with pytest.warns(UserWarning, match="X has feature names, but GRUClassifier was fitted without"):
        plain.predict(X)


def test_a_column_of_strings_is_refused_by_fit_and_the_model_stays(ragged, labels, static):
    X = frame(ragged, static)
    model = sr.GRUClassifier(**TINY).fit(X, labels)
    assert_refused(model, X.assign(age="old"), labels, "in column 'age' of X, sequence 0, got the string 'old'. Drop")
    with pytest.raises(ValueError, match="contains NaN in column 'age', sequence 7"):
        model.predict(X.assign(age=np.where(np.arange(40) == 7, np.nan, static[:, 0])))


def test_features_in_several_columns_have_their_names(ragged, labels, static):
    X = pd.DataFrame({"temp": [x[:, 0] for x in ragged], "age": static[:, 0], "rain": [x[:, 1] for x in ragged]})
    model = sr.GRUClassifier(**TINY).fit(X, labels)
    assert model.feature_names_in_.tolist() == ["temp", "rain"]
    assert model.n_features_in_ == 2
    assert model.static_feature_names_in_.tolist() == ["age"]
    alone = sr.GRUClassifier(**TINY).fit(table(ragged, static[:, :1]), labels)
    assert model.theta_.tobytes() == alone.theta_.tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(X)
    with pytest.raises(ValueError, match="The feature names should match"):
        model.predict(X.rename(columns={"rain": "wind"}))


DAMAGES = {
    "static_mean_": lambda mean: mean[:1],
    "static_scale_": lambda scale: scale * 0,
    "n_static_features_in_": lambda n: n + 1,
}


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("missing", [False, True], ids=["changed", "missing"])
def test_damage_is_refused_by_name(X, labels, name, missing):
    model = sr.GRUClassifier(**TINY).fit(X, labels)
    if missing:
        vars(model).pop(name)
        model.theta_ = model.theta_.copy()
    else:
        setattr(model, name, DAMAGES[name](getattr(model, name)))
        model.theta_ = model.theta_.copy()
    with pytest.raises(ValueError, match=rf"^{name}: expected .*damaged"):
        model.predict(X)


# --- streams ----------------------------------------------------------------------------------------------------------

FORMS = {"pooled": {}, "per step": {"return_sequences": True}}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_stream_has_its_static_values_from_the_beginning(ragged, labels, static, form):
    y = per_step(ragged) if form else labels
    X = table([x[:3] for x in ragged], static)
    model = sr.GRUClassifier(**STREAMING, **form).fit(table(ragged, static), y)

    def last(p):
        return np.array([rows[-1] for rows in p]) if form else p

    expected = last(model.predict_proba(X))
    state = model.initial_state(40, static)
    for t in range(3):
        p, state = model.step(np.array([x[t] for x in ragged]), state, method="predict_proba")
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    staged = [rows[-1] for rows in model.staged_predict_proba(X)]
    np.testing.assert_allclose(staged, expected, rtol=1e-12)

    chosen = pickle.loads(pickle.dumps(state[[5, 7]]))
    p, _ = model.step(np.zeros((2, 2)), chosen, method="predict_proba")
    longer = table([np.vstack([ragged[j][:3], np.zeros(2)]) for j in (5, 7)], static[[5, 7]])
    np.testing.assert_allclose(p, last(model.predict_proba(longer)), rtol=1e-12)


def test_the_next_steps_need_not_repeat_the_static_values(ragged, labels, static):
    model = sr.GRUClassifier(**STREAMING).fit(table(ragged, static), labels)
    X = table([x[:3] for x in ragged], static)
    _, state = model.predict_proba(table([x[:2] for x in ragged], static), return_state=True)
    rest = [x[2:3] for x in ragged]
    for following in (rest, table(rest, static)):
        p, after = model.predict_proba(following, initial_state=state, return_state=True)
        np.testing.assert_allclose(p, model.predict_proba(X), rtol=1e-12)
        assert after._static.tolist() == static.tolist()
    with pytest.raises(ValueError, match=r"Expected the static values of initial_state, .* for stream 3, got .* in X"):
        model.predict(table(rest, static + (np.arange(40) == 3)[:, None]), initial_state=state)
    with pytest.raises(ValueError, match="Expected 40 sequences, one per stream"):
        model.predict(rest[:3], initial_state=state)


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("container", [np.array, pd.DataFrame, pl.DataFrame, lambda s: s.tolist()])
def test_static_values_of_streams_come_in_any_container(ragged, labels, static, container):
    model = sr.GRUClassifier(**STREAMING).fit(table(ragged, static), labels)
    assert model.initial_state(40, container(static))._static.tolist() == static.tolist()


def test_static_values_of_streams_have_a_row_for_each(ragged, labels, static):
    model = sr.GRUClassifier(**STREAMING).fit(frame(ragged, static), labels)
    assert model.initial_state(static=static[0])._static.tolist() == static[:1].tolist()
    assert model.initial_state(3, frame(ragged, static)[["age", "smokes"]][:3])._static.tolist() == static[:3].tolist()
    with pytest.raises(ValueError, match=r"Expected static with shape \(3, 2\), .* got None"):
        model.initial_state(3)
    with pytest.raises(ValueError, match=r"Expected static with shape \(3, 2\), a row for each stream, got \(2, 2\)"):
        model.initial_state(3, static[:2])
    with pytest.raises(ValueError, match="feature names should match"):
        model.initial_state(3, frame(ragged, static, ("a", "b"))[["a", "b"]][:3])
    with pytest.raises(ValueError, match="Input static contains NaN in column 0, stream 0"):
        model.initial_state(1, [[np.nan, 1]])
    one = sr.GRUClassifier(**STREAMING).fit(table(ragged, static[:, :1]), labels)
    assert one.initial_state(3, [1, 2, 3])._static.tolist() == [[1], [2], [3]]
    without = sr.GRUClassifier(**STREAMING).fit(ragged, labels)
    with pytest.raises(ValueError, match="Expected static=None, since the model was fitted on sequences alone"):
        without.initial_state(1, [[1.0]])
    with pytest.raises(ValueError, match="Expected a state with 2 static values for each stream, as in fit, got 0"):
        model.step(np.zeros((1, 2)), without.initial_state())


def test_old_streams_go_on_with_new_weights_and_scaling(ragged, labels, static):
    model = sr.GRUClassifier(**STREAMING).fit(table(ragged, static), labels)
    state = model.initial_state(40, static)
    model.fit(table(ragged, static * 3), labels)
    p, _ = model.step(np.array([x[0] for x in ragged]), state, method="predict_proba")
    np.testing.assert_allclose(p, model.predict_proba(table([x[:1] for x in ragged], static)), rtol=1e-12)


# --- inspection -------------------------------------------------------------------------------------------------------


def test_static_values_have_an_importance_after_the_features(ragged, static):
    X = table(ragged, static)
    sites = static[:, 1].astype(int)
    model = sr.LSTMClassifier(3, max_iter=15, learning_rate_init=0.1, random_state=0).fit(X, sites)
    found = model.feature_importance(X, sites, random_state=0)
    assert found.importances.shape == (4, 5)
    assert found.importances_mean.argmax() == 3
    assert model.feature_importance(X, sites, by="step", windows=2).importances.shape == (2, 5)


def test_inspection_knows_static_values(X, labels):
    model = sr.LSTMClassifier(**TINY, pooling=("attention", "last")).fit(X, labels)
    lengths = [len(x) for x in X[:, 0]]
    assert [len(w) for w in model.attention_weights(X)] == lengths
    assert [len(h) for h in model.hidden_states(X)] == lengths
    assert [g.shape for g in model.input_gradients(X)] == [(length, 2) for length in lengths]
    assert len(model.gradient_flow(X, labels)["layer_0/forward"]) == max(lengths)
    assert set(model.gate_activations(X)) == {"i", "f", "g", "o", "c"}


def test_the_gradient_of_a_sequence_is_right_beside_static_values(ragged, numbers, static):
    X = table(ragged, static)
    model = sr.GRURegressor(**TINY).fit(X, numbers)
    x = ragged[0].copy()
    x[1, 0] += 1e-5
    difference = model.predict(table([x], static[:1])) - model.predict(X[:1])
    np.testing.assert_allclose(model.input_gradients(X[:1])[0][1, 0], difference[0] / 1e-5, rtol=1e-3)


# --- scikit-learn -----------------------------------------------------------------------------------------------------


@pytest.fixture
def patients(ragged, static):
    """A frame of sequences, a number, and a word."""
    return pd.DataFrame({"age": static[:, 0], "seq": ragged, "site": np.array(["A", "B", "C"])[np.arange(40) % 3]})


COLUMNS = ColumnTransformer(
    [("seq", sr.PerTimestep(StandardScaler()), ["seq"]), ("one", OneHotEncoder(), ["site"])], remainder="passthrough"
)


def test_a_column_transformer_makes_such_an_X(patients, labels):
    pipeline = make_pipeline(COLUMNS, sr.LSTMClassifier(**TINY))
    assert np.isfinite(cross_val_score(pipeline, patients, labels, cv=3)).all()
    assert cross_val_predict(pipeline, patients, labels, cv=3, method="predict_proba").shape == (40, 2)
    search = GridSearchCV(pipeline, {"lstmclassifier__alpha": [0.0, 0.1]}, cv=3, n_jobs=2).fit(patients, labels)
    assert search.best_estimator_[-1].n_static_features_in_ == 4
    importance = permutation_importance(search, patients, labels, n_repeats=2, random_state=0)
    assert importance.importances.shape == (3, 2)


@pytest.mark.parametrize("container", [frame, table], ids=["frame", "array"])
def test_scikit_learn_splits_and_bags_tables(ragged, labels, static, container):
    X = container(ragged, static)
    train, test, y_train, y_test = train_test_split(X, labels, random_state=0, stratify=labels)
    model = sr.GRUClassifier(**TINY).fit(train, y_train)
    assert 0 <= model.score(test, y_test) <= 1
    bags = BaggingClassifier(model, n_estimators=2, random_state=0).fit(X, labels)
    assert bags.predict(X).shape == (40,)
    assert all(bag.n_static_features_in_ == 2 for bag in bags.estimators_)
    assert permutation_importance(model, X, labels, n_repeats=2, random_state=0).importances.shape == (3, 2)


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_a_long_table_gives_sequences_with_static_values_and_names(ragged, static, labels, library):
    rows = {
        "id": np.repeat(np.arange(40), [len(x) for x in ragged]),
        "label": np.repeat(labels, [len(x) for x in ragged]),
    }
    rows |= {"temp": np.concatenate(ragged)[:, 0], "rain": np.concatenate(ragged)[:, 1]}
    rows["age"] = static[rows["id"], 0]
    long = library.DataFrame(rows)
    data = sr.sequences_from_frame(long, by="id", columns=["temp", "rain"], target="label", static="age")
    model = sr.GRUClassifier(**TINY).fit(data.X, data.y)
    assert model.feature_names_in_.tolist() == ["temp", "rain"]
    assert model.static_feature_names_in_.tolist() == ["age"]
    assert model.theta_.tobytes() == sr.GRUClassifier(**TINY).fit(table(ragged, static[:, :1]), labels).theta_.tobytes()


def test_polars_frames_are_read_as_pandas_frames_are(ragged, labels, static):
    X = frame(ragged, static)
    other = pl.DataFrame({"age": static[:, 0], "seq": [x.tolist() for x in ragged], "smokes": static[:, 1]})
    model = sr.GRUClassifier(**TINY).fit(X, labels)
    np.testing.assert_array_equal(model.predict_proba(other), model.predict_proba(X))
    assert model.theta_.tobytes() == clone(model).fit(other, labels).theta_.tobytes()


def test_a_score_per_step_goes_through_a_pipeline(patients, ragged):
    pipeline = make_pipeline(COLUMNS, sr.LSTMClassifier(**TINY, return_sequences=True))
    scores = cross_val_score(pipeline, patients, per_step(ragged), cv=3, scoring=sr.sequence_scorer("accuracy"))
    assert np.isfinite(scores).all()


def test_an_X_of_static_values_is_not_changed(patients, labels, ragged, static):
    for X in (table(ragged, static), frame(ragged, static)):
        before = pickle.dumps(X)
        sr.GRUClassifier(**TINY).fit(X, labels).predict(X)
        assert pickle.dumps(X) == before


# --- names of features that stand in several columns ------------------------------------------------------------------


def framed(order="uv", n=8):
    return [pd.DataFrame({"u": [1.0, 2.0], "v": [10.0, 20.0]})[list(order)] for _ in range(n)]


@pytest.mark.parametrize("settings", [{}, {"categorical_features": [0]}])
@pytest.mark.parametrize("beside", [{"b": [np.zeros(2)] * 8}, {"b": [np.zeros(2)] * 8, "age": np.arange(8) / 3}])
def test_frames_beside_another_column_of_sequences_have_one_order_of_columns(settings, beside):
    y = np.arange(8.0)
    mixed = [framed()[0], *framed("vu")[:7]]
    model = sr.GRURegressor(3, max_iter=1, **settings)
    with pytest.raises(ValueError, match="Column 'a' of X: The feature names of sequence 1 should match"):
        model.fit(pd.DataFrame({"a": mixed, **beside}), y)
    model.fit(pd.DataFrame({"a": framed(), **beside}), y)
    assert model.feature_names_in_.tolist() == ["u", "v", "b"]
    with pytest.raises(ValueError, match="Feature names must be in the same order as they were in fit"):
        model.predict(pd.DataFrame({"a": framed("vu"), **beside}))
    assert len(model.predict(pd.DataFrame({"a": framed(), **beside}))) == 8


def test_equal_names_in_two_columns_are_told_apart_by_the_columns():
    X = pd.DataFrame({"a": framed(), "b": framed()})
    model = sr.GRURegressor(3, max_iter=1).fit(X, np.arange(8.0))
    assert model.feature_names_in_.tolist() == ["a__u", "a__v", "b__u", "b__v"]
    with pytest.raises(ValueError, match="in the same order"):
        model.predict(X[["b", "a"]])
    X = pl.DataFrame({"a": [[{"u": 1.0, "v": 2.0}]] * 8, "b": [[0.5]] * 8})
    assert sr.GRURegressor(3, max_iter=1).fit(X, np.arange(8.0)).feature_names_in_.tolist() == ["u", "v", "b"]


def test_columns_of_series_of_strings_are_categories():
    rng = np.random.default_rng(0)
    texts = [rng.choice(["p", "q"], 4).tolist() for _ in range(8)]
    numbers = [rng.normal(size=4) for _ in range(8)]
    y = np.arange(8.0)
    expected = sr.GRURegressor(3, max_iter=1, random_state=0, categorical_features=["k"]).fit(
        [pd.DataFrame({"v": v, "k": k}) for v, k in zip(numbers, texts, strict=True)], y
    )
    tables = {
        "lists": pd.DataFrame({"v": numbers, "k": texts}),
        "arrays": pd.DataFrame({"v": numbers, "k": [np.array(k, object) for k in texts]}),
        "Series": pd.DataFrame({"v": numbers, "k": [pd.Series(k, dtype="category") for k in texts]}),
    }
    for name, X in tables.items():
        model = clone(expected).fit(X, y)
        assert np.array_equal(model.theta_, expected.theta_), name
        assert model.categories_[0].tolist() == ["p", "q"]
        model.set_params(categorical_features=["v"])
        with pytest.raises(ValueError, match=r"Expected a number in .*got the string|Expected numbers in feature 'k'"):
            model.fit(X, y)
    by_dtype = clone(expected).set_params(categorical_features="from_dtype").fit(tables["Series"], y)
    assert np.array_equal(by_dtype.theta_, expected.theta_)
    with pytest.raises(ValueError, match="got 4 steps in column 'v' and 1 in column 'k' for sequence 2"):
        clone(expected).fit(tables["lists"].assign(k=[*texts[:2], ["p"], *texts[3:]]), y)


def test_columns_of_strings_may_stand_beside_static_values_and_padding():
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 8, 40)
    numbers = [np.r_[rng.normal(3, 1, n), np.zeros(8 - n)] for n in lengths]
    kinds = [np.r_[rng.integers(1, 4, n), np.zeros(8 - n, int)] for n in lengths]
    X = pd.DataFrame({"id": range(40), "v": numbers, "k": kinds, "text": [["p"] * 8] * 40})
    model = sr.GRURegressor(3, max_iter=1, categorical_features=["k", "text"])
    with pytest.warns(sr.SequenceDataWarning, match="Column 'id' of X has another whole number"):
        model.fit(X, np.arange(40.0))
    with pytest.warns(sr.SequenceDataWarning) as caught:
        model.set_params(categorical_features=["k"]).fit(X.drop(columns=["id", "text"]), np.arange(40.0))
    assert "zeros alone, which are learned as data. If that is padding, cut it off before." in str(caught[0].message)
