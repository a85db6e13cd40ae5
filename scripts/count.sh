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

# begin_tests TITLE COMMAND...: starts a Catch2 program in the background; end_tests waits for those begun, shows what
# they printed and adds up their test cases. Threads that wait give way, since several such programs run at once. Catch2 2
# cannot skip a test: one that lacks what it needs says WARN("skipped: why") and returns, and is counted as skipped here.
begun_titles=()
begun_processes=()
begin_tests() {
    local title=$1
    shift
    OMP_WAIT_POLICY=passive "$@" --warn NoTests >"$(log_of "$title")" 2>&1 &
    begun_titles+=("$title") begun_processes+=($!)
}

end_tests() {
    local i
    for i in "${!begun_titles[@]}"; do
        local status=0
        wait "${begun_processes[i]}" || status=$?
        say "Tests ${begun_titles[i]}"
        cat "$(log_of "${begun_titles[i]}")"
        count_tests "${begun_titles[i]}" "$status"
    done
    begun_titles=() begun_processes=()
}

# run_tests TITLE COMMAND...: the same for one, shown as it runs.
run_tests() {
    local title=$1 status=0
    shift
    say "Tests $title"
    "$@" --warn NoTests 2>&1 | tee "$(log_of "$title")" || status=$?
    count_tests "$title" "$status"
}

# begin_halves TITLE SPECIFICATION COMMAND...: begins the tests that a specification picks as two programs.
begin_halves() {
    local title=$1 specification=$2 half names
    shift 2
    for half in 0 1; do
        names=$logs/names-$half
        # Catch2 2 gives the number of names as its exit status, and ends a name at a comma, even where it reads one a line.
        { "$@" --list-test-names-only "$specification" || true; } | awk -v half=$half 'NR % 2 == half' | sed 's/[,[]/\\&/g' >"$names"
        (($({ "$@" --list-test-names-only --input-file "$names" || true; } | wc -l) == $(wc -l <"$names"))) ||
            die "$names: not all of these tests are found"
        begin_tests "$title, half $((half + 1))" "$@" --input-file "$names"
    done
}

log_of() { printf '%s/%s.log' "$logs" "${1//[^a-z0-9]/-}"; }

# count_tests TITLE STATUS: adds up the test cases of that log.
count_tests() {
    local title=$1 status=$2 log counts good bad left
    log=$(log_of "$title")
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
    log=$(log_of "$title")
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
    log=$(log_of "$title")
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
    ((${#begun_processes[@]} == 0)) || kill "${begun_processes[@]}" 2>/dev/null || true  # Ctrl-C does not reach them
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
