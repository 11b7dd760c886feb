"""The screen as a reader meets it: the first one whole, at every width and in every theme."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe import check_accessibility
from demo_notebook import ANALYSIS, DEMO, SHOW
from explorer_view import ExplorerView
from lab import Lab
from notebook_page import NotebookPage
from pages import Pages
from playwright.sync_api import Browser, Locator, expect

# A laptop's screen; the notebook has what the file browser leaves of it.
SMALL = {"width": 1280, "height": 720}

# What of the panel is cut off, or lies beyond its right edge, at any depth.
_CLIPPED = """(root) => {
  const edge = root.getBoundingClientRect(), found = [];
  for (const element of root.querySelectorAll("*")) {
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest(".imbxai-unseen, .imbxai-alternative, [role=listbox]")) continue;
    if (element.closest("svg, .bqplot > canvas")) continue; // bqplot's own, beyond what it shows
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const name = `${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`;
    if (box.right > edge.right + 1 || box.left < edge.left - 1)
      found.push(`beyond the edge: ${name}`);
    const style = getComputedStyle(element);
    const cuts = style.overflowX !== "visible" && style.textOverflow !== "ellipsis";
    if (cuts && element.scrollWidth > element.clientWidth + 1) found.push(`cut: ${name}`);
  }
  return found;
}"""

_SIZES = """(root) => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), small = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim()) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const size = Number.parseFloat(getComputedStyle(element).fontSize);
    if (size < 13) small.push(`${size}px: ${walker.currentNode.textContent.trim()}`);
  }
  return small;
}"""


@pytest.fixture(scope="module")
def small(browser: Browser, lab: Lab) -> Iterator[Pages]:
    """Pages of a small screen, with the file browser beside the notebook."""
    context = browser.new_context(viewport=SMALL)
    yield Pages(context, lab, beside_files=True)
    context.close()


@pytest.fixture
def notebook(request: pytest.FixtureRequest, small: Pages) -> Iterator[NotebookPage]:
    """A notebook beside the file browser, on a small screen."""
    with small.shared(request.session) as notebook:
        yield notebook


@pytest.fixture
def view(notebook: NotebookPage) -> ExplorerView:
    notebook.open(DEMO, [ANALYSIS, SHOW])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("Plants")
    view.root.evaluate("(root) => root.scrollIntoView({ block: 'start' })")
    return view


def bottom(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_the_first_screen_holds_the_answer(notebook: NotebookPage, view: ExplorerView) -> None:
    picture = Path(__file__).parents[2] / "artifacts" / "screenshots" / "screen-first.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    notebook.page.screenshot(path=picture)
    seen = bottom(notebook.page.locator(".jp-WindowedPanel-outer"))
    for part in ("picker", "header", "adversaries", "failures", "archetypes"):
        panel = view.root.locator(f".imbxai-{part}").first
        expect(panel).to_be_in_viewport()
        assert bottom(panel) <= seen, f"{part} ends below the first screen"
    expect(view.tabs.get_by_role("tab").first).to_be_in_viewport()
    sentence = view.header.locator(".imbxai-verdict")
    expect(sentence).to_contain_text("15 of 18 validation images are wrong")
    height = bottom(view.root) - view.root.bounding_box()["y"]  # type: ignore[index]
    screen = notebook.page.locator(".jp-WindowedPanel-outer").bounding_box()["height"]  # type: ignore[index]
    assert height <= 2 * screen, f"{height / screen:.2f} screens"


def test_the_class_list_stays_while_the_page_scrolls(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    notebook.page.mouse.move(800, 500)
    notebook.page.mouse.wheel(0, 400)
    expect(view.header.locator("h2")).not_to_be_in_viewport()
    expect(view.picker.get_by_role("searchbox")).to_be_in_viewport()
    expect(view.selected).to_be_in_viewport()


def test_axe_finds_nothing_serious(notebook: NotebookPage, view: ExplorerView) -> None:
    check_every_tab(notebook, view)
    for theme in ("JupyterLab Dark", "JupyterLab Dark High Contrast"):
        with notebook.dark(theme):
            check_every_tab(notebook, view)
    # JupyterLab takes its splash of one theme away again after that of the next, within a second.
    notebook.page.wait_for_timeout(2000)
    notebook.watch.forgive("Failed to execute 'removeChild' on 'Node'")


def check_every_tab(notebook: NotebookPage, view: ExplorerView) -> None:
    for tab in view.tabs.get_by_role("tab").all():
        tab.click()
        view.settle()
        check_accessibility(notebook.page)


def test_a_screen_reader_finds_its_way(view: ExplorerView) -> None:
    picker = view.root.get_by_role("listbox", name="Classes")
    chosen = picker.get_by_role("option", selected=True)
    expect(chosen).to_have_accessible_name(re.compile("^Plants ?, 40 images, 17% right"))
    expect(view.root.get_by_role("heading", level=2, name="Plants")).to_be_visible()
    expect(view.header.get_by_role("button", name="15 of 18")).to_be_visible()
    bar = view.root.get_by_role("button", name="8 of 15 validation errors are taken for Animals")
    expect(bar).to_be_visible()
    group = view.failures.get_by_role("group", name="Taken for Animals")
    image = group.get_by_role("button").first
    expect(image).to_have_accessible_name(re.compile("Label: Plants.*Prediction: Animals"))
    corner = group.get_by_role("button", name="Mark", pressed=False).first
    expect(corner).to_have_attribute("aria-pressed", "false")
    tabs = view.root.get_by_role("tablist", name="More about this class").get_by_role("tab")
    titles = [
        "All images",
        "Shared features",
        "Colors",
        "All classes",
        "Map",
        "Review labels",
        "What if",
    ]
    expect(tabs).to_have_text(titles)
    expect(view.root.get_by_role("tabpanel", name="All images")).to_be_visible()


@pytest.mark.parametrize("width", [360, 480, 700, 960, 1920, 2560])
def test_nothing_is_clipped_at_any_width(
    notebook: NotebookPage, view: ExplorerView, width: int
) -> None:
    view.root.evaluate("(root, width) => { root.style.width = `${width}px`; }", width)
    if width > SMALL["width"]:
        notebook.page.set_viewport_size({"width": width + 500, "height": 900})
    for tab in view.tabs.get_by_role("tab").all():
        tab.click()
        view.settle()
        assert view.root.evaluate(_CLIPPED) == [], tab.text_content()
        assert view.root.evaluate(_SIZES) == [], tab.text_content()
    box = view.picker.locator(".imbxai-picker-box")
    if width >= 720:
        expect(box).to_be_hidden()
        return
    expect(view.picker.get_by_role("listbox")).to_be_hidden()
    box.select_option(label="Clothing \u2013 14%")
    view.panels("Clothing")
