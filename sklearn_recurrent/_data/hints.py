"""Lines of code that make sequences of containers that are refused, for the messages of errors.

Libraries are told by what their objects can do. None is imported. `tests/contract/test_hints.py` runs every line.
"""

from __future__ import annotations

import json
import os
from collections.abc import ItemsView, Iterable, Mapping

READERS = {
    ".npy": "np.load({0})",
    ".npz": "np.load({0})",
    ".csv": "pandas.read_csv({0})",
    ".parquet": "pandas.read_parquet({0})",
    ".feather": "pandas.read_feather({0})",
    ".pkl": "pandas.read_pickle({0})",
}


def of_container(X, name="X"):
    """What to pass instead of `X`, as a sentence with a line of code in which `X` is called `name`; "" if unknown."""
    for tells, line in _CONTAINERS:
        if tells(X):
            return " " + line(X).replace("{0}", name)
    return ""


def list_of_pairs(X, name="X"):
    """The same for a list of tuples that are no sequences, such as what a groupby gives; "" for any other list."""
    pairs = X[:100]
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        return ""
    if all(_has_axes(x) and not _has_array(key) for key, x in pairs):
        key, x = pairs[0]
        return f" Pass [x{_without_key(x, key)} for _, x in {name}]."
    if all(_has_axes(x) and not _has_axes(y) for x, y in pairs):
        return f" Pass [x for x, _ in {name}]."
    return ""


def of_tuple(X, name="X"):
    """The same for a tuple that is not a tuple of sequences: one of packed or padded sequences with their lengths."""
    if hasattr(X, "batch_sizes"):  # of PyTorch
        return f" Pass torch.nn.utils.rnn.unpack_sequence({name})."
    if len(X) == 2 and all(map(_has_axes, X)):
        shape, of_lengths = (tuple(getattr(x, "shape", ())) for x in X)
        if len(shape) == 3 and of_lengths == shape[:1]:
            return f" Pass [x[:n] for x, n in zip(*{name})]."
    return ""


def of_entries(value, ndim, each, name="X", n_features=None):
    """What to pass instead of sequences, or steps, that are objects such as `value`; "" if unknown.

    Parameters
    ----------
    value : object
        An entry of an array with `ndim` axes.
    each : str
        An expression that gives the sequences one by one.
    name : str, default="X"
        What the sequences are called.
    n_features : int, default=None
        The length of the axis of features; None if there is none.
    """
    line = ""
    if ndim == 1 and hasattr(value, "toarray"):  # sparse, of SciPy
        line = f"[x.toarray() for x in {each}]"
    elif ndim == 1 and hasattr(value, "todense"):  # of PyData
        line = f"[x.todense() for x in {each}]"
    elif ndim == 1 and is_lazy(value):
        line = f"[x.collect() for x in {each}]"
    elif ndim == 1 and is_relation(value):
        line = f"[x.df() for x in {each}]"
    elif isinstance(value, Mapping) and ndim > 1:
        if n_features not in (None, 1):
            return ""
        x = "np.ravel(x)" if n_features else "x"
        return f"If sequences are lists of records: {name} = [pandas.DataFrame(list({x})) for x in {each}]"
    elif holds_columns(value):
        return f"If sequences are dicts of columns: {name} = [pandas.DataFrame(dict(x)) for x in {each}]"
    elif isinstance(value, Mapping):
        records = each if each.startswith("list(") else f"list({each})"
        return f"If each record is a sequence: {name} = pandas.DataFrame({records})"
    return f"Convert sequences: {name} = {line}" if line else ""


def of_step(x):
    """What to pass instead of a time step, an array, that holds a record, or one for each stream; "" if it does not."""
    if x.dtype == object and x.ndim == 0 and isinstance(x[()], Mapping):
        return " Pass a frame, whose names are compared: pandas.DataFrame([x])."
    if x.dtype == object and x.ndim == 1 and len(x) and isinstance(x[0], Mapping):
        return " Pass a frame, whose names are compared: pandas.DataFrame(x)."
    return ""


def is_lazy(value):
    """Whether it is a LazyFrame of polars."""
    return hasattr(type(value), "collect_schema") and hasattr(type(value), "collect")


def is_relation(value):
    """Whether it is a relation of DuckDB."""
    return hasattr(type(value), "fetchnumpy")


def holds_columns(value):
    """Whether it is a dict of columns, and no record."""
    return isinstance(value, Mapping) and any(map(_is_several, value.values()))


def of_written(text, each, name="X"):
    """How to read sequences that are written as strings such as `text`, as they come from a CSV file; "" if none is."""
    text = text.strip() if isinstance(text, str) else ""
    if not text.startswith("[") or not text.endswith("]"):
        return ""
    try:
        json.loads(text)
    except ValueError:
        if set(text) <= set("[]0123456789+-.e \n") and text.count("[") == 1:  # as NumPy writes numbers
            return f"Read the numbers: {name} = [np.fromstring(x.strip('[]'), sep=' ') for x in {each}]"
        return ""
    return f"Read the lists: {name} = [json.loads(x) for x in {each}]"


# --- which container it is --------------------------------------------------------------------------------------------


def _has_array(x):
    return hasattr(type(x), "__array__")


def _has_axes(x):
    """Whether it is an array or a frame."""
    return (_has_array(x) or hasattr(type(x), "columns")) and getattr(x, "shape", ()) != ()


def _is_several(x):
    return isinstance(x, list | tuple) or _has_axes(x)


