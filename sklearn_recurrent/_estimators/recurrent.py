"""Networks with one output per sequence, or one per time step: what classifiers and regressors share."""

from __future__ import annotations

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.metrics import make_scorer
from sklearn.utils import check_consistent_length

from .._core.dataset import Dataset
from .._core.network import Network
from .._core.threads import single_blas_thread
from .._data.containers import object_array
from .._data.targets import (
    flatten_steps,
    flatten_weights,
    infer_dtype,
    numbers_of_weights,
    refuse_masked,
    split_like,
    steps_without_target,
    unmasked_steps,
)
from .._sklearn import _fit_context, with_callbacks
from .base import BaseNetwork
from .inputs import parse_one, refuse_token_targets
from .inspection import Inspection
from .parameters import is_bidirectional, poolings
from .scoring import sequence_scorer
from .streaming import Streaming
from .target_encoders import ClassEncoder
from .transforming import Transforming
from .warnings import warn_of_lookahead
from .weights import class_codes, positive_weight, refuse_extreme_weights


class BaseRecurrent(Streaming, Inspection, Transforming, BaseNetwork, BaseEstimator):
    """A recurrent network as an estimator; a subclass says what its targets are.

    It has ``_validate_target(y, lengths=None)``, which returns an array, and what `BaseNetwork` asks for.
    """

    _network_class = Network

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, groups=None, X_val=None, y_val=None) -> Self:
        """Fit the network to sequences.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Training sequences: a list, tuple, object array or Series of arrays (n_steps_i, n_features) or (n_steps_i,),
            or of data frames; an array (n_samples, n_steps, n_features), whose leading and trailing steps of NaN are
            padding; or an array (n_samples, n_steps) of one value per step. With embedding_dim, one integer token per
            step. Columns of numbers beside one of sequences, in a frame or an object array, are static values.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, a multilabel indicator, or numbers. With return_sequences, one array per sequence, of shape
            (n_steps_i,) or (n_steps_i, n_outputs), or an array (n_samples, n_steps[, n_outputs]). A step with NaN among
            its numbers then has no target: its weight is 0.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight 2 equals the sequence given twice, weight 0 the sequence left out. With return_sequences, also an
            array of step weights per sequence; the target of a step of weight 0 may be anything.
        groups : array-like of shape (n_samples,), default=None
            Sequences of one group, such as the windows of one series, stay together when early_stopping splits X. Or
            what validation_split needs, such as times.
        X_val, y_val : like X and y, default=None
            Sequences to validate on after each epoch, instead of a part of X, and their targets. A Pipeline does not
            transform X_val by itself.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is invalid, or training diverges. The estimator is then unchanged.

        Warns
        -----
        ConvergenceWarning
            If max_iter is reached, unless learning_rate is 'cosine' or 'onecycle', which end there.
        UserWarning
            If training is interrupted (Ctrl-C), or no validation score is a number. The last weights are kept.
        SequenceDataWarning
            If the data looks like a likely mistake. The message says what to do.
        """
        resume = self.warm_start and hasattr(self, "theta_")
        return self._fit(X, y, sample_weight, resume=resume, groups=groups, X_val=X_val, y_val=y_val)

    # --- before training ----------------------------------------------------------------------------------------------

    def _refuse_contradictions(self):
        super()._refuse_contradictions()
        if self.return_sequences and self.missing == "skip":
            raise ValueError("return_sequences=True cannot be combined with missing='skip': every step needs a target.")

    def _read_targets(self, X, y, sample_weight, classes, encoder):
        return self._validate_samples(X, y, sample_weight, per_step=self.return_sequences), encoder

    def _validate_samples(self, X, y, sample_weight, *, per_step):
        """Targets and weights as they came, one for each sequence or each step, checked."""
        if not per_step:
            _refuse_ragged(y)
            refuse_masked(y)
            y = self._validate_target(y)
            check_consistent_length(X, y)
            return Dataset(X, y, positive_weight(sample_weight, len(X), "sequence"))
        if is_regressor(self):
            refuse_token_targets(self, y)
        y, lengths = flatten_steps(y, X.lengths, valid=X.valid, masked="keep")
        if sample_weight is not None and not np.isscalar(sample_weight):
            sample_weight = flatten_weights(sample_weight, X.lengths, valid=X.valid)
        weight = positive_weight(sample_weight, len(y), "step")
        ignored = weight == 0  # may hold anything
        y = unmasked_steps(y, lengths, ignored, may_lack=is_regressor(self))
        self._refuse_missing_steps(y, lengths, ignored)
        if ignored.any():
            y[ignored] = y[~ignored][0]
        y = self._validate_target(infer_dtype(y), lengths)
        without = steps_without_target(y)
        if without.any():
            weight = np.where(without, 0, weight)
            ignored = weight == 0
            if ignored.all():
                raise ValueError("Expected y to have a target at one time step at least, got NaN alone.")
        if ignored.any():
            y[ignored] = np.sort(y[~ignored], axis=0)[0]  # whatever the order of the sequences
        return Dataset(X, y, weight, X.offsets)

    def _refuse_missing_steps(self, y, lengths, ignored):
        """Raise for targets of steps that are missing, if the estimator cannot do without; `ignored` ones may be."""

    def _warn_of_likely_mistakes(self, given, y, encoder, remembered):
        if self.return_sequences and is_bidirectional(self):
            has_labels = isinstance(encoder, ClassEncoder) and not encoder.multilabel
            warn_of_lookahead(given, class_codes(y) if has_labels else None)

    def _architecture(self, encoder, preprocessor, remembered):
        return {"pooling": poolings(self.pooling), "per_step": bool(self.return_sequences)}

    # --- after training -----------------------------------------------------------------------------------------------

    def _respond(self, method, X, **options):
        """What `method` returns: made of the network's raw outputs, in the container that belongs to `X`."""
        state = self._fitted_state()
        if not options and method in state.encoder.responses:
            values = parse_one(self, X, state)
            if values is not None and state.one_sequence.takes(len(values)):
                return self._respond_to_one(state, method, values)
        return self._respond_in(state, method, X, self._parse(X, state), **options)

    def _respond_to_one(self, state, method, values):
        """The same for the values (T, F) of one sequence, without what only a batch needs."""
        inputs = state.preprocessor.of_one_sequence(values, state.theta.dtype)
        with state.one_sequence.limited_blas():
            raw = state.one_sequence(inputs)
        out = self._response(state, method)(raw)
        return object_array([out]) if state.network.per_step else out

    def _respond_in(self, state, method, X, sequences, *, inputs=None, **options):
        """The same in a `FittedState`, if `X` is parsed; `inputs`: what the network reads of it, if that is known."""
        if method != "transform":
            respond = self._response(state, method)
        with single_blas_thread(), self._worker_pool(state.theta.dtype) as workers:
            if inputs is None:
                inputs = self._network_inputs(sequences, state)
            if method == "transform":
                return state.network.pooled_states(state.theta, inputs, workers)
            out = respond(state.raw_outputs(inputs, workers, **options))
        if state.network.per_step or "staged" in options:
            return split_like(out, X, sequences, padded=state.padded)
        return out

    def _response(self, state, method):
        """What makes the result of a method of raw outputs, (n, n_outputs)."""
        encoder = state.encoder
        if method not in encoder.responses:
            raise ValueError(f"method must be one of {sorted(encoder.responses)}, got {method!r}.")
        return getattr(encoder, method)

    def _score(self, metric, X, y, sample_weight):
        if self._fitted_state().network.per_step:
            return sequence_scorer(make_scorer(metric))(self, X, y, sample_weight)
        refuse_masked(y)
        if sample_weight is not None:
            refuse_masked(sample_weight, "sample_weight")
            sample_weight = numbers_of_weights(sample_weight, "sequence")
            refuse_extreme_weights(np.asarray(sample_weight, np.float64))
        return metric(y, self.predict(X), sample_weight=sample_weight)


def _refuse_ragged(y):
    objects = y if isinstance(y, list | tuple) or getattr(y, "dtype", None) is np.dtype(object) else ()
    sizes = {len(entry) for entry in objects if isinstance(entry, list | tuple | np.ndarray) and np.ndim(entry)}
    if len(sizes) > 1:
        raise ValueError(
            f"Expected y with one target per sequence, got {min(sizes)} to {max(sizes)} values per sequence. "
            "For one target per time step set return_sequences=True."
        )
