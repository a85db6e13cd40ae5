# How test.sh counts; sourced by it. A test case that ran on three instruction sets counts three times.
passed=0
failed=0
skipped=0
failures=()

# summary_of LOG: prints "passed failed skipped" from the summary of Catch2 (version 2 or 3), or fails if it has none:
# then the run died.
summary_of() {
    awk '
        /^All tests passed \(/ { match($0, /in [0-9]+ test case/); good = substr($0, RSTART + 3) + 0; found = 1 }
        /^test cases:/ {
            found = 1
            count = split($0, part, "|")
            for (i = 2; i <= count; ++i) {
                if (part[i] ~ /failed as expected/ || part[i] ~ /passed/) good += part[i] + 0
                else if (part[i] ~ /failed/) bad += part[i] + 0
                else if (part[i] ~ /skipped/) left += part[i] + 0
            }
        }
        END { if (!found) exit 1; print good + 0, bad + 0, left + 0 }' "$1"
}

# run_tests TITLE SPECIFICATION COMMAND...: runs a Catch2 program and adds up its test cases. Catch2 2 cannot skip a
# test: one that lacks what it needs says WARN("skipped: why") and returns, and is counted as skipped here.
run_tests() {
    local title=$1 specification=$2 log status=0 counts good bad left
    shift 2
    say "Tests $title"
    log=$logs/${title//[^a-z0-9]/-}.log
    "$@" --warn NoTests ${specification:+"$specification"} 2>&1 | tee "$log" || status=$?
    if counts=$(summary_of "$log"); then
        read -r good bad left <<<"$counts"
        counts=$(grep -c '^ *skipped: ' "$log" || true)
        ((left += counts, good -= counts)) || true
    else
        good=0 bad=0 left=0
    fi
    # Died without a summary, or leaked, or ran nothing: no count says it, the exit status does.
    if ((status != 0 && bad == 0)); then
        echo "exit status $status"
        bad=1
    fi
    ((passed += good, failed += bad, skipped += left)) || true
    if ((bad)); then failures+=("$bad $title: $log"); fi
}

# run_meson_tests TITLE FOLDER: runs what meson knows of besides the Catch2 program, and adds it up.
run_meson_tests() {
    local title=$1 log status=0 good bad left
    say "Tests $title"
    log=$logs/${title//[^a-z0-9]/-}.log
    meson test -C "$2" --no-rebuild --no-suite catch --print-errorlogs 2>&1 | tee "$log" || status=$?
    read -r good bad left < <(awk '
        /^Ok:/ || /^Expected Fail:/ { good += $NF }
        /^Fail:/ || /^Unexpected Pass:/ || /^Timeout:/ { bad += $NF }
        /^Skipped:/ { left += $NF }
        END { print good + 0, bad + 0, left + 0 }' "$log")
    ((status == 0 || bad > 0)) || bad=1
    ((passed += good, failed += bad, skipped += left)) || true
    if ((bad)); then failures+=("$bad $title: $log"); fi
}

# run_case TITLE COMMAND...: one test, passed if the command succeeds, skipped if it ends with status 77.
run_case() {
    local title=$1 log status=0
    shift
    say "Test: $title"
    log=$logs/${title//[^a-z0-9]/-}.log
    "$@" 2>&1 | tee "$log" || status=$?
    case $status in
        0) passed=$((passed + 1)) ;;
        77) skipped=$((skipped + 1)) ;;
        *) failed=$((failed + 1)) failures+=("$title (status $status): $log") ;;
    esac
}

# The last words, however the run ends: a build that fails, or Ctrl-C, is a failure too.
finish() {
    local status=$?
    trap - EXIT
    ((status == 0 || failed > 0)) || { failed=1 failures+=("stopped early, with status $status: see above"); }
    if ((failed)); then
        say "Failed"
        printf '%s\n' "${failures[@]}"
    fi
    echo
    if ((skipped)); then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    ((failed == 0)) || exit 1
    exit 0
}
