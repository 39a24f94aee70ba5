"""Every line of code that an error or a warning gives: it stands in the message, and does what it promises.

A hint is an expression for what to pass, an assignment, a parameter to be set, or a call of `fit`.
"""

import ast
import datetime
import inspect
import json
import re
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

import sklearn_recurrent as sr
from sklearn_recurrent import SequenceDataWarning, as_sequences

rng = np.random.default_rng(0)
TINY = {"hidden_layer_sizes": 3, "max_iter": 1, "random_state": 0}
LENGTHS = (5, 7, 4, 9, 6, 5, 8, 4)
N = len(LENGTHS)
RAGGED = [rng.normal(size=(length, 2)) for length in LENGTHS]
CUBE = rng.normal(size=(N, 6, 2))
ROWS = [x[:, 0] for x in RAGGED]
LABELS = np.array(["a", "b"] * (N // 2))
AHEAD = sr.sliding_windows(rng.normal(size=(40, 2)), 5, 2, target=0, known=1)
TABLE = pd.DataFrame(np.concatenate(RAGGED), columns=["a", "b"]).assign(id=np.repeat(range(N), LENGTHS))
POLARS = pl.DataFrame(TABLE.to_dict("list"))
TEXTS = ["a b", "b a a", "a", "b b", "a a", "b", "a b a", "b a"]
TOKENIZER = sr.SequenceTokenizer().fit(TEXTS)
IDS = TOKENIZER.transform(TEXTS)
VECTORS_BY_ID = pd.DataFrame(rng.normal(size=(3, 2)), index=[2, 3, 9])
LATER = "as_sequences(X, channels_first=True)"


@dataclass
class Hint:
    """A line of code that a message must contain.

    line : the line
    X, y : what is refused, or a function that makes it, if it can be read but once
    model : the estimator; a callable that is called with X and y; `method` is called with them
    target : the name that the value of an expression is given
    expected : the sequences that the line makes of X; None: it is enough if these are read
    needs : libraries
    """

    line: str
    X: Any = None
    y: Any = None
    model: Any = field(default_factory=lambda: sr.LSTMClassifier(**TINY))
    call: Any = None
    target: str = "X"
    expected: Any = None
    after: Any = None
    needs: tuple = ()
    warns: bool = False


def fitted(model, X, y=LABELS):
    return model.fit(X, y)


def per_step(X=RAGGED):
    return [np.arange(len(x)) % 2 for x in X]


def reset(frame):
    return [x.drop(columns="id") for _, x in frame.groupby("id")]


def path_of_a_file():
    path = Path(tempfile.mkdtemp()) / "X.npy"
    np.save(path, CUBE)
    return path


def tuple_of_a_loader():
    import torch

    return torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.tensor(CUBE), torch.arange(N)), batch_size=3
    )


def torch_of(make):
    def made():
        import torch

        return make(torch)

    return made


def of(library, make):
    return lambda: make(import_module(library))


def read(X):
    return as_sequences(X)


def table_of_lists():
    return {"a": [x.tolist() for x in ROWS], "b": [x[:, 1].tolist() for x in RAGGED]}


def reader_of_batches():
    """What DuckDB's ``arrow()`` returns."""
    import pyarrow

    table = pyarrow.table(TABLE.to_dict("list"))
    return pyarrow.RecordBatchReader.from_batches(table.schema, table.to_batches())


def reader_of_sequences():
    import pyarrow

    table = pyarrow.table({"a": [x.tolist() for x in ROWS]})
    return pyarrow.RecordBatchReader.from_batches(table.schema, table.to_batches())


class OtherFrame:
    """A data frame of a library that has no function that joins frames."""

    columns = pd.Index(["a", "b"])

    def __init__(self, values):
        self.frame = pd.DataFrame(values, columns=list(self.columns))
        self.shape = values.shape

    def __len__(self):
        return len(self.frame)

    def __getitem__(self, name):
        return self.frame[name]

    def __array__(self, dtype=None, copy=None):
        return self.frame.to_numpy()

    def to_numpy(self):
        return self.frame.to_numpy()

    def to_pandas(self):
        return self.frame


