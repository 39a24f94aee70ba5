"""Targets, weights and predictions per time step: flattened, and back in a container."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._data.targets import (
    as_rows,
    flatten_numbers,
    flatten_steps,
    flatten_weights,
    infer_dtype,
    refuse_masked,
    split_like,
    unmasked_steps,
)

VALID = np.array([[True, True, False], [False, True, True]])


# --- one value per time step ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [[[1, 2, 9], [9, 3, 4]], np.array([[1, 2, 9], [9, 3, 4]]), [[1, 2], [3, 4]]])
def test_targets_are_padded_like_X_or_not_at_all(y):
    flat, lengths = flatten_steps(y, [2, 2], valid=VALID)
    assert flat.tolist() == [1, 2, 3, 4]
    assert lengths == [2, 2]


@pytest.mark.parametrize("n", [1, 3])
def test_another_number_of_sequences_than_of_a_padded_X_is_an_error(n):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        flatten_steps([[1, 2]] * n, valid=VALID)


def test_a_weight_of_a_sequence_is_that_of_each_of_its_steps():
    assert flatten_weights([2.0, 3.0], [1, 2]).tolist() == [2, 3, 3]
    assert flatten_weights([[2.0], [3.0, 4.0]], [1, 2]).tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("entries", "kind"), [([1, 2], "i"), ([1, 2.5], "f"), (["a", "b"], "U"), (["a", 1], "O"), ([1, None], "O")]
)
def test_objects_get_the_dtype_that_they_have_in_common(entries, kind):
    array = infer_dtype(np.array(entries, dtype=object))
    assert array.dtype.kind == kind
    assert array.tolist() == entries


def test_an_error_of_a_container_names_the_argument():
    with pytest.raises(TypeError, match=r"Expected sample_weight to be .*, got generator\. Pass list\(sample_weight\)"):
        as_rows((weight for weight in [1, 2]), "sample_weight")


@pytest.mark.parametrize(("X", "padded", "ndim"), [("matrix", False, 2), ("matrix", True, 1), ("list", False, 1)])
def test_values_of_steps_are_a_matrix_only_if_neither_X_nor_the_X_of_fit_was_ragged(X, padded, ndim):
    values = np.arange(6.0)
    X = np.ones((2, 3)) if X == "matrix" else [np.ones(3), np.ones(3)]
    result = split_like(values, X, Ragged.from_lengths(values[:, None], np.array([3, 3])), padded=padded)
    assert result.ndim == ndim
    assert_array_equal(np.concatenate(list(result)), values)


# --- masks ------------------------------------------------------------------------------------------------------------

MASKED = np.ma.array([[1, 2, 3], [4, 5, 6]], mask=[[0, 0, 0], [0, 1, 0]])
MASKED_FORMS = [lambda y: y, list, lambda y: as_sequences(list(y)), lambda y: pd.Series(list(y))]


def as_sequences(rows):
    return np.fromiter(rows, object, len(rows))


@pytest.mark.parametrize("form", MASKED_FORMS)
def test_a_masked_step_is_refused_unless_it_is_ignored(form):
    with pytest.raises(ValueError, match=r"Input y contains a masked value in sequence 1, step 1\. Fill it, or give"):
        flatten_steps(form(MASKED))
    with pytest.raises(ValueError, match=r"sample_weight contains a masked value in sequence 1, step 1\. Fill it\."):
        flatten_weights(form(MASKED), [3, 3])
    flat, lengths = flatten_steps(form(MASKED), masked="keep")
    ignored = np.arange(6) == 4
    assert unmasked_steps(flat, lengths, ignored).tolist() == [1, 2, 3, 4, 5, 6]
    assert unmasked_steps(flat, lengths, ignored).dtype.kind == "i"
    with pytest.raises(ValueError, match="masked value in sequence 1, step 1"):
        unmasked_steps(flat, lengths, ~ignored)


def test_masked_padding_of_targets_is_padding():
    y = np.ma.array([[1, 2, 0], [0, 3, 4]], mask=~VALID)
    assert flatten_steps(y, [2, 2], valid=VALID)[0].tolist() == [1, 2, 3, 4]


def test_one_masked_output_masks_its_step():
    y = [np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 0], [0, 1]])]
    with pytest.raises(ValueError, match="masked value in sequence 0, step 1"):
        flatten_steps(y)


@pytest.mark.parametrize("form", MASKED_FORMS[:2])
def test_a_masked_value_for_a_sequence_is_refused(form):
    with pytest.raises(ValueError, match="Input y contains a masked value for sequence 1"):
        refuse_masked(form(MASKED))
    refuse_masked(form(MASKED[:1]))


@pytest.mark.parametrize("form", MASKED_FORMS)
def test_masked_numbers_of_a_forecast_are_missing(form):
    with pytest.raises(ValueError, match="Input y contains NaN in sequence 1, step 1"):
        flatten_numbers(form(MASKED))


# --- sequences of numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "values", "lengths", "form"),
    [
        ([1, 2], [[1], [2]], [1, 1], ("array", 1)),
        (np.array([[1, 2], [3, 4]]), [[1], [2], [3], [4]], [2, 2], ("array", 2)),
        (pd.DataFrame([[1, 2], [3, 4]]), [[1], [2], [3], [4]], [2, 2], ("array", 2)),
        (np.array([[[1, 2]], [[3, 4]]]), [[1, 2], [3, 4]], [1, 1], ("array", 3)),
        ([np.array([1, 2]), np.array([3])], [[1], [2], [3]], [2, 1], ("sequences", 2)),
        ([np.array([[1, 2]]), np.array([[3, 4]])], [[1, 2], [3, 4]], [1, 1], ("sequences", 3)),
    ],
)
def test_numbers_of_any_container_are_concatenated(y, values, lengths, form):
    found = flatten_numbers(y)
    assert found[0].tolist() == values
    assert found[0].dtype == np.float64
    assert found[1].tolist() == lengths
    assert found[2] == form


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([np.array([1.0, 2]), np.array([np.nan])], "contains NaN in sequence 1, step 0"),
        ([[1, 2], [np.inf, 4]], "contains infinity in sequence 1, step 0"),
        ([np.array([1.0]), np.array([])], "at least one time step for sequence 1, got none"),
        ([[1, 2], [3]], r"got 1 to 2 values per row.*as_sequences\(y\)"),
        (np.zeros((2, 2, 2, 2)), r"Expected y to have shape .*, got \(2, 2, 2, 2\)"),
        (np.zeros((2, 2), "M8[s]"), r"Expected numbers in y, got times \(datetime64\[s\]\)"),
        ([np.zeros(2), np.zeros(2, "m8[s]")], r"Expected numbers in sequence 1 of y, got durations"),
        (
            [np.zeros(2), np.array([1.0, "a"], object)],
            "numbers in sequence 1 of y, step 1, got the string 'a'",
        ),
        (np.array([[1.0, "a"]], object), "Expected numbers in y, sequence 0, step 1, got the string 'a'"),
    ],
)
def test_anything_but_a_sequence_of_numbers_is_an_error_that_says_where(y, message):
    with pytest.raises(ValueError, match=message):
        flatten_numbers(y)


def test_targets_whose_columns_have_two_orders_are_refused_with_the_line_that_orders_them():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    for flattened in (flatten_numbers, flatten_steps):
        names = {"y": [frame, frame[["b", "a"]]]}
        with pytest.raises(ValueError, match="The feature names of sequence 1 of y should match") as error:
            flattened(names["y"])
        exec(str(error.value).partition("in one order: ")[2], names)
        assert_array_equal(flattened(names["y"])[0], np.tile(frame.to_numpy(), (2, 1)))
        names = {"y": [frame, frame.to_numpy()], "np": np}
        with pytest.raises(ValueError, match="all sequences of y to have feature names, or none") as error:
            flattened(names["y"])
        exec(str(error.value).partition("by position: ")[2], names)
        assert_array_equal(flattened(names["y"])[0], np.tile(frame.to_numpy(), (2, 1)))
