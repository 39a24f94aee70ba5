"""How NumPy computes with a batch, and how it computes afterwards: as before."""

import warnings

import numpy as np
import pytest

from sklearn_recurrent._core.arithmetic import BUFFER_SIZE, quiet_arithmetic


@pytest.mark.parametrize("fails", [False, True])
def test_the_settings_of_numpy_hold_within_alone(fails):
    before = np.getbufsize(), np.geterr()
    try:
        with quiet_arithmetic(divide="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.getbufsize() == BUFFER_SIZE
            assert np.isinf(np.full(3, 1e300) * 1e300).all()
            assert np.isinf(np.ones(3) / 0).all()
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert fails
    assert (np.getbufsize(), np.geterr()) == before


def test_the_settings_of_the_user_come_back():
    size = np.setbufsize(4096)
    try:
        with quiet_arithmetic():
            pass
        assert np.getbufsize() == 4096
    finally:
        np.setbufsize(size)
