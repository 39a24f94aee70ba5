"""Metrics of forecasts and of their bands, for targets in arrays or in sequences of unequal length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar

from .aligned_forecasts import align, container_of, numbers_of

Multioutput = Literal["uniform_average", "raw_values"]


def coverage_score(
    y_true, y_lower, y_upper, *, sample_weight=None, multioutput: Multioutput | str = "uniform_average"
) -> float | np.ndarray:
    """Return the fraction of targets that lie within their band, ends included.

    Parameters
    ----------
    y_true : array-like of shape (n,), (n, horizon) or (n, horizon, k), or list of arrays
        Targets. NaN is no target.
    y_lower, y_upper : array-like of the shape of `y_true`, or list of arrays
        Ends of the bands; they may be infinite.
    sample_weight : array-like of shape (n,), or of one number per time step, default=None
        Weight of each sample, or of each of its steps.
    multioutput : {'uniform_average', 'raw_values'}, default='uniform_average'
        One score over all targets, or one for each step of the horizon and each output, of shape ``y_true.shape[1:]``;
        for a list of arrays, one for each output. A score without targets is NaN.

    Returns
    -------
    score : float or ndarray
        From 0 to 1. For a band of 90 % it should be near 0.9.

    Raises
    ------
    ValueError
        If shapes differ, an end of a band is NaN, `y_lower` is above `y_upper`, or there is no target.

    See Also
    --------
    mean_interval_score : Rewards narrow bands, too.

    Examples
    --------
    >>> from sklearn_recurrent import coverage_score
    >>> coverage_score([1, 2, 3, 4], [1, 1, 1, 1], [3, 3, 3, 3])
    0.75
    """
    aligned = align(y_true, {"y_lower": y_lower, "y_upper": y_upper}, sample_weight)
    lower, upper = _band_of(aligned)
    inside = (lower <= aligned.true) & (aligned.true <= upper)
    return _mean(inside, aligned.weight, multioutput)


def mean_interval_score(
    y_true, y_lower, y_upper, *, alpha: float, sample_weight=None, multioutput: Multioutput | str = "uniform_average"
) -> float | np.ndarray:
    """Return the mean interval score of bands: their width, plus a penalty for each target outside.

    A target below its band adds ``2 / alpha * (y_lower - y_true)``, one above ``2 / alpha * (y_true - y_upper)``. The
    smallest score is expected of the true quantiles alpha / 2 and 1 - alpha / 2. It is also called Winkler score.

    Parameters
    ----------
    y_true : array-like of shape (n,), (n, horizon) or (n, horizon, k), or list of arrays
        Targets. NaN is no target.
    y_lower, y_upper : array-like of the shape of `y_true`, or list of arrays
        Ends of the bands.
    alpha : float
        The part of the targets that a band may miss, between 0 and 1: 0.1 for a band of 90 %.
    sample_weight : array-like of shape (n,), or of one number per time step, default=None
        Weight of each sample, or of each of its steps.
    multioutput : {'uniform_average', 'raw_values'}, default='uniform_average'
        One score over all targets, or one for each step of the horizon and each output, as in `coverage_score`.

    Returns
    -------
    score : float or ndarray
        At least 0, in the unit of y; less is better.

    Raises
    ------
    ValueError
        If `alpha` is not between 0 and 1; if shapes differ, an end of a band is NaN, `y_lower` is above `y_upper`, or
        there is no target.

    See Also
    --------
    interval_scorer : The scorer, for `cross_validate` and searches.
    coverage_score : The fraction of targets within the band.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. Journal of the
    American Statistical Association 102, 359-378: equation 43.

    Examples
    --------
    >>> from sklearn_recurrent import mean_interval_score
    >>> mean_interval_score([1.0, 5.0], [0.0, 0.0], [4.0, 4.0], alpha=0.5)  # widths 4 and 4, the second misses by 1
    6.0
    """
    alpha = _between_0_and_1(alpha, "alpha")
    aligned = align(y_true, {"y_lower": y_lower, "y_upper": y_upper}, sample_weight)
    lower, upper = _band_of(aligned)
    below = np.maximum(lower - aligned.true, 0)
    above = np.maximum(aligned.true - upper, 0)
    return _mean(upper - lower + 2 / alpha * (below + above), aligned.weight, multioutput)


def mean_absolute_scaled_error(
    y_true,
    y_pred,
    *,
    y_train,
    m: int,
    groups=None,
    sample_weight=None,
    multioutput: Multioutput | str = "uniform_average",
) -> float | np.ndarray:
    """Return the mean absolute error, in units of the error of a seasonal naive forecast within the history.

    Each error is divided by the mean of ``|y_t - y_{t-m}|`` over the history of its series (MASE). So series of
    different magnitude count alike.

    Parameters
    ----------
    y_true : array-like of shape (n,), (n, horizon) or (n, horizon, k), or list of arrays
        Targets. NaN is no target.
    y_pred : array-like of the shape of `y_true`, or list of arrays
        Forecasts.
    y_train : array-like, list of arrays, or dict
        History, up to the point in time at which the forecast was made. One series ``(T,)`` stands for all samples. A
        2-D array ``(n, T)``, such as the windows that the forecasts come from, or a list of n arrays has one for each
        sample. With `groups`: one for each series, by its key or number. For k outputs, a history may be ``(T, k)``.
        NaN is left out.
    m : int
        Number of time steps of a season: 12 for months, 1 without seasons. Each history is longer.
    groups : array-like of shape (n,), default=None
        The series of each sample: numbers, such as those of `sliding_windows`, or keys of the dict `y_train`.
    sample_weight : array-like of shape (n,), or of one number per time step, default=None
        Weight of each sample, or of each of its steps.
    multioutput : {'uniform_average', 'raw_values'}, default='uniform_average'
        One score over all targets, or one for each step of the horizon and each output, as in `coverage_score`.

    Returns
    -------
    score : float or ndarray
        At least 0; below 1, the forecasts are better than the naive one is in the history, one step or season ahead.

    Raises
    ------
    ValueError
        If a history has no more than `m` values, or does not change over `m` steps; if shapes differ, a forecast is
        NaN, or there is no target.

    See Also
    --------
    sklearn.metrics.mean_absolute_error : The error in the unit of y.

    References
    ----------
    Hyndman, R. J. and Koehler, A. B. (2006). Another look at measures of forecast accuracy. International Journal of
    Forecasting 22, 679-688.

    Examples
    --------
    >>> from sklearn_recurrent import mean_absolute_scaled_error
    >>> mean_absolute_scaled_error([6, 8], [5, 5], y_train=[1, 2, 4, 5, 3], m=1)  # errors 1 and 3, changes 1, 2, 1, 2
    1.3333333333333333

    Two series, and of each its history:

    >>> y_train = [[1, 2, 1, 2], [100, 200, 100]]
    >>> mean_absolute_scaled_error([[2, 2], [300, 300]], [[1, 1], [200, 200]], y_train=y_train, m=1)
    1.0
    """
    check_scalar(m, "m", Integral, min_val=1)
    aligned = align(y_true, {"y_pred": y_pred}, sample_weight)
    _refuse_infinite(aligned, "y_pred")
    scale = _scales(y_train, int(m), groups, aligned)
    errors = np.abs(aligned.true - aligned.forecasts["y_pred"]) / scale
    return _mean(errors, aligned.weight, multioutput)


def weighted_quantile_loss(
    y_true,
    y_pred,
    *,
    quantile: float | Sequence[float],
    sample_weight=None,
    multioutput: Multioutput | str = "uniform_average",
) -> float | np.ndarray:
    """Return twice the sum of pinball losses over the sum of absolute targets, averaged over quantiles.

    It is free of the unit of y (WQL). For the quantile 0.5 it is the sum of absolute errors over that of targets.

    Parameters
    ----------
    y_true : array-like of shape (n,), (n, horizon) or (n, horizon, k), or list of arrays
        Targets. NaN is no target.
    y_pred : array-like of the shape of `y_true`, with quantiles as a further last axis, or list of arrays
        Forecasts, as networks with ``loss="quantile"`` predict them.
    quantile : float or sequence of float
        The quantiles of the last axis of `y_pred`, ascending. For a single number there is no such axis.
    sample_weight : array-like of shape (n,), or of one number per time step, default=None
        Weight of each sample, or of each of its steps.
    multioutput : {'uniform_average', 'raw_values'}, default='uniform_average'
        The sums are over all targets, or over those of each step of the horizon and each output, as in
        `coverage_score`.

    Returns
    -------
    score : float or ndarray
        At least 0; less is better.

    Raises
    ------
    ValueError
        If quantiles are not ascending, or not between 0 and 1; if shapes differ, a forecast is NaN, or there is no
        target but 0.

    See Also
    --------
    crps_from_quantiles : The same in the unit of y.
    sklearn.metrics.mean_pinball_loss : The loss of a single quantile.

    References
    ----------
    Salinas, D., Flunkert, V., Gasthaus, J. and Januschowski, T. (2020). DeepAR: probabilistic forecasting with
    autoregressive recurrent networks. International Journal of Forecasting 36, 1181-1191: the ρ-risk.

    Examples
    --------
    >>> from sklearn_recurrent import weighted_quantile_loss
    >>> weighted_quantile_loss([10.0, 30.0], [[8.0, 12.0], [20.0, 28.0]], quantile=(0.25, 0.75))
    0.125
    """
    aligned, losses = _pinball(y_true, y_pred, quantile, sample_weight)
    size = _mean(np.abs(aligned.true), aligned.weight, multioutput)
    if not np.all(size):
        raise ValueError("Expected y_true with targets other than 0, to which the loss is relative, got zeros alone.")
    return 2 * _mean(losses, aligned.weight, multioutput) / size


def crps_from_quantiles(
    y_true,
    y_pred,
    *,
    quantile: float | Sequence[float],
    sample_weight=None,
    multioutput: Multioutput | str = "uniform_average",
) -> float | np.ndarray:
    """Return the continuous ranked probability score of forecast quantiles: twice their mean pinball loss.

    It approaches the CRPS of the forecast distribution, the more quantiles there are, equally spaced.

    Parameters
    ----------
    y_true : array-like of shape (n,), (n, horizon) or (n, horizon, k), or list of arrays
        Targets. NaN is no target.
    y_pred : array-like of the shape of `y_true`, with quantiles as a further last axis, or list of arrays
        Forecasts, as networks with ``loss="quantile"`` predict them.
    quantile : float or sequence of float
        The quantiles of the last axis of `y_pred`, ascending. For a single number there is no such axis.
    sample_weight : array-like of shape (n,), or of one number per time step, default=None
        Weight of each sample, or of each of its steps.
    multioutput : {'uniform_average', 'raw_values'}, default='uniform_average'
        One score over all targets, or one for each step of the horizon and each output, as in `coverage_score`.

    Returns
    -------
    score : float or ndarray
        At least 0, in the unit of y; less is better.

    Raises
    ------
    ValueError
        If quantiles are not ascending, or not between 0 and 1; if shapes differ, a forecast is NaN, or there is no
        target.

    See Also
    --------
    weighted_quantile_loss : The same relative to the size of targets.
    pinball_scorer : The scorer, without the factor 2.

    Notes
    -----
    skforecast integrates over the quantiles instead, and has other values.

    References
    ----------
    Gneiting, T. and Ranjan, R. (2011). Comparing density forecasts using threshold- and quantile-weighted scoring
    rules. Journal of Business & Economic Statistics 29, 411-422: equation 17.

    Examples
    --------
    >>> from sklearn_recurrent import crps_from_quantiles
    >>> crps_from_quantiles([10.0, 30.0], [[8.0, 12.0], [20.0, 28.0]], quantile=(0.25, 0.75))
    2.5
    """
    aligned, losses = _pinball(y_true, y_pred, quantile, sample_weight)
    return 2 * _mean(losses, aligned.weight, multioutput)


# --- what they share --------------------------------------------------------------------------------------------------


def _band_of(aligned):
    lower = aligned.forecasts["y_lower"]
    upper = aligned.forecasts["y_upper"]
    crossed = ~(lower <= upper) | (lower == np.inf) | (upper == -np.inf)
    if crossed.any():
        raise ValueError(f"Expected y_lower to be at most y_upper, got a band without values {aligned.place(crossed)}.")
    return lower, upper


def _refuse_infinite(aligned, name):
    infinite = np.isinf(aligned.forecasts[name])
    if infinite.any():
        raise ValueError(f"Input {name} contains infinity {aligned.place(infinite)}.")


def _mean(scores, weight, multioutput):
    """The weighted mean of all scores, or over the first axis."""
    scores = np.where(weight > 0, scores, 0)
    weight = weight / weight.max()  # lest a sum overflow
    if multioutput == "uniform_average":
        return float(np.sum(scores * weight) / weight.sum())
    if multioutput != "raw_values":
        raise ValueError(f"Expected multioutput to be 'uniform_average' or 'raw_values', got {multioutput!r}.")
    if scores.ndim == 1:
        scores = scores[:, None]
        weight = weight[:, None]
    with np.errstate(invalid="ignore"):  # a column without targets
        return np.sum(scores * weight, axis=0) / weight.sum(axis=0)


# --- quantiles --------------------------------------------------------------------------------------------------------


def mean_quantile_loss(y_true, y_pred, *, quantile, sample_weight=None):
    """The pinball loss, the mean over all targets and quantiles."""
    aligned, losses = _pinball(y_true, y_pred, quantile, sample_weight)
    return _mean(losses, aligned.weight, "uniform_average")


def _pinball(y_true, y_pred, quantile, sample_weight):
    """Targets, and the loss of each: the mean over quantiles."""
    single = np.ndim(quantile) == 0
    quantiles = np.array([_between_0_and_1(q, "quantile") for q in np.atleast_1d(quantile).tolist()])
    if not len(quantiles) or (np.diff(quantiles) <= 0).any():
        raise ValueError(
            f"Expected quantile to be ascending, as the quantiles that networks predict, got {quantile!r}."
        )
    aligned = align(y_true, {"y_pred": y_pred}, sample_weight, None if single else len(quantiles))
    _refuse_infinite(aligned, "y_pred")
    predicted = aligned.forecasts["y_pred"]
    if single:
        predicted = predicted[..., None]
    error = aligned.true[..., None] - predicted
    return aligned, np.maximum(quantiles * error, (quantiles - 1) * error).mean(axis=-1)


def _between_0_and_1(number, name):
    return float(check_scalar(number, name, Real, min_val=0, max_val=1, include_boundaries="neither"))


# --- the scale of a series --------------------------------------------------------------------------------------------


def _scales(y_train, m, groups, aligned):
    """The mean absolute change over m steps of each series, in an array that divides the targets."""
    n = aligned.n_samples
    if groups is not None:
        histories, series = _histories_of_groups(y_train, groups, n)
    else:
        histories, series = _histories_of_samples(y_train, n)
    scales = [_mean_change(numbers_of(history, "y_train"), m, key) for key, history in histories.items()]
    shapes = {scale.shape for scale in scales}
    if len(shapes) > 1:
        raise ValueError(f"Expected all histories in y_train to have as many outputs, got {sorted(shapes)}.")
    scale = np.array(scales)[series][aligned.samples()]
    true = aligned.true
    if scale.ndim == 1:
        scale = scale.reshape(-1, *[1] * (true.ndim - 1))
    elif true.ndim == 1 and scale.shape[1] == 1:
        scale = scale[:, 0]
    elif true.ndim > 1 and scale.shape[1] in (1, true.shape[-1]):
        scale = scale.reshape(len(scale), *[1] * (true.ndim - 2), -1)
    else:
        raise ValueError(
            f"Expected histories in y_train with the outputs of y_true, of shape {true.shape[1:]} per sample, got "
            f"{scale.shape[1]} columns."
        )
    scale = np.broadcast_to(scale, true.shape)
    undefined = ~(scale > 0) & (aligned.weight > 0)
    if undefined.any():
        key = list(histories)[series[aligned.samples()[np.argwhere(undefined)[0][0]]]]
        raise ValueError(
            f"Expected y_train to change over m={m} steps, since this change is the scale, got no change"
            f"{_of_series(key)}. Give its samples the weight 0 to leave them out."
        )
    return np.where(scale > 0, scale, 1)


def _histories_of_samples(y_train, n):
    if isinstance(y_train, Mapping):
        raise ValueError("Expected groups, the key in y_train of each sample, since y_train is a dict, got None.")
    form, rows = container_of(y_train, "y_train")
    if form == "numbers":
        rows = numbers_of(rows, "y_train")
        if rows.ndim == 1:
            return {None: rows}, np.zeros(n, int)
    if len(rows) != n:
        raise ValueError(
            f"Expected y_train to be one series (T,), or to have a history for each of {n} samples, got {len(rows)}. "
            "If samples share a history, pass groups, which history is that of each sample: for a single one of "
            "several outputs, y_train=[y_train], groups=[0] * len(y_true)."
        )
    return dict(enumerate(rows)), np.arange(n)


def _histories_of_groups(y_train, groups, n):
    groups = np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(f"Expected groups to have one entry per sample, got shape {groups.shape}.")
    check_consistent_length(range(n), groups)
    keys, series = np.unique(groups, return_inverse=True)
    keys = keys.tolist()
    if not isinstance(y_train, Mapping):
        form, rows = container_of(y_train, "y_train")
        if form == "numbers":
            rows = numbers_of(rows, "y_train")
            if rows.ndim == 1:
                raise ValueError(
                    "Expected y_train to have a history for each of the groups, got one series. Pass [y_train]."
                )
        y_train = dict(enumerate(rows))
    for key in keys:
        if key not in y_train:
            raise ValueError(f"Expected y_train to have a history for each of the groups, got none for {key!r}.")
    return {key: y_train[key] for key in keys}, series.reshape(-1)


def _mean_change(history, m, key):
    """() or (k,), NaN where there is no change to be seen."""
    if history.ndim not in (1, 2):
        raise ValueError(f"Expected each history in y_train to be (T,) or (T, k), got {history.shape}.")
    if len(history) <= m:
        raise ValueError(f"Expected y_train to have more than m={m} values, got {len(history)}{_of_series(key)}.")
    change = np.abs(history[m:] - history[:-m])
    there = ~np.isnan(change)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, change, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _of_series(key: Any):
    return "" if key is None else f" in series {key!r}"
