"""Internals of a network on given sequences: states, gates, attention weights and gradients.

Results are arrays with a row for each of the S steps of `Sequences`, concatenated. Several threads may fill an array at
once, each the rows of its own sequences.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .ragged import Ragged, step_numbers
from .unroll import StateObserver

GATE_ORDER = "ifgocrznh"
"""Gates, candidates and states, in the order of the papers. Other blocks of a cell's cache are not shown."""


class StateRecorder(StateObserver):
    """Copies blocks of a cell's cache, or its states "h", to rows of `arrays`, name → (S, H).

    at : the row of each step of the batch
    """

    def __init__(self, cell, packed, reverse, at, arrays):
        self.cell = cell
        self.packed = packed
        self.reverse = reverse
        self.at = at
        self.arrays = arrays

    def on_states(self, chunk, h, cache):
        rows = self.at[self.packed.rows(chunk, self.reverse)]
        valid = self.packed.valid(chunk)
        if valid is None:
            valid = ...
        for name, array in self.arrays.items():
            array[rows[valid]] = self._block(name, h, cache).swapaxes(1, 2)[valid]

    def _block(self, name, h, cache):
        if name == "h":
            return h
        H = self.cell.H
        k = self.cell.cache_blocks.index(name)
        # In the cache, c precedes its step, as h does among the inputs, and gates belong to it.
        steps = cache[1:] if name == "c" else cache[:-1]
        return steps[:, k * H : k * H + H]


class GradientNormRecorder(StateObserver):
    """Writes the norm of the gradient with respect to the state after each step to rows of `norms` (S,).

    at : the row of each step of the batch
    """

    wants_gradient = True

    def __init__(self, packed, reverse, at, norms):
        self.packed = packed
        self.reverse = reverse
        self.at = at
        self.norms = norms

    def on_gradient(self, chunk, t, dh):
        rows = self.at[self.packed.rows(chunk, self.reverse)[t]]
        valid = chunk.first_step + t < self.packed.lengths[: chunk.width]
        # In float32 the square of a gradient that has vanished to 1e-23 would be 0.
        self.norms[rows[valid]] = np.linalg.norm(dh[:, valid].astype(np.float64), axis=0)


def gate_names(cell):
    """The gates and cell states that `trace` can show of a cell. A cell without gates has its states "h" alone."""
    return sorted(set(GATE_ORDER) & {*cell.gates, *cell.cache_blocks}, key=GATE_ORDER.index)


def trace(network, theta, X, workers, depth, names):
    """Name → (S, width): gates or states of one layer. Both directions are concatenated, aligned in time."""
    cell = network.cells[depth]
    directions = network.directions
    arrays = {name: np.empty((X.offsets[-1], cell.H * len(directions)), theta.dtype) for name in names}

    def extra_observers(rows, layer, k, packed):
        if layer != depth:
            return []
        shares = {name: np.split(array, len(directions), axis=1)[k] for name, array in arrays.items()}
        return [StateRecorder(cell, packed, directions[k], X.steps(rows), shares)]

    # Gates are kept for a backward pass alone.
    needs_backward = set(names) != {"h"}
    network.for_each_batch(theta, X, workers, _ignore, needs_backward=needs_backward, extra_observers=extra_observers)
    return arrays


def attention(network, theta, X, workers):
    """(S,): the weight of each step in attention pooling. Those of a sequence sum to 1."""
    weights = np.empty(X.offsets[-1], theta.dtype)

    def on_batch(rows, result):
        weights[X.steps(rows)] = result.head.attention.weights

    network.for_each_batch(theta, X, workers, on_batch)
    return weights


def saliency(network, theta, X, workers, output_gradient):
    """(S, F): the gradient of an output with respect to the inputs of the first layer.

    ``output_gradient(raw)`` is the gradient of that output with respect to the raw outputs, (K, N), or (K, S) with
    outputs per step.
    """
    gradients = np.empty((X.offsets[-1], network.cells[0].F))

    def on_batch(rows, result):
        at = X.steps(rows)
        d_values = np.zeros((len(at), gradients.shape[1]), theta.dtype)
        result.back(output_gradient(result.raw), d_values)
        gradients[at] = d_values

    network.for_each_batch(theta, X, workers, on_batch, needs_backward=True)
    return gradients


def flow(network, theta, X, workers, y, has_target, loss):
    """Layer and direction → (S,): the norm of the gradient of the loss with respect to the state after each step.

    The loss of a step is that of its own sequence.

    y (N, K), or (S, K) with outputs per step : targets
    has_target (N,) or (S,) : which of them count
    """
    norms = {key: np.empty(X.offsets[-1]) for keys in network.keys for key in keys}

    def extra_observers(rows, depth, k, packed):
        return [GradientNormRecorder(packed, network.directions[k], X.steps(rows), norms[network.keys[depth][k]])]

    def on_batch(rows, result):
        at = X.steps(rows) if network.per_step else rows
        _, d_raw = loss(result.raw, y[at].T)
        result.back(d_raw * has_target[at])

    network.for_each_batch(theta, X, workers, on_batch, needs_backward=True, extra_observers=extra_observers)
    return norms


def by_distance(values, X, reverse):
    """Average `values` (S,) by the distance of their step from the last one that a direction reads.

    Entry d is the mean over the sequences with more than d steps.
    """
    distance = step_numbers(X)
    if not reverse:
        distance = np.repeat(X.lengths, X.lengths) - 1 - distance
    return np.bincount(distance, weights=values) / np.bincount(distance)


def windows(X, n):
    """(S,): the window of each step, if each sequence is split into `n` windows of equal duration.

    A step belongs to the window of its middle.
    """
    # (t + ½) / T · n, rounded down, in integers
    return (2 * step_numbers(X) + 1) * n // (2 * np.repeat(X.lengths, X.lengths))


def exchange(X, others, group):
    """Replace a group of values of each sequence by those of another one: a `Ragged`.

    Sequence j gets the values of sequence ``others[j]``, stretched to its own length: each step gets the value of the
    nearest step in relative time.

    X : Ragged
    group : index of the values that are exchanged
    """
    lengths = X.lengths
    starts = X.offsets[:-1][others]
    other_lengths = X.lengths[others]
    # (t + ½) / T · T', rounded down, in integers
    nearest = (2 * step_numbers(X) + 1) * np.repeat(other_lengths, lengths) // (2 * np.repeat(lengths, lengths))
    values = X.values.copy()
    values[group] = X.values[np.repeat(starts, lengths) + nearest][group]
    return Ragged(values, X.offsets, X.valid, X.static)


def exchange_static(X, others, column):
    """Replace a static value of each sequence by that of another one, ``others[j]`` for sequence j.

    X : Ragged
    """
    static = X.static.copy()
    static[:, column] = static[others, column]
    return replace(X, static=static)


def _ignore(rows, result):
    """An `on_batch` for passes whose observers do the work."""
