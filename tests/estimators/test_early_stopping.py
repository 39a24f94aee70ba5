"""Validation: on which sequences, by which score, with which weights; and the epoch that is kept."""

import pickle
import re

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from checks import same_bits
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, f1_score, log_loss, make_scorer, mean_poisson_deviance, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from sklearn_recurrent import (
    CutoffSplit,
    GRUClassifier,
    LSTMRegressor,
    PerTimestep,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequenceDataWarning,
    SequenceTokenizer,
    as_column,
    as_sequences,
    sequence_scorer,
    sliding_windows,
)
from sklearn_recurrent._core.dataset import Dataset
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._data.marks import TOKENS, TRANSFORMED, marked
from sklearn_recurrent._estimators.early_stopping import Validation, split

TINY = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0}
STEADY = {"learning_rate": "constant", "tol": 0, "n_iter_no_change": 1000}  # always to max_iter
HALF = {"early_stopping": True, "validation_fraction": 0.5}
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


class Spy:
    """A scorer that remembers what it was asked about."""

    def __init__(self, scores=None):
        self.X, self.y, self.weights, self.scores = [], [], [], scores

    def __call__(self, model, X, y, sample_weight=None):
        self.X.append(X)
        self.y.append(y)
        self.weights.append(sample_weight)
        return model.score(X, y, sample_weight) if self.scores is None else self.scores[len(self.X) - 1]


def key(x):
    return np.asarray(x).tobytes()


# --- which sequences --------------------------------------------------------------------------------------------------


def test_the_scorer_meets_sequences_and_targets_as_fit_got_them(task):
    cls, X, y = task
    spy = Spy()
    model = cls(**TINY, **HALF, scoring=spy).fit(X, y)
    assert len(spy.X) == 4
    assert model.t_ == 4 * 20
    target = {key(x): y_i for x, y_i in zip(X, y, strict=True)}
    assert len(spy.X[0]) == len(spy.y[0]) == 20
    for x, y_i in zip(spy.X[0], spy.y[0], strict=True):
        assert np.array_equal(y_i, target[key(x)])
    assert model.validation_scores_[-1] == cls.score(model, list(spy.X[0]), spy.y[0]) or model.best_iter_ < 4


def test_the_split_depends_on_the_seed_and_not_on_the_order(ragged, labels):
    def validated(seed, order):
        spy = Spy()
        model = RNNClassifier(4, max_iter=1, random_state=seed, **HALF, scoring=spy)
        model.fit([ragged[j] for j in order], labels[order])
        return {key(x) for x in spy.X[0]}

    same, other = np.arange(40), np.random.default_rng(0).permutation(40)
    assert validated(0, same) == validated(0, other) != validated(1, same)


def test_sequences_of_a_group_are_on_one_side(task):
    cls, X, y = task
    groups = np.random.default_rng(0).permutation(np.repeat(["a", "b", "c", "d", "e", "f", "g", "h"], 5))
    group = {key(x): g for x, g in zip(X, groups, strict=True)}
    spy, sizes = Spy(), set()
    for seed in range(8):
        spy = Spy()
        settings = {"max_iter": 1, "random_state": seed, "early_stopping": True, "validation_fraction": 0.25}
        model = cls(4, **settings, scoring=spy).fit(X, y, groups=groups)
        validated = {group[key(x)] for x in spy.X[0]}
        assert len(validated) == 2  # of 8
        assert {key(x) for x in spy.X[0]} == {k for k, g in group.items() if g in validated}
        assert model.t_ == 30
        sizes.add(frozenset(validated))
    assert len(sizes) > 3


def test_equal_sequences_of_two_groups_are_not_merged(ragged, labels):
    twice, y = ragged + ragged, np.tile(labels, 2)
    assert RNNClassifier(**TINY).fit(twice, y).t_ == 4 * 40
    assert RNNClassifier(**TINY).fit(twice, y, groups=[0] * 40 + [1] * 40).t_ == 4 * 80


def test_without_early_stopping_groups_play_no_part(ragged, labels):
    plain = RNNClassifier(**TINY).fit(ragged, labels)
    assert RNNClassifier(**TINY).fit(ragged, labels, groups=np.zeros(40)).validation_scores_ is plain.validation_scores_


