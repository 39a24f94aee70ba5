"""Many cores by joblib's own backends, and more data than memory holds."""

import tracemalloc

import joblib
import numpy as np
import pytest
from checks import PROCESSES
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_recurrent import GRUClassifier, GRURegressor, RNNClassifier, RNNRegressor, as_sequences
from sklearn_recurrent._core import network
from sklearn_recurrent._estimators import base

BACKENDS = {"loky": PROCESSES, "threading": {"backend": "threading", "n_jobs": 2}}
GRID = {"alpha": [0.0, 1.0], "hidden_layer_sizes": [3, 4]}
TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "batch_size": 10, "random_state": 0}


def assert_same_search(one, other):
    assert one.best_params_ == other.best_params_
    assert one.cv_results_["mean_test_score"].tolist() == other.cv_results_["mean_test_score"].tolist()
    assert one.best_estimator_.theta_.tobytes() == other.best_estimator_.theta_.tobytes()


# --- searches ---------------------------------------------------------------------------------------------------------


@pytest.mark.each_choice
@pytest.mark.parametrize("form", [list, as_sequences])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_search_finds_the_same_bits_in_any_backend(ragged, labels, backend, form):
    X = form(ragged)
    search = GridSearchCV(GRUClassifier(**TINY), GRID, cv=2, scoring="neg_log_loss", error_score="raise")
    expected = clone(search).set_params(n_jobs=1).fit(X, labels)
    with joblib.parallel_config(**BACKENDS[backend]):
        assert_same_search(search.fit(X, labels), expected)


def test_sequences_may_come_as_read_only_memory_maps(ragged, labels):
    """Arrays of more than max_nbytes, 1 MB by default, are one file for all workers, also if they lie in a list."""
    search = GridSearchCV(GRUClassifier(**TINY), GRID, cv=2, scoring=is_mapped, error_score="raise", refit=False)
    with joblib.parallel_config(**PROCESSES):
        assert search.fit(ragged, labels).cv_results_["mean_test_score"].tolist() == [1] * 4


def is_mapped(model, X, y):
    """A scorer: of any model."""
    return float(isinstance(X[0], np.memmap) and not X[0].flags.writeable)


def threads_of_blas(model=None, X=None, y=None):
    """A scorer: of any model."""
    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1)


