"""Remedies tried in JupyterLab: what the panel shows is what Python's tables say."""

from __future__ import annotations

import math

import pytest
from axe import check_accessibility
from demo_notebook import ANALYSIS, DEMO, SHOW
from explorer_view import PATIENCE_MS, ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import Locator, expect

# What Python says of each class, in the words of the page.
SAID = """
import json, math
from imbxai_widgets import remedies
from imbxai_widgets.remedies import *

def points(share):
    value = math.floor(100 * share + 0.5)
    return "0" if value == 0 else f"{'+' if value > 0 else chr(8722)}{abs(value)}"

def percent(share):
    value = 100 * share
    if 0 < value < 1: return "<1%"
    if 99 < value < 100: return ">99%"
    return f"{math.floor(value + 0.5)}%"

def said(*given):
    table = analysis.what_if(*given).classes()
    rows = {}
    for name, row in table.iterrows():
        low, high = row["change_low"], row["change_high"]
        mark = "▲ " if low > 0 else "▼ " if high < 0 else ""
        by = f"{mark}{points(row['change'])} ({points(low)} to {points(high)})"
        rows[name] = [f"{percent(row['before'])} → {percent(row['after'])}", by]
    return rows

def said_of_all(*given):
    table = analysis.what_if(*given).summary()
    return [[percent(row["before"]), percent(row["after"])] for _, row in table.iterrows()]
"""

# The first refit goes on until it is given up.
STUCK = """
import time
from imbxai_widgets.compute.remedies import decision, refit as refits
from imbxai_widgets.remedies import CancelledError
told = []

def stuck(*args, cancelled=None, **named):
    if told:
        return refits.refit(*args, cancelled=cancelled, **named)
    told.append("begun")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if cancelled():
            told.append("given up")
            raise CancelledError("the fit was given up")
        time.sleep(0.005)

decision.refit = stuck
"""


class WhatIfView:
    """The panel of remedies of an Explorer."""

    def __init__(self, explorer: ExplorerView) -> None:
        self.explorer = explorer
        self.root = explorer.root.get_by_test_id("imbxai-what_if")
        self.told = self.root.locator(".imbxai-what-if-told")
        self.state = self.root.locator(".imbxai-what-if-state")

    def box(self, name: str) -> Locator:
        return self.root.locator(f"[data-remedy={name}] .imbxai-remedy-name input")

    def slider(self, name: str) -> Locator:
        return self.root.locator(f"[data-remedy={name}] [type=range]").first

    def move(self, name: str, place: float) -> None:
        """Move a slider."""
        self.slider(name).fill(f"{place:g}")

    def rows(self) -> dict[str, list[str]]:
        """Return accuracies and change of each class, by its name."""
        found = {}
        for row in self.told.locator(".imbxai-change-row").all():
            texts = [row.locator(f".imbxai-change-{part}") for part in ("shares", "by")]
            found[str(row.get_attribute("data-class"))] = [str(t.text_content()) for t in texts]
        return found

    def overall(self) -> list[list[str]]:
        """Return the accuracies of all classes together, before and after."""
        rows = self.told.locator(".imbxai-overall tbody tr").all()
        return [row.locator("td").all_text_contents()[:2] for row in rows]


@pytest.fixture
def view(notebook: NotebookPage) -> WhatIfView:
    notebook.open(DEMO, [ANALYSIS, SHOW])
    explorer = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    explorer.panels("Plants")
    notebook.run(SAID)
    explorer.open_tab("What if")
    view = WhatIfView(explorer)
    view.root.scroll_into_view_if_needed()
    expect(view.told.locator(".imbxai-change-row").first).to_be_visible(timeout=PATIENCE_MS)
    return view


def check(notebook: NotebookPage, view: WhatIfView, remedies: str) -> None:
    """Check that the panel says what Python says, once the kernel has told the intervals."""
    said = notebook.value(f"said({remedies})")
    one = view.told.locator('[data-class="Plants"] .imbxai-change-by')
    expect(one).to_have_text(said["Plants"][1], timeout=PATIENCE_MS)
    assert view.rows() == said
    assert view.overall() == notebook.value(f"said_of_all({remedies})")


def test_sliders_show_what_python_says(notebook: NotebookPage, view: WhatIfView) -> None:
    view.move("LogitAdjustment", 1)
    check(notebook, view, "LogitAdjustment(1)")
    view.move("LogitOffset", 1.5)
    check(notebook, view, "LogitAdjustment(1), LogitOffset({'Plants': 1.5})")
    view.box("LogitAdjustment").uncheck()
    view.move("Threshold", -3)
    threshold = float(f"{1 / (1 + math.exp(3)):.3g}")
    given = f"LogitOffset({{'Plants': 1.5}}), Threshold({{'Plants': {threshold}}})"
    check(notebook, view, given)
    view.box("LogitOffset").uncheck()
    view.box("Threshold").uncheck()
    view.move("TauNormalization", 1.5)
    check(notebook, view, "TauNormalization(1.5)")
    view.box("TauNormalization").uncheck()
    view.box("NearestClassMean").check()
    check(notebook, view, "NearestClassMean()")
    view.box("ClassifierRetraining").check()
    expect(view.box("NearestClassMean")).not_to_be_checked()
    check(notebook, view, "ClassifierRetraining()")
    refit = view.told.locator(".imbxai-overall thead th").last
    expect(refit).to_have_text("Plain refit")
    view.root.get_by_role("button", name="Nothing").click()
    expect(view.state).to_have_text("Nothing is switched on: all is as it is.")
    assert all(text.split(" → ")[0] == text.split(" → ")[1] for text, _ in view.rows().values())


