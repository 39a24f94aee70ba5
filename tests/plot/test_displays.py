"""Displays: what is drawn is what the methods compute, alone and through a Pipeline; raw arrays; wrong input."""

import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_recurrent as sr

matplotlib.use("Agg")
import matplotlib.pyplot as plt

rng = np.random.default_rng(0)
X = [5 + 3 * rng.normal(size=(length, 2)) for length in (4, 7, 3, 6, 5, 4) * 2]
y = np.array(["a", "b"] * 6)
TEXTS = ["not bad", "bad", "a good film"] * 4
SMALL = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
SERIES = pd.DataFrame(
    {"day": pd.bdate_range("2024-01-01", periods=60), "sales": 10 + np.sin(np.arange(60)), "price": np.arange(60.0)}
)
DISPLAYS = [getattr(sr, name) for name in sr.__all__ if name.endswith("Display")]
RAW = {
    "LossCurveDisplay": ("from_curves", [[3.0, 2.0]]),
    "AttentionDisplay": ("from_weights", [[0.25, 0.75]]),
    "GateDisplay": ("from_activations", [{"h": [[0.5], [1.0]]}]),
    "GradientFlowDisplay": ("from_flow", [{"layer_0/forward": [1.0, 0.5]}]),
    "SaliencyDisplay": ("from_gradients", [[0.5, 1.0]]),
    "ForecastDisplay": ("from_forecast", [[1.0, 2.0]]),
    "SequenceClassificationDisplay": ("from_probabilities", [[[0.5, 0.5], [0.2, 0.8]]]),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def forward(**settings):
    return sr.LSTMClassifier(bidirectional=False, pooling="last", **SMALL, **settings)


def scaled(model):
    return make_pipeline(sr.PerTimestep(StandardScaler()), model)


def heights(bars):
    return [bar.get_height() for bar in bars]


def texts_of(labels):
    return [label.get_text() for label in labels]


# --- all --------------------------------------------------------------------------------------------------------------


def test_there_are_seven():
    assert {cls.__name__ for cls in DISPLAYS} == set(RAW)


@pytest.mark.parametrize("cls", DISPLAYS, ids=lambda cls: cls.__name__)
def test_raw_arrays_are_drawn_in_a_new_figure_or_on_given_axes(cls):
    name, arguments = RAW[cls.__name__]
    display = getattr(cls, name)(*arguments)
    assert isinstance(display, cls)
    assert isinstance(display.ax_, Axes)
    assert isinstance(display.figure_, Figure)
    figure, ax = plt.subplots()
    again = cls(*arguments if cls is not sr.LossCurveDisplay else [{"model": [3.0, 2.0]}])
    assert again.plot(ax=ax) is again
    assert again.ax_ is ax
    assert again.figure_ is figure


@pytest.mark.parametrize("cls", DISPLAYS, ids=lambda cls: cls.__name__)
def test_every_axis_says_what_it_shows(cls):
    name, arguments = RAW[cls.__name__]
    for ax in getattr(cls, name)(*arguments).figure_.axes:
        if ax.axison:
            assert ax.get_ylabel()
            assert ax.get_xlabel() or ax.get_label() == "<colorbar>"


@pytest.mark.parametrize("cls", DISPLAYS, ids=lambda cls: cls.__name__)
def test_without_matplotlib_an_error_says_how_to_install_it(cls, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    name, arguments = RAW[cls.__name__]
    with pytest.raises(ImportError, match=f"{cls.__name__}.plot needs matplotlib.* pip install matplotlib"):
        getattr(cls, name)(*arguments)


def test_matplotlib_is_not_imported_with_the_package():
    code = "import sys, sklearn_recurrent; assert not {m for m in sys.modules if m.startswith('matplotlib')}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lines_differ_in_color_and_in_style():
    ax = sr.SequenceClassificationDisplay.from_probabilities(np.full((3, 4), 0.25)).ax_
    lines = ax.lines[:4]
    assert len({line.get_color() for line in lines}) == len({line.get_linestyle() for line in lines}) == 4


def test_settings_come_before_defaults_also_by_short_names():
    display = sr.GradientFlowDisplay.from_flow(
        {"layer_0/forward": [1.0, 0.5]}, line_kw={"c": "red", "lw": 7, "ls": ":"}
    )
    assert (display.line_.get_color(), display.line_.get_linewidth(), display.line_.get_linestyle()) == ("red", 7, ":")


@pytest.mark.parametrize(
    "cls", [cls for cls in DISPLAYS if cls is not sr.ForecastDisplay], ids=lambda cls: cls.__name__
)
def test_what_is_not_fitted_or_no_network_is_refused(cls):
    arguments = {"LossCurveDisplay": (), "GradientFlowDisplay": (X, y)}.get(cls.__name__, (X,))
    with pytest.raises(NotFittedError):
        cls.from_estimator(scaled(forward()), *arguments)
    with pytest.raises(TypeError, match=r"^Expected a network that has"):
        cls.from_estimator(LogisticRegression().fit(np.zeros((12, 2)), y), *arguments)


@pytest.mark.parametrize("row", [12, -13, 1.0, "a"])
@pytest.mark.parametrize("name", ["GateDisplay", "SaliencyDisplay", "SequenceClassificationDisplay"])
def test_a_row_that_is_none_is_refused(name, row):
    with pytest.raises(ValueError, match="Expected row to be the index of one of 12 sequences of X, got"):
        getattr(sr, name).from_estimator(forward().fit(X, y), X, row=row)


# --- losses -----------------------------------------------------------------------------------------------------------


def test_losses_of_training_and_validation_and_the_epoch_that_is_kept():
    pipeline = scaled(sr.GRUClassifier(early_stopping=True, **SMALL)).fit(X, y)
    display = sr.LossCurveDisplay.from_estimator(pipeline)
    network = pipeline[-1]
    assert_array_equal(display.line_.get_xdata(), [1, 2])
    assert_array_equal(display.line_.get_ydata(), network.loss_curve_)
    (validation,) = display.validation_lines_.values()
    assert_array_equal(validation.get_ydata(), network.validation_loss_curve_)
    (best,) = display.best_.values()
    assert_array_equal(best.get_xdata(), [network.best_iter_])
    assert_array_equal(best.get_ydata(), [network.validation_loss_curve_[network.best_iter_ - 1]])
    assert display.ax_.get_ylabel() == "loss (nats)"


def test_losses_of_several_models():
    models = {"small": forward().fit(X, y), "search": GridSearchCV(scaled(forward()), {}, cv=2).fit(X, y)}
    display = sr.LossCurveDisplay.from_estimator(models, log=True)
    assert list(display.lines_) == ["small", "search"]
    assert display.validation_lines_ == {}
    assert display.ax_.get_yscale() == "log"
    assert texts_of(display.ax_.get_legend().get_texts()) == ["small, training", "search, training"]


def test_a_regressor_says_its_unit_and_a_mixture_says_none():
    regressor = sr.GRURegressor(**SMALL).fit(X, np.arange(12))
    assert sr.LossCurveDisplay.from_estimator(regressor).ax_.get_ylabel() == "loss (of scaled y)"
    both = {"one": regressor, "other": forward().fit(X, y)}
    assert sr.LossCurveDisplay.from_estimator(both).ax_.get_ylabel() == "loss"


def test_losses_that_cannot_be_drawn_are_refused():
    with pytest.raises(ValueError, match="from 1 to 2, the epochs"):
        sr.LossCurveDisplay.from_curves([2.0, 1.0], best_iter=3)
    with pytest.raises(ValueError, match="1-D array"):
        sr.LossCurveDisplay.from_curves([[2.0, 1.0]])
    with pytest.raises(ValueError, match="got one of 'b'"):
        sr.LossCurveDisplay({"a": [1.0]}, {"b": [1.0]})
    with pytest.raises(ValueError, match="empty dict"):
        sr.LossCurveDisplay.from_estimator({})


# --- attention --------------------------------------------------------------------------------------------------------


def test_attention_pooling_over_words():
    network = sr.LSTMClassifier(embedding_dim=2, pooling="attention", **SMALL)
    model = make_pipeline(sr.SequenceTokenizer(), network).fit(TEXTS, y)
    display = sr.AttentionDisplay.from_estimator(model, TEXTS, row=2)
    assert_allclose(heights(display.bars_), sr.attention_weights(model, TEXTS)[2])
    assert texts_of(display.ax_.get_xticklabels()) == ["a", "good", "film"]
    assert display.im_ is None


def test_tokens_without_a_tokenizer_are_labels():
    ids = [np.array(row) for row in ([7, 8], [8], [1, 3, 9])] * 4
    model = sr.GRUClassifier(embedding_dim=2, pooling="attention", **SMALL).fit(ids, y)
    display = sr.AttentionDisplay.from_estimator(model, ids, row=2)
    assert texts_of(display.ax_.get_xticklabels()) == ["1", "3", "9"]


def test_of_many_labels_some_are_drawn():
    labels = [f"word{k}" for k in range(150)]
    display = sr.AttentionDisplay.from_weights(np.full(150, 1 / 150), input_labels=labels)
    assert texts_of(display.ax_.get_xticklabels()) == labels[::3]
    assert_array_equal(display.ax_.get_xticks(), range(0, 150, 3))


def test_attention_pooling_over_steps():
    model = scaled(sr.LSTMClassifier(pooling="attention", **SMALL)).fit(X, y)
    display = sr.AttentionDisplay.from_estimator(model, X, row=1)
    assert_allclose(heights(display.bars_), sr.attention_weights(model, X)[1])
    assert display.ax_.get_xlabel() == "time step"


def test_the_matrix_of_an_encoder_and_a_decoder():
    labels = [list("xy"), list("x"), list("xyz")] * 4
    model = make_pipeline(sr.SequenceTokenizer(), sr.Seq2SeqClassifier(embedding_dim=2, **SMALL)).fit(TEXTS, labels)
    display = sr.AttentionDisplay.from_estimator(model, TEXTS, labels, row=2)
    assert_array_equal(display.im_.get_array(), sr.attention_weights(model, TEXTS, labels)[2])
    assert texts_of(display.ax_.get_xticklabels()) == ["a", "good", "film"]
    assert texts_of(display.ax_.get_yticklabels()) == ["x", "y", "z"]
    assert display.colorbar_.ax.get_ylabel() == "attention weight"
    assert sr.AttentionDisplay.from_weights(display.weights, colorbar=False).colorbar_ is None


def test_the_matrix_of_a_forecaster():
    inputs = rng.normal(size=(8, 5))
    model = sr.Seq2SeqRegressor(attention="dot", **SMALL).fit(inputs, inputs[:, :2])
    display = sr.AttentionDisplay.from_estimator(model, inputs, horizon=3)
    assert display.im_.get_array().shape == (3, 5)
    assert display.ax_.get_ylabel() == "output step"


def test_weights_and_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="Expected 2 input_labels"):
        sr.AttentionDisplay([0.5, 0.5], ["a"])
    with pytest.raises(ValueError, match="Expected no output_labels"):
        sr.AttentionDisplay([0.5, 0.5], output_labels=["a"])
    with pytest.raises(ValueError, match="Expected 1 output_labels"):
        sr.AttentionDisplay([[0.5, 0.5]], output_labels=["a", "b"])
    with pytest.raises(ValueError, match="1-D or 2-D array, got shape"):
        sr.AttentionDisplay(np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="array of numbers"):
        sr.AttentionDisplay([[0.5], [0.5, 0.5]])


# --- gates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["lstm", "gru", "mgu", "elman"])
def test_gates_and_states_of_one_sequence(cell):
    model = scaled(sr.RNNClassifier(cell=cell, bidirectional=False, **SMALL)).fit(X, y)
    display = sr.GateDisplay.from_estimator(model, X, row=3)
    expected = sr.gate_activations(model, X) | {"h": sr.hidden_states(model, X)}
    assert set(display.ims_) == set(display.axes_) == set(expected)
    for name, image in display.ims_.items():
        assert_array_equal(image.get_array(), expected[name][3].T)


def test_gates_have_a_scale_from_0_to_1_and_states_one_around_0():
    display = sr.GateDisplay.from_activations({"c": [[-3.0], [1.0]], "f": [[0.2], [0.4]]})
    assert list(display.ims_) == ["f", "c"]
    assert display.ims_["f"].get_clim() == (0, 1)
    assert display.ims_["c"].get_clim() == (-3, 3)


def test_panels_divide_one_axes_or_are_given():
    gates = {"f": [[0.2], [0.4]], "h": [[0.2], [0.4]]}
    figure, axes = plt.subplots(1, 3)
    display = sr.GateDisplay.from_activations(gates, ax=axes[:2])
    assert list(display.axes_.values()) == list(axes[:2])
    inside = sr.GateDisplay.from_activations(gates, ax=axes[2])
    assert inside.figure_ is figure
    assert not axes[2].axison
    with pytest.raises(ValueError, match="one axes or 2 axes, one for each panel, got 3"):
        sr.GateDisplay.from_activations(gates, ax=axes)


def test_the_last_panel_of_each_column_names_the_time():
    gates = {name: [[0.2], [0.4]] for name in "ifo"}
    display = sr.GateDisplay.from_activations(gates)
    assert [ax.get_xlabel() for ax in display.axes_.values()] == ["", "time step", "time step"]


def test_gates_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="same time steps"):
        sr.GateDisplay({"f": [[0.2]], "h": [[0.2], [0.4]]})
    with pytest.raises(ValueError, match="empty"):
        sr.GateDisplay({})
    with pytest.raises(ValueError, match="Expected 1 step_labels"):
        sr.GateDisplay({"f": [[0.2]]}, ["a", "b"])


