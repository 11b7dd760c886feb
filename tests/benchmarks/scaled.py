"""Whether outputs that rest on probabilities are better with scaled ones.

    python -m tests.benchmarks.scaled [--present] [--table]

Of the networks of `runs`, seeds from 100 on, with the probabilities as they are, by temperature and
by a bias of each class (`Analysis.calibrated`):

- suspects: labels of 5% of the training images are changed after training; the part of the changed
  ones among as many images that head the list.
- softmax: mean KL of the forecast by softmax to the validation errors of the network as it is, over
  classes with at least 5.
- costs: mean accuracy of the classes, if the least expected cost decides (`class_cost_matrix`
  without overlap).

Writes results/scaled.json; `--present` trains no network that is not there; `--table` prints that
of docs/calibration.md instead.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import torch

from imbxai_widgets import Analysis
from imbxai_widgets.compute.methods.divergence import kl_divergence
from imbxai_widgets.compute.numeric.counts import count_pairs
from tests.benchmarks._results import read_results, write_results
from tests.benchmarks.emoji_runs import FLIPPED, flip_labels
from tests.benchmarks.runs import FOLDER, RECIPES, Run, load_run
from tests.benchmarks.sets import REPORTING, AbsentError

KINDS: Final = ("plain", "temperature", "bias")
OUTPUTS: Final = ("suspects", "softmax", "costs")
FEWEST: Final = 5  # errors of a class


def figures(run: Run) -> dict[str, float]:
    """Return what is measured of one network."""
    analysis, held_out = run.analysis, run.validation
    size = analysis.n_classes
    labels, changed = flip_labels(analysis.labels, size, FLIPPED, run.seed)
    mislabeled = Analysis.from_arrays(
        analysis.embeddings,
        labels,
        run.training.logits,
        validation=(held_out.embeddings, held_out.labels, held_out.logits),
        head=run.head,
    )
    predictions = held_out.logits.argmax(axis=1)
    errors = count_pairs(held_out.labels, predictions, (size, size))
    np.fill_diagonal(errors, 0)
    known = errors.sum(axis=1) >= FEWEST
    truth = errors[known] / errors[known].sum(axis=1, keepdims=True)
    costs = analysis.class_cost_matrix(strength=0).to_numpy()
    found = {}
    for kind in KINDS:
        listed = _scaled(mislabeled, kind).suspects().index.to_numpy()[: changed.sum()]
        found[f"suspects {kind}"] = changed[listed].mean()
        scaled = _scaled(analysis, kind)
        forecast = scaled.forecast("softmax").to_numpy()[known]
        found[f"softmax {kind}"] = kl_divergence(truth, forecast).mean()
        assert scaled.validation is not None
        shares = torch.from_numpy(scaled.validation.logits()).softmax(dim=1).numpy()
        right = (shares @ costs).argmin(axis=1) == held_out.labels
        found[f"costs {kind}"] = np.mean([right[held_out.labels == c].mean() for c in range(size)])
    return {name: round(float(value), 4) for name, value in found.items()}


def _scaled(analysis: Analysis, kind: str) -> Analysis:
    return analysis if kind == "plain" else analysis.calibrated(kind)  # type: ignore[arg-type]


def measure(present: bool) -> dict[str, Any]:
    """Return the figures of each network, by recipe and seed."""
    found: dict[str, Any] = {}
    for name in RECIPES:
        for seed in REPORTING:
            if present and not (FOLDER / f"{name.replace(' ', '_')}-{seed}.npz").exists():
                continue
            try:
                own = figures(load_run(name, seed))
            except AbsentError as absent:
                print(absent)
                break
            found.setdefault(name, {})[str(seed)] = own
            print(name, seed, own, flush=True)
    return found


def uses_table() -> Iterator[str]:
    """Yield means over networks, plain / temperature / bias."""
    yield "| networks | suspects, precision | forecast by softmax, KL | costs, accuracy |"
    yield "| --- | --: | --: | --: |"
    for recipe, seeds in read_results("scaled").items():
        cells = [
            " / ".join(
                f"{np.mean([each[f'{output} {kind}'] for each in seeds.values()]):.3f}"
                for kind in KINDS
            )
            for output in OUTPUTS
        ]
        yield f"| {recipe}, {len(seeds)} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--present", action="store_true")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if not options.table:
        write_results("scaled", measure(options.present))
    print("\n".join(uses_table()))


if __name__ == "__main__":
    main()
