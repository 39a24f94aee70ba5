"""Threads: a few that work on pieces of a batch, and BLAS held at one."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache

import threadpoolctl

from .workspace import Workspace


class WorkerPool:
    """``map(function, pieces)`` yields ``function(piece, scratch)`` for each piece, in order; a context manager.

    With one thread a result is used before the next piece begins, and may lie in `scratch`. With several it may not:
    `is_serial` tells. NumPy releases the interpreter's lock inside its loops and products, so threads help where these
    are long: from some 4,000 units times sequences in a piece on.
    """

    def __init__(self, dtype, n_threads=1):
        self.dtype, self.n_threads, self.is_serial = dtype, n_threads, n_threads == 1
        self._spaces, self._stack, self._executor = deque(), ExitStack(), None

    def __enter__(self):
        if not self.is_serial:
            self._executor = self._stack.enter_context(ThreadPoolExecutor(self.n_threads))
        return self

    def __exit__(self, *error):
        self._stack.close()

    def map(self, function, pieces):
        def work(piece):
            try:
                scratch = self._spaces.pop()
            except IndexError:
                scratch = Workspace(self.dtype)
            try:
                return function(piece, scratch)
            finally:
                self._spaces.append(scratch)

        return map(work, pieces) if self.is_serial or len(pieces) < 2 else self._executor.map(work, pieces)


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
