# `make demo` and `make test` do all their own set-up: a .venv with the exact versions of
# constraints.txt. They need make and Python 3.11 to 3.13, nothing else.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
CONSTRAINTS := $(CURDIR)/constraints.txt
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -c $(CONSTRAINTS)

# Another Python: make PYTHON=/path/to/python3.12
PYTHON ?= python3.13 python3.12 python3.11 python3 python
# More for pytest: make test PYTEST="-k report"
PYTEST ?=

export KERAS_BACKEND := tensorflow
export TF_CPP_MIN_LOG_LEVEL := 3
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
# Whatever the shell has set, the demo's warehouse is the file in this folder.
demo: export FORECAST_WAREHOUSE := $(CURDIR)/warehouse.duckdb

.DEFAULT_GOAL := help
.PHONY: help demo install test lint types check constraints clean
.SILENT:

help: ## what this file can do
	grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1|\2/' \
	  | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

demo: $(INSTALLED) ## simulate the demo shop, build, backtest, train, publish, report
	$(BIN)/forecast demo
	$(BIN)/forecast run
	echo "The command is $(BIN)/forecast: . $(BIN)/activate puts it on your PATH."

install: $(INSTALLED) ## only the set-up

# Two at a time; the tests of one file share what its fixtures build, so they stay together.
test: $(INSTALLED) ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST)

lint: $(INSTALLED) ## ruff and sqlfluff
	$(BIN)/ruff check .
	$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt_project examples

types: $(INSTALLED) ## mypy
	$(BIN)/mypy

check: lint types test ## lint, types, test

constraints: $(INSTALLED) ## resolve the newest versions into constraints.txt (then try 3.11, 3.12 and 3.13)
	$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --report $(VENV)/report.json ".[dev]"
	$(BIN)/python -c 'import json; \
	  print("# Exact versions of everything `make` installs, valid on Python 3.11, 3.12 and 3.13."); \
	  print("# Renewed by `make constraints`; names no index and no host."); \
	  found = [item["metadata"] for item in json.load(open("$(VENV)/report.json"))["install"]]; \
	  pins = {item["name"].lower().replace("_", "-").replace(".", "-"): item["version"] for item in found}; \
	  pins.pop("warehouse-forecaster"); \
	  [print(f"{name}=={pins[name]}") for name in sorted(pins)]' > $(VENV)/constraints.txt
	mv $(VENV)/constraints.txt constraints.txt

clean: ## remove what was built here; the warehouse, its models and what was published stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf dbt_project/target dbt_project/logs dbt_project/dbt_packages logs
	find forecaster tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The build tools come first and the build is not isolated, so that they too are the pinned ones.
$(INSTALLED): pyproject.toml constraints.txt
	for python in $(PYTHON); do \
	  if $$python -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	    >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "No Python 3.11, 3.12 or 3.13 with its venv module among: $(PYTHON)" >&2; \
	  for python in $(PYTHON); do \
	    version=$$($$python --version 2>/dev/null) && echo "  $$python is $$version" >&2; \
	  done; \
	  echo "Install one (on Debian and Ubuntu: apt install python3-venv), or name it: make PYTHON=/path/to/python3.12" >&2; \
	  exit 2; \
	fi; \
	echo "Set-up, once: $$($$found --version) into $(VENV), about 2.5 GB"; \
	$$found -m venv --clear $(VENV)
	echo "  1/3 build tools"
	$(PIP) hatchling editables
	echo "  2/3 TensorFlow (the largest: some minutes on a slow line)"
	$(PIP) tensorflow
	echo "  3/3 dbt, DuckDB and the rest"
	$(PIP) --no-build-isolation -e ".[dev]"
	touch $@
	echo "Set-up done."
