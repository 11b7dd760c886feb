"""The quickstart as a page opened from disk: no kernel, no network, still linked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from explorer_view import PATIENCE_MS, ExplorerView
from notebook_page import screenshot
from playwright.sync_api import Browser, Page, expect
from test_map import wait_for_points
from watch import Watch

from imbxai_widgets.page import write_page

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "01_quickstart.ipynb"


# The elements around this one that cut it off.
_CUT = """(element) => {
  const { bottom } = element.getBoundingClientRect(), found = [];
  for (let at = element.parentElement; !at.matches(".imbxai-explorer"); at = at.parentElement) {
    const cuts = getComputedStyle(at).overflowY !== "visible";
    if (cuts && at.getBoundingClientRect().bottom < bottom) found.push(at.className);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page that `make demo` writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # the tree at hand, installed or not
        return write_page(NOTEBOOK, tmp_path_factory.mktemp("page") / "quickstart.html")


@pytest.fixture
def page(browser: Browser, html: Path) -> Iterator[Page]:
    """The page, opened without a network; the test fails if it logs errors or asks for anything."""
    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    watch = Watch(page, allowed_host=None)
    page.goto(html.as_uri())
    yield page
    context.close()
    watch.check()
    schemes = {url.partition(":")[0] for url in watch.requests}
    assert schemes <= {"file", "blob", "data"}
    assert [url for url in watch.requests if url.startswith("file:")] == [html.as_uri()]


@pytest.fixture
def explorer(page: Page) -> ExplorerView:
    return ExplorerView(page.locator(".imbxai-explorer"))


def test_panels_are_linked_without_a_kernel(explorer: ExplorerView) -> None:
    before = explorer.panels("Plants")
    explorer.pick("Clothing")
    explorer.wait_for_all_changed(before)
    clothing = explorer.panels("Clothing")

    explorer.click_adversary(0)
    explorer.wait_for_all_changed(clothing)
    expect(explorer.selected).to_have_attribute("data-class", clothing["adversary names"][0])

    name = explorer.overlap_rows()[0]
    explorer.open_tab("Shared features")
    explorer.pick_in_overlap(name)
    explorer.panels(name)
    explorer.pick("Plants")
    assert explorer.panels("Plants") == before


def test_images_are_marked_in_every_panel(explorer: ExplorerView) -> None:
    explorer.pick("People")
    explorer.panels("People")
    first = explorer.thumbnails.first
    explorer.mark(first)
    expect(first).to_have_attribute("data-marked", "true")
    tooltip = explorer.gallery.locator(".imbxai-tooltip")
    expect(tooltip).to_contain_text("Label: People")
    assert tooltip.evaluate(_CUT) == []
    explorer.open_tab("All images")
    image = first.get_attribute("data-image")
    again = explorer.images.locator(f'[data-split="training"][data-image="{image}"]')
    expect(again).to_have_attribute("data-marked", "true")


def test_images_are_looked_at_closer(explorer: ExplorerView) -> None:
    explorer.pick("Plants")
    explorer.panels("Plants")
    thumbnail = explorer.failures.locator("[data-image]").first
    explorer.look_closer(thumbnail)
    thumbnail.click()
    dialog = explorer.root.get_by_role("dialog")
    drawn = "(canvas) => [canvas.width, canvas.getContext('2d').getImageData(16, 16, 1, 1).data[3]]"
    assert dialog.locator(".imbxai-detail-pixels").evaluate(drawn) == [32, 255]
    explorer.root.page.keyboard.press("w")
    needs = "Where the network looks needs a running, idle kernel, and the model."
    expect(dialog.get_by_text(needs)).to_be_visible()
    explorer.root.page.keyboard.press("Escape")


def test_more_images_than_the_page_holds_end_with_a_word(explorer: ExplorerView) -> None:
    explorer.pick("People")
    explorer.panels("People")
    explorer.open_tab("All images")
    section = explorer.images.locator(".imbxai-image-section").first
    title = "433 training images of People"
    expect(section.get_by_role("status")).to_have_text(title, timeout=PATIENCE_MS)
    section.locator("[data-group=Safe] [data-action=more]").click()
    held = section.locator("[data-image]").count()
    assert 20 < held < 433
    words = f"This page holds {held} of 433; more need a running kernel."
    expect(section.locator(".imbxai-note")).to_have_text(words, timeout=PATIENCE_MS)


def test_a_count_shows_the_images_that_it_counts(explorer: ExplorerView) -> None:
    explorer.panels("Plants")
    failures = explorer.root.get_by_test_id("imbxai-failures")
    failures.get_by_role("button", name="Show the 8 images taken for Animals").click()
    section = explorer.images.locator(".imbxai-image-section").first
    title = "8 of 18 validation images of Plants: taken for Animals"
    expect(section.get_by_role("status")).to_have_text(title, timeout=PATIENCE_MS)
    labels = "(all) => all.map((image) => image.getAttribute('aria-label'))"
    shown = section.locator("[data-image]").evaluate_all(labels)
    assert len(shown) == 8
    assert all("Label: Plants, Prediction: Animals (wrong)" in label for label in shown)


def test_logits_are_shifted_without_a_kernel(explorer: ExplorerView) -> None:
    explorer.pick("Plants")
    explorer.panels("Plants")
    explorer.open_tab("What if")
    panel = explorer.root.get_by_test_id("imbxai-what_if")
    shares = panel.locator('[data-class="Plants"] .imbxai-change-shares')
    expect(shares).to_have_text("17% → 17%")
    panel.locator("[data-remedy=LogitAdjustment] [type=range]").fill("1")
    expect(shares).to_have_text("17% → 44%")  # as Analysis.what_if has it
    panel.locator("[data-remedy=LogitAdjustment] .imbxai-remedy-name input").uncheck()
    panel.locator("[data-remedy=LogitOffset] [type=range]").fill("6")
    expect(shares).to_have_text("17% → 100%")
    refit = panel.locator("[data-remedy=ClassifierRetraining]")
    expect(refit.locator("input")).to_be_disabled()
    expect(refit).to_contain_text("Needs a running kernel; this page has none.")
    words = "How sure the changes are takes a running kernel; this page has none."
    expect(panel.locator(".imbxai-what-if-state")).to_have_text(words)


def test_a_decision_is_moved_without_a_kernel(explorer: ExplorerView) -> None:
    explorer.pick("Plants")
    explorer.panels("Plants")
    explorer.open_tab("What if")
    shown = explorer.root.get_by_test_id("imbxai-decision_map")
    shown.locator("[type=range]").fill("1.5")
    row = shown.locator("tbody tr:has(td)").first
    expect(row.get_by_role("button")).to_have_text(["7", "4", "0"])  # as Analysis.what_if has it
    shown.get_by_label("Against").select_option(label="Food")
    expect(shown.get_by_role("alert")).to_have_text(
        "This pair needs a running, idle kernel; none has answered.", timeout=PATIENCE_MS
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_color_scheme(page: Page, explorer: ExplorerView, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    explorer.panels("Plants")
    screenshot(page, f"page-{scheme}", "body")
    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in ground.removeprefix("rgb(").rstrip(")").split(",")) / 765
    assert (lightness < 0.3) == (scheme == "dark")
    told = page.evaluate("() => document.body.dataset.jpThemeLight")
    assert told == str(scheme == "light").lower()


def test_the_map_is_drawn_without_a_kernel(explorer: ExplorerView) -> None:
    explorer.open_tab("Map")
    shown = explorer.root.get_by_test_id("imbxai-map")
    shown.scroll_into_view_if_needed()
    words = shown.locator(".imbxai-map-words")
    expect(words).to_contain_text(re.compile(r"\d+% of the neighborhoods of"), timeout=PATIENCE_MS)
    expect(shown.get_by_role("img")).to_have_accessible_name(re.compile("^2,746 images as points"))
    wait_for_points(shown.locator(".imbxai-map-canvas"))
    expect(shown.get_by_role("alert")).to_have_count(0)
