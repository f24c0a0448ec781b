# Everything runs in a private environment beside the code: a Python of 3.11 or newer and make are enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# One more than there are processors: some tests live in real time, and wait.
WORKERS = $$(( $$(getconf _NPROCESSORS_ONLN) + 1 ))

.PHONY: demo test lint format unit bench storm mutants screenshots clean

demo: $(STAMP)            ## the whole program against an embedded world: no account, no credentials
	$(BIN)/arcdeck demo

test: lint unit           ## everything that must hold before a change lands

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(STAMP)
	$(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal --cov --cov-report term

format: $(STAMP)          ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)           ## ratios within one run; no absolute promise
	$(BIN)/python -m tests.benchmarks

storm: $(STAMP)           ## 200 seeds of two virtual hours in which everything goes wrong; takes an hour
	$(BIN)/python -m tests.storm --seeds 200 --hours 2

mutants: $(STAMP)         ## take out one mechanism after another: a test of its row must fail; some ten minutes
	$(BIN)/python -m tests.mutants

screenshots: $(STAMP)     ## the README's pictures, from the demo world
	$(BIN)/python -m tests.screenshots

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "arcdeck needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]' --group dev
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage
