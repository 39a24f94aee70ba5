"""The hyper-parameters of all estimators: each declared once.

`tools/write_docstrings.py` writes signatures and docstrings from these declarations; run it after a change.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.metrics import get_scorer_names

from .._core.activations import ACTIVATIONS
from .._core.attention import SCORES
from .._core.cells.registry import CELLS
from .._core.heads import POOLINGS
from .._core.optimizers import OPTIMIZERS, SCHEDULES
from .._sklearn import Interval, SplitterConstraint, StrOptions


class Parameter(NamedTuple):
    """A hyper-parameter.

    default : its default
    constraints : scikit-learn's constraints on its value
    kind : its type in words, for the docstring
    annotation : its type, for the signature
    doc : what it does, for the docstring
    """

    default: object
    constraints: list
    kind: str
    annotation: str
    doc: str


def constraints_of(parameters):
    """What scikit-learn calls `_parameter_constraints`."""
    return {name: parameter.constraints for name, parameter in parameters.items()}


def at_least(low, kind=Real):
    return Interval(kind, low, None, closed="left")


def above(low):
    return Interval(Real, low, None, closed="neither")


def between(low, high, closed="left"):
    return Interval(Real, low, high, closed=closed)


def flag(default, doc):
    """A parameter that is True or False."""
    return Parameter(default, ["boolean"], "bool", "bool", doc)


def flag_or_auto(doc):
    """A parameter that is True, False or, by default, 'auto'."""
    return Parameter("auto", ["boolean", StrOptions({"auto"})], "bool or 'auto'", 'bool | Literal["auto"]', doc)


def number(default, constraint, doc):
    return Parameter(default, [constraint], "float", "float", doc)


def count(default, low, doc):
    return Parameter(default, [at_least(low, Integral)], "int", "int", doc)


def optional_count(default, low, doc):
    return Parameter(default, [at_least(low, Integral), None], "int or None", "int | None", doc)


def choice(default, names, doc):
    """A parameter that is one of some names."""
    # str, too: a name in a variable is no error to a type checker, and an editor still offers the names
    annotation = f"Literal[{', '.join(map(_quoted, names))}] | str"
    return Parameter(default, [StrOptions(set(names))], _braces(names), annotation, doc)


def _braces(names):
    return "{" + ", ".join(map(repr, names)) + "}"


def _quoted(name):
    return f'"{name}"'


LAYERS = {
    "hidden_layer_sizes": Parameter(
        64,
        [at_least(1, Integral), "array-like"],
        "int or tuple of int",
        "int | Sequence[int]",
        "Number of units of the recurrent layer. A tuple stacks layers, each reading the states of the one below.",
    ),
    "activation": choice(
        "tanh",
        ACTIVATIONS,
        "Activation φ of candidate states and of LSTM cell states at the output. 'relu' may need a lower learning "
        "rate.",
    ),
    "bidirectional": flag_or_auto(
        "Whether each layer also reads sequences backward, from the last step that is not padding, with units of its "
        "own. 'auto' is False with return_sequences, where a step would see those to be predicted, else True.",
    ),
}

OUTPUT = {
    "pooling": Parameter(
        ("last", "mean", "max"),
        [StrOptions(set(POOLINGS)), "array-like"],
        f"{_braces(POOLINGS)} or tuple of them",
        f"Literal[{', '.join(map(_quoted, POOLINGS))}] | str | Sequence[str]",
        "How the states of the top layer become one vector: last state of each direction, mean or maximum over time, "
        "or mean with learned weights (see `attention_weights`). Several are joined. Unused with return_sequences.",
    ),
    "return_sequences": flag(
        False,
        "Whether y and predictions have one value or label per time step: an array per sequence, as long as it.",
    ),
}

TRAINING = {
    "embedding_dim": Parameter(
        None,
        [at_least(1, Integral), StrOptions({"auto"}), "array-like", None],
        "int, 'auto', tuple of int or None",
        'int | Literal["auto"] | str | Sequence[int] | None',
        "If given, X holds tokens, one non-negative integer per step. Each token seen in `fit` has a learned vector "
        "of this size; others have zeros, unless `partial_fit` trains their vector. 32-bit tokens are computed in "
        "float32. 'auto': round(1.6 * n_tokens ** 0.56), at most 600. With categorical_features see there.",
    ),
    "categorical_features": Parameter(
        None,
        ["array-like", StrOptions({"from_dtype"}), None],
        "array-like of int, str or bool, 'from_dtype' or None",
        'Sequence[Any] | np.ndarray | Literal["from_dtype"] | str | None',
        "Indices, names or mask of the features that hold categories (strings, numbers; a missing value is one, too); "
        "'from_dtype': those of categorical dtype. Each category has a vector, like a token, of size embedding_dim: "
        "one int, one for each of these features, or None for 'auto'.",
    ),
    "embedding_init": Parameter(
        None,
        ["array-like", dict, str, os.PathLike, None],
        "array of shape (n_ids, embedding_dim), dict, path of a .npy file or None",
        "np.ndarray | dict[int, Any] | str | os.PathLike[str] | None",
        "Vectors that tokens begin with: rows by id, or a dict from id to vector. Those of other tokens are drawn.",
    ),
    "embedding_trainable": flag(True, "Whether to train the vectors of embedding_init. Drawn ones are always trained."),
    "pad_token": optional_count(
        None,
        0,
        "The token that pads the ends of a row if X is an array; in a list it is an ordinary token. None: no padding.",
    ),
    "pad_value": Parameter(
        None,
        [Real, None],
        "float or None",
        "float | None",
        "Steps at the ends of an array X whose features all equal it are padding, as those of NaN always are.",
    ),
    "dropout": number(
        0.0,
        between(0, 1),
        "Probability of dropping a unit between layers and before the output in training, per sequence. Not for "
        "'lbfgs'.",
    ),
    "recurrent_dropout": number(
        0.0,
        between(0, 1),
        "Probability of dropping a unit of the state that the next step reads in training, per sequence. Not for "
        "'lbfgs'.",
    ),
    "forget_bias": Parameter(
        "auto",
        [Interval(Real, None, None, closed="neither"), StrOptions({"auto", "chrono"})],
        "float, 'auto' or 'chrono'",
        'float | Literal["auto", "chrono"] | str',
        "Initial bias of the gate that keeps the state: forget gate of LSTM cells, update gate of GRU cells (negative "
        "for 'mgu'). 'auto' is 1 for LSTM and 0 for GRU cells; 'chrono' draws log U(1, T - 1) for lengths of up to T.",
    ),
    "standardize": flag(
        True, "Whether to scale each feature to mean 0 and variance 1 over all time steps of the training set."
    ),
    "solver": choice(
        "adam",
        [*OPTIMIZERS, "lbfgs"],
        "The optimizer: one that uses mini-batches, or 'lbfgs' on the whole training set, for a few hundred sequences.",
    ),
    "alpha": number(
        0.1,
        at_least(0),
        "Strength of the L2 penalty alpha / 2 * ||weights||^2, without biases. It is divided by the sum of all "
        "weights (sample times class; per target, if a sequence has several) and added to the mean loss.",
    ),
    "weight_decay": number(
        0.0,
        at_least(0),
        "Decoupled decay of weights, not biases, by weight_decay times the learning rate per step. Unused by 'lbfgs'.",
    ),
    "max_grad_norm": Parameter(
        1.0,
        [above(0), None],
        "float or None",
        "float | None",
        "Gradients of larger Euclidean norm are scaled down to it before each step. None: never. Unused by 'lbfgs'.",
    ),
    "batch_size": Parameter(
        32,
        [at_least(1, Integral), StrOptions({"auto"})],
        "int or 'auto'",
        'int | Literal["auto"] | str',
        "Number of sequences in a mini-batch. 'auto' is min(200, n_samples). Unused by 'lbfgs'.",
    ),
    "learning_rate": choice(
        "cosine",
        [*SCHEDULES, "invscaling", "adaptive"],
        "Schedule: 'cosine' falls to 0 over max_iter epochs, 'onecycle' first rises for 30 % of them, 'invscaling' "
        "divides by (sequences seen + 1) ** power_t, 'adaptive' by 5 when training stalls (see tol). Unused by "
        "'lbfgs'.",
    ),
    "learning_rate_init": number(
        5e-3, above(0), "Learning rate that the schedule falls from. 'onecycle' rises to it from a 25th."
    ),
    "warmup_steps": count(
        0, 0, "Number of mini-batches in which the learning rate first rises linearly from 0 to that of the schedule."
    ),
    "power_t": number(0.5, at_least(0), "Exponent of learning_rate='invscaling'."),
    "max_iter": count(
        100,
        1,
        "Maximum number of epochs (iterations of 'lbfgs'). Reaching it without convergence gives a warning (see "
        "`fit`).",
    ),
    "max_fun": count(15000, 1, "Maximum number of evaluations of the loss by 'lbfgs'."),
    "shuffle": flag(
        True,
        "Whether to draw new mini-batches in each epoch. Equal sequences are then merged first, so that the order of "
        "X has no effect, and weight 2 is exactly the sequence given twice. False keeps the order of X.",
    ),
    "random_state": Parameter(
        None,
        ["random_state"],
        "int, RandomState instance or None",
        "int | np.random.RandomState | None",
        "Seed of weights, mini-batches, dropout and validation split. An int gives the same bits on the same machine.",
    ),
    "tol": number(
        1e-4,
        at_least(0),
        "Smallest improvement of the loss (with early_stopping, of the validation score), in its own unit; see "
        "n_iter_no_change. For 'lbfgs', the largest gradient entry at convergence.",
    ),
    "n_iter_no_change": count(10, 1, "Number of epochs without an improvement by tol after which training stalls."),
    "early_stopping": flag(
        False,
        "Whether to set aside a part of the training set (or use X_val of `fit`), stop when the score on it stalls, "
        "and keep the weights of the best epoch. Unused by 'lbfgs'.",
    ),
    "scoring": Parameter(
        "loss",
        [StrOptions({"loss", *get_scorer_names()}), callable, None],
        "str, callable or None",
        "str | Callable[..., float] | None",
        "Validation score: 'loss' (negated), the name of a scorer, ``scorer(estimator, X, y)``, or None for `score`.",
    ),
    "validation_fraction": number(
        0.1,
        between(0, 1, "neither"),
        "Fraction of the sequences (or groups, if `fit` gets them) set aside; stratified for single-label "
        "classification. With shuffle=False the last ones.",
    ),
    "validation_split": Parameter(
        None,
        [SplitterConstraint(), None],
        "splitter or None",
        "Any",
        "Splitter, such as TimeSeriesSplit or CutoffSplit, whose last split of the rows of X, y and `groups`, as `fit` "
        "gets them, is into training and validation set, instead of validation_fraction.",
    ),
    "beta_1": number(0.9, between(0, 1), "Decay rate of the mean of the gradient in 'adam'."),
    "beta_2": number(0.999, between(0, 1), "Decay rate of the mean of the squared gradient in 'adam'."),
    "epsilon": number(1e-8, above(0), "Added to the root of the mean squared gradient in 'adam' and 'rmsprop'."),
    "rho": number(0.9, between(0, 1), "Decay rate of the mean of the squared gradient in 'rmsprop'."),
    "momentum": number(0.9, between(0, 1, "both"), "Momentum of 'sgd'."),
    "nesterovs_momentum": flag(True, "Whether 'sgd' uses Nesterov's momentum."),
    "warm_start": flag(
        False,
        "Whether `fit` continues from the weights of the last fit. The architecture and the classes must be the same.",
    ),
    "missing": choice(
        "error",
        ["error", "skip", "forward"],
        "What a NaN inside a sequence means: an error; a time step to skip, with the state carried across it; or "
        "('forward') the last value of the feature, beside further inputs, one a feature, that are 1 where it was NaN.",
    ),
    "bptt_steps": optional_count(
        None,
        1,
        "Number of steps after which gradients are cut (truncated backpropagation); states are not. None: they are "
        "exact.",
    ),
    "dtype": Parameter(
        None,
        [StrOptions({"float32", "float64"}), None],
        "{'float32', 'float64'} or None",
        'Literal["float32", "float64"] | str | None',
        "Precision of the computation, whatever that of X is. 'float32' is up to twice as fast. None: as X.",
    ),
    "n_jobs": Parameter(
        None,
        [Integral, None],
        "int or None",
        "int | None",
        "Number of threads; the result is the same. -1: all processors. None: 1, unless set by joblib.parallel_config.",
    ),
    "input_size": optional_count(
        None,
        1,
        "Number of features per time step of a flat 2-D X, (n_samples, n_steps * input_size). None means one feature.",
    ),
    "verbose": Parameter(
        False,
        ["verbose"],
        "bool or int",
        "bool | int",
        "Whether to print loss, validation score and time of each epoch.",
    ),
}

_class_weight = [dict, StrOptions({"balanced"}), None], "dict, 'balanced' or None", "dict[Any, Any] | str | None"
_label_smoothing = number(
    0.0,
    between(0, 1),
    "Share of each target that is divided equally among all K classes (K = 2 for each label of a multilabel y).",
)
_quantile = Parameter(
    0.5,
    [between(0, 1, "neither"), "array-like"],
    "float or tuple of float",
    "float | Sequence[float]",
    "Quantile of y to predict with loss='quantile', between 0 and 1. Several are predicted in ascending order.",
)
_huber_delta = number(
    1.35, above(0), "Error above which loss='huber' is linear, in standard deviations of y (see `y_scale_`)."
)


def _cell(default):
    doc = (
        "The recurrent cell: 'elman' (plain), 'lstm', 'lstm_no_forget' (of 1997), 'lstm_coupled' (i = 1 - f), 'gru' "
        "(reset gate after the product), 'gru_reset_before', 'gru_no_reset' (no reset gate) or 'mgu' (one gate)."
    )
    return choice(default, CELLS, doc)._replace(kind="str")  # the names together are longer than a line


CLASSIFIER = {
    **LAYERS,
    **OUTPUT,
    **TRAINING,
    "class_weight": Parameter(
        None,
        *_class_weight,
        "Weights of the classes, times the sample weights. 'balanced' gives all the same total. Not for a multilabel "
        "y.",
    ),
    "label_smoothing": _label_smoothing,
}

REGRESSOR = {
    **LAYERS,
    **OUTPUT,
    **TRAINING,
    "loss": choice(
        "squared_error",
        ["squared_error", "absolute_error", "huber", "poisson", "quantile"],
        "The loss. 'squared_error' (half of it) estimates the mean of y, 'absolute_error' its median. 'huber' is "
        "squared up to huber_delta and linear beyond. 'poisson', half the deviance, estimates the mean of a y of "
        "counts or other non-negative values, by its logarithm. 'quantile' is the pinball loss.",
    ),
    "quantile": _quantile,
    "huber_delta": _huber_delta,
}

ANY_CELL = {"cell": _cell("elman")}

ENCODER_DECODER = {
    **LAYERS,
    "hidden_layer_sizes": Parameter(
        64,
        [at_least(1, Integral), "array-like"],
        "int or tuple of int",
        "int | Sequence[int]",
        "Number of units of the recurrent layer of the encoder, in each direction, and of that of the decoder. A "
        "tuple stacks layers in both.",
    ),
    "bidirectional": flag_or_auto(
        "Whether each layer of the encoder also reads the sequences backward; 'auto' is True. The decoder has one "
        "direction."
    ),
    "cell": _cell("lstm"),
    "attention": Parameter(
        "additive",
        [StrOptions(set(SCORES)), None],
        "{'additive', 'dot'} or None",
        'Literal["additive", "dot"] | str | None',
        "How the decoder weights the states of the encoder at each step: by a small network ('additive'), by a "
        "product ('dot'), or not at all (None): it then starts from the last state of the encoder and reads nothing "
        "else of X. Training keeps one number per pair of input and output steps in a batch.",
    ),
    "teacher_forcing": Parameter(
        1.0,
        [between(0, 1, "both"), "array-like"],
        "float or tuple of two floats",
        "float | tuple[float, float]",
        "Fraction of the steps at which the decoder reads the true output of the step before in training, and not its "
        "own (scheduled sampling). A tuple is the fraction in the first and in the last of max_iter epochs, with a "
        "linear change in between. A warm start begins anew; `partial_fit` uses the first.",
    ),
    **TRAINING,
}

SEQ2SEQ_CLASSIFIER = {
    **ENCODER_DECODER,
    "class_weight": Parameter(
        None,
        *_class_weight,
        "Weights of the labels, multiplied by the sample weights. In a dict the end of a sequence has weight 1. "
        "'balanced' gives all labels, and the end, the same total weight.",
    ),
    "label_smoothing": _label_smoothing,
    "max_length": optional_count(
        None,
        1,
        "Maximum number of labels that `predict` writes for a sequence; can be changed after `fit`. None means "
        "`max_length_`.",
    ),
    "beam_width": count(
        1,
        1,
        "Number of partial outputs that `predict` keeps at each step (beam search); 1 takes the most probable label "
        "each time. Can be changed after `fit`.",
    ),
    "length_penalty": number(
        1.0,
        at_least(0),
        "Of the complete outputs found, `predict` takes the one with the highest log p / (n_labels + 1) ** "
        "length_penalty: 0 prefers short outputs, 1 compares means per label. No effect with beam_width=1.",
    ),
}

SEQ2SEQ_REGRESSOR = {
    **ENCODER_DECODER,
    "future_features": Parameter(
        None,
        ["array-like", None],
        "array-like of int, str or bool, or None",
        "Sequence[Any] | np.ndarray | None",
        "Indices, names or mask of the features that are known ahead. The last steps of each sequence, as many as y "
        "has, are then those to predict: the decoder reads these features there; the encoder reads the steps before. "
        "None: X is past alone.",
    ),
    "loss": choice(
        "squared_error",
        ["squared_error", "absolute_error", "huber", "quantile"],
        "The loss. 'squared_error' (half of it) estimates the mean of y, 'absolute_error' its median. 'huber' is "
        "squared up to huber_delta and linear beyond. 'quantile' is the pinball loss.",
    ),
    "quantile": _quantile,
    "huber_delta": _huber_delta,
}


ELSEWHERE = {  # names of other libraries
    "max_iter": "epochs n_epochs num_epochs nb_epoch max_epochs n_iter",
    "hidden_layer_sizes": "units n_units num_units hidden_units hidden_size hidden_sizes hidden_dim n_hidden",
    "learning_rate_init": "lr eta step_size",
    "solver": "optimizer optim",
    "alpha": "l2 reg_lambda",
    "max_grad_norm": "clipnorm clip_norm gradient_clip gradient_clip_val",
    "n_iter_no_change": "patience",
    "validation_fraction": "val_split val_size",
    "validation_split": "train_split cv",
    "random_state": "seed random_seed",
    "embedding_dim": "embedding_size embed_dim output_dim",
    "pad_token": "padding_idx",
    "input_size": "n_features input_dim",
    "standardize": "normalize scale",
    "future_features": "future_covariates known_covariates known_future exog known",
    "loss": "criterion objective",
    "cell": "cell_type rnn_type",
    "pooling": "aggregation",
    "bptt_steps": "tbptt truncate",
}
STACKS = {"num_layers", "n_layers", "layers"}
"""Names of other libraries for the number of layers, which is the length of `hidden_layer_sizes`."""


def refuse_unknown(cls, names):
    """Raise Python's own error for the first of the `names` that is no parameter of `cls`, and tell which is meant."""
    for name in names:
        if name not in cls._parameters:
            message = f"{cls.__name__}.__init__() got an unexpected keyword argument {name!r}"
            raise TypeError(f"{message}{_meant(cls, name)}")


