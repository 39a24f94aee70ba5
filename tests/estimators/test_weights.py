"""Weights whose sum a float cannot hold are an error that says what to do; all others train as their proportions do."""

import warnings

import numpy as np
import pytest

from sklearn_recurrent import GRUClassifier, GRURegressor, Seq2SeqClassifier, Seq2SeqRegressor
from sklearn_recurrent._estimators.weights import balanced, refuse_extreme_weights

TINY = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
TOO_LARGE = r"Expected weights .* with a finite sum, got inf, from weights up to .*\. Divide"
TOO_SMALL = r"Expected weights .* with a sum of at least 2.23e-308, got .*, from weights up to .*\. Divide"
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def steps(ragged):
    """A number for each step."""
    return [x[:, 0] for x in ragged]


@pytest.mark.parametrize(("size", "message"), [(1e307, TOO_LARGE), (1e-320, TOO_SMALL)])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_weights_without_a_usable_sum_are_an_error_that_says_what_to_do(ragged, numbers, method, size, message):
    model = GRURegressor(**TINY)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(ragged, numbers, sample_weight=np.full(40, size))
    assert not hasattr(model, "theta_")


@pytest.mark.parametrize(("size", "message"), [(1e307, TOO_LARGE), (1e-320, TOO_SMALL)])
def test_weights_of_a_score_need_a_usable_sum_too(ragged, numbers, labels, steps, size, message):
    weight = np.full(40, size)
    for model, y in ((GRURegressor(**TINY), numbers), (GRUClassifier(**TINY), labels)):
        with pytest.raises(ValueError, match=message):
            model.fit(ragged, y).score(ragged, y, sample_weight=weight)
    model = GRURegressor(**TINY, return_sequences=True).fit(ragged, steps)
    with pytest.raises(ValueError, match=message):
        model.score(ragged, steps, sample_weight=weight)
    model = Seq2SeqRegressor(**TINY).fit(ragged, steps)
    with pytest.raises(ValueError, match=message):
        model.score(ragged, steps, sample_weight=weight)


@pytest.mark.parametrize(
    "model",
    [GRURegressor(**TINY, return_sequences=True), Seq2SeqRegressor(**TINY), Seq2SeqClassifier(**TINY)],
    ids=lambda model: type(model).__name__,
)
def test_the_sum_is_over_all_targets_of_a_sequence(ragged, steps, model):
    """Over 40 sequences the sum is finite, over all of their steps it is not."""
    y = [np.where(row > 0, "up", "down") for row in steps] if "Classifier" in type(model).__name__ else steps
    with pytest.raises(ValueError, match=TOO_LARGE):
        model.fit(ragged, y, sample_weight=np.full(40, 4e306))
    with pytest.raises(ValueError, match=TOO_LARGE):
        model.fit(ragged, y, sample_weight=[np.full(len(row), 1e306) for row in y])


@pytest.mark.parametrize("class_weight", [{"low": 1e200, "high": 1e200}, {"low": 1e153, "high": 1e154}])
def test_class_weights_times_sample_weights_need_a_finite_sum(ragged, labels, class_weight):
    model = GRUClassifier(**TINY, class_weight=class_weight)
    with pytest.raises(ValueError, match=TOO_LARGE):
        model.fit(ragged, labels, sample_weight=np.full(40, 1e154))
    model.fit(ragged, labels, sample_weight=np.full(40, 1e-154))


def test_labels_of_a_seq2seq_have_class_weights_with_a_finite_sum(ragged, steps):
    y = [np.where(row > 0, "up", "down") for row in steps]
    model = Seq2SeqClassifier(**TINY, class_weight={"up": 1e200, "down": 1})
    with pytest.raises(ValueError, match=TOO_LARGE):
        model.fit(ragged, y, sample_weight=np.full(40, 1e200))


