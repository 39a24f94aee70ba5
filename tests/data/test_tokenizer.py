"""SequenceTokenizer: tokens, the vocabulary, containers, errors, and use with scikit-learn."""

import pickle
import re

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_recurrent import SequencePadder, SequenceTokenizer, as_column, as_sequences
from sklearn_recurrent._data import marks
from sklearn_recurrent._data.marks import mark_of

TEXTS = ["the cat sat on the mat", "The dog sat.", "a cat!", "the end", "dog eat dog"]
LABELS = ["cat", "dog", "cat", "none", "dog"]

# scikit-learn's checks of a class, whatever its X is.
CHECKS = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_feature_names_out_error",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_param_validation",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]
# scikit-learn's checks of methods on X, except those that require columns or an array as result.
CHECKS_OF_ROWS = [
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_fit_check_is_fitted",
    "check_fit_idempotent",
    "check_fit_score_takes_y",
    "check_inplace_ensure_writeable",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_pipeline_consistency",
    "check_readonly_memmap_input",
    "check_set_output_transform",
    "check_transformers_unfitted",
]


def words(text):
    return text.split()


def lists(ids):
    assert isinstance(ids, list)
    assert all(x.dtype == np.int32 and x.ndim == 1 for x in ids)
    return [x.tolist() for x in ids]


def random_texts(seed, n=200):
    rng = np.random.default_rng(seed)
    return [" ".join(f"w{k}" for k in rng.zipf(1.5, rng.integers(1, 20)) % 50) for _ in range(n)]


class RowsAsTexts(SequenceTokenizer):
    """Uses the numbers of the checks' arrays as tokens."""

    def _tokenize(self, X):
        return super()._tokenize([row.tolist() for row in np.asarray(X)])


class SharedTokens(ClassifierMixin, BaseEstimator):
    """Predicts the label of the text that shares the most ids."""

    def fit(self, X, y):
        self.texts_ = [set(x.tolist()) for x in X]
        self.classes_ = np.unique(y)
        self.labels_ = list(y)
        return self

    def predict(self, X):
        nearest = [max(range(len(self.texts_)), key=lambda j: len(self.texts_[j] & set(x.tolist()))) for x in X]
        return np.array([self.labels_[j] for j in nearest])


# --- the contract -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", CHECKS)
def test_scikit_learns_checks_of_the_class(check):
    getattr(estimator_checks, check)("SequenceTokenizer", SequenceTokenizer())


@pytest.mark.parametrize("check", CHECKS_OF_ROWS)
def test_scikit_learns_checks_with_numbers_as_tokens(check):
    getattr(estimator_checks, check)("RowsAsTexts", RowsAsTexts())


def test_the_tags_declare_strings_and_no_matrix():
    tags = get_tags(SequenceTokenizer()).input_tags
    assert (tags.string, tags.two_d_array, tags.allow_nan) == (True, False, False)


def test_methods_before_fit_raise_NotFittedError():
    for method in ["transform", "inverse_transform"]:
        with pytest.raises(NotFittedError):
            getattr(SequenceTokenizer(), method)(TEXTS)
    with pytest.raises(NotFittedError):
        SequenceTokenizer().get_feature_names_out()


# --- tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Good, really good!", ["good", ",", "really", "good", "!"]),
        ("I don't know.", ["i", "don't", "know", "."]),
        ("It’s rock'n'roll", ["it’s", "rock'n'roll"]),
        ("'quoted' dogs' tails", ["'", "quoted", "'", "dogs", "'", "tails"]),
        ("a+b=3.14", ["a", "+", "b", "=", "3", ".", "14"]),
        ("state-of-the-art?!", ["state", "-", "of", "-", "the", "-", "art", "?", "!"]),
        ("ÜBER\tden\n Fluß 😀", ["über", "den", "fluß", "😀"]),
        ("snake_case 2nd", ["snake_case", "2nd"]),
    ],
)
def test_words_keep_their_apostrophes_and_punctuation_is_a_token_each(text, tokens):
    tokenizer = SequenceTokenizer()
    assert tokenizer.inverse_transform(tokenizer.fit_transform([text])) == [tokens]


