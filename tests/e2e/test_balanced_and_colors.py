"""Archetypes of which classes count alike, and colors beside those of all pixels, in a browser."""

from __future__ import annotations

import pytest
from demo_notebook import ANALYSIS, DEMO
from explorer_view import PATIENCE_MS, ExplorerView
from notebook_page import NotebookPage
from playwright.sync_api import expect

SHOW = """
explorer = Explorer(analysis, model=model, dataset=train, validation=validation)
explorer.selected_class = "Plants"
explorer
"""


@pytest.fixture
def view(notebook: NotebookPage) -> ExplorerView:
    notebook.open(DEMO, [ANALYSIS, SHOW])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("Plants")
    return view


def test_the_switch_changes_counts_tiles_and_filters(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    safe, rare = view.group("safe"), view.group("rare")
    expect(safe.locator(".imbxai-archetype-counts")).to_have_text("18 images, 0 wrong")
    view.gallery.get_by_label("Classes count alike").check()
    expect(safe.locator(".imbxai-archetype-counts")).to_have_text("29 images, 2 wrong")
    tiles = rare.locator("[data-image]")
    expect(tiles).to_have_count(1, timeout=PATIENCE_MS)
    found = notebook.value("analysis.find_images('Plants', balanced='rare').tolist()")
    assert [int(tiles.get_attribute("data-image") or "")] == found
    rare.get_by_role("button", name="1 image").click()
    images = view.images.locator("[data-image]:visible")
    expect(images).to_have_count(1, timeout=PATIENCE_MS)
    expect(images).to_have_attribute("data-image", str(found[0]))
    view.pick("Clothing")  # the switch stays on
    expect(view.gallery.locator(".imbxai-note")).to_contain_text("Classes count alike")


def test_a_color_shows_its_images_lit(notebook: NotebookPage, view: ExplorerView) -> None:
    view.open_tab("Colors")
    row = view.root.locator(".imbxai-color-rows tbody tr").first
    expect(row).to_contain_text("green")
    expect(row).to_contain_text("45%37%1.2\N{MULTIPLICATION SIGN}: looked at")
    row.get_by_role("button", name="24").click()
    images = view.images.locator("[data-image]:visible")
    expect(images).to_have_count(24, timeout=PATIENCE_MS)
    shown = [int(image.get_attribute("data-image") or "") for image in images.all()]
    shares = notebook.value("analysis.color_shares('green').tolist()")
    assert sorted(shown) == notebook.value("analysis.find_images('Plants', color='green').tolist()")
    assert [shares[row] for row in shown] == sorted((shares[row] for row in shown), reverse=True)
    expect(view.images.get_by_text("Lit are the pixels of this color")).to_be_visible()
