"""How much of the neighborhoods a map keeps, by PCA and by UMAP.

    python -m tests.benchmarks.maps

Reads the embedded images with either shipped network, and up to three runs that are there of each
other set (see `runs`). Writes results/maps.json: by set and seed, and by projection, the share over
all images, the least and the largest of a class, that of a map of images placed anywhere, and the
seconds of one processor for the places and for the share.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time
from typing import Any

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.demo import load_demo
from tests.benchmarks._results import write_results
from tests.benchmarks.runs import RECIPES, load_run, saved_seeds

SEEDS = 3  # of a set, the first that report


def analyses() -> Iterator[tuple[str, str, Analysis]]:
    """Yield analyses, with the name of the set and what tells the network."""
    for head in ("ce", "ldam"):
        model, train, validation = load_demo(head)
        yield (
            "embedded images",
            head,
            analyze(model, train, validation=validation, salient_fraction=None, progress=False),
        )
    for name in RECIPES:
        for seed in [seed for seed in saved_seeds(name) if seed >= 100][:SEEDS]:
            yield name, str(seed), load_run(name, seed).analysis


def kept(analysis: Analysis, projection: str) -> dict[str, Any]:
    """Return the figures of one map."""
    start = process_time()
    mapped = analysis.with_projection(projection, progress=False)
    placed = process_time()
    table = mapped.neighborhoods_kept()
    counted = process_time()
    classes = table["kept"].dropna()
    return {
        "images": int(table["images"].sum()),
        "kept": round(table.attrs["kept"], 4),
        "least": round(float(classes.min()), 4),
        "largest": round(float(classes.max()), 4),
        "by chance": round(table.attrs["by_chance"], 4),
        "places, s": round(placed - start, 2),
        "share, s": round(counted - placed, 2),
    }


def main() -> None:
    found: dict[str, dict[str, Any]] = {}
    for name, network, analysis in analyses():
        figures = {projection: kept(analysis, projection) for projection in ("pca", "umap")}
        found.setdefault(name, {})[network] = figures
        print(name, network, figures, flush=True)
    write_results("maps", found)


if __name__ == "__main__":
    main()