def test_a_single_group_cannot_be_split(ragged, labels):
    model = RNNClassifier(**TINY, early_stopping=True)
    for missing in (np.nan, None):
        with pytest.raises(ValueError, match=r"Expected a group for each sequence, got .* for sequence 39"):
            model.fit(ragged, labels, groups=[1.0] * 39 + [missing])
    with pytest.raises(ValueError, match="Expected at least two different groups for early_stopping, got one"):
        model.fit(ragged, labels, groups=["a"] * 40)
    with pytest.raises(ValueError, match="Expected at least two different groups for early_stopping, got one"):
        model.fit(ragged, labels, groups=["a"] * 39 + ["b"], sample_weight=[1] * 39 + [0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(ragged, labels, groups=["a", "b"])
    with pytest.raises(ValueError, match=r"Expected groups to be 1-D.* \(40, 2\)"):
        model.fit(ragged, labels, groups=np.ones((40, 2)))


def test_the_split_has_all_classes_on_both_sides(ragged):
    y = np.repeat(["often", "seldom"], [34, 6])
    for seed in range(5):
        spy = Spy()
        settings = {"early_stopping": True, "validation_fraction": 1 / 3, "random_state": seed}
        RNNClassifier(4, max_iter=1, **settings, scoring=spy).fit(ragged, y)
        assert sorted(spy.y[0]) == ["often"] * 11 + ["seldom"] * 2


@pytest.mark.parametrize(
    ("counts", "size", "stratified"), [([10, 10], 4, True), ([19, 1], 4, False), ([10, 10], 1, False)]
)
def test_a_split_is_stratified_if_each_class_can_be_on_both_sides(counts, size, stratified):
    strata = np.repeat(np.arange(2), counts)
    parts = [split(20, size / 20, strata, None, seed) for seed in range(10)]
    assert all(sorted([*a, *b]) == list(range(20)) and len(b) == size for a, b in parts)
    assert all(np.all(np.diff(a) > 0) and np.all(np.diff(b) > 0) for a, b in parts)
    assert stratified == ({strata[b].sum() for _, b in parts} == {size * counts[1] // 20})


@pytest.mark.parametrize(("n", "fraction", "size"), [(2, 0.01, 1), (2, 0.99, 1), (10, 0.25, 2), (1000, 0.1, 100)])
def test_a_split_has_one_sequence_on_either_side_at_least(n, fraction, size):
    training, validation = split(n, fraction, None, None, 0)
    assert (len(training), len(validation)) == (n - size, size)


# --- X_val, y_val -----------------------------------------------------------------------------------------------------


def test_given_sequences_are_validated_on_and_all_others_are_trained_on(task):
    cls, X, y = task
    spy = Spy()
    X_val, y_val = X[30:], y[30:]
    model = cls(**TINY, early_stopping=True, scoring=spy).fit(X[:30], y[:30], X_val=X_val, y_val=y_val)
    assert model.t_ == 4 * 30
    assert all(X is X_val for X in spy.X)
    assert all(y is y_val for y in spy.y)
    assert model.validation_scores_[model.best_iter_ - 1] == model.score(X_val, y_val)


def test_without_early_stopping_given_sequences_change_nothing_but_are_scored(task):
    cls, X, y = task
    plain = cls(**TINY).fit(X[:30], y[:30])
    model = cls(**TINY, scoring=None).fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])
    assert same_bits(plain, model)
    assert len(model.validation_scores_) == len(model.validation_loss_curve_) == 4
    assert model.validation_scores_[-1] == model.score(X[30:], y[30:])
    assert (model.best_iter_, model.best_validation_score_) == (4, max(model.validation_scores_))
    assert model.best_loss_ == min(model.loss_curve_)


def test_validated_on_what_it_is_trained_on_the_score_is_that_of_the_training_set(estimator, data):
    X, y = data
    model = estimator(**TINY | {"alpha": 0.0, "learning_rate_init": 1e-300}).fit(X, y, X_val=X, y_val=y)
    np.testing.assert_allclose(model.validation_loss_curve_, model.loss_curve_, rtol=1e-12)
    assert model.validation_scores_ == [-loss for loss in model.validation_loss_curve_]


def test_it_matters_not_in_which_form_the_sequences_come(ragged, labels, cube):
    forms = [ragged[30:], cube(ragged[30:]), np.array([*ragged[30:], None], object)[:-1]]
    models = [RNNClassifier(**TINY).fit(ragged[:30], labels[:30], X_val=X_val, y_val=labels[30:]) for X_val in forms]
    assert models[0].validation_scores_ == models[1].validation_scores_ == models[2].validation_scores_


def test_tokens_are_validated_on_too(ragged, labels):
    tokens = [np.arange(len(x)) * 7 % 5 + 10 for x in ragged]
    settings = TINY | {"embedding_dim": 2, "early_stopping": True, "scoring": None}
    strange = [np.append(x, 99) for x in tokens[30:]]
    model = RNNClassifier(**settings).fit(tokens[:30], labels[:30], X_val=strange, y_val=labels[30:])
    assert model.best_validation_score_ == model.score(strange, labels[30:])
    assert 99 not in model.vocabulary_
    assert len(RNNClassifier(**settings).fit(tokens, labels).validation_scores_) == 4


def refused(model, match, *args, **kwargs):
    before = joblib.hash(vars(model))
    with pytest.raises(ValueError, match=match):
        model.fit(*args, **kwargs)
    assert joblib.hash(vars(model)) == before


def test_one_without_the_other_is_refused(task):
    cls, X, y = task
    for model in (cls(**TINY), cls(**TINY).fit(X, y)):
        refused(model, "Expected both X_val and y_val, or neither", X, y, X_val=X)
        refused(model, "Expected both X_val and y_val, or neither", X, y, y_val=y)


def test_a_bad_validation_set_is_refused_and_the_estimator_is_as_before(task):
    cls, X, y = task
    model = cls(**TINY).fit(X, y)
    refused(model, f"X has 1 features, but {cls.__name__} is expecting 2", X, y, X_val=[x[:, :1] for x in X], y_val=y)
    refused(model, "X_val, y_val: .*inconsistent numbers of samples", X, y, X_val=X, y_val=y[:-1])
    refused(model, "X_val, y_val: Input X contains NaN in seq", X, y, X_val=[*X[:-1], np.full((3, 2), np.nan)], y_val=y)


def test_targets_to_validate_on_are_those_that_are_known(ragged, labels, numbers):
    settings = {"X_val": ragged[:2]}
    refused(RNNClassifier(**TINY), r"labels \['new'\]", ragged, labels, y_val=["low", "new"], **settings)
    indicator = np.ones((2, 2), int)
    refused(RNNClassifier(**TINY), "multilabel", ragged, labels, y_val=indicator, **settings)
    refused(
        RNNRegressor(**TINY),
        "Expected y with 1 outputs, as in the last fit, got 2",
        ragged,
        numbers,
        y_val=np.ones((2, 2)),
        **settings,
    )
    refused(RNNRegressor(**TINY, loss="poisson"), "Expected y >= 0", ragged, numbers, y_val=[1, -1], **settings)
    refused(Seq2SeqClassifier(**TINY), "labels", ragged, [["a"]] * 40, y_val=[["a"], ["b"]], **settings)


def test_a_validation_set_may_lack_a_class(ragged, three_labels):
    j = three_labels != "b"
    X_val, y_val = [x for x, some in zip(ragged, j, strict=True) if some], three_labels[j]
    model = RNNClassifier(**TINY, early_stopping=True).fit(ragged, three_labels, X_val=X_val, y_val=y_val)
    p = model.predict_proba(X_val)
    np.testing.assert_allclose(-model.best_validation_score_, log_loss(y_val, p, labels=["a", "b", "c"]))


def test_a_validation_set_reaches_the_network_through_a_pipeline(ragged, labels):
    with config_context(enable_metadata_routing=True):
        model = RNNClassifier(**TINY, early_stopping=True).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline("passthrough", model).fit(
            ragged[:30], labels[:30], X_val=ragged[30:], y_val=labels[30:]
        )
    direct = RNNClassifier(**TINY, early_stopping=True)
    direct.fit(ragged[:30], labels[:30], X_val=ragged[30:], y_val=labels[30:])
    assert same_bits(pipeline[-1], direct)
    assert pipeline[-1].validation_scores_ == direct.validation_scores_


def test_a_pipeline_brings_a_validation_set_into_the_form_of_X(ragged, labels):
    with config_context(enable_metadata_routing=True):
        scale = PerTimestep(StandardScaler())
        model = RNNClassifier(**TINY, standardize=False).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(scale, model, transform_input=["X_val"])
        pipeline.fit(ragged[:30], labels[:30], X_val=ragged[30:], y_val=labels[30:])
    expected = log_loss(labels[30:], pipeline.predict_proba(ragged[30:]), labels=pipeline.classes_)
    np.testing.assert_allclose(pipeline[-1].validation_loss_curve_[-1], expected)


# --- an X_val that has not gone the way of X --------------------------------------------------------------------------

KINDS = {
    "sequences": list,
    "objects": as_sequences,
    "a column": as_column,
    "a cube": lambda X: np.stack([x[:3] for x in X]),
}


def with_mark(X, mark):
    if isinstance(X, np.ndarray) and X.dtype != object:
        return marked(X, mark)
    if isinstance(X, np.ndarray):
        return as_sequences([marked(x, mark) for x in X.ravel()]).reshape(X.shape)
    return [marked(x, mark) for x in X]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mark", [TRANSFORMED, TOKENS])
def test_X_val_without_the_mark_that_X_has_causes_a_warning(task, kind, mark):
    cls, X, y = task
    if mark == TOKENS:
        X = [np.rint(x[:, :1] ** 2).astype(np.int32) for x in X]
    model = cls(**TINY, embedding_dim=2 if mark == TOKENS else None)
    X, X_val = KINDS[kind](X[:30]), KINDS[kind](X[30:])
    transformed = with_mark(X, mark)
    with pytest.warns(SequenceDataWarning, match="X comes from a transformer, X_val does not") as caught:
        model.fit(transformed, y[:30], X_val=X_val, y_val=y[30:])
    assert caught[0].filename == __file__
    assert "pipe[:-1].transform(X_val)" in str(caught[0].message)
    assert 'transform_input=["X_val"]' in str(caught[0].message)
    for given in ((transformed, with_mark(X_val, mark)), (X, X_val), (X, with_mark(X_val, mark))):
        model.fit(given[0], y[:30], X_val=given[1], y_val=y[30:])  # a warning would be an error here


STRINGS_FIRST = {
    "pandas": lambda frames: frames,
    "polars": lambda frames: [pl.DataFrame(x.to_dict("list")) for x in frames],
    "arrays": lambda frames: [x.to_numpy() for x in frames],
    "lists": lambda frames: [x.to_numpy().tolist() for x in frames],
    "a cube": lambda frames: np.stack([x.to_numpy() for x in frames]),
    "a column": lambda frames: pd.DataFrame({"seq": frames}),
    "beside static values": lambda frames: pd.DataFrame({"seq": frames, "age": np.arange(len(frames)) / 3}),
}


@pytest.mark.parametrize("container", STRINGS_FIRST)
def test_X_val_may_begin_with_a_string_that_is_a_category(container):
    rng = np.random.default_rng(0)
    frames = [pd.DataFrame({"k": rng.choice(["a", "b"], 5), "v": rng.normal(size=5)}) for _ in range(30)]
    X, y = STRINGS_FIRST[container](frames), np.arange(30) % 2
    model = RNNClassifier(**TINY, categorical_features=[0]).fit(X, y, X_val=X[:5], y_val=y[:5])
    assert len(model.validation_loss_curve_) == model.n_iter_
    if container in ("pandas", "a column"):
        swapped = STRINGS_FIRST[container]([x[["v", "k"]] for x in frames[:5]])
        refused(
            model, r"X_val, y_val: [\s\S]*Feature names must be in the same order", X, y, X_val=swapped, y_val=y[:5]
        )


def test_X_val_far_from_X_causes_a_warning(task):
    cls, X, y = task
    model = cls(**TINY)
    for X_val in ([500 + 100 * x for x in X[30:]], [x / 30 for x in X[30:]]):
        with pytest.warns(SequenceDataWarning, match=r"X_val lies far from X: feature 0 has mean .*transform\(X_val\)"):
            model.fit(X[:30], y[:30], X_val=X_val, y_val=y[30:])
    model.fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])  # a warning would be an error here


