"""A warning names the line of the user's, also behind scikit-learn."""

import warnings

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_recurrent import SequenceDataWarning
from sklearn_recurrent._data.warnings import warn_of_data


def test_a_warning_of_data_says_how_to_silence_it():
    with pytest.warns(SequenceDataWarning, match="Odd.") as caught:
        warn_of_data("Odd.")
    line = str(caught[0].message).partition("warning: ")[2].rstrip(".")
    with warnings.catch_warnings(record=True) as silenced:
        warnings.simplefilter("always")
        exec(f"import sklearn_recurrent, warnings; {line}")
        warn_of_data("Odd.")
    assert not silenced


def test_a_warning_behind_a_pipeline_names_the_line_of_the_user():
    def warns(X):
        warn_of_data("Odd.")
        return X

    with pytest.warns(SequenceDataWarning) as caught:
        make_pipeline(FunctionTransformer(warns)).fit_transform([[1.0]])
    assert caught[0].filename == __file__