def threads_of_a_worker(model, X, y):
    """A scorer, called after fit; `model` has recorded the threads of BLAS during fit as its validation scores."""
    return {
        "blas_in_fit": max(model.validation_scores_),
        "blas": threads_of_blas(),
        "jobs": joblib.effective_n_jobs(model.n_jobs),
        "workers": model._worker_pool(model.theta_.dtype).n_threads,
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_worker_computes_in_one_thread_whatever_BLAS_may_take(ragged, labels, backend):
    model = GRUClassifier(**TINY, early_stopping=True, scoring=threads_of_blas)
    search = GridSearchCV(model, GRID, cv=2, scoring=threads_of_a_worker, error_score="raise", refit=False)
    with threadpool_limits(2, user_api="blas"), joblib.parallel_config(**BACKENDS[backend]):
        allowed = threads_of_blas()
        results = search.fit(ragged, labels).cv_results_
        assert threads_of_blas() == allowed
    for name in ("blas_in_fit", "jobs", "workers"):
        assert results[f"mean_test_{name}"].tolist() == [1] * 4
    if backend == "loky":  # or the limit of one thread's fit is seen in the other thread
        assert results["mean_test_blas"].tolist() == [allowed] * 4


# --- successive halving -----------------------------------------------------------------------------------------------


def halving(**settings):
    return HalvingGridSearchCV(
        GRUClassifier(**TINY | settings),
        {"alpha": [0.0, 1.0], "learning_rate_init": [1e-2, 1e-3]},
        resource="max_iter",
        min_resources=1,
        max_resources=4,
        factor=2,
        cv=2,
        scoring="neg_log_loss",
        error_score="raise",
        random_state=0,
    )


def test_epochs_are_a_resource_of_successive_halving(ragged, labels):
    expected = halving().fit(ragged, labels)
    assert expected.n_resources_ == [1, 2, 4]
    assert expected.n_candidates_ == [4, 2, 1]
    assert expected.best_estimator_.n_iter_ == 4
    with joblib.parallel_config(**PROCESSES):
        assert_same_search(halving().fit(ragged, labels), expected)


def test_successive_halving_fits_each_candidate_anew(ragged, labels):
    """scikit-learn clones the estimator for every candidate, fold and round: there is nothing to start warm from.

    And a model of 1 epoch is no beginning of one of 2 while the learning rate falls along a cosine over max_iter.
    """
    search = halving(warm_start=True).fit(ragged, labels)
    assert_same_search(search, halving().fit(ragged, labels))
    assert search.best_estimator_.n_iter_ == 4


# --- chunks from disk -------------------------------------------------------------------------------------------------


def padded(X):
    cube = np.full((len(X), max(map(len, X)), X[0].shape[1]), np.nan)
    for row, x in zip(cube, X, strict=True):
        row[: len(x)] = x
    return cube


def as_joblib_files(folder, chunks):
    for i, chunk in enumerate(chunks):
        joblib.dump(chunk, folder / f"{i}.joblib")
    return (joblib.load(path) for path in sorted(folder.glob("*.joblib")))


def as_padded_arrays(folder, chunks):
    for i, (X, y) in enumerate(chunks):
        np.save(folder / f"X{i}.npy", padded(X))
        np.save(folder / f"y{i}.npy", y)
    for path in sorted(folder.glob("X*.npy")):
        yield np.load(path, mmap_mode="r"), np.load(path.with_name(path.name.replace("X", "y")))


def as_one_array(folder, chunks):
    """All steps end to end in one file, which no one reads as a whole."""
    X, y = [x for chunk, _ in chunks for x in chunk], np.concatenate([y for _, y in chunks])
    np.save(folder / "steps.npy", np.concatenate(X))
    steps, ends = np.load(folder / "steps.npy", mmap_mode="r"), np.cumsum([len(x) for x in X])
    size = len(chunks[0][0])
    for first in range(0, len(X), size):
        rows = range(first, first + size)
        yield [steps[ends[row] - len(X[row]) : ends[row]] for row in rows], y[first : first + size]


@pytest.fixture
def chunks(ragged, three_labels):
    """Four of them; the first does not hold all classes."""
    order = np.argsort(three_labels, kind="stable")
    parts = [order[start : start + 10] for start in range(0, 40, 10)]
    return [([ragged[row] for row in part], three_labels[part]) for part in parts]


@pytest.mark.parametrize("stored", [as_joblib_files, as_padded_arrays, as_one_array])
def test_chunks_from_disk_teach_what_chunks_in_memory_do(tmp_path, chunks, stored):
    expected, model = GRUClassifier(**TINY), GRUClassifier(**TINY)
    for i, (X, y) in enumerate(chunks):
        expected.partial_fit(X, y, classes=["a", "b", "c"] if i == 0 else None)  # given once
    for i, (X, y) in enumerate(stored(tmp_path, chunks)):
        model.partial_fit(X, y, classes=["a", "b", "c"] if i == 0 else None)
    assert model.n_iter_ == len(model.loss_curve_) == 4
    assert model.t_ == 40
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.theta_.tobytes() == expected.theta_.tobytes()


def test_a_model_grows_over_many_passes_and_a_stop_between(tmp_path, chunks):
    """A pass ends, the model is stored, another process goes on: the same bits as without a stop."""
    targets = [np.array([x[:, 0].mean() for x in X]) for X, _ in chunks]

    def passes(model, n):
        for _ in range(n):
            for (X, _), y in zip(chunks, targets, strict=True):
                model.partial_fit(X, y)
        return model

    joblib.dump(passes(GRURegressor(**TINY), 2), tmp_path / "model")
    model, expected = passes(joblib.load(tmp_path / "model"), 2), passes(GRURegressor(**TINY), 4)
    assert model.n_iter_ == 16
    assert model.theta_.tobytes() == expected.theta_.tobytes()
    assert np.mean(model.loss_curve_[-4:]) < np.mean(model.loss_curve_[:4])


# --- a training set is not copied -------------------------------------------------------------------------------------

LARGE = {
    "list": list,
    "array of objects": as_sequences,
    "padded": padded,
    "cube": lambda X: np.stack([x[:50] for x in X]),
}


@pytest.mark.parametrize("form", LARGE.values(), ids=LARGE)
def test_neither_a_fit_nor_a_prediction_copies_the_sequences(form, monkeypatch):
    monkeypatch.setattr(base, "COPIED", 0)
    monkeypatch.setattr(network, "PREDICTION_BYTES", 1 << 18)  # what a prediction holds at once
    rng = np.random.default_rng(0)
    X = form([rng.normal(size=(length, 8)) for length in rng.integers(50, 150, 1500)])
    y, size = rng.integers(3, size=1500), sum(x.nbytes for x in X)  # 4.8 MB or more
    model = GRUClassifier(2, bidirectional=False, max_iter=1, batch_size=20)
    for work in (lambda: model.fit(X, y), lambda: model.predict(X)):
        tracemalloc.start()
        try:
            work()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < size / 2


def test_a_fit_of_five_million_values_does_not_copy_them():
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((length, 64), np.float32) for length in rng.integers(100, 220, 500)]
    model = GRUClassifier(2, bidirectional=False, pooling="last", max_iter=1, batch_size=20)
    tracemalloc.start()
    try:
        model.fit(X, rng.integers(2, size=500))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < sum(x.nbytes for x in X) / 2


@pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "settings", [{}, {"early_stopping": True}, {"return_sequences": True}, {"solver": "lbfgs"}], ids=str
)
def test_a_copy_changes_no_bit(ragged, labels, monkeypatch, settings, dtype):
    """Neither of scaled values, nor of what the scorer and the loss of validation see."""
    X = [(100 * x).astype(dtype) for x in ragged]
    y = [x[:, 0] > 0 for x in X] if "return_sequences" in settings else labels
    model = RNNClassifier(4, max_iter=4, random_state=0, **settings)
    expected = clone(model).fit(X, y)
    monkeypatch.setattr(base, "COPIED", 0)
    assert model.fit(X, y).theta_.tobytes() == expected.theta_.tobytes()
    assert model.validation_loss_curve_ == expected.validation_loss_curve_


def test_what_is_too_large_for_the_type_is_refused_without_a_copy_too(ragged, labels, monkeypatch):
    monkeypatch.setattr(base, "COPIED", 0)
    model = RNNRegressor(4, standardize=False).fit([x.astype(np.float32) for x in ragged], np.arange(40))
    before = dict(vars(model))
    X = [*ragged[:-1], ragged[-1] * 1e39]
    for method in (lambda: model.predict(X), lambda: model.partial_fit(X, np.arange(40))):
        with pytest.raises(ValueError, match="X contains values too large for float32"):
            method()
    assert vars(model) == before


def test_a_fit_reads_sequences_from_disk_batch_by_batch(tmp_path, chunks, monkeypatch):
    """Slices of a file of all steps; the file is larger than memory as it may be."""
    monkeypatch.setattr(base, "COPIED", 0)
    X, y = [x for chunk, _ in chunks for x in chunk], np.concatenate([y for _, y in chunks])
    ((mapped, _),) = as_one_array(tmp_path, [(X, y)])
    assert all(isinstance(x, np.memmap) for x in mapped)
    assert GRUClassifier(**TINY).fit(mapped, y).theta_.tobytes() == GRUClassifier(**TINY).fit(X, y).theta_.tobytes()
