"""The overview of all classes in JupyterLab: a click on a count shows the images that it counts."""

from __future__ import annotations

import re

from demo_notebook import ANALYSIS, DEMO
from explorer_view import PATIENCE_MS, ExplorerView
from notebook_page import NotebookPage
from playwright.sync_api import expect

FEW = "explorer = Explorer(analysis)\nexplorer"
MANY = """
import numpy as np
from imbxai_widgets import Analysis

rng = np.random.default_rng(0)
labels = np.repeat(np.arange(1000), 4)
beside = labels // 10 * 10 + rng.integers(0, 10, 4000)
predictions = np.where(rng.random(4000) < 0.4, beside, labels)
points = rng.normal(size=(4000, 8)) + 9 * (labels // 10)[:, None]
many = Analysis.from_arrays(points, labels, predictions, validation=(points, labels, predictions))
many_explorer = Explorer(many)
many_explorer
"""
# Milliseconds from a click on a group to the end of the frame that shows it, for each of some.
_STEPS = """async (overview) => {
  const times = [];
  for (let step = 0; step < 40; step++) {
    const groups = [...overview.querySelectorAll("[role=treeitem][aria-expanded]")];
    const start = performance.now();
    groups[(7 * step) % groups.length].click();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    times.push(performance.now() - start);
  }
  return times;
}"""


def opened(notebook: NotebookPage, cell: str) -> ExplorerView:
    notebook.open(DEMO, [ANALYSIS, cell])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.open_tab("All classes")
    expect(view.overview.locator(".imbxai-overview-content")).not_to_be_empty(timeout=PATIENCE_MS)
    return view


def test_a_click_on_a_cell_shows_the_images_that_it_counts(notebook: NotebookPage) -> None:
    view = opened(notebook, FEW)
    cell = view.overview_cell("Plants", "Animals")
    expect(cell).to_have_text("8")
    cell.hover()
    words = "8 of 18 validation images of Plants taken for Animals."
    expect(view.overview.locator(".imbxai-tooltip")).to_contain_text(words)
    cell.click()
    expect(view.selected).to_have_attribute("data-class", "Plants", timeout=PATIENCE_MS)
    expect(view.tabs.get_by_role("tab", name="All images")).to_have_attribute(
        "aria-selected", "true"
    )
    images = view.root.get_by_test_id("imbxai-images").locator("[data-image]:visible")
    expect(images).to_have_count(8, timeout=PATIENCE_MS)
    shown = {int(str(image.get_attribute("data-image"))) for image in images.all()}
    asked = "analysis.find_images('Plants', 'validation', predicted='Animals').tolist()"
    assert shown == set(notebook.value(asked))


def test_a_thousand_classes_fold_and_unfold(notebook: NotebookPage) -> None:
    view = opened(notebook, MANY)
    pair = view.overview.locator(".imbxai-pair").first
    name = str(pair.locator(".imbxai-pair-other").text_content())
    pair.locator(".imbxai-pair-other").click()
    expect(view.header.locator("h2")).to_have_text(name, timeout=PATIENCE_MS)
    notebook.wait_for_value("many_explorer.selected_class", name)
    times = view.overview.evaluate(_STEPS)
    # On an idle machine the slowest take a tenth of this.
    assert sorted(times)[len(times) // 2] < 1000, times
    view.overview.get_by_role("button", name="Unfold all").click()
    last = view.overview.get_by_role("treeitem").last
    expect(last).to_have_attribute("aria-setsize", re.compile(r"\d{4}"))
