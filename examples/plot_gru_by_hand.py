"""
A GRU from its equations
========================

A gated recurrent unit (Cho et al., 2014) has no board beside its state. One gate, ``z``, decides for each unit how much
of the old state stays; another, ``r``, how much of it the candidate ``n`` may see:

``r, z = σ(W_rz [x; 1; h])``, ``n = tanh(W_n [x; 1] + r ∘ U_a [1; h])``, ``h' = (1 - z) ∘ n + z ∘ h``.

Three matrices, three quarters of the weights of an LSTM. Here it learns to count.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_recurrent import GRURegressor

# %%
# The task: how many of the steps since the last reset (a 1 in the second feature) were above zero? Said at each step.
rng = np.random.default_rng(0)
n, steps = 600, 30
values = rng.choice([-1.0, 1.0], (n, steps))
reset = rng.random((n, steps)) < 0.1
count = np.zeros((n, steps))
for t in range(steps):
    before = np.where(reset[:, t], 0, count[:, t - 1]) if t else 0
    count[:, t] = before + (values[:, t] > 0)
X = np.stack([values, reset], axis=2)
model = GRURegressor(8, return_sequences=True, max_iter=60, learning_rate_init=0.01, alpha=1e-3, random_state=0)
model.fit(X[:500], count[:500])
print(f"R² on other sequences: {model.score(X[500:], count[500:]):.3f}")

# %%
# The equations, step by step.
W_rz, U_a, W_n = (model.weights_[f"layer_0/forward/{name}"] for name in ("W_rz", "U_a", "W_n"))


def logistic(a):
    return 1 / (1 + np.exp(-a))


shown = 511
h = np.zeros(8)
states = []
updates = []
for x in (X[shown] - model.x_mean_) / model.x_scale_:
    r, z = np.split(logistic(W_rz @ np.concatenate([x, [1], h])), 2)
    candidate = np.tanh(W_n @ np.concatenate([x, [1]]) + r * (U_a @ np.concatenate([[1], h])))
    h = (1 - z) * candidate + z * h
    states.append(h)
    updates.append(z)
print("as the model computes it:", np.allclose(states, model.hidden_states(X[shown : shown + 1])[0]))

# %%
# The picture: what is counted, what the network says, and the update gate. Where it is dark, a unit takes a new value.
figure, (above, below) = plt.subplots(2, 1, figsize=(9, 5), layout="constrained", sharex=True)
above.step(range(steps), count[shown], where="mid", color="black", label="count")
above.plot(model.predict(X[shown : shown + 1])[0], "o--", color="C1", markersize=4, label="predicted")
for number, t in enumerate(np.flatnonzero(reset[shown])):
    above.axvline(t, color="red", linestyle=":", label="_" if number else "reset")
above.set(ylabel="steps above zero", title="Counting since the last reset")
above.legend()
picture = below.imshow(np.transpose(updates), aspect="auto", cmap="cividis", vmin=0, vmax=1)
below.set(xlabel="time step", ylabel="unit", title="update gate z (1: keep)")
figure.colorbar(picture, ax=below)
plt.show()
