"""From fit to weights: what all networks share."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import ThreadingBackend, get_active_backend
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from .._core.dataset import Dataset, canonical
from .._core.losses import LOSSES
from .._core.objective import Objective
from .._core.optimizers import OPTIMIZERS, PLANNED, Schedule
from .._core.preprocessing import mean_and_scale, rows_of, scaled
from .._core.threads import WorkerPool, single_blas_thread
from .._core.training import Batches, Patience, descend, minimize_lbfgs
from .._data.sequences import object_array, read
from .._sklearn import CALLBACK_FRAMES, CallbackSupportMixin, fit_context, with_callbacks
from .callbacks import Epochs
from .early_stopping import CachedInput, Validation, scorer_of, split
from .parameters import layer_sizes
from .scoring import shallow_copy_with
from .weights import class_codes, refuse_extreme_weights


def trains_by_mini_batches(model):
    if model.solver == "lbfgs":
        raise AttributeError("partial_fit needs mini-batches: solver='adam', 'rmsprop' or 'sgd', not 'lbfgs'.")
    return True


class BaseNetwork(CallbackSupportMixin):
    """A network as an estimator; a subclass says what it is, `_network_class`, and what its targets are.

    It has ``_samples(X, y, sample_weight, classes, resume)``, targets and weights as they came, checked;
    ``_encode(samples, classes, resume)``, the same with targets as the loss takes them: both with the fitted
    attributes that say how to read them, its `facts`; ``_targets_as_given(samples)``, which gives targets of the former
    the form that `fit` takes; and ``_arguments(facts)``, those of its network that are its own.
    """

    _cached_input = None  # a `CachedInput`, of a model that is validated

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
        "out_activation_": ("str", "Nonlinearity of the outputs: identity, exponential, logistic or softmax."),
        "loss_": ("float", "Mean loss, penalty included, of the last epoch."),
        "loss_curve_": ("list of float", "Mean loss of each epoch, with lbfgs of each iteration."),
        "best_loss_": ("float or None", "Smallest entry of loss_curve_; None with early_stopping."),
        "validation_scores_": ("list of float or None", "Score on the validation set after each epoch."),
        "best_validation_score_": ("float or None", "The highest of these; with early_stopping of the weights kept."),
        "validation_loss_curve_": ("list of float or None", "Mean loss on the validation set after each epoch."),
        "best_iter_": ("int", "The epoch whose weights were kept: the best with early_stopping, else the last."),
        "n_iter_": ("int", "Epochs trained, with lbfgs iterations; those of a warm start are counted on."),
        "t_": ("int", "Sequences that the solver has seen."),
    }

    def _fit(self, X, y, sample_weight, **others):
        return self._train(X, y, sample_weight, resume=self.warm_start and hasattr(self, "theta_"), **others)

    def _partial_fit(self, X, y, sample_weight, classes=None):
        return self._train(X, y, sample_weight, resume=hasattr(self, "theta_"), classes=classes, one_epoch=True)

    @with_callbacks
    def _train(
        self, X, y, sample_weight, *, resume, classes=None, one_epoch=False, groups=None, X_val=None, y_val=None
    ):
        hooks = {"X": X, "y": y, "metadata": {} if sample_weight is None else {"sample_weight": sample_weight}}
        context = None if one_epoch else fit_context(self, self.max_iter)
        if context is not None:
            context.call_on_fit_task_begin(estimator=self, **hooks)
        with self._unchanged_on_failure(), single_blas_thread():
            self._refuse_contradictions()
            task = self._task(X, y, sample_weight, resume, classes, one_epoch, groups)
            for name in _FEATURE_FACTS:  # those of an earlier fit
                vars(self).pop(name, None)
            with self._worker_pool(task.start.theta.dtype) as workers:
                dataset, validate = task.dataset, None
                if X_val is not None or y_val is not None:
                    validate = self._validation_on(task, X_val, y_val, workers)
                elif self.early_stopping and self.solver != "lbfgs" and not one_epoch and dataset.n_entries > 1:
                    one_of_each = dataset.select(dataset.first_members())
                    strata = None if dataset.offsets is not None else self._strata(one_of_each.y, task.facts)
                    fraction = self.validation_fraction
                    entries, others = split(dataset.n_entries, fraction, strata, one_of_each.groups, task.seed)
                    validate = self._validation_of(task, dataset.members(others), workers)
                    dataset = dataset.select(dataset.members(entries))
                dataset = _ready(dataset.weighted(), task)
                facts = task.facts | self._minimize(task, dataset, validate, context, hooks, workers)
            vars(self).update(facts)
        if context is not None:
            context.call_on_fit_task_end(estimator=self, **hooks)
        return self

    def _task(self, X, y, sample_weight, resume, classes, one_epoch, groups):
        X = self._read(X, reset=not resume)
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        dataset, facts = self._samples(X, y, sample_weight, classes, resume)
        dataset = dataset._replace(groups=_group_codes(groups, X))
        dataset = dataset.select(np.flatnonzero(dataset.sequence_weights()))
        facts |= {"_padded": X.valid is not None} | self._vocabulary(dataset.X, resume)
        given = self._in_canonical_order(dataset._replace(X=_with_tokens_as_rows(dataset.X, facts)))
        dataset, more = self._encode(given, classes, resume)
        facts |= more | self._scaling(dataset, resume)
        facts |= self._architecture(facts, resume)
        network = self._network_class(
            **facts["_network_arguments"],
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            truncate=self.bptt_steps,
        )
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        start = _Start.of(self) if resume else _Start.drawn(network, seed, dataset.X, self.forget_bias)
        by_class = self._weights_of_classes(dataset, facts)
        weighted = _weighted(dataset, by_class)
        refuse_extreme_weights(weighted.weight)  # each target of a sequence has its weight: the sum is a larger one
        return _Task(network, facts, given, weighted, by_class, seed, start, one_epoch)

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
            raise ValueError("Dropout is noise, which solver='lbfgs' cannot take: choose 'adam', 'rmsprop' or 'sgd'.")

    def _in_canonical_order(self, dataset):
        """Merged and sorted, unless the order is the user's."""
        if not self.shuffle:
            return dataset
        y = dataset.y
        codes = y if y.dtype.kind in "biuf" else np.unique(y, return_inverse=True)[1]
        return canonical(dataset, np.ascontiguousarray(codes))

    def _vocabulary(self, X, resume):
        """Which tokens have a row in the table."""
        if self.embedding_dim is None:
            return {}
        if resume and self._embeds:
            return {"vocabulary_": self.vocabulary_}
        return {"vocabulary_": np.unique(np.concatenate([np.unique(block.values) for _, block in X.blocks()]))}

    def _scaling(self, dataset, resume):
        X = dataset.X
        if self.embedding_dim is not None or (resume and self._embeds):
            return {}
        if resume:
            return {"x_mean_": self.x_mean_, "x_scale_": self.x_scale_}
        if not self.standardize:
            return {"x_mean_": np.zeros(X.n_features), "x_scale_": np.ones(X.n_features)}
        mean, scale = mean_and_scale(X, dataset.sequence_weights() / dataset.counts)
        return {"x_mean_": mean, "x_scale_": scale}

    def _architecture(self, facts, resume):
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
        if resume:
            _refuse_changes(self._network_arguments, arguments)
            _refuse_changes(self._fitted_reading, self._reading())
        return {
            "_network_arguments": arguments,
            "_fitted_reading": self._reading(),
            "n_layers_": len(arguments["units"]) + 1,
        }

    # --- training -----------------------------------------------------------------------------------------------------

    def _minimize(self, task, dataset, validate, context, hooks, workers):
        start, facts, theta = task.start, task.facts, task.start.theta.copy()
        total = dataset.weight.sum()
        weight = (dataset.weight * (dataset.n_entries / total)).astype(theta.dtype)
        arguments = (
            task.network,
            self._loss_function(facts),
            dataset._replace(weight=weight),
            self.alpha / total,
            workers,
        )
        objective = self._objective(*arguments, first_epoch=start.epochs)
        epochs = 1 if task.one_epoch else self.max_iter
        states = {}

        def fitted(history, theta):
            return facts | start.then(history, theta) | {"_optimizer_states": deepcopy(states)}

        epoch_callback = Epochs(self, context, hooks, fitted, start.epochs, epochs)
        if self.solver == "lbfgs":
            history = minimize_lbfgs(
                objective,
                theta,
                np.arange(len(objective)),
                max_iter=self.max_iter,
                max_fun=self.max_fun,
                tol=self.tol,
                epoch_callback=epoch_callback,
            )
        else:
            settings = {name: getattr(self, name) for name in _Optimizer_PARAMETERS}
            decay = (self.weight_decay * task.network.penalized()).astype(theta.dtype) if self.weight_decay else None
            optimizer = OPTIMIZERS[self.solver](theta, start.states.get(self.solver), decay, **settings)
            states[self.solver] = optimizer.state
            history = self._descend(objective, theta, optimizer, task, epochs, validate, epoch_callback)
        self._warn(history, start.epochs + len(history.losses), task.one_epoch)
        return start.then(history, theta) | {"_optimizer_states": states}

    def _descend(self, objective, theta, optimizer, task, epochs, validate, epoch_callback):
        kind = "constant" if task.one_epoch and self.learning_rate in PLANNED else self.learning_rate
        schedule = Schedule(kind, self.learning_rate_init, self.power_t, self.warmup_steps, task.start.seen)
        size = 200 if self.batch_size == "auto" else self.batch_size
        patient = not task.one_epoch and (self.early_stopping or not schedule.planned)
        return descend(
            objective,
            theta,
            optimizer,
            schedule,
            Batches(
                len(objective),
                size,
                task.seed,
                shuffle=self.shuffle,
                first_epoch=task.start.epochs,
                lengths=objective.lengths,
            ),
            max_iter=epochs,
            max_norm=self.max_grad_norm,
            patience=Patience(self.tol, self.n_iter_no_change) if patient else None,
            validate=validate,
            restore_best=self.early_stopping,
            resume=task.start.epochs > 0,
            epoch_callback=epoch_callback,
        )

    def _validation_of(self, task, rows, workers):
        """On some of the sequences that were given to fit."""
        given, dataset = task.given.select(rows), _ready(task.dataset.select(rows), task)
        fitted, X, y = shallow_copy_with(self, **task.facts), None, None
        if self.scoring != "loss":  # of these the loss needs no copy
            embeds = self.embedding_dim is not None
            X = given.X.map(lambda rows: _tokens_of(rows, fitted.vocabulary_)) if embeds else given.X
            X, y = object_array(list(X)), fitted._targets_as_given(given)
        return self._validation(task, fitted, dataset, workers, X, y, given.X)

    def _validation_on(self, task, X, y, workers):
        """On sequences of the user's own."""
        if X is None or y is None:
            raise ValueError("X_val and y_val belong together: give both or none.")
        if self.solver == "lbfgs":
            raise ValueError("solver='lbfgs' has no epochs to validate after: X_val wants 'adam', 'rmsprop' or 'sgd'.")
        fitted = shallow_copy_with(self, **task.facts)
        with _named("X_val, y_val"):
            given = fitted._read(X)
            dataset, _ = fitted._samples(given, y, None, None, True)
            dataset, _ = fitted._encode(dataset._replace(X=_with_tokens_as_rows(dataset.X, task.facts)), None, True)
            dataset = _ready(_weighted(dataset, task.by_class), task)
        return self._validation(task, fitted, dataset, workers, X, y, given)

    def _validation(self, task, fitted, dataset, workers, X, y, read):
        loss, known = self._loss_function(task.facts), CachedInput(X, read, dataset.X)
        return Validation(
            shallow_copy_with(fitted, _cached_input=known), task.network, loss, dataset, workers, scorer_of(self), y
        )

    def _loss_function(self, facts):
        name, settings = facts["_loss"]
        return partial(LOSSES[name], **settings)

    def _objective(self, *arguments, first_epoch):
        return Objective(*arguments)

    def _weights_of_classes(self, dataset, facts):
        """What `class_weight` multiplies the weights of targets with, by their codes; None: nothing."""
        return None

    def _strata(self, Y, facts):
        return None

    def _warn(self, history, epochs, one_epoch):
        if self.early_stopping and history.scores and history.best_epoch is None:
            warnings.warn(
                f"No score of scoring={self.scoring!r} was a number: the weights are those of the last epoch.",
                stacklevel=_USER,
            )
        planned = one_epoch or (self.solver != "lbfgs" and self.learning_rate in PLANNED)
        if history.ended == "interrupted":
            warnings.warn(f"Training interrupted: the model is that of epoch {epochs}.", stacklevel=_USER)
        elif history.ended == "max_iter" and not planned:
            warnings.warn(
                f"Maximum iterations ({self.max_iter}) reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=_USER,
            )

    # --- after training -----------------------------------------------------------------------------------------------

    def _read(self, X, *, reset=False):
        """The sequences as they came: in training as the parameters say, later as they said then."""
        if self._cached_input is not None and X is self._cached_input.X:
            return self._cached_input.read
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
        if self._cached_input is not None and X is self._cached_input.read:
            return self._cached_input.ready
        facts = vars(self)
        return _scaled(_with_tokens_as_rows(X, facts), facts, self.theta_.dtype)

    @property
    def _embeds(self):
        return self._fitted_reading.get("tokens", False)

    def _worker_pool(self, dtype):
        return WorkerPool(dtype, _threads(self.n_jobs))

    def _network(self):
        check_is_fitted(self)
        return self._network_class(**self._network_arguments)

    @property
    def weights_(self):
        """Views of `theta_` by name."""
        return self._network().layout.views(self.theta_)

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_cached_input"}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "skip"
        tags.input_tags.three_d_array = True
        return tags


