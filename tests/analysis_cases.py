"""What the fuzz tests draw: embeddings, labels and outputs of every shape that users may have.

Embeddings come with ties, duplicates, constants, huge and tiny values; classes with no, one or
two images; one class in all; as many neighbors as there are images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imbxai_widgets import Analysis

# Beside them any float; these make ties, and sums and squares beyond the range of float32.
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 1e-45, 1e-38, 1e-20, 1e20, 3e38, -3e38)

values = st.one_of(
    st.sampled_from(SPECIAL), st.floats(-10, 10, width=32), st.floats(width=32, allow_nan=False)
).filter(np.isfinite)


@dataclass(frozen=True)
class Case:
    """Arguments of `Analysis.from_arrays`."""

    embeddings: np.ndarray
    labels: np.ndarray
    outputs: np.ndarray
    n_classes: int
    k: int
    top_k: int
    validation: tuple[np.ndarray, np.ndarray, np.ndarray] | None

    def analysis(self) -> Analysis:
        names = [f"class {number}" for number in range(self.n_classes)]
        return Analysis.from_arrays(
            self.embeddings,
            self.labels,
            self.outputs,
            validation=self.validation,
            class_names=names,
            k=self.k,
            top_k=self.top_k,
        )

    def with_images(self, order: np.ndarray) -> Case:
        """Return the case with the training images in another order."""
        rows = (self.embeddings[order], self.labels[order], self.outputs[order])
        return replace(self, embeddings=rows[0], labels=rows[1], outputs=rows[2])

    def with_classes(self, new: np.ndarray) -> Case:
        """Return the case with class c called new[c]; the outputs must be predictions."""
        validation = self.validation and (
            self.validation[0],
            new[self.validation[1]],
            new[self.validation[2]],
        )
        labels, outputs = new[self.labels], new[self.outputs]
        return replace(self, labels=labels, outputs=outputs, validation=validation)


@st.composite
def matrices(draw: Any, n_rows: int, n_columns: int) -> np.ndarray:
    """Embeddings; in half of the cases of only a few different rows, or columns."""
    rows = draw(st.sampled_from([n_rows, 1, 2, 3]))
    pool = draw(hnp.arrays(np.float32, (rows, n_columns), elements=values))
    if rows < n_rows:
        pool = pool[draw(hnp.arrays(np.int64, n_rows, elements=st.integers(0, rows - 1)))]
    return np.resize(pool, (n_rows, n_columns))


@st.composite
def splits(
    draw: Any, n_rows: int, n_columns: int, n_classes: int, predictions: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    codes = hnp.arrays(np.int64, n_rows, elements=st.integers(0, n_classes - 1))
    # Logits that all lie between 0 and 1 would be taken for sigmoids, and refused.
    logits = hnp.arrays(np.float32, (n_rows, n_classes), elements=values).map(
        lambda drawn: drawn - 2 if ((drawn >= 0) & (drawn <= 1)).all() else drawn
    )
    return (
        draw(matrices(n_rows, n_columns)),
        draw(codes),
        draw(codes if predictions else logits),
    )


@st.composite
def cases(draw: Any, predictions: bool | None = None) -> Case:
    n_images = draw(st.integers(2, 24))
    n_columns, n_classes = draw(st.integers(1, 5)), draw(st.integers(2, 6))
    only_predictions = draw(st.booleans()) if predictions is None else predictions
    embeddings, labels, outputs = draw(splits(n_images, n_columns, n_classes, only_predictions))
    validation = None
    if draw(st.booleans()):
        held_out = draw(st.integers(0, 8))
        validation = draw(splits(held_out, n_columns, n_classes, only_predictions))
    k = draw(st.integers(1, min(6, n_images - 1)))
    return Case(embeddings, labels, outputs, n_classes, k, draw(st.integers(1, 6)), validation)
