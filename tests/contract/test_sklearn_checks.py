"""scikit-learn's checks: none fails, none is expected to fail, none is skipped."""

import re
import tomllib
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from unittest import SkipTest

import numpy as np
import pandas as pd
import pytest
import sklearn.utils.estimator_checks as estimator_checks
from checks import (
    MORE_CHECKS,
    NUMERIC,
    TRAINING,
    in_hardest_form,
    is_numeric_and_short,
    is_of_the_class,
    name_of_check,
    scikit_learns_checks,
)
from sklearn.base import ClassifierMixin, clone
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

import sklearn_recurrent
from sklearn_recurrent import LSTMClassifier, RNNClassifier, RNNRegressor, Seq2SeqClassifier, Seq2SeqRegressor
from sklearn_recurrent._core import network, objective
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._data.sequences import FLOATS

ROOT = Path(__file__).parents[2]
ESTIMATORS = [
    getattr(sklearn_recurrent, f"{kind}{task}")
    for kind in ("RNN", "LSTM", "GRU")
    for task in ("Classifier", "Regressor")
]
pytestmark = [
    pytest.mark.no_cover,  # what they run is covered elsewhere, and tracing doubles their time
    pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning"),
]
STEADY = {"learning_rate": "constant"}  # where a check asks for 1000 epochs, training ends when it stalls
SMALL = STEADY | {"hidden_layer_sizes": 16, "max_iter": 40, "learning_rate_init": 0.025}  # well above the thresholds


def run(check, estimator):
    try:
        check(estimator)
    except (SkipTest, pytest.skip.Exception) as reason:
        pytest.fail(f"skipped: {reason}")


def list_of_checks(model):
    return [name_of_check(check) for _, check in estimator_checks.estimator_checks_generator(model)]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(RNNClassifier, MLPClassifier), (RNNRegressor, MLPRegressor), (Seq2SeqRegressor, MLPRegressor)],
)
def test_no_tag_takes_a_check_away(ours, theirs):
    ours, theirs = set(list_of_checks(ours())), set(list_of_checks(theirs()))
    assert theirs - ours <= {"check_sample_weight_equivalence_on_sparse_data"}  # sequences are not sparse
    assert len(ours) > 50


def in_turn(settings):
    """A classifier and a regressor in turn: what differs between them is met often enough, and time is short."""
    return [cls(**values) for cls, values in zip(cycle((RNNClassifier, RNNRegressor)), settings)]


@scikit_learns_checks([LSTMClassifier(), RNNRegressor()], is_numeric_and_short, one_in=4, as_they_are=True)
def test_every_kind_of_estimator_passes_every_check_with_its_defaults(estimator, check):
    run(check, estimator)


@scikit_learns_checks([cls(**SMALL) for cls in (RNNClassifier, RNNRegressor, Seq2SeqRegressor)], in_hardest_form)
def test_every_estimator_passes_every_check(estimator, check):
    run(check, estimator)


@scikit_learns_checks([cls(**SMALL) for cls in ESTIMATORS[2:]], is_of_the_class)
def test_every_estimator_of_one_cell_passes_every_check(estimator, check):
    """What is numeric, that cell passes below."""
    run(check, estimator)


@scikit_learns_checks(in_turn({"cell": cell} | SMALL for cell in CELLS), is_numeric_and_short, one_in=4)
def test_every_cell_passes_every_check(estimator, check):
    run(check, estimator)


@scikit_learns_checks(
    [
        RNNClassifier(cell="gru", **SMALL, missing="skip"),
        RNNRegressor(cell="gru", **SMALL, missing="forward"),
        RNNClassifier(cell="gru", **SMALL, early_stopping=True),
        RNNRegressor(**SMALL, early_stopping=True),
        RNNClassifier(**SMALL | {"hidden_layer_sizes": (16, 8)}, bidirectional=False, pooling="last"),
        RNNRegressor(**SMALL | {"hidden_layer_sizes": (16, 8)}, bidirectional=False, pooling="mean"),
        RNNClassifier(**SMALL, standardize=False, input_size=1, missing="skip"),
        RNNClassifier(**SMALL, dtype="float32"),
        RNNRegressor(**SMALL, dtype="float32"),
        RNNRegressor(**SMALL, dtype="float64"),
    ],
    is_numeric_and_short,
    one_in=4,
)
def test_settings_that_change_the_path_of_a_fit_pass_every_check(estimator, check):
    run(check, estimator)


