"""
4. A forecast with a band
=========================

``sliding_windows`` cuts a series into windows and the values that follow them; ``last_windows`` gives the last window,
from which the true future is forecast. A network with several quantiles gives a band; ``CutoffSplit`` makes folds that
never look ahead.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_score

from sklearn_recurrent import (
    ForecastDisplay,
    Seq2SeqRegressor,
    coverage_score,
    last_windows,
    pinball_scorer,
    sliding_windows,
)

# %%
# The data: three years of daily sales with a week and a year in them.
rng = np.random.default_rng(0)
days = pd.date_range("2023-01-01", "2025-12-31", freq="D")
week = np.array([0.9, 0.9, 1.0, 1.0, 1.2, 1.5, 0.5])[days.day_of_week]
sales = 100 * week * (1 + 0.2 * np.sin(2 * np.pi * days.day_of_year / 365)) * rng.gamma(50, 1 / 50, len(days))
frame = pd.DataFrame({"date": days, "sales": sales})
history = frame[:-14]
truth = frame[-14:]

# %%
# Windows of four weeks, each followed by two weeks to forecast.
windows = sliding_windows(history, 28, 14, time="date", target="sales")
X, y, groups = windows
print(X.shape, y.shape)

# %%
# The model: the 5 %, 50 % and 95 % quantiles of each day. First how well it does by folds of time.
quantile = (0.05, 0.5, 0.95)
model = Seq2SeqRegressor(24, loss="quantile", quantile=quantile, max_iter=15, random_state=0)
scores = cross_val_score(
    model, X, y, cv=windows.cutoff_split(2), groups=windows.cutoff, scoring=pinball_scorer(quantile)
)
print(f"pinball loss in two folds: {-scores.round(2)}")

# %%
# Then the true future: from the end of the history.
last = last_windows(history, 28, 14, time="date", target="sales")
model.fit(X, y)
forecast = model.predict(last.X)
low, _, high = forecast[0].T
covered = coverage_score(truth["sales"], low, high)
print(f"{covered:.0%} of the 14 days lie in the band")

# %%
# The picture.
ForecastDisplay.from_estimator(model, last, truth[["sales"]].T.to_numpy(), value_name="sales")
plt.show()
