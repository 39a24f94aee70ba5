"""Sequences of numbers from sequences: forecasts of several steps."""

from __future__ import annotations

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import check_consistent_length
from sklearn.utils.metaestimators import available_if

from .._core.dataset import Dataset
from .._core.decoding import free_run
from .._core.preprocessing import mean_and_scale
from .._core.ragged import Ragged, offsets_of
from .._data.sequences import object_array
from .._data.targets import flatten_numbers, flatten_weights
from .._sklearn import StrOptions, _fit_context
from .base import trains_by_mini_batches
from .parameters import check_at_least_one, estimator, huber_delta_parameter, loss_of, parameter
from .seq2seq import BaseSeq2Seq, aligns, sequence_weight
from .weights import positive_weight


@estimator
class Seq2SeqRegressor(RegressorMixin, BaseSeq2Seq):
    """Regressor that writes a sequence of numbers for each sequence: a forecast of several steps.

    An encoder reads the sequence; a decoder writes step after step, each from the state of the decoder, which has read
    the step before, and from a mean of the encoder's states, whose weights the decoder's state chooses anew at each
    step (attention). Inside, outputs are scaled to mean 0 and variance 1. Fitting minimizes the weighted mean over all
    steps of half the squared error of these plus the L2 penalty; the decoder then reads the true outputs (teacher
    forcing):

        sum_it w_it * mean_k (f_k(x_i, y_i1 ... y_i,t-1) - y_itk)^2 / 2 / sum_it w_it
            +  alpha / 2 * ||weights||^2 / sum_it w_it

    {parameters}

    {attributes}

    See Also
    --------
    sliding_windows : X and y from time series.
    Seq2SeqClassifier : The same for labels.
    LSTMRegressor : All steps at once as outputs of one state; or, with return_sequences, one for each input step.

    Notes
    -----
    For the equations see `Seq2SeqClassifier`. Before its first step the decoder reads the mean of the outputs. What it
    reads later is, in predicting, its own output: errors add up, and a network that has always been given the truth may
    rely on it too much. A `teacher_forcing` that falls, such as (1, 0), trains it on what it will meet.

    The computation is in float32 if X is, which is two to four times as fast, else in float64.

    References
    ----------
    Sutskever, I., Vinyals, O. & Le, Q. V. (2014). Sequence to sequence learning with neural networks. NIPS.
    Bengio, S., Vinyals, O., Jaitly, N. & Shazeer, N. (2015). Scheduled sampling for sequence prediction with recurrent
    neural networks. NIPS.

    Examples
    --------
    The next six values of a sine wave:

    >>> import numpy as np
    >>> from sklearn_recurrent import Seq2SeqRegressor, sliding_windows
    >>> X, y, _ = sliding_windows(np.sin(0.3 * np.arange(300)), window=20, horizon=6)
    >>> model = Seq2SeqRegressor(hidden_layer_sizes=8, max_iter=20, random_state=0).fit(X[:200], y[:200])
    >>> model.score(X[200:], y[200:]) > 0.9
    True
    >>> model.predict(X[:2]).shape, model.predict(X[:2], horizon=10).shape
    ((2, 6), (2, 10))
    """

    loss: str = parameter(
        "squared_error",
        [StrOptions({"squared_error", "absolute_error", "huber"})],
        "{'squared_error', 'absolute_error', 'huber'}",
        "What is minimized: half the squared error, for the mean of y; the absolute error, for its median; or huber, "
        "squared up to huber_delta and absolute beyond.",
    )
    huber_delta: float = huber_delta_parameter()

    _attributes = {
        "y_mean_": ("ndarray of shape (n_outputs,)", "Mean of each output in training, in the unit of y."),
        "y_scale_": ("ndarray of shape (n_outputs,)", "Standard deviation of each output, in the unit of y."),
        "n_outputs_": ("int", "Numbers per step."),
        "horizon_": ("int", "Steps of the longest target in training."),
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, groups=None, X_val=None, y_val=None):
        """Fit the network to sequences and the sequences of numbers that belong to them.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Training sequences: a list, tuple, object array or Series of arrays of shape (n_steps_i, n_features) or
            (n_steps_i,); or an array (n_samples, n_steps, n_features), in which leading and trailing steps of NaN are
            padding; or (n_samples, n_steps), one value per step. With embedding_dim one whole number per step.
        y : array-like of shape (n_samples, horizon) or (n_samples, horizon, n_outputs), or list of arrays
            Numbers, one or several per step; a list, tuple or object array of arrays (horizon_i,) or (horizon_i,
            n_outputs); or (n_samples,), a single step.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight 2 is the same as giving a sequence twice, weight 0 as leaving it out. Or one array per sequence, of
            the steps of its target; these must be numbers also where they have no weight, since the decoder reads them.
        groups : array-like of shape (n_samples,), default=None
            Sequences of one group, such as the windows of one series, stay together when early_stopping sets a part
            aside.
        X_val : list of arrays, 3-D array, 2-D array or data frame, default=None
            Sequences to validate on after each epoch, in place of a part of X; with early_stopping the weights of the
            epoch that is best on them are kept.
        y_val : array-like, default=None
            Their targets, in the form of y.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y or sample_weight is invalid, or training diverges. The estimator is then as it was before.
        """
        return self._fit(X, y, sample_weight, groups=groups, X_val=X_val, y_val=y_val)

    @available_if(trains_by_mini_batches)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Go once through X and y, from the present weights on.

        Scaling of the features and of y is that of the first call; weights and the solver's moments go on; each call is
        an epoch at a constant learning rate, unless learning_rate says 'invscaling'. Nothing is set aside, and no
        callback is called.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : array-like of shape (n_samples, horizon) or (n_samples, horizon, n_outputs), or list of arrays
            Numbers, as in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If y has another number of outputs per step than in the first call.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X, horizon=None):
        """Write the numbers for each sequence.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        horizon : int or array-like of shape (n_samples,), default=None
            How many steps; one number for all sequences, or one for each. None: `horizon_`.

        Returns
        -------
        y : ndarray of shape (n_samples, horizon) or (n_samples, horizon, n_outputs)
            Predictions in the unit of y, float64. If the y of `fit` held sequences, or `horizon` is a number for each,
            a 1-D object array of arrays (horizon_i,) or (horizon_i, n_outputs). If it was (n_samples,), that, unless
            more than one step is asked for.

        Raises
        ------
        ValueError
            If a horizon is no whole number of at least 1.
        """
        sequences = self._read_fitted(X)
        horizons = self._horizons(sequences, horizon)
        return self._in_form(self._values(sequences, horizons), horizons, apart=np.ndim(horizon) > 0)

    def score(self, X, y, sample_weight=None):
        """Return R², of all that is predicted.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : array-like of shape (n_samples, horizon) or (n_samples, horizon, n_outputs), or list of arrays
            True values; as many steps are predicted as it has.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences, or one array per sequence, of its steps.

        Returns
        -------
        score : float
            1 less the ratio of the squared error to the variance. For an array y the mean over its columns, as
            `sklearn.metrics.r2_score` has it; for sequences, and with a weight for each step, over all steps together,
            the mean over outputs.
        """
        sequences, (flat, lengths, form) = self._read_fitted(X), flatten_numbers(y)
        check_consistent_length(sequences, lengths)
        weight, values = sequence_weight(sample_weight, len(lengths)), self._values(sequences, lengths)
        if form[0] == "array" and weight is not None:
            flat, values = (a.reshape(len(lengths), -1) for a in (flat, values))
        else:
            weight = _step_weight(sample_weight, weight, lengths)
        return r2_score(flat, values, sample_weight=weight)

    @available_if(aligns)
    def attention_weights(self, X, horizon=None):
        """Return where the decoder looks as it writes each step.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`. With missing="skip" a time step that is passed over has no entry.
        horizon : int or array-like of shape (n_samples,), default=None
            How many steps, as in `predict`.

        Returns
        -------
        weights : ndarray of shape (n_samples,), dtype object
            For each sequence an array (horizon_i, n_steps_i): for each output step the weights of the input steps,
            positive numbers that sum to 1.

        Raises
        ------
        AttributeError
            If the network has no attention.
        """
        sequences = self._read_fitted(X)
        lengths = self._horizons(sequences, horizon)
        return self._attention(sequences, self._run(sequences, free_run, lengths), offsets_of(lengths))

    # --- how it is done -----------------------------------------------------------------------------------------------

    def _samples(self, X, y, sample_weight, classes, resume):
        flat, lengths, form = flatten_numbers(y)
        check_consistent_length(X, lengths)
        weight = _step_weight(sample_weight, sequence_weight(sample_weight, len(lengths)), lengths)
        dataset = Dataset(X, flat, weight, offsets_of(lengths))
        longest = max(int(dataset.counts[dataset.sequence_weights() > 0].max()), self.horizon_ if resume else 1)
        if resume and form[1] <= 2 and self._y_form[1] <= 2:
            form = self._y_form
        return dataset, {"_y_form": form, "horizon_": longest}

    def _encode(self, dataset, classes, resume):
        Y, loss = dataset.y, loss_of(self.loss, huber_delta=self.huber_delta)
        facts = {"n_outputs_": Y.shape[1], "out_activation_": "identity", "_loss": loss}
        if resume:
            if Y.shape[1] != self.n_outputs_:
                raise ValueError(f"Expected y with {self.n_outputs_} outputs per step, as in fit, got {Y.shape[1]}.")
            mean, scale = self.y_mean_, self.y_scale_
        else:
            mean, scale = facts["y_mean_"], facts["y_scale_"] = mean_and_scale(Ragged.of_rows(Y), dataset.weight)
        return dataset._replace(y=(Y - mean) / scale), facts

    def _targets_as_given(self, dataset):
        return self._in_form(dataset.y, dataset.counts)

    def _in_form(self, values, lengths, *, apart=False):
        """Values (S, K) in the form of the y of `fit`; `apart`: an array for each sequence, whatever that was."""
        container, ndim = self._y_form
        values = values if ndim == 3 else values[:, 0]
        if container == "sequences" or apart:
            return object_array(np.split(values, np.cumsum(lengths)[:-1]))
        if ndim == 1 and lengths[0] == 1:
            return values
        return values.reshape(len(lengths), -1, *values.shape[1:])

    def _horizons(self, sequences, horizon):
        """(N,)"""
        if horizon is None or np.ndim(horizon) == 0:
            horizon = self.horizon_ if horizon is None else horizon
            check_at_least_one(horizon=horizon)
            return np.full(len(sequences), horizon)
        horizons = np.asarray(horizon)
        check_consistent_length(sequences, horizons)
        if horizons.ndim != 1 or horizons.dtype.kind not in "iu" or (horizons < 1).any():
            raise ValueError(f"horizon must be an integer of at least 1, or one for each sequence, got {horizon!r}.")
        return horizons.astype(np.int64)

    def _values(self, sequences, horizons):
        """Predictions end to end (S, n_outputs), in the unit of y."""
        return self._run(sequences, free_run, horizons) * self.y_scale_ + self.y_mean_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _step_weight(sample_weight, of_sequences, lengths):
    """A weight for each step, from one for each sequence if there are `of_sequences`."""
    if of_sequences is not None:
        return np.repeat(of_sequences, lengths)
    weight = flatten_weights(sample_weight, lengths, "y")
    return positive_weight(weight, len(weight), "step")
