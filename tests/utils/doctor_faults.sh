#!/usr/bin/env bash
# Plants faults on real servers, has the doctor name them, and does what it says. Called by stage.sh, in the copy of the tree.
# Ends with the line "doctor: faults=N named=N healed=N false_alarms=0".
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
"$utils/need.sh" nginx=nginx-light dnsmasq=dnsmasq-base fusermount3=fuse3 cc=gcc
"$utils/servers.sh" ceph
# These are built from source: their faults are planted where there is a compiler, or where they were built before.
without=()
for server in garage versitygw; do
  if "$utils/servers.sh" --check "$server" >/dev/null 2>&1; then
    "$utils/servers.sh" "$server"
  else
    without+=("--ignore-glob=*_$server.py")
  fi
done

rm -rf "$RESULTS/doctor"
status=0
# shellcheck source=tests/utils/kept.sh
source "$utils/kept.sh"
python -m pytest -q --numprocesses=2 --durations=5 --junitxml="$RESULTS/doctor-faults.xml" "${without[@]}" "${@:-tests/doctor}" || status=$?
python "$utils/doctor_faults.py" "$RESULTS/doctor" || status=1
exit "$status"
