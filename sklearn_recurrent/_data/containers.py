"""What a container is, told by its type alone; and the sequences, or the numbers, that it holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping

import numpy as np

from .arrays import is_array_like, plain
from .columns import as_frame, first_column, is_frame


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
    cells = ()
    if len(shape) == 1:
        cells = X
    elif len(shape) == 2 and shape[1]:
        cells = _first_column(X)
    if not any(map(is_array_like, cells)):
        return "numbers", X
    if len(shape) == 1:
        return "sequences", X
    if shape[1] > 1:
        raise ValueError(
            f"Expected one column of sequences, got {name} with {shape[1]} columns. "
            f"If all of them contain sequences, combine them: [np.column_stack(row) for row in np.asarray({name})]."
        )
    return "column", cells


def _as_array(X, name):
    """Arrays of any library as NumPy arrays; series unchanged."""
    if hasattr(type(X), "to_native"):  # a series of narwhals
        X = X.to_native()
    X = _of_arrow(X)
    if hasattr(X, "__array__") and not hasattr(X, "columns") and not hasattr(X, "to_list"):
        return plain(X)
    if isinstance(X, Iterable) and not hasattr(X, "shape") and not isinstance(X, str | bytes):
        raise TypeError(
            f"Expected {name} to be a list or another container of sequences, got {type(X).__name__}."
            f"{list_hint(X, name)}"
        )
    return X


def list_hint(X, name="X"):
    """How to make a list of `X`, for an error message; empty if `X` is not iterable."""
    if isinstance(X, str):
        return f" Pass [{name}]."
    if isinstance(X, bytes):
        return f" Pass [{name}.decode()]."
    if isinstance(X, Mapping):
        return f" Pass list({name}.values())."
    if isinstance(X, Iterable):
        return f" Pass list({name})."
    return ""


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


def _first_column(X):
    if isinstance(X, np.ndarray):
        return X[:, 0] if X.dtype == object else ()
    if not is_frame(X):
        return ()
    cells = _of_arrow(first_column(as_frame(X)))
    # Columns of pyarrow hold objects of its own.
    return plain(cells) if hasattr(cells, "type") else cells


# --- columns in the types of Arrow ------------------------------------------------------------------------------------


def _of_arrow(X):
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
