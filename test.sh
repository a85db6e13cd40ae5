#!/usr/bin/env bash
# Builds the project and tests it: on every instruction set this processor has, then once more under the address and
# undefined-behaviour sanitizers (but for the tests tagged [slow]). Can be run again at any time, from any folder.
#
#   test.sh          all of that, in under 15 minutes on two cores
#   test.sh --all    also the long ones: clang, the thread sanitizer, training to full accuracy, more of Keras
#
# The last line reads "N passed, N failed" (", N skipped" if any were); the exit status is 0 only if none failed.
source "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"
source scripts/count.sh
source scripts/peers.sh

long=false
case "$*" in
    '') ;;
    --all) long=true ;;
    *) die "usage: test.sh [--all]" ;;
esac

started=$SECONDS
logs=$root/build/test-logs
trap finish EXIT

need_packages "${library_packages[@]}" "${test_packages[@]}"
mkdir -p "$logs"
prepare_peers
[[ -n ${WEFT_DATA:-} ]] || echo "WEFT_DATA is not set, ../shared/data is not there: tests of real data are skipped."

# --- the release build, on every instruction set ----------------------------------------------------------------------
build_started=$SECONDS
build build 'tests/weft_tests tests/list_isas all'
build_seconds=$((SECONDS - build_started))
mapfile -t isas < <(build/tests/list_isas)
((${#isas[@]})) || die "build/tests/list_isas names no instruction set"
for isa in "${isas[@]}"; do
    begin_tests "on $isa" env WEFT_ISA="$isa" build/tests/weft_tests
done
end_tests
run_meson_tests "that meson knows of" build
run_case "models exchanged with Keras 3 and tf_keras, both ways" exchange
run_case "a program outside the tree, with what meson install gives it" scripts/test_install.sh build "$logs/budgets"

# --- sanitizers -------------------------------------------------------------------------------------------------------
# Warnings belong to the release build: under the sanitizers g++ 12 has false ones, in its own headers. Optimizing for
# debugging compiles three times as fast as -O1 here, and so does not asking of each pointer whether it is null, which
# the address sanitizer sees anyway.
# The tests run on the best instruction set, so no other's kernels need watching.
sanitizer_options=(-Doptimization=g -Dcpp_args='-g1 -w -fno-sanitize=null' -Dexamples=false -Dbench=disabled
    -Dsanitized_isas="${isas[-1]}")
export ASAN_OPTIONS=${ASAN_OPTIONS:-strict_string_checks=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
build build-sanitize tests/weft_tests -Db_sanitize=address,undefined "${sanitizer_options[@]}"
begin_halves "under the address and undefined-behaviour sanitizers" '~[slow]' build-sanitize/tests/weft_tests
end_tests

if $long; then
    source scripts/test_long.sh
fi

# --- budgets (design: a user's file under 6 s, the library under 8 MB stripped, the tests under 15 minutes) -----------
say "Budgets"
cat "$logs/budgets" 2>/dev/null || true
printf 'build of everything in build/           %5d s   (what was not up to date)\n' "$build_seconds"
printf 'whole test run                          %5d s   (budget 900 s without --all)\n' "$((SECONDS - started))"
