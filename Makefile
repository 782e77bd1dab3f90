.PHONY: help install quality style types test test-fast docs build

PYTHON ?= python

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

install:  ## editable, with everything needed to develop
	$(PYTHON) -m pip install -c constraints.txt -e ".[dev]"

quality:  ## what CI checks: lint, format, types
	ruff check .
	ruff format --check .
	mypy

style:  ## put lint and format right
	ruff check --fix .
	ruff format .

types:  ## types of the public API
	mypy

test:  ## the whole suite
	$(PYTHON) -m pytest

test-fast:  ## without the tests that take tens of seconds
	$(PYTHON) -m pytest -m "not slow"

docs:  ## the documentation site in site/
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict

build:  ## wheel and sdist in dist/
	$(PYTHON) -m build
