"""Every parameter does what its documentation says: network, scaling, solvers, weights, the reading of X."""

import pickle
import re
from types import SimpleNamespace

import numpy as np
import pytest
from checks import same_bits
from oracle import RETENTION
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import TimeSeriesSplit
from sklearn.utils.class_weight import compute_class_weight

from sklearn_recurrent import LSTMClassifier, RNNClassifier, RNNRegressor, Seq2SeqClassifier, Seq2SeqRegressor
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.optimizers import OPTIMIZERS
from sklearn_recurrent._estimators import callbacks

TINY = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0}
STEADY = {"learning_rate": "constant", "tol": 0, "n_iter_no_change": 1000}  # always to max_iter
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


# --- all of them ------------------------------------------------------------------------------------------------------

OVERSHOOTING = {"early_stopping": True, "validation_fraction": 0.5, "learning_rate_init": 0.1, "max_iter": 10}
SGD = {"solver": "sgd", "learning_rate_init": 0.1}
EFFECTS = {  # where it matters, a value and another
    "hidden_layer_sizes": ({}, 4, (4, 4)),
    "activation": ({}, "tanh", "logistic"),
    "bidirectional": ({}, True, False),
    "pooling": ({}, "last", "attention"),
    "dropout": ({}, 0.0, 0.2),
    "recurrent_dropout": ({}, 0.0, 0.2),
    "forget_bias": ({"cell": "lstm"}, 1.0, "chrono"),
    "bptt_steps": ({}, None, 2),
    "standardize": ({}, True, False),
    "solver": ({}, "adam", "sgd"),
    "alpha": ({}, 0.0, 1.0),
    "weight_decay": ({}, 0.0, 0.1),
    "max_grad_norm": (SGD, None, 0.01),
    "batch_size": ({}, 32, 16),
    "learning_rate": ({}, "cosine", "constant"),
    "learning_rate_init": ({}, 0.01, 0.02),
    "warmup_steps": ({}, 0, 3),
    "power_t": ({"learning_rate": "invscaling"}, 0.5, 0.6),
    "max_iter": ({}, 4, 5),
    "max_fun": ({"solver": "lbfgs", "max_iter": 50}, 5, 50),
    "shuffle": ({}, True, False),
    "random_state": ({}, 0, 1),
    "dtype": ({}, None, "float32"),
    "tol": ({"learning_rate": "constant", "n_iter_no_change": 1, "max_iter": 20}, 0, 1e6),
    "n_iter_no_change": ({"learning_rate": "constant", "tol": 1e6, "max_iter": 20}, 1, 2),
    "early_stopping": ({}, True, False),
    "validation_fraction": ({"early_stopping": True}, 0.1, 0.5),
    "validation_split": ({"early_stopping": True}, None, TimeSeriesSplit(3)),
    "scoring": (OVERSHOOTING, "loss", "accuracy"),
    "beta_1": ({}, 0.9, 0.5),
    "beta_2": ({}, 0.999, 0.9),
    "epsilon": ({}, 1e-8, 1e-2),
    "rho": ({"solver": "rmsprop"}, 0.9, 0.5),
    "momentum": (SGD, 0.9, 0.5),
    "nesterovs_momentum": (SGD, True, False),
    "cell": ({}, "elman", "gru"),
    "class_weight": ({}, None, {"low": 3, "high": 1}),
    "label_smoothing": ({}, 0.0, 0.1),
}


OF_X = {"embedding_dim", "categorical_features", "embedding_init", "embedding_trainable", "pad_token", "pad_value"}


def test_every_parameter_that_shapes_the_model_is_listed_here():
    elsewhere = {"warm_start", "missing", "input_size", "verbose", "n_jobs"}
    elsewhere |= {"return_sequences"} | OF_X  # they say what X and y are
    assert set(EFFECTS) == set(RNNClassifier().get_params()) - elsewhere


@pytest.mark.parametrize("name", EFFECTS)
def test_a_parameter_changes_the_model(name, ragged, labels):
    base, *values = EFFECTS[name]
    models = [RNNClassifier(**TINY | base | {name: value}).fit(ragged, labels) for value in values]
    assert not same_bits(*models)


REGRESSING = {
    "loss": ({}, "squared_error", "absolute_error"),
    "quantile": ({"loss": "quantile"}, 0.5, 0.9),
    "huber_delta": ({"loss": "huber"}, 1.35, 0.1),
}


