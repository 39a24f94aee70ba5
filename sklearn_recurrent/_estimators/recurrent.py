"""Networks with one output per sequence, or one per time step: what classifiers and regressors share."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import make_scorer
from sklearn.utils import check_consistent_length

from .._core.dataset import Dataset
from .._core.losses import LINKS
from .._core.network import Network
from .._core.threads import single_blas_thread
from .._data.sequences import object_array
from .._data.targets import flatten_steps, flatten_weights, like_steps, typed
from .._sklearn import _fit_context
from .base import BaseNetwork
from .inspection import Inspection
from .parameters import RecurrentParameters, poolings
from .scoring import sequence_scorer
from .streaming import Streaming
from .weights import positive_weight, refuse_extreme_weights


class BaseRecurrent(Streaming, Inspection, BaseNetwork, RecurrentParameters):
    """A recurrent network as an estimator; a subclass says what its targets are.

    It has ``_validate_target(y)``, which returns an array; and ``_encode_target(y, weight, classes, resume)``, which
    returns the targets of the loss, a row each, and the fitted attributes that say how to read them, its `facts`.
    """

    _network_class = Network

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, groups=None, X_val=None, y_val=None):
        """Fit the network to sequences.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Training sequences: a list, tuple, object array or Series of arrays of shape (n_steps_i, n_features) or
            (n_steps_i,); or an array (n_samples, n_steps, n_features), in which leading and trailing steps of NaN are
            padding; or (n_samples, n_steps), one value per step. With embedding_dim one whole number per step.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, a multilabel indicator, or numbers. With return_sequences one array of them per sequence,
            as long as it, (n_steps_i,) or (n_steps_i, n_outputs); or an array (n_samples, n_steps[, n_outputs]).
        sample_weight : array-like of shape (n_samples,), default=None
            Weight 2 is the same as giving a sequence twice, weight 0 as leaving it out. With return_sequences also one
            array per sequence, of its steps: a step of weight 0 is read, but its target, which may be anything, plays
            no part.
        groups : array-like of shape (n_samples,), default=None
            Sequences of one group, such as the windows of one series, stay together when early_stopping sets a part
            aside.
        X_val : list of arrays, 3-D array, 2-D array or data frame, default=None
            Sequences to validate on after each epoch, in place of a part of X; with early_stopping the weights of the
            epoch that is best on them are kept.
        y_val : array-like, default=None
            Their targets, in the form of y.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y or sample_weight is invalid, or training diverges. The estimator is then as it was before.
        """
        return self._fit(X, y, sample_weight, groups=groups, X_val=X_val, y_val=y_val)

    # --- before training ----------------------------------------------------------------------------------------------

    def _refuse_contradictions(self):
        super()._refuse_contradictions()
        if self.return_sequences and self.missing == "skip":
            raise ValueError("return_sequences=True wants a target for each step, and missing='skip' passes over some.")

    def _samples(self, X, y, sample_weight, classes, resume):
        return self._validate_samples(X, y, sample_weight), {}

    def _validate_samples(self, X, y, sample_weight):
        """Targets and weights as they came, one for each sequence or each step, checked."""
        if not self.return_sequences:
            _refuse_ragged(y)
            y = self._validate_target(y)
            check_consistent_length(X, y)
            return Dataset(X, y, positive_weight(sample_weight, len(X), "sequence"))
        y, _ = flatten_steps(y, X.lengths, valid=X.valid)
        if sample_weight is not None and not np.isscalar(sample_weight):
            sample_weight = flatten_weights(sample_weight, X.lengths, valid=X.valid)
        weight = positive_weight(sample_weight, len(y), "step")
        ignored = weight == 0  # may hold anything
        if ignored.any():
            y[ignored] = y[~ignored][0]
        y = self._validate_target(typed(y))
        if ignored.any():
            y[ignored] = np.sort(y[~ignored], axis=0)[0]  # whatever the order of the sequences
        return Dataset(X, y, weight, X.offsets)

    def _encode(self, dataset, classes, resume):
        Y, facts = self._encode_target(dataset.y, dataset.weight, classes, resume)
        return dataset._replace(y=Y), facts

    def _arguments(self, facts):
        return {"pooling": poolings(self.pooling), "per_step": bool(self.return_sequences)}

    def _targets_as_given(self, dataset):
        if dataset.offsets is None:
            return dataset.y
        return object_array(np.split(dataset.y, dataset.offsets[1:-1]))

    # --- after training -----------------------------------------------------------------------------------------------

    def _respond(self, method, X, sequences=None, **options):
        """What `method` returns: made of the network's raw outputs, in the container that belongs to `X`.

        sequences : `X`, if it has been read
        """
        network, sequences = self._network(), self._read(X) if sequences is None else sequences
        with single_blas_thread(), self._worker_pool(self.theta_.dtype) as workers:
            out = self._form(method)(network.predict(self.theta_, self._prepare(sequences), workers, **options))
        return self._like_steps(out, X, sequences) if network.per_step or "staged" in options else out

    def _like_steps(self, values, X, sequences):
        """Values (S, ...) as an array (n, T, ...), or, also if just this part of X has no padding, an object array."""
        return like_steps(values, X, sequences, padded=self._padded)

    def _score(self, metric, X, y, sample_weight):
        if self._network().per_step:
            return sequence_scorer(make_scorer(metric))(self, X, y, sample_weight)
        if sample_weight is not None:
            refuse_extreme_weights(np.asarray(sample_weight, np.float64))
        return metric(y, self.predict(X), sample_weight=sample_weight)

    def _form(self, method):
        """What makes the result of a method of raw outputs, (n, n_outputs)."""
        if method not in self._forms:
            raise ValueError(f"method must be one of {sorted(self._forms)}, got {method!r}.")
        return getattr(self, self._forms[method])

    def _linked(self, raw):
        return LINKS[self.out_activation_](raw.T).T


def _refuse_ragged(y):
    objects = y if isinstance(y, list | tuple) or getattr(y, "dtype", None) is np.dtype(object) else ()
    sizes = {len(entry) for entry in objects if isinstance(entry, list | tuple | np.ndarray) and np.ndim(entry)}
    if len(sizes) > 1:
        raise ValueError(
            f"y holds between {min(sizes)} and {max(sizes)} values per sequence, but one target for each is wanted; "
            "a target for each time step wants return_sequences=True."
        )
