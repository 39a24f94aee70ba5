"""Recurrent networks for scikit-learn, on a NumPy core."""

from ._data.frames import sequences_from_frame
from ._data.padder import SequencePadder
from ._data.per_sequence import PerSequence
from ._data.per_timestep import PerTimestep
from ._data.sequences import as_column, as_sequences
from ._data.tokenizer import SequenceTokenizer
from ._data.warnings import SequenceDataWarning
from ._data.windows import Windows, sliding_windows
from ._estimators.classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from ._estimators.regressors import GRURegressor, LSTMRegressor, RNNRegressor
from ._estimators.scoring import sequence_scorer
from ._estimators.seq2seq_classifier import Seq2SeqClassifier
from ._estimators.seq2seq_regressor import Seq2SeqRegressor
from ._estimators.streaming import StreamState

__all__ = [
    "GRUClassifier",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "PerSequence",
    "PerTimestep",
    "RNNClassifier",
    "RNNRegressor",
    "Seq2SeqClassifier",
    "Seq2SeqRegressor",
    "SequenceDataWarning",
    "SequencePadder",
    "SequenceTokenizer",
    "StreamState",
    "Windows",
    "as_column",
    "as_sequences",
    "sequence_scorer",
    "sequences_from_frame",
    "sliding_windows",
]
__version__ = "0.1.0.dev0"

for _name in __all__:  # what is stored names no private module: these may move
    globals()[_name].__module__ = __name__
