"""A model changes whole or not at all: while it trains, after a failure, in a file. Damage is refused by name."""

import copy
import pickle
import threading

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import sklearn_recurrent as sr
from sklearn_recurrent._sklearn import CALLBACK_FRAMES

TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0, "bidirectional": False}
BUILTINS = (bool, int, float, str, type(None))


def tokens_of(ragged):
    return [np.abs(x[:, 0] * 3).astype(np.int32) for x in ragged]


def fitted(task, **parameters):
    estimator, X, y = task
    return estimator(**TINY | parameters).fit(X, y), X, y


# --- while it trains --------------------------------------------------------------------------------------------------


def slow_to_learn(ragged):
    """A regressor of features far from 0, whose next training takes a while and changes next to nothing."""
    X = [50 + 10 * x for x in ragged] * 10
    y = np.array([x.mean() for x in X])
    model = sr.LSTMRegressor(**TINY, learning_rate="constant", warm_start=True).fit(X, y)
    return model.set_params(learning_rate_init=1e-12, max_iter=20), X, y


@pytest.mark.filterwarnings("ignore:Maximum iterations")
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_model_that_is_asked_by_another_thread_while_it_trains_answers_as_the_old_one(method, ragged):
    model, X, y = slow_to_learn(ragged)
    before = model.predict(X[:5])
    old = model.theta_
    answers = []
    done = threading.Event()

    def serve():
        while not done.is_set():
            answer = model.predict(X[:5])
            if model.theta_ is old:  # else training has ended in between
                answers.append(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    getattr(model, method)(X, y)
    done.set()
    thread.join()
    assert answers
    assert all(np.array_equal(answer, before) for answer in answers)


class Asking:
    """A callback of scikit-learn that asks the model which is trained."""

    def __init__(self, ask):
        self.ask = ask
        self.answers = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.answers.append(self.ask(estimator))

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.answers.append(self.ask(estimator))


needs_callbacks = pytest.mark.skipif(not CALLBACK_FRAMES, reason="scikit-learn has callbacks from 1.9 on")


@needs_callbacks
def test_a_model_that_is_asked_by_a_callback_answers_as_the_old_one(task):
    model, X, y = fitted(task)
    before = list(model.predict(X[:5]))
    callback = Asking(lambda estimator: list(estimator.predict(X[:5])))
    model.set_params(max_iter=3, learning_rate_init=0.1).set_callbacks(callback).fit(X, y)
    assert len(callback.answers) == 1 + 2 * 3
    for answer in callback.answers:
        np.testing.assert_equal(answer, before)


@needs_callbacks
def test_a_model_is_not_fitted_while_its_first_fit_runs(task):
    estimator, X, y = task

    def ask(model):
        with pytest.raises(NotFittedError):
            model.predict(X[:2])
        return vars(model).keys() & {"theta_", "n_features_in_", "classes_", "x_mean_", "y_mean_"}

    callback = Asking(ask)
    estimator(**TINY).set_callbacks(callback).fit(X, y)
    assert callback.answers == [set()] * 5


@needs_callbacks
def test_a_model_that_is_fitted_on_other_features_keeps_its_own_until_the_end(ragged, labels):
    model = sr.GRUClassifier(**TINY).fit(ragged, labels)
    before = model.predict_proba(ragged[:5])
    callback = Asking(lambda estimator: estimator.predict_proba(ragged[:5]))
    wide = [np.hstack([x, x]) for x in ragged]
    model.set_callbacks(callback).fit(wide, labels)
    assert all(np.array_equal(answer, before) for answer in callback.answers)
    assert model.n_features_in_ == 4


class Refitting:
    """An X that fits the model again while it is parsed: what another thread may do."""

    def __init__(self, X, refit):
        self.X = X
        self.refit = refit

    def __array__(self, dtype=None, copy=None):
        if self.refit is not None:
            refit, self.refit = self.refit, None
            refit()
        return self.X


@pytest.mark.parametrize("method", ["predict_proba", "input_gradients", "hidden_states"])
def test_a_refit_in_the_midst_of_a_question_does_not_reach_its_answer(method):
    rng = np.random.default_rng(0)
    X, wide, y = rng.normal(size=(30, 6, 2)), rng.normal(size=(30, 5, 4)), np.arange(30) % 2
    model = sr.GRUClassifier(**TINY).fit(X, y)
    before = getattr(model, method)(X)
    again = getattr(model, method)(Refitting(X, lambda: model.fit(wide, y)))
    assert model.n_features_in_ == 4
    assert np.array_equal(again, before)


def test_a_stored_model_of_a_scorer_that_is_fitted_again_forgets_what_it_was_validated_on(ragged, labels):
    stored = []

    def scorer(model, X, y):
        stored.append((model, X))
        return len(stored)

    sr.LSTMClassifier(**TINY, early_stopping=True, scoring=scorer).fit(ragged, labels)
    model, X_val = stored[-1]
    model.set_params(scoring="loss", early_stopping=False).fit([100 * x + 50 for x in ragged], labels)
    other = pickle.loads(pickle.dumps(model))
    assert np.array_equal(model.predict_proba(X_val), other.predict_proba(X_val))


def test_a_model_whose_class_is_not_hashable_is_fitted(ragged, labels):
    class Equal(sr.GRUClassifier):
        def __eq__(self, other):
            return isinstance(other, Equal)

    first = Equal(**TINY).fit(ragged, labels)
    second = Equal(**TINY).set_params(random_state=1).fit(ragged, labels)
    assert not np.array_equal(first.predict_proba(ragged), second.predict_proba(ragged))


def test_a_fit_on_tokens_after_one_on_features_leaves_nothing_of_it(ragged, labels):
    model = sr.GRUClassifier(**TINY).fit(ragged, labels)
    model.set_params(embedding_dim=2).fit(tokens_of(ragged), labels)
    assert not {"x_mean_", "x_scale_"} & vars(model).keys()
    model.set_params(embedding_dim=None).fit(ragged, labels)
    assert "vocabulary_" not in vars(model)


def test_a_scorer_that_stores_the_model_has_the_weights_of_each_epoch(ragged, labels):
    stored = []
    told = []

    def scorer(model, X, y):
        stored.append(model)
        told.append(model.predict_proba(X))
        return -len(stored)  # the first epoch is the best

    model = sr.LSTMClassifier(**TINY, early_stopping=True, scoring=scorer, learning_rate_init=0.1)
    model.set_params(max_iter=4).fit(ragged, labels)
    assert not np.array_equal(told[0], told[-1])
    for epoch, now in zip(stored, told, strict=True):
        held_out = epoch._cached_input.X
        assert np.array_equal(epoch.predict_proba(held_out), now)
        assert not np.shares_memory(epoch.theta_, model.theta_)


# --- after a failure --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_training_that_is_interrupted_at_its_end_changes_nothing(method, task, monkeypatch):
    model, X, y = fitted(task)
    before = dict(vars(model))
    curve = model.loss_curve_.copy()

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(model), "_adopt", interrupt)
    with pytest.raises(KeyboardInterrupt):
        getattr(model, method)(X, y)
    monkeypatch.undo()
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    assert model.loss_curve_ == curve


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
def test_a_partial_fit_that_fails_in_its_second_batch_leaves_the_optimizer_as_it_was(solver, ragged, numbers):
    model = sr.GRURegressor(**TINY, solver=solver, batch_size=8, shuffle=False).partial_fit(ragged, numbers)
    before = copy.deepcopy(model._optimizer_states)
    curve = model.loss_curve_.copy()
    y = numbers.copy()
    y[20] = 1e308
    with pytest.raises(ValueError, match="diverged"):
        model.partial_fit(ragged, y)
    np.testing.assert_equal(model._optimizer_states, before)
    assert model.loss_curve_ == curve


