"""The hyper-parameters of all estimators: each declared once, with name, default, constraint and documentation."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import dataclass_transform

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer_names

from .._core.activations import ACTIVATIONS
from .._core.attention import SCORES
from .._core.cells.registry import CELLS
from .._core.heads import POOLINGS
from .._core.optimizers import OPTIMIZERS, SCHEDULES
from .._sklearn import Interval, StrOptions


def parameter(default, constraints, kind, doc, *, kw_only=True):
    """Declare a hyper-parameter: its default, scikit-learn's constraints on it, its type in words, what it does."""
    return field(default=default, kw_only=kw_only, metadata={"constraints": constraints, "kind": kind, "doc": doc})


def at_least(low, kind=Real):
    return Interval(kind, low, None, closed="left")


def above(low):
    return Interval(Real, low, None, closed="neither")


def between(low, high, closed="left"):
    return Interval(Real, low, high, closed=closed)


@dataclass_transform(eq_default=False, field_specifiers=(parameter,))
def estimator(cls):
    """Make ``__init__``, ``_parameter_constraints`` and the docstring's sections from the declared parameters.

    In a docstring, ``{parameters}`` and ``{attributes}`` stand for the sections; attributes are those that the classes
    from `cls` up declare in `_attributes`, name → (type, text).
    """
    if inspect.get_annotations(cls):  # else the inherited __init__ serves; to make one takes milliseconds
        cls = dataclass(eq=False, repr=False)(cls)
    cls._parameter_constraints = {f.name: f.metadata["constraints"] for f in fields(cls)}
    attributes = {}
    for base in reversed(cls.__mro__):
        attributes |= vars(base).get("_attributes", {})
    sections = {
        "parameters": _section("Parameters", [(f.name, _kind(f), f.metadata["doc"]) for f in fields(cls)]),
        "attributes": _section("Attributes", [(name, *entry) for name, entry in sorted(attributes.items())]),
    }
    if cls.__doc__:
        doc = inspect.cleandoc(cls.__doc__)
        cls.__doc__ = re.sub(r"\{(parameters|attributes)\}", lambda match: sections[match[1]], doc)
    return cls


def _kind(f):
    return f"{f.metadata['kind']}, default={f.default!r}"


def _section(title, entries):
    lines = [title, "-" * len(title)]
    for name, kind, doc in entries:
        lines += [f"{name} : {kind}", textwrap.fill(doc, 114, initial_indent="    ", subsequent_indent="    ")]
    return "\n".join(lines)


@estimator
class LayerParameters:
    hidden_layer_sizes: int | tuple = parameter(
        64,
        [at_least(1, Integral), "array-like"],
        "int or tuple of int",
        "Units of the recurrent layer; a tuple stacks layers, each reading the states of the one below, "
        "with as many units as its entry says.",
        kw_only=False,
    )
    activation: str = parameter(
        "tanh",
        [StrOptions(set(ACTIVATIONS))],
        "{'tanh', 'relu', 'logistic'}",
        "Nonlinearity φ of a candidate state, and of the cell state on its way out of an LSTM. Gates are always "
        "logistic. relu is unbounded: it may need a smaller learning rate.",
    )
    bidirectional: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether each layer also reads its sequences from their end, with as many units and weights of their own. "
        "The reverse direction begins at the last living step, whatever the padding.",
    )


@estimator
class OutputParameters:
    pooling: str | tuple = parameter(
        ("last", "mean", "max"),
        [StrOptions(set(POOLINGS)), "array-like"],
        "{'last', 'mean', 'max', 'attention'} or tuple of them",
        "How the states of the top layer become one vector per sequence: the last state of each direction, the mean "
        "or the maximum over all living steps, or their mean with weights that are learned (additive attention; see "
        "attention_weights). Several are concatenated. With return_sequences there is no pooling.",
    )
    return_sequences: bool = parameter(
        False,
        ["boolean"],
        "bool",
        "Whether y has a target for each time step: one array per sequence, as long as it. Predictions then have, too.",
    )


