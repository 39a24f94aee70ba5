"""Scikit-learn's scorers for targets with one entry per time step."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils.metadata_routing import get_routing_for_object

from .._data.sequences import unwrap, valid_steps
from .._data.targets import flatten_steps, flatten_weights, typed
from .._sklearn import _BaseScorer

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
    >>> model = GRUClassifier(8, return_sequences=True, bidirectional=True, random_state=0)
    >>> scores = cross_val_score(model, X, y, cv=3, scoring=sequence_scorer("f1_macro"))
    >>> bool(scores.min() > 0.8)
    True
    """
    scorer = check_scoring(scoring=scoring)
    return (SingleSequenceScorer if isinstance(scorer, _BaseScorer) else SequenceScorer)(scoring, scorer)


class SequenceScorer:
    """What `sequence_scorer` makes; scikit-learn takes it for any other scorer."""

    def __init__(self, scoring, scorer):
        self._scoring, self._scorer = scoring, copy(scorer)  # set_score_request changes it

    def __call__(self, estimator, X, y, sample_weight=None, **kwargs):
        """Score `estimator` on all time steps of `X`; other keywords go to the inner scorer as they are."""
        lengths, valid = _steps_of(estimator, X)
        y, lengths = flatten_steps(y, lengths, valid=valid)
        like_y, counts = {"lengths": lengths, "of": "y", "valid": valid}, slice(None)
        if sample_weight is not None:
            weight = flatten_weights(sample_weight, **like_y)
            counts = weight != 0  # where not, y may hold anything
            kwargs["sample_weight"], y = weight[counts], typed(y[counts])
        flat = {name: _flattened(estimator, name, like_y, counts) for name in RESPONSES if hasattr(estimator, name)}
        return self._scorer(shallow_copy_with(estimator, **flat), X, y, **kwargs)

    def __repr__(self):
        return f"sequence_scorer({self._scoring!r})"

    def __reduce__(self):
        return sequence_scorer, (self._scoring,), vars(self)  # by its public name

    def set_score_request(self, **requests):
        """Ask for metadata, as the inner scorer does: ``sample_weight=True``."""
        self._scorer.set_score_request(**requests)
        return self

    def get_metadata_routing(self):
        """What the inner scorer asks for; nothing, if it is a function."""
        return get_routing_for_object(self._scorer)

    def _accept_sample_weight(self):
        """What searches of scikit-learn ask, from 1.7 on, before they pass weights on without metadata routing."""
        return takes_weights(self._scorer)


class SingleSequenceScorer(SequenceScorer, _BaseScorer):
    """One with a single score. To ScoringMonitor, what is no instance of scikit-learn's own class has several."""

    _response_method = "predict"

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        return self(estimator, X, y_true, **kwargs)


def _steps_of(estimator, X):
    """The lengths, and where an array is no padding, as the estimator reads X; of a Pipeline what a 3-D X tells."""
    if hasattr(estimator, "_input_options") and hasattr(estimator, "return_sequences"):
        _, sequences = estimator._parse_fitted(X)
        return sequences.lengths, sequences.valid
    X = unwrap(X)[1]
    return None, valid_steps(np.asarray(X, dtype=np.float64)) if getattr(X, "ndim", 0) == 3 else None


def takes_weights(scorer):
    """Whether a scorer may be called with `sample_weight`."""
    if hasattr(scorer, "_accept_sample_weight"):  # from 1.7 on
        return scorer._accept_sample_weight()
    parameters = signature(getattr(scorer, "_score_func", scorer)).parameters
    return "sample_weight" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def shallow_copy_with(estimator, **others):
    """The same estimator, sharing all attributes but these others; a true instance of its class."""
    same = object.__new__(type(estimator))
    same.__dict__ = vars(estimator) | others
    return same


def _flattened(estimator, name, like_y, counts):
    method = getattr(estimator, name)

    @wraps(method)
    def flat(*args, **kwargs):
        return flatten_steps(method(*args, **kwargs), name=f"{type(estimator).__name__}.{name}", **like_y)[0][counts]

    return flat
