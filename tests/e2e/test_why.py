"""Why a class fails, in JupyterLab: found by a click, with its evidence, and what may be tried."""

from __future__ import annotations

from axe import check_accessibility
from explorer_view import ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import expect
from test_linked_panels import ANALYSIS

PATIENCE_MS = 120_000
SHOW = "explorer = Explorer(analysis)\nexplorer.selected_class = 'Food'\nexplorer"


def test_a_click_finds_the_causes_which_open_their_evidence(notebook: NotebookPage) -> None:
    notebook.open("why.ipynb", [ANALYSIS, SHOW])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    line = view.header.locator(".imbxai-why")
    expect(line).to_be_hidden()
    view.header.get_by_role("button", name="Why?").click()
    region = view.header.get_by_role("region", name="Why?")
    expect(region).to_contain_text("Looking for causes")
    expect(line).to_be_visible(timeout=PATIENCE_MS)
    found = notebook.value(
        "[[cause.title, cause.statement, [repr(each) for each in cause.remedies]] "
        "for cause in analysis.diagnose().of('Food').causes]"
    )
    assert found  # or nothing of it is tested here
    for title, statement, _ in found:
        expect(line).to_contain_text(title)
        expect(region).to_contain_text(statement)
    screenshot(notebook.page, "why", ".imbxai-explorer")
    check_accessibility(notebook.page)
    view.pick("Plants")
    expect(line).to_contain_text("too few validation images")
    view.pick("Food")
    title, _, (remedy, *_) = found[0]
    line.get_by_role("button", name=title).click()
    region.get_by_role("button", name=remedy).click()
    expect(view.tabs.get_by_role("tab", name="What if")).to_have_attribute("aria-selected", "true")
    notebook.run("import ipywidgets\nipywidgets.Widget.close_all()")
