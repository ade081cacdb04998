# shellcheck shell=bash
# Sourced by the scripts beside it: where things are, and an environment in which only the project decides.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034  # the scripts that source this use it
utils=$root/tests/utils
# Virtual environments and tool caches outlive a clone, so they are the user's, not the tree's.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mediastore.s3
mkdir -p "$cache"

# What the developer has set for work of their own must not decide whether a test passes. Nor how long it takes: PYTHONUNBUFFERED has
# a module read byte by byte, and PYTHONDONTWRITEBYTECODE has plugins compiled each time.
for name in $(compgen -e); do
  case $name in
    ANSIBLE_* | AWS_* | MOLECULE_* | PYTEST_* | MYPYPATH | PYTHON?* | RUFF_*) unset "$name" ;;
  esac
done
unset name

export ANSIBLE_COLLECTIONS_PATH=$root/build/tree PYTHONPATH=$root/build/tree
export ANSIBLE_HOME=$cache/ansible ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_PIPELINING=true ANSIBLE_NOCOWS=true
export RUFF_CACHE_DIR=$cache/ruff MYPY_CACHE_DIR=$cache/mypy
# Credentials come from the tests alone: boto3 must not ask the cloud's metadata address for more.
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
# The servers are on loopback; a proxy of the machine's is for package indexes.
export no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}"
export NO_PROXY=$no_proxy
[[ -t 1 ]] || export NO_COLOR=1
