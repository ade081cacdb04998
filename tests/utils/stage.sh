#!/usr/bin/env bash
# Runs one stage of the tests in the copy of the tree with the development tools, and notes how it went in build/results/.
#   stage.sh NAME COMMAND [ARGUMENT...]
set -euo pipefail
# shellcheck source=tests/utils/env.sh
source "$(dirname "$0")/env.sh"
name=${1:?a name} && shift
results=$root/build/results
mkdir -p "$results"
rm -f "$results/$name".*
# Until it has ended well it has failed, whatever ends it.
echo "1 0" >"$results/$name.stage"

started=$SECONDS
echo "== $name"
venv=$("$utils/venv.sh" "$root/requirements-dev.txt")
tree=$("$utils/tree.sh")
cd "$tree"
export PATH=$venv/bin:$PATH VIRTUAL_ENV=$venv RESULTS=$results
status=0
"$@" || status=$?
echo "$status $((SECONDS - started))" >"$results/$name.stage"
if ((status)); then
  echo "== $name failed (status $status) after $((SECONDS - started)) s" >&2
fi
exit "$status"
