# Chatdeck. `make run` starts everything, `make test` proves it.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
PYTHON := $(or $(PYTHON),python3)
INSTALL = @command -v $(PYTHON) >/dev/null || { echo "Chatdeck needs Python 3.11 or later, and $(PYTHON) was not found."; exit 1; }; \
	$(PYTHON) dashboard/install.py
IN = .venv/bin/
# Each has databases and servers of its own.
TEST_PROCESSES ?= 2

# Enough for the settings to load; nothing is connected to.
SETTINGS = CHATDECK_SECRET_KEY=lint DATABASE_URL=postgresql:///lint SANDBOX_DATABASE_URL=postgresql:///lint REDIS_URL=redis://lint

.DEFAULT_GOAL := help
.PHONY: help run sandbox test chaos lint bench reset

help:
	@echo "make run      start the console and all it needs; Ctrl-C stops it"
	@echo "make test     run every test"
	@echo "make chaos    ruin a whole installation while it sends, for half an hour, and compare every row"
	@echo "make sandbox  start only the sandbox, the stand-in for the remote"
	@echo "make lint     check style, types, imports, templates and migrations"
	@echo "make bench    run the benchmarks"
	@echo "make reset    delete this installation's data, after asking"

run:
	$(INSTALL)
	@exec $(IN)python -m dashboard.run

sandbox:
	$(INSTALL)
	@exec $(IN)python -m dashboard.run sandbox

test:
	$(INSTALL) dev
	@$(IN)python -m tests.get_browser
	@exec $(IN)python -m pytest -n $(TEST_PROCESSES) --dist loadfile

chaos:
	$(INSTALL) dev
	@CHAOS_SIZE=$${CHAOS_SIZE:-full} exec $(IN)python -m pytest tests/chaos -m chaos -s

lint:
	$(INSTALL) dev
	$(IN)ruff check .
	$(IN)ruff format --check .
	$(SETTINGS) $(IN)mypy dashboard chats benchmarks/__main__.py benchmarks/bare_door.py manage.py
	$(SETTINGS) $(IN)mypy --config-file sandbox/mypy.ini sandbox
	$(IN)lint-imports
	$(IN)djlint --lint --quiet templates
	$(SETTINGS) $(IN)python -m tests.check_migrations dashboard.settings
	$(SETTINGS) $(IN)python -m tests.check_migrations sandbox.settings

bench:
	$(INSTALL) dev
	@$(IN)python -m tests.get_browser
	@$(IN)python -m benchmarks
	@exec $(IN)python -m benchmarks.sandbox_sends

reset:
	$(INSTALL)
	@exec $(IN)python -m dashboard.run_reset
