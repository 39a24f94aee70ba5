"""Layouts that would be read as another one: a row for each time step, or time in another axis.

What the container tells is refused, with the line that converts it. What only the values suggest is warned of.
"""

from __future__ import annotations

import sys

import numpy as np

from .containers import unwrap
from .warnings import warn_of_data


def contents_of(X, name="X", *, channels_first=False, one_sequence=False, in_table=False, is_target=False):
    """`unwrap`, unless the container, or one of its sequences, says that it has another layout.

    Everything that reads sequences begins here: afterwards they are arrays, which say nothing of their layout.

    Parameters
    ----------
    X : object
    name : str, default="X"
        The name of `X` in a message.
    channels_first : bool, default=False
        Whether the axis of features is read before that of time.
    one_sequence : bool, default=False
        Whether a 2-D array is read as one sequence, and a MultiIndex as its instances.
    in_table : bool, default=False
        Whether `X` is a column of a table. Messages then have no code, which would lose the other columns.
    is_target : bool, default=False
        Whether `X` is targets or weights per time step; their rows may have an index of any kind.

    Returns
    -------
    form : {"sequences", "column", "numbers"}
    X : iterable of sequences, or the numbers

    Raises
    ------
    ValueError
        If a frame or Series of numbers has a MultiIndex of rows, or named dimensions are in another order than they
        are read in.
    """
    refuse_other_axes(X, name, channels_first=channels_first, one_sequence=one_sequence, is_target=is_target)
    form, contents = unwrap(X, name)
    if form != "numbers":
        _refuse_sequences(contents, form, name, channels_first, in_table, is_target)
    elif not one_sequence and not is_target:
        refuse_long(contents, name)
    return form, contents


# --- one row per time step --------------------------------------------------------------------------------------------

FEWEST = 3
"""Blocks that tell something. Two may be a binary column of a table that is sorted by it."""
SHORTEST = 3
"""Rows of a block, on average."""


def is_long(X):
    """Whether the rows of a frame or Series have a MultiIndex, such as (instance, time)."""
    return getattr(getattr(X, "index", None), "nlevels", 1) > 1


def level_names(index):
    """The names of the levels of a MultiIndex; None if they do not tell the levels apart."""
    names = list(index.names)
    if None in names or len(set(names)) < len(names):
        return None
    return names


def refuse_long(X, name="X"):
    """Raise if a frame or Series of numbers has a MultiIndex: it has one row per time step."""
    if not is_long(X):
        return
    frame = name
    levels = level_names(X.index)
    if levels is None:
        levels = [f"level_{number}" for number in range(X.index.nlevels)]
        frame = f"{name}.rename_axis({levels!r})"
    by = levels[0] if len(levels) == 2 else levels[:-1]
    raise ValueError(
        f"Expected {name} to have one row per sequence, got a {type(X).__name__} with a MultiIndex of "
        f"{', '.join(map(repr, levels))}, which has one row per time step. Convert it first: "
        f"{name} = sequences_from_frame({frame}, by={by!r}).X. "
        f"If each row is one sequence, pass {name}.reset_index(drop=True)."
    )


def warn_of_long(X, y):
    """Warn if a frame of numbers seems to have one row per time step, by the blocks of rows that share one target.

    Parameters
    ----------
    X : object
        Anything but a frame of several columns is passed over.
    y : array-like or None
        Targets, one for each row of `X`.
    """
    n_rows = len(X) if hasattr(X, "columns") and len(getattr(X, "shape", ())) == 2 else 0
    if n_rows < FEWEST * SHORTEST:
        return
    y = _target_of_rows(y, n_rows)
    if y is None:
        return
    y_changes = (y[1:] != y[:-1]).any(axis=1)
    if np.count_nonzero(y_changes) >= n_rows / SHORTEST:  # so that a frame in random order costs next to nothing
        return
    for place, name, values in _candidates(X):
        n_blocks = _count_blocks(values, y, y_changes)
        if n_blocks:
            frame, by = _with_target(X, name)
            warn_of_data(
                f"X seems to have one row per time step: {place} has {n_blocks} values in contiguous blocks of rows, "
                "and y is constant within each block. Each row is read as a sequence of its own. To read each block "
                f"as a sequence: data = sequences_from_frame({frame}, by={by!r}, target='target'), then "
                "fit(data.X, data.y)."
            )
            return


