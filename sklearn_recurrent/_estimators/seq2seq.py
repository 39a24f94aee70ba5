"""Sequence in, sequence of another length out: what encoders and decoders share."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from .._core.dataset import Dataset
from .._core.scheduled_sampling import SampledObjective
from .._core.seq2seq import EncoderDecoder
from .._core.threads import single_blas_thread
from .._data.sequences import object_array
from .._data.targets import as_rows
from .base import BaseNetwork
from .parameters import forcing_of
from .weights import positive_weight


def aligns(model):
    """Whether a decoder has attention; raises an AttributeError that says why not."""
    fitted = getattr(model, "_network_arguments", None)
    if (fitted["attention"] if fitted else model.attention) is None:
        raise AttributeError(
            "Expected attention='additive' or 'dot' for attention_weights, got None. Set it and fit again."
        )
    return True


class BaseSeq2Seq(BaseNetwork, BaseEstimator):
    """An encoder and a decoder as an estimator; a subclass says what it writes."""

    _network_class = EncoderDecoder

    # --- before training ----------------------------------------------------------------------------------------------

    def _refuse_contradictions(self):
        super()._refuse_contradictions()
        if forcing_of(self.teacher_forcing) != (1, 1) and self.solver == "lbfgs":
            raise ValueError("Expected teacher_forcing=1 for solver='lbfgs', since less is random, got a lower value.")

    def _architecture(self, encoder, preprocessor, remembered):
        target_tokens = encoder.n_outputs if encoder.link == "softmax" else None
        return {"attention": self.attention, "target_tokens": target_tokens}

    def _objective(self, *arguments, first_epoch):
        first, last = forcing_of(self.teacher_forcing)
        epochs = max(self.max_iter - 1, 1)

        def forcing(epoch):  # from first_epoch + 1 on
            return first + (last - first) * (epoch - first_epoch - 1) / epochs

        return SampledObjective(*arguments, forcing=forcing)

    # --- after training -----------------------------------------------------------------------------------------------

    def _run(self, state, sequences, function, *arguments, **options):
        """``function(network, theta, X, workers, …)`` of sequences that are parsed."""
        with single_blas_thread(), self._worker_pool(state.theta.dtype) as workers:
            inputs = self._network_inputs(sequences, state)
            return function(state.network, state.theta, inputs, workers, *arguments, **options)

    def _raw(self, state, sequences, y, offsets):
        """Raw outputs (S, K) if the decoder reads the outputs `y`, each one step later."""

        def predict(network, theta, X, workers):
            return network.predict(theta, network.network_inputs(Dataset(X, y, None, offsets)), workers)

        return self._run(state, sequences, predict)

    def _attention(self, state, sequences, y, offsets):
        """For each sequence an array (output steps, input steps), if the outputs are `y`."""
        found = [None] * len(sequences)
        n_out = np.diff(offsets)
        n_in = sequences.lengths
        if state.network.future:  # of which the encoder reads all but the steps that are written
            n_in = n_in - n_out

        def on_batch(rows, result):
            weights = (a for group in result.head.weights for a in group)
            for row, a in zip(rows, weights, strict=True):
                found[row] = a[: n_out[row], : n_in[row]].copy()

        def attend(network, theta, X, workers):
            dataset = Dataset(X, y, None, offsets)
            network.for_each_batch(theta, network.network_inputs(dataset), workers, on_batch)

        self._run(state, sequences, attend)
        return object_array(found)


def sequence_weight(sample_weight, n):
    """A number for each sequence; None if there is an array of numbers for each of its steps."""
    if (
        sample_weight is not None
        and not np.isscalar(sample_weight)
        and any(map(np.ndim, as_rows(sample_weight, "sample_weight")))
    ):
        return None
    return positive_weight(sample_weight, n, "sequence")
