"""Buffers of a workspace: where they begin in memory."""

import numpy as np
import pytest

from sklearn_recurrent._core.workspace import CACHE_LINE, PAGE, Workspace, aligned


def address(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_buffers_begin_with_a_line_of_the_cache_and_each_elsewhere_in_its_page(dtype):
    workspace = Workspace(dtype)
    buffers = [workspace(name, 100, 7) for name in range(8)]
    places = [address(buffer) % PAGE for buffer in buffers]
    assert not any(place % CACHE_LINE for place in places)
    assert len(set(places)) == len(buffers)
    for number, buffer in enumerate(buffers):
        assert buffer.dtype == dtype
        assert buffer.flags.c_contiguous
        buffer[...] = number
    assert [np.unique(buffer).tolist() for buffer in buffers] == [[number] for number in range(8)]


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (5, 4, 3)])
def test_an_aligned_array_has_any_shape(shape):
    array = aligned(np.dtype(np.float32), *shape)
    assert array.shape == shape
    array[...] = 1
    assert array.sum() == np.prod(shape)
