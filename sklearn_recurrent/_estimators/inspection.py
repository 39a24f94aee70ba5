"""Looking into a fitted network: what it attends to, what its states and gates do, what its gradients say."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Literal

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from .._core import inspection
from .._core.threads import single_blas_thread
from .._data.targets import like_steps
from .._sklearn import available_if
from .parameters import architecture_of, check_at_least_one
from .scoring import sequence_scorer, shallow_copy_with


def attends(model):
    """Whether a model pools by attention; raises an AttributeError that says why not."""
    _, per_step, kinds = architecture_of(model)
    if per_step:
        raise AttributeError("With return_sequences=True there is no pooling, and so no attention.")
    if "attention" not in kinds:
        raise AttributeError(f"attention_weights wants pooling by 'attention', got {sorted(kinds)}.")
    return True


class Inspection:
    """The methods of an estimator that look into it."""

    @available_if(attends)
    def attention_weights(self, X) -> np.ndarray:
        """Return the weight of each time step in attention pooling.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        weights : ndarray
            Positive weights, (n_steps_i,) for each sequence (see Notes), whose sum is 1.

        Raises
        ------
        AttributeError
            If the network does not pool by attention.
        """
        return self._inspect(X, inspection.attention)

    def hidden_states(self, X, layer: int = -1) -> np.ndarray:
        """Return the hidden states of a layer after each time step.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes. With missing='skip', skipped steps have no entry.
        layer : int, default=-1
            Index of the layer: 0 reads the sequences, -1 is the top layer.

        Returns
        -------
        states : ndarray
            (n_steps_i, n_units) for each sequence (see Notes); for two directions 2 * n_units, forward then backward.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        return self._trace(X, layer, lambda cell: ["h"])["h"]

    def gate_activations(self, X, layer: int = -1) -> dict[str, np.ndarray]:
        """Return the gates of a layer at each time step.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        layer : int, default=-1
            Index of the layer: 0 reads the sequences, -1 is the top layer.

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
        state = self._fitted_state()
        choose = self._choice_of(output)
        n_each = 1 if hasattr(self, "classes_") else self.n_outputs_ // len(self.y_scale_)  # quantiles of each output

        def gradients(*parts):
            d = inspection.saliency(*parts, choose)
            d = state.preprocessor.gradient(d)
            return d * np.repeat(self.y_scale_, n_each)[output or 0] if self.out_activation_ == "identity" else d

        return self._inspect(X, gradients)

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

        Raises
        ------
        ValueError
            If y is invalid or has unknown classes.
        """
        state, sequences = self._parse_fitted(X)
        targets = self._targets(state, sequences, y)
        norms = self._look(state, sequences, inspection.flow, targets, state.loss_function())
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
            What is permuted: one feature at all steps, or all features within a window of time.
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
            ``importances`` of shape (n_groups, n_repeats), for each feature or window, ``importances_mean`` and
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
        scorer, rng = check_scoring(self, scoring), check_random_state(random_state)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        partners = [rng.permutation(len(sequences)) for _ in range(n_repeats)]
        groups = _features(sequences) if by == "feature" else _windows(sequences, windows)

        def scores(group):
            observers = (_with_reading(self, X, inspection.exchange(sequences, others, group)) for others in partners)
            return [scorer(reader, X, y, **weights) for reader in observers]

        baseline = scorer(self, X, y, **weights)
        changed = Parallel(n_jobs=n_jobs)(delayed(scores)(group) for group in groups)
        if not isinstance(baseline, dict):
            return _importance(baseline, changed)
        return {
            name: _importance(baseline[name], [[score[name] for score in repeats] for repeats in changed])
            for name in baseline
        }

    # --- how it is done -----------------------------------------------------------------------------------------------

    def _look(self, state, sequences, function, *arguments):
        with single_blas_thread(), self._worker_pool(state.theta.dtype) as workers:
            inputs = self._network_inputs(sequences, state)
            return function(state.network, state.theta, inputs, workers, *arguments)

    def _inspect(self, X, function):
        """What a function of `inspection` finds for each step, in the container that belongs to `X`."""
        state, sequences = self._parse_fitted(X)
        return like_steps(self._look(state, sequences, function), X, sequences, padded=state.padded)

    def _trace(self, X, layer, names):
        state, sequences = self._parse_fitted(X)
        cells = state.network.cells
        n = len(cells)
        if not isinstance(layer, Integral) or not -n <= layer < n:
            raise ValueError(f"layer must be an integer from {-n} to {n - 1}, got {layer!r}.")
        found = self._look(state, sequences, inspection.trace, layer % n, names(cells[layer]))
        return {name: like_steps(values, X, sequences, padded=state.padded) for name, values in found.items()}

    def _choice_of(self, output):
        """A function from raw outputs (K, n) to the gradient of the chosen one with respect to them."""
        binary = False
        if not hasattr(self, "classes_"):
            wanted = range(self.n_outputs_)
            if output not in (wanted if len(wanted) > 1 else [None, 0]):
                raise ValueError(f"output must be the index of one of {len(wanted)} outputs, got {output!r}.")
            index = output or 0
        else:
            encoder = self._fitted_state().encoder
            labels = encoder.classes.tolist()
            binary = encoder.binary
            if output is not None and output not in labels:
                raise ValueError(f"output must be one of the classes {labels}, got {output!r}.")
            index = None if output is None else labels.index(output)

        def choose(raw):
            scores = np.concatenate([-raw, raw]) if binary else raw
            chosen = scores.argmax(axis=0) if index is None else np.full(raw.shape[1], index)
            d = np.eye(len(scores), dtype=raw.dtype)[:, chosen]
            return d[1:] - d[:1] if binary else d

        return choose

    def _targets(self, state, sequences, y):
        """Targets as the network has them, of what `fit` takes."""
        dataset, _ = self._read_targets(sequences, y, None, None, state.encoder)
        return state.encoder.encode(dataset).y


def _features(sequences):
    return [(slice(None), feature) for feature in range(sequences.n_features)]


def _windows(sequences, n):
    n = min(n, int(sequences.lengths.max()))
    window = inspection.windows(sequences, n)
    return [window == k for k in range(n)]


def _with_reading(model, X, sequences):
    """The same model, but for it `X` reads as `sequences`: whatever container X is, it need not be made anew."""

    def parse_instead(asked, state):
        if asked is not X:
            raise ValueError("The scoring of feature_importance must ask for predictions of X as it is given.")
        return sequences

    return shallow_copy_with(model, _parse=parse_instead)


def _importance(baseline, scores):
    importances = baseline - np.array(scores)
    return Bunch(
        importances_mean=importances.mean(axis=1), importances_std=importances.std(axis=1), importances=importances
    )
