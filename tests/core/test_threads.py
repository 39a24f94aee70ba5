"""n_jobs: threads that change no bit of a result, leave nothing behind, and can be interrupted."""

import dis
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_recurrent import GRUClassifier, RNNClassifier, RNNRegressor
from sklearn_recurrent._core import network, objective, threads
from sklearn_recurrent._core.threads import WorkerPool, single_blas_thread

WIDE = {"hidden_layer_sizes": 64, "max_iter": 2, "batch_size": "auto", "random_state": 0}
TINY = {"hidden_layer_sizes": 4, "max_iter": 3, "batch_size": 10, "random_state": 0}
NETS = [
    {},
    {"cell": "lstm", "hidden_layer_sizes": (64, 8)},
    {"cell": "gru", "bidirectional": False, "pooling": "attention"},
    {"return_sequences": True},
    {"dropout": 0.3, "recurrent_dropout": 0.2},
    {"solver": "lbfgs"},
    {"early_stopping": True, "validation_fraction": 0.05},
    {"bptt_steps": 3},
]
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def many():
    """160 sequences of 1 to 9 steps."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, 2)) for length in rng.integers(1, 10, 160)]


def pool():
    """Threads that work on pieces; joblib's own may stay."""
    return [thread for thread in threading.enumerate() if "ThreadPoolExecutor" in thread.name]


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind():
    yield
    assert not pool()


@pytest.fixture
def divided(monkeypatch):
    """Small batches are divided, too, and predictions go piece by piece."""
    monkeypatch.setattr(objective, "HALF", 1)
    monkeypatch.setattr(network, "PREDICTION_WIDTH", 7)
    monkeypatch.setattr(network, "FRAME_BYTES", 0)


@pytest.fixture
def workers(monkeypatch):
    """The names of the threads in which pieces were worked on, one entry for each."""
    seen, forward = [], network.Network.forward

    def watched(self, *args, **kwargs):
        seen.append(threading.current_thread().name)
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(network.Network, "forward", watched)
    return seen


def targets(cls, X, per_step):
    y = [x[:, 0].cumsum() for x in X] if per_step else np.array([x[:, 0].sum() for x in X])
    if not is_classifier(cls()):
        return y
    return [row > 0 for row in y] if per_step else y > 0


@pytest.mark.parametrize("settings", NETS, ids=str)
@pytest.mark.parametrize("cls", [RNNClassifier, RNNRegressor])
@pytest.mark.each_choice
def test_the_number_of_threads_changes_no_bit(cls, settings, many, workers):
    y = targets(cls, many, "return_sequences" in settings)
    models = {}
    for n_jobs in (None, 1, 2, 3, -1):
        workers.clear()
        models[n_jobs] = cls(**WIDE | settings, n_jobs=n_jobs).fit(many, y)
        if n_jobs != -1:  # that many processors there may be one of
            assert any(name != "MainThread" for name in workers) == (n_jobs in (2, 3))
    expected = models.pop(1)
    for model in models.values():
        assert model.theta_.tobytes() == expected.theta_.tobytes()
        assert model.loss_curve_ == expected.loss_curve_
        assert model.validation_scores_ == expected.validation_scores_
        for one, other in zip(model.predict(many), expected.predict(many), strict=True):
            assert np.array_equal(one, other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_of_many_sequences_are_the_same_bits(dtype, workers):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)).astype(dtype) for length in rng.integers(1, 8, 3000)]
    y = rng.normal(size=len(X))
    model = RNNRegressor(48, cell="gru", max_iter=1, random_state=0).fit(X[:50], y[:50])
    expected = model.predict(X)
    assert set(workers) == {"MainThread"}
    for n_jobs in (2, -1):
        workers.clear()
        assert np.array_equal(model.set_params(n_jobs=n_jobs).predict(X), expected)
        assert joblib.cpu_count() == 1 or any(name != "MainThread" for name in workers)


def test_small_batches_stay_in_one_thread(ragged, labels, workers):
    RNNClassifier(**TINY, n_jobs=2).fit(ragged, labels).predict(ragged)
    assert set(workers) == {"MainThread"}


