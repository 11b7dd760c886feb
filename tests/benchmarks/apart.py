"""Whether what shared features make of the difference between two classes goes with mistakes.

    python -m tests.benchmarks.apart

Reads all runs that are there (see `runs`) and writes results/apart.json: by set, seed and measure,
the mean rank correlation (Spearman's) of the measure with the numbers of validation errors, within
a class, over the other classes that share any of its top features. Only classes with at least 5
errors among these, and at least 3 such others, count.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import spearmanr

from tests.benchmarks._results import write_results
from tests.benchmarks.overlap import FEWEST_ERRORS
from tests.benchmarks.runs import RECIPES, Run, load_run, saved_seeds

FEWEST_CLASSES = 3


def judged(run: Run) -> dict[str, float]:
    """Return, by measure, the mean rank correlation; nothing where no class counts."""
    analysis, names = run.analysis, run.class_names
    confusion = analysis.validation_errors()
    counts = confusion["share"].mul(confusion["support"]["errors"], axis=0).fillna(0).round()
    found: dict[str, list[float]] = {}
    for name in names:
        table = analysis.feature_overlap(name)
        table = table[table["share_apart"].notna()]
        errors = counts.loc[name].reindex(table.index).to_numpy(dtype=float)
        if len(table) < FEWEST_CLASSES or errors.sum() < FEWEST_ERRORS:
            continue
        measures = {
            "how many are shared": table["shared"],
            "weight here": table["share"],
            "tells apart": table["share_apart"],
            "weight here, as far as alike": table["share"] * (1 - table["share_apart"]),
        }
        for measure, values in measures.items():
            flat = np.ptp(values) == 0 or np.ptp(errors) == 0
            rank = 0.0 if flat else spearmanr(values, errors).statistic
            found.setdefault(measure, []).append(rank)
    return {measure: round(float(np.mean(ranks)), 6) for measure, ranks in found.items()}


def main() -> None:
    found = {
        name: {str(seed): judged(load_run(name, seed)) for seed in saved_seeds(name)}
        for name in RECIPES
    }
    write_results("apart", {name: of_set for name, of_set in found.items() if of_set})


if __name__ == "__main__":
    main()
