"""What is known of the time steps after the end of series: looked up by series and time."""

from __future__ import annotations

import numpy as np

from .frames import shown
from .panels import check_order, panel_of
from .warnings import warn_of_data

LISTED = 10
"""Stamps that a message lists."""


def known_values(known_future, panel, positions, stamps, horizon, missing):
    """Values of some features in the `horizon` steps after the end of each series, (N, horizon, k).

    Parameters
    ----------
    known_future : as `series` of `last_windows`
    panel : Panel
        The series.
    positions : list of int
        The features.
    stamps : ndarray of shape (N, horizon)
        The times of these steps; None if series have no times.
    missing : {"error", "keep"}
        Whether NaN is an error.
    """
    origin = panel.origin
    roles = {}
    if panel.names:
        roles["columns"] = [panel.names[position] for position in positions]
    if origin.by:
        roles["by"] = list(origin.by)
    if origin.table is not None and origin.time in origin.table.names:
        roles["time"] = origin.time
    # What is looked up is checked: further rows may be of what nobody knows yet.
    future = panel_of(known_future, "known_future", missing="keep", **roles)
    if future.ragged.n_features != len(positions):
        raise ValueError(
            f"Expected known_future to have {len(positions)} features, those of known, got {future.ragged.n_features}."
        )
    if stamps is None:
        found = _by_position(future, panel, horizon)
    else:
        found = _by_time(future, panel, stamps, horizon)
    if missing == "error":
        _refuse_missing(found, panel, positions, stamps)
    else:
        _warn_of_unknown(found, panel, positions)
    return found


def _warn_of_unknown(found, panel, positions):
    """Warn of a feature that has no value in the future of any series."""
    unknown = np.isnan(found).all(axis=(0, 1))
    if found.size and unknown.any():
        position = positions[unknown.argmax()]
        name = shown(panel.names[position]) if panel.names else position
        warn_of_data(
            f"known_future has NaN at all steps of feature {name}, so nothing of it is known ahead. Fill it, or leave "
            "it out of known."
        )


def _refuse_missing(found, panel, positions, stamps):
    missing = np.isnan(found)
    if not missing.any():
        return
    j, step, k = np.argwhere(missing)[0].tolist()
    when = f"step {step}"
    if stamps is not None:
        when += f", {panel.stamps.shown(stamps[j, step])}"
    name = shown(panel.names[positions[k]]) if panel.names else positions[k]
    raise ValueError(
        f"Input known_future contains NaN in sequence {shown(panel.keys[j])}, {when}, feature {name}. Fill it first."
    )


def _by_time(future, panel, stamps, horizon):
    """Values of series with times, whose rows are found by these."""
    if future.stamps is None or future.stamps.kind != panel.stamps.kind:
        found = "none" if future.stamps is None else future.stamps.described()
        raise ValueError(f"Expected known_future to have times as series has, {panel.stamps.described()}, got {found}.")
    check_order(future, "known_future")
    rows = _rows_of(future, panel, stamps)
    if (rows < 0).any():
        raise ValueError(_list_of_missing(rows < 0, panel, stamps, horizon))
    return future.ragged.values[rows]


def _series_of(future, panel):
    """Number in `panel` of each series of `future`; -1 for one that is not there."""
    number_of = {_entry(key): j for j, key in enumerate(panel.keys)}
    return np.array([number_of.get(_entry(key), -1) for key in future.keys], np.int64)


def _entry(key):
    return key.item() if isinstance(key, np.generic) and key.dtype.kind not in "mM" else key


def _by_position(future, panel, horizon):
    """Values of series without times, whose rows follow the end of the series."""
    numbers = _series_of(future, panel)
    lengths = np.zeros(len(panel.keys), np.int64)
    lengths[numbers[numbers >= 0]] = future.ragged.lengths[numbers >= 0]
    wrong = lengths != horizon
    if wrong.any():
        j = int(wrong.argmax())
        raise ValueError(
            f"Expected known_future to have {horizon} rows, horizon={horizon}, after the end of each series, as these "
            f"have no times, got {lengths[j]} for sequence {shown(panel.keys[j])}."
        )
    found = np.empty((len(panel.keys), horizon, future.ragged.n_features), future.ragged.dtype)
    for number, values in zip(numbers.tolist(), future.ragged, strict=True):
        if number >= 0:
            found[number] = values
    return found


def _rows_of(future, panel, stamps):
    """(N, horizon): the row of `future` with the series and the stamp of each step; -1 if there is none."""
    n_known = len(future.stamps.values)
    times = np.concatenate([future.stamps.values, stamps.ravel()])  # in one unit
    distinct, codes = np.unique(times, return_inverse=True)
    of_known = np.repeat(_series_of(future, panel), future.ragged.lengths) * len(distinct) + codes[:n_known]
    wanted = np.repeat(np.arange(len(stamps)), stamps.shape[1]) * len(distinct) + codes[n_known:]
    order = np.argsort(of_known, kind="stable")
    places = np.minimum(np.searchsorted(of_known[order], wanted), n_known - 1)
    rows = order[places]
    return np.where(of_known[rows] == wanted, rows, -1).reshape(stamps.shape)


def _list_of_missing(missing, panel, stamps, horizon):
    n_missing = int(missing.sum())
    words = []
    n_listed = 0
    for j in np.flatnonzero(missing.any(axis=1)).tolist():
        times = [panel.stamps.shown(stamp) for stamp in stamps[j][missing[j]][: LISTED - n_listed]]
        n_listed += len(times)
        if times:
            words.append(f"sequence {shown(panel.keys[j])} at {', '.join(times)}")
    more = f"; and {n_missing - n_listed} more" if n_missing > n_listed else ""
    firsts = stamps[:, 0]
    hint = ""
    if (firsts[missing.any(axis=1)] < firsts.max()).any():
        hint = (
            " Some of these series end before others. Leave out those that have ended for good; to forecast the others "
            "from one time on, give them a row at that time, with NaN where nothing is known."
        )
    return (
        f"Expected known_future to have a row for each of the {horizon} time steps after the end of each series, got "
        f"none for {'; '.join(words)}{more}.{hint}"
    )