@pytest.mark.parametrize(
    ("parameters", "tokens"),
    [
        ({}, ["b", ",", "a"]),
        ({"lowercase": False}, ["B", ",", "a"]),
        ({"level": "char"}, ["b", ",", " ", "a"]),
        ({"level": "char", "lowercase": False}, ["B", ",", " ", "a"]),
        ({"level": words}, ["b,", "a"]),
        ({"level": words, "lowercase": False}, ["B,", "a"]),
        ({"level": lambda text: tuple(text.split(","))}, ["b", " a"]),
        ({"level": lambda text: np.array(text.split(","))}, ["b", " a"]),
        ({"token_pattern": r"\w"}, ["b", "a"]),
        ({"token_pattern": r"(\w),"}, ["b"]),
    ],
)
def test_the_parameters_define_the_tokens_of_a_string(parameters, tokens):
    tokenizer = SequenceTokenizer(**parameters)
    assert tokenizer.inverse_transform(tokenizer.fit_transform(["B, a"])) == [tokens]


@pytest.mark.parametrize("level", ["word", "char", words])
@pytest.mark.parametrize("container", [list, tuple, np.array, lambda x: np.array(x, dtype=object)])
def test_tokens_in_lists_are_unchanged(container, level):
    tokenizer = SequenceTokenizer(level).fit([container(["New York", "ab", "New York"]), container(["c!"])])
    assert tokenizer.vocabulary_ == {"New York": 2, "ab": 3, "c!": 4}
    assert {type(token) for token in tokenizer.vocabulary_} == {str}


def test_strings_and_lists_may_be_mixed():
    assert lists(SequenceTokenizer().fit_transform(["a B", ["a", "b", "a"]])) == [[2, 3], [2, 3, 2]]


# --- the vocabulary ---------------------------------------------------------------------------------------------------


def test_frequent_tokens_come_first_and_ties_are_in_alphabetical_order():
    tokenizer = SequenceTokenizer().fit(["d d d", "c b", "b c a"])
    assert tokenizer.vocabulary_ == {"d": 2, "b": 3, "c": 4, "a": 5}
    assert list(tokenizer.vocabulary_) == ["d", "b", "c", "a"]
    assert tokenizer.tokens_.tolist() == ["[PAD]", "[UNK]", "d", "b", "c", "a"]
    assert all(type(i) is int for i in tokenizer.vocabulary_.values())


@pytest.mark.parametrize("parameters", [{}, {"max_tokens": 20}, {"min_df": 3}, {"min_df": 0.05, "max_tokens": 5}])
def test_the_ids_do_not_depend_on_the_order_of_the_texts(parameters):
    texts = random_texts(0)
    expected = SequenceTokenizer(**parameters).fit(texts).vocabulary_
    for seed in range(5):
        shuffled = np.random.default_rng(seed).permutation(texts)
        assert list(SequenceTokenizer(**parameters).fit(shuffled).vocabulary_.items()) == list(expected.items())


@pytest.mark.parametrize("seed", range(3))
def test_ids_are_in_descending_order_of_frequency(seed):
    texts = random_texts(seed)
    tokenizer = SequenceTokenizer()
    flat = np.concatenate(tokenizer.fit_transform(texts))
    counts = np.bincount(flat)
    assert counts[:2].tolist() == [0, 0]
    assert len(counts) == len(tokenizer.vocabulary_) + 2
    assert (np.diff(counts[2:]) <= 0).all()
    ties = np.flatnonzero(np.diff(counts[2:]) == 0) + 2
    assert len(ties)
    assert (tokenizer.tokens_[ties] < tokenizer.tokens_[ties + 1]).all()


