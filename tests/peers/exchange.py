"""Models to and from Keras: exchange.py make FOLDER, then tests/exchange FOLDER, then exchange.py check FOLDER.

`make` saves each model of exchange_models.py in every format that Keras 3 and tf_keras write, with an input and what the
model makes of it; weft's program loads each, compares, and writes it again in all of its own formats; `check` opens
these in the Keras of the same folder and compares once more. The two Kerases run beside each other.

exchange.py keep FOLDER FILE packs what `make` made there, one whole file of each model but the deep ones, as
tests/fixtures/exchange.zip is."""
import importlib
import os
import pathlib
import subprocess
import sys
import warnings
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
warnings.filterwarnings("ignore")

import h5py
import numpy as np

import exchange_models

FAMILIES = ["keras", "tf_keras"]

# What that Keras cannot read: (family, model, layout), and why.
ONE_WAY = {("keras", "encoder_decoder", "whole.h5"): "this layout names first states in Keras 2's words",
           ("tf_keras", "encoder_decoder", "whole.keras"): "this layout names first states in Keras 3's words",
           **{("tf_keras", name, kind): "Keras 3, whose files weft writes, has no name for Keras 2's hard_sigmoid"
              for name in ["dense_hard_sigmoid", "lstm_options"] for kind in ["whole.h5", "whole.keras"]}}


def as_list(value):
    return [np.asarray(v) for v in value] if isinstance(value, (list, tuple)) else [np.asarray(value)]


def predict(model, inputs):
    return as_list(model(inputs if len(inputs) > 1 else inputs[0], training=False))


def penalty(model):
    """Of the regularizers, of what the last call returned too."""
    return float(sum(float(loss) for loss in model.losses))


def save(model, folder, name, deterministic):
    made = []
    # The archive first: writing a legacy file takes the optimizer out of what Keras 3 remembers of compile.
    for kind, write in [("whole.keras", model.save), ("whole.h5", model.save), ("v3.weights.h5", model.save_weights),
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


def optimizer(k, number):
    o, s = k.optimizers, k.optimizers.schedules
    choices = [lambda: "adam", lambda: o.SGD(0.1, momentum=0.9, nesterov=True), lambda: o.RMSprop(0.01, centered=True),
               lambda: o.Adagrad(0.1), lambda: o.Adadelta(1.0), lambda: o.AdamW(0.01, weight_decay=0.1), lambda: o.Adam(amsgrad=True, clipnorm=1.0),
               lambda: o.SGD(s.ExponentialDecay(0.1, 10, 0.5)), lambda: o.Adam(s.PiecewiseConstantDecay([10, 30], [0.1, 0.01, 0.001])),
               lambda: o.Adam(s.CosineDecay(0.1, 10, alpha=0.1)), lambda: o.SGD(s.PolynomialDecay(0.1, 10, cycle=True)),
               lambda: o.Adam(s.InverseTimeDecay(0.1, 10, 0.5, staircase=True)), lambda: o.SGD(s.CosineDecayRestarts(0.1, 10, m_mul=0.5))]
    return choices[number % len(choices)]()


def make(root, family):
    k = importlib.import_module(family)
    folder = root / family
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "reference.h5", "w") as reference:
        count = 0
        for name, model, kind in exchange_models.cases(k):
            exchange_models.set_weights(model)
            inputs = exchange_models.inputs_of(model, kind)
            outputs = predict(model, inputs)
            punished = penalty(model)
            if count % 2 == 0 and len(outputs) == 1:
                model.compile(optimizer=optimizer(k, count // 2), loss="mean_squared_error", metrics=["mae"])
            group = reference.create_group(name)
            if getattr(model, "optimizer", None):
                group.attrs["optimizer"] = type(model.optimizer).__name__
            group.attrs["penalty"] = np.bytes_(repr(punished))
            group.attrs["formats"] = np.bytes_(" ".join(save(model, folder, name, family == "keras")))
            for i, value in enumerate(inputs):
                group[f"input/{i}"] = value
            for i, value in enumerate(outputs):
                group[f"output/{i}"] = value
            count += 1
        print(f"{family} {k.__version__}: {count} models")
    return 0


def same(found, expected, bound):
    return len(found) == len(expected) and all(
        a.shape == b.shape and np.abs(a - b).max() <= bound * max(1, np.abs(b).max()) for a, b in zip(found, expected))


def check(root, family):
    k = importlib.import_module(family)
    folder = root / family
    failures = checked = 0
    with h5py.File(folder / "reference.h5") as reference:
        for name, model, _ in exchange_models.cases(k):
            group = reference[name]
            inputs = [group[f"input/{i}"][()] for i in range(len(group["input"]))]
            outputs = [group[f"output/{i}"][()] for i in range(len(group["output"]))]
            bound = 1e-4 if name.startswith("deep") else 1e-5
            for kind in ["whole.h5", "whole.keras", "v3.weights.h5", "legacy.h5"]:
                path = folder / f"{name}.weft.{kind}"
                if why := ONE_WAY.get((family, name, kind)):
                    print(f"left out: {family} {path.name}: {why}")
                    continue
                try:
                    if kind.startswith("whole"):
                        # tf_keras takes its old optimizers, AdamW not among them, unless a file has a mark that Keras 3 refuses.
                        unknown = (family, kind, group.attrs.get("optimizer")) == ("tf_keras", "whole.h5", "AdamW")
                        opened = k.models.load_model(str(path), compile=not unknown)
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
    print(f"{family}: {checked} files that weft wrote open and predict the same; {failures} do not")
    return min(failures, 1)


def keep(root, path):
    kept = {"keras": "whole.keras", "tf_keras": "whole.h5"}
    with zipfile.ZipFile(path, "w") as archive:
        for family, kind in kept.items():
            for file in [root / family / "reference.h5", *sorted((root / family).glob(f"*.{kind}"))]:
                if ".weft." in file.name or file.name.startswith("deep"):
                    continue
                entry = zipfile.ZipInfo(f"{family}/{file.name}")  # of the first day of 1980
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    if sys.argv[1] == "keep":
        sys.exit(keep(pathlib.Path(sys.argv[2]), sys.argv[3]))
    what, root, families = sys.argv[1], sys.argv[2], sys.argv[3:]
    if len(families) == 1:
        sys.exit({"make": make, "check": check}[what](pathlib.Path(root), families[0]))
    runs = [subprocess.Popen([sys.executable, __file__, what, root, family]) for family in FAMILIES]
    sys.exit(max(abs(run.wait()) for run in runs))
