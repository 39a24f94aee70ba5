"""Sequences of numbers from sequences: forecasts of several steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_consistent_length

from .._core.dataset import Dataset
from .._core.decoding import free_run
from .._core.preprocessing import Standardizer
from .._core.ragged import offsets_of
from .._data.columns import chosen_features
from .._data.targets import flatten_numbers, flatten_weights, position
from .._sklearn import _fit_context, available_if, with_callbacks
from .base import trains_by_mini_batches
from .embedding import reads_tokens
from .inputs import refuse_token_targets
from .parameters import SEQ2SEQ_REGRESSOR, check_at_least_one, constraints_of, loss_of, quantiles_of
from .scoring import metric_of_loss
from .seq2seq import BaseSeq2Seq, aligns, sequence_weight
from .target_encoders import NumberSequenceEncoder
from .warnings import warn_of_unknown_future
from .weights import positive_weight


class Seq2SeqRegressor(RegressorMixin, BaseSeq2Seq):
    """Regressor that writes a sequence of numbers for each sequence: a forecast of several steps.

    An encoder reads the sequence. A decoder then writes step after step, from its own state, which has read the step
    before, and from a mean of the encoder's states with weights that depend on its state (attention). Outputs are
    scaled to mean 0 and variance 1. Training gives the decoder the true outputs before (teacher forcing) and minimizes
    the weighted mean over all steps of half the squared error, or of another `loss`, plus the L2 penalty:

        sum_it w_it * mean_k (f_k(x_i, y_i1 ... y_i,t-1) - y_itk)^2 / 2 / sum_it w_it
            +  alpha / 2 * ||weights||^2 / sum_it w_it

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=64
        Number of units of the recurrent layer of the encoder, in each direction, and of that of the decoder. A tuple
        stacks layers in both.
    activation : {'tanh', 'relu', 'logistic'}, default='tanh'
        Activation φ of candidate states and of LSTM cell states at the output. 'relu' may need a lower learning rate.
    bidirectional : bool or 'auto', default='auto'
        Whether each layer of the encoder also reads the sequences backward; 'auto' is True. The decoder has one
        direction.
    cell : str, default='lstm'
        The recurrent cell: 'elman' (plain), 'lstm', 'lstm_no_forget' (of 1997), 'lstm_coupled' (i = 1 - f), 'gru'
        (reset gate after the product), 'gru_reset_before', 'gru_no_reset' (no reset gate) or 'mgu' (one gate).
    attention : {'additive', 'dot'} or None, default='additive'
        How the decoder weights the states of the encoder at each step: by a small network ('additive'), by a product
        ('dot'), or not at all (None): it then starts from the last state of the encoder and reads nothing else of X.
        Training keeps one number per pair of input and output steps in a batch.
    teacher_forcing : float or tuple of two floats, default=1.0
        Fraction of the steps at which the decoder reads the true output of the step before in training, and not its own
        (scheduled sampling). A tuple is the fraction in the first and in the last of max_iter epochs, with a linear
        change in between. A warm start begins anew; `partial_fit` uses the first.
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
    future_features : array-like of int, str or bool, or None, default=None
        Indices, names or mask of the features that are known ahead. The last steps of each sequence, as many as y has,
        are then those to predict: the decoder reads these features there; the encoder reads the steps before. None: X
        is past alone.
    loss : {'squared_error', 'absolute_error', 'huber', 'quantile'}, default='squared_error'
        The loss. 'squared_error' (half of it) estimates the mean of y, 'absolute_error' its median. 'huber' is squared
        up to huber_delta and linear beyond. 'quantile' is the pinball loss.
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
        Whether the encoder has two directions.
    categories_ : list of ndarray
        Categories seen in `fit`, ascending, of each feature that holds some. Only with categorical_features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, or of the data frames in X. Defined only if all of them are strings.
    horizon_ : int
        Number of steps of the longest target seen in training.
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
        Number of outputs per step: values, times quantiles if loss='quantile'.
    n_static_features_in_ : int
        Number of static values of each sequence, 0 if X has none.
    out_activation_ : str
        Activation function of the outputs: 'identity'.
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
        Views of `theta_` by name. 'encoder/layer_0/forward/W' and 'decoder/layer_0/forward/W': rows by gate, g, f, i, o
        for cell='lstm', n_units each; columns of [x; 1; h] (input, bias, state). All others: "Weights and their layout"
        in the guide.
    x_mean_ : ndarray of shape (n_features,)
        Training mean of each feature, in its unit; 0 if standardize=False and for categories. Not with tokens.
    x_scale_ : ndarray of shape (n_features,)
        Training standard deviation of each, in its unit; 1 if standardize=False and for categories. Not with tokens.
    y_mean_ : ndarray of shape (n_targets,)
        Mean of each output over all steps, subtracted from it, in the unit of y.
    y_scale_ : ndarray of shape (n_targets,)
        Standard deviation of each output over all steps, which it is divided by, in the unit of y.

    See Also
    --------
    sliding_windows : X and y from time series.
    Seq2SeqClassifier : The same for labels.
    LSTMRegressor : All steps at once as outputs of one state; or, with return_sequences, one for each input step.

    Notes
    -----
    The equations are those of `Seq2SeqClassifier`. Before its first step the decoder reads the mean of the outputs. In
    `predict` it reads its own outputs, so that errors add up, and a network that has only seen true outputs may rely on
    them too much. A decreasing `teacher_forcing`, such as (1, 0), trains it for that.

    Methods that take X raise a NotFittedError before `fit`, and a ValueError if X does not match the X of `fit`.
    Float32 data and 32-bit tokens are computed in float32, two to four times as fast as float64.

    References
    ----------
    Sutskever, I., Vinyals, O. & Le, Q. V. (2014). Sequence to sequence learning with neural networks. NIPS.
    Bengio, S., Vinyals, O., Jaitly, N. & Shazeer, N. (2015). Scheduled sampling for sequence prediction with
    recurrent neural networks. NIPS.

    Examples
    --------
    The next six values of a sine wave:

    >>> import numpy as np
    >>> from sklearn_recurrent import Seq2SeqRegressor, sliding_windows
    >>> X, y, _ = sliding_windows(np.sin(0.3 * np.arange(300)), window=20, horizon=6)
    >>> model = Seq2SeqRegressor(hidden_layer_sizes=8, max_iter=20, random_state=0).fit(X[:200], y[:200])
    >>> model.score(X[200:], y[200:]) > 0.9
    True
    >>> model.predict(X[:2]).shape, model.predict(X[:2], horizon=10).shape
    ((2, 6), (2, 10))
    """

    _parameters = SEQ2SEQ_REGRESSOR
    _parameter_constraints = constraints_of(SEQ2SEQ_REGRESSOR)

    y_mean_: np.ndarray
    y_scale_: np.ndarray
    horizon_: int

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = 64,
        *,
        activation: Literal["tanh", "relu", "logistic"] | str = "tanh",
        bidirectional: bool | Literal["auto"] = "auto",
        cell: Literal[
            "elman", "lstm", "lstm_no_forget", "lstm_coupled", "gru", "gru_reset_before", "gru_no_reset", "mgu"
        ]
        | str = "lstm",
        attention: Literal["additive", "dot"] | str | None = "additive",
        teacher_forcing: float | tuple[float, float] = 1.0,
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
        future_features: Sequence[Any] | np.ndarray | None = None,
        loss: Literal["squared_error", "absolute_error", "huber", "quantile"] | str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        huber_delta: float = 1.35,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.bidirectional = bidirectional
        self.cell = cell
        self.attention = attention
        self.teacher_forcing = teacher_forcing
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
        self.future_features = future_features
        self.loss = loss
        self.quantile = quantile
        self.huber_delta = huber_delta

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, groups=None, X_val=None, y_val=None) -> Self:
        """Fit the network to sequences and their sequences of numbers.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Training sequences: a list, tuple, object array or Series of arrays (n_steps_i, n_features) or (n_steps_i,),
            or of data frames; an array (n_samples, n_steps, n_features), whose leading and trailing steps of NaN are
            padding; or an array (n_samples, n_steps) of one value per step. With embedding_dim, one integer token per
            step. Columns of numbers beside one of sequences, in a frame or an object array, are static values.
        y : array-like of shape (n_samples, horizon) or (n_samples, horizon, n_outputs), or list of arrays
            One or several numbers per step: an array, or a list, tuple or object array of arrays (horizon_i,) or
            (horizon_i, n_outputs). An array (n_samples,) is a single step. NaN is no target: it has no loss, and the
            decoder reads its own prediction there. A sequence without any target is left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight 2 equals the sequence given twice, weight 0 the sequence left out. Also one array per sequence, with
            a weight for each step of its target. A step of weight 0 is no target.
        groups : array-like of shape (n_samples,), default=None
            Sequences of one group, such as the windows of one series, stay together when early_stopping splits X. Or
            what validation_split needs, such as times.
        X_val, y_val : like X and y, default=None
            Sequences to validate on after each epoch, instead of a part of X, and their targets. A Pipeline does not
            transform X_val by itself.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is invalid, or training diverges. The estimator is then unchanged.

        Warns
        -----
        ConvergenceWarning
            If max_iter is reached, unless learning_rate is 'cosine' or 'onecycle', which end there.
        UserWarning
            If training is interrupted (Ctrl-C), or no validation score is a number. The last weights are kept.
        SequenceDataWarning
            If the data looks like a likely mistake. The message says what to do.
        """
        resume = self.warm_start and hasattr(self, "theta_")
        return self._fit(X, y, sample_weight, resume=resume, groups=groups, X_val=X_val, y_val=y_val)

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
        y : array-like of shape (n_samples, horizon) or (n_samples, horizon, n_outputs), or list of arrays
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
            If solver='lbfgs', which uses no mini-batches; if y has another number of outputs per step than in the first
            call.
        """
        return self._fit(X, y, sample_weight, resume=hasattr(self, "theta_"), one_epoch=True)

    def predict(self, X, horizon=None) -> np.ndarray:
        """Predict the sequence of numbers of each sequence.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        horizon : int or array-like of shape (n_samples,), default=None
            Number of steps, for all sequences or for each of them. None means `horizon_`. With future_features, so many
            of the last steps of each sequence are those to predict.

        Returns
        -------
        y : ndarray of shape (n_samples, horizon) or (n_samples, horizon, n_outputs)
            Predictions in the unit of y, float64. If y was a list in `fit`, or `horizon` is an array, a 1-D object
            array of arrays (horizon_i,) or (horizon_i, n_outputs). If y was (n_samples,), so is a prediction of one
            step. Several quantiles are a last axis, ascending.

        Raises
        ------
        NotFittedError, ValueError
            If the estimator is not fitted; if X does not match the X of `fit`, or a horizon is not a positive integer;
            with future_features, if a sequence has no steps before those to predict.
        """
        state, sequences = self._parse_fitted(X)
        horizons = self._horizons(state, sequences, horizon)
        values = self._values(state, sequences, horizons)
        return state.encoder.in_form(values, horizons, apart=np.ndim(horizon) > 0)

    def score(self, X, y, sample_weight=None) -> float:
        """Return R² (D² for loss='quantile') of the predictions.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : array-like of shape (n_samples, horizon) or (n_samples, horizon, n_outputs), or list of arrays
            True values; as many steps are predicted. NaN has weight 0.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sequence, or an array of step weights for each.

        Returns
        -------
        score : float
            1 minus the squared error over the variance, at most 1. For an array y, averaged over its columns, as in
            `sklearn.metrics.r2_score`. For a list, or with step weights, over all steps together, averaged over
            outputs. For loss='quantile', 1 minus the pinball loss over that of the quantile of y, also averaged over
            quantiles.
        """
        state, sequences = self._parse_fitted(X)
        flat, lengths, form = flatten_numbers(y, missing="keep")
        check_consistent_length(sequences, lengths)
        weight = sequence_weight(sample_weight, len(lengths))
        values = self._values(state, sequences, lengths)
        if form[0] == "array" and weight is not None:
            flat = flat.reshape(len(lengths), -1)
            values = values.reshape(*flat.shape, *values.shape[2:])
        else:
            weight = _step_weight(sample_weight, weight, lengths)
        return _score_of_known(metric_of_loss(*state.loss), flat, values, weight)

    @available_if(aligns)
    def attention_weights(self, X, horizon=None) -> np.ndarray:
        """Return the weight of each input step for each step that the decoder writes.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes. With missing='skip', skipped steps have no entry.
        horizon : int or array-like of shape (n_samples,), default=None
            Number of steps, as in `predict`.

        Returns
        -------
        weights : ndarray of shape (n_samples,), dtype object
            One array (horizon_i, n_steps_i) per sequence: positive weights, with the sum 1 over the input steps.

        Raises
        ------
        AttributeError
            If the network has no attention.
        """
        state, sequences = self._parse_fitted(X)
        lengths = self._horizons(state, sequences, horizon)
        raw = self._free_run(state, sequences, lengths)
        return self._attention(state, sequences, state.network.next_inputs(raw), offsets_of(lengths))

    # --- how it is done -----------------------------------------------------------------------------------------------

    _encoder_class = NumberSequenceEncoder

    def _refuse_contradictions(self):
        super()._refuse_contradictions()
        if self.future_features is None:
            return
        if reads_tokens(self):
            raise ValueError(
                "Expected future_features=None with embedding_dim, since X then holds one token per step and no "
                f"features, got future_features={self.future_features!r}. Features that are categories are for "
                "categorical_features."
            )
        if self.missing == "skip":
            raise ValueError(
                "Expected missing='error' or 'forward' with future_features, since a step that is skipped would move "
                "the steps to predict, got 'skip'."
            )

    def _read_targets(self, X, y, sample_weight, classes, encoder):
        refuse_token_targets(self, y)
        flat, lengths, form = flatten_numbers(y, missing="keep")
        check_consistent_length(X, lengths)
        if self.future_features is not None:
            _refuse_short(X, lengths)
        weight = _step_weight(sample_weight, sequence_weight(sample_weight, len(lengths)), lengths)
        missing = np.isnan(flat).all(axis=1)
        if missing.any():
            weight = np.where(missing, 0, weight)
            if not weight.any():
                raise ValueError("Expected y with at least one number of some weight, got NaN alone.")
        dataset = Dataset(X, flat, weight, offsets_of(lengths))
        if self.solver == "lbfgs":
            _refuse_gaps(dataset)
        counts = dataset.counts[dataset.sequence_weights() > 0]
        longest = int(counts.max())
        is_same = bool(counts.min() == longest)
        if encoder is None:  # mean and scale are found in a fixed order of the sequences, later
            return dataset, NumberSequenceEncoder(None, None, form, longest, is_same)
        if form[1] <= 2 and encoder.form[1] <= 2:
            form = encoder.form
        is_same = is_same and encoder.same_horizon and longest == encoder.horizon
        return dataset, replace(encoder, form=form, horizon=max(longest, encoder.horizon), same_horizon=is_same)

    def _fit_encoder(self, dataset, classes, encoder):
        quantiles = {
            "n_quantiles": len(self._quantiles()) or 1,
            "several_quantiles": self.loss == "quantile" and np.ndim(self.quantile) > 0,
        }
        if encoder.mean is not None:
            return replace(encoder, **quantiles)
        form = {"form": encoder.form, "horizon": encoder.horizon, "same_horizon": encoder.same_horizon}
        return NumberSequenceEncoder.fit(dataset, **form, **quantiles)

    def _quantiles(self):
        return quantiles_of(self.quantile) if self.loss == "quantile" else ()

    def _loss_and_settings(self, encoder):
        return loss_of(self.loss, self._quantiles(), self.huber_delta)

    def _architecture(self, encoder, preprocessor, remembered):
        arguments = super()._architecture(encoder, preprocessor, remembered)
        quantiles = np.array(self._quantiles())
        if len(quantiles) > 1:
            arguments |= {"n_quantiles": len(quantiles), "median": int(np.abs(quantiles - 0.5).argmin())}
        if self.future_features is not None:
            columns = preprocessor.columns_of(self._future(remembered, preprocessor.n_features))
            arguments["future"] = tuple(np.sort(columns).tolist())
        return arguments

    def _future(self, remembered, n_features):
        """The numbers of the features that `future_features` names, ascending."""
        names = None
        if remembered["_fitted_on_sequences"] and "feature_names_in_" in remembered:
            names = remembered["feature_names_in_"].tolist()
        features = chosen_features("future_features", self.future_features, n_features, names)
        if not len(features):
            raise ValueError(
                f"Expected future_features to name at least one feature, got {self.future_features!r}. None: all of X "
                "is past."
            )
        return np.sort(features)

    def _fit_standardizer(self, dataset, remembered):
        """Over the steps that are read: of future features all, of others those before the steps to predict."""
        everywhere = super()._fit_standardizer(dataset, remembered)
        if self.future_features is None:
            return everywhere
        past = super()._fit_standardizer(dataset._replace(X=dataset.X.without_last(dataset.counts)), remembered)
        n = everywhere.n_features
        is_future = np.isin(np.arange(n), self._future(remembered, n))
        return Standardizer(
            np.where(is_future, everywhere.mean, past.mean), np.where(is_future, everywhere.scale, past.scale)
        )

    def _warn_of_likely_mistakes(self, given, y, encoder, remembered):
        if self.future_features is not None:
            warn_of_unknown_future(given, self._future(remembered, given.X.n_features), self.future_features)

    def _key_of(self, dataset, remembered):
        X = dataset.X
        values = [dataset.y]
        gaps = ~dataset.is_known()
        if gaps.any():
            values = [np.where(gaps, 0, dataset.y), gaps]
        if self.future_features is not None:  # what is not read plays no part
            features = self._future(remembered, X.n_features)
            counts = dataset.counts
            future = np.concatenate([block.last(counts[rows], features) for rows, block in X.blocks()])
            values.append(np.nan_to_num(future))
            if np.isnan(future).any():
                values.append(np.isnan(future))
            X = X.without_last(counts)
        if len(values) == 1:
            return X, dataset.y
        return X, np.column_stack(values)

    def _horizons(self, state, sequences, horizon):
        """(N,)"""
        if horizon is None and state.network.future and not state.encoder.same_horizon:
            raise ValueError(
                "Expected horizon, how many of the last steps of each sequence are to be predicted, since the targets "
                "of fit had different lengths, got None. Pass a number for each sequence."
            )
        if horizon is None or np.ndim(horizon) == 0:
            horizon = state.encoder.horizon if horizon is None else horizon
            check_at_least_one(horizon=horizon)
            return np.full(len(sequences), horizon)
        horizons = np.asarray(horizon)
        check_consistent_length(sequences, horizons)
        if horizons.ndim != 1 or horizons.dtype.kind not in "iu" or (horizons < 1).any():
            raise ValueError(f"horizon must be an integer of at least 1, or one for each sequence, got {horizon!r}.")
        return horizons.astype(np.int64)

    def _values(self, state, sequences, horizons):
        """Predictions end to end, (S, n_targets) or (S, n_targets, n_quantiles), in the unit of y."""
        return state.encoder.predict(self._free_run(state, sequences, horizons))

    def _free_run(self, state, sequences, horizons):
        """Raw outputs end to end of a decoder that reads its own outputs."""
        if state.network.future:
            _refuse_short(sequences, horizons)
        return self._run(state, sequences, free_run, horizons)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _refuse_short(sequences, horizons):
    """Raise for a sequence that has no step before those to predict."""
    short = sequences.lengths <= horizons
    if short.any():
        j = int(short.argmax())
        n = horizons[j]
        raise ValueError(
            f"Expected sequence {j} of X to have more than {n} steps, got {sequences.lengths[j]}: with future_features "
            f"its last {n} are those to predict, and the encoder reads the steps before."
        )


