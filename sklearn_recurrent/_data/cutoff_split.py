"""Folds by time: one moment for all series, before which a model is trained and after which it is tested."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length, check_scalar

from .calendar import calendar_with
from .stamps import read_stamps


class CutoffSplit(BaseCrossValidator):
    """Splitter of windows of time series by time: each fold has one cutoff for all series.

    A model is trained on what is known at the cutoff of the fold, and tested on what comes after it. The last fold ends
    with the last window, as in `TimeSeriesSplit`, but time decides, and not the order of the rows: series may have any
    starts and lengths.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 1.
    horizon : int
        Number of time steps that the targets of a window reach beyond its last step seen. 0 is for windows whose target
        belongs to their last step.
    test_size : int or None, default=None
        Number of time steps in which the windows of a test set have their first target. None is one `horizon`: the
        first targets of the next fold begin where those of this one end.
    gap : int, default=0
        Number of time steps between the cutoff and the first target that is tested. With 0 this is the step after the
        cutoff. With ``gap=window``, test windows and training windows share no value.
    max_train_size : int or None, default=None
        Number of time steps, up to the cutoff, in which training windows have their last target. None means all:
        training sets grow from fold to fold.
    freq : int, timedelta, timedelta64, offset or alias of pandas, or None, default=None
        Length of one time step. None is 1 for integers, and the length of periods. Dates need one, such as ``'D'``,
        ``'h'``, ``'MS'``, ``'B'`` or ``np.timedelta64(15, 'm')``. ``np.timedelta64(k, 'M')`` is k months, for times on
        one day of the month or on its last. Without pandas, aliases are those of fixed lengths and ``'B'``.

    See Also
    --------
    sliding_windows : Cut time series into windows.
    sklearn.model_selection.TimeSeriesSplit : Folds of the rows of a single series.

    Notes
    -----
    `groups` are the times of the last step seen of each window. A fold with the cutoff c is

    - trained on windows whose last target, `horizon` steps after their last step seen, is at c or before;
    - tested on windows whose first target is one of the `test_size` time steps that follow c and the `gap`.

    So no target of a test window is seen in training, in no series. Cutoffs lie `test_size` steps apart. Rows of both
    parts are in the order of time; `learning_curve` takes the first ones, which are the oldest.

    scikit-learn hands `groups` to a splitter in `cross_validate`, `cross_val_score`, `GridSearchCV` and its like,
    `learning_curve`, `validation_curve`, `permutation_test_score` and `RFECV`. With metadata routing the splitter
    requests them by default, and `cross_validate` and `cross_val_score` take them as ``params={"groups": groups}``. In
    `cross_val_predict` and in stacking there can be no folds by time: each row would have to be tested once.

    In a time zone, days are days of the calendar there, also if they have 23 or 25 hours; of 24 hours each only if all
    times show that, across a change of the clock.

    Examples
    --------
    Two series, the second one shorter and later. Windows of 4 steps and a horizon of 2:

    >>> import numpy as np
    >>> from sklearn_recurrent import CutoffSplit
    >>> cutoffs = np.concatenate([np.arange(3, 18), np.arange(9, 18)])
    >>> X = np.zeros((len(cutoffs), 4))
    >>> for train, test in CutoffSplit(2, horizon=2).split(X, groups=cutoffs):
    ...     print(len(train), "windows with targets up to", cutoffs[train].max() + 2, end=", ")
    ...     print("first targets to test:", np.unique(cutoffs[test] + 1))
    14 windows with targets up to 14, first targets to test: [15 16]
    18 windows with targets up to 16, first targets to test: [17 18]

    Dates, in a search, where ``groups`` go to the splitter:

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV
    >>> days = np.datetime64("2024-01-01") + cutoffs
    >>> y = np.zeros((len(cutoffs), 2))
    >>> cv = CutoffSplit(3, horizon=2, freq=np.timedelta64(1, "D"))
    >>> search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=cv).fit(X, y, groups=days)
    >>> search.n_splits_
    3
    """

    __metadata_request__split = {"groups": True}

    def __init__(self, n_splits=5, *, horizon, test_size=None, gap=0, max_train_size=None, freq=None) -> None:
        check_scalar(n_splits, "n_splits", Integral, min_val=1)
        check_scalar(horizon, "horizon", Integral, min_val=0)
        check_scalar(gap, "gap", Integral, min_val=0)
        for name, size in [("test_size", test_size), ("max_train_size", max_train_size)]:
            if size is not None:
                check_scalar(size, name, Integral, min_val=1)
        self.n_splits = n_splits
        self.horizon = horizon
        self.test_size = test_size
        self.gap = gap
        self.max_train_size = max_train_size
        self.freq = freq

    def get_n_splits(self, X=None, y=None, groups=None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        n_splits : int
            The parameter.
        """
        return int(self.n_splits)

    def split(self, X, y=None, groups=None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Split windows into those to train on and those to test on, fold by fold.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
            The windows. Only their number matters.
        y : array-like of shape (n_windows, ...), default=None
            The targets. Only their number matters.
        groups : array-like of shape (n_windows,)
            Time of the last step seen of each window: integers, datetime64, dates, timestamps of one time zone or of
            none, durations or periods, in any container, also of pandas, polars or pyarrow.

        Returns
        -------
        folds : iterator over tuples of ndarray
            Rows to train on, and rows to test on, each in the order of time.

        Raises
        ------
        TypeError
            If `groups` are no times, such as strings, or `freq` does not fit them.
        ValueError
            If `groups` are missing, or a time in them; if dates come without `freq`; if a fold would be empty.
        """
        if groups is None:
            raise ValueError(
                "Expected groups, the time of the last step seen of each window, got None. Pass it beside X and y: "
                "search.fit(X, y, groups=windows.cutoff), cross_val_score(model, X, y, groups=windows.cutoff, cv=cv), "
                'or with metadata routing cross_val_score(model, X, y, params={"groups": windows.cutoff}, cv=cv).'
            )
        check_consistent_length(X, y, groups)
        calendar = calendar_with(read_stamps(groups, "groups"), self.freq, "groups")
        times = calendar.times
        order = np.argsort(times, kind="stable")
        folds = [(order[train], order[test]) for train, test in self._folds(calendar, times[order])]
        return iter(folds)

    def _folds(self, calendar, seen):
        """For each fold the places of its rows in `seen`, the times of the last steps seen in ascending order."""
        horizon = int(self.horizon)
        lead = min(horizon, 1)  # steps from the last step seen to the first target
        size = max(horizon, 1) if self.test_size is None else int(self.test_size)
        ends = calendar.shift(seen, horizon)
        folds = []
        cutoffs = []
        edges = []
        for n_later in reversed(range(self.n_splits)):
            # All is counted back from the last window: steps of the calendar need not add up.
            first = 1 - size * (n_later + 1)
            start = calendar.shift(seen[-1], first)
            stop = calendar.shift(seen[-1], first + size)
            n_before = first - 1 - int(self.gap) + lead
            cutoff = calendar.shift(seen[-1], n_before)
            train = slice(0, np.searchsorted(ends, cutoff, side="right"))
            if self.max_train_size is not None:
                oldest = calendar.shift(seen[-1], n_before - int(self.max_train_size))
                train = slice(np.searchsorted(ends, oldest, side="right"), train.stop)
            test = slice(np.searchsorted(seen, start), np.searchsorted(seen, stop))
            folds.append((train, test))
            cutoffs.append(cutoff)
            edges.append((start, stop))
        self._refuse_empty_training(folds, cutoffs, calendar, seen)
        self._refuse_empty_test(folds, edges, calendar)
        return folds

    def _refuse_empty_training(self, folds, cutoffs, calendar, seen):
        is_empty = [train.start == train.stop for train, _ in folds]
        if not any(is_empty):
            return
        n_good = is_empty[::-1].index(True)
        advice = "a smaller test_size, gap or horizon"
        if n_good:
            advice = f"n_splits={n_good} or less, or a smaller test_size or gap"
        if self.max_train_size is not None:
            advice += ", or a larger max_train_size"
        fold = len(folds) - 1 - n_good
        raise ValueError(
            f"Fold {fold} of {self.n_splits} (counted from 0) has no window to train on: none has its last target, "
            f"{self.horizon} steps after its last step seen, at its cutoff {calendar.shown(cutoffs[fold])} or before. "
            f"The last steps seen go from {calendar.shown(seen[0])} to {calendar.shown(seen[-1])}. Set {advice}."
        )

    def _refuse_empty_test(self, folds, edges, calendar):
        for fold, (_, test) in enumerate(folds):
            if test.start == test.stop:
                start, stop = edges[fold]
                raise ValueError(
                    f"Fold {fold} of {self.n_splits} (counted from 0) has no window to test on: none has its last step "
                    f"seen from {calendar.shown(start)} to before {calendar.shown(stop)}. Set a larger test_size."
                )
