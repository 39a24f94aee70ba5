"""Signatures and docstrings of the estimators are static text, and equal to what is declared once."""

import importlib
import importlib.util
import inspect
import pydoc
import sys
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import sklearn_recurrent
from sklearn_recurrent._estimators import parameters

ROOT = Path(__file__).parents[2]
ESTIMATORS = [
    thing
    for thing in map(sklearn_recurrent.__dict__.get, sklearn_recurrent.__all__)
    if inspect.isclass(thing) and hasattr(thing, "_parameters")
]


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script():
    return load("write_docstrings")


every_estimator = pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)


def test_there_are_eight_of_them():
    assert len(ESTIMATORS) == 8


@pytest.mark.parametrize("name", load("write_docstrings").MODULES)
def test_the_source_is_what_the_script_writes(name, script):
    module = importlib.import_module(f"sklearn_recurrent._estimators.{name}")
    _, source = script.source_of(name)
    assert script.formatted(script.rewritten(module, source)) == source


@pytest.mark.parametrize(
    "declared, name, module",
    [
        (parameters.CLASSIFIER, "alpha", "classifiers"),
        (parameters.REGRESSOR, "quantile", "regressors"),
        (parameters.SEQ2SEQ_CLASSIFIER, "beam_width", "seq2seq_classifier"),
        (parameters.SEQ2SEQ_REGRESSOR, "huber_delta", "seq2seq_regressor"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("change", [{"default": 0.75}, {"doc": "Other."}, {"annotation": "complex"}], ids=str)
def test_a_declaration_that_is_changed_alone_is_found(declared, name, module, change, script, monkeypatch):
    monkeypatch.setitem(declared, name, declared[name]._replace(**change))
    _, source = script.source_of(module)
    assert script.rewritten(importlib.import_module(f"sklearn_recurrent._estimators.{module}"), source) != source


@every_estimator
def test_the_signature_is_that_declared(cls):
    found = inspect.signature(cls).parameters
    assert list(found) == list(cls._parameters)
    for name, declared in cls._parameters.items():
        assert found[name].default == declared.default
        assert found[name].annotation.replace("'", '"') == declared.annotation
    kinds = [parameter.kind.name for parameter in found.values()]
    assert kinds == ["POSITIONAL_OR_KEYWORD"] + ["KEYWORD_ONLY"] * (len(kinds) - 1)
    assert cls._parameter_constraints == {name: p.constraints for name, p in cls._parameters.items()}


@every_estimator
def test_an_attribute_is_documented_if_editors_know_it_and_absent_before_fit(cls):
    annotated = {name for base in cls.__mro__ for name in vars(base).get("__annotations__", {}) if name[-1] == "_"}
    documented = set(load("write_docstrings").attributes_of(cls))
    assert annotated | {"weights_"} == documented
    assert not [name for name in annotated if hasattr(cls(), name)]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="a signature is a line for each parameter there")
@every_estimator
def test_help_is_no_longer_than_760_lines_and_780_with_any_cell(cls):
    limit = 780 if cls.__name__ in ("RNNClassifier", "RNNRegressor") else 760  # they have the parameter `cell` more
    assert len(pydoc.render_doc(cls).splitlines()) <= limit


@every_estimator
def test_methods_that_ask_for_metadata_have_short_docstrings_and_follow_a_subclass(cls):
    class Subclass(cls):
        def fit(self, X, y, brand=None):
            """Take more metadata."""

    assert issubclass(cls, BaseEstimator)
    assert len(cls.set_fit_request.__doc__.splitlines()) == 1
    assert "brand" in inspect.signature(Subclass.set_fit_request).parameters
    assert "groups" in inspect.signature(cls.set_fit_request).parameters


@every_estimator
def test_what_every_estimator_of_scikit_learn_has_is_scikit_learns_code_with_a_docstring_of_one_line(cls):
    names = {"get_params", "set_params", "get_metadata_routing", "set_callbacks", "fit_transform", "set_output"}
    for name in names & set(dir(cls)):
        method = inspect.unwrap(getattr(cls, name))
        of_scikit_learn = [base for base in cls.__mro__ if base.__module__.startswith("sklearn.")]
        theirs = next(vars(base)[name] for base in of_scikit_learn if name in vars(base))
        theirs = inspect.unwrap(getattr(theirs, "fn", theirs))  # without available_if and set_output
        assert method.__code__ is theirs.__code__
        assert inspect.signature(method) == inspect.signature(theirs)
        assert len(method.__doc__.splitlines()) == 1
