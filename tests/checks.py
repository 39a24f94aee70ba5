"""Checks that several test files share: scikit-learn's own, and of errors."""

import joblib
import pytest
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


def scikit_learns_checks(estimators):
    """`parametrize_with_checks` with a list in place of its generator, which pytest 9 warns of."""
    mark = parametrize_with_checks(estimators)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


def assert_refused(model, X, y, match, error=ValueError, method="fit", **kwargs):
    """`method` raises; X, y and the estimator are as before."""
    before = joblib.hash([X, y, kwargs]), joblib.hash(vars(model))
    with pytest.raises(error, match=match):
        getattr(model, method)(X, y, **kwargs)
    assert joblib.hash([X, y, kwargs]) == before[0], "the data changed"
    assert joblib.hash(vars(model)) == before[1], "the estimator changed"
