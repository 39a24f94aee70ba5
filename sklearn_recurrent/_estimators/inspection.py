"""Looking into a fitted network: what it attends to, what its states and gates do, what its gradients say."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import Parallel, delayed

from .._core import inspection
from .._core.threads import single_blas_thread
from .._data.targets import like_steps
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
        state = self._fitted_state()
        choose = self._choice_of(output)
        n_each = 1 if hasattr(self, "classes_") else self.n_outputs_ // len(self.y_scale_)  # quantiles of each output

        def gradients(*parts):
            d = inspection.saliency(*parts, choose)
            d = state.preprocessor.gradient(d)
            return d * np.repeat(self.y_scale_, n_each)[output or 0] if self.out_activation_ == "identity" else d

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
        state, sequences = self._parse_fitted(X)
        targets = self._targets(state, sequences, y)
        norms = self._look(state, sequences, inspection.flow, targets, state.loss_function())
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
