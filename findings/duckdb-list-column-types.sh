#!/usr/bin/env bash
# The entries of one list column of DuckDB are arrays of two types, row by row: masked where a list has a NULL.
#
# Guess: fetchnumpy() gives the entries of a list column one type: all plain arrays with NaN for NULL, or all masked.
# Behavior: a list with a NULL is a numpy.ma.MaskedArray of integers, whose data has a number in the place of NULL; a list
#   without one is a plain ndarray, in the same column. So np.stack, np.concatenate and every np.asarray drop the masks in
#   silence. If a whole list is NULL, the column itself is masked, and the entry beneath is None.
# Versions: duckdb 2.0.1, numpy 2.4.6, Python 3.11.
# Source: DuckDB, Python API, conversion to NumPy, where masked arrays are named for columns and not for what is in lists.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q duckdb==2.0.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import duckdb
import numpy as np

print("duckdb", duckdb.__version__, "numpy", np.__version__)
column = duckdb.sql("select * from (values ([1, null, 3]), ([4, 5, 6])) v(x)").fetchnumpy()["x"]
print("column:", type(column).__name__, "entries:", [type(entry).__name__ for entry in column])
stacked = np.asarray([np.asarray(entry) for entry in column])
print("stacked:", stacked.tolist(), type(stacked).__name__, stacked.dtype)
assert type(column) is np.ndarray
assert [type(entry) for entry in column] == [np.ma.MaskedArray, np.ndarray]
assert stacked.dtype.kind == "i" and not np.isnan(stacked).any()  # a number stands where NULL was

with_null = duckdb.sql("select * from (values ([1, 2]), (null)) v(x)").fetchnumpy()["x"]
print("column with a NULL list:", type(with_null).__name__, "beneath:", [type(entry).__name__ for entry in with_null.data])
assert isinstance(with_null, np.ma.MaskedArray) and with_null.data[1] is None
PY