def test_classes_that_cannot_be_balanced_are_an_error(ragged, labels):
    weight = np.where(labels == "low", 1e305, 1e-10)
    with pytest.raises(ValueError, match=r"Expected classes .* got totals from .*e-\d+ to .*e\+306\. Choose"):
        GRUClassifier(**TINY, class_weight="balanced").fit(ragged, labels, sample_weight=weight)
    codes = np.arange(4) % 2
    np.testing.assert_allclose(balanced(np.arange(3), np.array([1e308, 1e307, 1e307]), 3), [0.4, 4, 4])
    assert balanced(codes, np.array([1.0, 3, 1, 3]), 2).tolist() == [2, 2 / 3]


@pytest.mark.parametrize("size", [1e-280, 2.0**-500, 2.0**500, 1e306])
def test_weights_with_a_usable_sum_train_as_their_proportions_do(ragged, numbers, size):
    weight = np.arange(40) % 3 + 1.0
    settings = TINY | {"alpha": 0}  # a penalty is for weights of a size
    expected = GRURegressor(**settings).fit(ragged, numbers, sample_weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        model = GRURegressor(**settings).fit(ragged, numbers, sample_weight=size * weight)
    np.testing.assert_allclose(model.theta_, expected.theta_, rtol=1e-9)
    np.testing.assert_allclose(model.x_scale_, expected.x_scale_, rtol=1e-12)
    np.testing.assert_allclose(model.y_scale_, expected.y_scale_, rtol=1e-12)


def test_the_border_is_where_a_sum_ceases_to_be_a_normal_number():
    largest, tiny = np.finfo(float).max, np.finfo(float).tiny
    for weight in ([largest], [tiny], [tiny / 2, tiny / 2], [largest / 2, largest / 2]):
        refuse_extreme_weights(np.array(weight))
    for weight in ([largest, largest], [tiny / 2], [5e-324]):
        with pytest.raises(ValueError, match="Divide the weights by the largest of them"):
            refuse_extreme_weights(np.array(weight))


def test_weight_0_is_a_sequence_left_out_also_if_it_is_the_only_one_of_its_group(ragged, numbers):
    groups = np.repeat(np.arange(10), 4)
    weight = np.where(groups == 3, 0.0, 1.0)
    kept = np.flatnonzero(weight)
    for settings in ({}, {"early_stopping": True}):
        model = GRURegressor(**TINY | {"batch_size": 8}, **settings)
        weighted = model.fit(ragged, numbers, sample_weight=weight, groups=groups).theta_.tobytes()
        assert model.fit([ragged[j] for j in kept], numbers[kept], groups=groups[kept]).theta_.tobytes() == weighted


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("a", "Expected numbers in sample_weight, got strings"),
        (np.datetime64("2026-01-01"), "Expected numbers in sample_weight, .* 0, got a time"),
        (None, "sample_weight contains NaN"),
        pytest.param(10**400, "sample_weight contains infinity", id="huge"),
    ],
)
@pytest.mark.parametrize("per_step", [False, True])
def test_weights_that_are_no_numbers_are_refused_as_features_are(ragged, numbers, steps, first, message, per_step):
    model = GRURegressor(**TINY, return_sequences=per_step)
    y = steps if per_step else numbers
    weight = [first, *[1.0] * (len(y) - 1)]
    with pytest.raises(ValueError, match=message):
        model.fit(ragged, y, sample_weight=weight)
    if not per_step and first is not None and first != 10**400:
        with pytest.raises(ValueError, match=message):
            model.fit(ragged, y).score(ragged, y, sample_weight=weight)


def test_weights_that_are_written_as_strings_are_refused_with_the_line_that_reads_them(ragged, numbers):
    names = {"sample_weight": ["1.5"] * len(numbers), "np": np}
    with pytest.raises(ValueError, match="Convert numbers that are written as strings") as error:
        GRURegressor(**TINY).fit(ragged, numbers, sample_weight=names["sample_weight"])
    exec(str(error.value).partition("strings: ")[2], names)
    GRURegressor(**TINY).fit(ragged, numbers, sample_weight=names["sample_weight"])
