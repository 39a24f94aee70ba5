"""Regressors of sequences."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, Self, overload

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_array, column_or_1d

from .._data.targets import numbers_of_targets, refuse_more_axes
from .._sklearn import _fit_context, available_if
from .base import trains_by_mini_batches
from .parameters import ANY_CELL, REGRESSOR, constraints_of, loss_of, quantiles_of
from .recurrent import BaseRecurrent
from .scoring import metric_of_loss
from .streaming import StreamState
from .target_encoders import NumberEncoder


class BaseRegressor(RegressorMixin, BaseRecurrent):
    _parameters = REGRESSOR
    _parameter_constraints = constraints_of(REGRESSOR)

    y_mean_: np.ndarray
    y_scale_: np.ndarray

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
        loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] | str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        huber_delta: float = 1.35,
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
        self.loss = loss
        self.quantile = quantile
        self.huber_delta = huber_delta

    @available_if(trains_by_mini_batches)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None) -> Self:
        """Train for one epoch, starting from the present weights.

        The scaling of features (or the vocabulary) and of y is that of the first call. The learning rate is constant,
        unless learning_rate='invscaling'. There is no validation set, and callbacks are not called.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers, as in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        AttributeError, ValueError
            If solver='lbfgs', which uses no mini-batches; if y has another number of outputs than in the first call.
        """
        return self._fit(X, y, sample_weight, resume=hasattr(self, "theta_"), one_epoch=True)

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
        """Predict one or several numbers for each sequence, or for each of its steps.

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
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in the unit of y, float64. Several quantiles are a last axis, ascending. With return_sequences,
            predictions for each time step, (n_steps_i,) or (n_steps_i, n_outputs) for each sequence (see Notes).
        state : StreamState
            Only if `return_state`.
        """
        return self._respond_from("predict", X, initial_state, return_state)

    def score(self, X, y, sample_weight=None) -> float:
        """Return R² (D² for loss='quantile'), with return_sequences over all steps of all sequences.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True values. With return_sequences, one array per sequence; steps with NaN are left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sequence, or an array of step weights for each.

        Returns
        -------
        score : float
            1 minus the squared error over the variance, averaged over outputs; at most 1. For loss='quantile', 1 minus
            the pinball loss over that of the quantile of y, averaged over quantiles and outputs.
        """
        return self._score(metric_of_loss(*self._fitted_state().loss), X, y, sample_weight)

    _encoder_class = NumberEncoder

    def _validate_target(self, y, lengths=None):
        y = numbers_of_targets(y, lengths)
        y = check_array(
            y, ensure_2d=False, allow_nd=True, dtype=np.float64, ensure_all_finite="allow-nan", input_name="y"
        )
        refuse_more_axes(y, lengths)
        if lengths is None and np.isnan(y).any():  # a step may be without a target, a sequence may not
            j = np.isnan(y.reshape(len(y), -1)).any(axis=1).argmax()
            hint = " Leave out such sequences, in X, too"
            if y.ndim == 2:
                hint += "; or use Seq2SeqRegressor, for which NaN in y is no target"
            raise ValueError(f"Input y contains NaN in sequence {j}.{hint}.")
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _fit_encoder(self, dataset, classes, encoder):
        link = "exponential" if self.loss == "poisson" else "identity"
        if encoder is not None and link != encoder.link:
            raise ValueError(
                "Training cannot continue, since loss changed to or from 'poisson'. Call fit with warm_start=False."
            )
        form = {
            "link": link,
            "n_quantiles": len(self._quantiles()) or 1,
            "several_quantiles": self.loss == "quantile" and np.ndim(self.quantile) > 0,
        }
        if encoder is None:
            return NumberEncoder.fit(dataset.y, dataset.weight, **form)
        return replace(encoder, is_1d=dataset.y.ndim == 1, **form)

    def _quantiles(self):
        return quantiles_of(self.quantile) if self.loss == "quantile" else ()

    def _loss_and_settings(self, encoder):
        return loss_of(self.loss, self._quantiles(), self.huber_delta)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class RNNRegressor(BaseRegressor):
    """Regressor of sequences by a recurrent network with any cell.

    The network reads each sequence step by step, pools the states of the top layer into one vector, and applies a dense
    layer. Targets are scaled to mean 0 and variance 1. It minimizes the weighted mean of half the squared error, or of
    another `loss`, plus the L2 penalty, with gradients by backpropagation through time:

        sum_i w_i * mean_k (f_k(x_i) - y_ik)^2 / 2 / sum_i w_i  +  alpha / 2 * ||weights||^2 / sum_i w_i

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
    loss : {'squared_error', 'absolute_error', 'huber', 'poisson', 'quantile'}, default='squared_error'
        The loss. 'squared_error' (half of it) estimates the mean of y, 'absolute_error' its median. 'huber' is squared
        up to huber_delta and linear beyond. 'poisson', half the deviance, estimates the mean of a y of counts or other
        non-negative values, by its logarithm. 'quantile' is the pinball loss.
    quantile : float or tuple of float, default=0.5
        Quantile of y to predict with loss='quantile', between 0 and 1. Several are predicted in ascending order.
    huber_delta : float, default=1.35
        Error above which loss='huber' is linear, in standard deviations of y (see `y_scale_`).
    cell : str, default='elman'
        The recurrent cell: 'elman' (plain), 'lstm', 'lstm_no_forget' (of 1997), 'lstm_coupled' (i = 1 - f), 'gru'
        (reset gate after the product), 'gru_reset_before', 'gru_no_reset' (no reset gate) or 'mgu' (one gate).

    Attributes
    ----------
    best_iter_ : int
        Number of the epoch whose weights are kept: the best one with early_stopping, else the last one.
    best_loss_ : float or None
        Lowest training loss of an epoch, in the unit of the loss of y scaled by `y_scale_`. None if early_stopping
        chose the weights.
    best_validation_score_ : float or None
        Validation score of the weights kept by early_stopping, else the highest one. None without a validation set.
    bidirectional_ : bool
        Whether the network has two directions.
    categories_ : list of ndarray
        Categories seen in `fit`, ascending, of each feature that holds some. Only with categorical_features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, or of the data frames in X. Defined only if all of them are strings.
    is_categorical_ : ndarray of shape (n_features,)
        Which features hold categories. Only with categorical_features.
    loss_ : float
        Mean training loss of the last epoch, penalty included, in the unit of the loss of y scaled by `y_scale_`.
    loss_curve_ : list of float
        Mean training loss of each epoch (of each iteration for 'lbfgs'), penalty included, in the unit of the loss of y
        scaled by `y_scale_`.
    n_features_in_ : int
        Number of features per time step; of columns if X is 2-D.
    n_iter_ : int
        Number of epochs (iterations for 'lbfgs') of training, those before a warm start included.
    n_layers_ : int
        Number of recurrent layers, plus 1 for the output layer.
    n_outputs_ : int
        Number of outputs: targets, times quantiles if loss='quantile'.
    n_static_features_in_ : int
        Number of static values of each sequence, 0 if X has none.
    out_activation_ : str
        Activation function of the outputs: 'identity', or 'exponential' if loss='poisson'.
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
        Mean validation loss after each epoch, without penalty, in the unit of the loss of y scaled by `y_scale_`. None
        without a validation set.
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
    y_mean_ : ndarray of shape (n_targets,)
        Mean of each target, subtracted from it, in the unit of y; 0 if loss='poisson'.
    y_scale_ : ndarray of shape (n_targets,)
        Standard deviation of each target (its mean if loss='poisson'), which it is divided by, in the unit of y.

    See Also
    --------
    LSTMRegressor : Long short-term memory, for long sequences.
    GRURegressor : Gated recurrent unit.
    RNNClassifier : The same network for classes.

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
    The mean of a sequence:

    >>> import numpy as np
    >>> from sklearn_recurrent import RNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(rng.normal(), 1, rng.integers(5, 15)) for _ in range(200)]
    >>> y = [x.mean() for x in X]
    >>> RNNRegressor(16, max_iter=50, random_state=0).fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.9
    True
    """

    _parameters = REGRESSOR | ANY_CELL
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
        loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] | str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        huber_delta: float = 1.35,
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
        self.loss = loss
        self.quantile = quantile
        self.huber_delta = huber_delta
        self.cell = cell


class LSTMRegressor(BaseRegressor):
    """Regressor of sequences by a long short-term memory network.

    The cell state changes by a product with the forget gate and a sum, so that gradients survive hundreds of steps. The
    objective is that of `RNNRegressor`.

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
    loss : {'squared_error', 'absolute_error', 'huber', 'poisson', 'quantile'}, default='squared_error'
        The loss. 'squared_error' (half of it) estimates the mean of y, 'absolute_error' its median. 'huber' is squared
        up to huber_delta and linear beyond. 'poisson', half the deviance, estimates the mean of a y of counts or other
        non-negative values, by its logarithm. 'quantile' is the pinball loss.
    quantile : float or tuple of float, default=0.5
        Quantile of y to predict with loss='quantile', between 0 and 1. Several are predicted in ascending order.
    huber_delta : float, default=1.35
        Error above which loss='huber' is linear, in standard deviations of y (see `y_scale_`).

    Attributes
    ----------
    best_iter_ : int
        Number of the epoch whose weights are kept: the best one with early_stopping, else the last one.
    best_loss_ : float or None
        Lowest training loss of an epoch, in the unit of the loss of y scaled by `y_scale_`. None if early_stopping
        chose the weights.
    best_validation_score_ : float or None
        Validation score of the weights kept by early_stopping, else the highest one. None without a validation set.
    bidirectional_ : bool
        Whether the network has two directions.
    categories_ : list of ndarray
        Categories seen in `fit`, ascending, of each feature that holds some. Only with categorical_features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, or of the data frames in X. Defined only if all of them are strings.
    is_categorical_ : ndarray of shape (n_features,)
        Which features hold categories. Only with categorical_features.
    loss_ : float
        Mean training loss of the last epoch, penalty included, in the unit of the loss of y scaled by `y_scale_`.
    loss_curve_ : list of float
        Mean training loss of each epoch (of each iteration for 'lbfgs'), penalty included, in the unit of the loss of y
        scaled by `y_scale_`.
    n_features_in_ : int
        Number of features per time step; of columns if X is 2-D.
    n_iter_ : int
        Number of epochs (iterations for 'lbfgs') of training, those before a warm start included.
    n_layers_ : int
        Number of recurrent layers, plus 1 for the output layer.
    n_outputs_ : int
        Number of outputs: targets, times quantiles if loss='quantile'.
    n_static_features_in_ : int
        Number of static values of each sequence, 0 if X has none.
    out_activation_ : str
        Activation function of the outputs: 'identity', or 'exponential' if loss='poisson'.
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
        Mean validation loss after each epoch, without penalty, in the unit of the loss of y scaled by `y_scale_`. None
        without a validation set.
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
    y_mean_ : ndarray of shape (n_targets,)
        Mean of each target, subtracted from it, in the unit of y; 0 if loss='poisson'.
    y_scale_ : ndarray of shape (n_targets,)
        Standard deviation of each target (its mean if loss='poisson'), which it is divided by, in the unit of y.

    See Also
    --------
    GRURegressor : Three quarters of the weights, often as good.
    RNNRegressor : Any other cell.
    LSTMClassifier : The same network for classes.

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
    The next value of a sine wave, from windows of it:

    >>> import numpy as np
    >>> from sklearn_recurrent import LSTMRegressor
    >>> wave = np.sin(0.3 * np.arange(300))
    >>> windows = np.lib.stride_tricks.sliding_window_view(wave, 21)
    >>> X, y = windows[:, :20], windows[:, 20]
    >>> LSTMRegressor(8, max_iter=30, random_state=0).fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.99
    True
    """

    cell = "lstm"


class GRURegressor(BaseRegressor):
    """Regressor of sequences by a network of gated recurrent units.

    The update gate mixes the old state with a new candidate. The reset gate acts after the product, as in cuDNN and
    PyTorch. The objective is that of `RNNRegressor`.

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
    loss : {'squared_error', 'absolute_error', 'huber', 'poisson', 'quantile'}, default='squared_error'
        The loss. 'squared_error' (half of it) estimates the mean of y, 'absolute_error' its median. 'huber' is squared
        up to huber_delta and linear beyond. 'poisson', half the deviance, estimates the mean of a y of counts or other
        non-negative values, by its logarithm. 'quantile' is the pinball loss.
    quantile : float or tuple of float, default=0.5
        Quantile of y to predict with loss='quantile', between 0 and 1. Several are predicted in ascending order.
    huber_delta : float, default=1.35
        Error above which loss='huber' is linear, in standard deviations of y (see `y_scale_`).

    Attributes
    ----------
    best_iter_ : int
        Number of the epoch whose weights are kept: the best one with early_stopping, else the last one.
    best_loss_ : float or None
        Lowest training loss of an epoch, in the unit of the loss of y scaled by `y_scale_`. None if early_stopping
        chose the weights.
    best_validation_score_ : float or None
        Validation score of the weights kept by early_stopping, else the highest one. None without a validation set.
    bidirectional_ : bool
        Whether the network has two directions.
    categories_ : list of ndarray
        Categories seen in `fit`, ascending, of each feature that holds some. Only with categorical_features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, or of the data frames in X. Defined only if all of them are strings.
    is_categorical_ : ndarray of shape (n_features,)
        Which features hold categories. Only with categorical_features.
    loss_ : float
        Mean training loss of the last epoch, penalty included, in the unit of the loss of y scaled by `y_scale_`.
    loss_curve_ : list of float
        Mean training loss of each epoch (of each iteration for 'lbfgs'), penalty included, in the unit of the loss of y
        scaled by `y_scale_`.
    n_features_in_ : int
        Number of features per time step; of columns if X is 2-D.
    n_iter_ : int
        Number of epochs (iterations for 'lbfgs') of training, those before a warm start included.
    n_layers_ : int
        Number of recurrent layers, plus 1 for the output layer.
    n_outputs_ : int
        Number of outputs: targets, times quantiles if loss='quantile'.
    n_static_features_in_ : int
        Number of static values of each sequence, 0 if X has none.
    out_activation_ : str
        Activation function of the outputs: 'identity', or 'exponential' if loss='poisson'.
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
        Mean validation loss after each epoch, without penalty, in the unit of the loss of y scaled by `y_scale_`. None
        without a validation set.
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
    y_mean_ : ndarray of shape (n_targets,)
        Mean of each target, subtracted from it, in the unit of y; 0 if loss='poisson'.
    y_scale_ : ndarray of shape (n_targets,)
        Standard deviation of each target (its mean if loss='poisson'), which it is divided by, in the unit of y.

    See Also
    --------
    LSTMRegressor : With a separate cell state.
    RNNRegressor : Any other cell, including the other forms of the GRU.
    GRUClassifier : The same network for classes.

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
    >>> from sklearn_recurrent import GRURegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.random((rng.integers(5, 15), 2)) for _ in range(100)]
    >>> Y = [[x[:, 0].max(), x[:, 1].mean()] for x in X]
    >>> GRURegressor(8, max_iter=5, random_state=0).fit(X, Y).predict(X[:3]).shape
    (3, 2)
    """

    cell = "gru"