QUICK = STEADY | {"hidden_layer_sizes": 12, "max_iter": 40, "learning_rate_init": 0.03}
PARTS = [
    {"pooling": "attention"},
    {"pooling": ("attention", "max"), "bidirectional": False},
    {"dropout": 0.2},
    {"recurrent_dropout": 0.2},
    {"cell": "gru", "forget_bias": "chrono"},
    {"bptt_steps": 2},
]


@scikit_learns_checks(in_turn(QUICK | settings for settings in PARTS), is_numeric_and_short, one_in=3)
def test_every_part_of_the_toolbox_passes_every_check(estimator, check):
    run(check, estimator)


@scikit_learns_checks([RNNRegressor(**QUICK, n_jobs=2)], is_numeric_and_short)
def test_two_threads_pass_every_check(estimator, check, monkeypatch):
    monkeypatch.setattr(objective, "HALF", 1)  # or batches so small would not be divided
    monkeypatch.setattr(network, "PREDICTION_WIDTH", 8)
    monkeypatch.setattr(network, "FRAME_BYTES", 0)
    run(check, estimator)


@scikit_learns_checks(
    [RNNClassifier(8, solver="lbfgs"), RNNRegressor(8, solver="lbfgs")], is_numeric_and_short, one_in=2
)
def test_the_solver_without_batches_passes_every_check(estimator, check):
    run(check, estimator)


# --- the same suite through every form of sequence --------------------------------------------------------------------


def as_cube(X):
    return X[:, :, None]


def as_list(X):
    return [row[:, None] for row in X]


def as_unequal_list(X):
    """The last value of a row is repeated zero to two times; how often, its own values say."""
    repeats = [int(np.abs(row).sum()) % 3 if np.isfinite(row).all() else 0 for row in X]
    return [np.append(row, [row[-1]] * k).astype(row.dtype) for row, k in zip(X, repeats, strict=True)]


class Reading:
    """Turns the matrices of scikit-learn's checks into sequences, and hands them to another model of the tested class.

    `n_features_in_` is the number of columns to the checks, and the features of a time step, 1, to the other model.
    """

    features_of_a_step = 1

    def _other(self, X, reset):
        X = validate_data(
            self,
            X,
            reset=reset,
            dtype=FLOATS,
            order="C",
            ensure_all_finite="allow-nan" if self.missing != "error" else True,
        )
        other = self.tested(**self.get_params(deep=False))
        mine = {name: value for name, value in vars(self).items() if name != "feature_names_in_"}
        vars(other).update(mine | ({"n_features_in_": self.features_of_a_step} if hasattr(self, "theta_") else {}))
        return other, type(self).form(X)

    def _fit(self, X, *args, resume, **kwargs):
        other, sequences = self._other(X, reset=not resume)
        other._fit(sequences, *args, resume=resume, **kwargs)
        del other.n_features_in_
        vars(self).update(vars(other))
        return self

    def _respond(self, method, X, **options):
        check_is_fitted(self)
        other, sequences = self._other(X, reset=False)
        return other._respond(method, sequences, **options)


class CubeClassifier(Reading, RNNClassifier):
    tested, form = RNNClassifier, staticmethod(as_cube)


class ListClassifier(Reading, RNNClassifier):
    tested, form = RNNClassifier, staticmethod(as_list)


class UnequalListClassifier(Reading, RNNClassifier):
    tested, form = RNNClassifier, staticmethod(as_unequal_list)


class CubeRegressor(Reading, RNNRegressor):
    tested, form = RNNRegressor, staticmethod(as_cube)


class ListRegressor(Reading, RNNRegressor):
    tested, form = RNNRegressor, staticmethod(as_list)


class UnequalListRegressor(Reading, RNNRegressor):
    tested, form = RNNRegressor, staticmethod(as_unequal_list)


UNEQUAL = [UnequalListClassifier, UnequalListRegressor]
EQUAL = [CubeClassifier, CubeRegressor, ListClassifier, ListRegressor]
READERS = UNEQUAL + EQUAL


@scikit_learns_checks([cls(cell=cell, **SMALL) for cls, cell in zip(UNEQUAL, ("elman", "lstm"))], in_hardest_form)
def test_sequences_pass_every_check_that_matrices_pass(estimator, check):
    run(check, estimator)


