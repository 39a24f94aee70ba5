"""Marks stay with an array wherever it goes, and change nothing about it."""

import pickle

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.model_selection import train_test_split

from sklearn_recurrent._data.marks import TOKENS, mark_of, marked

ids = np.array([5, 3, 4], np.int32)


def test_a_mark_changes_nothing_about_an_array():
    array = marked(ids, TOKENS)
    assert array.base is ids
    assert array.dtype == ids.dtype
    assert repr(array) == repr(ids)
    assert mark_of(ids) is None


@pytest.mark.parametrize(
    "handed_on",
    [
        lambda x: x[1:],
        lambda x: x.copy(),
        lambda x: np.asarray(x),
        lambda x: x.reshape(-1, 1),
        lambda x: pickle.loads(pickle.dumps(x)),
        lambda x: train_test_split([x, x, x], random_state=0)[0][0],
        lambda x: train_test_split(np.fromiter([x, x, x], object), random_state=0)[0][0],
        lambda x: Parallel(n_jobs=2)(delayed(np.asarray)(x) for _ in range(2))[0],
    ],
)
def test_a_mark_stays_with_an_array_wherever_it_goes(handed_on):
    assert mark_of(handed_on(marked(ids, TOKENS))) == TOKENS


@pytest.mark.parametrize("new", [lambda x: x / 2, lambda x: x.astype(float), lambda x: np.concatenate([x, x])])
def test_values_of_another_kind_have_no_mark(new):
    assert mark_of(new(marked(ids, TOKENS))) is None


@pytest.mark.parametrize("thing", [[1, 2], 3, None, "text"])
def test_what_is_no_array_has_no_mark(thing):
    assert mark_of(thing) is None
