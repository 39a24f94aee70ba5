"""Sequences of labels from sequences."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.metaestimators import available_if

from .._core.dataset import Dataset
from .._core.decoding import beam_search
from .._core.losses import softmax
from .._core.ragged import offsets_of
from .._data.labels import classes_of, codes_of, flatten_labels
from .._data.sequences import object_array
from .._data.targets import flatten_steps
from .._sklearn import StrOptions, _fit_context
from .base import trains_by_mini_batches
from .parameters import at_least, check_at_least_one, estimator, label_smoothing_parameter, parameter
from .seq2seq import BaseSeq2Seq, aligns, sequence_weight
from .weights import balanced, class_codes, positive_weight, refuse_class_weights


@estimator
class Seq2SeqClassifier(BaseSeq2Seq):
    """Classifier that writes a sequence of labels for each sequence, of any length.

    An encoder reads the sequence; a decoder writes label after label, each chosen from the state of the decoder, which
    has read the label before, and from a mean of the encoder's states, whose weights the decoder's state chooses anew
    at each step (attention). After the last label it writes an end. Fitting minimizes the weighted mean of the log loss
    (nats per label, ends included) plus the L2 penalty; the decoder then reads the true labels (teacher forcing):

        sum_it w_it * (-log p(y_it | x_i, y_i1 ... y_i,t-1)) / sum_it w_it  +  alpha / 2 * ||weights||^2 / sum_it w_it

    Predicting searches for the sequence with the highest probability by keeping, at each step, the `beam_width`
    likeliest beginnings.

    {parameters}

    {attributes}

    See Also
    --------
    Seq2SeqRegressor : The same for numbers: forecasts of several steps.
    LSTMClassifier : One label for each sequence, or with return_sequences one for each of its steps.
    SequenceTokenizer : Integer tokens from texts.

    Notes
    -----
    To scikit-learn this is no classifier, whose y has one label for each sample: its metrics do not apply, `score`
    does, and folds are not stratified. ``scoring=lambda model, X, y: model.token_score(X, y)`` searches by labels.

    With attention the decoder's state h becomes h̃ = tanh(C [h; Σ a s; 1]), a the softmax over the states s of the
    encoder of v · tanh(Q [h; 1] + K s) (additive) or of (Q [h; 1]) · s (dot). As in Luong et al., attention looks from
    the new state of the decoder and not from the one before; unlike there, h̃ is not fed into the next step, so that in
    training all steps are computed together.

    `score` is the part of sequences that are right in every label, `token_score` that of labels. Early stopping watches
    the loss under teacher forcing, unless `scoring` says otherwise.

    The computation is in float32 if X is, or holds 32-bit tokens, which is two to four times as fast, else in float64.

    References
    ----------
    Sutskever, I., Vinyals, O. & Le, Q. V. (2014). Sequence to sequence learning with neural networks. NIPS.
    Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly learning to align and translate.
    ICLR.
    Luong, M.-T., Pham, H. & Manning, C. D. (2015). Effective approaches to attention-based neural machine translation.
    EMNLP.
    Bengio, S., Vinyals, O., Jaitly, N. & Shazeer, N. (2015). Scheduled sampling for sequence prediction with recurrent
    neural networks. NIPS.

    Examples
    --------
    Words, letter by letter from their end:

    >>> import numpy as np
    >>> from sklearn_recurrent import Seq2SeqClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.integers(0, 4, rng.integers(2, 5), dtype=np.int32) for _ in range(500)]
    >>> y = [np.array(list("abcd"))[x[::-1]] for x in X]
    >>> model = Seq2SeqClassifier(hidden_layer_sizes=16, embedding_dim=4, max_iter=20, learning_rate_init=0.02)
    >>> model = model.set_params(random_state=0).fit(X[:400], y[:400])
    >>> model.score(X[400:], y[400:]) > 0.9
    True
    >>> model.predict([np.array([0, 1, 2]), np.array([3, 3])]).tolist()
    [array(['c', 'b', 'a'], dtype='<U1'), array(['d', 'd'], dtype='<U1')]
    """

    class_weight: dict | str | None = parameter(
        None,
        [dict, StrOptions({"balanced"}), None],
        "dict, 'balanced' or None",
        "Weights of the labels, multiplied with the sample weights; the end of a sequence has 1 in a dict. 'balanced' "
        "gives all labels, and the end, the same total.",
    )
    label_smoothing: float = label_smoothing_parameter()
    max_length: int | None = parameter(
        None,
        [at_least(1, Integral), None],
        "int or None",
        "Labels that predict writes at most for a sequence; a change after fit counts. None: as many as the longest "
        "target in training had.",
    )
    beam_width: int = parameter(
        1,
        [at_least(1, Integral)],
        "int",
        "Beginnings of the output that predict keeps at each step; 1 takes the likeliest label each time (greedy). A "
        "change after fit counts.",
    )
    length_penalty: float = parameter(
        1.0,
        [at_least(0)],
        "float",
        "Of the complete outputs found, that with the highest log p / (labels + 1) ** length_penalty is chosen: 0 "
        "prefers short ones, 1 compares the mean per label. It has no effect with beam_width=1.",
    )

    _attributes = {
        "classes_": ("ndarray of shape (n_classes,)", "All labels, ascending."),
        "n_outputs_": ("int", "Outputs of the network for each step: a score for each class, and one for the end."),
        "max_length_": ("int", "Labels of the longest target in training, at least 1."),
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, groups=None, X_val=None, y_val=None):
        """Fit the network to sequences and the sequences of labels that belong to them.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Training sequences: a list, tuple, object array or Series of arrays of shape (n_steps_i, n_features) or
            (n_steps_i,); or an array (n_samples, n_steps, n_features), in which leading and trailing steps of NaN are
            padding; or (n_samples, n_steps), one value per step. With embedding_dim one whole number per step.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            For each sequence any number of labels, also none: strings, whole numbers, or anything hashable.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight 2 is the same as giving a sequence twice, weight 0 as leaving it out. Or one array per sequence, of
            its labels; the end of the sequence then weighs their mean.
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
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Go once through X and y, from the present weights on.

        Scaling of the features, or the vocabulary, is that of the first call; weights and the solver's moments go on;
        each call is an epoch at a constant learning rate, unless learning_rate says 'invscaling'. Nothing is set aside,
        and no callback is called.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            Labels, as in `fit`.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; required in the first call, unless `y` has them all or `fit` came before.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If y has labels that are not among the classes.
        """
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X):
        """Write the labels for each sequence.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,), dtype object
            An array of labels for each sequence, `max_length` of them at most; it may be empty.
        """
        return object_array([self.classes_[codes] for codes in self._write(self._read_fitted(X))])

    def score(self, X, y, sample_weight=None):
        """Return the part of sequences that are right: as many labels as in y, and the same.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences.

        Returns
        -------
        score : float
            From 0 to 1.
        """
        pairs, weight = self._written_and_true(X, y, sample_weight)
        return float(np.average([np.array_equal(*pair) for pair in pairs], weights=weight))

    def token_score(self, X, y, sample_weight=None):
        """Return the part of labels that are right and in their place.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences.

        Returns
        -------
        score : float
            From 0 to 1. A label too many, or one that is missing, counts as a wrong one.
        """
        return _token_score(*self._written_and_true(X, y, sample_weight))

    def teacher_forced_proba(self, X, y):
        """Return the probability of each label if those before it are given.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`.
        y : list of sequences of labels, or array of shape (n_samples, n_labels)
            The labels that the decoder reads: its own are not looked at. All must be among `classes_`.

        Returns
        -------
        p : ndarray of shape (n_samples,), dtype object
            For each sequence an array (n_labels_i + 1, n_classes + 1): in row t the probabilities after t labels of y,
            in the order of `classes_`, and in the last column that of the end.

        Raises
        ------
        ValueError
            If y has a label that is none of the classes.
        """
        sequences = self._read_fitted(X)
        Y, offsets = self._given(sequences, y)
        return object_array(np.split(softmax(self._raw(sequences, Y, offsets).T).T, offsets[1:-1]))

    @available_if(aligns)
    def attention_weights(self, X, y=None):
        """Return where the decoder looks as it writes each label.

        Parameters
        ----------
        X : list of arrays, 3-D array, 2-D array or data frame
            Sequences, as in `fit`. With missing="skip" a time step that is passed over has no entry.
        y : list of sequences of labels, or array of shape (n_samples, n_labels), default=None
            The labels that are written. None: those that `predict` gives.

        Returns
        -------
        weights : ndarray of shape (n_samples,), dtype object
            For each sequence an array (n_labels_i, n_steps_i): for each label the weights of the input steps, positive
            numbers that sum to 1.

        Raises
        ------
        AttributeError
            If the network has no attention.
        """
        sequences = self._read_fitted(X)
        if y is None:
            written = self._write(sequences)
            codes, lengths = np.concatenate(written), np.array([len(words) for words in written])
            Y, offsets = _with_ends(codes, lengths, len(self.classes_))
        else:
            Y, offsets = self._given(sequences, y)
        return object_array([weights[:-1] for weights in self._attention(sequences, Y, offsets)])

    # --- how it is done -----------------------------------------------------------------------------------------------

    def _samples(self, X, y, sample_weight, classes, resume):
        """Targets are codes; each sequence of them ends with the number of classes."""
        labels, lengths = flatten_labels(y)
        check_consistent_length(X, lengths)
        weight = _weights_with_ends(sample_weight, lengths)
        # a sequence of weight 0 is as if it were not there
        counts = np.add.reduceat(weight, offsets_of(lengths + 1)[:-1]) > 0
        present = classes_of(labels[np.repeat(counts, lengths)])
        expected = None if classes is None else classes_of(flatten_labels([classes])[0])
        if resume:
            if expected is not None and not np.array_equal(expected, self.classes_):
                raise ValueError(f"classes={classes!r} is not the same as in the last call: {self.classes_!r}.")
            expected = self.classes_
        classes = present if expected is None else expected
        if not len(classes):
            raise ValueError("y has no labels at all.")
        unknown = codes_of(present, classes) < 0
        if unknown.any():
            raise ValueError(f"y has labels {present[unknown].tolist()}, but the classes are {classes.tolist()}.")
        Y, offsets = _with_ends(codes_of(labels, classes), lengths, len(classes))
        longest = max(int(lengths[counts].max()), self.max_length_ if resume else 1)
        facts = {"classes_": classes, "n_outputs_": len(classes) + 1, "max_length_": longest}
        facts |= {"out_activation_": "softmax", "_loss": ("softmax", {"smoothing": self.label_smoothing})}
        return Dataset(X, Y, weight, offsets), facts

    def _encode(self, dataset, classes, resume):
        return dataset, {}

    def _weights_of_classes(self, dataset, facts):
        if self.class_weight is None:
            return None
        codes, labels = class_codes(dataset.y), facts["classes_"].tolist()
        if self.class_weight == "balanced":
            return balanced(codes, dataset.weight, len(labels) + 1)
        unknown = [label for label in self.class_weight if label not in set(labels)]
        if unknown and not set(labels) <= set(self.class_weight):  # else it is of a fold without that class
            raise ValueError(f"class_weight has labels {unknown}, but the classes are {labels}.")
        by_class = np.array([self.class_weight.get(label, 1.0) for label in labels] + [1.0])  # the last: the end
        is_label = codes < len(labels)
        refuse_class_weights(self.class_weight, dataset.weight[is_label], by_class[codes[is_label]])
        return by_class

    def _targets_as_given(self, dataset):
        return object_array([self.classes_[codes[:-1, 0]] for codes in np.split(dataset.y, dataset.offsets[1:-1])])

    def _write(self, sequences):
        """The codes for each sequence."""
        max_length = self.max_length_ if self.max_length is None else self.max_length
        check_at_least_one(beam_width=self.beam_width, max_length=max_length)
        if not isinstance(self.length_penalty, Real) or not self.length_penalty >= 0:
            raise ValueError(f"length_penalty must be a number of at least 0, got {self.length_penalty!r}.")
        return self._run(
            sequences, beam_search, width=self.beam_width, max_length=max_length, length_penalty=self.length_penalty
        )

    def _given(self, sequences, y):
        """Labels of the user's, as `_with_ends` has them."""
        labels, lengths = flatten_labels(y)
        check_consistent_length(sequences, lengths)
        codes = codes_of(labels, self.classes_)
        if (codes < 0).any():
            unknown = labels.tolist()[codes.argmin()]
            raise ValueError(f"y has the label {unknown!r}, but the classes are {self.classes_.tolist()}.")
        return _with_ends(codes, lengths, len(self.classes_))

    def _written_and_true(self, X, y, sample_weight):
        """For each sequence the codes that are written and the true ones; and the weights."""
        sequences, (labels, lengths) = self._read_fitted(X), flatten_labels(y)
        check_consistent_length(sequences, lengths)
        true = np.split(codes_of(labels, self.classes_), np.cumsum(lengths)[:-1])
        weight = None if sample_weight is None else sequence_weight(sample_weight, len(lengths))
        if weight is None and sample_weight is not None:
            raise ValueError("A score takes one weight for each sequence, but sample_weight has one for each label.")
        return list(zip(self._write(sequences), true, strict=True)), weight


def _with_ends(codes, lengths, end):
    """Codes of all sequences, each followed by `end`, (S + n, 1), and their offsets."""
    return np.insert(codes, np.cumsum(lengths), end)[:, None], offsets_of(lengths + 1)


def _weights_with_ends(sample_weight, lengths):
    """A weight for each label, and for the end of each sequence."""
    weight = sequence_weight(sample_weight, len(lengths))
    if weight is not None:
        return np.repeat(weight, lengths + 1)
    flat, _ = flatten_steps(sample_weight, lengths, "sample_weight", "y")
    weights = np.split(positive_weight(flat, len(flat), "label"), np.cumsum(lengths)[:-1])
    return np.concatenate([np.append(w, w.mean() if len(w) else 1.0) for w in weights])


def _token_score(pairs, weight):
    right = np.array([(a[: len(b)] == b[: len(a)]).sum() for a, b in pairs])
    longer = np.array([max(len(a), len(b)) for a, b in pairs])
    weight = np.ones(len(pairs)) if weight is None else weight
    return float(np.dot(weight, right) / total) if (total := np.dot(weight, longer)) else 1.0
