"""What a network does with sequences: its states and gates, its attention, the gradients of its outputs and losses.

All of it lies end to end, a row for each of the S steps of some `Sequences`. Several threads may write to an array,
each to the rows of its own sequences.
"""

from __future__ import annotations

import numpy as np

from .ragged import Ragged
from .unroll import Reader

LETTERS = "ifgocrznh"
"""Gates, states and candidates in the order of the papers; what else a frame has is of use to the cell alone."""


class Trace(Reader):
    """Writes blocks of a cell's frames, and its states "h", to rows of `arrays`, name → (S, H).

    at : the row of each step of the batch
    """

    def __init__(self, cell, plan, reverse, at, arrays):
        self.cell, self.plan, self.reverse, self.at, self.arrays = cell, plan, reverse, at, arrays

    def see(self, run, h, frames):
        rows, living = self.at[self.plan.rows(run, self.reverse)], self.plan.living(run)
        here = ... if living is None else living
        for name, array in self.arrays.items():
            array[rows[here]] = self._block(name, h, frames).swapaxes(1, 2)[here]

    def _block(self, name, h, frames):
        if name == "h":
            return h
        k, H = self.cell.frame.index(name), self.cell.H
        return (frames[1:] if name == "c" else frames[:-1])[:, k * H : k * H + H]


class Flow(Reader):
    """Writes the norm of the gradient with respect to the state after each step to rows of `norms` (S,)."""

    traces = True

    def __init__(self, plan, reverse, at, norms):
        self.plan, self.reverse, self.at, self.norms = plan, reverse, at, norms

    def flow(self, run, t, dh):
        rows, alive = self.at[self.plan.rows(run, self.reverse)[t]], run.start + t < self.plan.lengths[: run.width]
        # in float32 the square of what has vanished to 1e-23 would be 0
        self.norms[rows[alive]] = np.linalg.norm(dh[:, alive].astype(np.float64), axis=0)


def gate_names(cell):
    """What `trace` can show of a cell beside its states; of a cell without gates its states."""
    return sorted(set(LETTERS) & {*cell.gates, *cell.frame}, key=LETTERS.index)


def trace(network, theta, X, crew, depth, names):
    """Name → (S, width) of one layer, both directions side by side, aligned in time."""
    cell, directions = network.cells[depth], network.directions
    arrays = {name: np.empty((X.offsets[-1], cell.H * len(directions)), theta.dtype) for name in names}

    def watch(rows, layer, k, plan):
        if layer != depth:
            return []
        shares = {name: np.split(array, len(directions), axis=1)[k] for name, array in arrays.items()}
        return [Trace(cell, plan, directions[k], X.steps(rows), shares)]

    network.each_batch(theta, X, crew, _nothing, keep=set(names) != {"h"}, watch=watch)
    return arrays


def attention(network, theta, X, crew):
    """(S,): the weight that attention pooling gives each step; of each sequence they sum to 1."""
    weights = np.empty(X.offsets[-1], theta.dtype)

    def see(rows, one):
        weights[X.steps(rows)] = one.head.attention.weights

    network.each_batch(theta, X, crew, see)
    return weights


def saliency(network, theta, X, crew, choose):
    """(S, F): the gradient of an output with respect to what the first layer reads.

    ``choose(raw)`` is the gradient of that output with respect to the raw ones, (K, N), or (K, S) for outputs per step.
    """
    gradients = np.empty((X.offsets[-1], network.cells[0].F))

    def see(rows, one):
        at = X.steps(rows)
        d_values = np.zeros((len(at), gradients.shape[1]), theta.dtype)
        one.back(choose(one.raw), d_values)
        gradients[at] = d_values

    network.each_batch(theta, X, crew, see, keep=True)
    return gradients


def flow(network, theta, X, crew, Y, loss):
    """Key of a direction of a layer → (S,): the norm of the gradient with respect to the state after each step.

    It is the gradient of the loss of the step's own sequence, whose targets are in `Y` (N, K), or (S, K) per step.
    """
    norms = {key: np.empty(X.offsets[-1]) for keys in network.keys for key in keys}

    def watch(rows, depth, k, plan):
        return [Flow(plan, network.directions[k], X.steps(rows), norms[network.keys[depth][k]])]

    def see(rows, one):
        one.back(loss(one.raw, Y[X.steps(rows) if network.per_step else rows].T)[1])

    network.each_batch(theta, X, crew, see, keep=True, watch=watch)
    return norms


def by_distance(values, X, reverse):
    """The mean of values (S,) by distance from the end of the reading, over the sequences that are that long."""
    t = _places(X)
    distance = t if reverse else np.repeat(X.lengths, X.lengths) - 1 - t
    return np.bincount(distance, weights=values) / np.bincount(distance)


def windows(X, n):
    """(S,): in which of `n` windows of relative time the middle of each step lies."""
    return (2 * _places(X) + 1) * n // (2 * np.repeat(X.lengths, X.lengths))


def exchange(X, others, group):
    """The `Ragged` X with the values of other sequences where `group`, an index of the values, says.

    Sequence j gets those of sequence ``others[j]``, stretched to its own length: each step those of the nearest one.
    """
    lengths, starts, theirs = X.lengths, X.offsets[:-1][others], X.lengths[others]
    nearest = (2 * _places(X) + 1) * np.repeat(theirs, lengths) // (2 * np.repeat(lengths, lengths))
    values = X.values.copy()
    values[group] = X.values[np.repeat(starts, lengths) + nearest][group]
    return Ragged(values, X.offsets, X.living)


def _places(X):
    """(S,): how many steps of its sequence come before each step."""
    return np.arange(X.offsets[-1]) - np.repeat(X.offsets[:-1], X.lengths)


def _nothing(rows, one):
    pass
