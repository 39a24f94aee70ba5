"""Write docs/containers.md: which containers are read, by what, and with which words the others are refused.

``python tools/write_containers.py`` writes the rows of the libraries that are installed, and keeps those of others.
``python tools/write_containers.py --check`` compares instead. Both take ``--tensorflow``, for its rows alone.
`make containers` runs it where all libraries are.

Read means that the result equals, bit for bit, that of the plain list of the same sequences.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import warnings
from collections import deque
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.preprocessing import MinMaxScaler

from sklearn_recurrent import (
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
    SequenceDataWarning,
    SequencePadder,
    as_column,
    as_sequences,
)

PAGE = Path(__file__).parent.parent / "docs" / "containers.md"
TINY = {"hidden_layer_sizes": 1, "max_iter": 1, "random_state": 0}
LENGTHS = (3, 5, 2, 4, 6, 3)
N = len(LENGTHS)
rng = np.random.default_rng(0)


def _whole(size):
    """Whole numbers, which every container holds exactly."""
    return rng.integers(1, 100, size).astype(np.float64)


DATA = {  # what containers are made of, and other values of the same shapes for y
    "ragged": ([_whole((length, 2)) for length in LENGTHS] for _ in range(2)),
    "ragged, one feature": ([_whole(length) for length in LENGTHS] for _ in range(2)),
    "equal": ([_whole((4, 2)) for _ in LENGTHS] for _ in range(2)),
    "equal, one feature": ([_whole(4) for _ in LENGTHS] for _ in range(2)),
}
DATA = {name: tuple(pair) for name, pair in DATA.items()}
RAGGED = "ragged"
RAGGED_1 = "ragged, one feature"
EQUAL = "equal"
EQUAL_1 = "equal, one feature"
FOLDER = Path(tempfile.mkdtemp())


class Container(NamedTuple):
    """A container of sequences.

    library : under which heading it stands
    name : what it is
    data : of what it is made
    make : a function of the list of sequences, and of the modules that it needs
    needs : names of modules
    is_matrix : whether it is a matrix, one row per sequence, which is a form of its own
    """

    library: str
    name: str
    data: str
    make: Callable[..., Any]
    needs: tuple[str, ...]
    is_matrix: bool


CONTAINERS: list[Container] = []


def container(library, name, data=RAGGED, *, needs=(), is_matrix=False):
    """Register a function that makes a container."""

    def register(make):
        CONTAINERS.append(Container(library, name, data, make, needs, is_matrix))
        return make

    return register


def add(library, data=RAGGED, needs=(), **makers):
    for name, make in makers.items():
        container(library, name.replace("_", " "), data, needs=needs)(make)


def padded(sequences, value=np.nan):
    return SequencePadder(value=value).fit_transform(sequences)


def columns(x):
    return {"a": x[:, 0], "b": x[:, 1]}


def long_table(sequences):
    """One row per time step, with the number of its sequence, as a frame of pandas."""
    import pandas as pd

    ids = np.repeat(np.arange(len(sequences)), [len(x) for x in sequences])
    return pd.DataFrame(np.concatenate(sequences), columns=["a", "b"]).assign(id=ids)


class Signal(np.ndarray):
    """Arrays of a user's own."""


# --- Python and NumPy -------------------------------------------------------------------------------------------------

