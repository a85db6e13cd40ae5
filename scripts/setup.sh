# What quickstart.sh and test.sh share; sourced, never run. It leaves the shell in the project's folder.
# Two scripts may run at the same time: whatever both would touch (apt, a build folder) is done under a lock on the
# folder itself, and looked at again once the lock is held.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export LC_ALL=C

say() { printf '\n\033[1m== %s\033[0m\n' "$*" | if [[ -t 1 ]]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# take DESCRIPTOR WHY: locks it, and says so if that means waiting.
take() { flock -n "$1" || { echo "$2; waiting."; flock "$1"; }; }

# --- packages -------------------------------------------------------------------------------------------------------
# "a|b": either will do, a is what gets installed.
library_packages=(g++ meson ninja-build 'pkg-config|pkgconf' libxtensor-dev libxsimd-dev libfmt-dev libhdf5-dev
    nlohmann-json3-dev libzip-dev zlib1g-dev 'libcurl4-openssl-dev|libcurl4-gnutls-dev' libpng-dev
    libjpeg62-turbo-dev libcli11-dev)
test_packages=(catch2)
bench_packages=(libbenchmark-dev libdnnl-dev)

installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# Prints those of its arguments that are not installed.
missing_of() {
    local entry choice
    for entry in "$@"; do
        for choice in ${entry//|/ }; do installed "$choice" && continue 2; done
        printf '%s\n' "${entry%%|*}"
    done
}

install_missing() {
    local missing as_root=()
    mapfile -t missing < <(missing_of "$@")
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "missing: ${missing[*]}. As root, run: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing ${missing[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
    # Package lists that are already there may be stale; fetching them again is the only way to know.
    "${apt[@]}" update || echo "apt-get update failed; trying with the lists as they are"
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null
}

# need_packages NAME...: has them installed when it returns.
need_packages() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo "No apt here: taking it that these, or what this system calls them, are installed: $*"
        return 0
    fi
    [[ -n $(missing_of "$@") ]] || return 0
    # Reading locks suffice for flock, so that any user may take it and no file is left behind.
    (take 9 "Something else is installing packages" && install_missing "$@") 9</var/lib/dpkg
}

# --- builds ---------------------------------------------------------------------------------------------------------
# build FOLDER "TARGET..." [MESON OPTION...]: configures if need be, then builds the targets.
# A folder configured before some library was installed does not know a target yet, one from an older version of the
# project may have other options: such a folder is configured once more.
build() {
    local folder=$1 targets=$2
    shift 2
    mkdir -p "$folder"
    (
        take 8 "Something else is building in $folder"
        unknown() {
            local target
            for target in $targets; do
                grep -q "^build $target:" "$folder/build.ninja" 2>/dev/null || { echo "$target"; return; }
            done
        }
        if [[ ! -f $folder/build.ninja ]]; then
            say "Configuring $folder"
            # The rest of a configuration that was cut short is no reason to give up.
            meson setup "$folder" "$@" || meson setup --wipe "$folder" "$@"
        elif [[ -n $(unknown) || $(cat "$folder/options" 2>/dev/null || true) != "$*" ]]; then
            say "Configuring $folder again"
            meson setup --reconfigure "$folder" "$@" || meson setup --wipe "$folder" "$@"
        fi
        printf '%s' "$*" >"$folder/options"
        [[ -z $(unknown) ]] || die "$folder cannot build $(unknown): see $folder/meson-logs/meson-log.txt"
        say "Building $targets in $folder"
        # The compiler's helpers must not keep the lock: it ends with this script.
        # shellcheck disable=SC2086
        ninja -C "$folder" $targets 8<&-
    ) 8<"$folder"
}

# --- data -----------------------------------------------------------------------------------------------------------
# Data sets lie in $WEFT_DATA/<name>, or beside the project in ../shared/data/<name>.
if [[ -z ${WEFT_DATA:-} && -d $root/../shared/data ]]; then
    WEFT_DATA=$(cd "$root/../shared/data" && pwd)
fi
if [[ -n ${WEFT_DATA:-} ]]; then
    export WEFT_DATA
fi

# has_idx FOLDER: the four files of MNIST or Fashion-MNIST lie there, packed or not.
has_idx() {
    local part
    for part in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
        [[ -f $1/$part-ubyte || -f $1/$part-ubyte.gz ]] || return 1
    done
}

# data_folder NAME: prints the folder of a data set that is on this machine, or fails.
data_folder() {
    local folder
    for folder in "${WEFT_DATA:-/nonexistent}/$1" "${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/weft/$1" \
        "/usr/share/datasets/${1//_/-}"; do
        if has_idx "$folder"; then
            printf '%s\n' "$folder"
            return 0
        fi
    done
    return 1
}
