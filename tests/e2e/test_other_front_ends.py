"""The quickstart in Notebook 7, a small Explorer in Voila: linked panels, no line below them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from explorer_view import ExplorerView
from lab import TOKEN, Lab
from nbformat.v4 import new_code_cell, new_notebook
from notebook_page import RUN_MS, NotebookPage, screenshot
from playwright.sync_api import BrowserContext, Page, expect
from watch import Watch

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"
SMALL = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from imbxai_widgets import Explorer
from small_analysis import make_analysis
explorer = Explorer(make_analysis((90, 20, 80, 35), image_shape=(32, 32)))
explorer.selected_class = "c1"
explorer
"""


class Notebook7(Lab):
    """The same server; its pages are those of Notebook 7."""

    def page(self, notebook: str, *, beside_files: bool = False) -> str:  # noqa: ARG002
        """Return the address of one notebook."""
        return f"{self.url}notebooks/{notebook}?token={TOKEN}"


@pytest.fixture
def page(context: BrowserContext, lab: Lab) -> Iterator[tuple[Page, Watch]]:
    page = context.new_page()
    watch = Watch(page, urlsplit(lab.url).netloc)
    yield page, watch
    page.close()
    watch.check()


def check_linked(page: Page, name: str, first: str, second: str, *, colors: bool = True) -> None:
    """Check that a click changes every panel, or all but colors, and that the kernel answers."""
    view = ExplorerView(page.locator(".imbxai-explorer"))
    expect(view.root).to_have_count(1, timeout=RUN_MS)
    before = view.panels(first)
    if not colors:
        del before["color bars"]
    screenshot(page, name, ".imbxai-explorer")
    view.pick(second)
    view.wait_for_all_changed(before)
    view.more_images()
    view.look_closer(view.thumbnails.first)
    expect(page.locator(".imbxai-left-behind")).to_be_hidden()


def test_the_quickstart_runs_in_notebook_7(page: tuple[Page, Watch], lab: Lab) -> None:
    cells = nbformat.read(QUICKSTART, as_version=4).cells
    notebook = NotebookPage(page[0], Notebook7(lab.url, lab.folder), page[1])
    notebook.open("seven.ipynb", [cell.source for cell in cells if cell.cell_type == "code"])
    check_linked(page[0], "notebook-7", "Plants", "People")
    notebook.run("explorer.close()")
    expect(page[0].locator(".imbxai-explorer")).to_have_count(0)
    # Notebook's plugin of shortcuts hears of other settings before it has loaded its own:
    # https://github.com/jupyter/notebook/issues/7862
    page[1].forgive("Cannot read properties of undefined (reading 'schema')")
    # Notebook 7 opens its file browser by a command that may not be there yet.
    page[1].forgive("Command 'filebrowser:open-path' not registered")


def test_an_explorer_is_served_by_voila(page: tuple[Page, Watch], lab: Lab) -> None:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = new_notebook(cells=[new_code_cell(SMALL)], metadata=kernel)
    nbformat.write(notebook, lab.folder / "voila.ipynb")
    page[0].goto(f"{lab.url}voila/render/voila.ipynb?token={TOKEN}", timeout=RUN_MS)
    check_linked(page[0], "voila", "c1", "c2", colors=False)  # its classes have the same colors
    # Voila offers less than JupyterLab does to the extensions installed beside it, and asks for
    # MathJax and an icon font on the web.
    page[1].forgive("runtime-012")
    page[1].forgive("https://cdnjs.cloudflare.com/ajax/libs/mathjax")
    page[1].forgive("https://cdn.jsdelivr.net/npm/@fortawesome")