LONG = pd.DataFrame(
    CUBE[:, 0], columns=["a", "b"], index=pd.MultiIndex.from_product([range(4), range(2)], names=["id", "t"])
)
CODES = [np.column_stack([x[:, 0], np.arange(len(x)) % 3]) for x in RAGGED]
NAMED = TABLE.assign(id=TABLE["id"].map("machine {}".format))
WITH_STATES = [np.array([[value, "on" if value > 0 else "off"] for value in x[:, 0]], dtype=object) for x in RAGGED]
TORCH = ("torch",)
CONTAINERS = {
    "groupby": Hint("[x.drop(columns=['id']) for _, x in X]", TABLE.groupby("id"), expected=RAGGED),
    "groupby of a series": Hint("[x for _, x in X]", TABLE.groupby("id")["a"], expected=ROWS),
    "groupby of a level": Hint("[x for _, x in X]", TABLE.set_index("id").groupby(level=0), expected=RAGGED),
    "list of a groupby": Hint("[x.drop(columns=['id']) for _, x in X]", list(TABLE.groupby("id")), expected=RAGGED),
    "list of a groupby of two keys": Hint(
        "[x.drop(columns=['id', 'day']) for _, x in X]",
        list(TABLE.assign(day=TABLE["id"] + 100).groupby(["id", "day"])),
        expected=RAGGED,
    ),
    "groupby of polars": Hint(
        "[x.drop(['id']) for _, x in X]", POLARS.group_by("id", maintain_order=True), expected=RAGGED
    ),
    "list of a groupby of polars": Hint(
        "[x.drop(['id']) for _, x in X]", list(POLARS.group_by("id", maintain_order=True)), expected=RAGGED
    ),
    "dict": Hint("list(X.values())", dict(enumerate(RAGGED)), expected=RAGGED),
    "items": Hint("[x for _, x in X]", dict(enumerate(RAGGED)).items(), expected=RAGGED),
    "list of items": Hint("[x for _, x in X]", list(dict(enumerate(RAGGED)).items()), expected=RAGGED),
    "values": Hint("list(X)", dict(enumerate(RAGGED)).values(), expected=RAGGED),
    "dict of a cube and more": Hint("X['X']", {"X": CUBE, "y": LABELS}, expected=CUBE),
    "a tokenizer's batch": Hint(
        "[np.asarray(ids)[np.asarray(mask) > 0] for ids, mask in zip(X['input_ids'], X['attention_mask'])]",
        {"input_ids": [[1, 2, 0]] * N, "attention_mask": [[1, 1, 0]] * N},
        model=sr.LSTMClassifier(**TINY, embedding_dim=2),
        expected=[[1, 2]] * N,
    ),
    "set": Hint("sorted(X)", {tuple(x) for x in CUBE[:, :, 0].tolist()}),
    "generator": Hint("list(X)", lambda: (x for x in RAGGED), expected=RAGGED),
    "map": Hint("list(X)", lambda: map(np.asarray, RAGGED), expected=RAGGED),
    "a reader of batches": Hint("X.read_all()", reader_of_sequences, expected=ROWS, needs=("pyarrow",)),
    "zip": Hint(
        "[np.column_stack(x) for x in X]", lambda: zip(ROWS, [x[:, 1] for x in RAGGED], strict=True), expected=RAGGED
    ),
    "lazy frame": Hint("X.collect()", POLARS.select(pl.col("a").implode().repeat_by(1)).lazy(), call=read),
    "lazy frame of sequences": Hint(
        "X.collect()",
        POLARS.group_by("id", maintain_order=True).agg("a").select("a").lazy(),
        expected=ROWS,
    ),
    "samples": Hint("[x for x, _ in X]", [(x, 0) for x in RAGGED], expected=RAGGED),
    "rows of padding and lengths": Hint(
        "[x[:n] for x, n in zip(*X)]",
        (CUBE, np.arange(N) % 3 + 2),
        expected=[x[: j % 3 + 2] for j, x in enumerate(CUBE)],
    ),
    "records": Hint(
        "X = [pandas.DataFrame(list(x)) for x in X]",
        [[{"a": p, "b": q} for p, q in x.tolist()] for x in RAGGED],
        expected=RAGGED,
    ),
    "records of one length": Hint(
        "X = [pandas.DataFrame(list(x)) for x in X]",
        [[{"a": p, "b": q} for p, q in x.tolist()] for x in CUBE],
        expected=CUBE,
    ),
    "dicts of columns": Hint(
        "X = [pandas.DataFrame(dict(x)) for x in X]", [{"a": x[:, 0], "b": x[:, 1]} for x in RAGGED], expected=RAGGED
    ),
    "a record for each sequence": Hint("X = pandas.DataFrame(list(X))", [{"a": x[0, 0], "b": x[0, 1]} for x in RAGGED]),
    "sparse matrices": Hint(
        "X = [x.toarray() for x in X]", [scipy.sparse.csr_matrix(x) for x in RAGGED], expected=RAGGED
    ),
    "sparse arrays": Hint("X = [x.toarray() for x in X]", [scipy.sparse.csr_array(x) for x in RAGGED], expected=RAGGED),
    "channels first": Hint(LATER, [x.T for x in RAGGED], expected=RAGGED),
    "unequal lists of numbers": Hint("as_sequences(X)", [x.tolist() for x in ROWS], expected=ROWS),
    "one sequence": Hint(
        "[X]", ROWS[0], call=lambda X: as_sequences(X) if isinstance(X, list) else fitted(sr.LSTMClassifier(), X)
    ),
    "a value for each sequence": Hint("np.reshape(X, (-1, 1))", np.arange(8.0)),
    "four axes": Hint("X.reshape(*X.shape[:2], -1)", rng.normal(size=(N, 4, 2, 3))),
    "images as steps": Hint("[np.reshape(x, (len(x), -1)) for x in X]", [rng.normal(size=(n, 2, 3)) for n in LENGTHS]),
    "batches": Hint("[x for batch in X for x in batch]", [CUBE[:3], CUBE[3:]], expected=CUBE),
    "several columns of sequences": Hint(
        "[np.column_stack(row) for row in np.asarray(X)]",
        pd.DataFrame({"a": ROWS, "b": [x[:, 1] for x in RAGGED]}),
        call=read,
        expected=RAGGED,
    ),
    "several columns of sequences in polars": Hint(
        "[np.column_stack(row) for row in X.rows()]",
        POLARS.group_by("id", maintain_order=True).agg(pl.all()).drop("id"),
        call=read,
        expected=RAGGED,
    ),
    "ids and columns of sequences": Hint(
        "[np.column_stack(row) for row in X[['a', 'b']].rows()]",
        POLARS.group_by("id", maintain_order=True).agg(pl.all()),
        call=read,
        expected=RAGGED,
    ),
    "ids and columns of sequences in pandas": Hint(
        "[np.column_stack(row) for row in np.asarray(X[['a', 'b']])]",
        pd.DataFrame({"id": range(N), "a": ROWS, "b": [x[:, 1] for x in RAGGED]}),
        call=read,
        expected=RAGGED,
    ),
    "several columns of sequences in an array": Hint(
        "[np.column_stack(row) for row in np.asarray(X)]",
        np.hstack([sr.as_column(ROWS), sr.as_column([x[:, 1] for x in RAGGED])]),
        call=read,
        expected=RAGGED,
    ),
    "ids and columns of sequences in an array": Hint(
        "[np.column_stack(row) for row in np.asarray(X[:, [1, 2]])]",
        np.hstack([np.arange(N)[:, None], sr.as_column(ROWS), sr.as_column([x[:, 1] for x in RAGGED])]),
        call=read,
        expected=RAGGED,
    ),
    "an id and a column of sequences": Hint(
        "X[['a']]", pd.DataFrame({"id": range(N), "a": RAGGED}), call=read, expected=RAGGED
    ),
    "an id and a column of sequences in polars": Hint(
        "X[['a']]", pl.DataFrame({"id": range(N), "a": [x.tolist() for x in ROWS]}), call=read, expected=ROWS
    ),
    "an id and a column of sequences in an array": Hint(
        "X[:, [1]]", np.hstack([np.arange(N)[:, None], sr.as_column(RAGGED)]), call=read, expected=RAGGED
    ),
    "a column of sequences that has no name": Hint(
        "X.iloc[:, [1]]", pd.DataFrame({0: range(N), 1: RAGGED}), call=read, expected=RAGGED
    ),
    "columns of sequences in pyarrow": Hint(
        "[np.column_stack(row) for row in X.select(['a', 'b']).to_pandas().values]",
        of("pyarrow", lambda pa: pa.table({"id": range(N)} | table_of_lists())),
        call=read,
        expected=RAGGED,
        needs=("pyarrow",),
    ),
    "a column of sequences in pyarrow": Hint(
        "X.select(['a'])",
        of("pyarrow", lambda pa: pa.table({"id": range(N), "a": table_of_lists()["a"]})),
        call=read,
        expected=ROWS,
        needs=("pyarrow",),
    ),
    "a table for a transformer": Hint(
        "ColumnTransformer([('sequences', transformer, ['a'])], remainder='passthrough')",
        pd.DataFrame({"id": range(N), "a": RAGGED}),
        model=sr.PerTimestep(MinMaxScaler()),
        call=lambda model, X, y: model.fit_transform(X),
        target="model",
    ),
    "records in single cells": Hint(
        "X = [pandas.DataFrame(list(np.ravel(x))) for x in X]",
        [[[{"a": p, "b": q}] for p, q in x.tolist()] for x in RAGGED],
        expected=RAGGED,
    ),
    "records in a column": Hint(
        "X = pandas.DataFrame(list(X['c']))",
        pd.DataFrame({"c": [{"a": x[0, 0], "b": x[0, 1]} for x in RAGGED]}),
    ),
    "lists in a column for a transformer": Hint(
        "X = [json.loads(x) for x in np.ravel(X)]",
        pd.DataFrame({"a": [str(x.tolist()) for x in RAGGED]}),
        model=sr.PerTimestep(MinMaxScaler()),
        expected=RAGGED,
    ),
    "lists as strings for a transformer": Hint(
        "X = [json.loads(x) for x in X]",
        [str(x.tolist()) for x in RAGGED],
        model=sr.PerTimestep(MinMaxScaler()),
        expected=RAGGED,
    ),
    "dicts of columns for a transformer": Hint(
        "X = [pandas.DataFrame(dict(x)) for x in X]",
        [{"a": x[:, 0], "b": x[:, 1]} for x in RAGGED],
        model=sr.PerTimestep(MinMaxScaler()),
        expected=RAGGED,
    ),
    "frames of a library that cannot join them": Hint(
        "[x.to_pandas() for x in X]",
        [OtherFrame(x) for x in RAGGED],
        model=sr.PerTimestep(MinMaxScaler()),
        expected=RAGGED,
    ),
    "arrays with channels first that are frames": Hint(
        "as_sequences(X)",
        [pd.DataFrame(x) for x in RAGGED],
        call=lambda X: as_sequences(X, channels_first=not isinstance(X, np.ndarray)),
        expected=RAGGED,
    ),
    "rows with a MultiIndex": Hint(
        "X = sequences_from_frame(X, by='id').X", LONG, call=read, expected=[x for _, x in LONG.groupby(level=0)]
    ),
    "rows with a MultiIndex that are sequences": Hint("X.reset_index(drop=True)", LONG, call=read),
    "features without names": Hint(
        "X = [pandas.DataFrame(x, columns=names) for x in X]",
        CODES,
        model=sr.LSTMClassifier(**TINY, categorical_features=["b"]),
    ),
    "structured arrays with categories": Hint(
        "X = [pandas.DataFrame(x) for x in X]",
        [np.array(list(map(tuple, x)), [("a", float), ("b", int)]) for x in CODES],
        model=sr.LSTMClassifier(**TINY, categorical_features=[1]),
    ),
    "categories of several types": Hint(
        "X = [x.astype({'b': str}) for x in X]",
        [pd.DataFrame({"a": x[:, 0], "b": pd.Series([1, *"u" * (len(x) - 1)], dtype=object)}) for x in RAGGED],
        model=sr.LSTMClassifier(**TINY, categorical_features=["b"]),
    ),
    # texts and tokens
    "texts": Hint("X = SequenceTokenizer().fit_transform(X)", TEXTS, model=sr.LSTMClassifier(**TINY, embedding_dim=2)),
    "lists of tokens": Hint(
        "X = SequenceTokenizer().fit_transform(X)",
        [text.split() for text in TEXTS],
        model=sr.LSTMClassifier(**TINY, embedding_dim=2),
    ),
    "columns of tokens": Hint(
        "X = SequenceTokenizer().fit_transform([np.ravel(x) for x in X])",
        [np.array(text.split())[:, None] for text in TEXTS],
        model=sr.LSTMClassifier(**TINY, embedding_dim=2),
    ),
    "the path of a file": Hint("X = np.load(X)", path_of_a_file, expected=CUBE),
    "a text": Hint("[X]", "a text", call=lambda X: sr.SequenceTokenizer().fit(X)),
    "a text of a network": Hint("[X]", "a text", call=lambda X: None if isinstance(X, list) else as_sequences(X)),
    "bytes": Hint("[X.decode()]", b"a text", call=lambda X: sr.SequenceTokenizer().fit(X)),
    "lists in a column": Hint(
        "X = [json.loads(x) for x in X['a']]", pd.DataFrame({"a": [str(x.tolist()) for x in RAGGED]}), expected=RAGGED
    ),
    "lists in a column of polars": Hint(
        "X = [json.loads(x) for x in X['a']]", pl.DataFrame({"a": [str(x.tolist()) for x in RAGGED]}), expected=RAGGED
    ),
    "lists in a series": Hint(
        "X = [json.loads(x) for x in list(X)]", pd.Series([str(x.tolist()) for x in RAGGED]), expected=RAGGED
    ),
    "lists as strings": Hint("X = [json.loads(x) for x in X]", [str(x.tolist()) for x in RAGGED], expected=RAGGED),
    "arrays as strings": Hint(
        "X = [np.fromstring(x.strip('[]'), sep=' ') for x in X['a']]",
        pd.DataFrame({"a": [str(x.round(3)) for x in ROWS]}),
        expected=[x.round(3) for x in ROWS],
    ),
    "numbers as strings": Hint(
        "X = [np.asarray(x, float) for x in X]", [x.astype(str) for x in RAGGED], expected=RAGGED
    ),
    # values
    "times": Hint(
        "X = [(np.asarray(x, 'M8[us]') - np.datetime64(0, 'us')) / np.timedelta64(1, 's') for x in X]",
        [np.arange(n).astype("M8[s]") for n in LENGTHS],
        expected=[np.arange(n) for n in LENGTHS],
    ),
    "durations": Hint(
        "X = [np.asarray(x, 'm8[us]') / np.timedelta64(1, 's') for x in X]",
        [np.arange(n).astype("m8[s]") for n in LENGTHS],
        expected=[np.arange(n) for n in LENGTHS],
    ),
    "complex numbers": Hint(
        "X = [np.concatenate([part(np.asarray(x, complex)) for part in (np.real, np.imag)], axis=-1) for x in X]",
        [x[:, :1] + 1j * x[:, 1:] for x in RAGGED],
        expected=RAGGED,
    ),
    "fields": Hint(
        "X = [np.stack([x[name] for name in x.dtype.names], axis=-1) for x in X]",
        [np.array(list(map(tuple, x)), [("a", float), ("b", float)]) for x in RAGGED],
        expected=RAGGED,
    ),
    "a column of times": Hint(
        "X = [x.drop(columns='t') for x in X]",
        [pd.DataFrame(x).assign(t=datetime.datetime(2024, 1, 1)) for x in RAGGED],
        expected=RAGGED,
    ),
    "a column of strings in a matrix": Hint("X = X.drop(columns='k')", pd.DataFrame(CUBE[:, 0]).assign(k="a")),
    "a column of strings in polars": Hint(
        "X = [x.drop('k') for x in X]",
        [pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "k": ["a"] * len(x)}) for x in RAGGED],
        expected=RAGGED,
    ),
    "ids in a frame of one row per time step": Hint("X = sequences_from_frame(X, by='id').X", NAMED, expected=RAGGED),
    "ids and times in a frame of one row per time step": Hint(
        "X = sequences_from_frame(X, by='id', sort_by='t').X",
        NAMED.assign(t=np.arange(len(NAMED)).astype("M8[s]")),
        expected=RAGGED,
    ),
    "times in a frame of polars of one row per time step": Hint(
        "X = sequences_from_frame(X, by='id', sort_by='t').X",
        pl.DataFrame({"t": np.arange(len(NAMED)).astype("M8[ms]"), **NAMED.to_dict("list")}),
        expected=RAGGED,
    ),
    "strings beside numbers in frames": Hint(
        "LSTMClassifier(categorical_features=['k', 'l'])",
        [pd.DataFrame(x, columns=["a", "b"]).assign(k="u", l=None, m=1).fillna({"l": "v"}) for x in RAGGED],
        target="model",
    ),
    "strings beside numbers in arrays of objects": Hint(
        "LSTMClassifier(categorical_features=[1])", WITH_STATES, target="model"
    ),
    "columns of strings for a transformer": Hint(
        "PerTimestep(ColumnTransformer([('numbers', MinMaxScaler(), ['a', 'b']), "
        "('categories', OneHotEncoder(), ['k'])]))",
        [pd.DataFrame(x, columns=["a", "b"]).assign(k="u") for x in RAGGED],
        model=sr.PerTimestep(MinMaxScaler()),
        target="model",
    ),
    "columns of strings in arrays for a transformer": Hint(
        "PerTimestep(ColumnTransformer([('numbers', MinMaxScaler(), [0]), ('categories', OneHotEncoder(), [1])]))",
        WITH_STATES,
        model=sr.PerTimestep(MinMaxScaler()),
        target="model",
    ),
    "another order of columns": Hint(
        "X = [x[['a', 'b']] for x in X]",
        [pd.DataFrame(x, columns=["a", "b"])[["b", "a"] if j else ["a", "b"]] for j, x in enumerate(RAGGED)],
        expected=RAGGED,
    ),
    "names in some": Hint(
        "X = [np.asarray(x) for x in X]",
        [pd.DataFrame(x, columns=["a", "b"]) if j else x for j, x in enumerate(RAGGED)],
        expected=RAGGED,
    ),
    # optional libraries
    "nested tensor": Hint(
        "list(X.unbind())",
        torch_of(lambda torch: torch.nested.nested_tensor(list(map(torch.tensor, RAGGED)))),
        expected=RAGGED,
        needs=TORCH,
    ),
    "packed sequences": Hint(
        "torch.nn.utils.rnn.unpack_sequence(X)",
        torch_of(lambda torch: torch.nn.utils.rnn.pack_sequence(list(map(torch.tensor, RAGGED)), enforce_sorted=False)),
        expected=RAGGED,
        needs=TORCH,
    ),
    "data set of PyTorch": Hint(
        "[X[j][0] for j in range(len(X))]",
        torch_of(lambda torch: torch.utils.data.TensorDataset(torch.tensor(CUBE), torch.arange(N))),
        expected=CUBE,
        needs=TORCH,
    ),
    "loader of PyTorch": Hint(
        "[x for batch in X for x in batch]",
        torch_of(lambda torch: torch.utils.data.DataLoader(torch.tensor(CUBE), batch_size=3)),
        expected=CUBE,
        needs=TORCH,
    ),
    "loader of samples": Hint("[x for batch, *_ in X for x in batch]", tuple_of_a_loader, expected=CUBE, needs=TORCH),
    "PyData sparse": Hint(
        "X.todense()", of("sparse", lambda sparse: sparse.COO(CUBE)), expected=CUBE, needs=("sparse",)
    ),
    "list of lazy frames": Hint(
        "X = [x.collect() for x in X]", [pl.DataFrame(x, schema=["a", "b"]).lazy() for x in RAGGED], expected=RAGGED
    ),
    "list of relations": Hint(
        "X = [x.df() for x in X]",
        of("duckdb", lambda duckdb: [duckdb.sql(f"select {j}.5 a from range(2)") for j in range(N)]),
        needs=("duckdb",),
    ),
    "list of PyData sparse": Hint(
        "X = [x.todense() for x in X]",
        of("sparse", lambda sparse: list(map(sparse.COO, RAGGED))),
        expected=RAGGED,
        needs=("sparse",),
    ),
    "awkward": Hint(
        "[np.asarray(x) for x in X]",
        of("awkward", lambda ak: ak.Array([x.tolist() for x in RAGGED])),
        expected=RAGGED,
        needs=("awkward",),
    ),
    "awkward records": Hint(
        "[pandas.DataFrame(x) for x in X.to_list()]",
        of("awkward", lambda ak: ak.Array([[{"a": p, "b": q} for p, q in x.tolist()] for x in RAGGED])),
        expected=RAGGED,
        needs=("awkward",),
    ),
    "relation of DuckDB": Hint(
        "X.df()",
        of("duckdb", lambda duckdb: duckdb.sql("select range(3 + i) a from range(8) t(i)")),
        expected=[np.arange(3 + j) for j in range(8)],
        needs=("duckdb",),
    ),
    "Dask": Hint(
        "X.compute()",
        of("dask.dataframe", lambda dd: dd.from_pandas(pd.DataFrame(CUBE[:, :, 0]), npartitions=2)),
        needs=("dask", "pyarrow"),
    ),
    "ragged tensor of TensorFlow": Hint(
        "[x.numpy() for x in X]",
        of("tensorflow", lambda tf: tf.ragged.constant([x.tolist() for x in RAGGED], ragged_rank=1, dtype=tf.float64)),
        expected=RAGGED,
        needs=("tensorflow",),
    ),
    "sparse tensor of TensorFlow": Hint(
        "tensorflow.sparse.to_dense(X)",
        of("tensorflow", lambda tf: tf.sparse.from_dense(CUBE)),
        expected=CUBE,
        needs=("tensorflow",),
    ),
    "data set of TensorFlow": Hint(
        "[x for x in X.as_numpy_iterator()]",
        of("tensorflow", lambda tf: tf.data.Dataset.from_tensor_slices(CUBE)),
        expected=CUBE,
        needs=("tensorflow",),
    ),
    "samples of TensorFlow": Hint(
        "[x for x, *_ in X.as_numpy_iterator()]",
        of("tensorflow", lambda tf: tf.data.Dataset.from_tensor_slices((CUBE, np.arange(N)))),
        expected=CUBE,
        needs=("tensorflow",),
    ),
}


