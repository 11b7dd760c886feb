"""What a diagnosis names first, held to what was planted.

    python -m tests.benchmarks.planted NAME SEED [SEED ...] [--folder FOLDER]
    python -m tests.benchmarks.planted [--folder FOLDER]

With a set and seeds: diagnoses each network of `planted_runs` and keeps what was named, in a folder
of this version of the diagnosis. Without: counts all that is kept, and writes
results/planted.json. The seeds below 100 chose the rules, those from 100 on report.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

import imbxai_widgets
from imbxai_widgets.analysis import Split
from tests.benchmarks._results import write_results
from tests.benchmarks.planted_counts import DROP, FEWEST, Judged, counted
from tests.benchmarks.planted_runs import (
    FOLDER,
    RECIPE,
    Case,
    PlantedRun,
    load_planted,
    plan,
    side_by_side,
    trained_on,
)
from tests.benchmarks.sets import CHOOSING, REPORTING

SEEDS: Final = {"choosing": CHOOSING, "reporting": REPORTING}


def judge(run: PlantedRun) -> dict[str, Judged]:
    """Diagnose a network; by the names of the classes."""
    diagnosis = run.analysis.diagnose(run.model, run.training, run.validation)
    names = run.analysis.class_names
    recalls = class_recalls(run.analysis.validation, len(names))
    supports = np.bincount(run.analysis.validation.labels, minlength=len(names))
    sizes = np.bincount(run.analysis.train.labels, minlength=len(names))
    found = {}
    for label, name in enumerate(names):
        one = diagnosis.of(name)
        found[name] = Judged(
            victim=name == run.truth.victim,
            touched=name in run.truth.touched,
            support=int(supports[label]),
            recall=round(float(recalls[label]), 4),
            others=round(float(np.median(np.delete(recalls, label))), 4),
            share=round(float(sizes[label] / np.median(np.delete(sizes, label))), 4),
            state=one.state,
            named=tuple(cause.cause for cause in one.causes),
        )
    return found


def class_recalls(split: Split, n_classes: int) -> np.ndarray:
    """Return the recall of each class, (C,)."""
    right = split.predictions == split.labels
    return np.array([right[split.labels == label].mean() for label in range(n_classes)])


def load_judged(case: Case, folder: Path) -> dict[str, Judged] | None:
    """Return what was said of a network; None if it was not diagnosed."""
    path = _path(case, folder)
    if not path.exists():
        return None
    saved = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Judged(**values | {"named": tuple(values["named"])}) for name, values in saved.items()
    }


def save_judged(case: Case, folder: Path) -> None:
    """Diagnose a network and keep what is said, if it is not there."""
    path = _path(case, folder)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        found = {name: asdict(one) for name, one in judge(load_planted(case, folder)).items()}
        path.write_text(json.dumps(found), encoding="utf-8")


def _path(case: Case, folder: Path) -> Path:
    return folder / f"diagnosed-{version()}" / f"{case.stem}.json"


def version() -> str:
    """Return a digest of the code that diagnoses."""
    root = Path(imbxai_widgets.__file__).parent
    found = sha256()
    for path in sorted([*root.glob("compute/**/*.py"), *root.glob("analysis/**/*.py")]):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def measure(folder: Path) -> dict[str, Any]:
    """Count what is kept, by seeds and sets."""
    figures: dict[str, Any] = {"diagnosis": version(), "least support": FEWEST, "drop": DROP}
    for purpose, seeds in SEEDS.items():
        for images in RECIPE:
            kept = {
                case: found
                for seed in seeds
                for case in plan(images, seed)
                if (found := load_judged(case, folder)) is not None
            }
            if kept:
                trained = Counter(trained_on(case, folder) for case in kept)
                found = counted(kept) | {"trained on": dict(trained.most_common())}
                figures.setdefault(purpose, {})[images] = found
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="?", choices=RECIPE)
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.images is None:
        write_results("planted", measure(options.folder))
    for case in side_by_side(options.images, options.seeds):
        start = time.perf_counter()
        save_judged(case, options.folder)
        print(f"{case.stem}: {time.perf_counter() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
