"""Sequence in, sequence of another length out: what encoders and decoders share."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._base import BaseNetwork, positive_weight
from ._core.blas import single_blas_thread
from ._core.decode import SampledObjective
from ._core.samples import Samples
from ._core.seq2seq import EncoderDecoder
from ._parameters import Seq2SeqParameters, forcing_of
from ._sequences import object_array, unwrap


def attends(model):
    """Whether a model has attention; raises an AttributeError that says why not."""
    fitted = getattr(model, "_network_arguments", None)
    if (fitted["attention"] if fitted else model.attention) is None:
        raise AttributeError("attention_weights wants attention='additive' or 'dot', got None.")
    return True


class BaseSeq2Seq(BaseNetwork, Seq2SeqParameters):
    """An encoder and a decoder as an estimator; a subclass says what it writes."""

    _network_class = EncoderDecoder

    # --- before training ----------------------------------------------------------------------------------------------

    def _refuse_contradictions(self):
        super()._refuse_contradictions()
        if forcing_of(self.teacher_forcing) != (1, 1) and self.solver == "lbfgs":
            raise ValueError("teacher_forcing below 1 is noise, which solver='lbfgs' cannot take.")

    def _arguments(self, facts):
        return {"attention": self.attention, "words": facts["n_outputs_"] if "classes_" in facts else None}

    def _objective(self, *arguments):
        (first, last), epochs = forcing_of(self.teacher_forcing), max(self.max_iter - 1, 1)

        def forcing(epoch):
            return first + (last - first) * min((epoch - 1) / epochs, 1)

        return SampledObjective(*arguments, forcing=forcing)

    # --- after training -----------------------------------------------------------------------------------------------

    def _sequences(self, X):
        check_is_fitted(self)
        return self._read(X)

    def _run(self, ragged, function, *arguments, **options):
        """``function(network, theta, X, crew, …)`` of the sequences that were read."""
        network = self._network()
        with single_blas_thread(), self._crew(self.theta_.dtype) as crew:
            return function(network, self.theta_, self._prepare(ragged), crew, *arguments, **options)

    def _attention(self, ragged, Y, offsets):
        """For each sequence an array (output steps, input steps), if the outputs are `Y`."""
        found = [None] * len(ragged)

        def see(rows, one):
            weights = (a for _, of_group in zip(*one.head, strict=True) for a in of_group)
            for row, a in zip(rows, weights, strict=True):
                found[row] = a

        self._run(ragged, given, Y, offsets, lambda network, *arguments: network.each_batch(*arguments, see))
        steps = zip(found, np.diff(offsets), ragged.lengths, strict=True)
        return object_array([a[:n_out, :n_in].copy() for a, n_out, n_in in steps])


def given(network, theta, X, crew, Y, offsets, function):
    """``function(network, theta, pair, crew)``, the decoder reading the outputs `Y`, each one step later."""
    return function(network, theta, network.reads(Samples(X, Y, None, offsets)), crew)


def offsets_of(lengths):
    """Where sequences of these lengths lie, end to end: (N + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths)])


def sequence_weight(sample_weight, n):
    """A number for each sequence; None if there is an array of numbers for each of its steps."""
    rows = None if sample_weight is None or np.isscalar(sample_weight) else unwrap(sample_weight)[1]
    if rows is not None and any(map(np.ndim, rows)):
        return None
    return positive_weight(sample_weight, n, "sequence")


def check_at_least_one(**numbers):
    for name, number in numbers.items():
        if not isinstance(number, Integral) or isinstance(number, bool) or number < 1:
            raise ValueError(f"{name} must be an integer of at least 1, got {number!r}.")
