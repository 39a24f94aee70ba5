"""
An LSTM from its equations: the whiteboard
==========================================

A state is like a whiteboard of limited size. An LSTM (Hochreiter & Schmidhuber, 1997; Gers et al., 2000) decides at
each step what to write on it, what to read from it, and what to wipe off:

- the candidate ``g`` is what could be written, the input gate ``i`` how much of it is (selective write);
- the output gate ``o`` is how much of the board is shown to the next step (selective read);
- the forget gate ``f`` is how much of the board stays (selective forget).

``c' = f ∘ c + i ∘ g`` and ``h' = o ∘ tanh(c')``. Here a network learns to keep one number, and its gates are drawn.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_recurrent import GateDisplay, LSTMRegressor

# %%
# The task: of 20 random numbers remember the one that is marked by a 1 in the second feature.
rng = np.random.default_rng(0)
n, steps = 1500, 20
values = rng.uniform(-1, 1, (n, steps))
marked = rng.integers(2, steps - 4, n)
mark = np.zeros((n, steps))
mark[np.arange(n), marked] = 1
X = np.stack([values, mark], axis=2)
y = values[np.arange(n), marked]
model = LSTMRegressor(
    3, bidirectional=False, pooling="last", learning_rate_init=0.02, max_iter=80, alpha=1e-4, random_state=0
).fit(X[:1000], y[:1000])
print(f"R² on other sequences: {model.score(X[1000:], y[1000:]):.3f}")

# %%
# The equations, step by step. The rows of W are those of g, f, i and o; its columns those of x, the bias and h.
W = model.weights_["layer_0/forward/W"]


def logistic(a):
    return 1 / (1 + np.exp(-a))


shown = 1200
h = np.zeros(3)
c = np.zeros(3)
gates = {name: [] for name in "gfioch"}
for x in (X[shown] - model.x_mean_) / model.x_scale_:
    g, f, i, o = np.split(W @ np.concatenate([x, [1], h]), 4)
    g, f, i, o = np.tanh(g), logistic(f), logistic(i), logistic(o)
    c = f * c + i * g
    h = o * np.tanh(c)
    for name, value in zip("gfioch", (g, f, i, o, c, h), strict=True):
        gates[name].append(value)
print("as the model computes it:", np.allclose(gates["h"], model.hidden_states(X[shown : shown + 1])[0]))
from_model = model.gate_activations(X[shown : shown + 1])
print("its gates too:", all(np.allclose(gates[name], from_model[name][0]) for name in "gfioc"))

# %%
# The picture. At the marked step (the line) the input gate opens and the number is written; after it the forget gates
# keep the board as it is, whatever comes.
figure, axes = plt.subplots(4, 2, figsize=(9, 6.4), layout="constrained", sharex=True)
axes[0, 0].bar(range(steps), X[shown, :, 0], color="gray")
axes[0, 0].set_title("numbers")
axes[0, 1].bar(range(steps), X[shown, :, 1], color="black")
axes[0, 1].set_title("mark")
GateDisplay.from_estimator(model, X, row=shown, ax=axes[1:])
for ax in axes.flat:
    ax.axvline(marked[shown], color="red", linestyle=":", linewidth=1.5)
for ax in axes[-1]:
    ax.set(xlabel="time step", xticks=range(0, steps, 5))
plt.show()