def test_the_best_tau_is_told_with_what_chose_it(notebook: NotebookPage, view: WhatIfView) -> None:
    view.root.locator("[data-remedy=LogitAdjustment]").get_by_label("best").check()
    check(notebook, view, "LogitAdjustment()")
    tau = notebook.value("analysis.what_if(LogitAdjustment()).remedies[0].tau")
    chosen = view.root.locator(".imbxai-what-if-chosen")
    expect(chosen).to_contain_text(f"For use, all choose tau = {tau:g}.")
    output = view.root.locator("[data-remedy=LogitAdjustment] output")
    expect(output).to_have_text(f"{tau:.1f}")


def test_the_next_move_gives_a_refit_up_and_the_kernel_goes_on(
    notebook: NotebookPage, view: WhatIfView
) -> None:
    notebook.run(STUCK)
    view.box("ClassifierRetraining").check()
    notebook.wait_for_value("told", ["begun"])  # the kernel answers while the refit goes on
    expect(view.told).to_have_attribute("aria-busy", "true")
    view.box("ClassifierRetraining").uncheck()
    view.box("Reweight").check()
    check(notebook, view, "Reweight()")
    assert notebook.value("told") == ["begun", "given up"]
    notebook.run("decision.refit = refits.refit")


def test_images_that_move_are_shown_and_opened(notebook: NotebookPage, view: WhatIfView) -> None:
    view.move("LogitAdjustment", 1)
    won = view.root.get_by_role("group", name="Plants won, by what they were taken for")
    expect(won.locator("[data-image]")).to_have_count(5, timeout=PATIENCE_MS)
    notebook.run("told = analysis.what_if(LogitAdjustment(1))")
    wanted = notebook.value(
        "((told.labels == 9) & (told.before != 9) & (told.after == 9)).nonzero()[0].tolist()"
    )
    images = "(all) => all.map((image) => Number(image.dataset.image))"
    assert sorted(won.locator("[data-image]").evaluate_all(images)) == wanted
    won.locator("[data-image]").first.click()
    dialog = notebook.page.locator("dialog[open]")
    expect(dialog).to_be_visible(timeout=PATIENCE_MS)
    notebook.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_recipe_is_copied(notebook: NotebookPage, view: WhatIfView) -> None:
    view.move("LogitAdjustment", 1)
    view.root.get_by_role("button", name="Copy recipe").click()
    code = view.root.locator(".imbxai-recipe-code")
    expect(code).to_contain_text("remedies.LogitAdjustment(tau=1)", timeout=PATIENCE_MS)
    told = notebook.value("analysis.what_if(LogitAdjustment(1)).recipe().code")
    assert str(code.text_content()).endswith(told)


def test_edits_are_applied_as_they_are_then(notebook: NotebookPage, view: WhatIfView) -> None:
    expect(view.box("ApplyEdits")).to_be_disabled()
    notebook.run("for row in analysis.suspects().index[:3]: explorer.edits.exclude(int(row))")
    expect(view.box("ApplyEdits")).to_be_enabled(timeout=PATIENCE_MS)
    view.box("ApplyEdits").check()
    check(notebook, view, "ApplyEdits(explorer.edits)")
    notebook.run("explorer.edits.relabel(int(analysis.suspects().index[4]), 'Animals')")
    check(notebook, view, "ApplyEdits(explorer.edits)")


def test_axe_finds_nothing_and_pictures_are_kept(notebook: NotebookPage, view: WhatIfView) -> None:
    view.move("LogitAdjustment", 1)
    view.box("ClassifierRetraining").check()
    check(notebook, view, "ClassifierRetraining(), LogitAdjustment(1)")
    moved = view.root.locator(".imbxai-moved [data-image]").first
    expect(moved).to_be_visible(timeout=PATIENCE_MS)
    view.root.get_by_role("button", name="Copy recipe").click()
    expect(view.root.locator(".imbxai-recipe-code")).to_be_visible(timeout=PATIENCE_MS)
    selector = "[data-testid=imbxai-what_if]"
    check_accessibility(notebook.page, selector, texts=20)
    screenshot(notebook.page, "what-if-light", selector)
    with notebook.dark():
        view.explorer.settle()
        check_accessibility(notebook.page, selector, texts=20)
        screenshot(notebook.page, "what-if-dark", selector)
    notebook.page.wait_for_timeout(2000)
    notebook.watch.forgive("Failed to execute 'removeChild' on 'Node'")
