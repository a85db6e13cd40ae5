#!/usr/bin/env python3
"""Opens the model that examples/mnist_cnn has written with the real Keras, and compares the accuracies.

usage: open_in_keras.py FOLDER      (the example's --out, with its output in output.txt)
Looks for MNIST in $WEFT_DATA/mnist, then in the user's cache; ends with status 77 if it is in neither.
"""
import gzip
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np


def read_idx(folder, name):
    for path, opened in ((folder / name, open), (folder / (name + ".gz"), gzip.open)):
        if path.exists():
            with opened(path, "rb") as file:
                raw = file.read()
            axes = raw[3]
            shape = np.frombuffer(raw, ">i4", axes, 4)
            return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(shape)
    return None


def main():
    out = pathlib.Path(sys.argv[1])
    if not (out / "output.txt").exists():
        print(f"nothing was trained in {out}: skipped")
        return 77
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "weft"
    for root in (os.environ.get("WEFT_DATA"), cache):
        images = root and read_idx(pathlib.Path(root) / "mnist", "t10k-images-idx3-ubyte")
        if images is not None and len(images):
            break
    else:
        print("MNIST is not on this machine: skipped")
        return 77
    labels = read_idx(pathlib.Path(root) / "mnist", "t10k-labels-idx1-ubyte")
    said = float((out / "output.txt").read_text().split()[-1])

    model = keras.models.load_model(out / "mnist_cnn.h5")
    model.summary()
    right = model.predict(images[..., None] / 255.0, batch_size=1000, verbose=0).argmax(-1) == labels
    print(f"keras {keras.__version__}: {right.mean():.4f}; weft: {said:.4f}")
    # One image in ten thousand may lie between two digits, where rounding decides.
    return 0 if abs(right.mean() - said) <= 1.5e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
