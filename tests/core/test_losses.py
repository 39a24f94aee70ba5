"""Losses and links against those of scikit-learn and SciPy; regressors, quantiles, counts and label smoothing."""

import numpy as np
import oracle
import pytest
from networks import assert_objectives_agree, loss_function, problem
from numpy.testing import assert_allclose
from scipy.special import expit, log_softmax
from scipy.special import huber as scipy_huber
from scipy.special import softmax as scipy_softmax
from sklearn._loss.loss import AbsoluteError, HalfPoissonLoss, HalfSquaredError, HuberLoss, PinballLoss
from sklearn.linear_model import HuberRegressor, LinearRegression, PoissonRegressor, QuantileRegressor
from sklearn.metrics import (
    d2_pinball_score,
    log_loss,
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from sklearn_recurrent import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
)
from sklearn_recurrent._core.losses import LINKS, LOSSES

TINY = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0}
every_loss = pytest.mark.parametrize("loss", LOSSES)
OF_REGRESSORS = ["squared_error", "absolute_error", "huber", "poisson", "quantile"]
pytestmark = [
    pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:scipy.optimize. The `disp`:DeprecationWarning"),  # of scikit-learn 1.6
]

# --- every loss -------------------------------------------------------------------------------------------------------


def targets(loss, rng, K=3, N=6):
    return {
        "squared_error": rng.standard_normal((K, N)),
        "absolute_error": rng.standard_normal((K, N)),
        "huber": rng.standard_normal((K, N)),
        "poisson": rng.poisson(1.5, (K, N)).astype(float),
        "pinball": rng.standard_normal((K // len(oracle.QUANTILES), N)),
        "logistic": rng.integers(0, 2, (K, N)).astype(float),
        "softmax": rng.integers(0, K, (1, N)),
    }[loss]


BY_SCIKIT_LEARN = {
    "squared_error": lambda raw, y: mean_squared_error(y, raw) / 2,
    "absolute_error": lambda raw, y: mean_absolute_error(y, raw),
    "huber": lambda raw, y: scipy_huber(oracle.DELTA, y - raw).mean(),
    "poisson": lambda raw, y: mean_poisson_deviance(y.ravel(), np.exp(raw).ravel()) / 2,
    "pinball": lambda raw, y: np.mean([mean_pinball_loss(y[0], r, alpha=q) for r, q in zip(raw, oracle.QUANTILES)]),
    "logistic": lambda raw, y: sum(log_loss(y_k, expit(raw_k), labels=[0, 1]) for raw_k, y_k in zip(raw, y)),
    "softmax": lambda raw, y: log_loss(y[0], scipy_softmax(raw, axis=0).T, labels=range(len(raw))),
}


@every_loss
def test_the_mean_loss_is_scikit_learns_or_scipys(loss):
    rng = np.random.default_rng(0)
    raw, y = 3 * rng.standard_normal((3, 6)), targets(loss, rng)
    values, gradient = loss_function(loss)(raw, y)
    assert values.shape == (6,)
    assert gradient.shape == (3, 6)
    assert_allclose(values.mean(), BY_SCIKIT_LEARN[loss](raw, y), rtol=1e-12)


@every_loss
def test_the_gradient_of_a_loss_is_that_of_its_formula(loss):
    rng = np.random.default_rng(1)
    raw, y = 2 * rng.standard_normal((3, 6)), targets(loss, rng)
    values, gradient = loss_function(loss)(raw, y)
    for n in range(6):
        assert_allclose(values[n], oracle.LOSSES[loss](raw[:, n], y[:, n]), rtol=1e-12)
        for k, direction in enumerate(np.eye(3)):
            derivative = oracle.derivative(lambda raw, n=n: oracle.LOSSES[loss](raw, y[:, n]), raw[:, n], direction)
            assert_allclose(gradient[k, n], derivative, rtol=1e-10, atol=1e-14)


@every_loss
def test_the_gradient_of_a_loss_is_its_finite_difference(loss):
    rng = np.random.default_rng(2)
    raw, y = rng.standard_normal((3, 6)), targets(loss, rng)
    function = loss_function(loss)
    gradient = function(raw, y)[1]
    for k in range(3):
        step = 1e-5 * np.eye(3)[:, [k]]
        change = (function(raw + step, y)[0] - function(raw - step, y)[0]) / 2e-5
        assert_allclose(gradient[k], change, rtol=1e-7, atol=1e-9)


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loss_of_huge_outputs_is_finite_and_keeps_the_dtype(loss, dtype):
    huge = 80 if loss == "poisson" else 1e4  # exp(1e4) overflows in either dtype
    raw, y = huge * np.array([[1, -1, 1], [-1, 1, 1]], dtype), np.array([[1, 1, 0], [0, 0, 1]], dtype)
    raw = raw if loss != "pinball" else np.repeat(raw, len(oracle.QUANTILES), axis=0)
    values, gradient = loss_function(loss)(raw, y if loss != "softmax" else y[1:].astype(int))
    assert values.dtype == gradient.dtype == dtype
    assert np.isfinite(values).all()
    assert np.isfinite(gradient).all()


def test_log_losses_of_certain_and_wrong_outputs_are_exact():
    assert_allclose(LOSSES["logistic"](np.array([[1e4, -1e4, 1e4]]), np.array([[1.0, 1, 0]]))[0], [0, 1e4, 1e4])
    assert_allclose(LOSSES["softmax"](np.array([[1e4, -1e4], [0, 0]]), np.array([[0, 0]]))[0], [0, 1e4])


@pytest.mark.parametrize("shift", [0, 800, -800])
def test_links_are_scipys_functions(shift):
    raw = 5 * np.random.default_rng(0).standard_normal((3, 8)) + shift
    with np.errstate(over="ignore"):  # of the exponential
        expected = {"identity": raw, "exponential": np.exp(raw)}
        expected |= {"logistic": expit(raw), "softmax": scipy_softmax(raw, axis=0)}
        assert expected.keys() == LINKS.keys()
        for name, link in LINKS.items():
            assert_allclose(link(raw), expected[name], rtol=1e-10, atol=1e-15)


# --- formulas ---------------------------------------------------------------------------------------------------------

EQUIVALENTS = {
    "squared_error": ({}, HalfSquaredError),
    "absolute_error": ({}, AbsoluteError),
    "huber": ({"delta": 0.8}, lambda: HuberLoss(delta=0.8)),
    "poisson": ({}, HalfPoissonLoss),
    "pinball": ({"quantiles": (0.3,)}, lambda: PinballLoss(quantile=0.3)),
}


@pytest.mark.parametrize("name", EQUIVALENTS)
def test_values_and_gradients_are_those_of_scikit_learns_losses(name):
    rng = np.random.default_rng(0)
    raw, y = 2 * rng.standard_normal(50), rng.poisson(2, 50) + (0.0 if name == "poisson" else 0.1)
    settings, theirs = EQUIVALENTS[name]
    values, gradient = LOSSES[name](raw[None], y[None], **settings)
    loss = theirs()
    constant = loss.constant_to_optimal_zero(y) if name == "poisson" else 0
    assert_allclose(values, loss.loss(y, raw) + constant, atol=1e-12)
    assert_allclose(gradient[0], loss.gradient(y, raw), atol=1e-12)


@pytest.mark.parametrize("name", EQUIVALENTS)
def test_an_exact_output_has_no_loss_and_no_gradient(name):
    y = np.array([[1.0, 2, 5]])
    raw = np.log(y) if name == "poisson" else y
    values, gradient = LOSSES[name](raw, y, **EQUIVALENTS[name][0])
    assert_allclose(values, 0, atol=1e-15)
    assert_allclose(gradient, 0, atol=1e-15)


def test_each_of_several_outputs_has_all_quantiles():
    raw = np.arange(6.0)[:, None]  # of the first output 0, 1, 2, of the second 3, 4, 5
    values, gradient = LOSSES["pinball"](raw, np.array([[1.5], [3.5]]), quantiles=(0.1, 0.5, 0.9))
    expected = [0.1 * 1.5, 0.5 * 0.5, 0.1 * 0.5, 0.1 * 0.5, 0.5 * 0.5, 0.1 * 1.5]
    assert_allclose(values, np.mean(expected))
    assert_allclose(gradient[:, 0], np.array([-0.1, -0.5, 0.1, -0.1, 0.5, 0.1]) / 6)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "poisson", "pinball"])
