"""Dropout: noise in training alone, the same for the same seed, and none at all at 0."""

import pickle

import joblib
import numpy as np
import pytest
from checks import same_bits
from sklearn.base import clone, is_classifier

from sklearn_recurrent import GRUClassifier, LSTMRegressor, RNNRegressor

TINY = {"hidden_layer_sizes": 6, "max_iter": 2, "batch_size": 15, "random_state": 0}
STEADY = {"learning_rate": "constant", "tol": 0, "n_iter_no_change": 1000}  # always to max_iter
KINDS = [{"dropout": 0.3}, {"recurrent_dropout": 0.3}, {"dropout": 0.2, "recurrent_dropout": 0.4}]
NETS = [
    {},
    {"hidden_layer_sizes": (6, 4)},
    {"bidirectional": False, "pooling": "attention"},
    {"return_sequences": True},
]
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(params=[GRUClassifier, LSTMRegressor], ids=["GRUClassifier", "LSTMRegressor"])
def estimator(request):
    """One class for each kind of target: all share what is tested here."""
    return request.param


@pytest.fixture
def data(request, estimator, ragged):
    return ragged, request.getfixturevalue("labels" if is_classifier(estimator()) else "numbers")


@pytest.fixture(params=KINDS, ids=str)
def kind(request):
    return request.param


def for_each_step(X, y):
    return [np.full(len(x), target) for x, target in zip(X, y, strict=True)]


@pytest.mark.parametrize("net", NETS, ids=str)
@pytest.mark.each_choice(times=2)
def test_a_seed_gives_the_same_bits(estimator, data, kind, net):
    X, y = data
    y = for_each_step(X, y) if "return_sequences" in net else y
    model = estimator(**TINY | net | kind).fit(X, y)
    assert same_bits(model, clone(model).fit(X, y))
    assert same_bits(model, clone(model).set_params(random_state=np.random.RandomState(0)).fit(X, y))
    assert not same_bits(model, clone(model).set_params(random_state=1).fit(X, y))
    assert not same_bits(model, estimator(**TINY | net).fit(X, y))


@pytest.mark.parametrize("net", NETS, ids=str)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.each_choice(times=2)
def test_at_0_there_is_none(estimator, data, net, solver):
    X, y = data
    y = for_each_step(X, y) if "return_sequences" in net else y
    plain = estimator(**TINY | net, solver=solver).fit(X, y)
    for zero in (0, 0.0, np.float32(0)):
        assert same_bits(plain, clone(plain).set_params(dropout=zero, recurrent_dropout=zero).fit(X, y))


def test_each_kind_and_each_probability_is_another_model(estimator, data):
    settings = [{}, *KINDS, {"dropout": 0.31}, {"recurrent_dropout": 0.31}]
    models = [estimator(**TINY, **one).fit(*data) for one in settings]
    assert len({model.theta_.tobytes() for model in models}) == len(models)


def test_predictions_are_deterministic_and_change_nothing(estimator, data, kind):
    X, y = data
    model = estimator(**TINY, **kind).fit(X, y)
    before = joblib.hash(vars(model))
    outputs = [model.predict(X) for _ in range(3)]
    assert all(np.array_equal(outputs[0], other) for other in outputs[1:])
    assert np.array_equal(outputs[0], pickle.loads(pickle.dumps(model)).predict(X))
    assert joblib.hash(vars(model)) == before
    without = pickle.loads(pickle.dumps(model)).set_params(dropout=0.0, recurrent_dropout=0.0)
    assert np.array_equal(outputs[0], without.predict(X))
    if not is_classifier(model):
        np.testing.assert_allclose(np.concatenate([model.predict([x]) for x in X]), outputs[0], rtol=1e-12)


def test_the_global_generator_is_left_alone(estimator, data, kind):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    estimator(**TINY, **kind).fit(*data)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize("cell", ["elman", "gru_reset_before"])
def test_noise_raises_the_loss_of_training_the_more_of_it_there_is(cell, ragged, numbers):
    settings = {"cell": cell, "hidden_layer_sizes": 12, "max_iter": 8, "learning_rate_init": 0.02, "random_state": 0}
    for name in ("dropout", "recurrent_dropout"):
        curves = [RNNRegressor(**settings, **{name: p}).fit(ragged, numbers).loss_curve_ for p in (0.0, 0.3, 0.7)]
        ends = [np.mean(curve[-5:]) for curve in curves]
        assert ends[0] < ends[1] < ends[2], name


@pytest.mark.each_choice
def test_with_noise_a_net_still_learns(estimator, data, kind):
    X, y = data
    model = estimator(16, max_iter=15, batch_size=8, learning_rate_init=0.06, random_state=0, **kind).fit(X, y)
    assert model.score(X, y) > 0.8