def test_every_parameter_that_shapes_a_regressor_is_listed_here():
    shared = set(RNNClassifier().get_params()) - {"class_weight", "label_smoothing"}
    assert set(REGRESSING) == set(RNNRegressor().get_params()) - shared


@pytest.mark.parametrize("name", REGRESSING)
def test_a_parameter_changes_the_regressor(name, ragged, numbers):
    base, *values = REGRESSING[name]
    models = [RNNRegressor(**TINY | base | {name: value}).fit(ragged, numbers) for value in values]
    assert not same_bits(*models)


WRITING = {name: entry for name, entry in EFFECTS.items() if name != "pooling"} | {
    "attention": ({}, "additive", "dot"),
    "teacher_forcing": ({}, 1.0, 0.5),
    "scoring": (OVERSHOOTING, "loss", None),
}
WRITING_NUMBERS = {
    "future_features": ({}, [0], [1]),
    "loss": ({}, "squared_error", "absolute_error"),
    "quantile": ({"loss": "quantile"}, 0.5, 0.9),
    "huber_delta": ({"loss": "huber"}, 1.35, 0.1),
}


def test_every_parameter_that_shapes_what_is_written_is_listed_here():
    elsewhere = {"warm_start", "missing", "input_size", "verbose", "n_jobs"} | OF_X
    after_fit = {"max_length", "beam_width", "length_penalty"}
    assert set(WRITING) == set(Seq2SeqClassifier().get_params()) - elsewhere - after_fit
    shared = set(WRITING) - {"class_weight", "label_smoothing"}
    assert shared | set(WRITING_NUMBERS) == set(Seq2SeqRegressor().get_params()) - elsewhere


@pytest.mark.parametrize("name", WRITING)
def test_a_parameter_changes_the_model_that_writes(name, ragged):
    base, *values = WRITING[name]
    X = [x[:4] for x in ragged]
    y = [np.where(x[:2, 0] > 0, "high", "low") for x in X]
    models = [Seq2SeqClassifier(**TINY | base | {name: value}).fit(X, y) for value in values]
    assert not same_bits(*models)


@pytest.mark.parametrize("name", WRITING_NUMBERS)
def test_a_parameter_changes_the_model_that_writes_numbers(name, ragged):
    base, *values = WRITING_NUMBERS[name]
    y = [x[:2, 0] for x in ragged]
    models = [Seq2SeqRegressor(**TINY | base | {name: value}).fit(ragged, y) for value in values]
    assert not same_bits(*models)


def test_a_change_of_parameters_after_fit_changes_no_prediction(ragged, labels):
    model = RNNClassifier(**TINY).fit(ragged, labels)
    expected = model.predict_proba(ragged)
    model.set_params(**{name: values[1] for name, (_, *values) in EFFECTS.items()})
    assert np.array_equal(model.predict_proba(ragged), expected)


@pytest.mark.parametrize("name", REGRESSING)
def test_a_change_of_parameters_after_fit_changes_no_predicted_number(name, ragged, numbers):
    base, before, after = REGRESSING[name]
    model = RNNRegressor(**TINY | base | {name: before}).fit(ragged, numbers)
    expected = model.predict(ragged)
    assert np.array_equal(model.set_params(**{name: after}).predict(ragged), expected)


def test_a_change_of_input_size_after_fit_changes_no_prediction(labels):
    flat = np.random.default_rng(0).normal(size=(len(labels), 6))
    model = RNNClassifier(**TINY, input_size=2).fit(flat, labels)
    expected = model.predict_proba(flat)
    assert np.array_equal(model.set_params(input_size=None).predict_proba(flat), expected)


# --- the network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "layers"),
    [(3, 1), ((3,), 1), (np.int64(3), 1), ([3, 2], 2), (np.array([3, 2]), 2), ((3, 2, 4), 3)],
    ids=str,
)
def test_hidden_layer_sizes_are_the_units_of_each_layer(sizes, layers, ragged, labels):
    model = RNNClassifier(sizes, max_iter=2, random_state=0).fit(ragged, labels)
    units = np.atleast_1d(sizes)
    assert model.n_layers_ == layers + 1
    for k in range(layers):
        below = 2 if k == 0 else 2 * units[k - 1]
        assert model.weights_[f"layer_{k}/backward/W"].shape == (units[k], below + 1 + units[k])


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(
    "pooling", ["last", "mean", "max", ("max", "last"), ["mean"], ("last", "mean", "max"), np.array(["max", "mean"])]
)
def test_pooling_gives_the_head_one_vector_for_each_kind_and_direction(pooling, bidirectional, ragged, labels):
    model = RNNClassifier(**TINY, pooling=pooling, bidirectional=bidirectional).fit(ragged, labels)
    assert model.weights_["head/V"].shape == (1, 4 * np.size(pooling) * (1 + bidirectional) + 1)


