"""The project's habits: lint, CI, releases and findings are what their files say they are."""

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

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FINDINGS = sorted((ROOT / "findings").glob("*.sh"))


def read(path):
    return (ROOT / path).read_text("utf-8")


def recipe(target):
    """The commands of a target of the Makefile, without their indent."""
    return re.search(rf"^{target}:.*\n((?:\t.*\n)+)", read("Makefile"), re.M)[1].replace("\t", "").splitlines()


def code(page):
    """The blocks of a page that Bash runs."""
    return re.findall(r"^```bash\n(.*?)^```$", read(page), re.M | re.S)


def test_the_commit_hook_is_make_lint_itself():
    config = read(".pre-commit-config.yaml")
    assert re.findall(r"repo: (.+)", config) == ["local"]
    assert re.findall(r"entry: (.+)", config) == ["make lint"]
    assert re.findall(r"language: (.+)", config) == ["system"]


def test_lint_runs_the_ruff_of_the_test_extra():
    assert recipe("lint")[:2] == ["$(BIN)/ruff check .", "$(BIN)/ruff format --check ."]
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


def test_targets_that_pages_name_are_in_the_makefile():
    pages = [path.relative_to(ROOT) for folder in ("", "docs", "findings") for path in (ROOT / folder).glob("*.md")]
    lines = [line for page in pages for line in re.findall(r"`make ([a-z -]+)`", read(page))]
    lines += [line for page in pages for block in code(page) for line in re.findall(r"^make ([a-z -]+)$", block, re.M)]
    targets = set(re.search(r"^\.PHONY: (.+)$", read("Makefile"), re.M)[1].split())
    assert {"test", "dist"} <= {name for line in lines for name in line.split()} <= targets


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("perl")), reason="the recipe wants Bash and Perl")
def test_a_release_sets_version_and_date_and_begins_the_next(tmp_path):
    (tmp_path / "sklearn_recurrent").mkdir()
    files = "CHANGELOG.md", "sklearn_recurrent/_version.py"
    for file in files:
        shutil.copy(ROOT / file, tmp_path / file)

    def run(block):
        edits = "".join(line + "\n" for line in block.splitlines() if re.match(r"[A-Z]+=|perl ", line))
        subprocess.run(["bash", "-euc", edits], cwd=tmp_path, check=True)
        changelog, module = ((tmp_path / file).read_text("utf-8") for file in files)
        versions = re.findall(r'^__version__ = "(.+)"$', module, re.M)
        assert len(versions) == 1
        return re.findall(r"^## \[(.+)\] - (.+)$", changelog, re.M), versions[0]

    first, *_, last = code("RELEASING.md")
    before = re.findall(r"^## \[(.+)\]", read("CHANGELOG.md"), re.M)
    entries, version = run(first)
    assert [name for name, _ in entries] == before
    assert version == before[0]
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", entries[0][1])

    after, following = run(first + last)  # in one shell
    assert after[1:] == entries
    assert after[0] == (Version(following).base_version, "unreleased")
    assert Version(following).is_devrelease
    assert Version(following) > Version(version)


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
