"""Bad input, bad parameters, training that fails or is interrupted: a clear error, and the model is unchanged."""

import ast
import copy
import inspect
import pickle
import re
from pathlib import Path

import joblib
import numpy as np
import pytest
from checks import assert_refused
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_extraction import DictVectorizer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

import sklearn_recurrent
from sklearn_recurrent import (
    LSTMClassifier,
    PerSequence,
    PerTimestep,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequencePadder,
    SequenceTokenizer,
    as_column,
    as_sequences,
    sliding_windows,
)
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.optimizers import OPTIMIZERS
from sklearn_recurrent._estimators.parameters import ELSEWHERE, STACKS

TINY = {"hidden_layer_sizes": 3, "max_iter": 3, "random_state": 0}


# --- X ----------------------------------------------------------------------------------------------------------------


def with_value(value):
    def spoil(X):
        X[3] = X[3].copy()
        X[3][2, 1] = value
        return X

    return spoil


def with_sequence(j, x):
    def spoil(X):
        X[j] = x
        return X

    return spoil


def as_cube_with_a_gap(X):
    cube = np.zeros((len(X), 5, 2))
    cube[7, 2] = np.nan
    return cube


def as_cube_with_an_empty_sequence(X):
    cube = np.zeros((len(X), 5, 2))
    cube[7] = np.nan
    return cube


BAD_X = {
    "NaN": (with_value(np.nan), "NaN in sequence 3, step 2, feature 1"),
    "infinity": (with_value(-np.inf), "infinity in sequence 3, step 2, feature 1"),
    "no steps": (with_sequence(5, np.empty((0, 2))), "Expected sequence 5 to have at least one time step"),
    "no features": (with_sequence(5, np.empty((4, 0))), "Expected sequence 5 to have at least one feature"),
    "another number of features": (with_sequence(6, np.zeros((4, 3))), "got 2 in sequence 0 and 3 in sequence 6"),
    "strings": (with_sequence(2, np.array([["a", "b"]])), "Expected numbers in sequence 2"),
    "complex numbers": (with_sequence(2, np.ones((4, 2), complex)), "Complex data not supported"),
    "a sequence in 3-D": (with_sequence(4, np.zeros((2, 2, 2))), "Expected sequence 4 .* got 3 dimensions"),
    "unequal nested lists of numbers": (
        lambda X: [[1.0] * (3 + j % 2) for j in range(len(X))],
        "got 3 values in row 0 and 4 in row 1.*as_sequences",
    ),
    "NaN inside a 3-D array": (as_cube_with_a_gap, "NaN in sequence 7, step 2, feature 0"),
    "padding alone": (
        as_cube_with_an_empty_sequence,
        "Expected sequence 7 to have at least one time step, got padding only",
    ),
    "no sequences": (lambda X: [], r"0 sample\(s\)"),
    "no sequences in an object array": (lambda X: as_sequences(X)[:0], r"0 sample\(s\)"),
    "NaN inside a 2-D array": (lambda X: [[1.0, np.nan]] * len(X), "NaN in sequence 0, step 1.*missing='skip'"),
    "one sequence instead of a list": (lambda X: X[0][:, 0], "1D array"),
    "four dimensions": (lambda X: np.zeros((len(X), 2, 2, 2)), "dim 4"),
}


@pytest.mark.parametrize("fitted", [False, True], ids=["new", "fitted"])
@pytest.mark.parametrize("case", BAD_X)
def test_a_bad_X_is_an_error_that_says_what_and_where(estimator, data, case, fitted):
    X, y = data
    model = estimator(**TINY)
    if fitted:
        model.fit(X, y)
    spoil, message = BAD_X[case]
    assert_refused(model, spoil(list(X)), y, message)


@pytest.mark.parametrize("case", [case for case in BAD_X if case not in ("no sequences", "four dimensions")])
def test_a_bad_X_is_refused_by_predict_too(estimator, data, case):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    before = joblib.hash(vars(model))
    spoil, message = BAD_X[case]
    if case in (
        "another number of features",
        "one sequence instead of a list",
        "unequal nested lists of numbers",
        "NaN inside a 2-D array",
    ):
        message += "|as_sequences|was fitted on sequences"
    with pytest.raises(ValueError, match=message):
        model.predict(spoil(list(X)))
    assert joblib.hash(vars(model)) == before


def test_another_number_of_features_at_predict_is_refused(estimator, data):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    with pytest.raises(ValueError, match=f"X has 3 features, but {estimator.__name__} is expecting 2 features"):
        model.predict([np.zeros((4, 3))])


def test_sequences_and_columns_are_not_confused_between_fit_and_predict(estimator, data):
    X, y = data
    matrix = np.array([x[:3, 0] for x in X])
    with pytest.raises(ValueError, match=r"got a 2-D array: .* was fitted on sequences"):
        estimator(**TINY).fit(as_sequences(matrix), y).predict(matrix)
    with pytest.raises(ValueError, match=r"2-D array with 3 columns, got sequences: .* was fitted on a 2-D array"):
        estimator(**TINY).fit(matrix, y).predict(as_sequences(matrix))


def test_predictions_before_fit_raise_NotFittedError(estimator, ragged):
    for attribute in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        if hasattr(estimator, attribute):
            with pytest.raises(NotFittedError):
                getattr(estimator(), attribute)(ragged)
    assert not hasattr(estimator(), "weights_")


@pytest.mark.parametrize("container", [iter, dict.fromkeys, set], ids=["an iterator", "a dict", "a set"])
def test_a_container_without_an_order_or_a_length_is_refused_by_name(estimator, data, container):
    X = container(range(40))
    with pytest.raises(
        TypeError, match=f"Expected X to be a list or another container of sequences, got {type(X).__name__}"
    ):
        estimator(**TINY).fit(X, data[1])


def test_numbers_too_large_for_the_dtype_of_the_model_are_refused(estimator, data):
    X, y = data
    model = estimator(**TINY).fit([x.astype(np.float32) for x in X], y)
    with pytest.raises(ValueError, match="too large for float32"):
        model.predict([x * 1e50 for x in X])