add(
    "Python",
    list_of_arrays=list,
    tuple_of_arrays=tuple,
    deque=deque,
    nested_lists=lambda X: [x.tolist() for x in X],
    nested_tuples=lambda X: tuple(tuple(map(tuple, x)) for x in X),
    generator=lambda X: (x for x in X),
    map=lambda X: map(np.asarray, X),
    zip_of_features=lambda X: zip([x[:, 0] for x in X], [x[:, 1] for x in X], strict=True),
    dict=lambda X: dict(enumerate(X)),
    values_of_a_dict=lambda X: dict(enumerate(X)).values(),
    list_of_items_of_a_dict=lambda X: list(dict(enumerate(X)).items()),
    list_of_records=lambda X: [[{"a": a, "b": b} for a, b in x.tolist()] for x in X],
    list_of_dicts_of_columns=lambda X: [columns(x) for x in X],
    lists_as_strings=lambda X: [json.dumps(x.tolist()) for x in X],
    None_=lambda X: None,
)
add("Python", RAGGED_1, lists_of_numbers=lambda X: [x.tolist() for x in X])
add("Python", EQUAL, pair_of_padded_array_and_lengths=lambda X: (np.stack(X), np.full(len(X), 2)))
add("Python", EQUAL_1, set_of_tuples=lambda X: {tuple(x) for x in X})
add(
    "NumPy",
    object_array=as_sequences,
    object_array_of_one_column=as_column,
    list_of_integers=lambda X: [x.astype(np.int64) for x in X],
    list_of_float32=lambda X: [x.astype(np.float32) for x in X],
    list_of_masked_arrays_without_a_mask=lambda X: [np.ma.array(x) for x in X],
    list_of_structured_arrays=lambda X: [np.array(list(map(tuple, x)), [("a", float), ("b", float)]) for x in X],
    list_of_matrices=lambda X: [np.asmatrix(x) for x in X],
    list_of_a_subclass=lambda X: [x.view(Signal) for x in X],
    list_of_views=lambda X: [np.repeat(x[::-1], 2, axis=0)[::-2] for x in X],
    array_padded_with_NaN=padded,
    array_padded_with_NaN_in_front=lambda X: SequencePadder(padding="pre").fit_transform(X),
    list_channels_first=lambda X: [x.T for x in X],
    complex_numbers=lambda X: [x * (1 + 0j) for x in X],
    strings_of_numbers=lambda X: [x.astype(str) for x in X],
)
add(
    "NumPy",
    EQUAL,
    array=np.stack,
    array_in_Fortran_order=lambda X: np.asfortranarray(np.stack(X)),
    masked_array=lambda X: np.ma.array(np.stack(X)),
    array_of_an_axis_more=lambda X: np.stack(X)[..., None],
    memory_map=lambda X: np.load(_saved(np.stack(X)), mmap_mode="r"),
    npz_of_one_array=lambda X: np.load(_saved_together(X=np.stack(X))),
)
add(
    "NumPy",
    npz_of_an_array_for_each_sequence=lambda X: np.load(_saved_together(**{f"s{j}": x for j, x in enumerate(X)})),
)
add("NumPy", EQUAL_1, single_value_for_each_sequence=lambda X: np.stack(X)[:, 0])
container("NumPy", "matrix of one value per step", EQUAL_1, is_matrix=True)(np.stack)


def _saved(array):
    path = FOLDER / f"{np.random.default_rng().integers(1 << 60)}.npy"
    np.save(path, array)
    return path


def _saved_together(**arrays):
    path = FOLDER / f"{np.random.default_rng().integers(1 << 60)}.npz"
    np.savez(path, **arrays)
    return path


def _path(suffix):
    return str(FOLDER / f"{np.random.default_rng().integers(1 << 60)}{suffix}")


# --- SciPy ------------------------------------------------------------------------------------------------------------

add(
    "SciPy",
    needs=("scipy.sparse",),
    list_of_sparse_arrays=lambda X, sparse: [sparse.csr_array(x) for x in X],
)
container("SciPy", "sparse matrix", EQUAL_1, needs=("scipy.sparse",), is_matrix=True)(
    lambda X, sparse: sparse.csr_matrix(np.stack(X))
)

# --- pandas -----------------------------------------------------------------------------------------------------------