# --- gradients --------------------------------------------------------------------------------------------------------


def test_the_flow_of_gradients_by_layer_and_direction():
    model = scaled(sr.LSTMClassifier(**SMALL)).fit(X, y)
    flow = sr.gradient_flow(model, X, y)
    display = sr.GradientFlowDisplay.from_estimator(model, X, y, relative=False)
    assert set(display.lines_) == set(flow)
    for key, line in display.lines_.items():
        assert_array_equal(line.get_ydata(), flow[key])
    relative = sr.GradientFlowDisplay.from_flow(flow, name="LSTM", ax=display.ax_)
    assert_allclose(relative.line_.get_ydata(), flow["layer_0/forward"] / flow["layer_0/forward"][0])
    assert relative.line_.get_color() != display.line_.get_color()
    assert relative.line_.get_label() == "LSTM, layer_0/forward"


def test_a_flow_that_is_none_is_refused():
    for flow in ([1.0], {}, None):
        with pytest.raises(ValueError, match="as gradient_flow returns it"):
            sr.GradientFlowDisplay(flow)


def test_gradients_along_the_signal_that_the_network_reads():
    model = scaled(forward()).fit(X, y)
    display = sr.SaliencyDisplay.from_estimator(model, X, row=1, feature=1, output="b")
    assert_allclose(display.line_.get_ydata(), model[:-1].transform(X)[1][:, 1])
    assert_allclose(heights(display.bars_), sr.input_gradients(model, X, "b")[1][:, 1])
    assert display.gradient_ax_.get_ylabel() == "gradient of output 'b'\nper unit of feature 1"


