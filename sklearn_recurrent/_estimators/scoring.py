"""scikit-learn's scorers for targets with one entry per time step."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial, wraps
from inspect import signature
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import check_scoring, d2_pinball_score, r2_score
from sklearn.utils.metadata_routing import get_routing_for_object

from .._data.arrays import plain
from .._data.labels import refuse_missing_labels
from .._data.missing import valid_steps
from .._data.targets import (
    flatten_steps,
    flatten_weights,
    infer_dtype,
    numbers_of_targets,
    steps_without_target,
    unmasked_steps,
)
from .._sklearn import _BaseScorer
from .weights import refuse_extreme_weights

RESPONSES = ("predict", "predict_proba", "predict_log_proba", "decision_function")


def sequence_scorer(scoring) -> Callable[..., Any]:
    """Make a scorer for targets with one entry per time step, from a scorer for one entry per sample.

    The scorer concatenates the time steps of all sequences, in `y` and in the predictions, and passes them to the given
    scorer.

    Parameters
    ----------
    scoring : str, callable, list, tuple, set or dict
        Name of a scorer ("f1_macro", "neg_log_loss", "roc_auc", "r2"), a result of `sklearn.metrics.make_scorer`, or
        any ``scorer(estimator, X, y)``, which gets a flat `y` and an estimator with flat predictions. Several scorers,
        in the forms that `cross_validate` takes, give a scorer that predicts once for all of them and returns a dict.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``, for the parameter ``scoring`` of scikit-learn. `y` has one
        sequence of labels or values, ``(T_i,)`` or ``(T_i, k)``, per sequence of `X`; `sample_weight` has one number
        per sequence or per step. Padding of a 3-D `X` is left out. The scorer raises a ValueError that names the first
        sequence with different numbers of labels, weights and predictions.

    Raises
    ------
    ValueError
        If `scoring` is not the name of a scorer, or a metric instead of a scorer.

    See Also
    --------
    sklearn.metrics.make_scorer : A scorer from a metric.
    sklearn.metrics.get_scorer_names : All names.
    as_sequences : Sequences in a 1-D object array, a safe container for `y`, too.

    Notes
    -----
    All steps count the same, so that long sequences count more. With ``sample_weight=[1 / len(labels) for labels in
    y]`` all sequences count the same.

    A NaN in the `y` of a regressor is no target: such steps are left out.

    With metadata routing, ``sequence_scorer("f1_macro").set_score_request(sample_weight=True)`` requests weights.

    scikit-learn's splitters take a list of lists for an old form of multilabel targets, which is an error for a
    classifier with ``cv=5``. Give ``[np.asarray(labels) for labels in y]``, or ``as_sequences(y)`` for numbers. The
    folds are those of `KFold`, since sequences of labels cannot be stratified. `permutation_importance` exchanges
    values between sequences, which must be equally long.

    Examples
    --------
    A random walk, known by its steps: after which of them is it above its start?

    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn_recurrent import GRUClassifier, sequence_scorer
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 1)) for length in rng.integers(5, 15, 60)]
    >>> y = [(np.cumsum(x) > 0).astype(int) for x in X]
    >>> model = GRUClassifier(8, return_sequences=True, random_state=0)
    >>> scores = cross_val_score(model, X, y, cv=3, scoring=sequence_scorer("f1_macro"))
    >>> bool(scores.min() > 0.8)
    True
    """
    scorer = check_scoring(scoring=scoring)
    if isinstance(scorer, _BaseScorer):
        return SingleSequenceScorer(scoring, scorer)
    return SequenceScorer(scoring, scorer)


class SequenceScorer:
    """The result of `sequence_scorer`: a scorer of flattened targets and predictions."""

    def __init__(self, scoring, scorer):
        self._scoring = scoring
        self._scorer = copy(scorer)  # set_score_request modifies it, and the names of scikit-learn share one object

    def __call__(self, estimator, X, y, sample_weight=None, **kwargs):
        """Score `estimator` on all time steps of `X`; other keywords are passed to the inner scorer."""
        lengths, valid = lengths_and_valid(estimator, X)
        y, lengths = flatten_steps(y, lengths, valid=valid, masked="keep")
        like_y = {"lengths": lengths, "reference": "y", "valid": valid}
        scored = slice(None)
        ignored = None
        if sample_weight is not None:
            weight = flatten_weights(sample_weight, **like_y)
            refuse_extreme_weights(weight)
            # Steps of weight 0 are removed: their targets may be anything, also unknown classes, which metrics refuse.
            ignored = weight == 0
            scored = ~ignored
            kwargs["sample_weight"] = weight[scored]
        y = unmasked_steps(y, lengths, ignored, may_lack=is_regressor(estimator))
        if is_classifier(estimator):
            refuse_missing_labels(y, lengths, ignored)
        if ignored is not None:
            y = infer_dtype(y[scored])
        without = _without_target(estimator, y)
        if without.any():
            y = infer_dtype(y[~without])
            rows = np.arange(sum(lengths))[scored]
            scored = rows[~without]
            if "sample_weight" in kwargs:
                kwargs["sample_weight"] = weight[scored]
            if not len(y):
                raise ValueError("Expected y to have a target at one time step at least, got NaN alone.")
        # The inner scorer chooses the method, and checks the type of the estimator: it gets a copy with flat responses.
        flat = {name: _flattened(estimator, name, like_y, scored) for name in RESPONSES if hasattr(estimator, name)}
        return self._scorer(shallow_copy_with(estimator, **flat), X, y, **kwargs)

    def __repr__(self):
        return f"sequence_scorer({self._scoring!r})"

    def __reduce__(self):
        return sequence_scorer, (self._scoring,), vars(self)  # by its public name

    def set_score_request(self, **requests):
        """Request metadata for the inner scorer: ``sample_weight=True``."""
        self._scorer.set_score_request(**requests)
        return self

    def get_metadata_routing(self):
        """The requests of the inner scorer; none, if it is a function."""
        return get_routing_for_object(self._scorer)

    def _accept_sample_weight(self):
        """Called by searches of scikit-learn 1.7 and later before they pass weights without metadata routing."""
        return takes_weights(self._scorer)


class SingleSequenceScorer(SequenceScorer, _BaseScorer):
    """A scorer with a single score: ScoringMonitor expects a dict from anything but an instance of `_BaseScorer`."""

    _response_method = "predict"

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        return self(estimator, X, y_true, **kwargs)


def lengths_and_valid(estimator, X):
    """The lengths of the sequences as `estimator` parses X, and which steps of a 3-D X are no padding."""
    if hasattr(estimator, "_input_options") and hasattr(estimator, "return_sequences"):
        _, sequences = estimator._parse_fitted(X)
        return sequences.lengths, sequences.valid
    # A Pipeline may change the lengths: they are those of y. Only the padding of X can be told.
    if len(getattr(X, "shape", ())) != 3:
        return None, None
    return None, valid_steps(np.asarray(plain(X), dtype=np.float64))


def _without_target(estimator, y):
    """Which steps have NaN in the place of a target: numbers alone can be missing, and no labels."""
    if y.dtype == object and is_regressor(estimator):
        y = numbers_of_targets(y)
    without = steps_without_target(y)
    return without if without.any() and is_regressor(estimator) else np.zeros(len(y), bool)


def takes_weights(scorer):
    """Whether a scorer can be called with `sample_weight`."""
    if hasattr(scorer, "_accept_sample_weight"):  # scikit-learn 1.7 and later
        return scorer._accept_sample_weight()
    parameters = signature(getattr(scorer, "_score_func", scorer)).parameters
    return "sample_weight" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def metric_of_loss(name, settings):
    """What `score` of a regressor computes, of a loss of the core and its settings: R², or D² of quantiles."""
    return r2_score if name != "pinball" else partial(_d2_of_quantiles, settings["quantiles"])


def _d2_of_quantiles(quantiles, y, predicted, *, sample_weight=None):
    """D² of the pinball loss, the mean over quantiles and outputs."""
    y = np.asarray(y, np.float64)
    predicted = predicted.reshape(*y.shape, len(quantiles))
    if sample_weight is None:
        # Before 1.9 scikit-learn compared with an interpolated quantile then: weights of one changed the score.
        sample_weight = np.ones(len(y))
    scores = [
        d2_pinball_score(y, predicted[..., k], alpha=quantile, sample_weight=sample_weight)
        for k, quantile in enumerate(quantiles)
    ]
    return np.mean(scores)


def shallow_copy_with(estimator, **others):
    """A copy of the estimator with other values of some attributes; all others are shared, not copied."""
    copied = object.__new__(type(estimator))  # not clone, which forgets what was fitted
    copied.__dict__ = vars(estimator) | others
    return copied


def _flattened(estimator, name, like_y, scored):
    """The method `name` of `estimator`, with its results flattened and cut to the steps that are `scored`."""
    method = getattr(estimator, name)

    @wraps(method)
    def flat(*args, **kwargs):
        response = method(*args, **kwargs)
        values, _ = flatten_steps(response, name=f"{type(estimator).__name__}.{name}", **like_y)
        return values[scored]

    return flat
