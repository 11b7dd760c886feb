"""Edits of an Explorer: what the page asks for, what Python makes, and what both show."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_analysis import make_analysis

from imbxai_widgets import Analysis, Edits, Explorer
from imbxai_widgets.edits import JournalError
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels.edits import EditsContent
from imbxai_widgets.explorer.panels.review import PAGE, ReviewContent


def ask(explorer: Explorer, **arguments: Any) -> list[Any]:
    """Ask as the page does; return the answers."""
    sent: list[Any] = []
    explorer._linker.send = lambda content, buffers=None: sent.append(content)  # noqa: ARG005
    message = {"type": "ask", "id": "1", "kind": "edit", "arguments": arguments}
    explorer._linker._handle_custom_msg(message, [])
    return sent


def test_what_the_page_asks_for_is_done_once_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    explorer = Explorer(make_analysis(), edits=path)
    assert explorer._linker.history == {"undo": False, "redo": False, "kept": str(path)}
    given = {"do": "edit", "id": "a", "images": ["training:1"], "edit": {"action": "exclude"}}
    for _ in range(2):
        (answer,) = ask(explorer, **given)
    assert answer["content"] == {"changed": False}
    assert explorer.edits.changes == {"training:1": {"action": "exclude"}}
    assert explorer._linker.edits == explorer.edits.changes
    assert explorer._linker.history["undo"]
    assert len(path.read_text().splitlines()) == 2
    ask(explorer, do="undo", id="b")
    assert explorer._linker.edits == {}
    assert explorer._linker.history == {"undo": False, "redo": True, "kept": str(path)}
    explorer.edits.close()


def test_what_cannot_be_done_is_told_the_page() -> None:
    explorer = Explorer(make_analysis())
    sent: list[Any] = []
    explorer._linker.send = lambda content, buffers=None: sent.append(content)  # noqa: ARG005
    given = {"do": "edit", "id": "a", "images": ["training:999"], "edit": {"action": "keep"}}
    message = {"type": "ask", "id": "1", "kind": "edit", "arguments": given}
    with pytest.raises(ValueError, match="row 999"):
        explorer._answer_linker("edit", **given)
    explorer._linker._handle_custom_msg(message, [])
    assert "there is no training image in row 999" in sent[0]["error"]
    assert explorer._linker.edits == {}


def test_edits_made_in_python_show_in_all_explorers_of_them(tmp_path: Path) -> None:
    analysis = make_analysis()
    path = tmp_path / "edits.jsonl"
    first = Explorer(analysis, edits=path)
    again = Explorer(make_analysis(), edits=path)  # as where a cell is run again
    other = Explorer(analysis, edits=first.edits)
    assert first.edits is again.edits is other.edits
    first.edits.relabel(3, "c2")
    shown = {"training:3": {"action": "relabel", "label": 2}}
    for explorer in (first, again, other):
        assert explorer._linker.edits == shown
    again.close()
    first.edits.undo()  # one that is closed does not get in the way
    assert other._linker.edits == {}
    other.edits.close()


def test_an_explorer_starts_with_what_its_edits_are() -> None:
    analysis = make_analysis()
    edits = Edits(analysis)
    edits.exclude(2)
    assert Explorer(analysis, edits=edits)._linker.edits == {"training:2": {"action": "exclude"}}
    with pytest.raises(ValueError, match="other images"):
        Explorer(make_analysis((20, 8)), edits=edits)
    with pytest.raises(TypeError, match="a path or an Edits, not int"):
        Explorer(analysis, edits=3)  # type: ignore[arg-type]


def test_a_journal_of_other_images_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    Explorer(make_analysis(), edits=path).edits.close()
    with pytest.raises(JournalError, match="belong to other images"):
        Explorer(make_analysis((20, 8)), edits=path)


def test_edits_end_with_the_explorer_that_nothing_holds() -> None:
    explorer = Explorer(make_analysis())
    edits = weakref.ref(explorer.edits)
    explorer.close()
    with pytest.raises(RuntimeError, match="closed"):
        explorer.edits  # noqa: B018
    del explorer
    gc.collect()
    assert edits() is None


def test_the_effect_is_that_of_the_edited_analysis() -> None:
    analysis = make_analysis()
    deck = CardDeck(analysis)
    content = deck.contents["edits"]
    assert isinstance(content, EditsContent)
    assert content.effect() == {"rows": [], "classes": 0, "moved": 0}
    rows = np.flatnonzero(analysis.labels == 0)[:3]
    deck.edits.relabel(rows, 2)
    deck.edits.exclude(np.flatnonzero(analysis.labels == 1)[:2])
    after = analysis.with_edits(deck.edits)
    effect = content.effect()
    tables = [each.classes() for each in (analysis, after)]
    assert [row["index"] for row in effect["rows"]]
    for row in effect["rows"]:
        index = row["index"]
        assert row["images"] == [int(table["images"].iloc[index]) for table in tables]
        assert row["wrong"] == [int(table["training_errors"].iloc[index]) for table in tables]
        groups = [
            np.bincount(each.archetypes[each.labels == index], minlength=4)
            for each in (analysis, after)
        ]
        assert np.transpose(row["archetypes"]).tolist() == [group.tolist() for group in groups]
    kept = np.setdiff1d(
        np.arange(len(analysis.train)), np.delete(np.arange(68), after.train.positions)
    )
    same = analysis.labels[kept] == after.labels
    moved = (analysis.archetypes[kept] != after.archetypes) & same
    assert effect["moved"] == np.count_nonzero(moved)
    assert effect["moved"] > 0


def test_the_review_has_the_suspects_in_their_order() -> None:
    analysis = make_analysis()
    content = CardDeck(analysis).contents["review"]
    assert isinstance(content, ReviewContent)
    table = analysis.suspects()
    likely = table[table["score"] > 0.5]
    keys = content.order()["keys"]
    assert keys == [f"training:{row}" for row in likely.index]
    assert len(keys) > PAGE
    page = content.suspects(PAGE)
    assert len(page["suspects"]) == min(PAGE, len(keys) - PAGE)
    for suspect, (row, known) in zip(
        page["suspects"], likely.iloc[PAGE : 2 * PAGE].iterrows(), strict=True
    ):
        assert suspect["thumbnail"]["image"] == row
        assert suspect["suggested_name"] == known["suggested"]
        assert suspect["score"] == known["score"]
        assert (suspect["same"], suspect["other"]) == (
            known["neighbors_same"],
            known["neighbors_suggested"],
        )
        near = [each["image"] for each in suspect["neighbors"]]
        assert near == analysis.neighbors[row].tolist()
        top = analysis.train.top
        place = top.classes[row].tolist().index(suspect["suggested"])
        assert suspect["suggested_confidence"] == pytest.approx(top.probabilities[row, place])
    assert page["sprite_data"]
    assert content.suspects(len(keys))["suspects"] == []


def test_the_review_has_the_suspects_of_one_class() -> None:
    analysis = make_analysis()
    content = CardDeck(analysis).contents["review"]
    assert isinstance(content, ReviewContent)
    keys = content.order()["keys"]
    of_classes = [content.order(index)["keys"] for index in range(analysis.n_classes)]
    assert sorted(key for own in of_classes for key in own) == sorted(keys)
    for index, own in enumerate(of_classes):
        assert own == [key for key in keys if analysis.labels[int(key[9:])] == index]
        shown = content.suspects(0, index)["suspects"]
        assert [f"training:{each['thumbnail']['image']}" for each in shown] == own[:PAGE]
        assert {each["index"] for each in shown} <= {index}


def test_one_class_has_nothing_to_review() -> None:
    points = np.random.default_rng(0).normal(size=(9, 2))
    alone = Analysis.from_arrays(points, [0] * 9, [0] * 9, class_names=["cat"])
    assert "review" not in CardDeck(alone).contents
