# Two commands do everything on a fresh machine: `make demo` and `make test`. Each makes its own .venv.
PYTHON ?= python3
BIN := .venv/bin
# The CPU build of torch is taken where one is offered; the tests need no GPU.
TORCH := torch==2.13.0

.PHONY: demo test check lint types layers bench edge batch microcontroller optimization matrix lock clean

demo: .venv/.demo
	$(BIN)/python examples/wine.py

# Two SAMs at once choose ports without knowing of each other, and now and then the one asks the other's
# container: those tests run by themselves.
test: .venv/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal --ignore tests/sam $(PYTEST_ARGS)
	$(BIN)/python -m pytest tests/sam $(PYTEST_ARGS)

check: lint types layers test

lint: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.dev
	$(BIN)/mypy

layers: .venv/.dev
	$(BIN)/lint-imports

bench: .venv/.dev
	$(BIN)/python -m benchmarks

# Needs root, qemu-user-static, qemu-system-arm and mmdebstrap, as .ci/run installs them.
edge: .venv/.dev
	$(BIN)/python -m benchmarks.edge

# Needs Java 17 for Spark; polars, Ray and Spark come into environments of their own in the cache.
batch: .venv/.dev
	$(BIN)/python -m benchmarks.batch $(BATCH_ARGS)

optimization: .venv/.dev
	$(BIN)/python -m benchmarks.optimization

microcontroller: .venv/.dev
	$(BIN)/python -m benchmarks.microcontroller

matrix: .venv/.dev
	$(BIN)/python -m tests.matrix

lock: .venv/.dev
	$(BIN)/python scripts/lock.py

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'packager needs Python 3.11 or newer: make PYTHON=python3.11 …'; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/.demo: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[sklearn,samples]'
	@touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ .venv/.demo

clean:
	rm -rf .venv dist build