def test_a_feature_by_its_name():
    frames = [pd.DataFrame(x, columns=["speed", "load"]) for x in X]
    model = forward().fit(frames, y)
    display = sr.SaliencyDisplay.from_estimator(model, frames, feature="load")
    assert_allclose(display.line_.get_ydata(), X[0][:, 1])
    assert display.ax_.get_ylabel() == "load"
    for feature, message in (("power", "one of .*'speed', 'load'"), (2, "one of 2 features"), (None, "got None")):
        with pytest.raises(ValueError, match=message):
            sr.SaliencyDisplay.from_estimator(model, frames, feature=feature)


def test_a_padded_array_is_drawn_without_its_padding():
    padded = np.full((12, 7, 1), np.nan)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x[:, :1]
    model = forward().fit(padded, y)
    display = sr.SaliencyDisplay.from_estimator(model, padded)
    assert_allclose(display.line_.get_ydata(), X[0][:, 0])


def test_gradients_of_tokens_are_lengths():
    model = make_pipeline(sr.SequenceTokenizer(), sr.LSTMClassifier(embedding_dim=2, **SMALL)).fit(TEXTS, y)
    display = sr.SaliencyDisplay.from_estimator(model, TEXTS, row=2)
    assert_allclose(heights(display.bars_), np.linalg.norm(sr.input_gradients(model, TEXTS)[2], axis=1))
    assert display.line_ is None
    assert texts_of(display.ax_.get_xticklabels()) == ["a", "good", "film"]


