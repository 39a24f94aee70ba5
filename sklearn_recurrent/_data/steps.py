"""Sequences whose time steps are of any kind: numbers, rows of frames, strings and other objects, or records.

Networks take numbers alone, which `sequences` parses. A transformer of scikit-learn's may take more: what is not a
number comes to it as it is, with the names and types of columns.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import contextmanager
from itertools import chain, pairwise
from reprlib import repr as short_repr
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, get_tags

from .._core.ragged import Ragged
from .._sklearn import check_columns
from . import hints
from .arrays import NUMERIC, is_array_like, is_missing, plain
from .columns import as_frame, column_names, is_frame, is_pandas_type, named_frame, select
from .containers import object_array, unwrap
from .layouts import contents_of
from .marks import TOKENS, TRANSFORMED, mark_of_input, marked
from .missing import locate, valid_steps
from .sequences import (
    as_array,
    as_sequences,
    check_form,
    parse_sequences,
    rows_of_matrix,
    single_sequence,
    source_of,
)
from .warnings import warn_of_data

NUMBERS = "numbers"
FRAMES = "frames"
OBJECTS = "objects"
RECORDS = "records"


class ParsedSequences(NamedTuple):
    """The sequences of an X, each by itself.

    kind : what the time steps are: "numbers", "frames" (rows of these), "objects" (strings among them) or "records"
    container : what held them: "sequences" (1-D), "column" (n, 1), "matrix" (n, T) or "cube" (n, T, F)
    items : list of arrays (T_i,) or (T_i, F), frames, Series, or lists of dicts
    valid (n, T) : where a padded array held a time step; None if nothing was padded
    """

    kind: str
    container: str
    items: list
    valid: np.ndarray | None


def parse_items(estimator, X, *, reset):
    """Parse `X` into sequences as they came: `ParsedSequences`. What is stored and raised: see `parse_steps`."""
    if not reset:
        X = rows_of_matrix(estimator, X)
    kind, container, items = _separate(estimator, X, reset)
    if kind == NUMBERS:
        # Parsed for the checks alone; the sequences keep their dtype, and one dimension if they have one.
        valid = parse_sequences(estimator, X, reset=reset, missing="keep").valid
        items = _as_they_came(X)
        if mark_of_input(X) == TOKENS:
            items = [marked(x, TOKENS) if isinstance(x, np.ndarray) else x for x in items]
    else:
        items, valid = _checked(estimator, kind, container, items, X, reset)
        if kind == FRAMES:
            items = [_dense(x) if is_pandas_type(type(x)) else x for x in items]
    if reset:
        estimator._fitted_kind = kind
    return ParsedSequences(kind, container, items, valid)


def parse_steps(estimator, X, *, reset):
    """Parse `X` into the time steps of all sequences, in one container that transformers take.

    Parameters
    ----------
    estimator : estimator instance
        Its ``n_features_in_``, ``feature_names_in_``, ``_fitted_on_sequences`` and ``_fitted_kind`` are set or checked.
        Records have neither a number of features nor names.
    X : list, tuple, array, Series or data frame
        Sequences as in `parse_sequences`; or frames, unless `estimator` was fitted on numbers; or arrays or lists of
        strings and other objects, ``(T_i,)`` or ``(T_i, F)``; or lists of dicts; or a 2-D or 3-D array of objects.
    reset : bool
        True in `fit`: store the form. False later: compare.

    Returns
    -------
    container : {"sequences", "column", "matrix", "cube"}
        What held the sequences.
    steps : Ragged
        Its values are an array of numbers (S, F), always a copy, in which NaN is kept; one frame with S rows, of the
        library of the frames; an array of strings or of objects (S, F); or a list of S dicts.

    Raises
    ------
    ValueError
        If `X` is invalid, as in `parse_sequences`; or frames differ in their columns.
    """
    if not reset:
        x = _single_sequence(estimator, X)
        if x is not None:
            return "sequences", Ragged.from_lengths(x.copy(), [len(x)])
        X = rows_of_matrix(estimator, X)
    kind, container, items = _separate(estimator, X, reset)
    if kind == NUMBERS:
        steps = parse_sequences(estimator, X, reset=reset, missing="keep").joined()
    else:
        items, valid = _checked(estimator, kind, container, items, X, reset)
        steps = Ragged.from_lengths(_JOIN[kind](items), np.array([len(x) for x in items]), valid)
        if kind == FRAMES:
            check_finite_columns(steps)
    if reset:
        estimator._fitted_kind = kind
    return container, steps


def _single_sequence(estimator, X):
    """`single_sequence`, if `estimator` was fitted on sequences of numbers without names."""
    fitted = vars(estimator)
    if fitted.get("_fitted_kind") != NUMBERS or not fitted["_fitted_on_sequences"] or "feature_names_in_" in fitted:
        return None
    return single_sequence(X, fitted["n_features_in_"])


def adopt(estimator, fitted):
    """Give `estimator` what its copy `fitted` has learned, and nothing of an earlier fit."""
    for name in vars(estimator).keys() - vars(fitted).keys():
        del vars(estimator)[name]
    vars(estimator).update(vars(fitted))


def name_of_column(estimator, input_features):
    """The names in `input_features` if they are that of the column of sequences, as ColumnTransformer has it; or None.

    scikit-learn counts one feature where X is one column of sequences, and gives its name.
    """
    if input_features is None or getattr(estimator, "_fitted_container", None) != "column" or len(input_features) != 1:
        return None
    return np.asarray(input_features, dtype=object)


def in_container(container, steps):
    """The sequences `steps` in a container like the one they came in, marked as transformed.

    Returns
    -------
    ndarray
        An object array (n,) or (n, 1) of sequences; or an array (n, T, k), NaN where there is none: where the X of a
        cube was padded, or at the end of sequences whose lengths have changed.
    """
    values = steps.values
    if not isinstance(values, np.ndarray):  # records have no array
        container = "sequences"
    if container == "matrix":
        return marked(values.reshape(len(steps), steps.lengths[0], steps.n_features), TRANSFORMED)
    if container == "cube":
        valid = steps.valid
        if valid is None:
            valid = np.arange(steps.lengths.max()) < steps.lengths[:, None]
        cube = np.full((*valid.shape, steps.n_features), np.nan, _dtype_with_nan(values.dtype))
        cube[valid] = values
        return marked(cube, TRANSFORMED)
    if isinstance(values, np.ndarray):
        values = marked(values, TRANSFORMED)
    sequences = object_array([values[a:b] for a, b in pairwise(steps.offsets.tolist())])
    return sequences[:, None] if container == "column" else sequences


def _dtype_with_nan(dtype):
    """A dtype that represents NaN, even if this batch has no padding: the dtype must not depend on the batch."""
    return np.result_type(dtype, np.float16) if dtype.kind in NUMERIC else np.dtype(object)


def as_dense(result):
    """What a transformer or a function returned, as an array: of numbers, if all are. Masked ones are NaN."""
    if issparse(result):
        return result.toarray()
    if is_frame(result):
        # Columns of pandas that can be missing would become objects.
        return check_array(
            as_frame(result), dtype=None, ensure_all_finite=False, ensure_min_samples=0, ensure_min_features=0
        )
    return plain(result)


def two_dimensional(x):
    """The array of a sequence as (T, F)."""
    return x[:, None] if x.ndim == 1 else x


def locate_missing(steps, first=0):
    """The position of the first missing value of `steps`, as words; None if there is none."""
    values = steps.values
    if is_frame(values):
        columns = [np.asarray(values[name]) for name in column_names(values)]
        missing = np.stack([_is_missing(column) for column in columns if column.ndim == 1], axis=1)
    elif isinstance(values, np.ndarray):
        missing = _is_missing(values)
    else:
        return None
    return locate(missing, steps.offsets, first) if missing.any() else None


def no_numbers(values):
    """The columns of a frame that are no numbers, as name → dtype; none if `values` is no frame."""
    if not is_frame(values):
        return {}
    dtypes = {name: np.asarray(values[:1][name]).dtype for name in column_names(values)}
    return {name: dtype for name, dtype in dtypes.items() if dtype.kind not in NUMERIC}


def first_step(transformer):
    """The transformer that gets the input: the first one of a Pipeline, or `transformer` itself."""
    while hasattr(transformer, "steps"):
        transformer = next((step for _, step in transformer.steps if step not in (None, "passthrough")), None)
    return transformer


def takes_nan(transformer):
    """Whether its tags say that `transformer` takes NaN; those of a Pipeline do not tell of its first step."""
    first = first_step(transformer)
    if not isinstance(first, BaseEstimator):
        return first is None
    tags = get_tags(first)
    return tags.input_tags.allow_nan or tags.no_validation


# --- what a transformer says of all steps, for a user of sequences ---------------------------------------------------


def preserved_dtypes(transformer):
    """The tag `preserves_dtype`; empty for a transformer that has no such tags."""
    tags = get_tags(transformer).transformer_tags
    return [] if tags is None else tags.preserves_dtype


def refuse_times(values, transformer, name="PerTimestep"):
    """Raise if scikit-learn would read the times in a frame as numbers, without a word.

    Its transformers make one matrix of a frame, in which a time is the number of nanoseconds, or the like, since 1970.
    Those of categories do not, and those that hand over columns as they are: what these give them to is looked at.
    """
    first = first_step(transformer)
    if not (isinstance(first, BaseEstimator) and type(first).__module__.startswith("sklearn.")):
        return
    if not is_frame(values):
        return
    for part, columns in _parts(values, first):
        refuse_times(columns, part, name)
    tags = get_tags(first)
    if _hands_over(first) or tags.no_validation or tags.input_tags.categorical:
        return
    times = {column: dtype for column, dtype in no_numbers(values).items() if dtype.kind in "mM"}
    if times:
        column, dtype = next(iter(times.items()))
        raise ValueError(
            f"Expected numbers, got {dtype} in the column {column!r}: {type(first).__name__} would read times as "
            f"numbers.{_hint_of_columns(values, transformer, name)}"
        )


def is_for_categories(transformer):
    """Whether `transformer` reads numbers as categories, of which a padded step has one of its own."""
    first = first_step(transformer)
    if hasattr(first, "transformers"):
        others = [part for _, part, _ in first.transformers if part not in ("drop", "passthrough")]
        return bool(others) and all(map(is_for_categories, others))
    return isinstance(first, BaseEstimator) and get_tags(first).input_tags.categorical


def holds_zeros(steps):
    """Whether steps are an array of zeros alone."""
    return isinstance(steps, np.ndarray) and steps.dtype.kind in NUMERIC and not steps.any()


def warn_of_padding(found, container, name="PerTimestep"):
    """Say that sequences seem to be padded by zeros, which are transformed like data.

    found : where, by `likely_padding`
    name : of the class that transforms them
    """
    array = "X" if container == "cube" else f"np.stack({source_of(container)})"
    padding = "" if found.side == "end" else ", padding='pre'"
    warn_of_data(
        f"X seems to be padded: {found} of zeros alone, which {name} transforms like data. If that is padding, cut it "
        f"off first: X = SequencePadder(value=0.0{padding}).fit(X).inverse_transform({array})."
    )


def _hands_over(transformer):
    return hasattr(transformer, "transformers") or hasattr(transformer, "transformer_list")


def _parts(values, transformer):
    """What a ColumnTransformer or a FeatureUnion gives columns of a frame to: pairs of a transformer and a frame."""
    for _, part, *_ in getattr(transformer, "transformer_list", ()):
        yield part, values
    rest = list(range(values.shape[1]))
    for _, part, chosen in getattr(transformer, "transformers", ()):
        try:
            columns = _chosen(values, chosen)
        except (IndexError, KeyError, TypeError, ValueError):
            return  # ColumnTransformer refuses them in its own words
        rest = [j for j in rest if j not in columns]
        yield part, select(values, columns)
    if rest and hasattr(transformer, "transformers"):
        yield transformer.remainder, select(values, rest)


def _chosen(frame, columns):
    """The numbers of columns that ColumnTransformer is given by names, numbers, a slice, a mask or a function."""
    if callable(columns):
        columns = columns(frame)
    names = column_names(frame)
    if isinstance(columns, slice):
        start, stop = (names.index(end) if isinstance(end, str) else end for end in (columns.start, columns.stop))
        columns = slice(start, stop + 1 if isinstance(columns.stop, str) else stop, columns.step)
    else:
        columns = [columns] if isinstance(columns, str | int) else list(columns)
        columns = [names.index(name) if isinstance(name, str) else name for name in columns]
    return np.arange(len(names))[columns].tolist()


@contextmanager
def errors_that_help(transformer, steps, name="PerTimestep", first=0):
    """Say where in the sequences is what scikit-learn's `transformer` refuses, and what to do.

    name : of the class that calls it
    first : the number of the first sequence in `steps`
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        said = str(error)
        if "NaN" in said and (place := locate_missing(steps, first)) is not None:
            raise ValueError(
                f"Input X contains NaN in {place}, and {type(transformer).__name__} takes no missing values."
                f"{_hint_of_missing(steps.values, transformer, name)}"
            ) from error
        if said.startswith(("could not convert string to float", "float() argument")):
            # numpy's words for an array of objects; scikit-learn's checks ask for this class and these words
            raise type(error)(_expected_numbers(said, transformer, steps, name, first)) from error
        raise


