"""That what docs/more-images.md tells is what was measured, and comes out again."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from environments import ROOT

from imbxai_widgets.analysis._learning_curve import LearningCurveTables
from imbxai_widgets.compute.methods.learning_curve import SPREAD, STRENGTH
from tests.benchmarks import _subsampled, more_images, more_images_pages, withheld
from tests.benchmarks._results import read_results
from tests.benchmarks.runs import load_run
from tests.benchmarks.sets import REPORTING, load_set

PAGE = (ROOT / "docs" / "more-images.md").read_text("utf-8")
SEED = 100  # of the digits that are measured anew


@pytest.mark.parametrize("table", more_images_pages.TABLES, ids=lambda table: table.__name__)
def test_the_page_shows_the_committed_results(table: object) -> None:
    rows = list(table())  # type: ignore[operator]
    assert len(rows) > 4
    assert "\n".join(rows) in PAGE


def test_claims_are_those_of_the_results() -> None:
    text = " ".join((ROOT / "docs" / "claims.md").read_text(encoding="utf-8").split())
    assert [claim for claim in more_images_pages.claims() if claim not in text] == []


def test_what_the_page_prints_is_what_the_tested_example_prints() -> None:
    printed = PAGE.split("```text")[1].split("```")[0].split()
    assert len(printed) > 30
    example = str(LearningCurveTables.learning_curve.__doc__).split()
    assert " ".join(printed) in " ".join(example)


def test_strength_and_spread_are_what_the_seeds_below_100_chose() -> None:
    chose = [
        [run["all"] for seed, run in runs.items() if int(seed) not in REPORTING]
        for runs in read_results("more_images").values()
    ]

    def mean(setting: str, figure: str) -> list[float]:
        return [float(np.mean([run[setting][figure] for run in runs])) for runs in chose]

    off = {s: np.mean(mean(f"strength {s:g}", "off by")) for s in more_images.STRENGTHS}
    assert min(off, key=lambda strength: off[strength]) == STRENGTH
    enough = [s for s in more_images.SPREADS if min(mean(f"spread {s:g}", "within")) >= 0.95]
    assert min(enough) == SPREAD


def test_digits_that_are_trained_anew_change_as_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another processor some images differ, so the figures do by a little."""
    for name in ("load_withheld", "load_again"):
        load = getattr(withheld, name)
        monkeypatch.setattr(more_images, name, partial(load, folder=tmp_path / "withheld"))
    monkeypatch.setattr(more_images, "load_run", partial(load_run, folder=tmp_path))
    monkeypatch.setattr(more_images, "by_curve", lambda *_: {})  # a minute
    labels = withheld.CLASSES["digits"]
    found = [case for label in labels for case in more_images.cases("digits", SEED, label)]
    assert len(found) == 12
    again = more_images.figures(found)
    committed = read_results("more_images")["digits"][str(SEED)]
    for forecast in (more_images.TOLD, more_images.ALONE, more_images.AGAIN):
        for figure in ("told", "real", "off by", "correlation"):
            expected = pytest.approx(committed["all"][forecast][figure], abs=0.06)
            assert again["all"][forecast][figure] == expected, (forecast, figure)
    assert again["others"] == pytest.approx(committed["others"], abs=0.02)


def test_images_are_withheld_of_one_class_and_groups_whole() -> None:
    images = load_set("emoji", 100)
    parts = [withheld.withheld(images, 5, kept, 100).training for kept in (0.25, 0.5, 1.0)]
    known = [set(part.groups[part.labels == 5].tolist()) for part in parts]
    assert known[0] < known[1] < known[2]
    assert [len(of) / len(known[2]) for of in known] == pytest.approx([0.25, 0.5, 1], abs=0.01)
    for part, groups in zip(parts, known, strict=True):
        own = part.labels == 5
        kept = np.isin(images.training.groups, list(groups)) & (images.training.labels == 5)
        assert own.sum() == kept.sum()  # both drawings of each
        others = images.training.labels != 5
        np.testing.assert_array_equal(part.images[~own], images.training.images[others])


def test_the_curve_of_refitted_heads_is_a_power_law() -> None:
    """Of 1,000 images 400, 200, 100 and 50 are wrong: half as many with twice the images."""
    right = np.ones((4, 2, 1000), dtype=bool)
    for part, wrong in enumerate((400, 200, 100, 50)):
        right[part, :, :wrong] = False
    curve = _subsampled.Curve(np.array([5.0, 10, 20, 40]), right)
    fall, left = curve.falls(2, np.ones(1000))
    assert fall == pytest.approx(0.025, abs=0.001)
    assert left == pytest.approx(0.5, abs=0.01)
    rising = _subsampled.Curve(curve.sizes, ~right)
    assert rising.falls(4, np.ones(1000)) == pytest.approx((0, 1))


def test_more_images_and_baselines_are_held_to_what_came() -> None:
    def case(before: float, real: float, told: float) -> more_images.Case:
        interval = (told, told - 0.1, told + 0.1)
        return more_images.Case("1/2 to all", before, real, {"x": interval}, (0, 0), (1, 2, 0, 3))

    found = more_images.with_baselines(
        {0: [case(0.5, 0.2, 0), case(0.7, 0.2, 0)], 100: [case(0.6, 0.3, 0.25), case(0.2, 0, 0.2)]}
    )
    figures = more_images.figures(found[100])
    assert figures["won"] == [2, 4, 0, 6]
    assert figures["all"]["x"] == {
        **{"told": 0.225, "real": 0.15, "off by": 0.125, "correlation": 1.0, "within": 0.5}
    }
    assert figures["all"]["no change"]["off by"] == 0.15
    assert figures["all"]["mean gain"]["told"] == 0.2
    assert figures["all"]["mean gain"]["correlation"] is None
    # 0.4 of 0.8 errors went, so half of 0.4 and 0.8 is told.
    assert figures["all"]["share of errors"]["told"] == 0.3
    assert figures["all"]["share of errors"]["correlation"] == -1.0