def test_a_net_with_noise_fits_noise_less_closely():
    rng = np.random.default_rng(0)
    X, y = [rng.normal(size=(rng.integers(3, 10), 2)) for _ in range(40)], rng.normal(size=40)
    settings = {"hidden_layer_sizes": 32, "max_iter": 30, "learning_rate_init": 0.02, "alpha": 0.0, "random_state": 0}
    scores = [RNNRegressor(**settings, dropout=p, recurrent_dropout=p).fit(X, y).score(X, y) for p in (0.0, 0.4)]
    assert scores[0] > 0.9 > scores[1] + 0.1


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.each_choice
def test_training_goes_on_as_if_there_had_been_no_break(estimator, data, kind, solver):
    X, y = data
    settings = TINY | STEADY | kind | {"solver": solver}
    whole = estimator(**settings | {"max_iter": 4}).fit(X, y)
    warm = estimator(**settings | {"max_iter": 2}, warm_start=True).fit(X, y).fit(X, y)
    assert same_bits(whole, warm)
    assert warm.loss_curve_ == whole.loss_curve_
    parts = estimator(**settings)
    for _ in range(4):
        parts.partial_fit(X, y)
    assert same_bits(whole, parts)
    copied = pickle.loads(pickle.dumps(parts)).partial_fit(X, y)
    assert same_bits(copied, parts.partial_fit(X, y))


def test_each_epoch_drops_other_units(estimator, data):
    """At rates that move nothing, the loss differs from epoch to epoch by the noise alone."""
    frozen = TINY | STEADY | {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 6, "batch_size": 40}
    assert len(set(estimator(**frozen, dropout=0.3).fit(*data).loss_curve_)) == 6
    assert len(set(estimator(**frozen, recurrent_dropout=0.3).fit(*data).loss_curve_)) == 6
    assert np.ptp(estimator(**frozen).fit(*data).loss_curve_) < 1e-12


def test_the_loss_with_noise_before_the_output_is_larger_by_the_variance_of_the_noise(ragged, numbers):
    """E (f + noise)² = f² + Σ_k (V_k h_k)² · p / (1 - p), where f is linear in the pooled states h."""
    X, y, p = [x[:3] for x in ragged], numbers, 0.3
    frozen = TINY | STEADY | {"solver": "sgd", "learning_rate_init": 1e-300, "batch_size": 40, "alpha": 0.0}
    model = LSTMRegressor(**frozen | {"max_iter": 1}).fit(X, y)
    noisy = LSTMRegressor(**frozen | {"max_iter": 300}, dropout=p).fit(X, y).loss_curve_
    V, variance = model.weights_["head/V"][:, :-1], np.zeros(len(X))
    probe = pickle.loads(pickle.dumps(model))
    bias = probe.weights_["head/V"][0, -1]
    for k in range(V.shape[1]):
        probe.weights_["head/V"][...] = 0
        probe.weights_["head/V"][0, k], probe.weights_["head/V"][0, -1] = V[0, k], bias
        part = (probe.predict(X) - model.y_mean_) / model.y_scale_ - bias
        variance += part**2 * p / (1 - p)
    np.testing.assert_allclose(np.mean(noisy), model.loss_ + variance.mean() / 2, rtol=0.03)


def test_the_order_and_copies_of_sequences_have_no_influence(estimator, data, kind):
    X, y = data
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 4, len(X))
    rows = rng.permutation(np.repeat(np.arange(len(X)), weight))
    weighted = estimator(**TINY, **kind).fit(X, y, sample_weight=weight)
    assert same_bits(weighted, estimator(**TINY, **kind).fit([X[j] for j in rows], y[rows]))


def test_early_stopping_scores_without_noise(estimator, data, kind):
    X, y = data
    settings = TINY | STEADY | {"early_stopping": True, "validation_fraction": 0.5, "max_iter": 1, "scoring": None}
    model = estimator(**settings, **kind).fit(X, y)
    copied = estimator(**settings, **kind).fit(X, y)
    assert model.validation_scores_ == copied.validation_scores_
    assert model.best_validation_score_ == model.validation_scores_[0]
    if is_classifier(model):
        right = (model.predict(X) == y).sum()
        assert 20 * model.best_validation_score_ <= right + 1e-9  # of 20 of the 40: it is a count of these predictions
        assert 20 * (1 - model.best_validation_score_) <= 40 - right + 1e-9


def test_float32_stays_float32(estimator, data, kind):
    X, y = [x.astype(np.float32) for x in data[0]], data[1]
    assert estimator(**TINY, **kind).fit(X, y).theta_.dtype == np.float32


def test_most_may_be_dropped(estimator, data):
    model = estimator(**TINY, dropout=0.999, recurrent_dropout=0.999).fit(*data)
    assert np.isfinite(model.theta_).all()


def test_lbfgs_takes_no_noise(estimator, data, kind):
    model = estimator(**TINY, solver="lbfgs", **kind)
    before = joblib.hash(vars(model))
    with pytest.raises(
        ValueError, match=r"Expected dropout=0 and recurrent_dropout=0 with solver='lbfgs', got .*solver='adam'"
    ):
        model.fit(*data)
    assert joblib.hash(vars(model)) == before
    fitted = estimator(**TINY).fit(*data).set_params(solver="lbfgs", **kind)
    before = joblib.hash(vars(fitted))
    with pytest.raises(ValueError, match="lbfgs"):
        fitted.fit(*data)
    assert joblib.hash(vars(fitted)) == before