def _expected_numbers(said, transformer, steps, name, first):
    values = steps.values
    if is_frame(values):
        column = next(iter(no_numbers(values)), None)
        advice = _hint_of_columns(values, transformer, name)
        return f"Expected numbers, got others in the column {column!r}: {said}.{advice}"
    if isinstance(values, list):
        return f"Expected numbers, got a dict for each time step: {said}. For records: {name}(DictVectorizer())."
    is_other = np.frompyfunc(_is_no_number, 1, 1)(values).astype(bool)
    place = locate(is_other, steps.offsets, first) if is_other.any() else "X"
    advice = "For categories: PerTimestep(OneHotEncoder())."
    if name == "PerTimestep" and not is_other.any(axis=0).all():
        others = np.flatnonzero(is_other.any(axis=0)).tolist()
        numbers = np.flatnonzero(~is_other.any(axis=0)).tolist()
        advice = f"For columns of categories: {_of_both(transformer, numbers, others, name)}."
    if values.shape == (len(steps), 1):  # a cell for each sequence
        advice = hints.of_written(values[0, 0], "np.ravel(X)") or advice
    return f"Expected numbers, got another object in {place}: {said}. {advice}"


def _is_no_number(entry):
    try:
        float(entry)
    except (TypeError, ValueError):
        return True
    return False