def test_auto_is_one_direction_where_each_step_has_a_target_and_two_elsewhere(estimator, data):
    X, y = data
    steps = [np.repeat(target, len(x)) for x, target in zip(X, y, strict=True)]
    for return_sequences, targets in ((False, y), (True, steps)):
        auto, known = (
            estimator(**TINY, return_sequences=return_sequences, bidirectional=value).fit(X, targets)
            for value in ("auto", not return_sequences)
        )
        assert estimator().bidirectional == "auto"
        assert auto.bidirectional_ is known.bidirectional_ is (not return_sequences)
        assert same_bits(auto, known)
        other = estimator(**TINY, return_sequences=return_sequences, bidirectional=return_sequences).fit(X, targets)
        assert other.bidirectional_ is return_sequences
        assert other.theta_.size != auto.theta_.size


@pytest.mark.parametrize("cls", [Seq2SeqClassifier, Seq2SeqRegressor])
def test_auto_is_two_directions_of_an_encoder(cls, ragged):
    y = [["a", "b"]] * 40 if cls is Seq2SeqClassifier else np.arange(80.0).reshape(40, 2)
    auto, known, one = (cls(**TINY, bidirectional=value).fit(ragged, y) for value in ("auto", True, False))
    assert same_bits(auto, known)
    assert auto.bidirectional_ is known.bidirectional_ is True
    assert one.bidirectional_ is False


@pytest.mark.parametrize("value", [np.True_, np.False_, True, False, "auto"])
def test_what_is_stored_of_directions_is_a_bool(value, ragged, labels):
    model = RNNClassifier(**TINY, bidirectional=value).fit(ragged, labels)
    assert type(model.bidirectional_) is bool
    assert type(pickle.loads(pickle.dumps(model))._network_arguments["bidirectional"]) is bool


def test_with_auto_a_network_can_stream_before_and_after_fit_where_each_step_has_a_target(ragged, labels):
    steps = [np.repeat(label, len(x)) for x, label in zip(ragged, labels, strict=True)]
    model = RNNClassifier(**TINY, return_sequences=True)
    assert hasattr(model, "step")
    model.fit(ragged, steps)
    assert hasattr(model.set_params(return_sequences=False), "step")
    assert not hasattr(clone(model), "step")


def test_a_warm_start_goes_on_with_auto_as_with_the_directions_that_it_means(ragged, labels):
    steps = [np.repeat(label, len(x)) for x, label in zip(ragged, labels, strict=True)]
    model = RNNClassifier(**TINY, warm_start=True).fit(ragged, labels)
    model.set_params(bidirectional=True).fit(ragged, labels)
    with pytest.raises(ValueError, match="since bidirectional_ changed from True to False"):
        model.set_params(bidirectional=False).fit(ragged, labels)
    with pytest.raises(ValueError, match="return_sequences changed from False to True"):
        model.set_params(bidirectional="auto", return_sequences=True).fit(ragged, steps)


def test_a_single_pooling_is_a_tuple_of_one(ragged, labels):
    assert same_bits(*(RNNClassifier(**TINY, pooling=p).fit(ragged, labels) for p in ("max", ("max",))))


def test_at_a_single_time_step_all_poolings_are_one(labels):
    X = np.random.default_rng(0).normal(size=(40, 1))
    models = [RNNClassifier(**TINY, pooling=kind).fit(X, labels) for kind in ("last", "mean", "max")]
    for model in models[1:]:
        np.testing.assert_allclose(model.decision_function(X), models[0].decision_function(X), rtol=1e-9)


