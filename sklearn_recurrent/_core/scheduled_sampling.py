"""Scheduled sampling: in training, the decoder reads its own outputs now and then."""

from __future__ import annotations

import numpy as np

from .decoding import Writer
from .objective import Objective
from .ragged import Ragged
from .seq2seq import Seq2SeqBatch


def mixed(network, theta, batch, scratch, rng, ratio):
    """The same `Seq2SeqBatch`, longest output first, in which the decoder reads, but for a random part `ratio` of its
    steps,
    what it has itself written last. Its gradient is taken as if it had been given that.

    References: Bengio, S., Vinyals, O., Jaitly, N. & Shazeer, N. (2015). Scheduled sampling for sequence prediction
    with recurrent neural networks. NIPS.
    """
    decoder_inputs, starts, lengths = (
        batch.decoder_inputs.values.copy(),
        batch.decoder_inputs.offsets[:-1],
        batch.decoder_inputs.lengths,
    )
    given = rng.random(len(decoder_inputs)) < ratio
    given[starts] = True
    if given.all():
        return batch
    writer, written = Writer(network, theta, batch.X, scratch), ()
    for t in range(lengths[0]):
        n = np.count_nonzero(lengths > t)
        here = starts[:n] + t
        if t:
            decoder_inputs[here] = np.where(given[here, None], decoder_inputs[here], written[:n])
            if n < len(written):
                writer.select(slice(n))
        raw = writer.step(decoder_inputs[here] if network.words is None else decoder_inputs[here, 0])
        written = raw if network.words is None else raw[:, : network.words - 1].argmax(axis=1)[:, None]
    return Seq2SeqBatch(batch.X, Ragged(decoder_inputs, batch.decoder_inputs.offsets))


class SampledObjective(Objective):
    """The objective in which the decoder reads the true outputs at the part ``forcing(epoch)`` of its steps alone."""

    def __init__(self, *arguments, forcing):
        super().__init__(*arguments)
        self.forcing = forcing

    def _network_inputs(self, theta, batch, scratch, rng, key):
        batch, ratio = (
            super()._network_inputs(theta, batch, scratch, rng, key),
            1.0 if key is None else self.forcing(key[1]),
        )
        return batch if ratio == 1 else mixed(self.network, theta, batch, scratch, rng, ratio)
