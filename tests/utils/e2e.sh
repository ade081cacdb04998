#!/usr/bin/env bash
# Runs tests/e2e; the browser that opens the reports, and PostgreSQL, are installed first. Called by stage.sh, in the copy of the tree.
#   e2e.sh [PYTEST OPTION...]
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
"$utils/need.sh" chromium pg_ctlcluster=postgresql
exec "$utils/pytest.sh" tests/e2e "$@"