@pytest.mark.parametrize("max_tokens", [1, 2, 7, 10**6])
def test_max_tokens_keeps_the_first_of_the_vocabulary(max_tokens):
    texts = random_texts(1)
    whole = SequenceTokenizer().fit(texts)
    cut = SequenceTokenizer(max_tokens=max_tokens).fit(texts)
    assert list(cut.vocabulary_.items()) == list(whole.vocabulary_.items())[:max_tokens]
    for few, all_ in zip(cut.transform(texts), whole.transform(texts), strict=True):
        assert_array_equal(few, np.where(all_ < max_tokens + 2, all_, 1))


@pytest.mark.parametrize(
    ("min_df", "kept"),
    [(1, "abcd"), (2, "abc"), (3, "ab"), (10, "a"), (0.05, "abcd"), (0.2, "abc"), (0.3, "ab"), (0.31, "a"), (1.0, "a")],
)
def test_min_df_counts_texts_and_not_occurrences(min_df, kept):
    texts = ["a b", "a b", "a b c", "a c", "a d d d d", *5 * ["a"]]
    assert sorted(SequenceTokenizer(min_df=min_df).fit(texts).vocabulary_) == list(kept)


def test_a_min_df_of_k_percent_is_reached_by_k_of_100_texts():
    for n in range(1, 100):  # n / 100 * 100 can be above n
        texts = n * ["a b"] + (100 - n) * ["a"]
        assert len(SequenceTokenizer(min_df=n / 100).fit(texts).vocabulary_) == 2


def test_tokens_may_be_anything_hashable():
    X = [[("walk", 3), "", 7], [7, "a", frozenset({1})], [2.5, b"x", True]]
    tokenizer = SequenceTokenizer()
    assert tokenizer.inverse_transform(tokenizer.fit_transform(X)) == X
    assert tokenizer.tokens_.shape == (len(tokenizer.vocabulary_) + 2,)
    for order in [[1, 2, 0], [2, 1, 0]]:
        assert SequenceTokenizer().fit([X[j] for j in order]).vocabulary_ == tokenizer.vocabulary_


def test_lists_of_tuples_are_tokens_and_not_a_matrix():
    tokenizer = SequenceTokenizer().fit([[("b", 1), ("a", 2)], [("a", 2)]])
    assert tokenizer.tokens_.tolist() == ["[PAD]", "[UNK]", ("a", 2), ("b", 1)]


def test_numbers_are_ordered_as_numbers():
    assert SequenceTokenizer().fit([[10, 9, -1, 2.5]]).tokens_.tolist()[2:] == [-1, 2.5, 9, 10]


# --- a fixed vocabulary -----------------------------------------------------------------------------------------------

GIVEN = ["b", "a", "c"]


@pytest.mark.parametrize(
    "vocabulary",
    [
        GIVEN,
        tuple(GIVEN),
        np.array(GIVEN),
        {"b": 2, "a": 3, "c": 4},
        {"c": np.int64(4), "a": np.int32(3), "b": 2},
        {"[UNK]": 1, "c": 4, "a": 3, "[PAD]": 0, "b": 2},
        ["[PAD]", "[UNK]", *GIVEN],
        SequenceTokenizer().fit(["b b b a a c"]).vocabulary_,
        SequenceTokenizer().fit(["b b b a a c"]).tokens_,
    ],
)
@pytest.mark.parametrize("fitted", [False, True])
def test_the_ids_may_be_fixed(vocabulary, fitted):
    tokenizer = SequenceTokenizer(vocabulary=vocabulary, max_tokens=1, min_df=2)
    if fitted:
        assert tokenizer.fit(["z z", "a"]) is tokenizer
        assert list(tokenizer.vocabulary_.items()) == [("b", 2), ("a", 3), ("c", 4)]
        assert all(type(token) is str for token in tokenizer.vocabulary_)
        assert all(type(i) is int for i in tokenizer.vocabulary_.values())
        assert tokenizer.tokens_.tolist() == ["[PAD]", "[UNK]", *GIVEN]
    assert lists(tokenizer.transform(["c b z", ["[PAD]", "[UNK]", "a"]])) == [[4, 2, 1], [1, 1, 3]]
    assert tokenizer.inverse_transform([[0, 4, 1, 2]]) == [["c", "[UNK]", "b"]]
    assert tokenizer.get_feature_names_out().tolist() == ["[PAD]", "[UNK]", *GIVEN]
    assert hasattr(tokenizer, "vocabulary_") == fitted