@estimator
class TrainingParameters:
    embedding_dim: int | None = parameter(
        None,
        [at_least(1, Integral), None],
        "int or None",
        "If given, X holds tokens, whole numbers from 0 on, one per time step, and each of those met in fit gets a "
        "vector of that many entries, which is learned. Later, an unknown token has a vector of zeros, or the one "
        "that partial_fit has learned for all tokens it did not know. 32-bit tokens compute in float32, wider ones in "
        "float64. The vectors are not penalized.",
    )
    pad_token: int | None = parameter(
        None,
        [at_least(0, Integral), None],
        "int or None",
        "With embedding_dim: the token that is padding at either end of a row, where X is an array of tokens; in a "
        "list of sequences it is one like others. None: there is no padding.",
    )
    dropout: float = parameter(
        0.0,
        [between(0, 1)],
        "float",
        "Probability with which, in training, a unit is left out between layers and before the output, for a whole "
        "sequence at a time. The others are scaled up in turn. Not for lbfgs.",
    )
    recurrent_dropout: float = parameter(
        0.0,
        [between(0, 1)],
        "float",
        "The same for the state on its way into the next time step: one mask for all steps of a sequence. What the "
        "state carries on past the gates is not dropped.",
    )
    forget_bias: float | str = parameter(
        "auto",
        [Interval(Real, None, None, closed="neither"), StrOptions({"auto", "chrono"})],
        "float, 'auto' or 'chrono'",
        "Initial bias of the gate that keeps the state: the forget gate of an LSTM, the update gate of a GRU (of mgu "
        "its negative). 'auto' is 1 for the LSTM family, 0 for the GRU family; 'chrono' draws a bias for memories of "
        "up to the longest training sequence, log U(1, T - 1). Cells without such a gate have none.",
    )
    standardize: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether to scale each feature to mean 0 and variance 1, taken over all living steps of the training set.",
    )
    solver: str = parameter(
        "adam",
        [StrOptions({*OPTIMIZERS, "lbfgs"})],
        "{'adam', 'rmsprop', 'sgd', 'lbfgs'}",
        "What minimizes the loss: adam, rmsprop or sgd by mini-batches, or the quasi-Newton method L-BFGS on the whole "
        "training set, good for up to some hundred sequences.",
    )
    alpha: float = parameter(
        0.1,
        [at_least(0)],
        "float",
        "Strength of the L2 penalty: ½ alpha ‖weights‖², divided by the sum of the weights (sample times class) of the "
        "sequences trained on, or of their targets if they have several, is added to the mean loss. Biases are not "
        "penalized. At 0 there is none.",
    )
    weight_decay: float = parameter(
        0.0,
        [at_least(0)],
        "float",
        "Decoupled weight decay: each mini-batch also multiplies the weights with 1 - weight_decay times the learning "
        "rate; with adam this is AdamW. Biases do not decay. Not for lbfgs.",
    )
    max_grad_norm: float | None = parameter(
        1.0,
        [above(0), None],
        "float or None",
        "Gradients of a larger Euclidean norm are scaled down to it, before each step; not for lbfgs. None: never.",
    )
    batch_size: int | str = parameter(
        32,
        [at_least(1, Integral), StrOptions({"auto"})],
        "int or 'auto'",
        "Sequences in a mini-batch, the last of an epoch may be smaller; 'auto' is min(200, n_samples). "
        "lbfgs uses none.",
    )
    learning_rate: str = parameter(
        "cosine",
        [StrOptions({*SCHEDULES, "invscaling", "adaptive"})],
        "{'constant', 'cosine', 'onecycle', 'invscaling', 'adaptive'}",
        "Schedule of the learning rate, not for lbfgs. 'cosine' falls from learning_rate_init to 0 over max_iter "
        "epochs and so trains through all of them; 'onecycle' rises from a 25th of learning_rate_init to it in the "
        "first three tenths of them, and then falls to 0; a warm start begins these anew. 'constant'; 'invscaling' "
        "divides by (sequences seen + 1) ** power_t; 'adaptive' divides by 5 each time that the loss (the validation "
        "score, with early_stopping) stalls.",
    )
    learning_rate_init: float = parameter(
        5e-3, [above(0)], "float", "Learning rate that the schedule begins with, or rises to."
    )
    warmup_steps: int = parameter(
        0,
        [at_least(0, Integral)],
        "int",
        "Mini-batches in which the learning rate first rises from 0, in a straight line, to what the schedule says.",
    )
    power_t: float = parameter(0.5, [at_least(0)], "float", "Exponent of learning_rate='invscaling'.")
    max_iter: int = parameter(
        100,
        [at_least(1, Integral)],
        "int",
        "Epochs, passes over the training set; with lbfgs, iterations. Reaching it warns of missing convergence, "
        "unless the schedule ends with it ('cosine', 'onecycle').",
    )
    max_fun: int = parameter(15000, [at_least(1, Integral)], "int", "Evaluations of the loss that lbfgs may take.")
    shuffle: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether to draw new mini-batches each epoch. If so, the order of the sequences in X has no influence, and a "
        "sequence of weight 2 counts exactly as one given twice: equal sequences are merged before training. If not, "
        "the sequences are used in the order given.",
    )
    random_state: object = parameter(
        None,
        ["random_state"],
        "int, RandomState instance or None",
        "Seed of initial weights, mini-batches, dropout and validation split. An int gives the same model, bit for "
        "bit, on the same machine.",
    )
    tol: float = parameter(
        1e-4,
        [at_least(0)],
        "float",
        "Training has stalled when the loss (the validation score, with early_stopping) improves by less than this, "
        "in its own unit, for more than n_iter_no_change epochs in a row. For lbfgs the largest entry of the gradient "
        "at convergence.",
    )
    n_iter_no_change: int = parameter(10, [at_least(1, Integral)], "int", "Epochs to wait for an improvement, see tol.")
    early_stopping: bool = parameter(
        False,
        ["boolean"],
        "bool",
        "Whether to set a part of the training set aside, to stop when the score on it stalls, and to return the "
        "weights of its best epoch. fit may get X_val and y_val in its place. Not for lbfgs.",
    )
    scoring: str | object = parameter(
        "loss",
        [StrOptions({"loss", *get_scorer_names()}), callable, None],
        "str, callable or None",
        "Score on the validation set: 'loss', its negative; the name of one of scikit-learn's scorers; any "
        "scorer(estimator, X, y); or None, the method score. It gets the weights of sequences and classes.",
    )
    validation_fraction: float = parameter(
        0.1,
        [between(0, 1, "neither")],
        "float",
        "The part set aside for early_stopping, at least one sequence; stratified for single-label classification, "
        "unless a class has one sequence alone. If fit gets groups, that part of them.",
    )
    beta_1: float = parameter(0.9, [between(0, 1)], "float", "Decay of adam's mean of the gradient.")
    beta_2: float = parameter(0.999, [between(0, 1)], "float", "Decay of adam's mean of the squared gradient.")
    epsilon: float = parameter(
        1e-8, [above(0)], "float", "Added to the root of adam's and rmsprop's mean squared gradient."
    )
    rho: float = parameter(0.9, [between(0, 1)], "float", "Decay of rmsprop's mean of the squared gradient.")
    momentum: float = parameter(0.9, [between(0, 1, "both")], "float", "Momentum of sgd.")
    nesterovs_momentum: bool = parameter(True, ["boolean"], "bool", "Whether sgd looks ahead by Nesterov's rule.")
    warm_start: bool = parameter(
        False,
        ["boolean"],
        "bool",
        "Whether fit goes on from the weights of the last fit. Sizes must be the same; y may hold no new classes.",
    )
    missing: str = parameter(
        "error",
        [StrOptions({"error", "skip"})],
        "{'error', 'skip'}",
        "What a NaN inside a sequence means: an error, or a time step to pass over, the state carried across it.",
    )
    bptt_steps: int | None = parameter(
        None,
        [at_least(1, Integral), None],
        "int or None",
        "If given, the gradient is cut every so many time steps (truncated backpropagation): the state is carried "
        "across, but what is further back than the last cut is not trained. An approximation, for very long "
        "sequences on which exact gradients are noisy. None: exact gradients.",
    )
    n_jobs: int | None = parameter(
        None,
        [Integral, None],
        "int or None",
        "Threads that fit and predict may use; -1 takes all processors. None: 1, unless joblib.parallel_config says "
        "otherwise. It changes no bit of a result. Threads pay for wide layers or many sequences at once: training "
        "halves a batch from 8192 units times sequences on (128 units, 64 sequences).",
    )
    input_size: int | None = parameter(
        None,
        [at_least(1, Integral), None],
        "int or None",
        "Features per time step of a flat 2-D X, (n_samples, n_steps * input_size). None: a 2-D X has one.",
    )
    verbose: bool | int = parameter(
        False, ["verbose"], "bool or int", "Whether to print a line for each epoch: loss, score, time."
    )


