"""The code of the page "In production" that needs a runtime, which `make exchange` installs."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "production.md").read_text("utf-8")
BLOCKS = re.findall(r"^```py\n(.*?)^```$", PAGE, re.M | re.S)


def test_the_page_shows_a_runtime():
    assert BLOCKS


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_code_of_the_page_runs(number):
    for library in re.findall(r"^(?:import|from) (\w+)", BLOCKS[number], re.M):
        pytest.importorskip(library)
    exec(compile(BLOCKS[number], "production.md", "exec"), {"__name__": "page"})
