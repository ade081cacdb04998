#!/usr/bin/env bash
# Makes the virtual environment for a requirements file, once for each content of it, and prints its directory.
#   venv.sh REQUIREMENTS_FILE
set -euo pipefail
# shellcheck source=tests/utils/env.sh
source "$(dirname "$0")/env.sh"
requirements=$(readlink -e "${1:?a requirements file}")

# The first Python that ansible-core 2.19 runs on and that can make virtual environments. The system's comes first: it was compiled with
# care, and runs a module in two thirds of the time of one that was built without.
find_python() {
  local candidate
  for candidate in ${PYTHON:-/usr/bin/python3 python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      # the real path: a shim on PATH chooses again in every directory
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

if ! python=$(find_python); then
  "$utils/need.sh" python3=python3 ensurepip=python3-venv
  python=$(find_python) || {
    echo "No Python 3.11, 3.12 or 3.13 here can make virtual environments (modules ensurepip and venv)." >&2
    exit 1
  }
fi

stem=$(realpath --relative-to="$root" "$requirements" | sed 's/\.txt$//; s#[^A-Za-z0-9.-]#-#g')
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
key=$({ cat "$requirements" && "$python" -c 'import sys; print(sys.base_prefix)'; } | sha256sum | cut -c1-12)
venv=$cache/venv/$stem-py$version-$key
mkdir -p "$cache/venv"

# A virtual environment cannot be moved into place, so: one maker at a time, and a stamp when it is whole.
exec 9>"$venv.lock"
flock 9
if [[ ! -e $venv/.complete ]]; then
  echo "making the virtual environment $venv" >&2
  rm -rf "$venv"
  "$python" -m venv "$venv" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$requirements" >&2
  touch "$venv/.complete"
fi
echo "$venv"