def test_static_values_of_X_val_far_from_those_of_X_cause_a_warning(task):
    cls, X, y = task
    ages = np.random.default_rng(0).uniform(20, 80, len(X))
    scaled = (ages - ages.mean()) / ages.std()

    def table(rows, age, **others):
        return pd.DataFrame({"age": age[rows], **others, "seq": [X[row] for row in rows]})

    model = cls(**TINY)
    first, last = np.arange(30), np.arange(30, len(X))
    with pytest.warns(SequenceDataWarning, match=r"X_val lies far from X: static value 0 has mean "):
        model.fit(table(first, scaled), y[:30], X_val=table(last, ages), y_val=y[30:])
    model.fit(table(first, ages), y[:30], X_val=table(last, ages), y_val=y[30:])  # a warning would be an error here
    rare = table(first, ages, site=(first == 0).astype(int))
    model.fit(rare, y[:30], X_val=table(last, ages, site=np.ones(len(last))), y_val=y[30:])


def test_the_mark_of_sequences_is_seen_in_any_column(task):
    cls, X, y = task
    marked_X = [marked(x, TRANSFORMED) for x in X]
    ages = np.random.default_rng(0).uniform(20, 80, len(X))
    table, raw = (pd.DataFrame({"age": ages, "seq": x}) for x in (marked_X, X))
    with pytest.warns(SequenceDataWarning, match="X comes from a transformer, X_val does not"):
        cls(**TINY).fit(table[:30], y[:30], X_val=raw[30:], y_val=y[30:])
    cls(**TINY).fit(table[:30], y[:30], X_val=table[30:], y_val=y[30:])


def test_tokens_have_no_distance(ragged, labels):
    X, X_val = ([np.arange(len(x)) + first for x in part] for part, first in ((ragged[:30], 0), (ragged[30:], 10**6)))
    RNNClassifier(**TINY, embedding_dim=2).fit(X, labels[:30], X_val=X_val, y_val=labels[30:])


def test_texts_and_other_shapes_of_X_val_are_refused_with_the_way_of_X(ragged, labels):
    model = RNNClassifier(**TINY, embedding_dim=2)
    X, y = [marked(np.arange(len(x), dtype=np.int32), TOKENS) for x in ragged], labels
    for X_val in (["not bad", "good"], np.array(["not bad", "good"]), [["not", "bad"], ["good"]]):
        refused(
            model,
            r"^Expected X_val as the network reads X, got strings.*transform\(X_val\)",
            X,
            y,
            X_val=X_val,
            y_val=y[:2],
        )
    X = [marked(x[:, :1], TRANSFORMED) for x in ragged]
    model.set_params(embedding_dim=None)
    refused(model, r"X has 2 features, .*transform\(X_val\)", X, y, X_val=ragged, y_val=y)


def test_the_two_ways_to_transform_X_val_in_a_pipeline_run_and_are_one(ragged, labels):
    X, X_val = [500 + 100 * x for x in ragged[:30]], [500 + 100 * x for x in ragged[30:]]
    pipe = make_pipeline(PerTimestep(StandardScaler()), RNNClassifier(**TINY, standardize=False))
    known = {"X": X, "y": labels[:30], "X_val": X_val, "pipe": pipe}
    with pytest.warns(SequenceDataWarning) as caught:
        pipe.fit(X, labels[:30], rnnclassifier__X_val=X_val, rnnclassifier__y_val=labels[30:])
    message = str(caught[0].message)

    fit, X_val_as_X = re.search(r"first: (pipe.+?), then X_val=(pipe.+?\))\. ", message).groups()
    eval(fit, known)
    by_hand = {"rnnclassifier__X_val": eval(X_val_as_X, known), "rnnclassifier__y_val": labels[30:]}
    first = clone(pipe).fit(X, labels[:30], **by_hand)
    with config_context(enable_metadata_routing=True):
        pipe[-1].set_fit_request(X_val=True, y_val=True)
        eval(re.search(r"routing: (pipe.+?\))\.", message)[1], known)
        second = clone(pipe).fit(X, labels[:30], X_val=X_val, y_val=labels[30:])
    assert first[-1].validation_scores_ == second[-1].validation_scores_
    assert same_bits(first[-1], second[-1])


def test_a_transformer_of_this_package_marks_X_and_a_forgotten_X_val_is_noticed(ragged, labels):
    """Also where the values alone tell nothing."""
    pipe = make_pipeline(PerTimestep(MinMaxScaler()), RNNClassifier(**TINY))
    X, X_val = ([np.clip(x, 0, 1) for x in part] for part in (ragged[:30], ragged[30:]))
    with pytest.warns(SequenceDataWarning, match="X comes from a transformer, X_val does not"):
        pipe.fit(X, labels[:30], rnnclassifier__X_val=X_val, rnnclassifier__y_val=labels[30:])
    with config_context(enable_metadata_routing=True):  # with transform_input forgotten
        pipe[-1].set_fit_request(X_val=True, y_val=True)
        with pytest.warns(SequenceDataWarning, match="X comes from a transformer, X_val does not"):
            pipe.fit(X, labels[:30], X_val=X_val, y_val=labels[30:])
        pipe.set_params(transform_input=["X_val"]).fit(X, labels[:30], X_val=X_val, y_val=labels[30:])


def test_a_tokenizer_marks_X_and_forgotten_texts_are_refused():
    texts, y = ["not bad", "good", "bad", "not good"] * 5, [1, 1, 0, 0] * 5
    pipe = make_pipeline(SequenceTokenizer(), RNNClassifier(**TINY, embedding_dim=2))
    with pytest.raises(ValueError, match=r"^Expected X_val as the network reads X, got strings.*transform\(X_val\)"):
        pipe.fit(texts, y, rnnclassifier__X_val=texts, rnnclassifier__y_val=y)
    X_val = pipe[:-1].fit(texts).transform(texts)
    pipe.fit(texts, y, rnnclassifier__X_val=X_val, rnnclassifier__y_val=y)


def test_a_validation_set_reaches_the_networks_of_a_search(ragged, labels):
    with config_context(enable_metadata_routing=True):
        model = RNNClassifier(**TINY).set_fit_request(X_val=True, y_val=True)
        search = GridSearchCV(model, {"alpha": [0.0, 1.0]}, cv=2)
        search.fit(ragged[:30], labels[:30], X_val=ragged[30:], y_val=labels[30:])
    best = search.best_estimator_
    expected = log_loss(labels[30:], best.predict_proba(ragged[30:]), labels=best.classes_)
    np.testing.assert_allclose(best.validation_loss_curve_[-1], expected)


