"""Sequences of labels from sequences."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from sklearn.utils import check_consistent_length

from .._core.dataset import Dataset
from .._core.decoding import beam_search
from .._core.losses import softmax
from .._core.ragged import offsets_of
from .._data.labels import classes_of, codes_of, flatten_labels
from .._data.sequences import object_array
from .._data.targets import flatten_steps
from .._sklearn import _fit_context, available_if, with_callbacks
from .base import trains_by_mini_batches
from .parameters import SEQ2SEQ_CLASSIFIER, check_at_least_one, constraints_of
from .seq2seq import BaseSeq2Seq, aligns, sequence_weight
from .target_encoders import LabelSequenceEncoder
from .weights import balanced, class_codes, positive_weight, refuse_class_weights


class Seq2SeqClassifier(BaseSeq2Seq):
    """Classifier that writes a sequence of labels, of any length, for each sequence.

    An encoder reads the sequence. A decoder then writes one label per step, from its own state, which has read the
    label before, and from a mean of the encoder's states with weights that depend on its state (attention). It ends by
    writing an end. Training gives the decoder the true labels before (teacher forcing) and minimizes the weighted mean
    log loss (nats per label, ends included) plus the L2 penalty:

        sum_it w_it * (-log p(y_it | x_i, y_i1 ... y_i,t-1)) / sum_it w_it  +  alpha / 2 * ||weights||^2 / sum_it w_it

    `predict` searches the sequence of the highest probability with a beam of `beam_width` partial outputs.

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
    class_weight : dict, 'balanced' or None, default=None
        Weights of the labels, multiplied by the sample weights. In a dict the end of a sequence has weight 1.
        'balanced' gives all labels, and the end, the same total weight.
    label_smoothing : float, default=0.0
        Share of each target that is divided equally among all K classes (K = 2 for each label of a multilabel y).
    max_length : int or None, default=None
        Maximum number of labels that `predict` writes for a sequence; can be changed after `fit`. None means
        `max_length_`.
    beam_width : int, default=1
        Number of partial outputs that `predict` keeps at each step (beam search); 1 takes the most probable label each
        time. Can be changed after `fit`.
    length_penalty : float, default=1.0
        Of the complete outputs found, `predict` takes the one with the highest log p / (n_labels + 1) **
        length_penalty: 0 prefers short outputs, 1 compares means per label. No effect with beam_width=1.

    Attributes
    ----------
    best_iter_ : int
        Number of the epoch whose weights are kept: the best one with early_stopping, else the last one.
    best_loss_ : float or None
        Lowest training loss of an epoch, in nats. None if early_stopping chose the weights.
    best_validation_score_ : float or None
        Validation score of the weights kept by early_stopping, else the highest one. None without a validation set.
    bidirectional_ : bool
        Whether the encoder has two directions.
    categories_ : list of ndarray
        Categories seen in `fit`, ascending, of each feature that holds some. Only with categorical_features.
    classes_ : ndarray of shape (n_classes,)
        Labels seen in `fit`, ascending.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, or of the data frames in X. Defined only if all of them are strings.
    is_categorical_ : ndarray of shape (n_features,)
        Which features hold categories. Only with categorical_features.
    loss_ : float
        Mean training loss of the last epoch, penalty included, in nats.
    loss_curve_ : list of float
        Mean training loss of each epoch (of each iteration for 'lbfgs'), penalty included, in nats.
    max_length_ : int
        Number of labels of the longest target seen in training, at least 1.
    n_features_in_ : int
        Number of features per time step; of columns if X is 2-D.
    n_iter_ : int
        Number of epochs (iterations for 'lbfgs') of training, those before a warm start included.
    n_layers_ : int
        Number of recurrent layers, plus 1 for the output layer.
    n_outputs_ : int
        Number of outputs per step: one for each label, and one for the end.
    n_static_features_in_ : int
        Number of static values of each sequence, 0 if X has none.
    out_activation_ : str
        Activation function of the outputs: 'softmax'.
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
        Views of `theta_` by name. 'encoder/layer_0/forward/W' and 'decoder/layer_0/forward/W': rows by gate, g, f, i, o
        for cell='lstm', n_units each; columns of [x; 1; h] (input, bias, state). All others: "Weights and their layout"
        in the guide.
    x_mean_ : ndarray of shape (n_features,)
        Training mean of each feature, in its unit; 0 if standardize=False and for categories. Not with tokens.
    x_scale_ : ndarray of shape (n_features,)
        Training standard deviation of each, in its unit; 1 if standardize=False and for categories. Not with tokens.

    See Also
    --------
    Seq2SeqRegressor : The same for numbers: forecasts of several steps.
    LSTMClassifier : One label for each sequence, or for each of its steps.
    SequenceTokenizer : Integer tokens from texts.

    Notes
    -----
    scikit-learn does not take this for a classifier, since y has several labels per sample: its metrics do not apply,
    and folds are not stratified. Use `score`, the fraction of sequences without a mistake, or ``scoring=lambda model,
    X, y: model.token_score(X, y)``, the fraction of labels. Early stopping watches the loss under teacher forcing,
    unless `scoring` says otherwise.

    With attention, the state h of the decoder becomes h̃ = tanh(C [h; Σ a s; 1]), where a is the softmax, over the
    states s of the encoder, of v · tanh(Q [h; 1] + K s) (additive) or (Q [h; 1]) · s (dot). As in Luong et al., the new
    state of the decoder attends; unlike there, h̃ is not fed into the next step, so that training computes all steps
    together.

    Methods that take X raise a NotFittedError before `fit`, and a ValueError if X does not match the X of `fit`.
    Float32 data and 32-bit tokens are computed in float32, two to four times as fast as float64.

    References
    ----------
    Sutskever, I., Vinyals, O. & Le, Q. V. (2014). Sequence to sequence learning with neural networks. NIPS.
    Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly learning to align and
    translate. ICLR.
    Luong, M.-T., Pham, H. & Manning, C. D. (2015). Effective approaches to attention-based neural machine
    translation. EMNLP.
    Bengio, S., Vinyals, O., Jaitly, N. & Shazeer, N. (2015). Scheduled sampling for sequence prediction with
    recurrent neural networks. NIPS.

    Examples
    --------
    Words, letter by letter from their end:

    >>> import numpy as np
    >>> from sklearn_recurrent import Seq2SeqClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.integers(0, 4, rng.integers(2, 5), dtype=np.int32) for _ in range(500)]
    >>> y = [np.array(list("abcd"))[x[::-1]] for x in X]
    >>> model = Seq2SeqClassifier(hidden_layer_sizes=16, embedding_dim=4, max_iter=20, learning_rate_init=0.02)
    >>> model = model.set_params(random_state=0).fit(X[:400], y[:400])
    >>> model.score(X[400:], y[400:]) > 0.9
    True
    >>> model.predict([np.array([0, 1, 2]), np.array([3, 3])]).tolist()
    [array(['c', 'b', 'a'], dtype='<U1'), array(['d', 'd'], dtype='<U1')]
    """

    _parameters = SEQ2SEQ_CLASSIFIER
    _parameter_constraints = constraints_of(SEQ2SEQ_CLASSIFIER)

    classes_: np.ndarray
    max_length_: int

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
        class_weight: dict[Any, Any] | str | None = None,
        label_smoothing: float = 0.0,
        max_length: int | None = None,
        beam_width: int = 1,
        length_penalty: float = 1.0,
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
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.max_length = max_length
        self.beam_width = beam_width
        self.length_penalty = length_penalty

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, groups=None, X_val=None, y_val=None) -> Self:
        """Fit the network to sequences and their sequences of labels.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Training sequences: a list, tuple, object array or Series of arrays (n_steps_i, n_features) or (n_steps_i,),
            or of data frames; an array (n_samples, n_steps, n_features), whose leading and trailing steps of NaN are
            padding; or an array (n_samples, n_steps) of one value per step. With embedding_dim, one integer token per
            step. Columns of numbers beside one of sequences, in a frame or an object array, are static values.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            Any number of labels for each sequence, or none: strings, integers or other hashable objects.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight 2 equals the sequence given twice, weight 0 the sequence left out. Also one array of label weights
            per sequence; the end of the sequence then has their mean.
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
    def partial_fit(self, X, y, classes=None, sample_weight=None) -> Self:
        """Train for one epoch, starting from the present weights.

        The classes and the scaling of features, or the vocabulary, are those of the first call. The learning rate is
        constant, unless learning_rate='invscaling'. There is no validation set, and callbacks are not called.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            Labels, as in `fit`.
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

    def predict(self, X) -> np.ndarray:
        """Predict the sequence of labels of each sequence.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.

        Returns
        -------
        y : ndarray of shape (n_samples,), dtype object
            One array of labels per sequence, of at most max_length labels; it can be empty.

        Raises
        ------
        NotFittedError, ValueError
            If the estimator is not fitted; if X does not match the X of `fit`, or beam_width, max_length or
            length_penalty is invalid.
        """
        state, sequences = self._parse_fitted(X)
        return object_array([state.encoder.classes[codes] for codes in self._write(state, sequences)])

    def score(self, X, y, sample_weight=None) -> float:
        """Return the fraction of sequences whose labels are all correct.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences.

        Returns
        -------
        score : float
            From 0 to 1. A sequence of another length is wrong.
        """
        pairs, weight = self._written_and_true(X, y, sample_weight)
        return float(np.average([np.array_equal(*pair) for pair in pairs], weights=weight))

    def token_score(self, X, y, sample_weight=None) -> float:
        """Return the fraction of labels that are correct and in their place.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences.

        Returns
        -------
        score : float
            From 0 to 1. Missing and surplus labels count as wrong ones.
        """
        return _token_score(*self._written_and_true(X, y, sample_weight))

    def teacher_forced_proba(self, X, y) -> np.ndarray:
        """Return the probability of each label, given the labels before it.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            Labels that the decoder reads, instead of its own outputs. All must be in `classes_`.

        Returns
        -------
        p : ndarray of shape (n_samples,), dtype object
            One array (n_labels_i + 1, n_classes + 1) per sequence. Row t has the probabilities after t labels of y, in
            the order of `classes_`; the last column is the probability of the end.

        Raises
        ------
        ValueError
            If y has a label that is not in `classes_`.
        """
        state, sequences = self._parse_fitted(X)
        codes, offsets = self._given(state, sequences, y)
        raw = self._raw(state, sequences, codes, offsets)
        return object_array(np.split(softmax(raw.T).T, offsets[1:-1]))

    @available_if(aligns)
    def attention_weights(self, X, y=None) -> np.ndarray:
        """Return the weight of each input step for each label that the decoder writes.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, in any form that `fit` takes. With missing='skip', skipped steps have no entry.
        y : list of sequences of labels, or array of shape (n_samples, n_labels), default=None
            Labels that are written. None means those that `predict` returns.

        Returns
        -------
        weights : ndarray of shape (n_samples,), dtype object
            One array (n_labels_i, n_steps_i) per sequence: positive weights, with the sum 1 over the input steps.

        Raises
        ------
        AttributeError
            If the network has no attention.
        """
        state, sequences = self._parse_fitted(X)
        if y is None:
            written = self._write(state, sequences)
            lengths = np.array([len(codes) for codes in written])
            codes, offsets = _with_ends(np.concatenate(written), lengths, len(state.encoder.classes))
        else:
            codes, offsets = self._given(state, sequences, y)
        return object_array([weights[:-1] for weights in self._attention(state, sequences, codes, offsets)])

    # --- how it is done -----------------------------------------------------------------------------------------------

    _encoder_class = LabelSequenceEncoder

    def _read_targets(self, X, y, sample_weight, classes, encoder):
        """Targets are codes; each sequence of them ends with the number of classes."""
        labels, lengths = flatten_labels(y)
        check_consistent_length(X, lengths)
        weight = _weights_with_ends(sample_weight, lengths)
        # a sequence of weight 0 is as if it were not there
        counts = np.add.reduceat(weight, offsets_of(lengths + 1)[:-1]) > 0
        present = classes_of(labels[np.repeat(counts, lengths)])
        expected = None if classes is None else classes_of(flatten_labels([classes])[0])
        longest = max(int(lengths[counts].max()), 1)
        if encoder is not None:
            if expected is not None and not np.array_equal(expected, encoder.classes):
                raise ValueError(f"Expected classes={encoder.classes!r}, as in the last call, got {classes!r}.")
            expected = encoder.classes
            longest = max(longest, encoder.max_length)
        classes = present if expected is None else expected
        if not len(classes):
            raise ValueError("Expected y with at least one label, got empty sequences only.")
        unknown = codes_of(present, classes) < 0
        if unknown.any():
            raise ValueError(
                f"Expected labels among the classes {classes.tolist()}, got labels {present[unknown].tolist()} in y."
            )
        codes, offsets = _with_ends(codes_of(labels, classes), lengths, len(classes))
        return Dataset(X, codes, weight, offsets), LabelSequenceEncoder(classes, longest)

    def _fit_encoder(self, dataset, classes, encoder):
        return encoder

    def _loss_and_settings(self, encoder):
        return "softmax", {"smoothing": self.label_smoothing}

    def _weights_of_classes(self, dataset, encoder):
        if self.class_weight is None:
            return None
        codes = class_codes(dataset.y)
        labels = encoder.classes.tolist()
        if self.class_weight == "balanced":
            return balanced(codes, dataset.weight, len(labels) + 1)
        unknown = [label for label in self.class_weight if label not in set(labels)]
        if unknown and not set(labels) <= set(self.class_weight):  # else it is of a fold without that class
            raise ValueError(f"Expected class_weight with labels among the classes {labels}, got labels {unknown}.")
        by_class = np.array([self.class_weight.get(label, 1.0) for label in labels] + [1.0])  # the last: the end
        is_label = codes < len(labels)
        refuse_class_weights(self.class_weight, dataset.weight[is_label], by_class[codes[is_label]])
        return by_class

    def _write(self, state, sequences):
        """The codes for each sequence."""
        max_length = state.encoder.max_length if self.max_length is None else self.max_length
        check_at_least_one(beam_width=self.beam_width, max_length=max_length)
        if not isinstance(self.length_penalty, Real) or not self.length_penalty >= 0:
            raise ValueError(f"length_penalty must be a number of at least 0, got {self.length_penalty!r}.")
        return self._run(
            state,
            sequences,
            beam_search,
            width=self.beam_width,
            max_length=max_length,
            length_penalty=self.length_penalty,
        )

    def _given(self, state, sequences, y):
        """Labels of the user's, as `_with_ends` has them."""
        labels, lengths = flatten_labels(y)
        check_consistent_length(sequences, lengths)
        classes = state.encoder.classes
        codes = codes_of(labels, classes)
        if (codes < 0).any():
            unknown = labels.tolist()[codes.argmin()]
            raise ValueError(f"Expected labels among the classes {classes.tolist()}, got the label {unknown!r} in y.")
        return _with_ends(codes, lengths, len(classes))

    def _written_and_true(self, X, y, sample_weight):
        """For each sequence the codes that are written and the true ones; and the weights."""
        state, sequences = self._parse_fitted(X)
        labels, lengths = flatten_labels(y)
        check_consistent_length(sequences, lengths)
        true = np.split(codes_of(labels, state.encoder.classes), np.cumsum(lengths)[:-1])
        weight = None if sample_weight is None else sequence_weight(sample_weight, len(lengths))
        if weight is None and sample_weight is not None:
            raise ValueError("Expected sample_weight with one weight per sequence for a score, got one per label.")
        return list(zip(self._write(state, sequences), true, strict=True)), weight


def _with_ends(codes, lengths, end):
    """Codes of all sequences, each followed by `end`, (S + n, 1), and their offsets."""
    return np.insert(codes, np.cumsum(lengths), end)[:, None], offsets_of(lengths + 1)


def _weights_with_ends(sample_weight, lengths):
    """A weight for each label, and for the end of each sequence."""
    weight = sequence_weight(sample_weight, len(lengths))
    if weight is not None:
        return np.repeat(weight, lengths + 1)
    flat, _ = flatten_steps(sample_weight, lengths, "sample_weight", "y")
    weights = np.split(positive_weight(flat, len(flat), "label"), np.cumsum(lengths)[:-1])
    return np.concatenate([np.append(w, w.mean() if len(w) else 1.0) for w in weights])


def _token_score(pairs, weight):
    right = np.array([(a[: len(b)] == b[: len(a)]).sum() for a, b in pairs])
    longer = np.array([max(len(a), len(b)) for a, b in pairs])
    weight = np.ones(len(pairs)) if weight is None else weight
    return float(np.dot(weight, right) / total) if (total := np.dot(weight, longer)) else 1.0
