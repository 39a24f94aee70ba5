"""Likely mistakes that data alone shows: targets that X itself holds, windows that overlap, and a validation set of
another kind than X.

All is judged by a sample: some of the sequences, evenly taken, and some of their steps. Each function returns what it
has found, in words for a warning, or None.
"""

from __future__ import annotations

import numpy as np

HORIZONS = (1, 2, 3)
"""By how many steps y may be X moved."""
PAST = (0, -1, -2, -3)
"""Steps that a network with one direction knows, counted from the step of a prediction."""
SAMPLE = 1 << 18
"""About how many numbers of X are looked at, in 512 to 4096 steps."""
ENOUGH = 30
"""Steps that tell something; with fewer there is no warning."""
N_PAIRS = 64
"""Neighboring sequences that are compared."""
MOST = 32
"""Features that are compared with labels one by one."""
NEARLY_ALL = 0.95
EXACT = 1e-9
"""Share of its variance by which a number may miss another one and be the same, in another unit."""
FAR = 5
"""Standard deviations between the means of a feature."""
OTHER_SCALE = 10
"""Factor between the spreads of a feature."""
SEVERAL = 10
"""Sequences whose spread can be compared with that of others: a single one may be calmer than all together."""


# --- features that are not known ahead, in the steps to predict ------------------------------------------------------


def unknown_ahead(past, future):
    """(F,): whether a feature is 0 in the future alone, as windows hold what is not known ahead.

    past (S, F), future (S', F) : steps before those to predict, and these
    """
    is_there = (past != 0) & ~np.isnan(past)
    return (future == 0).all(axis=0) & (2 * is_there.sum(axis=0) > len(past))


# --- windows that overlap ---------------------------------------------------------------------------------------------


def overlap(X):
    """By how many steps each sequence is the one before it, moved, as in windows of a series; None if it is not.

    X : sequences, in the order in which they came
    """
    lengths = X.lengths
    if len(X) < ENOUGH or np.ptp(lengths) or lengths[0] < 4:
        return None
    first = np.unique(np.linspace(0, len(X) - 2, N_PAIRS).astype(int))
    shifts = [_shift(X.excerpt(row, slice(None)), X.excerpt(row + 1, slice(None))) for row in first]
    found, counts = np.unique([shift for shift in shifts if shift is not None], return_counts=True)
    # Where one series ends and the next one begins there is none, and equal steps are moved by any number.
    if not len(found) or 4 * counts.max() < 3 * len(shifts):
        return None
    return int(found[counts.argmax()])


def _shift(x, later):
    """The smallest shift by at most half of x (T, F) that gives the first half of `later`; None if there is none."""
    half = len(x) // 2
    start = later[:half]
    if (start == start[0]).all():
        return None
    for shift in range(1, half + 1):
        if np.array_equal(x[shift : shift + half], start, equal_nan=start.dtype.kind == "f"):
            return shift
    return None


# --- y that is X, some steps later ------------------------------------------------------------------------------------


def lookahead(X, y, weight, codes=None):
    """Tell of which values of X the targets of all steps are copies, moved by one to three steps.

    X : sequences
    y (S,) or (S, K) : labels or numbers, a row for each step
    weight (S,) : of each row; what weighs 0 may be anything
    codes (S,) : whole numbers in the place of labels, whose names need not be those in X; None for numbers
    """
    sample = _StepSample(X, y.reshape(len(y), -1), weight, codes)
    for h in HORIZONS:
        feature = None
        if y.dtype.kind in "biuf":
            feature = _copied_number(sample, h)
        if feature is None and codes is not None:
            feature = _copied_label(sample, h)
        if feature is not None:
            what = "the token of X" if X.dtype.kind in "iu" else feature
            return f"{what} at step t + {h}"
    return None


class _StepSample:
    """Steps of some sequences from their beginnings on.

    x (n, F), y (n, K), codes (n,) : values of X, targets, and codes of labels or None
    position, lengths (n,) : which step of its sequence each one is, of how many
    scored (n,) : whether its target counts
    which (n,) : the position of the 1, if each row of x has a single one and zeros; else None
    """

    def __init__(self, X, y, weight, codes):
        rows, n_steps = _sampled(np.flatnonzero(X.lengths > 1), X.n_features)
        lengths = np.minimum(X.lengths[rows], n_steps)
        first = X.offsets[rows]
        self.lengths = np.repeat(lengths, lengths)
        self.position = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        at = np.repeat(first, lengths) + self.position
        pieces = [X.excerpt(row, slice(length)) for row, length in zip(rows.tolist(), lengths.tolist(), strict=True)]
        self.x = np.concatenate(pieces) if pieces else np.empty((0, X.n_features))
        self.y = y[at]
        self.codes = None if codes is None else codes[at]
        self.scored = weight[at] > 0
        one_hot = np.isin(self.x, (0, 1)).all() and (self.x.sum(axis=1) == 1).all()
        self.which = self.x.argmax(axis=1) if one_hot and X.n_features > 1 else None

    def pairs(self, shift, beside=0):
        """Steps t that have a target, and step t + `shift` of the same sequence, which exists as t + `beside` does."""
        exists = self.scored.copy()
        for s in (shift, beside):
            exists &= (self.position + s >= 0) & (self.position + s < self.lengths)
        t = np.flatnonzero(exists)
        return t, t + shift


def _sampled(rows, n_features):
    """Some of the `rows`, evenly from the first to the last, and how many steps to look at in each."""
    n_steps = min(max(SAMPLE // n_features, 1 << 9), 1 << 12)
    n_rows = n_steps // 16
    if len(rows) > n_rows:
        rows = rows[np.linspace(0, len(rows) - 1, n_rows).astype(int)]
    return rows, n_steps // max(1, len(rows))


def _copied_label(sample, h):
    """The column of X whose value at t + h is the label at t, or another name of it, in words; or None."""
    t, later = sample.pairs(h)
    if len(t) < ENOUGH:
        return None
    y = sample.codes
    columns = list(_discrete_columns(sample, later, y[t]))
    for name, column in columns:
        repeated = _is_repeated(column[later])
        telling = repeated & (column[later] != column[t])
        if telling.sum() < ENOUGH:
            continue
        told = _told(column[later], y[t])
        if min(told[repeated].mean(), told[telling].mean()) < NEARLY_ALL:
            continue
        if not any(_is_told_by_the_past(sample, other, y, t[telling]) for _, other in columns):
            return name
    return None


def _is_told_by_the_past(sample, column, y, steps):
    """Whether a column tells the labels at `steps` by what a network with one direction has seen there."""
    for shift in PAST:
        t, before = sample.pairs(shift)
        at = np.isin(t, steps)
        if at.any() and _told(column[before], y[t])[at].mean() >= NEARLY_ALL:
            return True
    return False


def _discrete_columns(sample, later, y):
    """(name, codes) of columns of X that have about as many values as there are labels."""
    if sample.which is not None:
        yield "the position of the 1 in X", sample.which
    n_labels = len(np.unique(y))
    few = np.flatnonzero(_alike(_n_values(sample.x[:500]), n_labels, at_most=True))
    few = few[_alike(_n_values(sample.x[:, few]), n_labels)]
    # Among many, such as the pixels of an image, those first that say most of the label.
    order = np.argsort(_missed(sample.x[later][:, few], y[:, None])[:, 0])
    for j in few[order[:MOST]].tolist():
        yield f"feature {j} of X", np.unique(sample.x[:, j], return_inverse=True)[1]


def _n_values(x):
    """(F,): how many different values each feature has."""
    ordered = np.sort(x, axis=0)
    return 1 + (ordered[1:] != ordered[:-1]).sum(axis=0)


def _alike(n_values, n_labels, *, at_most=False):
    """Whether a feature of so many values may be the labels by another name, but for a few that are rare."""
    alike = n_values <= 1.5 * n_labels + 2
    return alike if at_most else alike & (n_values > 1) & (n_labels <= 1.5 * n_values + 2)


def _told(x, y):
    """(n,): whether the value comes with this label more often than with all others, and the label with the value."""
    n_labels = y.max() + 1
    pairs, inverse, counts = np.unique(x * n_labels + y, return_inverse=True, return_counts=True)
    values, labels = np.divmod(pairs, n_labels)
    told = (2 * counts > np.bincount(x)[values]) & (2 * counts > np.bincount(y)[labels])
    return told[inverse]


def _is_repeated(codes):
    """Of a value that comes once or twice, nothing can be told from what it comes with."""
    return np.bincount(codes)[codes] > 2


def _copied_number(sample, h):
    """The feature of X whose value at t + h is one of the numbers at t, in whatever unit, in words; or None."""
    t, later = sample.pairs(h)
    if len(t) < ENOUGH:
        return None
    missed = _missed(sample.x[later], sample.y[t])
    known = np.full(sample.y.shape[1], np.inf)
    for shift in PAST:
        now, before = sample.pairs(shift, beside=h)
        if len(now):
            known = np.minimum(known, _missed(sample.x[before], sample.y[now]).min(axis=0))
    copied = (missed <= EXACT) & (known > 1000 * EXACT)
    if copied.any():
        return f"feature {copied.any(axis=1).argmax()} of X"
    return _nearly_equal(sample, t, later, missed)


def _missed(x, y):
    """(F, K): the share of the variance of each number that a linear function of each feature misses."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        x = x - x.mean(axis=0, dtype=np.float64)
        y = y - y.mean(axis=0, dtype=np.float64)
        r = (x.T @ y) / np.sqrt((x**2).sum(axis=0)[:, None] * (y**2).sum(axis=0))
    return np.nan_to_num(1 - r**2, nan=1.0, posinf=1.0, neginf=1.0)  # NaN: one of the two is constant


def _nearly_equal(sample, t, later, missed):
    """The feature that has the very numbers of y, but for a few steps, in words; or None."""
    for k, j in enumerate(missed.argmin(axis=0)):
        changes = ~np.isclose(sample.x[later, j], sample.x[t, j])
        if changes.sum() < ENOUGH:
            continue
        if np.isclose(sample.x[later, j], sample.y[t, k])[changes].mean() < NEARLY_ALL:
            continue
        if not any(_is_equal_before(sample, k, t[changes], shift) for shift in PAST):
            return f"feature {j} of X"
    return None


def _is_equal_before(sample, k, steps, shift):
    """Whether some feature had nearly all numbers of column `k` of y at `steps` already at t + `shift`."""
    t, before = sample.pairs(shift)
    at = np.isin(t, steps)
    equal = np.isclose(sample.x[before[at]], sample.y[t[at], k, None])
    return len(equal) > 0 and equal.mean(axis=0).max() >= NEARLY_ALL


# --- a validation set of another kind ---------------------------------------------------------------------------------


def unlike(X, X_val, ids=False):
    """Tell in which feature sequences to validate on lie far from those to train on; `ids` (F,) are no quantities.

    A few values that are rare may move a mean, and a spread, as far as any: most values must lie there.
    """
    found = _far_feature(_values_of_some(X), _values_of_some(X_val), len(X), len(X_val), ids)
    return None if found is None else f"feature {found}"


def unlike_static(static, static_val):
    """The same of static values (n, k). Those that are 0 or 1 on both sides are no quantities."""
    ids = np.isin(np.concatenate([static, static_val]), (0, 1)).all(axis=0)
    found = _far_feature(static, static_val, len(static), len(static_val), ids)
    return None if found is None else f"static value {found}"


def _far_feature(values, others, n_sequences, n_others, ids):
    """The number of a feature of `others` that lies far from that of `values` (S, F), in words; None if none does.

    n_sequences, n_others : of how many sequences these are
    """
    if n_sequences < SEVERAL:
        return None
    several = n_others >= SEVERAL
    if np.isnan(values).any() or np.isnan(others).any():
        pairs = [(_present(values, j), _present(others, j)) for j in range(values.shape[1])]
        far = np.array([_is_far(*pair, several)[0] for pair in pairs])
    else:
        far = _is_far(values, others, several)
    far &= ~np.asarray(ids)
    if not far.any():
        return None
    j = int(far.argmax())
    value = _present(values, j)
    other = _present(others, j)
    return (
        f"{j} has mean {other.mean():.3g} and standard deviation {other.std():.3g} in X_val, "
        f"but {value.mean():.3g} and {value.std():.3g} in X"
    )


def _present(values, j):
    """(n, 1): the values of feature `j` that are not NaN."""
    return values[~np.isnan(values[:, j]), j, None]


def _is_far(values, others, several):
    """(F,): whether most of the `others` lie far from the values; `several`: whether they are of many sequences."""
    if not len(values) or len(others) < SEVERAL:
        return np.zeros(values.shape[1], bool)
    mean = values.mean(axis=0)
    spread = values.std(axis=0)
    varies = spread > 1e-6 * np.abs(mean)  # not by rounding alone
    if not several:
        varies &= np.ptp(others, axis=0) > 0  # else a value of few sequences, which may be rare
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        far = np.abs(others.mean(axis=0) - mean) > FAR * spread
        far &= (np.abs(others - mean) > FAR * spread).mean(axis=0) > 0.5
        ratios = np.stack([others.std(axis=0) / spread, _middle_half(others) / _middle_half(values)])
    ratios = np.where(np.isfinite(ratios) & (ratios > 0), ratios, 1)
    if several:
        far |= (ratios > OTHER_SCALE).all(axis=0) | (ratios < 1 / OTHER_SCALE).all(axis=0)
    return far & varies


def _values_of_some(X):
    """(n, F): steps of some sequences, over the whole length of each, in float64."""
    rows, n_steps = _sampled(np.arange(len(X)), X.n_features)
    strides = np.maximum(1, X.lengths[rows] // n_steps)
    pieces = [
        X.excerpt(row, slice(None, None, stride)) for row, stride in zip(rows.tolist(), strides.tolist(), strict=True)
    ]
    return np.concatenate(pieces).astype(np.float64)


def _middle_half(values):
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    return high - low


def holds_texts(X):
    """Whether X is texts, or lists of tokens that are strings."""
    for _ in range(3):  # a container, a text in it, a token in that
        if isinstance(X, str):
            return True
        if not isinstance(X, list | tuple):
            if not hasattr(X, "__array__"):
                return False
            X = np.asarray(X[:1] if getattr(X, "shape", ()) else X)  # the first row alone: a frame is converted
            if X.dtype != object:
                return X.dtype.kind in "UST"
            X = X.ravel()
        if not len(X):
            return False
        X = X[0]
    return isinstance(X, str)
