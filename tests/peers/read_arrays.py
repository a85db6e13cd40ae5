#!/usr/bin/env python3
"""Reads what write_arrays has written with the real NumPy and h5py: read_arrays.py FOLDER"""
import pathlib
import sys

import h5py
import numpy as np

TYPES = [np.bool_, np.uint8, np.int64, np.float32, np.float64]
SHAPES = [(), (7,), (2, 0, 3), (300, 70)]


def main():
    folder = pathlib.Path(sys.argv[1])
    files = {"npy": lambda name: np.load(folder / (name + ".npy"))}
    for name in ["stored.npz", "deflated.npz"]:
        files[name] = np.load(folder / name).__getitem__
    for name in ["plain.h5", "chunked.h5", "packed.h5"]:
        files[name] = lambda array, file=h5py.File(folder / name): file[array][()]
    bad = count = 0
    for index, (dtype, shape) in enumerate((dtype, shape) for dtype in TYPES for shape in SHAPES):
        expected = np.arange(int(np.prod(shape))).astype(dtype).reshape(shape)
        for file, read in files.items():
            found = np.asarray(read(f"array{index}"))
            count += 1
            if found.dtype != expected.dtype or found.shape != expected.shape or not np.array_equal(found, expected):
                print(f"{file}, array{index}: {found.dtype}{found.shape}, expected {expected.dtype}{expected.shape}")
                bad += 1
    print(f"{count} arrays read, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
