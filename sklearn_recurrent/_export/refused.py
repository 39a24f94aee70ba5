"""What cannot be exported, and what to do then."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._estimators.recurrent import BaseRecurrent
from .._estimators.seq2seq import BaseSeq2Seq
from .._estimators.streaming import streams
from .._estimators.target_encoders import ClassEncoder

OPSETS = range(18, 22)
"""Versions of the operators for which the graph is right."""

PADDINGS = ("lengths", "nan")


def refuse_arguments(padding, target_opset):
    """Refuse invalid arguments of `to_onnx`."""
    if padding not in PADDINGS:
        raise ValueError(f"Expected padding to be one of {list(PADDINGS)}, got {padding!r}.")
    if not isinstance(target_opset, Integral) or isinstance(target_opset, bool) or target_opset not in OPSETS:
        raise ValueError(
            f"Expected target_opset to be an integer from {OPSETS[0]} to {OPSETS[-1]}, got {target_opset!r}."
        )


def refuse_without_onnx():
    """Refuse to go on without onnx."""
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise ImportError('to_onnx needs onnx: pip install "sklearn-recurrent[onnx]"') from error


def exportable_state(model, transformers, padding, *, step):
    """The state of a fitted model, if all of it can be exported.

    transformers : the steps of a Pipeline in front of it
    step : whether one time step of streams is to be exported
    """
    name = type(model).__name__
    if isinstance(model, BaseSeq2Seq):
        raise TypeError(
            f"Expected a classifier or regressor with one target per sequence or step, got {name}: how a decoder reads "
            "what it has written is not exported."
        )
    if not isinstance(model, BaseRecurrent):
        best = " Export its best_estimator_." if hasattr(model, "best_estimator_") else ""
        raise TypeError(f"Expected a fitted RNN, LSTM or GRU classifier or regressor, got {name}.{best}")
    for transformer in transformers:
        check_is_fitted(transformer)
    state = model._fitted_state()
    if model.missing == "skip":
        raise ValueError(
            "missing='skip' is not exported. Leave steps with NaN out before X reaches the model: "
            "to_onnx(model.set_params(missing='error'))."
        )
    if step:
        streams(model)
    elif state.embeds:
        _refuse_padded_tokens(padding)
    if state.embeds:
        _refuse_tokens(state.preprocessor.tokens)
    if isinstance(state.encoder, ClassEncoder) and not state.encoder.multilabel:
        _refuse_classes(state.encoder.classes)
    return state


def _refuse_padded_tokens(padding):
    if padding == "nan":
        raise ValueError("Expected padding='lengths' for a model of tokens, got 'nan': an integer cannot be NaN.")


def _refuse_tokens(tokens):
    if tokens[-1] > np.iinfo(np.int64).max:
        raise ValueError(f"Expected tokens that fit in int64 for to_onnx, got {tokens[-1]}.")


def _refuse_classes(classes):
    if classes.dtype.kind == "O" and not all(isinstance(label, str) for label in classes):
        kinds = sorted({type(label).__name__ for label in classes})
        raise ValueError(f"Expected classes that are strings or numbers for to_onnx, got {', '.join(kinds)}.")
    if classes.dtype.kind not in "biufUO":
        raise ValueError(f"Expected classes that are strings or numbers for to_onnx, got {classes.dtype}.")
