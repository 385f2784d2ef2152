# `make` alone lists what there is. Nothing has to be installed first but Python 3.11 or newer, pip and make.
PYTHON ?= python3
JOBS ?= 2
FAULT_SECONDS ?= 15
# A PYTHON that somebody named is taken as it is; else the fastest build of its version.
NAMED := $(if $(filter file,$(origin PYTHON)),,--this-python)
VENV := .venv/bin
export FAULT_SECONDS
# Else each of the processes that are started here compiles all modules anew, a second of work.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test quick check fix bench screens demo reset lock runtime-environment development-environment

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: runtime-environment ## set up and start everything; DEMO=0 starts empty, PORT= and HOST= say where
	@exec $(VENV)/python -m soc.local run

test: development-environment ## every test: in parallel, then whole-system flows, then the fault test alone
	# In the order that pytest-django gives: a test that commits takes away what the migrations laid. One by one, or one
	# process is left with hundreds of slow tests when the other is done.
	@$(VENV)/pytest -n $(JOBS) --maxschedchunk 1 -m "not flow and not fault"
	# One more than in parallel: flows wait a lot.
	@$(VENV)/pytest -n $$(($(JOBS) + 1)) --dist loadfile --no-loadscope-reorder -m flow tests/flows tests/local
	@$(VENV)/pytest -m fault tests/fault

quick: development-environment ## the engine's tests only; no database, seconds
	@$(VENV)/pytest tests/engine -q

check: development-environment ## format, lint, types, directions of imports, templates, migrations, lock, image
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy .
	@$(VENV)/lint-imports
	@$(VENV)/djlint templates --lint --quiet
	@$(VENV)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(VENV)/python bootstrap/lock.py --check
	@$(VENV)/hadolint docker/Dockerfile
	@$(VENV)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker/compose.yaml

fix: development-environment ## format and mend what can be mended safely
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .

bench: development-environment ## measure; appends dated lines to bench/results/
	@$(VENV)/python -m bench

screens: development-environment ## pictures of every page, both widths and themes, into docs/screens/
	@$(VENV)/pytest tests/browser/screens.py -q

demo: runtime-environment ## lay sixteen days of demo telemetry into the data, beside what is there
	@$(VENV)/python -m soc.local with $(VENV)/python manage.py simulate --backfill

reset: runtime-environment ## start over: removes all data, after asking
	@$(VENV)/python -m soc.local reset

lock: development-environment # after a change in requirements/*.in; needs uv
	@$(VENV)/python bootstrap/lock.py

runtime-environment:
	@$(PYTHON) bootstrap/environment.py runtime $(NAMED)

development-environment:
	@$(PYTHON) bootstrap/environment.py dev $(NAMED)
