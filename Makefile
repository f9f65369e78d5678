# What a person types.  `make` alone shows the list.  Works with GNU make 3.81 and a plain sh.
#
# PYTHON=python3.13 uses that interpreter, in an environment of its own (.venv-3.13); without it the newest of 3.13,
# 3.12 and 3.11 that works here is used, in .venv.  ARGS="..." is passed on.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help lab test check bench search clean

PYTHON ?=
ARGS ?=
VENV := .venv$(if $(PYTHON),-$(patsubst python%,%,$(notdir $(PYTHON))))
BIN := $(VENV)/bin
# Apart, so that what nbgrader asks of JupyterLab binds neither learners nor developers.
NBGRADER := .venv-nbgrader
COVERED := 95

help:
	@echo 'make lab     set up .venv the first time, then open the course in JupyterLab'
	@echo 'make test    run the whole test suite, with its branch coverage'
	@echo 'make check   ruff, mypy, notebooks in step with their lessons and without outputs'
	@echo 'make bench   measure speed; a table at the end'
	@echo 'make search  look for inputs that break a property, at random and for long'
	@echo 'make clean   remove environments, caches and what builds leave; work/ is not touched'
	@echo ''
	@echo 'make test PYTHON=python3.13      another Python, in .venv-3.13'
	@echo 'make test ARGS="tests/pki -x"    a part of the suite'
	@echo 'make lab ARGS="--port 9000"      see labsupport lab --help'

lab: $(VENV)/.for-lab
	@$(BIN)/labsupport lab $(ARGS)

# A part of the suite is not held to the coverage of the whole.  Copies of the library that tests unpack do not count.
test: $(VENV)/.for-test $(NBGRADER)/.for-nbgrader
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --include='labsupport/*' $(if $(ARGS),,--fail-under=$(COVERED))

check: $(VENV)/.for-check
	$(BIN)/ruff check labsupport tests course
	$(BIN)/ruff format --check --quiet labsupport tests course
	$(BIN)/mypy --explicit-package-bases labsupport tests course/lessons
	$(BIN)/labsupport build --check

bench: $(VENV)/.for-test $(NBGRADER)/.for-nbgrader
	@$(BIN)/python -m tests.bench $(ARGS)

# What it finds goes into the test as an @example: the suite tries the same inputs each time.
search: $(VENV)/.for-test
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=search $(ARGS)

clean:
	rm -rf .venv .venv-* .coverage .coverage.* htmlcov build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find labsupport tests course -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of packages: nothing is installed again until what it depends on changes.
REQUIREMENTS := pyproject.toml constraints.txt .ci/venv

$(VENV)/.for-lab: $(REQUIREMENTS)
	@sh .ci/venv $(VENV) "" $(PYTHON)
	@touch $@

$(VENV)/.for-test: $(REQUIREMENTS)
	@sh .ci/venv $(VENV) test $(PYTHON)
	@touch $@ $(VENV)/.for-lab

$(VENV)/.for-check: $(REQUIREMENTS)
	@sh .ci/venv $(VENV) dev $(PYTHON)
	@touch $@ $(VENV)/.for-lab $(VENV)/.for-test

# One for all Pythons, made with the first that is asked for: the marks are the same.
$(NBGRADER)/.for-nbgrader: $(REQUIREMENTS)
	@sh .ci/venv $(NBGRADER) nbgrader $(PYTHON)
	@touch $@
