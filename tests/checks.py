"""Checks that several test files share: scikit-learn's own, and of errors."""

import inspect
import re
from collections import Counter

import joblib
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

# Checks that scikit-learn runs on its own estimators, but check_estimator does not.
MORE_CHECKS = [
    "check_dataframe_column_names_consistency",
    "check_inplace_ensure_writeable",
    "check_param_validation",
    "check_get_feature_names_out_error",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
]


PROCESSES = {"backend": "loky", "n_jobs": 2, "inner_max_num_threads": 2, "max_nbytes": 1}
"""For joblib: BLAS may take two threads; and sequences come to the workers as large ones do, as read-only memory maps.
With other settings, processes are started anew, which takes seconds."""

# The checks whose outcome depends on how a network computes and what it keeps. Of the others, the class decides.
NUMERIC = {
    "check_class_weight_classifiers",
    "check_classifiers_one_label",
    "check_classifiers_one_label_sample_weights",
    "check_classifiers_train",
    "check_decision_proba_consistency",
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_estimators_dtypes",
    "check_estimators_nan_inf",
    "check_estimators_overwrite_params",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_fit_idempotent",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_readonly_memmap_input",
    "check_regressor_multioutput",
    "check_regressors_train",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weights_not_overwritten",
}
TRAINING = {"check_class_weight_classifiers", "check_classifiers_train", "check_regressors_train"}  # they take longest
LEARNING = TRAINING | {"check_classifiers_classes"}  # what is learned counts


def name_of_check(check):
    return getattr(check, "func", check).__name__


def in_hardest_form(check):
    """Of the three forms in which training is checked, the hardest alone: float32 that cannot be written to."""
    return not name_of_check(check).endswith("s_train") or check.keywords.get("X_dtype") == "float32"


def is_numeric(check):
    return name_of_check(check) in NUMERIC and in_hardest_form(check)


def is_numeric_and_short(check):
    return is_numeric(check) and name_of_check(check) not in TRAINING


def is_of_the_class(check):
    return name_of_check(check) not in NUMERIC


def epochs_for(check):
    """Few are enough where nothing depends on what is learned; None if it does."""
    if name_of_check(check) in LEARNING:
        return None
    return 5 if is_of_the_class(check) else 10


def by_identity(function):
    """A cache, for what takes long of an estimator: thousands of checks share a few of them."""
    results = {}

    def cached(thing):
        if id(thing) not in results:
            results[id(thing)] = thing, function(thing)  # which keeps the thing, and so its id
        return results[id(thing)][1]

    return cached


def scikit_learns_checks(estimators, run=lambda check: True, one_in=1, *, as_they_are=False):
    """`parametrize_with_checks`; the checks that are not to `run` in `make test`, `make matrix` runs.

    one_in : estimators take the checks in turn, each one of so many
    as_they_are : with `max_iter` of the estimators, also where few epochs are enough
    """
    names, cases = (mark := parametrize_with_checks(estimators)).args
    with_few_epochs = {
        n_epochs: by_identity(lambda estimator, n=n_epochs: clone(estimator).set_params(max_iter=n))
        for n_epochs in (5, 10)
    }
    numbers = {}
    met = Counter()
    selected = []
    for estimator, check in cases:
        marks = pytest.mark.matrix
        if run(check):
            form = name_of_check(check), str(getattr(check, "keywords", {}))  # check itself holds the class
            number = numbers.setdefault(form, len(numbers))
            # Each estimator begins with another check, so all checks and all estimators are met.
            if (number + met[number]) % one_in == 0:
                marks = ()
            met[number] += 1
        n_epochs = epochs_for(check)
        if n_epochs and not as_they_are and hasattr(estimator, "max_iter"):
            estimator = with_few_epochs[n_epochs](estimator)
        selected.append(pytest.param(estimator, check, marks=marks))
    return pytest.mark.parametrize(names, selected, ids=by_identity(mark.kwargs["ids"]))


def every_pair(ours, theirs):
    """For parametrize: each with the first of the other side and with its own name; in `make matrix`, with all."""
    first = next(iter(ours)), next(iter(theirs))
    return [
        pytest.param(one, other, marks=() if one in (other, first[0]) or other == first[1] else pytest.mark.matrix)
        for one in ours
        for other in theirs
    ]


def attributes_documented(cls):
    """The fitted attributes in the docstring of an estimator."""
    section = re.search(r"Attributes\n *-+\n(.*?)\n *See Also", inspect.getdoc(cls), re.S)[1]
    return set(re.findall(r"^(\w+_) : ", section, re.M))


def assert_attributes_are_those_documented(model, X, y):
    """Before fit a model has none of them; X is a frame of numbers, without static values and categories."""
    documented = attributes_documented(type(model))
    assert not [name for name in documented if hasattr(model, name)]
    documented -= {"static_feature_names_in_", "static_mean_", "static_scale_"}  # see test_static
    documented -= {"categories_", "is_categorical_"}  # see test_categories
    model.fit(X, y)
    assert documented - {"vocabulary_"} == {name for name in dir(model) if re.fullmatch(r"[a-z]\w*_", name)}
    model.set_params(embedding_dim=2).fit(X.abs().round(), y)
    scaling = {"x_mean_", "x_scale_"}
    assert documented - scaling == {name for name in dir(model) if re.fullmatch(r"[a-z]\w*_", name)}


def assert_refused(model, X, y, match, error=ValueError, method="fit", **kwargs):
    """`method` raises; X, y and the estimator are as before."""
    before = joblib.hash([X, y, kwargs]), joblib.hash(vars(model))
    with pytest.raises(error, match=match):
        getattr(model, method)(X, y, **kwargs)
    assert joblib.hash([X, y, kwargs]) == before[0], "the data changed"
    assert joblib.hash(vars(model)) == before[1], "the estimator changed"


def same_bits(one, other):
    """Whether two models have the same weights, to the bit."""
    return one.theta_.tobytes() == other.theta_.tobytes()
