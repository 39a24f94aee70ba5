"""
1. Install, and a first model
=============================

``pip install .`` in a checkout installs the package; it needs scikit-learn, NumPy, SciPy, joblib and threadpoolctl,
and nothing else. ``pip install ".[plot]"`` adds matplotlib for pictures, ``pip install rich`` the ProgressBar below.

A data set of sequences is a list of arrays, one row per time step and one column per feature. They may have any
lengths. There is no training loop: ``fit``, ``predict`` and ``score`` are those of every scikit-learn estimator.
"""

from importlib.util import find_spec

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from sklearn_recurrent import LossCurveDisplay, LSTMClassifier

# %%
# The data: signals of 20 to 60 steps, slow or fast, with noise in a second feature.
rng = np.random.default_rng(0)


def signal(kind):
    t = np.arange(rng.integers(20, 60))
    speed = {"slow": 0.2, "fast": 0.35}[kind]
    noise = rng.normal(scale=0.7, size=len(t))
    return np.c_[np.sin(speed * t + rng.uniform(0, 6)) + noise, rng.normal(size=len(t))]


y = np.array(["slow", "fast"] * 100)
X = [signal(kind) for kind in y]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# The model. A fit prints nothing. ``verbose=True`` prints a line for each epoch, here for the first five:
model = LSTMClassifier(16, max_iter=5, verbose=True, random_state=0).fit(X_train, y_train)

# %%
# Then a whole fit, and its score on sequences it has not seen.
model = LSTMClassifier(16, random_state=0).fit(X_train, y_train)
print(f"accuracy: {model.score(X_test, y_test):.2f}")

# %%
# The picture: two signals, and how the loss fell.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for kind, style in {"slow": "-", "fast": "--"}.items():
    left.plot(X[list(y).index(kind)][:, 0], style, label=kind)
left.set(xlabel="time step", ylabel="first feature", title="Two sequences")
left.legend()
LossCurveDisplay.from_estimator(model, ax=right, log=True)
right.set_title("Training")
plt.show()

# %%
# With scikit-learn 1.9 or newer and the package rich, a fit shows a progress bar, and so does a whole search.
if find_spec("rich") and find_spec("sklearn.callback"):
    from sklearn.callback import ProgressBar

    LSTMClassifier(16, max_iter=5, random_state=0).set_callbacks(ProgressBar()).fit(X_train, y_train)
