"""Decoding: the decoder of an `EncoderDecoder` writes a sequence step by step and reads its own outputs."""

from __future__ import annotations

import numpy as np

from .arithmetic import quiet_arithmetic
from .attention import padded_rows, weights_and_context
from .layers import project
from .losses import log_softmax
from .ragged import Ragged, length_buckets, offsets_of, take_in_fixed_order
from .stepping import Steps

ROOM = 1 << 18
"""Maximum number of values of an array over (sequences, hypotheses, input steps, units)."""
# Attention reads all keys and states of the inputs at each step: they should stay in the CPU cache from step to step.

WIDTH = 512
"""Maximum number of sequences that are decoded together."""


class IncrementalDecoder:
    """The decoder of an `EncoderDecoder` on some sequences, with B hypotheses each, one step at a time.

    The columns of its states, and the rows of its inputs and outputs, are the hypotheses of the first sequence, then
    those of the second, and so on.

    X : Ragged
    n_steps (N,) : how many steps each sequence will have; needed if the decoder reads future features, with B = 1
    """

    def __init__(self, network, theta, X, scratch, n_hypotheses=1, n_steps=None):
        W = network.layout.views(theta)
        past, future = network.split(X, n_steps)
        encoded = network.encode(W, past, scratch)
        self.network = network
        self.W = W
        self.scratch = scratch
        self.B = n_hypotheses
        self.state = {name: np.repeat(state, n_hypotheses, axis=1) for name, state in encoded.state.items()}
        self.steps = Steps(network.decoder, W, theta.dtype)
        self.static = None if past.static is None else np.repeat(past.static, n_hypotheses, axis=0)
        self.future = None
        if future is not None:
            self.future, _ = network.embed_future(W, future)
            self.future_rows = offsets_of(n_steps)[:-1]  # of the next step of each sequence
        if network.score is not None:
            # The hypotheses of a sequence share its keys: they are a further axis of the queries alone.
            rows, self.padding = padded_rows(encoded.starts, past.lengths)
            self.states = encoded.S[rows]
            keys, _ = network.score.keys(W, encoded.S)
            self.keys = keys[rows]

    def step(self, inputs):
        """Raw outputs (n · B, K) after one more step, which reads tokens (n · B,) or numbers (n · B, n_read)."""
        W = self.W
        score = self.network.score
        x = inputs if self.network.target_tokens is None else W["words/E"][inputs]
        if self.future is not None:
            x = np.concatenate([x, self.future[self.future_rows]], axis=1)
            self.future_rows = self.future_rows + 1
        h, self.state = self.steps.step(x.T, self.state)
        y = h.T
        if score is not None:
            queries, _ = project(W["attention/Q"], y)
            q = queries.reshape(len(self.keys), self.B, -1)
            _, contexts = weights_and_context(score, W, q, self.keys, self.states, self.padding, self.scratch)
            y, _ = self.network.combine(W, y, contexts.reshape(len(y), -1))
        if self.static is not None:
            y = np.concatenate([y, self.static], axis=1)
        raw, _ = project(W["head/V"], y)
        return raw

    def reorder(self, parents):
        """Replace the state of each hypothesis by that of the hypothesis in column `parents`, of the same sequence."""
        self.state = {name: state[:, parents] for name, state in self.state.items()}

    def select(self, rows):
        """Drop all sequences but `rows`."""

        def selected(state):
            by_sequence = state.reshape(len(state), -1, self.B)
            return by_sequence[:, rows].reshape(len(state), -1)

        self.state = {name: selected(state) for name, state in self.state.items()}
        if self.static is not None:
            self.static = selected(self.static.T).T
        if self.future is not None:
            self.future_rows = self.future_rows[rows]
        if self.network.score is not None:
            self.states = self.states[rows]
            self.keys = self.keys[rows]
            if self.padding is not None:
                self.padding = self.padding[rows]


def batches(network, X, n_hypotheses=1):
    """Yield the rows of sequences of similar length that are decoded together."""
    units = 0 if network.score is None else network.widest
    return length_buckets(X.lengths, units * n_hypotheses * X.lengths, ROOM, WIDTH)


