"""Apply any transformer to each time step of sequences."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, OneToOneFeatureMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_array, check_is_fitted

from .._sklearn import HasMethods, SequenceTransformerMixin, _fit_context, available_if
from .containers import object_array, unwrap
from .layouts import warn_of_long
from .sequences import parse_sequences, valid_steps
from .targets import refuse_masked


def _has_inverse(estimator):
    return hasattr(getattr(estimator, "transformer_", estimator.transformer), "inverse_transform")


def _names_features(estimator):
    """Whether the features of the result have names: those of a 2-D result, or those of the transformer."""
    if not getattr(estimator, "_fitted_on_sequences", False):
        return estimator._output_is_2d
    return hasattr(estimator.transformer_, "get_feature_names_out")


class PerTimestep(SequenceTransformerMixin, MetaEstimatorMixin, BaseEstimator):
    """Apply a transformer to each time step of sequences.

    scikit-learn's transformers need one matrix. This one gives them the matrix of all time steps of all sequences,
    without padding, and returns the result in the container of `X`.

    Parameters
    ----------
    transformer : transformer instance
        It is cloned and fitted on all time steps, an array ``(S, F)`` with S the total number of steps. Its result for
        a step must not depend on the other steps in `transform`.

    Attributes
    ----------
    transformer_ : transformer instance
        The fitted clone.
    n_features_in_ : int
        Number of features per time step; of columns if `X` is 2-D.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of `X`, or of the data frames in `X`. Defined only if all of them are strings.

    See Also
    --------
    SequencePadder : Sequences as one 3-D array, and back.

    Notes
    -----
    The container of the result depends only on that of `X`, never on lengths:

    ========================================== =====================================================
    X                                          result, with k the number of features of the transformer
    ========================================== =====================================================
    list, tuple, Series, object array (n,)     object array (n,) of arrays ``(T_i, k)``
    object array (n, 1), frame of one column   object array (n, 1) of arrays ``(T_i, k)``
    3-D array ``(n, T, F)``                    ``(n, T, k)``, NaN where `X` is padded
    numbers ``(n, T)``                         ``(n, T)`` if k = 1, else ``(n, T, k)``
    ========================================== =====================================================

    A NaN that is not padding is an error, unless `transformer` takes it (its tag ``allow_nan``), as SimpleImputer and
    StandardScaler do.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from sklearn_recurrent import PerTimestep
    >>> X = [np.array([0.0, 5.0, 10.0]), np.array([2.0])]
    >>> scaled = PerTimestep(MinMaxScaler()).fit_transform(X)
    >>> [x.ravel().tolist() for x in scaled]
    [[0.0, 0.5, 1.0], [0.2]]
    """

    transformer_: Any
    n_features_in_: int
    feature_names_in_: np.ndarray

    _parameter_constraints = {"transformer": [HasMethods(["fit", "transform"])]}

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    @_fit_context(prefer_skip_nested_validation=False)  # the transformer validates its own parameters
    def fit(self, X, y=None, **fit_params: Any) -> Self:
        """Fit the transformer on all time steps.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Sequences of shape ``(T_i, F)`` or ``(T_i,)``; or a 3-D array ``(n, T, F)``, whose leading and trailing
            steps of NaN are padding; or 2-D numbers ``(n, T)``, one value per step.
        y : array-like of shape (n,) or (n, n_outputs), default=None
            One target per sequence, which is passed to the transformer for each step. Targets for each step are not
            passed.
        **fit_params : dict
            Passed to `fit` of the transformer. A parameter with n entries, such as `sample_weight`, is repeated for
            each step.

        Returns
        -------
        self : PerTimestep
            The fitted transformer.

        Raises
        ------
        ValueError
            If a sequence is empty, has another number of features, or holds anything but finite numbers.
        """
        ragged = self._parse(X, reset=True)
        warn_of_long(X, y)
        if get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params).transformer.fit
        fit_params = {name: _per_step(value, ragged) for name, value in fit_params.items()}
        refuse_masked(y)
        if y is not None and unwrap(y, "y")[0] == "numbers":
            y = _per_step(y, ragged)
        else:
            # Most transformers ignore y, and sequences of targets need not match the steps of X.
            y = None
        self.transformer_ = clone(self.transformer).fit(ragged.values, y, **fit_params)
        self._n_step_outputs = _apply(self.transformer_.transform, ragged.values[:1]).shape[1]
        return self

    def transform(self, X) -> np.ndarray:
        """Transform each time step.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        X_transformed : ndarray
            The result, in the container given in the Notes; sequences are arrays ``(T_i, k)``.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `X` is invalid, as in `fit`.
        """
        check_is_fitted(self)
        ragged = self._parse(X, reset=False)
        return self._in_container_of(X, ragged.map(lambda values: _apply(self.transformer_.transform, values)))

    @available_if(_has_inverse)
    def inverse_transform(self, X) -> np.ndarray:
        """Undo `transform` for each time step, if the transformer can.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            The result of `transform`, or data like it.

        Returns
        -------
        X_original : ndarray
            The original values, in the container that `transform` would return.

        Raises
        ------
        AttributeError
            If the transformer has no `inverse_transform`.
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `X` is invalid, as in `fit`.
        """
        check_is_fitted(self)
        # A copy, since reset=True stores n_features_in_: this X has the features that transform returns.
        ragged = copy.copy(self)._parse(X, reset=True)
        return self._in_container_of(X, ragged.map(lambda values: _apply(self.transformer_.inverse_transform, values)))

    @property
    def _output_is_2d(self):
        """Whether a 2-D array stays one, with the same columns. Before fit this is unknown; then True."""
        return not getattr(self, "_fitted_on_sequences", False) and getattr(self, "_n_step_outputs", 1) == 1

    @available_if(_names_features)
    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the features of a time step.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features_in_,), default=None
            Names of the features of `X`. None means ``feature_names_in_``, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            Those that the transformer gives; for a 2-D `X`, which stays 2-D, the names of its columns.
        """
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        if self._output_is_2d:
            return names
        return self.transformer_.get_feature_names_out(names)

    def get_metadata_routing(self):
        """Return the metadata that `fit` passes to the transformer.

        Returns
        -------
        routing : MetadataRouter
            What `fit` passes to `fit` of `transformer`.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add(transformer=self.transformer, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        if isinstance(self.transformer, BaseEstimator):
            inner = get_tags(self.transformer)
            tags.input_tags.allow_nan = inner.input_tags.allow_nan
            tags.target_tags.required = inner.target_tags.required
            tags.transformer_tags.preserves_dtype = inner.transformer_tags.preserves_dtype
        return tags

    def _parse(self, X, reset):
        """The time steps of X, always copied: some transformers modify their input."""
        missing = "keep" if get_tags(self).input_tags.allow_nan else "error"
        return parse_sequences(self, X, reset=reset, missing=missing).joined()

    def _in_container_of(self, X, ragged):
        """The sequences in the container that corresponds to the one of `X`."""
        form, X = unwrap(X)
        if form == "sequences":
            return object_array(list(ragged))
        if form == "column":
            return object_array(list(ragged))[:, None]
        if len(getattr(X, "shape", ())) == 3:
            valid = valid_steps(check_array(X, dtype="numeric", ensure_all_finite=False, allow_nd=True))
            # A dtype that represents NaN even if this batch has no padding: the dtype must not depend on the batch.
            dtype = np.result_type(ragged.values.dtype, np.float16)
            values = np.full((*valid.shape, ragged.n_features), np.nan, dtype)
            values[valid] = ragged.values
        else:
            values = ragged.values.reshape(len(ragged), ragged.lengths[0], ragged.n_features)
        if ragged.n_features == 1 and not self._fitted_on_sequences:
            return values[:, :, 0]
        return values


def _per_step(value, ragged):
    """`value` repeated for each step if it has one entry per sequence; anything else unchanged."""
    form, values = unwrap(value)
    if form == "numbers" and np.asarray(values).shape[:1] == (len(ragged),):
        return np.repeat(np.asarray(values), ragged.lengths, axis=0)
    return value


def _apply(transform, values):
    """The transformed rows, always as a dense array."""
    result = transform(values)
    if issparse(result):
        result = result.toarray()
    result = np.asarray(result)
    if result.ndim != 2 or len(result) != len(values):
        raise ValueError(
            f"Expected the transformer to return one row per time step, got shape {result.shape} for an input of shape "
            f"{values.shape}."
        )
    return result
