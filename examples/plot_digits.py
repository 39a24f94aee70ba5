"""
Handwritten digits, read row by row
===================================

The whole way of a model: a recurrent network in a Pipeline under GridSearchCV, tested on held-out digits, stored with
joblib, loaded in a new process, the same predictions there. The digits are scikit-learn's own: 8 time steps, one for
each row, of 8 pixels.
"""

import subprocess
import sys
from pathlib import Path

import joblib
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import LossCurveDisplay, LSTMClassifier, PerTimestep

OUTPUT = Path(sys.argv[0]).parent / "output"
OUTPUT.mkdir(exist_ok=True)

# %%
# The data: (n_samples, 8 steps, 8 features). float32 in is float32 throughout, and twice as fast.
digits = load_digits()
X, y = digits.images.astype(np.float32), digits.target
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)

# %%
# The search: the scaler is fitted on the training part of each fold, on all of its time steps.
pipeline = make_pipeline(PerTimestep(StandardScaler()), LSTMClassifier(random_state=0))
search = GridSearchCV(
    pipeline,
    {"lstmclassifier__hidden_layer_sizes": [32, 64], "lstmclassifier__learning_rate_init": [0.005, 0.01]},
    cv=3,
    n_jobs=2,
)
search.fit(X_train, y_train)
for setting, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
    print(", ".join(f"{name.split('__')[1]}={value}" for name, value in setting.items()), f"-> {score:.4f}")

# %%
# The test, on digits that neither training nor search has seen.
predicted = search.predict(X_test)
print(f"accuracy on {len(y_test)} held-out digits: {search.score(X_test, y_test):.4f}")

# %%
# Deployment: a file now, a new process later.
joblib.dump(search.best_estimator_, OUTPUT / "digits.joblib")
np.save(OUTPUT / "digits.npy", X_test)
serve = """
import sys, joblib, numpy as np
model, X = joblib.load(sys.argv[1] + "/digits.joblib"), np.load(sys.argv[1] + "/digits.npy")
np.save(sys.argv[1] + "/predicted.npy", model.predict(X))
"""
subprocess.run([sys.executable, "-c", serve, str(OUTPUT)], check=True)
same = np.array_equal(np.load(OUTPUT / "predicted.npy"), predicted)
print(f"loaded in a new process, the predictions are the same: {same}")
if not same:
    sys.exit("the loaded model predicts otherwise")

# %%
# The picture: how the loss fell, and some digits that the network misread.
misread = np.flatnonzero(predicted != y_test)[:8]
figure = plt.figure(figsize=(10, 3.2), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.4])
axes = left.subplots()
LossCurveDisplay.from_estimator(search, ax=axes, log=True)
axes.set_title("Training")
right.suptitle(f"{(predicted != y_test).sum()} of {len(y_test)} misread")
for row, axes in zip(misread, right.subplots(2, 4).flat, strict=False):
    axes.imshow(X_test[row], cmap="gray_r")
    axes.set_title(f"{y_test[row]} as {predicted[row]}", fontsize=9)
for axes in right.axes:
    axes.set_axis_off()
figure.savefig(OUTPUT / "digits.png", dpi=120)
print(f"picture: {OUTPUT / 'digits.png'}")
