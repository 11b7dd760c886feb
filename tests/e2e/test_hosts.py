"""Pages that imitate Colab and VS Code, which cannot run here: no JupyterLab around the outputs.

They have a widget manager, our own of the standalone page; other elements around outputs; and few
of JupyterLab's variables of color, or none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import ipywidgets as widgets
import pytest
from explorer_view import ExplorerView
from playwright.sync_api import Browser, Page, expect
from small_analysis import make_analysis
from watch import Watch

from imbxai_widgets import Explorer
from imbxai_widgets.explorer.display import left_behind
from imbxai_widgets.page import export as standalone

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
# Colab: a frame for each cell, and two variables. VS Code: one document, and variables of its own.
HOSTS = {
    "colab": (
        ":root { --jp-ui-font-color1: #212121; --jp-layout-color2: #f7f7f7; }",
        '<div id="output-area"><div class="display_data">{panels}</div>'
        '<div class="display_data"><div>{line}</div></div></div>',
    ),
    "vscode": (
        ":root { --vscode-editor-background: #fff; --vscode-foreground: #3b3b3b; }",
        '<main><div class="output_container"><div class="output">{panels}</div></div>'
        '<div class="output_container"><div class="output">{line}</div></div></main>',
    ),
}
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>A host</title>
<style>{style}</style></head><body>{body}
<script type="{state_type}">{state}</script><script>{script}</script>{modules}</body></html>"""


def write_host(host: str, folder: Path, *, with_panels: bool) -> Path:
    """Write the page of a host that shows an Explorer, and the line that a cell leaves behind."""
    explorer = Explorer(make_analysis((40, 20, 30, 35), image_shape=(32, 32)))
    explorer.selected_class = "c0"
    style, body = HOSTS[host]
    view = json.dumps({"version_major": 2, "version_minor": 0, "model_id": explorer.model_id})
    panels = f'<script type="{VIEW}">{view}</script>' if with_panels else "Error displaying widget"
    modules = "".join(
        f'<script data-module="{name}">{standalone._inline(standalone._front_end(name))}</script>'
        for name in ("anywidget", "bqplot", "bqscales")
    )
    html = PAGE.format(
        style=style + standalone._static("page.css"),
        body=body.format(panels=panels, line=left_behind(explorer._left_behind())),
        state_type=STATE,
        state=standalone._inline(json.dumps(widgets.Widget.get_manager_state())),
        script=standalone._inline(standalone._static("page.js")),
        modules=modules,
    )
    explorer.close()
    path = folder / f"{host}.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without a network; the test fails if it logs errors or asks for anything."""
    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    watch = Watch(page, allowed_host=None)
    yield page
    context.close()
    watch.check()
    assert {url.partition(":")[0] for url in watch.requests} <= {"file", "blob", "data"}


@pytest.mark.parametrize("host", HOSTS)
def test_panels_work_and_the_line_below_them_is_gone(page: Page, tmp_path: Path, host: str) -> None:
    page.goto(write_host(host, tmp_path, with_panels=True).as_uri())
    view = ExplorerView(page.locator(".imbxai-explorer"))
    before = view.panels("c0")
    expect(page.locator(".imbxai-left-behind")).to_be_hidden()
    view.pick("c2")
    assert view.panels("c2")["archetypes"] != before["archetypes"]


@pytest.mark.parametrize("host", HOSTS)
def test_without_panels_the_line_is_shown(page: Page, tmp_path: Path, host: str) -> None:
    page.goto(write_host(host, tmp_path, with_panels=False).as_uri())
    expect(page.locator(".imbxai-left-behind")).to_be_visible()
    expect(page.locator(".imbxai-left-behind")).to_contain_text("opened at the class c0")
