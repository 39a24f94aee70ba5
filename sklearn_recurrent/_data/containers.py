"""What a container is, told by its type alone; and the sequences, or the numbers, that it holds."""

from __future__ import annotations

import json
import sys
from itertools import filterfalse

import numpy as np

from . import hints
from .arrays import is_array_like, is_missing, of_scalar, plain
from .columns import as_frame, column, column_names, dtypes_of, is_frame, is_number_dtype, select


def unwrap(X, name="X"):
    """Tell the form of `X` by the container alone, and return its contents.

    Returns
    -------
    form : {"sequences", "column", "numbers"}
        A 1-D container of sequences; an (n, 1) one; or numbers in one array, frame or nested list.
    X : iterable of sequences, or the numbers
        Unchanged, except that arrays of other libraries become NumPy arrays, and masked numbers NaN.
    """
    if isinstance(X, list | tuple):
        if len(X) and hasattr(type(X[0]), "as_py"):  # a list of an array of pyarrow
            X = [of_scalar(cell) for cell in X]
        _refuse_tuples(X, name)
        if _is_list_of_sequences(X):
            return "sequences", X
        return "numbers", X
    if is_frame(X):
        shape = as_frame(X).shape
    else:
        X = _as_array(X, name)
        shape = getattr(X, "shape", ())
        if isinstance(X, np.ndarray) and (X.dtype != object or X.ndim > 2):
            return "numbers", X
    if len(shape) == 2 and shape[1] > 1:
        _refuse_table(X, name)
        return "numbers", X
    cells = ()
    if len(shape) == 1:
        cells = X
    elif len(shape) == 2 and shape[1]:
        cells = cells_of(X, 0)
    if not any(map(is_array_like, cells)):
        return "numbers", X
    if len(shape) == 1:
        return "sequences", X
    return "column", cells


def _as_array(X, name):
    """Arrays of any library as NumPy arrays; series unchanged."""
    if hasattr(type(X), "to_native"):  # a series of narwhals
        X = X.to_native()
    X = of_arrow(X)
    if _is_series(X):
        return X
    if hasattr(X, "__array__") and not hasattr(X, "columns"):
        return array_of_all(X, name)
    if not isinstance(X, str | bytes) and not hasattr(X, "toarray"):
        hint = hints.of_container(X, name)
        if hint:
            raise refusal(X, name, hint)
    return X


def _is_series(X):
    """Whether it is a column of pandas or polars, or one like it."""
    return hasattr(X, "__array__") and hasattr(X, "to_list") and hasattr(X, "shape")


def _refuse_tuples(X, name):
    """Raise for a tuple of something else than sequences, or a list of such tuples."""
    hint = ""
    if isinstance(X, tuple):
        hint = hints.of_tuple(X, name)
    if not hint and len(X) and isinstance(X[0], tuple):
        hint = hints.list_of_pairs(X, name)
        if hint:
            raise TypeError(f"Expected {name} to be a list of sequences, got a list of pairs.{hint}")
    if hint:
        raise refusal(X, name, hint)


def array_of_all(X, name="X", convert=plain):
    """An array-like of all sequences as a NumPy array; `convert` makes it.

    Raises
    ------
    TypeError
        If its library refuses to convert it. The message says what to pass.
    """
    try:
        return convert(X)
    except (RuntimeError, TypeError, ValueError) as error:
        hint = hints.of_container(X, name)
        if not hint:
            raise
        raise refusal(X, name, hint) from error


def refusal(X, name="X", hint=""):
    """The error for what is no container of sequences."""
    return TypeError(
        f"Expected {name} to be a list or another container of sequences, got {type(X).__name__}."
        f"{hint or hints.of_container(X, name)}"
    )


def object_array(sequences):
    """A 1-D object array of `sequences`; ``np.array(sequences, dtype=object)`` would be 3-D for equal lengths."""
    return np.fromiter(sequences, dtype=object, count=len(sequences))


def shape_of(X):
    """The shape of a container; that of a list has a single axis."""
    if isinstance(X, list | tuple):
        return (len(X),)
    return getattr(as_frame(X), "shape", ())


def _is_list_of_sequences(X):
    """Whether a list contains arrays, or lists of lists; a list of lists of numbers is a matrix."""
    rows = [x for x in X if isinstance(x, list | tuple)]
    if len(rows) < len(X):
        return any(map(is_array_like, X))
    return any(is_array_like(row[0]) for row in rows if row)


# --- tables: several columns, one or more of which hold sequences -----------------------------------------------------


def columns_of_sequences(X):
    """The numbers of the columns that hold sequences, by the first cell of each that is not missing."""
    if isinstance(X, np.ndarray):
        candidates = range(X.shape[1]) if X.ndim == 2 and X.dtype == object else ()
    elif is_frame(X):
        dtypes = dtypes_of(as_frame(X))  # a wide frame of numbers costs nothing
        candidates = [j for j, dtype in enumerate(dtypes) if not is_number_dtype(dtype)]
    else:
        candidates = ()
    return [j for j in candidates if is_array_like(next(filterfalse(is_missing, cells_of(X, j)), None))]


