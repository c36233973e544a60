# `make run` starts a server with the example apps; `make test` runs what .ci/run runs.

# Any Python from 3.11 on; without a name the first that is found.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# What `make run` imports is compiled then, which is sooner than all now. Tests start thousands of
# processes, which must not each compile it where Python is told not to write what it has compiled.
INSTALL := install --quiet --no-compile
BYTECODE := $(BIN)/python -m compileall -q -j 0
RUNTIME := $(VENV)/.runtime
DOWNLOADS := $(VENV)/downloads
STAMP := $(VENV)/.installed
JOBS ?= 2

.PHONY: install run test lint types tests memory-tests timed-tests plain-user-tests system-tests coverage frameworks pythons axe sectest docs package budget bench clean lock

install: $(STAMP)

$(BIN)/python:
	@python=$$(PYTHON="$(PYTHON)" .ci/find-python) && echo "Making $(VENV) with $$($$python --version)" && \
	  $$python -m venv --clear $(VENV)

# The packages that Clace itself needs. Their files are kept: `package` installs them once more without the network.
$(RUNTIME): requirements-run.lock | $(BIN)/python
	@echo "Fetching $$(grep -c == $<) packages"
	@$(PIP) download --require-hashes --dest $(DOWNLOADS) -r $<
	@echo "Installing them"
	@$(PIP) $(INSTALL) --no-index --find-links $(DOWNLOADS) --require-hashes -r $<
	@touch $@

# Those that tests and documentation need besides.
$(STAMP): requirements.lock $(RUNTIME)
	$(PIP) $(INSTALL) --require-hashes -r $<
	@$(BYTECODE) $(VENV)/lib
	@touch $@

# The package itself is installed again whenever its files are newer than the last time. A regular install: an
# editable one hides the twistd plugin in this layout.
SOURCES := $(shell find clace twisted etc setup.py README.md -type f -not -name '*.pyc' -not -name dropin.cache)
$(VENV)/.package: $(RUNTIME) pyproject.toml $(SOURCES)
	@echo "Installing Clace"
	@rm -rf build clace.egg-info
	@$(PIP) $(INSTALL) --no-deps --no-build-isolation --force-reinstall .
	@$(BYTECODE) clace tests $(VENV)/lib/python*/site-packages/clace
	@touch $@

run: $(VENV)/.package
	@$(BIN)/python -m examples.run

# All that must hold before a change lands; .ci/run does the same in stages, counts, and sums up.
test: lint types docs package tests budget

lint: install
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

tests: memory-tests system-tests

