#!/usr/bin/env bash
# A null in a dictionary column of pyarrow becomes the last category on its way to NumPy, but only if the column is chunked.
#
# Guess: np.asarray of a dictionary-encoded column has None, or NaN, where the column is null, as pyarrow's own array of
#   the same values has, and as the column has if it is not dictionary-encoded.
# Behavior: of a pyarrow.Array the null is None. Of a pyarrow.ChunkedArray, which every column of a Table is, np.asarray
#   and to_numpy() have the last category instead, without a word. to_pandas() and to_pylist() are right.
# Versions: pyarrow 26.0.1, numpy 2.4.6, Python 3.11.
# Source: pyarrow.ChunkedArray.to_numpy, documentation, which does not mention nulls; seen when tables of categories went
#   into NumPy. What helps: `column.combine_chunks()` or `column.to_pandas()` first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pyarrow==26.0.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import pyarrow as pa

print("pyarrow", pa.__version__, "numpy", np.__version__)
plain = pa.array(["low", "high", None, "low"])
encoded = plain.dictionary_encode()
column = pa.table({"level": encoded})["level"]
seen = {
    "Array": np.asarray(encoded).tolist(),
    "ChunkedArray, plain strings": np.asarray(pa.chunked_array([plain])).tolist(),
    "ChunkedArray, dictionary": np.asarray(column).tolist(),
    "its to_numpy()": column.to_numpy().tolist(),
    "its to_pylist()": column.to_pylist(),
}
for name, values in seen.items():
    print(f"{name:28}", values)
right = ["low", "high", None, "low"]
wrong = ["low", "high", "high", "low"]
assert seen["Array"] == seen["ChunkedArray, plain strings"] == seen["its to_pylist()"] == right
assert seen["ChunkedArray, dictionary"] == seen["its to_numpy()"] == wrong
PY
