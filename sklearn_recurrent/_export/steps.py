"""Which steps of padded sequences are theirs. Padding comes last."""

from __future__ import annotations

import numpy as np


def indices_of(graph, X):
    """(T, 1): 0, 1, … for the steps of X (T, N, ...)."""
    T = graph.add("Gather", graph.add("Shape", X), np.array(0), axis=0)
    return graph.unsqueeze(graph.add("Range", np.array(0), T, np.array(1)), 1)


class Steps:
    """Which of the steps (T, N) of padded sequences are theirs.

    steps (T, 1) : 0, 1, …
    lengths (N,) : int64
    valid, is_last (T, N, 1) : whether a step belongs to its sequence; whether it is the last of it
    """

    def __init__(self, graph, steps, lengths):
        self.graph = graph
        self.lengths = lengths
        of_sequences = graph.unsqueeze(lengths, 0)
        self.valid = graph.unsqueeze(graph.add("Less", steps, of_sequences), 2)
        last = graph.add("Sub", of_sequences, np.array(1))
        self.is_last = graph.unsqueeze(graph.add("Equal", steps, last), 2)

    @classmethod
    def before_nan(cls, graph, X):
        """All steps of X (T, N, F) up to the last one of each sequence that has a number."""
        indices = indices_of(graph, X)
        one = np.array(1)
        is_number = graph.add("Where", graph.add("IsNaN", X), np.array(0), one)
        has_number = graph.add("ReduceMax", is_number, np.array([2]), keepdims=0)
        ends = graph.add("Mul", has_number, graph.add("Add", indices, one))
        return cls(graph, indices, graph.add("ReduceMax", ends, np.array([0]), keepdims=0))

    def reverse(self, values):
        """Each sequence (T, N, F) from its last step to its first; padding stays where it is."""
        return self.graph.add("ReverseSequence", values, self.lengths, time_axis=0, batch_axis=1)

    def where_valid(self, values, otherwise):
        return self.graph.add("Where", self.valid, values, otherwise)

    def last(self, values, dtype):
        kept = self.graph.add("Where", self.is_last, values, np.zeros((), dtype))
        return self.graph.total(kept, 0)

    def mean(self, values, dtype):
        zero = np.zeros((), dtype)
        one = np.ones((), dtype)
        total = self.graph.total(self.where_valid(values, zero), 0)
        count = self.graph.total(self.where_valid(one, zero), 0)  # no cast of lengths: a float16 graph can be made
        return self.graph.add("Div", total, count)

    def max(self, values, dtype):
        kept = self.where_valid(values, np.array(np.finfo(dtype).min, dtype))
        return self.graph.add("ReduceMax", kept, np.array([0]), keepdims=0)
