"""Threads: a few that work on pieces of a batch, and BLAS held at one."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from itertools import repeat

import threadpoolctl

from .workspace import Workspace


class WorkerPool:
    """``map(function, pieces)`` yields ``function(piece, scratch)`` for each piece, in order; a context manager.

    With one thread a result is used before the next piece begins, and may lie in `scratch`. With several it may not:
    `is_serial` tells. NumPy releases the interpreter's lock inside its loops and products, so threads help where these
    are long: from some 4,000 units times sequences in a piece on.
    """

    def __init__(self, dtype, n_threads=1):
        self.dtype = dtype
        self.n_threads = n_threads
        self.is_serial = n_threads == 1
        self._workspace = Workspace(dtype)  # of the only thread
        self._spaces = deque()  # of several threads, each while no thread is in it
        self._executor = None

    def __enter__(self):
        if not self.is_serial:
            self._executor = ThreadPoolExecutor(self.n_threads)
        return self

    def __exit__(self, *error):
        try:
            self._shut_down()
        except BaseException:  # an interrupt, while threads finish their pieces
            self._shut_down()
            raise

    def _shut_down(self):
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def map(self, function, pieces):
        if self.is_serial:
            return map(function, pieces, repeat(self._workspace))

        def work(piece):
            try:
                scratch = self._spaces.pop()
            except IndexError:
                scratch = Workspace(self.dtype)
            try:
                return function(piece, scratch)
            finally:
                self._spaces.append(scratch)

        if len(pieces) < 2:
            return map(work, pieces)
        return self._executor.map(work, pieces)


class SingleBlasThread:
    """Limits BLAS to one thread while any thread is inside.

    BLAS keeps one limit for the whole process. Several fits at once (joblib's threading backend) would restore it in
    the wrong order, so the first to enter sets it and the last to leave restores it.

    An interrupt (Ctrl-C) may come between any two bytecodes of this class, too, in any thread. So nothing is counted:
    `_holders` has whoever is inside, `_saved` what BLAS had before, and `_reconcile` makes BLAS what these two say. It
    may be interrupted anywhere and called again. What it has not finished is done at once, by an `except`; failing
    that, when the object goes, and failing that, by the next to enter.
    """

    def __enter__(self):
        try:
            self._hold(sys._getframe(1))
        except BaseException:
            self._let_go()
            raise

    def __exit__(self, *error):
        try:
            self._let_go()
        except BaseException:
            self._let_go()
            raise

    def _hold(self, frame):
        self._frame = frame
        self._thread = threading.get_ident()
        with _lock:
            _forget_abandoned(frame)
            _holders[id(self)] = weakref.ref(self, _on_abandoned)
            _reconcile()

    def _let_go(self):
        with _lock:
            _holders.pop(id(self), None)
            _reconcile()
        self._frame = None

    def is_abandoned(self, frame):
        """Whether an interrupt has left this behind in the thread that now runs `frame`: the with statement is over."""
        if self._thread != threading.get_ident():
            return False
        while frame is not None and frame is not self._frame:
            frame = frame.f_back
        return frame is None


_lock = threading.RLock()  # a signal handler may come in the midst of it, and may itself predict

_holders = {}  # by id, weak references to each `SingleBlasThread` that is inside

_saved = None  # each BLAS library with the number of its threads before the first came inside; None: BLAS is as it was


def single_blas_thread():
    """A context manager that limits BLAS to one thread while any thread is inside."""
    return SingleBlasThread()


ONE_COLUMN = 9_000
SEVERAL_COLUMNS = 200_000
"""Multiplications of a product below which BLAS takes one thread by itself: OpenBLAS divides products of a matrix with
a vector from 9,216 on, and with a matrix from 262,144 on."""


def single_blas_thread_for(n_weights, n_columns=1):
    """The same for products of matrices of `n_weights` together with `n_columns`; nothing where BLAS needs no limit."""
    limit = ONE_COLUMN if n_columns == 1 else SEVERAL_COLUMNS
    return _NOTHING if n_weights * n_columns < limit else single_blas_thread()


_NOTHING = nullcontext()


@cache
def _blas_libraries():
    """Looks through every loaded library: once is enough."""
    return threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers


@cache
def blas_architectures():
    """For which processors the BLAS libraries have taken their kernels, in OpenBLAS' words; "other" for other BLAS."""
    return {getattr(library, "architecture", None) or "other" for library in _blas_libraries()} or {"other"}


def _take_over():
    """Newer threadpoolctl obeys one Python thread only, the first to set a limit; here any may be first or last."""
    release = getattr(getattr(threadpoolctl, "OpenBLASController", None), "clear_controlling_thread", None)
    if release is not None:
        release(force=True)


def _reconcile():
    """Give BLAS one thread if somebody is inside, else what it had before."""
    global _saved
    saved = _saved
    if _holders and saved is None:
        saved = [(library, library.get_num_threads()) for library in _blas_libraries()]
        if _saved is None:  # else a signal handler has come inside meanwhile, and its numbers are those from before
            _saved = saved
        _set_threads([(library, 1) for library, before in _saved if before != 1])
    elif not _holders and saved is not None:
        # Another number than 1 is the user's, who has changed it meanwhile.
        _set_threads([(library, before) for library, before in saved if library.get_num_threads() == 1 != before])
        _saved = None


def _set_threads(numbers):
    if numbers:
        _take_over()
    for library, number in numbers:
        library.set_num_threads(number)


def _forget_abandoned(frame=None):
    for key, reference in list(_holders.items()):
        holder = reference()
        if holder is None or (frame is not None and holder.is_abandoned(frame)):
            _holders.pop(key, None)


def _on_abandoned(reference):
    """An object has gone that was inside: it was interrupted on its way out."""
    if _lock.acquire(blocking=False):  # else whoever has it reconciles
        try:
            _forget_abandoned()
            _reconcile()
        finally:
            _lock.release()


def _in_child_process():
    """Of the threads that were inside, at most the one that forks is in the child: BLAS is as it was before."""
    try:
        _holders.clear()
        _reconcile()
    finally:
        _lock.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_in_child_process)
