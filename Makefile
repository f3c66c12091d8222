# dex: `make help` lists the targets. Everything sets itself up on a fresh machine.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-tests run test check soak bench demo look messages lock collector-packages

ROOT := $(filter 0,$(shell id -u))
# Root's environment lies where the servers' account can execute it.
VENV ?= $(if $(ROOT),$(or $(DEX_HOME),/var/lib/dex)/venv,.venv)
PYTHON := $(VENV)/bin/python
INSTALL := python3 -m dex.operations.install $(VENV)
LANGUAGES := $(PYTHON) -m dex.operations.languages
PACKAGES := $(shell sed 's/\#.*//' tests/packages.txt)
TESTS := $(if $(ONLY),tests/$(ONLY),tests)
# Whole files, so that what a file shares is made once; as they are listed: the long ones in between.
SIDE_BY_SIDE := --numprocesses=$(or $(JOBS),0) --dist=loadfile --no-loadscope-reorder

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: ## virtual environment with the locked requirements
	@$(INSTALL) requirements.lock
	@$(LANGUAGES)

setup-tests: ## the same, with what tests need
	@$(INSTALL) requirements.lock tests/requirements.lock
	@$(LANGUAGES)
ifdef ROOT
	@dpkg --status $(PACKAGES) >/dev/null 2>&1 || { apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES); }
endif

run: setup ## start dex on this machine; Ctrl-C stops it, the data stay
	@exec $(PYTHON) manage.py up

test: check ## all checks, then all tests; ONLY=app runs one app's, JOBS=2 two files at a time
	$(PYTHON) -m pytest -ra $(SIDE_BY_SIDE) $(TESTS)

check: setup-tests ## style, types, layers, settings, migrations
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	PYTHONPATH=.:collector $(VENV)/bin/lint-imports
	set -a; . tests/production.env; set +a; $(PYTHON) manage.py check --deploy --fail-level WARNING
	set -a; . tests/production.env; set +a; $(PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

soak: setup-tests ## what is too long for each push; ONLY=collector runs one part
	$(PYTHON) -m pytest -ra tests/soak$(if $(ONLY),/test_$(ONLY).py)

bench: setup-tests ## benchmarks, one JSON line each; ONLY=ingest runs one part
	@$(PYTHON) -m benchmarks $(ONLY)

look: setup-tests ## screenshots of every page: light, dark, three widths
	$(PYTHON) -m tests.end_to_end.look screenshots

demo: ## a simulated fleet: comes in a later step
	@echo "The simulated fleet is not built yet."

collector-packages: setup ## dist/: Debian package and self-contained archive of the collector
	PYTHONPATH=collector $(PYTHON) -m dex_collector.packaging dist

messages: setup ## bring locale/ up to the texts of the code, and say how many lack a translation
	@$(LANGUAGES) --update

lock: setup-tests ## write the locks and THIRD_PARTY_NOTICES from the requirements
	$(PYTHON) -m dex.operations.lock $(VENV)