def test_groups_reach_the_networks_of_a_search(ragged, labels):
    seen, groups = [], np.arange(40) // 4
    group = {key(x): g for x, g in zip(ragged, groups, strict=True)}

    def scorer(model, X, y):  # no object: a search would clone it
        seen.append(X)
        return 0.0

    with config_context(enable_metadata_routing=True):
        model = RNNClassifier(**TINY | {"max_iter": 1}, **HALF, scoring=scorer).set_fit_request(groups=True)
        GridSearchCV(model, {"alpha": [0.0, 1.0]}, cv=2, refit=False).fit(ragged, labels, groups=groups)
    assert len(seen) == 4
    for X in seen:
        validated = [group[key(x)] for x in X]
        assert set(np.bincount(validated)) <= {0, 2, 4}


# --- by which score ---------------------------------------------------------------------------------------------------


def test_the_loss_to_validate_by_is_the_documented_one(ragged, labels, three_labels, numbers):
    fit, held_out = slice(30), slice(30, 40)
    for y in (labels, three_labels):
        model = RNNClassifier(**TINY).fit(ragged[fit], y[fit], X_val=ragged[held_out], y_val=y[held_out])
        expected = log_loss(y[held_out], model.predict_proba(ragged[held_out]), labels=model.classes_)
        np.testing.assert_allclose(model.validation_loss_curve_[-1], expected)
    model = RNNRegressor(**TINY).fit(ragged[fit], numbers[fit], X_val=ragged[held_out], y_val=numbers[held_out])
    errors = (model.predict(ragged[held_out]) - numbers[held_out]) / model.y_scale_
    np.testing.assert_allclose(model.validation_loss_curve_[-1], (errors**2).mean() / 2)
    counts = np.round(abs(numbers - 500))
    model = RNNRegressor(**TINY, loss="poisson").fit(
        ragged[fit], counts[fit], X_val=ragged[held_out], y_val=counts[held_out]
    )
    deviance = mean_poisson_deviance(
        counts[held_out] / model.y_scale_, model.predict(ragged[held_out]) / model.y_scale_
    )
    np.testing.assert_allclose(model.validation_loss_curve_[-1], deviance / 2)


@pytest.mark.parametrize(
    ("scoring", "metric"),
    [
        (None, accuracy_score),
        ("accuracy", accuracy_score),
        ("f1_macro", lambda y, p: f1_score(y, p, average="macro")),
        (make_scorer(f1_score, pos_label="low"), lambda y, p: f1_score(y, p, pos_label="low")),
        (lambda model, X, y: -np.mean(model.predict(X) != y), lambda y, p: accuracy_score(y, p) - 1),
    ],
    ids=["None", "a name", "a name of a mean", "a scorer", "a function"],
)
def test_a_score_is_that_of_the_model_asked_by_hand(ragged, labels, scoring, metric):
    settings = TINY | {"early_stopping": True, "scoring": scoring}
    model = RNNClassifier(**settings).fit(ragged[:25], labels[:25], X_val=ragged[25:], y_val=labels[25:])
    np.testing.assert_allclose(model.best_validation_score_, metric(labels[25:], model.predict(ragged[25:])))


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "neg_brier_score", "average_precision"])
def test_scores_of_probabilities_are_available(ragged, labels, scoring):
    y = (labels == "low").astype(int)
    model = GRUClassifier(**TINY, **HALF, scoring=scoring).fit(ragged, y)
    assert np.isfinite(model.validation_scores_).all()


def test_steps_are_scored_by_a_scorer_of_sequences(ragged):
    y = [(x[:, 0] > 0).astype(int) for x in ragged]
    settings = TINY | {"return_sequences": True, "scoring": sequence_scorer("f1")}
    model = RNNClassifier(**settings).fit(ragged[:30], y[:30], X_val=ragged[30:], y_val=y[30:])
    expected = f1_score(np.concatenate(y[30:]), np.concatenate(model.predict(ragged[30:])))
    np.testing.assert_allclose(model.validation_scores_[-1], expected)
    model.set_params(early_stopping=True, validation_fraction=0.5).fit(ragged, y)
    assert len(model.validation_scores_) == 4


def test_the_loss_of_steps_is_their_mean(ragged):
    y = [x[:, 0] - x[:, 1] for x in ragged]
    model = RNNRegressor(**TINY, return_sequences=True).fit(ragged[:30], y[:30], X_val=ragged[30:], y_val=y[30:])
    errors = (np.concatenate(model.predict(ragged[30:])) - np.concatenate(y[30:])) / model.y_scale_
    np.testing.assert_allclose(model.validation_loss_curve_[-1], (errors**2).mean() / 2)


@pytest.mark.parametrize("scoring", [accuracy_score, "no_such_score"])
def test_what_is_no_scorer_is_refused(ragged, labels, scoring):
    refused(RNNClassifier(**TINY, scoring=scoring, early_stopping=True), "scor", ragged, labels)


class Curious:
    """A scorer that asks about more than it is given, and stores the model on its way."""

    def __init__(self, others):
        self.others, self.answers = others, []

    def __call__(self, model, X, y):
        for one, other in zip(model.predict(X), model.predict(X[::-1])[::-1], strict=True):
            assert_same_answer(one, other)
        with pytest.raises(ValueError, match="features"):
            model.predict([np.ones((4, 9))])
        stored = pickle.loads(pickle.dumps(model))
        assert "_cached_input" in vars(model)
        assert "_cached_input" not in vars(stored)
        self.answers = [stored.predict(self.others), model.predict(self.others)]
        return 0.0


def assert_same_answer(one, other):
    one, other = np.asarray(one), np.asarray(other)
    np.testing.assert_allclose(one, other) if one.dtype.kind == "f" else np.testing.assert_array_equal(one, other)


def test_a_scorer_may_ask_about_other_sequences(task):
    cls, X, y = task
    scorer = Curious(X[30:])
    model = cls(**TINY | {"max_iter": 1}, **HALF, scoring=scorer).fit(X[:30], y[:30])
    for answers in scorer.answers:
        for one, other in zip(answers, model.predict(X[30:]), strict=True):
            assert_same_answer(one, other)


def test_a_score_that_is_not_a_number_is_worse_than_any(ragged, labels):
    spy = Spy(scores=[np.nan, 0.2, np.nan, 0.1])
    model = RNNClassifier(**TINY, **HALF, scoring=spy).fit(ragged, labels)
    assert model.validation_scores_ == [-np.inf, 0.2, -np.inf, 0.1]
    assert (model.best_iter_, model.best_validation_score_) == (2, 0.2)
    spy = Spy(scores=[np.nan] * 99)
    settings = TINY | HALF | {"max_iter": 99, "learning_rate": "constant", "n_iter_no_change": 3}
    with pytest.warns(UserWarning, match=r"No score of scoring=.*Spy.* was a number"):
        model = RNNClassifier(**settings, scoring=spy).fit(ragged, labels)
    assert model.best_iter_ == model.n_iter_ < 10


def test_a_loss_that_is_not_finite_is_the_worst_there_is():
    class Net:
        network_inputs = staticmethod(lambda dataset: dataset.X)
        predict = staticmethod(lambda theta, X, workers: np.ones((1, 1)))

    dataset = Dataset(None, np.ones((1, 1)), np.ones(1))
    for loss in (np.inf, np.nan):
        validation = Validation(None, Net, lambda raw, y, loss=loss: (np.array([loss]), None), dataset, None)
        assert validation(np.zeros(1)) == (np.inf, -np.inf)


# --- with which weights -----------------------------------------------------------------------------------------------


