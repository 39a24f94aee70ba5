"""Bad input, bad parameters, training that fails or is interrupted: a clear error, and nothing is lost."""

import joblib
import numpy as np
import pytest
from checks import assert_refused
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sklearn_recurrent import RNNClassifier, RNNRegressor, Seq2SeqClassifier, Seq2SeqRegressor, as_sequences
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.optimizers import OPTIMIZERS

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
    "no steps": (with_sequence(5, np.empty((0, 2))), "Sequence 5 is empty"),
    "no features": (with_sequence(5, np.empty((4, 0))), "Sequence 5 is empty"),
    "another number of features": (with_sequence(6, np.zeros((4, 3))), "Sequence 6 has 3 features .* sequence 0 has 2"),
    "strings": (with_sequence(2, np.array([["a", "b"]])), "Sequence 2 holds"),
    "complex numbers": (with_sequence(2, np.ones((4, 2), complex)), "Complex data not supported"),
    "a sequence in 3-D": (with_sequence(4, np.zeros((2, 2, 2))), "Sequence 4 .* 3 dimensions"),
    "unequal nested lists of numbers": (
        lambda X: [[1.0] * (3 + j % 2) for j in range(len(X))],
        "row 0 has 3 values and row 1 has 4.*list of arrays",
    ),
    "NaN inside a 3-D array": (as_cube_with_a_gap, "NaN in sequence 7, step 2, feature 0"),
    "padding alone": (as_cube_with_an_empty_sequence, "Sequence 7 is empty"),
    "no sequences": (lambda X: [], r"0 sample\(s\)"),
    "no sequences in an object array": (lambda X: as_sequences(X)[:0], r"0 sample\(s\)"),
    "NaN inside a 2-D array": (lambda X: [[1.0, np.nan]] * len(X), "NaN in sequence 0, step 1.*missing='skip'"),
    "one sequence instead of a list": (lambda X: X[0][:, 0], "1D array"),
    "four dimensions": (lambda X: np.zeros((len(X), 2, 2, 2)), "dim 4"),
}


@pytest.mark.parametrize("fitted", [False, True], ids=["new", "fitted"])
@pytest.mark.parametrize("case", BAD_X)
def test_a_bad_X_is_refused_with_what_and_where(estimator, data, case, fitted):
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
        message += "|list of arrays|was fitted on sequences"
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
    with pytest.raises(ValueError, match=r"2-D array, but .* was fitted on sequences"):
        estimator(**TINY).fit(as_sequences(matrix), y).predict(matrix)
    with pytest.raises(ValueError, match=r"holds sequences, but .* was fitted on a 2-D array with 3 columns"):
        estimator(**TINY).fit(matrix, y).predict(as_sequences(matrix))


def test_before_fit_there_is_nothing_to_predict_with(estimator, ragged):
    for attribute in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        if hasattr(estimator, attribute):
            with pytest.raises(NotFittedError):
                getattr(estimator(), attribute)(ragged)
    assert not hasattr(estimator(), "weights_")


@pytest.mark.parametrize("container", [iter, dict.fromkeys, set], ids=["an iterator", "a dict", "a set"])
def test_a_container_without_an_order_or_a_length_is_refused_by_name(estimator, data, container):
    X = container(range(40))
    with pytest.raises(TypeError, match=f"X is a {type(X).__name__}, but a list of arrays"):
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


def test_targets_of_the_wrong_kind_are_refused(ragged, numbers, labels):
    two = np.column_stack([np.arange(40) % 3, np.arange(40) % 2])
    assert_refused(RNNClassifier(**TINY), ragged, numbers, "continuous")
    assert_refused(RNNClassifier(**TINY), ragged, two, "multiclass-multioutput")
    assert_refused(RNNRegressor(**TINY), ragged, labels, "could not convert string to float")
    assert_refused(RNNRegressor(**TINY), ragged, np.zeros((40, 2, 2)), "dim 3|3D|dimension")


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
        model, ragged, other, r"labels \['middle'\], but the classes are \['high', 'low'\]", method="partial_fit"
    )
    assert_refused(model, ragged, labels, "not the same as in the last call", method="partial_fit", classes=["high"])
    assert_refused(
        classifier(**TINY), ragged, other, r"labels \['middle'\]", method="partial_fit", classes=["high", "low"]
    )


