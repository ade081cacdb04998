#!/usr/bin/env bash
# Runs tests/interop against the stores that STORES names, which are made available first. Called by stage.sh, in the copy of the tree.
#   STORES="ceph garage" interop.sh [PATH OR OPTION OF PYTEST...]    (without STORES the usual ones, with STORES=all all)
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
stores=$(python -m ansible_collections.mediastore.s3.tests.interop.stores)
export STORES=$stores
report=$RESULTS/interop.xml access=$RESULTS/access
rm -rf "$access"

for store in $STORES; do
  # the others come with Python's packages
  case $store in ceph | garage | garage1 | minio | versitygw) "$utils/servers.sh" "$store" ;; esac
done

status=0
# shellcheck source=tests/utils/kept.sh
source "$utils/kept.sh"
python -m pytest -q -p kept_models --numprocesses=$(($(nproc) + 1)) --durations=5 --junitxml="$report" "${@:-tests/interop}" || status=$?
[[ -s $report ]] || exit 1
# what the key of each preset may do, a line for each store and preset
python "$utils/access_matrix.py" "$access" || status=1
read -r -a names <<<"$STORES"
PYTHONPATH=$utils python - "$report" "${#names[@]}" <<'PY' || status=1
import sys
from pathlib import Path

from closing_line import count

passed, failed = count(Path(sys.argv[1]))
print(f"interop: stores={sys.argv[2]} checks={passed + failed} failed={failed}")
sys.exit(bool(failed or not passed))
PY
exit "$status"
