#!/bin/sh
# Runs a model on tensors at every offset from a vector's alignment.
#   check_unaligned.sh QUERN WORK
set -eu
quern=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
cd "$work"
"$quern" compile "$here/unaligned.qn" --emit static -o libunaligned.a --quiet
cc -std=c99 -Wall -Wextra -pedantic -Werror -I. "$here/use_unaligned.c" libunaligned.a -lpthread -lm -ldl -o use_unaligned
./use_unaligned
