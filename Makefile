# The commands of this project: `make demo`, `make check` (what is quick to test, in a minute) and `make test`
# (everything). All install what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

PYTEST := $(BIN)/python -m pytest --dist worksteal --numprocesses
# Without compiled modules and rewritten assertions on disk, each process of the tests would make them again.
unexport PYTHONDONTWRITEBYTECODE
STARTED := $(shell date +%s)
TOOK = @echo "make $@: $$(( $$(date +%s) - $(STARTED) )) s"

.PHONY: peers demo check quick test slow lint docs machine browser clean

# What a person should read goes to stderr: stdout is one JSON object.
demo: $(VENV)/.installed machine
	@$(BIN)/sensor-bnn demo --json

test: check slow
	$(TOOK)

check: lint quick
	$(TOOK)

# The fixtures of tests/slow.py divide the tests: `make test` runs each of them once.
quick: $(VENV)/.developing machine peers
	$(PYTEST) 2 -m "not slow"

# A third of its time a slow test waits for a line or for another process: four share two cores.
slow: $(VENV)/.developing machine peers browser
	$(PYTEST) 4 -m slow

lint: $(VENV)/.developing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	git ls-files -z | xargs -0 $(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')

# HTML in build/site, links checked, made without a network.
docs: $(VENV)/.developing
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo build/site/index.html

# Debian packages: installed here if root, else the command is printed.
machine: $(VENV)/.installed
	@$(BIN)/sensor-bnn doctor --install >&2

# What only the tests need: a browser, for the page that `report` writes.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq >&2 && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >&2; } || \
	  { echo "chromium is missing: apt-get install --no-install-recommends chromium (as root)" >&2; exit 1; }

# Stock programs that the tests talk to boards with, what only they compile for or with (clang: libFuzzer; ccache), and
# llvm-mca, whose models `kernels` and `profile --estimate` use.
PEERS := ccache stm32flash gdb-multiarch gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user llvm-19 \
  clang-19 libclang-rt-19-dev gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc
peers:
	@command -v ccache >/dev/null && command -v stm32flash >/dev/null && command -v gdb-multiarch >/dev/null && \
	  command -v arm-linux-gnueabihf-gcc >/dev/null && command -v qemu-arm >/dev/null && \
	  command -v llvm-mca-19 >/dev/null && command -v clang-19 >/dev/null && \
	  test -e /usr/lib/picolibc/riscv64-unknown-elf && command -v riscv64-unknown-elf-gcc >/dev/null && \
	  command -v qemu-system-riscv32 >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq >&2 && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	    $(PEERS) >&2; } || \
	  { echo "Install (as root): apt-get install --no-install-recommends $(PEERS)" >&2; exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "sensor-bnn needs Python 3.11 or newer; name one with: make PYTHON=python3.11 demo" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); \
	  echo "python3-venv is missing: apt-get install python3-venv" >&2; \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq >&2 && \
	  apt-get install -y --no-install-recommends python3-venv >&2 && $(PYTHON) -m venv $(VENV) >&2; }
	@echo "Installing Python packages into $(VENV) ..." >&2
	@$(PIP) --editable ".[all]" >&2
	@touch $@

$(VENV)/.developing: $(VENV)/.installed
	@echo "Installing the tools of development ..." >&2
	@$(PIP) $$($(BIN)/python -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"])') >&2
	@touch $@

clean:
	rm -rf $(VENV) build dist
