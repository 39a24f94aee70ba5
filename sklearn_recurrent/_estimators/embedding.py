"""Embedding tables: how wide they are, and vectors that are given for them."""

from __future__ import annotations

import os
from numbers import Integral
from reprlib import repr as short_repr

import numpy as np

from .._data.arrays import Place, plain
from .._data.columns import as_frame, is_frame, is_pandas_type, numbers_of_frame
from .._data.warnings import warn_of_data


def reads_tokens(model):
    """Whether X holds tokens, one for each step."""
    return model.embedding_dim is not None and model.categorical_features is None


def auto_width(n):
    """Columns of a table of `n` categories for embedding_dim='auto'.

    References: Howard, J. & Gugger, S. (2020). Fastai: a layered API for deep learning. Information 11, 108. There it
    is the function `emb_sz_rule`.
    """
    return min(600, round(1.6 * n**0.56))


def token_width(model, n_tokens):
    """Columns of the table of tokens."""
    if isinstance(model.embedding_dim, Integral):
        return int(model.embedding_dim)
    if not isinstance(model.embedding_dim, str):
        raise ValueError(
            f"Expected embedding_dim to be an int or 'auto' for tokens, got {short_repr(model.embedding_dim)}: one for "
            "each column is for categorical_features."
        )
    if model.embedding_init is None:
        return auto_width(n_tokens)
    return _width_of(_opened(model.embedding_init))


def category_widths(model, categories, columns):
    """Columns of the table of each column of categories.

    categories : an array for each column, in the order of X
    columns : the same columns in the order of `categorical_features`
    """
    dims = model.embedding_dim
    if isinstance(dims, Integral):
        return [int(dims)] * len(categories)
    if dims is None or isinstance(dims, str):
        return [auto_width(len(known)) for known in categories]
    sizes = list(dims)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) and size > 0 for size in sizes):
        raise ValueError(f"embedding_dim must be an int of at least 1, 'auto' or several of such ints, got {dims!r}.")
    if len(sizes) != len(categories):
        raise ValueError(
            f"Expected embedding_dim to have {len(categories)} entries, one for each column of categorical_features, "
            f"got {len(sizes)}."
        )
    return [int(sizes[k]) for k in np.argsort(columns)]


# --- vectors that are given -------------------------------------------------------------------------------------------


def refuse_contradictions(model, *, resume):
    """Raise for parameters of embeddings that exclude each other."""
    if model.pad_token is not None and model.categorical_features is not None:
        raise ValueError(
            "Expected pad_token=None with categorical_features, whose steps are no tokens, got "
            f"pad_token={model.pad_token}. Set pad_value={model.pad_token}, which all features of a step of padding "
            "have, and pad_token=None."
        )
    if model.embedding_init is not None and not reads_tokens(model):
        if model.categorical_features is not None:
            raise ValueError(
                "Expected categorical_features=None with embedding_init, whose vectors are those of tokens, one token "
                f"per step, got categorical_features={short_repr(model.categorical_features)}."
            )
        raise ValueError(
            "Expected embedding_dim with embedding_init, whose vectors are those of tokens, got embedding_dim=None. "
            "Set embedding_dim='auto': it is the size of the vectors."
        )
    if not resume:
        if not model.embedding_trainable and model.embedding_init is None:
            raise ValueError("Expected embedding_init, the vectors to keep, with embedding_trainable=False, got None.")
        return
    has_vector = vars(model).get("_has_vector")
    if has_vector is None and (model.embedding_init is not None or not model.embedding_trainable):
        raise ValueError(
            "Expected embedding_init=None and embedding_trainable=True, since the last fit began without given "
            "vectors, and training starts from its weights. To begin with vectors, fit with warm_start=False."
        )