@scikit_learns_checks(
    [cls(cell=cell, **SMALL) for cls, cell in zip(EQUAL, cycle(("elman", "lstm")))], is_numeric_and_short, one_in=2
)
def test_sequences_of_equal_length_pass_every_check_that_matrices_pass(estimator, check):
    run(check, estimator)


@pytest.mark.parametrize("cls", READERS)
def test_the_readers_of_these_tests_do_hand_over_sequences(cls):
    X = np.random.default_rng(0).normal(size=(20, 4))
    model = cls(**SMALL).fit(X, np.arange(20) % 2)
    assert model.n_features_in_ == 4
    assert model.weights_["layer_0/forward/W"].shape[1] == 16 + 1 + 1  # states, one feature, bias


# --- the same suite with tokens, and with a target for each step ------------------------------------------------------


def as_tokens(X):
    """Each value of a row rounded, the coarser the larger, so that most are met in training; as wide as it was."""
    tokens = np.rint(4 * np.arcsinh(X)) + 200
    return list(tokens.astype(np.int32 if X.dtype == np.float32 else np.int64))


class TokensClassifier(Reading, RNNClassifier):
    tested, form = RNNClassifier, staticmethod(as_tokens)


class TokensRegressor(Reading, RNNRegressor):
    tested, form = RNNRegressor, staticmethod(as_tokens)


@scikit_learns_checks(
    [cls(**QUICK, embedding_dim=8, epsilon=1e-4) for cls in (TokensClassifier, TokensRegressor)], in_hardest_form
)
def test_tokens_pass_every_check_that_numbers_pass(estimator, check):
    """All apply. With an epsilon, since adam moves the vector of a rare token as far as any other, even if its sequence
    weighs a ten-millionth, as one of the checks has it."""
    run(check, estimator)


def as_number_and_category(X):
    """Each value of a row, and beside it the same rounded, as a category."""
    return [np.column_stack([row, np.rint(2 * np.arcsinh(row))]) for row in X]


class MixedRegressor(Reading, RNNRegressor):
    tested, form = RNNRegressor, staticmethod(as_number_and_category)
    features_of_a_step = 2

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = False  # the values are numbers, too
        return tags


@scikit_learns_checks([MixedRegressor(**QUICK, categorical_features=[1], epsilon=1e-4)], is_numeric_and_short)
def test_categories_beside_numbers_pass_every_check_that_numbers_pass(estimator, check):
    run(check, estimator)


@scikit_learns_checks([RNNClassifier(**QUICK, categorical_features=[0], epsilon=1e-4)], is_numeric_and_short)
def test_values_as_categories_pass_every_check(estimator, check):
    """Almost every value is a category of its own: less could not be known of new ones."""
    run(check, estimator)


class StepReading(Reading):
    """Gives the other model each target once for each time step, and takes what it predicts for the last one.

    Without it, return_sequences=True is beyond these checks: they have one target for a row of X.
    """

    def _fit(self, X, y, sample_weight, **kwargs):
        shape = np.asarray(X).shape
        if y is not None and len(shape) == 2:
            y = self._validate_target(y)
            y = [np.repeat(y[j : j + 1], shape[1], axis=0) for j in range(len(y))]
        if sample_weight is not None and not np.isscalar(sample_weight):
            sample_weight = column_or_1d(sample_weight)
        return super()._fit(X, y, sample_weight, **kwargs)

    def _respond(self, method, X, **options):
        return np.stack([steps[-1] for steps in super()._respond(method, X, **options)])

    def _score(self, metric, X, y, sample_weight):
        return metric(y, self.predict(X), sample_weight=sample_weight)


class CubeStepsClassifier(StepReading, RNNClassifier):
    tested, form = RNNClassifier, staticmethod(as_cube)


class CubeStepsRegressor(StepReading, RNNRegressor):
    tested, form = RNNRegressor, staticmethod(as_cube)


@scikit_learns_checks(
    [
        CubeStepsClassifier(**SMALL, return_sequences=True),
        CubeStepsRegressor(**SMALL, return_sequences=True, bidirectional=True),
    ],
    in_hardest_form,
)
def test_a_target_for_each_step_passes_every_check_that_one_for_each_sequence_passes(estimator, check):
    run(check, estimator)


# --- a sequence for each sequence -------------------------------------------------------------------------------------