def test_sample_weights_count_in_score_and_loss(ragged, labels, numbers):
    weight = np.random.default_rng(0).uniform(0.2, 3, 40)
    of = {key(x): w for x, w in zip(ragged, weight, strict=True)}
    for cls, y, metric in ((RNNClassifier, labels, accuracy_score), (RNNRegressor, numbers, r2_score)):
        spy = Spy()
        model = cls(**TINY | {"max_iter": 1}, **HALF, scoring=spy).fit(ragged, y, sample_weight=weight)
        (X,), (y_val,), (weights,) = spy.X, spy.y, spy.weights
        np.testing.assert_allclose(weights, [of[key(x)] for x in X])
        predicted = model.predict(list(X))
        np.testing.assert_allclose(model.best_validation_score_, metric(y_val, predicted, sample_weight=weights))
        if cls is RNNRegressor:
            losses = ((predicted - y_val) / model.y_scale_) ** 2 / 2
            np.testing.assert_allclose(model.validation_loss_curve_, np.average(losses, weights=weights))


@pytest.mark.parametrize("class_weight", [{"high": 3.0, "low": 0.5}, "balanced"])
def test_class_weights_are_those_of_the_training_set_in_given_sequences_too(ragged, labels, class_weight):
    fit, held_out = slice(30), slice(30, 40)
    model = RNNClassifier(**TINY, class_weight=class_weight)
    spy = Spy()
    model.set_params(scoring=spy).fit(ragged[fit], labels[fit], X_val=ragged[held_out], y_val=labels[held_out])
    by_class = dict(
        zip(model.classes_, compute_class_weight(class_weight, classes=model.classes_, y=labels[fit]), strict=True)
    )
    weights = [by_class[label] for label in labels[held_out]]
    expected = log_loss(labels[held_out], model.predict_proba(ragged[held_out]), sample_weight=weights)
    np.testing.assert_allclose(model.validation_loss_curve_[-1], expected)
    np.testing.assert_allclose(spy.weights[-1], weights)


@pytest.mark.parametrize("class_weight", [{"high": 3.0, "low": 0.5}, "balanced"])
@pytest.mark.parametrize("cls", [RNNClassifier, Seq2SeqClassifier])
def test_class_weights_of_many_labels_per_sequence_are_those_of_the_training_set_too(ragged, cls, class_weight):
    y = [np.where(x[:, 0] > 0.5, "high", "low") for x in ragged]
    settings = TINY | {"class_weight": class_weight} | ({"return_sequences": True} if cls is RNNClassifier else {})
    model = cls(**settings).fit(ragged[:30], y[:30], X_val=ragged[30:], y_val=y[30:])
    if cls is RNNClassifier:
        p, classes = model.predict_proba(ragged[30:]), ["high", "low"]
    else:
        p, classes = model.teacher_forced_proba(ragged[30:], y[30:]), ["high", "low", "~"]  # the last: the end
        y = [np.append(labels, "~") for labels in y]
    fit, held_out = np.concatenate(y[:30]), np.concatenate(y[30:])
    by_class = dict(zip(classes, compute_class_weight(class_weight, classes=np.array(classes), y=fit), strict=True))
    weights = [by_class[label] for label in held_out]
    expected = log_loss(held_out, np.concatenate(p), labels=classes, sample_weight=weights)
    np.testing.assert_allclose(model.validation_loss_curve_[-1], expected)


def test_a_step_of_weight_0_is_not_scored(ragged):
    weight = [np.where(np.arange(len(x)) % 2, 0.0, 1 + x[:, 1] ** 2) for x in ragged]
    y = [np.where(w > 0, x[:, 0], np.nan) for x, w in zip(ragged, weight, strict=True)]
    of = {key(x): (w, y_i) for x, w, y_i in zip(ragged, weight, y, strict=True)}
    spy = Spy()
    settings = TINY | {"max_iter": 1, "return_sequences": True}
    model = RNNRegressor(**settings, **HALF, scoring=spy).fit(ragged, y, sample_weight=weight)
    weights, true = zip(*(of[key(x)] for x in spy.X[0]), strict=True)
    for given, expected in zip(spy.weights[0], weights, strict=True):
        np.testing.assert_allclose(given, expected)
    assert model.best_validation_score_ == pytest.approx(model.score(list(spy.X[0]), true, sample_weight=weights))
    w, predicted = np.concatenate(weights), np.concatenate(model.predict(list(spy.X[0])))
    errors = (predicted - np.concatenate(true)) / model.y_scale_
    np.testing.assert_allclose(model.validation_loss_curve_, np.average(errors[w > 0] ** 2 / 2, weights=w[w > 0]))


@pytest.mark.parametrize("cls", [Seq2SeqClassifier, Seq2SeqRegressor])
def test_what_is_written_is_scored_with_one_weight_for_each_sequence(ragged, cls):
    y = [(x[:3, 0] > 0).astype(int) for x in ragged]
    weight = np.random.default_rng(0).uniform(0.2, 3, 40)
    of = {key(x): w for x, w in zip(ragged, weight, strict=True)}
    spy = Spy()
    cls(**TINY | {"max_iter": 1}, **HALF, scoring=spy).fit(ragged, y, sample_weight=weight)
    np.testing.assert_allclose(spy.weights[0], [of[key(x)] for x in spy.X[0]])


def test_steps_that_weigh_the_same_are_scored_without_weights(ragged):
    spy, y = Spy(), [x[:, 0] for x in ragged]
    settings = TINY | HALF | {"return_sequences": True, "scoring": spy}
    RNNRegressor(**settings).fit(ragged, y, sample_weight=np.full(40, 2.0))
    assert spy.weights == [None] * 4


def test_a_sequence_of_weight_0_is_not_validated_on(ragged, labels):
    spy, weight = Spy(), np.arange(40) % 2
    RNNClassifier(**TINY, **HALF, scoring=spy).fit(ragged, labels, sample_weight=weight)
    assert {key(x) for x in spy.X[0]} <= {key(x) for x in ragged[1::2]}
    assert len(spy.X[0]) == 10


def test_without_weights_a_scorer_gets_none(ragged, labels):
    spy = Spy()
    RNNClassifier(**TINY, **HALF, scoring=spy).fit(ragged, labels)
    assert spy.weights == [None] * 4


@pytest.mark.parametrize("scoring", [lambda model, X, y: model.score(X, y), make_scorer(lambda y, p: (y == p).mean())])
def test_a_scorer_that_takes_no_weights_gets_none(ragged, labels, scoring):
    weight = np.random.default_rng(0).uniform(0.2, 3, 40)
    model = RNNClassifier(**TINY, **HALF, scoring=scoring).fit(ragged, labels, sample_weight=weight)
    np.testing.assert_allclose(np.array(model.validation_scores_) * 20 % 1, 0, atol=1e-9)


# --- which epoch ------------------------------------------------------------------------------------------------------


def test_the_weights_kept_are_those_of_a_fit_that_ends_at_the_best_epoch(task):
    cls, X, y = task
    scores = [0.1, 0.3, 0.2, 0.3, 0.1, 0.0]
    settings = TINY | STEADY | HALF | {"batch_size": 7, "dropout": 0.2}
    model = cls(**settings | {"max_iter": 6}, scoring=Spy(scores)).fit(X, y)
    assert model.validation_scores_ == scores
    assert (model.best_iter_, model.n_iter_, model.best_validation_score_) == (2, 6, 0.3)  # the first of equals
    assert same_bits(model, cls(**settings | {"max_iter": 2}, scoring=Spy(scores)).fit(X, y))
    given = cls(**settings | {"max_iter": 6}, scoring=Spy(scores)).fit(X, y, X_val=X[:9], y_val=y[:9])
    assert same_bits(given, cls(**settings | {"max_iter": 2, "early_stopping": False}).fit(X, y))


def test_stopping_counts_epochs_without_improvement_by_tol(ragged, labels):
    scores = [0.5, 0.6, 0.65, 0.61, 0.64, 0.9]
    settings = TINY | HALF | {"max_iter": 6, "learning_rate": "constant", "tol": 0.1, "n_iter_no_change": 2}
    model = RNNClassifier(**settings, scoring=Spy(scores)).fit(ragged, labels)
    assert (model.n_iter_, model.best_iter_, model.best_validation_score_) == (5, 3, 0.65)


