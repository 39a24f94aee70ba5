"""Looking into a network: attention, states, gates and gradients by plain equations; what features and times matter."""

from functools import partial

import numpy as np
import oracle
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, get_scorer, r2_score

import sklearn_recurrent._core.network as network_module
import sklearn_recurrent._core.unroll as unroll_module
from sklearn_recurrent import LSTMClassifier, RNNClassifier, RNNRegressor, as_column, as_sequences, sequence_scorer
from sklearn_recurrent._core import inspection
from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._estimators.inspection import Inspection

RAGGED, FULL = [7, 1, 4, 6, 4, 2], [5] * 6
UNIT, ZERO = np.array([10.0, 0.1, 3.0]), np.array([5.0, 0.0, -40.0])  # of the features
METHODS = [name for name in vars(Inspection) if not name.startswith("_")]
close = partial(assert_allclose, rtol=1e-11, atol=1e-13)

NETS = {
    "one direction": {"bidirectional": False, "pooling": "last"},
    "two directions": {"pooling": ("last", "mean", "max", "attention")},
    "stacked": {"pooling": ("mean", "attention"), "hidden_layer_sizes": (3, 2)},
    "per step": {"return_sequences": True, "hidden_layer_sizes": (2, 3)},
}
every_cell = pytest.mark.parametrize("cell", CELLS)
every_net = pytest.mark.parametrize("net", NETS.values(), ids=NETS)
every_batch = pytest.mark.parametrize("lengths", [RAGGED, FULL], ids=["ragged", "full"])


def sequences(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [ZERO + UNIT * rng.standard_normal((length, 3)) for length in lengths]


def targets(X, kind, *, per_step=False, seed=1):
    """A class of `kind` many, or ("numbers") a number, for each sequence or each step."""
    rng = np.random.default_rng(seed)

    def draw(n):
        return rng.normal(500, 20, n) if kind == "numbers" else rng.permutation(np.arange(n) % kind)

    flat = draw(sum(map(len, X)) if per_step else len(X))
    return as_sequences(np.split(flat, np.cumsum([*map(len, X)])[:-1])) if per_step else flat


def lively(model, X, y, seed=2, scale=0.8):
    """Fitted, with weights of a size that makes every term count."""
    model.fit(X, y)
    model.theta_[...] = np.random.default_rng(seed).normal(0, scale, len(model.theta_))
    return model


def network(X, kind=2, *, seed=2, **parameters):
    """A model with random weights, and targets for it."""
    y = targets(X, kind, per_step=parameters.get("return_sequences", False))
    cls = RNNRegressor if kind == "numbers" else RNNClassifier
    parameters = {"hidden_layer_sizes": 3, "max_iter": 1, "random_state": 0} | parameters
    return lively(cls(**parameters), X, y, seed), y


# --- the plain equations ----------------------------------------------------------------------------------------------

LETTERS = {  # of what `gate_activations` returns
    "elman": "h",
    "lstm": "ifgoc",
    "lstm_no_forget": "igoc",
    "lstm_coupled": "fgoc",
    "gru": "rzn",
    "gru_reset_before": "rzn",
    "gru_no_reset": "zn",
    "mgu": "fn",
}


def gates(cell, W, phi, x, h):
    """By the letters of the papers, at one step, from the state `h` before it."""
    affine, sigmoid, one = oracle.affine, oracle.sigmoid, oracle.ONE
    rows = {"lstm": "gfio", "lstm_no_forget": "gio", "lstm_coupled": "gfo"}
    if cell in rows:
        letters = rows[cell]
        found = dict(zip(letters, affine(W["W"], len(letters), x, one, h), strict=True))
        return {name: phi(a) if name == "g" else sigmoid(a) for name, a in found.items()}
    if cell == "elman":
        return {"h": phi(affine(W["W"], 1, x, one, h)[0])}
    if cell == "gru_no_reset":
        z, n = affine(W["W"], 2, x, one, h)
        return {"z": sigmoid(z), "n": phi(n)}
    if cell == "mgu":
        f = sigmoid(affine(W["W_f"], 1, x, one, h)[0])
        return {"f": f, "n": phi(affine(W["W_n"], 1, f * h, x, one)[0])}
    if cell == "gru":
        r, z = map(sigmoid, affine(W["W_rz"], 2, x, one, h))
        a = affine(W["U_a"], 1, one, h)[0]
        return {"r": r, "z": z, "n": phi(affine(W["W_n"], 1, x, one)[0] + r * a)}
    if cell == "gru_reset_before":
        r, z = map(sigmoid, affine(W["W_rz"], 2, x, one, h))
        return {"r": r, "z": z, "n": phi(affine(W["W_n"], 1, r * h, x, one)[0])}
    raise KeyError(f"add the gates of {cell!r} here")


def walk(model, x, kick=()):
    """One sequence through the network: raw outputs, and of each layer the states and gates, (T, width), in time.

    kick : (key, step of the reading, what is added to the state after it)
    """
    W, a = model.weights_, model._network_arguments
    phi, x, layers = oracle.ACTIVATIONS[a["activation"]], (x - model.x_mean_) / model.x_scale_, []
    for depth, H in enumerate(a["units"]):
        found = []
        for direction in ("forward", "backward")[: 1 + a["bidirectional"]]:
            key, read, h, c = f"layer_{depth}/{direction}", [], np.zeros(H), np.zeros(H)
            w = oracle.parts(W, f"{key}/")
            for t, x_t in enumerate(x[::-1] if direction == "backward" else x):
                seen = gates(a["cell"], w, phi, x_t, h)
                h, c = oracle.CELLS[a["cell"]](w, phi, x_t, h, c, 1)
                if kick and kick[:2] == (key, t):
                    h = h + kick[2]
                read.append(seen | {"h": h} | ({"c": c} if "c" in LETTERS[a["cell"]] else {}))
            found.append(read[::-1] if direction == "backward" else read)
        layers.append({name: np.hstack([[step[name] for step in read] for read in found]) for name in found[0][0]})
        x = layers[-1]["h"]
    if a["per_step"]:
        return np.array([W["head/V"] @ np.concatenate([h, oracle.ONE]) for h in x]), layers
    pooled = []
    for k, h in enumerate(np.split(x, 1 + a["bidirectional"], axis=1)):
        pooled += [oracle.POOLINGS[kind](h[::-1] if k else h) for kind in a["pooling"] if kind != "attention"]
    if "attention" in a["pooling"]:
        pooled.append(oracle.attention(W, x)[1])
    return W["head/V"] @ np.concatenate([*pooled, oracle.ONE]), layers


@every_cell
@every_net
def test_the_plain_equations_of_these_tests_are_those_of_the_network(cell, net):
    X = sequences(RAGGED)
    model, _ = network(X, 3, cell=cell, **net)
    for x, raw in zip(X, model.decision_function(X), strict=True):
        close(walk(model, x)[0], raw)


# --- attention, states, gates -----------------------------------------------------------------------------------------


@every_batch
@pytest.mark.parametrize("pooling", ["attention", ("last", "attention")], ids=str)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_attention_weights_are_those_of_the_plain_equations(bidirectional, pooling, lengths):
    X = sequences(lengths)
    model, _ = network(X, cell="gru", bidirectional=bidirectional, pooling=pooling, hidden_layer_sizes=(3, 5))
    weights = model.attention_weights(X)
    assert weights.shape == (6,)
    assert weights.dtype == object
    for x, w in zip(X, weights, strict=True):
        close(w, oracle.attention(model.weights_, walk(model, x)[1][-1]["h"])[0])
        assert w.shape == (len(x),)
        assert (w > 0).all()
        assert w.sum() == pytest.approx(1, abs=1e-14)


def test_attention_finds_the_step_that_tells():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in rng.integers(8, 20, 300)]
    where = [rng.integers(len(x)) for x in X]
    for x, t in zip(X, where, strict=True):
        x[:, 0] = np.arange(len(x)) == t
    y = [int(x[t, 1] > 0) for x, t in zip(X, where, strict=True)]
    model = RNNClassifier(8, cell="gru", pooling="attention", learning_rate_init=0.01, max_iter=30, random_state=0)
    weights = model.fit(X, y).attention_weights(X)
    assert np.mean([w[t] for w, t in zip(weights, where, strict=True)]) > 0.9


