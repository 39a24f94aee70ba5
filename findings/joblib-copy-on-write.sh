#!/usr/bin/env bash
# joblib workers do not see changes to an array that was loaded with mmap_mode="c".
#
# Guess: "c" is copy-on-write, so an array that was changed in memory reaches the workers of Parallel as it is now. A
#   plain pickle does exactly this.
# Behavior: the workers open the file again and see its old values, without a warning. This holds for arrays of any
#   size, for slices and for np.asarray(X), since all of these share the mapped memory. n_jobs=1 and n_jobs=2 thus give
#   different results. A copy, np.array(X), reaches the workers with the new values.
# Versions: joblib 1.6.0, NumPy 2.4.6, Python 3.11 and 3.13.
# Source: joblib/_memmapping_reducer.py: _reduce_memmap_backed sends the file name, the mode and the offset of any array
#   whose memory is a mapped file, and _strided_from_memmap opens the file in the same mode. For "c" this is a new
#   private copy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q joblib==1.6.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import pickle
import sys

import joblib
import numpy as np

print("Python", sys.version.split()[0], "joblib", joblib.__version__, "NumPy", np.__version__)
joblib.dump(np.ones(10), "ones.joblib")
X = joblib.load("ones.joblib", mmap_mode="c")
X *= 2


def total(array, n_jobs):
    return joblib.Parallel(n_jobs=n_jobs)(joblib.delayed(np.sum)(array) for _ in range(1))[0]


seen = {
    "here": X.sum(),
    "pickle": pickle.loads(pickle.dumps(X)).sum(),
    "n_jobs=1": total(X, 1),
    "n_jobs=2": total(X, 2),
    "n_jobs=2, np.asarray(X)": total(np.asarray(X), 2),
    "n_jobs=2, np.array(X)": total(np.array(X), 2),
}
for name, value in seen.items():
    print(f"sum of ten twos, {name}: {value}")
assert list(seen.values()) == [20, 20, 20, 10, 10, 20], "the behavior has changed"
PY
