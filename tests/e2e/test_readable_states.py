"""What is left on the page when the kernel goes or a callback fails: a state that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from explorer_view import ExplorerView
from lab import Lab
from notebook_page import NotebookPage, screenshot
from pages import Pages
from playwright.sync_api import BrowserContext, Locator, expect

TESTS = Path(__file__).parents[1]
# Class c0 is shown; the cards of other classes are sent when the page asks for them.
CELL = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from imbxai_widgets import Explorer
from imbxai_widgets.explorer import explorer as module
from small_analysis import make_analysis

module.EAGER_BYTES = 0
explorer = Explorer(make_analysis((40, 20, 30, 35), image_shape=(32, 32)))
explorer.selected_class = "c0"
explorer
"""

_RESTART = """() => {
  window.imbxaiRestarted = false;
  window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()
    .then(() => { window.imbxaiRestarted = true; });
}"""

# Keeps the page from finding the class list in sight, or it would ask for all cards ahead.
_UNSEEN = """
const { observe } = IntersectionObserver.prototype;
IntersectionObserver.prototype.observe = function (target) {
  if (!target.matches(".imbxai-picker")) observe.call(this, target);
};
"""

# Python that makes every third image of the dataset unreadable, or all card requests fail.
_TEAR = """
def torn(self, index, read=type(explorer.analysis.images).__getitem__):
    if index % 3 == 0:
        raise OSError(f"{index}.png is <b>truncated</b>")
    return read(self, index)
type(explorer.analysis.images).__getitem__ = torn
"""
_FAIL = """
def fail(*_, **__):
    raise MemoryError("out of <b>memory</b>")
explorer._deck.card = explorer._deck.contents["images"].images = fail
"""


@pytest.fixture(scope="module")
def unseen_pages(context: BrowserContext, lab: Lab) -> Iterator[Pages]:
    pages = Pages(context, lab, script=_UNSEEN)
    yield pages
    pages.close()


@pytest.fixture
def unseen(
    request: pytest.FixtureRequest,
    unseen_pages: Pages,
    kernels: None,  # noqa: ARG001
) -> Iterator[NotebookPage]:
    """A notebook whose class list is never in sight."""
    with unseen_pages.shared(request.session) as notebook:
        yield notebook


@pytest.fixture
def view(unseen: NotebookPage) -> ExplorerView:
    return open_view(unseen)


def open_view(notebook: NotebookPage) -> ExplorerView:
    notebook.open("faults.ipynb", [CELL])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("c0")
    return view


def message(view: ExplorerView) -> Locator:
    return view.root.locator(".imbxai-message")


def check_one_class(view: ExplorerView, name: str) -> None:
    """Check that all panels show one class, and none the next."""
    assert view.header.locator("h2").text_content() == name
    assert view.header.get_attribute("aria-label") == f"Class {name}"
    labels = "(all) => all.map((thumbnail) => thumbnail.getAttribute('aria-label'))"
    assert all(f"Label: {name}" in label for label in view.thumbnails.evaluate_all(labels))


def test_a_restarted_kernel_leaves_the_panels_and_says_what_is_missing(
    unseen: NotebookPage, view: ExplorerView
) -> None:
    view.pick("c1")
    view.panels("c1")
    unseen.page.evaluate(_RESTART)
    unseen.page.wait_for_function("() => window.imbxaiRestarted", timeout=60_000)
    view.pick("c0")  # held by the page
    view.panels("c0")
    check_one_class(view, "c0")
    view.pick("c3")
    words = "c3 needs a running, idle kernel; none has answered. The panels still show c0."
    expect(message(view)).to_have_text(words, timeout=60_000)
    check_one_class(view, "c0")
    view.mark(view.thumbnails.first)  # which needs no kernel
    expect(view.thumbnails.first).to_have_attribute("data-marked", "true")


def test_classes_in_sight_are_shown_without_the_kernel(notebook: NotebookPage) -> None:
    seen = open_view(notebook)
    made = "explorer._deck.ordered_members.cache_info().currsize"
    notebook.wait_for_value(made, 4 * 4)
    notebook.run(_FAIL)
    for name in ("c3", "c1"):
        seen.pick(name)
        seen.panels(name)
        check_one_class(seen, name)
        expect(message(seen)).to_have_text("")


def test_cards_that_fail_leave_the_last_class_and_the_reason(
    unseen: NotebookPage, view: ExplorerView
) -> None:
    unseen.run("card = explorer._deck.card" + _FAIL)
    view.images.locator("[data-action=more]").first.click()
    notice = view.images.locator(".imbxai-notice").first
    expect(notice).to_have_text("The images could not be shown: MemoryError: out of <b>memory</b>")
    view.pick("c3")
    words = "This class could not be shown: MemoryError: out of <b>memory</b>. "
    expect(message(view)).to_have_text(f"{words}The panels still show c0.", timeout=60_000)
    check_one_class(view, "c0")
    unseen.run("explorer._deck.card = card")
    view.pick("c2")
    view.panels("c2")
    expect(message(view)).to_have_text("")


def test_a_callback_of_the_user_that_fails_is_shown_above_the_panels(
    unseen: NotebookPage, view: ExplorerView
) -> None:
    unseen.run("explorer.observe(lambda change: 1 / 0, 'selected_class')")
    words = "A callback of selected_class failed: ZeroDivisionError: division by zero"
    for name in ("c3", "c0"):
        view.pick(name)
        expect(message(view)).to_have_text(words, timeout=60_000)
        view.panels(name)
        check_one_class(view, name)


def test_images_that_cannot_be_read_do_not_hide_their_class(
    unseen: NotebookPage, view: ExplorerView
) -> None:
    unseen.run(_TEAR)
    view.pick("c3")
    view.panels("c3")
    expect(message(view)).to_contain_text("images could not be read; the first is image")
    expect(message(view)).to_contain_text(".png is <b>truncated</b>")
    check_one_class(view, "c3")


def test_a_notebook_opened_again_without_its_kernel_says_what_was_shown(
    fresh_notebook: NotebookPage,
) -> None:
    fresh_notebook.open("faults.ipynb", [CELL])
    ExplorerView(fresh_notebook.page.locator(".imbxai-explorer")).panels("c0")
    words = fresh_notebook.page.locator(".imbxai-left-behind")
    expect(words).to_be_hidden()
    fresh_notebook.reopen_without_kernel("faults.ipynb")
    expect(words).to_have_text(
        "Explorer of 125 training images in 4 classes, opened at the class c0. "
        "Where no panels are shown, run this cell again to see them, or make a page of the "
        "notebook that shows them without a kernel: "
        "python -m imbxai_widgets.page NOTEBOOK --output PAGE"
    )
    expect(words).to_be_visible()
    expect(fresh_notebook.page.locator(".imbxai-explorer")).to_have_count(0)
    screenshot(fresh_notebook.page, "opened-again", ".jp-Cell")
