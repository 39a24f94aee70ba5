"""SequencePadder: padding and its inverse, dtypes, output containers, and scikit-learn's checks."""

import re

import numpy as np
import pytest
from checks import MORE_CHECKS, scikit_learns_checks
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from sklearn_recurrent import SequencePadder, SequenceTokenizer, as_column, as_sequences
from sklearn_recurrent._data.marks import TOKENS, TRANSFORMED, mark_of

NAN = np.nan
X = [np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[7.0, 8.0]]), np.array([[9.0, 0.0], [0.0, 0.0]])]

PADDERS = [
    SequencePadder(),
    SequencePadder(2, longer="truncate"),
    SequencePadder(50, value=0, padding="pre", truncating="pre", flatten=True),
]


def cube_of(*rows):
    """A univariate 3-D array."""
    return np.array(rows, dtype=float)[:, :, None]


# --- the contract -----------------------------------------------------------------------------------------------------


@scikit_learns_checks(PADDERS)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings(
    "ignore:X (has|does not have valid) feature names"
)  # the checks fit and predict with and without names
@pytest.mark.parametrize("check", MORE_CHECKS)
@pytest.mark.parametrize("padder", [SequencePadder(), SequencePadder(50)], ids=repr)
def test_scikit_learns_further_checks(padder, check):
    if check.endswith(("pandas", "consistency")):
        pytest.importorskip("pandas")
    if check.endswith("polars"):
        pytest.importorskip("polars")
    getattr(estimator_checks, check)("SequencePadder", clone(padder))


# --- padding ----------------------------------------------------------------------------------------------------------


def test_sequences_become_one_array_padded_with_nan():
    padder = SequencePadder()
    padded = padder.fit_transform(X)
    assert padder.length_ == 3
    assert padder.n_features_in_ == 2
    assert_array_equal(padded, [X[0], [[7, 8], [NAN, NAN], [NAN, NAN]], [[9, 0], [0, 0], [NAN, NAN]]])


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({"padding": "post"}, [[1, 2, 3, -1, -1], [4, -1, -1, -1, -1]]),
        ({"padding": "pre"}, [[-1, -1, 1, 2, 3], [-1, -1, -1, -1, 4]]),
        ({"maxlen": 2, "longer": "truncate"}, [[1, 2], [4, -1]]),
        ({"maxlen": 2, "longer": "truncate", "truncating": "pre"}, [[2, 3], [4, -1]]),
        ({"maxlen": 2, "longer": "truncate", "truncating": "pre", "padding": "pre"}, [[2, 3], [-1, 4]]),
        ({"maxlen": 2, "longer": "truncate", "truncating": "post", "padding": "pre"}, [[1, 2], [-1, 4]]),
    ],
)
def test_padding_and_truncating_choose_the_side(parameters, rows):
    padder = SequencePadder(**{"maxlen": 5, "value": -1, **parameters})
    assert_array_equal(padder.fit_transform([np.array([1.0, 2.0, 3.0]), np.array([4.0])]), cube_of(*rows))


@pytest.mark.parametrize("form", [list, tuple, as_sequences, as_column, SequencePadder(7, padding="pre").fit_transform])
def test_every_form_gives_the_same_padded_array(form):
    assert_array_equal(SequencePadder().fit_transform(form(X)), SequencePadder().fit_transform(X))


def test_the_number_of_steps_is_that_of_fit_whatever_the_batch():
    padder = SequencePadder().fit(X)
    whole = padder.transform(X)
    for j, x in enumerate(X):
        assert_array_equal(padder.transform([x]), whole[[j]])


def test_flatten_puts_the_steps_in_a_row():
    padder = SequencePadder(flatten=True)
    assert_array_equal(padder.fit_transform(X), SequencePadder().fit_transform(X).reshape(3, 6))
    assert padder.get_feature_names_out().tolist() == ["t0_x0", "t0_x1", "t1_x0", "t1_x1", "t2_x0", "t2_x1"]
    assert padder.get_feature_names_out(["a", "b"]).tolist()[:3] == ["t0_a", "t0_b", "t1_a"]


def test_missing_values_within_a_sequence_are_kept():
    sequence = np.array([1.0, NAN, 3.0])
    assert_array_equal(SequencePadder(4).fit_transform([sequence]), cube_of([1, NAN, 3, NAN]))


def test_X_is_not_changed():
    before = [x.copy() for x in X]
    padded = SequencePadder().fit_transform(X)
    padded[:] = 0
    for x, y in zip(X, before, strict=True):
        assert_array_equal(x, y)


