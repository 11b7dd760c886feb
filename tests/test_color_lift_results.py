"""That what docs/colors.md tells is what was measured, and comes out again."""

from __future__ import annotations

import pytest
from environments import ROOT

from tests.benchmarks import color_lift
from tests.benchmarks._results import read_results

PAGE = (ROOT / "docs" / "colors.md").read_text("utf-8")


@pytest.mark.parametrize("table", color_lift.TABLES, ids=lambda table: table.__name__)
def test_the_page_shows_the_committed_results(table: object) -> None:
    assert "\n".join(table()) in PAGE  # type: ignore[operator]


def test_what_was_planted_is_found_with_every_network() -> None:
    networks = read_results("color_lift")["planted"]["any ground"].values()
    assert len(networks) == 8
    for figures in networks:
        assert figures["patch: lift"] > 3
        assert figures["ground: lift"] < 0.9
        assert figures["patch: looked at"] >= 0.75
        assert figures["ground: looked at"] <= 0.25
        assert figures["ground: above the average"] == 1  # what was said before


def test_bounds_of_many_images_keep_what_they_promise() -> None:
    found = read_results("color_lift")["coverage"]
    assert min(found["40"] + found["100"]) > 0.9
