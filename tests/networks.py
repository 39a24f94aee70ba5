"""Small networks, data and weights for the tests of the core; and whole objectives against the oracle."""

from functools import partial

import numpy as np
import oracle
from numpy.testing import assert_allclose

from sklearn_recurrent._core.arithmetic import quiet_arithmetic
from sklearn_recurrent._core.dataset import Dataset
from sklearn_recurrent._core.heads import POOLINGS
from sklearn_recurrent._core.layers import dropout_mask
from sklearn_recurrent._core.losses import LOSSES, of_known_targets
from sklearn_recurrent._core.network import Network
from sklearn_recurrent._core.objective import Objective
from sklearn_recurrent._core.ragged import Ragged
from sklearn_recurrent._core.seq2seq import EncoderDecoder
from sklearn_recurrent._core.threads import WorkerPool
from sklearn_recurrent._core.workspace import Workspace

ARCHITECTURE = {
    "cell": "lstm",
    "activation": "tanh",
    "n_features": 2,
    "units": (4, 3),
    "bidirectional": True,
    "pooling": POOLINGS,
    "n_outputs": 3,
}


SETTINGS = {"huber": {"delta": oracle.DELTA}, "pinball": {"quantiles": oracle.QUANTILES}}


def loss_function(name):
    """A loss of the core, with the settings of the oracle if it has some."""
    return partial(LOSSES[name], **SETTINGS.get(name, {}))


def net(cell="lstm", activation="tanh", **architecture):
    return Network(**ARCHITECTURE | {"cell": cell, "activation": activation} | architecture)


def sequences(lengths, seed=0, n_features=2, tokens=None, n_static=0, tables=()):
    """Sequences for a network whose first layer reads `n_features` numbers, vectors of categories included."""
    rng, n_steps = np.random.default_rng(seed), sum(lengths)
    n_numbers = n_features - sum(width for _, width in tables)
    values = rng.integers(0, tokens, (n_steps, 1)) if tokens else rng.standard_normal((n_steps, n_numbers))
    values = np.column_stack([values, *(rng.integers(0, n_rows, n_steps) for n_rows, _ in tables)])
    static = rng.standard_normal((len(lengths), n_static)) if n_static else None
    return Ragged.from_lengths(values, np.array(lengths), static=static)


def sequences_for(network, lengths, seed=0):
    tables = network.tables.values()
    return sequences(lengths, seed, network.n_features, network.tokens, network.n_static, tables)


def weights(network, seed=1, scale=0.5):
    return scale * np.random.default_rng(seed).standard_normal(len(network.initial(np.random.default_rng(0))))


