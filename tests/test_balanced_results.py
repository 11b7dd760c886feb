"""That what docs/balanced.md tells is what was measured, and comes out again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from environments import ROOT

from tests.benchmarks import balanced
from tests.benchmarks._results import read_results
from tests.benchmarks.runs import load_run

PAGE = (ROOT / "docs" / "balanced.md").read_text("utf-8")


@pytest.mark.parametrize("table", balanced.TABLES, ids=lambda table: table.__name__)
def test_the_page_shows_the_committed_results(table: object) -> None:
    assert "\n".join(table()) in PAGE  # type: ignore[operator]


def test_the_authors_table_comes_out_again() -> None:
    assert balanced.reference() == read_results("balanced")["reference"]


def test_one_network_of_the_digits_comes_out_again(tmp_path: Path) -> None:
    """Trained anew. On another processor some images differ, so the figures do by a little."""
    run = load_run("digits", 100, tmp_path)
    committed = read_results("balanced")["networks"]["digits"]["100"]
    for kind in balanced.SHOWN:
        found = balanced.figures(run, *balanced.kind_of(kind))
        assert found.keys() == committed[kind].keys()
        for figure in ("auroc", "auroc adjusted", "safe", "outlier"):
            assert found[figure] == pytest.approx(committed[kind][figure], abs=0.06), figure


def test_the_page_claims_what_every_set_bears_out() -> None:
    """Worse than plain ones for errors with cross-entropy, better with LDAM and once adjusted."""
    for name in ("digits", "solar cells", "openmoji", "emoji CE", "emoji LDAM"):
        plain, alike = (
            {
                figure: np.mean(balanced.reported(figure, kind)[name])
                for figure in ("auroc", "auroc adjusted", "safe, smallest")
            }
            for kind in (balanced.PLAIN, balanced.BALANCED)
        )
        assert (alike["auroc"] > plain["auroc"]) == (name == "emoji LDAM")
        assert alike["auroc adjusted"] > plain["auroc adjusted"]
        assert (alike["safe, smallest"] > plain["safe, smallest"]) == (name != "openmoji")
