"""
2. Sensors: from a table to a search
====================================

Logs of sensors come as a long table: a row per time step, and a column that says which machine it belongs to.
``sequences_from_frame`` makes a sequence of each machine; columns that never change within one are read beside it.
A Pipeline fills gaps and scales; GridSearchCV searches.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_recurrent import GRUClassifier, PerTimestep, sequences_from_frame

# %%
# The data: 120 pumps. In those that fail, the flow swings faster from some hour on. A tenth of the pressures lacks.
rng = np.random.default_rng(0)


def log_of(pump):
    failed = pump % 2 == 1
    hours = np.arange(rng.integers(40, 90))
    onset = rng.integers(10, 30)
    speed = np.where(failed & (hours > onset), 0.55, 0.3)
    flow = np.sin(np.cumsum(speed)) + rng.normal(scale=0.3, size=len(hours))
    pressure = np.where(rng.random(len(hours)) < 0.1, np.nan, rng.normal(5, 1, len(hours)))
    time = pd.Timestamp("2026-01-01") + pd.to_timedelta(hours, unit="h")
    columns = {"pump": f"p{pump}", "time": time, "flow": flow, "pressure": pressure}
    return pd.DataFrame(columns | {"site": rng.choice(["north", "south"]), "failed": failed})


table = pd.concat([log_of(pump) for pump in range(120)]).sample(frac=1, random_state=0)
print(table.head().to_string(index=False))

# %%
# Sequences: one per pump, sorted by time, with its label and its site.
data = sequences_from_frame(table, by="pump", sort_by="time", target="failed", static=["site"])
X_train, X_test, y_train, y_test = train_test_split(data.X, data.y, stratify=data.y, random_state=0)
print(f"{len(data.X)} pumps")

# %%
# The model and the search. ``PerTimestep`` applies any transformer of scikit-learn to each time step.
prepare = make_column_transformer(
    (PerTimestep(SimpleImputer()), ["sequence"]),
    (OneHotEncoder(sparse_output=False), ["site"]),
)
model = make_pipeline(prepare, GRUClassifier(max_iter=40, random_state=0))
search = GridSearchCV(model, {"gruclassifier__hidden_layer_sizes": [8, 16, 32]}, cv=3, n_jobs=2)
search.fit(X_train, y_train)
print(f"best: {search.best_params_}, accuracy on pumps held out: {search.score(X_test, y_test):.2f}")

# %%
# The picture: what the folds say of each candidate, and a pump of each kind.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained", width_ratios=[1, 2])
sizes = search.cv_results_["param_gruclassifier__hidden_layer_sizes"].astype(int)
results = search.cv_results_
left.errorbar(sizes, results["mean_test_score"], results["std_test_score"], fmt="o", capsize=3)
left.set(xlabel="units", ylabel="accuracy of 3 folds", title="Search")
for failed, style in ((False, "-"), (True, "--")):
    sequence = data.X["sequence"].iloc[int(np.argmax(data.y == failed))]
    right.plot(np.arange(len(sequence)), sequence["flow"], style, label="failed" if failed else "did not fail")
right.set(xlabel="hour", ylabel="flow", title="Two pumps")
right.legend()
plt.show()
