"""Whether images with a wrong label are outliers, and outliers have wrong labels.

    python -m tests.benchmarks.outliers

Reads all runs that are there (see `runs`). Of the training labels of each, 5% are changed to
another class at random, which the network has never seen; archetypes are found anew. Writes
results/outliers.json: by set and seed, the part of the outliers whose label was changed, and the
part that is an outlier of the images with changed and of those with other labels.
"""

from __future__ import annotations

from imbxai_widgets import Analysis
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from tests.benchmarks._results import write_results
from tests.benchmarks.emoji_runs import FLIPPED, flip_labels
from tests.benchmarks.runs import RECIPES, Run, load_run, saved_seeds


def planted(run: Run) -> list[float]:
    """Return the three parts."""
    labels, wrong = flip_labels(run.training.labels, len(run.class_names), FLIPPED, run.seed)
    analysis = Analysis.from_arrays(run.training.embeddings, labels, run.training.logits)
    outlier = analysis.archetypes == ARCHETYPES.index("outlier")
    parts = (wrong[outlier].mean(), outlier[wrong].mean(), outlier[~wrong].mean())
    return [round(float(part), 6) for part in parts]


def main() -> None:
    found = {
        name: {str(seed): planted(load_run(name, seed)) for seed in saved_seeds(name)}
        for name in RECIPES
    }
    write_results("outliers", {name: of_set for name, of_set in found.items() if of_set})


if __name__ == "__main__":
    main()
