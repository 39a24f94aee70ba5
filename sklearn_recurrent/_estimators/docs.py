"""The fitted attributes of all estimators, for `tools/write_docstrings.py`; not imported at run time."""

from __future__ import annotations

from typing import NamedTuple


class Attribute(NamedTuple):
    """A fitted attribute.

    annotation : its type, for editors; None if the class has a property of that name
    kind : its type in words, for the docstring
    doc : what it is
    """

    annotation: str | None
    kind: str
    doc: str


def array(shape, doc):
    return Attribute("np.ndarray", f"ndarray of shape ({shape},)", doc)


def weights(doc):
    return Attribute(
        None,
        "dict of str to ndarray",
        f'Views of `theta_` by name. {doc} All others: "Weights and their layout" in the guide.',
    )


def losses(unit):
    """Those that are in the unit of the loss."""
    return {
        "loss_": Attribute("float", "float", f"Mean training loss of the last epoch, penalty included, in {unit}."),
        "loss_curve_": Attribute(
            "list[float]",
            "list of float",
            f"Mean training loss of each epoch (of each iteration for 'lbfgs'), penalty included, in {unit}.",
        ),
        "best_loss_": Attribute(
            "float | None",
            "float or None",
            f"Lowest training loss of an epoch, in {unit}. None if early_stopping chose the weights.",
        ),
        "validation_loss_curve_": Attribute(
            "list[float] | None",
            "list of float or None",
            f"Mean validation loss after each epoch, without penalty, in {unit}. None without a validation set.",
        ),
    }


NATS = "nats"
SCALED = "the unit of the loss of y scaled by `y_scale_`"

_LSTM_ROWS = (
    "'layer_0/forward/W' of shape (4 * n_units, n_inputs + 1 + n_units): rows of the gates g, f, i, o (candidate, "
    "forget, input, output), n_units each; columns of [x; 1; h] (input, bias, state)."
)
_GRU_ROWS = (
    "'layer_0/forward/W_rz': rows of the reset, then of the update gate, n_units each; columns of [x; 1; h] (input, "
    "bias, state). 'layer_0/forward/U_a': columns of [1; h]. 'layer_0/forward/W_n' (candidate): columns of [x; 1]."
)
_CELL_ROWS = (
    "'layer_0/forward/W': rows by gate, g, f, i, o for cell='lstm', n_units each; columns of [x; 1; h] (input, bias, "
    "state)."
)
_SEQ2SEQ_ROWS = (
    "'encoder/layer_0/forward/W' and 'decoder/layer_0/forward/W': rows by gate, g, f, i, o for cell='lstm', n_units "
    "each; columns of [x; 1; h] (input, bias, state)."
)