COPIED = 1 << 22
"""Numbers of X of which a fit has a copy, scaled once, from which batches are made faster; of more it has none. Tokens
are always copied, as rows of the table."""

_Optimizer_PARAMETERS = ("beta_1", "beta_2", "epsilon", "rho", "momentum", "nesterovs_momentum")
_PARAMETER_OF = {"units": "hidden_layer_sizes", "per_step": "return_sequences", "tokens": "the number of tokens"}
_FEATURE_FACTS = ("x_mean_", "x_scale_", "vocabulary_")
_USER = 7 + CALLBACK_FRAMES  # from _warn to the line that called fit: _minimize, _train, _fit, fit, and wrappers


class _Task(NamedTuple):
    """What there is to train: `dataset` with targets as the loss takes them, and, in the same order, as `given`."""

    network: object
    facts: dict
    given: Dataset
    dataset: Dataset
    by_class: np.ndarray | None
    seed: int
    start: _Start
    one_epoch: bool


@dataclass(frozen=True)
class _Start:
    """From where training goes on; by default, from nothing."""

    theta: np.ndarray
    epochs: int = 0
    best: int = 0
    seen: int = 0
    losses: list = field(default_factory=list)
    validation_losses: list = field(default_factory=list)
    scores: list = field(default_factory=list)
    states: dict = field(default_factory=dict)  # of optimizers, by name

    @classmethod
    def drawn(cls, network, seed, X, forget_bias):
        """From random weights, in the dtype of X; tokens have that of floats as wide."""
        theta = network.initial(np.random.default_rng(seed), forget_bias, int(X.lengths.max()))
        return cls(theta.astype(f"f{X.dtype.itemsize}"))

    @classmethod
    def of(cls, model):
        scores, losses = model.validation_scores_ or [], model.validation_loss_curve_ or []
        states = deepcopy(model._optimizer_states)
        return cls(model.theta_, model.n_iter_, model.best_iter_, model.t_, model.loss_curve_, losses, scores, states)

    def then(self, history, theta):
        """The attributes of a model after a history from here on."""
        losses, scores = self.losses + history.losses, self.scores + history.scores
        kept, best_iter, best_score = history.best_epoch, len(losses), max(history.scores, default=None)
        if kept is not None:
            best_iter, best_score = self.epochs + kept if kept else self.best, history.best_score
        return {
            "theta_": theta,
            "n_iter_": len(losses),
            "t_": self.seen + history.n_seen,
            "loss_": losses[-1],
            "loss_curve_": losses,
            "best_loss_": None if kept is not None else min(losses),
            "validation_loss_curve_": self.validation_losses + history.validation_losses if history.scores else None,
            "validation_scores_": scores if history.scores else None,
            "best_validation_score_": best_score,
            "best_iter_": best_iter,
        }


