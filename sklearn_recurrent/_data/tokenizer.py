"""Texts as sequences of integer ids, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from numbers import Integral, Real
from reprlib import repr as short
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._sklearn import Interval, SequenceTransformerMixin, StrOptions, _fit_context
from .sequences import as_array, as_sequences, object_array, unwrap

PADDING, UNKNOWN = 0, 1
RESERVED = ["[PAD]", "[UNK]"]  # what they are called


class SequenceTokenizer(SequenceTransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    r"""Turn texts into sequences of integer tokens.

    A text is split into words or characters, and each of them becomes the integer that `fit` has assigned to it. The
    estimators of this package read these integers with the parameter ``embedding_dim``.

    Parameters
    ----------
    level : {"word", "char"} or callable, default="word"
        How a string is split: into the matches of `token_pattern`, into characters (blanks included), or into the list
        that ``level(text)`` returns. Items of `X` that are lists of tokens are not split.
    lowercase : bool, default=True
        Whether strings are converted to lower case before they are split. Tokens in lists keep their case.
    token_pattern : str, default=r"\w+(?:['’]\w+)*|[^\w\s]"
        Regular expression of a token for ``level="word"``. By default a word, which may contain apostrophes (don't), or
        a single punctuation mark. If it has a group, the token is what the group matches.
    max_tokens : int, default=None
        Maximum size of the vocabulary, at least 1, without the reserved ids 0 and 1. The most frequent tokens are kept.
        None keeps all.
    min_df : int or float, default=1
        Minimum number of texts, or for a float in (0, 1] minimum fraction of the texts, that contain a token.

    Attributes
    ----------
    vocabulary_ : dict
        Token → id, from 2 on. More frequent tokens have smaller ids; equally frequent ones are in alphabetical order.
    tokens_ : ndarray of shape (len(vocabulary_) + 2,), dtype object
        Id → token, ``tokens_[id]``. The first two are ``"[PAD]"`` and ``"[UNK]"``.

    See Also
    --------
    SequencePadder : Sequences of ids as one rectangular array.
    sklearn.feature_extraction.text.CountVectorizer : Counts of each token, without order.

    Notes
    -----
    Two ids are reserved. 0 is padding: no token has it. 1 is any token that is not in the vocabulary. A text without
    tokens becomes ``[1]``, since a sequence has at least one step.

    The ids do not depend on the order of the texts. Tokens can be any hashable objects except NaN. If they cannot be
    compared with each other, equally frequent ones are ordered by type, then by ``repr``.

    Scripts without blanks between words, such as Chinese, and with combining vowel signs, such as Devanagari, which
    ``\w`` does not match, need ``level="char"`` or a callable.

    There is no ``n_features_in_``, since `X` has no numeric columns. The result is a list, whatever ``set_output``
    says.

    Examples
    --------
    >>> from sklearn_recurrent import SequenceTokenizer
    >>> texts = ["Good, really good!", "Not good.", "I don't know."]
    >>> tokenizer = SequenceTokenizer().fit(texts)
    >>> tokenizer.vocabulary_["good"], tokenizer.vocabulary_["don't"]
    (2, 6)
    >>> ids = tokenizer.transform(["Really not good?", ""])
    >>> [x.tolist() for x in ids]
    [[10, 9, 2, 1], [1]]
    >>> tokenizer.inverse_transform(ids)
    [['really', 'not', 'good', '[UNK]'], ['[UNK]']]
    """

    vocabulary_: dict[Any, int]
    tokens_: np.ndarray

    _parameter_constraints = {
        "level": [StrOptions({"word", "char"}), callable],
        "lowercase": ["boolean"],
        "token_pattern": [str],
        "max_tokens": [Interval(Integral, 1, None, closed="left"), None],
        "min_df": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        level: Literal["word", "char"] | str | Callable[[str], Any] = "word",
        *,
        lowercase: bool = True,
        token_pattern: str = r"\w+(?:['’]\w+)*|[^\w\s]",
        max_tokens: int | None = None,
        min_df: float = 1,
    ) -> None:
        self.level = level
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.max_tokens = max_tokens
        self.min_df = min_df

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Texts, each a string or a list, tuple or 1-D array of tokens. An array or data frame can have one column.
        y : None
            Ignored.

        Returns
        -------
        self : SequenceTokenizer
            The fitted transformer.

        Raises
        ------
        TypeError
            If `X` is a single string or not one of these containers.
        ValueError
            If a text is neither a string nor a list of tokens, a token is NaN or not hashable, `token_pattern` is not a
            regular expression with at most one group, or no token is left for the vocabulary.
        """
        n_texts, occurrences, texts_with = 0, Counter(), Counter()
        for tokens in self._cut(X):
            n_texts += 1
            occurrences.update(tokens)
            texts_with.update(set(tokens))
        whole = 1 if isinstance(self.min_df, Integral) else n_texts
        kept = [token for token, count in texts_with.items() if count / whole >= self.min_df]
        if not kept:
            raise ValueError(
                f"No token is left for the vocabulary: {n_texts} texts have {len(occurrences)} different tokens, and "
                f"none is in min_df={self.min_df} of the texts, where an int is a number and a float a fraction."
            )
        kept = sorted(_in_alphabetical_order(kept), key=occurrences.get, reverse=True)[: self.max_tokens]
        self.vocabulary_ = {token: i for i, token in enumerate(kept, len(RESERVED))}
        self.tokens_ = object_array(RESERVED + kept)
        return self

    def transform(self, X) -> list[np.ndarray]:
        """Turn texts into sequences of ids.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Texts, in any form that `fit` takes.

        Returns
        -------
        ids : list of ndarray of shape (T_i,), dtype int32
            One id per token: 1 for a token that is not in the vocabulary, and ``[1]`` for a text without tokens.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        TypeError
            If `X` is a single string or not one of the containers of `fit`.
        ValueError
            If a text is neither a string nor a list of tokens, or a token is NaN or not hashable.
        """
        check_is_fitted(self)
        known = self.vocabulary_.get
        return [
            np.array([known(token, UNKNOWN) for token in tokens] or [UNKNOWN], dtype=np.int32)
            for tokens in self._cut(X)
        ]

    def inverse_transform(self, X) -> list[list[Any]]:
        """Turn sequences of ids into lists of tokens.

        Join them by ``" ".join(tokens)``, or by ``"".join(tokens)`` for ``level="char"``.

        Parameters
        ----------
        X : list, tuple, array or Series
            Sequences of ids, as lists or arrays ``(T_i,)``, or padded by 0 in one array ``(n, T)``.

        Returns
        -------
        tokens : list of lists
            The tokens of each sequence: ``"[UNK]"`` for the id 1, nothing for 0.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If a value is not an id.
        """
        check_is_fitted(self)
        form, rows = unwrap(X)
        rows = as_sequences(X) if form == "numbers" else rows
        return [self._tokens_of(j, as_array(j, x)) if np.size(x) else [] for j, x in enumerate(rows)]

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return a name for each id, as for the columns of a one-hot encoding.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of str objects
            ``str(token)`` for each of ``tokens_``, in the order of the ids.
        """
        check_is_fitted(self)
        return object_array([str(token) for token in self.tokens_])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _cut(self, X):
        """The tokens of one text after the other."""
        cut = self._cutter()
        for j, text in enumerate(_texts(X)):
            is_string = isinstance(text, str)
            tokens = cut(text.lower() if self.lowercase else text) if is_string else text
            if hasattr(tokens, "__array__"):
                tokens = np.asarray(tokens).tolist()
            if not isinstance(tokens, list | tuple):
                what = f"level(text {j})" if is_string else f"Text {j}"
                wanted = "a list of tokens" if is_string else "a string or a list of tokens"
                raise ValueError(f"{what} is {short(tokens)}, but {wanted} is wanted.")
            _check_that_tokens_can_be_found_again(j, tokens)
            yield tokens

    def _cutter(self):
        """The function that makes a list of tokens of a string."""
        if callable(self.level):
            return self.level
        if self.level == "char":
            return list
        try:
            pattern = re.compile(self.token_pattern)
        except re.error as error:
            raise ValueError(f"token_pattern={self.token_pattern!r} is no regular expression: {error}.") from error
        if pattern.groups > 1:
            raise ValueError(
                f"token_pattern={self.token_pattern!r} has {pattern.groups} groups, but one at most is wanted: (?:...) "
                "is a group that does not count."
            )
        return pattern.findall

    def _tokens_of(self, j, x):
        x = x.ravel() if x.shape[1:] == (1,) else x
        if x.ndim > 1:
            raise ValueError(f"Sequence {j} has shape {x.shape}, but one id per step is wanted.")
        is_id = (x >= 0) & (x < len(self.tokens_)) & (np.floor(x) == x)
        if not is_id.all():
            t, largest = is_id.argmin(), len(self.tokens_) - 1
            raise ValueError(f"Sequence {j}, step {t} is {x[t]}, but an id from 0 to {largest} is wanted.")
        return self.tokens_[x[x != PADDING].astype(np.intp)].tolist()


def _texts(X):
    """The items of a container of texts, as they are."""
    if not isinstance(X, list | tuple):
        if isinstance(X, str) or not hasattr(X, "__array__"):  # an np.str_ has it too
            hint = "[X]" if isinstance(X, str | bytes) else "list(X)"
            raise TypeError(
                f"X is a {type(X).__name__}, but a list of texts or another container of them is wanted: {hint}."
            )
        X = np.asarray(X)
        if X.ndim != 1 and X.shape[1:] != (1,):
            raise ValueError(f"X has shape {X.shape}, but texts in one dimension or one column are wanted.")
        X = X.ravel().tolist()
    if not X:
        raise ValueError("X is empty, but at least one text is wanted.")
    return X


def _check_that_tokens_can_be_found_again(j, tokens):
    try:
        missing = {token for token in set(tokens) if token != token}  # NaN and its like
    except TypeError as error:
        raise ValueError(f"Text {j} has a token that cannot be looked up: {error}.") from error
    if missing:
        raise ValueError(f"Text {j} has a missing token: {missing.pop()}.")


def _in_alphabetical_order(tokens):
    try:
        return sorted(tokens)
    except TypeError:  # of several types
        return sorted(tokens, key=lambda token: (type(token).__name__, repr(token)))
