"""Padding by zeros, a token or a label is found; data that is no padding is not."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

from sklearn_recurrent import SequencePadder, sliding_windows
from sklearn_recurrent._core.ragged import offsets_of
from sklearn_recurrent._data.likely_padding import of_features, of_labels, of_tokens, of_written
from sklearn_recurrent._data.sequences import parse_sequences

rng = np.random.default_rng(0)
LENGTHS = rng.integers(8, 31, 60)
X = [rng.normal(size=(length, 3)) + 0.5 for length in LENGTHS]
IDS = [rng.integers(1, 20, length) for length in LENGTHS]


def padded(sequences, *, value=0.0, padding="post", maxlen=None):
    return SequencePadder(maxlen, value=value, padding=padding).fit_transform(sequences)


def of_cube(cube):
    return of_features(parse_sequences(BaseEstimator(), cube, reset=True))


def of_ids(ids):
    return of_tokens(parse_sequences(BaseEstimator(), ids, reset=True, tokens=True))


@pytest.mark.parametrize("n_features", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("maxlen", [None, 50])
def test_zeros_at_the_end_or_the_beginning_are_found(n_features, dtype, maxlen):
    sequences = [x[:, :n_features].astype(dtype) for x in X]
    for padding, side in (("post", "end"), ("pre", "begin")):
        found = of_cube(padded(sequences, padding=padding, maxlen=maxlen))
        assert (found.value, found.side) == (0, side)
        assert np.array_equal(found.runs, (maxlen or LENGTHS.max()) - LENGTHS)


def test_the_words_say_how_many_and_how_long():
    n = int((LENGTHS.max() > LENGTHS).sum())
    assert str(of_cube(padded(X))).startswith(f"{n} of 60 sequences end with 1 to {np.ptp(LENGTHS)} steps")


def test_padding_is_found_in_a_list_of_arrays_in_one_hot_rows_and_where_few_are_as_long_as_the_longest():
    assert of_cube(list(padded(X))) is not None
    assert of_cube(padded([np.eye(20)[ids] for ids in IDS])) is not None
    assert of_cube(padded([*X[:59], np.ones((200, 3))])) is not None


@pytest.mark.parametrize("pad", [0, 19, 50256])
@pytest.mark.parametrize("padding", ["pre", "post"])
def test_a_token_at_the_ends_is_found_whatever_its_id(pad, padding):
    found = of_ids(
        padded(IDS, value=pad, padding=padding)[:, :, 0]
        if pad != 19
        else padded([ids % 19 for ids in IDS], value=pad, padding=padding)[:, :, 0]
    )
    assert found.value == pad


def with_zeros_inside():
    cube = padded(X)
    cube[:, 3:6] = 0
    return cube


def fading():
    """Speeds of cars that brake until they stand."""
    t = np.arange(40)
    return np.maximum(0, rng.uniform(10, 30, (60, 1)) - rng.uniform(1, 2, (60, 1)) * t)[:, :, None]


NO_PADDING = {
    "noise": rng.normal(size=(60, 20, 3)),
    "noise of one feature": rng.normal(size=(60, 20, 1)),
    "NaN": padded(X, value=np.nan),
    "all zeros": np.zeros((60, 20, 3)),
    "one sequence": padded(X)[:1],
    "four sequences": padded(X)[:4],
    "ragged": X,
    "images": load_digits().images,
    "images, sideways": load_digits().images.transpose(0, 2, 1),
    "images, upside down": load_digits().images[:, ::-1],
    "zeros inside, too": with_zeros_inside(),
    "the same number of zeros": np.pad(rng.normal(size=(60, 20, 3)), [(0, 0), (0, 5), (0, 0)]),
    "zeros at both ends": np.concatenate([padded(X), padded(X, padding="pre")], axis=1),
    "rare events": (rng.random((60, 30, 1)) < 0.1).astype(float),
    "counts": rng.poisson(0.5, (60, 30, 1)).astype(float),
    "sparse counts of many kinds": rng.poisson(0.02, (60, 30, 20)).astype(float),
    "one-hot": np.eye(5)[rng.integers(0, 5, (60, 30))],
    "sums so far": rng.poisson(0.1, (60, 60, 1)).cumsum(axis=1).astype(float),
    "what stands still": fading(),
    "windows": sliding_windows(np.sin(np.arange(300.0)), 20, 1)[0],
    "a sine that begins at zero": np.sin(np.arange(20.0) * rng.uniform(0.1, 0.5, (60, 1)))[:, :, None],
    "single steps": rng.normal(size=(60, 1, 20)),
}


@pytest.mark.parametrize("case", NO_PADDING)
def test_what_is_no_padding_is_not_found(case):
    assert of_cube(NO_PADDING[case]) is None


@pytest.mark.parametrize("load", [load_iris, load_wine, load_diabetes, load_digits, load_breast_cancer])
def test_no_table_of_scikit_learn_is_found_as_flat_sequences(load):
    table = load().data
    for input_size in range(1, 9):
        if table.shape[1] % input_size == 0:
            cube = table.reshape(len(table), -1, input_size)
            assert of_cube(cube) is None


NO_PAD_TOKEN = {
    "tokens": rng.integers(0, 20, (60, 30)),
    "few tokens": rng.integers(0, 2, (60, 30)),
    "a last one that is always the same": np.c_[rng.integers(1, 20, (60, 30)), np.zeros((60, 1), int)],
    "blanks inside, too": padded([np.where(ids < 5, 0, ids) for ids in IDS])[:, :, 0].astype(int),
    "the same": np.ones((60, 30), int),
    "ragged": IDS,
}


@pytest.mark.parametrize("case", NO_PAD_TOKEN)
def test_a_token_that_is_no_padding_is_not_found(case):
    assert of_ids(NO_PAD_TOKEN[case]) is None


# --- labels -----------------------------------------------------------------------------------------------------------

OFFSETS = offsets_of([30] * 60)


def labels_padded_by(label, classes=(0, 1, 2)):
    y = np.full((60, 30), label)
    for row, length in zip(y, LENGTHS, strict=True):
        row[:length] = rng.choice(classes, length)
    return y


def of_rows(y):
    return of_labels(np.ravel(y), OFFSETS)


def test_labels_that_are_none_are_found():
    assert of_rows(labels_padded_by(-100)) == -100
    assert of_rows(np.where(rng.random((60, 30)) < 0.3, -100, 1)) == -100  # wherever they are
    assert of_rows(labels_padded_by(-1)) == -1
    for label in ("PAD", "<pad>", "[PAD]", "padding"):
        assert of_rows(labels_padded_by(label, ("a", "b"))) == label


NO_PADDING_LABEL = {
    "classes": rng.integers(0, 3, (60, 30)),
    "-1 and 1": np.where(labels_padded_by(-1) == -1, -1, 1),
    "-1, 0 and 1": rng.integers(-1, 2, (60, 30)),
    "negative ones": rng.integers(-101, -99, (60, 30)),
    "one class": np.full((60, 30), -100),
    "words": rng.choice(["padlock", "a"], (60, 30)),
    "flags": rng.random((60, 30)) < 0.5,
}


@pytest.mark.parametrize("case", NO_PADDING_LABEL)
def test_other_labels_are_not_found(case):
    assert of_rows(NO_PADDING_LABEL[case]) is None


def test_a_label_that_pads_what_is_to_be_written_is_found_by_its_code():
    codes = labels_padded_by(2, (0, 1))
    assert of_written(codes) == 2
    assert of_written(rng.integers(0, 3, (60, 30))) is None
    assert of_written(codes[:4]) is None
    assert of_written(codes[:, :1]) is None