def _code_of(transformer):
    """The line that makes `transformer`."""
    return " ".join(repr(transformer).split())


def _hint_of_missing(values, transformer, name):
    """The line that imputes missing values for `transformer`; empty if they are no numbers, or some columns are."""
    numeric = not no_numbers(values) if is_frame(values) else values.dtype.kind == "f"
    if not numeric or hasattr(first_step(transformer), "transformers"):
        return ""
    return f" To impute them: {name}(make_pipeline(SimpleImputer(), {_code_of(transformer)}))."


def _hint_of_columns(values, transformer, name):
    """The line that gives `transformer` the columns of numbers alone; empty if there are none, or only these."""
    others = no_numbers(values)
    numbers = [name for name in column_names(values) if name not in others] if others else []
    if not numbers:
        return ""
    hint = (
        " To transform the columns of numbers alone: "
        f"{name}(ColumnTransformer([('numbers', {_code_of(transformer)}, {numbers})]))."
    )
    if any(dtype.kind in "mM" for dtype in others.values()) or name != "PerTimestep":
        return hint
    return f"{hint} With the others as categories: {_of_both(transformer, numbers, list(others), name)}."


def _of_both(transformer, numbers, others, name):
    """The line that gives `transformer` the columns of numbers, and makes columns of numbers of the others."""
    return (
        f"{name}(ColumnTransformer([('numbers', {_code_of(transformer)}, {numbers}), "
        f"('categories', OneHotEncoder(), {others})]))"
    )


