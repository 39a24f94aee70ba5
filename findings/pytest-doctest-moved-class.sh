#!/usr/bin/env bash
# A class whose __module__ names its public home loses the doctests of its methods, but not its own.
#
# Guess: with pytest --doctest-modules all doctests of a class are collected in one module, or none: in the file that
#   defines the class, or in the package that its __module__ names.
# Behavior: the docstrings of the class, its properties and functions move to the package, as __module__ says. Those of
#   methods, static methods and class methods are collected nowhere, without a warning: their own __module__ still names the
#   private file. The run is green, and fewer examples are tested.
# Versions: pytest 9.2.0, Python 3.11 and 3.13.
# Source: doctest.DocTestFinder._from_module asks for a class and for each function in it whether it belongs to the
#   module; a property is always taken to belong. pandas met this: scipy/scipy_doctest, issue 213.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pytest==9.2.0
cd "$folder"
venv/bin/python - <<'PY'
import subprocess
import sys
from pathlib import Path

Path("shapes").mkdir()
Path("shapes/_square.py").write_text('''
class Square:
    """>>> 1 + 1
    2
    """

    def area(self):
        """>>> 2 + 2
        4
        """

    @staticmethod
    def unit():
        """>>> 3 + 3
        6
        """

    @classmethod
    def parse(cls):
        """>>> 4 + 4
        8
        """

    @property
    def side(self):
        """>>> 5 + 5
        10
        """


def rotate():
    """>>> 6 + 6
    12
    """
''')


def doctests(init):
    """The doctests that pytest collects, with this text in shapes/__init__.py."""
    Path("shapes/__init__.py").write_text(init)
    command = [sys.executable, "-m", "pytest", "--doctest-modules", "--collect-only", "-q", "-p", "no:cacheprovider"]
    lines = subprocess.run([*command, "shapes"], capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(line.split("::")[1] for line in lines if "::" in line)


subprocess.run([sys.executable, "-m", "pytest", "--version"], check=True)
print("Python", sys.version.split()[0])
before = doctests("from ._square import Square, rotate\n")
after = doctests("from ._square import Square, rotate\nSquare.__module__ = rotate.__module__ = 'shapes'\n")
print("as defined:", *before)
print("as moved:", *after)
parts = "Square", "Square.area", "Square.parse", "Square.side", "Square.unit", "rotate"
assert before == [f"shapes._square.{part}" for part in parts], "the behavior has changed"
assert after == ["shapes.Square", "shapes.Square.side", "shapes.rotate"], "the behavior has changed"
PY
