"""The documentation: complete, in numpydoc's form, and its code runs. Doctests are run by pytest itself."""

import inspect
import re
from pathlib import Path

import joblib
import pytest
from sklearn.base import BaseEstimator

import sklearn_recurrent
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.training import minimize_minibatch
from sklearn_recurrent._estimators import base

ROOT = Path(__file__).parents[2]
PUBLIC = {name: getattr(sklearn_recurrent, name) for name in sklearn_recurrent.__all__}
CLASSES = {name: thing for name, thing in PUBLIC.items() if inspect.isclass(thing) and not issubclass(thing, Exception)}
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


def of_few_epochs(*args, max_iter, **settings):
    return minimize_minibatch(*args, max_iter=min(max_iter, 2), **settings)


@pytest.mark.parametrize("epochs", ["two epochs", pytest.param("all epochs", marks=pytest.mark.matrix)])
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_code_of_a_page_runs_from_top_to_bottom(page, epochs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if epochs == "two epochs":  # what a page prints is not compared with anything
        monkeypatch.setattr(base, "minimize_minibatch", of_few_epochs)
        monkeypatch.setitem(joblib.parallel.BACKENDS, "loky", joblib.parallel.BACKENDS["threading"])
    text, names = page.read_text("utf-8"), {"__name__": "page"}
    for block in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], page.name, "exec"), names)


COMING_FROM = (ROOT / "docs" / "coming-from.md").read_text("utf-8")
WITH_OTHER_LIBRARIES = re.findall(r"^```py\n(.*?)^```$", COMING_FROM, re.M | re.S)


@pytest.mark.parametrize("block", WITH_OTHER_LIBRARIES)
def test_the_data_of_another_library_is_converted_as_its_page_says(block, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    for library in re.findall(r"^(?:import|from) (\w+)", block, re.M):
        pytest.importorskip(library)
    exec(compile(block, "coming-from.md", "exec"), {"__name__": "page"})


@pytest.mark.parametrize("library", ["aeon", "sktime", "tslearn", "keras", "torch", "xarray"])
def test_every_library_has_code_in_its_page(library):
    assert any(re.search(rf"^(?:import|from) {library}\b", block, re.M) for block in WITH_OTHER_LIBRARIES)


def test_the_README_has_code_that_is_tested():
    assert ROOT / "README.md" in PAGES


def of_all_estimators(parameter):
    """The names that any estimator takes for a parameter, such as its losses."""
    constraints = [CLASSES[name]._parameter_constraints.get(parameter, []) for name in ESTIMATORS]
    return {name for names in constraints for constraint in names for name in getattr(constraint, "options", ())}


@pytest.mark.parametrize("name", sorted({*CELLS, *of_all_estimators("loss")}))
def test_every_cell_and_every_loss_is_in_the_README_or_the_guide(name):
    assert any(f"`{name}`" in (ROOT / page).read_text("utf-8") for page in ("README.md", "docs/guide.md"))


def test_the_names_that_an_estimator_takes_are_found():
    assert of_all_estimators("cell") == set(CELLS)
    assert of_all_estimators("loss") >= {"squared_error", "quantile"}


LINKED = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("[!.]*/README.md")})


def without_code(page):
    """The text of a page without its blocks of code, in which `#` and `](` mean something else."""
    return re.sub(r"^(```|~~~).*?^\1", "", page.read_text("utf-8"), flags=re.M | re.S)


def headings(page):
    return re.findall(r"^#{1,6} +(.+?)(?: +#+)? *$", without_code(page), re.M)


def anchors(page):
    """The anchors of GitHub: headings in lower case, without punctuation, hyphens for spaces, numbered if repeated."""
    found = {}
    for heading in headings(page):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        anchor = slug
        while anchor in found:
            found[slug] += 1
            anchor = f"{slug}-{found[slug]}"
        found[anchor] = 0
    return set(found)


def links(page):
    """The relative links of a page, as (path, anchor); links in code are none."""
    text = re.sub(r"(`+).+?\1", "code", without_code(page))
    inline = re.findall(r"\]\(<?([^)\s>]+)", text)
    for link in inline + re.findall(r"^\[[^]]+\]: +<?([^\s>]+)", text, re.M):
        if not re.match(r"[a-z][a-z+.-]*:", link):
            yield link.partition("#")[::2]


@pytest.mark.parametrize("page", LINKED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_of_a_page_leads_somewhere(page):
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT.resolve()), f"{path} lies outside of the repository"
        assert target.exists(), f"there is no {path}"
        if anchor:
            assert anchor in anchors(target), f"{target.name} has no heading for #{anchor}"


def test_the_links_of_a_page_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A *b*, `c_d`: e-f!\n## Again\n### Again\n## See [this](x.md) #\n```\n# no heading\n[no](link)\n```\n"
        "[one](a.md#b) `[no](link)` [two](#c) [far](https://x.y/#z) ![three](d.png)\n[four]: e/f.md\n",
        "utf-8",
    )
    assert anchors(page) == {"a-b-c_d-e-f", "again", "again-1", "see-this"}
    assert sorted(links(page)) == [("", "c"), ("a.md", "b"), ("d.png", ""), ("e/f.md", ""), ("x.md", "")]


def test_the_README_of_a_folder_is_a_page_whose_links_are_tested():
    names = {page.relative_to(ROOT).as_posix() for page in LINKED}
    assert names >= {"README.md", "CONTRIBUTING.md", "RELEASING.md", "docs/guide.md", "benchmarks/README.md"}
    assert "findings/README.md" in names


def test_every_section_that_a_docstring_names_is_in_the_guide_page():
    package = Path(sklearn_recurrent.__file__).parent
    source = "\n".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    named = set(re.findall(r'"([^"\n]+)"\s+in\s+the\s+guide', source))
    assert "Weights and their layout" in named
    assert named <= set(headings(ROOT / "docs" / "guide.md"))


# --- the site ---------------------------------------------------------------------------------------------------------


def test_every_public_name_stands_in_the_reference():
    listed = re.findall(r"^   (\w+)$", (ROOT / "docs" / "api.rst").read_text("utf-8"), re.M)
    assert sorted(listed) == sorted(sklearn_recurrent.__all__)


def test_every_page_is_linked_from_the_navigation():
    pages = {path.stem for path in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/*.rst")]} - {"README", "index"}
    (navigation,) = re.findall(r"```{toctree}\n:hidden:\n\n(.*?)```", (ROOT / "docs/index.md").read_text("utf-8"), re.S)
    entries = set(navigation.split())
    assert entries >= pages
    assert {entry for entry in entries - pages if not entry.startswith("auto_examples/")} == set()
