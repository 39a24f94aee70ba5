"""How good a model is, epoch by epoch, at sequences that it is not trained on."""

from __future__ import annotations

from collections import deque

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.utils import check_consistent_length

from .._data.likely_mistakes import holds_texts, overlap, unlike, unlike_static
from .._data.marks import mark_of_input
from .._data.sequences import object_array
from .._data.warnings import warn_of_data
from .scoring import sequence_scorer, shallow_copy_with, takes_weights


class Validation:
    """``validation(theta) -> (loss, score)``.

    fitted : a model that is fitted but for its weights, with a `CachedInput`
    dataset : what it is validated on, as the network takes it
    scorer : of scikit-learn, called with the X that is known, and `y`; None: the score is the negative loss
    """

    def __init__(self, fitted, network, loss, dataset, workers, scorer=None, y=None):
        self.fitted = fitted
        self.network = network
        self.loss = loss
        self.dataset = dataset
        self.workers = workers
        self.scorer = scorer
        self.y = y

    def __call__(self, theta):
        dataset = self.dataset
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is the worst there is
            raw = self.network.predict(theta, self.network.network_inputs(dataset), self.workers)
            losses, _ = self.loss(raw.T, dataset.y.T)
        loss = float(np.average(losses, weights=dataset.weight if dataset.weight.any() else None))
        if not np.isfinite(loss):
            return np.inf, -np.inf
        return loss, -loss if self.scorer is None else self._score(theta)

    def _score(self, theta):
        weights = {}
        if np.ptp(self.dataset.weight) and takes_weights(self.scorer):
            weights["sample_weight"] = self._weights()
        # A copy of the weights, which training goes on to move: a scorer may store the model.
        model = shallow_copy_with(self.fitted, theta_=theta.copy())
        score = float(self.scorer(model, self.fitted._cached_input.X, self.y, **weights))
        return -np.inf if np.isnan(score) else score

    def _weights(self):
        """One for each sequence; for each step, with return_sequences: what weighs 0 there may be anything."""
        if getattr(self.fitted, "return_sequences", False):
            return object_array(np.split(self.dataset.weight, self.dataset.offsets[1:-1]))
        counts = self.dataset.counts
        if np.isnan(self.dataset.y).any():  # which is no target
            counts = np.maximum(np.add.reduceat(self.dataset.weight > 0, self.dataset.offsets[:-1], dtype=int), 1)
        return self.dataset.sequence_weights() / counts


FROM_PIPELINE = (
    "A Pipeline passes X_val to its last step as it is. Transform it first: pipe[:-1].fit(X, y), then "
    "X_val=pipe[:-1].transform(X_val). Or let the Pipeline do it, by metadata routing: "
    'pipe.set_params(transform_input=["X_val"]).'
)


def advice_on(X_val, X, *, reads_strings):
    """What to do with an X_val that has not gone through the transformer that X comes from, in words; else empty.

    reads_strings : whether the network reads strings, as categories

    Raises
    ------
    ValueError
        If X_val holds texts, and the network reads none.
    """
    if not reads_strings and holds_texts(X_val):
        raise ValueError(f"Expected X_val as the network reads X, got strings. {FROM_PIPELINE}")
    return FROM_PIPELINE if mark_of_input(X) is not None and mark_of_input(X_val) is None else ""


def warn_of_other_kind(sequences, others, advice, *, ids):
    """Warn of an X_val of another kind than X: as `advice_on` found, or as its values show.

    sequences, others : of X, and of X_val
    ids : whether the values, or which features (F,), are ids, which are no quantities
    """
    if advice:
        warn_of_data(f"X comes from a transformer, X_val does not. {advice}")
        return
    found = None if np.all(ids) else unlike(sequences, others, ids)
    if found is None and sequences.static is not None:
        found = unlike_static(sequences.static, others.static)
    if found is not None:
        warn_of_data(f"X_val lies far from X: {found}. {FROM_PIPELINE}")


def warn_of_overlap(sequences):
    """Warn if a random part of X, which is to validate on, overlaps with the rest."""
    shift = overlap(sequences)
    if shift is not None:
        steps = "step" if shift == 1 else "steps"
        warn_of_data(
            f"Each sequence of X is the one before it, moved by {shift} {steps}, as windows of a series are. A random "
            "part of them, which early_stopping sets aside, overlaps with those that the network is trained on, so its "
            "score is too good. Set a splitter that respects time: validation_split=TimeSeriesSplit(5), or CutoffSplit "
            "for several series."
        )