@pytest.mark.parametrize("per_step", [False, True], ids=["per sequence", "per step"])
def test_loss_and_gradient_of_a_network_are_those_of_its_equations(loss, per_step):
    objective, theta, true = problem(loss, cell="gru", per_step=per_step)
    assert_objectives_agree(objective, theta, true)


# --- label smoothing --------------------------------------------------------------------------------------------------


def test_a_smoothed_class_is_a_mixture_of_all_classes():
    raw, smoothing = np.random.default_rng(0).standard_normal((4, 9)), 0.2
    y = np.random.default_rng(1).integers(0, 4, (1, 9))
    target = np.full((4, 9), 0.05)
    target[y[0], np.arange(9)] = 0.85
    values, gradient = LOSSES["softmax"](raw, y, smoothing=smoothing)
    log_p = log_softmax(raw, axis=0)
    assert_allclose(values, -(target * log_p).sum(axis=0), rtol=1e-12)
    assert_allclose(gradient, np.exp(log_p) - target, atol=1e-14)


def test_a_smoothed_binary_label_is_95_percent_of_its_class():
    raw, y = np.array([[-2.0, 0, 3]]), np.array([[1.0, 0, 1]])
    values, gradient = LOSSES["logistic"](raw, y, smoothing=0.1)
    p = expit(raw[0])
    q = np.array([0.95, 0.05, 0.95])
    assert_allclose(values, -(q * np.log(p) + (1 - q) * np.log(1 - p)), rtol=1e-12)
    assert_allclose(gradient[0], p - q, rtol=1e-12)


