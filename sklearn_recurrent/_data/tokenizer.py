"""Texts as sequences of integer ids, and back."""

import re
from collections import Counter
from numbers import Integral, Real
from reprlib import repr as short

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._sklearn import Interval, SequenceTransformerMixin, StrOptions, _fit_context
from .sequences import as_array, as_sequences, object_array, unwrap

PADDING, UNKNOWN = 0, 1
RESERVED = ["[PAD]", "[UNK]"]  # what they are called


class SequenceTokenizer(SequenceTransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    r"""Turn texts into sequences of integer ids.

    A text is cut into tokens, words or characters, and each token becomes the id that `fit` has given to it. The
    estimators of this library read the ids with the parameter ``embedding_dim``.

    Parameters
    ----------
    level : {"word", "char"} or callable, default="word"
        What the tokens of a string are: what `token_pattern` matches, single characters (blanks included), or what
        ``level(text)`` returns, a list. Items of `X` that are lists of tokens already are taken as they are.
    lowercase : bool, default=True
        Whether strings are put into lower case before they are cut. Tokens that come in lists keep their case.
    token_pattern : str, default=r"\w+(?:['’]\w+)*|[^\w\s]"
        Regular expression of a token for ``level="word"``. By default these are words, in which an apostrophe may
        stand (don't), and single signs of punctuation. If there is a group in it, the token is what the group matches.
    max_tokens : int, default=None
        Size of the vocabulary at most, at least 1: the most frequent tokens are kept. The ids 0 and 1 do not count.
        None keeps all.
    min_df : int or float, default=1
        The number of texts, or for a float in (0, 1] the fraction of them, in which a token must occur to be kept.

    Attributes
    ----------
    vocabulary_ : dict
        Token → id, from 2 on: the more often a token occurs in all texts together, the smaller its id. Those that
        occur equally often are in alphabetical order.
    tokens_ : ndarray of shape (len(vocabulary_) + 2,), dtype object
        Id → token: ``tokens_[id]``. The first two are ``"[PAD]"`` and ``"[UNK]"``.

    See Also
    --------
    SequencePadder : Sequences of ids as one rectangular array.
    sklearn.feature_extraction.text.CountVectorizer : How often each token occurs, without their order.

    Notes
    -----
    Two ids are reserved. 0 is padding: no token has it, so that zeros can fill up a rectangular array. 1 is any token
    that is not in the vocabulary. A text without a token becomes ``[1]``, since a sequence has at least one step.

    The ids do not depend on the order of the texts. Tokens may be anything hashable but NaN; if they cannot be compared
    with each other, those that occur equally often are ordered by type, then by ``repr``.

    Scripts without blanks between words, such as Chinese, and those with combining vowel signs, such as Devanagari,
    which ``\w`` does not match, are served better by ``level="char"`` or a callable.

    `X` has no columns of numbers, and so there is no ``n_features_in_``. The result is a list under any
    ``set_output`` and any global ``transform_output``.

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

    _parameter_constraints = {
        "level": [StrOptions({"word", "char"}), callable],
        "lowercase": ["boolean"],
        "token_pattern": [str],
        "max_tokens": [Interval(Integral, 1, None, closed="left"), None],
        "min_df": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        level="word",
        *,
        lowercase=True,
        token_pattern=r"\w+(?:['’]\w+)*|[^\w\s]",
        max_tokens=None,
        min_df=1,
    ):
        self.level = level
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.max_tokens = max_tokens
        self.min_df = min_df

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            Texts, each a string or a list, tuple or 1-D array of tokens; an array or a data frame may have one column.
        y : None
            Ignored.

        Returns
        -------
        self : SequenceTokenizer
            The fitted transformer.

        Raises
        ------
        TypeError
            If `X` is a single string, or no container of those above.
        ValueError
            If a text is neither a string nor a list of tokens, if a token is not hashable or is NaN, if `token_pattern`
            is not a regular expression with one group at most, or if no token is left for the vocabulary.
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

    def transform(self, X):
        """Turn texts into sequences of ids.

        Parameters
        ----------
        X : list, tuple, array, Series or data frame
            As in `fit`.

        Returns
        -------
        ids : list of ndarray of shape (T_i,), dtype int32
            One id per token; 1 for a token that is not in the vocabulary, and ``[1]`` for a text without any.

        Raises
        ------
        TypeError
            If `X` is a single string, or no container of those of `fit`.
        ValueError
            If a text is neither a string nor a list of tokens, or if a token is not hashable or is NaN.
        """
        check_is_fitted(self)
        known = self.vocabulary_.get
        return [
            np.array([known(token, UNKNOWN) for token in tokens] or [UNKNOWN], dtype=np.int32)
            for tokens in self._cut(X)
        ]

    def inverse_transform(self, X):
        """Turn sequences of ids into lists of tokens.

        A string of them is ``" ".join(tokens)``, or ``"".join(tokens)`` for ``level="char"``.

        Parameters
        ----------
        X : list, tuple, array or Series
            Sequences of ids, as lists or arrays ``(T_i,)``, or padded with 0 in one array ``(n, T)``.

        Returns
        -------
        tokens : list of lists
            The tokens of each sequence: ``"[UNK]"`` for the id 1, nothing for 0.

        Raises
        ------
        ValueError
            If something in a sequence is not an id.
        """
        check_is_fitted(self)
        form, rows = unwrap(X)
        rows = as_sequences(X) if form == "numbers" else rows
        return [self._tokens_of(j, as_array(j, x)) if np.size(x) else [] for j, x in enumerate(rows)]

    def get_feature_names_out(self, input_features=None):
        """Name the ids: what a column for each of them, as in a one-hot encoding, would be called.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of str objects
            ``str(token)`` for each of ``tokens_``; a name's place is its id.
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