# --- y and weights ----------------------------------------------------------------------------------------------------


def nan_at_4(y):
    y = np.asarray(y == y[0], dtype=float) if y.dtype.kind == "U" else y.copy()
    y[4] = np.nan
    return y


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda y: y[:-1], r"inconsistent numbers of samples: \[40, 39\]"),
        (lambda y: None, "requires y"),
        (nan_at_4, "Input y contains NaN"),
        (lambda y: [], "inconsistent numbers of samples|0 sample"),
    ],
    ids=["too short", "none", "NaN", "empty"],
)
def test_a_bad_y_is_refused(estimator, data, spoil, message):
    X, y = data
    assert_refused(estimator(**TINY), X, spoil(y), message)
    assert_refused(estimator(**TINY).fit(X, y), X, spoil(y), message)


def test_numbers_to_forecast_may_miss_none_and_the_error_says_where_and_what_reads_them(ragged):
    y = np.ones((40, 3))
    y[7, 2] = y[9] = np.nan
    match = "Input y contains NaN in sequence 7. Leave out such sequences, in X, too; or use Seq2SeqRegressor"
    assert_refused(RNNRegressor(**TINY), ragged, y, match)
    whole = ~np.isnan(y).any(axis=1)
    RNNRegressor(**TINY).fit([x for x, is_whole in zip(ragged, whole, strict=True) if is_whole], y[whole])
    Seq2SeqRegressor(**TINY).fit(ragged, y)


def test_targets_of_the_wrong_kind_are_refused(ragged, numbers, labels):
    two = np.column_stack([np.arange(40) % 3, np.arange(40) % 2])
    assert_refused(RNNClassifier(**TINY), ragged, numbers, "continuous")
    assert_refused(RNNClassifier(**TINY), ragged, two, "multiclass-multioutput")
    assert_refused(RNNRegressor(**TINY), ragged, labels, "Expected numbers in y, got strings")
    assert_refused(RNNRegressor(**TINY), ragged, np.zeros((40, 2, 2)), "Expected y of shape|dimension")


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.r_[np.ones(4), -2.5, np.ones(35)], "Negative values .*-2.5 for sequence 4"),
        (np.zeros(40), "Sample weights must contain at least one non-zero number"),
        (np.ones(39), r"sample_weight.shape == \(39,\), expected \(40,\)"),
        (np.r_[np.ones(39), np.nan], "sample_weight.* NaN"),
        (np.r_[np.ones(39), np.inf], "sample_weight.* infinity"),
        (np.ones((40, 2)), "1D"),
    ],
    ids=["negative", "zero", "too short", "NaN", "infinite", "2-D"],
)
def test_bad_sample_weights_are_refused(estimator, data, weight, message):
    X, y = data
    assert_refused(estimator(**TINY), X, y, message, sample_weight=weight)
    assert_refused(estimator(**TINY).fit(X, y), X, y, message, sample_weight=weight)


def test_unknown_labels_in_a_second_partial_fit_are_refused(classifier, ragged, labels):
    model = classifier(**TINY).partial_fit(ragged, labels)
    other = np.where(labels == "low", "middle", labels)
    assert_refused(
        model, ragged, other, r"among the classes \['high', 'low'\], got labels \['middle'\]", method="partial_fit"
    )
    assert_refused(
        model, ragged, labels, "Expected classes=.*, as in the last call, got", method="partial_fit", classes=["high"]
    )
    assert_refused(
        classifier(**TINY), ragged, other, r"labels \['middle'\]", method="partial_fit", classes=["high", "low"]
    )


def test_partial_fit_on_another_kind_of_target_is_refused(ragged, labels, numbers):
    indicator = np.column_stack([labels == "low", labels == "high"]).astype(int)
    model = RNNClassifier(**TINY).partial_fit(ragged, labels)
    assert_refused(
        model,
        ragged,
        indicator,
        "Expected y to be one label per target, as in fit, got a multilabel indicator",
        method="partial_fit",
    )
    model = RNNRegressor(**TINY).partial_fit(ragged, numbers)
    assert_refused(
        model,
        ragged,
        np.c_[numbers, numbers],
        "Expected y with 1 outputs, as in the last fit, got 2",
        method="partial_fit",
    )


# --- parameters -------------------------------------------------------------------------------------------------------

INVALID = {
    "hidden_layer_sizes": [0, -3, 2.5, (), (3, 0), (3, -1), (3, 2.5), "3", None],
    "activation": ["identity", None],
    "bidirectional": ["yes"],
    "pooling": ["sum", (), ("last", "last"), ("last", "sum"), ("attention", "attention"), 1],
    "return_sequences": ["yes", 1.5],
    "embedding_dim": [0, -1, 2.5, "8", (2, 3)],
    "categorical_features": ["all", 1, [0.5], [7], [-1], [0, 0], [True], ["site"], [[0]]],
    "embedding_init": [1, np.ones((3, 2)), "vectors.npy"],
    "embedding_trainable": ["yes", False],
    "pad_token": [-1, 0.5, "0"],
    "pad_value": ["0", (0, 1)],
    "dropout": [1, -0.1, "0.2", None],
    "recurrent_dropout": [1, -0.1, "0.2", None],
    "forget_bias": [np.inf, np.nan, "jozefowicz", None],
    "bptt_steps": [0, -1, 2.5, "all"],
    "n_jobs": [1.5, "2"],
    "dtype": ["float16", np.float32, "f4"],
    "standardize": ["yes"],
    "solver": ["newton", None],
    "alpha": [-1e-9, "0", None],
    "weight_decay": [-1e-9, "0", None],
    "max_grad_norm": [0, -1],
    "batch_size": [0, 2.5, "all", None],
    "learning_rate": ["linear", 0.1],
    "learning_rate_init": [0, -1],
    "warmup_steps": [-1, 2.5, None],
    "power_t": [-0.5],
    "max_iter": [0, 2.5],
    "max_fun": [0],
    "shuffle": ["yes"],
    "random_state": ["seed", -1],
    "tol": [-1e-9],
    "n_iter_no_change": [0, 1.5],
    "early_stopping": ["yes"],
    "scoring": ["log_loss", "perfect", 1],
    "validation_fraction": [0, 1, 1.5],
    "validation_split": [0.2, 5, "kfold", KFold, [([0, 1], [2])]],
    "beta_1": [1, -0.1],
    "beta_2": [1, -0.1],
    "epsilon": [0],
    "rho": [1, -0.1],
    "momentum": [1.1, -0.1],
    "nesterovs_momentum": ["yes"],
    "warm_start": ["yes"],
    "missing": ["drop", None],
    "input_size": [0, 1.5],
    "verbose": ["yes"],
    "cell": ["rnn", None],
    "class_weight": ["auto", 2, {"low": -1}, {"low": 0, "high": 0}],
    "label_smoothing": [1, -0.1, None],
}


