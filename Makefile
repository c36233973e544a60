# `make run` starts a server with the example apps; `make test` runs what .ci/run runs.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2

.PHONY: install run test lint types tests sectest docs package bench clean lock

install: $(STAMP)

# A regular install: an editable one hides the twistd plugin in this layout.
$(STAMP): requirements.lock setup.py pyproject.toml
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

# The package itself is installed again whenever its files are newer than the last time.
SOURCES := $(shell find clace twisted etc setup.py README.md -type f -not -name '*.pyc' -not -name dropin.cache)
$(VENV)/.package: $(STAMP) $(SOURCES)
	rm -rf build clace.egg-info
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall .
	touch $@

run: $(VENV)/.package
	$(BIN)/python -m examples.run

# The tests come last: their summary is what .ci/run reads.
test: lint types docs package tests

lint: install
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

tests: $(VENV)/.package
	$(BIN)/python -m twisted.trial --random=0 --jobs=$(JOBS) tests

# The security promises, against a server that runs: make sectest ARGS="--server URL ..."; --help tells more.
sectest: install
	@$(BIN)/python -m tests.sectest $(ARGS)

docs: $(VENV)/.package
	$(BIN)/sphinx-build -n -W --keep-going -q -b html docs docs/_build/html

# The package as a stranger gets it: in an environment of its own, `clace` and `twistd clace` are there.
package: $(STAMP)
	rm -rf build dist clace.egg-info $(VENV)/fresh
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	$(PYTHON) -m venv $(VENV)/fresh
	$(VENV)/fresh/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/fresh/bin/python -m pip install --quiet --disable-pip-version-check --no-deps dist/clace-*.whl
	cd $(VENV)/fresh && bin/clace --version && bin/twistd clace --help > /dev/null && bin/clace password --random > /dev/null

bench: $(VENV)/.package
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-benchmarks.txt
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.hosts

lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
	  --extra dev --extra docs --output-file requirements.lock setup.py requirements-build.txt

clean:
	rm -rf $(VENV) build clace.egg-info .clace _trial_temp* docs/_build
