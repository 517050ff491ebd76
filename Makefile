# Limbeck's commands. `make demo` and `make test` work on a clean checkout; everything lives in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
# one thread a worker: two workers on two cores beat one worker on two threads
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile
DEMO_FLAGS ?=

.PHONY: help setup setup-dev demo test test-all test-extras lint types format docs-check bench changelog constraints clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Limbeck needs Python 3.11 or newer; say which with PYTHON=python3.11")'
	@echo "installing Limbeck into $(VENV) (once, about two minutes; quiet until it is done)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing the development tools into $(VENV)"
	@$(PIP) install -c constraints.txt -e '.[demo,st,dev]'
	@touch $@

setup: $(VENV)/.installed ## make .venv and install what the demo needs

setup-dev: $(VENV)/.installed-dev ## the same plus tests, linters and types

demo: setup ## real icons, real teachers: align, distil, compare, export, report
	$(BIN)/limbeck demo $(DEMO_FLAGS)
	@echo "to type limbeck as it stands: . $(BIN)/activate"

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev
	$(BIN)/mypy

test: lint types ## lint, types, the commit tier of the tests, and two claims measured again
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/meta/test_claims.py
	$(PYTEST) -m "not slow"

test-all: lint types ## the same with the slow tests
	$(PYTEST)

# Not part of `make test`: these libraries need torchvision, which Limbeck does without, so they have an environment of
# their own. torch and torchvision are taken as a matching pair; what else was tested stands in constraints.txt.
EXTRAS ?= .venv-extras
EXTRAS_TESTS := tests/encoders/test_open_clip.py tests/encoders/test_timm.py tests/encoders/test_st.py \
	tests/encoders/test_save_student.py tests/verbs/test_distill.py

$(EXTRAS)/.installed: pyproject.toml constraints.txt
	@echo "installing Limbeck with open_clip, timm and sentence-transformers into $(EXTRAS) (several GB with some builds of torch)"
	@test -x $(EXTRAS)/bin/python || $(PYTHON) -m venv $(EXTRAS)
	@grep -v -E '^torch==' constraints.txt > $(EXTRAS)/constraints.txt
	@$(EXTRAS)/bin/python -m pip -qq --disable-pip-version-check install -c $(EXTRAS)/constraints.txt torchvision -e '.[demo,st,open-clip,timm,dev]'
	@touch $@

test-extras: $(EXTRAS)/.installed ## the tests of open_clip, timm and sentence-transformers against the real libraries
	OMP_NUM_THREADS=1 $(EXTRAS)/bin/python -m pytest $(EXTRAS_TESTS) -k "clip or timm or sentence or minilm or pooling or stranger or torchvision or features"

format: setup-dev ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs-check: setup-dev ## run every command block of the README and the docs, and check every link
	$(BIN)/python docs/check.py

bench: setup-dev ## the benchmarks that need no optional package, written to benchmarks/results
	$(BIN)/python -m benchmarks.run

changelog: setup-dev ## gather changelog.d into CHANGELOG.md for the version in src/limbeck/__init__.py
	$(BIN)/towncrier build --yes

constraints: setup-dev ## write down the versions of .venv as the tested ones
	@{ sed -n '/^#/p' constraints.txt; \
	   $(PIP) list --format=freeze | sed -E 's/\+[a-z0-9]+$$//' | grep -v -E '^(pip|setuptools|limbeck)==' | sort -f; } > constraints.new
	@mv constraints.new constraints.txt

clean: ## remove .venv, caches and runs
	rm -rf $(VENV) $(EXTRAS) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist runs *.egg-info
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