# --- forecasts --------------------------------------------------------------------------------------------------------


def test_a_forecast_from_windows_with_their_times_and_bands():
    windows = sr.sliding_windows(SERIES[["day", "sales"]], 10, 4, time="day", target="sales")
    quantile = (0.1, 0.3, 0.5, 0.7, 0.9)
    model = sr.Seq2SeqRegressor(loss="quantile", quantile=quantile, **SMALL).fit(windows.X, windows.y)
    display = sr.ForecastDisplay.from_estimator(model, windows, row=3, value_name="sales (units)")
    expected = model.predict(windows.X)[3]
    assert_allclose(display.line_.get_ydata(), expected[:, 2])
    assert_array_equal(display.line_.get_xdata(), SERIES["day"][13:17])
    assert_array_equal(display.truth_line_.get_ydata(), SERIES["sales"][13:17])
    assert_array_equal(display.history_line_.get_ydata(), SERIES["sales"][3:13])
    assert_array_equal(display.history_line_.get_xdata(), SERIES["day"][3:13])  # weekends are none of its days
    assert [band.get_label() for band in display.bands_] == ["10 % to 90 %", "30 % to 70 %"]
    drawn = display.bands_[0].get_paths()[0].vertices[:, 1]
    assert set(expected[:, [0, -1]].ravel()) <= set(drawn)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("time", "sales (units)")


