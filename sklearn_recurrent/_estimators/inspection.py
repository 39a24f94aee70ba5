"""Inspect a fitted network: attention weights, states, gates, gradients and feature importance."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_consistent_length, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import Parallel, delayed

from .._core import inspection
from .._core.threads import single_blas_thread
from .._data.targets import flatten_steps
from .parameters import architecture_of, check_at_least_one
from .scoring import sequence_scorer, shallow_copy_with


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
    def attention_weights(self, X):
        """Return how much each time step counts in attention pooling.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.

        Returns
        -------
        weights : ndarray
            A 1-D object array of arrays (n_steps_i,), positive numbers that sum to 1; for an X of numbers without
            padding one array (n_samples, n_steps).

        Raises
        ------
        AttributeError
            If the network does not pool by attention.
        """
        return self._inspect(X, inspection.attention)

    def hidden_states(self, X, layer=-1):
        """Return the hidden state of a layer after each time step.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`. With missing="skip" a time step that is passed over has no entry.
        layer : int, default=-1
            Which layer: 0 reads the sequences, -1 is the one on top.

        Returns
        -------
        states : ndarray
            A 1-D object array of arrays (n_steps_i, width); for an X of numbers without padding one array (n_samples,
            n_steps, width). The width is the number of units, of two directions twice that: the state of the forward
            one after it has read the sequence up to this time step, then that of the backward one after it has read
            the sequence from its end down to the same step.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        return self._trace(X, layer, lambda cell: ["h"])["h"]

    def gate_activations(self, X, layer=-1):
        """Return what the gates of a layer do at each time step.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        layer : int, default=-1
            Which layer: 0 reads the sequences, -1 is the one on top.

        Returns
        -------
        gates : dict of str to ndarray
            By the letters of the papers: input gate "i", forget gate "f", candidate "g", output gate "o" and cell state
            "c" after the time step, for the LSTM family; reset gate "r", update gate "z" and candidate "n" for the GRU
            family, "f" and "n" for the minimal gated unit; the plain cell has no gates and gives its state "h". Each
            is in the form of `hidden_states`, both directions side by side. Gates lie between 0, closed, and 1, open.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        return self._trace(X, layer, inspection.gate_names)

    def input_gradients(self, X, output=None):
        """Return how an output changes with each value of each sequence: the saliency of the input.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        output : class label or int, default=None
            Whose gradient. Of a classifier: the class (of multilabel targets the label) whose raw score is meant, the
            entry of `decision_function`; for two classes the log-odds of this class. None is the class with the highest
            score, of each sequence by itself: the one predicted, if the labels exclude each other. Of a regressor: the
            index of the output; None is the only one.

        Returns
        -------
        gradients : ndarray
            A 1-D object array of arrays (n_steps_i, n_features), float64; for an X of numbers without padding one array
            (n_samples, n_steps, n_features). In the unit of the output (of a regressor that of y) by the unit of the
            feature; with loss="poisson" that of the logarithm of the prediction. Of tokens it is the gradient with
            respect to the vector of each token, (n_steps_i, embedding_dim). With return_sequences it is that of the sum
            of the outputs over all steps.

        Raises
        ------
        ValueError
            If there is no such output, or several, of which a regressor cannot choose: their units may differ.

        Notes
        -----
        The gradient is exact, also if training truncates it. To first order, the output would change by the sum of
        gradients times changes of X.

        References
        ----------
        Simonyan, K., Vedaldi, A. & Zisserman, A. (2014). Deep inside convolutional networks: visualizing image
        classification models and saliency maps. ICLR workshop.
        """
        self._network()  # raises NotFittedError
        choose = self._output_selector(output)

        def gradients(network, theta, inputs, workers):
            d = inspection.saliency(network, theta, inputs, workers, choose)
            if not self._embeds:
                d = d / self.x_scale_  # the network has standardized inputs, the user those of X
            if self.out_activation_ == "identity":
                n_quantiles = self.n_outputs_ // len(self.y_scale_)
                d = d * np.repeat(self.y_scale_, n_quantiles)[output or 0]
            return d

        return self._inspect(X, gradients)

    def gradient_flow(self, X, y):
        """Return how far back in time the gradient of the loss reaches.

        Where it vanishes within some steps, training learns nothing from what came before them.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets, as in `fit`; with return_sequences one array per sequence.

        Returns
        -------
        flow : dict of str to ndarray of shape (n_steps,)
            For each direction of each layer, by its name in `weights_` ("layer_0/forward"): entry d is the Euclidean
            norm of dLoss/dh, the gradient with respect to the hidden state d steps before the last one that this
            direction reads (for "layer_0/backward" the first of the sequence), the mean over the sequences that have
            more than d steps. There are as many entries as the longest has steps.

        Raises
        ------
        ValueError
            If y is not as in `fit`, or has classes that were not there.

        Notes
        -----
        The loss is that of a sequence by itself: in nats, or for a regressor that of its scaled outputs; with
        return_sequences the sum over its steps. Neither the penalty nor weights play a part. A hidden state of an LSTM
        acts on what follows through the gates of the next step, and from there on through the cell state, too. The
        gradient is exact, also if training truncates it.

        References
        ----------
        Bengio, Y., Simard, P. & Frasconi, P. (1994). Learning long-term dependencies with gradient descent is
        difficult. IEEE Transactions on Neural Networks 5, 157-166.
        Pascanu, R., Mikolov, T. & Bengio, Y. (2013). On the difficulty of training recurrent neural networks. ICML.
        """
        network = self._network()
        sequences = self._read(X)
        Y = self._network_targets(sequences, y, network.per_step)
        loss = self._loss_function(vars(self))
        norms = self._run_inspection(network, sequences, inspection.flow, Y, loss)
        return {key: inspection.by_distance(norm, sequences, key.endswith("backward")) for key, norm in norms.items()}

    def feature_importance(
        self,
        X,
        y,
        *,
        by="feature",
        n_repeats=5,
        scoring=None,
        windows=10,
        sample_weight=None,
        random_state=None,
        n_jobs=None,
    ):
        """Return how much the score falls when sequences exchange a feature, or a part of their time.

        This is permutation importance for sequences: each one gets the values of another one, so that they have nothing
        to do with its target any more.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`; best such as were not trained on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets, as in `fit`.
        by : {"feature", "step"}, default="feature"
            What is exchanged: one feature at all steps, or all features within one window of time.
        n_repeats : int, default=5
            How often, each time with other partners, at least 1.
        scoring : str, callable, list, tuple, set or dict, default=None
            Whose fall is measured, as in `sklearn.inspection.permutation_importance`; None is `score`. With
            return_sequences `sequence_scorer` makes one; it is put by itself around whatever is no callable.
        windows : int, default=10
            For ``by="step"``: into how many windows of relative time, of equal length, each sequence is divided, at
            least 1. There are never more than the longest one has steps. A step belongs to the window of its middle.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences in the score.
        random_state : int, RandomState instance or None, default=None
            Draws the partners. An int gives the same result each time.
        n_jobs : int, default=None
            Workers of joblib, each for one feature or window. None: 1, unless `joblib.parallel_config` says otherwise.

        Returns
        -------
        result : `sklearn.utils.Bunch`
            The score of X as it is less the one after the exchange, in the unit of the score; with several scorers a
            dict of such, by their names. A group is a feature of the time steps (an X of one value per step has one,
            and so have tokens), or a window.

            importances : ndarray of shape (n_groups, n_repeats)
                How much the score fell each time.
            importances_mean : ndarray of shape (n_groups,)
                The mean over repeats.
            importances_std : ndarray of shape (n_groups,)
                The standard deviation over repeats.

        Raises
        ------
        ValueError
            If `by` is neither, `n_repeats` or `windows` is less than 1, or `scoring` asks for predictions of anything
            but X.

        See Also
        --------
        sklearn.inspection.permutation_importance : For each column of a table.

        Notes
        -----
        Sequences of unequal length exchange values in relative time: those of the partner are stretched, each step
        takes the value of the nearest one. All groups are measured with the same partners. A scorer meets X as it is,
        but predictions for the changed one.

        A feature of which another one says the same is not missed, and has little importance.

        References
        ----------
        Breiman, L. (2001). Random forests. Machine Learning 45, 5-32.
        """
        network = self._network()
        sequences = self._read(X).joined()
        if by not in ("feature", "step"):
            raise ValueError(f"by must be 'feature' or 'step', got {by!r}.")
        check_at_least_one(n_repeats=n_repeats, windows=windows)
        if network.per_step and scoring is not None and not callable(scoring):
            scoring = sequence_scorer(scoring)
        scorer = check_scoring(self, scoring)
        weights = {}
        if sample_weight is not None:
            weights["sample_weight"] = sample_weight
        # The same partners for all groups: importances then differ by the features, not by the draw.
        rng = check_random_state(random_state)
        partners = [rng.permutation(len(sequences)) for _ in range(n_repeats)]
        groups = _features(sequences) if by == "feature" else _windows(sequences, windows)

        def scores(group):
            permuted = (inspection.exchange(sequences, others, group) for others in partners)
            return [scorer(_with_sequences(self, X, changed), X, y, **weights) for changed in permuted]

        baseline = scorer(self, X, y, **weights)
        changed = Parallel(n_jobs=n_jobs)(delayed(scores)(group) for group in groups)
        if not isinstance(baseline, dict):
            return _importance(baseline, changed)
        return {
            name: _importance(baseline[name], [[score[name] for score in repeats] for repeats in changed])
            for name in baseline
        }

    # --- implementation -----------------------------------------------------------------------------------------------

    def _run_inspection(self, network, sequences, function, *arguments):
        """Call a function of the core's `inspection` on the network and its inputs."""
        with single_blas_thread(), self._worker_pool(self.theta_.dtype) as workers:
            return function(network, self.theta_, self._prepare(sequences), workers, *arguments)

    def _inspect(self, X, function):
        """The result of `function` for each step, in the container that corresponds to the one of `X`."""
        network = self._network()
        sequences = self._read(X)
        return self._like_steps(self._run_inspection(network, sequences, function), X, sequences)

    def _trace(self, X, layer, names_of):
        """Activations of a layer for each step, by name; ``names_of(cell)`` selects them."""
        network = self._network()
        sequences = self._read(X)
        n = len(network.cells)
        if not isinstance(layer, Integral) or not -n <= layer < n:
            raise ValueError(f"layer must be an integer from {-n} to {n - 1}, got {layer!r}.")
        found = self._run_inspection(network, sequences, inspection.trace, layer % n, names_of(network.cells[layer]))
        return {name: self._like_steps(values, X, sequences) for name, values in found.items()}

    def _output_selector(self, output):
        """A function from raw outputs (K, n) to the gradient of the selected one with respect to them."""
        if hasattr(self, "classes_"):
            index = self._class_index(output)
            binary = self._binary
        else:
            index = self._output_index(output)
            binary = False

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

    def _class_index(self, label):
        """The index of a class; None stands for the class with the highest score."""
        if label is None:
            return None
        labels = self.classes_.tolist()
        if label not in labels:
            raise ValueError(f"output must be one of the classes {labels}, got {label!r}.")
        return labels.index(label)

    def _output_index(self, output):
        """The index of an output of a regressor; None stands for a single one."""
        if output is None and self.n_outputs_ == 1:
            return 0
        if output not in range(self.n_outputs_):
            raise ValueError(f"output must be the index of one of {self.n_outputs_} outputs, got {output!r}.")
        return output

    def _network_targets(self, sequences, y, per_step):
        """The targets `y`, as in `fit`, in the form that the loss of the network takes."""
        rows = sequences
        if per_step:
            rows = range(sequences.offsets[-1])
            y, _ = flatten_steps(y, sequences.lengths, valid=sequences.valid)
        y = self._validate_target(y)
        check_consistent_length(rows, y)
        Y, facts = self._encode_target(y, np.ones(len(y)), None, resume=True)
        if facts["n_outputs_"] != self.n_outputs_:
            raise ValueError(f"Expected y with {self.n_outputs_} outputs, as in fit, got {facts['n_outputs_']}.")
        return Y


def _features(sequences):
    return [(slice(None), feature) for feature in range(sequences.n_features)]


def _windows(sequences, n):
    n = min(n, int(sequences.lengths.max()))
    window = inspection.windows(sequences, n)
    return [window == k for k in range(n)]


def _with_sequences(model, X, sequences):
    """A copy of the model that parses `X` as `sequences`, so that no container like X need be built from them."""

    def parse(given):
        if given is not X:
            raise ValueError(
                "Expected scoring to call the estimator with the X that it was given, got another X. "
                "Pass a scoring that leaves X unchanged."
            )
        return sequences

    return shallow_copy_with(model, _read=parse)


def _importance(baseline, scores):
    importances = baseline - np.array(scores)
    return Bunch(
        importances_mean=importances.mean(axis=1), importances_std=importances.std(axis=1), importances=importances
    )
