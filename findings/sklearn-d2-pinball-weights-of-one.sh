#!/usr/bin/env bash
# Whether weights of one change scikit-learn's d2_pinball_score, and what the score of the best constant is.
#
# Guess: d2_pinball_score(y, p) is d2_pinball_score(y, p, sample_weight=np.ones(n)), and no constant prediction scores
#   above 0: D² compares with the constant that is best.
# Behavior: up to scikit-learn 1.8 the constant is np.percentile without weights, which lies between two values and is not
#   the best one, and a value of y with weights. On seven values and alpha=.9, the same predictions score -1.31 without
#   weights and -1.72 with weights of one, and a constant scores 0.15. Since 1.9 both are -1.72 and no constant is above
#   0; DummyRegressor(strategy="quantile"), which still interpolates, then scores -0.18. So scores of one model differ
#   between versions, and within a version between a search that passes weights and one that does not.
# Versions: scikit-learn 1.8.0 and 1.9.1, Python 3.11.
# Source: sklearn/metrics/_regression.py, d2_pinball_score: y_quantile, in both versions.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/before"
"$folder/before/bin/pip" install -q scikit-learn==1.8.0
"${PYTHON:-python3}" -m venv "$folder/since"
"$folder/since/bin/pip" install -q scikit-learn==1.9.1
cat > "$folder/scores.py" <<'PY'
import numpy as np
import sklearn
from sklearn.dummy import DummyRegressor
from sklearn.metrics import d2_pinball_score

y = np.array([0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
predicted = np.full(7, 3.0)
dummy = DummyRegressor(strategy="quantile", quantile=0.9).fit(y[:, None], y).predict(y[:, None])
scores = {
    "without weights": d2_pinball_score(y, predicted, alpha=0.9),
    "weights of one": d2_pinball_score(y, predicted, alpha=0.9, sample_weight=np.ones(7)),
    "best constant of the values": max(d2_pinball_score(y, np.full(7, value), alpha=0.9) for value in y),
    "dummy": d2_pinball_score(y, dummy, alpha=0.9),
}
print("scikit-learn", sklearn.__version__)
for name, score in scores.items():
    print(f"  {name}: {score:.2f}")
seen = [round(float(score), 2) for score in scores.values()]
expected = {"1.8.0": [-1.31, -1.72, 0.15, 0.0], "1.9.1": [-1.72, -1.72, 0.0, -0.18]}
assert seen == expected[sklearn.__version__], seen
PY
"$folder/before/bin/python" "$folder/scores.py"
"$folder/since/bin/python" "$folder/scores.py"
