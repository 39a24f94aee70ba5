"""
When could it have known?
=========================

A classifier of one direction can be asked after each time step: ``staged_predict_proba`` gives its probabilities as if
the sequence ended there. That shows how early a decision is possible, and what waiting for more steps is worth.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from sklearn_recurrent import GRUClassifier, SequenceClassificationDisplay

# %%
# The data: machines that start up. In a third of them a bearing is worn: from some moment on they vibrate more.
rng = np.random.default_rng(0)
n, steps = 600, 60
worn = rng.random(n) < 1 / 3
onset = rng.integers(10, 40, n)
scale = np.where(worn[:, None] & (np.arange(steps) >= onset[:, None]), 1.8, 1.0)
X = (rng.standard_normal((n, steps)) * scale)[:, :, None]
X = np.concatenate([X, X**2], axis=2)  # the signal and its power
y = np.where(worn, "worn", "sound")
X_train, X_test, y_train, y_test, _, onset_test = train_test_split(X, y, onset, stratify=y, random_state=0)

# %%
# The model: one direction, pooled by the mean so far.
model = GRUClassifier(16, bidirectional=False, pooling=("last", "mean"), max_iter=40, random_state=0)
model.fit(X_train, y_train)
print(f"accuracy after all {steps} steps: {model.score(X_test, y_test):.3f}")

# %%
# The probabilities after each step, of all test sequences at once.
p_worn = model.staged_predict_proba(X_test)[:, :, list(model.classes_).index("worn")]
correct = (p_worn > 0.5) == (y_test == "worn")[:, None]
for step in (10, 20, 30, 45, 60):
    print(f"accuracy after {step:2} steps: {correct[:, step - 1].mean():.3f}")

# %%
# The picture: a machine whose bearing is worn, and what is right in the mean of all.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
worn_test = np.flatnonzero(y_test == "worn")
stages = model.staged_predict_proba(X_test[worn_test])
delays = [SequenceClassificationDisplay(p).decided_ for p in stages] - onset_test[worn_test]
row = worn_test[np.argsort(delays)[len(delays) // 2]]
print(f"half of the worn machines are recognized within {np.median(delays):.0f} steps of the onset")
SequenceClassificationDisplay.from_estimator(model, X_test, y_test, row=row, ax=left)
left.axvline(onset_test[row], color="black", label="onset")
left.legend(fontsize="small", ncols=2)
left.set_title("A machine of median delay")
right.plot(np.arange(1, steps + 1), correct.mean(axis=0), color="black")
right.axhline(np.mean(y_test == "sound"), color="gray", linestyle=":", label="always “sound”")
right.set(xlabel="time steps seen", ylabel="accuracy", title="What waiting is worth")
right.legend(loc="lower right")
plt.show()
