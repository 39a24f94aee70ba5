"""Targets beside what is compared with them: forecasts, quantiles, the ends of bands; in arrays of one shape."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .arrays import Place, numbers, plain
from .columns import is_frame, numbers_of_frame
from .layouts import contents_of
from .targets import flatten_steps, flatten_weights, position


class AlignedForecasts(NamedTuple):
    """Targets, and what they are compared with.

    true, weight : of the same shape, (n, ...), or (S, ...) for the steps of sequences laid end to end
    forecasts : by name; with an axis more for quantiles
    lengths : of the sequences; None if samples are no sequences
    n_samples : how many
    """

    true: np.ndarray
    forecasts: dict[str, np.ndarray]
    weight: np.ndarray
    lengths: list[int] | None
    n_samples: int

    def place(self, wrong):
        """The words for the first value that is wrong."""
        first, *others = np.argwhere(wrong)[0]
        if self.lengths is not None:
            j, step = position(first, self.lengths)
            return f"in sequence {j}, step {step}"
        if self.true.ndim > 1:
            return f"in sample {first}, step {others[0]}"
        return f"in sample {first}"

    def samples(self):
        """The sample of each row."""
        if self.lengths is None:
            return np.arange(self.n_samples)
        return np.repeat(np.arange(self.n_samples), self.lengths)


def align(y_true, forecasts, sample_weight, n_quantiles=None):
    """Targets, forecasts and weights in arrays of one shape; n_quantiles: how many the last axis of forecasts has."""
    given = {"y_true": y_true, **forecasts}
    containers = {name: container_of(y, name) for name, y in given.items()}
    lengths = None
    if any(form == "sequences" for form, _ in containers.values()):
        arrays = {}
        for name, (_, rows) in containers.items():
            flat, lengths = flatten_steps(rows, lengths, name, reference="y_true")
            arrays[name] = numbers(flat, _place(name)).astype(np.float64)
    else:
        arrays = {name: numbers_of(rows, name) for name, (_, rows) in containers.items()}
    true = arrays.pop("y_true")
    if not true.ndim:
        raise ValueError("Expected y_true to be array-like, with one entry per sample, got a single number.")
    wanted = true.shape if n_quantiles is None else (*true.shape, n_quantiles)
    for name, forecast in arrays.items():
        if forecast.shape != wanted:
            last = "" if n_quantiles is None else ", with an axis for the quantiles"
            raise ValueError(f"Expected {name} of shape {wanted}, that of y_true{last}, got {forecast.shape}.")
    n_samples = len(true) if lengths is None else len(lengths)
    weight = _weights(sample_weight, true, lengths)
    aligned = AlignedForecasts(np.where(weight > 0, true, 0), arrays, weight, lengths, n_samples)
    for name, forecast in arrays.items():
        missing = np.isnan(forecast)
        if missing.any():
            raise ValueError(
                f"Input {name} contains NaN {aligned.place(missing)}. Every target needs a forecast; "
                "leave out the samples that have none, in y_true, too."
            )
    infinite = np.isinf(aligned.true)
    if infinite.any():
        raise ValueError(f"Input y_true contains infinity {aligned.place(infinite)}.")
    return aligned


def container_of(y, name="y"):
    """The form of `y`, "sequences" or "numbers", and what it holds; nested lists of unequal length are sequences."""
    if isinstance(y, list | tuple) and len({len(row) for row in y if isinstance(row, list | tuple)}) > 1:
        return "sequences", y
    if isinstance(y, tuple):
        y = list(y)
    form, rows = contents_of(y, name, is_target=True)
    return ("sequences" if form == "column" else form), rows


def _place(name):
    return Place(name, ("sample", "step", "output"), f"{name} = {{}}", name)


def numbers_of(y, name):
    if is_frame(y):
        return numbers_of_frame(y, lambda: _place(name)).astype(np.float64)
    return numbers(plain(y), _place(name)).astype(np.float64)


def _weights(sample_weight, true, lengths):
    """A weight for each target: 0 where it is NaN."""
    if sample_weight is None:
        weight = np.ones(true.shape)
    elif lengths is not None:
        weight = flatten_weights(sample_weight, lengths, "y_true").astype(np.float64)
    else:
        weight = numbers_of(sample_weight, "sample_weight")
        if not weight.ndim or weight.shape != true.shape[: weight.ndim]:
            raise ValueError(
                f"Expected sample_weight of shape ({len(true)},), or of one number per time step, {true.shape[:2]}, "
                f"got {weight.shape}."
            )
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("Expected sample_weight to be finite and at least 0.")
    weight = np.broadcast_to(weight.reshape(weight.shape + (1,) * (true.ndim - weight.ndim)), true.shape)
    weight = np.where(np.isnan(true), 0, weight)
    if not weight.any():
        raise ValueError("Expected y_true to have a target of positive weight at least, got none: NaN is no target.")
    return weight
