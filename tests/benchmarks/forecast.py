"""How well each forecast foretells the validation errors, on several networks.

    python -m tests.benchmarks.forecast

Trains the networks that are not there yet (see `emoji_runs`). The combined forecast was chosen
on the shipped network; the other networks have other seeds and other splits.
"""

from __future__ import annotations

import pandas as pd

from tests.benchmarks.emoji_runs import SHIPPED, SHIPPED_LDAM, load_run

NETWORKS = (SHIPPED, SHIPPED_LDAM, "split1", "split2")


def main() -> None:
    pd.set_option("display.width", 120)
    for name in NETWORKS:
        analysis = load_run(name)
        print(f"\n{name}: {analysis}")
        for reference in ("votes", "combined"):
            quality = analysis.forecast_quality(average=True, reference=reference)
            print(f"\nmean over classes, excess over {reference}")
            print(quality.drop(columns=["js_low", "js_high"]).round(2).to_string())
        by_class = analysis.forecast_quality()["kl"].unstack("forecast", sort=False)
        by_class.insert(0, "errors", analysis.validation_errors()["support", "errors"])
        print("\nKL by class")
        print(by_class.round(2).to_string())


if __name__ == "__main__":
    main()
