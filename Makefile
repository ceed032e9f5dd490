# make demo   sets up everything, makes a market and ends with the dashboard open on it
# make test   sets up everything and runs every test
# Everything generated lies in ignored folders: .venv, demo, warehouse.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
DEMO := demo
PORT ?= 8501

.DEFAULT_GOAL := help
.PHONY: help setup demo run test lint format contracts mutate bench docs clean

help:
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The stamp holds what was installed: an interrupted or outdated installation is made again.
$(VENV)/.installed: requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name it with PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "Python cannot make virtual environments here: on Debian, apt-get install python3-venv."; exit 1; }
	@echo "Installing packages into $(VENV) ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.installed ## virtual environment with every package, in .venv

# Two as-of days, so that both sides of M14 (28 October 2026) can be chosen on the dashboard.
# Each stamp marks a step as whole: an interrupted demo takes up at the step that it had reached.
$(DEMO)/.landing: $(VENV)/.installed
	@$(RUN) -m pipeline simulate --points 100000 --seed 14 --from 2026-10-01 --to 2026-11-10 \
		--landing $(DEMO)/landing
	@touch $@

$(DEMO)/.before: $(DEMO)/.landing
	@$(RUN) -m pipeline run --landing $(DEMO)/landing --warehouse $(DEMO)/warehouse --as-of 2026-10-20
	@touch $@

$(DEMO)/.ready: $(DEMO)/.before
	@$(RUN) -m pipeline run --landing $(DEMO)/landing --warehouse $(DEMO)/warehouse
	@touch $@

demo: $(DEMO)/.ready ## a market of 100,000 Metering Points on both sides of M14, and the dashboard on it
	@$(RUN) -m pipeline dashboard --warehouse $(DEMO)/warehouse --port $(PORT)

run: setup ## your own files: make run LANDING=folder WAREHOUSE=folder
	@test -n "$(LANDING)" -a -n "$(WAREHOUSE)" \
		|| { echo "Name your folders: make run LANDING=... WAREHOUSE=..."; exit 2; }
	@$(RUN) -m pipeline run --landing "$(LANDING)" --warehouse "$(WAREHOUSE)"

test: setup ## every test: dbt, Python, golden cases, dashboards in Chromium
	@$(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

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

mutate: setup ## break the rules one thing at a time; some test must notice each
	@$(RUN) tests/mutation/mutate.py

# Millions of Metering Points, one size after the other; each million needs 1.2 GB of disk.
SIZES ?= 2
bench: setup ## measure the whole line on simulated markets: make bench SIZES="2 8"
	@$(RUN) -m tests.bench.bench --millions $(SIZES) --tight 3GB --peers

docs: $(DEMO)/.ready ## dbt's documentation of every model and column, in demo/docs/static_index.html
	@MHHS_BUILD_DATABASE=$(DEMO)/warehouse/build/mhhs.duckdb $(VENV)/bin/dbt --quiet \
		--log-path $(DEMO)/warehouse/logs docs generate --static --target-path $(DEMO)/docs \
		--vars '{as_of: 2026-11-10}'
	@echo "Open $(DEMO)/docs/static_index.html"

clean: ## remove what the demo made; .venv stays
	@rm -rf $(DEMO) target