def beam_search(network, theta, X, workers, *, width, max_length, length_penalty):
    """The token sequence with the highest log p / length ** length_penalty that is found for each sequence.

    At each step the `width` likeliest hypotheses are kept; a width of 1 is greedy search. A hypothesis is complete when
    the end token follows. The search for a sequence stops when no hypothesis can become better than the best complete
    one, or at `max_length` tokens, after which each hypothesis must end. Greedy search stops at the first end token.

    References: Sutskever, I., Vinyals, O. & Le, Q. V. (2014). Sequence to sequence learning with neural networks. NIPS.
    Wu, Y. et al. (2016). Google's neural machine translation system. arXiv:1609.08144.
    """
    found = [None] * len(X)

    def decode_batch(rows, scratch):
        rows, batch = take_in_fixed_order(X, rows, theta.dtype)
        with quiet_arithmetic():
            decoder = IncrementalDecoder(network, theta, batch, scratch, width)
            if width == 1:
                outputs = _greedy(decoder, len(rows), network.end_token, max_length)
            else:
                outputs = _beam(decoder, len(rows), network.end_token, max_length, length_penalty)
        for row, tokens in zip(rows, outputs, strict=True):
            found[row] = tokens

    for _ in workers.map(decode_batch, list(batches(network, X, width))):
        pass
    return found


def _greedy(decoder, n, end, max_length):
    """The likeliest token at each step."""
    rows = np.arange(n)  # the sequences that the decoder still holds
    lengths = np.full(n, max_length)
    tokens = np.full(n, end)
    steps = []
    for t in range(max_length):
        tokens = decoder.step(tokens).argmax(axis=1)
        step = np.zeros(n, np.int32)
        step[rows] = tokens
        steps.append(step)
        # A sequence that has ended may stay in the decoder for a while and end again.
        ended = rows[tokens == end]
        lengths[ended] = np.minimum(lengths[ended], t)
        active = lengths[rows] == max_length
        if not active.any():
            break
        if _pays_to_select(active):
            decoder.select(active)
            rows = rows[active]
            tokens = tokens[active]
    return [tokens[:length] for tokens, length in zip(np.stack(steps, axis=1), lengths, strict=True)]


def _pays_to_select(active):
    """Whether so few sequences are active that dropping the others saves more than the copy of their keys costs."""
    return np.count_nonzero(active) < 0.75 * len(active)


def _beam(decoder, n, end, max_length, length_penalty):
    """Beam search over n sequences at once. Arrays are (sequences, hypotheses)."""
    B = decoder.B
    best = BeamState(n, max_length)
    rows = np.arange(n)  # the sequences that the decoder still holds
    # All hypotheses begin alike. If more than one counted, the beam would hold one hypothesis several times.
    total = np.full((n, B), -np.inf)  # log p of each hypothesis
    total[:, 0] = 0
    tokens = np.full(n * B, end)
    steps = []
    for t in range(max_length + 1):
        log_p = log_softmax(decoder.step(tokens).T).T.reshape(-1, B, end + 1)
        # NaN, from weights that have diverged, would spread to the bounds of all that is compared with it.
        scores = total[:, :, None] + np.where(np.isnan(log_p), -np.inf, log_p)
        if t == max_length:
            scores[:, :, :end] = -np.inf
        # Each hypothesis can end in one way. Of 2 B candidates at most B end, and at least B go on.
        score, parent, token = _top(scores, 2 * B)
        ends = (token == end) & (score > -np.inf)
        for b in range(B):
            complete = ends[:, b] & best.active[rows]
            best.update(rows[complete], score[complete, b] / np.power(t + 1.0, length_penalty), t, parent[complete, b])
        going_on = np.argsort(ends, axis=1, kind="stable")[:, :B]
        total, parent, token = (np.take_along_axis(a, going_on, axis=1) for a in (score, parent, token))
        step = np.zeros((2, n, B), np.int32)
        step[0, rows] = token
        step[1, rows] = parent
        steps.append(step)
        decoder.reorder((np.arange(len(rows))[:, None] * B + parent).ravel())
        # A further token can only lower log p, and the longest output has the largest divisor: no score can be higher.
        bound = total.max(axis=1) / np.power(max_length + 1.0, length_penalty)
        active = best.finish(rows, bound)
        if not active.any():
            break
        if _pays_to_select(active):
            decoder.select(active)
            rows = rows[active]
            total = total[active]
            token = token[active]
        tokens = token.ravel()
    return _trace_back(steps, best.step, best.place)


