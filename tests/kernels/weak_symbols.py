#!/usr/bin/env python3
"""Fails if a kernel library has weak symbols that other instruction sets' libraries may share.

The linker keeps one copy of a weak symbol, whichever library it came from: code compiled for AVX-512 would then run on
a processor without it. A name that holds the xsimd architecture is that library's own.

usage: weak_symbols.py nm c++filt architecture library
"""
import re
import subprocess
import sys

nm, cxxfilt, architecture, library = sys.argv[1:]
listing = subprocess.run([nm, library], check=True, capture_output=True, text=True).stdout
weak = [line.split()[-1] for line in listing.splitlines() if re.search(r"(^|\s)[WVu]\s", line)]
# Addresses of the C++ run time's own symbols: data, the same whatever the flags.
weak = [symbol for symbol in weak if not symbol.startswith("DW.ref.")]
names = subprocess.run([cxxfilt, *weak], check=True, capture_output=True, text=True).stdout.splitlines() if weak else []
shared = [name for name in names if architecture.replace(" ", "") not in name.replace(" ", "")]
for name in shared:
    print(f"{library}: weak and without {architecture} in its name: {name}")
print(f"{library}: {len(weak)} weak symbols, {len(shared)} of them shared")
sys.exit(bool(shared))
