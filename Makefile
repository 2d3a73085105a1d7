# make demo   the whole job on a sample patient        make test    all tests
# make install / check / test-full / bench             see CONTRIBUTING.md

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= out

# What a window of the viewer needs on Debian; without them its tests are skipped, with the reason.
DISPLAY_PACKAGES := xvfb xauth libgl1 libegl1 libgl1-mesa-dri libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 \
  libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxcb-randr0 libxcb-shape0 libxcb-xinerama0 libdbus-1-3 \
  libfontconfig1 libglib2.0-0
WITH_DISPLAY = $(if $(DISPLAY)$(WAYLAND_DISPLAY),,$(shell command -v xvfb-run >/dev/null && \
  echo 'xvfb-run -a -s "-screen 0 1400x900x24"'))

# Packages come while types are checked.
MAKEFLAGS += -j2

.PHONY: demo test test-full check bench install clean display pictures

demo: install
	$(BIN)/netlm demo --out $(OUT)/demo --overwrite

test: install check display
	$(WITH_DISPLAY) $(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

test-full: install check display
	$(WITH_DISPLAY) $(BIN)/pytest -n 2 --dist loadgroup

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
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[batch,dev,viewer]'
	@touch $@

display: $(VENV)/.display

$(VENV)/.display: $(STAMP)
	@if [ "$$(uname)" = Linux ] && [ -z "$(DISPLAY)$(WAYLAND_DISPLAY)" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing system packages for the windows of the tests: $(DISPLAY_PACKAGES)"; \
	    { apt-get update -q -o Acquire::http::Timeout=20 && apt-get install -y -q --no-install-recommends $(DISPLAY_PACKAGES); } >/dev/null \
	      || echo "They could not be installed: tests that need a window are skipped"; \
	  elif ! command -v xvfb-run >/dev/null; then \
	    echo "No display and no xvfb-run: tests that need a window are skipped. On Debian: apt-get install $(DISPLAY_PACKAGES)"; \
	  fi; \
	fi
	@touch $@

pictures: install display
	$(WITH_DISPLAY) env PYTHONPATH=. $(BIN)/python docs/make_pictures.py

clean:
	rm -rf $(VENV) $(OUT) dist