def seq2seq(**settings):
    return sr.Seq2SeqClassifier(**TINY, **settings)


NAN_INSIDE = [np.where(np.arange(len(x))[:, None] == 1, np.nan, x) for x in RAGGED]
MATRIX = CUBE[:, :, 0]
STRING_LABELS = ["a b", "b", "a a", "b", "a", "b a", "a", "b"]
NEGATIVE = np.where(np.arange(6) < 3 + np.arange(N)[:, None] % 3, 1 + np.arange(N)[:, None] % 2, -100)


STEPS = sr.LSTMClassifier(**TINY, return_sequences=True, bidirectional=False)
STEP_NUMBERS = sr.LSTMRegressor(**TINY, return_sequences=True, bidirectional=False)


FROM_FRAME = partial(sr.sequences_from_frame, by="id")
DATED = TABLE.drop(columns="b").assign(t=pd.date_range("2024-01-01", periods=len(TABLE)))
TOKENS = [np.arange(length) % 4 for length in LENGTHS]


def padded(sequences, value=0.0):
    return sr.SequencePadder(value=value).fit_transform(sequences)


def with_attention(model):
    return lambda X, y: model.fit(X, y).attention_weights(X)


OTHERS = {
    "NaN": Hint("missing='skip'", NAN_INSIDE),
    "NaN carried forward": Hint("missing='forward'", NAN_INSIDE),
    "NaN with a target for each step": Hint("missing='forward'", NAN_INSIDE, per_step(), model=STEPS),
    "a matrix after sequences": Hint(
        "as_sequences(X)", MATRIX, call=lambda X: fitted(sr.LSTMClassifier(**TINY), as_sequences(MATRIX)).predict(X)
    ),
    "one sequence after sequences": Hint(
        "[X]", RAGGED[0], call=lambda X: fitted(sr.LSTMClassifier(**TINY), RAGGED).predict(X)
    ),
    "sequences after a matrix": Hint(
        "fit(as_sequences(X), y)", as_sequences(MATRIX), model=fitted(sr.LSTMClassifier(**TINY), MATRIX), call="predict"
    ),
    "input_size of sequences": Hint("input_size=None", CUBE, model=sr.LSTMClassifier(**TINY, input_size=3)),
    "features as tokens": Hint("embedding_dim=None", CUBE, model=sr.LSTMClassifier(**TINY, embedding_dim=3)),
    "y of one value per step": Hint("return_sequences=True", RAGGED, per_step()),
    "lbfgs and dropout": Hint("solver='adam'", RAGGED, model=sr.LSTMClassifier(**TINY, dropout=0.1, solver="lbfgs")),
    "lbfgs and a validation set": Hint(
        "solver='adam'",
        RAGGED,
        model=sr.LSTMClassifier(**TINY, solver="lbfgs"),
        call=lambda model, X, y: model.fit(X, y, X_val=X, y_val=y),
    ),
    "a changed parameter": Hint(
        "warm_start=False",
        RAGGED,
        model=fitted(sr.LSTMClassifier(**TINY, warm_start=True), RAGGED).set_params(hidden_layer_sizes=4),
    ),
    "attention_weights": Hint(
        "pooling='attention'",
        RAGGED,
        model=sr.LSTMClassifier(**TINY),
        call=lambda model, X, y: model.fit(X, y).attention_weights(X),
    ),
    "attention_weights of steps": Hint(
        "return_sequences=False",
        RAGGED,
        model=sr.LSTMClassifier(**TINY, return_sequences=True, pooling="attention"),
        call=lambda model, X, y: model.fit(X, per_step() if model.return_sequences else y).attention_weights(X),
    ),
    "attention_weights of what is written": Hint(
        "attention='additive'",
        RAGGED,
        list(map(list, STRING_LABELS)),
        model=seq2seq(attention=None),
        call=lambda model, X, y: model.fit(X, y).attention_weights(X),
    ),
    "texts as labels": Hint("[text.split() for text in y]", RAGGED, STRING_LABELS, seq2seq(), target="y"),
    "texts as characters": Hint("[list(text) for text in y]", RAGGED, STRING_LABELS, seq2seq(), target="y"),
    "labels alone": Hint("[[label] for label in y]", RAGGED, list(range(N)), seq2seq(), target="y"),
    "unequal forecasts": Hint(
        "as_sequences(y)", RAGGED, [[1.0] * (1 + j % 2) for j in range(N)], sr.Seq2SeqRegressor(**TINY), target="y"
    ),
    "a dict as y": Hint(
        "list(y.values())",
        RAGGED,
        dict(enumerate(per_step())),
        sr.LSTMClassifier(**TINY, return_sequences=True),
        target="y",
    ),
    "y padded at the end": Hint(
        "[row[: len(x)] for row, x in zip(y, X)]", RAGGED, np.arange(N * 9).reshape(N, 9) % 2, STEPS, target="y"
    ),
    "y channels first": Hint("[row.T for row in y]", RAGGED, [x.T for x in RAGGED], STEP_NUMBERS, target="y"),
    "y of dicts of columns": Hint(
        "y = [pandas.DataFrame(dict(x)) for x in y]",
        RAGGED,
        [{"a": [1.0, 2.0], "b": [3.0, 4.0]}] * N,
        sr.Seq2SeqRegressor(**TINY),
    ),
    "y of lists of records to write": Hint(
        "y = [pandas.DataFrame(list(x)) for x in y]",
        RAGGED,
        [[{"a": 1.0, "b": 2.0}] * 3] * N,
        sr.Seq2SeqRegressor(**TINY),
    ),
    "y of sparse sequences to write": Hint(
        "y = [x.toarray() for x in y]", RAGGED, [scipy.sparse.csr_array(np.eye(3))] * N, sr.Seq2SeqRegressor(**TINY)
    ),
    "y of one axis more": Hint(
        "y.reshape(len(y), -1)", RAGGED, rng.normal(size=(N, 3, 2)), sr.LSTMRegressor(**TINY), target="y"
    ),
    "y of steps with one axis more": Hint(
        "[row.reshape(len(row), -1) for row in y]",
        RAGGED,
        [np.zeros((len(x), 3, 2)) for x in RAGGED],
        STEP_NUMBERS,
        target="y",
    ),
    "y that is sparse": Hint("y.toarray()", CUBE, scipy.sparse.csr_array(MATRIX), STEP_NUMBERS, target="y"),
    "y of records": Hint(
        "y = [pandas.DataFrame(list(x)) for x in y]",
        RAGGED,
        [[{"a": p, "b": q} for p, q in x.tolist()] for x in RAGGED],
        STEP_NUMBERS,
    ),
    "y of strings of numbers": Hint(
        "y = [np.asarray(x, float) for x in y]", RAGGED, [x.astype(str) for x in RAGGED], STEP_NUMBERS
    ),
    "y of sparse arrays": Hint(
        "y = [x.toarray() for x in y]", RAGGED, [scipy.sparse.csr_array(x) for x in RAGGED], STEP_NUMBERS
    ),
    "rows that are series": Hint(
        "as_sequences(series)",
        rng.normal(size=(5, 20)),
        call=lambda series: sr.sliding_windows(series, 8, 1),
        target="series",
    ),
    "too long": Hint(
        "longer='truncate'",
        RAGGED,
        model=sr.SequencePadder(),
        call=lambda model, X, y: model.fit(X[:1]).transform(X),
    ),
    "series of unequal lengths as rows": Hint(
        "as_sequences(series)",
        [x.tolist() for x in ROWS],
        call=lambda series: sr.sliding_windows(series, 2, 1),
        target="series",
    ),
    "durations to be written": Hint(
        "y = [np.asarray(x, 'm8[us]') / np.timedelta64(1, 's') for x in y]",
        RAGGED,
        [np.arange(n).astype("m8[s]") for n in LENGTHS],
        sr.Seq2SeqRegressor(**TINY),
    ),
    "partial_fit with lbfgs": Hint(
        "solver='adam'",
        RAGGED,
        model=sr.LSTMClassifier(**TINY, solver="lbfgs"),
        call=lambda model, X, y: model.partial_fit(X, y),
    ),
    "class_weight of several labels": Hint(
        "class_weight=None",
        RAGGED,
        np.column_stack([LABELS == "a", np.arange(N) > 3]).astype(int),
        sr.LSTMClassifier(**TINY, class_weight="balanced"),
    ),
    "another loss": Hint(
        "warm_start=False",
        RAGGED,
        np.arange(8.0),
        fitted(sr.LSTMRegressor(**TINY, warm_start=True), RAGGED, np.arange(8.0)).set_params(loss="poisson"),
    ),
    "lbfgs and scheduled sampling": Hint(
        "teacher_forcing=1", RAGGED, per_step(), seq2seq(teacher_forcing=0.5, solver="lbfgs")
    ),
    "lbfgs and a target that is missing in between": Hint(
        "solver='adam'",
        RAGGED,
        np.array([[1.0, np.nan, 2.0]] * N),
        sr.Seq2SeqRegressor(**TINY, solver="lbfgs"),
    ),
    "a future feature that is not known": Hint(
        "future_features=[1]",
        AHEAD.X,
        AHEAD.y,
        sr.Seq2SeqRegressor(**TINY, future_features=[0]),
        warns=True,
    ),
    "windows of which nothing is known": Hint(
        "known=[1]", AHEAD.X, AHEAD.y, sr.PerWindow(sr.GRURegressor(**TINY), target=0), warns=True
    ),
    "NaN and future features": Hint(
        "missing='forward'",
        [np.r_[x, [[0.0, np.nan]]] for x in RAGGED],
        np.arange(float(N)),
        sr.Seq2SeqRegressor(**TINY, future_features=[0]),
    ),
    "tokens and future features": Hint(
        "future_features=None",
        TOKENS,
        np.arange(float(N)),
        sr.Seq2SeqRegressor(**TINY, embedding_dim=2, future_features=[0]),
    ),
    "streams of two directions": Hint(
        "bidirectional=False",
        RAGGED,
        model=sr.LSTMClassifier(**TINY, bidirectional=True),
        call=lambda model, X, y: model.fit(X, y).initial_state(1),
    ),
    "states of steps": Hint(
        "return_sequences=False",
        RAGGED,
        model=sr.LSTMClassifier(**TINY, return_sequences=True, bidirectional=False),
        call=lambda model, X, y: model.fit(X, per_step() if model.return_sequences else y).transform(X),
    ),
    "vectors in a frame by id": Hint(
        "dict(zip(frame.index, frame.to_numpy()))",
        VECTORS_BY_ID,
        call=lambda frame: sr.LSTMClassifier(**TINY, embedding_dim="auto", embedding_init=frame).fit(IDS, LABELS),
        target="frame",
    ),
    "vectors in a frame by word": Hint(
        "{tokenizer.vocabulary_[word]: vector for word, vector in zip(frame.index, frame.to_numpy()) "
        "if word in tokenizer.vocabulary_}",
        VECTORS_BY_ID.set_axis(["a", "b", "z"]),
        call=lambda frame: sr.LSTMClassifier(**TINY, embedding_dim="auto", embedding_init=frame).fit(IDS, LABELS),
        target="frame",
    ),
    "vectors and no size": Hint(
        "embedding_dim='auto'", TOKENS, model=sr.LSTMClassifier(**TINY, embedding_init=np.ones((4, 2)))
    ),
    "vectors and categories": Hint(
        "categorical_features=None",
        TOKENS,
        model=sr.LSTMClassifier(**TINY, embedding_init=np.ones((4, 2)), categorical_features=[0]),
        after=False,  # embedding_dim is the next that is missing
    ),
    "vectors after a fit without": Hint(
        "warm_start=False",
        TOKENS,
        model=fitted(sr.LSTMClassifier(**TINY, warm_start=True, embedding_dim=2), TOKENS).set_params(
            embedding_init=np.ones((4, 2))
        ),
    ),
    "tokens as quantities": Hint(
        "RNNClassifier(embedding_dim=16)",
        sr.SequenceTokenizer().fit_transform(TEXTS),
        model=sr.RNNClassifier(**TINY),
        target="model",
    ),
    "static strings": Hint(
        "X = ColumnTransformer([('static', OneHotEncoder(sparse_output=False), ['k'])], "
        "remainder='passthrough').fit_transform(X)",
        pd.DataFrame({"a": RAGGED, "k": LABELS}),
    ),
    "static times": Hint(
        "X = X.with_columns(X['t'].dt.epoch('s'))",
        pl.DataFrame({"a": [x.tolist() for x in ROWS], "t": [datetime.datetime(2024, 1, 1)] * N}),
    ),
    "static values that fit did not have": Hint(
        "X = np.delete(X, [1], axis=1)",
        np.hstack([sr.as_column(RAGGED), np.arange(N)[:, None]]),
        model=fitted(sr.LSTMClassifier(**TINY), RAGGED),
        call="predict",
        expected=RAGGED,
    ),
    "static values that fit did not have, in pandas": Hint(
        "X = X.drop(columns=['k'])",
        pd.DataFrame({"a": RAGGED, "k": range(N)}),
        model=fitted(sr.LSTMClassifier(**TINY), RAGGED),
        call="predict",
        expected=RAGGED,
    ),
    "static values that fit did not have, in polars": Hint(
        "X = X.drop(['k'])",
        pl.DataFrame({"a": [x.tolist() for x in ROWS], "k": range(N)}),
        model=fitted(sr.LSTMClassifier(**TINY), ROWS),
        call="predict",
        expected=ROWS,
    ),
    "static values that are not there": Hint(
        "X = np.hstack([as_column(X), static])",
        RAGGED,
        model=fitted(sr.LSTMClassifier(**TINY), np.hstack([sr.as_column(RAGGED), np.arange(N)[:, None]])),
        call="predict",
    ),
    # tables of one row per time step
    "times among features": Hint("sort_by='t'", DATED, model=FROM_FRAME, call=lambda model, X, y: model(X)),
    "times that are no features": Hint("columns=['a']", DATED, model=FROM_FRAME, call=lambda model, X, y: model(X)),
    "times beside an order": Hint(
        "columns=['a']",
        DATED.assign(number=range(len(TABLE))),
        model=partial(FROM_FRAME, sort_by="number"),
        call=lambda model, X, y: model(X),
    ),
    "times as strings among features": Hint(
        "sort_by='t'", DATED.assign(t=DATED["t"].astype(str)), model=FROM_FRAME, call=lambda model, X, y: model(X)
    ),
    "numbers as strings in the order": Hint(
        "frame['t'] = frame['t'].astype(int)",
        TABLE.assign(t=[str(row) for row in range(len(TABLE))]),
        call=lambda frame: FROM_FRAME(frame, sort_by="t"),
        target="frame",
    ),
    "a static value in some rows": Hint(
        "frame['b'] = frame.groupby(['id'])['b'].transform('first')",
        TABLE.assign(b=np.where(np.arange(len(TABLE)) % 3, np.nan, 1)),
        call=lambda frame: FROM_FRAME(frame, static="b"),
        target="frame",
    ),
    "a target of steps": Hint(
        "target_per='step'",
        TABLE,
        model=partial(FROM_FRAME, target="b"),
        call=lambda model, X, y: model(X),
    ),
    "a dict as a frame": Hint(
        "pandas.DataFrame(frame)", TABLE.to_dict("list"), call=lambda frame: FROM_FRAME(frame), target="frame"
    ),
    "a lazy frame of steps": Hint(
        "frame.collect()", POLARS.lazy(), call=lambda frame: FROM_FRAME(frame), target="frame"
    ),
    "a reader of batches as a frame": Hint(
        "frame.read_all()",
        reader_of_batches,
        call=lambda frame: FROM_FRAME(frame),
        target="frame",
        needs=("pyarrow",),
    ),
    "rows twice": Hint(
        "frame = frame.unique(['id', 'a'], keep='first', maintain_order=True)",
        pl.concat([POLARS, POLARS]),
        call=lambda frame: FROM_FRAME(frame, sort_by="a"),
        target="frame",
    ),
    "which feature y continues": Hint(
        "target=0", RAGGED, np.arange(float(N)), model=sr.PerWindow(sr.GRURegressor(**TINY))
    ),
    "one history for groups": Hint(
        "[y_train]",
        np.arange(9.0),
        call=lambda y_train: sr.mean_absolute_scaled_error([1, 2], [2, 2], y_train=y_train, groups=[0, 0], m=1),
        target="y_train",
    ),
    # warnings
    "targets that are the next step": Hint(
        "bidirectional=False",
        RAGGED,
        [np.r_[x[1:], x[:1]] for x in RAGGED],
        sr.LSTMRegressor(**TINY, return_sequences=True, bidirectional=True),
        warns=True,
    ),
    "a token that pads categories": Hint(
        "pad_value=0",
        padded(CODES),
        model=sr.LSTMClassifier(**TINY, categorical_features=[1], pad_token=0),
        after=False,
    ),
    "zero padding beside categories": Hint(
        "pad_value=0.0",
        padded([np.abs(x) + 1 for x in CODES]),
        model=sr.LSTMClassifier(**TINY, categorical_features=[1]),
        warns=True,
        expected=[np.abs(x) + 1 for x in CODES],
    ),
    "times beside categories": Hint(
        "X = [x.drop(columns='t') for x in X]",
        [pd.DataFrame({"k": list("ab"), "t": pd.to_datetime(["2026", "2027"])})] * N,
        model=sr.LSTMClassifier(**TINY, categorical_features=["k"]),
    ),
    "objects of times beside categories": Hint(
        "X = [x.drop(columns='t') for x in np.ravel(X)]",
        pd.DataFrame({"x": [pd.DataFrame({"k": list("ab"), "t": [datetime.date(2026, 1, 1)] * 2})] * N}),
        model=sr.LSTMClassifier(**TINY, categorical_features=["k"]),
    ),
    "zero padding": Hint("pad_value=0.0", padded(RAGGED), warns=True, expected=RAGGED),
    "zero padding in a list": Hint(
        "X = np.stack(X)", list(padded(RAGGED)), model=sr.LSTMClassifier(**TINY), warns=True, after=False
    ),
    "zero padding in a column": Hint(
        "X = np.stack(np.ravel(X))",
        pd.DataFrame({"x": list(padded(RAGGED))}),
        model=sr.LSTMClassifier(**TINY),
        warns=True,
        after=False,
    ),
    "zero padding in a list, and pad_value": Hint(
        "X = np.stack(X)",
        list(padded(RAGGED)),
        model=sr.LSTMClassifier(**TINY, pad_value=0),
        warns=True,
    ),
    "padding of tokens in a list, and pad_token": Hint(
        "X = np.stack(X)",
        list(padded([rng.integers(1, 9, n) for n in LENGTHS], 0)[:, :, 0]),
        model=sr.LSTMClassifier(**TINY, embedding_dim=2, pad_token=0),
        warns=True,
    ),
    "zero padding for a transformer": Hint(
        "X = SequencePadder(value=0.0).fit(X).inverse_transform(X)",
        padded(RAGGED),
        model=sr.PerTimestep(MinMaxScaler()),
        warns=True,
        expected=RAGGED,
    ),
    "zero padding in front, in a list, for a transformer": Hint(
        "X = SequencePadder(value=0.0, padding='pre').fit(X).inverse_transform(np.stack(X))",
        list(sr.SequencePadder(value=0.0, padding="pre").fit_transform(RAGGED)),
        model=sr.PerTimestep(MinMaxScaler()),
        warns=True,
        expected=RAGGED,
    ),
    "zero padding of series in a column for a transformer of each": Hint(
        "X = SequencePadder(value=0.0).fit(X).inverse_transform(np.stack(np.ravel(X)))",
        sr.as_column(list(padded(ROWS)[:, :, 0])),
        model=sr.PerSequence(MinMaxScaler()),
        warns=True,
        expected=ROWS,
    ),
    "padding of tokens": Hint(
        "pad_token=0",
        padded([rng.integers(1, 9, n) for n in LENGTHS], 0)[:, :, 0],
        model=sr.LSTMClassifier(**TINY, embedding_dim=2),
        warns=True,
    ),
    "single steps": Hint(LATER, rng.normal(size=(N, 1, 24)), warns=True),
    "a column that numbers the sequences": Hint(
        "X = X.drop(columns=['id'])",
        pd.DataFrame({"id": range(8 * N), "a": RAGGED * 8}),
        np.tile(LABELS, 8),
        model=sr.LSTMClassifier(**TINY),
        warns=True,
        expected=RAGGED * 8,
    ),
    "labels that are none": Hint(
        "fit(X, y, sample_weight=[np.not_equal(row, -100) for row in y])",
        rng.normal(size=(N, 6, 2)),
        NEGATIVE,
        model=sr.LSTMClassifier(**TINY, return_sequences=True, bidirectional=False),
        warns=True,
    ),
    "labels that pad": Hint(
        "y = [[label for label in row if label != -100] for row in y]", RAGGED, NEGATIVE, seq2seq(), warns=True
    ),
}
HINTS = CONTAINERS | OTHERS


