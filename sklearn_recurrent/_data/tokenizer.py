"""Turn texts into sequences of integer ids, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from numbers import Integral, Real
from reprlib import repr as short_repr
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._sklearn import Interval, SequenceTransformerMixin, StrOptions, _fit_context
from . import hints
from .arrays import array_of, is_no_value, of_scalar, of_scalars, words_of
from .containers import object_array, unwrap
from .marks import TOKENS, marked
from .sequences import as_array, as_sequences

PADDING = 0
UNKNOWN = 1
RESERVED = ["[PAD]", "[UNK]"]  # the tokens of these two ids
ID_DTYPE = marked(np.empty(0, np.int32), TOKENS).dtype


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
    vocabulary : dict or iterable, default=None
        The ids, if they are to be fixed: token → id, from 2 on without gaps; or the tokens in the order of their ids,
        of which the first gets the id 2. `max_tokens` and `min_df` are not used then. None learns them in `fit`.

    Attributes
    ----------
    vocabulary_ : dict
        Token → id, from 2 on, in the order of the ids. Unless `vocabulary` fixes them, more frequent tokens have
        smaller ids, and equally frequent ones are in alphabetical order.
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

    With `vocabulary`, `transform` needs no `fit` before, as in CountVectorizer. The names of the reserved ids may stand
    in front, as they do in ``tokens_``, or have the ids 0 and 1; in texts they are unknown tokens. A set is sorted.

    The ids do not depend on the order of the texts. Tokens can be any hashable objects but missing values (None, NaN,
    NA). If they cannot be compared with each other, equally frequent ones are ordered by type, then by ``repr``.

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

    Fixed ids, such as those of the rows of a table of pre-trained vectors:

    >>> [x.tolist() for x in SequenceTokenizer(vocabulary=["good", "bad"]).transform(["Good or bad?"])]
    [[2, 1, 3, 1]]
    """

    vocabulary_: dict[Any, int]
    tokens_: np.ndarray

    _parameter_constraints = {
        "level": [StrOptions({"word", "char"}), callable],
        "lowercase": ["boolean"],
        "token_pattern": [str],
        "max_tokens": [Interval(Integral, 1, None, closed="left"), None],
        "min_df": [Interval(Real, 0, None, closed="neither")],
        "vocabulary": [Mapping, Iterable, None],
    }

    def __init__(
        self,
        level: Literal["word", "char"] | str | Callable[[str], Any] = "word",
        *,
        lowercase: bool = True,
        token_pattern: str = r"\w+(?:['’]\w+)*|[^\w\s]",
        max_tokens: int | None = None,
        min_df: float = 1,
        vocabulary: Mapping[Any, int] | Iterable[Any] | None = None,
    ) -> None:
        self.level = level
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.max_tokens = max_tokens
        self.min_df = min_df
        self.vocabulary = vocabulary

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None) -> Self:
        """Learn the vocabulary, or check the one that is fixed.

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
            If a text is neither a string nor a list of tokens, a token is missing or not hashable, `token_pattern` is
            not a regular expression with at most one group, no token is left for the vocabulary, or the ids of
            `vocabulary` are invalid.
        """
        if self.vocabulary is not None:
            tokens = _tokens_in_order(self.vocabulary)
            for _ in self._tokenize(X):  # fit refuses what transform would refuse
                pass
        else:
            tokens = self._most_frequent(X)
        self.vocabulary_, self.tokens_ = _numbered(tokens)
        return self

    def _most_frequent(self, X):
        """The tokens of the texts that are kept, more frequent ones first."""
        n_texts = 0
        term_frequency = Counter()
        document_frequency = Counter()
        for tokens in self._tokenize(X):
            n_texts += 1
            term_frequency.update(tokens)
            document_frequency.update(set(tokens))
        kept = self._frequent_tokens(document_frequency, n_texts)
        # The second sort is stable: tokens of equal frequency stay in alphabetical order.
        return sorted(_alphabetical(kept), key=term_frequency.get, reverse=True)[: self.max_tokens]

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
            If a text is neither a string nor a list of tokens, or a token is missing or not hashable.
        """
        id_of = self._vocabulary()[0].get
        sequences = []
        for tokens in self._tokenize(X):
            # A sequence has at least one step, so a text without tokens becomes one unknown token.
            ids = [id_of(token, UNKNOWN) for token in tokens] or [UNKNOWN]
            sequences.append(np.array(ids, dtype=ID_DTYPE))
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
        names = self._vocabulary()[1]
        form, rows = unwrap(X)
        if form == "numbers":
            rows = as_sequences(X)
        texts = []
        for j, x in enumerate(rows):
            # as_array refuses empty sequences, which have no tokens here.
            texts.append(_tokens_of(j, as_array(j, x), names) if np.size(x) else [])
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
        return object_array([str(token) for token in self._vocabulary()[1]])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = self.vocabulary is None
        return tags

    def __sklearn_is_fitted__(self):
        return self.vocabulary is not None or hasattr(self, "vocabulary_")

    def _vocabulary(self):
        """Token → id, and id → token: as fitted, or as fixed by `vocabulary` before there is a fit."""
        if hasattr(self, "vocabulary_"):
            return self.vocabulary_, self.tokens_
        check_is_fitted(self)
        return _numbered(_tokens_in_order(self.vocabulary))

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
            text = of_scalar(text)
            tokens = text
            expected = f"Expected text {j} to be a string or a list of tokens"
            if isinstance(text, str):
                tokens = analyze(text.lower() if self.lowercase else text)
                expected = f"Expected level to return a list of tokens for text {j}"
            if hasattr(tokens, "__array__"):
                tokens = _tokens_of_array(j, tokens)
            if not isinstance(tokens, list | tuple):
                raise ValueError(f"{expected}, got {short_repr(tokens)}.")
            tokens = of_scalars(tokens)
            _check_tokens(f"text {j}", tokens)
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


def _texts(X):
    """The items of a container of texts, unchanged."""
    if not isinstance(X, list | tuple):
        if isinstance(X, str) or not hasattr(X, "__array__"):  # numpy.str_ has __array__, too
            raise TypeError(
                f"Expected X to be a list or another container of texts, got {type(X).__name__}.{hints.of_container(X)}"
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


def _tokens_of(j, x, names):
    """The tokens of sequence `j` of ids, without padding."""
    if x.shape[1:] == (1,):
        x = x.ravel()
    if x.ndim > 1:
        raise ValueError(f"Expected sequence {j} to have one id per time step, got shape {x.shape}.")
    is_id = (x >= 0) & (x < len(names)) & (np.floor(x) == x)
    if not is_id.all():
        t = is_id.argmin()
        raise ValueError(
            f"Expected ids to be whole numbers from 0 to {len(names) - 1}, got {x[t]} in sequence {j}, step {t}."
        )
    return names[x[x != PADDING].astype(np.intp)].tolist()


def _numbered(tokens):
    """Token → id, and id → token, with the reserved ids in front."""
    return {token: i for i, token in enumerate(tokens, len(RESERVED))}, object_array([*RESERVED, *tokens])


def _tokens_in_order(vocabulary):
    """The tokens of the parameter `vocabulary` in the order of their ids, without the reserved ones."""
    if isinstance(vocabulary, str | bytes) or not isinstance(vocabulary, Iterable):
        advice = " For its characters: vocabulary=list(vocabulary)." if isinstance(vocabulary, str) else ""
        raise ValueError(
            f"Expected vocabulary to be a dict or an iterable of tokens, got {short_repr(vocabulary)}.{advice}"
        )
    if isinstance(vocabulary, Mapping):
        tokens = _tokens_of_ids(vocabulary)
    elif isinstance(vocabulary, Set):
        tokens = _alphabetical(vocabulary)
    elif hasattr(vocabulary, "__array__"):
        tokens = np.asarray(vocabulary).tolist()
    else:
        tokens = list(vocabulary)
    while tokens and tokens[0] in RESERVED:
        tokens = tokens[1:]
    _check_tokens("vocabulary", tokens)
    _check_vocabulary(tokens)
    return tokens


def _tokens_of_ids(vocabulary):
    """The tokens of a dict token → id, in the order of the ids."""
    token_of = {}
    for token, i in vocabulary.items():
        wrong = None
        if isinstance(i, bool | np.bool_) or not isinstance(i, Integral):
            wrong = f"whole numbers, got {i!r} for {token!r}"
        elif token in RESERVED and i != RESERVED.index(token):
            wrong = f"{RESERVED.index(token)} for {token!r}, got {i}"
        elif token not in RESERVED and i < len(RESERVED):
            wrong = f"from 2 on, since 0 is padding and 1 an unknown token, got {i} for {token!r}"
        elif i in token_of:
            wrong = f"different, got {i} for {token_of[i]!r} and {token!r}"
        if wrong is not None:
            raise ValueError(f"Expected the ids of vocabulary to be {wrong}.{_IN_ORDER}")
        token_of[int(i)] = token
    ids = sorted(token_of)
    for expected, i in enumerate((i for i in ids if i >= len(RESERVED)), len(RESERVED)):
        if i != expected:
            raise ValueError(
                f"Expected the ids of vocabulary to be without gaps, got {i} for {token_of[i]!r} and no token for "
                f"{expected}.{_IN_ORDER}"
            )
    return [token_of[i] for i in ids]


_IN_ORDER = " To number the tokens anew, from 2 on: vocabulary=sorted(vocabulary, key=vocabulary.get)."


def _check_vocabulary(tokens):
    if not tokens:
        raise ValueError("Expected vocabulary to hold at least one token, got none. vocabulary=None learns the tokens.")
    if len(set(tokens)) < len(tokens):
        token, n = Counter(tokens).most_common(1)[0]
        raise ValueError(
            f"Expected each token of vocabulary once, got {token!r} {n} times. "
            "To keep the first of each: vocabulary=list(dict.fromkeys(vocabulary))."
        )
    for reserved in RESERVED:
        if reserved in tokens:
            raise ValueError(
                f"Expected {reserved!r}, the name of a reserved id, in front of vocabulary or not at all, got it "
                f"behind {tokens[tokens.index(reserved) - 1]!r}."
            )


def _check_tokens(place, tokens):
    """Raise for missing tokens, and for those that a dict cannot find again."""
    if set(map(type, tokens)) <= {str}:
        return
    for i, token in enumerate(tokens):
        if is_no_value(token):
            raise ValueError(f"Expected no missing tokens in {place}, got {words_of(token)}: token {i}.")
    try:
        set(tokens)
    except TypeError as error:
        raise ValueError(f"Expected hashable tokens in {place}, got one that cannot be looked up: {error}.") from error


def _alphabetical(tokens):
    try:
        return sorted(tokens)
    except TypeError:  # tokens of several types
        return sorted(tokens, key=lambda token: (type(token).__name__, repr(token)))