def test_a_longer_sequence_is_an_error_unless_it_may_be_truncated():
    longer = [X[1], np.arange(10.0).reshape(5, 2)]
    message = "Expected at most 3 time steps, got 5 in sequence 1. Set longer='truncate' to shorten such sequences"
    with pytest.raises(ValueError, match=re.escape(message)):
        SequencePadder().fit(X).transform(longer)
    assert_array_equal(SequencePadder(longer="truncate").fit(X).transform(longer)[1], longer[1][:3])


def test_infinity_is_an_error_that_says_where():
    with pytest.raises(ValueError, match="Input X contains infinity in sequence 1, step 2, feature 0"):
        SequencePadder().fit([np.ones(2), np.array([1, 2, np.inf])])


# --- 2-D --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "i4", "f2"])
def test_a_matrix_is_returned_unchanged(dtype):
    matrix = np.arange(6).reshape(2, 3).astype(dtype)
    padder = SequencePadder()
    for result in [padder.fit_transform(matrix), padder.inverse_transform(matrix)]:
        assert_array_equal(result, matrix)
        assert result.dtype == dtype


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_maxlen_applies_to_a_matrix_too(padding, truncating):
    matrix = np.array([[1.0, 2.0, 3.0]])
    sides = {"padding": padding, "truncating": truncating}
    wider = SequencePadder(5, **sides).fit(matrix)
    assert_array_equal(wider.transform(matrix), [[NAN, NAN, 1, 2, 3] if padding == "pre" else [1, 2, 3, NAN, NAN]])
    assert_array_equal(wider.inverse_transform(wider.transform(matrix)), matrix)
    assert wider.get_feature_names_out().tolist() == ["t0", "t1", "t2", "t3", "t4"]
    narrower = SequencePadder(2, longer="truncate", **sides).fit(matrix)
    assert_array_equal(narrower.transform(matrix), [[2, 3] if truncating == "pre" else [1, 2]])
    restored = narrower.inverse_transform(narrower.transform(matrix))
    assert_array_equal(restored, [[NAN, 2, 3] if truncating == "pre" else [1, 2, NAN]])


# --- dtype ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "value", "requested", "expected"),
    [
        ("f4", NAN, None, "f4"),
        ("f8", NAN, None, "f8"),
        ("f2", NAN, None, "f2"),
        ("i8", NAN, None, "f8"),
        ("i8", 0, None, "i8"),
        ("i4", -1, None, "i4"),
        ("u1", -1, None, "i2"),
        ("f4", 0, None, "f4"),
        ("f8", NAN, "f4", "f4"),
        ("f8", -1, np.int64, "i8"),
        ("O", NAN, None, "f8"),
    ],
)
def test_the_dtype_is_kept_if_it_can_represent_the_value(dtype, value, requested, expected):
    padded = SequencePadder(value=value, dtype=requested).fit_transform([np.ones(2, dtype), np.ones(1, dtype)])
    assert padded.dtype == expected
    assert_array_equal(padded, cube_of([1, 1], [1, value]))


@pytest.mark.parametrize("lengths", [[2, 2], [2, 1]])
def test_the_dtype_does_not_depend_on_the_lengths_met(lengths):
    assert SequencePadder(2).fit_transform([np.ones(n, int) for n in lengths]).dtype == np.float64


# --- and back ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [NAN, -1, -0.5])
@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize("sequences", [X, X[:1], [X[0], X[0]]])
def test_inverse_transform_returns_the_sequences(sequences, flatten, padding, value):
    padder = SequencePadder(4, value=value, padding=padding, flatten=flatten)
    back = padder.inverse_transform(padder.fit_transform(sequences))
    assert back.shape == (len(sequences),)
    assert back.dtype == object
    for x, expected in zip(back, sequences, strict=True):
        assert_array_equal(x, expected)


def test_inverse_transform_removes_padding_on_its_side_only():
    padder = SequencePadder(4).fit([np.ones(3)])
    assert_array_equal(padder.inverse_transform(cube_of([NAN, 1, NAN, NAN]))[0], [[NAN], [1]])