def run(hint, namespace):
    """What a user does, with what the namespace says now."""
    X, y, model = (namespace[name] for name in ("X", "y", "model"))
    if hint.target in ("series", "frame", "y_train"):
        X = namespace[hint.target]
    if hint.call is None:
        return model.fit(X, y)
    if isinstance(hint.call, str):
        return getattr(model, hint.call)(X)
    if len(inspect.signature(hint.call).parameters) == 1:
        return hint.call(X)
    return hint.call(model, X, y)


def follow(line, hint, namespace):
    """Do what the line says."""
    if line.startswith("fit("):
        namespace["model"] = eval(f"model.{line}", namespace)
    elif re.match(r"(X|y|frame|frame\[.*\]) = ", line):
        exec(line, namespace)
    elif re.fullmatch(r"\w+=[^=].*", line):
        name, _, value = line.partition("=")
        model = namespace["model"]
        if isinstance(model, partial):
            namespace["model"] = partial(model, **{name: eval(value)})
        else:
            namespace["model"] = sr_clone(model).set_params(**{name: eval(value)})
    else:
        namespace[hint.target] = eval(line, namespace)


def sr_clone(model):
    from sklearn.base import clone

    return clone(model)


def message_of(hint, namespace):
    if hint.warns:
        with pytest.warns(SequenceDataWarning) as caught:
            run(hint, namespace)
        return " ".join(str(warning.message) for warning in caught)
    with pytest.raises((ValueError, TypeError, AttributeError)) as error:
        run(hint, namespace)
    return f"{error.value} {error.value.__cause__}"


