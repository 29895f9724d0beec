#!/bin/sh
# Builds and runs use_affine.c against the model as a library of one kind, by hand and through CMake.
#   check.sh QUERN CMAKE KIND WORK     KIND: static, shared or object
set -eu
quern=$1 cmake=$2 kind=$3 work=$4
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"

case $kind in
    static) library=$work/libaffine.a ;;
    shared) library=$work/libaffine.so ;;
    object) library=$work/affine.o ;;
esac
"$quern" compile "$here/affine.qn" --weights "$here/affine.safetensors" --emit "$kind" -o "$library" --quiet
case $kind in
    # The object is the model alone: the runtime is linked beside it.
    object) extra="$(dirname "$quern")/../lib/quern/libquern_runtime.a" ;;
    *) extra= ;;
esac
# shellcheck disable=SC2086 # an empty word must vanish
cc -std=c99 -Wall -Wextra -pedantic -Werror -I"$work" "$here/use_affine.c" "$library" $extra \
    -lpthread -lm -ldl -o "$work/by_hand"
LD_LIBRARY_PATH=$work "$work/by_hand"

if [ "$kind" = shared ]; then
    # Programs look for the library by its name alone, wherever it lay when they were linked.
    readelf -d "$work/by_hand" | grep -q 'NEEDED.*\[libaffine\.so\]'
    # Only the model and the C interface are exported.
    if nm -D --defined-only "$library" | grep -v -E ' quern_[a-z_]*$'; then
        echo "these symbols should not be exported" >&2
        exit 1
    fi
fi
[ "$kind" = object ] && exit 0
# With ninja, which builds this project: a machine may have no make.
"$cmake" -G Ninja -S "$here/project" -B "$work/project" -DAFFINE_LIBRARY="$library" -DAFFINE_HEADERS="$work" >"$work/log"
"$cmake" --build "$work/project" >>"$work/log"
LD_LIBRARY_PATH=$work "$work/project/use_affine"
