"""The order of the modules, read from their source: what may import what, and what is public."""

import ast
import inspect
import pkgutil
import re
import sys
import types
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from packaging.version import Version

import sklearn_recurrent

ROOT = Path(sklearn_recurrent.__file__).parent
GROUND = [
    "activations",
    "arithmetic",
    "initialization",
    "layers",
    "layout",
    "levels",
    "losses",
    "optimizers",
    "preprocessing",
    "ragged",
]
FLOORS = [  # from the ground up; a module imports only from floors below its own
    {"_core", *(f"_core.{name}" for name in GROUND)},
    {"_core.packing", "_core.workspace", "_core.dataset", "_core.cells", "_core.cells.base"},
    {"_core.threads"},
    {"_core.products"},
    {"_core.cells.elman", "_core.cells.gru", "_core.cells.lstm"},
    {"_core.cells.registry", "_core.objective", "_core.unroll"},
    {"_core.attention", "_core.stack"},
    {"_core.heads", "_core.stepping"},
    {"_core.decoding", "_core.network", "_core.one_sequence", "_core.training"},
    {"_core.inspection", "_core.seq2seq"},
    {"_core.scheduled_sampling"},
    {"_sklearn", "_version"},
    {
        "_data",
        "_data.hints",
        "_data.likely_mistakes",
        "_data.likely_padding",
        "_data.marks",
        "_data.warnings",
    },
    {"_data.arrays", "_data.missing"},
    {"_data.columns"},
    {"_data.containers"},
    {"_data.layouts", "_data.stamps"},
    {"_data.calendar", "_data.sequences", "_data.tables", "_data.targets"},
    {"_data.categories", "_data.cutoff_split", "_data.frames", "_data.labels", "_data.steps"},
    {"_data.panels"},
    {"_data.aligned_forecasts", "_data.forecast_tables", "_data.known_future", "_data.window_labels"},
    {
        "_data.forecast_metrics",
        "_data.padder",
        "_data.per_sequence",
        "_data.per_timestep",
        "_data.static",
        "_data.tokenizer",
        "_data.windows",
    },
    {"_data.sliding_windows"},
    {
        "_estimators",
        "_estimators.callbacks",
        "_estimators.checks",
        "_estimators.docs",
        "_estimators.embedding",
        "_estimators.parameters",
        "_estimators.storage",
        "_estimators.weights",
    },
    {"_estimators.scoring"},
    {"_estimators.early_stopping", "_estimators.quantile_scoring", "_estimators.target_encoders"},
    {
        "_estimators.inspection",
        "_estimators.per_window",
        "_estimators.training_state",
        "_estimators.transforming",
        "_estimators.warnings",
    },
    {"_estimators.inputs"},
    {"_estimators.streaming"},
    {"_estimators.base"},
    {"_estimators.recurrent", "_estimators.seq2seq"},
    {
        "_estimators.classifiers",
        "_estimators.regressors",
        "_estimators.seq2seq_classifier",
        "_estimators.seq2seq_regressor",
    },
    {"_estimators.through_pipeline"},
    {"_plot", "_plot.drawing"},
    {
        "_plot.attention",
        "_plot.forecast",
        "_plot.gates",
        "_plot.gradient_flow",
        "_plot.loss_curve",
        "_plot.saliency",
        "_plot.staged",
    },
    {"_export", "_export.graph", "_export.inputs", "_export.predictions", "_export.refused", "_export.steps"},
    {"_export.cells", "_export.pipelines"},
    {"_export.networks"},
    {"_export.models"},
    {"_export.convert"},
    {"_export.converters"},
    {""},  # __init__
]
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").rstrip("."): path
    for path in ROOT.rglob("*.py")
}
VERSION_DEPENDENT = {"sklearn.callback", "sklearn.__version__", "sklearn.utils.fixes"}


def imports(module):
    """Every (module, name) that is imported anywhere in a file, those of this package relative to it."""
    package = module if SOURCES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(SOURCES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if not node.level:
                yield from ((node.module, alias.name) for alias in node.names)
                continue
            parents = package.split(".") if package else []
            base = ".".join(
                ["sklearn_recurrent", *parents[: len(parents) - node.level + 1], *filter(None, [node.module])]
            )
            yield from ((base, alias.name) for alias in node.names)


def of_this_package(module):
    """The modules of the package that `module` imports from."""
    for source, name in imports(module):
        if source.partition(".")[0] == "sklearn_recurrent":
            path = source.partition(".")[2]
            inner = f"{path}.{name}".lstrip(".")
            yield inner if inner in SOURCES else path


every_module = pytest.mark.parametrize("module", sorted(SOURCES), ids=lambda name: name or "__init__")


def test_every_module_has_one_floor():
    assert sorted(name for floor in FLOORS for name in floor) == sorted(SOURCES)


@every_module
def test_a_module_imports_only_from_floors_below_its_own(module):
    below = set()
    for floor in FLOORS:
        if module in floor:
            break
        below |= floor
    assert set(of_this_package(module)) <= below


def test_no_modules_import_each_other_in_a_circle():
    order = list(TopologicalSorter({module: set(of_this_package(module)) for module in SOURCES}).static_order())
    assert (
        order.index("_core.cells.lstm")
        < order.index("_core.network")
        < order.index("_estimators.recurrent")
        < order.index("")
    )


@pytest.mark.parametrize("module", sorted(name for name in SOURCES if name.startswith("_core")))
def test_the_core_imports_numpy_scipy_and_the_standard_library_alone(module):
    allowed = {"numpy", "scipy", "threadpoolctl", "sklearn_recurrent", *sys.stdlib_module_names}
    assert {source.partition(".")[0] for source, _ in imports(module)} <= allowed
    assert all(name == "_core" or name.startswith("_core.") for name in of_this_package(module))


def private_of_scikit_learn(module):
    """What a file takes of scikit-learn that has no promise to be there in its next version."""
    for source, name in imports(module):
        parts = [*source.split("."), *filter(None, [name])]
        if parts[0] == "sklearn" and (
            any(part.startswith("_") for part in parts) or {source, f"{source}.{name}"} & VERSION_DEPENDENT
        ):
            yield ".".join(parts)
    for node in ast.walk(ast.parse(SOURCES[module].read_text())):  # sklearn.utils._x, without importing it
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("sklearn.") and node.attr.startswith("_"):
            yield ast.unparse(node)


@every_module
def test_private_names_of_scikit_learn_live_in_one_module(module):
    assert bool(list(private_of_scikit_learn(module))) == (module == "_sklearn")


def test_all_modules_are_private():
    names = [info.name for info in pkgutil.walk_packages([str(ROOT)], "sklearn_recurrent.")]
    assert "sklearn_recurrent._core.cells" in names
    assert all(name.split(".")[1].startswith("_") for name in names)


def test_the_public_namespace_is_all():
    assert sklearn_recurrent.__all__ == sorted(set(sklearn_recurrent.__all__))
    public = {name for name in vars(sklearn_recurrent) if not name.startswith("_")}
    assert public == set(sklearn_recurrent.__all__)


@pytest.mark.parametrize("name", sklearn_recurrent.__all__)
def test_a_public_name_has_one_path_and_a_docstring(name):
    thing = getattr(sklearn_recurrent, name)
    assert not isinstance(thing, types.ModuleType)
    assert thing.__name__ == name
    assert thing.__module__ == "sklearn_recurrent"
    assert inspect.getdoc(thing)


def test_the_version_is_a_release_or_on_the_way_to_one():
    version = Version(sklearn_recurrent.__version__)
    assert str(version) == sklearn_recurrent.__version__
    assert len(version.release) == 3
    assert str(version) in {version.base_version, f"{version.base_version}.dev0"}


CONTRIBUTING = (ROOT.parent / "CONTRIBUTING.md").read_text("utf-8")
PACKAGES = {"_core", "_core.cells", "_data", "_estimators", "_export", "_plot", ""}


def mapped():
    """Every module in the tables of CONTRIBUTING, by wing."""
    for wing, table in re.findall(r"^### `(_\w+)`\n\n((?:\|.*\n)+)", CONTRIBUTING, re.M):
        for row in table.splitlines()[2:]:
            yield from (f"{wing}.{name.replace('/', '.')}" for name in re.findall(r"`([\w/]+)`", row.split("|")[1]))


def test_the_map_in_CONTRIBUTING_has_every_module_once():
    assert sorted([*mapped(), "_sklearn", "_version"]) == sorted(SOURCES.keys() - PACKAGES)


def test_every_path_in_CONTRIBUTING_exists():
    paths = re.findall(
        r"`((?:_core|_data|_estimators|_export|docs|tests|tools|findings|benchmarks)/[\w/.]*)`", CONTRIBUTING
    )
    assert len(paths) > 15
    for path in paths:
        folder = ROOT if path.startswith("_") else ROOT.parent
        assert (folder / path).exists(), path


def test_every_name_in_CONTRIBUTING_is_in_the_file_beside_it():
    for name, path in [
        ("LOSSES", "_core/losses.py"),
        ("loss_of", "_estimators/parameters.py"),
        ("unwrap", "_data/containers.py"),
        ("CELLS", "_core/cells/registry.py"),
        ("OPTIMIZERS", "_core/optimizers.py"),
        ("SCHEDULES", "_core/optimizers.py"),
        ("POOLINGS", "_core/heads.py"),
        ("FittedState", "_estimators/training_state.py"),
        ("TrainingState", "_estimators/training_state.py"),
        ("Dataset", "_core/dataset.py"),
        ("Objective", "_core/objective.py"),
        ("minimize_minibatch", "_core/training.py"),
        ("Cell", "_core/cells/base.py"),
        ("_fit", "_estimators/base.py"),
        ("_adopt", "_estimators/base.py"),
        ("gate_activations", "_estimators/inspection.py"),
        ('REGRESSOR["loss"]', "_estimators/parameters.py"),
        ('SEQ2SEQ_REGRESSOR["loss"]', "_estimators/parameters.py"),
        ("_texts", "_data/tokenizer.py"),
        ("LOSSES", "tests/oracle.py"),
        ("CELLS", "tests/oracle.py"),
        ("RETENTION", "tests/oracle.py"),
        ("SETTINGS", "tests/networks.py"),
        ("samples_of", "tests/networks.py"),
        ("targets", "tests/core/test_losses.py"),
        ("BY_SCIKIT_LEARN", "tests/core/test_losses.py"),
        ("OF_REGRESSORS", "tests/core/test_losses.py"),
        ("FORMS", "tests/data/test_sequences.py"),
        ("CONTAINERS", "tests/contract/test_containers.py"),
        ("EVERY_CONTAINER", "tests/data/test_tokenizer.py"),
        ("FLOORS", "tests/contract/test_house.py"),
        ("gates", "tests/estimators/test_inspection.py"),
        ("LETTERS", "tests/estimators/test_inspection.py"),
        ("EFFECTS", "tests/estimators/test_parameters.py"),
        ("INVALID", "tests/contract/test_errors.py"),
    ]:
        assert f"`{name}`" in CONTRIBUTING
        folder = ROOT if path.startswith("_") else ROOT.parent
        table = name.partition("[")[0]
        assert re.search(rf"^ *(?:class |def )?{table}\b", (folder / path).read_text("utf-8"), re.M), name


def test_every_command_of_the_Makefile_is_in_CONTRIBUTING():
    commands = re.search(r"^\.PHONY: (.+)", (ROOT.parent / "Makefile").read_text("utf-8"), re.M)[1].split()
    assert "lint" in commands
    assert set(commands) - {"clean"} == set(re.findall(r"^\| `make ([\w-]+)` \|", CONTRIBUTING, re.M))
