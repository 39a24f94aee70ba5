"""
The next word, after a long digression
======================================

"Alice lives in France . ... She speaks" and then? The word that decides, France, lies some twenty to forty words back.
A network with ``return_sequences=True`` predicts the next word after each word; here it is asked for the last one only,
in sentences it has not seen. An LSTM carries the country across; a plain recurrent network does not.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_recurrent import RNNClassifier, SequenceTokenizer

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)

# %%
# The sentences: a person, a country, a digression of four to eight clauses, and the language of the country.
LANGUAGES = {
    "France": "French", "Germany": "German", "Italy": "Italian", "Spain": "Spanish",
    "Poland": "Polish", "Japan": "Japanese", "Greece": "Greek", "Sweden": "Swedish",
}  # fmt: skip
PEOPLE = {"Alice": "She", "Emma": "She", "Clara": "She", "Bob": "He", "David": "He", "Oscar": "He"}
CLAUSES = [
    "every {day} the {animal} sleeps in the {place}",
    "a {animal} and a {animal} walk to the {place}",
    "on {day} the {place} is full of people",
    "the {place} near the {place} opens on {day}",
    "nobody knows why the {animal} likes the {place}",
]
WORDS = {
    "day": ["Monday", "Tuesday", "Friday", "Sunday"],
    "animal": ["cat", "dog", "horse", "bird", "fox"],
    "place": ["garden", "kitchen", "station", "market", "library"],
}


def clause(rng):
    words = rng.choice(CLAUSES).split()
    return [rng.choice(WORDS[word[1:-1]]) if word.startswith("{") else word for word in words]


def sentence(rng):
    """A list of words."""
    person, country = rng.choice(list(PEOPLE)), rng.choice(list(LANGUAGES))
    digression = [word for _ in range(rng.integers(4, 9)) for word in [*clause(rng), "."]]
    return [person, "lives", "in", country, ".", *digression, PEOPLE[person], "speaks", LANGUAGES[country]]


rng = np.random.default_rng(0)
train, test = ([sentence(rng) for _ in range(n)] for n in (2000, 500))
test = [words for words in test if words not in train]
gaps = [len(words) - 5 for words in test]
print(f"{len(train)} sentences to learn from, {len(test)} others; {min(gaps)} to {max(gaps)} words between")
print(" ".join(test[0]))

# %%
# The models read words and predict, after each, the one that follows: y is X, one step later.
accuracy = {}
for cell, settings in {"lstm": {}, "elman": {"learning_rate_init": 0.003}}.items():
    network = RNNClassifier(
        64,
        cell=cell,
        embedding_dim=16,
        return_sequences=True,
        bidirectional=False,
        random_state=0,
        **{"forget_bias": "chrono", "learning_rate_init": 0.01, "max_iter": 15} | settings,
    )
    model = make_pipeline(SequenceTokenizer(lowercase=False), network)
    model.fit([words[:-1] for words in train], [words[1:] for words in train])
    last = [words[-1] for words in model.predict([words[:-1] for words in test])]
    accuracy[cell] = np.mean([guess == words[-1] for guess, words in zip(last, test, strict=True)])
    print(f"{cell}: the language is the first guess in {accuracy[cell]:.1%} of the sentences")
    if cell == "lstm":
        best = model
