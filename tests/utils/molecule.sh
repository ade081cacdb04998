#!/usr/bin/env bash
# Runs the molecule scenarios, each from create to destroy. Called by stage.sh, in the copy of the tree.
#   molecule.sh [ROLE]            (all roles without one)
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
role=${1:-*}

"$utils/docker.sh"
# Containers have fixed names on one engine, whatever the clone and its caches: one run at a time.
exec 9>"/tmp/mediastore.s3-molecule-$UID.lock"
flock 9
"$utils/../images/build.sh"

shopt -s nullglob
# shellcheck disable=SC2206  # the role may be a pattern
scenarios=(extensions/molecule/$role/*/molecule.yml)
if ((!${#scenarios[@]})); then
  echo "No scenario: there is no extensions/molecule/$role/*/molecule.yml." >&2
  exit 1
fi

failed=()
for file in "${scenarios[@]}"; do
  scenario=$(dirname "${file#extensions/molecule/}")
  report=$RESULTS/molecule.${scenario//\//.}.xml
  # testinfra's tests are pytest's: the root's conftest.py applies, and their counts are added up with the others
  if ! PYTEST_ADDOPTS="--junitxml=$report" molecule test --scenario-name "$scenario" || [[ ! -s $report ]]; then
    failed+=("$scenario")
  fi
done
if ((${#failed[@]})); then
  echo "failed scenarios: ${failed[*]}" >&2
  exit 1
fi
