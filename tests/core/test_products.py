"""Products in blocks of rows: the bits of the whole product, and only where BLAS is known to be faster so."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_recurrent._core import products
from sklearn_recurrent._core.products import SMALL, product


@pytest.fixture(params=[1 << 15, 3 << 14])
def avx512(request, monkeypatch):
    """OpenBLAS with kernels for AVX-512, and a first-level cache of 32 or 48 KB."""
    monkeypatch.setattr(products, "blas_architectures", lambda: {"SkylakeX"})
    monkeypatch.setattr(products, "_first_level_cache", lambda: request.param)


def is_in_blocks(W, n):
    return product(W, (n,)).__name__ == "product_in_blocks"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("units", "n_features", "n"), [(64, 16, 64), (64, 1, 64), (128, 32, 32), (70, 5, 48), (200, 3, 16), (32, 8, 256)]
)
def test_a_product_in_blocks_has_the_bits_of_the_whole(units, n_features, n, dtype, avx512):
    rng = np.random.default_rng(0)
    W = rng.standard_normal((4 * units, n_features + 1 + units)).astype(dtype)
    u = rng.standard_normal((W.shape[1], n)).astype(dtype)
    out = np.full((len(W), n), np.nan, dtype)
    product(W, (n,))(u, out)
    assert_array_equal(out, W @ u)


def test_blocks_are_small_and_about_equal(avx512):
    for m, k, n in [(256, 81, 64), (512, 161, 32), (384, 100, 48), (1000, 120, 32)]:
        size = products._rows_at_once(m, k, n, 4)
        assert size % 16 == 0
        assert size * k * n <= SMALL
        assert products.FEWEST_ROWS <= size < m
        assert -(-m // size) <= -(-m * k * n // SMALL) + 1


def test_products_that_would_gain_nothing_are_whole(avx512):
    assert is_in_blocks(np.zeros((256, 81), np.float32), 64)
    assert not is_in_blocks(np.zeros((128, 81), np.float32), 64)  # small as it is
    assert not is_in_blocks(np.zeros((256, 81), np.float32), 63)  # would round otherwise
    assert not is_in_blocks(np.zeros((256, 81), np.float32), 256)  # what enters a step outgrows the cache
    assert not is_in_blocks(np.zeros((1024, 280), np.float32), 16)  # sums that BLAS divides
    W = np.ones((256, 81), np.float32)
    assert product(W, ())(np.ones(81, np.float32)).tolist() == [81.0] * 256  # of a single sequence


@pytest.mark.parametrize("architectures", [{"Haswell"}, {"other"}, {"SkylakeX", "Haswell"}, {"ZEN"}])
def test_products_are_whole_with_other_kernels(architectures, avx512, monkeypatch):
    monkeypatch.setattr(products, "blas_architectures", lambda: architectures)
    assert not is_in_blocks(np.zeros((256, 81), np.float32), 64)


def test_the_cache_of_an_unknown_system_is_taken_to_be_small(monkeypatch):
    ask = products._first_level_cache.__wrapped__
    for answer in (lambda name: 0, lambda name: -1):
        monkeypatch.setattr(products.os, "sysconf", answer, raising=False)
        assert ask() == 1 << 15
    monkeypatch.setattr(products.os, "sysconf", lambda name: 3 << 14, raising=False)
    assert ask() == 3 << 14
    monkeypatch.delattr(products.os, "sysconf")
    assert ask() == 1 << 15