PANDAS = ("pandas",)
add(
    "pandas",
    needs=PANDAS,
    Series_of_arrays=lambda X, pd: pd.Series(X),
    frame_of_one_column=lambda X, pd: pd.DataFrame({"x": X}),
    list_of_frames=lambda X, pd: [pd.DataFrame(columns(x)) for x in X],
    list_of_frames_of_nullable_numbers=lambda X, pd: [pd.DataFrame(columns(x)).convert_dtypes() for x in X],
    list_of_frames_of_objects=lambda X, pd: [pd.DataFrame(columns(x)).astype(object) for x in X],
    list_of_frames_with_a_column_of_strings=lambda X, pd: [pd.DataFrame(columns(x)).assign(k="k") for x in X],
    list_of_frames_with_a_column_of_categories=lambda X, pd: [
        pd.DataFrame(columns(x)).assign(k=pd.Categorical(["k"] * len(x))) for x in X
    ],
    list_of_frames_with_a_column_of_times=lambda X, pd: [
        pd.DataFrame(columns(x)).assign(t=pd.Timestamp("2024-01-01")) for x in X
    ],
    list_of_frames_of_sparse_columns=lambda X, pd: [pd.DataFrame(columns(x)).astype(pd.SparseDtype(float)) for x in X],
    groupby=lambda X, pd: long_table(X).groupby("id"),
    list_of_a_groupby=lambda X, pd: list(long_table(X).groupby("id")),
    groupby_of_a_CSV_file=lambda X, pd: pd.read_csv(StringIO(long_table(X).to_csv(index=False))).groupby("id"),
    frames_of_a_groupby=lambda X, pd: [x.drop(columns="id") for _, x in long_table(X).groupby("id")],
    column_of_lists_as_strings=lambda X, pd: pd.DataFrame({"x": [json.dumps(x.tolist()) for x in X]}),
    pickled_Series=lambda X, pd: _pickled(pd.Series(X), pd),
)
add(
    "pandas",
    RAGGED_1,
    PANDAS,
    list_of_Series=lambda X, pd: [pd.Series(x) for x in X],
    column_of_lists=lambda X, pd: pd.DataFrame({"x": [x.tolist() for x in X]}),
)
container("pandas", "frame of one value per step", EQUAL_1, needs=PANDAS, is_matrix=True)(
    lambda X, pd: pd.DataFrame(np.stack(X))
)
container("pandas", "frame of one value per step, nullable", EQUAL_1, needs=PANDAS, is_matrix=True)(
    lambda X, pd: pd.DataFrame(np.stack(X)).convert_dtypes()
)


def _pickled(series, pd):
    path = _path(".pkl")
    series.to_pickle(path)
    return pd.read_pickle(path)


PANDAS_ARROW = ("pandas", "pyarrow")
add(
    "pandas",
    needs=PANDAS_ARROW,
    list_of_frames_of_Arrow_columns=lambda X, pd, pa: [
        pd.DataFrame(columns(x)).convert_dtypes(dtype_backend="pyarrow") for x in X
    ],
    Series_of_Arrow_lists=lambda X, pd, pa: pd.Series(
        pa.array([x.tolist() for x in X]), dtype=pd.ArrowDtype(pa.list_(pa.list_(pa.float64())))
    ),
)
add(
    "pandas",
    RAGGED_1,
    PANDAS_ARROW,
    Parquet_file_of_a_column_of_lists=lambda X, pd, pa: _through(pd, "parquet", pd.DataFrame({"x": list(X)})),
    Feather_file_of_a_column_of_lists=lambda X, pd, pa: _through(pd, "feather", pd.DataFrame({"x": list(X)})),
)


def _through(pd, kind, frame):
    path = _path(f".{kind}")
    getattr(frame, f"to_{kind}")(path)
    return getattr(pd, f"read_{kind}")(path)


# --- polars -----------------------------------------------------------------------------------------------------------

POLARS = ("polars",)
add(
    "polars",
    needs=POLARS,
    Series_of_lists_of_lists=lambda X, pl: pl.Series([x.tolist() for x in X]),
    list_of_frames=lambda X, pl: [pl.DataFrame(columns(x)) for x in X],
    list_of_Series_of_structs=lambda X, pl: [pl.DataFrame(columns(x)).to_struct() for x in X],
    group_by=lambda X, pl: _long(X, pl).group_by("id", maintain_order=True),
    list_of_a_group_by=lambda X, pl: list(_long(X, pl).group_by("id", maintain_order=True)),
    partition_by=lambda X, pl: [x.drop("id") for x in _long(X, pl).partition_by("id", maintain_order=True)],
    columns_of_lists=lambda X, pl: _long(X, pl).group_by("id", maintain_order=True).agg(pl.all()).drop("id"),
)
add(
    "polars",
    RAGGED_1,
    POLARS,
    Series_of_lists=lambda X, pl: pl.Series([x.tolist() for x in X]),
    frame_of_one_column=lambda X, pl: pl.DataFrame({"x": [x.tolist() for x in X]}),
    list_of_Series=lambda X, pl: [pl.Series(x) for x in X],
    lazy_frame=lambda X, pl: pl.LazyFrame({"x": [x.tolist() for x in X]}),
)
add("polars", EQUAL, POLARS, Series_of_arrays=lambda X, pl: pl.Series(X, dtype=pl.Array(pl.Float64, X[0].shape)))