def sequences_of(X):
    """The column of sequences of a table; of several such columns, the first. Any other X is returned unchanged."""
    if len(shape_of(X)) != 2 or shape_of(X)[1] < 2:
        return X
    columns = columns_of_sequences(X)
    return select_columns(X, columns[:1]) if columns else X


def cells_of(X, j):
    """The cells of a column of an array or a frame."""
    if isinstance(X, np.ndarray):
        return X[:, j] if X.dtype == object else ()
    if not is_frame(X):
        return ()
    cells = of_arrow(column(as_frame(X), j))
    # Columns of pyarrow hold objects of its own.
    return plain(cells) if hasattr(cells, "type") else cells


def select_columns(X, columns):
    """The columns with these numbers of an array or a frame."""
    return X[:, columns] if isinstance(X, np.ndarray) else select(as_frame(X), columns)


def label_of(X, j):
    """What ColumnTransformer calls a column: its name, if that is a string, or its number."""
    name = j if isinstance(X, np.ndarray) else column_names(as_frame(X))[j]
    return name if isinstance(name, str) else j


def _refuse_table(X, name):
    columns = columns_of_sequences(X)
    if not columns:
        return
    n_columns = shape_of(X)[1]
    message = f"Expected one column of sequences, got {name} with {n_columns} columns"
    if len(columns) == n_columns:
        raise ValueError(f"{message}. If all of them contain sequences, combine them: {_combined(X, name)}.")
    labels = [label_of(X, j) for j in columns]
    line = _selected(X, columns, name)
    if len(columns) > 1:
        line = _combined(X, line)
    message += f", of which {', '.join(map(repr, labels))} hold sequences. To leave the others out: {line}."
    if name == "X":
        message += (
            " Only networks read the others, as static values. To transform the sequences alone: "
            f"ColumnTransformer([('sequences', transformer, {labels[:1]!r})], remainder='passthrough')."
        )
    raise ValueError(message)


def _combined(X, name):
    """Code for sequences whose features are all columns of `name`, an expression of a table like `X`."""
    rows = f"np.asarray({name})"
    if hasattr(X, "rows"):  # polars
        rows = f"{name}.rows()"
    elif hasattr(X, "column_names"):
        rows = f"{name}.to_pandas().values"
    return f"[np.column_stack(row) for row in {rows}]"


def _selected(X, columns, name):
    """Code for the table of some columns of `X`, by their numbers."""
    if isinstance(X, np.ndarray):
        return f"{name}[:, {columns}]"
    names = column_names(as_frame(X))
    labels = [names[j] for j in columns]
    if hasattr(X, "column_names"):
        return f"{name}.select({labels})"
    if hasattr(X, "iloc") and (len(set(names)) < len(names) or not all(isinstance(label, str) for label in labels)):
        return f"{name}.iloc[:, {columns}]"
    return f"{name}[{labels}]"


# --- columns in the types of Arrow ------------------------------------------------------------------------------------


def of_arrow(X):
    """A column of pyarrow, pandas or polars, if NumPy would not read its cells right, as an array of cells.

    Anything else is returned unchanged.
    """
    dtype = getattr(X, "dtype", None)
    if hasattr(dtype, "ext_name") and dtype.ext_name() == "arrow.fixed_shape_tensor":
        return _tensors_of_polars(X)
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is None:
        return X
    column = X
    if hasattr(dtype, "pyarrow_dtype"):  # of pandas
        column = X.array.__arrow_array__()
    if not isinstance(column, pyarrow.Array | pyarrow.ChunkedArray):
        return X
    chunks = column.chunks if isinstance(column, pyarrow.ChunkedArray) else [column]
    if isinstance(column.type, pyarrow.FixedShapeTensorType):
        return _tensors_of_pyarrow(chunks)
    if hasattr(column.type, "value_type") and pyarrow.types.is_struct(column.type.value_type):
        return object_array([cell.values for chunk in chunks for cell in chunk])
    return X


def _tensors_of_pyarrow(chunks):
    """Tensors of one shape as one array, (n, ...). NumPy would flatten each of them."""
    if any(chunk.null_count for chunk in chunks):
        return object_array([cell.to_numpy() if cell.is_valid else None for chunk in chunks for cell in chunk])
    return np.concatenate([chunk.to_numpy_ndarray() for chunk in chunks])


def _tensors_of_polars(series):
    """The same of polars, which keeps the shape as metadata."""
    metadata = json.loads(series.dtype.ext_metadata())
    axes = metadata.get("permutation", range(len(metadata["shape"])))
    tensors = np.asarray(series.ext.storage()).reshape(-1, *metadata["shape"])
    tensors = tensors.transpose(0, *(axis + 1 for axis in axes))
    if not series.null_count():
        return tensors
    missing = series.is_null().to_numpy()
    return object_array([None if is_missing else x for x, is_missing in zip(tensors, missing, strict=True)])
