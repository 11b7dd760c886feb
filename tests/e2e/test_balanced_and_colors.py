"""Archetypes of which classes count alike, and colors beside those of all pixels, in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from explorer_view import PATIENCE_MS, ExplorerView
from notebook_page import NotebookPage
from playwright.sync_api import expect

CELL = """
from imbxai_widgets import Explorer
from imbxai_widgets.demo import load_demo

if "analysis" not in globals():  # the kernel is that of the test before
    model, train, validation = load_demo()
    explorer = Explorer(model, train, validation=validation)
    analysis = explorer.analysis
explorer = Explorer(analysis)
explorer.selected_class = "Plants"
explorer
"""


@pytest.fixture
def view(notebook: NotebookPage) -> Iterator[ExplorerView]:
    notebook.open("balanced_and_colors.ipynb", [CELL])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("Plants")
    yield view
    notebook.run("import ipywidgets; ipywidgets.Widget.close_all()")


def test_the_switch_changes_counts_tiles_and_filters(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    safe, rare = view.group("safe"), view.group("rare")
    expect(safe.locator(".imbxai-archetype-counts")).to_have_text("18 images, 0 wrong")
    view.gallery.get_by_label("Classes count alike").check()
    expect(safe.locator(".imbxai-archetype-counts")).to_have_text("29 images, 2 wrong")
    expect(safe.locator("[data-image]").first).to_be_visible(timeout=PATIENCE_MS)
    found = notebook.run("print(explorer.analysis.balanced('training').archetypes[[12, 40]])")
    assert found
    rare.get_by_role("button", name="1 image").click()
    images = view.images.locator("[data-image]")
    images.first.scroll_into_view_if_needed()
    expect(images).to_have_count(1, timeout=PATIENCE_MS)
    view.pick("Clothing")  # the switch stays on
    expect(view.gallery.locator(".imbxai-note")).to_contain_text("Classes count alike")
