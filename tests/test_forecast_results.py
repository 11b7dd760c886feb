"""That what docs/forecast.md tells is what was measured, and comes out again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from environments import ROOT

from tests.benchmarks import coverage, forecast, sets
from tests.benchmarks._results import read_results
from tests.benchmarks.runs import load_run
from tests.benchmarks.sets import AbsentError, load_set

PAGE = (ROOT / "docs" / "forecast.md").read_text("utf-8")


@pytest.mark.parametrize("table", [*forecast.TABLES, *coverage.TABLES], ids=lambda t: t.__name__)
def test_the_page_shows_the_committed_results(table: object) -> None:
    assert "\n".join(table()) in PAGE  # type: ignore[operator]


def test_one_network_of_the_digits_comes_out_again(tmp_path: Path) -> None:
    """Trained anew. On another processor some images differ, so the figures do by a little."""
    run = load_run("digits", 110, tmp_path)
    found = forecast.figures(run.analysis)
    committed = read_results("forecast")["networks"]["digits"]["110"]
    assert found.keys() == committed.keys()
    assert found["errors"] == pytest.approx(committed["errors"], rel=0.1)
    for figure in ("floor", "spread", "softmax", "training errors", "votes"):
        assert found[figure] == pytest.approx(committed[figure], abs=0.3), figure
    assert found["spread"] < min(found["votes"], found["popularity"], found["uniform"])
    logits = run.head.logits(run.validation.embeddings)
    np.testing.assert_allclose(logits, run.validation.logits, atol=1e-4)


def test_what_the_page_claims_of_the_chosen_forecast_is_what_was_measured() -> None:
    found = forecast.reported(read_results("forecast"))
    assert list(found) == ["digits", "solar cells", "openmoji", "emoji CE", "emoji LDAM"]
    assert all(len(of["errors"]) >= 5 for of in found.values())
    rivals = ("votes", "training errors", "popularity", "softmax")
    better = [
        name
        for name, of in found.items()
        if np.mean(of["spread"]) < min(np.mean(of[rival]) for rival in rivals)
    ]
    assert len(better) >= 4


def test_simulated_coverage_and_claims_keep_what_they_promise() -> None:
    found = read_results("coverage")
    for name in coverage.TRUTHS:
        for number in ("10", "20", "40"):
            assert min(found["coverage"][name][number]) >= 0.9
        wrong, families, _ = found["claims"][name]["20 errors or more"]
        assert wrong <= 0.05
        assert families <= 0.05


def test_splits_hold_each_image_once_and_no_group_twice() -> None:
    for name in ("digits", "emoji"):
        split = load_set(name, 3)
        parts = split.training, split.validation
        assert not np.intersect1d(*(part.groups for part in parts)).size
        again = load_set(name, 3)
        np.testing.assert_array_equal(again.training.images, split.training.images)
        other = load_set(name, 4)
        assert not np.array_equal(other.training.images[:9], split.training.images[:9])
    assert np.bincount(load_set("digits", 0).training.labels).tolist() == [
        *(100, 71, 51, 36, 26, 18, 13, 9, 6, 5)
    ]
    assert sum(map(len, (load_set("digits", 0).training, load_set("digits", 0).validation))) == 1797


@pytest.mark.parametrize(
    ("name", "sizes"), [("solar cells", [588, 117, 56, 313, 920, 178, 50, 402]), ("openmoji", None)]
)
def test_sets_that_are_not_part_of_the_package_are_there_or_told(
    name: str, sizes: list[int] | None
) -> None:
    try:
        split = load_set(name, 0)
    except AbsentError as absent:
        pytest.skip(str(absent))
    counts = [np.bincount(part.labels) for part in (split.training, split.validation)]
    if sizes:
        assert (counts[0] + counts[1]).tolist() == sizes
    np.testing.assert_allclose(counts[1] / (counts[0] + counts[1]), sets.HELD_OUT, atol=0.02)


def test_without_their_packages_sets_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "find_spec", lambda _: None)
    sets._cell_images.cache_clear()
    sets._openmoji_drawings.cache_clear()
    with pytest.raises(AbsentError, match="pip install elpv-dataset"):
        load_set("solar cells", 0)
    with pytest.raises(AbsentError, match=r"npm pack openmoji@17\.0\.0"):
        load_set("openmoji", 0)
