"""What every peer's worker shares: made-up data, and the conversation with bench/compare.

A worker is a process that holds one row's model. It reads a line, does as told, and answers in a line:

    run N       N steps                                   answers the seconds they took
    latency N   N calls, each timed                       answers the seconds of each
    memory N    N steps, in a process that did no other   answers the bytes that the peak lies above what stood when
                                                          the data was there and nothing else

A row is a function that makes its data and returns a function that builds the model and returns its step.
"""
import os
import sys
import time

import numpy as np

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))


def status(field):
    """A size in bytes out of this process's status, such as VmRSS or VmHWM (the peak of it)."""
    with open("/proc/self/status") as lines:
        for line in lines:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def serve(rows):
    name = sys.argv[1]
    if name not in rows:
        print("unknown", flush=True)
        return
    build = rows[name]()
    before = status("VmRSS")
    print("ready", flush=True)
    step = None
    for line in sys.stdin:
        what, count = line.split()
        if step is None:
            with open("/proc/self/clear_refs", "w") as refs:
                refs.write("5")  # forget the peak of what came before
            step = build()
        if what == "latency":
            times = []
            for _ in range(int(count)):
                begin = time.perf_counter()
                step()
                times.append(time.perf_counter() - begin)
            print(*times, flush=True)
            continue
        begin = time.perf_counter()
        for _ in range(int(count)):
            step()
        seconds = time.perf_counter() - begin
        print(status("VmHWM") - before if what == "memory" else seconds, flush=True)


def images(batch, height=28, width=28, channels=1):
    random = np.random.default_rng(1)
    return random.random((batch, height, width, channels), dtype=np.float32)


def labels(shape, classes=10):
    return np.random.default_rng(2).integers(0, classes, shape)


def one_hot(shape, classes=10):
    return np.eye(classes, dtype=np.float32)[labels(shape, classes)]


def sequences(batch, steps, features):
    return np.random.default_rng(3).standard_normal((batch, steps, features), dtype=np.float32)
