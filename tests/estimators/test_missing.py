"""missing='forward': the last value of each feature is carried on, and the network is told where it was missing."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from checks import same_bits
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

import sklearn_recurrent as sr
from sklearn_recurrent import LSTMClassifier, LSTMRegressor, RNNClassifier, RNNRegressor, Seq2SeqRegressor

TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0}
FORWARD = {"missing": "forward"}
STREAM = {"bidirectional": False}
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")
CLOSE = {"rtol": 0, "atol": 1e-12}
UNIT = np.array([10.0, 0.1])
ZERO = np.array([500.0, -3.0])


@pytest.fixture
def holes(ragged):
    """Sequences in units of their own, of which a third of the values are missing, some from the start on."""
    rng = np.random.default_rng(1)
    X = [np.where(rng.random(x.shape) < 1 / 3, np.nan, ZERO + UNIT * x) for x in ragged]
    X[4][:, 1] = np.nan
    X[5][:] = np.nan
    assert sum(np.isnan(x[0, 0]) for x in X) > 5
    return X


def by_hand(X, mean=0.0, scale=1.0):
    """Scaled values, carried forward by a plain loop, and beside them what was missing."""
    sequences = []
    for x in X:
        last = np.full(x.shape[1], np.nan)
        steps = []
        for value in (x - mean) / scale:
            last = np.where(np.isnan(value), last, value)
            steps.append(np.concatenate([np.nan_to_num(last), np.isnan(value)]))
        sequences.append(np.array(steps, x.dtype))
    return sequences


def fitted_by_hand(model, X, y, **fit_params):
    """An ordinary model on these features, scaled as `model` has scaled X; and how it is asked."""

    def prepared(X):
        return by_hand(X, model.x_mean_.astype(X[0].dtype), model.x_scale_.astype(X[0].dtype))

    ordinary = clone(model).set_params(missing="error", standardize=False)
    if "X_val" in fit_params:
        fit_params |= {"X_val": prepared(fit_params["X_val"])}
    return ordinary.fit(prepared(X), y, **fit_params), prepared


# --- the network reads what is made by hand ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"shuffle": False},
        {"shuffle": False, "early_stopping": True, "scoring": None},
        {"shuffle": False, "solver": "lbfgs"},
        {"standardize": False},
        {"standardize": False, "early_stopping": True, "validation_fraction": 0.4},
    ],
    ids=str,
)
def test_weights_are_those_of_an_ordinary_model_on_features_made_by_hand(task, holes, settings):
    cls, _, y = task
    model = cls(**TINY, **FORWARD, **settings).fit(holes, y)
    ordinary, prepared = fitted_by_hand(model, holes, y)
    assert same_bits(model, ordinary)
    for ours, theirs in zip(model.predict(holes), ordinary.predict(prepared(holes)), strict=True):
        assert np.array_equal(ours, theirs)
    assert model.score(holes, y) == ordinary.score(prepared(holes), y)


def test_the_same_with_X_val_with_partial_fit_and_with_a_warm_start(holes, numbers):
    validation = {"X_val": holes[:15], "y_val": numbers[:15]}
    settings = {"shuffle": False, "early_stopping": True, "warm_start": True}
    model = RNNRegressor(**TINY, **FORWARD, **settings).fit(holes, numbers, **validation)
    ordinary, prepared = fitted_by_hand(model, holes, numbers, **validation)
    assert same_bits(model, ordinary)
    assert model.validation_loss_curve_ == ordinary.validation_loss_curve_
    for one, X in ((model, holes), (ordinary, prepared(holes))):
        one.fit(X, numbers)
        one.partial_fit(X[20:], numbers[20:])
    assert same_bits(model, ordinary)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_step_has_a_target_with_return_sequences(holes, ragged, dtype):
    X = [x.astype(dtype) for x in holes]
    y = [x[:, 0].cumsum() for x in ragged]
    model = LSTMRegressor(**TINY, **FORWARD, return_sequences=True, shuffle=False).fit(X, y)
    ordinary, prepared = fitted_by_hand(model, X, y)
    assert model.theta_.dtype == dtype
    assert same_bits(model, ordinary)
    assert [len(row) for row in model.predict(X)] == [len(x) for x in X]
    assert model.score(X, y) == ordinary.score(prepared(X), y)


def test_static_values_lie_beside(holes, numbers):
    static = np.random.default_rng(0).normal(size=(len(holes), 2))
    model = RNNRegressor(**TINY, **FORWARD, standardize=False).fit(with_static(holes, static), numbers)
    ordinary = RNNRegressor(**TINY, standardize=False).fit(with_static(by_hand(holes), static), numbers)
    assert same_bits(model, ordinary)


def with_static(X, static):
    return np.column_stack([sr.as_column(X), static.astype(object)])


def test_numbers_alone_are_carried_and_a_missing_category_is_one(holes, numbers):
    rng = np.random.default_rng(0)
    kinds = [rng.choice(np.array(["a", "b", None], dtype=object), len(x)) for x in holes]

    def frames(X):
        names = [f"x{k}" for k in range(X[0].shape[1])]
        return [
            pd.DataFrame({"kind": kind} | dict(zip(names, x.T, strict=True))) for kind, x in zip(kinds, X, strict=True)
        ]

    settings = TINY | STREAM | {"categorical_features": ["kind"], "shuffle": False, "pooling": "last"}
    model = RNNRegressor(**settings, **FORWARD).fit(frames(holes), numbers)
    scaled = by_hand(holes, model.x_mean_[1:], model.x_scale_[1:])
    ordinary = RNNRegressor(**settings, standardize=False).fit(frames(scaled), numbers)
    assert same_bits(model, ordinary)
    assert model.n_features_in_ == 3
    restored = pickle.loads(pickle.dumps(model))
    assert np.array_equal(restored.predict(frames(holes)), ordinary.predict(frames(scaled)))
    state = model.initial_state()
    for step in frames(holes)[3].to_dict("records"):
        output, state = model.step([list(step.values())], state)
    np.testing.assert_allclose(output, model.predict(frames(holes)[3:4]), **CLOSE)
    gradients = model.input_gradients(frames(holes))
    assert gradients[0].shape == (len(holes[0]), 2 + model.weights_["embedding_0/E"].shape[1])


def test_mean_and_scale_are_those_of_the_values_that_are_there(holes, numbers, ragged):
    model = RNNRegressor(**TINY, **FORWARD).fit(holes, numbers)
    steps = np.concatenate(holes)
    np.testing.assert_allclose(model.x_mean_, np.nanmean(steps, axis=0), rtol=1e-12)
    np.testing.assert_allclose(model.x_scale_, np.nanstd(steps, axis=0), rtol=1e-12)
    assert model.n_features_in_ == 2
    assert model.weights_["layer_0/forward/W"].shape[1] == 4 + 1 + 4
    complete = RNNRegressor(**TINY, **FORWARD, shuffle=False).fit(ragged, numbers)
    assert np.array_equal(complete.x_mean_, RNNRegressor(**TINY, shuffle=False).fit(ragged, numbers).x_mean_)
    assert complete.weights_["layer_0/forward/W"].shape == model.weights_["layer_0/forward/W"].shape
    assert complete.predict(holes).shape == (40,)


def test_weight_2_is_repetition_and_the_order_is_none_to_the_bit(holes, numbers):
    settings = TINY | FORWARD
    weight = np.arange(40) % 3
    weighted = RNNRegressor(**settings).fit(holes, numbers, sample_weight=weight)
    repeated = np.random.default_rng(0).permutation(np.repeat(np.arange(40), weight))
    model = RNNRegressor(**settings).fit([holes[j] for j in repeated], numbers[repeated])
    assert same_bits(weighted, model)


# --- containers, padding, what is refused -----------------------------------------------------------------------------


def test_padding_of_a_cube_stays_padding_and_a_list_has_none(holes, numbers, cube):
    inside = [np.concatenate([[ZERO], x, [ZERO]]) for x in holes]
    model = RNNRegressor(**TINY, **FORWARD).fit(inside, numbers)
    assert same_bits(model, RNNRegressor(**TINY, **FORWARD).fit(cube(inside, before=2), numbers))
    nothing = np.full((2, 2), np.nan)
    longer = [np.concatenate([x, nothing]) for x in inside]
    assert np.array_equal(model.predict(cube(longer)), model.predict(inside))
    assert not np.allclose(model.predict(longer), model.predict(inside))


def test_a_matrix_and_its_cube_are_carried_alike(numbers):
    X = np.random.default_rng(0).normal(size=(40, 6))
    X[np.random.default_rng(1).random((40, 6)) < 0.3] = np.nan
    model = RNNRegressor(**TINY, **FORWARD).fit(X, numbers)
    assert same_bits(model, RNNRegressor(**TINY, **FORWARD).fit(list(X), numbers))


def test_zeros_that_look_like_padding_are_warned_of_beside_missing_values(holes, numbers):
    X = np.zeros((40, 12, 2))
    for row, x in zip(X, holes, strict=True):
        row[: len(x)] = x
        row[0] = ZERO  # or it were padding of NaN
    with pytest.warns(sr.SequenceDataWarning, match="X seems to be padded"):
        RNNRegressor(**TINY, **FORWARD).fit(X, numbers)


def test_X_is_not_changed_and_a_copy_predicts_the_same(holes, labels):
    before = joblib.hash(holes)
    model = LSTMClassifier(**TINY, **FORWARD).fit(holes, labels)
    expected = model.predict_proba(holes)
    assert joblib.hash(holes) == before
    for copied in (pickle.loads(pickle.dumps(model)), clone(model).fit(holes, labels)):
        assert np.array_equal(copied.predict_proba(holes), expected)
    assert get_tags(model).input_tags.allow_nan


def test_pipelines_and_searches_pass_missing_values_on(holes, labels):
    pipe = make_pipeline(sr.PerTimestep(StandardScaler()), RNNClassifier(**TINY))
    grid = {"rnnclassifier__missing": ["skip", "forward"]}
    X = [x for x in holes if not np.isnan(x).all()]
    X = [np.concatenate([[ZERO], x]) for x in X]
    y = labels[: len(X)]
    search = GridSearchCV(pipe, grid, cv=2, n_jobs=2, error_score="raise").fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    scores = cross_val_score(RNNClassifier(**TINY, **FORWARD, early_stopping=True), X, y, cv=2, error_score="raise")
    assert np.isfinite(scores).all()


def test_infinity_and_tokens_are_refused(holes, numbers):
    model = RNNRegressor(**TINY, **FORWARD)
    infinite = [*holes[:-1], holes[-1] * np.inf]
    with pytest.raises(ValueError, match="infinity in sequence 39"):
        model.fit(infinite, numbers)
    with pytest.raises(ValueError, match=r"with embedding_dim, got 'forward', which is for numbers"):
        model.set_params(embedding_dim=2).fit([np.arange(4)] * 40, numbers)


def test_forward_belongs_to_the_network_and_cannot_be_set_or_taken_back_later(holes, ragged, numbers):
    model = RNNRegressor(**TINY, warm_start=True).fit(ragged, numbers).set_params(missing="forward")
    for call in (model.predict, lambda X: model.fit(X, numbers), lambda X: model.partial_fit(X, numbers)):
        with pytest.raises(ValueError, match="the model was fitted so, got 'forward'"):
            call(holes)
    model.set_params(warm_start=False).fit(holes, numbers).set_params(warm_start=True, missing="error")
    with pytest.raises(ValueError, match="missing changed from 'forward' to 'error'"):
        model.fit(ragged, numbers)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.predict(holes)
    assert model.predict(ragged).shape == (40,)


def test_a_feature_without_any_value_is_warned_of(holes, numbers):
    X = [np.column_stack([x, np.full(len(x), np.nan)]) for x in holes]
    with pytest.warns(sr.SequenceDataWarning, match="Feature 2 of X is NaN at all steps"):
        model = RNNRegressor(**TINY, **FORWARD).fit(X, numbers)
    assert model.x_mean_[2] == 0
    assert model.x_scale_[2] == 1
    with pytest.warns(sr.SequenceDataWarning, match="X_val lies far from X: feature 0"):
        RNNRegressor(**TINY, **FORWARD).fit(holes, numbers, X_val=[x + 1e4 for x in holes], y_val=numbers)


# --- streams ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("per_step", [False, True])
def test_streams_carry_the_last_values_in_their_state(holes, ragged, numbers, dtype, per_step):
    X = [x.astype(dtype) for x in holes]
    y = [x[:, 0].cumsum() for x in ragged] if per_step else numbers
    model = LSTMRegressor(**TINY, **STREAM, **FORWARD, return_sequences=per_step).fit(X, y)
    close = {"rtol": 1e-5} if dtype == np.float32 else CLOSE
    # In chunks, the first of two steps, with a state that was stored.
    whole = model.predict(X)
    first, state = model.predict([x[:2] for x in X], return_state=True)
    rest = model.predict([x[2:] for x in X], initial_state=pickle.loads(pickle.dumps(state)))
    for j in range(40):
        chunks = np.concatenate([first[j], rest[j]]) if per_step else rest[j]
        np.testing.assert_allclose(chunks, whole[j], **close)
    # Step by step, several streams at once.
    equal = [x[:3] for x in X]
    state = model.initial_state(40)
    for t in range(3):
        output, state = model.step(np.stack([x[t] for x in equal]), state)
    expected = model.predict(equal)
    np.testing.assert_allclose(output, [row[-1] for row in expected] if per_step else expected, **close)
    # Of some streams, and then as a chunk.
    some = state[[5, 9]]
    onward = model.predict([X[5][:2], X[9][:2]], initial_state=some)
    complete = model.predict([np.concatenate([X[j][:3], X[j][:2]]) for j in (5, 9)])
    for j in range(2):
        np.testing.assert_allclose(onward[j], complete[j][3:] if per_step else complete[j], **close)
    assert model.step(np.empty((0, 2)), state[:0])[0].shape == (0,)


def test_staged_predictions_carry_what_has_come_so_far(holes, numbers):
    model = RNNRegressor(**TINY, **STREAM, **FORWARD).fit(holes, numbers)
    for x, staged in zip(holes[:8], model.staged_predict(holes[:8]), strict=True):
        prefixes = model.predict([x[: t + 1] for t in range(len(x))])
        np.testing.assert_allclose(staged, prefixes, **CLOSE)


def test_a_value_too_early_to_be_known_is_the_mean(holes, numbers):
    model = RNNRegressor(**TINY, **STREAM, **FORWARD, standardize=True).fit(holes, numbers)
    one, _ = model.step([[np.nan, 2.0]], model.initial_state())
    ordinary, _ = fitted_by_hand(model, holes, numbers)
    ordinary.theta_ = model.theta_
    scaled = (2.0 - model.x_mean_[1]) / model.x_scale_[1]
    assert one == ordinary.predict([[[0.0, scaled, 1.0, 0.0]]])


def test_states_of_other_models_and_infinity_are_refused_and_old_states_load(holes, ragged, numbers):
    ordinary = RNNRegressor(**TINY, **STREAM).fit(ragged, numbers)
    model = RNNRegressor(**TINY, **STREAM, **FORWARD).fit(holes, numbers)
    for one, other in ((ordinary, model), (model, ordinary)):
        with pytest.raises(ValueError, match="Expected a state of this model, got one for another value of missing"):
            one.step([[0.0, 0.0]], other.initial_state())
    with pytest.raises(ValueError, match="got infinity or a larger value in stream 0"):
        model.step([[np.inf, np.nan]], model.initial_state())
    stored = ordinary.initial_state().__getstate__()
    assert "_last" not in stored  # as before there was such a thing
    old = object.__new__(sr.StreamState)
    vars(old).update(stored)
    assert np.array_equal(ordinary.step(ragged[0][0], old)[0], ordinary.predict([ragged[0][:1]]))


# --- inspection -------------------------------------------------------------------------------------------------------


def test_gradients_are_those_of_each_value_wherever_it_is_carried_to(holes, numbers):
    model = RNNRegressor(**TINY, **FORWARD).fit(holes, numbers)
    X = holes[:6]
    gradients = model.input_gradients(X)
    for j, x in enumerate(X):
        assert gradients[j].shape == x.shape
        for place in np.ndindex(*x.shape):
            if np.isnan(x[place]):
                assert gradients[j][place] == 0
                continue
            step = 1e-5 * UNIT[place[1]]
            moved = [x.copy(), x.copy()]
            moved[0][place] -= step
            moved[1][place] += step
            low, high = model.predict(moved)
            np.testing.assert_allclose(gradients[j][place], (high - low) / (2 * step), rtol=1e-4, atol=1e-7)


def test_importance_states_and_features_are_of_the_features_of_X(holes, labels):
    model = LSTMClassifier(**TINY, **FORWARD).fit(holes, labels)
    importance = model.feature_importance(holes, labels, n_repeats=2, random_state=0)
    assert importance.importances.shape == (2, 2)
    assert [len(states) for states in model.hidden_states(holes)] == [len(x) for x in holes]
    assert model.transform(holes).shape == (40, 24)


def test_an_encoder_reads_what_is_carried_too(holes, ragged, cube):
    y = np.array([x[:3, 0] for x in ragged])
    model = Seq2SeqRegressor(**TINY, **FORWARD, shuffle=False).fit(holes, y)
    assert np.array_equal(model.predict(holes), model.predict(sr.as_column(holes)))
    assert model.weights_["encoder/layer_0/forward/W"].shape[1] == 4 + 1 + 4


def test_a_missing_value_of_a_step_is_refused_with_the_parameter_that_carries_the_last_one():
    X = np.random.default_rng(0).normal(size=(8, 5, 2))
    model = LSTMRegressor(3, bidirectional=False, max_iter=1, random_state=0)
    model.fit(X, np.arange(8.0))
    with pytest.raises(ValueError, match=r"NaN in stream 1\. A network that is fitted with missing='forward'"):
        model.step([[1, 2], [np.nan, 3]], model.initial_state(2))
    model.set_params(missing="forward").fit(X, np.arange(8.0))
    assert np.isfinite(model.step([[1, 2], [np.nan, 3]], model.initial_state(2))[0]).all()