def namespace_of(hint):
    needs = {name: import_module(name) for name in hint.needs}
    X = hint.X() if callable(hint.X) else hint.X
    y = LABELS if hint.y is None else hint.y
    model = hint.model
    names = {name: getattr(sr, name) for name in sr.__all__}
    tools = {"np": np, "pandas": pd, "polars": pl, "json": json, "ColumnTransformer": ColumnTransformer}
    given = {"X": X, "y": y, "model": model, "series": X, "frame": X, "y_train": X, "transformer": model}
    tools |= {"OneHotEncoder": OneHotEncoder, "MinMaxScaler": MinMaxScaler, "tokenizer": TOKENIZER}
    return names | needs | tools | given | {"names": ["a", "b"], "static": np.arange(N)[:, None]}


MESSAGES = {}


def exercised(name):
    """The message of a hint, once."""
    if name not in MESSAGES:
        MESSAGES[name] = message_of(HINTS[name], namespace_of(HINTS[name]))
    return MESSAGES[name]


def is_here(hint):
    # TensorFlow breaks a process that PyTorch shares: `make containers` loads it first, in one of its own.
    if ("tensorflow" in hint.needs) != ("tensorflow" in sys.modules):
        return False
    return all(map(find_spec, hint.needs))


@pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
@pytest.mark.parametrize("name", [name for name, hint in HINTS.items() if is_here(hint)])
def test_a_hint_stands_in_the_message_and_works(name):
    hint = HINTS[name]
    assert hint.line in exercised(name)
    namespace = namespace_of(hint)
    follow(hint.line, hint, namespace)
    if hint.after is not False and not hint.line.startswith("fit("):
        run(hint, namespace)
    if hint.expected is not None:
        X = namespace["X"]
        if hint.line.startswith("pad_value"):
            plain = sr_clone(hint.model).fit(hint.expected, LABELS)
            assert np.array_equal(namespace["model"].theta_, plain.theta_)
            return
        for x, expected in zip(as_sequences(X), hint.expected, strict=True):
            assert np.array_equal(np.ravel(x), np.ravel(expected))


