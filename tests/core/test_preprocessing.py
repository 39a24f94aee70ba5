"""Mean and scale of features, where rounding and extreme weights could spoil them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_recurrent._core.preprocessing import mean_and_scale
from sklearn_recurrent._core.ragged import Ragged


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
