#!/bin/sh
# Links two models that share a kernel into one program: as static libraries, whole or as needed, and as objects.
#   check_both.sh QUERN WORK
set -eu
quern=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
cd "$work"
for model in affine twin; do
    "$quern" compile "$here/$model.qn" --weights "$here/affine.safetensors" --emit static -o lib$model.a --quiet
    "$quern" compile "$here/$model.qn" --weights "$here/affine.safetensors" --emit object -o $model.o --quiet
    nm --defined-only $model.o | grep -o 'qk_.*' | sort >$model.kernels
done
[ -n "$(comm -12 affine.kernels twin.kernels)" ] || {
    echo "the models share no kernel, so this tests nothing" >&2
    exit 1
}
runtime=$(dirname "$quern")/../lib/quern/libquern_runtime.a
build() { # build NAME LINK-ARGUMENT...
    name=$1
    shift
    cc -std=c99 -Wall -Wextra -pedantic -Werror -I. "$here/use_both.c" "$@" -lpthread -lm -ldl -o "$name"
    "./$name"
}
build as_needed libaffine.a libtwin.a
build other_order libtwin.a libaffine.a
build objects affine.o twin.o "$runtime"
# All of one library: what the other needs of it is there already, and its own kernels yield.
build whole -Wl,--whole-archive libaffine.a -Wl,--no-whole-archive libtwin.a