def test_given_sequences_without_early_stopping_end_nothing(ragged, labels):
    settings = TINY | {"max_iter": 9, "learning_rate": "constant", "tol": 0, "n_iter_no_change": 1}
    model = RNNClassifier(**settings, scoring=Spy([0.0] * 9)).fit(ragged, labels, X_val=ragged[:9], y_val=labels[:9])
    assert model.n_iter_ == 9


def test_the_curves_of_a_warm_start_go_on(task):
    cls, X, y = task
    scores = [0.1, 0.4, 0.2, 0.3, 0.4, 0.2, 0.1, 0.6, 0.25]  # at the fifth, the weights to go on from
    model = cls(**TINY, **HALF, warm_start=True, scoring=Spy(scores)).fit(X, y)
    assert (model.best_iter_, model.best_validation_score_) == (2, 0.4)
    model.fit(X, y)
    assert (model.best_iter_, model.best_validation_score_, model.n_iter_) == (7, 0.6, 8)
    assert len(model.validation_scores_) == len(model.validation_loss_curve_) == 8
    model.partial_fit(X, y)
    assert model.validation_scores_ is model.validation_loss_curve_ is model.best_validation_score_ is None
    assert model.best_iter_ == model.n_iter_ == 9


def test_a_warm_start_keeps_the_weights_it_began_with_if_none_are_better(task):
    cls, X, y = task
    scores = [0.1, 0.4, 0.2, 0.3, 0.4, 0.2, 0.1, 0.3, 0.25]
    model = cls(**TINY, **HALF, warm_start=True, scoring=Spy(scores)).fit(X, y)
    before = model.theta_.copy()
    model.fit(X, y)
    assert (model.best_iter_, model.best_validation_score_, model.n_iter_) == (2, 0.4, 8)
    assert model.theta_.tobytes() == before.tobytes()


def test_lbfgs_sets_nothing_aside(ragged, labels):
    plain = RNNClassifier(**TINY, solver="lbfgs").fit(ragged, labels)
    model = RNNClassifier(**TINY, solver="lbfgs", early_stopping=True).fit(ragged, labels)
    assert same_bits(plain, model)
    assert model.validation_scores_ is None


def test_a_scorer_gets_tokens_as_fit_got_them():
    seen = []

    def scorer(estimator, X, y):
        seen.extend(X)
        return estimator.score(X, y)

    X = [np.array([5, 900, 33][: 1 + k % 3]) for k in range(12)]
    model = RNNClassifier(4, embedding_dim=3, early_stopping=True, scoring=scorer, max_iter=2, random_state=0)
    model.fit(X, [0, 1] * 6)
    assert {tuple(x.ravel()) for x in seen} <= {(5,), (5, 900), (5, 900, 33)}


def test_the_name_of_a_scorer_means_all_steps_if_each_has_a_target():
    X = [np.random.default_rng(k).normal(size=(3 + k % 4, 2)) for k in range(12)]
    y = [(x[:, 0] > 0).astype(int) for x in X]
    settings = {"return_sequences": True, "early_stopping": True, "max_iter": 2, "random_state": 0}
    by_name = RNNClassifier(4, **settings, scoring="accuracy").fit(X, y)
    by_method = RNNClassifier(4, **settings, scoring=None).fit(X, y)
    assert by_name.validation_scores_ == by_method.validation_scores_


def test_lbfgs_refuses_a_validation_set():
    X, y = np.random.default_rng(0).normal(size=(12, 3)), [0, 1] * 6
    with pytest.raises(ValueError, match="has no epochs"):
        RNNClassifier(4, solver="lbfgs").fit(X, y, X_val=X, y_val=y)


# --- validation_split: as a splitter has it ---------------------------------------------------------------------------


class Fixed:
    """A splitter with these parts, which remembers what it was asked about."""

    def __init__(self, train, test):
        self.parts, self.asked = (train, test), []

    def split(self, X, y=None, groups=None):
        self.asked.append((X, y, groups))
        yield np.array([0]), np.array([1])
        yield self.parts


def of_X(X, rows):
    return {key(X[j]) for j in rows}


def trained_and_validated(model, X, y, **fit):
    """Keys of the sequences that a model is trained on, and validated on."""
    trained = []

    class Objective_(Objective):
        def __init__(self, network, loss, dataset, *others):
            trained.extend(key(x) for x in dataset.X)
            super().__init__(network, loss, dataset, *others)

    spy = Spy()
    model.set_params(standardize=False, scoring=spy)
    model._objective = lambda *arguments, first_epoch: Objective_(*arguments)
    model.fit(X, y, **fit)
    return trained, [key(x) for x in spy.X[0]]


def test_the_last_split_of_a_splitter_is_that_into_training_and_validation(task):
    cls, X, y = task
    train, test = np.array([*range(3, 20), 1]), np.array([39, 25, 26, 27])
    splitter = Fixed(train, test)
    spy = Spy()
    model = cls(**TINY, early_stopping=True, validation_split=splitter, scoring=spy).fit(X, y)
    assert model.t_ == 4 * len(train)
    assert {key(x) for x in spy.X[0]} == of_X(X, test)
    target = {key(x): y_i for x, y_i in zip(X, y, strict=True)}
    for x, y_i in zip(spy.X[0], spy.y[0], strict=True):
        assert np.array_equal(y_i, target[key(x)])
    assert model.validation_scores_[model.best_iter_ - 1] == max(model.validation_scores_)


def test_a_splitter_sees_what_fit_got(task):
    cls, X, y = task
    groups = np.arange(40)[::-1]
    splitter = Fixed(np.arange(20), np.arange(20, 40))
    weight = np.where(np.arange(40) < 5, 0, 2)
    settings = TINY | {"early_stopping": True, "validation_split": splitter}
    model = cls(**settings).fit(X, y, sample_weight=weight, groups=groups)
    ((seen_X, seen_y, seen_groups),) = splitter.asked
    assert seen_X is X
    assert seen_y is y
    assert seen_groups is groups
    assert model.t_ == 4 * 15


@pytest.mark.parametrize("shuffle", [True, False])
def test_training_on_the_first_part_and_validating_on_the_other_is_all_that_a_splitter_changes(task, shuffle):
    cls, X, y = task
    settings = TINY | {"early_stopping": True, "standardize": False, "shuffle": shuffle, "batch_size": 50}
    train, test = np.arange(30), np.arange(30, 40)
    one = cls(**settings, validation_split=Fixed(train, test)).fit(X, y)
    other = cls(**settings).fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])
    assert one.t_ == other.t_
    if cls in (RNNClassifier, Seq2SeqClassifier):  # those of numbers scale y, by all that fit gets
        np.testing.assert_allclose(one.validation_loss_curve_, other.validation_loss_curve_)


def test_the_order_of_X_has_no_effect_on_what_a_splitter_by_groups_makes(ragged, labels):
    groups = np.arange(40) % 8
    settings = TINY | {"early_stopping": True, "validation_split": GroupKFold(4)}
    models = []
    for order in (np.arange(40), np.random.default_rng(0).permutation(40)):
        X = [ragged[j] for j in order]
        models.append(RNNClassifier(**settings).fit(X, labels[order], groups=groups[order]))
    assert same_bits(*models)


def test_a_sequence_of_weight_0_is_left_out_after_the_split_and_equal_ones_are_merged_within_a_part(ragged, labels):
    X = [*ragged[:20], *ragged[:20]]
    y = np.tile(labels[:20], 2)
    settings = TINY | {"early_stopping": True}
    across = RNNClassifier(**settings, validation_split=Fixed(np.arange(20), np.arange(20, 40))).fit(X, y)
    assert across.t_ == 4 * 20
    weight = np.r_[np.ones(25), np.zeros(15)]
    within = Fixed(np.r_[0:10, 20:40], np.arange(10, 20))
    one = RNNClassifier(**settings, validation_split=within).fit(X, y, sample_weight=weight)
    weight = np.r_[2 * np.ones(5), np.ones(15)]
    once = Fixed(np.arange(10), np.arange(10, 20))
    other = RNNClassifier(**settings, validation_split=once).fit(X[:20], y[:20], sample_weight=weight)
    assert same_bits(one, other)
    assert one.validation_scores_ == other.validation_scores_


