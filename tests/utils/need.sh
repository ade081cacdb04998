#!/usr/bin/env bash
# Makes sure that commands are there: root on Debian installs what is missing, anyone else is told the exact command.
#   need.sh COMMAND=PACKAGE...        (COMMAND alone when the package has the same name)
set -euo pipefail

missing() {
  local thing
  for thing in "$@"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${thing%%=*}" >/dev/null || echo "${thing#*=}"
  done
}

mapfile -t packages < <(missing "$@" | sort -u)
((${#packages[@]})) || exit 0

if ! command -v apt-get >/dev/null; then
  echo "Not installed: ${packages[*]}. Install them with this system's package manager (the names are Debian's)." >&2
  exit 1
fi
if ((EUID != 0)); then
  echo "Not installed: ${packages[*]}. Install them, then run the same command again:" >&2
  echo "  sudo apt-get install --no-install-recommends ${packages[*]}" >&2
  exit 1
fi

echo "installing ${packages[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
# One repository that does not answer must not stop the others; the installation below decides.
apt-get update -qq >&2 || true
# Somebody else may be installing.
apt-get install -qq -y -o DPkg::Lock::Timeout=600 --no-install-recommends "${packages[@]}" >&2