def test_every_parameter_of_classifiers_is_tested_with_invalid_values():
    assert set(RNNClassifier().get_params()) == set(INVALID)


@pytest.fixture(scope="module")
def stored():
    """Pickles of models that are fitted once; each test has a copy of its own."""
    return {}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in INVALID.items() for value in values])
def test_an_invalid_parameter_of_classifiers_is_an_error_that_names_it(ragged, labels, name, value, stored):
    if "classifier" not in stored:
        stored["classifier"] = pickle.dumps(RNNClassifier(**TINY).fit(ragged, labels))
    model = pickle.loads(stored["classifier"])
    expected = model.predict_proba(ragged)
    for case in (clone(model).set_params(**{name: value}), model.set_params(**{name: value})):
        assert_refused(case, ragged, labels, name)
    if name != "n_jobs":  # predictions use it, too, and it is not part of the fitted model
        assert np.array_equal(model.predict_proba(ragged), expected)


INVALID_REGRESSOR = {
    "loss": ["mse", "pinball", None],
    "quantile": [0, 1, (), (0.5, 1), (0.5, 0.5), "median", None],
    "huber_delta": [0, -1, None],
}


def test_every_parameter_of_regressors_is_tested_with_invalid_values():
    shared = set(INVALID) - {"class_weight", "label_smoothing"}
    assert set(RNNRegressor().get_params()) == shared | set(INVALID_REGRESSOR)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in INVALID_REGRESSOR.items() for value in values]
)
def test_an_invalid_parameter_of_regressors_is_an_error_that_names_it(ragged, numbers, name, value):
    where = {"loss": "quantile"} if name == "quantile" else {}
    assert_refused(RNNRegressor(**TINY | where | {name: value}), ragged, numbers, name)
    if name in Seq2SeqRegressor().get_params():
        assert_refused(Seq2SeqRegressor(**TINY | where, **{name: value}), ragged, np.ones((len(ragged), 2)), name)


@pytest.mark.parametrize("value", [1, "site", [0.5], [7], [-1], [0, 0], [True], ["site"], [[0]], [], [0, "site"]])
def test_invalid_future_features_are_an_error_that_names_them(ragged, value):
    model = Seq2SeqRegressor(**TINY, future_features=value)
    assert_refused(model, ragged, np.ones((len(ragged), 2)), "future_features")


INVALID_SEQ2SEQ = {
    "attention": ["multiplicative", True],
    "teacher_forcing": [-0.1, 1.1, (1, 2), (1,), (1, 0, 1), (), "1", ("1", "0"), (np.nan, 1), None],
    "max_length": [0, -1, 2.5],
    "beam_width": [0, 1.5, None],
    "length_penalty": [-1, "1", None],
}


def test_every_parameter_of_sequence_to_sequence_is_tested_with_invalid_values():
    shared = set(INVALID) - {"pooling", "return_sequences"}
    assert set(Seq2SeqClassifier().get_params()) == shared | set(INVALID_SEQ2SEQ)
    numbers = shared - {"class_weight", "label_smoothing"} | set(INVALID_REGRESSOR)
    assert set(Seq2SeqRegressor().get_params()) == numbers | {"attention", "teacher_forcing", "future_features"}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in INVALID_SEQ2SEQ.items() for value in values]
)
def test_an_invalid_parameter_of_sequence_to_sequence_is_an_error_that_names_it(ragged, name, value):
    assert_refused(Seq2SeqClassifier(**TINY, **{name: value}), ragged, [["a", "b"]] * len(ragged), name)
    if name in Seq2SeqRegressor().get_params():
        assert_refused(Seq2SeqRegressor(**TINY, **{name: value}), ragged, np.ones((len(ragged), 2)), name)


@pytest.mark.parametrize("value", [{"low": 1, "middle": 2}, {1: 1.0}])
def test_class_weights_of_unknown_classes_are_refused(ragged, labels, value):
    assert_refused(RNNClassifier(**TINY, class_weight=value), ragged, labels, "class_weight|classes")


def test_partial_fit_exists_only_for_solvers_with_mini_batches(estimator):
    assert hasattr(estimator(solver="adam"), "partial_fit")
    assert hasattr(estimator(solver="sgd"), "partial_fit")
    assert not hasattr(estimator(solver="lbfgs"), "partial_fit")


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_layer_sizes": 4},
        {"bidirectional": False},
        {"pooling": "last"},
        {"pooling": ("last", "mean", "max", "attention")},
        {"activation": "relu"},
        {"cell": "gru"},
        {"embedding_dim": 2},
    ],
    ids=str,
)
def test_a_warm_start_with_another_network_is_refused(ragged, labels, change):
    model = RNNClassifier(**TINY, warm_start=True).fit(ragged, labels).set_params(**change)
    assert_refused(model, ragged, labels, "Training cannot continue")


def test_a_warm_start_with_other_features_or_classes_is_refused(estimator, data):
    X, y = data
    model = estimator(**TINY, warm_start=True).fit(X, y)
    assert_refused(model, [x[:, :1] for x in X], y, "X has 1 features, but .* is expecting 2")
    if estimator.__name__.endswith("Classifier"):
        assert_refused(model, X, np.where(y == "low", "new", y), r"labels \['new'\]")


