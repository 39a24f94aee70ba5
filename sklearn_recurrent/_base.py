"""From fit to weights: what classifiers and regressors share."""

from __future__ import annotations

import time
import warnings
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
from joblib import effective_n_jobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import make_scorer
from sklearn.model_selection import train_test_split
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from ._core.blas import single_blas_thread
from ._core.canonical import canonical
from ._core.crew import Crew
from ._core.features import mean_and_scale, rows_of, scaled
from ._core.losses import LINKS, LOSS_OF, LOSSES
from ._core.network import Network
from ._core.objective import Objective
from ._core.optim import OPTIMISERS, Schedule
from ._core.samples import Samples
from ._core.train import Batches, Patience, descend, minimise_lbfgs
from ._inspection import Inspection
from ._parameters import RecurrentParameters, layer_sizes, poolings
from ._scoring import sequence_scorer
from ._sequences import read
from ._sklearn import _check_sample_weight, _fit_context
from ._steps import flatten_steps, flatten_weights, like_steps, typed
from ._streaming import Streaming


def trains_by_mini_batches(model):
    if model.solver == "lbfgs":
        raise AttributeError("partial_fit needs mini-batches: solver='adam' or 'sgd', not 'lbfgs'.")
    return True


class BaseRecurrent(Streaming, Inspection, RecurrentParameters):
    """A recurrent network as an estimator; a subclass says what its targets are.

    It has ``_validate_target(y)``, which returns an array; ``_encode_target(y, weight, classes, goes_on)``, which
    returns the targets of the loss, a row each, and the fitted attributes that say how to read them, its `facts`; and
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

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the network to sequences.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Training sequences: a list, tuple, object array or Series of arrays of shape (n_steps_i, n_features) or
            (n_steps_i,); or an array (n_samples, n_steps, n_features), in which leading and trailing steps of NaN are
            padding; or (n_samples, n_steps), one value per step. With embedding_dim one whole number per step.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, a multilabel indicator, or numbers. With return_sequences one array of them per sequence,
            as long as it, (n_steps_i,) or (n_steps_i, n_outputs); or an array (n_samples, n_steps[, n_outputs]).
        sample_weight : array-like of shape (n_samples,), default=None
            Weight 2 is the same as giving a sequence twice, weight 0 as leaving it out. With return_sequences also one
            array per sequence, of its steps: a step of weight 0 is read, but its target, which may be anything, plays
            no part.

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
            self._refuse_contradictions()
            X = self._read(X, reset=not goes_on)
            samples = self._validate_samples(X, y, sample_weight).weighted()
            facts = {"_padded": X.living is not None} | self._vocabulary(samples.X, goes_on)
            samples = self._in_canonical_order(samples._replace(X=_with_tokens_as_rows(samples.X, facts)))
            Y, more = self._encode_target(samples.Y, samples.weight, classes, goes_on)
            facts |= more | self._scaling(samples, goes_on)
            facts |= self._architecture(facts, goes_on)
            network = Network(
                **facts["_network_arguments"],
                dropout=self.dropout,
                recurrent_dropout=self.recurrent_dropout,
                truncate=self.bptt_steps,
            )
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            start = _Start.of(self) if goes_on else _Start.drawn(network, seed, samples.X, self.forget_bias)
            theta, weight = start.theta.copy(), self._weigh(Y, samples.weight, facts)
            X, Y = _scaled(samples.X, facts, theta.dtype), Y if Y.dtype.kind == "i" else Y.astype(theta.dtype)
            samples = Samples(X, Y, weight, samples.offsets)
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
        if self.return_sequences and self.missing == "skip":
            raise ValueError("return_sequences=True wants a target for each step, and missing='skip' passes over some.")
        if self.solver == "lbfgs" and (self.dropout or self.recurrent_dropout):
            raise ValueError("Dropout is noise, which solver='lbfgs' cannot take: choose 'adam' or 'sgd'.")

    def _validate_samples(self, X, y, sample_weight):
        """Targets and weights as they came, one for each sequence or each step, checked."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        if not self.return_sequences:
            _refuse_ragged(y)
            y = self._validate_target(y)
            check_consistent_length(X, y)
            return Samples(X, y, _positive_weight(sample_weight, len(X), "sequence"))
        y, _ = flatten_steps(y, X.lengths, living=X.living)
        if sample_weight is not None and not np.isscalar(sample_weight):
            sample_weight = flatten_weights(sample_weight, X.lengths, living=X.living)
        weight = _positive_weight(sample_weight, len(y), "step")
        ignored = weight == 0  # may hold anything
        if ignored.any():
            y[ignored] = y[~ignored][0]
        y = self._validate_target(typed(y))
        if ignored.any():
            y[ignored] = np.sort(y[~ignored], axis=0)[0]  # whatever the order of the sequences
        return Samples(X, y, weight, X.offsets)

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
        """What `Network` takes: plain values, so that a change of parameters after fit changes no prediction."""
        embeds = self.embedding_dim is not None
        arguments = {
            "cell": self.cell,
            "activation": self.activation,
            "n_features": int(self.embedding_dim) if embeds else len(facts.get("x_mean_", ())),
            "units": layer_sizes(self.hidden_layer_sizes),
            "bidirectional": bool(self.bidirectional),
            "pooling": poolings(self.pooling),
            "n_outputs": facts["n_outputs_"],
            "per_step": bool(self.return_sequences),
            "tokens": len(facts.get("vocabulary_", ())) + 1 if embeds else None,
        }
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
        loss = LOSSES[LOSS_OF[facts["out_activation_"]]]
        weight = (samples.weight * (len(samples.X) / total)).astype(theta.dtype)
        objective = Objective(network, loss, samples._replace(weight=weight), self.alpha / total, crew)
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

    def _weigh(self, Y, weight, facts):
        return weight

    def _strata(self, Y, facts):
        return None

    def _validator(self, network, samples, facts, crew):
        def score(theta):
            raw = network.predict(theta, samples.X, crew)
            return float(self._score_raw(raw, samples.Y, samples.weight, facts)) if np.isfinite(raw).all() else -np.inf

        return score

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
        return Network(**self._network_arguments)

    def _respond(self, method, X, ragged=None, **options):
        """What `method` returns: made of the network's raw outputs, in the container that belongs to `X`.

        ragged : `X`, if it has been read
        """
        network, ragged = self._network(), self._read(X) if ragged is None else ragged
        with single_blas_thread(), self._crew(self.theta_.dtype) as crew:
            out = self._form(method)(network.predict(self.theta_, self._prepare(ragged), crew, **options))
        return self._like_steps(out, X, ragged) if network.per_step or "staged" in options else out

    def _like_steps(self, values, X, ragged):
        """Values (S, ...) as an array (n, T, ...), or, also if just this part of X has no padding, an object array."""
        return like_steps(values, X, ragged, padded=self._padded)

    def _score(self, metric, X, y, sample_weight):
        if self._network().per_step:
            return sequence_scorer(make_scorer(metric))(self, X, y, sample_weight)
        return metric(y, self.predict(X), sample_weight=sample_weight)

    def _form(self, method):
        """What makes the result of a method of raw outputs, (n, n_outputs)."""
        if method not in self._forms:
            raise ValueError(f"method must be one of {sorted(self._forms)}, got {method!r}.")
        return getattr(self, self._forms[method])

    def _linked(self, raw):
        return LINKS[self.out_activation_](raw.T).T

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


def _refuse_ragged(y):
    objects = y if isinstance(y, list | tuple) or getattr(y, "dtype", None) is np.dtype(object) else ()
    sizes = {len(entry) for entry in objects if isinstance(entry, list | tuple | np.ndarray) and np.ndim(entry)}
    if len(sizes) > 1:
        raise ValueError(
            f"y holds between {min(sizes)} and {max(sizes)} values per sequence, but one target for each is wanted; "
            "a target for each time step wants return_sequences=True."
        )


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


def _positive_weight(sample_weight, n, of):
    weight = _check_sample_weight(sample_weight, np.empty((n, 1)), dtype=np.float64)
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"Negative values in data passed to `sample_weight`: {weight[row]:g} for {of} {row}.")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight
