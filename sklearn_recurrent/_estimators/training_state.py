"""Where a model stands: what a fit has made of it, and from where training goes on."""

from __future__ import annotations

import weakref
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from .._core.losses import LOSSES, of_known_targets
from .._core.network import Model
from .._core.one_sequence import OneSequence
from .._core.preprocessing import (
    Columns,
    ForwardFill,
    InputPreprocessor,
    Standardizer,
    Vocabulary,
    network_inputs,
    with_static_inputs,
)
from .._core.stepping import Stepper
from .checks import ADVICE, expect, expect_numbers, expect_scales, expect_shape

PARSED = (
    "n_features_in_",
    "feature_names_in_",
    "n_static_features_in_",
    "static_feature_names_in_",
    "is_categorical_",
    "categories_",
    "_categorical_columns",
    "_fitted_on_sequences",
)
"""What parsing the X of fit leaves on an estimator, which later X are compared with."""

OPTIONAL = {
    "feature_names_in_",
    "static_feature_names_in_",
    "is_categorical_",
    "categories_",
    "_categorical_columns",
    "_for_deployment",
    "_has_vector",
    "x_mean_",
    "x_scale_",
    "vocabulary_",
    "static_mean_",
    "static_scale_",
}
"""Attributes that one fit has and another one of the same class does not."""


@dataclass(frozen=True, eq=False)
class FittedState:
    """All that a fitted model needs to answer. It is made whole, and takes the place of an older one whole.

    network_arguments : what the network was made with: builtins, so that a later change of parameters changes nothing
    input_options : how X is parsed
    padded : whether the X of fit was an array with padding
    preprocessor : from values to network inputs
    static_preprocessor : the same for static values; None if there are none
    encoder : from y to targets, from raw outputs to predictions
    remembered : attributes of the X of fit, which later X are compared with
    loss : the name of a loss of the core, and its settings
    theta : the weights
    network : the network without what belongs to training alone, such as dropout

    It is never stored as such: a model stores the arrays and builtins of `attributes`, and `from_attributes` checks
    them and makes the state anew.
    """

    network_arguments: dict
    input_options: dict
    padded: bool
    preprocessor: InputPreprocessor
    static_preprocessor: Standardizer | None
    encoder: object
    remembered: dict
    loss: tuple
    theta: np.ndarray
    network: Model

    @property
    def embeds(self):
        """Whether X holds tokens."""
        return self.input_options.get("tokens", False)

    @property
    def preprocessors(self):
        """All that stands between X and the network."""
        return self.preprocessor, self.static_preprocessor

    @property
    def n_static(self):
        """The number of static values of each sequence."""
        return self.remembered["n_static_features_in_"]

    @cached_property
    def reads_numbers_alone(self):
        """Whether X was sequences of numbers without names, static values, categories or tokens."""
        others = {"feature_names_in_", "categories_", "vocabulary_"} & self.attributes().keys()
        no_matrix = self.remembered["_fitted_on_sequences"] and self.input_options.get("input_size") is None
        return no_matrix and not others and not self.n_static

    @property
    def carries(self):
        """Whether missing values are the last ones before them, with missing='forward'."""
        return isinstance(self.preprocessor, ForwardFill)

    def network_inputs(self, sequences):
        """What the network reads of sequences that are parsed."""
        return network_inputs(sequences, *self.preprocessors, self.theta.dtype)

    def continued_inputs(self, sequences, last):
        """The same of sequences that go on from the last values of earlier steps; and the last values of all steps."""
        inputs, last = self.preprocessor.continued(sequences, last, self.theta.dtype)
        return with_static_inputs(inputs, self.static_preprocessor, self.theta.dtype), last

    def raw_outputs(self, inputs, workers, **options):
        """The raw outputs of the network for its inputs; `options` as in `Model.predict`."""
        if len(inputs) == 1 and not options and self.one_sequence.takes(inputs.offsets[-1]):
            one = inputs.take(np.zeros(1, int))
            return self.one_sequence(one.values, one.static)
        return self.network.predict(self.theta, inputs, workers, **options)

    def new_stepper(self):
        """The network, ready to go step by step, with the weights as they are now."""
        return Stepper(self.network, self.theta)

    @cached_property
    def one_sequence(self):
        """The network, ready to predict for single sequences."""
        return OneSequence(self.network, self.theta)

    @cached_property
    def _sources(self):
        """The arrays that the state is made of, by the names of the attributes that hold them."""
        attributes = self.attributes()
        return [(name, value) for name, value in attributes.items() if _is_source(name, value)]

    def attributes(self):
        """Named arrays and builtins, all attributes of a fitted model but the record of its training."""
        attributes = {
            "theta_": self.theta,
            "n_outputs_": self.encoder.n_outputs,
            "n_layers_": len(self.network_arguments["units"]) + 1,
            "bidirectional_": self.network_arguments["bidirectional"],
            "out_activation_": self.encoder.link,
            "_network_arguments": self.network_arguments,
            "_input_options": self.input_options,
            "_padded": self.padded,
            "_loss": self.loss,
        }
        attributes |= self.remembered | self.encoder.attributes()
        if isinstance(self.preprocessor, Vocabulary):
            attributes["vocabulary_"] = self.preprocessor.tokens
        else:
            attributes["x_mean_"] = self.preprocessor.mean
            attributes["x_scale_"] = self.preprocessor.scale
        if self.static_preprocessor is not None:
            attributes["static_mean_"] = self.static_preprocessor.mean
            attributes["static_scale_"] = self.static_preprocessor.scale
        return attributes

    def is_made_of(self, attributes):
        """Whether `attributes` still hold the very arrays that the state is made of."""
        return all(attributes.get(name) is array for name, array in self._sources)

    @classmethod
    def from_attributes(cls, network_class, encoder_class, attributes):
        """The state that a model with these `attributes` is in.

        Raises
        ------
        ValueError
            If an attribute is missing, has another shape than the others call for, or holds no finite numbers.
        """
        try:
            arguments = expect(attributes, "_network_arguments")
            network = network_class(**arguments)
            encoder = encoder_class.from_attributes(attributes)
            for name in ("_padded", "_loss", "_input_options", "n_features_in_", "_fitted_on_sequences"):
                expect(attributes, name)
            n_static = expect(attributes, "n_static_features_in_")
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{error}. {ADVICE}") from error
        options = attributes["_input_options"]
        if not isinstance(options, dict):
            raise ValueError(f"_input_options: expected a dict, got {type(options).__name__}. {ADVICE}")
        preprocessor = _preprocessor_from(attributes, arguments, options)
        if n_static != arguments.get("n_static", 0):
            raise ValueError(
                f"n_static_features_in_: expected {arguments.get('n_static', 0)}, got {n_static!r}. {ADVICE}"
            )
        theta = expect_numbers(attributes, "theta_", (network.n_weights,))
        if theta.dtype not in (np.float32, np.float64) or not theta.dtype.isnative:
            raise ValueError(f"theta_: expected float32 or float64, got {theta.dtype.str}. {ADVICE}")
        return cls(
            network_arguments=arguments,
            input_options=options,
            padded=attributes["_padded"],
            preprocessor=preprocessor,
            static_preprocessor=_static_preprocessor_from(attributes, n_static),
            encoder=encoder,
            remembered={name: attributes[name] for name in PARSED if name in attributes},
            loss=attributes["_loss"],
            theta=theta,
            network=network,
        )

    def loss_function(self):
        """``loss(raw, y) -> (values, gradient)``."""
        name, settings = self.loss
        loss = partial(LOSSES[name], **settings)
        return of_known_targets(loss) if self.encoder.has_gaps else loss