def _threads(n_jobs):
    """How many a model may use: what joblib says, but for the cores of a whole cluster, which Dask's backend counts."""
    backend, _ = get_active_backend()
    if getattr(backend, "uses_threads", False) or backend.supports_inner_max_num_threads:
        return effective_n_jobs(n_jobs)
    return ThreadingBackend().effective_n_jobs(n_jobs)


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


def _tokens_of(rows, vocabulary):
    """What `_with_tokens_as_rows` has made rows of; the unknown as a token that is not in the vocabulary."""
    return np.append(vocabulary[-1] + 1, vocabulary)[rows]


def _ready(dataset, task):
    """Sequences and targets in the numbers that the network computes with."""
    dtype = task.start.theta.dtype
    Y = dataset.y if dataset.y.dtype.kind == "i" else dataset.y.astype(dtype)
    X = _scaled(dataset.X, task.facts, dtype)
    copied = "vocabulary_" in task.facts or X.offsets[-1] * X.n_features <= COPIED
    return dataset._replace(X=X.joined() if copied else X, y=Y)


def _weighted(dataset, by_class):
    return dataset if by_class is None else dataset._replace(weight=dataset.weight * by_class[class_codes(dataset.y)])


@contextmanager
def _named(what):
    """Errors say that they are about `what`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise (TypeError if isinstance(error, TypeError) else ValueError)(f"{what}: {error}") from error


def _group_codes(groups, X):
    if groups is None:
        return None
    check_consistent_length(X, groups)
    groups = np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(f"groups must be 1-D, one for each sequence, but their shape is {groups.shape}.")
    missing = [j for j, group in enumerate(groups.tolist()) if group is None or group != group]
    if missing:
        raise ValueError(f"groups must name a group for each sequence, but that of sequence {missing[0]} is missing.")
    return np.unique(groups, return_inverse=True)[1]


def _scaled(X, facts, dtype):
    if "x_mean_" not in facts:
        return X
    mean, scale = facts["x_mean_"], facts["x_scale_"]
    return X.map(lambda values: scaled(values, mean, scale, dtype))
