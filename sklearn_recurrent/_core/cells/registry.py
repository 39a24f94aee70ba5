"""The cells by name."""

from .elman import Elman
from .gru import GRU, MGU, GRUNoReset, GRUResetBefore
from .lstm import LSTM, LSTMCoupled, LSTMNoForget

CELLS = {
    "elman": Elman,
    "lstm": LSTM,
    "lstm_no_forget": LSTMNoForget,
    "lstm_coupled": LSTMCoupled,
    "gru": GRU,
    "gru_reset_before": GRUResetBefore,
    "gru_no_reset": GRUNoReset,
    "mgu": MGU,
}
