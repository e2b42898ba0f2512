# Two commands on a fresh machine: 'make run' opens the program, 'make test' passes every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEER := .venv-bench/.installed

.PHONY: help run setup test check fmt bench soak coverage wheel clean

help:            ## this list
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' $(MAKEFILE_LIST)

run: setup       ## open the program
	@$(BIN)/qbank

setup: $(STAMP)  ## the environment alone (.venv)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: PYTHON must be 3.11 or newer; got $$($(PYTHON) --version)"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "error: python3 must have the venv module (Debian: apt-get install python3-venv)"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[lab,fit,dev]'
	@touch $@

test: setup      ## every test but the long ones
	$(BIN)/python -m pytest -n 2 -m 'not soak'

check: setup     ## lint, format, types, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

fmt: setup       ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup $(PEER)  ## ratios against peers, one table
	$(BIN)/python -m benchmarks --cards 100000 --reviews 1000000 --most 1000000

$(PEER):
	@$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check 'anki>=25.9'
	@touch $@

soak: setup      ## the long tests
	$(BIN)/python -m pytest -n 2 -m soak

coverage: setup  ## write data/coverage from the questions
	$(BIN)/python tools/coverage.py

wheel: setup     ## build the wheel and try it in an empty environment
	$(BIN)/python tools/check_wheel.py

clean:           ## remove the environment and caches
	rm -rf $(VENV) .venv-bench dist .mypy_cache .ruff_cache