def test_a_set_of_tokens_is_sorted():
    for vocabulary in ({"b", "a", "c"}, frozenset(GIVEN)):
        assert SequenceTokenizer(vocabulary=vocabulary).fit(TEXTS).tokens_.tolist()[2:] == ["a", "b", "c"]
    assert list({8, 1}) == [8, 1]
    assert SequenceTokenizer(vocabulary={8, 1}).fit(TEXTS).tokens_.tolist()[2:] == [1, 8]


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_a_series_of_tokens_fixes_the_ids(container):
    series = pytest.importorskip(container).Series(GIVEN)
    assert lists(SequenceTokenizer(vocabulary=series).transform(["a b c"])) == [[3, 2, 4]]


def test_a_fixed_vocabulary_is_fitted_and_says_so():
    fixed = SequenceTokenizer(vocabulary=GIVEN)
    check_is_fitted(fixed)
    assert not get_tags(fixed).requires_fit
    assert get_tags(SequenceTokenizer()).requires_fit
    with pytest.raises(ValueError, match="Expected text 0 to be a string or a list of tokens"):
        fixed.fit([3])


def test_a_vocabulary_may_hold_tokens_of_every_kind():
    tokenizer = SequenceTokenizer(vocabulary=[("a", 1), 7, ""]).fit([[7, ""]])
    assert lists(tokenizer.transform([["", ("a", 1), 7.0, 8]])) == [[4, 2, 3, 1]]


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ([], "Expected vocabulary to hold at least one token, got none"),
        ({}, "Expected vocabulary to hold at least one token, got none"),
        ({"[PAD]": 0}, "Expected vocabulary to hold at least one token, got none"),
        (["a", "b", "a"], "Expected each token of vocabulary once, got 'a' 2 times"),
        ("ab", r"Expected vocabulary to be a dict or an iterable of tokens, got 'ab'. .*vocabulary=list\(vocabulary\)"),
        ({"a": 2, "b": 2}, "ids of vocabulary to be different, got 2 for 'a' and 'b'"),
        ({"a": 2, "b": 4}, "ids of vocabulary to be without gaps, got 4 for 'b' and no token for 3"),
        (
            {"a": 0, "b": 1},
            "ids of vocabulary to be from 2 on, since 0 is padding and 1 an unknown token, got 0 for 'a'",
        ),
        ({"a": -1}, "ids of vocabulary to be from 2 on, .* got -1 for 'a'"),
        ({"a": 2.0}, "ids of vocabulary to be whole numbers, got 2.0 for 'a'"),
        ({"a": True}, "ids of vocabulary to be whole numbers, got True for 'a'"),
        ({"a": 2, "[UNK]": 3}, r"ids of vocabulary to be 1 for '\[UNK\]', got 3"),
        (["a", "[PAD]"], r"Expected '\[PAD\]', the name of a reserved id, in front of vocabulary .* behind 'a'"),
        ([["a"]], "Expected hashable tokens in vocabulary"),
        ([float("nan")], "Expected no missing tokens in vocabulary, got NaN: token 0"),
    ],
)
def test_ids_that_cannot_be_are_refused(vocabulary, message):
    tokenizer = SequenceTokenizer(vocabulary=vocabulary)
    for method in (tokenizer.fit, tokenizer.transform):
        with pytest.raises(ValueError, match=message):
            method(TEXTS)
    assert vars(tokenizer) == vars(SequenceTokenizer(vocabulary=vocabulary))


# --- ids --------------------------------------------------------------------------------------------------------------


def test_an_unseen_token_is_1_and_so_is_a_text_without_tokens():
    tokenizer = SequenceTokenizer().fit(["a b", ""])
    assert lists(tokenizer.transform(["a x b", "", " \n", [], "[PAD] [UNK]", ["[PAD]", "[UNK]", 5]])) == [
        [2, 1, 3],
        [1],
        [1],
        [1],
        [1] * 6,
        [1, 1, 1],
    ]


