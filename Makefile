# Set-up and the day's work. Needs GNU make and Python 3.11 or newer; everything else comes from the package index.
#
#   make demo         the whole portal on this machine: database, broker, telephones, logins; Ctrl-C stops it
#   make demo-reset   forget the demo's data
#   make test         every test that takes seconds (ARGS="-k name" to choose)
#   make test-long    the tests that take minutes, and whether tests notice what is taken out of the code (mutations)
#   make chaos        pages while processes are killed: make chaos PAGES=3000, or ARGS="--pages 3000 --minutes 10 --seed 7"
#   make check        lint, types, the import contract, migrations, production settings
#   make lock         resolve requirements.lock anew from pyproject.toml
#   make bench        the benchmark
#
# A port that is taken: PORT=8010 make demo. Another Python: make demo PYTHON=/path/to/python3.12

SHELL := /bin/sh
.DEFAULT_GOAL := demo
.PHONY: demo demo-reset test test-long chaos check lint contract types migrations production lock bench bootstrap

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# The first Python that is new enough and can make a virtual environment.
FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c "$(FITS)" >/dev/null 2>&1 && { echo "$$p"; break; }; done)
endif

# What .venv was made from. It is made anew when the lock changes, when Python does, or when the clone has moved.
WANTED = $$(cksum < requirements.lock) $$("$(PYTHON)" -V) $(CURDIR)

bootstrap:
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python 3.11 or newer with the venv module was found. On Debian or Ubuntu: apt install python3 python3-venv." >&2; \
		echo "If one is installed elsewhere: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 2; \
	fi
	@if ! "$(PYTHON)" -c "$(FITS)" 2>/dev/null; then \
		echo "$(PYTHON) is not Python 3.11 or newer with venv and ensurepip (Debian and Ubuntu: apt install python3-venv)." >&2; \
		exit 2; \
	fi
	@if [ "$$(cat $(VENV)/made-from 2>/dev/null)" != "$(WANTED)" ]; then \
		echo "Installing what requirements.lock names into $(VENV) (a minute, the first time)." && \
		rm -rf $(VENV) && "$(PYTHON)" -m venv $(VENV) && \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes --only-binary :all: --no-binary http-ece \
			-r requirements.lock && \
		echo "$(WANTED)" > $(VENV)/made-from; \
	fi

demo: bootstrap
	@exec $(BIN)/python -m deploy.demo

demo-reset: bootstrap
	@exec $(BIN)/python -m deploy.demo reset

PYTEST = ONCALL_ENV=test exec $(BIN)/python -m pytest

test: bootstrap
	@$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder -m "not long" $(ARGS)

test-long: bootstrap
	@ONCALL_ENV=test $(BIN)/python -m pytest -m long $(ARGS)
	@ONCALL_ENV=test exec $(BIN)/python -m tests.faults.mutations

chaos: bootstrap
	@ONCALL_ENV=test exec $(BIN)/python -m tests.faults.chaos $(if $(PAGES),--pages $(PAGES)) $(ARGS)

check: lint contract types migrations production

lint: bootstrap
	$(BIN)/ruff check
	$(BIN)/ruff format --check

contract: bootstrap
	$(BIN)/lint-imports --no-logo

types: bootstrap
	ONCALL_ENV=test $(BIN)/mypy

# No database is asked; the silenced warning says that it is away.
migrations: bootstrap
	ONCALL_ENV=test $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

production: bootstrap
	ONCALL_ENV=production PUBLIC_BASE_URL=https://oncall.example.org ALLOWED_HOSTS=oncall.example.org \
		SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(50))") \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

# uv resolves for all platforms and Pythons at once, which pip cannot; the index is the one that pip is set up with.
lock: bootstrap
	@$(BIN)/python -m pip install -qq --disable-pip-version-check uv
	@index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null); \
	export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$index}}"; \
	[ -n "$$UV_DEFAULT_INDEX" ] || unset UV_DEFAULT_INDEX; \
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock

bench: bootstrap
	@exec $(BIN)/python -m bench $(ARGS)
