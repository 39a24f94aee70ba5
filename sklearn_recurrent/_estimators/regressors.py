"""Regressors of sequences."""

from __future__ import annotations

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._core.preprocessing import mean_and_scale
from .._core.ragged import Ragged
from .._sklearn import StrOptions, _fit_context
from .base import trains_by_mini_batches
from .parameters import between, cell_parameter, estimator, huber_delta_parameter, loss_of, parameter, quantiles_of
from .recurrent import BaseRecurrent


@estimator
class BaseRegressor(RegressorMixin, BaseRecurrent):
    loss: str = parameter(
        "squared_error",
        [StrOptions({"squared_error", "absolute_error", "huber", "poisson", "quantile"})],
        "{'squared_error', 'absolute_error', 'huber', 'poisson', 'quantile'}",
        "What is minimized: half the squared error, for the mean of y; the absolute error, for its median; huber, "
        "squared up to huber_delta and absolute beyond; poisson, half the deviance of counts and other y of 0 or more, "
        "for its mean, the network giving the logarithm; or the quantile (pinball) loss.",
    )
    quantile: float | tuple = parameter(
        0.5,
        [between(0, 1, "neither"), "array-like"],
        "float or tuple of float",
        "With loss='quantile': which quantile of y to predict, or which ones; several are predicted ascending.",
    )
    huber_delta: float = huber_delta_parameter()

    _attributes = {
        "y_mean_": ("ndarray of shape (n_outputs,)", "What is subtracted from each y: its mean, 0 for poisson."),
        "y_scale_": (
            "ndarray of shape (n_outputs,)",
            "What each y is then divided by: its standard deviation, for poisson its mean.",
        ),
    }

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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers, as in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences, as in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If y has another number of outputs than in the first call.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X, initial_state=None, return_state=False):
        """Predict a number, or several, for each sequence, or for each of its steps.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`; with `initial_state` what comes next in each stream.
        initial_state : StreamState, default=None
            Where the sequences go on from: a state that `step` or an earlier chunk ended in. None: from nothing.
        return_state : bool, default=False
            Whether to return the state that the sequences end in, too.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in the unit of y, float64; if there are several quantiles, (..., n_quantiles), ascending. With
            return_sequences a 1-D object array of such arrays, one row per time step; for an X of numbers without
            padding one array (n_samples, n_steps) or (n_samples, n_steps, n_outputs).
        state : StreamState
            Only if `return_state`.
        """
        return self._respond_from("predict", X, initial_state, return_state)

    def score(self, X, y, sample_weight=None):
        """Return R², or D² for loss='quantile'; with return_sequences over all steps of all sequences.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True values, as in `fit`; with return_sequences one array per sequence.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences, or one array per sequence, of its steps.

        Returns
        -------
        score : float
            1 less the ratio of the squared error to the variance; the mean over outputs. For loss='quantile' 1 less
            the ratio of the pinball loss to that of the quantile of y, the mean over quantiles and outputs.
        """
        check_is_fitted(self)
        return self._score(r2_score if self._loss[0] != "pinball" else self._d2, X, y, sample_weight)

    def _d2(self, y, predicted, *, sample_weight=None):
        quantiles = self._loss[1]["quantiles"]
        y = np.asarray(y, np.float64)
        predicted = predicted.reshape(*y.shape, len(quantiles))
        return np.mean(
            [
                d2_pinball_score(y, predicted[..., k], alpha=quantile, sample_weight=sample_weight)
                for k, quantile in enumerate(quantiles)
            ]
        )

    _forms = {"predict": "_values"}

    def _values(self, raw):
        y = self._linked(raw).reshape(len(raw), len(self.y_scale_), -1)  # quantiles in the last axis
        y = np.sort(y * self.y_scale_[:, None] + self.y_mean_[:, None], axis=2)  # estimates of several may cross
        y = y[:, 0] if self._y_is_1d else y
        return y if self._several else y[..., 0]

    def _validate_target(self, y):
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _encode_target(self, y, weight, classes, resume):
        Y, quantiles = y.reshape(len(y), -1), quantiles_of(self.quantile) if self.loss == "quantile" else ()
        facts = {
            "_y_is_1d": y.ndim == 1,
            "_several": self.loss == "quantile" and np.ndim(self.quantile) > 0,
            "_loss": loss_of(self.loss, quantiles, self.huber_delta),
            "out_activation_": "exponential" if self.loss == "poisson" else "identity",
            "n_outputs_": Y.shape[1] * max(len(quantiles), 1),
        }
        if resume:
            if Y.shape[1] != len(self.y_scale_):
                raise ValueError(f"Expected y with {len(self.y_scale_)} outputs, as in the last fit, got {Y.shape[1]}.")
            if facts["out_activation_"] != self.out_activation_:
                raise ValueError(
                    "Training cannot continue, since loss changed to or from 'poisson'. Call fit with warm_start=False."
                )
            mean, scale = self.y_mean_, self.y_scale_
        elif self.loss == "poisson":
            mean, scale = np.zeros(Y.shape[1]), np.average(Y, axis=0, weights=weight)
        else:
            mean, scale = mean_and_scale(Ragged.of_rows(Y), weight)
        if self.loss == "poisson" and ((Y < 0).any() or not scale.all()):
            raise ValueError(
                f"Expected y >= 0, and > 0 at least once, for loss='poisson', got a minimum of {Y.min():g}."
            )
        return (Y - mean) / scale, facts | {"y_mean_": mean, "y_scale_": scale}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


