# evalkit: `make demo` shows a verdict, `make test` runs the tests. Nothing else is needed first.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OLDEST := $(VENV)-oldest
ROOMS := core files stats stages

# Compiled modules are kept, also where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check lint oldest coverage format bench calibration detectors servers examples clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(INSTALLED)  ## install into .venv and judge the shipped example
	@$(BIN)/evalkit gate envelopes/support.yaml

# The tests of the rooms whose branches are counted run under coverage; none of them runs twice.
# They start the command thousands of times: what has changed is compiled once, before the first.
test: $(INSTALLED)  ## install into .venv and run the tests
	$(BIN)/python -m compileall -q evalkit
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist worksteal $(ROOMS:%=tests/%)
	$(BIN)/python -m pytest -n auto --dist worksteal $(ROOMS:%=--ignore=tests/%)

check: lint test oldest coverage  ## everything CI runs: style, types, laws, tests, coverage

lint: $(INSTALLED)  ## style, types and laws
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

oldest: $(INSTALLED) $(OLDEST)/.installed  ## the same verdict with the oldest libraries
	EVALKIT_OLDEST="$(abspath $(OLDEST))/bin/evalkit" $(BIN)/python -m pytest tests/cli/test_same_bytes.py

# Each room is held to its own tests: a branch that only a whole gate comes through is not tested.
coverage: $(INSTALLED)  ## after `make test`: the branches its tests of core, files, stats and stages left out
	$(BIN)/coverage combine --quiet --keep
	$(BIN)/coverage report

format: $(INSTALLED)  ## write the code as the formatter does
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(INSTALLED)  ## measure start-up, gates, engines and detectors, as ratios within one run
	@$(BIN)/python -m compileall -q evalkit
	$(BIN)/python -m tests.bench

calibration: $(INSTALLED)  ## regenerate docs/calibration.md, docs/fewer-cases.md, docs/canary-calibration.md and the table of docs/drift.md (minutes)
	$(BIN)/python -m tests.calibration.published
	$(BIN)/python -m tests.calibration.drift
	$(BIN)/python -m tests.calibration.fewer_cases
	$(BIN)/python -m tests.calibration.canary

detectors: $(INSTALLED)  ## fit the shipped detectors anew and measure them: DATA=DIR holds the labelled texts (minutes)
	$(BIN)/python -m training.refusal --data "$(DATA)"
	$(BIN)/python -m training.toxicity --data "$(DATA)"
	$(BIN)/python -m training.confusion --data "$(DATA)"

servers: $(INSTALLED)  ## install real servers into .venv-servers (slow, once) and gate against them
	$(BIN)/python -m tests.servers.install
	$(BIN)/python -m pytest tests/servers --durations=5

examples: $(INSTALLED)  ## write the shipped example and its sample report anew
	$(BIN)/python golden_sets/generate.py
	$(BIN)/python traffic/generate.py
	$(BIN)/python traffic/rollout.py
	rm -rf reports/sample
	$(BIN)/evalkit gate envelopes/support-next.yaml -o reports/sample || test $$? -eq 1

clean:  ## remove what was installed and cached
	rm -rf $(VENV) $(OLDEST) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage*

$(INSTALLED): pyproject.toml
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh .ci/venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev --editable .
	@$(BIN)/python -m compileall -q evalkit
	@touch $@

# A second environment, with the oldest libraries that pyproject.toml allows.
$(OLDEST)/.installed: pyproject.toml .ci/oldest.txt
	@PYTHON="$(PYTHON)" VENV="$(OLDEST)" sh .ci/venv
	@$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check -c .ci/oldest.txt --editable .
	@touch $@