def label_smoothing_parameter():
    """The hyper-parameter of all classifiers."""
    return parameter(
        0.0,
        [between(0, 1)],
        "float",
        "The part of each target that all classes share: instead of 1 the true class of K has 1 - s + s / K, the "
        "others s / K, so that probabilities are not driven to 0 and 1. Of a multilabel indicator each label is one of "
        "two classes.",
    )


def huber_delta_parameter():
    """The hyper-parameter of all regressors."""
    return parameter(
        1.35,
        [above(0)],
        "float",
        "With loss='huber': from where on errors count absolutely, in standard deviations of y.",
    )


@dataclass(eq=False, repr=False)
class RecurrentParameters(TrainingParameters, OutputParameters, LayerParameters, BaseEstimator):
    """All of these, in the order of their declaration: the fields of the last base come first."""


def cell_parameter(default="elman"):
    """The hyper-parameter of the estimators that take any cell."""
    return parameter(
        default,
        [StrOptions(set(CELLS))],
        "{" + ", ".join(map(repr, CELLS)) + "}",
        "The recurrence: elman (plain), lstm, lstm_no_forget (1997, no forget gate), lstm_coupled (i = 1 - f), gru "
        "(reset after the product), gru_reset_before, gru_no_reset (update gate alone), mgu (minimal gated unit).",
    )


