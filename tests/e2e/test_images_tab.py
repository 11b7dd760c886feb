"""Images as evidence, in JupyterLab: every count shows the images that it counts."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from demo_notebook import ANALYSIS, DEMO, SHOW
from explorer_view import ExplorerView
from notebook_page import NotebookPage
from playwright.sync_api import Locator, expect

PATIENCE_MS = 60_000

# What is drawn at the middles of four pixels of each image, of 32 x 32.
_DRAWN = """(grid) => {
  const canvas = grid.querySelector("canvas");
  const context = canvas.getContext("2d");
  const origin = canvas.getBoundingClientRect();
  const scale = canvas.width / origin.width;
  return [...grid.querySelectorAll("[data-image]")].map((image) => {
    const box = image.getBoundingClientRect();
    const pixel = ([row, column]) => {
      const x = (box.left - origin.left + ((column + 0.5) / 32) * box.width) * scale;
      const y = (box.top - origin.top + ((row + 0.5) / 32) * box.height) * scale;
      return [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
    };
    return [image.dataset.split, Number(image.dataset.image),
      [[8, 8], [8, 24], [16, 16], [24, 12]].map(pixel)];
  });
}"""

_PIXELS = """
def pixels(split, row):
    image = analysis.split(split).images[row]
    return [image[place].tolist() for place in [(8, 8), (8, 24), (16, 16), (24, 12)]]
"""


class ImagesView:
    """The panels of images of one Explorer."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook = notebook
        self.root = notebook.page.locator(".imbxai-explorer")
        self.failures = self.root.get_by_test_id("imbxai-failures")
        self.images = self.root.get_by_test_id("imbxai-images")
        self.tray = self.images.get_by_role("group", name="Marked images")

    def section(self, number: int = 0) -> Locator:
        """Return a section of the tab, of those in sight."""
        return self.images.locator(".imbxai-image-section:visible").nth(number)

    def expect_title(self, words: str, number: int = 0) -> None:
        """Wait for what a section says it shows."""
        title = self.section(number).get_by_role("status")
        expect(title).to_have_text(words, timeout=PATIENCE_MS)

    def rows(self, number: int = 0) -> list[int]:
        """Return the rows of the images in a section, once their pixels are right."""
        grids = self.section(number).locator(".imbxai-thumbs").all()
        found = []
        for grid in grids:
            drawn: list[Any] = grid.evaluate(_DRAWN)
            for split, row, pixels in drawn:
                assert pixels == self.notebook.value(f"pixels({split!r}, {row})")
                found.append(row)
        return found


@pytest.fixture
def view(notebook: NotebookPage) -> ImagesView:
    """The panels of Plants."""
    notebook.open(DEMO, [ANALYSIS, SHOW])
    notebook.run(_PIXELS)
    view = ImagesView(notebook)
    expect(view.failures.locator("[data-image]").first).to_be_visible(timeout=PATIENCE_MS)
    return view


def settled(view: ImagesView) -> None:
    view.notebook.page.wait_for_timeout(500)  # images are decoded beside the page


def test_a_count_of_failures_shows_exactly_these(view: ImagesView) -> None:
    view.failures.get_by_role("button", name="Show the 8 images taken for Animals").click()
    view.expect_title("8 of 18 validation images of Plants: taken for Animals")
    settled(view)
    expected = view.notebook.value(
        "analysis.find_images('Plants', 'validation', right=False, predicted='Animals').tolist()"
    )
    assert view.rows() == expected
    view.failures.get_by_role("button", name="Show the 15 images that fail").click()
    view.expect_title("15 of 18 validation images of Plants: wrong")
    settled(view)
    assert len(view.rows()) == 15
    expect(view.images).to_be_in_viewport()


def test_controls_filter_and_more_brings_the_rest(view: ImagesView) -> None:
    view.root.get_by_test_id("imbxai-picker").locator('[data-class="People"]').click()
    view.images.scroll_into_view_if_needed()
    view.expect_title("433 training images of People")
    view.images.get_by_role("combobox", name="Images").select_option("Training")
    view.images.get_by_role("combobox", name="Archetype").select_option("Safe")
    total = view.notebook.value("len(analysis.members('People', 'safe'))")
    view.expect_title(f"{total} of 433 training images of People: safe")
    images = view.section().locator("[data-image]")
    while (shown := images.count()) < 60:
        view.section().locator("[data-action=more]").click()
        expect(images).not_to_have_count(shown, timeout=PATIENCE_MS)
    settled(view)
    rows = view.rows()
    members = view.notebook.value("analysis.members('People', 'safe').tolist()")
    assert len(set(rows)) == len(rows) >= 60
    assert set(rows) <= set(members)
    view.images.get_by_role("button", name="Show all").click()
    view.expect_title("433 training images of People")


def test_votes_show_who_cast_them_and_where_they_point(view: ImagesView) -> None:
    """As a bar of votes asks for them."""
    votes = (
        "{'index': 9, 'split': 'training', 'votes': analysis.class_index('Animals'), 'asked': 1}"
    )
    view.images.scroll_into_view_if_needed()
    view.notebook.run(f"explorer._panels['images'].wanted = {votes}")
    voters = "analysis.find_images('Plants', votes='Animals')"
    number = view.notebook.value(f"len({voters})")
    words = "training images of Plants: wrong, with neighbors of Animals"
    view.expect_title(f"{number} of 40 {words}")
    neighbors = f"analysis.neighbors_among({voters}, 'Animals').tolist()"
    pointed = view.notebook.value(neighbors)
    expect(view.section(1).get_by_role("status")).to_contain_text(
        f"{len(pointed)} of 198 training images of Animals", timeout=PATIENCE_MS
    )
    settled(view)
    assert sorted(view.rows()) == view.notebook.value(f"{voters}.tolist()")
    found = view.rows(1)
    assert found == pointed[: len(found)]
    assert len(found) == min(24, len(pointed))


def test_marks_of_both_splits_are_a_table_here_and_in_python(
    view: ImagesView, tmp_path: Path
) -> None:
    view.images.scroll_into_view_if_needed()
    expect(view.tray).to_be_hidden()
    failed = view.failures.locator("[data-image]").nth(1)
    safe = view.section().locator("[data-image]").first
    ExplorerView.mark(safe)
    failed.focus()
    view.notebook.page.keyboard.press("Space")
    keys = [
        f"{each.get_attribute('data-split')}:{each.get_attribute('data-image')}"
        for each in (safe, failed)
    ]
    view.notebook.wait_for_value("explorer._linker.marked", keys)
    expect(view.tray).to_contain_text("2 images marked")
    again = view.section(1).locator(f"[data-image='{failed.get_attribute('data-image')}']")
    expect(again).to_have_attribute("data-marked", "true")  # in every panel
    with view.notebook.page.expect_download() as download:
        view.tray.get_by_role("button", name="Export CSV").click()
    path = tmp_path / "marked.csv"
    download.value.save_as(path)
    table = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    told = view.notebook.value("explorer.selection.reset_index().astype(str).to_dict('records')")
    columns = ("split", "image", "label", "prediction", "archetype")
    assert [[row[name] for name in columns] for row in table] == [
        [row[name] for name in columns] for row in told
    ]
    view.tray.get_by_role("button", name="Clear").click()
    view.notebook.wait_for_value("len(explorer.selection)", 0)
    expect(view.tray).to_be_hidden()


def test_an_image_shows_itself_larger_on_hover_and_focus(view: ImagesView) -> None:
    image = view.failures.locator("[data-image]").first
    hint = view.failures.locator(".imbxai-tooltip")
    image.hover()
    expect(hint).to_contain_text(re.compile(r"Prediction: Animals \(wrong\), confidence \d+%"))
    assert hint.locator("canvas").evaluate("(canvas) => canvas.getBoundingClientRect().width") > 128
    view.notebook.page.mouse.move(0, 0)
    expect(hint).to_be_hidden()
    image.focus()
    expect(hint).to_be_visible()
    view.notebook.page.keyboard.press("Escape")
    expect(hint).to_be_hidden()