# --- none is forgotten ------------------------------------------------------------------------------------------------

PACKAGE = Path(sr.__file__).parent
CODE = re.compile(
    r"\bfor [xy_]\b.* in |\bas_sequences\(|\b[a-z_]+=(None|True|False|'[a-z]+'|\d)|^[Ss]et | pass |Pass |\bX = |\by = "
)
WITHOUT_A_LINE = {  # what is wrong, with the name of a parameter
    ": missing='skip' leaves none. Remove this sequence or impute its values.",
    "return_sequences=True cannot be combined with missing='skip': every step needs a target.",
    "Expected missing='error' or 'skip' with embedding_dim, got 'forward', which is for numbers: a token does not last "
    "until the next one.",
    "Expected missing='error' or 'skip', since the model was fitted so, got 'forward'. To carry values forward, fit "
    "again with missing='forward' and warm_start=False.",
    "Expected scoring to call the estimator with the X that it was given, got another X. "
    "Pass a scoring that leaves X unchanged.",
    "Expected y >= 0, and > 0 at least once, for loss='poisson', got a minimum of ",
    "Expected every class in each call for class_weight='balanced', got fewer. Set class_weight to a dict.",
    "Expected classes whose weights are comparable for class_weight='balanced', got totals from ",
    " different tokens, all of them less frequent. An int counts texts, a float is a fraction of them; min_df=1 keeps "
    "every token.",
    ". Pass an integer from 0 to ",
    "Expected embedding_init, the vectors to keep, with embedding_trainable=False, got None.",
    "Expected static=None, since the model was fitted on sequences alone, got static values.",
    "Set the container that `transform` returns.",  # of a docstring
    "Expected missing='error' or 'forward' with future_features, since a step that is skipped would move the steps to "
    "predict, got 'skip'.",
    "Expected horizon, how many of the last steps of each sequence are to be predicted, since the targets of fit had "
    "different lengths, got None. Pass a number for each sequence.",
    ". For predictions of some of them pass their numbers as rows.",
    " without names. Pass a data frame, or leave ",
    "Expected labels to be booleans, or 0 and 1, with label_rule='any', got ",
    "Expected a series of at least two time steps, from which the length of a step is told, got one step in each. Pass "
    "more steps, or leave the times out.",
    "Expected windows with a horizon, got horizon=0. Use windows.labels_per_step(predictions).",
    "horizon == 0, must be >= 1. Only windows of a labelled recording have a horizon of 0: pass labels, one for each "
    "time step.",
    "Expected horizon=0 with labels, which are those of the windows themselves, got ",
    " Pass a series for each part without gaps.",
}
PASTED = "def test_the_line_that_sorts_and_the_line_that_drops_times_can_be_pasted"
FOLLOWED = "def test_who_follows_the_messages_gets_to_the_windows"
RUN_ELSEWHERE = {  # the test that runs the line, or the case of one
    "missing='skip' is not exported. Leave steps with NaN out before X reaches the model: "
    "to_onnx(model.set_params(missing='error')).": (
        "export/test_convert.py",
        "def test_steps_that_are_skipped_are_not_exported_and_the_line_of_the_error_exports_the_rest",
    ),
    "Expected padding='lengths' for a model of tokens, got 'nan': an integer cannot be NaN.": (
        "export/test_convert.py",
        "def test_tokens_cannot_be_padded_with_nan",
    ),
    "Expected groups, the time of the last step seen of each window, got None. Pass it beside X and y: "
    "search.fit(X, y, groups=windows.cutoff), cross_val_score(model, X, y, groups=windows.cutoff, cv=cv), or with "
    'metadata routing cross_val_score(model, X, y, params={"groups": windows.cutoff}, cv=cv).': (
        "data/test_cutoff_split.py",
        "def test_without_groups_the_error_says_how_to_pass_them",
    ),
    ", utc=True).": (
        "data/test_cutoff_split.py",
        "def test_what_is_no_time_becomes_one_by_the_line_of_the_message",
    ),
    "], utc=True). If days are those of each clock: frame[": (
        "data/test_panels.py",
        "def test_times_of_two_zones_in_a_column_are_refused_with_lines_that_work",
    ),
    "] = [time.replace(tzinfo=None) for time in frame[": (
        "data/test_panels.py",
        "def test_times_of_two_zones_in_a_column_are_refused_with_lines_that_work",
    ),
    ". Pass the freq of the series; pd.DateOffset(months=1), for example, counts from any day.": (
        "data/test_cutoff_split.py",
        "def test_what_is_no_time_becomes_one_by_the_line_of_the_message",
    ),
    "fit got no groups. Pass them: net.fit(X, y, groups=groups), or pipe.fit(X, y, net__groups=groups) for a Pipeline "
    "whose last step is 'net', also in a search. A search of a network alone keeps groups for its own splitter: enable "
    "metadata routing, and call net.set_fit_request(groups=True).": (
        "estimators/test_early_stopping.py",
        "def test_the_lines_of_the_error_about_groups_run",
    ),
    "Expected at least two different groups for early_stopping, got one. Leave groups out, pass more of them, such as "
    "blocks of time, pass X_val and y_val, or set validation_split=TimeSeriesSplit(5).": (
        "estimators/test_early_stopping.py",
        "def test_the_error_of_a_single_group_says_what_to_do",
    ),
    ". If samples share a history, pass groups, which history is that of each sample: for a single one of several "
    "outputs, y_train=[y_train], groups=[0] * len(y_true).": (
        "data/test_forecast_metrics.py",
        'options = {"y_train": [history], "groups": [0] * len(y), "m": 3}',
    ),
    ", channels_first=True) or ": (
        "data/test_layouts.py",
        "def test_names_are_known_in_several_spellings",
    ),
    " Pass [row.T for row in ": (
        "data/test_layouts.py",
        "def test_targets_with_time_in_the_last_axis_are_refused_and_the_hint_mends_them",
    ),
    ", target='target'), then fit(data.X, data.y).": (
        "data/test_layouts.py",
        "def test_blocks_of_rows_with_one_id_and_one_target_give_a_warning_whose_line_runs",
    ),
    ". For results of unequal length pass as_sequences(X).": (
        "contract/test_errors.py",
        '"results of unequal length for a matrix": (',
    ),
    "Pass [X] if X is one sequence.": ("contract/test_errors.py", '"one sequence of records": ('),
    "Expected vocabulary to hold at least one token, got none. vocabulary=None learns the tokens.": (
        "contract/test_errors.py",
        '"no vocabulary": (',
    ),
    " = [x.sort_index() for x in ": ("data/test_panels.py", PASTED),
    " = [x.reset_index(drop=True) for x in ": ("data/test_panels.py", PASTED),
    ". If it is the time of the steps, pass time=": ("data/test_panels.py", FOLLOWED),
    ". If it tells series apart, pass by=": ("data/test_panels.py", FOLLOWED),
    " gaps='nan' keeps missing values; fill them otherwise.": (
        "data/test_panels.py",
        "def test_missing_values_are_kept_with_gaps_nan_alone",
    ),
    " missing in all. gaps='nan' puts rows of NaN there.": (
        "data/test_panels.py",
        "def test_gaps_are_named_or_filled_in_a_long_table",
    ),
    " short='skip' leaves out series that are shorter, here ": (
        "data/test_known_future.py",
        "def test_a_series_shorter_than_the_window_is_named_or_skipped",
    ),
    " quantiles in the last axis of predictions, got None. Pass quantile=model.quantile.": (
        "data/test_forecast_tables.py",
        "def test_there_is_a_column_for_each_target_and_quantile",
    ),
    " Pass a frame, whose names are compared: pandas.DataFrame([x]).": (
        "estimators/test_feature_names.py",
        "def test_records_of_a_step_are_refused_with_the_line_that_compares_their_names",
    ),
    " Pass a frame, whose names are compared: pandas.DataFrame(x).": (
        "estimators/test_feature_names.py",
        "def test_records_of_a_step_are_refused_with_the_line_that_compares_their_names",
    ),
    ". A network that is fitted with missing='forward' carries the last value of the stream.": (
        "estimators/test_missing.py",
        "def test_a_missing_value_of_a_step_is_refused_with_the_parameter_that_carries_the_last_one",
    ),
    " that has best_estimator_, got refit=False. Set refit=True and fit again.": (
        "estimators/test_through_pipeline.py",
        "def test_a_search_without_refit_is_refused",
    ),
    ". Say which label its steps get, such as fill='unknown' or fill=-1.": (
        "data/test_window_labels.py",
        "def test_fill_is_the_label_of_steps_in_no_window_and_of_series_without_any",
    ),
}