@estimator
class DecoderParameters:
    cell: str = cell_parameter("lstm")
    hidden_layer_sizes: int | tuple = parameter(
        64,
        [at_least(1, Integral), "array-like"],
        "int or tuple of int",
        "Units of the recurrent layer of the encoder, in each direction, and of that of the decoder; a tuple stacks "
        "layers in both, each with as many units as its entry says.",
        kw_only=False,
    )
    bidirectional: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether each layer of the encoder also reads its sequences from their end. The decoder has one direction.",
    )
    attention: str | None = parameter(
        "additive",
        [StrOptions(set(SCORES)), None],
        "{'additive', 'dot'} or None",
        "How the decoder chooses, at each step, which states of the encoder to look at: by a small network (additive), "
        "by a product (dot), or not at all (None): all that it then knows of the input is in the state it begins in. "
        "In training it holds a number for each pair of input and output steps of the sequences of a batch.",
    )
    teacher_forcing: float | tuple = parameter(
        1.0,
        [between(0, 1, "both"), "array-like"],
        "float or tuple of two floats",
        "The part of its steps at which, in training, the decoder reads the true output of the step before; at the "
        "others it reads its own (scheduled sampling). A tuple is the part in the first epoch and in the last, of "
        "max_iter epochs; in between it changes linearly. A warm start begins it anew, partial_fit takes the first. "
        "Which steps these are is drawn from random_state.",
    )


@dataclass(eq=False, repr=False)
class Seq2SeqParameters(TrainingParameters, DecoderParameters, LayerParameters, BaseEstimator):
    """All of these, in the order of their declaration: the fields of the last base come first."""


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


def architecture_of(model):
    """Whether a model is bidirectional, whether it predicts per step, and its poolings: as fitted, if it is."""
    fitted = getattr(model, "_network_arguments", None)
    if fitted:
        return fitted["bidirectional"], fitted["per_step"], set(fitted["pooling"])
    kinds = {model.pooling} if isinstance(model.pooling, str) else set(model.pooling)
    return model.bidirectional, model.return_sequences, kinds


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
