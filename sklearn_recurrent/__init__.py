"""Recurrent networks for scikit-learn, on a NumPy core."""

from typing import get_type_hints as _get_type_hints

from ._data.cutoff_split import CutoffSplit
from ._data.forecast_metrics import (
    coverage_score,
    crps_from_quantiles,
    mean_absolute_scaled_error,
    mean_interval_score,
    weighted_quantile_loss,
)
from ._data.frames import sequences_from_frame
from ._data.padder import SequencePadder
from ._data.per_sequence import PerSequence
from ._data.per_timestep import PerTimestep
from ._data.sequences import as_column, as_sequences
from ._data.sliding_windows import last_windows, sliding_windows
from ._data.tokenizer import SequenceTokenizer
from ._data.warnings import SequenceDataWarning
from ._data.windows import Windows
from ._estimators.classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from ._estimators.per_window import PerWindow
from ._estimators.quantile_scoring import interval_scorer, pinball_scorer
from ._estimators.regressors import GRURegressor, LSTMRegressor, RNNRegressor
from ._estimators.scoring import sequence_scorer
from ._estimators.seq2seq_classifier import Seq2SeqClassifier
from ._estimators.seq2seq_regressor import Seq2SeqRegressor
from ._estimators.storage import StoredVersionWarning
from ._estimators.streaming import StreamState
from ._estimators.through_pipeline import (
    attention_weights,
    feature_importance,
    gate_activations,
    gradient_flow,
    hidden_states,
    input_gradients,
    staged_predict,
    staged_predict_proba,
)
from ._export.convert import to_onnx
from ._export.converters import register_skl2onnx
from ._plot.attention import AttentionDisplay
from ._plot.forecast import ForecastDisplay
from ._plot.gates import GateDisplay
from ._plot.gradient_flow import GradientFlowDisplay
from ._plot.loss_curve import LossCurveDisplay
from ._plot.saliency import SaliencyDisplay
from ._plot.staged import SequenceClassificationDisplay
from ._sklearn import link_to_site as _link_to_site
from ._version import __version__ as __version__

__all__ = [
    "AttentionDisplay",
    "CutoffSplit",
    "ForecastDisplay",
    "GRUClassifier",
    "GRURegressor",
    "GateDisplay",
    "GradientFlowDisplay",
    "LSTMClassifier",
    "LSTMRegressor",
    "LossCurveDisplay",
    "PerSequence",
    "PerTimestep",
    "PerWindow",
    "RNNClassifier",
    "RNNRegressor",
    "SaliencyDisplay",
    "Seq2SeqClassifier",
    "Seq2SeqRegressor",
    "SequenceClassificationDisplay",
    "SequenceDataWarning",
    "SequencePadder",
    "SequenceTokenizer",
    "StoredVersionWarning",
    "StreamState",
    "Windows",
    "as_column",
    "as_sequences",
    "attention_weights",
    "coverage_score",
    "crps_from_quantiles",
    "feature_importance",
    "gate_activations",
    "gradient_flow",
    "hidden_states",
    "input_gradients",
    "interval_scorer",
    "last_windows",
    "mean_absolute_scaled_error",
    "mean_interval_score",
    "pinball_scorer",
    "register_skl2onnx",
    "sequence_scorer",
    "sequences_from_frame",
    "sliding_windows",
    "staged_predict",
    "staged_predict_proba",
    "to_onnx",
    "weighted_quantile_loss",
]

for _name in __all__:
    _public = globals()[_name]
    if "__annotations__" in vars(_public):
        # As text they could be read in the module that defines the class, and no longer in this one.
        _types = _get_type_hints(_public)
        vars(_public)["__annotations__"].update({_own: _types[_own] for _own in vars(_public)["__annotations__"]})
    _public.__module__ = __name__  # what is stored names no private module: these may move
    _link_to_site(_public)
