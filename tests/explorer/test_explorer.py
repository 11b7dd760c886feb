"""The Explorer's Python side: its arguments, the selection and the answers to the front end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np
import pytest
import torch
from registered import WIDGETS, empty_front_end
from small_analysis import make_analysis, make_pair
from torch import nn

from imbxai_widgets import pipeline
from imbxai_widgets.analysis import Analysis
from imbxai_widgets.demo import load_demo
from imbxai_widgets.explorer import Explorer, arguments
from imbxai_widgets.explorer import explorer as explorer_module
from imbxai_widgets.explorer import panel as _base
from imbxai_widgets.pipeline import AnalyzeSettings


@pytest.fixture(autouse=True)
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty front end: these tests have no browser, and need no bundle."""
    monkeypatch.setattr(_base, "STATIC", tmp_path)
    empty_front_end(tmp_path)


@pytest.fixture
def explorer() -> Iterator[Explorer]:
    yield Explorer(make_analysis())
    widgets.Widget.close_all()


@pytest.fixture
def sent(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What the kernel sends to linker and gallery."""
    messages: list[tuple[Any, Any]] = []
    for widget in (explorer._linker, explorer._panels["images"]):
        monkeypatch.setattr(
            widget, "send", lambda content, buffers=None: messages.append((content, buffers))
        )
    return messages


def receive(widget: Any, content: dict[str, Any]) -> None:
    """Let a widget have a message, as from its front end."""
    widget._handle_custom_msg(content, [])


def question(kind: str, **arguments: Any) -> dict[str, Any]:
    """What the front end asks; see js/src/parts/ask.ts."""
    return {"type": "ask", "id": "q1", "kind": kind, "arguments": arguments}


def test_the_weakest_class_is_shown_first(explorer: Explorer) -> None:
    accuracy = explorer.analysis.classes()["validation_accuracy"]
    assert explorer.selected_class == accuracy.idxmin()
    assert explorer.analysis.class_names[explorer._linker.selected] == explorer.selected_class


def test_of_two_models_the_class_that_changed_most_is_shown_first() -> None:
    before, after = make_pair(sizes=(12, 8, 5))
    ours, theirs = (each.classes()["validation_accuracy"] for each in (before, after))
    shown = Explorer(before, compare=after).selected_class
    assert shown == (theirs - ours).abs().idxmax()


def test_a_selection_in_the_browser_reaches_python(explorer: Explorer) -> None:
    seen: list[str] = []
    explorer.observe(lambda change: seen.append(change["new"]), "selected_class")
    for index in (1, 2, 0):
        explorer._linker.set_state({"selected": index})
        assert explorer.selected_class == f"c{index}"
    assert seen[-1] == "c0"


def test_an_assignment_reaches_the_linker(explorer: Explorer) -> None:
    for name in ("c2", "c0", "c3"):
        explorer.selected_class = name
        assert explorer._linker.selected == int(name[1:])


def test_a_wrong_name_raises_with_the_valid_ones_and_changes_nothing(explorer: Explorer) -> None:
    explorer.selected_class = "c1"
    with pytest.raises(ValueError, match=r"There is no class 'c9'\. Valid names: .*'c0'"):
        explorer.selected_class = "c9"
    assert explorer.selected_class == "c1"
    assert explorer._linker.selected == 1


def test_marked_images_are_a_table(explorer: Explorer) -> None:
    assert explorer.selection.empty
    explorer._linker.set_state({"marked": ["training:5", "validation:2"]})
    table = explorer.selection
    assert table["split"].tolist() == ["training", "validation"]
    assert table.index.tolist() == [5, 2]
    splits = (explorer.analysis.train, explorer.analysis.validation)
    labels = [split.labels[row] for split, row in zip(splits, (5, 2), strict=True) if split]
    assert table["label"].tolist() == [f"c{label}" for label in labels]


def test_two_explorers_do_not_share_anything(explorer: Explorer) -> None:
    other = Explorer(explorer.analysis)
    other.selected_class, explorer.selected_class = "c2", "c1"
    assert (other._linker.selected, explorer._linker.selected) == (2, 1)
    ids = [{panel.model_id for panel in one._panels.values()} for one in (explorer, other)]
    assert not ids[0] & ids[1]


def test_cards_are_sent_along_when_they_are_small(explorer: Explorer) -> None:
    cards = explorer._linker.cards
    assert [card["name"] for card in cards] == ["c0", "c1", "c2", "c3"]


def test_a_card_is_sent_on_request_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(explorer_module, "EAGER_BYTES", 0)
    explorer = Explorer(make_analysis())
    assert explorer._linker.cards == []
    messages: list[tuple[Any, Any]] = []
    monkeypatch.setattr(
        explorer._linker, "send", lambda content, buffers: messages.append((content, buffers))
    )
    receive(explorer._linker, question("card", index=2))
    [(answer, buffers)] = messages
    assert (answer["type"], answer["id"]) == ("answer", "q1")
    pictures = dict(zip(answer["binary"], buffers, strict=True))
    assert pictures["prototype_data"].startswith(b"\x89PNG")
    card = answer["content"]
    assert card["name"] == "c2"
    assert not card.keys() & pictures.keys()
    assert any(group["thumbnails"] for group in card["archetypes"]["groups"])
    # The tab of all images asks for what it shows.
    assert not any(group["thumbnails"] for group in card["training_images"]["groups"])


def test_images_are_sent_on_request(explorer: Explorer, sent: list[tuple[Any, Any]]) -> None:
    wrong = {"index": 0, "split": "training", "right": False}
    receive(explorer._panels["images"], question("images", filter=wrong, offset=0))
    [(answer, [png])] = sent
    assert (answer["id"], answer["binary"]) == ("q1", ["sprite_data"])
    content = answer["content"]
    expected = explorer.analysis.find_images("c0", right=False)
    groups = content["groups"]
    assert content["images"] == sum(group["images"] for group in groups) == len(expected)
    assert {each["image"] for group in groups for each in group["thumbnails"]} <= set(expected)
    assert png.startswith(b"\x89PNG")


def test_other_messages_are_left_alone(explorer: Explorer, sent: list[tuple[Any, Any]]) -> None:
    receive(explorer._linker, {"type": "hello"})
    receive(explorer._panels["images"], {"type": "hello"})
    assert sent == []


@pytest.mark.parametrize("kind", ["widget", "_thumbnails", "deck", "nothing", "card"])
def test_only_what_a_panel_offers_can_be_asked_for(
    explorer: Explorer, sent: list[tuple[Any, Any]], kind: str
) -> None:
    receive(explorer._panels["images"], question(kind))
    receive(explorer._linker, question("more", index=0))
    errors = [answer["error"] for answer, _ in sent]
    assert errors == [f"ValueError: there is no answer to {asked!r}" for asked in (kind, "more")]


def test_what_goes_wrong_is_shown(
    explorer: Explorer,
    sent: list[tuple[Any, Any]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk is gone")

    monkeypatch.setattr(explorer._deck, "card", fail)
    monkeypatch.setattr(explorer._deck.contents["images"], "images", fail)
    receive(explorer._linker, question("card", index=1))
    receive(explorer._panels["images"], question("images", filter={}, offset=0))
    failure = ({"type": "answer", "id": "q1", "error": "OSError: disk is gone"}, None)
    assert sent == [failure, failure]
    assert caplog.text.count("OSError: disk is gone") == 2


def test_a_failing_callback_of_the_user_is_shown_each_time(
    explorer: Explorer, sent: list[tuple[Any, Any]]
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    explorer.selected_class = "c0"
    explorer.observe(fail, "selected_class")
    message = "A callback of selected_class failed: ZeroDivisionError"
    for index in (1, 2):
        with pytest.raises(ZeroDivisionError):
            explorer._linker.set_state({"selected": index})
        assert explorer.selected_class == f"c{index}"
    assert sent == [({"type": "notice", "message": message}, None)] * 2


def test_an_analysis_takes_no_options() -> None:
    analysis = make_analysis()
    with pytest.raises(TypeError, match="got dataset, k; such options belong to analyze"):
        Explorer(analysis, [], k=5)
    with pytest.raises(TypeError, match="needs the training images"):
        Explorer(nn.Linear(2, 2))


def test_a_model_is_analyzed_with_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []
    analysis = make_analysis()

    def analyze_with(*args: Any, title: str, shown: bool) -> Analysis:
        calls.append((*args[:-1], vars(args[-1]), title, shown))
        return analysis

    monkeypatch.setattr(arguments, "analyze_with", analyze_with)
    model = nn.Linear(2, 2)
    explorer = Explorer(model, "train", validation="test", k=3)
    assert calls == [(model, "train", "test", vars(AnalyzeSettings(k=3)), "", True)]
    assert explorer.analysis is analysis


def test_an_option_that_analyze_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match=r"have no option shards, gpus\.$"):
        Explorer(nn.Linear(2, 2), [], k=3, shards="here", gpus=2)  # type: ignore[call-arg]


def test_two_analyses_are_compared() -> None:
    before, after = make_pair()
    explorer = Explorer(before, compare=after)
    assert explorer.analysis is before
    assert explorer.comparison is not None
    assert explorer.comparison.after is after
    assert all(card["comparison"] for card in explorer._linker.cards)
    assert Explorer(before).comparison is None


def test_two_models_are_analyzed_alike_and_the_bars_say_which(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[Any, ...]] = []
    pair = make_pair()
    of_model = dict(zip(models := (nn.Linear(2, 2), nn.Linear(2, 2)), pair, strict=True))

    def analyze_with(model: nn.Module, *args: Any, title: str, shown: bool) -> Analysis:
        calls.append((model, *args[:-1], vars(args[-1]), title, shown))
        return of_model[model]

    monkeypatch.setattr(arguments, "analyze_with", analyze_with)
    one, other = models
    explorer = Explorer(one, "train", compare=other, k=3)
    options = vars(AnalyzeSettings(k=3))
    assert calls == [
        (one, "train", None, options, "Before", True),
        (other, "train", None, options, "After", True),
    ]
    assert explorer.comparison is not None
    assert (explorer.comparison.before, explorer.comparison.after) == pair
    calls.clear()
    Explorer(one, "train", compare=pair[1], progress=False)
    assert calls == [(one, "train", None, vars(AnalyzeSettings(progress=False)), "Before", True)]


def test_what_cannot_be_compared_is_refused_before_the_long_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arguments, "analyze_with", None)
    before, after = make_pair()
    model = nn.Linear(2, 2)
    with pytest.raises(TypeError, match="compare must be a model or an Analysis, not str"):
        Explorer(model, [], compare="other.pt")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes another Analysis, not a model; analyze"):
        Explorer(before, compare=model)
    with pytest.raises(TypeError, match="nothing else but `compare` and `model`, but got k"):
        Explorer(before, compare=after, k=5)
    with pytest.raises(ValueError, match="same training images in the same order"):
        Explorer(before, compare=make_analysis((9, 9, 9, 9)))


def test_images_that_cannot_be_shown_are_refused_before_the_long_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "embed_anywhere", None)
    dataset: Any = [(torch.full((3, 2, 2), 7.0), 0)] * 9
    with pytest.raises(ValueError, match=r"values run from 7 to 7.*Pass display_transform"):
        Explorer(nn.Linear(2, 2), dataset, salient_fraction=None)


def test_panels_that_share_a_place_have_tabs_in_the_order_of_the_registry() -> None:
    before, after = make_pair()
    in_tabs = [content for content in WIDGETS if content.place == "tab"]
    titles = list(dict.fromkeys(content.tab for content in in_tabs))
    assert len(titles) < len(in_tabs)  # some share one
    assert Explorer(before, compare=after)._tabs.titles == titles
    alone = Explorer(before)
    assert alone._tabs.titles == [title for title in titles if title != "Before and after"]
    boxes = [
        box for box in alone.children[0].children[1].children if "imbxai-tab" in box._dom_classes
    ]
    assert [f"imbxai-tab-{number}" in box._dom_classes for number, box in enumerate(boxes)] == (
        [True] * len(alone._tabs.titles)
    )
    shared = boxes[titles.index("What if") - 1]  # one tab is not there: "Before and after"
    assert list(shared.children) == [alone._panels[name] for name in ("what_if", "decision_map")]


@pytest.mark.parametrize("colors", [True, False])
def test_the_linker_has_every_panel_in_the_order_of_turns(colors: bool) -> None:
    before, after = make_pair(colors=colors)
    explorer = Explorer(before, compare=after)
    contents = [content for content in WIDGETS if colors or content.name != "colors"]
    turns = [content.name for content in sorted(contents, key=lambda content: content.turn)]
    names = {panel: name for name, panel in explorer._panels.items()}
    *linked, tabs = explorer._linker.panels
    assert tabs == {"model": explorer._tabs, "keys": [], "waits": False, "tab": None}
    titles = explorer._tabs.titles
    assert [names[panel["model"]] for panel in linked] == turns
    assert turns.index("archetypes") < turns.index("adversaries") < turns.index("header")
    for panel in linked:
        content = explorer._deck.contents[names[panel["model"]]]
        assert panel["keys"] == list(content.keys())
        assert set(panel["keys"]) <= explorer._linker.cards[0].keys()
        assert panel["waits"] == (content.name == "overview")
        stands = None if panel["tab"] is None else titles[panel["tab"]]
        assert stands == (content.tab or None)


def test_two_classes_of_one_name_can_both_be_selected() -> None:
    analysis = make_analysis((9, 9, 9))
    explorer = Explorer(Analysis(**{**vars(analysis), "class_names": ("a", "b", "a")}))
    explorer._linker.set_state({"selected": 2})
    assert explorer.selected_class == "a"
    assert explorer._linker.selected == 2


def test_its_repr_is_short() -> None:
    analysis = make_analysis()
    assert repr(Explorer(analysis)) == f"Explorer({analysis!r})"


def test_a_first_image_that_cannot_be_read_hinders_nothing(tmp_path: Path) -> None:
    model, train, _ = load_demo()
    images: Any = [
        (train[0][0].sigmoid(), "no label"),
        *((train[i][0].sigmoid(), 1) for i in range(6)),
    ]
    options: Any = {"salient_fraction": None, "on_error": "skip", "k": 2, "progress": False}
    with pytest.warns(UserWarning, match="1 of 7 images"):
        explorer = Explorer(model, images, cache=tmp_path / "cache", **options)
    assert explorer.analysis.skipped()["image"].tolist() == [0]
    with pytest.warns(UserWarning, match="1 of 7 images"):
        again = Explorer(model, images, cache=tmp_path / "cache", **options)
    assert np.array_equal(again.analysis.embeddings, explorer.analysis.embeddings)
    widgets.Widget.close_all()
