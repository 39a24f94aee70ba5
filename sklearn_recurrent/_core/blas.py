"""One BLAS thread for the small products of a recurrent net."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import cache

import threadpoolctl

_lock = threading.Lock()
_holders = 0
_limiter = None


@cache
def _controller():
    return threadpoolctl.ThreadpoolController()  # looks through every loaded library: once is enough


def _take_over():
    """Newer threadpoolctl obeys one Python thread only, the first to set a limit; here any may be first or last."""
    release = getattr(getattr(threadpoolctl, "OpenBLASController", None), "clear_controlling_thread", None)
    if release is not None:
        release(force=True)


@contextmanager
def single_blas_thread():
    """Limit BLAS to one thread while any thread is inside.

    BLAS keeps one limit for the whole process. Several fits at once (joblib's threading backend) would restore it in
    the wrong order, so the first to enter sets it and the last to leave restores it.
    """
    global _holders, _limiter
    with _lock:
        if _holders == 0:
            _take_over()
            _limiter = _controller().limit(limits=1, user_api="blas")
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0:
                _take_over()
                _limiter.restore_original_limits()
                _take_over()
                _limiter = None
