"""The documentation: complete, in numpydoc's form, and its code runs. Doctests are run by pytest itself."""

import inspect
import re
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import sklearn_recurrent

ROOT = Path(__file__).parents[2]
PUBLIC = {name: getattr(sklearn_recurrent, name) for name in sklearn_recurrent.__all__}
CLASSES = {name: thing for name, thing in PUBLIC.items() if inspect.isclass(thing)}
ESTIMATORS = [name for name, cls in CLASSES.items() if issubclass(cls, BaseEstimator)]
METHODS = [
    f"{name}.{method}"
    for name, cls in CLASSES.items()
    for method in dir(cls)
    if not method.startswith("_") and getattr(getattr(cls, method), "__module__", "").startswith("sklearn_recurrent")
]
UNWANTED = {
    "GL01",  # where quotes stand: the summary beside them,
    "GL02",  # and the sections of the parameters are put in
    "ES01",  # a good summary may be enough
    "SA01",  # methods see nothing also
    "EX01",  # their class has the example
    "RT02",  # what is returned has a name, as in scikit-learn
}


def entries(cls, section):
    """Name → type of the entries of a section."""
    text = inspect.getdoc(cls)
    start = re.search(rf"^{section}\n-+\n", text, re.M)
    body = re.split(r"^[\w ]+\n-+\n", text[start.end() :], maxsplit=1, flags=re.M)[0]
    return dict(re.findall(r"^(\w+) : (.+)$", body, re.M)), body


def test_all_public_names_are_listed_in_order():
    assert sklearn_recurrent.__all__ == sorted(sklearn_recurrent.__all__)
    public = {name for name, thing in vars(sklearn_recurrent).items() if not name.startswith("_")}
    assert public == set(sklearn_recurrent.__all__)


def test_all_modules_are_private():
    package = Path(sklearn_recurrent.__file__).parent
    modules = [path for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert all(path.name.startswith("_") for path in modules)


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_a_docstring_is_in_the_form_of_numpydoc(name):
    validate = pytest.importorskip("numpydoc.validate").validate
    unwanted = UNWANTED - ({"SA01", "EX01"} if name in PUBLIC else set())
    errors = [
        f"{code}: {text}" for code, text in validate(f"sklearn_recurrent.{name}")["errors"] if code not in unwanted
    ]
    assert not errors


@pytest.mark.parametrize("name", CLASSES)
def test_every_parameter_is_documented_with_its_type_and_default(name):
    documented, body = entries(CLASSES[name], "Parameters")
    signature = inspect.signature(CLASSES[name]).parameters
    assert list(documented) == list(signature)
    for parameter in signature.values():
        if parameter.default is not inspect.Parameter.empty:
            kind, default = documented[parameter.name].rsplit(", default=", 1)
            assert kind
            assert repr(eval(default, {"nan": float("nan")})) == repr(parameter.default)
        assert re.search(rf"^{parameter.name} : .+\n    \S", body, re.M), "what does it do?"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_class_documents_its_attributes(name):
    size = "vocabulary_" if name == "SequenceTokenizer" else "n_features_in_"
    assert size in entries(CLASSES[name], "Attributes")[0]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_has_a_constraint(name):
    assert set(CLASSES[name]._parameter_constraints) == set(inspect.signature(CLASSES[name]).parameters)


PAGES = [path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")] if "```python" in path.read_text("utf-8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_code_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, names = page.read_text("utf-8"), {"__name__": "page"}
    for block in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], page.name, "exec"), names)


def test_the_README_has_code_that_is_tested():
    assert ROOT / "README.md" in PAGES