def _long(X, pl):
    return pl.DataFrame(long_table(X).to_dict("list"))


# --- Arrow ------------------------------------------------------------------------------------------------------------

ARROW = ("pyarrow",)
add(
    "pyarrow",
    needs=ARROW,
    list_array=lambda X, pa: pa.array([x.tolist() for x in X]),
    chunked_array=lambda X, pa: pa.chunked_array([[x.tolist() for x in X[:3]], [x.tolist() for x in X[3:]]]),
    table_of_one_column=lambda X, pa: pa.table({"x": [x.tolist() for x in X]}),
    list_of_tables=lambda X, pa: [pa.table(columns(x)) for x in X],
    list_of_record_batches=lambda X, pa: [pa.record_batch(columns(x)) for x in X],
    array_of_lists_of_structs=lambda X, pa: pa.array([[{"a": a, "b": b} for a, b in x.tolist()] for x in X]),
)
add(
    "pyarrow",
    EQUAL,
    ARROW,
    fixed_shape_tensors=lambda X, pa: pa.FixedShapeTensorArray.from_numpy_ndarray(np.stack(X)),
    fixed_size_lists=lambda X, pa: pa.array(
        [x.tolist() for x in X], pa.list_(pa.list_(pa.float64(), X[0].shape[-1]), len(X[0]))
    ),
)

# --- others -----------------------------------------------------------------------------------------------------------

add(
    "narwhals",
    needs=("narwhals", "pandas"),
    list_of_frames=lambda X, nw, pd: [nw.from_native(pd.DataFrame(columns(x))) for x in X],
    frame_of_one_column=lambda X, nw, pd: nw.from_native(pd.DataFrame({"x": X})),
)
add(
    "xarray",
    EQUAL,
    ("xarray",),
    DataArray=lambda X, xr: xr.DataArray(np.stack(X), dims=("series", "time", "channel")),
    DataArray_channels_first=lambda X, xr: xr.DataArray(
        np.stack(X).transpose(0, 2, 1), dims=("series", "channel", "time")
    ),
)
add(
    "xarray",
    needs=("xarray",),
    list_of_DataArrays=lambda X, xr: [xr.DataArray(x, dims=("time", "channel")) for x in X],
)
TORCH = ("torch",)
add(
    "PyTorch",
    needs=TORCH,
    list_of_tensors=lambda X, torch: list(map(torch.tensor, X)),
    list_of_tensors_that_require_gradients=lambda X, torch: [torch.tensor(x, requires_grad=True) for x in X],
    nested_tensor=lambda X, torch: torch.nested.nested_tensor(list(map(torch.tensor, X)), layout=torch.jagged),
    packed_sequence=lambda X, torch: torch.nn.utils.rnn.pack_sequence(list(map(torch.tensor, X)), enforce_sorted=False),
)
add(
    "PyTorch",
    EQUAL,
    TORCH,
    tensor=lambda X, torch: torch.tensor(np.stack(X)),
    data_set=lambda X, torch: torch.utils.data.TensorDataset(torch.tensor(np.stack(X)), torch.arange(len(X))),
    data_loader=lambda X, torch: torch.utils.data.DataLoader(torch.tensor(np.stack(X)), batch_size=2),
)
add("JAX", EQUAL, ("jax.numpy",), array=lambda X, jnp: jnp.asarray(np.stack(X).astype(np.float32)))
add("JAX", needs=("jax.numpy",), list_of_arrays=lambda X, jnp: [jnp.asarray(x.astype(np.float32)) for x in X])
TENSORFLOW = ("tensorflow",)
add(
    "TensorFlow",
    EQUAL,
    TENSORFLOW,
    tensor=lambda X, tf: tf.constant(np.stack(X)),
    data_set=lambda X, tf: tf.data.Dataset.from_tensor_slices(np.stack(X)),
)
add(
    "TensorFlow",
    needs=TENSORFLOW,
    ragged_tensor=lambda X, tf: tf.ragged.constant([x.tolist() for x in X], ragged_rank=1, dtype=tf.float64),
)
add(
    "Awkward Array",
    needs=("awkward",),
    array=lambda X, ak: ak.Array([x.tolist() for x in X]),
    array_of_records=lambda X, ak: ak.Array([[{"a": a, "b": b} for a, b in x.tolist()] for x in X]),
    list_of_arrays=lambda X, ak: [ak.Array(x) for x in X],
)
add("Dask", EQUAL, ("dask.array",), array=lambda X, da: da.from_array(np.stack(X)))
container("Dask", "frame", EQUAL_1, needs=("dask.dataframe", "pandas"), is_matrix=True)(
    lambda X, dd, pd: dd.from_pandas(pd.DataFrame(np.stack(X)), npartitions=2)
)
add("PyData sparse", EQUAL, ("sparse",), array=lambda X, sparse: sparse.COO(np.stack(X)))
add("PyData sparse", needs=("sparse",), list_of_arrays=lambda X, sparse: list(map(sparse.COO, X)))
add(
    "HDF5 (h5py)",
    EQUAL,
    ("h5py",),
    data_set=lambda X, h5py: _hdf5_file(h5py).create_dataset("X", data=np.stack(X)),
)
add("HDF5 (h5py)", needs=("h5py",), group_of_data_sets=lambda X, h5py: _hdf5_group(X, h5py))
add("Zarr", EQUAL, ("zarr",), array=lambda X, zarr: zarr.array(np.stack(X)))
add("netCDF4", EQUAL, ("netCDF4",), variable=lambda X, nc: _netcdf_variable(X, nc))
add("DuckDB", RAGGED_1, ("duckdb", "pandas"), relation=lambda X, duckdb, pd: _relation(X, duckdb))
add(
    "DuckDB",
    RAGGED_1,
    ("duckdb", "pandas"),
    fetchnumpy=lambda X, duckdb, pd: _relation(X, duckdb).fetchnumpy()["x"],
)
add("aeon", needs=("aeon.datasets",), ts_file_of_unequal_lengths=lambda X, datasets: _ts_file(X, datasets))


