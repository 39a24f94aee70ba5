"""
A label for each step: activities
=================================

A recording of a sensor is long, its labels change within it, and what is wanted is a label for each moment.
``sliding_windows`` cuts windows with a label each, and ``labels_per_step`` lets them vote on the way back. A network
with ``return_sequences=True`` reads the whole recording and needs no windows. Here the two are compared.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_recurrent import GRUClassifier, sliding_windows

# %%
# The data: recordings of an accelerometer, at rest, walking or running, each for 40 to 120 steps.
rng = np.random.default_rng(0)
KINDS = {"rest": (0.1, 0.0), "walk": (0.4, 0.35), "run": (1.0, 0.8)}


def recording(n_parts):
    kinds = []
    parts = []
    for _ in range(n_parts):
        kind = rng.choice([kind for kind in KINDS if not kinds or kind != kinds[-1]])
        t = np.arange(rng.integers(40, 121))
        size, speed = KINDS[kind]
        parts.append(size * np.sin(speed * t + rng.uniform(0, 6)) + rng.normal(scale=0.3, size=len(t)))
        kinds += [kind] * len(t)
    return np.concatenate(parts)[:, None], np.array(kinds)


train = [recording(8) for _ in range(12)]
series, activity = recording(10)

# %%
# By windows: each of 30 steps has the label that is most common in it.
windows = sliding_windows([x for x, _ in train], 30, 0, step=5, labels=[a for _, a in train], label_rule="majority")
by_windows = GRUClassifier(16, max_iter=20, random_state=0).fit(windows.X, windows.y)
last = sliding_windows([series], 30, 0, labels=[activity], label_rule="majority")
(voted,) = last.labels_per_step(by_windows.predict(last.X))
print(f"windows and their votes: {np.mean(voted == activity):.1%} of the steps are right")

# %%
# By steps: in two directions, since the whole recording is there.
per_step = GRUClassifier(
    16, return_sequences=True, bidirectional=True, batch_size=4, max_iter=100, learning_rate_init=0.01, random_state=0
)
per_step.fit([x for x, _ in train], [a for _, a in train])
(predicted,) = per_step.predict([series])
print(f"a label for each step:   {np.mean(predicted == activity):.1%}")

# %%
# The picture.
figure, axes = plt.subplots(4, 1, figsize=(10, 5), layout="constrained", sharex=True, height_ratios=[3, 1, 1, 1])
axes[0].plot(series[:, 0], color="black", linewidth=0.8)
axes[0].set(ylabel="acceleration", title="A recording, and what two networks say of it")
numbers = {kind: number for number, kind in enumerate(KINDS)}
for ax, (name, labels) in zip(
    axes[1:], {"true": activity, "windows": voted, "per step": predicted}.items(), strict=True
):
    image = ax.imshow([[numbers[label] for label in labels]], aspect="auto", cmap="cividis", vmin=0, vmax=2)
    ax.set_yticks([0], [name])
axes[-1].set_xlabel("time step")
handles = [plt.Rectangle((0, 0), 1, 1, color=image.cmap(image.norm(number))) for number in numbers.values()]
axes[0].legend(handles, numbers, ncols=3, loc="upper right")
plt.show()
