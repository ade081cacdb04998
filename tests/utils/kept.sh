# shellcheck shell=bash
# Sourced in a stage before playbooks run: what each of them would make anew is made once (kept/sitecustomize.py).

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export KEPT=${XDG_CACHE_HOME:-$HOME/.cache}/mediastore.s3/kept PYTHONPATH=$here/kept:$PYTHONPATH
mkdir -p "$KEPT/compiled" "$KEPT/archives" "$KEPT/pythons"
# What nobody has asked for in a month is of an old tree; so is an archive that was not made yesterday or today.
find "$KEPT/compiled" -type f -mtime +30 -delete
find "$KEPT/archives" "$KEPT/pythons" -mindepth 1 -maxdepth 1 -mtime +1 -exec rm -rf {} +
