"""How an estimator parses X: its options, what it remembers of the X of fit, one time step of a stream."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._core.preprocessing import InputPreprocessor
from .._core.ragged import Ragged, Sequences
from .._data.arrays import NUMERIC, Place, numbers, plain
from .._data.columns import as_frame, is_frame, numbers_of_frame
from .._data.sequences import as_tokens, parse_sequences
from .._sklearn import check_columns
from .scoring import shallow_copy_with
from .training_state import PARSED


class CachedInput(NamedTuple):
    """An X that need not be parsed again, epoch after epoch.

    X : as the user gave it, told by its identity
    sequences : what it is parsed as
    network_inputs : what its values become
    preprocessor : which made them
    """

    X: object
    sequences: Sequences
    network_inputs: Sequences
    preprocessor: InputPreprocessor


def input_options(model):
    """How X is parsed, by the parameters of `model`."""
    if model.embedding_dim is None:
        return {"input_size": model.input_size}
    return {"input_size": model.input_size, "tokens": True, "pad_token": model.pad_token}


def parse_training(model, X):
    """Parse the X of a first fit.

    Returns
    -------
    sequences : Sequences or Ragged
    remembered : dict
        Attributes that later X are compared with. `model` does not have them yet: it may still answer as it was fitted
        before.
    """
    draft = shallow_copy_with(model)
    sequences = parse_sequences(draft, X, reset=True, missing=model.missing, **input_options(model))
    remembered = {name: vars(draft)[name] for name in PARSED if name in vars(draft)}
    return sequences, remembered


def parse(model, X, state):
    """Parse an X that must be like that of the fit that ended in `state`, by the options that held then.

    It is compared with what the state remembers, not with the attributes of `model`: another thread may change these.
    """
    like_then = _as_fitted(model, state)
    return parse_sequences(like_then, X, reset=False, missing=model.missing, **state.input_options)


def _as_fitted(model, state):
    """A copy of `model` with what the state remembers of the X of fit."""
    like_then = shallow_copy_with(model, **state.remembered)
    if "feature_names_in_" not in state.remembered:
        vars(like_then).pop("feature_names_in_", None)
    return like_then


STEP = Place("x", ("stream", "feature"), "x = {}", "x")


def values_of_step(model, x, n, state):
    """One time step of `n` streams as an array, or as it came; the names of a frame, or of a row of one, are checked.

    A masked value is NaN.
    """
    if is_frame(x):
        if state.remembered["_fitted_on_sequences"]:
            check_columns(_as_fitted(model, state), as_frame(x), reset=False)
        return numbers_of_frame(x, lambda: STEP)
    if n == 1 and hasattr(x, "to_frame") and hasattr(x, "index") and "feature_names_in_" in state.remembered:
        row = x.to_frame().T  # a series of pandas
        if state.remembered["_fitted_on_sequences"] and row.shape[1] > 1 and isinstance(row.columns[0], str):
            check_columns(_as_fitted(model, state), row, reset=False)
    return plain(x)


def parse_step(x, n, state, dtype):
    """One time step of `n` streams as network inputs: (F, n), or the row of the embedding table for each token (n,).

    Raises
    ------
    ValueError
        If `x` has another shape, or is not finite in `dtype`, in which the network computes.
    """
    n_features = 1 if state.embeds else state.preprocessor.n_inputs
    flat = x.ndim == 1 and len(x) == n * n_features and 1 in (n, n_features)
    if x.shape != (n, n_features) and not flat:
        also = f" or ({n},)" if n_features == 1 else ""
        raise ValueError(
            f"Expected x with shape ({n}, {n_features}){also}, one time step of {n} streams, got {x.shape}."
        )
    if x.dtype.kind not in NUMERIC:
        x = numbers(x, STEP)
    x = x.reshape(n, n_features)
    if not n:  # no stream has a step at this tick
        return np.empty(0, np.intp) if state.embeds else np.empty((n_features, 0), dtype)
    if state.embeds:
        return state.preprocessor(as_tokens(Ragged.of_rows(x), _stream_of).values[:, 0])
    if x.dtype != dtype:
        with np.errstate(over="ignore"):
            x = x.astype(dtype)
    if not np.isfinite(x).all():
        j = int(np.isfinite(x).all(axis=1).argmin())
        raise ValueError(f"Expected x to be finite in {x.dtype}, got NaN, infinity or a larger value in stream {j}.")
    return state.preprocessor(x, dtype).T


def _stream_of(wrong, offsets):
    return f"stream {wrong.argmax()}"
