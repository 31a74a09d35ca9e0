# Set-up and checks.  Everything runs in a virtual environment of its own:
#   make quickstart               set up, then pre-train, evaluate, report
#   make test                     set up, then the fast tests
#   make VENV=/somewhere test     another place for the environment
#   make PYTHON=python3.12 ...    another interpreter (3.11 or newer)
#   make PIP_ARGS='...' ...       more flags for every pip install
#   make PYTEST_ARGS='...' test   more flags for pytest
VENV ?= .venv
PYTHON ?= python3
PIP_ARGS ?=
PYTEST_ARGS ?=

BIN := $(VENV)/bin
REQUIREMENTS := $(addprefix requirements/,build.txt runtime.txt optional.txt \
	tests.txt mminstall.txt constraints.txt)
# The stamp's name holds the requirement files' hash: same files, no work.
HASH := $(shell cat $(REQUIREMENTS) setup.py pyproject.toml | cksum | \
	tr -d ' ')
STAMP := $(VENV)/.mmssl-$(HASH)
# Wheels only: nothing is compiled, and a missing wheel is an error at once.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet \
	--only-binary :all: -c requirements/constraints.txt $(PIP_ARGS)
# One process a core, at most four: each holds about a gigabyte.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 $(PYTEST_ARGS)

.DEFAULT_GOAL := help
.PHONY: help env quickstart test test-all test-gpu lint docs clean

help:
	@sed -n '2,7p' Makefile

env: $(STAMP)

$(STAMP):
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and \
	'the pinned stack needs Python 3.11 or newer: make PYTHON=python3.11')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements/build.txt -r requirements/runtime.txt \
		-r requirements/optional.txt -r requirements/tests.txt
	$(INSTALL) --no-deps -r requirements/mminstall.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet \
		--no-deps --no-build-isolation $(PIP_ARGS) -e .
	rm -f $(VENV)/.mmssl-*
	touch $@

quickstart: $(STAMP)
	$(BIN)/python tools/quickstart.py

test: $(STAMP)
	$(PYTEST) -m 'not slow and not gpu'

test-all: docs
	$(PYTEST) -m 'not gpu'

test-gpu: $(STAMP)
	$(PYTEST) -m gpu

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

docs: $(STAMP)
	$(INSTALL) -r requirements/docs.txt
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf build dist *.egg-info docs/_build .pytest_cache .ruff_cache
