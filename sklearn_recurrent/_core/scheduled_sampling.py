"""Scheduled sampling: in training, the decoder reads its own outputs now and then."""

from __future__ import annotations

import numpy as np

from .decoding import Writer
from .objective import Objective
from .ragged import Ragged
from .seq2seq import Pair


def mixed(network, theta, pair, scratch, rng, ratio):
    """The same `Pair`, longest output first, in which the decoder reads, but for a random part `ratio` of its steps,
    what it has itself written last. Its gradient is taken as if it had been given that.

    References: Bengio, S., Vinyals, O., Jaitly, N. & Shazeer, N. (2015). Scheduled sampling for sequence prediction
    with recurrent neural networks. NIPS.
    """
    Z, starts, lengths = pair.Z.values.copy(), pair.Z.offsets[:-1], pair.Z.lengths
    given = rng.random(len(Z)) < ratio
    given[starts] = True
    if given.all():
        return pair
    writer, written = Writer(network, theta, pair.X, scratch), ()
    for t in range(lengths[0]):
        n = np.count_nonzero(lengths > t)
        here = starts[:n] + t
        if t:
            Z[here] = np.where(given[here, None], Z[here], written[:n])
            if n < len(written):
                writer.keep(slice(n))
        raw = writer.step(Z[here] if network.words is None else Z[here, 0])
        written = raw if network.words is None else raw[:, : network.words - 1].argmax(axis=1)[:, None]
    return Pair(pair.X, Ragged(Z, pair.Z.offsets))


class SampledObjective(Objective):
    """The objective in which the decoder reads the true outputs at the part ``forcing(epoch)`` of its steps alone."""

    def __init__(self, *arguments, forcing):
        super().__init__(*arguments)
        self.forcing = forcing

    def _reads(self, theta, batch, scratch, rng, key):
        pair, ratio = super()._reads(theta, batch, scratch, rng, key), 1.0 if key is None else self.forcing(key[1])
        return pair if ratio == 1 else mixed(self.network, theta, pair, scratch, rng, ratio)
