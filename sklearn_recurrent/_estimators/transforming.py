"""The pooled states of a network as features of sequences: `transform`."""

from __future__ import annotations

import numpy as np
from sklearn.base import TransformerMixin

from .._sklearn import _check_feature_names_in, available_if, brief, in_container
from .parameters import architecture_of


def pools(model):
    """Whether a network makes one vector of a sequence; raises an AttributeError that says why not."""
    _, per_step, _ = architecture_of(model)
    if per_step:
        raise AttributeError(
            "Expected return_sequences=False for transform, got True: such a network does not pool its states. "
            "Use hidden_states(X), the states of each time step."
        )
    return True


class Transforming(TransformerMixin, auto_wrap_output_keys=None):
    """The methods of an estimator that make it a transformer.

    scikit-learn wraps `transform` itself unless it is told not to, and then takes `available_if` away. A subclass is
    configured as usual.
    """

    fit_transform = available_if(pools)(
        brief(TransformerMixin.fit_transform, "Call `fit`, then `transform` on the same X.")
    )
    set_output = available_if(pools)(brief(TransformerMixin.set_output, "Set the container that `transform` returns."))

    @available_if(pools)
    @in_container
    def transform(self, X) -> np.ndarray:
        """Return the pooled states of each sequence, which the output layer reads.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        states : ndarray of shape (n_samples, n_states)
            In the dtype of `theta_`. For each direction its last, mean and maximal state, in the order of `pooling`;
            then the mean with learned weights (see `get_feature_names_out`).
        """
        return self._respond("transform", X)

    @available_if(pools)
    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the columns that `transform` returns.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features_in_,), default=None
            Unused; for a 2-D X they are checked.

        Returns
        -------
        names : ndarray of str objects
            Class, direction, pooling and unit of each column, such as "lstmclassifier_backward_max3".
        """
        arguments = self._fitted_state().network_arguments
        if not self._fitted_on_sequences:  # a column of sequences has one name, and they have n_features_in_ features
            _check_feature_names_in(self, input_features, generate_names=False)
        directions = ("forward", "backward")[: 1 + arguments["bidirectional"]]
        plain = [kind for kind in arguments["pooling"] if kind != "attention"]
        parts = [(direction, kind) for direction in directions for kind in plain]
        if "attention" in arguments["pooling"]:
            parts += [(direction, "attention") for direction in directions]
        name = type(self).__name__.lower()
        units = range(arguments["units"][-1])
        return np.array([f"{name}_{direction}_{kind}{unit}" for direction, kind in parts for unit in units], object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if hasattr(self, "transform"):
            tags.transformer_tags.preserves_dtype = [self.dtype] if self.dtype else ["float64", "float32"]
        else:
            tags.transformer_tags = None
        return tags
