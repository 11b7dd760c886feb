"""Try settings of LDAM-DRW on a part of the training images that is held out.

    python -m imbxai_widgets.demo.tune

Prints a table of Markdown, row by row, and takes four minutes a row on one core. The validation
images play no part in it: they are for the figures of the network that is chosen.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import numpy as np
import torch

from imbxai_widgets.compute.numeric.types import BoolArray
from imbxai_widgets.demo.images import EmojiDataset, load_images
from imbxai_widgets.demo.train import CROSS_ENTROPY, LDAM, in_memory, train
from imbxai_widgets.training.evaluation import evaluate
from imbxai_widgets.training.trainer import InMemoryImages

HELD_OUT_SHARE = 0.25
SETTINGS = (
    CROSS_ENTROPY,
    *(
        replace(LDAM, scale=scale, reweight_from=epoch)
        for scale, epoch in ((30.0, 34), (30.0, 27), (30.0, 20), (10.0, 27), (10.0, 20))
    ),
)


def held_out(dataset: EmojiDataset) -> BoolArray:
    """Return which images are held out: of each class, a share of its emoji.

    Both vendors' drawings of an emoji are on the same side. The hash of the characters chooses,
    as it does for the validation images, so that every machine chooses alike.
    """
    targets = np.array(dataset.targets)
    emoji = np.array([record.emoji for record in dataset.records])
    chosen: BoolArray = np.zeros(len(dataset), dtype=np.bool_)
    for label in range(len(dataset.classes)):
        ranked = sorted(
            set(emoji[targets == label]), key=lambda one: sha256(one.encode()).hexdigest()
        )
        held = ranked[: round(HELD_OUT_SHARE * len(ranked))]
        chosen |= (targets == label) & np.isin(emoji, held)
    return chosen


def main() -> None:
    """Try all settings and print their accuracies."""
    dataset, _ = load_images()
    images, held = in_memory(dataset), torch.from_numpy(held_out(dataset))
    kept, rest = (
        InMemoryImages(images.pixels[side], images.labels[side], images.normalize, images.fill)
        for side in (~held, held)
    )
    columns = ("method", "max_margin", "scale", "reweight_from", "all", "mean", *dataset.classes)
    print("|", " | ".join(columns), "|")
    print("| --- |" + " --: |" * (len(columns) - 1))
    for regime in SETTINGS:
        found = evaluate(train(kept, regime), rest, len(dataset.classes))
        of_ldam = (regime.max_margin, regime.scale, regime.reweight_from)
        settings = of_ldam if regime.method == "ldam" else ("", "", "")
        row = (regime.method, *settings, found["all"], found["mean"], *found["classes"])
        print("|", " | ".join(map(str, row)), "|", flush=True)


if __name__ == "__main__":
    main()
