"""From fit to weights: what classifiers and regressors share."""

from __future__ import annotations

import time
import warnings
from contextlib import contextmanager
from copy import deepcopy
from numbers import Integral

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from ._core.blas import single_blas_thread
from ._core.canonical import canonical
from ._core.layers import POOLINGS
from ._core.losses import LINKS, LOSSES
from ._core.network import Network, Objective
from ._core.optim import OPTIMISERS, Schedule
from ._core.train import Batches, Patience, descend, minimise_lbfgs
from ._parameters import RecurrentParameters
from ._sequences import read
from ._sklearn import _check_sample_weight, _fit_context

LOSS_OF = {"identity": "squared_error", "logistic": "logistic", "softmax": "softmax"}


def trains_by_mini_batches(model):
    if model.solver == "lbfgs":
        raise AttributeError("partial_fit needs mini-batches: solver='adam' or 'sgd', not 'lbfgs'.")
    return True


class BaseRecurrent(RecurrentParameters):
    """A recurrent network as an estimator; a subclass says what its targets are.

    It has ``_validate_target(y)``, which returns an array; ``_encode_target(y, weight, classes, goes_on)``, which
    returns the targets (N, K) of the network and the fitted attributes that say how to read them, its `facts`; and
    ``_score_raw(raw, Y, weight, facts)``, its score from raw outputs.
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

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the network to sequences.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Training sequences: a list, tuple, object array or Series of arrays of shape (n_steps_i, n_features) or
            (n_steps_i,); or an array (n_samples, n_steps, n_features), in which leading and trailing steps of NaN are
            padding; or (n_samples, n_steps), one value per step.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, a multilabel indicator, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight 2 is the same as giving a sequence twice, weight 0 as leaving it out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y or sample_weight is invalid, or training diverges. The estimator is then as it was before.
        """
        return self._train(X, y, sample_weight, goes_on=self.warm_start and hasattr(self, "theta_"))

    def _partial_fit(self, X, y, sample_weight, classes=None):
        return self._train(X, y, sample_weight, goes_on=hasattr(self, "theta_"), classes=classes, one_epoch=True)

    def _train(self, X, y, sample_weight, *, goes_on, classes=None, one_epoch=False):
        with self._unchanged_on_failure(), single_blas_thread():
            X = read(self, X, reset=not goes_on, missing=self.missing, input_size=self.input_size)
            y = self._validate_target(y)
            check_consistent_length(X, y)
            weight = _positive_weight(sample_weight, len(X))
            X, y, weight = self._in_canonical_order(X, y, weight)
            Y, facts = self._encode_target(y, weight, classes, goes_on)
            facts |= self._scaling(X, weight, goes_on)
            facts |= self._architecture(X.n_features, Y.shape[1], goes_on)
            X = _scaled(X, facts)
            network = Network(**facts["_network_arguments"])
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            theta = self.theta_.copy() if goes_on else network.initial(np.random.default_rng(seed))
            theta = theta.astype(X.values.dtype)
            Y, weight = Y.astype(theta.dtype), self._weigh(Y, weight, facts)
            facts |= self._minimise(network, theta, X, Y, weight, facts, seed, goes_on, one_epoch)
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

    def _in_canonical_order(self, X, y, weight):
        """Without the sequences of weight 0; merged and sorted unless the order is the user's."""
        if not weight.all():
            rows = np.flatnonzero(weight)
            X, y, weight = X.take(rows), y[rows], weight[rows]
        if not self.shuffle:
            return X, y, weight
        codes = y if y.dtype.kind in "biuf" else np.unique(y, return_inverse=True)[1]
        rows, weight = canonical(X, np.ascontiguousarray(codes), weight)
        return X.take(rows), y[rows], weight

    def _scaling(self, X, weight, goes_on):
        if goes_on:
            return {"x_mean_": self.x_mean_, "x_scale_": self.x_scale_}
        if not self.standardize:
            return {"x_mean_": np.zeros(X.n_features), "x_scale_": np.ones(X.n_features)}
        mean, scale = mean_and_scale(X.values, np.repeat(weight, X.lengths))
        return {"x_mean_": mean, "x_scale_": scale}

    def _architecture(self, n_features, n_outputs, goes_on):
        """What `Network` takes: plain values, so that a change of parameters after fit changes no prediction."""
        arguments = {
            "cell": self.cell,
            "activation": self.activation,
            "n_features": n_features,
            "units": _layer_sizes(self.hidden_layer_sizes),
            "bidirectional": bool(self.bidirectional),
            "pooling": _poolings(self.pooling),
            "n_outputs": n_outputs,
        }
        if goes_on and arguments != self._network_arguments:
            changed = sorted(name for name in arguments if arguments[name] != self._network_arguments[name])
            raise ValueError(
                f"Training cannot go on from the last fit, since {', '.join(changed)} changed: "
                f"{[self._network_arguments[name] for name in changed]} became {[arguments[name] for name in changed]}."
            )
        return {"_network_arguments": arguments, "n_outputs_": n_outputs, "n_layers_": len(arguments["units"]) + 1}

    # --- training -----------------------------------------------------------------------------------------------------

    def _minimise(self, network, theta, X, Y, weight, facts, seed, goes_on, one_epoch):
        loss = LOSSES[LOSS_OF[facts["out_activation_"]]]
        training, validation = np.arange(len(X)), None
        if self.early_stopping and self.solver != "lbfgs" and not one_epoch:
            training, validation = self._split(Y, facts, seed)
        score = None if validation is None else self._validator(network, X, Y, weight, facts, validation)
        if validation is not None:
            X, Y, weight = X.take(training), Y[training], weight[training]
        objective = Objective(
            network, loss, X, Y, (weight / weight.mean()).astype(theta.dtype), self.alpha / weight.sum()
        )
        epochs_before = self.n_iter_ if goes_on else 0
        report = _Reporter(type(self).__name__) if self.verbose else None
        if self.solver == "lbfgs":
            course, states = self._lbfgs(objective, theta, len(X), report), {}
        else:
            settings = {name: getattr(self, name) for name in _OPTIMISER_PARAMETERS}
            state = deepcopy(self._optimiser_states.get(self.solver)) if goes_on else None
            optimiser = OPTIMISERS[self.solver](theta, state=state, **settings)
            batches = self._batches(len(X), seed, epochs_before)
            seen = self.t_ if goes_on else 0
            course = self._descent(objective, theta, optimiser, batches, seen, score, one_epoch, report)
            states = {self.solver: optimiser.state}
        self._warn(course, one_epoch)
        losses = (self.loss_curve_ if goes_on else []) + course.losses
        scores = ((goes_on and self.validation_scores_) or []) + course.scores
        return {
            "theta_": theta,
            "_optimiser_states": states,
            "n_iter_": epochs_before + len(course.losses),
            "t_": (self.t_ if goes_on else 0) + course.seen,
            "loss_": losses[-1],
            "loss_curve_": losses,
            "best_loss_": None if course.scores else min(losses),
            "validation_scores_": scores or None,
            "best_validation_score_": max(course.scores) if course.scores else None,
        }

    def _batches(self, n, seed, epochs_before):
        size = 200 if self.batch_size == "auto" else self.batch_size
        return Batches(n, size, seed if self.shuffle else None, epochs_before)

    def _descent(self, objective, theta, optimiser, batches, seen, score, one_epoch, report):
        kind = "constant" if one_epoch and self.learning_rate == "cosine" else self.learning_rate
        schedule = Schedule(kind, self.learning_rate_init, self.power_t, seen)
        patient = not one_epoch and (score is not None or not schedule.planned)
        return descend(
            objective,
            theta,
            optimiser,
            schedule,
            batches,
            max_iter=1 if one_epoch else self.max_iter,
            max_norm=self.max_grad_norm,
            patience=Patience(self.tol, self.n_iter_no_change) if patient else None,
            score=score,
            report=report,
        )

    def _lbfgs(self, objective, theta, n, report):
        return minimise_lbfgs(
            objective, theta, np.arange(n), max_iter=self.max_iter, max_fun=self.max_fun, tol=self.tol, report=report
        )

    def _split(self, Y, facts, seed):
        """Rows to train on and rows to validate on; None in place of the latter if there are too few sequences."""
        rows = np.arange(len(Y))
        if len(Y) < 2:
            return rows, None
        strata = self._strata(Y, facts)
        n_validation = max(1, round(self.validation_fraction * len(Y)))
        n_smaller = min(n_validation, len(Y) - n_validation)
        if strata is not None and (np.bincount(strata).min() < 2 or n_smaller < strata.max() + 1):
            strata = None  # too few of a class to have some on either side
        split = train_test_split(rows, test_size=min(n_validation, len(Y) - 1), stratify=strata, random_state=seed)
        return np.sort(split[0]), np.sort(split[1])

    def _weigh(self, Y, weight, facts):
        return weight

    def _strata(self, Y, facts):
        return None

    def _validator(self, network, X, Y, weight, facts, rows):
        X, Y, weight = X.take(rows), Y[rows], weight[rows]
        return lambda theta: float(self._score_raw(network.predict(theta, X), Y, weight, facts))

    def _warn(self, course, one_epoch):
        if course.ended == "interrupted":
            warnings.warn(f"Training interrupted: the model is that of epoch {len(course.losses)}.", stacklevel=6)
        planned = one_epoch or (self.solver != "lbfgs" and self.learning_rate == "cosine")
        if course.ended == "max_iter" and not planned:
            warnings.warn(
                f"Maximum iterations ({self.max_iter}) reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=6,
            )

    # --- after training -----------------------------------------------------------------------------------------------

    def _raw_predict(self, X):
        """Raw outputs of the network (n_samples, n_outputs), in the dtype of the weights."""
        check_is_fitted(self)
        X = read(self, X, reset=False, missing=self.missing, input_size=self.input_size)
        X = _scaled(X, vars(self)).map(lambda values: values.astype(self.theta_.dtype, copy=False))
        with single_blas_thread():
            return Network(**self._network_arguments).predict(self.theta_, X)

    def _linked(self, raw):
        return LINKS[self.out_activation_](raw.T).T

    @property
    def weights_(self):
        """Views of `theta_` by name."""
        check_is_fitted(self)
        return Network(**self._network_arguments).layout.views(self.theta_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "skip"
        tags.input_tags.three_d_array = True
        return tags


_OPTIMISER_PARAMETERS = ("beta_1", "beta_2", "epsilon", "momentum", "nesterovs_momentum")


class _Reporter:
    """One line per epoch: loss, validation score, seconds."""

    def __init__(self, name):
        self.name, self.start = name, time.perf_counter()

    def __call__(self, course):
        score = f", validation score {course.scores[-1]:.4f}" if course.scores else ""
        seconds = time.perf_counter() - self.start
        print(f"[{self.name}] epoch {len(course.losses)}, loss {course.losses[-1]:.6f}{score}, {seconds:.1f} s")


def mean_and_scale(values, weight):
    """The weighted mean and standard deviation of each column, float64; a constant column has scale 1."""
    mean = np.average(values, axis=0, weights=weight)
    variance = np.average((values - mean) ** 2, axis=0, weights=weight)
    rounding = len(values) * np.finfo(np.float64).eps  # relative, of a sum of that many: a constant may seem to vary
    constant = variance <= rounding * variance + (rounding * mean) ** 2
    return mean, np.where(constant, 1.0, np.sqrt(variance))


def _scaled(X, facts):
    """A new array, in the dtype of X."""
    mean, scale = facts["x_mean_"], facts["x_scale_"]
    if not mean.any() and (scale == 1).all():
        return X
    dtype = X.values.dtype
    return X.map(lambda values: (values - mean.astype(dtype)) / scale.astype(dtype))


def _positive_weight(sample_weight, n):
    weight = _check_sample_weight(sample_weight, np.empty((n, 1)), dtype=np.float64)
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"Negative values in data passed to `sample_weight`: {weight[row]:g} for sequence {row}.")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight


def _layer_sizes(sizes):
    sizes = tuple(np.atleast_1d(sizes).tolist())
    if not sizes or not all(isinstance(n, Integral) and n > 0 for n in sizes):
        raise ValueError(f"hidden_layer_sizes must be a positive int or a tuple of them, got {sizes}.")
    return sizes


def _poolings(pooling):
    kinds = (pooling,) if isinstance(pooling, str) else tuple(pooling)
    if not kinds or len(set(kinds)) < len(kinds) or not set(kinds) <= set(POOLINGS):
        raise ValueError(f"pooling must be one or several different names of {POOLINGS}, got {pooling!r}.")
    return kinds
