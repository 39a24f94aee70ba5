"""
Where attention looks: sequences, reversed
==========================================

A network writes a sequence of digits from its end. To do so it has to look, at each step, one step further back: the
matrix of its attention is an anti-diagonal. Nobody has told it so, it has seen pairs of sequences. Without attention
all that it knows of the input is a single state, and a fifth of the sequences comes out wrong.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from sklearn_recurrent import AttentionDisplay, Seq2SeqClassifier

OUTPUT = Path(sys.argv[0]).parent / "output"
OUTPUT.mkdir(exist_ok=True)

# %%
# The data: 4 to 12 digits; 32-bit tokens are computed with in float32.
rng = np.random.default_rng(0)
X = [rng.integers(10, size=length, dtype=np.int32) for length in rng.integers(4, 13, 6000)]
y = [x[::-1] for x in X]
n = 5000

# %%
# The model, with attention and without.
for attention in (None, "additive"):
    model = Seq2SeqClassifier(embedding_dim=16, attention=attention, max_iter=15, random_state=0).fit(X[:n], y[:n])
    accuracy = model.score(X[n:], y[n:])
    print(f"attention={attention!r}: {accuracy:.1%} of {len(X) - n} other sequences are right throughout")
if accuracy < 0.97:
    sys.exit("with attention 97 % of the sequences should be right")

# %%
# The matrices: a row for each digit that is written, with weights of the digits that were read. The largest weight of
# row t should be that of the step t before the end.
matrices = model.attention_weights(X[n:])
mirrored = [row.argmax() == matrix.shape[1] - 1 - t for matrix in matrices for t, row in enumerate(matrix)]
print(f"{np.mean(mirrored):.2%} of {len(mirrored)} digits are written with the largest weight on the mirrored step")
if np.mean(mirrored) < 0.99:
    sys.exit("the largest weights should be the anti-diagonal")

# %%
# The picture.
chosen = [next(i for i in range(n, len(X)) if len(X[i]) == length) for length in (12, 9, 6)]
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained", width_ratios=[12, 9, 6])
for ax, i in zip(axes, chosen, strict=True):
    AttentionDisplay.from_estimator(model, [X[i]], ax=ax, colorbar=ax is axes[-1])
figure.savefig(OUTPUT / "reversing.png", dpi=120)
print(f"picture: {OUTPUT / 'reversing.png'}")
