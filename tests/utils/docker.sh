#!/usr/bin/env bash
# Makes sure that a Docker engine answers: root installs and starts one, anyone else is told what to do.
set -euo pipefail
# shellcheck source=tests/utils/env.sh
source "$(dirname "$0")/env.sh"
"$utils/need.sh" docker=docker.io

answers() { docker info >/dev/null 2>&1; }
answers && exit 0

if ((EUID != 0)); then
  echo "The Docker engine does not answer: $(docker info 2>&1 | grep -iE 'permission|connect' | tail -n 1)" >&2
  echo "Start it (sudo systemctl start docker), and let this user use it (sudo adduser $(id -un) docker, then log in again)." >&2
  exit 1
fi

"$utils/need.sh" dockerd=docker.io iptables
if [[ -d /run/systemd/system ]]; then
  systemctl start docker
else
  # no init here: the engine must outlive this script, and its terminal
  setsid dockerd >"$cache/dockerd.log" 2>&1 </dev/null &
fi
for _ in $(seq 60); do
  if answers; then exit 0; fi
  sleep 0.5
done
echo "The Docker engine does not start. Its last words:" >&2
tail -n 5 "$cache/dockerd.log" >&2 || true
exit 1
