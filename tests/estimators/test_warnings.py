"""Warnings of likely mistakes in a training set: when they are given, and that what they say mends it."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold, ShuffleSplit

from sklearn_recurrent import (
    GRUClassifier,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequenceDataWarning,
    SequencePadder,
    as_column,
    as_sequences,
    sliding_windows,
)
from sklearn_recurrent._estimators.warnings import warn_of_numbering

TINY = {"hidden_layer_sizes": 3, "max_iter": 1, "random_state": 0}


def padded(X, value=0.0, padding="post"):
    return SequencePadder(value=value, padding=padding).fit_transform(X)


def raw(model, X):
    """What shows any difference between two models."""
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("padding", ["post", "pre"])
def test_zero_padding_is_warned_of_and_pad_value_reads_it(task, padding):
    estimator, X, y = task
    cube = padded(X, padding=padding)
    with pytest.warns(SequenceDataWarning, match=r"X seems to be padded: .* of zeros alone.* set pad_value=0\.0\."):
        estimator(**TINY).fit(cube, y)
    model = estimator(**TINY, pad_value=0.0).fit(cube, y)
    expected = estimator(**TINY).fit(X, y)
    assert np.array_equal(model.theta_, expected.theta_)
    assert equal(raw(model, cube), raw(expected, X))
    assert equal(raw(model, X), raw(expected, X))


def test_pad_value_may_be_any_number_and_NaN_is_padding_beside_it(task):
    estimator, X, y = task
    expected = estimator(**TINY).fit(X, y).theta_
    for value in (-999, 0.1, np.nan, np.float64(0.1)):
        model = estimator(**TINY, pad_value=value)
        assert np.array_equal(model.fit(padded(X, value), y).theta_, expected)
        assert np.array_equal(model.fit(padded(X, np.nan), y).theta_, expected)


def test_pad_value_is_compared_in_the_precision_of_X(ragged, labels):
    X = [x.astype(np.float32) for x in ragged]
    model = RNNClassifier(**TINY, pad_value=0.1).fit(padded(X, np.float32(0.1)), labels)
    assert np.array_equal(model.theta_, RNNClassifier(**TINY).fit(X, labels).theta_)


def test_only_steps_whose_features_all_equal_pad_value_are_padding_and_only_at_the_ends(ragged, labels):
    X = [np.vstack([x, [[0, 1.0]]]) for x in ragged]
    for x in X:
        x[1] = 0
    model = RNNClassifier(**TINY, pad_value=0).fit(padded(X), labels)
    assert np.array_equal(model.theta_, RNNClassifier(**TINY).fit(X, labels).theta_)


def test_a_flat_array_and_one_of_one_feature_are_read_with_pad_value_too(ragged, labels):
    expected = RNNClassifier(**TINY).fit(ragged, labels).predict_proba(ragged)
    flat = padded(ragged).reshape(len(ragged), -1)
    assert np.array_equal(
        RNNClassifier(**TINY, pad_value=0, input_size=2).fit(flat, labels).predict_proba(flat), expected
    )
    one = [x[:, :1] for x in ragged]
    matrix = padded(one)[:, :, 0]
    model = RNNClassifier(**TINY, pad_value=0).fit(matrix, labels)
    assert np.array_equal(model.predict_proba(matrix), RNNClassifier(**TINY).fit(one, labels).predict_proba(one))


def test_targets_and_weights_of_padded_steps_are_left_out_with_the_steps(ragged):
    y = [x[:, 0] > 0 for x in ragged]
    weights = [np.arange(len(x)) + 1.0 for x in ragged]
    width = max(map(len, ragged))
    rows, row_weights = (np.zeros((len(ragged), width)) for _ in range(2))
    for j, x in enumerate(ragged):
        rows[j, : len(x)] = y[j]
        row_weights[j, : len(x)] = weights[j]
    settings = TINY | {"return_sequences": True}
    expected = RNNClassifier(**settings).fit(ragged, y, sample_weight=weights)
    model = RNNClassifier(**settings, pad_value=0.0).fit(padded(ragged), rows, sample_weight=row_weights)
    assert np.array_equal(model.theta_, expected.theta_)
    assert equal(model.predict_proba(padded(ragged)), expected.predict_proba(ragged))
    assert model.score(padded(ragged), rows, row_weights) == expected.score(ragged, y, weights)


def test_pad_value_holds_as_it_was_in_fit(task):
    estimator, X, y = task
    cube = padded(X)
    model = estimator(**TINY, pad_value=0, warm_start=True).fit(cube, y)
    expected = raw(model, cube)
    assert equal(raw(model.set_params(pad_value=None), cube), expected)
    with pytest.raises(ValueError, match=r"pad_value changed from 0\.0 to None"):
        model.fit(cube, y)
    assert clone(model).pad_value is None


def test_a_sequence_of_padding_alone_is_refused(ragged, labels):
    cube = padded(ragged)
    cube[4] = 0
    with pytest.raises(ValueError, match=r"sequence 4 .* got padding only: all 9 time steps are nan or 0.0"):
        RNNClassifier(**TINY, pad_value=0).fit(cube, labels)


def test_padding_is_warned_of_in_a_list_of_arrays_whose_stack_is_read(ragged, labels):
    X = list(padded(ragged))
    with pytest.warns(SequenceDataWarning, match=r"set pad_value=0.0 and pass an array, X = np.stack\(X\)"):
        RNNClassifier(**TINY).fit(X, labels)


@pytest.mark.parametrize("value", [0.0, -1.0])
@pytest.mark.parametrize("as_container", [list, as_sequences, as_column, lambda X: pd.DataFrame({"x": list(X)})])
def test_pad_value_does_not_silence_the_warning_where_it_reads_nothing(ragged, labels, value, as_container):
    X = as_container(padded(ragged, value))
    with pytest.warns(SequenceDataWarning, match=r"since pad_value is for arrays: X = (np.stack\(.*\))\.") as caught:
        RNNClassifier(**TINY, pad_value=value).fit(X, labels)
    (line,) = re.findall(r"X = (np.stack\(.*?\))\. ", str(caught[0].message))
    model = RNNClassifier(**TINY, pad_value=value).fit(eval(line, {"np": np, "X": X}), labels)
    assert np.array_equal(model.theta_, RNNClassifier(**TINY).fit(ragged, labels).theta_)


def test_pad_token_does_not_silence_the_warning_where_it_reads_nothing(ragged, labels):
    ids = [np.random.default_rng(len(x)).integers(1, 9, len(x)) for x in ragged]
    X = list(padded(ids, 0)[:, :, 0])
    with pytest.warns(SequenceDataWarning, match=r"since pad_token is for arrays: X = np.stack\(X\)\."):
        RNNClassifier(**TINY, embedding_dim=2, pad_token=0).fit(X, labels)
    RNNClassifier(**TINY, embedding_dim=2, pad_token=0).fit(np.stack(X), labels)


def test_padding_beside_static_values_is_warned_of_without_a_line_that_does_not_hold_there(ragged, labels):
    X = pd.DataFrame({"x": list(padded(ragged)), "age": np.random.default_rng(0).normal(size=len(ragged))})
    with pytest.warns(SequenceDataWarning, match=r"If that is padding, cut it off before\. "):
        RNNClassifier(**TINY).fit(X, labels)


@pytest.mark.parametrize("padding", ["post", "pre"])
@pytest.mark.parametrize("estimator", [RNNClassifier, Seq2SeqRegressor])
def test_a_padded_array_of_tokens_is_warned_of(ragged, numbers, labels, estimator, padding):
    y = labels if estimator is RNNClassifier else numbers
    ids = [np.random.default_rng(len(x)).integers(1, 9, len(x)) for x in ragged]
    rows = padded(ids, 0, padding)[:, :, 0]
    with pytest.warns(SequenceDataWarning, match="of the token 0, .* set pad_token=0"):
        estimator(**TINY, embedding_dim=2).fit(rows, y)
    estimator(**TINY, embedding_dim=2, pad_token=0).fit(rows, y)


def test_a_matrix_without_input_size_has_no_ends_to_be_padded(ragged, labels):
    RNNClassifier(**TINY).fit(padded(ragged).reshape(len(ragged), -1), labels)


def test_a_second_fit_that_continues_warns_no_more(ragged, labels):
    cube = padded(ragged)
    model = RNNClassifier(**TINY)
    with pytest.warns(SequenceDataWarning):
        model.partial_fit(cube, labels)
    model.partial_fit(cube, labels)
    model.predict(cube)


# --- labels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [-100, -1])
def test_labels_that_are_none_are_warned_of_and_weights_leave_them_out(label):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 9, 2))
    y = rng.integers(0, 3, (40, 9))
    for j, length in enumerate(rng.integers(3, 10, 40)):
        y[j, length:] = label
    settings = TINY | {"return_sequences": True, "bidirectional": False}
    with pytest.warns(SequenceDataWarning, match=rf"y holds the label {label}, which is learned .*sample_weight="):
        RNNClassifier(**settings).fit(X, y)
    model = RNNClassifier(**settings).fit(X, y, sample_weight=[np.not_equal(row, label) for row in y])
    assert model.classes_.tolist() == [0, 1, 2]


def test_numbers_to_be_regressed_are_no_labels(ragged):
    y = [np.where(x[:, 0] > 0, -100.0, 1) for x in ragged]
    RNNRegressor(**TINY, return_sequences=True).fit(ragged, y)


def test_a_label_that_pads_what_is_to_be_written_is_warned_of(ragged):
    y = np.zeros((40, 6), int)
    for j, x in enumerate(ragged):
        y[j, : 1 + len(x) % 6] = 1 + j % 3
    with pytest.warns(SequenceDataWarning, match="y holds the label 0, which is to be written"):
        Seq2SeqClassifier(**TINY).fit(ragged, y)
    with pytest.warns(SequenceDataWarning, match="y holds the label 'PAD'"):
        Seq2SeqClassifier(**TINY).fit(ragged, [["a", "b", "PAD"][: 2 + j % 2] for j in range(40)])
    model = Seq2SeqClassifier(**TINY).fit(ragged, [[label for label in row if label != 0] for row in y])
    assert model.classes_.tolist() == [1, 2, 3]


# --- axes -------------------------------------------------------------------------------------------------------------


def test_single_steps_of_many_features_are_warned_of(labels):
    X = np.random.default_rng(0).normal(size=(40, 1, 24))
    for swapped in (X, list(X)):
        with pytest.warns(SequenceDataWarning, match=r"a single time step of 24 features.*channels_first=True"):
            RNNClassifier(**TINY).fit(swapped, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SequenceDataWarning)
        RNNClassifier(**TINY).fit(X, labels)


def test_single_steps_of_few_features_and_rows_of_a_table_are_not(labels):
    X = np.random.default_rng(0).normal(size=(40, 1, 7))
    GRUClassifier(**TINY).fit(X, labels)
    GRUClassifier(**TINY).fit(np.tile(X[:, 0], 4), labels)
    GRUClassifier(**TINY, input_size=28).fit(np.tile(X[:, 0], 4), labels)


# --- a column that numbers the sequences ------------------------------------------------------------------------------


def with_column(values):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"seq": [rng.normal(size=(4, 2)) for _ in values], "id": values, "age": rng.normal(size=len(values))}
    )


@pytest.mark.parametrize("values", [range(1000, 1040), np.random.default_rng(0).permutation(60)[:40], np.arange(40.0)])
def test_a_column_that_numbers_the_sequences_is_warned_of(task, values):
    estimator, _, y = task
    with pytest.warns(SequenceDataWarning, match=r"Column 'id' of X has another whole number .*: X = X\.drop\("):
        estimator(**TINY).fit(with_column(values), y)


@pytest.mark.parametrize(
    "values",
    [
        np.repeat(range(20), 2),
        np.linspace(0, 78, 40),
        np.arange(0, 400, 10),
        np.arange(40) / 2,
        np.random.default_rng(0).integers(18, 90, 40),
    ],
)
def test_other_static_values_are_not_warned_of(task, values):
    estimator, _, y = task
    estimator(**TINY).fit(with_column(values), y)


@pytest.mark.parametrize("round_off", [np.rint, np.floor, np.ceil])
@pytest.mark.parametrize("step", [1.1, 1.25, 1.5, 1.7, 2.0])
def test_a_design_with_equal_distances_is_no_numbering(step, round_off):
    values = np.random.default_rng(0).permutation(round_off(5 + step * np.arange(34)))[:, None]
    warn_of_numbering(with_column(values[:, 0])[["seq", "id"]], values)  # a warning would be an error here


def test_a_part_of_a_numbering_is_warned_of():
    n_warnings = 0
    for training, _ in ShuffleSplit(20, train_size=0.8, random_state=0).split(np.empty(100)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warn_of_numbering(with_column(training)[["seq", "id"]], training[:, None])
        n_warnings += len(caught)
    assert n_warnings == 20
    for training, _ in KFold(5).split(np.empty(50)):
        if training[0] == 10 or training[-1] == 39:  # without a gap
            assert np.ptp(training) == 39
        with pytest.warns(SequenceDataWarning, match="numbered"):
            warn_of_numbering(with_column(training)[["seq", "id"]], training[:, None])


def test_few_sequences_may_be_numbered(labels):
    RNNClassifier(**TINY).fit(with_column(range(20)), labels[:20])


# --- windows with steps to predict, whose features are named wrongly --------------------------------------------------


def sold_by_price(n=60, **settings):
    """Windows of the features sold, price, wind and promo, and the mark of the future; price and promo are known."""
    rng = np.random.default_rng(0)
    table = rng.normal(5, 1, size=(n, 4))
    table[:, 3] = rng.random(n) < 0.1
    return sliding_windows(table, 6, 2, target=0, known=[1, 3], **settings)


@pytest.mark.parametrize(("named", "wrong"), [([1, 2, 3], 2), ([0, 1], 0), ([False, False, True, False, False], 2)])
def test_a_feature_that_is_not_known_in_the_steps_to_predict_is_no_future_feature(named, wrong):
    X, y, _ = sold_by_price()
    with pytest.warns(SequenceDataWarning, match=rf"names feature {wrong} of X, .*future_features=\[1, 3\]"):
        Seq2SeqRegressor(**TINY, future_features=named).fit(X, y)
    ragged = [x[i % 3 :] for i, x in enumerate(X)]
    with pytest.warns(SequenceDataWarning, match=rf"names feature {wrong} of X"):
        Seq2SeqRegressor(**TINY, future_features=named).fit(ragged, y)


@pytest.mark.parametrize("named", [[1], [3, 1], [1, 3, 4]], ids=len)
def test_what_is_known_may_be_rare(named):
    X, y, _ = sold_by_price()
    X[:, -2:, 3] = 0  # no promotion in any step to predict, as seldom before
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceDataWarning)
        Seq2SeqRegressor(**TINY, future_features=named).fit(X, y)


def test_a_few_windows_tell_nothing_of_what_is_known():
    X, y, _ = sold_by_price(step=10)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceDataWarning)
        Seq2SeqRegressor(**TINY, future_features=[1, 2]).fit(X, y)
