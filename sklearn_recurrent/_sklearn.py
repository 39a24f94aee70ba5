"""Every private or version-dependent name of scikit-learn, for scikit-learn 1.6 to 1.9."""

from __future__ import annotations

from inspect import unwrap
from types import FunctionType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import sklearn
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.metrics._scorer import _BaseScorer
from sklearn.utils._available_if import _AvailableIfDescriptor
from sklearn.utils._metadata_requests import RequestMethod
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._set_output import _get_output_config, _wrap_method_output
from sklearn.utils.fixes import parse_version
from sklearn.utils.validation import _check_feature_names_in, _check_sample_weight, validate_data

if TYPE_CHECKING:  # scikit-learn's decorators have no annotations: editors would lose signature and documentation
    from collections.abc import Callable

    Method = TypeVar("Method", bound=Callable[..., Any])

    def _fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]: ...

    def available_if(check: Callable[..., Any]) -> Callable[[Method], Method]: ...

    def in_container(transform: Method) -> Method: ...

    def with_callbacks(method: Method) -> Method: ...

    class CallbackSupportMixin:
        def set_callbacks(self, *callbacks: object) -> Self: ...

else:
    from sklearn.base import _fit_context

    def available_if(check):
        """A method that is there if ``check(self)`` is true; `check` may raise an AttributeError with the reason."""
        return lambda method: _AvailableWithReason(method, check, attribute_name=method.__name__)

    def in_container(transform):
        """The method `transform`, whose result is in the container that `set_output` and the global setting ask for.

        scikit-learn does this by itself where a class that inherits TransformerMixin defines the method, but it takes
        `available_if` away there.
        """
        return _wrap_method_output(transform, "transform")

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
    "SplitterConstraint",
    "StrOptions",
    "_BaseScorer",
    "_check_feature_names_in",
    "_check_sample_weight",
    "_fit_context",
    "_get_output_config",
    "available_if",
    "brief",
    "check_columns",
    "copied",
    "fit_context",
    "in_container",
    "link_to_site",
    "with_callbacks",
]

SITE = None
"""Address of the site, such as "https://…/stable". As long as it is None, notebooks draw no link to a reference."""

CALLBACK_FRAMES = int(hasattr(CallbackSupportMixin, "set_callbacks"))
"""Frames that `with_callbacks` puts around a method."""


def link_to_site(cls, site=SITE):
    """Let the diagram of an estimator in a notebook link to its page of the reference."""
    if site is not None and hasattr(cls, "_get_doc_link"):
        cls._doc_link_module = cls.__module__
        cls._doc_link_template = site + "/generated/{estimator_module}.{estimator_name}.html"


def fit_context(estimator, n_epochs):
    """The root of the tasks that callbacks are called at, one for each epoch; None where there are no callbacks."""
    return estimator._init_callback_context(max_subtasks=n_epochs) if CALLBACK_FRAMES else None


def check_columns(estimator, X, *, reset):
    """Store number and names of the columns of `X` on an estimator, or compare them with those that it has."""
    if not KNOWS_ALL_FRAMES and hasattr(X, "get_columns") and not hasattr(X, "__dataframe__"):
        X = _ColumnNames(X)
    validate_data(estimator, X, reset=reset, skip_check_array=True)


SKLEARN_VERSION = sklearn.__version__

KNOWS_ALL_FRAMES = parse_version(SKLEARN_VERSION) >= parse_version("1.9")
"""Before, scikit-learn read names by the interchange protocol, which polars no longer has from its version 2 on."""


class _ColumnNames:
    """A frame of polars, of which scikit-learn sees shape and names."""

    def __init__(self, frame):
        self.shape = frame.shape
        self._names = frame.columns

    def __dataframe__(self):
        return self

    def column_names(self):
        return self._names


class SplitterConstraint(HasMethods):
    """A parameter that is a splitter. Strings and classes have a method `split`, too, and are none."""

    def __init__(self):
        super().__init__(["split"])

    def is_satisfied_by(self, val):
        return super().is_satisfied_by(val) and not isinstance(val, str | bytes | bytearray | type)

    def __str__(self):
        return "a splitter such as TimeSeriesSplit(5), for a fraction see validation_fraction,"


class _AvailableWithReason(_AvailableIfDescriptor):
    """As in scikit-learn, but the AttributeError tells the reason, which scikit-learn has in its cause alone."""

    def _check(self, obj, owner):
        try:
            super()._check(obj, owner)
        except AttributeError as error:
            reason = error.__cause__
            if not isinstance(reason, AttributeError):
                raise
            raise AttributeError(f"{error}. {reason}") from reason


def copied(function):
    """A function that does the same, whose name and docstring may change."""
    copy = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__annotations__ = function.__annotations__
    copy.__qualname__ = function.__qualname__
    copy.__doc__ = function.__doc__
    return copy


def brief(method, text):
    """A method of scikit-learn's with a docstring of one line: who uses it knows it from there."""
    method = copied(unwrap(method))
    method.__doc__ = text
    return method


class BriefRequests:
    """Makes the docstrings short of what every estimator of scikit-learn has.

    scikit-learn writes ``set_fit_request`` and its like for each class, with the same forty lines of documentation for
    each of them.
    """

    if TYPE_CHECKING:  # editors do not see what is written when a class is made

        def set_fit_request(self, **requests: bool | str | None) -> Self: ...

        def set_partial_fit_request(self, **requests: bool | str | None) -> Self: ...

        def set_predict_request(self, **requests: bool | str | None) -> Self: ...

        def set_score_request(self, **requests: bool | str | None) -> Self: ...

    else:
        get_params = brief(BaseEstimator.get_params, "Return the parameters by name.")
        set_params = brief(BaseEstimator.set_params, "Set parameters by name.")
        get_metadata_routing = brief(
            BaseEstimator.get_metadata_routing,
            'Return the requested metadata: see "Metadata Routing" in scikit-learn\'s user guide.',
        )
        if CALLBACK_FRAMES:
            set_callbacks = brief(CallbackSupportMixin.set_callbacks, "Set callbacks, called at each epoch.")

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