# --- advice in messages -----------------------------------------------------------------------------------------------

RAGGED = [np.sin(np.arange(2.0 * n)).reshape(n, 2) for n in (3, 5, 4, 3, 4, 6)]
UNIVARIATE = [x[:, 0] for x in RAGGED]
TABLE = np.sin(np.arange(24.0)).reshape(6, 4)
Y = [0, 1, 0, 1, 0, 1]
STEP_Y = [np.arange(len(x)) % 2 for x in RAGGED]
TEXTS = ["a b", "b c", "a", "c c a", "b", "a c"]
UNEVEN = [[1.0, 2.0], [3.0], [4.0, 5.0, 6.0]] * 2
SERIES = np.sin(np.arange(18.0)).reshape(2, 9)
INDICATOR = np.column_stack([Y, Y[::-1]])


def evaluate(advice, **names):
    """The value of a line of advice, where X, y or series are what the user had."""
    public = {"np": np, "as_sequences": as_sequences, "SequenceTokenizer": SequenceTokenizer}
    return eval(advice, public | names)


def settings_of(advice):
    return evaluate(f"dict({advice})")


def transformer_of(advice):
    names = (
        PCA,
        ColumnTransformer,
        DictVectorizer,
        MinMaxScaler,
        OneHotEncoder,
        PerSequence,
        PerTimestep,
        SimpleImputer,
    )
    return evaluate(advice, make_pipeline=make_pipeline, **{cls.__name__: cls for cls in names})


def frames_with(column):
    pandas = pytest.importorskip("pandas")
    return [pandas.DataFrame({"v": [1.0, 2.0], "other": column}) for _ in range(2)]


def with_nan():
    return [*RAGGED[:5], np.r_[RAGGED[5], [[np.nan, 0.0]]]]


def as_integers(X):
    return [np.arange(2 * len(x)).reshape(-1, 2) for x in X]


def fit(X, y=Y, **settings):
    return RNNClassifier(**TINY | {"bidirectional": False} | settings).fit(X, y)


def write(y, **settings):
    return Seq2SeqClassifier(**TINY | settings).fit(RAGGED, y)


def forecast(y=TABLE, **settings):
    return Seq2SeqRegressor(**TINY | settings).fit(RAGGED, y)


def cut(series, **settings):
    return sliding_windows(series, window=3, horizon=2, **settings)


def refit_with_poisson(**settings):
    model = RNNRegressor(**TINY, warm_start=True).fit(RAGGED, Y)
    return model.set_params(loss="poisson", **settings).fit(RAGGED, Y)


def probe(model):
    """As mapie 1.6 does, to see whether a model is fitted."""
    return model.predict(np.zeros((1, model.n_features_in_)))


def balanced_in_parts(class_weight="balanced"):
    return RNNClassifier(**TINY, class_weight=class_weight).partial_fit(RAGGED, [0] * 6, classes=[0, 1])


