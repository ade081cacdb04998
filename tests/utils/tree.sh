#!/usr/bin/env bash
# Copies the checkout (what git does not ignore) to build/tree/ansible_collections/mediastore/s3 and prints that path.
# ansible-test insists on such a path and resolves links, so a link will not do; every other tool uses the same copy.
set -euo pipefail
# shellcheck source=tests/utils/env.sh
source "$(dirname "$0")/env.sh"
cd "$root"
"$utils/need.sh" git rsync >&2
tree=build/tree/ansible_collections/mediastore/s3
files=build/tree.files
mkdir -p "$tree"
exec 9>build/tree.lock
flock 9

# A repository of its own: else ansible-test asks the outer one, which ignores build/, and "All targets skipped" is a success.
[[ -d $tree/.git ]] || git init -q "$tree"
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  git ls-files -z --cached --others --exclude-standard --deduplicate |
    while IFS= read -r -d '' file; do [[ ! -e $file && ! -L $file ]] || printf '%s\0' "$file"; done >"$files"
else # an unpacked archive
  find . \( -path ./build -o -path ./.git -o -name __pycache__ \) -prune -o -type f -printf '%P\0' >"$files"
fi
rsync -a --delete-missing-args --from0 --files-from="$files" ./ "$tree/"
# --files-from never deletes what has left the list. tests/output is ansible-test's own.
(cd "$tree" && find . \( -path ./tests/output -o -path ./.git -o -name __pycache__ \) -prune -o \( -type f -o -type l \) -printf '%P\0') |
  sort -z | comm -z -23 - <(sort -z "$files") | (cd "$tree" && xargs -0 -r rm -f --)
# a directory that a rename has left empty, but for what was compiled of it, would still be an importable namespace package
find "$tree" -name __pycache__ -prune -exec sh -c 'ls -A "$1/.." | grep -qvx __pycache__ || rm -rf "$1"' _ {} \;
find "$tree" -depth -type d -empty -not -path "$tree/.git/*" -delete
echo "$root/$tree"
