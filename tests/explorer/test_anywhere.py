"""An Explorer as one anywidget: what it carries, and what travels through it."""

from __future__ import annotations

from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances
from small_analysis import make_analysis

from imbxai_widgets import Explorer
from imbxai_widgets.explorer.anywhere import NOT_AN_ANYWIDGET, Anywhere
from imbxai_widgets.explorer.panel import Panel


class Told(list[tuple[dict[str, Any], Any]]):
    """What a widget has sent, each with its buffers."""

    def __call__(self, content: dict[str, Any], buffers: Any = None) -> None:
        self.append((content, buffers))


@pytest.fixture
def explorer() -> Explorer:
    return Explorer(make_analysis((40, 20, 8, 3)))


@pytest.fixture
def shown(explorer: Explorer) -> Anywhere:
    return explorer.as_anywidget()


@pytest.fixture
def told(shown: Anywhere, monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    monkeypatch.setattr(shown, "send", told)
    return told


def state_of(shown: Anywhere, panel: Panel) -> dict[str, Any]:
    state: dict[str, Any] = shown.models[panel.model_id]["state"]
    return state


def test_it_carries_all_that_the_explorer_is_made_of(explorer: Explorer, shown: Anywhere) -> None:
    assert shown.root == explorer.model_id
    views = [model["view"] for model in shown.models.values()]
    assert views.count("AnyView") == len(explorer._panels) + 2  # the linker and the tabs
    assert {"VBoxView", "HBoxView", "LabelView", "Figure", "Bars"} <= set(views)
    texts = str(list(shown.models.values()))
    for reference in set(texts.split("'IPY_MODEL_")[1:]):
        assert reference.partition("'")[0] in shown.models
    for panel in explorer._panels.values():
        assert state_of(shown, panel)["_esm"] == panel._esm


def test_what_the_page_selects_is_selected_in_python(
    explorer: Explorer, shown: Anywhere, told: Told
) -> None:
    linker = explorer._linker
    message = {"method": "update", "state": {"selected": 2}, "buffer_paths": []}
    shown._on_message(shown, {"to": linker.model_id, "data": message}, [])
    assert explorer.selected_class == "c2"
    assert state_of(shown, linker)["selected"] == 2
    assert [content["data"]["method"] for content, _ in told] == ["echo_update"]


def test_what_python_selects_is_told_to_the_page(
    explorer: Explorer, shown: Anywhere, told: Told
) -> None:
    explorer.selected_class = "c3"
    [(content, buffers)] = told
    assert content["to"] == explorer._linker.model_id
    assert content["data"] == {"method": "update", "state": {"selected": 3}, "buffer_paths": []}
    assert buffers == []
    assert state_of(shown, explorer._linker)["selected"] == 3


def test_cards_are_asked_for_through_it(explorer: Explorer, shown: Anywhere, told: Told) -> None:
    linker = explorer._linker
    question = {"type": "ask", "id": "q", "kind": "card", "arguments": {"index": 1}}
    message = {"method": "custom", "content": question}
    shown._on_message(shown, {"to": linker.model_id, "data": message}, [])
    [(content, _)] = told
    assert content["to"] == linker.model_id
    assert content["data"]["method"] == "custom"
    assert content["data"]["content"]["id"] == "q"
    assert content["data"]["content"]["content"]["name"] == "c1"


def test_there_is_one_until_it_is_closed(explorer: Explorer) -> None:
    first = explorer.as_anywidget()
    assert explorer.as_anywidget() is first
    assert explorer._display_() is first
    first.close()
    second = explorer.as_anywidget()
    assert second is not first
    second.send = told = Told()
    explorer.selected_class = "c1"
    assert [content["to"] for content, _ in told] == [explorer._linker.model_id]


def test_closing_the_explorer_closes_it(explorer: Explorer, shown: Anywhere) -> None:
    panels, name = list(explorer._panels.values()), shown.model_id
    assert name in _instances
    explorer.close()
    assert shown.comm is None
    assert name not in _instances
    assert [panel.comm for panel in panels] == [None] * len(panels)


def test_an_explorer_taken_for_an_anywidget_says_what_to_show(explorer: Explorer) -> None:
    assert "show explorer.as_anywidget() in its place" in NOT_AN_ANYWIDGET
    assert explorer.get_state()["_esm"] == NOT_AN_ANYWIDGET
