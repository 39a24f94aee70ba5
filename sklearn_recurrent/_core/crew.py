"""A few threads that work on pieces of a batch."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from .runs import Workspace


class Crew:
    """``each(function, pieces)`` yields ``function(piece, scratch)`` for each piece, in order; a context manager.

    With one thread a result is used before the next piece begins, and may lie in `scratch`. With several it may not:
    `alone` tells. NumPy releases the interpreter's lock inside its loops and products, so threads help where these are
    long: from some 4,000 units times sequences in a piece on.
    """

    def __init__(self, dtype, n_threads=1):
        self.dtype, self.n_threads, self.alone = dtype, n_threads, n_threads == 1
        self._spaces, self._stack, self._executor = deque(), ExitStack(), None

    def __enter__(self):
        if not self.alone:
            self._executor = self._stack.enter_context(ThreadPoolExecutor(self.n_threads))
        return self

    def __exit__(self, *error):
        self._stack.close()

    def each(self, function, pieces):
        def work(piece):
            try:
                scratch = self._spaces.pop()
            except IndexError:
                scratch = Workspace(self.dtype)
            try:
                return function(piece, scratch)
            finally:
                self._spaces.append(scratch)

        return map(work, pieces) if self.alone or len(pieces) < 2 else self._executor.map(work, pieces)
