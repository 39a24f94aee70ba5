"""A graph of ONNX operators while it grows.

onnx is imported when a graph is made, and never before.
"""

from __future__ import annotations

import numpy as np

IR_VERSION = 8
"""Of files. What onnx writes by default is too new for the runtimes of other languages."""

OPSET_OF_ML = 3
"""Version of the operators of ai.onnx.ml, of which transformers are made."""


class Graph:
    """Nodes and constants of a graph, in the order in which they are added; names are made here.

    Arrays among the inputs of a node become constants.

    prefix : of all names that are made here
    domains : operators of other domains than that of ONNX itself → their version
    """

    def __init__(self, prefix=""):
        self.prefix = prefix
        self.nodes = []
        self.constants = []
        self.inputs = []
        self.outputs = []
        self.domains = {}

    def add(self, operator, *inputs, name=None, **attributes):
        """Add a node with one output: the name of the output."""
        output = name or f"{self.prefix}{operator}_{len(self.nodes)}"
        self._add_node(operator, inputs, [output], attributes)
        return output

    def add_with(self, operator, n_outputs, *inputs, **attributes):
        """Add a node with several outputs: their names."""
        outputs = [f"{self.prefix}{operator}_{len(self.nodes)}/{k}" for k in range(n_outputs)]
        self._add_node(operator, inputs, outputs, attributes)
        return outputs

    def _add_node(self, operator, inputs, outputs, attributes):
        from onnx import helper

        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        self.nodes.append(helper.make_node(operator, names, outputs, **attributes))

    def constant(self, array):
        from onnx import TensorProto, helper, numpy_helper

        array = np.asarray(array)
        if array.dtype.kind == "i":
            array = array.astype(np.int64)  # whatever a Python int is on this platform
        name = f"{self.prefix}constant_{len(self.constants)}"
        if array.dtype.kind in "OU":
            texts = [str(text).encode() for text in array.ravel()]
            tensor = helper.make_tensor(name, TensorProto.STRING, array.shape, texts)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        self.constants.append(tensor)
        return name

    def add_input(self, name, dtype, shape):
        self.inputs.append(_value_info(name, dtype, shape))
        return name

    def add_output(self, name, dtype, shape):
        self.outputs.append(_value_info(name, dtype, shape))

    def splice(self, other, feeds):
        """Add the nodes of another model: the names of its outputs.

        feeds : the name of an input of it → the name that stands in its place here
        """
        from onnx import compose

        prefix = f"{self.prefix}part_{len(self.nodes)}/"
        other = compose.add_prefix(other, prefix)
        renamed = {prefix + name: here for name, here in feeds.items()}
        for node in other.graph.node:
            node.input[:] = [renamed.get(name, name) for name in node.input]
            self.nodes.append(node)
        self.constants.extend(other.graph.initializer)
        self.domains |= {opset.domain: OPSET_OF_ML for opset in other.opset_import if opset.domain}
        return [output.name for output in other.graph.output]

    def model(self, opset):
        """The whole as a checked model."""
        from onnx import checker, helper

        domains = {"": int(opset)} | self.domains
        model = helper.make_model(
            self.finish("sklearn_recurrent"),
            opset_imports=[helper.make_opsetid(domain, version) for domain, version in domains.items()],
            ir_version=IR_VERSION,
            producer_name="sklearn_recurrent",
        )
        checker.check_model(model)
        return model

    def finish(self, name):
        """The graph as onnx has it."""
        from onnx import helper

        return helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.constants)

    # --- what many need -----------------------------------------------------------------------------------------------

    def cast(self, x, dtype):
        return self.add("Cast", x, to=element_type(dtype))

    def cast_from(self, x, before, after):
        """`x`, which has the dtype `before`, in the dtype `after`."""
        return x if before == after else self.cast(x, after)

    def linear(self, x, V):
        """x · Vᵀ without a bias, V (K, P)."""
        return self.add("MatMul", x, np.ascontiguousarray(V.T))

    def unsqueeze(self, x, axis):
        return self.add("Unsqueeze", x, np.array([axis]))

    def total(self, x, axis):
        """The sum over an axis, which is gone afterwards."""
        return self.add("ReduceSum", x, np.array([axis]), keepdims=0)

    def concat(self, parts, axis):
        if len(parts) == 1:
            return parts[0]
        return self.add("Concat", *parts, axis=axis)


def element_type(dtype):
    """The number that ONNX has for a dtype."""
    from onnx import TensorProto, helper

    if np.dtype(dtype).kind in "OU":
        return TensorProto.STRING
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


def _value_info(name, dtype, shape):
    from onnx import helper

    return helper.make_tensor_value_info(name, element_type(dtype), shape)
