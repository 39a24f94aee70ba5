"""Scorers of the quantiles that a model predicts: one, or several in the last axis of its predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from .._data.aligned_forecasts import container_of
from .._data.forecast_metrics import mean_interval_score, mean_quantile_loss
from .._data.targets import as_rows, flatten_steps, flatten_weights
from .._sklearn import _BaseScorer
from .parameters import quantiles_of
from .scoring import lengths_and_valid

AROUND = ("best_estimator_", "regressor_", "regressor", "estimator_", "estimator")
"""Attributes by which meta-estimators hold the model that predicts: fitted ones first."""


def pinball_scorer(quantile: float | Sequence[float]) -> Callable[..., Any]:
    """Make a scorer of predicted quantiles: the negative mean pinball loss.

    It finds the quantile among those that a model predicts, also within a Pipeline, a search or `PerWindow`.

    Parameters
    ----------
    quantile : float or sequence of float
        The quantile to score, between 0 and 1. Several are averaged.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``, for the parameter ``scoring`` of scikit-learn. Greater is
        better. NaN in y is no target. y may have one value per sample, a horizon, or one array per sequence. It raises
        a ValueError if the model does not predict the quantile.

    Raises
    ------
    ValueError
        If `quantile` is not between 0 and 1, or several are not different.

    See Also
    --------
    interval_scorer : The score of a band.
    sklearn.metrics.mean_pinball_loss : The loss of one quantile.
    crps_from_quantiles : Twice the mean loss of all quantiles.

    Notes
    -----
    Models tell their quantiles by ``loss="quantile"`` and `quantile` (networks, HistGradientBoostingRegressor) or
    `alpha` (GradientBoostingRegressor), by `quantile` alone (QuantileRegressor), or by `quantiles`. One with
    ``loss="absolute_error"`` predicts the quantile 0.5. Several quantiles are the last axis of predictions, ascending.

    With metadata routing, ``pinball_scorer(0.9).set_score_request(sample_weight=True)`` requests weights.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn_recurrent import GRURegressor, interval_scorer, pinball_scorer
    >>> X = np.random.default_rng(0).normal(size=(60, 5, 1))
    >>> y = X.sum(axis=(1, 2))
    >>> model = GRURegressor(4, loss="quantile", quantile=(0.05, 0.5, 0.95), max_iter=2, random_state=0)
    >>> scoring = {"median": pinball_scorer(0.5), "band": interval_scorer(alpha=0.1)}
    >>> scores = cross_validate(model, X, y, cv=3, scoring=scoring)
    >>> bool((scores["test_median"] < 0).all() and (scores["test_band"] < 0).all())
    True
    """
    return PinballScorer(quantile)


def interval_scorer(alpha: float) -> Callable[..., Any]:
    """Make a scorer of a predicted band: the negative mean interval score.

    The band is that between the quantiles alpha / 2 and 1 - alpha / 2, which the scorer finds among those that a model
    predicts, also within a Pipeline, a search or `PerWindow`.

    Parameters
    ----------
    alpha : float
        The part of the targets that the band may miss, between 0 and 1: 0.1 for a band of 90 %.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``, as of `pinball_scorer`. Greater is better.

    Raises
    ------
    ValueError
        If `alpha` is not between 0 and 1.

    See Also
    --------
    pinball_scorer : The score of single quantiles.
    mean_interval_score : The score of given bands.
    coverage_score : The fraction of targets within the band.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn_recurrent import GRURegressor, interval_scorer
    >>> X = np.random.default_rng(0).normal(size=(60, 5, 1))
    >>> y = X.sum(axis=(1, 2))
    >>> model = GRURegressor(4, loss="quantile", quantile=(0.1, 0.9), max_iter=2, random_state=0)
    >>> grid = {"alpha": [0.01, 0.1]}
    >>> search = GridSearchCV(model, grid, cv=3, scoring=interval_scorer(alpha=0.2)).fit(X, y)
    >>> bool(search.best_score_ < 0)
    True
    """
    return IntervalScorer(alpha)


class QuantileScorer(_BaseScorer):
    """The negative of a loss of some of the quantiles that a model predicts.

    levels : these quantiles
    loss : of targets, and predictions with the quantiles in their last axis
    """

    def __init__(self, levels, loss):
        super().__init__(loss, -1, {})
        self._levels = levels

    def _score(self, method_caller, estimator, X, y_true, sample_weight=None):
        model = model_within(estimator)
        columns, several = self._columns(model)
        horizon = _other_horizon(model, y_true)
        if horizon is None:
            predicted = method_caller(estimator, "predict", X)
        else:
            predicted = estimator.predict(X, horizon=horizon)
        y, predicted, sample_weight = _side_by_side(estimator, model, X, y_true, predicted, several, sample_weight)
        return -self._score_func(y, predicted[..., columns], sample_weight)

    def _columns(self, model):
        """Where the quantiles are in the last axis of predictions, and whether there is such an axis."""
        quantiles, several = predicted_quantiles(model)
        wanted = ", ".join(f"{level:.12g}" for level in self._levels)
        name = type(model).__name__
        if quantiles is None:
            raise ValueError(
                f"Expected a model that predicts the quantiles {wanted}, got {name}, of which no quantiles are known. "
                f'A network predicts them with loss="quantile", quantile=({wanted},).'
            )
        found = [np.flatnonzero(np.isclose(quantiles, level, rtol=0, atol=1e-9)) for level in self._levels]
        if not all(map(len, found)):
            predicts = ", ".join(f"{q:.12g}" for q in quantiles)
            together = sorted({*np.round(quantiles, 12).tolist(), *np.round(self._levels, 12).tolist()})
            raise ValueError(
                f"Expected a model that predicts the quantiles {wanted}, got {name}, which predicts {predicts}. "
                f"Networks predict several: quantile={tuple(together)}."
            )
        return [int(places[0]) for places in found], several

    def __reduce__(self):
        state = {name: value for name, value in vars(self).items() if name == "_metadata_request"}
        return (*self._made_by(), state)

    def __repr__(self):
        function, (parameter,) = self._made_by()
        return f"{function.__name__}({parameter!r})"


class PinballScorer(QuantileScorer):
    """The result of `pinball_scorer`."""

    def __init__(self, quantile):
        self._quantile = quantile
        super().__init__(quantiles_of(quantile), self._loss)

    def _loss(self, y_true, y_pred, sample_weight=None):
        return mean_quantile_loss(y_true, y_pred, quantile=self._levels, sample_weight=sample_weight)

    def _made_by(self):
        return pinball_scorer, (self._quantile,)


class IntervalScorer(QuantileScorer):
    """The result of `interval_scorer`."""

    def __init__(self, alpha):
        self._alpha = check_scalar(alpha, "alpha", Real, min_val=0, max_val=1, include_boundaries="neither")
        super().__init__((alpha / 2, 1 - alpha / 2), self._loss)

    def _loss(self, y_true, y_pred, sample_weight=None):
        lower = y_pred[..., 0]
        upper = y_pred[..., 1]
        return mean_interval_score(y_true, lower, upper, alpha=self._alpha, sample_weight=sample_weight)

    def _made_by(self):
        return interval_scorer, (self._alpha,)


# --- which quantiles --------------------------------------------------------------------------------------------------


def model_within(estimator):
    """The model that predicts, within a Pipeline, a search or other meta-estimators."""
    while not _tells_quantiles(estimator):
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
            continue
        inner = next((getattr(estimator, name) for name in AROUND if hasattr(estimator, name)), None)
        if inner is None:
            break
        estimator = inner
    return estimator


def _tells_quantiles(model):
    return any(hasattr(model, name) for name in ("quantile", "quantiles", "loss"))


def predicted_quantiles(model):
    """The quantiles that a model predicts, None if none are known; and whether they have an axis of their own."""
    if hasattr(model, "_fitted_state"):
        state = model._fitted_state()  # parameters may have been set since
        name, settings = state.loss
        if name == "pinball":
            return settings["quantiles"], state.encoder.several_quantiles
        return ((0.5,) if name == "absolute_error" else None), False
    loss = getattr(model, "loss", None)
    if loss == "absolute_error":
        return (0.5,), False
    if loss not in (None, "quantile"):
        return None, False
    names = ("quantile", "quantiles", "alpha") if loss == "quantile" else ("quantile", "quantiles")
    declared = next((value for name in names if (value := getattr(model, name, None)) is not None), None)
    if declared is None:
        return None, False
    return quantiles_of(declared), np.ndim(declared) > 0


# --- targets and predictions ------------------------------------------------------------------------------------------


def _other_horizon(model, y):
    """How many steps to predict of each sequence, if y has others than a model of any horizon predicts by itself."""
    if "horizon" not in signature(model.predict).parameters:
        return None
    form, rows = container_of(y)
    if form == "numbers" and np.ndim(rows) < 2:
        return None
    lengths = [len(row) for row in as_rows(rows)]
    if len(set(lengths)) > 1:
        return np.array(lengths)
    return None if lengths[0] == model.horizon_ else lengths[0]


def _side_by_side(estimator, model, X, y, predicted, several, sample_weight):
    """Targets, predictions with an axis of quantiles, and weights: in arrays, laid end to end if they are sequences."""
    form, values = container_of(predicted)
    form_of_y, y = container_of(y)
    if form == form_of_y == "numbers":
        values = np.asarray(values)
        values = values if several else values[..., None]
        if np.shape(y) == (*values.shape[:-1], 1):
            y = np.asarray(y)[..., 0]
        return y, values, sample_weight
    lengths = None
    valid = None
    if getattr(model, "return_sequences", False):
        lengths, valid = lengths_and_valid(estimator, X)
    name = f"{type(model).__name__}.predict"
    values, lengths = flatten_steps(predicted, lengths, name, valid=valid)
    values = values if several else values[..., None]
    y, _ = flatten_steps(y, lengths, reference="the predictions", valid=valid)
    if y.shape == (*values.shape[:-1], 1):
        y = y[..., 0]
    if sample_weight is not None:
        sample_weight = flatten_weights(sample_weight, lengths, "the predictions", valid)
    return y, values, sample_weight
