"""A fitted model as a pickle, a joblib file, a copy: the same predictions, in another process too."""

import copy
import io
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone

import sklearn_recurrent as sr
from sklearn_recurrent import RNNClassifier
from sklearn_recurrent._core.cells.registry import CELLS

CLASSIFIERS = [sr.RNNClassifier, sr.LSTMClassifier, sr.GRUClassifier]
REGRESSORS = [sr.RNNRegressor, sr.LSTMRegressor, sr.GRURegressor]
TINY = {"hidden_layer_sizes": 3, "max_iter": 3, "random_state": 0}


def outputs_of(model, X):
    methods = ("predict", "predict_proba", "predict_log_proba", "decision_function")
    return [getattr(model, method)(X) for method in methods if hasattr(model, method)]


def assert_same_outputs(one, other, X):
    for ours, theirs in zip(outputs_of(one, X), outputs_of(other, X), strict=True):
        assert np.array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    return joblib.load(io.BytesIO(file.getvalue()))


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "oldest pickle": lambda model: pickle.loads(pickle.dumps(model, protocol=2)),
    "joblib": by_joblib,
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_predicts_the_same(estimator, data, way):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    copied = COPIES[way](model)
    assert_same_outputs(copied, model, X)
    assert copied.get_params() == model.get_params()
    assert {name: w.tolist() for name, w in copied.weights_.items()} == {
        name: w.tolist() for name, w in model.weights_.items()
    }


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_survives_a_pickle(cell, ragged, labels):
    model = RNNClassifier(cell=cell, **TINY).fit(ragged, labels)
    assert_same_outputs(pickle.loads(pickle.dumps(model)), model, ragged)


PARTS = {
    "attention": {"pooling": ("attention", "max")},
    "tokens": {"embedding_dim": 3},
    "vectors": {"embedding_dim": 3, "embedding_init": np.ones((2, 3)), "embedding_trainable": False},
    "categories": {"categorical_features": [1]},
    "a target for each step": {"return_sequences": True},
    "dropout": {"dropout": 0.2, "recurrent_dropout": 0.2},
    "two threads": {"n_jobs": 2},
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.each_choice(times=2)
def test_a_copy_of_every_part_of_the_toolbox_predicts_and_learns_on(estimator, data, way, part):
    X, y = data
    if part in ("tokens", "vectors"):
        X = [np.abs(np.rint(x[:, 0])).astype(int) for x in X]
    if part == "categories":
        X = [np.column_stack([x[:, 0], np.rint(x[:, 1])]) for x in X]
    if part == "a target for each step":
        y = [np.full(len(x), target) for x, target in zip(X, y, strict=True)]
    model = estimator(**TINY, **PARTS[part]).fit(X, y)
    copied = COPIES[way](model)
    for one, other in zip(outputs_of(copied, X), outputs_of(model, X), strict=True):
        assert all(np.array_equal(*rows) for rows in zip(one, other, strict=True))
    assert np.array_equal(copied.partial_fit(X, y).theta_, model.partial_fit(X, y).theta_)


def test_a_clone_fitted_again_predicts_the_same(estimator, data):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    assert_same_outputs(clone(model).fit(X, y), model, X)


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_copy_learns_on_as_the_original_does(estimator, data, solver, way):
    X, y = data
    model = estimator(**TINY, solver=solver).fit(X, y)
    copied = COPIES[way](model)
    before = model.theta_.copy()
    copied.partial_fit(X, y)
    assert np.array_equal(model.theta_, before), "the copy shares weights with the original"
    assert np.array_equal(model.partial_fit(X, y).theta_, copied.theta_)


def test_a_copy_of_an_unfitted_model_fits_the_same(estimator, data):
    X, y = data
    model = estimator(**TINY)
    assert_same_outputs(pickle.loads(pickle.dumps(model)).fit(X, y), model.fit(X, y), X)


def test_another_process_predicts_the_same(ragged, labels, numbers, tmp_path):
    models = [cls(**TINY).fit(ragged, labels) for cls in CLASSIFIERS] + [
        cls(**TINY).fit(ragged, numbers) for cls in REGRESSORS
    ]
    joblib.dump((models, ragged), tmp_path / "models.joblib")
    (tmp_path / "models.pickle").write_bytes(pickle.dumps((models, ragged)))
    program = (
        "import joblib, pickle\n"
        "models, X = joblib.load('models.joblib', mmap_mode='r')\n"
        "twins, _ = pickle.load(open('models.pickle', 'rb'))\n"
        "joblib.dump([[m.predict(X) for m in models], [m.predict(X) for m in twins]], 'predictions.joblib')\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    for predictions in joblib.load(tmp_path / "predictions.joblib"):
        for model, y in zip(models, predictions, strict=True):
            assert np.array_equal(model.predict(ragged), y)


def test_read_only_weights_on_disk_predict_and_learn_on(estimator, data, tmp_path):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    copied = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert isinstance(copied.theta_, np.memmap)
    assert not copied.theta_.flags.writeable
    assert_same_outputs(copied, model, X)
    copied.partial_fit(X, y)
    assert np.array_equal(copied.theta_, model.partial_fit(X, y).theta_)
    assert copied.theta_.flags.writeable


def test_read_only_data_on_disk_is_fitted_and_left_alone(estimator, data, tmp_path):
    X, y = data
    joblib.dump((X, y), tmp_path / "data.joblib")
    X_disk, y_disk = joblib.load(tmp_path / "data.joblib", mmap_mode="r")
    model = estimator(**TINY).fit(X_disk, y_disk)
    assert_same_outputs(model, estimator(**TINY).fit(X, y), X)
    assert type(model.theta_) is np.ndarray


def test_a_model_holds_its_weights_and_not_its_data(estimator):
    rng = np.random.default_rng(0)
    few, many = ([rng.normal(size=(20, 2)) for _ in range(n)] for n in (20, 500))
    sizes = [len(pickle.dumps(estimator(**TINY).fit(X, np.arange(len(X)) % 2))) for X in (few, many)]
    assert abs(sizes[1] - sizes[0]) < 100
    model = estimator(**TINY).fit(few, np.arange(20) % 2)
    assert sizes[0] < 3 * model.theta_.nbytes + 5000  # weights, and two moments of adam
