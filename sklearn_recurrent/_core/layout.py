"""Names and shapes of the parts of one flat vector of weights."""

from __future__ import annotations

import numpy as np


class Layout:
    """Where each named array lies in `theta`.

    shapes : name → shape, in the order in which they follow each other
    """

    def __init__(self, shapes):
        self.shapes, self._slices, self.size = dict(shapes), {}, 0
        for name, shape in self.shapes.items():
            stop = self.size + int(np.prod(shape))
            self._slices[name] = slice(self.size, stop)
            self.size = stop

    def views(self, theta):
        """Name → view of `theta` in the shape of the part."""
        return {name: theta[self._slices[name]].reshape(shape) for name, shape in self.shapes.items()}
