"""Write `analysis.imbxai`, a small saved analysis, in the present format.

`tests/analysis/test_saved_file.py` loads it. Run ``python tests/data/write_analysis.py`` when the
format's version is raised.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from imbxai_widgets import Analysis
from imbxai_widgets.compute.reading import Skipped

FILE = Path(__file__).with_name("analysis.imbxai")


def small_analysis() -> Analysis:
    """Six training images of two classes, a seventh that could not be read, two for validation."""
    analysis = Analysis.from_arrays(
        [[0.0, 1.0], [0.0, 2.0], [0.0, 4.0], [8.0, 0.0], [9.0, 0.0], [0.0, 3.0]],
        [0, 0, 0, 1, 1, 1],
        [[2.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 3.0], [0.0, 2.0], [1.0, 0.0]],
        validation=([[0.0, 1.5], [9.5, 0.0]], [0, 1], [[0.0, 1.0], [0.0, 1.0]]),
        class_names=["cat", "dög"],
        k=2,
        top_k=1,
    )
    counts = np.zeros((2, len(analysis.color_scheme.bins)), dtype=np.int64)
    counts[:, 0], counts[1, 3] = (2, 3), 1
    skipped = (Skipped(6, "6.png", "cannot be read"),)
    return replace(
        analysis,
        train=replace(analysis.train, skipped=skipped),
        color_counts=counts,
        salient_fraction=0.1,
    )


if __name__ == "__main__":
    print(small_analysis().save(FILE))
