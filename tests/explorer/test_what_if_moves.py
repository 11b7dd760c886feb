"""What the panel of remedies is told, against the tables of `Analysis.what_if`."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from pathlib import Path
from threading import Event, get_ident
from typing import Any

import numpy as np
import pytest
from registered import empty_front_end
from remedy_cases import make_head, make_what_if_analysis
from small_analysis import make_analysis

from imbxai_widgets import Edits, Explorer
from imbxai_widgets.analysis import Analysis
from imbxai_widgets.explorer import panel
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.latest import Latest
from imbxai_widgets.explorer.panels import what_if as module
from imbxai_widgets.explorer.panels.what_if import WhatIfContent
from imbxai_widgets.explorer.remedies_asked import asked_of, code_of, remedies_of
from imbxai_widgets.explorer.requests import Requests
from imbxai_widgets.remedies import (
    ApplyEdits,
    CancelledError,
    ClassifierRetraining,
    DropSuspects,
    LogitAdjustment,
    LogitOffset,
    NearestClassMean,
    Remedy,
    Resample,
    Reweight,
    TauNormalization,
    Temperature,
    Threshold,
)

SECONDS = 30


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_what_if_analysis()


@pytest.fixture
def content(analysis: Analysis) -> WhatIfContent:
    return WhatIfContent(Deck(analysis))


def wait(future: Future[Any]) -> Any:
    return future.result(SECONDS)


def test_the_page_has_labels_predictions_and_logits(
    analysis: Analysis, content: WhatIfContent
) -> None:
    told, split = content.data(), analysis.split("validation")
    assert np.frombuffer(told["labels"], "<u4").tolist() == split.labels.tolist()
    assert np.frombuffer(told["predictions"], "<u4").tolist() == split.predictions.tolist()
    logits = np.frombuffer(told["logits"], "<f4").reshape(-1, 3)
    assert np.array_equal(logits, split.logits())
    assert (told["class_names"], told["sizes"]) == (["many", "some", "few"], [60, 24, 6])
    assert told["tail"] == [2]
    assert told["unit"] == LogitAdjustment(1).shifts(np.array([60.0, 24.0, 6.0])).tolist()


def test_a_page_holds_what_is_small_and_asks_for_the_rest(
    content: WhatIfContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 4 * 90 * 5  # logits, labels and predictions of 90 images
    assert content.held(size) == content.data()
    assert content.held(size - 1) == {}
    monkeypatch.setattr(module, "IN_PAGE_BYTES", size - 1)
    assert content.data()["logits"] == b""
    assert content.held(10**9) == {}
    assert WhatIfContent(Deck(make_analysis(validation=False))).held(10**9) == {}


GIVEN: list[tuple[Remedy, ...]] = [
    (LogitAdjustment(1.0),),
    (Temperature(2.0), LogitAdjustment(0.7), LogitOffset({2: 0.5}), Threshold({"few": 0.2})),
    (TauNormalization(1.0),),
    (NearestClassMean("euclidean"),),
    (ClassifierRetraining(), TauNormalization(0.5)),
    (Reweight("effective number", 0.9), DropSuspects(4)),
    (LogitAdjustment(), TauNormalization()),
]


@pytest.mark.parametrize("given", GIVEN, ids=repr)
def test_a_move_tells_what_the_tables_say(
    analysis: Analysis, content: WhatIfContent, given: tuple[Remedy, ...]
) -> None:
    asked = [asked_of(remedy, content.deck) for remedy in given]
    assert remedies_of(asked, content.deck)[-1].stage == given[-1].stage
    moved, what_if = wait(content.move(asked)), analysis.what_if(*given)
    assert np.frombuffer(moved["after"], "<u4").tolist() == what_if.after.tolist()
    classes, summary = what_if.classes(), what_if.summary()
    assert np.frombuffer(moved["low"], "<f8").tolist() == classes["change_low"].tolist()
    assert np.frombuffer(moved["high"], "<f8").tolist() == classes["change_high"].tolist()
    assert moved["summary_low"] == summary["change_low"].tolist()
    assert moved["summary_high"] == summary["change_high"].tolist()
    refit = [None if np.isnan(share) else share for share in summary["refit"]]
    assert moved["refit"] == refit
    assert (refit[0] is None) == (what_if.refit is None)
    assert moved["caution"] == what_if.caution == ""


def test_what_was_chosen_is_told_with_what_chose_it(
    analysis: Analysis, content: WhatIfContent
) -> None:
    asked = [{"name": "LogitAdjustment", "parameters": {"tau": "best"}}]
    moved, what_if = wait(content.move(asked)), analysis.what_if(LogitAdjustment())  # type: ignore[arg-type]
    first, second = (fold[0].tau for fold in what_if.chosen)  # type: ignore[attr-defined]
    assert moved["chosen"] == (
        "Each half of the 90 validation images is judged with what the other half chose: "
        f"tau = {first:.3g} for one, {second:.3g} for the other. For use, all choose "
        f"tau = {what_if.remedies[0].tau:.3g}."  # type: ignore[attr-defined]
    )
    assert moved["found"] == {"LogitAdjustment": what_if.remedies[0].tau}  # type: ignore[attr-defined]
    assert wait(content.move([]))["chosen"] == ""


def test_a_refit_of_a_normalized_head_is_told_with_caution_and_without_a_warning() -> None:
    content = WhatIfContent(Deck(make_what_if_analysis(make_head(normalized=True))))
    moved = wait(content.move([{"name": "ClassifierRetraining", "parameters": {}}]))
    assert moved["caution"].startswith("the head is normalized")
    assert wait(content.begin())["why"]["TauNormalization"].startswith("The head is normalized")


def test_the_next_move_gives_a_refit_up(content: WhatIfContent) -> None:
    begun, given_up = Event(), []

    def refit(_given: Any, *, cancelled: Any) -> None:
        begun.set()
        end = time.monotonic() + SECONDS
        while not cancelled() and time.monotonic() < end:
            time.sleep(0.001)
        given_up.append(cancelled())
        raise CancelledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(content.deck.analysis), "_what_if", lambda _, *a, **k: refit(*a, **k))
        slow = content.move([{"name": "Reweight", "parameters": {}}])
        assert begun.wait(SECONDS)
        skipped = content.move([{"name": "Reweight", "parameters": {}}])
        patch.undo()
        last = content.move([{"name": "LogitAdjustment", "parameters": {"tau": 0.0}}])
        for future in (slow, skipped):
            with pytest.raises(CancelledError):
                wait(future)
    assert given_up == [True]
    assert wait(last)["low"] == np.zeros(3).tobytes()


def test_work_beside_is_not_given_up() -> None:
    latest, go = Latest(), Event()
    beside = latest.beside(lambda: go.wait(SECONDS))
    last = latest.run(lambda cancelled: cancelled())
    go.set()
    assert wait(beside) is True
    assert wait(last) is False


class Widget:
    """Keeps what is sent to the page."""

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, Any], Any]] = []

    def on_msg(self, hear: Any) -> None:
        self.hear = hear

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:
        self.sent.append((content, buffers))
        self.thread = get_ident()

    def ask(self, kind: str) -> None:
        self.hear(self, {"type": "ask", "id": "7", "kind": kind, "arguments": {}}, [])


def test_an_answer_that_takes_long_is_sent_on_the_loop_of_the_question() -> None:
    widget, future = Widget(), Future[dict[str, Any]]()
    Requests(widget, lambda _: future)  # type: ignore[arg-type]

    async def page() -> None:
        widget.ask("move")
        await asyncio.to_thread(future.set_result, {"n": 1, "after": b"ab"})
        await asyncio.sleep(0)

    asyncio.run(page())
    ((content, buffers),) = widget.sent
    assert widget.thread == get_ident()
    assert content == {"type": "answer", "id": "7", "content": {"n": 1}, "binary": ["after"]}
    assert buffers == [b"ab"]


def test_what_is_given_up_is_refused_and_not_raised(caplog: pytest.LogCaptureFixture) -> None:
    for error, logged in ((CancelledError("another"), 0), (ValueError("no class"), 1)):
        widget, future = Widget(), Future[dict[str, Any]]()
        Requests(widget, lambda _, future=future: future)  # type: ignore[arg-type, misc]
        widget.ask("move")
        caplog.clear()
        future.set_exception(error)
        ((content, _),) = widget.sent
        assert content["error"] == f"{type(error).__name__}: {error}"
        assert len(caplog.records) == logged


def test_remedies_cross_to_the_page_and_back(analysis: Analysis) -> None:
    deck = Deck(analysis)
    given = (LogitAdjustment("best"), LogitOffset({"few": 1.0}), Threshold({"some": 0.3}))
    asked = [asked_of(remedy, deck) for remedy in given]
    assert asked[1] == {"name": "LogitOffset", "parameters": {"offsets": {"2": 1.0}}}
    assert remedies_of(asked, deck) == (given[0], LogitOffset({2: 1.0}), given[2])
    with pytest.raises(ValueError, match="cannot show Resample"):
        asked_of(Resample([1, 1, 1]), deck)
    with pytest.raises(ValueError, match="no remedy 'Prayer'"):
        remedies_of([{"name": "Prayer", "parameters": {}}], deck)


def test_edits_are_those_of_the_explorer(analysis: Analysis) -> None:
    edits = Edits(analysis)
    deck = Deck(analysis, edits=edits)
    edits.exclude(0)
    (remedy,) = remedies_of([{"name": "ApplyEdits", "parameters": {}}], deck)
    assert isinstance(remedy, ApplyEdits)
    assert remedy.left_out == (0,)
    assert code_of([remedy], deck) == (
        "what_if = analysis.what_if(remedies.ApplyEdits(explorer.edits))"
    )
    moved = wait(WhatIfContent(deck).move([{"name": "ApplyEdits", "parameters": {}}]))
    after = analysis.what_if(ApplyEdits(edits)).after
    assert np.frombuffer(moved["after"], "<u4").tolist() == after.tolist()


def test_a_recipe_begins_with_what_makes_it(analysis: Analysis, content: WhatIfContent) -> None:
    code = wait(content.recipe([{"name": "LogitOffset", "parameters": {"offsets": {"2": 0.5}}}]))
    head, body = code["code"].split("recipe = what_if.recipe()\n\n")
    assert head == (
        "from imbxai_widgets import remedies\n\n"
        "what_if = analysis.what_if(remedies.LogitOffset(offsets={'few': 0.5}))\n"
    )
    assert body == analysis.what_if(LogitOffset({"few": 0.5})).recipe().code


def test_what_cannot_be_done_is_said() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 12
    embeddings = rng.normal(size=(60, 4))
    unknown = Analysis.from_arrays(
        embeddings, labels, labels, validation=(embeddings, labels, labels)
    )
    offers = wait(WhatIfContent(Deck(unknown)).begin())
    shifting = {"LogitAdjustment", "LogitOffset", "Threshold", "Temperature"}
    assert set(offers["why"]) == {*shifting, "TauNormalization"} == set(offers["lifted"])
    assert offers["missing"] == ""
    assert WhatIfContent(Deck(unknown)).data()["logits"] == b""


def test_without_validation_images_the_panel_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel, "STATIC", tmp_path)
    empty_front_end(tmp_path)
    explorer = Explorer(make_analysis(validation=False))
    shown = explorer._panels["what_if"]
    assert shown.missing == module.NO_VALIDATION
    assert shown.held == {}
    tabs = explorer._tabs
    assert tabs.titles[tabs.remedies] == "What if"
    explorer.close()


def test_a_page_without_a_kernel_holds_the_logits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, analysis: Analysis
) -> None:
    monkeypatch.setattr(panel, "STATIC", tmp_path)
    empty_front_end(tmp_path)
    monkeypatch.setattr(module, "AT_ONCE_BYTES", 0)
    explorer = Explorer(analysis)
    assert explorer._panels["what_if"].held == {}
    explorer.hold_cards()
    assert explorer._panels["what_if"].held == WhatIfContent(Deck(analysis)).data()
    explorer.close()