def _meant(cls, name):
    if name in STACKS:
        return ". A tuple stacks layers: hidden_layer_sizes=(64, 64)"
    if name == "cell" and "pooling" in cls._parameters:
        return f". Did you mean RNN{cls.__name__.removeprefix('LSTM').removeprefix('GRU')}(cell=...)?"
    candidates = [ours for ours, theirs in ELSEWHERE.items() if name in theirs.split()]
    candidates += get_close_matches(name, cls._parameters, n=1, cutoff=0.7)
    candidates = [candidate for candidate in candidates if candidate in cls._parameters]
    return f". Did you mean {candidates[0]!r}?" if candidates else ""


def layer_sizes(sizes):
    """`hidden_layer_sizes` as a tuple of int."""
    sizes = tuple(sizes) if np.iterable(sizes) else (sizes,)
    if not sizes or not all(isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in sizes):
        raise ValueError(f"hidden_layer_sizes must be a positive int or a tuple of them, got {sizes}.")
    return tuple(int(n) for n in sizes)


def poolings(pooling):
    """`pooling` as a tuple of names."""
    kinds = (pooling,) if isinstance(pooling, str) else tuple(pooling)
    if (
        isinstance(pooling, set | frozenset)
        or not kinds
        or len(set(kinds)) < len(kinds)
        or not set(kinds) <= set(POOLINGS)
    ):
        raise ValueError(f"pooling must be one or several different names of {POOLINGS}, got {pooling!r}.")
    return kinds