def _target_of_rows(y, n_rows):
    """Targets as an array (n, k), objects as numbers that tell them apart; None if there is not one for each row."""
    if y is None or (isinstance(y, list | tuple) and any(map(np.iterable, y)) and not isinstance(y[0], str)):
        return None
    y = np.asarray(y)
    if y.ndim not in (1, 2) or len(y) != n_rows:
        return None
    y = y.reshape(n_rows, -1)
    if y.dtype != object:
        return y
    code_of = {}
    try:
        codes = [code_of.setdefault(tuple(row), len(code_of)) for row in y.tolist()]
    except TypeError:  # sequences: a target for each time step
        return None
    return np.array(codes)[:, None]


def _candidates(X):
    """Place, name and values of the index and of each column of whole numbers; ids are no other numbers."""
    index = getattr(X, "index", None)
    if hasattr(index, "is_unique") and not index.is_unique:
        yield "the index", index.name, np.asarray(index)
    for name in getattr(X, "column_names", X.columns):  # the columns of pyarrow have no names
        values = np.asarray(X[name])
        if values.dtype.kind in "iu" or (values.dtype.kind == "f" and np.array_equal(values, np.rint(values))):
            yield f"column {name!r}", name, values


def _count_blocks(values, y, y_changes):
    """How many blocks of rows the values make, if each value has one block and each block one target; otherwise 0."""
    changes = values[1:] != values[:-1]
    n_blocks = int(np.count_nonzero(changes)) + 1
    if not FEWEST <= n_blocks <= len(values) / SHORTEST or (y_changes & ~changes).any():
        return 0
    starts = np.flatnonzero(np.r_[True, changes])
    if len(set(values[starts].tolist())) < n_blocks or _may_be_target(y[starts]):
        return 0
    return n_blocks


def _may_be_target(y):
    """Whether blocks with these targets may have been made of them: one for each class, or in ascending order."""
    if len(set(map(tuple, y.tolist()))) < len(y):
        return False
    if y.dtype.kind != "f" or np.array_equal(y, np.rint(y)):
        return True
    steps = np.diff(y[:, 0])
    return bool((steps >= 0).all() or (steps <= 0).all())


def _with_target(X, name):
    """Code for the frame with the column "target", and the name of the column or level to group by."""
    if hasattr(X, "with_columns"):  # polars
        return "X.with_columns(polars.Series('target', y))", name
    if hasattr(X, "append_column"):  # pyarrow
        return "X.append_column('target', [y])", name
    if name is None:
        return "X.assign(target=y).rename_axis('sequence')", "sequence"
    return "X.assign(target=y)", name


# --- time in another axis ---------------------------------------------------------------------------------------------

TIMES = {"time", "times", "t", "timepoint", "timepoints", "timestep", "timesteps", "step", "steps"}
"""Names of the axis of time, in lower case and without underscores."""
FEATURES = {"channel", "channels", "feature", "features", "variable", "variables"}
"""Names of the axis of features."""


def refuse_other_axes(X, name="X", *, channels_first=False, one_sequence=False, is_target=False):
    """Raise if the named dimensions of `X` are in another order than they are read in.

    Unknown names say nothing: then the position counts, as in arrays of other libraries.

    Parameters
    ----------
    X : object
        Only arrays of xarray have named dimensions.
    name : str, default="X"
        The name of `X` in a message.
    channels_first : bool, default=False
        Whether the axis of features is read before that of time.
    one_sequence : bool, default=False
        Whether a 2-D array is read as one sequence.
    is_target : bool, default=False
        Whether `X` is targets or weights per time step.
    """
    if "xarray" not in sys.modules or not _is_labeled(X):
        return
    _refuse_dataset(X, name)
    if X.ndim == 3:
        _refuse_cube(X, name, channels_first, is_target)
    elif X.ndim == 2 and one_sequence:
        _refuse_series(X, name)
    elif X.ndim == 2:
        _refuse_matrix(X, name)


