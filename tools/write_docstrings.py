"""Write the signatures, docstrings and fitted attributes of the estimators into their source.

    python tools/write_docstrings.py            write
    python tools/write_docstrings.py --check    write nothing; exit with 1 if something would change

For each class it writes, from the declarations in `_estimators/parameters.py` and `_estimators/docs.py`,

- the sections Parameters and Attributes of the docstring, where it has them;
- the method `__init__`, where the class defines it;
- the block of annotations of fitted attributes, where there is one.
"""

import argparse
import ast
import difflib
import re
import subprocess
import sys
import textwrap
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from sklearn_recurrent._estimators.docs import ATTRIBUTES  # noqa: E402

MODULES = ["base", "classifiers", "regressors", "seq2seq_classifier", "seq2seq_regressor"]
WIDTH = 120


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something would change")
    check = parser.parse_args().check
    changed = False
    for name in MODULES:
        path, old = source_of(name)
        new = formatted(rewritten(import_module(f"sklearn_recurrent._estimators.{name}"), old))
        if new != old:
            changed = True
            if check:
                names = [f"{path.relative_to(ROOT)}{what}" for what in (", checked in", ", as declared")]
                sys.stdout.writelines(difflib.unified_diff(*(t.splitlines(True) for t in (old, new)), *names))
            else:
                path.write_text(new, "utf-8")
    if check and changed:
        sys.exit("Declarations and source differ: run `python tools/write_docstrings.py`.")


def source_of(name):
    path = ROOT / "sklearn_recurrent" / "_estimators" / f"{name}.py"
    return path, path.read_text("utf-8")


def rewritten(module, source):
    """The source of a module with all that is declared elsewhere written anew."""
    lines = source.splitlines()
    for node in reversed([node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]):
        cls = getattr(module, node.name)
        for start, stop, text in sorted(parts(cls, node, lines), reverse=True):
            lines[start:stop] = text
    return "\n".join(lines) + "\n"


def parts(cls, node, lines):
    """Which lines of a class to replace, by what."""
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        doc = lines[first.lineno - 1 : first.end_lineno]
        titles = [k for k, line in enumerate(doc) if re.fullmatch(r" *-+", line)]
        named = {doc[k - 1].strip(): k - 1 for k in titles}
        if "Attributes" in named:
            after = min(k for k in named.values() if k > named["Attributes"])
            start = first.lineno - 1
            yield start + named["Parameters"], start + after, sections(cls)
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and child.name == "__init__" and hasattr(cls, "_parameters"):
            yield child.lineno - 1, child.end_lineno, init(cls._parameters)
    annotated = [child for child in node.body if isinstance(child, ast.AnnAssign) and child.value is None]
    if annotated and node.name in ATTRIBUTES:
        yield annotated[0].lineno - 1, annotated[-1].end_lineno, annotations(cls)


def sections(cls):
    """The lines of the sections Parameters and Attributes, and the empty one before the next section."""
    parameters = [(name, f"{p.kind}, default={p.default!r}", p.doc) for name, p in cls._parameters.items()]
    attributes = [(name, a.kind, a.doc) for name, a in sorted(attributes_of(cls).items())]
    return [*section("Parameters", parameters), "", *section("Attributes", attributes), ""]


def section(title, entries):
    lines = [title, "-" * len(title)]
    for name, kind, doc in entries:
        lines += [f"{name} : {kind}", *textwrap.wrap(doc, WIDTH - 4, initial_indent="    ", subsequent_indent="    ")]
    return [f"    {line}" for line in lines]


def init(parameters):
    """The lines of the method; the first parameter may be given by position."""
    given = [f"        {name}: {p.annotation} = {default(p.default)}," for name, p in parameters.items()]
    assigned = [f"        self.{name} = {name}" for name in parameters]
    return ["    def __init__(", "        self,", given[0], "        *,", *given[1:], "    ) -> None:", *assigned]


def default(value):
    return f'"{value}"' if isinstance(value, str) else repr(value).replace("'", '"')


def annotations(cls):
    """The lines that tell editors of the attributes that a class has and its bases have not."""
    inherited = {name: a.annotation for name, a in attributes_of(cls.__mro__[1:]).items()}
    own = {name: a.annotation for name, a in attributes_of(cls).items()}
    return [
        f"    {name}: {annotation}"
        for name, annotation in own.items()
        if annotation and annotation != inherited.get(name)
    ]


def attributes_of(cls):
    """Name → attribute, of a class, or of the classes of a part of its bases."""
    found = {}
    for base in reversed(cls.__mro__ if isinstance(cls, type) else cls):
        found |= ATTRIBUTES.get(base.__name__, {})
    return found


def formatted(source):
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "sklearn_recurrent/source.py", "-"]
    options = {"cwd": ROOT, "capture_output": True, "check": True, "text": True, "encoding": "utf-8"}
    return subprocess.run(ruff, input=source, **options).stdout


if __name__ == "__main__":
    main()
