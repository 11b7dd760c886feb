"""Whether networks that are trained again with a resampling plan get better, and at what.

    python -m tests.benchmarks.resampling emoji --seeds 100-107

For each seed a network is trained with every image once an epoch; its analysis gives the plans, and
with each of these a network is trained anew from the same weights, for as many epochs. Trainings
that are done already are read from the folder. Writes the result of a set once all of its seeds are
there.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.demo.network import ResNet20
from imbxai_widgets.demo.train import CROSS_ENTROPY, in_memory
from imbxai_widgets.training.trainer import fit, seeded
from tests.benchmarks.emoji_runs import EPOCHS, split_by_emoji

FOLDER = Path("artifacts/resampling")
AS_THEY_ARE = {"safe": 1.0, "border": 1.0, "rare": 1.0, "outlier": 1.0}
FACTORS = {"safe": 0.5, "border": 2.0, "rare": 2.0, "outlier": 1.0}
PLANS = {
    "factors": {**FACTORS, "balance": 0.0},
    "balance 0.5": {**AS_THEY_ARE, "balance": 0.5},
    "balance 0.5, factors": {**FACTORS, "balance": 0.5},
    "balance 1": {**AS_THEY_ARE, "balance": 1.0},
}


def train_emoji(seed: int, plans: list[str], folder: Path) -> None:
    training, validation = split_by_emoji(seed)
    data = in_memory(training)
    regime = replace(CROSS_ENTROPY, epochs=EPOCHS)

    def run(name: str, weights: np.ndarray | None) -> Analysis:
        path = folder / f"emoji-{seed}-{name}"
        model = seeded(ResNet20, seed)
        if path.with_suffix(".safetensors").exists():
            model.load_state_dict(safetensors.torch.load_file(path.with_suffix(".safetensors")))
            model.eval()
        else:
            fit(model, data, regime, seed=seed, weights=weights, device="cpu")
            safetensors.torch.save_file(model.state_dict(), path.with_suffix(".safetensors"))
        found = analyze(
            model, training, validation=validation, salient_fraction=None, progress=False
        )
        path.with_suffix(".json").write_text(json.dumps(figures(found)))
        return found

    first = run("uniform", None)
    for name in plans:
        if not (folder / f"emoji-{seed}-{name}.json").exists():
            run(name, first.resampling_plan(**PLANS[name]).to_numpy())


def figures(analysis: Analysis) -> dict[str, float]:
    held_out = analysis.validation
    of_classes = np.array(
        [held_out.correct[held_out.labels == c].mean() for c in range(analysis.n_classes)]
    )
    smallest = np.argsort(np.bincount(analysis.labels, minlength=analysis.n_classes))[:3]
    return {
        "all": float(held_out.correct.mean()),
        "mean": float(of_classes.mean()),
        "smallest 3": float(of_classes[smallest].mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="100-107")
    parser.add_argument("--step", default="0/1")
    parser.add_argument("--plans", default="factors;balance 0.5;balance 0.5, factors")
    options = parser.parse_args()
    low, high = map(int, options.seeds.split("-"))
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    part, of = map(int, options.step.split("/"))
    for seed in range(low, high + 1):
        if seed % of == part:
            train_emoji(seed, options.plans.split(";"), FOLDER)
            print(seed, "done", flush=True)


if __name__ == "__main__":
    main()
