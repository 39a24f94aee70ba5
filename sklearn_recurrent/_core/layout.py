"""All weights in one flat vector: names and shapes of its parts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Rows(NamedTuple):
    """Some rows of the table at the end of theta, or of a gradient or moment of the same layout.

    first : where the table begins
    width : its number of columns
    numbers : the numbers of the rows, each once
    """

    first: int
    width: int
    numbers: np.ndarray

    def table(self, theta):
        """A view of the whole table."""
        return theta[self.first :].reshape(-1, self.width)

    def compact(self, theta):
        """What comes before the table, followed by these rows of it."""
        rows = self.table(theta).take(self.numbers, axis=0)
        return np.concatenate([theta[: self.first], rows.ravel()])


class Layout:
    """Where each named array lies in `theta`.

    shapes : name → shape, in the order in which they follow each other
    table : name and number of columns of one more array, at the end. Its rows are as many as theta
        has room for: a compact gradient holds the rows of a batch only.
    """

    def __init__(self, shapes, table=None):
        self.shapes = dict(shapes)
        self.size = 0  # without the table
        self.table_width = None
        self._slices = {}
        for name, shape in self.shapes.items():
            stop = self.size + int(np.prod(shape))
            self._slices[name] = slice(self.size, stop)
            self.size = stop
        if table is not None:
            name, self.table_width = table
            self.shapes[name] = (-1, self.table_width)
            self._slices[name] = slice(self.size, None)

    def views(self, theta):
        """Name → view of `theta` in the shape of the part."""
        return {name: theta[self._slices[name]].reshape(shape) for name, shape in self.shapes.items()}