# --- many calls of partial_fit ----------------------------------------------------------------------------------------


def test_partial_fit_appends_to_the_loss_curve_where_it_is(task):
    model, X, y = fitted(task)
    curve = model.loss_curve_
    model.partial_fit(X, y).partial_fit(X, y)
    assert model.loss_curve_ is curve
    assert len(curve) == model.n_iter_ == 4
    assert model.best_loss_ == min(curve)


def test_a_copy_has_a_loss_curve_of_its_own(task):
    model, X, y = fitted(task)
    copies = [copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    model.partial_fit(X, y)
    assert [len(other.loss_curve_) for other in copies] == [2, 2, 2]


# --- in a file --------------------------------------------------------------------------------------------------------


def parts_of(value):
    """All that is in a container, at any depth."""
    yield value
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from (*parts_of(key), *parts_of(entry))
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from parts_of(entry)


def test_a_stored_model_consists_of_arrays_and_builtins(task):
    model, X, _ = fitted(task)
    model.predict(X[:2])
    for name, value in model.__getstate__().items():
        for part in parts_of(value):
            assert type(part) in (*BUILTINS, dict, list, tuple, np.ndarray) or isinstance(part, np.generic), name


def test_a_model_answers_alike_after_it_was_stored(task):
    model, X, _ = fitted(task)
    stored = pickle.loads(pickle.dumps(model))
    np.testing.assert_equal(list(stored.predict(X)), list(model.predict(X)))
    np.testing.assert_equal(list(copy.copy(model).predict(X)), list(model.predict(X)))


# --- damage -----------------------------------------------------------------------------------------------------------


def without(array):
    return None


def one_longer(array):
    return np.append(array, array[:1])


def one_shorter(array):
    return array[:-1]


def not_finite(array):
    return np.full_like(array, np.nan)


def a_list(array):
    return array.tolist()


def damage(model, name, change):
    attributes = vars(model)
    changed = change(attributes[name])
    if changed is None:
        del attributes[name]
    else:
        attributes[name] = changed
    return model


NUMBERS = ["theta_", "x_mean_", "x_scale_", "y_mean_", "y_scale_"]
ARRAYS = [*NUMBERS, "classes_"]
CHANGES = [without, one_longer, one_shorter, a_list]


def damages():
    yield from ((name, change) for name in ARRAYS for change in CHANGES)
    yield from ((name, not_finite) for name in NUMBERS)


@pytest.mark.parametrize(("name", "change"), list(damages()), ids=lambda value: getattr(value, "__name__", value))
def test_a_damaged_array_is_refused_by_its_name(name, change, task):
    model, X, _ = fitted(task)
    if name not in vars(model):
        pytest.skip("another kind of estimator has this attribute")
    damaged = damage(copy.deepcopy(model), name, change)
    with pytest.raises(ValueError, match=rf"^{name}: expected .*, got .*damaged"):
        damaged.predict(X[:2])
    with pytest.raises(ValueError, match=rf"^{name}: expected"):
        pickle.loads(pickle.dumps(damaged))
    assert model.predict(X[:2]) is not None


@pytest.mark.parametrize("change", [*CHANGES, not_finite], ids=lambda change: change.__name__)
def test_a_damaged_vocabulary_is_refused_by_its_name(change, ragged, labels):
    X = tokens_of(ragged)
    model = sr.GRUClassifier(**TINY, embedding_dim=2).fit(X, labels)
    if change is not_finite:
        change = lambda array: array.astype(float)  # noqa: E731
    with pytest.raises(ValueError, match=r"^vocabulary_: expected .*, got .*damaged"):
        damage(model, "vocabulary_", change).predict(X)


PRIVATE = ["_network_arguments", "_input_options", "_loss", "_padded", "_fitted_on_sequences", "n_features_in_"]


@pytest.mark.parametrize("name", PRIVATE)
def test_a_model_that_was_copied_in_part_is_refused(name, task):
    model, X, _ = fitted(task)
    state = model.__getstate__()
    del state[name]
    with pytest.raises(ValueError, match=f"{name}.*damaged"):
        type(model)().__setstate__(state)
    part = type(model)()
    vars(part).update(state)
    with pytest.raises(ValueError, match=f"{name}.*damaged"):
        part.predict(X[:2])


def test_an_array_is_checked_once(ragged, labels, monkeypatch):
    model = sr.GRUClassifier(**TINY).fit(ragged, labels)
    checked = []
    finite = np.isfinite
    monkeypatch.setattr(np, "isfinite", lambda a, *rest, **more: checked.append(a is theta) or finite(a, *rest, **more))
    theta = model.theta_ = model.theta_.copy()
    for _ in range(3):
        model.predict(ragged)
    assert sum(checked) == 1


def test_other_weights_may_take_the_place_of_the_fitted_ones(task):
    model, X, _ = fitted(task)
    other = fitted(task, random_state=1)[0]
    model.theta_ = other.theta_.copy()
    np.testing.assert_equal(list(model.predict(X)), list(other.predict(X)))
    model.weights_["head/V"][...] = 0  # these are views
    assert not np.array_equal(model.theta_, other.theta_)


def test_a_model_that_was_never_fitted_says_so(task):
    estimator, X, _ = task
    with pytest.raises(NotFittedError):
        estimator().predict(X)
    with pytest.raises(NotFittedError):
        _ = estimator().weights_


# --- weights and groups -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_group_all_of_weight_0_is_as_if_it_were_not_there(early_stopping, task):
    estimator, X, y = task
    groups = np.repeat(np.arange(len(X) // 4), 4)
    weight = np.where(groups == 3, 0.0, 1.0)
    rows = np.flatnonzero(weight)
    make = lambda: estimator(**TINY, early_stopping=early_stopping, batch_size=8)  # noqa: E731
    whole = make().fit(X, y, sample_weight=weight, groups=groups)
    part = make().fit([X[j] for j in rows], [y[j] for j in rows], groups=groups[rows])
    assert np.array_equal(whole.theta_, part.theta_)


# --- streams ----------------------------------------------------------------------------------------------------------


def test_a_stream_goes_on_with_the_weights_of_a_later_fit(ragged, numbers):
    model = sr.GRURegressor(**TINY, pooling="last").fit(ragged, numbers)
    _, state = model.step(ragged[0][:1], model.initial_state())
    model.set_params(random_state=1).fit(ragged, numbers)
    output, _ = model.step(ragged[0][1:2], state)
    expected = model.predict([ragged[0][1:2]], initial_state=state)
    np.testing.assert_allclose(output, expected, rtol=1e-12)


@pytest.mark.parametrize("several", [False, True], ids=["one output", "several"])
@pytest.mark.parametrize("estimator", [sr.LSTMClassifier, sr.GRURegressor])
def test_a_tick_at_which_no_stream_has_a_step_gives_no_output(estimator, several, ragged, labels, three_labels):
    y = {
        (sr.LSTMClassifier, False): labels,
        (sr.LSTMClassifier, True): three_labels,
        (sr.GRURegressor, False): np.arange(len(ragged)),
        (sr.GRURegressor, True): np.arange(2.0 * len(ragged)).reshape(-1, 2),
    }[estimator, several]
    model = estimator(**TINY).fit(ragged, y)
    state = model.initial_state(3)
    here = np.array([], dtype=int)
    methods = ["predict", "predict_proba", "predict_log_proba", "decision_function"]
    for method in methods if hasattr(model, "classes_") else methods[:1]:
        out, after = model.step(np.zeros((3, 2))[here], state[here], method=method)
        assert out.shape == (0, *getattr(model, method)(ragged).shape[1:])
        assert len(after) == 0


def test_a_tick_at_which_no_stream_has_a_token_gives_no_output(ragged, labels):
    model = sr.GRUClassifier(**TINY, embedding_dim=2).fit(tokens_of(ragged), labels)
    out, after = model.step(np.zeros(0, dtype=int), model.initial_state(2)[[]])
    assert len(out) == len(after) == 0


def test_quantiles_of_no_stream_have_their_axis(ragged, numbers):
    model = sr.GRURegressor(**TINY, loss="quantile", quantile=(0.1, 0.9)).fit(ragged, numbers)
    out, _ = model.step(np.zeros((0, 2)), model.initial_state(2)[[]])
    assert out.shape == (0, 2)
