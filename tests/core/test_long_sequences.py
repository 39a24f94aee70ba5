"""Sequences of 100,000 steps: a fit of them holds no more than a gigabyte."""

import subprocess
import sys

FIT = """
import resource, sys
import numpy as np
from sklearn_recurrent import LSTMClassifier
X = np.random.default_rng(0).standard_normal((24, 100_000, 1), dtype=np.float32)
model = LSTMClassifier(16, bidirectional=False, max_iter=1, random_state=0).fit(X, np.arange(24) % 2)
assert np.isfinite(model.theta_).all() and model.n_iter_ == 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20))
"""


def test_a_fit_of_a_hundred_thousand_steps_holds_less_than_a_gigabyte():
    """All states of the batch would be more: 117 numbers a step and sequence."""
    result = subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=True)
    assert float(result.stdout) < 1
