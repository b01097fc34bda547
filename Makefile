PYTHON ?= python3
BIN = .venv/bin
STRATEGY ?= main
# or the code of another checkout would be served, if its folder is in there
unexport PYTHONPATH PYTHONHOME
# or each process of the tests would compile all of them again
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/'

install: ## virtual environment with the pinned packages
	@$(PYTHON) scripts/install.py

install-test:
	@$(PYTHON) scripts/install.py test

install-docs:
	@$(PYTHON) scripts/install.py docs

serve: install ## the shop on http://localhost:6543 (STRATEGY=redis serves a variant)
	$(if $(filter main memory redis database custom side-by-side,$(STRATEGY)),,$(error STRATEGY is one of: memory redis database custom side-by-side))
	@$(BIN)/python -m demoapp.scripts.port development.ini
	@$(BIN)/demoapp-init development.ini
	@# 2: at Ctrl-C the process it watches has that many seconds to end, and needs up to one
	exec $(BIN)/python -m demoapp.scripts.with_redis development.ini $(STRATEGY) \
		$(BIN)/pserve development.ini --reload --reload-interval 2 -n $(STRATEGY)

test: install-test ## everything the tests need, then all of them
	scripts/system-packages
	$(MAKE) --no-print-directory check
	@# five at a time on two processors: many tests wait for a server, a browser or a clock. The
	@# order is that of the folders: the long files come first, and at the end no worker waits
	TMPDIR=$$(scripts/quick-folder) $(BIN)/python -m pytest -n 5 --dist loadfile --no-loadscope-reorder $(ARGS)

exercise: install-test ## N=3: is exercise 3 of the course solved? And the next hint
	@$(BIN)/python scripts/exercise.py $(N) || true  # red is no fault of make

bench: install-test ## ours and other session libraries, compared (15 minutes; ARGS=--quick: two)
	scripts/system-packages
	$(BIN)/python -m benchmarks $(ARGS)

purge-million: install-test ## clear 900,000 of 1,000,000 sessions away beside a running shop
	scripts/system-packages
	$(BIN)/python -m benchmarks.purge_million

fuzz: install-test ## 100,000 odd requests, cookies and records on each strategy (20 minutes)
	scripts/system-packages
	FUZZ_CASES=25000 $(BIN)/python -m pytest -v -n 2 tests/functional/test_fuzz.py $(ARGS)

explore: install-test ## every interleaving of two and three requests, on each store (15 minutes)
	scripts/system-packages
	$(BIN)/python -m tests.explorer $(ARGS)

check: install-test ## lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

messages: install-test ## the catalogues in demoapp/locale, from the texts in the sources
	$(BIN)/python scripts/messages.py

docs: install-docs ## the course as a site, in both languages: var/docs/en, var/docs/ko
	@for language in en ko; do \
		$(BIN)/sphinx-build -q -W --keep-going -c docs -D language=$$language -d var/docs/.read/$$language \
			docs/$$language var/docs/$$language || exit 1; \
	done
	@echo "open var/docs/en/index.html or var/docs/ko/index.html"

.PHONY: help install install-test install-docs serve test exercise docs check messages bench purge-million fuzz explore
