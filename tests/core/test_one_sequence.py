"""One sequence by itself: to the bit what a batch of this sequence alone gives, whatever the network."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from networks import net, predict, sequences_for, weights
from numpy.testing import assert_array_equal

from sklearn_recurrent._core.cells.registry import CELLS
from sklearn_recurrent._core.one_sequence import OneSequence
from sklearn_recurrent._core.packing import CHUNK_SIZE

HEADS = {
    "last": {"pooling": ("last",)},
    "mean": {"pooling": ("mean",)},
    "max and last": {"pooling": ("max", "last")},
    "attention": {"pooling": ("attention",)},
    "all poolings": {},
    "per step": {"per_step": True},
}
INPUTS = {
    "numbers": {},
    "tokens": {"tokens": 9},
    "categories": {"tables": ((4, 2), (3, 1)), "n_features": 5},
    "static values": {"n_static": 2},
}
UNITS = [(1,), (32,), (5, 3), (17, 4, 2)]


def assert_bits_of_a_batch(network, theta, lengths=(1, 2, 30)):
    one = OneSequence(network, theta)
    for length in lengths:
        X = sequences_for(network, [length], seed=length)
        if X.dtype.kind == "f":
            X = X.map(lambda values: values.astype(theta.dtype))
        if X.static is not None:
            X = replace(X, static=X.static.astype(theta.dtype))
        raw = one(X.values, X.static)
        expected = predict(network, theta, X)
        assert raw.dtype == expected.dtype == theta.dtype
        assert raw.shape == expected.shape
        assert raw.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("units", UNITS, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
@pytest.mark.parametrize("cell", CELLS)
def test_its_bits_are_those_of_a_batch(cell, activation, units, bidirectional, head, inputs, dtype):
    network = net(cell, activation, units=units, bidirectional=bidirectional, **head, **inputs)
    assert_bits_of_a_batch(network, weights(network, scale=0.3).astype(dtype))


@pytest.mark.parametrize("n_outputs", [1, 2, 7])
@pytest.mark.parametrize("per_step", [False, True])
def test_it_has_any_number_of_outputs(n_outputs, per_step):
    network = net(n_outputs=n_outputs, per_step=per_step)
    assert_bits_of_a_batch(network, weights(network))


def test_a_sequence_of_one_chunk_is_the_longest_it_takes():
    assert OneSequence.takes(CHUNK_SIZE)
    assert not OneSequence.takes(CHUNK_SIZE + 1)
    network = net("gru", units=(2,), pooling=("mean", "attention"))
    assert_bits_of_a_batch(network, weights(network).astype(np.float32), [CHUNK_SIZE])


def test_weights_that_have_diverged_give_no_warning():
    network = net("elman", "relu", pooling=("last", "mean"))
    assert_bits_of_a_batch(network, np.full_like(weights(network), 1e200))


def test_weights_that_change_in_place_count():
    network = net()
    theta = weights(network)
    one = OneSequence(network, theta)
    x = sequences_for(network, [4]).values
    before = one(x)
    theta *= 0.5
    assert_array_equal(one(x), OneSequence(network, theta)(x))
    assert not np.array_equal(one(x), before)


def test_threads_share_it():
    network = net(units=(40,))
    one = OneSequence(network, weights(network))
    inputs = [sequences_for(network, [50], seed).values for seed in range(40)]
    expected = [one(x) for x in inputs]
    with ThreadPoolExecutor(4) as threads:
        assert_array_equal(list(threads.map(one, inputs)), expected)


def test_its_inputs_stay_as_they_are():
    network = net()
    theta = weights(network)
    theta.flags.writeable = False
    x = sequences_for(network, [4]).values
    x.flags.writeable = False
    OneSequence(network, theta)(x)


def test_blas_is_limited_where_it_would_take_several_threads():
    def limits(**settings):
        network = net(bidirectional=False, **settings)
        return type(OneSequence(network, weights(network)).limited_blas()).__name__

    assert limits(units=(20,), pooling=("last",)) == "nullcontext"
    assert limits(units=(64,), pooling=("last",)) == "SingleBlasThread"
    assert limits(units=(20,), pooling=("attention",)) == "SingleBlasThread"
