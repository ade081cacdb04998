#!/usr/bin/env bash
# Runs the demo with its two virtual environments: Ansible with an S3 server, and Synapse. Arguments go to demo/run.py.
set -euo pipefail
# shellcheck source=tests/utils/env.sh
source "$(dirname "$0")/env.sh"
ansible=$("$utils/venv.sh" "$root/demo/requirements.txt")
synapse=$("$utils/venv.sh" "$root/demo/requirements-synapse.txt")
unset PYTHONPATH ANSIBLE_COLLECTIONS_PATH
exec "$ansible/bin/python" "$root/demo/run.py" --synapse-python "$synapse/bin/python" "$@"
