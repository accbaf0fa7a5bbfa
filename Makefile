# make run and make test set up all they need. `make` alone lists the rest.
# One environment, .venv, serves both: run puts in only what the bot needs, test adds the development tools.

PYTHON ?= python3
ARGS ?= serve
SECONDS ?= 5
LOAD ?=
SOAK ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
KNOWLEDGE := bot/knowledge.json
DATA := $(shell find data/ -name '*.yaml' -o -type d)
CODE := bot adapters tests scripts hatch_build.py

.PHONY: help run test fuzz worst format check-format lint types check-data check data golden bench scale load soak transcript gallery screenshot screenshot-web local-slack emulate deploy-tools dist check-dist check-version sbom licenses lock clean
.NOTPARALLEL:

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: $(RUNTIME) $(KNOWLEDGE) ## open the page at http://127.0.0.1:8451; ARGS=chat or ARGS="ask 451" runs another command
	@exec $(BIN)/smtpbot $(ARGS)

# On every core up to four; --dist keeps together what tests/conftest.py says, in the order of the files.
test: $(DEVELOPMENT) $(KNOWLEDGE) ## run the tests; TESTS="-x -m 'not slow'" picks some, TESTS="-n 0 --pdb" takes one process
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadgroup --no-loadscope-reorder $(TESTS)

check: check-format lint types test check-data check-secrets fuzz ## all that CI asks: format, lint, types, tests, data, secrets, a minute of fuzzing

check-format: $(DEVELOPMENT)
	@$(BIN)/ruff format --check $(CODE)

lint: $(DEVELOPMENT)
	@$(BIN)/ruff check $(CODE)

types: $(DEVELOPMENT)
	@$(BIN)/mypy --strict bot adapters

check-data: $(RUNTIME) $(KNOWLEDGE)
	@$(BIN)/smtpbot data check

coverage: $(DEVELOPMENT) $(KNOWLEDGE) ## branch coverage of bot/ by its own tests; under 90 % fails
	@$(BIN)/python -m coverage run --branch --source=bot -m pytest -q tests/test_*.py
	@$(BIN)/python -m coverage report --sort=cover --fail-under=90

mutate: $(DEVELOPMENT) $(KNOWLEDGE) ## change the code a little, again and again, to see whether the tests notice, in five minutes; MUTATE=codes tries one module
	@$(BIN)/python scripts/mutate.py $(MUTATE)

check-secrets: $(DEVELOPMENT) ## look for credentials in what is committed; those made up for tests are listed
	@$(BIN)/python scripts/check_secrets.py

accept-secrets: $(DEVELOPMENT) ## list all that check-secrets finds as made up; read the diff before you commit it
	@$(BIN)/python scripts/check_secrets.py --accept

fuzz: $(DEVELOPMENT) $(KNOWLEDGE) ## look for inputs that break something; SECONDS=600 for each target, TARGETS="mime slack"
	@$(BIN)/python tests/fuzz/run.py $(SECONDS) $(TARGETS)

worst: $(DEVELOPMENT) $(KNOWLEDGE) ## look for slow inputs; over a second a megabyte fails; SECONDS=600 looks longer
	@$(BIN)/python scripts/search_worst.py $(SECONDS)

format: $(DEVELOPMENT) ## lay the code out and mend what lint can mend
	@$(BIN)/ruff check --fix-only --quiet $(CODE)
	@$(BIN)/ruff format $(CODE)

data: $(RUNTIME) ## check data/ and build bot/knowledge.json from it
	@$(BIN)/smtpbot data check
	@$(BIN)/smtpbot data build

golden: $(DEVELOPMENT) $(KNOWLEDGE) ## write the golden answers anew; read the diff aloud before you commit it
	@$(BIN)/python scripts/write_golden.py

bench: $(DEVELOPMENT) $(KNOWLEDGE) ## measure against the budgets
	@$(BIN)/python scripts/bench.py

scale: $(DEVELOPMENT) $(KNOWLEDGE) ## kill replicas and stop the database under load, with nothing shortened (needs nginx, PostgreSQL)
	@SCALE=full $(BIN)/python -m pytest -q -s tests/scale

