# shellcheck shell=sh disable=SC2154  # work is set by who sources this
# The sweep that is interrupted: sourced with $work set.
export QUERN_CACHE="$work/cache" TMPDIR="$work"
sweep() {
    exec env --default-signal=INT quern conv --input "1x8x{9..16}x9" --filter 8x8x3x3 --algorithm direct --algorithm im2col --seconds 0.001 --json
}
entries() { # the tuning cache's entries with their times of writing
    find "$QUERN_CACHE/tuning" -name '*.json' -printf '%f %s %T@\n' 2>/dev/null | sort
}
