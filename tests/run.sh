# shellcheck shell=bash disable=SC2154 # root and the tables of needs are of the script that sources this
# The verb `test` of the script `wick`, which sources this file: every preset and its tests, or the long form. What fails
# does not stop what comes after it; the sums stand at the end.
# SPDX-License-Identifier: MIT

# The long form. One part a row: its name, then the moment at which it begins (UTC), or "busy".
long_parts='
january   2027-01-31 12:00:00
leap-day  2028-02-29 12:00:00
new-year  2026-12-31 23:58:00
spring    2027-03-14 06:58:00
autumn    2027-11-07 05:58:00
2038      2038-01-19 03:12:00
busy      busy
'

test_usage() {
  cat <<'END'
usage: wick test [--long [PART]]

Sets this machine up, builds, and runs every test.

  --long        tests that take hours instead: all parts, one after the other
  --long PART   one of them, at most an hour:
                january, leap-day, new-year, spring, autumn, 2038
                          unit, contract and scenario tests on that day: 31 January, 29 February, 31 December 23:58,
                          before both changes of summer time in the tests' time zone, and before 2^31 seconds
                busy      unit and contract tests five times, beside others that keep every core busy
END
}

attribute() { sed -n "s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" <<<"$2"; }

# Runs ctest in a preset, named $2 in what is said, with the arguments from $3 on; adds its numbers to the totals and
# shows what was left out. WRAPPER, an array, is put in front of the command.
run_tests() {
  local preset=$1 name=$2 results=$root/build/$1/results.xml status=0 suite total failures left_out
  shift 2
  rm -f "$results"
  (cd "$root" && "${wrapper[@]}" ctest --preset "$preset" -j2 --output-junit "$results" --test-output-size-passed 65536 \
    "$@" </dev/null) || status=$?
  if [ ! -f "$results" ]; then
    note_failure "$name: ctest did not run"
    return
  fi
  suite=$(grep -m 1 -A 8 '<testsuite ' "$results" | tr '\n' ' ')
  total=$(attribute tests "$suite") failures=$(attribute failures "$suite") left_out=$(attribute skipped "$suite")
  passed=$((passed + total - failures - left_out)) failed=$((failed + failures)) skipped=$((skipped + left_out))
  grep -h '^SKIPPED: ' "$results" | sort | uniq -c | sed "s/^ *\([0-9]*\) SKIPPED/wick: $name: skipped in \1 program(s)/" || true
  if [ "$status" != 0 ]; then
    failed_in+=("$name: $(sed -n 's/.*<testcase name="\([^"]*\)".*status="fail".*/\1/p' "$results" | tr '\n' ' ')")
    [ "$failures" != 0 ] || failed=$((failed + 1))
  fi
}

# Something that is no test of ctest has failed.
note_failure() {
  failed=$((failed + 1))
  failed_in+=("$1")
}

# Says where something failed, and the sums; the exit status follows from them.
sum_up() {
  local where
  for where in "${failed_in[@]}"; do say "failed in $where"; done
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ] || exit 1
}

run_every_test() {
  local preset
  for preset in dev asan tsan fuzz; do
    say "== $preset"
    if (build_preset "$preset"); then run_tests "$preset" "$preset"; else note_failure "$preset: it does not build"; fi
  done
  say "== release"
  if ! (build_preset release); then
    note_failure "release: it does not build"
  elif ! /usr/bin/python3 "$root/tests/tidy/hardening.py" "$root"/build/release/bin/*; then
    note_failure "release: hardening"
  fi
}

# Under another date. PostgreSQL's server keeps the true one: its time-outs stand still under libfaketime. Pages are left
# out, since a browser does not bear it.
run_at_date() {
  local offset=$(($(date -u -d "$2" +%s) - $(date -u +%s)))
  wrapper=(env 'FAKETIME_SKIP_CMDS=postgres,initdb,pgbouncer' faketime -m -f "$(printf '%+ds' "$offset")")
  run_tests dev "$1" -L 'unit|contract|scenario'
  wrapper=()
}

run_busy() {
  local hogs=() i
  for ((i = 0; i < $(nproc); i++)); do
    (while :; do :; done) &
    hogs+=($!)
  done
  # shellcheck disable=SC2064 # the processes of now
  trap "kill ${hogs[*]} 2>/dev/null || true" EXIT
  run_tests dev busy -L 'unit|contract' --repeat until-fail:5
  kill "${hogs[@]}"
  wait "${hogs[@]}" 2>/dev/null || true
}

run_long_tests() {
  local wanted=${1:-} name when found=
  build_preset dev
  while read -r name when; do
    if [ -z "$name" ] || [ "${wanted:-$name}" != "$name" ]; then continue; fi
    found=yes
    say "== $name${when:+ ($when)}"
    if [ "$when" = busy ]; then run_busy; else run_at_date "$name" "$when"; fi
  done <<<"$long_parts"
  [ -n "$found" ] || note_failure "no part was run"
}

# Exits when $1 is given and no part of the long form.
check_part() {
  if [ -n "${1:-}" ] && ! grep -q "^$1 " <<<"$long_parts"; then
    say "'$1' is no part of the long tests; these are: $(awk 'NF {printf "%s%s", sep, $1; sep = ", "}' <<<"$long_parts")"
    test_usage >&2
    exit 2
  fi
}

run_test_verb() {
  local long='' most=0 # arguments
  case ${1:-} in
  --help | -h)
    test_usage
    return
    ;;
  --long)
    long=yes most=1
    shift
    ;;
  esac
  if [ $# -gt $most ]; then
    test_usage >&2
    exit 2
  fi
  [ -z "$long" ] || check_part "$@"
  passed=0 failed=0 skipped=0 failed_in=() wrapper=()
  install_missing "$build_needs$test_needs${long:+$long_test_needs}"
  install_npm "$root/dashboard/web"
  install_npm "$root/tests"
  if [ -n "$long" ]; then run_long_tests "$@"; else run_every_test; fi
  sum_up
}
