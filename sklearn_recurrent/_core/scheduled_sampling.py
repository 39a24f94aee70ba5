"""Scheduled sampling: during training, the decoder reads some of its own outputs in place of the targets."""

from __future__ import annotations

import numpy as np

from .decoding import with_own_outputs
from .objective import Objective
from .seq2seq import Seq2SeqBatch


def sample_decoder_inputs(network, theta, batch, scratch, rng, ratio):
    """Replace inputs of the decoder by its own outputs, at random: a `Seq2SeqBatch`.

    An input stays as it is with probability `ratio`, if it is known. The first one of a sequence always does. The
    gradient does not flow through the outputs that are read.

    batch : Seq2SeqBatch, longest output first

    References: Bengio, S., Vinyals, O., Jaitly, N. & Shazeer, N. (2015). Scheduled sampling for sequence prediction
    with recurrent neural networks. NIPS.
    """
    inputs = batch.decoder_inputs
    kept = rng.random(len(inputs.values)) < ratio
    # No output precedes the first input.
    kept[inputs.offsets[:-1]] = True
    if kept.all():
        return batch
    own = ~kept[:, None] | np.isnan(inputs.values)
    return Seq2SeqBatch(batch.X, with_own_outputs(network, theta, batch.X, inputs, own, scratch))


class SampledObjective(Objective):
    """An `Objective` with scheduled sampling: ``forcing(epoch)`` is the share of the targets that the decoder reads."""

    def __init__(self, *arguments, forcing):
        super().__init__(*arguments)
        self.forcing = forcing

    def _network_inputs(self, theta, batch, scratch, rng, key):
        inputs = super()._network_inputs(theta, batch, scratch, rng, key)
        # Without a key the objective is not random, as L-BFGS requires.
        if key is None:
            return inputs
        _, epoch, _ = key
        ratio = self.forcing(epoch)
        if ratio == 1:
            return inputs
        return sample_decoder_inputs(self.network, theta, inputs, scratch, rng, ratio)
