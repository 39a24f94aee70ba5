"""Scheduled sampling: during training, the decoder reads some of its own outputs in place of the targets."""

from __future__ import annotations

import numpy as np

from .decoding import IncrementalDecoder
from .objective import Objective
from .ragged import Ragged
from .seq2seq import Seq2SeqBatch


def sample_decoder_inputs(network, theta, batch, scratch, rng, ratio):
    """Replace inputs of the decoder by its own outputs, at random: a `Seq2SeqBatch`.

    An input stays as it is with probability `ratio`. The first one of a sequence always does. The gradient does not
    flow through the outputs that are read.

    batch : Seq2SeqBatch, longest output first

    References: Bengio, S., Vinyals, O., Jaitly, N. & Shazeer, N. (2015). Scheduled sampling for sequence prediction
    with recurrent neural networks. NIPS.
    """
    inputs = batch.decoder_inputs.values.copy()
    starts = batch.decoder_inputs.offsets[:-1]
    lengths = batch.decoder_inputs.lengths
    kept = rng.random(len(inputs)) < ratio
    # No output precedes the first input.
    kept[starts] = True
    if kept.all():
        return batch
    # The outputs are those of a prediction, without dropout.
    decoder = IncrementalDecoder(network, theta, batch.X, scratch)
    outputs = ()
    for t in range(lengths[0]):
        # The longest sequences are the first: those that have ended are dropped from the end.
        n = np.count_nonzero(lengths > t)
        at = starts[:n] + t
        if t:
            inputs[at] = np.where(kept[at, None], inputs[at], outputs[:n])
            if n < len(outputs):
                decoder.select(slice(n))
        if network.target_tokens is None:
            outputs = decoder.step(inputs[at])
        else:
            raw = decoder.step(inputs[at, 0])
            # The likeliest token but for the end, after which the decoder would never be asked to go on.
            outputs = raw[:, : network.end_token].argmax(axis=1)[:, None]
    return Seq2SeqBatch(batch.X, Ragged(inputs, batch.decoder_inputs.offsets))


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
