"""The same numbers as PyTorch, given the same weights. `parity/make.py` made them; no torch is needed here."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_recurrent._core.dataset import Dataset
from sklearn_recurrent._core.losses import LOSSES, of_known_targets
from sklearn_recurrent._core.network import Network
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.optimizers import OPTIMIZERS
from sklearn_recurrent._core.packing import PackedBatch
from sklearn_recurrent._core.ragged import Ragged, offsets_of
from sklearn_recurrent._core.seq2seq import EncoderDecoder
from sklearn_recurrent._core.threads import WorkerPool
from sklearn_recurrent._core.unroll import StateCollector, unroll
from sklearn_recurrent._core.workspace import Workspace

HERE = Path(__file__).parent / "parity"
CELLS = {"rnn_tanh": ("elman", "tanh"), "rnn_relu": ("elman", "relu"), "lstm": ("lstm", "tanh"), "gru": ("gru", "tanh")}
TOLERANCE = {np.float64: 1e-12, np.float32: 1e-6}

networks = pytest.mark.parametrize("shape", ["1x1", "1x2", "2x1", "2x2"], ids="layers x directions {}".format)
cells = pytest.mark.parametrize("cell", CELLS)
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


def numbers(cell, shape):
    with np.load(HERE / f"{cell}.npz") as stored:
        arrays = {name.removeprefix(f"{shape}/"): stored[name] for name in stored if name.startswith(f"{shape}/")}
        return arrays, stored["lengths"]


def network_like(cell, shape, n_outputs=2, n_units=3, n_static=0):
    layers, directions = map(int, shape.split("x"))
    name, activation = CELLS[cell]
    return Network(
        cell=name,
        activation=activation,
        n_features=2,
        units=(n_units,) * layers,
        bidirectional=directions == 2,
        pooling=("last", "mean", "max"),
        n_outputs=n_outputs,
        n_static=n_static,
    )


def ours(cell, torchs, what, n_units=3):
    """Weights, or gradients (`what`), by the library's names from those by torch's."""
    arrays = {}
    for name in torchs:
        if not name.startswith(f"{what}/weight_ih"):
            continue
        end = name.removeprefix(f"{what}/weight_ih")  # _l0, _l0_reverse, …
        w, b, u, b_u = (torchs[f"{what}/{kind}{end}"] for kind in ("weight_ih", "bias_ih", "weight_hh", "bias_hh"))
        key = f"layer_{end[2]}/{'backward' if end.endswith('reverse') else 'forward'}"
        if cell == "gru":
            rz, n = slice(2 * n_units), slice(2 * n_units, None)  # torch: r, z, n
            arrays[f"{key}/W_rz"] = np.column_stack([w[rz], b[rz], u[rz]])
            arrays[f"{key}/U_a"] = np.column_stack([b_u[n], u[n]])
            arrays[f"{key}/W_n"] = np.column_stack([w[n], b[n]])
        else:
            rows = np.arange(len(b))
            if cell == "lstm":  # torch: i, f, g, o; here: g, f, i, o
                rows = rows.reshape(4, n_units)[[2, 1, 0, 3]].ravel()
            arrays[f"{key}/W"] = np.column_stack([w[rows], b[rows], u[rows]])
    return arrays


def stack(network, W, X, dtype):
    """Every step's output of the top layer (S, directions · H), the last states of all layers and directions as torch
    has them, and ``back(A, B) -> gradients by name, gradient of x``, from blocks of the library."""
    packed, scratch, values, tape, h_n = (
        PackedBatch.of(X.lengths, network.max_padding),
        Workspace(dtype),
        X.values,
        [],
        [],
    )
    for cell, keys in zip(network.cells, network.keys, strict=True):
        layer = []
        for key, reverse in zip(keys, network.directions, strict=True):
            parts = {name: W[f"{key}/{name}"] for name in cell.shapes()}
            join = StateCollector(packed, reverse, np.empty((len(values), cell.H), dtype))
            here = unroll(cell, parts, values, packed, scratch.child(key), reverse=reverse, observers=[join])
            layer.append((join, here.back))
            h_n.append(here.h.T)
        values = np.hstack([join.values for join, _ in layer])
        tape.append(layer)

    def back_through(A, B):
        gradients, B = {}, list(B)
        for cell, keys, layer in reversed(list(zip(network.cells, network.keys, tape, strict=True))):
            dx, n = np.zeros((len(A), cell.F), dtype), len(layer)
            here, B = B[-n:], B[:-n]
            for key, (join, back), d_states, d_last in zip(keys, layer, np.split(A, n, axis=1), here, strict=True):
                dW = {name: np.zeros(shape, dtype) for name, shape in cell.shapes().items()}
                join.gradient = d_states
                back(dW, np.ascontiguousarray(d_last.T), dx)
                gradients |= {f"{key}/{name}": d for name, d in dW.items()}
            A = dx
        return gradients, A

    return values, np.array(h_n), back_through


@dtypes
@networks
@cells
def test_outputs_last_states_and_gradients_are_pytorchs(cell, shape, dtype):
    torchs, lengths = numbers(cell, shape)
    network, W = network_like(cell, shape), ours(cell, torchs, "weight")
    X = Ragged.from_lengths(torchs["x"].astype(dtype), lengths)
    W = {name: w.astype(dtype) for name, w in W.items()}
    output, h_n, back = stack(network, W, X, dtype)
    gradients, dx = back(torchs["A"].astype(dtype), torchs["B"].astype(dtype))
    expected = ours(cell, torchs, "gradient")
    assert gradients.keys() == expected.keys()
    for mine, true in [
        (output, torchs["output"]),
        (h_n, torchs["h_n"]),
        (dx, torchs["gradient/x"]),
        *((gradients[name], expected[name]) for name in expected),
    ]:
        assert mine.dtype == dtype
        assert_allclose(mine, true, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * np.abs(true).max())


@pytest.mark.parametrize("n_static", [0, 2], ids=["plain", "static values"])
@dtypes
@networks
@cells
def test_predictions_of_a_network_are_those_of_pytorchs_states(cell, shape, dtype, n_static):
    torchs, lengths = numbers(cell, shape)
    network, n_directions = network_like(cell, shape, n_static=n_static), int(shape[-1])
    rng = np.random.default_rng(0)
    V = rng.standard_normal(network.layout.shapes["head/V"]).astype(np.float32)
    G = rng.standard_normal((V.shape[1] - n_static - 1, n_static)).astype(np.float32)
    static = rng.standard_normal((len(lengths), n_static)).astype(np.float32)
    theta = np.empty(network.layout.size, dtype)
    views = network.layout.views(theta)
    given = ours(cell, torchs, "weight") | {"head/V": V}
    if n_static:
        given["head/G"] = G
    assert views.keys() == given.keys()
    for name, view in views.items():
        view[...] = given[name]

    steps = np.split(torchs["output"], np.cumsum(lengths)[:-1])
    top = torchs["h_n"][-n_directions:]
    expected = []
    for j, h in enumerate(steps):
        shares = zip(top, np.split(h, n_directions, axis=1), strict=True)
        pooled = [np.concatenate([last[j], states.mean(axis=0), states.max(axis=0)]) for last, states in shares]
        scaled = np.concatenate(pooled) * (1 + G.astype(np.float64) @ static[j])
        expected.append(V.astype(np.float64) @ np.concatenate([scaled, static[j], [1]]))
    X = Ragged.from_lengths(torchs["x"].astype(dtype), lengths, static=static.astype(dtype) if n_static else None)
    raw = network.predict(theta, X, WorkerPool(dtype))
    assert raw.dtype == dtype
    assert_allclose(raw, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * np.abs(expected).max())


def ours_of_forecaster(torchs, what):
    """Weights, or gradients (`what`), of an encoder and a decoder by the library's names."""
    arrays = {}
    for stack in ("encoder", "decoder"):
        of_stack = {name.removeprefix(f"{stack}/"): a for name, a in torchs.items() if name.startswith(f"{stack}/")}
        arrays |= {f"{stack}/{name}": a for name, a in ours("lstm", of_stack, what).items()}
    names = {"bridge": "bridge/layer_0/B", "V": "head/V"} | {name: f"attention/{name}" for name in "QKvC"}
    for torch_name, name in names.items():
        columns = [torchs[f"{torch_name}/{what}/weight"]]
        if f"{torch_name}/{what}/bias" in torchs:
            columns.append(torchs[f"{torch_name}/{what}/bias"])
        arrays[name] = np.column_stack(columns)
    return arrays


