# make demo   sets up what a user needs, makes a market and ends with the dashboard open on it
# make test   sets up what a developer needs and runs every test
# Everything generated is in ignored folders: .venv, demo, warehouse.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
DEMO := demo
PORT ?= 8501

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup system demo run test test-bare lint format contracts requirements mutate bench \
	docs clean

help:
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Wheels only, each with a known hash: an installation builds nothing and runs no code of a package.
define INSTALL
@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
	-r $(1) || { echo "The packages are not installed. If pip found no version above, it could not \
	reach the package index: check the network, or set PIP_INDEX_URL to your mirror and PIP_CERT to \
	its certificate, then run make again."; exit 1; }
@touch $@
endef

# A stamp is set after a whole installation: an interrupted or outdated one is made again.
$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name it with PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "Python cannot make virtual environments here: on Debian, apt-get install python3-venv."; exit 1; }
	@echo "Installing packages into $(VENV) ..."
	$(call INSTALL,requirements.txt)

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing packages for tests into $(VENV) ..."
	$(call INSTALL,requirements-dev.txt)

setup: $(VENV)/.installed-dev ## virtual environment with every package, in .venv

system: ## the Debian packages that tests need, where this user may install them
	@tests/install_debian_packages.sh

# Ctrl+C ends make as it ends the command, with 130 and without an error message of make. Without a
# trap the shell dies first, and the command goes on in the background.
INTERRUPTIBLE := trap : INT;
QUIETLY = || { code=$$?; [ $$code -ne 130 ] || { kill -INT $$PPID; exit 0; }; exit $$code; }

# Today, for the demo: the day after the last file, whatever the clock of this machine says.
$(DEMO)/.before $(DEMO)/.ready demo: export MHHS_TODAY = 2026-11-11

# Two as-of days, so that both sides of M14 (28 October 2026) can be chosen on the dashboard.
# A stamp is set after each whole step: an interrupted demo resumes at the step that it had reached.
$(DEMO)/.landing: $(VENV)/.installed
	@$(INTERRUPTIBLE) $(RUN) -m pipeline simulate --points 100000 --seed 14 \
		--from 2026-10-01 --to 2026-11-10 --landing $(DEMO)/landing && touch $@ $(QUIETLY)

$(DEMO)/.before: $(DEMO)/.landing
	@$(INTERRUPTIBLE) $(RUN) -m pipeline run --landing $(DEMO)/landing \
		--warehouse $(DEMO)/warehouse --as-of 2026-10-20 && touch $@ $(QUIETLY)

$(DEMO)/.ready: $(DEMO)/.before
	@$(INTERRUPTIBLE) $(RUN) -m pipeline run --landing $(DEMO)/landing \
		--warehouse $(DEMO)/warehouse && touch $@ $(QUIETLY)

demo: $(DEMO)/.ready ## a market of 100,000 Metering Points on both sides of M14, and the dashboard on it
	@$(INTERRUPTIBLE) $(RUN) -m pipeline dashboard --warehouse $(DEMO)/warehouse --port $(PORT) \
		$(QUIETLY)

run: $(VENV)/.installed ## your own files: make run LANDING=folder WAREHOUSE=folder
	@test -n "$(LANDING)" -a -n "$(WAREHOUSE)" \
		|| { echo "Name your folders: make run LANDING=... WAREHOUSE=..."; exit 2; }
	@$(INTERRUPTIBLE) $(RUN) -m pipeline run --landing "$(LANDING)" --warehouse "$(WAREHOUSE)" $(QUIETLY)

TESTS ?=
test: system setup ## every test, or some of them: make test TESTS="tests/golden"
	@$(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

test-bare: ## make demo and some tests on a bare Debian made for it; as root, needs 5 GB of disk
	@tests/bare/run.sh

# Linting compiles the models without a warehouse: an empty database in memory serves.
lint: export MHHS_BUILD_DATABASE = :memory:
lint: export DBT_LOG_PATH = target
lint: setup ## ruff, mypy, sqlfluff, dbt-bouncer
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/sqlfluff lint models tests/dbt --processes 2 --disable-progress-bar
	@$(VENV)/bin/dbt --quiet parse
	@$(VENV)/bin/dbt-bouncer --config-file dbt-bouncer.yml

format: export MHHS_BUILD_DATABASE = :memory:
format: setup ## put Python and SQL into the house form
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/sqlfluff fix models tests/dbt --disable-progress-bar

contracts: setup ## after a change of an extract or a mart: dbt sources, docs and the record of the marts
	@$(RUN) -m pipeline.contract_pages
	@$(RUN) -m tests.mart_contracts

# Versions that a requirements file has already stay; remove the file first to take the newest.
LOCK = $(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--only-binary :all: --no-config --quiet --annotation-style line --no-strip-extras \
	--custom-compile-command 'make requirements'
requirements: setup ## after a change of requirements*.in: every version and hash in requirements*.txt
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) requirements-dev.in -o requirements-dev.txt

mutate: setup ## break the rules one thing at a time; some test must notice each
	@$(RUN) tests/mutation/mutate.py

# Millions of Metering Points, one size after the other; each million needs 1.2 GB of disk.
SIZES ?= 2
AGAINST ?=
bench: setup ## measure the whole line on simulated markets: make bench SIZES="2 8" AGAINST=commit
	@$(RUN) -m tests.bench.bench --millions $(SIZES) --tight 2GB --peers $(if $(AGAINST),--against $(AGAINST))

docs: $(DEMO)/.ready ## dbt's documentation of every model and column, in demo/docs/static_index.html
	@MHHS_BUILD_DATABASE=$(DEMO)/warehouse/build/mhhs.duckdb $(VENV)/bin/dbt --quiet \
		--log-path $(DEMO)/warehouse/logs docs generate --static --target-path $(DEMO)/docs \
		--vars '{as_of: 2026-11-10}'
	@echo "Open $(DEMO)/docs/static_index.html"

clean: ## remove what the demo made; .venv stays
	@rm -rf $(DEMO) target
