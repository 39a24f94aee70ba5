"""A fitted model as a pickle, a joblib file, a copy: the same predictions, in another process too."""

import copy
import io
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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


# --- skops: files that are opened without trust in them ---------------------------------------------------------------


def texts_of(X):
    return [" ".join("abc"[int(abs(value)) % 3] for value in x[:, 0]) for x in X]


def stored_models(X):
    """Name → model, X and y, of every estimator and of Pipelines, with every part that a file may hold."""
    X = [x[:, :2] for x in X]
    n = len(X)
    labels = np.array(["no", "yes"])[np.arange(n) % 2]
    numbers = np.arange(n) / n
    tokens = [np.abs(np.rint(x[:, 0])).astype(int) for x in X]
    colors = [np.stack([np.array(["red", "blue"], object)[(x[:, 0] > 0).astype(int)], x[:, 1]], axis=1) for x in X]
    windows = np.array([np.resize(x, (4, 2)) for x in X]).reshape(n, 4, 2)
    yield from ((cls.__name__, cls(**TINY), X, labels) for cls in CLASSIFIERS)
    yield from ((cls.__name__, cls(**TINY), X, numbers) for cls in REGRESSORS)
    yield "Seq2SeqClassifier", sr.Seq2SeqClassifier(**TINY), X, [list("ab"[: 1 + k % 2]) for k in range(n)]
    yield "Seq2SeqRegressor", sr.Seq2SeqRegressor(**TINY), X, [np.arange(1.0 + k % 3) for k in range(n)]
    yield "PerWindow", sr.PerWindow(sr.GRURegressor(**TINY), target=0), windows, windows[:, -1, 0]
    yield "tokens", sr.GRUClassifier(**TINY, embedding_dim=2), tokens, labels
    yield "categories", sr.GRUClassifier(**TINY, categorical_features=[0]), colors, labels
    yield "each step", sr.GRURegressor(**TINY, return_sequences=True), X, [x[:, 0] for x in X]
    yield "quantiles", sr.LSTMRegressor(**TINY, loss="quantile", quantile=[0.1, 0.9]), X, numbers
    yield "early stopping", sr.LSTMClassifier(**TINY, early_stopping=True, validation_fraction=0.3), X, labels
    per_step = make_pipeline(sr.PerTimestep(StandardScaler()), sr.GRUClassifier(**TINY))
    yield "PerTimestep", per_step, X, labels
    yield "PerSequence", make_pipeline(sr.PerSequence(StandardScaler()), sr.LSTMRegressor(**TINY)), X, numbers
    by_text = make_pipeline(sr.SequenceTokenizer(), sr.GRUClassifier(**TINY, embedding_dim=2))
    yield "SequenceTokenizer", by_text, texts_of(X), labels
    yield "SequencePadder", make_pipeline(sr.SequencePadder(), sr.RNNRegressor(**TINY)), X, numbers


def assert_equal_rows(outputs, others):
    for one, other in zip(outputs, others, strict=True):
        assert all(np.array_equal(*rows) for rows in zip(one, other, strict=True))
        assert one.dtype == other.dtype