def test_two_classes_are_smoothed_as_two_outputs_would_be():
    raw, y = np.random.default_rng(0).standard_normal(9), np.arange(9) % 2
    one = LOSSES["logistic"](raw[None], y[None].astype(float), smoothing=0.3)[0]
    assert_allclose(one, LOSSES["softmax"](np.stack([0 * raw, raw]), y[None], smoothing=0.3)[0], rtol=1e-12)


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_no_smoothing_is_the_plain_loss_to_the_last_bit(loss):
    raw, y = np.random.default_rng(0).standard_normal((3, 9)), np.arange(9)[None] % 3
    y = y if loss == "softmax" else (y == np.arange(3)[:, None]).astype(float)
    for plain, smoothed in zip(LOSSES[loss](raw, y), LOSSES[loss](raw, y, smoothing=0.0), strict=True):
        assert np.array_equal(plain, smoothed)


@pytest.mark.parametrize("cls", [RNNClassifier, LSTMClassifier, GRUClassifier])
def test_the_loss_of_a_smoothed_classifier_is_the_documented_one(cls, ragged, labels, three_labels):
    for y in (labels, three_labels):
        frozen = TINY | {"max_iter": 1, "batch_size": 40, "alpha": 0.0, "learning_rate_init": 1e-300}
        model = cls(**frozen, label_smoothing=0.1).fit(ragged, y)
        log_p, K = model.predict_log_proba(ragged), len(model.classes_)
        target = 0.9 * (y[:, None] == model.classes_) + 0.1 / K
        assert_allclose(model.loss_, -(target * log_p).sum(axis=1).mean())


def test_smoothed_probabilities_are_less_extreme(ragged, labels, three_labels):
    indicator = np.stack([labels == "low", three_labels == "a"], axis=1).astype(int)
    for y in (labels, three_labels, indicator):
        settings = {"hidden_layer_sizes": 4, "max_iter": 60, "alpha": 0.0, "learning_rate_init": 0.05}
        plain, smoothed = (
            RNNClassifier(**settings, random_state=0, label_smoothing=s).fit(ragged, y).predict_proba(ragged)
            for s in (0.0, 0.2)
        )
        assert plain.max() > 0.99
        K = 2 if y is not three_labels else 3
        assert np.median(smoothed.max(axis=1)) < 0.8 + 0.2 / K + 0.03
        assert ((plain > 0.5) == (smoothed > 0.5)).mean() > 0.9


def test_a_seq2seq_classifier_smooths_its_labels_too(ragged):
    y = [np.where(x[:3, 0] > 0, "high", "low") for x in ragged]
    frozen = TINY | {"max_iter": 1, "batch_size": 40, "alpha": 0.0, "learning_rate_init": 1e-300}
    plain, smoothed = (Seq2SeqClassifier(**frozen, label_smoothing=s).fit(ragged, y).loss_ for s in (0.0, 0.999))
    assert plain != smoothed
    assert smoothed >= np.log(3) - 1e-9  # the minimum of the cross-entropy with a uniform target


