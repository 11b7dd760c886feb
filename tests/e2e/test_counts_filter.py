"""A click on each kind of count shows exactly as many images, in JupyterLab."""

from __future__ import annotations

import re

from demo_notebook import ANALYSIS, DEMO
from explorer_view import ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import Locator, expect

# The embedded images, with copies planted: under another label, and in both splits.
CELL = """
from imbxai_widgets import Analysis

found, held_out = analysis, analysis.validation
features, unseen = found.embeddings.copy(), held_out.embeddings.copy()
plants, animals = found.members("Plants"), found.members("Animals")
features[plants[1]] = features[plants[0]]
features[animals[0]] = features[plants[0]]
unseen[found.find_images("Plants", "validation")[0]] = features[plants[5]]

def again(weaken):
    head = found.head.weight.copy()
    head[9] *= weaken
    logits = [rows @ head.T + found.head.bias for rows in (features, unseen)]
    return Analysis.from_arrays(
        features, found.labels, logits[0], validation=(unseen, held_out.labels, logits[1]),
        images=found.images, validation_images=held_out.images, class_names=found.class_names,
    )

before, after = again(1.0), again(0.7)
explorer = Explorer(before, compare=after)
explorer.selected_class = "Plants"
explorer
"""


def number(text: str | None) -> int:
    """Return the first number of a text; of "All 40", too."""
    found = re.search(r"\d[\d,]*", text or "")
    assert found, text
    return int(found[0].replace(",", ""))


def check(view: ExplorerView, count: Locator, words: str | None = None) -> None:
    """Click a count, and read of how many images the tab then tells."""
    told = number(words or count.text_content())
    count.click()
    view.images.scroll_into_view_if_needed()  # it follows where it is in sight
    title = view.images.locator(".imbxai-image-section:visible h4 b").first
    expect(title).to_have_text(re.compile(rf"^{told:,}(?: of [\d,]+)?$"), timeout=20_000)
    shown = view.images.locator(".imbxai-image-section:visible").first.locator(".imbxai-thumb")
    expect(shown).to_have_count(min(told, 24), timeout=20_000)


def test_each_kind_of_count_shows_as_many_images(notebook: NotebookPage) -> None:
    notebook.open(DEMO, [ANALYSIS, CELL])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer").first)
    view.panels("Plants")
    check(view, view.header.locator(".imbxai-verdict button").first)
    check(view, view.root.locator(".imbxai-adversary-bar:visible .imbxai-adversary-count").first)
    check(view, view.failures.locator(".imbxai-failure-title .imbxai-count").nth(1))
    outliers = view.group("outlier").locator(".imbxai-archetype-counts button")
    check(view, outliers.first)
    check(view, outliers.last)
    reach = view.gallery.locator(".imbxai-archetype-reach button")
    expect(reach).to_have_count(2)
    check(view, reach.first)
    check(view, reach.last)
    copies = view.root.get_by_test_id("imbxai-duplicates").locator(".imbxai-copies-sentence button")
    both = ["training image", "validation image"]
    expect(copies).to_have_text(
        [f"3 {both[0]}s", f"1 {both[1]}", f"2 {both[0]}s", f"1 {both[0]}", f"1 {both[1]}"]
    )
    for at in range(5):
        check(view, copies.nth(at))
    screenshot(notebook.page, "copies", "[data-testid=imbxai-duplicates]")
    flow = view.root.get_by_test_id("imbxai-comparison").locator(".imbxai-flow-cell button")
    view.open_tab("Before and after")
    check(view, flow.first)
    view.open_tab("Before and after")
    check(view, view.root.locator(".imbxai-fates button").first)
    view.open_tab("All classes")
    cell = view.overview_cell("Plants", "Animals")
    told = cell.get_attribute("aria-label") or cell.get_attribute("title")
    check(view, cell, told)
    view.pick("Sky")  # without copies, the panel takes no room
    view.panels("Sky")
    expect(view.root.get_by_test_id("imbxai-duplicates")).to_be_hidden()
