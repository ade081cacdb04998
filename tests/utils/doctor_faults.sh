#!/usr/bin/env bash
# Plants faults on real servers, has the doctor name them, and does what it says. Called by stage.sh, in the copy of the tree.
# Ends with the line "doctor: faults=N named=N healed=N false_alarms=0".
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
"$utils/need.sh" nginx=nginx-light dnsmasq=dnsmasq-base fusermount3=fuse3 cc=gcc
"$utils/servers.sh" ceph
# Garage is built from source: its faults are planted where there is a compiler, or where it was built before.
garage=(--ignore-glob='*_garage.py')
if "$utils/servers.sh" --check garage >/dev/null 2>&1; then
  "$utils/servers.sh" garage
  garage=()
fi

rm -rf "$RESULTS/doctor"
status=0
# shellcheck source=tests/utils/compiled.sh
source "$utils/compiled.sh"
python -m pytest -q --numprocesses=2 --durations=5 --junitxml="$RESULTS/doctor-faults.xml" "${garage[@]}" "${@:-tests/doctor}" || status=$?
python "$utils/doctor_faults.py" "$RESULTS/doctor" || status=1
exit "$status"
