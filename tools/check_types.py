"""Let mypy and pyright read the code of README.md and the files of tests/typing: what users write, and editors know.

    python tools/check_types.py

Each is run from where it is installed beside this Python.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "build" / "typing" / "readme.py"


def main():
    README.parent.mkdir(parents=True, exist_ok=True)
    README.write_text(code_of((ROOT / "README.md").read_text("utf-8")), "utf-8")
    files = [str(path) for path in [README, *sorted((ROOT / "tests" / "typing").glob("*.py"))]]
    running = [
        subprocess.Popen([sys.executable, "-m", "mypy", *files], cwd=ROOT),
        subprocess.Popen([sys.executable, "-m", "pyright", "--pythonpath", sys.executable, *files], cwd=ROOT),
    ]
    sys.exit(max(process.wait() for process in running))


def code_of(page):
    """The blocks of Python, each on the lines where the page has it."""
    lines = [""] * (page.count("\n") + 1)
    for block in re.finditer(r"^```python\n(.*?)^```$", page, re.M | re.S):
        start = page.count("\n", 0, block.start(1))
        code = block[1].splitlines()
        lines[start : start + len(code)] = code
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