def scorer_of(model):
    """The scorer that the parameter `scoring` names, over all steps if there is a target for each; None: the loss."""
    if model.scoring == "loss":
        return None
    if isinstance(model.scoring, str) and getattr(model, "return_sequences", False):
        return sequence_scorer(model.scoring)
    return check_scoring(model, scoring=model.scoring)


def split(n, fraction, strata, groups, seed):
    """Sequences to train on and sequences to validate on, at least one each; of each group on one side alone.

    seed : of a random split; None: the last ones are to validate on
    """
    if groups is not None:
        if groups.max() == groups.min():
            raise ValueError(
                "Expected at least two different groups for early_stopping, got one. Leave groups out, pass more of "
                "them, such as blocks of time, pass X_val and y_val, or set validation_split=TimeSeriesSplit(5)."
            )
        size = _size(len(np.unique(groups)), fraction)
        if seed is None:
            is_last = np.isin(groups, _in_order_of_last_row(groups)[-size:])
            return np.flatnonzero(~is_last), np.flatnonzero(is_last)
        return next(GroupShuffleSplit(1, test_size=size, random_state=seed).split(np.empty(n), groups=groups))
    size = _size(n, fraction)
    if seed is None:
        return np.arange(n - size), np.arange(n - size, n)
    if strata is not None and (np.bincount(strata).min() < 2 or min(size, n - size) < strata.max() + 1):
        strata = None  # too few of a class to have some on either side
    training, validation = train_test_split(np.arange(n), test_size=size, stratify=strata, random_state=seed)
    return np.sort(training), np.sort(validation)


def _in_order_of_last_row(groups):
    """The different groups, that with the last row last."""
    reverse = groups[::-1]
    kinds, first = np.unique(reverse, return_index=True)
    return kinds[np.argsort(-first)]


def _size(n, fraction):
    return min(max(1, round(fraction * n)), n - 1)


NO_PART = -1
"""Of sequences that a splitter has neither to train nor to validate on."""


def last_split(splitter, X, y, groups, n):
    """(n,): 1 for sequences that are in the second part of the last split, 0 for the first, and else `NO_PART`.

    splitter : of scikit-learn, or like these
    X, y, groups : as `fit` gets them, of `n` sequences
    """
    if groups is not None:
        check_consistent_length(np.empty(n), groups)
    name = type(splitter).__name__
    predefined = getattr(splitter, "test_fold", None)
    if predefined is not None and len(predefined) != n:
        raise ValueError(
            f"validation_split: Expected {name} to have an entry for each sequence of X, got {len(predefined)} for {n}."
            " A search, or cross-validation, passes a part of X: set a splitter that any number of rows suits."
        )
    try:
        last = deque(splitter.split(_of_length(X, n), _of_length(y, n), groups), maxlen=1)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        advice = f" {HOW_TO_PASS_GROUPS}" if groups is None and "groups" in str(error) else ""
        raise kind(f"validation_split={name}: {error}{advice}") from error
    if not last:
        raise ValueError(f"validation_split: Expected {name} to have at least one split, got none.")
    part_of = np.full(n, NO_PART)
    for part, rows in enumerate(last[0]):
        part_of[_checked_rows(rows, part_of, name)] = part
    return part_of


HOW_TO_PASS_GROUPS = (
    "fit got no groups. Pass them: net.fit(X, y, groups=groups), or pipe.fit(X, y, net__groups=groups) for a Pipeline "
    "whose last step is 'net', also in a search. A search of a network alone keeps groups for its own splitter: enable "
    "metadata routing, and call net.set_fit_request(groups=True)."
)


def _of_length(values, n):
    """The values as they are, if they are `n` to a splitter; else something that is."""
    try:
        check_consistent_length(np.empty(n), values)
    except (TypeError, ValueError):  # such as a frame of pandas with many rows for each sequence
        return np.empty((n, 1))
    return values


def _checked_rows(rows, part_of, name):
    rows = np.asarray(rows)
    n = len(part_of)
    if rows.ndim != 1 or not len(rows) or rows.dtype.kind not in "iu":
        raise ValueError(
            f"validation_split: Expected {name} to give numbers of rows to train on and to validate on, got {rows!r}."
        )
    if rows.min() < 0 or rows.max() >= n:
        raise ValueError(
            f"validation_split: Expected {name} to give rows from 0 to {n - 1}, got {rows.min()} to {rows.max()}. It "
            "splits the rows that fit gets, which in a search are a part of all."
        )
    if len(np.unique(rows)) < len(rows) or (part_of[rows] != NO_PART).any():
        raise ValueError(f"validation_split: Expected {name} to give each row once at most, got one several times.")
    return rows
