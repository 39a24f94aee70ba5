"""Scikit-learn's scorers for targets with one entry per time step."""

from copy import copy
from functools import wraps
from inspect import signature

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils.metadata_routing import get_routing_for_object

from .._data.sequences import unwrap, valid_steps
from .._data.targets import flatten_steps, flatten_weights, typed
from .._sklearn import _BaseScorer
from .weights import refuse_extreme_weights

RESPONSES = ("predict", "predict_proba", "predict_log_proba", "decision_function")


def sequence_scorer(scoring):
    """Make a scorer for targets with one entry per time step, from a scorer for one entry per sample.

    Scikit-learn's metrics take one entry per sample. The scorer made here lays the time steps of all sequences end to
    end, in `y` and in what the estimator predicts, and hands both to the given scorer.

    Parameters
    ----------
    scoring : str, callable, list, tuple, set or dict
        The name of a scorer ("f1_macro", "neg_log_loss", "roc_auc", "r2"), what `sklearn.metrics.make_scorer` makes, or
        any ``scorer(estimator, X, y)``; it meets a flat `y` and an estimator whose predictions are flat. Several, in
        the forms that `cross_validate` takes, make a scorer that predicts once for all of them and returns a dict.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``, to be used as ``scoring`` wherever scikit-learn takes one.
        `y` has one sequence of labels or values, ``(T_i,)`` or ``(T_i, k)``, for each sequence of `X`; `sample_weight`
        one number for each sequence, which is then that of its steps, or one for each step. What belongs to the padding
        of a 3-D `X` is left out. A call raises a ValueError that names the first sequence whose labels, weights and
        predictions are not equally many.

    Raises
    ------
    ValueError
        If `scoring` is no name of a scorer, or a metric instead of a scorer.

    See Also
    --------
    sklearn.metrics.make_scorer : A scorer from a metric.
    sklearn.metrics.get_scorer_names : All names.
    as_sequences : Sequences in a 1-D object array, the safe container for `y` as well.

    Notes
    -----
    Every step counts the same, so a long sequence counts more than a short one. With
    ``sample_weight=[1 / len(labels) for labels in y]`` every sequence counts the same.

    With metadata routing, ``sequence_scorer("f1_macro").set_score_request(sample_weight=True)`` asks for weights.

    To scikit-learn's splitters, `y` as a list of lists is a legacy form of multilabel targets, and an error for a
    classifier with ``cv=5``; ``[np.asarray(labels) for labels in y]`` is none, nor is ``as_sequences(y)`` for numbers.
    The folds are those of `KFold`: sequences of labels cannot be stratified. `permutation_importance` exchanges values
    between sequences, which must then be equally long.

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
            refuse_extreme_weights(weight)
            counts = weight != 0  # where not, y may hold anything
            kwargs["sample_weight"], y = weight[counts], typed(y[counts])
        flat = {name: _flattened(estimator, name, like_y, counts) for name in RESPONSES if hasattr(estimator, name)}
        return self._scorer(shallow_copy_with(estimator, **flat), X, y, **kwargs)

    def __repr__(self):
        return f"sequence_scorer({self._scoring!r})"

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
    if hasattr(estimator, "_fitted_reading") and hasattr(estimator, "return_sequences"):
        sequences = estimator._read(X)
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