def _is_source(name, value):
    return isinstance(value, np.ndarray) or name == "categories_"


class StateCache:
    """Model → the `FittedState` that its attributes stand for, kept beside the model and as long as it lives.

    Models are told by their identity: a class of the user's may define what equal models are, and none need be
    hashable.
    """

    def __init__(self):
        self._entries = {}

    def get(self, model):
        reference, state = self._entries.get(id(model), (None, None))
        return state if reference is not None and reference() is model else None

    def set(self, model, state):
        key = id(model)
        forget = partial(self._entries.pop, key)
        self._entries[key] = (weakref.ref(model, lambda _: forget(None)), state)


def _preprocessor_from(attributes, arguments, options):
    if options.get("tokens", False):
        vocabulary = expect_shape(attributes, "vocabulary_", (arguments["tokens"] - 1,), kinds="iu")
        if (vocabulary[1:] <= vocabulary[:-1]).any():
            raise ValueError(f"vocabulary_: expected ascending tokens, got others. {ADVICE}")
        return Vocabulary(vocabulary)
    tables = arguments.get("tables", ())
    n_numbers = arguments["n_features"] - sum(width for _, width in tables)
    carries = options.get("missing") == "forward"
    if carries:
        n_numbers //= 2  # each has an indicator
    if "categorical_features" in options:
        scaling = _columns_from(attributes, tables, n_numbers)
    else:
        scaling = _standardizer_from(attributes, "x_mean_", "x_scale_", n_numbers)
    return ForwardFill(scaling) if carries else scaling