def test_groups_that_were_for_the_splitter_play_no_other_part(ragged, labels):
    X, y = [*ragged[:30], *ragged[:10]], np.r_[labels[:30], labels[:10]]
    splitter = Fixed(np.r_[0:20, 30:40], np.arange(20, 30))
    model = RNNClassifier(**TINY, early_stopping=True, validation_split=splitter)
    times = np.datetime64("2024-01-01") + np.arange(40)
    with_groups = clone(model).fit(X, y, groups=times)
    assert with_groups.t_ == 4 * 20
    assert same_bits(with_groups, clone(model).fit(X, y))


def test_rows_in_no_part_are_left_out(ragged, labels):
    settings = TINY | {"early_stopping": True}
    gap = Fixed(np.arange(10), np.arange(30, 40))
    one = RNNClassifier(**settings, validation_split=gap).fit(ragged, labels)
    rows = np.r_[0:10, 30:40]
    alone = Fixed(np.arange(10), np.arange(10, 20))
    other = RNNClassifier(**settings, validation_split=alone).fit([ragged[j] for j in rows], labels[rows])
    assert same_bits(one, other)


@pytest.mark.parametrize(
    "splitter",
    [TimeSeriesSplit(4, gap=2), KFold(4), ShuffleSplit(2, random_state=0), PredefinedSplit(np.arange(40) % 3)],
    ids=lambda splitter: type(splitter).__name__,
)
def test_splitters_of_scikit_learn_set_aside_what_their_last_split_does(splitter, ragged, labels):
    (*_, (train, test)) = splitter.split(ragged)
    model = RNNClassifier(**TINY, early_stopping=True, validation_split=splitter)
    trained, validated = trained_and_validated(model, ragged, labels)
    assert set(trained) == of_X(ragged, train)
    assert set(validated) == of_X(ragged, test)
    assert validated == [key(ragged[j]) for j in np.sort(test)] or model.shuffle


def test_folds_by_time_in_early_stopping(ragged, labels):
    pd = pytest.importorskip("pandas")
    times = pd.Series(pd.date_range("2024-03-20", periods=20, tz="Europe/Berlin").repeat(2))
    splitter = CutoffSplit(1, horizon=3, test_size=4, freq="D")
    model = RNNClassifier(**TINY, early_stopping=True, validation_split=splitter)
    trained, validated = trained_and_validated(model, ragged, labels, groups=times)
    assert set(trained) == of_X(ragged, range(28))
    assert set(validated) == of_X(ragged, range(32, 40))


def test_frames_with_many_rows_for_each_sequence_are_split_by_sequence(ragged, labels):
    class Last:
        def split(self, X, y=None, groups=None):
            assert len(X) == len(y) == 40
            yield np.arange(30), np.arange(30, 40)

    for X in (as_sequences(ragged), as_column(ragged), np.stack([x[:3] for x in ragged])):
        model = RNNClassifier(**TINY, early_stopping=True, validation_split=Last()).fit(X, labels)
        assert model.t_ == 4 * 30


@pytest.mark.parametrize("settings", [{"early_stopping": False}, {"solver": "lbfgs"}], ids=str)
def test_a_splitter_plays_no_part_where_nothing_is_set_aside(ragged, labels, settings):
    settings = TINY | {"early_stopping": True} | settings
    splitter = Fixed(np.arange(30), np.arange(30, 40))
    one = RNNClassifier(**settings, validation_split=splitter).fit(ragged, labels)
    assert same_bits(one, RNNClassifier(**settings).fit(ragged, labels))
    RNNClassifier(**TINY, early_stopping=True, validation_split=splitter).fit(
        ragged[:30], labels[:30], X_val=ragged[30:], y_val=labels[30:]
    )
    RNNClassifier(**TINY, early_stopping=True, validation_split=splitter).partial_fit(ragged, labels)
    assert splitter.asked == []


@pytest.mark.parametrize(
    ("splitter", "fit", "message"),
    [
        (PredefinedSplit(np.arange(30) % 2), {}, "PredefinedSplit to have an entry for each sequence of X, got 30 for"),
        (Fixed(np.arange(30), np.arange(30, 41)), {}, "Fixed to give rows from 0 to 39, got 30 to 40"),
        (Fixed(np.arange(-1, 30), np.arange(30, 40)), {}, "Fixed to give rows from 0 to 39, got -1 to 29"),
        (Fixed(np.arange(31), np.arange(30, 40)), {}, "Fixed to give each row once at most"),
        (Fixed(np.array([1, 1, 2]), np.arange(30, 40)), {}, "Fixed to give each row once at most"),
        (Fixed(np.arange(30), np.array([], int)), {}, "Fixed to give numbers of rows to train on and to validate on"),
        (Fixed(np.arange(30), np.ones(40, bool)), {}, "Fixed to give numbers of rows to train on and to validate on"),
        (
            Fixed(np.arange(30), np.arange(30, 40)),
            {"sample_weight": np.r_[np.ones(30), np.zeros(10)]},
            "Expected a sequence with a weight to validate on, got none",
        ),
        (
            Fixed(np.arange(30), np.arange(30, 40)),
            {"sample_weight": np.r_[np.zeros(30), np.ones(10)]},
            "Expected a sequence with a weight to train on, got none",
        ),
        (TimeSeriesSplit(50), {}, "validation_split=TimeSeriesSplit: .*51"),
        (GroupKFold(2), {"groups": np.arange(3)}, "inconsistent numbers of samples"),
        (
            GroupKFold(3),
            {},
            r"split=GroupKFold: .*groups.* net__groups=groups.*net.set_fit_request\(groups=True",
        ),
        (
            CutoffSplit(2, horizon=1),
            {},
            r"CutoffSplit: .*groups.* net__groups=groups.*net.set_fit_request\(groups=True",
        ),
        (CutoffSplit(2, horizon=1), {"groups": ["a"] * 40}, "validation_split=CutoffSplit: .*strings"),
        (CutoffSplit(9, horizon=9), {"groups": np.arange(40)}, "validation_split=CutoffSplit: Fold 5 of 9.*n_splits=3"),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "split") and not isinstance(value, str) else "",
)
def test_a_split_that_cannot_be_is_refused_and_the_estimator_is_as_before(ragged, labels, splitter, fit, message):
    model = RNNClassifier(**TINY).fit(ragged, labels).set_params(early_stopping=True, validation_split=splitter)
    before = model.theta_.tobytes()
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        model.fit(ragged, labels, **fit)
    assert model.theta_.tobytes() == before


def test_groups_reach_a_splitter_in_a_search_as_the_error_says(ragged, labels):
    times = np.arange(40)
    split = CutoffSplit(1, horizon=2, test_size=5)
    net = RNNClassifier(**TINY | {"max_iter": 1}, early_stopping=True, validation_split=split)
    cv = CutoffSplit(2, horizon=2, test_size=5)
    pipe = Pipeline([("net", net)])
    search = GridSearchCV(pipe, {"net__alpha": [0.0]}, cv=cv, error_score="raise")
    search.fit(ragged, labels, groups=times, net__groups=times)
    assert search.best_estimator_["net"].t_ == 40 - 5 - 1
    assert np.isfinite(search.best_score_)
    with config_context(enable_metadata_routing=True):
        asking = clone(net).set_fit_request(groups=True)
        search = GridSearchCV(asking, {"alpha": [0.0]}, cv=cv, error_score="raise").fit(ragged, labels, groups=times)
    assert search.best_estimator_.t_ == 40 - 5 - 1
    with pytest.raises(ValueError, match=r"net__groups=groups"):
        GridSearchCV(net, {"alpha": [0.0]}, cv=cv).fit(ragged, labels, groups=times)


