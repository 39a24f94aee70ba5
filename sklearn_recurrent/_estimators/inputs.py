"""How an estimator parses X: its options, what it remembers of the X of fit, one time step of a stream."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .._core.ragged import Ragged, Sequences
from .._data import hints
from .._data.arrays import NUMERIC, Place, numbers, plain
from .._data.categories import (
    Columns,
    cells_of,
    chosen_columns,
    columns_of,
    decode,
    encode,
    encode_rows,
    normalized,
    strings_as_categories,
)
from .._data.columns import as_frame, is_frame, numbers_of_frame
from .._data.containers import object_array
from .._data.marks import TOKENS, mark_of_input
from .._data.sequences import as_tokens, parse_sequences, plain_sequences, rows_of_matrix, single_sequence
from .._data.static import Table, numbers_of_streams, split_table, without_columns
from .._sklearn import check_columns
from .scoring import shallow_copy_with
from .training_state import PARSED


class CachedInput(NamedTuple):
    """An X that need not be parsed again, epoch after epoch.

    X : as the user gave it, told by its identity
    sequences : what it is parsed as
    network_inputs : what its values become
    preprocessors : which made them
    """

    X: object
    sequences: Sequences
    network_inputs: Sequences
    preprocessors: tuple

    def was_made_by(self, preprocessors):
        """Whether `preprocessors` consist of the very arrays of those that made the network inputs."""
        return all(_has_same_arrays(one, other) for one, other in zip(self.preprocessors, preprocessors, strict=True))


def _has_same_arrays(one, other):
    if one is None or other is None:
        return one is other
    return one.has_arrays_of(other)


def input_options(model):
    """How X is parsed, by the parameters of `model`."""
    options = {"input_size": model.input_size}
    if model.categorical_features is not None:
        options["categorical_features"] = normalized(model.categorical_features)
    if model.categorical_features is None and model.embedding_dim is not None:
        options |= {"tokens": True, "pad_token": model.pad_token}
    else:
        options["pad_value"] = _pad_value(model.pad_value)
    if model.missing == "forward":
        options["missing"] = "forward"  # of the others any may be set after fit
    return options


def refuse_tokens(model, X, options):
    """Raise for ids of `SequenceTokenizer` that the network would read as quantities."""
    if not options.get("tokens") and mark_of_input(X) == TOKENS:
        name = type(model).__name__
        raise ValueError(
            f"Expected features to be numbers, got ids of tokens, made by SequenceTokenizer: {name} would read them as "
            f"quantities. Set embedding_dim, the size of a vector for each token: {name}(embedding_dim=16)."
        )


def refuse_token_targets(model, y):
    """Raise for ids of `SequenceTokenizer` that a regressor would learn as quantities."""
    if mark_of_input(y) == TOKENS:
        name = type(model).__name__
        raise ValueError(
            f"Expected y to be numbers, got ids of tokens, made by SequenceTokenizer: {name} would learn them as "
            f"quantities. Tokens are labels, which {name.replace('Regressor', 'Classifier')} predicts."
        )


def _pad_value(value):
    """The value that is padding besides NaN, which always is; None if there is none."""
    if value is None or np.isnan(value):
        return None
    return float(value)


def parse_training(model, X):
    """Parse the X of a first fit.

    Returns
    -------
    sequences : Sequences or Ragged
    remembered : dict
        Attributes that later X are compared with. `model` does not have them yet: it may still answer as it was fitted
        before.
    """
    draft = shallow_copy_with(model)
    for name in PARSED:  # of an earlier fit
        vars(draft).pop(name, None)
    sequences = _parse_table(draft, X, reset=True, options=input_options(model))
    remembered = {name: vars(draft)[name] for name in PARSED if name in vars(draft)}
    return sequences, remembered


def parse(model, X, state):
    """Parse an X that must be like that of the fit that ended in `state`, by the options that held then.

    It is compared with what the state remembers, not with the attributes of `model`: another thread may change these.
    """
    refuse_forward(model, state)
    if state.reads_numbers_alone and (type(X) is list or state.input_options.get("pad_value") is None):
        sequences = plain_sequences(X, state.remembered["n_features_in_"])
        if sequences is not None and mark_of_input(X) != TOKENS:
            return sequences
    return _parse_table(_as_fitted(model, state), X, reset=False, options=state.input_options)


def parse_one(model, X, state):
    """The values (T, F) of an X of one sequence that `parse` would neither change, refuse nor warn of; None of others.

    What this function does not know it leaves to `parse`, which has the words for it.
    """
    if not state.reads_numbers_alone or (model.missing == "forward" and not state.carries):
        return None
    if model._cached_input is not None or not isinstance(model.n_jobs, int | None) or model.n_jobs == 0:
        return None
    x = single_sequence(X, state.remembered["n_features_in_"])
    if x is None or mark_of_input(X) == TOKENS:
        return None
    return x


def parse_next(model, X, state, static):
    """Parse the next time steps of streams whose static values are `static` (n, k). X need not repeat them."""
    refuse_forward(model, state)
    return _parse_table(_as_fitted(model, state), X, reset=False, options=state.input_options, static=static)


def refuse_forward(model, state):
    """Raise for missing='forward' that was set after fit: the network has no inputs that say what was missing."""
    if model.missing == "forward" and not state.carries:
        raise ValueError(
            "Expected missing='error' or 'skip', since the model was fitted so, got 'forward'. To carry values "
            "forward, fit again with missing='forward' and warm_start=False."
        )


def refuse_other_missing(model, previous):
    """Raise if training cannot go on from `previous`, since the network has other inputs with missing='forward'."""
    refuse_forward(model, previous)
    if model.missing != "forward" and previous.carries:
        raise ValueError(
            f"Training cannot continue from the last fit, since missing changed from 'forward' to {model.missing!r}. "
            "Call fit with warm_start=False, or set the parameter back."
        )


def as_table(sequences, remembered):
    """Sequences that are parsed, with their static values beside them, in a container that `parse` takes."""
    cells = list(sequences)
    if "categories_" in remembered:
        cells = [decode(x, remembered["is_categorical_"], remembered["categories_"]) for x in cells]
    cells = object_array(cells)
    if sequences.static is None:
        return cells
    return np.column_stack([cells, sequences.static.astype(object)])


def _as_fitted(model, state):
    """A copy of `model` with what the state remembers of the X of fit."""
    like_then = shallow_copy_with(model, **state.remembered)
    for name in PARSED:
        if name not in state.remembered:
            vars(like_then).pop(name, None)
    return like_then


@contextmanager
def _errors_that_name_categories(model, X, named, options, reset):
    """Say how a network reads strings beside numbers, where these are refused."""
    try:
        yield
    except ValueError as error:
        is_about_strings = str(error).startswith("Expected numbers") and "string" in str(error)
        if reset and is_about_strings and not options.get("tokens"):
            name = type(model).__name__
            hint = strings_as_categories(X, name, input_size=options["input_size"], named=named)
            if hint:
                error.args = (f"{str(error).removesuffix('.')}. {hint}",)
        raise


def _parse_table(model, X, *, reset, options, static=None):
    """The sequences of X with their static values; `static`: those that hold if X has none.

    What X is like is stored on `model` with `reset`, else compared with what is stored there.
    """
    if not reset:
        X = rows_of_matrix(model, X)
    has_categories = "categorical_features" in options
    table = split_table(X, as_columns=has_categories)
    if not has_categories:
        refuse_tokens(model, X, options)
    options = dict(options)
    options.pop("missing", None)  # of the network
    missing = "keep" if model.missing == "forward" else model.missing
    given = table.sequences
    in_table = given is not X
    named = table.features  # a frame with the names of the features, where `parse_sequences` cannot see it
    if has_categories:
        given, named = _encode(model, X, table, options, reset)
        options = _options_of_codes(options)
    parsing = model
    if named is not None and not reset:
        parsing = shallow_copy_with(model)
        vars(parsing).pop("feature_names_in_", None)
    with _errors_that_name_categories(model, given, named, options, reset):
        sequences = parse_sequences(parsing, given, reset=reset, missing=missing, in_table=in_table, **options)
    if named is not None:
        check_columns(model, named, reset=reset)
    if table.static is not None or static is None:
        _check_static_columns(model, table, X, reset=reset)
        static = table.static
    if static is None:
        return sequences
    return replace(sequences, static=static)


def _options_of_codes(options):
    """How numbers of categories are parsed, in which NaN is padding."""
    if options.get("pad_value") is None:
        return {"input_size": options["input_size"]}
    return {"input_size": options["input_size"], "pad_value": np.nan}  # a matrix has padding, too


def _encode(model, X, table, options, reset):
    """X with numbers in the place of categories, and a frame with the names of its features, None if it has none.

    Which columns are categories, and which categories there are, is stored on `model` with `reset`.
    """
    columns = table.sequences
    if not isinstance(columns, Columns):
        padding = {name: options.get(name) for name in ("input_size", "pad_value")}
        columns = columns_of(columns, **padding, in_table=columns is not X)
    if columns is None:
        return table.sequences, None  # which is refused for its form
    named = columns.flat if columns.frame is None else columns.frame
    if reset:
        chosen = chosen_columns(options["categorical_features"], columns)
        model.is_categorical_ = np.isin(np.arange(columns.n_features), chosen)
        model._categorical_columns = chosen.tolist()
        if not len(chosen):
            refuse_tokens(model, X, {})
        given, model.categories_ = encode(columns, model.is_categorical_)
        return given, named
    is_like_then = model._fitted_on_sequences == (columns.shape is None or len(columns.shape) == 3)
    if named is not None and is_like_then and "feature_names_in_" in vars(model):
        check_columns(model, named, reset=False)  # before values of other columns are read
    if columns.n_features != len(model.is_categorical_):
        return columns.refilled(np.zeros((columns.offsets[-1], columns.n_features))), named  # which is refused
    given, _ = encode(columns, model.is_categorical_, model.categories_)
    return given, named


def _check_static_columns(model, table, X, *, reset):
    """Store number and names of the static values on `model`, or compare them, as scikit-learn does with features."""
    n = 0 if table.static is None else table.static.shape[1]
    if reset:
        model.n_static_features_in_ = n
        vars(model).pop("static_feature_names_in_", None)
    elif n != model.n_static_features_in_:
        _refuse_number(n, table, X, model)
    if not n:
        return
    # scikit-learn looks at names and number of features on an estimator whose features are the static values.
    of_static = shallow_copy_with(model, n_features_in_=n)
    vars(of_static).pop("feature_names_in_", None)
    if "static_feature_names_in_" in vars(model):
        of_static.feature_names_in_ = model.static_feature_names_in_
    check_columns(of_static, table.static_columns, reset=reset)
    if reset and "feature_names_in_" in vars(of_static):
        model.static_feature_names_in_ = of_static.feature_names_in_


def _refuse_number(n, table, X, model):
    expected = model.n_static_features_in_
    names = vars(model).get("static_feature_names_in_")
    found = f"{n} ({', '.join(map(repr, table.labels))})"
    if not expected:
        raise ValueError(
            f"Expected X with sequences alone, as in fit, got further columns, {found}. "
            f"Fit on them, too, or drop them: X = {without_columns(X, table.columns)}"
        )
    named = "" if names is None else f" ({', '.join(map(repr, names.tolist()))})"
    message = f"Expected X with {expected} static values beside each sequence{named}, as in fit, got "
    if n:
        raise ValueError(f"{message}{found}.")
    raise ValueError(
        f"{message}sequences alone. Put them there: X = np.hstack([as_column(X), static]), with static of shape "
        f"(n_samples, {expected})."
    )


def parse_static(model, static, n, state):
    """Static values of `n` streams, (n, k) float64; None if the model was fitted without.

    Raises
    ------
    ValueError
        If `static` has another shape, or holds anything but finite numbers; or if there is none, and the model was
        fitted with some.
    """
    k = state.n_static
    if static is None and not k:
        return None
    if static is None:
        raise ValueError(
            f"Expected static with shape ({n}, {k}), since the model was fitted with {k} static values beside each "
            "sequence, got None."
        )
    if not k:
        raise ValueError("Expected static=None, since the model was fitted on sequences alone, got static values.")
    values = numbers_of_streams(static)
    if values.ndim == 1 and len(values) == n * k and 1 in (n, k):
        values = values.reshape(n, k)
    if values.shape != (n, k):
        raise ValueError(f"Expected static with shape ({n}, {k}), a row for each stream, got {values.shape}.")
    if is_frame(static):
        _check_static_columns(_as_fitted(model, state), Table(None, values, as_frame(static)), static, reset=False)
    return values


STEP = Place("x", ("stream", "feature"), "x = {}", "x")


def values_of_step(model, x, n, state):
    """One time step of `n` streams as an array, or as it came; the names of a frame, or of a row of one, are checked.

    A masked value is NaN.
    """
    if is_frame(x):
        if state.remembered["_fitted_on_sequences"]:
            check_columns(_as_fitted(model, state), as_frame(x), reset=False)
        return cells_of(x) if "categories_" in state.remembered else numbers_of_frame(x, lambda: STEP)
    if n == 1 and hasattr(x, "to_frame") and hasattr(x, "index") and "feature_names_in_" in state.remembered:
        row = x.to_frame().T  # a series of pandas
        if state.remembered["_fitted_on_sequences"] and row.shape[1] > 1 and isinstance(row.columns[0], str):
            check_columns(_as_fitted(model, state), row, reset=False)
    return cells_of(x) if "categories_" in state.remembered else plain(x)


def parse_step(x, n, state, dtype, last=None):
    """One time step of `n` streams as network inputs, and the last values of the streams after it.

    Inputs are (F, n), or the row of the embedding table for each token (n,). Of categories (F, n) are numbers, then the
    rows of the tables.

    last (n, F) : the last value of each feature before the step, with missing='forward'; else None

    Raises
    ------
    ValueError
        If `x` has another shape, or is not finite in `dtype`, in which the network computes.
    """
    is_mixed = "categories_" in state.remembered
    n_features = state.preprocessor.n_features
    flat = x.ndim == 1 and len(x) == n * n_features and 1 in (n, n_features)
    if x.shape != (n, n_features) and not flat:
        also = f" or ({n},)" if n_features == 1 else ""
        raise ValueError(
            f"Expected x with shape ({n}, {n_features}){also}, one time step of {n} streams, got "
            f"{x.shape}.{hints.of_step(x)}"
        )
    if x.dtype.kind not in NUMERIC and not is_mixed:
        x = numbers(x, STEP)
    x = x.reshape(n, n_features)
    if not n:  # no stream has a step at this tick
        x = np.empty((0, n_features), dtype)
        return (np.empty(0, np.intp), None) if state.embeds else _step_inputs(x, state, dtype, last)
    if state.embeds:
        return state.preprocessor(as_tokens(Ragged.of_rows(x), _stream_of).values[:, 0]), None
    if is_mixed:
        x = encode_rows(x, state.remembered["is_categorical_"], state.remembered["categories_"])
    if x.dtype != dtype:
        with np.errstate(over="ignore"):
            x = x.astype(dtype)
    wrong = np.isinf(x) if state.carries else ~np.isfinite(x)
    if wrong.any():
        j = int(wrong.any(axis=1).argmax())
        if np.isnan(x[j]).any() and not state.carries:
            raise ValueError(
                f"Expected x to be finite, got NaN in stream {j}. A network that is fitted with missing='forward' "
                "carries the last value of the stream."
            )
        raise ValueError(f"Expected x to be finite in {x.dtype}, got infinity or a larger value in stream {j}.")
    return _step_inputs(x, state, dtype, last)


def _step_inputs(x, state, dtype, last):
    if not state.carries:
        return state.preprocessor(x, dtype).T, None
    inputs, last = state.preprocessor.step(x, last, dtype)
    return inputs.T, last


def _stream_of(wrong, offsets):
    return f"stream {wrong.argmax()}"
