"""The quickstart in Notebook 7 and in Voila: linked panels, and no line below them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from explorer_view import ExplorerView
from lab import TOKEN, Lab
from notebook_page import RUN_MS, NotebookPage, screenshot
from playwright.sync_api import BrowserContext, Page, expect
from watch import Watch

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"


class Notebook7(Lab):
    """The same server; its pages are those of Notebook 7."""

    def page(self, notebook: str) -> str:
        """Return the address of one notebook."""
        return f"{self.url}notebooks/{notebook}?token={TOKEN}"


@pytest.fixture
def page(context: BrowserContext, lab: Lab) -> Iterator[tuple[Page, Watch]]:
    page = context.new_page()
    watch = Watch(page, urlsplit(lab.url).netloc)
    yield page, watch
    page.close()
    watch.check()


def check_linked(page: Page, name: str) -> None:
    """Check that a click changes every panel, and that the kernel answers."""
    view = ExplorerView(page.locator(".imbxai-explorer"))
    expect(view.root).to_have_count(1, timeout=RUN_MS)
    before = view.panels("Plants")
    screenshot(page, name, ".imbxai-explorer")
    view.pick("People")
    view.wait_for_all_changed(before)
    safe = view.group("safe")
    images = safe.locator("[data-image]")
    for _ in range(2):  # those that came along, then those that the kernel has
        shown = images.count()
        safe.locator("[data-action=more]").click()
        expect(images).not_to_have_count(shown, timeout=60_000)
    expect(page.locator(".imbxai-left-behind")).to_be_hidden()


def test_the_quickstart_runs_in_notebook_7(page: tuple[Page, Watch], lab: Lab) -> None:
    cells = nbformat.read(QUICKSTART, as_version=4).cells
    notebook = NotebookPage(page[0], Notebook7(lab.url, lab.folder), page[1])
    notebook.open("seven.ipynb", [cell.source for cell in cells if cell.cell_type == "code"])
    check_linked(page[0], "notebook-7")
    notebook.run("explorer.close()")
    expect(page[0].locator(".imbxai-explorer")).to_have_count(0)


def test_the_quickstart_is_served_by_voila(page: tuple[Page, Watch], lab: Lab) -> None:
    shutil.copy(QUICKSTART, lab.folder / "voila.ipynb")
    page[0].goto(f"{lab.url}voila/render/voila.ipynb?token={TOKEN}", timeout=RUN_MS)
    check_linked(page[0], "voila")
