"""Buffers that outlive a batch, each with one owner."""

from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import count

import numpy as np

CACHE_LINE = 64
PAGE = 4096
_numbers = count()  # of all buffers


class Workspace:
    """Arrays to compute in, reused from batch to batch.

    A new array of megabytes costs a page fault per 4 KiB: hence the reuse.

    ``workspace(name, *shape)`` is a C-contiguous array with unspecified values. It lies in the same
    memory each time, until a larger shape needs more.

    ``workspace.child(name)`` is a workspace within this one, the same each time. Its names are its
    own: "a" of one child and "a" of another are different buffers. Whatever keeps buffers takes a
    child named after itself, and whoever creates several of a kind gives each its own workspace. So
    no two share a buffer because they happen to use one name.

    ``workspace.claim()`` begins a pass. It returns a function that raises an error if another pass
    has begun since: what must still be in the buffers is then lost.

    ``with workspace.temporary() as buffers`` is a workspace for the length of the block. Blocks
    take turns in the same memory, whoever opens them; blocks that are open at the same time have
    different memory.
    """

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)
        self._own = {}  # name → memory
        self._views = {}  # name → the array handed out last: the usual call is one lookup
        self._children = {}
        self._pass = None
        self._free = []  # temporary workspaces that no open block has; one list for the whole tree

    def __call__(self, name, *shape):
        view = self._views.get(name)
        if view is None or view.shape != shape:
            size = math.prod(shape)
            memory = self._own.get(name)
            if memory is None or memory.size < size:
                memory = self._own[name] = aligned(self.dtype, size)
            view = self._views[name] = memory[:size].reshape(shape)
        return view

    def child(self, name):
        child = self._children.get(name)
        if child is None:
            child = self._children[name] = Workspace(self.dtype)
            child._free = self._free
        return child

    def claim(self):
        this = self._pass = object()

        def check():
            if self._pass is not this:
                raise RuntimeError(
                    "expected the buffers of this forward pass, got those of a later one: "
                    "call its backward pass first, or use another workspace"
                )

        return check

    @contextmanager
    def temporary(self):
        if not self._free:
            self._free.append(self.child(object()))  # a key that equals no name
        # Last in, first out: blocks that follow each other work in memory that is still in the
        # processor's cache.
        buffers = self._free.pop()
        try:
            yield buffers
        finally:
            self._free.append(buffers)

    @property
    def _held(self):
        """Path → memory, for this workspace and all within it."""
        held = {(name,): memory for name, memory in self._own.items()}
        for name, child in self._children.items():
            held |= {(name, *path): memory for path, memory in child._held.items()}
        return held


def aligned(dtype, *shape):
    """A new array with unspecified values, which begins with a line of the processor's cache.

    NumPy's own large arrays begin 16 bytes behind a page of memory. There every other access of AVX2, and every one of
    AVX-512, is to two lines of the cache. And what is read and what is written lie at the same place of their pages,
    which the processor takes for one address. Here each array begins at another place of its page.
    """
    memory = np.empty(math.prod(shape) * dtype.itemsize + PAGE, np.uint8)
    place = next(_numbers) * (PAGE // 2 + CACHE_LINE)
    return np.ndarray(shape, dtype, memory, offset=(place - memory.ctypes.data) % PAGE)
