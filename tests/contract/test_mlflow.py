"""mlflow stores by skops, and takes the public classes of this package by name.

``make clients`` installs mlflow and runs this file; where it is missing, its tests are skipped.
"""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_recurrent import GRUClassifier, PerTimestep

mlflow = pytest.importorskip("mlflow")
of_scikit_learn = pytest.importorskip("mlflow.sklearn")
pytestmark = pytest.mark.filterwarnings("ignore")  # those of mlflow itself
TRUSTED = ["sklearn_recurrent.GRUClassifier", "sklearn_recurrent.PerTimestep"]


@pytest.fixture
def pipeline(ragged, labels):
    return make_pipeline(PerTimestep(StandardScaler()), GRUClassifier(3, max_iter=2)).fit(ragged, labels)


def test_a_pipeline_is_stored_and_loaded_with_one_argument(pipeline, ragged, tmp_path):
    path = str(tmp_path / "model")
    of_scikit_learn.save_model(pipeline, path, skops_trusted_types=TRUSTED)
    loaded = of_scikit_learn.load_model(path)
    assert np.array_equal(loaded.predict_proba(ragged), pipeline.predict_proba(ragged))


def test_without_it_mlflow_names_the_classes(pipeline, tmp_path):
    with pytest.raises(mlflow.MlflowException, match=r"sklearn_recurrent\.GRUClassifier"):
        of_scikit_learn.save_model(pipeline, str(tmp_path / "model"))
