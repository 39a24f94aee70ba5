"""Transformers of time steps in front of a model, converted by skl2onnx."""

from __future__ import annotations

import numpy as np

from .._data.per_timestep import PerTimestep
from .._data.steps import NUMBERS
from .._estimators.through_pipeline import steps_of
from .graph import OPSET_OF_ML, element_type

PLAIN = {"Scaler", "Normalizer"}
"""Operators of ai.onnx.ml for which skl2onnx has plain ones, which more runtimes know."""

DOUBLE = {"ArrayFeatureExtractor"}
"""Operators of ai.onnx.ml that onnxruntime has for float64."""


class Transformers:
    """Fitted transformers of one time step, one after the other.

    transformers : their list, which may be empty
    dtype : of the numbers that come in, and go out
    opset : version of the operators
    """

    def __init__(self, transformers, dtype, opset):
        self.transformers = transformers
        self.dtype = np.dtype(dtype)
        self.opset = int(opset)

    def __bool__(self):
        return bool(self.transformers)

    @property
    def n_features(self):
        """Of a step before all of them; None if there are none."""
        return _n_features(self.transformers[0]) if self.transformers else None

    @property
    def n_outputs(self):
        """Features of a step after all of them."""
        return self.transformers[-1]._n_step_outputs

    def add_to(self, graph, rows):
        """Transformed rows (S, K), of rows (S, F)."""
        for step in self.transformers:
            converted = converted_transformer(step.transformer_, _n_features(step), self.dtype, self.opset)
            found = converted.graph.output[0].type.tensor_type.elem_type
            (rows,) = graph.splice(converted, {"rows": rows})
            if found != element_type(self.dtype):
                rows = graph.cast(rows, self.dtype)
        return rows

    def add_to_steps(self, graph, X, steps):
        """The same for each step (T, N, F), in that shape. None of them meets what stands in the padding."""
        X = steps.where_valid(X, np.zeros((), self.dtype))
        sizes = graph.add("Slice", graph.add("Shape", X), np.array([0]), np.array([2]))
        rows = self.add_to(graph, graph.add("Reshape", X, np.array([-1, self.n_features])))
        shape = graph.add("Concat", sizes, np.array([self.n_outputs]), axis=0)
        return graph.add("Reshape", rows, shape)


def split_pipeline(model):
    """The transformers in front of a model, each a `PerTimestep`, and the model itself."""
    if not hasattr(model, "steps"):
        return [], model
    transformers = []
    steps, last = steps_of(model)
    for name, step in steps:
        if hasattr(step, "steps"):
            inner, inner_last = split_pipeline(step)
            transformers.extend([*inner, of_numbers(inner_last, name)])
        else:
            transformers.append(of_numbers(step, name))
    before, last = split_pipeline(last)
    return [*transformers, *before], last


def of_numbers(step, name):
    """A step of a Pipeline, if it is a `PerTimestep` of rows of numbers."""
    if not isinstance(step, PerTimestep):
        raise TypeError(
            f"Expected a Pipeline of PerTimestep(...) and an estimator, got {type(step).__name__} in step {name!r}. "
            "Export the last step, to_onnx(pipeline[-1]), and transform X before it reaches the model."
        )
    transformer = getattr(step, "transformer_", None)
    if transformer is None:
        return step
    kind = vars(step).get("_fitted_kind")
    if kind != NUMBERS:
        raise ValueError(
            f"Expected PerTimestep fitted on sequences of arrays of numbers, got another kind of X in step {name!r}: a "
            "graph has neither columns with names nor strings nor records."
        )
    return step


def _n_features(step):
    """Of one time step. A 2-D X has one value for each, in a column of its own."""
    return step.n_features_in_ if step._fitted_on_sequences else 1


def converted_transformer(transformer, n_features, dtype, opset):
    """The ONNX model of a fitted transformer, with the input `rows` (S, F) and one output."""
    convert_sklearn, types = import_skl2onnx()
    name = type(transformer).__name__
    rows = types[dtype]([None, n_features])
    try:
        converted = convert_sklearn(
            transformer,
            initial_types=[("rows", rows)],
            target_opset={"": opset, "ai.onnx.ml": OPSET_OF_ML},
            black_op=PLAIN,
        )
    except Exception as error:  # of many kinds, most of them private
        raise ValueError(_refusal(name, dtype)) from error
    if len(converted.graph.output) != 1 or (dtype == np.float64 and not _is_in_double(converted)):
        raise ValueError(_refusal(name, dtype))
    return converted


def import_skl2onnx():
    """``convert_sklearn``, and dtype → the type of an array of it."""
    try:
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
    except ImportError as error:
        raise ImportError('Pipelines and transformers need skl2onnx: pip install "sklearn-recurrent[onnx]"') from error
    types = {np.dtype(np.float32): FloatTensorType, np.dtype(np.float64): DoubleTensorType}
    return convert_sklearn, types


def _refusal(name, dtype):
    other = "; or fit the model with dtype='float32', for which skl2onnx has more" if dtype == np.float64 else ""
    return (
        f"Expected transformers that skl2onnx converts, got {name}, of which it has no {dtype} version that runtimes "
        f"take. Export the last step, to_onnx(pipeline[-1]), and transform X before it reaches the model{other}."
    )


def _is_in_double(model):
    """Whether the types of a model fit together, and onnxruntime has all of its operators for float64."""
    from onnx import shape_inference

    if any(node.domain == "ai.onnx.ml" and node.op_type not in DOUBLE for node in model.graph.node):
        return False
    try:
        shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except shape_inference.InferenceError:
        return False
    return True
