"""Public classes and functions say that they live in `sklearn_recurrent`, wherever their source is."""

import doctest
import inspect
import os
import pickle
import pickletools
import re
import shutil
import subprocess
import sys
import typing
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_recurrent as sr

PACKAGE = Path(sr.__file__).parent
PUBLIC = {name: getattr(sr, name) for name in sr.__all__}
SMALL = {"max_iter": 1, "random_state": 0}
rng = np.random.default_rng(0)
X = rng.normal(size=(12, 6, 2))
labels, numbers = np.arange(12) % 3, X.sum(axis=(1, 2))
steps = [["a", "b"], ["b"]] * 6
texts = ["not bad", "bad", "good"] * 4


def stored():
    """Name → object, of every public class that users store, fitted."""
    yield from ((cls.__name__, cls(4, **SMALL).fit(X, labels)) for cls in (sr.GRUClassifier, sr.LSTMClassifier))
    yield "RNNClassifier", sr.RNNClassifier(4, early_stopping=True, **SMALL).fit(X, labels)
    for cls in (sr.GRURegressor, sr.LSTMRegressor, sr.RNNRegressor):
        yield cls.__name__, cls(4, bidirectional=False, **SMALL).fit(X, numbers)
    yield "Seq2SeqClassifier", sr.Seq2SeqClassifier(4, **SMALL).fit(X, steps)
    yield "Seq2SeqRegressor", sr.Seq2SeqRegressor(4, **SMALL).fit(X, X[:, :3, 0])
    yield "SequencePadder", sr.SequencePadder().fit(X)
    yield "SequenceTokenizer", sr.SequenceTokenizer().fit(texts)
    yield "PerSequence", sr.PerSequence(StandardScaler()).fit(X)
    yield "PerWindow", sr.PerWindow(sr.GRURegressor(4, **SMALL), target=0).fit(X, X[:, -2:, 0])
    yield "PerTimestep", sr.PerTimestep(StandardScaler()).fit(X)
    yield "CutoffSplit", sr.CutoffSplit(horizon=2, freq="D")
    yield "Windows", sr.sliding_windows(np.arange(9.0), window=3, horizon=2)
    yield "AttentionDisplay", sr.AttentionDisplay([0.5, 0.5])
    yield "ForecastDisplay", sr.ForecastDisplay([1.0, 2.0])
    yield "GateDisplay", sr.GateDisplay({"h": [[0.5], [1.0]]})
    yield "GradientFlowDisplay", sr.GradientFlowDisplay({"layer_0/forward": [1.0, 0.5]})
    yield "LossCurveDisplay", sr.LossCurveDisplay({"model": [2.0, 1.0]})
    yield "SaliencyDisplay", sr.SaliencyDisplay([0.5, 1.0])
    yield "SequenceClassificationDisplay", sr.SequenceClassificationDisplay([[0.5, 0.5]])
    yield "SequenceDataWarning", sr.SequenceDataWarning("zeros")
    versions = {"sklearn_recurrent": "0.0.1", "scikit-learn": "1.6.0"}
    yield (
        "StoredVersionWarning",
        sr.StoredVersionWarning(estimator_name="GRURegressor", stored_by={}, loaded_by=versions),
    )
    model = sr.LSTMRegressor(4, bidirectional=False, **SMALL).fit(X, numbers)
    yield "StreamState", model.predict(X, return_state=True)[1]
    pipeline = make_pipeline(
        sr.PerTimestep(StandardScaler()), sr.GRUClassifier(4, return_sequences=True, bidirectional=False, **SMALL)
    )
    targets = [(x[:, 0] > 0).astype(int) for x in X]
    yield "a search", GridSearchCV(pipeline, {}, cv=2, scoring=sr.sequence_scorer("f1_macro")).fit(list(X), targets)


STORED = dict(stored())


def test_every_public_class_is_stored_here():
    assert {name for name, thing in PUBLIC.items() if inspect.isclass(thing)} <= set(STORED)


@pytest.mark.parametrize("name", sr.__all__)
def test_a_public_name_says_where_it_is_imported_from(name):
    assert PUBLIC[name].__module__ == "sklearn_recurrent"
    assert pickle.loads(pickle.dumps(PUBLIC[name])) is PUBLIC[name]


