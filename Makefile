# The whole developer interface. `make demo` and `make test` work on a fresh clone.
.DEFAULT_GOAL := help
# Your own choice with `make PYTHON=...`, else the first on the PATH that is new enough.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && exit; \
	done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 4
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
PIP := $(BIN)/python -m pip install --quiet --progress-bar off
# Writes .pyc files even where PYTHONDONTWRITEBYTECODE is set; does nothing when they are fresh.
COMPILE := $(BIN)/python -m compileall -q multibot

.PHONY: faults help demo test coverage lint bench lock clean

help: ## Say what there is
	@echo "make <target> [ARGS=...] [PYTHON=python3.x]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "%-11s %s\n", $$1, $$2}'

demo: $(VENV)/.runtime ## Start three bots and a Discord of their own; ARGS="--port 8080"
	@$(COMPILE)
	$(BIN)/multibot demo $(ARGS)

test: $(VENV)/.dev ## Run the tests; ARGS="tests/store -n 0", WORKERS=8
	@$(COMPILE)
	$(BIN)/python -m pytest -n $(WORKERS) --durations 5 --durations-min 2 $(ARGS)

coverage: $(VENV)/.dev ## Run the tests and say which lines and branches none of them takes
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(VENV)/.dev ## Check style, types and the rendered supervisord.conf
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/multibot render --check

faults: $(VENV)/.dev ## Try every fault with its full count and write docs/reliability.md (about an hour)
	MULTIBOT_TEST_FULL=1 $(BIN)/python -m tests.faults $(ARGS)

bench: $(VENV)/.dev ## Measure; prints a table
	@$(COMPILE)
	$(BIN)/python -m tests.benchmarks $(ARGS)

lock: ## Write the lock files anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/runtime.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev --extra openai -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/dev.txt requirements/build.in -o requirements/build.txt

clean: ## Remove what make has made
	rm -rf $(VENV) build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("multibot needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "Installing what multibot needs, from the lock"
	@$(PIP) --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing what its tests need, from the lock"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
