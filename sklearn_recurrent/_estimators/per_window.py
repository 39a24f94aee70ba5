"""A regressor of windows, each in a unit of its own."""

from __future__ import annotations

import copy
from numbers import Integral
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.metrics import r2_score
from sklearn.utils import Bunch, check_consistent_length, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from .._core.levels import level, spread
from .._core.ragged import Ragged
from .._data.aligned_forecasts import numbers_of
from .._data.arrays import NUMERIC
from .._data.columns import positions_of
from .._data.containers import object_array
from .._data.layouts import contents_of
from .._data.likely_mistakes import unknown_ahead
from .._data.sequences import parse_sequences
from .._data.static import split_table
from .._data.steps import adopt, in_container, takes_nan
from .._data.warnings import warn_of_data
from .._sklearn import HasMethods, StrOptions, _fit_context, available_if
from .early_stopping import warn_of_overlap


def _learns_in_parts(model):
    return hasattr(model.regressor, "partial_fit")


class PerWindow(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Regressor that reads and predicts each window in a unit of its own: its level and its scale.

    From each feature of a window its level is subtracted, and the rest is divided by its scale. So is y, by level and
    scale of the feature that it continues, and predictions are scaled back. Trends, and series of different magnitude,
    then look alike to any regressor: networks, gradient boosting, linear models.

    Parameters
    ----------
    regressor : estimator
        A regressor of scikit-learn or of this package. One that reads 3-D arrays, by its tags, gets sequences; another
        one gets a row for each window, of all its values.
    center : {'last', 'mean'} or None, default='last'
        The level: the last value of the window, its mean, or 0.
    scale : {'diff', 'std', 'mean'} or None, default='diff'
        The scale: the standard deviation of the differences from step to step, that of the values, the mean of their
        absolute values, or 1. It is 1 where the window does not change.
    keep_level : bool, default=False
        Whether the level is a further input, in the unit of X, where it tells what comes next, too. Sequences have it
        at each step.
    target : int, str or list of these, default=None
        The feature of X that y continues, or one for each output of y, by position, or by name if X holds data frames.
        In ``y.reshape(len(y), -1)`` of several steps, those of a step stand side by side.
        None: the only one that is not known ahead, or all of these, if y has as many outputs per step (an axis of its
        own).
    known : int, str or list of these, default=None
        Features that are known ahead, as in `sliding_windows`. They stay as they are, and so does the last feature,
        which is 1 in the future. Level and scale are those of the past.

    Attributes
    ----------
    regressor_ : estimator
        The fitted regressor.
    n_features_in_ : int
        Number of features per time step; of columns if X is 2-D.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, or of the data frames in X. Defined only if all of them are strings.

    See Also
    --------
    sliding_windows : Windows of time series.
    PerSequence : A transformer of each sequence by itself. It leaves y as it is.
    sklearn.compose.TransformedTargetRegressor : One scaling of y for all samples.

    Notes
    -----
    Missing values (NaN) have no part in level and scale, and stay missing. Each window is scaled by its own values
    alone: nothing is learned from other windows, and nothing leaks in cross-validation.

    `X` of `sliding_windows` is an array without names: `target` and `known` are then positions. Its features are in the
    order of the columns of the table, without those of `time`, `by`, `static` and `labels`; the last one is 1 in the
    future. Of the columns ``["shop", "day", "price", "sales"]`` with ``by="shop"`` and ``time="day"`` the price is
    ``known=0`` and the sales are ``target=1``.

    Static values, and what `fit` takes beside X and y, are passed on as they are; X_val and y_val are scaled.

    References
    ----------
    Smyl, S. (2020). A hybrid method of exponential smoothing and recurrent neural networks for time series forecasting.
    International Journal of Forecasting 36, 75-85: levels and scales of windows inside a network.

    Examples
    --------
    A trend that goes on beyond all that was seen:

    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_recurrent import GRURegressor, PerWindow, sliding_windows
    >>> t = np.arange(200)
    >>> X, y, _ = sliding_windows(t + 5 * np.sin(t / 4), window=25, horizon=3)
    >>> model = GRURegressor(16, max_iter=20, random_state=0)
    >>> model.fit(X[:100], y[:100]).score(X[100:], y[100:]) < 0
    True
    >>> PerWindow(model).fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.95
    True
    """

    regressor_: Any
    n_features_in_: int
    feature_names_in_: np.ndarray

    _parameter_constraints = {
        "regressor": [HasMethods(["fit", "predict"])],
        "center": [StrOptions({"last", "mean"}), None],
        "scale": [StrOptions({"diff", "std", "mean"}), None],
        "keep_level": ["boolean"],
        "target": [Integral, str, "array-like", None],
        "known": [Integral, str, "array-like", None],
    }

    def __init__(
        self,
        regressor: Any,
        *,
        center: Literal["last", "mean"] | None = "last",
        scale: Literal["diff", "std", "mean"] | None = "diff",
        keep_level: bool = False,
        target: int | str | list[int | str] | None = None,
        known: int | str | list[int | str] | None = None,
    ) -> None:
        self.regressor = regressor
        self.center = center
        self.scale = scale
        self.keep_level = keep_level
        self.target = target
        self.known = known

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **fit_params) -> Self:
        """Fit the regressor to scaled windows.

        Parameters
        ----------
        X : array of shape (n, window) or (n, window, n_features), list or data frame
            Windows, as `sliding_windows` returns them, or sequences in any form that a network takes.
        y : array-like of shape (n,), (n, horizon) or (n, horizon, n_outputs), or list of arrays
            What follows each window, or a target per time step.
        **fit_params : dict
            Passed to `fit` of the regressor: `sample_weight`, `groups`, `X_val` and `y_val`, ...

        Returns
        -------
        self : PerWindow
            The fitted estimator.

        Raises
        ------
        ValueError
            If X or y is invalid; if it is not clear which feature y continues; or if windows of unequal length meet a
            regressor that takes rows. The estimator is then unchanged.
        """
        return self._fit("fit", clone(self.regressor), X, y, fit_params, reset=True)

    @available_if(_learns_in_parts)
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, **fit_params) -> Self:
        """Train the regressor on with scaled windows.

        Parameters
        ----------
        X : array of shape (n, window) or (n, window, n_features), list or data frame
            Windows, as in `fit`.
        y : array-like of shape (n,), (n, horizon) or (n, horizon, n_outputs), or list of arrays
            What follows each window.
        **fit_params : dict
            Passed to `partial_fit` of the regressor.

        Returns
        -------
        self : PerWindow
            The fitted estimator.
        """
        first = not hasattr(self, "regressor_")
        regressor = clone(self.regressor) if first else copy.deepcopy(self.regressor_)
        return self._fit("partial_fit", regressor, X, y, fit_params, reset=first)

    def _fit(self, method, regressor, X, y, fit_params, *, reset):
        if y is None:
            raise ValueError("PerWindow requires y to be passed, but the target y is None.")
        draft = copy.copy(self)  # a fit that fails leaves this model as it is
        if sklearn.get_config()["enable_metadata_routing"]:
            params = process_routing(self, method, **fit_params)
        else:
            params = Bunch(regressor=Bunch(**{method: fit_params}))
        params = dict(params.regressor[method])
        windows = draft._windows(X, reset=reset)
        form = _form_of(y, windows, self.target)
        if reset:
            draft._y_form = tuple(form)  # what is stored names no private class
            if self.known is None:
                _warn_of_future(windows.steps, form.features)
        if method == "fit":
            _warn_of_overlap(regressor, windows.steps, params)
        if params.get("X_val") is not None:
            validation = draft._windows(params["X_val"], reset=False)
            params["y_val"] = validation.scaled_y(params["y_val"], form)
            params["X_val"] = self._inputs(validation, regressor)
        scaled = windows.scaled_y(y, form)
        if reset:
            draft._y_steps = None
        if np.ndim(scaled) == 3 and not _reads_sequences(regressor):
            if reset:
                draft._y_steps = scaled.shape[1:]
            scaled = scaled.reshape(len(scaled), -1)
        draft.regressor_ = getattr(regressor, method)(self._inputs(windows, regressor), scaled, **params)
        adopt(self, draft)
        return self

    def predict(self, X, **predict_params) -> np.ndarray:
        """Predict what follows each window, in its own unit.

        Parameters
        ----------
        X : array of shape (n, window) or (n, window, n_features), list or data frame
            Windows, in any form that `fit` takes.
        **predict_params : dict
            Passed to `predict` of the regressor.

        Returns
        -------
        y : ndarray
            Predictions in the form that the regressor returns, scaled back to the unit of y.
        """
        check_is_fitted(self)
        windows = self._windows(X, reset=False)
        predicted = self.regressor_.predict(self._inputs(windows, self.regressor_), **predict_params)
        if self._y_steps is not None:
            predicted = np.reshape(predicted, (len(predicted), *self._y_steps))
        return windows.unscaled(predicted, _YForm(*self._y_form))

    def score(self, X, y, sample_weight=None) -> float:
        """Return R² of the predictions.

        Parameters
        ----------
        X : array of shape (n, window) or (n, window, n_features), list or data frame
            Windows, in any form that `fit` takes.
        y : array-like of shape (n,), (n, horizon) or (n, horizon, n_outputs), or list of arrays
            True values. NaN is no target.
        sample_weight : array-like of shape (n,), default=None
            Weight of each window.

        Returns
        -------
        score : float
            As `sklearn.metrics.r2_score`, averaged over steps and outputs; over all values together if some are
            missing, or lengths differ.
        """
        predicted = self.predict(X)
        form, y = contents_of(y, "y", is_target=True)
        if form == "numbers":
            y = _as_numbers(y).astype(np.float64)
            if np.size(predicted) == y.size == len(y) and y.ndim < 3:
                predicted = np.reshape(predicted, y.shape)  # a column of one output, which few regressors return
        if np.shape(predicted[0]) != np.shape(y[0]):
            raise ValueError(
                f"Expected a prediction for each value of y, got shape {np.shape(predicted[0])} for window 0, whose y "
                f"has shape {np.shape(y[0])}. Several quantiles have no R²: score them with pinball_scorer."
            )
        if form == "numbers" and not np.isnan(y).any():
            return r2_score(y.reshape(len(y), -1), predicted.reshape(len(y), -1), sample_weight=sample_weight)
        lengths = [np.size(row) for row in y]
        true = np.concatenate([np.ravel(row) for row in y]).astype(np.float64)
        predicted = np.concatenate([np.ravel(row) for row in predicted])
        there = ~np.isnan(true)
        if sample_weight is not None:
            check_consistent_length(lengths, sample_weight)
            sample_weight = np.repeat(np.asarray(sample_weight, dtype=np.float64), lengths)[there]
        return r2_score(true[there], predicted[there], sample_weight=sample_weight)

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the requested metadata: see "Metadata Routing" in scikit-learn's user guide.

        Returns
        -------
        routing : MetadataRouter
            What the regressor requests.
        """
        mapping = MethodMapping()
        for method in ("fit", "partial_fit", "predict"):
            if hasattr(self.regressor, method):
                mapping.add(caller=method, callee=method)
        return MetadataRouter(owner=type(self).__name__).add(regressor=self.regressor, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = takes_nan(self.regressor)
        of_regressor = get_tags(self.regressor)
        tags.target_tags.multi_output = of_regressor.target_tags.multi_output
        tags.target_tags.single_output = of_regressor.target_tags.single_output
        tags.regressor_tags.poor_score = True  # of samples that are no windows, level and scale tell little
        return tags

    # --- how it is done -----------------------------------------------------------------------------------------------

    def _windows(self, X, *, reset):
        """The windows of X, with level and scale of each."""
        table = split_table(X)
        sequences = parse_sequences(self, table.sequences, reset=reset, missing="keep")
        is_sequential = self._fitted_on_sequences
        container = "sequences"
        if not is_sequential:
            container = "matrix"
        elif len(getattr(table.sequences, "shape", ())) == 3:
            container = "cube"
        steps = sequences.joined()
        names = self.feature_names_in_.tolist() if is_sequential and hasattr(self, "feature_names_in_") else None
        known = None if self.known is None else _positions("known", self.known, names, steps.n_features)
        return _Windows.of(steps, container, table.static, known, names, self.center, self.scale)

    def _inputs(self, windows, regressor):
        """What the regressor reads."""
        levels = windows.level[:, windows.own] if self.keep_level else np.empty((len(windows.steps), 0))
        if _reads_sequences(regressor):
            return windows.sequences(levels)
        return windows.rows(levels, type(regressor).__name__)


def _reads_sequences(regressor):
    return get_tags(regressor).input_tags.three_d_array


class _YForm(NamedTuple):
    """How a y is made of outputs.

    features : the feature that each output continues
    axis : of the outputs; None if there is no such axis, as there is a single one
    """

    features: tuple
    axis: int | None

    def shape(self, ndim, n):
        """The shape in which an array (n, n_outputs) goes with a y of `ndim` dimensions."""
        shape = [n] + [1] * (ndim - 1)
        if self.axis is not None:
            shape[self.axis] = len(self.features)
        return shape


class _Windows(NamedTuple):
    """Windows, and the level and scale of each feature in each of them.

    steps : their values as they came
    container : what they came in
    static : static values (n, k), or None
    own (F,) : which features are scaled
    past (S,) : which steps are no future
    names : of the features, or None
    level, scale : (n, F), float64; 0 and 1 of features that are not scaled
    """

    steps: Ragged
    container: str
    static: np.ndarray | None
    own: np.ndarray
    past: np.ndarray
    names: np.ndarray | None
    level: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, steps, container, static, known, names, center, scale):
        own = np.ones(steps.n_features, bool)
        past = np.ones(len(steps.values), bool)
        if known is not None:
            own[known] = False
            own[-1] = False
            past = steps.values[:, -1] == 0
        if not own.any():
            raise ValueError("Expected a feature that is not known ahead, got none.")
        values = steps.values[:, own].astype(np.float64)
        there = ~np.isnan(values) & past[:, None]
        levels = np.zeros((len(steps), steps.n_features))
        scales = np.ones_like(levels)
        levels[:, own] = level(values, there, steps.offsets, center)
        scales[:, own] = spread(values, there, steps.offsets, scale, np.finfo(steps.dtype).eps)
        return cls(steps, container, static, own, past, names, levels, scales)

    def sequences(self, levels):
        """Scaled, with the levels as further features, in a container like that of X."""
        values = np.hstack([self._scaled(), np.repeat(levels, self.steps.lengths, axis=0)])
        dtype = self.steps.dtype
        scaled = in_container(self.container, Ragged(values.astype(dtype), self.steps.offsets, self.steps.valid))
        if self.container == "matrix" and scaled.shape[2] == 1:
            scaled = scaled[:, :, 0]  # in a cube a missing first value would be padding
        if self.static is None:
            return scaled
        return np.column_stack([object_array(list(scaled)), self.static.astype(object)])

    def rows(self, levels, name):
        """Scaled, a row for each window: its values, step by step, its levels and its static values."""
        lengths = self.steps.lengths
        container = "matrix" if self.container == "sequences" else self.container
        if container == "matrix" and self.steps.length is None:
            raise ValueError(
                f"Expected windows of equal length for {name}, which takes a row of values for each, got "
                f"{lengths.min()} to {lengths.max()} steps."
            )
        values = self._scaled().astype(self.steps.dtype)
        values = in_container(container, Ragged(values, self.steps.offsets, self.steps.valid))
        parts = [values.reshape(len(values), -1), levels]
        if self.static is not None:
            parts.append(self.static)
        return np.hstack(parts).astype(self.steps.dtype)

    def _scaled(self):
        """(S, F); 0 in the future, where a feature is not known."""
        lengths = self.steps.lengths
        scaled = (self.steps.values - np.repeat(self.level, lengths, axis=0)) / np.repeat(self.scale, lengths, axis=0)
        scaled[np.ix_(~self.past, self.own)] = 0
        return scaled

    def scaled_y(self, y, form):
        """The values that follow, in the units of the windows."""
        return self._moved(y, form, lambda y, level, scale: (y - level) / scale)

    def unscaled(self, predicted, form):
        """Predictions in the unit of y."""
        return self._moved(predicted, form, lambda y, level, scale: y * scale + level)

    def _moved(self, y, form, function):
        """``function(y, level, scale)`` of each output, an array or an array for each window."""
        container, rows = contents_of(y, "y", is_target=True)
        check_consistent_length(self.steps, rows)
        level = self.level[:, form.features]
        scale = self.scale[:, form.features]
        if container == "numbers":
            y = _as_numbers(rows)
            y = y.astype(np.result_type(y.dtype, np.float32), copy=False)
            shape = form.shape(y.ndim, len(y))
            return function(y, level.reshape(shape).astype(y.dtype), scale.reshape(shape).astype(y.dtype))
        moved = []
        for row, a, b in zip(rows, level, scale, strict=True):
            row = np.asarray(row, dtype=np.float64)
            shape = form.shape(1 + row.ndim, 1)[1:]
            moved.append(function(row, a.reshape(shape), b.reshape(shape)))
        return object_array(moved)


def _as_numbers(y):
    """Targets or predictions as an array of their dtype; objects, such as pandas.NA beside integers, as float64."""
    array = np.asarray(y)
    return array if array.dtype.kind in NUMERIC else numbers_of(y, "y")


# --- which features ---------------------------------------------------------------------------------------------------


def _positions(parameter, features, names, n_features):
    hint = " Windows of a table have its features in the order of its columns, and without names."
    return positions_of(parameter, features, n_features, names, hint=hint)


def _warn_of_overlap(regressor, steps, params):
    """As the network itself would, which cannot see that windows overlap when each is scaled by itself."""
    if not hasattr(regressor, "_validates_on_random_part"):
        return
    names = ("X_val", "y_val", "groups")
    if regressor._validates_on_random_part(**{name: params[name] for name in names if name in params}):
        warn_of_overlap(steps)


def _warn_of_future(steps, targets):
    """Say that windows hold steps of the future, whose zeros would be read as values of the past.

    steps : the windows; `sliding_windows` marks the future by 1 in the last feature
    targets : the features that y continues
    """
    marks = steps.values[:, -1]
    if steps.n_features < 2 or len(steps) < 2 or not np.isin(marks, (0, 1)).all():
        return
    counts = np.add.reduceat(marks, steps.offsets[:-1]).astype(int)
    if counts[0] == 0 or (counts != counts[0]).any() or (counts >= steps.lengths).any():
        return
    future = steps.last(counts, slice(None))
    if not (future[:, -1] == 1).all():
        return
    is_known = ~unknown_ahead(steps.without_last(counts).values, future)
    is_known[[*targets, -1]] = False
    warn_of_data(
        f"The last feature of X is 1 in the last {counts[0]} steps of each window alone, as sliding_windows marks what "
        "is known ahead, but known=None: level and scale of the past would include the 0 that stand there for what is "
        f"not known. Name the features that are known: known={np.flatnonzero(is_known).tolist()}."
    )


def _form_of(y, windows, target):
    """How `y` is made of outputs, each of which continues a feature."""
    container, rows = contents_of(y, "y", is_target=True)
    ndim = np.ndim(rows) if container == "numbers" else 1 + max(map(np.ndim, rows), default=0)
    own = np.flatnonzero(windows.own)
    if target is not None:
        features = _positions("target", target, windows.names, windows.steps.n_features)
        is_one = isinstance(target, str | Integral)
        if is_one or len(features) == 1:
            return _YForm(tuple(features), None)
        return _form_of_several(tuple(features), container, rows, ndim)
    if len(own) == 1:
        return _YForm((int(own[0]),), None)
    if ndim == 3 and np.shape(rows[0])[-1] == len(own):
        return _YForm(tuple(own.tolist()), 2)
    raise ValueError(
        f"Expected target, the feature that y continues, since X has {len(own)} features that are not known ahead, got "
        "None. Pass target=0 if it is the first one, or a list with a feature for each output of y."
    )


def _form_of_several(features, container, rows, ndim):
    """Outputs are in the last axis of y; if it has two axes, those of several steps may stand there step by step."""
    n_outputs = 1
    if ndim > 1:
        n_outputs = np.shape(rows if container == "numbers" else rows[0])[-1]
    if ndim == 3 and n_outputs == len(features):
        return _YForm(features, 2)
    if ndim == 2 and container == "numbers" and n_outputs % len(features) == 0:
        return _YForm(features * (n_outputs // len(features)), 1)
    raise ValueError(
        f"Expected the last axis of y to have an output for each of the {len(features)} features of target, got "
        f"{n_outputs if ndim > 1 else 'no such axis'}."
    )
