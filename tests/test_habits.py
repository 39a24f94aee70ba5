"""The project's habits: lint, CI and releases are what their files say they are."""

import re
import tomllib
from pathlib import Path

import sklearn_recurrent

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def read(path):
    return (ROOT / path).read_text("utf-8")


def recipe(target):
    """The commands of a target of the Makefile, without their indent."""
    return re.search(rf"^{target}:.*\n((?:\t.*\n)+)", read("Makefile"), re.M)[1].replace("\t", "").splitlines()


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
