#!/usr/bin/env bash
# Runs ansible-test sanity on what a release has: everything on the controller's Python, compile and import on every other one found.
# Called by stage.sh, in the copy of the tree.
#   sanity.sh [--controller]      with --controller nothing but the first
set -euo pipefail
controller=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
oldest_target=8

# ansible-test keeps its own virtual environments under HOME.
pip_cache=$(python -m pip cache dir)
export PIP_CACHE_DIR=$pip_cache XDG_CONFIG_HOME=${XDG_CONFIG_HOME:-$HOME/.config}
export HOME=$ANSIBLE_HOME/home
mkdir -p "$HOME"
python "$(dirname "$0")/prime_ansible_test.py"

# Version managers put shims on PATH that answer only where a version is selected; ansible-test needs the real thing.
found=()
shopt -s nullglob
for minor in $(seq $oldest_target 13); do
  for candidate in "$(command -v "python3.$minor" || true)" "${PYENV_ROOT:-/nonexistent}"/versions/3."$minor".*/bin/python3."$minor"; do
    real=$("$candidate" -c 'import sys; print(sys.base_prefix)' 2>/dev/null) || continue
    found+=("3.$minor")
    PATH=$PATH:$real/bin
    break
  done
done
# shims go behind what they hide
PATH=$VIRTUAL_ENV/bin:$(tr : '\n' <<<"${PATH#"$VIRTUAL_ENV/bin:"}" | grep -v /shims | paste -sd :)
export PATH

run() {
  local said status=0
  said=$(mktemp)
  ansible-test sanity --color no "$@" 2>&1 | tee "$said" || status=$?
  if grep -q 'All targets skipped' "$said"; then
    echo "ansible-test found nothing to test, which is not a success." >&2
    status=1
  fi
  rm -f "$said"
  return "$status"
}

[[ ${1:-} != --controller ]] || found=("$controller")

others() {
  local version status=0
  for version in "${found[@]}"; do
    [[ $version == "$controller" ]] || run --python "$version" --test compile --test import || status=1
  done
  return "$status"
}

# What a release has; once more for the others, as two at a time would write the same reports.
archive=$(mktemp -d)
trap 'rm -rf "$archive"' EXIT
ansible-galaxy collection build --output-path "$archive" . >/dev/null
place=$(realpath "$PWD/../../../..")/sanity
unpack() {
  local content=$place/$1/ansible_collections/mediastore/s3
  rm -rf "${place:?}/$1"
  git init -q "$content" # or it asks the repository around it, which ignores all of this
  tar -xzf "$archive"/*.tar.gz -C "$content"
}
unpack one
unpack two
(cd "$place/two/ansible_collections/mediastore/s3" && others) >"$place/log" 2>&1 &
cd "$place/one/ansible_collections/mediastore/s3"
failed=0
run --python "$controller" || failed=1
wait "$!" || failed=1
cat "$place/log"
echo "sanity on Python $controller; compile and import on: ${found[*]}"
exit "$failed"