def test_a_forecast_of_the_future_has_no_truth():
    history = SERIES[["day", "sales"]]
    X, y, _ = sr.sliding_windows(history, 10, 4, time="day", target="sales")
    last = sr.last_windows(history, 10, 4, time="day", target="sales")
    display = sr.ForecastDisplay.from_estimator(sr.Seq2SeqRegressor(**SMALL).fit(X, y), last, n_history=5)
    assert display.truth_line_ is None
    assert_array_equal(display.history_line_.get_ydata(), SERIES["sales"][-5:])


def test_a_target_of_several_and_a_feature_as_history():
    windows = sr.sliding_windows(SERIES, 10, 4, time="day", target=["sales", "price"])
    model = sr.Seq2SeqRegressor(**SMALL).fit(windows.X, windows.y)
    display = sr.ForecastDisplay.from_estimator(model, windows, row=2, target=1, feature=1)
    assert_allclose(display.line_.get_ydata(), model.predict(windows.X)[2, :, 1])
    assert_array_equal(display.truth_line_.get_ydata(), SERIES["price"][12:16])
    assert_array_equal(display.history_line_.get_ydata(), windows.X[2, :, 1])
    assert sr.ForecastDisplay.from_estimator(model, windows).history_line_ is None
    with pytest.raises(ValueError, match="one of 2 targets"):
        sr.ForecastDisplay.from_estimator(model, windows, target=2)
    with pytest.raises(ValueError, match="one of 2 features"):
        sr.ForecastDisplay.from_estimator(model, windows, feature=2)


def test_what_is_known_ahead_is_no_history():
    windows = sr.sliding_windows(SERIES, 10, 4, time="day", target="sales", known=["price"])
    model = sr.Seq2SeqRegressor(future_features=[1], **SMALL).fit(windows.X, windows.y)
    display = sr.ForecastDisplay.from_estimator(model, windows, feature=0)
    assert_array_equal(display.history_line_.get_ydata(), SERIES["sales"][:10])


def test_windows_with_static_values_have_a_history():
    series = pd.concat([SERIES.assign(shop="a", size=1.0), SERIES.assign(shop="b", size=2.0)])
    columns = ["shop", "day", "sales", "size"]
    windows = sr.sliding_windows(series[columns], 10, 4, by="shop", time="day", target="sales", static="size")
    model = sr.Seq2SeqRegressor(**SMALL).fit(windows.X, windows.y)
    display = sr.ForecastDisplay.from_estimator(model, windows, row=1)
    assert_array_equal(display.history_line_.get_ydata(), SERIES["sales"][1:11])


