#!/usr/bin/env bash
# Runs the demo with its virtual environments: Ansible with an S3 server, and Synapse unless a directory is migrated instead.
# Arguments go to demo/run.py.
set -euo pipefail
# shellcheck source=tests/utils/env.sh
source "$(dirname "$0")/env.sh"
ansible=$("$utils/venv.sh" "$root/demo/requirements.txt")
if [[ ${1:-} != --source ]]; then
  synapse=$("$utils/venv.sh" "$root/demo/requirements-synapse.txt")
  set -- --synapse-python "$synapse/bin/python" "$@"
fi
unset PYTHONPATH ANSIBLE_COLLECTIONS_PATH
exec "$ansible/bin/python" "$root/demo/run.py" "$@"
