"""A notebook that is opened again without its kernel, with and without the widgets' state."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from explorer_view import ExplorerView
from nbformat.sign import NotebookNotary
from notebook_page import OPEN_MS, NotebookPage, screenshot
from playwright.sync_api import expect
from test_readable_states import CELL

STATE = "application/vnd.jupyter.widget-state+json"
_ICONS = """() => [...document.querySelectorAll(".jupyter-widgets-disconnected")]
  .map((element) => getComputedStyle(element, "::before").content)"""


@pytest.fixture
def notebook(fresh_notebook: NotebookPage) -> NotebookPage:
    """A page of its own, since it is loaded again."""
    return fresh_notebook


def reopen(notebook: NotebookPage, name: str, *, state: bool, kernel: bool) -> None:
    """Save a notebook, with the state of its widgets, end its kernel, and open it anew.

    It is trusted, as one is that was run here. Without `kernel`, none is started.
    """
    held: Any = notebook.value(
        "(explorer.hold_cards(), __import__('ipywidgets').Widget.get_manager_state())[1]"
    )
    notebook.close()
    path = notebook.lab.folder / name
    saved = nbformat.read(path, as_version=4)
    if state:
        saved.metadata["widgets"] = {STATE: held}
    if not kernel:
        saved.metadata["kernelspec"] = {"name": "", "display_name": "No Kernel"}
        del saved.metadata["language_info"]  # JupyterLab would start the one kernel of its language
    nbformat.write(saved, path)
    NotebookNotary(data_dir=str(notebook.lab.folder.parent / "data")).sign(saved)
    notebook.page.goto(notebook.lab.page(name), timeout=OPEN_MS)
    if kernel:
        notebook.wait_until_ready()
    else:
        dialog = notebook.page.get_by_role("dialog")
        dialog.get_by_role("button", name="No Kernel").click(timeout=OPEN_MS)


@pytest.mark.parametrize(("state", "kernel"), [(False, True), (False, False), (True, False)])
def test_without_panels_a_line_alone_is_shown(
    notebook: NotebookPage, state: bool, kernel: bool
) -> None:
    notebook.open("reopened.ipynb", [CELL])
    ExplorerView(notebook.page.locator(".imbxai-explorer")).panels("c0")
    reopen(notebook, "reopened.ipynb", state=state, kernel=kernel)
    line = notebook.page.locator(".imbxai-left-behind")
    expect(line).to_be_visible(timeout=OPEN_MS)
    expect(line).to_contain_text("Where no panels are shown, run this cell again")
    area = notebook.page.locator(".jp-Cell-outputArea")
    assert area.inner_text().strip() == line.inner_text()
    screenshot(notebook.page, f"reopened-state-{state}-kernel-{kernel}", ".jp-Cell")
    notebook.watch.forgive("widget model not found")  # JupyterLab says so of every widget


def test_with_saved_state_the_panels_are_shown_without_red_icons(notebook: NotebookPage) -> None:
    notebook.open("reopened.ipynb", [CELL])
    ExplorerView(notebook.page.locator(".imbxai-explorer")).panels("c0")
    reopen(notebook, "reopened.ipynb", state=True, kernel=True)
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("c0")
    icons = notebook.page.evaluate(_ICONS)
    assert len(icons) > 5
    assert set(icons) == {"none"}
    expect(notebook.page.locator(".imbxai-left-behind")).to_be_hidden()
    assert "Loading" not in notebook.page.locator(".jp-Cell-outputArea").inner_text()
    view.pick("c2")
    view.panels("c2")
    screenshot(notebook.page, "reopened-panels", ".imbxai-explorer")
