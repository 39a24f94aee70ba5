#!/usr/bin/env bash
# Type checkers disagree whether a default that is given by position to a field specifier is a default.
#
# Guess: with `def parameter(default, doc="")` as a field specifier of dataclass_transform, `x: int = parameter(64)` and
#   `x: int = parameter(default=64)` mean the same: the signature says which parameter 64 is, and at runtime they do.
# Behavior: mypy and basedpyright see no default in the first form and report missing arguments in `Net()`. pyrefly and ty
#   accept both forms. By keyword, all four accept it.
# Versions: mypy 2.4.1, basedpyright 1.40.2, pyrefly 1.5.0, ty 0.0.108, Python 3.11 and 3.13.
# Source: the typing specification, "dataclass_transform", section on field specifiers, whose parameters are described for
#   keywords; the open question is python/typing, issue 2170.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q mypy==2.4.1 basedpyright==1.40.2 pyrefly==1.5.0 ty==0.0.108
cd "$folder"
venv/bin/python - <<'PY'
import os
import subprocess
import sys
from pathlib import Path

CODE = """
from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

Class = TypeVar("Class")


def parameter(default: Any, doc: str = "") -> Any:
    return field(default=default, metadata={"doc": doc})


@dataclass_transform(field_specifiers=(parameter,))
def estimator(cls: type[Class]) -> type[Class]:
    return dataclass(cls)


@estimator
class Net:
    units: int = parameter(%s)


Net()
"""
Path("by_position.py").write_text(CODE % '64, "units"')
Path("by_keyword.py").write_text(CODE % 'default=64, doc="units"')
checkers = {
    "mypy": ["mypy"],
    "basedpyright": ["basedpyright", "--level", "error"],
    "pyrefly": ["pyrefly", "check"],
    "ty": ["ty", "check"],
}
folder = Path(sys.executable).parent
env = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def accepts(command, file):
    run = subprocess.run([folder / command[0], *command[1:], file], capture_output=True, text=True, env=env)
    missing = "issing positional argument" in run.stdout or "Argument missing" in run.stdout
    assert run.returncode == missing, f"expected no other error, got\n{run.stdout}{run.stderr}"
    return not missing


print("Python", sys.version.split()[0])
seen = {}
for name, command in checkers.items():
    version = subprocess.run([folder / name, "--version"], capture_output=True, text=True, check=True, env=env).stdout
    for file in "by_position.py", "by_keyword.py":
        subprocess.run([sys.executable, file], check=True)
    seen[name] = accepts(command, "by_position.py"), accepts(command, "by_keyword.py")
    print(f"{version.splitlines()[0]}: accepts a default by position: {seen[name][0]}, by keyword: {seen[name][1]}")
assert seen == {
    "mypy": (False, True),
    "basedpyright": (False, True),
    "pyrefly": (True, True),
    "ty": (True, True),
}, "the behavior has changed"
PY
