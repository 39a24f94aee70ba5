"""`to_onnx`: a fitted model as an ONNX model, from X as it comes to predictions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .._estimators.target_encoders import ClassEncoder
from .._sklearn import SKLEARN_VERSION
from .._version import __version__
from .models import SequenceGraph, StepGraph
from .pipelines import Transformers, split_pipeline
from .refused import exportable_state, refuse_arguments, refuse_without_onnx


def to_onnx(model, *, padding: str = "lengths", exact: bool = False, step: bool = False, target_opset: int = 18) -> Any:
    """Convert a fitted estimator to an ONNX model, which other languages and runtimes can run.

    Needs onnx, and for Pipelines skl2onnx: ``pip install "sklearn-recurrent[onnx]"``.

    Parameters
    ----------
    model : estimator
        A fitted RNN, LSTM or GRU classifier or regressor; or a Pipeline of such an estimator behind
        ``PerTimestep(...)`` of transformers that skl2onnx knows.
    padding : {"lengths", "nan"}, default="lengths"
        How the graph is told which steps are padding, which always comes last: by a second input `lengths`, or by NaN
        in all features of these steps.
    exact : bool, default=False
        Whether to compute a float64 model in float64 throughout, step by step: equal to rounding, and slower. By
        default such a model takes float64, scales it in float64, and computes the layers in float32. A graph of one
        step is always exact.
    step : bool, default=False
        Whether to convert the method `step` in place of `predict`: a graph for one time step of streams, which takes
        their states and returns the next ones. There is no padding then.
    target_opset : int, default=18
        Version of the operators, from 18 to 21.

    Returns
    -------
    onnx_model : onnx.ModelProto
        The model. ``onnx_model.SerializeToString()`` is the content of a file. See Notes for inputs and outputs.

    Raises
    ------
    ImportError
        If onnx is not installed; or skl2onnx, for a Pipeline.
    NotFittedError
        If the estimator is not fitted.
    AttributeError
        If `step` is True and the network is bidirectional or pools by attention, and so depends on later steps.
    TypeError, ValueError
        If `model` is something else, has a part that is not exported, or an argument is invalid.

    See Also
    --------
    LSTMClassifier.step : Prediction step by step, in Python.

    Notes
    -----
    Inputs are `X` (n, n_steps, n_features) in the dtype of the model, or int64 tokens (n, n_steps); `lengths` (n,),
    int64, from 1 to n_steps; and `static` (n, n_static_features_in_), if the model has static values. A column of
    categories holds 0 for an unknown category and k + 1 for ``categories_[j][k]``. Outputs are `label` and
    `probabilities`, or `variable`, in the shapes of `predict` and `predict_proba`; with one target per step
    (n, n_steps, ...), where numbers are NaN at padding, and labels there mean nothing. A binary classifier has two
    columns of probabilities, one for each class.

    With ``step=True`` inputs are `x` (n, n_features) or (n,), the states of the n streams, and `static`; outputs are
    predictions, and the next states: `next_h_0` is what `h_0` is in the next step. The states of streams that have not
    begun are 0; only `last`, of missing='forward', is NaN.

    Do not run an empty batch: onnxruntime ends the process.

    Examples
    --------
    >>> import numpy as np
    >>> from onnx.reference import ReferenceEvaluator
    >>> from sklearn_recurrent import LSTMRegressor, to_onnx
    >>> X = np.random.default_rng(0).normal(size=(50, 20, 3))
    >>> model = LSTMRegressor(4, max_iter=2, random_state=0).fit(X, X.mean(axis=(1, 2)))
    >>> runtime = ReferenceEvaluator(to_onnx(model))
    >>> (y,) = runtime.run(None, {"X": X, "lengths": np.full(50, 20)})
    >>> np.allclose(y, model.predict(X), atol=1e-5)
    True
    """
    refuse_arguments(padding, target_opset)
    transformers, estimator = split_pipeline(model)
    state = exportable_state(estimator, transformers, padding, step=step)
    refuse_without_onnx()
    dtype = state.theta.dtype
    transformers = Transformers(transformers, dtype, target_opset)
    if step:
        # Written out, a step costs as much in float64.
        graph = StepGraph(state, transformers, dtype, as_loop=True).build()
        padding = None
    else:
        is_loop = bool(exact) and dtype == np.float64
        inner = dtype if is_loop else np.float32
        graph = SequenceGraph(state, transformers, inner, as_loop=is_loop).build(padding)
    return _with_metadata(graph.model(target_opset), _metadata(estimator, state, padding))


# --- the file ---------------------------------------------------------------------------------------------------------


def _with_metadata(onnx_model, metadata):
    from onnx import helper

    onnx_model.producer_version = metadata["sklearn_recurrent_version"]
    helper.set_model_props(onnx_model, metadata)
    return onnx_model


def _metadata(model, state, padding):
    """What a stranger to the file needs to know, as strings."""
    metadata = {
        "estimator": type(model).__name__,
        "padding": padding or "none: one time step",
        "sklearn_recurrent_version": __version__,
        "sklearn_version": SKLEARN_VERSION,
    }
    if isinstance(state.encoder, ClassEncoder):
        metadata["classes"] = json.dumps(state.encoder.classes.tolist())
    for name in ("feature_names_in_", "static_feature_names_in_"):
        if name in state.remembered:
            metadata[name] = json.dumps(list(state.remembered[name]))
    if "categories_" in state.remembered:
        categories = [known.tolist() for known in state.remembered["categories_"]]
        metadata["categories"] = json.dumps(categories, default=str)
    return metadata
