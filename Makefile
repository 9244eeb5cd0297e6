# Headgate's one door. Every target but `help` and `clean` does its own set-up first: `run` what the
# portal needs, the others all of it.

PYTHON ?= python3
BIN := .venv/bin
export PYTHON
# Compiled once and kept: the tests start hundreds of processes, which would each compile it all.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types contracts tests lab format bench check nightly clean

help: ## Print every target with one line of help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv with headgate and its tools in it (does nothing when nothing changed)
	@sh scripts/setup.sh

run: ## One whole term of a real policy: report in build/demo/report.html, then the portal
	@sh scripts/setup.sh run
	$(BIN)/headgate demo --out build/demo --portal
	@if [ -t 0 ]; then $(BIN)/headgate serve --demo; \
	else echo "portal   $(BIN)/headgate serve --demo  (nobody is at the keyboard to stop it)"; fi

# Types take minutes of one processor, and the tests wait for servers: they go side by side.
test: lint contracts ## Everything a change must pass: lint, types, contracts, tests
	@$(MAKE) --no-print-directory --jobs=2 types tests

lint: setup ## Check style and format (ruff)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: setup ## Check types (mypy, strict)
	$(BIN)/python -m mypy

contracts: setup ## Check that imports run one way (import-linter)
	PYTHONPATH=src $(BIN)/lint-imports --no-cache --no-logo

tests: setup ## Run the test suite (pytest, four workers: two often wait for a server)
	MAKEFLAGS= $(BIN)/python -m pytest -n 4 --dist worksteal

lab: setup ## Start a real Slurm with made-up GPUs to play with; Ctrl-C ends it (as root)
	$(BIN)/python -m tests.servers.lab $(LAB)

format: setup ## Put the code into the house format and mend what ruff can mend
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

bench: setup ## Measure the speed scenarios; one JSON line each, fails outside the accepted ranges
	$(BIN)/python -m bench

check: ## What CI runs: `make test` with no keyboard and a time limit
	.ci/run

nightly: test ## The longer look: more random examples, real evaluation tools, coverage, benches
	$(BIN)/python -m pytest -n 3 --dist worksteal --hypothesis-profile=nightly
	HEADGATE_PROOF_TIMES=100 HEADGATE_PROOF_FILE=docs/operating/proof.md \
		$(BIN)/python -m pytest -n 2 tests/site
	HEADGATE_FIDELITY_FILE=docs/operating/fidelity.md \
		$(BIN)/python -m pytest tests/engines/fidelity
	$(PYTHON) -m venv build/tools
	build/tools/bin/python -m pip install -q 'lm_eval[api]==0.4.13' 'inspect_ai==0.3.285' openai
	HEADGATE_EVALUATION_TOOLS=$(CURDIR)/build/tools/bin $(BIN)/python -m pytest tests/running
	HEADGATE_COVERAGE_TIMES=10 $(BIN)/python -m pytest -n 2 tests/core/evaluation/test_coverage.py
	$(BIN)/python -m coverage run -m pytest -q
	$(BIN)/python -m coverage report
	$(BIN)/python -m bench

clean: ## Remove everything these targets made, .venv included
	rm -rf .venv build dist .coverage .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