def given_vectors(model, tokens):
    """Which `tokens` have a vector, (V,); and these vectors, float64. None if there are none at all.

    Raises
    ------
    ValueError
        If they have not `embedding_dim` columns, or hold anything but finite numbers.
    """
    if model.embedding_init is None:
        return None
    vectors = _opened(model.embedding_init)
    width = token_width(model, len(tokens))
    if _width_of(vectors) != width:
        raise ValueError(
            f"Expected vectors of size embedding_dim={width} in embedding_init, got {_width_of(vectors)}. "
            f"Set embedding_dim={_width_of(vectors)}."
        )
    if isinstance(vectors, dict):
        has_vector = np.array([token in vectors and not _is_masked(vectors[token]) for token in tokens.tolist()])
        rows = [np.asarray(plain(vectors[token]), np.float64) for token in tokens[has_vector].tolist()]
        rows = np.array(rows).reshape(len(rows), width)
    else:
        has_vector = tokens < len(vectors)
        rows = np.asarray(vectors[tokens[has_vector]], np.float64)
        absent = np.isnan(rows).all(axis=1)
        has_vector[np.flatnonzero(has_vector)[absent]] = False
        rows = rows[~absent]
    _check(rows, tokens[has_vector])
    if not has_vector.any():
        warn_of_data(
            f"No token of X has a vector in embedding_init; those of X are {short_repr(tokens.tolist())}. Are the ids "
            "those of the tokenizer? {tokenizer.vocabulary_[word]: vector} is made of vectors by word."
        )
    return has_vector, rows


def _opened(init):
    """`embedding_init` as an array or a dict; a file is read row by row where it is used."""
    if isinstance(init, str | os.PathLike):
        vectors = np.load(init, mmap_mode="r", allow_pickle=False)
        if not isinstance(vectors, np.ndarray):
            raise ValueError(f"Expected embedding_init to be a .npy file of one array, got {os.fspath(init)!r}.")
    elif isinstance(init, dict):
        return _checked_dict(init)
    elif is_frame(init):
        _refuse_other_index(as_frame(init))
        vectors = numbers_of_frame(init, lambda: Place("embedding_init"))
    else:
        vectors = plain(init)
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        raise ValueError(
            "Expected embedding_init to be an array of numbers (n_ids, embedding_dim), whose row is the id, got "
            f"{vectors.dtype} of shape {vectors.shape}."
        )
    return vectors


def _is_masked(vector):
    """Whether there is nothing in a vector: it is as if it were not there."""
    return isinstance(vector, np.ma.MaskedArray) and bool(np.ma.getmaskarray(vector).all())


def _refuse_other_index(frame):
    """Raise for a frame of pandas whose index says other ids than the numbers of its rows."""
    if not is_pandas_type(type(frame)) or np.array_equal(frame.index, np.arange(len(frame))):
        return
    ids = frame.index.tolist()
    line = "Give the frame that index."
    if len(set(ids)) == len(ids) and all(isinstance(token, Integral) for token in ids):
        line = "If the index holds the ids: embedding_init=dict(zip(frame.index, frame.to_numpy()))"
    elif all(isinstance(token, str) for token in ids):
        line = (
            "For vectors by word: {tokenizer.vocabulary_[word]: vector for word, vector in zip(frame.index, "
            "frame.to_numpy()) if word in tokenizer.vocabulary_}."
        )
    raise ValueError(
        "Expected embedding_init as a data frame to have the index 0, 1, 2, ..., since the number of a row is the id, "
        f"got {short_repr(ids)}. {line}"
    )


def _checked_dict(init):
    if not init:
        raise ValueError("Expected embedding_init with at least one vector, got an empty dict.")
    width = None
    for token, vector in init.items():
        if not isinstance(token, Integral):
            raise ValueError(
                f"Expected the keys of embedding_init to be ids, which are integers, got {short_repr(token)}. For "
                "vectors by word: {tokenizer.vocabulary_[word]: vector for word, vector in vectors.items() "
                "if word in tokenizer.vocabulary_}."
            )
        shape = np.shape(vector)
        if width is None:
            width = shape
        if len(shape) != 1 or shape != width:
            raise ValueError(
                f"Expected the vectors of embedding_init to have one shape (embedding_dim,), got {width} and, for id "
                f"{token}, {shape}."
            )
    return init


def _width_of(vectors):
    if isinstance(vectors, dict):
        return len(next(iter(vectors.values())))
    return vectors.shape[1]


def _check(rows, tokens):
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        token = tokens[finite.argmin()]
        raise ValueError(
            f"Expected finite numbers in embedding_init, got NaN or infinity for id {token}. In an array, a row of NaN "
            "alone is no vector."
        )
