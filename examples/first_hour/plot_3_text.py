"""
3. Text: words in, a label out
==============================

``SequenceTokenizer`` makes a sequence of integers of each text, and ``embedding_dim`` gives each word a vector that is
learned. Everything else is as before: the texts themselves are X.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_recurrent import GRUClassifier, SequenceTokenizer

# %%
# The data: requests to a help desk. What matters is an order of words: "not" before the verb turns the meaning.
rng = np.random.default_rng(0)
SUBJECTS = ["the printer", "my account", "the new laptop", "this page", "the invoice"]
VERBS = ["works", "loads", "opens", "starts"]
ENDINGS = ["since Monday", "after the update", "on my phone", "as expected", "at home"]


def request(works):
    subject = rng.choice(SUBJECTS)
    verb = rng.choice(VERBS)
    ending = rng.choice(ENDINGS)
    hedge = rng.choice(["really ", "I think ", ""])
    middle = f"{subject} {verb}" if works else f"{subject} does not {verb.rstrip('s')}"
    other = rng.choice(["and the rest is not urgent", "and I am not in a hurry", ""])
    return f"{hedge}{middle} {ending} {other}".strip()


y = np.array(["fine", "broken"] * 150)
texts = [request(label == "fine") for label in y]
print("\n".join(f"{label:7} {text}" for label, text in zip(y[:4], texts[:4], strict=True)))

# %%
# The model, judged on texts of other folds.
model = make_pipeline(SequenceTokenizer(), GRUClassifier(16, embedding_dim=8, max_iter=20, random_state=0))
p = cross_val_predict(model, texts, y, cv=3, method="predict_proba")
print(f"accuracy: {np.mean((p[:, 1] > 0.5) == (y == 'fine')):.3f}")
model.fit(texts, y)
print(model.predict(["the printer does not start", "my new phone opens the page"]))

# %%
# The picture: the probabilities of texts that the model had not seen.
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
bins = np.linspace(0, 1, 21)
axes.hist([p[y == "broken", 1], p[y == "fine", 1]], bins, label=["broken", "fine"], hatch="", edgecolor="black")
axes.set(xlabel='probability of "fine"', ylabel="texts", title="Out of fold")
axes.legend()
plt.show()