@pytest.mark.parametrize("parameters", [{}, {"pooling": "last"}, {"pooling": "attention", "return_sequences": True}])
def test_without_attention_there_are_no_weights_and_the_reason_is_told(parameters):
    X = sequences(RAGGED)
    y = targets(X, 2, per_step="return_sequences" in parameters)
    fitted = RNNClassifier(3, max_iter=1, **parameters).fit(X, y)
    for model in (clone(fitted), fitted, fitted.set_params(pooling="attention")):
        assert hasattr(model, "attention_weights") == (model is clone(fitted))
        with pytest.raises(
            AttributeError, match=r"'RNNClassifier' has no attribute 'attention_weights'\..*'attention'"
        ):
            model.attention_weights(X)


@every_cell
@every_net
@every_batch
def test_hidden_states_and_gates_are_those_of_the_plain_equations(cell, net, lengths):
    X = sequences(lengths)
    model, _ = network(X, cell=cell, **net)
    true = [walk(model, x)[1] for x in X]
    n = len(true[0])
    for layer in range(-n, n):
        for name, found in {"h": model.hidden_states(X, layer), **model.gate_activations(X, layer)}.items():
            assert found.shape == (6,)
            for of_one, layers in zip(found, true, strict=True):
                close(of_one, layers[layer][name])


def test_gates_have_the_letters_of_the_papers_in_their_order():
    assert set(LETTERS) == set(CELLS)
    for cell, names in LETTERS.items():
        assert "".join(inspection.gate_names(CELLS[cell](2, 3))) == names


def test_the_coupled_cell_state_mixes_and_the_plain_one_adds():
    """c' = f ∘ c + i ∘ g from what is returned alone: frames, letters and steps belong together."""
    X = sequences(RAGGED)
    model, _ = network(X, cell="lstm", bidirectional=False, pooling="last")
    of = model.gate_activations(X)
    for i, f, g, o, c, h in zip(*(of[name] for name in "ifgoc"), model.hidden_states(X), strict=True):
        close(c[1:], f[1:] * c[:-1] + i[1:] * g[1:])
        close(c[0], i[0] * g[0])
        close(h, o * np.tanh(c))


def test_the_last_states_are_what_the_head_reads():
    X = sequences(RAGGED)
    model, _ = network(X, 3, cell="lstm", pooling="last")
    V = model.weights_["head/V"]
    for h, raw in zip(model.hidden_states(X), model.decision_function(X), strict=True):
        close(V[:, :3] @ h[-1, :3] + V[:, 3:6] @ h[0, 3:] + V[:, -1], raw)