def test_a_bidirectional_net_with_its_directions_exchanged_reads_backwards(ragged, numbers):
    model = RNNRegressor((4, 3), max_iter=4, cell="lstm", random_state=0).fit(ragged, numbers)
    mirror = RNNRegressor((4, 3), max_iter=4, cell="lstm", random_state=0).fit(ragged, numbers)
    for name, w in model.weights_.items():
        if "forward" in name:
            other = name.replace("forward", "backward")
            mirror.weights_[name][...], mirror.weights_[other][...] = model.weights_[other], w
    swap = mirror.weights_["head/V"]
    half = (swap.shape[1] - 1) // 2
    swap[:, : 2 * half] = np.roll(swap[:, : 2 * half], half, axis=1)
    layout = mirror.weights_["layer_1/forward/W"]  # reads [forward; backward] of the layer below
    assert layout.shape == (3 * 4, 8 + 1 + 3)
    for direction in ("forward", "backward"):
        w = mirror.weights_[f"layer_1/{direction}/W"]
        w[:, :8] = np.roll(w[:, :8], 4, axis=1)
    np.testing.assert_allclose(mirror.predict([x[::-1] for x in ragged]), model.predict(ragged), rtol=1e-12)
    assert not np.allclose(model.predict([x[::-1] for x in ragged]), model.predict(ragged))


def test_weights_are_named_views_of_theta(estimator, data):
    model = estimator(**TINY).fit(*data)
    assert all(np.shares_memory(w, model.theta_) for w in model.weights_.values())
    assert np.array_equal(np.concatenate([w.ravel() for w in model.weights_.values()]), model.theta_)
    assert {name.split("/")[0] for name in model.weights_} == {"layer_0", "head"}


FROZEN = {"hidden_layer_sizes": 6, "max_iter": 1, "solver": "sgd", "learning_rate_init": 1e-300, "random_state": 0}


def biases(model, gate):
    """The biases of a gate, in both directions."""
    cell = CELLS[model.cell](2, 6)
    values = []
    for part in cell.parts:
        if gate in part.gates:
            at, column = list(part.gates).index(gate), cell.columns(part)["1"]
            for direction in ("forward", "backward"):
                w = model.weights_[f"layer_0/{direction}/{part.name}"]
                values.append(w[6 * at : 6 * at + 6, column].ravel())
    return np.concatenate(values).round(12)  # the least of rates moves them by 1e-300


@pytest.mark.parametrize("cell", CELLS)
def test_forget_bias_is_the_initial_bias_of_the_gate_that_keeps_the_state_and_of_no_other(cell, ragged, labels):
    gates = {gate for part in CELLS[cell](2, 6).parts for gate in part.gates}
    for bias in (0.0, 1.0, -2.5):
        model = RNNClassifier(**FROZEN, cell=cell, forget_bias=bias).fit(ragged, labels)
        for gate in gates:
            kept, sign = RETENTION.get(cell, ("", 0))
            assert (biases(model, gate) == (sign * bias if gate == kept else 0)).all()
    if cell not in RETENTION:
        settings = {"forget_bias": "chrono"}
        assert same_bits(model, RNNClassifier(**FROZEN, cell=cell, **settings).fit(ragged, labels))


def test_the_usual_forget_bias_is_1_for_the_LSTM_family_and_0_for_the_GRU_family(ragged, labels):
    for cell, (gate, sign) in RETENTION.items():
        model = RNNClassifier(**FROZEN, cell=cell).fit(ragged, labels)
        assert (biases(model, gate) == (sign if cell.startswith("lstm") else 0)).all()


@pytest.mark.parametrize("cell", RETENTION)
def test_chrono_draws_memories_of_up_to_the_longest_sequence(cell, ragged, labels):
    gate, sign = RETENTION[cell]
    settings = FROZEN | {"cell": cell, "forget_bias": "chrono"}
    drawn = sign * biases(RNNClassifier(**settings).fit(ragged, labels), gate)
    assert (drawn >= 0).all()
    assert (drawn <= np.log(max(map(len, ragged)) - 1) + 1e-9).all()
    assert len(set(drawn)) == 12
    long = [np.vstack([x] * 50) for x in ragged]
    assert (sign * biases(RNNClassifier(**settings).fit(long, labels), gate)).max() > np.log(9)
    short = [x[:1] for x in ragged]
    assert not biases(RNNClassifier(**settings).fit(short, labels), gate).any()
    if cell == "lstm":  # what is let in is as little as is kept long
        model = RNNClassifier(**settings).fit(ragged, labels)
        assert np.array_equal(biases(model, "i"), -biases(model, "f"))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("settings", [{}, {"hidden_layer_sizes": (4, 3)}, {"return_sequences": True}], ids=str)