ADVICE = {  # what fails, the advice in its message, how to follow it
    "texts for an embedding": (
        lambda: fit(TEXTS, embedding_dim=2),
        r"become numbers by X = (.+)\. Networks",
        lambda advice: fit(evaluate(advice, X=TEXTS), embedding_dim=2),
    ),
    "an iterator": (
        lambda: fit(iter(RAGGED)),
        r"Pass (.+)\.$",
        lambda advice: fit(evaluate(advice, X=iter(RAGGED))),
    ),
    "a dict": (
        lambda: fit(dict(enumerate(RAGGED))),
        r"Pass (.+)\.$",
        lambda advice: fit(evaluate(advice, X=dict(enumerate(RAGGED)))),
    ),
    "a dict of series": (
        lambda: cut(dict(enumerate(SERIES))),
        r"Pass (.+)\.$",
        lambda advice: cut(evaluate(advice, series=dict(enumerate(SERIES)))),
    ),
    "one text": (
        lambda: SequenceTokenizer().fit("a b"),
        r"Pass (.+)\.$",
        lambda advice: SequenceTokenizer().fit(evaluate(advice, X="a b")),
    ),
    "one text as bytes": (
        lambda: SequenceTokenizer().fit(b"a b"),
        r"Pass (.+)\.$",
        lambda advice: SequenceTokenizer().fit(evaluate(advice, X=b"a b")),
    ),
    "two columns of sequences": (
        lambda: as_sequences(np.hstack([as_column(RAGGED), as_column(UNIVARIATE)])),
        r"combine them: (.+)\.$",
        lambda advice: fit(evaluate(advice, X=np.hstack([as_column(RAGGED), as_column(UNIVARIATE)]))),
    ),
    "sequences after a table": (
        lambda: fit(TABLE).predict(UNIVARIATE),
        r"fit on sequences, too: (fit\(.+\))\.$",
        lambda advice: evaluate(f"model.{advice}", model=fit(TABLE), X=TABLE, y=Y).predict(UNIVARIATE),
    ),
    "a single sequence": (
        lambda: fit(RAGGED).predict(RAGGED[0]),
        r"Pass (\[X\]) if",
        lambda advice: fit(RAGGED).predict(evaluate(advice, X=RAGGED[0])),
    ),
    "a sequence in each row": (
        lambda: fit(UNIVARIATE).predict(TABLE),
        r"or (as_sequences\(X\)) if",
        lambda advice: fit(UNIVARIATE).predict(evaluate(advice, X=TABLE)),
    ),
    "input_size for sequences": (
        lambda: fit(RAGGED, input_size=3),
        r"set (input_size=None)\.$",
        lambda advice: fit(RAGGED, **settings_of(advice)),
    ),
    "unequal rows": (
        lambda: fit(UNEVEN),
        r"pass (as_sequences\(X\))\.$",
        lambda advice: fit(evaluate(advice, X=UNEVEN)),
    ),
    "NaN": (
        lambda: fit(with_nan()),
        r"Set (missing='skip') to",
        lambda advice: fit(with_nan(), **settings_of(advice)),
    ),
    "numbers for an embedding": (
        lambda: fit(as_integers(RAGGED), embedding_dim=2),
        r"set (embedding_dim=None)\.$",
        lambda advice: fit(as_integers(RAGGED), **settings_of(advice)),
    ),
    "strings as words": (
        lambda: write(TEXTS),
        r"into words by (\[.+?\]),",
        lambda advice: write(evaluate(advice, y=TEXTS)),
    ),
    "strings as characters": (
        lambda: write(TEXTS),
        r"into characters by (\[.+\])\.$",
        lambda advice: write(evaluate(advice, y=TEXTS)),
    ),
    "one label a sequence": (lambda: write(Y), r"pass (\[.+\])\.$", lambda advice: write(evaluate(advice, y=Y))),
    "a list as label": (
        lambda: write([[["a", "b"]]] * 6),
        r"Convert it to a (tuple)",
        lambda advice: write([[evaluate(advice)(["a", "b"])]] * 6),
    ),
    "targets of unequal rows": (
        lambda: forecast(UNEVEN),
        r"pass (as_sequences\(y\))\.$",
        lambda advice: forecast(evaluate(advice, y=UNEVEN)),
    ),
    "targets of steps": (
        lambda: fit(RAGGED, STEP_Y),
        r"set (return_sequences=True)\.$",
        lambda advice: fit(RAGGED, STEP_Y, **settings_of(advice)),
    ),
    "sequences too long to pad": (
        lambda: SequencePadder(2).fit_transform(RAGGED),
        r"Set (longer='truncate') to",
        lambda advice: SequencePadder(2, **settings_of(advice)).fit_transform(RAGGED),
    ),
    "sequences longer than in fit": (
        lambda: SequencePadder().fit(RAGGED[:1]).transform(RAGGED),
        r"pad to a larger (maxlen)\.$",
        lambda advice: SequencePadder(**{advice: 6}).fit(RAGGED[:1]).transform(RAGGED),
    ),
    "NaN among integers": (
        lambda: SequencePadder(dtype=int, value=0).fit_transform(with_nan()),
        r"Set a floating-point (dtype)\.$",
        lambda advice: SequencePadder(**{advice: np.float32}, value=0).fit_transform(with_nan()),
    ),
    "rare tokens": (
        lambda: SequenceTokenizer(min_df=7).fit(TEXTS),
        r"; (min_df=1) keeps every token\.$",
        lambda advice: SequenceTokenizer(**settings_of(advice)).fit(TEXTS),
    ),
    "ids of tokens from 0 on": (
        lambda: SequenceTokenizer(vocabulary={"b": 1, "a": 0, "c": 5}).fit(TEXTS),
        r"from 2 on: (vocabulary=.+)\.$",
        lambda advice: SequenceTokenizer(**evaluate(f"dict({advice})", vocabulary={"b": 1, "a": 0, "c": 5})).fit(TEXTS),
    ),
    "a token twice": (
        lambda: SequenceTokenizer(vocabulary=["a", "b", "a"]).fit(TEXTS),
        r"first of each: (vocabulary=.+)\.$",
        lambda advice: SequenceTokenizer(**evaluate(f"dict({advice})", vocabulary=["a", "b", "a"])).fit(TEXTS),
    ),
    "a text as vocabulary": (
        lambda: SequenceTokenizer(vocabulary="abc").fit(TEXTS),
        r"characters: (vocabulary=.+)\.$",
        lambda advice: SequenceTokenizer(**evaluate(f"dict({advice})", vocabulary="abc")).fit(TEXTS),
    ),
    "no vocabulary": (
        lambda: SequenceTokenizer(vocabulary=[]).fit(TEXTS),
        r" (vocabulary=None) learns",
        lambda advice: SequenceTokenizer(**settings_of(advice)).fit(TEXTS),
    ),
    "tokens as quantities": (
        lambda: fit(SequenceTokenizer().fit_transform(TEXTS)),
        r"each token: RNNClassifier\((embedding_dim=16)\)\.$",
        lambda advice: fit(SequenceTokenizer().fit_transform(TEXTS), **settings_of(advice)),
    ),
    "NaN for a transformer of steps": (
        lambda: PerTimestep(PCA(n_components=1)).fit(with_nan()),
        r"impute them: (.+)\.$",
        lambda advice: transformer_of(advice).fit(with_nan()),
    ),
    "NaN for a transformer of sequences": (
        lambda: PerSequence(PCA(n_components=1)).fit_transform(with_nan()),
        r"impute them: (.+)\.$",
        lambda advice: transformer_of(advice).fit_transform(with_nan()),
    ),
    "strings for a transformer of numbers": (
        lambda: PerTimestep(MinMaxScaler(feature_range=(0, 2))).fit([["u", "v"], ["u"]]),
        r"For categories: (.+)\.$",
        lambda advice: transformer_of(advice).fit([["u", "v"], ["u"]]),
    ),
    "records for a transformer of numbers": (
        lambda: PerTimestep(MinMaxScaler()).fit([[{"a": 1.0}]]),
        r"For records: (.+)\.$",
        lambda advice: transformer_of(advice).fit([[{"a": 1.0}]]),
    ),
    "columns of strings for a transformer of numbers": (
        lambda: PerTimestep(MinMaxScaler(feature_range=(0, 2))).fit(frames_with(["u", "v"])),
        r"of numbers alone: (.+)\. With",
        lambda advice: transformer_of(advice).fit(frames_with(["u", "v"])),
    ),
    "columns of categories for a transformer of numbers": (
        lambda: PerTimestep(MinMaxScaler(feature_range=(0, 2))).fit(frames_with(["u", "v"])),
        r"others as categories: (.+)\.$",
        lambda advice: transformer_of(advice).fit(frames_with(["u", "v"])),
    ),
    "columns of times for a transformer of numbers": (
        lambda: PerSequence(MinMaxScaler()).fit_transform(frames_with(np.zeros(2, "M8[s]"))),
        r"of numbers alone: (.+)\.$",
        lambda advice: transformer_of(advice).fit_transform(frames_with(np.zeros(2, "M8[s]"))),
    ),
    "one sequence of records": (
        lambda: PerTimestep(DictVectorizer()).fit([{"a": 1.0}, {"a": 2.0}]),
        r"Pass (\[X\]) if",
        lambda advice: PerTimestep(DictVectorizer()).fit(evaluate(advice, X=[{"a": 1.0}, {"a": 2.0}])),
    ),
    "texts for a transformer of steps": (
        lambda: PerTimestep(OneHotEncoder()).fit(TEXTS),
        r"For texts: (.+)\.$",
        lambda advice: evaluate(advice).fit(TEXTS),
    ),
    "results of unequal length for a matrix": (
        lambda: PerSequence(lambda x: x[x > 0]).fit_transform(TABLE),
        r"pass (as_sequences\(X\))\.$",
        lambda advice: PerSequence(lambda x: x[x > 0]).fit_transform(evaluate(advice, X=TABLE)),
    ),
    "capturing groups": (
        lambda: SequenceTokenizer(token_pattern="(a|b)( |$)").fit(TEXTS),
        r"Write (\(\?:)\.\.\.\)",
        lambda advice: SequenceTokenizer(token_pattern="(a|b)( |$)".replace("(", advice)).fit(TEXTS),
    ),
    "rows that are series": (
        lambda: sliding_windows(SERIES, 3, 2),
        r"pass (as_sequences\(series\))\.$",
        lambda advice: cut(evaluate(advice, series=SERIES)),
    ),
    "rows of several lengths that are series": (
        lambda: cut([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]),
        r"pass (as_sequences\(series\))\.$",
        lambda advice: cut(evaluate(advice, series=[[1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]])),
    ),
    "a column without a name": (
        lambda: cut(SERIES.T, target="b"),
        r"Pass an integer from 0 to (\d+)\.$",
        lambda advice: cut(SERIES.T, target=int(advice)),
    ),
    "a library that takes n_features_in_ for the columns of X": (
        lambda: probe(fit(RAGGED)),
        r"flat sequences: X = (.+), with input_size=2\.$",
        lambda advice: probe(fit(evaluate(advice, SequencePadder=SequencePadder, X=RAGGED), input_size=2)),
    ),
    "a parameter of another library": (
        lambda: fit(RAGGED, epochs=3),
        r"Did you mean '(.+)'\?$",
        lambda advice: fit(RAGGED, **{advice: 3}),
    ),
    "a number of layers": (
        lambda: fit(RAGGED, num_layers=2),
        r"A tuple stacks layers: (hidden_layer_sizes=.+)$",
        lambda advice: fit(RAGGED, **settings_of(advice)),
    ),
    "a cell of a class that has one": (
        lambda: LSTMClassifier(cell="gru"),
        r"Did you mean (RNNClassifier\(cell=)\.\.\.\)\?$",
        lambda advice: evaluate(f"{advice}'gru')", RNNClassifier=RNNClassifier),
    ),
    "a transformer with a target for each step": (
        lambda: fit(RAGGED, STEP_Y, return_sequences=True).transform(RAGGED),
        r"Use (hidden_states\(X\)),",
        lambda advice: evaluate(f"model.{advice}", model=fit(RAGGED, STEP_Y, return_sequences=True), X=RAGGED),
    ),
    "no attention pooling": (
        lambda: fit(RAGGED, pooling="last").attention_weights(RAGGED),
        r"Set (pooling='attention') and fit again",
        lambda advice: fit(RAGGED, **settings_of(advice)).attention_weights(RAGGED),
    ),
    "no pooling at all": (
        lambda: fit(RAGGED, STEP_Y, return_sequences=True).attention_weights(RAGGED),
        r"Set (.+), and fit again",
        lambda advice: fit(RAGGED, **settings_of(advice.replace(" and ", ", "))).attention_weights(RAGGED),
    ),
    "no attention over the input": (
        lambda: forecast(attention=None).attention_weights(RAGGED),
        r"Expected (attention='additive')",
        lambda advice: forecast(**settings_of(advice)).attention_weights(RAGGED),
    ),
    "a stream in two directions": (
        lambda: fit(RAGGED, bidirectional=True).initial_state(),
        r"Expected (bidirectional=False) for streaming",
        lambda advice: fit(RAGGED, **settings_of(advice)).initial_state(),
    ),
    "no state of a stream": (
        lambda: fit(RAGGED).step([0, 0], None),
        r"Create one with (initial_state\(n_streams\))\.$",
        lambda advice: fit(RAGGED).step([0, 0], evaluate(f"model.{advice}", model=fit(RAGGED), n_streams=1)),
    ),
    "a state of another model": (
        lambda: fit(RAGGED).step([0, 0], fit(RAGGED, hidden_layer_sizes=4).initial_state()),
        r"Create one with (initial_state\(n_streams\))\.$",
        lambda advice: fit(RAGGED).step([0, 0], evaluate(f"model.{advice}", model=fit(RAGGED), n_streams=1)),
    ),
    "weights of labels of an indicator": (
        lambda: fit(RAGGED, INDICATOR, class_weight="balanced"),
        r"Expected (class_weight=None)",
        lambda advice: fit(RAGGED, INDICATOR, **settings_of(advice)),
    ),
    "weights of samples of an indicator": (
        lambda: fit(RAGGED, INDICATOR, class_weight="balanced"),
        r"Use (sample_weight) instead\.$",
        lambda advice: RNNClassifier(**TINY).fit(RAGGED, INDICATOR, **{advice: Y}),
    ),
    "a class that is absent": (
        balanced_in_parts,
        r"Set class_weight to a (dict)\.$",
        lambda advice: balanced_in_parts(evaluate(advice)({0: 1.0, 1: 2.0})),
    ),
    "another link on a warm start": (
        refit_with_poisson,
        r"Call fit with (warm_start=False)\.$",
        lambda advice: refit_with_poisson(**settings_of(advice)),
    ),
    "a random loss for lbfgs": (
        lambda: forecast(solver="lbfgs", teacher_forcing=0.5),
        r"Expected (teacher_forcing=1) for solver",
        lambda advice: forecast(solver="lbfgs", **settings_of(advice)),
    ),
    "values too large for float32": (
        lambda: fit([x.astype(np.float32) for x in RAGGED]).predict([1e50 * x for x in RAGGED]),
        r"or fit with (dtype='float64')\.$",
        lambda advice: fit([x.astype(np.float32) for x in RAGGED], **settings_of(advice)).predict(
            [1e50 * x for x in RAGGED]
        ),
    ),
    "a loss that diverges": (
        lambda: fit(RAGGED, learning_rate_init=1e6, max_iter=9, max_grad_norm=None),
        r"Lower (learning_rate_init) or",
        lambda advice: fit(RAGGED, **{advice: 1e-3}, max_iter=9, max_grad_norm=None),
    ),
}


