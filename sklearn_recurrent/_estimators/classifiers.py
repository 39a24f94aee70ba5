"""Classifiers of sequences."""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import assert_all_finite

from .._sklearn import StrOptions, _fit_context
from .base import trains_by_mini_batches
from .parameters import cell_parameter, estimator, label_smoothing_parameter, parameter
from .recurrent import BaseRecurrent
from .streaming import streams
from .weights import balanced, class_codes, refuse_class_weights


@estimator
class BaseClassifier(ClassifierMixin, BaseRecurrent):
    class_weight: dict | str | None = parameter(
        None,
        [dict, StrOptions({"balanced"}), None],
        "dict, 'balanced' or None",
        "Weights of the classes, multiplied with the sample weights; 'balanced' gives all classes the same total. For "
        "one label per sequence: with a multilabel indicator it is an error.",
    )
    label_smoothing: float = label_smoothing_parameter()

    _attributes = {"classes_": ("ndarray of shape (n_classes,)", "Class labels; for a multilabel y its columns.")}

    @available_if(trains_by_mini_batches)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Go once through X and y, from the present weights on.

        Scaling of the features, or the vocabulary, is that of the first call; weights and the solver's moments go on;
        each call is an epoch at a constant learning rate, unless learning_rate says 'invscaling'. Nothing is set aside,
        and no callback is called.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Class labels, as in `fit`.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; required in the first call, unless `y` has them all or `fit` came before.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If y has labels that are not among the classes.
        """
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X, initial_state=None, return_state=False):
        """Predict the class of each sequence, or of each of its steps.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`; with `initial_state` what comes next in each stream.
        initial_state : StreamState, default=None
            Where the sequences go on from: a state that `step` or an earlier chunk ended in. None: from nothing.
        return_state : bool, default=False
            Whether to return the state that the sequences end in, too.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Class labels; a multilabel indicator if `fit` got one. With return_sequences a 1-D object array of such
            arrays, one label per time step; for an X of numbers without padding one array (n_samples, n_steps).
        state : StreamState
            Only if `return_state`.
        """
        return self._respond_from("predict", X, initial_state, return_state)

    def predict_proba(self, X, initial_state=None, return_state=False):
        """Predict the probability of each class.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`; with `initial_state` what comes next in each stream.
        initial_state : StreamState, default=None
            Where the sequences go on from, as in `predict`.
        return_state : bool, default=False
            Whether to return the state that the sequences end in, too.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; for multilabel targets of each label by itself. With
            return_sequences one such array per sequence, (n_steps_i, n_classes).
        state : StreamState
            Only if `return_state`.
        """
        return self._respond_from("predict_proba", X, initial_state, return_state)

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            Log-probabilities in nats; finite where the probability itself is rounded to 0. With return_sequences one
            such array per sequence.
        """
        return self._respond("predict_log_proba", X)

    def decision_function(self, X):
        """Raw outputs of the network, before the logistic function or softmax.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.

        Returns
        -------
        raw : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Log-odds of ``classes_[1]`` for two classes; else one score per class. With return_sequences one such array
            per sequence.
        """
        return self._respond("decision_function", X)

    @available_if(streams)
    def staged_predict_proba(self, X):
        """Predict the probability of each class after each time step, as if the sequence ended there.

        This is early classification: how soon could one have known?

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.

        Returns
        -------
        p : ndarray
            A 1-D object array of arrays (n_steps_i, n_classes); for an X of numbers without padding one array
            (n_samples, n_steps, n_classes).

        Raises
        ------
        AttributeError
            If the network is bidirectional or pools by attention: it then depends on what is still to come.
        """
        return self._respond("predict_proba", X, staged=True)

    def score(self, X, y, sample_weight=None):
        """Return the mean accuracy, with return_sequences over all steps of all sequences.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels, as in `fit`; with return_sequences one array per sequence.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences, or one array per sequence, of its steps.

        Returns
        -------
        score : float
            The part of labels that are right; of multilabel targets, all of them.
        """
        return self._score(accuracy_score, X, y, sample_weight)

    _forms = {
        "predict": "_labels",
        "predict_proba": "_probabilities",
        "predict_log_proba": "_log_probabilities",
        "decision_function": "_decisions",
    }

    def _labels(self, raw):
        if self._multilabel:
            return (raw > 0).astype(int)
        return self.classes_[(raw[:, 0] > 0).astype(int) if len(self.classes_) == 2 else raw.argmax(axis=1)]

    def _probabilities(self, raw):
        return self._linked(np.hstack([-raw, raw]) if self._binary else raw)

    def _log_probabilities(self, raw):
        if self._binary:
            return -np.logaddexp(0, np.hstack([raw, -raw]))
        if self._multilabel:
            return -np.logaddexp(0, -raw)
        shifted = raw - raw.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def _decisions(self, raw):
        return raw[:, 0] if self._binary else raw

    @property
    def _binary(self):
        return len(self.classes_) == 2 and not self._multilabel

    def _validate_target(self, y):
        y = check_array(y, accept_sparse="csr", ensure_2d=False, dtype=None, ensure_all_finite=False, input_name="y")
        y = y.toarray() if issparse(y) else y
        if y.dtype.kind in "fc":
            assert_all_finite(y, input_name="y")
        missing = [j for j, label in enumerate(y) if label is None] if y.dtype == object and y.ndim == 1 else []
        if missing:
            raise ValueError(f"Input y contains None, for sequence {missing[0]}.")
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise ValueError(f"{type(self).__name__} does not support multiclass-multioutput targets.")
        if kind != "multilabel-indicator":
            return column_or_1d(y, warn=True)
        if not np.isin(y, (0, 1)).all():
            raise ValueError(f"A multilabel indicator holds 0 and 1, but y holds {np.unique(y).tolist()}.")
        return y

    def _encode_target(self, y, weight, classes, resume):
        multilabel = y.ndim == 2
        present = np.arange(y.shape[1]) if multilabel else np.unique(y)
        if resume:
            if multilabel != self._multilabel:
                raise ValueError("y is a multilabel indicator in one call and not in the other.")
            if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
                raise ValueError(f"classes={classes!r} is not the same as in the last call: {self.classes_!r}.")
            classes = self.classes_
        classes = present if classes is None else np.unique(classes)
        unknown = np.setdiff1d(present, classes)
        if len(unknown):
            raise ValueError(f"y has labels {unknown.tolist()}, but the classes are {classes.tolist()}.")
        facts = {"classes_": classes, "_multilabel": multilabel}
        if multilabel:
            return y.astype(np.float64), facts | self._link("logistic", y.shape[1])
        codes = np.searchsorted(classes, y)[:, None]
        if len(classes) == 2:
            return codes.astype(np.float64), facts | self._link("logistic", 1)
        return codes, facts | self._link("softmax", len(classes))

    def _link(self, name, n_outputs):
        loss = name, {"smoothing": self.label_smoothing}
        return {"out_activation_": name, "n_outputs_": n_outputs, "_loss": loss}

    def _weights_of_classes(self, dataset, facts):
        if self.class_weight is None:
            return None
        if facts["_multilabel"]:
            raise ValueError("class_weight is for one label per sequence, but y is a multilabel indicator.")
        codes, classes = class_codes(dataset.y), facts["classes_"]
        if self.class_weight == "balanced":
            return balanced(codes, dataset.weight, len(classes))
        by_class = compute_class_weight(self.class_weight, classes=classes, y=classes[codes])
        refuse_class_weights(self.class_weight, dataset.weight, by_class[codes])
        return by_class

    def _strata(self, Y, facts):
        return None if facts["_multilabel"] else np.unique(class_codes(Y), return_inverse=True)[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@estimator
class RNNClassifier(BaseClassifier):
    """Classifier of sequences by a recurrent network with any cell.

    The network reads each sequence step by step, pools the states of its top layer into one vector, and passes that
    through a dense layer with a softmax, or a logistic function for two classes and for multilabel targets. Fitting
    minimizes the weighted mean of the log loss (nats per sequence) plus the L2 penalty, with gradients by
    backpropagation through all time steps:

        sum_i w_i * (-log p(y_i | x_i)) / sum_i w_i  +  alpha / 2 * ||weights||^2 / sum_i w_i

    {parameters}

    {attributes}

    See Also
    --------
    LSTMClassifier : Long short-term memory, for long sequences.
    GRUClassifier : Gated recurrent unit.
    RNNRegressor : The same network for numbers.

    Notes
    -----
    The computation is in float32 if X is, which is two to four times as fast, else in float64.

    References
    ----------
    Elman, J. L. (1990). Finding structure in time. Cognitive Science 14, 179-211.

    Examples
    --------
    Does a sequence rise more often than it falls?

    >>> import numpy as np
    >>> from sklearn_recurrent import RNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(drift, 1, rng.integers(5, 15)).cumsum() for drift in [-1, 1] * 50]
    >>> y = ["falls", "rises"] * 50
    >>> model = RNNClassifier(16, cell="gru", max_iter=20, random_state=0).fit(X, y)
    >>> model.predict([np.array([0.0, 1, 2, 3]), np.array([0.0, -1, -2, -3, -4, -5])])
    array(['rises', 'falls'], dtype='<U5')
    """

    cell: str = cell_parameter()


@estimator
class LSTMClassifier(BaseClassifier):
    """Classifier of sequences by a long short-term memory network.

    The cell state passes from step to step by a product with the forget gate and a sum, so that gradients survive
    hundreds of steps. What is minimized: see `RNNClassifier`.

    {parameters}

    {attributes}

    See Also
    --------
    GRUClassifier : Three quarters of the weights, often as good.
    RNNClassifier : Any other cell.
    LSTMRegressor : The same network for numbers.

    Notes
    -----
    i, f, o = σ(W x + U h + b), g = φ(W x + U h + b), c' = f ∘ c + i ∘ g, h' = o ∘ φ(c'); the forget gate's bias begins
    at 1. No peepholes. The computation is in float32 if X is, which is two to four times as fast, else in float64.

    References
    ----------
    Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9, 1735-1780.
    Gers, F. A., Schmidhuber, J. & Cummins, F. (2000). Learning to forget: continual prediction with LSTM. Neural
    Computation 12, 2451-2471.

    Examples
    --------
    Handwritten digits, read row by row: 8 steps of 8 pixels.

    >>> from sklearn.datasets import load_digits
    >>> from sklearn_recurrent import LSTMClassifier
    >>> digits = load_digits()
    >>> X, y = digits.images[:200], digits.target[:200]
    >>> model = LSTMClassifier(16, max_iter=20, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    """

    cell = "lstm"  # no annotation: fixed, no parameter


@estimator
class GRUClassifier(BaseClassifier):
    """Classifier of sequences by a network of gated recurrent units.

    The update gate mixes the old state with a new candidate; the reset gate acts after the product, as in cuDNN and
    PyTorch. What is minimized: see `RNNClassifier`.

    {parameters}

    {attributes}

    See Also
    --------
    LSTMClassifier : With a separate cell state.
    RNNClassifier : Any other cell, with it the other forms of the GRU.
    GRURegressor : The same network for numbers.

    Notes
    -----
    r, z = σ(W x + U h + b), n = φ(W x + b + r ∘ (U h + b)), h' = (1 - z) ∘ n + z ∘ h. The computation is in float32 if
    X is, which is two to four times as fast, else in float64.

    References
    ----------
    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical machine
    translation. EMNLP, 1724-1734.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GRUClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [np.sin(f * np.arange(rng.integers(20, 30))) for f in [0.5, 1.0] * 30]
    >>> y = ["slow", "fast"] * 30
    >>> GRUClassifier(8, max_iter=20, random_state=0).fit(X, y).score(X, y)
    1.0
    """

    cell = "gru"  # no annotation: fixed, no parameter
