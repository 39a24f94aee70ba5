"""Converters for skl2onnx, which convert this package's estimators inside Pipelines of scikit-learn."""

from __future__ import annotations

import numpy as np

from .._data.per_timestep import PerTimestep
from .._estimators.classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from .._estimators.regressors import GRURegressor, LSTMRegressor, RNNRegressor
from .convert import to_onnx
from .graph import Graph
from .pipelines import Transformers, import_skl2onnx, of_numbers
from .refused import OPSETS
from .steps import Steps

CLASSIFIERS = (RNNClassifier, LSTMClassifier, GRUClassifier)
REGRESSORS = (RNNRegressor, LSTMRegressor, GRURegressor)


def register_skl2onnx() -> None:
    """Let skl2onnx convert the classifiers and regressors of this package, and `PerTimestep`.

    Needs skl2onnx: ``pip install "sklearn-recurrent[onnx]"``. `to_onnx` needs no registration.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    See Also
    --------
    to_onnx : Convert an estimator, or a Pipeline of PerTimestep and an estimator.

    Notes
    -----
    The input of the graph has three axes, of sequences, steps and features. Give skl2onnx its type, with None for sizes
    that may vary: ``initial_types=[("X", FloatTensorType([None, None, n_features]))]``, and DoubleTensorType for a
    float64 model. Steps at the end of a sequence that are NaN in all features are padding, as in
    ``to_onnx(..., padding="nan")``. Probabilities are an array: there is no option zipmap.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_recurrent import GRURegressor, PerTimestep, register_skl2onnx
    >>> from skl2onnx import to_onnx
    >>> from skl2onnx.common.data_types import DoubleTensorType
    >>> register_skl2onnx()
    >>> X = np.random.default_rng(0).normal(size=(50, 20, 3))
    >>> model = make_pipeline(PerTimestep(StandardScaler()), GRURegressor(4, max_iter=2, random_state=0))
    >>> model = model.fit(X, X.mean(axis=(1, 2)))
    >>> types = [("X", DoubleTensorType([None, None, 3]))]
    >>> exported = to_onnx(model, initial_types=types, target_opset=18)
    >>> [output.name for output in exported.graph.output]
    ['variable']
    """
    import_skl2onnx()
    from skl2onnx import update_registered_converter

    for cls in CLASSIFIERS:
        update_registered_converter(cls, _alias(cls), _shapes_of_classes, _convert_model)
    for cls in REGRESSORS:
        update_registered_converter(cls, _alias(cls), _shapes_of_numbers, _convert_model)
    update_registered_converter(PerTimestep, _alias(PerTimestep), _shapes_of_steps, _convert_steps)


def _alias(cls):
    return f"SklearnRecurrent{cls.__name__}"


# --- types and shapes of outputs --------------------------------------------------------------------------------------


def _shapes_of_classes(operator):
    from skl2onnx.common import data_types

    model = operator.raw_operator
    _refuse_other_inputs(operator)
    n, *leading = _leading(operator)
    classes = model.classes_
    multilabel = model._multilabel
    if multilabel or classes.dtype.kind in "iu":
        label = data_types.Int64TensorType
    elif classes.dtype.kind == "b":
        label = data_types.BooleanTensorType
    elif classes.dtype.kind == "f":
        label = _types()[np.dtype(classes.dtype)]
    else:
        label = data_types.StringTensorType
    shape = [n, *leading]
    operator.outputs[0].type = label([*shape, len(classes)] if multilabel else shape)
    operator.outputs[1].type = _types()[model.theta_.dtype]([*shape, len(classes)])


def _shapes_of_numbers(operator):
    model = operator.raw_operator
    _refuse_other_inputs(operator)
    own = [] if model._y_is_1d else [len(model.y_scale_)]
    if model._several:
        own.append(model.n_outputs_ // len(model.y_scale_))
    operator.outputs[0].type = _types()[model.theta_.dtype]([*_leading(operator), *own])


def _shapes_of_steps(operator):
    step = of_numbers(operator.raw_operator, "PerTimestep")
    _refuse_other_inputs(operator)
    X = operator.inputs[0].type
    operator.outputs[0].type = type(X)([*X.shape[:2], step._n_step_outputs])


def _types():
    return import_skl2onnx()[1]


def _leading(operator):
    """The axes of outputs in front of their own."""
    X = operator.inputs[0].type
    return X.shape[:2] if operator.raw_operator.return_sequences else X.shape[:1]


def _refuse_other_inputs(operator):
    name = type(operator.raw_operator).__name__
    types = [(type(value.type).__name__, value.type.shape) for value in operator.inputs]
    if len(types) != 1 or types[0][0] not in ("FloatTensorType", "DoubleTensorType") or len(types[0][1]) != 3:
        found = ", ".join(f"{kind}({shape})" for kind, shape in types)
        raise TypeError(
            f"Expected one input of sequences of numbers for {name}, FloatTensorType([None, None, n_features]) or "
            f"DoubleTensorType, got {found}."
        )


# --- nodes ------------------------------------------------------------------------------------------------------------


def _convert_model(scope, operator, container):
    model = operator.raw_operator
    exported = to_onnx(model, padding="nan", target_opset=_opset(container))
    X = _in_dtype(scope, container, operator.inputs[0], model.theta_.dtype)
    _splice(scope, container, exported, X, [output.full_name for output in operator.outputs])


def _convert_steps(scope, operator, container):
    step = operator.raw_operator
    (dtype,) = [dtype for dtype, kind in _types().items() if isinstance(operator.inputs[0].type, kind)]
    opset = _opset(container)
    exported = steps_graph(Transformers([step], dtype, opset)).model(opset)
    _splice(scope, container, exported, operator.inputs[0].full_name, [operator.outputs[0].full_name])


def steps_graph(transformers):
    """A graph that transforms each step of padded sequences; padding is NaN before and after."""
    graph = Graph()
    dtype = transformers.dtype
    X = graph.add_input("X", dtype, ("n", "n_steps", transformers.n_features))
    X = graph.add("Transpose", X, perm=[1, 0, 2])
    steps = Steps.before_nan(graph, X)
    X = transformers.add_to_steps(graph, X, steps)
    X = steps.where_valid(X, np.array(np.nan, dtype))
    graph.add("Transpose", X, perm=[1, 0, 2], name="variable")
    graph.add_output("variable", dtype, ("n", "n_steps", transformers.n_outputs))
    return graph


def _opset(container):
    """Versions after the last one that is known change nothing for the operators of the graph."""
    return min(container.main_opset, OPSETS[-1])


def _in_dtype(scope, container, variable, dtype):
    kind = _types()[dtype]
    if isinstance(variable.type, kind):
        return variable.full_name
    name = scope.get_unique_variable_name("X")
    to = kind()._get_element_onnx_type()
    container.add_node("Cast", [variable.full_name], [name], name=scope.get_unique_operator_name("Cast"), to=to)
    return name


def _splice(scope, container, exported, X, outputs):
    """Add the nodes of an exported model to those of skl2onnx."""
    from onnx import compose

    prefix = scope.get_unique_operator_name("sklearn_recurrent") + "/"
    own = [output.name for output in exported.graph.output]
    renamed = {f"{prefix}X": X} | {f"{prefix}{name}": output for name, output in zip(own, outputs, strict=True)}
    exported = compose.add_prefix(exported, prefix)
    for number, node in enumerate(exported.graph.node):
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
        node.name = f"{prefix}{number}"
        container.nodes.append(node)
    container.initializers.extend(exported.graph.initializer)
    container.node_domain_version_pair_sets |= {(opset.domain, opset.version) for opset in exported.opset_import}
