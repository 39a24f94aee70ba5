"""How NumPy computes with a batch: overflow is no warning, and ufuncs copy through a small buffer."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np

BUFFER_SIZE = 512
"""Numbers in NumPy's buffer. The gates of all steps are blocks with other gates between them. NumPy copies such blocks
through its buffer if that holds several, which takes longer than to compute with each where it is."""


@contextmanager
def quiet_arithmetic(**errors):
    """Weights may have diverged, or be on the way to it: what looks for that looks once.

    errors : further arguments of `numpy.errstate`
    """
    with np.errstate(over="ignore", invalid="ignore", **errors):
        size = np.setbufsize(BUFFER_SIZE)
        try:
            yield
        finally:
            np.setbufsize(size)