def samples_of(network, X, loss="squared_error", seed=2):
    """Targets and weights for `X`, one for each sequence or each step."""
    rng, K = np.random.default_rng(seed), network.layout.shapes["head/V"][0]
    n = len(X.values) if network.per_step else len(X)
    Y = {
        "squared_error": rng.standard_normal((n, K)),
        "absolute_error": rng.standard_normal((n, K)),
        "huber": rng.standard_normal((n, K)),
        "poisson": rng.poisson(1.5, (n, K)).astype(float),
        "pinball": rng.standard_normal((n, K // len(oracle.QUANTILES))),
        "logistic": rng.integers(0, 2, (n, K)).astype(float),
        "softmax": rng.integers(0, K, (n, 1)),
    }[loss]
    return Dataset(X, Y, rng.uniform(0.5, 2, n), X.offsets if network.per_step else None)


def objective_of(network, X, loss="squared_error", workers=None):
    return Objective(network, loss_function(loss), samples_of(network, X, loss), 0.1, workers or WorkerPool(float))


def predict(network, theta, X, workers=None, **options):
    return network.predict(theta, X, workers or WorkerPool(theta.dtype), **options)


def forward(network, theta, X, **options):
    # As passes of the library do: products of BLAS in float32 may flag an invalid value that no result holds.
    with quiet_arithmetic():
        return network.forward(theta, X, Workspace(theta.dtype), **options)


def value_and_gradient(objective, theta, rows, key=None):
    value = objective(theta, rows, key)
    return value.data_loss + value.penalty, value.full_gradient(len(theta))


def problem(loss="squared_error", *, lengths=(3, 6, 1, 4, 4), seed=0, **architecture):
    """The objective of a network over a few sequences, weights, and ``true(theta, masks)``, the oracle's objective."""
    architecture = ARCHITECTURE | {"units": (3,)} | architecture
    network = Network(**architecture)
    X = sequences_for(network, lengths, seed)
    dataset = samples_of(network, X, loss, seed + 1)
    targets = dataset.y, dataset.weight
    Y, weight = (np.split(a, X.offsets[1:-1]) for a in targets) if network.per_step else targets

    def true(theta, masks=None):
        W = network.layout.views(theta)
        return oracle.objective(W, list(X), Y, weight, loss, 0.1, masks, X.static, **architecture)

    return (
        Objective(network, loss_function(loss), dataset, 0.1, WorkerPool(float)),
        weights(network, seed + 2, 0.6),
        true,
    )


def masks_of(network, lengths, rng):
    """For each sequence name → mask of dropout, drawn as the forward pass draws them, longest sequence first."""
    n, drawn = len(lengths), {}

    def draw(name, p, H):
        mask = dropout_mask(rng, n, p, H, dtype=float)
        if mask is not None:
            drawn[name] = mask

    H, n_directions = network.cells[-1].H, len(network.directions)
    n_pooled = 1 if network.per_step else len(network.pooling)
    draw("head", network.dropout, H * n_directions * n_pooled)
    for cell, keys in zip(network.cells, network.keys, strict=True):
        for key in keys if cell is not network.cells[-1] else ():
            draw(key, network.dropout, cell.H)
        for key in keys:
            draw(f"{key}/h", network.stack.recurrent_dropout, cell.H)
    masks = [None] * n
    for column, j in enumerate(np.argsort(-np.array(lengths), kind="stable")):
        masks[j] = {name: mask[:, column] for name, mask in drawn.items()}
    return masks


TRANSLATOR = {
    "cell": "lstm",
    "activation": "tanh",
    "n_features": 2,
    "units": (3,),
    "bidirectional": True,
    "attention": "additive",
    "n_outputs": 3,
}
LENGTHS_IN, LENGTHS_OUT = (3, 6, 1, 4, 4), (2, 4, 5, 1, 4)
"""Lengths of inputs and outputs. Sorting by one and then by the other is not its own inverse: a test of the order."""


def translations(network, lengths_in=LENGTHS_IN, lengths_out=LENGTHS_OUT, seed=0):
    """Sequences with target sequences, of numbers or of tokens, and a weight for each step."""
    if network.future:  # X also has the steps that are written
        lengths_in = np.add(lengths_in, lengths_out)
    X = sequences_for(network, lengths_in, seed)
    rng, S = np.random.default_rng(seed + 1), sum(lengths_out)
    K, n_tokens = network.n_read, network.target_tokens
    Y = rng.standard_normal((S, K)) if n_tokens is None else rng.integers(0, n_tokens, (S, 1))
    return Dataset(X, Y, rng.uniform(0.5, 2, S), np.concatenate([[0], np.cumsum(lengths_out)]))


def longest_output_first(dataset):
    return dataset.take(np.argsort(-dataset.counts, kind="stable"))


def translation(
    lengths_in=LENGTHS_IN,
    lengths_out=LENGTHS_OUT,
    *,
    seed=0,
    workers=None,
    kind=Objective,
    options=None,
    gaps=None,
    loss=None,
    **architecture,
):
    """As `problem`, for an encoder and a decoder: ``true(theta, masks, Z)``, where the decoder reads Z.

    gaps : which targets are not known, as an index of those of all sequences; rows of gaps alone have weight 0
    """
    architecture = TRANSLATOR | architecture
    network = EncoderDecoder(**architecture)
    if loss is None:
        loss = "pinball" if network.n_quantiles > 1 else "squared_error"
        loss = loss if network.target_tokens is None else "softmax"
    dataset = translations(network, lengths_in, lengths_out, seed)
    if gaps is not None:
        dataset.y[gaps] = np.nan
        dataset.weight[np.isnan(dataset.y).all(axis=1)] = 0
    Y, weight = (np.split(a, dataset.offsets[1:-1]) for a in (dataset.y, dataset.weight))
    first = np.zeros((1, network.n_read)) if network.target_tokens is None else np.array([[network.end_token]])
    one_later = [np.concatenate([first, y[:-1]]) for y in Y]

    def true(theta, masks=None, Z=one_later):
        W, X = network.layout.views(theta), dataset.X
        return oracle.encoder_decoder_objective(W, list(X), Z, Y, weight, loss, 0.1, masks, X.static, **architecture)

    function = loss_function(loss) if gaps is None else of_known_targets(loss_function(loss))
    objective = kind(network, function, dataset, 0.1, workers or WorkerPool(float), **(options or {}))
    return objective, weights(network, seed + 2, 0.6), true


def masks_of_translation(network, lengths_in, lengths_out, rng):
    """As `masks_of`, for an encoder and a decoder, which sort the sequences each by its own lengths."""
    n, by_output = len(lengths_in), np.argsort(-np.array(lengths_out), kind="stable")
    by_input = by_output[np.argsort(-np.array(lengths_in)[by_output], kind="stable")]
    masks = [{} for _ in range(n)]

    def draw(name, p, H, order):
        mask = dropout_mask(rng, n, p, H, dtype=float)
        for column, j in enumerate(order if mask is not None else ()):
            masks[j][name] = mask[:, column]

    for stack, order in ((network.encoder, by_input), (network.decoder, by_output)):
        for cell, keys in zip(stack.cells, stack.keys, strict=True):
            for key in keys if cell is not stack.cells[-1] else ():
                draw(key, stack.dropout, cell.H, order)
            for key in keys:
                draw(f"{key}/h", stack.recurrent_dropout, cell.H, order)
    draw("head", network.dropout, network.decoder.cells[-1].H, by_output)
    return masks


def assert_objectives_agree(objective, theta, true, key=None):
    """The loss, and the gradient along a random direction and along itself."""
    value, grad = value_and_gradient(objective, theta, np.arange(len(objective)), key)
    assert_allclose(value, true(theta), rtol=1e-12)
    for direction in (np.random.default_rng(2).standard_normal(len(theta)), grad):
        direction = direction / np.linalg.norm(direction)
        derivative = oracle.derivative(true, theta, direction)
        assert_allclose(grad @ direction, derivative, rtol=1e-10, atol=1e-10 * np.linalg.norm(grad))


def assert_every_coordinate(gradient, function, at):
    true = np.empty_like(at)
    for place in np.ndindex(at.shape):
        direction = np.zeros_like(at)
        direction[place] = 1
        true[place] = oracle.derivative(function, at, direction)
    assert_allclose(gradient, true, rtol=1e-10, atol=1e-12 * np.abs(true).max())
