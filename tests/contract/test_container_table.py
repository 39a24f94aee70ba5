"""docs/containers.md says what happens to each container; `make containers` computes it for every library."""

import importlib.util
import inspect
import sys
from pathlib import Path

import pytest

from sklearn_recurrent import as_sequences

pytestmark = pytest.mark.skipif(not (Path(__file__).parents[2] / "tools").exists(), reason="not a checkout")


def load():
    path = Path(__file__).parents[2] / "tools" / "write_containers.py"
    spec = importlib.util.spec_from_file_location("write_containers", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


table = load()
HERE = {table._title(row): row for row in table.CONTAINERS if table.is_here(row)}


def test_every_container_has_one_row_and_none_is_read_as_something_else():
    rows = table.lines_of_page()
    assert len(rows) == len({table._title(row) for row in table.CONTAINERS}) >= 60
    assert set(rows) == {table._title(row) for row in table.CONTAINERS}
    if "channels_first" in inspect.signature(as_sequences).parameters:  # else dimensions of xarray are not looked at
        assert not [title for title, row in rows.items() if table.OTHERWISE in row]


@pytest.mark.parametrize("title", HERE)
def test_a_container_is_read_or_refused_as_the_page_says(title):
    assert table.computed(HERE[title]) == table.lines_of_page()[title]
