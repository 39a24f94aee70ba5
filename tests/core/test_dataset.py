"""Data sets: fields that are declared once; which sequences are equal; and an order that rounding does not change."""

from dataclasses import dataclass, field, fields, replace

import numpy as np
import pytest

from sklearn_recurrent._core.dataset import Dataset, _digests, canonical, declared
from sklearn_recurrent._core.ragged import Ragged, Sequences, offsets_of

DTYPES = [np.float64, np.float32, np.int64, np.int32, np.uint8]


def dataset_of(X, y, *, per_target=False, cls=Dataset, **others):
    """From lists of sequences; `y` has a target for each sequence, or with `per_target` a list of them."""
    X = [np.asarray(x).reshape(len(x), -1) for x in X]
    X = Sequences(X, np.array([len(x) for x in X]), X[0].dtype)
    offsets = offsets_of([len(targets) for targets in y]) if per_target else None
    y = np.concatenate(y) if per_target else np.asarray(y)
    return cls(X, y, np.ones(len(y)), offsets, **others)


def contents(dataset):
    """What each sequence is, as values that compare, in the order of the data set."""
    targets = np.split(dataset.y, dataset.offsets[1:-1]) if dataset.offsets is not None else list(dataset.y)
    groups = [None] * len(dataset.X) if dataset.groups is None else dataset.groups.tolist()
    return [
        (x.tolist(), np.asarray(target).tolist(), group)
        for x, target, group in zip(dataset.X, targets, groups, strict=True)
    ]


# --- declared fields --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Extended(Dataset):
    """With one more field of each kind."""

    horizon: np.ndarray | None = field(default=None, metadata=declared("sequence", in_key=True))
    weather: np.ndarray | None = field(default=None, metadata=declared("target", in_key=True))
    context: Ragged | None = field(default=None, metadata=declared("step", in_key=True))
    source: np.ndarray | None = field(default=None, metadata=declared("sequence", in_key=False))


def extended(**changes):
    """Two sequences that are equal, but for `changes`."""
    values = {
        "horizon": np.array([3, 3]),
        "weather": np.array([[0.5], [0.25], [0.5], [0.25]]),
        "context": Ragged.from_lengths(np.array([[1.0], [2.0], [1.0], [2.0]]), [2, 2]),
        "source": np.array([7, 7]),
        "held_out": np.array([1, 1]),
    }
    return dataset_of([[1.0, 2], [1.0, 2]], [[0, 1], [0, 1]], per_target=True, cls=Extended, **values | changes)


def test_every_field_of_a_dataset_is_declared():
    for f in fields(Dataset):
        assert f.metadata["per"] in ("step", "target", "sequence", "offsets")
        assert isinstance(f.metadata["in_key"], bool)


@pytest.mark.parametrize("method", ["take", "select"])
def test_sequences_that_are_chosen_keep_every_declared_field(method):
    context = Ragged.from_lengths(np.array([[1.0], [2.0], [3.0]]), [1, 2])
    whole = extended(
        horizon=np.array([3, 4]), weather=np.arange(4.0)[:, None], context=context, source=np.array([8, 9])
    )
    chosen = getattr(whole, method)(np.array([1, 0]))
    assert isinstance(chosen, Extended)
    assert chosen.horizon.tolist() == [4, 3]
    assert chosen.weather[:, 0].tolist() == [2, 3, 0, 1]
    assert [steps[:, 0].tolist() for steps in chosen.context] == [[2, 3], [1]]
    assert chosen.source.tolist() == [9, 8]


@pytest.mark.parametrize("method", ["take", "select"])
def test_fields_that_a_dataset_does_not_have_stay_away(method):
    chosen = getattr(dataset_of([[1.0], [2.0]], [0, 1]), method)(np.array([1]))
    assert chosen.offsets is None
    assert chosen.groups is None
    assert chosen.held_out is None
    assert chosen.entries is None


