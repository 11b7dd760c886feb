"""Class names that look like markup, run backwards or never end: all are shown as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from explorer_view import ExplorerView
from hostile_names import HOSTILE
from nbformat.v4 import new_code_cell, new_notebook
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import Browser, expect
from watch import Watch

from imbxai_widgets.compute.reading.class_names import distinct_names
from imbxai_widgets.names import shown_name
from imbxai_widgets.page import write_page

ROOT = Path(__file__).parents[2]
NAMES = distinct_names([*HOSTILE, "", "crane", "crane"])

CELL = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from dataclasses import replace
from hostile_names import HOSTILE
from imbxai_widgets import Explorer
from imbxai_widgets.compute.reading.class_names import distinct_names
from small_analysis import make_analysis

names = distinct_names([*HOSTILE, "", "crane", "crane"])
analysis = replace(make_analysis((12,) * len(names), image_shape=(32, 32)), class_names=names)
explorer = Explorer(analysis, compare=analysis)
"""
SHOW = ["explorer", "analysis.classes()", "print(names[0], names[1]); names"]

# What a name would have become, had it been taken for markup; the views hold none of these.
MARKUP = "img, script, iframe, object, embed, mjx-container"


def check_every_name(view: ExplorerView) -> None:
    """Select each class and check that all panels write its name, letter by letter."""
    rows = view.picker.locator("[data-class]")
    expect(rows).to_have_count(len(NAMES))
    found, met = set(), set()
    for number in range(len(NAMES)):
        rows.nth(number).click()
        name = str(rows.nth(number).get_attribute("data-class"))
        found.add(name)
        expect(view.header.locator("h2")).to_have_text(name, use_inner_text=False)
        expect(view.gallery.locator("[data-image]").first).to_be_visible()
        compared = view.root.locator(".imbxai-compared-errors .imbxai-picked .imbxai-link")
        expect(compared).to_have_text(name, use_inner_text=False)
        taken = view.failure_counts()
        assert taken
        assert set(taken) <= {shown_name(other) for other in NAMES}
        names = view.root.locator(".imbxai-adversary-name").all_text_contents()
        assert names
        assert set(names) <= {shown_name(other) for other in NAMES}
        met |= set(names)
        thumbnail = view.gallery.locator("[data-image]").first
        thumbnail.hover()
        assert f"Label: {name}" in (view.gallery.locator(".imbxai-tooltip").text_content() or "")
        assert f"Label: {name}," in str(thumbnail.get_attribute("aria-label"))
    assert found == {shown_name(name) for name in NAMES}
    assert len(met) >= 9
    assert set(view.overview.locator("[role=rowheader]").all_text_contents()) == found
    expect(view.root.locator(MARKUP)).to_have_count(0)


# Elements that lie beyond the right edge of the Explorer, or letters beyond their panel.
_SPILLED = """(root) => {
  const edge = root.getBoundingClientRect().right + 1;
  return [...root.querySelectorAll(".imbxai-panel, .imbxai-section, h3, .widget-label, svg text")]
    .filter((element) => !element.closest(".imbxai-alternative"))
    .filter((element) => element.getBoundingClientRect().right > edge)
    .map((element) => element.className + ": " + element.textContent.slice(0, 60));
}"""


def test_names_are_text_in_jupyterlab(notebook: NotebookPage) -> None:
    notebook.open("names.ipynb", [CELL, *SHOW])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    check_every_name(view)
    for start in ("long", "unbroken", "over"):
        view.picker.locator(f'[data-class*="{start}"]').first.click()
        expect(view.header.locator("h2")).to_contain_text(start)
        screenshot(notebook.page, f"name-{start}", ".imbxai-explorer")
        assert view.root.evaluate(_SPILLED) == []
    outputs = notebook.page.locator(".jp-OutputArea-output")
    for name in HOSTILE[:3]:
        assert any(name in text for text in outputs.all_text_contents())
    # JupyterLab itself typesets mathematics in the tables of pandas.
    expect(outputs.locator(MARKUP.replace(", mjx-container", ""))).to_have_count(0)


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    notebook = new_notebook(cells=[new_code_cell(source) for source in (CELL, *SHOW)])
    nbformat.write(notebook, folder / "names.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        return write_page(folder / "names.ipynb", folder / "names.html")


@pytest.fixture
def offline(browser: Browser, html: Path) -> Iterator[ExplorerView]:
    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    watch = Watch(page, allowed_host=None)
    page.goto(html.as_uri())
    yield ExplorerView(page.locator(".imbxai-explorer"))
    context.close()
    watch.check()


def test_names_are_text_on_the_page_without_a_kernel(offline: ExplorerView) -> None:
    check_every_name(offline)
    expect(offline.root.page.locator(".imbxai-left-behind")).to_be_hidden()
    body = offline.root.page.locator("body")
    scripts = body.locator("script").evaluate_all("(all) => all.map((one) => one.textContent)")
    assert not any(text.startswith("alert") for text in scripts)
    assert HOSTILE[1] in (body.locator(".jp-OutputArea-output").last.text_content() or "")
