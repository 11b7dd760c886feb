"""One image looked at closer, in JupyterLab: the dialog, its keys, and the way back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from explorer_view import ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import expect
from test_linked_panels import ANALYSIS, SHOW


@pytest.fixture
def view(notebook: NotebookPage) -> Iterator[ExplorerView]:
    """The panels of Plants."""
    notebook.open("detail.ipynb", [ANALYSIS, SHOW])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("Plants")
    yield view
    notebook.run("import ipywidgets\nipywidgets.Widget.close_all()")


def test_arrows_walk_through_the_group_and_escape_gives_the_focus_back(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    keyboard = notebook.page.keyboard
    dialog = view.root.get_by_role("dialog")
    expect(dialog).to_be_hidden()
    tiles = view.failures.get_by_role("group", name="Taken for Animals").locator("[data-image]")
    numbers = notebook.value(
        "analysis.validation.positions[analysis.find_images("
        "'Plants', 'validation', right=False, predicted='Animals')].tolist()"
    )
    shown = tiles.count()
    tiles.nth(1).click()
    expect(dialog).to_be_visible()
    expect(dialog).to_have_accessible_name(f"Validation image {numbers[1]}")
    for step in range(2, shown):
        keyboard.press("ArrowRight")
        expect(dialog).to_have_accessible_name(f"Validation image {numbers[step]}")
    keyboard.press("ArrowRight")  # beyond the last
    expect(dialog.get_by_role("status").first).to_have_text(f"{shown} of {shown}")
    screenshot(notebook.page, "detail-light", ".imbxai-dialog")
    # JupyterLab leaves its edit mode on Escape, and deletes a cell on d d.
    keyboard.press("d")
    keyboard.press("d")
    keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(tiles.nth(1)).to_be_focused()
    assert notebook.page.locator(".jp-CodeCell").count() == 2
    keyboard.press("Enter")
    expect(dialog).to_be_visible()
    keyboard.press("m")
    keyboard.press("Escape")
    expect(tiles.nth(1)).to_have_attribute("data-marked", "true")
    key = f"validation:{tiles.nth(1).get_attribute('data-image')}"
    notebook.wait_for_value("explorer._linker.marked", [key])
