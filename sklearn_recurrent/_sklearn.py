"""Every private or version-dependent name of scikit-learn, for scikit-learn 1.6 to 1.9."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from sklearn.base import TransformerMixin
from sklearn.metrics._scorer import _BaseScorer
from sklearn.utils._metadata_requests import RequestMethod
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, _get_feature_names, validate_data

if TYPE_CHECKING:  # scikit-learn's decorators have no annotations: editors would lose signature and documentation
    from collections.abc import Callable

    Method = TypeVar("Method", bound=Callable[..., Any])

    def _fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]: ...

    def available_if(check: Callable[..., Any]) -> Callable[[Method], Method]: ...

    def with_callbacks(method: Method) -> Method: ...

    class CallbackSupportMixin:
        def set_callbacks(self, *callbacks: object) -> Self: ...

else:
    from sklearn.base import _fit_context
    from sklearn.utils.metaestimators import available_if

    try:
        from sklearn.callback import CallbackSupportMixin, with_callbacks
    except ImportError:  # they came with 1.9

        class CallbackSupportMixin:
            """No callbacks."""

        def with_callbacks(method):
            return method


__all__ = [
    "CALLBACK_FRAMES",
    "BriefRequests",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "SequenceTransformerMixin",
    "StrOptions",
    "_BaseScorer",
    "_check_sample_weight",
    "_fit_context",
    "available_if",
    "check_columns",
    "fit_context",
    "with_callbacks",
]

CALLBACK_FRAMES = int(hasattr(CallbackSupportMixin, "set_callbacks"))
"""Frames that `with_callbacks` puts around a method."""


def fit_context(estimator, n_epochs):
    """The root of the tasks that callbacks are called at, one for each epoch; None where there are no callbacks."""
    return estimator._init_callback_context(max_subtasks=n_epochs) if CALLBACK_FRAMES else None


def check_columns(estimator, frame, *, reset):
    """Set or check ``n_features_in_`` and ``feature_names_in_`` by the columns of a frame of any library."""
    if _get_feature_names(frame) is None:
        frame = _Columns(frame)
    validate_data(estimator, frame, reset=reset, skip_check_array=True)


class _Columns:
    """The columns of a frame in the protocol that scikit-learn before 1.9 reads names by; polars has it no more."""

    def __init__(self, frame):
        self.shape = frame.shape
        self._names = list(frame.columns)

    def __dataframe__(self):
        return self

    def column_names(self):
        return self._names


class BriefRequests:
    """Makes the docstrings of ``set_fit_request`` and its like short.

    scikit-learn writes these methods for each class, with the same forty lines of documentation for each of them.
    """

    if TYPE_CHECKING:  # editors do not see what is written when a class is made

        def set_fit_request(self, **requests: bool | str | None) -> Self: ...

        def set_partial_fit_request(self, **requests: bool | str | None) -> Self: ...

        def set_predict_request(self, **requests: bool | str | None) -> Self: ...

        def set_score_request(self, **requests: bool | str | None) -> Self: ...

    def __init_subclass__(cls, **kwargs):
        """Make methods such as ``set_fit_request``."""
        super().__init_subclass__(**kwargs)
        for name, method in list(vars(cls).items()):
            if isinstance(method, RequestMethod):
                setattr(cls, name, _BriefRequestMethod(method.name, method.keys, method.validate_keys))


class _BriefRequestMethod(RequestMethod):
    def __get__(self, instance, owner):
        method = super().__get__(instance, owner)
        method.__doc__ = f'Request metadata for `{self.name}`: see "Metadata Routing" in scikit-learn\'s user guide.'
        return method


class SequenceTransformerMixin(TransformerMixin):
    """A transformer whose output is a matrix for some X, and for others sequences or a 3-D array.

    scikit-learn puts an output into a frame exactly if ``get_feature_names_out`` is there; it also takes ``set_output``
    away if it is not, and a fitted Pipeline of such a step then refuses ``set_output``. Here it stays, and a subclass
    that names the features of sequences says in ``_output_is_2d`` whether there is a matrix to put into a frame.
    """

    _output_is_2d = True

    def __init_subclass__(cls, **kwargs):
        """Make what scikit-learn wraps depend on the instance."""
        super().__init_subclass__(**kwargs)
        keys = vars(cls).get("_sklearn_auto_wrap_output_keys", set())
        cls._sklearn_auto_wrap_output_keys = property(lambda self: keys if self._output_is_2d else set())

    def set_output(self, *, transform: str | None = None) -> Self:
        """Set the container of 2-D output. It has no effect on sequences and 3-D arrays.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Container that `transform` and `fit_transform` return. None leaves it unchanged.

        Returns
        -------
        self : estimator instance
            The transformer.
        """
        if transform is not None:
            self._sklearn_output_config = {**getattr(self, "_sklearn_output_config", {}), "transform": transform}
        return self