def test_a_layer_that_is_not_there_is_an_error():
    X = sequences(RAGGED)
    model, _ = network(X, hidden_layer_sizes=(3, 2))
    for method in (model.hidden_states, model.gate_activations):
        for layer in (2, -3, "top", 0.0):
            with pytest.raises(ValueError, match="layer must be an integer from -2 to 1"):
                method(X, layer)


# --- gradients with respect to the input ------------------------------------------------------------------------------


def by_differences(f, x, step):
    """The gradient of ``f(list of arrays) -> numbers`` with respect to x (T, F), by central differences."""
    moved = []
    for index in np.ndindex(x.shape):
        for sign in (1, -1):
            moved.append(x.copy())
            moved[-1][index] += sign * step[index[1]]
    values = np.array([np.sum(v) for v in f(moved)])
    return (values[::2] - values[1::2]).reshape(x.shape) / (2 * step)


def assert_are_derivatives(gradients, f, X, unit=1.0):
    for x, gradient in zip(X, gradients, strict=True):
        true = by_differences(f, x, 1e-5 * UNIT)
        assert np.abs(true).max() > 1e-6 * unit
        assert_allclose(gradient * UNIT, true * UNIT, rtol=1e-6, atol=1e-8 * unit)


@every_cell
@every_net
@every_batch
def test_input_gradients_are_derivatives_of_the_raw_score(cell, net, lengths):
    X = sequences(lengths)
    model, _ = network(X, cell=cell, **net)
    assert_are_derivatives(model.input_gradients(X, 1), model.decision_function, X)


@every_cell
@every_net
def test_input_gradients_of_a_regressor_are_in_the_unit_of_y(cell, net):
    X = sequences(RAGGED)
    model, _ = network(X, "numbers", cell=cell, **net)
    assert_are_derivatives(model.input_gradients(X), model.predict, X, unit=20)


@pytest.mark.parametrize("activation", ["relu", "logistic"])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru", "mgu"])
def test_input_gradients_of_every_nonlinearity(cell, activation):
    X = sequences(RAGGED)
    model, _ = network(X, cell=cell, activation=activation, pooling=("last", "mean", "attention"))
    assert_are_derivatives(model.input_gradients(X, 1), model.decision_function, X)


def test_a_class_has_the_gradient_of_its_own_score_and_none_is_the_one_predicted():
    X = sequences(RAGGED)
    for kind, names in ((2, ["no", "yes"]), (3, ["a", "b", "c"])):
        y = np.array(names)[targets(X, kind)]
        model = lively(RNNClassifier(3, cell="gru", max_iter=1, random_state=0), X, y)
        model.weights_["head/V"][:, -1] -= model.decision_function(X).mean(axis=0)  # each class comes

        def score(X, k, model=model):
            raw = model.decision_function(X)
            return raw[:, k] if raw.ndim == 2 else (2 * k - 1) * raw

        by_class = [model.input_gradients(X, name) for name in names]
        for k, gradients in enumerate(by_class):
            assert_are_derivatives(gradients, partial(score, k=k), X)
        predicted = model.predict(X)
        for j, gradient in enumerate(model.input_gradients(X)):
            assert_array_equal(gradient, by_class[names.index(predicted[j])][j])
        assert len(set(predicted)) > 1


def test_of_several_labels_each_has_its_gradient_and_none_is_the_strongest():
    X = sequences(RAGGED)
    Y = np.random.default_rng(0).integers(0, 2, (6, 3))
    model = lively(RNNClassifier(3, max_iter=1, random_state=0), X, Y)
    by_label = [model.input_gradients(X, k) for k in range(3)]
    for k, gradients in enumerate(by_label):
        assert_are_derivatives(gradients, lambda X, k=k: model.decision_function(X)[:, k], X)
    for j, k in enumerate(model.decision_function(X).argmax(axis=1)):
        assert_array_equal(model.input_gradients(X)[j], by_label[k][j])


def test_with_several_outputs_a_regressor_wants_to_know_which():
    X = sequences(RAGGED)
    Y = np.column_stack([targets(X, "numbers"), 1e-3 * targets(X, "numbers", seed=5)])
    model = lively(RNNRegressor(3, max_iter=1, random_state=0), X, Y)
    for k, unit in enumerate([20, 0.02]):
        assert_are_derivatives(model.input_gradients(X, k), lambda X, k=k: model.predict(X)[:, k], X, unit)
    for output in (None, 2, -1, "a"):
        with pytest.raises(ValueError, match="output must be the index of one of 2 outputs"):
            model.input_gradients(X, output)


def test_an_output_that_is_not_there_is_an_error():
    X = sequences(RAGGED)
    classifier, _ = network(X)
    regressor, _ = network(X, "numbers")
    with pytest.raises(ValueError, match=r"output must be one of the classes \[0, 1\], got 'yes'"):
        classifier.input_gradients(X, "yes")
    with pytest.raises(ValueError, match="one of 1 outputs, got 1"):
        regressor.input_gradients(X, 1)
    for one, other in zip(regressor.input_gradients(X), regressor.input_gradients(X, 0), strict=True):
        assert_array_equal(one, other)