def literals():
    """Constant parts of strings in the package that are no docstrings and contain what looks like code."""
    for path in sorted([*PACKAGE.glob("_data/*.py"), *PACKAGE.glob("_estimators/*.py"), *PACKAGE.glob("_export/*.py")]):
        if path.stem in ("parameters", "docs"):
            continue
        tree = ast.parse(path.read_text())
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                docstrings.add(id(node.value))
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
            if is_text and CODE.search(node.value):
                yield path.stem, node.value


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
@pytest.mark.skipif("tensorflow" in sys.modules, reason="only its own hints are run then")
def test_every_line_of_code_in_a_message_is_run_here():
    messages = [exercised(name) if is_here(hint) else f" Pass {hint.line}." for name, hint in HINTS.items()]
    forgotten = [
        (module, text)
        for module, text in literals()
        if text not in WITHOUT_A_LINE | RUN_ELSEWHERE.keys()
        and not any(longest_part(text) in message for message in messages)
    ]
    assert forgotten == []


def test_lines_that_are_run_elsewhere_and_lists_of_texts_are_up_to_date():
    for path, name in RUN_ELSEWHERE.values():
        assert name in (Path(__file__).parents[1] / path).read_text(), name
    assert {text for _, text in literals()} >= WITHOUT_A_LINE | RUN_ELSEWHERE.keys()


def longest_part(text):
    """What a message has of a template."""
    return max(re.split(r"\{.*?\}", text), key=len)
