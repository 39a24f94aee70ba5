"""What all tests share: the environment, before NumPy and scikit-learn are imported, and ragged data."""

import gc
import os
import zlib
from collections import Counter
from itertools import combinations
from operator import itemgetter

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # or scikit-learn skips check_array_api_input
os.environ.setdefault("MPLBACKEND", "Agg")  # doctests draw, and open no windows
for library in ("OMP", "OPENBLAS", "MKL"):  # several workers, each with threads of its own, would wait for each other
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402

import sklearn_recurrent as sr  # noqa: E402


@pytest.hookimpl(tryfirst=True)  # before tests are deselected by their marks
def pytest_collection_modifyitems(items):
    """Of a product of parameters `make test` runs as many tests as meet each pair of values, or, if it is marked
    `each_choice`, each value; `make matrix` runs all."""
    products = {}
    for item in items:
        if hasattr(item, "callspec") and not item.get_closest_marker("matrix"):
            products.setdefault(item.originalname + str(item.path), []).append(item)
    for product in products.values():
        mark = product[0].get_closest_marker("each_choice")
        unneeded = []
        if mark:
            unneeded = left_out(product, 1, mark.kwargs.get("times", 1))
        elif len(product[0].callspec.params) > 2:
            unneeded = left_out(product, 2)
        for item in unneeded:
            item.add_marker(pytest.mark.matrix)


def left_out(product, n_values, times=1):
    """The tests of a product that are not needed, if each choice of so many values is to be met so many times."""
    missing = Counter()
    choices = {}
    for item in product:
        values = [(name, id(value)) for name, value in sorted(item.callspec.params.items(), key=itemgetter(0))]
        choices[item] = list(combinations(values, n_values))
        for choice in choices[item]:
            missing[choice] = min(missing[choice] + 1, times)
    rest = sorted(product, key=lambda item: zlib.crc32(item.name.encode()))  # mixed, the same in each process
    while any(missing.values()):
        best = max(rest, key=lambda item: sum(missing[choice] > 0 for choice in choices[item]))
        rest.remove(best)
        for choice in choices[best]:
            missing[choice] = max(missing[choice] - 1, 0)
    return rest


def pytest_collection_finish():
    """The garbage collector need not look through twelve thousand tests again and again."""
    gc.collect()
    gc.freeze()


CLASSIFIERS = [sr.RNNClassifier, sr.LSTMClassifier, sr.GRUClassifier]
REGRESSORS = [sr.RNNRegressor, sr.LSTMRegressor, sr.GRURegressor]
TASKS = [sr.RNNClassifier, sr.RNNRegressor, sr.Seq2SeqClassifier, sr.Seq2SeqRegressor]


def name_of(cls):
    return cls.__name__


def one_of_each_kind(classes):
    """An LSTM that classifies and a GRU in a regression; the others differ from them by the cell that they preset, and
    `make matrix` runs them too."""
    return [
        pytest.param(cls, marks=() if cls in (sr.LSTMClassifier, sr.GRURegressor) else pytest.mark.matrix)
        for cls in classes
    ]


@pytest.fixture(params=one_of_each_kind(CLASSIFIERS), ids=name_of)
def classifier(request):
    """Each class of classifiers."""
    return request.param


@pytest.fixture(params=one_of_each_kind(REGRESSORS), ids=name_of)
def regressor(request):
    """Each class of regressors."""
    return request.param


@pytest.fixture(params=one_of_each_kind(CLASSIFIERS + REGRESSORS), ids=name_of)
def estimator(request):
    """Each class of estimators."""
    return request.param


@pytest.fixture
def ragged():
    """40 sequences of 3 to 9 steps and 2 features."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, 2)) for length in rng.integers(3, 10, 40)]


@pytest.fixture
def labels(ragged):
    """Two classes, by the sum of the first feature."""
    return np.array(["low", "high"])[[int(x[:, 0].sum() > 0) for x in ragged]]


@pytest.fixture
def three_labels(ragged):
    """Three classes of equal size, by the sum of the first feature."""
    sums = np.array([x[:, 0].sum() for x in ragged])
    return np.array(["a", "b", "c"])[np.digitize(sums, np.quantile(sums, [1 / 3, 2 / 3]))]


@pytest.fixture
def numbers(ragged):
    """A number for each sequence, in a unit of its own: around 500, spread 10."""
    return 500 + 10 * np.array([x[:, 0].mean() - x[-1, 1] for x in ragged])


@pytest.fixture
def data(request, ragged):
    """Sequences, and targets for the class in the fixture `estimator`."""
    is_classifier = request.getfixturevalue("estimator") in CLASSIFIERS
    return ragged, request.getfixturevalue("labels" if is_classifier else "numbers")


@pytest.fixture(params=TASKS, ids=name_of)
def task(request, ragged, labels, numbers):
    """A class of estimators of each kind, sequences, targets."""
    y = {
        sr.RNNClassifier: labels,
        sr.RNNRegressor: numbers,
        sr.Seq2SeqClassifier: [np.where(x[:3, 0] > 0, "high", "low")[: 2 + len(x) % 2] for x in ragged],
        sr.Seq2SeqRegressor: [x[:3].sum(axis=1) for x in ragged],
    }[request.param]
    return request.param, ragged, y


@pytest.fixture
def cube():
    """Sequences as a 3-D array, padded with NaN behind."""

    def pad(X, *, width=None, before=0):
        width = width or max(map(len, X)) + before
        padded = np.full((len(X), width, X[0].shape[1]), np.nan, X[0].dtype)
        for row, x in zip(padded, X, strict=True):
            row[before : before + len(x)] = x
        return padded

    return pad