def check_at_least_one(**numbers):
    """Refuse what is no whole number from 1 on: of arguments, and of parameters that may change after fit."""
    for name, number in numbers.items():
        if not isinstance(number, Integral) or isinstance(number, bool) or number < 1:
            raise ValueError(f"{name} must be an integer of at least 1, got {number!r}.")


def is_bidirectional(model):
    """What `bidirectional` means for the network that `model` would be fitted with; 'auto' is decided here alone.

    With a target for each step, the backward direction would see the steps that are to be predicted.
    """
    if model.bidirectional == "auto":
        return not getattr(model, "return_sequences", False)  # an encoder has one summary, as with one target
    return bool(model.bidirectional)


def architecture_of(model):
    """Whether a model is bidirectional, whether it predicts per step, and its poolings: as fitted, if it is."""
    fitted = getattr(model, "_network_arguments", None)
    if fitted:
        return fitted["bidirectional"], fitted["per_step"], set(fitted["pooling"])
    kinds = {model.pooling} if isinstance(model.pooling, str) else set(model.pooling)
    return is_bidirectional(model), model.return_sequences, kinds


def forcing_of(teacher_forcing):
    """`teacher_forcing` as the parts of the first epoch and the last."""
    parts = tuple(teacher_forcing) if np.iterable(teacher_forcing) else (teacher_forcing, teacher_forcing)
    if len(parts) != 2 or not all(isinstance(part, Real) and 0 <= part <= 1 for part in parts):
        raise ValueError(f"teacher_forcing must be one number from 0 to 1, or two, got {teacher_forcing!r}.")
    return float(parts[0]), float(parts[1])


def quantiles_of(quantile):
    """`quantile` as a tuple of different numbers between 0 and 1, ascending."""
    quantiles = tuple(quantile) if np.iterable(quantile) else (quantile,)
    if not quantiles or not all(isinstance(q, Real) and 0 < q < 1 for q in quantiles):
        raise ValueError(f"quantile must be a number between 0 and 1, or several, got {quantile!r}.")
    if len(set(quantiles)) < len(quantiles):
        raise ValueError(f"quantile must be several different numbers, got {quantile!r}.")
    return tuple(sorted(float(q) for q in quantiles))


def loss_of(name, quantiles=(), huber_delta=None):
    """The name of a loss of the core, and its settings."""
    settings = {"quantile": {"quantiles": quantiles}, "huber": {"delta": huber_delta}}.get(name, {})
    return ("pinball" if name == "quantile" else name), settings