# --- of what kind the steps are ---------------------------------------------------------------------------------------


def _separate(estimator, X, reset):
    """The kind of the time steps; their container; and the sequences themselves, if they are not numbers."""
    fitted = None if reset else getattr(estimator, "_fitted_kind", None)
    form, contents = contents_of(X)
    kind, container, items = _kind_of(form, contents, fitted)
    if fitted is not None and kind != fitted and (RECORDS in (kind, fitted) or (kind, fitted) == (OBJECTS, NUMBERS)):
        raise ValueError(
            f"Expected X to hold {_WORDS[fitted]}, since {type(estimator).__name__} was fitted on such, got "
            f"{_WORDS[kind]}."
        )
    return kind, container, items


_WORDS = {
    NUMBERS: "numbers",
    FRAMES: "data frames",
    OBJECTS: "strings or other objects",
    RECORDS: "records, a dict for each time step",
}


def _kind_of(form, X, fitted):
    if form == "numbers" and not isinstance(X, list | tuple):
        container = "cube" if len(getattr(X, "shape", ())) == 3 else "matrix"
        if fitted != NUMBERS and (fitted == OBJECTS or holds_objects(X)):
            return OBJECTS, container, list(np.asarray(as_frame(X)))
        return NUMBERS, container, None
    container = "matrix" if form == "numbers" else form
    if fitted == NUMBERS and form != "numbers":
        return NUMBERS, container, None
    items = list(X)
    if form == "numbers":
        if not all(isinstance(x, list | tuple) for x in items):
            _refuse_single_steps(items)
            return NUMBERS, container, None
    elif items and all(map(is_frame, items)):
        return FRAMES, container, items
    # Numbers in nested lists are a matrix. For strings and records of unequal lengths there is no other container.
    if items and all(map(_holds_records, items)):
        return RECORDS, "sequences" if form == "numbers" else form, [_as_list(x) for x in items]
    if fitted == OBJECTS or any(map(holds_objects, items)):
        return OBJECTS, "sequences" if form == "numbers" else form, items
    return NUMBERS, container, None