DIFFERENCES = {
    "horizon": np.array([3, 4]),
    "weather": np.array([[0.5], [0.25], [0.5], [0.75]]),
    "context": Ragged.from_lengths(np.array([[1.0], [2.0], [1.0], [3.0]]), [2, 2]),
    "held_out": np.array([0, 1]),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_sequences_that_differ_in_a_declared_field_alone_stay_apart(name):
    assert {f.name for f in fields(Extended) if f.metadata["in_key"]} == {"X", "y", "groups", *DIFFERENCES}
    whole = extended()
    assert len(canonical(whole, whole.y).X) == 1
    different = extended(**{name: DIFFERENCES[name]})
    assert len(canonical(different, different.y).X) == 2


def with_static(X, static, y):
    whole = dataset_of(X, y)
    return whole._replace(X=replace(whole.X, static=np.asarray(static, float)))


@pytest.mark.parametrize("method", ["take", "select"])
def test_sequences_that_are_chosen_keep_their_static_values(method):
    whole = with_static([[1.0], [2.0, 3.0], [4.0]], [[1, 2], [3, 4], [5, 6]], [0, 1, 0])
    chosen = getattr(whole, method)(np.array([2, 0])).X
    assert chosen.static.tolist() == [[5, 6], [1, 2]]
    again = chosen.select(np.array([1])).joined()
    assert again.static.tolist() == [[1, 2]]
    assert again.take(np.array([0, 0])).static.tolist() == [[1, 2], [1, 2]]
    assert [block.static.tolist() for _, block in chosen.blocks()] == [[[5, 6], [1, 2]]]
    assert chosen.map(lambda values: 2 * values).static is chosen.static


def test_sequences_that_differ_in_static_values_alone_stay_apart():
    X, static = [[1.0, 2]] * 4, [[1, 0], [1, 1], [1, 0], [2, 0]]
    merged = canonical(with_static(X, static, [0] * 4), np.zeros(4))
    assert sorted(zip(merged.X.static.tolist(), merged.weight, strict=True)) == [([1, 0], 2), ([1, 1], 1), ([2, 0], 1)]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_stays_where_static_values_move_in_their_last_place(seed):
    rng = np.random.default_rng(seed)
    X, static, y = [np.ones((3, 1), np.float32)] * 40, rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    before = canonical(with_static(X, static, y), y)
    after = canonical(with_static(X, moved(static, rng), y), y)
    assert len(before.X) == 40
    np.testing.assert_allclose(after.X.static, before.X.static, rtol=1e-15)


def test_equal_sequences_whose_static_values_have_moved_are_one_entry():
    static = np.array([[1.0], [np.nextafter(1, 2)], [1 + 1e-9]])
    merged = canonical(with_static([[1.0, 2]] * 3, static, [0] * 3), np.zeros(3))
    assert len(merged.X) == 3
    assert merged.n_entries == 2


def test_a_field_that_is_not_in_the_key_keeps_no_sequences_apart():
    different = extended(source=np.array([7, 8]))
    assert len(canonical(different, different.y).X) == 1


# --- which sequences are equal ----------------------------------------------------------------------------------------


def test_pairs_that_differ_in_where_x_ends_and_y_begins_stay_apart():
    for dtype in DTYPES:
        X = [np.array(values, dtype) for values in ([1, 2, 9], [1], [1, 2])]
        y = [np.array(values, dtype)[:, None] for values in ([3], [2, 9, 3], [9, 3])]
        pairs = dataset_of(X, y, per_target=True)
        assert len(set(map(bytes, _digests(pairs)))) == 3
        merged = canonical(pairs, pairs.y)
        assert sorted(contents(merged)) == sorted(contents(pairs))


def drawn(rng, dtype):
    """Few different values in short sequences, so that many are equal: in some, in most or in all of their fields."""
    n_features, n_outputs = rng.integers(1, 3, 2)
    n_targets = rng.integers(3)  # 0: one each, 1: one for each step, 2: as many as they like
    lengths = rng.integers(1, 4, 60)
    X = [rng.integers(0, 2, (length, n_features)).astype(dtype) for length in lengths]
    if np.dtype(dtype).kind == "f":
        X = [np.where(rng.random(x.shape) < 0.3, -x, x) for x in X]  # with zeros of both signs
    counts = [np.ones(60, int), lengths, rng.integers(1, 4, 60)][n_targets]
    kind = rng.choice(DTYPES)
    y = [rng.integers(0, 2, (count, n_outputs)).astype(kind) for count in counts]
    groups = rng.integers(0, 2, 60) if rng.random() < 0.5 else None
    if n_targets:
        return dataset_of(X, y, per_target=True, groups=groups)
    y = np.concatenate(y)
    return dataset_of(X, y if rng.random() < 0.5 else y[:, 0], groups=groups)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sequences_are_merged_if_and_only_if_they_are_equal_in_every_field(dtype):
    sizes = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        whole = drawn(rng, dtype)
        merged = canonical(whole, whole.y)
        expected = {}
        for content, weight in zip(map(repr_of, contents(whole)), whole.sequence_weights(), strict=True):
            expected[content] = expected.get(content, 0) + weight
        sizes.append(len(expected))
        assert len(set(map(bytes, _digests(whole)))) == len(expected)
        assert dict(zip(map(repr_of, contents(merged)), merged.sequence_weights(), strict=True)) == expected
        assert len(merged.X) == len(expected)
        assert merged.entries is None
        order = rng.permutation(60)
        again = canonical(whole.select(order), whole.y[whole.targets(order)])
        assert contents(again) == contents(merged)
    assert min(sizes) < 40  # many are merged
    assert max(sizes) > 50


def repr_of(content):
    return repr(content).replace("-0.0", "0.0")


def test_token_numbers_that_differ_stay_apart_however_large_they_are():
    for large in (2**31, 2**53, 2**62):
        tokens = [[large], [large + 1], [large, 1], [1, large], [large]]
        whole = dataset_of([np.array(x) for x in tokens], np.zeros(5, int))
        merged = canonical(whole, whole.y)
        assert sorted(x[:, 0].tolist() for x in merged.X) == sorted([[1, large], [large], [large, 1], [large + 1]])


def test_huge_values_are_merged_if_they_are_equal_and_stay_apart_if_not():
    huge = np.full(30, 1.7e308)  # whose sums overflow
    other = np.where(np.arange(30) == 7, 1.0, huge)
    whole = dataset_of([huge, -huge, huge, other, huge, other], np.zeros(6, int))
    merged = canonical(whole, whole.y)
    assert sorted(merged.weight.tolist()) == [1, 2, 3]
    assert {(x[0, 0], x[7, 0]) for x in merged.X} == {(1.7e308, 1.7e308), (1.7e308, 1.0), (-1.7e308, -1.7e308)}


def test_the_order_does_not_depend_on_the_numbers_of_groups_that_are_not_there():
    rng = np.random.default_rng(0)
    X, y, groups = rng.normal(size=(60, 3)), rng.integers(0, 2, 60), np.repeat(np.arange(12), 5)
    expected = canonical(dataset_of(X, y, groups=groups), y)
    with_gaps = canonical(dataset_of(X, y, groups=np.where(groups < 4, groups, groups + 7)), y)
    assert [x.tolist() for x in with_gaps.X] == [x.tolist() for x in expected.X]


# --- rounding ---------------------------------------------------------------------------------------------------------


def moved(X, rng):
    """Each value by one unit in the last place to a random side."""
    return [np.nextafter(x, np.where(rng.random(x.shape) < 0.5, -np.inf, np.inf).astype(x.dtype)) for x in X]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_order_stays_where_values_move_in_their_last_place(dtype, seed):
    """Also if half of them are zero, a feature always is, and sequences begin with equal steps."""
    rng = np.random.default_rng(seed)
    X = []
    for length in rng.integers(1, 5, 40):
        x = np.concatenate([np.ones((2, 3)), rng.normal(size=(length, 3))])
        x[rng.random(x.shape) < 0.5] = 0
        x[:, 1] = 0
        x[-1, 0] = rng.normal()
        X.append(x.astype(dtype))
    y = rng.integers(0, 2, 40)
    before, after = (
        canonical(whole, y).source.tolist()
        for whole in (dataset_of(values, y, cls=Extended, source=np.arange(40)) for values in (X, moved(X, rng)))
    )
    assert sorted(before) == list(range(40))
    assert after == before


def test_equal_sequences_that_have_moved_are_one_entry_in_the_place_of_the_one_that_they_were():
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(6), 5)
    X = list(np.eye(6)[kinds][:, :, None])
    y = np.arange(30) % 2
    Z = moved(X, rng)
    merged = canonical(dataset_of(X, y), y)
    apart = canonical(dataset_of(Z, y), y)
    assert merged.entries is None
    assert len(apart.X) > len(merged.X) == apart.n_entries == 12
    for entry, (x, target) in enumerate(zip(merged.X, merged.y, strict=True)):
        members = apart.select(apart.members(np.array([entry])))
        assert members.y.tolist() == [target] * len(members.X)
        np.testing.assert_allclose(list(members.X), [x] * len(members.X), atol=1e-15)
        assert members.weight.sum() == merged.weight[entry]
    assert apart.first_members().tolist() == [apart.members(np.array([entry]))[0] for entry in range(12)]


def test_a_chain_of_small_differences_is_no_entry():
    steps = 1 + np.finfo(float).eps * np.arange(0, 200, 2)
    whole = dataset_of(list(steps[:, None]), np.zeros(100, int))
    ordered = canonical(whole, whole.y)
    assert len(ordered.X) == 100
    values = np.array([x[0, 0] for x in ordered.X])
    for entry in range(ordered.n_entries):
        assert np.ptp(values[ordered.members(np.array([entry]))]) <= 8 * np.finfo(float).eps
    assert ordered.n_entries > 20


def test_entries_follow_the_sequences_that_are_chosen():
    entries = np.array([0, 0, 1, 2, 2])
    whole = dataset_of(np.arange(5.0)[:, None], np.arange(5), entries=entries)
    part = whole.select(np.array([0, 1, 3, 4]))
    assert part.n_entries == 2
    assert part.members(np.array([1, 0])).tolist() == [2, 3, 0, 1]
    assert part.first_members().tolist() == [0, 2]
    alone = dataset_of(np.arange(5.0)[:, None], np.arange(5))
    assert alone.n_entries == 5
    assert alone.members(np.array([3, 1])).tolist() == [3, 1]
    assert alone.first_members().tolist() == [0, 1, 2, 3, 4]