NAMES = [name for name, *_ in stored_models([])]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", NAMES)
def test_skops_asks_for_public_classes_alone_and_loads_what_was_stored(name, ragged):
    io_of_skops = pytest.importorskip("skops.io")
    (model, X, y), *_ = [found for label, *found in stored_models(ragged) if label == name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such small sets have likely mistakes
        model.fit(X, y)
    stored = io_of_skops.dumps(model)
    asked_for = io_of_skops.get_untrusted_types(data=stored)
    assert set(asked_for) <= {f"sklearn_recurrent.{public}" for public in sr.__all__}
    loaded = io_of_skops.loads(stored, trusted=asked_for)
    assert_equal_rows(outputs_of(loaded, X), outputs_of(model, X))
    if hasattr(model, "partial_fit"):
        assert_equal_rows(outputs_of(loaded.partial_fit(X, y), X), outputs_of(model.partial_fit(X, y), X))


# --- what is in a file ------------------------------------------------------------------------------------------------


def stored_by(model, versions):
    """A model as it would come from a file that other versions stored; None: one that tells of none."""
    state = model.__getstate__()
    del state["_stored_by"]
    if versions is not None:
        state["_stored_by"] = versions
    loaded = type(model).__new__(type(model))
    loaded.__setstate__(state)
    return loaded


HERE = {"sklearn_recurrent": sr.__version__, "scikit-learn": sklearn.__version__}
OTHERS = {
    "an older one": (HERE | {"sklearn_recurrent": "0.0.9"}, "sklearn_recurrent 0.0.9, not "),
    "a newer one": (HERE | {"sklearn_recurrent": "99.0.0"}, "sklearn_recurrent 99.0.0, not "),
    "an older scikit-learn": (HERE | {"scikit-learn": "1.5.0"}, "by scikit-learn 1.5.0, not "),
    "both": ({"sklearn_recurrent": "9", "scikit-learn": "8"}, "sklearn_recurrent 9, not .* and scikit-learn 8, not "),
    "none": (None, "sklearn_recurrent unknown, not .* and scikit-learn unknown, not "),
    "nonsense": ("1.0", "sklearn_recurrent unknown, not .* and scikit-learn unknown, not "),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_file_of_other_versions_warns_which_package_differs(estimator, data, case):
    X, y = data
    versions, message = OTHERS[case]
    model = estimator(**TINY).fit(X, y)
    with pytest.warns(sr.StoredVersionWarning, match=message) as caught:
        loaded = stored_by(model, versions)
    assert issubclass(sr.StoredVersionWarning, InconsistentVersionWarning)
    assert caught[0].message.current_sklearn_version == sklearn.__version__
    assert caught[0].message.estimator_name == estimator.__name__
    assert caught[0].filename == __file__
    assert_same_outputs(loaded, model, X)
    assert vars(loaded).keys() == vars(model).keys()


def test_a_file_of_these_versions_does_not_warn_and_leaves_no_attribute(estimator, data):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    assert vars(loaded).keys() == vars(model).keys()
    pickle.loads(pickle.dumps(estimator()))


STORED = Path(__file__).with_name("stored_models.pickle")


def test_models_that_were_stored_before_there_were_versions_predict_what_they_did():
    with pytest.warns(sr.StoredVersionWarning, match="sklearn_recurrent unknown"):
        stored = pickle.loads(STORED.read_bytes())
    assert len(stored) >= 8
    for name, (model, X, expected) in stored.items():
        found = model.predict(X)
        assert len(found) == len(expected), name
        for one, other in zip(found, expected, strict=True):
            if np.asarray(other).dtype.kind == "f":
                np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
            else:
                assert np.array_equal(one, other), name


# --- for_deployment ---------------------------------------------------------------------------------------------------


def test_a_model_for_deployment_predicts_the_same_and_takes_a_third_of_the_space(estimator, data):
    X, y = data
    model = estimator(32, max_iter=3, random_state=0).fit(X, y)
    before = vars(model).copy()
    small = model.for_deployment()
    assert_same_outputs(small, model, X)
    assert vars(model) == before
    assert len(pickle.dumps(small)) < 0.4 * len(pickle.dumps(model))
    assert small.loss_ == model.loss_
    assert small.n_iter_ == model.n_iter_


def test_a_model_for_deployment_goes_on_with_a_new_optimizer_and_says_so_once(estimator, data):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    small = pickle.loads(pickle.dumps(model.for_deployment()))
    with pytest.warns(UserWarning, match="without the state of its optimizer, which starts anew"):
        small.partial_fit(X, y)
    assert not np.array_equal(small.theta_, model.theta_)
    assert small.n_iter_ == model.n_iter_ + 1
    small.partial_fit(X, y)  # any warning is an error here
    assert "_for_deployment" not in vars(small)


def test_a_model_for_deployment_that_is_fitted_again_is_as_any(estimator, data):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    assert np.array_equal(model.for_deployment().fit(X, y).theta_, model.theta_)


def test_only_a_fitted_model_is_for_deployment(estimator):
    with pytest.raises(NotFittedError):
        estimator().for_deployment()