def _refuse_sequences(sequences, form, name, channels_first, in_table, is_target):
    """The same for sequences in a container of any kind."""
    if "xarray" not in sys.modules:  # so that a long list costs nothing
        return
    if str(getattr(sequences, "dtype", "object")) != "object" or not any(map(_is_labeled, set(map(type, sequences)))):
        return
    hint = f" Pass as_sequences({name}, channels_first=True)."
    if channels_first:
        hint = f" Pass as_sequences({name})."
    elif is_target:
        hint = f" Pass [row.T for row in {name if form == 'sequences' else f'np.ravel({name})'}]."
    if in_table:
        hint = " Transpose each sequence."
    for j, x in enumerate(sequences):
        if _is_labeled(x):
            _refuse_sequence(x, f"sequence {j}" if name == "X" else f"sequence {j} of {name}", hint, channels_first)


def _is_labeled(X):
    """Whether an object, or a type of objects, is of xarray."""
    return hasattr(X, "dims") and hasattr(X, "coords") and hasattr(X, "transpose")


def _roles(dims):
    """What the name of each dimension says: "time", "features" or None. If two say the same, none says anything."""
    roles = []
    for dim in dims:
        word = str(dim).lower().replace("_", "")
        if word in TIMES:
            roles.append("time")
        elif word in FEATURES:
            roles.append("features")
        else:
            roles.append(None)
    known = [role for role in roles if role is not None]
    if len(set(known)) < len(known):
        return [None] * len(roles)
    return roles


def _is_in_order(dims, order):
    """Whether no dimension has a role that belongs to another place of `order`."""
    return all(found in (None, expected) for found, expected in zip(_roles(dims), order, strict=True))


def _ordered(dims, order):
    """The dimensions by their roles; those without a role fill the other places."""
    roles = _roles(dims)
    others = [dim for dim, role in zip(dims, roles, strict=True) if role is None]
    return tuple(dims[roles.index(role)] if role in roles else others.pop(0) for role in order)


def _refuse_dataset(X, name):
    if hasattr(X, "data_vars"):
        raise ValueError(
            f"Expected {name} to be one array, got a Dataset. To take its variables as features: "
            f"{name}.to_array('feature').transpose(..., 'feature')."
        )


def _refuse_cube(X, name, channels_first, is_target):
    order = ["sequences", "features", "time"] if channels_first else ["sequences", "time", "features"]
    if _is_in_order(X.dims, order):
        return
    hint = f"{name}.transpose{_ordered(X.dims, order)}"
    if not channels_first and not is_target and _is_in_order(X.dims, ["sequences", "features", "time"]):
        hint = f"as_sequences({name}, channels_first=True) or {hint}"
    if is_target:
        order[2] = "outputs"
    raise ValueError(f"Expected {name} to have the dimensions ({', '.join(order)}), got {X.dims}. Pass {hint}.")


def _refuse_matrix(X, name):
    if _roles(X.dims)[0] != "time":
        return
    raise ValueError(
        f"Expected {name} to have the dimensions (sequences, time), got {X.dims}. Pass {name}.T if each column is a "
        f"sequence, or [{name}] if {name} is one sequence."
    )


def _refuse_series(X, name):
    if not _is_in_order(X.dims, ["time", "features"]):
        raise ValueError(f"Expected {name} to have the dimensions (time, features), got {X.dims}. Pass {name}.T.")


def _refuse_sequence(x, words, hint, channels_first):
    order = ["features", "time"] if channels_first else ["time", "features"]
    if getattr(x, "ndim", None) != 2 or _is_in_order(x.dims, order):
        return
    raise ValueError(f"Expected {words} to have the dimensions ({', '.join(order)}), got {x.dims}.{hint}")
