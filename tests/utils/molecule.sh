#!/usr/bin/env bash
# Runs the molecule scenarios, each from create to destroy, three at a time. Called by stage.sh, in the copy of the tree.
#   molecule.sh [ROLE]            (all roles without one)
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
role=${1:-*}

"$utils/docker.sh"
# Containers have fixed names on one engine, whatever the clone and its caches: one run at a time.
exec 9>"/tmp/mediastore.s3-molecule-$UID.lock"
flock 9
"$utils/../images/build.sh"
# What a run that was cut short has left would be taken for machines that are up; they are made anew.
rm -rf "$ANSIBLE_HOME"/tmp/molecule.*
# what the machines keep of it is of an earlier tree
docker volume rm --force mediastore-s3-compiled >/dev/null 2>&1 || true
# shellcheck source=tests/utils/kept.sh
source "$utils/kept.sh"
# shellcheck source=tests/utils/ssh.sh
source "$utils/ssh.sh"

shopt -s nullglob
# shellcheck disable=SC2206  # the role may be a pattern
scenarios=(extensions/molecule/$role/*/molecule.yml)
if ((!${#scenarios[@]})); then
  echo "No scenario: there is no extensions/molecule/$role/*/molecule.yml." >&2
  exit 1
fi

# One scenario; what it printed is shown when it has ended, so that three at a time can be read.
run() {
  local scenario report log
  scenario=$(dirname "${1#extensions/molecule/}")
  report=$RESULTS/molecule.${scenario//\//.}.xml
  log=$(mktemp)
  # testinfra's tests are pytest's: the root's conftest.py applies, and their counts are added up with the others
  if ! PYTEST_ADDOPTS="--junitxml=$report" molecule test --scenario-name "$scenario" >"$log" 2>&1 || [[ ! -s $report ]]; then
    echo "$scenario" >>"$failed"
  fi
  cat "$log"
  rm "$log"
}

failed=$(mktemp)
trap 'rm -f "$failed"' EXIT
# Three at a time, as each of them waits a lot; the longest ones first, so that all end at about the same time.
long='molecule/(synapse/default|mount/default|migrate/mount|nginx_cache/default)/'
export -f run
export failed RESULTS
printf '%s\n' "${scenarios[@]}" | awk -v long="$long" '{ print $0 ~ long ? 0 : 1, $0 }' | sort -n | cut -d ' ' -f 2- |
  xargs --max-procs=3 --replace=FILE bash -c 'run FILE'
if [[ -s $failed ]]; then
  echo "failed scenarios: $(paste -sd ' ' "$failed")" >&2
  exit 1
fi
