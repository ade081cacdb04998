#!/usr/bin/env bash
# Runs tests/e2e; the browser that opens the reports is installed first. Called by stage.sh, in the copy of the tree.
#   e2e.sh [PYTEST OPTION...]
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
"$utils/need.sh" chromium
exec "$utils/pytest.sh" tests/e2e "$@"