def test_per_step_the_class_predicted_at_each_step_is_meant():
    X = sequences(RAGGED)
    model, _ = network(X, 3, cell="lstm", return_sequences=True)
    chosen = [raw.argmax(axis=1) for raw in model.decision_function(X)]
    for x, k, gradient in zip(X, chosen, model.input_gradients(X), strict=True):

        def score(moved, k=k):
            return [raw[np.arange(len(k)), k] for raw in model.decision_function(moved)]

        assert_are_derivatives([gradient], score, [x])


@every_cell
@pytest.mark.parametrize("regress", [False, True])
@pytest.mark.each_choice
def test_input_gradients_of_tokens_are_those_of_their_vectors(cell, regress):
    """A row of the table has the sum of the gradients of the steps where its token stands."""
    rng = np.random.default_rng(0)
    X = [10 * rng.integers(1, 6, length) for length in RAGGED]
    kind = "numbers" if regress else 2
    model, _ = network(X, kind, cell=cell, embedding_dim=2, pooling=("last", "mean", "attention"))
    respond = model.predict if regress else model.decision_function
    gradients, table = model.input_gradients(X, None if regress else 1), model.weights_["embedding/E"]
    assert [gradient.shape for gradient in gradients] == [(len(x), 2) for x in X]
    for row, token in enumerate(model.vocabulary_, start=1):
        for k in range(2):
            before, values = table[row, k], []
            for step in (1e-5, -1e-5):
                table[row, k] = before + step
                values.append(respond(X))
            table[row, k] = before
            found = [gradient[x == token, k].sum() for x, gradient in zip(X, gradients, strict=True)]
            true = (values[0] - values[1]) / 2e-5
            assert_allclose(found, true, rtol=1e-6, atol=1e-8 * (20 if regress else 1))


# --- the flow of the gradient -----------------------------------------------------------------------------------------


def flow_by_the_oracle(model, X, Y, loss):
    """The norms by distance from the end of the reading, from a complex step of each entry of each state."""
    a, norms = model._network_arguments, {}
    for depth, H in enumerate(a["units"]):
        for direction in ("forward", "backward")[: 1 + a["bidirectional"]]:
            key = f"layer_{depth}/{direction}"
            by_distance = [[] for _ in range(max(map(len, X)))]
            for x, y in zip(X, Y, strict=True):
                for t in range(len(x)):
                    gradient = []
                    for unit in np.eye(H):
                        raw = np.atleast_2d(walk(model, x, (key, t, 1e-30j * unit))[0])
                        losses = [oracle.LOSSES[loss](r, q) for r, q in zip(raw, np.atleast_2d(y), strict=True)]
                        gradient.append(np.imag(sum(losses)) / 1e-30)
                    by_distance[len(x) - 1 - t].append(np.linalg.norm(gradient))
            norms[key] = [np.mean(norm) for norm in by_distance]
    return norms


@every_cell
@every_net
@pytest.mark.parametrize("lengths", [[5, 1, 3, 3], [4, 4, 4, 4]], ids=["ragged", "full"])
@pytest.mark.each_choice(times=2)
def test_the_flow_is_the_norm_of_the_gradient_with_respect_to_each_state(cell, net, lengths):
    X = sequences(lengths)
    model, y = network(X, 3, cell=cell, **{"hidden_layer_sizes": 2} | net)
    true = flow_by_the_oracle(model, X, [np.reshape(labels, (-1, 1)) for labels in y], "softmax")
    flow = model.gradient_flow(X, y)
    assert list(flow) == list(true)
    for key, norms in flow.items():
        assert norms.shape == (max(lengths),)
        assert_allclose(norms, true[key], rtol=1e-9, atol=1e-14)


def test_the_flow_of_other_losses():
    X = sequences([5, 1, 3, 3])
    numbers = np.column_stack([targets(X, "numbers"), 1e-3 * targets(X, "numbers", seed=5)])
    multilabel = np.array([[0, 1], [1, 1], [0, 0], [1, 0]])
    for cls, y in ((RNNRegressor, numbers[:, 0]), (RNNRegressor, numbers), (RNNClassifier, multilabel)):
        model = lively(cls(2, cell="gru", max_iter=1, random_state=0), X, y)
        Y = (y - model.y_mean_) / model.y_scale_ if cls is RNNRegressor and y.ndim == 2 else y
        if y.ndim == 1:
            Y = ((y - model.y_mean_) / model.y_scale_)[:, None]
        loss = "squared_error" if cls is RNNRegressor else "logistic"
        true, flow = flow_by_the_oracle(model, X, Y, loss), model.gradient_flow(X, y)
        for key, norms in true.items():
            assert_allclose(flow[key], norms, rtol=1e-9)
    model, y = network(X)
    names = lively(clone(model), X, np.array(["no", "yes"])[y])
    true = flow_by_the_oracle(names, X, y[:, None], "logistic")
    for key, norms in names.gradient_flow(X, np.array(["no", "yes"])[y]).items():
        assert_allclose(norms, true[key], rtol=1e-9)


