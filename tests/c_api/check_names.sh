#!/bin/sh
# Models called like what C, C++, their libraries and ours have already: as programs, and all in one C and one C++ program.
#   check_names.sh QUERN WORK
set -eu
quern=$1 work=$2
names='main malloc memcpy read pthread_create double class quern_run quern halide_malloc prepare name order'
rm -rf "$work"
mkdir -p "$work"
cd "$work"
printf '\0\0\200\77\0\0\0\100' >in.raw # 1, 2
includes='' calls='' libraries=''
for name in $names; do
    echo "model $name(x: f32[2]) -> f32[2] { return x + x }" >"$name.qn"
    "$quern" compile "$name.qn" --emit static -o "lib${name}_net.a" --quiet
    libraries="$libraries lib${name}_net.a"
    includes="$includes#include \"${name}_net.h\"
"
    calls="$calls  failed |= check(quern_get_$name());
"
done
for name in main malloc read quern_run; do
    "$quern" compile "$name.qn" -o "$name.program" --quiet
    "./$name.program" in.raw --output out.raw
    [ "$(od -An -tf4 out.raw | tr -d ' ')" = 24 ]
done
cat >use.c <<END
$includes
static int check(const quern_model *net) {
  const float x[2] = {1, 2};
  float y[2] = {0, 0};
  const void *inputs[1] = {x};
  void *outputs[1] = {y};
  quern_context *context;
  int failed;
  if (quern_create(net, NULL, &context) != QUERN_OK)
    return 1;
  failed = quern_run(context, inputs, outputs) != QUERN_OK;
  quern_destroy(context);
  return failed || y[0] != 2 || y[1] != 4;
}
int main(void) {
  int failed = 0;
$calls  return failed;
}
END
cp use.c use.cpp
# shellcheck disable=SC2086 # several libraries
cc -std=c99 -Wall -Wextra -pedantic -Werror -I. use.c $libraries -lpthread -lm -ldl -o use_c
./use_c
# shellcheck disable=SC2086
c++ -std=c++17 -Wall -Wextra -pedantic -Werror -I. use.cpp $libraries -lpthread -lm -ldl -o use_cpp
./use_cpp
