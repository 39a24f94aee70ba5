"""How good a model is, epoch by epoch, at sequences that it is not trained on."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from .._data.likely_mistakes import holds_texts, unlike
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
        return self.dataset.sequence_weights() / self.dataset.counts


FROM_PIPELINE = (
    "A Pipeline passes X_val to its last step as it is. Transform it first: pipe[:-1].fit(X, y), then "
    "X_val=pipe[:-1].transform(X_val). Or let the Pipeline do it, by metadata routing: "
    'pipe.set_params(transform_input=["X_val"]).'
)


def advice_on(X_val, X):
    """What to do with an X_val that has not gone through the transformer that X comes from, in words; else empty.

    Raises
    ------
    ValueError
        If X_val holds texts: no network reads these.
    """
    if holds_texts(X_val):
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
    if found is not None:
        warn_of_data(f"X_val lies far from X: {found}. {FROM_PIPELINE}")


def scorer_of(model):
    """The scorer that the parameter `scoring` names, over all steps if there is a target for each; None: the loss."""
    if model.scoring == "loss":
        return None
    if isinstance(model.scoring, str) and getattr(model, "return_sequences", False):
        return sequence_scorer(model.scoring)
    return check_scoring(model, scoring=model.scoring)


def split(n, fraction, strata, groups, seed):
    """Sequences to train on and sequences to validate on, at least one each; of each group on one side alone."""
    if groups is not None:
        if groups.max() == groups.min():
            raise ValueError("Expected at least two different groups for early_stopping, got one.")
        return next(
            GroupShuffleSplit(1, test_size=_size(len(np.unique(groups)), fraction), random_state=seed).split(
                np.empty(n), groups=groups
            )
        )
    size = _size(n, fraction)
    if strata is not None and (np.bincount(strata).min() < 2 or min(size, n - size) < strata.max() + 1):
        strata = None  # too few of a class to have some on either side
    training, validation = train_test_split(np.arange(n), test_size=size, stratify=strata, random_state=seed)
    return np.sort(training), np.sort(validation)


def _size(n, fraction):
    return min(max(1, round(fraction * n)), n - 1)