def test_the_flow_is_a_mean_over_the_sequences_that_are_that_long():
    X = sequences(RAGGED)
    model, y = network(X, cell="lstm", hidden_layer_sizes=(3, 2))
    alone = [model.gradient_flow([x], [label]) for x, label in zip(X, y, strict=True)]
    for key, norms in model.gradient_flow(X, y).items():
        for d, norm in enumerate(norms):
            close(norm, np.mean([flow[key][d] for flow in alone if len(flow[key]) > d]))


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_of_an_untrained_elman_net_vanishes_where_that_of_an_lstm_lives(seed):
    """100 steps of standard noise in 8 features, 32 units: what issue 3 asks for."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((20, 100, 8)), rng.integers(0, 2, 20)
    untrained = {"bidirectional": False, "pooling": "last", "max_iter": 1, "learning_rate_init": 1e-300}
    flow = {}
    for model in (RNNClassifier(32), LSTMClassifier(32, forget_bias=3)):
        model.set_params(**untrained, random_state=seed).fit(X, y)
        flow[model.cell] = model.gradient_flow(X, y)["layer_0/forward"]
        assert flow[model.cell].shape == (100,)
    assert flow["elman"][50] < 1e-6 * flow["elman"][0]
    assert flow["lstm"][: 50 + 1].min() > 1e-2 * flow["lstm"][0]


def test_a_gradient_too_small_to_be_squared_in_float32_is_measured():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((5, 150, 8), np.float32), [0, 1, 0, 1, 0]
    model = RNNClassifier(8, bidirectional=False, pooling="last", max_iter=1, random_state=0).fit(X, y)
    norms = model.gradient_flow(X, y)["layer_0/forward"]
    assert model.theta_.dtype == np.float32
    assert (norms[norms < 1e-25] > 0).sum() > 5


def test_targets_of_the_flow_are_checked_as_in_fit():
    X = sequences(RAGGED)
    model, y = network(X)
    with pytest.raises(ValueError, match=r"labels among the classes \[0, 1\], got labels \[7\]"):
        model.gradient_flow(X, np.where(y, 7, 0))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.gradient_flow(X, y[:-1])
    Y = np.random.default_rng(0).integers(0, 2, (6, 3))
    model = lively(RNNClassifier(3, max_iter=1), X, Y)
    with pytest.raises(ValueError, match="Expected y with 3 outputs, as in fit, got 2"):
        model.gradient_flow(X, Y[:, :2])
    model, y = network(X, return_sequences=True)
    with pytest.raises(ValueError, match="Expected y to have 7 time steps for sequence 0, as many as X, got 5"):
        model.gradient_flow(X, as_sequences([y[0][:5], *y[1:]]))


# --- what must not matter ---------------------------------------------------------------------------------------------


def calls(model, X, y):
    """Every method, with arguments for `model`."""
    results = {
        "hidden_states": model.hidden_states(X),
        "gate_activations": model.gate_activations(X),
        "input_gradients": model.input_gradients(X),
        "gradient_flow": model.gradient_flow(X, y),
        "feature_importance": model.feature_importance(X, y, n_repeats=2, random_state=0),
        "windows": model.feature_importance(X, y, by="step", n_repeats=2, windows=3, random_state=0),
    }
    if hasattr(model, "attention_weights"):
        results["attention_weights"] = model.attention_weights(X)
    return results


def flat(results):
    """All numbers of `calls`, by path."""
    if isinstance(results, dict):
        return {f"{k}/{path}": v for k, result in results.items() for path, v in flat(result).items()}
    if isinstance(results, np.ndarray) and results.dtype == object:
        return {"": np.concatenate([r.ravel() for r in results])}
    return {"": np.ravel(results)}


def assert_same(one, other, exact=True):
    one, other = flat(one), flat(other)
    assert one.keys() == other.keys()
    for path, numbers in one.items():
        assert_allclose(other[path], numbers, **({"rtol": 0} if exact else {"rtol": 1e-9, "atol": 1e-12}), err_msg=path)


KINDS = {
    "classes": (2, {"cell": "lstm", "pooling": ("last", "max", "attention"), "hidden_layer_sizes": (3, 2)}),
    "numbers": ("numbers", {"cell": "gru", "pooling": "attention"}),
    "labels per step": (3, {"return_sequences": True, "cell": "mgu"}),
    "numbers per step": ("numbers", {"return_sequences": True, "bidirectional": True}),
}
every_kind = pytest.mark.parametrize(("kind", "parameters"), KINDS.values(), ids=KINDS)


def test_every_method_is_called_here():
    X = sequences(RAGGED)
    model, y = network(X, pooling="attention")
    assert {*calls(model, X, y)} - {"windows"} == set(METHODS)


@every_kind
def test_neither_the_data_nor_the_estimator_change(kind, parameters):
    X = sequences(RAGGED)
    model, y = network(X, kind, **parameters)
    X_before, y_before = [x.copy() for x in X], [np.copy(label) for label in y]
    attributes, theta, text = dict(vars(model)), model.theta_.copy(), repr(vars(model))
    calls(model, X, y)
    assert vars(model).keys() == attributes.keys()
    assert all(vars(model)[name] is attributes[name] for name in attributes)
    assert_array_equal(model.theta_, theta)
    assert repr(vars(model)) == text
    for one, other in zip([*X, *y], [*X_before, *y_before], strict=True):
        assert_array_equal(one, other)
    cube = np.stack([x[:1] for x in X])
    cube.flags.writeable = False
    steps = as_sequences([label[:1] for label in y]) if model.return_sequences else y
    calls(model, cube, steps)


@every_kind
def test_threads_and_batches_and_the_tape_change_no_bit(kind, parameters, monkeypatch):
    X = sequences([*RAGGED, *RAGGED, *FULL])
    model, y = network(X, kind, **parameters)
    once = calls(model, X, y)
    monkeypatch.setattr(unroll_module, "TAPE_BYTES", 0)
    assert_same(once, calls(model, X, y))
    monkeypatch.setattr(network_module, "PREDICTION_WIDTH", 2)
    monkeypatch.setattr(network_module, "FRAME_BYTES", 1)
    in_batches = calls(model, X, y)
    assert_same(once, in_batches, exact=False)  # a product of other columns is rounded otherwise
    assert_same(in_batches, calls(model.set_params(n_jobs=2), X, y))


@every_kind
def test_what_is_set_after_fit_changes_nothing(kind, parameters):
    X = sequences(RAGGED)
    model, y = network(X, kind, **parameters)
    once = calls(model, X, y)
    model.set_params(dropout=0.5, recurrent_dropout=0.5, bptt_steps=2, alpha=7, hidden_layer_sizes=9, activation="relu")
    model.set_params(return_sequences=not model.return_sequences, standardize=False, bidirectional=False, cell="elman")
    if isinstance(model, RNNClassifier):
        model.set_params(class_weight={0: 3, 1: 1, 2: 5})
    assert_same(once, calls(model, X, y))


@every_kind
def test_every_container_gives_the_same(kind, parameters, cube):
    X = sequences(RAGGED)
    model, y = network(X, kind, **parameters)
    once = calls(model, X, y)
    for same in (tuple(X), as_sequences(X), as_column(X), pd.Series(X), pd.DataFrame({"x": X}), cube(X, before=2)):
        assert_same(once, calls(model, same, y))


@every_kind
def test_an_array_without_padding_gives_arrays(kind, parameters):
    X = sequences(FULL)
    model, y = network(X, kind, **parameters)
    in_list, in_array = calls(model, X, y), calls(model, np.stack(X), np.stack(y) if model.return_sequences else y)
    assert_same(in_list, in_array)
    assert in_array["hidden_states"].shape == (6, 5, (1 + model.bidirectional_) * model._network_arguments["units"][-1])
    assert in_array["input_gradients"].shape == (6, 5, 3)
    if "attention_weights" in in_array:
        assert in_array["attention_weights"].shape == (6, 5)
    assert in_list["hidden_states"].shape == (6,)


def test_a_matrix_and_a_frame_are_read_as_in_fit():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(12, 6)), columns=list("abcdef"))
    for input_size, n_features in ((None, 1), (2, 2)):
        model = LSTMClassifier(3, input_size=input_size, max_iter=2, random_state=0).fit(frame, [0, 1] * 6)
        found = calls(model, frame, [0, 1] * 6)
        steps = 6 // n_features
        assert found["hidden_states"].shape == (12, steps, 6)
        assert found["input_gradients"].shape == (12, steps, n_features)
        assert found["gradient_flow"]["layer_0/backward"].shape == (steps,)
        assert found["feature_importance"].importances.shape == (n_features, 2)


def test_padding_of_targets_per_step_is_left_out(cube):
    X = sequences(RAGGED)
    model, y = network(X, 3, return_sequences=True)
    padded = cube([label[:, None] * 1.0 for label in y])[..., 0]
    assert_same(model.gradient_flow(X, y), model.gradient_flow(cube(X), np.nan_to_num(padded, nan=9)))


def test_float32_stays_float32_and_is_as_accurate():
    X = sequences(RAGGED)
    model, y = network(X, cell="lstm", pooling="attention")
    rough = clone(model).fit([x.astype(np.float32) for x in X], y)
    rough.theta_[...] = model.theta_
    for name in ("hidden_states", "attention_weights"):
        for one, other in zip(getattr(model, name)(X), getattr(rough, name)(X), strict=True):
            assert other.dtype == np.float32
            assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    for one, other in zip(model.input_gradients(X), rough.input_gradients(X), strict=True):
        assert_allclose(one * UNIT, other * UNIT, rtol=1e-3, atol=1e-4)
    for key, norms in model.gradient_flow(X, y).items():
        assert_allclose(norms, rough.gradient_flow(X, y)[key], rtol=1e-3)


def test_a_step_that_is_passed_over_has_no_entry():
    X = sequences(RAGGED)
    model, y = network(X, cell="gru", missing="skip", pooling="attention")
    gaps = [np.insert(x, [0, len(x) // 2, len(x)], np.nan, axis=0) for x in X]
    assert_same(calls(model, X, y), calls(model, gaps, y))


@pytest.mark.parametrize("name", METHODS)
def test_before_fit_there_is_nothing_to_look_into(name, estimator, data):
    arguments = data if name in ("gradient_flow", "feature_importance") else data[:1]
    with pytest.raises(NotFittedError):
        getattr(estimator(pooling="attention"), name)(*arguments)


def test_a_constant_feature_and_one_class_are_no_exception():
    X = [np.column_stack([x[:, 0], np.ones(len(x))]) for x in sequences(RAGGED)]
    model = LSTMClassifier(3, max_iter=2, random_state=0).fit(X, ["only"] * 6)
    found = flat(calls(model, X, ["only"] * 6))
    assert all(np.isfinite(numbers).all() for numbers in found.values())


# --- importance -------------------------------------------------------------------------------------------------------


def naive_exchange(X, others, *, feature=None, window=None, n=1):
    """Sequence j with the values of ``X[others[j]]``: of a feature, or in a window of relative time."""
    changed = []
    for x, p in zip(X, others, strict=True):
        other, new = X[p], x.copy()
        for t in range(len(x)):
            middle = (t + 0.5) / len(x)
            s = min(
                range(len(other)), key=lambda s: (abs((s + 0.5) / len(other) - middle) > 0.5 / len(other) + 1e-12, -s)
            )
            if feature is not None:
                new[t, feature] = other[s, feature]
            elif window / n - 1e-12 <= middle < (window + 1) / n - 1e-12:
                new[t] = other[s]
        changed.append(new)
    return changed


@every_batch
def test_importances_are_those_of_exchanged_sequences_by_hand(lengths):
    X = sequences([*lengths, *lengths])
    model, y = network(X, "numbers", cell="gru")
    rng = np.random.RandomState(7)
    partners = [rng.permutation(12) for _ in range(3)]
    baseline = r2_score(y, model.predict(X))
    found = model.feature_importance(X, y, n_repeats=3, random_state=7)
    true = [
        [baseline - r2_score(y, model.predict(naive_exchange(X, p, feature=f))) for p in partners] for f in range(3)
    ]
    assert_allclose(found.importances, true, rtol=1e-9, atol=1e-12)
    found = model.feature_importance(X, y, by="step", windows=4, n_repeats=3, random_state=7)
    true = [
        [baseline - r2_score(y, model.predict(naive_exchange(X, p, window=w, n=4))) for p in partners] for w in range(4)
    ]
    assert_allclose(found.importances, true, rtol=1e-9, atol=1e-12)
    assert_allclose(found.importances_mean, np.mean(true, axis=1))
    assert_allclose(found.importances_std, np.std(true, axis=1))


def test_sequences_of_one_step_have_the_importance_of_a_table():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(60, 3))
    X, y = table[:, None], (table @ [1, 0.3, 0] > 0).astype(int)
    model = RNNClassifier(4, max_iter=20, random_state=0).fit(X, y)
    found = model.feature_importance(X, y, n_repeats=4, random_state=3)
    rng = np.random.RandomState(3)
    for p, column in zip([rng.permutation(60) for _ in range(4)], found.importances.T, strict=True):
        for feature, importance in enumerate(column):
            mixed = table.copy()
            mixed[:, feature] = table[p, feature]
            assert importance == model.score(X, y) - accuracy_score(y, model.predict(mixed[:, None]))
    order = found.importances_mean.argsort()[::-1]
    assert order.tolist() == [0, 1, 2]


@pytest.fixture(scope="module")
def telling():
    """150 sequences of 3 features; the second one tells the class, and only in the third quarter of its time."""
    rng = np.random.default_rng(0)
    X, y = [rng.normal(size=(length, 3)) for length in rng.integers(12, 30, 150)], rng.integers(0, 2, 150)
    for x, label in zip(X, y, strict=True):
        x[len(x) // 2 : len(x) * 3 // 4, 1] += 4 * label - 2
    return LSTMClassifier(8, max_iter=30, random_state=0).fit(X, y), X, y


def test_the_feature_and_the_time_that_tell_are_found(telling):
    model, X, y = telling
    assert model.score(X, y) > 0.95
    features = model.feature_importance(X, y, random_state=0).importances_mean
    times = model.feature_importance(X, y, by="step", windows=4, random_state=0).importances_mean
    assert features[1] > 0.2 > 10 * max(features[0], features[2])
    assert times[2] > 0.2 > 5 * max(times[[0, 1, 3]])


def test_the_window_that_tells_is_found_in_full_sequences():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 12, 2)), rng.integers(0, 2, 120)
    X[:, 3:6, 0] += (4 * y - 2)[:, None]
    model = LSTMClassifier(8, max_iter=20, random_state=0).fit(X, y)
    times = model.feature_importance(X, y, by="step", windows=4, random_state=0).importances_mean
    assert times.argmax() == 1
    features = model.feature_importance(X, y, random_state=0).importances_mean
    assert features[0] > 0.2 > 0.05 > abs(features[1])


def test_importance_of_outputs_per_step(telling):
    _, X, _ = telling
    X, y = X[:60], [(x[:, 2] > 0).astype(int) for x in X[:60]]
    model = RNNClassifier(8, return_sequences=True, max_iter=30, learning_rate_init=0.02, random_state=0).fit(X, y)
    by_score = model.feature_importance(X, y, random_state=0)
    assert by_score.importances_mean[2] > 0.2 > 0.05 > abs(by_score.importances_mean[:2]).max()
    for scoring in ("accuracy", sequence_scorer("accuracy")):
        assert_array_equal(
            model.feature_importance(X, y, scoring=scoring, random_state=0).importances, by_score.importances
        )
    weights = [np.ones(len(x)) for x in X]
    weighted = model.feature_importance(X, y, sample_weight=weights, random_state=0)
    assert_allclose(weighted.importances, by_score.importances, atol=1e-12)


def test_what_the_network_does_not_read_has_no_importance_at_all():
    X = sequences(RAGGED)
    model, y = network(X, "numbers", cell="lstm", bidirectional=False)
    model.weights_["layer_0/forward/W"][:, 1] = 0
    importances = model.feature_importance(X, y, random_state=0).importances
    assert (importances[1] == 0).all()
    assert (importances[[0, 2]] != 0).any(axis=1).all()


def test_a_single_window_exchanges_whole_sequences():
    X = np.stack(sequences(FULL * 2))
    model, y = network(X, "numbers")
    found = model.feature_importance(X, y, by="step", windows=1, n_repeats=2, random_state=0)
    rng = np.random.RandomState(0)
    true = [model.score(X, y) - model.score(X[rng.permutation(12)], y) for _ in range(2)]
    assert_allclose(found.importances, [true], rtol=1e-9)


def test_there_are_never_more_windows_than_steps():
    X = sequences(RAGGED)
    model, y = network(X)
    assert model.feature_importance(X, y, by="step", windows=100, n_repeats=1).importances.shape == (7, 1)
    for n in (1, 2, 7):
        windows = inspection.windows(Ragged.from_lengths(np.zeros((24, 1)), RAGGED), n)
        pieces = np.split(windows, np.cumsum(RAGGED)[:-1])
        assert all((np.diff(w) >= 0).all() for w in pieces)
        assert_array_equal(pieces[0], np.arange(7) * n // 7 if n in (1, 7) else [0, 0, 0, 1, 1, 1, 1])
        assert pieces[1] == n // 2  # a single step lies in the middle


def test_an_exchange_is_the_same_read_from_the_end():
    rng = np.random.default_rng(0)
    lengths = np.array([3, 9, 5, 1])
    X, others = Ragged.from_lengths(rng.normal(size=(18, 2)), lengths), np.array([2, 0, 3, 1])

    def reversed_steps(X):
        return Ragged.from_lengths(np.concatenate([x[::-1] for x in X]), X.lengths)

    there = inspection.exchange(X, others, (slice(None), 1))
    back = reversed_steps(inspection.exchange(reversed_steps(X), others, (slice(None), 1)))
    assert_array_equal(there.values[:, 0], X.values[:, 0])
    assert_array_equal(there.values, back.values)
    itself = inspection.exchange(X, np.arange(4), slice(None))
    assert_array_equal(itself.values, X.values)


def test_a_seed_gives_the_same_importances_whatever_the_workers():
    X = sequences(RAGGED * 2)
    model, y = network(X, "numbers")
    one = model.feature_importance(X, y, random_state=4)
    assert_array_equal(one.importances, model.feature_importance(X, y, random_state=4).importances)
    assert_array_equal(one.importances, model.feature_importance(X, y, random_state=4, n_jobs=2).importances)
    assert (one.importances != model.feature_importance(X, y, random_state=5).importances).any()


def test_importance_by_any_scoring():
    X = sequences(RAGGED * 3)
    model, y = network(X, 2, cell="gru")
    by_name = model.feature_importance(X, y, scoring="roc_auc", random_state=0)
    by_scorer = model.feature_importance(X, y, scoring=get_scorer("roc_auc"), random_state=0)
    both = model.feature_importance(X, y, scoring=["accuracy", "roc_auc"], random_state=0)
    default = model.feature_importance(X, y, random_state=0)
    assert_array_equal(by_name.importances, by_scorer.importances)
    assert_array_equal(by_name.importances, both["roc_auc"].importances)
    assert_array_equal(default.importances, both["accuracy"].importances)

    def weighted(model, X, y, sample_weight=None):
        return np.average(model.predict(X) == y, weights=sample_weight)

    assert_allclose(model.feature_importance(X, y, scoring=weighted, random_state=0).importances, default.importances)
    weights = np.arange(18.0)
    one = model.feature_importance(X, y, scoring=weighted, sample_weight=weights, random_state=0)
    other = model.feature_importance(X, y, sample_weight=weights, random_state=0)
    assert_allclose(one.importances, other.importances)
    assert (one.importances != default.importances).any()


def test_importance_of_tokens_has_a_single_feature():
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 10, length) for length in rng.integers(3, 9, 100)]
    y = [int(x[-1] > 4) for x in X]
    model = RNNClassifier(8, embedding_dim=4, pooling="last", max_iter=20, random_state=0).fit(X, y)
    found = model.feature_importance(X, y, random_state=0)
    assert found.importances.shape == (1, 5)
    assert found.importances_mean[0] > 0.2
    times = model.feature_importance(X, y, by="step", windows=2, random_state=0).importances_mean
    assert times[1] > 0.2 > 0.1 > times[0]


def test_wrong_arguments_of_importance_are_errors():
    X = sequences(RAGGED)
    model, y = network(X)
    for wrong in ({"by": "time"}, {"by": None}, {"n_repeats": 0}, {"windows": 0}, {"n_repeats": 1.5}):
        name = next(iter(wrong))
        with pytest.raises(ValueError, match=f"{name} must be"):
            model.feature_importance(X, y, **wrong)
    with pytest.raises(ValueError, match="Expected scoring to call the estimator with the X that it was given"):
        model.feature_importance(X, y, scoring=lambda model, X, y: model.score(X[:3], y[:3]))


def test_permutation_importance_of_scikit_learn_takes_a_column_of_sequences(telling):
    model, X, y = telling
    found = permutation_importance(model, as_column(X), y, n_repeats=3, random_state=0)
    assert found.importances.shape == (1, 3)
    assert found.importances_mean[0] > 0.2


def test_every_estimator_has_importances(estimator, data):
    model = estimator(4, max_iter=40, learning_rate_init=0.02, random_state=0).fit(*data)
    found = model.feature_importance(*data, random_state=0)
    assert found.importances.shape == (2, 5)
    assert found.importances_mean[0] > 0.1
