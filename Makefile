# make demo    the main job on real input          make test    the suite, of every check one of each kind
# make lint    ruff, signatures, mypy, pyright     make coverage   the suite, and how much of the code it runs
# make bench   speed and memory against PyTorch    make accuracy   the defaults on public tasks
# make matrix  the full product of checks on every scikit-learn
# make examples   all of them, with their pictures
# make docs    the site, in .venv/site             make docs-check   the same, looked at in a browser
# make dist    sdist and wheel, built and tried    make findings   surprises of other libraries, run once more
# make reductions   forecasts and metrics beside sktime, skforecast and others, in an environment of their own
# make clients   bands calibrated by mapie and crepes, models stored by mlflow, in an environment of their own
# make exchange   exported models in onnxruntime and OpenVINO, in an environment of their own
# make containers  what reads which container, with every library, in an environment of its own
# make backtest   forecasts of nine sets of series, in an environment of their own
# make scale-out   searches on a Dask cluster of two processes, in an environment of its own
# Each sets up what it needs in .venv, in a fresh clone too.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export SCIPY_ARRAY_API = 1

.PHONY: demo examples test coverage lint matrix reductions clients exchange containers scale-out bench accuracy backtest docs docs-check findings dist clean

demo: .venv/demo
	$(BIN)/python examples/plot_digits.py

examples: .venv/demo
	for example in examples/*/plot_*.py examples/plot_*.py; do echo $$example; $(BIN)/python $$example || exit 1; done

test: .venv/test
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

# Tracing costs half the time again, so it is a run of its own; below `fail_under` of pyproject.toml it fails. Tests that
# are marked no_cover are not traced, so they need not run twice.
coverage: .venv/test
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not matrix and not no_cover" --cov --cov-report=term $(ARGS)

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/write_docstrings.py --check
	$(BIN)/python tools/check_types.py

# The revision that speed is compared with.
BEFORE ?= 3e52eb6

bench: .venv/bench
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/before.py $(BEFORE)
	$(BIN)/python benchmarks/one_record.py $(BEFORE)
	$(BIN)/python benchmarks/grid_search.py $(BEFORE)
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/toolbox.py
	$(BIN)/python benchmarks/seq2seq.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/precision.py

accuracy: .venv/bench
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/resplits.py

# The full product of checks, on every supported version: make matrix VERSIONS="1.6.1 1.9.1"
VERSIONS ?= 1.6.1 1.7.2 1.8.0 1.9.1
matrix: $(addprefix matrix-,$(VERSIONS))

matrix-%: .venv/bin/python
	$(PYTHON) -m venv .venv/matrix-$*
	.venv/matrix-$*/bin/pip install -q -e ".[test]" "scikit-learn==$*"
	.venv/matrix-$*/bin/python -m pytest -n 2 --dist worksteal -m "" $(ARGS)

# They bound pandas, NumPy and joblib from above, and would hold the other tests back.
reductions: .venv/bin/python
	$(PYTHON) -m venv .venv/forecast
	.venv/forecast/bin/pip install -q -e ".[test,forecast]"
	.venv/forecast/bin/python -m pytest tests/contract/test_reductions.py $(ARGS)

clients: .venv/bin/python
	$(PYTHON) -m venv .venv/clients
	.venv/clients/bin/pip install -q -e ".[test,clients]"
	.venv/clients/bin/python -m pytest tests/contract/test_clients.py tests/contract/test_mlflow.py $(ARGS)

exchange: .venv/bin/python
	$(PYTHON) -m venv .venv/exchange
	.venv/exchange/bin/pip install -q -e ".[test,onnx,exchange]"
	.venv/exchange/bin/python -m pytest -n 2 --dist worksteal -m "" tests/export $(ARGS)

# TensorFlow ends a process that PyTorch shares, so it has processes of its own.
containers: .venv/bin/python
	$(PYTHON) -m venv .venv/containers
	.venv/containers/bin/pip install -q -e ".[test,containers]"
	.venv/containers/bin/python -m pytest tests/contract/test_hints.py tests/contract/test_container_table.py $(ARGS)
	.venv/containers/bin/python -m pytest -p tensorflow tests/contract/test_hints.py \
		tests/contract/test_container_table.py $(ARGS)

backtest: .venv/bin/python
	$(PYTHON) -m venv .venv/backtest
	.venv/backtest/bin/pip install -q -e ".[backtest]"
	OPENBLAS_NUM_THREADS=1 .venv/backtest/bin/python benchmarks/backtest.py $(ARGS)

scale-out: .venv/bin/python
	$(PYTHON) -m venv .venv/dask
	.venv/dask/bin/pip install -q -e ".[test,dask]" "dask-ml>=2025.1"
	.venv/dask/bin/python -m pytest tests/contract/test_dask.py tests/contract/test_scale_out.py $(ARGS)

# Warnings are errors. Nothing is downloaded but the packages. The code of all pages runs, then that of the gallery.
docs: .venv/docs/ready
	rm -rf docs/generated docs/auto_examples .venv/site
	.venv/docs/bin/python -m pytest tests/contract/test_docs.py -k "runs_from_top" -q
	OPENBLAS_NUM_THREADS=1 .venv/docs/bin/python -m sphinx -W --keep-going -b html docs .venv/site $(ARGS)

docs-check: docs
	.venv/docs/bin/python tools/check_docs.py .venv/site .venv/site-pictures

# One after the other: each makes an environment of its own in a temporary folder and removes it.
findings:
	for finding in findings/*.sh; do echo "== $$finding"; bash $$finding || exit 1; done

# It builds the last commit, not the working tree, so what git does not track cannot slip into a release.
dist: .venv/bin/python
	rm -rf dist .venv/dist .venv/wheel
	mkdir -p dist .venv/dist/source
	git archive HEAD | tar -x -C .venv/dist/source
	$(PYTHON) -m venv .venv/dist/tools
	.venv/dist/tools/bin/pip install -q "build>=1.2" "twine>=6.1"
	.venv/dist/tools/bin/python -m build --outdir dist .venv/dist/source
	.venv/dist/tools/bin/twine check --strict dist/*
	$(PYTHON) -m venv .venv/wheel
	.venv/wheel/bin/pip install -q dist/*.whl
	.venv/wheel/bin/python -I .ci/check_dist.py dist $$(git ls-tree -r --name-only HEAD)

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo: pyproject.toml | .venv/bin/python
	$(BIN)/pip install -q -e ".[plot]"
	touch $@

.venv/test: pyproject.toml | .venv/bin/python
	$(BIN)/pip install -q -e ".[test]"
	touch $@

.venv/docs/ready: pyproject.toml | .venv/bin/python
	$(PYTHON) -m venv .venv/docs
	.venv/docs/bin/pip install -q -e ".[docs]"
	touch $@

.venv/bench: pyproject.toml | .venv/bin/python
	$(BIN)/pip install -q "torch==2.13.0"
	$(BIN)/pip install -q -e ".[bench]"
	touch $@

clean:
	rm -rf .venv build dist *.egg-info .coverage
