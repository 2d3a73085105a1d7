# make demo   the whole job on a sample patient        make test    all tests
# make install / check / test-full / bench             see CONTRIBUTING.md

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= out

.PHONY: demo test test-full check bench install clean

demo: install
	$(BIN)/netlm demo --out $(OUT)/demo --overwrite

test: install check
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

test-full: install check
	$(BIN)/pytest -n 2 --dist loadgroup

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m benchmarks

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "netlm-imaging needs Python 3.11 or newer; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	      echo "Installing the system package python3-venv"; apt-get update -q && apt-get install -y -q python3-venv; \
	    else echo "Python modules venv and ensurepip are missing; on Debian: apt-get install python3-venv"; exit 1; fi; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,viewer]'
	@touch $@

clean:
	rm -rf $(VENV) $(OUT) dist
