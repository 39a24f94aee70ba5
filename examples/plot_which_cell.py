"""
Which cell?
===========

Eight cells are built in. What tells them apart is how they remember: here each learns to add two numbers that are
marked in sequences of growing length (Hochreiter & Schmidhuber, 1997). A plain recurrent network loses the thread
first, then an LSTM without forget gates; cells with gates whose initial bias keeps the state hold it.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_recurrent import RNNRegressor

CELLS = ["elman", "lstm", "lstm_no_forget", "lstm_coupled", "gru", "gru_reset_before", "gru_no_reset", "mgu"]
LENGTHS = [20, 60, 120]

# %%
# The data: numbers from 0 to 1, two of which are marked. The target is the sum of these.


def sums(n, length, rng):
    X = np.zeros((n, length, 2), np.float32)
    X[:, :, 0] = rng.random((n, length))
    first = rng.integers(length // 2, size=n)
    second = rng.integers(length // 2, length, size=n)
    X[np.arange(n), first, 1] = 1
    X[np.arange(n), second, 1] = 1
    return X, (X[:, :, 0] * X[:, :, 1]).sum(axis=1)


# %%
# A network of each cell for each length: one direction, the last state decides.
scores = np.zeros((len(CELLS), len(LENGTHS)))
for column, length in enumerate(LENGTHS):
    rng = np.random.default_rng(length)
    X, y = sums(600, length, rng)
    X_test, y_test = sums(500, length, rng)
    for row, cell in enumerate(CELLS):
        model = RNNRegressor(
            24, cell=cell, bidirectional=False, pooling="last", max_iter=30, learning_rate_init=0.01, random_state=0
        )
        scores[row, column] = model.fit(X, y).score(X_test, y_test)
    print(
        f"{length} steps: "
        + ", ".join(f"{cell} {score:.2f}" for cell, score in zip(CELLS, scores[:, column], strict=True))
    )

# %%
# The picture: R² on other sequences. 0 is the mean, 1 is perfect. One seed: small differences are luck.
figure, axes = plt.subplots(figsize=(6, 4.2), layout="constrained")
picture = axes.imshow(scores, cmap="cividis", vmin=0, vmax=1, aspect="auto")
axes.set_xticks(range(len(LENGTHS)), [f"{length} steps" for length in LENGTHS])
axes.set_yticks(range(len(CELLS)), CELLS)
for (row, column), score in np.ndenumerate(scores):
    axes.text(column, row, f"{score:.2f}", ha="center", va="center", color="black" if score > 0.5 else "white")
axes.set_title("Sum of two marked numbers: R²")
figure.colorbar(picture, ax=axes, label="R²")
plt.show()