def holds_objects(x):
    """Whether a sequence, an array or a frame holds strings or dicts."""
    if isinstance(x, list | tuple):
        return _list_holds_objects(x)
    kind = getattr(getattr(x, "dtype", None), "kind", "O")
    if kind != "O" or not hasattr(x, "__array__"):
        return kind in "UST"
    x = plain(x)  # of objects; or of numbers, where the dtype of another library has no kind
    if x.dtype.kind != "O":
        return x.dtype.kind in "UST"
    return _list_holds_objects(x.ravel().tolist())


def _list_holds_objects(x):
    types = set(map(type, x))
    while types and types <= {list, tuple}:  # a level of nested lists at once: one by one would take ten times as long
        x = list(chain.from_iterable(x))
        types = set(map(type, x))
    if any(issubclass(cls, str | bytes | Mapping) for cls in types):
        return True
    if all(issubclass(cls, float | int | np.number) for cls in types):
        return False
    return any(holds_objects(step) for step in x if is_array_like(step))


def _holds_records(x):
    """Whether a sequence holds nothing but dicts."""
    if isinstance(x, np.ndarray) and (x.dtype != object or x.ndim != 1):
        return False
    if is_frame(x) or not (isinstance(x, list | tuple | np.ndarray) or hasattr(x, "to_list")):
        return False
    entries = _as_list(x)
    return bool(len(entries)) and all(issubclass(cls, Mapping) for cls in set(map(type, entries)))


