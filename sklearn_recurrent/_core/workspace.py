"""Named buffers that outlive a batch."""

from __future__ import annotations

import math

import numpy as np


class Workspace:
    """Named buffers that outlive a batch: a fresh array of megabytes costs a page fault per 4 KiB."""

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)
        self._held, self._views = {}, {}

    def __call__(self, name, *shape):
        view = self._views.get(name)
        if view is None or view.shape != shape:
            size, held = math.prod(shape), self._held.get(name)
            if held is None or held.size < size:
                held = self._held[name] = np.empty(size, self.dtype)
            view = self._views[name] = held[:size].reshape(shape)
        return view