@estimator
class RNNRegressor(BaseRegressor):
    """Regressor of sequences by a recurrent network with any cell.

    The network reads each sequence step by step, pools the states of its top layer into one vector, and passes that
    through a dense layer. Inside, each output is scaled to mean 0 and variance 1. Fitting minimizes the weighted mean
    of half the squared error of these, or of another `loss`, plus the L2 penalty, with gradients by backpropagation
    through all time steps:

        sum_i w_i * mean_k (f_k(x_i) - y_ik)^2 / 2 / sum_i w_i  +  alpha / 2 * ||weights||^2 / sum_i w_i

    {parameters}

    {attributes}

    See Also
    --------
    LSTMRegressor : Long short-term memory, for long sequences.
    GRURegressor : Gated recurrent unit.
    RNNClassifier : The same network for classes.

    Notes
    -----
    The computation is in float32 if X is, which is two to four times as fast, else in float64.

    References
    ----------
    Elman, J. L. (1990). Finding structure in time. Cognitive Science 14, 179-211.

    Examples
    --------
    The mean of a sequence:

    >>> import numpy as np
    >>> from sklearn_recurrent import RNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(rng.normal(), 1, rng.integers(5, 15)) for _ in range(200)]
    >>> y = [x.mean() for x in X]
    >>> RNNRegressor(16, max_iter=50, random_state=0).fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.9
    True
    """

    cell: str = cell_parameter()


@estimator
class LSTMRegressor(BaseRegressor):
    """Regressor of sequences by a long short-term memory network.

    The cell state passes from step to step by a product with the forget gate and a sum, so that gradients survive
    hundreds of steps. What is minimized: see `RNNRegressor`.

    {parameters}

    {attributes}

    See Also
    --------
    GRURegressor : Three quarters of the weights, often as good.
    RNNRegressor : Any other cell.
    LSTMClassifier : The same network for classes.

    Notes
    -----
    i, f, o = σ(W x + U h + b), g = φ(W x + U h + b), c' = f ∘ c + i ∘ g, h' = o ∘ φ(c'); the forget gate's bias begins
    at 1. No peepholes. The computation is in float32 if X is, which is two to four times as fast, else in float64.

    References
    ----------
    Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9, 1735-1780.
    Gers, F. A., Schmidhuber, J. & Cummins, F. (2000). Learning to forget: continual prediction with LSTM. Neural
    Computation 12, 2451-2471.

    Examples
    --------
    The next value of a sine wave, from windows of it:

    >>> import numpy as np
    >>> from sklearn_recurrent import LSTMRegressor
    >>> wave = np.sin(0.3 * np.arange(300))
    >>> windows = np.lib.stride_tricks.sliding_window_view(wave, 21)
    >>> X, y = windows[:, :20], windows[:, 20]
    >>> LSTMRegressor(8, max_iter=30, random_state=0).fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.99
    True
    """

    cell = "lstm"  # no annotation: fixed, no parameter


@estimator
class GRURegressor(BaseRegressor):
    """Regressor of sequences by a network of gated recurrent units.

    The update gate mixes the old state with a new candidate; the reset gate acts after the product, as in cuDNN and
    PyTorch. What is minimized: see `RNNRegressor`.

    {parameters}

    {attributes}

    See Also
    --------
    LSTMRegressor : With a separate cell state.
    RNNRegressor : Any other cell, with it the other forms of the GRU.
    GRUClassifier : The same network for classes.

    Notes
    -----
    r, z = σ(W x + U h + b), n = φ(W x + b + r ∘ (U h + b)), h' = (1 - z) ∘ n + z ∘ h. The computation is in float32 if
    X is, which is two to four times as fast, else in float64.

    References
    ----------
    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical machine
    translation. EMNLP, 1724-1734.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GRURegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.random((rng.integers(5, 15), 2)) for _ in range(100)]
    >>> Y = [[x[:, 0].max(), x[:, 1].mean()] for x in X]
    >>> GRURegressor(8, max_iter=5, random_state=0).fit(X, Y).predict(X[:3]).shape
    (3, 2)
    """

    cell = "gru"  # no annotation: fixed, no parameter
