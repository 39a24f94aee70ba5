"""Writing a sequence: step by step, each reading what the one before has written."""

from __future__ import annotations

import numpy as np

from .attention import look, padded
from .layers import project
from .losses import log_softmax
from .ragged import length_buckets, offsets_of
from .stepping import Steps

ROOM = 1 << 18
"""Numbers that attention works on at once, over (sequences, hypotheses, input steps, units)."""

WIDTH = 512
"""Sequences that are written at once, if there is room."""


class Writer:
    """The decoder of an `EncoderDecoder` over some sequences, with B hypotheses for each: one step at a time.

    Its columns, and the rows of what it gives, are sequence by sequence, hypothesis by hypothesis.
    """

    def __init__(self, network, theta, X, scratch, n_hypotheses=1):
        W = network.layout.views(theta)
        encoded = network.encode(W, X, scratch)
        self.network, self.W, self.scratch, self.B = network, W, scratch, n_hypotheses
        self.state = {name: np.repeat(state, n_hypotheses, axis=1) for name, state in encoded.state.items()}
        self.steps = Steps(network.decoder, W, theta.dtype)
        if network.score is not None:
            rows, self.padding = padded(encoded.starts, X.lengths)
            self.states, self.keys = encoded.S[rows], network.score.keys(W, encoded.S)[0][rows]

    def step(self, written):
        """Raw outputs (n · B, K) after one more step, which reads `written` (n · B,): words, or (n · B, K) numbers."""
        W, score = self.W, self.network.score
        x = W["words/E"][written] if self.network.words is not None else written
        h, self.state = self.steps.step(x.T, self.state)
        y = h.T
        if score is not None:
            q = project(W["attention/Q"], y)[0].reshape(len(self.keys), self.B, -1)
            _, means = look(score, W, q, self.keys, self.states, self.padding, self.scratch)
            y, _ = self.network.combine(W, y, means.reshape(len(y), -1))
        return project(W["head/V"], y)[0]

    def reorder(self, parents):
        """Each hypothesis goes on from another one: that of column `parents`."""
        self.state = {name: state[:, parents] for name, state in self.state.items()}

    def select(self, rows):
        """Go on with some of the sequences."""
        self.state = {
            name: state.reshape(len(state), -1, self.B)[:, rows].reshape(len(state), -1)
            for name, state in self.state.items()
        }
        if self.network.score is not None:
            self.states, self.keys = self.states[rows], self.keys[rows]
            self.padding = None if self.padding is None else self.padding[rows]


def batches(network, X, n_hypotheses=1):
    """Sequences that are written at once: of like length, so many that their attention stays in the cache."""
    units = 0 if network.score is None else network.widest
    return length_buckets(X.lengths, units * n_hypotheses * X.lengths, ROOM, WIDTH)


def beam_search(network, theta, X, workers, *, width, max_length, length_penalty):
    """The words of each sequence: of those found, the ones with the highest log p / length ** length_penalty.

    The `width` likeliest beginnings are kept at each step (1: greedy). A beginning that is followed by the last word is
    complete. A sequence is finished when no beginning can become better than the best complete one, however it goes on,
    or at `max_length` words, where all that remain are made complete; if `width` is 1, with the first that is complete.

    References: Sutskever, I., Vinyals, O. & Le, Q. V. (2014). Sequence to sequence learning with neural networks. NIPS.
    Wu, Y. et al. (2016). Google's neural machine translation system. arXiv:1609.08144.
    """
    found = [None] * len(X)

    def work(rows, scratch):
        with np.errstate(over="ignore", invalid="ignore"):
            writer, end = Writer(network, theta, X.take(rows), scratch, width), network.words - 1
            if width == 1:
                written = _greedy(writer, len(rows), end, max_length)
            else:
                written = _beam(writer, len(rows), end, max_length, length_penalty)
            for row, words in zip(rows, written, strict=True):
                found[row] = words

    for _ in workers.map(work, list(batches(network, X, width))):
        pass
    return found


def _greedy(writer, n, end, max_length):
    here, length = np.arange(n), np.full(n, max_length)  # the sequences that are still written
    written, steps = np.full(n, end), []
    for t in range(max_length):
        written = writer.step(written).argmax(axis=1)
        steps.append(np.zeros(n, np.int32))
        steps[-1][here] = written
        ended = here[written == end]
        length[ended] = np.minimum(length[ended], t)
        going = length[here] == max_length
        if not going.any():
            break
        if _few(going):
            writer.select(going)
            here, written = here[going], written[going]
    return [words[:m] for words, m in zip(np.stack(steps, axis=1), length, strict=True)]