@pytest.mark.parametrize("level", ["word", "char"])
def test_texts_of_known_tokens_are_restored(level):
    texts = random_texts(2)
    tokenizer = SequenceTokenizer(level).fit([*texts[:100], " ".join(texts)])
    joined = (" " if level == "word" else "").join
    assert [joined(tokens) for tokens in tokenizer.inverse_transform(tokenizer.transform(texts))] == texts


def test_transforming_the_inverse_gives_the_same_ids():
    tokenizer = SequenceTokenizer(max_tokens=10).fit(random_texts(3))
    ids = tokenizer.transform(random_texts(4))
    assert lists(tokenizer.transform(tokenizer.inverse_transform(ids))) == lists(ids)
    assert any(1 in x for x in ids)


@pytest.mark.parametrize(
    "ids",
    [
        [[2, 3, 1], [4]],
        [np.array([2, 3, 1], np.int32), np.array([4], np.uint8)],
        [np.array([2.0, 3.0, 1.0]), np.array([[4.0]])],
        np.array([[2, 3, 1], [4, 0, 0]]),
        np.array([[2, 3, 1], [0, 0, 4]]),
        np.array([[2, 3, 1], [4, np.nan, np.nan]])[:, :, None],
        SequencePadder(value=0).fit_transform([np.array([2, 3, 1]), np.array([4])]),
        as_sequences([[2, 3, 1], [4]]),
        as_column([[2, 3, 1], [4]]),
    ],
)
def test_inverse_transform_takes_every_form_and_drops_padding(ids):
    tokenizer = SequenceTokenizer().fit(["a a a b b c"])
    assert tokenizer.inverse_transform(ids) == [["a", "b", "[UNK]"], ["c"]]


@pytest.mark.parametrize("wrong", [5, -1, 2.5, np.inf, np.nan])
def test_inverse_transform_raises_for_a_number_that_is_no_id(wrong):
    tokenizer = SequenceTokenizer().fit(["a b c"])
    with pytest.raises(ValueError, match=f"whole numbers from 0 to 4, got {wrong} in sequence 1, step 2"):
        tokenizer.inverse_transform([np.array([4]), np.array([2, 3, wrong, 2])])


def test_inverse_transform_raises_for_several_numbers_per_step():
    with pytest.raises(
        ValueError, match=re.escape("Expected sequence 0 to have one id per time step, got shape (3, 2)")
    ):
        SequenceTokenizer().fit(TEXTS).inverse_transform([np.ones((3, 2), int)])


def test_feature_names_are_the_tokens_in_the_order_of_their_ids():
    tokenizer = SequenceTokenizer().fit([["b", "b", 7]])
    names = tokenizer.get_feature_names_out()
    assert names.tolist() == ["[PAD]", "[UNK]", "b", "7"]
    assert names.dtype == object
    assert names[tokenizer.transform([["b"]])[0][0]] == "b"


# --- containers -------------------------------------------------------------------------------------------------------

TOKENS = [["a", "b"], ["c", "a"], ["a", "d"]]  # of equal lengths, so that they could be mistaken for a matrix


def column_of(X):
    return np.fromiter(X, dtype=object, count=len(X))[:, None]


def of(library, name, *, columns=False):
    def make(X):
        module = pytest.importorskip(library)
        return getattr(module, name)({"text": X} if columns else X)

    make.__name__ = f"{library}_{name}"
    return make


EVERY_CONTAINER = [
    list,
    tuple,
    column_of,
    lambda X: column_of(X)[:, 0],
    of("pandas", "Series"),
    of("polars", "Series"),
    of("pandas", "DataFrame", columns=True),
    of("polars", "DataFrame", columns=True),
]


@pytest.mark.parametrize("container", [*EVERY_CONTAINER, np.array, lambda X: np.array(X)[:, None]])
def test_every_container_of_strings_gives_the_same_ids(container):
    tokenizer, expected = SequenceTokenizer(), SequenceTokenizer().fit(TEXTS)
    assert lists(tokenizer.fit_transform(container(TEXTS))) == lists(expected.transform(TEXTS))
    assert tokenizer.vocabulary_ == expected.vocabulary_