@pytest.mark.each_choice
def test_gradients_cut_no_earlier_than_the_longest_sequence_are_exact(cell, settings, ragged, labels):
    y = [x[:, 0] > 0 for x in ragged] if settings.get("return_sequences") else labels
    settings = TINY | settings | {"max_iter": 2}
    exact = RNNClassifier(**settings, cell=cell).fit(ragged, y)
    for k in (max(map(len, ragged)), 1000):
        assert same_bits(RNNClassifier(**settings, cell=cell, bptt_steps=k).fit(ragged, y), exact)
    cut = [RNNClassifier(**settings, cell=cell, bptt_steps=k).fit(ragged, y) for k in (1, 2, 5)]
    assert len({model.theta_.tobytes() for model in (exact, *cut)}) == 4


def test_the_state_is_carried_across_a_cut():
    """A prediction, and the loss of the first step of training, are those of exact gradients."""
    rng = np.random.default_rng(0)
    X, y = [rng.normal(size=(12, 2)) for _ in range(40)], rng.normal(size=40)
    exact, cut = (RNNRegressor(**FROZEN, bptt_steps=k).fit(X, y) for k in (None, 2))
    assert exact.loss_ == cut.loss_
    assert np.array_equal(exact.predict(X), cut.predict(X))


def test_cut_gradients_learn_what_is_near_and_not_what_is_far():
    rng = np.random.default_rng(0)
    X = [rng.choice([-1.0, 1.0], size=20) for _ in range(120)]
    scores = {}
    for lag in (1, 8):
        y = [np.concatenate([np.zeros(lag), x[:-lag]]) for x in X]
        for k in (None, 4):
            model = RNNRegressor(16, cell="lstm", bidirectional=False, return_sequences=True, max_iter=100)
            model.set_params(random_state=0, learning_rate_init=0.03, bptt_steps=k)
            scores[lag, k] = model.fit(X[:80], y[:80]).score(X[80:], y[80:])
    assert scores[1, None] > 0.95
    assert scores[1, 4] > 0.95
    assert scores[8, None] > 0.3
    assert scores[8, 4] < 0.15


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.each_choice
def test_cut_gradients_go_with_every_solver(estimator, data, solver):
    X, y = data
    rate = {"adam": 0.03, "sgd": 0.1, "lbfgs": 0.01}[solver]
    model = estimator(8, max_iter=20, batch_size=8, solver=solver, bptt_steps=3, random_state=0)
    model.set_params(learning_rate_init=rate)
    if solver == "lbfgs":  # the gradient is not quite that of the loss: the line search may give up early
        assert np.isfinite(model.fit(X, y).theta_).all()
    else:
        assert model.fit(X, y).score(X, y) > 0.7


# --- scaling ----------------------------------------------------------------------------------------------------------


def test_standardize_is_a_fit_to_standardized_steps(estimator, data):
    X, y = [100 + 20 * x for x in data[0]], data[1]
    weight = np.arange(len(X)) % 3 + 1.0
    steps, w = np.concatenate(X), np.repeat(weight, [len(x) for x in X])
    mean = np.average(steps, axis=0, weights=w)
    scale = np.sqrt(np.average((steps - mean) ** 2, axis=0, weights=w))
    model = estimator(**TINY, batch_size=40).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(model.x_mean_, mean)
    np.testing.assert_allclose(model.x_scale_, scale)
    scaled = [(x - mean) / scale for x in X]
    by_hand = estimator(**TINY, batch_size=40, standardize=False).fit(scaled, y, sample_weight=weight)
    np.testing.assert_allclose(model.theta_, by_hand.theta_, rtol=1e-6, atol=1e-9)
    assert by_hand.x_mean_.tolist() == [0, 0]
    assert by_hand.x_scale_.tolist() == [1, 1]


def test_a_constant_feature_is_no_division_by_zero(estimator, data):
    X, y = [np.c_[x, np.full(len(x), 0.1)] for x in data[0]], data[1]
    model = estimator(**TINY).fit(X, y)
    assert model.x_scale_[2] == 1
    assert np.isfinite(model.theta_).all()
    np.testing.assert_allclose(model.x_scale_[:2], np.concatenate(X).std(axis=0)[:2])


