"""Small causes, small effects: values of X that move in their last place move predictions by about as much."""

import numpy as np
import pytest

from sklearn_recurrent import GRUClassifier, LSTMRegressor

TINY = {"hidden_layer_sizes": 3, "max_iter": 2, "batch_size": 16, "random_state": 0}
SEEDS = range(10)
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


def normal(rng):
    return list(rng.normal(size=(80, 6)))


def half_zero(rng):
    return [np.where(rng.random(6) < 0.5, 0, row) for row in normal(rng)]


def one_hot(rng):
    """80 rows, of which 6 are different."""
    return list(np.eye(6)[rng.integers(6, size=80)])


def one_hot_steps(rng):
    """A feature for each of 5 words, two of which do not occur."""
    return list(np.eye(5)[rng.integers(3, size=(80, 4))])


def ragged(rng):
    """Sequences that begin with equal steps, and end with equal steps."""
    return [np.concatenate([np.ones(3), rng.normal(size=n), np.zeros(2)]) for n in rng.integers(0, 4, 80)]


KINDS = [normal, half_zero, one_hot, one_hot_steps, ragged]


def moved(X, rng):
    """Each value by one unit in the last place to a random side."""
    return [np.nextafter(x, np.where(rng.random(x.shape) < 0.5, -np.inf, np.inf).astype(x.dtype)) for x in X]


def drawn(kind, seed, dtype=np.float64):
    """X, targets, and the X that has moved."""
    rng = np.random.default_rng(seed)
    X = [x.astype(dtype) for x in kind(rng)]
    y = np.array([x.ravel()[:4].sum() for x in X]) + rng.normal(size=80)
    return X, y, moved(X, rng)


def largest_change(model, X, y, Z):
    """Of a probability, or of a prediction in standard deviations of y."""
    if not hasattr(model, "predict_proba"):
        return np.abs(model.fit(X, y).predict(X) - model.fit(Z, y).predict(X)).max() / y.std()
    y = y > np.median(y)
    return np.abs(model.fit(X, y).predict_proba(X) - model.fit(Z, y).predict_proba(X)).max()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cls", [GRUClassifier, LSTMRegressor])
@pytest.mark.each_choice
def test_one_unit_in_the_last_place_of_every_value_changes_no_prediction_by_more_than_1e_9(cls, kind):
    changes = [largest_change(cls(**TINY), *drawn(kind, seed)) for seed in SEEDS]
    assert max(changes) < 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_in_float32_such_a_change_is_a_thousandth_at_most(kind):
    """Its unit is 1e-7. Of 80 sequences, two may lie so close that they change places, now and then: that is 1e-4."""
    changes = [largest_change(GRUClassifier(**TINY), *drawn(kind, seed, np.float32)) for seed in SEEDS]
    assert max(changes) < 1e-3
    assert np.median(changes) < 1e-6


SETTINGS = [
    {"dropout": 0.3, "recurrent_dropout": 0.3},
    {"early_stopping": True},
    {"class_weight": "balanced", "batch_size": 7},
    {"solver": "lbfgs", "max_iter": 10},
    {"shuffle": False},
    {"batch_size": 80},
]


@pytest.mark.parametrize("seed", range(3))
def test_a_few_huge_values_do_not_hide_the_others(seed):
    """Values that stand for missing ones, such as 1e20, in features that are not scaled."""

    def sentinels(rng):
        return [np.where(rng.random(6) < 0.02, 1e20, row) for row in normal(rng)]

    assert largest_change(GRUClassifier(**TINY, standardize=False, pooling="last"), *drawn(sentinels, seed)) < 1e-9


@pytest.mark.parametrize("scale", [1e-300, 1e-36, 1.0, 1e200])
def test_sequences_that_differ_are_entries_of_their_own_at_every_scale(scale):
    X, y, _ = drawn(normal, 0)
    model = GRUClassifier(**TINY, standardize=False).fit([x * scale for x in X], y > 0)
    assert model.t_ == 80 * 2


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", [half_zero, one_hot])
@pytest.mark.each_choice
def test_small_changes_stay_small_whatever_the_way_through_a_fit(kind, settings):
    for seed in range(3):
        assert largest_change(GRUClassifier(**TINY | settings), *drawn(kind, seed)) < 1e-9


def test_equal_sequences_count_as_one_in_a_batch_also_when_they_are_equal_but_for_rounding():
    X, y, Z = drawn(one_hot, 0)
    y = y > 0
    seen = [GRUClassifier(**TINY).fit(data, y).t_ for data in (X, Z)]
    assert seen[0] == seen[1] < 80 * 2
    assert seen[0] == 2 * len({(x.tobytes(), label) for x, label in zip(X, y, strict=True)})


def test_weights_of_sequences_that_are_equal_but_for_rounding_add():
    """With weights that are powers of two, all sums are exact."""
    X, y, Z = drawn(one_hot, 1)
    weight = 2.0 ** np.random.default_rng(0).integers(0, 4, 80)
    one = LSTMRegressor(**TINY).fit(X, np.round(y), sample_weight=weight)
    other = LSTMRegressor(**TINY).fit(Z, np.round(y), sample_weight=weight)
    np.testing.assert_allclose(other.theta_, one.theta_, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(other.loss_curve_, one.loss_curve_, rtol=1e-9)
