"""The methods for inspection as functions, which also take a Pipeline: the steps before the network are applied."""

from __future__ import annotations

from inspect import signature
from typing import Any, Literal

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def steps_and_network(estimator):
    """The fitted transformers before a network, in their order, and the network; Pipelines may be nested.

    A search stands for its best estimator, and a classifier with a threshold for the one that it wraps.
    """
    check_is_fitted(estimator)
    before = []
    while True:
        if isinstance(estimator, Pipeline):
            transformers, estimator = steps_of(estimator)
            before += [step for _, step in transformers]
        elif hasattr(estimator, "cv_results_"):  # of every search; their base class is private
            if not hasattr(estimator, "best_estimator_"):
                raise ValueError(
                    f"Expected a {type(estimator).__name__} that has best_estimator_, got refit=False. "
                    "Set refit=True and fit again."
                )
            estimator = estimator.best_estimator_
        elif isinstance(estimator, FixedThresholdClassifier | TunedThresholdClassifierCV):
            estimator = estimator.estimator_
        else:
            return before, estimator


def steps_of(pipeline):
    """The names and steps of a Pipeline that change X, and its last step."""
    *before, (_, last) = pipeline.steps
    return [(name, step) for name, step in before if step is not None and step != "passthrough"], last


def has_method(network, name):
    """Raise a TypeError if a network has no method of that name."""
    if not hasattr(type(network), name):
        found = repr(network) if isinstance(network, str) else type(network).__name__
        raise TypeError(
            f"Expected a network that has {name}, alone or as the last step of a Pipeline, got {found}, which has none."
        )


def network_and_input(estimator, name, X):
    """The steps before a network, the network, which has a method `name`, and X as these steps hand it on."""
    before, network = steps_and_network(estimator)
    has_method(network, name)
    getattr(network, name)  # an AttributeError says why this network has none
    for step in before:
        X = step.transform(X)
    return before, network, X


def call(estimator, name, X, *arguments, **options):
    """Apply the steps before the network to `X`, and call the network's method; options that are None are left out."""
    _, network, X = network_and_input(estimator, name, X)
    method = getattr(network, name)
    options = {option: value for option, value in options.items() if value is not None}
    for option in options:
        if option not in signature(method).parameters:
            raise TypeError(f"Expected no {option} for {name} of {type(network).__name__}, which does not take it.")
    return method(X, *arguments, **options)


def attention_weights(estimator: Any, X, y=None, *, horizon=None) -> np.ndarray:
    """Return the weight of each time step in attention, of a network or a fitted Pipeline.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A fitted network that has attention; or a Pipeline whose last step is one, or a search over such.
    X : list of arrays, 3-D array, 2-D array or data frame
        Sequences, in any form that `predict` of the estimator takes.
    y : list of sequences of labels, or array of shape (n_samples, n_labels), default=None
        For `Seq2SeqClassifier`, the labels that are written. None means those that `predict` returns.
    horizon : int or array-like of shape (n_samples,), default=None
        For `Seq2SeqRegressor`, the number of steps that are written. None means `horizon_`.

    Returns
    -------
    weights : ndarray
        For each sequence (n_steps_i,) of attention pooling, or (n_outputs_i, n_steps_i) of an encoder-decoder network;
        see the methods of that name.

    Raises
    ------
    AttributeError
        If the network has no attention.
    NotFittedError, TypeError
        If the estimator is not fitted, is no network, or does not take `y` or `horizon`.

    See Also
    --------
    AttentionDisplay : Draw the weights.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_recurrent import LSTMClassifier, SequenceTokenizer, attention_weights
    >>> texts = ["good film", "a bad film", "very good", "bad"] * 5
    >>> network = LSTMClassifier(4, embedding_dim=4, pooling="attention", max_iter=2, random_state=0)
    >>> model = make_pipeline(SequenceTokenizer(), network).fit(texts, [1, 0, 1, 0] * 5)
    >>> [len(weights) for weights in attention_weights(model, texts[:3])]
    [2, 3, 2]
    """
    return call(estimator, "attention_weights", X, y=y, horizon=horizon)