@scikit_learns_checks(
    [Seq2SeqRegressor(8, cell="gru", attention=None, max_iter=30, learning_rate_init=0.05)], is_numeric_and_short
)
def test_forecasts_without_attention_pass_every_check(estimator, check):
    run(check, estimator)


class LabelWriter(ClassifierMixin, Seq2SeqClassifier):
    """Takes a label as a sequence of one, and gives the first that is written.

    The checks have one label for a row of X, Seq2SeqClassifier any number. Probabilities are those of the first.
    """

    def _read_targets(self, X, y, *args):
        return super()._read_targets(X, [[label] for label in np.asarray(y).ravel().tolist()], *args)

    def predict(self, X):
        written = super().predict(X)
        likely = self.classes_[self.predict_proba(X).argmax(axis=1)]  # where a sequence ends before its first label
        return np.array([labels[0] if len(labels) else label for labels, label in zip(written, likely, strict=True)])

    def predict_proba(self, X):
        p = np.concatenate(self.teacher_forced_proba(X, [[]] * len(np.asarray(X))))[:, :-1]
        return p / p.sum(axis=1, keepdims=True)

    def score(self, X, y, sample_weight=None):
        return Seq2SeqClassifier.score(self, X, [[label] for label in np.asarray(y).tolist()], sample_weight)


NOT_OF_LABELS_WRITTEN = {
    "check_classifiers_regression_target": "whatever is hashable is a label: 1.5 is, too",
    "check_supervised_y_no_nan": "so is infinity; NaN is refused",
    "check_supervised_y_2d": "a row of y is a sequence of labels: a column is no mistake to warn of",
}


def test_no_tag_takes_a_check_of_written_labels_away():
    missing = set(list_of_checks(MLPClassifier())) - set(list_of_checks(LabelWriter()))
    missing = {name for name in missing if "multilabel" not in name}  # a sequence of labels is no indicator of them
    assert missing <= {"check_sample_weight_equivalence_on_sparse_data"}


@scikit_learns_checks(
    [LabelWriter(8, cell="elman", attention="dot", max_iter=25, learning_rate_init=0.05, **STEADY)], in_hardest_form
)
def test_labels_written_pass_every_check_that_labels_pass(estimator, check):
    if name_of_check(check) in NOT_OF_LABELS_WRITTEN:
        with pytest.raises((AssertionError, ValueError)):
            check(estimator)
    else:
        run(check, estimator)


@pytest.mark.parametrize("form", [np.asarray, list, tuple, pd.Series])
def test_a_label_for_each_sequence_is_refused(form):
    X = np.random.default_rng(0).normal(size=(20, 4))
    with pytest.raises(ValueError, match="Expected sequence 0 of y to be a sequence of labels, got a single value"):
        Seq2SeqClassifier(max_iter=1).fit(X, form([0, 1] * 10))


# --- checks that scikit-learn runs on its own estimators, and not in check_estimator ----------------------------------

BY_NAME = ("check_dataframe_column_names_consistency", "check_inplace_ensure_writeable", "check_param_validation")


@pytest.mark.parametrize("check", BY_NAME)
@pytest.mark.parametrize("cls", [*ESTIMATORS, Seq2SeqRegressor, LabelWriter])
def test_checks_that_scikit_learn_runs_only_on_its_own_estimators(cls, check):
    run(lambda model: getattr(estimator_checks, check)(cls.__name__, clone(model)), cls(max_iter=2))


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")  # with and without them
@pytest.mark.parametrize("check", [name for name in MORE_CHECKS if name not in BY_NAME])
@pytest.mark.parametrize("cls", ESTIMATORS)
def test_checks_that_scikit_learn_runs_only_on_its_own_transformers(cls, check):
    run(lambda model: getattr(estimator_checks, check)(cls.__name__, clone(model)), cls(2, max_iter=1))


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_a_network_is_checked_as_a_transformer_too_unless_each_step_has_a_target(cls):
    of_transformers = {"check_transformer_general", "check_transformers_unfitted", "check_transformer_preserve_dtypes"}
    assert set(list_of_checks(cls())) >= of_transformers
    assert not set(list_of_checks(cls(return_sequences=True))) & of_transformers


# --- what of all this is in `make test` -------------------------------------------------------------------------------


