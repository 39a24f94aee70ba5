"""Sequence in, sequence of another length out: what encoders and decoders share."""

from __future__ import annotations

import numpy as np

from .._core.dataset import Dataset
from .._core.scheduled_sampling import SampledObjective
from .._core.seq2seq import EncoderDecoder
from .._core.threads import single_blas_thread
from .._data.sequences import object_array
from .._data.targets import as_rows
from .base import BaseNetwork
from .parameters import Seq2SeqParameters, forcing_of
from .weights import positive_weight


def aligns(model):
    """Whether a decoder has attention; raises an AttributeError that says why not."""
    fitted = getattr(model, "_network_arguments", None)
    if (fitted["attention"] if fitted else model.attention) is None:
        raise AttributeError(
            "Expected attention='additive' or 'dot' for attention_weights, got None. Set it and fit again."
        )
    return True


class BaseSeq2Seq(BaseNetwork, Seq2SeqParameters):
    """An encoder and a decoder as an estimator; a subclass says what it writes."""

    _network_class = EncoderDecoder

    # --- before training ----------------------------------------------------------------------------------------------

    def _refuse_contradictions(self):
        super()._refuse_contradictions()
        if forcing_of(self.teacher_forcing) != (1, 1) and self.solver == "lbfgs":
            raise ValueError("Expected teacher_forcing=1 for solver='lbfgs', since less is random, got a lower value.")

    def _arguments(self, facts):
        return {"attention": self.attention, "words": facts["n_outputs_"] if "classes_" in facts else None}

    def _objective(self, *arguments, first_epoch):
        (first, last), epochs = forcing_of(self.teacher_forcing), max(self.max_iter - 1, 1)

        def forcing(epoch):  # from first_epoch + 1 on
            return first + (last - first) * (epoch - first_epoch - 1) / epochs

        return SampledObjective(*arguments, forcing=forcing)

    # --- after training -----------------------------------------------------------------------------------------------

    def _run(self, sequences, function, *arguments, **options):
        """``function(network, theta, X, workers, …)`` of the sequences that were read."""
        network = self._network()
        with single_blas_thread(), self._worker_pool(self.theta_.dtype) as workers:
            return function(network, self.theta_, self._prepare(sequences), workers, *arguments, **options)

    def _raw(self, sequences, Y, offsets):
        """Raw outputs (S, K) if the decoder reads the outputs `Y`, each one step later."""

        def predict(network, theta, X, workers):
            return network.predict(theta, network.network_inputs(Dataset(X, Y, None, offsets)), workers)

        return self._run(sequences, predict)

    def _attention(self, sequences, Y, offsets):
        """For each sequence an array (output steps, input steps), if the outputs are `Y`."""
        found, n_out, n_in = [None] * len(sequences), np.diff(offsets), sequences.lengths

        def on_batch(rows, result):
            weights = (a for group in result.head.weights for a in group)
            for row, a in zip(rows, weights, strict=True):
                found[row] = a[: n_out[row], : n_in[row]].copy()

        def look(network, theta, X, workers):
            network.for_each_batch(theta, network.network_inputs(Dataset(X, Y, None, offsets)), workers, on_batch)

        self._run(sequences, look)
        return object_array(found)


def sequence_weight(sample_weight, n):
    """A number for each sequence; None if there is an array of numbers for each of its steps."""
    if sample_weight is not None and not np.isscalar(sample_weight) and any(map(np.ndim, as_rows(sample_weight))):
        return None
    return positive_weight(sample_weight, n, "sequence")