def hidden_states(estimator: Any, X, layer: int = -1) -> np.ndarray:
    """Return the hidden states of a layer after each time step, of a network or a fitted Pipeline.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A fitted network; or a Pipeline whose last step is one, or a search over such.
    X : list of arrays, 3-D array, 2-D array or data frame
        Sequences, in any form that `predict` of the estimator takes.
    layer : int, default=-1
        Index of the layer: 0 reads the sequences, -1 is the top layer.

    Returns
    -------
    states : ndarray
        (n_steps_i, n_units) for each sequence; for two directions 2 * n_units, forward then backward.

    Raises
    ------
    NotFittedError, TypeError
        If the estimator is not fitted, or is no network that has this method.

    See Also
    --------
    gate_activations : The gates of the same layer.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_recurrent import GRUClassifier, PerTimestep, hidden_states
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> network = GRUClassifier(4, bidirectional=False, max_iter=2, random_state=0)
    >>> model = make_pipeline(PerTimestep(StandardScaler()), network).fit(X, [0, 1] * 10)
    >>> hidden_states(model, X).shape
    (20, 6, 4)
    """
    return call(estimator, "hidden_states", X, layer)


def gate_activations(estimator: Any, X, layer: int = -1) -> dict[str, np.ndarray]:
    """Return the gates of a layer at each time step, of a network or a fitted Pipeline.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A fitted network; or a Pipeline whose last step is one, or a search over such.
    X : list of arrays, 3-D array, 2-D array or data frame
        Sequences, in any form that `predict` of the estimator takes.
    layer : int, default=-1
        Index of the layer: 0 reads the sequences, -1 is the top layer.

    Returns
    -------
    gates : dict of str to ndarray
        In the form of `hidden_states`, by the letters that the method of that name documents.

    Raises
    ------
    NotFittedError, TypeError
        If the estimator is not fitted, or is no network that has this method.

    See Also
    --------
    GateDisplay : Draw the gates of one sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import LSTMClassifier, gate_activations
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> model = LSTMClassifier(4, bidirectional=False, max_iter=2, random_state=0).fit(X, [0, 1] * 10)
    >>> sorted(gate_activations(model, X))
    ['c', 'f', 'g', 'i', 'o']
    """
    return call(estimator, "gate_activations", X, layer)


def input_gradients(estimator: Any, X, output=None) -> np.ndarray:
    """Return the gradient of an output with respect to each input of the network (saliency), also of a Pipeline.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A fitted network; or a Pipeline whose last step is one, or a search over such.
    X : list of arrays, 3-D array, 2-D array or data frame
        Sequences, in any form that `predict` of the estimator takes.
    output : class label or int, default=None
        The output, as in the method of that name. None: the class of the highest score, or the only output.

    Returns
    -------
    gradients : ndarray
        (n_steps_i, n_features) for each sequence. The features are those that the steps before the network make of X,
        in their units.

    Raises
    ------
    NotFittedError, TypeError, ValueError
        If the estimator is not fitted, is no network that has this method, or there is no such output.

    See Also
    --------
    SaliencyDisplay : Draw the gradients along one sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import LSTMRegressor, input_gradients
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> model = LSTMRegressor(4, max_iter=2, random_state=0).fit(X, X[:, :, 0].mean(axis=1))
    >>> input_gradients(model, X).shape
    (20, 6, 2)
    """
    return call(estimator, "input_gradients", X, output)


def gradient_flow(estimator: Any, X, y) -> dict[str, np.ndarray]:
    """Return how far back in time the gradient of the loss reaches, of a network or a fitted Pipeline.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A fitted network; or a Pipeline whose last step is one, or a search over such.
    X : list of arrays, 3-D array, 2-D array or data frame
        Sequences, in any form that `predict` of the estimator takes.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as in `fit`.

    Returns
    -------
    flow : dict of str to ndarray of shape (n_steps,)
        By layer and direction, such as "layer_0/forward", the norm of the gradient by the distance in time steps.

    Raises
    ------
    NotFittedError, TypeError
        If the estimator is not fitted, or is no network that has this method.

    See Also
    --------
    GradientFlowDisplay : Draw the norms.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GRUClassifier, gradient_flow
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> y = [0, 1] * 10
    >>> model = GRUClassifier(4, bidirectional=False, max_iter=2, random_state=0).fit(X, y)
    >>> {key: norms.shape for key, norms in gradient_flow(model, X, y).items()}
    {'layer_0/forward': (6,)}
    """
    return call(estimator, "gradient_flow", X, y)