def _refuse_gaps(dataset):
    """Raise for a step without a target before one with a target in the same sequence."""
    is_gap = ~dataset.is_known().all(axis=1)
    steps = np.arange(len(is_gap))
    last = np.maximum.reduceat(np.where(dataset.weight > 0, steps, -1), dataset.offsets[:-1])
    is_read = is_gap & (steps < np.repeat(last, dataset.counts))
    if is_read.any():
        j, step = position(int(is_read.argmax()), dataset.counts)
        raise ValueError(
            "Expected a target of some weight at each step before the last target of a sequence for solver='lbfgs', "
            f"got none in sequence {j}, step {step}: the decoder would read its own prediction there, through which no "
            "gradient flows. Set solver='adam'."
        )


def _score_of_known(metric, y, predicted, weight):
    """A metric, averaged over the columns of y (n, K), of the values that are no NaN."""
    known = ~np.isnan(y)
    if known.all():
        return metric(y, predicted, sample_weight=weight)
    known &= weight[:, None] > 0
    columns = np.flatnonzero(known.sum(axis=0) > 1)
    if not len(columns):
        raise ValueError("Expected y with at least two numbers in a column, or at a step, to score, got NaN.")
    return np.mean(
        [
            metric(y[rows, k], predicted[rows, k], sample_weight=weight[rows])
            for k, rows in zip(columns, known.T[columns], strict=True)
        ]
    )


def _step_weight(sample_weight, of_sequences, lengths):
    """A weight for each step, from one for each sequence if there are `of_sequences`."""
    if of_sequences is not None:
        return np.repeat(of_sequences, lengths)
    weight = flatten_weights(sample_weight, lengths, "y")
    return positive_weight(weight, len(weight), "step")