@pytest.mark.filterwarnings("ignore:Maximum iterations")
@pytest.mark.parametrize("case", ADVICE)
def test_the_advice_in_a_message_works_when_it_is_followed(case):
    failing, pattern, follow = ADVICE[case]
    with pytest.raises((ValueError, TypeError, AttributeError)) as error:
        failing()
    message = str(error.value)
    advice = re.search(pattern, message, flags=re.DOTALL)
    assert advice, message
    follow(advice[1])


def test_skipping_steps_is_no_advice_for_a_target_at_each_step():
    y = [*STEP_Y[:5], np.zeros(7, int)]
    with pytest.raises(ValueError, match="Input X contains NaN") as error:
        fit(with_nan(), y, return_sequences=True)
    assert "missing='skip'" not in str(error.value)


@pytest.mark.parametrize("series", [SERIES[:, :4], list(SERIES[:, :4]), SERIES[0, :4]])
def test_rows_as_series_is_no_advice_if_they_are_too_short_as_well(series):
    with pytest.raises(ValueError, match="Expected at least 5 time steps") as error:
        cut(series)
    assert "as_sequences" not in str(error.value)


# Expressions that messages once had, and that a reader has to guess.
UNUSUAL = r"\b((is|are) wanted|wants|goes on|go on|passes over|passed over|belong together|living|is read as)\b"


