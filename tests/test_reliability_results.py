"""That what docs/calibration.md tells is what was measured, and comes out again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from environments import ROOT

from tests.benchmarks import reliability
from tests.benchmarks._results import read_results
from tests.benchmarks.runs import load_run

PAGE = (ROOT / "docs" / "calibration.md").read_text("utf-8")


@pytest.mark.parametrize("table", reliability.TABLES, ids=lambda table: table.__name__)
def test_the_page_shows_the_committed_results(table: object) -> None:
    assert "\n".join(table()) in PAGE  # type: ignore[operator]


def test_one_network_of_the_digits_comes_out_again(tmp_path: Path) -> None:
    """Trained anew. On another processor some images differ, so the figures do by a little."""
    run = load_run("digits", 100, tmp_path)
    found = reliability.figures(run.analysis, run.validation.groups)
    committed = read_results("reliability")["networks"]["digits"]["100"]
    assert found.keys() == committed.keys()
    for figure in ("auroc confidence", "auroc agreement", "auroc error_probability", "ece plain"):
        assert found[figure] == pytest.approx(committed[figure], abs=0.05), figure
    assert found["auroc error_probability"] > found["auroc confidence"] + 0.03


def test_errors_are_told_better_than_by_confidence_on_every_set() -> None:
    found = reliability.reported(read_results("reliability")["networks"])
    assert len(found) == 5
    for of in found.values():
        assert (of["auroc error_probability"] > of["auroc confidence"]).all()
        assert np.mean(of["brier error_probability"]) < np.mean(of["brier confidence"])


def test_simulated_intervals_keep_what_they_promise() -> None:
    for sizes in read_results("reliability")["coverage"].values():
        assert np.min(list(sizes.values())) >= 0.9
