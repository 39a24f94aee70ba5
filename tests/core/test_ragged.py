"""Sequences of unequal length, end to end or in arrays of their own."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_recurrent._core import ragged as module
from sklearn_recurrent._core.ragged import Ragged, Sequences

ROWS = np.array([3, 0, 3, 1])


def pieces_of(lengths, n_features=2):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, n_features)) for length in lengths]


def of_pieces(kind, pieces):
    lengths = np.array([len(x) for x in pieces])
    if kind is Ragged:
        return Ragged.from_lengths(np.concatenate(pieces), lengths)
    arrays = np.stack(pieces) if kind == "cube" else pieces
    return Sequences(arrays, lengths, np.dtype(np.float64))


@pytest.mark.parametrize("long", [0, 256])
@pytest.mark.parametrize("lengths", [(3, 1, 4, 2), (2, 2, 2, 2)])
def test_what_is_taken_is_the_same_whichever_way_it_is_copied(monkeypatch, long, lengths):
    monkeypatch.setattr(module, "LONG", long)
    pieces = pieces_of(lengths)
    taken = of_pieces(Ragged, pieces).take(ROWS)
    assert_array_equal(taken.values, np.concatenate([pieces[row] for row in ROWS]))
    assert_array_equal(taken.lengths, np.array(lengths)[ROWS])


@pytest.mark.parametrize("kind", [Ragged, "list", "cube"])
def test_every_way_to_read_gives_another_dtype_that_was_asked_for(kind):
    pieces = pieces_of((2, 2, 2, 2))
    single = of_pieces(kind, pieces).as_dtype("float32")
    expected = np.concatenate(pieces).astype(np.float32)
    assert single.dtype == np.float32
    for values in (single.joined().values, single.take(np.arange(4)).values, np.concatenate(list(single))):
        assert values.dtype == np.float32
        assert_array_equal(values, expected)
    if kind is not Ragged:
        assert_array_equal(single.excerpt(1, slice(1, 2)), expected[3:4])
    assert pieces[0].dtype == np.float64


@pytest.mark.parametrize("lengths", [(3, 1, 4, 3, 3, 1), (2, 2, 2, 2, 2, 2)])
def test_an_order_by_values_does_not_depend_on_where_sequences_lie(lengths):
    pieces = pieces_of(lengths)
    order = of_pieces(Ragged, pieces).order_by_values()
    assert [lengths[row] for row in order] == sorted(lengths, reverse=True)
    for seed in range(5):
        moved = np.random.default_rng(seed).permutation(len(lengths))
        again = of_pieces(Ragged, [pieces[row] for row in moved]).order_by_values()
        assert_array_equal(moved[again], order)