class BeamState:
    """The best complete hypothesis of each sequence, and whether a better one is possible.

    score : of the best hypothesis, -inf if none is complete
    step : its number of tokens
    place : its place in the beam
    active : whether there may be a better one

    Until a hypothesis is complete, the best one is the first of the beam at the maximum length.
    """

    def __init__(self, n, max_length):
        self.score = np.full(n, -np.inf)
        self.step = np.full(n, max_length)
        self.place = np.zeros(n, int)
        self.active = np.ones(n, bool)

    def update(self, rows, score, step, place):
        """A hypothesis of each of the sequences `rows` is complete."""
        better = score > self.score[rows]
        rows = rows[better]
        self.score[rows] = score[better]
        self.step[rows] = step
        self.place[rows] = place[better]

    def finish(self, rows, bound):
        """Finish the sequences whose best score is at least `bound`. Return which of `rows` are still active."""
        self.active[rows] &= (self.score[rows] < bound) | (self.score[rows] == -np.inf)
        return self.active[rows]


def _top(scores, n):
    """The n highest scores (m, B, K) of each sequence, highest first, with their hypotheses and tokens."""
    flat = scores.reshape(len(scores), -1)
    # argpartition returns equal scores in any order. Sorted by index, then stably by score, ties do not depend on which
    # other sequences are decoded.
    top = np.sort(np.argpartition(-flat, n - 1, axis=1)[:, :n], axis=1)
    order = np.argsort(-np.take_along_axis(flat, top, axis=1), axis=1, kind="stable")
    top = np.take_along_axis(top, order, axis=1)
    return np.take_along_axis(flat, top, axis=1), *np.divmod(top, scores.shape[2])


def _trace_back(steps, lengths, places):
    """The tokens of the hypothesis that ended in place `places` of the beam after `lengths` tokens."""
    tokens = np.zeros((len(lengths), len(steps)), np.int32)
    places = places.copy()
    for t in reversed(range(len(steps))):
        rows = np.flatnonzero(lengths > t)
        tokens[rows, t], places[rows] = steps[t][:, rows, places[rows]]
    return [row[:length] for row, length in zip(tokens, lengths, strict=True)]


def free_run(network, theta, X, workers, horizons):
    """Outputs of a network that reads its own outputs, numbers: (ΣH, K), `horizons` (N,) steps for each sequence."""
    starts = offsets_of(horizons)
    outputs = np.empty((starts[-1], network.n_outputs), theta.dtype)

    def decode_batch(rows, scratch):
        rows, batch = take_in_fixed_order(X, rows, theta.dtype)
        if np.ptp(horizons[rows]):
            # Longest first: the sequences that are not finished are the first ones.
            order = np.argsort(-horizons[rows], kind="stable")
            rows = rows[order]
            batch = batch.take(order)
        with quiet_arithmetic():
            decoder = IncrementalDecoder(network, theta, batch, scratch, n_steps=horizons[rows])
            read = np.zeros((len(rows), network.n_read))
            for t in range(horizons[rows[0]]):
                n = np.count_nonzero(horizons[rows] > t)
                if n < len(read):
                    decoder.select(slice(n))
                raw = decoder.step(read[:n])
                outputs[starts[rows[:n]] + t] = raw
                read = network.next_inputs(raw)

    for _ in workers.map(decode_batch, list(batches(network, X))):
        pass
    return outputs


def with_own_outputs(network, theta, X, inputs, own, scratch):
    """Inputs of the decoder, with its outputs of the step before in the place of those that are its `own`: a `Ragged`.

    They are the outputs of a prediction, without dropout. Before the first input there is none: it is never its own.

    X : Ragged
    inputs : Ragged, longest first
    own (S, 1) or (S, K) : which inputs to replace
    """
    values = inputs.values.copy()
    starts = inputs.offsets[:-1]
    lengths = inputs.lengths
    decoder = IncrementalDecoder(network, theta, X, scratch, n_steps=lengths)
    outputs = ()
    for t in range(lengths[0]):
        # The longest sequences are the first: those that have ended are dropped from the end.
        n = np.count_nonzero(lengths > t)
        at = starts[:n] + t
        if t:
            values[at] = np.where(own[at], outputs[:n], values[at])
            if n < len(outputs):
                decoder.select(slice(n))
        if network.target_tokens is None:
            outputs = network.next_inputs(decoder.step(values[at]))
        else:
            raw = decoder.step(values[at, 0])
            # The likeliest token but for the end, after which the decoder would never be asked to go on.
            outputs = raw[:, : network.end_token].argmax(axis=1)[:, None]
    return Ragged(values, inputs.offsets)
