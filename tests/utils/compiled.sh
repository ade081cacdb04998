# shellcheck shell=bash
# Sourced in a stage before pytest: the modules that the tests run are compiled once (bytecode/sitecustomize.py).

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export COMPILED=${XDG_CACHE_HOME:-$HOME/.cache}/mediastore.s3/compiled PYTHONPATH=$here/bytecode:$PYTHONPATH
mkdir -p "$COMPILED"
# What nobody has asked for in a month is of an old tree.
find "$COMPILED" -type f -mtime +30 -delete
