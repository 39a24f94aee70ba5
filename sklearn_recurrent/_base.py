"""From fit to weights: what all networks share."""

from __future__ import annotations

import time
import warnings
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
from joblib import effective_n_jobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ._core.blas import single_blas_thread
from ._core.canonical import canonical
from ._core.crew import Crew
from ._core.features import mean_and_scale, rows_of, scaled
from ._core.losses import LOSS_OF, LOSSES
from ._core.objective import Objective
from ._core.optim import OPTIMISERS, Schedule
from ._core.train import Batches, Patience, descend, minimise_lbfgs
from ._parameters import layer_sizes
from ._sequences import read
from ._sklearn import _check_sample_weight


def trains_by_mini_batches(model):
    if model.solver == "lbfgs":
        raise AttributeError("partial_fit needs mini-batches: solver='adam' or 'sgd', not 'lbfgs'.")
    return True


class BaseNetwork:
    """A network as an estimator; a subclass says what it is, `_network_class`, and what its targets are.

    It has ``_samples(X, y, sample_weight, classes, goes_on)``, targets and weights as they came, checked, without the
    sequences of weight 0; ``_encode(samples, classes, goes_on)``, the same with targets as the loss takes them: both
    with the fitted attributes that say how to read them, its `facts`; ``_arguments(facts)``, those of its network that
    are its own; and ``_validator(network, samples, facts, crew)``, which gives ``score(theta)`` on these samples.
    """

    _attributes = {
        "theta_": ("ndarray of shape (n_weights,)", "All weights in one vector, in the dtype of the computation."),
        "weights_": ("dict of str to ndarray", "Views of theta_ by name: layer, direction, part of the cell."),
        "n_features_in_": ("int", "Features per time step; for a 2-D X its columns."),
        "feature_names_in_": (
            "ndarray of shape (n_features_in_,)",
            "Names of the columns of a 2-D data frame, if all are strings.",
        ),
        "x_mean_": ("ndarray of shape (n_features,)", "What standardize subtracts from each feature."),
        "x_scale_": ("ndarray of shape (n_features,)", "What standardize divides each feature by."),
        "vocabulary_": ("ndarray of shape (n_tokens,)", "The tokens met in fit, ascending; only with embedding_dim."),
        "n_outputs_": ("int", "Outputs of the network."),
        "n_layers_": ("int", "Recurrent layers and the dense layer on top."),
        "out_activation_": ("str", "Nonlinearity of the outputs: 'identity', 'logistic' or 'softmax'."),
        "loss_": ("float", "Mean loss, penalty included, of the last epoch."),
        "loss_curve_": ("list of float", "Mean loss of each epoch, with lbfgs of each iteration."),
        "best_loss_": ("float or None", "Smallest entry of loss_curve_; None with early_stopping."),
        "validation_scores_": ("list of float or None", "Score of each epoch, with early_stopping."),
        "best_validation_score_": ("float or None", "The score of the weights that were kept, with early_stopping."),
        "n_iter_": ("int", "Epochs trained, with lbfgs iterations; those of a warm start are counted on."),
        "t_": ("int", "Sequences that the solver has seen."),
    }

    def _partial_fit(self, X, y, sample_weight, classes=None):
        return self._train(X, y, sample_weight, goes_on=hasattr(self, "theta_"), classes=classes, one_epoch=True)

    def _train(self, X, y, sample_weight, *, goes_on, classes=None, one_epoch=False):
        with self._unchanged_on_failure(), single_blas_thread():
            self._refuse_contradictions()
            X = self._read(X, reset=not goes_on)
            if y is None:
                raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
            samples, facts = self._samples(X, y, sample_weight, classes, goes_on)
            facts |= {"_padded": X.living is not None} | self._vocabulary(samples.X, goes_on)
            samples = self._in_canonical_order(samples._replace(X=_with_tokens_as_rows(samples.X, facts)))
            samples, more = self._encode(samples, classes, goes_on)
            facts |= more | self._scaling(samples, goes_on)
            facts |= self._architecture(facts, goes_on)
            network = self._network_class(
                **facts["_network_arguments"],
                dropout=self.dropout,
                recurrent_dropout=self.recurrent_dropout,
                truncate=self.bptt_steps,
            )
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            start = _Start.of(self) if goes_on else _Start.drawn(network, seed, samples.X, self.forget_bias)
            theta, weight = start.theta.copy(), self._weigh(samples.Y, samples.weight, facts)
            Y = samples.Y if samples.Y.dtype.kind == "i" else samples.Y.astype(theta.dtype)
            samples = samples._replace(X=_scaled(samples.X, facts, theta.dtype), Y=Y, weight=weight)
            with self._crew(theta.dtype) as crew:
                facts |= self._minimise(network, theta, samples.weighted(), facts, seed, start, one_epoch, crew)
            for name in _FEATURE_FACTS:
                vars(self).pop(name, None)
            vars(self).update(facts)
        return self

    # --- before training ----------------------------------------------------------------------------------------------

    @contextmanager
    def _unchanged_on_failure(self):
        before = vars(self).copy()
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    def _refuse_contradictions(self):
        if self.solver == "lbfgs" and (self.dropout or self.recurrent_dropout):
            raise ValueError("Dropout is noise, which solver='lbfgs' cannot take: choose 'adam' or 'sgd'.")

    def _in_canonical_order(self, samples):
        """Merged and sorted, unless the order is the user's."""
        if not self.shuffle:
            return samples
        y = samples.Y
        codes = y if y.dtype.kind in "biuf" else np.unique(y, return_inverse=True)[1]
        return canonical(samples, np.ascontiguousarray(codes))

    def _vocabulary(self, X, goes_on):
        """Which tokens have a row in the table."""
        if self.embedding_dim is None:
            return {}
        return {"vocabulary_": self.vocabulary_ if goes_on and self._embeds else np.unique(X.values)}

    def _scaling(self, samples, goes_on):
        X = samples.X
        if self.embedding_dim is not None or (goes_on and self._embeds):
            return {}
        if goes_on:
            return {"x_mean_": self.x_mean_, "x_scale_": self.x_scale_}
        if not self.standardize:
            return {"x_mean_": np.zeros(X.n_features), "x_scale_": np.ones(X.n_features)}
        mean, scale = mean_and_scale(X.values, samples.step_weights())
        return {"x_mean_": mean, "x_scale_": scale}

    def _architecture(self, facts, goes_on):
        """What the network takes: plain values, so that a change of parameters after fit changes no prediction."""
        embeds = self.embedding_dim is not None
        arguments = {
            "cell": self.cell,
            "activation": self.activation,
            "n_features": int(self.embedding_dim) if embeds else len(facts.get("x_mean_", ())),
            "units": layer_sizes(self.hidden_layer_sizes),
            "bidirectional": bool(self.bidirectional),
            "n_outputs": facts["n_outputs_"],
            "tokens": len(facts.get("vocabulary_", ())) + 1 if embeds else None,
        }
        arguments |= self._arguments(facts)
        if goes_on:
            _refuse_changes(self._network_arguments, arguments)
            _refuse_changes(self._fitted_reading, self._reading())
        return {
            "_network_arguments": arguments,
            "_fitted_reading": self._reading(),
            "n_layers_": len(arguments["units"]) + 1,
        }

    # --- training -----------------------------------------------------------------------------------------------------

    def _minimise(self, network, theta, samples, facts, seed, start, one_epoch, crew):
        score = None
        if self.early_stopping and self.solver != "lbfgs" and not one_epoch and len(samples.X) > 1:
            training, validation = self._split(samples, facts, seed)
            score = self._validator(network, samples.take(validation), facts, crew)
            samples = samples.take(training)
        total = samples.weight.sum()
        weight = (samples.weight * (len(samples.X) / total)).astype(theta.dtype)
        loss = LOSSES[LOSS_OF[facts["out_activation_"]]]
        arguments = network, loss, samples._replace(weight=weight), self.alpha / total, crew
        objective = self._objective(*arguments, first_epoch=start.epochs)
        report = _Reporter(type(self).__name__, start.epochs) if self.verbose else None
        if self.solver == "lbfgs":
            course = minimise_lbfgs(
                objective,
                theta,
                np.arange(len(samples.X)),
                max_iter=self.max_iter,
                max_fun=self.max_fun,
                tol=self.tol,
                report=report,
            )
            states = {}
        else:
            settings = {name: getattr(self, name) for name in _OPTIMISER_PARAMETERS}
            optimiser = OPTIMISERS[self.solver](theta, state=start.states.get(self.solver), **settings)
            course = self._descend(objective, theta, optimiser, seed, start, score, one_epoch, report)
            states = {self.solver: optimiser.state}
        losses, scores = start.losses + course.losses, start.scores + course.scores
        self._warn(course, len(losses), one_epoch)
        return {
            "theta_": theta,
            "_optimiser_states": states,
            "n_iter_": len(losses),
            "t_": start.seen + course.seen,
            "loss_": losses[-1],
            "loss_curve_": losses,
            "best_loss_": None if course.scores else min(losses),
            "validation_scores_": scores if course.scores else None,
            "best_validation_score_": max(course.scores) if course.scores else None,
        }

    def _descend(self, objective, theta, optimiser, seed, start, score, one_epoch, report):
        kind = "constant" if one_epoch and self.learning_rate == "cosine" else self.learning_rate
        schedule = Schedule(kind, self.learning_rate_init, self.power_t, start.seen)
        size = 200 if self.batch_size == "auto" else self.batch_size
        patient = not one_epoch and (score is not None or not schedule.planned)
        return descend(
            objective,
            theta,
            optimiser,
            schedule,
            Batches(len(objective), size, seed, shuffle=self.shuffle, first_epoch=start.epochs),
            max_iter=1 if one_epoch else self.max_iter,
            max_norm=self.max_grad_norm,
            patience=Patience(self.tol, self.n_iter_no_change) if patient else None,
            score=score,
            report=report,
        )

    def _split(self, samples, facts, seed):
        """Sequences to train on and sequences to validate on, at least one each."""
        n, strata = len(samples.X), None if samples.offsets is not None else self._strata(samples.Y, facts)
        n_validation = max(1, round(self.validation_fraction * n))
        n_smaller = min(n_validation, n - n_validation)
        if strata is not None and (np.bincount(strata).min() < 2 or n_smaller < strata.max() + 1):
            strata = None  # too few of a class to have some on either side
        split = train_test_split(np.arange(n), test_size=min(n_validation, n - 1), stratify=strata, random_state=seed)
        return np.sort(split[0]), np.sort(split[1])

    def _objective(self, *arguments, first_epoch):
        return Objective(*arguments)

    def _weigh(self, Y, weight, facts):
        return weight

    def _strata(self, Y, facts):
        return None

    def _warn(self, course, epochs, one_epoch):
        planned = one_epoch or (self.solver != "lbfgs" and self.learning_rate == "cosine")
        if course.ended == "interrupted":
            warnings.warn(f"Training interrupted: the model is that of epoch {epochs}.", stacklevel=_USER)
        elif course.ended == "max_iter" and not planned:
            warnings.warn(
                f"Maximum iterations ({self.max_iter}) reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=_USER,
            )

    # --- after training -----------------------------------------------------------------------------------------------

    def _read(self, X, *, reset=False):
        """The sequences as they came: in training as the parameters say, later as they said then."""
        return read(self, X, reset=reset, missing=self.missing, **(self._reading() if reset else self._fitted_reading))

    def _read_fitted(self, X):
        check_is_fitted(self)
        return self._read(X)

    def _reading(self):
        if self.embedding_dim is None:
            return {"input_size": self.input_size}
        return {"input_size": self.input_size, "tokens": True, "pad_token": self.pad_token}

    def _prepare(self, X):
        """What the network reads: scaled values, or rows of its table."""
        facts = vars(self)
        return _scaled(_with_tokens_as_rows(X, facts), facts, self.theta_.dtype)

    @property
    def _embeds(self):
        return self._fitted_reading.get("tokens", False)

    def _crew(self, dtype):
        return Crew(dtype, effective_n_jobs(self.n_jobs))

    def _network(self):
        check_is_fitted(self)
        return self._network_class(**self._network_arguments)

    @property
    def weights_(self):
        """Views of `theta_` by name."""
        return self._network().layout.views(self.theta_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "skip"
        tags.input_tags.three_d_array = True
        return tags


_OPTIMISER_PARAMETERS = ("beta_1", "beta_2", "epsilon", "momentum", "nesterovs_momentum")
_PARAMETER_OF = {"units": "hidden_layer_sizes", "per_step": "return_sequences", "tokens": "the number of tokens"}
_FEATURE_FACTS = ("x_mean_", "x_scale_", "vocabulary_")
_USER = 6  # frames from _warn to the line that called fit: _minimise, _train, fit, scikit-learn's wrapper of it


@dataclass(frozen=True)
class _Start:
    """From where training goes on; by default, from nothing."""

    theta: np.ndarray
    epochs: int = 0
    seen: int = 0
    losses: list = field(default_factory=list)
    scores: list = field(default_factory=list)
    states: dict = field(default_factory=dict)  # of optimisers, by name

    @classmethod
    def drawn(cls, network, seed, X, forget_bias):
        """From random weights, in the dtype of X; tokens have that of floats as wide."""
        theta = network.initial(np.random.default_rng(seed), forget_bias, int(X.lengths.max()))
        return cls(theta.astype(f"f{X.values.dtype.itemsize}"))

    @classmethod
    def of(cls, model):
        scores, states = model.validation_scores_ or [], deepcopy(model._optimiser_states)
        return cls(model.theta_, model.n_iter_, model.t_, model.loss_curve_, scores, states)


class _Reporter:
    """One line per epoch: loss, validation score, seconds."""

    def __init__(self, name, epochs_before):
        self.name, self.epochs_before, self.start = name, epochs_before, time.perf_counter()

    def __call__(self, course):
        epoch = self.epochs_before + len(course.losses)
        score = f", validation score {course.scores[-1]:.4f}" if course.scores else ""
        seconds = time.perf_counter() - self.start
        print(f"[{self.name}] epoch {epoch}, loss {course.losses[-1]:.6f}{score}, {seconds:.1f} s")


def _refuse_changes(before, now):
    changed = [
        f"{_PARAMETER_OF.get(name, name)} changed from {before.get(name)!r} to {now.get(name)!r}"
        for name in sorted(before | now)
        if before.get(name) != now.get(name)
    ]
    if changed:
        raise ValueError(f"Training cannot go on from the last fit, since {', '.join(changed)}.")


def _with_tokens_as_rows(X, facts):
    return X.map(lambda tokens: rows_of(tokens, facts["vocabulary_"])) if "vocabulary_" in facts else X


def _scaled(X, facts, dtype):
    if "x_mean_" not in facts:
        return X
    return X.map(lambda values: scaled(values, facts["x_mean_"], facts["x_scale_"], dtype))


def positive_weight(sample_weight, n, of):
    """Weights of `n` sequences or steps (`of`), none of them negative, not all 0."""
    weight = _check_sample_weight(sample_weight, np.empty((n, 1)), dtype=np.float64)
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"Negative values in data passed to `sample_weight`: {weight[row]:g} for {of} {row}.")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight
