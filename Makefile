# make help lists the targets.
PYTHON := .venv/bin/python
ARGS ?=
# what was compiled is kept: else each of a hundred processes of the tests compiles it anew
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run demo test long lint stacks matrix worlds pyz packages install-test advisories release inside bounds faults fuzz soak bench screenshots clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

run: .venv/ready-run ## run snaptui from this checkout (ARGS="-c URI")
	$(PYTHON) -m snaptui $(ARGS)

demo: .venv/ready-demo ## snaptui on a small private host, gone afterwards
	$(PYTHON) -m snaptui --demo $(ARGS)

test: .venv/ready-test ## all tests, on a private libvirt daemon
	$(PYTHON) -m pytest -n 4 --dist worksteal $(ARGS)

long: .venv/ready-test ## the tests that make test has no time for
	$(PYTHON) -m pytest -n 2 -m long $(ARGS)

lint: .venv/ready-test ## style, types, and which module may import which
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

stacks: .venv/ready-test ## other libvirts and QEMUs beside the host's: Debian 13's, its backports', sid's (STACKS=trixie)
	$(PYTHON) -m tests.stacks

matrix: stacks ## what the plans foretell beside what each libvirt does (STACKS="host 12.9" ARGS="words of cells")
	$(PYTHON) -m tests.live.matrix $(ARGS)

worlds: stacks ## hosts that nobody thought of, and whether the plans are true (MINUTES=30 SEED=1 STACKS=host,11.3)
	$(PYTHON) -m tests.worlds

pyz: .venv/ready-run ## dist/snaptui.pyz: the program in one file, for a distribution's Python
	$(PYTHON) -m packing.pyz

packages: .venv/ready-run ## dist/*.deb and dist/*.rpm, for hosts without an index of packages
	$(PYTHON) -m packing.packages

install-test: pyz packages stacks ## each way to install it, in copies of Debian 12, 13 and sid (STACKS=sid)
	$(PYTHON) -m tests.installed $(ARGS)

advisories: .venv/ready-run ## whether pinned versions are known to be vulnerable
	$(PYTHON) -c "from packing.release import advisories; advisories()"

release: .venv/ready-run ## a version: sdist, wheel, packages, one file, checksums, tag
	$(PYTHON) -m packing.release

inside: stacks ## snaptui itself, installed and tested on the Python of each stack (STACKS=sid)
	$(PYTHON) -m tests.inside $(ARGS)

bounds: .venv/ready-test ## the tests on the lowest and the newest versions of what snaptui needs
	$(PYTHON) -m tests.bounds $(ARGS)

faults: stacks ## what is left when the host or the program goes away (STACKS=host ARGS="words of cells")
	$(PYTHON) -m tests.live.faults $(ARGS)

fuzz: .venv/ready-test ## many damaged inputs for all that reads what others wrote (INPUTS=100000 SEED=1)
	$(PYTHON) -m tests.fuzz

soak: .venv/ready-test ## hours of use in minutes, by keys at random (REFRESHES=10000 RESTARTS=200 SEED=1)
	$(PYTHON) -m tests.soak

bench: .venv/ready-test ## the budgets, measured
	$(PYTHON) -m tests.bench

screenshots: .venv/ready-test ## the pictures of the README, from the running program
	$(PYTHON) -m tests.screenshots

clean: ## remove what make made
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/ready-run: pyproject.toml
	tests/setup.sh run

.venv/ready-demo: pyproject.toml
	tests/setup.sh demo

.venv/ready-test: pyproject.toml tests/setup.sh
	tests/setup.sh test
