#!/usr/bin/env bash
# The reference evaluator of ONNX ignores sequence_lens, clip, activations and input_forget of an LSTM.
#
# Guess: onnx.reference implements the whole operator, or raises an error where it does not. It is what other runtimes
#   are compared with.
# Behavior: it computes the plain LSTM whatever these four say, without a warning: steps after the end of a sequence are
#   run, the functions stay sigmoid and tanh. onnxruntime gives other outputs for each of the four. A test of an
#   exported model against onnx.reference alone cannot notice any of them.
# Versions: onnx 1.23.2, onnxruntime 1.32.0, Python 3.11 and 3.13.
# Source: onnx/reference/ops/op_lstm.py: class CommonLSTM has fixed functions f, g and h, and its loop runs over all rows of
#   X. The operator LSTM in the ONNX documentation describes the four. The project sonos/tract had the same gap in its own
#   runtime (issue 2751).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

print("Python", sys.version.split()[0], "onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
UNITS, FEATURES = 2, 3
rng = np.random.default_rng(0)
shapes = {"W": (1, 4 * UNITS, FEATURES), "R": (1, 4 * UNITS, UNITS), "B": (1, 8 * UNITS)}
weights = [numpy_helper.from_array(rng.normal(size=s).astype(np.float32), name) for name, s in shapes.items()]
X = rng.normal(size=(5, 2, FEATURES)).astype(np.float32)  # 5 steps, 2 sequences


def lstm(lengths=None, **attributes):
    """A model of one LSTM."""
    inputs = [helper.make_tensor_value_info("X", TensorProto.FLOAT, X.shape)]
    constants = list(weights)
    if lengths is not None:
        constants.append(numpy_helper.from_array(np.array(lengths, np.int32), "lengths"))
    node = helper.make_node("LSTM", ["X", *(c.name for c in constants)], ["Y"], hidden_size=UNITS, **attributes)
    Y = helper.make_tensor_value_info("Y", TensorProto.FLOAT, (5, 1, 2, UNITS))
    graph = helper.make_graph([node], "lstm", inputs, [Y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def reference(model):
    return ReferenceEvaluator(model).run(None, {"X": X})[0]


def runtime(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"X": X})[0]


plain = lstm()
assert np.allclose(reference(plain), runtime(plain), atol=1e-6)
changed = {
    "sequence_lens=[5, 3]": lstm([5, 3]),
    "clip=0.1": lstm(clip=0.1),
    "activations=[HardSigmoid, Relu, Tanh]": lstm(activations=["HardSigmoid", "Relu", "Tanh"]),
    "input_forget=1": lstm(input_forget=1),
}
for name, model in changed.items():
    by_reference, by_runtime = (abs(run(model) - run(plain)).max() for run in (reference, runtime))
    print(f"{name} changes outputs by {by_reference:.3f} (onnx.reference), {by_runtime:.3f} (onnxruntime)")
    assert by_reference == 0 < 0.01 < by_runtime, "the behavior has changed"
PY
