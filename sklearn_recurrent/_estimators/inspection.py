"""Inspect a fitted network: attention weights, states, gates, gradients and feature importance."""

from __future__ import annotations

from functools import partial
from numbers import Integral
from typing import Any, Literal

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from .._core import inspection
from .._core.threads import single_blas_thread
from .._data.targets import split_like
from .._sklearn import available_if
from .parameters import architecture_of, check_at_least_one
from .scoring import sequence_scorer, shallow_copy_with
from .target_encoders import ClassEncoder


def has_attention_pooling(model):
    """True if a model pools by attention; otherwise an AttributeError that gives the reason."""
    _, per_step, poolings = architecture_of(model)
    if per_step:
        raise AttributeError(
            "Expected pooling='attention' for attention_weights, got return_sequences=True, which does not pool. "
            "Set return_sequences=False and pooling='attention', and fit again."
        )
    if "attention" not in poolings:
        raise AttributeError(
            f"Expected pooling='attention' for attention_weights, got {sorted(poolings)}. "
            "Set pooling='attention' and fit again."
        )
    return True


class Inspection:
    """The methods of an estimator for inspection."""

    @available_if(has_attention_pooling)
    def attention_weights(self, X) -> np.ndarray:
        """Return the weight of each time step in attention pooling; other networks raise an AttributeError.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        weights : ndarray
            Positive weights, (n_steps_i,) for each sequence (see Notes), whose sum is 1.
        """
        return self._inspect(X, inspection.attention)

    def hidden_states(self, X, layer: int = -1) -> np.ndarray:
        """Return the hidden states of a layer after each time step.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes. With missing='skip', skipped steps have no entry.
        layer : int, default=-1
            Index of the layer: 0 reads the sequences, -1 is the top layer. Others raise a ValueError.

        Returns
        -------
        states : ndarray
            (n_steps_i, n_units) for each sequence (see Notes); for two directions 2 * n_units, forward then backward.
        """
        return self._trace(X, layer, lambda cell: ["h"])["h"]

    def gate_activations(self, X, layer: int = -1) -> dict[str, np.ndarray]:
        """Return the gates of a layer at each time step.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        layer : int, default=-1
            Index of the layer: 0 reads the sequences, -1 is the top layer. Others raise a ValueError.

        Returns
        -------
        gates : dict of str to ndarray
            In the form of `hidden_states`. LSTM cells: input gate "i", forget gate "f", candidate "g", output gate "o",
            cell state "c" after the step. GRU cells: reset gate "r", update gate "z", candidate "n"; 'mgu': "f", "n".
            'elman': state "h". Gates are between 0 (closed) and 1 (open).
        """
        return self._trace(X, layer, inspection.gate_names)

    def input_gradients(self, X, output=None) -> np.ndarray:
        """Return the gradient of an output with respect to each value of X (saliency).

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        output : class label or int, default=None
            The output. For a classifier, a class (or label) and its `decision_function`; None is the class of the
            highest score, for each sequence. For a regressor, an index; None is the only output.

        Returns
        -------
        gradients : ndarray
            Float64, (n_steps_i, n_features) for each sequence (see Notes), in units of the output (of its logarithm for
            loss='poisson') per unit of the feature. For tokens, with respect to their vectors, (n_steps_i,
            embedding_dim). With return_sequences, of the sum of the outputs over all steps.

        Raises
        ------
        ValueError
            If there is no such output, or a regressor has several and `output` is None.
        """
        state, sequences = self._parse_fitted(X)
        encoder = state.encoder
        choose = _output_selector(encoder, output)

        def gradients(network, theta, inputs, workers):
            d = inspection.saliency(network, theta, inputs, workers, choose)
            d = state.preprocessor.gradient(d, sequences)  # the network has preprocessed inputs, the user those of X
            if encoder.link == "identity":
                d = d * np.repeat(encoder.scale, encoder.n_quantiles)[output or 0]
            return d

        return self._inspected(state, X, sequences, gradients)

    def gradient_flow(self, X, y) -> dict[str, np.ndarray]:
        """Return how far back in time the gradient of the loss reaches.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`. With return_sequences, one array per sequence.

        Returns
        -------
        flow : dict of str to ndarray of shape (n_steps,)
            Keys are layers and directions as in `weights_`, such as "layer_0/forward". Entry d is the Euclidean norm of
            the gradient of the loss (nats, or scaled y) with respect to the hidden state d steps before the last one
            that this direction reads, averaged over the sequences of more than d steps.
        """
        state, sequences = self._parse_fitted(X)
        dataset = self._encoded(state, sequences, y)
        has_target = dataset.weight > 0
        loss = state.loss_function()
        norms = self._run_inspection(state, sequences, inspection.flow, dataset.y, has_target, loss)
        return {key: inspection.by_distance(norm, sequences, key.endswith("backward")) for key, norm in norms.items()}

    def feature_importance(
        self,
        X,
        y,
        *,
        by: Literal["feature", "step"] | str = "feature",
        n_repeats: int = 5,
        scoring=None,
        windows: int = 10,
        sample_weight=None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> Any:
        """Return the decrease of the score when a feature, or a part of time, is permuted among sequences.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes; preferably not those of the training set.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`.
        by : {"feature", "step"}, default="feature"
            What is permuted: a feature at all steps, then each static value; or all features in a window of time.
        n_repeats : int, default=5
            Number of permutations, at least 1.
        scoring : str, callable, list, tuple, set or dict, default=None
            One or several scorers; None is `score`. With return_sequences, `sequence_scorer` is put around names.
        windows : int, default=10
            For ``by="step"``, the number of windows of relative time into which each sequence is divided, at least 1.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences in the score.
        random_state : int, RandomState instance or None, default=None
            Seed of the permutations.
        n_jobs : int, default=None
            Number of joblib workers. None means 1, unless set by joblib.parallel_config.

        Returns
        -------
        result : `sklearn.utils.Bunch`
            ``importances`` of shape (n_groups, n_repeats), for what is permuted, ``importances_mean`` and
            ``importances_std`` of shape (n_groups,), in the unit of the score. For several scorers, a dict of such by
            name.

        Raises
        ------
        ValueError
            If an argument is invalid, or a scorer asks for predictions of anything but X.
        """
        state, sequences = self._parse_fitted(X)
        sequences = sequences.joined()
        if by not in ("feature", "step"):
            raise ValueError(f"by must be 'feature' or 'step', got {by!r}.")
        check_at_least_one(n_repeats=n_repeats, windows=windows)
        if state.network.per_step and scoring is not None and not callable(scoring):
            scoring = sequence_scorer(scoring)
        scorer = check_scoring(self, scoring)
        weights = {}
        if sample_weight is not None:
            weights["sample_weight"] = sample_weight
        # The same partners for all groups: importances then differ by the features, not by the draw.
        rng = check_random_state(random_state)
        partners = [rng.permutation(len(sequences)) for _ in range(n_repeats)]
        exchanges = _of_features(sequences) if by == "feature" else _of_windows(sequences, windows)

        def scores(exchange):
            permuted = (exchange(sequences, others) for others in partners)
            return [scorer(_with_sequences(self, X, changed), X, y, **weights) for changed in permuted]

        baseline = scorer(self, X, y, **weights)
        changed = Parallel(n_jobs=n_jobs)(delayed(scores)(exchange) for exchange in exchanges)
        if not isinstance(baseline, dict):
            return _importance(baseline, changed)
        return {
            name: _importance(baseline[name], [[score[name] for score in repeats] for repeats in changed])
            for name in baseline
        }

    # --- implementation -----------------------------------------------------------------------------------------------

    def _run_inspection(self, state, sequences, function, *arguments):
        """Call a function of the core's `inspection` on the network and its inputs."""
        with single_blas_thread(), self._worker_pool(state.theta.dtype) as workers:
            inputs = self._network_inputs(sequences, state)
            return function(state.network, state.theta, inputs, workers, *arguments)

    def _inspect(self, X, function):
        """The result of `function` for each step, in the container that corresponds to the one of `X`."""
        state, sequences = self._parse_fitted(X)
        return self._inspected(state, X, sequences, function)

    def _inspected(self, state, X, sequences, function):
        """The same in a `FittedState`, if `X` is parsed."""
        found = self._run_inspection(state, sequences, function)
        return split_like(found, X, sequences, padded=state.padded)

    def _trace(self, X, layer, names_of):
        """Activations of a layer for each step, by name; ``names_of(cell)`` selects them."""
        state, sequences = self._parse_fitted(X)
        cells = state.network.cells
        n = len(cells)
        if not isinstance(layer, Integral) or not -n <= layer < n:
            raise ValueError(f"layer must be an integer from {-n} to {n - 1}, got {layer!r}.")
        found = self._run_inspection(state, sequences, inspection.trace, layer % n, names_of(cells[layer]))
        return {name: split_like(values, X, sequences, padded=state.padded) for name, values in found.items()}

    def _encoded(self, state, sequences, y):
        """A `Dataset` with the targets `y`, as in `fit`, in the form that the loss of the network takes."""
        dataset = self._validate_samples(sequences, y, None, per_step=state.network.per_step)
        return state.encoder.encode(dataset)


def _output_selector(encoder, output):
    """A function from raw outputs (K, n) to the gradient of the selected one with respect to them."""
    is_classifier = isinstance(encoder, ClassEncoder)
    index = _class_index(encoder, output) if is_classifier else _output_index(encoder, output)
    binary = is_classifier and encoder.binary

    def choose(raw):
        # Two classes have one raw output: the log-odds of the second class, and with a minus sign of the first.
        scores = np.concatenate([-raw, raw]) if binary else raw
        if index is None:
            selected = scores.argmax(axis=0)
        else:
            selected = np.full(raw.shape[1], index)
        d = np.eye(len(scores), dtype=raw.dtype)[:, selected]
        if binary:
            return d[1:] - d[:1]
        return d

    return choose


def _class_index(encoder, label):
    """The index of a class; None stands for the class with the highest score."""
    if label is None:
        return None
    labels = encoder.classes.tolist()
    if label not in labels:
        raise ValueError(f"output must be one of the classes {labels}, got {label!r}.")
    return labels.index(label)


def _output_index(encoder, output):
    """The index of an output of a regressor; None stands for a single one."""
    if output is None and encoder.n_outputs == 1:
        return 0
    if output not in range(encoder.n_outputs):
        raise ValueError(f"output must be the index of one of {encoder.n_outputs} outputs, got {output!r}.")
    return output


def _of_features(sequences):
    """For each feature, then for each static value, the function that exchanges it among sequences."""
    features = [(slice(None), feature) for feature in range(sequences.n_features)]
    exchanges = [partial(inspection.exchange, group=feature) for feature in features]
    if sequences.static is None:
        return exchanges
    n_static = sequences.static.shape[1]
    return exchanges + [partial(inspection.exchange_static, column=column) for column in range(n_static)]


def _of_windows(sequences, n):
    n = min(n, int(sequences.lengths.max()))
    window = inspection.windows(sequences, n)
    return [partial(inspection.exchange, group=window == k) for k in range(n)]


def _with_sequences(model, X, sequences):
    """A copy of the model that parses `X` as `sequences`, so that no container like X need be built from them."""

    def parse(given, state):
        if given is not X:
            raise ValueError(
                "Expected scoring to call the estimator with the X that it was given, got another X. "
                "Pass a scoring that leaves X unchanged."
            )
        return sequences

    return shallow_copy_with(model, _parse=parse)


def _importance(baseline, scores):
    importances = baseline - np.array(scores)
    return Bunch(
        importances_mean=importances.mean(axis=1), importances_std=importances.std(axis=1), importances=importances
    )
