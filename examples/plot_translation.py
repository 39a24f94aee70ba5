"""
I am going home: an encoder, a decoder, attention
=================================================

An encoder reads a sentence, a decoder writes another, word by word, and at each word it looks back at the words it has
read (Bahdanau et al., 2015). The two languages order their words differently, so the matrix of where it looks is no
diagonal. The corpus is made of templates, English to German; the sentences that are tested were not seen.
"""

import sys
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_recurrent import AttentionDisplay, Seq2SeqClassifier, SequenceTokenizer

# %%
# The corpus. German puts the verb second and the rest of it last: "today I am going home" is "heute gehe ich nach
# Hause", and "I want to go home" is "ich will nach Hause gehen".
PEOPLE = {"I": "ich", "we": "wir", "they": "sie"}
WAYS = {
    "going": {"ich": "gehe", "wir": "gehen", "sie": "gehen"},
    "walking": {"ich": "laufe", "wir": "laufen", "sie": "laufen"},
    "driving": {"ich": "fahre", "wir": "fahren", "sie": "fahren"},
}
INFINITIVES = {"going": ("go", "gehen"), "walking": ("walk", "laufen"), "driving": ("drive", "fahren")}
WILL = {"ich": "will", "wir": "wollen", "sie": "wollen"}
AM = {"I": "am", "we": "are", "they": "are"}
GOALS = {"home": "nach Hause", "to school": "zur Schule", "to the station": "zum Bahnhof", "to the sea": "ans Meer"}
TIMES = {"": "", "today": "heute", "tomorrow": "morgen", "now": "jetzt"}

pairs = []
for (person, who), (way, verbs), (goal, wohin), (when, wann) in product(
    PEOPLE.items(), WAYS.items(), GOALS.items(), TIMES.items()
):
    infinitive, ending = INFINITIVES[way]
    pairs.append((f"{when} {person} {AM[person]} {way} {goal}", f"{wann} {verbs[who]} {who} {wohin}"))
    pairs.append((f"{when} {person} want to {infinitive} {goal}", f"{wann} {WILL[who]} {who} {wohin} {ending}"))
    if not when:  # without a time the person comes first
        pairs[-2] = (pairs[-2][0], f"{who} {verbs[who]} {wohin}")
        pairs[-1] = (pairs[-1][0], f"{who} {WILL[who]} {wohin} {ending}")
english = [" ".join(source.split()) for source, _ in pairs]
german = [target.split() for _, target in pairs]
chosen = english.index("I am going home")
others = np.delete(np.arange(len(pairs)), chosen)
train, test = train_test_split(others, test_size=0.2, random_state=0)
test = np.append(test, chosen)
print(f"{len(train)} sentences to learn from, {len(test)} others")

# %%
# The model: words in, words out.
model = make_pipeline(
    SequenceTokenizer(lowercase=False), Seq2SeqClassifier(32, embedding_dim=16, max_iter=120, random_state=0)
)
model.fit([english[k] for k in train], [german[k] for k in train])
accuracy = model.score([english[k] for k in test], [german[k] for k in test])
print(f"translated without a wrong word: {accuracy:.1%} of {len(test)} sentences it has not seen")
if accuracy < 0.9:
    sys.exit("nine of ten sentences should be right")
for text in ["I am going home", "tomorrow they want to walk to the sea"]:
    print(f"{text} -> {' '.join(model.predict([text])[0])}")

# %%
# The picture: a row for each word that is written, a column for each word that was read.
shown = ["I am going home", "tomorrow they want to walk to the sea"]
figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained", width_ratios=[1, 2])
for row, ax in enumerate(axes):
    AttentionDisplay.from_estimator(model, shown, row=row, ax=ax, colorbar=ax is axes[-1])
plt.show()
