# Needs make and Python 3.11 or newer; uses uv when it is on PATH, venv and pip otherwise.
# Every target makes the virtual environment it needs. PYTHON=... chooses the interpreter.

VENV ?= .venv
PY := $(VENV)/bin/python
UV := $(shell command -v uv 2>/dev/null)
PYTEST_FLAGS ?= -n auto
FUZZ_SECONDS ?= 1800

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-crash test-faults test-cluster check bench bench-quick peers bench-sender bench-sender-quick bench-curves bench-cluster cov fuzz docs docs-serve lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.run.stamp ## start a demo SMS gateway, send 1,000 messages through it, check the report
	@$(VENV)/bin/akrun demo

test: $(VENV)/.test.stamp ## run the tests
	@$(PY) -m pytest $(PYTEST_FLAGS)

SHIPPED = examples src/akrun/channels src/akrun/scaffold

check: $(VENV)/.dev.stamp ## ruff, mypy, pyright; the shipped channels linted and tested
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pyright --pythonpath $(PY)
	$(VENV)/bin/akrun lint --strict $(SHIPPED)
	$(VENV)/bin/akrun test $(SHIPPED)

# The theme tells of its end of life on every call; DESIGN.md says what comes then.
docs docs-serve: export NO_MKDOCS_2_WARNING = 1
docs: $(VENV)/.test.stamp ## build the documentation as a site into site/, and fail on any warning
	@$(VENV)/bin/mkdocs build

docs-serve: $(VENV)/.test.stamp ## serve the site, built anew when a page changes
	@$(VENV)/bin/mkdocs serve --watch src

fuzz: $(VENV)/.test.stamp ## look for crashes of the language for FUZZ_SECONDS (1800)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(PY) -m pytest tests/fuzz --timeout 0 -s

test-crash: $(VENV)/.test.stamp ## kill the server 50 times under mixed work on either backend, and print the crash table
	@CRASH_ROUNDS=$${CRASH_ROUNDS:-50}; $(PY) -m tests.crash.crash_table $$CRASH_ROUNDS

test-faults: $(VENV)/.test.stamp ## end a process before and after each thing it does, and print the fault table
	@$(PY) -m tests.crash.fault_table

test-cluster: $(VENV)/.test.stamp ## break three servers and four workers under load in every way, and print the table
	@$(PY) -m tests.crash.cluster_table

# The peers have an environment of their own: what they need does not fit with what the tests need.
bench: ## measure the template language beside its peers (those on Node if npm is there)
	@$(MAKE) --no-print-directory VENV=.venv-bench peers

peers: $(VENV)/.bench.stamp
	@if command -v npm >/dev/null; then \
	  npm install --silent --no-fund --no-audit --prefix $(VENV)/node nunjucks@3 eta@4 jsonata@2; \
	fi
	@NODE_PEERS=$(abspath $(VENV)/node) $(PY) -m benchmarks.templates

bench-sender: $(VENV)/.dev.stamp ## measure sending beside a bare loop (NODE_RED=folder: beside Node-RED, too)
	@$(PY) -m benchmarks.sender $(if $(NODE_RED),--node-red $(NODE_RED))

bench-sender-quick: $(VENV)/.test.stamp ## the same in seconds
	@$(PY) -m benchmarks.sender --quick

bench-curves: $(VENV)/.dev.stamp ## measure how sending's cost grows, and write the curves to docs/
	@$(PY) -m benchmarks.sender --curves

bench-cluster: $(VENV)/.test.stamp ## measure 1, 2 and 4 workers of a cluster beside the embedded backend
	@$(PY) -m benchmarks.cluster

bench-quick: $(VENV)/.test.stamp ## measure it beside hand-written Python only, in seconds
	@$(PY) -m benchmarks.templates --quick

cov: $(VENV)/.test.stamp ## run the tests with coverage and print what no test reached
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest $(PYTEST_FLAGS)
	$(PY) -m coverage combine
	$(PY) -m coverage report

venv: $(VENV)/.dev.stamp ## make the virtual environment with everything a developer needs

LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
       pyproject.toml

lock: ## resolve pyproject.toml anew into requirements/*.txt (needs uv; UPGRADE=--upgrade for newer versions)
	$(LOCK) $(UPGRADE) --group dev -o requirements/dev.txt
	$(LOCK) $(UPGRADE) --group build --group bench -o requirements/bench.txt
	$(LOCK) $(UPGRADE) --group build --group test -c requirements/dev.txt -o requirements/test.txt
	$(LOCK) $(UPGRADE) --group build -c requirements/dev.txt -o requirements/run.txt

clean: ## remove the virtual environment and everything that tools left
	rm -rf $(VENV) .venv-bench dist build site htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

# Each set of requirements contains the one before it, so a larger installation also makes the smaller stamps.
$(VENV)/.run.stamp: requirements/run.txt pyproject.toml | $(PY)
	@$(call install,run)
	@touch $@

$(VENV)/.test.stamp: requirements/test.txt pyproject.toml | $(PY)
	@$(call install,test)
	@touch $(VENV)/.run.stamp $@

$(VENV)/.bench.stamp: requirements/bench.txt pyproject.toml | $(PY)
	@$(call install,bench)
	@touch $(VENV)/.run.stamp $@

$(VENV)/.dev.stamp: requirements/dev.txt pyproject.toml | $(PY)
	@$(call install,dev)
	@touch $(VENV)/.run.stamp $(VENV)/.test.stamp $@

# The build backend is among the pinned requirements: the project itself is built without fetching anything.
ifneq ($(UV),)
install = echo "installing requirements/$(1).txt into $(VENV) with uv" && \
  "$(UV)" pip install --quiet --python $(PY) --require-hashes -r requirements/$(1).txt && \
  "$(UV)" pip install --quiet --python $(PY) --no-build-isolation --no-deps -e .
else
PIP = $(PY) -m pip --disable-pip-version-check install --quiet
install = echo "installing requirements/$(1).txt into $(VENV) with pip" && \
  $(PIP) --require-hashes -r requirements/$(1).txt && \
  $(PIP) --no-build-isolation --no-deps -e .
endif

# A candidate counts when it runs and is new enough; a name on PATH alone says neither.
$(PY):
	@found=; \
	for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    found=$$candidate; break; \
	  fi; \
	done; \
	if [ -n "$(UV)" ]; then \
	  "$(UV)" venv --quiet --clear --python "$${found:->=3.11}" $(VENV); \
	elif [ -z "$$found" ]; then \
	  echo "No Python 3.11 or newer found: install one, or name one by 'make PYTHON=/path/to/python3'." >&2; exit 1; \
	elif ! "$$found" -c 'import ensurepip' 2>/dev/null; then \
	  echo "$$found cannot make a virtual environment: its ensurepip is missing" \
	    "(on Debian and Ubuntu: apt install python3-venv), or install uv." >&2; exit 1; \
	else \
	  "$$found" -m venv --clear $(VENV); \
	fi
