"""The overview of adversaries against the tables of the analysis."""

from __future__ import annotations

import numpy as np
import pytest
from small_analysis import make_analysis, with_predictions

from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels.overview import WINDOW, overview
from imbxai_widgets.presentation import OTHER_COLOR


def test_bars_are_those_of_the_tables_and_weak_ones_faint() -> None:
    analysis = make_analysis((8, 40, 20, 0))
    data = overview(CardDeck(analysis))
    assert data["order"] == [1, 2, 0, 3]
    assert data["labelWidth"] == 3
    (page,) = data["pages"]
    assert page["first"] == 0
    assert sorted(page["segments"]) == ["c0", "c1", "c2", "c3"]
    tables = [analysis.adversaries(), analysis.validation_errors()]
    assert [chart["axis"] for chart in data["charts"]] == ["share of votes", "share of errors"]
    for chart, bars, table in zip(data["charts"], page["shares"], tables, strict=True):
        expected = table["share"].iloc[data["order"]][page["segments"]]
        assert np.array(bars) == pytest.approx(expected.to_numpy(), abs=1e-4)
        weak = (table["support"]["errors"].iloc[data["order"]] < 5).tolist()
        empty = (table["share"].iloc[data["order"]].sum(axis=1) == 0).tolist()
        marks = ["°" if bare else "*" if few else "" for few, bare in zip(weak, empty, strict=True)]
        assert [label.lstrip("c0123") for label in chart["labels"]] == marks
        assert [mark in chart["note"] for mark in "*°"] == [mark in marks for mark in "*°"]
        largest = table["share"].loc["c1"]
        assert chart["words"][0] == f"c1: {largest.idxmax()} {largest.max():.0%}"
        assert [words.endswith(": none") for words in chart["words"]] == empty
        assert chart["faint"] == weak
        assert any(weak) == bool(chart["note"])


def test_only_fewer_than_five_errors_make_a_bar_faint() -> None:
    analysis = make_analysis((12, 11, 10, 9), validation=False)
    predictions = analysis.labels.copy()
    for label, errors in enumerate((3, 4, 5, 6)):
        wrong = np.flatnonzero(analysis.labels == label)[:errors]
        predictions[wrong] = (label + 1) % 4
    data = overview(CardDeck(with_predictions(analysis, predictions)))
    assert data["order"] == [0, 1, 2, 3]
    assert data["charts"][0]["faint"] == [True, True, False, False]


@pytest.mark.parametrize(("classes", "last"), [(9, "c"), (10, "c"), (12, "3 other classes")])
def test_rare_adversaries_are_folded_into_gray(classes: int, last: str) -> None:
    analysis = make_analysis((12,) * classes)
    data = overview(CardDeck(analysis))
    (page,) = data["pages"]
    segments, colors = page["segments"], page["colors"]
    assert len(segments) == len(colors) == len(set(colors)) == min(classes, 10)
    assert segments[-1].startswith(last)
    for bars in page["shares"]:
        sums = np.sum(bars, axis=1)
        assert np.all(np.isclose(sums, 1, atol=1e-3) | (sums == 0))
    own = analysis.adversaries()["share"].to_numpy()[data["order"]]
    named = [int(name[1:]) for name in segments if not name.endswith("classes")]
    assert np.array(page["shares"][0])[:, : len(named)] == pytest.approx(own[:, named], abs=1e-4)


def test_each_page_has_colors_for_its_own_adversaries() -> None:
    sizes = (6,) * 70
    analysis = make_analysis(sizes, validation=False)
    data = overview(CardDeck(analysis))
    assert [page["first"] for page in data["pages"]] == [0, WINDOW, 40]  # the last one is full
    assert len(data["charts"][0]["labels"]) == len(sizes)
    shares = analysis.adversaries()["share"].to_numpy()
    for page in data["pages"]:
        assert page["colors"][-1] == OTHER_COLOR
        shown = data["order"][page["first"] :][:WINDOW]
        weights = shares[shown].sum(axis=0)
        own = [int(name[1:]) for name in page["segments"][:-1]]
        assert sorted(weights[own]) == pytest.approx(sorted(weights)[-len(own) :])
        (bars,) = page["shares"]
        assert len(bars) == WINDOW
        assert np.array(bars)[:, :-1] == pytest.approx(shares[np.ix_(shown, own)], abs=1e-4)


def test_a_page_without_any_adversary_has_no_segments() -> None:
    analysis = make_analysis((9, 9), validation=False)
    data = overview(CardDeck(with_predictions(analysis, analysis.labels)))
    (page,) = data["pages"]
    assert page["segments"] == page["colors"] == []
    assert page["shares"] == [[[], []]]
