"""What a network does with sequences: its states and gates, its attention, the gradients of its outputs and losses.

All of it lies end to end, a row for each of the S steps of some `Sequences`. Several threads may write to an array,
each to the rows of its own sequences.
"""

from __future__ import annotations

import numpy as np

from .ragged import Ragged
from .unroll import StateObserver

LETTERS = "ifgocrznh"
"""Gates, states and candidates in the order of the papers; what else a frame has is of use to the cell alone."""


class StateRecorder(StateObserver):
    """Writes blocks of a cell's cache, and its states "h", to rows of `arrays`, name → (S, H).

    at : the row of each step of the batch
    """

    def __init__(self, cell, packed, reverse, at, arrays):
        self.cell, self.packed, self.reverse, self.at, self.arrays = cell, packed, reverse, at, arrays

    def on_states(self, chunk, h, cache):
        rows, valid = self.at[self.packed.rows(chunk, self.reverse)], self.packed.valid(chunk)
        here = ... if valid is None else valid
        for name, array in self.arrays.items():
            array[rows[here]] = self._block(name, h, cache).swapaxes(1, 2)[here]

    def _block(self, name, h, cache):
        if name == "h":
            return h
        k, H = self.cell.cache_blocks.index(name), self.cell.H
        return (cache[1:] if name == "c" else cache[:-1])[:, k * H : k * H + H]


class GradientNormRecorder(StateObserver):
    """Writes the norm of the gradient with respect to the state after each step to rows of `norms` (S,)."""

    wants_gradient = True

    def __init__(self, packed, reverse, at, norms):
        self.packed, self.reverse, self.at, self.norms = packed, reverse, at, norms

    def on_gradient(self, chunk, t, dh):
        rows, valid = (
            self.at[self.packed.rows(chunk, self.reverse)[t]],
            chunk.first_step + t < self.packed.lengths[: chunk.width],
        )
        # in float32 the square of what has vanished to 1e-23 would be 0
        self.norms[rows[valid]] = np.linalg.norm(dh[:, valid].astype(np.float64), axis=0)


def gate_names(cell):
    """What `trace` can show of a cell beside its states; of a cell without gates its states."""
    return sorted(set(LETTERS) & {*cell.gates, *cell.cache_blocks}, key=LETTERS.index)


def trace(network, theta, X, workers, depth, names):
    """Name → (S, width) of one layer, both directions side by side, aligned in time."""
    cell, directions = network.cells[depth], network.directions
    arrays = {name: np.empty((X.offsets[-1], cell.H * len(directions)), theta.dtype) for name in names}

    def extra_observers(rows, layer, k, packed):
        if layer != depth:
            return []
        shares = {name: np.split(array, len(directions), axis=1)[k] for name, array in arrays.items()}
        return [StateRecorder(cell, packed, directions[k], X.steps(rows), shares)]

    network.for_each_batch(
        theta, X, workers, _nothing, needs_backward=set(names) != {"h"}, extra_observers=extra_observers
    )
    return arrays


def attention(network, theta, X, workers):
    """(S,): the weight that attention pooling gives each step; of each sequence they sum to 1."""
    weights = np.empty(X.offsets[-1], theta.dtype)

    def on_batch(rows, result):
        weights[X.steps(rows)] = result.head.attention.weights

    network.for_each_batch(theta, X, workers, on_batch)
    return weights


def saliency(network, theta, X, workers, choose):
    """(S, F): the gradient of an output with respect to what the first layer reads.

    ``choose(raw)`` is the gradient of that output with respect to the raw ones, (K, N), or (K, S) for outputs per step.
    """
    gradients = np.empty((X.offsets[-1], network.cells[0].F))

    def on_batch(rows, result):
        at = X.steps(rows)
        d_values = np.zeros((len(at), gradients.shape[1]), theta.dtype)
        result.back(choose(result.raw), d_values)
        gradients[at] = d_values

    network.for_each_batch(theta, X, workers, on_batch, needs_backward=True)
    return gradients


def flow(network, theta, X, workers, Y, loss):
    """Key of a direction of a layer → (S,): the norm of the gradient with respect to the state after each step.

    It is the gradient of the loss of the step's own sequence, whose targets are in `Y` (N, K), or (S, K) per step.
    """
    norms = {key: np.empty(X.offsets[-1]) for keys in network.keys for key in keys}

    def extra_observers(rows, depth, k, packed):
        return [GradientNormRecorder(packed, network.directions[k], X.steps(rows), norms[network.keys[depth][k]])]

    def on_batch(rows, result):
        result.back(loss(result.raw, Y[X.steps(rows) if network.per_step else rows].T)[1])

    network.for_each_batch(theta, X, workers, on_batch, needs_backward=True, extra_observers=extra_observers)
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

    Sequence j gets those of sequence ``others[j]``, stretched to its own length: each step those of the nearest result.
    """
    lengths, starts, theirs = X.lengths, X.offsets[:-1][others], X.lengths[others]
    nearest = (2 * _places(X) + 1) * np.repeat(theirs, lengths) // (2 * np.repeat(lengths, lengths))
    values = X.values.copy()
    values[group] = X.values[np.repeat(starts, lengths) + nearest][group]
    return Ragged(values, X.offsets, X.valid)


def _places(X):
    """(S,): how many steps of its sequence come before each step."""
    return np.arange(X.offsets[-1]) - np.repeat(X.offsets[:-1], X.lengths)


def _nothing(rows, result):
    pass
