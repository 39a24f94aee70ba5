"""What y means to a network: targets as the loss takes them, and raw outputs as predictions.

A target encoder is fitted once and then never changes. It has

encode(dataset) : the same `Dataset` with y as the loss takes it, a row (K,) for each target
decode(dataset) : y of a dataset that is not encoded, in the form that `fit` takes
n_outputs : outputs of the network for each target
has_gaps : whether a target, encoded, may be NaN, which is none
attributes() : named arrays and builtins, from which ``from_attributes`` makes an equal one
responses : names of the methods that turn raw outputs (n, n_outputs), of any precision, into predictions
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._core.losses import LINKS, log_softmax
from .._core.preprocessing import mean_and_scale
from .._core.ragged import Ragged
from .._data.sequences import object_array
from .checks import expect_numbers, expect_scales, expect_shape


@dataclass(frozen=True, eq=False)
class ClassEncoder:
    """Classes, or the columns of a multilabel indicator."""

    classes: np.ndarray
    multilabel: bool

    has_gaps = False
    responses = ("predict", "predict_proba", "predict_log_proba", "decision_function")

    @classmethod
    def fit(cls, y, classes=None):
        """From the labels of all targets; `classes`: all that will ever come, None: those in `y`."""
        multilabel = y.ndim == 2
        present = np.arange(y.shape[1]) if multilabel else np.unique(y)
        encoder = cls(present if classes is None else np.unique(classes), multilabel)
        encoder._refuse_unknown(present)
        return encoder

    @property
    def binary(self):
        """Whether one output, the log-odds of the second class, serves for both."""
        return len(self.classes) == 2 and not self.multilabel

    @property
    def n_outputs(self):
        return 1 if self.binary else len(self.classes)

    @property
    def link(self):
        return "logistic" if self.binary or self.multilabel else "softmax"

    def refuse_other(self, classes):
        """Refuse `classes` of a further call that are not those of the first."""
        if classes is not None and not np.array_equal(np.unique(classes), self.classes):
            raise ValueError(f"Expected classes={self.classes!r}, as in the last call, got {classes!r}.")

    def encode(self, dataset):
        return dataset._replace(y=self.encode_labels(dataset.y))

    def encode_labels(self, y):
        """(N, K) for N targets: 0.0 or 1.0, or the number of the class."""
        if (y.ndim == 2) != self.multilabel:
            kinds = ["one label per target", "a multilabel indicator"]
            raise ValueError(f"Expected y to be {kinds[self.multilabel]}, as in fit, got {kinds[not self.multilabel]}.")
        if self.multilabel:
            if y.shape[1] != len(self.classes):
                raise ValueError(f"Expected y with {len(self.classes)} outputs, as in fit, got {y.shape[1]}.")
            return y.astype(np.float64)
        self._refuse_unknown(np.unique(y))
        codes = np.searchsorted(self.classes, y)[:, None]
        return codes.astype(np.float64) if self.binary else codes

    def _refuse_unknown(self, present):
        unknown = np.setdiff1d(present, self.classes)
        if len(unknown):
            raise ValueError(
                f"Expected labels among the classes {self.classes.tolist()}, got labels {unknown.tolist()} in y."
            )

    def decode(self, dataset):
        return _like_targets(dataset)

    def attributes(self):
        return {"classes_": self.classes, "_multilabel": self.multilabel}

    @classmethod
    def from_attributes(cls, attributes):
        n_outputs = attributes["n_outputs_"]
        one_for_two = attributes["out_activation_"] == "logistic" and not attributes["_multilabel"]
        expect_shape(attributes, "classes_", (2 if one_for_two else n_outputs,))
        return cls(attributes["classes_"], attributes["_multilabel"])

    def predict(self, raw):
        if self.multilabel:
            return (raw > 0).astype(int)
        chosen = (raw[:, 0] > 0).astype(int) if self.binary else raw.argmax(axis=1)
        return self.classes[chosen]

    def predict_proba(self, raw):
        both = np.hstack([-raw, raw]) if self.binary else raw
        return LINKS[self.link](both.T).T

    def predict_log_proba(self, raw):
        if self.binary:
            return -np.logaddexp(0, np.hstack([raw, -raw]))
        if self.multilabel:
            return -np.logaddexp(0, -raw)
        return log_softmax(raw.T).T

    def decision_function(self, raw):
        return raw[:, 0] if self.binary else raw


@dataclass(frozen=True, eq=False)
class NumberEncoder:
    """Numbers, scaled: (y - mean) / scale.

    mean, scale (K,) : of each output
    is_1d : whether y has one number for each target, and not a row of them
    link : "exponential", which the network's outputs pass through first, or "identity"
    n_quantiles : predicted for each output, 1 if the loss knows none
    several_quantiles : whether quantiles have an axis of their own
    """

    mean: np.ndarray
    scale: np.ndarray
    is_1d: bool
    link: str = "identity"
    n_quantiles: int = 1
    several_quantiles: bool = False

    has_gaps = False
    responses = ("predict",)

    @classmethod
    def fit(cls, y, weight, **form):
        rows = y.reshape(len(y), -1)
        if form.get("link") == "exponential":
            mean = np.zeros(rows.shape[1])  # the network gives the logarithm of y / scale: nothing is subtracted
            scale = np.average(rows, axis=0, weights=weight)
        else:
            mean, scale = mean_and_scale(Ragged.of_rows(rows), weight)
        return cls(mean, scale, y.ndim == 1, **form)

    @property
    def n_outputs(self):
        return len(self.scale) * self.n_quantiles

    def encode(self, dataset):
        return dataset._replace(y=self.encode_numbers(dataset.y))

    def encode_numbers(self, y):
        rows = y.reshape(len(y), -1)
        if rows.shape[1] != len(self.scale):
            raise ValueError(f"Expected y with {len(self.scale)} outputs, as in the last fit, got {rows.shape[1]}.")
        if self.link == "exponential" and ((rows < 0).any() or not self.scale.all()):
            raise ValueError(
                f"Expected y >= 0, and > 0 at least once, for loss='poisson', got a minimum of {rows.min():g}."
            )
        return (rows - self.mean) / self.scale

    def decode(self, dataset):
        if dataset.offsets is not None and not dataset.weight.all():
            # A scorer that takes no weights must not see what stands in the place of a target.
            y = dataset.y.copy()
            y[dataset.weight == 0] = np.nan
            dataset = dataset._replace(y=y)
        return _like_targets(dataset)

    def attributes(self):
        return {
            "y_mean_": self.mean,
            "y_scale_": self.scale,
            "_y_is_1d": self.is_1d,
            "_several": self.several_quantiles,
        }

    @classmethod
    def from_attributes(cls, attributes):
        n_quantiles = _n_quantiles(attributes)
        shape = (attributes["n_outputs_"] // n_quantiles,)
        expect_numbers(attributes, "y_mean_", shape)
        expect_scales(attributes, "y_scale_", shape)
        return cls(
            attributes["y_mean_"],
            attributes["y_scale_"],
            attributes["_y_is_1d"],
            attributes["out_activation_"],
            n_quantiles,
            attributes["_several"],
        )

    def predict(self, raw):
        linked = LINKS[self.link](raw.T).T
        y = linked.reshape(len(raw), len(self.scale), self.n_quantiles)
        y = np.sort(y * self.scale[:, None] + self.mean[:, None], axis=2)  # estimates of several quantiles may cross
        if self.is_1d:
            y = y[:, 0]
        return y if self.several_quantiles else y[..., 0]


@dataclass(frozen=True, eq=False)
class LabelSequenceEncoder:
    """Sequences of labels, each of which ends with a code of its own, the number of classes.

    max_length : labels of the longest one
    """

    classes: np.ndarray
    max_length: int

    has_gaps = False
    link = "softmax"

    @property
    def n_outputs(self):
        return len(self.classes) + 1

    def encode(self, dataset):
        return dataset  # labels of any type are codes from the beginning: nothing else can be sorted and compared

    def decode(self, dataset):
        sequences = np.split(dataset.y, dataset.offsets[1:-1])
        return object_array([self.classes[codes[:-1, 0]] for codes in sequences])

    def attributes(self):
        return {"classes_": self.classes, "max_length_": self.max_length}

    @classmethod
    def from_attributes(cls, attributes):
        expect_shape(attributes, "classes_", (attributes["n_outputs_"] - 1,))
        return cls(attributes["classes_"], attributes["max_length_"])


@dataclass(frozen=True, eq=False)
class NumberSequenceEncoder:
    """Sequences of numbers, scaled: (y - mean) / scale. One that is NaN, or of a step of weight 0, is no target.

    mean, scale (K,) : of each output
    form : the container of y, "array" or "sequences", and how many dimensions it has if it is an array
    horizon : steps of the longest one
    same_horizon : whether all have as many
    n_quantiles, several_quantiles : as of `NumberEncoder`
    """

    mean: np.ndarray
    scale: np.ndarray
    form: tuple
    horizon: int
    same_horizon: bool
    n_quantiles: int = 1
    several_quantiles: bool = False

    has_gaps = True
    link = "identity"

    @classmethod
    def fit(cls, dataset, **form):
        known = dataset.is_known()
        y = dataset.y
        weight = dataset.weight
        if known.all():
            return cls(*mean_and_scale(Ragged.of_rows(y), weight), **form)
        found = []
        for k, rows in enumerate(known.T):
            if not rows.any():
                raise ValueError(f"Expected y with at least one number for output {k}, got NaN alone.")
            found.append(mean_and_scale(Ragged.of_rows(y[rows, k, None]), weight[rows]))
        mean, scale = np.concatenate(found, axis=1)
        return cls(mean, scale, **form)

    @property
    def n_outputs(self):
        return len(self.scale) * self.n_quantiles

    def encode(self, dataset):
        y = dataset.y
        if y.shape[1] != len(self.scale):
            raise ValueError(f"Expected y with {len(self.scale)} outputs per step, as in fit, got {y.shape[1]}.")
        y = (y - self.mean) / self.scale
        y[dataset.weight == 0] = np.nan
        return dataset._replace(y=y)

    def decode(self, dataset):
        return self.in_form(dataset.y, dataset.counts)

    def in_form(self, values, lengths, *, apart=False):
        """Values (S, K), or (S, K, Q), in the form of the y of `fit`.

        apart : whether to return an array for each sequence, whatever that was
        """
        container, ndim = self.form
        if ndim != 3:
            values = values[:, 0]
        if container == "sequences" or apart:
            return object_array(np.split(values, np.cumsum(lengths)[:-1]))
        if ndim == 1 and lengths[0] == 1:
            return values
        return values.reshape(len(lengths), -1, *values.shape[1:])

    def attributes(self):
        return {
            "y_mean_": self.mean,
            "y_scale_": self.scale,
            "_y_form": self.form,
            "horizon_": self.horizon,
            "_same_horizon": self.same_horizon,
            "_several": self.several_quantiles,
        }

    @classmethod
    def from_attributes(cls, attributes):
        n_quantiles = _n_quantiles(attributes)
        shape = (attributes["n_outputs_"] // n_quantiles,)
        expect_numbers(attributes, "y_mean_", shape)
        expect_scales(attributes, "y_scale_", shape)
        return cls(
            attributes["y_mean_"],
            attributes["y_scale_"],
            attributes["_y_form"],
            attributes["horizon_"],
            attributes["_same_horizon"],
            n_quantiles,
            attributes["_several"],
        )

    def predict(self, raw):
        """(S, K), with an axis more for several quantiles."""
        if not self.several_quantiles:
            return raw * self.scale + self.mean
        y = raw.reshape(len(raw), len(self.scale), self.n_quantiles) * self.scale[:, None] + self.mean[:, None]
        return np.sort(y, axis=2)  # estimates of several quantiles may cross


def _n_quantiles(attributes):
    """How many quantiles a model with these attributes predicts of each output."""
    name, settings = attributes["_loss"]
    return len(settings["quantiles"]) if name == "pinball" else 1


def _like_targets(dataset):
    """y as it came: a row for each sequence, or for each of its steps in an array of its own."""
    if dataset.offsets is None:
        return dataset.y
    return object_array(np.split(dataset.y, dataset.offsets[1:-1]))
