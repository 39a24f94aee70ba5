"""
The vanishing gradient
======================

How far back in time can a network learn? What a step teaches the weights is the gradient of the loss with respect to
the state after it. In a plain recurrent net this gradient is multiplied with the slopes of tanh at each step back, and
vanishes; in an LSTM it passes the forget gate, which is open if its bias says so. Seen here before any training, on 100
steps of noise: a step whose gradient has vanished teaches nothing.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from sklearn_recurrent import GradientFlowDisplay, GRUClassifier, LSTMClassifier, RNNClassifier

OUTPUT = Path(sys.argv[0]).parent / "output"
OUTPUT.mkdir(exist_ok=True)

# %%
# The data: 50 sequences of 100 steps, 8 features of mean 0 and variance 1, and labels that do not depend on them.
rng = np.random.default_rng(0)
X, y = rng.standard_normal((50, 100, 8)), rng.integers(0, 2, 50)

# %%
# The networks: 32 units, one direction, the last state decides. A learning rate of next to nothing leaves the weights
# as they were drawn. At first, the forget gate is open by σ(bias): 0.5, 0.73, 0.95. "chrono" draws the bias so that
# units remember for different times, up to the length of the sequences (Tallec & Ollivier 2018).
networks = {
    "Elman": RNNClassifier(32),
    "LSTM, forget bias 0": LSTMClassifier(32, forget_bias=0),
    "LSTM, forget bias 1": LSTMClassifier(32, forget_bias=1),
    "LSTM, forget bias 3": LSTMClassifier(32, forget_bias=3),
    "GRU, chrono": GRUClassifier(32, forget_bias="chrono"),
}
untrained = {"bidirectional": False, "pooling": "last", "max_iter": 1, "learning_rate_init": 1e-300}
curves = {name: [] for name in networks}
for name, network in networks.items():
    for seed in range(5):
        network.set_params(**untrained, random_state=seed).fit(X, y)
        norm = network.gradient_flow(X, y)["layer_0/forward"]  # by distance from the end
        curves[name].append(norm / norm[0])
    far = np.array(curves[name])[:, 50]
    print(f"{name:20} gradient 50 steps back, of 1 at the end: {far.min():.1e} to {far.max():.1e} in 5 seeds")

# %%
# Below the rounding error of float32 a gradient is lost among those of the last steps.
elman, lstm = np.array(curves["Elman"]), np.array(curves["LSTM, forget bias 3"])
print(f"Elman falls below 1e-6 within 50 steps: {bool((elman[:, 50] < 1e-6).all())}")
print(f"LSTM with forget bias 3 keeps more than 1e-2 of it: {bool((lstm[:, :51].min(axis=1) > 1e-2).all())}")

# %%
# The picture: a line for each seed.
figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
styles = zip(["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"], ["-", "--", "-.", ":", "-"], strict=True)
for (name, seeds), (color, linestyle) in zip(curves.items(), styles, strict=True):
    for seed, norms in enumerate(seeds):
        GradientFlowDisplay.from_flow(
            {"layer_0/forward": norms},
            name="_" if seed else name,  # one of the five stands in the legend
            ax=axes,
            line_kw={"color": color, "linestyle": linestyle, "linewidth": 1},
        )
axes.axhline(np.finfo(np.float32).eps, color="gray", linestyle=":", linewidth=1)
axes.text(62, np.finfo(np.float32).eps, "rounding of float32", color="gray", va="bottom", fontsize=8)
axes.set(title="How far the gradient reaches before training", xlim=(0, 99))
axes.legend(loc="lower left")
figure.savefig(OUTPUT / "gradient_flow.png", dpi=120)
print(f"picture: {OUTPUT / 'gradient_flow.png'}")