@pytest.mark.parametrize("name", sr.__all__)
def test_the_annotations_of_a_public_name_and_of_its_methods_can_be_read(name):
    thing = PUBLIC[name]
    own = vars(thing).get("__annotations__", {})
    assert own.items() <= typing.get_type_hints(thing).items()
    assert not [annotation for annotation in own.values() if isinstance(annotation, str | typing.ForwardRef)]
    for attribute in dir(thing) if inspect.isclass(thing) else ():
        method = getattr(thing, attribute)
        if str(getattr(method, "__module__", None)).startswith("sklearn_recurrent"):
            typing.get_type_hints(method)


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize("name", STORED)
def test_what_is_stored_names_no_private_module(name, protocol):
    names = [text for _, text, _ in pickletools.genops(pickle.dumps(STORED[name], protocol)) if isinstance(text, str)]
    assert any(re.match(r"sklearn_recurrent\b", text) for text in names)
    assert not [text for text in names if text.startswith("sklearn_recurrent.")]


def test_what_is_stored_can_be_read_when_all_private_modules_have_moved(tmp_path):
    elsewhere = tmp_path / "sklearn_recurrent"
    shutil.copytree(PACKAGE, elsewhere, ignore=shutil.ignore_patterns("__pycache__"))
    moves = {
        "_estimators": "_models",
        "_data": "_forms",
        "_core": "_engine",
        "_export": "_exit",
        "_plot": "_pictures",
    }
    for old, new in moves.items():
        (elsewhere / old).rename(elsewhere / new)
    for path in elsewhere.rglob("*.py"):
        source = path.read_text("utf-8")
        for old, new in moves.items():
            source = re.sub(rf"(from \.+){old}\b", rf"\1{new}", source)
        path.write_text(source, "utf-8")
    expected = {name: STORED[name].predict(X) for name in STORED if hasattr(STORED[name], "predict")}
    (tmp_path / "stored.pkl").write_bytes(pickle.dumps((STORED, expected, X)))
    code = """
        import pickle, sys
        import numpy as np
        stored, expected, X = pickle.load(open("stored.pkl", "rb"))
        assert {name.split(".")[1] for name in sys.modules if name.startswith("sklearn_recurrent.")} == {
            "_engine", "_exit", "_forms", "_models", "_pictures", "_sklearn", "_version"}
        for name, predictions in expected.items():
            found = stored[name].predict(X)
            assert all(map(np.array_equal, found, predictions)), name
        x, state = X[:, 0], stored["StreamState"]
        assert np.isfinite(stored["LSTMRegressor"].step(x, state)[0]).all()
        assert stored["Windows"].X.shape == (5, 3)
    """
    program = "\n".join(line[8:] for line in code.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()


# --- doctests: pytest looks for those of a class where it says that it lives ------------------------------------------


def examples_of(name, thing):
    """The doctests of a class or function and, of a class, of all its methods that are written here."""
    finder = doctest.DocTestFinder(exclude_empty=True, recurse=False)
    yield from finder.find(thing, name, module=False, globs={})
    for attribute in dir(thing) if inspect.isclass(thing) else ():
        method = inspect.getattr_static(thing, attribute)
        method = getattr(method, "fn", method)  # of available_if
        if str(getattr(method, "__module__", None)).startswith("sklearn_recurrent"):
            yield from finder.find(method, f"{name}.{attribute}", module=False, globs={})


def test_the_examples_of_all_public_names_are_collected_by_pytest():
    collected = {test.name for test in doctest.DocTestFinder().find(sr, "sklearn_recurrent") if test.examples}
    with_examples = {f"sklearn_recurrent.{name}" for name, thing in PUBLIC.items() if ">>>" in inspect.getdoc(thing)}
    assert with_examples == {f"sklearn_recurrent.{name}" for name in PUBLIC}
    assert collected == with_examples


@pytest.mark.parametrize("name", [name for name, thing in PUBLIC.items() if inspect.isclass(thing)])
def test_the_examples_of_methods_run(name):
    """Of these pytest sees none: a method's module is not that of its class."""
    runner = doctest.DocTestRunner()
    for test in examples_of(name, PUBLIC[name]):
        if test.name != name:
            runner.run(test)
    assert not runner.failures


def test_an_example_of_a_method_would_be_found():
    class Toy(sr.LSTMClassifier):
        def method(self):
            """Add.

            >>> 1 + 1
            3
            """

    Toy.method.__module__ = "sklearn_recurrent._somewhere"
    (test,) = [test for test in examples_of("Toy", Toy) if test.name == "Toy.method"]
    assert doctest.DocTestRunner(verbose=False).run(test, out=lambda text: None).failed == 1