def suites(*tests, all_of_them=False):
    """(estimator, names of the checks) for what `make test` runs of `tests`, or for all that there is."""
    found = {}
    for mark in (mark for test in tests for mark in test.pytestmark if mark.name == "parametrize"):
        for row in mark.args[1]:
            model, check = row.values
            settings = str(model.get_params() | {"max_iter": "any"})  # a suite may have it twice
            _, names = found.setdefault((id(mark), type(model), settings), (model, []))
            if all_of_them or not row.marks:
                names.append(name_of_check(check))
    return list(found.values())


IN_FULL = {  # one classifier and one regressor for each reader
    "tables": (test_every_estimator_passes_every_check, RNNClassifier, RNNRegressor),
    "sequences": (test_sequences_pass_every_check_that_matrices_pass, UnequalListClassifier, UnequalListRegressor),
    "tokens": (test_tokens_pass_every_check_that_numbers_pass, TokensClassifier, TokensRegressor),
    "steps": (
        test_a_target_for_each_step_passes_every_check_that_one_for_each_sequence_passes,
        CubeStepsClassifier,
        CubeStepsRegressor,
    ),
    "written": (test_labels_written_pass_every_check_that_labels_pass, LabelWriter),
    "forecasts": (test_every_estimator_passes_every_check, Seq2SeqRegressor),
}


@pytest.mark.parametrize("reader", IN_FULL)
def test_every_reader_has_a_classifier_and_a_regressor_that_pass_all_checks_in_make_test(reader):
    test, *classes = IN_FULL[reader]
    in_full = [type(model) for model, names in suites(test) if set(names) == set(list_of_checks(model))]
    assert set(classes) <= set(in_full)


VARIANTS = [
    test_every_cell_passes_every_check,
    test_every_part_of_the_toolbox_passes_every_check,
    test_settings_that_change_the_path_of_a_fit_pass_every_check,
    test_sequences_of_equal_length_pass_every_check_that_matrices_pass,
]


@pytest.mark.parametrize("test", VARIANTS)
def test_variants_share_the_numeric_checks_among_themselves_in_make_test(test):
    shared = set()
    for _, names in suites(test):
        assert len(names) >= 3
        assert set(names) <= NUMERIC
        shared |= set(names)
    assert shared == NUMERIC - TRAINING & {name for model, _ in suites(test) for name in list_of_checks(model)}
    if test is test_every_cell_passes_every_check:
        assert [model.cell for model, _ in suites(test)] == list(CELLS)


def test_every_class_passes_in_make_test_what_is_not_numeric():
    by_class = suites(test_every_estimator_passes_every_check, test_every_estimator_of_one_cell_passes_every_check)
    for model, names in by_class:
        assert set(list_of_checks(model)) - NUMERIC <= set(names)
    assert {type(model) for model, _ in by_class} == {*ESTIMATORS, Seq2SeqRegressor}


def test_a_numeric_check_is_one_of_scikit_learns():
    theirs = {*list_of_checks(RNNClassifier()), *list_of_checks(RNNRegressor())}
    assert theirs >= NUMERIC >= TRAINING


def test_the_full_product_is_in_make_matrix():
    recipes = dict(re.findall(r"^([\w-]+)%?:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.M))
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert options["addopts"].endswith(" -m 'not matrix'")
    assert re.search(r'-m pytest .*-m "" \$\(ARGS\)$', recipes["matrix-"], re.M)
    assert re.search(r"-m pytest -n 2 --dist worksteal \$\(ARGS\)$", recipes["test"], re.M)
    tests = [thing for thing in globals().values() if "estimator, check" in str(getattr(thing, "pytestmark", ""))]
    product = suites(*tests, all_of_them=True)
    assert len(product) == 50
    for model, names in product:
        assert sorted(names) == sorted(list_of_checks(model))


# --- callbacks: see test_callbacks ------------------------------------------------------------------------------------


@pytest.mark.skipif(find_spec("sklearn.callback") is not None, reason="from scikit-learn 1.9 on there are callbacks")
@pytest.mark.parametrize("cls", ESTIMATORS)
def test_before_scikit_learn_1_9_a_fit_does_without_callbacks(cls):
    model = cls(4, max_iter=2, random_state=0).fit(np.random.default_rng(0).normal(size=(20, 4)), [0, 1] * 10)
    assert not hasattr(model, "set_callbacks")
    assert model.n_iter_ == 2
