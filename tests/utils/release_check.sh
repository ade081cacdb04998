#!/usr/bin/env bash
# Builds the archive of a release, installs it into an empty directory, looks at what a stranger gets, and runs the demo with that.
# Called by stage.sh, in the copy of the tree.
#   release_check.sh CHECKOUT
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
checkout=${1:?the checkout}
place=$checkout/build/release
version=$(python -c 'import yaml; print(yaml.safe_load(open("galaxy.yml"))["version"])')
archive=$place/mediastore-s3-$version.tar.gz
export ANSIBLE_HOME=$place/home ANSIBLE_COLLECTIONS_PATH=$place/collections
unset PYTHONPATH

rm -rf "$place"
mkdir -p "$place/collections"
ansible-galaxy collection build --output-path "$place" . >&2
ansible-galaxy collection install --offline --collections-path "$place/collections" "$archive" >&2
installed=$place/collections/ansible_collections/mediastore/s3
ansible-galaxy collection verify --offline mediastore.s3 >&2
python "$utils/release_contents.py" "$archive" "$installed"

# What an execution environment would install for it.
builder=$("$utils/venv.sh" "$utils/../release/requirements.txt")
"$builder/bin/ansible-builder" introspect "$place/collections" >"$place/execution-environment.yml"
python "$utils/release_contents.py" --introspected "$place/execution-environment.yml" "$installed"
needed=$(PATH=$builder/bin:$PATH bindep --brief --file "$installed/bindep.txt" || true)
[[ -z $needed ]] || { echo "An execution environment would have to install these packages: $needed" >&2 && exit 1; }

# What is used must be there without anything of the checkout beside it: another directory, and no other collections.
cd "$place"
for playbook in "$installed"/playbooks/*.yml "$installed"/playbooks/*/*.yml; do
  name=mediastore.s3.$(realpath --relative-to="$installed/playbooks" "$playbook" | sed 's/\.yml$//; s#/#.#g')
  ansible-playbook -i localhost, --syntax-check "$name" >"$place/syntax.log" 2>&1 || { cat "$place/syntax.log" >&2 && exit 1; }
done
ansible-doc -t module -l mediastore.s3 >"$place/modules.txt"
"$checkout/tests/utils/demo.sh" --collections "$place/collections"
echo "release: $(basename "$archive"), $(($(stat -c %s "$archive") / 1024)) KiB, installed and shown"
