"""PerWindow: any regressor, on windows each of which has a unit of its own."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from checks import scikit_learns_checks
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import LinearSVR

from sklearn_recurrent import (
    GRURegressor,
    PerWindow,
    RNNRegressor,
    Seq2SeqRegressor,
    SequenceDataWarning,
    as_column,
    as_sequences,
    sliding_windows,
)
from sklearn_recurrent._core.levels import level, spread

TINY = {"hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0}
EPS = np.finfo(float).eps


@pytest.fixture
def walks():
    """Windows (30, 12) of random walks at different levels, and the three values that follow."""
    rng = np.random.default_rng(0)
    walk = 100 * rng.normal(size=(30, 1)) + rng.normal(size=(30, 15)).cumsum(axis=1)
    return walk[:, :12], walk[:, 12:]


def by_hand(X, center, scale):
    """Level and scale of windows, (n,) each, one after the other."""
    levels = {"last": X[:, -1], "mean": X.mean(axis=1), None: np.zeros(len(X))}[center]
    scales = {
        "diff": np.diff(X, axis=1).std(axis=1),
        "std": X.std(axis=1),
        "mean": np.abs(X).mean(axis=1),
        None: np.ones(len(X)),
    }[scale]
    return levels[:, None], scales[:, None]


CENTERS = ["last", "mean", None]
SCALES = ["diff", "std", "mean", None]


@pytest.mark.parametrize("keep_level", [False, True])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("center", CENTERS)
def test_a_regressor_of_rows_is_fitted_to_scaled_windows_and_its_predictions_are_scaled_back(
    walks, center, scale, keep_level
):
    X, y = walks
    levels, scales = by_hand(X, center, scale)
    rows = np.hstack([(X - levels) / scales, levels]) if keep_level else (X - levels) / scales
    expected = Ridge().fit(rows, (y - levels) / scales).predict(rows) * scales + levels
    model = PerWindow(Ridge(), center=center, scale=scale, keep_level=keep_level).fit(X, y)
    assert_allclose(model.predict(X), expected, rtol=1e-8)
    assert model.score(X, y) == pytest.approx(r2_score(y, expected))


@pytest.mark.parametrize("keep_level", [False, True])
def test_a_network_reads_scaled_sequences_with_the_level_at_each_step(walks, keep_level):
    X, y = walks
    levels, scales = by_hand(X, "last", "diff")
    sequences = ((X - levels) / scales)[:, :, None]
    if keep_level:
        sequences = np.concatenate([sequences, np.broadcast_to(levels[:, None], (30, 12, 1))], axis=2)
    inner = GRURegressor(**TINY).fit(sequences, (y - levels) / scales)
    model = PerWindow(GRURegressor(**TINY), keep_level=keep_level).fit(X, y)
    assert_allclose(model.predict(X), inner.predict(sequences) * scales + levels, rtol=1e-9)


@pytest.mark.parametrize("center", CENTERS)
@pytest.mark.parametrize("scale", SCALES)
def test_level_and_scale_are_those_of_a_plain_loop_over_what_is_there(center, scale):
    rng = np.random.default_rng(0)
    windows = [rng.normal(size=(length, 2)) for length in (1, 2, 9, 5)]
    windows[2][[0, 3, 8], 0] = np.nan
    windows[3][:, 1] = np.nan
    values = np.concatenate(windows)
    offsets = np.cumsum([0, *map(len, windows)])
    levels = level(values, ~np.isnan(values), offsets, center)
    scales = spread(values, ~np.isnan(values), offsets, scale)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of means of nothing
        for j, window in enumerate(windows):
            for k, x in enumerate(window.T):
                there = x[~np.isnan(x)]
                true = {"last": there[-1:], "mean": [there.mean()], None: [0]}[center]
                assert levels[j, k] == pytest.approx(true[0] if len(there) else 0)
                true = {"diff": np.nanstd(np.diff(x)), "std": there.std(), "mean": np.abs(there).mean(), None: 1}[scale]
                assert scales[j, k] == pytest.approx(true if true > 0 else 1)


@pytest.mark.parametrize("scale", ["diff", "std"])
def test_a_window_that_does_not_change_has_the_scale_1(scale):
    values = np.repeat([0.1, 1e9 + 0.1, 0.0], 7)[:, None]
    assert spread(values, values == values, np.array([0, 7, 14, 21]), scale).ravel().tolist() == [1, 1, 1]


def test_small_changes_at_a_high_level_are_changes():
    values = 1e6 + 1e-3 * np.arange(8.0)[:, None] ** 2
    assert spread(values, values == values, np.array([0, 8]), "std")[0, 0] == pytest.approx(values.std(), rel=1e-6)


# --- forms of X and y -------------------------------------------------------------------------------------------------


def test_every_container_gives_one_model(walks):
    X, y = walks
    model = GRURegressor(**TINY)
    expected = PerWindow(model).fit(X[:, :, None], y).predict(X[:, :, None])
    for form in (lambda X: list(X[:, :, None]), as_sequences, as_column, lambda X: [pd.DataFrame({"a": x}) for x in X]):
        for targets in (y, y.tolist(), pd.DataFrame(y)):
            assert_allclose(PerWindow(model).fit(form(X), targets).predict(form(X)), expected, rtol=1e-12)
    assert_allclose(PerWindow(model).fit(X, y).predict(X), expected, rtol=1e-12)


def test_neither_X_nor_y_changes(walks):
    X, y = walks
    before = X.copy(), y.copy()
    PerWindow(Ridge()).fit(X, y).predict(X)
    assert np.array_equal(X, before[0])
    assert np.array_equal(y, before[1])


def test_y_continues_the_target(walks):
    X, y = walks
    both = np.stack([X, 5 - 3 * X], axis=2)
    inner = Ridge(alpha=1e-6)
    expected = PerWindow(inner, keep_level=False).fit(X, y).predict(X)
    found = PerWindow(inner, keep_level=False, target=0).fit(both, y).predict(both)
    assert_allclose(found, expected, rtol=1e-3)
    moved = PerWindow(inner, keep_level=False, target=1).fit(both, 5 - 3 * y).predict(both)
    assert_allclose(moved, 5 - 3 * expected, rtol=1e-3)
    frames = [pd.DataFrame(x, columns=["a", "b"]) for x in both]
    assert_allclose(PerWindow(inner, keep_level=False, target="b").fit(frames, 5 - 3 * y).predict(frames), moved)


def test_each_output_continues_its_feature(walks):
    X, y = walks
    both = np.stack([X, 1000 + 3 * X], axis=2)
    outputs = np.stack([y, 1000 + 3 * y], axis=2)
    model = PerWindow(Seq2SeqRegressor(**TINY)).fit(both, outputs)
    predicted = model.predict(both)
    assert predicted.shape == (30, 3, 2)
    assert np.abs(predicted - outputs).max() < 60  # without levels it would be hundreds
    swapped = PerWindow(Seq2SeqRegressor(**TINY), target=[1, 0]).fit(both, outputs[:, :, ::-1]).predict(both)
    assert swapped[:, :, 1].mean() == pytest.approx(y.mean(), abs=30)
    one_step = PerWindow(Ridge(), target=[0, 1]).fit(both, outputs[:, 0]).predict(both)
    assert np.abs(one_step - outputs[:, 0]).max() < 60


def test_outputs_of_several_steps_may_stand_side_by_side_or_in_an_axis_of_their_own(walks):
    X, y = walks
    both = np.stack([X, 1000 + 3 * X], axis=2)
    outputs = np.stack([y, 1000 + 3 * y], axis=2)
    flat = PerWindow(Ridge(), target=[0, 1]).fit(both, outputs.reshape(30, -1)).predict(both)
    assert flat.shape == (30, 6)
    assert np.abs(flat.reshape(outputs.shape) - outputs).max() < 60
    model = PerWindow(Ridge()).fit(both, outputs)
    assert_allclose(model.predict(both), flat.reshape(outputs.shape))
    assert model.score(both, outputs) > 0.9
    assert PerWindow(Ridge(), target=0).fit(both, outputs[:, :, :1]).predict(both).shape == (30, 3, 1)


@pytest.mark.parametrize("y", [np.zeros(30), np.zeros((30, 5)), np.zeros((30, 3, 3)), [np.zeros(3)] * 30])
def test_outputs_that_do_not_fit_the_targets_are_refused(walks, y):
    both = np.stack([walks[0], walks[0]], axis=2)
    with pytest.raises(ValueError, match="an output for each of the 2 features of target, got"):
        PerWindow(Seq2SeqRegressor(**TINY), target=[0, 1]).fit(both, y)


def test_a_column_of_one_output_is_scored_whatever_the_regressor_makes_of_it(walks):
    X, y = walks
    for regressor in (Ridge(), KNeighborsRegressor(), LinearSVR(), GRURegressor(**TINY)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn's of a column
            model = PerWindow(regressor).fit(X, y[:, :1])
        assert model.score(X, y[:, :1]) == pytest.approx(model.score(X, y[:, 0]))


def test_a_ramp_has_no_scale_in_float32_as_in_float64():
    ramp = sliding_windows(0.1 * np.arange(60), 12, 2).X
    for X in (ramp, ramp.astype(np.float32)):
        model = PerWindow(Ridge()).fit(X, X[:, :2])
        assert_allclose(model._windows(X, reset=False).scale, 1)
    walk = 1e6 + 3 * np.random.default_rng(0).integers(-9, 9, (5, 12)).astype(np.float32)
    assert (PerWindow(Ridge()).fit(walk, walk[:, 0])._windows(walk, reset=False).scale > 5).all()


def test_targets_of_nullable_columns_are_numbers(walks):
    X, _ = walks
    y = pd.DataFrame({"a": pd.array([None, *range(29)], "Int64"), "b": pd.array(range(30), "Int64")})
    net = Seq2SeqRegressor(**TINY)  # for which a missing target is none
    expected = PerWindow(net).fit(X, y.to_numpy(float, na_value=np.nan))
    model = PerWindow(net).fit(X, y)
    assert_allclose(model.predict(X), expected.predict(X))
    assert model.score(X, y) == expected.score(X, y.to_numpy(float, na_value=np.nan))
    with pytest.raises(ValueError, match="Expected numbers"):
        PerWindow(net).fit(X, y.astype(str))


def test_quantiles_pass_through(walks):
    X, y = walks
    model = PerWindow(RNNRegressor(**TINY, loss="quantile", quantile=(0.1, 0.5, 0.9))).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == (30, 3, 3)
    assert (np.diff(predicted, axis=2) >= 0).all()
    assert np.abs(predicted[:, :, 1] - y).max() < 20
    with pytest.raises(ValueError, match="Several quantiles have no R²"):
        model.score(X, y)


def test_ragged_windows_and_ragged_targets(ragged):
    y = [x[-1:, 0] + np.arange(1 + len(x) % 3) for x in ragged]
    model = PerWindow(Seq2SeqRegressor(**TINY), target=0).fit(ragged, y)
    predicted = model.predict(ragged, horizon=[len(row) for row in y])
    assert [len(row) for row in predicted] == [len(row) for row in y]
    levels = np.array([x[-1, 0] for x in ragged])
    scales = np.array([np.diff(x[:, 0]).std() for x in ragged])
    scaled = [(x - x[-1]) / np.diff(x, axis=0).std(axis=0) for x in ragged]
    inner = Seq2SeqRegressor(**TINY).fit(scaled, [(row - a) / b for row, a, b in zip(y, levels, scales, strict=True)])
    expected = inner.predict(scaled, horizon=[len(row) for row in y])
    for row, found, a, b in zip(expected, predicted, levels, scales, strict=True):
        assert_allclose(found, row * b + a, rtol=1e-9)
    with pytest.raises(ValueError, match="Expected windows of equal length for Ridge"):
        PerWindow(Ridge(), target=0).fit(ragged, np.arange(40.0))


def test_what_is_known_ahead_stays_as_it_is_and_so_does_the_future(walks):
    X, y = walks
    rng = np.random.default_rng(1)
    known = rng.normal(size=(30, 15))
    is_future = np.arange(15) >= 12
    windows = np.stack([np.where(is_future, 0, np.hstack([X, 0 * y])), known, np.tile(is_future, (30, 1))], axis=2)
    levels, scales = by_hand(X, "last", "diff")
    scaled = windows.copy()
    scaled[:, :12, 0] = (X - levels) / scales
    inner = GRURegressor(**TINY).fit(scaled, (y - levels) / scales)
    model = PerWindow(GRURegressor(**TINY), known=[1]).fit(windows, y)
    assert_allclose(model.predict(windows), inner.predict(scaled) * scales + levels, rtol=1e-9)


def test_static_values_are_passed_on(walks):
    X, y = walks
    table = pd.DataFrame({"window": list(X), "size": np.random.default_rng(0).normal(size=30)})
    model = PerWindow(GRURegressor(**TINY)).fit(table, y)
    assert model.regressor_.n_static_features_in_ == 1
    assert model.predict(table).shape == (30, 3)
    assert PerWindow(Ridge()).fit(table, y).regressor_.n_features_in_ == 12 + 1


def test_missing_values_stay_missing_and_padding_stays_padding(walks):
    X, y = walks
    X = X[:, :, None].copy()
    X[:5, :3] = np.nan
    model = PerWindow(GRURegressor(**TINY)).fit(X, y)
    ragged = [x[~np.isnan(x[:, 0])] for x in X]
    assert_allclose(model.predict(X), PerWindow(GRURegressor(**TINY)).fit(ragged, y).predict(ragged), rtol=1e-12)


def test_float32_stays_float32(walks):
    X, y = (values.astype(np.float32) for values in walks)
    assert PerWindow(GRURegressor(**TINY)).fit(X, y).regressor_.theta_.dtype == np.float32


# --- in scikit-learn --------------------------------------------------------------------------------------------------


def test_searches_folds_and_copies(walks):
    X, y = walks
    grid = {"regressor__hidden_layer_sizes": [2, 3], "scale": ["diff", None]}
    search = GridSearchCV(PerWindow(GRURegressor(**TINY)), grid, cv=TimeSeriesSplit(2), error_score="raise").fit(X, y)
    copied = pickle.loads(pickle.dumps(search.best_estimator_))
    assert np.array_equal(copied.predict(X), search.predict(X))
    assert np.isfinite(cross_val_score(clone(copied), X, y, cv=2)).all()


def test_weights_groups_and_validation_sets_reach_the_regressor(walks):
    X, y = walks
    model = PerWindow(GRURegressor(**TINY, early_stopping=True))
    fitted = model.fit(X[:20], y[:20], sample_weight=np.ones(20), X_val=X[20:], y_val=y[20:])
    levels, scales = by_hand(X, "last", "diff")
    sequences = ((X - levels) / scales)[:, :, None]
    inner = clone(model.regressor).fit(
        sequences[:20], ((y - levels) / scales)[:20], X_val=sequences[20:], y_val=((y - levels) / scales)[20:]
    )
    assert_allclose(fitted.regressor_.validation_loss_curve_, inner.validation_loss_curve_, rtol=1e-8)
    with pytest.raises(ValueError, match="Expected at least two different groups"):
        model.fit(X, y, groups=np.zeros(30))


def test_metadata_is_routed(walks):
    X, y = walks
    weight = np.arange(30) % 2
    with sklearn.config_context(enable_metadata_routing=True):
        model = PerWindow(Ridge().set_fit_request(sample_weight=True)).fit(X, y, sample_weight=weight)
    assert_allclose(model.predict(X), PerWindow(Ridge()).fit(X[1::2], y[1::2]).predict(X), rtol=1e-6)


def test_training_goes_on(walks):
    X, y = walks
    model = PerWindow(GRURegressor(**TINY)).partial_fit(X, y)
    assert model.regressor_.n_iter_ == 1
    assert model.partial_fit(X, y).regressor_.n_iter_ == 2
    assert not hasattr(PerWindow(Ridge()), "partial_fit")


def test_a_fit_that_fails_changes_nothing(walks):
    X, y = walks
    model = PerWindow(GRURegressor(**TINY)).fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="infinity"):
        model.fit(X[:, :, None], np.full((30, 3), np.inf))
    assert np.array_equal(model.predict(X), before)


def table_of_shops():
    """Sales that grow in each shop, by a factor of its own, and fall with the price."""
    rng = np.random.default_rng(0)
    days = np.tile(np.arange("2026-01-01", "2026-03-02", dtype="M8[D]"), 3)
    price = rng.uniform(1, 2, 180)
    sales = np.repeat([1.0, 10, 100], 60) * (np.tile(np.arange(60.0), 3) - 5 * price)
    return days, price, sales


class Fold:
    """A splitter with one split."""

    def __init__(self, rows):
        self.rows = rows

    def split(self, X, y=None, groups=None):
        return [self.rows]

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1


def test_the_groups_of_a_splitter_by_time_reach_the_network():
    days, price, sales = table_of_shops()
    table = pd.DataFrame({"shop": np.repeat(["a", "b", "c"], 60), "day": days, "price": price, "sales": sales})
    windows = sliding_windows(table, 10, 3, by="shop", time="day", target="sales", known="price")
    X, y, _ = windows
    cv = windows.cutoff_split(2)
    settings = TINY | {"max_iter": 3, "early_stopping": True}
    network = GRURegressor(**settings, validation_split=cv)
    model = PerWindow(network, known=0, target=1)
    with pytest.raises(ValueError, match="Expected groups, the time of the last step seen"):
        model.fit(X, y)
    model.fit(X, y, groups=windows.cutoff)
    fold = list(cv.split(X, groups=windows.cutoff))[-1]
    by_hand = PerWindow(GRURegressor(**settings, validation_split=Fold(fold)), known=0, target=1).fit(X, y)
    assert model.regressor_.validation_loss_curve_ == by_hand.regressor_.validation_loss_curve_
    assert np.array_equal(model.predict(X), by_hand.predict(X))
    with sklearn.config_context(enable_metadata_routing=True):
        routed = PerWindow(network.set_fit_request(groups=True), known=0, target=1).fit(X, y, groups=windows.cutoff)
    assert np.array_equal(model.predict(X), routed.predict(X))


def test_features_of_windows_are_in_the_order_of_the_columns_without_those_that_are_no_features():
    days, price, sales = table_of_shops()
    columns = {"price": price, "shop": np.repeat(["a", "b", "c"], 60), "sales": sales, "size": 1, "day": days}
    windows = sliding_windows(
        pd.DataFrame(columns), 10, 3, by="shop", time="day", static="size", target="sales", known="price"
    )
    X, y, _ = windows
    assert np.array_equal(X["sequence"][0][:10, :2], np.column_stack([price, sales])[:10])
    model = PerWindow(Ridge(1e-6), known=0, target=1).fit(X, y)
    assert model.score(X, y) > 0.999
    plain = sliding_windows(pd.DataFrame(columns), 10, 3, by="shop", time="day", target="sales", known="price").X
    with pytest.raises(ValueError, match="Expected known to be a position, since X has no column names, got 'price'"):
        PerWindow(Ridge(), known="price", target=1).fit(plain, y)


@pytest.mark.parametrize("kind", [list, np.asarray, as_column])
@pytest.mark.parametrize("regressor", [Ridge(), GRURegressor(**TINY)], ids=["rows", "sequences"])
def test_windows_with_a_future_need_the_names_of_what_is_known(regressor, kind):
    _, price, sales = table_of_shops()
    X, y, _ = sliding_windows(np.column_stack([sales, price])[:60], 10, 3, target=0, known=1)
    model = PerWindow(regressor, target=0)
    with pytest.warns(SequenceDataWarning, match=r"1 in the last 3 steps of each window alone.* known=\[1\]"):
        model.fit(kind(X), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceDataWarning)
        model.set_params(known=[1]).fit(kind(X), y)


@pytest.mark.parametrize(
    "marks",
    [np.zeros(8), np.ones(8), np.arange(8) % 2, np.arange(8) < 4, np.arange(8.0)],
    ids=["zeros", "ones", "changing", "falling", "numbers"],
)
def test_a_last_feature_that_marks_no_future_needs_no_names(marks):
    values = np.random.default_rng(0).normal(size=(9, 8))
    X = np.stack([values, np.tile(marks, (9, 1))], axis=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceDataWarning)
        PerWindow(Ridge(), target=0).fit(X, np.arange(9.0))


def test_a_last_feature_that_rises_at_other_places_marks_no_future():
    values = np.random.default_rng(0).normal(size=(9, 8))
    X = np.stack([values, np.arange(8) > np.arange(9)[:, None] % 4], axis=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceDataWarning)
        PerWindow(Ridge(), target=0).fit(X, np.arange(9.0))


def test_frames_have_names():
    windows = [pd.DataFrame(x, columns=["price", "sales"]) for x in np.random.default_rng(0).normal(size=(9, 5, 2))]
    y = np.arange(9.0)
    by_name = PerWindow(GRURegressor(**TINY), target="sales").fit(windows, y).predict(windows)
    assert np.array_equal(by_name, PerWindow(GRURegressor(**TINY), target=-1).fit(windows, y).predict(windows))
    with pytest.raises(ValueError, match=r"target to be one of the columns \['price', 'sales'\], got 'prize'"):
        PerWindow(GRURegressor(**TINY), target="prize").fit(windows, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Expected target, the feature that y continues, since X has 2 features .* Pass target=0"),
        ({"target": 2}, "Expected target to be from -2 to 1"),
        ({"target": "flow"}, "Expected target to be a position, since X has no column names, .* without names"),
        ({"known": [0, 1], "target": 0}, "Expected a feature that is not known ahead"),
    ],
)
def test_what_is_no_feature_is_refused(walks, settings, message):
    X, y = walks
    with pytest.raises(ValueError, match=message):
        PerWindow(Ridge(), **settings).fit(np.stack([X, X], axis=2), y)


@scikit_learns_checks(
    [PerWindow(Ridge()), PerWindow(RNNRegressor(4, max_iter=5, learning_rate_init=0.03, random_state=0))]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_a_random_part_of_overlapping_windows_gives_a_warning_although_each_is_scaled_by_itself():
    X, y, _ = sliding_windows(np.random.default_rng(0).normal(size=80).cumsum(), window=12, horizon=1)
    model = PerWindow(GRURegressor(**TINY, early_stopping=True))
    with pytest.warns(SequenceDataWarning, match="moved by 1 step, as windows") as caught:
        model.fit(X, y)
    assert len(caught) == 1
    model.fit(X, y, groups=np.arange(len(X)) // 20)
    model.set_params(regressor__validation_split=TimeSeriesSplit(5)).fit(X, y)
    model.set_params(regressor__validation_split=None, regressor__early_stopping=False).fit(X, y)
    PerWindow(Ridge()).fit(X, y)
    PerWindow(GRURegressor(**TINY, early_stopping=True)).partial_fit(X, y)  # which sets nothing aside
