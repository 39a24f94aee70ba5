"""Predictions while sequences arrive: step by step, in chunks, and after each prefix."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._core.preprocessing import rows_of
from .._core.ragged import Ragged
from .._core.stepping import Stepper
from .._core.threads import single_blas_thread
from .._data.sequences import as_tokens
from .parameters import architecture_of

RUNNING = {"last", "mean", "max"}
ALONE, TOGETHER = 9_000, 200_000  # multiplications of a step; OpenBLAS divides products from 9,216 and 262,144 on


class StreamState:
    """Where a number of parallel streams stand; made by `initial_state`, `step` and `predict`, and never changed.

    It can be pickled, and indexed: ``state[2]``, ``state[[0, 3]]``, ``state[1:]`` are the states of those streams.
    """

    def __init__(self, arrays, n_streams, theta=None, stepper=None):
        self._arrays, self.n_streams, self._theta, self._stepper = arrays, n_streams, theta, stepper

    def __getitem__(self, streams):
        rows = np.atleast_1d(np.arange(self.n_streams)[streams])
        arrays = {name: array[..., rows] for name, array in self._arrays.items()}
        return StreamState(arrays, len(rows), self._theta, self._stepper)

    def __len__(self):
        return self.n_streams

    def __repr__(self):
        return f"<StreamState of {self.n_streams} streams>"

    def __getstate__(self):
        return {"_arrays": self._arrays, "n_streams": self.n_streams, "_theta": None, "_stepper": None}


def streams(model):
    """Whether a model can predict from what has come so far; raises an AttributeError that says why not."""
    bidirectional, per_step, kinds = architecture_of(model)
    if bidirectional:
        raise AttributeError(
            "Expected bidirectional=False for streaming, got True: the backward direction needs whole sequences."
        )
    if not per_step and not kinds <= RUNNING:
        raise AttributeError(
            f"Expected pooling by one or more of {sorted(RUNNING)} for streaming, got {sorted(kinds)}."
        )
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
        check_is_fitted(self)
        if not isinstance(n_streams, Integral) or n_streams < 1:
            raise ValueError(f"n_streams must be an integer of at least 1, got {n_streams!r}.")
        stepper = self._new_stepper()
        return StreamState(stepper.initial(n_streams), n_streams, self.theta_, stepper)

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
        form, stepper = self._form(method), self._stepper(state)
        x = self._read_step(x, state.n_streams, stepper)
        # to limit BLAS takes some µs, and BLAS by itself takes one thread for small products
        small = stepper.n_weights * state.n_streams < (ALONE if state.n_streams == 1 else TOGETHER)
        if small:
            raw, arrays = stepper.step(x, state._arrays)
        else:
            with single_blas_thread():
                raw, arrays = stepper.step(x, state._arrays)
        return form(raw.T), StreamState(arrays, state.n_streams, self.theta_, stepper)

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
        self._network()  # or it is not fitted
        streams(self)
        sequences = self._read(X)
        state = self.initial_state(len(sequences)) if state is None else state
        stepper = self._stepper(state)
        if state.n_streams != len(sequences):
            raise ValueError(
                f"Expected {state.n_streams} sequences, one per stream of initial_state, got {len(sequences)}."
            )
        ends = {name: np.empty_like(array, order="C") for name, array in state._arrays.items()}

        def on_batch(rows, result):
            for name, array in result.ends.items():
                ends[name][..., rows] = array

        out = self._respond(method, X, sequences, initial_state=state._arrays, on_batch=on_batch)
        return (out, StreamState(ends, state.n_streams, self.theta_, stepper)) if return_state else out

    def _new_stepper(self):
        return Stepper(self._network(), self.theta_, *(() if self._embeds else (self.x_mean_, self.x_scale_)))

    def _stepper(self, state):
        """That of the state, or a new one if it was unpickled, or is older than the last fit."""
        if not isinstance(state, StreamState):
            raise TypeError(
                f"Expected a StreamState, got {type(state).__name__}. Create one with initial_state(n_streams)."
            )
        if state._theta is self.theta_:
            return state._stepper
        stepper = self._new_stepper()
        shapes = {name: array.shape for name, array in stepper.initial(state.n_streams).items()}
        if shapes != {name: array.shape for name, array in state._arrays.items()}:
            raise ValueError(
                "Expected a state of this model, got one for other layers. Create one with initial_state(n_streams)."
            )
        return stepper

    def _read_step(self, x, n, stepper):
        """(F, n), as the stepper takes it; or the row of the table for each token."""
        x = np.asarray(x)
        n_features = 1 if self._embeds else len(stepper.mean)
        if x.shape != (n, n_features) and not (x.ndim == 1 and len(x) == n * n_features and 1 in (n, n_features)):
            also = f" or ({n},)" if n_features == 1 else ""
            raise ValueError(
                f"Expected x with shape ({n}, {n_features}){also}, one time step of {n} streams, got {x.shape}."
            )
        if x.dtype.kind == "c":
            raise ValueError(f"Complex data not supported: x has dtype {x.dtype}.")
        x = x if x.dtype.kind in "fiub" else x.astype(np.float64)
        if self._embeds:
            return rows_of(as_tokens(Ragged.of_rows(x.reshape(n, 1))).values[:, 0], self.vocabulary_)
        x = x.reshape(n, n_features).T
        if x.dtype != stepper.dtype:
            with np.errstate(over="ignore"):
                x = x.astype(stepper.dtype)
        if not np.isfinite(x).all():
            j = int(np.isfinite(x).all(axis=0).argmin())
            raise ValueError(
                f"Expected x to be finite in {x.dtype}, got NaN, infinity or a larger value in stream {j}."
            )
        return x
