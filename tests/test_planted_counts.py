"""What a diagnosis said is counted as right or wrong as the page says."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from environments import ROOT

from imbxai_widgets.analysis._diagnose import RELIABILITY
from tests.benchmarks import _planted_pages, planted
from tests.benchmarks._results import read_results
from tests.benchmarks.planted_counts import Judged, counted, tally, untouched
from tests.benchmarks.planted_runs import Case, PlantedRun, Truth


def judged(**changed: Any) -> Judged:
    values = {"victim": False, "touched": False, "support": 90, "recall": 0.95, "others": 0.95}
    values |= {"share": 1.0, "state": "not failing", "named": ()} | changed
    return Judged(**values)


def victim(*named: str, **changed: Any) -> Judged:
    values = {"victim": True, "touched": True, "recall": 0.5, "state": "failing"} | changed
    return judged(named=named, **values)


def case(*kinds: str, seed: int = 0, strength: str = "medium") -> Case:
    return Case("digits", kinds, strength, seed)


def test_a_name_counts_as_right_by_cause_by_size_and_by_family() -> None:
    found = tally(
        9,
        {
            case("few images", seed=0): victim("few images"),
            case("few images", seed=1): victim("decision shift", "few images"),
            case("few images", seed=2): victim("overlap"),
            case("shift", seed=3): victim("shortcut", "overlap", "shift"),
            case("shift", seed=4): victim(),
            case("shift", seed=5): victim(state="not failing"),
        },
    )
    assert found == {
        "networks": 9,
        "failing": 6,
        "told to fail": 5,
        "first": 1,
        "first, small as one": 2,
        "first two": 2,
        "family": 3,
        "named": {
            "few images": 1,
            "decision shift": 1,
            "overlap": 1,
            "shortcut": 1,
            "no cause": 1,
            "not failing": 1,
        },
    }


def test_of_a_pair_the_first_name_is_one_of_them_and_the_first_two_are_both() -> None:
    pair = ("overlap", "shift")
    found = tally(
        3,
        {
            case(*pair, seed=0): victim("shift", "overlap", "shortcut"),
            case(*pair, seed=1): victim("shift", "shortcut", "overlap"),
            case(*pair, seed=2): victim("few images", "shift"),
        },
    )
    assert (found["first"], found["first two"]) == (2, 1)


def test_a_victim_fails_where_the_untouched_network_of_its_seed_is_better() -> None:
    kept = {
        case(): {"3": judged(recall=0.95), "4": judged(recall=0.7)},
        case("overlap"): {"3": victim("overlap", recall=0.84), "4": judged()},
        case("shift"): {"3": victim("overlap", recall=0.86), "4": judged()},
        case("shift", strength="weak"): {"4": victim("shift", recall=0.65), "3": judged()},
        case("few images"): {"3": victim("few images", recall=0, support=59)},
        case("few images", seed=1): {"3": victim("few images", recall=0)},  # without a control
        case("leak"): {"3": victim("leak", recall=1, state="not failing")},
        case("leak", strength="weak"): {"3": victim(recall=1, state="not failing")},
        case("overlap", "shift"): {"4": victim("shift", recall=0.1)},
    }
    found = counted(kept)
    assert found["seeds"] == [0]
    assert found["alone"]["overlap"]["medium"]["first"] == 1
    assert found["alone"]["shift"]["medium"]["networks"] == 1
    assert found["alone"]["shift"]["medium"]["failing"] == 0
    assert found["alone"]["shift"]["weak"]["failing"] == 0
    assert found["alone"]["few images"]["medium"]["networks"] == 2
    assert found["alone"]["few images"]["medium"]["failing"] == 0
    assert found["pairs"]["failing"] == 1
    assert found["leaks"] == {
        "medium": {"networks": 1, "told": 1},
        "weak": {"networks": 1, "told": 0},
    }
    assert "leak" not in found["alone"]


def test_what_is_named_where_nothing_was_done_is_counted_by_whether_the_class_fails() -> None:
    found = untouched(
        [
            {
                "a": judged(),
                "b": judged(named=("wrong labels",)),
                "c": judged(recall=0.8, others=0.95, state="failing", named=("overlap",)),
                "d": judged(recall=0.8, others=0.95, state="failing", named=("shift", "overlap")),
                "e": judged(recall=0.8, others=0.95, state="failing", named=("few images",)),
            },
            {
                "a": judged(recall=0.8, state="failing", named=("few images",), share=0.4),
                "b": judged(support=30, named=("shift",)),
                "c": victim("shift"),
                "d": judged(recall=0.86, others=0.95),
                "e": judged(recall=0.8, state="failing"),
            },
        ]
    )
    assert found == {
        "sound": 3,
        "sound, named": 1,
        "sound, by name": {"not failing": 2, "wrong labels": 1},
        "own": 5,
        "own, named": 4,
        "own, named wrongly": 2,
        "own, by name": {"few images": 2, "overlap": 1, "shift": 1, "no cause": 1},
        "small": 1,
        "small, named": 1,
    }


def a_run(named: dict[str, tuple[str, ...]]) -> PlantedRun:
    """Two images of each of three classes; of b one is right, of the others all."""

    def diagnose(*given: object) -> SimpleNamespace:
        assert given == ("model", "training", "validation")
        found = {
            name: SimpleNamespace(
                state="failing", causes=[SimpleNamespace(cause=cause) for cause in causes]
            )
            for name, causes in named.items()
        }
        return SimpleNamespace(of=found.__getitem__)

    labels = np.array([0, 0, 1, 1, 2, 2])
    analysis = SimpleNamespace(
        class_names=("a", "b", "c"),
        train=SimpleNamespace(labels=np.array([0, 0, 0, 0, 1, 2, 2])),
        validation=SimpleNamespace(labels=labels, predictions=np.array([0, 0, 1, 2, 2, 2])),
        diagnose=diagnose,
    )
    truth = Truth(case("overlap"), ("overlap",), "b", ("b", "c"))
    return PlantedRun("model", "training", "validation", analysis, truth)  # type: ignore[arg-type]


def test_a_diagnosis_is_kept_with_what_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run({"a": (), "b": ("overlap", "shift"), "c": ("overlap",)})
    monkeypatch.setattr(planted, "load_planted", lambda *_: run)
    planted.save_judged(run.truth.case, tmp_path)
    found = planted.load_judged(run.truth.case, tmp_path)
    assert found == planted.judge(run)
    assert found["b"] == Judged(True, True, 2, 0.5, 1, 0.3333, "failing", ("overlap", "shift"))
    assert (found["c"].victim, found["c"].touched) == (False, True)
    assert (found["a"].touched, found["a"].share) == (False, 2.6667)
    monkeypatch.setattr(planted, "trained_on", lambda *_: "cpu, torch 2")
    figures = planted.measure(tmp_path)
    assert json.loads(json.dumps(figures)) == figures
    assert figures["choosing"]["digits"]["alone"]["overlap"]["medium"]["networks"] == 1
    assert figures["choosing"]["digits"]["trained on"] == {"cpu, torch 2": 1}
    assert "reporting" not in figures


def test_tables_tell_shares_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {
        case(seed=100): {"3": judged(recall=0.95), "5": judged(named=("shift",))},
        case("overlap", seed=100): {"3": victim("overlap", "shift")},
        case("shift", seed=100): {"3": victim("shortcut")},
        case("near copies", seed=100): {"3": victim("leak")},
        case("overlap", "shift", seed=100): {"3": victim("shift", "overlap")},
        case("leak", seed=100): {"3": victim("leak", recall=1, state="not failing")},
    }
    figures = {"reporting": {"digits": counted(kept)}}
    monkeypatch.setattr(_planted_pages, "read_results", lambda _: figures)
    assert list(_planted_pages.summary())[2:] == [
        "| digits | alone, medium | 2 | 2 | 100% (2) | 50% (1) | 50% (1) | 50% (1) | 100% (2) |",
        "| digits | alone, all | 2 | 2 | 100% (2) | 50% (1) | 50% (1) | 50% (1) | 100% (2) |",
        "| digits | pairs | 1 | 1 | 100% (1) | 100% (1) | 100% (1) | 100% (1) | 100% (1) |",
        "| digits | unseen kinds | 1 | 1 | 100% (1) | 0% (0) | 0% (0) | 0% (0) | 100% (1) |",
    ]
    rows = list(_planted_pages.confusion("digits"))
    assert rows[0] == "| digits: planted | overlap | shortcut | shift | not failing |"
    assert "| overlap | 1 |  |  |  |" in rows
    assert "| shift |  | 1 |  |  |" in rows
    assert rows[-1] == "| untouched |  |  | 1 | 1 |"
    assert "| near copies | duplicates | 0 / 1 of 1 |" in list(_planted_pages.unseen())
    assert list(_planted_pages.untouched())[2:] == [
        "| digits | 2 | 50% (1) | 0 |  |  | 0 |  | 1 of 1 |"
    ]


def _added(images: str, part: str) -> dict[str, int]:
    """Add the counts of all kinds up, of the causes planted alone or those kept unseen."""
    kinds = read_results("planted")["reporting"][images][part].values()
    tallies = [t for kind in kinds for t in (kind.values() if part == "alone" else [kind])]
    keys = ("first", "family", "failing", "told to fail")
    return {key: sum(tally[key] for tally in tallies) for key in keys}


def test_what_the_page_says_was_reached_is_what_was_counted() -> None:
    text = " ".join((ROOT / "docs/diagnosis.md").read_text(encoding="utf-8").split())
    found = read_results("planted")["reporting"]
    digits, cells, emoji = (_added(name, "alone") for name in ("digits", "solar cells", "emoji"))
    unseen = {name: _added(name, "unseen") for name in found}
    pairs = found["digits"]["pairs"]
    for said in (
        f"right in {digits['first']} of {digits['failing']} victims, in {pairs['first']} of "
        f"{pairs['failing']} pairs one of the two; of unseen kinds in {unseen['digits']['first']} "
        f"of {unseen['digits']['failing']}, the family in {unseen['digits']['family']} (86%)",
        f"the first two names ({pairs['first two']} of {pairs['failing']})",
        "they were, {sound, named} of {sound:,} are named.".format_map(
            found["digits"]["untouched"]
        ),
        f"right in {cells['first']} of {cells['failing']}, of unseen kinds in "
        f"{unseen['solar cells']['first']} of {unseen['solar cells']['failing']}. Nine of the "
        f"{cells['failing']} are told to fail",
        "they were, {sound, named} of {sound} (4%) are named".format_map(
            found["solar cells"]["untouched"]
        ),
        f"right in {emoji['first']} of {emoji['failing']}, the family in {emoji['family']}; of "
        f"unseen kinds in {unseen['emoji']['first']} of {unseen['emoji']['failing']}, the family "
        f"in {unseen['emoji']['family']}. Of the {emoji['failing']} victims, "
        f"{emoji['told to fail']} are told to fail",
    ):
        assert said in text
    assert cells["told to fail"] == 9
    assert found["emoji"]["untouched"]["sound, named"] == 0


def test_a_diagnosis_says_how_often_its_names_were_right() -> None:
    shares = []
    for images in ("digits", "emoji", "solar cells"):
        tally = _added(images, "alone")
        shares.append(f"{tally['first'] / tally['failing']:.0%}")
    digits, emoji, cells = shares
    assert RELIABILITY.endswith(
        f"right in {digits} of the classes that failed on digits, {emoji} on drawings and {cells} "
        "on photographs."
    )
