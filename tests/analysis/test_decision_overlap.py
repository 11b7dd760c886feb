"""Overlap as the head sees it: the tables of an analysis, and where there can be none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from imbxai_widgets import Analysis
from imbxai_widgets.analysis import Head
from imbxai_widgets.compute.methods.margins import class_margins

NAMES = ["a", "b", "c", "none"]


def made(head: Head | None) -> Analysis:
    rng = np.random.default_rng(5)
    labels = np.repeat([0, 1, 2], [30, 20, 10])
    embeddings = (rng.random((60, 4)) + 2 * np.eye(4)[labels]).astype(np.float32)
    known = Head(np.eye(4)[:, [1, 0, 2, 3]] + np.eye(4), bias=[0.0, 0.5, 0.0, -9.0])
    outputs = known.logits(embeddings)
    return Analysis.from_arrays(embeddings, labels, outputs, class_names=NAMES, head=head and known)


def test_the_tables_are_those_of_the_margins() -> None:
    analysis = made(Head(np.eye(4)))
    assert analysis.head is not None
    margins = class_margins(analysis.embeddings, analysis.labels, analysis.head)
    table = analysis.decision_overlap()
    np.testing.assert_array_equal(table.to_numpy(), margins.overlap)
    assert (table.index.tolist(), table.columns.tolist()) == (NAMES, NAMES)
    rows = analysis.decision_margins("a")
    # The heads of a and b are alike but for the bias: of the other classes, b is the nearest.
    assert rows.index.tolist() == ["b", "c", "none"]
    assert rows.loc["b", "margin"] == pytest.approx(-0.5, abs=1e-5)
    for column, values in (
        ("margin", margins.mean),
        ("spread", margins.spread),
        ("overlap", margins.overlap),
    ):
        assert rows[column].tolist() == values[0, 1:].tolist()
    assert rows["overlap"].is_monotonic_decreasing
    assert analysis.decision_margins("none").isna().all(axis=None)


def test_it_needs_a_head() -> None:
    for ask in (Analysis.decision_overlap, lambda analysis: analysis.decision_margins("a")):
        with pytest.raises(ValueError, match=r"the analysis has no head: .* give head"):
            ask(made(None))


def test_tables_of_too_many_classes_are_refused() -> None:
    head = Head(torch.zeros(5793, 1))
    analysis = Analysis.from_arrays(
        np.arange(12, dtype=np.float32)[:, np.newaxis] ** 2,
        np.zeros(12, np.int64),
        np.zeros((12, 5793), np.float32),
        head=head,
    )
    with pytest.raises(ValueError, match="table of margins of 5,793 classes takes 2"):
        analysis.decision_overlap()
