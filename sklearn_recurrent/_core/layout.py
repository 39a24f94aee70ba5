"""Names and shapes of the parts of one flat vector of weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Rows(NamedTuple):
    """Some rows of the table at the end of theta, and of any vector that is laid out alike.

    first : where the table begins
    width : its columns
    numbers : of the rows, each once
    """

    first: int
    width: int
    numbers: np.ndarray

    def table(self, theta):
        """A view of the whole table."""
        return theta[self.first :].reshape(-1, self.width)

    def compact(self, theta):
        """What comes before the table, and these rows."""
        return np.concatenate([theta[: self.first], self.table(theta).take(self.numbers, axis=0).ravel()])


class Layout:
    """Where each named array lies in `theta`.

    shapes : name → shape, in the order in which they follow each other
    table : name and columns of one more, at the end; it has as many rows as theta has room for
    """

    def __init__(self, shapes, table=None):
        self.shapes, self._slices, self.size = dict(shapes), {}, 0  # size: without the table
        for name, shape in self.shapes.items():
            stop = self.size + int(np.prod(shape))
            self._slices[name] = slice(self.size, stop)
            self.size = stop
        self.table_width = None
        if table is not None:
            name, self.table_width = table
            self.shapes[name], self._slices[name] = (-1, self.table_width), slice(self.size, None)

    def views(self, theta):
        """Name → view of `theta` in the shape of the part."""
        return {name: theta[self._slices[name]].reshape(shape) for name, shape in self.shapes.items()}
