"""Labels of windows from labels of time steps, and back by vote."""

from __future__ import annotations

import numpy as np

from .arrays import is_missing, plain
from .containers import object_array
from .frames import shown
from .labels import classes_of, codes_of

RULES = ("last", "majority", "any")


def labels_of_steps(labels, panel):
    """The labels of all steps end to end, (S,), from an array of them, or one for each series."""
    origin = panel.origin
    lengths = panel.ragged.lengths
    if panel.labels is not None:
        flat = panel.labels
    elif origin.is_one or origin.rows is not None:
        flat = _array(labels)
        if flat.shape != (lengths.sum(),):
            raise ValueError(
                f"Expected labels to have one label for each of the {lengths.sum()} time steps, got shape {flat.shape}."
            )
    else:
        flat = _of_several(labels, panel)
    if panel.labels is None and origin.order is not None:
        flat = flat[origin.order]
    _refuse_missing(flat, panel)
    return flat


def _array(labels):
    if hasattr(labels, "to_numpy"):
        return labels.to_numpy()
    return plain(labels)


def _of_several(labels, panel):
    lengths = panel.ragged.lengths.tolist()
    if not hasattr(labels, "__len__") or isinstance(labels, str) or len(labels) != len(lengths):
        found = f"{len(labels)} entries" if hasattr(labels, "__len__") else type(labels).__name__
        raise ValueError(
            f"Expected labels to have an array of labels for each of the {len(lengths)} series, got {found}."
        )
    arrays = [_array(of_one) for of_one in labels]
    for j, (array, length) in enumerate(zip(arrays, lengths, strict=True)):
        if array.shape != (length,):
            raise ValueError(
                f"Expected labels to have {length} labels for sequence {shown(panel.keys[j])}, one for each step, got "
                f"shape {array.shape}."
            )
    kinds = {array.dtype.kind for array in arrays}
    if len(kinds - set("iub")) > 1:
        arrays = [array.astype(object) for array in arrays]
    return np.concatenate(arrays)


def _refuse_missing(flat, panel):
    if flat.dtype.kind == "f":
        missing = np.isnan(flat)
    elif flat.dtype == object:
        missing = np.fromiter(map(is_missing, flat.tolist()), bool, len(flat))
    else:
        return
    if missing.any():
        row = int(missing.argmax())
        j = int(np.searchsorted(panel.ragged.offsets, row, side="right")) - 1
        raise ValueError(
            f"Expected a label at each step, got {shown(flat[row])} in {panel.at(row)}, step "
            f"{row - panel.ragged.offsets[j]}. Leave such steps out, or give them a label of their own."
        )


def labels_of_windows(flat, starts, window, rule):
    """The label of each window, by a rule of `RULES`, in the dtype of `flat`, the labels of all steps."""
    if rule == "last":
        return flat[starts + window - 1]
    classes = classes_of(flat)
    if rule == "any":
        return _any(flat, classes, starts, window)
    codes = codes_in(flat, classes)
    best = np.zeros(len(starts), np.int64)
    most = np.zeros(len(starts), np.int64)
    for code in range(len(classes)):  # in ascending order: of equally frequent labels the first stays
        count = _count(codes == code, starts, window)
        is_more = count > most
        best[is_more] = code
        most[is_more] = count[is_more]
    return classes[best]


def _any(flat, classes, starts, window):
    if flat.dtype.kind not in "biuf" or not set(classes.tolist()) <= {0, 1}:
        raise ValueError(
            "Expected labels to be booleans, or 0 and 1, with label_rule='any', got "
            f"{', '.join(shown(label) for label in classes[:5])}. Say which label counts, such as "
            f"labels=np.equal(labels, {shown(classes[-1])})."
        )
    return (_count(flat != 0, starts, window) > 0).astype(flat.dtype)


def _count(is_true, starts, window):
    """How many of the steps of each window are true."""
    total = np.concatenate([[0], np.cumsum(is_true)])
    return total[starts + window] - total[starts]


def codes_in(labels, classes):
    """The index of each label in `classes`, all of which are there."""
    if labels.dtype != object:
        return np.searchsorted(classes, labels)
    return codes_of(labels, classes)


def vote(predictions, starts, window, n_steps):
    """The label of each step by the windows that hold it: the commonest, of equally common ones that of the latest.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
    codes : ndarray of shape (n_steps,)
        Index of the label in `classes`; -1 for a step in no window.
    """
    classes = classes_of(predictions)
    codes = codes_in(predictions, classes)
    best = np.full(n_steps, -1)
    most = np.zeros(n_steps, np.int64)
    latest = np.full(n_steps, -1)
    for code in range(len(classes)):
        own = starts[codes == code]
        change = np.bincount(own, minlength=n_steps + 1) - np.bincount(own + window, minlength=n_steps + 1)
        count = np.cumsum(change)[:n_steps]
        last = np.full(n_steps, -1)
        last[own] = own
        last = np.maximum.accumulate(last)
        wins = (count > most) | ((count == most) & (count > 0) & (last > latest))
        best[wins] = code
        most[wins] = count[wins]
        latest[wins] = last[wins]
    return classes, best


def nearest_code(codes, offsets, describe):
    """Codes of steps in which -1 is replaced by the code of the nearest step of the same series that has one."""
    codes = codes.copy()
    for j, (start, stop) in enumerate(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)):
        own = codes[start:stop]
        known = np.flatnonzero(own >= 0)
        if len(known) == len(own):
            continue
        if not len(known):
            raise ValueError(
                f"Expected a window in each series, got none in sequence {describe(j)}. Say which label its steps get, "
                "such as fill='unknown' or fill=-1."
            )
        unknown = np.flatnonzero(own < 0)
        after = np.minimum(np.searchsorted(known, unknown), len(known) - 1)
        before = np.maximum(after - 1, 0)
        is_before = np.abs(unknown - known[before]) <= np.abs(known[after] - unknown)
        own[unknown] = own[np.where(is_before, known[before], known[after])]
    return codes


def with_fill(classes, codes, fill):
    """The labels with these codes; `fill` for -1. The dtype does not depend on whether there is any."""
    kinds = {classes.dtype.kind, np.asarray(fill).dtype.kind}
    are_alike = len(kinds) == 1 or kinds <= set("biuf")
    if are_alike and classes.dtype != object:
        table = np.concatenate([classes, [fill]])
    else:
        table = object_array([*classes.tolist(), fill])
    return table[codes]
