"""The defaults on many splits of small public sets: ``python benchmarks/resplits.py [set ...]``.

A default that is good in the mean may still collapse on one split in twenty. Each set is therefore split anew, 20 times
by default, into as many training and test sequences as it has, stratified; and on each split an LSTM and a GRU are
fitted from three seeds. They are compared with logistic regression on the standardized, flattened series of the same
split. The first table has the differences of accuracy; the second, with ``--rates``, the mean accuracy over learning
rates, and the largest factor by which the loss rose from one epoch to the next after the tenth, where it was above 1 %
of its first value. The exit code is 1 if the first table misses a bar: mean, 5 % quantile and worst of the differences.

Nothing may be chosen by these figures: choose on other splits, ``--first-split 100``. The sets come with aeon; CBF is
drawn from its formula. ArrowHead, Covid3Month_disc and JapaneseVowels_eq may be named too. They are not part of the
bars: on the first two, no recurrent network is much better than another, and the last takes long.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import cache

import numpy as np
from accuracy import bundled, draw_cbf
from joblib import Memory, Parallel, delayed
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import GRUClassifier, LSTMClassifier

JUDGED = ("BasicMotions", "CBF", "GunPoint", "ItalyPowerDemand", "UnitTest")
OTHERS = ("ArrowHead", "Covid3Month_disc", "JapaneseVowels_eq")
CELLS = {"LSTM": LSTMClassifier, "GRU": GRUClassifier}
RATES = (2e-3, 5e-3, 1e-2)
BARS = {"mean": -0.01, "5 %": -0.05, "worst": -0.08}
SETTLED = 10  # epochs after which the loss should not jump


@cache
def pooled(name):
    """All sequences of a set, its labels, and the size of its training set."""
    X, X_test, y, y_test = bundled(name)
    return np.stack([*X, *X_test]), np.concatenate([y, y_test]), len(X)


def split(name, number):
    """X_train, X_test, y_train, y_test of a split."""
    if name == "CBF":
        rng = np.random.default_rng(1000 + number)
        X, y = draw_cbf(rng, 30)
        X_test, y_test = draw_cbf(rng, 300)
        return X[:, :, None], X_test[:, :, None], y, y_test
    X, y, n_train = pooled(name)
    return train_test_split(X, y, train_size=n_train, stratify=y, random_state=number)


def score_of_logistic_regression(name, number):
    X, X_test, y, y_test = split(name, number)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    return model.fit(X.reshape(len(X), -1), y).score(X_test.reshape(len(X_test), -1), y_test)


def fit(name, number, cell, seed, settings):
    """Accuracy on the test set, seconds of the fit, and the largest jump of the loss."""
    X, X_test, y, y_test = split(name, number)
    model = CELLS[cell](random_state=seed, **settings)
    start = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - start
    return model.score(X_test, y_test), seconds, largest_jump(model.loss_curve_)


def largest_jump(losses):
    """The largest factor between an epoch and the next after the tenth, where the loss is above 1 % of its first."""
    losses = np.array(losses)
    before = losses[SETTLED - 1 : -1]
    after = losses[SETTLED:]
    return max((after / before)[after > 0.01 * losses[0]], default=1.0)


class Runs:
    """Fits, side by side, each of them computed once."""

    def __init__(self, splits, seeds, n_jobs, folder):
        memory = Memory(folder, verbose=0)
        self.splits = splits
        self.seeds = seeds
        self.fit = memory.cache(fit)
        self.reference = memory.cache(score_of_logistic_regression)
        self.parallel = Parallel(n_jobs=n_jobs)

    def references(self, name):
        """(splits,) accuracies of logistic regression."""
        return np.array(self.parallel(delayed(self.reference)(name, number) for number in self.splits))

    def networks(self, name, cell, **settings):
        """(splits, seeds, 3): accuracy, seconds and largest jump of each fit."""
        tasks = [(name, number, cell, seed, settings) for number in self.splits for seed in self.seeds]
        results = self.parallel(delayed(self.fit)(*task) for task in tasks)
        return np.reshape(results, (len(self.splits), len(self.seeds), 3))


def table_of_differences(runs, sets):
    """Print the first table. Return whether all bars are met."""
    print(
        "| set | network | accuracy | logistic regression | mean difference | 5 % quantile | worst | seconds a fit | |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    met = True
    for name in sets:
        reference = runs.references(name)
        for cell in CELLS:
            results = runs.networks(name, cell)
            differences = results[:, :, 0] - reference[:, None]
            found = {"mean": differences.mean(), "5 %": np.quantile(differences, 0.05), "worst": differences.min()}
            # Half of the last digit shown: a bar is a decimal number, and a difference is one of fractions.
            missed = [bar for bar, least in BARS.items() if found[bar] < least - 5e-5]
            if name in JUDGED:
                met = met and not missed
            verdict = "misses " + ", ".join(missed) if missed else "good"
            figures = " | ".join(f"{value:+.4f}" for value in found.values())
            print(
                f"| {name} | {cell} | {results[:, :, 0].mean():.4f} | {reference.mean():.4f} | {figures} "
                f"| {results[:, :, 1].mean():.2f} | {verdict} |",
                flush=True,
            )
    return met


def table_of_rates(runs, sets):
    """Print the second table."""
    columns = " | ".join(f"{rate:g}: accuracy | jump" for rate in RATES)
    print(f"\n| set | network | {columns} | range of accuracy |")
    print("|---|---|" + "---|---|" * len(RATES) + "---|", flush=True)
    for name in sets:
        for cell in CELLS:
            results = [runs.networks(name, cell, learning_rate_init=rate) for rate in RATES]
            means = [result[:, :, 0].mean() for result in results]
            jumps = [result[:, :, 2].max() for result in results]
            cells = " | ".join(f"{mean:.4f} | {jump:.1f}" for mean, jump in zip(means, jumps, strict=True))
            print(f"| {name} | {cell} | {cells} | {np.ptp(means):.4f} |", flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="The defaults on many splits; exit code 1 if a bar is missed.")
    known = JUDGED + OTHERS
    parser.add_argument("sets", nargs="*", metavar="set", help="default: those judged; or some of " + ", ".join(known))
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--first-split", type=int, default=0, help="splits to choose by are 100 and above")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--rates", action="store_true", help="also the table over learning rates, in four times the time"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--cache", help="folder in which results are kept; empty it when the code has changed")
    options = parser.parse_args(arguments)
    sets = options.sets or list(JUDGED)
    if unknown := set(sets) - set(known):
        parser.error(f"unknown set {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the processes to come: they share the cores
    splits = range(options.first_split, options.first_split + options.splits)
    runs = Runs(splits, range(options.seeds), options.jobs, options.cache)
    met = table_of_differences(runs, sets)
    if options.rates:
        table_of_rates(runs, sets)
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
