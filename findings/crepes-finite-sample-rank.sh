#!/usr/bin/env bash
# How many calibration scores a conformal band needs depends on how its confidence is rounded in binary.
#
# Guess: a band of confidence c is finite from ceil(1 / (1 - c)) - 1 calibration scores on: 4 for .8, 9 for .9, 19 for .95,
#   99 for .99; and with 19 scores a band of .9 is the second largest of them.
# Behavior: crepes gives finite bands with 19 scores for .95 and 99 for .99, but with 4 for .8 and 9 for .9 they are
#   infinite (it warns), and with 19 for .9 the band is the largest score: it takes the rank int((1 - c) * (n + 1)), and
#   1 - .9 is a little less than .1. A band is never too narrow by this; it is one score wider than need be.
# Versions: crepes 0.9.1, numpy 2.4.6, Python 3.11.
# Source: crepes.ConformalRegressor.predict_int; the definition in Vovk, Gammerman and Shafer (2005), Algorithmic Learning
#   in a Random World, where the rank is exact.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q crepes==0.9.1 numpy==2.4.6 scikit-learn==1.9.1
"$folder/venv/bin/python" - <<'PY'
import warnings

import crepes
import numpy as np

print("crepes", crepes.__version__, "numpy", np.__version__)
warnings.simplefilter("ignore")  # crepes says that there are too few scores


def half_width(n, confidence):
    """Of a band around 0 that is calibrated on the scores 1, ..., n."""
    model = crepes.ConformalRegressor()
    model.fit(residuals=np.arange(1.0, n + 1))
    return model.predict_int(np.zeros(1), confidence=confidence)[0, 1]


seen = {}
for n, confidence in ((4, 0.8), (5, 0.8), (9, 0.9), (10, 0.9), (19, 0.9), (19, 0.95), (99, 0.99)):
    seen[n, confidence] = half_width(n, confidence)
    print(f"{n:3} scores, confidence {confidence}: ± {seen[n, confidence]}")
assert np.isinf(seen[4, 0.8]) and np.isinf(seen[9, 0.9])
assert seen[5, 0.8] == 5 and seen[10, 0.9] == 10
assert seen[19, 0.95] == 19 and seen[99, 0.99] == 99
assert seen[19, 0.9] == 19  # and not 18
PY
