"""From the raw outputs of a network to predictions, as ONNX operators."""

from __future__ import annotations

import numpy as np

from .._estimators.target_encoders import ClassEncoder


class PredictionGraph:
    """Adds the predictions of a model to a graph, and makes them its outputs.

    encoder : the target encoder of the model
    dtype : of raw outputs and of predicted numbers
    leading : the axes of outputs in front of their own
    """

    def __init__(self, graph, encoder, dtype, leading):
        self.graph = graph
        self.encoder = encoder
        self.dtype = dtype
        self.leading = leading

    def add(self, raw, nan_at_padding):
        """
        raw (..., K) : raw outputs
        nan_at_padding : a function of numbers (..., K), which puts NaN where there is no output
        """
        if isinstance(self.encoder, ClassEncoder):
            self._add_classes(raw, nan_at_padding)
        else:
            self._add_numbers(raw, nan_at_padding)

    def _add_classes(self, raw, nan_at_padding):
        graph = self.graph
        is_positive = graph.add("Greater", raw, np.zeros((), self.dtype))
        probabilities = self._probabilities(raw)
        n_classes = len(self.encoder.classes)
        if self.encoder.multilabel:
            graph.add("Where", is_positive, np.array(1), np.array(0), name="label")
            graph.add_output("label", np.int64, (*self.leading, n_classes))
        else:
            if self.encoder.binary:
                chosen = graph.add("Where", is_positive, np.array(1), np.array(0))
                chosen = graph.add("Squeeze", chosen, np.array([-1]))
            else:
                chosen = graph.add("ArgMax", raw, axis=-1, keepdims=0)
            classes = _as_labels(self.encoder.classes)
            graph.add("Gather", classes, chosen, axis=0, name="label")
            graph.add_output("label", classes.dtype, self.leading)
        graph.add("Identity", nan_at_padding(probabilities), name="probabilities")
        graph.add_output("probabilities", self.dtype, (*self.leading, n_classes))

    def _probabilities(self, raw):
        if self.encoder.binary:
            raw = self.graph.add("Mul", raw, np.array([-1, 1], self.dtype))
        if self.encoder.link == "logistic":
            return self.graph.add("Sigmoid", raw)
        return self.graph.add("Softmax", raw, axis=-1)

    def _add_numbers(self, raw, nan_at_padding):
        graph = self.graph
        encoder = self.encoder
        if encoder.link == "exponential":
            raw = graph.add("Exp", raw)
        scale = np.repeat(encoder.scale, encoder.n_quantiles).astype(self.dtype)
        mean = np.repeat(encoder.mean, encoder.n_quantiles).astype(self.dtype)
        y = nan_at_padding(graph.add("Add", graph.add("Mul", raw, scale), mean))
        n_outputs = len(encoder.scale)
        own = () if encoder.is_1d else (n_outputs,)
        if encoder.several_quantiles:
            own = (*own, encoder.n_quantiles)
            y = self._sorted(y, n_outputs)
        graph.add("Reshape", y, self._shape(*own), name="variable")
        graph.add_output("variable", self.dtype, (*self.leading, *own))

    def _shape(self, *own):
        """Of a Reshape: a 0 stands for the size that there is."""
        return np.array([*(0 for _ in self.leading), *own])

    def _sorted(self, y, n_outputs):
        """Quantiles in ascending order: estimates of several may cross."""
        n = self.encoder.n_quantiles
        y = self.graph.add("Reshape", y, self._shape(n_outputs, n))
        ascending, _ = self.graph.add_with("TopK", 2, y, np.array([n]), largest=0, sorted=1)
        return ascending


def _as_labels(classes):
    """Classes in a dtype that outputs have: int64, float, bool or strings."""
    if classes.dtype.kind in "iu":
        return classes.astype(np.int64)
    if classes.dtype.kind == "f" and classes.dtype.itemsize not in (4, 8):
        return classes.astype(np.float32)
    return classes