def test_messages_use_plain_words():
    paths = set(Path(sklearn_recurrent.__file__).parent.rglob("*.py"))
    for path in sorted(paths):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise):
                assert not re.search(UNUSUAL, ast.unparse(node)), f"{path.name}, line {node.lineno}"


# --- in the name of the class -----------------------------------------------------------------------------------------

EVERY_CLASS = [getattr(sklearn_recurrent, name) for name in sklearn_recurrent.__all__]
EVERY_CLASS = [cls for cls in EVERY_CLASS if hasattr(cls, "_parameters")]


@pytest.mark.parametrize("cls", EVERY_CLASS)
def test_an_unknown_parameter_is_refused_in_the_name_of_the_class(cls):
    for arguments, parameters, message in (
        ((), {"epochs": 3}, r"got an unexpected keyword argument 'epochs'. Did you mean 'max_iter'\?"),
        ((), {"hiden_layer_sizes": 3}, r".*'hiden_layer_sizes'. Did you mean 'hidden_layer_sizes'\?"),
        ((), {"qwerty": 3}, r"got an unexpected keyword argument 'qwerty'$"),
        ((3, "tanh"), {}, "takes from 1 to 2 positional arguments but 3 were given"),
        ((3,), {"hidden_layer_sizes": 3}, "got multiple values for argument 'hidden_layer_sizes'"),
    ):
        with pytest.raises(TypeError, match=rf"^{cls.__name__}\.__init__\(\) {message}"):
            cls(*arguments, **parameters)


@pytest.mark.parametrize("cls", EVERY_CLASS)
def test_the_name_of_a_parameter_elsewhere_belongs_to_no_parameter_here(cls):
    names = {name for names in ELSEWHERE.values() for name in names.split()} | STACKS
    assert not names & cls().get_params().keys()
    assert ELSEWHERE.keys() <= RNNClassifier().get_params().keys() | Seq2SeqRegressor().get_params().keys()
    for name in names:
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'") as error:
            cls(**{name: 1})
        for meant in re.findall(r"mean '(\w+)'", str(error.value)):
            assert meant in cls().get_params()


def test_a_subclass_may_take_more_parameters_and_is_named_where_it_does_not():
    class Wider(LSTMClassifier):
        def __init__(self, hidden_layer_sizes=3, *, brand="x"):
            super().__init__(hidden_layer_sizes)
            self.brand = brand

    class Same(LSTMClassifier):
        """No parameter of its own."""

    assert clone(Wider(5, brand="y")).get_params() == {"hidden_layer_sizes": 5, "brand": "y"}
    with pytest.raises(TypeError, match=r"Wider\.__init__\(\) got an unexpected keyword argument 'epochs'"):
        Wider(epochs=3)
    with pytest.raises(TypeError, match=r"^Same\.__init__\(\) got an unexpected keyword argument 'epochs'. Did you"):
        Same(epochs=3)


@pytest.mark.parametrize("cls", EVERY_CLASS)
def test_signature_clone_copy_and_pickle_know_nothing_of_it(cls):
    model = cls(7, alpha=0.5)
    assert inspect.signature(cls) == inspect.signature(model.__init__)
    stored = [pickle.loads(pickle.dumps(model, protocol)) for protocol in range(6)]
    for other in (clone(model), copy.copy(model), copy.deepcopy(model), *stored):
        assert type(other) is cls
        assert other.get_params() == model.get_params()


