"""What an editor must know: the types of results and of fitted attributes. For mypy and pyright; never called."""

from typing import Any, assert_type

import numpy as np

from sklearn_recurrent import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    PerSequence,
    PerTimestep,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequencePadder,
    SequenceTokenizer,
    StreamState,
    Windows,
    as_column,
    as_sequences,
    last_windows,
    sliding_windows,
)


def attributes_of_all(
    model: RNNClassifier | LSTMClassifier | GRUClassifier | RNNRegressor | LSTMRegressor | GRURegressor,
    writer: Seq2SeqClassifier | Seq2SeqRegressor,
) -> None:
    for found in (model, writer):
        assert_type(found.theta_, np.ndarray)
        assert_type(found.weights_, dict[str, np.ndarray])
        assert_type(found.n_features_in_, int)
        assert_type(found.feature_names_in_, np.ndarray)
        assert_type(found.n_static_features_in_, int)
        assert_type(found.static_feature_names_in_, np.ndarray)
        assert_type(found.static_mean_, np.ndarray)
        assert_type(found.static_scale_, np.ndarray)
        assert_type(found.x_mean_, np.ndarray)
        assert_type(found.x_scale_, np.ndarray)
        assert_type(found.vocabulary_, np.ndarray)
        assert_type(found.n_outputs_, int)
        assert_type(found.n_layers_, int)
        assert_type(found.bidirectional_, bool)
        assert_type(found.out_activation_, str)
        assert_type(found.loss_, float)
        assert_type(found.loss_curve_, list[float])
        assert_type(found.best_loss_, float | None)
        assert_type(found.validation_loss_curve_, list[float] | None)
        assert_type(found.validation_scores_, list[float] | None)
        assert_type(found.best_validation_score_, float | None)
        assert_type(found.best_iter_, int)
        assert_type(found.n_iter_, int)
        assert_type(found.t_, int)


def a_classifier(model: LSTMClassifier, X: list[np.ndarray], y: list[str]) -> None:
    assert_type(model.fit(X, y), LSTMClassifier)
    assert_type(model.partial_fit(X, y), LSTMClassifier)
    assert_type(model.classes_, np.ndarray)
    assert_type(model.predict(X), np.ndarray)
    assert_type(model.predict(X, return_state=True), tuple[np.ndarray, StreamState])
    assert_type(model.predict(X, model.initial_state(3), True), tuple[np.ndarray, StreamState])
    assert_type(model.predict_proba(X), np.ndarray)
    assert_type(model.predict_proba(X, return_state=True), tuple[np.ndarray, StreamState])
    assert_type(model.predict_log_proba(X), np.ndarray)
    assert_type(model.decision_function(X), np.ndarray)
    assert_type(model.staged_predict(X), np.ndarray)
    assert_type(model.staged_predict_proba(X), np.ndarray)
    assert_type(model.score(X, y), float)
    assert_type(model.transform(X), np.ndarray)
    assert_type(model.get_feature_names_out(), np.ndarray)
    assert_type(model.attention_weights(X), np.ndarray)
    assert_type(model.hidden_states(X, layer=0), np.ndarray)
    assert_type(model.gate_activations(X), dict[str, np.ndarray])
    assert_type(model.input_gradients(X), np.ndarray)
    assert_type(model.gradient_flow(X, y), dict[str, np.ndarray])


def a_regressor(model: GRURegressor, X: np.ndarray, y: np.ndarray) -> None:
    assert_type(model.fit(X, y), GRURegressor)
    assert_type(model.predict(X), np.ndarray)
    assert_type(model.predict(X, return_state=True), tuple[np.ndarray, StreamState])
    assert_type(model.step(X[0], model.initial_state()), tuple[np.ndarray, StreamState])
    assert_type(model.score(X, y), float)
    assert_type(model.y_mean_, np.ndarray)
    assert_type(model.y_scale_, np.ndarray)


def writers(labels: Seq2SeqClassifier, numbers: Seq2SeqRegressor, X: np.ndarray, y: np.ndarray) -> None:
    assert_type(labels.fit(X, y), Seq2SeqClassifier)
    assert_type(labels.predict(X), np.ndarray)
    assert_type(labels.token_score(X, y), float)
    assert_type(labels.teacher_forced_proba(X, y), np.ndarray)
    assert_type(labels.attention_weights(X), np.ndarray)
    assert_type(labels.classes_, np.ndarray)
    assert_type(labels.max_length_, int)
    assert_type(numbers.fit(X, y), Seq2SeqRegressor)
    assert_type(numbers.predict(X, horizon=3), np.ndarray)
    assert_type(numbers.score(X, y), float)
    assert_type(numbers.attention_weights(X), np.ndarray)
    assert_type(numbers.horizon_, int)


def the_others(X: list[np.ndarray], texts: list[str]) -> None:
    windows = sliding_windows(X, window=3, horizon=2)
    assert_type(windows, Windows)
    assert_type(windows.groups, np.ndarray)
    assert_type(windows.cutoff, np.ndarray)
    assert_type(windows.forecast_times, np.ndarray)
    assert_type(windows.feature_names, list[str] | None)
    assert_type(windows.known_positions, list[int])
    assert_type(windows.y_per_step, np.ndarray | None)
    assert_type(windows.labels_per_step([1, 2]), np.ndarray)
    assert_type(last_windows(X, window=3, horizon=2), Windows)
    assert_type(as_sequences(X), np.ndarray)
    assert_type(as_sequences(X, channels_first=True), np.ndarray)
    assert_type(as_column(X), np.ndarray)
    assert_type(SequencePadder(value=0).fit(X), SequencePadder)
    assert_type(SequencePadder().fit(X).transform(X), np.ndarray)
    assert_type(SequencePadder().fit(X).length_, int)
    assert_type(SequenceTokenizer(level="char").fit(texts).vocabulary_, dict[Any, int])
    assert_type(SequenceTokenizer(level=str.split).fit(texts).transform(texts), list[np.ndarray])
    assert_type(PerSequence(np.diff).fit(X).transform(X), np.ndarray)
    assert_type(PerTimestep(SequencePadder()).fit(X).transform(X), np.ndarray)
    assert_type(StreamState.__len__(LSTMClassifier().initial_state(2)), int)
    assert_type(LSTMClassifier().initial_state(2)[[0]], StreamState)
    assert_type(LSTMClassifier().initial_state(2).n_streams, int)


def parameters(cell: str, sizes: list[int]) -> None:
    """Names in variables are no errors, though an editor offers the names."""
    assert_type(RNNClassifier(sizes, cell=cell, solver="adam").cell, str)
    assert_type(LSTMClassifier(class_weight={"a": 2, "b": 1.5}, random_state=np.random.RandomState(0)).cell, str)
    assert_type(Seq2SeqRegressor(teacher_forcing=(1, 0), attention=None).max_iter, int)
    assert_type(LSTMRegressor(loss="quantile", quantile=(0.1, 0.9)).warm_start, bool)
    for bidirectional in (True, False):
        assert_type(LSTMRegressor(bidirectional=bidirectional).max_iter, int)
    assert_type(Seq2SeqClassifier(bidirectional="auto").max_iter, int)
