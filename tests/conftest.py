"""What all tests share: the environment, before NumPy and scikit-learn are imported, and ragged data."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # or scikit-learn skips check_array_api_input
for library in ("OMP", "OPENBLAS", "MKL"):  # several workers, each with threads of its own, would wait for each other
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np
import pytest


@pytest.fixture
def ragged():
    """40 sequences of 3 to 9 steps and 2 features."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, 2)) for length in rng.integers(3, 10, 40)]


@pytest.fixture
def labels(ragged):
    """Two classes, by the sum of the first feature."""
    return np.array(["low", "high"])[[int(x[:, 0].sum() > 0) for x in ragged]]


@pytest.fixture
def three_labels(ragged):
    sums = np.array([x[:, 0].sum() for x in ragged])
    return np.digitize(sums, np.quantile(sums, [1 / 3, 2 / 3]))


@pytest.fixture
def numbers(ragged):
    """A number for each sequence, in a unit of its own: around 500, spread 10."""
    return 500 + 10 * np.array([x[:, 0].mean() - x[-1, 1] for x in ragged])
