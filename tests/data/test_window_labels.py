"""Labels of windows by three rules, and labels of steps by vote, against plain loops."""

from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_recurrent import GRUClassifier, sliding_windows

rng = np.random.default_rng(0)
LENGTHS = [17, 9, 12]
RECORDINGS = [rng.normal(size=(length, 2)) for length in LENGTHS]
KINDS = {
    "numbers": np.array([3, 1, 2]),
    "strings": np.array(["walk", "rest", "run"]),
    "objects": np.array(["walk", 1, None], object)[[0, 0, 0]],
    "booleans": np.array([True, False, True]),
}
KINDS["objects"] = np.array(["walk", "rest", "run"], object)


def labels_of(kind):
    return [KINDS[kind][rng.integers(0, 3, length)] for length in LENGTHS]


def by_hand(labels, window, step, rule):
    found = []
    for own in labels:
        for start in range(0, len(own) - window + 1, step):
            inside = own[start : start + window].tolist()
            if rule == "last":
                found.append(inside[-1])
            elif rule == "any":
                found.append(any(inside))
            else:
                counts = Counter(inside)
                found.append(min(counts, key=lambda label: (-counts[label], label)))
    return found


def votes_by_hand(starts, predictions, length, window):
    """Labels of steps, None where there is no window: most votes, then the latest window."""
    found = []
    for step in range(length):
        votes = [
            (start, label) for start, label in zip(starts, predictions, strict=True) if start <= step < start + window
        ]
        counts = Counter(label for _, label in votes)
        latest = {label: start for start, label in votes}
        found.append(max(counts, key=lambda label: (counts[label], latest[label])) if votes else None)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("window", "step"), [(1, 1), (4, 1), (4, 2), (5, 7)])
@pytest.mark.parametrize("rule", ["last", "majority"])
def test_windows_have_the_label_of_the_rule(rule, window, step, kind):
    labels = labels_of(kind)
    X, y, groups = sliding_windows(RECORDINGS, window, 0, step=step, labels=labels, label_rule=rule)
    assert y.tolist() == by_hand(labels, window, step, rule)
    assert y.dtype == labels[0].dtype
    assert len(X) == len(y) == len(groups)
    assert_array_equal(X[0], RECORDINGS[0][:window])


@pytest.mark.parametrize(
    "labels", [labels_of("booleans"), [np.int8([0, 1, 0])[rng.integers(0, 3, n)] for n in LENGTHS]]
)
def test_any_asks_whether_a_step_has_the_label(labels):
    windows = sliding_windows(RECORDINGS, 4, 0, labels=labels, label_rule="any")
    assert windows.y.tolist() == by_hand(labels, 4, 1, "any")
    assert windows.y.dtype == labels[0].dtype


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("window", "step"), [(1, 1), (4, 1), (4, 2), (6, 3), (3, 5)])
def test_steps_get_the_label_with_most_votes_and_of_these_that_of_the_latest_window(window, step, kind):
    windows = sliding_windows(RECORDINGS, window, 0, step=step, labels=labels_of(kind))
    predictions = KINDS[kind][rng.integers(0, 3, len(windows.y))]
    found = windows.labels_per_step(predictions, fill=None)
    assert found.shape == (3,)
    assert found.dtype == object
    starts = windows.cutoff - window + 1
    for j, length in enumerate(LENGTHS):
        own = windows.groups == j
        expected = votes_by_hand(starts[own].tolist(), predictions[own].tolist(), length, window)
        known = [step for step, label in enumerate(expected) if label is not None]
        for t, label in enumerate(expected):
            if label is None:
                nearest = min(known, key=lambda other: (abs(other - t), other))
                assert found[j][t] == expected[nearest]
            else:
                assert found[j][t] == label
        assert found[j].dtype == predictions.dtype


def test_fill_is_the_label_of_steps_in_no_window_and_of_series_without_any():
    windows = sliding_windows([np.arange(7.0), np.arange(2.0)], 3, 0, step=3, labels=[[1] * 7, [1] * 2], short="skip")
    first, second = windows.labels_per_step([5, 6], fill=-1)
    assert first.tolist() == [5, 5, 5, 6, 6, 6, -1]
    assert second.tolist() == [-1, -1]
    assert windows.labels_per_step(["a", "b"], fill="none")[0].tolist()[-1] == "none"
    assert windows.labels_per_step([5, 6], fill="?")[0].tolist() == [5, 5, 5, 6, 6, 6, "?"]
    with pytest.raises(ValueError, match=r"a window in each series, got none in sequence 1. Say which label its steps"):
        windows.labels_per_step([5, 6])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_labels_are_a_column_of_a_table_and_come_back_in_the_order_of_its_rows(library):
    frame = {"who": np.tile([1, 2], 9), "t": np.repeat(np.arange(9), 2), "v": np.arange(18.0)}
    activity = ["rest" if t < 5 else "run" for t in frame["t"]]
    order = rng.permutation(18)
    columns = {name: values[order] for name, values in frame.items()} | {"activity": [activity[row] for row in order]}
    table = pytest.importorskip(library).DataFrame(columns)
    windows = sliding_windows(table, 1, 0, by="who", time="t", labels="activity")
    assert windows.X.shape == (18, 1, 1)
    assert windows.labels_per_step(windows.y).tolist() == columns["activity"]
    beside = table[["who", "t", "v"]]
    again = sliding_windows(beside, 1, 0, by="who", time="t", labels=columns["activity"])
    assert_array_equal(again.y, windows.y)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_labels_beside_a_list_of_frames_stand_in_the_order_of_their_rows(library):
    orders = [rng.permutation(length) for length in (9, 7)]
    frames = [pytest.importorskip(library).DataFrame({"t": order, "v": 1.0 * order}) for order in orders]
    labels = [10 * order for order in orders]
    windows = sliding_windows(frames, 1, 0, time="t", labels=labels)
    assert_array_equal(windows.y, 10 * windows.X[:, 0, 0])
    for back, own in zip(windows.labels_per_step(windows.y), labels, strict=True):
        assert_array_equal(back, own)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_rows_that_were_filled_in_get_no_label_back(library):
    frame = pytest.importorskip(library).DataFrame
    days = [rng.permutation([0, 1, 2, 4, 5]), rng.permutation([0, 3, 4, 5, 6, 7])]
    settings = {"window": 1, "horizon": 1, "time": "t", "gaps": "nan"}
    windows = sliding_windows([frame({"t": t, "x": 1.0 * t}) for t in days], **settings)
    starts = windows.cutoff  # a window of one step is named by its time
    for back, own in zip(windows.labels_per_step(starts), days, strict=True):
        assert_array_equal(back, np.minimum(own, own.max() - 1))  # no window begins at the last step
    table = frame({"who": np.repeat(["a", "b"], [5, 6]), "t": np.concatenate(days), "x": 1.0})
    windows = sliding_windows(table, by="who", **settings)
    own = np.concatenate(days)
    last = np.repeat([5, 7], [5, 6])
    assert_array_equal(windows.labels_per_step(windows.cutoff), np.minimum(own, last - 1))