ATTRIBUTES = {
    "BaseNetwork": {
        **losses("the unit of the loss"),
        "theta_": array("n_weights", "All weights in one vector, float32 or float64 as the computation."),
        "n_features_in_": Attribute("int", "int", "Number of features per time step; of columns if X is 2-D."),
        "feature_names_in_": array(
            "n_features_in_",
            "Column names of X, or of the data frames in X. Defined only if all of them are strings.",
        ),
        "n_static_features_in_": Attribute("int", "int", "Number of static values of each sequence, 0 if X has none."),
        "static_feature_names_in_": array(
            "n_static_features_in_",
            "Column names of the static values. Defined only if X is a data frame that has some.",
        ),
        "static_mean_": array(
            "n_static_features_in_",
            "Training mean of each static value, in its unit; 0 if standardize=False. Only with static values.",
        ),
        "static_scale_": array(
            "n_static_features_in_", "Training standard deviation of each, in its unit; 1 if standardize=False."
        ),
        "x_mean_": array(
            "n_features",
            "Training mean of each feature, in its unit; 0 if standardize=False and for categories. Not with tokens.",
        ),
        "x_scale_": array(
            "n_features",
            "Training standard deviation of each, in its unit; 1 if standardize=False and for categories. Not with "
            "tokens.",
        ),
        "categories_": Attribute(
            "list[np.ndarray]",
            "list of ndarray",
            "Categories seen in `fit`, ascending, of each feature that holds some. Only with categorical_features.",
        ),
        "is_categorical_": array("n_features", "Which features hold categories. Only with categorical_features."),
        "vocabulary_": array("n_tokens", "Tokens seen in `fit`, ascending. Defined only with embedding_dim."),
        "n_outputs_": Attribute("int", "int", "Number of outputs of the network."),
        "n_layers_": Attribute("int", "int", "Number of recurrent layers, plus 1 for the output layer."),
        "bidirectional_": Attribute("bool", "bool", "Whether the network has two directions."),
        "out_activation_": Attribute("str", "str", "Activation function of the outputs."),
        "validation_scores_": Attribute(
            "list[float] | None",
            "list of float or None",
            "Validation score after each epoch, in the unit of scoring. None without a validation set.",
        ),
        "best_validation_score_": Attribute(
            "float | None",
            "float or None",
            "Validation score of the weights kept by early_stopping, else the highest one. None without a validation "
            "set.",
        ),
        "best_iter_": Attribute(
            "int",
            "int",
            "Number of the epoch whose weights are kept: the best one with early_stopping, else the last one.",
        ),
        "n_iter_": Attribute(
            "int", "int", "Number of epochs (iterations for 'lbfgs') of training, those before a warm start included."
        ),
        "t_": Attribute("int", "int", "Number of sequences seen by the solver in all epochs."),
    },
    "BaseClassifier": {
        **losses(NATS),
        "classes_": array("n_classes", "Class labels, ascending; for a multilabel indicator its column numbers."),
        "n_outputs_": Attribute(
            "int", "int", "Number of outputs: 1 for two classes, else one for each class or label."
        ),
        "out_activation_": Attribute(
            "str",
            "str",
            "Activation function of the outputs: 'softmax', or 'logistic' for two classes and for multilabel.",
        ),
    },
    "BaseRegressor": {
        **losses(SCALED),
        "y_mean_": array(
            "n_targets", "Mean of each target, subtracted from it, in the unit of y; 0 if loss='poisson'."
        ),
        "y_scale_": array(
            "n_targets",
            "Standard deviation of each target (its mean if loss='poisson'), which it is divided by, in the unit of y.",
        ),
        "n_outputs_": Attribute("int", "int", "Number of outputs: targets, times quantiles if loss='quantile'."),
        "out_activation_": Attribute(
            "str", "str", "Activation function of the outputs: 'identity', or 'exponential' if loss='poisson'."
        ),
    },
    "RNNClassifier": {"weights_": weights(_CELL_ROWS)},
    "LSTMClassifier": {"weights_": weights(_LSTM_ROWS)},
    "GRUClassifier": {"weights_": weights(_GRU_ROWS)},
    "RNNRegressor": {"weights_": weights(_CELL_ROWS)},
    "LSTMRegressor": {"weights_": weights(_LSTM_ROWS)},
    "GRURegressor": {"weights_": weights(_GRU_ROWS)},
    "BaseSeq2Seq": {"bidirectional_": Attribute("bool", "bool", "Whether the encoder has two directions.")},
    "Seq2SeqClassifier": {
        **losses(NATS),
        "weights_": weights(_SEQ2SEQ_ROWS),
        "classes_": array("n_classes", "Labels seen in `fit`, ascending."),
        "n_outputs_": Attribute("int", "int", "Number of outputs per step: one for each label, and one for the end."),
        "out_activation_": Attribute("str", "str", "Activation function of the outputs: 'softmax'."),
        "max_length_": Attribute("int", "int", "Number of labels of the longest target seen in training, at least 1."),
    },
    "Seq2SeqRegressor": {
        **losses(SCALED),
        "weights_": weights(_SEQ2SEQ_ROWS),
        "y_mean_": array("n_targets", "Mean of each output over all steps, subtracted from it, in the unit of y."),
        "y_scale_": array(
            "n_targets", "Standard deviation of each output over all steps, which it is divided by, in the unit of y."
        ),
        "n_outputs_": Attribute(
            "int", "int", "Number of outputs per step: values, times quantiles if loss='quantile'."
        ),
        "out_activation_": Attribute("str", "str", "Activation function of the outputs: 'identity'."),
        "horizon_": Attribute("int", "int", "Number of steps of the longest target seen in training."),
    },
}
"""Class → name → attribute; a class has those of its bases, too, and says better what it says itself."""
