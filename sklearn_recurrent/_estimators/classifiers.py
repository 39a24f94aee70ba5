"""Classifiers of sequences."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import assert_all_finite

from .._data.labels import plain_labels, refuse_missing_labels
from .._data.targets import refuse_more_axes
from .._sklearn import _fit_context, available_if
from .base import trains_by_mini_batches
from .parameters import ANY_CELL, CLASSIFIER, constraints_of
from .recurrent import BaseRecurrent
from .streaming import StreamState, streams
from .target_encoders import ClassEncoder
from .weights import balanced, class_codes, refuse_class_weights


class BaseClassifier(ClassifierMixin, BaseRecurrent):
    _parameters = CLASSIFIER
    _parameter_constraints = constraints_of(CLASSIFIER)

    classes_: np.ndarray

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = 64,
        *,
        activation: Literal["tanh", "relu", "logistic"] | str = "tanh",
        bidirectional: bool | Literal["auto"] = "auto",
        pooling: Literal["last", "mean", "max", "attention"] | str | Sequence[str] = ("last", "mean", "max"),
        return_sequences: bool = False,
        embedding_dim: int | Literal["auto"] | str | Sequence[int] | None = None,
        categorical_features: Sequence[Any] | np.ndarray | Literal["from_dtype"] | str | None = None,
        embedding_init: np.ndarray | dict[int, Any] | str | os.PathLike[str] | None = None,
        embedding_trainable: bool = True,
        pad_token: int | None = None,
        pad_value: float | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        forget_bias: float | Literal["auto", "chrono"] | str = "auto",
        standardize: bool = True,
        solver: Literal["adam", "rmsprop", "sgd", "lbfgs"] | str = "adam",
        alpha: float = 0.1,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = 1.0,
        batch_size: int | Literal["auto"] | str = 32,
        learning_rate: Literal["constant", "cosine", "onecycle", "invscaling", "adaptive"] | str = "cosine",
        learning_rate_init: float = 0.005,
        warmup_steps: int = 0,
        power_t: float = 0.5,
        max_iter: int = 100,
        max_fun: int = 15000,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 0.0001,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        scoring: str | Callable[..., float] | None = "loss",
        validation_fraction: float = 0.1,
        validation_split: Any = None,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        rho: float = 0.9,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        warm_start: bool = False,
        missing: Literal["error", "skip", "forward"] | str = "error",
        bptt_steps: int | None = None,
        dtype: Literal["float32", "float64"] | str | None = None,
        n_jobs: int | None = None,
        input_size: int | None = None,
        verbose: bool | int = False,
        class_weight: dict[Any, Any] | str | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.return_sequences = return_sequences
        self.embedding_dim = embedding_dim
        self.categorical_features = categorical_features
        self.embedding_init = embedding_init
        self.embedding_trainable = embedding_trainable
        self.pad_token = pad_token
        self.pad_value = pad_value
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.forget_bias = forget_bias
        self.standardize = standardize
        self.solver = solver
        self.alpha = alpha
        self.weight_decay = weight_decay
        self.max_grad_norm = max_grad_norm
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.warmup_steps = warmup_steps
        self.power_t = power_t
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.validation_split = validation_split
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.rho = rho
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.warm_start = warm_start
        self.missing = missing
        self.bptt_steps = bptt_steps
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.input_size = input_size
        self.verbose = verbose
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing

    @available_if(trains_by_mini_batches)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None) -> Self:
        """Train for one epoch, starting from the present weights.

        The classes and the scaling of features, or the vocabulary, are those of the first call. The learning rate is
        constant, unless learning_rate='invscaling'. There is no validation set, and callbacks are not called.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Class labels, as in `fit`.
        classes : array-like of shape (n_classes,), default=None
            All labels that can occur. Required in the first call, unless y has them all or `fit` came before.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        AttributeError, ValueError
            If solver='lbfgs', which uses no mini-batches; if y has labels that are not among the classes.
        """
        return self._fit(X, y, sample_weight, resume=hasattr(self, "theta_"), one_epoch=True, classes=classes)

    @overload
    def predict(
        self, X, initial_state: StreamState | None = None, return_state: Literal[False] = False
    ) -> np.ndarray: ...

    @overload
    def predict(
        self, X, initial_state: StreamState | None = None, *, return_state: Literal[True]
    ) -> tuple[np.ndarray, StreamState]: ...

    @overload
    def predict(
        self, X, initial_state: StreamState | None, return_state: Literal[True]
    ) -> tuple[np.ndarray, StreamState]: ...

    def predict(self, X, initial_state=None, return_state=False):
        """Predict the class of each sequence, or of each of its steps.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes. With `initial_state`, the next time steps of each stream.
        initial_state : StreamState, default=None
            State to continue from, as returned by `step` or by an earlier call. None starts new sequences.
        return_state : bool, default=False
            Whether to also return the state at the end of the sequences.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Class labels, or a multilabel indicator if `fit` got one. With return_sequences, labels for each time step,
            (n_steps_i,) for each sequence (see Notes).
        state : StreamState
            Only if `return_state`.
        """
        return self._respond_from("predict", X, initial_state, return_state)

    @overload
    def predict_proba(
        self, X, initial_state: StreamState | None = None, return_state: Literal[False] = False
    ) -> np.ndarray: ...

    @overload
    def predict_proba(
        self, X, initial_state: StreamState | None = None, *, return_state: Literal[True]
    ) -> tuple[np.ndarray, StreamState]: ...

    @overload
    def predict_proba(
        self, X, initial_state: StreamState | None, return_state: Literal[True]
    ) -> tuple[np.ndarray, StreamState]: ...

    def predict_proba(self, X, initial_state=None, return_state=False):
        """Predict the probability of each class.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes. With `initial_state`, the next time steps of each stream.
        initial_state, return_state : StreamState, bool
            As in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`; for a multilabel indicator, of each label by itself. With
            return_sequences, (n_steps_i, n_classes) for each sequence.
        state : StreamState
            Only if `return_state`.
        """
        return self._respond_from("predict_proba", X, initial_state, return_state)

    def predict_log_proba(self, X) -> np.ndarray:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            In nats, finite even where `predict_proba` is 0. With return_sequences, for each time step.
        """
        return self._respond("predict_log_proba", X)

    def decision_function(self, X) -> np.ndarray:
        """Return the outputs of the network before the logistic function or softmax.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        raw : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Log-odds of ``classes_[1]`` for two classes, else a score per class; per time step with return_sequences.
        """
        return self._respond("decision_function", X)

    @available_if(streams)
    def staged_predict_proba(self, X) -> np.ndarray:
        """Predict the probability of each class after each time step, as if the sequence ended there.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        p : ndarray
            Probabilities for each time step, (n_steps_i, n_classes) for each sequence (see Notes).
        """
        return self._respond("predict_proba", X, staged=True)

    def score(self, X, y, sample_weight=None) -> float:
        """Return the mean accuracy, with return_sequences over all steps of all sequences.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels. With return_sequences, one array per sequence.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sequence, or an array of step weights for each.

        Returns
        -------
        score : float
            Fraction of correct labels, from 0 to 1; of sequences with all labels correct for a multilabel indicator.
        """
        return self._score(accuracy_score, X, y, sample_weight)

    _encoder_class = ClassEncoder

    def _validate_target(self, y, lengths=None):
        y = plain_labels(y)
        y = check_array(
            y, accept_sparse="csr", ensure_2d=False, allow_nd=True, dtype=None, ensure_all_finite=False, input_name="y"
        )
        refuse_more_axes(y, lengths)
        y = y.toarray() if issparse(y) else y
        refuse_missing_labels(y, lengths)
        if y.dtype.kind in "fc":
            assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise ValueError(f"{type(self).__name__} does not support multiclass-multioutput targets.")
        if kind != "multilabel-indicator":
            return column_or_1d(y, warn=True)
        if not np.isin(y, (0, 1)).all():
            raise ValueError(f"Expected a multilabel indicator y of 0 and 1, got values {np.unique(y).tolist()}.")
        return y

    def _refuse_missing_steps(self, y, lengths, ignored):
        refuse_missing_labels(y, lengths, ignored)

    def _fit_encoder(self, dataset, classes, encoder):
        if encoder is None:
            return ClassEncoder.fit(dataset.y, classes)
        encoder.refuse_other(classes)
        return encoder

    def _loss_and_settings(self, encoder):
        return encoder.link, {"smoothing": self.label_smoothing}

    def _weights_of_classes(self, dataset, encoder):
        if self.class_weight is None:
            return None
        if encoder.multilabel:
            raise ValueError(
                f"Expected class_weight=None for a multilabel indicator y, got {self.class_weight!r}. "
                "Use sample_weight instead."
            )
        codes = class_codes(dataset.y)
        if self.class_weight == "balanced":
            return balanced(codes, dataset.weight, len(encoder.classes))
        by_class = compute_class_weight(self.class_weight, classes=encoder.classes, y=encoder.classes[codes])
        refuse_class_weights(self.class_weight, dataset.weight, by_class[codes])
        return by_class

    def _strata(self, dataset, encoder):
        if encoder.multilabel or dataset.offsets is not None:
            return None
        return np.unique(class_codes(dataset.y), return_inverse=True)[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class RNNClassifier(BaseClassifier):
    """Classifier of sequences by a recurrent network with any cell.

    The network reads each sequence step by step, pools the states of the top layer into one vector, and applies a dense
    layer with a softmax (a logistic function for two classes and for multilabel y). It minimizes the weighted mean log
    loss (nats per sequence) plus the L2 penalty, with gradients by backpropagation through time:

        sum_i w_i * (-log p(y_i | x_i)) / sum_i w_i  +  alpha / 2 * ||weights||^2 / sum_i w_i

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=64
        Number of units of the recurrent layer. A tuple stacks layers, each reading the states of the one below.
    activation : {'tanh', 'relu', 'logistic'}, default='tanh'
        Activation φ of candidate states and of LSTM cell states at the output. 'relu' may need a lower learning rate.
    bidirectional : bool or 'auto', default='auto'
        Whether each layer also reads sequences backward, from the last step that is not padding, with units of its own.
        'auto' is False with return_sequences, where a step would see those to be predicted, else True.
    pooling : {'last', 'mean', 'max', 'attention'} or tuple of them, default=('last', 'mean', 'max')
        How the states of the top layer become one vector: last state of each direction, mean or maximum over time, or
        mean with learned weights (see `attention_weights`). Several are joined. Unused with return_sequences.
    return_sequences : bool, default=False
        Whether y and predictions have one value or label per time step: an array per sequence, as long as it.
    embedding_dim : int, 'auto', tuple of int or None, default=None
        If given, X holds tokens, one non-negative integer per step. Each token seen in `fit` has a learned vector of
        this size; others have zeros, unless `partial_fit` trains their vector. 32-bit tokens are computed in float32.
        'auto': round(1.6 * n_tokens ** 0.56), at most 600. With categorical_features see there.
    categorical_features : array-like of int, str or bool, 'from_dtype' or None, default=None
        Indices, names or mask of the features that hold categories (strings, numbers; a missing value is one, too);
        'from_dtype': those of categorical dtype. Each category has a vector, like a token, of size embedding_dim: one
        int, one for each of these features, or None for 'auto'.
    embedding_init : array of shape (n_ids, embedding_dim), dict, path of a .npy file or None, default=None
        Vectors that tokens begin with: rows by id, or a dict from id to vector. Those of other tokens are drawn.
    embedding_trainable : bool, default=True
        Whether to train the vectors of embedding_init. Drawn ones are always trained.
    pad_token : int or None, default=None
        The token that pads the ends of a row if X is an array; in a list it is an ordinary token. None: no padding.
    pad_value : float or None, default=None
        Steps at the ends of an array X whose features all equal it are padding, as those of NaN always are.
    dropout : float, default=0.0
        Probability of dropping a unit between layers and before the output in training, per sequence. Not for 'lbfgs'.
    recurrent_dropout : float, default=0.0
        Probability of dropping a unit of the state that the next step reads in training, per sequence. Not for 'lbfgs'.
    forget_bias : float, 'auto' or 'chrono', default='auto'
        Initial bias of the gate that keeps the state: forget gate of LSTM cells, update gate of GRU cells (negative for
        'mgu'). 'auto' is 1 for LSTM and 0 for GRU cells; 'chrono' draws log U(1, T - 1) for lengths of up to T.
    standardize : bool, default=True
        Whether to scale each feature to mean 0 and variance 1 over all time steps of the training set.
    solver : {'adam', 'rmsprop', 'sgd', 'lbfgs'}, default='adam'
        The optimizer: one that uses mini-batches, or 'lbfgs' on the whole training set, for a few hundred sequences.
    alpha : float, default=0.1
        Strength of the L2 penalty alpha / 2 * ||weights||^2, without biases. It is divided by the sum of all weights
        (sample times class; per target, if a sequence has several) and added to the mean loss.
    weight_decay : float, default=0.0
        Decoupled decay of weights, not biases, by weight_decay times the learning rate per step. Unused by 'lbfgs'.
    max_grad_norm : float or None, default=1.0
        Gradients of larger Euclidean norm are scaled down to it before each step. None: never. Unused by 'lbfgs'.
    batch_size : int or 'auto', default=32
        Number of sequences in a mini-batch. 'auto' is min(200, n_samples). Unused by 'lbfgs'.
    learning_rate : {'constant', 'cosine', 'onecycle', 'invscaling', 'adaptive'}, default='cosine'
        Schedule: 'cosine' falls to 0 over max_iter epochs, 'onecycle' first rises for 30 % of them, 'invscaling'
        divides by (sequences seen + 1) ** power_t, 'adaptive' by 5 when training stalls (see tol). Unused by 'lbfgs'.
    learning_rate_init : float, default=0.005
        Learning rate that the schedule falls from. 'onecycle' rises to it from a 25th.
    warmup_steps : int, default=0
        Number of mini-batches in which the learning rate first rises linearly from 0 to that of the schedule.
    power_t : float, default=0.5
        Exponent of learning_rate='invscaling'.
    max_iter : int, default=100
        Maximum number of epochs (iterations of 'lbfgs'). Reaching it without convergence gives a warning (see `fit`).
    max_fun : int, default=15000
        Maximum number of evaluations of the loss by 'lbfgs'.
    shuffle : bool, default=True
        Whether to draw new mini-batches in each epoch. Equal sequences are then merged first, so that the order of X
        has no effect, and weight 2 is exactly the sequence given twice. False keeps the order of X.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, mini-batches, dropout and validation split. An int gives the same bits on the same machine.
    tol : float, default=0.0001
        Smallest improvement of the loss (with early_stopping, of the validation score), in its own unit; see
        n_iter_no_change. For 'lbfgs', the largest gradient entry at convergence.
    n_iter_no_change : int, default=10
        Number of epochs without an improvement by tol after which training stalls.
    early_stopping : bool, default=False
        Whether to set aside a part of the training set (or use X_val of `fit`), stop when the score on it stalls, and
        keep the weights of the best epoch. Unused by 'lbfgs'.
    scoring : str, callable or None, default='loss'
        Validation score: 'loss' (negated), the name of a scorer, ``scorer(estimator, X, y)``, or None for `score`.
    validation_fraction : float, default=0.1
        Fraction of the sequences (or groups, if `fit` gets them) set aside; stratified for single-label classification.
        With shuffle=False the last ones.
    validation_split : splitter or None, default=None
        Splitter, such as TimeSeriesSplit or CutoffSplit, whose last split of the rows of X, y and `groups`, as `fit`
        gets them, is into training and validation set, instead of validation_fraction.
    beta_1 : float, default=0.9
        Decay rate of the mean of the gradient in 'adam'.
    beta_2 : float, default=0.999
        Decay rate of the mean of the squared gradient in 'adam'.
    epsilon : float, default=1e-08
        Added to the root of the mean squared gradient in 'adam' and 'rmsprop'.
    rho : float, default=0.9
        Decay rate of the mean of the squared gradient in 'rmsprop'.
    momentum : float, default=0.9
        Momentum of 'sgd'.
    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the last fit. The architecture and the classes must be the same.
    missing : {'error', 'skip', 'forward'}, default='error'
        What a NaN inside a sequence means: an error; a time step to skip, with the state carried across it; or
        ('forward') the last value of the feature, beside further inputs, one a feature, that are 1 where it was NaN.
    bptt_steps : int or None, default=None
        Number of steps after which gradients are cut (truncated backpropagation); states are not. None: they are exact.
    dtype : {'float32', 'float64'} or None, default=None
        Precision of the computation, whatever that of X is. 'float32' is up to twice as fast. None: as X.
    n_jobs : int or None, default=None
        Number of threads; the result is the same. -1: all processors. None: 1, unless set by joblib.parallel_config.
    input_size : int or None, default=None
        Number of features per time step of a flat 2-D X, (n_samples, n_steps * input_size). None means one feature.
    verbose : bool or int, default=False
        Whether to print loss, validation score and time of each epoch.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes, times the sample weights. 'balanced' gives all the same total. Not for a multilabel y.
    label_smoothing : float, default=0.0
        Share of each target that is divided equally among all K classes (K = 2 for each label of a multilabel y).
    cell : str, default='elman'
        The recurrent cell: 'elman' (plain), 'lstm', 'lstm_no_forget' (of 1997), 'lstm_coupled' (i = 1 - f), 'gru'
        (reset gate after the product), 'gru_reset_before', 'gru_no_reset' (no reset gate) or 'mgu' (one gate).

    Attributes
    ----------
    best_iter_ : int
        Number of the epoch whose weights are kept: the best one with early_stopping, else the last one.
    best_loss_ : float or None
        Lowest training loss of an epoch, in nats. None if early_stopping chose the weights.
    best_validation_score_ : float or None
        Validation score of the weights kept by early_stopping, else the highest one. None without a validation set.
    bidirectional_ : bool
        Whether the network has two directions.
    categories_ : list of ndarray
        Categories seen in `fit`, ascending, of each feature that holds some. Only with categorical_features.
    classes_ : ndarray of shape (n_classes,)
        Class labels, ascending; for a multilabel indicator its column numbers.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, or of the data frames in X. Defined only if all of them are strings.
    is_categorical_ : ndarray of shape (n_features,)
        Which features hold categories. Only with categorical_features.
    loss_ : float
        Mean training loss of the last epoch, penalty included, in nats.
    loss_curve_ : list of float
        Mean training loss of each epoch (of each iteration for 'lbfgs'), penalty included, in nats.
    n_features_in_ : int
        Number of features per time step; of columns if X is 2-D.
    n_iter_ : int
        Number of epochs (iterations for 'lbfgs') of training, those before a warm start included.
    n_layers_ : int
        Number of recurrent layers, plus 1 for the output layer.
    n_outputs_ : int
        Number of outputs: 1 for two classes, else one for each class or label.
    n_static_features_in_ : int
        Number of static values of each sequence, 0 if X has none.
    out_activation_ : str
        Activation function of the outputs: 'softmax', or 'logistic' for two classes and for multilabel.
    static_feature_names_in_ : ndarray of shape (n_static_features_in_,)
        Column names of the static values. Defined only if X is a data frame that has some.
    static_mean_ : ndarray of shape (n_static_features_in_,)
        Training mean of each static value, in its unit; 0 if standardize=False. Only with static values.
    static_scale_ : ndarray of shape (n_static_features_in_,)
        Training standard deviation of each, in its unit; 1 if standardize=False.
    t_ : int
        Number of sequences seen by the solver in all epochs.
    theta_ : ndarray of shape (n_weights,)
        All weights in one vector, float32 or float64 as the computation.
    validation_loss_curve_ : list of float or None
        Mean validation loss after each epoch, without penalty, in nats. None without a validation set.
    validation_scores_ : list of float or None
        Validation score after each epoch, in the unit of scoring. None without a validation set.
    vocabulary_ : ndarray of shape (n_tokens,)
        Tokens seen in `fit`, ascending. Defined only with embedding_dim.
    weights_ : dict of str to ndarray
        Views of `theta_` by name. 'layer_0/forward/W': rows by gate, g, f, i, o for cell='lstm', n_units each; columns
        of [x; 1; h] (input, bias, state). All others: "Weights and their layout" in the guide.
    x_mean_ : ndarray of shape (n_features,)
        Training mean of each feature, in its unit; 0 if standardize=False and for categories. Not with tokens.
    x_scale_ : ndarray of shape (n_features,)
        Training standard deviation of each, in its unit; 1 if standardize=False and for categories. Not with tokens.

    See Also
    --------
    LSTMClassifier : Long short-term memory, for long sequences.
    GRUClassifier : Gated recurrent unit.
    RNNRegressor : The same network for numbers.

    Notes
    -----
    Float32 data is computed in float32, two to four times as fast as float64. Methods raise a NotFittedError before
    `fit`, and a ValueError if X does not match the X of `fit`. Results for each time step are a 1-D object array of an
    array per sequence, or one array (n_samples, n_steps, ...) if X is an array of numbers without padding. Methods for
    streams (`step`, `staged_predict`) need one direction and no attention pooling.

    References
    ----------
    Elman, J. L. (1990). Finding structure in time. Cognitive Science 14, 179-211.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import RNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(drift, 1, rng.integers(5, 15)).cumsum() for drift in [-1, 1] * 50]
    >>> y = ["falls", "rises"] * 50
    >>> model = RNNClassifier(16, cell="gru", max_iter=20, random_state=0).fit(X, y)
    >>> model.predict([np.array([0.0, 1, 2, 3]), np.array([0.0, -1, -2, -3, -4, -5])])
    array(['rises', 'falls'], dtype='<U5')
    """

    _parameters = CLASSIFIER | ANY_CELL
    _parameter_constraints = constraints_of(_parameters)

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = 64,
        *,
        activation: Literal["tanh", "relu", "logistic"] | str = "tanh",
        bidirectional: bool | Literal["auto"] = "auto",
        pooling: Literal["last", "mean", "max", "attention"] | str | Sequence[str] = ("last", "mean", "max"),
        return_sequences: bool = False,
        embedding_dim: int | Literal["auto"] | str | Sequence[int] | None = None,
        categorical_features: Sequence[Any] | np.ndarray | Literal["from_dtype"] | str | None = None,
        embedding_init: np.ndarray | dict[int, Any] | str | os.PathLike[str] | None = None,
        embedding_trainable: bool = True,
        pad_token: int | None = None,
        pad_value: float | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        forget_bias: float | Literal["auto", "chrono"] | str = "auto",
        standardize: bool = True,
        solver: Literal["adam", "rmsprop", "sgd", "lbfgs"] | str = "adam",
        alpha: float = 0.1,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = 1.0,
        batch_size: int | Literal["auto"] | str = 32,
        learning_rate: Literal["constant", "cosine", "onecycle", "invscaling", "adaptive"] | str = "cosine",
        learning_rate_init: float = 0.005,
        warmup_steps: int = 0,
        power_t: float = 0.5,
        max_iter: int = 100,
        max_fun: int = 15000,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 0.0001,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        scoring: str | Callable[..., float] | None = "loss",
        validation_fraction: float = 0.1,
        validation_split: Any = None,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        rho: float = 0.9,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        warm_start: bool = False,
        missing: Literal["error", "skip", "forward"] | str = "error",
        bptt_steps: int | None = None,
        dtype: Literal["float32", "float64"] | str | None = None,
        n_jobs: int | None = None,
        input_size: int | None = None,
        verbose: bool | int = False,
        class_weight: dict[Any, Any] | str | None = None,
        label_smoothing: float = 0.0,
        cell: Literal[
            "elman", "lstm", "lstm_no_forget", "lstm_coupled", "gru", "gru_reset_before", "gru_no_reset", "mgu"
        ]
        | str = "elman",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.return_sequences = return_sequences
        self.embedding_dim = embedding_dim
        self.categorical_features = categorical_features
        self.embedding_init = embedding_init
        self.embedding_trainable = embedding_trainable
        self.pad_token = pad_token
        self.pad_value = pad_value
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.forget_bias = forget_bias
        self.standardize = standardize
        self.solver = solver
        self.alpha = alpha
        self.weight_decay = weight_decay
        self.max_grad_norm = max_grad_norm
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.warmup_steps = warmup_steps
        self.power_t = power_t
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.validation_split = validation_split
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.rho = rho
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.warm_start = warm_start
        self.missing = missing
        self.bptt_steps = bptt_steps
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.input_size = input_size
        self.verbose = verbose
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.cell = cell


class LSTMClassifier(BaseClassifier):
    """Classifier of sequences by a long short-term memory network.

    The cell state changes by a product with the forget gate and a sum, so that gradients survive hundreds of steps. The
    objective is that of `RNNClassifier`.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=64
        Number of units of the recurrent layer. A tuple stacks layers, each reading the states of the one below.
    activation : {'tanh', 'relu', 'logistic'}, default='tanh'
        Activation φ of candidate states and of LSTM cell states at the output. 'relu' may need a lower learning rate.
    bidirectional : bool or 'auto', default='auto'
        Whether each layer also reads sequences backward, from the last step that is not padding, with units of its own.
        'auto' is False with return_sequences, where a step would see those to be predicted, else True.
    pooling : {'last', 'mean', 'max', 'attention'} or tuple of them, default=('last', 'mean', 'max')
        How the states of the top layer become one vector: last state of each direction, mean or maximum over time, or
        mean with learned weights (see `attention_weights`). Several are joined. Unused with return_sequences.
    return_sequences : bool, default=False
        Whether y and predictions have one value or label per time step: an array per sequence, as long as it.
    embedding_dim : int, 'auto', tuple of int or None, default=None
        If given, X holds tokens, one non-negative integer per step. Each token seen in `fit` has a learned vector of
        this size; others have zeros, unless `partial_fit` trains their vector. 32-bit tokens are computed in float32.
        'auto': round(1.6 * n_tokens ** 0.56), at most 600. With categorical_features see there.
    categorical_features : array-like of int, str or bool, 'from_dtype' or None, default=None
        Indices, names or mask of the features that hold categories (strings, numbers; a missing value is one, too);
        'from_dtype': those of categorical dtype. Each category has a vector, like a token, of size embedding_dim: one
        int, one for each of these features, or None for 'auto'.
    embedding_init : array of shape (n_ids, embedding_dim), dict, path of a .npy file or None, default=None
        Vectors that tokens begin with: rows by id, or a dict from id to vector. Those of other tokens are drawn.
    embedding_trainable : bool, default=True
        Whether to train the vectors of embedding_init. Drawn ones are always trained.
    pad_token : int or None, default=None
        The token that pads the ends of a row if X is an array; in a list it is an ordinary token. None: no padding.
    pad_value : float or None, default=None
        Steps at the ends of an array X whose features all equal it are padding, as those of NaN always are.
    dropout : float, default=0.0
        Probability of dropping a unit between layers and before the output in training, per sequence. Not for 'lbfgs'.
    recurrent_dropout : float, default=0.0
        Probability of dropping a unit of the state that the next step reads in training, per sequence. Not for 'lbfgs'.
    forget_bias : float, 'auto' or 'chrono', default='auto'
        Initial bias of the gate that keeps the state: forget gate of LSTM cells, update gate of GRU cells (negative for
        'mgu'). 'auto' is 1 for LSTM and 0 for GRU cells; 'chrono' draws log U(1, T - 1) for lengths of up to T.
    standardize : bool, default=True
        Whether to scale each feature to mean 0 and variance 1 over all time steps of the training set.
    solver : {'adam', 'rmsprop', 'sgd', 'lbfgs'}, default='adam'
        The optimizer: one that uses mini-batches, or 'lbfgs' on the whole training set, for a few hundred sequences.
    alpha : float, default=0.1
        Strength of the L2 penalty alpha / 2 * ||weights||^2, without biases. It is divided by the sum of all weights
        (sample times class; per target, if a sequence has several) and added to the mean loss.
    weight_decay : float, default=0.0
        Decoupled decay of weights, not biases, by weight_decay times the learning rate per step. Unused by 'lbfgs'.
    max_grad_norm : float or None, default=1.0
        Gradients of larger Euclidean norm are scaled down to it before each step. None: never. Unused by 'lbfgs'.
    batch_size : int or 'auto', default=32
        Number of sequences in a mini-batch. 'auto' is min(200, n_samples). Unused by 'lbfgs'.
    learning_rate : {'constant', 'cosine', 'onecycle', 'invscaling', 'adaptive'}, default='cosine'
        Schedule: 'cosine' falls to 0 over max_iter epochs, 'onecycle' first rises for 30 % of them, 'invscaling'
        divides by (sequences seen + 1) ** power_t, 'adaptive' by 5 when training stalls (see tol). Unused by 'lbfgs'.
    learning_rate_init : float, default=0.005
        Learning rate that the schedule falls from. 'onecycle' rises to it from a 25th.
    warmup_steps : int, default=0
        Number of mini-batches in which the learning rate first rises linearly from 0 to that of the schedule.
    power_t : float, default=0.5
        Exponent of learning_rate='invscaling'.
    max_iter : int, default=100
        Maximum number of epochs (iterations of 'lbfgs'). Reaching it without convergence gives a warning (see `fit`).
    max_fun : int, default=15000
        Maximum number of evaluations of the loss by 'lbfgs'.
    shuffle : bool, default=True
        Whether to draw new mini-batches in each epoch. Equal sequences are then merged first, so that the order of X
        has no effect, and weight 2 is exactly the sequence given twice. False keeps the order of X.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, mini-batches, dropout and validation split. An int gives the same bits on the same machine.
    tol : float, default=0.0001
        Smallest improvement of the loss (with early_stopping, of the validation score), in its own unit; see
        n_iter_no_change. For 'lbfgs', the largest gradient entry at convergence.
    n_iter_no_change : int, default=10
        Number of epochs without an improvement by tol after which training stalls.
    early_stopping : bool, default=False
        Whether to set aside a part of the training set (or use X_val of `fit`), stop when the score on it stalls, and
        keep the weights of the best epoch. Unused by 'lbfgs'.
    scoring : str, callable or None, default='loss'
        Validation score: 'loss' (negated), the name of a scorer, ``scorer(estimator, X, y)``, or None for `score`.
    validation_fraction : float, default=0.1
        Fraction of the sequences (or groups, if `fit` gets them) set aside; stratified for single-label classification.
        With shuffle=False the last ones.
    validation_split : splitter or None, default=None
        Splitter, such as TimeSeriesSplit or CutoffSplit, whose last split of the rows of X, y and `groups`, as `fit`
        gets them, is into training and validation set, instead of validation_fraction.
    beta_1 : float, default=0.9
        Decay rate of the mean of the gradient in 'adam'.
    beta_2 : float, default=0.999
        Decay rate of the mean of the squared gradient in 'adam'.
    epsilon : float, default=1e-08
        Added to the root of the mean squared gradient in 'adam' and 'rmsprop'.
    rho : float, default=0.9
        Decay rate of the mean of the squared gradient in 'rmsprop'.
    momentum : float, default=0.9
        Momentum of 'sgd'.
    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the last fit. The architecture and the classes must be the same.
    missing : {'error', 'skip', 'forward'}, default='error'
        What a NaN inside a sequence means: an error; a time step to skip, with the state carried across it; or
        ('forward') the last value of the feature, beside further inputs, one a feature, that are 1 where it was NaN.
    bptt_steps : int or None, default=None
        Number of steps after which gradients are cut (truncated backpropagation); states are not. None: they are exact.
    dtype : {'float32', 'float64'} or None, default=None
        Precision of the computation, whatever that of X is. 'float32' is up to twice as fast. None: as X.
    n_jobs : int or None, default=None
        Number of threads; the result is the same. -1: all processors. None: 1, unless set by joblib.parallel_config.
    input_size : int or None, default=None
        Number of features per time step of a flat 2-D X, (n_samples, n_steps * input_size). None means one feature.
    verbose : bool or int, default=False
        Whether to print loss, validation score and time of each epoch.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes, times the sample weights. 'balanced' gives all the same total. Not for a multilabel y.
    label_smoothing : float, default=0.0
        Share of each target that is divided equally among all K classes (K = 2 for each label of a multilabel y).

    Attributes
    ----------
    best_iter_ : int
        Number of the epoch whose weights are kept: the best one with early_stopping, else the last one.
    best_loss_ : float or None
        Lowest training loss of an epoch, in nats. None if early_stopping chose the weights.
    best_validation_score_ : float or None
        Validation score of the weights kept by early_stopping, else the highest one. None without a validation set.
    bidirectional_ : bool
        Whether the network has two directions.
    categories_ : list of ndarray
        Categories seen in `fit`, ascending, of each feature that holds some. Only with categorical_features.
    classes_ : ndarray of shape (n_classes,)
        Class labels, ascending; for a multilabel indicator its column numbers.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, or of the data frames in X. Defined only if all of them are strings.
    is_categorical_ : ndarray of shape (n_features,)
        Which features hold categories. Only with categorical_features.
    loss_ : float
        Mean training loss of the last epoch, penalty included, in nats.
    loss_curve_ : list of float
        Mean training loss of each epoch (of each iteration for 'lbfgs'), penalty included, in nats.
    n_features_in_ : int
        Number of features per time step; of columns if X is 2-D.
    n_iter_ : int
        Number of epochs (iterations for 'lbfgs') of training, those before a warm start included.
    n_layers_ : int
        Number of recurrent layers, plus 1 for the output layer.
    n_outputs_ : int
        Number of outputs: 1 for two classes, else one for each class or label.
    n_static_features_in_ : int
        Number of static values of each sequence, 0 if X has none.
    out_activation_ : str
        Activation function of the outputs: 'softmax', or 'logistic' for two classes and for multilabel.
    static_feature_names_in_ : ndarray of shape (n_static_features_in_,)
        Column names of the static values. Defined only if X is a data frame that has some.
    static_mean_ : ndarray of shape (n_static_features_in_,)
        Training mean of each static value, in its unit; 0 if standardize=False. Only with static values.
    static_scale_ : ndarray of shape (n_static_features_in_,)
        Training standard deviation of each, in its unit; 1 if standardize=False.
    t_ : int
        Number of sequences seen by the solver in all epochs.
    theta_ : ndarray of shape (n_weights,)
        All weights in one vector, float32 or float64 as the computation.
    validation_loss_curve_ : list of float or None
        Mean validation loss after each epoch, without penalty, in nats. None without a validation set.
    validation_scores_ : list of float or None
        Validation score after each epoch, in the unit of scoring. None without a validation set.
    vocabulary_ : ndarray of shape (n_tokens,)
        Tokens seen in `fit`, ascending. Defined only with embedding_dim.
    weights_ : dict of str to ndarray
        Views of `theta_` by name. 'layer_0/forward/W' of shape (4 * n_units, n_inputs + 1 + n_units): rows of the gates
        g, f, i, o (candidate, forget, input, output), n_units each; columns of [x; 1; h] (input, bias, state). All
        others: "Weights and their layout" in the guide.
    x_mean_ : ndarray of shape (n_features,)
        Training mean of each feature, in its unit; 0 if standardize=False and for categories. Not with tokens.
    x_scale_ : ndarray of shape (n_features,)
        Training standard deviation of each, in its unit; 1 if standardize=False and for categories. Not with tokens.

    See Also
    --------
    GRUClassifier : Three quarters of the weights, often as good.
    RNNClassifier : Any other cell.
    LSTMRegressor : The same network for numbers.

    Notes
    -----
    i, f, o = σ(W x + U h + b), g = φ(W x + U h + b), c' = f ∘ c + i ∘ g, h' = o ∘ φ(c'); no peepholes. Float32 data is
    computed in float32, two to four times as fast as float64. Methods raise a NotFittedError before `fit`, and a
    ValueError if X does not match the X of `fit`. Results for each time step are a 1-D object array of an array per
    sequence, or one array (n_samples, n_steps, ...) if X is an array of numbers without padding. Methods for streams
    (`step`, `staged_predict`) need one direction and no attention pooling.

    References
    ----------
    Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9, 1735-1780.
    Gers, F. A., Schmidhuber, J. & Cummins, F. (2000). Learning to forget. Neural Computation 12, 2451-2471.

    Examples
    --------
    Handwritten digits, read row by row: 8 steps of 8 pixels.

    >>> from sklearn.datasets import load_digits
    >>> from sklearn_recurrent import LSTMClassifier
    >>> digits = load_digits()
    >>> X, y = digits.images[:200], digits.target[:200]
    >>> LSTMClassifier(16, max_iter=20, random_state=0).fit(X, y).score(X, y) > 0.9
    True
    """

    cell = "lstm"


class GRUClassifier(BaseClassifier):
    """Classifier of sequences by a network of gated recurrent units.

    The update gate mixes the old state with a new candidate. The reset gate acts after the product, as in cuDNN and
    PyTorch. The objective is that of `RNNClassifier`.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=64
        Number of units of the recurrent layer. A tuple stacks layers, each reading the states of the one below.
    activation : {'tanh', 'relu', 'logistic'}, default='tanh'
        Activation φ of candidate states and of LSTM cell states at the output. 'relu' may need a lower learning rate.
    bidirectional : bool or 'auto', default='auto'
        Whether each layer also reads sequences backward, from the last step that is not padding, with units of its own.
        'auto' is False with return_sequences, where a step would see those to be predicted, else True.
    pooling : {'last', 'mean', 'max', 'attention'} or tuple of them, default=('last', 'mean', 'max')
        How the states of the top layer become one vector: last state of each direction, mean or maximum over time, or
        mean with learned weights (see `attention_weights`). Several are joined. Unused with return_sequences.
    return_sequences : bool, default=False
        Whether y and predictions have one value or label per time step: an array per sequence, as long as it.
    embedding_dim : int, 'auto', tuple of int or None, default=None
        If given, X holds tokens, one non-negative integer per step. Each token seen in `fit` has a learned vector of
        this size; others have zeros, unless `partial_fit` trains their vector. 32-bit tokens are computed in float32.
        'auto': round(1.6 * n_tokens ** 0.56), at most 600. With categorical_features see there.
    categorical_features : array-like of int, str or bool, 'from_dtype' or None, default=None
        Indices, names or mask of the features that hold categories (strings, numbers; a missing value is one, too);
        'from_dtype': those of categorical dtype. Each category has a vector, like a token, of size embedding_dim: one
        int, one for each of these features, or None for 'auto'.
    embedding_init : array of shape (n_ids, embedding_dim), dict, path of a .npy file or None, default=None
        Vectors that tokens begin with: rows by id, or a dict from id to vector. Those of other tokens are drawn.
    embedding_trainable : bool, default=True
        Whether to train the vectors of embedding_init. Drawn ones are always trained.
    pad_token : int or None, default=None
        The token that pads the ends of a row if X is an array; in a list it is an ordinary token. None: no padding.
    pad_value : float or None, default=None
        Steps at the ends of an array X whose features all equal it are padding, as those of NaN always are.
    dropout : float, default=0.0
        Probability of dropping a unit between layers and before the output in training, per sequence. Not for 'lbfgs'.
    recurrent_dropout : float, default=0.0
        Probability of dropping a unit of the state that the next step reads in training, per sequence. Not for 'lbfgs'.
    forget_bias : float, 'auto' or 'chrono', default='auto'
        Initial bias of the gate that keeps the state: forget gate of LSTM cells, update gate of GRU cells (negative for
        'mgu'). 'auto' is 1 for LSTM and 0 for GRU cells; 'chrono' draws log U(1, T - 1) for lengths of up to T.
    standardize : bool, default=True
        Whether to scale each feature to mean 0 and variance 1 over all time steps of the training set.
    solver : {'adam', 'rmsprop', 'sgd', 'lbfgs'}, default='adam'
        The optimizer: one that uses mini-batches, or 'lbfgs' on the whole training set, for a few hundred sequences.
    alpha : float, default=0.1
        Strength of the L2 penalty alpha / 2 * ||weights||^2, without biases. It is divided by the sum of all weights
        (sample times class; per target, if a sequence has several) and added to the mean loss.
    weight_decay : float, default=0.0
        Decoupled decay of weights, not biases, by weight_decay times the learning rate per step. Unused by 'lbfgs'.
    max_grad_norm : float or None, default=1.0
        Gradients of larger Euclidean norm are scaled down to it before each step. None: never. Unused by 'lbfgs'.
    batch_size : int or 'auto', default=32
        Number of sequences in a mini-batch. 'auto' is min(200, n_samples). Unused by 'lbfgs'.
    learning_rate : {'constant', 'cosine', 'onecycle', 'invscaling', 'adaptive'}, default='cosine'
        Schedule: 'cosine' falls to 0 over max_iter epochs, 'onecycle' first rises for 30 % of them, 'invscaling'
        divides by (sequences seen + 1) ** power_t, 'adaptive' by 5 when training stalls (see tol). Unused by 'lbfgs'.
    learning_rate_init : float, default=0.005
        Learning rate that the schedule falls from. 'onecycle' rises to it from a 25th.
    warmup_steps : int, default=0
        Number of mini-batches in which the learning rate first rises linearly from 0 to that of the schedule.
    power_t : float, default=0.5
        Exponent of learning_rate='invscaling'.
    max_iter : int, default=100
        Maximum number of epochs (iterations of 'lbfgs'). Reaching it without convergence gives a warning (see `fit`).
    max_fun : int, default=15000
        Maximum number of evaluations of the loss by 'lbfgs'.
    shuffle : bool, default=True
        Whether to draw new mini-batches in each epoch. Equal sequences are then merged first, so that the order of X
        has no effect, and weight 2 is exactly the sequence given twice. False keeps the order of X.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, mini-batches, dropout and validation split. An int gives the same bits on the same machine.
    tol : float, default=0.0001
        Smallest improvement of the loss (with early_stopping, of the validation score), in its own unit; see
        n_iter_no_change. For 'lbfgs', the largest gradient entry at convergence.
    n_iter_no_change : int, default=10
        Number of epochs without an improvement by tol after which training stalls.
    early_stopping : bool, default=False
        Whether to set aside a part of the training set (or use X_val of `fit`), stop when the score on it stalls, and
        keep the weights of the best epoch. Unused by 'lbfgs'.
    scoring : str, callable or None, default='loss'
        Validation score: 'loss' (negated), the name of a scorer, ``scorer(estimator, X, y)``, or None for `score`.
    validation_fraction : float, default=0.1
        Fraction of the sequences (or groups, if `fit` gets them) set aside; stratified for single-label classification.
        With shuffle=False the last ones.
    validation_split : splitter or None, default=None
        Splitter, such as TimeSeriesSplit or CutoffSplit, whose last split of the rows of X, y and `groups`, as `fit`
        gets them, is into training and validation set, instead of validation_fraction.
    beta_1 : float, default=0.9
        Decay rate of the mean of the gradient in 'adam'.
    beta_2 : float, default=0.999
        Decay rate of the mean of the squared gradient in 'adam'.
    epsilon : float, default=1e-08
        Added to the root of the mean squared gradient in 'adam' and 'rmsprop'.
    rho : float, default=0.9
        Decay rate of the mean of the squared gradient in 'rmsprop'.
    momentum : float, default=0.9
        Momentum of 'sgd'.
    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the last fit. The architecture and the classes must be the same.
    missing : {'error', 'skip', 'forward'}, default='error'
        What a NaN inside a sequence means: an error; a time step to skip, with the state carried across it; or
        ('forward') the last value of the feature, beside further inputs, one a feature, that are 1 where it was NaN.
    bptt_steps : int or None, default=None
        Number of steps after which gradients are cut (truncated backpropagation); states are not. None: they are exact.
    dtype : {'float32', 'float64'} or None, default=None
        Precision of the computation, whatever that of X is. 'float32' is up to twice as fast. None: as X.
    n_jobs : int or None, default=None
        Number of threads; the result is the same. -1: all processors. None: 1, unless set by joblib.parallel_config.
    input_size : int or None, default=None
        Number of features per time step of a flat 2-D X, (n_samples, n_steps * input_size). None means one feature.
    verbose : bool or int, default=False
        Whether to print loss, validation score and time of each epoch.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes, times the sample weights. 'balanced' gives all the same total. Not for a multilabel y.
    label_smoothing : float, default=0.0
        Share of each target that is divided equally among all K classes (K = 2 for each label of a multilabel y).

    Attributes
    ----------
    best_iter_ : int
        Number of the epoch whose weights are kept: the best one with early_stopping, else the last one.
    best_loss_ : float or None
        Lowest training loss of an epoch, in nats. None if early_stopping chose the weights.
    best_validation_score_ : float or None
        Validation score of the weights kept by early_stopping, else the highest one. None without a validation set.
    bidirectional_ : bool
        Whether the network has two directions.
    categories_ : list of ndarray
        Categories seen in `fit`, ascending, of each feature that holds some. Only with categorical_features.
    classes_ : ndarray of shape (n_classes,)
        Class labels, ascending; for a multilabel indicator its column numbers.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, or of the data frames in X. Defined only if all of them are strings.
    is_categorical_ : ndarray of shape (n_features,)
        Which features hold categories. Only with categorical_features.
    loss_ : float
        Mean training loss of the last epoch, penalty included, in nats.
    loss_curve_ : list of float
        Mean training loss of each epoch (of each iteration for 'lbfgs'), penalty included, in nats.
    n_features_in_ : int
        Number of features per time step; of columns if X is 2-D.
    n_iter_ : int
        Number of epochs (iterations for 'lbfgs') of training, those before a warm start included.
    n_layers_ : int
        Number of recurrent layers, plus 1 for the output layer.
    n_outputs_ : int
        Number of outputs: 1 for two classes, else one for each class or label.
    n_static_features_in_ : int
        Number of static values of each sequence, 0 if X has none.
    out_activation_ : str
        Activation function of the outputs: 'softmax', or 'logistic' for two classes and for multilabel.
    static_feature_names_in_ : ndarray of shape (n_static_features_in_,)
        Column names of the static values. Defined only if X is a data frame that has some.
    static_mean_ : ndarray of shape (n_static_features_in_,)
        Training mean of each static value, in its unit; 0 if standardize=False. Only with static values.
    static_scale_ : ndarray of shape (n_static_features_in_,)
        Training standard deviation of each, in its unit; 1 if standardize=False.
    t_ : int
        Number of sequences seen by the solver in all epochs.
    theta_ : ndarray of shape (n_weights,)
        All weights in one vector, float32 or float64 as the computation.
    validation_loss_curve_ : list of float or None
        Mean validation loss after each epoch, without penalty, in nats. None without a validation set.
    validation_scores_ : list of float or None
        Validation score after each epoch, in the unit of scoring. None without a validation set.
    vocabulary_ : ndarray of shape (n_tokens,)
        Tokens seen in `fit`, ascending. Defined only with embedding_dim.
    weights_ : dict of str to ndarray
        Views of `theta_` by name. 'layer_0/forward/W_rz': rows of the reset, then of the update gate, n_units each;
        columns of [x; 1; h] (input, bias, state). 'layer_0/forward/U_a': columns of [1; h]. 'layer_0/forward/W_n'
        (candidate): columns of [x; 1]. All others: "Weights and their layout" in the guide.
    x_mean_ : ndarray of shape (n_features,)
        Training mean of each feature, in its unit; 0 if standardize=False and for categories. Not with tokens.
    x_scale_ : ndarray of shape (n_features,)
        Training standard deviation of each, in its unit; 1 if standardize=False and for categories. Not with tokens.

    See Also
    --------
    LSTMClassifier : With a separate cell state.
    RNNClassifier : Any other cell, including the other forms of the GRU.
    GRURegressor : The same network for numbers.

    Notes
    -----
    r, z = σ(W x + U h + b), n = φ(W x + b + r ∘ (U h + b)), h' = (1 - z) ∘ n + z ∘ h. Float32 data is computed in
    float32, two to four times as fast as float64. Methods raise a NotFittedError before `fit`, and a ValueError if X
    does not match the X of `fit`. Results for each time step are a 1-D object array of an array per sequence, or one
    array (n_samples, n_steps, ...) if X is an array of numbers without padding. Methods for streams (`step`,
    `staged_predict`) need one direction and no attention pooling.

    References
    ----------
    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder. EMNLP, 1724-1734.

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

    cell = "gru"
