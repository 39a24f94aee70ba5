"""Searches on a Dask cluster: a real one, of two processes on this machine.

``make scale-out`` installs Dask and dask-ml and runs this file; where they are missing, its tests are skipped.
"""

import os
import signal
from contextlib import contextmanager

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from sklearn_recurrent import GRUClassifier, as_sequences

distributed = pytest.importorskip("distributed")

TINY = {"hidden_layer_sizes": 3, "max_iter": 1, "batch_size": 50, "random_state": 0}
GRID = {"alpha": [0.0, 1.0], "learning_rate_init": [1e-1, 1e-2, 1e-3]}
N = 300
"""Sequences: from 1 kB on joblib gives an array to one worker, and others get it from there."""


@contextmanager
def cluster():
    """A client of two processes with one thread each."""
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client():
    with cluster() as client:
        yield client


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in rng.integers(1, 6, N)]
    return X, np.array(["low", "high"])[[int(x[:, 0].sum() > 0) for x in X]]


def search_by(scoring):
    return GridSearchCV(GRUClassifier(**TINY), GRID, cv=2, scoring=scoring, refit="score", error_score="raise")


def score(model, X, y):
    """A scorer: what is compared."""
    return {"score": model.score(X, y)}


class Witness:
    """A scorer that leaves a file for each call, named after the worker: it fails outside of the cluster.

    The first worker to score once more after `deaths_after` calls in all, if that is a number, kills its own process.
    """

    def __init__(self, folder, deaths_after=None):
        self.folder, self.deaths_after = folder, deaths_after

    def __call__(self, model, X, y):
        calls = [path.name for path in self.folder.glob("call *")]
        if self.deaths_after is not None and len(calls) >= self.deaths_after and self.is_first_to_die():
            os.kill(os.getpid(), signal.SIGKILL)
        (self.folder / f"call {len(calls)} {distributed.get_worker().name} {os.getpid()}").touch()
        return score(model, X, y)

    def is_first_to_die(self):
        try:
            (self.folder / "death").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def workers(self):
        """Names and process ids of who called."""
        return {tuple(path.name.split()[2:]) for path in self.folder.glob("call *")}


def assert_same_search(found, expected):
    assert found.best_params_ == expected.best_params_
    assert found.cv_results_["mean_test_score"].tolist() == expected.cv_results_["mean_test_score"].tolist()
    assert found.best_estimator_.theta_.tobytes() == expected.best_estimator_.theta_.tobytes()


@pytest.mark.parametrize("scatter", [False, True], ids=["sent as needed", "scattered"])
@pytest.mark.parametrize("form", [list, as_sequences])
def test_a_search_on_the_cluster_finds_the_same_bits(client, data, tmp_path, form, scatter):
    X, y = form(data[0]), data[1]
    expected = clone(search_by(score)).fit(X, y)
    witness = Witness(tmp_path)
    with joblib.parallel_config(backend="dask", scatter=[X, y] if scatter else None):
        # Refitting is done here, not on the cluster, and does not score.
        found = search_by(witness).fit(X, y)
    pids = client.run(os.getpid)
    addresses = client.scheduler_info()["workers"]
    assert witness.workers() == {(str(addresses[at]["name"]), str(pid)) for at, pid in pids.items()}
    assert len(pids) == 2
    assert os.getpid() not in pids.values()
    assert_same_search(found, expected)


@pytest.mark.parametrize("deaths_after", [0, 5], ids=["at the first score", "after five"])
@pytest.mark.parametrize("scatter", [False, True], ids=["sent as needed", "scattered"])
def test_a_search_survives_the_death_of_a_worker(data, tmp_path, scatter, deaths_after):
    """What goes with a task can be sent anew, and what was scattered is on the other worker, too."""
    X, y = data[0], data[1] if scatter else data[1].tolist()
    folds = [(train.tolist(), test.tolist()) for train, test in StratifiedKFold(2).split(X, y)]
    expected = search_by(score).set_params(cv=folds).fit(X, y)
    witness = Witness(tmp_path, deaths_after)
    with cluster() as client:
        before = set(client.run(os.getpid).values())
        with joblib.parallel_config(backend="dask", scatter=[X, y] if scatter else None):
            found = search_by(witness).set_params(cv=folds).fit(X, y)
        client.wait_for_workers(2, timeout=60)
        after = set(client.run(os.getpid).values())
    assert (tmp_path / "death").exists()
    assert len(before - after) == 1  # another took its place
    assert_same_search(found, expected)


def threads_in_fit(model, X, y):
    """A scorer, called on a worker: with how many threads `model` computes there."""
    return model._worker_pool(model.theta_.dtype).n_threads


def test_a_worker_computes_in_one_thread(client, data):
    with joblib.parallel_config(backend="dask"):
        search = search_by(threads_in_fit).set_params(refit=False).fit(*data)
    assert search.cv_results_["mean_test_score"].tolist() == [1] * 6


@pytest.mark.parametrize("features", [None, 3])
def test_Incremental_of_dask_ml_learns_chunk_by_chunk(client, features):
    """Sequences lie flat in the rows of a 2-D array."""
    wrappers = pytest.importorskip("dask_ml.wrappers", exc_type=ImportError)
    array = pytest.importorskip("dask.array")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 12))
    y = (X.sum(axis=1) > 0).astype(int)
    model, expected = GRUClassifier(**TINY, input_size=features), GRUClassifier(**TINY, input_size=features)
    for start in range(0, 90, 30):
        expected.partial_fit(X[start : start + 30], y[start : start + 30], classes=[0, 1])
    chunks = array.from_array(X, chunks=(30, -1)), array.from_array(y, chunks=30)
    incremental = wrappers.Incremental(model, shuffle_blocks=False).fit(*chunks, classes=[0, 1])
    assert incremental.estimator_.theta_.tobytes() == expected.theta_.tobytes()
    assert np.array_equal(incremental.predict(chunks[0]).compute(), expected.predict(X))