def test_partial_fit_on_another_kind_of_target_is_refused(ragged, labels, numbers):
    indicator = np.column_stack([labels == "low", labels == "high"]).astype(int)
    model = RNNClassifier(**TINY).partial_fit(ragged, labels)
    assert_refused(model, ragged, indicator, "multilabel indicator in one call", method="partial_fit")
    model = RNNRegressor(**TINY).partial_fit(ragged, numbers)
    assert_refused(model, ragged, np.c_[numbers, numbers], "y has 2 outputs, but .* has 1", method="partial_fit")


# --- parameters -------------------------------------------------------------------------------------------------------

ODD = {
    "hidden_layer_sizes": [0, -3, 2.5, (), (3, 0), (3, -1), (3, 2.5), "3", None],
    "activation": ["identity", None],
    "bidirectional": ["yes"],
    "pooling": ["sum", (), ("last", "last"), ("last", "sum"), ("attention", "attention"), 1],
    "return_sequences": ["yes", 1.5],
    "embedding_dim": [0, -1, 2.5, "8"],
    "pad_token": [-1, 0.5, "0"],
    "dropout": [1, -0.1, "0.2", None],
    "recurrent_dropout": [1, -0.1, "0.2", None],
    "forget_bias": [np.inf, np.nan, "jozefowicz", None],
    "bptt_steps": [0, -1, 2.5, "all"],
    "n_jobs": [1.5, "2"],
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


def test_every_parameter_has_odd_values_to_be_tested_with():
    assert set(RNNClassifier().get_params()) == set(ODD)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ODD.items() for value in values])
def test_an_odd_parameter_is_refused_by_name_at_fit(ragged, labels, name, value):
    model = RNNClassifier(**TINY).fit(ragged, labels)
    expected = model.predict_proba(ragged)
    for case in (clone(model).set_params(**{name: value}), model.set_params(**{name: value})):
        assert_refused(case, ragged, labels, name)
    if name != "n_jobs":  # it is not of the fit alone
        assert np.array_equal(model.predict_proba(ragged), expected)


ODD_OF_REGRESSORS = {
    "loss": ["mse", "pinball", None],
    "quantile": [0, 1, (), (0.5, 1), (0.5, 0.5), "median", None],
    "huber_delta": [0, -1, None],
}


def test_every_parameter_of_regressors_has_odd_values_to_be_tested_with():
    shared = set(ODD) - {"class_weight", "label_smoothing"}
    assert set(RNNRegressor().get_params()) == shared | set(ODD_OF_REGRESSORS)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ODD_OF_REGRESSORS.items() for value in values]
)
def test_an_odd_parameter_of_regressors_is_refused_by_name_at_fit(ragged, numbers, name, value):
    where = {"loss": "quantile"} if name == "quantile" else {}
    assert_refused(RNNRegressor(**TINY | where | {name: value}), ragged, numbers, name)
    if name in Seq2SeqRegressor().get_params():
        assert_refused(Seq2SeqRegressor(**TINY, **{name: value}), ragged, np.ones((len(ragged), 2)), name)


ODD_OF_WRITING = {
    "attention": ["multiplicative", True],
    "teacher_forcing": [-0.1, 1.1, (1, 2), (1,), (1, 0, 1), (), "1", ("1", "0"), (np.nan, 1), None],
    "max_length": [0, -1, 2.5],
    "beam_width": [0, 1.5, None],
    "length_penalty": [-1, "1", None],
}


def test_every_parameter_of_writing_has_odd_values_to_be_tested_with():
    shared = set(ODD) - {"pooling", "return_sequences"}
    assert set(Seq2SeqClassifier().get_params()) == shared | set(ODD_OF_WRITING)
    numbers = shared - {"class_weight", "label_smoothing"} | {"loss", "huber_delta"}
    assert set(Seq2SeqRegressor().get_params()) == numbers | {"attention", "teacher_forcing"}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ODD_OF_WRITING.items() for value in values]
)
def test_an_odd_parameter_of_writing_is_refused_by_name_at_fit(ragged, name, value):
    assert_refused(Seq2SeqClassifier(**TINY, **{name: value}), ragged, [["a", "b"]] * len(ragged), name)
    if name in Seq2SeqRegressor().get_params():
        assert_refused(Seq2SeqRegressor(**TINY, **{name: value}), ragged, np.ones((len(ragged), 2)), name)