@dtypes
def test_a_forecaster_with_future_static_and_unknown_values_has_pytorchs_outputs_loss_and_gradients(dtype):
    with np.load(HERE / "forecaster.npz") as stored:
        torchs = dict(stored)
    quantiles = (0.1, 0.5, 0.75)
    network = EncoderDecoder(
        cell="lstm",
        activation="tanh",
        n_features=3,
        units=(3,),
        bidirectional=True,
        attention="additive",
        n_outputs=6,
        n_static=2,
        future=torchs["future"].tolist(),
        n_quantiles=3,
        median=1,
    )
    X = Ragged.from_lengths(
        torchs["x"].astype(dtype), torchs["past"] + torchs["ahead"], static=torchs["static"].astype(dtype)
    )
    dataset = Dataset(X, torchs["y"].astype(dtype), torchs["weight"].astype(dtype), offsets_of(torchs["ahead"]))
    theta = np.empty(network.layout.size, dtype)
    views = network.layout.views(theta)
    given = ours_of_forecaster(torchs, "weight")
    assert views.keys() == given.keys()
    for name, view in views.items():
        view[...] = given[name]

    tolerance = 10 * TOLERANCE[dtype]
    workers = WorkerPool(dtype)
    raw = network.predict(theta, network.network_inputs(dataset), workers)
    assert_allclose(raw, torchs["output"], rtol=tolerance, atol=tolerance)
    loss = of_known_targets(partial(LOSSES["pinball"], quantiles=quantiles))
    result = Objective(network, loss, dataset, 0.0, workers)(theta, np.arange(len(X)))
    assert_allclose(result.data_loss, torchs["loss"], rtol=tolerance)
    expected = ours_of_forecaster(torchs, "gradient")
    for name, gradient in network.layout.views(result.grad).items():
        assert_allclose(gradient, expected[name], rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize(
    ("path", "name", "settings"),
    [
        ("adam", "adam", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3}),
        ("sgd", "sgd", {"momentum": 0.0, "nesterovs_momentum": False}),
        ("momentum", "sgd", {"momentum": 0.9, "nesterovs_momentum": False}),
        ("nesterov", "sgd", {"momentum": 0.9, "nesterovs_momentum": True}),
    ],
)
def test_optimizers_go_where_pytorchs_go(path, name, settings):
    with np.load(HERE / "optimizers.npz") as stored:
        theta, gradients, expected = stored["theta"], stored["gradients"], stored[path]
    optimizer = OPTIMIZERS[name](theta, **settings)
    for gradient, there in zip(gradients, expected, strict=True):
        optimizer.step(theta, gradient, 0.01)
        assert_allclose(theta, there, rtol=1e-12)
