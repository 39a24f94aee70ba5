"""A whole model as a graph: of sequences, or of one time step of streams."""

from __future__ import annotations

import numpy as np

from .cells import add_scan
from .graph import Graph
from .inputs import InputGraph
from .networks import NetworkGraph
from .predictions import PredictionGraph
from .steps import Steps, indices_of


class ModelGraph:
    """What the graphs of sequences and of steps share.

    state : the `FittedState` of the model
    transformers : a `Transformers`, through which each time step passes first
    inner : the dtype in which the layers compute
    """

    def __init__(self, state, transformers, inner, *, as_loop):
        self.graph = Graph()
        self.state = state
        self.transformers = transformers
        self.dtype = state.theta.dtype
        self.inner = np.dtype(inner)
        views = state.network.layout.views(state.theta)
        W = {name: array.astype(self.inner) for name, array in views.items()}
        arguments = state.network_arguments
        self.inputs = InputGraph(self.graph, state, W, self.inner)
        self.network = NetworkGraph(
            self.graph, state.network, W, arguments["cell"], arguments["activation"], as_loop=as_loop
        )

    @property
    def n_features(self):
        """Of a step of X."""
        return self.transformers.n_features or self.state.preprocessor.n_features

    def _add_predictions(self, raw, leading, nan_at_padding):
        raw = self.graph.cast_from(raw, self.inner, self.dtype)
        PredictionGraph(self.graph, self.state.encoder, self.dtype, leading).add(raw, nan_at_padding)


class SequenceGraph(ModelGraph):
    """Predictions of padded sequences."""

    def build(self, padding):
        graph = self.graph
        if self.state.embeds:
            X = graph.add_input("X", np.int64, ("n", "n_steps"))
        else:
            X = graph.add_input("X", self.dtype, ("n", "n_steps", self.n_features))
        X = graph.add("Transpose", X, perm=[1, 0] if self.state.embeds else [1, 0, 2])
        if padding == "nan":
            steps = Steps.before_nan(graph, X)
        else:
            steps = Steps(graph, indices_of(graph, X), graph.add_input("lengths", np.int64, ("n",)))
        if self.transformers:
            X = self.transformers.add_to_steps(graph, X, steps)
        values = self.inputs.network_inputs(X, steps.where_valid, self._carried)
        raw = self.network.raw_outputs(values, steps, self.inputs.static())
        if self.state.network.per_step:
            raw = graph.add("Transpose", raw, perm=[1, 0, 2])
            valid = graph.add("Transpose", steps.valid, perm=[1, 0, 2])
            nan = np.array(np.nan, self.dtype)
            self._add_predictions(raw, ("n", "n_steps"), lambda numbers: graph.add("Where", valid, numbers, nan))
        else:
            self._add_predictions(raw, ("n",), lambda numbers: numbers)
        return graph

    def _carried(self, X):
        """The last number before it in the place of each NaN of X (T, N, F), in a loop over the steps."""
        graph = self.graph
        shape = graph.add("Slice", graph.add("Shape", X), np.array([1]), np.array([3]))
        none_yet = graph.add("Expand", np.full((1, 1), np.nan, self.dtype), shape)
        F = self.state.preprocessor.n_features
        body = Graph(prefix=f"{none_yet}/")
        last = body.add_input(body.prefix + "last", self.dtype, (None, F))
        x = body.add_input(body.prefix + "x", self.dtype, (None, F))
        x = body.add("Where", body.add("IsNaN", x), last, x)
        body.add_output(x, self.dtype, (None, F))
        body.add_output(body.add("Identity", x), self.dtype, (None, F))
        return add_scan(graph, body, [none_yet], X)


class StepGraph(ModelGraph):
    """Predictions after one more time step of streams, and the states of the streams after it."""

    def build(self):
        graph = self.graph
        if self.state.embeds:
            x = graph.add_input("x", np.int64, ("n",))
        else:
            x = graph.add_input("x", self.dtype, ("n", self.n_features))
        before = {}
        for name, (dtype, shape) in self._states().items():
            before[name] = graph.add_input(name, dtype, ("n", *shape))
        after = {}

        def carry(x):
            after["last"] = graph.add("Where", graph.add("IsNaN", x), before["last"], x)
            return after["last"]

        if self.transformers:
            x = self.transformers.add_to(graph, x)
        values = self.inputs.network_inputs(x, lambda values, _: values, carry)
        h, new = self.network.step(values, before)
        after |= new
        if not self.state.network.per_step:
            h = self._pooled(h, before, after)
        self._add_predictions(self.network.outputs(h, self.inputs.static()), ("n",), lambda numbers: numbers)
        for name, (dtype, shape) in self._states().items():
            graph.add("Identity", after[name], name=f"next_{name}")
            graph.add_output(f"next_{name}", dtype, ("n", *shape))
        return graph

    def _states(self):
        """Name → dtype and shape of each stream, of all that is carried on."""
        states = {name: (self.inner, (H,)) for name, H in self.network.states().items()}
        network = self.state.network
        kinds = set() if network.per_step else set(network.pooling)
        width = network.stack.width
        if "mean" in kinds:
            states["total"] = (np.dtype(np.float64), (width,))
        if "max" in kinds:
            states["top"] = (self.inner, (width,))
        if kinds & {"mean", "max"}:
            states["steps"] = (np.dtype(np.int64), (1,))
        if self.state.carries:
            states["last"] = (self.dtype, (self.state.preprocessor.n_features,))
        return states

    def _pooled(self, h, before, after):
        graph = self.graph
        double = np.dtype(np.float64)
        if "steps" in before:
            after["steps"] = graph.add("Add", before["steps"], np.array(1))
        pooled = []
        for kind in self.state.network.pooling:
            if kind == "mean":
                # As in `step`, the sum is float64: in float32 a long stream would outgrow it.
                after["total"] = graph.add("Add", before["total"], graph.cast_from(h, self.inner, double))
                mean = graph.add("Div", after["total"], graph.cast(after["steps"], double))
                pooled.append(graph.cast_from(mean, double, self.inner))
            elif kind == "max":
                is_first = graph.add("Equal", before["steps"], np.array(0))
                after["top"] = graph.add("Where", is_first, h, graph.add("Max", before["top"], h))
                pooled.append(after["top"])
            else:
                pooled.append(h)
        return graph.concat(pooled, 1)