@pytest.mark.parametrize("model", [Ridge(), make_pipeline(StandardScaler(), Ridge())], ids=["alone", "Pipeline"])
def test_any_forecaster_can_be_drawn_from_arrays(model):
    X, y, _ = sr.sliding_windows(SERIES["sales"].to_numpy(), 10, 4)
    display = sr.ForecastDisplay.from_estimator(model.fit(X, y), X, y, row=1)
    assert_allclose(display.line_.get_ydata(), model.predict(X)[1])
    assert_array_equal(display.line_.get_xdata(), [1, 2, 3, 4])
    assert_array_equal(display.history_line_.get_ydata(), X[1])
    assert_array_equal(display.history_line_.get_xdata(), np.arange(-9, 1))


def test_a_forecast_of_one_step():
    windows = sr.sliding_windows(SERIES["sales"].to_numpy(), 10, 1)
    display = sr.ForecastDisplay.from_estimator(sr.GRURegressor(**SMALL).fit(windows.X, windows.y), windows)
    assert display.line_.get_ydata().shape == display.truth_line_.get_ydata().shape == (1,)
    assert display.line_.get_marker() == "s"


def test_forecasts_that_do_not_fit_are_refused():
    for arguments, message in (
        ({"truth": [1.0]}, "Expected 2 values of truth"),
        ({"quantile": [0.1, 0.9]}, "as many levels as quantile"),
        ({"history": [1.0], "times": [1, 2]}, "times and history_times together"),
        ({"times": [1]}, "Expected 2 times"),
    ):
        with pytest.raises(ValueError, match=message):
            sr.ForecastDisplay([1.0, 2.0], **arguments)
    with pytest.raises(ValueError, match="ascending"):
        sr.ForecastDisplay([[1.0, 2.0]], quantile=[0.9, 0.1])
    with pytest.raises(NotFittedError):
        sr.ForecastDisplay.from_estimator(Ridge(), np.zeros((3, 2)))


# --- when could it have known? ----------------------------------------------------------------------------------------


def test_probabilities_along_a_sequence():
    model = scaled(forward()).fit(X, y)
    display = sr.SequenceClassificationDisplay.from_estimator(model, X, y, row=1)
    expected = sr.staged_predict_proba(model, X)[1]
    for line, p in zip(display.lines_, expected.T, strict=True):
        assert_array_equal(line.get_ydata(), p)
    assert [line.get_label() for line in display.lines_] == ["a", "b (true)"]
    assert display.line_ is display.lines_[expected[-1].argmax()]


def test_a_decision_is_made_where_it_changes_for_the_last_time():
    p = np.array([0.9, 0.2, 0.7, 0.4, 0.1])
    display = sr.SequenceClassificationDisplay.from_probabilities(np.c_[p, 1 - p], classes=["no", "yes"])
    assert display.decided_ == 3
    assert_array_equal(display.decided_line_.get_xdata(), [3, 3])
    assert sr.SequenceClassificationDisplay([[0.1, 0.9], [0.2, 0.8]]).decided_ == 0


def test_a_single_step_is_seen():
    display = sr.SequenceClassificationDisplay.from_probabilities([[0.1, 0.9]])
    assert display.line_.get_marker() == "o"


def test_probabilities_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="Expected true_class to be one of"):
        sr.SequenceClassificationDisplay([[0.1, 0.9]], ["no", "yes"], "maybe")
    with pytest.raises(ValueError, match="Expected 2 classes"):
        sr.SequenceClassificationDisplay([[0.1, 0.9]], ["no"])
    steps = sr.LSTMClassifier(return_sequences=True, **SMALL).fit(X, [np.arange(len(x)) % 2 for x in X])
    with pytest.raises(ValueError, match="one class for each sequence"):
        sr.SequenceClassificationDisplay.from_estimator(steps, X, [np.arange(len(x)) % 2 for x in X])
