"""From fit to weights: what all networks share."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from inspect import signature
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import ThreadingBackend, get_active_backend
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from .._core.dataset import Dataset, canonical
from .._core.objective import Objective
from .._core.optimizers import OPTIMIZERS, PLANNED, Schedule
from .._core.preprocessing import Columns, ForwardFill, Standardizer, Vocabulary, network_inputs, told_apart
from .._core.ragged import Ragged
from .._core.threads import WorkerPool, single_blas_thread
from .._core.training import Batches, Patience, minimize_lbfgs, minimize_minibatch
from .._data.categories import seen_categories
from .._data.layouts import warn_of_long
from .._data.missing import in_dtype
from .._data.targets import refuse_masked
from .._sklearn import BriefRequests, CallbackSupportMixin, copied
from .callbacks import FitCallbacks
from .early_stopping import (
    NO_PART,
    Validation,
    advice_on,
    last_split,
    scorer_of,
    split,
    warn_of_other_kind,
    warn_of_overlap,
)
from .embedding import category_widths, given_vectors, reads_tokens, refuse_contradictions, token_width
from .inputs import CachedInput, as_table, input_options, parse, parse_training, refuse_other_missing
from .parameters import is_bidirectional, layer_sizes, refuse_unknown
from .scoring import shallow_copy_with
from .storage import warn_of_new_optimizer, with_versions, without_training, without_versions
from .training_state import OPTIONAL, FittedState, StateCache, TrainingState
from .warnings import (
    warn_of_empty_features,
    warn_of_numbering,
    warn_of_padded_labels,
    warn_of_padded_steps,
    warn_of_single_steps,
    warn_of_training,
)
from .weights import class_codes, refuse_extreme_weights


def trains_by_mini_batches(model):
    if model.solver == "lbfgs":
        raise AttributeError(
            "Expected solver='adam', 'rmsprop' or 'sgd' for partial_fit, got 'lbfgs', which uses no mini-batches."
        )
    return True


class BaseNetwork(BriefRequests, CallbackSupportMixin):
    """A network as an estimator; a subclass says what the network is and what its targets are.

    _network_class : the network, a `Model`
    _encoder_class : the target encoder
    _read_targets(sequences, y, sample_weight, classes, encoder) : a `Dataset` with y as it came, checked; and the
        target encoder, if it must be known so early, else the one that is passed, that of the last fit or None
    _fit_encoder(dataset, classes, encoder) : the target encoder
    _loss_and_settings(encoder) : the name of a loss of the core, and its settings
    _architecture(encoder, preprocessor, remembered) : the arguments of the network that are its own

    What a fit has made lies in two forms: as attributes, arrays and builtins that are stored; and, made of these, as a
    `FittedState`, which answers. It is kept beside the model, so it is no part of what is stored, copied or compared.
    """

    _cached_input = None  # a `CachedInput`, of a model that is validated

    loss_: float
    loss_curve_: list[float]
    best_loss_: float | None
    validation_loss_curve_: list[float] | None
    theta_: np.ndarray
    n_features_in_: int
    feature_names_in_: np.ndarray
    n_static_features_in_: int
    static_feature_names_in_: np.ndarray
    static_mean_: np.ndarray
    static_scale_: np.ndarray
    x_mean_: np.ndarray
    x_scale_: np.ndarray
    categories_: list[np.ndarray]
    is_categorical_: np.ndarray
    vocabulary_: np.ndarray
    n_outputs_: int
    n_layers_: int
    bidirectional_: bool
    out_activation_: str
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    best_iter_: int
    n_iter_: int
    t_: int

    # --- errors in the name of the class ------------------------------------------------------------------------------

    def __init_subclass__(cls, **kwargs):
        """Let the errors of a class that inherits `__init__` speak of that class."""
        super().__init_subclass__(**kwargs)
        if _is_ours(cls) and "__init__" not in vars(cls) and hasattr(cls, "_parameters"):
            cls.__init__ = _of_class(cls, cls.__init__)
        if _is_ours(cls) and "__init__" in vars(cls):
            # scikit-learn makes it anew in each get_params and clone, which takes most of their time.
            cls.__init__.__signature__ = signature(cls.__init__)

    if not TYPE_CHECKING:  # editors take the signature of `__init__`

        def __new__(cls, *args, **parameters):
            """Refuse what is no parameter, with the name that is meant; `__init__` itself could not tell."""
            if _is_ours(cls.__init__):  # the one of a user's class may take more
                refuse_unknown(cls, parameters)
            return super().__new__(cls)

    # --- training -----------------------------------------------------------------------------------------------------

    def _fit(self, X, y, sample_weight, *, resume, one_epoch=False, classes=None, groups=None, X_val=None, y_val=None):
        """Fit the network.

        The model stays as it is until `_adopt` swaps the new state in. So it answers as before while it trains, and a
        fit that fails changes nothing.

        resume : whether training goes on from the last fit
        one_epoch : whether to train a single epoch, with no validation and no callbacks, as partial_fit does
        """
        callbacks = FitCallbacks(self, X, y, sample_weight, silent=one_epoch)
        callbacks.on_fit_begin()
        with single_blas_thread():
            self._refuse_contradictions()
            refuse_contradictions(self, resume=resume)
            previous = self._fitted_state() if resume else None
            if resume:
                warn_of_new_optimizer(self)

            # What there is to learn: sequences, targets and weights; then how a network takes them.
            if y is None:
                raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
            sequences, remembered = self._parse_training(X, previous)
            held_out = None
            if self.validation_split is not None and self._sets_aside(X_val, y_val, one_epoch):
                held_out = last_split(self.validation_split, X, y, groups, len(sequences))
                groups = None  # they were for the splitter
            given, encoder = self._training_set(sequences, y, sample_weight, groups, held_out, classes, previous)
            if sequences.static is None:
                warn_of_long(X, y)
            as_parsed = remembered
            if previous is None:
                given, remembered = _with_seen_categories(given, remembered)
            vocabulary = self._vocabulary(given, previous)
            given = self._in_canonical_order(given, vocabulary, remembered)
            encoder = self._fit_encoder(given, classes, encoder)
            if previous is None:
                self._warn_of_layout(X, sequences, as_parsed)
                if not one_epoch and self._validates_on_random_part(X_val, y_val, groups):
                    warn_of_overlap(sequences)
                warn_of_padded_labels(given, encoder)
            dataset = encoder.encode(given)
            if previous is None:
                self._warn_of_likely_mistakes(given, dataset.y, encoder, remembered)
            preprocessor = vocabulary or self._standardizer(dataset, previous, remembered)
            static = self._static_standardizer(dataset, previous)
            padded = sequences.valid is not None
            state = self._state_without_weights(preprocessor, static, encoder, remembered, padded, previous)
            by_class = self._weights_of_classes(dataset, encoder)
            dataset = _times_class_weights(dataset, by_class)
            refuse_extreme_weights(dataset.weight)  # of all targets: their sum is larger than that over sequences

            # Where training begins, and what it is validated on.
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            network = self._training_network(state)
            start = TrainingState.of(self) if resume else self._drawn(network, seed, dataset.X, preprocessor)
            plan = _TrainingPlan(
                state=state,
                network=network,
                given=given,
                dataset=dataset,
                by_class=by_class,
                X=X,
                seed=seed,
                start=start,
                one_epoch=one_epoch,
            )
            with self._worker_pool(start.theta.dtype) as workers:
                dataset, validate = self._hold_out(plan, X_val, y_val, workers)
                history, theta, optimizer_states = self._train(plan, dataset, validate, callbacks, workers)
        record = start.record(history, optimizer_states, append=one_epoch)
        warn_of_training(self, history, record["n_iter_"], one_epoch=one_epoch)
        self._adopt(plan, theta, record, history.losses if one_epoch else [])
        callbacks.on_fit_end()
        return self

    def _parse_training(self, X, previous):
        if previous is None:
            sequences, remembered = parse_training(self, X)
        else:
            sequences = parse(self, X, previous)
            remembered = previous.remembered
        if not reads_tokens(self):
            sequences = in_dtype(sequences, self.dtype)
        return sequences, remembered

    def _sets_aside(self, X_val, y_val, one_epoch):
        """Whether a part of the training set is to validate on."""
        has_own = X_val is not None or y_val is not None
        return self.early_stopping and self.solver != "lbfgs" and not one_epoch and not has_own

    def _validates_on_random_part(self, X_val=None, y_val=None, groups=None):
        """Whether the part of the training set to validate on is drawn from all of it."""
        return (
            self._sets_aside(X_val, y_val, one_epoch=False)
            and self.validation_split is None
            and groups is None
            and self.shuffle
        )

    def _training_set(self, sequences, y, sample_weight, groups, held_out, classes, previous):
        """The dataset as it came, without what has no weight or no part; and the target encoder, if it is known."""
        encoder = None if previous is None else previous.encoder
        dataset, encoder = self._read_targets(sequences, y, sample_weight, classes, encoder)
        groups = _checked_groups(groups, sequences)
        rows = np.flatnonzero(dataset.sequence_weights())
        if held_out is not None:
            rows = rows[held_out[rows] != NO_PART]
            dataset = dataset._replace(held_out=held_out)
        dataset = dataset.select(rows)
        if held_out is not None and np.ptp(dataset.held_out) == 0:
            part = "train" if dataset.held_out[0] else "validate"
            raise ValueError(f"validation_split: Expected a sequence with a weight to {part} on, got none.")
        if groups is not None:
            # Numbered without what has no weight: it must be as if it were not there.
            dataset = dataset._replace(groups=np.unique(groups[rows], return_inverse=True)[1])
        return dataset, encoder

    def _warn_of_layout(self, X, sequences, remembered):
        """Warn if what X was parsed to is probably not what it is meant as."""
        has_steps = remembered["_fitted_on_sequences"]  # a matrix says nothing of time
        if has_steps and self.embedding_dim is None:
            warn_of_single_steps(sequences)
        if has_steps or self.input_size is not None or self.embedding_dim is not None:
            warn_of_padded_steps(self, X, sequences, remembered)
        warn_of_numbering(X, sequences.static)
        if self.missing == "forward":
            warn_of_empty_features(sequences)

    def _vocabulary(self, dataset, previous):
        """The tokens that have a row in the embedding table; None if X holds features."""
        if previous is not None:
            return previous.preprocessor if previous.embeds else None
        return Vocabulary.fit(dataset.X) if reads_tokens(self) else None

    def _in_canonical_order(self, dataset, vocabulary, remembered):
        """Merged and sorted, unless the order is the user's."""
        if not self.shuffle:
            return dataset
        X, codes = self._key_of(dataset, remembered)
        if codes.dtype.kind not in "biuf":
            codes = np.unique(codes, return_inverse=True)[1]
        if vocabulary is not None:
            # Rows of the table tell tokens apart. Other names of the tokens must not give another model.
            X = X.map(vocabulary)
        if self.missing == "forward":
            X = told_apart(X)
        return canonical(dataset, codes, X)

    def _standardizer(self, dataset, previous, remembered):
        if previous is not None:
            return previous.preprocessor
        carries = self.missing == "forward"
        if self.standardize:
            standardizer = self._fit_standardizer(dataset, remembered)
        else:
            standardizer = Standardizer.identity(dataset.X.n_features)
        if "categories_" in remembered:
            standardizer = Columns.of(standardizer, remembered["is_categorical_"])
        return ForwardFill(standardizer) if carries else standardizer

    def _static_standardizer(self, dataset, previous):
        """Of the static values, scaled like features, but over sequences; None if there are none."""
        static = dataset.X.static
        if previous is not None or static is None:
            return None if previous is None else previous.static_preprocessor
        if self.standardize:
            return Standardizer.fit(Ragged.of_rows(static), dataset.sequence_weights() / dataset.counts)
        return Standardizer.identity(static.shape[1])

    def _state_without_weights(self, preprocessor, static_preprocessor, encoder, remembered, padded, previous):
        """The state that the fit will end in, but for its weights."""
        arguments = {
            "cell": self.cell,
            "activation": self.activation,
            "n_features": preprocessor.n_numbers,
            "units": layer_sizes(self.hidden_layer_sizes),
            "bidirectional": is_bidirectional(self),
            "n_outputs": encoder.n_outputs,
            "n_static": remembered["n_static_features_in_"],
            "tokens": preprocessor.n_rows if reads_tokens(self) else None,
        }
        if isinstance(preprocessor, Vocabulary) and reads_tokens(self):
            arguments["n_features"] = token_width(self, len(preprocessor.tokens))
        elif "categories_" in remembered:
            categories = remembered["categories_"]
            widths = category_widths(self, categories, remembered["_categorical_columns"])
            arguments["n_features"] += sum(widths)
            arguments["tables"] = tuple((len(known) + 1, n) for known, n in zip(categories, widths, strict=True))
        arguments |= self._architecture(encoder, preprocessor, remembered)
        options = input_options(self)
        if previous is not None:
            refuse_other_missing(self, previous)
            _refuse_changes({"dtype": previous.theta.dtype.name}, {"dtype": self.dtype or previous.theta.dtype.name})
            _refuse_changes(previous.network_arguments, arguments)
            _refuse_changes(previous.input_options, options)
        return FittedState(
            network_arguments=arguments,
            input_options=options,
            padded=padded,
            preprocessor=preprocessor,
            static_preprocessor=static_preprocessor,
            encoder=encoder,
            remembered=remembered,
            loss=self._loss_and_settings(encoder),
            theta=None,
            network=self._network_class(**arguments),
        )

    def _training_network(self, state):
        """The network with what belongs to training alone."""
        return self._network_class(
            **state.network_arguments,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            truncate=self.bptt_steps,
        )

    def _drawn(self, network, seed, X, preprocessor):
        given = given_vectors(self, preprocessor.tokens) if isinstance(preprocessor, Vocabulary) else None
        return TrainingState.drawn(network, seed, X, self.dtype, self.forget_bias, given)

    def _hold_out(self, plan, X_val, y_val, workers):
        """The dataset to train on, and what validates after each epoch; None if nothing does."""
        dataset = plan.dataset
        validate = None
        if X_val is not None or y_val is not None:
            validate = self._validation_on(plan, X_val, y_val, workers)
        elif dataset.held_out is not None:
            validate = self._validation_of(plan, np.flatnonzero(dataset.held_out), workers)
            dataset = dataset.select(np.flatnonzero(dataset.held_out == 0))
        elif self._sets_aside(X_val, y_val, plan.one_epoch) and dataset.n_entries > 1:
            one_of_each = dataset.select(dataset.first_members())
            strata = self._strata(one_of_each, plan.state.encoder) if self.shuffle else None
            seed = plan.seed if self.shuffle else None
            entries, others = split(dataset.n_entries, self.validation_fraction, strata, one_of_each.groups, seed)
            validate = self._validation_of(plan, dataset.members(others), workers)
            dataset = dataset.select(dataset.members(entries))
        return plan.ready(dataset.without_weight_zero()), validate

    def _train(self, plan, dataset, validate, callbacks, workers):
        """Minimize the objective: the history of the training, the weights, and the states of optimizers by name."""
        start = plan.start
        theta = start.theta.copy()
        objective = self._training_objective(plan, dataset, workers)
        optimizer_states = {}

        def fitted(history, theta):
            attributes = plan.attributes(theta) | start.record(history, deepcopy(optimizer_states))
            # scikit-learn sets these on a copy of this model, which may have others of an earlier fit: they go then.
            earlier = OPTIONAL & (vars(self).keys() - attributes.keys())
            return attributes | dict.fromkeys(earlier)

        n_epochs = 1 if plan.one_epoch else self.max_iter
        epoch_callback = callbacks.of_epochs(fitted, start.n_epochs, n_epochs)
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
            return history, theta, optimizer_states
        optimizer = self._optimizer(plan, theta)
        optimizer_states[self.solver] = optimizer.state
        schedule = self._schedule(plan)
        patience = None
        if not plan.one_epoch and (self.early_stopping or not schedule.planned):
            patience = Patience(self.tol, self.n_iter_no_change)
        history = minimize_minibatch(
            objective,
            theta,
            optimizer,
            schedule,
            self._batches(plan, objective),
            max_iter=n_epochs,
            max_norm=self.max_grad_norm,
            patience=patience,
            validate=validate,
            restore_best=self.early_stopping,
            resume=start.n_epochs > 0,
            epoch_callback=epoch_callback,
        )
        return history, theta, optimizer_states

    def _training_objective(self, plan, dataset, workers):
        total = dataset.weight.sum()
        weight = (dataset.weight * (dataset.n_entries / total)).astype(plan.dtype)
        dataset = dataset._replace(weight=weight)
        loss = plan.state.loss_function()
        arguments = (plan.network, loss, dataset, self.alpha / total, workers, self._frozen(plan))
        return self._objective(*arguments, first_epoch=plan.start.n_epochs)

    def _frozen(self, plan):
        """Which rows of the embedding table training leaves as they are; None if it moves all."""
        return None if self.embedding_trainable else plan.start.has_vector

    def _optimizer(self, plan, theta):
        settings = {name: getattr(self, name) for name in _OPTIMIZER_PARAMETERS}
        decay = None
        if self.weight_decay:
            decay = (self.weight_decay * plan.network.penalized()).astype(theta.dtype)
        state = plan.start.optimizer_states.get(self.solver)
        frozen = self._frozen(plan)
        if frozen is not None and state is not None:
            for name in OPTIMIZERS[self.solver].moments:  # of a training that moved these rows
                plan.network.layout.views(state[name])["embedding/E"][frozen] = 0
        return OPTIMIZERS[self.solver](theta, state, decay, **settings)

    def _schedule(self, plan):
        kind = self.learning_rate
        if plan.one_epoch and kind in PLANNED:
            kind = "constant"  # a schedule that is planned over max_iter epochs has no meaning for a single one
        return Schedule(kind, self.learning_rate_init, self.power_t, self.warmup_steps, plan.start.n_seen)

    def _batches(self, plan, objective):
        size = 200 if self.batch_size == "auto" else self.batch_size
        return Batches(
            len(objective),
            size,
            plan.seed,
            shuffle=self.shuffle,
            first_epoch=plan.start.n_epochs,
            lengths=objective.lengths,
        )

    def _validation_of(self, plan, rows, workers):
        """Validation on some of the sequences that were given to fit."""
        given = plan.given.select(rows)
        X = None
        y = None
        if self.scoring != "loss":  # the loss needs no copy of these
            X = as_table(given.X, plan.state.remembered)
            y = plan.state.encoder.decode(given)
        return self._validation(plan, plan.ready(plan.dataset.select(rows)), workers, X, y, given.X)

    def _validation_on(self, plan, X, y, workers):
        """Validation on sequences of the user's own."""
        if X is None or y is None:
            raise ValueError("Expected both X_val and y_val, or neither, got one of them.")
        if self.solver == "lbfgs":
            raise ValueError("Expected no X_val with solver='lbfgs', which has no epochs, got one. Set solver='adam'.")
        fitted = shallow_copy_with(self, **plan.attributes(plan.start.theta))
        reads_strings = "categories_" in plan.state.remembered
        advice = advice_on(X, plan.X, reads_strings=reads_strings)
        with _errors_about("X_val, y_val", advice):
            sequences = parse(fitted, X, plan.state)
        ids = plan.state.embeds or plan.state.remembered.get("is_categorical_", False)
        warn_of_other_kind(plan.given.X, sequences, advice, ids=ids)
        with _errors_about("X_val, y_val"):
            given, _ = self._read_targets(sequences, y, None, None, plan.state.encoder)
            dataset = plan.ready(_times_class_weights(plan.state.encoder.encode(given), plan.by_class))
        return self._validation(plan, dataset, workers, X, y, sequences)

    def _validation(self, plan, dataset, workers, X, y, sequences):
        cached = CachedInput(X, sequences, dataset.X, plan.state.preprocessors)
        fitted = shallow_copy_with(self, **plan.attributes(plan.start.theta), _cached_input=cached)
        return Validation(fitted, plan.network, plan.state.loss_function(), dataset, workers, scorer_of(self), y)

    # --- what a subclass may know better ------------------------------------------------------------------------------

    def _refuse_contradictions(self):
        if self.solver == "lbfgs" and (self.dropout or self.recurrent_dropout):
            raise ValueError(
                "Expected dropout=0 and recurrent_dropout=0 with solver='lbfgs', got "
                f"dropout={self.dropout} and recurrent_dropout={self.recurrent_dropout}. Set solver='adam'."
            )
        if self.missing == "forward" and reads_tokens(self):
            raise ValueError(
                "Expected missing='error' or 'skip' with embedding_dim, got 'forward', which is for numbers: a token "
                "does not last until the next one."
            )

    def _warn_of_likely_mistakes(self, given, y, encoder, remembered):
        """Warn of what looks like a mistake in a training set; `y` as the network takes it."""

    def _key_of(self, dataset, remembered):
        """What tells the sequences of a dataset apart, which is not encoded: sequences, and values for each target."""
        return dataset.X, dataset.y

    def _fit_standardizer(self, dataset, remembered):
        """The scaling of the features of a training set."""
        fit = Standardizer.fit_present if self.missing == "forward" else Standardizer.fit
        return fit(dataset.X, dataset.sequence_weights() / dataset.counts)

    def _objective(self, *arguments, first_epoch):
        """The objective of training, made of these arguments. `first_epoch` epochs came before this training."""
        return Objective(*arguments)

    def _weights_of_classes(self, dataset, encoder):
        """What `class_weight` multiplies the weights of targets with, by their codes; None: nothing."""
        return None

    def _strata(self, dataset, encoder):
        """The class of each sequence, whose parts in training and validation shall be alike; None if it has none."""
        return None

    # --- after training -----------------------------------------------------------------------------------------------

    def _fitted_state(self):
        """The state that the model answers in. It is made anew if an attribute holds another array than before.

        Raises
        ------
        NotFittedError
            If the model was never fitted, also while its first fit runs.
        ValueError
            If an attribute is damaged.
        """
        attributes = vars(self).copy()  # in one call: another thread may swap a new state in
        if "theta_" not in attributes:
            check_is_fitted(self)
        state = _STATES.get(self)
        if state is None or not state.is_made_of(attributes):
            state = FittedState.from_attributes(self._network_class, self._encoder_class, attributes)
            for name in OPTIONAL:
                if name in attributes and attributes[name] is None:  # of an earlier fit: see `fitted` in `_train`
                    del vars(self)[name]
            _STATES.set(self, state)
        return state

    def _adopt(self, plan, theta, record, losses):
        """Take over what a fit has made, in one call: another thread that asks the model meets the old or the new.

        losses : to be appended to the loss curve
        """
        attributes = plan.attributes(theta) | record
        try:
            vars(self).update(attributes)
        finally:  # also if Ctrl-C arrives here
            if vars(self).get("theta_") is theta:
                attributes["loss_curve_"].extend(losses)
        for name in OPTIONAL - attributes.keys():
            vars(self).pop(name, None)
        _STATES.set(self, replace(plan.state, theta=theta))

    def _parse(self, X, state):
        """The sequences of an X to predict from, as they came."""
        cached = self._cached_for(state)
        if cached is not None and X is cached.X:
            return cached.sequences
        return parse(self, X, state)

    def _cached_for(self, state):
        """The cached input, if the model is still the one that it was made for."""
        cached = self._cached_input
        if cached is not None and cached.was_made_by(state.preprocessors):
            return cached
        return None

    def _network_inputs(self, sequences, state):
        """The same sequences as the network reads them."""
        cached = self._cached_for(state)
        if cached is not None and sequences is cached.sequences:
            return cached.network_inputs
        return state.network_inputs(sequences)

    def _parse_fitted(self, X):
        """The state that the model answers in, and the sequences of X."""
        state = self._fitted_state()
        return state, self._parse(X, state)

    def _worker_pool(self, dtype):
        return WorkerPool(dtype, _n_threads(self.n_jobs))

    @property
    def weights_(self) -> dict[str, np.ndarray]:
        """Views of `theta_` by name."""
        state = self._fitted_state()
        return state.network.layout.views(state.theta)

    def for_deployment(self) -> Self:
        """Return a copy that predicts the same, and is stored in a third of the space.

        It has no state of the optimizer, and of the curves only the last entries. If it is trained on, the optimizer
        starts anew, with a warning.

        Returns
        -------
        model : estimator
            The copy.
        """
        self._fitted_state()
        return without_training(self)

    def __getstate__(self):
        state = super().__getstate__().copy()
        state.pop("_cached_input", None)
        if "loss_curve_" in state:
            state["loss_curve_"] = state["loss_curve_"].copy()  # partial_fit appends to it in place
        return with_versions(state)

    def __setstate__(self, state):
        state = without_versions(self, state)
        super().__setstate__(state)
        if {"theta_", "_network_arguments"} & state.keys():
            self._fitted_state()  # a damaged file is found out when it is loaded

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing in ("skip", "forward") or self.categorical_features is not None
        tags.input_tags.three_d_array = True
        return tags


