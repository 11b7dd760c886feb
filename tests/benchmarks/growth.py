"""How time and memory grow with the number of images and of classes.

::

    python -m tests.benchmarks.growth [--images 1000 ...] [--classes 10 ...] [--table]

makes arrays of each size, in classes of exponentially falling size whose images vary in 8 of 64
directions, and measures five steps in a process of its own: `analyze` is `Analysis.from_arrays` of
embeddings, labels and predictions, with a tenth as many validation images; `save` and `load` are
of its file; `open` is ``Explorer(analysis)`` with the embedded pictures, read by number; and
`click` is the card of a class, the mean of five that were not shown before. What the page does with
a card is measured by `explorer`.

One thread, processor seconds, and the memory that a step takes beyond what was there before it.
Writes results/growth.json after each size, beside those that are there. `--table` prints the tables
of docs/growth.md instead, with slopes on logarithmic axes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from tests.benchmarks._bench import forget_peak, machine, peak_bytes
from tests.benchmarks._results import FOLDER, read_results, write_results

IMAGES: Final = (1_000, 10_000, 100_000, 1_000_000)
CLASSES: Final = (10, 100, 1_000, 10_000)
STEPS: Final = ("analyze", "save", "load", "open", "click")
CLICKS: Final = 5
_FEATURES: Final = 64
_DIRECTIONS: Final = 8  # in which images of a class vary most, as embeddings do
_HELD_OUT: Final = 10  # one validation image for so many training images
_IMBALANCE: Final = 100
_SECONDS: Final = 1800  # of all steps of a size
_LEAST: Final = {"seconds": 0.02, "MB": 20}  # below, what does not grow is most of it

Value = TypeVar("Value")


def arrays(images: int, classes: int) -> Iterator[tuple[Any, Any, Any]]:
    """Yield embeddings, labels and predictions of the training and the validation images."""
    rng = np.random.default_rng(0)
    weights = _IMBALANCE ** -np.linspace(0, 1, classes)
    centers = rng.gamma(1.0, size=(classes, _FEATURES)).astype(np.float32)
    directions = rng.normal(scale=0.5, size=(_DIRECTIONS, _FEATURES)).astype(np.float32)
    for size, known in ((images, np.arange(classes)), (images // _HELD_OUT, np.arange(0))):
        # Each class has a training image, so that there are as many as were asked for.
        drawn = rng.choice(classes, size=size - len(known), p=weights / weights.sum())
        labels = rng.permutation(np.concatenate([known, drawn]))
        varied = rng.normal(size=(size, _DIRECTIONS)).astype(np.float32) @ directions
        varied += rng.normal(scale=0.05, size=varied.shape).astype(np.float32)
        other = (labels + rng.integers(1, min(21, classes), size)) % classes
        predictions = np.where(rng.random(size) < 1 / 7, other, labels)
        yield np.maximum(centers[labels] + varied, 0), labels, predictions


def measure(images: int, classes: int) -> dict[str, dict[str, float]]:
    """Return seconds and MB of each step, and how neighbors were found."""
    from imbxai_widgets import Analysis, Explorer
    from imbxai_widgets.compute.reading.display import ImageSource
    from tests.benchmarks.large_analysis import repeated

    # What is loaded or compiled at first use is no part of a size.
    train, held_out = arrays(200, 10)
    Explorer(Analysis.from_arrays(*train, validation=held_out)).close()
    figures: dict[str, dict[str, float]] = {}

    def step(name: str, run: Callable[[], Value]) -> Value:
        forget_peak()
        before, start = peak_bytes(), time.process_time()
        value = run()
        seconds = time.process_time() - start
        figures[name] = {"seconds": seconds, "MB": (peak_bytes() - before) / 1e6}
        return value

    train, held_out = arrays(images, classes)
    analysis = step("analyze", lambda: Analysis.from_arrays(*train, validation=held_out))
    figures["analyze"]["recall"] = analysis.train.neighbor_recall
    with tempfile.TemporaryDirectory(prefix="imbxai-growth-") as folder:
        path = Path(folder) / "saved.imbxai"
        step("save", lambda: analysis.save(path))
        figures["save"]["file_MB"] = path.stat().st_size / 1e6
        analysis = step("load", lambda: Analysis.load(path))
    pictures = ImageSource(repeated(images))
    analysis = replace(analysis, train=replace(analysis.train, images=pictures))
    explorer = step("open", lambda: Explorer(analysis))
    fresh = np.linspace(1, classes - 1, CLICKS).astype(int).tolist()  # the first is shown already
    step("click", lambda: [explorer._deck.card(index) for index in fresh])
    figures["click"]["seconds"] /= CLICKS
    return figures


def measure_apart(images: int, classes: int) -> dict[str, Any]:
    """Return what `measure` does, in a process of its own and one thread."""
    command = [sys.executable, "-m", "tests.benchmarks.growth", "--one", str(images), str(classes)]
    one = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    done = subprocess.run(
        command, env={**os.environ, **one}, stdout=subprocess.PIPE, timeout=_SECONDS, check=True
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def slope(sizes: dict[int, float], least: float) -> float:
    """Return the power by which a figure grows, by the sizes from which it is not mostly fixed.

    NaN where fewer than two sizes are left.
    """
    known = [(math.log(size), math.log(value)) for size, value in sizes.items() if value >= least]
    if len(known) < 2:
        return math.nan
    return float(np.polyfit(*np.transpose(known), 1)[0])


def tables(measured: dict[str, Any]) -> Iterator[str]:
    """Yield a table for each step, seconds and MB, with slopes; sizes as in the file."""
    figures = {tuple(map(int, size.split(" x "))): steps for size, steps in measured.items()}
    images = sorted({size[0] for size in figures})
    classes = sorted({size[1] for size in figures})
    for name in STEPS:
        yield f"\n### {name}\n"
        yield f"| images | {' | '.join(f'{count:,} classes' for count in classes)} |"
        yield "| --- |" + " --: |" * len(classes)
        for size in images:
            cells = [_cell(figures.get((size, count)), name) for count in classes]
            yield f"| {size:,} | {' | '.join(cells)} |"
        for unit, least in _LEAST.items():
            powers = [
                slope(
                    {n: figures[n, count][name][unit] for n in images if (n, count) in figures},
                    least,
                )
                for count in classes
            ]
            shown = ["" if math.isnan(power) else f"{power:.2f}" for power in powers]
            yield f"| slope by images, {unit} | {' | '.join(shown)} |"


def _cell(steps: dict[str, Any] | None, name: str) -> str:
    if steps is None:
        return ""
    seconds, memory = steps[name]["seconds"], steps[name]["MB"]
    return f"{seconds:.3g} s, {memory:,.0f} MB"


def main() -> None:
    """Measure all sizes, or print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=IMAGES)
    parser.add_argument("--classes", type=int, nargs="+", default=CLASSES)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--one", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(*given.one)))
        return
    found = read_results("growth") if (FOLDER / "growth.json").exists() else {}
    if given.table:
        print("\n".join(tables(found["sizes"])))
        return
    for classes in given.classes:
        for images in given.images:
            if classes > images:
                continue  # a class has at least one image
            figures = measure_apart(images, classes)
            sizes = found.get("sizes", {}) | {f"{images} x {classes}": figures}
            found = {"machine": machine(), "sizes": sizes}
            write_results("growth", found)
            print(images, classes, json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
