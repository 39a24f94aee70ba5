"""From X to what the first layer of a network reads, as ONNX operators."""

from __future__ import annotations

import numpy as np

from .._core.preprocessing import ForwardFill, Vocabulary

DENSE = 4
"""A table over all integers from the first token to the last may be so many times as long as the vocabulary."""


class InputGraph:
    """Adds the preprocessing of a model to a graph. The last axis of X is that of features; there is none for tokens.

    state : the `FittedState` of the model
    W : the weights by name
    inner : the dtype in which the layers compute; values are scaled in that of the model
    """

    def __init__(self, graph, state, W, inner):
        self.graph = graph
        self.preprocessor = state.preprocessor
        self.static_preprocessor = state.static_preprocessor
        self.tables = [W[name] for name in state.network.tables]
        self.table = W.get("embedding/E")
        self.dtype = state.theta.dtype
        self.inner = inner

    def network_inputs(self, X, at_padding, carry):
        """What the first layer reads, 0 at padding, whatever stands there.

        at_padding : ``at_padding(values, otherwise)`` has `otherwise` at steps that are padding
        carry : ``carry(X)`` has the last number before it in the place of each NaN, and NaN where there is none
        """
        zero = np.zeros((), self.inner)
        if isinstance(self.preprocessor, Vocabulary):
            vectors = self.graph.add("Gather", self.table, self._rows_of_tokens(X), axis=0)
            return at_padding(vectors, zero)
        X = at_padding(X, np.zeros((), self.dtype))
        parts = []
        if isinstance(self.preprocessor, ForwardFill):
            missing = self.graph.add("IsNaN", X)
            X = carry(X)
            mean = self.preprocessor.mean.astype(self.dtype)
            X = self.graph.add("Where", self.graph.add("IsNaN", X), mean, X)
            indicators = self.graph.add("Where", missing, np.ones((), self.inner), zero)
            parts.append(self._numbers(indicators))
        scaled = self._scaled(X, self.preprocessor.mean, self.preprocessor.scale)
        if self.preprocessor.is_number.any():
            parts.insert(0, self._numbers(scaled))
        parts.extend(self._vectors_of_categories(X))
        # Padding is 0 once more: the layers must not run through large numbers there.
        return at_padding(self.graph.concat(parts, -1), zero)

    def static(self):
        """The static values, scaled, as a further input of the graph; None if there are none."""
        if self.static_preprocessor is None:
            return None
        mean = self.static_preprocessor.mean
        static = self.graph.add_input("static", self.dtype, ("n", len(mean)))
        return self._scaled(static, mean, self.static_preprocessor.scale)

    def _scaled(self, X, mean, scale):
        """Scaled in the dtype of the model; rounded to that of the layers afterwards."""
        if mean.any() or (scale != 1).any():
            X = self.graph.add("Sub", X, mean.astype(self.dtype))
            X = self.graph.add("Div", X, scale.astype(self.dtype))
        return self.graph.cast_from(X, self.dtype, self.inner)

    def _numbers(self, values):
        """The columns that are no categories."""
        is_number = self.preprocessor.is_number
        if is_number.all():
            return values
        return self.graph.add("Gather", values, np.flatnonzero(is_number), axis=-1)

    def _vectors_of_categories(self, X):
        columns = np.flatnonzero(~self.preprocessor.is_number)
        for column, E in zip(columns, self.tables, strict=True):
            rows = self.graph.cast(self.graph.add("Gather", X, np.array(column), axis=-1), np.int64)
            yield self.graph.add("Gather", E, self._known(rows, 0, len(E) - 1, 0), axis=0)

    def _known(self, numbers, lowest, highest, otherwise):
        """Integers from `lowest` to `highest`; another value becomes `otherwise`."""
        graph = self.graph
        too_low = graph.add("Less", numbers, np.array(lowest))
        too_high = graph.add("Greater", numbers, np.array(highest))
        return graph.add("Where", graph.add("Or", too_low, too_high), np.array(otherwise), numbers)

    def _rows_of_tokens(self, X):
        """The row of each token in the embedding table; of an unknown one 0."""
        graph = self.graph
        tokens = self.preprocessor.tokens.astype(np.int64)
        lowest = int(tokens[0])
        highest = int(tokens[-1])
        span = highest - lowest + 1
        if span <= DENSE * len(tokens) + 1024 and highest < np.iinfo(np.int64).max:
            row_of = np.zeros(span + 1, np.int64)  # the last entry is for tokens outside
            row_of[tokens - lowest] = np.arange(1, len(tokens) + 1)
            inside = self._known(X, lowest, highest, highest + 1)
            return graph.add("Gather", row_of, graph.add("Sub", inside, np.array(lowest)), axis=0)
        return self._rows_by_search(X, tokens)

    def _rows_by_search(self, X, tokens):
        """The same for a sparse vocabulary, by bisection: all runtimes know its operators."""
        graph = self.graph
        size = 1 << (len(tokens) - 1).bit_length()
        # OpenVINO has int32 in the place of int64, so what fills the table is no larger than it must be.
        table = np.full(size, max(tokens[-1], np.iinfo(np.int32).max))
        table[: len(tokens)] = tokens
        place = graph.add("Mul", X, np.array(0))
        half = size // 2
        while half:
            further = graph.add("Add", place, np.array(half))
            is_beyond = graph.add("Less", X, graph.add("Gather", table, further, axis=0))
            place = graph.add("Where", is_beyond, place, further)
            half //= 2
        place = graph.add("Min", place, np.array(len(tokens) - 1))
        is_known = graph.add("Equal", X, graph.add("Gather", table, place, axis=0))
        return graph.add("Where", is_known, graph.add("Add", place, np.array(1)), np.array(0))