@pytest.mark.parametrize("settings", NETS, ids=str)
def test_divided_batches_train_about_the_same_model(settings, ragged, labels, divided, monkeypatch):
    y = labels if "return_sequences" not in settings else [x[:, 0] > 0 for x in ragged]
    settings = {name: value for name, value in settings.items() if "dropout" not in name}
    settings |= {"hidden_layer_sizes": 6, "max_iter": 3, "random_state": 0}
    halves = RNNClassifier(**settings, n_jobs=2).fit(ragged, y)
    monkeypatch.undo()
    whole = RNNClassifier(**settings).fit(ragged, y)
    np.testing.assert_allclose(halves.theta_, whole.theta_, rtol=1e-6, atol=1e-9)
    for one, other in zip(halves.predict_proba(ragged), whole.predict_proba(ragged), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


def test_joblib_says_how_many_threads_there_are_if_the_estimator_does_not(ragged, labels, divided, workers):
    expected = RNNClassifier(**TINY).fit(ragged, labels)
    assert set(workers) == {"MainThread"}
    with joblib.parallel_config(backend="threading", n_jobs=2):
        model = RNNClassifier(**TINY).fit(ragged, labels)
        assert any(name != "MainThread" for name in workers)
        workers.clear()
        one = RNNClassifier(**TINY, n_jobs=1).fit(ragged, labels)
        assert set(workers) == {"MainThread"}
    assert model.theta_.tobytes() == one.theta_.tobytes() == expected.theta_.tobytes()


def test_tokens_are_learned_by_threads_too(divided):
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 50, length) for length in rng.integers(1, 10, 60)]
    y = [(x > 25).mean() > 0.5 for x in X]
    models = [GRUClassifier(**TINY, embedding_dim=3, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2, 4)]
    assert len({model.theta_.tobytes() for model in models}) == 1
    assert len({model.predict_proba(X).tobytes() for model in models}) == 1


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_threads_within_a_search_of_several_jobs(many, backend, n_jobs):
    y = targets(RNNClassifier, many, False)
    model = RNNClassifier(**WIDE | {"max_iter": 1}, n_jobs=n_jobs)
    search = GridSearchCV(model, {"alpha": [0.0, 1.0]}, cv=2, scoring="neg_log_loss", error_score="raise")
    expected = clone(search).fit(many, y)
    with joblib.parallel_config(backend=backend):
        other = search.set_params(n_jobs=2).fit(many, y)
    assert other.cv_results_["mean_test_score"].tolist() == expected.cv_results_["mean_test_score"].tolist()
    assert other.best_estimator_.theta_.tobytes() == expected.best_estimator_.theta_.tobytes()