@pytest.mark.parametrize("labels", [["a", "b", "c"] * 3, np.array(["a", "b", "c"] * 3), np.arange(9) % 3])
def test_one_recording_has_one_array_of_labels(labels):
    for series in (np.arange(9.0), np.zeros((9, 2))):
        windows = sliding_windows(series, 3, 0, labels=labels)
        assert windows.y.tolist() == list(labels)[2:]
        assert windows.labels_per_step(windows.y).shape == (9,)
        assert windows.forecast_times.shape == (7, 0)


def test_a_fold_of_windows_has_labels_per_step_too():
    windows = sliding_windows(np.arange(9.0), 3, 0, step=3, labels=list("aaabbbccc"))
    found = windows.labels_per_step(["x"], rows=[1], fill="")
    assert found.tolist() == ["", "", "", "x", "x", "x", "", "", ""]


def test_a_classifier_of_windows_labels_a_recording():
    activity = np.repeat(rng.integers(0, 2, 40), 25)
    acc = rng.normal(size=(1000, 2)) * (1 + 4 * activity[:, None])
    names = np.array(["walk", "run"])[activity]
    windows = sliding_windows(acc, 10, 0, step=5, labels=names, label_rule="majority")
    model = GRUClassifier(6, max_iter=15, random_state=0).fit(windows.X, windows.y)
    found = windows.labels_per_step(model.predict(windows.X))
    assert found.shape == (1000,)
    assert np.mean(found == names) > 0.85


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labels": [1] * 8}, "one label for each of the 9 time steps, got shape (8,)"),
        ({"labels": [[1, 2]] * 9}, "one label for each of the 9 time steps, got shape (9, 2)"),
        ({"labels": [1] * 8 + [np.nan]}, "Expected a label at each step, got nan in sequence 0, step 8. Leave such"),
        ({"labels": ["a"] * 8 + [None]}, "Expected a label at each step, got None in sequence 0, step 8"),
        ({"labels": ["a", "b", "c"] * 3, "label_rule": "any"}, "labels=np.equal(labels, 'c')"),
        ({"labels": [1] * 9, "label_rule": "mean"}, "label_rule to be 'last' or 'majority' or 'any', got 'mean'"),
        ({"labels": [1] * 9, "horizon": 2}, "Expected horizon=0 with labels, which are those of the windows"),
        ({"labels": [1] * 9, "gaps": "nan"}, "Expected no gaps with labels, got gaps='nan'. Pass a series for each"),
        ({"labels": [1] * 9, "target": 0}, "Expected no target with labels, got target=0"),
        ({"labels": [1] * 9, "series": [np.arange(9.0)] * 2}, "an array of labels for each of the 2 series, got 9 en"),
        ({"labels": [[1] * 9, [1]], "series": [np.arange(9.0)] * 2}, "9 labels for sequence 1, one for each step, got"),
        ({}, "horizon == 0, must be >= 1. Only windows of a labelled recording have a horizon of 0: pass labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(settings, message):
    settings = {"series": np.arange(9.0), "horizon": 0} | settings
    with pytest.raises(ValueError) as caught:
        sliding_windows(window=3, **settings)
    assert message in str(caught.value)


def test_the_line_for_any_can_be_pasted():
    labels = np.array(list("nnnnfnnnn"))
    with pytest.raises(ValueError, match=r"labels=np\.equal") as caught:
        sliding_windows(np.arange(9.0), 3, 0, labels=labels, label_rule="any")
    line = str(caught.value).partition("such as labels=")[2].rstrip(".")
    windows = sliding_windows(np.arange(9.0), 3, 0, labels=eval(line, {"np": np, "labels": labels}), label_rule="any")
    assert windows.y.dtype == bool


def test_votes_of_another_shape_are_refused():
    windows = sliding_windows(np.arange(9.0), 3, 0, labels=[1] * 9)
    with pytest.raises(ValueError, match=r"one label for each of the 7 windows, got shape \(9,\)"):
        windows.labels_per_step(np.ones(9))
    with pytest.raises(ValueError, match=r"Use windows.labels_per_step\(predictions\)"):
        windows.to_frame(np.ones(7))