def _is_grouped(X):
    return hasattr(type(X), "agg") and isinstance(X, Iterable) and not _has_array(X)


def _is_lazy_frame(X):
    return hasattr(type(X), "compute") and (hasattr(type(X), "columns") or not _has_array(X))


def _is_batches(X):
    return hasattr(X, "batch_size") and hasattr(X, "dataset")


def _is_indexed(X):
    return hasattr(type(X), "__getitem__") and hasattr(type(X), "__len__") and not isinstance(X, Iterable)


def _is_path(X):
    return isinstance(X, str | os.PathLike) and os.path.splitext(os.fspath(X))[1] in READERS


# --- what to pass instead ---------------------------------------------------------------------------------------------


def _of_grouped(X):
    keys = getattr(X, "keys", getattr(X, "by", ()))  # of pandas; of polars
    keys = [keys] if isinstance(keys, str) else keys
    named = isinstance(keys, list | tuple) and all(isinstance(key, str) for key in keys)
    frame = getattr(X, "obj", getattr(X, "df", None))
    if not named or not hasattr(frame, "columns") or not set(keys) <= set(frame.columns):
        return "Pass [x for _, x in {0}]."
    return f"Pass [x{_dropping(frame, list(keys))} for _, x in {{0}}]."


def _without_key(frame, key):
    """Code that drops the columns that a frame was grouped by, which hold `key` in each row."""
    if not hasattr(frame, "columns"):
        return ""
    keys = key if isinstance(key, tuple) else (key,)
    try:
        names = [name for name in frame.columns if any((frame[name] == key).all() for key in keys)]
    except (TypeError, ValueError, AttributeError):
        return ""
    return _dropping(frame, names) if names else ""


def _dropping(frame, names):
    return f".drop(columns={names!r})" if hasattr(frame, "iloc") else f".drop({names!r})"


def _of_mapping(X):
    if {"input_ids", "attention_mask"} <= set(X):  # of a tokenizer of Hugging Face
        rows = "in zip({0}['input_ids'], {0}['attention_mask'])"
        return f"Pass [np.asarray(ids)[np.asarray(mask) > 0] for ids, mask {rows}]."
    cubes = [key for key, value in X.items() if len(getattr(value, "shape", ())) == 3]
    if len(cubes) == 1:
        return f"Pass {{0}}[{cubes[0]!r}]."
    return "Pass list({0}.values())."


def _of_dataset(X):
    """Of TensorFlow."""
    parts = "x, *_" if isinstance(getattr(X, "element_spec", None), tuple) else "x"
    return f"Pass [x for {parts} in {{0}}.as_numpy_iterator()]."


def _of_batches(X):
    parts = "batch, *_" if isinstance(X.dataset[0], tuple | list) else "batch"
    return f"Pass [x for {parts} in {{0}} for x in batch]."


def _of_indexed(X):
    first = "[0]" if len(X) and isinstance(X[0], tuple) else ""
    return f"Pass [{{0}}[j]{first} for j in range(len({{0}}))]."


def _of_awkward(X):
    if X.fields:
        return "Pass [pandas.DataFrame(x) for x in {0}.to_list()]."
    return "Pass [np.asarray(x) for x in {0}]."


_CONTAINERS = [  # the first that tells is right
    (_is_path, lambda X: f"Read the file: X = {READERS[os.path.splitext(os.fspath(X))[1]]}."),
    (lambda X: isinstance(X, str), lambda X: "Pass [{0}]."),
    (lambda X: isinstance(X, bytes), lambda X: "Pass [{0}.decode()]."),
    (lambda X: isinstance(X, Mapping), _of_mapping),
    (lambda X: isinstance(X, ItemsView), lambda X: "Pass [x for _, x in {0}]."),
    (
        lambda X: isinstance(X, set | frozenset),
        lambda X: "A set has no order. Pass sorted({0}), for example.",
    ),
    (
        lambda X: isinstance(X, zip),
        lambda X: "Pass [np.column_stack(x) for x in {0}], if it joins the features of each sequence.",
    ),
    (is_relation, lambda X: "Pass {0}.df()."),
    (is_lazy, lambda X: "Pass {0}.collect()."),
    (_is_lazy_frame, lambda X: "Pass {0}.compute()."),  # Dask
    (_is_grouped, _of_grouped),
    (lambda X: getattr(X, "is_nested", False) is True, lambda X: "Pass list({0}.unbind())."),  # PyTorch
    (lambda X: hasattr(type(X), "as_numpy_iterator"), _of_dataset),
    (lambda X: hasattr(type(X), "row_splits"), lambda X: "Pass [x.numpy() for x in {0}]."),  # TensorFlow
    (lambda X: hasattr(type(X), "dense_shape"), lambda X: "Pass tensorflow.sparse.to_dense({0})."),
    (lambda X: hasattr(type(X), "fields") and hasattr(type(X), "to_list"), _of_awkward),
    (_is_batches, _of_batches),
    (lambda X: hasattr(X, "todense"), lambda X: "Pass {0}.todense()."),
    (
        lambda X: hasattr(type(X), "read_all"),  # of pyarrow, a reader of batches of rows, as DuckDB returns it
        lambda X: "Pass {0}.read_all()." + " If its rows are time steps, sequences_from_frame reads that table.",
    ),
    (lambda X: isinstance(X, Iterable), lambda X: "Pass list({0})."),
    (_is_indexed, _of_indexed),
]
