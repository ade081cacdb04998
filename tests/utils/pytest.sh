#!/usr/bin/env bash
# Runs pytest on directories and leaves the counts for closing_line.py. Called by stage.sh, in the copy of the tree.
#   pytest.sh DIRECTORY... [PYTEST OPTION...]
set -euo pipefail
# shellcheck source=tests/utils/kept.sh
source "$(dirname "$0")/kept.sh"
# one more than there are processors, as tests wait for servers and playbooks
exec python -m pytest -q -p kept_models --numprocesses=$(($(nproc) + 1)) --dist=loadgroup --durations=5 --junitxml="$RESULTS/$(basename "$1").xml" "$@"
