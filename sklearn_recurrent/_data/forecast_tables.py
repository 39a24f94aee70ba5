"""Predictions of windows as a long table, with one row per series and time."""

from __future__ import annotations

from importlib.util import find_spec
from numbers import Real

import numpy as np

from .arrays import plain

PREDICTION = "prediction"
CUTOFF = "cutoff"
SERIES = "series"
TIME = "time"


def as_steps(predictions, n, window, horizon, target_shape, levels, is_per_step):
    """Predictions of `n` windows in one shape.

    Parameters
    ----------
    predictions : array-like
        Of shape (n, horizon), with the axes of targets and quantiles after it that there are; for a horizon of 1 also
        without that of time; with targets flattened, (n, horizon * k); or with the steps of the window before those of
        the horizon, from a network with an output per step.
    target_shape : tuple
        (k,) if targets have an axis, else ().
    levels : list or None
        The levels of the quantiles, None if these have no axis.
    is_per_step : bool
        Whether a network can have an output for each step of the horizon.

    Returns
    -------
    predictions : ndarray of shape (n, horizon, k * n_quantiles)
    """
    found = _array(predictions)
    if not found.ndim or len(found) != n:
        raise ValueError(
            f"Expected predictions of the {n} windows, got shape {found.shape}. For predictions of some of them pass "
            "their numbers as rows."
        )
    axes = target_shape if levels is None else (*target_shape, len(levels))
    shape = found.shape[1:]
    if is_per_step and shape == (window + horizon, *axes):
        found = found[:, window:]
    elif shape != (horizon, *axes):
        is_flat = levels is None and shape == (horizon * int(np.prod(target_shape)),)
        is_without_time = horizon == 1 and shape == axes
        if not is_flat and not is_without_time:
            raise ValueError(_refusal(found, n, (horizon, *axes), levels))
    return found.reshape(n, horizon, int(np.prod(axes)))


def _refusal(found, n, expected, levels):
    shape = found.shape[1:]
    if levels is None and (shape[:-1] == expected or (expected[0] == 1 and shape[:-1] == expected[1:])):
        return (
            f"Expected quantile, the levels of the {shape[-1]} quantiles in the last axis of predictions, got None. "
            "Pass quantile=model.quantile."
        )
    words = ", ".join(map(str, (n, *expected)))
    return f"Expected predictions of shape ({words}), got {found.shape}."


def _array(predictions):
    """An array; arrays of equal length in an object array become one."""
    if not isinstance(predictions, list):
        predictions = plain(predictions)
    if isinstance(predictions, list) or predictions.dtype == object:
        predictions = np.stack([np.asarray(of_one) for of_one in predictions])
    return predictions


def levels_of(quantile):
    """The levels of quantiles that have an axis; None for a single one, or none."""
    if quantile is None or isinstance(quantile, Real):
        return None
    return list(quantile)


def names_of_predictions(targets, levels):
    """The names of the columns: of all quantiles of a target, and then of the next.

    targets : names of targets; None if they have no axis
    levels : as in `as_steps`
    """
    names = [PREDICTION]
    if targets is not None:
        names = [f"{PREDICTION}_{target}" for target in targets]
    if levels is None:
        return names
    return [f"{name}_{level:g}" for name in names for level in levels]


def table_of(columns, stamps, library):
    """A frame of polars if the series came from one, as `library` says, else of pandas.

    Parameters
    ----------
    columns : list of pairs
        Name and values of each column, of which some may be times.
    stamps : Stamps or None
        The kind of the times: values of these are a tuple with one entry.
    """
    names = [name for name, _ in columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"Expected no series, time or target with the name {twice!r}, which another column has.")
    if library == "polars":
        return _frame_of_polars(columns, stamps)
    if find_spec("pandas") is None:
        raise ImportError("to_frame needs pandas, or series in a frame of polars.")
    import pandas

    columns = [(name, stamps.as_index(x[0]) if isinstance(x, tuple) else x) for name, x in columns]
    return pandas.DataFrame({name: pandas.Series(values).reset_index(drop=True) for name, values in columns})


def _frame_of_polars(columns, stamps):
    import polars

    found = []
    for name, values in columns:
        if isinstance(values, tuple):
            found.append(stamps.as_polars(values[0], str(name)))
        elif values.dtype == object:
            found.append(polars.Series(str(name), values.tolist()))
        else:
            found.append(polars.Series(str(name), values))
    return polars.DataFrame(found)
