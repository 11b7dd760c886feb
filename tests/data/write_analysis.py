"""Write `analysis.imbxai`, a small saved analysis, in the present format.

`tests/analysis/test_saved_file.py` loads it. Run ``python tests/data/write_analysis.py`` when the
format's version is raised.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from imbxai_widgets import Analysis
from imbxai_widgets.analysis import Head
from imbxai_widgets.compute.reading import Skipped

FILE = Path(__file__).with_name("analysis.imbxai")


def small_analysis() -> Analysis:
    """Six training images of two classes, a seventh that could not be read, two for validation.

    With a map of both.
    """
    head = Head([[0.0, -1.0], [0.75, 0.0]], bias=[3.5, 0.0])
    embeddings = np.float32([[0, 1], [0, 2], [0, 4], [8, 0], [9, 0], [0, 3]])
    unseen = np.float32([[0, 1.5], [9.5, 0]])
    analysis = Analysis.from_arrays(
        embeddings,
        [0, 0, 0, 1, 1, 1],
        head.logits(embeddings),
        validation=(unseen, [0, 1], head.logits(unseen)),
        head=head,
        class_names=["cat", "dög"],
        k=2,
        top_k=1,
    )
    colors = np.zeros((6, len(analysis.color_scheme.bins)), dtype=np.uint8)
    colors[1:, 0], colors[4, 3] = 1, 1
    counts = np.stack([colors[:3].sum(axis=0), colors[3:].sum(axis=0)]).astype(np.int64)
    skipped = (Skipped(6, "6.png", "cannot be read"),)
    made = replace(
        analysis,
        train=replace(
            analysis.train, skipped=skipped, color_counts=colors, pixel_counts=colors * 3 + 1
        ),
        color_counts=counts,
        salient_fraction=0.1,
    )
    return made.with_projection((embeddings + 1, unseen + 1))


if __name__ == "__main__":
    print(small_analysis().save(FILE))
