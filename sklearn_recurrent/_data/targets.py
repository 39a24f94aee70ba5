"""Targets, weights and predictions per time step: flattened to one array for the core, and back in a container."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from . import hints
from .arrays import NUMERIC, ROWS, Place, array_of, numbers, plain, unmasked
from .columns import as_frame, is_frame, named_frame, numbers_of_frame
from .containers import array_of_all, object_array, of_arrow, refusal, sequences_of, unwrap
from .layouts import contents_of, refuse_other_axes


def flatten_steps(y, lengths=None, name="y", reference="X", valid=None, *, masked="refuse"):
    """Concatenate one value per time step of all sequences.

    Parameters
    ----------
    y : list, tuple, array, Series or data frame
        Labels, numbers or predictions, ``(T_i,)`` or ``(T_i, k)`` for each sequence: a container of arrays or lists, or
        one array ``(n, T)`` or ``(n, T, k)``.
    lengths : sequence of int, default=None
        How many time steps each sequence must have. None accepts any number.
    name, reference : str
        The names of `y` and of the origin of `lengths` in an error message.
    valid : ndarray of shape (n, T), dtype bool, default=None
        Which time steps of a padded array are no padding. Rows of `y` with T steps are cut to these.
    masked : {"refuse", "keep"}, default="refuse"
        What to do with masked values. "keep" returns a masked array, for `unmasked_steps`.

    Returns
    -------
    flat : ndarray of shape (S,) or (S, k)
        S is the number of all time steps.
    lengths : list of int
        The number of time steps of each sequence.

    Raises
    ------
    ValueError
        If a sequence has a single value instead of one per time step, another number of time steps than `lengths`,
        values of another shape than sequence 0, or masked values. The message names the sequence.
    """
    rows = list(as_rows(y, name))
    named_frame(rows, name)
    steps = [_array_of_row(j, row, name) for j, row in enumerate(rows)]
    if lengths is not None:
        check_consistent_length(steps, lengths)
    if valid is not None:
        check_consistent_length(steps, valid)
        for j, is_valid in enumerate(valid):
            # Targets may be padded like X, or have one entry per valid step already.
            if steps[j].shape[:1] == is_valid.shape:
                steps[j] = steps[j][is_valid]
    for j, row in enumerate(steps):
        if not row.ndim:
            raise ValueError(
                f"Expected {name} to have one value per time step, got a single value for sequence {j}. "
                f"{_instead_of_row(rows[j], name)}".rstrip()
            )
        if lengths is not None and len(row) != lengths[j]:
            raise ValueError(
                f"Expected {name} to have {lengths[j]} time steps for sequence {j}, as many as {reference}, "
                f"got {len(row)}.{_other_lengths_hint(steps, lengths, name, reference)}"
            )
        shape = row.shape[1:]
        first_shape = steps[0].shape[1:]
        if shape != first_shape:
            raise ValueError(
                f"Expected {name} to have the same shape at all time steps, got {first_shape} in sequence 0 and "
                f"{shape} in sequence {j}."
            )
    lengths = [len(row) for row in steps]
    if not any(isinstance(row, np.ma.MaskedArray) for row in steps):
        return infer_dtype(np.concatenate(steps)), lengths
    flat = np.ma.concatenate(steps)
    if masked == "refuse":
        flat = unmasked_steps(flat, lengths, name=name)
    return flat, lengths


def _instead_of_row(row, name):
    return hints.of_entries(row, 1, name, name) or hints.of_written(row, name, name)


def _other_lengths_hint(steps, lengths, name, reference):
    """What to pass if the steps are padded, or not the first axis."""
    if all(len(row) == len(steps[0]) > n for row, n in zip(steps, lengths, strict=True) if n != max(lengths)):
        return f" If {name} is padded at the end, pass [row[: len(x)] for row, x in zip({name}, {reference})]."
    if all(row.ndim == 2 and row.shape[1] == n for row, n in zip(steps, lengths, strict=True)):
        return f" If time is the second axis, pass [row.T for row in {name}]."
    return ""


def _array_of_row(j, row, name):
    try:
        array = array_of(as_frame(row))
        if array.dtype.kind == "U" and isinstance(row, list | tuple) and not isinstance(array, np.ma.MaskedArray):
            array = np.asarray(row, dtype=object)  # NumPy makes strings of what is beside strings, such as NaN
        return array
    except (RuntimeError, TypeError) as error:  # of other libraries
        hint = hints.of_entries(row, 1, name, name)
        raise TypeError(f"Expected sequence {j} of {name} to be an array: {error} {hint}".rstrip()) from error


def unmasked_steps(flat, lengths, ignored=None, name="y", *, may_lack=False):
    """The values of all time steps, if none is masked but for those that are `ignored`.

    Parameters
    ----------
    flat : ndarray of shape (S,) or (S, k)
        Values, which may be a masked array.
    lengths : list of int
        The number of time steps of each sequence.
    ignored : ndarray of shape (S,), dtype bool, default=None
        The steps whose values do not matter.
    may_lack : bool, default=False
        Whether values may be missing: numbers that are masked are then NaN, and other values None.

    Raises
    ------
    ValueError
        If another step is masked, and may not be. The message names it.
    """
    if not isinstance(flat, np.ma.MaskedArray):
        return flat
    if may_lack:
        return infer_dtype(unmasked(flat))
    is_masked = np.ma.getmaskarray(flat).reshape(len(flat), -1).any(axis=1)
    if ignored is not None:
        is_masked &= ~ignored
    if is_masked.any():
        j, step = position(int(is_masked.argmax()), lengths)
        hint = "Fill it, or give this step the weight 0." if name == "y" else "Fill it."
        raise ValueError(f"Input {name} contains a masked value in sequence {j}, step {step}. {hint}")
    return infer_dtype(np.asarray(flat.data))


def steps_without_target(flat):
    """(S,): the steps of which a number is NaN, of the targets `flat` (S,) or (S, k) of all steps."""
    if flat.dtype.kind != "f":
        return np.zeros(len(flat), bool)
    return np.isnan(flat).reshape(len(flat), -1).any(axis=1)


def position(row, lengths):
    """The sequence and the time step of row number `row` among the steps of all sequences."""
    ends = np.cumsum(lengths)
    j = int(np.searchsorted(ends, row, "right"))
    return j, row - int(ends[j]) + int(lengths[j])


def refuse_masked(values, name="y"):
    """Raise if a value for a whole sequence is masked: of an array, or of rows in a list. The message names it."""
    if isinstance(values, list | tuple):
        if not any(issubclass(kind, np.ma.MaskedArray) for kind in set(map(type, values))):
            return
        rows = [np.ma.getmaskarray(row) for row in values]
    else:
        if hasattr(values, "__array__") and not isinstance(values, np.ndarray) and not hasattr(values, "to_numpy"):
            values = array_of_all(values, name, array_of)  # which keeps the mask of a netCDF variable
        if not isinstance(values, np.ma.MaskedArray):
            return
        rows = np.ma.getmaskarray(values)
    for j, is_masked in enumerate(rows):
        if np.any(is_masked):
            raise ValueError(
                f"Input {name} contains a masked value for sequence {j}. Fill it, or leave this sequence out."
            )


def infer_dtype(values):
    """An object array in the dtype that its entries have in common, if there is one.

    ``np.array(sequences, dtype=object)`` makes every label an object if the lengths are equal.
    """
    if values.dtype != object:
        return values
    entries = values.tolist()
    array = np.array(entries)
    if array.dtype.kind in "US" and not all(isinstance(entry, str) for entry in entries):
        # NumPy would turn the number 1 beside "a" into the string "1".
        return values
    return array


def flatten_numbers(y, missing="error"):
    """Concatenate the numbers of all sequences.

    Parameters
    ----------
    y : array-like of shape (n,), (n, T) or (n, T, k), or sequences of shape (T_i,) or (T_i, k)
    missing : {"error", "keep"}, default="error"
        What to do with a NaN.

    Returns
    -------
    flat : ndarray of shape (S, k)
        float64
    lengths : ndarray of shape (n,)
        The number of steps of each sequence, at least 1.
    form : tuple
        "array" or "sequences"; and the number of dimensions of such an array, 1 to 3.

    Raises
    ------
    ValueError
        If `y` has another shape, a sequence is empty, or a value is neither a finite number nor a NaN that is kept. The
        message names the place.
    """
    container, rows = contents_of(y, "y", is_target=True)
    if container == "numbers":
        _refuse_objects(rows)
        _check_equal_length(rows)
        y = numbers_of_targets(rows)
        y = check_array(y, ensure_2d=False, allow_nd=True, dtype=np.float64, ensure_all_finite=False, input_name="y")
        if y.ndim > 3 or not y.size:
            raise ValueError(
                "Expected y to have shape (n_samples,), (n_samples, horizon) or (n_samples, horizon, n_outputs), "
                f"got {y.shape}."
            )
        horizon = y.shape[1] if y.ndim > 1 else 1
        lengths = np.full(len(y), horizon)
        form = ("array", y.ndim)
        flat = y
    else:
        named_frame(list(rows), "y")
        flat, lengths = flatten_steps([_numbers_of_sequence(j, row) for j, row in enumerate(rows)])
        lengths = np.array(lengths)
        form = ("sequences", flat.ndim + 1)
        if not lengths.all():
            raise ValueError(f"Expected y to have at least one time step for sequence {lengths.argmin()}, got none.")
        flat = check_array(flat, ensure_2d=False, allow_nd=True, dtype=np.float64, ensure_all_finite=False)
    flat = flat.reshape(lengths.sum(), -1)
    _check_finite(flat, lengths, missing)
    return flat, lengths, form


def numbers_of_targets(y, lengths=None):
    """An array, frame or nested list of targets as an array of numbers; anything else unchanged.

    lengths : how many steps the sequences have whose targets `y` are, laid end to end; None: a target for each sequence
    """
    if lengths is not None and y.dtype.kind not in NUMERIC:
        for j, row in enumerate(np.split(y, np.cumsum(lengths)[:-1])):
            _numbers_of_sequence(j, infer_dtype(row))
    place = Place("y", ("sequence", "step", "output"), "y = {}", "y")
    if is_frame(y):
        return numbers_of_frame(y, lambda: place)
    if isinstance(y, list | tuple) or hasattr(y, "__array__"):
        return numbers(plain(y), place)
    return y


def refuse_more_axes(y, lengths=None):
    """Refuse targets of which one is no value and no row of values.

    lengths : of the sequences, if `y` holds the targets of their steps, end to end
    """
    if y.ndim <= 2:
        return
    if lengths is None:
        raise ValueError(
            f"Expected y of shape (n_samples,) or (n_samples, n_outputs), got {y.shape}. Join its last axes: "
            "y.reshape(len(y), -1). If it has a target for each time step, set return_sequences=True."
        )
    shape = (int(lengths[0]), *y.shape[1:])
    raise ValueError(
        f"Expected a value or a row of values at each time step of y, got an array of shape {shape} in sequence 0. "
        "Join the last axes: [row.reshape(len(row), -1) for row in y]."
    )


def _numbers_of_sequence(j, row):
    place = Place(f"sequence {j} of y", ("step", "output"), "y = [{} for x in y]", "x")
    return numbers(plain(row), place)


def _refuse_objects(rows):
    """An error if the sequences, or their steps, are objects that something else makes arrays of."""
    first = rows[0] if isinstance(rows, list | tuple) and len(rows) else None
    ndim = 1
    if isinstance(first, list | tuple) and len(first):
        first = first[0]
        ndim = 2
    hint = hints.of_entries(first, ndim, "y", "y")
    if hint:
        raise ValueError(f"Expected numbers in y, got {type(first).__name__} in sequence 0. {hint}")


def _check_equal_length(rows):
    if not isinstance(rows, list | tuple):
        return
    sizes = {len(row) for row in rows if isinstance(row, ROWS)}
    if len(sizes) > 1:
        raise ValueError(
            "Expected y as a nested list of numbers to have rows of equal length, "
            f"got {min(sizes)} to {max(sizes)} values per row. "
            "For targets of unequal length pass as_sequences(y)."
        )


def _check_finite(flat, lengths, missing):
    is_nan = np.isnan(flat).any(axis=1)
    if missing == "keep":
        is_nan[:] = False
    wrong = is_nan | np.isinf(flat).any(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        j, step = position(row, lengths)
        what = "NaN" if is_nan[row] else "infinity"
        raise ValueError(f"Input y contains {what} in sequence {j}, step {step}.")


def flatten_weights(sample_weight, lengths, reference="X", valid=None):
    """Concatenate weights, one per time step, from one number per sequence or one per time step.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), or sequences as in `flatten_steps`
        A number is the weight of each time step of its sequence.
    lengths : sequence of int
        The number of time steps of each sequence.
    reference, valid
        As in `flatten_steps`.

    Returns
    -------
    flat : ndarray of shape (S,)
        One weight per time step.
    """
    rows = as_rows(sample_weight, "sample_weight")
    if any(map(np.ndim, rows)):
        return flatten_steps(rows, lengths, "sample_weight", reference, valid)[0]
    refuse_masked(rows, "sample_weight")
    check_consistent_length(rows, lengths)
    return np.repeat(np.asarray(numbers_of_weights(rows, "sequence"), dtype=np.float64), lengths)


def numbers_of_weights(weights, of):
    """Weights, one for each sequence or step (`of`), as they came if they are numbers; of objects an array."""
    if weights is None or np.isscalar(weights) or is_frame(weights):
        return weights
    array = plain(weights)
    if array.dtype.kind in NUMERIC or array.ndim != 1:
        return weights
    return numbers(array, Place("sample_weight", (of,), "sample_weight = {}", "sample_weight"))


def split_like(values, X, sequences, *, padded=False):
    """Values (S, ...), one per time step, in a container that corresponds to the one of `X`.

    Returns
    -------
    ndarray
        ``(n, T, ...)`` if `X` is an array of numbers without padding, and the model was fitted without (not `padded`);
        otherwise a 1-D object array of ``(T_i, ...)``. A batch that happens to have no padding thus keeps the form.
    """
    form, _ = unwrap(sequences_of(X))
    if form == "numbers" and sequences.valid is None and not padded:
        return values.reshape(len(sequences), -1, *values.shape[1:])
    return object_array([values[a:b] for a, b in zip(sequences.offsets[:-1], sequences.offsets[1:], strict=True)])


def as_rows(y, name="y"):
    """One entry per sequence, in any container that can be iterated. Masks of numbers and labels stay."""
    if hasattr(y, "toarray"):
        raise refusal(y, name, f" Pass {name}.toarray().")
    refuse_other_axes(y, name, is_target=True)
    y = of_arrow(y)
    if hasattr(y, "__array__") and not is_frame(y) and not hasattr(y, "to_list"):
        y = array_of_all(y, name, array_of)
        if isinstance(y, np.ma.MaskedArray) and y.dtype != object:
            return y
    form, rows = contents_of(y, name, is_target=True)
    # Iterating over a data frame would give its column names.
    if form == "numbers" and not isinstance(rows, list | tuple):
        return np.asarray(rows)
    return rows