def _as_list(x):
    if isinstance(x, list | tuple):
        return list(x)
    return x.to_list() if hasattr(x, "to_list") else np.asarray(x).tolist()


def _refuse_single_steps(items):
    for j, x in enumerate(items):
        if isinstance(x, str | bytes | Mapping):
            advice = "Pass [X] if X is one sequence."
            if not isinstance(x, Mapping):
                advice += " For texts: SequenceTokenizer()."
                advice = hints.of_written(x, "X") or advice
            elif hints.holds_columns(x):
                advice = hints.of_entries(x, 1, "X")
            raise ValueError(
                f"Expected a sequence of time steps, got {short_repr(x)} in place of sequence {j}. {advice}"
            )


# --- checks -----------------------------------------------------------------------------------------------------------


def _checked(estimator, kind, container, items, X, reset):
    """The sequences of any kind but numbers, and where a cube holds them; what fit must remember is stored."""
    sequential = container != "matrix"
    if not reset:
        check_form(estimator, sequential)
    valid = None
    if kind == OBJECTS:
        _refuse_some_frames(items)
        items = [_as_objects(j, x) for j, x in enumerate(items)]
        _check_equal_widths(items)
        if container == "cube":
            valid = valid_steps(np.where(_is_missing(np.stack(items)), np.nan, 0.0))
            items = [x[steps] for x, steps in zip(items, valid, strict=True)]
    elif kind == FRAMES:
        named_frame(items, source_of(container))  # names must be the same
        items = [as_frame(x) for x in items]
    _check_not_empty(items)
    if kind == RECORDS:
        if reset:
            for name in ("n_features_in_", "feature_names_in_"):
                vars(estimator).pop(name, None)
    else:
        # One sequence has the shape of a matrix, so scikit-learn counts its features, and finds the names of a frame.
        like_all = as_frame(X)
        if sequential:
            like_all = items[0] if kind == FRAMES else two_dimensional(items[0])
        check_columns(estimator, like_all, reset=reset)
    if reset:
        estimator._fitted_on_sequences = sequential
    return items, valid


def _refuse_some_frames(items):
    frames = [is_frame(x) for x in items]
    if any(frames):
        raise ValueError(
            f"Expected all sequences to be data frames, or none, got one as sequence {frames.index(True)} and "
            f"{type(items[frames.index(False)]).__name__} as sequence {frames.index(False)}."
        )


def _as_objects(j, x):
    """Sequence `j` as an array (T, F) or (T,) that leaves strings strings, and numbers beside them numbers."""
    array = _nested_objects(x) if isinstance(x, list | tuple) else plain(x)
    if array.dtype.kind not in f"{NUMERIC}OUST":
        return as_array(j, array)  # times and complex numbers are refused as in all sequences
    if array.dtype.kind in "OT":
        array = array.astype(object)
        array[_IS_NA(array).astype(bool)] = np.nan  # no transformer knows pandas.NA
    if array.ndim not in (1, 2) or _holds_sequences(array):
        raise ValueError(
            f"Expected sequence {j} to have shape (n_steps, n_features) or (n_steps,), with steps of equal length, got "
            f"{array.ndim} dimensions ({type(x).__name__})."
        )
    return array


def _nested_objects(x):
    try:
        return np.array(x, dtype=object)
    except ValueError:  # arrays of several shapes
        return object_array(x)


def _holds_sequences(array):
    return array.dtype == object and any(map(is_array_like, array[:1].ravel()))


