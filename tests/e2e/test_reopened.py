"""A notebook that is opened again without its kernel, with and without the widgets' state."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import nbformat
import pytest
from demo_notebook import DEMO
from explorer_view import ExplorerView
from lab import Lab
from nbformat.sign import NotebookNotary
from notebook_page import OPEN_MS, NotebookPage, screenshot
from pages import Pages
from playwright.sync_api import expect
from test_readable_states import CELL

NAME = "reopened.ipynb"
STATE = "application/vnd.jupyter.widget-state+json"
_ICONS = """() => [...document.querySelectorAll(".jupyter-widgets-disconnected")]
  .map((element) => getComputedStyle(element, "::before").content)"""


@dataclass(frozen=True)
class Saved:
    """A notebook as it was saved, and the state of its widgets then."""

    notebook: Any
    state: Any


@pytest.fixture(scope="module")
def saved(pages: Pages, lab: Lab) -> Saved:
    """A notebook that was run and saved, whose kernel has ended."""
    with pages.fresh() as notebook:
        notebook.open(NAME, [CELL])
        ExplorerView(notebook.page.locator(".imbxai-explorer")).panels("c0")
        state = notebook.value(
            "(explorer.hold_cards(), __import__('ipywidgets').Widget.get_manager_state())[1]"
        )
        notebook.close()
    return Saved(nbformat.read(lab.folder / NAME, as_version=4), state)


def reopen(notebook: NotebookPage, saved: Saved, *, state: bool, kernel: bool) -> None:
    """Open the notebook anew, with the state of its widgets or without.

    It is trusted, as one is that was run here. Without `kernel`, none is started.
    """
    written = deepcopy(saved.notebook)
    if state:
        written.metadata["widgets"] = {STATE: saved.state}
    if not kernel:
        written.metadata["kernelspec"] = {"name": "", "display_name": "No Kernel"}
        del written.metadata["language_info"]  # JupyterLab would start the kernel of its language
    nbformat.write(written, notebook.lab.folder / NAME)
    NotebookNotary(data_dir=str(notebook.lab.folder.parent / "data")).sign(written)
    notebook.page.goto(notebook.lab.page(NAME), timeout=OPEN_MS)
    if kernel:
        notebook.wait_until_ready()
    else:
        dialog = notebook.page.get_by_role("dialog")
        dialog.get_by_role("button", name="No Kernel").click(timeout=OPEN_MS)


@pytest.fixture
def notebook(fresh_notebook: NotebookPage) -> Iterator[NotebookPage]:
    """A page that is loaded anew; whichever kernel it starts ends with it."""
    yield fresh_notebook
    fresh_notebook.lab.end_kernels(but=DEMO)


@pytest.mark.parametrize(("state", "kernel"), [(False, True), (False, False), (True, False)])
def test_without_panels_a_line_alone_is_shown(
    notebook: NotebookPage, saved: Saved, state: bool, kernel: bool
) -> None:
    reopen(notebook, saved, state=state, kernel=kernel)
    line = notebook.page.locator(".imbxai-left-behind")
    expect(line).to_be_visible(timeout=OPEN_MS)
    expect(line).to_contain_text("Where no panels are shown, run this cell again")
    area = notebook.page.locator(".jp-Cell-outputArea")
    assert area.inner_text().strip() == line.inner_text()
    screenshot(notebook.page, f"reopened-state-{state}-kernel-{kernel}", ".jp-Cell")
    notebook.watch.forgive("widget model not found")  # JupyterLab says so of every widget


def test_with_saved_state_the_panels_are_shown_without_red_icons(
    notebook: NotebookPage, saved: Saved
) -> None:
    reopen(notebook, saved, state=True, kernel=True)
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
