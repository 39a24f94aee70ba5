"""Warnings of what a user would not expect: of data that looks like a mistake, and of how a training ended."""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._core.optimizers import PLANNED
from .._data import likely_padding
from .._data.categories import as_values
from .._data.containers import label_of, unwrap
from .._data.likely_mistakes import lookahead, unknown_ahead
from .._data.sequences import source_of
from .._data.static import columns_of_table, without_columns
from .._data.warnings import warn_of_data, warn_user
from .target_encoders import ClassEncoder, LabelSequenceEncoder

ENOUGH = 30
"""Sequences whose static values tell something."""
SAMPLE = 512
"""Sequences whose steps to predict are looked at."""
ROUNDED = 1.25
"""How far numbers at equal distances spread around their line if they are rounded: by 1, and some as it is fitted."""
MANY = 8
"""Features of sequences of a single step that may be the steps of one feature."""


def warn_of_lookahead(given, codes):
    """Say that the backward direction sees what is to be predicted, if y is X moved by some steps.

    given : a `Dataset` with a target for each step, as it came
    codes : of its labels; None if it has numbers, or an indicator
    """
    found = lookahead(given.X, given.y, given.weight, codes)
    if found is not None:
        warn_of_data(
            f"y at step t is {found}, and with bidirectional=True the backward direction reads that step before it "
            "predicts: scores are too good, and new data ends at step t. Set bidirectional=False, or 'auto'."
        )


def warn_of_padded_labels(dataset, encoder):
    """Say that targets, as they came, seem to hold a label that is none."""
    if isinstance(encoder, LabelSequenceEncoder):
        label = _written_padding(dataset, encoder)
        if label is not None:
            warn_of_data(
                f"y holds the label {label!r}, which is to be written like any other. If it is padding, leave it out: "
                f"y = [[label for label in row if label != {label!r}] for row in y]."
            )
    elif isinstance(encoder, ClassEncoder) and dataset.offsets is not None:
        label = likely_padding.of_labels(dataset.y, dataset.offsets)
        if label is not None:
            warn_of_data(
                f"y holds the label {label!r}, which is learned as a class like any other. If it marks steps without a "
                f"label, give them no weight: fit(X, y, sample_weight=[np.not_equal(row, {label!r}) for row in y])."
            )


def _written_padding(dataset, encoder):
    codes = dataset.y[:, 0]
    n_labels = dataset.counts - 1  # each ends with a code of its own
    if not np.ptp(n_labels):
        code = likely_padding.of_written(codes.reshape(len(n_labels), -1)[:, :-1])
        if code is not None:
            return encoder.classes.tolist()[code]
    labels = encoder.classes
    return likely_padding.of_labels(labels, np.array([0, len(labels)]))


def warn_of_padded_steps(model, X, sequences, remembered):
    """Say that X, which was parsed to `sequences`, seems to be padded by what is learned as data.

    `pad_value` and `pad_token` are for arrays of all sequences: where they name the padding of an array, it is gone.

    remembered : what was stored of X when it was parsed
    """
    is_mixed = "categories_" in remembered
    if model.embedding_dim is None or is_mixed:
        values_of = None
        if is_mixed:
            is_categorical = remembered["is_categorical_"]
            values_of = partial(as_values, is_categorical=is_categorical, categories=remembered["categories_"])
        parameter = "pad_value"
        given = None if model.pad_value is None or np.isnan(model.pad_value) else model.pad_value
        found = likely_padding.of_features(sequences, given or 0.0, values_of)
        what = "{} alone" if given else "zeros alone"
    else:
        parameter = "pad_token"
        given = model.pad_token
        found = likely_padding.of_tokens(sequences, given)
        what = "the token {}"
    if found is None:
        return
    form = None if columns_of_table(X)[0] else unwrap(X)[0]
    advice = f"set {parameter}={found.value}"
    if form is None:
        advice = "cut it off before"
    elif form != "numbers" and given is not None:
        advice = f"pass an array, since {parameter} is for arrays: X = np.stack({source_of(form)})"
    elif form != "numbers":
        advice += f" and pass an array, X = np.stack({source_of(form)})"
    warn_of_data(
        f"X seems to be padded: {found} of {what.format(found.value)}, which are learned as data. If that is padding, "
        f"{advice}."
    )


