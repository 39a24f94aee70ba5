"""Check the sdist and the wheel of one directory: ``python -I check_dist.py DIST FILE...``.

Run it with the Python of an environment in which the wheel is installed and the repository is not. The files are those
that git tracks. The sdist must hold all of them, the wheel all of the package, and the installed package must work.
"""

import importlib
import pickle
import pkgutil
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

import sklearn_recurrent
from sklearn_recurrent import LSTMClassifier, LSTMRegressor


def one(directory, pattern):
    """The one file of a pattern: two of them would be two versions."""
    paths = list(directory.glob(pattern))
    if len(paths) != 1:
        sys.exit(f"expected one {pattern} in {directory}, got {[path.name for path in paths]}")
    return paths[0]


def require_equal(name, expected, found):
    """Exit with the difference of two sets of files."""
    if expected != found:
        sys.exit(f"{name}: missing {sorted(expected - found)}, unexpected {sorted(found - expected)}")


def check_contents(dist, tracked):
    """The archives hold what git tracks, and nothing beside it but what the build makes."""
    with tarfile.open(one(dist, "*.tar.gz")) as archive:
        files = {member.name.split("/", 1)[1] for member in archive.getmembers() if member.isfile()}
    made = {name for name in files if name == "PKG-INFO" or ".egg-info/" in name}
    require_equal("sdist", tracked | {"setup.cfg"}, files - made)  # the build writes setup.cfg if there is none

    with zipfile.ZipFile(one(dist, "*.whl")) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    require_equal("wheel", {name for name in tracked if name.startswith("sklearn_recurrent/")}, files)


def check_installed(dist):
    """The package comes from the wheel, has its version, and fits, predicts and pickles."""
    package = Path(sklearn_recurrent.__file__).parent
    if not package.is_relative_to(sys.prefix):
        sys.exit(f"expected the package of the wheel, got {package}")
    of_wheel = one(dist, "*.whl").name.split("-")[1]
    versions = {of_wheel, version("sklearn-recurrent"), sklearn_recurrent.__version__}
    if len(versions) != 1:
        sys.exit(f"expected one version, got {sorted(versions)}")

    for module in pkgutil.walk_packages([str(package)], "sklearn_recurrent."):
        importlib.import_module(module.name)

    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in rng.integers(3, 10, 40)]
    sums = np.array([x.sum() for x in X])
    for model, y in (LSTMClassifier(4, max_iter=5), sums > 0), (LSTMRegressor(4, max_iter=5), sums):
        predictions = model.fit(X, y).predict(X)
        if not np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), predictions):
            sys.exit(f"{model} predicts otherwise after pickling")


if __name__ == "__main__":
    check_contents(Path(sys.argv[1]), set(sys.argv[2:]))
    check_installed(Path(sys.argv[1]))
