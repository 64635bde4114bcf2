# From a clean clone: `make demo`. Needs Python 3.11 or later, git and make; the rest comes by pip.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
STAMP  := $(VENV)/.made
OUT    := demo-results

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo test check lint format-check types tables tables-check oldest oldest-spark newest bench evidence fuzz mutants rule-mutants coverage audit site notebooks gallery clean

help:           ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

venv: $(STAMP)  ## set up the virtual environment, once

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or later is needed; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[excel,big]' --group dev
	@touch $@

demo: $(STAMP)  ## a made-up cohort in three services' exports, checked
	$(BIN)/centiles demo --out $(OUT) --force
	@echo 'Open $(OUT)/results/report.html, the worklist with its charts, or $(OUT)/results/children.xlsx.'

test: $(STAMP)  ## every test, and every example in the documentation
	$(BIN)/python -m pytest -n auto $(ARGS)

check: lint format-check types test  ## what a change must pass

lint: $(STAMP)
	$(BIN)/ruff check

format-check: $(STAMP)
	$(BIN)/ruff format --check

types: $(STAMP)
	$(BIN)/mypy

tables: $(STAMP)  ## rebuild the tables in data/ in place
	$(BIN)/python tools/build_who_uk90.py
	$(BIN)/python tools/build_references.py

# Untracked files count too: a table built but not committed is a difference.
tables-check: tables  ## and show that nothing in data/ changed
	git --no-pager diff --exit-code HEAD -- data
	@test -z "$$(git ls-files --others --exclude-standard data)"

# Each library at the oldest version that pyproject.toml allows; only what users run, and its tests.
# Old libraries warn of new ones: no warning is an error here.
OLDEST := $(VENV)-oldest
define install-oldest
	$(PYTHON) -m venv $(OLDEST)
	$(PYTHON) tools/oldest.py $(1) >$(OLDEST)/pins.txt
	$(OLDEST)/bin/python -m pip install --quiet --requirement $(OLDEST)/pins.txt pytest pytest-xdist hypothesis rcpchgrowth==4.6.5
	$(OLDEST)/bin/python -m pip install --quiet --no-deps --editable .
endef

MOST := $(addprefix tests/test_,$(addsuffix .py,zscores lms checks records_reading records_workbooks reports charts engines demo))

oldest:         ## the tests that matter most, with the oldest libraries allowed
	$(call install-oldest,excel big)
	$(OLDEST)/bin/python -m pytest -n auto -q -W default $(MOST)

oldest-spark:   ## the same for the tests of Spark: PySpark 3.5, a large download; needs Java
	$(call install-oldest,excel big spark)
	$(OLDEST)/bin/python -m pytest -q -W default tests/test_spark.py

newest:         ## some of them with the newest Python of Debian's stable release; as root, on Debian
	tools/newest.sh stable $(addprefix tests/test_,$(addsuffix .py,zscores lms checks records_reading reports))

bench: $(STAMP)  ## the speed table, each figure beside its limit
	$(BIN)/python -m benchmarks $(ARGS)

evidence: $(STAMP)  ## simulate children and falls, and write docs/evidence.md (half an hour)
	$(BIN)/python -m tools.evidence $(ARGS)

gallery: $(STAMP)  ## draw docs/gallery, twelve made-up children, and the front page
	$(BIN)/python tools/build_gallery.py

fuzz: $(STAMP)  ## throw broken exports at it for five minutes
	$(BIN)/python tools/fuzz.py --minutes 5 $(ARGS)

mutants: $(STAMP)  ## change the arithmetic in 2,000 places, and see that a test notices (half an hour)
	$(BIN)/python -m pip install --quiet 'mutmut>=3.8'
	$(BIN)/mutmut run

rule-mutants: $(STAMP)  ## the same for a random sample of 400 in the rules (an hour and more)
	$(BIN)/python -m pip install --quiet 'mutmut>=3.8'
	$(BIN)/python tools/mutants.py $(ARGS)

coverage: $(STAMP)  ## the share of lines and branches that tests run, processes they start too
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -q $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

audit: $(STAMP)  ## known faults of the libraries installed, as a report
	$(BIN)/python tools/audit.py

site: $(STAMP)     ## these pages and the library's docstrings as a site, in build/site
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html -c docs . build/site

notebooks: $(STAMP)  ## run every notebook from top to bottom
	$(BIN)/python tools/run_notebooks.py

clean:          ## remove everything made here
	rm -rf .venv .venv-oldest mutants demo-results dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