def warn_of_single_steps(sequences):
    """Say that sequences of many features have one step each, as those have whose axes are swapped."""
    if len(sequences) > 1 and sequences.n_features >= MANY and sequences.lengths.max() == 1:
        warn_of_data(
            f"Each sequence of X has a single time step of {sequences.n_features} features. If these are time steps, "
            "put them first: X = as_sequences(X, channels_first=True)."
        )


def warn_of_numbering(X, static):
    """Say that a column beside the sequences seems to number them; it would be learned as a static value."""
    if static is None or len(static) < ENOUGH:
        return
    for values, column in zip(static.T, columns_of_table(X)[1], strict=True):
        if _is_numbering(values):
            warn_of_data(
                f"Column {label_of(X, column)!r} of X has another whole number in each row, as if it numbered the "
                "sequences, and is learned as a static value. If it does, leave it out: "
                f"X = {without_columns(X, [column])}"
            )


def _is_numbering(values):
    """Whether values are whole numbers as of rows: one by one, or a part of these, as in a fold, with irregular gaps.

    Random whole numbers would hardly all differ where so many lie so close. Numbers at equal distances, rounded or not,
    are those of a design: the values of a variable that an experimenter has chosen.
    """
    values = np.sort(values)
    n = len(values)
    span = values[-1] - values[0]
    if span >= 2 * n or (np.diff(values) == 0).any() or (values != np.rint(values)).any():
        return False
    if span == n - 1:
        return True
    rows = np.arange(n) - (n - 1) / 2
    slope = (rows @ values) / (rows @ rows)
    return bool(np.ptp(values - slope * rows) > ROUNDED)


def warn_of_empty_features(sequences):
    """Say that a feature has no value at all, so that a network learns nothing of it."""
    is_there = np.zeros(sequences.n_features, bool)
    for _, block in sequences.blocks():
        is_there |= ~np.isnan(block.values).all(axis=0)
        if is_there.all():
            return
    warn_of_data(
        f"Feature {is_there.argmin()} of X is NaN at all steps of all sequences. It is not scaled, and the "
        "network learns nothing of it. Leave it out."
    )


def warn_of_unknown_future(given, features, named):
    """Say that `future_features` names a feature that windows do not hold for the steps to predict.

    given : a `Dataset` as it came
    features : the numbers of those that are named
    named : how the user named them
    """
    n = len(given.X)
    if n < ENOUGH:
        return
    sample = given.select(np.arange(0, n, -(-n // SAMPLE)))
    steps = sample.X.joined()
    future = steps.last(sample.counts, slice(None))
    unknown = unknown_ahead(steps.without_last(sample.counts).values, future)
    if not unknown[features].any():
        return
    others = np.flatnonzero(~unknown & (future != 1).any(axis=0)).tolist()  # nor that which marks the future
    warn_of_data(
        f"future_features={named!r} names feature {features[unknown[features]][0]} of X, which is 0 at all steps to "
        "predict, but seldom before: sliding_windows puts 0 there for what is not known ahead. Features that have "
        f"values there: future_features={others}."
    )


def warn_of_training(model, history, n_epochs, *, one_epoch):
    """Say what a user would not expect of how the training ended."""
    if model.early_stopping and history.scores and history.best_epoch is None:
        warn_user(f"No score of scoring={model.scoring!r} was a number: the weights are those of the last epoch.")
    planned = one_epoch or (model.solver != "lbfgs" and model.learning_rate in PLANNED)
    if history.ended == "interrupted":
        warn_user(f"Training interrupted: the model is that of epoch {n_epochs}.")
    elif history.ended == "max_iter" and not planned:
        warn_user(
            f"Maximum iterations ({model.max_iter}) reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
        )