# --- linear data ------------------------------------------------------------------------------------------------------


def linear_data(noise, n=400):
    """Sequences of one step with two features; a network with small weights is nearly linear."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, 2))
    return X[:, None, :], X, 3 + 2 * X[:, 0] - X[:, 1] + noise(rng, X)


def heavy_tails(rng, X):
    return 0.3 * rng.standard_t(1.5, len(X))


def skewed(rng, X):
    return rng.exponential(1, len(X)) * (1.5 + X[:, 0]) / 2  # all quantiles are linear in X


LINEAR = {"hidden_layer_sizes": 3, "bidirectional": False, "pooling": "last", "alpha": 0.0, "random_state": 0}
LINEAR |= {"solver": "adam", "learning_rate_init": 0.02, "max_iter": 80, "batch_size": 50}


def distance(one, other, reference):
    """Root mean square, in units of the spread of the predictions."""
    return np.sqrt(np.mean((one - other) ** 2)) / np.std(reference)


@pytest.mark.parametrize(
    ("settings", "theirs"),
    [
        ({"loss": "absolute_error"}, QuantileRegressor(quantile=0.5, alpha=0)),
        ({"loss": "huber"}, HuberRegressor(alpha=0, epsilon=1.35)),
    ],
    ids=["absolute error", "huber"],
)
def test_outliers_do_not_move_a_robust_fit(settings, theirs):
    sequences, X, y = linear_data(heavy_tails)
    theirs = theirs.fit(X, y).predict(X)
    truth = 3 + 2 * X[:, 0] - X[:, 1]
    model = RNNRegressor(**LINEAR, **settings, huber_delta=0.1).fit(sequences, y)  # outliers widen the unit of delta
    assert distance(model.predict(sequences), theirs, truth) < 0.15
    least_squares = LinearRegression().fit(X, y).predict(X)
    assert distance(model.predict(sequences), truth, truth) < distance(least_squares, truth, truth)


@pytest.mark.parametrize("quantile", [0.2, 0.5, 0.8])
def test_a_quantile_is_that_of_a_linear_quantile_regression(quantile):
    sequences, X, y = linear_data(skewed)
    theirs = QuantileRegressor(quantile=quantile, alpha=0).fit(X, y).predict(X)
    model = RNNRegressor(**LINEAR, loss="quantile", quantile=quantile).fit(sequences, y)
    assert distance(model.predict(sequences), theirs, theirs) < 0.15
    assert mean_pinball_loss(y, model.predict(sequences), alpha=quantile) < 1.02 * mean_pinball_loss(
        y, theirs, alpha=quantile
    )
    assert abs((y <= model.predict(sequences)).mean() - quantile) < 0.04


def test_counts_are_those_of_a_poisson_regression():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (600, 2))
    y = rng.poisson(np.exp(1 + X[:, 0] - X[:, 1] / 2)).astype(float)
    theirs = PoissonRegressor(alpha=0).fit(X, y).predict(X)
    model = RNNRegressor(**LINEAR, loss="poisson").fit(X[:, None, :], y)
    ours = model.predict(X[:, None, :])
    assert (ours > 0).all()
    assert distance(ours, theirs, theirs) < 0.15
    assert_allclose(ours.mean(), y.mean(), rtol=0.05)
    assert model.out_activation_ == "exponential"


# --- regressors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile", "poisson", "squared_error"])
def test_the_loss_of_a_regressor_is_the_documented_one(ragged, numbers, loss):
    y = abs(numbers - 500) if loss == "poisson" else numbers
    frozen = TINY | {"max_iter": 1, "batch_size": 40, "alpha": 0.0, "learning_rate_init": 1e-300}
    model = RNNRegressor(**frozen, loss=loss, quantile=0.3, huber_delta=0.5).fit(ragged, y)
    z, predicted = (y - model.y_mean_) / model.y_scale_, (model.predict(ragged) - model.y_mean_) / model.y_scale_
    d = abs(z - predicted)
    expected = {
        "squared_error": lambda: d**2 / 2,
        "absolute_error": lambda: d,
        "huber": lambda: np.where(d <= 0.5, d**2 / 2, 0.5 * (d - 0.25)),
        "poisson": lambda: predicted - z + z * np.log(z / predicted),
        "quantile": lambda: d * np.where(z > predicted, 0.3, 0.7),
    }
    assert_allclose(model.loss_, expected[loss]().mean())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", OF_REGRESSORS)
@pytest.mark.each_choice
def test_every_loss_falls_and_keeps_the_dtype(regressor, ragged, numbers, loss, dtype):
    X, settings = [x.astype(dtype) for x in ragged], {"max_iter": 15, "learning_rate_init": 0.03, "batch_size": 8}
    y = abs(numbers - 500)
    model = regressor(4, **settings, loss=loss, random_state=0, huber_delta=np.float64(1)).fit(X, y)
    assert model.theta_.dtype == dtype
    assert model.loss_curve_[-1] < 0.95 * model.loss_curve_[0]
    assert model.predict(X).dtype == np.float64


@pytest.mark.parametrize(("quantile", "tail"), [(0.3, ()), ([0.3], (1,)), ((0.9, 0.1, 0.5), (3,))])
def test_the_shape_of_quantiles(ragged, quantile, tail):
    rng, settings = np.random.default_rng(0), TINY | {"loss": "quantile", "quantile": quantile}
    for y in (rng.normal(size=40), rng.normal(size=(40, 2))):
        model = RNNRegressor(**settings).fit(ragged, y)
        assert model.predict(ragged).shape == (*y.shape, *tail)
        assert np.isfinite(model.score(ragged, y))
    for K in ((), (2,)):
        y = [rng.normal(size=(len(x), *K)) for x in ragged]
        model = RNNRegressor(**settings, return_sequences=True).fit(ragged, y)
        assert [p.shape for p in model.predict(ragged)] == [(len(x), *K, *tail) for x in ragged]
        assert np.isfinite(model.score(ragged, y))


def test_several_quantiles_ascend_and_have_their_coverage(regressor):
    rng = np.random.default_rng(0)
    lengths, spread = rng.integers(3, 7, 600), rng.uniform(0.2, 2, 600)
    X = [np.c_[rng.normal(size=length), np.full(length, s)] for length, s in zip(lengths, spread, strict=True)]
    y = np.array([x[:, 0].mean() for x in X]) + spread * rng.standard_normal(600)
    settings = {"loss": "quantile", "quantile": (0.9, 0.1, 0.5), "max_iter": 15, "alpha": 1.0, "random_state": 0}
    predicted = regressor(8, **settings).fit(X[:400], y[:400]).predict(X[400:])
    assert (np.diff(predicted, axis=1) >= 0).all()
    assert_allclose((y[400:, None] <= predicted).mean(axis=0), [0.1, 0.5, 0.9], atol=0.07)
    width, narrow = predicted[:, 2] - predicted[:, 0], spread[400:] < 1
    assert width[narrow].mean() < 0.6 * width[~narrow].mean()


def test_the_score_of_quantiles_is_the_mean_d2_pinball_score(ragged, numbers):
    Y, weight = np.stack([numbers, -numbers], axis=1), np.random.default_rng(0).uniform(1, 2, 40)
    model = RNNRegressor(**TINY, loss="quantile", quantile=(0.2, 0.7)).fit(ragged, Y)
    predicted = model.predict(ragged)
    ones = np.ones(40)  # before 1.9, scikit-learn's score without weights is another
    for w in (ones, weight):
        expected = np.mean(
            [d2_pinball_score(Y, predicted[..., k], alpha=q, sample_weight=w) for k, q in enumerate((0.2, 0.7))]
        )
        assert_allclose(model.score(ragged, Y, sample_weight=w), expected)
    assert model.score(ragged, Y) == model.score(ragged, Y, sample_weight=ones)


def test_changing_the_loss_after_fit_does_not_change_the_score(ragged, numbers):
    model = RNNRegressor(**TINY, loss="quantile", quantile=(0.2, 0.7)).fit(ragged, numbers)
    expected = model.score(ragged, numbers)
    assert model.set_params(quantile=0.5).score(ragged, numbers) == expected
    assert model.set_params(loss="huber").score(ragged, numbers) == expected


def test_one_quantile_in_a_list_gives_the_same_model(ragged, numbers):
    one, listed = (RNNRegressor(**TINY, loss="quantile", quantile=q).fit(ragged, numbers) for q in (0.3, [0.3]))
    assert one.theta_.tobytes() == listed.theta_.tobytes()
    assert np.array_equal(one.predict(ragged), listed.predict(ragged)[:, 0])


def test_the_median_equals_the_absolute_error(ragged, numbers):
    settings = TINY | {"alpha": 0.0, "solver": "sgd", "max_grad_norm": None, "momentum": 0.0}
    median = RNNRegressor(**settings | {"learning_rate_init": 0.02}, loss="quantile").fit(ragged, numbers)
    absolute = RNNRegressor(**settings | {"learning_rate_init": 0.01}, loss="absolute_error").fit(ragged, numbers)
    assert_allclose(median.predict(ragged), absolute.predict(ragged), rtol=1e-9)


@pytest.mark.parametrize("y", [np.r_[-1e-9, np.ones(39)], np.zeros(40)], ids=["negative", "all 0"])
def test_poisson_refuses_negative_and_all_zero_targets(regressor, ragged, y):
    with pytest.raises(
        ValueError, match="Expected y >= 0, and > 0 at least once, for loss='poisson', got a minimum of"
    ):
        regressor(**TINY, loss="poisson").fit(ragged, y)


def test_zeros_are_counts(ragged):
    y = np.random.default_rng(0).poisson(0.7, (40, 2))
    model = GRURegressor(**TINY, loss="poisson").fit(ragged, y)
    assert (model.predict(ragged) > 0).all()
    assert_allclose(model.y_scale_, y.mean(axis=0))
    assert model.y_mean_.tolist() == [0, 0]
    steps = [np.random.default_rng(0).poisson(0.7, len(x)) for x in ragged]
    predicted = GRURegressor(**TINY, loss="poisson", return_sequences=True).fit(ragged, steps).predict(ragged)
    assert all((p > 0).all() for p in predicted)


@pytest.mark.parametrize(("before", "after"), [("squared_error", "poisson"), ("poisson", "huber")])
def test_a_warm_start_cannot_change_between_identity_and_exponential_outputs(ragged, numbers, before, after):
    model = RNNRegressor(**TINY, loss=before, warm_start=True).fit(ragged, numbers)
    with pytest.raises(ValueError, match="since loss changed to or from 'poisson'"):
        model.set_params(loss=after).fit(ragged, numbers)
    model.set_params(warm_start=False).fit(ragged, numbers)


def test_a_warm_start_continues_with_another_loss_of_the_same_outputs(ragged, numbers):
    model = RNNRegressor(**TINY, warm_start=True).fit(ragged, numbers)
    assert model.set_params(loss="huber").fit(ragged, numbers).n_iter_ == 8
    with pytest.raises(ValueError, match="n_outputs changed from 1 to 2"):
        model.set_params(loss="quantile", quantile=(0.1, 0.9)).fit(ragged, numbers)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber"])
def test_a_seq2seq_regressor_has_the_documented_loss(ragged, loss):
    y = [x[:3, 0].cumsum() for x in ragged]
    frozen = TINY | {"max_iter": 1, "batch_size": 40, "alpha": 0.0, "learning_rate_init": 1e-300}
    y_one = [row[:1] for row in y]  # a forecast of one step reads none of its own outputs
    model = Seq2SeqRegressor(**frozen, loss=loss, huber_delta=0.5).fit(ragged, y_one)
    d = abs(np.concatenate(model.predict(ragged)) - np.concatenate(y_one)) / model.y_scale_
    expected = {"squared_error": d**2 / 2, "absolute_error": d, "huber": np.where(d < 0.5, d**2 / 2, 0.5 * (d - 0.25))}
    assert_allclose(model.loss_, expected[loss].mean())
    model = Seq2SeqRegressor(4, max_iter=20, learning_rate_init=0.03, random_state=0, loss=loss).fit(ragged, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_a_smoothed_classifier_is_scored_by_its_own_loss_when_validated(ragged, labels):
    settings = TINY | {"label_smoothing": 0.2}
    model = RNNClassifier(**settings).fit(ragged[:30], labels[:30], X_val=ragged[30:], y_val=labels[30:])
    log_p = model.predict_log_proba(ragged[30:])
    target = 0.8 * (labels[30:, None] == model.classes_) + 0.1
    assert_allclose(model.validation_loss_curve_[-1], -(target * log_p).sum(axis=1).mean())
    assert model.validation_loss_curve_[-1] != pytest.approx(log_loss(labels[30:], np.exp(log_p)))