def _columns_from(attributes, tables, n_numbers):
    n = n_numbers + len(tables)
    is_categorical = expect_shape(attributes, "is_categorical_", (n,), kinds="b")
    if is_categorical.sum() != len(tables):
        raise ValueError(f"is_categorical_: expected {len(tables)} times True, got {is_categorical.sum()}. {ADVICE}")
    categories = expect(attributes, "categories_")
    if not isinstance(categories, list) or len(categories) != len(tables):
        raise ValueError(f"categories_: expected a list of {len(tables)} arrays, got others. {ADVICE}")
    for k, (n_rows, _) in enumerate(tables):
        name = f"categories_[{k}]"
        expect_shape({name: categories[k]}, name, (n_rows - 1,))
    standardizer = _standardizer_from(attributes, "x_mean_", "x_scale_", n)
    return Columns(standardizer.mean, standardizer.scale, is_categorical)


def _static_preprocessor_from(attributes, n_static):
    if not n_static:
        return None
    return _standardizer_from(attributes, "static_mean_", "static_scale_", n_static)


def _standardizer_from(attributes, mean, scale, n):
    return Standardizer(expect_numbers(attributes, mean, (n,)), expect_scales(attributes, scale, (n,)))


@dataclass(frozen=True)
class TrainingState:
    """From where training goes on; by default, from nothing.

    theta : the weights
    n_epochs, best_epoch, n_seen : trained before, the best of them, and the sequences seen in them
    losses, validation_losses, scores : of each of these epochs
    optimizer_states : name of an optimizer → its state
    has_vector : which rows of the embedding table began as vectors that were given; None if none were
    """

    theta: np.ndarray
    n_epochs: int = 0
    best_epoch: int = 0
    n_seen: int = 0
    best_loss: float | None = None
    losses: list = field(default_factory=list)
    validation_losses: list = field(default_factory=list)
    scores: list = field(default_factory=list)
    optimizer_states: dict = field(default_factory=dict)
    has_vector: np.ndarray | None = None

    @classmethod
    def drawn(cls, network, seed, X, dtype, forget_bias, given=None):
        """From random weights, in `dtype`; None: in that of X; tokens have that of floats as wide.

        given : which tokens have a vector, and these vectors
        """
        theta = network.initial(np.random.default_rng(seed), forget_bias, int(X.lengths.max()))
        has_vector = None
        if given is not None:
            has_vector = np.append(False, given[0])  # the first row is that of unknown tokens
            network.layout.views(theta)["embedding/E"][has_vector] = given[1]
        return cls(theta.astype(dtype or f"f{X.dtype.itemsize}"), has_vector=has_vector)

    @classmethod
    def of(cls, model):
        """From where the last fit of `model` ended."""
        return cls(
            model.theta_,
            model.n_iter_,
            model.best_iter_,
            model.t_,
            model.best_loss_,
            model.loss_curve_,
            model.validation_loss_curve_ or [],
            model.validation_scores_ or [],
            deepcopy(model._optimizer_states),
            getattr(model, "_has_vector", None),
        )

    def record(self, history, optimizer_states, *, append=False):
        """The attributes that tell of the training, after `history` from here on.

        append : whether the losses of `history` will be appended to the very list of the model: many calls of
            partial_fit would else copy it each time
        """
        losses = self.losses if append else self.losses + history.losses
        scores = self.scores + history.scores
        n_epochs = self.n_epochs + len(history.losses)
        of_vectors = {} if self.has_vector is None else {"_has_vector": self.has_vector}
        best_iter = n_epochs
        best_score = max(history.scores, default=None)
        if history.best_epoch is not None:
            best_iter = self.n_epochs + history.best_epoch if history.best_epoch else self.best_epoch
            best_score = history.best_score
        return of_vectors | {
            "n_iter_": n_epochs,
            "t_": self.n_seen + history.n_seen,
            "loss_": history.losses[-1],
            "loss_curve_": losses,
            "best_loss_": self._best_loss(history),
            "validation_loss_curve_": self.validation_losses + history.validation_losses if history.scores else None,
            "validation_scores_": scores if history.scores else None,
            "best_validation_score_": best_score,
            "best_iter_": best_iter,
            "_optimizer_states": optimizer_states,
        }

    def _best_loss(self, history):
        """None if the weights of the best validation score are kept, whose loss need not be the smallest."""
        if history.best_epoch is not None:
            return None
        losses = history.losses
        if self.losses:
            losses = [*losses, min(self.losses) if self.best_loss is None else self.best_loss]
        return min(losses)
