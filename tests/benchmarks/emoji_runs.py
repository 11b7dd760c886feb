"""Networks trained on the embedded images with other seeds, splits and labels, and analyzed.

    python -m tests.benchmarks.emoji_runs [--folder FOLDER] [RUN ...]

Each run is one network; what `analyze` finds of it is saved, so that the experiments that read
the runs train nothing again. Runs that are there already are left as they are.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.demo import CLASSES, EmojiDataset, load_demo
from imbxai_widgets.demo.images import load_images
from imbxai_widgets.demo.train import CROSS_ENTROPY, in_memory, train

FOLDER = Path("artifacts/emoji_runs")
EPOCHS = 20  # fewer than the shipped network's 34: it is the time that counts here
HELD_OUT = 0.3  # the part of the emoji that is held out, as in the shipped split
FLIPPED = 0.05


class Run(NamedTuple):
    """How one network differs from the shipped one."""

    seed: int  # of the weights and, unless it is the shipped one, of the split
    flipped: bool = False  # whether it learns some wrong labels, on the shipped split


SHIPPED, SHIPPED_LDAM = "shipped", "shipped with LDAM-DRW"
RUNS = {
    "split1": Run(1),
    "flipped": Run(0, flipped=True),
    "split2": Run(2),
}


def load_run(name: str, folder: Path = FOLDER) -> Analysis:
    """Return the analysis of a run, which is made if it is not there."""
    path = folder / f"{name}.imbxai"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(1)
        _analyze(name).save(path)
    return Analysis.load(path)


def flip_labels(
    labels: np.ndarray, n_classes: int, part: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give a part of the images the label of another class, each other class alike.

    Returns the labels (N,) and which of them are wrong, bool (N,).
    """
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(labels), round(part * len(labels)), replace=False)
    changed = labels.copy()
    changed[chosen] = (labels[chosen] + rng.integers(1, n_classes, len(chosen))) % n_classes
    return changed, changed != labels


def _analyze(name: str) -> Analysis:
    if name in (SHIPPED, SHIPPED_LDAM):
        model, training, validation = load_demo("ce" if name == SHIPPED else "ldam")
    else:
        run = RUNS[name]
        training, validation = load_images() if run.flipped else split_by_emoji(run.seed)
        if run.flipped:
            labels, _ = flip_labels(np.array(training.targets), len(CLASSES), FLIPPED, run.seed)
            training.targets = tuple(labels.tolist())
        regime = replace(CROSS_ENTROPY, epochs=EPOCHS)
        model = train(in_memory(training), regime, seed=run.seed)
    return analyze(model, training, validation=validation, salient_fraction=None, progress=False)


def split_by_emoji(seed: int) -> tuple[EmojiDataset, EmojiDataset]:
    """Split all images anew: no emoji in both parts, in each class the same part held out."""
    parts = load_images()
    images = np.concatenate([part.images for part in parts])
    opaque = np.full((*images.shape[:3], 1), 255, dtype=np.uint8)  # alpha serves saliency alone
    images = np.concatenate([images, opaque], axis=3)
    targets = np.concatenate([part.targets for part in parts])
    records = [record for part in parts for record in part.records]
    emoji = np.array([record.emoji for record in records])
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(targets), dtype=bool)
    for label in range(len(CLASSES)):
        names = np.unique(emoji[targets == label])
        chosen = rng.choice(names, round(HELD_OUT * len(names)), replace=False)
        held_out |= (targets == label) & np.isin(emoji, chosen)
    train_set, validation = (
        EmojiDataset(
            images[mask], targets[mask].tolist(), [records[i] for i in np.flatnonzero(mask)]
        )
        for mask in (~held_out, held_out)
    )
    return train_set, validation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", default=[SHIPPED, *RUNS], metavar="RUN")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    for name in options.runs:
        analysis = load_run(name, options.folder)
        accuracy = analysis.validation.correct.mean()
        print(f"{name}: {analysis}, validation accuracy {accuracy:.3f}", flush=True)


if __name__ == "__main__":
    main()
