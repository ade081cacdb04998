#!/usr/bin/env bash
# Makes the images of the molecule scenarios, unless they are there and made by this very recipe:
#   mediastore-s3-systemd:SUITE   a Debian machine under systemd
#   mediastore-s3-moto:SUITE      an S3 server (moto) that other containers reach on port 5000
# Usage: build.sh [SUITE]. Needs a Docker engine that answers, and the development tools first on PATH.
set -euo pipefail
cd "$(dirname "$0")"
suite=${1:-bookworm}
utils=../utils

# boto3 is Debian's: on bookworm that is 1.26, the oldest that is supported.
packages=(systemd systemd-sysv dbus python3 python3-apt python3-boto3 ca-certificates iproute2 procps rsync fuse3 s3fs e2fsprogs libpq5 nginx-light
  curl openssh-server)
# No seat, device or console in a container; nginx waits for the scenario to start it, and tests/utils/ssh.sh starts sshd.
configure='systemctl mask systemd-udevd.service systemd-udev-trigger.service getty.target console-getty.service systemd-logind.service
systemctl disable nginx.service ssh.service'

moto=$(grep -E '^(moto|boto3)(\[|=)' ../../requirements-dev.txt | sed 's/\[[^]]*\]//')
machine_recipe=$(cat build.sh Containerfile | sha256sum | cut -c1-12)
store_recipe=$({ echo "$machine_recipe $moto" && cat moto/Containerfile; } | sha256sum | cut -c1-12)

made_by() {
  [[ $(docker image inspect --format '{{index .Config.Labels "recipe"}}' "$2" 2>/dev/null) == "$1" ]]
}

# The mirror that this machine itself installs from.
mirror() {
  awk '/^URIs:/ { print $2; exit } $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^http/) { print $i; exit } }' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | grep . || echo http://deb.debian.org/debian
}

machine_from_registry() {
  timeout 60 docker pull --quiet "debian:$suite-slim" >/dev/null 2>&1 || return 1
  docker build --quiet --label "recipe=$machine_recipe" --tag "$1" --build-arg "BASE=debian:$suite-slim" \
    --build-arg "PACKAGES=${packages[*]}" --build-arg "CONFIGURE=$configure" --file Containerfile . >/dev/null
}

machine_from_mirror() {
  if ((EUID != 0)); then
    echo "No registry has debian:$suite-slim, and only root can build it from Debian's packages: run tests/images/build.sh once as root." >&2
    return 1
  fi
  "$utils/need.sh" mmdebstrap
  # shellcheck disable=SC2016  # $1 is mmdebstrap's
  mmdebstrap --variant=apt --mode=root --quiet --include="$(IFS=, && echo "${packages[*]}")" \
    --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='chroot "$1" sh -c "'"$configure"'"' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/etc/resolv.conf "$1"/etc/hostname' \
    "$suite" - "$(mirror)" |
    docker import -c 'ENV container=docker' -c "LABEL recipe=$machine_recipe" -c 'CMD ["/lib/systemd/systemd"]' - "$1" >/dev/null
}

# The host's pip fetches moto, as pinned, for the container's Python: containers have no way to this machine's package index.
moto_image() {
  local context
  context=$(mktemp -d)
  # shellcheck disable=SC2064  # now, not then
  trap "rm -rf '$context'" EXIT
  cp moto/Containerfile "$context/"
  python -m pip install --quiet --disable-pip-version-check --target "$context/site" --python-version 3.11 --only-binary=:all: \
    --constraint <(echo "$moto") 'moto[s3]' flask flask-cors
  docker build --quiet --network none --label "recipe=$store_recipe" --tag "$1" --build-arg "BASE=mediastore-s3-systemd:$suite" \
    "$context" --file "$context/Containerfile" >/dev/null
}

machine=mediastore-s3-systemd:$suite
if ! made_by "$machine_recipe" "$machine"; then
  echo "building the image $machine"
  machine_from_registry "$machine" || machine_from_mirror "$machine"
fi
store=mediastore-s3-moto:$suite
if ! made_by "$store_recipe" "$store"; then
  echo "building the image $store"
  moto_image "$store"
fi
