"""Two models in one Explorer: the comparison panel follows the selected class, and selects."""

from __future__ import annotations

import pytest
from contrasts import check_contrasts
from demo_notebook import ANALYSIS, DEMO
from explorer_view import ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import Locator, expect

# Made once, as that of the demo is.
ANALYSES = """
def analyzed(loss):
    model, train, validation = load_demo(loss)
    options = {"validation": validation, "salient_fraction": None, "progress": False}
    return analyze(model, train, **options)

if "analyses" not in globals():
    analyses = [analyzed(loss) for loss in ("ce", "ldam")]
before, after = analyses
"""
SHOW = """
explorer = Explorer(before, compare=after)
explorer.selected_class = "Plants"
explorer
"""
# What the panel must show of a class, taken from the tables that users read.
FACTS = """
def facts(name):
    comparison = explorer.comparison
    accuracies = comparison.accuracies().loc[name]
    splits = ("training", "validation")
    sides = ["before", "after"]
    lost, gained = comparison.errors(), comparison.errors(direction="columns")
    shared = comparison.feature_overlap(name).xs("shared", axis=1, level=1)[sides]
    return {
        "accuracies": [" → ".join(f"{accuracies[split, side]:.0%}" for side in sides) + " right"
                       for split in splits],
        "flow": [[f"{n:,}" if n else "·" for n in row]
                 for row in comparison.archetype_flow(name).to_numpy().tolist()],
        "errors": {other: [" → ".join(f"{n:,}" for n in table.loc[other, sides])
                           for table in (lost, gained)] for other in lost.index},
        "shared": {other: f"{row.before} → {row.after}" for other, row in shared.iterrows()
                   if row.any()},
    }
"""


@pytest.fixture
def view(notebook: NotebookPage) -> ExplorerView:
    notebook.open(DEMO, [ANALYSIS, ANALYSES, SHOW])
    notebook.run(FACTS)
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("Plants")
    return view


def check(notebook: NotebookPage, panel: Locator, name: str) -> None:
    """Check that the panel shows a class, with the numbers that Python has."""
    facts = notebook.value(f"facts({name!r})")
    expect(panel.locator(".imbxai-fate-value")).to_have_text(facts["accuracies"])
    rows = panel.locator(".imbxai-flow tbody tr")
    flow = [row.locator("td").all_text_contents() for row in rows.all()]
    assert flow == facts["flow"]
    errors = panel.locator(".imbxai-compared-errors [data-class]")
    assert {
        row.get_attribute("data-class"): row.locator(".imbxai-change-text").all_text_contents()
        for row in errors.all()
    } == facts["errors"]
    expect(panel.locator(".imbxai-compared-errors .imbxai-picked th")).to_have_text(name)
    shared = panel.locator(".imbxai-compared").last.locator("[data-class]")
    assert {
        row.get_attribute("data-class"): row.locator(".imbxai-change-text").text_content()
        for row in shared.all()
    } == facts["shared"]


def test_the_panel_follows_the_selected_class_and_selects(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    panel = view.root.get_by_test_id("imbxai-comparison")
    check(notebook, panel, "Plants")
    view.pick("Clothing")
    view.panels("Clothing")
    check(notebook, panel, "Clothing")
    for number, name in ((1, "Food"), (2, "Animals")):
        row = panel.locator(".imbxai-compared").nth(number).locator(f'[data-class="{name}"]')
        row.locator(".imbxai-link").click()
        view.panels(name)
        check(notebook, panel, name)
        notebook.wait_for_value("explorer.selected_class", name)


def test_what_became_of_images_shows_them(notebook: NotebookPage, view: ExplorerView) -> None:
    panel = view.root.get_by_test_id("imbxai-comparison")
    fate = panel.locator('[data-split="validation"]').get_by_text("wrong before, right after")
    expect(fate).to_have_text("6 wrong before, right after")
    fate.click()
    mended = notebook.value(
        "[int(i) for i in __import__('numpy').flatnonzero((before.validation.labels == "
        "before.class_index('Plants')) & ~before.validation.correct & after.validation.correct)]"
    )
    shown = view.root.get_by_test_id("imbxai-images").locator(
        '.imbxai-thumb[data-split="validation"]'
    )
    expect(shown).to_have_count(6)
    found = [int(str(image.get_attribute("data-image"))) for image in shown.all()]
    assert sorted(found) == mended


def test_it_can_be_read_in_both_themes(notebook: NotebookPage, view: ExplorerView) -> None:
    panel = view.root.get_by_test_id("imbxai-comparison")
    screenshot(notebook.page, "comparison-light", "[data-testid=imbxai-comparison]")
    check_contrasts(panel)
    with notebook.dark():
        screenshot(notebook.page, "comparison-dark", "[data-testid=imbxai-comparison]")
        check_contrasts(panel)
