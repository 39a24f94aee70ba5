"""
A recurrent network from its equation
=====================================

An Elman network (1990) has one equation: ``h' = tanh(W [x; 1; h])``. The new state is made of the input, a bias and the
state before. Here it is computed step by step from the weights of a fitted model, and drawn as it happens.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_recurrent import RNNRegressor

# %%
# The task: say the sum of the last steps of a wave. Four units are enough to look at.
rng = np.random.default_rng(0)
X = np.sin(np.arange(24) * 0.5 + rng.uniform(0, 6, 200)[:, None])[:, :, None]
y = X[:, -4:, 0].sum(axis=1)
model = RNNRegressor(4, cell="elman", bidirectional=False, pooling="last", max_iter=60, random_state=0).fit(X, y)
print(f"R²: {model.score(X, y):.3f}")

# %%
# The equation. ``weights_`` holds its matrix: a row for each unit, columns for x, for the bias and for h.
W = model.weights_["layer_0/forward/W"]
h = np.zeros(4)
states = []
for x in (X[0] - model.x_mean_) / model.x_scale_:
    h = np.tanh(W @ np.concatenate([x, [1], h]))
    states.append(h)
print("as the model computes it:", np.allclose(states, model.hidden_states(X[:1])[0]))

# %%
# The output is a weighted sum of the last state, in the unit of y.
V = model.weights_["head/V"]
output = V @ np.concatenate([h, [1]]) * model.y_scale_ + model.y_mean_
print("and its prediction:", np.allclose(output, model.predict(X[:1])))

# %%
# The picture: the matrix, the wave, and the states that follow it.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained", width_ratios=[1, 2])
limit = np.abs(W).max()
picture = left.imshow(W, cmap="PuOr", vmin=-limit, vmax=limit)
left.set_xticks(range(W.shape[1]), ["x", "1", *(f"h{k}" for k in range(4))])
left.set_yticks(range(4), [f"h'{k}" for k in range(4)])
left.set_title("W")
figure.colorbar(picture, ax=left, shrink=0.8, label="weight")
right.plot(X[0], color="black", linewidth=2, label="x")
for k, style in enumerate(["-", "--", "-.", ":"]):
    right.plot(np.array(states)[:, k], style, label=f"h{k}")
right.set(xlabel="time step", ylabel="value", title="The state follows the input")
right.legend(ncols=5, loc="upper center", fontsize=8)
right.set_ylim(-1.1, 1.5)
plt.show()
