#!/usr/bin/env bash
# Installs a build into a folder of its own, compiles and runs a program with what pkg-config says, and measures what
# that costs.   usage: test_install.sh BUILD_FOLDER FILE_FOR_THE_FIGURES
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=$1
figures=$2

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
DESTDIR=$stage meson install -C "$build" --no-rebuild --quiet

pc=$(find "$stage" -name weft.pc)
prefix=$stage$(sed -n 's/^prefix=//p' "$pc")
pkg() { PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-variable=prefix="$prefix" "$@" weft; }
read -ra cflags < <(pkg --cflags)
read -ra libs < <(pkg --libs)
library_folder=$(dirname "$(dirname "$pc")")

now() { date +%s.%N; }
begun=$(now)
CCACHE_DISABLE=1 ${CXX:-g++} -std=c++20 -O2 -Wall -Wextra "${cflags[@]}" -c tests/install/main.cpp -o "$stage/main.o"
seconds=$(awk -v a="$begun" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }')
${CXX:-g++} "$stage/main.o" "${libs[@]}" -Wl,-rpath,"$library_folder" -o "$stage/main"
"$stage/main"

library=$(find "$stage" -name 'libweft.so.*' -type f)
strip -o "$stage/stripped.so" "$library"
{
    printf 'compile a file that includes weft.hpp   %5s s   (budget 6 s at -O2)\n' "$seconds"
    awk -v bytes="$(stat -c %s "$stage/stripped.so")" \
        'BEGIN { printf "stripped library                        %5.1f MB  (budget 8 MB)\n", bytes / 1e6 }'
} >"$figures"
