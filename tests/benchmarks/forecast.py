"""How well each forecast foretells the validation errors, over networks.

    python -m tests.benchmarks.forecast [--folder FOLDER]

Takes the runs that are there (see `runs`), of the seeds that chose the forecast and of those that
report, and writes results/forecast.json: of each network the KL of every forecast, mean over the
classes that have validation errors, and the floor of the noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks._results import write_results
from tests.benchmarks.runs import FOLDER, RECIPES, Run, load_run, saved_seeds

# The votes are sparse where training errors are few, and the paper says nothing of smoothing: so
# they are given the best of several as well.
SMOOTHED_VOTES = {f"votes, smoothing {total}": total for total in (10, 30, 100)}


def figures(run: Run) -> dict[str, Any]:
    """Return what is told of one network."""
    analysis = run.analysis
    quality = analysis.forecast_quality(average=True, groups=run.validation.groups)
    found = {"errors": int(quality["errors"].iloc[0]), "floor": quality["floor"].iloc[0]}
    found |= quality["kl"].to_dict()
    for name, total in SMOOTHED_VOTES.items():
        found[name] = analysis.forecast_quality(average=True, smoothing=total).at["votes", "kl"]
    return {name: round(value, 4) for name, value in found.items()}


def measured(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the figures of all runs that are there, by recipe and seed."""
    return {
        name: {str(seed): figures(load_run(name, seed, folder)) for seed in seeds}
        for name in RECIPES
        if (seeds := saved_seeds(name, folder))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    print(write_results("forecast", measured(parser.parse_args().folder)))


if __name__ == "__main__":
    main()
