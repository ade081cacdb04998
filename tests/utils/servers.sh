#!/usr/bin/env bash
# Makes servers (and goofys, which mounts a bucket) for the tests available, and prints the name of each and the directory of
# its programs.
#   servers.sh [--check] NAME...            (ceph garage garage1 goofys minio versitygw)
# With --check it makes nothing and only says whether it could build what is to be built.
# Debian has Ceph. The others are built from source, once for each version, in the user's cache.
set -euo pipefail
# shellcheck source=tests/utils/env.sh
source "$(dirname "$0")/env.sh"

check=no
if [[ ${1:-} == --check ]]; then
  check=yes
  shift
fi
servers=" ceph garage garage1 goofys minio versitygw "
for name in "$@"; do
  if [[ $servers != *" $name "* ]]; then
    echo "There is no server $name; there are:$servers" >&2
    exit 1
  fi
done
"$utils/need.sh" python3 >&2

# TOOLCHAIN WANTED FOUND: whether what was found (perhaps nothing) is new enough
new_enough() {
  [[ -n $3 && $(printf '%s\n' "$2" "$3" | sort -V | head -n 1) == "$2" ]] && return
  echo "$name $version is built with $1 $2 or newer; on PATH is ${3:-none}. Install it, then run the same command again." >&2
  exit 1
}

go_install() { # PACKAGE[@VERSION]
  new_enough Go 1.25 "$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//')"
  [[ $check == no ]] || return 0
  # local: a toolchain is the user's choice, not something to download
  GOTOOLCHAIN=local GOBIN=$making/bin nice go install "$1" >&2
}

cargo_install() { # CRATE VERSION [OPTION OF CARGO...]
  new_enough Rust 1.85 "$(cargo --version 2>/dev/null | cut -d ' ' -f 2)"
  [[ $check == no ]] || return 0
  "$utils/need.sh" cc=gcc make >&2
  # Built for the tests, where the minutes count that the compiler takes and not the milliseconds of the server.
  export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 CARGO_PROFILE_RELEASE_DEBUG=0
  nice cargo install --quiet --locked --root "$making" --version "$2" "${@:3}" "$1" >&2
}

build() {
  case $name in
    # with what stores and serves objects, and nothing else
    garage | garage1) cargo_install garage "$version" --no-default-features --features bundled-libs,sqlite ;;
    # its module (tests/servers/goofys) says the version
    goofys) (cd "$root/tests/servers/goofys" && go_install github.com/kahing/goofys) ;;
    minio) go_install "github.com/minio/minio@v$version" ;;
    versitygw) go_install "github.com/versity/versitygw/cmd/versitygw@v$version" ;;
  esac
}

mkdir -p "$cache/servers"
for name in "$@"; do
  # one maker at a time; what is there is whole, as it is moved into place
  exec 9>"$cache/servers/$name.lock"
  flock 9
  case $name in
    ceph)
      [[ $check == no ]] || continue
      # without the lock: whatever the packages start must not hold it
      "$utils/need.sh" ceph-mon ceph-osd radosgw ceph=ceph-common >&2 9>&-
      echo "ceph $(dirname "$(PATH=$PATH:/usr/sbin:/sbin command -v radosgw)")"
      ;;
    garage | garage1 | goofys | minio | versitygw)
      # both are said in one place
      read -r version directory < <(python3 "$root/tests/servers/binaries.py" "$name")
      if [[ ! -d $directory && $check == yes ]]; then
        build
      elif [[ ! -d $directory ]]; then
        echo "building $name $version, which takes minutes, once" >&2
        making=$directory.making started=$SECONDS
        rm -rf "$making"
        build
        mv "$making" "$directory"
        echo "built $name in $((SECONDS - started)) s" >&2
      fi
      echo "$name $directory/bin"
      ;;
  esac
done
