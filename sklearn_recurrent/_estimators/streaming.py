"""Predictions while sequences arrive: step by step, in chunks, and after each prefix."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils.metaestimators import available_if

from .._core.threads import single_blas_thread
from .inputs import parse_step
from .parameters import architecture_of

RUNNING = {"last", "mean", "max"}
ALONE, TOGETHER = 9_000, 200_000  # multiplications of a step; OpenBLAS divides products from 9,216 and 262,144 on


class StreamState:
    """Where a number of parallel streams stand; made by `initial_state`, `step` and `predict`, and never changed.

    It can be pickled, and indexed: ``state[2]``, ``state[[0, 3]]``, ``state[1:]`` are the states of those streams.
    """

    def __init__(self, arrays, n_streams, stepper=None):
        self._arrays = arrays
        self.n_streams = n_streams
        self._stepper = stepper  # of the model that made it; prepared weights, so never stored

    def __getitem__(self, streams):
        rows = np.atleast_1d(np.arange(self.n_streams)[streams])
        arrays = {name: array[..., rows] for name, array in self._arrays.items()}
        return StreamState(arrays, len(rows), self._stepper)

    def __len__(self):
        return self.n_streams

    def __repr__(self):
        return f"<StreamState of {self.n_streams} streams>"

    def __getstate__(self):
        return {"_arrays": self._arrays, "n_streams": self.n_streams, "_stepper": None}


def streams(model):
    """Whether a model can predict from what has come so far; raises an AttributeError that says why not."""
    bidirectional, per_step, kinds = architecture_of(model)
    if bidirectional:
        raise AttributeError("A bidirectional network reads its sequences from their ends, too: bidirectional=False.")
    if not per_step and not kinds <= RUNNING:
        raise AttributeError(f"Streaming wants pooling by some of {sorted(RUNNING)}, got {sorted(kinds)}.")
    return True


class Streaming:
    """The methods of an estimator for sequences that are not complete."""

    @available_if(streams)
    def initial_state(self, n_streams=1):
        """Begin a number of parallel streams.

        Parameters
        ----------
        n_streams : int, default=1
            How many, at least 1.

        Returns
        -------
        state : StreamState
            What `step` and `predict` go on from: no time step has been seen. It can be pickled and indexed by streams.

        Raises
        ------
        AttributeError
            If the network is bidirectional or pools by attention: it then depends on what is still to come.
        """
        state = self._fitted_state()
        if not isinstance(n_streams, Integral) or n_streams < 1:
            raise ValueError(f"n_streams must be at least 1, got {n_streams!r}.")
        return StreamState(state.stepper.initial(n_streams), n_streams, state.stepper)

    @available_if(streams)
    def step(self, x, state, *, method="predict"):
        """Predict after one more time step of each stream, as `predict` would from all of its steps.

        Parameters
        ----------
        x : array-like of shape (n_streams, n_features) or (n_streams,)
            The features of one time step of each stream; for a single feature, or tokens, one number each; for a single
            stream also (n_features,).
        state : StreamState
            Where the streams stand. It is not changed: a stream may go on from it in several ways.
        method : {"predict", "predict_proba", "predict_log_proba", "decision_function"}, default="predict"
            Whose result to return.

        Returns
        -------
        output : ndarray of shape (n_streams,) or (n_streams, n_outputs)
            The prediction for each stream.
        state : StreamState
            Where the streams now stand.

        Raises
        ------
        ValueError
            If x has another shape, or holds NaN or infinity.
        """
        fitted = self._fitted_state()
        respond = self._response(fitted, method)
        stepper = _stepper_for(state, fitted)
        inputs = parse_step(x, state.n_streams, fitted, stepper.dtype)
        # To limit BLAS takes some µs, and BLAS by itself takes one thread for small products.
        limit = ALONE if state.n_streams == 1 else TOGETHER
        if stepper.n_weights * state.n_streams < limit:
            raw, arrays = stepper.step(inputs, state._arrays)
        else:
            with single_blas_thread():
                raw, arrays = stepper.step(inputs, state._arrays)
        return respond(raw.T), StreamState(arrays, state.n_streams, stepper)

    @available_if(streams)
    def staged_predict(self, X):
        """Predict after each time step, as if the sequence ended there.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.

        Returns
        -------
        y : ndarray
            A 1-D object array of arrays (n_steps_i,) or (n_steps_i, n_outputs); for an X of numbers without padding
            one array (n_samples, n_steps) or (n_samples, n_steps, n_outputs).

        Raises
        ------
        AttributeError
            If the network is bidirectional or pools by attention: it then depends on what is still to come.
        """
        return self._respond("predict", X, staged=True)

    def _respond_from(self, method, X, state, return_state):
        """A response to the steps that come after `state`; None: to the first steps."""
        if state is None and not return_state:
            return self._respond(method, X)
        fitted, sequences = self._parse_fitted(X)
        streams(self)
        if state is None:
            state = self.initial_state(len(sequences))
        stepper = _stepper_for(state, fitted)
        if state.n_streams != len(sequences):
            raise ValueError(f"X has {len(sequences)} sequences, but initial_state has {state.n_streams} streams.")
        ends = {name: np.empty_like(array, order="C") for name, array in state._arrays.items()}

        def on_batch(rows, result):
            for name, array in result.ends.items():
                ends[name][..., rows] = array

        out = self._respond_in(fitted, method, X, sequences, initial_state=state._arrays, on_batch=on_batch)
        if not return_state:
            return out
        return out, StreamState(ends, state.n_streams, stepper)


def _stepper_for(state, fitted):
    """The stepper of a fitted model, for a state that may be that of another one, or was stored."""
    if not isinstance(state, StreamState):
        raise TypeError(f"A StreamState is wanted, as initial_state(n_streams) makes it, got {type(state).__name__}.")
    stepper = fitted.stepper
    if state._stepper is stepper:
        return stepper
    expected = {name: array.shape for name, array in stepper.initial(state.n_streams).items()}
    if expected != {name: array.shape for name, array in state._arrays.items()}:
        raise ValueError("The state is that of another model: its layers have other sizes.")
    return stepper