def _hdf5_file(h5py):
    return h5py.File(_path(".h5"), "w")


def _hdf5_group(X, h5py):
    group = _hdf5_file(h5py)
    for j, x in enumerate(X):
        group[f"s{j}"] = x
    return group


def _netcdf_variable(X, netCDF4):
    file = netCDF4.Dataset(_path(".nc"), "w")
    array = np.stack(X)
    for name, size in zip("nTF", array.shape, strict=True):
        file.createDimension(name, size)
    variable = file.createVariable("X", "f8", tuple("nTF"))
    variable[:] = array
    return variable


def _relation(X, duckdb):
    rows = ", ".join(f"({x.tolist()}::double[])" for x in X)
    return duckdb.sql(f"select * from (values {rows}) t(x)")


def _ts_file(X, datasets):
    lines = ["@problemName p", "@timeStamps false", "@univariate false", "@dimensions 2", "@equalLength false"]
    lines += ["@classLabel true 0 1", "@data"]
    lines += [":".join(",".join(map(str, channel)) for channel in x.T) + ":0" for x in X]
    path = _path(".ts")
    Path(path).write_text("\n".join(lines) + "\n")
    return datasets.load_from_ts_file(path)[0]


# --- what reads them --------------------------------------------------------------------------------------------------

LABELS = np.arange(N) % 2
OTHERWISE = "read as something else"


def fit(X, plain, y):
    return LSTMClassifier(**TINY).fit(X, LABELS).theta_


def predict(X, plain, y):
    return LSTMClassifier(**TINY).fit(plain, LABELS).predict_proba(X)


def per_timestep(X, plain, y):
    return _values(PerTimestep(MinMaxScaler()).fit_transform(X))


def padder(X, plain, y):
    return _values(SequencePadder().fit_transform(X))


def target(X, plain, y):
    return LSTMRegressor(**TINY, return_sequences=True, bidirectional=False).fit(plain, y).theta_


CONSUMERS = {"fit": fit, "predict": predict, "PerTimestep": per_timestep, "SequencePadder": padder, "y": target}


