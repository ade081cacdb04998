# Every target sets itself up: virtual environments in the user's cache directory, a copy of the tree in build/.
# make help lists them.

SHELL := bash
MAKEFLAGS += --no-print-directory --no-builtin-rules
STAGE := tests/utils/stage.sh
UTIL_PACKAGES := $(addprefix -p ansible_collections.mediastore.s3.plugins.module_utils.,_core _store _base)
LINT := ruff mypy yamllint shellcheck ansible-lint docs-lint docs sanity
TESTS := unit e2e interop doctor-faults molecule
ACCESS := tests/interop/test_least_privilege.py

.PHONY: help test lint $(LINT) $(TESTS) access cores bench chaos demo format changelog docs-providers docs-mounts dist release-check clean distclean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

test: ## everything: lint, unit, e2e, interop, doctor, molecule; ends with the number of tests
	@rm -rf build/results
	@status=0; $(MAKE) -k -j2 --output-sync=target sanity lint || status=1; $(MAKE) -k $(TESTS) || status=1; \
	  python3 tests/utils/closing_line.py build/results $(LINT) $(TESTS) && exit $$status

lint: $(LINT) ## the static checks below

ruff: ## style and common mistakes of Python
	@$(STAGE) ruff bash -c 'ruff check . && ruff format --check .'

mypy: ## types of the three module_utils packages, strict
	@$(STAGE) mypy env -u PYTHONPATH mypy --config-file pyproject.toml $(UTIL_PACKAGES)

yamllint: ## style of YAML
	@$(STAGE) yamllint yamllint --strict .

shellcheck: ## common mistakes of shell scripts
	@$(STAGE) shellcheck bash -c 'find . -name "*.sh" -print0 | xargs -0 shellcheck -x .ci/run'

ansible-lint: ## playbooks and roles, profile production
	@$(STAGE) ansible-lint ansible-lint --strict

docs-lint: ## documentation of plugins and roles, changelog
	@$(STAGE) docs-lint tests/utils/docs_lint.sh

docs: ## the documentation site, in build/docs; no warning, no dead link
	@$(STAGE) docs tests/utils/docs.sh "$(CURDIR)/build/docs"

sanity: ## ansible-test sanity on what a release has, on every Python found
	@$(STAGE) sanity tests/utils/sanity.sh

cores: ## ansible-test sanity with every supported ansible-core; CORES=2.18 for that one
	@$(STAGE) cores tests/utils/cores.sh $(CORES)

unit: ## tests of single parts
	@$(STAGE) unit tests/utils/pytest.sh tests/unit

e2e: ## ansible-playbook against real servers on loopback
	@$(STAGE) e2e tests/utils/e2e.sh

interop: ## the modules against real stores; STORES='ceph garage' for these, STORES=all for all
	@$(STAGE) interop tests/utils/interop.sh

access: ## only what the keys of each preset may do, as a matrix; STORES as above
	@$(STAGE) access tests/utils/interop.sh $(ACCESS)

doctor-faults: ## faults on real servers that the doctor has to name and heal
	@$(STAGE) doctor-faults tests/utils/doctor_faults.sh

molecule: ## scenarios in containers; ROLE=name for one role's
	@$(STAGE) molecule tests/utils/molecule.sh $(ROLE)

bench: ## ours against other tools; WORKS='initial large' for these, SCALE=0.1 for a tenth, ROUNDS=3
	@$(STAGE) bench tests/utils/bench.sh "$(CURDIR)"

chaos: ## migrations with kills, full disks, a clock that is set, and a bad line; RUNS=10 SEED=1 FILES=1000 ORDER=switch-first
	@$(STAGE) chaos python -m ansible_collections.mediastore.s3.tests.chaos

demo: ## migrates a real Matrix Synapse, with ORDER=switch-first in that order; SOURCE=directory migrates that instead
	@tests/utils/demo.sh $(if $(SOURCE),--source '$(SOURCE)') $(if $(KILL),--kill '$(KILL)') $(if $(ORDER),--order '$(ORDER)')

format: ## formats Python
	@venv=$$(tests/utils/venv.sh requirements-dev.txt) && "$$venv/bin/ruff" format --no-cache . && "$$venv/bin/ruff" check --no-cache --fix .

changelog: ## CHANGELOG.md from the fragments, for the version in galaxy.yml
	@venv=$$(tests/utils/venv.sh requirements-dev.txt) && \
	  PATH="$$venv/bin:$$PATH" antsibull-changelog release --reload-plugins --update-existing

docs-providers: ## docs/providers.md from the profiles
	@venv=$$(tests/utils/venv.sh requirements-dev.txt) && tree=$$(tests/utils/tree.sh) && \
	  PYTHONPATH=build/tree "$$venv/bin/python" "$$tree/tests/utils/render_providers.py" docs/providers.md

docs-mounts: ## the table in docs/mounts.md, from what the last molecule run has measured
	@python3 tests/utils/render_mounts.py build/results docs/mounts.md

dist: ## the collection's archive, in build/
	@$(STAGE) dist ansible-galaxy collection build --force --output-path "$(CURDIR)/build" .

release-check: ## a release's archive, installed into an empty directory, looked at, and the demo with it
	@$(STAGE) release-check tests/utils/release_check.sh "$(CURDIR)"

clean: ## removes build/
	@rm -rf build

distclean: clean ## removes build/ and the caches of every checkout
	@rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/mediastore.s3"