def test_inverse_transform_refuses_another_shape_and_pure_padding():
    padder = SequencePadder().fit(X)
    for shape in [(2, 3, 1), (2, 5), (2, 3, 2, 1)]:
        with pytest.raises(
            ValueError, match=re.escape(f"(n_samples, n_steps, 2) or (n_samples, n_steps * 2), got {shape}")
        ):
            padder.inverse_transform(np.ones(shape))
    with pytest.raises(ValueError, match="sequence 1 to have at least one time step, got padding only: all 3 time"):
        padder.inverse_transform(np.array([np.ones((3, 2)), np.full((3, 2), NAN)]))
    with pytest.raises(ValueError, match=re.escape("Expected X to have shape (n_samples, 3), got (1, 2)")):
        SequencePadder().fit(np.ones((2, 3))).inverse_transform(np.ones((1, 2)))
    with pytest.raises(NotFittedError):
        SequencePadder().inverse_transform(np.ones((1, 2)))


# --- set_output -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_a_3d_array_passes_every_output_setting(container):
    pytest.importorskip(container)
    expected = SequencePadder().fit_transform(X)
    before = make_pipeline(SequencePadder()).set_output(transform=container).fit(X)
    after = make_pipeline(SequencePadder()).fit(X).set_output(transform=container)
    for pipeline in [before, after, clone(before).fit(X)]:
        assert_array_equal(pipeline.transform(X), expected)
    with config_context(transform_output=container):
        assert_array_equal(SequencePadder().fit_transform(X), expected)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_flat_output_becomes_a_frame(container):
    library = pytest.importorskip(container)
    padder = SequencePadder(flatten=True)
    assert padder.set_output(transform=container) is padder
    assert padder.set_output() is padder
    frame = padder.fit_transform(X)
    assert isinstance(frame, library.DataFrame)
    assert list(frame.columns) == padder.get_feature_names_out().tolist()


def test_a_frame_keeps_its_index():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"walk": X}, index=["a", "b", "c"])
    flat = SequencePadder(flatten=True).set_output(transform="pandas").fit_transform(frame)
    assert flat.index.tolist() == ["a", "b", "c"]


def test_feature_names_exist_exactly_if_the_output_is_2d():
    assert hasattr(SequencePadder(), "get_feature_names_out")
    assert hasattr(SequencePadder().fit(np.ones((2, 3))), "get_feature_names_out")
    assert not hasattr(SequencePadder().fit(X), "get_feature_names_out")
    assert hasattr(SequencePadder(flatten=True).fit(X), "get_feature_names_out")


def test_integers_of_64_bits_keep_all_digits():
    times = np.array([1_700_000_000_123_456_789, 1_700_000_000_123_456_790])
    assert SequencePadder(value=0).fit_transform([times, times[:1]])[0, :, 0].tolist() == times.tolist()
    assert SequencePadder().fit_transform(times[None]).tolist() == [times.tolist()]


def test_a_nan_within_a_sequence_is_an_error_for_an_integer_dtype():
    with pytest.raises(ValueError, match="for dtype=int64, got NaN in sequence 0, step 1, feature 0"):
        SequencePadder(dtype=np.int64, value=0).fit_transform([np.array([1, np.nan, 2]), np.array([1.0])])


# --- marks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [list, as_column, np.eye, SequencePadder().fit_transform])
@pytest.mark.parametrize("flatten", [False, True])
def test_a_result_is_marked_as_transformed(form, flatten):
    given = np.eye(3) if form is np.eye else form(X)
    padder = SequencePadder(flatten=flatten).fit(given)
    padded = padder.transform(given)
    assert mark_of(padded) == TRANSFORMED
    for array in (padded, np.array(padded.tolist())):
        back = padder.inverse_transform(array)
        assert {mark_of(x) for x in (back if back.dtype == object else [back])} == {TRANSFORMED}


@pytest.mark.parametrize("value", [0, NAN])
@pytest.mark.parametrize("flatten", [False, True])
def test_tokens_stay_tokens(value, flatten):
    ids = SequenceTokenizer().fit_transform(["a b c", "b"])
    padder = SequencePadder(value=value, flatten=flatten).fit(ids)
    padded = padder.transform(ids)
    assert mark_of(padded) == TOKENS
    assert {mark_of(x) for x in padder.inverse_transform(padded)} == {TOKENS}
    assert {mark_of(x) for x in train_test_split(padded, random_state=0)} == {TOKENS}


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_masked_numbers_are_missing_on_the_way_back(dtype):
    padder = SequencePadder().fit([np.arange(3.0)])
    padded = np.ma.array(np.arange(3, dtype=dtype).reshape(1, 3, 1), mask=[[[0], [1], [0]]])
    (x,) = padder.inverse_transform(padded)
    assert np.array_equal(x.ravel(), [0, np.nan, 2], equal_nan=True)
    padded[0, 2] = np.ma.masked
    (x,) = padder.inverse_transform(padded)
    assert x.ravel().tolist() == [0]