# --- solvers and their rates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [{"learning_rate_init": 0.03}, {"solver": "sgd", "learning_rate_init": 0.1}, {"solver": "lbfgs"}],
    ids=str,
)
@pytest.mark.each_choice
def test_every_solver_learns(estimator, data, settings):
    X, y = data
    model = estimator(hidden_layer_sizes=8, max_iter=20, batch_size=8, random_state=0, **settings).fit(X, y)
    assert model.loss_ == model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]
    assert model.score(X, y) > 0.8
    assert model.n_iter_ == len(model.loss_curve_)
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.t_ == model.n_iter_ * len(X)


@pytest.fixture
def rates(monkeypatch):
    """The learning rates of all steps, as they happen."""
    seen = []
    for cls in OPTIMIZERS.values():

        def step(self, theta, grad, rate, where=None, original=cls.step):
            seen.append(rate)
            original(self, theta, grad, rate, where)

        monkeypatch.setattr(cls, "step", step)
    return seen


def test_the_constant_rate_is_constant(estimator, data, rates):
    estimator(**TINY | STEADY, batch_size=10).fit(*data)
    assert rates == [5e-3] * 16


def test_the_cosine_rate_falls_to_nothing_at_max_iter(estimator, data, rates):
    estimator(**TINY, batch_size=10, learning_rate_init=0.1).fit(*data)
    np.testing.assert_allclose(rates, 0.05 * (1 + np.cos(np.pi * np.arange(16) / 16)))


def test_the_rate_by_inverse_scaling_falls_with_the_sequences_seen(estimator, data, rates):
    model = estimator(**TINY | STEADY | {"learning_rate": "invscaling", "max_iter": 2}, batch_size=20, power_t=0.7)
    expected = 5e-3 / (np.array([0, 0, 40, 40, 80, 80, 120, 120]) + 1) ** 0.7
    model.fit(*data)
    np.testing.assert_allclose(rates, expected[:4])
    model.set_params(warm_start=True, max_iter=1).fit(*data)
    model.partial_fit(*data)
    np.testing.assert_allclose(rates, expected)


def test_the_adaptive_rate_is_divided_by_5_at_each_stall(estimator, data, rates):
    settings = {"learning_rate": "adaptive", "tol": 1e6, "n_iter_no_change": 2, "max_iter": 100}
    model = estimator(**TINY | settings, learning_rate_init=1e-4, batch_size=40).fit(*data)
    levels = 1e-4 / 5.0 ** np.arange(4)  # it ends where the rate is below 1e-6
    np.testing.assert_allclose(sorted(set(rates), reverse=True), levels)
    assert model.n_iter_ == len(rates) < 100


def test_partial_fit_goes_at_the_initial_rate_where_fit_follows_the_cosine(estimator, data, rates):
    estimator(**TINY, batch_size=40).partial_fit(*data).partial_fit(*data)
    assert rates == [5e-3] * 2


def test_a_step_of_sgd_is_the_clipped_gradient_times_the_rate(estimator, data):
    settings = TINY | {"solver": "sgd", "max_iter": 1, "batch_size": 40, "learning_rate_init": 0.1}
    start = estimator(**settings | {"learning_rate_init": 1e-300}).fit(*data).theta_
    free = estimator(**settings, momentum=0.0, max_grad_norm=None).fit(*data).theta_ - start
    clipped = estimator(**settings, momentum=0.0, max_grad_norm=1e-3).fit(*data).theta_ - start
    assert np.linalg.norm(free) > 1e-3
    np.testing.assert_allclose(np.linalg.norm(clipped), 0.1 * 1e-3)
    np.testing.assert_allclose(clipped / np.linalg.norm(clipped), free / np.linalg.norm(free), atol=1e-9)
    nesterov = estimator(**settings, momentum=0.9, max_grad_norm=None).fit(*data).theta_ - start
    np.testing.assert_allclose(nesterov, 1.9 * free, atol=1e-12)
    classic = estimator(**settings, momentum=0.9, nesterovs_momentum=False, max_grad_norm=None).fit(*data)
    np.testing.assert_allclose(classic.theta_ - start, free, atol=1e-12)


def test_lbfgs_evaluates_the_loss_no_more_often_than_it_may(ragged, labels, monkeypatch):
    evaluations, evaluate = [], Objective.__call__

    def counted(self, theta, rows, key=None):
        evaluations.append(len(rows))
        return evaluate(self, theta, rows, key)

    monkeypatch.setattr(Objective, "__call__", counted)
    with pytest.warns(ConvergenceWarning):
        RNNClassifier(4, solver="lbfgs", max_fun=10, random_state=0).fit(ragged, labels)
    assert set(evaluations) == {40}  # the whole training set at once
    assert 10 <= len(evaluations) <= 30  # it ends the line search that it is in


