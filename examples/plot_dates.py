"""
Dates, as people write them, to ISO
===================================

"Wednesday, 3 March 2021" → "2021-03-03": text in, text out, both letter by letter and neither of a given length. An
encoder reads the letters, a decoder writes the others, and at each it looks back at the letters of the input. Where it
looks is a matrix, and shows what was learned: the year is in its last letters, the month in its name.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_recurrent import AttentionDisplay, Seq2SeqClassifier, SequenceTokenizer

OUTPUT = Path(sys.argv[0]).parent / "output"
OUTPUT.mkdir(exist_ok=True)

# %%
# Ten ways to write a date, none of which can be read in two ways. With slashes the month comes before the day, or the
# year before both; with dots the day comes first. Years are from 1969 to 2068, and two digits mean one of these.
FORMATS = {
    "3 March 2021": "{0.day} {0:%B %Y}",
    "March 3, 2021": "{0:%B} {0.day}, {0.year}",
    "Mar 3, 21": "{0:%b} {0.day}, {0:%y}",
    "03.03.2021": "{0:%d.%m.%Y}",
    "3.3.21": "{0.day}.{0.month}.{0:%y}",
    "Wednesday, 3 March 2021": "{0:%A}, {0.day} {0:%B %Y}",
    "Wed 3 Mar 2021": "{0:%a} {0.day} {0:%b %Y}",
    "03/03/2021": "{0:%m/%d/%Y}",
    "2021/03/03": "{0:%Y/%m/%d}",
    "03-Mar-21": "{0:%d-%b-%y}",
}
rng = np.random.default_rng(0)
first, last = date(1969, 1, 1), date(2068, 12, 31)
days = [first + timedelta(days=int(k)) for k in rng.choice((last - first).days + 1, 5000, replace=False)]
forms = rng.choice(list(FORMATS), len(days))
texts = [FORMATS[form].format(day) for form, day in zip(forms, days, strict=True)]
letters = [list(day.isoformat()) for day in days]  # a sequence of labels for each text
n = 4000
print(f"{n} dates to learn from, {len(days) - n} others, all of different days")

# %%
# The model: letters become numbers, numbers become letters.
model = make_pipeline(
    SequenceTokenizer(level="char", lowercase=False), Seq2SeqClassifier(embedding_dim=16, max_iter=15, random_state=0)
)
model.fit(texts[:n], letters[:n])
accuracy = model.score(texts[n:], letters[n:])
print(f"held-out dates that are right in every letter: {accuracy:.1%}")
for form in FORMATS:
    here = np.flatnonzero(forms[n:] == form) + n
    share = model.score([texts[i] for i in here], [letters[i] for i in here])
    print(f"  {form:24} {share:.1%} of {len(here)}")
for text in ["Wednesday, 3 March 2021", "3.3.21"]:
    print(f"{text} -> {''.join(model.predict([text])[0])}")
if accuracy < 0.95:
    sys.exit("95 % of the held-out dates should be right")

# %%
# The picture: for each letter that was written (a row), where the network looked.
shown = ["Wednesday, 3 March 2021", "March 3, 2021", "03/03/2021"]
chosen = [texts[n:][np.argmax(forms[n:] == form)] for form in shown]  # of each the first
figure, axes = plt.subplots(
    1, len(chosen), figsize=(11, 3), layout="constrained", width_ratios=[len(text) for text in chosen]
)
for row, ax in enumerate(axes):
    AttentionDisplay.from_estimator(model, chosen, row=row, ax=ax, colorbar=ax is axes[-1])
figure.savefig(OUTPUT / "dates.png", dpi=120)
print(f"picture: {OUTPUT / 'dates.png'}")
