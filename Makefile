# Every target does its own set-up: Python 3.11 or newer, make and git are all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto
SECONDS ?= 60
# What an installed package has: a process that may write no bytecode would compile every module.
COMPILE := $(BIN)/python -m compileall -q sansio_auth adapters || true
SEED ?= 0
MEGABYTES ?= 1
YEARS ?= 20

.PHONY: help demo test interop check lint fmt types contracts fuzz year bounds cov own mutants bench bench-page docs clean
.DEFAULT_GOAL := help

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

$(BIN)/python:
	@$(PYTHON) scripts/make_venv.py $(VENV)

$(VENV)/.run: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --editable .
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@$(COMPILE)
	@touch $@ $(VENV)/.run

demo: $(VENV)/.run ## the main job, end to end, over HTTPS on loopback
	@$(BIN)/python examples/demo.py

test: $(VENV)/.dev ## the whole suite
	@$(BIN)/python -Im pytest -n $(WORKERS) -m 'not interop and not bounds'

interop: $(VENV)/.dev ## against oidc-provider, and in WebAssembly (node 20 or newer, or its PyPI wheel)
	@$(BIN)/python -Im pytest -m interop tests/interop

check: lint types contracts own test ## everything that must be green before a change lands

lint: $(VENV)/.dev ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

fmt: $(VENV)/.dev ## mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/.dev ## mypy and basedpyright, both strict
	@$(BIN)/mypy
	@$(BIN)/basedpyright

contracts: $(VENV)/.dev ## import layers
	@$(BIN)/lint-imports

fuzz: $(VENV)/.dev ## broken input for every parser, for SECONDS (60)
	@$(BIN)/python fuzz/run.py --seconds $(SECONDS) --seed $(SEED)

year: $(VENV)/.dev ## a simulated year of fifty callers, YEARS (20) of them from SEED (0) on
	@YEARS=$(YEARS) SEED=$(SEED) $(BIN)/python -m pytest -q -n $(WORKERS) tests/faults/test_j_year.py

bounds: $(VENV)/.dev ## large input for every parser, with its memory counted; MEGABYTES=10 for more of it
	@MEGABYTES=$(MEGABYTES) $(BIN)/python -m pytest -q -n $(WORKERS) -m bounds tests/properties/test_bounds.py

cov: own ## branch coverage: each core module by its own tests, then everything by all
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -q -m 'not interop and not bounds'
	@$(BIN)/python -m coverage report
	@$(BIN)/python -m coverage report --include='sansio_auth/*' --fail-under=100

own: $(VENV)/.dev ## each core module under its own tests alone: 100 % of lines and branches; MODULE=sansio_auth/_x.py
	@$(BIN)/python -m scripts.own_coverage $(MODULE)

mutants: $(VENV)/.dev ## small defects, planted one by one: who notices? MODULE=_claims.py for one module
	@$(BIN)/python -m scripts.mutants $(MODULE)

bench: $(VENV)/.dev ## ours beside msal and other libraries, in one run; ROWS="hits misses" for some
	@$(BIN)/python -m bench $(ROWS)

bench-page: $(VENV)/.dev ## the same with more rounds, into docs/explanation/performance.md
	@$(BIN)/python -m bench --full --write

docs: $(VENV)/.dev ## write the generated pages again
	@$(BIN)/python scripts/intended_differences.py
	@$(BIN)/python scripts/draw_flows.py
	@$(BIN)/python scripts/invariant_table.py
	@$(BIN)/python scripts/fault_table.py
	@$(BIN)/python scripts/key_table.py

clean: ## remove what the targets made
	@rm -rf $(VENV) .interop .mutants build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