_STATES = StateCache()

COPIED = 1 << 22
"""Numbers of X of which a fit has a copy, preprocessed once, from which batches are made faster; of more it has none.
Tokens are always copied, as rows of the table."""

_OPTIMIZER_PARAMETERS = ("beta_1", "beta_2", "epsilon", "rho", "momentum", "nesterovs_momentum")
_PARAMETER_OF = {
    "units": "hidden_layer_sizes",
    "per_step": "return_sequences",
    "tokens": "the number of tokens",
    "tables": "embedding_dim (rows and columns of the tables)",
    "bidirectional": "bidirectional_",  # with 'auto' the parameter itself has not changed
    "future": "future_features (columns of the inputs)",
    "median": "quantile (the place of the median)",
}


def _is_ours(thing):
    """Whether a class or function is one of this package."""
    return thing.__module__.partition(".")[0] == __name__.partition(".")[0]


def _of_class(cls, method):
    """A copy of a method that Python takes for one of `cls`, where errors name it."""
    own = copied(method)
    own.__qualname__ = f"{cls.__name__}.{method.__name__}"
    return own


class _TrainingPlan(NamedTuple):
    """All that is settled before training.

    state : the state that the fit will end in, but for its weights
    network : with what belongs to training alone, such as dropout
    given, dataset : what there is to train and validate on, as given, and, in the same order, with encoded targets
    by_class : what the weights of targets were multiplied with, by their codes; None: nothing
    X : as the user gave it
    seed : of mini-batches, dropout and split
    start : from where training goes on
    one_epoch : whether it lasts a single epoch
    """

    state: FittedState
    network: object
    given: Dataset
    dataset: Dataset
    by_class: np.ndarray | None
    X: object
    seed: int
    start: TrainingState
    one_epoch: bool

    @property
    def dtype(self):
        return self.start.theta.dtype

    def attributes(self, theta):
        """Of a model with these weights, but for the record of its training."""
        return self.state.attributes() | {"theta_": theta}

    def ready(self, dataset):
        """Sequences and targets in the numbers that the network computes with."""
        y = dataset.y
        if y.dtype.kind != "i":  # codes of classes stay whole numbers
            y = y.astype(self.dtype)
        X = network_inputs(dataset.X, *self.state.preprocessors, self.dtype)
        if self.state.embeds or X.offsets[-1] * X.n_features <= COPIED:
            X = X.joined()
        return dataset._replace(X=X, y=y)


