"""What a stored model tells of the versions that stored it, and a copy that holds what predictions need alone."""

from __future__ import annotations

import copy
import copyreg

from sklearn.exceptions import InconsistentVersionWarning

from .._data.warnings import warn_user
from .._sklearn import SKLEARN_VERSION
from .._version import __version__

VERSIONS = {"sklearn_recurrent": __version__, "scikit-learn": SKLEARN_VERSION}
"""Name of a package that a model depends on → the version that runs."""

STORED_BY = "_stored_by"
"""The key of the versions in what is stored. No model has such an attribute."""

FOR_DEPLOYMENT = "_for_deployment"
"""The attribute of a model whose optimizer has been left behind."""

UNKNOWN = "unknown"


class StoredVersionWarning(InconsistentVersionWarning):
    """Warning that a model was stored by another version of this package or of scikit-learn.

    It is a subclass of scikit-learn's InconsistentVersionWarning.

    Parameters
    ----------
    estimator_name : str
        The class of the model.
    stored_by : dict of str to str
        Name of a package → the version that stored the model, "unknown" if the file does not tell.
    loaded_by : dict of str to str
        Name of a package → the version that loads it.

    See Also
    --------
    LSTMClassifier : Models of which warn when they are loaded from a file.

    Examples
    --------
    To refuse such files:

    >>> import warnings
    >>> from sklearn_recurrent import StoredVersionWarning
    >>> warnings.simplefilter("error", StoredVersionWarning)
    """

    def __init__(self, *, estimator_name: str, stored_by: dict[str, str], loaded_by: dict[str, str]) -> None:
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=loaded_by["scikit-learn"],
            original_sklearn_version=stored_by.get("scikit-learn", UNKNOWN),
        )
        self.stored_by = stored_by
        self.loaded_by = loaded_by

    def __str__(self):
        differing = [
            f"{name} {self.stored_by.get(name, UNKNOWN)}, not {version}"
            for name, version in self.loaded_by.items()
            if self.stored_by.get(name, UNKNOWN) != version
        ]
        return (
            f"A {self.estimator_name} was stored by {' and '.join(differing)}, which loads it. Its predictions may be "
            "others, or fail. Load it with the versions that stored it, or fit it again."
        )

    def __reduce__(self):
        return copyreg.__newobj__, (type(self),), vars(self).copy()  # pickle passes no arguments by name


def with_versions(state):
    """What is stored of a model, and by which versions."""
    return state | {STORED_BY: VERSIONS}


def without_versions(model, state):
    """The attributes in what was stored of a model; warns if other versions stored it."""
    state = dict(state)
    stored_by = state.pop(STORED_BY, {})
    if not isinstance(stored_by, dict):
        stored_by = {}
    if stored_by != VERSIONS:
        name = type(model).__name__
        warn_user(StoredVersionWarning(estimator_name=name, stored_by=stored_by, loaded_by=VERSIONS))
    return state


def without_training(model):
    """A copy of a fitted model without what only training goes on from."""
    copied = copy.copy(model)
    attributes = vars(copied)
    attributes |= {"_optimizer_states": {}, "loss_curve_": attributes["loss_curve_"][-1:], FOR_DEPLOYMENT: True}
    for name in ("validation_loss_curve_", "validation_scores_"):
        if attributes[name] is not None:
            attributes[name] = attributes[name][-1:]
    return copied


def warn_of_new_optimizer(model):
    """Say that a model goes on without the state of its optimizer."""
    if vars(model).get(FOR_DEPLOYMENT):
        warn_user(
            "This model was made by for_deployment(), without the state of its optimizer, which starts anew. To go on "
            "where training ended, train the model that the copy was made of."
        )
