#!/bin/sh
# damage_tuning.sh WORK: a finished sweep's cache is damaged in several ways, none of which may show.
set -eu
work=$1
# shellcheck source=tests/cli/inputs/sweep.sh
. "$(dirname "$0")/sweep.sh"
(sweep >"$work/whole")
# shellcheck disable=SC2046  # names of ours, without spaces
set -- $(grep -l ms_median "$QUERN_CACHE"/tuning/*.json)
[ $# -eq 8 ]
: >"$1"
printf 'garbage' >"$2"
truncate -s 100 "$3"
printf '0000000000000000\n{"machine": 5, "what": [], "records": null}' >"$4"
sed -i 's/"ms_median": /"ms_median": 1/' "$5"
rm "$6" && mkdir "$6"
cp "$8" "$7"
cp -r "$QUERN_CACHE/tuning" "$work/damaged"
(sweep >"$work/again")
# The same layers and algorithms, whatever their times, and the one that was not damaged to the digit.
for file in whole again; do
    grep -E '"(layer|algorithm)"' "$work/$file" >"$work/$file.names"
done
cmp "$work/whole.names" "$work/again.names"
cmp "$8" "$work/damaged/$(basename "$8")"
for entry in "$1" "$2" "$3" "$4" "$5" "$7"; do
    if cmp -s "$entry" "$work/damaged/$(basename "$entry")"; then
        echo "$entry was not measured again" >&2
        exit 1
    fi
done
