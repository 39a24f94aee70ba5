"""Mean and scale of features, where rounding and extreme weights could spoil them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_recurrent._core import ragged
from sklearn_recurrent._core.preprocessing import (
    ForwardFill,
    Standardizer,
    carried,
    mean_and_scale,
    mean_and_scale_of_present,
)
from sklearn_recurrent._core.ragged import Ragged, Sequences


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("constant", [0.0, 1.0, 1 / 3, -1e9])
def test_a_constant_feature_has_scale_one_also_if_its_values_have_moved_in_their_last_place(dtype, constant):
    values = np.full((6, 2), constant, dtype)
    values[:, 1] = np.arange(6)
    side = np.array([-1, 1, 1, -1, 1, 1]) * np.inf
    values[:, 0] = np.nextafter(values[:, 0], side.astype(dtype))
    mean, scale = mean_and_scale(Ragged.from_lengths(values, [3, 1, 2]), np.ones(3))
    assert_allclose(mean[0], constant, rtol=1e-6, atol=1e-30)
    assert_allclose(scale, [1, np.std(np.arange(6))])


def test_a_feature_that_varies_by_more_than_rounding_is_scaled():
    values = 1 + 1e-6 * np.arange(6.0)[:, None]
    _, scale = mean_and_scale(Ragged.from_lengths(values.astype(np.float32), [3, 1, 2]), np.ones(3))
    assert_allclose(scale, values.std(), rtol=0.1)


@pytest.mark.parametrize("factor", [1e-300, 1e-3, 1e3, 1e307])
def test_mean_and_scale_depend_on_the_proportions_of_the_weights_alone(factor):
    """Also if their sum over all steps overflows."""
    X = Ragged.from_lengths(np.random.default_rng(0).normal(5, 3, size=(60, 2)), [30, 10, 20])
    weight = np.array([1.0, 2.0, 4.0])
    expected = mean_and_scale(X, weight)
    assert_allclose(mean_and_scale(X, weight * factor), expected, rtol=1e-14)
    assert np.array_equal(mean_and_scale(X, weight * 2.0**-900), expected)


# --- missing values ---------------------------------------------------------------------------------------------------

LENGTHS = [3, 1, 7, 2, 5, 1, 9]


def with_holes(dtype=np.float64, seed=0, share=0.4):
    """Sequences of three features; the last is missing throughout in some of them."""
    rng = np.random.default_rng(seed)
    values = rng.normal(5, 3, size=(sum(LENGTHS), 3)).astype(dtype)
    values[rng.random(values.shape) < share] = np.nan
    values[4:11, 2] = np.nan
    return Ragged.from_lengths(values, LENGTHS)


def carried_by_a_loop(X, before):
    filled = []
    for x, last in zip(X, before, strict=True):
        for step in x:
            last = np.where(np.isnan(step), last, step)
            filled.append(last)
    return np.array(filled)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_last_value_before_is_carried_within_a_sequence_alone(dtype, share):
    X = with_holes(dtype, share=share)
    original = X.values.copy()
    values, missing = carried(X.values, X.offsets)
    assert_array_equal(values, carried_by_a_loop(X, np.full((len(X), 3), np.nan)))
    assert_array_equal(missing, np.isnan(X.values))
    assert values.dtype == dtype
    before = np.random.default_rng(1).normal(size=(len(X), 3))
    before[::2, 1] = np.nan
    values, _ = carried(X.values, X.offsets, before)
    assert_array_equal(values, carried_by_a_loop(X, before))
    assert_array_equal(X.values, original)


@pytest.mark.parametrize("block", [1, 8, 1 << 16])
def test_sequences_are_carried_alike_whichever_of_them_are_taken(block, monkeypatch):
    monkeypatch.setattr(ragged, "BLOCK", block)
    X = with_holes()
    fill = ForwardFill(Standardizer(np.array([5.0, 4, 6]), np.array([3.0, 2, 1])))
    whole = fill.network_inputs(X, np.float64)
    lazy = fill.network_inputs(Sequences(list(X), X.lengths, X.dtype), np.float64)
    assert whole.n_features == lazy.n_features == 6
    assert_array_equal(lazy.joined().values, whole.values)
    rows = np.array([6, 0, 2])
    assert_array_equal(lazy.take(rows).values, whole.take(rows).values)
    assert_array_equal(lazy.select(rows).take(np.array([2])).values, whole.take(rows[2:]).values)
    assert np.isfinite(whole.values).all()


@pytest.mark.parametrize("of_model", [np.float32, np.float64])
@pytest.mark.parametrize("of_X", [np.float32, np.float64])
def test_a_value_that_is_not_known_yet_is_exactly_0(of_model, of_X):
    mean = np.array([1 / 3, 1e6 / 7, -1 / 9])
    X = Ragged.from_lengths(np.full((2, 3), np.nan, of_X), [2])
    inputs = ForwardFill(Standardizer(mean, mean**2)).network_inputs(X, np.dtype(of_model))
    assert inputs.values.dtype == of_model
    assert inputs.values.tolist() == [[0, 0, 0, 1, 1, 1]] * 2


@pytest.mark.parametrize("block", [1, 8, 1 << 16])
def test_mean_and_scale_of_values_that_are_there(block, monkeypatch):
    monkeypatch.setattr(ragged, "BLOCK", block)
    X = with_holes()
    X.values[:, 2] = np.nan
    weight = np.array([1.0, 2, 1, 3, 1, 2, 1])
    mean, scale = mean_and_scale_of_present(Sequences(list(X), X.lengths, X.dtype), weight)
    repeated = np.repeat(X.values, np.repeat(weight, LENGTHS).astype(int), axis=0)[:, :2]
    assert_allclose(mean[:2], np.nanmean(repeated, axis=0), rtol=1e-13)
    assert_allclose(scale[:2], np.nanstd(repeated, axis=0), rtol=1e-13)
    assert (mean[2], scale[2]) == (0, 1)
    complete = with_holes(share=0.0)
    complete.values[4:11, 2] = 0
    assert_array_equal(mean_and_scale_of_present(complete, weight), mean_and_scale(complete, weight))