TRIAL := $(BIN)/python -m twisted.trial --random=0 --jobs=$(JOBS)
# Rooms that run untrusted code measure its time, which a tracer would change.
TIMED := $(addprefix tests.,gotemplate starlark host runtime processes benchmarks)
IN_MEMORY := $(filter-out $(TIMED) tests.system tests.frameworks,$(subst /,.,$(patsubst %/__init__.py,%,$(wildcard tests/*/__init__.py)) \
  $(patsubst %.py,%,$(wildcard tests/test_*.py))))
memory-tests: $(STAMP) $(VENV)/.package
	$(TRIAL) $(IN_MEMORY) $(TIMED)

timed-tests: $(STAMP) $(VENV)/.package
	$(TRIAL) $(TIMED)

# The wall around programs carries every layer for a plain user too, who has no rights but namespaces.
plain-user-tests: $(STAMP) $(VENV)/.package
	.ci/as-plain-user $(addprefix tests.processes.test_,walled_starter walled_orphans process_kit) \
	  tests.environments.test_walled_builds \
	  $(addprefix tests.system.test_,process_kit program_network)

# Real servers, browsers and proxies.
system-tests: $(STAMP) $(VENV)/.package axe
	$(TRIAL) tests.system

# A tiny app of each framework, from PyPI, in a browser: FRAMEWORKS="flask streamlit" chooses some.
FRAMEWORKS ?= all
frameworks: $(STAMP) $(VENV)/.package
	FRAMEWORKS="$(FRAMEWORKS)" $(BIN)/python -m twisted.trial tests.frameworks

# The tests in memory with a tracer, which takes them twice the time; it follows no server that they start.
coverage: $(STAMP) $(VENV)/.package
	@rm -rf $(VENV)/coverage
	COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml $(TRIAL) $(IN_MEMORY)
	@$(BIN)/coverage combine --quiet $(VENV)/coverage && \
	  echo "Lines and branches run by tests in memory, but for rooms of untrusted code: $$($(BIN)/coverage report --format=total) %"

# The tests in memory on each other Python that is here: slow, so not a part of .ci/run.
OTHERS := $(foreach version,3.11 3.12 3.13 3.14,$(shell PYTHON=python$(version) .ci/find-python 2> /dev/null))
pythons:
	@test -n "$(OTHERS)" || { echo "no Python from 3.11 to 3.14 here"; exit 1; }
	@status=0; for python in $(OTHERS); do \
	  echo "== $$($$python --version)"; folder=$(VENV)/of-$$python; \
	  $$python -m venv --clear $$folder && $$folder/bin/pip $(INSTALL) --require-hashes -r requirements.lock && \
	  $$folder/bin/pip $(INSTALL) --no-deps --no-build-isolation . && \
	  $$folder/bin/python -m twisted.trial --random=0 --jobs=$(JOBS) $(IN_MEMORY) $(TIMED) || status=1; \
	done; exit $$status

# What looks for barriers in pages; tests of it skip themselves where there is no npm.
AXE := $(VENV)/axe
axe: $(STAMP)
	@test -e $(AXE)/node_modules/axe-core/axe.min.js || ! command -v npm > /dev/null || { \
	  mkdir -p $(AXE) && cp tests/support/axe/*.json $(AXE) && \
	  npm ci --prefix $(AXE) --ignore-scripts --no-audit --no-fund --silent; \
	} || echo "axe-core cannot be installed; tests that need it will skip themselves"

# The security promises, against a server that runs: make sectest ARGS="--server URL ..."; --help tells more.
sectest: install
	@$(BIN)/python -m tests.sectest $(ARGS)

docs: $(STAMP) $(VENV)/.package
	$(BIN)/sphinx-build -n -W --keep-going -q -b html docs docs/_build/html

# The package as a stranger gets it: in an environment of its own, `clace` and `twistd clace` are there.
package: $(RUNTIME)
	rm -rf build dist clace.egg-info $(VENV)/fresh
	$(PIP) wheel --quiet --no-deps --no-build-isolation -w dist .
	$(BIN)/python -m venv --without-pip $(VENV)/fresh
	$(PIP) --python $(VENV)/fresh $(INSTALL) --no-index --find-links $(DOWNLOADS) --require-hashes -r requirements-run.lock
	$(PIP) --python $(VENV)/fresh $(INSTALL) --no-deps --no-index dist/clace-*.whl
	cd $(VENV)/fresh && bin/clace --version && bin/twistd clace --help > /dev/null && bin/clace password --random > /dev/null

# Calls of functions and system calls for each request against benchmarks/budget.toml; the latter where there is strace.
budget: install
	@$(BIN)/python -m benchmarks.budget

bench: $(VENV)/.package
	$(PIP) $(INSTALL) -r requirements-benchmarks.txt
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.hosts

# Both hold for every Python from 3.11 on; the second is a part of the first.
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11
lock:
	$(PIP) $(INSTALL) uv
	$(COMPILE) --extra dev --extra docs --output-file requirements.lock setup.py requirements-build.txt
	$(COMPILE) --constraints requirements.lock --output-file requirements-run.lock setup.py requirements-build.txt

clean:
	rm -rf $(VENV) build clace.egg-info .clace _trial_temp* docs/_build
