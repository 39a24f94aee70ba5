"""Callbacks of scikit-learn: a task for each epoch, a model to ask after each, an end before the last."""

import joblib
import numpy as np
import pytest
from checks import same_bits
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_recurrent import RNNClassifier, RNNRegressor, sequence_scorer
from sklearn_recurrent._core.optimizers import OPTIMIZERS

callback = pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")

TINY = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0}
STEADY = {"learning_rate": "constant", "tol": 0, "n_iter_no_change": 1000}  # always to max_iter
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


class Recorder:
    """Writes down what it is told, stops the fit after an epoch or fails there."""

    def __init__(self, stop=None, fail=None):
        self.calls, self.models, self.metadata, self.stop, self.fail = [], [], [], stop, fail

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"{context.task_name} {context.task_id} begins")

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.calls.append(f"{context.task_name} {context.task_id} ends")
        self.metadata.append((X, y, metadata))
        if context.task_name == "epoch":
            self.models.append(fitted_estimator)
            if len(self.models) == self.fail:
                raise RuntimeError("a callback fails")
        return context.task_name == "epoch" and len(self.models) == self.stop


class Forgetful(Recorder):
    """Does not ask for a model."""

    def on_fit_task_end(self, estimator, context):
        return None


def same_answers(one, other, X):
    return all(np.array_equal(*pair) for pair in zip(one.predict(X), other.predict(X), strict=True))


# --- tasks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", [*OPTIMIZERS, "lbfgs"])
def test_an_epoch_is_a_task_of_the_fit(task, solver):
    cls, X, y = task
    recorder = Recorder()
    model = cls(**TINY, solver=solver).set_callbacks(recorder).fit(X, y)
    epochs = [f"epoch {k} {what}" for k in range(model.n_iter_) for what in ("begins", "ends")]
    assert model.n_iter_ == 4
    assert recorder.calls == ["setup", "fit 0 begins", *epochs, "fit 0 ends", "teardown"]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_fit_announces_as_many_tasks_as_it_has_epochs_at_most(ragged, labels, solver):
    class Announced(Recorder):
        def on_fit_task_begin(self, estimator, context):
            self.calls.append((context.task_name, context.max_subtasks))

    recorder = Announced()
    RNNClassifier(**TINY, solver=solver).set_callbacks(recorder).fit(ragged, labels)
    assert [call for call in recorder.calls if isinstance(call, tuple)] == [("fit", 4), *[("epoch", 0)] * 4]


def test_lbfgs_that_converges_begins_no_task_that_it_does_not_end(ragged, numbers):
    recorder = Recorder()
    model = RNNRegressor(2, solver="lbfgs", alpha=100.0, max_iter=500, tol=1e-3).set_callbacks(recorder)
    model.fit(ragged, numbers)
    assert model.n_iter_ == len(recorder.models) < 500
    assert len([call for call in recorder.calls if call.endswith("begins")]) == model.n_iter_ + 1


def test_partial_fit_calls_no_callback(ragged, labels):
    recorder = Recorder()
    RNNClassifier(**TINY).set_callbacks(recorder).partial_fit(ragged, labels)
    assert recorder.calls == []


def test_a_callback_is_told_the_data_and_the_weights(task):
    cls, X, y = task
    recorder, weight = Recorder(), np.arange(1.0, 41)
    cls(**TINY).set_callbacks(recorder).fit(X, y, sample_weight=weight)
    for got_X, got_y, metadata in recorder.metadata:
        assert got_X is X
        assert got_y is y
        assert metadata["sample_weight"] is weight
    cls(**TINY).set_callbacks(recorder).fit(X, y)
    assert recorder.metadata[-1][2] == {}


def test_a_callback_changes_nothing(task):
    cls, X, y = task
    plain = cls(**TINY, early_stopping=True).fit(X, y)
    for recorder in (Recorder(), Forgetful()):
        watched = cls(**TINY, early_stopping=True).set_callbacks(recorder).fit(X, y)
        assert same_bits(plain, watched)
        assert vars(watched).keys() - vars(plain).keys() == {"_skl_callbacks"}


# --- stopping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", [*OPTIMIZERS, "lbfgs"])
@pytest.mark.each_choice(times=2)
def test_a_callback_that_stops_a_fit_leaves_the_model_of_a_shorter_one(task, solver):
    cls, X, y = task
    settings = TINY | STEADY | {"solver": solver, "batch_size": 15}
    shorter = cls(**settings | {"max_iter": 2}).fit(X, y)
    stopped = cls(**settings | {"max_iter": 9}).set_callbacks(Recorder(stop=2)).fit(X, y)
    assert (stopped.n_iter_, stopped.t_, stopped.best_iter_) == (2, 80, 2)
    assert same_bits(stopped, shorter)
    assert stopped.loss_curve_ == shorter.loss_curve_


