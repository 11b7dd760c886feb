"""A page of Output widgets, of what is shown in them, and of a widget that it cannot hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Locator, Page, expect
from watch import Watch

from imbxai_widgets.page import write_page

ROOT = Path(__file__).parents[2]
SHOWN_MS = 60_000
NOISE = (
    "<rect> attribute",  # bqplot logs that a chart in a hidden tab has no size yet
    # anywidget holds back a kernel's messages after 2 s; here is no kernel, and panels come anyway
    "[anywidget] Failed to initialize model.",
)

CELLS = (
    f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
import ipywidgets as widgets
from IPython.display import HTML, display
from small_analysis import make_analysis
from imbxai_widgets import Explorer
analysis = make_analysis((60, 30, 12, 5))
""",
    """
out, other = widgets.Output(), widgets.Output()
with out:
    print("held by out")
    display(HTML("<i id='drawn'>drawn</i>"), Explorer(analysis))
with other:
    display(Explorer(analysis))
widgets.Tab([widgets.Accordion([out], selected_index=0), other], titles=["first", "second"])
""",
    """
@widgets.interact(name=["a", "b"])
def show(name):
    print("shown:", name)
    return Explorer(analysis)
""",
    """
class Foreign(widgets.DOMWidget):
    _model_name = _view_name = __import__("traitlets").Unicode("Foreign").tag(sync=True)
    _model_module = _view_module = __import__("traitlets").Unicode("no-module").tag(sync=True)
widgets.HBox([widgets.Label("beside"), Foreign()])
""",
    "closed = widgets.Label('gone'); display(closed); closed.close()",
)


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    nbformat.write(notebook, folder / "outputs.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        with pytest.warns(UserWarning, match="in place of each widget of no-module"):
            return write_page(folder / "outputs.ipynb", folder / "outputs.html")


@pytest.fixture
def page(browser: Browser, html: Path) -> Iterator[Page]:
    """The page without a network; the test fails if it logs errors."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    watch = Watch(page, allowed_host=None, allowed=NOISE)
    page.goto(html.as_uri())
    expect(page.locator(".imbxai-explorer")).to_have_count(3, timeout=SHOWN_MS)
    yield page
    context.close()
    watch.check()


def choose(explorer: Locator, name: str) -> None:
    """Choose a class in the list; every panel follows."""
    explorer.locator(f'.imbxai-picker [data-class="{name}"]').click()
    expect(explorer.locator(".imbxai-header")).to_contain_text(name)


def test_explorers_in_output_widgets_are_shown_and_linked(page: Page) -> None:
    first, second, third = page.locator(".imbxai-explorer").all()
    expect(first).to_be_visible()
    expect(second).to_be_hidden()
    expect(third).to_be_visible()
    expect(page.get_by_text("held by out", exact=True)).to_be_visible()
    expect(page.locator("#drawn")).to_have_text("drawn")
    expect(page.get_by_text("shown: a", exact=True)).to_be_visible()
    for explorer in (first, third):
        choose(explorer, "c3")
    page.get_by_role("tab", name="second").click()
    expect(first).to_be_hidden()
    choose(second, "c2")
    bars = second.locator(".bqplot .bargroup rect")
    longest = "(bars) => Math.max(...bars.map((bar) => bar.getBBox().width))"
    assert bars.evaluate_all(longest) > 20  # drawn with the size it has, though hidden at first


def test_what_the_page_cannot_do_is_said_in_its_place(page: Page) -> None:
    line = page.get_by_text("This page does not hold the front end of a widget of no-module.")
    expect(line).to_be_visible()
    expect(page.get_by_text("beside", exact=True)).to_be_visible()
    controls = page.locator(".widget-interact")
    told = controls.evaluate("(element) => getComputedStyle(element, '::before').content")
    assert "Without a kernel, these controls change nothing" in told
    assert page.get_by_text("Where no panels are shown").count() == 0


# Elements that reach beyond the paper, or beyond an element around them that cuts them off; less
# what stands in panels, whose own matter that is, and parts of charts that are not drawn.
_CUT = """() => {
  const reach = (element) => element.getBoundingClientRect().right - 1;
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest(".imbxai-panel, canvas, g:not(:has(> .bargroup))")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    let cut = reach(element) > innerWidth;
    for (let at = element.parentElement; at && !cut; at = at.parentElement) {
      cut = getComputedStyle(at).overflowX !== "visible" && reach(element) > reach(at) + 1;
    }
    if (cut) found.push(`${reach(element)} ${element.outerHTML.slice(0, 300)}`);
  }
  return found;
}"""


def test_the_page_cuts_nothing_in_print(page: Page) -> None:
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    for width in (703, 725):  # of A4 and Letter within margins of 12 mm, in pixels
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate(_CUT) == []
        output = page.locator(".jp-OutputArea-child:has(.imbxai-explorer)").first
        assert output.evaluate("(element) => getComputedStyle(element).breakInside") == "auto"
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert page.locator(".bqplot > svg[viewBox]").count() == 0