def test_two_fits_at_once_in_threads_of_the_user(many):
    y = targets(RNNRegressor, many, False)
    models = [RNNRegressor(**WIDE | {"random_state": seed}, n_jobs=2) for seed in range(4)]
    expected = [clone(model).fit(many, y).theta_.tobytes() for model in models]
    threads = [threading.Thread(target=model.fit, args=(many, y)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [model.theta_.tobytes() for model in models] == expected


def test_one_model_predicts_in_several_threads_at_once(many):
    y = targets(RNNRegressor, many, False)
    model = RNNRegressor(**WIDE, n_jobs=2).fit(many, y)
    expected = model.predict(many)
    outputs = joblib.Parallel(n_jobs=4, backend="threading")(joblib.delayed(model.predict)(many) for _ in range(8))
    assert all(np.array_equal(y, expected) for y in outputs)


# --- when it ends otherwise -------------------------------------------------------------------------------------------


@pytest.fixture
def raise_after(monkeypatch):
    """Raise an error in place of a given forward pass, in whatever thread that is."""

    def patch(passes, error):
        forward, left, lock = network.Network.forward, [passes], threading.Lock()

        def failing(self, *args, **kwargs):
            with lock:
                left[0] -= 1
                if left[0] < 0:
                    raise error
            return forward(self, *args, **kwargs)

        monkeypatch.setattr(network.Network, "forward", failing)

    return patch


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_interrupted_fit_keeps_the_model_so_far(ragged, labels, solver, divided, raise_after):
    raise_after(41, KeyboardInterrupt)
    model = RNNClassifier(hidden_layer_sizes=4, solver=solver, batch_size=10, random_state=0, n_jobs=2)
    with pytest.warns(UserWarning, match="Training interrupted"):
        model.fit(ragged, labels)
    assert np.isfinite(model.theta_).all()
    assert len(model.loss_curve_) == model.n_iter_ >= 3
    assert not pool()


def test_an_interruption_before_anything_was_learned_is_passed_on(ragged, labels, divided, raise_after):
    raise_after(0, KeyboardInterrupt)
    model = RNNClassifier(**TINY, n_jobs=2)
    before = joblib.hash(vars(model))
    with pytest.raises(KeyboardInterrupt):
        model.fit(ragged, labels)
    assert joblib.hash(vars(model)) == before
    assert not pool()


@pytest.mark.parametrize("method", ["fit", "predict"])
def test_an_error_in_a_thread_is_passed_on_and_nothing_is_changed(ragged, labels, divided, raise_after, method):
    model = RNNClassifier(**TINY, n_jobs=2).fit(ragged, labels)
    before = joblib.hash(vars(model))
    raise_after(3, MemoryError("no more"))
    with pytest.raises(MemoryError, match="no more"):
        model.fit(ragged, labels) if method == "fit" else model.predict(ragged)
    assert joblib.hash(vars(model)) == before
    assert not pool()


def test_a_diverging_fit_in_threads_ends_with_the_same_error(ragged, labels, divided):
    settings = TINY | {"learning_rate_init": 1e6, "max_grad_norm": None}
    for n_jobs in (1, 2):
        with pytest.raises(ValueError, match=r"Training diverged in epoch .*learning_rate_init"):
            RNNClassifier(**settings, n_jobs=n_jobs).fit(ragged, labels)


def test_the_threads_of_BLAS_are_as_many_as_before(many):
    y = targets(RNNClassifier, many, False)
    before = [(pool["internal_api"], pool["num_threads"]) for pool in threadpool_info()]
    model = RNNClassifier(**WIDE, n_jobs=2).fit(many, y)
    model.predict(many)
    assert [(pool["internal_api"], pool["num_threads"]) for pool in threadpool_info()] == before


def test_a_worker_pool_takes_pieces_in_order_and_each_with_a_workspace_of_its_own():
    busy, lock = {}, threading.Lock()

    def work(piece, scratch):
        with lock:
            assert id(scratch) not in busy.values()
            busy[piece] = id(scratch)
        time.sleep(0.001 * (piece % 3))
        with lock:
            del busy[piece]
        return piece

    for n_threads in (1, 2, 5):
        with WorkerPool(np.float64, n_threads) as workers:
            assert list(workers.map(work, list(range(30)))) == list(range(30))


# --- interrupts -------------------------------------------------------------------------------------------------------


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture
def two_blas_threads():
    limit = threadpool_limits(2, user_api="blas")
    with threadpool_limits():  # on its way out it lets other Python threads set limits, which threadpoolctl 3.8 forbids
        pass
    assert blas_threads() == {2}
    yield
    limit.restore_original_limits()
    with threadpool_limits():
        pass


def limited():
    with single_blas_thread():
        return blas_threads()


def limited_twice():
    with single_blas_thread(), single_blas_thread():
        pass


def limited_twice_in_a_row():
    for _ in range(2):
        with single_blas_thread():
            pass


def pieces_in_two_threads():
    with WorkerPool(float, 2) as workers:
        return list(workers.map(lambda piece, scratch: time.sleep(1e-3) or piece, list(range(4))))


def at_point(n, function, handler):
    """Call `function`, and `handler` where Python looks for signals in threads.py for the n-th time; whether it did.

    It looks for them when a function begins, after a call, and when a loop goes back.
    """
    left, previous = n, {}

    def point():
        nonlocal left
        left -= 1
        if left == 0:
            handler()

    def follow(frame, event, arg):
        if event == "opcode":
            before, previous[frame] = previous.get(frame, ""), operation(frame)
            if before.startswith("CALL") or "JUMP_BACKWARD" in before:
                point()
        return follow

    def enter(frame, event, arg):
        if frame.f_code.co_filename != threads.__file__:
            return None
        frame.f_trace_opcodes = True
        point()
        return follow

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        function()
    finally:
        sys.settrace(before)
        previous.clear()
    return left <= 0


def operation(frame):
    return dis.opname[frame.f_code.co_code[frame.f_lasti]]


def interrupt():
    raise KeyboardInterrupt


def interrupted_at(n, function):
    """The KeyboardInterrupt; None if there are no `n` points."""
    try:
        at_point(n, function, interrupt)
    except KeyboardInterrupt as error:
        return error
    return None


def in_a_thread(function):
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(function).result()


def lock_is_free():
    is_free = threads._lock.acquire(blocking=False)
    if is_free:
        threads._lock.release()
    return is_free


@pytest.mark.no_cover
@pytest.mark.usefixtures("two_blas_threads")
@pytest.mark.parametrize("function", [limited_twice, limited_twice_in_a_row])
@pytest.mark.parametrize("run", [lambda function: function(), in_a_thread], ids=["main thread", "another"])
def test_an_interrupt_at_any_point_leaves_blas_as_it_was(function, run):
    n = 0
    while run(lambda n=n: interrupted_at(n + 1, function) is not None):
        n += 1
        assert blas_threads() == {2}
        assert not threads._holders
        assert in_a_thread(lock_is_free)
    assert n > 50


@pytest.mark.no_cover
@pytest.mark.usefixtures("two_blas_threads")
def test_the_next_to_enter_repairs_what_an_interrupt_has_left_while_its_traceback_is_kept():
    """As a console keeps it, in sys.last_traceback."""
    left, n = 0, 0
    while (error := interrupted_at(n + 1, limited_twice)) is not None:
        n += 1
        left += blas_threads() != {2}
        assert limited() == {1}
        assert blas_threads() == {2}
        assert error.__traceback__ is not None
    assert left > 0


@pytest.mark.no_cover
@pytest.mark.usefixtures("two_blas_threads")
def test_a_signal_handler_may_predict_at_any_point():
    n, inside = 0, []
    while at_point(n + 1, limited_twice, lambda: inside.append(limited())):
        n += 1
        assert blas_threads() == {2}
        assert not threads._holders
        assert in_a_thread(lock_is_free)
    assert len(inside) == n > 50


@pytest.mark.no_cover
def test_an_interrupt_at_any_point_leaves_no_thread_of_a_pool_behind():
    """While its traceback is kept, threads wait only if it came before the first line of the way out."""
    n, waiting = 0, 0
    while (error := interrupted_at(n + 1, pieces_in_two_threads)) is not None:
        n += 1
        waiting += not pool_ends_within(0.2)
        del error
        assert pool_ends_within(5)
    assert n > 10
    assert waiting <= 1


def pool_ends_within(seconds):
    deadline = time.monotonic() + seconds
    while pool() and time.monotonic() < deadline:
        time.sleep(1e-3)
    return not pool()


@pytest.mark.usefixtures("two_blas_threads")
def test_a_number_of_threads_that_the_user_sets_meanwhile_stays():
    with single_blas_thread():
        threadpool_limits(3, user_api="blas")
    assert blas_threads() == {3}
    with single_blas_thread():
        with threadpool_limits(2, user_api="blas"):
            assert blas_threads() == {2}
        assert blas_threads() == {1}
    assert blas_threads() == {3}
    with threadpool_limits(1, user_api="blas"):
        assert limited() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == {3}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.usefixtures("two_blas_threads")
@pytest.mark.parametrize("forked_in", ["the thread that is inside", "another thread"])
def test_a_process_that_is_forked_during_a_fit_has_the_threads_from_before(forked_in):
    def numbers_in_a_child():
        read, write = os.pipe()
        if not (child := os.fork()):
            found = [blas_threads(), limited(), blas_threads(), threads._holders]
            os.write(write, repr(found).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            found = pipe.read()
        assert os.waitpid(child, 0)[1] == 0
        return found

    with single_blas_thread():
        found = numbers_in_a_child() if "inside" in forked_in else in_a_thread(numbers_in_a_child)
        assert blas_threads() == {1}
    assert found == "[{2}, {1}, {2}, {}]"
    assert blas_threads() == {2}
    assert in_a_thread(lock_is_free)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers")
def test_interrupts_at_random_leave_blas_the_threads_and_the_estimator_as_they_were():
    script = """
        import random, signal, threading, warnings
        import joblib, numpy as np, threadpoolctl
        from sklearn_recurrent import LSTMClassifier

        def blas_threads():
            libraries = threadpoolctl.threadpool_info()
            return [library["num_threads"] for library in libraries if library["user_api"] == "blas"]

        def interrupt(*arguments):
            global has_come
            has_come = True
            raise KeyboardInterrupt

        def interrupted(function, longest):
            global has_come
            has_come = False
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, longest))
                while not has_come:  # a fit that has learned something keeps it, and returns
                    function()
            except KeyboardInterrupt:
                pass

        warnings.simplefilter("ignore")
        random.seed(0)
        rng = np.random.default_rng(0)
        X = [rng.normal(size=(4, 2)) for _ in range(20)]
        y = np.arange(20) % 2
        model = LSTMClassifier(4, max_iter=2, random_state=0, n_jobs=2).fit(X, y)
        before = blas_threads()
        assert max(before) == 2
        signal.signal(signal.SIGALRM, interrupt)
        for _ in range(150):
            interrupted(lambda: model.predict(X), 3e-3)
            assert blas_threads() == before
        for _ in range(40):
            interrupted(lambda: model.fit(X, y), 1e-2)
            assert blas_threads() == before
            assert model.n_iter_ == len(model.loss_curve_) <= 2
            assert model.predict(X).shape == (20,)
        assert not [thread for thread in threading.enumerate() if "ThreadPoolExecutor" in thread.name]
        print("done")
    """
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout == "done\n", done.stderr
