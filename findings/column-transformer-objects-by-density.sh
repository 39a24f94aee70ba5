#!/usr/bin/env bash
# Whether ColumnTransformer takes a column of objects depends on how many categories another column has.
#
# Guess: ColumnTransformer([("one", OneHotEncoder(), ["site"]), ("rest", "passthrough", ["note"])]) gives an object array,
#   or refuses, by the types of its columns.
# Behavior: with few sites the share of nonzero numbers is above `sparse_threshold` (.3), and an object array comes out.
#   With more sites it is below, and fit_transform raises ValueError: all columns must be numeric for sparse output. Data
#   of a pilot of four sites passes, that of production fails. What helps: OneHotEncoder(sparse_output=False), or
#   sparse_threshold=0.
# Versions: scikit-learn 1.9.1, pandas 3.0.6, Python 3.11.
# Source: sklearn.compose.ColumnTransformer, parameter sparse_threshold, where the density alone is described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 pandas==3.0.6
"$folder/venv/bin/python" - <<'PY'
import pandas as pd
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder

print("scikit-learn", sklearn.__version__, "pandas", pd.__version__)
seen = {}
for n_sites in (2, 4, 6, 10):
    X = pd.DataFrame({"site": [str(row % n_sites) for row in range(60)], "note": ["a note"] * 60})
    columns = ColumnTransformer([("one", OneHotEncoder(), ["site"]), ("rest", "passthrough", ["note"])])
    try:
        seen[n_sites] = str(columns.fit_transform(X).dtype)
    except ValueError as error:
        seen[n_sites] = type(error).__name__
    print(f"{n_sites:2} sites: {seen[n_sites]}")
assert seen == {2: "object", 4: "object", 6: "ValueError", 10: "ValueError"}
PY