def test_a_fit_that_a_callback_stops_goes_on_with_a_warm_start(task):
    cls, X, y = task
    settings = TINY | STEADY | {"batch_size": 7, "dropout": 0.2}
    whole = cls(**settings | {"max_iter": 5}).fit(X, y)
    parts = cls(**settings | {"max_iter": 5}, warm_start=True).set_callbacks(Recorder(stop=2)).fit(X, y)
    parts.set_callbacks().set_params(max_iter=3).fit(X, y)
    assert same_bits(whole, parts)


def test_a_fit_that_a_callback_stops_does_not_warn(ragged, labels, recwarn):
    RNNClassifier(**TINY | STEADY).set_callbacks(Recorder(stop=2)).fit(ragged, labels)
    assert not recwarn.list


# --- the model so far -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", [*OPTIMIZERS, "lbfgs"])
@pytest.mark.each_choice(times=2)
def test_the_model_after_an_epoch_is_that_of_a_fit_of_so_many(task, solver):
    cls, X, y = task
    settings = TINY | STEADY | {"solver": solver, "batch_size": 15}
    recorder = Recorder()
    cls(**settings).set_callbacks(recorder).fit(X, y)
    assert len(recorder.models) == 4
    for epoch, model in enumerate(recorder.models, start=1):
        shorter = cls(**settings | {"max_iter": epoch}).fit(X, y)
        assert same_bits(model, shorter)
        assert same_answers(model, shorter, X)
        assert (model.n_iter_, model.loss_curve_, model.t_) == (epoch, shorter.loss_curve_, 40 * epoch)


def test_with_early_stopping_it_is_the_best_model_so_far(task):
    cls, X, y = task
    settings = TINY | STEADY | {"early_stopping": True, "validation_fraction": 0.3, "learning_rate_init": 0.2}
    recorder = Recorder()
    final = cls(**settings | {"max_iter": 12}).set_callbacks(recorder).fit(X, y)
    best = [int(np.argmax(final.validation_scores_[:epoch])) + 1 for epoch in range(1, 13)]
    assert [model.best_iter_ for model in recorder.models] == best
    (worse, *_) = [epoch for epoch, kept in enumerate(best, start=1) if kept < epoch]
    for epoch in (1, worse, 12):
        assert same_bits(recorder.models[epoch - 1], cls(**settings | {"max_iter": epoch}).fit(X, y))
    assert same_bits(recorder.models[-1], recorder.models[best[-1] - 1])
    assert same_bits(recorder.models[-1], final)


def test_the_model_so_far_can_be_kept_and_trained_on(task):
    cls, X, y = task
    recorder, settings = Recorder(), TINY | STEADY | {"batch_size": 7}
    whole = cls(**settings).set_callbacks(recorder).fit(X, y)
    kept = recorder.models[1].set_callbacks()
    kept.partial_fit(X, y).partial_fit(X, y)
    assert same_bits(kept, whole)
    assert (kept.n_iter_, kept.t_, kept.loss_curve_) == (4, 160, whole.loss_curve_)


def test_the_model_so_far_knows_nothing_of_an_earlier_fit(ragged, labels):
    tokens = [np.arange(len(x)) % 4 for x in ragged]
    recorder = Recorder()
    model = RNNClassifier(**TINY, embedding_dim=2).fit(tokens, labels)
    model.set_params(embedding_dim=None).set_callbacks(recorder).fit(ragged, labels)
    assert np.array_equal(recorder.models[-1].predict_proba(ragged), model.predict_proba(ragged))
    assert not hasattr(recorder.models[-1], "vocabulary_")
    model.set_params(embedding_dim=2).fit(tokens, labels)
    assert np.array_equal(recorder.models[-1].predict_proba(tokens), model.predict_proba(tokens))
    assert not hasattr(recorder.models[-1], "x_mean_")


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fitted", [False, True], ids=["new", "fitted"])
def test_an_error_in_a_callback_leaves_the_estimator_as_it_was(task, fitted):
    cls, X, y = task
    model, recorder = cls(**TINY), Recorder(fail=2)
    if fitted:
        model.fit(X, y)
    before = joblib.hash(vars(model))
    with pytest.raises(RuntimeError, match="a callback fails"):
        model.set_callbacks(recorder).fit(X, y)
    assert recorder.calls[-2:] == ["epoch 1 ends", "teardown"]
    assert joblib.hash(vars(model.set_callbacks())) == before


def test_bad_data_tears_callbacks_down_too(ragged, labels):
    recorder = Recorder()
    model = RNNClassifier(**TINY).set_callbacks(recorder)
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(ragged, labels[:-1])
    assert recorder.calls[0] == "setup"
    assert recorder.calls[-1] == "teardown"
    assert vars(model).keys() == {*model.get_params(), "_skl_callbacks"}


# --- scikit-learn's own -----------------------------------------------------------------------------------------------