def _check_not_empty(items):
    for j, x in enumerate(items):
        if not len(x) or 0 in getattr(x, "shape", ()):
            axis = "feature" if len(x) else "time step"
            shape = getattr(x, "shape", (len(x),))
            raise ValueError(f"Expected sequence {j} to have at least one {axis}, got shape {shape}.")


def _check_equal_widths(arrays):
    widths = [two_dimensional(x).shape[1] for x in arrays]
    for j, width in enumerate(widths):
        if width != widths[0]:
            raise ValueError(
                "Expected all sequences to have the same number of features per time step, "
                f"got {widths[0]} in sequence 0 and {width} in sequence {j}."
            )


def check_finite_columns(steps, what="Input X", first=0):
    """Raise for infinity in a frame of steps."""
    frame = steps.values
    for name in column_names(frame):
        column = np.asarray(frame[name])
        if column.dtype.kind == "f" and np.isinf(column).any():
            place = locate(np.isinf(column).reshape(len(column), -1), steps.offsets, first).rpartition(",")[0]
            raise ValueError(f"{what} contains infinity in {place}, column {name!r}.")


def _is_missing(array):
    """Where an array holds NaN, None or pandas.NA."""
    if array.dtype.kind == "f":
        return np.isnan(array)
    if array.dtype.kind == "O":
        return _IS_MISSING(array).astype(bool)
    return np.zeros(array.shape, bool)


def _is_na(entry):
    return type(entry).__name__ == "NAType"


_IS_NA = np.frompyfunc(_is_na, 1, 1)
_IS_MISSING = np.frompyfunc(is_missing, 1, 1)


# --- all steps in one -------------------------------------------------------------------------------------------------


def _join_frames(frames):
    """One frame of all rows; columns keep their names and types."""
    for cls in type(frames[0]).__mro__:
        library = sys.modules.get(cls.__module__.partition(".")[0])
        if hasattr(library, "concat_tables"):  # pyarrow
            return library.concat_tables(frames, promote_options="permissive")
        if hasattr(library, "concat"):
            if is_pandas_type(type(frames[0])):
                return _dense(_keep_categories(library.concat(frames, ignore_index=True), frames[0]))
            # Columns of whole numbers here and of others there become numbers, as in pandas.
            return library.concat(frames, how="vertical_relaxed")
    raise TypeError(
        f"Expected data frames of pandas, polars or pyarrow, got {type(frames[0]).__name__}. "
        "Convert them: [x.to_pandas() for x in X]."
    )


def _keep_categories(joined, first):
    """Categories that differ between frames of pandas become objects: they are made categories again."""
    dtypes = zip(first.columns, first.dtypes, joined.dtypes, strict=True)
    lost = [name for name, before, after in dtypes if before == "category" and after != "category"]
    return joined.astype(dict.fromkeys(lost, "category")) if lost else joined


def _dense(frame):
    """Sparse columns of pandas as dense ones: scikit-learn would make a sparse matrix of them, or refuse them."""
    sparse = {name: dtype.subtype for name, dtype in frame.dtypes.items() if hasattr(dtype, "fill_value")}
    return frame.astype(sparse) if sparse else frame


def _join_objects(arrays):
    kinds = {array.dtype.kind for array in arrays}
    if len(kinds) > 1 or kinds <= set(NUMERIC):
        # Numbers beside strings would become strings; and numbers alone are objects after a fit on objects.
        arrays = [array.astype(object) for array in arrays]
    return np.concatenate([two_dimensional(array) for array in arrays])


def _join_records(lists):
    return [dict(record) for records in lists for record in records]


_JOIN = {FRAMES: _join_frames, OBJECTS: _join_objects, RECORDS: _join_records}


def _as_they_came(X):
    """The sequences of numbers: Series of numbers stay what they are; of lists, they are arrays (T_i, F)."""
    items = as_sequences(X)
    form, contents = unwrap(X)
    if form == "numbers":
        return list(items)
    return [x if hasattr(x, "to_list") and item.ndim == 1 else item for x, item in zip(contents, items, strict=True)]
