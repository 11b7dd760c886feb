"""The Explorer inside what holds outputs or widgets: Output, Tab, Accordion, interact, and ids."""

from __future__ import annotations

import pytest
from demo_notebook import ANALYSIS, DEMO
from explorer_view import ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import Locator, expect

MAKE = """
import ipywidgets
from IPython.display import display, update_display

def make(name="Plants"):
    made = Explorer(analysis)
    made.selected_class = name
    return made
"""
SETUP = ANALYSIS + MAKE
# Each shows one Explorer, beside which its cell shows the words "beside it".
PLACES = {
    "the end of a cell": ["print('beside it')\nmake()"],
    "display": ["print('beside it'); display(make())"],
    "an Output": [
        "out = ipywidgets.Output()\nwith out:\n    print('beside it'); display(make())\nout"
    ],
    "an Output, as data": [
        "out = ipywidgets.Output()\nout.append_stdout('beside it')\n"
        "out.append_display_data(make())\nout"
    ],
    "an Output, as data from another cell": [
        "out = ipywidgets.Output()\nprint('beside it')\nout",
        "out.append_display_data(make())",
    ],
    "a captured function": [
        "out = ipywidgets.Output()\n@out.capture()\ndef show():\n"
        "    print('beside it'); display(make())\nshow()\nout"
    ],
    "a Tab": ["print('beside it')\nipywidgets.Tab([make()])"],
    "an Output in a Tab": [
        "out = ipywidgets.Output()\nwith out:\n    print('beside it'); display(make())\n"
        "ipywidgets.Tab([out])"
    ],
    "an Accordion": ["print('beside it')\nipywidgets.Accordion([make()], selected_index=0)"],
    "interact": [
        "def show(name):\n    print('beside it'); display(make(name))\n"
        "ipywidgets.interact(show, name=['Plants', 'Sky']);"
    ],
    "a display with an id": ["print('beside it'); display(make(), display_id='place');"],
    "an updated display": [
        "print('beside it'); display('nothing yet', display_id='place');",
        "update_display(make(), display_id='place')",
    ],
}

# A dialog comes out of whatever it stands in; these differ most.
LOOKED_CLOSER = {"an Output in a Tab", "an Accordion", "interact"}


def outputs(notebook: NotebookPage, words: str) -> Locator:
    """Return what is shown below cells of these words."""
    return notebook.page.locator(".jp-Cell-outputArea").get_by_text(words, exact=False)


@pytest.mark.parametrize("place", PLACES)
def test_it_works_and_hides_nothing_beside_it(notebook: NotebookPage, place: str) -> None:
    notebook.open(DEMO, [SETUP, *PLACES[place]])
    roots = notebook.page.locator(".imbxai-explorer")
    expect(roots).to_have_count(1, timeout=60_000)
    view = ExplorerView(roots.first)
    before = view.panels("Plants")
    expect(outputs(notebook, "beside it")).to_be_visible()
    lines = notebook.page.locator(".imbxai-left-behind")
    assert [line.is_visible() for line in lines.all()] == [False] * lines.count()
    view.pick("Clothing")
    view.wait_for_all_changed(before)
    view.pick("People")
    view.panels("People")
    view.more_images()
    if place in LOOKED_CLOSER:
        view.look_closer(view.thumbnails.first)
    screenshot(notebook.page, f"in-{place.replace(' ', '-')}", ".imbxai-explorer")


def test_interact_shows_one_explorer_after_another(notebook: NotebookPage) -> None:
    notebook.open(DEMO, [SETUP, *PLACES["interact"]])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("Plants")
    choice = notebook.page.locator(".jp-Cell-outputArea select").first
    for name in ("Sky", "Plants", "Sky", "Plants", "Sky"):
        choice.select_option(name)
        view.panels(name)
        expect(outputs(notebook, "beside it")).to_be_visible()
    lines = notebook.page.locator(".imbxai-left-behind")
    assert [line.is_visible() for line in lines.all()] == [False] * lines.count()
    # That of the cell, that on the page, and the one before it; those before are closed.
    linkers = (
        "sum(type(w).__name__ == 'Linker' for w in ipywidgets.widgets.widget._instances.values())"
    )
    notebook.wait_for_value(linkers, 3)


def test_an_explorer_that_is_updated_again_and_again_stays(notebook: NotebookPage) -> None:
    cells = [
        "display(make('Sky'), display_id='place');",
        "update_display(make(), display_id='place')",
    ]
    notebook.open(DEMO, [SETUP, *cells])
    root = notebook.page.locator(".imbxai-explorer")
    for _ in range(2):
        view = ExplorerView(root)
        before = view.panels("Plants")
        view.pick("Clothing")
        view.wait_for_all_changed(before)
        last = notebook.page.locator(".jp-CodeCell").last
        last.click()
        notebook.page.keyboard.press("Control+Enter")
    ExplorerView(root).panels("Plants")
    lines = notebook.page.locator(".imbxai-left-behind")
    assert [line.is_visible() for line in lines.all()] == [False] * lines.count()
    notebook.run("ipywidgets.Widget.close_all()")
    expect(root).to_have_count(0)
    # JupyterLab empties an updated output without a word to its widget, which cannot go then.
    notebook.watch.forgive("Failed to execute 'removeChild' on 'Node'")


def test_a_closed_explorer_leaves_the_page(notebook: NotebookPage) -> None:
    notebook.open(DEMO, [SETUP, "explorer = make()\nexplorer"])
    root = notebook.page.locator(".imbxai-explorer")
    ExplorerView(root).panels("Plants")
    notebook.run("explorer.close()")
    expect(root).to_have_count(0)
    assert notebook.value("len(ipywidgets.widgets.widget._instances)") == 0


def test_a_cell_run_again_shows_the_new_one_and_closes_the_old(notebook: NotebookPage) -> None:
    notebook.open(DEMO, [SETUP, "explorer = make()\nexplorer", "display(make())"])
    roots = notebook.page.locator(".imbxai-explorer")
    expect(roots).to_have_count(2, timeout=60_000)
    widgets = notebook.value("len(ipywidgets.widgets.widget._instances)")
    for _ in range(2):
        notebook.page.evaluate(
            "() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }"
        )
        notebook.wait_for_value("len(ipywidgets.widgets.widget._instances)", widgets)
    expect(roots).to_have_count(2, timeout=60_000)
    for view in (ExplorerView(roots.nth(0)), ExplorerView(roots.nth(1))):
        before = view.panels("Plants")
        view.pick("Clothing")
        view.wait_for_all_changed(before)
