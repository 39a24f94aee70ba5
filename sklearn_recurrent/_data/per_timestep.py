"""Apply any transformer to each time step of sequences."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, Self

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, OneToOneFeatureMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from .._core.ragged import Ragged
from .._sklearn import HasMethods, SequenceTransformerMixin, _fit_context, available_if
from . import likely_padding
from .columns import is_frame
from .containers import unwrap
from .layouts import warn_of_long
from .steps import (
    FRAMES,
    NUMBERS,
    RECORDS,
    adopt,
    as_dense,
    errors_that_help,
    holds_zeros,
    in_container,
    is_for_categories,
    name_of_column,
    parse_steps,
    preserved_dtypes,
    refuse_times,
    takes_nan,
    warn_of_padding,
)
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

    scikit-learn's transformers need one matrix. This one gives them all time steps of all sequences, without padding,
    one below the other, and returns the result in the container of `X`.

    Parameters
    ----------
    transformer : transformer instance
        It is cloned and fitted on all time steps, S rows. Its result for a step must not depend on the other steps in
        `transform`.

    Attributes
    ----------
    transformer_ : transformer instance
        The fitted clone.
    n_features_in_ : int
        Number of features per time step; of columns if `X` is 2-D. Not defined for records.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of `X`, or of the data frames in `X`. Defined only if all of them are strings.

    See Also
    --------
    PerSequence : Apply a transformer or a function to each sequence by itself.
    SequencePadder : Sequences as one 3-D array, and back.

    Notes
    -----
    What `transformer` gets, depends on what sequences are:

    =========================================== ======================================================
    sequences                                   `transformer` gets
    =========================================== ======================================================
    arrays or lists of numbers                  an array of numbers ``(S, F)``
    data frames of pandas, polars or pyarrow    one such frame with S rows, for ColumnTransformer; its
                                                columns keep their names and types
    arrays or lists of strings, or of strings   an array of strings, or of objects, ``(S, F)``, for
    and numbers, ``(T_i,)`` or ``(T_i, F)``     OneHotEncoder
    records: lists of dicts                     a list of S dicts, for DictVectorizer
    =========================================== ======================================================

    The container of the result depends only on that of `X`, never on lengths:

    ========================================== =====================================================
    X                                          result, with k the number of features of the transformer
    ========================================== =====================================================
    list, tuple, Series, object array (n,)     object array (n,) of arrays ``(T_i, k)``
    object array (n, 1), frame of one column   object array (n, 1) of arrays ``(T_i, k)``
    3-D array ``(n, T, F)``                    ``(n, T, k)``, NaN where `X` is padded
    numbers ``(n, T)``                         ``(n, T)`` if k = 1, else ``(n, T, k)``
    ========================================== =====================================================

    Nested lists of strings are read like lists of arrays. A NaN that is not padding is handed over; it is for
    `transformer` to impute, to keep or to refuse. Infinity is an error. Where scikit-learn would read times as numbers,
    they are refused.

    After `fit` on sequences, `get_feature_names_out` gives the names of the features that `transformer` makes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from sklearn_recurrent import PerTimestep
    >>> X = [np.array([0.0, 5.0, 10.0]), np.array([2.0])]
    >>> scaled = PerTimestep(MinMaxScaler()).fit_transform(X)
    >>> [x.ravel().tolist() for x in scaled]
    [[0.0, 0.5, 1.0], [0.2]]

    Columns by name:

    >>> import pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> X = [pd.DataFrame({"v": [0.0, 5.0], "state": ["on", "off"]}), pd.DataFrame({"v": [2.5], "state": ["on"]})]
    >>> columns = make_column_transformer((MinMaxScaler(), ["v"]), (OneHotEncoder(), ["state"]))
    >>> per_step = PerTimestep(columns).fit(X)
    >>> [x.tolist() for x in per_step.transform(X)]
    [[[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], [[0.5, 0.0, 1.0]]]
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
            Sequences of shape ``(T_i, F)`` or ``(T_i,)``, of numbers, strings, dicts, or as data frames; or a 3-D array
            ``(n, T, F)``, whose leading and trailing steps of NaN are padding; or 2-D ``(n, T)``, one value per step.
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
            If a sequence is empty, has another number of features or other columns, or holds infinity; or the
            transformer refuses the time steps.
        """
        draft = copy.copy(self)  # a fit that fails leaves this model as it is
        container, steps = parse_steps(draft, X, reset=True)
        draft._fitted_container = container
        warn_of_long(X, y)
        if get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params).transformer.fit
        fit_params = {name: _per_step(value, steps) for name, value in fit_params.items()}
        refuse_masked(y)
        if y is not None and unwrap(y, "y")[0] == "numbers":
            y = _per_step(y, steps)
        else:
            # Most transformers ignore y, and sequences of targets need not match the steps of X.
            y = None
        refuse_times(steps.values, self.transformer)
        draft.transformer_ = clone(self.transformer)
        with errors_that_help(draft.transformer_, steps):
            draft.transformer_.fit(steps.values, y, **fit_params)
        first = Ragged.of_rows(steps.values[:1])
        draft._n_step_outputs = draft._apply(draft.transformer_.transform, first).n_features
        draft._warn_of_padding(container, steps)
        adopt(self, draft)
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
        if "transformer_" not in vars(self):
            check_is_fitted(self)
        container, steps = parse_steps(self, X, reset=False)
        return self._in_container(container, self._apply(self.transformer_.transform, steps))

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
        draft = copy.copy(self)
        container, steps = parse_steps(draft, X, reset=True)
        self._refuse_other_order(draft)
        return self._in_container(container, self._apply(self.transformer_.inverse_transform, steps))

    def _refuse_other_order(self, draft):
        """Raise if what was parsed has the names of the features of a time step, but in another order."""
        given = list(vars(draft).get("feature_names_in_", ()))
        if not given or not hasattr(self, "get_feature_names_out"):
            return
        names = self.get_feature_names_out().tolist()
        if given != names and sorted(given) == sorted(names):
            raise ValueError(f"Expected the features {names} in this order, as `transform` returns them, got {given}.")

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
            Names of the features of `X`. None means ``feature_names_in_``, or x0, x1, ... A single name is that of the
            column if `X` was one column of sequences, as in ColumnTransformer, and is returned.

        Returns
        -------
        names : ndarray of str objects
            Those that the transformer gives; for a 2-D `X`, which stays 2-D, the names of its columns.
        """
        check_is_fitted(self)
        column = name_of_column(self, input_features)
        if column is not None:
            return column
        if self._fitted_kind == RECORDS:
            return self.transformer_.get_feature_names_out()
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
            tags.input_tags.allow_nan = takes_nan(self.transformer)
            tags.input_tags.string = inner.input_tags.string or inner.no_validation
            tags.target_tags.required = inner.target_tags.required
            tags.transformer_tags.preserves_dtype = preserved_dtypes(self.transformer)
        return tags

    def _apply(self, transform, steps):
        """`steps`, each as `transform` of the transformer makes it, in a dense array; records in a list."""
        misses_names = self._fitted_kind == FRAMES and not is_frame(steps.values)
        with errors_that_help(self.transformer_, steps), _without_warning_of_names() if misses_names else nullcontext():
            result = transform(steps.values)
        if _is_list_of_records(result):
            shape = (len(result), 1)
        else:
            result = as_dense(result)
            shape = result.shape
        if len(shape) != 2 or shape[0] != steps.offsets[-1]:
            raise ValueError(
                f"Expected the transformer to return one row per time step, got shape {shape} for an input of "
                f"shape {getattr(steps.values, 'shape', (len(steps.values),))}."
            )
        return steps.map(lambda values: result)

    def _warn_of_padding(self, container, steps):
        """Warn of zeros that seem to be padding, unless they are zeros also afterwards: then a network sees them."""
        if self._fitted_kind != NUMBERS or container == "matrix" or is_for_categories(self.transformer):
            return
        found = likely_padding.of_features(steps)
        if found is None:
            return
        padding = Ragged.of_rows(np.zeros((1, steps.n_features), steps.dtype))
        result = self._apply(self.transformer_.transform, padding).values
        if not holds_zeros(result):
            warn_of_padding(found, container)

    def _in_container(self, container, steps):
        result = in_container(container, steps)
        if result.ndim == 3 and result.shape[2] == 1 and not self._fitted_on_sequences:
            return result[:, :, 0]
        return result


@contextmanager
def _without_warning_of_names():
    """Names are missed already, by this estimator."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        yield


def _per_step(value, ragged):
    """`value` repeated for each step if it has one entry per sequence; anything else unchanged."""
    form, values = unwrap(value)
    if form == "numbers" and np.asarray(values).shape[:1] == (len(ragged),):
        return np.repeat(np.asarray(values), ragged.lengths, axis=0)
    return value


def _is_list_of_records(result):
    return isinstance(result, list) and all(issubclass(cls, Mapping) for cls in set(map(type, result)))
