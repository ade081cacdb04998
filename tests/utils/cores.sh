#!/usr/bin/env bash
# Runs ansible-test sanity with every ansible-core that is supported (tests/cores/), on the oldest Python that can run it as controller.
# Called by stage.sh, in the copy of the tree.
#   cores.sh [VERSION...]
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
cores=("$@")
(($#)) || mapfile -t cores < <(cd "$utils/../cores" && printf '%s\n' *.txt | sed 's/\.txt$//' | sort -V)

# The oldest Python from 3.$1 on that can make virtual environments; shims of version managers may answer for none.
python_from() {
  local minor candidate
  for minor in $(seq "$1" 13); do
    for candidate in "$(command -v "python3.$minor" || true)" "${PYENV_ROOT:-/nonexistent}"/versions/3."$minor".*/bin/python3."$minor"; do
      if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "$candidate"
        return
      fi
    done
  done
  return 1
}

failed=0 passed=() missing=()
for core in "${cores[@]}"; do
  oldest=11
  ((${core#2.} < 20)) || oldest=12
  if ! python=$(python_from "$oldest"); then
    missing+=("$core (needs Python 3.$oldest)")
    continue
  fi
  venv=$(PYTHON=$python "$utils/venv.sh" "$utils/../cores/$core.txt")
  echo "== ansible-core $core"
  if PATH=$venv/bin:$PATH VIRTUAL_ENV=$venv "$utils/sanity.sh" --controller; then passed+=("$core"); else failed=1; fi
done
echo "cores: sanity passed with ${passed[*]:-none}${missing[*]:+; not run: ${missing[*]}}"
exit "$failed"