@pytest.mark.parametrize("container", EVERY_CONTAINER)
@pytest.mark.parametrize("lengths", ["equal", "unequal"])
def test_every_container_of_lists_gives_the_same_ids(container, lengths):
    X = TOKENS if lengths == "equal" else [*TOKENS, ["a"]]
    assert lists(SequenceTokenizer().fit_transform(container(X))) == [[2, 3], [4, 2], [2, 5], [2]][: len(X)]


@pytest.mark.parametrize("dtype", ["string", "category", "object"])
def test_every_dtype_of_strings_in_pandas_gives_the_same_ids(dtype):
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(["a b", "b"], index=[7, 3], dtype=dtype)
    assert lists(SequenceTokenizer().fit_transform(series)) == [[3, 2], [2]]


@pytest.mark.parametrize("fixed", [False, True])
def test_ids_are_marked_as_tokens(fixed):
    tokenizer = SequenceTokenizer(vocabulary=["the", "cat"] if fixed else None)
    ids = tokenizer.fit_transform([*TEXTS, ""])
    assert {mark_of(x) for x in ids} == {marks.TOKENS}
    assert {mark_of(x) for x in pickle.loads(pickle.dumps(ids))} == {marks.TOKENS}


def test_X_is_not_changed():
    X = ["A b", ["C", "d"], np.array(["E", "f"])]
    SequenceTokenizer().fit_transform(X)
    assert X[:2] == ["A b", ["C", "d"]]
    assert X[2].tolist() == ["E", "f"]


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("a text", "Expected X to be a list or another container of texts, got str. Pass [X]."),
        (np.str_("a text"), "Expected X to be a list or another container of texts, got str_. Pass [X]."),
        (b"a text", "Expected X to be a list or another container of texts, got bytes. Pass [X.decode()]."),
        (
            (text for text in TEXTS),
            "Expected X to be a list or another container of texts, got generator. Pass list(X).",
        ),
        ({"a": 1}, "Expected X to be a list or another container of texts, got dict. Pass list(X.values())."),
        (
            {"a", "b"},
            "Expected X to be a list or another container of texts, got set. A set has no order. "
            "Pass sorted(X), for example.",
        ),
        (None, "Expected X to be a list or another container of texts, got NoneType."),
    ],
)
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_an_X_that_is_no_container_of_texts_is_a_type_error(X, message, method):
    with pytest.raises(TypeError, match=re.escape(message)):
        getattr(SequenceTokenizer().fit(TEXTS), method)(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "Expected X to contain at least one text, got none."),
        (np.array([], dtype=str), "Expected X to contain at least one text, got none."),
        (np.array("a text"), "Expected X to have shape (n_texts,) or (n_texts, 1), got ()."),
        (np.array([["a", "b"]]), "(n_texts,) or (n_texts, 1), got (1, 2)."),
        (np.array([[["a"]]]), "(n_texts,) or (n_texts, 1), got (1, 1, 1)."),
        (np.ones((3, 2)), "(n_texts,) or (n_texts, 1), got (3, 2)."),
        (np.ones(3), "Expected text 0 to be a string or a list of tokens, got 1.0."),
        (["a", None], "Expected text 1 to be a string or a list of tokens, got None."),
        (["a", "b", np.nan], "Expected text 2 to be a string or a list of tokens, got nan."),
        (["a", b"b"], "Expected text 1 to be a string or a list of tokens, got b'b'."),
        (["a", {"b"}], "Expected text 1 to be a string or a list of tokens, got {'b'}."),
        (np.array(["a", 3], dtype=object), "Expected text 1 to be a string or a list of tokens, got 3."),
        (
            [["a"], [["b"], "c"]],
            "Expected hashable tokens in text 1, got one that cannot be looked up: unhashable type",
        ),
        ([np.array([["a"]])], "Expected hashable tokens in text 0, got one that cannot be looked up: unhashable type"),
        ([["a"], ["b", np.nan]], "Expected no missing tokens in text 1, got NaN: token 1."),
        ([np.array([1.0, np.nan])], "Expected no missing tokens in text 0, got NaN: token 1."),
    ],
)
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_an_item_that_is_no_text_is_an_error_that_says_where(X, message, method):
    with pytest.raises(ValueError, match=re.escape(message)):
        getattr(SequenceTokenizer().fit(TEXTS), method)(X)


