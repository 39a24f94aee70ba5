"""Predictions while sequences arrive: step by step, in chunks, and after each prefix."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from .._core.ragged import rows_of
from .._core.threads import single_blas_thread_for
from .._sklearn import available_if
from .inputs import parse_next, parse_static, parse_step, values_of_step
from .parameters import architecture_of

RUNNING = {"last", "mean", "max"}
"""Poolings that can be kept up to date step by step."""


class StreamState:
    """State of parallel streams, between two time steps.

    The methods `initial_state`, `step` and `predict` make it, and `step` and `predict` continue from it. It never
    changes, so a stream can be continued in several ways. It can be pickled.

    Parameters
    ----------
    arrays : dict of str to ndarray
        What each part of the network carries on; the last axis is that of the streams.
    n_streams : int
        Number of streams.
    stepper : object, default=None
        The network, prepared to take single steps. None: the model prepares it again.
    static : ndarray of shape (n_streams, n_static), default=None
        Static values of the streams, as they came. None: there are none.
    last : ndarray of shape (n_streams, n_features), default=None
        With missing='forward', the last value of each feature, NaN if it had none yet. None: none is carried forward.

    Attributes
    ----------
    n_streams : int
        Number of streams; ``len(state)`` is the same.

    See Also
    --------
    LSTMClassifier : Its method `initial_state` makes such states.

    Notes
    -----
    ``state[2]``, ``state[[0, 3]]`` and ``state[1:]`` are the states of some of the streams. After another `fit` or
    `partial_fit` of the model, streams continue with the new weights, if the architecture is the same.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import LSTMRegressor
    >>> X = np.random.default_rng(0).normal(size=(50, 20, 3))
    >>> model = LSTMRegressor(4, bidirectional=False, max_iter=2, random_state=0).fit(X, X.mean(axis=(1, 2)))
    >>> state = model.initial_state(n_streams=50)
    >>> for t in range(20):
    ...     output, state = model.step(X[:, t], state)
    >>> np.allclose(output, model.predict(X))
    True
    >>> state[[0, 3]]
    <StreamState of 2 streams>
    """

    n_streams: int
    _last: np.ndarray | None = None  # of states that were stored before there was such a thing

    def __init__(
        self,
        arrays: dict[str, np.ndarray],
        n_streams: int,
        stepper=None,
        static: np.ndarray | None = None,
        last: np.ndarray | None = None,
    ) -> None:
        self._arrays = arrays
        self._static = static
        self._last = last
        self.n_streams = n_streams
        self._stepper = stepper  # of the model that made it; prepared weights, so never stored

    def __getitem__(self, streams) -> StreamState:
        rows = np.atleast_1d(np.arange(self.n_streams)[streams])
        arrays = {name: array[..., rows] for name, array in self._arrays.items()}
        return StreamState(arrays, len(rows), self._stepper, rows_of(self._static, rows), rows_of(self._last, rows))

    def __len__(self) -> int:
        return self.n_streams

    def __repr__(self):
        return f"<StreamState of {self.n_streams} streams>"

    def __getstate__(self):
        stored = {"_arrays": self._arrays, "n_streams": self.n_streams, "_stepper": None, "_static": self._static}
        return stored if self._last is None else stored | {"_last": self._last}


def streams(model):
    """Whether a model can predict from what has come so far; raises an AttributeError that says why not."""
    bidirectional, per_step, kinds = architecture_of(model)
    if bidirectional:
        raise AttributeError(
            "Expected bidirectional=False for streaming, got two directions: the backward one needs whole sequences."
        )
    if not per_step and not kinds <= RUNNING:
        raise AttributeError(
            f"Expected pooling by one or more of {sorted(RUNNING)} for streaming, got {sorted(kinds)}."
        )
    return True


class Streaming:
    """The methods of an estimator for sequences that are not complete."""

    @available_if(streams)
    def initial_state(self, n_streams: int = 1, static=None) -> StreamState:
        """Return the state of streams that have not begun.

        Parameters
        ----------
        n_streams : int, default=1
            Number of parallel streams, at least 1.
        static : array-like of shape (n_streams, n_static_features_in_), default=None
            Static values of the streams, if X in `fit` had some.

        Returns
        -------
        state : StreamState
            The state that `step` and `predict` start from.

        Raises
        ------
        AttributeError
            If the network is bidirectional or pools by attention, and so depends on later steps.
        """
        state = self._fitted_state()
        if not isinstance(n_streams, Integral) or n_streams < 1:
            raise ValueError(f"n_streams must be an integer of at least 1, got {n_streams!r}.")
        return _beginning(state, n_streams, parse_static(self, static, n_streams, state))

    @available_if(streams)
    def step(self, x, state: StreamState, *, method: str = "predict") -> tuple[np.ndarray, StreamState]:
        """Predict after one more time step of each stream, as `predict` would from all its steps so far.

        Parameters
        ----------
        x : array-like of shape (n_streams, n_features) or (n_streams,)
            One time step of each stream: its features, or one number or token. For a single stream also (n_features,).
            Names are checked if `x` is a data frame, or a row of one.
        state : StreamState
            State of the streams before this step. It is not changed, so a stream can be continued in several ways.
        method : {"predict", "predict_proba", "predict_log_proba", "decision_function"}, default="predict"
            The method whose result is returned.

        Returns
        -------
        output : ndarray of shape (n_streams,) or (n_streams, n_outputs)
            The prediction for each stream.
        state : StreamState
            State of the streams after this step.

        Raises
        ------
        AttributeError
            As in `initial_state`.
        TypeError, ValueError
            If `state` is no StreamState of this model, or `x` has another shape or holds infinity, or NaN without
            missing='forward'.
        """
        fitted = self._fitted_state()
        respond = self._response(fitted, method)
        stepper = _stepper_for(state, fitted)
        if type(x) is not np.ndarray:
            x = values_of_step(self, x, state.n_streams, fitted)
        x, last = parse_step(x, state.n_streams, fitted, stepper.dtype, state._last)
        inputs = [x, state._arrays]
        if state._static is not None:
            inputs.append(fitted.static_preprocessor(state._static, stepper.dtype).T)
        with single_blas_thread_for(stepper.n_weights, state.n_streams):
            raw, arrays = stepper.step(*inputs)
        return respond(raw.T), StreamState(arrays, state.n_streams, stepper, state._static, last)

    @available_if(streams)
    def staged_predict(self, X) -> np.ndarray:
        """Predict after each time step, as if the sequence ended there.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        y : ndarray
            Predictions for each time step, (n_steps_i,) or (n_steps_i, n_outputs) for each sequence (see Notes).
        """
        return self._respond("predict", X, staged=True)

    def _respond_from(self, method, X, state, return_state):
        """A response to the steps that come after `state`; None: to the first steps."""
        if state is None and not return_state:
            return self._respond(method, X)
        fitted = self._fitted_state()
        static = getattr(state, "_static", None)
        sequences = self._parse(X, fitted) if static is None else parse_next(self, X, fitted, static)
        streams(self)
        if state is None:
            state = _beginning(fitted, len(sequences), sequences.static)
        stepper = _stepper_for(state, fitted)
        if state.n_streams != len(sequences):
            raise ValueError(
                f"Expected {state.n_streams} sequences, one per stream of initial_state, got {len(sequences)}."
            )
        _refuse_other_static(sequences.static, static)
        ends = {name: np.empty_like(array, order="C") for name, array in state._arrays.items()}

        def on_batch(rows, result):
            for name, array in result.ends.items():
                ends[name][..., rows] = array

        options = {"initial_state": state._arrays, "on_batch": on_batch}
        last = None
        if fitted.carries:
            options["inputs"], last = fitted.continued_inputs(sequences, state._last)
        out = self._respond_in(fitted, method, X, sequences, **options)
        if not return_state:
            return out
        return out, StreamState(ends, state.n_streams, stepper, state._static, last)


def _beginning(fitted, n_streams, static):
    stepper = fitted.new_stepper()
    last = None
    if fitted.carries:
        last = np.full((n_streams, fitted.preprocessor.n_features), np.nan, stepper.dtype)
    return StreamState(stepper.initial(n_streams), n_streams, stepper, static, last)


def _stepper_for(state, fitted):
    """The stepper of a fitted model, for a state that may be that of another one, or was stored."""
    if not isinstance(state, StreamState):
        raise TypeError(
            f"Expected a StreamState, got {type(state).__name__}. Create one with initial_state(n_streams)."
        )
    if state._stepper is not None and state._stepper.theta is fitted.theta:
        return state._stepper
    stepper = fitted.new_stepper()
    expected = {name: array.shape for name, array in stepper.initial(state.n_streams).items()}
    if expected != {name: array.shape for name, array in state._arrays.items()}:
        raise ValueError(
            "Expected a state of this model, got one for other layers. Create one with initial_state(n_streams)."
        )
    n_carried = 0 if state._last is None else state._last.shape[1]
    if n_carried != (fitted.preprocessor.n_features if fitted.carries else 0):
        raise ValueError(
            "Expected a state of this model, got one for another value of missing, or for another number of features. "
            "Create one with initial_state(n_streams)."
        )
    n_static = 0 if state._static is None else state._static.shape[1]
    if n_static != fitted.n_static:
        raise ValueError(
            f"Expected a state with {fitted.n_static} static values for each stream, as in fit, got {n_static}. "
            "Create one with initial_state(n_streams, static)."
        )
    return stepper


def _refuse_other_static(static, of_state):
    """X that repeats the static values of its streams must repeat them as they are."""
    if of_state is None or static is of_state:
        return
    differs = (static != of_state).any(axis=1)
    if differs.any():
        j = int(differs.argmax())
        raise ValueError(
            f"Expected the static values of initial_state, {of_state[j].tolist()} for stream {j}, got "
            f"{static[j].tolist()} in X. With initial_state, X may be sequences alone."
        )
