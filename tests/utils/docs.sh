#!/usr/bin/env bash
# Builds the documentation site: the guides, and every module, filter and role from its own spec. A warning or a dead link ends it.
# Called by stage.sh, in the copy of the tree.
#   docs.sh DIRECTORY
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
site=${1:?the directory of the site}
venv=$("$utils/venv.sh" "$utils/../../docs/site/requirements.txt")
# antsibull-docs starts the ansible-doc that it finds first
export PATH=$venv/bin:$PATH VIRTUAL_ENV=$venv
pages=$site.source
rm -rf "$site" "$pages"
mkdir -p "$pages/reference"
cp docs/site/conf.py "$pages/"
python "$utils/site_source.py" . "$pages"
antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir "$pages/reference" mediastore.s3
sphinx-build --builder html --fail-on-warning --keep-going --quiet --jobs auto -d "$site.doctrees" "$pages" "$site"
python "$utils/check_links.py" "$site"