def test_a_missing_text_in_a_frame_is_an_error():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="Expected text 1 to be a string or a list of tokens, got <NA>"):
        SequenceTokenizer().fit(pandas.Series(["a", None], dtype="string"))
    with pytest.raises(ValueError, match="Expected no missing tokens in text 0, got <NA>: token 1"):
        SequenceTokenizer().fit([["a", pandas.NA]])


@pytest.mark.parametrize("wrong", [str.upper, str.__iter__, len])
def test_a_callable_level_must_return_a_list(wrong):
    with pytest.raises(ValueError, match="Expected level to return a list of tokens for text 0, got "):
        SequenceTokenizer(wrong).fit(["a text"])


def test_token_pattern_must_be_a_regular_expression_with_at_most_one_group():
    with pytest.raises(ValueError, match=re.escape("token_pattern to be a regular expression, got '(a': missing )")):
        SequenceTokenizer(token_pattern="(a").fit(TEXTS)
    with pytest.raises(ValueError, match=re.escape("at most one capturing group, got 2 in '(a)(b)'. Write (?:...)")):
        SequenceTokenizer(token_pattern="(a)(b)").fit(TEXTS)


@pytest.mark.parametrize("min_df", [4, 1.5])
def test_a_vocabulary_without_tokens_is_an_error(min_df):
    with pytest.raises(ValueError, match=f"one token with min_df={min_df}, got none: 3 texts contain 2 different"):
        SequenceTokenizer(min_df=min_df).fit(["a", "a b", ""])
    with pytest.raises(ValueError, match="Expected texts with at least one token, got 2 texts without any"):
        SequenceTokenizer().fit(["", " "])


def test_a_failed_fit_leaves_the_last_one_unchanged():
    tokenizer = SequenceTokenizer().fit(["a b"])
    with pytest.raises(ValueError, match=r"Expected text 2 .* got None"):
        tokenizer.fit(["x", "y", None])
    assert tokenizer.vocabulary_ == {"a": 2, "b": 3}


# --- use with scikit-learn --------------------------------------------------------------------------------------------


