"""What a notebook shows of an estimator."""

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

import sklearn_recurrent as sr
from sklearn_recurrent._sklearn import link_to_site

ESTIMATORS = [thing for name in sr.__all__ if hasattr(thing := getattr(sr, name), "get_params")]


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_the_diagram_shows_what_was_set_and_links_to_no_site_without_an_address(cls):
    estimator = cls(StandardScaler()) if cls.__name__.startswith("Per") else cls()
    html = estimator_html_repr(estimator)
    assert cls.__name__ in html
    assert "Documentation for " + cls.__name__ not in html


def test_a_pipeline_shows_the_parameter_that_was_set():
    html = estimator_html_repr(make_pipeline(sr.PerTimestep(StandardScaler()), sr.GRUClassifier(123)))
    assert "PerTimestep" in html
    assert "123" in html


def test_with_an_address_the_diagram_links_to_the_page_of_the_reference():
    cls = type("GRUClassifier", (sr.GRUClassifier,), {"__module__": "sklearn_recurrent"})
    link_to_site(cls, "https://example.org/stable")
    assert "https://example.org/stable/generated/sklearn_recurrent.GRUClassifier.html" in estimator_html_repr(cls())
    assert "example.org" not in estimator_html_repr(sr.GRUClassifier())
