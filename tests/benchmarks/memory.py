"""How much memory an analysis of a million images takes, made from embeddings on disk.

::

    python -m tests.benchmarks.memory [--images 1000000] [--classes 1000] [--features 64]

writes made-up embeddings and logits to a temporary folder (4.3 GB by default, deleted at the end)
and maps them into memory in a process of its own, which prints a line after each step: seconds,
and the largest memory since its start. `peak` is the process's largest resident set, which also
counts pages of the mapped files; the system takes these back when memory is short, so `own`, a
sample of the rest fifty times a second, is what the process needs.

Each class is a blob, of exponentially falling size, so that neighbors and archetypes are as mixed
as those of a network that knows most images.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

_ROWS = 100_000  # made at once
_BLOCK = 10_000  # of which logits are asked for at once
_IMBALANCE = 100


def write(folder: Path, images: int, classes: int, features: int) -> None:
    """Write embeddings, labels and logits."""
    rng = np.random.default_rng(0)
    weights = _IMBALANCE ** -np.linspace(0, 1, classes)
    labels = rng.choice(classes, size=images, p=weights / weights.sum())
    centers = rng.gamma(1.0, size=(classes, features)).astype(np.float32)
    weight = (centers - centers.mean(axis=0)) / 4
    np.save(folder / "weight.npy", weight)
    head = weight.T.copy()
    np.save(folder / "labels.npy", labels)
    with (folder / "embeddings").open("wb") as embeddings, (folder / "logits").open("wb") as logits:
        for start in range(0, images, _ROWS):
            own = centers[labels[start : start + _ROWS]]
            rows = np.maximum(own + rng.normal(scale=0.7, size=own.shape), 0).astype(np.float32)
            rows.tofile(embeddings)
            (rows @ head).tofile(logits)


def measure(folder: Path, classes: int, features: int) -> None:
    """Make the analysis and ask everything of it; print what each step took."""
    watch = Watch()
    with watch.step("import"):
        from imbxai_widgets import Analysis
        from imbxai_widgets.analysis import Head
        from imbxai_widgets.explorer.cards import CardDeck
    labels = np.load(folder / "labels.npy", mmap_mode="r")
    size = len(labels)
    with watch.step("map the files"):
        embeddings = np.memmap(folder / "embeddings", np.float32, "r", shape=(size, features))
        logits = np.memmap(folder / "logits", np.float32, "r", shape=(size, classes))
    held_out = slice(0, size // 20)
    with watch.step("embeddings, labels, logits"):
        from imbxai_widgets.analysis.from_arrays import _embedded

        _embedded(embeddings, labels, logits, classes, "")
    with watch.step("from_arrays, all of it"):
        validation = (embeddings[held_out], labels[held_out], logits[held_out])
        analysis = Analysis.from_arrays(
            embeddings,
            labels,
            logits,
            validation=validation,
            head=Head(np.load(folder / "weight.npy")),
        )
    with watch.step("colors of each image"):
        colors = np.random.default_rng(0).integers(0, 2000, (size, 11), dtype=np.uint16)
        totals = np.zeros((classes, 11), dtype=np.int64)
        np.add.at(totals, analysis.labels, colors)
        analysis = replace(
            analysis,
            train=replace(analysis.train, color_counts=colors),
            color_counts=totals,
            salient_fraction=0.1,
        )
    with watch.step("logits of all images, from the head"):
        far = 0.0
        for start in range(0, size, _BLOCK):
            own = analysis.train.logits(slice(start, start + _BLOCK))
            far = max(far, float(abs(own - logits[start : start + _BLOCK]).max()))
    with watch.step("tables"):
        analysis.classes()
        analysis.archetype_rates()
        analysis.errors_by_archetype()
        analysis.adversaries()
        analysis.validation_errors()
        analysis.top_features(analysis.class_names[0])
        analysis.feature_overlap(analysis.class_names[0])
        analysis.image_table()
    with watch.step("images that may be mislabeled"):
        analysis.suspects()
    deck = CardDeck(analysis)
    with watch.step("first card"):
        deck.card(0)
    with watch.step("nine more cards"):
        for index in np.linspace(1, classes - 1, 9).astype(int):
            deck.card(int(index))
    with watch.step("save"):
        analysis.save(folder / "run")
    with watch.step("load"):
        Analysis.load(folder / "run")
    watch.stop()
    print(f"\nThe largest difference of these logits from those given is {far:.1e}.")


class Watch:
    """Prints the time and the memory of steps."""

    def __init__(self) -> None:
        self._own = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        print("| step | seconds | own, GB | peak, GB |\n| --- | --: | --: | --: |", flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        start = time.perf_counter()
        yield
        seconds = time.perf_counter() - start
        time.sleep(0.05)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(f"| {name} | {seconds:.1f} | {self._own / 1e9:.2f} | {peak / 1e9:.2f} |", flush=True)

    def stop(self) -> None:
        """End the sampling."""
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(0.02):
            status = Path("/proc/self/status").read_text()
            self._own = max(self._own, 1024 * int(status.split("RssAnon:")[1].split()[0]))


def main() -> None:
    """Write the files, measure in a process of its own, delete them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder is not None:
        measure(given.folder, given.classes, given.features)
        return
    needed = given.images * (given.classes + 2 * given.features + 64) * 4
    with tempfile.TemporaryDirectory(prefix="imbxai-memory-") as folder:
        if shutil.disk_usage(folder).free < needed:
            sys.exit(f"{needed / 1e9:.0f} GB are needed in {folder}; set TMPDIR to another folder")
        print(
            f"{given.images:,} images of {given.features} features, {given.classes:,} classes; "
            f"{os.cpu_count()} cores, {platform.machine()}\n",
            flush=True,
        )
        write(Path(folder), given.images, given.classes, given.features)
        command = [sys.executable, "-m", "tests.benchmarks.memory", "--folder", folder]
        sizes = ["--classes", str(given.classes), "--features", str(given.features)]
        subprocess.run([*command, *sizes], check=True)


if __name__ == "__main__":
    main()