def _few(going):
    """Whether it pays to go on with these alone: that copies what attention reads."""
    return np.count_nonzero(going) < 0.75 * len(going)


def _beam(writer, n, end, max_length, length_penalty):
    B, K, best = writer.B, end + 1, BeamState(n, max_length)
    here = np.arange(n)  # the sequences that are still written
    total = np.full((n, B), -np.inf)  # log p of each hypothesis
    total[:, 0] = 0  # all begin alike
    written, steps = np.full(n * B, end), []
    for t in range(max_length + 1):
        log_p = log_softmax(writer.step(written).T).T.reshape(-1, B, K)
        scores = total[:, :, None] + np.where(np.isnan(log_p), -np.inf, log_p)
        if t == max_length:
            scores[:, :, :end] = -np.inf  # to end is all that is left
        score, parent, word = _top(scores, 2 * B)
        ends = (word == end) & (score > -np.inf)
        for b in range(B):
            rows = ends[:, b] & best.active[here]
            best.update(here[rows], score[rows, b] / np.power(t + 1.0, length_penalty), t, parent[rows, b])
        going = np.argsort(ends, axis=1, kind="stable")[:, :B]  # of 2 B, no more than B end
        total, parent, word = (np.take_along_axis(a, going, axis=1) for a in (score, parent, word))
        steps.append(np.zeros((2, n, B), np.int32))
        steps[-1][:, here] = word, parent
        writer.reorder((np.arange(len(here))[:, None] * B + parent).ravel())
        going = best.finish(here, total.max(axis=1) / np.power(max_length + 1.0, length_penalty))
        if not going.any():
            break
        if _few(going):
            writer.select(going)
            here, total, word = here[going], total[going], word[going]
        written = word.ravel()
    return _trace_back(steps, best.step, best.place)


class BeamState:
    """Of each sequence the best complete hypothesis: its score, after which step it ended and in which place of the
    beam; and whether there may be a better one. Before there is one, the first that is as long as can be."""

    def __init__(self, n, max_length):
        self.score, self.step, self.place = np.full(n, -np.inf), np.full(n, max_length), np.zeros(n, int)
        self.active = np.ones(n, bool)

    def update(self, rows, score, step, place):
        better = score > self.score[rows]
        rows = rows[better]
        self.score[rows], self.step[rows], self.place[rows] = score[better], step, place[better]

    def finish(self, rows, bound):
        """Those whose best is at least as good as `bound`; returns which of the rows are open still."""
        self.active[rows] &= (self.score[rows] < bound) | (self.score[rows] == -np.inf)
        return self.active[rows]


def _top(scores, n):
    """The n highest of each sequence's scores (m, B, K), in order; the hypothesis and the word of each."""
    flat = scores.reshape(len(scores), -1)
    top = np.sort(np.argpartition(-flat, n - 1, axis=1)[:, :n], axis=1)
    order = np.argsort(-np.take_along_axis(flat, top, axis=1), axis=1, kind="stable")
    top = np.take_along_axis(top, order, axis=1)
    return np.take_along_axis(flat, top, axis=1), *np.divmod(top, scores.shape[2])


def _trace_back(steps, ended, by):
    """The words of each sequence, whose hypothesis `by` ended after so many steps."""
    words, by = np.zeros((len(ended), len(steps)), np.int32), by.copy()
    for t in reversed(range(len(steps))):
        rows = np.flatnonzero(ended > t)
        words[rows, t], by[rows] = steps[t][:, rows, by[rows]]
    return [row[:length] for row, length in zip(words, ended, strict=True)]


def free_run(network, theta, X, workers, horizons):
    """Numbers (ΣH, K): `horizons` (N,) steps for each sequence, end to end, each reading the one before."""
    starts = offsets_of(horizons)
    numbers = np.empty((starts[-1], network.n_outputs), theta.dtype)

    def work(rows, scratch):
        rows = rows[np.argsort(-horizons[rows], kind="stable")]
        with np.errstate(over="ignore", invalid="ignore"):
            writer, written = Writer(network, theta, X.take(rows), scratch), np.zeros((len(rows), network.n_outputs))
            for t in range(horizons[rows[0]]):
                n = np.count_nonzero(horizons[rows] > t)
                if n < len(written):
                    writer.select(slice(n))
                written = writer.step(written[:n])
                numbers[starts[rows[:n]] + t] = written

    for _ in workers.map(work, list(batches(network, X))):
        pass
    return numbers
