# make demo    set up, install, train two models on real data, use them from the command line
# make test    set up, build the wheel, install it, and run every check against it
# make clean   remove what these two made

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test lint wheel clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"

demo: $(BIN)/python
	$(PIP) install .
	$(BIN)/python examples/demo.py

wheel: $(BIN)/python
	rm -rf dist
	$(PIP) wheel . --no-deps --wheel-dir dist
	$(PIP) install --group test --group lint dist/*.whl
	$(PIP) install --force-reinstall --no-deps dist/*.whl

lint: wheel
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --python-executable $(BIN)/python
	PYTHONPATH=src $(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n auto
	cd tests && ../$(BIN)/python -m pytest -n auto --doctest-modules --pyargs lamina
	$(BIN)/python -m pytest --doctest-glob="*.md" README.md docs
	for example in examples/*.py; do $(BIN)/python $$example || exit 1; done

clean:
	rm -rf $(VENV) dist build
