"""Recurrent networks for scikit-learn, on a NumPy core."""

from ._classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from ._padder import SequencePadder
from ._per_timestep import PerTimestep
from ._regressors import GRURegressor, LSTMRegressor, RNNRegressor
from ._scoring import sequence_scorer
from ._seq2seq_classifier import Seq2SeqClassifier
from ._seq2seq_regressor import Seq2SeqRegressor
from ._sequences import as_column, as_sequences
from ._tokenizer import SequenceTokenizer
from ._windows import sliding_windows

__all__ = [
    "GRUClassifier",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "PerTimestep",
    "RNNClassifier",
    "RNNRegressor",
    "Seq2SeqClassifier",
    "Seq2SeqRegressor",
    "SequencePadder",
    "SequenceTokenizer",
    "as_column",
    "as_sequences",
    "sequence_scorer",
    "sliding_windows",
]
__version__ = "0.1.0"