def test_it_works_in_a_pipeline_under_search_and_cross_validation():
    texts, labels = 4 * TEXTS, 4 * LABELS
    pipeline = make_pipeline(SequenceTokenizer(), SharedTokens())
    assert_array_equal(cross_val_predict(pipeline, texts, labels, cv=2), labels)
    grid = {"sequencetokenizer__level": ["word", words], "sequencetokenizer__max_tokens": [None, 1]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(texts, labels)
    assert search.best_score_ == 1
    assert search.best_params_["sequencetokenizer__max_tokens"] is None
    assert_array_equal(search.predict(np.array(texts)[:, None]), labels)


@pytest.mark.parametrize("copy", ["pickle", "joblib"])
def test_a_stored_copy_gives_the_same_ids(copy, tmp_path):
    tokenizer = SequenceTokenizer(words, max_tokens=3).fit(TEXTS)
    if copy == "pickle":
        restored = pickle.loads(pickle.dumps(tokenizer))
    else:
        joblib.dump(tokenizer, tmp_path / "tokenizer.joblib")
        restored = joblib.load(tmp_path / "tokenizer.joblib")
    assert lists(restored.transform(TEXTS)) == lists(tokenizer.transform(TEXTS))
    assert restored.inverse_transform([[0, 1, 2]]) == tokenizer.inverse_transform([[0, 1, 2]])


def test_a_clone_has_the_parameters_and_no_vocabulary():
    parameters = {"level": words, "lowercase": False, "token_pattern": "a", "max_tokens": 3, "min_df": 0.1}
    parameters["vocabulary"] = ["a"]
    cloned = clone(SequenceTokenizer(**parameters).fit(["a b"]))
    assert cloned.get_params() == parameters
    assert not hasattr(cloned, "vocabulary_")


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_the_result_is_a_list_under_every_output_setting(container):
    if container != "default":
        pytest.importorskip(container)
    expected = lists(SequenceTokenizer().fit_transform(TEXTS))
    before = make_pipeline(SequenceTokenizer()).set_output(transform=container).fit(TEXTS)
    after = make_pipeline(SequenceTokenizer()).fit(TEXTS).set_output(transform=container)
    for pipeline in [before, after, clone(before).fit(TEXTS)]:
        assert lists(pipeline.transform(TEXTS)) == expected
    assert lists(SequenceTokenizer().set_output(transform=container).fit_transform(TEXTS)) == expected
    with config_context(transform_output=container):
        assert lists(SequenceTokenizer().fit_transform(TEXTS)) == expected


def test_padding_of_ids_has_the_reserved_id_0():
    tokenizer = SequenceTokenizer()
    pipeline = make_pipeline(tokenizer, SequencePadder(value=0))
    padded = pipeline.fit_transform(["a b c", "a", ""])
    assert padded[:, :, 0].tolist() == [[2, 3, 4], [2, 0, 0], [1, 0, 0]]
    assert padded.dtype == np.int32
    assert tokenizer.inverse_transform(padded) == [["a", "b", "c"], ["a"], ["[UNK]"]]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([["a"], np.ma.array(["b", "c"], mask=[0, 1])], "no missing tokens in text 1, got a masked one: token 1"),
        (np.ma.array(["a b", "c"], mask=[0, 1]), "no missing texts, got a masked one: text 1"),
        (np.ma.array(["a b", "c"], mask=[0, 1], dtype=object)[:, None], "no missing texts, got a masked one: text 1"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_a_masked_token_or_text_is_an_error_that_names_it(X, message, method):
    with pytest.raises(ValueError, match=message):
        getattr(SequenceTokenizer().fit(TEXTS), method)(X)


def texts_with_a_missing_token(container):
    """Two texts, of which the second lacks its second token."""
    rows = [["a", "b"], ["a", None]]
    if container == "list":
        return rows
    if container == "masked":
        return [rows[0], ["a", np.ma.masked]]
    library = pytest.importorskip(container)
    if container == "pandas":
        return library.Series(rows)
    if container == "polars":
        return library.Series(rows)
    return library.array(rows)


@pytest.mark.parametrize("container", ["list", "masked", "pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_a_missing_token_is_no_token_in_any_container(container, method):
    with pytest.raises(ValueError, match=r"Expected no missing tokens in text 1, got (None|a masked one): token 1\."):
        getattr(SequenceTokenizer().fit(TEXTS), method)(texts_with_a_missing_token(container))


def test_a_vocabulary_has_no_missing_token():
    with pytest.raises(ValueError, match="Expected no missing tokens in vocabulary, got None: token 1"):
        SequenceTokenizer(vocabulary=["a", None]).fit(TEXTS)


def test_scalars_of_pyarrow_are_values_of_python():
    pyarrow = pytest.importorskip("pyarrow")
    rows = [["b", "a"], ["a"]]
    for X in (list(pyarrow.array(rows)), [list(pyarrow.array(row)) for row in rows], list(pyarrow.array(["b a", "a"]))):
        assert SequenceTokenizer().fit(X).vocabulary_ == {"a": 2, "b": 3}
    encoded = [pyarrow.array(row).dictionary_encode() for row in rows]
    assert SequenceTokenizer().fit(encoded).vocabulary_ == {"a": 2, "b": 3}
    with pytest.raises(ValueError, match="no missing tokens in text 0, got None: token 1"):
        SequenceTokenizer().fit([pyarrow.array(["a", None]).dictionary_encode()])