def test_batch_size_auto_is_200_or_all(estimator, data):
    X, y = data
    assert same_bits(*(estimator(**TINY, batch_size=size).fit(X, y) for size in ("auto", 1000)))
    many = [x + 0.01 * j for j in range(8) for x in X]
    y = np.tile(y, 8)
    assert same_bits(*(estimator(**TINY, batch_size=size).fit(many, y) for size in ("auto", 200)))


def test_the_onecycle_rate_rises_and_falls_to_nothing(estimator, data, rates):
    estimator(**TINY | {"max_iter": 5}, batch_size=10, learning_rate="onecycle", learning_rate_init=0.1).fit(*data)
    assert rates[0] == pytest.approx(0.1 / 25)
    assert max(rates) == rates[6] == 0.1
    assert rates[:7] == sorted(rates[:7])
    assert rates[6:] == sorted(rates[6:], reverse=True)
    assert 0 < rates[-1] < 0.003


def test_a_warm_up_counts_the_steps_of_all_calls(estimator, data, rates):
    settings = TINY | STEADY | {"max_iter": 1, "learning_rate_init": 0.1, "warmup_steps": 10, "batch_size": 10}
    estimator(**settings, warm_start=True).fit(*data).partial_fit(*data).fit(*data)
    np.testing.assert_allclose(rates, 0.1 * np.minimum(1, np.arange(1, 13) / 10))


def test_weight_decay_shrinks_weights_but_not_biases_by_its_part_of_a_step(estimator, data):
    settings = TINY | {"solver": "sgd", "max_iter": 1, "batch_size": 40, "momentum": 0.0, "learning_rate_init": 0.1}
    start = estimator(**settings | {"learning_rate_init": 1e-300}).fit(*data).theta_
    plain, decayed = (estimator(**settings, weight_decay=decay).fit(*data) for decay in (0.0, 0.5))
    weights = plain._fitted_state().network.penalized()
    assert 0 < weights.mean() < 1
    np.testing.assert_allclose(decayed.theta_ - plain.theta_, -0.1 * 0.5 * weights * start, atol=1e-12)


def test_alpha_shrinks_weights_but_not_biases(ragged, numbers):
    models = [RNNRegressor(**TINY | {"max_iter": 50}, alpha=alpha).fit(ragged, 5 + numbers) for alpha in (0, 10, 1e4)]
    norms = [np.linalg.norm(np.concatenate([w[:, :2].ravel() for w in m.weights_.values()])) for m in models]
    assert norms[0] > norms[1] > norms[2]
    assert np.ptp(models[2].predict(ragged)) < 0.2 * np.ptp(models[0].predict(ragged))
    np.testing.assert_allclose(models[2].predict(ragged).mean(), numbers.mean() + 5, rtol=0.01)


@pytest.mark.parametrize("alpha", [1e6, 1e9])
def test_a_strong_penalty_is_no_divergence(estimator, data, alpha):
    model = estimator(**TINY | {"max_iter": 10}, alpha=alpha).fit(*data)
    assert model.loss_curve_[-1] < model.loss_curve_[0]


# --- classes and weights ----------------------------------------------------------------------------------------------


def test_class_weights_are_sample_weights(classifier, ragged, three_labels):
    by_class = {"a": 2.0, "b": 0.5, "c": 3.0}
    weight = np.array([by_class[label] for label in three_labels])
    settings = TINY | {"standardize": False, "alpha": 0.0}  # sample weights count in mean, variance and penalty, too
    expected = classifier(**settings).fit(ragged, three_labels, sample_weight=weight)
    assert same_bits(classifier(**settings, class_weight=by_class).fit(ragged, three_labels), expected)
    halved = classifier(**settings, class_weight={"b": 0.25, "c": 1.5})  # of a class that is not named it is 1
    assert same_bits(halved.fit(ragged, three_labels), expected)
    twice = classifier(**settings, class_weight=by_class).fit(ragged, three_labels, sample_weight=weight)
    assert same_bits(twice, classifier(**settings).fit(ragged, three_labels, sample_weight=weight**2))