def test_a_progress_bar_counts_the_epochs(task, capsys):
    pytest.importorskip("rich")
    cls, X, y = task
    cls(**TINY).set_callbacks(callback.ProgressBar()).fit(X, y)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{cls.__name__} - fit")
    assert "100%" in line


def test_a_progress_bar_of_a_stopped_fit_is_full(ragged, labels, capsys):
    pytest.importorskip("rich")
    RNNClassifier(**TINY).set_callbacks(callback.ProgressBar(), Recorder(stop=1)).fit(ragged, labels)
    assert "100%" in capsys.readouterr().out


def test_a_scoring_monitor_sees_the_score_of_each_epoch(ragged, labels):
    monitor, settings = callback.ScoringMonitor(scoring=["accuracy", "neg_log_loss"]), TINY | STEADY
    RNNClassifier(**settings).set_callbacks(monitor).fit(ragged, labels)
    rows = monitor.get_logs().data
    assert [(row["task_name"], row["task_id"]) for row in rows] == [("epoch", k) for k in range(4)]
    for epoch, row in enumerate(rows, start=1):
        shorter = RNNClassifier(**settings | {"max_iter": epoch}).fit(ragged, labels)
        assert row["accuracy"] == shorter.score(ragged, labels)


def test_a_scoring_monitor_of_a_regressor_passes_the_weights_on(ragged, numbers):
    monitor, weight = callback.ScoringMonitor(scoring="r2"), np.arange(1.0, 41)
    model = RNNRegressor(**TINY).set_callbacks(monitor).fit(ragged, numbers, sample_weight=weight)
    assert monitor.get_logs().data[-1]["r2"] == model.score(ragged, numbers, sample_weight=weight)


def test_a_scoring_monitor_takes_a_scorer_of_sequences(ragged):
    y = [(x[:, 0] > 0).astype(int) for x in ragged]
    for scoring, name in ((sequence_scorer("accuracy"), "score"), (sequence_scorer(["accuracy", "f1"]), "accuracy")):
        monitor = callback.ScoringMonitor(scoring=scoring)
        model = RNNClassifier(**TINY, return_sequences=True).set_callbacks(monitor).fit(ragged, y)
        assert monitor.get_logs().data[-1][name] == model.score(ragged, y)


def test_a_progress_bar_on_a_pipeline_reaches_the_network_in_it(ragged, labels, capsys):
    pytest.importorskip("rich")
    pipeline = make_pipeline("passthrough", RNNClassifier(**TINY))
    pipeline.set_callbacks(callback.ProgressBar()).fit(ragged, labels)
    assert "RNNClassifier - fit" in capsys.readouterr().out
    assert not hasattr(pipeline[-1], "_skl_callbacks")


def test_a_monitor_inside_a_pipeline_sees_the_epochs(ragged, labels):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    pipeline = make_pipeline("passthrough", RNNClassifier(**TINY).set_callbacks(monitor)).fit(ragged, labels)
    log = monitor.get_logs()
    assert log.estimator_name == "Pipeline"
    assert len(log.data) == 4
    assert log.data[-1]["accuracy"] == pipeline.score(ragged, labels)


def test_a_search_in_processes_of_its_own_sends_its_epochs_home(ragged, labels, capsys):
    pytest.importorskip("rich")
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = RNNClassifier(**TINY).set_callbacks(monitor)
    search = GridSearchCV(model, {"alpha": [0.0, 1.0]}, cv=2, n_jobs=2)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(ragged, labels)
    rows = monitor.get_logs().data
    assert len(rows) == (2 * 2 + 1) * 4
    assert {row["task_name"] for row in rows} == {"epoch"}
    bars = capsys.readouterr().out.splitlines()
    assert sum("RNNClassifier" in bar for bar in bars) == 2 * 2 + 1
    assert all("100%" in bar or " 100" in bar for bar in bars)
    without = GridSearchCV(RNNClassifier(**TINY), {"alpha": [0.0, 1.0]}, cv=2).fit(ragged, labels)
    assert np.array_equal(without.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"])
    assert same_bits(without.best_estimator_, search.best_estimator_)


def test_an_estimator_with_callbacks_is_cloned_and_pickled_with_them(task, tmp_path):
    cls, X, y = task
    model = cls(**TINY).set_callbacks(Recorder()).fit(X, y)
    for other in (joblib.load(joblib.dump(model, tmp_path / "model")[0]), clone(model).fit(X, y)):
        assert [type(c) for c in other._skl_callbacks] == [Recorder]
        assert same_bits(model, other)


# --- verbose ----------------------------------------------------------------------------------------------------------


def test_a_verbose_fit_with_callbacks_prints_its_lines_too(ragged, labels, capsys):
    RNNClassifier(**TINY).set_callbacks(Recorder()).fit(ragged, labels)
    assert capsys.readouterr() == ("", "")
    RNNClassifier(**TINY, verbose=True).set_callbacks(Recorder(stop=3)).fit(ragged, labels)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"[RNNClassifier] epoch {k}" for k in (1, 2, 3)]
