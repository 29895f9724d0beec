#!/bin/sh
# dev_test.sh TOP: what ./dev promises, tried in an empty copy of it, with stand-ins for apt, pip and CMake. No network.
set -u
top=$1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
unset QUERN_DEV_LOCKED QUERN_BUILD
mkdir "$place/bin" "$place/repo"
cp "$top/dev" "$place/repo/"
cd "$place/repo" || exit 1
failures=0

check() { # check WHAT STATUS-WANTED PATTERN-WANTED command...: in the output, standard error included
    what=$1 wanted=$2 pattern=$3
    shift 3
    "$@" >"$place/out" 2>&1
    got=$?
    if [ "$got" -ne "$wanted" ] || ! { [ -z "$pattern" ] || grep -q -- "$pattern" "$place/out"; }; then
        failures=$((failures + 1))
        echo "FAILED: $what: status $got, wanted $wanted and '$pattern' in:"
        sed 's/^/    /' "$place/out"
    else
        echo "ok: $what"
    fi
}

stand_in() { # stand_in NAME: a program found before the real one; its text comes on standard input
    cat >"$place/bin/$1"
    chmod +x "$place/bin/$1"
}

for shell in sh dash bash; do
    command -v "$shell" >/dev/null && check "$shell reads it" 0 '' "$shell" -n ./dev
done
check "help" 0 'usage: ./dev COMMAND' ./dev help
check "no command is help" 0 'usage: ./dev COMMAND' ./dev
check "--help" 0 'setup .* install' ./dev --help
check "an unknown command" 2 "no command 'tset'" ./dev tset
check "clean refuses what it does not know" 1 "takes --all" ./dev clean --everything
check "it works from another folder" 0 'usage' sh -c "cd / && '$place/repo/dev' help"
for word in setup build demo test bench format lint clean; do
    check "help names $word" 0 "^  $word " ./dev help
done

# From here on with stand-ins: every package is there, and a venv is a folder.
PATH=$place/bin:$PATH
stand_in dpkg-query <<'S'
#!/bin/sh
for p in "$@"; do case $p in -*|'${'*) ;; *) printf 'installed:%s ' "$p" ;; esac; done
S
mkdir -p .deps/venv/bin
sed -n 's/^wheels="\(.*\)"$/\1/p' dev >"$place/wheels"
printf '%s' "$place/repo/.deps/venv $(/usr/bin/python3 -V) --no-deps --only-binary :all: $(cat "$place/wheels")" \
    >.deps/venv/.made-for
check "nothing to set up" 0 '^set up$' ./dev setup
[ ! -e .deps/log ] || { echo "FAILED: a set-up that has nothing to do ran a step"; failures=$((failures + 1)); }

cat >.deps/venv/bin/cmake <<'S'
#!/bin/sh
case $* in
*--preset*)
    while [ "$1" != -B ]; do shift; done
    mkdir -p "$2" && : >"$2/build.ninja"
    ;;
*full*) echo "c++: fatal error: No space left on device"; exit 7 ;;
*broken*) echo "ninja: this went wrong"; exit 3 ;;
*slow*) touch "$SLOW.began"; sleep 2; touch "$SLOW" ;;
esac
S
chmod +x .deps/venv/bin/cmake
check "a build" 0 '  build all: [0-9]* s' ./dev build
check "a step that fails shows its log" 3 '| ninja: this went wrong' ./dev build broken
check "and says where the log lies" 3 '.deps/log/build.log' ./dev build broken
check "a full disk has a remedy" 7 'the disk is full' ./dev build full

# One at a time: the second waits for the first, whose death frees the lock.
SLOW=$place/slow ./dev build slow >"$place/first" 2>&1 &
first=$!
while [ ! -e "$place/slow.began" ]; do sleep 0.1; done
check "two at once take turns" 0 'waiting for it' ./dev build
[ -e "$place/slow" ] || { echo "FAILED: the second did not wait for the first"; failures=$((failures + 1)); }
wait "$first"
(exec 9>>"$place/repo/.deps/lock" && flock 9 && exec sleep 60) &
holder=$!
(sleep 1 && kill -9 "$holder") &
check "a killed holder frees the lock" 0 'build all' ./dev build

# A package is missing, and the user is not root, or the network is down.
stand_in dpkg-query <<'S'
#!/bin/sh
exit 1
S
stand_in id <<'S'
#!/bin/sh
echo 1000
S
check "not root: the command to run" 1 'sudo apt-get update && sudo apt-get install .*libmlir-22-dev' ./dev setup
stand_in id <<'S'
#!/bin/sh
echo 0
S
stand_in dpkg <<'S'
#!/bin/sh
exit 0
S
stand_in apt-get <<'S'
#!/bin/sh
echo "E: Failed to fetch http://debian.invalid  Temporary failure resolving 'debian.invalid'"
exit 100
S
check "no network: a remedy" 100 'run the same command again' ./dev setup

[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
echo "all passed"