def test_balanced_classes_have_the_same_total(classifier, ragged, labels):
    y = np.where(np.arange(40) < 30, "many", "few")
    classes = np.array(["few", "many"])
    by_class = dict(zip(classes, compute_class_weight("balanced", classes=classes, y=y), strict=True))
    balanced = classifier(**TINY, class_weight="balanced").fit(ragged, y)
    by_hand = classifier(**TINY, class_weight=by_class).fit(ragged, y)
    np.testing.assert_allclose(balanced.theta_, by_hand.theta_, rtol=1e-9)
    plain = classifier(**TINY).fit(ragged, y)
    assert balanced.predict_proba(ragged)[:, 0].mean() > plain.predict_proba(ragged)[:, 0].mean()


def test_a_class_weight_of_0_takes_a_class_out_of_the_loss(ragged, labels):
    model = RNNClassifier(8, max_iter=100, class_weight={"low": 0, "high": 1}, random_state=0).fit(ragged, labels)
    assert (model.predict(ragged) == "high").all()
    assert model.classes_.tolist() == ["high", "low"]


# --- the rest ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
def test_verbose_prints_a_line_for_each_epoch_and_nothing_else_prints(estimator, data, settings, capsys):
    model = estimator(**TINY, **settings).fit(*data)
    model.predict(data[0])
    assert capsys.readouterr() == ("", "")
    model.set_params(verbose=True).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    assert lines[0].startswith(f"[{estimator.__name__}] epoch 1, loss {model.loss_curve_[0]:.6f}")
    times = r"(, validation score -?\d+\.\d{4})?, \d+\.\d s, at most \d+\.\d s left"
    assert all(re.fullmatch(r"\[\w+\] epoch \d+, loss \d\.\d{6}" + times, line) for line in lines)
    assert lines[-1].endswith("at most 0.0 s left")
    assert all(("validation score" in line) == ("early_stopping" in settings) for line in lines)


def test_a_line_of_verbose_tells_loss_score_time_and_time_left(ragged, labels, monkeypatch, capsys):
    model = RNNClassifier(**TINY, early_stopping=True, warm_start=True, verbose=True)
    for before in (0, 4):
        clock = SimpleNamespace(perf_counter=iter([100, 103, 108, 112, 120]).__next__)
        monkeypatch.setattr(callbacks, "time", clock)
        model.fit(ragged, labels)
        times = ["3.0 s, at most 9.0", "8.0 s, at most 8.0", "12.0 s, at most 4.0", "20.0 s, at most 0.0"]
        assert capsys.readouterr().out.splitlines() == [
            f"[RNNClassifier] epoch {k + 1}, loss {model.loss_curve_[k]:.6f}, "
            f"validation score {model.validation_scores_[k]:.4f}, {time} s left"
            for k, time in enumerate(times, start=before)
        ]


def test_a_missing_step_is_passed_over(estimator, data, cube):
    X, y = data
    holes = [np.insert(x, [1, 2], [[np.nan, np.nan], [np.nan, 7.0]], axis=0) for x in X]
    complete = estimator(**TINY).fit(X, y)
    model = estimator(**TINY, missing="skip").fit(holes, y)
    assert same_bits(model, complete)
    assert np.array_equal(model.predict(holes), complete.predict(X))
    assert np.array_equal(model.predict(cube(holes, before=2)), complete.predict(X))
    holes[5][:] = np.nan
    with pytest.raises(ValueError, match="every time step of sequence 5"):
        model.predict(holes)


@pytest.mark.filterwarnings("ignore::sklearn_recurrent.SequenceDataWarning")  # 12 features of a single step
def test_input_size_cuts_rows_into_steps(estimator, data):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 12)), data[1]
    for size in (1, 2, 3, 4, 6, 12):
        flat = estimator(**TINY, input_size=size).fit(X, y)
        assert same_bits(flat, estimator(**TINY).fit(X.reshape(40, -1, size), y))
    with pytest.raises(ValueError, match="multiple of input_size=5, got 12 columns"):
        estimator(**TINY, input_size=5).fit(X, y)


def test_a_net_remembers_what_only_the_beginning_said():
    rng = np.random.default_rng(0)
    X = [np.r_[sign, rng.normal(size=rng.integers(20, 30))] for sign in [-3, 3] * 60]
    model = LSTMClassifier(8, bidirectional=False, pooling="last", max_iter=40, learning_rate_init=0.02, random_state=0)
    assert model.fit(X[:80], [0, 1] * 40).score(X[80:], [0, 1] * 20) > 0.9
