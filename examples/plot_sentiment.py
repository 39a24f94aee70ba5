"""
Which words decide? Attention over a sentence
=============================================

Does a review praise or blame? A small corpus is made of templates, with negations ("was not bad at all") and long
clauses about other things, whose praise or blame must not count. A Pipeline turns words into numbers, numbers into
vectors, reads them in both directions and weighs the words by attention; the picture shows the weights of one sentence.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_recurrent import AttentionDisplay, LSTMClassifier, SequenceTokenizer

OUTPUT = Path(sys.argv[0]).parent / "output"
OUTPUT.mkdir(exist_ok=True)

# %%
# The corpus: what is reviewed, praise or blame of it, straight or by negation, and a clause about something else.
GOOD = ["good", "excellent", "wonderful", "charming", "delicious", "friendly"]
BAD = ["bad", "terrible", "awful", "boring", "disappointing", "rude"]
THINGS = ["food", "film", "hotel", "service", "concert", "book", "room", "guide"]
OTHERS = ["the place next door", "last year's one", "my old favorite", "the one in the capital"]
STRAIGHT = ["the {thing} was {word}", "I found the {thing} {word}", "what a {word} {thing} this was"]
NEGATED = [
    "the {thing} was not {word} at all",
    "I would never call the {thing} {word}",
    "the {thing} is far from {word}",
]
BEFORE = [
    "although {other} , as everybody told us , was rather {word} , ",
    "whatever one says of {other} , which is {word} , ",
]
AFTER = [" , while {other} , I am sorry to say , turned out {word}", " , and I do not care that {other} is {word}"]


def review(rng):
    """A sentence and its label."""
    praised, negated = rng.integers(0, 2, 2)
    said = GOOD if praised != negated else BAD
    text = rng.choice(NEGATED if negated else STRAIGHT).format(thing=rng.choice(THINGS), word=rng.choice(said))
    aside = rng.choice(BEFORE + AFTER)
    about = aside.format(other=rng.choice(OTHERS), word=rng.choice(GOOD + BAD))
    return (about + text if aside in BEFORE else text + about) + " .", "praise" if praised else "blame"


rng = np.random.default_rng(0)
corpus = dict(review(rng) for _ in range(2000))  # each sentence once
X_train, X_test, y_train, y_test = train_test_split(
    list(corpus), list(corpus.values()), test_size=0.25, stratify=list(corpus.values()), random_state=0
)
print(f"{len(X_train)} sentences to learn from, {len(X_test)} others to test; of up to "
      f"{max(len(text.split()) for text in corpus)} words")  # fmt: skip

# %%
# The model: tokens, vectors, both directions, attention.
model = make_pipeline(
    SequenceTokenizer(),
    LSTMClassifier(32, embedding_dim=16, pooling="attention", dropout=0.2, max_iter=30, random_state=0),
)
model.fit(X_train, y_train)
print(f"accuracy on the test sentences: {model.score(X_test, y_test):.3f}")

# %%
# The picture: how much each word of a sentence weighs.
chosen = next(
    text
    for text, label in zip(X_test, y_test, strict=True)
    if text.startswith("although") and "not" in text and label == "praise"
)
display = AttentionDisplay.from_estimator(model, [chosen])
display.ax_.set_title(f"“{model.predict([chosen])[0]}”, p = {model.predict_proba([chosen]).max():.3f}")
display.figure_.savefig(OUTPUT / "sentiment.png", dpi=120)
print(f"picture: {OUTPUT / 'sentiment.png'}")
