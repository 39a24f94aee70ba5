"""
5. Deployment: a file, and one record at a time
===============================================

A fitted model is a small file. It gives the same numbers in another process, and each prediction depends on its own
sequence alone: alone or in a batch, padded or not. A network of one direction also predicts while a sequence arrives.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import LSTMClassifier, PerTimestep

# %%
# The data and the model: which of two directions a walk drifts in.
rng = np.random.default_rng(0)
y = np.array(["down", "up"] * 100)
drift = np.where(y == "up", 0.08, -0.08)
X = [np.cumsum(rng.normal(d, 1, (rng.integers(30, 80), 1)) * [[1.0]], axis=0) for d in drift]
network = LSTMClassifier(16, bidirectional=False, max_iter=40, random_state=0)
model = make_pipeline(PerTimestep(StandardScaler()), network).fit(X, y)

# %%
# A file now, another process later: the same bits.
folder = Path(tempfile.mkdtemp())
joblib.dump(model, folder / "model.joblib")
joblib.dump(X[:5], folder / "records.joblib")
serve = """
import json, sys, joblib
model, X = joblib.load(sys.argv[1]), joblib.load(sys.argv[2])
print(json.dumps(model.predict_proba(X).tolist()))
"""
files = [folder / "model.joblib", folder / "records.joblib"]
answer = subprocess.run([sys.executable, "-c", serve, *files], check=True, capture_output=True, text=True)
print("the same in another process:", json.loads(answer.stdout) == model.predict_proba(X[:5]).tolist())
print(f"size of the file: {(folder / 'model.joblib').stat().st_size / 1000:.0f} kB")

# %%
# One record at a time, and its latency.
start = time.perf_counter()
for x in X:
    model.predict_proba([x])
print(f"one record: {(time.perf_counter() - start) / len(X) * 1e3:.2f} ms")

# %%
# A stream: ``step`` takes one time step and the state, and returns the prediction so far and the next state.
x = model[:-1].transform(X[1:2])[0]
state = network.initial_state()
so_far = []
for row in x:
    p, state = network.step(row[None], state, method="predict_proba")
    so_far.append(p[0, 1])
print(
    "after the last step it is the prediction of the whole:", np.isclose(so_far[-1], model.predict_proba(X[1:2])[0, 1])
)

# %%
# The picture: the walk, and what the model says while it goes on.
figure, (above, below) = plt.subplots(2, 1, figsize=(8, 4.2), layout="constrained", sharex=True)
above.plot(X[1], color="black")
above.set(ylabel="position", title=f'A walk that drifts "{y[1]}"')
below.plot(so_far, color="C0")
below.axhline(0.5, color="gray", linestyle=":")
below.set(xlabel="time step", ylabel='probability of "up"', ylim=(0, 1))
plt.show()
