"""Every private or version-dependent name of scikit-learn, for scikit-learn 1.6 to 1.9."""

from sklearn.base import TransformerMixin, _fit_context
from sklearn.metrics._scorer import _BaseScorer
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # they came with 1.9

    class CallbackSupportMixin:
        """No callbacks."""

    def with_callbacks(method):
        return method


__all__ = [
    "CALLBACK_FRAMES",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "SequenceTransformerMixin",
    "StrOptions",
    "_BaseScorer",
    "_check_sample_weight",
    "_fit_context",
    "fit_context",
    "with_callbacks",
]

CALLBACK_FRAMES = int(hasattr(CallbackSupportMixin, "set_callbacks"))
"""Frames that `with_callbacks` puts around a method."""


def fit_context(estimator, n_epochs):
    """The root of the tasks that callbacks are called at, one for each epoch; None where there are no callbacks."""
    return estimator._init_callback_context(max_subtasks=n_epochs) if CALLBACK_FRAMES else None


class SequenceTransformerMixin(TransformerMixin):
    """A transformer whose output is a matrix for some X, and for others sequences or a 3-D array.

    scikit-learn puts an output into a frame exactly if ``get_feature_names_out`` is there; it also takes ``set_output``
    away if it is not, and a fitted Pipeline of such a step then refuses ``set_output``. Here it stays.
    """

    def set_output(self, *, transform=None):
        """Set the container of 2-D output; sequences and 3-D arrays are given as they are.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            What `transform` and `fit_transform` return. None leaves it unchanged.

        Returns
        -------
        self : estimator instance
            The transformer itself.
        """
        if transform is not None:
            self._sklearn_output_config = {**getattr(self, "_sklearn_output_config", {}), "transform": transform}
        return self
