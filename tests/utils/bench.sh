#!/usr/bin/env bash
# Measures ours against the other tools. Called by stage.sh, in the copy of the tree.
#   WORKS="initial large" SCALE=0.1 ROUNDS=3 TOOLS='s5cmd|rclone copy$' bench.sh CHECKOUT
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
checkout=${1:?the checkout}

"$utils/need.sh" rsync find=findutils
# only for rsync over a mount, which is left out where it cannot be had
[[ ! -e /dev/fuse ]] || "$utils/need.sh" fusermount3=fuse3 || true

BENCHMARK_PEERS=$("$utils/venv.sh" "$utils/../benchmark/requirements.txt")
export BENCHMARK_PEERS
exec python -m ansible_collections.mediastore.s3.tests.benchmark "$checkout"
