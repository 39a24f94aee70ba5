"""Warnings that name the line of the user's that called this package."""

from __future__ import annotations

import sys
import warnings

INNER = ("sklearn_recurrent", "sklearn", "joblib", "contextlib")
"""Packages between a call and the line of the user's that made it."""


class SequenceDataWarning(UserWarning):
    """Warning of data that looks like a likely mistake, and is read as it came.

    The message says what was found, the line that mends it, and the line that silences the warning.

    See Also
    --------
    LSTMClassifier : Its `fit` warns in this category.

    Examples
    --------
    Where the data is right as it is:

    >>> import warnings
    >>> from sklearn_recurrent import SequenceDataWarning
    >>> warnings.simplefilter("ignore", SequenceDataWarning)
    """


def warn_user(message, category=UserWarning):
    """Warn, with the place where this package was called from, also if scikit-learn called it."""
    frame = sys._getframe(1)
    stacklevel = 2  # that of `frame`, as `warnings` counts
    while frame.f_back is not None and _is_inner(frame):
        frame = frame.f_back
        stacklevel += 1
    warnings.warn(message, category, stacklevel=stacklevel)


def _is_inner(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0] in INNER


SILENCE = "To silence this warning: warnings.simplefilter('ignore', sklearn_recurrent.SequenceDataWarning)."
"""How every `SequenceDataWarning` ends."""


def warn_of_data(message):
    """Warn that data looks like a mistake; how to silence the warning is added."""
    warn_user(f"{message} {SILENCE}", SequenceDataWarning)
