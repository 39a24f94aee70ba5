"""Padding that nobody has called padding: steps of zeros, a token, a label, at the ends of sequences of one length.

All is judged by a sample. Each function returns what it has found, or None. Real sequences also hold zeros: of padding
it is typical that it begins abruptly, at one end of the rows alone, after unequal lengths, and that what it consists of
is found nowhere else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MOST_ROWS = 256
SAMPLE = 1 << 20
"""About how many values are looked at."""
FEWEST = 5
"""Padded sequences that tell something, and of how many lengths some of these are at least: a third of them."""
ELSEWHERE = 0.01
"""Share of the other steps that may look like padding."""
ABRUPT = 0.1
"""Size of the last value before padding, relative to that of others, from which it does not just fade to zero."""
MONOTONE = 0.5
"""Share of sequences that count down to zero, or up from it, so that zeros are where they belong."""
IGNORED = -100
"""The label that losses of PyTorch leave out."""
WORDS = {"pad", "padding"}
"""Labels that say it, in whatever brackets."""


class Found(NamedTuple):
    """Padding that was found.

    value : of which it consists
    side : "end" or "begin"
    runs (n,) : of how many steps, in each sequence that was looked at
    """

    value: object
    side: str
    runs: np.ndarray

    def __str__(self):
        padded = self.runs[self.runs > 0]
        return f"{len(padded)} of {len(self.runs)} sequences {self.side} with {padded.min()} to {padded.max()} steps"


def of_features(sequences, value=0.0, values_of=None):
    """Find steps of zeros, or of another value, that pad sequences of features.

    values_of : a function from what some steps hold to the values of their features; None: these themselves
    """
    x = _sample(sequences)
    if x is None:
        return None
    if values_of is not None:
        x = values_of(x.reshape(-1, x.shape[2])).reshape(x.shape)
    if value:
        x = x - x.dtype.type(value)
    missing = np.isnan(x)
    if missing.any() and not missing.all():
        x = np.where(missing, np.abs(x[~missing]).mean(), x)  # a missing value is no padding, and none that fades
    found = _find(x == 0 if x.shape[2] == 1 else (x == 0).all(axis=2))
    if found is None:
        return None
    side, runs = found
    if not _is_abrupt(x if side == "end" else x[:, ::-1], runs):
        return None
    return Found(value, side, runs)


def of_tokens(sequences, token=None):
    """Find a token that pads sequences of tokens; `token`: this one."""
    x = _sample(sequences)
    if x is None:
        return None
    for column in (-1, 0):
        tokens, counts = np.unique(x[:, column, 0], return_counts=True)
        candidate = tokens[counts.argmax()] if token is None else token
        found = _find(x == candidate)
        if found is not None:
            return Found(int(candidate), *found)
    return None


def of_labels(y, offsets):
    """Find a label, of those of all steps, that marks steps without one.

    Parameters
    ----------
    y : ndarray of shape (S,)
    offsets : ndarray of shape (n + 1,)
        Where the labels of each sequence begin and end.

    Returns
    -------
    label : int or str or None
    """
    if y.ndim != 1 or y.dtype.kind not in "iufU":
        return None
    labels = np.unique(y).tolist()
    if y.dtype.kind == "U":
        named = [label for label in labels if label.strip("<>[]() ").lower() in WORDS]
        return named[0] if named and len(labels) > 1 else None
    if len(labels) < 2 or labels[0] >= 0 or labels[1] < 0:
        return None
    if labels[0] == IGNORED:
        return IGNORED
    if labels[0] != -1 or labels[1] != 0:  # -1 and 1 are two classes
        return None
    rows = _evenly(len(offsets) - 1, MOST_ROWS).tolist()
    longest = int(np.diff(offsets)[rows].max())
    is_it = np.zeros((len(rows), longest), bool)
    exists = np.zeros_like(is_it)
    for row, j in enumerate(rows):
        labels_of_row = y[offsets[j] : offsets[j + 1]]
        exists[row, : len(labels_of_row)] = True
        is_it[row, : len(labels_of_row)] = labels_of_row == -1
    return -1 if exists.all() and _find(is_it) is not None else None


def of_written(codes):
    """Find the code of a label that pads sequences of labels, (n, T)."""
    if len(codes) < FEWEST or codes.shape[1] < 2:
        return None
    codes = codes[_evenly(len(codes), MOST_ROWS)]
    code = int(np.bincount(codes[:, -1]).argmax())
    found = _find(codes == code)
    return code if found is not None and found[0] == "end" else None


def _sample(sequences):
    """(n, T, F): some of the sequences, if all have one length and more than one step; otherwise None."""
    if sequences.valid is not None or sequences.lengths[0] < 2 or np.ptp(sequences.lengths):
        return None
    size = int(sequences.lengths[0]) * sequences.n_features
    rows = _evenly(len(sequences), min(MOST_ROWS, max(SAMPLE // size, 2 * FEWEST)))
    if len(rows) < FEWEST:
        return None
    return sequences.take(rows).values.reshape(len(rows), -1, sequences.n_features)


def _evenly(n, at_most):
    """At most so many rows of `n`, from the first to the last."""
    return np.unique(np.linspace(0, n - 1, min(n, at_most)).astype(int))


def _find(looks_so):
    """At which side runs of steps that look like padding seem to be that, and how long they are, (n,); or None.

    looks_so (n, T[, 1]) : whether a step looks like padding
    """
    looks_so = looks_so.reshape(len(looks_so), -1)
    length = looks_so.shape[1]
    before = _runs(looks_so)
    after = _runs(looks_so[:, ::-1])
    for side, runs, others in (("end", after, before), ("begin", before, after)):
        runs = np.where(runs < length, runs, 0)  # a sequence of nothing else tells nothing
        others = np.where(others < length, others, 0)
        padded = runs[runs > 0]
        if len(padded) < max(FEWEST, len(runs) / 4) or np.median(padded) < 2:
            continue
        if len(np.unique(padded)) < max(3, min(len(padded) / 8, length / 8)):
            continue
        inside = looks_so.sum() - runs.sum() - (before == length).sum() * length
        if inside <= ELSEWHERE * (looks_so.size - runs.sum()) and (others > 0).mean() <= 2 * ELSEWHERE:
            return side, runs
    return None


def _runs(looks_so):
    """(n,): how many steps in a row look like padding, from the first one on."""
    return np.logical_and.accumulate(looks_so, axis=1).sum(axis=1)


def _is_abrupt(x, runs):
    """Whether values do not fade to zero before the runs at the end of `x`, nor count down to it."""
    if (np.diff(np.abs(x), axis=1) <= 0).all(axis=(1, 2)).mean() > MONOTONE:
        return False
    length = x.shape[1]
    exists = np.arange(length) < (length - runs)[:, None]
    scale = np.abs(x[exists]).mean(axis=0, dtype=np.float64)
    scale = np.where(scale > 0, scale, 1)
    size = (np.abs(x) / scale).max(axis=2)
    rows = np.flatnonzero(runs)
    last = size[rows, length - runs[rows] - 1]
    return np.median(last) >= ABRUPT * np.median(size[exists])
