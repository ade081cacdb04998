#!/usr/bin/env bash
# Checks the documentation of plugins and roles, and the changelog. Called by stage.sh, in the copy of the tree.
set -euo pipefail
antsibull-changelog lint
# "dependent": references into ansible.builtin are checked too; "all" would read every collection that is installed
antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=dependent --check-extra-docs-refs .
