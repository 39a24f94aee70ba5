"""Targets that X itself holds, and validation sets of another kind than X, are found; data as it should be is not."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split

from sklearn_recurrent import as_column, sliding_windows
from sklearn_recurrent._core.ragged import Sequences
from sklearn_recurrent._data.likely_mistakes import holds_texts, lookahead, unlike
from sklearn_recurrent._data.sequences import as_tokens, parse_sequences

rng = np.random.default_rng(0)


def parsed(X, **options):
    return parse_sequences(BaseEstimator(), X, reset=True, **options)


def found(X, y, *, labels=False, tokens=False, weight=None):
    """What `lookahead` says, of sequences and the targets of all of their steps."""
    y = np.concatenate(y)
    codes = np.unique(y, return_inverse=True)[1] if labels else None
    X = as_tokens(parsed(X).joined()) if tokens else parsed(X)
    weight = np.ones(len(y)) if weight is None else np.concatenate(weight)
    return lookahead(X, y, weight, codes)


# --- y that is X, some steps later ------------------------------------------------------------------------------------

IDS = [rng.integers(0, 5, length) for length in rng.integers(15, 30, 60)]
WALKS = [rng.normal(size=length).cumsum() for length in rng.integers(15, 30, 60)]
WORDS = np.array(["one", "two", "three", "four", "five"])
ONE_HOT = np.eye(5)


def now(sequences, h=1):
    return [x[:-h] for x in sequences]


def later(sequences, h=1):
    return [x[h:] for x in sequences]


@pytest.mark.parametrize("h", [1, 2, 3])
def test_a_token_that_follows_is_found_by_its_id_and_by_another_name(h):
    expected = f"the token of X at step t + {h}"
    assert found(now(IDS, h), later(IDS, h), labels=True, tokens=True) == expected
    assert found(now(IDS, h), [WORDS[x] for x in later(IDS, h)], labels=True, tokens=True) == expected


@pytest.mark.parametrize("h", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_value_that_follows_is_found_in_any_unit_and_among_others(h, dtype):
    X = [np.c_[np.zeros(len(x)), rng.normal(size=len(x)), x].astype(dtype) for x in now(WALKS, h)]
    assert found(X, later(WALKS, h)) == f"feature 2 of X at step t + {h}"
    assert found(X, [500 - 3 * y for y in later(WALKS, h)]) == f"feature 2 of X at step t + {h}"
    several = [np.c_[rng.normal(size=len(y)), y] for y in later(WALKS, h)]
    assert found(X, several) == f"feature 2 of X at step t + {h}"


def test_of_rare_tokens_the_same_id_is_found_and_another_name_of_those_that_come_again():
    rare = [rng.integers(0, 5000, 30) for _ in range(60)]
    assert found(now(rare), later(rare), labels=True, tokens=True) == "the token of X at step t + 1"
    mixed = [np.where(rng.random(30) < 0.5, x, x % 3) for x in rare]
    names = [[f"<{token}>" for token in x] for x in later(mixed)]
    assert found(now(mixed), names, labels=True, tokens=True) == "the token of X at step t + 1"


def test_a_label_that_follows_is_found_in_a_discrete_feature_and_in_a_one_hot_one():
    X = [np.c_[rng.normal(size=len(x)), x] for x in now(IDS)]
    assert found(X, [WORDS[x] for x in later(IDS)], labels=True) == "feature 1 of X at step t + 1"
    X = [ONE_HOT[x] for x in now(IDS)]
    assert found(X, [WORDS[x] for x in later(IDS)], labels=True) == "the position of the 1 in X at step t + 1"
    assert found(X, [ONE_HOT[x] for x in later(IDS)]) == "feature 0 of X at step t + 1"


def test_a_few_steps_of_another_kind_hide_nothing():
    y = [np.where(np.arange(len(x)) == 3, 0.5, x) for x in later(WALKS)]
    assert found(now(WALKS), y) == "feature 0 of X at step t + 1"
    y = [np.where(np.arange(len(x)) == 3, 0, x) for x in later(IDS)]
    assert found(now(IDS), y, labels=True, tokens=True) is not None


def test_a_step_without_weight_may_be_anything():
    y = [np.roll(x, -1) for x in IDS]
    y = [np.where(np.arange(len(x)) % 2, 0, x) for x in y]
    weight = [(np.arange(len(x)) % 2 == 0).astype(float) for x in y]
    assert found(IDS, y, labels=True, tokens=True) is None
    assert found(IDS, y, labels=True, tokens=True, weight=weight) is not None


def test_a_state_that_seldom_changes_is_found_by_its_changes():
    X = [(np.arange(80) > change).astype(int) for change in range(5, 75)]
    assert found(now(X), later(X), labels=True) is not None
    assert found(X, X, labels=True) is None
    assert found(later(X), now(X), labels=True) is None


NO_LOOKAHEAD = {
    "the present": (WALKS, WALKS, False),
    "the past": (later(WALKS), now(WALKS), False),
    "the past, by steps of three": (later(WALKS, 3), now(WALKS, 3), False),
    "other values": (WALKS, [rng.normal(size=len(x)) for x in WALKS], False),
    "a sum so far": (WALKS, [x.cumsum() for x in WALKS], False),
    "the next one, roughly": (now(WALKS), [y + rng.normal(size=len(y)) for y in later(WALKS)], False),
    "X does not move": ([np.full(20, j) for j in range(60)], [np.full(20, j) for j in range(60)], False),
    "X and y are constant": ([np.ones(20)] * 60, [np.ones(20)] * 60, False),
    "y is constant": (WALKS, [np.ones(len(x)) for x in WALKS], False),
    "both count": ([np.arange(20.0) + j for j in range(60)], [np.arange(20.0) + j for j in range(60)], False),
    "what is left": ([np.arange(20.0)] * 60, [np.arange(20.0)[::-1]] * 60, False),
    "a period of three": ([np.arange(20.0) % 3] * 60, [np.arange(1.0, 21) % 3] * 60, False),
    "tags": (IDS, [WORDS[x] for x in IDS], True),
    "tags that several tokens share": (IDS, [WORDS[x // 2] for x in IDS], True),
    "tags of the next token": (now(IDS), [WORDS[x // 2] for x in later(IDS)], True),
    "a cycle of three": ([np.arange(20) % 3] * 60, [WORDS[np.arange(1, 21) % 3] for _ in IDS], True),
    "rare tokens": ([rng.integers(0, 5000, 30) for _ in IDS], [rng.integers(0, 5000, 30) for _ in IDS], True),
    "few steps": (now(IDS[:1]), later(IDS[:1]), True),
    "single steps": ([x[:1] for x in IDS], [x[:1] for x in IDS], True),
}


@pytest.mark.parametrize("case", NO_LOOKAHEAD)
def test_what_a_network_with_one_direction_may_know_as_well_is_no_lookahead(case):
    X, y, labels = NO_LOOKAHEAD[case]
    assert found(X, y, labels=labels, tokens=labels) is None
    if labels:
        assert found(X, y, labels=True) is None
        assert found([ONE_HOT[x % 5] for x in X], y, labels=True) is None


def test_what_another_feature_says_already_is_no_lookahead():
    X = [np.c_[x[:-1], x[1:]] for x in IDS]
    assert found(X, later(IDS)) is None
    assert found(X, [WORDS[x] for x in later(IDS)], labels=True) is None


def test_what_the_next_step_says_of_some_labels_alone_is_no_copy():
    cycle = np.arange(20) % 3
    assert found([(cycle == 0).astype(int)] * 60, [WORDS[(cycle + 1) % 3]] * 60, labels=True) is None


@pytest.mark.parametrize("seed", range(20))
def test_tokens_that_hardly_ever_come_again_tell_nothing(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, 70_000, (2, 60, 30))
    assert found(list(X), list(y.astype(str)), labels=True, tokens=True) is None


@pytest.mark.parametrize("seed", range(5))
def test_binary_labels_and_many_binary_features_are_no_lookahead_by_chance(seed):
    rng = np.random.default_rng(seed)
    X = [rng.integers(0, 2, (10, 200)) for _ in range(10)]
    assert found(X, [rng.integers(0, 2, 10) for _ in X], labels=True) is None
    assert found(X, [rng.integers(0, 2, (10, 3)) for _ in X]) is None


def test_of_long_sequences_only_the_beginning_is_read():
    class Long:
        """A million steps that cannot all be in memory."""

        shape, ndim = (1_000_000, 1), 2

        def __getitem__(self, steps):
            assert steps.stop <= 5000
            return np.arange(steps.stop)[:, None] ** 2 % 101

    X = Sequences([Long()] * 3, np.full(3, 1_000_000), np.dtype(np.float64))
    y = np.tile(np.arange(1, 1_000_001) ** 2 % 101, 3)[:, None]
    assert lookahead(X, y, np.ones(len(y))) == "feature 0 of X at step t + 1"


# --- a validation set of another kind ---------------------------------------------------------------------------------

RAGGED = [rng.normal([0, 5], [1, 0.1], (length, 2)) for length in rng.integers(3, 10, 60)]


@pytest.mark.parametrize(
    "change",
    [
        lambda x: 500 + 100 * x,
        lambda x: x + np.array([0, 1]),
        lambda x: x + np.array([6, 0]),
        lambda x: x * [20, 1],
        lambda x: x / 20,
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_other_units_are_found(change, dtype):
    X = parsed([x.astype(dtype) for x in RAGGED[:40]])
    X_val = parsed([change(x).astype(dtype) for x in RAGGED[40:]])
    assert unlike(X, X_val) is not None
    assert unlike(X, parsed([x.astype(dtype) for x in RAGGED[40:]])) is None


def test_the_feature_and_its_numbers_are_told():
    X_val = parsed([x * [1, 100] for x in RAGGED[40:]])
    words = unlike(parsed(RAGGED[:40]), X_val)
    assert re.fullmatch(r"feature 1 has mean (50|49)\d and .* (9|10)\.?\d* in X_val, but (5|4\.9).* in X", words)


SITES = [np.c_[rng.normal(size=10), np.tile(np.eye(40)[rng.integers(40)], (10, 1))] for _ in range(100)]
FAIR = {
    "iris": load_iris().data,
    "wine": load_wine().data,
    "diabetes": load_diabetes().data,
    "breast cancer": load_breast_cancer().data,
    "digits": load_digits().data[::4],
    "digits as 3-D": load_digits().images[::4],
    "digits as a list": list(load_digits().images[::4]),
    "ragged": RAGGED,
    "sines": [np.sin(2 * np.pi * np.arange(90) / period) for period in rng.uniform(8, 20, 30)],
    "windows": sliding_windows([np.sin(np.arange(90.0) / p) for p in range(2, 7)], window=30, horizon=6, step=3).X,
    "walks": [rng.normal(size=length).cumsum() for length in rng.integers(3, 300, 60)],
    "heavy tails": [rng.standard_cauchy((length, 3)) for length in rng.integers(3, 10, 60)],
    "rare symbols": [np.eye(30)[rng.zipf(1.5, 20).clip(max=30) - 1] for _ in range(60)],
    "a constant beside each sequence": SITES,
    "a value that one sequence has": [np.full((10, 1), float(j == 7)) for j in range(60)],
    "a constant feature": [np.c_[x, np.ones(len(x))] for x in RAGGED],
    "numbers far from 0": [x + 1e9 for x in RAGGED],
    "few": RAGGED[:12],
}


def test_rare_values_are_no_other_kind():
    X = [np.zeros((10, 1)) for _ in range(200)]
    X[0][0] = 1
    X_val = [np.repeat([[1.0], [0.0]], [k, 10 - k], axis=0) for k in (5, 4, 3)] + X[1:8]
    assert unlike(parsed(X), parsed(X_val)) is None
    assert unlike(parsed([np.full((10, 1), float(j < 3)) for j in range(100)]), parsed([np.ones((10, 1))])) is None


def test_a_few_sequences_may_be_calmer_than_all_together():
    X = [100 * level + rng.normal(size=30) for level in rng.normal(size=60)]
    assert unlike(parsed(X), parsed([rng.normal(size=30)])) is None
    assert unlike(parsed(X), parsed([rng.normal(size=30) for _ in range(20)])) is not None


TABLES = ("iris", "wine", "diabetes", "breast cancer")
ROWS = {f"{name}, a row as one step": FAIR[name] for name in TABLES}


@pytest.mark.parametrize("name", [*FAIR, *ROWS])
def test_a_fair_split_is_no_other_kind(name):
    sequences = (FAIR | ROWS)[name]
    options = {"input_size": sequences.shape[1]} if name in ROWS else {}
    for seed in range(5):
        for size in (0.1, 0.3, 0.5, 3):
            X, X_val = train_test_split(sequences, test_size=size, random_state=seed)
            assert unlike(parsed(X, **options), parsed(X_val, **options)) is None


# --- texts ------------------------------------------------------------------------------------------------------------

TEXTS = ["not bad", "good"]


@pytest.mark.parametrize(
    "X",
    [
        TEXTS,
        np.array(TEXTS),
        np.array(TEXTS, object),
        np.array([[text] for text in TEXTS]),
        pd.Series(TEXTS),
        pd.DataFrame({"text": TEXTS}),
        pl.Series(TEXTS),
        pl.DataFrame({"text": TEXTS}),
        [text.split() for text in TEXTS],
        [np.array(text.split()) for text in TEXTS],
        pd.Series([text.split() for text in TEXTS]),
        pl.Series([text.split() for text in TEXTS]),
    ],
)
def test_texts_and_lists_of_words_are_texts(X):
    assert holds_texts(X)


@pytest.mark.parametrize(
    "X",
    [
        [[1, 2], [3, 4]],
        RAGGED,
        as_column(RAGGED),
        pd.Series(RAGGED),
        np.ones((3, 4, 2)),
        pd.DataFrame(np.ones((3, 4))),
        pl.DataFrame(np.ones((3, 4))),
        [pl.DataFrame(np.ones((3, 4)))],
        [],
        [[]],
        np.empty((0, 3)),
        None,
    ],
)
def test_numbers_are_no_texts(X):
    assert not holds_texts(X)