def test_a_method_that_is_not_there_says_why_also_behind_scikit_learn(ragged, labels):
    model = LSTMClassifier(**TINY)
    search = GridSearchCV(make_pipeline(model), {"lstmclassifier__pooling": ["last"]}, cv=2).fit(ragged, labels)
    for asked in (model, search.best_estimator_[-1], pickle.loads(pickle.dumps(search)).best_estimator_[-1]):
        for name, reason in (
            ("attention_weights", "Set pooling='attention'"),
            ("step", "Expected bidirectional=False"),
        ):
            assert not hasattr(asked, name)
            with pytest.raises(AttributeError, match=rf"'LSTMClassifier' has no attribute '{name}'\. .*{reason}"):
                getattr(asked, name)
            with pytest.raises(AttributeError, match=reason):
                getattr(LSTMClassifier, name)(asked)


# --- training that diverges or is interrupted -------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"max_grad_norm": None}, {"activation": "relu"}], ids=str)
@pytest.mark.parametrize("solver", OPTIMIZERS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("cls", [RNNClassifier, RNNRegressor])
@pytest.mark.each_choice(times=2)
def test_a_diverging_fit_is_an_error_that_says_what_to_change(cls, cell, solver, settings, ragged, labels, numbers):
    y = labels if cls is RNNClassifier else numbers
    model = cls(cell=cell, hidden_layer_sizes=3, solver=solver, learning_rate_init=1e6, random_state=0, **settings)
    assert_refused(model, ragged, y, "Training diverged in epoch .*learning_rate_init")


def test_divergence_is_detected_across_calls_of_partial_fit(estimator, data):
    model = estimator(**TINY | {"max_iter": 1, "learning_rate_init": 1e6, "max_grad_norm": None})
    with pytest.raises(ValueError, match="diverged"):
        for _ in range(3):
            model.partial_fit(*data)


def test_divergence_in_the_last_step_is_detected(ragged, numbers):
    settings = {"solver": "sgd", "max_iter": 1, "max_grad_norm": None, "batch_size": 40, "random_state": 0}
    model = RNNRegressor(4, learning_rate_init=1e308, alpha=1e4, **settings)  # one step makes finite weights infinite
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="diverged in epoch 1: the loss is nan"):
        model.fit(ragged, numbers)


@pytest.mark.parametrize("values", [(-1, 1), (0, 2), (1, 2)])
def test_a_multilabel_indicator_of_other_values_than_0_and_1_is_refused(ragged, values):
    Y = np.array(values)[np.arange(3 * len(ragged)).reshape(-1, 3) % 2]
    assert_refused(RNNClassifier(**TINY), ragged, Y, "Expected a multilabel indicator y of 0 and 1, got values")


def test_a_second_fit_that_diverges_leaves_the_model_unchanged(estimator, data):
    X, y = data
    model = estimator(**TINY).fit(X, y)
    expected = model.predict(X)
    model.set_params(learning_rate_init=1e6)
    assert_refused(model, X, y, "diverged")
    assert_refused(model.set_params(warm_start=True), X, y, "diverged")
    assert np.array_equal(model.predict(X), expected)


@pytest.fixture
def interrupt_after(monkeypatch):
    """Raise KeyboardInterrupt in place of a given evaluation of the loss."""

    def patch(evaluations):
        evaluate, left = Objective.__call__, iter(range(evaluations))

        def interrupted(self, theta, rows, key=None):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return evaluate(self, theta, rows, key)

        monkeypatch.setattr(Objective, "__call__", interrupted)

    return patch


@pytest.mark.parametrize("solver", [*OPTIMIZERS, "lbfgs"])
def test_an_interrupted_fit_warns_and_keeps_the_model_trained_so_far(estimator, data, solver, interrupt_after):
    X, y = data
    model = estimator(hidden_layer_sizes=3, solver=solver, batch_size=10, random_state=0)
    interrupt_after(14)  # with four batches an epoch, in the middle of the fourth
    with pytest.warns(UserWarning, match="Training interrupted"):
        model.fit(X, y)
    assert model.predict(X).shape == y.shape
    assert np.isfinite(model.theta_).all()
    assert len(model.loss_curve_) == model.n_iter_ >= 3
    assert solver == "lbfgs" or model.n_iter_ == 3


def test_a_fit_interrupted_in_its_first_epoch_gives_a_model_too(estimator, data, interrupt_after):
    X, y = data
    interrupt_after(2)
    with pytest.warns(UserWarning, match="interrupted"):
        model = estimator(hidden_layer_sizes=3, batch_size=10, random_state=0).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 1
    assert model.predict(X).shape == y.shape


def test_an_interruption_before_the_first_step_is_raised(estimator, data, interrupt_after):
    X, y = data
    fitted = estimator(**TINY).fit(X, y)
    interrupt_after(0)
    assert_refused(estimator(**TINY), X, y, None, error=KeyboardInterrupt)
    assert_refused(fitted, X, y, None, error=KeyboardInterrupt)


def test_an_interruption_under_early_stopping_keeps_the_best_epoch(ragged, labels, interrupt_after):
    settings = {"hidden_layer_sizes": 3, "early_stopping": True, "batch_size": 40, "random_state": 0}
    settings |= {"validation_fraction": 0.3, "learning_rate_init": 0.05}
    full = RNNClassifier(**settings, max_iter=8).fit(ragged, labels)
    interrupt_after(8)
    with pytest.warns(UserWarning, match="interrupted"):
        model = RNNClassifier(**settings, max_iter=100, learning_rate="constant").fit(ragged, labels)
    assert len(model.validation_scores_) == 8 == len(full.validation_scores_)
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_reaching_max_iter_warns_unless_the_schedule_plans_it(estimator, data):
    X, y = data
    for settings in (
        {"learning_rate": "constant"},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"solver": "lbfgs"},
    ):
        with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
            estimator(**TINY, **settings).fit(X, y)
    estimator(**TINY, learning_rate="cosine").fit(X, y)  # a warning would be an error here
    estimator(**TINY, learning_rate="constant", tol=1e9, n_iter_no_change=1).set_params(max_iter=50).fit(X, y)


def test_the_warning_names_the_line_that_called_fit(estimator, data):
    X, y = data
    with pytest.warns(ConvergenceWarning) as record:
        estimator(**TINY, learning_rate="constant").fit(X, y)
    assert record[0].filename == __file__