def _values(X):
    return np.concatenate([np.ravel(x) for x in as_sequences(X)])


def outcomes(row):
    """What each consumer does with a container: "read", the words of its error, or OTHERWISE, which is a fault."""
    modules = [import_module(name) for name in row.needs]
    X, y = DATA[row.data]
    plain = np.stack(X) if row.is_matrix else X
    found = {}
    for name, consumer in CONSUMERS.items():
        plain_y = np.stack(y) if row.is_matrix else y
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", SequenceDataWarning)
            arguments = [X, y]
            arguments[name == "y"] = row.make(arguments[name == "y"], *modules)
            try:
                result = consumer(arguments[0], plain, arguments[1] if name == "y" else plain_y)
            except (TypeError, ValueError) as error:
                found[name] = re.sub(r"\s+", " ", str(error))
                continue
            except SequenceDataWarning as warning:
                found[name] = re.sub(r"\s+", " ", str(warning))
                continue
            expected = consumer(_as(plain, result), plain, plain_y)
        found[name] = "read" if _is_equal(result, expected) else OTHERWISE
    return found


def _as(plain, result):
    """The plain sequences in float32, if the result is computed in it."""
    if result.dtype != np.float32:
        return plain
    return [x.astype(np.float32) for x in plain]


def _is_equal(result, expected):
    if np.shape(result) != np.shape(expected):
        return False
    if np.array_equal(result, expected):
        return True
    return result.dtype == np.float32 and np.allclose(result, expected, rtol=1e-5, atol=1e-6)


# --- the page ---------------------------------------------------------------------------------------------------------

HEAD = """# Containers

What fit and predict of the estimators, `PerTimestep`, `SequencePadder` and a per-step `y` do with a container. *read*:
the result equals that of the plain list of the same sequences, bit for bit. *no*: it is refused, in the words of the
last column, where `X` is the name of what was passed.

This page is written, and checked, by `tools/write_containers.py`; `make containers` runs it with all libraries.

"""


def is_here(row):
    """Whether the row can be computed in this process: TensorFlow breaks one that other libraries share."""
    if ("tensorflow" in row.needs) != ("tensorflow" in sys.modules):
        return False
    return all(find_spec(name.partition(".")[0]) for name in row.needs)


def line_of(row, found):
    """The row of the table."""
    cells = [found[name] if found[name] in ("read", OTHERWISE) else "no" for name in CONSUMERS]
    words = {}
    for name, text in found.items():
        if text not in ("read", OTHERWISE):
            of_X = re.sub(r"\by\b", "X", text) if name == "y" else text
            words.setdefault(_escaped(of_X if _escaped(of_X) in words else text), []).append(name)
    said = []
    for text, names in words.items():
        said.append(text if len(words) == 1 else f"{', '.join(names)}: {text}")
    return f"| {_title(row)} | {' | '.join(cells)} | {'<br>'.join(said)} |"


def _title(row):
    return f"{row.library}: {row.name.strip()}"


def _escaped(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;").replace("*", "\\*")


def lines_of_page():
    """The rows of the page as it is, by title."""
    if not PAGE.exists():
        return {}
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and ": " in line]
    return {line.split(" | ")[0][2:]: line for line in rows}


@cache
def computed(row):
    return line_of(row, outcomes(row))


def page():
    """The page, with the rows of libraries that are not here as they were."""
    old = lines_of_page()
    lines = [f"| container | {' | '.join(CONSUMERS)} | words |", "|---" * (len(CONSUMERS) + 2) + "|"]
    for row in CONTAINERS:
        if is_here(row):
            lines.append(computed(row))
        elif _title(row) in old:
            lines.append(old[_title(row)])
    return HEAD + "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--tensorflow", action="store_true", help="the rows of TensorFlow alone")
    options = parser.parse_args()
    if options.tensorflow:
        import_module("tensorflow")
    text = page()
    if options.check:
        missing = [_title(row) for row in CONTAINERS if not is_here(row)]
        if missing:
            print("not here:", ", ".join(missing))
        sys.exit(text != PAGE.read_text())
    PAGE.write_text(text)
    print(f"{len(CONTAINERS)} containers, {sum(map(is_here, CONTAINERS))} of them here")


if __name__ == "__main__":
    main()
