#!/bin/sh
# interrupt_sweep.sh WORK SIGNAL: starts a sweep, ends it by a signal of that number once something is measured, and lets it go on.
set -eu
work=$1 signal=$2 all=9 # eight layers, and the machine's rates
# shellcheck source=tests/cli/inputs/sweep.sh
. "$(dirname "$0")/sweep.sh"
(sweep >"$work/first" 2>"$work/said") &
pid=$!
until [ "$(entries | wc -l)" -ge 3 ]; do
    kill -0 $pid
    sleep 0.05
done
kill -"$signal" $pid
code=0
wait $pid || code=$?
[ $code -eq $((128 + signal)) ]
entries >"$work/before"
[ "$(wc -l <"$work/before")" -lt "$all" ] || {
    echo "the sweep was over before it was killed" >&2
    exit 1
}
(sweep >"$work/second")
entries >"$work/after"
[ "$(wc -l <"$work/after")" -eq "$all" ]
# What was measured before is neither measured nor written again.
[ -z "$(comm -23 "$work/before" "$work/after")" ]
