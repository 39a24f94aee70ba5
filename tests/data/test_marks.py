"""Marks stay with an array wherever it goes, and change nothing about it."""

import pickle

import joblib
import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_recurrent import PerSequence, RNNClassifier, SequenceTokenizer, as_column, as_sequences
from sklearn_recurrent._data.marks import TOKENS, TRANSFORMED, mark_of, mark_of_input, marked

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


def test_a_mark_takes_the_place_of_another():
    for array in (ids, np.array(["a"], object), np.array(["a"])):
        assert mark_of(marked(marked(array, TOKENS), TRANSFORMED)) == TRANSFORMED


@pytest.mark.parametrize("new", [lambda x: x / 2, lambda x: x.astype(float), lambda x: np.concatenate([x, x])])
def test_values_of_another_kind_have_no_mark(new):
    assert mark_of(new(marked(ids, TOKENS))) is None


def in_second_column(x):
    table = np.array([[1.5, None, 2]] * 2, object)
    table[:, 1] = [x, x]
    return table


def test_tokens_in_any_column_are_tokens():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame({"scaled": [marked(ids, TRANSFORMED)] * 30, "ids": [marked(ids, TOKENS)] * 30})
    assert mark_of_input(X) == TOKENS
    with pytest.raises(ValueError, match="got ids of tokens, made by SequenceTokenizer"):
        RNNClassifier(3, max_iter=1).fit(X, np.arange(30) % 2)


@pytest.mark.parametrize(
    "container",
    [
        lambda x: x,
        lambda x: x.reshape(1, 3, 1),
        lambda x: [x, x],
        lambda x: (x,),
        lambda x: np.fromiter([x, x], object),
        lambda x: np.fromiter([x, x], object)[:, None],
        lambda x: pytest.importorskip("pandas").Series([x, x], index=[5, 7]),
        lambda x: pytest.importorskip("pandas").DataFrame({"x": [x, x]}, index=[5, 7]),
        lambda x: pytest.importorskip("pandas").DataFrame({"age": [1.5, 2], "x": [x, x]}, index=[5, 7]),
        lambda x: pytest.importorskip("pandas").DataFrame({"site": ["a", "b"], "x": [x, x]}),
        in_second_column,
    ],
)
def test_the_mark_of_an_input_is_that_of_its_first_sequence(container):
    assert mark_of_input(container(ids)) is None
    assert mark_of_input(container(marked(ids, TOKENS))) == TOKENS


@pytest.mark.parametrize("nothing", [[], (), np.empty(0, object), None, "text", iter([1]), {"a": 1}, [[1, 2]]])
def test_what_holds_no_sequences_has_no_mark(nothing):
    assert mark_of_input(nothing) is None


def test_a_lazy_frame_is_not_computed_for_its_mark():
    class Lazy:  # as frames of Dask are: the number of rows is not known yet
        iloc = None

        @property
        def shape(self):
            raise AssertionError("computed")

    assert mark_of_input(Lazy()) is None


@pytest.mark.parametrize("thing", [[1, 2], 3, None, "text"])
def test_what_is_no_array_has_no_mark(thing):
    assert mark_of(thing) is None


class MarkKeeper(ClassifierMixin, BaseEstimator):
    """A classifier that remembers the marks of what it was fitted on and asked about, in whatever process."""

    def __init__(self, constant=0):
        self.constant = constant

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.marks_ = {mark_of(x) for x in X}
        return self

    def predict(self, X):
        assert {mark_of(x) for x in X} == self.marks_ == {TOKENS}
        return np.full(len(X), self.classes_[self.constant])


@pytest.mark.parametrize("container", [list, as_sequences])
def test_tokens_keep_their_mark_in_a_search_of_two_processes(container):
    tokens = container(SequenceTokenizer().fit_transform(["a b c", "b", "c a"] * 4))
    search = GridSearchCV(MarkKeeper(), {"constant": [0, 1]}, cv=3, n_jobs=2, error_score="raise")
    assert search.fit(tokens, [0, 0, 1] * 4).best_params_ == {"constant": 0}
    search.set_params(estimator=make_pipeline(SequenceTokenizer(), MarkKeeper()), param_grid={})
    assert search.fit(["a b c", "b", "c a"] * 4, [0, 0, 1] * 4).best_estimator_[-1].marks_ == {TOKENS}


def test_tokens_keep_their_mark_in_large_arrays_that_processes_share(tmp_path):
    tokens = marked(np.arange(300_000, dtype=np.int32), TOKENS)  # more than 1 MB, so that joblib maps its file
    marks = Parallel(n_jobs=2)(delayed(mark_of)(tokens) for _ in range(2))
    assert marks == [TOKENS, TOKENS]
    joblib.dump(tokens, tmp_path / "tokens")
    assert mark_of(joblib.load(tmp_path / "tokens")) == TOKENS
    assert mark_of(joblib.load(tmp_path / "tokens", mmap_mode="r")) == TOKENS


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("column", [False, True])
def test_frames_that_PerSequence_makes_are_marked(library, column):
    frame = getattr(pytest.importorskip(library), "table" if library == "pyarrow" else "DataFrame")
    X = [frame({"v": [1.0, 2.0]}) for _ in range(6)]
    if column:
        X = as_column([np.zeros(2)] * 6)
        X[:, 0] = [frame({"v": [1.0, 2.0]}) for _ in range(6)]
    same = PerSequence(lambda x: x).fit_transform(X)
    assert mark_of_input(X) is None
    for handed_on in (same, same[2:], same[[3, 1]], pickle.loads(pickle.dumps(same)), train_test_split(same)[0]):
        assert mark_of_input(handed_on) == TRANSFORMED
    if library == "pandas":
        assert mark_of_input(list(same.ravel())) == TRANSFORMED
        assert mark_of_input([x.iloc[1:] for x in same.ravel()]) == TRANSFORMED


def test_a_frame_that_a_function_returns_again_and_again_gets_no_mark_itself():
    frame = pytest.importorskip("pandas").DataFrame({"v": [1.0, 2.0]})
    PerSequence(lambda x: frame).fit_transform([frame] * 3)
    assert frame.attrs == {}
