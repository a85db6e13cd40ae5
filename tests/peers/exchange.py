"""Models to and from Keras: exchange.py make FOLDER, then tests/exchange FOLDER, then exchange.py check FOLDER.

`make` saves each model of exchange_models.py in every format that Keras 3 and tf_keras write, with an input and what the
model makes of it; weft's program loads each, compares, and writes it again in all of its own formats; `check` opens
these in the Keras of the same folder and compares once more."""
import os
import pathlib
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
warnings.filterwarnings("ignore")

import h5py
import numpy as np

import exchange_models


def kerases():
    import keras
    import tf_keras
    return {"keras": keras, "tf_keras": tf_keras}


# What a whole file of weft's does not yet say in the words of that Keras; its weights are checked all the same.
ONE_WAY = {("keras", "encoder_decoder"), ("tf_keras", "dense_hard_sigmoid"), ("tf_keras", "lstm_options"),
           ("tf_keras", "nested_twice")}  # tf_keras never returns from a nested model called twice


def as_list(value):
    return [np.asarray(v) for v in value] if isinstance(value, (list, tuple)) else [np.asarray(value)]


def predict(model, inputs):
    return as_list(model(inputs if len(inputs) > 1 else inputs[0], training=False))


def penalty(model):
    """Of the regularizers, of what the last call returned too."""
    return float(sum(float(loss) for loss in model.losses))


def save(model, folder, name, deterministic):
    made = []
    for kind, write in [("whole.h5", model.save), ("whole.keras", model.save), ("v3.weights.h5", model.save_weights),
                        ("legacy.h5", model.save_weights)]:
        if kind == "legacy.h5" and deterministic:
            continue  # Keras 3 writes no such file
        path = folder / f"{name}.{kind}"
        try:
            write(str(path))
            made.append(kind)
        except Exception as error:  # a format that this version cannot write
            path.unlink(missing_ok=True)
            print(f"{folder.name} {name}: Keras itself cannot write {kind}: {str(error)[:100]}")
    return made


def make(root):
    for family, k in kerases().items():
        folder = root / family
        folder.mkdir(parents=True, exist_ok=True)
        with h5py.File(folder / "reference.h5", "w") as reference:
            count = 0
            for name, model, kind in exchange_models.cases(k):
                exchange_models.set_weights(model)
                inputs = exchange_models.inputs_of(model, kind)
                outputs = predict(model, inputs)
                punished = penalty(model)
                if count % 4 == 0:
                    model.compile(optimizer="adam", loss="mean_squared_error" if len(outputs) == 1 else None, metrics=["mae"] if len(outputs) == 1 else None)
                group = reference.create_group(name)
                group.attrs["penalty"] = np.bytes_(repr(punished))
                group.attrs["formats"] = np.bytes_(" ".join(save(model, folder, name, family == "keras")))
                for i, value in enumerate(inputs):
                    group[f"input/{i}"] = value
                for i, value in enumerate(outputs):
                    group[f"output/{i}"] = value
                count += 1
            print(f"{family} {k.__version__}: {count} models")


def same(found, expected, bound):
    return len(found) == len(expected) and all(
        a.shape == b.shape and np.abs(a - b).max() <= bound * max(1, np.abs(b).max()) for a, b in zip(found, expected))


def check(root):
    failures = checked = 0
    for family, k in kerases().items():
        folder = root / family
        with h5py.File(folder / "reference.h5") as reference:
            for name, model, _ in exchange_models.cases(k):
                group = reference[name]
                inputs = [group[f"input/{i}"][()] for i in range(len(group["input"]))]
                outputs = [group[f"output/{i}"][()] for i in range(len(group["output"]))]
                bound = 1e-4 if name.startswith("deep") else 1e-5
                for kind in ["whole.h5", "whole.keras", "v3.weights.h5", "legacy.h5"]:
                    path = folder / f"{name}.weft.{kind}"
                    if kind.startswith("whole") and (family, name) in ONE_WAY:
                        print(f"skipped: {family} {name}, whose whole file that Keras does not understand")
                        continue
                    try:
                        if kind.startswith("whole"):
                            opened = k.models.load_model(str(path), compile=False)
                        else:
                            for weight in model.weights:
                                weight.assign(np.zeros(weight.shape))
                            model.load_weights(str(path))
                            opened = model
                        if not same(predict(opened, inputs), outputs, bound):
                            raise ValueError("predicts something else")
                        if abs(penalty(opened) - float(group.attrs["penalty"])) > bound * max(1, float(group.attrs["penalty"])):
                            raise ValueError(f"regularizers give {penalty(opened)}, not {float(group.attrs['penalty'])}")
                        checked += 1
                    except Exception as error:
                        failures += 1
                        print(f"FAILED {family} {path.name}: {type(error).__name__}: {' '.join(str(error).split())[:300]}")
    print(f"{checked} files that weft wrote open in Keras and predict the same; {failures} do not")
    return failures


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]))
    else:
        sys.exit(min(check(pathlib.Path(sys.argv[2])), 1))
