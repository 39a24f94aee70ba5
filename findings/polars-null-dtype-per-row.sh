#!/usr/bin/env bash
# Rows of one List column of polars become NumPy arrays of different dtypes, and equal integers differ.
#
# Guess: a column List(Int64) has one type, so to_numpy gives arrays of one dtype: if there is a null anywhere, float64 in
#   all rows, as for a flat column.
# Behavior: each row is converted by itself. A row with a null is float64 with NaN, its neighbors are int64. A large
#   integer is thus rounded in one row and exact in the next, though both hold the same number. What takes its dtype from the
#   first row depends on the order of the rows.
# Versions: polars 2.1.0, NumPy 2.4.6, Python 3.11 and 3.13.
# Source: polars.Series.to_numpy in the polars API reference states how nulls are converted, for a flat column.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q polars==2.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import sys

import numpy as np
import polars as pl

print("Python", sys.version.split()[0], "polars", pl.__version__, "NumPy", np.__version__)
big = 2**53 + 1
column = pl.Series([[big, None], [big]])
flat = column.list.explode().to_numpy()
rows = column.to_numpy()
print(column.dtype, "by rows:", [row.dtype.name for row in rows], "flat:", flat.dtype.name)
print("the same integer, by rows:", *(int(row[0]) for row in rows))
assert column.dtype == pl.List(pl.Int64)
assert flat.dtype == np.float64, "the behavior has changed"
assert [row.dtype for row in rows] == [np.float64, np.int64], "the behavior has changed"
assert [int(row[0]) - big for row in rows] == [-1, 0], "the behavior has changed"
PY
