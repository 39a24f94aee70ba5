"""
What did it look at? Input gradients
====================================

``input_gradients`` says for each value of X how much the output would change with it (Simonyan et al., 2014). Here a
network recognizes a short pattern somewhere in noise; the gradients show where it found it.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_recurrent import LSTMClassifier, SaliencyDisplay

# %%
# The data: noise of 80 to 120 steps. In half of the sequences one period of a sine is hidden.
rng = np.random.default_rng(0)
pattern = 2 * np.sin(np.linspace(0, 2 * np.pi, 12))
y = np.array(["noise", "pattern"] * 250)
X = [rng.normal(size=(length, 1)) for length in rng.integers(80, 121, len(y))]
starts = [rng.integers(len(x) - len(pattern)) for x in X]
for x, label, start in zip(X, y, starts, strict=True):
    if label == "pattern":
        x[start : start + len(pattern), 0] += pattern

# %%
# The model, tested on the last hundred.
model = LSTMClassifier(24, pooling="max", max_iter=60, random_state=0).fit(X[:400], y[:400])
print(f"accuracy on other sequences: {model.score(X[400:], y[400:]):.2f}")

# %%
# The gradients of the log-odds of "pattern", and how much of them lies where the pattern is.
gradients = model.input_gradients(X[400:], output="pattern")
with_pattern = np.flatnonzero(y[400:] == "pattern")
shares = []
chance = []
for row in with_pattern:
    size = np.abs(gradients[row][:, 0])
    start = starts[400 + row]
    shares.append(size[start : start + len(pattern)].sum() / size.sum())
    chance.append(len(pattern) / len(size))
print(f"share of the gradient on the pattern: {np.mean(shares):.0%}, by chance {np.mean(chance):.0%}")

# %%
# The picture: three sequences, with the pattern in grey. The bars are the gradients.
figure, axes = plt.subplots(3, 1, figsize=(9, 6.6), layout="constrained", sharex=True)
for ax, row in zip(axes, with_pattern[:3], strict=True):
    start = starts[400 + row]
    display = SaliencyDisplay.from_estimator(model, X[400:], row=row, output="pattern", ax=ax)
    display.gradient_ax_.axvspan(start, start + len(pattern) - 1, color="gray", alpha=0.25)
    ax.get_legend().set_visible(ax is axes[0])
    ax.label_outer()
plt.show()
