"""Turn texts into sequences of integer ids, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from numbers import Integral, Real
from reprlib import repr as short_repr
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._sklearn import Interval, SequenceTransformerMixin, StrOptions, _fit_context
from .arrays import array_of
from .containers import list_hint, object_array, unwrap
from .sequences import as_array, as_sequences

PADDING = 0
UNKNOWN = 1
RESERVED = ["[PAD]", "[UNK]"]  # the tokens of these two ids


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
        n_texts = 0
        term_frequency = Counter()
        document_frequency = Counter()
        for tokens in self._tokenize(X):
            n_texts += 1
            term_frequency.update(tokens)
            document_frequency.update(set(tokens))
        kept = self._frequent_tokens(document_frequency, n_texts)
        # The second sort is stable: tokens of equal frequency stay in alphabetical order.
        kept = sorted(_alphabetical(kept), key=term_frequency.get, reverse=True)[: self.max_tokens]
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
        id_of = self.vocabulary_.get
        sequences = []
        for tokens in self._tokenize(X):
            # A sequence has at least one step, so a text without tokens becomes one unknown token.
            ids = [id_of(token, UNKNOWN) for token in tokens] or [UNKNOWN]
            sequences.append(np.array(ids, dtype=np.int32))
        return sequences

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
        if form == "numbers":
            rows = as_sequences(X)
        texts = []
        for j, x in enumerate(rows):
            # as_array refuses empty sequences, which have no tokens here.
            texts.append(self._tokens_of(j, as_array(j, x)) if np.size(x) else [])
        return texts

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

    def _frequent_tokens(self, document_frequency, n_texts):
        """The tokens that occur in at least `min_df` of the texts."""
        if not document_frequency:
            raise ValueError(
                f"Expected texts with at least one token, got {n_texts} texts without any. "
                "Check level, token_pattern and the texts."
            )
        if not isinstance(self.min_df, Integral):
            # Counts are divided, not the fraction multiplied: 0.29 * 100 is above 29.
            document_frequency = {token: count / n_texts for token, count in document_frequency.items()}
        kept = [token for token, frequency in document_frequency.items() if frequency >= self.min_df]
        if not kept:
            raise ValueError(
                f"Expected at least one token with min_df={self.min_df}, got none: {n_texts} texts contain "
                f"{len(document_frequency)} different tokens, all of them less frequent. An int counts texts, a float "
                "is a fraction of them; min_df=1 keeps every token."
            )
        return kept

    def _tokenize(self, X):
        """Yield the tokens of one text after the other."""
        analyze = self._analyzer()
        for j, text in enumerate(_texts(X)):
            tokens = text
            expected = f"Expected text {j} to be a string or a list of tokens"
            if isinstance(text, str):
                tokens = analyze(text.lower() if self.lowercase else text)
                expected = f"Expected level to return a list of tokens for text {j}"
            if hasattr(tokens, "__array__"):
                tokens = _tokens_of_array(j, tokens)
            if not isinstance(tokens, list | tuple):
                raise ValueError(f"{expected}, got {short_repr(tokens)}.")
            _check_tokens(j, tokens)
            yield tokens

    def _analyzer(self):
        """The function that splits a string into a list of tokens."""
        if callable(self.level):
            return self.level
        if self.level == "char":
            return list
        try:
            pattern = re.compile(self.token_pattern)
        except re.error as error:
            raise ValueError(
                f"Expected token_pattern to be a regular expression, got {self.token_pattern!r}: {error}."
            ) from error
        if pattern.groups > 1:
            # findall would return tuples.
            raise ValueError(
                f"Expected token_pattern to have at most one capturing group, got {pattern.groups} in "
                f"{self.token_pattern!r}. Write (?:...) for a group that does not capture."
            )
        return pattern.findall

    def _tokens_of(self, j, x):
        """The tokens of sequence `j` of ids, without padding."""
        if x.shape[1:] == (1,):
            x = x.ravel()
        if x.ndim > 1:
            raise ValueError(f"Expected sequence {j} to have one id per time step, got shape {x.shape}.")
        is_id = (x >= 0) & (x < len(self.tokens_)) & (np.floor(x) == x)
        if not is_id.all():
            t = is_id.argmin()
            raise ValueError(
                f"Expected ids to be whole numbers from 0 to {len(self.tokens_) - 1}, "
                f"got {x[t]} in sequence {j}, step {t}."
            )
        return self.tokens_[x[x != PADDING].astype(np.intp)].tolist()


def _texts(X):
    """The items of a container of texts, unchanged."""
    if not isinstance(X, list | tuple):
        if isinstance(X, str) or not hasattr(X, "__array__"):  # numpy.str_ has __array__, too
            raise TypeError(
                f"Expected X to be a list or another container of texts, got {type(X).__name__}.{list_hint(X)}"
            )
        X = array_of(X)
        is_masked = np.ma.getmaskarray(X)
        if is_masked.any():
            raise ValueError(f"Expected no missing texts, got a masked one: text {is_masked.argmax()}.")
        X = np.asarray(X)
        if X.ndim != 1 and X.shape[1:] != (1,):
            raise ValueError(f"Expected X to have shape (n_texts,) or (n_texts, 1), got {X.shape}.")
        X = X.ravel().tolist()
    if not X:
        raise ValueError("Expected X to contain at least one text, got none.")
    return X


def _tokens_of_array(j, tokens):
    tokens = array_of(tokens)
    is_masked = np.ma.getmaskarray(tokens)
    if is_masked.any():
        raise ValueError(f"Expected no missing tokens in text {j}, got a masked one: token {is_masked.argmax()}.")
    return tokens.tolist()


def _check_tokens(j, tokens):
    """Raise for tokens that a dict cannot find again."""
    try:
        missing = {token for token in set(tokens) if token != token}  # NaN and NaT
    except TypeError as error:
        raise ValueError(f"Expected hashable tokens in text {j}, got one that cannot be looked up: {error}.") from error
    if missing:
        raise ValueError(f"Expected no missing tokens in text {j}, got {missing.pop()}.")


def _alphabetical(tokens):
    try:
        return sorted(tokens)
    except TypeError:  # tokens of several types
        return sorted(tokens, key=lambda token: (type(token).__name__, repr(token)))
