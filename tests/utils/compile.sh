#!/usr/bin/env bash
# Compiles a C program that uses threads and OpenSSL; what that needs is installed first, or it says what to install.
#   compile.sh SOURCE PROGRAM [OPTION OF THE COMPILER...]
set -euo pipefail
utils=$(dirname "$(readlink -f "$0")")
source=${1:?a source} program=${2:?a program}

"$utils/need.sh" gcc
# the compiler alone has neither the C library's headers nor OpenSSL's; no command has their names, so they are asked for
if ! echo '#include <openssl/ssl.h>' | gcc -E - >/dev/null 2>&1; then
  "$utils/need.sh" libc-headers=libc6-dev openssl-headers=libssl-dev
fi
gcc -O2 -Wall -Wextra -pthread "${@:3}" -o "$program" "$source" -lssl -lcrypto