def _with_seen_categories(dataset, remembered):
    """The categories are those of sequences that weigh something, and of steps that are not skipped."""
    if "categories_" not in remembered:
        return dataset, remembered
    X, categories = seen_categories(dataset.X, remembered["is_categorical_"], remembered["categories_"])
    return dataset._replace(X=X), remembered | {"categories_": categories}


def _times_class_weights(dataset, by_class):
    if by_class is None:
        return dataset
    return dataset._replace(weight=dataset.weight * by_class[class_codes(dataset.y)])


def _n_threads(n_jobs):
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
        raise ValueError(
            f"Training cannot continue from the last fit, since {', '.join(changed)}. "
            "Call fit with warm_start=False, or set the parameter back."
        )


@contextmanager
def _errors_about(what, advice=""):
    """Errors say that they are about `what`, and what to do."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(" ".join(filter(None, [f"{what}: {error}", advice]))) from error


def _checked_groups(groups, sequences):
    if groups is None:
        return None
    check_consistent_length(sequences, groups)
    refuse_masked(groups, "groups")
    groups = np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(f"Expected groups to be 1-D, one for each sequence, got shape {groups.shape}.")
    missing = [j for j, group in enumerate(groups.tolist()) if group is None or group != group]
    if missing:
        raise ValueError(f"Expected a group for each sequence, got {groups[missing[0]]} for sequence {missing[0]}.")
    return groups
