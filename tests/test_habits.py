"""The project's habits: lint, CI and findings are what their files say they are."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import sklearn_recurrent

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FINDINGS = sorted((ROOT / "findings").glob("*.sh"))


def read(path):
    return (ROOT / path).read_text("utf-8")


def recipe(target):
    """The commands of a target of the Makefile, without their indent."""
    return re.search(rf"^{target}:.*\n((?:\t.*\n)+)", read("Makefile"), re.M)[1].replace("\t", "").splitlines()


def test_the_commit_hook_is_make_lint_itself():
    config = read(".pre-commit-config.yaml")
    assert re.findall(r"repo: (.+)", config) == ["local"]
    assert re.findall(r"entry: (.+)", config) == ["make lint"]
    assert re.findall(r"language: (.+)", config) == ["system"]


def test_lint_runs_the_ruff_of_the_test_extra():
    assert recipe("lint") == ["$(BIN)/ruff check .", "$(BIN)/ruff format --check ."]
    ruff = [r for r in map(Requirement, PROJECT["project"]["optional-dependencies"]["test"]) if r.name == "ruff"]
    assert len(ruff) == 1
    assert {spec.operator for spec in ruff[0].specifier} == {">=", "<"}, "a new ruff formats otherwise"


def test_the_installed_ruff_is_within_its_bounds():
    ruff = shutil.which("ruff", path=Path(sys.executable).parent)
    if ruff is None:
        pytest.skip("ruff is not installed")
    version = subprocess.run([ruff, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    requirements = map(Requirement, PROJECT["project"]["optional-dependencies"]["test"])
    assert all(version in r.specifier for r in requirements if r.name == "ruff")


def test_CI_calls_one_script_on_every_supported_Python():
    workflow = read(".github/workflows/ci.yml")
    assert re.findall(r"run: (.+)", workflow) == [".ci/run"]
    versions = re.findall(r'"(.+?)"', re.search(r"python-version: \[(.+)\]", workflow)[1])
    prefix = "Programming Language :: Python :: "
    assert [prefix + version for version in versions] == [
        line for line in PROJECT["project"]["classifiers"] if line.startswith(prefix)
    ]
    assert PROJECT["project"]["requires-python"] == f">={versions[0]}"
    assert f"Python {versions[0]} to {versions[-1]}" in read("README.md")


def test_the_script_of_CI_lints_first_and_can_be_run():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert re.findall(r"^make .+$", script.read_text("utf-8"), re.M)[:2] == ["make lint", "make test"]


def test_coverage_has_a_run_of_its_own_and_a_gate():
    assert not any("--cov" in line for line in recipe("test"))
    assert any("--cov" in line for line in recipe("coverage"))
    assert PROJECT["tool"]["coverage"]["report"]["fail_under"] >= 97


def test_the_wheel_holds_every_module_and_the_marker_of_types():
    settings = PROJECT["tool"]["setuptools"]
    assert settings["packages"]["find"]["include"] == ["sklearn_recurrent*"]
    package = Path(sklearn_recurrent.__file__).parent
    folders = {path.parent for path in package.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
    data = [path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()]
    data = [path for path in data if not path.endswith((".py", ".pyc"))]
    assert data == settings["package-data"]["sklearn_recurrent"] == ["py.typed"]


def test_the_changelog_begins_with_the_version_under_way():
    version, date = re.search(r"^## \[(.+)\] - (.+)$", read("CHANGELOG.md"), re.M).groups()
    assert version == Version(sklearn_recurrent.__version__).base_version
    assert Version(sklearn_recurrent.__version__).is_devrelease == (date == "unreleased")


@pytest.mark.parametrize("script", FINDINGS, ids=lambda path: path.stem)
def test_a_finding_has_the_form_that_its_README_states(script):
    text = script.read_text("utf-8")
    header = re.match(r"#!/usr/bin/env bash\n((?:#.*\n)+)", text)[1]
    assert re.findall(r"^# (Guess|Behavior|Versions|Source):", header, re.M) == [
        "Guess",
        "Behavior",
        "Versions",
        "Source",
    ]
    assert "set -euo pipefail" in text
    assert "mktemp -d" in text
    assert re.search(r"^trap .+ EXIT$", text, re.M)
    assert "sklearn_recurrent" not in text
    installed = " ".join(re.findall(r'pip"? install -q (.+)', text)).split()
    assert installed
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", name) for name in installed), "versions are pinned"


def test_all_findings_can_be_run_by_one_command():
    assert FINDINGS
    assert "findings/*.sh" in " ".join(recipe("findings"))
