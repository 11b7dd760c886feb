"""Networks trained on images with planted faults, and what is true of them.

    python -m tests.benchmarks.planted_runs "digits" 0 1 2 [--folder FOLDER] [--device DEVICE]

Each seed has a split of its own, an untouched network, and one for each case of `plan`. A run is
saved as one file: the weights, and a digest of the images. These are made again when it is loaded,
and must have the same digest. What is there already is left as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from imbxai_widgets import Analysis
from imbxai_widgets.analysis import Head
from tests.benchmarks.plants import DESIGN, PAIRS, Plant, picked, plant, with_rows
from tests.benchmarks.runs import embed, network, network_input, train
from tests.benchmarks.sets import REPORTING, ImageSet, Part, load_set
from tests.benchmarks.unseen_plants import UNSEEN

FOLDER = Path("artifacts/planted")
CONTROL: Final = "untouched"
KINDS: Final[dict[str, Plant]] = DESIGN | UNSEEN
RECIPE: Final = {
    "digits": "digits",
    "solar cells": "solar cells",
    "emoji": "emoji CE, short",
}
# Classes with 60 validation images, which a network can tell when nothing is planted.
VICTIMS: Final = {
    "digits": tuple(range(10)),
    "solar cells": (0, 3, 4, 7),
    "emoji": tuple(range(6)),
}
DIGITS = 80  # training images of each; some 95 are left
SOLAR_CELLS = 0.5  # the part of each class that trains


class Case(NamedTuple):
    """One network: the set, the kinds of plants (none: untouched), their strength, the seed."""

    images: str
    kinds: tuple[str, ...]
    strength: str
    seed: int

    @property
    def stem(self) -> str:
        """The name of its file."""
        kinds = "+".join(self.kinds) or CONTROL
        return f"{self.images}-{kinds}-{self.strength}-{self.seed}".replace(" ", "_")


@dataclass(frozen=True)
class Truth:
    """What was planted.

    Attributes
    ----------
    case : Case
        What was trained.
    causes : tuple of str
        What is true of the victim.
    victim : str or None
        The class; None in an untouched network.
    touched : tuple of str
        All classes of which images or labels were changed.
    """

    case: Case
    causes: tuple[str, ...]
    victim: str | None
    touched: tuple[str, ...]


class Images(Dataset[tuple[Tensor, int]]):
    """Images as the network takes them, float32 (3, H, W) in -1..1, with their labels."""

    def __init__(self, part: Part, class_names: tuple[str, ...]) -> None:
        self._pixels = network_input(part)
        self.targets = part.labels.tolist()
        self.classes = list(class_names)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._pixels[index], self.targets[index]


@dataclass(frozen=True, eq=False)
class PlantedRun:
    """A network, its images, what is found of them, and what is true."""

    model: nn.Module
    training: Images
    validation: Images
    analysis: Analysis
    truth: Truth


def plan(images: str, seed: int) -> Iterator[Case]:
    """Give the cases of a seed: untouched, each cause at its strengths, then pairs.

    Kinds that played no part in the design are among those of the seeds that report.
    """
    yield Case(images, (), "medium", seed)
    for kind in DESIGN:
        yield Case(images, (kind,), "medium", seed)
    if seed in REPORTING:
        for kind in UNSEEN:
            yield Case(images, (kind,), "medium", seed)
    if images != "emoji":
        # Half of the seeds of digits have weak plants, the others strong ones.
        both = ("weak", "strong")
        strengths = both if images == "solar cells" else both[seed % 2 : seed % 2 + 1]
        for strength in strengths:
            for kind in DESIGN:
                yield Case(images, (kind,), strength, seed)
    if images == "digits":
        for pair in PAIRS[seed % 2 :: 2]:
            yield Case(images, pair, "medium", seed)


def side_by_side(images: str, seeds: Sequence[int]) -> list[Case]:
    """Return the cases of some seeds, such that what is cut off has seen as much of each."""
    cases = [pair for seed in seeds for pair in enumerate(plan(images, seed))]
    return [case for _, case in sorted(cases, key=itemgetter(0))]


def load_base(name: str, seed: int) -> ImageSet:
    """Return a set with as many validation images in a class as it allows.

    Digits have equally many training images in each class, solar cells half of each class; emoji
    are split as elsewhere.
    """
    images = load_set(name, seed)
    if name == "emoji":
        return images
    whole = with_rows(images.training, images.validation)
    rng = np.random.default_rng(seed)
    trains = np.zeros(len(whole), dtype=bool)
    for label in range(len(images.class_names)):
        own = rng.permutation(np.flatnonzero(whole.labels == label))
        trains[own[: DIGITS if name == "digits" else round(SOLAR_CELLS * len(own))]] = True
    return replace(
        images,
        training=picked(whole, np.flatnonzero(trains)),
        validation=picked(whole, np.flatnonzero(~trains)),
    )


def plant_case(case: Case) -> tuple[ImageSet, np.ndarray | None, Truth]:
    """Return the images of a case, how often they are drawn (None: alike), and the truth."""
    base = load_base(case.images, case.seed)
    if not case.kinds:
        return base, None, Truth(case, (), None, ())
    rng = np.random.default_rng((case.seed, crc32(case.stem.encode())))
    victim, *others = rng.permutation(VICTIMS[case.images])[: 1 + len(case.kinds)].tolist()
    plants = [KINDS[kind] for kind in case.kinds]
    strengths = [case.strength] * len(plants)
    images, drawn = plant(base, list(zip(plants, strengths, strict=True)), victim, others, rng)
    mixed = [other for each, other in zip(plants, others, strict=True) if each.mixed]
    names = [base.class_names[label] for label in (victim, *mixed)]
    truth = Truth(
        case, tuple(each.cause for each in plants), base.class_names[victim], tuple(names)
    )
    return images, drawn, truth


def train_case(case: Case, folder: Path = FOLDER, device: str = "cpu") -> Path:
    """Train the network of a case, if it is not there, and return its file."""
    path = folder / f"{case.stem}.safetensors"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        images, drawn, _ = plant_case(case)
        model = train(RECIPE[case.images], images, case.seed, drawn, device=device)
        partial = path.with_suffix(".part")
        told = {"digest": digest(images), "device": device, "torch": torch.__version__}
        safetensors.torch.save_file(model.state_dict(), partial, metadata=told)
        partial.rename(path)
    return path


def trained_on(case: Case, folder: Path) -> str:
    """Return where a network was trained: the device, and the version of PyTorch."""
    with safetensors.safe_open(folder / f"{case.stem}.safetensors", "pt") as saved:
        return f"{saved.metadata()['device']}, torch {saved.metadata()['torch']}"


def load_planted(case: Case, folder: Path = FOLDER) -> PlantedRun:
    """Return a run, which is trained if it is not there.

    Raises
    ------
    ValueError
        If the images that are planted now are not those that the network was trained on.
    """
    path = train_case(case, folder)
    images, _, truth = plant_case(case)
    with safetensors.safe_open(path, "pt") as saved:
        if saved.metadata()["digest"] != digest(images):
            raise ValueError(f"{path} was trained on other images than are planted now; remove it")
    model = network(RECIPE[case.images], len(images.class_names), case.seed)
    model.load_state_dict(safetensors.torch.load_file(path))
    model.eval()
    training, validation = (embed(model, part) for part in (images.training, images.validation))
    analysis = Analysis.from_arrays(
        training.embeddings,
        training.labels,
        training.logits,
        validation=(validation.embeddings, validation.labels, validation.logits),
        head=Head(model.head.weight.detach().numpy(), model.head.bias.detach().numpy()),
        images=images.training.images,
        validation_images=images.validation.images,
        class_names=images.class_names,
    )
    parts = (Images(part, images.class_names) for part in (images.training, images.validation))
    return PlantedRun(model, *parts, analysis, truth)


def digest(images: ImageSet) -> str:
    """Return a hash of all images and labels of a set."""
    found = sha256()
    for part in (images.training, images.validation):
        found.update(np.ascontiguousarray(part.images).data)
        found.update(np.ascontiguousarray(part.labels).data)
    return found.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", choices=RECIPE)
    parser.add_argument("seeds", nargs="+", type=int)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for case in side_by_side(options.images, options.seeds):
        print(train_case(case, options.folder, options.device).stem, flush=True)


if __name__ == "__main__":
    main()
