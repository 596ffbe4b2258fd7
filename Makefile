# make demo    set up, install, train two models on real data, use them from the command line
# make test    set up, build the wheel, install it, and run every check against it
# make clean   remove what these two made

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -q

export MPLBACKEND = Agg
# The tests share the cores among themselves.
export OPENBLAS_NUM_THREADS = 1

.PHONY: demo test lint wheel engines sanitize neon clean

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

test: lint engines sanitize
	$(BIN)/python -m pytest -n auto
	cd tests && $(abspath $(BIN))/python -m pytest -n auto --doctest-modules --pyargs lamina
	$(BIN)/python -m pytest --doctest-glob="*.md" README.md docs
	for example in examples/*.py; do $(BIN)/python $$example || exit 1; done

# The estimators' promise on the reference engine and on every instruction set of this machine.
engines: wheel
	LAMINA_ENGINE=reference $(BIN)/python -m pytest -n auto -q tests/estimators/test_dropin.py
	for isa in $$($(BIN)/python -c "import lamina; print(*lamina.engine_info().available)"); do \
	  LAMINA_ISA=$$isa $(BIN)/python -m pytest -n auto -q tests/estimators/test_dropin.py || exit 1; \
	done

# The engine's C++ driver under the address, undefined-behaviour and thread sanitizers.
sanitize: wheel
	for kind in address thread; do \
	  $(BIN)/cmake -S . -B build/$$kind -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja \
	    -DLAMINA_PYTHON=OFF -DLAMINA_DRIVER=ON -DLAMINA_SANITIZE=$$kind \
	  && $(BIN)/cmake --build build/$$kind && $(BIN)/ctest --test-dir build/$$kind \
	    --output-on-failure || exit 1; \
	done

# The engine's C++ driver for AArch64, compiled across and run under emulation. Needs Debian's
# g++-aarch64-linux-gnu and qemu-user.
neon: wheel
	$(BIN)/cmake -S . -B build/neon -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja \
	  -DCMAKE_TOOLCHAIN_FILE=$(CURDIR)/engine/tools/aarch64.cmake \
	  -DLAMINA_PYTHON=OFF -DLAMINA_DRIVER=ON
	$(BIN)/cmake --build build/neon
	$(BIN)/ctest --test-dir build/neon --output-on-failure

clean:
	rm -rf $(VENV) dist build
