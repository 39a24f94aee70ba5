"""A training set: sequences, their targets and their weights; and its canonical order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np

from .ragged import Ragged, Sequences, offsets_of, step_numbers, steps_of

N_ULPS = 4
"""Units in the last place by which two values may differ and still be the same value, computed twice."""


OUTLIER = 1e6
"""A value that is so many times as large as all of another sequence would hide it, in a sum relative to the largest."""


def declared(per, *, in_key):
    """What a field of a `Dataset` is, for its metadata.

    per : "step", a `Sequences`; "target", an array with a row for each target; "sequence", one with a row for each
        sequence; or "offsets"
    in_key : whether sequences that differ in it are different sequences. Offsets themselves are not: a key holds the
        length of a sequence in each field.
    """
    return {"per": per, "in_key": in_key}


@dataclass(frozen=True, eq=False)
class Dataset:
    """N sequences with targets `y` and weights, a row of both for each target.

    `take`, `select` and `canonical` treat every field as it is declared here. Static values are part of X, and so are
    values that are known for the steps of y, in the last steps of X.

    offsets (N + 1,) : where the targets of each sequence lie, as in `Ragged`; None if it has one
    groups (N,) : whole numbers; those of one number stay together in a split
    held_out (N,) : 1 for sequences to validate on, 0 for those to train on; None if that is not settled
    entries (N,) : whole numbers. An entry is one sequence, or several that differ by rounding alone: they have one
        number. A split or a batch takes an entry as a whole and counts it once. None: each sequence is its own entry
    """

    X: Sequences = field(metadata=declared("step", in_key=True))
    y: np.ndarray = field(metadata=declared("target", in_key=True))
    weight: np.ndarray = field(metadata=declared("target", in_key=False))
    offsets: np.ndarray | None = field(default=None, metadata=declared("offsets", in_key=False))
    groups: np.ndarray | None = field(default=None, metadata=declared("sequence", in_key=True))
    held_out: np.ndarray | None = field(default=None, metadata=declared("sequence", in_key=True))
    entries: np.ndarray | None = field(default=None, metadata=declared("sequence", in_key=False))

    @property
    def counts(self):
        """How many targets each sequence has, (N,), or the number itself if it is one for all."""
        return 1 if self.offsets is None else np.diff(self.offsets)

    def targets(self, rows):
        """Which rows of `y` belong to the sequences `rows`, in that order."""
        return rows if self.offsets is None else steps_of(self.offsets, rows)

    def take(self, rows):
        """The sequences `rows`, in that order, in an array of their own."""
        return self._with(rows, "take")

    def select(self, rows):
        """The sequences `rows`, in that order, where they are."""
        return self._with(rows, "select")

    def _with(self, rows, method):
        targets = self.targets(rows)
        choose = {
            "step": lambda sequences: getattr(sequences, method)(rows),
            "target": lambda values: values[targets],
            "sequence": lambda values: values[rows],
            "offsets": lambda offsets: offsets_of(np.diff(offsets)[rows]),
        }
        chosen = {}
        for f in fields(self):
            value = getattr(self, f.name)
            chosen[f.name] = None if value is None else choose[f.metadata["per"]](value)
        return type(self)(**chosen)

    def _replace(self, **changes):
        return replace(self, **changes)

    def sequence_weights(self):
        """(N,): the total weight of each sequence."""
        return self.weight if self.offsets is None else np.add.reduceat(self.weight, self.offsets[:-1])

    def is_known(self):
        """Which entries of `y`, rows of numbers, are targets: those that are no NaN, in rows of some weight."""
        return ~np.isnan(self.y) & (self.weight > 0)[:, None]

    def without_weight_zero(self):
        """Without the sequences of weight 0."""
        weight = self.sequence_weights()
        return self if weight.all() else self.select(np.flatnonzero(weight))

    # --- entries ------------------------------------------------------------------------------------------------------

    @property
    def n_entries(self):
        return len(self.X) if self.entries is None else len(self._members[1]) - 1

    def members(self, entries):
        """The sequences of these entries (numbers from 0 to n_entries - 1), entry by entry."""
        if self.entries is None:
            return entries
        order, offsets = self._members
        return order[steps_of(offsets, entries)]

    def first_members(self):
        """One sequence of each entry, (n_entries,)."""
        if self.entries is None:
            return np.arange(len(self.X))
        order, offsets = self._members
        return order[offsets[:-1]]

    @cached_property
    def _members(self):
        _, counts = np.unique(self.entries, return_counts=True)
        return np.argsort(self.entries, kind="stable"), offsets_of(counts)


def canonical(dataset, codes, X=None):
    """Merge equal sequences, adding their weights, and sort the rest: weight 2 is a sequence given twice, and the order
    of the sequences is none, down to the last bit.

    Training amplifies the rounding of one sum in another order to any size, so this comes before all arithmetic.

    Sequences are equal if they are equal in every declared field of the key, and have the same length and number of
    targets; those that differ in anything are never merged. They are sorted by a fixed random projection of all these
    values. It moves by about as much as the values do, so that a training set whose values have moved in their last
    bits is drawn in the same batches. A hash of the bits decides ties alone.

    Equal sequences whose values have moved in their last bits are no longer equal, and are not merged. They become one
    entry instead, which is drawn, and counts, as the one sequence that they were.

    dataset : Dataset, all of whose sequences have some weight
    codes : their targets as numbers
    X : their values as they are told apart, such as numbers of tokens; None: as they are
    """
    keyed = dataset._replace(X=dataset.X if X is None else X, y=codes, groups=_ranks(dataset.groups))
    keys, rounding = _projections(keyed)
    order = np.argsort(keys, kind="stable")
    is_near = np.diff(keys[order]) <= rounding
    if not is_near.any():
        return dataset.select(order)

    # Only neighbors can be equal. Their hash joins equal ones exactly, whatever rounding does to their keys.
    runs = np.empty(len(order), np.intp)
    runs[order] = np.concatenate([[0], np.cumsum(~is_near)])
    has_neighbor = np.zeros(len(order), bool)
    has_neighbor[order[1:]] |= is_near
    has_neighbor[order[:-1]] |= is_near
    digests = np.zeros((len(order), 2), np.uint64)
    rows = np.flatnonzero(has_neighbor)
    digests[rows] = _digests(keyed.select(rows))
    # By weight last: the weights of equal sequences are added in one order.
    order = np.lexsort((dataset.sequence_weights(), digests[:, 1], digests[:, 0], runs))
    is_first = np.ones(len(order), bool)
    is_first[1:] = (runs[order[1:]] != runs[order[:-1]]) | (digests[order[1:]] != digests[order[:-1]]).any(axis=1)
    starts = np.flatnonzero(is_first)
    merged = _merged(dataset, order, starts)

    # Sort again, within runs by the key: two different sequences of a run must not change places by their bits.
    chosen = order[starts]
    keys = np.minimum.reduceat(keys[order], starts)
    last = np.lexsort((digests[chosen, 1], digests[chosen, 0], keys))
    is_near = np.diff(keys[last]) <= rounding
    return merged.select(last)._replace(entries=_entries(keyed.select(chosen[last]), is_near))


def _merged(dataset, order, starts):
    """The first sequences of the groups that begin at `starts` of `order`, with the weights of the whole groups."""
    merged = dataset.select(order[starts])
    weight = dataset.weight
    if dataset.offsets is None:
        return merged._replace(weight=np.add.reduceat(weight[order], starts))
    for at, group in zip(merged.offsets, np.split(order, starts[1:]), strict=False):
        if len(group) > 1:
            weights = np.sort(weight[dataset.targets(group)].reshape(len(group), -1), axis=0)
            merged.weight[at : at + weights.shape[1]] = weights.sum(axis=0)
    return merged


def _ranks(groups):
    """Numbers of groups without gaps: a key must not know of groups that are not in the training set."""
    return None if groups is None else np.unique(groups, return_inverse=True)[1]


def _key_fields(dataset):
    """Each field of the key, as sequences: `Sequences`, or `Ragged` with a row for each target or sequence."""
    for f in fields(dataset):
        values = getattr(dataset, f.name)
        if values is None or not f.metadata["in_key"]:
            continue
        if f.metadata["per"] == "step":
            yield values
            if values.static is not None:
                yield Ragged.of_rows(values.static)
            continue
        rows = values.reshape(len(values), -1)
        has_offsets = f.metadata["per"] == "target" and dataset.offsets is not None
        yield Ragged(rows, dataset.offsets) if has_offsets else Ragged.of_rows(rows)


def _projections(dataset):
    """(N,): a number for each sequence, a sum of all its values with random coefficients; and by how much that of two
    sequences may differ whose values differ by rounding.

    A value counts in parts of the largest value of its feature, so that no feature hides another. The largest value
    does not depend on the order of the sequences, nor on how often one is given. Each sum is over one sequence, in the
    order of its steps: equal sequences have equal sums, wherever they lie.
    """
    rng = np.random.default_rng(0)
    keys = 0.0
    rounding = 0.0
    for X in _key_fields(dataset):
        longest = int(X.lengths.max())
        coefficients = rng.standard_normal((longest, X.n_features))
        of_lengths = rng.standard_normal(longest).cumsum()
        sums = np.empty((len(X), X.n_features))
        with np.errstate(over="ignore", invalid="ignore"):
            largest, least = _tops(X)
            if (largest > OUTLIER * least).any():
                X = X.map(_squashed)
                largest = _squashed(largest)
            for rows, block in X.blocks():
                sums[rows] = _sums(block, coefficients)
            dtype = X.dtype if X.dtype.kind == "f" else np.dtype(np.float64)
            keys = keys + (sums / np.maximum(largest, np.finfo(dtype).tiny)).sum(axis=1) + of_lengths[X.lengths - 1]
        rounding += 2 * N_ULPS * np.finfo(dtype).eps * np.sqrt(coefficients.size)
    return np.nan_to_num(keys, nan=0.0, posinf=0.0, neginf=0.0), rounding  # of sums that overflow, the hash decides


def _sums(block, coefficients):
    """(N, F): the sum over the steps of each sequence of a `Ragged`, with a coefficient for each step and feature."""
    if block.length is None:
        products = np.multiply(block.values, coefficients[step_numbers(block)], dtype=np.float64)
    else:
        values = block.values.reshape(len(block), block.length, -1)
        products = np.multiply(values, coefficients[: block.length], dtype=np.float64)
    return np.add.reduceat(products.reshape(block.values.shape), block.offsets[:-1])


def _squashed(values):
    """Values on a logarithmic scale, in float64: beside a single huge one the others still tell sequences apart."""
    values = values.astype(np.float64)
    return np.sign(values) * np.log1p(np.abs(values))


def _tops(X):
    """(F,), (F,): of the largest absolute values of each sequence, the largest and the least but 0, by feature.

    Neither depends on how often a sequence is given.
    """
    largest = np.zeros(X.n_features)
    least = np.full(X.n_features, np.inf)
    info = np.finfo(X.dtype if X.dtype.kind == "f" else np.float64)
    zero = float(info.tiny) / float(info.eps)  # far above the numbers that 0 becomes when it moves in its last place
    for _, block in X.blocks():
        tops = np.maximum.reduceat(np.abs(block.values), block.offsets[:-1]).astype(np.float64)
        largest = np.maximum(largest, tops.max(axis=0))
        tops[tops < zero] = np.inf
        least = np.minimum(least, tops.min(axis=0))
    return largest, least


def _digests(dataset):
    """(N, 2): 128 bits for each sequence, made of its length in each field of the key, and of all its values."""
    key_fields = [X.map(_without_negative_zeros) for X in _key_fields(dataset)]
    lengths = np.stack([X.lengths for X in key_fields], axis=1)
    digests = np.empty((len(lengths), 2), np.uint64)
    for digest, shape, pieces in zip(digests, lengths, zip(*key_fields, strict=True), strict=True):
        bits = hashlib.blake2b(shape, digest_size=16)
        for piece in pieces:
            bits.update(piece)
        digest[:] = np.frombuffer(bits.digest(), np.uint64)
    return digests


def _without_negative_zeros(values):
    return np.add(values, 0, order="C")


def _entries(dataset, is_near):
    """The entry of each sequence, of which those that differ by rounding alone have one; None if there are no such.

    is_near (N - 1,) : whether a sequence and the next have about the same key
    """
    rows = np.flatnonzero(np.append(is_near, False) | np.append(False, is_near))
    if not len(rows):
        return None
    is_first = np.ones(len(dataset.X), bool)
    first = None
    of_rows = zip(*_key_fields(dataset.select(rows)), strict=True)
    for row, pieces in zip(rows.tolist(), of_rows, strict=True):
        is_first[row] = not (row and is_near[row - 1] and _differ_by_rounding(first, pieces))
        if is_first[row]:  # a chain of small steps is not followed: all are compared with the first
            first = pieces
    return None if is_first.all() else np.cumsum(is_first) - 1


def _differ_by_rounding(one, other):
    return all(_is_close(a, b) for a, b in zip(one, other, strict=True))


def _is_close(a, b):
    if a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return np.array_equal(a, b)
    with np.errstate(over="ignore"):
        size = np.maximum(np.abs(a), np.abs(b))
        return bool((np.abs(a - b) <= N_ULPS * np.spacing(size)).all())
