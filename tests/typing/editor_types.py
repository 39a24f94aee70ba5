"""What an editor must accept: parameters by position and by name, and fitted attributes. For mypy and pyright."""

from sklearn_recurrent import LSTMClassifier

model = LSTMClassifier(hidden_layer_sizes=16, max_iter=30, random_state=0)
stack = LSTMClassifier([8, 8], pooling="last", alpha=0.0)


def curve(model: LSTMClassifier) -> list[float]:
    return model.loss_curve_