def test_the_lines_of_the_error_about_groups_run(ragged, labels):
    net = RNNClassifier(**TINY, early_stopping=True, validation_split=CutoffSplit(1, horizon=2, test_size=5))
    with pytest.raises(ValueError, match="fit got no groups") as caught:
        net.fit(ragged, labels)
    known = {"net": net, "pipe": Pipeline([("net", net)]), "X": ragged, "y": labels, "groups": np.arange(40)}
    lines = re.findall(r"(?:net|pipe)\.\w+\(.+?\)", str(caught.value))
    assert len(lines) == 3
    with config_context(enable_metadata_routing="request" in lines[2]):
        for line in lines[:2]:
            with config_context(enable_metadata_routing=False):
                eval(line, known)
        assert net.t_ == 4 * (40 - 5 - 1)
        eval(lines[2], known)


def test_a_splitter_is_cloned_and_stored_with_the_model(ragged, labels):
    split = ShuffleSplit(1, test_size=0.25, random_state=np.random.RandomState(3))
    net = RNNClassifier(**TINY, early_stopping=True, validation_split=split)
    models = [clone(net).fit(ragged, labels), pickle.loads(pickle.dumps(net)).fit(ragged, labels)]
    assert same_bits(*models)
    assert models[0].t_ == 4 * 30


# --- the last part ----------------------------------------------------------------------------------------------------


def test_without_shuffling_the_last_sequences_are_set_aside(task):
    cls, X, y = task
    spy = Spy()
    settings = TINY | {"early_stopping": True, "validation_fraction": 0.25, "shuffle": False}
    cls(**settings, scoring=spy).fit(X, y)
    assert [key(x) for x in spy.X[0]] == [key(x) for x in X[30:]]
    weight = np.r_[np.zeros(20), np.ones(20)]
    spy = Spy()
    cls(**settings, scoring=spy).fit(X, y, sample_weight=weight)
    assert [key(x) for x in spy.X[0]] == [key(x) for x in X[35:]]
    one = cls(**settings, validation_split=Fixed(np.arange(30), np.arange(30, 40))).fit(X, y)
    assert same_bits(one, cls(**settings).fit(X, y))


def test_without_shuffling_the_groups_that_end_last_are_set_aside(ragged, labels):
    groups = np.array(["c", "a", "d", "b"])[np.arange(40) // 10]
    groups[39] = "d"
    spy = Spy()
    settings = TINY | {"early_stopping": True, "validation_fraction": 0.5, "shuffle": False}
    RNNClassifier(**settings, scoring=spy).fit(ragged, labels, groups=groups)
    assert [key(x) for x in spy.X[0]] == [key(x) for x in ragged[20:]]
    spy = Spy()
    RNNClassifier(**settings | {"validation_fraction": 0.25}, scoring=spy).fit(ragged, labels, groups=groups)
    assert [key(x) for x in spy.X[0]] == [key(x) for x in [*ragged[20:30], ragged[39]]]


def test_the_error_of_a_single_group_says_what_to_do(ragged, labels):
    model = RNNClassifier(**TINY, early_stopping=True)
    with pytest.raises(ValueError, match="Leave groups out") as caught:
        model.fit(ragged, labels, groups=np.zeros(40))
    line = re.search(r"set (validation_split=.+?\))", str(caught.value))[1]
    settings = eval(f"dict({line})", {"TimeSeriesSplit": TimeSeriesSplit})
    model.set_params(**settings).fit(ragged, labels)


@pytest.mark.filterwarnings("ignore:Each sequence of X is the one before it:sklearn_recurrent.SequenceDataWarning")
def test_early_stopping_on_windows_does_not_look_ahead():
    """Windows that overlap: a random part of them is known from its neighbors, the last part is not."""
    rng = np.random.default_rng(1)
    s = np.zeros(400)
    for t in range(1, 400):
        s[t] = 0.9 * s[t - 1] + rng.normal()
    X, y, _ = sliding_windows(s, window=40, horizon=10)
    y = y[:, -1]
    settings = {"max_iter": 25, "learning_rate_init": 0.02, "random_state": 0, "bidirectional": False}
    scores = {}
    for splitter in (None, TimeSeriesSplit(4, gap=9)):
        model = LSTMRegressor(16, **settings, early_stopping=True, validation_split=splitter)
        scores[splitter] = cross_val_score(model, X, y, cv=TimeSeriesSplit(2, gap=9)).mean()
    blind, ahead = scores.values()
    assert ahead > blind + 0.1


# --- windows that overlap ---------------------------------------------------------------------------------------------

WALK = np.random.default_rng(0).normal(size=(120, 2)).cumsum(axis=0)


def windows_of(values, window, step=1):
    view = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)[::step]
    return np.moveaxis(view, -1, 1)


OVERLAPPING = {
    "of one feature": windows_of(WALK, 12)[:, :, 0],
    "in a list": list(windows_of(WALK, 12)),
    "in float32, every third": windows_of(np.float32(WALK), 12, step=3),
    "with gaps": windows_of(np.where(np.arange(240).reshape(120, 2) % 7 == 0, np.nan, WALK), 12),
    "of three series": np.concatenate([windows_of(WALK[k : k + 40], 12) for k in (0, 40, 80)]),
    "known ahead": sliding_windows(WALK, 12, 4, target=0, known=1).X,
}


@pytest.mark.parametrize("X", OVERLAPPING.values(), ids=OVERLAPPING)
def test_a_random_part_of_overlapping_windows_gives_a_warning_whose_line_mends_it(X):
    y = np.arange(len(X), dtype=float)
    missing = "forward" if np.isnan(np.array(X)).any() else "error"
    model = LSTMRegressor(**TINY, early_stopping=True, missing=missing)
    with pytest.warns(SequenceDataWarning, match="moved by [13] steps?, as windows") as caught:
        model.fit(X, y)
    assert len(caught) == 1
    assert "validation_split=TimeSeriesSplit(5)" in str(caught[0].message)
    model.set_params(validation_split=TimeSeriesSplit(5)).fit(X, y)


NO_OVERLAP = {
    "windows side by side": windows_of(WALK, 4, step=4),
    "shuffled windows": np.random.default_rng(1).permutation(windows_of(WALK, 12)),
    "equal steps": np.ones((60, 12, 2)),
    "equal sequences": np.tile(np.random.default_rng(2).normal(size=(1, 12, 2)), (60, 1, 1)),
    "few different values": np.random.default_rng(3).integers(0, 2, (60, 12, 1)).astype(float),
    "a pulse that is always there": np.tile(np.eye(12)[3], (60, 1)),
    "digits": load_digits().images[:200],
}


@pytest.mark.parametrize("X", NO_OVERLAP.values(), ids=NO_OVERLAP)
def test_sequences_that_do_not_overlap_give_none(X):
    LSTMRegressor(**TINY, early_stopping=True).fit(X, np.arange(len(X), dtype=float))


def test_overlapping_windows_give_none_where_no_random_part_is_set_aside():
    X = windows_of(WALK, 12)
    y = WALK[11:, 0]
    for early in ({}, {"early_stopping": True, "shuffle": False}, {"early_stopping": True, "solver": "lbfgs"}):
        LSTMRegressor(**TINY | early).fit(X, y)
    LSTMRegressor(**TINY, early_stopping=True).fit(X, y, groups=np.arange(len(X)) // 30)
    LSTMRegressor(**TINY, early_stopping=True).fit(X, y, X_val=X[:20], y_val=y[:20])
    LSTMRegressor(**TINY, early_stopping=True).partial_fit(X, y)