@pytest.mark.parametrize("value", [{"low": 1, "middle": 2}, {1: 1.0}])
def test_class_weights_of_unknown_classes_are_refused(ragged, labels, value):
    assert_refused(RNNClassifier(**TINY, class_weight=value), ragged, labels, "class_weight|classes")


def test_partial_fit_is_there_only_with_mini_batches(estimator):
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
    assert_refused(model, ragged, labels, "Training cannot go on")


def test_a_warm_start_with_other_features_or_classes_is_refused(estimator, data):
    X, y = data
    model = estimator(**TINY, warm_start=True).fit(X, y)
    assert_refused(model, [x[:, :1] for x in X], y, "X has 1 features, but .* is expecting 2")
    if estimator.__name__.endswith("Classifier"):
        assert_refused(model, X, np.where(y == "low", "new", y), r"labels \['new'\]")


# --- training that diverges or is interrupted -------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"max_grad_norm": None}, {"activation": "relu"}], ids=str)
@pytest.mark.parametrize("solver", OPTIMIZERS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("cls", [RNNClassifier, RNNRegressor])
def test_a_diverging_fit_ends_with_an_error_that_says_what_to_change(
    cls, cell, solver, settings, ragged, labels, numbers
):
    y = labels if cls is RNNClassifier else numbers
    model = cls(cell=cell, hidden_layer_sizes=3, solver=solver, learning_rate_init=1e6, random_state=0, **settings)
    assert_refused(model, ragged, y, "Training diverged in epoch .*learning_rate_init")


def test_divergence_is_found_over_several_calls_too(estimator, data):
    model = estimator(**TINY | {"max_iter": 1, "learning_rate_init": 1e6, "max_grad_norm": None})
    with pytest.raises(ValueError, match="diverged"):
        for _ in range(3):
            model.partial_fit(*data)


def test_the_last_step_is_looked_at_too(ragged, numbers):
    settings = {"solver": "sgd", "max_iter": 1, "max_grad_norm": None, "batch_size": 40, "random_state": 0}
    model = RNNRegressor(4, learning_rate_init=1e308, alpha=1e4, **settings)  # a step from finite weights to infinite
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="diverged in epoch 1: the loss is nan"):
        model.fit(ragged, numbers)


@pytest.mark.parametrize("values", [(-1, 1), (0, 2), (1, 2)])
def test_a_multilabel_indicator_of_other_values_than_0_and_1_is_refused(ragged, values):
    Y = np.array(values)[np.arange(3 * len(ragged)).reshape(-1, 3) % 2]
    assert_refused(RNNClassifier(**TINY), ragged, Y, "indicator holds 0 and 1")


def test_a_fitted_model_survives_a_second_fit_that_diverges(estimator, data):
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
def test_an_interrupted_fit_keeps_the_model_so_far_with_a_warning(estimator, data, solver, interrupt_after):
    X, y = data
    model = estimator(hidden_layer_sizes=3, solver=solver, batch_size=10, random_state=0)
    interrupt_after(14)  # with four batches an epoch, in the middle of the fourth
    with pytest.warns(UserWarning, match="Training interrupted"):
        model.fit(X, y)
    assert model.predict(X).shape == y.shape
    assert np.isfinite(model.theta_).all()
    assert len(model.loss_curve_) == model.n_iter_ >= 3
    assert solver == "lbfgs" or model.n_iter_ == 3


def test_an_interrupted_fit_in_its_first_epoch_is_a_model_too(estimator, data, interrupt_after):
    X, y = data
    interrupt_after(2)
    with pytest.warns(UserWarning, match="interrupted"):
        model = estimator(hidden_layer_sizes=3, batch_size=10, random_state=0).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 1
    assert model.predict(X).shape == y.shape


def test_an_interruption_before_anything_was_learned_is_passed_on(estimator, data, interrupt_after):
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


def test_reaching_max_iter_warns_unless_it_was_the_plan(estimator, data):
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


def test_the_warning_points_at_the_line_that_called_fit(estimator, data):
    X, y = data
    with pytest.warns(ConvergenceWarning) as record:
        estimator(**TINY, learning_rate="constant").fit(X, y)
    assert record[0].filename == __file__
