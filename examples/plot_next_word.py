"""
The next word, after a long digression
======================================

"Alice lives in France . ... She speaks" and then? The word that decides, France, lies some thirty to forty words back.
A network with ``return_sequences=True`` predicts the next word after each word; here it is asked for the last one only,
in sentences it has not seen. An LSTM carries the country across; a plain recurrent network does not.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_recurrent import RNNClassifier, SequenceTokenizer

OUTPUT = Path(sys.argv[0]).parent / "output"
OUTPUT.mkdir(exist_ok=True)

# %%
# The sentences: a person, a country, a digression of three or four clauses, and the language of the country.
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
    digression = [word for _ in range(rng.integers(3, 5)) for word in [*clause(rng), "."]]
    return [person, "lives", "in", country, ".", *digression, PEOPLE[person], "speaks", LANGUAGES[country]]


rng = np.random.default_rng(0)
train, test = ([sentence(rng) for _ in range(n)] for n in (3000, 500))
test = [words for words in test if words not in train]
gaps = [len(words) - 8 for words in test]
print(f"{len(train)} sentences to learn from, {len(test)} others, with {min(gaps)} to {max(gaps)} words of digression")
print(" ".join(test[0]))

# %%
# The models read words and predict, after each, the one that follows: y is X, one step later. The LSTM's forget gates
# begin with memories of up to the longest sentence (chrono initialization). Three seeds each: what is learned must not
# hang on luck.
probabilities = {}
for cell, rate in {"lstm": 0.02, "elman": 0.003}.items():
    accuracy = []
    for seed in range(3):
        network = RNNClassifier(
            64,
            cell=cell,
            embedding_dim=16,
            return_sequences=True,
            forget_bias="chrono",
            learning_rate_init=rate,
            batch_size=64,
            max_iter=60,
            random_state=seed,
        )
        model = make_pipeline(SequenceTokenizer(lowercase=False), network)
        model.fit([words[:-1] for words in train], [words[1:] for words in train])
        predicted = model.predict([words[:-1] for words in test])
        accuracy.append(np.mean([guess[-1] == words[-1] for guess, words in zip(predicted, test, strict=True)]))
    shown = ", ".join(f"{share:.1%}" for share in accuracy)
    print(f"{cell}: the language is the first guess in {shown} of the sentences")
    if cell == "lstm" and min(accuracy) < 0.99:
        sys.exit("the LSTM should know the language in 99 % of the sentences")
    (after_each_word,) = model.predict_proba([test[0][:-1]])
    probabilities[cell] = dict(zip(model.classes_, after_each_word[-1], strict=True))

# %%
# The picture: what the two expect at the end of one sentence.
figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
places = np.arange(len(LANGUAGES))
for shift, (cell, p) in zip((-0.2, 0.2), probabilities.items(), strict=True):
    axes.bar(places + shift, [p[language] for language in LANGUAGES.values()], width=0.4, label=cell)
axes.set_xticks(places, LANGUAGES.values())
axes.set(
    ylabel="probability",
    title=f"“{' '.join(test[0][:4])} … {' '.join(test[0][-3:-1])}”, {len(test[0]) - 8} words later",
)
axes.legend()
figure.savefig(OUTPUT / "next_word.png", dpi=120)
print(f"picture: {OUTPUT / 'next_word.png'}")