def feature_importance(
    estimator: Any, X, y, *, by: Literal["feature", "step"] | str = "feature", **settings: Any
) -> Any:
    """Return the decrease of the score when a feature, or a part of time, is permuted, also of a fitted Pipeline.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A fitted network; or a Pipeline whose last step is one, or a search over such.
    X : list of arrays, 3-D array, 2-D array or data frame
        Sequences, in any form that `predict` of the estimator takes.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as in `fit`.
    by : {"feature", "step"}, default="feature"
        What is permuted: a feature at all steps, of those that the steps before the network make; or all features in a
        window of time.
    **settings : Any
        Further arguments of the method of that name: n_repeats, scoring, windows, sample_weight, random_state, n_jobs.

    Returns
    -------
    result : `sklearn.utils.Bunch`
        ``importances``, ``importances_mean`` and ``importances_std``, as of the method.

    Raises
    ------
    NotFittedError, TypeError, ValueError
        If the estimator is not fitted, is no network that has this method, or an argument is invalid.

    See Also
    --------
    sklearn.inspection.permutation_importance : The same for any estimator, of the columns of a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GRURegressor, feature_importance
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> y = X[:, :, 0].mean(axis=1)
    >>> model = GRURegressor(4, max_iter=2, random_state=0).fit(X, y)
    >>> feature_importance(model, X, y, n_repeats=3, random_state=0).importances.shape
    (2, 3)
    """
    return call(estimator, "feature_importance", X, y, by=by, **settings)


def staged_predict(estimator: Any, X) -> np.ndarray:
    """Predict after each time step, as if the sequence ended there, with a network or a fitted Pipeline.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A fitted network of one direction without attention; or a Pipeline whose last step is one, or a search over
        such.
    X : list of arrays, 3-D array, 2-D array or data frame
        Sequences, in any form that `predict` of the estimator takes. The steps before the network see all of them: one
        that looks at whole sequences, such as `PerSequence`, looks ahead.

    Returns
    -------
    y : ndarray
        Predictions for each time step, (n_steps_i,) or (n_steps_i, n_outputs) for each sequence.

    Raises
    ------
    AttributeError
        If the network is bidirectional or pools by attention, and so depends on later steps.
    NotFittedError, TypeError
        If the estimator is not fitted, or is no network that has this method.

    See Also
    --------
    staged_predict_proba : Probabilities of classes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GRURegressor, staged_predict
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> model = GRURegressor(4, bidirectional=False, max_iter=2, random_state=0).fit(X, X[:, :, 0].mean(axis=1))
    >>> staged_predict(model, X).shape
    (20, 6)
    """
    return call(estimator, "staged_predict", X)


def staged_predict_proba(estimator: Any, X) -> np.ndarray:
    """Predict the probability of each class after each time step, with a network or a fitted Pipeline.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A fitted classifier of one direction without attention; or a Pipeline whose last step is one, or a search over
        such.
    X : list of arrays, 3-D array, 2-D array or data frame
        Sequences, in any form that `predict` of the estimator takes. The steps before the network see all of them: one
        that looks at whole sequences, such as `PerSequence`, looks ahead.

    Returns
    -------
    p : ndarray
        Probabilities for each time step, (n_steps_i, n_classes) for each sequence.

    Raises
    ------
    AttributeError
        If the network is bidirectional or pools by attention, and so depends on later steps.
    NotFittedError, TypeError
        If the estimator is not fitted, or is no network that has this method.

    See Also
    --------
    SequenceClassificationDisplay : Draw the probabilities along one sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_recurrent import GRUClassifier, staged_predict_proba
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 2))
    >>> model = GRUClassifier(4, bidirectional=False, max_iter=2, random_state=0).fit(X, [0, 1] * 10)
    >>> staged_predict_proba(model, X).shape
    (20, 6, 2)
    """
    return call(estimator, "staged_predict_proba", X)