load: $(DEVELOPMENT) $(KNOWLEDGE) ## measure what one process and two answer, in two minutes; LOAD=--write writes docs/sizing.md
	@PYTHONPATH=. $(BIN)/python scripts/load.py $(LOAD)

soak: $(DEVELOPMENT) $(KNOWLEDGE) ## keep one process busy for 20 minutes; its memory must stay flat; SOAK="--minutes 2 --write"
	@PYTHONPATH=. $(BIN)/python scripts/soak.py $(SOAK)

local-slack: ## put the Slack-compatible server for tests/adapters into .local-slack (needs npm)
	@scripts/install-local-slack

emulate: ## put the server that tests of Slack installations talk to into .emulate (needs npm and node)
	@scripts/install-emulate

deploy-tools: ## install nginx, Caddy, promtool, systemd-analyze and sqlite3 for tests/deploy and tests/scale (as root on Debian)
	@scripts/install-deploy-tools

dist: $(DEVELOPMENT) ## build the packages, sdist and wheel, into dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build --directory dist

check-dist: dist ## install the wheel with each extra into an empty environment and ask it; NEWEST=--newest takes newer packages
	@$(BIN)/python scripts/check_dist.py $(NEWEST)

check-version: $(DEVELOPMENT) ## the version is the same everywhere; TAG=v1.2.3 before a release
	@$(BIN)/python scripts/check_version.py $(TAG)

sbom: $(DEVELOPMENT) ## write the bill of materials, CycloneDX, into dist/
	@$(BIN)/python scripts/write_sbom.py

licenses: $(DEVELOPMENT) ## the licenses of all that the bot is installed with, checked against a list
	@$(BIN)/python scripts/check_licenses.py

transcript: $(DEVELOPMENT) $(KNOWLEDGE) ## write the answers in README.md anew
	@$(BIN)/python scripts/write_transcript.py

gallery: $(DEVELOPMENT) $(KNOWLEDGE) ## write docs/gallery.md anew
	@$(BIN)/python scripts/write_gallery.py

screenshot: $(DEVELOPMENT) $(KNOWLEDGE) ## draw docs/slack*.png anew; look at them
	@$(BIN)/python scripts/screenshot_slack.py

screenshot-web: $(DEVELOPMENT) $(KNOWLEDGE) ## draw docs/web*.png anew; look at them
	@$(BIN)/python scripts/screenshot_web.py

clean: ## remove the environment, the built knowledge and all caches
	rm -rf $(VENV) .venv-lock .local-slack .emulate .fuzz dist $(KNOWLEDGE) .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find bot adapters tests scripts -name __pycache__ -prune -exec rm -rf {} +

# The environment. Each stamp is older than its lock when the lock has changed, and then it is installed again.

$(VENV)/.created:
	@scripts/check-python "$(PYTHON)"
	@echo "Setting up $(VENV) (only once)"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

# The build tools stay in a folder of their own, so that they are no part of what the bot runs on.
$(RUNTIME): $(VENV)/.created requirements/all.txt requirements/build.txt pyproject.toml hatch_build.py
	@echo "Installing the bot"
	@$(PIP) install --require-hashes -r requirements/all.txt
	@$(PIP) install --require-hashes -r requirements/build.txt --upgrade --target $(VENV)/build
	@PYTHONPATH=$(VENV)/build $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements/development.txt
	@echo "Installing the development tools"
	@$(PIP) install --require-hashes -r requirements/development.txt
	@touch $@

$(KNOWLEDGE): $(DATA) bot/building.py | $(RUNTIME)
	@$(BIN)/python -m bot data build
	@touch $@

# The locks. The development lock is a superset of the others; they take their versions from it.

UV := .venv-lock/bin/uv
COMPILE := pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml

lock: $(UV) ## renew requirements/ from pyproject.toml; UPGRADE=--upgrade takes newer versions
	$(UV) $(COMPILE) $(UPGRADE) --extra all --group development -o requirements/development.txt
	$(UV) $(COMPILE) -c requirements/development.txt --extra all -o requirements/all.txt
	$(UV) $(COMPILE) -c requirements/development.txt -o requirements/runtime.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		-c requirements/development.txt --group build -o requirements/build.txt

$(UV):
	@scripts/check-python "$(PYTHON)"
	@"$(PYTHON)" -m venv --clear .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
