"""Small networks, data and weights for the tests of the core; and whole objectives against the oracle."""

import numpy as np
import oracle
from numpy.testing import assert_allclose

from sklearn_recurrent._core.crew import Crew
from sklearn_recurrent._core.heads import POOLINGS
from sklearn_recurrent._core.layers import dropout_mask
from sklearn_recurrent._core.losses import LOSSES
from sklearn_recurrent._core.network import Network
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._core.runs import Workspace
from sklearn_recurrent._core.samples import Samples

ARCHITECTURE = {
    "cell": "lstm",
    "activation": "tanh",
    "n_features": 2,
    "units": (4, 3),
    "bidirectional": True,
    "pooling": POOLINGS,
    "n_outputs": 3,
}


def net(cell="lstm", activation="tanh", **architecture):
    return Network(**ARCHITECTURE | {"cell": cell, "activation": activation} | architecture)


def sequences(lengths, seed=0, n_features=2, tokens=None):
    rng, n_steps = np.random.default_rng(seed), sum(lengths)
    values = rng.integers(0, tokens, (n_steps, 1)) if tokens else rng.standard_normal((n_steps, n_features))
    return Ragged.from_lengths(values, np.array(lengths))


def weights(network, seed=1, scale=0.5):
    return scale * np.random.default_rng(seed).standard_normal(len(network.initial(np.random.default_rng(0))))


def samples_of(network, X, loss="squared_error", seed=2):
    """Targets and weights for `X`, one for each sequence or each step."""
    rng, K = np.random.default_rng(seed), network.layout.shapes["head/V"][0]
    n = len(X.values) if network.per_step else len(X)
    Y = {
        "squared_error": rng.standard_normal((n, K)),
        "logistic": rng.integers(0, 2, (n, K)).astype(float),
        "softmax": rng.integers(0, K, (n, 1)),
    }[loss]
    return Samples(X, Y, rng.uniform(0.5, 2, n), X.offsets if network.per_step else None)


def objective_of(network, X, loss="squared_error", crew=None):
    return Objective(network, LOSSES[loss], samples_of(network, X, loss), 0.1, crew or Crew(float))


def predict(network, theta, X, crew=None, **options):
    return network.predict(theta, X, crew or Crew(theta.dtype), **options)


def forward(network, theta, X, **options):
    return network.forward(theta, X, Workspace(theta.dtype), **options)


def value_and_gradient(objective, theta, rows, key=None):
    value = objective(theta, rows, key)
    return value.misfit + value.penalty, value.full_gradient(len(theta))


def problem(loss="squared_error", *, lengths=(3, 6, 1, 4, 4), seed=0, **architecture):
    """A network's objective over a few sequences, weights, and ``true(theta, masks)``, the same by the oracle."""
    architecture = ARCHITECTURE | {"units": (3,)} | architecture
    network = Network(**architecture)
    X = sequences(lengths, seed, architecture["n_features"], architecture.get("tokens"))
    samples = samples_of(network, X, loss, seed + 1)
    targets = samples.Y, samples.weight
    Y, weight = (np.split(a, X.offsets[1:-1]) for a in targets) if network.per_step else targets

    def true(theta, masks=None):
        return oracle.objective(network.layout.views(theta), list(X), Y, weight, loss, 0.1, masks, **architecture)

    return Objective(network, LOSSES[loss], samples, 0.1, Crew(float)), weights(network, seed + 2, 0.6), true


def masks_of(network, lengths, rng):
    """What dropout drops, drawn as the forward pass draws it, longest sequence first; name → mask for each sequence."""
    n, drawn = len(lengths), {}

    def draw(name, p, H):
        mask = dropout_mask(rng, n, p, H, dtype=float)
        if mask is not None:
            drawn[name] = mask

    H, n_directions = network.cells[-1].H, len(network.directions)
    draw("head", network.dropout, H * n_directions if network.per_step else network.layout.shapes["head/V"][1] - 1)
    for cell, keys in zip(network.cells, network.keys, strict=True):
        for key in keys if cell is not network.cells[-1] else ():
            draw(key, network.dropout, cell.H)
        for key in keys:
            draw(f"{key}/h", network.stack.recurrent_dropout, cell.H)
    masks = [None] * n
    for column, j in enumerate(np.argsort(-np.array(lengths), kind="stable")):
        masks[j] = {name: mask[:, column] for name, mask in drawn.items()}
    return masks


def assert_objectives_agree(objective, theta, true, key=None):
    """Value, and gradient along a random direction and along itself."""
    value, grad = value_and_gradient(objective, theta, np.arange(len(objective)), key)
    assert_allclose(value, true(theta), rtol=1e-12)
    for direction in (np.random.default_rng(2).standard_normal(len(theta)), grad):
        direction = direction / np.linalg.norm(direction)
        slope = oracle.derivative(true, theta, direction)
        assert_allclose(grad @ direction, slope, rtol=1e-10, atol=1e-10 * np.linalg.norm(grad))


def assert_every_coordinate(gradient, function, at):
    true = np.empty_like(at)
    for place in np.ndindex(at.shape):
        direction = np.zeros_like(at)
        direction[place] = 1
        true[place] = oracle.derivative(function, at, direction)
    assert_allclose(gradient, true, rtol=1e-10, atol=1e-12 * np.abs(true).max())
